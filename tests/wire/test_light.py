"""The pick-to-light driver against an ABLEPick controller: each press once, lost tags, restarts, cuts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from devices.contract.commands import LIGHT, LIGHT_OFF, Command
from devices.contract.driver import ConfigRefused
from devices.contract.reports import DeviceStateChanged, LightConfirmed
from devices.drivers.light.driver import LightDriver
from devices.drivers.light.wall import MAP
from devices.transports.registers import parse
from simulators.wire import light as wire
from simulators.wire.light import LightSim, WallSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire


@pytest.fixture
async def sim() -> AsyncIterator[LightSim]:
    wall = LightSim()
    await wall.start()
    yield wall
    await wall.stop()


def driver_for(sim: LightSim, **config: object) -> LightDriver:
    fast = {"status_s": 0.1, "reply_timeout_s": 0.5, "settle_s": 0.1}
    return LightDriver({"host": sim.host, "port": sim.port, "positions": {"W-01": 1, "W-02": 2}, **fast, **config})


def light(
    position: str = "W-01", qty: object = 3, command_id: str = "c1", seconds: float = 5, **more: object
) -> Command:
    data = {"position": position, "qty": qty, **more}
    return Command(command_id, "dev-1", LIGHT, datetime.now(UTC) + timedelta(seconds=seconds), data)


async def test_a_position_is_lit_pressed_and_reported_once(sim: LightSim) -> None:
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert ctx.onlines[0] == "2 of 2 tags"
        assert (await driver.execute(light(colour="blue"))).outcome == "done"
        assert (sim.tags[1].text.strip(), sim.tags[1].lit, sim.tags[1].colour) == ("3", True, 3)
        sim.press(1)
        await until(lambda: ctx.of(LightConfirmed))
        assert (await driver.execute(light("W-02", 5, "c2"))).outcome == "done"
        sim.press(2, qty=4, short=True)
        await until(lambda: len(ctx.of(LightConfirmed)) == 2)
        sim.press(1)
        await until(lambda: len(ctx.of(LightConfirmed)) == 3)
    assert ctx.of(LightConfirmed) == [
        LightConfirmed("W-01", 3, False, "c1"),
        LightConfirmed("W-02", 4, True, "c2"),
        LightConfirmed("W-01", 0, False, None),
    ]


async def test_a_position_put_out_is_dark(sim: LightSim) -> None:
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        await driver.execute(light())
        off = Command("c2", "dev-1", LIGHT_OFF, datetime.now(UTC) + timedelta(seconds=5), {"position": "W-01"})
        assert (await driver.execute(off)).outcome == "done"
        assert (sim.tags[1].text, sim.tags[1].lit) == ("", False)


async def test_what_goes_wrong_at_the_tag_fails_the_command(sim: LightSim) -> None:
    driver, ctx = driver_for(sim, status_s=5), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.tags[1].connected = False
        assert (await driver.execute(light())).code == "light.no_tag"
        sim.tags[2].button_held = True
        assert (await driver.execute(light("W-02"))).code == "light.button_held"


@pytest.mark.parametrize(
    ("command", "outcome", "code"),
    [
        (light("X-99"), "refused", "light.unknown_position"),
        (light(qty=0), "refused", "light.bad_command"),
        (light(qty="3"), "refused", "light.bad_command"),
        (light(colour="infrared"), "refused", "light.bad_command"),
        (light(seconds=-1), "expired", "light.expired"),
    ],
)
async def test_commands_that_cannot_be_carried_out(sim: LightSim, command: Command, outcome: str, code: str) -> None:
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        result = await driver.execute(command)
    assert (result.outcome, result.code) == (outcome, code)
    assert (await driver.execute(light())).code == "light.offline"


async def test_a_lost_tag_is_a_fault_and_shows_again_what_was_lit(sim: LightSim) -> None:
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        await driver.execute(light())
        sim.tags[1].connected = False
        sim.tags[1].text, sim.tags[1].lit = "", False
        await until(lambda: ctx.of(DeviceStateChanged))
        sim.tags[1].connected = True
        await until(lambda: sim.tags[1].lit and sim.tags[1].text.strip() == "3")
        sim.reset(1)
        await until(lambda: sim.tags[1].lit)
    assert [(c.state, c.detail) for c in ctx.of(DeviceStateChanged)] == [
        ("fault", "light.no_tag: W-01"),
        ("online", ""),
    ]


async def test_cuts_silence_split_and_noise(sim: LightSim) -> None:
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        await driver.execute(light())
        sim.drop()
        sim.tags[1].lit = False
        await until(lambda: len(ctx.onlines) >= 2 and sim.tags[1].lit)
        sim.faults.silent = True
        await until(lambda: any("no status" in str(error) for error in ctx.errors))
        sim.faults.silent, sim.faults.split, sim.faults.garbage = False, True, True
        await until(lambda: len(ctx.onlines) >= 3)
        sim.press(1)
        await until(lambda: ctx.of(LightConfirmed))
    assert ctx.of(LightConfirmed) == [LightConfirmed("W-01", 3, False, "c1")]


@pytest.mark.parametrize("positions", [{}, {"A": 0}, {"A": 201}, {"A": 1, "B": 1}])
def test_a_wall_without_definite_tags_is_refused(positions: dict[str, int]) -> None:
    with pytest.raises(ConfigRefused, match="positions"):
        LightDriver({"host": "h", "positions": positions})


# a wall behind a Modbus gateway


@pytest.fixture
async def wall() -> AsyncIterator[WallSim]:
    sim = WallSim()
    await sim.start()
    yield sim
    await sim.stop()


def wall_driver(sim: WallSim, **config: object) -> LightDriver:
    positions = {"W-01": 1, "W-20": 20}
    settings = {"protocol": "modbus", "poll_ms": 10, "reply_timeout_s": 0.5, "positions": positions}
    return LightDriver({"host": sim.host, "port": sim.port, **settings, **config})


def test_the_wall_map_is_one_in_driver_configuration_document_and_simulator() -> None:
    published = yaml.safe_load(
        Path("firmware_configs/light/banner_dxm/wall_map/golden/default.yaml").read_text("utf-8")
    )
    assert parse(published) == MAP and published["crc"] == MAP.crc == wire.WALL_CRC
    assert MAP.markdown() in Path("docs/protocols/light.md").read_text("utf-8")


async def test_a_wall_shows_what_is_asked_and_tells_each_press_once(wall: WallSim) -> None:
    driver, ctx = wall_driver(wall), Recorder()
    async with running(driver, ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(light("W-20", 7, colour="blue"))).outcome == "done"
        assert wall.shown(20) == (4, 7)
        wall.press(20)
        await until(lambda: ctx.of(LightConfirmed))
        await until(lambda: wall.shown(20) == (0, 0))
        assert (await driver.execute(light("W-01", 2, "c2"))).outcome == "done"
        wall.restart()
        wall.press(1)  # pressed while nobody was connected: the counter tells it afterwards
        await until(lambda: len(ctx.of(LightConfirmed)) == 2)
        assert (await driver.execute(light("W-01", 5000, "c3"))).code == "light.bad_command"
    assert ctx.of(LightConfirmed) == [
        LightConfirmed("W-20", 7, False, "c1"),
        LightConfirmed("W-01", 2, False, "c2"),
    ]


async def test_a_wall_that_restarted_shows_again_what_was_lit(wall: WallSim) -> None:
    driver, ctx = wall_driver(wall), Recorder()
    async with running(driver, ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        await driver.execute(light("W-01", 3, colour="red"))
        wall.restart()
        await until(lambda: len(ctx.onlines) >= 2 and wall.shown(1) == (1, 3))
        off = Command("c2", "dev-1", LIGHT_OFF, datetime.now(UTC) + timedelta(seconds=5), {"position": "W-01"})
        assert (await driver.execute(off)).outcome == "done" and wall.shown(1) == (0, 0)


async def test_a_missing_light_a_frozen_gateway_and_another_map(wall: WallSim) -> None:
    driver, ctx = wall_driver(wall, heartbeat_timeout_s=0.6), Recorder()
    async with running(driver, ctx, retry_s=None):
        await until(lambda: ctx.onlines)
        wall.miss(20)
        await until(lambda: ctx.of(DeviceStateChanged))
        assert (await driver.execute(light("W-20"))).code == "light.no_tag"
        wall.heartbeat_frozen = True
        await until(lambda: ctx.errors)
    assert ctx.of(DeviceStateChanged) == [DeviceStateChanged("fault", "light.no_tag: W-20")]
    assert "light.heartbeat" in str(ctx.errors[0])
    wall.bank.words[1] = 1
    with pytest.raises(ConfigRefused, match=r"light\.map"):
        await wall_driver(wall).run(Recorder())

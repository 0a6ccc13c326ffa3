"""The scale driver against its simulator: TCP and a serial pty, every fault on the way."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import WEIGH, ZERO, Command
from devices.contract.driver import ConfigRefused, NotReady
from devices.contract.reports import CommandResult, WeightMeasured
from devices.drivers.scale.driver import ScaleDriver
from simulators.faults.proxy import FaultProxy
from simulators.wire.scale import ScaleSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire


@pytest.fixture
async def sim() -> AsyncIterator[ScaleSim]:
    scale = ScaleSim(factor=10, noise_g=0.2)
    await scale.start()
    yield scale
    await scale.stop()


@pytest.fixture
async def proxy(sim: ScaleSim) -> AsyncIterator[FaultProxy]:
    between = FaultProxy(sim.host, sim.port, seed=7)
    await between.start()
    yield between
    await between.stop()


def command(kind: str = WEIGH, command_id: str = "c1", seconds: float = 5) -> Command:
    return Command(command_id, "dev-1", kind, datetime.now(UTC) + timedelta(seconds=seconds), {})


def driver_for(port: int, **config: object) -> ScaleDriver:
    return ScaleDriver({"host": "127.0.0.1", "port": port, **config})


async def weigh_one(driver: ScaleDriver, sim: ScaleSim, weight_g: int, command_id: str = "c1") -> CommandResult:
    sim.remove()
    await until(lambda: driver._pan.state == "empty")
    sim.put(weight_g)
    return await driver.execute(command(command_id=command_id))


async def test_handshake_then_one_weight_per_load(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert sim.received[:4] == ["@", "I1", "I2", "I3"]
        await until(lambda: sim.received[4:6] == ["TAC", "SIR"])
        assert "IND570" in ctx.onlines[0] and sim.serial in ctx.onlines[0]
        for number, weight_g in enumerate((1234, 80, 45_000)):
            result = await weigh_one(driver, sim, weight_g, f"c{number}")
            assert (result.outcome, result.data) == ("done", {"weight_g": weight_g})
        assert ctx.of(WeightMeasured) == [WeightMeasured(g, 1, f"c{n}") for n, g in enumerate((1234, 80, 45_000))]


async def test_the_answer_comes_soon_after_the_load_is_stable(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        sim.put(500)
        await asyncio.sleep(sim.settle_s / sim.factor + 0.2)
        started_s = time.monotonic()
        assert (await driver.execute(command())).outcome == "done"
        assert time.monotonic() - started_s < 2, "far below the 10 s limit of a weighing"


async def test_the_same_load_is_not_weighed_twice(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port, weigh_timeout_s=0.6), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        assert (await weigh_one(driver, sim, 500)).outcome == "done"
        again = await driver.execute(command(command_id="c2"))
        assert (again.outcome, again.code) == ("failed", "scale.timeout") and "lift the load" in again.detail
        assert len(ctx.of(WeightMeasured)) == 1


@pytest.mark.parametrize("unit", ["g", "kg", "lb", "oz"])
async def test_every_unit_gives_the_same_grams(unit: str) -> None:
    sim = ScaleSim(factor=20, unit=unit)
    await sim.start()
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        result = await weigh_one(driver, sim, 2000)
    await sim.stop()
    assert result.data == {"weight_g": 2000}


async def test_never_stable_overload_underload_and_nothing(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port, weigh_timeout_s=2.5), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        nothing = await driver.execute(command())
        assert (nothing.code, nothing.detail) == ("scale.timeout", "nothing on the scale")
        sim.faults.never_stable = True
        assert (await weigh_one(driver, sim, 500)).code == "scale.timeout"
        sim.faults.never_stable = False
        assert (await weigh_one(driver, sim, 70_000)).code == "scale.overload"
        sim.put(-500)
        assert (await driver.execute(command())).code == "scale.underload"
        assert not ctx.of(WeightMeasured)
        assert (await weigh_one(driver, sim, 500)).outcome == "done"


async def test_a_frozen_stream_never_gives_a_second_weight(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port, weigh_timeout_s=0.6), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        await weigh_one(driver, sim, 500)
        sim.faults.frozen = True
        sim.remove()
        await asyncio.sleep(0.2)
        sim.put(900)
        assert (await driver.execute(command())).code == "scale.timeout"


async def test_an_expired_command_is_not_executed(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(command(seconds=-1))).outcome == "expired"
        assert (await driver.execute(command(seconds=0.3))).code == "scale.timeout"


async def test_zero(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        sim.put(20)
        await asyncio.sleep(0.3)
        assert (await driver.execute(command(ZERO))).outcome == "done"
        assert round(sim.shown()[0]) == 0
        sim.put(5000)
        await asyncio.sleep(0.3)
        assert (await driver.execute(command(ZERO))).code == "scale.overload"


async def test_each_load_is_reported_unasked_once_when_configured(sim: ScaleSim) -> None:
    driver, ctx = driver_for(sim.port, capture="auto"), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        sim.put(500)
        await until(lambda: ctx.of(WeightMeasured))
        assert (await driver.execute(command())).data == {"weight_g": 500}
        await asyncio.sleep(0.3)
        assert [w.command_id for w in ctx.of(WeightMeasured)] == [None, "c1"]


async def test_split_lines_and_noise_change_no_weight(sim: ScaleSim) -> None:
    sim.faults.split, sim.faults.garbage_rate = True, 0.3
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        for weight_g in (300, 700):
            assert (await weigh_one(driver, sim, weight_g)).data == {"weight_g": weight_g}
    assert not ctx.errors


async def test_corrupted_bytes_never_give_a_wrong_weight(sim: ScaleSim, proxy: FaultProxy) -> None:
    """A flipped digit is a valid line; two equal stable samples in a row keep it out."""
    driver, ctx = driver_for(proxy.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        proxy.faults.corrupt_rate, proxy.faults.max_chunk = 0.01, 5
        for number in range(5):
            result = await weigh_one(driver, sim, 1000 + number)
            assert result.outcome != "done" or abs(result.data["weight_g"] - 1000 - number) <= 1


async def test_a_cut_connection_fails_the_command_and_is_made_again(sim: ScaleSim, proxy: FaultProxy) -> None:
    driver, ctx = driver_for(proxy.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: driver._pan.state == "empty")
        waiting = asyncio.create_task(driver.execute(command()))
        await asyncio.sleep(0.1)
        proxy.cut()
        assert (await waiting).code == "scale.offline"
        await until(lambda: len(ctx.onlines) >= 2)
        assert (await weigh_one(driver, sim, 500)).outcome == "done"


async def test_half_open_and_silent_are_found(sim: ScaleSim, proxy: FaultProxy) -> None:
    driver, ctx = driver_for(proxy.port, silence_s=0.4, reply_timeout_s=0.4), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        proxy.faults.blackhole = True
        await until(lambda: ctx.errors)
        assert "silent" in str(ctx.errors[0])
        proxy.faults.blackhole = False
        await until(lambda: len(ctx.onlines) >= 2)
        sim.faults.silent = True
        await until(lambda: any("no answer" in str(e) for e in ctx.errors))


async def test_another_scale_than_expected_is_refused(sim: ScaleSim) -> None:
    driver = driver_for(sim.port, serial_number="B999")
    with pytest.raises(ConfigRefused, match=sim.serial):
        await driver.run(Recorder())


async def test_nobody_there_is_not_ready(sim: ScaleSim) -> None:
    await sim.stop()
    with pytest.raises(NotReady):
        await driver_for(sim.port).run(Recorder())


async def test_serial_line_and_a_pulled_cable() -> None:
    sim = ScaleSim(pty=True, factor=10)
    await sim.start()
    driver, ctx = ScaleDriver({"serial": sim.path, "baud": 9600}), Recorder()
    async with running(driver, ctx, retry_s=None):
        await until(lambda: driver._pan.state == "empty")
        assert (await weigh_one(driver, sim, 1500)).data == {"weight_g": 1500}
        sim.unplug()
        await until(lambda: ctx.errors)
    await sim.stop()

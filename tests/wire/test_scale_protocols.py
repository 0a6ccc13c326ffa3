"""Every scale protocol over every line, and each fault of the catalogue with what the floor sees of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import CALIBRATE_CHECK, WEIGH, ZERO, Command
from devices.contract.driver import ConfigRefused, Quarantined
from devices.contract.reports import CommandResult, DeviceQuarantined, DeviceStateChanged, WeightMeasured
from devices.drivers.scale.driver import ScaleDriver
from simulators.wire.scale import ScaleSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire

PROTOCOLS = {
    "mt_sics": {},
    "toledo": {"protocol": "toledo"},
    "toledo_plain": {"protocol": "toledo", "checksum": False},
    "toledo_short": {"protocol": "toledo"},
    "toledo_fairbanks": {"protocol": "toledo"},
    "and": {"protocol": "and"},
    "cas": {"protocol": "cas"},
    "ohaus": {"protocol": "ohaus"},
    "sartorius": {"protocol": "sartorius"},
    "nci": {"protocol": "nci"},
}
"""Simulator's format -> driver's settings."""


@asynccontextmanager
async def scale(
    protocol: str = "toledo", sim: dict[str, object] | None = None, **config: object
) -> AsyncIterator[tuple[ScaleSim, ScaleDriver, Recorder]]:
    """A scale and its running driver over TCP."""
    scale_sim = ScaleSim(protocol=protocol, factor=10, **(sim or {}))  # type: ignore[arg-type]
    await scale_sim.start()
    driver = ScaleDriver({"host": "127.0.0.1", "port": scale_sim.port, **PROTOCOLS[protocol], **config})
    ctx = Recorder()
    try:
        async with running(driver, ctx):
            yield scale_sim, driver, ctx
    finally:
        await scale_sim.stop()


def command(kind: str = WEIGH, command_id: str = "c1", **data: object) -> Command:
    return Command(command_id, "dev-1", kind, datetime.now(UTC) + timedelta(seconds=20), data)


async def empty(driver: ScaleDriver) -> None:
    await until(lambda: driver._pan.state == "empty")


async def weigh_one(driver: ScaleDriver, sim: ScaleSim, weight_g: int, command_id: str = "c1") -> CommandResult:
    sim.remove()
    await empty(driver)
    sim.put(weight_g)
    return await driver.execute(command(command_id=command_id))


def faults(ctx: Recorder) -> list[str]:
    return [change.detail for change in ctx.of(DeviceStateChanged) if change.state == "fault"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_protocol_weighs_each_load_once_and_zeroes(protocol: str) -> None:
    async with scale(protocol) as (sim, driver, ctx):
        for number, weight_g in enumerate((1234, 80, 45_000)):
            result = await weigh_one(driver, sim, weight_g, f"c{number}")
            assert (result.outcome, result.data) == ("done", {"weight_g": weight_g})
        assert [w.weight_g for w in ctx.of(WeightMeasured)] == [1234, 80, 45_000]
        sim.put(20)
        await asyncio.sleep(0.3)
        assert (await driver.execute(command(ZERO))).outcome == "done"
        assert round(sim.shown()[0]) == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_overload_and_underload_in_every_protocol(protocol: str) -> None:
    async with scale(protocol, weigh_timeout_s=5) as (sim, driver, _):
        assert (await weigh_one(driver, sim, 70_000)).code == "scale.overload"
        sim.put(-500)
        assert (await driver.execute(command())).code == "scale.underload"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_split_merged_and_noisy_frames_change_no_weight(protocol: str) -> None:
    async with scale(protocol) as (sim, driver, ctx):
        await empty(driver)
        sim.faults.split, sim.faults.garbage_rate = True, 0.2
        assert (await weigh_one(driver, sim, 300)).data == {"weight_g": 300}
        sim.faults.merge = 0 if protocol in ("mt_sics", "ohaus", "sartorius", "nci") else 3
        assert (await weigh_one(driver, sim, 700)).data == {"weight_g": 700}
        assert [w.weight_g for w in ctx.of(WeightMeasured)] == [300, 700]


@pytest.mark.parametrize("protocol", ["toledo", "and", "ohaus", "nci", "sartorius"])
async def test_each_unit_gives_the_same_grams_and_a_switch_in_mid_stream_too(protocol: str) -> None:
    async with scale(protocol) as (sim, driver, _):
        for unit in ("kg", "lb", "g", "oz"):
            sim.unit = unit
            assert abs((await weigh_one(driver, sim, 2000)).data["weight_g"] - 2000) <= 1, unit


async def test_a_unit_that_may_not_be_switched_is_a_fault_until_it_is_back() -> None:
    async with scale("cas", unit="kg") as (sim, driver, ctx):
        await empty(driver)
        sim.unit = "lb"
        await until(lambda: faults(ctx))
        sim.put(500)
        assert (await driver.execute(command())).code == "scale.unit_switched"
        sim.unit = "kg"
        await until(lambda: len(ctx.of(DeviceStateChanged)) == 2)
        assert (await weigh_one(driver, sim, 500)).outcome == "done"
        assert [(c.state, c.detail) for c in ctx.of(DeviceStateChanged)] == [
            ("fault", "scale.unit_switched"),
            ("online", ""),
        ]


async def test_a_scale_nobody_zeroed_gives_no_weight() -> None:
    async with scale("toledo") as (sim, driver, ctx):
        await empty(driver)
        sim.faults.not_zeroed = True
        await until(lambda: faults(ctx) == ["scale.not_zeroed"])
        sim.put(500)
        assert (await driver.execute(command())).code == "scale.not_zeroed"
        sim.remove()
        await asyncio.sleep(0.2)
        assert (await driver.execute(command(ZERO))).outcome == "done"
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}


async def test_a_tare_is_added_again_where_the_frame_tells_it() -> None:
    async with scale("toledo") as (sim, driver, ctx):
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}
        sim.tare()
        await asyncio.sleep(0.3)
        assert driver._pan.state == "taken", "a tared load is not an empty pan"
        assert (await weigh_one(driver, sim, 900)).data == {"weight_g": 900}
        assert not faults(ctx)


@pytest.mark.parametrize("protocol", ["toledo_short", "cas", "ohaus", "nci"])
async def test_a_tare_of_unknown_size_is_a_fault(protocol: str) -> None:
    async with scale(protocol) as (sim, driver, ctx):
        await empty(driver)
        sim.preset_tare(120)
        await until(lambda: faults(ctx) == ["scale.tare_set"])
        sim.put(500)
        assert (await driver.execute(command())).code == "scale.tare_set"
        assert not ctx.of(WeightMeasured)


async def test_mt_sics_is_asked_for_its_tare_before_the_pan_counts_as_empty() -> None:
    async with scale("mt_sics", weigh_timeout_s=0.8) as (sim, driver, _):
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}
        sim.tare()
        await until(lambda: sim.received.count("TAC") == 2)
        await asyncio.sleep(0.3)
        assert driver._pan.state == "taken"
        again = await driver.execute(command(command_id="c2"))
        assert (again.outcome, again.code) == ("failed", "scale.timeout") and "lift the load" in again.detail
        assert (await weigh_one(driver, sim, 900)).data == {"weight_g": 900}


async def test_a_drifting_zero_is_a_fault_until_it_is_zeroed() -> None:
    async with scale("toledo", drift_s=0.3) as (sim, driver, ctx):
        await empty(driver)
        sim.drift(3.5)
        await asyncio.sleep(1.0)
        sim._zero_g, sim.faults.drift_g_s = -3.5, 0.0  # it crept and stays there
        await until(lambda: faults(ctx) == ["scale.zero_drift"])
        sim.put(500)
        refused = await driver.execute(command())
        assert refused.code == "scale.zero_drift"
        sim.remove()
        await asyncio.sleep(0.3)
        assert (await driver.execute(command(ZERO))).outcome == "done"
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}


async def test_a_stream_that_froze_never_gives_a_second_weight() -> None:
    async with scale("toledo", weigh_timeout_s=0.6) as (sim, driver, ctx):
        assert (await weigh_one(driver, sim, 500)).outcome == "done"
        sim.faults.frozen = True
        sim.put(900)
        assert (await driver.execute(command(command_id="c2"))).code == "scale.timeout"
        assert len(ctx.of(WeightMeasured)) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_wrong_baud_rate_is_told_as_that(protocol: str) -> None:
    async with scale(protocol, reply_timeout_s=0.5, silence_s=1.0) as (sim, driver, ctx):
        await empty(driver)
        sim.faults.wrong_baud = True
        await until(lambda: any("scale.line_settings" in str(error) for error in ctx.errors))
        online = len(ctx.onlines)
        sim.faults.wrong_baud = False
        await until(lambda: len(ctx.onlines) > online)
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}


async def test_parity_in_bit_7_is_nothing_to_toledo_and_a_line_fault_to_text() -> None:
    async with scale("toledo") as (sim, driver, ctx):
        sim.faults.parity_bit = True
        assert (await weigh_one(driver, sim, 500)).data == {"weight_g": 500}
        assert not ctx.errors
    async with scale("and", reply_timeout_s=0.5) as (sim, driver, ctx):
        await empty(driver)
        sim.faults.parity_bit = True
        await until(lambda: any("scale.line_settings" in str(error) for error in ctx.errors))


async def test_a_wrong_checksum_never_weighs() -> None:
    async with scale("toledo", reply_timeout_s=0.5) as (sim, driver, ctx):
        await empty(driver)
        sim.faults.wrong_checksum = True
        sim.put(500)
        await until(lambda: any("checksum" in str(error) for error in ctx.errors))
        assert not ctx.of(WeightMeasured)


async def test_another_protocol_than_configured_is_not_ready() -> None:
    sim = ScaleSim(protocol="cas", factor=10)
    await sim.start()
    ctx = Recorder()
    driver = ScaleDriver({"host": sim.host, "port": sim.port, "protocol": "toledo", "reply_timeout_s": 0.4})
    async with running(driver, ctx, retry_s=None):
        await until(lambda: ctx.errors)
    await sim.stop()
    assert "not Toledo continuous" in str(ctx.errors[0]) and not ctx.onlines


@pytest.mark.parametrize("protocol", ["mt_sics", "toledo", "nci"])
async def test_calibration_check(protocol: str) -> None:
    async with scale(protocol) as (sim, driver, ctx):
        await empty(driver)
        sim.put(2003)
        good = await driver.execute(command(CALIBRATE_CHECK, reference_g=2000, tolerance_g=5))
        assert good.outcome == "done"
        assert good.data == {
            "measured_g": 2003,
            "reference_g": 2000,
            "deviation_g": 3,
            "tolerance_g": 5,
            "interval_g": 1,
        }
        sim.remove()
        await empty(driver)
        sim.put(1989)
        bad = await driver.execute(command(CALIBRATE_CHECK, "c2", reference_g=2000, tolerance_g=5))
        assert (bad.outcome, bad.code, bad.data["deviation_g"]) == ("failed", "scale.out_of_tolerance", -11)
        wrong = await driver.execute(command(CALIBRATE_CHECK, "c3", reference_g="2 kg", tolerance_g=5))
        assert (wrong.outcome, wrong.code) == ("refused", "scale.bad_command")
        assert not ctx.of(WeightMeasured), "a test weight is no parcel"


async def test_another_scale_after_a_reconnect_is_quarantined_with_evidence() -> None:
    sim = ScaleSim(factor=10)
    await sim.start()
    ctx, driver = Recorder(), ScaleDriver({"host": sim.host, "port": sim.port})
    async with running(driver, ctx, retry_s=None):
        await until(lambda: ctx.onlines)
        sim.drop()
        await until(lambda: ctx.errors)
    sim.serial = "B999"
    with pytest.raises(Quarantined, match="B999"):
        await driver.run(ctx)
    await sim.stop()
    assert ctx.of(DeviceQuarantined)[0].evidence["was"] == "B021234567"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_serial_line_and_a_pulled_cable(protocol: str) -> None:
    sim = ScaleSim(pty=True, protocol=protocol, factor=10)
    await sim.start()
    line = {"data_bits": 8, "parity": "N"}  # a pty can do no other
    driver, ctx = ScaleDriver({"serial": sim.path, **line, **PROTOCOLS[protocol]}), Recorder()
    async with running(driver, ctx, retry_s=None):
        assert (await weigh_one(driver, sim, 1500)).data == {"weight_g": 1500}
        sim.unplug()
        await until(lambda: ctx.errors)
    await sim.stop()


@pytest.mark.parametrize("protocol", ["mt_sics", "toledo", "sartorius"])
async def test_a_device_server_by_rfc_2217_gets_the_line_settings(protocol: str) -> None:
    form = {"data_bits": 8, "parity": "N", "baud": 9600}
    async with scale(protocol, {"rfc2217": True}, rfc2217=True, **form) as (sim, driver, _):
        assert (await weigh_one(driver, sim, 1500)).data == {"weight_g": 1500}
        assert (sim.server_line.baudrate, sim.server_line.bytesize, sim.server_line.parity) == (9600, 8, "N")


async def test_a_wrong_rate_behind_a_device_server_is_told() -> None:
    line = {"baud": 4800, "data_bits": 8, "parity": "N"}
    async with scale("toledo", {"rfc2217": True}, rfc2217=True, reply_timeout_s=0.5, **line) as (sim, _, ctx):
        await until(lambda: any("scale.line_settings" in str(error) for error in ctx.errors))
        assert sim.server_line.baudrate == 4800


async def test_a_plain_port_is_no_device_server() -> None:
    sim = ScaleSim(factor=10)
    await sim.start()
    driver = ScaleDriver({"host": sim.host, "port": sim.port, "rfc2217": True})
    ctx = Recorder()
    async with running(driver, ctx, retry_s=None):
        await until(lambda: ctx.errors)
    await sim.stop()
    assert "not confirmed" in str(ctx.errors[0])
    with pytest.raises(ConfigRefused):
        ScaleDriver({"serial": "/dev/ttyS0", "rfc2217": True})

"""The Cubiscan driver against its simulator: one report per object, every refusal, every cut."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import MEASURE, ZERO, Command
from devices.contract.driver import ConfigRefused
from devices.contract.reports import DeviceStateChanged, ParcelMeasured
from devices.drivers.dimensioner.driver import DimensionerDriver
from simulators.faults.proxy import FaultProxy
from simulators.wire.dimensioner import DimensionerSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire


@pytest.fixture
async def sim() -> AsyncIterator[DimensionerSim]:
    station = DimensionerSim(factor=20)
    await station.start()
    yield station
    await station.stop()


def driver_for(port: int, **config: object) -> DimensionerDriver:
    return DimensionerDriver({"host": "127.0.0.1", "port": port, "keep_alive_s": 0.2, "reply_timeout_s": 0.5, **config})


def command(kind: str = MEASURE, command_id: str = "c1", seconds: float = 10) -> Command:
    return Command(command_id, "dev-1", kind, datetime.now(UTC) + timedelta(seconds=seconds), {})


async def test_each_object_asked_for_is_reported_once_in_millimetres_and_grams(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert sim.received[0] == "T"
        sim.put(305, 200, 102, 1250)
        first = await driver.execute(command())
        sim.metric = False
        second = await driver.execute(command(command_id="c2"))
    assert (first.outcome, first.data) == ("done", {"sequence": 1, "flags": []})
    assert second.outcome == "done"
    metric, english = ctx.of(ParcelMeasured)
    assert metric == ParcelMeasured(1, 305, 200, 102, 1250, command_id="c1")
    assert abs(english.length_mm - 305) <= 1 and abs(english.weight_g - 1250) <= 3


async def test_a_gate_reports_unasked(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.put(400, 300, 200, 5000)
        sim.pass_gate()
        await until(lambda: ctx.of(ParcelMeasured))
    assert ctx.of(ParcelMeasured) == [ParcelMeasured(1, 400, 300, 200, 5000)]


async def test_what_could_not_be_measured_is_flagged(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.put(0, 200, 102, 1250)
        await driver.execute(command())
        sim.put(305, 200, 102, 60_000)
        await driver.execute(command(command_id="c2"))
        sim.faults.unstable = True
        await driver.execute(command(command_id="c3"))
    assert [p.flags for p in ctx.of(ParcelMeasured)] == [
        ("dim_invalid",),
        ("overload",),
        ("dim_invalid", "weight_unstable"),
    ]


@pytest.mark.parametrize(
    ("nack", "code"),
    [
        ("C", "dimensioner.corner_sensor"),
        ("M", "dimensioner.measure_error"),
        ("Z", "dimensioner.zero_error"),
    ],
)
async def test_a_refusal_fails_the_command_and_reports_nothing(sim: DimensionerSim, nack: str, code: str) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    sim.faults.nack = nack
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        result = await driver.execute(command())
    assert (result.outcome, result.code) == ("failed", code) and not ctx.of(ParcelMeasured)


async def test_zero_only_with_an_empty_field(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(command(ZERO))).outcome == "done"
        sim.put(100, 100, 100, 100)
        assert (await driver.execute(command(ZERO, "c2"))).outcome == "failed"
        assert (await driver.execute(command(command_id="c3", seconds=-1))).outcome == "expired"


async def test_a_late_reply_is_never_that_of_the_next_object(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port, measure_timeout_s=0.3, reply_timeout_s=5), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.put(100, 100, 100, 100)
        sim.faults.late_s = 0.6
        assert (await driver.execute(command())).code == "dimensioner.timeout"
        sim.faults.late_s = 0.0
        sim.put(500, 500, 500, 500)
        await until(lambda: len(ctx.onlines) >= 2)
        assert (await driver.execute(command(command_id="c2"))).outcome == "done"
    assert [(p.length_mm, p.command_id) for p in ctx.of(ParcelMeasured)] == [(500, "c2")]


async def test_cuts_silence_and_noise(sim: DimensionerSim) -> None:
    proxy = FaultProxy(sim.host, sim.port, seed=3)
    await proxy.start()
    driver, ctx = driver_for(proxy.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.put(100, 100, 100, 100)
        sim.faults.late_s = 0.3
        waiting = asyncio.create_task(driver.execute(command()))
        await until(lambda: "M" in sim.received)
        proxy.cut()
        assert (await waiting).code == "dimensioner.offline"
        sim.faults.late_s = 0.0
        await until(lambda: len(ctx.onlines) >= 2)
        sim.faults.silent = True
        await until(lambda: any("no answer to T" in str(error) for error in ctx.errors))
        sim.faults.silent = False
        await until(lambda: len(ctx.onlines) >= 3)
        proxy.faults.max_chunk, sim.faults.garbage = 2, True
        assert (await driver.execute(command(command_id="c2"))).outcome == "done"
    await proxy.stop()
    assert [p.command_id for p in ctx.of(ParcelMeasured)] == ["c2"]


async def test_a_failing_self_test_is_a_fault(sim: DimensionerSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.faults.test_code = "03"
        await until(lambda: ctx.of(DeviceStateChanged))
    assert ctx.of(DeviceStateChanged) == [DeviceStateChanged("fault", "dimensioner.test_03")]


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigRefused, match="300 baud"):
        DimensionerDriver.check({"serial": "/dev/ttyS0", "baud": 300})
    with pytest.raises(ConfigRefused):
        DimensionerDriver({"port": 1})

"""The DWS driver against a Modbus TCP server on loopback: each result once, torn reads, watchdog, cuts."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import MEASURE, Command
from devices.contract.driver import ConfigRefused, Quarantined
from devices.contract.reports import DeviceQuarantined, DeviceStateChanged, ParcelMeasured
from devices.drivers.dws import codec
from devices.drivers.dws.driver import DwsDriver
from simulators.wire import dws as wire
from simulators.wire.dws import DwsSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire


@pytest.fixture
async def sim() -> AsyncIterator[DwsSim]:
    station = DwsSim(factor=50)
    await station.start()
    yield station
    await station.stop()


def driver_for(sim: DwsSim, **config: object) -> DwsDriver:
    return DwsDriver({"host": sim.host, "port": sim.port, "poll_ms": 10, **config})


def measure(command_id: str, seconds: float = 5) -> Command:
    return Command(command_id, "dev-1", MEASURE, datetime.now(UTC) + timedelta(seconds=seconds), {})


def test_the_simulators_map_is_the_published_one() -> None:
    ours = {register.name: register.address for register in codec.REGISTERS}
    theirs = (wire.SEQUENCE, wire.STATUS, wire.WEIGHT, wire.BARCODE, wire.TAIL, wire.ACK, wire.MASTER_HEARTBEAT)
    names = ("result_sequence", "result_status", "weight_g", "barcode", "result_sequence_tail", "ack_sequence")
    assert theirs == tuple(ours[name] for name in (*names, "master_heartbeat"))
    assert codec.map_crc() == wire.MAP_CRC


async def test_each_result_is_reported_exactly_once(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        assert await sim.present(400, 300, 200, 70_123, "(00)340123450000000017")
        assert await sim.present(65_535, 1, 1, 4_000_000_000, "x" * 64)
        await asyncio.sleep(0.1)
    assert ctx.of(ParcelMeasured) == [
        ParcelMeasured(1, 400, 300, 200, 70_123, "(00)340123450000000017"),
        ParcelMeasured(2, 65_535, 1, 1, 4_000_000_000, "x" * 64),
    ]


async def test_flags_say_what_may_not_be_used(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        sim.no_read = True
        await sim.present(400, 300, 200, 500, "lost")
        sim.no_read, sim.multi = False, True
        await sim.present(400, 300, 200, 500, "two")
        sim.multi = False
        await sim.present(0, 300, 200, 500, "flat", flags=("weight_unstable",))
    assert [(r.barcode, r.flags) for r in ctx.of(ParcelMeasured)] == [
        ("", ("no_read",)),
        ("two", ("multiple_objects", "not_legal_for_trade")),
        ("flat", ("dim_invalid", "weight_unstable")),
    ]


async def test_a_torn_read_is_read_again(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await sim.present(111, 111, 111, 111, "old")
        sim.tear_reads = 2
        await sim.present(222, 222, 222, 222, "new")
    assert [(r.length_mm, r.barcode) for r in ctx.of(ParcelMeasured)] == [(111, "old"), (222, "new")]
    assert sim.tear_reads == 0


async def test_a_device_that_always_tears_is_not_ready(sim: DwsSim) -> None:
    ctx = Recorder()
    sim.tear_reads = 1000
    async with running(driver_for(sim), ctx, retry_s=None):
        await sim.present(1, 1, 1, 1, ack_timeout_s=0.5)
        await until(lambda: ctx.errors)
    assert "dws.torn" in str(ctx.errors[0]) and not ctx.of(ParcelMeasured)


async def test_measure_marks_the_next_result(sim: DwsSim) -> None:
    ctx, driver = Recorder(), driver_for(sim)
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        waiting = asyncio.create_task(driver.execute(measure("c1")))
        await asyncio.sleep(0)
        busy = await driver.execute(measure("c2"))
        await sim.present(10, 20, 30, 40, "box")
        await sim.present(10, 20, 30, 40, "box")
        answer = await waiting
    assert (busy.outcome, busy.code) == ("refused", "dws.busy")
    assert (answer.outcome, answer.data) == ("done", {"sequence": 1, "flags": []})
    assert [report.command_id for report in ctx.of(ParcelMeasured)] == ["c1", None]


async def test_measure_ends_when_nothing_comes_or_nobody_is_there(sim: DwsSim) -> None:
    ctx, driver = Recorder(), driver_for(sim)
    offline = await driver.execute(measure("c0"))
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        late = await driver.execute(measure("c1", 0.1))
    assert (offline.outcome, offline.code) == ("failed", "dws.offline")
    assert (late.outcome, late.code) == ("failed", "dws.timeout")


async def test_a_cut_connection_loses_and_doubles_nothing(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        number = 0
        while number < 20 or (len(ctx.errors) < 5 and number < 200):  # not every cut finds a connection
            number += 1
            passing = asyncio.create_task(sim.present(number, 1, 1, 1, f"box-{number}"))
            await asyncio.sleep(0.02 + number % 20 / 1000)
            sim.cut()
            assert await passing
    assert [report.length_mm for report in ctx.of(ParcelMeasured)] == list(range(1, number + 1))
    assert len(ctx.errors) >= 5


async def test_a_result_waiting_at_connect_is_taken(sim: DwsSim) -> None:
    ctx = Recorder()
    passing = asyncio.create_task(sim.present(5, 6, 7, 8, "early"))
    await until(lambda: sim.presented)
    async with running(driver_for(sim), ctx):
        assert await passing
    assert [report.barcode for report in ctx.of(ParcelMeasured)] == ["early"]


async def test_a_frozen_heartbeat_is_silence(sim: DwsSim) -> None:
    ctx = Recorder()
    sim.heartbeat_frozen = True
    async with running(driver_for(sim, heartbeat_timeout_s=0.3), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "dws.heartbeat" in str(ctx.errors[0])


async def test_faults_are_reported_on_transition(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: ctx.onlines)
        sim.e_stop()
        await until(lambda: ctx.reports)
        sim.e_stop(False)
        await until(lambda: len(ctx.reports) == 2)
    assert [(r.state, r.detail) for r in ctx.of(DeviceStateChanged)] == [("fault", "dws.e_stop"), ("online", "")]


async def test_another_map_needs_a_person(sim: DwsSim) -> None:
    sim._registers[wire.VERSION] = 9
    with pytest.raises(ConfigRefused, match=r"dws\.map: device has version 9"):
        await driver_for(sim).run(Recorder())


async def test_a_wrong_unit_id_is_not_ready(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim, unit_id=7), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "modbus.11" in str(ctx.errors[0])


async def test_nobody_listening_is_not_ready() -> None:
    ctx = Recorder()
    async with running(DwsDriver({"host": "127.0.0.1", "port": 1}), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "modbus.connect" in str(ctx.errors[0])


@pytest.mark.parametrize("flag", codec.STATUS_FLAGS)
async def test_every_flag_reaches_the_report(sim: DwsSim, flag: str) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await sim.present(400, 300, 200, 500, "box", flags=(flag,))
    assert [r.flags for r in ctx.of(ParcelMeasured)] == [(flag,)]


async def test_an_inline_tunnel_is_taken_before_the_next_parcel_comes(sim: DwsSim) -> None:
    """3,600 parcels an hour leave 1,000 ms, the divert decision 500 of them; here the next parcel comes after 250 ms."""
    parcels = 1200 if "WMS_LONG" in os.environ else 40
    ctx = Recorder()
    async with running(driver_for(sim, poll_ms=20), ctx):
        await until(lambda: ctx.onlines)
        waits = await sim.belt(parcels, pitch_s=0.25)
    in_time = sorted(wait_s for wait_s in waits if wait_s is not None)
    assert in_time, "no result was taken"
    p99_ms = in_time[int(len(in_time) * 0.99)] * 1000
    print(
        f"\nDWS result to report and acknowledgement: p99 {p99_ms:.0f} ms, {len(in_time)} of {parcels} before the next"
    )
    assert len(in_time) == parcels
    assert [r.barcode for r in ctx.of(ParcelMeasured)] == [f"P{n}" for n in range(1, parcels + 1)]


async def test_a_replayed_result_is_quarantined_with_evidence(sim: DwsSim) -> None:
    ctx, driver = Recorder(), driver_for(sim)
    running_driver = asyncio.create_task(driver.run(ctx))
    for number in range(3):
        await sim.present(number + 1, 1, 1, 1, f"box-{number}")
    sim.replay()
    with pytest.raises(Quarantined, match="replayed_sequence"):
        await running_driver
    assert len(ctx.of(ParcelMeasured)) == 3
    assert ctx.of(DeviceQuarantined)[0].evidence == {"sequence": 2, "taken": 3, "barcode": "again"}


async def test_a_restarted_device_counts_from_one_again(sim: DwsSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx, retry_s=0.02):
        assert await sim.present(1, 1, 1, 1, "before")
        sim.reboot()
        await until(lambda: len(ctx.onlines) >= 2)
        await asyncio.sleep(0.1)
        assert await sim.present(2, 1, 1, 1, "after")
    assert [r.barcode for r in ctx.of(ParcelMeasured)] == ["before", "after"]

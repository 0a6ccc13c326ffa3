"""Sorter and conveyor drivers against Modbus TCP servers: each parcel and load once, late decisions, watchdogs, cuts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import DIVERT, Command
from devices.contract.driver import ConfigRefused, Quarantined
from devices.contract.reports import (
    CommandResult,
    ConveyorAlarm,
    DeviceQuarantined,
    DeviceStateChanged,
    ParcelInducted,
    ParcelSorted,
    ZonePassed,
)
from devices.drivers.plc.driver import PlcDriver
from simulators.wire import plc as wire
from simulators.wire.plc import ConveyLinxSim, SorterSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire


@pytest.fixture
async def sorter() -> AsyncIterator[SorterSim]:
    sim = SorterSim(travel_s=0.6)
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture
async def module() -> AsyncIterator[ConveyLinxSim]:
    sim = ConveyLinxSim(factor=40)
    await sim.start()
    yield sim
    await sim.stop()


def driver_for(sim: SorterSim | ConveyLinxSim, **config: object) -> PlcDriver:
    kind = "sorter" if isinstance(sim, SorterSim) else "conveylinx"
    return PlcDriver({"host": sim.host, "port": sim.port, "map": kind, "poll_ms": 10, **config})


def divert(sequence: int, lane: int, command_id: str = "c1", seconds: float = 10) -> Command:
    data = {"sequence": sequence, "lane": lane, "parcel": f"P{sequence}"}
    return Command(command_id, "dev-1", DIVERT, datetime.now(UTC) + timedelta(seconds=seconds), data)


async def test_a_parcel_is_announced_decided_and_its_way_reported(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        number = sorter.induct("]C100340123450000000017")
        await until(lambda: ctx.of(ParcelInducted))
        assert ctx.of(ParcelInducted) == [ParcelInducted(number, "]C100340123450000000017", 600)]
        result = await driver.execute(divert(number, 3))
        assert (result.outcome, result.data) == ("done", {"lane": 3, "sequence": number})
        await until(lambda: ctx.of(ParcelSorted))
    assert ctx.of(ParcelSorted) == [ParcelSorted(number, 3, "diverted", "]C100340123450000000017")]
    assert sorter.went == [("]C100340123450000000017", 3)]


async def test_every_parcel_of_a_dense_belt_goes_where_it_was_sent_and_is_told_once(sorter: SorterSim) -> None:
    sorter.travel_s = 3.0
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        answers: list[asyncio.Task[CommandResult]] = []

        async def decide() -> None:
            known = 0
            while known < 30:
                for told in ctx.of(ParcelInducted)[known:]:
                    known += 1
                    command = divert(told.sequence, 1 + int(told.barcode) % 7, f"c{told.sequence}")
                    answers.append(asyncio.create_task(driver.execute(command)))
                await asyncio.sleep(0.01)

        deciding = asyncio.create_task(decide())
        for number in range(30):
            sorter.induct(str(number))
            await asyncio.sleep(0.05)
        await deciding
        assert all(answer.outcome == "done" for answer in await asyncio.gather(*answers))
        await until(lambda: len(ctx.of(ParcelSorted)) == 30)
    assert sorted(sorter.went) == sorted((str(n), 1 + n % 7) for n in range(30))
    assert sorted(p.sequence for p in ctx.of(ParcelSorted)) == list(range(1, 31))
    assert {p.result for p in ctx.of(ParcelSorted)} == {"diverted"}


async def test_late_or_no_decision_takes_the_default_lane(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        number = sorter.induct("late")
        await until(lambda: ctx.of(ParcelSorted))
        late = await driver.execute(divert(number, 3))
    assert ctx.of(ParcelSorted) == [ParcelSorted(number, 8, "no_decision", "late")]
    assert (late.outcome, late.code) == ("failed", "plc.late") and "default lane 8" in late.detail


@pytest.mark.parametrize(("sequence", "lane", "code"), [(1, 9, "plc.unknown_lane"), (77, 1, "plc.unknown_parcel")])
async def test_impossible_decisions_are_answered_by_the_plc(
    sorter: SorterSim, sequence: int, lane: int, code: str
) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sorter.induct("box")
        assert (await driver.execute(divert(sequence, lane))).code == code


async def test_a_full_lane(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        first = sorter.induct("one")
        assert (await driver.execute(divert(first, 2))).outcome == "done"
        sorter.lane_full(2)
        second = sorter.induct("two")
        assert (await driver.execute(divert(second, 2, "c2"))).code == "plc.lane_full"
        await until(lambda: len(ctx.of(ParcelSorted)) == 2)
    assert [(p.lane, p.result) for p in ctx.of(ParcelSorted)] == [(8, "lane_full"), (8, "no_decision")]
    assert ctx.of(ConveyorAlarm) == [ConveyorAlarm("2", "lane_full", True)]


async def test_e_stop_jam_and_mode_are_told_by_transition_and_stop_decisions(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sorter.jam(4)
        await until(lambda: ctx.of(ConveyorAlarm))
        sorter.jam(4, on=False)
        sorter.e_stop()
        await until(lambda: ctx.of(DeviceStateChanged))
        assert (await driver.execute(divert(1, 1))).code == "plc.e_stop"
        assert sorter.decisions == 0, "nothing is written to a stopped sorter"
        sorter.e_stop(on=False)
        await until(lambda: len(ctx.of(DeviceStateChanged)) == 2)
        sorter.set_mode(2)
        await until(lambda: len(ctx.of(DeviceStateChanged)) == 3)
        assert (await driver.execute(divert(1, 1))).code == "plc.not_automatic"
    assert [(c.state, c.detail) for c in ctx.of(DeviceStateChanged)] == [
        ("fault", "plc.e_stop"), ("online", ""), ("fault", "plc.manual"),
    ]  # fmt: skip
    assert {(a.zone, a.code, a.active) for a in ctx.of(ConveyorAlarm)} == {
        ("4", "jam", True), ("4", "jam", False), ("1", "e_stop", True), ("1", "e_stop", False),
    }  # fmt: skip


async def test_a_plc_that_looks_at_nothing_leaves_the_outcome_unknown(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter, answer_timeout_s=0.3), Recorder()
    sorter.faults.deaf = True
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        result = await driver.execute(divert(sorter.induct("box"), 1))
        assert (result.outcome, result.code) == ("unknown", "plc.no_answer")
        assert (await driver.execute(divert(1, 1, seconds=-1))).outcome == "expired"
        assert (
            await driver.execute(Command("c", "d", DIVERT, datetime.now(UTC) + timedelta(9), {"lane": "x"}))
        ).code == ("plc.bad_command")
    assert (await driver.execute(divert(1, 1))).code == "plc.offline"


async def test_cuts_lose_and_double_no_event(sorter: SorterSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sorter, timeout_s=0.2), ctx, retry_s=0.02):
        for number in range(15):
            await until(lambda number=number: len(ctx.onlines) > number // 3)
            sorter.induct(f"box-{number}")
            await asyncio.sleep(0.02 + number / 500)
            sorter.cut()
        await until(lambda: len(ctx.of(ParcelSorted)) == 15)
    assert [p.barcode for p in ctx.of(ParcelInducted)] == [f"box-{n}" for n in range(15)]
    assert sorted(p.sequence for p in ctx.of(ParcelSorted)) == list(range(1, 16))
    assert len(ctx.errors) >= 3


async def test_without_a_master_everything_takes_the_default_lane() -> None:
    sim = SorterSim(travel_s=0.1, watchdog_s=0.3)
    await sim.start()
    driver, ctx = driver_for(sim), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
    await until(lambda: sim._words[wire.MODE] == wire.WITHOUT_MASTER)
    sim.induct("alone")
    await until(lambda: sim.went)
    async with running(driver, ctx):
        await until(lambda: ctx.of(ParcelSorted))
    await sim.stop()
    assert sim.went == [("alone", 8)] and ctx.of(ParcelSorted)[0].result == "no_master"


async def test_events_the_plc_had_to_throw_away_are_told(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.frames > 1)  # its first reading is done: what was lost before that is not news
        sorter._words[wire.LOST] = 3
        await until(lambda: ctx.of(ConveyorAlarm))
    assert ctx.of(ConveyorAlarm) == [ConveyorAlarm("", "events_lost", True, "3 events")]


async def test_a_torn_event_waits_and_a_restart_counts_anew(sorter: SorterSim) -> None:
    driver, ctx = driver_for(sorter), Recorder()
    async with running(driver, ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        sorter.faults.torn = True
        sorter.induct("torn")
        await asyncio.sleep(0.2)
        assert not ctx.of(ParcelInducted)
        sorter._words[wire.TAIL] = sorter._words[wire.EVENT]
        sorter.faults.torn = False
        await until(lambda: ctx.of(ParcelInducted))
        sorter.reboot()
        await until(lambda: len(ctx.onlines) >= 2)
        sorter.induct("after")
        await until(lambda: len(ctx.of(ParcelInducted)) == 2)
    assert [p.barcode for p in ctx.of(ParcelInducted)] == ["torn", "after"]


async def test_a_replayed_event_is_quarantined_with_evidence(sorter: SorterSim) -> None:
    ctx, driver = Recorder(), driver_for(sorter)
    work = asyncio.create_task(driver.run(ctx))
    for number in range(3):
        sorter.induct(f"box-{number}")
    await until(lambda: len(ctx.of(ParcelSorted)) == 3)
    sorter.replay()
    with pytest.raises(Quarantined, match="replayed_sequence"):
        await work
    assert ctx.of(DeviceQuarantined)[0].evidence["taken"] == 6


async def test_a_frozen_heartbeat_is_silence_and_another_map_needs_a_person(sorter: SorterSim) -> None:
    ctx = Recorder()
    sorter.faults.heartbeat_frozen = True
    async with running(driver_for(sorter, heartbeat_timeout_s=0.4), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "plc.heartbeat" in str(ctx.errors[0])
    sorter._words[wire.CRC] = 1
    with pytest.raises(ConfigRefused, match=r"plc\.map"):
        await driver_for(sorter).run(Recorder())


async def test_silence_and_busy_are_not_ready(module: ConveyLinxSim) -> None:
    for fault in ("silent", "busy"):
        ctx = Recorder()
        async with running(driver_for(module, timeout_s=0.3), ctx, retry_s=None):
            await until(lambda ctx=ctx: ctx.onlines)
            setattr(module.bank, fault, True)
            await until(lambda ctx=ctx: ctx.errors)
            setattr(module.bank, fault, False)
        assert "modbus." in str(ctx.errors[0])


# conveyor zones


def passed(ctx: Recorder, zone: str) -> tuple[int, int]:
    reports = [r for r in ctx.of(ZonePassed) if r.zone == zone]
    return sum(r.arrived for r in reports), sum(r.departed for r in reports)


async def test_each_load_is_counted_once_over_cuts_and_a_roll_over(module: ConveyLinxSim) -> None:
    module.set_counters(65_530)
    ctx = Recorder()
    async with running(driver_for(module, timeout_s=0.2), ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        for number in range(20):
            module.arrive(0)
            module.depart(0)
            module.arrive(1, 2)  # two between two polls: a pulse would be missed, a counter is not
            await asyncio.sleep(0.02)
            if number % 5 == 4:
                module.cut()
        await until(lambda: passed(ctx, "upstream") == (20, 20) and passed(ctx, "downstream") == (40, 0))
    assert ctx.errors and not ctx.of(ConveyorAlarm)


async def test_a_restarted_module_is_told_and_counts_on(module: ConveyLinxSim) -> None:
    module.set_counters(500)
    ctx = Recorder()
    async with running(driver_for(module), ctx, retry_s=0.02):
        await until(lambda: ctx.onlines)
        module.arrive(0)
        await until(lambda: passed(ctx, "upstream") == (1, 0))
        module.reboot()
        module.arrive(0, 2)
        await until(lambda: passed(ctx, "upstream") == (3, 0))
    assert {(a.zone, a.code) for a in ctx.of(ConveyorAlarm)} == {
        ("upstream", "counter_reset"),
        ("downstream", "counter_reset"),
    }


async def test_a_jam_and_each_stop_cause_come_and_go(module: ConveyLinxSim) -> None:
    ctx = Recorder()
    async with running(driver_for(module, jam_s=0.2, zones=("Z1", "Z2")), ctx):
        await until(lambda: ctx.onlines)
        module.block(1)
        await until(lambda: ConveyorAlarm("Z2", "jam", True) in ctx.reports)
        module.depart(1)
        await until(lambda: ConveyorAlarm("Z2", "jam", False) in ctx.reports)
        for bit, cause in ((6, "lost_communication"), (7, "lost_plc"), (10, "plc_command")):
            module.stop_cause(bit)
            await until(lambda cause=cause: ConveyorAlarm("", cause, True) in ctx.reports)
            module.stop_cause(bit, on=False)
            await until(lambda cause=cause: ConveyorAlarm("", cause, False) in ctx.reports)
    assert ("fault", "plc.lost_plc") in [(c.state, c.detail) for c in ctx.of(DeviceStateChanged)]


async def test_a_wrong_address_offset_is_noticed_before_anything_is_believed(module: ConveyLinxSim) -> None:
    ctx = Recorder()
    module._bank.words[17] = module._bank.words[19] = 0
    async with running(driver_for(module, address_offset=0, heartbeat_timeout_s=0.4), ctx, retry_s=None):
        with pytest.raises(TimeoutError):
            await until(lambda: ctx.onlines, timeout_s=1.0)
    assert [type(error) for error in ctx.errors] == [ConfigRefused] and "modbus.2" in str(ctx.errors[0])
    ctx, module.heartbeat_frozen = Recorder(), True
    async with running(driver_for(module, heartbeat_timeout_s=0.3), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "address_offset" in str(ctx.errors[0]) and not ctx.onlines


async def test_zones_divert_nothing(module: ConveyLinxSim) -> None:
    driver = driver_for(module)
    assert (await driver.execute(divert(1, 1))).code == "plc.no_diverter"
    with pytest.raises(ConfigRefused, match="map"):
        PlcDriver({"host": "h", "map": "toaster"})

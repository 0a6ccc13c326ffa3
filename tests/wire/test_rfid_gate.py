"""The gate driver against the LLRP reader simulator on loopback: exact sessions, cuts, second client, silence."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from llrpkit.client import LLRPClient
from llrpkit.emulator import EmulatedTag, LLRPEmulator
from llrpkit.exceptions import LLRPError
from llrpkit.protocol import messages

from devices.contract.driver import ConfigRefused
from devices.contract.reports import DeviceStateChanged, GateSessionClosed
from devices.drivers.rfid_gate.driver import RfidGateDriver
from devices.drivers.rfid_gate.llrp import ReaderOccupied
from simulators.wire.rfid_gate import RfidGateSim
from tests.wire.passage import carry
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire

SGTIN = [f"3034257BF7194E40000000{n:02X}" for n in range(40)]
NEXT_DOOR = "3034257BF7194E40000001FF"
NOT_GS1 = "E28011606000020000000001"


@pytest.fixture
async def sim() -> AsyncIterator[RfidGateSim]:
    reader = RfidGateSim(factor=10, seed=7)
    await reader.start()
    yield reader
    await reader.stop()


def driver_for(sim: RfidGateSim, **config: object) -> RfidGateDriver:
    return RfidGateDriver({"host": sim.host, "port": sim.port, "keepalive_ms": 1000, **config})


async def test_a_passage_is_one_session_with_every_tag_once(sim: RfidGateSim) -> None:
    ctx = Recorder()
    sim.residents = (NOT_GS1,)
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN, direction="in", strays=[NEXT_DOOR])
        (session,) = ctx.of(GateSessionClosed)
    assert [tag.epc for tag in session.tags] == SGTIN
    assert session.tags[0].uri == "urn:epc:id:sgtin:0614141.812345.0"
    assert [tag.epc for tag in session.stray] == [NEXT_DOOR]
    assert [(tag.epc, tag.uri) for tag in session.unknown] == [(NOT_GS1, None)]
    assert session.direction == "in" and not session.overflow
    assert all(tag.reads >= 6 and -62 <= tag.rssi_dbm <= -28 and 1 <= tag.antenna <= 4 for tag in session.tags)
    assert all(session.opened_at <= t.first_seen <= t.last_seen <= session.closed_at for t in session.tags)


@pytest.mark.parametrize("trigger", ["gpi", "immediate"])
@pytest.mark.parametrize("direction", ["in", "out"])
async def test_direction_follows_antenna_order(sim: RfidGateSim, trigger: str, direction: str) -> None:
    ctx = Recorder()
    async with running(driver_for(sim, trigger=trigger, report_every_n=16), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:5], direction=direction)
        (session,) = ctx.of(GateSessionClosed)
    assert session.direction == direction
    assert len(session.tags) == 5


async def test_two_pallets_are_two_sessions_and_an_empty_window_is_reported(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:3])
        await carry(sim, ctx, [])
        await carry(sim, ctx, SGTIN[3:5], direction="out")
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [3, 0, 2]


async def test_a_bouncing_barrier_is_one_session(sim: RfidGateSim) -> None:
    ctx = Recorder()
    sim.bounce = True
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:8])
    (session,) = ctx.of(GateSessionClosed)
    assert len(session.tags) == 8 and not session.overflow


async def test_a_missed_tag_is_missing(sim: RfidGateSim) -> None:
    ctx = Recorder()
    sim.miss_rate = 0.3
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        missed = await carry(sim, ctx, SGTIN)
    (session,) = ctx.of(GateSessionClosed)
    assert 0 < len(missed) < len(SGTIN)
    assert [tag.epc for tag in session.tags] == [epc for epc in SGTIN if epc not in missed]


async def test_overflow_marks_the_session(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        passage = asyncio.create_task(carry(sim, ctx, SGTIN[:4]))
        await asyncio.sleep(0.1)
        sim.overflow()
        await passage
    assert [session.overflow for session in ctx.of(GateSessionClosed)] == [True]


async def test_a_cut_in_mid_passage_closes_the_session_for_counting_by_hand(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        passage = asyncio.create_task(carry(sim, ctx, SGTIN, seconds=10))
        await asyncio.sleep(0.4)
        sim.drop_connection()
        await until(lambda: ctx.of(GateSessionClosed))
        assert ctx.of(GateSessionClosed)[0].overflow
        await until(lambda: len(ctx.onlines) >= 2)
        await passage
        await carry(sim, ctx, SGTIN[:2])
    sessions = ctx.of(GateSessionClosed)
    assert [session.overflow for session in sessions] == [True, True, False], "cut, found standing, clean"
    assert [tag.epc for tag in sessions[-1].tags] == SGTIN[:2]


async def test_what_passed_while_away_is_delivered_after_reconnect(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx, retry_s=1.0):
        await until(lambda: sim.ready and ctx.onlines)
        sim.drop_connection()
        await sim.pass_pallet(SGTIN[:6])
        await until(lambda: len(ctx.onlines) >= 2)
        await until(lambda: ctx.of(GateSessionClosed))
    (session,) = ctx.of(GateSessionClosed)
    assert [tag.epc for tag in session.tags] == SGTIN[:6] and not session.overflow


async def test_a_rebooted_reader_is_configured_again(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.reboot()
        await until(lambda: len(ctx.onlines) >= 2)
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:2])
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [2]


async def test_a_second_client_is_refused_with_one_alarm(sim: RfidGateSim) -> None:
    holder, second = Recorder(), Recorder("second")
    async with running(driver_for(sim), holder):
        await until(lambda: sim.ready)
        async with running(driver_for(sim), second, retry_s=0.05):
            await until(lambda: len(second.errors) >= 3)
        await carry(sim, holder, SGTIN[:2])
    assert all(isinstance(error, ReaderOccupied) for error in second.errors)
    assert [report.state for report in second.of(DeviceStateChanged)] == ["fault"]
    assert not second.onlines
    assert len(holder.of(GateSessionClosed)) == 1


async def test_a_silent_reader_is_given_up(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx, retry_s=None):
        await until(lambda: sim.ready and ctx.onlines)
        sim.frozen = True
        await until(lambda: ctx.errors)
    assert "llrp.silent" in str(ctx.errors[0])


async def test_keepalives_are_acknowledged(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim, keepalive_ms=400), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await asyncio.sleep(2.0)
    assert sim.connections == 1 and not ctx.errors


async def test_the_readers_own_timeout_makes_the_session_doubtful(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim, gate_timeout_ms=100), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:4], seconds=6)
    assert [session.overflow for session in ctx.of(GateSessionClosed)] == [True]


async def test_a_lost_antenna_is_a_fault_until_it_is_back(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.antenna_lost(2)
        sim.antenna_back(2)
        await until(lambda: len(ctx.of(DeviceStateChanged)) == 2)
    assert [(r.state, r.detail) for r in ctx.of(DeviceStateChanged)] == [
        ("fault", "llrp.antenna_lost: antenna 2"),
        ("online", "llrp.antenna_back: antenna 2"),
    ]


async def test_a_reader_that_refuses_the_configuration_needs_a_person(sim: RfidGateSim) -> None:
    with pytest.raises(ConfigRefused, match=r"llrp\.301"):
        await driver_for(sim, antennas=[1, 9]).run(Recorder())


async def test_nobody_listening_is_not_ready() -> None:
    ctx = Recorder()
    async with running(RfidGateDriver({"host": "127.0.0.1", "port": 1}), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "llrp.connect" in str(ctx.errors[0])


async def test_garbage_from_the_reader_ends_the_connection_not_the_process() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ctx = Recorder()
    async with running(RfidGateDriver({"host": "127.0.0.1", "port": port}), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    server.close()
    assert "llrp.bad_frame" in str(ctx.errors[0])


async def test_the_driver_works_with_a_reader_written_by_others() -> None:
    tags = [EmulatedTag(bytes.fromhex(epc), antennas=(1, 3)) for epc in SGTIN[:3]]
    ctx = Recorder()
    async with LLRPEmulator(tags=tags, reads_per_sec=300) as reader:
        driver = RfidGateDriver({"host": "127.0.0.1", "port": reader.port, "keepalive_ms": 500})
        async with running(driver, ctx):
            await until(lambda: ctx.onlines)
            await asyncio.sleep(0.05)
            await reader.set_gpi(1, True)
            await asyncio.sleep(0.5)
            await reader.set_gpi(1, False)
            await until(lambda: ctx.of(GateSessionClosed))
            await until(lambda: reader.keepalive_acks >= 3)
    (session,) = ctx.of(GateSessionClosed)
    assert [tag.epc for tag in session.tags] == SGTIN[:3] and not session.overflow
    assert not ctx.errors


async def test_the_simulator_satisfies_a_client_written_by_others(sim: RfidGateSim) -> None:
    async with LLRPClient(sim.host, sim.port) as client:
        answer = await client.transact(messages.GET_READER_CAPABILITIES())
        assert isinstance(answer, messages.GET_READER_CAPABILITIES_RESPONSE)
        assert answer.llrp_status.status_code == 0
        with pytest.raises(LLRPError):
            await LLRPClient(sim.host, sim.port).connect()
        assert isinstance(await client.transact(messages.GET_ROSPECS()), messages.GET_ROSPECS_RESPONSE)

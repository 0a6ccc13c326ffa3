"""LLRP on the wire: versions, TLS, triggers, identity, clock, and every fault of the reader's catalogue."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.contract.driver import ConfigRefused, NotReady, Quarantined
from devices.contract.reports import DeviceQuarantined, DeviceStateChanged, GateSessionClosed
from devices.drivers.rfid_gate.driver import RfidGateDriver
from devices.drivers.rfid_gate.llrp import ReaderOccupied
from simulators.faults.proxy import FaultProxy
from simulators.wire.rfid_gate import RfidGateSim
from tests.wire.passage import carry
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire

SGTIN = [f"3034257BF7194E40000000{n:02X}" for n in range(40)]
DAY_US = 86_400 * 1_000_000


@pytest.fixture
async def sim() -> AsyncIterator[RfidGateSim]:
    reader = RfidGateSim(factor=10, seed=7)
    await reader.start()
    yield reader
    await reader.stop()


@pytest.fixture
async def proxy(sim: RfidGateSim) -> AsyncIterator[FaultProxy]:
    between = FaultProxy(sim.host, sim.port, seed=3)
    await between.start()
    yield between
    await between.stop()


def driver_for(sim: RfidGateSim | FaultProxy, **config: object) -> RfidGateDriver:
    return RfidGateDriver({"host": sim.host, "port": sim.port, "keepalive_ms": 1000, **config})


def states(ctx: Recorder) -> list[tuple[str, str]]:
    return [(report.state, report.detail.split(":")[0]) for report in ctx.of(DeviceStateChanged)]


# --- versions ---


@pytest.mark.parametrize(
    ("newest", "refusal", "spoken"), [(2, 109, {2}), (1, 109, {1}), (1, 110, {1})], ids=["1.1", "no 46", "no version 2"]
)
async def test_the_newest_common_version_is_spoken(
    sim: RfidGateSim, newest: int, refusal: int, spoken: set[int]
) -> None:
    sim.newest_version, sim.refusal = newest, refusal
    ctx = Recorder()
    async with running(driver_for(sim, llrp_version=2), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:3])
    assert sim.spoken == spoken
    assert ctx.onlines[0].endswith("1.1" if newest == 2 else "1.0.1")
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [3]
    assert sim.connections == 1 and not ctx.errors


async def test_nobody_is_asked_for_versions_unless_configured(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
    assert sim.spoken == {1}


async def test_a_reader_that_hangs_up_when_asked_is_not_asked_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes.fromhex("043f000000200000001b00f600160080000c0005ac35bd20d1da010000060000"))
        asked.append((await reader.readexactly(10))[1])
        writer.close()

    asked: list[int] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    config = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "llrp_version": 2}
    async with running(RfidGateDriver(config), Recorder(), retry_s=0.01):
        await until(lambda: len(asked) == 3)
    server.close()
    assert asked == [46, 1, 1]


# --- TLS ---


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a reader and a client certificate of it, and a stranger's, made by the openssl command."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for ca in ("ca", "stranger"):
        subject = ["-subj", f"/CN={ca}", "-days", "30"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{ca}.key", "-out", f"{ca}.pem", *subject)
    for name, san in (("reader", "DNS:dock-1.local,IP:127.0.0.1"), ("gateway", "DNS:gateway")):
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        (folder / f"{name}.ext").write_text(f"subjectAltName={san}\n")
        signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", f"{name}.ext"]
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signer)
    return folder


@pytest.fixture
async def tls_sim(keys: Path) -> AsyncIterator[RfidGateSim]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "reader.pem", keys / "reader.key")
    context.load_verify_locations(keys / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    reader = RfidGateSim(factor=10, seed=7, tls=context)
    await reader.start()
    yield reader
    await reader.stop()


def tls(keys: Path, ca: str = "ca", **options: object) -> dict[str, object]:
    pair = {"certificate": str(keys / "gateway.pem"), "key": str(keys / "gateway.key")}
    return {"ca": str(keys / f"{ca}.pem"), **pair, **options}


@pytest.mark.parametrize("options", [{}, {"host_name": "dock-1.local"}, {"host_name": False}], ids=str)
async def test_llrp_over_tls_with_both_certificates(
    tls_sim: RfidGateSim, keys: Path, options: dict[str, object]
) -> None:
    ctx = Recorder()
    async with running(driver_for(tls_sim, tls=tls(keys, **options)), ctx):
        await until(lambda: tls_sim.ready and ctx.onlines)
        await carry(tls_sim, ctx, SGTIN[:4])
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [4]


@pytest.mark.parametrize("wrong", [{"ca": "stranger"}, {"host_name": "dock-9.local"}], ids=str)
async def test_a_reader_that_cannot_prove_itself_is_refused(
    tls_sim: RfidGateSim, keys: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(ConfigRefused, match=r"llrp\.certificate"):
        await driver_for(tls_sim, tls=tls(keys, **wrong)).run(Recorder())


async def test_plain_text_to_a_tls_reader_is_not_ready(tls_sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(tls_sim, reply_timeout_s=0.3), ctx, retry_s=None):
        await until(lambda: ctx.errors)
    assert "llrp.no_greeting" in str(ctx.errors[0]) or "llrp.connection_lost" in str(ctx.errors[0])


def test_certificates_that_are_not_there_are_refused_before_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match="tls"):
        RfidGateDriver({"host": "127.0.0.1", "tls": {"ca": str(tmp_path / "none.pem")}})


# --- triggers and configuration ---


async def test_a_periodic_reader_reads_in_bursts_and_sessions_follow_the_barrier(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim, trigger="periodic", period_ms=60, read_ms=30), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:5], seconds=8)
        await until(lambda: ctx.of(GateSessionClosed))
    (session,) = ctx.of(GateSessionClosed)
    assert [tag.epc for tag in session.tags] == SGTIN[:5] and not session.overflow
    all_reads = sim.reads_per_s * 8
    assert sum(tag.reads for tag in session.tags) < all_reads * 0.9, "between the bursts nothing is read"


async def test_a_reader_left_as_it_was_is_not_configured_again(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        before = sim.configured
        sim.drop_connection()
        await until(lambda: len(ctx.onlines) >= 2)
        assert sim.configured == before, "LLRPConfigurationStateValue is the one we left"
        sim.touch_configuration()
        sim.drop_connection()
        await until(lambda: len(ctx.onlines) >= 3)
        assert sim.configured > before, "someone else changed the reader: ours is written again"
        await carry(sim, ctx, SGTIN[:2])
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [2]


# --- a reader that lies ---


async def test_the_reader_of_another_gate_is_refused_with_what_it_answered(sim: RfidGateSim) -> None:
    refused = Recorder()
    with pytest.raises(Quarantined, match="wrong_identity"):
        await driver_for(sim, reader_id="00:AA").run(refused)
    (told,) = refused.of(DeviceQuarantined)
    assert told.evidence == {"expected": "00aa", "found": "001625fffe120001", "at": "127.0.0.1"}
    ctx = Recorder()
    async with running(driver_for(sim, reader_id="001625FFFE120001"), ctx):
        await until(lambda: ctx.onlines)


@pytest.mark.parametrize("off_us", [DAY_US, -DAY_US], ids=["ahead", "behind"])
async def test_a_wrong_clock_is_a_fault_and_sessions_carry_our_time(sim: RfidGateSim, off_us: int) -> None:
    sim.clock_step_us = off_us
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:4], direction="out")
        (session,) = ctx.of(GateSessionClosed)
        sim.clock_step_us = 0
        sim.drop_connection()
        await until(lambda: len(ctx.onlines) >= 2)
    assert states(ctx)[0] == ("fault", "llrp.clock")
    assert f"{off_us // 1_000_000:+d}"[:4] in ctx.of(DeviceStateChanged)[0].detail
    assert session.direction == "out" and len(session.tags) == 4
    assert all(session.opened_at <= tag.first_seen <= session.closed_at for tag in session.tags)


async def test_a_clock_set_back_in_mid_passage_leaves_the_direction_open(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        passage = asyncio.create_task(carry(sim, ctx, SGTIN[:4], seconds=6))
        await asyncio.sleep(0.3)
        sim.clock_step_us = -3_600_000_000
        await passage
    (session,) = ctx.of(GateSessionClosed)
    assert session.direction == "unknown" and len(session.tags) == 4


# --- faults ---


async def test_a_reader_held_by_another_is_tried_again_seldom_and_told_once(sim: RfidGateSim) -> None:
    sim.occupied = True
    ctx = Recorder()
    async with running(driver_for(sim), ctx, retry_s=0.05):
        await until(lambda: len(ctx.errors) >= 3)
        assert all(isinstance(error, ReaderOccupied) and error.retry_after_s >= 60 for error in ctx.errors)
        assert states(ctx) == [("fault", "llrp.occupied")], "one alarm, however often it is tried"
        sim.occupied = False
        await until(lambda: ctx.onlines)


async def test_an_overflow_is_a_fault_until_a_session_without_loss(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.overflow()
        await until(lambda: states(ctx) == [("fault", "llrp.buffer_overflow")])
        await carry(sim, ctx, SGTIN[:2])
        await until(lambda: len(states(ctx)) == 2)
    assert states(ctx)[1] == ("online", "rfid.overflow_over")


async def test_an_antenna_that_falls_silent_without_a_word_is_noticed(sim: RfidGateSim) -> None:
    sim.silent_antennas = {3}
    ctx = Recorder()
    async with running(driver_for(sim, silent_sessions=2), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:4], seconds=1)
        assert states(ctx) == [], "one session may be chance"
        await carry(sim, ctx, SGTIN[:4], seconds=1)
        await until(lambda: states(ctx) == [("fault", "rfid.antenna_silent")])
        sim.silent_antennas = set()
        await carry(sim, ctx, SGTIN[:4], seconds=1)
        await until(lambda: len(states(ctx)) == 2)
    assert states(ctx)[1] == ("online", "rfid.antenna_heard")


async def test_frames_split_and_merged_by_the_network_are_one_session(sim: RfidGateSim, proxy: FaultProxy) -> None:
    proxy.faults.max_chunk = 7
    ctx = Recorder()
    async with running(driver_for(proxy), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await carry(sim, ctx, SGTIN[:6], seconds=1)
        await until(lambda: ctx.of(GateSessionClosed))
    assert [tag.epc for tag in ctx.of(GateSessionClosed)[0].tags] == SGTIN[:6] and not ctx.errors


async def test_a_half_open_connection_is_given_up_and_the_reader_found_again(
    sim: RfidGateSim, proxy: FaultProxy
) -> None:
    ctx = Recorder()
    async with running(driver_for(proxy, keepalive_ms=100), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        proxy.faults.blackhole = True
        await until(lambda: ctx.errors)
        proxy.faults.blackhole = False
        await until(lambda: len(ctx.onlines) >= 2)
        await carry(sim, ctx, SGTIN[:2])
    assert "llrp.silent" in str(ctx.errors[0])
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [2]


async def test_a_reader_that_answers_too_late_is_tried_again(sim: RfidGateSim, proxy: FaultProxy) -> None:
    proxy.faults.delay_s = 0.5
    ctx = Recorder()
    async with running(driver_for(proxy, reply_timeout_s=0.6, keepalive_ms=3000), ctx):
        await until(lambda: any("llrp.no_answer" in str(error) for error in ctx.errors))
        proxy.faults.delay_s = 0
        await until(lambda: ctx.onlines)


@pytest.mark.parametrize("seed", range(4))
async def test_damaged_bytes_end_the_connection_or_nothing(sim: RfidGateSim, seed: int) -> None:
    """TCP lets none through; a bad cable box does. Whatever comes, it is one of the two exceptions, never a crash."""
    proxy = FaultProxy(sim.host, sim.port, seed=seed)
    await proxy.start()
    proxy.faults.corrupt_rate = 0.02
    for _ in range(5):
        with contextlib.suppress(NotReady, ConfigRefused, TimeoutError):
            async with asyncio.timeout(1.0):
                await driver_for(proxy, reply_timeout_s=0.2, keepalive_ms=100).run(Recorder())
    proxy.faults.corrupt_rate = 0.0
    ctx = Recorder()
    async with running(driver_for(proxy), ctx):
        await until(lambda: ctx.onlines)
    await proxy.stop()


async def test_lost_framing_in_mid_passage_costs_the_session_its_trust_not_more(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        passage = asyncio.create_task(carry(sim, ctx, SGTIN[:4], seconds=8))
        await asyncio.sleep(0.2)
        await sim.babble()
        await until(lambda: ctx.of(GateSessionClosed))
        await passage
        await until(lambda: len(ctx.onlines) >= 2)
        await carry(sim, ctx, SGTIN[4:6])
    assert "llrp.bad_frame" in str(ctx.errors[0])
    assert ctx.of(GateSessionClosed)[0].overflow and not ctx.of(GateSessionClosed)[-1].overflow


async def test_a_reader_that_takes_its_leave_is_found_again(sim: RfidGateSim) -> None:
    ctx = Recorder()
    async with running(driver_for(sim), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.close_connection()
        await until(lambda: len(ctx.onlines) >= 2)
    assert "llrp.closed" in str(ctx.errors[0])


async def test_four_readers_of_a_thousand_reads_a_second_lose_nothing() -> None:
    readers = [RfidGateSim(factor=1, seed=n, reads_per_s=1000) for n in range(4)]
    for reader in readers:
        await reader.start()
    contexts = [Recorder(f"gate-{n}") for n in range(4)]
    try:
        async with (
            running(driver_for(readers[0], report_every_n=16), contexts[0]),
            running(driver_for(readers[1], report_every_n=16), contexts[1]),
            running(driver_for(readers[2], report_every_n=16), contexts[2]),
            running(driver_for(readers[3], report_every_n=16), contexts[3]),
        ):
            await until(lambda: all(reader.ready for reader in readers))
            await asyncio.gather(*(reader.pass_pallet(SGTIN, seconds=2) for reader in readers))
            await until(lambda: all(ctx.of(GateSessionClosed) for ctx in contexts), 60)
    finally:
        for reader in readers:
            await reader.stop()
    for reader, ctx in zip(readers, contexts, strict=True):
        (session,) = ctx.of(GateSessionClosed)
        assert sum(tag.reads for tag in session.tags) == reader.reads_sent and not session.overflow

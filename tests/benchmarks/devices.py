"""`python -m tests.benchmarks.devices`: the gateway under load, one JSON line per part with its limit and whether it held.

gate: four LLRP readers of 1,000 reads/s each in another process, their real drivers in this one: CPU time of this process
per read (socket, frames, decoding, aggregation, session), and every read counted.
decode: the same without sockets: bytes of reports into a closed session.
reports: 300 reports/s through the real spool, bridge, broker, WES worker and PostgreSQL; from the driver's call to the
WES's acknowledgement, which it gives only once the report is committed; each device serves a bench that answers it.
hour: 20 devices of seven families, supervised, with faults, for an hour of virtual time: what is left over afterwards.
"""

import argparse
import asyncio
import gc
import json
import logging
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg

from devices import drivers
from devices.contract.clock import WallClock
from devices.contract.reports import GateSessionClosed, ParcelMeasured, Report, WeightMeasured
from devices.drivers.rfid_gate.codec import FrameBuffer, tag_reads
from devices.drivers.rfid_gate.session import GateRules, GateSession
from devices.gateway.bridge import Bridge
from devices.gateway.config import GatewayConfig, load
from devices.gateway.floor import Floor
from devices.gateway.spool import Spool
from devices.transports import tap
from simulators.faults import scenario
from simulators.whatif import clock
from simulators.wire.ensemble import Ensemble
from simulators.wire.rfid_gate import RfidGateSim
from tests.benchmarks._crew import Crew
from tests.conftest import free_port, start
from tests.wire.recorder import Recorder, running, until
from wms.stack.broker import EmbeddedBroker
from wms.stack.postgres import EmbeddedPostgres

Json = dict[str, Any]
READERS, READS_S, TAGS, READ_US_MAX = 4, 1000, 200, 100.0
REPORTS_S, REPORT_P99_MS_MAX = 300, 100.0
WARM_S, CALM_S, HOUR_S = 600.0, 300.0, 3600.0
GROWTH_BLOCKS_MAX, GROWTH_OBJECTS_MAX = 20_000, 2_000
"""Blocks of Python's own allocator: what is in use, whatever the process has reserved. 20,000 are about 1.5 MB."""
TRACE_BYTES = 16 * 1024
"""Kept of each device's traffic in `hour`: full within the first minutes, so that what grows later is a leak."""


def epcs(reader: int) -> list[str]:
    """SGTIN-96 codes of one pallet."""
    return [f"3034257BF4{reader:02X}{number:012X}"[:24] for number in range(TAGS)]


# --- gate ---


def _readers(pipe: Connection, seconds: float, passages: int) -> None:
    """The readers' process: sends its ports, waits for the word, sends how many reads each reader reported."""

    async def main() -> None:
        sims = [RfidGateSim(seed=n, reads_per_s=READS_S) for n in range(READERS)]
        for sim in sims:
            await sim.start()
        pipe.send([sim.port for sim in sims])
        await asyncio.to_thread(pipe.recv)
        for _ in range(passages):
            await asyncio.gather(*(sim.pass_pallet(epcs(n), seconds) for n, sim in enumerate(sims)))
        pipe.send([sim.reads_sent for sim in sims])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


async def gate(seconds: float, passages: int) -> Json:
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_readers, args=(there, seconds, passages))
    process.start()
    ports = await asyncio.to_thread(here.recv)
    contexts = [Recorder(f"gate-{n}") for n in range(READERS)]
    made = [drivers.load("rfid_gate")({"host": "127.0.0.1", "port": port}) for port in ports]
    async with (
        running(made[0], contexts[0]), running(made[1], contexts[1]), running(made[2], contexts[2]), running(made[3], contexts[3]),
    ):  # fmt: skip
        await until(lambda: all(ctx.onlines for ctx in contexts))
        began_cpu, began = time.process_time(), time.perf_counter()
        here.send("go")
        sent = await asyncio.to_thread(here.recv)
        await until(lambda: all(len(ctx.of(GateSessionClosed)) == passages for ctx in contexts))
        cpu_s, wall_s = time.process_time() - began_cpu, time.perf_counter() - began
    here.send("end")
    process.join(10)
    counted = [sum(_reads(report) for report in ctx.of(GateSessionClosed)) for ctx in contexts]
    each_us = cpu_s * 1e6 / sum(sent)
    return {
        "part": "gate", "readers": READERS, "reads": sum(sent), "lost": sum(sent) - sum(counted),
        "reads_per_s": round(sum(sent) / (passages * seconds)), "cpu_us_per_read": round(each_us, 1),
        "busy_pct": round(100 * cpu_s / wall_s), "limit": f"< {READ_US_MAX:g} us, lost 0",
        "pass": each_us < READ_US_MAX and sent == counted,
    }  # fmt: skip


def _reads(report: GateSessionClosed) -> int:
    return sum(tag.reads for tag in (*report.tags, *report.stray, *report.resident, *report.unknown))


class Heard(tap.Tap):
    """Keeps the bytes that came from the device, as its driver read them."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = pieces

    def note(self, to_device: bool, data: bytes) -> None:
        if not to_device:
            self._pieces.append(bytes(data))


async def passage_bytes(seconds: float) -> list[bytes]:
    """What one reader sends during a passage, as it came off its socket."""
    sim, pieces = RfidGateSim(seed=1, reads_per_s=READS_S, factor=seconds), list[bytes]()
    await sim.start()
    ctx = Recorder()
    driver = drivers.load("rfid_gate")({"host": "127.0.0.1", "port": sim.port})
    noted = Heard(pieces)
    tap.attach(noted)
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        pieces.clear()
        await sim.pass_pallet(epcs(0), seconds)
        await until(lambda: ctx.of(GateSessionClosed))
    await sim.stop()
    return pieces


async def decode(seconds: float) -> Json:
    pieces, best_us, reads = await passage_bytes(seconds), float("inf"), 0
    for _ in range(5):
        frames, session, reads = FrameBuffer(), GateSession(GateRules(), "s", "now"), 0
        began = time.process_time()
        for piece in pieces:
            for frame in frames.feed(piece):
                if frame[1] == 61:
                    found = tag_reads(frame)
                    reads += len(found)
                    session.add(found, "now")
        session.close("now")
        best_us = min(best_us, (time.process_time() - began) * 1e6 / reads)
    return {
        "part": "decode", "reads": reads, "us_per_read": round(best_us, 1), "limit": f"< {READ_US_MAX:g} us",
        "pass": best_us < READ_US_MAX,
    }  # fmt: skip


# --- reports ---


class TimedSpool(Spool):
    """Notes when each report was given to it and when the WES acknowledged it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.waits_ms: dict[int, float] = {}
        self._given: dict[int, float] = {}

    def append(self, device: str, report: Report, occurred_at: datetime) -> "asyncio.Future[int]":
        given = time.perf_counter()
        stored = super().append(device, report, occurred_at)
        stored.add_done_callback(lambda done: self._given.__setitem__(done.result(), given))
        return stored

    def ack(self, epoch: str, seq: int) -> "asyncio.Future[None]":
        now = time.perf_counter()
        for number in [n for n in self._given if n <= seq]:
            self.waits_ms[number] = (now - self._given.pop(number)) * 1000
        return super().ack(epoch, seq)


async def reports(seconds: float, warm_s: float = 5.0) -> Json:
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
    database = await asyncio.to_thread(start, postgres.child())
    broker = EmbeddedBroker(folder / "mqtt", port=free_port())
    user = broker.add_gateway("gw-1")
    mqtt = await asyncio.to_thread(start, broker.child())
    env = {
        **os.environ,
        "WMS_DATABASE_URL": postgres.url(),
        "WMS_BROKER_URL": broker.url("wes"),
        "WMS_DATA_DIR": str(folder),
    }
    subprocess.run([sys.executable, "-m", "wms", "db", "upgrade"], check=True, env=env)
    with psycopg.connect(postgres.libpq_url()) as db:  # every device serves a bench, so that each report is answered
        db.execute(
            "INSERT INTO station (code, kind, location, scale, printer, dimensioner, gate, light, pods_max, active)"
            " SELECT 'S' || n, CASE WHEN n % 4 = 0 THEN 'receive' ELSE 'pack' END, '', 'bench-' || n, '', '', '', '', 3, true"
            " FROM generate_series(0, 19) n"
        )
    worker = subprocess.Popen([sys.executable, "-m", "wms", "worker"], env=env, stderr=subprocess.DEVNULL)
    spool = TimedSpool(folder / "spool.db")
    os.environ["WMS_MQTT_PASSWORD"] = user.password
    config = GatewayConfig.model_validate(
        {"gateway": "gw-1", "broker": {"url": broker.url(user.name)}, "spool": {"path": "x"}, "devices": []}
    )
    floor = Floor(config, WallClock(), spool)
    bridge = asyncio.create_task(Bridge("gw-1", config.broker, WallClock(), spool, floor).run())
    try:
        await _feed(spool, warm_s)
        await until(lambda: len(spool.waits_ms) == REPORTS_S * warm_s, 90)
        before = len(spool.waits_ms)
        late = await _feed(spool, seconds)
        await until(lambda: len(spool.waits_ms) - before == REPORTS_S * seconds, 90)
        with psycopg.connect(postgres.libpq_url()) as db:
            behind = (db.execute("SELECT count(*) FROM reaction WHERE state = 'due'").fetchone() or [0])[0]
    finally:
        bridge.cancel()
        await asyncio.gather(bridge, return_exceptions=True)
        spool.close()
        worker.terminate()
        worker.wait(20)
    with psycopg.connect(postgres.libpq_url()) as db:
        row = db.execute(
            "SELECT count(*) FROM event WHERE name LIKE 'devices.%' AND payload->>'device' LIKE 'bench-%'"
        ).fetchone()
    for process, how in ((mqtt, signal.SIGTERM), (database, signal.SIGQUIT)):
        process.send_signal(how)
        process.wait(20)
    waits = sorted(list(spool.waits_ms.values())[before:])
    given, stored = len(spool.waits_ms), row[0] if row else 0
    p99 = waits[int(len(waits) * 0.99)]
    return {
        "part": "reports", "reports": len(waits), "per_s": REPORTS_S, "p50_ms": round(waits[len(waits) // 2], 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1), "p99_ms": round(p99, 1), "max_ms": round(waits[-1], 1),
        "generator_late_ms": round(late * 1000, 1), "stored": stored, "given": given, "reactions_behind": behind,
        "limit": f"p99 <= {REPORT_P99_MS_MAX:g} ms, stored = given", "pass": p99 <= REPORT_P99_MS_MAX and stored == given,
    }  # fmt: skip


async def _feed(spool: Spool, seconds: float) -> float:
    """REPORTS_S reports a second, evenly; how late the latest of them was given, s."""
    loop, now, worst = asyncio.get_running_loop(), WallClock().now, 0.0
    began = loop.time()
    for number in range(round(REPORTS_S * seconds)):
        due = began + number / REPORTS_S
        if (ahead := due - loop.time()) > 0:
            await asyncio.sleep(ahead)
        worst = max(worst, loop.time() - due)
        device = f"bench-{number % 20}"
        report: Report = WeightMeasured(weight_g=1000 + number % 500, interval_g=1)
        if number % 5 == 0:
            report = ParcelMeasured(
                length_mm=300, width_mm=200, height_mm=100, weight_g=1500, sequence=number, barcode=f"P{number}"
            )
        spool.append(device, report, now())
    return worst


# --- hour ---


class HeldSpool(Spool):
    """Its thread holds the virtual clock."""

    def _submit(self, work: Callable[[Any], Any]) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualLoop)
        return loop.hold_until(super()._submit(work))


ROWS: list[tuple[str, str, Json]] = [
    *((f"scale-{n}", "scale", {"capture": "auto"}) for n in (1, 2, 3)),
    ("scale-4", "scale", {"capture": "auto", "protocol": "toledo"}),
    ("scale-5", "scale", {"capture": "auto", "protocol": "and"}),
    *((f"printer-{n}", "printer", {}) for n in (1, 2, 3)),
    ("printer-4", "printer", {"protocol": "tspl"}),
    *((f"gate-{n}", "rfid_gate", {}) for n in (1, 2, 3)),
    *((f"dws-{n}", "dws", {"poll_ms": 500, "heartbeat_timeout_s": 5}) for n in (1, 2)),
    *((f"cube-{n}", "dimensioner", {}) for n in (1, 2)),
    ("sorter-1", "plc", {"map": "sorter", "poll_ms": 500}),
    ("zones-1", "plc", {"map": "conveylinx", "poll_ms": 500}),
    ("tags-1", "light", {"positions": {"L-01": 1, "L-02": 2}}),
    ("wall-1", "light", {"protocol": "modbus", "positions": {"W-01": 1, "W-02": 2}}),
]
FAULTS = """
title: {en: An hour of trouble, zh-CN: 麻烦的一小时}
seed: 20
until_s: 3000
random:
  - {family: scale, fault: line_half_open, per_hour: 6, for_s: [20, 60]}
  - {family: scale, fault: silent, per_hour: 6, for_s: [5, 60]}
  - {family: scale, fault: line_cut, per_hour: 6}
  - {family: printer, fault: paper_out, per_hour: 10, for_s: [20, 60]}
  - {family: printer, fault: silent, per_hour: 6, for_s: [20, 60]}
  - {family: printer, fault: drop_after_next, per_hour: 10, for_s: [20, 60]}
  - {family: rfid_gate, fault: dropped, per_hour: 6}
  - {family: rfid_gate, fault: frozen, per_hour: 4, for_s: [30, 60]}
  - {family: rfid_gate, fault: strays, per_hour: 10, value: [2, 20], for_s: [30, 60]}
  - {family: dws, fault: heartbeat_frozen, per_hour: 6, for_s: [10, 30]}
  - {family: dws, fault: line_cut, per_hour: 6}
  - {family: dimensioner, fault: silent, per_hour: 6, for_s: [20, 60]}
  - {family: plc, fault: dropped, per_hour: 6}
  - {family: plc, fault: silent, per_hour: 4, for_s: [10, 30]}
  - {family: light, fault: dropped, per_hour: 6}
  - {family: light, fault: line_half_open, per_hour: 4, for_s: [20, 60]}
"""


def hour(until_s: float = HOUR_S) -> Json:
    """Warm up without faults, measure, an hour's trouble, calm, measure again."""
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    rows = [{"id": i, "family": f, "config": {"host": "127.0.0.1", "port": free_port(), **own}} for i, f, own in ROWS]
    body = {"gateway": "gw-1", "broker": {"url": "mqtt://127.0.0.1:1"}, "spool": {"path": "spool.db"}, "devices": rows}
    (folder / "gateway.yaml").write_text(json.dumps(body))
    began = time.perf_counter()
    told = clock.run(lambda loop: _live_through(loop, folder, rows, until_s))
    return told | {"wall_s": round(time.perf_counter() - began, 1)}


async def _live_through(loop: clock.VirtualLoop, folder: Path, rows: list[Json], until_s: float) -> Json:
    tap.KEPT_BYTES = TRACE_BYTES
    config = load(folder / "gateway.yaml")
    ensemble = Ensemble(rows, factor=1.0, seed=20)
    await ensemble.start()
    spool = HeldSpool(config.spool.path)
    floor = Floor(config, loop, spool)
    floor.start()
    crew = Crew(ensemble, floor)
    work = [asyncio.create_task(job) for job in crew.jobs()]
    drained, course = asyncio.create_task(_drain(spool)), list[float]()
    watched = asyncio.create_task(_watch(course))
    await asyncio.sleep(WARM_S)
    await crew.rest()
    before = _left_over()
    crew.go_on()
    steps = scenario.plan(scenario.parse(FAULTS, "hour"), ensemble.board)
    steps = [step for step in steps if step.at_s < until_s - WARM_S - CALM_S]
    trouble = asyncio.create_task(scenario.play(ensemble.board, steps))
    await asyncio.sleep(max(0.0, until_s - 60 - loop.time()))
    await crew.rest()
    states = {device: floor[device].status.state for device in floor}
    after = _left_over()
    trouble.result()
    virtual_s = loop.time()
    crew.go_on()
    for task in (*work, drained, watched):
        task.cancel()
    failed = [repr(e) for e in await asyncio.gather(*work, return_exceptions=True) if isinstance(e, Exception)]
    await floor.stop()
    await ensemble.stop()
    spool.close()
    grown = {name: round(after[name] - before[name], 1) for name in before}
    steady = grown["tasks"] <= 0 and grown["sockets"] <= 0 and grown["objects"] <= GROWTH_OBJECTS_MAX
    online = sorted(device for device, state in states.items() if state != "online")
    return {
        "part": "hour", "devices": len(rows), "virtual_s": round(virtual_s), "faults": len(ensemble.board.history),
        "reports": spool_reports(folder), "did": crew.did, "before": before, "grown": grown, "rss_mb_each_10_min": course, "not_online": online, "failed": failed,
        "limit": f"no more tasks or sockets, <= {GROWTH_OBJECTS_MAX} objects, <= {GROWTH_BLOCKS_MAX} blocks, all online",
        "pass": steady and grown["blocks"] <= GROWTH_BLOCKS_MAX and not online and not failed,
    }  # fmt: skip


async def _drain(spool: Spool) -> None:
    """Acknowledge as the WES would, so that the spool stays small."""
    while True:
        await asyncio.sleep(10)
        if rows := await spool.read(0, 5000):
            await spool.ack(spool.epoch, rows[-1].seq)


async def _watch(course: list[float]) -> None:
    while True:
        course.append(resident_mb())
        await asyncio.sleep(600)


def resident_mb() -> float:
    """Memory of this process that is in use, MB."""
    return round(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20, 1)


def spool_reports(folder: Path) -> int:
    """How many reports the spool has ever numbered."""
    import sqlite3

    with sqlite3.connect(folder / "spool.db") as db:
        row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    return int(row[0]) if row else 0


def _left_over() -> Json:
    gc.collect()
    links = [
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{fd}")
    ]
    return {
        "tasks": len(asyncio.all_tasks()), "sockets": sum("socket:" in link for link in links), "files": len(links),
        "objects": sum(not isinstance(kept, tap.Passed) for kept in gc.get_objects()), "blocks": sys.getallocatedblocks(), "rss_mb": resident_mb(),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="decode,gate,reports,hour", help="parts, separated by commas")
    parser.add_argument("--seconds", type=float, default=20.0, help="of load in gate and reports")
    parser.add_argument("--hour", type=float, default=HOUR_S, help="virtual seconds of the hour")
    options = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    parts: dict[str, Callable[[], Json]] = {
        "decode": lambda: asyncio.run(decode(5.0)),
        "gate": lambda: asyncio.run(gate(options.seconds / 2, 2)),
        "reports": lambda: asyncio.run(reports(options.seconds)),
        "hour": lambda: hour(options.hour),
    }
    good = True
    for name in options.only.split(","):
        told = parts[name]()
        print(json.dumps(told), flush=True)
        good = good and bool(told["pass"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

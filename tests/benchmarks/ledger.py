"""`python -m tests.benchmarks.ledger`: movements per second of our ledger beside pgbench calling the very same function.

Both run on one embedded cluster, interleaved, so that only their ratio matters. Ours is the whole path: unit of work,
Python service, ledger function, commit. Clients beyond the first are spread over two processes, as a site runs several
of them and as pgbench's are over its two threads. Goals: single movements >= 0.5 of pgbench, batches of 100 >= 2.5 of it.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AsyncExitStack
from multiprocessing import get_context
from pathlib import Path

import psycopg
import uvloop

from tests.conftest import start
from wms import flow
from wms.db.uow import SYSTEM, Database
from wms.foundation.catalog import service as catalog
from wms.foundation.layout import service as layout
from wms.foundation.stock import queries
from wms.foundation.stock import service as stock
from wms.foundation.stock.rules import Grain
from wms.stack.postgres import EmbeddedPostgres

BINS = 2000
THREADS = 2


async def prepare(db: Database) -> tuple[list[int], Grain]:
    """Two thousand bins with plenty of one SKU each; the bins and the grain."""
    async with db.begin(SYSTEM) as uow:
        await layout.load_layout(
            uow, "B", [layout.NodeDraft("N", 0, 0)], [],
            [layout.LocationDraft(f"B{i:04d}", "bin", "A", "N", 0, 0) for i in range(BINS)],
        )  # fmt: skip
        await catalog.save_skus(uow, [catalog.SkuDraft("S", "S", 10, 10, 10, 10)])
    async with db.begin(SYSTEM) as uow:
        sku = (await catalog.queries.sku_by_code(uow, "S")).id
        lot = await stock.lot_for(uow, sku)
        owner = next(iter((await catalog.queries.owner_ids(uow)).values()))
        grain = Grain(sku, lot, owner)
        bins = [s.id for s in await stock.queries.layout.locations(uow)]
        opening = (await queries.virtual_places(uow))["OPENING"]
        for at in range(0, BINS, 500):
            await stock.post(uow, [stock.Line(grain, opening, b, 1_000_000, "opening") for b in bins[at : at + 500]])
    return bins, grain


Job = tuple[str, list[int], Grain, int, int, float, int]
"""URL, bins, grain, number of the first client, clients, seconds, lines per transaction."""


def ours(jobs: Executor, url: str, bins: list[int], grain: Grain, clients: int, seconds: float, batch: int) -> float:
    """Movements per second through the service."""
    parts = [(n, n + clients // THREADS) for n in range(0, clients, clients // THREADS)] if clients > 1 else [(0, 1)]
    return sum(jobs.map(_work, [(url, bins, grain, a, b - a, seconds, batch) for a, b in parts]))


def _work(job: Job) -> float:
    return uvloop.run(_clients(*job))


async def _clients(
    url: str, bins: list[int], grain: Grain, first: int, clients: int, seconds: float, batch: int
) -> float:
    db = Database(url, router=flow.route, pool=clients)
    async with AsyncExitStack() as warm:
        for _ in range(clients):  # as pgbench, connected before the clock starts
            await (await warm.enter_async_context(db.begin(SYSTEM))).session.connection()
    ends_at, done = time.perf_counter() + seconds, 0

    async def client(n: int) -> None:
        nonlocal done
        i = n * 97
        while time.perf_counter() < ends_at:
            lines = []
            for _ in range(batch):
                i += 1
                lines.append(stock.Line(grain, bins[i % BINS], bins[(i * 7 + 3) % BINS], 1, "bench"))
            async with db.begin(SYSTEM, cause="bench") as uow:
                await stock.post(uow, [x for x in lines if x.from_place != x.to_place])
            done += batch

    started = time.perf_counter()
    await asyncio.gather(*(client(n) for n in range(first, first + clients)))
    rate = done / (time.perf_counter() - started)
    await db.close()
    return rate


def script(grain: Grain, first: int) -> str:
    """pgbench's transaction: one call of stock_post with one line, as ours sends it."""
    # A blank after each colon: pgbench takes ":1" for a variable.
    ids = f'"sku": {grain.sku_id}, "lot": {grain.lot_id}, "owner": {grain.owner_id}'
    line = (
        '[{"id": "\' || gen_random_uuid() || \'", "line": 1, '
        + ids
        + ", \"from\": ' || :a || ', \"to\": ' || :b || ', "
        '"fs": "available", "ts": "available", "qty": 1, "res": null, "reason": "bench", "serials": null}]'
    )
    return (
        f"\\set a random({first}, {first + BINS // 2 - 1})\n\\set b random({first + BINS // 2}, {first + BINS - 1})\n"
        f"SELECT stock_post(('{line}')::jsonb, gen_random_uuid(), 'bench', 'bench', now(), now());\n"
    )


def pgbench(postgres: EmbeddedPostgres, file: Path, clients: int, seconds: float) -> float:
    dsn = psycopg.conninfo.conninfo_to_dict(postgres.libpq_url())
    env = {**os.environ, "PGHOST": str(dsn["host"]), "PGUSER": str(dsn["user"]), "PGPASSWORD": str(dsn["password"]),
           "LD_LIBRARY_PATH": str(postgres.bin.parent / "lib")}  # fmt: skip
    done = subprocess.run(
        [str(postgres.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(THREADS), "-T", str(int(seconds)), "-f", str(file),
         str(dsn["dbname"])],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


async def run(seconds: float, rounds: int) -> list[dict[str, float]]:
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
    process = await asyncio.to_thread(start, postgres.child())
    rows = []
    try:
        subprocess.run(
            [sys.executable, "-m", "wms", "db", "upgrade"],
            check=True,
            env={**os.environ, "WMS_DATABASE_URL": postgres.url()},
        )
        url, jobs = postgres.url(), ProcessPoolExecutor(THREADS, mp_context=get_context("spawn"))
        db = Database(url, router=flow.route)
        bins, grain = await prepare(db)
        await db.close()
        file = folder / "move.sql"
        file.write_text(script(grain, bins[0]))
        for clients in (1, 4, 16):
            single, batch, peer = [], [], []
            for _ in range(rounds):
                peer.append(await asyncio.to_thread(pgbench, postgres, file, clients, seconds))
                single.append(await asyncio.to_thread(ours, jobs, url, bins, grain, clients, seconds, 1))
                batch.append(await asyncio.to_thread(ours, jobs, url, bins, grain, clients, seconds, 100))
            p, s, b = statistics.median(peer), statistics.median(single), statistics.median(batch)
            rows.append(
                {"clients": clients, "pgbench": p, "single": s, "single_ratio": s / p, "batch": b, "batch_ratio": b / p}
            )
        jobs.shutdown()
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: the cluster is thrown away
        process.wait(20)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = asyncio.run(run(options.seconds, options.rounds))
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'clients':>8} {'pgbench/s':>10} {'single/s':>10} {'ratio':>6} {'batch/s':>10} {'ratio':>6}")
    for r in rows:
        print(f"{r['clients']:>8.0f} {r['pgbench']:>10,.0f} {r['single']:>10,.0f} {r['single_ratio']:>6.2f} "
              f"{r['batch']:>10,.0f} {r['batch_ratio']:>6.2f}")  # fmt: skip


if __name__ == "__main__":
    main()

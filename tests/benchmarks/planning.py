"""`python -m tests.benchmarks.planning`: a wave of 2,000 orders and 5,000 lines on the demo site, planned to be looked at.

The seeded site is loaded through the API into a real PostgreSQL; the wave is asked for as the console asks, and its plan
(stock, cartons, which orders share a cart, walks) is read back. Then it is released, and its tours are opened. Limit: 60 s from
the click to the plan.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from simulators.run import host_sends_orders, load_site
from simulators.scenarios import site
from tests.conftest import start
from tests.integration.house import open_house
from wms.stack.postgres import EmbeddedPostgres

LIMIT_S = 60.0


async def run(orders: int, lines: int, seed: int) -> dict[str, Any]:
    """The figures of one wave."""
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
    database = await asyncio.to_thread(start, postgres.child())
    subprocess.run(
        [sys.executable, "-m", "wms", "db", "upgrade"], check=True,
        env={**os.environ, "WMS_DATABASE_URL": postgres.url(), "WMS_DATA_DIR": str(folder)},
    )  # fmt: skip
    try:
        async with open_house(postgres.url(), seeded=False) as house:
            made = site.make_site(seed, orders, None, 20_000)
            _to_lines(made["orders"], lines)
            await load_site(house.admin, made)  # type: ignore[arg-type]
            await host_sends_orders(house.admin, made)  # type: ignore[arg-type]
            began = time.perf_counter()
            wave = (await house.admin.post("/api/v1/waves", {"name": "bench", "limit": orders, "draft": True}))[
                "wave_id"
            ]
            await house.settle()
            plan = await house.admin.get(f"/api/v1/waves/{wave}/plan")
            planned_s = time.perf_counter() - began
            began = time.perf_counter()
            await house.admin.post(f"/api/v1/waves/{wave}/confirm")
            await house.settle()
            released_s = time.perf_counter() - began
            tours = await house.admin.get(f"/api/v1/tours?wave_id={wave}")
    finally:
        database.send_signal(signal.SIGQUIT)  # at once: the cluster is thrown away
        database.wait(20)
    s = plan["summary"]
    return {
        "orders": s["orders"], "lines": sum(len(o["lines"]) for o in made["orders"]), "refused": len(plan["refused"]),
        "tours": s["tours"], "cartons": s["cartons"], "walk_km": round(s["length_mm"] / 1e6, 2),
        "walk_m_per_order": round(s["length_mm"] / 1e3 / max(s["orders"], 1), 1), "planned_s": round(planned_s, 1),
        "limit_s": LIMIT_S, "good": planned_s <= LIMIT_S, "released_s": round(released_s, 1), "tours_opened": len(tours),
    }  # fmt: skip


def _to_lines(orders: list[dict[str, Any]], lines: int) -> None:
    """Drop or copy lines until there are so many in all."""
    have = sum(len(o["lines"]) for o in orders)
    for o in orders:
        while have > lines and len(o["lines"]) > 1:
            o["lines"].popitem()
            have -= 1
    known = sorted({sku for o in orders for sku in o["lines"]})
    at = 0
    while have < lines:
        o = orders[at % len(orders)]
        sku = known[(7 * at) % len(known)]
        if sku not in o["lines"]:
            o["lines"][sku] = 1
            have += 1
        at += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--lines", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = asyncio.run(run(given.orders, given.lines, given.seed))
    print(json.dumps(found))
    return 0 if found["good"] else 1


if __name__ == "__main__":
    raise SystemExit(main())

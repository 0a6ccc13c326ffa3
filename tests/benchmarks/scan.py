"""`python -m tests.benchmarks.scan`: how fast a pick is answered while 50 operators pick.

A real API process on a real database; 50 signed-in pickers walk real tours, each confirming a pick about every
`--pause` seconds. The time is taken at the client, on loopback. Goal: p95 <= 50 ms.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.conftest import free_port, start
from tests.integration.house import DESTINATION, Client, House, open_house, take_cart
from wms.foundation.people import service as people
from wms.stack.postgres import EmbeddedPostgres


async def fill(house: House, operators: int, orders: int) -> None:
    """Carts, operators and released orders enough for everybody."""
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": f"A-0{i}", "sku": s, "qty_each": 100_000} for i, s in enumerate("ABC", 1)
    ])  # fmt: skip
    units = [{"kind": "cart", "code": f"BC-{i}", "at": "CART-PARK"} for i in range(operators)]
    units += [{"kind": "tote", "code": f"BT{i}-{t}", "at": f"BC-{i}"} for i in range(operators) for t in range(8)]
    await house.admin.post("/api/v1/stock/units", units)
    async with house.db.begin() as uow:
        for i in range(operators):
            await people.enrol_operator(uow, f"op{i}", f"Op {i}", "4711", ["worker"])
    body = [
        {"ref": f"B{i}", "lines": [{"sku": s, "qty_each": 1} for s in "ABC"], "destination": DESTINATION}
        for i in range(orders)
    ]
    for at in range(0, orders, 200):
        ids = (await house.admin.post("/api/v1/orders", body[at : at + 200]))["ids"]
        await house.release(*ids)


async def operator(base: str, n: int, pause_s: float, waits_ms: list[float]) -> None:
    rng = random.Random(n)
    async with httpx.AsyncClient(base_url=base, timeout=30) as http:
        reply = await Client(http, "").post("/api/v1/sign-in", {"badge": f"op{n}", "pin": "4711"})
        client = Client(http, reply["token"])
        cards = await take_cart(None, client, f"BC-{n}")  # type: ignore[arg-type]
        for card in cards[:-1]:
            await asyncio.sleep(rng.uniform(0.5, 1.5) * pause_s)
            show = card["show"]
            answers = {"location": show["location"], "sku": show["sku"], "qty": show["qty"], "tote": show["tote"]}
            started = time.perf_counter()
            await client.answer(card, **answers)
            waits_ms.append((time.perf_counter() - started) * 1000)


async def run(operators: int, pause_s: float) -> list[float]:
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
    database = await asyncio.to_thread(start, postgres.child())
    waits_ms: list[float] = []
    port = free_port()
    env = {**os.environ, "WMS_DATABASE_URL": postgres.url(), "WMS_HTTP_PORT": str(port), "WMS_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "wms", "db", "upgrade"], check=True, env=env)
    api = None
    try:
        async with open_house(postgres.url()) as house:
            await fill(house, operators, operators * 8)
        api = subprocess.Popen(
            [sys.executable, "-m", "wms", "api"], env={**env, "WMS_BROKER_URL": "mqtt://127.0.0.1:1"}
        )
        async with httpx.AsyncClient() as probe:
            while True:
                try:
                    await probe.get(f"http://127.0.0.1:{port}/livez")
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        await asyncio.gather(*(operator(f"http://127.0.0.1:{port}", n, pause_s, waits_ms) for n in range(operators)))
    finally:
        if api is not None:
            api.terminate()
            api.wait(15)
        database.send_signal(signal.SIGQUIT)  # at once: the cluster is thrown away
        database.wait(20)
    return sorted(waits_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operators", type=int, default=50)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between an operator's picks")
    options = parser.parse_args()
    waits_ms = asyncio.run(run(options.operators, options.pause))
    at = lambda share: waits_ms[min(len(waits_ms) - 1, int(len(waits_ms) * share))]  # noqa: E731
    print(f"{len(waits_ms)} picks by {options.operators} operators: p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, "
          f"p99 {at(0.99):.1f} ms, max {waits_ms[-1]:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()

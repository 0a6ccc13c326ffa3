"""`python -m tests.benchmarks.shipping choose | label`.

choose: eligibility and choice for 10,000 orders over 12 services, on one core, in memory (goal 10 s of CPU).
label: from LabelWanted to the label at the printer's outbox, with the real worker's relay and carrier runner on a real database and
the simulated carrier on the wire, one parcel after another as a bench makes them (goal p95 1 s of wall time). What packing does
between LabelBought and the print queue is `labels.print_carrier_label`, called here as packing calls it.
"""

import argparse
import asyncio
import base64
import random
import signal
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from wms.processes.shipping.rules.cards import parse_card
from wms.processes.shipping.rules.choice import Asked, Book, choose
from wms.processes.shipping.rules.matrix import ATTRIBUTES, Goods, Paper, parse_matrix
from wms.processes.shipping.rules.parcels import Box
from wms.processes.shipping.rules.policy import parse_policy
from wms.processes.shipping.rules.services import Service

COUNTRIES = (
    "DE",
    "FR",
    "ES",
    "IT",
    "PL",
    "NL",
    "SE",
    "GB",
    "US",
    "CA",
    "MX",
    "BR",
    "JP",
    "KR",
    "AU",
    "NZ",
    "IL",
    "SA",
    "AE",
    "CL",
)
VALID = {"currency": "USD", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


def made_book(chance: random.Random) -> Book:
    """12 services, each with a card of 5 zones of 40 bands, 60 rules; matrix of 200 rules."""
    services, cards = [], {}
    for n in range(12):
        kind = ("postal", "line", "express")[n % 3]
        mid = {"postal": 150, "line": 100, "express": 45}[kind] + n
        service = Service(
            f"S{n:02d}", f"C{n % 5}", kind, (mid * 6 // 10, mid, mid * 18 // 10), mode=("passenger_air", "cargo_air", "passenger_air")[n % 3],
            terms=("DAP",) if kind == "postal" else ("DAP", "DDP"), weight_max_g=2000 if kind == "postal" else 30_000, sum_max_mm=900 if n % 4 == 0 else 0,
        )  # fmt: skip
        zones = [{"code": f"Z{z}", "countries": list(COUNTRIES[z * 4 : z * 4 + 4])} for z in range(5)]
        step = service.weight_max_g // 40
        rows = [
            {"zone": f"Z{z}", "over_g": b * step, "to_g": (b + 1) * step, "base_cents": 200 + 40 * z + 130 * n + b, "per_kg_cents": 500 + 60 * z + 40 * n}
            for z in range(5) for b in range(40)
        ]  # fmt: skip
        more: dict[str, Any] = {} if kind == "postal" else {
            "dim": "greater", "divisor": 6000, "round_g": 100, "fuel_bp": 1200, "ddp_cents": 250, "ddp_bp": 200,
            "remote": {c: [["10000", "10999"]] for c in COUNTRIES},
            "surcharges": [{"code": "remote", "when": "remote", "cents": 900, "fueled": True}, {"code": "big", "when": "side_over", "limit": 800, "bp": 2000}],
        }  # fmt: skip
        services.append(service)
        cards[service.code] = parse_card({**VALID, "zones": zones, "rows": rows, **more}, service)
    keys = [(s.code, a, c) for s in services for a in ATTRIBUTES for c in ("*", *COUNTRIES[:3])]
    rules = [
        {"id": f"R{i}", "service": s, "attribute": a, "country": c, "allowed": chance.random() < 0.8, "pieces_max": chance.choice((0, 4, 8)),
         "papers": ["un383"] if a.startswith("battery") else []}
        for i, (s, a, c) in enumerate(keys)
    ]  # fmt: skip
    codes = [s.code for s in services]
    site = [
        {"id": f"P{i}", "do": chance.choice(("exclude", "prefer")), "target": chance.choice(codes), "country": chance.choice(COUNTRIES), "cents": 50, "why": "site"}
        for i in range(60)
    ]  # fmt: skip
    policy = {"currency": "USD", "home": "CN", "late_once_cents": 300, "late_day_cents": 80, "rules": site, "rates": {"EUR": 1_080_000},
              "countries": {c: {"duty_bp": 100 * i, "parcel_value_max_cents": 80_000 if i % 5 == 0 else 0} for i, c in enumerate(COUNTRIES)}}  # fmt: skip
    boxes = tuple(
        Box((s + 8, s * 7 // 10 + 8, s // 2 + 8), s * (s * 7 // 10) * (s // 2), s, s // 2, 22_000)
        for s in (180, 240, 320, 420, 580)
    )
    return Book(
        date(2026, 6, 1),
        tuple(services),
        cards,
        parse_matrix({**VALID, "rules": rules}, codes),
        parse_policy(policy, codes),
        boxes,
    )


def made_orders(chance: random.Random, n: int) -> list[Asked]:
    papers = (Paper("un383", "T", date(2027, 1, 1)),)
    goods = [
        Goods(i, f"K{i}", chance.randint(30, 1500), (chance.randint(40, 260), chance.randint(30, 180), chance.randint(15, 110)), chance.randint(200, 9000),
              () if i % 3 else (chance.choice(ATTRIBUTES),), "UN3481" if i % 9 == 0 else "", "", 20_000, 0, 1, 100, papers)
        for i in range(600)
    ]  # fmt: skip
    return [
        Asked(
            chance.choice(COUNTRIES), f"{chance.randint(10_000, 99_999)}",
            tuple((g, chance.choice((1, 1, 1, 2, 3))) for g in chance.sample(goods, chance.choice((1, 1, 1, 2, 2, 3, 4, 6)))),
            allowed_days=chance.choice((None, 60, 100, 140, 200)), parcels_max=3,
        )
        for _ in range(n)
    ]  # fmt: skip


def choosing(n: int) -> None:
    chance = random.Random(7)
    book, orders = made_book(chance), made_orders(chance, n)
    began = time.process_time()
    made = [choose(book, order) for order in orders]
    took = time.process_time() - began
    found = sum(c.offer is not None for c in made)
    print(
        f"{n:,} orders over {len(book.services)} services: {took:.2f} s of CPU, {n / took:,.0f} orders/s (goal 10,000 in 10 s)"
    )
    print(
        f"{found:,} routed, {n - found:,} held: "
        + ", ".join(f"{k} {sum(c.code == k for c in made):,}" for k in sorted({c.code for c in made} - {""}))
    )


async def labelling(n: int) -> None:
    """The relay and the runner loop as the worker runs them; the print command in the outbox is the end."""
    from sqlalchemy import text

    from tests.conftest import Cluster, start, stop  # the embedded database, as tests start it
    from tests.integration.shipping_site import fresh, only_shipping, open_saga
    from wms import flow
    from wms.db.outbox import Relay
    from wms.db.uow import Database, UnitOfWork
    from wms.entrypoints import worker
    from wms.entrypoints.carriers import Runner
    from wms.events.shipping import LabelBought
    from wms.foundation.labels import service as labels
    from wms.stack.postgres import EmbeddedPostgres

    async def on_label_bought(uow: UnitOfWork, event: LabelBought) -> None:
        content = base64.b64decode(event.document)
        await labels.print_carrier_label(
            uow, content, event.format, "printer-1", f"bench:{event.parcel_id}", expected=event.tracking
        )

    def route(cls: Any) -> tuple[str, ...]:
        return ("bench.on_label_bought",) if cls is LabelBought else only_shipping(cls)

    with tempfile.TemporaryDirectory(prefix="wms-b-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
        process = await asyncio.to_thread(start, postgres.child())
        try:
            url = await asyncio.to_thread(Cluster(postgres).new_db, True)
            async with open_saga(url, folder, timeout_s=5.0) as saga:
                db = Database(url, router=route, pool=8)
                known = {**flow.reactions(), "bench.on_label_bought": on_label_bought}
                relay = Relay(db, flow.event_types(), known, parked=worker.parked, solvers=saga.relay.solvers)
                runner = Runner(db, saga.runner.carriers, relay.wake.set)
                db.queued = lambda _: runner.due.set()
                jobs = [asyncio.create_task(relay.run()), asyncio.create_task(runner.run())]
                for service in ("POST", "LINE-PDF", "EXPRESS-PNG"):
                    order = await saga.order(f"O-{service}", service=service)
                    took = []
                    for _ in range(n):
                        parcel, sscc = fresh()
                        began = time.perf_counter()
                        await saga.want(order, parcel, sscc, settle=False)
                        relay.wake.set()  # what the API's NOTIFY does
                        while True:
                            async with db.begin() as uow:
                                query = "SELECT count(*) FROM outgoing o JOIN print_job j ON j.command_id = o.id WHERE j.ref = :r"
                                if await uow.session.scalar(text(query), {"r": f"bench:{parcel}"}):
                                    break
                            await asyncio.sleep(0.005)
                        took.append(time.perf_counter() - began)
                    took.sort()
                    p95 = took[min(len(took) - 1, round(0.95 * len(took)))]
                    print(
                        f"{service}: {n} labels, p50 {statistics.median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, worst {took[-1] * 1000:.0f} ms (goal p95 1,000)"
                    )
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)
                await db.close()
        finally:
            await asyncio.to_thread(stop, process, signal.SIGQUIT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("choose", "label"))
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    if options.what == "choose":
        choosing(options.count or 10_000)
    else:
        asyncio.run(labelling(options.count or 40))


if __name__ == "__main__":
    main()

"""Goal: whatever is asked, received, graded and closed at once, never more pieces come back than left, and none is lost.

Method: clients take random steps over a few shipped orders, one of them with two lines of one SKU. Refusals are part of the
game. Afterwards the books are held against plain sums.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.integration.house import House, open_house
from wms.db.uow import Actor
from wms.kernel.errors import Refusal
from wms.processes.returns import queries
from wms.processes.returns.rules import states
from wms.processes.returns.service import authorising, bench, grading
from wms.processes.returns.service.authorising import Wanted

SEED = int(os.environ.get("WMS_RETURNS_SEED", "20261129"))
STEPS, CLIENTS = 45, 4
WORKER = Actor("grader", "grader", frozenset({"worker"}))
ORDERS = {"P1": {"A": 12, "B": 9}, "P2": {"A": 15}, "P3": {"SET": 5, "A": 6, "C": 12}}


async def prepare(house: House) -> None:
    admin = house.admin
    await admin.post("/api/v1/work/stations", [{"code": "RET-1", "kind": "returns", "location": "DOCK-1"}])
    await admin.post("/api/v1/catalog/skus", [{"code": "SET", "name": "Set", "length_mm": 100, "width_mm": 80, "height_mm": 80,
                                               "weight_g": 450, "bundle": [["A", 1], ["B", 2]]}])  # fmt: skip
    await admin.post("/api/v1/returns/policies?dry_run=false", {"valid_from": "2020-01-01", "rows": [
        {"reasons": "defective", "value_max_cents": 1_000, "method": "keep"}, {"method": "label", "address": "here"},
    ]})  # fmt: skip
    await admin.call("PUT", "/api/v1/returns/site", {"scrap_limit_cents": 900})
    for ref, lines in ORDERS.items():
        body = {
            "ref": ref,
            "destination": {"country": "DE"},
            "lines": [{"sku": s, "qty_each": q, "value_cents": 500} for s, q in lines.items()],
        }
        await admin.post("/api/v1/orders", [body])
    async with house.db.begin() as uow:  # gone, as if through another house: no parcel of ours tells their lots
        await uow.session.execute(text("UPDATE order_line SET picked_each = qty_each"))
        await uow.session.execute(text("UPDATE customer_order SET state = 'shipped', shipped_at = now()"))


async def step(house: House, rng: random.Random, told: Counter[str]) -> None:
    kind = rng.choice(
        [
            "ask",
            "ask",
            "arrive",
            "receive",
            "receive",
            "receive",
            "grade",
            "grade",
            "finish",
            "finish",
            "close",
            "scrap",
            "expire",
        ]
    )
    try:
        async with house.db.begin(WORKER) as uow:
            rmas = [r for ref in ORDERS for r in await queries.of_order(uow, (await _order(uow, ref)))]
            at = [r for r in rmas if r.state == "at_bench"]
            wanted_in = {"grade": "received", "finish": "graded", "scrap": "scrap_wait"}.get(kind)
            items = [i for r in rmas for i in await queries.items_of(uow, r.id)]
            items = [i for i in items if i.state == wanted_in or rng.random() < 0.1]  # a wrong state now and then
            if kind == "ask":
                wanted = [Wanted(rng.choice(["A", "B", "C", "SET"]), rng.randint(1, 3))]
                reason = rng.choice(["defective", "changed_mind"])
                await authorising.request(
                    uow, "shop", f"R{rng.randint(0, 40)}", rng.choice(list(ORDERS)), reason, wanted
                )
            elif kind == "arrive":
                await bench.arrive(uow, "RET-1", rng.choice([*(r.number for r in rmas), *ORDERS]))
            elif kind == "receive" and at:
                r = rng.choice(at)
                await bench.receive(uow, r.id, rng.choice(await _skus(uow)), rng.randint(1, 3))
            elif kind == "grade" and items:
                await grading.grade(uow, rng.choice(items).id, rng.choice(states.GRADES))
            elif kind == "finish" and items:
                await grading.finish(uow, rng.choice(items).id, reason="used", tote=rng.choice(["T2-1", "T2-2"]))
            elif kind == "close" and at:
                await bench.close(uow, rng.choice(at).id)
            elif kind == "scrap" and items:
                await grading.decide_scrap(uow, rng.choice(items).id, approve=rng.random() < 0.5, note="seen")
            elif kind == "expire":
                await uow.session.execute(
                    text(
                        "UPDATE rma SET expires_at = now() - interval '1 day' WHERE state = 'authorised' AND random() < 0.3"
                    )
                )
                await authorising.expire(uow)
            else:
                return
        told[kind] += 1
    except Refusal as refusal:
        told[refusal.code] += 1


async def _order(uow, ref):  # type: ignore[no-untyped-def]
    return await uow.session.scalar(text("SELECT id FROM customer_order WHERE ref = :r"), {"r": ref})


async def _skus(uow):  # type: ignore[no-untyped-def]
    return list(await uow.session.scalars(text("SELECT id FROM sku WHERE code IN ('A', 'B', 'C') ORDER BY id")))


async def client(house: House, rng: random.Random, told: Counter[str]) -> None:
    for _ in range(STEPS):
        await step(house, rng, told)


async def wind_up(house: House, told: Counter[str]) -> None:
    """What the game left on the bench is graded and closed: no chance decides whether the end of a return was seen."""
    async with house.db.begin(WORKER) as uow:
        for r in [r for ref in ORDERS for r in await queries.of_order(uow, (await _order(uow, ref)))]:
            for item in await queries.items_of(uow, r.id):
                if item.state == "received":
                    await grading.grade(uow, item.id, "A")
                if item.state in states.OPEN_ITEM:
                    await grading.finish(uow, item.id, reason="used", tote="T2-1")
                    told["finish"] += 1
            if r.state == "at_bench":
                await bench.close(uow, r.id)
                told["close"] += 1


@pytest.mark.timeout(120)
async def test_never_more_comes_back_than_left_and_nothing_is_lost(new_db: Callable[..., str]) -> None:
    print(f"returns property: seed {SEED}")
    told: Counter[str] = Counter()
    async with open_house(new_db(migrated=True)) as house:
        await prepare(house)
        await asyncio.gather(*(client(house, random.Random(SEED + n), told) for n in range(CLIENTS)))
        await wind_up(house, told)
        async with house.db.begin() as uow:
            over = await uow.session.scalar(
                text("""
                SELECT count(*) FROM order_line o JOIN (
                  SELECT l.order_line_id, sum(CASE WHEN r.method = 'keep' THEN l.qty_each ELSE l.received_each END) AS back
                  FROM rma_line l JOIN rma r ON r.id = l.rma_id GROUP BY 1
                ) b ON b.order_line_id = o.id WHERE b.back > o.picked_each""")
            )
            back = (await uow.session.execute(text("""
                SELECT (SELECT coalesce(sum(received_each), 0) FROM rma_line) AS counted, (SELECT coalesce(sum(qty_each), 0) FROM return_item) AS items,
                  (SELECT coalesce(sum(qty_each), 0) FROM movement WHERE reason = 'return') AS moved,
                  (SELECT coalesce(sum(qty_each), 0) FROM movement WHERE reason = 'return scrapped') AS scrapped,
                  (SELECT coalesce(sum(b.qty_each), 0) FROM stock_balance b JOIN place p ON p.id = b.place_id
                   WHERE p.code IN ('DOCK-1', 'T2-1', 'T2-2')) AS here,
                  (SELECT count(*) FROM stock_balance b JOIN place p ON p.id = b.place_id
                   WHERE p.code = 'DOCK-1' AND b.qty_each > 0 AND b.status <> 'returned_ungraded') AS sellable"""))).one()  # fmt: skip
        assert over == 0, told
        assert back.counted == back.items == back.moved == back.scrapped + back.here, (back, told)
        assert back.sellable == 0
        assert back.moved and told["close"] and told["finish"], told
        await house.settle()
        assert await house.audit_clean()

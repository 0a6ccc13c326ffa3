"""Reads of work done and work to do."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from wms.db.uow import UnitOfWork
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.processes.labour import rules

LEARN_DAYS, SHOW_H = 14, 24
STOPS_PER_TOUR = 12.0
"""Over which the fetching of a cart is spread."""


async def done(uow: UnitOfWork, since: datetime) -> list[rules.Done]:
    """Everything with a time that people finished since then."""
    return [
        rules.Done(t.kind, t.done_by, t.qty_each, t.seconds, t.walk_mm, t.expected_s, t.first)
        for t in await work.timed(uow, since)
    ]


async def demand(uow: UnitOfWork) -> list[rules.Demand]:
    """All work that waits: orders not yet released by the lines they will need, and tasks that are open."""
    queued = await orders.queued(uow, ("accepted", "released", "picking", "picked"), limit=20_000)
    hours = {q.id: (q.cutoff_at - uow.now).total_seconds() / 3_600 for q in queued}
    zones = {s.id: s.zone for s in await layout.locations(uow)}
    waiting = await orders.orders(uow, [q.id for q in queued if q.state == "accepted"])
    first = await stock.first_places(uow, {x.sku_id for o in waiting.values() for x in o.lines})
    found = [
        rules.Demand("pick", zones.get(first[x.sku_id], ""), x.open_each, hours[o.id] - rules.PICK_TO_TRUCK_H)
        for o in waiting.values() for x in o.lines if x.sku_id in first
    ]  # fmt: skip
    found += [
        rules.Demand(
            kind, zones.get(place, ""), pieces, None if due is None else (due - uow.now).total_seconds() / 3_600
        )
        for kind, place, pieces, due in await work.open_work(uow)
    ]
    return found + [rules.Demand("pack", "", 1, hours[q.id] - rules.PACK_TO_TRUCK_H) for q in queued]


async def board(uow: UnitOfWork, *, people: bool) -> dict[str, Any]:
    """Standards, expected against actual of the last day, and people by zone and hour."""
    finished, standards = await done(uow, uow.now - timedelta(hours=SHOW_H)), await work.standards(uow)
    crews = rules.crews(await demand(uow), standards, rules.walk_each(finished), STOPS_PER_TOUR)
    kinds = sorted({"pick"} | set(standards) | {d.kind for d in finished} | {c.kind for c in crews})
    at_work = await work.hands(uow)
    return {
        "standards": [{"kind": k, **asdict(standards.get(k, rules.default(k)))} for k in kinds],
        "performance": [asdict(p) for p in rules.perform(finished, standards, people=people)],
        "crews": [asdict(c) | {"at_work": at_work.get(c.kind, 0)} for c in crews],
        "together": rules.together(crews),
        "people_compared": people, "hours_shown": SHOW_H, "started_at": uow.now,
    }  # fmt: skip

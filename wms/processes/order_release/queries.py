"""Reads of waves, channels and what the floor has room for."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.algorithms.streaming import promise
from wms.db.uow import UnitOfWork
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.processes.order_release import rules
from wms.processes.order_release.rules import channels
from wms.processes.order_release.tables import ReleaseChannel, Wave, WaveOrder


@dataclass(frozen=True, slots=True)
class WaveInfo:
    id: UUID
    name: str
    state: str
    created_by: str
    created_at: datetime
    released_at: datetime | None
    why: str
    draft: bool
    method: str
    plan: dict[str, Any]


async def wave(uow: UnitOfWork, wave_id: UUID) -> WaveInfo:
    """Errors: UnknownWave."""
    row = await uow.session.get(Wave, wave_id, populate_existing=True)
    if row is None:
        raise rules.UnknownWave(wave_id=str(wave_id))
    return WaveInfo(**{name: getattr(row, name) for name in WaveInfo.__slots__})


async def wave_orders(uow: UnitOfWork, wave_id: UUID) -> dict[UUID, str]:
    rows = await uow.session.execute(select(WaveOrder.order_id, WaveOrder.state).where(WaveOrder.wave_id == wave_id))
    return {r.order_id: r.state for r in rows}


async def wave_of(uow: UnitOfWork, order_id: UUID) -> UUID | None:
    """The wave that an order is released in."""
    found: UUID | None = await uow.session.scalar(
        select(WaveOrder.wave_id).where(WaveOrder.order_id == order_id, WaveOrder.state == "released")
        .order_by(WaveOrder.wave_id.desc()).limit(1)
    )  # fmt: skip
    return found


async def planning(uow: UnitOfWork) -> set[UUID]:
    """Orders in a plan that is being made, or shown and not yet released."""
    return set(
        await uow.session.scalars(select(WaveOrder.order_id).where(WaveOrder.state.in_(("planning", "planned"))))
    )


async def under_way(uow: UnitOfWork) -> dict[int | None, int]:
    """Orders being released, or released and not yet picked, by the channel that released them."""
    rows = await uow.session.execute(
        text("""
        SELECT w.channel_id, count(*) AS n FROM wave_order m JOIN customer_order o ON o.id = m.order_id
        JOIN wave w ON w.id = m.wave_id
        WHERE m.state IN ('planning', 'planned', 'released') AND o.state IN ('accepted', 'released', 'picking')
          AND w.state <> 'planned' GROUP BY w.channel_id""")
    )
    return {r.channel_id: int(r.n) for r in rows}


async def release_channels(uow: UnitOfWork) -> list[channels.Channel]:
    """In sequence."""
    rows = await uow.session.scalars(
        select(ReleaseChannel).order_by(ReleaseChannel.seq, ReleaseChannel.id).execution_options(populate_existing=True)
    )
    return [
        channels.Channel(
            r.id, r.code, r.seq, r.mode, r.state, r.wakes_at, channels.Filter.of(r.filter), r.wip_max, r.lead_min, r.method
        )
        for r in rows
    ]  # fmt: skip


async def channel_row(uow: UnitOfWork, code: str) -> ReleaseChannel | None:
    """The channel's row, locked; None when there is no such channel."""
    row: ReleaseChannel | None = await uow.session.scalar(
        select(ReleaseChannel).where(ReleaseChannel.code == code).with_for_update()
    )
    return row


async def channel_board(uow: UnitOfWork) -> dict[str, Any]:
    """The channels in sequence with what waits in each and is under way, what the floor has room for, and its pace."""
    given = await release_channels(uow)
    shared = channels.share_out(given, await waiting(uow, given))
    under, now_at, on_floor = await under_way(uow), await pace(uow), await floor(uow)
    return {
        "channels": [
            {"code": c.code, "seq": c.seq, "mode": c.mode, "state": c.state, "wakes_at": c.wakes_at,
             "filter": {k: v for k, v in asdict(c.filter).items() if v not in ((), None)}, "wip_max": c.wip_max,
             "lead_min": c.lead_min, "method": c.method, "waiting": len(shared[c.id]), "under_way": under.get(c.id, 0),
             "next_cutoff_at": min((w.cutoff_at for w in shared[c.id]), default=None)}
            for c in given
        ],
        "floor": asdict(on_floor), "room": asdict(channels.room(on_floor)),
        "pace": {"per_h": now_at.per_h, "pick_s": now_at.stage_s("pick"), "pack_s": now_at.stage_s("pack")},
    }  # fmt: skip


async def waiting(uow: UnitOfWork, given: Sequence[channels.Channel]) -> list[channels.Waiting]:
    """Orders that could be released now, most urgent first. Zones are looked up only where a channel asks for them."""
    busy = await planning(uow)
    rows = [q for q in await orders.queued(uow, ("accepted",)) if q.id not in busy and not q.held]
    zones: dict[UUID, frozenset[str]] = {}
    if any(c.filter.zones for c in given):
        zones = await _zones(uow, [q.id for q in rows])
    return [
        channels.Waiting(q.id, q.carrier, q.channel, q.country, q.priority, q.lines, q.cutoff_at,
                         zones.get(q.id, frozenset()), q.pieces)
        for q in rows
    ]  # fmt: skip


async def _zones(uow: UnitOfWork, order_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Zones that each order would be picked in, by the first location that each SKU would leave from."""
    found = await orders.orders(uow, order_ids)
    first = await stock.first_places(uow, {x.sku_id for o in found.values() for x in o.lines})
    zone = {s.id: s.zone for s in await layout.locations(uow, ids=set(first.values()))} if first else {}
    return {i: frozenset(zone[first[x.sku_id]] for x in o.lines if x.sku_id in first) for i, o in found.items()}


async def floor(uow: UnitOfWork) -> channels.Floor:
    """What is on the floor now."""
    states = await orders.by_state(uow)
    carts, totes = await stock.cart_totes(uow)
    drops = [s.id for s in await layout.locations(uow, ["staging"])]
    at_stations = [u for s in await layout.locations(uow, ["g2p"]) for u in await stock.units_in(uow, s.id)]
    return channels.Floor(
        under_way=sum((await under_way(uow)).values()), picked=states.get("picked", 0), carts_total=carts,
        carts_to_move=await stock.loaded_carts_in(uow, drops) if drops else 0,
        benches=len(await work.stations(uow, "pack")), slots=totes,
        positions=sum(u.kind == "tote" for u in at_stations),
    )  # fmt: skip


async def pace(uow: UnitOfWork) -> promise.Pace:
    measured = await orders.paced(uow)
    return promise.Pace(measured.per_h, measured.pick_s, measured.pack_s)


@dataclass(frozen=True, slots=True)
class Promised:
    order: orders.Queued
    promise: promise.Promise


async def promises(uow: UnitOfWork, order_ids: Collection[UUID] | None = None) -> list[Promised]:
    """For every order that has not left, or for these: will it make its truck, and if not why."""
    rows = await orders.queued(uow, tuple(promise.AT_STAGE), limit=20_000)
    now_at = await pace(uow)
    ahead, answers = 0, []
    for q in rows:
        if order_ids is None or q.id in order_ids:
            left = (q.cutoff_at - uow.now).total_seconds()
            since = (uow.now - q.since).total_seconds()
            answers.append(Promised(q, promise.promise(q.state, since, left, ahead, now_at)))
        ahead += q.state in ("accepted", "released", "picking")
    return answers


async def promised(uow: UnitOfWork, order_id: UUID) -> Promised:
    """Errors: UnknownOrder."""
    found = await promises(uow, {order_id})
    if found:
        return found[0]
    row = next(iter(await orders.queued(uow, ids=[order_id])), None)
    if row is None:
        raise order_rules.UnknownOrder(order_id=str(order_id))
    left = (row.cutoff_at - uow.now).total_seconds()
    return Promised(row, promise.promise(row.state, 0.0, left, 0, promise.Pace()))


async def board(uow: UnitOfWork, limit: int = 50) -> list[dict[str, Any]]:
    """Waves newest first with their orders counted by state."""
    rows = (
        await uow.session.execute(
            select(Wave, func.count(WaveOrder.order_id).label("orders")).outerjoin(WaveOrder, WaveOrder.wave_id == Wave.id)
            .group_by(Wave.id).order_by(Wave.id.desc()).limit(limit)
        )
    ).all()  # fmt: skip
    counted = await uow.session.execute(
        text("""
        SELECT w.wave_id, o.state, count(*) AS n, min(o.cutoff_at) AS cutoff_at
        FROM wave_order w JOIN customer_order o ON o.id = w.order_id
        WHERE w.wave_id = ANY(:ids) AND w.state NOT IN ('withdrawn', 'refused') GROUP BY w.wave_id, o.state"""),
        {"ids": [w.id for w, _ in rows]},
    )
    states: dict[UUID, dict[str, int]] = {}
    cutoffs: dict[UUID, datetime] = {}
    for r in counted:
        states.setdefault(r.wave_id, {})[r.state] = r.n
        cutoffs[r.wave_id] = min(cutoffs.get(r.wave_id, r.cutoff_at), r.cutoff_at)
    return [
        {"id": w.id, "name": w.name, "state": w.state, "orders": n, "by_state": states.get(w.id, {}),
         "cutoff_at": cutoffs.get(w.id), "created_by": w.created_by, "created_at": w.created_at, "why": w.why,
         "draft": w.draft, "planned_at": w.planned_at, "summary": w.plan.get("summary")}
        for w, n in rows
    ]  # fmt: skip


async def plan_of(uow: UnitOfWork, wave_id: UUID) -> dict[str, Any]:
    """The wave's plan: its tours, and each order that is not in one with its reason. Errors: UnknownWave."""
    info = await wave(uow, wave_id)
    refused = await uow.session.execute(
        text("""
        SELECT o.id, o.ref, w.why FROM wave_order w JOIN customer_order o ON o.id = w.order_id
        WHERE w.wave_id = :wave AND w.state = 'refused' ORDER BY o.ref LIMIT 500"""),
        {"wave": wave_id},
    )
    members = await uow.session.execute(
        text("""
        SELECT o.id, o.ref, o.state, o.cutoff_at, w.tour FROM wave_order w JOIN customer_order o ON o.id = w.order_id
        WHERE w.wave_id = :wave AND w.tour > 0 ORDER BY w.tour, o.cutoff_at, o.ref"""),
        {"wave": wave_id},
    )
    return {
        "id": info.id, "name": info.name, "state": info.state, "why": info.why, "draft": info.draft, "method": info.method, **info.plan,
        "orders": [dict(r._mapping) for r in members], "refused": [dict(r._mapping) for r in refused],
    }  # fmt: skip

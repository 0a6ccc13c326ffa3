"""Boards that join what several processes know: devices, and the full history of anything."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text

from wms.db.uow import UnitOfWork

SILENT_S = 10.0
"""A gateway not heard for this long tells nothing about its devices any more."""


_HEALTH = text("SELECT gateway, body, seen_at FROM gateway_health ORDER BY gateway")


async def gateways(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every gateway with its spool and how long ago it was heard."""
    found = []
    for row in await uow.session.execute(_HEALTH):
        age_s, spool = _age_s(uow, row.seen_at), row.body.get("spool") or {}
        found.append({
            "gateway": row.gateway, "state": "unknown" if age_s > SILENT_S else "online", "spool_depth": spool.get("depth"),
            "oldest_s": spool.get("oldest_s"), "age_s": age_s,
        })  # fmt: skip
    return found


async def devices(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every device with its state as its gateway last told it; unknown once the gateway is silent."""
    found = []
    for row in await uow.session.execute(_HEALTH):
        age_s = _age_s(uow, row.seen_at)
        for d in sorted(row.body.get("devices") or [], key=lambda d: str(d.get("device"))):
            found.append({
                "gateway": row.gateway, "device": d.get("device", ""), "family": d.get("family", ""),
                "state": "unknown" if age_s > SILENT_S else d.get("state", "unknown"), "detail": d.get("detail", ""),
                "last_seen": d.get("last_seen"), "age_s": age_s,
            })  # fmt: skip
    return found


_CLAIMS = text("""
SELECT t.claimed_by AS holder, 'pick' AS kind, CAST(t.id AS text) AS id, t.state, t.cart AS unit,
  (SELECT count(*) FROM task k WHERE k.group_id = t.id AND k.kind = 'pick' AND k.state IN ('open', 'claimed')) AS tasks,
  coalesce(a.since, t.started_at, t.planned_at) AS since, greatest(a.active_at, t.started_at, t.planned_at) AS active_at,
  coalesce((SELECT l.code FROM task k JOIN location l ON l.id = k.place_id WHERE k.group_id = t.id AND k.state IN ('done', 'shorted')
            ORDER BY k.done_at DESC LIMIT 1), '') AS last_at
FROM tour t LEFT JOIN LATERAL (
  SELECT min(k.claimed_at) AS since, max(greatest(k.claimed_at, k.done_at)) AS active_at FROM task k WHERE k.group_id = t.id) a ON true
WHERE t.claimed_by <> '' AND t.state IN ('planned', 'walking', 'left')
UNION ALL
SELECT k.claimed_by, k.kind, '', 'claimed', coalesce(max(k.data->>'hu'), ''), count(*), min(k.claimed_at),
  greatest(max(k.claimed_at), (SELECT max(d.done_at) FROM task d WHERE d.done_by = k.claimed_by AND d.kind = k.kind)),
  coalesce((SELECT l.code FROM task d JOIN location l ON l.id IN (d.place_id, d.to_place_id)
            WHERE d.done_by = k.claimed_by AND d.kind = k.kind ORDER BY d.done_at DESC LIMIT 1), '')
FROM task k WHERE k.state = 'claimed' AND k.kind <> 'pick' GROUP BY k.claimed_by, k.kind
ORDER BY active_at
""")
IDLE_CLAIM_S = 30 * 60
"""Work held this long without a sign of life: someone asks where the goods are."""


async def claims(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Work that somebody holds, longest idle first: holder, kind, id (of a tour), unit, tasks left, where last seen."""
    return [
        {**row._mapping, "idle_s": round(_age_s(uow, row.active_at)), "idle": _age_s(uow, row.active_at) > IDLE_CLAIM_S}
        for row in await uow.session.execute(_CLAIMS)
    ]


def _age_s(uow: UnitOfWork, seen_at: datetime) -> float:
    return round(max(0.0, (uow.now - seen_at).total_seconds()), 1)


@dataclass(slots=True)
class Subject:
    """What a question is about: ids to follow."""

    skus: set[int] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    serials: set[str] = field(default_factory=set)
    means: list[dict[str, str]] = field(default_factory=list)


_MEANS = text("""
SELECT 'sku' AS kind, CAST(s.id AS text) AS id, s.code FROM sku s
WHERE s.code = :q OR EXISTS (SELECT 1 FROM sku_code c WHERE c.sku_id = s.id AND c.active AND c.code = :q)
UNION ALL SELECT p.kind, CAST(p.id AS text), p.code FROM place p
WHERE p.code = :q OR p.code = ltrim(:q, '0') OR (length(:q) = 20 AND p.code = substr(:q, 3))
UNION ALL SELECT 'order', CAST(o.id AS text), o.ref FROM customer_order o WHERE o.ref = :q OR CAST(o.id AS text) = :q
UNION ALL SELECT 'serial', n.serial, n.serial FROM (SELECT DISTINCT serial FROM movement_serial WHERE serial = :q) n
""")

_MOVES = text("""
SELECT m.id, m.occurred_at AS at, m.recorded_at, s.code AS sku, lot.code AS lot, f.code AS from_place, t.code AS to_place,
       m.from_status, m.to_status, m.qty_each, m.reason, m.cause, m.actor, m.request_id
FROM movement m JOIN sku s ON s.id = m.sku_id JOIN lot ON lot.id = m.lot_id
JOIN place f ON f.id = m.from_place_id JOIN place t ON t.id = m.to_place_id
WHERE m.sku_id IN :skus OR m.from_place_id IN :places OR m.to_place_id IN :places
   OR m.reservation_id IN (
        SELECT r.id FROM reservation r JOIN order_line x ON r.demand = 'order_line:' || x.id
        WHERE CAST(x.order_id AS text) IN :orders)
   OR m.id IN (SELECT movement_id FROM movement_serial WHERE serial IN :serials)
ORDER BY m.recorded_at DESC, m.id DESC LIMIT :limit
""").bindparams(*(bindparam(name, expanding=True) for name in ("skus", "places", "orders", "serials")))

_HU_MOVES = text("""
SELECT m.id, m.occurred_at AS at, m.recorded_at, p.code AS unit, f.code AS from_place, t.code AS to_place, m.cause, m.actor,
       m.request_id
FROM hu_move m JOIN place p ON p.id = m.hu_id LEFT JOIN place f ON f.id = m.from_place_id
JOIN place t ON t.id = m.to_place_id
WHERE m.hu_id IN :places OR m.from_place_id IN :places OR m.to_place_id IN :places
ORDER BY m.seq DESC LIMIT :limit
""").bindparams(bindparam("places", expanding=True))

_EVENTS = text("""
SELECT e.id, e.occurred_at AS at, e.occurred_at AS recorded_at, e.name, e.payload, e.actor, e.request_id FROM event e
WHERE e.stream IN :streams OR e.payload @> ANY (CAST(:holds AS jsonb[]))
ORDER BY e.seq DESC LIMIT :limit
""").bindparams(bindparam("streams", expanding=True))

_UNITS_OF = text("""
SELECT id FROM handling_unit WHERE CAST(bound_to AS text) IN :orders
UNION SELECT hu_id FROM parcel WHERE CAST(order_id AS text) IN :orders AND hu_id <> 0
""").bindparams(bindparam("orders", expanding=True))


async def trace(uow: UnitOfWork, asked: str, limit: int = 200) -> dict[str, Any]:
    """All that happened to a SKU, serial, unit, order or location, newest first: movements, unit moves and events.

    Each entry: {at, type: movement | unit_move | event, actor, cause, request_id, ...}.
    """
    subject = await _subject(uow, asked.strip())
    if not subject.means:
        return {"asked": asked, "means": [], "entries": [], "more": False}
    # An expanding IN needs a member: one that nothing has.
    skus, places = sorted(subject.skus) or [-1], sorted(subject.places) or [-1]
    orders, serials = sorted(subject.orders) or [""], sorted(subject.serials) or [""]
    entries: list[dict[str, Any]] = []
    moves = await uow.session.execute(
        _MOVES, {"skus": skus, "places": places, "orders": orders, "serials": serials, "limit": limit}
    )
    entries += [{"type": "movement", **r._mapping} for r in moves]
    hu_moves = await uow.session.execute(_HU_MOVES, {"places": places, "limit": limit})
    entries += [{"type": "unit_move", **r._mapping} for r in hu_moves]
    streams = [f"order_id:{o}" for o in subject.orders]
    streams += [f"{name}:{p}" for p in subject.places for name in ("place_id", "hu_id", "cart_id")]
    holds = [f'{{"order_id": "{o}"}}' for o in subject.orders] + [f'{{"sku_id": {s}}}' for s in subject.skus]
    events = await uow.session.execute(_EVENTS, {"streams": streams or [""], "holds": holds, "limit": limit})
    entries += [{"type": "event", "cause": r.name, **r._mapping} for r in events]
    entries.sort(key=lambda e: (e["recorded_at"], str(e["id"])), reverse=True)
    return {"asked": asked, "means": subject.means, "entries": entries[:limit], "more": len(entries) > limit}


async def _subject(uow: UnitOfWork, asked: str) -> Subject:
    subject = Subject()
    for r in await uow.session.execute(_MEANS, {"q": asked}) if asked else []:
        subject.means.append({"kind": r.kind, "code": r.code})
        if r.kind == "sku":
            subject.skus.add(int(r.id))
        elif r.kind == "order":
            subject.orders.add(r.id)
        elif r.kind == "serial":
            subject.serials.add(r.id)
        else:
            subject.places.add(int(r.id))
    if subject.orders:
        rows = await uow.session.execute(_UNITS_OF, {"orders": sorted(subject.orders)})
        subject.places |= {int(r.id) for r in rows}
    return subject

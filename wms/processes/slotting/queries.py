"""Reads for slotting: the storage positions as they stand, picks per SKU, free share."""

from typing import Any

from sqlalchemy import select, text

from wms.algorithms.routing.plan import Site
from wms.algorithms.slotting.putaway import Bin, Goods, House
from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.processes.slotting import rules
from wms.processes.slotting.tables import VelocityRun

STORAGE = ("bin", "reserve")
OTHER_REASONS = rules.OTHER_REASONS

# One row per storage position with what lies in it, and what open putaway tasks have promised to it.
_POSITIONS = text("""
WITH held AS (
  SELECT b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status, b.qty_each FROM stock_balance b WHERE b.qty_each > 0
  UNION ALL
  SELECT t.to_place_id, t.sku_id, (t.data->>'lot_id')::bigint, (t.data->>'owner_id')::bigint, t.data->>'status', t.qty_each
  FROM task t WHERE t.kind = 'putaway' AND t.state IN ('open', 'claimed') AND t.to_place_id > 0 AND :promises
)
SELECT l.id, l.code, l.node_id, l.z_mm, l.width_mm, l.depth_mm, l.height_mm, l.load_max_g,
       coalesce(sum(h.qty_each * s.length_mm * s.width_mm * s.height_mm), 0)::bigint AS used_mm3,
       coalesce(sum(h.qty_each * s.weight_g), 0)::bigint AS used_g,
       array_agg(DISTINCT ARRAY[h.sku_id::text, h.lot_id::text, h.owner_id::text, h.status]) FILTER (WHERE h.sku_id IS NOT NULL) AS grains,
       array_agg(DISTINCT s.hazard) FILTER (WHERE s.hazard <> '') AS hazards
FROM location l LEFT JOIN held h ON h.place_id = l.id LEFT JOIN sku s ON s.id = h.sku_id
WHERE l.active AND l.kind IN ('bin', 'reserve') AND (:only = 0 OR l.node_id = (SELECT node_id FROM location WHERE id = :only))
GROUP BY l.id ORDER BY l.id
""")


async def house(uow: UnitOfWork, *, near: int = 0, promises: bool = True) -> House:
    """All storage positions, or the bay of one (`near`), with walks from the benches. `promises`: count open putaways in."""
    rows = (await uow.session.execute(_POSITIONS, {"only": near, "promises": promises})).all()
    walk = await _walks(uow) if not near else {}
    return House.of(
        Bin(
            r.id, r.code, r.node_id, r.z_mm, (r.width_mm, r.depth_mm, r.height_mm), r.load_max_g, walk.get(r.node_id, 0.0),
            int(r.used_mm3), int(r.used_g), frozenset((int(g[0]), int(g[1]), int(g[2]), str(g[3])) for g in r.grains or ()),
            frozenset(r.hazards or ()),
        )
        for r in rows
    )  # fmt: skip


async def _walks(uow: UnitOfWork) -> dict[int, float]:
    """Node to the walk from the nearest pack bench, in mm; from the first cart park where there is no bench."""
    walk = await layout.walk_graph(uow)
    if not walk.ids:
        return {}
    index = walk.index()
    benches = await layout.locations(uow, ["pack"]) or (await layout.locations(uow, ["cart"]))[:1]
    if not benches:
        return {}
    site = Site.of(tuple((int(x), int(y)) for x, y in walk.xy_mm), walk.edges)
    nearest = site.from_nodes(sorted({index[b.node_id] for b in benches})).min(axis=0)
    return {node: float(nearest[i]) if nearest[i] < 1e9 else 1e9 for node, i in index.items()}


async def goods(uow: UnitOfWork, grain: Grain, qty_each: int) -> Goods:
    """What is to be put away, as the choice sees it."""
    sku = await catalog.sku(uow, grain.sku_id)
    return Goods(
        (grain.sku_id, grain.lot_id, grain.owner_id, grain.status), qty_each, (sku.length_mm, sku.width_mm, sku.height_mm),
        sku.weight_g, sku.velocity_class, sku.hazard,
    )  # fmt: skip


async def pick_lines(uow: UnitOfWork, days: int) -> dict[int, int]:
    """SKU to pick lines of the last `days`, picks taken back not counted; every SKU is there."""
    rows = await uow.session.execute(
        text("""
        SELECT s.id, coalesce(m.lines, 0) AS lines FROM sku s LEFT JOIN (
          SELECT sku_id, count(*) FILTER (WHERE reason = 'pick') - count(*) FILTER (WHERE reason = 'undo pick') AS lines
          FROM movement WHERE reason IN ('pick', 'undo pick') AND recorded_at > :now - make_interval(days => :days)
          GROUP BY sku_id
        ) m ON m.sku_id = s.id"""),
        {"now": uow.now, "days": days},
    )
    return {r.id: int(r.lines) for r in rows}


async def serials_at(uow: UnitOfWork, place_id: int, sku_id: int, status: str) -> list[str]:
    """Serial numbers of a SKU in a place."""
    rows = await uow.session.execute(
        text(
            "SELECT serial FROM serial WHERE place_id = :place AND sku_id = :sku AND status = :status ORDER BY serial"
        ),
        {"place": place_id, "sku": sku_id, "status": status},
    )
    return [r.serial for r in rows]


async def stands_at(uow: UnitOfWork, hu_id: int) -> str:
    """Where a unit is to be found: the codes of what it stands in, from the inside out."""
    chain, place = [], (await stock.unit(uow, hu_id)).in_place_id
    while True:
        code = (await layout.place_codes(uow, [place])).get(place, "")
        chain.append(code)
        above = await stock.find_unit(uow, code)
        if above is None:
            return " < ".join(chain)
        place = above.in_place_id


async def space(uow: UnitOfWork) -> dict[str, Any]:
    """Positions, free ones (nothing in them and nothing on its way) and their share, in all and by zone."""
    rows = await uow.session.execute(
        text("""
        SELECT l.zone, count(*) AS positions, count(*) FILTER (WHERE NOT EXISTS (
                 SELECT 1 FROM stock_balance b WHERE b.place_id = l.id AND b.qty_each > 0)
               AND NOT EXISTS (SELECT 1 FROM task t WHERE t.kind = 'putaway' AND t.state IN ('open', 'claimed')
                 AND t.to_place_id = l.id)) AS free
        FROM location l WHERE l.active AND l.kind IN ('bin', 'reserve') GROUP BY l.zone ORDER BY l.zone""")
    )
    zones = [{"zone": r.zone, "positions": int(r.positions), "free": int(r.free)} for r in rows]
    positions, free = sum(z["positions"] for z in zones), sum(z["free"] for z in zones)
    return {"positions": positions, "free": free, "share": free / positions if positions else None, "zones": zones}


async def open_putaways(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Putaway work with where it comes from, where it is to go, and why there."""
    tasks = await work.tasks(uow, kind="putaway")
    skus = await catalog.skus(uow, {t.sku_id for t in tasks})
    codes = await layout.place_codes(uow, {t.to_place_id for t in tasks})
    return [
        {"id": str(t.id), "state": t.state, "unit": t.data["hu"], "sku": skus[t.sku_id].code, "qty_each": t.qty_each,
         "status": t.data["status"], "to": codes.get(t.to_place_id, ""), "why": t.why, "opened_at": t.opened_at,
         "claimed_by": t.claimed_by, "cause": t.data.get("cause", "")}
        for t in tasks
    ]  # fmt: skip


async def last_run(uow: UnitOfWork) -> VelocityRun | None:
    """The newest ABC classification."""
    found: VelocityRun | None = await uow.session.scalar(select(VelocityRun).order_by(VelocityRun.id.desc()).limit(1))
    return found


async def runs(uow: UnitOfWork, limit: int = 30) -> list[dict[str, Any]]:
    rows = await uow.session.scalars(select(VelocityRun).order_by(VelocityRun.id.desc()).limit(limit))
    return [
        {"at": r.at, "window_days": r.window_days, "lines": r.lines, "skus": r.skus, "changed": r.changed, "sizes": r.sizes,
         "by": r.by}
        for r in rows
    ]  # fmt: skip

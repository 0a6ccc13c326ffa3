"""Reads for slotting: the storage positions as they stand, picks, free share; the planner's view, proposals, and whys."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from wms.algorithms.routing.plan import Site
from wms.algorithms.slotting.putaway import Bin, Goods, House, reach_mm
from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.processes.slotting import rules
from wms.processes.slotting.rules import plan
from wms.processes.slotting.tables import SlotMove, SlotPolicy, SlotProposal, VelocityRun

STORAGE = ("bin", "reserve")
POD_PLACES = ("pod", "g2p")
"""Where pods stand: what is put there lies in the pod."""
TOUR_DAYS = 10
"""Tours that a proposal looks at."""
OTHER_REASONS = rules.OTHER_REASONS

# One row per storage position with what lies in it, and what open putaways and moves have promised to it.
_POSITIONS = text("""
WITH held AS (
  SELECT b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status, b.qty_each FROM stock_balance b WHERE b.qty_each > 0
  UNION ALL
  SELECT t.to_place_id, t.sku_id, (t.data->>'lot_id')::bigint, (t.data->>'owner_id')::bigint, t.data->>'status', t.qty_each
  FROM task t WHERE t.kind IN ('putaway', 'move') AND t.state IN ('open', 'claimed') AND t.to_place_id > 0 AND :promises
)
SELECT l.id, l.code, l.node_id, l.z_mm, l.width_mm, l.depth_mm, l.height_mm, l.load_max_g, l.temperature,
       coalesce(sum(h.qty_each * s.length_mm * s.width_mm * s.height_mm), 0)::bigint AS used_mm3,
       coalesce(sum(h.qty_each * s.weight_g), 0)::bigint AS used_g,
       array_agg(DISTINCT ARRAY[h.sku_id::text, h.lot_id::text, h.owner_id::text, h.status]) FILTER (WHERE h.sku_id IS NOT NULL) AS grains,
       array_agg(DISTINCT s.hazard) FILTER (WHERE s.hazard <> '') AS hazards,
       array_agg(DISTINCT s.family) FILTER (WHERE s.family <> '') AS families
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
            frozenset(r.hazards or ()), r.temperature, frozenset(r.families or ()),
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
        sku.weight_g, sku.velocity_class, sku.hazard, sku.temperature, sku.family,
    )  # fmt: skip


async def pick_days(uow: UnitOfWork, days: int) -> dict[int, list[float]]:
    """SKU to its pick lines of each of the last `days` (24 h each, oldest first), picks taken back not counted; every SKU is there."""
    rows = await uow.session.execute(
        text("""
        SELECT s.id, m.ago, coalesce(m.lines, 0) AS lines FROM sku s LEFT JOIN (
          SELECT sku_id, least(floor(greatest(extract(epoch FROM :now - recorded_at), 0) / 86400)::int, :days - 1) AS ago,
                 count(*) FILTER (WHERE reason = 'pick') - count(*) FILTER (WHERE reason = 'undo pick') AS lines
          FROM movement WHERE reason IN ('pick', 'undo pick') AND recorded_at > :now - make_interval(days => :days)
          GROUP BY 1, 2
        ) m ON m.sku_id = s.id"""),
        {"now": uow.now, "days": days},
    )
    found: dict[int, list[float]] = {}
    for r in rows:
        lines = found.setdefault(r.id, [0.0] * days)
        if r.ago is not None:
            lines[days - 1 - r.ago] = float(r.lines)
    return found


async def serials_at(uow: UnitOfWork, place_id: int, sku_id: int, status: str) -> list[str]:
    """Serial numbers of a SKU in a place."""
    rows = await uow.session.execute(
        text(
            "SELECT serial FROM serial WHERE place_id = :place AND sku_id = :sku AND status = :status ORDER BY serial"
        ),
        {"place": place_id, "sku": sku_id, "status": status},
    )
    return [r.serial for r in rows]


async def names_at(uow: UnitOfWork, place_id: int, sku: catalog.SkuInfo, status: str) -> tuple[list[str], int]:
    """As serials_at, and how many pieces there have none yet though the SKU keeps them."""
    bare = await stock.unnamed_in(uow, [place_id], [sku.id]) if sku.keeps_serials else {}
    return await serials_at(uow, place_id, sku.id, status), bare.get((place_id, sku.id, status), 0)


async def serials_asked(
    uow: UnitOfWork, place_id: int, sku: catalog.SkuInfo, status: str, qty_each: int
) -> tuple[str, ...] | None:
    """Serials to scan of so many pieces, where only a part of them goes; none: any, for some have none yet. None: no scan."""
    named, bare = await names_at(uow, place_id, sku, status) if sku.keeps_serials else ([], 0)
    return () if bare else tuple(named) if len(named) > qty_each else None


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
               AND NOT EXISTS (SELECT 1 FROM task t WHERE t.kind IN ('putaway', 'move') AND t.state IN ('open', 'claimed')
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


async def policy(uow: UnitOfWork) -> SlotPolicy:
    return (await uow.session.scalars(select(SlotPolicy).execution_options(populate_existing=True))).one()


async def proposal(uow: UnitOfWork, proposal_id: UUID, *, lock: bool = False) -> SlotProposal:
    """Errors: UnknownProposal."""
    row = await uow.session.get(SlotProposal, proposal_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise rules.UnknownProposal(proposal_id=str(proposal_id))
    return row


async def moves_of(uow: UnitOfWork, proposal_id: UUID) -> list[SlotMove]:
    return list(await uow.session.scalars(
        select(SlotMove).where(SlotMove.proposal_id == proposal_id).order_by(SlotMove.grp, SlotMove.seq)
        .execution_options(populate_existing=True)
    ))  # fmt: skip


_HELD = text("""
SELECT b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status, b.qty_each, b.allocated_each,
       EXISTS (SELECT 1 FROM serial x WHERE x.place_id = b.place_id AND x.sku_id = b.sku_id) AS serials
FROM stock_balance b JOIN location l ON l.id = b.place_id AND l.active AND l.kind IN ('bin', 'reserve')
WHERE b.qty_each > 0 ORDER BY b.place_id, b.sku_id, b.lot_id
""")
_TOURS = text("""
SELECT group_id, floor(extract(epoch FROM :now - done_at) / 86400)::int AS ago, array_agg(DISTINCT sku_id) AS skus
FROM task WHERE kind = 'pick' AND state IN ('done', 'shorted') AND group_id IS NOT NULL
  AND done_at > :now - make_interval(days => :days) GROUP BY 1, 2 ORDER BY 2 DESC, 1
""")


async def snapshot(uow: UnitOfWork, proposal_id: UUID) -> plan.Snapshot | None:
    """What the planner needs to know; None when the proposal was overtaken or there is no floor."""
    asked = await proposal(uow, proposal_id)
    graph = await layout.walk_graph(uow)
    if asked.state != "planning" or not graph.ids:
        return None
    node = graph.index()
    bins = tuple((await house(uow, promises=False)).bins.values())
    at = {b.place_id: i for i, b in enumerate(bins)}
    open_tasks = [
        (kind, t)
        for kind in ("putaway", "move", "pick", "count")
        for t in await work.tasks(uow, kind=kind, limit=100_000)
    ]
    busy = {t.place_id for _, t in open_tasks}
    promised = {at[t.to_place_id] for _, t in open_tasks if t.to_place_id in at}
    items, of_sku = await _items(uow, at, busy)
    parks, drops = await layout.locations(uow, ["cart"]), await layout.locations(uow, ["staging"])
    fetch, put = (parks or drops), (drops or parks)
    return plan.Snapshot(
        bins, tuple(node[b.node] for b in bins), frozenset(promised), items, await _days(uow, of_sku),
        tuple((int(x), int(y)) for x, y in graph.xy_mm), graph.edges, node[fetch[0].node_id] if fetch else 0,
        node[put[0].node_id] if put else 0, await work.standard(uow, "pick"), asked.budget, asked.horizon_days, asked.lane_size,
    )  # fmt: skip


async def _items(uow: UnitOfWork, at: dict[int, int], busy: set[int]) -> tuple[tuple[plan.Item, ...], dict[int, int]]:
    """(what lies in each location, SKU to the item that it is picked from)."""
    rows = (await uow.session.execute(_HELD)).all()
    skus = await catalog.skus(uow, {r.sku_id for r in rows})
    grains = Counter(r.place_id for r in rows)
    first = await stock.first_places(uow, set(skus))
    items: list[plan.Item] = []
    of_sku: dict[int, int] = {}
    seen: set[int] = set()
    for r in rows:
        if r.place_id in seen or r.place_id not in at:
            continue
        seen.add(r.place_id)
        sku = skus[r.sku_id]
        goods = Goods(
            (r.sku_id, r.lot_id, r.owner_id, r.status), r.qty_each, (sku.length_mm, sku.width_mm, sku.height_mm), sku.weight_g,
            sku.velocity_class, sku.hazard, sku.temperature, sku.family,
        )  # fmt: skip
        stays = (
            grains[r.place_id] > 1 or r.allocated_each > 0 or r.serials or r.place_id in busy or r.status != "available"
        )
        if first.get(r.sku_id) == r.place_id:
            of_sku[r.sku_id] = len(items)
        items.append(plan.Item(at[r.place_id], sku.code, goods, bool(stays)))
    return tuple(items), of_sku


async def _days(uow: UnitOfWork, of_sku: dict[int, int]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Tours of the last days as they were walked, oldest day first, as items."""
    rows = await uow.session.execute(_TOURS, {"now": uow.now, "days": TOUR_DAYS})
    days: dict[int, list[tuple[int, ...]]] = {}
    for r in rows:
        tour = tuple(sorted({of_sku[s] for s in r.skus if s in of_sku}))
        if tour:
            days.setdefault(r.ago, []).append(tour)
    return tuple(tuple(days[ago]) for ago in sorted(days, reverse=True))


async def proposals(uow: UnitOfWork, limit: int = 20) -> list[dict[str, Any]]:
    """Newest first."""
    rows = await uow.session.scalars(select(SlotProposal).order_by(SlotProposal.id.desc()).limit(limit))
    return [_shown(r) for r in rows]


def _shown(row: SlotProposal) -> dict[str, Any]:
    result = {k: v for k, v in row.result.items() if k != "heat"}
    return {
        "id": str(row.id), "state": row.state, "created_at": row.created_at, "created_by": row.created_by,
        "planned_at": row.planned_at, "budget": row.budget, "horizon_days": row.horizon_days, "lane_size": row.lane_size, **result,
    }  # fmt: skip


async def proposed(uow: UnitOfWork, proposal_id: UUID) -> dict[str, Any]:
    """One proposal with its moves and the picks a day of each location before and after. Errors: UnknownProposal."""
    row = await proposal(uow, proposal_id)
    moves = await moves_of(uow, proposal_id)
    skus = await catalog.skus(uow, {m.sku_id for m in moves})
    codes = await layout.place_codes(uow, {p for m in moves for p in (m.from_place_id, m.to_place_id)})
    shown = [
        {"id": str(m.id), "group": m.grp, "seq": m.seq, "sku": skus[m.sku_id].code, "name": skus[m.sku_id].name,
         "qty_each": m.qty_each, "from": codes[m.from_place_id], "to": codes[m.to_place_id], "saving_mm": m.saving_mm,
         "walk_mm": m.walk_mm, "net_mm": m.net_mm, "why": m.why, "state": m.state, "ended_why": m.ended_why}
        for m in moves
    ]  # fmt: skip
    return {**_shown(row), "heat": row.result.get("heat", {}), "moves": shown}


async def slots(uow: UnitOfWork, words: str = "", limit: int = 500) -> list[dict[str, Any]]:
    """What lies in each storage location, and why there."""
    rows = await uow.session.execute(
        text("""
        SELECT l.code AS location, s.code AS sku, s.velocity_class, sum(b.qty_each)::int AS qty_each, w.at, w.by,
               coalesce(w.why, 'lay here before slotting kept reasons') AS why
        FROM stock_balance b JOIN location l ON l.id = b.place_id AND l.active AND l.kind IN ('bin', 'reserve')
        JOIN sku s ON s.id = b.sku_id LEFT JOIN slot_why w ON w.place_id = b.place_id AND w.sku_id = b.sku_id
        WHERE b.qty_each > 0 AND (l.code ILIKE :q OR s.code ILIKE :q)
        GROUP BY l.code, s.code, s.velocity_class, w.at, w.by, w.why ORDER BY l.code, s.code LIMIT :limit"""),
        {"q": f"%{words}%", "limit": limit},
    )
    return [dict(r._mapping) for r in rows]


async def lane_walks(uow: UnitOfWork, size: int) -> dict[int, float]:
    """The SKUs of the golden lane, busiest first, to the walk of one line of them now, mm: there, and the reach."""
    by_day = await pick_days(uow, rules.WINDOW_DAYS)
    busiest = sorted((s for s in by_day if sum(by_day[s]) > 0), key=lambda s: (-sum(by_day[s]), s))[:size]
    return await _line_walks(uow, busiest)


async def _line_walks(uow: UnitOfWork, sku_ids: list[int]) -> dict[int, float]:
    first = await stock.first_places(uow, sku_ids)
    bins = (await house(uow, promises=False)).bins
    return {
        s: 2 * bins[first[s]].walk_mm + reach_mm(bins[first[s]].z_mm)
        for s in sku_ids
        if s in first and first[s] in bins
    }


async def golden_lane(uow: UnitOfWork) -> dict[str, Any] | None:
    """Walk per line of the peak's SKUs before it and now, weighted by the lines since it began; None when it is no peak."""
    setting = await policy(uow)
    if not setting.peak or setting.peak_since is None:
        return None
    before = {int(s): float(mm) for s, mm in setting.before.items()}
    now = await _line_walks(uow, sorted(before))
    rows = await uow.session.execute(
        text("SELECT sku_id, count(*) AS n FROM movement WHERE reason = 'pick' AND recorded_at > :since GROUP BY 1"),
        {"since": setting.peak_since},
    )
    lines = {r.sku_id: int(r.n) for r in rows if r.sku_id in now}
    total = sum(lines.values())
    told: dict[str, Any] = {
        "skus": len(before),
        "lines": total,
        "since": setting.peak_since.isoformat(timespec="minutes"),
    }
    if not total:
        return {**told, "change_pct": None}
    was = sum(n * before[s] for s, n in lines.items()) / total
    made = sum(n * now[s] for s, n in lines.items()) / total
    return {
        **told,
        "before_mm": round(was),
        "now_mm": round(made),
        "change_pct": 100 * (made / was - 1) if was else None,
    }

"""Carton sizes proposed from what the site has shipped, with what they would have saved on parcels they were not chosen by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from wms.algorithms.packing.assortment import (
    Grid,
    Parcel,
    Price,
    Report,
    choose,
    descending,
    is_held_out,
    litres,
    report,
)
from wms.algorithms.packing.cost import INCH_UM, UPS
from wms.algorithms.packing.model import Item, Size
from wms.algorithms.packing.shapes import shapes_of
from wms.db.uow import UnitOfWork
from wms.events.assortment import ProposalRequested
from wms.foundation.catalog import queries as catalog

NEWEST = 50_000
CONSOLE_NEWEST = 8_000

_SHIPPED = text("""
    SELECT CAST(p.id AS text) AS id, p.items FROM parcel p JOIN carton c ON c.code = p.carton AND NOT c.bag
    WHERE p.state = 'labelled' AND p.labelled_at >= :since ORDER BY p.labelled_at DESC LIMIT :newest""")


@dataclass(frozen=True, slots=True)
class History:
    """contents: parcel id to what it held. cartons: today's inner sizes by code."""

    contents: dict[str, tuple[Item, ...]]
    cartons: dict[str, Size]


@dataclass(frozen=True, slots=True)
class Proposal:
    """sizes: inner. now, proposed: on the held-out parcels alone."""

    sizes: tuple[Size, ...]
    now: Report
    proposed: Report

    @property
    def saved_pct(self) -> float:
        return 100 * (1 - self.proposed.cost / self.now.cost) if self.now.cost else 0.0


async def history(uow: UnitOfWork, days: int, newest: int = NEWEST) -> History:
    """What was shipped in cartons in so many days."""
    rows = list(await uow.session.execute(_SHIPPED, {"since": uow.now - timedelta(days=days), "newest": newest}))
    skus = await catalog.skus(uow, sorted({int(sku) for r in rows for sku in r.items}))
    contents = {}
    for r in rows:
        contents[r.id] = tuple(
            Item(sku, (s.length_mm, s.width_mm, s.height_mm), s.weight_g, int(n), fragile=s.fragile)
            for sku, n in sorted(r.items.items()) if int(n) > 0 and (s := skus.get(int(sku)))
        )  # fmt: skip
    return History(contents, {c.code: c.inner_mm for c in await catalog.cartons(uow) if not c.bag})


def parcels_of(past: History) -> list[Parcel]:
    """What each parcel needs; equal contents are arranged once."""
    seen: dict[tuple[Item, ...], tuple[Size, ...]] = {}
    parcels = []
    for key, items in past.contents.items():
        if items and items not in seen:
            seen[items] = shapes_of(items)
        if items and seen[items]:
            volume, weight = sum(i.volume_mm3 * i.qty for i in items), sum(i.weight_g * i.qty for i in items)
            parcels.append(Parcel(key, seen[items], volume, weight))
    return parcels


def propose(
    past: History, count: int, *, locked: Sequence[str] = (), grid: Grid | None = None, price: Price = litres
) -> Proposal:
    """Choose on seven tenths of the parcels, judge on the rest. Errors: ValueError, too little history or no such carton."""
    if unknown := [code for code in locked if code not in past.cartons]:
        raise ValueError(f"no such carton: {', '.join(unknown)}")
    parcels = parcels_of(past)
    seen, unseen = [p for p in parcels if not is_held_out(p.key)], [p for p in parcels if is_held_out(p.key)]
    if not seen or not unseen:
        raise ValueError(f"{len(parcels)} parcels are too few to choose by and to judge on")
    made = choose(seen, count, grid=grid, price=price, locked=[past.cartons[code] for code in locked])
    return Proposal(
        made.sizes, report(unseen, list(past.cartons.values()), grid=grid, price=price),
        report(unseen, made.sizes, grid=grid, price=price),
    )  # fmt: skip


async def choose_sizes(uow: UnitOfWork, event: ProposalRequested) -> tuple[History, ProposalRequested]:
    """What a proposal asked for on the console is chosen by: the newest parcels, fewer than the command takes, for the solver
    also plans waves."""
    return await history(uow, event.days, CONSOLE_NEWEST), event


def solve(snapshot: tuple[History, ProposalRequested]) -> dict[str, Any]:
    """The proposal as its row keeps it; `why` alone where there is nothing to choose by."""
    past, asked = snapshot
    grid = Grid(INCH_UM, asked.wall_mm) if asked.inch else Grid(wall_mm=asked.wall_mm)
    try:
        made = propose(past, asked.sizes, locked=asked.locked, grid=grid, price=billed_lb if asked.billed else litres)
    except ValueError as error:
        return {"why": str(error)}
    kept = {descending(past.cartons[code]): code for code in asked.locked}
    told = {
        name: {"fill": r.fill, "cost": r.cost, "alone": r.alone, "parcels": r.parcels}
        for name, r in (("now", made.now), ("proposed", made.proposed))
    }
    sizes = [
        {"inner_mm": list(s), "outer_mm": list(grid.outer(s)), "parcels": n, "locked": kept.get(s, "")}
        for s, n in zip(made.sizes, made.proposed.used, strict=True)
    ]
    return {"sizes": sizes, **told, "saved_pct": made.saved_pct, "unit": "lb" if asked.billed else "l"}


def billed_lb(outer: Size, weight_g: int) -> float:
    """Pounds that UPS and FedEx bill."""
    return float(UPS.units(outer, weight_g))


def picture(sizes: Sequence[Size], used: Sequence[int]) -> str:
    """The sizes side by side to one scale, as an SVG: each carton in outline, its sides and how many parcels it takes."""
    scale = 180 / max((s[0] for s in sizes), default=1)
    x, shapes, floor = 20.0, [], 20 + max((0.45 * s[1] + s[2]) * scale for s in sizes)
    for (a, b, c), n in zip(sizes, used, strict=True):
        w, d, h = a * scale, 0.45 * b * scale, c * scale
        front = f"M{x:.0f},{floor:.0f} h{w:.0f} v{-h:.0f} h{-w:.0f} z"
        top = f"M{x:.0f},{floor - h:.0f} l{d:.0f},{-d:.0f} h{w:.0f} l{-d:.0f},{d:.0f} z"
        side = f"M{x + w:.0f},{floor:.0f} l{d:.0f},{-d:.0f} v{-h:.0f} l{-d:.0f},{d:.0f} z"
        for path, fill in ((front, "#d9b382"), (top, "#ecd3ad"), (side, "#b98f5b")):
            shapes.append(f'<path d="{path}" fill="{fill}" stroke="#5b4022"/>')
        shapes.append(f'<text x="{x:.0f}" y="{floor + 18:.0f}">{a} × {b} × {c} mm</text>')
        shapes.append(f'<text x="{x:.0f}" y="{floor + 34:.0f}" fill="#666">{n:,} parcels</text>')
        x += max(w + d, 160) + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{x:.0f}" height="{floor + 48:.0f}" font-family="sans-serif" '
        f'font-size="13">{"".join(shapes)}</svg>\n'
    )

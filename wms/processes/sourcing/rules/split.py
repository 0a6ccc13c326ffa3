"""How an order is split: what this house serves stays, what another warehouse has goes there.

Most pieces served first, then the fewest parcels, the least cost, the shortest lead time; the rest is by code, so that the same facts
always give the same answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Literal

from wms.processes.sourcing.rules.warehouses import Warehouse

SOURCES_MOST = 3
"""Other warehouses that one order is split among, at most."""


@dataclass(frozen=True, slots=True)
class Need:
    """An open line. Lines of one bundle are sent together."""

    line_id: str
    sku_id: int
    sku: str
    qty_each: int
    bundle: str = ""
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Order:
    needs: tuple[Need, ...]
    country: str
    channel: str
    whole: bool
    """Complete only, and not allowed to be split: one warehouse sends all of it, or nothing moves."""
    complete: bool
    """Complete only: split only where nothing is left over."""
    parcels_max: int
    cutoff_at: datetime


@dataclass(frozen=True, slots=True)
class There:
    """What another warehouse has. `free`: SKU id to pieces; `stale`: why its report counts as none."""

    warehouse: Warehouse
    free: Mapping[int, int]
    stale: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """Pieces that a supplier has announced and that have not come."""

    sku_id: int
    qty_each: int
    due_at: datetime
    ref: str


@dataclass(frozen=True, slots=True)
class Part:
    warehouse: str
    lines: tuple[tuple[str, int, int], ...]
    """(line id, SKU id, pieces)."""
    cents: int
    lead_days: float


@dataclass(frozen=True, slots=True)
class Decision:
    """here: all of it is served here. wait: until `until`. split, elsewhere: `parts` go. short: nobody has what is missing."""

    kind: Literal["here", "wait", "split", "elsewhere", "short"]
    why: str
    parts: tuple[Part, ...] = ()
    until: datetime | None = None
    considered: tuple[tuple[str, str], ...] = field(default=())
    """(warehouse, what speaks for or against it)."""


Movable = tuple[tuple[Need, int], ...]
"""Lines that go together, each with the pieces of it that are to be sent from elsewhere."""


def choose(order: Order, here: Mapping[int, int], there: Sequence[There], coming: Iterable[Coming] = ()) -> Decision:
    """`here`: SKU id to pieces that may be promised from this house."""
    missing, stays = _missing(order, here)
    if not missing:
        return Decision("here", "all of it is served here")
    lack = _pieces(missing)
    said = ", ".join(f"{sku} x {n}" for sku, n in lack.items())
    if (wait := _wait(missing, coming, order.cutoff_at)) is not None:
        ref, due = wait
        return Decision(
            "wait",
            f"{said} not here; notice {ref} brings it by {due:%Y-%m-%d %H:%M}, before the cut-off",
            until=due,
        )
    if order.whole:
        missing, stays = [tuple((n, n.qty_each) for n in order.needs)], False
    able, considered = _able(order, missing, there)
    best = _best(order, missing, stays, able)
    if best is None:
        return Decision("short", f"{said} neither here nor elsewhere as the order allows", considered=considered)
    parts = best[1]
    gone = " + ".join(p.warehouse for p in parts)
    left = sum(n for g in missing for _, n in g) - sum(n for p in parts for _, _, n in p.lines)
    cents, days = sum(p.cents for p in parts), max(p.lead_days for p in parts)
    why = f"{said} not here: {gone}; {len(parts) + stays} parcels, {cents / 100:.2f}, {days:g} days"
    if left:
        why += f"; {left} pieces nowhere"
    others = [x.warehouse.code for x in able if x.warehouse.code not in {p.warehouse for p in parts}]
    if others:
        why += f"; rather than {', '.join(others[:5])}"
    return Decision("split" if stays or left else "elsewhere", why, parts, considered=considered)


def less(coming: Iterable[Coming], taken: Mapping[int, int]) -> list[Coming]:
    """What is announced without what others wait for. `taken`: SKU id to pieces, which have the first that come."""
    left, kept = dict(taken), list[Coming]()
    for one in sorted(coming, key=lambda c: (c.due_at, c.ref)):
        n = min(one.qty_each, max(0, left.get(one.sku_id, 0)))
        left[one.sku_id] = left.get(one.sku_id, 0) - n
        if n < one.qty_each:
            kept.append(Coming(one.sku_id, one.qty_each - n, one.due_at, one.ref))
    return kept


def _missing(order: Order, here: Mapping[int, int]) -> tuple[list[Movable], bool]:
    """What cannot be served here, and whether anything is."""
    free = dict(here)
    missing, stays = list[Movable](), False
    for group in _groups(order.needs):
        wanted = tuple((n, n.qty_each) for n in group)
        if group[0].bundle and not _has_all(free, wanted):
            missing.append(wanted)
            continue
        lacking = list[tuple[Need, int]]()
        for n in group:
            served = min(n.qty_each, max(0, free.get(n.sku_id, 0)))
            free[n.sku_id] = free.get(n.sku_id, 0) - served
            stays = stays or served > 0
            if served < n.qty_each:
                lacking.append((n, n.qty_each - served))
        if lacking:
            missing.append(tuple(lacking))
    return missing, stays


def _groups(needs: Iterable[Need]) -> list[list[Need]]:
    groups: dict[str, list[Need]] = {}
    for n in needs:
        groups.setdefault(f"b:{n.bundle}" if n.bundle else f"l:{n.line_id}", []).append(n)
    return list(groups.values())


def _pieces(missing: Iterable[Movable]) -> dict[str, int]:
    found: dict[str, int] = {}
    for need, n in (x for group in missing for x in group):
        found[need.sku] = found.get(need.sku, 0) + n
    return found


def _wait(missing: Sequence[Movable], coming: Iterable[Coming], by: datetime) -> tuple[str, datetime] | None:
    """The notice that is due last of those that bring all that is missing in time; None where they do not."""
    open_each: dict[int, int] = {}
    for need, n in (x for group in missing for x in group):
        open_each[need.sku_id] = open_each.get(need.sku_id, 0) + n
    last: tuple[datetime, str] | None = None
    for one in sorted(coming, key=lambda c: (c.due_at, c.ref)):
        if one.due_at <= by and open_each.get(one.sku_id, 0) > 0:
            open_each[one.sku_id] -= one.qty_each
            last = max(last or (one.due_at, one.ref), (one.due_at, one.ref))
    return (last[1], last[0]) if last is not None and all(n <= 0 for n in open_each.values()) else None


def _able(
    order: Order, missing: Sequence[Movable], there: Sequence[There]
) -> tuple[list[There], tuple[tuple[str, str], ...]]:
    """Warehouses that may send some of it, the cheapest first; and what was found of each."""
    lack = {n.sku_id: n for group in missing for n, _ in group}
    able, said = list[There](), list[tuple[str, str]]()
    for one in sorted(there, key=lambda x: (x.warehouse.parcel_cents, x.warehouse.lead_days, x.warehouse.code)):
        w = one.warehouse
        all_of_it = {s: one.free[s] for s in lack if one.free.get(s, 0) > 0}
        has = {s: n for s, n in all_of_it.items() if not lack[s].attributes & set(w.refuses)}
        barred = sorted({a for s in all_of_it for a in lack[s].attributes} & set(w.refuses))
        against = (
            "not active" if not w.active
            else one.stale if one.stale
            else f"does not ship to {order.country or '-'}" if w.countries and order.country not in w.countries
            else f"sends no orders of {order.channel}" if w.channels and order.channel not in w.channels
            else "has none of it" if not all_of_it
            else f"does not send {', '.join(barred)}" if not has
            else ""
        )  # fmt: skip
        if not against:
            able.append(There(w, has))
        stock = ", ".join(f"{lack[s].sku} x {n}" for s, n in has.items())
        said.append((w.code, against or f"has {stock}; {w.parcel_cents / 100:.2f} a parcel, {w.lead_days:g} days"))
    return able, tuple(said)


Score = tuple[int, int, int, float, tuple[str, ...]]


def _best(
    order: Order, missing: Sequence[Movable], stays: bool, able: Sequence[There]
) -> tuple[Score, tuple[Part, ...]] | None:
    """The best way, every set of warehouses tried from the smallest on."""
    wanted = sum(n for group in missing for _, n in group)
    most = 1 if order.whole else min(SOURCES_MOST, order.parcels_max - stays, len(able))
    best: tuple[Score, tuple[Part, ...]] | None = None
    for size in range(1, most + 1):
        for chosen in combinations(able, size):
            bonded = {x.warehouse.bonded for x in chosen}
            if len(bonded) > 1 or (True in bonded and stays):  # bonded stock is never mixed with free
                continue
            parts = _assign(missing, chosen)
            served = sum(n for p in parts for _, _, n in p.lines)
            if len(parts) < size or ((order.whole or order.complete or True in bonded) and served < wanted):
                continue
            score = (-served, size, sum(p.cents for p in parts), max(p.lead_days for p in parts),
                     tuple(p.warehouse for p in parts))  # fmt: skip
            if best is None or score < best[0]:
                best = (score, parts)
    return best


def _assign(missing: Sequence[Movable], chosen: Sequence[There]) -> tuple[Part, ...]:
    """Each group to the first warehouse that has all of it; single lines in pieces where none has. The largest first."""
    free = [dict(x.free) for x in chosen]
    lines: list[list[tuple[str, int, int]]] = [[] for _ in chosen]

    def give(at: int, need: Need, n: int) -> None:
        free[at][need.sku_id] -= n
        lines[at].append((need.line_id, need.sku_id, n))

    for group in sorted(missing, key=lambda g: (-sum(n for _, n in g), g[0][0].line_id)):
        at = next((i for i in range(len(chosen)) if _has_all(free[i], group)), None)
        if at is not None:
            for need, n in group:
                give(at, need, n)
        elif len(group) == 1 and not group[0][0].bundle:
            need, left = group[0]
            for i in range(len(chosen)):
                n = min(left, max(0, free[i].get(need.sku_id, 0)))
                if n:
                    give(i, need, n)
                    left -= n
    return tuple(
        Part(x.warehouse.code, tuple(lines[i]), x.warehouse.parcel_cents, x.warehouse.lead_days)
        for i, x in enumerate(chosen) if lines[i]
    )  # fmt: skip


def _has_all(free: Mapping[int, int], group: Movable) -> bool:
    lack: dict[int, int] = {}
    for need, n in group:
        lack[need.sku_id] = lack.get(need.sku_id, 0) + n
    return all(free.get(s, 0) >= n for s, n in lack.items())

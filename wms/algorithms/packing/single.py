"""One carton for all: the first on the shelf that takes them, by closed form, by lattice, by many starts, at last exactly."""

from collections.abc import Sequence
from typing import Any

from wms.algorithms.packing.kernel import STARTS_ROW, first_that_takes_all, flat
from wms.algorithms.packing.kinds import NO_LIMIT, Kind
from wms.algorithms.packing.lattice import arrange
from wms.algorithms.packing.model import Box
from wms.algorithms.packing.search import Cuboid, Found, Search

LATTICE_FROM = 4
"""Fewer equal units are found by the starts."""
STARTS_UP_TO = 400
"""Units; a lattice alone answers for more."""
Candidate = tuple[float, int, int, int, int, Box]


def single(kinds: list[Kind], search: Search) -> Found | None:
    """The best carton that is found to take all units; None when none is."""
    allowed = search.allowed(kinds)
    if not allowed:
        return None
    if len(kinds) == 1 and kinds[0].units == 1:
        return _one_unit(kinds[0], allowed, search)
    if len(kinds) == 1 and kinds[0].cap_g == NO_LIMIT and (kinds[0].units > LATTICE_FROM or len(kinds[0].turns) == 1):
        return _equal_units(kinds[0], allowed, search)
    data = layout(kinds, allowed)
    effort, rules = search.effort, search.rules
    at, turned, placed, steps, proven = first_that_takes_all(
        data, STARTS_ROW, effort.starts, effort.steps, rules.support_pct, effort.seed
    )
    search.steps += steps
    if at < 0:
        return None
    return search.found(allowed[at][5], kinds, upright(placed, turned), proven)


def _equal_units(kind: Kind, allowed: Sequence[Candidate], search: Search) -> Found | None:
    """A lattice; where it does not take all, many starts in that carton. Both are heuristics above one turn."""
    rules, effort, proven = search.rules, search.effort, True
    for one in allowed:
        placed = arrange(one[1:4], kind.turns, kind.units, rules.support_pct)
        if placed is None and len(kind.turns) > 1:  # with one turn the lattice is exact
            refuted = False
            if kind.units <= STARTS_UP_TO:
                data = layout([kind], [one])
                at, turned, found, steps, refuted = first_that_takes_all(
                    data, STARTS_ROW, min(effort.starts, 12), effort.steps, rules.support_pct, effort.seed
                )
                search.steps += steps
                placed = None if at < 0 else upright(found, turned)
            proven = proven and (refuted or placed is not None)
        if placed is not None:
            return search.found(one[5], [kind], placed, proven)
    return None


def _one_unit(kind: Kind, allowed: Sequence[Candidate], search: Search) -> Found | None:
    for _, width, length, height, _, box in allowed:
        for x, y, z in kind.turns:
            if x <= width and y <= length and z <= height:
                return search.found(box, [kind], [(0, 0, 0, x, y, z, 0)], True)
    return None


def upright(placed: Sequence[Cuboid], turned: int) -> list[Cuboid]:
    """Placements in the carton's own axes, when the search had turned its base."""
    if not turned:
        return list(placed)
    return [(y1, x1, z1, y2, x2, z2, k) for x1, y1, z1, x2, y2, z2, k in placed]


def layout(kinds: Sequence[Kind], boxes: Sequence[Candidate], by_density: bool = False) -> Any:
    """What the kernels read: counts and the thinnest side; boxes; kinds; turns; four orders of the kinds, or six with density."""
    n = len(kinds)
    row = [len(boxes), n, 0, 0]
    for _, width, length, height, payload, _ in boxes:
        row += (width, length, height, payload)
    stands: list[int] = []
    count = 0
    thin = []
    guarded = False
    for k in kinds:
        row += (count, count + len(k.turns), k.weight_g, k.cap_g, k.units)
        for t in k.turns:
            stands += t
        count += len(k.turns)
        thin.append(min(k.size))
        guarded = guarded or k.cap_g != NO_LIMIT
    row[2], row[3] = count, min(thin)
    row += stands
    if n == 1:
        row += (0, 0, 0, 0, 0, 0)
        return flat(row)
    by_volume = range(n)  # kinds come so
    long = [-max(k.size) for k in kinds]
    face = [-k.volume // t for k, t in zip(kinds, thin, strict=True)]
    orders = [
        list(by_volume), sorted(by_volume, key=long.__getitem__), sorted(by_volume, key=face.__getitem__),
        sorted(by_volume, key=thin.__getitem__, reverse=True),
    ]  # fmt: skip
    if by_density:
        density = [k.weight_g / k.volume for k in kinds]
        orders.append(sorted(by_volume, key=density.__getitem__))
        orders.append(orders[-1][::-1])
    for order in orders:
        if guarded:  # what may carry least comes last, on top
            order.sort(key=lambda i: -kinds[i].cap_g if kinds[i].cap_g != NO_LIMIT else -(1 << 60))
        row += order
    return flat(row)

"""One carton for all: the first on the shelf that takes them, by closed form, by lattice, by many starts, at last exactly or by
blocks."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from wms.algorithms.packing.blocks import load
from wms.algorithms.packing.exact import FOUND, OPEN, REFUTED, decide
from wms.algorithms.packing.kinds import NO_LIMIT, Kind
from wms.algorithms.packing.lattice import arrange
from wms.algorithms.packing.model import Box, Size
from wms.algorithms.packing.search import Found, Search
from wms.algorithms.packing.space import Cuboids
from wms.algorithms.packing.starts import STARTS_ROW, first_that_takes_all, flat

LATTICE_FROM = 4
"""Fewer equal units are found by the starts."""
STARTS_UP_TO = 400
"""Units; a lattice alone answers for more."""
QUICK = 20
"""Starts before anything thorough."""
FLOATING = 3
"""So many times the starts are made where nothing asks for support: one costs less then, and its packings are more various."""
CHUNK = 60
"""Starts between two looks at the clock."""
NO_PLAN = flat([])
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
    at, found, proven = _quick(kinds, allowed, search)
    if not proven:
        better, proven = _thorough(kinds, allowed[:at] if found else allowed, search, not found)
        found = better or found
    return search.found(found[0], kinds, found[1], proven) if found else None


Answer = tuple[Box, Cuboids]


def _quick(kinds: list[Kind], allowed: Sequence[Candidate], search: Search) -> tuple[int, Answer | None, bool]:
    """(index of the first carton that takes all by few starts, the packing, whether bounds refute those before)."""
    starts = min(search.effort.starts, QUICK)
    if search.deadline is None:
        return _try(kinds, allowed, search, starts, STARTS_ROW)
    at, found, proven = _try(kinds, allowed, search, 1, STARTS_ROW)  # with a clock, first anything at all
    if proven:
        return at, found, proven
    proven = True
    for n, one in enumerate(allowed[: at if found else None]):
        if search.late():
            return at, found, False
        _, better, refuted = _try(kinds, [one], search, starts, STARTS_ROW)
        if better:
            return n, better, proven
        proven = proven and refuted
    return at, found, proven


def _thorough(
    kinds: list[Kind], smaller: Sequence[Candidate], search: Search, last: bool
) -> tuple[Answer | None, bool]:
    """Smaller cartons searched to the end where units are few, else with many more starts; without a support rule by blocks as
    well, which are dense and slow: in a quick search only when several cartons come `last`.

    Returns (a packing, whether it is proven that no smaller carton would do).
    """
    effort, support = search.effort, search.rules.support_pct
    units = sum([k.units for k in kinds])
    few = units <= effort.exact_units
    guarded = any([k.cap_g != NO_LIMIT for k in kinds])
    blocks = not (support or guarded) and (last or effort.starts > QUICK)
    starts = effort.starts if support else FLOATING * effort.starts
    proven = few and not search.shelf.bags
    for one in smaller:
        state = OPEN
        if few and not search.late():
            state, placed, steps = decide(*_units(kinds, one), effort.exact_steps, support)
            search.steps += steps
            if state == FOUND and not guarded:
                return (one[5], placed), proven
        for n in range(QUICK, starts if state != REFUTED else 0, CHUNK):
            if search.late():
                return None, False
            _, found, refuted = _try(kinds, [one], search, min(CHUNK, starts - n), NO_PLAN, n)
            if found:
                return found, proven
            if refuted:
                state = REFUTED
                break
        if blocks and state != REFUTED and not search.late():
            dense = load(one[1:4], [(k.turns, k.units) for k in kinds], effort.steps)
            search.steps += effort.steps
            if len(dense) == units:
                return (one[5], dense), proven
        proven = proven and state == REFUTED
    return None, proven


def _units(kinds: Sequence[Kind], one: Candidate) -> tuple[Any, Any, Any]:
    """What `exact.decide` reads."""
    units: list[int] = []
    stands: list[int] = []
    for n, k in enumerate(kinds):
        first = len(stands) // 3
        for turn in k.turns:
            stands += turn
        units += (first, first + len(k.turns), n) * k.units
    return flat(one[1:4]), flat(units), flat(stands)


def _try(
    kinds: list[Kind], boxes: Sequence[Candidate], search: Search, starts: int, plan: Any, drawn: int = 0
) -> tuple[int, Answer | None, bool]:
    effort = search.effort
    at, placed, steps, proven = first_that_takes_all(
        layout(kinds, boxes), plan, starts, effort.steps, search.rules.support_pct, effort.seed + drawn
    )
    search.steps += steps
    return at, (boxes[at][5], placed) if at >= 0 else None, proven


def _equal_units(kind: Kind, allowed: Sequence[Candidate], search: Search) -> Found | None:
    """A lattice; where it does not take all, many starts in that carton. Both are heuristics above one turn."""
    proven = True
    for one in allowed:
        placed = arrange(one[1:4], kind.turns, kind.units, search.rules.support_pct)
        if placed is None and len(kind.turns) > 1:  # with one turn the lattice is exact
            refuted = False
            if kind.units <= STARTS_UP_TO:
                _, found, refuted = _try([kind], [one], search, 12, STARTS_ROW)
                placed = found[1] if found else None
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


def layout(kinds: Sequence[Kind], boxes: Sequence[Candidate]) -> Any:
    """What the kernels read: counts of boxes, kinds and turns; boxes; kinds; turns."""
    row = [len(boxes), len(kinds), 0]
    for one in boxes:
        row += one[1:5]
    stands: list[Size] = []
    for k in kinds:
        first = len(stands)
        stands += k.turns
        row += (first, len(stands), k.weight_g, k.cap_g, k.units)
    row[2] = len(stands)
    row += chain.from_iterable(stands)
    return flat(row)

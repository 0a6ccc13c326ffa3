"""Which location serves each line where an item lies in several, so that the walk over them is shortest.

Few ways to choose: all are tried. Many: the nearest location is inserted line by line, then locations are exchanged by annealing
on the walk's length (Kirkpatrick, Gelatt, Vecchi 1983), which is exact between parallel aisles. The problem is NP-hard.
Source: Weidinger, "Picker routing in rectangular mixed shelves warehouses", Computers & OR 95, 2018; Hessler and Irnich, "Exact
solution of the single-picker routing problem with scattered storage", INFORMS J. Computing 36(6), 2024, for the optima compared.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wms.algorithms.batching.search import Cost, prepared, scratch_for, signature, tour_cost
from wms.algorithms.compiled import njit
from wms.algorithms.draws import below, chance, seeded

EXACT_WAYS = 5_000
"""Ways to choose up to which all are tried."""
MOVES_PER_LINE, STARTS = 1_500, 6
HOT, COLD = 0.06, 0.002
"""Temperature at the start and at the end, in lengths of the first walk."""
REGION_SHARE, ANYWHERE_SHARE = 0.15, 0.3
"""Of the moves: those that leave a whole aisle; of the openings: those that do not look for an aisle that is walked anyway."""


@dataclass(frozen=True, slots=True)
class Line:
    """`at`: (place, pieces there) of each location that may serve it; places are indices into the cost's places.

    Lines of one item are one line: two lines do not share pieces.
    """

    pieces: int
    at: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Served:
    """`takes`: of each line, (place, pieces). `refused`: line to the reason; it takes nothing."""

    takes: tuple[tuple[tuple[int, int], ...], ...]
    length: float
    refused: dict[int, str] = field(default_factory=dict)
    exact: bool = False

    @property
    def places(self) -> tuple[int, ...]:
        """Every place visited, once."""
        return tuple(sorted({place for line in self.takes for place, _ in line}))


def serve(lines: Sequence[Line], cost: Cost, *, seed: int = 1, moves: int = 0) -> Served:
    """Locations for all lines that can be served whole. `moves`: of each annealing; 0: by the lines. Never raises."""
    reach = [_reachable(line, cost) for line in lines]
    refused = {i: why for i, (line, at) in enumerate(zip(lines, reach, strict=True)) if (why := _refuse(line, at))}
    kept = [i for i in range(len(lines)) if i not in refused]
    if not kept:
        return Served(tuple(() for _ in lines), 0.0, refused, True)
    walk = _Walks([(lines[i].pieces, reach[i]) for i in kept], cost)
    ways = _ways(walk.lines)
    best = walk.try_all(ways) if ways is not None else walk.anneal(seed, moves)
    takes: list[tuple[tuple[int, int], ...]] = [()] * len(lines)
    for i, (pieces, at) in zip(kept, walk.lines, strict=True):
        takes[i] = _split(pieces, [(p, qty) for p, qty in at if p in best])
    visited = {place for line in takes for place, _ in line}
    return Served(tuple(takes), walk.length(sorted(visited)), refused, ways is not None)


def _reachable(line: Line, cost: Cost) -> tuple[tuple[int, int], ...]:
    held: dict[int, int] = {}
    for place, qty in line.at:
        there = not hasattr(cost, "dist") or bool(
            np.isfinite(cost.dist[-2, place]) and np.isfinite(cost.dist[place, -1])
        )
        if qty > 0 and there:
            held[place] = held.get(place, 0) + qty
    return tuple(sorted(held.items()))


def _refuse(line: Line, reach: Sequence[tuple[int, int]]) -> str:
    there = sum(max(qty, 0) for _, qty in line.at)
    if line.pieces <= 0:
        return "nothing to pick"
    if line.pieces > there:
        return f"more than there is: {line.pieces} of {there}"
    if line.pieces > sum(qty for _, qty in reach):
        return "a place that cannot be walked to"
    return ""


def _split(pieces: int, at: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """From as few of these as will do, the fullest first."""
    taken = []
    for place, qty in sorted(at, key=lambda x: (-x[1], x[0])):
        if pieces > 0:
            taken.append((place, min(qty, pieces)))
            pieces -= qty
    return tuple(taken)


Lines = Sequence[tuple[int, tuple[tuple[int, int], ...]]]
"""(pieces, ((place, pieces there), ...)) of each line."""


def _ways(lines: Lines) -> list[list[tuple[int, ...]]] | None:
    """Of each line the sets of places of which none can be left out; None where trying all takes too long."""
    ways, number = [], 1
    for pieces, at in lines:
        if len(at) > 10:
            return None
        own: list[tuple[int, ...]] = []
        for size in range(1, len(at) + 1):
            for some in itertools.combinations(at, size):
                held = sum(qty for _, qty in some)
                if held >= pieces and all(held - qty < pieces for _, qty in some):
                    own.append(tuple(place for place, _ in some))
        number *= len(own)
        if number > EXACT_WAYS:
            return None
        ways.append(own)
    return ways


class _Walks:
    """Walks over sets of places, in numbers that rise as the kernel wants them."""

    def __init__(self, lines: Lines, cost: Cost) -> None:
        used = sorted({place for _, at in lines for place, _ in at})
        numbered, self._tables = prepared(cost, [[place] for place in used])
        self.lines = lines
        self._number = {place: i for i, place in enumerate(used)}
        self._place = np.array([ranks[0] for ranks in numbered], dtype=np.int64)
        regions = np.unique(signature(cost, self._place)[self._place], return_inverse=True)[1]
        self._region = regions.astype(np.int64)
        self._first = np.arange(len(used) + 1, dtype=np.int64)
        self._scratch = scratch_for(len(used) + 2, self._tables)

    def length(self, places: Sequence[int]) -> float:
        members = np.array([self._number[p] for p in places], dtype=np.int64)
        return self._length(members)

    def _length(self, members: np.ndarray) -> float:
        return float(
            tour_cost(members, len(members), -1, -1, -1, -1, self._first, self._place, self._tables, self._scratch)
        )

    def try_all(self, ways: Sequence[Sequence[tuple[int, ...]]]) -> set[int]:
        """The places of the shortest walk of all ways."""
        best, length = set[int](), math.inf
        for way in itertools.product(*ways):
            places = {p for own in way for p in own}
            if (new := self.length(sorted(places))) < length - 1e-9:
                best, length = places, new
        return best

    def anneal(self, seed: int, moves: int = 0) -> set[int]:
        rows = [[(self._number[p], qty) for p, qty in at] for _, at in self.lines]
        by_line = _rows(rows)
        turned: list[list[tuple[int, int]]] = [[] for _ in self._place]
        for i, row in enumerate(rows):
            for p, qty in row:
                turned[p].append((i, qty))
        by_place = _rows(turned)
        wanted = np.array([pieces for pieces, _ in self.lines], dtype=np.int64)
        start = self._insert_all(rows)
        first = self._length(np.flatnonzero(start))
        moves = moves or MOVES_PER_LINE * len(rows)
        best, length = start.copy(), first
        for s in range(STARTS):
            # Every other run begins anew: what it leaves at the first temperature may be a trap.
            open_ = start.copy() if s % 2 else best.copy()
            found = open_.copy()
            new = _anneal(
                moves, HOT * first, COLD * first, open_, found, wanted, by_line, by_place, self._region, seeded(seed + s),
                self._first, self._place, self._tables, self._scratch,
            )  # fmt: skip
            if new < length - 1e-9:
                best, length = found, new
        used = list(self._number)
        return {used[p] for p in np.flatnonzero(best)}

    def _insert_all(self, rows: Sequence[Sequence[tuple[int, int]]]) -> np.ndarray:
        """Lines with the least choice first; each takes the places that make the walk so far least longer."""
        open_ = np.zeros(len(self._place), dtype=np.bool_)
        for i in sorted(range(len(rows)), key=lambda i: (len(rows[i]), i)):
            left = self.lines[i][0] - sum(qty for p, qty in rows[i] if open_[p])
            while left > 0:
                members = np.flatnonzero(open_)
                _, at, qty = min(
                    (self._length(np.append(members, p)) / min(qty, left), p, qty) if not open_[p] else (math.inf, p, qty)
                    for p, qty in rows[i]
                )  # fmt: skip
                open_[at] = True
                left -= qty
        return open_


def _rows(given: Sequence[Sequence[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """first, column, quantity: row r holds entries first[r]..first[r + 1]."""
    first = np.cumsum([0, *(len(row) for row in given)]).astype(np.int64)
    flat = np.array([entry for row in given for entry in row], dtype=np.int64).reshape(-1, 2)
    return first, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])


@njit
def _anneal(  # type: ignore[no-untyped-def]
    moves, hot, cold, open_, best_open, wanted, by_line, by_place, region, random, first, place, tables, scratch,
):  # fmt: skip
    """Closes a place or all of its aisle, opens others for the lines that lack pieces, and closes what nobody needs any more.

    open_: (places) changed in place; best_open: the best. region: of each place, what is near has the same. Returns the best
    length.
    """
    n, k = wanted.shape[0], open_.shape[0]
    l_first, l_place, _ = by_line
    p_first, p_line, p_qty = by_place
    held = np.zeros(n, dtype=np.int64)
    for p in range(k):
        if open_[p]:
            for x in range(p_first[p], p_first[p + 1]):
                held[p_line[x]] += p_qty[x]
    members = np.empty(k, dtype=np.int64)
    now = _walk(open_, members, first, place, tables, scratch)
    best = now
    was_open, was_held = open_.copy(), held.copy()
    busy = np.zeros(k, dtype=np.int8)
    for step in range(moves):
        temperature = hot * (cold / hot) ** (step / moves)
        line = below(random, n)
        wide = l_first[line + 1] - l_first[line]
        if wide < 2:
            continue
        was_open[:] = open_
        was_held[:] = held
        closed = l_place[l_first[line] + below(random, wide)]
        shut = -1
        if open_[closed] and chance(random) < REGION_SHARE:
            shut = region[closed]
            for p in range(k):
                if open_[p] and region[p] == shut:
                    _turn(p, open_, held, by_place)
        else:
            _turn(closed, open_, held, by_place)
            if open_[closed]:  # opened instead: what it makes needless is closed below
                closed = -1
        busy[:] = 0
        for p in range(k):
            if open_[p]:
                busy[region[p]] = 1
        possible = True
        for i in range(n):
            # Where somebody goes anyway comes first, mostly.
            for turn in range(1 if chance(random) < ANYWHERE_SHARE else 0, 3):
                wide = l_first[i + 1] - l_first[i]
                at = below(random, wide) if held[i] < wanted[i] else 0
                for t in range(wide):
                    if held[i] >= wanted[i]:
                        break
                    p = l_place[l_first[i] + (at + t) % wide]
                    if (
                        open_[p]
                        or p == closed
                        or (turn == 0 and busy[region[p]] == 0)
                        or (turn < 2 and region[p] == shut)
                    ):
                        continue
                    _turn(p, open_, held, by_place)
                    busy[region[p]] = 1
            if held[i] < wanted[i]:
                possible = False
                break
        if possible:
            at = below(random, k)
            for t in range(k):
                p = (at + t) % k
                if not open_[p] or (was_open[p] and _no_more(p, held, was_held, by_place)):
                    continue
                needless = True
                for x in range(p_first[p], p_first[p + 1]):
                    if held[p_line[x]] - p_qty[x] < wanted[p_line[x]]:
                        needless = False
                        break
                # What was just opened stays, unless others were opened beside it.
                if needless and (was_open[p] or closed >= 0):
                    _turn(p, open_, held, by_place)
            new = _walk(open_, members, first, place, tables, scratch)
            if new <= now + 1e-9 or chance(random) < np.exp((now - new) / temperature):
                now = new
                if now < best - 1e-9:
                    best = now
                    best_open[:] = open_
                continue
        open_[:] = was_open
        held[:] = was_held
    return best


@njit
def _no_more(p, held, was_held, by_place):  # type: ignore[no-untyped-def]
    """Whether no line of this place has more than before the move."""
    first, line, _ = by_place
    for x in range(first[p], first[p + 1]):  # noqa: SIM110 - a kernel takes no generator
        if held[line[x]] > was_held[line[x]]:
            return False
    return True


@njit
def _turn(p, open_, held, by_place):  # type: ignore[no-untyped-def]
    """Open or closed."""
    first, line, qty = by_place
    sign = -1 if open_[p] else 1
    open_[p] = not open_[p]
    for x in range(first[p], first[p + 1]):
        held[line[x]] += sign * qty[x]


@njit
def _walk(open_, members, first, place, tables, scratch):  # type: ignore[no-untyped-def]
    count = 0
    for p in range(open_.shape[0]):
        if open_[p]:
            members[count] = p
            count += 1
    return tour_cost(members, count, -1, -1, -1, -1, first, place, tables, scratch)

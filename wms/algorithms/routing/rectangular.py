"""Shortest tours through parallel aisles with any number of cross-aisles: exact, linear in the aisles.

One dynamic programme over the tables of `states` sweeps the aisles from left to right; per block of an aisle the best of six
ways to walk it is taken (Ratliff and Rosenthal 1983, figure 4; the longest gap between two picks is what "from both ends"
leaves out). The tour is read off the choices as a closed walk (Hierholzer 1873).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wms.algorithms.compiled import njit
from wms.algorithms.routing import states
from wms.algorithms.routing.states import ABOVE, BELOW, BOTH, NONE, ONCE, TWICE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Table = NDArray[np.int32]
Kernel = tuple[
    Table, Table, Table, Table, Table, Table, Table, Floats, Floats, NDArray[np.int8], int, int, int, int, float
]
"""What `length_kernel` needs: touch, half, vertical, first, target, edges, final, rows, xs, closed, start aisle and row, end
aisle and row, extra."""

FAR = 1e300


@dataclass(frozen=True, slots=True)
class Layout:
    """Aisles stand at `a * pitch`, or at `xs[a]`; cross-aisle k crosses them at `rows[k]`, ascending.

    The walk begins at (depot_aisle, rows[depot_row]) and ends there, or at `end` (aisle, row); `depot_extra` is added at its
    beginning and at its end. Any unit; mm in the product.
    """

    rows: tuple[float, ...]
    pitch: float
    depot_aisle: int = 0
    depot_extra: float = 0.0
    xs: tuple[float, ...] = ()
    depot_row: int = 0
    end: tuple[int, int] | None = None
    closed: frozenset[int] = frozenset()
    """Aisles that are none: only a place on the cross-aisles where a walk begins or ends."""

    def __post_init__(self) -> None:
        if any(b <= a for a, b in zip(self.rows, self.rows[1:], strict=False)):
            raise ValueError("cross-aisles must ascend")


@dataclass(frozen=True, slots=True)
class Tour:
    """`order`: indices of the picks as walked. `path`: corner points (aisle, y) from start to end."""

    order: tuple[int, ...]
    length: float
    path: tuple[tuple[int, float], ...]


@njit
def length_kernel(kernel, aisles, ys, n, cost, new):  # type: ignore[no-untyped-def]
    """Length of the shortest walk to `n` picks sorted by (aisle, y), from its start to its end.

    kernel: `Tours.kernel`. aisles: int64 (>= n), ys: float64 (>= n) within the outer cross-aisles. cost, new: scratch,
    float64 (states). 0.0 for no picks.
    """
    touch, half, vertical, first, target, edges, final, rows, xs, closed, depot, depot_row, end, end_row, extra = kernel
    if n == 0:
        return 0.0
    n_states, n_rows = touch.shape
    low, high = min(aisles[0], depot, end), max(aisles[n - 1], depot, end)
    for s in range(n_states):
        cost[s] = FAR
    cost[0] = 0.0
    at = 0
    for a in range(low, high + 1):
        if a == depot:
            _touch_all(half, depot_row, cost, new)
        if a == end:
            _touch_all(half, end_row, cost, new)
        for b in range(n_rows - 1):
            y0, y1 = rows[b], rows[b + 1]
            if closed[a] == 1:
                continue
            if at < n and aisles[at] == a and ys[at] == y0:
                _touch_all(touch, b, cost, new)
                while at < n and aisles[at] == a and ys[at] == y0:
                    at += 1
            lo, hi, gap, count = 0.0, 0.0, 0.0, 0
            while at < n and aisles[at] == a and ys[at] < y1:
                y = ys[at]
                if count == 0:
                    lo = y
                elif y - hi > gap:
                    gap = y - hi
                hi = y
                count += 1
                at += 1
            whole = y1 - y0
            for s in range(n_states):
                new[s] = FAR
            for s in range(n_states):
                c = cost[s]
                if c >= FAR:
                    continue
                _relax(new, vertical[s, b, ONCE], c + whole)
                _relax(new, vertical[s, b, TWICE], c + 2.0 * whole)
                if count == 0:
                    _relax(new, vertical[s, b, NONE], c)
                else:
                    _relax(new, vertical[s, b, BELOW], c + 2.0 * (hi - y0))
                    _relax(new, vertical[s, b, ABOVE], c + 2.0 * (y1 - lo))
                    if count > 1:
                        _relax(new, vertical[s, b, BOTH], c + 2.0 * (whole - gap))
            for s in range(n_states):
                cost[s] = new[s]
        if at < n and aisles[at] == a:
            _touch_all(touch, n_rows - 1, cost, new)
            while at < n and aisles[at] == a:
                at += 1
        if a < high:
            step = xs[a + 1] - xs[a]
            for s in range(n_states):
                new[s] = FAR
            for s in range(n_states):
                c = cost[s]
                if c < FAR:
                    for m in range(first[s], first[s + 1]):
                        _relax(new, target[m], c + edges[m] * step)
            for s in range(n_states):
                cost[s] = new[s]
    best = FAR
    for s in range(n_states):
        if final[s] == 1 and cost[s] < best:
            best = cost[s]
    return best + extra


@njit
def _relax(new, s, value):  # type: ignore[no-untyped-def]
    if value < new[s]:
        new[s] = value


@njit
def _touch_all(touch, r, cost, new):  # type: ignore[no-untyped-def]
    n_states = cost.shape[0]
    for s in range(n_states):
        new[s] = FAR
    for s in range(n_states):
        if cost[s] < new[touch[s, r]]:
            new[touch[s, r]] = cost[s]
    for s in range(n_states):
        cost[s] = new[s]


@njit
def _choices(kernel, aisles, ys, n, before, chose):  # type: ignore[no-untyped-def]
    """As `length_kernel`, keeping each stage's best predecessor. Returns (length, last state).

    Stages per aisle: the start, the end, then per row a touch and a block, the last row's touch, the move. before, chose:
    int32 (stages, states): state before, and option, move, or -1 for a touch.
    """
    touch, half, vertical, first, target, edges, final, rows, xs, closed, depot, depot_row, end, end_row, extra = kernel
    n_states, n_rows = touch.shape
    low, high = min(aisles[0], depot, end), max(aisles[n - 1], depot, end)
    cost = np.full(n_states, FAR)
    cost[0] = 0.0
    new = np.empty(n_states)
    at, stage = 0, 0
    for a in range(low, high + 1):
        _touch_stage(half, depot_row, a == depot, cost, new, before, chose, stage)
        _touch_stage(half, end_row, a == end, cost, new, before, chose, stage + 1)
        stage += 2
        for b in range(n_rows - 1):
            y0, y1 = rows[b], rows[b + 1]
            on = at < n and aisles[at] == a and ys[at] == y0
            while at < n and aisles[at] == a and ys[at] == y0:
                at += 1
            _touch_stage(touch, b, on, cost, new, before, chose, stage)
            stage += 1
            lo, hi, gap, count = 0.0, 0.0, 0.0, 0
            while at < n and aisles[at] == a and ys[at] < y1:
                y = ys[at]
                if count == 0:
                    lo = y
                elif y - hi > gap:
                    gap = y - hi
                hi = y
                count += 1
                at += 1
            new[:] = FAR
            for s in range(n_states):
                if cost[s] >= FAR:
                    continue
                for o in range(6):
                    if closed[a] == 1 and o != NONE:
                        continue
                    if (o == NONE and count > 0) or (o >= BELOW and count == 0) or (o == BOTH and count < 2):
                        continue
                    c = cost[s]
                    if o == ONCE:
                        c += y1 - y0
                    elif o == TWICE:
                        c += 2.0 * (y1 - y0)
                    elif o == BELOW:
                        c += 2.0 * (hi - y0)
                    elif o == ABOVE:
                        c += 2.0 * (y1 - lo)
                    elif o == BOTH:
                        c += 2.0 * (y1 - y0 - gap)
                    t = vertical[s, b, o]
                    if c < new[t]:
                        new[t] = c
                        before[stage, t] = s
                        chose[stage, t] = o
            cost[:] = new
            stage += 1
        on = at < n and aisles[at] == a
        while at < n and aisles[at] == a:
            at += 1
        _touch_stage(touch, n_rows - 1, on, cost, new, before, chose, stage)
        stage += 1
        if a < high:
            step = xs[a + 1] - xs[a]
            new[:] = FAR
            for s in range(n_states):
                if cost[s] < FAR:
                    for m in range(first[s], first[s + 1]):
                        c = cost[s] + edges[m] * step
                        if c < new[target[m]]:
                            new[target[m]] = c
                            before[stage, target[m]] = s
                            chose[stage, target[m]] = m
            cost[:] = new
            stage += 1
    best, last = FAR, -1
    for s in range(n_states):
        if final[s] == 1 and cost[s] < best:
            best, last = cost[s], s
    return best + extra, last


@njit
def _touch_stage(touch, r, on, cost, new, before, chose, stage):  # type: ignore[no-untyped-def]
    n_states = cost.shape[0]
    new[:] = FAR
    for s in range(n_states):
        t = touch[s, r] if on else s
        if cost[s] < new[t]:
            new[t] = cost[s]
            before[stage, t] = s
            chose[stage, t] = -1
    cost[:] = new


class Tours:
    """Tours on one layout. The tables of its number of cross-aisles are made once per process."""

    def __init__(self, layout: Layout, aisles: int = 256) -> None:
        self.layout = layout
        end = layout.end or (layout.depot_aisle, layout.depot_row)
        self._ends = (layout.depot_aisle, layout.rows[layout.depot_row]), (end[0], layout.rows[end[1]])
        self.table = states.table(len(layout.rows), closed=self._ends[0] == self._ends[1])
        xs = np.array(layout.xs, dtype=np.float64) if layout.xs else np.arange(aisles, dtype=np.float64) * layout.pitch
        t = self.table
        self.kernel: Kernel = (
            t.touch, t.half, t.vertical, t.first, t.target, t.edges, t.final, np.array(layout.rows, dtype=np.float64), xs,
            np.array([a in layout.closed for a in range(len(xs))], dtype=np.int8), layout.depot_aisle, layout.depot_row, *end,
            2.0 * layout.depot_extra,
        )  # fmt: skip
        self._cost, self._new = np.empty(t.states), np.empty(t.states)

    def length(self, aisles: ArrayLike, ys: ArrayLike) -> float:
        """Of the shortest tour; picks in any order. Errors: ValueError for a pick outside the layout."""
        a, y, _ = self._sorted(aisles, ys)
        return float(length_kernel(self.kernel, a, y, len(a), self._cost, self._new))

    def tour(self, aisles: ArrayLike, ys: ArrayLike) -> Tour:
        """A shortest tour with its walk. Errors: ValueError for a pick outside the layout."""
        a, y, order = self._sorted(aisles, ys)
        if not len(a):
            return Tour((), 0.0, ())
        length, walk = self._walk(a, y)
        picks: dict[tuple[int, float], list[int]] = {}
        for i, aisle, at in zip(order.tolist(), a.tolist(), y.tolist(), strict=True):
            picks.setdefault((aisle, at), []).append(i)
        walked: list[int] = []
        for node in walk:
            walked += picks.pop(node, [])
        return Tour(tuple(walked), length, corners(walk))

    def _sorted(self, aisles: ArrayLike, ys: ArrayLike) -> tuple[Ints, Floats, Ints]:
        a, y = np.asarray(aisles, dtype=np.int64), np.asarray(ys, dtype=np.float64)
        rows = self.layout.rows
        if len(a) and (a.min() < 0 or a.max() >= len(self.kernel[8]) or y.min() < rows[0] or y.max() > rows[-1]):
            raise ValueError("a pick lies outside the aisles")
        order = np.lexsort((y, a))
        return a[order], y[order], order

    def _walk(self, a: Ints, y: Floats) -> tuple[float, list[tuple[int, float]]]:
        """(length, nodes (aisle, y) from start to end)."""
        rows, (start, end) = self.layout.rows, self._ends
        low, high = min(int(a[0]), start[0], end[0]), max(int(a[-1]), start[0], end[0])
        per_aisle = 2 * len(rows) + 2
        stages = (high - low + 1) * per_aisle
        before = np.full((stages, self.table.states), -1, dtype=np.int32)
        chose = np.full((stages, self.table.states), -1, dtype=np.int32)
        length, state = _choices(self.kernel, a, y, len(a), before, chose)
        graph: dict[tuple[int, float], list[tuple[int, float]]] = {}

        def join(p: tuple[int, float], q: tuple[int, float]) -> None:
            graph.setdefault(p, []).append(q)
            graph.setdefault(q, []).append(p)

        for stage in range(stages - 2, -1, -1):  # the last aisle has no move
            aisle, part = low + stage // per_aisle, stage % per_aisle
            choice, state = int(chose[stage, state]), int(before[stage, state])
            if choice < 0:
                continue
            if part == per_aisle - 1:
                code = int(self.table.edge_code[choice])
                for r in range(len(rows)):
                    for _ in range(code // 3**r % 3):
                        join((aisle, rows[r]), (aisle + 1, rows[r]))
            elif part >= 2 and part % 2 == 1:
                y0, y1 = rows[(part - 3) // 2], rows[(part - 1) // 2]
                inside = sorted(set(y[(a == aisle) & (y > y0) & (y < y1)].tolist()))
                for p, q in _steps(choice, y0, y1, inside):
                    join((aisle, p), (aisle, q))
        return float(length), _walk_all(graph, start)


def _steps(option: int, y0: float, y1: float, inside: list[float]) -> list[tuple[float, float]]:
    """Stretches walked in a block, each as often as it is walked."""
    points = [y0, *inside, y1]
    pairs = list(itertools.pairwise(points))
    if option == ONCE:
        return pairs
    if option == TWICE:
        return pairs * 2
    if option == BELOW:
        return pairs[:-1] * 2
    if option == ABOVE:
        return pairs[1:] * 2
    if option == BOTH:
        inner = pairs[1:-1]
        left_out = max(inner, key=lambda p: p[1] - p[0])
        return [p for p in pairs if p != left_out] * 2
    return []


def _walk_all(
    graph: dict[tuple[int, float], list[tuple[int, float]]], start: tuple[int, float]
) -> list[tuple[int, float]]:
    """Every edge once: a closed walk, or one between the two odd nodes, of which `start` is one."""
    stack, walk = [start], []
    while stack:
        node = stack[-1]
        if graph.get(node):
            other = graph[node].pop()
            graph[other].remove(node)
            stack.append(other)
        else:
            walk.append(stack.pop())
    return walk[::-1]


def corners(walk: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Only where the walk turns, or turns back."""
    kept = walk[:1]
    for before, here, after in zip(walk, walk[1:], walk[2:], strict=False):
        along_aisle = before[0] == here[0] == after[0] and (here[1] - before[1]) * (after[1] - here[1]) > 0
        across = before[1] == here[1] == after[1] and (here[0] - before[0]) * (after[0] - here[0]) > 0
        if not (along_aisle or across):
            kept.append(here)
    return (*kept, *walk[-1:])

"""Recognises parallel aisles between cross-aisles in a walking graph, so that its tours can be exact.

What only hangs on it (benches, docks, a cart park on a spur) is cut off first; a walk that begins or ends there enters where
the spur joins a cross-aisle. Anything else than straight two-way walks in a full grid of crossings is no rectangle.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from wms.algorithms.routing.rectangular import Layout

LENGTH_MM = 2
"""An edge may differ from its nodes' distance by rounding."""


@dataclass(frozen=True, slots=True)
class Aisles:
    """`at`: node to (aisle, y) of every node in an aisle or on a cross-aisle."""

    layout: Layout
    at: dict[int, tuple[int, float]]


def recognise(
    xy_mm: Sequence[tuple[int, int]], edges: Sequence[tuple[int, int, int, bool]], start: int, end: int
) -> Aisles | None:
    """The graph as aisles along y with cross-aisles along x, or the other way round; None where it is neither."""
    near: list[dict[int, int]] = [{} for _ in xy_mm]
    for a, b, length_mm, one_way in edges:
        if one_way:
            return None
        near[a][b] = near[b][a] = min(length_mm, near[a].get(b, length_mm))
    joins, extra = _cut_spurs(near)
    points = [(float(x), float(y)) for x, y in xy_mm]
    for turned in (False, True):
        found = _grid([(y, x) for x, y in points] if turned else points, near, joins, extra, start, end)
        if found is not None:
            return found
    return None


def _cut_spurs(near: list[dict[int, int]]) -> tuple[list[int], list[float]]:
    """Takes leaves off until none is left. Returns for each node where its spur joins the rest, and how far that is."""
    joins, extra = list(range(len(near))), [0.0] * len(near)
    leaves = [i for i, others in enumerate(near) if len(others) == 1]
    order = []
    while leaves:
        leaf = leaves.pop()
        if len(near[leaf]) != 1:
            continue
        ((other, length_mm),) = near[leaf].items()
        order.append((leaf, other, length_mm))
        near[leaf].clear()
        del near[other][leaf]
        if len(near[other]) == 1:
            leaves.append(other)
    for leaf, other, length_mm in reversed(order):
        joins[leaf], extra[leaf] = joins[other], extra[other] + length_mm
    return joins, extra


def _grid(
    points: list[tuple[float, float]],
    near: list[dict[int, int]],
    joins: list[int],
    extra: list[float],
    start: int,
    end: int,
) -> Aisles | None:
    core = [i for i, others in enumerate(near) if others]
    if not core:
        return None
    upright, level = set(), set()
    for i in core:
        for j, length_mm in near[i].items():
            dx, dy = abs(points[i][0] - points[j][0]), abs(points[i][1] - points[j][1])
            if (dx and dy) or abs(dx + dy - length_mm) > LENGTH_MM:
                return None
            if dy:
                upright.add(points[i][0])
            else:
                level.add(points[i][1])
    rows = sorted(level)
    xs = sorted({points[i][0] for i in core})
    by_place = {points[i]: i for i in core}
    if not 2 <= len(rows) <= 6 or len(by_place) != len(core):
        return None
    if not all(_joined([by_place.get((x, y)) for x in xs if (x, y) in by_place or x in upright], near) for y in rows):
        return None
    for x in sorted(upright):
        column = sorted((y, i) for (px, y), i in by_place.items() if px == x)
        if column[0][0] != rows[0] or column[-1][0] != rows[-1] or not _joined([i for _, i in column], near):
            return None
    if any(p[0] not in upright and p[1] not in level for p in by_place):
        return None
    aisle = {x: a for a, x in enumerate(xs)}
    ends = [joins[start], joins[end]]
    if any(not near[e] or points[e][1] not in level for e in ends):
        return None
    layout = Layout(
        tuple(rows), 0.0, aisle[points[ends[0]][0]], (extra[start] + extra[end]) / 2, tuple(xs),
        depot_row=rows.index(points[ends[0]][1]), end=(aisle[points[ends[1]][0]], rows.index(points[ends[1]][1])),
        closed=frozenset(a for x, a in aisle.items() if x not in upright),
    )  # fmt: skip
    return Aisles(layout, {i: (aisle[points[i][0]], points[i][1]) for i in core})


def _joined(chain: list[int | None], near: list[dict[int, int]]) -> bool:
    """Whether each node is there and joined to the next."""
    return None not in chain and all(b in near[a] for a, b in itertools.pairwise(chain) if a is not None)

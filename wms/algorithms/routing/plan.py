"""Walks on a site's own graph: exact where it is parallel aisles between cross-aisles, near-exact anywhere else.

`Site.of(xy, edges)` is kept for the life of the process: distances are computed once per site, not once per tour.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.routing import irregular
from wms.algorithms.routing.aisles import Aisles, recognise
from wms.algorithms.routing.rectangular import Tours

Edges = tuple[tuple[int, int, int, bool], ...]
"""(a, b, length_mm, one_way) over node indices."""
Points = tuple[tuple[int, int], ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk over nodes. `nodes`: the stops as visited; `legs_mm`: to each of them from the one before, and to the end."""

    nodes: tuple[int, ...]
    length_mm: int
    legs_mm: tuple[int, ...]
    path: Points
    """Corner points (x_mm, y_mm)."""
    unreachable: tuple[int, ...]
    exact: bool


class Site:
    """A walking graph with its distances."""

    def __init__(self, xy_mm: Points, edges: Edges) -> None:
        self.xy_mm, self.edges = xy_mm, edges
        self._rows: dict[int, tuple[Floats, NDArray[np.int32]]] = {}

    @staticmethod
    @lru_cache(maxsize=4)
    def of(xy_mm: Points, edges: Edges) -> "Site":
        return Site(xy_mm, edges)

    @lru_cache(maxsize=8)  # noqa: B019 - a site lives as long as its process
    def aisles(self, start: int, end: int) -> Aisles | None:
        """The site as parallel aisles for walks between these nodes; None where it is none."""
        return recognise(self.xy_mm, self.edges, start, end)

    @lru_cache(maxsize=8)  # noqa: B019
    def tours(self, start: int, end: int) -> Tours | None:
        found = self.aisles(start, end)
        return None if found is None else Tours(found.layout)

    def from_nodes(self, nodes: Sequence[int]) -> Floats:
        """(k, n) walks from these nodes to all; inf where there is no way. Rows are kept."""
        if missing := sorted(set(nodes) - self._rows.keys()):
            self._compute(missing)
        return np.array([self._rows[i][0] for i in nodes]).reshape(len(nodes), len(self.xy_mm))

    def _compute(self, nodes: list[int]) -> None:
        # Here, so that only who plans pays for scipy's half second and 40 MB.
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        n = len(self.xy_mm)
        # Of two edges between the same nodes the shorter counts: a sparse matrix would add them up.
        shortest: dict[tuple[int, int], int] = {}
        for a, b, length_mm, one_way in self.edges:
            mm = max(length_mm, 1)
            for way in ((a, b),) if one_way else ((a, b), (b, a)):
                shortest[way] = min(mm, shortest.get(way, mm))
        rows, cols = ([way[i] for way in shortest] for i in (0, 1))
        graph = csr_matrix((list(shortest.values()), (rows, cols)), shape=(n, n))
        best, before = dijkstra(graph, indices=nodes, return_predecessors=True)
        self._rows |= {node: (best[i], before[i]) for i, node in enumerate(nodes)}

    def distances(self, among: Sequence[int]) -> Floats:
        """(k, k) over `among`, row = from; inf where there is no way."""
        return np.ascontiguousarray(self.from_nodes(among)[:, np.asarray(among, dtype=np.int64)])

    def way(self, start: int, goal: int) -> list[int]:
        """Node indices of a shortest way, both ends included. Errors: ValueError when there is none."""
        self.from_nodes([start])
        best, before = self._rows[start]
        if not np.isfinite(best[goal]):
            raise ValueError(f"no way from node {start} to {goal}")
        walk = [goal]
        while walk[-1] != start:
            walk.append(int(before[walk[-1]]))
        return walk[::-1]

    def walk(
        self, stops: Sequence[int], start: int, end: int, *, ranks: Sequence[int] | None = None, soft_mm: float | None = None,
        seed: int = 1,
    ) -> Walked:  # fmt: skip
        """The shortest walk from `start` over all `stops` (nodes, repeats allowed) to `end`. Never raises for no way.

        ranks: of each stop, what comes first (0) and last (2); soft_mm: the walk that one step back in rank is worth; None:
        there is none.
        """
        known: dict[int, int] = {}
        for i, node in enumerate(stops):
            known[node] = max(known.get(node, 0), ranks[i] if ranks is not None else 0)
        nodes = sorted(known)
        aisles, tours = self.aisles(start, end), self.tours(start, end)
        if (
            aisles is not None
            and tours is not None
            and len(set(known.values())) <= 1
            and all(n in aisles.at for n in nodes)
        ):
            places = [aisles.at[n] for n in nodes]
            order = tours.tour([a for a, _ in places], [y for _, y in places]).order
            return self._walked([nodes[i] for i in order], start, end, (), exact=True)
        table = [start, *nodes, end]
        rank = np.array([0, *(known[n] for n in nodes), 2]) if ranks is not None else None
        found = irregular.walk(self.distances(table), 0, len(table) - 1, ranks=rank, soft=soft_mm, seed=seed)
        left_out = tuple(table[i] for i in found.unreachable)
        return self._walked(
            [table[i] for i in found.order], start, end, left_out, exact=len(found.order) <= irregular.EXACT_MAX
        )

    def walk_to_any(
        self, stops: Sequence[int], start: int, ends: Sequence[int], *, ranks: Sequence[int] | None = None,
        soft_mm: float | None = None, seed: int = 1,
    ) -> Walked:  # fmt: skip
        """As `walk`, to that of several ends which makes it shortest; one that misses fewer stops comes first."""
        walks = [self.walk(stops, start, end, ranks=ranks, soft_mm=soft_mm, seed=seed) for end in dict.fromkeys(ends)]
        return min(
            walks, key=lambda w: (len(w.unreachable), w.length_mm), default=Walked((), 0, (), (), tuple(stops), True)
        )

    def _walked(self, order: list[int], start: int, end: int, unreachable: tuple[int, ...], *, exact: bool) -> Walked:
        line = [start, *order, end]
        dist = self.from_nodes(line[:-1])
        if not np.isfinite(dist[0, end]):
            return Walked((), 0, (), (), (*order, *unreachable), exact)
        legs = [round(float(dist[i, b])) for i, b in enumerate(line[1:])]
        way = [start]
        for a, b in itertools.pairwise(line):
            way += self.way(a, b)[1:]
        return Walked(tuple(order), sum(legs), tuple(legs), corners([self.xy_mm[i] for i in way]), unreachable, exact)


def corners(points: Sequence[tuple[int, int]]) -> Points:
    """Only where the walk turns, or turns back: enough to draw it, and as long."""
    kept = list(points[:1])
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        if ax * by != ay * bx or ax * bx + ay * by < 0:
            kept.append(here)
    return (*kept, *points[-1:]) if len(points) > 1 else tuple(kept)

"""Walks on a site's graph: ways, exact tours where it is a rectangle, near-exact ones where it is none."""

import csv
import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from wms.algorithms.routing import graph, irregular
from wms.algorithms.routing.plan import Edges, Points, Site

GOLDEN = Path(__file__).parents[1] / "golden" / "irregular.csv"


def grid(width: int, height: int) -> tuple[Points, Edges]:
    """Aisles 1 m apart, along which 1.5 m are walked from node to node; every node is a crossing."""
    edges = []
    for x, y in itertools.product(range(width), range(height)):
        if x + 1 < width:
            edges.append((y * width + x, y * width + x + 1, 1000, False))
        if y + 1 < height:
            edges.append((y * width + x, (y + 1) * width + x, 1500, False))
    return tuple((1000 * (i % width), 1500 * (i // width)) for i in range(width * height)), tuple(edges)


def aisles(n: int, bays: int, *spurs: tuple[int, int]) -> tuple[Points, Edges]:
    """`n` aisles of `bays` between two cross-aisles; a spur of (front crossing of aisle, length_mm) ends in a node of its own."""
    per = bays + 2
    points = [(3_000 * a, 1_000 * y) for a in range(n) for y in range(per)]
    edges = [(a * per + y, a * per + y + 1, 1_000, False) for a in range(n) for y in range(per - 1)]
    edges += [(a * per + y, (a + 1) * per + y, 3_000, False) for a in range(n - 1) for y in (0, per - 1)]
    for a, length in spurs:
        edges.append((a * per, len(points), length, False))
        points.append((3_000 * a, -length))
    return tuple(points), tuple(edges)


def test_a_path_is_as_long_as_the_distance_and_keeps_one_way() -> None:
    xy, edges = grid(5, 5)
    edges = (*edges, (0, 24, 100, True))
    lengths = {(a, b): mm for a, b, mm, one in edges} | {(b, a): mm for a, b, mm, one in edges if not one}
    site = Site(xy, edges)
    for start, goal in ((0, 24), (24, 0), (3, 20)):
        for walk in (graph.path(len(xy), edges, start, goal), site.way(start, goal)):
            assert (walk[0], walk[-1]) == (start, goal)
            assert sum(lengths[step] for step in itertools.pairwise(walk)) == site.distances([start, goal])[0, 1]
    assert site.way(0, 24) == [0, 24]
    assert len(site.way(24, 0)) > 2


def test_no_way_is_said() -> None:
    with pytest.raises(ValueError, match="no way"):
        graph.path(2, [], 0, 1)
    with pytest.raises(ValueError, match="no way"):
        Site(((0, 0), (1, 1)), ()).way(0, 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_site_of_aisles_is_recognised_and_walked_exactly(seed: int) -> None:
    rng = random.Random(seed)
    xy, edges = aisles(rng.randint(1, 5), 8, (0, 2_500), (rng.randint(0, 0), 4_000))
    site, start, end = Site(xy, edges), len(xy) - 2, len(xy) - 1
    stops = rng.sample(range(len(xy) - 2), 7)
    walked = site.walk(stops, start, end)
    assert walked.exact and sorted(walked.nodes) == sorted(stops)
    table = [start, *stops, end]
    d = site.distances(table)
    best = min(sum(d[a, b] for a, b in itertools.pairwise((0, *p, 8))) for p in itertools.permutations(range(1, 8)))
    assert walked.length_mm == best == sum(walked.legs_mm)
    assert drawn(walked.path) == walked.length_mm
    assert walked.path[0] == xy[start] and walked.path[-1] == xy[end]


def drawn(path: Points) -> int:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(path))


def test_recognised_whichever_way_the_aisles_run() -> None:
    xy, edges = aisles(4, 8, (1, 2_000))
    turned = tuple((y, x) for x, y in xy)
    end = len(xy) - 1
    assert Site(xy, edges).aisles(end, end) is not None
    assert Site(turned, edges).aisles(end, end) is not None
    stops = [3, 14, 27, 33]
    assert Site(turned, edges).walk(stops, end, end).length_mm == Site(xy, edges).walk(stops, end, end).length_mm


@pytest.mark.parametrize("spoil", ["one way", "slanted", "short cut"])
def test_what_is_no_rectangle_is_not_taken_for_one(spoil: str) -> None:
    xy, edges = aisles(3, 6, (0, 2_000))
    end = len(xy) - 1
    if spoil == "one way":
        edges = ((*edges[0][:3], True), *edges[1:])
    if spoil == "slanted":
        xy = ((0, 0), (1, 1_000), *xy[2:])
    if spoil == "short cut":
        edges = (*edges, (3, 11, 2_000, False))
    site = Site(xy, edges)
    assert site.aisles(end, end) is None
    walked = site.walk([2, 10, 13, 20], end, end)
    assert sorted(walked.nodes) == [2, 10, 13, 20] and walked.length_mm == sum(walked.legs_mm)


def test_one_way_tours_are_not_reversed() -> None:
    ring = tuple((i, (i + 1) % 6, 1000, True) for i in range(6))
    walked = Site(tuple((i, 0) for i in range(6)), ring).walk([4, 2, 1, 3], 0, 5)
    assert (walked.nodes, walked.length_mm) == ((1, 2, 3, 4), 5000)


def test_what_cannot_be_reached_is_named_and_the_rest_is_walked() -> None:
    xy, edges = aisles(2, 5)
    island = len(xy)
    walked = Site((*xy, (99_000, 0)), edges).walk([3, island, 9], 0, 0)
    assert walked.unreachable == (island,) and sorted(walked.nodes) == [3, 9]
    assert Site((*xy, (99_000, 0)), edges).walk([3], 0, island).nodes == ()


def test_heavy_first_and_fragile_last() -> None:
    xy, edges = aisles(1, 8)
    stops, ranks = [2, 4, 6], [2, 1, 0]
    site = Site(xy, edges)
    assert site.walk(stops, 0, 0, ranks=ranks).nodes == (6, 4, 2)
    assert site.walk(stops, 0, 9, ranks=ranks).nodes == (6, 4, 2), "also where it is a detour"
    assert site.walk(stops, 0, 9, ranks=ranks, soft_mm=500).nodes == (2, 4, 6), "a wish gives way to a long detour"


def test_a_stop_that_comes_twice_is_walked_to_once() -> None:
    xy, edges = aisles(2, 5)
    assert Site(xy, edges).walk([3, 3, 3], 0, 0).nodes == (3,)
    assert Site(xy, edges).walk([], 0, 0).length_mm == 0


def holes(seed: int, stops: int) -> np.ndarray:
    """Distances among `stops` + 1 nodes of a floor with obstacles; the first is the depot."""
    rng = np.random.default_rng(seed)
    alive = {(x, y) for x in range(14) for y in range(12) if rng.random() > 0.25}
    nodes = sorted(max(_islands(alive), key=lambda island: (len(island), sorted(island))))
    index = {p: i for i, p in enumerate(nodes)}
    edges: list[tuple[int, int, int, bool]] = []
    for x, y in nodes:
        for other, length in (
            ((x + 1, y), 1200 + int(rng.integers(0, 900))),
            ((x, y + 1), 1000 + int(rng.integers(0, 500))),
        ):
            if other in index:
                edges.append((index[x, y], index[other], length, False))
    among = [int(a) for a in rng.choice(len(nodes), stops + 1, replace=False)]
    return Site(tuple(nodes), tuple(edges)).distances(among)


def _islands(alive: set[tuple[int, int]]) -> list[set[tuple[int, int]]]:
    left, found = set(alive), []
    while left:
        stack = [left.pop()]
        island = set(stack)
        while stack:
            x, y = stack.pop()
            for q in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if q in left:
                    left.discard(q)
                    island.add(q)
                    stack.append(q)
        found.append(island)
    return found


def test_irregular_tours_are_as_short_as_a_strong_solver_finds_them() -> None:
    """Best of 10 long runs of LKH (elkai 2.0.1) on the same distances; the file holds what it found."""
    gaps = []
    for row in csv.DictReader(GOLDEN.open(encoding="utf-8")):
        dist = holes(int(row["seed"]), int(row["stops"]))
        table = [*range(len(dist)), 0]
        walked = irregular.walk(np.ascontiguousarray(dist[np.ix_(table, table)]), 0, len(dist))
        gaps.append(walked.length / int(row["best_mm"]) - 1)
    assert len(gaps) == 60
    assert max(gaps) <= 0.001


@pytest.mark.parametrize("n", [2, 6, 10, 11])
def test_few_stops_are_exact_and_the_search_agrees(n: int) -> None:
    rng = np.random.default_rng(n)
    dist = rng.integers(1, 99, (n + 2, n + 2)).astype(float)
    order = irregular.solve(dist)
    assert sorted(order) == list(range(1, n + 1))
    if n <= 6:
        best = min(
            sum(dist[a, b] for a, b in itertools.pairwise((0, *p, n + 1))) for p in itertools.permutations(order)
        )
        assert sum(dist[a, b] for a, b in itertools.pairwise((0, *order, n + 1))) == best

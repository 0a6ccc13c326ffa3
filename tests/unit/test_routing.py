"""Tours and paths against exhaustive search on small cases."""

import itertools
import random

import numpy as np
import pytest

from wms.algorithms.batching import savings
from wms.algorithms.routing import graph, tour


def grid(width: int, height: int) -> tuple[int, list[tuple[int, int, int, bool]]]:
    edges = []
    for x, y in itertools.product(range(width), range(height)):
        if x + 1 < width:
            edges.append((y * width + x, y * width + x + 1, 1000, False))
        if y + 1 < height:
            edges.append((y * width + x, (y + 1) * width + x, 1500, False))
    return width * height, edges


@pytest.mark.parametrize("seed", range(30))
def test_a_tour_of_few_stops_is_nearly_the_best(seed: int) -> None:
    n, edges = grid(6, 5)
    among = [0, *random.Random(seed).sample(range(1, n), 6), n - 1]
    dist = graph.distances(n, edges, among)
    order, length = tour.plan(dist, 0, len(among) - 1)
    assert sorted(order) == list(range(1, len(among) - 1))
    walked = [0, *order, len(among) - 1]
    assert length == sum(dist[a, b] for a, b in itertools.pairwise(walked))
    best = min(
        sum(dist[a, b] for a, b in itertools.pairwise([0, *p, len(among) - 1])) for p in itertools.permutations(order)
    )
    assert length <= best * 1.05


def test_a_path_is_as_long_as_the_distance_and_keeps_one_way() -> None:
    n, edges = grid(5, 5)
    edges.append((0, 24, 100, True))
    lengths = {(a, b): mm for a, b, mm, one in edges} | {(b, a): mm for a, b, mm, one in edges if not one}
    for start, goal in ((0, 24), (24, 0), (3, 20)):
        walk = graph.path(n, edges, start, goal)
        assert (walk[0], walk[-1]) == (start, goal)
        assert sum(lengths[step] for step in itertools.pairwise(walk)) == graph.distances(n, edges, [start, goal])[0, 1]
    assert graph.path(n, edges, 0, 24) == [0, 24]
    assert len(graph.path(n, edges, 24, 0)) > 2


def test_no_way_is_said() -> None:
    with pytest.raises(ValueError, match="no way"):
        graph.path(2, [], 0, 1)


def test_one_way_tours_are_not_reversed() -> None:
    ring = [(i, (i + 1) % 6, 1000, True) for i in range(6)]
    dist = graph.distances(6, ring, list(range(6)))
    order, length = tour.plan(dist, 0, 5)
    assert (order, length) == ([1, 2, 3, 4], 5000)


def test_batches_hold_every_order_once_and_join_neighbours() -> None:
    dist = np.abs(np.subtract.outer(np.arange(40), np.arange(40))).astype(float)
    stops = [[1, 2], [38], [3], [39, 37], [2], [36]]
    made = savings.batches(stops, dist, 3)
    assert sorted(i for batch in made for i in batch) == list(range(6))
    assert sorted(made[0]) == [0, 2, 4]

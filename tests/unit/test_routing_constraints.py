"""What binds a walk, each against all ways to walk small random graphs: ranks, one-way aisles, lifts, several depots, islands."""

import itertools
import random

import numpy as np
import pytest

from wms.algorithms.routing.plan import Edges, Points, Site, Walked

SEEDS = range(25)


def graph(seed: int, one_way: bool = False) -> tuple[Points, Edges]:
    """Twelve nodes that hang together, with six short cuts; one_way: half of the short cuts, and a ring that keeps all in reach."""
    rng = random.Random(seed)
    xy = tuple((rng.randrange(20_000), rng.randrange(20_000)) for _ in range(12))
    edges = [
        (i, (i + 1) % 12 if one_way else rng.randrange(i + 1, 12), rng.randrange(500, 5_000), one_way)
        for i in range(11)
    ]
    if one_way:
        edges.append((11, 0, rng.randrange(500, 5_000), True))
    for _ in range(6):
        a, b = rng.sample(range(12), 2)
        edges.append((a, b, rng.randrange(500, 5_000), one_way and rng.random() < 0.5))
    return xy, tuple(edges)


def distances(n: int, edges: Edges) -> np.ndarray:
    """All pairs (Floyd and Warshall): none of the code that is tested."""
    d = np.full((n, n), np.inf)
    np.fill_diagonal(d, 0)
    for a, b, mm, one_way in edges:
        d[a, b] = min(d[a, b], mm)
        if not one_way:
            d[b, a] = min(d[b, a], mm)
    for k in range(n):
        d = np.minimum(d, d[:, k : k + 1] + d[k : k + 1, :])
    return d


def shortest(
    d: np.ndarray, stops: list[int], start: int, end: int, ranks: dict[int, int] | None = None, soft: float = np.inf
) -> float:
    """Length of the best walk in the sense of `soft`: walk and what steps back in rank cost."""
    best, length = np.inf, np.inf
    for p in itertools.permutations(stops):
        walk = sum(d[a, b] for a, b in itertools.pairwise((start, *p, end)))
        back = sum(ranks[a] > ranks[b] for a, b in itertools.pairwise(p)) if ranks else 0
        total = walk + (soft * back if back else 0.0)
        if total < best - 1e-9:
            best, length = total, walk
    return length


def walked_for_real(walked: Walked, d: np.ndarray, start: int, end: int) -> float:
    return float(sum(d[a, b] for a, b in itertools.pairwise((start, *walked.nodes, end))))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("one_way", [False, True])
def test_any_graph_and_one_way_aisles(seed: int, one_way: bool) -> None:
    xy, edges = graph(seed, one_way)
    d, stops = distances(12, edges), random.Random(seed).sample(range(1, 11), 6)
    walked = Site(xy, edges).walk(stops, 0, 0)
    assert sorted(walked.nodes) == sorted(stops)
    assert walked.length_mm == walked_for_real(walked, d, 0, 0) == shortest(d, stops, 0, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_heavy_first_fragile_last_as_a_must_and_as_a_wish(seed: int) -> None:
    xy, edges = graph(seed)
    rng = random.Random(seed)
    d, stops = distances(12, edges), rng.sample(range(1, 11), 6)
    ranks = {s: rng.randrange(3) for s in stops}
    site, given = Site(xy, edges), [ranks[s] for s in stops]
    must = site.walk(stops, 0, 11, ranks=given)
    assert [ranks[n] for n in must.nodes] == sorted(given)
    assert must.length_mm == walked_for_real(must, d, 0, 11) == shortest(d, stops, 0, 11, ranks)
    wish = site.walk(stops, 0, 11, ranks=given, soft_mm=1_500)
    assert wish.length_mm == shortest(d, stops, 0, 11, ranks, 1_500)
    assert shortest(d, stops, 0, 11) <= wish.length_mm <= must.length_mm


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cart_that_returns_to_the_nearest_of_several_depots(seed: int) -> None:
    """One site serves walks from any depot to any other, and back to where the cart came from."""
    xy, edges = graph(seed)
    site, d = Site(xy, edges), distances(12, edges)
    stops = random.Random(seed).sample(range(3, 12), 5)
    for start, end in itertools.product((0, 1, 2), repeat=2):
        assert site.walk(stops, start, end).length_mm == shortest(d, stops, start, end)
    assert site.walk_to_any(stops, 0, (0, 1, 2)).length_mm == min(shortest(d, stops, 0, end) for end in (0, 1, 2))


@pytest.mark.parametrize("seed", range(8))
def test_a_lift_costs_its_time_as_the_walk_that_it_is_worth(seed: int) -> None:
    """Two floors of two aisles, joined by a lift of 15 m worth of walk and by stairs of 40 m at the far end."""
    rng = random.Random(seed)
    floor = [(x, x + 1, 2_000, False) for x in range(7)]
    edges = (*floor, *((a + 8, b + 8, mm, w) for a, b, mm, w in floor), (0, 8, 15_000, False), (7, 15, 40_000, False))
    xy = tuple((2_000 * (i % 8), 0) for i in range(16))
    stops = rng.sample(range(1, 16), 6)
    d = distances(16, edges)
    walked = Site(xy, edges).walk(stops, 0, 0)
    assert walked.length_mm == shortest(d, stops, 0, 0)
    floors = [n // 8 for n in walked.nodes]
    assert sum(a != b for a, b in itertools.pairwise(floors)) <= 1, "one ride up"


def test_islands_unknown_ends_and_nothing_to_do() -> None:
    edges: Edges = ((0, 1, 1_000, False), (2, 3, 1_000, False), (1, 4, 500, True))
    site = Site(((0, 0), (1, 0), (9, 0), (10, 0), (2, 0)), edges)
    walked = site.walk([1, 2, 3], 0, 0)
    assert (walked.nodes, walked.unreachable, walked.length_mm) == ((1,), (2, 3), 2_000)
    no_way_back = site.walk([1, 4], 0, 0)
    assert (no_way_back.nodes, no_way_back.unreachable) == ((1,), (4,))
    assert site.walk([1], 0, 3).unreachable == (1,)
    assert site.walk([], 0, 3) == Walked((), 0, (), (), (), True)
    alone = Site(((0, 0),), ()).walk([0, 0], 0, 0)
    assert (alone.nodes, alone.length_mm) == ((0,), 0)

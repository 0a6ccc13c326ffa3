"""Where an order's lines are taken from: expiry first, whole locations, then the walk."""

import itertools

import pytest

from wms.processes.order_release.rules import carts
from wms.processes.order_release.rules.sources import Free, Sources

# Four aisles of five bays, 1 m apart, between two cross-aisles; carts start and end at node 0.
XY = tuple((2_000 * a, 1_000 * b) for a in range(4) for b in range(7))
EDGES = (
    *((7 * a + b, 7 * a + b + 1, 1_000, False) for a in range(4) for b in range(6)),
    *((7 * a + b, 7 * (a + 1) + b, 2_000, False) for a in range(3) for b in (0, 6)),
)
WALK = carts.Walk(XY, EDGES, 0, 0)


def sources(*free: Free) -> Sources:
    return Sources.of(free, WALK, set(range(len(XY))))


def node(aisle: int, bay: int) -> int:
    return 7 * aisle + bay


def test_of_equal_locations_the_one_on_the_way_serves() -> None:
    stock = [Free(1, 1, 9, node(3, 4)), Free(2, 1, 9, node(0, 5)), Free(3, 2, 9, node(0, 3))]
    assert sources(*stock).take([(1, 2), (2, 1)]) == [[(2, 2)], [(3, 1)]]


def test_what_expires_first_leaves_first_however_far() -> None:
    stock = [Free(1, 1, 9, node(3, 4), expires=10), Free(2, 1, 9, node(0, 1), expires=20), Free(3, 2, 9, node(0, 1))]
    assert sources(*stock).take([(1, 2), (2, 1)])[0] == [(1, 2)]
    assert sources(*stock).take([(1, 11)]) == [[(1, 9), (2, 2)]], "a later date only for what the earlier has not"


def test_what_was_received_first_leaves_first_among_what_keeps() -> None:
    stock = [Free(1, 1, 9, node(3, 4), received=10), Free(2, 1, 9, node(0, 1), received=20)]
    assert sources(*stock).take([(1, 2)]) == [[(1, 2)]]


def test_one_location_comes_before_parts_of_several() -> None:
    stock = [Free(1, 1, 1, node(0, 1)), Free(2, 1, 2, node(0, 2)), Free(3, 1, 5, node(3, 5))]
    assert sources(*stock).take([(1, 3)]) == [[(3, 3)]]
    assert sources(*stock[:2]).take([(1, 3)]) == [[(1, 1), (2, 2)]]
    assert sources(*stock[:2]).take([(1, 4)]) == [[(1, 1), (2, 2)]], "less where there is less"


def test_lines_of_one_sku_share_what_is_there_and_a_refused_order_gives_back() -> None:
    there = sources(Free(1, 1, 3, node(0, 1)), Free(2, 1, 9, node(2, 2)))
    taken = there.take([(1, 2), (1, 2)])
    assert taken == [[(1, 2)], [(2, 2)]] and there.left == {1: 1, 2: 7}
    there.give_back([x for parts in taken for x in parts])
    assert there.left == {1: 3, 2: 9}


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_is_the_shortest_of_all(seed: int) -> None:
    import random

    from wms.algorithms.routing.plan import Site

    rng, balance = random.Random(seed), itertools.count(1)
    stock = [
        Free(next(balance), sku, 5, node(rng.randrange(4), rng.randrange(1, 6)))
        for sku in range(1, 4) for _ in range(3)
    ]  # fmt: skip
    at = {f.balance_id: f.node for f in stock}
    taken = sources(*stock).take([(sku, 2) for sku in range(1, 4)])
    site = Site.of(XY, EDGES)

    def length(nodes: tuple[int, ...]) -> int:
        return site.walk(list(nodes), 0, 0).length_mm

    best = min(
        length(way) for way in itertools.product(*([f.node for f in stock if f.sku_id == sku] for sku in range(1, 4)))
    )
    assert length(tuple(at[parts[0][0]] for parts in taken)) == best

"""The release pool against first in, first out."""

import numpy as np
import pytest

from wms.algorithms.batching.search import Aisled, Anywhere, Orders
from wms.algorithms.routing.rectangular import Layout, Tours
from wms.algorithms.streaming import pool


def house(seed: int, n: int) -> tuple[Orders, Aisled]:
    rng = np.random.default_rng(seed)
    places = [rng.choice(200, rng.integers(1, 4), replace=False).tolist() for _ in range(n)]
    cost = Aisled(Tours(Layout((0.0, 21.0), 4.0)), np.repeat(np.arange(10), 20), np.tile(np.arange(1.0, 21.0), 10))
    return Orders.of(places, [[1]] * n, [6]), cost


def walk(orders: Orders, cost: Aisled, tours: list[tuple[int, ...]]) -> float:
    places = [sorted({p for i in t for p in orders.places[i]}) for t in tours]
    return sum(cost.tours.length(cost.aisles[p], cost.ys[p]) for p in places)


@pytest.mark.parametrize("seed", range(4))
def test_less_walk_than_in_turn_and_the_first_always_goes(seed: int) -> None:
    orders, cost = house(seed, 60)
    tours = pool.take(orders, cost, 60)
    assert sorted(i for t in tours for i in t) == list(range(60))
    assert all(len(t) <= 6 for t in tours)
    waiting = set(range(60))
    for t in tours:
        assert t[0] == min(waiting)
        waiting -= set(t)
    in_turn = [tuple(range(i, i + 6)) for i in range(0, 60, 6)]
    assert walk(orders, cost, list(tours)) < 0.85 * walk(orders, cost, in_turn)


def test_no_more_than_asked_for_and_the_urgent_first() -> None:
    orders, cost = house(9, 40)
    tours = pool.take(orders, cost, 9, urgent=8)
    assert [len(t) for t in tours] == [6, 3]
    assert set(tours[0]) < set(range(8)) and set(range(8)) < {i for t in tours for i in t}


def test_what_no_cart_holds_is_left_out() -> None:
    orders, cost = house(1, 4)
    heavy = Orders(orders.places, np.array([[1], [9], [1], [1]]), orders.capacity)
    assert sorted(i for t in pool.take(heavy, cost, 4) for i in t) == [0, 2, 3]


def test_any_distances_will_do() -> None:
    line = np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))
    orders = Orders.of([[9], [1], [2], [8]], [[1]] * 4, [2])
    assert pool.take(orders, Anywhere(line[np.ix_([*range(10), 0, 0], [*range(10), 0, 0])]), 2) == ((0, 3),)

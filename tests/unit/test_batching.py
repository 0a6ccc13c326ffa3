"""Batching: feasible always, proven on small instances, near the proven best by search alone, reasons for what cannot be."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wms.algorithms.batching.partition import recombine
from wms.algorithms.batching.plan import batch, every_tour
from wms.algorithms.batching.search import Aisled, Anywhere, Batches, Orders, Search
from wms.algorithms.routing.rectangular import Layout, Tours

GOLDEN = Path(__file__).parents[1] / "golden" / "batches.csv"


def house(seed: int, n: int = 14, capacity: int = 12) -> tuple[Orders, Aisled]:
    """`n` orders of one to five picks in six aisles of two blocks; a tour takes `capacity` pieces and five orders."""
    rng = np.random.default_rng(seed)
    aisles, ys = np.repeat(np.arange(6), 20), np.tile(np.arange(1.0, 21.0), 6)
    places = [rng.choice(len(aisles), rng.integers(1, 6), replace=False).tolist() for _ in range(n)]
    loads = [[len(p), 1] for p in places]
    return Orders.of(places, loads, [capacity, 5]), Aisled(Tours(Layout((0.0, 10.5, 21.0), 4.0, 2)), aisles, ys)


def check(orders: Orders, cost: Aisled, found: Batches) -> None:
    assert sorted([i for b in found.batches for i in b] + list(found.refused)) == list(range(len(orders.places)))
    for b, length in zip(found.batches, found.lengths, strict=True):
        assert (orders.loads[list(b)].sum(axis=0) <= orders.capacity).all()
        places = sorted({p for i in b for p in orders.places[i]})
        assert length == pytest.approx(cost.tours.length(cost.aisles[places], cost.ys[places]))


@pytest.mark.parametrize("seed", range(8))
def test_the_search_alone_is_near_the_proven_best(seed: int) -> None:
    orders, cost = house(seed)
    search = Search(orders, cost, seed)
    tours = every_tour(search)
    assert tours is not None
    choice = recombine(len(orders.places), tours, float("inf"), 60)
    assert choice.proven and choice.tours is not None
    best = sum(dict(tours)[b] for b in choice.tours)
    search.run(0, rounds=8)
    found = search.best()
    check(orders, cost, found)
    assert best - 1e-9 <= found.length <= 1.01 * best
    assert batch(orders, cost, 1.0).length == pytest.approx(best), "small instances are enumerated"


def test_more_orders_than_can_be_enumerated() -> None:
    orders, cost = house(3, n=60, capacity=20)
    found = batch(orders, cost, 1.0, rounds=4)
    check(orders, cost, found)
    apart = sum(cost.tours.length(cost.aisles[list(p)], cost.ys[list(p)]) for p in orders.places)
    assert found.length < 0.5 * apart


def test_the_same_seed_gives_the_same_batches() -> None:
    orders, cost = house(5, n=50)
    first, second = (Search(orders, cost, 9) for _ in range(2))
    for search in (first, second):
        search.run(0, rounds=2)
    assert first.best() == second.best()


def test_one_more_tour_costs_what_it_costs() -> None:
    orders, cost = house(6, n=12, capacity=60)
    few = batch(orders, Aisled(cost.tours, cost.aisles, cost.ys, per_tour=10_000.0), 2.0)
    assert len(few.batches) == 3, "twelve orders, five to a tour"
    assert few.length == pytest.approx(sum(few.lengths)) and max(few.lengths) < 10_000


def test_what_no_tour_can_hold_is_named_and_the_rest_is_planned() -> None:
    orders = Orders.of([[0], [1, 2], [], [3], [2]], [[1], [99], [1], [-1], [2]], [5])
    cost = Aisled(Tours(Layout((0.0, 10.0), 4.0)), np.array([0, 1, 2, 3]), np.array([1.0, 2.0, 3.0, 4.0]))
    found = batch(orders, cost, 0.5)
    assert found.refused == {1: "larger than a cart: 99 of 5", 2: "nothing to pick", 3: "a load below zero"}
    assert sorted(i for b in found.batches for i in b) == [0, 4]
    nothing = batch(Orders.of([[0]], [[1]], [0]), cost, 0.5)
    assert nothing.batches == () and list(nothing.refused) == [0]
    assert batch(Orders.of([], [], [5]), cost, 0.5) == Batches((), ())


def test_any_distances_will_do() -> None:
    rng = np.random.default_rng(4)
    xy = rng.random((42, 2)) * 100
    dist = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    dist[5, :] = dist[:, 5] = np.inf
    orders = Orders.of([[i] for i in range(40)], [[1]] * 40, [8])
    found = batch(orders, Anywhere(dist), 2.0, rounds=6)
    assert found.refused == {5: "a place that cannot be walked to"}
    assert sorted(i for b in found.batches for i in b) == [i for i in range(40) if i != 5]
    assert len(found.batches) == 5 and found.length < 900


@pytest.mark.skipif(
    os.environ.get("WMS_COMPILED") == "0", reason="0 of 1 comparison with compiled kernels: WMS_COMPILED=0"
)
def test_uncompiled_gives_the_same_batches() -> None:
    code = (
        "from tests.unit.test_batching import house\n"
        "from wms.algorithms.batching import search\n"
        "search.CHUNK = 60\n"
        "s = search.Search(*house(7, n=20), 3)\n"
        "s.run(0, rounds=3)\n"
        "print(s.best())\n"
    )
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"WMS_COMPILED": flag},
            cwd=root,
            capture_output=True,
            check=True,
        )
        for flag in ("1", "0")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_golden_batches() -> None:
    """The file's lengths are proven: set partitioning over all tours. The search alone comes near."""
    gaps = []
    for row in csv.DictReader(GOLDEN.open(encoding="utf-8")):
        orders, cost = house(int(row["seed"]), n=int(row["orders"]), capacity=int(row["capacity"]))
        search = Search(orders, cost, 1)
        search.run(0, rounds=20)
        check(orders, cost, search.best())
        gaps.append(search.best().length / float(row["best"]) - 1)
    assert len(gaps) == 18
    assert min(gaps) >= -1e-6 and max(gaps) <= 0.01 and sum(gaps) / len(gaps) <= 0.002

"""Items in several locations: the walk is the shortest of all choices, quantities suffice, reasons for what cannot be served."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wms.algorithms.batching.search import Aisled, Anywhere, Cost
from wms.algorithms.routing import scattered
from wms.algorithms.routing.rectangular import Layout, Tours
from wms.algorithms.routing.scattered import Line, Served, serve


def house(seed: int, lines: int = 4, places: int = 3, pieces: int = 4) -> tuple[list[Line], Aisled]:
    """Lines of one to `pieces` pieces, each item in one to `places` of 5 aisles' 50 places, sometimes in too small heaps."""
    rng = np.random.default_rng(seed)
    given = []
    for _ in range(lines):
        at = tuple(
            (int(p), int(rng.integers(1, pieces + 1)))
            for p in rng.choice(50, rng.integers(1, places + 1), replace=False)
        )
        given.append(Line(min(int(rng.integers(1, pieces + 1)), sum(q for _, q in at)), at))
    aisles, ys = np.repeat(np.arange(5), 10), np.tile(np.arange(1.0, 11.0), 5)
    return given, Aisled(Tours(Layout((0.0, 5.5, 11.0), 4.0, 1)), aisles, ys)


def by_trying_all(lines: list[Line], cost: Aisled) -> float:
    places = sorted({p for line in lines for p, _ in line.at})
    best = np.inf
    for size in range(1, len(places) + 1):
        for some in itertools.combinations(places, size):
            if all(sum(q for p, q in line.at if p in some) >= line.pieces for line in lines):
                best = min(best, cost.tours.length(cost.aisles[list(some)], cost.ys[list(some)]))
    return best


def check(lines: list[Line], cost: Cost, found: Served) -> None:
    for i, (line, took) in enumerate(zip(lines, found.takes, strict=True)):
        held = dict(line.at)
        assert all(0 < q <= held[p] for p, q in took)
        assert sum(q for _, q in took) == (0 if i in found.refused else line.pieces)
    if isinstance(cost, Aisled) and found.places:
        p = list(found.places)
        assert found.length == pytest.approx(cost.tours.length(cost.aisles[p], cost.ys[p]))


@pytest.mark.parametrize("seed", range(12))
def test_the_walk_is_the_shortest_of_all_choices(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, cost = house(seed)
    best = by_trying_all(lines, cost)
    tried = serve(lines, cost)
    check(lines, cost, tried)
    assert tried.exact and tried.length == pytest.approx(best)
    monkeypatch.setattr(scattered, "EXACT_WAYS", 0)
    searched = serve(lines, cost)
    check(lines, cost, searched)
    assert not searched.exact and searched.length == pytest.approx(best)


def test_many_lines_are_searched_and_walk_less_than_the_first_place_of_each() -> None:
    lines, cost = house(5, lines=25, places=6)
    found = serve(lines, cost, moves=4_000)
    check(lines, cost, found)
    first = []
    for line in lines:
        left = line.pieces
        for p, q in line.at:
            if left > 0:
                first.append(p)
                left -= q
    assert found.length < 0.9 * cost.tours.length(cost.aisles[first], cost.ys[first])
    assert found == serve(lines, cost, moves=4_000), "the same seed, the same choice"


def test_what_cannot_be_served_is_named_and_the_rest_is_served() -> None:
    dist = np.abs(np.subtract.outer(np.arange(8.0), np.arange(8.0)))
    dist[3, :] = dist[:, 3] = np.inf
    lines = [Line(2, ((0, 1), (1, 5))), Line(9, ((0, 4), (2, 4))), Line(1, ((3, 5),)), Line(0, ((1, 1),)), Line(1, ()),
             Line(-2, ((1, 1),)), Line(1, ((3, 9), (5, 1))), Line(1, ((2, -5),))]  # fmt: skip
    cost = Anywhere(dist)
    found = serve(lines, cost)
    check(lines, cost, found)
    assert found.refused == {
        1: "more than there is: 9 of 8", 2: "a place that cannot be walked to", 3: "nothing to pick",
        4: "more than there is: 1 of 0", 5: "nothing to pick", 7: "more than there is: 1 of 0",
    }  # fmt: skip
    assert found.takes[0] == ((1, 2),) and found.takes[6] == ((5, 1),)
    nothing = serve([Line(1, ())], cost)
    assert nothing.takes == ((),) and list(nothing.refused) == [0]
    assert serve([], cost) == Served((), 0.0, {}, True)


@pytest.mark.skipif(
    os.environ.get("WMS_COMPILED") == "0", reason="0 of 1 comparison with compiled kernels: WMS_COMPILED=0"
)
def test_uncompiled_serves_the_same() -> None:
    code = (
        "from tests.unit.test_scattered import house\n"
        "from wms.algorithms.routing.scattered import serve\n"
        "print(serve(*house(7, lines=14, places=6), moves=60))\n"
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
    assert runs[0].stdout == runs[1].stdout and b"exact=False" in runs[0].stdout

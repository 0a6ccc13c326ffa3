"""Exact tours through parallel aisles: against full enumeration, and drawn as long as they are said to be."""

import itertools
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wms.algorithms.routing import states
from wms.algorithms.routing.rectangular import Layout, Tours


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Two to four cross-aisles; the walk ends where it began, or on any crossing."""
    rows = tuple(itertools.accumulate([0, *draw(st.lists(st.integers(4, 12), min_size=1, max_size=3))]))
    crossing = st.tuples(st.integers(0, 7), st.integers(0, len(rows) - 1))
    aisle, row = draw(crossing)
    return Layout(
        rows, draw(st.integers(1, 6)), aisle, draw(st.sampled_from([0.0, 1.5])), depot_row=row,
        end=draw(st.none() | crossing), closed=draw(st.sampled_from([frozenset(), frozenset({7})])),
    )  # fmt: skip


def ends(layout: Layout) -> tuple[tuple[int, float], tuple[int, float]]:
    aisle, row = layout.end or (layout.depot_aisle, layout.depot_row)
    return (layout.depot_aisle, layout.rows[layout.depot_row]), (aisle, layout.rows[row])


def picks_of(layout: Layout) -> st.SearchStrategy[list[tuple[int, float]]]:
    """Also on cross-aisles, at both ends, and twice at one place."""
    return st.lists(st.tuples(st.integers(0, 6), st.integers(0, int(layout.rows[-1])).map(float)), max_size=7)


def walk(layout: Layout, p: tuple[int, float], q: tuple[int, float]) -> float:
    if p[0] == q[0] and p[0] not in layout.closed:
        return abs(p[1] - q[1])
    if p[0] == q[0]:
        return abs(p[1] - q[1]) + (2 * layout.pitch if p[1] != q[1] else 0)
    return abs(p[0] - q[0]) * layout.pitch + min(abs(p[1] - r) + abs(q[1] - r) for r in layout.rows)


def shortest(layout: Layout, picks: list[tuple[int, float]]) -> float:
    """Held and Karp (1962)."""
    spots = sorted(set(picks))
    if not spots:
        return 0.0
    start, end = ends(layout)
    best = {(frozenset([i]), i): walk(layout, start, p) for i, p in enumerate(spots)}
    for size in range(2, len(spots) + 1):
        for group in map(frozenset, itertools.combinations(range(len(spots)), size)):
            for last in group:
                rest = group - {last}
                best[group, last] = min(best[rest, i] + walk(layout, spots[i], spots[last]) for i in rest)
    everything = frozenset(range(len(spots)))
    return min(best[everything, i] + walk(layout, p, end) for i, p in enumerate(spots)) + 2 * layout.depot_extra


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_tour_is_shorter(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    picks = data.draw(picks_of(layout))
    tours = Tours(layout, aisles=8)
    tour = tours.tour([a for a, _ in picks], [y for _, y in picks])
    assert tour.length == pytest.approx(shortest(layout, picks))
    assert tours.length([a for a, _ in picks], [y for _, y in picks]) == pytest.approx(tour.length)
    assert sorted(tour.order) == list(range(len(picks)))
    if not picks:
        assert tour.path == ()
        return
    drawn = sum(abs(p[0] - q[0]) * layout.pitch + abs(p[1] - q[1]) for p, q in itertools.pairwise(tour.path))
    assert drawn + 2 * layout.depot_extra == pytest.approx(tour.length)
    assert (tour.path[0], tour.path[-1]) == ends(layout)
    for p, q in itertools.pairwise(tour.path):
        assert p[0] == q[0] or (p[1] == q[1] and p[1] in layout.rows), "aisles are changed in cross-aisles only"
    stops = [picks[i] for i in tour.order]
    hops = [tour.path[0], *stops, tour.path[-1]]
    assert sum(walk(layout, p, q) for p, q in itertools.pairwise(hops)) + 2 * layout.depot_extra == pytest.approx(
        tour.length
    )


@pytest.mark.parametrize(("rows", "published"), [(2, 6), (3, 24), (4, 112), (5, 568)])
def test_as_many_states_as_published(rows: int, published: int) -> None:
    assert states.table(rows).states == published


@pytest.mark.parametrize("rows", [1, 7])
def test_other_numbers_of_cross_aisles_are_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="cross-aisles"):
        states.table(rows)


@pytest.mark.parametrize(("aisle", "y"), [(-1, 3.0), (99, 3.0), (0, -0.1), (0, 10.1)])
def test_a_pick_outside_is_refused(aisle: int, y: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        Tours(Layout((0.0, 10.0), 5.0), aisles=8).length([aisle], [y])


def test_uncompiled_gives_the_same_answers() -> None:
    code = (
        "import random; from wms.algorithms.routing.rectangular import Layout, Tours\n"
        "rng = random.Random(5)\n"
        "for rows in ((0.0, 9.0), (0.0, 9.0, 20.0), (0.0, 7.0, 15.0, 31.0)):\n"
        "    t = Tours(Layout(rows, 4.0, 3), aisles=12)\n"
        "    for _ in range(20):\n"
        "        n = rng.randint(1, 20)\n"
        "        a, y = [rng.randrange(10) for _ in range(n)], [rng.uniform(0, rows[-1]) for _ in range(n)]\n"
        "        print(t.length(a, y), t.tour(a, y))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"WMS_COMPILED": flag}, capture_output=True, check=True
        )
        for flag in ("1", "0")
    ]
    assert runs[0].stdout == runs[1].stdout and runs[0].stdout.count(b"\n") == 60

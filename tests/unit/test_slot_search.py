"""Slots by exact walks: a permutation stays one, nothing gets where it may not, the forecast counts the recent days most."""

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wms.algorithms.batching.search import Aisled, Anywhere
from wms.algorithms.routing.rectangular import Layout, Tours
from wms.algorithms.slotting import forecast, reslot, search

AISLES, CELLS = 4, 6


def floor(per_cell: int = 1) -> search.Positions:
    """Four aisles of six cells between two cross-aisles, the depot below the first."""
    cost = Aisled(
        Tours(Layout((0.0, CELLS + 1.0), 3.0)),
        np.repeat(np.arange(AISLES), CELLS),
        np.tile(np.arange(1.0, CELLS + 1), AISLES),
    )
    return search.Positions(cost, np.repeat(np.arange(AISLES * CELLS), per_cell))


def between(positions: search.Positions) -> Callable[[int, int], float]:
    cost = positions.cost
    assert isinstance(cost, Aisled)

    def way(a: int, b: int) -> float:
        (x, y), (x2, y2) = ((int(cost.aisles[p]), float(cost.ys[p])) for p in (positions.place[a], positions.place[b]))
        rows = cost.tours.layout.rows
        return abs(y - y2) if x == x2 else 3.0 * abs(x - x2) + min(abs(y - r) + abs(y2 - r) for r in rows)

    return way


def days(seed: int, items: int, n: int = 8) -> list[list[list[int]]]:
    """Orders with a few busy items and pairs that are ordered together."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, items + 1)
    busy = rng.permutation(items)
    made = []
    for _ in range(n):
        day = []
        for _ in range(30):
            first = int(busy[rng.choice(items, p=share / share.sum())])
            day.append([first, (first + 7) % items] if rng.random() < 0.6 else [first])
        made.append(day)
    return made


def cost_of(at: list[int], positions: search.Positions, asked: forecast.Demand) -> float:
    return float((search.walks(at, positions, asked) * asked.weights).sum())


def test_the_recent_days_count_most_and_together_one() -> None:
    weights = forecast.day_weights(3, 1.0)
    assert weights == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    asked = forecast.demand([[[0]], [[0, 1, 1], [2]]], 2, half_life_days=1.0)
    assert asked.tours == ((0,), (0, 1, 2))
    assert asked.rates(3) == pytest.approx([1.0, 2 / 3, 2 / 3])
    assert forecast.rates([[[5]], [[5], [5]]], 6, 1.0)[5] == pytest.approx(5 / 3)


def test_a_day_of_nothing_is_no_tour() -> None:
    assert forecast.demand([], 10).tours == ()
    assert forecast.demand([[], [[]]], 10).tours == ()
    assert search.improve([0, 1], floor(), forecast.demand([[]], 10), 0, rounds=1) == [0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_the_search_is_better_repeats_itself_and_keeps_a_permutation(seed: int) -> None:
    positions, asked = floor(), forecast.demand(days(seed, 20), 3)
    at = search.start(forecast.rates(days(seed, 20), 20), positions, asked)
    assert len(set(at)) == 20
    found = search.improve(at, positions, asked, 0, seed, rounds=15)
    assert found == search.improve(at, positions, asked, 0, seed, rounds=15)
    assert len(set(found)) == 20
    assert set(found) <= set(range(24))
    assert cost_of(found, positions, asked) < cost_of(at, positions, asked)


def test_nothing_gets_where_it_may_not() -> None:
    allowed = np.array([[True, True], [False, True]])  # heavy items only on the low positions
    kind = np.arange(48) % 2
    positions = floor(per_cell=2)
    heavy = np.arange(40) % 3 == 0
    bound = search.Positions(positions.cost, positions.place, allowed, heavy.astype(np.int64), kind)
    at = [0] * 40
    low, others = iter(np.flatnonzero(kind == 1).tolist()), iter(np.flatnonzero(kind == 0).tolist())
    for i in range(40):
        at[i] = next(low) if heavy[i] else next(others, -1)
        at[i] = next(low) if at[i] < 0 else at[i]
    found = search.improve(at, bound, forecast.demand(days(1, 40), 4), 0, rounds=20)
    assert found != at
    assert all(kind[p] == 1 for p in np.asarray(found)[heavy])


def test_any_distances_do_as_well() -> None:
    xy = np.random.default_rng(4).integers(0, 100, (14, 2))
    dist = np.abs(xy[:, None] - xy[None]).sum(axis=2).astype(float)
    positions = search.Positions(Anywhere(dist), np.arange(12))
    asked = forecast.demand(days(2, 10), 2)
    at = search.start(forecast.rates(days(2, 10), 10), positions, asked)
    assert cost_of(search.improve(at, positions, asked, 0, rounds=5), positions, asked) < cost_of(at, positions, asked)


def test_more_items_than_positions_is_said() -> None:
    with pytest.raises(ValueError, match="30 items for 24 positions"):
        search.walks(list(range(30)), floor(), forecast.demand([[[1]]], 1))


def test_small_houses_are_slotted_as_well_as_ever() -> None:
    """Quality pinned: the walk a day of small made-up houses; where all arrangements can be tried, the best of them."""
    path = Path(__file__).parents[1] / "golden" / "slotting.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            items, seed = int(row["items"]), int(row["seed"])
            positions, asked = floor(), forecast.demand(days(seed, items), 3)
            at = search.start(forecast.rates(days(seed, items), items), positions, asked)
            found = cost_of(search.improve(at, positions, asked, 0, seed, rounds=int(row["rounds"])), positions, asked)
            assert found <= float(row["walk"]) * 1.0001
            if row["optimum"]:
                assert found == pytest.approx(float(row["optimum"]), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [1, 2, 5, 12])
def test_moves_are_few_possible_and_worth_it(seed: int, budget: int) -> None:
    positions, items = floor(), 20
    asked = forecast.demand(days(seed, items), 3)
    at = [int(p) for p in np.random.default_rng(seed).permutation(24)[:items]]
    way = between(positions)
    terms = reslot.Terms(
        budget, 14.0, fixed=frozenset({3}), closed=frozenset({next(p for p in range(24) if p not in at)})
    )
    found = reslot.propose(at, positions, asked, way, terms, rounds=8, seed=seed)
    assert found.groups
    assert len(found.moves) <= budget
    lies = dict(enumerate(at))
    for group in found.groups:
        assert group.net == pytest.approx(sum(m.saving * 14 - m.walk for m in group.moves))
        assert group.net > 0
        for move in group.moves:
            assert lies[move.item] == move.source
            assert move.target not in lies.values()
            assert move.target not in terms.closed
            assert move.item not in terms.fixed
            assert move.walk == way(move.source, move.target)
            lies[move.item] = move.target
    assert cost_of(list(lies.values()), positions, asked) == pytest.approx(found.after)
    assert found.before == pytest.approx(cost_of(at, positions, asked))


def test_groups_share_no_position_so_that_any_of_them_may_be_left_out() -> None:
    positions, asked = floor(), forecast.demand(days(5, 20), 3)
    found = reslot.propose(list(range(20)), positions, asked, between(positions), reslot.Terms(16, 14.0), rounds=10)
    touched = [{p for m in g.moves for p in (m.source, m.target)} for g in found.groups]
    assert all(not a & b for a, b in itertools.combinations(touched, 2))


def test_what_may_not_be_is_not_proposed_and_said() -> None:
    positions, asked = floor(), forecast.demand(days(6, 20), 3)
    at = list(range(20, 0, -1))
    found = reslot.propose(
        at, positions, asked, between(positions), reslot.Terms(10, 14.0), objection=lambda i, _p: "no" if i % 2 else ""
    )
    assert found.refused["no"] > 0
    assert all(m.item % 2 == 0 for m in found.moves)


def test_a_horizon_too_short_to_pay_for_a_move_proposes_none() -> None:
    positions, asked = floor(), forecast.demand(days(7, 20), 3)
    found = reslot.propose(list(range(20)), positions, asked, between(positions), reslot.Terms(10, 1e-6))
    assert (found.groups, found.after) == ((), found.before)


def test_a_golden_lane_takes_the_items_that_it_is_for_and_no_others() -> None:
    positions, asked = floor(), forecast.demand(days(8, 20), 3)
    top = {int(i) for i in np.argsort(-asked.rates(20))[:5]}
    lane = {0, 1, 2, 3, 4, 5}
    at = list(range(23, 3, -1))
    terms = reslot.Terms(20, 14.0, items=frozenset(top), lane=frozenset(lane))
    found = reslot.propose(at, positions, asked, between(positions), terms)
    into = {m.item for m in found.moves if m.target in lane}
    assert into
    assert into <= top

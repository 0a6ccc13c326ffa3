"""Pods chosen for orders: everything served, against the fewest visits of all subsets, urgent first, older stock first."""

import itertools
import random
from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from wms.algorithms.batching.visits import Held, Line, choose
from wms.processes.goods_to_person import rules


def fewest(lines: list[Line], held: list[Held]) -> int:
    """By trying every subset of the pods."""
    want: Counter[object] = Counter()
    for x in lines:
        want[x.item] += x.qty
    pods = sorted({h.pod for h in held})
    for n in range(len(pods) + 1):
        for some in itertools.combinations(pods, n):
            have: Counter[object] = Counter()
            for h in held:
                have[h.item] += h.free if h.pod in some else 0
            if all(have[i] >= q for i, q in want.items()):
                return n
    raise AssertionError("not enough in all pods")


def case(rng: random.Random) -> tuple[list[Line], list[Held]]:
    held = [Held(pod, item, rng.randint(1, 6)) for pod in range(7) for item in rng.sample(range(8), 3)]
    there: Counter[object] = Counter()
    for h in held:
        there[h.item] += h.free
    lines = []
    for order in range(5):
        for item in rng.sample(sorted(there), min(2, len(there))):  # type: ignore[type-var]
            if there[item]:
                lines.append(Line(order, item, qty := rng.randint(1, min(3, there[item])), (order % 2,)))
                there[item] -= qty
    return lines, held


def test_nearly_as_few_visits_as_the_fewest_of_all_subsets() -> None:
    rng = random.Random(7)
    extra: Counter[int] = Counter()
    for _ in range(150):
        lines, held = case(rng)
        found = choose(lines, held)
        assert all(sum(q for _, q in parts) == x.qty for x, parts in zip(lines, found.takes, strict=True))
        extra[len(found.visits) - fewest(lines, held)] += 1
    assert min(extra) >= 0 and max(extra) <= 1
    assert extra[0] >= 120, extra


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_nothing_is_taken_that_is_not_there_and_no_visit_is_for_nothing(seed: int, scarce: bool) -> None:
    lines, held = case(random.Random(seed))
    if scarce:
        held = held[: len(held) // 2]
    found = choose(lines, held)
    taken: Counter[int] = Counter()
    for line, parts in zip(lines, found.takes, strict=True):
        for i, qty in parts:
            assert qty > 0 and held[i].item == line.item
            taken[i] += qty
        assert sum(q for _, q in parts) <= line.qty
    assert all(qty <= held[i].free for i, qty in taken.items())
    assert {v.pod for v in found.visits} == {held[i].pod for i in taken}
    for item in {x.item for x in lines}:  # what is short is short for want of pieces, not of a visit
        got = sum(q for x, parts in zip(lines, found.takes, strict=True) if x.item == item for _, q in parts)
        want, there = sum(x.qty for x in lines if x.item == item), sum(h.free for h in held if h.item == item)
        assert got == min(want, there)


def test_the_urgent_come_first_and_among_equals_the_older_stock() -> None:
    held = [Held(1, "a", 5, 20), Held(2, "a", 5, 10), Held(3, "b", 5), Held(3, "c", 5)]
    lines = [Line("late", "b", 1, (5,)), Line("late", "c", 1, (5,)), Line("soon", "a", 2, (1,))]
    found = choose(lines, held)
    assert [(v.pod, v.lines) for v in found.visits] == [(2, (2,)), (3, (0, 1))]
    assert found.visits[1].why == "serves 2 line(s) of 1 order(s) in one visit; 2 visit(s) serve all"


def test_a_pod_that_later_ones_make_needless_stays_where_it_is() -> None:
    held = [Held(0, i, 1) for i in "abcd"] + [Held(1, i, 1) for i in "abe"] + [Held(2, i, 1) for i in "cdf"]
    assert {v.pod for v in choose([Line(i, i, 1) for i in "abcdef"], held).visits} == {1, 2}


def test_nothing_wanted_or_nothing_there_needs_no_visit() -> None:
    assert choose([], [Held(1, "a", 5)]).visits == ()
    assert choose([Line("o", "a", 1)], []).takes == ((),)


def test_a_free_tote_goes_to_the_urgent_and_among_equals_to_who_wants_the_pods_already_called() -> None:
    soon, later, near = (rules.Order(UUID(int=i), rank, pods) for i, rank, pods in (
        (1, (1.0, 9.0), (7,)), (2, (5.0, 9.0), (7, 8)), (3, (5.0, 9.0), (4, 4)),
    ))  # fmt: skip
    assert rules.next_order([later, near, soon], near={4}) is soon
    assert rules.next_order([later, near], near={4}) is near
    assert rules.next_order([later, near], near=set()) is later


def test_pods_are_called_urgent_first_then_by_picks_and_no_more_than_have_room() -> None:
    urgent = rules.Order(UUID(int=1), (1.0, 0.0), (30,))
    others = [rules.Order(UUID(int=i), (5.0, 0.0), (10, 20)) for i in (2, 3)] + [
        rules.Order(UUID(int=4), (5.0, 0.0), (20,))
    ]
    assert [p for p, _ in rules.next_pods([*others, urgent], out=[], room=3)] == [30, 20, 10]
    assert rules.next_pods([*others, urgent], out=[30, 10], room=1) == [
        (20, "3 pick(s) of 3 order(s) at the station, the most urgent first")
    ]
    assert rules.next_pods([*others, urgent], out=[], room=-1) == []

"""ABC by pick lines: the cut is taken before the item, hysteresis keeps a class until it is clearly left."""

import random

from wms.algorithms.slotting.abc import classify


def classes(lines: dict[int, int], current: dict[int, str] | None = None) -> dict[int, str]:
    return {i: r.velocity for i, r in classify(lines, current or {}).items()}


def test_a_lone_giant_is_a() -> None:
    assert classes({1: 90, 2: 6, 3: 4}) == {1: "A", 2: "B", 3: "C"}


def test_the_cut_is_taken_before_the_item() -> None:
    # Shares before: 0, 50, 79, 90, 96 %.
    assert classes({1: 50, 2: 29, 3: 11, 4: 6, 5: 4}) == {1: "A", 2: "A", 3: "A", 4: "B", 5: "C"}


def test_what_is_never_picked_is_c_and_nothing_picked_is_all_c() -> None:
    assert classes({1: 10, 2: 0, 3: -1}) == {1: "A", 2: "C", 3: "C"}
    assert classes({1: 0, 2: 0}) == {1: "C", 2: "C"}
    assert classes({}) == {}


def test_an_item_between_the_cuts_keeps_the_class_that_it_has() -> None:
    lines = {1: 81, 2: 10, 3: 9}  # item 2 has 81 % before it: within two points of the cut
    assert classes(lines)[2] == "B"
    assert classes(lines, {1: "A", 2: "A", 3: "B"})[2] == "A"
    assert classes(lines, {1: "A", 2: "B", 3: "C"})[2] == "B"


def test_past_the_hysteresis_it_changes() -> None:
    lines = {1: 83, 2: 10, 3: 7}
    assert classes(lines, {1: "A", 2: "A", 3: "B"})[2] == "B"
    lines = {1: 77, 2: 14, 3: 9}
    assert classes(lines, {1: "A", 2: "B", 3: "B"})[2] == "A"


def test_classes_fall_with_the_rank_and_repeat_themselves() -> None:
    rng = random.Random(7)
    for _ in range(50):
        lines = {i: rng.randint(0, 200) for i in range(rng.randint(1, 80))}
        first = classes(lines)
        ranked = sorted(lines, key=lambda i: (-lines[i], i))
        assert [first[i] for i in ranked] == sorted(first[i] for i in ranked)
        assert classes(lines, first) == first

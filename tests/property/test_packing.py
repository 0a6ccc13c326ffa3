"""Packing searched to its end: the proof never contradicts a packing, and what shrinks never needs more."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from wms.algorithms.packing import check
from wms.algorithms.packing.engine import EXACT, plan
from wms.algorithms.packing.exact import FOUND, OPEN, REFUTED, decide
from wms.algorithms.packing.kinds import shelf
from wms.algorithms.packing.model import Box, Effort, Item, Placed, Rules
from wms.algorithms.packing.starts import flat

SHELF = shelf(
    [
        Box("A", (12, 9, 7), 0, 99),
        Box("B", (13, 10, 8), 0, 99),
        Box("C", (16, 12, 10), 0, 99),
        Box("D", (40, 40, 40), 0, 99),
    ]
)
FLOATING = Rules(support_pct=0)
GREEDY = Effort(starts=200, steps=100_000)
few = st.lists(st.tuples(*[st.integers(2, 10)] * 3), min_size=2, max_size=6)


def packs_by_brute_force(
    sides: tuple[int, ...], todo: list[list[tuple[int, int, int]]], placed: list[tuple[int, ...]]
) -> bool:
    """Every position and turn, one cell at a time; for tiny boxes only."""
    if not todo:
        return True
    for dx, dy, dz in todo[0]:
        for x in range(sides[0] - dx + 1):
            for y in range(sides[1] - dy + 1):
                for z in range(sides[2] - dz + 1):
                    if all(
                        x >= p[3] or p[0] >= x + dx or y >= p[4] or p[1] >= y + dy or z >= p[5] or p[2] >= z + dz
                        for p in placed
                    ) and packs_by_brute_force(sides, todo[1:], [*placed, (x, y, z, x + dx, y + dy, z + dz)]):
                        return True
    return False


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(1, 4)] * 3), min_size=2, max_size=4), st.tuples(*[st.integers(2, 4)] * 3))
def test_the_proof_agrees_with_brute_force(sizes: list[tuple[int, int, int]], sides: tuple[int, int, int]) -> None:
    sizes.sort()
    units, stands, turns_of = [], [], []
    for n, (a, b, c) in enumerate(sizes):
        ways = sorted({(a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)})
        first = len(stands) // 3
        stands += [side for way in ways for side in way]
        kind = units[-1] if n and sizes[n - 1] == sizes[n] else n
        units += [first, first + len(ways), kind]
        turns_of.append(ways)
    state, packing, _ = decide(flat(sides), flat(units), flat(stands), 200_000, 0)
    assert state != OPEN
    volume = sum(a * b * c for a, b, c in sizes)
    fits = volume <= sides[0] * sides[1] * sides[2] and packs_by_brute_force(sides, turns_of, [])
    assert state == (FOUND if fits else REFUTED)
    assert len(packing) == (len(sizes) if fits else 0)


@settings(max_examples=80, deadline=None)
@given(few)
def test_no_greedy_packing_beats_a_proven_one(sizes: list[tuple[int, int, int]]) -> None:
    items = [Item(str(n), size, 1) for n, size in enumerate(sizes)]
    for rules in (FLOATING, Rules()):
        exact, greedy = plan(items, SHELF, rules, EXACT), plan(items, SHELF, rules, GREEDY)
        if all(c.proven for c in exact.cartons) and len(exact.cartons) == 1:
            assert exact.cost <= greedy.cost


@settings(max_examples=60, deadline=None)
@given(few, st.integers(0, 5), st.integers(0, 2))
def test_a_smaller_item_never_needs_a_larger_carton(sizes: list[tuple[int, int, int]], which: int, side: int) -> None:
    items = [Item(str(n), size, 1) for n, size in enumerate(sizes)]
    shrunk = list(sizes[which % len(sizes)])
    shrunk[side] -= 1
    less = list(items)
    less[which % len(sizes)] = Item("s", tuple(shrunk), 1)  # type: ignore[arg-type]
    small, large = plan(less, SHELF, FLOATING, EXACT), plan(items, SHELF, FLOATING, EXACT)
    if all(c.proven for c in small.cartons):
        assert small.cost <= large.cost


@settings(max_examples=40, deadline=None)
@given(few, st.tuples(*[st.integers(5, 20)] * 3))
def test_another_carton_on_the_shelf_never_costs_more(
    sizes: list[tuple[int, int, int]], inner: tuple[int, int, int]
) -> None:
    items = [Item(str(n), size, 1) for n, size in enumerate(sizes)]
    more = shelf([*SHELF.boxes, Box("E", inner, 0, 99)])
    for rules in (FLOATING, Rules()):
        assert plan(items, more, rules).cost <= plan(items, SHELF, rules).cost


def test_an_effort_that_is_out_of_time_still_answers() -> None:
    items = [Item(str(n), (5 + n % 7, 4 + n % 5, 3 + n % 3), 1) for n in range(40)]
    made = plan(items, SHELF, Rules(), Effort(starts=10_000, steps=10**9, seconds=0.0))
    assert sum(len(c.placed) for c in made.cartons) == 40


@settings(deadline=None)
@given(few, st.integers(0, 5), st.tuples(*[st.integers(-2, 2)] * 3), st.sampled_from((0, 75, 100)))
def test_the_quick_check_finds_a_fault_where_the_plain_one_does(
    sizes: list[tuple[int, int, int]], which: int, step: tuple[int, int, int], support_pct: int
) -> None:
    items = {str(n): Item(str(n), size, 1) for n, size in enumerate(sizes)}
    for carton in plan(list(items.values()), SHELF, Rules(75)).cartons:
        placed = list(carton.placed)
        at = which % len(placed)
        key, corner, size = placed[at]
        placed[at] = Placed(key, tuple(a + b for a, b in zip(corner, step, strict=True)), size)  # type: ignore[arg-type]
        moved = replace(carton, placed=tuple(placed))
        box, rules = SHELF.by_code[carton.box], Rules(support_pct)
        volume = check.sound(moved, box, rules)
        plain, filled = check.place_faults(items, box, moved, rules, bears=False)
        assert volume == (filled if not plain else -1)

"""The carton engine: whatever it packs is a valid arrangement, judged here by its own arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from wms.algorithms.packing.cartons import SUPPORT_MIN, Box, Item, Packed, Plan, plan

BOXES = (
    Box("S", (200, 150, 100), 80, 5_000), Box("M", (300, 220, 160), 150, 12_000), Box("L", (400, 300, 250), 260, 20_000),
)  # fmt: skip
sizes = st.tuples(st.integers(5, 380), st.integers(5, 280), st.integers(5, 240))
item_lists = st.lists(st.tuples(sizes, st.integers(1, 6_000)), min_size=1, max_size=14)


def check(packed: Packed, items: dict[str, Item]) -> None:
    box = next(b for b in BOXES if b.code == packed.box)
    assert packed.weight_g - box.tare_g == sum(items[p.key].weight_g for p in packed.placed) <= box.load_max_g
    for n, p in enumerate(packed.placed):
        assert sorted(p.size_mm) == sorted(items[p.key].size_mm)
        assert all(p.at_mm[k] >= 0 and p.at_mm[k] + p.size_mm[k] <= box.inner_mm[k] for k in range(3))
        for q in packed.placed[:n]:
            apart = [
                p.at_mm[k] >= q.at_mm[k] + q.size_mm[k] or q.at_mm[k] >= p.at_mm[k] + p.size_mm[k] for k in range(3)
            ]
            assert any(apart), (p, q)
        if p.at_mm[2]:
            area = sum(
                max(0, min(p.at_mm[0] + p.size_mm[0], q.at_mm[0] + q.size_mm[0]) - max(p.at_mm[0], q.at_mm[0]))
                * max(0, min(p.at_mm[1] + p.size_mm[1], q.at_mm[1] + q.size_mm[1]) - max(p.at_mm[1], q.at_mm[1]))
                for q in packed.placed if q is not p and q.at_mm[2] + q.size_mm[2] == p.at_mm[2]
            )  # fmt: skip
            assert area >= SUPPORT_MIN * p.size_mm[0] * p.size_mm[1]


@given(item_lists)
def test_every_piece_is_in_one_valid_carton_or_named_as_unpackable(
    drawn: list[tuple[tuple[int, int, int], int]],
) -> None:
    items = {str(n): Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn)}
    made: Plan = plan(list(items.values()), BOXES)
    for packed in made.cartons:
        check(packed, items)
    placed = [p.key for c in made.cartons for p in c.placed]
    assert sorted([*placed, *(key for key, _ in made.left_over)]) == sorted(items)
    for key, reason in made.left_over:
        assert reason
        size, weight = sorted(items[key].size_mm), items[key].weight_g
        assert not any(
            weight <= b.load_max_g and all(s <= i for s, i in zip(size, sorted(b.inner_mm), strict=True)) for b in BOXES
        )


@given(item_lists)
def test_the_same_items_give_the_same_plan(drawn: list[tuple[tuple[int, int, int], int]]) -> None:
    items = [Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn)]
    assert plan(items, BOXES) == plan(items, BOXES)


def test_the_smallest_carton_that_holds_it_is_taken() -> None:
    assert [c.box for c in plan([Item("a", (190, 140, 90), 100)], BOXES).cartons] == ["S"]
    assert [c.box for c in plan([Item("a", (190, 140, 90), 100), Item("b", (190, 140, 90), 100)], BOXES).cartons] == [
        "M"
    ]


def test_a_load_too_heavy_is_split() -> None:
    assert len(plan([Item(str(i), (100, 100, 50), 6_000) for i in range(4)], BOXES).cartons) == 2

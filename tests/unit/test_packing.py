"""The carton engine: whatever it packs is a valid arrangement, judged here by its own arithmetic."""

import random
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wms.algorithms.packing import check
from wms.algorithms.packing.bags import filled, least_high_mm
from wms.algorithms.packing.cost import EXPRESS, UPS, USPS, Tariff, material
from wms.algorithms.packing.engine import FAST, plan
from wms.algorithms.packing.kinds import shelf
from wms.algorithms.packing.model import Box, Item, Limit, Packed, Plan, Rules

BOXES = (
    Box("S", (200, 150, 100), 80, 5_000), Box("M", (300, 220, 160), 150, 12_000), Box("L", (400, 300, 250), 260, 20_000),
)  # fmt: skip
SHELF = shelf(BOXES)
sizes = st.tuples(st.integers(5, 380), st.integers(5, 280), st.integers(5, 240))
item_lists = st.lists(st.tuples(sizes, st.integers(1, 6_000)), min_size=1, max_size=14)
rich = st.builds(
    Item, st.uuids().map(str), st.tuples(st.integers(20, 200), st.integers(20, 200), st.integers(20, 150)),
    st.integers(1, 2_000), st.integers(1, 4), st.sampled_from(["any", "flat", "none", "v:wd"]), st.booleans(),
    st.none() | st.integers(0, 3_000), st.sampled_from([(), ("acid",), ("base",)]), st.sampled_from([(), (), ("acid",)]),
    st.sampled_from([(), (), ("M", "L")]), st.just(False) | st.booleans(),
)  # fmt: skip


def judge(packed: Packed, items: dict[str, Item], support_pct: int = 75) -> None:
    """Inside, apart, turned rightly, weighed rightly and carried, from first principles."""
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
            assert 100 * area >= support_pct * p.size_mm[0] * p.size_mm[1]


def litres(made: Plan) -> int:
    return sum(SHELF.by_code[c.box].volume_mm3 for c in made.cartons)


@settings(deadline=None)
@given(item_lists)
def test_every_piece_is_in_one_valid_carton_or_named_as_unpackable(
    drawn: list[tuple[tuple[int, int, int], int]],
) -> None:
    items = {str(n): Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn)}
    made: Plan = plan(list(items.values()), BOXES)
    for packed in made.cartons:
        judge(packed, items)
    placed = [p.key for c in made.cartons for p in c.placed]
    assert sorted([*placed, *(left.key for left in made.left_over)]) == sorted(items)
    for left in made.left_over:
        assert left.code in ("too_large", "too_heavy") and left.mend
        size, weight = sorted(items[left.key].size_mm), items[left.key].weight_g
        assert not any(
            weight <= b.load_max_g and all(s <= i for s, i in zip(size, sorted(b.inner_mm), strict=True)) for b in BOXES
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(rich, min_size=1, max_size=8), st.sampled_from([0, 75, 100]))
def test_turns_loads_company_and_limits_hold_and_the_checker_agrees(items: list[Item], support: int) -> None:
    rules = Rules(support, (Limit("acid", each_max=3), Limit("base", each_max=1, beside="acid")))
    made = plan(items, SHELF, rules)  # a fault that the checker sees is an exception
    by_key = {i.key: i for i in items}
    for packed in made.cartons:
        if packed.box:
            judge(packed, by_key, support)
        bare = [by_key[p.key] for p in packed.placed]
        assert sum("acid" in i.tags for i in bare) <= 3
        assert not any("acid" in a.not_with and "acid" in b.tags for a in bare for b in bare if a is not b)
    assert sum(len(c.placed) for c in made.cartons) + sum(x.qty for x in made.left_over) == sum(i.qty for i in items)


@settings(deadline=None)
@given(item_lists, st.randoms(use_true_random=False))
def test_the_answer_depends_on_the_goods_alone(
    drawn: list[tuple[tuple[int, int, int], int]], chance: random.Random
) -> None:
    items = [Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn)]
    made = plan(items, BOXES)
    assert plan(items, SHELF) == made
    mixed = list(items)
    chance.shuffle(mixed)
    assert [c.box for c in plan(mixed, BOXES[::-1]).cartons] == [c.box for c in made.cartons]
    turned = [Item(i.key, (i.size_mm[2], i.size_mm[0], i.size_mm[1]), i.weight_g) for i in items]
    assert litres(plan(turned, SHELF)) == litres(made)
    doubled = [Item(i.key, i.size_mm, i.weight_g, 2) for i in items]
    assert litres(plan([*items, *items], SHELF)) == litres(plan(doubled, SHELF))


@settings(deadline=None)
@given(item_lists)
def test_a_thousand_times_larger_changes_nothing(drawn: list[tuple[tuple[int, int, int], int]]) -> None:
    items = [Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn)]
    large = [Item(i.key, tuple(200 * s for s in i.size_mm), i.weight_g) for i in items]  # type: ignore[arg-type]
    rooms = [Box(b.code, tuple(200 * s for s in b.inner_mm), b.tare_g, b.load_max_g) for b in BOXES]  # type: ignore[arg-type]
    assert [c.box for c in plan(items, BOXES).cartons] == [c.box for c in plan(large, rooms).cartons]


def test_the_smallest_carton_that_holds_it_is_taken() -> None:
    assert [c.box for c in plan([Item("a", (190, 140, 90), 100)], BOXES).cartons] == ["S"]
    assert [c.box for c in plan([Item("a", (190, 140, 90), 100), Item("b", (190, 140, 90), 100)], BOXES).cartons] == [
        "M"
    ]


def test_a_load_too_heavy_is_split() -> None:
    assert len(plan([Item(str(i), (100, 100, 50), 6_000) for i in range(4)], BOXES).cartons) == 2


def test_what_cannot_be_packed_says_why_and_what_to_mend() -> None:
    bad = [
        Item("zero", (0, 10, 10), 5), Item("negative", (10, -1, 10), 5), Item("absurd", (10, 10, 10**9), 5),
        Item("weightless", (10, 10, 10), 0), Item("none of it", (10, 10, 10), 5, 0), Item("turn", (10, 10, 10), 5, turn="x"),
        Item("large", (900, 10, 10), 5), Item("heavy", (10, 10, 10), 50_000), Item("approved", (10, 10, 10), 5, only_in=("X",)),
    ]  # fmt: skip
    made = plan([*bad, Item("good", (10, 10, 10), 5)], BOXES)
    assert {x.key: x.code for x in made.left_over} == {
        "zero": "bad_size", "negative": "bad_size", "absurd": "bad_size", "weightless": "bad_weight",
        "none of it": "bad_quantity", "turn": "bad_turn", "large": "too_large", "heavy": "too_heavy",
        "approved": "no_approved_carton",
    }  # fmt: skip
    assert all(x.mend for x in made.left_over)
    assert [p.key for c in made.cartons for p in c.placed] == ["good"]
    assert {x.code for x in plan([Item("a", (10, 10, 10), 5)], []).left_over} == {"no_carton"}


def test_nothing_lies_on_what_is_fragile() -> None:
    glass = Item("glass", (190, 140, 30), 400, fragile=True)
    made = plan([glass, Item("book", (190, 140, 40), 900, 1)], BOXES)
    assert len(made.cartons) == 1
    at = {p.key: p.at_mm[2] for p in made.cartons[0].placed}
    assert at["glass"] == 40 and at["book"] == 0
    assert len(plan([Item("glass", (190, 140, 30), 400, 3, "flat", fragile=True)], BOXES[:1]).cartons) == 3


def test_a_bag_takes_what_its_sides_can_wrap() -> None:
    bag = Box("BAG", (300, 400, 0), 10, 2_000, bag=True)
    slim, thick = Item("slim", (250, 340, 40), 300), Item("thick", (250, 340, 70), 300)
    assert plan([slim], [bag, *BOXES]).cartons[0].box == "BAG"
    assert plan([thick], [bag, *BOXES]).cartons[0].box == "L"
    # (300 - 40) x (400 - 40) x 40 mm: so it counts as litres, and so it is billed.
    assert plan([slim], [bag, *BOXES]).cost == pytest.approx(3.744)
    billed = Rules(price=lambda box, _: float(prod(box.outer_mm or box.inner_mm)))
    wide = Box("BAG", (300, 400, 0), 10, 2_000, outer_mm=(310, 410, 0), bag=True)
    assert plan([slim], [wide], billed).cost == 270 * 370 * 40


def test_what_goes_into_a_bag_lies_flat_and_in_few_layers() -> None:
    bag = Box("BAG", (250, 350, 0), 12, 2_000, bag=True)
    scarf = (200, 140, 20)
    for pieces, high in ((1, 20), (2, 20), (3, 40), (4, 40)):
        (packed,) = plan([Item("scarf", scarf, 180, pieces)], [bag]).cartons
        assert max(p.at_mm[2] + p.size_mm[2] for p in packed.placed) == high, pieces


def test_a_bag_as_filled_takes_no_more_than_a_liquid_would() -> None:
    flat = (300, 400, 0)
    assert filled(flat, 40) == (260, 360, 40)
    for high in (1, 40, 70):
        w, l, h = filled(flat, high)  # noqa: E741
        assert least_high_mm(flat, w * l * h) == high
        assert least_high_mm(flat, w * l * h, 80) == 80
    fullest = max(prod(filled(flat, h)) for h in range(1, 300))
    assert least_high_mm(flat, fullest) and not least_high_mm(flat, fullest + 1)


def test_void_fill_counts_towards_the_gross_limit() -> None:
    strict = Box("G", (200, 200, 200), 100, 5_000, gross_max_g=1_000)
    item = Item("a", (100, 100, 100), 850)
    assert plan([item], [strict]).cartons[0].weight_g == 950
    made = plan([item], [strict], Rules(void_g_per_l=10))
    assert not made.cartons and made.left_over[0].code == "no_room"


def test_what_ships_as_it_is_needs_no_carton() -> None:
    made = plan([Item("tv", (1200, 800, 150), 15_000, 2, own_container=True), Item("a", (50, 50, 50), 10)], BOXES)
    assert sorted(c.box for c in made.cartons) == ["", "", "S"]


def test_the_checker_sees_what_is_wrong() -> None:
    items = [Item("a", (100, 100, 50), 200, 3), Item("b", (100, 100, 50), 100, fragile=True)]
    good = plan(items, SHELF)
    assert check.faults(items, SHELF.by_code, good.cartons, (), Rules()) == []
    carton = good.cartons[0]
    first, *others = carton.placed

    def seen(*placed: object, weight_g: int = carton.weight_g, **_: object) -> str:
        wrong = Packed(carton.box, tuple(placed), weight_g)  # type: ignore[arg-type]
        return "; ".join(check.faults(items, SHELF.by_code, [wrong], (), Rules()))

    moved = [type(first)(first.key, at, first.size_mm) for at in ((-1, 0, 0), others[0].at_mm, (0, 0, 7))]
    assert "outside" in seen(moved[0], *others)
    assert "overlap" in seen(moved[1], *others)
    assert "of its base" in seen(moved[2], *others)
    assert "not packed" in seen(*others)
    assert "weighs" in seen(first, *others, weight_g=1)
    assert "turned" in seen(type(first)(first.key, first.at_mm, (101, 100, 50)), *others)


def test_counted_effort_gives_the_same_bytes() -> None:
    chance = random.Random(7)
    items = [Item(str(n), tuple(chance.randint(30, 180) for _ in range(3)), 100) for n in range(12)]  # type: ignore[arg-type]
    assert repr(plan(items, BOXES, effort=FAST)) == repr(plan(items, BOXES, effort=FAST))


def test_three_cheap_cartons_beat_a_dear_one() -> None:
    cheap, dear = Box("cheap", (150, 150, 150), 0, 9_000, cost=5), Box("dear", (600, 600, 600), 0, 9_000, cost=60)
    items = [Item("p", (100, 100, 100), 1, 3)]
    assert [c.box for c in plan(items, [cheap, dear]).cartons] == ["dear"]
    made = plan(items, [cheap, dear], Rules(price=material))
    assert [c.box for c in made.cartons] == ["cheap"] * 3 and made.cost == 15


def test_carriers_round_each_in_their_own_way() -> None:
    assert UPS.units((254, 254, 254), 100) == 8  # 10 in: 1,000 / 139 = 7.2
    assert UPS.units((255, 254, 254), 100) == 8 and UPS.units((255, 255, 255), 100) == 10  # 11 in
    assert UPS.units((100, 100, 100), 10_000) == 23  # heavier than large
    assert USPS.units((254, 254, 254), 100) == 1  # no more than a cubic foot: by weight alone
    assert EXPRESS.units((301, 200, 200), 400) == 5  # 31 x 20 x 20 cm = 12,400 cm3: 2.48 kg
    stepped = Tariff(steps=((1, 5.0), (5, 8.0)), per_unit=1.5, surcharges=((1_000, 20.0),), with_material=False)
    assert stepped(Box("a", (100, 100, 100), 0, 1), 400) == 5.0
    assert stepped(Box("a", (1_100, 100, 100), 0, 1), 400) == 8.0 + 1.5 + 20.0  # 44 x 4 x 4 in: 6 units
    assert stepped(Box("a", (100, 100, 100), 0, 1), 3_000) == 8.0 + 1.5 * 2


@settings(deadline=None)
@given(item_lists)
def test_no_single_carton_would_have_been_cheaper(drawn: list[tuple[tuple[int, int, int], int]]) -> None:
    items = [Item(str(n), size, weight) for n, (size, weight) in enumerate(drawn[:4])]
    made = plan(items, SHELF, Rules(price=UPS))
    if not made.left_over:
        for box in BOXES:
            alone = plan(items, [box], Rules(price=UPS))
            if len(alone.cartons) == 1 and not alone.left_over:
                assert made.cost <= UPS(box, alone.cartons[0].weight_g) + 1e-9


@settings(deadline=None)
@given(st.integers(40, 120), st.integers(30, 90), st.integers(20, 60), st.integers(5, 300))
def test_equal_units_stand_in_a_valid_lattice(a: int, b: int, c: int, units: int) -> None:
    items = [Item("x", (a, b, c), 1, units)]
    made = plan(items, SHELF)
    for packed in made.cartons:
        judge(packed, {"x": items[0]})
    assert sum(len(p.placed) for p in made.cartons) == units


def test_a_lattice_finds_what_a_greedy_filling_misses() -> None:
    crate = Box("crate", (200, 200, 300), 0, 1_000)
    assert len(plan([Item("mm", (65, 66, 83), 19, 27)], [crate]).cartons) == 1
    pallet = Box("pallet", (1_000, 1_000, 200), 0, 90_000)  # the pinwheel: four blocks around a hole
    assert len(plan([Item("case", (400, 300, 200), 100, 8, "flat")], [pallet]).cartons) == 1


def test_a_pallet_of_mixed_cases_carries_no_case_beyond_its_limit() -> None:
    pallet = Box("EUR", (800, 1_200, 1_500), 25_000, 700_000)
    cases = [
        Item("sturdy", (400, 300, 250), 9_000, 20, "flat", load_max_g=60_000),
        Item("tender", (400, 300, 150), 3_000, 16, "flat", load_max_g=6_000),
    ]
    made = plan(cases, [pallet])
    assert len(made.cartons) == 1 and not made.left_over
    tender = [p.at_mm[2] for p in made.cartons[0].placed if p.key == "tender"]
    sturdy = [p.at_mm[2] for p in made.cartons[0].placed if p.key == "sturdy"]
    assert max(sturdy) < max(tender)


def test_blocks_of_equal_pieces_spare_a_second_carton_where_the_starts_find_none() -> None:
    items = [
        Item("long", (285, 80, 70), 199, 12), Item("cube", (145, 106, 95), 271, 6), Item("small", (56, 56, 36), 60, 3),
    ]  # fmt: skip
    made = plan(items, [Box("tall", (229, 305, 520), 100, 9_900)], Rules(support_pct=0))
    assert len(made.cartons) == 1 and len(made.cartons[0].placed) == 21

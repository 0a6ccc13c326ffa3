"""What a parcel measures and may hold, whatever it ships in; and where goes what was picked beyond the plan."""

from math import prod

from hypothesis import given
from hypothesis import strategies as st

from wms.algorithms.packing.bags import wraps
from wms.foundation.catalog.queries import CartonInfo
from wms.processes.packing import rules

BOX = CartonInfo(1, "S", (220, 160, 100), (228, 168, 108), 90, 8_000)
BAG = CartonInfo(2, "MAILER", (250, 350, 0), (260, 360, 0), 12, 2_000, bag=True)
sides = st.tuples(*[st.integers(1, 240)] * 3)


def test_a_carrier_measures_the_carton_the_goods_or_the_filled_bag() -> None:
    scarf = [((200, 140, 20), 180, 2)]
    placed = [[7, 0, 0, 0, 200, 140, 20], [7, 0, 0, 20, 200, 140, 20]]
    assert rules.outer_mm(BOX, placed, scarf) == (228, 168, 108)
    assert rules.outer_mm(None, [], [((400, 300, 150), 5_200, 1)]) == (400, 300, 150)
    assert rules.outer_mm(BAG, placed, scarf) == (220, 320, 40)
    assert rules.outer_mm(BAG, [], scarf) == (240, 340, 20), "not as planned: as flat as it may be"


def test_a_lead_may_take_a_bag_only_for_what_it_wraps() -> None:
    too_small = rules.too_small
    assert not too_small(BAG.inner_mm, 2_000, [((200, 140, 20), 180, 2)], bag=True)
    assert "larger than the bag wraps" in too_small(BAG.inner_mm, 2_000, [((340, 140, 20), 180, 1)], bag=True)
    assert "more volume than the bag" in too_small(BAG.inner_mm, 9_000, [((200, 140, 20), 180, 8)], bag=True)
    assert "weigh more" in too_small(BAG.inner_mm, 300, [((200, 140, 20), 180, 2)], bag=True)
    assert "longer than the carton" in too_small(BOX.inner_mm, 2_000, [((240, 140, 20), 180, 1)])


@given(sides, st.integers(1, 6))
def test_a_filled_bag_measures_no_less_than_what_is_in_it(size: tuple[int, int, int], pieces: int) -> None:
    goods = [(size, 100, pieces)]
    if not rules.too_small(BAG.inner_mm, 10_000, goods, bag=True):
        assert wraps(BAG.inner_mm, size)
        assert prod(rules.outer_mm(BAG, [], goods)) >= prod(size) * pieces


def test_what_was_picked_beyond_the_plan_goes_into_a_carton_or_ships_as_it_is() -> None:
    plan = [{"carton": "S", "items": {"1": 2}}, {"carton": "", "items": {"9": 1}}]
    assert rules.share_out(plan, {1: 3, 9: 1}) == [("S", {1: 3}), ("", {9: 1})], "never into the closed container"
    assert rules.share_out(plan[1:], {9: 3}) == [("", {9: 1})] * 3
    assert rules.share_out(plan, {9: 1}) == [("", {9: 1})]
    assert rules.share_out([], {9: 1}) == []

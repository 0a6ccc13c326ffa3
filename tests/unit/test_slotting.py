"""The choice of a location: what may not be is never chosen, what is better comes first, and reasons are given."""

from dataclasses import replace

from wms.algorithms.slotting.putaway import Bin, Goods, House, assign, choose, objection, room_each

GRAIN = (1, 10, 1, "available")
GOODS = Goods(GRAIN, 10, (100, 80, 40), 250, "A")


def spot(n: int, **other: object) -> Bin:
    made = Bin(n, f"A-{n:02d}", n, 700, (1200, 600, 450), 150_000, n * 1000.0)
    return replace(made, **other)  # type: ignore[arg-type]


def test_a_fast_sku_goes_near_the_benches_and_a_slow_one_away() -> None:
    bins = [spot(n) for n in range(1, 21)]
    assert choose(GOODS, House.of(bins)).code == "A-01"
    slow = choose(replace(GOODS, velocity="C"), House.of(bins))
    assert slow.place_id > 10
    assert any("class C in zone C" in r for r in slow.reasons)


def test_the_same_sku_and_lot_comes_together() -> None:
    bins = [spot(1), spot(9, grains=frozenset({GRAIN}), used_mm3=10_000)]
    choice = choose(GOODS, House.of(bins))
    assert choice.code == "A-09"
    assert choice.reasons[0] == "same SKU and lot already here"


def test_another_lot_status_or_sku_is_kept_apart() -> None:
    for other in ((1, 11, 1, "available"), (1, 10, 1, "damaged"), (2, 10, 1, "available"), (1, 10, 2, "available")):
        choice = choose(GOODS, House.of([spot(1, grains=frozenset({other}))]))
        assert (choice.place_id, choice.reasons) == (0, ("1 bins: other_goods",))


def test_size_fits_in_any_orientation_or_not_at_all() -> None:
    assert not objection(replace(GOODS, size_mm=(440, 1190, 590)), spot(1), frozenset())
    assert objection(replace(GOODS, size_mm=(460, 1190, 590)), spot(1), frozenset()) == "too_small"


def test_volume_and_weight_left_decide_how_many() -> None:
    assert room_each(GOODS, spot(1)) == min(int(1200 * 600 * 450 * 0.85) // (100 * 80 * 40), 150_000 // 250)
    assert room_each(GOODS, spot(1, used_g=149_000)) == 4
    assert room_each(GOODS, spot(1, load_max_g=0, used_g=149_000)) > 4
    assert objection(GOODS, spot(1, used_g=150_000), frozenset()) == "full"


def test_heavy_goods_stay_low() -> None:
    heavy = replace(GOODS, weight_g=9_000)
    assert objection(heavy, spot(1, z_mm=1_200), frozenset()) == "too_heavy_for_height"
    assert not objection(heavy, spot(1, z_mm=700), frozenset())
    assert objection(replace(GOODS, weight_g=16_000), spot(1, z_mm=700), frozenset()) == "too_heavy_for_height"


def test_hazards_are_low_and_not_beside_others() -> None:
    lithium = replace(GOODS, hazard="UN3481")
    house = House.of(
        [spot(1, node=5, hazards=frozenset({"UN1950"})), spot(2, node=5), spot(3, node=6, z_mm=1_600), spot(4, node=7)]
    )
    assert choose(lithium, house).code == "A-04"
    ruled_out = House.of([b for b in house.bins.values() if b.place_id != 4])
    choice = choose(lithium, ruled_out)
    assert choice.place_id == 0
    assert set(choice.reasons) == {"2 bins: other_hazard_near", "1 bins: hazard_too_high"}


def test_more_than_one_bin_takes_is_spread_and_never_promised_twice() -> None:
    small = [spot(n, size_mm=(200, 100, 100), load_max_g=0) for n in range(1, 5)]
    house = House.of(small)
    choices, left = assign(replace(GOODS, qty_each=14), house)
    assert sum(c.qty_each for c in choices) == 14
    assert left == ()
    assert all(b.used_mm3 <= b.volume_mm3 for b in house.bins.values())
    again, why = assign(Goods((2, 1, 1, "available"), 20, (100, 80, 40), 250), house)
    assert [c.qty_each for c in again] == [5]
    assert "3 bins: other_goods" in why


def test_no_bins_is_an_answer_too() -> None:
    assert choose(GOODS, House.of([])).reasons == ("no bins",)

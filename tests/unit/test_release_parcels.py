"""Cartons of an order by what its service asks: weight, declared value, price, and how many the customer takes."""

from collections.abc import Mapping
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_shipping_cards import air_card, post_card
from wms.algorithms.packing.model import Box
from wms.foundation.orders.rules import Prices
from wms.processes.order_release.rules.parcels import NO_TERMS, Arranged, Goods, Supply, Terms, arrange, parted
from wms.processes.shipping.rules import ladders
from wms.processes.shipping.rules.cards import Card, quote
from wms.processes.shipping.rules.policy import Policy

FLAT = Box("FLAT", (600, 400, 60), 300, 20_000, (610, 410, 70))
CUBE = Box("CUBE", (200, 200, 200), 100, 20_000, (210, 210, 210))
LARGE = Box("LARGE", (620, 420, 240), 700, 30_000, (630, 430, 250))
SKUS = {1: ((580, 380, 40), 500), 2: ((180, 180, 180), 900), 3: ((90, 90, 90), 100)}
POLICY = Policy(1, "USD", parcel_cents=100)
DE = "10115"


def wanted(card: Card, country: str = "DE", most_g: int = 20_000, term: str = "") -> ladders.Wanted:
    return ladders.Wanted(card, country, DE, frozenset(), term, most_g)


def packed(pieces: list[int], prices: Mapping[str, ladders.Ladder], **terms: int) -> Arranged:
    supply = Supply(SKUS, (CUBE, FLAT, LARGE), prices={"k": Prices(prices)})
    return arrange(pieces, {}, Terms(carriage="k", **terms), supply)


def codes(made: Arranged) -> list[str]:
    return sorted(p.box for p in made.cartons)


def test_two_small_parcels_go_where_the_carrier_bills_the_air_of_one_large() -> None:
    by_air = {"CUBE": ((20_000, 900),), "FLAT": ((20_000, 1_100),), "LARGE": ((20_000, 4_000),)}
    dear_parcels = {"CUBE": ((20_000, 3_000),), "FLAT": ((20_000, 3_000),), "LARGE": ((20_000, 4_000),)}
    assert codes(packed([1, 2], by_air)) == ["CUBE", "FLAT"] and packed([1, 2], by_air).cents == 2_000
    assert codes(packed([1, 2], dear_parcels)) == ["LARGE"]
    assert codes(packed([1, 2], by_air, parcels_max=1)) == ["LARGE"], "the customer takes one"


def test_a_bag_is_billed_by_the_air_that_it_has_when_filled() -> None:
    bag = Box("BAG", (260, 300, 0), 10, 5_000, (270, 310, 0), bag=True)
    by_kg = tuple((g, g) for g in range(100, 20_100, 100))  # a cent a gram
    light = {7: ((150, 120, 90), 200)}

    def cents(divisor: int, over_mm: int = 0) -> int | None:
        prices = {"k": Prices({"BAG": by_kg}, divisor=divisor, dim_over_mm=over_mm)}
        return arrange([7], {}, Terms(carriage="k"), Supply(light, (bag,), prices=prices)).cents

    assert cents(0) == 300  # 210 g with the bag
    assert cents(5_000) == 800  # 180 × 220 × 90 mm are 713 g
    assert cents(5_000, 220) == 300 and cents(5_000, 219) == 800


def test_without_the_price_of_each_carton_the_fewest_and_smallest_go() -> None:
    made = packed([1, 2], {"CUBE": ((20_000, 1),), "FLAT": ((20_000, 1),)})
    assert codes(made) == ["LARGE"] and made.cents is None


def test_the_price_of_the_weight_that_the_carton_has_with_its_goods() -> None:
    steps = ((1_000, 500), (2_000, 900), (3_000, 1_300))
    made = packed([2], dict.fromkeys(("CUBE", "FLAT", "LARGE"), steps))
    assert codes(made) == ["CUBE"] and made.cartons[0].weight_g == 1_000 and made.cents == 500
    assert packed([2, 3], dict.fromkeys(("CUBE", "FLAT", "LARGE"), steps)).cents == 900


def test_no_parcel_is_worth_more_than_the_country_lets_in() -> None:
    supply = Supply(SKUS, (CUBE, FLAT, LARGE))
    made = arrange([3] * 6, {3: 40}, Terms(max_cents=100), supply)
    assert [len(p.placed) for p in made.cartons] == [2, 2, 2]
    alone = arrange([3, 3], {3: 400}, Terms(max_cents=100), supply)
    assert [len(p.placed) for p in alone.cartons] == [1, 1], "one piece over the limit goes alone; its label is judged"


def test_an_order_parted_by_worth_keeps_within_the_parcels_that_its_customer_takes() -> None:
    """Each group by itself would, all together would not."""
    by_air = {"CUBE": ((20_000, 900),), "FLAT": ((20_000, 1_100),), "LARGE": ((20_000, 4_000),)}
    supply = Supply(SKUS, (CUBE, FLAT, LARGE), prices={"k": Prices(by_air)})
    worth = {1: 60, 2: 40}
    made = [arrange([1, 2, 1, 2], worth, Terms(max_cents=100, carriage="k", parcels_max=n), supply) for n in (2, 4)]
    assert [codes(m) for m in made] == [["LARGE", "LARGE"], ["CUBE", "CUBE", "FLAT", "FLAT"]]


def test_goods_in_their_own_container_are_parcels_of_their_own_and_the_rest_is_packed_as_ever() -> None:
    prices = {code: ((20_000, 900),) for code in ("CUBE", "FLAT", "LARGE")}
    supply = Supply(SKUS, (CUBE, FLAT, LARGE), goods={1: Goods(own_container=True)}, prices={"k": Prices(prices)})
    made = arrange([1, 2, 1], {1: 80, 2: 80}, Terms(carriage="k", max_cents=100), supply)
    assert [(p.box, p.weight_g, [x.size_mm for x in p.placed]) for p in made.cartons[:2]] == [
        ("", 500, [(580, 380, 40)])
    ] * 2
    assert codes(made) == ["", "", "CUBE"] and made.cents is None, "what a piece costs as it is, nobody has told"


def test_the_total_tells_what_each_piece_costs_that_ships_as_it_is() -> None:
    prices = Prices({code: ((20_000, 900),) for code in ("CUBE", "FLAT", "LARGE")}, as_is={1: 1_300})
    goods = {1: Goods(own_container=True)}
    supply = Supply(SKUS, (CUBE, FLAT, LARGE), goods=goods, prices={"k": prices})
    assert arrange([1, 2, 1], {}, Terms(carriage="k"), supply).cents == 1_300 + 900 + 1_300
    alone = Supply(SKUS, (CUBE,), goods=goods, prices={"k": Prices(as_is={1: 1_300})})
    assert arrange([1, 1], {}, Terms(carriage="k"), alone).cents == 2_600, "no carton's price is asked for"
    assert arrange([1, 2], {}, Terms(carriage="k"), alone).cents is None


def test_pieces_that_ship_as_they_are_count_among_the_parcels_that_the_customer_takes() -> None:
    by_air = {"CUBE": ((20_000, 900),), "FLAT": ((20_000, 1_100),), "LARGE": ((20_000, 4_000),)}
    skus = {**SKUS, 4: ((300, 200, 100), 2_000)}
    supply = Supply(
        skus, (CUBE, FLAT, LARGE), goods={4: Goods(own_container=True)}, prices={"k": Prices(by_air, as_is={4: 700})}
    )
    made = [arrange([1, 2, 4], {}, Terms(carriage="k", parcels_max=n), supply) for n in (3, 2, 1)]
    assert [codes(m) for m in made] == [["", "CUBE", "FLAT"], ["", "LARGE"], ["", "LARGE"]]
    assert [m.cents for m in made] == [2_700, 4_700, 4_700]


def test_a_piece_as_it_is_is_billed_by_its_own_sides_and_weight() -> None:
    card = air_card()
    pieces = {1: ((400, 300, 150), 1_000), 2: ((100, 80, 40), 1_000), 3: ((100, 80, 40), 900_000)}
    told = ladders.prices_as_is(POLICY, wanted(card), pieces)
    for sku_id in (1, 2):
        exact = quote(card, weight_g=1_000, sides_mm=pieces[sku_id][0], country="DE", postcode=DE)
        assert not isinstance(exact, str) and told[sku_id] == exact.cents + POLICY.parcel_cents
    assert told[1] > told[2], "the air in it is billed"
    assert 3 not in told, "the card has no price for it"


def test_what_ships_as_it_is_keeps_the_weight_of_the_service_and_says_what_to_mend() -> None:
    supply = Supply(SKUS, (CUBE,), goods={2: Goods(own_container=True)})
    assert not arrange([2], {}, Terms(max_g=900), supply).left
    (left,) = arrange([2, 3, 2], {}, Terms(max_g=899), supply).left
    assert (left.code, left.qty) == ("too_heavy", 2) and "takes parcels of 899 g" in left.mend


def test_a_thin_order_goes_in_a_bag_and_a_thick_one_in_a_carton() -> None:
    bag = Box("BAG", (250, 350, 0), 12, 2_000, (260, 360, 0), bag=True)
    supply = Supply({4: ((200, 140, 20), 300), 2: SKUS[2]}, (bag, CUBE, FLAT))
    thin = arrange([4, 4], {}, NO_TERMS, supply)
    assert codes(thin) == ["BAG"] and thin.cartons[0].weight_g == 612
    assert codes(arrange([2], {}, NO_TERMS, supply)) == ["CUBE"]


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(0, 60))
def test_groups_keep_the_limit_and_every_piece_once(pieces: list[int], most: int) -> None:
    worth = {i: 7 * i for i in range(10)}
    groups = parted(pieces, worth, most)
    assert sorted(i for group in groups for i in group) == sorted(pieces)
    for group in groups:
        assert not most or len(group) == 1 or sum(worth[i] for i in group) <= most
    if most:
        halves = [sum(worth[i] for i in group) for group in groups]
        assert sum(h <= most / 2 for h in halves) <= 1, "two groups that go into one would be one"


@given(st.integers(1, 2_000), st.sampled_from([FLAT, CUBE, LARGE]), st.booleans())
def test_a_ladder_never_tells_less_than_the_card_and_never_much_more(weight_g: int, box: Box, air: bool) -> None:
    card = air_card() if air else post_card()
    sides = box.outer_mm or box.inner_mm
    asked = wanted(card, most_g=2_000)
    told = ladders.prices(POLICY, asked, {box.code: sides})[box.code]
    assert [w for w, _ in told] == sorted({w for w, _ in told}) and told[-1][0] == 2_000
    exact = quote(card, weight_g=weight_g, sides_mm=sides, country="DE", postcode=DE)
    later = quote(card, weight_g=min(weight_g + ladders.GRID_G, 2_000), sides_mm=sides, country="DE", postcode=DE)
    assert not isinstance(exact, str) and not isinstance(later, str)
    step = next(cents for up_to, cents in told if weight_g <= up_to) - POLICY.parcel_cents
    assert exact.cents <= step <= max(exact.cents, later.cents)


def test_the_key_changes_with_what_changes_the_price_and_with_nothing_else() -> None:
    card, cartons = post_card(), {"CUBE": (210, 210, 210)}
    key = ladders.key(POLICY, wanted(card), cartons, {})
    assert key == ladders.key(POLICY, wanted(card, term="DAP"), cartons, {})
    assert key != ladders.key(POLICY, wanted(card, term="DDP"), cartons, {})
    assert key != ladders.key(POLICY, wanted(card), {"CUBE": (210, 210, 200)}, {})
    assert key != ladders.key(POLICY, wanted(card), cartons, {1: ((580, 380, 40), 500)})
    assert key != ladders.key(
        Policy(1, "USD", valid_from=date(2020, 1, 1), parcel_cents=101), wanted(card), cartons, {}
    )


def test_no_price_is_told_where_the_card_has_none() -> None:
    assert ladders.prices(POLICY, wanted(post_card(), country="ZZ"), {"CUBE": (210, 210, 210)}) == {}

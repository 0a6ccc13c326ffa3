"""Rate cards: exact cents, rounding in the carrier's favour where it says so, and no card with a gap."""

from datetime import date

import pytest

from wms.processes.shipping.rules import cards
from wms.processes.shipping.rules.cards import Card, Quote, parse_card, quote
from wms.processes.shipping.rules.refusals import CardRefused
from wms.processes.shipping.rules.services import Service, parse_service

POST = Service("POST", "POST", "postal", (70, 120, 250), weight_max_g=2000)
AIR = Service("AIR", "AIR", "express", (20, 30, 60), weight_max_g=30_000, terms=("DAP", "DDP"))


def post_card(**more: object) -> Card:
    body = {
        "currency": "USD", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
        "zones": [{"code": "EU", "countries": ["DE", "FR"]}, {"code": "US", "countries": ["US"]}],
        "rows": [
            {"zone": "EU", "to_g": 2000, "base_cents": 250, "per_kg_cents": 1155, "least_g": 50},
            {"zone": "US", "to_g": 500, "base_cents": 200, "per_kg_cents": 1400},
            {"zone": "US", "over_g": 500, "to_g": 2000, "base_cents": 250, "per_kg_cents": 1400},
        ],
    }  # fmt: skip
    return parse_card({**body, **more}, POST)


def air_card(**more: object) -> Card:
    body = {
        "currency": "USD", "valid_from": "2026-01-01", "valid_until": "2026-12-31", "round_g": 500, "dim": "greater",
        "divisor": 5000, "fuel_bp": 1525,
        "zones": [{"code": "1", "countries": ["DE"]}, {"code": "9", "countries": ["DE"], "postcodes": [["18000", "18999"]]}],
        "rows": [
            {"zone": "1", "kind": "steps", "to_g": 30_000, "base_cents": 1500, "first_g": 500, "step_g": 500, "step_cents": 420},
            {"zone": "9", "kind": "steps", "to_g": 30_000, "base_cents": 1700, "first_g": 500, "step_g": 500, "step_cents": 450},
        ],
        "surcharges": [
            {"code": "remote", "when": "remote", "cents": 1200, "fueled": True},
            {"code": "long", "when": "side_over", "limit": 1000, "bp": 5000},
            {"code": "battery", "when": "attribute", "attribute": "battery_contained", "cents": 90},
        ],
        "remote": {"DE": [["25980", "25999"], ["27498", "27498"]]}, "ddp_cents": 300, "ddp_bp": 250, "ddp_least_cents": 500,
    }  # fmt: skip
    return parse_card({**body, **more}, AIR)


def ask(
    card: Card,
    weight_g: int,
    sides: tuple[int, int, int] = (100, 80, 30),
    country: str = "DE",
    zip_: str = "10115",
    **more: object,
) -> Quote:
    found = quote(card, weight_g=weight_g, sides_mm=sides, country=country, postcode=zip_, **more)  # type: ignore[arg-type]
    assert isinstance(found, Quote)
    assert sum(cents for _, cents in found.lines) == found.cents
    return found


def test_by_gram_rounds_up_to_the_cent_once() -> None:
    assert ask(post_card(), 100).cents == 250 + 116  # 115.5
    assert ask(post_card(), 7).cents == 250 + 58  # at least 50 g: 57.75
    assert ask(post_card(), 501, country="US").cents == 250 + 702  # 701.4


def test_first_and_further_weight_in_begun_steps() -> None:
    plain = air_card(fuel_bp=0)
    assert [ask(plain, g).cents for g in (1, 500, 501, 1000, 1001)] == [1500, 1500, 1920, 1920, 2340]


def test_the_greater_of_actual_and_dimensional_weight() -> None:
    plain = air_card(fuel_bp=0)
    box = (400, 300, 200)  # 24,000,000 mm³ ÷ 5000 = 4,800 g, rounded up to 5,000
    found = ask(plain, 1200, box)
    assert (found.charged_g, found.cents) == (5000, 1500 + 9 * 420)
    assert ask(plain, 6100, box).charged_g == 6500
    over = air_card(fuel_bp=0, dim="over_side", dim_side_mm=600)
    assert ask(over, 1200, box).charged_g == 1500 and ask(over, 1200, (700, 300, 200)).charged_g == 8500


def test_fuel_is_charged_on_the_base_and_on_what_says_so_half_up() -> None:
    found = dict(ask(air_card(), 400, zip_="25992", attributes=frozenset({"battery_contained"})).lines)
    assert found == {"base": 1500, "remote": 1200, "battery": 90, "fuel": 412}  # 2,700 × 15.25 % = 411.75
    assert dict(ask(air_card(), 400, (1200, 100, 100)).lines)["long"] == cards.half_up(
        ask(air_card(), 400, (1200, 100, 100)).lines[0][1], 2
    )


def test_duty_paid_costs_its_fee_at_least() -> None:
    assert ask(air_card(), 400).duty_fee_cents == 0
    assert ask(air_card(), 400, duty_cents=1900).duty_fee_cents == 500  # 300 + 47.5 is less than the least
    assert ask(air_card(), 400, duty_cents=20_000).duty_fee_cents == 800


def test_postcodes_make_a_zone_within_a_country() -> None:
    assert ask(air_card(), 100, zip_="18055").zone == "9" and ask(air_card(), 100, zip_="19055").zone == "1"


def test_no_answer_is_said_and_never_guessed() -> None:
    card = post_card()
    assert quote(card, weight_g=100, sides_mm=(1, 1, 1), country="JP", postcode="") == "no_zone"
    assert quote(card, weight_g=2001, sides_mm=(1, 1, 1), country="DE", postcode="") == "no_row"


def faults_of(card: object = post_card, **more: object) -> str:
    with pytest.raises(CardRefused) as refused:
        card(**more)  # type: ignore[operator]
    return "\n".join(refused.value.params["faults"])


def row(over: int, to: int, base: int = 100, **more: object) -> dict[str, object]:
    return {"zone": "EU", "over_g": over, "to_g": to, "base_cents": base, "per_kg_cents": 100, **more}


ONE = [{"code": "EU", "countries": ["DE"]}]


def test_a_card_with_a_gap_is_refused_by_the_gap() -> None:
    assert "zone EU: no row for 501 to 600 g" in faults_of(zones=ONE, rows=[row(0, 500), row(600, 2000, 200)])
    assert "zone EU: no row for 1901 to 2000 g" in faults_of(zones=ONE, rows=[row(0, 1900)])
    assert "zone EU: no row for 1 to 10 g" in faults_of(zones=ONE, rows=[row(10, 2000)])


def test_a_card_with_overlaps_is_refused_by_the_overlap() -> None:
    assert "zone EU: two rows for 401 to 500 g" in faults_of(zones=ONE, rows=[row(0, 500), row(400, 2000, 200)])
    assert "DE is in EU and E2" in faults_of(
        zones=[*ONE, {"code": "E2", "countries": ["DE"]}], rows=[row(0, 2000), row(0, 2000, zone="E2")]
    )
    split = [
        {"code": "EU", "countries": ["DE"], "postcodes": [["10", "19"]]},
        {"code": "E2", "countries": ["DE"], "postcodes": [["18", "20"]]},
    ]
    assert "DE 10–19 is in EU and E2" in faults_of(zones=split, rows=[row(0, 2000), row(0, 2000, zone="E2")])


def test_a_price_that_falls_must_be_meant() -> None:
    falling = [row(0, 1000, 900), row(1000, 2000, 100)]
    assert "falls" in faults_of(zones=ONE, rows=falling)
    lower = post_card(zones=ONE, rows=falling, lower_break=True)
    assert ask(lower, 900).cents == 201 == ask(lower, 1001).cents  # charged as the first gram above


def test_csv_names_the_line() -> None:
    good = "zone,kind,over_g,to_g,base_cents,per_kg_cents\nEU,gram,0,2000,250,1155\n"
    assert ask(post_card(zones=ONE, rows=[], rows_csv=good), 100).cents == 366
    bad = good + "EU,gram,2000,3ooo,250,1155\nXX,gram,0,10,1,1\n"
    said = faults_of(zones=ONE, rows=[], rows_csv=bad)
    assert "line 3.to_g: '3ooo' is no whole number" in said and "zone 'XX' is not among the zones" in said
    assert "unknown columns" in faults_of(zones=ONE, rows=[], rows_csv="zone,price\nEU,1\n")


@pytest.mark.parametrize(("more", "said"), [
    ({"currency": "usd"}, "currency"), ({"fuel_pb": 1}, "fuel_pb: unknown field"), ({"lower_break": "no"}, "lower_break"), ({"valid_until": "2025-01-01"}, "before valid_from"), ({"valid_from": "soon"}, "valid_from: a date"),
    ({"zones": []}, "zones: at least one"), ({"dim": "sometimes"}, "dim"), ({"divisor": 0}, "divisor"), ({"fuel_bp": -1}, "fuel_bp"),
    ({"rows": [{"zone": "EU", "to_g": 2000, "base_cents": 1.5}]}, "base_cents"), ({"rows": [7]}, "rows[1]: an object"),
    ({"surcharges": [{"code": "x", "when": "mondays"}]}, "surcharges[1]"), ({"remote": {"DE": [["9", "1"]]}}, "remote.DE"),
    ({"rows": [{"zone": "EU", "to_g": 2000, "kind": "steps"}]}, "steps need"),
])  # fmt: skip
def test_bad_fields_are_named(more: dict[str, object], said: str) -> None:
    assert said in faults_of(**more)


def test_a_service_names_its_faults() -> None:
    from wms.processes.shipping.rules.refusals import ServiceRefused

    good = {"code": "X", "carrier": "C", "kind": "line", "days": [7, 9.5, 15]}
    assert parse_service(good).days == (70, 95, 150)
    for more, said in (
        ({"kind": "pigeon"}, "kind"), ({"days": [9, 7, 15]}, "days"), ({"countries": ["Germany"]}, "Germany"), ({"terms": []}, "terms"),
        ({"code": "a/b"}, "code"), ({"weight_max_g": -1}, "weight_max_g"), ({"colour": "red"}, "colour"),
    ):  # fmt: skip
        with pytest.raises(ServiceRefused) as refused:
            parse_service({**good, **more})
        assert said in "\n".join(refused.value.params["faults"])


def test_dates_are_read() -> None:
    assert (post_card().valid_from, post_card().valid_until) == (date(2026, 1, 1), date(2026, 12, 31))

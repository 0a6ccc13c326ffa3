"""What may go where, what it is expected to cost, and which service is chosen for which reasons."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from wms.processes.shipping.rules import windows
from wms.processes.shipping.rules.cards import parse_card
from wms.processes.shipping.rules.choice import Asked, Book, Choice, Offer, choose
from wms.processes.shipping.rules.matrix import Goods, Paper, judge, parse_goods_record, parse_matrix
from wms.processes.shipping.rules.parcels import Box, expected, pieces_of, split
from wms.processes.shipping.rules.policy import parse_policy, term_for
from wms.processes.shipping.rules.refusals import MatrixRefused, PaperRefused, PolicyRefused
from wms.processes.shipping.rules.services import Service

TODAY = date(2026, 11, 1)
POST = Service("POST", "CPOST", "postal", (80, 150, 300), terms=("DAP",), weight_max_g=2000, sum_max_mm=1000)
LINE = Service("LINE", "LINEX", "line", (70, 100, 150), terms=("DAP", "DDP"), weight_max_g=20_000, mode="cargo_air")
FAST = Service("FAST", "QUICK", "express", (30, 40, 70), terms=("DAP", "DDP"), weight_max_g=30_000, length_max_mm=1200)
RULES = [
    {"id": "B1", "service": "*", "attribute": "battery_contained", "battery_mwh_max": 100_000, "pieces_max": 4, "papers": ["un383"]},
    {"id": "B2", "service": "kind:postal", "attribute": "battery_contained", "allowed": False, "why": "the post takes none"},
    {"id": "B3", "service": "POST", "attribute": "battery_contained", "country": "JP", "battery_mwh_max": 20_000, "pieces_max": 2},
    {"id": "L1", "service": "LINE", "attribute": "battery_loose", "papers": ["un383", "sds"]},
    {"id": "L2", "service": "FAST", "attribute": "battery_loose", "papers": ["un383", "sds"]},
    {"id": "Q1", "service": "LINE", "attribute": "liquid", "net_ml_max": 500, "papers": ["sds"]},
]  # fmt: skip
CODES = ("POST", "LINE", "FAST")
MATRIX = parse_matrix({"valid_from": "2026-01-01", "valid_until": "2026-12-31", "rules": RULES}, CODES)
PAPER = Paper("un383", "R-1", date(2027, 1, 1))
MUG = Goods(1, "MUG", 400, (100, 100, 100), 1_000)
PHONE = Goods(
    2, "PHONE", 300, (150, 80, 20), 20_000, ("battery_contained",), "UN3481", "PI967", 15_000, 0, 1, papers=(PAPER,)
)
BATTERY = Goods(
    3,
    "CELLS",
    50,
    (70, 20, 20),
    900,
    ("battery_loose",),
    "UN3480",
    "PI965",
    10_000,
    0,
    1,
    papers=(PAPER, Paper("sds", "S-1", date(2027, 1, 1))),
)
BOXES = (Box((220, 160, 110), 3_000_000, 210, 90, 8_000), Box((410, 310, 260), 30_000_000, 400, 280, 22_000))


def card(service: Service, base: int, per_kg: int, **more: Any) -> Any:
    body = {
        "currency": "USD", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
        "zones": [{"code": "W", "countries": ["DE", "JP", "BR"]}],
        "rows": [{"zone": "W", "to_g": service.weight_max_g, "base_cents": base, "per_kg_cents": per_kg}],
    }  # fmt: skip
    return parse_card({**body, **more}, service)


POLICY = {
    "currency": "USD",
    "home": "CN",
    "ddp_from_cents": 15_000,
    "high_duty_bp": 5_000,
    "countries": {"BR": {"duty_bp": 6_000}},
}


def book(**more: Any) -> Book:
    cards = {
        "POST": card(POST, 200, 900),
        "LINE": card(LINE, 500, 800, ddp_cents=200),
        "FAST": card(FAST, 1500, 1200, ddp_cents=400),
    }
    policy = parse_policy({**POLICY, **more.pop("policy", {})}, CODES)
    return replace(Book(TODAY, (POST, LINE, FAST), cards, MATRIX, policy, BOXES, {}, {}), **more)


def asked(*content: tuple[Goods, int], country: str = "DE", **more: Any) -> Asked:
    return Asked(country=country, postcode="10115", content=content, parcels_max=more.pop("parcels_max", 3), **more)


def offer(choice: Choice, service: str) -> Offer:
    return next(o for o in choice.offers if o.service == service)


def codes(choice: Choice, service: str) -> list[str]:
    return [r.code for r in offer(choice, service).reasons]


def test_low_value_goes_by_post_undelivered_duty() -> None:
    made = choose(book(), asked((MUG, 1)))
    assert made.offer is not None and (made.offer.service, made.term) == ("POST", "DAP")
    assert "POST: USD" in made.why and "next LINE" in made.why


@pytest.mark.parametrize(
    ("content", "country", "term"),
    [((MUG, 20), "DE", "DDP"), ((MUG, 1), "BR", "DDP"), ((MUG, 14), "DE", "DAP"), ((MUG, 1), "CN", "")],
)
def test_duty_terms_by_value_and_country(content: tuple[Goods, int], country: str, term: str) -> None:
    assert term_for(book().policy, country, content[0].value_cents * content[1])[0] == term


def test_what_does_not_offer_the_term_is_out() -> None:
    made = choose(book(), asked((MUG, 1), country="BR"))
    assert made.offer is not None and (made.offer.service, made.term) == ("LINE", "DDP")
    assert codes(made, "POST") == ["term"] and made.offer.duty_cents == 200


def test_a_promise_makes_lateness_cost() -> None:
    dear = {"policy": {"late_once_cents": 1500, "late_day_cents": 200}}
    assert choose(book(**dear), asked((MUG, 1))).offer.service == "POST"  # type: ignore[union-attr]
    hurried = choose(book(**dear), asked((MUG, 1), allowed_days=120))
    assert hurried.offer is not None and hurried.offer.service == "LINE" and offer(hurried, "POST").late_cents > 1000


def test_limits_and_their_reasons() -> None:
    big = Goods(9, "BIG", 25_000, (1300, 300, 300), 500)
    made = choose(book(), asked((big, 1), parcels_max=1))
    assert made.offer is None and made.code == "shipping.no_service"
    assert {"weight", "sides"} <= set(codes(made, "POST")) and "length" in codes(made, "FAST")
    assert "POST: weight" in made.why or "weight" in made.why


def test_an_order_over_the_weight_is_split_where_it_may_be() -> None:
    made = choose(book(), asked((MUG, 8)))
    assert len(offer(made, "POST").parcels) == 2 and not offer(made, "POST").reasons
    assert all(p.weight_g <= 2000 for p in offer(made, "POST").parcels)
    alone = choose(book(), asked((MUG, 8), parcels_max=1))
    assert "parcels" in codes(alone, "POST") and alone.offer is not None and alone.offer.service == "LINE"


def test_an_order_over_a_countrys_value_is_split_where_it_may_be() -> None:
    made = choose(book(policy={"countries": {"DE": {"parcel_value_max_cents": 2_500}}}), asked((MUG, 4)))
    assert made.offer is not None and [p.value_cents for p in made.offer.parcels] == [2000, 2000]
    over = choose(book(policy={"countries": {"DE": {"parcel_value_max_cents": 900}}}), asked((MUG, 1)))
    assert over.offer is None and codes(over, "LINE") == ["value"] and "value 1000 cents, at most 900" in over.why


def test_a_gap_in_a_card_takes_the_service_out_with_that_reason() -> None:
    wider = replace(POST, weight_max_g=5000)
    gap = choose(book(services=(wider, LINE, FAST)), asked((Goods(8, "KETTLE", 2500, (150, 150, 150), 1), 1)))
    assert codes(gap, "POST") == ["no_row"]
    none = choose(book(cards={}, expired={"LINE": date(2026, 10, 1)}), asked((MUG, 1)))
    assert none.offer is None and offer(none, "LINE").reasons[0].params == {"ended": "2026-10-01"}
    assert codes(choose(book(), asked((MUG, 1), country="FR")), "POST") == ["no_zone"]


def test_site_rules_pin_exclude_and_prefer_with_their_why() -> None:
    pin = {"id": "R1", "do": "pin", "target": "FAST", "channel": "vip", "why": "contract"}
    assert choose(book(policy={"rules": [pin]}), asked((MUG, 1))).offer.service == "POST"  # type: ignore[union-attr]
    made = choose(book(policy={"rules": [pin]}), asked((MUG, 1), channel="vip"))
    assert made.offer is not None and made.offer.service == "FAST" and "R1 (contract)" in made.why
    assert offer(made, "POST").reasons[0].params["rule"] == "R1"
    out = {"id": "R2", "do": "exclude", "target": "kind:postal", "country": "DE", "why": "strike"}
    assert codes(choose(book(policy={"rules": [out]}), asked((MUG, 1))), "POST") == ["excluded"]
    like = {"id": "R3", "do": "prefer", "target": "LINE", "cents": 2_000, "why": "volume deal"}
    assert choose(book(policy={"rules": [like]}), asked((MUG, 1))).offer.service == "LINE"  # type: ignore[union-attr]


def test_the_hosts_service_is_judged_and_never_changed() -> None:
    out = {"id": "R2", "do": "exclude", "target": "FAST", "why": "dear"}
    made = choose(book(policy={"rules": [out]}), asked((MUG, 1), service="FAST"))
    assert made.offer is not None and made.offer.service == "FAST" and "fixed by the host" in made.why
    bad = choose(book(), asked((MUG, 20), service="POST", parcels_max=1))
    assert bad.offer is None and bad.code == "shipping.fixed_not_eligible"
    assert choose(book(), asked((MUG, 1), service="GHOST")).code == "shipping.unknown_service"


def test_bans_name_rule_attribute_and_paper() -> None:
    made = choose(book(), asked((PHONE, 1), country="DE"))
    assert made.offer is not None and made.offer.service == "LINE"
    assert offer(made, "POST").reasons[-1].params["rule"] == "B2"
    bare = choose(book(), asked((replace(PHONE, papers=()), 1)))
    assert bare.offer is None and bare.code == "shipping.restricted" and bare.fields == ("un383",)
    assert "PHONE, battery contained: rule B1, paper missing: un383" in bare.why
    late = replace(PHONE, papers=(Paper("un383", "R-0", date(2026, 10, 31)),))
    assert "expired 2026-10-31" in choose(book(), asked((late, 1))).why


def test_the_most_particular_rule_answers_and_the_whole_parcel_is_judged() -> None:
    assert judge(MATRIX, POST, "JP", [(PHONE, 2)], TODAY) == ()
    assert [b.rule for b in judge(MATRIX, POST, "JP", [(PHONE, 3)], TODAY)] == ["B3"]
    other = replace(PHONE, sku_id=5, code="TABLET")
    over = judge(MATRIX, LINE, "DE", [(PHONE, 3), (other, 2)], TODAY)
    assert [(b.code, b.detail) for b in over] == [("limit", "5 of at most 4 pieces a parcel")]
    strong = judge(MATRIX, LINE, "DE", [(replace(PHONE, energy_mwh=160_000), 1)], TODAY)
    assert strong[0].detail == "160 of at most 100 Wh"
    unrated = judge(MATRIX, LINE, "DE", [(replace(PHONE, energy_mwh=0), 1)], TODAY)
    assert [b.paper for b in unrated] == ["battery_rating"]


def test_silence_is_no_permission() -> None:
    magnet = Goods(7, "MAGNET", 90, (50, 50, 10), 300, ("magnet",))
    assert [b.code for b in judge(MATRIX, FAST, "DE", [(magnet, 1)], TODAY)] == ["no_rule"]
    assert judge(None, FAST, "DE", [(magnet, 1)], TODAY)[0].detail == "no matrix is valid today"
    assert judge(None, FAST, "DE", [(MUG, 1)], TODAY) == ()


def test_un3480_never_flies_on_passenger_aircraft_whatever_the_matrix_says() -> None:
    assert judge(MATRIX, LINE, "DE", [(BATTERY, 1)], TODAY) == ()
    banned = judge(MATRIX, FAST, "DE", [(BATTERY, 1)], TODAY)
    assert [(b.rule, b.attribute) for b in banned] == [("UN3480-PASSENGER", "UN3480")]
    unnumbered = judge(MATRIX, FAST, "DE", [(replace(BATTERY, un_number=""), 1)], TODAY)
    assert [b.paper for b in unnumbered] == ["un_number"]


@pytest.mark.parametrize(("rules", "said"), [
    ([{"id": "A", "service": "GHOST", "attribute": "magnet"}], "GHOST"), ([{"id": "A", "service": "*", "attribute": "smell"}], "attribute"),
    ([{"id": "A", "service": "*", "attribute": "magnet", "papers": ["letter"]}], "papers"), ([{"service": "*"}], "rules[1].attribute: missing"),
    ([{"id": "A", "service": "*", "attribute": "magnet"}, {"id": "B", "service": "*", "attribute": "magnet"}], "answers the same as A"),
    ([{"id": "A", "service": "*", "attribute": "magnet", "pieces_max": -1}], "pieces_max"),
])  # fmt: skip
def test_a_faulty_matrix_is_refused_by_its_rows(rules: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(MatrixRefused) as refused:
        parse_matrix({"valid_from": "2026-01-01", "valid_until": "2026-12-31", "rules": rules}, CODES)
    assert said in "\n".join(refused.value.params["faults"])


def test_faulty_policies_and_records_are_refused_by_their_fields() -> None:
    for body, said in (
        ({"currency": "usd"}, "currency"), ({"currency": "USD", "late_day_cents": -1}, "late_day_cents"), ({"currency": "USD", "x": 1}, "x"),
        ({"currency": "USD", "countries": {"Germany": {}}}, "Germany"), ({"currency": "USD", "rates": {"EUR": 1.08}}, "EUR"),
        ({"currency": "USD", "rules": [{"id": "a", "do": "hide", "target": "POST", "why": "w"}]}, "do"),
    ):  # fmt: skip
        with pytest.raises(PolicyRefused) as refused:
            parse_policy(body, CODES)
        assert said in "\n".join(refused.value.params["faults"])
    with pytest.raises(PaperRefused) as bad:
        parse_goods_record(
            {"un_number": "3480", "cells": "two", "papers": [{"kind": "un383", "ref": "x", "valid_until": "soon"}]}
        )
    assert len(bad.value.params["faults"]) == 3


def test_money_in_another_currency_needs_a_rate() -> None:
    policy = parse_policy({**POLICY, "rates": {"EUR": 1_080_000}}, CODES)
    assert policy.in_site_currency(1_000, "EUR") == 1_080 and policy.in_site_currency(5, "GBP") is None
    made = choose(book(cards={"LINE": card(LINE, 500, 800, currency="GBP")}), asked((MUG, 1)))
    assert codes(made, "LINE") == ["no_rate"]
    assert codes(choose(book(), asked((MUG, 1), unvalued="XXX")), "POST") == ["no_rate"]


def test_windows_learn_with_shrinkage() -> None:
    stated = (70, 100, 150)
    assert windows.learned(stated, []) == stated
    assert windows.learned(stated, [200]) == (76, 105, 152)  # one parcel moves little
    many = windows.learned(stated, [60] * 480)
    assert many[1] in (61, 62) and many[2] <= 64


def test_lateness_is_none_with_time_enough_and_certain_with_none() -> None:
    window = (70, 100, 150)
    assert windows.lateness(window, 200) == (0, 0)
    late, days = windows.lateness(window, 40)
    assert late == 1_000_000 and 60_000_000 < days < 70_000_000
    assert [windows.lateness(window, d)[0] for d in (70, 100, 150)] == [900_000, 500_000, 100_000]
    assert windows.lateness((30, 30, 30), 29) == (1_000_000, 1_000_000)
    assert windows.lateness_cost(window, None, 100, 100) == 0


def test_splitting_fills_parcels_and_says_when_it_cannot() -> None:
    parts = split([(MUG, 10)], weight_max_g=1700, value_max_cents=0, volume_max_mm3=0, most=3)
    assert parts is not None and [sum(n for _, n in p) for p in parts] == [4, 4, 2]
    assert split([(MUG, 13)], weight_max_g=1700, value_max_cents=0, volume_max_mm3=0, most=3) is None
    assert split([(MUG, 1)], weight_max_g=300, value_max_cents=0, volume_max_mm3=0, most=3) is None
    long = expected([(Goods(4, "ROD", 500, (900, 20, 20), 1), 1)], BOXES, 120)
    assert long.sides_mm[0] == 900 and long.weight_g == 620


def test_goods_in_their_own_container_are_parcels_by_their_own_sides_beside_the_rest() -> None:
    chair = Goods(7, "CHAIR", 9_000, (800, 500, 120), 4_000, own_container=True)
    made = choose(book(), Asked("DE", "10115", ((chair, 4), (MUG, 2)), parcels_max=2, service="LINE"))
    assert made.offer is not None
    assert [(p.weight_g, p.sides_mm, pieces_of(p)) for p in made.offer.parcels] == [
        *[(9_000, (800, 500, 120), {7: 1})] * 4, (890, (220, 160, 110), {1: 2}),
    ], "four chairs cannot be fewer parcels, whatever the customer takes"  # fmt: skip
    (post,) = [o for o in made.offers if o.service == "POST"]
    assert {r.code for r in post.reasons} & {"weight", "size"}, "the post takes no chair as it is"

"""Prices never fall with weight within a card, what is chosen may always be chosen, and no split breaks its limits."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wms.kernel.errors import Refusal
from wms.processes.shipping.rules import windows
from wms.processes.shipping.rules.cards import Card, band_price, parse_card
from wms.processes.shipping.rules.choice import Asked, Book, choose
from wms.processes.shipping.rules.matrix import Goods, judge, parse_goods_record, parse_matrix
from wms.processes.shipping.rules.parcels import split
from wms.processes.shipping.rules.policy import parse_policy
from wms.processes.shipping.rules.refusals import CardRefused
from wms.processes.shipping.rules.services import Service, parse_service

SERVICE = Service("S", "C", "line", (50, 80, 120), weight_max_g=5000)
DATES = {"currency": "USD", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}
cents = st.integers(0, 3000)


@st.composite
def cards(draw: st.DrawFn) -> Card | None:
    """Cards of up to four bands, of either kind, rounded to any step; None where the card is refused for a falling price."""
    edges = sorted(draw(st.sets(st.integers(100, 4900), max_size=3)))
    rows = []
    for low, high in zip([0, *edges], [*edges, 6000], strict=True):
        if draw(st.booleans()):
            rows.append(
                {
                    "zone": "Z",
                    "over_g": low,
                    "to_g": high,
                    "base_cents": draw(cents),
                    "per_kg_cents": draw(cents),
                    "least_g": draw(st.integers(0, 500)),
                }
            )
        else:
            rows.append({"zone": "Z", "kind": "steps", "over_g": low, "to_g": high, "base_cents": draw(cents), "first_g": draw(st.integers(1, 1000)),
                         "step_g": draw(st.integers(1, 1000)), "step_cents": draw(cents)})  # fmt: skip
    body = {
        **DATES,
        "zones": [{"code": "Z", "countries": ["DE"]}],
        "rows": rows,
        "lower_break": draw(st.booleans()),
        "round_g": draw(st.sampled_from([1, 10, 100, 500])),
    }
    try:
        return parse_card(body, SERVICE)
    except CardRefused as refused:
        assert all("falls" in fault for fault in refused.params["faults"])
        return None


@settings(max_examples=150, deadline=None)
@given(cards(), st.lists(st.integers(1, 5000), min_size=2, max_size=30))
def test_the_price_never_falls_with_weight(card: Card | None, weights: list[int]) -> None:
    if card is None:
        return
    prices = [band_price(card, "Z", w) for w in sorted(weights)]
    assert None not in prices and prices == sorted(prices)  # type: ignore[type-var]


attributes = st.lists(
    st.sampled_from(["battery_contained", "battery_loose", "liquid", "magnet"]), max_size=2, unique=True
)
goods = st.builds(
    Goods, st.integers(1, 10**6), st.just("X"), st.integers(1, 6000), st.tuples(*[st.integers(1, 900)] * 3), st.integers(0, 60_000),
    attributes.map(tuple), st.sampled_from(["", "UN3480", "UN3481"]),
)  # fmt: skip
rules = st.lists(
    st.builds(
        lambda service, attribute, country, allowed, most: (service, attribute, country, allowed, most),
        st.sampled_from(["*", "A", "kind:postal"]), st.sampled_from(["battery_contained", "battery_loose", "liquid"]),
        st.sampled_from(["*", "DE"]), st.booleans(), st.integers(0, 3),
    ), max_size=8, unique_by=lambda r: r[:3],
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(goods, st.integers(1, 4)), min_size=1, max_size=4, unique_by=lambda x: x[0].sku_id),
    rules,
    st.booleans(),
    st.integers(1, 4),
)
def test_a_chosen_service_may_carry_every_parcel(
    content: list[tuple[Goods, int]], told: list[tuple[str, str, str, bool, int]], pinned: bool, most: int
) -> None:
    a = Service("A", "CA", "postal", (80, 150, 300), weight_max_g=2000, sum_max_mm=900, terms=("DAP",))
    b = Service(
        "B",
        "CB",
        "line",
        (50, 80, 120),
        weight_max_g=9000,
        terms=("DAP", "DDP"),
        mode="cargo_air",
        value_max_cents=50_000,
    )
    matrix = parse_matrix({**DATES, "rules": [
        {"id": f"R{i}", "service": s, "attribute": at, "country": c, "allowed": ok, "pieces_max": n} for i, (s, at, c, ok, n) in enumerate(told)
    ]}, ("A", "B"))  # fmt: skip
    rows = [{"zone": "Z", "to_g": 9000, "base_cents": 100, "per_kg_cents": 500}]
    book = Book(
        date(2026, 6, 1), (a, b), {s.code: parse_card({**DATES, "zones": [{"code": "Z", "countries": ["DE"]}], "rows": rows}, s) for s in (a, b)},
        matrix, parse_policy({"currency": "USD", "rules": [{"id": "P", "do": "pin", "target": "B", "why": "w"}] if pinned else []}, ("A", "B")),
    )  # fmt: skip
    asked = Asked("DE", "10115", tuple(content), parcels_max=most)
    made = choose(book, asked)
    assert made == choose(replace(book), asked)
    if made.offer is None:
        assert made.code and made.why and all(o.reasons for o in made.offers)
        return
    service = {"A": a, "B": b}[made.offer.service]
    assert (
        not made.offer.reasons
        and made.term in service.terms
        and len(made.offer.parcels) <= most
        and not (pinned and service is a)
    )
    for parcel in made.offer.parcels:
        assert parcel.weight_g <= service.weight_max_g and not judge(matrix, service, "DE", parcel.content, book.on)
        assert not service.value_max_cents or parcel.value_cents <= service.value_max_cents
        assert not service.sum_max_mm or sum(parcel.sides_mm) <= service.sum_max_mm
    packed: dict[int, int] = {}
    for parcel in made.offer.parcels:
        for one, n in parcel.content:
            packed[one.sku_id] = packed.get(one.sku_id, 0) + n
    assert packed == {one.sku_id: n for one, n in content}
    assert made.offer.expected_cents == min(o.expected_cents for o in made.offers if not o.reasons)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(goods, st.integers(1, 20)), min_size=1, max_size=4, unique_by=lambda x: x[0].sku_id),
    st.integers(0, 9000),
    st.integers(0, 90_000),
    st.integers(1, 9),
)
def test_a_split_keeps_its_limits_and_every_piece(
    content: list[tuple[Goods, int]], weight: int, value: int, most: int
) -> None:
    parts = split(content, weight_max_g=weight, value_max_cents=value, volume_max_mm3=0, most=most)
    if parts is None:
        return
    assert 0 < len(parts) <= most and all(parts)
    for part in parts:
        assert not weight or sum(g.weight_g * n for g, n in part) <= weight
        assert not value or sum(g.value_cents * n for g, n in part) <= value
    total: dict[int, int] = {}
    for part in parts:
        for g, n in part:
            total[g.sku_id] = total.get(g.sku_id, 0) + n
    assert total == {g.sku_id: n for g, n in content}


days = st.tuples(*[st.integers(0, 400)] * 3).map(lambda d: tuple(sorted(d)))


@given(days, st.integers(-50, 500))
def test_more_time_is_never_later(window: tuple[int, int, int], allowed: int) -> None:
    (late, by), (later, more) = windows.lateness(window, allowed), windows.lateness(window, allowed - 7)
    assert 0 <= late <= later <= 1_000_000 and 0 <= by <= more


@given(days, st.lists(st.integers(0, 600), max_size=60))
def test_learned_windows_stay_in_order(window: tuple[int, int, int], seen: list[int]) -> None:
    low, mid, high = windows.learned(window, seen)
    assert low <= mid <= high and min(window[0], *seen, 10**9) <= low and high <= max(window[2], *seen, 0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.floats() | st.text(max_size=6) | st.sampled_from(["DE", "USD", "S", "*", "2026-01-01", "magnet"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "code", "service", "zone", "DE", "countries", "postcodes", "kind"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
FIELDS = {
    parse_service: ("code", "carrier", "kind", "days", "terms", "countries", "weight_max_g", "mode", "name", "active", "account"),
    parse_card: ("currency", "valid_from", "valid_until", "zones", "rows", "rows_csv", "surcharges", "remote", "dim", "round_g", "ddp_bp", "lower_break"),
    parse_matrix: ("valid_from", "valid_until", "rules"),
    parse_policy: ("currency", "home", "countries", "rules", "rates", "valid_until", "late_day_cents", "ddp_from_cents"),
    parse_goods_record: ("un_number", "packing_instruction", "energy_mwh", "cells", "papers"),
}  # fmt: skip
GOOD: dict[Any, dict[str, Any]] = {
    parse_service: {"code": "S", "carrier": "C", "kind": "line", "days": [1, 2, 3]},
    parse_card: {
        **DATES,
        "zones": [{"code": "Z", "countries": ["DE"]}],
        "rows": [{"zone": "Z", "to_g": 5000, "base_cents": 1}],
    },
    parse_matrix: {**DATES, "rules": [{"id": "A", "service": "*", "attribute": "magnet"}]},
    parse_policy: {"currency": "USD"},
    parse_goods_record: {"un_number": "UN3481"},
}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(FIELDS)), st.data())
def test_nonsense_is_refused_by_its_fields_and_never_a_fault(parse: Any, data: st.DataObject) -> None:
    body = dict(GOOD[parse])
    for name in data.draw(st.lists(st.sampled_from(FIELDS[parse]), min_size=1, max_size=3)):
        value = data.draw(json_values)
        inner = body.get(name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and data.draw(st.booleans()):
            value = [
                {**inner[0], data.draw(st.sampled_from([*inner[0], "papers", "country", "postcodes", "when"])): value}
            ]
        body[name] = value
    try:
        if parse is parse_card:
            parse(body, SERVICE)
        elif parse in (parse_matrix, parse_policy):
            parse(body, ("S",))
        else:
            parse(body)
    except Refusal as refused:
        assert refused.params["faults"] and all(isinstance(f, str) for f in refused.params["faults"])

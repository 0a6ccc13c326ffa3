"""How orders are split among warehouses, what a warehouse and its stock report may say, and the life of a part."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wms.processes.sourcing.rules import parts, refusals, split, warehouses

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
A, B, C = 1, 2, 3


def order(*lines: tuple[int, int], **more: Any) -> split.Order:
    bundle, attributes = more.pop("bundle", ""), frozenset(more.pop("attributes", ()))
    needs = tuple(split.Need(f"l{n}", sku, " ABC"[sku], qty, bundle, attributes) for n, (sku, qty) in enumerate(lines))
    given: dict[str, Any] = {
        "country": "DE", "channel": "shop", "whole": False, "complete": False, "parcels_max": 3,
        "cutoff_at": NOW + timedelta(hours=8), **more,
    }  # fmt: skip
    return split.Order(needs, **given)


def at(code: str, free: dict[int, int], *, stale: str = "", **more: Any) -> split.There:
    data = {"code": code, "kind": "overseas", "country": "NL", "parcel_cents": 500, "lead_days": 3, **more}
    return split.There(warehouses.Warehouse.model_validate(data), free, stale)


def sent(made: split.Decision) -> dict[str, dict[int, int]]:
    told: dict[str, dict[int, int]] = {}
    for p in made.parts:
        for _, sku, n in p.lines:
            told.setdefault(p.warehouse, {})[sku] = told.setdefault(p.warehouse, {}).get(sku, 0) + n
    return told


def test_what_is_served_here_stays_and_only_the_missing_pieces_go() -> None:
    made = split.choose(order((A, 3), (B, 2)), {A: 3, B: 1}, [at("NL1", {A: 9, B: 9})])
    assert (made.kind, sent(made)) == ("split", {"NL1": {B: 1}})
    assert made.why == "B x 1 not here: NL1; 2 parcels, 5.00, 3 days"
    assert split.choose(order((A, 3)), {A: 3}, [at("NL1", {A: 9})]).kind == "here"


def test_nothing_here_is_all_elsewhere() -> None:
    assert split.choose(order((A, 3)), {}, [at("NL1", {A: 3})]).kind == "elsewhere"


def test_fewest_parcels_come_before_cost_and_cost_before_the_promise() -> None:
    two = [at("X1", {B: 1}, parcel_cents=10), at("X2", {C: 1}, parcel_cents=10)]
    assert sent(split.choose(order((B, 1), (C, 1)), {}, [*two, at("Y1", {B: 1, C: 1}, parcel_cents=900)])) == {
        "Y1": {B: 1, C: 1}
    }
    assert set(sent(split.choose(order((B, 1), (C, 1)), {}, two))) == {"X1", "X2"}
    cheap = [at("Z1", {B: 1}, parcel_cents=300, lead_days=9), at("Z2", {B: 1}, parcel_cents=301, lead_days=1)]
    assert set(sent(split.choose(order((B, 1)), {}, cheap))) == {"Z1"}
    equal = [at("Z1", {B: 1}, lead_days=9), at("Z2", {B: 1}, lead_days=1)]
    assert set(sent(split.choose(order((B, 1)), {}, equal))) == {"Z2"}


def test_more_pieces_served_come_before_fewer_parcels_within_the_orders_limit() -> None:
    there = [at("X1", {B: 2}), at("X2", {B: 1})]
    assert sent(split.choose(order((A, 1), (B, 3)), {A: 1}, there)) == {"X1": {B: 2}, "X2": {B: 1}}
    made = split.choose(order((A, 1), (B, 3), parcels_max=2), {A: 1}, there)
    assert sent(made) == {"X1": {B: 2}} and "1 pieces nowhere" in made.why
    assert split.choose(order((A, 1), (B, 3), parcels_max=1), {A: 1}, there).kind == "short"


def test_a_complete_only_order_goes_whole_or_not_at_all() -> None:
    there = [at("X1", {B: 1}), at("X2", {A: 2, B: 1})]
    made = split.choose(order((A, 2), (B, 1), whole=True, complete=True), {A: 2}, there)
    assert (made.kind, sent(made)) == ("elsewhere", {"X2": {A: 2, B: 1}})
    assert split.choose(order((A, 2), (B, 1), whole=True, complete=True), {A: 2}, there[:1]).kind == "short"
    allowed = split.choose(order((A, 2), (B, 1), complete=True), {A: 2}, there)
    assert (allowed.kind, sent(allowed)) == ("split", {"X1": {B: 1}})
    assert split.choose(order((A, 2), (B, 2), complete=True), {A: 2}, [there[0]]).kind == "short"


def test_it_waits_for_what_is_announced_before_its_cut_off() -> None:
    coming = [
        split.Coming(B, 1, NOW + timedelta(hours=2), "ASN-1"),
        split.Coming(B, 5, NOW + timedelta(hours=6), "ASN-2"),
    ]
    made = split.choose(order((A, 1), (B, 3)), {A: 1}, [at("NL1", {B: 9})], coming)
    assert (made.kind, made.until) == ("wait", NOW + timedelta(hours=6)) and "ASN-2" in made.why
    late = [split.Coming(B, 5, NOW + timedelta(hours=9), "ASN-3")]
    assert split.choose(order((A, 1), (B, 3)), {A: 1}, [at("NL1", {B: 9})], late).kind == "split"
    assert split.choose(order((A, 1), (B, 3)), {A: 1}, [at("NL1", {B: 9})], coming[:1]).kind == "split"


def test_what_earlier_orders_wait_for_is_not_waited_for_again() -> None:
    coming = [split.Coming(B, 2, NOW + timedelta(hours=n), f"ASN-{n}") for n in (1, 2, 3)]
    left = split.less(coming, {B: 3, A: -4})
    assert [(c.ref, c.qty_each) for c in left] == [("ASN-2", 1), ("ASN-3", 2)]
    assert split.less(coming, {B: 9}) == [] and split.less(coming, {}) == coming


def test_bonded_stock_is_never_mixed_with_free() -> None:
    bonded = at("BW1", {A: 5, B: 5}, kind="bonded")
    assert split.choose(order((A, 1), (B, 1)), {A: 1}, [bonded]).kind == "short"
    assert sent(split.choose(order((A, 1), (B, 1)), {}, [bonded])) == {"BW1": {A: 1, B: 1}}
    assert (
        split.choose(order((A, 1), (B, 9)), {}, [at("BW1", {B: 5}, kind="bonded"), at("NL1", {A: 1})]).kind == "split"
    )
    assert sent(split.choose(order((A, 1), (B, 5)), {}, [at("BW1", {B: 5}, kind="bonded"), at("NL1", {A: 1})])) == {
        "NL1": {A: 1}
    }


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (at("X1", {B: 1}, active=False), "not active"),
        (at("X1", {B: 1}, stale="its stock report is 30 h old"), "its stock report is 30 h old"),
        (at("X1", {B: 1}, countries=["FR"]), "does not ship to DE"),
        (at("X1", {B: 1}, channels=["amazon"]), "sends no orders of shop"),
        (at("X1", {A: 1}), "has none of it"),
        (at("X1", {B: 1}, refuses=["battery_loose"]), "does not send battery_loose"),
    ],
)
def test_why_a_warehouse_is_not_asked_is_told(there: split.There, said: str) -> None:
    made = split.choose(order((B, 1), attributes=["battery_loose"]), {}, [there])
    assert made.kind == "short" and made.considered == (("X1", said),)


def test_a_bundle_is_sent_together() -> None:
    made = split.choose(
        order((A, 1), (B, 1), bundle="SET"), {A: 5}, [at("X1", {B: 1}), at("X2", {A: 1, B: 1}, parcel_cents=900)]
    )
    assert (made.kind, sent(made)) == ("elsewhere", {"X2": {A: 1, B: 1}})


def test_faults_of_warehouses_and_reports_are_named() -> None:
    good = {"code": "NL1", "kind": "overseas", "country": "NL", "parcel_cents": 1, "lead_days": 1}
    _, faults = warehouses.parse(
        [good, {**good, "country": "Holland"}, good, {**good, "code": "X", "kind": "shed", "nonsense": 1},
         {**good, "code": "Y", "refuses": ["batery_loose"]}]
    )  # fmt: skip
    assert [f.split(":")[0] for f in faults] == [
        "row 2, country", "row 3", "row 4, kind", "row 4, nonsense", "row 5, refuses"
    ]  # fmt: skip
    rows = warehouses.rows_of("\ufeffsku,qty_each\nA,5\nNO,1\nB,-1\nA,2\nC,1,9\n")
    with pytest.raises(refusals.ReportRefused) as refused:
        warehouses.read_report(rows, {"A": 1, "B": 2, "C": 3}, NOW + timedelta(hours=1), NOW, 2)
    assert [f.split(":")[0] for f in refused.value.params["faults"]] == [
        "as_of", "row 3, sku", "row 4, qty_each", "row 5, sku", "row 6"
    ]  # fmt: skip
    assert warehouses.read_report(rows[:1], {"A": 1}, NOW, NOW, 2) == {1: 5}
    for told in ("9" * 5_000, "1" + "0" * 8 + "1"):
        with pytest.raises(refusals.ReportRefused):
            warehouses.read_report([{"sku": "A", "qty_each": told}], {"A": 1}, NOW, NOW, 2)
    with pytest.raises(refusals.ReportRefused, match="field larger"):
        warehouses.rows_of("sku,qty_each\nA," + "9" * 200_000)


def test_a_part_is_answered_once_for_good() -> None:
    assert parts.step("told", "accept", "R") == "accepted" and parts.step("accepted", "refuse", "R") == "refused"
    for state, event in (("refused", "accept"), ("cancelled", "accept"), ("done", "refuse")):
        with pytest.raises(refusals.PartEnded):
            parts.step(state, event, "R")
    assert (parts.reference("O1", "NL1", 0), parts.reference("O1", "NL1", 1)) == ("O1-NL1", "O1-NL1-2")
    long = [parts.reference("O" * 63 + last, "NL1", 11) for last in "12"]
    assert [len(ref) for ref in long] == [64, 64] and long[0] != long[1] and long[0].endswith("-NL1-12")

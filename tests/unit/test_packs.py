"""When a pack version may be shipped in, which parcels get an insert, and what a plan makes of both."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from wms.foundation.packs import rules
from wms.foundation.packs.rules import Approval, Version, approval, judge
from wms.foundation.packs.rules import Test as Trial
from wms.processes.packing.rules.inserts import BadInsert, Occasion, Takes, check, fits

TODAY = date(2026, 11, 29)
MADE = {"carton M": {"supplier": "Box & Co", "revision": "B"}, "inner FOAM-1": {"supplier": "Foam AG", "revision": "3"}}
V = Version(UUID(int=1), 7, 1, "M", 1, (), MADE, retired=False)
ISTA = Trial("ista_3a", True, TODAY - timedelta(days=30), None)
PRESSED = Trial("compression", True, TODAY - timedelta(days=20), TODAY + timedelta(days=100))
GOOD = [ISTA, PRESSED, PRESSED, PRESSED]
BOTH = frozenset(rules.PASSES)


def code(version: Version = V, made: object = MADE, tests: list[Trial] = GOOD, needs: frozenset[str] = BOTH) -> str:
    return judge(version, made, tests, needs, TODAY).code  # type: ignore[arg-type]


def test_one_ista_pass_and_three_compression_passes_make_it_valid() -> None:
    assert code() == ""
    assert code(tests=GOOD[:-1]) == "packs.not_tested"
    assert code(tests=GOOD[1:]) == "packs.not_tested"


def test_either_test_can_be_switched_off() -> None:
    assert code(tests=[ISTA], needs=frozenset({"ista_3a"})) == ""
    assert code(tests=[], needs=frozenset()) == ""


def test_it_ends_with_its_tests_last_day_and_with_a_later_failure() -> None:
    last = replace(PRESSED, expires_on=TODAY)
    assert code(tests=[ISTA, last, last, last]) == ""
    over = replace(PRESSED, expires_on=TODAY - timedelta(days=1))
    assert code(tests=[ISTA, PRESSED, PRESSED, over]) == "packs.test_expired"
    assert code(tests=[*GOOD, replace(ISTA, passed=False, tested_on=TODAY)]) == "packs.test_failed"
    assert code(tests=[*GOOD, replace(ISTA, passed=False, tested_on=TODAY - timedelta(days=99))]) == ""


@pytest.mark.parametrize("change", [
    {**MADE, "carton M": {"supplier": "Other", "revision": "B"}}, {**MADE, "inner FOAM-1": {"supplier": "Foam AG", "revision": "4"}},
    {"carton M": MADE["carton M"]},
])  # fmt: skip
def test_a_changed_pack_supplier_or_carton_ends_it(change: object) -> None:
    assert code(made=change) == "packs.changed"


def test_a_sku_is_approved_by_any_valid_version_and_says_why_by_its_newest() -> None:
    bad = judge(replace(V, number=2), MADE, [], BOTH, TODAY)
    assert approval(7, [judge(V, MADE, GOOD, BOTH, TODAY), bad]) == Approval(7, (V,))
    assert (
        approval(7, [judge(replace(V, retired=True, number=3), MADE, GOOD, BOTH, TODAY), bad]).code
        == "packs.not_tested"
    )
    assert approval(7, []).code == "packs.no_version"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", {"kind": "drop"}), ("lab", {"lab": " "}), ("tested_on", {"tested_on": TODAY + timedelta(days=1)}),
        ("expires_on", {"expires_on": TODAY - timedelta(days=5)}), ("weight_g", {"weight_g": 70_001}), ("weight_g", {"weight_g": 0}),
        ("file_sha256", {"sha256": "abc"}),
    ],
)  # fmt: skip
def test_a_record_that_proves_nothing_is_refused(field: str, values: dict[str, object]) -> None:
    good = {
        "kind": "ista_3a",
        "lab": "Lab",
        "tested_on": TODAY,
        "expires_on": None,
        "weight_g": 900,
        "sha256": "a" * 64,
        "today": TODAY,
    }
    rules.check_test(**good)  # type: ignore[arg-type]
    with pytest.raises(rules.BadTest) as bad:
        rules.check_test(**{**good, **values})  # type: ignore[arg-type]
    assert bad.value.params["field"] == field


ORDER = Occasion("shop", "DE", frozenset({"MUG"}), frozenset({"kitchen"}), 5_000, True, TODAY)


@pytest.mark.parametrize(
    ("takes", "there"),
    [
        (Takes(), True), (Takes(channels=("shop",)), True), (Takes(channels=("fair",)), False), (Takes(countries=("FR",)), False),
        (Takes(skus=("MUG", "LAMP")), True), (Takes(families=("garden",)), False), (Takes(value_min_cents=5_000), True),
        (Takes(value_min_cents=5_001), False), (Takes(first_order=True), True), (Takes(starts_on=TODAY, ends_on=TODAY), True),
        (Takes(ends_on=TODAY - timedelta(days=1)), False), (Takes(starts_on=TODAY + timedelta(days=1)), False),
    ],
)  # fmt: skip
def test_an_insert_goes_into_the_parcels_its_rule_takes(takes: Takes, there: bool) -> None:
    assert fits(takes, ORDER) is there


def test_a_rule_survives_being_kept_and_nonsense_is_refused() -> None:
    takes = Takes.of({"channels": ["shop"], "first_order": True, "starts_on": "2026-11-01"})
    assert takes == Takes(channels=("shop",), first_order=True, starts_on=date(2026, 11, 1))
    assert not fits(takes, replace(ORDER, first_order=False))
    with pytest.raises(BadInsert):
        check(Takes(starts_on=TODAY, ends_on=TODAY - timedelta(days=1)))
    with pytest.raises(BadInsert):
        check(Takes(countries=("Germany",)))

"""The policy's rows, what is refunded, what it costs, what is suspicious, and how many pieces may still come back."""

from typing import Any

import pytest

from wms.processes.returns.rules import money, policy, refusals, states
from wms.processes.returns.rules.money import History
from wms.processes.returns.rules.policy import Asked, Site

SITE = Site()


def asked(**more: Any) -> Asked:
    given: dict[str, Any] = {
        "country": "DE", "value_cents": 4_000, "weight_g": 800, "families": frozenset({"toys"}), "reasons": frozenset({"changed_mind"}),
        "days": 10, "basis": "delivery",
    }  # fmt: skip
    return Asked(**(given | more))


ROWS = [
    {"countries": ["DE"], "value_max_cents": 1_000, "method": "keep"},
    {"countries": ["DE", "AT"], "families": ["toys"], "days_max": 14, "method": "label", "restock_pct": 5},
    {"reasons": ["defective"], "weight_max_g": 1_000, "method": "address", "address": "here"},
    {"value_min_cents": 50_000, "method": "refuse"},
]


@pytest.mark.parametrize(
    ("change", "method", "row"),
    [
        ({"value_cents": 1_000}, "keep", 1),
        ({"value_cents": 1_001}, "label", 2),
        ({"days": 14}, "label", 2),
        ({"days": 15}, "refuse", 0),
        ({"country": "FR"}, "refuse", 0),
        ({"country": "FR", "reasons": frozenset({"defective"})}, "address", 3),
        ({"country": "FR", "reasons": frozenset({"defective"}), "weight_g": 1_001}, "refuse", 0),
        ({"country": "FR", "reasons": frozenset({"defective", "late"})}, "refuse", 0),
        ({"families": frozenset({"toys", "food"})}, "refuse", 0),
        ({"country": "FR", "value_cents": 50_000}, "refuse", 4),
        ({"country": ""}, "refuse", 0),
    ],
)
def test_the_first_row_that_fits_decides_and_says_why(change: dict[str, Any], method: str, row: int) -> None:
    made = policy.choose(ROWS, asked(**change))
    assert made.method == method
    assert made.why.startswith(f"row {row}: " if row else "no row fits: row 1:")


def test_rows_are_read_from_texts_and_every_fault_is_named() -> None:
    kept, faults = policy.check_rows(
        [{"countries": "DE|AT", "days_max": "30", "method": "label", "value_max_cents": ""}], 2
    )
    assert faults == [] and (kept[0]["countries"], kept[0]["days_max"], kept[0]["value_max_cents"]) == (
        ["DE", "AT"],
        30,
        0,
    )
    bad: list[dict[str, Any]] = [
        {"method": "label", "restock_pct": "101"}, {"method": "address"}, {"countries": "de", "method": "keep"}, {"method": "keep", "x": 1}, {},
    ]  # fmt: skip
    _, faults = policy.check_rows(bad)
    assert [f.split(":")[0] for f in faults] == [
        "row 1, restock_pct",
        "row 2, address",
        "row 3, countries",
        "row 4, x",
        "row 5, method",
    ]
    assert policy.check_rows([])[1] == ["rows: at least one"]


@pytest.mark.parametrize(
    ("grade", "reason", "restock", "cents"),
    [
        ("A", "changed_mind", 0, 2_000), ("A", "changed_mind", 10, 1_800), ("B", "changed_mind", 10, 1_620),
        ("scrap", "changed_mind", 0, 0), ("scrap", "defective", 50, 2_000), ("C", "damaged_in_transit", 10, 2_000),
    ],
)  # fmt: skip
def test_the_refund_goes_by_grade_unless_the_fault_is_ours(grade: str, reason: str, restock: int, cents: int) -> None:
    assert money.refund_cents(1_000, 2, grade, reason, restock, SITE) == cents


def test_a_return_costs_its_label_its_handling_and_the_value_it_lost() -> None:
    assert money.loss_cents(1_000, 2, "damaged", SITE) == 1_200
    told = money.cost(400, 3, [1_200, 0], 1.1, SITE)
    assert (told.label, told.handling, told.loss, told.total) == (400, 450, 1_320, 2_170)


@pytest.mark.parametrize(
    ("history", "findings", "codes"),
    [
        (None, [], []),
        (None, ["wrong_item", "extra_item"], ["wrong_item"]),
        (History(3, 3, 100, 0), [], []),  # three orders say nothing yet
        (History(4, 3, 100, 0), [], ["rate"]),
        (History(4, 2, 100, 0), [], []),
        (History(9, 1, 50_001, 0), [], ["value"]),
        (History(9, 1, 0, 2), ["empty_box"], ["empty_boxes"]),
        (History(9, 1, 0, 1), ["empty_box", "foreign_serial"], ["foreign_serial"]),
    ],
)
def test_suspicion_has_its_reasons(history: History | None, findings: list[str], codes: list[str]) -> None:
    assert [x["code"] for x in money.suspicions(history, findings, SITE)] == codes


def test_states_go_only_where_their_table_says() -> None:
    for table, step in ((states.NEXT, states.step), (states.ITEM, states.item_step)):
        events = {e for row in table.values() for e in row}
        for state in table:
            for event in events - set(table[state]):
                with pytest.raises(refusals.WrongState):
                    step(state, event)
        assert {s for row in table.values() for s in row.values()} <= set(table)


@pytest.mark.parametrize(
    ("state", "method", "claimed"),
    [("authorised", "label", 3), ("at_bench", "label", 3), ("closed", "label", 1), ("closed", "keep", 3), ("expired", "label", 1),
     ("refused", "refuse", 1), ("held", "", 3)],
)  # fmt: skip
def test_what_one_authorisation_stands_for(state: str, method: str, claimed: int) -> None:
    assert states.claimed_each(state, method, 3, 1) == claimed
    assert states.left_each(4, [claimed, 1]) == max(0, 3 - claimed)


def test_a_recipe_is_the_skus_own_else_its_familys_else_the_general() -> None:
    site = Site.model_validate(
        {"recipes": [{"text": "any"}, {"text": "toys", "family": "toys"}, {"text": "cam", "sku": "CAM"}]}
    )
    assert [r.text for args in (("CAM", "toys"), ("X", "toys"), ("X", "")) if (r := site.recipe(*args))] == [
        "cam",
        "toys",
        "any",
    ]
    assert Site().recipe("X", "") is None

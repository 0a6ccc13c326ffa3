"""What a recipe's round has to answer, what may go into a box, what differs from a plan, and the file that tells of it."""

import csv
import io
from typing import Any

import pytest

from wms.foundation.labels.rules import templates
from wms.kernel.errors import Refusal
from wms.processes.value_added import rules
from wms.processes.value_added.rules import fba

MADE: dict[str, Any] = {
    "kind": "service", "sku_id": 7, "unit_each": 2, "minutes": 0.5, "parts": [{"sku_id": 8, "qty_each": 3}],
    "steps": [{"kind": "scan", "code": "BAG"}, {"kind": "confirm", "code": ""}, {"kind": "label", "code": "X1"}],
}  # fmt: skip
GOOD = {"sku:7": 8, "step:0": "bag", "step:1": "ok", "step:2": 4}


@pytest.mark.parametrize("wrong", [
    {"sku:7": 7}, {"sku:7": "8"}, {"sku:7": None}, {"step:0": "BOX"}, {"step:0": ""}, {"step:1": " "}, {"step:2": 3}, {"step:2": "4"},
])  # fmt: skip
def test_a_round_is_done_when_every_step_is(wrong: dict[str, Any]) -> None:
    rules.check_answers(MADE, 4, GOOD)
    with pytest.raises(rules.WrongStep):
        rules.check_answers(MADE, 4, GOOD | wrong)


def test_of_a_kit_its_parts_are_scanned() -> None:
    assert rules.goods_of(MADE) == {7: 2}
    assert rules.goods_of({**MADE, "kind": "kit"}) == {8: 3}
    assert rules.goods_of({**MADE, "kind": "unkit", "unit_each": 1}) == {7: 1}


def test_the_last_round_is_what_is_left() -> None:
    assert [rules.next_round(7, done, 3) for done in (0, 3, 6)] == [3, 3, 1]


def test_work_ends_once() -> None:
    assert rules.step("open", "start") == "working"
    for state in ("done", "cancelled"):
        for event in ("start", "finish", "cancel"):
            with pytest.raises(rules.WrongState):
                rules.step(state, event)


def test_a_unit_is_bundled_then_bagged_then_labelled() -> None:
    made = fba.recipe_of(7, "X00A", "Item", ("label", "polybag", "bundle"), 2)
    assert [s["kind"] for s in made["steps"]] == ["confirm", "confirm", "label"]
    assert "Do not separate" in made["steps"][0]["text"] and "suffocation" in made["steps"][1]["text"]
    rules.check_recipe("service", made["steps"], [], False, list(templates.TEMPLATES))


@pytest.mark.parametrize(("change", "refusal"), [
    ({}, None), ({"units": 10}, fba.BoxFull), ({"weight_g": 22_681}, fba.BoxTooHeavy), ({"weight_g": 22_680}, None),
    ({"others": True}, fba.OneSkuPerBox), ({"others": True, "mixed": True}, None),
])  # fmt: skip
def test_what_may_go_into_a_box(change: dict[str, Any], refusal: type[Refusal] | None) -> None:
    box: dict[str, Any] = {
        "units": 9, "each_max": 10, "mixed": False, "others": False, "weight_g": 1, "weight_max_g": 22_680
    }  # fmt: skip
    if refusal is None:
        fba.check_fits(**{**box, **change})
    else:
        with pytest.raises(refusal):
            fba.check_fits(**{**box, **change})


def test_what_differs_says_why() -> None:
    def line(planned: int, prepared: int, boxed: int) -> dict[str, Any]:
        return {"sku": "A", "fnsku": "X", "qty_each": planned, "prepared_each": prepared, "boxed_each": boxed}

    told = fba.differences([line(5, 5, 5), line(5, 2, 2), line(5, 4, 2), line(5, 0, 0)])
    assert [(d["short"], d["why"]) for d in told] == [(3, "not_prepared"), (3, "not_boxed"), (5, "not_prepared")]


def test_the_file_reads_back_and_runs_nothing_in_a_spreadsheet() -> None:
    row = dict.fromkeys(fba.COLUMNS, "x") | {"units": -3, "sku": "=cmd()", "fnsku": 'a "b", c'}
    (back,) = csv.DictReader(io.StringIO(fba.as_csv([row])))
    assert (back["units"], back["sku"], back["fnsku"]) == ("-3", "'=cmd()", 'a "b", c')


def test_units_of_the_marketplace() -> None:
    assert (fba.pounds(22_680), fba.inches(635)) == (50.0, 25.0)


def test_the_box_label_carries_both_numbers() -> None:
    label = templates.build("fba_box", templates.sample("fba_box"), templates.Media())
    said = {getattr(x, "text", "") for x in label.elements}
    assert {"FBA15DJ8K5U000003", "Single SKU · 24 units · X001ABC123"} <= said and label.serial == "006141410000000012"

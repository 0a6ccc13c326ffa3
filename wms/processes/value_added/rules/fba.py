"""Boxes for a marketplace's warehouse: what each unit needs, what may share a box, what differs from the plan.

Source: limits are data (`fba_limit`, dated, with their source); the defaults are 50 lb and 25 in on any side.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from wms.kernel.errors import Refusal

PREP = ("label", "polybag", "bundle")
WARNING = (
    "To avoid danger of suffocation, keep this plastic bag away from babies and children. Do not use this bag in cribs, beds, "
    "carriages or playpens. This bag is not a toy."
)
SET = "Sold as set. Do not separate."
MINUTES = {"label": 0.25, "polybag": 0.5, "bundle": 0.75}
"""Standard time of one unit until the site says otherwise."""
NEXT: dict[str, dict[str, str]] = {
    "open": {"close": "closed", "empty": "emptied"},
    "closed": {"label": "labelled", "empty": "emptied"},
    "labelled": {"depart": "departed"},
    "departed": {},
    "emptied": {},
}


class BadPlan(Refusal):
    """The shipment cannot be prepared as it is planned."""

    code, status = "value_added.bad_plan", 422


class UnknownShipment(Refusal):
    """No such shipment or box."""

    code, status = "value_added.unknown_shipment", 404


class ShipmentClosed(Refusal):
    """The shipment has left, or was cancelled."""

    code, status = "value_added.shipment_closed", 409


class NotInShipment(Refusal):
    """This is not in the shipment, or does not carry its marketplace label yet."""

    code, status = "value_added.not_in_shipment", 409


class NotPrepared(Refusal):
    """No more units of these goods are prepared."""

    code, status = "value_added.not_prepared", 409


class SerialBoxed(Refusal):
    """The piece of this serial is in a box already."""

    code, status = "value_added.serial_boxed", 409


class AllBoxed(Refusal):
    """All planned units of these goods are boxed."""

    code, status = "value_added.all_boxed", 409


class BoxTooLarge(Refusal):
    """The marketplace takes no box of this size."""

    code, status = "value_added.box_too_large", 409


class BagIsNoBox(Refusal):
    """The marketplace takes boxes: units are not shipped to it in a bag."""

    code, status = "value_added.bag_is_no_box", 409


class BoxTooHeavy(Refusal):
    """The box would be heavier than the marketplace takes."""

    code, status = "value_added.box_too_heavy", 409


class BadWeight(Refusal):
    """A filled box weighs more than its empty carton."""

    code, status = "value_added.bad_weight", 422


class BoxFull(Refusal):
    """No more units may go into this box."""

    code, status = "value_added.box_full", 409


class OneSkuPerBox(Refusal):
    """This shipment's boxes hold one SKU each."""

    code, status = "value_added.one_sku_per_box", 409


class BoxState(Refusal):
    """The box is not at that point."""

    code, status = "value_added.box_state", 409


class ShipmentDiffers(Refusal):
    """Not all that was planned is boxed and labelled; say why it leaves so, or finish it."""

    code, status = "value_added.shipment_differs", 409


def step(state: str, event: str) -> str:
    """Errors: BoxState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise BoxState(state=state, event=event) from None


def recipe_of(
    sku_id: int, fnsku: str, name: str, prep: Sequence[str], unit_each: int, *, by_serial: bool = False
) -> dict[str, Any]:
    """The work of one unit: bundled, bagged with the warning, labelled last, so that its code can be scanned from outside.

    `by_serial`: its serials stay in sight, for it is boxed by them.
    """
    steps: list[dict[str, Any]] = []

    def add(kind: str, text: str, text_zh: str, **more: Any) -> None:
        steps.append({"kind": kind, "text": text, "text_zh": text_zh, "code": "", "label": "", "data": {}, **more})

    if "bundle" in prep:
        add("confirm", f"Put {unit_each} pieces together: {SET}", f"将 {unit_each} 件捆成一套：整套销售，请勿拆分")
    if "polybag" in prep:
        add("confirm", f"Bag it; the warning faces out: {WARNING}", "装袋，窒息警示语朝外")
    if "label" in prep:
        data = {"sku": fnsku, "name": name, "code": fnsku}
        but, but_zh = (" but the serial", "，序列号除外") if by_serial else ("", "")
        add(
            "label", f"Cover every other barcode{but}", f"遮盖其他所有条码{but_zh}", label="unit", code=fnsku, data=data
        )
    return {
        "name": "FBA: " + ", ".join(prep), "name_zh": "FBA 预处理", "kind": "service", "sku_id": sku_id, "unit_each": unit_each,
        "parts": [], "steps": steps, "consumables": [], "minutes": sum(MINUTES[p] for p in prep), "round_each": 10,
    }  # fmt: skip


def check_fits(*, units: int, each_max: int, mixed: bool, others: bool, weight_g: int, weight_max_g: int) -> None:
    """One more unit in a box. `weight_g`: expected with it. Errors: BoxFull, OneSkuPerBox, BoxTooHeavy."""
    if others and not mixed:
        raise OneSkuPerBox()
    if units + 1 > each_max:
        raise BoxFull(units=units, units_max=each_max)
    if weight_g > weight_max_g:
        raise BoxTooHeavy(weight_g=weight_g, weight_max_g=weight_max_g)


def differences(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines with fewer units boxed than planned, each with why: not prepared, or not boxed."""
    found = []
    for x in lines:
        if x["boxed_each"] < x["qty_each"]:
            why = "not_prepared" if x["prepared_each"] <= x["boxed_each"] else "not_boxed"
            found.append({
                "sku": x["sku"], "fnsku": x["fnsku"], "planned": x["qty_each"], "prepared": x["prepared_each"],
                "boxed": x["boxed_each"], "short": x["qty_each"] - x["boxed_each"], "why": why,
            })  # fmt: skip
    return found


COLUMNS = (
    "shipment", "box", "sscc", "pallet", "weight_lb", "length_in", "width_in", "height_in", "sku", "fnsku", "units", "expires_on",
    "serials",
)  # fmt: skip


def pounds(grams: int) -> float:
    return round(grams / 453.59237, 2)


def inches(mm: int) -> float:
    return round(mm / 25.4, 2)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The box contents, one line for each SKU and expiry in a box; its serials divided by `;`. Texts that a spreadsheet would run are quoted by `'`."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_plain(row[name]) for name in COLUMNS])
    return out.getvalue()


def _plain(value: Any) -> Any:
    value = ";".join(value) if isinstance(value, list) else value
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value

"""The life of a work order, what a recipe may ask for, and the refusals of the station."""

from collections.abc import Mapping, Sequence
from typing import Any

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "open": {"start": "working", "cancel": "cancelled"},
    "working": {"finish": "done", "cancel": "cancelled"},
    "done": {},
    "cancelled": {},
}
HOLD = "value_added"
"""Kind of an order's hold while its goods wait for a service."""
STATION = "vas"
PRODUCTION = "PRODUCTION"
"""The virtual place that components and consumables go into and kits come out of."""
SERVICE, KIT, UNKIT = "service", "kit", "unkit"
STEPS = ("scan", "confirm", "photo", "label")
PHOTO_MAX_BYTES = 2_000_000

Recipe = Mapping[str, Any]
"""kind, steps [{kind, text, text_zh, code, label, data}], consumables [{sku_id, qty_each}], parts [{sku_id, qty_each}], minutes,
round_each, unit_each."""


class UnknownRecipe(Refusal):
    """No such recipe, or it is not in use any more."""

    code, status = "value_added.unknown_recipe", 404


class UnknownWorkOrder(Refusal):
    """No such work order."""

    code, status = "value_added.unknown_work_order", 404


class BadRecipe(Refusal):
    """The recipe cannot be worked by."""

    code, status = "value_added.bad_recipe", 422


class SerialGoods(Refusal):
    """Its units are known by their serials: they cannot be made as kits or used up here."""

    code, status = "value_added.serial_goods", 422


class SerialDue(Refusal):
    """The goods are known by their serials: scan the serial of each piece."""

    code, status = "value_added.serial_due", 422


class UnknownSerial(Refusal):
    """The book has no such serial of the goods that this work is for."""

    code, status = "value_added.unknown_serial", 404


class SerialNotFree(Refusal):
    """The piece of this serial lies elsewhere, or is held: take one that is free where the goods of this work lie."""

    code, status = "value_added.serial_not_free", 409


class NotInKit(Refusal):
    """No kit where these lie has this piece in it."""

    code, status = "value_added.not_in_kit", 409


class KitsMixed(Refusal):
    """These pieces are not all of whole kits: take the pieces of one kit together."""

    code, status = "value_added.kits_mixed", 409


class RefTaken(Refusal):
    """There is a work order or shipment with this number, for other work."""

    code, status = "value_added.ref_taken", 409


class NotEnoughGoods(Refusal):
    """There are not that many free pieces at the place named."""

    code, status, retry_helps = "value_added.not_enough_goods", 409, True


class NoConsumable(Refusal):
    """The station has run out of something that the recipe uses up."""

    code, status, retry_helps = "value_added.no_consumable", 409, True


class WrongState(Refusal):
    """The work order is not at that point."""

    code, status = "value_added.wrong_state", 409


class WrongPlace(Refusal):
    """The goods of this work order are elsewhere."""

    code, status = "value_added.wrong_place", 409


class WrongStep(Refusal):
    """A step was answered with something else than it asks for."""

    code, status = "value_added.wrong_step", 409


class NotAVasStation(Refusal):
    """This station does other work."""

    code, status = "value_added.not_a_station", 409


class MixedCustoms(Refusal):
    """Parts of different customs status do not go into one kit."""

    code, status = "value_added.mixed_customs", 409


class OrderTooFar(Refusal):
    """The order is packed already, or has left."""

    code, status = "value_added.order_too_far", 409


def step(state: str, event: str) -> str:
    """Errors: WrongState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WrongState(state=state, event=event) from None


def check_recipe(
    kind: str, steps: Sequence[Mapping[str, Any]], parts: Sequence[Any], kit: bool, templates: Sequence[str]
) -> None:
    """Errors: BadRecipe."""
    if (kind != SERVICE) != bool(parts) or (kind != SERVICE) != kit:
        raise BadRecipe(field="parts", reason="a kit has a SKU of its own and parts, a service has neither")
    if kind == SERVICE and not steps:
        raise BadRecipe(field="steps", reason="a service has at least one step")
    for n, each in enumerate(steps, 1):
        if each["kind"] == "label" and each["label"] not in templates:
            raise BadRecipe(field=f"steps.{n}.label", reason=f"one of {', '.join(templates)}")
        if each["kind"] == "label" and not each["code"]:
            raise BadRecipe(field=f"steps.{n}.code", reason="the code that is read back from the label")


def next_round(qty_each: int, done_each: int, round_each: int) -> int:
    """Units worked together next."""
    return min(round_each, qty_each - done_each)


def check_answers(recipe: Recipe, round_each: int, answers: Mapping[str, Any]) -> None:
    """Every unit was scanned (`sku:<id>`, pieces) and every step done (`step:<position>`). Errors: WrongStep."""
    for sku_id, each in goods_of(recipe).items():
        said = answers.get(f"sku:{sku_id}")
        if said != each * round_each:
            raise WrongStep(step="units", scanned=str(said), expected=each * round_each)
    for i, each in enumerate(recipe["steps"]):
        said = answers.get(f"step:{i}")
        if each["kind"] == "label":
            if said != round_each:
                raise WrongStep(step=str(i + 1), scanned=str(said), expected=round_each)
        elif not isinstance(said, str) or not said.strip():
            raise WrongStep(step=str(i + 1), scanned="", expected=each["code"] or each["kind"])
        elif each["kind"] == "scan" and each["code"] and said.strip().upper() != each["code"].upper():
            raise WrongStep(step=str(i + 1), scanned=said[:60], expected=each["code"])


def goods_of(recipe: Recipe) -> dict[int, int]:
    """SKU id to the pieces of one unit that are scanned: a kit's parts, else the goods themselves."""
    return parts_of(recipe) if recipe["kind"] == KIT else {int(recipe["sku_id"]): int(recipe["unit_each"])}


def parts_of(recipe: Recipe) -> dict[int, int]:
    """SKU id of each part of a kit to its pieces in one."""
    return {int(p["sku_id"]): int(p["qty_each"]) for p in recipe["parts"]}


def serial_step(recipe: Recipe, sku_id: int) -> str:
    """The step that asks for the serials of a part: as it goes in it is the count of the pieces; coming out, one of its own."""
    return f"{'out' if recipe['kind'] == UNKIT else 'sku'}:{sku_id}"


def standard_minutes(recipe: Recipe, units: int) -> float:
    """What so many units should take."""
    return round(float(recipe["minutes"]) * units, 3)

"""The lives of an authorisation and of a returned item, and how many pieces may still come back."""

from collections.abc import Iterable

from wms.processes.returns.rules import refusals

NEXT: dict[str, dict[str, str]] = {
    "held": {
        "authorise": "authorised",
        "keep": "closed",
        "refuse": "refused",
        "hold": "held",
        "buy": "labelling",
        "cancel": "cancelled",
    },
    "labelling": {"authorise": "authorised", "hold": "held", "cancel": "cancelled"},
    "authorised": {"arrive": "at_bench", "expire": "expired", "cancel": "cancelled"},
    "expired": {"arrive": "at_bench"},
    "cancelled": {"arrive": "at_bench"},
    "at_bench": {"arrive": "at_bench", "close": "closed"},
    "closed": {},
    "refused": {},
}
DECIDING = ("held", "labelling")
"""Not told to the host yet: what comes all the same waits for a lead."""
EXPECTED = ("at_bench", "authorised", "expired", "cancelled")
"""A parcel that comes belongs to one of these, the first of them first: it may come when it stands no longer."""
ITEM: dict[str, dict[str, str]] = {
    "received": {"grade": "graded"},
    "graded": {"grade": "graded", "put": "done", "scrap": "done", "ask": "scrap_wait", "mend": "mending"},
    "scrap_wait": {"approve": "done", "refuse": "received"},
    "mending": {"mended": "received"},
    "done": {},
}
OPEN_ITEM = ("received", "graded")
"""On the bench, wanting a person now."""
REASONS = (
    "changed_mind", "does_not_fit", "defective", "damaged_in_transit", "wrong_item", "not_as_described", "late", "refused",
    "unannounced",
)  # fmt: skip
OUR_FAULT = frozenset({"defective", "damaged_in_transit", "wrong_item", "not_as_described", "late"})
"""No restocking fee, and the grade takes nothing off."""
GRADES = ("A", "B", "C", "scrap")
OUTCOMES = ("available", "damaged", "refurbish", "scrap")
GRADE_REASONS = ("opened", "used", "dirty", "scratched", "incomplete", "broken_item")
FINDINGS = ("wrong_item", "extra_item", "empty_box", "foreign_serial")


def step(state: str, event: str) -> str:
    """Errors: WrongState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise refusals.WrongState(state=state, step=event) from None


def item_step(state: str, event: str) -> str:
    """Errors: WrongState."""
    try:
        return ITEM[state][event]
    except KeyError:
        raise refusals.WrongState(state=state, step=event) from None


def claimed_each(state: str, method: str, qty_each: int, received_each: int) -> int:
    """Pieces of an order line that one authorisation stands for."""
    if method == "keep":
        return qty_each
    if state in ("refused", "expired", "cancelled"):
        return received_each
    return received_each if state == "closed" else max(qty_each, received_each)


def left_each(shipped_each: int, claims: Iterable[int]) -> int:
    """Pieces of an order line that may still be claimed."""
    return max(0, shipped_each - sum(claims))

"""The life of a customer order, and what a change means at each stage. The only copy of the state table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wms.kernel.errors import Refusal

# state -> event -> state
NEXT: dict[str, dict[str, str]] = {
    "accepted": {"release": "released", "cancel": "cancelled", "backorder": "backordered"},
    "backordered": {"reopen": "accepted", "cancel": "cancelled"},
    "released": {"start_pick": "picking", "unrelease": "accepted", "cancel": "cancelled", "picked": "picked"},
    "picking": {"picked": "picked", "cancel": "cancelled", "unrelease": "accepted"},
    "picked": {"pack": "packed", "cancel": "cancelled"},
    "packed": {"label": "labelled", "cancel": "cancelled"},
    "labelled": {"load": "loaded", "relabel": "packed", "cancel": "cancelled"},
    "loaded": {"ship": "shipped", "unload": "labelled", "relabel": "packed", "cancel": "cancelled"},
    "shipped": {},
    "cancelled": {},
}

STAMPED = {"released": "released_at", "picked": "picked_at", "labelled": "labelled_at", "shipped": "shipped_at"}
"""States whose first moment is kept: what the floor's pace is told by."""

# What a cancellation does, by state (DOMAIN: cancel and change at every stage)
CANCEL_EFFECT: dict[str, str] = {
    "accepted": "drop", "backordered": "drop", "released": "stop", "picking": "stop", "picked": "divert", "packed": "divert",
    "labelled": "void_label", "loaded": "pull_off",
}  # fmt: skip

ADDRESS_UNTIL = frozenset({"accepted", "backordered", "released", "picking", "picked", "packed"})
"""Later the label carries the old address: it is voided and printed anew."""
LINES_UNTIL = frozenset({"accepted", "backordered"})
"""After release a line may only shrink, as a cancellation of pieces."""

SHORT_POLICIES = ("complete_only", "ship_partial", "backorder", "cancel_line")


DUTY_TERMS = ("", "DAP", "DDP")
CUSTOMS_MODES = ("", "9610", "9710", "9810", "plain", "domestic")
NOT_READY = frozenset({"value_added"})
"""Kinds of hold of goods that are not ready to be packed: the bench does not open their tote. Others only keep the label."""
CHECK_DUE = "orders.check_due"
"""Code of the hold that an order begins with while a check is due."""


Ladder = Sequence[Sequence[int]]
"""[up to so many grams gross, cents in the site's currency], rising weights."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a service charges for a parcel. ladders: by carton, its dimensional weight counted; a bag's without, for its sides
    are known once it is filled. as_is: SKU id to the cents of a piece in its own container. divisor: mm³ of a bag that count
    as a gram, 0: none do; dim_over_mm: where its longest side is longer."""

    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    as_is: Mapping[int, int] = field(default_factory=dict)
    divisor: int = 0
    dim_over_mm: int = 0


class UnknownOrder(Refusal):
    """No such order."""

    code, status = "orders.unknown_order", 404


class OrderExists(Refusal):
    """An order with this reference exists with other content."""

    code, status = "orders.exists", 409


class OrderRefused(Refusal):
    """The order has faulty fields; nothing was accepted."""

    code, status = "orders.refused", 422


class Departed(Refusal):
    """The order has left the building: ask the carrier for an intercept."""

    code, status = "orders.departed", 409


class WrongState(Refusal):
    """The order's state does not allow this."""

    code, status = "orders.wrong_state", 409


class OrderIsCancelled(Refusal):
    """The order was cancelled: stop and put its goods back."""

    code, status = "orders.is_cancelled", 409


class OrderHeld(Refusal):
    """The order is held: what it is held for has to be mended first."""

    code, status, retry_helps = "orders.held", 409, True


class UnknownNotice(Refusal):
    """No such notice."""

    code, status = "orders.unknown_notice", 404


class NoticeRefused(Refusal):
    """The notice has faulty lines; nothing was accepted."""

    code, status = "orders.notice_refused", 422


def step(state: str, event: str) -> str:
    """Errors: WrongState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WrongState(state=state, event=event) from None

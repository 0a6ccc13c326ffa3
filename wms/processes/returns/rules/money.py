"""What a returned piece is refunded with, what a return costs, and what makes a buyer suspicious."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wms.processes.returns.rules.policy import Site
from wms.processes.returns.rules.states import OUR_FAULT


def refund_cents(value_cents: int, qty_each: int, grade: str, reason: str, restock_pct: int, site: Site) -> int:
    """Advised refund of pieces of one value. Where the fault is ours all of it; else less the fee and what the grade takes."""
    full = value_cents * qty_each
    if reason in OUR_FAULT:
        return full
    return full * site.refund_pct[grade] * (100 - restock_pct) // 10_000


def loss_cents(value_cents: int, qty_each: int, outcome: str, site: Site) -> int:
    """Loss of value of pieces with this outcome, in the currency of `value_cents`."""
    return value_cents * qty_each * site.loss_pct[outcome] // 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one return, cents of the site's currency."""

    label: int
    handling: int
    loss: int

    @property
    def total(self) -> int:
        return self.label + self.handling + self.loss


def cost(label_cents: int, pieces: int, losses: Iterable[int], rate: float, site: Site) -> Cost:
    """`losses`: cents of the order's currency; `rate`: the site's currency for one unit of it."""
    return Cost(label_cents, pieces * site.handling_cents, round(sum(losses) * rate))


@dataclass(frozen=True, slots=True)
class History:
    """Of one buyer within a year, this return included. Value in cents of the site's currency."""

    orders: int
    returned_orders: int
    value_cents: int
    empty_boxes: int


def suspicions(history: History | None, findings: Iterable[str], site: Site) -> list[dict[str, Any]]:
    """Why a person should look at a return; empty when nobody need to. `history` None: the buyer is not known."""
    found: list[dict[str, Any]] = []
    kinds = list(findings)
    for kind in ("wrong_item", "foreign_serial"):
        if kind in kinds:
            found.append({"code": kind, "count": kinds.count(kind)})
    if history is None:
        return found
    rate = 100 * history.returned_orders // max(1, history.orders)
    if history.orders >= site.rate_orders and rate > site.rate_pct:
        found.append({"code": "rate", "rate_pct": rate, "orders": history.orders, "returned": history.returned_orders})
    if history.value_cents > site.value_cents:
        found.append({"code": "value", "value_cents": history.value_cents, "limit_cents": site.value_cents})
    if history.empty_boxes >= site.empty_boxes:
        found.append({"code": "empty_boxes", "count": history.empty_boxes})
    return found

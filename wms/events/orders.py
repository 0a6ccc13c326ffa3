"""Facts of orders and notices."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class NoticeAccepted(Event):
    name: ClassVar[str] = "orders.notice_accepted.v1"
    stream: ClassVar[str] = "notice_id"
    notice_id: UUID
    ref: str


@dataclass(frozen=True, slots=True)
class OrderAccepted(Event):
    name: ClassVar[str] = "orders.order_accepted.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    ref: str


@dataclass(frozen=True, slots=True)
class OrderCancelRequested(Event):
    """An order under way is to stop; `effect`: stop, divert, void_label, pull_off."""

    name: ClassVar[str] = "orders.cancel_requested.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    effect: str


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    name: ClassVar[str] = "orders.order_cancelled.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderChanged(Event):
    """Address or lines changed; `state` is the order's state at the change, `what` the fields."""

    name: ClassVar[str] = "orders.order_changed.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    state: str
    what: list[str]


@dataclass(frozen=True, slots=True)
class OrderHeld(Event):
    """Something forbids it to go on: `kind` whose matter it is, `code` which rule."""

    name: ClassVar[str] = "orders.order_held.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    kind: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderFreed(Event):
    """One hold less; `holds_left` of 0 means that it may go on."""

    name: ClassVar[str] = "orders.order_freed.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    kind: str
    holds_left: int


@dataclass(frozen=True, slots=True)
class OrderShipped(Event):
    name: ClassVar[str] = "orders.order_shipped.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    ref: str

"""Facts of picking."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class PickConfirmed(Event):
    name: ClassVar[str] = "picking.pick_confirmed.v1"
    stream: ClassVar[str] = "order_id"
    task_id: UUID
    order_id: UUID
    place_id: int
    sku_id: int
    qty_each: int
    tote: str


@dataclass(frozen=True, slots=True)
class PickShorted(Event):
    """Less was there than the book says; leaves a count behind. `outcome`: other_location, or the order's short policy."""

    name: ClassVar[str] = "picking.pick_shorted.v1"
    stream: ClassVar[str] = "order_id"
    task_id: UUID
    order_id: UUID
    place_id: int
    sku_id: int
    missing_each: int
    outcome: str


@dataclass(frozen=True, slots=True)
class OrderPicked(Event):
    name: ClassVar[str] = "picking.order_picked.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    tote: str


@dataclass(frozen=True, slots=True)
class SinglePicked(Event):
    """The one piece of this order lies among those of others in a tote: it is matched at the bench."""

    name: ClassVar[str] = "picking.single_picked.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    tote: str


@dataclass(frozen=True, slots=True)
class TourCompleted(Event):
    """All stops done; the cart stands at `place_id` and is to go to a pack station."""

    name: ClassVar[str] = "picking.tour_completed.v1"
    stream: ClassVar[str] = "tour_id"
    tour_id: UUID
    cart: str
    place_id: int
    station: str


@dataclass(frozen=True, slots=True)
class GoodsToPutBack(Event):
    """A tote or parcel holds goods that no order wants any more."""

    name: ClassVar[str] = "picking.goods_to_put_back.v1"
    stream: ClassVar[str] = "hu_id"
    hu_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class TourLeft(Event):
    """Its picker handed it over, or a lead took it back; the cart, if it has one, stands somewhere."""

    name: ClassVar[str] = "picking.tour_left.v1"
    stream: ClassVar[str] = "tour_id"
    tour_id: UUID
    holder: str
    cart: str


@dataclass(frozen=True, slots=True)
class TourTaken(Event):
    """Another picker (the event's actor) found the cart of a left tour and goes on with it."""

    name: ClassVar[str] = "picking.tour_taken.v1"
    stream: ClassVar[str] = "tour_id"
    tour_id: UUID
    cart: str

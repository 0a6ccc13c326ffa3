"""Facts of the pack bench."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ParcelWeighed(Event):
    """`agrees`: the scale and the expectation are within tolerance."""

    name: ClassVar[str] = "packing.parcel_weighed.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID
    weight_g: int
    expected_g: int
    tolerance_g: int
    agrees: bool


@dataclass(frozen=True, slots=True)
class ParcelLabelled(Event):
    name: ClassVar[str] = "packing.parcel_labelled.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    hu_id: int
    weight_g: int
    carrier: str
    of: int
    """Parcels of the order."""
    tracking: str = ""
    """The carrier's number on its label; empty: the house's own label."""


@dataclass(frozen=True, slots=True)
class LabelWanted(Event):
    """A weighed parcel needs the label of its order's service. mm and g as packed; `contents`: SKU id to pieces."""

    name: ClassVar[str] = "packing.label_wanted.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    contents: dict[str, int]
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class LabelDropped(Event):
    """The label for this number will not be used: cancelled, readdressed, or nobody knows whether it was printed."""

    name: ClassVar[str] = "packing.label_dropped.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    reason: str


@dataclass(frozen=True, slots=True)
class CartEmptied(Event):
    """All totes of a cart are empty and free: it may go back to the pickers."""

    name: ClassVar[str] = "packing.cart_emptied.v1"
    stream: ClassVar[str] = "cart_id"
    cart_id: int
    place_id: int

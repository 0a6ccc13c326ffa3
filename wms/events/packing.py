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


@dataclass(frozen=True, slots=True)
class CartEmptied(Event):
    """All totes of a cart are empty and free: it may go back to the pickers."""

    name: ClassVar[str] = "packing.cart_emptied.v1"
    stream: ClassVar[str] = "cart_id"
    cart_id: int
    place_id: int

"""Facts of parcels under way."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ParcelDelivered(Event):
    """The customer has it. `days` from departure to delivery; service windows are learned from it."""

    name: ClassVar[str] = "tracking.parcel_delivered.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    service: str
    country: str
    days: float


@dataclass(frozen=True, slots=True)
class ScansRead(Event):
    """What a carrier told of a parcel when it was asked, where it told anything new. `scans`: [{at, code, place, text}]."""

    name: ClassVar[str] = "tracking.scans_read.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    account: str
    tracking: str
    scans: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ParcelMoved(Event):
    """A parcel was seen again, or its way has ended: what asked after it is over. `milestone`: where it stands now."""

    name: ClassVar[str] = "tracking.parcel_moved.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    milestone: str


@dataclass(frozen=True, slots=True)
class CustomsHeld(Event):
    """The carrier says that customs holds a parcel."""

    name: ClassVar[str] = "tracking.customs_held.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID
    ref: str
    sscc: str
    tracking: str
    asks: str


@dataclass(frozen=True, slots=True)
class CustomsPassed(Event):
    """The carrier says that customs let a held parcel go."""

    name: ClassVar[str] = "tracking.customs_passed.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID


@dataclass(frozen=True, slots=True)
class BagScanned(Event):
    """Every parcel of a bag, or of a manifest's loose parcels, was scanned by its carrier at last."""

    name: ClassVar[str] = "tracking.bag_scanned.v1"
    stream: ClassVar[str] = "manifest_id"
    manifest_id: UUID
    bag: str


@dataclass(frozen=True, slots=True)
class ClaimSettled(Event):
    """A loss claim has ended: paid, or dropped because the parcel was found."""

    name: ClassVar[str] = "tracking.claim_settled.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    claim_id: UUID
    state: str

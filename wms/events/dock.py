"""Facts of the dock."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ContainerSealed(Event):
    """A bag or pallet is closed and weighed."""

    name: ClassVar[str] = "dock.container_sealed.v1"
    stream: ClassVar[str] = "container_id"
    container_id: UUID
    kind: str
    code: str
    carrier: str
    service: str
    seal: str
    parcels: int
    weight_g: int


@dataclass(frozen=True, slots=True)
class ParcelDeparted(Event):
    """A parcel left the building on its carrier's truck."""

    name: ClassVar[str] = "dock.parcel_departed.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    tracking: str
    carrier: str
    service: str
    country: str
    weight_g: int
    manifest_id: UUID
    bag: str = ""
    """Code of the bag or pallet that it lies in; empty: loose."""
    seal: str = ""
    """Of the bag, else of the truck."""


@dataclass(frozen=True, slots=True)
class ManifestClosed(Event):
    """The carrier's truck left with these parcels."""

    name: ClassVar[str] = "dock.manifest_closed.v1"
    stream: ClassVar[str] = "manifest_id"
    manifest_id: UUID
    carrier: str
    parcels: int

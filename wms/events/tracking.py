"""Facts of parcels under way."""

from dataclasses import dataclass
from typing import ClassVar
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

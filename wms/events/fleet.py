"""Facts of transports."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class UnitDelivered(Event):
    """A handling unit arrived with its content. `purpose` is what the asker gave."""

    name: ClassVar[str] = "fleet.unit_delivered.v1"
    stream: ClassVar[str] = "hu_id"
    hu_id: int
    place_id: int
    purpose: str

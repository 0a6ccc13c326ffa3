"""Facts of the dock."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ManifestClosed(Event):
    """The carrier's truck left with these parcels."""

    name: ClassVar[str] = "dock.manifest_closed.v1"
    stream: ClassVar[str] = "manifest_id"
    manifest_id: UUID
    carrier: str
    parcels: int

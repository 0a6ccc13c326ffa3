"""Facts of the put wall."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ToteConsolidated(Event):
    """A share is in its order's slot; the tote is empty. `complete`: nothing of the order is missing any more."""

    name: ClassVar[str] = "put_wall.tote_consolidated.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    tote: str
    slot: str
    in_place_id: int
    """What the tote stands in: its cart."""
    complete: bool

"""Facts of waves."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class WaveRequested(Event):
    """These orders are to be planned and released in this wave; durable, so it survives a crash of the planner."""

    name: ClassVar[str] = "order_release.wave_requested.v1"
    stream: ClassVar[str] = "wave_id"
    wave_id: UUID
    order_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class WaveReleased(Event):
    """Stock is reserved and cartons are chosen for these orders: pick them."""

    name: ClassVar[str] = "order_release.wave_released.v1"
    stream: ClassVar[str] = "wave_id"
    wave_id: UUID
    order_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class OrderWithdrawn(Event):
    """Taken out of its wave: work not started is cancelled, what was picked is put back. `then`: accepted or backordered."""

    name: ClassVar[str] = "order_release.order_withdrawn.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID
    then: str
    reason: str
    wave_id: UUID | None = None
    """The wave that it left: what a later wave began is not touched."""

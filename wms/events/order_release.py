"""Facts of waves."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class FloorHasRoom(Event):
    """This channel may release up to so many orders: choose them."""

    name: ClassVar[str] = "order_release.floor_has_room.v1"
    stream: ClassVar[str] = "channel_id"
    channel_id: int
    orders_max: int


@dataclass(frozen=True, slots=True)
class WaveRequested(Event):
    """These orders are to be planned in this wave; durable, so it survives a crash of the planner."""

    name: ClassVar[str] = "order_release.wave_requested.v1"
    stream: ClassVar[str] = "wave_id"
    wave_id: UUID
    order_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class WaveConfirmed(Event):
    """This part of the wave's plan stands: reserve its stock and release it. Whole tours."""

    name: ClassVar[str] = "order_release.wave_confirmed.v1"
    stream: ClassVar[str] = "wave_id"
    wave_id: UUID
    order_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class WaveReleased(Event):
    """Stock is reserved and cartons are chosen for these orders: pick them, those of one tour on one cart."""

    name: ClassVar[str] = "order_release.wave_released.v2"
    stream: ClassVar[str] = "wave_id"
    wave_id: UUID
    tours: list[list[UUID]]
    singles: bool = False
    """Single-unit orders: their pieces are picked together, and matched with the orders at the bench."""
    zones: list[str] = field(default_factory=list)
    """By zone: of each tour, the zone whose share of its orders it picks. Empty: every tour picks its orders whole."""


@dataclass(frozen=True, slots=True)
class VisitsReleased(Event):
    """Stock in pods is reserved for these orders: bring the pods to a station."""

    name: ClassVar[str] = "order_release.visits_released.v1"
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

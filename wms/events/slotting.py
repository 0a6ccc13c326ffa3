"""Facts of putaway, of classes and of moves."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class GoodsPutAway(Event):
    """Pieces of one SKU lie in a location and may be picked from there if their status allows."""

    name: ClassVar[str] = "slotting.goods_put_away.v1"
    stream: ClassVar[str] = "sku_id"
    sku_id: int
    place_id: int
    hu_id: int
    qty_each: int
    status: str
    directed: bool
    """False: the person chose another location, for a reason."""


@dataclass(frozen=True, slots=True)
class UnitEmptied(Event):
    """The last piece was put away from a handling unit. A tote is free again, anything else is closed."""

    name: ClassVar[str] = "slotting.unit_emptied.v1"
    stream: ClassVar[str] = "hu_id"
    hu_id: int
    code: str
    kind: str
    in_place_id: int
    """Where it stands: a location, or the cart that it is on."""


@dataclass(frozen=True, slots=True)
class VelocityClassified(Event):
    """ABC classes by pick lines were set anew."""

    name: ClassVar[str] = "slotting.velocity_classified.v1"
    stream: ClassVar[str] = "window_days"
    window_days: int
    lines: int
    changed: int


@dataclass(frozen=True, slots=True)
class SlotsRequested(Event):
    """Moves are to be proposed; durable, so it survives a crash of the planner."""

    name: ClassVar[str] = "slotting.slots_requested.v1"
    stream: ClassVar[str] = "proposal_id"
    proposal_id: UUID


@dataclass(frozen=True, slots=True)
class GoodsMoved(Event):
    """Pieces of one SKU were moved from one storage location to another to shorten walks."""

    name: ClassVar[str] = "slotting.goods_moved.v1"
    stream: ClassVar[str] = "sku_id"
    sku_id: int
    from_place_id: int
    to_place_id: int
    qty_each: int
    status: str

"""Facts of counting."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class CountPlanned(Event):
    """The day's counts were opened or topped up."""

    name: ClassVar[str] = "counting.count_planned.v1"
    stream: ClassVar[str] = "plan_id"
    plan_id: UUID
    opened: int
    positions: int


@dataclass(frozen=True, slots=True)
class PositionCounted(Event):
    """One count of one position. `outcome`: agreed, recount or variance."""

    name: ClassVar[str] = "counting.position_counted.v1"
    stream: ClassVar[str] = "place_id"
    task_id: UUID
    place_id: int
    sku_id: int
    round: int
    counted_each: int
    book_each: int
    outcome: str


@dataclass(frozen=True, slots=True)
class VarianceFound(Event):
    """A difference that a recount confirmed; finance decides."""

    name: ClassVar[str] = "counting.variance_found.v1"
    stream: ClassVar[str] = "variance_id"
    variance_id: UUID
    place_id: int
    sku_id: int
    delta_each: int
    value_delta_cents: int


@dataclass(frozen=True, slots=True)
class VarianceDecided(Event):
    """`state`: approved, automatic or rejected. Approved and automatic ones are posted."""

    name: ClassVar[str] = "counting.variance_decided.v1"
    stream: ClassVar[str] = "variance_id"
    variance_id: UUID
    state: str
    delta_each: int
    decided_by: str
    reason: str

"""Facts of the carton assortment."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ProposalRequested(Event):
    """`locked`: codes of cartons that stay; `billed`: chosen for billed weight instead of room; `inch`: outer sides in inches."""

    name: ClassVar[str] = "assortment.proposal_requested.v1"
    stream: ClassVar[str] = "proposal_id"
    proposal_id: UUID
    sizes: int
    days: int
    locked: list[str]
    billed: bool
    inch: bool
    wall_mm: int


@dataclass(frozen=True, slots=True)
class ProposalAccepted(Event):
    """Cartons were created and retired."""

    name: ClassVar[str] = "assortment.proposal_accepted.v1"
    stream: ClassVar[str] = "proposal_id"
    proposal_id: UUID
    created: list[str]
    retired: list[str]

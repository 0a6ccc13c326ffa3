"""Facts of customs."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class RulesChanged(Event):
    """A table or filings came in: orders held for want of them are judged again."""

    name: ClassVar[str] = "customs.rules_changed.v1"
    stream: ClassVar[str] = "what"
    what: str


@dataclass(frozen=True, slots=True)
class JudgementDue(Event):
    """Something that an order is judged by has changed."""

    name: ClassVar[str] = "customs.judgement_due.v1"
    stream: ClassVar[str] = "order_id"
    order_id: UUID


@dataclass(frozen=True, slots=True)
class DeclarationHeld(Event):
    """Customs holds a declared parcel and asks for papers."""

    name: ClassVar[str] = "customs.declaration_held.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID
    asks: str


@dataclass(frozen=True, slots=True)
class PapersAnswered(Event):
    """The papers that customs asked for were sent."""

    name: ClassVar[str] = "customs.papers_answered.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID


@dataclass(frozen=True, slots=True)
class DeclarationReleased(Event):
    """Customs let a declared parcel go."""

    name: ClassVar[str] = "customs.declaration_released.v1"
    stream: ClassVar[str] = "order_id"
    parcel_id: UUID
    order_id: UUID

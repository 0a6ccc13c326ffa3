"""Something went wrong that a person must answer. Any process may tell; incidents keeps the clock."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class IncidentDetected(Event):
    """`kind`: stable code such as pack.weight_off; `key`: the same open incident is not raised twice."""

    name: ClassVar[str] = "incidents.incident_detected.v1"
    stream: ClassVar[str] = "key"
    kind: str
    key: str
    subject: str
    detail: dict[str, Any]
    owner: str = "supervisor"
    due_h: float = 2.0


@dataclass(frozen=True, slots=True)
class IncidentEscalated(Event):
    """Its clock ran out."""

    name: ClassVar[str] = "incidents.incident_escalated.v1"
    stream: ClassVar[str] = "incident_id"
    incident_id: UUID
    level: int
    owner: str

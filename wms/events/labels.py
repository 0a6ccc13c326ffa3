"""What became of labels."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class LabelPrinted(Event):
    """The printer's counters say that it left the buffer."""

    name: ClassVar[str] = "labels.label_printed.v1"
    stream: ClassVar[str] = "ref"
    job_id: UUID
    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class LabelFailed(Event):
    """`outcome` failed: nothing came out; unknown: it may have, so this serial is void; expired: nobody was there."""

    name: ClassVar[str] = "labels.label_failed.v1"
    stream: ClassVar[str] = "ref"
    job_id: UUID
    kind: str
    ref: str
    outcome: str
    code: str

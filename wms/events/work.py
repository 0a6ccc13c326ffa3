"""Facts of work that people hold."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class WorkReleased(Event):
    """What somebody held of a kind is open to all again: handed over, or taken back by a lead (the event's actor)."""

    name: ClassVar[str] = "work.released.v1"
    stream: ClassVar[str] = "holder"
    holder: str
    kind: str
    tasks: int

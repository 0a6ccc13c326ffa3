"""Facts of the control points. Going out of limit is told as an IncidentDetected of kind `control.<id>`."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ControlRecovered(Event):
    """A control point that was out is within its limit again."""

    name: ClassVar[str] = "controls.recovered.v1"
    stream: ClassVar[str] = "control"
    control: str
    value: float

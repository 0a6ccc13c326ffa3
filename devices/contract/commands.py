"""What the WES asks of devices. A command expires: the gateway answers `expired` and never executes it late."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    """UUIDv7 made by the WES; the gateway remembers answered ids and re-sends the stored answer on a repeat."""
    device: str
    kind: str
    expires_at: datetime
    data: dict[str, Any]


PRINT = "print"
"""data: {"job_id": str, "content": str (ZPL), "labels": int}. done = the printer's counters say it left the buffer."""

WEIGH = "weigh"
"""data: {}. done + a `weight_measured` report carrying command_id; failed scale.timeout/overload/underload."""

ZERO = "zero"
"""data: {}."""

MEASURE = "measure"
"""data: {}. The next object's `parcel_measured` report carries command_id."""

TRANSPORT = "transport"
"""data: {"order_id": str, "stops": [{"node": str, "x_mm": int, "y_mm": int, "action": None|"pick"|"drop", "load": str}],
"edges": optional}. Every node of the path in driving order; the vehicle must stand at or near the first.
done = all nodes and actions finished; failed with the vehicle's error code."""

CANCEL_TRANSPORT = "cancel_transport"
"""data: {"order_id": str}."""

KINDS = frozenset({PRINT, WEIGH, ZERO, MEASURE, TRANSPORT, CANCEL_TRANSPORT})

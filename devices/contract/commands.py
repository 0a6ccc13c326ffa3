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
"""data: {"job_id": str, "content": str, "labels": int, "language": "zpl"|"tspl", "encoding": "text"|"deflate" (base64 of
zlib)}. done = the printer itself says that it left the buffer."""

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

PAUSE, RESUME = "pause", "resume"
"""data: {}. The vehicle stops where it is and keeps its order, or drives on; done = it says so itself."""

CALIBRATE_CHECK = "calibrate_check"
"""data: {"reference_g": int, "tolerance_g": int}. A known weight is laid on: done within the tolerance, else failed
scale.out_of_tolerance; both with data {"measured_g", "reference_g", "deviation_g", "tolerance_g", "interval_g" (of the scale)}."""

DIVERT = "divert"
"""data: {"sequence": int (of its `parcel_inducted` report), "lane": int, "parcel": str}. done = the sorter took the
decision in time; where the parcel really went comes as `parcel_sorted`. failed plc.late: it goes to the default lane."""

LIGHT = "light"
"""data: {"position": str, "qty": int, "colour": str}. done = the light shows it; `light_confirmed` carries command_id."""

LIGHT_OFF = "light_off"
"""data: {"position": str}. done = dark; an outstanding confirmation of that position comes no more."""

KINDS = frozenset(
    {PRINT, PAUSE, RESUME, WEIGH, ZERO, MEASURE, TRANSPORT, CANCEL_TRANSPORT, CALIBRATE_CHECK, DIVERT, LIGHT, LIGHT_OFF}
)

"""Facts of device checks."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class DeviceChecked(Event):
    """A check piece was measured. `state`: passed, failed, or void when it proved nothing."""

    name: ClassVar[str] = "calibration.device_checked.v1"
    stream: ClassVar[str] = "device"
    device: str
    measure: str
    state: str

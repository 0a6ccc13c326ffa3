"""Facts from the floor, as the WES understands them. Made by entrypoints/mqtt from the devices' reports."""

from dataclasses import dataclass
from typing import Any, ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class WeightMeasured(Event):
    name: ClassVar[str] = "devices.weight_measured.v1"
    stream: ClassVar[str] = "device"
    device: str
    weight_g: int
    interval_g: int


@dataclass(frozen=True, slots=True)
class ParcelMeasured(Event):
    name: ClassVar[str] = "devices.parcel_measured.v1"
    stream: ClassVar[str] = "device"
    device: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    barcode: str
    flags: list[str]


@dataclass(frozen=True, slots=True)
class GateSessionClosed(Event):
    """One passage: `epcs` passed (hex), the others are kept as evidence."""

    name: ClassVar[str] = "devices.gate_session_closed.v1"
    stream: ClassVar[str] = "device"
    device: str
    session_id: str
    opened_at: str
    closed_at: str
    direction: str
    epcs: list[str]
    uris: list[str]
    """GS1 identity of each passed EPC, same order, empty when not GS1."""
    stray: list[str]
    unknown: list[str]
    overflow: bool


@dataclass(frozen=True, slots=True)
class VehicleReported(Event):
    name: ClassVar[str] = "devices.vehicle_reported.v1"
    stream: ClassVar[str] = "device"
    device: str
    x_mm: int
    y_mm: int
    theta_mrad: int
    battery_pct: int
    driving: bool
    mode: str
    connection: str
    last_node: str
    order_id: str
    errors: list[str]
    e_stop: str
    loads: list[str]


@dataclass(frozen=True, slots=True)
class DeviceStateChanged(Event):
    name: ClassVar[str] = "devices.state_changed.v1"
    stream: ClassVar[str] = "device"
    device: str
    gateway: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class CommandAnswered(Event):
    """The answer to a device command; `ref` is what asked: `<process>.<purpose>:<id>`."""

    name: ClassVar[str] = "devices.command_answered.v1"
    stream: ClassVar[str] = "ref"
    command_id: str
    device: str
    kind: str
    ref: str
    outcome: str
    code: str
    detail: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessageParked(Event):
    """A message nobody could read: kept whole as a dead letter."""

    name: ClassVar[str] = "devices.message_parked.v1"
    stream: ClassVar[str] = "origin"
    origin: str
    reason: str
    dead_letter_id: str

"""Facts from the floor, as the WES understands them. Made by entrypoints/mqtt from the devices' reports."""

from dataclasses import dataclass, field
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
    command_id: str = ""
    """Of the command that asked for it; empty: the device told by itself."""


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
    """Of the next door: not ours."""
    unknown: list[str]
    overflow: bool
    resident: list[str] = field(default_factory=list)
    """Live at the gate: forklift, pallet jack."""


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
class DeviceQuarantined(Event):
    """It told what cannot be true and is not listened to until a person lets it back."""

    name: ClassVar[str] = "devices.quarantined.v1"
    stream: ClassVar[str] = "device"
    device: str
    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConfigurationChecked(Event):
    """Its settings were compared with its configuration; no differences: as configured."""

    name: ClassVar[str] = "devices.configuration_checked.v1"
    stream: ClassVar[str] = "device"
    device: str
    profile: str
    sha256: str
    differences: list[str]


@dataclass(frozen=True, slots=True)
class ConveyorAlarmed(Event):
    """A condition of a conveyor or sorter came (`active`) or went."""

    name: ClassVar[str] = "devices.conveyor_alarmed.v1"
    stream: ClassVar[str] = "device"
    device: str
    zone: str
    code: str
    active: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ZonePassed(Event):
    name: ClassVar[str] = "devices.zone_passed.v1"
    stream: ClassVar[str] = "device"
    device: str
    zone: str
    arrived: int
    departed: int


@dataclass(frozen=True, slots=True)
class ParcelInducted(Event):
    """A parcel passed the scanner before a sorter."""

    name: ClassVar[str] = "devices.parcel_inducted.v1"
    stream: ClassVar[str] = "device"
    device: str
    sequence: int
    barcode: str
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class ParcelSorted(Event):
    """Where a parcel really went, and why."""

    name: ClassVar[str] = "devices.parcel_sorted.v1"
    stream: ClassVar[str] = "device"
    device: str
    sequence: int
    lane: int
    result: str
    barcode: str


@dataclass(frozen=True, slots=True)
class LightConfirmed(Event):
    name: ClassVar[str] = "devices.light_confirmed.v1"
    stream: ClassVar[str] = "device"
    device: str
    position: str
    qty: int
    short: bool


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

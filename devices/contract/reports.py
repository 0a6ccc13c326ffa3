"""What devices tell the WES. Each report is a frozen dataclass with a `kind`; on the wire its fields are `data`.

Integers throughout: grams, millimetres, microseconds never floats. Times are ISO 8601 UTC strings made by the gateway.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar


class BadReport(ValueError):
    """The payload is not a report of the contract; it is parked, never guessed."""


@dataclass(frozen=True, slots=True)
class Report:
    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class WeightMeasured(Report):
    """A stable, in-range, fresh weight taken after the last load was removed."""

    kind: ClassVar[str] = "weight_measured"
    weight_g: int
    interval_g: int = 1
    """Scale interval e, the smallest difference the scale may show."""
    command_id: str | None = None
    """The `weigh` command that asked for it, None for an unasked capture."""


@dataclass(frozen=True, slots=True)
class ParcelMeasured(Report):
    """One DWS result: dimensions, weight and barcode of one object; `flags` empty when all of it may be used."""

    kind: ClassVar[str] = "parcel_measured"
    sequence: int
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    barcode: str = ""
    flags: tuple[str, ...] = ()
    """Any of: no_read, multi_read, dim_invalid, weight_unstable, overload, multiple_objects, not_legal_for_trade."""
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class TagSeen:
    """One EPC within one gate session."""

    epc: str
    """Upper-case hex of the EPC bank."""
    uri: str | None
    """GS1 pure identity URI (urn:epc:id:sgtin:...), None where the EPC is not GS1."""
    reads: int
    antenna: int
    """Antenna of the strongest read."""
    rssi_dbm: int
    first_seen: str
    last_seen: str


@dataclass(frozen=True, slots=True)
class GateSessionClosed(Report):
    """Everything a gate saw while its light barrier was broken; `tags` passed, `rejected` are kept as evidence."""

    kind: ClassVar[str] = "gate_session_closed"
    session_id: str
    opened_at: str
    closed_at: str
    direction: str
    """in, out or unknown, by antenna order."""
    tags: tuple[TagSeen, ...]
    stray: tuple[TagSeen, ...] = ()
    """Weak and few reads: the next door's goods."""
    unknown: tuple[TagSeen, ...] = ()
    """Not a GS1 EPC."""
    resident: tuple[TagSeen, ...] = ()
    """Tags that live at the gate: forklift, rack."""
    overflow: bool = False
    """The reader lost reads: the session must be counted by hand."""


@dataclass(frozen=True, slots=True)
class VehicleReported(Report):
    """Digest of a vehicle's state, sent on change, at most once a second, and of a standing vehicle every 30 s or so."""

    kind: ClassVar[str] = "vehicle_reported"
    x_mm: int
    y_mm: int
    theta_mrad: int
    battery_pct: int
    driving: bool
    mode: str
    """AUTOMATIC, SEMIAUTOMATIC, MANUAL, SERVICE or TEACHIN."""
    connection: str
    """ONLINE, OFFLINE or CONNECTIONBROKEN."""
    last_node: str = ""
    order_id: str = ""
    errors: tuple[str, ...] = ()
    e_stop: str = "NONE"
    loads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZonePassed(Report):
    """Loads counted at one conveyor zone since the last report; from counters, so none is missed between two polls."""

    kind: ClassVar[str] = "zone_passed"
    zone: str
    arrived: int
    departed: int


@dataclass(frozen=True, slots=True)
class ConveyorAlarm(Report):
    """A conveyor or sorter condition came (`active`) or went: jam, e_stop, stopped, lane_full, counter_reset."""

    kind: ClassVar[str] = "conveyor_alarm"
    zone: str
    """Zone or lane, empty for the whole machine."""
    code: str
    active: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ParcelInducted(Report):
    """A parcel passed the scanner before the sorter; its decision is due within `deadline_ms`."""

    kind: ClassVar[str] = "parcel_inducted"
    sequence: int
    barcode: str
    """Empty: nothing was read."""
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class ParcelSorted(Report):
    """Where a parcel really went, and why."""

    kind: ClassVar[str] = "parcel_sorted"
    sequence: int
    lane: int
    result: str
    """diverted, late, no_decision, lane_full, lost or no_master; all but the first took the default lane."""
    barcode: str = ""


@dataclass(frozen=True, slots=True)
class LightConfirmed(Report):
    """An operator pressed a lit position; `qty` is what was confirmed, less than asked when counted down."""

    kind: ClassVar[str] = "light_confirmed"
    position: str
    qty: int
    short: bool = False
    """The shortage button."""
    command_id: str | None = None
    """The `light` command it answers, None for a position that nobody lit."""


@dataclass(frozen=True, slots=True)
class DeviceQuarantined(Report):
    """A device told something that cannot be true; it is not listened to until a person lets it back."""

    kind: ClassVar[str] = "device_quarantined"
    reason: str
    """wrong_identity, replayed_sequence or future_time."""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceStateChanged(Report):
    """A device came or went, logged once per transition."""

    kind: ClassVar[str] = "device_state_changed"
    state: str
    """online, offline, fault or refused."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationChecked(Report):
    """What a device says of its settings against what it is meant to have; told when it changes."""

    kind: ClassVar[str] = "configuration_checked"
    profile: str
    """Id of the configuration, such as scale.mettler_toledo_ind570.packing_bench."""
    sha256: str
    """Of its render."""
    differences: tuple[str, ...] = ()
    """Empty: as configured."""


@dataclass(frozen=True, slots=True)
class CommandResult(Report):
    """The one answer to a command."""

    kind: ClassVar[str] = "command_result"
    command_id: str
    outcome: str
    """done; failed (nothing happened); unknown (it may have happened: never repeat blindly); expired; refused."""
    code: str = ""
    """Stable reason, e.g. printer.paper_out, scale.timeout, gateway.unknown_device."""
    detail: str = ""
    data: dict[str, Any] = field(default_factory=dict)


REPORTS: dict[str, type[Report]] = {
    r.kind: r
    for r in (
        WeightMeasured,
        ParcelMeasured,
        GateSessionClosed,
        VehicleReported,
        ZonePassed,
        ConveyorAlarm,
        ParcelInducted,
        ParcelSorted,
        LightConfirmed,
        DeviceQuarantined,
        DeviceStateChanged,
        ConfigurationChecked,
        CommandResult,
    )
}


def to_data(report: Report) -> dict[str, Any]:
    """JSON-ready fields of a report."""
    return asdict(report)


def from_data(kind: str, data: dict[str, Any]) -> Report:
    """Rebuild a report. Errors: BadReport for an unknown kind, a missing, unknown or mistyped field."""
    cls = REPORTS.get(kind)
    if cls is None:
        raise BadReport(f"unknown report kind {kind!r}")
    known = {f.name: f for f in fields(cls)}
    if unknown := set(data) - set(known):
        raise BadReport(f"{kind}: unknown fields {sorted(unknown)}")
    values = {name: _typed(kind, name, str(known[name].type), value) for name, value in data.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise BadReport(f"{kind}: {error}") from None


def _typed(kind: str, name: str, declared: str, value: Any) -> Any:
    if "TagSeen" in declared:
        if not isinstance(value, list | tuple):
            raise BadReport(f"{kind}.{name}: expected a list of tags")
        try:
            return tuple(TagSeen(**tag) for tag in value)
        except TypeError as error:
            raise BadReport(f"{kind}.{name}: {error}") from None
    if "tuple[str" in declared:
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise BadReport(f"{kind}.{name}: expected a list of strings")
        return tuple(value)
    simple = declared.replace("<class '", "").replace("'>", "").split(" | ")[0].split("[")[0]
    expected = {"int": int, "str": str, "bool": bool, "dict": dict}.get(simple)
    if value is None and "None" in declared:
        return None
    if expected and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
        raise BadReport(f"{kind}.{name}: expected {simple}, got {type(value).__name__}")
    return value

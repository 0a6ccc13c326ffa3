"""Registers of sorters (our own map) and ConveyLinx zone controllers <-> values. Pure.

Source: docs/protocols/plc.md, sorter.yaml; Pulseroller ConveyLinx Ai2 user's guide 2.0/2.1, ERSC guide 2 and PLC
developer's guide 1 (manula.com): local zone status, arrival/departure counts, port inputs and ConveyStop status.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from devices.transports import registers
from devices.transports.registers import BadRegisters, Value

SORTER = registers.load("devices.drivers.plc", "sorter.yaml")
STATUS = SORTER.block("map_version", "event_number_tail")
"""(address, count) read each cycle."""
COMMAND = SORTER.block("cmd_parcel", "cmd_number")
MASTER = SORTER.block("event_ack", "master_heartbeat")

MODES = {0: "stopped", 1: "automatic", 2: "manual", 3: "fault", 4: "no_master"}
AUTOMATIC = 1
ANSWERS = {
    1: "",
    2: "plc.late",
    3: "plc.unknown_lane",
    4: "plc.lane_full",
    5: "plc.not_automatic",
    6: "plc.unknown_parcel",
}
"""ack_result -> code of the failed command."""
INDUCTED, SORTED = 1, 2
RESULTS = {1: "diverted", 2: "late", 3: "no_decision", 4: "lane_full", 5: "lost", 6: "no_master"}


class PlcError(ValueError):
    """The registers cannot hold what the map says. The only error this module raises."""


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    kind: int
    parcel: int
    lane: int
    result: str
    deadline_ms: int
    barcode: str


@dataclass(frozen=True, slots=True)
class SorterStatus:
    map_version: int
    map_crc: int
    boot_count: int
    heartbeat: int
    mode: int
    e_stop: int
    jam: int
    lane_full: int
    lanes: int
    default_lane: int
    ack_number: int
    ack_result: int
    events_lost: int
    event: Event | None
    """None: nothing yet, or torn (the PLC was writing it)."""

    @property
    def ready(self) -> bool:
        return self.mode == AUTOMATIC and not self.e_stop


def decode_sorter(values: Sequence[int]) -> SorterStatus:
    """Errors: PlcError."""
    try:
        raw = SORTER.decode("map_version", "event_number_tail", values)
    except BadRegisters as error:
        raise PlcError(str(error)) from None
    n = {name: value for name, value in raw.items() if isinstance(value, int)}
    event = None
    if n["event_number"] and n["event_number"] == n["event_number_tail"]:
        if n["event_kind"] not in (INDUCTED, SORTED):
            raise PlcError(f"event kind {n['event_kind']}")
        if n["event_kind"] == SORTED and n["event_result"] not in RESULTS:
            raise PlcError(f"event result {n['event_result']}")
        event = Event(
            n["event_number"],
            n["event_kind"],
            n["event_parcel"],
            n["event_lane"],
            RESULTS.get(n["event_result"], ""),
            n["event_deadline_ms"],
            str(raw["event_barcode"]),
        )
    return SorterStatus(
        n["map_version"],
        n["map_crc"],
        n["boot_count"],
        n["plc_heartbeat"],
        n["mode"],
        n["e_stop"],
        n["jam"],
        n["lane_full"],
        n["lanes"],
        n["default_lane"],
        n["ack_number"],
        n["ack_result"],
        n["events_lost"],
        event,
    )


def encode_decision(parcel: int, lane: int, reference: str, number: int) -> list[int]:
    """One write, its number in the last register. Errors: PlcError."""
    values: dict[str, Value] = {
        "cmd_parcel": parcel,
        "cmd_lane": lane,
        "cmd_reference": reference[:32],
        "cmd_number": number,
    }
    try:
        return SORTER.encode("cmd_parcel", "cmd_number", values)
    except BadRegisters as error:
        raise PlcError(str(error)) from None


def bits(word: int) -> set[int]:
    """1-based numbers of the bits that are set."""
    return {bit + 1 for bit in range(16) if word >> bit & 1}


def behind(number: int, last: int) -> bool:
    """Whether a rolling 16-bit number lies before the last one seen."""
    return (last - number) & 0xFFFF in range(1, 0x8000)


# ConveyLinx. An assembly answers only when it is read from its first register, at most 45 at once.

ZPA = (1500, 21)
"""ZPA input assembly 4:1500-4:1520."""
PLC_IO = (1700, 2)
"""ERSC: ConveyStop status 4:1700, port inputs with the heartbeat 4:1701."""
ZONE_STATUS = {1: "clear", 2: "accepting", 3: "accepting", 4: "discharging", 5: "blocked", 6: "busy"}
STOP_CAUSES = {
    5: "stop_group",
    6: "lost_communication",
    7: "lost_plc",
    8: "left_port",
    9: "right_port",
    10: "plc_command",
}
"""Bit of the ConveyStop status word."""


@dataclass(frozen=True, slots=True)
class ZoneState:
    status: str
    """clear, accepting, discharging, blocked, busy, or empty for a value no manual knows."""
    arrivals: int
    """Rolls over at 65535."""
    departures: int


@dataclass(frozen=True, slots=True)
class ModuleState:
    upstream: ZoneState
    downstream: ZoneState
    beat: bool
    """2 s on, 2 s off."""
    stops: tuple[str, ...]


def decode_module(zpa: Sequence[int], plc_io: Sequence[int] | None = None) -> ModuleState:
    """`plc_io` only for an ERSC; an Ai2 carries heartbeat and stop causes in its ZPA assembly. Errors: PlcError."""
    for block, (_, count) in ((zpa, ZPA), (plc_io, PLC_IO)):
        if block is not None and (len(block) != count or not all(0 <= value <= 0xFFFF for value in block)):
            raise PlcError(f"expected {count} registers of 16 bits, got {len(block)}")
    stop, ports = (zpa[20], zpa[18]) if plc_io is None else (plc_io[0], plc_io[1])
    return ModuleState(
        ZoneState(ZONE_STATUS.get(zpa[0] & 0xFF, ""), zpa[2], zpa[3]),
        ZoneState(ZONE_STATUS.get(zpa[1] & 0xFF, ""), zpa[4], zpa[5]),
        beat=bool(ports >> 15),
        stops=tuple(name for bit, name in STOP_CAUSES.items() if stop >> bit & 1),
    )


def counted(now: int, last: int, most: int) -> int | None:
    """Loads between two readings of a rolling counter; None where more than `most` could pass: it was reset."""
    passed = (now - last) & 0xFFFF
    return passed if passed <= most else None

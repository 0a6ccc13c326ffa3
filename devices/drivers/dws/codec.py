"""Registers <-> values of the DWS map, version 1. Pure; the map itself is firmware_configs/dws, equal by test.

Source: docs/protocols/dws.md. No standard covers DWS results, so the map is ours and carries its version and CRC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAP_VERSION = 1


class DwsError(ValueError):
    """The registers cannot hold what the map says. The only error this module raises."""


class TornRead(DwsError):
    """Head and tail sequence differ: the device was writing while we read. Read again."""


class Register(NamedTuple):
    name: str
    address: int
    """0-based holding register."""
    type: str
    """u16, u32 (high word first) or ascii (two characters a register, high byte first, NUL padded)."""
    words: int
    access: str
    """r or rw, from the master's side."""


REGISTERS = (
    Register("map_version", 0, "u16", 1, "r"),
    Register("map_crc", 1, "u16", 1, "r"),
    Register("heartbeat", 2, "u16", 1, "r"),
    Register("device_status", 3, "u16", 1, "r"),
    Register("result_sequence", 4, "u16", 1, "r"),
    Register("result_valid", 5, "u16", 1, "r"),
    Register("result_status", 6, "u16", 1, "r"),
    Register("length_mm", 7, "u16", 1, "r"),
    Register("width_mm", 8, "u16", 1, "r"),
    Register("height_mm", 9, "u16", 1, "r"),
    Register("weight_g", 10, "u32", 2, "r"),
    Register("barcode", 12, "ascii", 32, "r"),
    Register("result_sequence_tail", 44, "u16", 1, "r"),
    Register("ack_sequence", 50, "u16", 1, "rw"),
    Register("master_heartbeat", 51, "u16", 1, "rw"),
)
BY_NAME = {register.name: register for register in REGISTERS}

HEAD = (BY_NAME["map_version"].address, 6)
"""(first register, count) of the block that is polled: identity, heartbeat, sequence, valid."""
RESULT = (BY_NAME["result_sequence"].address, 41)
"""(first register, count) of one whole result, head to tail sequence."""

STATUS_FLAGS = (
    "no_read",
    "multi_read",
    "dim_invalid",
    "weight_unstable",
    "overload",
    "multiple_objects",
    "not_legal_for_trade",
)
"""Bits 0.. of result_status."""

DEVICE_FAULTS = {1: "dws.fault", 2: "dws.e_stop"}
"""Bit of device_status -> alarm; bit 0 is `ready`."""


@dataclass(frozen=True, slots=True)
class Head:
    map_version: int
    map_crc: int
    heartbeat: int
    device_status: int
    sequence: int
    """0 = no result since power-up; 65535 is followed by 1."""
    valid: bool

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(name for bit, name in DEVICE_FAULTS.items() if self.device_status >> bit & 1)


@dataclass(frozen=True, slots=True)
class Result:
    sequence: int
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    barcode: str
    flags: tuple[str, ...]


def map_crc(registers: Sequence[Register] = REGISTERS) -> int:
    """CRC-16/MODBUS of the map's canonical text, so that both ends notice a moved register."""
    text = "".join(f"{r.name} {r.address} {r.type} {r.words} {r.access}\n" for r in registers)
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def decode_head(registers: Sequence[int]) -> Head:
    """Errors: DwsError."""
    _check(registers, HEAD[1])
    version, crc, heartbeat, status, sequence, valid = registers
    return Head(version, crc, heartbeat, status, sequence, valid == 1)


def decode_result(registers: Sequence[int]) -> Result:
    """One result. A missing dimension or an unreadable barcode becomes its flag. Errors: TornRead, DwsError."""
    _check(registers, RESULT[1])
    sequence, valid, status = registers[:3]
    if sequence != registers[-1] or valid != 1:
        raise TornRead(f"sequence {sequence} at the head, {registers[-1]} at the tail, valid {valid}")
    length_mm, width_mm, height_mm = registers[3:6]
    barcode = _ascii(registers[8:40])
    flags = {name for bit, name in enumerate(STATUS_FLAGS) if status >> bit & 1}
    if not (length_mm and width_mm and height_mm):
        flags.add("dim_invalid")
    if not barcode:
        flags.add("no_read")
    ordered = tuple(name for name in STATUS_FLAGS if name in flags)
    weight_g = registers[6] << 16 | registers[7]
    return Result(sequence, length_mm, width_mm, height_mm, weight_g, barcode, ordered)


def _ascii(registers: Sequence[int]) -> str:
    """Printable ASCII up to the first NUL; anything else counts as not read."""
    raw = b"".join(register.to_bytes(2, "big") for register in registers).split(b"\0", 1)[0]
    # GS (0x1D) separates GS1 element strings and is kept; it is not printable.
    readable = all(32 <= byte < 127 or byte == 0x1D for byte in raw)
    return raw.decode("ascii") if readable else ""


def _check(registers: Sequence[int], count: int) -> None:
    if len(registers) != count or not all(0 <= register <= 0xFFFF for register in registers):
        raise DwsError(f"expected {count} registers of 16 bits, got {len(registers)}")

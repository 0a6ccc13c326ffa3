"""A Modbus register map as data: one YAML is the driver's table, the integrator's document and the device's check. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import yaml

Value = int | str


class BadRegisters(ValueError):
    """The registers cannot hold what the map says."""


@dataclass(frozen=True, slots=True)
class Register:
    name: str
    address: int
    """0-based holding register."""
    type: str
    """u16, u32 (high word first), ascii (two characters a register, high byte first, NUL padded) or words (a row of u16,
    which its owner reads by address)."""
    words: int
    access: str
    """r or rw, from the master's side."""
    meaning: str


@dataclass(frozen=True, slots=True)
class RegisterMap:
    name: str
    version: int
    registers: tuple[Register, ...]
    by_name: Mapping[str, Register] = field(default_factory=dict)

    @property
    def crc(self) -> int:
        """CRC-16/MODBUS over the lines `name address type words access`, so that both ends notice a moved register."""
        crc = 0xFFFF
        for byte in "".join(f"{r.name} {r.address} {r.type} {r.words} {r.access}\n" for r in self.registers).encode():
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        return crc

    def block(self, first: str, last: str) -> tuple[int, int]:
        """(address, count) of the registers from `first` to `last`."""
        start, end = self.by_name[first], self.by_name[last]
        return start.address, end.address + end.words - start.address

    def decode(self, first: str, last: str, values: Sequence[int]) -> dict[str, Value]:
        """Values by name of one block. Errors: BadRegisters."""
        start, count = self.block(first, last)
        if len(values) != count or not all(0 <= value <= 0xFFFF for value in values):
            raise BadRegisters(f"expected {count} registers of 16 bits, got {len(values)}")
        return {
            r.name: _value(r.type, values[r.address - start : r.address - start + r.words])
            for r in self.registers
            if start <= r.address < start + count and r.type != "words"
        }

    def encode(self, first: str, last: str, values: Mapping[str, Value]) -> list[int]:
        """Registers of one block, 0 where nothing is given. Errors: BadRegisters."""
        start, count = self.block(first, last)
        out = [0] * count
        for name, value in values.items():
            r = self.by_name[name]
            out[r.address - start : r.address - start + r.words] = _words(r, value)
        return out

    def markdown(self) -> str:
        """The table of the protocol page."""
        rows = [
            f"| {r.address} | `{r.name}` | {r.type} | {r.words} | {r.access} | {r.meaning} |" for r in self.registers
        ]
        head = ["| address | name | type | words | access | meaning |", "|---|---|---|---|---|---|"]
        return "\n".join([*head, *rows])


def load(package: str, file: str) -> RegisterMap:
    """Read the map that lies beside a driver."""
    return parse(yaml.safe_load(files(package).joinpath(file).read_text("utf-8")))


def parse(raw: Mapping[str, Any]) -> RegisterMap:
    """Errors: BadRegisters for registers that overlap or have no known type."""
    registers = tuple(Register(**row) for row in raw["registers"])
    taken = [address for r in registers for address in range(r.address, r.address + r.words)]
    if len(taken) != len(set(taken)) or any(r.type not in ("u16", "u32", "ascii", "words") for r in registers):
        raise BadRegisters(f"{raw['map']}: registers overlap or have an unknown type")
    return RegisterMap(str(raw["map"]), int(raw["version"]), registers, {r.name: r for r in registers})


def _value(kind: str, values: Sequence[int]) -> Value:
    if kind == "ascii":
        raw = b"".join(value.to_bytes(2, "big") for value in values).split(b"\0", 1)[0]
        # GS (0x1D) separates GS1 element strings and is kept; anything else unprintable counts as not read.
        return raw.decode("ascii") if all(32 <= byte < 127 or byte == 0x1D for byte in raw) else ""
    return values[0] if kind == "u16" else values[0] << 16 | values[1]


def _words(register: Register, value: Value) -> list[int]:
    if isinstance(value, str):
        raw = value.encode("ascii", "replace")
        if register.type != "ascii" or len(raw) > 2 * register.words:
            raise BadRegisters(f"{register.name}: {value!r} does not fit")
        raw = raw.ljust(2 * register.words, b"\0")
        return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
    if register.type == "ascii" or not 0 <= value < 1 << 16 * register.words:
        raise BadRegisters(f"{register.name}: {value!r} does not fit")
    return [value] if register.type == "u16" else [value >> 16, value & 0xFFFF]

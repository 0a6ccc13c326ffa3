"""Cubiscan bytes <-> values: `STX command [A|N data] ETX CR LF`. Pure.

Source: CubiScan 25 service manual pages 54-78, CubiScan 125 page 73, CubiScan 325 page 75 (command set); DEVICES.md 1.3
(62-byte reply of M, fill characters).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

STX, END = b"\x02", b"\x03\r\n"
MAX_FRAME = 256
"""The longest reply, that of V, is 129 bytes."""
MEASURE, TEST, ZERO = "M", "T", "Z"

_MEASURED = re.compile(
    r"(?P<origin>[CH])(?P<site>.{6}),L(?P<length>.{5}),W(?P<width>.{5}),H(?P<height>.{5}),(?P<dim_unit>[EM])"
    r",K(?P<weight>.{6}),D(?P<dim_weight>.{6}),(?P<weight_unit>[EM]),F(?P<factor>.{4}),(?P<domestic>[DI])"
)
_NUMBER = re.compile(r"\d{1,6}(\.\d{0,4})?|\.\d{1,4}")
_MM = {"E": Decimal("25.4"), "M": Decimal(10)}
"""E inch, M centimetre."""
_G = {"E": Decimal("453.59237"), "M": Decimal(1000)}
"""E pound, M kilogram."""
REASONS = {
    "C": "dimensioner.corner_sensor",
    "M": "dimensioner.measure_error",
    "Z": "dimensioner.zero_error",
    "": "dimensioner.refused",
}
"""What follows `M N C|H`; other commands give no reason."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One object; a side is 0 where it could not be measured, and `flags` say so in the words of parcel_measured."""

    asked: bool
    """Reply of M; False for m, which a gate also sends by itself."""
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    site: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    command: str
    text: str


@dataclass(frozen=True, slots=True)
class Nack:
    """The command was aborted; command `?` where it was not understood."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Garbage:
    raw: bytes


Frame = Measured | Ack | Nack | Garbage


def command(letter: str, data: str = "") -> bytes:
    return STX + (letter + data).encode("ascii") + END


class Decoder:
    """Bytes in, frames out; any chunking gives the same. Never raises."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while (end := self._buffer.find(END)) >= 0:
            raw, self._buffer = self._buffer[:end], self._buffer[end + len(END) :]
            before, stx, frame = raw.rpartition(STX)  # a frame that lost its end must not swallow the next
            if before:
                yield Garbage(before[-MAX_FRAME:])
            yield parse(frame) if stx and len(frame) <= MAX_FRAME else Garbage(frame[-MAX_FRAME:])
        if len(self._buffer) > MAX_FRAME:
            overlong, self._buffer = self._buffer, b""
            yield Garbage(overlong[-MAX_FRAME:])


def parse(frame: bytes) -> Frame:
    """Read what stands between STX and ETX."""
    try:
        text = frame.decode("ascii")
    except UnicodeDecodeError:
        return Garbage(frame)
    letter, verdict, body = text[:1], text[1:2], text[2:]
    if verdict == "N" and letter:
        reason = body[1:2] if letter in "Mm" else ""
        return Nack(letter, REASONS.get(reason, REASONS[""]))
    if verdict != "A" or not letter:
        return Garbage(frame)
    if letter not in "Mm":
        return Ack(letter, body)
    match = _MEASURED.fullmatch(body)
    return Garbage(frame) if match is None else _measured(letter == "M", match) or Garbage(frame)


def _measured(asked: bool, match: re.Match[str]) -> Measured | None:
    flags: set[str] = set()
    sides = []
    for name in ("length", "width", "height"):
        value, state = _field(match[name])
        if value is None and not state:
            return None
        if state:
            flags.add("dim_invalid")
        sides.append(_whole(value, _MM[match["dim_unit"]]))
    weight, state = _field(match["weight"])
    if weight is None and not state:
        return None
    if state:
        flags.add("overload" if state == "over" else "weight_unstable")
    order = ("dim_invalid", "weight_unstable", "overload")
    length_mm, width_mm, height_mm = sides
    return Measured(
        asked,
        length_mm,
        width_mm,
        height_mm,
        weight_g=_whole(weight, _G[match["weight_unit"]]),
        site=match["site"].strip(),
        flags=tuple(flag for flag in order if flag in flags),
    )


def _field(text: str) -> tuple[Decimal | None, str]:
    """(value, state): state under, unstable or over where fill characters stand instead of a number."""
    for fill, state in (("_", "under"), ("-", "unstable"), ("~", "over")):
        if text == fill * len(text):
            return None, state
    number = text.strip(" ")
    return (Decimal(number), "") if _NUMBER.fullmatch(number) else (None, "")


def _whole(value: Decimal | None, factor: Decimal) -> int:
    return 0 if value is None else int((value * factor).to_integral_value(ROUND_HALF_EVEN))

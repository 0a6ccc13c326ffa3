"""Atop ABLEPick frames (CCB) <-> values. Pure.

`length(2, low byte first, of the whole frame) type(60H port 1) reserved(3) sub-command [sub-node data...]`.
Source: ABLEPick Pick-to-light Communication Protocol User Manual V 2.4 (Atop, 2012/04/25), sections 4.1-4.4.
"""

from collections.abc import Iterator
from dataclasses import dataclass

PORT_1, PORT_2 = 0x60, 0x61
HEADER = 7
"""Bytes up to the sub-command; a sub-node follows in all but the controller's own."""
LONGEST = 64
SHOW, CLEAR, LED_ON, LED_OFF, STATUS, CONFIGURE = 0x00, 0x01, 0x02, 0x03, 0x09, 0x1F
CONFIRMED, SHORTAGE, CONFIRMED_CYCLE = 0x06, 0x07, 0x24
FAULTS = {
    0x0A: "light.no_tag",
    0x0B: "light.tag_broken",
    0x0C: "light.illegal_command",
    0x0D: "light.button_held",
}
RESET = 0x0E
COLOURS = {"red": 0, "green": 1, "orange": 2, "blue": 3, "pink": 4, "cyan": 5}
"""4.3.20.1; blue, pink and cyan only on the AT7 series."""
DIGITS = 6
TAGS = range(1, 201)


@dataclass(frozen=True, slots=True)
class Pressed:
    """The confirmation or the shortage button."""

    tag: int
    qty: int | None
    """What the display showed, None where it is no number."""
    short: bool


@dataclass(frozen=True, slots=True)
class TagFault:
    tag: int
    code: str


@dataclass(frozen=True, slots=True)
class TagReset:
    """The tag lost what it showed."""

    tag: int


@dataclass(frozen=True, slots=True)
class Tags:
    """Which tags the controller cannot reach."""

    missing: frozenset[int]


@dataclass(frozen=True, slots=True)
class Other:
    sub_command: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    raw: bytes


Frame = Pressed | TagFault | TagReset | Tags | Other | Garbage


def ccb(sub_command: int, tag: int | None = None, data: bytes = b"") -> bytes:
    body = bytes([PORT_1, 0, 0, 0, sub_command]) + (b"" if tag is None else bytes([tag])) + data
    return (len(body) + 2).to_bytes(2, "little") + body


def show(tag: int, qty: int) -> bytes:
    """Quantity right-aligned, no decimal points. Errors: ValueError for more than six digits or no tag."""
    if not 0 <= qty < 10**DIGITS or tag not in TAGS:
        raise ValueError(f"tag {tag} cannot show {qty}")
    return ccb(SHOW, tag, f"{qty:>{DIGITS}}".encode("ascii") + b"\0")


def colour(tag: int, name: str) -> bytes:
    """Not stored in the tag's EEPROM, whose writes are counted. Errors: KeyError."""
    return ccb(CONFIGURE, tag, bytes([0, COLOURS[name], 0]))


class Decoder:
    """Bytes in, frames out; any chunking gives the same. Never raises."""

    def __init__(self) -> None:
        self._buffer = b""
        self._skipped = b""

    def feed(self, data: bytes) -> list[Frame]:
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while len(self._buffer) >= HEADER:
            size = int.from_bytes(self._buffer[:2], "little")
            if not HEADER <= size <= LONGEST or self._buffer[2] not in (PORT_1, PORT_2):
                self._skipped, self._buffer = self._skipped + self._buffer[:1], self._buffer[1:]
                if len(self._skipped) >= LONGEST:
                    yield self._noise()
                continue
            if len(self._buffer) < size:
                return
            if self._skipped:
                yield self._noise()
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            yield parse(frame)

    def _noise(self) -> Garbage:
        raw, self._skipped = self._skipped, b""
        return Garbage(raw)


def parse(frame: bytes) -> Frame:
    """Read one whole frame."""
    sub, rest = frame[6], frame[HEADER:]
    if sub == STATUS and len(rest) >= 32:
        bits = rest[-32:]  # 4.4.9: bit n of byte m is 1 where tag 8 m + n + 1 is not connected
        return Tags(frozenset(tag for tag in TAGS if bits[(tag - 1) // 8] >> (tag - 1) % 8 & 1))
    if not rest or rest[0] not in TAGS:
        return Other(sub, rest)
    tag, data = rest[0], rest[1:]
    if sub in (CONFIRMED, CONFIRMED_CYCLE, SHORTAGE):
        text = data[:DIGITS].decode("latin-1").strip(" \0")
        return Pressed(tag, int(text) if text.isascii() and text.isdigit() else None, sub == SHORTAGE)
    if sub in FAULTS:
        return TagFault(tag, FAULTS[sub])
    return TagReset(tag) if sub == RESET else Other(sub, rest)

"""MT-SICS bytes <-> values.

Upper-case ASCII lines ended by CR LF: `ID status [value(10, right-aligned) unit]`.
Source: MT-SICS Reference Manual (Mettler-Toledo 11781363), chapters "Commands and responses" and "Level 0/1 commands".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from devices.drivers.scale import reading
from devices.drivers.scale.reading import GRAMS, Heard, Noise, Reading, Tare, Told, Zeroed

MAX_LINE = 256
"""Longest reply of levels 0 and 1 with room to spare; anything longer is a stream of another kind."""

ERRORS = {"ES": "syntax", "ET": "transmission", "EL": "logical"}
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?")
_INFO = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Weight:
    """`S S`/`S D` and the replies of T and TA that carry a value."""

    id: str
    stable: bool
    value: Decimal
    unit: str

    @property
    def weight_g(self) -> int:
        """Whole grams, half to even."""
        return reading.grams(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """`+` overload, `-` underload."""

    id: str
    over: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything else with an id: `Z A`, `TAC A`, `S I` (not executable now), `S L` (wrong parameter)."""

    id: str
    status: str


@dataclass(frozen=True, slots=True)
class Info:
    """`I0`..`I4`: quoted texts and bare words; status B = more lines follow, A = last."""

    id: str
    status: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """`ES`, `ET` or `EL`: the scale did not take a command, and does not say which."""

    code: str


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no MT-SICS line: line noise, wrong parity, joined mid-frame, another protocol."""

    raw: bytes


Frame = Weight | OutOfRange | Reply | Info | Refused | Garbage


def command(name: str) -> bytes:
    """Bytes of one command without or with its parameters, such as `S` or `TA 10.0 g`."""
    return name.encode("ascii") + b"\r\n"


class Decoder:
    """Bytes in, frames out; any chunking gives the same frames. Never raises."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes."""
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while (end := self._buffer.find(b"\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            line = line.rstrip(b"\r")
            if line.strip():
                yield parse(line) if len(line) <= MAX_LINE else Garbage(line[:MAX_LINE])
        if len(self._buffer) > MAX_LINE:
            overlong, self._buffer = self._buffer, b""
            yield Garbage(overlong[:MAX_LINE])


def parse(line: bytes) -> Frame:
    """Read one line without its CR LF."""
    try:
        text = line.decode("ascii").strip()
    except UnicodeDecodeError:
        return Garbage(line)
    if text in ERRORS:
        return Refused(text)
    head, _, rest = text.partition(" ")
    status, _, body = rest.strip().partition(" ")
    if re.fullmatch(r"I\d{1,2}", head) and status in ("A", "B"):
        return Info(head, status, tuple(quoted or bare for quoted, bare in _INFO.findall(body)))
    if head not in ("S", "Z", "ZI", "T", "TI", "TA", "TAC") or not status:
        return Garbage(line)
    if not body:
        return _without_value(line, head, status)
    return _with_value(line, head, status, body)


def _without_value(line: bytes, head: str, status: str) -> Frame:
    if status in ("+", "-"):
        return OutOfRange(head, over=status == "+")
    if status in ("A", "I", "L") or (status in ("S", "D") and head == "ZI"):
        return Reply(head, status)
    return Garbage(line)


def _with_value(line: bytes, head: str, status: str, body: str) -> Frame:
    parts = body.split()
    if status not in ("S", "D", "A") or len(parts) != 2:
        return Garbage(line)
    number, unit = parts
    if not _NUMBER.fullmatch(number) or unit not in GRAMS:
        return Garbage(line)
    return Weight(head, stable=status != "D", value=Decimal(number), unit=unit)


def heard(frame: Frame) -> Heard:
    """What a frame means to the driver, as every protocol says it."""
    match frame:
        case Weight(id="S", unit=unit):
            return Reading(frame.weight_g, frame.stable, unit=unit)
        case OutOfRange(id="S"):
            return Reading(None, False, over=frame.over)
        case Weight(id="TA"):
            return Tare(frame.weight_g)
        case Reply(id="TA"):
            return Tare(None)
        case Reply(id="Z", status="A"):
            return Zeroed("")
        case OutOfRange(id="Z"):
            return Zeroed("scale.overload" if frame.over else "scale.underload", "beyond the zero range")
        case Reply(id="Z"):
            return Zeroed("scale.timeout", "no stable zero")
        case Info():
            return Told(frame.id, " ".join(frame.fields))
        case Garbage():
            return Noise(frame.raw)
        case Refused():
            return Told(frame.code, ERRORS[frame.code])
    return Told(getattr(frame, "id", ""), getattr(frame, "status", ""))

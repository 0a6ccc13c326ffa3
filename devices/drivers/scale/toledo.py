"""Toledo continuous output: `STX SWA SWB SWC weight(6) [tare(6)] CR [CHK]`. Pure.

No decimal point and no sign stand in the digits, the status bytes hold them. Constants are never checked: bit 5 of the
status bytes is 1 on Mettler-Toledo and Ohaus, 0 on Fairbanks. Bit 7 is parity and masked.
Source: METTLER TOLEDO Wildcat technical manual (12/00) 6-4, tables 6-8 to 6-11; IND445 manual 22013194B 5.2;
Cardinal 225 8200-M698-O1 page 118 (short form); DEVICES.md 1.2.
"""

from collections.abc import Iterator
from decimal import Decimal

from devices.drivers.scale.reading import EXPANDED, NOT_ZEROED, TARE_SET, UNKNOWN_UNIT, Heard, Noise, Reading, grams

STX, CR = 0x02, 0x0D
SHORT, LONG = 11, 17
_UNITS = {1: "g", 2: "t", 3: "oz"}
"""SWC bits 0-2; 0 leaves it to SWB bit 4."""
ZERO = b"Z\r\n"


def checksum(frame: bytes) -> int:
    """Two's complement of the low seven bits of the sum of all bytes from STX to CR."""
    return -sum(frame) & 0x7F


class Decoder:
    """Bytes in, readings out; any chunking gives the same, a stream joined in its middle begins with Noise. Never raises."""

    def __init__(self, with_checksum: bool) -> None:
        self._with_checksum = with_checksum
        self._buffer = b""
        self._skipped = b""

    def feed(self, data: bytes) -> list[Heard]:
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Heard]:
        while (size := self._size()) is not None:
            frame = self._parse(size) if size else None
            if frame is None:  # one byte on, so that a frame inside a broken one is found
                self._skipped, self._buffer = self._skipped + self._buffer[:1], self._buffer[1:]
                if len(self._skipped) >= 2 * LONG:
                    yield self._noise()
                continue
            if self._skipped:
                yield self._noise()
            self._buffer = self._buffer[size + self._with_checksum :]
            yield frame

    def _size(self) -> int | None:
        """Bytes up to CR of the frame at the start of the buffer, 0 if there is none, None until more bytes come."""
        if not self._buffer:
            return None
        if self._buffer[0] & 0x7F != STX:
            return 0
        for size in (SHORT, LONG):
            if len(self._buffer) < size + self._with_checksum:
                return None
            if self._buffer[size - 1] & 0x7F == CR:
                return size
        return 0

    def _noise(self) -> Noise:
        raw, self._skipped = self._skipped, b""
        return Noise(raw, "no checksum or a wrong one" if raw[0] & 0x7F == STX and self._with_checksum else "")

    def _parse(self, size: int) -> Reading | None:
        frame = bytes(byte & 0x7F for byte in self._buffer[:size])
        if self._with_checksum and self._buffer[size] & 0x7F != checksum(frame):
            return None
        return parse(frame)


def parse(frame: bytes) -> Reading | None:
    """Read one frame of 11 or 17 bytes, bit 7 cleared; None where its digits are none."""
    swa, swb, swc = frame[1:4]
    net, negative, out, motion = (bool(swb >> bit & 1) for bit in range(4))
    unit = _UNITS.get(swc & 7, "") if swc & 7 else ("kg" if swb >> 4 & 1 else "lb")
    if out:
        return Reading(None, False, over=not negative, unit=unit)
    scale = Decimal(1).scaleb(2 - (swa & 7))
    weight, tare = _digits(frame[4:10]), _digits(frame[10:16]) if len(frame) == LONG else None
    if weight is None or (len(frame) == LONG and tare is None):
        return None
    problem = ""
    if not unit:
        return Reading(None, not motion, unit="", problem=UNKNOWN_UNIT)
    if swc >> 4 & 1:  # ten times the digits: how the point moves differs between makers, so it is never guessed
        problem = EXPANDED
    elif swb >> 6 & 1:
        problem = NOT_ZEROED
    elif net and tare is None:  # the short form does not say how much was taken away
        problem = TARE_SET
    shown = -weight if negative else weight
    return Reading(grams((shown + (tare or 0) * net) * scale, unit), not motion, unit=unit, problem=problem)


def _digits(field: bytes) -> int | None:
    text = field.decode("ascii").strip(" ")
    return int(text) if text.isdigit() else None

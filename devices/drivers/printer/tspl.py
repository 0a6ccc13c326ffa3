"""TSPL printer status and jobs: bytes -> values.

Source: TSC "TSPL/TSPL2 Programming Language", immediate commands <ESC>!? (one byte), <ESC>!S (eight bytes), <ESC>!. (cancel).
Xprinter, Gprinter and other clones answer at least <ESC>!?. Both are answered in error states too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

STX, ETX = 0x02, 0x03
FULL_STATUS, BYTE_STATUS, CANCEL_ALL = b"\x1b!S", b"\x1b!?", b"\x1b!."

IDLE, BUSY = "@L", "BCFPW"
"""First status character: ready or waiting for the label to be taken; backing, cutting, feeding, printing, imaging."""
WARNINGS = {3: "printer.buffer_full"}
ERRORS = {
    0: "printer.head_hot",
    1: "printer.motor_hot",
    2: "printer.head_bad",
    3: "printer.cutter",
    4: "printer.ram_corrupt",
}
MEDIA = {5: "printer.head_open", 0: "printer.paper_out", 1: "printer.jam", 2: "printer.ribbon_out", 3: "printer.jam"}
BYTE = {
    0: "printer.head_open",
    2: "printer.paper_out",
    3: "printer.ribbon_out",
    1: "printer.jam",
    6: "printer.head_open",
    7: "printer.head_hot",
    4: "printer.paused",
}
"""Bits to faults, the most telling first."""


@dataclass(frozen=True, slots=True)
class FullStatus:
    """<ESC>!S: what it does, and its warning, error and media bits."""

    ready: ClassVar[bool] = True
    doing: str
    warnings: int
    errors: int
    media: int

    @property
    def idle(self) -> bool:
        return self.doing in IDLE

    @property
    def fault(self) -> str:
        for bits, codes in ((self.media, MEDIA), (self.errors, ERRORS)):
            if found := _first(bits, codes):
                return found
        by_state = {"`": "printer.paused", "E": "printer.error", "K": "printer.wait_key"}
        return by_state.get(self.doing, "") or _first(self.warnings, WARNINGS)


@dataclass(frozen=True, slots=True)
class ByteStatus:
    """<ESC>!?: bits 0 head open, 1 jam, 2 no paper, 3 no ribbon, 4 pause, 5 printing, 6 cover, 7 temperature."""

    ready: ClassVar[bool] = True
    bits: int

    @property
    def idle(self) -> bool:
        return not self.bits & 0x20

    @property
    def fault(self) -> str:
        return _first(self.bits, BYTE)


QUESTIONS: tuple[tuple[bytes, type], ...] = (
    (FULL_STATUS, FullStatus),
    (BYTE_STATUS, ByteStatus),
    (BYTE_STATUS, ByteStatus),
)
"""The last twice: a jam alone is 0x02, which may be the beginning of a full status until another byte follows."""


def _first(bits: int, codes: dict[int, str]) -> str:
    return next((code for bit, code in codes.items() if bits >> bit & 1), "")


class Decoder:
    """Bytes in, frames out; any chunking gives the same frames. Never raises.

    A byte outside of a frame is a ByteStatus: it means something only to who has just asked for one.
    """

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[FullStatus | ByteStatus]:
        """Return the frames that `data` completes."""
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[FullStatus | ByteStatus]:
        while self._buffer:
            if self._buffer[0] != STX:
                yield ByteStatus(self._buffer[0])
                self._buffer = self._buffer[1:]
            elif len(self._buffer) < 8 and _begins(self._buffer):
                return
            elif (found := _FULL.match(self._buffer)) is not None:
                doing, *bits = found[1]
                yield FullStatus(chr(doing), *(b & 0x3F for b in bits))
                self._buffer = self._buffer[8:]
            else:
                yield ByteStatus(self._buffer[0])
                self._buffer = self._buffer[1:]


_FULL = re.compile(rb"\x02([@-`KLPW][@-\x7f]{3})\x03\r\n")


def _begins(data: bytes) -> bool:
    """Whether it may become a full status."""
    whole = b"\x02@@@@\x03\r\n"
    return _FULL.match(data + whole[len(data) :]) is not None


_COMMAND = re.compile(
    rb"(?:SIZE [0-9.]+ ?(?:mm|dot)?, ?[0-9.]+ ?(?:mm|dot)?|GAP [0-9.]+ ?mm, ?[0-9.]+ ?mm|BLINE [0-9.]+ ?mm, ?[0-9.]+ ?mm"
    rb"|DIRECTION [01](?:,[01])?|REFERENCE \d+,\d+|DENSITY \d{1,2}|SPEED [0-9.]+|CLS|BAR \d+,\d+,\d+,\d+|BOX \d+,\d+,\d+,\d+,\d+"
    rb"|(?P<print>PRINT \d+(?:,\d+)?))\r\n"
)
_BITMAP = re.compile(rb"BITMAP \d{1,5},\d{1,5},(\d{1,4}),(\d{1,5}),[012],")


def printable(content: bytes) -> str:
    """Why `content` must not be sent as a print job, or an empty text.

    A job is lines of SIZE, GAP, CLS, BAR, BITMAP and the like, begins with SIZE and ends with PRINT: nothing that stores,
    configures, downloads or asks, and no bitmap that would swallow the job behind it.
    """
    at, last = 0, None
    while at < len(content):
        if (bitmap := _BITMAP.match(content, at)) is not None:
            at = bitmap.end() + int(bitmap[1]) * int(bitmap[2])
            if content[at : at + 2] != b"\r\n":
                return "a bitmap shorter or longer than it says"
            at += 2
        elif (command := _COMMAND.match(content, at)) is not None:
            last, at = command, command.end()
        else:
            return f"not a command of a print job: {content[at : at + 20]!r}"
    if not content.startswith(b"SIZE ") or last is None or not last["print"] or last.end() != len(content):
        return "not a job from SIZE to PRINT"
    return ""

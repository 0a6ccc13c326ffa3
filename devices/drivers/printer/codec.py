"""ZPL host status: bytes -> values.

Source: Zebra "Programming Guide ZPL II" (P1099958), commands ~HS and ~HQ. Frames are STX...ETX CR LF.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

STX, ETX = b"\x02", b"\x03"
MAX_FRAME = 1024
HOST_STATUS, HOST_ERRORS, CANCEL_ALL = b"~HS", b"~HQES", b"~JA"

ERROR_BITS = {
    0: "printer.paper_out",
    1: "printer.ribbon_out",
    2: "printer.head_open",
    3: "printer.cutter",
    4: "printer.head_hot",
    5: "printer.motor_hot",
    6: "printer.head_bad",
    7: "printer.head_bad",
    8: "printer.firmware_bad",
    9: "printer.head_bad",
    16: "printer.paused",
}
"""Bits of group 1, lowest first (~HQES, table "Error flags"); flags of several errors add up."""


@dataclass(frozen=True, slots=True)
class HostStatus:
    """The three strings of ~HS; names after the manual's letters."""

    ready: ClassVar[bool] = True
    paper_out: bool
    paused: bool
    formats_in_buffer: int
    buffer_full: bool
    partial_format: bool
    corrupt_ram: bool
    under_temperature: bool
    over_temperature: bool
    head_up: bool
    ribbon_out: bool
    label_waiting: bool
    labels_remaining: int

    @property
    def idle(self) -> bool:
        """Nothing received is still to be printed."""
        return self.formats_in_buffer == 0 and self.labels_remaining == 0 and not self.partial_format

    @property
    def fault(self) -> str:
        """Stable code of what keeps the printer from printing, or an empty text."""
        checks = {
            "printer.head_open": self.head_up,
            "printer.paper_out": self.paper_out,
            "printer.ribbon_out": self.ribbon_out,
            "printer.head_hot": self.over_temperature,
            "printer.head_cold": self.under_temperature,
            "printer.ram_corrupt": self.corrupt_ram,
            "printer.buffer_full": self.buffer_full,
            "printer.paused": self.paused,
        }
        return next((code for code, is_so in checks.items() if is_so), "")


@dataclass(frozen=True, slots=True)
class ErrorStatus:
    """~HQES: group 1 of the error flags, answered in every state; tells nothing of the counters."""

    ready: ClassVar[bool] = False
    idle: ClassVar[bool] = False
    in_error: bool
    flags: int

    @property
    def fault(self) -> str:
        if not self.in_error:
            return ""
        known = (code for bit, code in sorted(ERROR_BITS.items()) if self.flags >> bit & 1)
        return next(known, "printer.error")


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no status frame."""

    raw: bytes


Frame = HostStatus | ErrorStatus | Garbage
QUESTIONS: tuple[tuple[bytes, type], ...] = ((HOST_STATUS, HostStatus), (HOST_ERRORS, ErrorStatus))
"""What is asked, the second where the first stays unanswered as ~HS does while media are out."""

_ERRORS = re.compile(rb"ERRORS:\s+([01])\s+([0-9A-Fa-f]{8})\s+([0-9A-Fa-f]{8})")
_FIRST = re.compile(rb"\d{3},[01],[01],\d{4},\d{3},[01],[01],[01],\d{3},[01],[01],[01]")
_SECOND = re.compile(rb"\d{3},\d,[01],[01],[01],[0-9A-Za-z],\d,[01],\d{8},\d,\d{3}")
_THIRD = re.compile(rb"[^,]{4},[01]")


class Decoder:
    """Bytes in, frames out; any chunking gives the same frames. Never raises."""

    def __init__(self) -> None:
        self._buffer = b""
        self._strings: list[bytes] = []

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes."""
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while (end := self._buffer.find(ETX)) >= 0:
            raw, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            before, stx, body = raw.rpartition(STX)
            if before.strip() or not stx:
                self._strings.clear()
                yield Garbage(raw[:MAX_FRAME])
            if stx:
                yield from self._read(body)
        if len(self._buffer) > MAX_FRAME:
            overlong, self._buffer = self._buffer, b""
            self._strings.clear()
            yield Garbage(overlong[:MAX_FRAME])

    def _read(self, body: bytes) -> Iterator[Frame]:
        errors = _ERRORS.search(body)
        if errors is not None:
            self._strings.clear()
            yield ErrorStatus(errors[1] == b"1", int(errors[3], 16))
            return
        expected = (_FIRST, _SECOND, _THIRD)[len(self._strings)]
        if expected.fullmatch(body):
            self._strings.append(body)
        elif _FIRST.fullmatch(body):  # the rest of the last answer was lost
            yield Garbage(b"".join(self._strings))
            self._strings = [body]
        else:
            self._strings.clear()
            yield Garbage(body)
        if len(self._strings) == 3:
            first, second = (text.decode("ascii").split(",") for text in self._strings[:2])
            self._strings.clear()
            yield _host_status(first, second)


def _host_status(first: list[str], second: list[str]) -> HostStatus:
    return HostStatus(
        paper_out=first[1] == "1",
        paused=first[2] == "1",
        formats_in_buffer=int(first[4]),
        buffer_full=first[5] == "1",
        partial_format=first[7] == "1",
        corrupt_ram=first[9] == "1",
        under_temperature=first[10] == "1",
        over_temperature=first[11] == "1",
        head_up=second[2] == "1",
        ribbon_out=second[3] == "1",
        label_waiting=second[7] == "1",
        labels_remaining=int(second[8]),
    )


def printable(content: bytes) -> str:
    """Why `content` must not be sent as a print job, or an empty text.

    A job is complete ^XA...^XZ formats and nothing else: an open format would swallow the next job,
    and immediate ~ commands could cancel, reset or reconfigure.
    """
    if not re.fullmatch(rb"\s*(?:\^XA(?:(?!\^XA|\^XZ).)*\^XZ\s*)+", content, re.DOTALL):
        return "not a series of complete ^XA...^XZ formats"
    if re.search(rb"~(?!DG|DY)[A-Z]{2}", content):
        return "contains an immediate command (~)"
    return ""

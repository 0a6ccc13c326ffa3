"""A TSPL label printer on TCP: takes the stream apart, prints, answers the immediate commands, and shows what came out.

Source: TSC "TSPL/TSPL2 Programming Language": SIZE, CLS, BAR, BOX, BITMAP, PRINT; <ESC>!?, <ESC>!S, <ESC>!., <ESC>!P, <ESC>!O.
"""

import asyncio
import re

from PIL import Image, ImageDraw

from simulators.wire.printer import Press, Session

_BITMAP = re.compile(rb"BITMAP (\d+),(\d+),(\d+),(\d+),([012]),")


class TsplPrinterSim(Press[bytes]):
    """`printed` holds the bytes of each job that came out, SIZE to PRINT; `page` draws one."""

    jam = False
    only_byte = False
    """A clone that answers <ESC>!? and ignores <ESC>!S."""
    dots_mm = 8.0

    @property
    def in_error(self) -> bool:
        return self.jam or super().in_error

    def session(self, writer: asyncio.StreamWriter) -> Session:
        return _TsplSession(self, writer)

    def full_status(self) -> bytes | None:
        """The eight bytes of <ESC>!S."""
        if self.only_byte:
            return None
        busy = bool(self.labels_remaining or self.formats)
        doing = b"`" if self.paused else b"E" if self.in_error else b"P" if busy else b"@"
        warning = 0x40 | self.buffer_full << 3
        error = 0x40 | self.head_hot << 0
        media = 0x40 | self.paper_out << 0 | self.jam << 1 | self.ribbon_out << 2 | self.head_open << 5
        return b"\x02" + doing + bytes((warning, error, media)) + b"\x03\r\n"

    def byte_status(self) -> bytes:
        """The byte of <ESC>!?."""
        busy = bool(self.labels_remaining or self.formats)
        return bytes((
            self.head_open << 0 | self.jam << 1 | self.paper_out << 2 | self.ribbon_out << 3 | self.paused << 4 | busy << 5 | self.head_hot << 7,
        ))  # fmt: skip

    def page(self, job: bytes) -> Image.Image:
        """What a job puts on paper, 1 bit, 0 = black."""
        size = re.search(rb"SIZE ([0-9.]+) ?mm, ?([0-9.]+) ?mm", job)
        assert size is not None
        image = Image.new("1", tuple(int(float(v) * self.dots_mm) for v in size.groups()), 255)  # type: ignore[arg-type]
        pen, at = ImageDraw.Draw(image), 0
        while at < len(job):
            if (bitmap := _BITMAP.match(job, at)) is not None:
                x, y, row, height, _ = map(int, bitmap.groups())
                end = bitmap.end() + row * height
                dark = Image.frombytes("1", (row * 8, height), bytes(b ^ 0xFF for b in job[bitmap.end() : end]))
                pen.bitmap((x, y), dark, fill=0)
                at = end + 2
                continue
            line = job[at : job.index(b"\r\n", at)]
            if (bar := re.fullmatch(rb"BAR (\d+),(\d+),(\d+),(\d+)", line)) is not None:
                x, y, width, height = map(int, bar.groups())
                pen.rectangle((x, y, x + width - 1, y + height - 1), fill=0)
            at += len(line) + 2
        return image


class _TsplSession(Session):
    def __init__(self, printer: TsplPrinterSim, writer: asyncio.StreamWriter) -> None:
        super().__init__(writer)
        self._printer = printer
        self._rest = self._job = b""

    def feed(self, data: bytes) -> None:
        self._rest += data
        while not self.writer.is_closing() and (taken := self._step()) > 0:
            self._rest = self._rest[taken:]
        self.in_format = bool(self._job or self._rest)

    def _step(self) -> int:
        """Read one command; bytes taken, 0 when it is not complete."""
        rest, printer = self._rest, self._printer
        if rest.startswith(b"\x1b!"):
            if len(rest) < 3:
                return 0
            self._immediate(rest[2:3])
            return 3
        if rest.startswith(b"BITMAP "):
            found = _BITMAP.match(rest)
            if found is None:
                return 0
            end = found.end() + int(found[3]) * int(found[4]) + 2
            if printer.faults.drop_before_format:
                printer.faults.drop_before_format, self._job = False, b""
                self.writer.transport.abort()
                return len(rest)
            if len(rest) < end:
                return 0
            self._job += rest[:end]
            return end
        end = rest.find(b"\r\n") + 2
        if end < 2:
            return 0
        self._line(rest[:end])
        return end

    def _line(self, line: bytes) -> None:
        printer = self._printer
        if line.startswith(b"SIZE "):
            self._job = b""
        self._job += line
        if (copies := re.fullmatch(rb"PRINT (\d+)(?:,(\d+))?\r\n", line)) is not None:
            printer.accept(self._job, int(copies[1]) * int(copies[2] or 1))
            self._job = b""
            if printer.faults.drop_on_format:
                printer.faults.drop_on_format = False
                self.writer.transport.abort()

    def _immediate(self, command: bytes) -> None:
        printer = self._printer
        match command:
            case b"S":
                printer.answer(self, printer.full_status())
            case b"?":
                printer.answer(self, printer.byte_status())
            case b".":
                printer.cancel_all()
            case b"P":
                printer.paused = True
            case b"O":
                printer.paused = False

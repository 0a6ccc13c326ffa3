"""A ZPL label printer on TCP: parses the stream into formats, prints them at a speed, counts and reports.

Source: Zebra "Programming Guide ZPL II" (P1099958), ~HS, ~HQES, ~JA, ~PP, ~PS. `factor` speeds up printing only.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r"\^XA|\^XZ|~HS|~HQES|~JA|~PP|~PS")
_TAIL = 4
"""Longest incomplete token at the end of a chunk."""


@dataclass(slots=True)
class PrinterFaults:
    """Switches of what goes wrong; all may be changed at any time."""

    silent: bool = False
    """Takes data but answers nothing at all."""
    drop_on_format: bool = False
    """Cuts the connection when the next format is complete, then False again; the format is still printed."""
    drop_before_format: bool = False
    """Cuts the connection inside the next format, which is thereby lost, then False again."""
    garbage: bool = False
    """Noise before each answer."""


@dataclass(slots=True)
class _Format:
    zpl: str
    copies: int


class PrinterSim:
    """One printer. Printed labels are in `printed`; `on_label` is called with the ZPL of each label that came out."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        factor: float = 1.0,
        label_s: float = 1.0,
        buffer_formats: int = 100,
        on_label: Callable[[str], None] | None = None,
    ) -> None:
        self.host, self.port, self.factor = host, port, factor
        self.label_s, self.buffer_formats, self.on_label = label_s, buffer_formats, on_label
        self.faults = PrinterFaults()
        self.printed: list[str] = []
        self.ignored: list[str] = []
        """Bytes outside of any format that are no command we know."""
        self.paper_out = self.head_open = self.ribbon_out = self.paused = False
        self.formats: deque[_Format] = deque()
        self.labels_remaining = 0
        self.label_length_dots = 1218
        self._cancelled = False
        self._server: asyncio.Server | None = None
        self._press: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._sessions: set[_Session] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._press is None:
            self._press = asyncio.create_task(self._run_press())

    async def stop(self) -> None:
        """Off: connections cut, buffer lost."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()
        if self._press is not None:
            self._press.cancel()
            self._press = None
        self.cancel_all()

    def drop(self) -> None:
        """Cut every connection; what is in the buffer is still printed."""
        for session in list(self._sessions):
            session.writer.transport.abort()

    @property
    def partial_format(self) -> bool:
        return any(session.in_format for session in self._sessions)

    @property
    def _in_error(self) -> bool:
        return self.paper_out or self.head_open or self.ribbon_out

    def accept(self, zpl: str) -> None:
        """Take a complete format into the buffer."""
        copies = re.search(r"\^PQ(\d+)", zpl)
        length = re.search(r"\^LL(\d+)", zpl)
        if length:
            self.label_length_dots = int(length[1])
        self.formats.append(_Format(zpl, int(copies[1]) if copies else 1))
        self._work.set()

    def cancel_all(self) -> None:
        """~JA: forget every format, the one being printed included."""
        self.formats.clear()
        self._cancelled = True

    async def _run_press(self) -> None:
        while True:
            if not self.formats:
                self._work.clear()
                await self._work.wait()
                continue
            job = self.formats.popleft()
            self._cancelled, self.labels_remaining = False, job.copies
            while self.labels_remaining and not self._cancelled:
                await self._one_label(job.zpl)
            self.labels_remaining = 0

    async def _one_label(self, zpl: str) -> None:
        """A label interrupted by a fault is printed anew afterwards, as with ^JZY (the default)."""
        left_s = self.label_s / self.factor
        while left_s > 0 and not self._cancelled:
            if self._in_error or self.paused:
                left_s = self.label_s / self.factor
                await asyncio.sleep(0.02)
                continue
            step_s = min(0.02, left_s)
            await asyncio.sleep(step_s)
            left_s -= step_s
        if self._cancelled:
            return
        self.labels_remaining -= 1
        self.printed.append(zpl)
        if self.on_label is not None:
            self.on_label(zpl)

    def host_status(self) -> str | None:
        """The three strings of ~HS; None in the states in which a printer does not answer it."""
        if self._in_error:
            return None
        in_buffer, full = len(self.formats), len(self.formats) >= self.buffer_formats
        strings = (
            f"030,{self.paper_out:d},{self.paused:d},{self.label_length_dots:04d},{in_buffer:03d},"
            f"{full:d},0,{self.partial_format:d},000,0,0,0",
            f"000,0,{self.head_open:d},{self.ribbon_out:d},1,2,4,0,{self.labels_remaining:08d},1,000",
            "1234,0",
        )
        return "".join(f"\x02{text}\x03\r\n" for text in strings)

    def error_status(self) -> str:
        """The answer to ~HQES."""
        flags = self.paper_out * 0x1 | self.ribbon_out * 0x2 | self.head_open * 0x4 | self.paused * 0x10000
        return (
            "\x02\r\n  PRINTER STATUS                            \r\n"
            f"   ERRORS:         {flags > 0:d} 00000000 {flags:08X}          \r\n"
            "   WARNINGS:       0 00000000 00000000          \r\n\x03"
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, writer)
        self._sessions.add(session)
        try:
            while data := await reader.read(4096):
                session.feed(data.decode("utf-8", "replace"))
        except (OSError, asyncio.CancelledError):  # a cancelled handler would make asyncio print a traceback
            pass
        finally:
            self._sessions.discard(session)
            writer.transport.abort()


class _Session:
    """One connection's share of the parser: formats may arrive in any pieces."""

    def __init__(self, printer: PrinterSim, writer: asyncio.StreamWriter) -> None:
        self._printer, self.writer = printer, writer
        self._rest = self._format = ""
        self.in_format = False

    def feed(self, text: str) -> None:
        self._rest += text
        while (match := _TOKEN.search(self._rest)) is not None:
            self._keep(self._rest[: match.start()])
            self._rest = self._rest[match.end() :]
            self._token(match[0])
        if len(self._rest) > _TAIL:
            self._keep(self._rest[:-_TAIL])
            self._rest = self._rest[-_TAIL:]

    def _keep(self, text: str) -> None:
        if self.in_format:
            self._format += text
        elif text.strip():
            self._printer.ignored.append(text)

    def _token(self, token: str) -> None:
        printer = self._printer
        match token:
            case "^XA":
                self.in_format, self._format = True, "^XA"
                if printer.faults.drop_before_format:
                    printer.faults.drop_before_format, self.in_format = False, False
                    self.writer.transport.abort()
            case "^XZ" if self.in_format:
                self.in_format = False
                printer.accept(self._format + "^XZ")
                if printer.faults.drop_on_format:
                    printer.faults.drop_on_format = False
                    self.writer.transport.abort()
            case "~HS":
                self._answer(printer.host_status())
            case "~HQES":
                self._answer(printer.error_status())
            case "~JA":
                printer.cancel_all()
            case "~PP":
                printer.paused = True
            case "~PS":
                printer.paused = False

    def _answer(self, text: str | None) -> None:
        if text is None or self._printer.faults.silent or self.writer.is_closing():
            return
        noise = "\x7f!?\r\n\x03" if self._printer.faults.garbage else ""
        self.writer.write((noise + text).encode("ascii"))

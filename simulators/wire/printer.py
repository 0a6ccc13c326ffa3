"""Label printers on TCP: a press that prints at a speed, counts and fails; and the ZPL printer around it.

Source: Zebra "Programming Guide ZPL II" (P1099958), ~HS, ~HQES, ~JA, ~PP, ~PS. `factor` speeds up printing only.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from simulators.wire.kept import Kept

_TOKEN = re.compile(r"\^XA|\^XZ|~HS|~HQES|~JA|~PP|~PS|! U1 (?:get|set)var [^\r\n]*\r?\n")
_TAIL = 80
"""Longest incomplete token at the end of a chunk."""
_SGD = re.compile(r'! U1 (get|set)var "([^"]*)"(?: "([^"]*)")?')
_SAVED = {
    "ezpl.media_type": (r"\^MN([NWYM])", {"N": "continuous", "W": "gap/notch", "Y": "gap/notch", "M": "mark"}),
    "ezpl.print_method": (r"\^MT([TD])", {"T": "thermal trans", "D": "direct thermal"}),
    "ezpl.print_width": (r"\^PW(\d+)", {}),
    "media.speed": (r"\^PR(\d+)", {}),
}
"""SGD name to the ZPL command that sets it too, with what its letters are called there (P1099958, SGD chapter)."""

Job = TypeVar("Job", str, bytes)


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
    slow_s: float = 0.0
    """Every answer comes so much later."""


@dataclass(slots=True)
class _Format(Generic[Job]):
    content: Job
    copies: int


class Session(ABC):
    """One connection's share of the parser: jobs may arrive in any pieces."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.in_format = False

    @abstractmethod
    def feed(self, data: bytes) -> None: ...


class Press(ABC, Generic[Job]):
    """Server, buffer and print head of any dialect. What came out is in `printed`; `on_label` is told of each label."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        factor: float = 1.0,
        label_s: float = 1.0,
        buffer_formats: int = 100,
        on_label: Callable[[Job], None] | None = None,
    ) -> None:
        self.host, self.port, self.factor = host, port, factor
        self.label_s, self.buffer_formats = label_s, buffer_formats
        self.on_label: Callable[[Job], None] | None = on_label
        self.faults = PrinterFaults()
        self.printed: list[Job] = Kept()
        self.came_out = 0
        """Labels since it was made, also those that `printed` has forgotten."""
        self.paper_out = self.head_open = self.ribbon_out = self.head_hot = self.paused = False
        self.formats: deque[_Format[Job]] = deque()
        self.labels_remaining = 0
        self._cancelled = False
        self._server: asyncio.Server | None = None
        self._press: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._sessions: set[Session] = set()

    @abstractmethod
    def session(self, writer: asyncio.StreamWriter) -> Session:
        """A parser for a new connection."""

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
        self.labels_remaining = 0
        self.cancel_all()

    def drop(self) -> None:
        """Cut every connection; what is in the buffer is still printed."""
        for session in list(self._sessions):
            session.writer.transport.abort()

    def reboot(self) -> None:
        """Power cycle: connections cut, buffer lost; settings stay."""
        self.cancel_all()
        self.drop()

    @property
    def partial_format(self) -> bool:
        return any(session.in_format for session in self._sessions)

    @property
    def buffer_full(self) -> bool:
        return len(self.formats) >= self.buffer_formats

    @property
    def in_error(self) -> bool:
        return self.paper_out or self.head_open or self.ribbon_out or self.head_hot

    def accept(self, content: Job, copies: int) -> None:
        """Take a complete job into the buffer."""
        self.formats.append(_Format(content, copies))
        self._work.set()

    def cancel_all(self) -> None:
        """Forget every job, the one being printed included."""
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
                await self._one_label(job.content)
            self.labels_remaining = 0

    async def _one_label(self, content: Job) -> None:
        """A label interrupted by a fault is printed anew afterwards, as with ^JZY (the default)."""
        left_s = self.label_s / self.factor
        while left_s > 0 and not self._cancelled:
            if self.in_error or self.paused:
                left_s = self.label_s / self.factor
                await asyncio.sleep(0.02)
                continue
            step_s = min(0.02, left_s)
            await asyncio.sleep(step_s)
            left_s -= step_s
        if self._cancelled:
            return
        self.labels_remaining -= 1
        self.came_out += 1
        self.printed.append(content)
        if self.on_label is not None:
            self.on_label(content)

    def answer(self, session: Session, data: bytes | None) -> None:
        """Answer on a connection as the faults let it; None is silence."""
        if data is None or self.faults.silent:
            return
        noise = b"\x7f!?\r\n\x03" if self.faults.garbage else b""
        if self.faults.slow_s:
            asyncio.get_running_loop().call_later(self.faults.slow_s, self._write, session, noise + data)
        else:
            self._write(session, noise + data)

    @staticmethod
    def _write(session: Session, data: bytes) -> None:
        if not session.writer.is_closing():
            session.writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self.session(writer)
        self._sessions.add(session)
        try:
            while (data := await reader.read(4096)) and not writer.is_closing():
                session.feed(data)
        except (OSError, asyncio.CancelledError):  # a cancelled handler would make asyncio print a traceback
            pass
        finally:
            self._sessions.discard(session)
            writer.transport.abort()


class PrinterSim(Press[str]):
    """A ZPL printer. `printed` holds the ZPL of each label that came out."""

    answers_in_error = False
    """Older firmware answers ~HS in every state; the current manual says it stays silent while media are out."""
    label_length_dots = 1218

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
        super().__init__(host, port, factor=factor, label_s=label_s, buffer_formats=buffer_formats, on_label=on_label)
        self.settings = {
            "device.languages": "zpl", "ezpl.media_type": "continuous", "ezpl.print_method": "direct thermal",
            "ezpl.print_width": "832", "media.speed": "4.0",
        }  # fmt: skip
        """What SGD getvar answers; made anew by setvar and by a format that ends with ^JUS."""
        self.ignored: list[str] = Kept()
        """Bytes outside of any format that are no command we know."""

    def session(self, writer: asyncio.StreamWriter) -> Session:
        return _ZplSession(self, writer)

    def take(self, zpl: str) -> None:
        """Take a complete format into the buffer."""
        if "^JUS" in zpl:
            self._save(zpl)
            return
        copies = re.search(r"\^PQ(\d+)", zpl)
        length = re.search(r"\^LL(\d+)", zpl)
        if length:
            self.label_length_dots = int(length[1])
        self.accept(zpl, int(copies[1]) if copies else 1)

    def _save(self, zpl: str) -> None:
        """A format of settings: kept, nothing comes out."""
        for name, (pattern, words) in _SAVED.items():
            if found := re.search(pattern, zpl):
                self.settings[name] = words.get(found[1], found[1])
        self.settings["media.speed"] = f"{float(self.settings['media.speed']):.1f}"

    def sgd(self, line: str) -> bytes | None:
        """Set-Get-Do: a getvar is answered by the value in quotes, `"?"` for a name that does not exist."""
        match = _SGD.match(line)
        if match is None:
            return None
        verb, name, value = match.groups()
        if verb == "set" and name in self.settings:
            self.settings[name] = value or ""
        return f'"{self.settings.get(name, "?")}"'.encode() if verb == "get" else None

    def host_status(self) -> bytes | None:
        """The three strings of ~HS; None in the states in which a printer does not answer it."""
        if self.in_error and not self.answers_in_error:
            return None
        strings = (
            f"030,{self.paper_out:d},{self.paused:d},{self.label_length_dots:04d},{len(self.formats):03d},"
            f"{self.buffer_full:d},0,{self.partial_format:d},000,0,0,{self.head_hot:d}",
            f"000,0,{self.head_open:d},{self.ribbon_out:d},1,2,4,0,{self.labels_remaining:08d},1,000",
            "1234,0",
        )
        return "".join(f"\x02{text}\x03\r\n" for text in strings).encode("ascii")

    def error_status(self) -> bytes:
        """The answer to ~HQES."""
        flags = self.paper_out * 0x1 | self.ribbon_out * 0x2 | self.head_open * 0x4 | self.head_hot * 0x10
        flags |= self.paused * 0x10000
        return (
            "\x02\r\n  PRINTER STATUS                            \r\n"
            f"   ERRORS:         {flags > 0:d} 00000000 {flags:08X}          \r\n"
            "   WARNINGS:       0 00000000 00000000          \r\n\x03"
        ).encode("ascii")


class _ZplSession(Session):
    def __init__(self, printer: PrinterSim, writer: asyncio.StreamWriter) -> None:
        super().__init__(writer)
        self._printer = printer
        self._rest = self._format = ""

    def feed(self, data: bytes) -> None:
        self._rest += data.decode("utf-8", "replace")
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
                printer.take(self._format + "^XZ")
                if printer.faults.drop_on_format:
                    printer.faults.drop_on_format = False
                    self.writer.transport.abort()
            case "~HS":
                printer.answer(self, printer.host_status())
            case "~HQES":
                printer.answer(self, printer.error_status())
            case "~JA":
                printer.cancel_all()
            case "~PP":
                printer.paused = True
            case "~PS":
                printer.paused = False
            case _ if token.startswith("! U1"):
                printer.answer(self, printer.sgd(token))

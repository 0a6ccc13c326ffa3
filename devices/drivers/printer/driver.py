"""Label printer (ZPL or TSPL) on one lasting TCP connection; jobs one after another, each confirmed by the printer itself.

Port 9100 acknowledges nothing: a finished write means "in some buffer". A ZPL job is done when ~HS says that no format is
in the buffer and no label remains, a TSPL job when the printer has been seen at work and stands idle again. Source: ZPL II
guide P1099958, ~HS, ~HQES, ~JA; TSPL manual, <ESC>!S, <ESC>!?, <ESC>!.; docs/protocols/printer.md.
"""

import asyncio
import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.contract.commands import PRINT, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged
from devices.drivers.printer import codec, tspl
from devices.transports import tcp
from devices.transports.link import Link

MOST_LABELS = 1000
LONGEST_JOB = 4 * 1024 * 1024
"""Bytes of an unpacked job; a full page at 600 dpi has 1.1 million."""


class Status(Protocol):
    """What every answer of every dialect tells."""

    @property
    def ready(self) -> bool:
        """Whether it tells of waiting and finished work at all."""
        ...

    @property
    def idle(self) -> bool:
        """Nothing received is still to be printed."""
        ...

    @property
    def fault(self) -> str:
        """Stable code of what keeps the printer from printing, or an empty text."""
        ...


class Decoder(Protocol):
    def feed(self, data: bytes) -> Sequence[object]: ...


DIALECTS = {"zpl": codec, "tspl": tspl}


class PrinterConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    protocol: Literal["zpl", "tspl"] = "zpl"
    host: str
    port: int = Field(9100, ge=1, le=65535)
    poll_s: float = Field(2.0, gt=0)
    """Keep-alive by a status question while idle."""
    reply_timeout_s: float = Field(1.0, gt=0)
    confirm_every_s: float = Field(0.1, gt=0)
    confirm_gap_s: float = Field(0.25, gt=0)
    """A job never seen in the counters counts as printed after two idle readings this far apart."""
    label_timeout_s: float = Field(10.0, gt=0)
    """Longest time per label, format included."""
    fault_wait_s: float = Field(5.0, ge=0)
    """How long a fault in mid-job may last before the job is cancelled in the printer."""


class ReplyMissing(Exception):
    """None of the status questions was answered in time."""


class PrinterDriver:
    family: ClassVar[str] = "printer"
    commands: ClassVar[frozenset[str]] = frozenset({PRINT})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self.config = PrinterConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigRefused(f"printer: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        self._link: Link | None = None
        self._ctx: DriverContext | None = None
        self._dialect = DIALECTS[self.config.protocol]
        self._frames: asyncio.Queue[object] = asyncio.Queue()
        self._queue = asyncio.Lock()
        """The print queue: waiting jobs get the lock in the order they came."""
        self._asking = asyncio.Lock()
        self._fault: str | None = None

    async def run(self, ctx: DriverContext) -> None:
        c = self.config
        self._ctx, self._fault, self._frames = ctx, None, asyncio.Queue()
        link = await tcp.connect(c.host, c.port)
        self._link = link
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(ctx, link))
                tasks.create_task(self._watch(ctx, link))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._link = None
            self._frames.put_nowait(None)
            await link.close()

    async def execute(self, command: Command) -> CommandResult:
        if (language := command.data.get("language", "zpl")) != self.config.protocol:
            told = f"a job in {language}, the printer speaks {self.config.protocol}"
            return CommandResult(command.id, "refused", "printer.wrong_language", told)
        content, labels = unpack(command.data), command.data.get("labels", 1)
        problem = "cannot be unpacked" if content is None else self._dialect.printable(content)
        if not isinstance(labels, int) or not 1 <= labels <= MOST_LABELS:
            problem = f"labels must be 1 to {MOST_LABELS}"
        if content is None or problem:
            return CommandResult(command.id, "refused", "printer.bad_content", problem)
        async with self._queue:
            ctx, link = self._ctx, self._link
            if ctx is None or link is None:
                return CommandResult(command.id, "failed", "printer.offline")
            if ctx.clock.now() >= command.expires_at:
                return CommandResult(command.id, "expired", "printer.expired")
            try:
                fault = await self._before(link)
            except (NotReady, ReplyMissing) as error:
                return CommandResult(command.id, "failed", "printer.offline", str(error))
            if fault:
                return CommandResult(command.id, "failed", fault)
            return await self._print(link, command.id, content, labels)

    # the line

    async def _receive(self, ctx: DriverContext, link: Link) -> None:
        decoder: Decoder = self._dialect.Decoder()
        answers = tuple(answer for _, answer in self._dialect.QUESTIONS)
        while True:
            for frame in decoder.feed(await link.read()):
                if isinstance(frame, answers):
                    ctx.alive()
                    self._frames.put_nowait(frame)

    async def _watch(self, ctx: DriverContext, link: Link) -> None:
        """Ask for the state forever; silence of both questions is a dead printer. Errors: NotReady."""
        while True:
            try:
                status = await self._status(link)
            except ReplyMissing:
                questions = dict.fromkeys(q.decode("ascii").replace("\x1b", "ESC ") for q, _ in self._dialect.QUESTIONS)
                asked = " nor ".join(questions)
                raise NotReady(f"{link.name}: answers neither {asked}") from None
            await self._announce(ctx, status.fault)
            await asyncio.sleep(self.config.poll_s)

    async def _announce(self, ctx: DriverContext, fault: str) -> None:
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            await ctx.report(DeviceStateChanged("fault", fault))
        else:
            ctx.online("ready")

    async def _status(self, link: Link) -> Status:
        """Ask until one of the dialect's questions is answered. Errors: NotReady, ReplyMissing."""
        async with self._asking:
            for question, answer in self._dialect.QUESTIONS:
                while not self._frames.empty():
                    self._frames.get_nowait()
                await link.write(question)
                try:
                    async with asyncio.timeout(self.config.reply_timeout_s):
                        while (frame := await self._frames.get()) is not None:
                            if isinstance(frame, answer):
                                status: Status = frame
                                return status
                except TimeoutError:
                    continue
                raise NotReady(f"{link.name}: connection lost")
        raise ReplyMissing

    # one job

    async def _before(self, link: Link) -> str:
        """Fault code that forbids sending, or an empty text."""
        status = await self._status(link)
        return status.fault or ("" if status.ready else "printer.not_ready")

    async def _print(self, link: Link, command_id: str, content: bytes, labels: int) -> CommandResult:
        try:
            await link.write(content)
            return await self._confirm(link, command_id, labels)
        except (NotReady, ReplyMissing) as error:
            return CommandResult(command_id, "unknown", "printer.state_unknown", str(error) or "printer went silent")

    async def _confirm(self, link: Link, command_id: str, labels: int) -> CommandResult:
        """Watch the counters until they are empty. Errors: NotReady, ReplyMissing."""
        loop, c = asyncio.get_running_loop(), self.config
        limit_s = loop.time() + c.label_timeout_s * labels
        seen_busy, idle_since_s, fault_since_s, fault = False, None, None, ""
        while loop.time() < limit_s:
            status = await self._status(link)
            now_s = loop.time()
            fault = status.fault
            if status.idle and not fault:
                idle_since_s = now_s if idle_since_s is None else idle_since_s
                if seen_busy or now_s - idle_since_s >= c.confirm_gap_s:
                    return CommandResult(command_id, "done", data={"labels": labels})
            else:
                idle_since_s = None
                seen_busy = seen_busy or (status.ready and not status.idle)
            fault_since_s = (fault_since_s or now_s) if fault else None
            if fault_since_s is not None and now_s - fault_since_s >= c.fault_wait_s:
                break
            await asyncio.sleep(c.confirm_every_s)
        # Left in the buffer it would come out when paper is loaded, after the WES has voided it.
        await link.write(self._dialect.CANCEL_ALL)
        return CommandResult(command_id, "unknown", fault or "printer.timeout", "cancelled in the printer")


def unpack(data: dict[str, Any]) -> bytes | None:
    """The bytes of a job: `content` as it is, or base64 of zlib when `encoding` is deflate; None when it is neither."""
    content = str(data.get("content", ""))
    match data.get("encoding", "text"):
        case "text":
            return content.encode("utf-8", "replace")
        case "deflate":
            opened = zlib.decompressobj()
            try:
                job = opened.decompress(base64.b64decode(content, validate=True), LONGEST_JOB)
            except (zlib.error, binascii.Error, ValueError):
                return None
            return job if opened.eof else None
    return None

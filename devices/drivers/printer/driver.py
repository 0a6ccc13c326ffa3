"""ZPL printer on one lasting TCP connection; jobs one after another, each confirmed by the printer's counters.

Port 9100 acknowledges nothing: a finished write means "in some buffer". A job is done when ~HS says that no format
is in the buffer and no label remains. Source: ZPL II guide P1099958, ~HS, ~HQES, ~JA; DEVICES.md 1.4.
"""

import asyncio
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.contract.commands import PRINT, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged
from devices.drivers.printer import codec
from devices.transports import tcp
from devices.transports.link import Link


class PrinterConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = Field(9100, ge=1, le=65535)
    poll_s: float = Field(2.0, gt=0)
    """Keep-alive by ~HS while idle."""
    reply_timeout_s: float = Field(1.0, gt=0)
    confirm_every_s: float = Field(0.1, gt=0)
    confirm_gap_s: float = Field(0.25, gt=0)
    """A job never seen in the counters counts as printed after two idle readings this far apart."""
    label_timeout_s: float = Field(10.0, gt=0)
    """Longest time per label, format included."""
    fault_wait_s: float = Field(5.0, ge=0)
    """How long a fault in mid-job may last before the job is cancelled in the printer."""


class ReplyMissing(Exception):
    """Neither ~HS nor ~HQES was answered in time."""


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
        self._frames: asyncio.Queue[codec.Frame | None] = asyncio.Queue()
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
        problem = codec.printable(str(command.data.get("content", "")))
        if problem:
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
            return await self._print(link, command)

    # the line

    async def _receive(self, ctx: DriverContext, link: Link) -> None:
        decoder = codec.Decoder()
        while True:
            for frame in decoder.feed(await link.read()):
                if not isinstance(frame, codec.Garbage):
                    ctx.alive()
                    self._frames.put_nowait(frame)

    async def _watch(self, ctx: DriverContext, link: Link) -> None:
        """Ask for the state forever; silence of both questions is a dead printer. Errors: NotReady."""
        while True:
            try:
                status = await self._status(link)
            except ReplyMissing:
                raise NotReady(f"{link.name}: answers neither ~HS nor ~HQES") from None
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

    async def _status(self, link: Link) -> codec.HostStatus | codec.ErrorStatus:
        """~HS, and ~HQES where ~HS stays unanswered as it does while media are out. Errors: NotReady, ReplyMissing."""
        async with self._asking:
            for question, answer in ((codec.HOST_STATUS, codec.HostStatus), (codec.HOST_ERRORS, codec.ErrorStatus)):
                while not self._frames.empty():
                    self._frames.get_nowait()
                await link.write(question)
                try:
                    async with asyncio.timeout(self.config.reply_timeout_s):
                        while (frame := await self._frames.get()) is not None:
                            if isinstance(frame, answer):
                                return frame
                except TimeoutError:
                    continue
                raise NotReady(f"{link.name}: connection lost")
        raise ReplyMissing

    # one job

    async def _before(self, link: Link) -> str:
        """Fault code that forbids sending, or an empty text."""
        status = await self._status(link)
        if isinstance(status, codec.ErrorStatus):
            return status.fault or "printer.not_ready"
        return status.fault

    async def _print(self, link: Link, command: Command) -> CommandResult:
        content = str(command.data["content"])
        labels = max(1, int(command.data.get("labels", 1)))
        try:
            await link.write(content.encode("utf-8"))
            return await self._confirm(link, command.id, labels)
        except (NotReady, ReplyMissing) as error:
            return CommandResult(command.id, "unknown", "printer.state_unknown", str(error) or "printer went silent")

    async def _confirm(self, link: Link, command_id: str, labels: int) -> CommandResult:
        """Watch the counters until they are empty. Errors: NotReady, ReplyMissing."""
        loop, c = asyncio.get_running_loop(), self.config
        limit_s = loop.time() + c.label_timeout_s * labels
        seen_busy, idle_since_s, fault_since_s, fault = False, None, None, ""
        while loop.time() < limit_s:
            status = await self._status(link)
            now_s = loop.time()
            fault = status.fault
            if isinstance(status, codec.HostStatus) and status.idle and not fault:
                idle_since_s = now_s if idle_since_s is None else idle_since_s
                if seen_busy or now_s - idle_since_s >= c.confirm_gap_s:
                    return CommandResult(command_id, "done", data={"labels": labels})
            else:
                idle_since_s = None
                seen_busy = seen_busy or isinstance(status, codec.HostStatus)
            fault_since_s = (fault_since_s or now_s) if fault else None
            if fault_since_s is not None and now_s - fault_since_s >= c.fault_wait_s:
                break
            await asyncio.sleep(c.confirm_every_s)
        # Left in the buffer it would come out when paper is loaded, after the WES has voided it.
        await link.write(codec.CANCEL_ALL)
        return CommandResult(command_id, "unknown", fault or "printer.timeout", "cancelled in the printer")

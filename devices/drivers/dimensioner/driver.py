"""Cubiscan: proves itself by T, measures when asked or by its own gate, reports as a DWS does.

Source: docs/protocols/dimensioner.md.
"""

import asyncio
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from devices.contract import commands
from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged, ParcelMeasured
from devices.drivers.dimensioner import codec
from devices.transports import line
from devices.transports.line import LineNeeds
from devices.transports.link import Link

NEEDS = LineNeeds(bauds=(9600, 1200, 2400, 4800, 19200, 38400), formats=("8N1", "7E1", "7O1"))
GARBAGE_LIMIT = 20


class DimensionerConfig(line.LineConfig):
    reply_timeout_s: float = Field(2.0, gt=0)
    measure_timeout_s: float = Field(10.0, gt=0)
    keep_alive_s: float = Field(5.0, gt=0)
    """T while nothing is measured."""


def _settings(config: dict[str, Any]) -> DimensionerConfig:
    """Errors: ConfigRefused."""
    try:
        return DimensionerConfig.model_validate(config)
    except ValidationError as error:
        raise ConfigRefused(f"dimensioner: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


class DimensionerDriver:
    family: ClassVar[str] = "dimensioner"
    commands: ClassVar[frozenset[str]] = frozenset({commands.MEASURE, commands.ZERO})
    resumable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def check(cls, config: dict[str, Any]) -> None:
        _settings(config).resolved(NEEDS)

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = _settings(config)
        self._link: Link | None = None
        self._ctx: DriverContext | None = None
        self._turn = asyncio.Lock()
        """One command at a time: replies carry no id."""
        self._waiting: tuple[str, asyncio.Future[codec.Frame]] | None = None
        self._command_id: str | None = None
        self._sequence = 0

    async def run(self, ctx: DriverContext) -> None:
        link = await line.connect(self.config, NEEDS)
        self._ctx, self._link = ctx, link
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(ctx, link))
                tasks.create_task(self._watch(ctx, link))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._link = None
            if self._waiting is not None and not self._waiting[1].done():
                self._waiting[1].set_exception(NotReady("connection lost"))
            await link.close()

    async def execute(self, command: Command) -> CommandResult:
        async with self._turn:
            ctx, link = self._ctx, self._link
            if ctx is None or link is None:
                return CommandResult(command.id, "failed", "dimensioner.offline")
            left_s = (command.expires_at - ctx.clock.now()).total_seconds()
            if left_s <= 0:
                return CommandResult(command.id, "expired", "dimensioner.expired")
            letter = {commands.MEASURE: codec.MEASURE, commands.ZERO: codec.ZERO}.get(command.kind)
            if letter is None:
                return CommandResult(command.id, "refused", "dimensioner.unsupported_command", command.kind)
            self._command_id = command.id
            try:
                frame = await self._ask(link, letter, min(left_s, self.config.measure_timeout_s))
            except TimeoutError:
                await link.close()  # a late reply must not be taken for that of the next object
                return CommandResult(command.id, "failed", "dimensioner.timeout", "no reply")
            except NotReady as error:
                return CommandResult(command.id, "failed", "dimensioner.offline", str(error))
            finally:
                self._command_id = None
            if isinstance(frame, codec.Nack):
                return CommandResult(command.id, "failed", frame.reason)
            data: dict[str, Any] = {}
            if isinstance(frame, codec.Measured):
                data = {"sequence": self._sequence, "flags": list(frame.flags)}
            return CommandResult(command.id, "done", data=data)

    async def _ask(self, link: Link, letter: str, limit_s: float) -> codec.Frame:
        """Errors: TimeoutError, NotReady."""
        answer: asyncio.Future[codec.Frame] = asyncio.get_running_loop().create_future()
        self._waiting = letter, answer
        try:
            async with asyncio.timeout(limit_s):
                await link.write(codec.command(letter))
                return await answer
        finally:
            self._waiting = None

    async def _receive(self, ctx: DriverContext, link: Link) -> None:
        decoder, garbage = codec.Decoder(), 0
        while True:
            for frame in decoder.feed(await link.read()):
                garbage = garbage + 1 if isinstance(frame, codec.Garbage) else 0
                if garbage >= GARBAGE_LIMIT:
                    raise NotReady(f"{link.name}: no Cubiscan, or the line settings are wrong: {frame!r}")
                if not garbage:
                    ctx.alive()
                    await self._take_in(ctx, frame)

    async def _take_in(self, ctx: DriverContext, frame: codec.Frame) -> None:
        """Report before anybody is told: a measurement is never lost between two awaits."""
        letter, answer = self._waiting or ("", None)
        if isinstance(frame, codec.Measured):
            mine = frame.asked and letter == codec.MEASURE
            self._sequence += 1
            await ctx.report(
                ParcelMeasured(
                    sequence=self._sequence,
                    length_mm=frame.length_mm,
                    width_mm=frame.width_mm,
                    height_mm=frame.height_mm,
                    weight_g=frame.weight_g,
                    flags=frame.flags,
                    command_id=self._command_id if mine else None,
                )
            )
        else:
            told = frame.command if isinstance(frame, codec.Ack | codec.Nack) else ""
            mine = bool(letter) and told in (letter, "?")
        if mine and answer is not None and not answer.done():
            answer.set_result(frame)

    async def _watch(self, ctx: DriverContext, link: Link) -> None:
        """Test at the start and whenever nothing else is asked; silence is a dead device. Errors: NotReady."""
        told: str | None = None
        while True:
            async with self._turn:
                try:
                    frame = await self._ask(link, codec.TEST, self.config.reply_timeout_s)
                except TimeoutError:
                    raise NotReady(f"{link.name}: no answer to T within {self.config.reply_timeout_s} s") from None
            code = frame.text.strip() if isinstance(frame, codec.Ack) else "N"
            if code != told:
                if told is None or code == "00":
                    ctx.online(f"Cubiscan, test {code}")
                if code != "00":
                    await ctx.report(DeviceStateChanged("fault", f"dimensioner.test_{code}"))
                told = code
            await asyncio.sleep(self.config.keep_alive_s)

"""MT-SICS scale: `@`, identify, clear a left-over tare, then a continuous SIR stream.

States: connecting -> handshake (`@` -> I4, I2, TAC) -> streaming; any loss or silence raises NotReady.
Source: MT-SICS Reference Manual 11781363, level 0 and 1; DEVICES.md 1.2.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from devices.contract.commands import WEIGH, ZERO, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, WeightMeasured
from devices.drivers.scale import codec
from devices.drivers.scale.capture import Pan
from devices.transports import serial, tcp
from devices.transports.link import Link

OUT_OF_RANGE_S = 0.5
"""A load that is dropped overshoots; only a lasting overload is one."""
GARBAGE_LIMIT = 20
"""Bad lines in a row after which the line settings or the protocol must be wrong."""


class ScaleConfig(BaseModel):
    """Either host and port or a serial path."""

    model_config = ConfigDict(extra="forbid")
    host: str | None = None
    port: int | None = Field(None, ge=1, le=65535)
    serial: str | None = None
    baud: int = 9600
    data_bits: int = 8
    parity: str = "N"
    xonxoff: bool = False
    interval_g: int = Field(1, ge=1)
    empty_g: int | None = None
    min_load_g: int | None = None
    serial_number: str | None = None
    """Expected answer of I4: catches swapped cables."""
    capture: str = Field("command", pattern="^(command|auto)$")
    """auto also reports each load unasked, once, when it becomes stable."""
    weigh_timeout_s: float = 10.0
    reply_timeout_s: float = 2.0
    silence_s: float = 2.0
    """A streaming scale sends 7 to 20 lines a second; silence means frozen or half-open."""

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> "ScaleConfig":
        if (self.serial is None) == (self.host is None) or (self.host is not None and self.port is None):
            raise ValueError("give either host and port, or serial")
        return self


class ScaleDriver:
    family: ClassVar[str] = "scale"
    commands: ClassVar[frozenset[str]] = frozenset({WEIGH, ZERO})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self.config = ScaleConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigRefused(f"scale: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        c = self.config
        self._pan = Pan(
            empty_g=2 * c.interval_g if c.empty_g is None else c.empty_g,
            min_load_g=5 * c.interval_g if c.min_load_g is None else c.min_load_g,
        )
        self._link: Link | None = None
        self._ctx: DriverContext | None = None
        self._decoder = codec.Decoder()
        self._changed = asyncio.Condition()
        self._replies: list[codec.Frame] = []
        self._busy = asyncio.Lock()

    async def run(self, ctx: DriverContext) -> None:
        self._ctx, self._decoder = ctx, codec.Decoder()
        link = await self._connect()
        try:
            detail = await self._handshake(link)
            await link.write(codec.command("SIR"))
            self._link = link
            ctx.online(detail)
            await self._stream(ctx, link)
        finally:
            self._link = None
            async with self._changed:
                self._changed.notify_all()
            await link.close()

    async def execute(self, command: Command) -> CommandResult:
        ctx, link = self._ctx, self._link
        if ctx is None or link is None:
            return CommandResult(command.id, "failed", "scale.offline")
        async with self._busy:
            if ctx.clock.now() >= command.expires_at:
                return CommandResult(command.id, "expired", "scale.expired")
            try:
                if command.kind == ZERO:
                    return await self._zero(link, command)
                return await self._weigh(ctx, link, command)
            except NotReady as error:
                return CommandResult(command.id, "failed", "scale.offline", str(error))

    async def _connect(self) -> Link:
        c = self.config
        if c.serial is not None:
            return await serial.connect(c.serial, c.baud, c.data_bits, c.parity, xonxoff=c.xonxoff)
        assert c.host is not None and c.port is not None
        return await tcp.connect(c.host, c.port)

    async def _handshake(self, link: Link) -> str:
        """Return serial number and type. Errors: NotReady, ConfigRefused for another scale than expected."""
        await link.write(codec.command("@"))  # cancels a stream that is still running; its reply is that of I4
        number = " ".join((await self._info(link, "I4")).fields)
        expected = self.config.serial_number
        if expected is not None and number != expected:
            raise ConfigRefused(f"scale {number} answers at {link.name}, expected {expected}")
        await link.write(codec.command("I2"))
        model = " ".join((await self._info(link, "I2")).fields)
        await link.write(codec.command("TAC"))  # a tare left over would be missing from every weight
        await self._read_until(link, lambda f: isinstance(f, codec.Refused) or getattr(f, "id", "") == "TAC")
        return f"{model} #{number}".strip()

    async def _info(self, link: Link, name: str) -> codec.Info:
        frame = await self._read_until(link, lambda f: isinstance(f, codec.Info) and f.id == name)
        assert isinstance(frame, codec.Info)
        return frame

    async def _read_until(self, link: Link, wanted: Callable[[codec.Frame], bool]) -> codec.Frame:
        """Skip late stream lines and noise until the wanted frame."""
        try:
            async with asyncio.timeout(self.config.reply_timeout_s):
                while True:
                    for frame in self._decoder.feed(await link.read()):
                        if wanted(frame):
                            return frame
        except TimeoutError:
            raise NotReady(f"{link.name}: no answer within {self.config.reply_timeout_s} s") from None

    async def _stream(self, ctx: DriverContext, link: Link) -> None:
        garbage, quiet_since_s = 0, self._now_s()
        while True:
            for frame in self._decoder.feed(await link.read(self.config.silence_s)):
                garbage = garbage + 1 if isinstance(frame, codec.Garbage) else 0
                if garbage >= GARBAGE_LIMIT:
                    raise NotReady(f"{link.name}: not MT-SICS, last line {frame!r}")
                if not isinstance(frame, codec.Garbage):
                    ctx.alive()
                if self._take_in(frame):
                    quiet_since_s = self._now_s()
                elif frame == codec.Reply("S", "I"):  # busy, for instance still zeroing: ask again
                    await asyncio.sleep(0.2)
                    await link.write(codec.command("SIR"))
            if self._now_s() - quiet_since_s > self.config.silence_s:
                raise NotReady(f"{link.name}: sends no weights")
            await self._report_unasked(ctx)
            async with self._changed:
                self._changed.notify_all()

    def _take_in(self, frame: codec.Frame) -> bool:
        """Feed the pan or the waiting command; True when the frame was part of the weight stream."""
        if isinstance(frame, codec.Weight) and frame.id == "S":
            self._pan.sample(frame.weight_g, frame.stable, self.config.interval_g, self._now_s())
            return True
        if isinstance(frame, codec.OutOfRange) and frame.id == "S":
            self._pan.out_of_range(frame.over, self._now_s())
            return True
        if isinstance(frame, codec.Refused) or getattr(frame, "id", "S") != "S":
            self._replies.append(frame)
        return False

    async def _report_unasked(self, ctx: DriverContext) -> None:
        if self.config.capture != "auto" or self._pan.seen_unasked:
            return
        weight_g = self._pan.weight_g(self._now_s())
        if weight_g is not None:
            self._pan.seen_unasked = True
            await ctx.report(WeightMeasured(weight_g, self.config.interval_g))

    async def _weigh(self, ctx: DriverContext, link: Link, command: Command) -> CommandResult:
        asked_s = self._now_s()
        limit_s = asked_s + min(self.config.weigh_timeout_s, _left_s(ctx.clock.now(), command.expires_at))
        while (now_s := self._now_s()) < limit_s:
            if self._link is not link:
                return CommandResult(command.id, "failed", "scale.offline", "link lost while weighing")
            out_s, over = self._pan.out_for_s(now_s)
            if min(out_s, now_s - asked_s) >= OUT_OF_RANGE_S:  # the last load's overload is not this one's
                return CommandResult(command.id, "failed", "scale.overload" if over else "scale.underload")
            weight_g = self._pan.weight_g(now_s, not_before_s=asked_s)
            if weight_g is not None:
                self._pan.take()
                await ctx.report(WeightMeasured(weight_g, self.config.interval_g, command.id))
                return CommandResult(command.id, "done", data={"weight_g": weight_g})
            await self._wait_change(limit_s)
        return CommandResult(command.id, "failed", "scale.timeout", self._pan.why_not())

    async def _zero(self, link: Link, command: Command) -> CommandResult:
        self._replies.clear()
        await link.write(codec.command("Z"))
        limit_s = self._now_s() + self.config.weigh_timeout_s
        while self._now_s() < limit_s and self._link is link:
            for reply in self._replies:
                return _zero_result(command.id, reply)
            await self._wait_change(limit_s)
        return CommandResult(command.id, "unknown", "scale.timeout", "no answer to Z")

    async def _wait_change(self, limit_s: float) -> None:
        """Sleep until the stream moved, at most to `limit_s`."""
        try:
            async with asyncio.timeout_at(min(limit_s, self._now_s() + 0.25)), self._changed:
                await self._changed.wait()
        except TimeoutError:
            pass

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


def _left_s(now: datetime, expires_at: datetime) -> float:
    return (expires_at - now).total_seconds()


def _zero_result(command_id: str, reply: codec.Frame) -> CommandResult:
    """`Z A` done; `Z +`/`Z -` beyond the zero range; `Z I` not stable in time."""
    match reply:
        case codec.Reply(id="Z", status="A"):
            return CommandResult(command_id, "done")
        case codec.OutOfRange(id="Z", over=over):
            return CommandResult(command_id, "failed", "scale.overload" if over else "scale.underload")
        case codec.Reply(id="Z"):
            return CommandResult(command_id, "failed", "scale.timeout", "no stable zero")
    return CommandResult(command_id, "failed", "scale.refused", repr(reply))

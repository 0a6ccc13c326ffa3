"""Pick-to-light and put wall on one Atop ABLEPick controller, or behind a Modbus gateway: each press is reported once.

What is lit is remembered until it is pressed or put out, so that a tag or a controller that restarted shows it again.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.contract.commands import LIGHT, LIGHT_OFF, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged, LightConfirmed
from devices.drivers.light import codec, wall
from devices.transports import modbus, tcp
from devices.transports.link import Link

GARBAGE_LIMIT = 20


class LightConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int | None = Field(None, ge=1, le=65535)
    """Default 4660, Modbus 502."""
    protocol: Literal["ablepick", "modbus"] = "ablepick"
    positions: dict[str, int] = Field(min_length=1)
    """Position code -> node address of its tag, 1 to 200; Modbus: 1 to 32."""
    unit_id: int = Field(1, ge=0, le=255)
    poll_ms: int = Field(50, ge=5)
    heartbeat_timeout_s: float = Field(3.0, gt=0)
    """These three for Modbus."""
    status_s: float = Field(2.0, gt=0)
    """How often the controller is asked which tags it reaches."""
    reply_timeout_s: float = Field(2.0, gt=0)
    settle_s: float = Field(0.3, gt=0)
    """The controller answers only what went wrong; silence for so long after a command is success."""


@dataclass(frozen=True, slots=True)
class _Lit:
    command_id: str
    qty: int
    colour: str


class LightDriver:
    family: ClassVar[str] = "light"
    commands: ClassVar[frozenset[str]] = frozenset({LIGHT, LIGHT_OFF})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self.config = LightConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigRefused(f"light: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        tags = list(self.config.positions.values())
        known = codec.TAGS if self.config.protocol == "ablepick" else wall.POSITIONS
        if len(set(tags)) != len(tags) or not set(tags) <= set(known):
            raise ConfigRefused(f"light: positions: each tag once, 1 to {known[-1]}")
        self._position_of = {tag: position for position, tag in self.config.positions.items()}
        poll_s = self.config.poll_ms / 1000
        self._wall = wall.Wall(self._position_of, poll_s, self.config.heartbeat_timeout_s)
        self._lit: dict[int, _Lit] = {}
        self._link: Link | None = None
        self._ctx: DriverContext | None = None
        self._watched: dict[int, asyncio.Future[str]] = {}
        self._answered = asyncio.Event()
        self._missing: frozenset[int] | None = None

    async def run(self, ctx: DriverContext) -> None:
        c = self.config
        if c.protocol == "modbus":
            await self._run_wall(ctx)
            return
        link = await tcp.connect(c.host, c.port or 4660)
        self._ctx, self._missing = ctx, None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(ctx, link))
                tasks.create_task(self._watch(ctx, link))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._link = None
            for waiting in self._watched.values():
                if not waiting.done():
                    waiting.set_result("light.offline")
            await link.close()

    async def _run_wall(self, ctx: DriverContext) -> None:
        c = self.config
        registers = await modbus.connect(c.host, c.port or 502, c.unit_id, c.reply_timeout_s)
        self._ctx = ctx
        try:
            await self._wall.serve(ctx, registers)
        finally:
            self._ctx = None
            registers.close()

    async def execute(self, command: Command) -> CommandResult:
        ctx, link = self._ctx, self._link
        tag = self.config.positions.get(str(command.data.get("position")))
        qty, colour = command.data.get("qty"), command.data.get("colour", "green")
        if tag is None:
            return CommandResult(command.id, "refused", "light.unknown_position", str(command.data.get("position")))
        if command.kind == LIGHT and not (type(qty) is int and 0 < qty < 10**codec.DIGITS and colour in codec.COLOURS):
            return CommandResult(
                command.id, "refused", "light.bad_command", "qty 1 to 999999 and a known colour needed"
            )
        if ctx is None or (link is None and self.config.protocol == "ablepick"):
            return CommandResult(command.id, "failed", "light.offline")
        if ctx.clock.now() >= command.expires_at:
            return CommandResult(command.id, "expired", "light.expired")
        if tag in self._watched:
            return CommandResult(command.id, "refused", "light.busy", "another command for this position is under way")
        if link is None:
            if command.kind == LIGHT and int(qty or 0) > wall.MOST_QTY:
                return CommandResult(command.id, "refused", "light.bad_command", f"at most {wall.MOST_QTY}")
            shown = int(qty or 0) if command.kind == LIGHT else 0
            code = await self._wall.light(tag, command.id, shown, str(colour), self.config.reply_timeout_s)
            return CommandResult(command.id, "failed" if code else "done", code)
        if command.kind == LIGHT:
            assert type(qty) is int
            self._lit[tag] = _Lit(command.id, qty, str(colour))
        else:
            self._lit.pop(tag, None)
        try:
            fault = await self._send(link, tag)
        except NotReady as error:
            fault, self._missing = "light.offline", None
            return CommandResult(command.id, "unknown", fault, str(error))
        if fault:
            self._lit.pop(tag, None)
            outcome = "unknown" if fault == "light.offline" else "failed"
            return CommandResult(command.id, outcome, fault)
        return CommandResult(command.id, "done")

    async def _send(self, link: Link, tag: int) -> str:
        """Bring one tag to what it should show; returns what went wrong. Errors: NotReady."""
        self._watched[tag] = told = asyncio.get_running_loop().create_future()
        try:
            await link.write(self._frames(tag))
            async with asyncio.timeout(self.config.settle_s):
                return await told
        except TimeoutError:
            return ""
        finally:
            del self._watched[tag]

    def _frames(self, tag: int) -> bytes:
        lit = self._lit.get(tag)
        if lit is None:
            return codec.ccb(codec.CLEAR, tag) + codec.ccb(codec.LED_OFF, tag)
        return codec.colour(tag, lit.colour) + codec.show(tag, lit.qty) + codec.ccb(codec.LED_ON, tag)

    async def _receive(self, ctx: DriverContext, link: Link) -> None:
        decoder, garbage = codec.Decoder(), 0
        while True:
            for frame in decoder.feed(await link.read()):
                garbage = garbage + 1 if isinstance(frame, codec.Garbage) else 0
                if garbage >= GARBAGE_LIMIT:
                    raise NotReady(f"{link.name}: no ABLEPick controller: {frame!r}")
                if not garbage:
                    ctx.alive()
                    await self._take_in(ctx, link, frame)

    async def _take_in(self, ctx: DriverContext, link: Link, frame: codec.Frame) -> None:
        match frame:
            case codec.Pressed(tag=tag, qty=qty, short=short) if tag in self._position_of:
                lit = self._lit.pop(tag, None)
                shown = qty if qty is not None else (lit.qty if lit else 0)
                command_id = lit.command_id if lit else None
                await ctx.report(LightConfirmed(self._position_of[tag], shown, short, command_id))
                await link.write(codec.ccb(codec.LED_OFF, tag))
            case codec.TagFault(tag=tag, code=code) if tag in self._watched:
                if not self._watched[tag].done():
                    self._watched[tag].set_result(code)
            case codec.TagReset(tag=tag) if tag in self._lit:
                await link.write(self._frames(tag))
            case codec.Tags(missing=missing):
                await self._reachable(ctx, link, missing & self._position_of.keys())

    async def _reachable(self, ctx: DriverContext, link: Link, missing: frozenset[int]) -> None:
        """Announce by transition; a tag or a connection that came back is shown again what was lit."""
        before, self._missing = self._missing, missing
        self._answered.set()
        if before is None:
            self._link = link
            ctx.online(f"{len(self._position_of) - len(missing)} of {len(self._position_of)} tags")
        back = (before - missing) if before is not None else self._lit.keys() - missing
        for tag in sorted(back & self._lit.keys()):
            await link.write(self._frames(tag))
        if missing != (before or frozenset()):
            names = ", ".join(sorted(self._position_of[tag] for tag in missing))
            detail = f"light.no_tag: {names}" if missing else ""
            await ctx.report(DeviceStateChanged("fault" if missing else "online", detail))

    async def _watch(self, ctx: DriverContext, link: Link) -> None:
        """Ask for the tags; silence is a dead controller. Errors: NotReady."""
        while True:
            self._answered.clear()
            await link.write(codec.ccb(codec.STATUS))
            try:
                async with asyncio.timeout(self.config.reply_timeout_s):
                    await self._answered.wait()
            except TimeoutError:
                raise NotReady(f"{link.name}: no status within {self.config.reply_timeout_s} s") from None
            await asyncio.sleep(self.config.status_s)

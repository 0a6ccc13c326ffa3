"""The driver: connect, prove that it is a tower, keep asking, carry out commands, report presses."""

import asyncio
from typing import Any, ClassVar

from devices.contract.commands import LIGHT, LIGHT_OFF, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, LightConfirmed
from devices.transports import tcp
from devices.transports.link import Link
from signal_tower.codec import COLOURS, Decoder, Line

PING_S, REPLY_S = 1.0, 1.0


class SignalTowerDriver:
    family: ClassVar[str] = "signal_tower"
    commands: ClassVar[frozenset[str]] = frozenset({LIGHT, LIGHT_OFF})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        if set(config) != {"host", "port"} or not isinstance(config["port"], int):
            raise ConfigRefused("signal_tower: give host and port, and nothing else")
        self._host, self._port = str(config["host"]), config["port"]
        self._ctx: DriverContext | None = None
        self._link: Link | None = None
        self._answers: asyncio.Queue[Line] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._lit: dict[str, str] = {}

    async def run(self, ctx: DriverContext) -> None:
        link = await tcp.connect(self._host, self._port)
        self._ctx, self._link, self._answers = ctx, link, asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(ctx, link))
                tasks.create_task(self._ping(ctx, link))
        except ExceptionGroup as group:  # the supervisor knows NotReady, not groups of it
            raise group.exceptions[0] from None
        finally:
            self._link = None
            await link.close()

    async def execute(self, command: Command) -> CommandResult:
        colour, ctx, link = command.data.get("position"), self._ctx, self._link
        if command.kind not in self.commands or colour not in COLOURS:
            return CommandResult(command.id, "refused", "signal_tower.bad_command", f"{command.kind} {colour!r}")
        if ctx is None or link is None:
            return CommandResult(command.id, "failed", "signal_tower.offline")
        if ctx.clock.now() >= command.expires_at:
            return CommandResult(command.id, "expired", "signal_tower.expired")
        on = command.kind == LIGHT
        try:
            answer = await self._ask(link, f"{'ON' if on else 'OFF'} {colour}")
        except NotReady as error:  # it may have been carried out
            return CommandResult(command.id, "unknown", "signal_tower.no_answer", str(error))
        if answer.word != "OK" or answer.colour != colour:
            return CommandResult(command.id, "failed", "signal_tower.refused")
        if on:
            self._lit[colour] = command.id
        else:
            self._lit.pop(colour, None)
        return CommandResult(command.id, "done")

    async def _ask(self, link: Link, line: str) -> Line:
        """One question at a time: answers carry no id. Errors: NotReady."""
        async with self._turn:
            while not self._answers.empty():
                self._answers.get_nowait()
            await link.write(line.encode("ascii") + b"\n")
            try:
                async with asyncio.timeout(REPLY_S):
                    return await self._answers.get()
            except TimeoutError:
                raise NotReady(f"{link.name}: no answer to {line.split()[0]}") from None

    async def _receive(self, ctx: DriverContext, link: Link) -> None:
        decoder = Decoder()
        while True:
            for line in decoder.feed(await link.read()):
                ctx.alive()
                if line.word == "PRESS":
                    await ctx.report(LightConfirmed(line.colour, 1, command_id=self._lit.pop(line.colour, None)))
                else:
                    self._answers.put_nowait(line)

    async def _ping(self, ctx: DriverContext, link: Link) -> None:
        online = False
        while True:
            if (await self._ask(link, "PING")).word == "PONG" and not online:
                online = True
                ctx.online("signal tower")
            await asyncio.sleep(PING_S)

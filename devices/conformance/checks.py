"""What every driver must do, one function a rule; each gets a fresh driver behind a fresh proxy."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from devices.conformance.proxy import Proxy
from devices.conformance.subject import Subject
from devices.contract.clock import Clock, WallClock
from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, Driver, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged, Report, from_data, to_data

LIMIT_S = 20.0
"""For what has to happen at all; generous, because a busy machine is no fault of the driver."""
CANCEL_S = 5.0
NOISE_S = 1.5
OUTCOMES = frozenset({"done", "failed", "unknown", "expired", "refused"})


class Failed(Exception):
    """The driver broke the rule; the text says how."""


class Skipped(Exception):
    """The rule does not apply; the text says why."""


@dataclass(slots=True)
class Context:
    """A gateway in memory. Every report must survive its own wire form."""

    device: str = "conformance"
    clock: Clock = field(default_factory=WallClock)
    reports: list[Report] = field(default_factory=list)
    onlines: int = 0
    alive_s: float = 0.0
    losses: list[str] = field(default_factory=list)
    broken: BaseException | None = None

    async def report(self, report: Report) -> None:
        json.dumps(to_data(report))
        if from_data(report.kind, to_data(report)) != report:
            raise Failed(f"report {report.kind} does not survive its wire form")
        self.reports.append(report)

    def online(self, detail: str = "") -> None:
        self.onlines += 1
        self.alive()

    def alive(self) -> None:
        self.alive_s = asyncio.get_running_loop().time()


@dataclass(slots=True)
class Bench:
    """One driver under test."""

    make: Callable[[dict[str, Any]], Driver]
    subject: Subject
    proxy: Proxy
    ctx: Context
    driver: Driver

    async def until(self, met: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
        """Wait for a condition. Errors: Failed."""
        try:
            async with asyncio.timeout(limit_s):
                while not met():
                    if self.ctx.broken is not None:
                        raise Failed(f"run() raised {self.ctx.broken!r}, expected only NotReady")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Failed(f"{what}: not within {limit_s:g} s; losses so far: {self.ctx.losses[-2:]}") from None

    async def online(self, times: int = 1) -> None:
        await self.until(lambda: self.ctx.onlines >= times, "online" if times == 1 else "online again")

    async def execute(
        self, kind: str, data: dict[str, Any], seconds: float = 15.0, stir: bool = False
    ) -> CommandResult:
        """Give one command and check the shape of its answer. Errors: Failed."""
        command = Command(f"c-{kind}", self.ctx.device, kind, datetime.now(UTC) + timedelta(seconds=seconds), data)
        task = asyncio.create_task(self.driver.execute(command))
        try:
            async with asyncio.timeout(LIMIT_S + max(seconds, 0)):
                if stir:
                    await asyncio.sleep(0)
                    await self.subject.stir(kind)
                result: Any = await task
        except TimeoutError:
            raise Failed(f"{kind}: no answer {LIMIT_S:g} s after it expired") from None
        except Failed:
            raise
        except Exception as error:
            raise Failed(f"{kind}: execute() raised {error!r}") from error
        finally:
            task.cancel()
        if type(result) is not CommandResult or result.command_id != command.id or result.outcome not in OUTCOMES:
            raise Failed(f"{kind}: {result!r} is no answer to {command.id}")
        json.dumps(result.data)
        answer: CommandResult = result
        return answer


@asynccontextmanager
async def bench(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> AsyncIterator[Bench]:
    """A driver that runs through the proxy as the supervisor would run it: NotReady is tried again."""
    proxy, ctx = Proxy(subject.host, subject.port), Context()
    await proxy.start()
    driver = make(subject.config("127.0.0.1", proxy.port))

    async def supervise() -> None:
        while True:
            try:
                await driver.run(ctx)
                ctx.losses.append("run() ended")
            except NotReady as error:
                ctx.losses.append(str(error))
            except Exception as error:
                ctx.broken = error
                return
            await asyncio.sleep(0.05)

    task = asyncio.create_task(supervise())
    try:
        yield Bench(make, subject, proxy, ctx, driver)
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_S)
        await proxy.stop()


async def keeps_the_contract(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """family, commands and resumable are there; resumable is part of commands; run and execute are coroutines."""
    cls: Any = type(make(subject.config(subject.host, subject.port)))
    if not isinstance(cls.family, str) or not cls.family:
        raise Failed("family is no text")
    if not isinstance(cls.commands, frozenset) or not isinstance(cls.resumable, frozenset):
        raise Failed("commands and resumable must be frozensets")
    if stray := cls.resumable - cls.commands:
        raise Failed(f"resumable, but no commands: {sorted(stray)}")
    if not inspect.iscoroutinefunction(cls.run) or not inspect.iscoroutinefunction(cls.execute):
        raise Failed("run and execute must be coroutines")
    if unknown := set(subject.commands) - cls.commands:
        raise Failed(f"the subject commands what the driver does not have: {sorted(unknown)}")
    return f"{cls.family}: {', '.join(sorted(cls.commands)) or 'no commands'}"


async def refuses_bad_configurations(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """The constructor raises ConfigRefused for what cannot work, and nothing else."""
    good = subject.config(subject.host, subject.port)
    bad = [{}, {**good, "no_such_setting": True}, *subject.bad_configs]
    for config in bad:
        try:
            make(config)
        except ConfigRefused:
            continue
        except Exception as error:
            raise Failed(f"{config}: {error!r} instead of ConfigRefused") from error
        raise Failed(f"{config}: accepted")
    return f"{len(bad)} refused"


async def connects(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """Handshake, then signs of life for as long as the device sends them."""
    async with bench(make, subject) as b:
        await b.online()
        first_s = b.ctx.alive_s
        await b.until(lambda: b.ctx.alive_s > first_s, "a sign of life after the handshake", subject.stale_s)
        if b.ctx.losses:
            raise Failed(f"lost before anything happened: {b.ctx.losses}")
    return "online, alive"


async def nobody_there(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """A refused connection is NotReady at once, never a hang and never ConfigRefused."""
    closed = Proxy(subject.host, subject.port)
    await closed.start()
    port = closed.port
    await closed.stop()
    ctx, driver = Context(), make(subject.config("127.0.0.1", port))
    try:
        async with asyncio.timeout(LIMIT_S):
            await driver.run(ctx)
    except NotReady as error:
        return str(error)
    except TimeoutError:
        raise Failed(f"still trying after {LIMIT_S:g} s") from None
    except Exception as error:
        raise Failed(f"{error!r} instead of NotReady") from error
    raise Failed("run() ended without NotReady")


async def survives_a_cut(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """A cut connection is NotReady, and the same driver object connects again."""
    async with bench(make, subject) as b:
        for times in (1, 2, 3):
            await b.online(times)
            if times < 3:
                b.proxy.cut()
                await b.until(lambda times=times: len(b.ctx.losses) >= times, "NotReady after a cut")  # type: ignore[misc]
    return "2 cuts, 3 handshakes"


async def survives_garbage(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """Noise in place of the device's bytes: only NotReady, no report made of it, online again afterwards."""
    async with bench(make, subject) as b:
        await b.online()
        before = len(b.ctx.reports)
        b.proxy.garbage = True
        await asyncio.sleep(NOISE_S)
        made = [r for r in b.ctx.reports[before:] if not isinstance(r, DeviceStateChanged)]
        if made:
            raise Failed(f"made of noise: {made[0]!r}")
        b.proxy.garbage = False
        b.proxy.cut()
        onlines = b.ctx.onlines
        await b.until(lambda: b.ctx.onlines > onlines, "online after noise")
    return "nothing but NotReady"


async def notices_silence(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """Half-open: bytes vanish, the socket stays. No alive() may pretend otherwise."""
    async with bench(make, subject) as b:
        await b.online()
        b.proxy.swallow = True
        await asyncio.sleep(0.2)  # what was already on its way
        swallowed_s = asyncio.get_running_loop().time()
        await asyncio.sleep(subject.stale_s)
        if b.ctx.broken is not None:
            raise Failed(f"run() raised {b.ctx.broken!r}")
        if b.ctx.alive_s > swallowed_s + 0.5:
            raise Failed("alive() was called although the device was silent")
        return b.ctx.losses[-1] if b.ctx.losses else "no alive(): the watchdog sees it"


async def ends_when_cancelled(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """A cancelled run ends soon, online and in the middle of a handshake alike."""
    for swallow in (False, True):
        proxy, ctx = Proxy(subject.host, subject.port), Context()
        proxy.swallow = swallow
        await proxy.start()
        task = asyncio.create_task(make(subject.config("127.0.0.1", proxy.port)).run(ctx))
        try:
            async with asyncio.timeout(LIMIT_S):
                while not (ctx.onlines or task.done()) and not swallow:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=CANCEL_S)
            if not done:
                raise Failed(f"still running {CANCEL_S:g} s after it was cancelled")
        except TimeoutError:
            raise Failed("never online") from None
        finally:
            await proxy.stop()
    return f"within {CANCEL_S:g} s"


async def answers_each_command_once(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """One answer of the contract per command, at most one report that carries its id."""
    if not subject.commands:
        raise Skipped("no commands given")
    said = []
    async with bench(make, subject) as b:
        await b.online()
        for kind, data in subject.commands.items():
            result = await b.execute(kind, data, stir=True)
            if result.outcome != "done":
                raise Failed(f"{kind}: {result.outcome} {result.code} {result.detail}")
            carrying = [r for r in b.ctx.reports if getattr(r, "command_id", None) == result.command_id]
            if len(carrying) > 1:
                raise Failed(f"{kind}: {len(carrying)} reports carry its id")
            said.append(kind)
    return ", ".join(said)


async def never_executes_late(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """A command whose time has passed is not carried out."""
    if not subject.commands:
        raise Skipped("no commands given")
    async with bench(make, subject) as b:
        await b.online()
        for kind, data in subject.commands.items():
            if (result := await b.execute(kind, data, seconds=-1.0)).outcome in ("done", "unknown"):
                raise Failed(f"{kind}: {result.outcome} although it had expired")
    return ", ".join(subject.commands)


async def bears_any_command(make: Callable[[dict[str, Any]], Driver], subject: Subject) -> str:
    """Unknown kinds and unusable data are answered, not raised; so is a command while nobody is connected."""
    offline = make(subject.config(subject.host, subject.port))
    unusable: list[dict[str, Any]] = [{}, {"": None}]
    async with bench(make, subject) as b:
        await b.online()
        if (result := await b.execute("no_such_command", {})).outcome == "done":
            raise Failed("no_such_command: done")
        for kind, good in subject.commands.items():
            for data in (*unusable, {name: object.__name__ for name in good}, dict.fromkeys(good)):
                if data != good and good:
                    result = await b.execute(kind, data, seconds=0.5)
                    if result.outcome == "done":
                        raise Failed(f"{kind}: done with {data}")
        b.driver = offline
        for kind, good in subject.commands.items():
            if (result := await b.execute(kind, good, seconds=0.5)).outcome in ("done", "unknown"):
                raise Failed(f"{kind}: {result.outcome} although never connected")
    return "answered, not raised"


Check = Callable[[Callable[[dict[str, Any]], Driver], Subject], Awaitable[str]]
CHECKS: tuple[Check, ...] = (
    keeps_the_contract,
    refuses_bad_configurations,
    connects,
    nobody_there,
    survives_a_cut,
    survives_garbage,
    notices_silence,
    ends_when_cancelled,
    answers_each_command_once,
    never_executes_late,
    bears_any_command,
)

"""The shape every driver has. Drivers raise; the supervisor alone retries (lesson: two exceptions, one supervisor)."""

from typing import Any, ClassVar, NoReturn, Protocol

from devices.contract.clock import Clock
from devices.contract.commands import Command
from devices.contract.reports import CommandResult, DeviceQuarantined, Report


class NotReady(Exception):
    """The environment: refused connection, silence, bad handshake. The supervisor backs off and tries again."""


class ConfigRefused(Exception):
    """Credentials, firmware or configuration are wrong: retrying cannot help, a person must act."""


class Quarantined(ConfigRefused):
    """The device lies: another identity, a replayed result, a time to come. Only a person lets it back."""


class DriverContext(Protocol):
    """What the gateway gives a driver."""

    device: str
    clock: Clock

    async def report(self, report: Report) -> None:
        """Return only once the report is durable in the spool."""
        ...

    def online(self, detail: str = "") -> None:
        """Handshake finished: resets the supervisor's backoff and announces the device."""
        ...

    def alive(self) -> None:
        """Any good frame: feeds the staleness watchdog."""
        ...


async def quarantine(ctx: DriverContext, reason: str, evidence: dict[str, Any]) -> NoReturn:
    """Report what the device said and stop listening to it. Errors: Quarantined, always."""
    await ctx.report(DeviceQuarantined(reason, evidence))
    raise Quarantined(f"{reason}: " + ", ".join(f"{name} {value}" for name, value in evidence.items()))


class Driver(Protocol):
    """A class may also have `check(config)`, a classmethod raising ConfigRefused without any I/O; see drivers.check."""

    family: ClassVar[str]
    commands: ClassVar[frozenset[str]]
    """Command kinds it executes; the gateway refuses others with `gateway.unsupported_command`."""
    resumable: ClassVar[frozenset[str]]
    """Those of them that may be executed again after the gateway died in the middle: the device itself knows what became
    of them, so nothing happens twice. All others are answered `unknown`."""

    def __init__(self, config: dict[str, Any]) -> None:
        """`config`: the device's own settings (host, port, ...). Errors: ConfigRefused."""
        ...

    async def run(self, ctx: DriverContext) -> None:
        """Connect, handshake, serve until cancelled. Errors: NotReady, ConfigRefused."""
        ...

    async def execute(self, command: Command) -> CommandResult:
        """Carry out one command of an online device; never raises for what the device did."""
        ...

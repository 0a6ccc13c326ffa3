"""One gate reader, whatever it speaks: the transport reads, the gate makes sessions of it."""

from importlib import import_module
from typing import Any, ClassVar, Protocol, cast

from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, DriverContext
from devices.contract.reports import CommandResult
from devices.drivers.rfid_gate.gate import Gate
from devices.drivers.rfid_gate.session import GateRules
from devices.drivers.rfid_gate.setup import GateSetup

TRANSPORTS = {
    "llrp": "llrp:LlrpReader",
    "impinj_iot": "impinj:ImpinjReader",
    "zebra_iotc": "zebra:ZebraReader",
}
"""Each imported only where a reader of it is configured: a small gateway carries no HTTP client it does not need."""


class Transport(Protocol):
    """One way to hear a reader."""

    keys: ClassVar[frozenset[str]]
    """Its own settings, beside those of GateSetup."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Errors: ConfigRefused."""
        ...

    async def run(self, ctx: DriverContext, gate: Gate) -> None:
        """Connect, configure, hand reads and events to `gate` until cancelled. Errors: NotReady, ConfigRefused."""
        ...


class RfidGateDriver:
    """One gate reader. Config: transport (llrp, impinj_iot, zebra_iotc) with that class's keys, settle_ms, max_open_s,
    and the fields of GateRules (outside_antennas, inside_antennas, stray_rssi_dbm, stray_reads, resident, ...).
    """

    family: ClassVar[str] = "rfid_gate"
    commands: ClassVar[frozenset[str]] = frozenset()
    resumable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def check(cls, config: dict[str, Any]) -> None:
        """As the constructor, before the gateway has lent its broker."""
        lent = {"broker": {"host": "the gateway's"}} if config.get("transport") == "zebra_iotc" else {}
        cls({**lent, **config})

    def __init__(self, config: dict[str, Any]) -> None:
        name = config.get("transport", "llrp")
        if name not in TRANSPORTS:
            raise ConfigRefused(f"rfid_gate: transport must be one of {', '.join(TRANSPORTS)}, not {name!r}")
        try:
            self._settle_s = float(config.get("settle_ms", 100)) / 1000
            self._max_open_s = float(config.get("max_open_s", 300))
            self._rules = GateRules.from_config(config)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigRefused(f"rfid_gate: {error!r}") from error
        module, _, cls = TRANSPORTS[name].partition(":")
        made = getattr(import_module(f"devices.drivers.rfid_gate.{module}"), cls)
        self._transport = cast(Transport, made(config))
        # A misspelt setting too is refused: an antenna side that nobody reads would only show as lost pallets.
        known = {"transport", "settle_ms", "max_open_s", "outside_antennas", "inside_antennas"}
        known |= {*self._transport.keys, *GateRules.__dataclass_fields__, *GateSetup.__dataclass_fields__}
        if unknown := sorted(set(config) - (known - {"outside", "inside"})):
            raise ConfigRefused(f"rfid_gate: unknown settings {', '.join(unknown)}")

    async def run(self, ctx: DriverContext) -> None:
        gate = Gate(ctx, self._rules, self._settle_s, self._max_open_s)
        try:
            await self._transport.run(ctx, gate)
        finally:
            await gate.cut()

    async def execute(self, command: Command) -> CommandResult:
        return CommandResult(command.id, "refused", "rfid_gate.no_commands", "a gate reports, it takes no commands")

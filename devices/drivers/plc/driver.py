"""Family `plc`: a sorter by our register map, or a ConveyLinx module, over Modbus TCP."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.contract.commands import DIVERT, Command
from devices.contract.driver import ConfigRefused, DriverContext
from devices.contract.reports import CommandResult
from devices.drivers.plc.conveyor import Conveyor
from devices.drivers.plc.sorter import Sorter
from devices.transports import modbus


class PlcConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = Field(502, ge=1, le=65535)
    unit_id: int = Field(1, ge=0, le=255)
    map: Literal["sorter", "conveylinx"]
    poll_ms: int = Field(50, ge=5)
    timeout_s: float = Field(1.0, gt=0)
    heartbeat_timeout_s: float | None = Field(None, gt=0)
    """Default 2 s for a sorter, 6 s for ConveyLinx, which beats 2 s on and 2 s off."""
    answer_timeout_s: float = Field(1.0, gt=0)
    """How long the PLC may take to look at a decision."""
    model: Literal["ai2", "ersc"] = "ai2"
    address_offset: Literal[-1, 0] = -1
    """The manuals count registers from 1 (4:1500), the wire from 0."""
    zones: tuple[str, str] = ("upstream", "downstream")
    jam_s: float = Field(30.0, gt=0)
    """A zone blocked and stopped for so long without a departure is jammed."""


class PlcDriver:
    family: ClassVar[str] = "plc"
    commands: ClassVar[frozenset[str]] = frozenset({DIVERT})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self.config = c = PlcConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigRefused(f"plc: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        poll_s = c.poll_ms / 1000
        self._machine: Sorter | Conveyor = (
            Sorter(poll_s, c.heartbeat_timeout_s or 2.0, c.answer_timeout_s)
            if c.map == "sorter"
            else Conveyor(c.model, c.address_offset, c.zones, poll_s, c.heartbeat_timeout_s or 6.0, c.jam_s)
        )
        self._ctx: DriverContext | None = None

    async def run(self, ctx: DriverContext) -> None:
        c = self.config
        registers = await modbus.connect(c.host, c.port, c.unit_id, c.timeout_s)
        self._ctx = ctx
        try:
            await self._machine.serve(ctx, registers)
        finally:
            self._ctx = None
            registers.close()

    async def execute(self, command: Command) -> CommandResult:
        if command.kind != DIVERT:
            return CommandResult(command.id, "refused", "plc.unsupported_command", command.kind)
        if not isinstance(self._machine, Sorter):
            return CommandResult(command.id, "failed", "plc.no_diverter", "conveyor zones divert nothing")
        if self._ctx is None:
            return CommandResult(command.id, "failed", "plc.offline")
        return await self._machine.divert(self._ctx, command)

"""Modbus TCP master of one DWS: polls the sequence, takes each result once, acknowledges, watches the heartbeat."""

import asyncio
import logging
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.contract.commands import MEASURE, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.contract.reports import CommandResult, DeviceStateChanged, ParcelMeasured
from devices.drivers.dws.codec import (
    BY_NAME,
    HEAD,
    MAP_VERSION,
    RESULT,
    DwsError,
    Head,
    Result,
    TornRead,
    decode_head,
    decode_result,
    map_crc,
)
from devices.transports import modbus
from devices.transports.modbus import Registers

log = logging.getLogger(__name__)

_TORN_READS = 5
"""A device that still tears the fifth read of one result is broken."""


class DwsConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = Field(502, ge=1, le=65535)
    unit_id: int = Field(1, ge=0, le=255)
    poll_ms: int = Field(50, ge=1)
    timeout_s: float = Field(1.0, gt=0)
    heartbeat_timeout_s: float = Field(3.0, gt=0)


class DwsDriver:
    """One DWS."""

    family: ClassVar[str] = "dws"
    commands: ClassVar[frozenset[str]] = frozenset({MEASURE})
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self.config = DwsConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigRefused(f"dws: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
        self._ctx: DriverContext | None = None
        self._armed: tuple[str, asyncio.Future[Result]] | None = None
        self._taken: int | None = None
        """Sequence last reported: an acknowledgement lost with the connection must not report it twice."""

    async def run(self, ctx: DriverContext) -> None:
        c = self.config
        registers = await modbus.connect(c.host, c.port, c.unit_id, c.timeout_s)
        try:
            self._check_map(decode_head(await registers.read(*HEAD)))
            self._ctx = ctx
            ctx.online(f"DWS register map {MAP_VERSION}")
            await self._poll(registers, ctx)
        except DwsError as error:
            raise NotReady(f"dws.bad_registers: {error}") from error
        finally:
            self._ctx = None
            registers.close()

    async def execute(self, command: Command) -> CommandResult:
        """Wait for the next object; its report carries the command's id."""
        ctx = self._ctx
        if ctx is None:
            return CommandResult(command.id, "failed", "dws.offline", "the device is not connected")
        if self._armed is not None:
            return CommandResult(command.id, "refused", "dws.busy", f"waiting for {self._armed[0]}")
        waiting: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._armed = (command.id, waiting)
        try:
            async with asyncio.timeout((command.expires_at - ctx.clock.now()).total_seconds()):
                result = await waiting
        except TimeoutError:
            return CommandResult(command.id, "failed", "dws.timeout", "nothing was measured in time")
        finally:
            self._armed = None
        return CommandResult(command.id, "done", data={"sequence": result.sequence, "flags": list(result.flags)})

    def _check_map(self, head: Head) -> None:
        if (head.map_version, head.map_crc) != (MAP_VERSION, map_crc()):
            raise ConfigRefused(
                f"dws.map: device has version {head.map_version} CRC {head.map_crc:#06x}, "
                f"driver {MAP_VERSION} {map_crc():#06x}"
            )

    async def _poll(self, registers: Registers, ctx: DriverContext) -> None:
        """Serve until the device falls silent; the master's own heartbeat lets the device notice our absence."""
        loop = asyncio.get_running_loop()
        heartbeat, beat_at, turn = -1, loop.time(), 0
        faults: tuple[str, ...] = ()
        while True:
            head = decode_head(await registers.read(*HEAD))
            if head.sequence == 0 or (heartbeat >= 0 and _behind(head.heartbeat, heartbeat)):
                self._taken = None  # the device started anew and counts from 1 again
            if head.heartbeat != heartbeat:
                heartbeat, beat_at = head.heartbeat, loop.time()
                ctx.alive()
                turn = turn % 0xFFFF + 1
                await registers.write(BY_NAME["master_heartbeat"].address, [turn])
            elif loop.time() - beat_at > self.config.heartbeat_timeout_s:
                raise NotReady(f"dws.heartbeat: unchanged for {self.config.heartbeat_timeout_s} s")
            if head.faults != faults:
                faults = await self._report_faults(ctx, head)
            if head.valid and head.sequence:
                await self._take(registers, ctx, head.sequence)
            await asyncio.sleep(self.config.poll_ms / 1000)

    async def _take(self, registers: Registers, ctx: DriverContext, sequence: int) -> None:
        """Report before acknowledging: a crash between them repeats a result, it never loses one."""
        if sequence != self._taken:
            result = await self._read_result(registers)
            if self._taken and _behind(result.sequence, self._taken):
                evidence = {"sequence": result.sequence, "taken": self._taken, "barcode": result.barcode}
                await quarantine(ctx, "replayed_sequence", evidence)
            if self._taken and result.sequence != self._taken % 0xFFFF + 1:
                log.warning("%s: result %d follows %d, some were lost", ctx.device, result.sequence, self._taken)
            await self._report(ctx, result)
            sequence = self._taken = result.sequence
        await registers.write(BY_NAME["ack_sequence"].address, [sequence])

    async def _report(self, ctx: DriverContext, result: Result) -> None:
        command_id, waiting = self._armed or (None, None)
        await ctx.report(
            ParcelMeasured(
                sequence=result.sequence,
                length_mm=result.length_mm,
                width_mm=result.width_mm,
                height_mm=result.height_mm,
                weight_g=result.weight_g,
                barcode=result.barcode,
                flags=result.flags,
                command_id=command_id,
            )
        )
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    async def _read_result(self, registers: Registers) -> Result:
        """Read until head and tail agree. Errors: NotReady for a device that never settles."""
        for _ in range(_TORN_READS):
            try:
                return decode_result(await registers.read(*RESULT))
            except TornRead as torn:
                log.debug("torn read: %s", torn)
                await asyncio.sleep(0.01)
        raise NotReady(f"dws.torn: {_TORN_READS} torn reads of one result")

    async def _report_faults(self, ctx: DriverContext, head: Head) -> tuple[str, ...]:
        state = "fault" if head.faults else "online"
        await ctx.report(DeviceStateChanged(state, ", ".join(head.faults)))
        return head.faults


def _behind(number: int, last: int) -> bool:
    """Whether a rolling 16-bit number lies before the last one seen."""
    return (last - number) & 0xFFFF in range(1, 0x8000)

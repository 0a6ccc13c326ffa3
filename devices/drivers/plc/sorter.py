"""One sorter by our map: mutual heartbeat, decisions in one write, events taken one by one and acknowledged."""

import asyncio

from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.contract.reports import CommandResult, ConveyorAlarm, DeviceStateChanged, ParcelInducted, ParcelSorted
from devices.drivers.plc import codec
from devices.drivers.plc.codec import SorterStatus
from devices.transports.modbus import Registers


class Sorter:
    """Outlives a connection: what was taken and counted must survive a cut."""

    def __init__(self, poll_s: float, heartbeat_timeout_s: float, answer_timeout_s: float) -> None:
        self._poll_s, self._heartbeat_timeout_s = poll_s, heartbeat_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._registers: Registers | None = None
        self._status: SorterStatus | None = None
        self._taken = self._boot = -1
        self._lost: int | None = None
        self._number = 0
        self._alarms: set[tuple[str, str]] = set()
        self._state = ""
        self._turn = asyncio.Lock()
        self._cycle = asyncio.Condition()

    async def serve(self, ctx: DriverContext, registers: Registers) -> None:
        """Errors: NotReady, ConfigRefused, Quarantined."""
        status = await self._read(registers)
        if (status.map_version, status.map_crc) != (codec.SORTER.version, codec.SORTER.crc):
            raise ConfigRefused(
                f"plc.map: device has version {status.map_version} CRC {status.map_crc:#06x}, "
                f"driver {codec.SORTER.version} {codec.SORTER.crc:#06x}"
            )
        self._number, self._registers, self._state = status.ack_number, registers, ""
        ctx.online(f"sorter, {status.lanes} lanes, default lane {status.default_lane}")
        try:
            await self._cycles(ctx, registers)
        finally:
            self._registers = self._status = None
            async with self._cycle:
                self._cycle.notify_all()

    async def divert(self, ctx: DriverContext, command: Command) -> CommandResult:
        """Hand over one decision; whether the PLC took it in time is its answer, never a guess."""
        data = command.data
        try:
            parcel, lane, reference = data["sequence"], data["lane"], data.get("parcel", "")
            if type(parcel) is not int or type(lane) is not int or not isinstance(reference, str):
                raise codec.PlcError("sequence and lane are numbers, parcel is a text")
            codec.encode_decision(parcel, lane, reference, 0)
        except (KeyError, codec.PlcError) as error:
            return CommandResult(command.id, "refused", "plc.bad_command", str(error))
        async with self._turn:
            registers, status = self._registers, self._status
            if registers is None or status is None:
                return CommandResult(command.id, "failed", "plc.offline")
            if ctx.clock.now() >= command.expires_at:
                return CommandResult(command.id, "expired", "plc.expired")
            if not status.ready:
                code = "plc.e_stop" if status.e_stop else "plc.not_automatic"
                return CommandResult(command.id, "failed", code, codec.MODES.get(status.mode, str(status.mode)))
            self._number = self._number % 0xFFFF + 1
            try:
                await registers.write(codec.COMMAND[0], codec.encode_decision(parcel, lane, reference, self._number))
                result = await self._answer(registers)
            except NotReady as error:
                return CommandResult(command.id, "unknown", "plc.no_answer", str(error))
        code = codec.ANSWERS.get(result, "plc.refused")
        if code:
            return CommandResult(command.id, "failed", code, f"lane {lane}, default lane {status.default_lane}")
        return CommandResult(command.id, "done", data={"lane": lane, "sequence": parcel})

    async def _answer(self, registers: Registers) -> int:
        """Errors: NotReady when the connection or the PLC's answer is missing."""
        try:
            async with asyncio.timeout(self._answer_timeout_s), self._cycle:
                while self._status is None or self._status.ack_number != self._number:
                    if self._registers is not registers:
                        raise NotReady("connection lost")
                    await self._cycle.wait()
                return self._status.ack_result
        except TimeoutError:
            raise NotReady(f"no answer within {self._answer_timeout_s} s") from None

    async def _cycles(self, ctx: DriverContext, registers: Registers) -> None:
        loop = asyncio.get_running_loop()
        beat, beat_s, master = -1, loop.time(), 0
        while True:
            status = await self._read(registers)
            if status.heartbeat != beat:
                beat, beat_s = status.heartbeat, loop.time()
                ctx.alive()
            elif loop.time() - beat_s > self._heartbeat_timeout_s:
                raise NotReady(f"plc.heartbeat: unchanged for {self._heartbeat_timeout_s} s")
            self._status = status
            async with self._cycle:
                self._cycle.notify_all()
            await self._watch(ctx, status)
            await self._take(ctx, status)
            master = master % 0xFFFF + 1
            await registers.write(codec.MASTER[0], [max(self._taken, 0), master])
            await asyncio.sleep(self._poll_s)

    async def _read(self, registers: Registers) -> SorterStatus:
        try:
            return codec.decode_sorter(await registers.read(*codec.STATUS))
        except codec.PlcError as error:
            raise NotReady(f"plc.bad_registers: {error}") from error

    async def _watch(self, ctx: DriverContext, status: SorterStatus) -> None:
        """Conditions by transition: each is told once when it comes and once when it goes."""
        now = {(str(lane), "jam") for lane in codec.bits(status.jam)}
        now |= {(str(lane), "lane_full") for lane in codec.bits(status.lane_full)}
        now |= {(str(circuit), "e_stop") for circuit in codec.bits(status.e_stop)}
        for zone, code in sorted(now ^ self._alarms):
            await ctx.report(ConveyorAlarm(zone, code, (zone, code) in now))
        self._alarms = now
        if self._lost is not None and status.events_lost != self._lost:
            gone = (status.events_lost - self._lost) & 0xFFFF
            await ctx.report(ConveyorAlarm("", "events_lost", True, f"{gone} events"))
        self._lost = status.events_lost
        state = "" if status.ready else ("e_stop" if status.e_stop else codec.MODES.get(status.mode, "unknown"))
        if state != self._state:
            self._state = state
            await ctx.report(DeviceStateChanged("fault" if state else "online", f"plc.{state}" if state else ""))

    async def _take(self, ctx: DriverContext, status: SorterStatus) -> None:
        """Report before acknowledging: a crash between them repeats an event, it never loses one."""
        event = status.event
        if status.boot_count != self._boot:
            self._boot, self._taken = status.boot_count, -1
        if event is None or event.number == self._taken:
            return
        if self._taken >= 0 and codec.behind(event.number, self._taken):
            evidence = {"event": event.number, "taken": self._taken, "parcel": event.parcel, "barcode": event.barcode}
            await quarantine(ctx, "replayed_sequence", evidence)
        if event.kind == codec.INDUCTED:
            await ctx.report(ParcelInducted(event.parcel, event.barcode, event.deadline_ms))
        else:
            await ctx.report(ParcelSorted(event.parcel, event.lane, event.result, event.barcode))
        self._taken = event.number

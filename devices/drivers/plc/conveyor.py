"""Two conveyor zones of one ConveyLinx module: counters, not pulses, so that no load is missed between two polls."""

import asyncio

from devices.contract.driver import DriverContext, NotReady
from devices.contract.reports import ConveyorAlarm, DeviceStateChanged, ZonePassed
from devices.drivers.plc import codec
from devices.drivers.plc.codec import ModuleState, ZoneState
from devices.transports.modbus import Registers

MOST_PER_S, MOST_AT_ONCE = 5, 100
"""Loads that one zone can pass; a counter that jumps further was reset, not counted."""


class Conveyor:
    """Outlives a connection: its counters tell what passed while it was away."""

    def __init__(
        self, model: str, offset: int, zones: tuple[str, str], poll_s: float, heartbeat_timeout_s: float, jam_s: float
    ) -> None:
        self._model, self._offset, self._zones = model, offset, zones
        self._poll_s, self._heartbeat_timeout_s, self._jam_s = poll_s, heartbeat_timeout_s, jam_s
        self._counts: dict[str, tuple[ZoneState, float]] = {}
        self._blocked_since_s: dict[str, float] = {}
        self._alarms: set[tuple[str, str]] = set()
        self._stopped = ""

    async def serve(self, ctx: DriverContext, registers: Registers) -> None:
        """Errors: NotReady, ConfigRefused."""
        module = await self._beating(registers)
        loop = asyncio.get_running_loop()
        for zone, state in zip(self._zones, (module.upstream, module.downstream), strict=True):
            self._counts.setdefault(zone, (state, loop.time()))
        ctx.online(f"ConveyLinx {self._model}, zones {' and '.join(self._zones)}")
        self._stopped = ""
        beat, beat_s = False, loop.time()
        while True:
            module = await self._read(registers)
            if module.beat != beat:
                beat, beat_s = module.beat, loop.time()
                ctx.alive()
            elif loop.time() - beat_s > self._heartbeat_timeout_s:
                raise NotReady(f"plc.heartbeat: unchanged for {self._heartbeat_timeout_s} s")
            for zone, state in zip(self._zones, (module.upstream, module.downstream), strict=True):
                await self._count(ctx, zone, state, loop.time())
            await self._watch(ctx, module, loop.time())
            await asyncio.sleep(self._poll_s)

    async def _beating(self, registers: Registers) -> ModuleState:
        """The heartbeat must move before anything is believed: one register off, all words are other words."""
        first = (await self._read(registers)).beat
        try:
            async with asyncio.timeout(self._heartbeat_timeout_s):
                while (module := await self._read(registers)).beat == first:
                    await asyncio.sleep(self._poll_s)
                return module
        except TimeoutError:
            raise NotReady("plc.heartbeat: does not move, is address_offset right?") from None

    async def _read(self, registers: Registers) -> ModuleState:
        zpa = await registers.read(codec.ZPA[0] + self._offset, codec.ZPA[1])
        more = None
        if self._model == "ersc":
            more = await registers.read(codec.PLC_IO[0] + self._offset, codec.PLC_IO[1])
        try:
            return codec.decode_module(zpa, more)
        except codec.PlcError as error:
            raise NotReady(f"plc.bad_registers: {error}") from error

    async def _count(self, ctx: DriverContext, zone: str, now: ZoneState, now_s: float) -> None:
        last, last_s = self._counts[zone]
        most = int(MOST_AT_ONCE + MOST_PER_S * (now_s - last_s))
        passed = [
            codec.counted(now.arrivals, last.arrivals, most),
            codec.counted(now.departures, last.departures, most),
        ]
        if None in passed:  # the module started anew: what it counted since is real, what it counted before is gone
            await ctx.report(ConveyorAlarm(zone, "counter_reset", True, f"arrivals {last.arrivals} -> {now.arrivals}"))
            passed = [codec.counted(now.arrivals, 0, most), codec.counted(now.departures, 0, most)]
        arrived, departed = passed[0] or 0, passed[1] or 0
        if arrived or departed:
            await ctx.report(ZonePassed(zone, arrived, departed))
        self._counts[zone] = now, now_s
        if now.status != "blocked" or departed:
            self._blocked_since_s.pop(zone, None)
        else:
            self._blocked_since_s.setdefault(zone, now_s)

    async def _watch(self, ctx: DriverContext, module: ModuleState, now_s: float) -> None:
        now = {(zone, "jam") for zone, since_s in self._blocked_since_s.items() if now_s - since_s >= self._jam_s}
        now |= {("", cause) for cause in module.stops}
        for zone, code in sorted(now ^ self._alarms):
            await ctx.report(ConveyorAlarm(zone, code, (zone, code) in now))
        self._alarms = now
        stopped = ", ".join(f"plc.{cause}" for cause in module.stops)
        if stopped != self._stopped:
            self._stopped = stopped
            await ctx.report(DeviceStateChanged("fault" if stopped else "online", stopped))

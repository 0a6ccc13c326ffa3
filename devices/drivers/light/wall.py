"""A put wall behind a Modbus TCP gateway by our own map: levels and counters, so that nothing is lost between two polls.

Made for controllers that run rules over their own lights, such as a Banner DXM with PICK-IQ lights: every light has a
register that says what it should show and a counter of its presses.
"""

import asyncio

from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import DeviceStateChanged, LightConfirmed
from devices.transports import registers as maps
from devices.transports.modbus import Registers

MAP = maps.load("devices.drivers.light", "wall.yaml")
POSITIONS = range(1, MAP.by_name["asked"].words + 1)
COLOURS = {"red": 1, "green": 2, "orange": 3, "blue": 4, "pink": 5, "cyan": 6}
MOST_QTY = 4095
_STATUS = MAP.block("map_version", "shown")
_MOST_PRESSES = 20
"""Between two polls; more is a counter that began anew."""


class Wall:
    """Outlives a connection: what is lit and how often each button was pressed."""

    def __init__(self, positions: dict[int, str], poll_s: float, heartbeat_timeout_s: float) -> None:
        self._positions, self._poll_s, self._heartbeat_timeout_s = positions, poll_s, heartbeat_timeout_s
        self._lit: dict[int, tuple[str, int, int]] = {}
        """Position -> (command id, quantity, word)."""
        self._presses: dict[int, int] = {}
        self._missing: set[int] = set()
        self._registers: Registers | None = None
        self._shown: list[int] = []
        self._cycle = asyncio.Condition()

    async def serve(self, ctx: DriverContext, registers: Registers) -> None:
        """Errors: NotReady, ConfigRefused."""
        words = await registers.read(*_STATUS)
        if words[:2] != [MAP.version, MAP.crc]:
            raise ConfigRefused(f"light.map: device has version {words[0]} CRC {words[1]:#06x}, driver {MAP.crc:#06x}")
        loop = asyncio.get_running_loop()
        beat, beat_s = words[2], loop.time()
        self._presses = self._presses or {n: self._word(words, "presses", n) for n in self._positions}
        self._registers = registers
        ctx.online(f"wall of {len(self._positions)} positions")
        try:
            while True:
                await self._show(registers, words)
                await self._count(ctx, words)
                await self._watch(ctx, words)
                async with self._cycle:
                    self._shown = words
                    self._cycle.notify_all()
                await asyncio.sleep(self._poll_s)
                words = await registers.read(*_STATUS)
                if words[2] != beat:
                    beat, beat_s = words[2], loop.time()
                    ctx.alive()
                elif loop.time() - beat_s > self._heartbeat_timeout_s:
                    raise NotReady(f"light.heartbeat: unchanged for {self._heartbeat_timeout_s} s")
        finally:
            self._registers = None
            async with self._cycle:
                self._cycle.notify_all()

    async def light(self, position: int, command_id: str, qty: int, colour: str, limit_s: float) -> str:
        """Light or (quantity 0) put out one position; returns the code of what went wrong."""
        if self._registers is None:
            return "light.offline"
        if qty:
            self._lit[position] = command_id, qty, COLOURS[colour] << 12 | qty
        else:
            self._lit.pop(position, None)
        wanted, self._shown = self._wanted(position), []
        try:
            async with asyncio.timeout(limit_s), self._cycle:
                while not self._shown or self._word(self._shown, "shown", position) != wanted:
                    if position in self._missing or self._registers is None:
                        break
                    await self._cycle.wait()
                else:
                    return ""
        except TimeoutError:
            self._lit.pop(position, None)
            return "light.no_tag"
        self._lit.pop(position, None)
        return "light.no_tag" if position in self._missing else "light.offline"

    def _wanted(self, position: int) -> int:
        return self._lit[position][2] if position in self._lit else 0

    @staticmethod
    def _word(words: list[int], name: str, position: int) -> int:
        return words[MAP.by_name[name].address + position - 1]

    async def _show(self, registers: Registers, words: list[int]) -> None:
        """Write what differs: a gateway or light that restarted shows it again."""
        for position in self._positions:
            if self._word(words, "shown", position) != (wanted := self._wanted(position)):
                await registers.write(MAP.by_name["asked"].address + position - 1, [wanted])

    async def _count(self, ctx: DriverContext, words: list[int]) -> None:
        for position, name in self._positions.items():
            now = self._word(words, "presses", position)
            pressed = (now - self._presses[position]) & 0xFFFF
            self._presses[position] = now
            if not 0 < pressed <= _MOST_PRESSES:
                continue
            command_id, qty, _ = self._lit.pop(position, (None, 0, 0))
            await ctx.report(LightConfirmed(name, qty, command_id=command_id))

    async def _watch(self, ctx: DriverContext, words: list[int]) -> None:
        bits = words[3] << 16 | words[4]
        missing = {position for position in self._positions if bits >> (position - 1) & 1}
        if missing != self._missing:
            self._missing = missing
            detail = ", ".join(sorted(self._positions[position] for position in missing))
            state = "fault" if missing else "online"
            await ctx.report(DeviceStateChanged(state, f"light.no_tag: {detail}" if missing else ""))

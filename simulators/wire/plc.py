"""A sorter's PLC by the product's published map, and a ConveyLinx zone controller by its maker's manuals.

The addresses are written out here, so that a mistake in the product's table shows on the wire.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from simulators.wire.kept import Kept
from simulators.wire.modbus import ModbusBank

# docs/protocols/plc.md, sorter map version 1.
MAP_VERSION, MAP_CRC = 1, 0x8ACF
VERSION, CRC, BOOT, BEAT, MODE, E_STOP, JAM, FULL, LANES, DEFAULT = range(10)
ACK_NUMBER, ACK_RESULT, LOST = 10, 11, 12
EVENT, KIND, PARCEL, LANE, RESULT, DEADLINE, BARCODE, TAIL = 13, 14, 15, 16, 17, 18, 19, 51
CMD_PARCEL, CMD_LANE, CMD_NUMBER, EVENT_ACK, MASTER = 60, 61, 78, 79, 80
ACCEPTED, LATE, UNKNOWN_LANE, LANE_FULL, NOT_AUTOMATIC, UNKNOWN_PARCEL = range(1, 7)
DIVERTED, WENT_LATE, NO_DECISION, WENT_FULL, GONE, NO_MASTER = range(1, 7)
AUTOMATIC, MANUAL, WITHOUT_MASTER = 1, 2, 4
EVENTS_KEPT = 64


@dataclass(slots=True)
class _Travelling:
    barcode: str
    lane: int | None = None
    late: bool = False


@dataclass(slots=True)
class SorterFaults:
    """Switches of what goes wrong; all may be changed at any time."""

    heartbeat_frozen: bool = False
    deaf: bool = False
    """Decisions are written but never looked at."""
    torn: bool = False
    """Events are shown with a tail that does not fit."""


class SorterSim:
    """One sorter: scanner, `travel_s` of belt (shortened by `factor`), diverters, a default lane."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        factor: float = 1.0,
        lanes: int = 8,
        default_lane: int = 8,
        travel_s: float = 2.0,
        watchdog_s: float = 2.0,
    ) -> None:
        self.factor, self.travel_s, self.watchdog_s, self.default_lane = factor, travel_s, watchdog_s, default_lane
        self.faults = SorterFaults()
        self.went: list[tuple[str, int]] = Kept()
        """(barcode, lane) of every parcel in the order in which it left the belt."""
        self.decisions = 0
        self.on_left: Callable[[int, int], None] | None = None
        """Told of each parcel that leaves the belt: its number and its lane."""
        self.on_decided: Callable[[int], None] | None = None
        """Told of each decision that was accepted: the parcel's number."""
        self._belt: dict[int, _Travelling] = {}
        self._events: deque[list[int]] = deque()
        self._parcel = 0
        self._master_s = -1e9
        self._tasks: set[asyncio.Task[None]] = set()
        self._bank = ModbusBank(host, port, 81, writable=range(CMD_PARCEL, MASTER + 1), wrote=self._wrote)
        self._words = self._bank.words
        self._words[VERSION], self._words[CRC], self._words[LANES] = MAP_VERSION, MAP_CRC, lanes
        self._words[BOOT], self._words[MODE], self._words[DEFAULT] = 1, AUTOMATIC, default_lane

    @property
    def host(self) -> str:
        return self._bank.host

    @property
    def port(self) -> int:
        return self._bank.port

    async def start(self) -> None:
        await self._bank.start()
        self._later(self._beat())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._bank.stop()

    @property
    def bank(self) -> ModbusBank:
        return self._bank

    def cut(self) -> None:
        self._bank.cut()

    def induct(self, barcode: str) -> int:
        """A parcel passes the scanner; returns the number the PLC gives it."""
        self._parcel = self._parcel % 0xFFFF + 1
        self._belt[self._parcel] = _Travelling(barcode)
        deadline_ms = min(int(self.travel_s / self.factor * 1000), 0xFFFF)
        self._event(1, self._parcel, deadline_ms=deadline_ms, barcode=barcode)
        self._later(self._travel(self._parcel))
        return self._parcel

    def e_stop(self, circuit: int = 1, on: bool = True) -> None:
        self._bit(E_STOP, circuit, on)

    def jam(self, lane: int, on: bool = True) -> None:
        self._bit(JAM, lane, on)

    def lane_full(self, lane: int, on: bool = True) -> None:
        self._bit(FULL, lane, on)

    def set_mode(self, mode: int) -> None:
        self._words[MODE] = mode

    def reboot(self) -> None:
        """Power cycle: the belt is forgotten, numbers begin again, connections are cut."""
        self._words[BOOT] += 1
        for address in (BEAT, EVENT, TAIL, ACK_NUMBER, ACK_RESULT, LOST, CMD_NUMBER):
            self._words[address] = 0
        self._belt.clear()
        self._events.clear()
        self._parcel = 0
        self.cut()

    def replay(self) -> None:
        """Show an older event number again."""
        self._words[EVENT] = self._words[TAIL] = self._words[EVENT] - 1

    def _bit(self, address: int, number: int, on: bool) -> None:
        bit = 1 << (number - 1)
        self._words[address] = self._words[address] | bit if on else self._words[address] & ~bit

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            if not self.faults.heartbeat_frozen:
                self._words[BEAT] = (self._words[BEAT] + 1) & 0xFFFF
            alone = asyncio.get_running_loop().time() - self._master_s > self.watchdog_s
            if self._words[MODE] in (AUTOMATIC, WITHOUT_MASTER):
                self._words[MODE] = WITHOUT_MASTER if alone and self._master_s > 0 else AUTOMATIC

    async def _travel(self, number: int) -> None:
        await asyncio.sleep(self.travel_s / self.factor)
        while self._words[E_STOP]:
            await asyncio.sleep(0.01)
        parcel = self._belt.pop(number, None)
        if parcel is None:
            return
        lane, result = parcel.lane, DIVERTED
        if self._words[MODE] == WITHOUT_MASTER:
            lane, result = self.default_lane, NO_MASTER
        elif lane is None:
            lane, result = self.default_lane, NO_DECISION
        elif self._words[FULL] >> (lane - 1) & 1:
            lane, result = self.default_lane, WENT_FULL
        self.went.append((parcel.barcode, lane))
        if self.on_left is not None:
            self.on_left(number, lane)
        self._event(2, number, lane=lane, result=result, barcode=parcel.barcode)

    def _event(
        self, kind: int, parcel: int, *, lane: int = 0, result: int = 0, deadline_ms: int = 0, barcode: str = ""
    ) -> None:
        raw = barcode.encode("ascii", "replace")[:64].ljust(64, b"\0")
        code = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, 64, 2)]
        if len(self._events) >= EVENTS_KEPT:
            self._words[LOST] = (self._words[LOST] + 1) & 0xFFFF
            return
        self._events.append([kind, parcel, lane, result, deadline_ms, *code])
        if len(self._events) == 1:
            self._show()

    def _show(self) -> None:
        number = self._words[EVENT] % 0xFFFF + 1
        self._words[KIND : BARCODE + 32] = self._events[0]
        self._words[TAIL] = number - 1 if self.faults.torn else number
        self._words[EVENT] = number

    def _wrote(self, address: int, values: list[int]) -> None:
        last = address + len(values) - 1
        if last >= MASTER:
            self._master_s = asyncio.get_running_loop().time()
        if address <= EVENT_ACK <= last and self._events and self._words[EVENT_ACK] == self._words[EVENT]:
            self._events.popleft()
            if self._events:
                self._show()
        if address <= CMD_NUMBER <= last and not self.faults.deaf:
            self._decide()

    def _decide(self) -> None:
        self.decisions += 1
        parcel, lane = self._belt.get(self._words[CMD_PARCEL]), self._words[CMD_LANE]
        if self._words[MODE] != AUTOMATIC:
            result = NOT_AUTOMATIC
        elif parcel is None:
            result = LATE if 0 < self._words[CMD_PARCEL] <= self._parcel else UNKNOWN_PARCEL
        elif not 1 <= lane <= self._words[LANES]:
            result = UNKNOWN_LANE
        elif self._words[FULL] >> (lane - 1) & 1:
            result = LANE_FULL
        else:
            parcel.lane, result = lane, ACCEPTED
            if self.on_decided is not None:
                self.on_decided(self._words[CMD_PARCEL])
        self._words[ACK_RESULT] = result
        self._words[ACK_NUMBER] = self._words[CMD_NUMBER]


class ConveyLinxSim:
    """One ConveyLinx-Ai2 module of two zones: 4:1500-4:1520 of the Ai2 user's guide, first register at PDU 1499."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, factor: float = 1.0) -> None:
        self.factor = factor
        self.heartbeat_frozen = False
        self._bank = ModbusBank(host, port, 21, first=1499)
        self._words = self._bank.words
        self._words[0] = self._words[1] = 1
        self._beat: asyncio.Task[None] | None = None

    @property
    def host(self) -> str:
        return self._bank.host

    @property
    def port(self) -> int:
        return self._bank.port

    @property
    def bank(self) -> ModbusBank:
        return self._bank

    async def start(self) -> None:
        await self._bank.start()
        self._beat = asyncio.create_task(self._heartbeat())

    async def stop(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        await self._bank.stop()

    def cut(self) -> None:
        self._bank.cut()

    def arrive(self, zone: int, loads: int = 1) -> None:
        """Loads enter zone 0 (upstream) or 1 (downstream)."""
        self._count(2 + 2 * zone, loads)
        self._words[zone] = 2

    def depart(self, zone: int, loads: int = 1) -> None:
        self._count(3 + 2 * zone, loads)
        self._words[zone] = 1

    def block(self, zone: int) -> None:
        """Something stands on the photo-eye and the motor is off."""
        self._words[zone] = 5

    def set_counters(self, value: int) -> None:
        self._words[2:6] = [value] * 4

    def stop_cause(self, bit: int, on: bool = True) -> None:
        self._words[20] = self._words[20] | 1 << bit if on else self._words[20] & ~(1 << bit)

    def reboot(self) -> None:
        """Power cycle: counters begin at 0, connections are cut."""
        self.set_counters(0)
        self.cut()

    def _count(self, index: int, loads: int) -> None:
        self._words[index] = (self._words[index] + loads) & 0xFFFF

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(2.0 / self.factor)
            if not self.heartbeat_frozen:
                self._words[18] ^= 1 << 15

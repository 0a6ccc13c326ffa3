"""A dimension-weigh-scan station as a Modbus TCP server with the product's published register map."""

import asyncio
import contextlib
from collections import deque
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

# docs/protocols/dws.md, map version 1; written out here so that a mistake in the product's table shows on the wire.
MAP_VERSION, MAP_CRC = 1, 0x29C9
(VERSION, CRC, HEARTBEAT, DEVICE_STATUS, SEQUENCE, VALID, STATUS, LENGTH, WIDTH, HEIGHT, WEIGHT, BARCODE) = (
    *range(11),
    12,
)
BARCODE_WORDS = 32
TAIL, ACK, MASTER_HEARTBEAT = 44, 50, 51
_WORDS = 52
_READY, _FAULT, _E_STOP = 1, 2, 4
_BITS = {
    "no_read": 1,
    "multi_read": 2,
    "dim_invalid": 4,
    "weight_unstable": 8,
    "overload": 16,
    "multiple_objects": 32,
    "not_legal_for_trade": 64,
}
_BEAT_S = 0.5
_BELT_STEP_S = 0.01
"""The belt moves in steps, by no more than two of them at a time: it stands still while this process does."""
_TRANSIT_S = 1.0
"""Physical time of one object through the frame: an inline DWS does 2,000 to 3,600 an hour."""


class DwsSim:
    """One DWS. `factor` speeds up the object's transit; the heartbeat runs at wall time."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, factor: float = 1.0, unit_id: int = 1) -> None:
        self.host, self.port, self.factor = host, port, factor
        self.no_read = False
        """The camera reads nothing."""
        self.multi = False
        """Two objects in the frame: sizes are of the heap, the result is not legal for trade."""
        self.heartbeat_frozen = False
        self.tear_reads = 0
        """So many of the next reads see the new head and the old rest."""
        self.presented = 0
        self._unit_id = unit_id
        self._registers = [0] * _WORDS
        self._registers[VERSION], self._registers[CRC] = MAP_VERSION, MAP_CRC
        self._registers[DEVICE_STATUS] = _READY
        self._previous = list(self._registers)
        self._acknowledged = asyncio.Event()
        self._frame = asyncio.Lock()
        self._server: ModbusTcpServer | None = None
        self._beat: asyncio.Task[None] | None = None
        self.reads: deque[int] = deque(maxlen=1000)
        """Start addresses of the last reads."""

    async def start(self) -> None:
        memory = SimData(0, count=_WORDS, values=0, datatype=DataType.REGISTERS)
        devices = [SimDevice(self._unit_id, simdata=memory, action=self._access)]
        # Unit 0 answers for every other id; without it pymodbus logs a traceback for a wrong one.
        devices.append(SimDevice(0, simdata=memory, action=self._wrong_unit))
        self._server = ModbusTcpServer(devices, address=(self.host, self.port))
        await self._server.serve_forever(background=True)
        listener = cast(asyncio.Server, self._server.transport)
        self.port = listener.sockets[0].getsockname()[1]
        self._beat = asyncio.create_task(self._heartbeat())

    async def stop(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        if self._server is not None:
            self.cut()
            self._server.close()

    async def present(
        self,
        length_mm: int,
        width_mm: int,
        height_mm: int,
        weight_g: int,
        barcode: str = "",
        flags: tuple[str, ...] = (),
        ack_timeout_s: float = 10.0,
    ) -> bool:
        """Move one object through the frame and wait for the master to take the result; False when it never did."""
        async with self._frame:
            await asyncio.sleep(_TRANSIT_S / self.factor)
            marked = set(flags)
            if self.no_read:
                barcode, marked = "", marked | {"no_read"}
            if self.multi:
                marked |= {"multiple_objects", "not_legal_for_trade"}
            self._publish(length_mm, width_mm, height_mm, weight_g, barcode, marked)
            try:
                async with asyncio.timeout(ack_timeout_s):
                    await self._acknowledged.wait()
            except TimeoutError:
                return False
            return True

    def show(
        self,
        length_mm: int,
        width_mm: int,
        height_mm: int,
        weight_g: int,
        barcode: str = "",
        flags: tuple[str, ...] = (),
    ) -> None:
        """Inline: the result of an object that has passed, whatever the master did with the one before."""
        self._publish(length_mm, width_mm, height_mm, weight_g, barcode, set(flags))

    def _publish(
        self, length_mm: int, width_mm: int, height_mm: int, weight_g: int, barcode: str, flags: set[str]
    ) -> None:
        self._previous = list(self._registers)
        self._acknowledged.clear()
        self.presented += 1
        registers = self._registers
        sequence = registers[SEQUENCE] % 0xFFFF + 1
        registers[LENGTH : HEIGHT + 1] = [length_mm, width_mm, height_mm]
        registers[WEIGHT : WEIGHT + 2] = [weight_g >> 16, weight_g & 0xFFFF]
        text = barcode.encode("ascii", "replace")[: BARCODE_WORDS * 2].ljust(BARCODE_WORDS * 2, b"\0")
        words = [int.from_bytes(text[i : i + 2], "big") for i in range(0, len(text), 2)]
        registers[BARCODE : BARCODE + BARCODE_WORDS] = words
        registers[STATUS] = sum(_BITS[flag] for flag in flags)
        registers[TAIL] = registers[SEQUENCE] = sequence
        registers[VALID] = 1

    async def belt(self, parcels: int, pitch_s: float) -> list[float | None]:
        """Inline tunnel: one parcel each `pitch_s` whatever the master does, barcode P1, P2, ...

        Returns per parcel the seconds from its result to the acknowledgement, None where the next one came first.
        """
        loop, waits = asyncio.get_running_loop(), list[float | None]()
        for number in range(1, parcels + 1):
            published_s, moved_s, wait_s = loop.time(), 0.0, None
            self._publish(300, 200, 100, 1000 + number, f"P{number}", set())
            while moved_s < pitch_s:
                step_s = loop.time()
                if wait_s is None:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_BELT_STEP_S):
                            await self._acknowledged.wait()
                            wait_s = loop.time() - published_s
                else:
                    await asyncio.sleep(_BELT_STEP_S)
                moved_s += min(loop.time() - step_s, 2 * _BELT_STEP_S)
            waits.append(wait_s)
        return waits

    # --- faults ---

    def replay(self, back: int = 1) -> None:
        """Publish the present result again under an older number."""
        self._registers[SEQUENCE] = (self._registers[SEQUENCE] - back - 1) % 0xFFFF
        self._publish(1, 1, 1, 1, "again", set())

    def reboot(self) -> None:
        """Power cycle: counters begin again, nothing waits, connections are cut."""
        self._registers[HEARTBEAT] = self._registers[SEQUENCE] = self._registers[TAIL] = self._registers[VALID] = 0
        self.cut()

    def cut(self) -> None:
        """Close every master's connection."""
        if self._server is not None:
            for connection in list(self._server.active_connections.values()):
                connection.close()

    def fault(self, on: bool = True) -> None:
        self._set_status(_FAULT, on)

    def e_stop(self, on: bool = True) -> None:
        self._set_status(_E_STOP, on)

    def _set_status(self, bit: int, on: bool) -> None:
        status = self._registers[DEVICE_STATUS]
        self._registers[DEVICE_STATUS] = status | bit if on else status & ~bit

    # --- the wire ---

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            if not self.heartbeat_frozen:
                self._registers[HEARTBEAT] = (self._registers[HEARTBEAT] + 1) & 0xFFFF

    async def _access(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Serve one request from our own registers; pymodbus keeps a copy."""
        if values is None:
            self.reads.append(address)
            current[:] = self._torn(address) if self.tear_reads and address == SEQUENCE else self._registers
            return None
        if address < ACK or address + len(values) > MASTER_HEARTBEAT + 1:
            return ExcCodes.ILLEGAL_ADDRESS
        self._registers[address : address + len(values)] = [int(value) for value in values]
        if self._registers[VALID] and self._registers[ACK] == self._registers[SEQUENCE]:
            self._registers[VALID] = 0
            self._acknowledged.set()
        return None

    def _torn(self, address: int) -> list[int]:
        self.tear_reads -= 1
        return self._registers[:LENGTH] + self._previous[LENGTH:]

    async def _wrong_unit(self, *_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

"""A Modbus TCP device that is nothing but holding registers; what they mean is its owner's business."""

import asyncio
from collections.abc import Callable
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


class ModbusBank:
    """Registers `first` .. `first + count - 1` on `host:port` (port 0 = any free one).

    `wrote(address, values)` after each write; only addresses in `writable` may be written.
    """

    def __init__(
        self,
        host: str,
        port: int,
        count: int,
        *,
        first: int = 0,
        unit_id: int = 1,
        writable: range = range(0),
        wrote: Callable[[int, list[int]], None] = lambda address, values: None,
    ) -> None:
        self.host, self.port, self.first = host, port, first
        self.words = [0] * count
        self.silent = False
        """Requests are never answered, as behind a half-open connection."""
        self.busy = False
        """Every request is answered by exception 6."""
        self._unit_id, self._writable, self._wrote = unit_id, writable, wrote
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        memory = SimData(self.first, count=len(self.words), values=0, datatype=DataType.REGISTERS)
        # Unit 0 answers for every other id; without it pymodbus logs a traceback for a wrong one.
        devices = [
            SimDevice(self._unit_id, simdata=memory, action=self._access),
            SimDevice(0, simdata=memory, action=self._wrong_unit),
        ]
        self._server = ModbusTcpServer(devices, address=(self.host, self.port))
        await self._server.serve_forever(background=True)
        self.port = cast(asyncio.Server, self._server.transport).sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self.cut()
            self._server.close()

    def cut(self) -> None:
        """Close every master's connection."""
        if self._server is not None:
            for connection in list(self._server.active_connections.values()):
                # One that is just being accepted is of after the cut: closed now, pymodbus would serve it and forget it.
                if connection.is_active():
                    connection.close()

    async def _access(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Serve one request from our own words; pymodbus keeps a copy."""
        while self.silent:
            await asyncio.sleep(0.05)
        if self.busy:
            return ExcCodes.DEVICE_BUSY
        if values is None:
            current[:] = self.words
            return None
        if address not in self._writable or address + len(values) - 1 not in self._writable:
            return ExcCodes.ILLEGAL_ADDRESS
        at, words = address - self.first, [int(value) for value in values]
        self.words[at : at + len(words)] = words
        self._wrote(address, words)
        return None

    async def _wrong_unit(self, *_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

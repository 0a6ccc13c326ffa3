"""Modbus TCP as a port of holding registers: one request at a time, nothing retried here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from devices.contract.driver import ConfigRefused, NotReady
from devices.transports import tap

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
"""Exception codes that no retry can help (Modbus Application Protocol 1.1b3, 7)."""


class Registers:
    """The holding registers of one device; 0-based addresses.

    Errors of every method: NotReady; ConfigRefused where the registers or functions do not exist.
    """

    def __init__(self, client: AsyncModbusTcpClient, unit_id: int, name: str) -> None:
        self._client, self._unit_id, self.name = client, unit_id, name
        self._turn = asyncio.Lock()

    async def read(self, address: int, count: int) -> list[int]:
        """Read `count` registers from `address` (FC 3)."""
        what, client = f"read {address}+{count}", self._client
        async with self._turn:
            answer = await _request(
                lambda: client.read_holding_registers(address, count=count, device_id=self._unit_id), what
            )
        if len(answer.registers) != count:
            raise NotReady(f"modbus.io: {what}: {len(answer.registers)} registers")
        return list(answer.registers)

    async def write(self, address: int, values: Sequence[int]) -> None:
        """Write registers in one request (FC 16): the device sees all of them or none."""
        what, client = f"write {address}+{len(values)}", self._client
        async with self._turn:
            await _request(lambda: client.write_registers(address, list(values), device_id=self._unit_id), what)

    def unit(self, unit_id: int) -> "Registers":
        """Another device behind the same gateway, on the same connection."""
        other = Registers(self._client, unit_id, f"{self.name}/{unit_id}")
        other._turn = self._turn
        return other

    def close(self) -> None:
        self._client.close()


async def connect(host: str, port: int = 502, unit_id: int = 1, timeout_s: float = 1.0) -> Registers:
    """Errors: NotReady."""
    # pymodbus' own retries keep a dead socket for many requests (DEVICES.md 2); the supervisor alone retries.
    client = AsyncModbusTcpClient(
        host, port=port, timeout=timeout_s, retries=0, reconnect_delay=0, trace_packet=_noted(tap.current())
    )
    try:
        connected = await client.connect()
    except BaseException:
        client.close()
        raise
    if not connected:
        client.close()
        raise NotReady(f"modbus.connect: {host}:{port}")
    return Registers(client, unit_id, f"{host}:{port}")


def _noted(of: tap.Tap) -> Callable[[bool, bytes], bytes]:
    def note(sending: bool, data: bytes) -> bytes:
        # What came is handed over again with each piece that follows it: only whole requests and answers are told apart.
        of.note(sending, data)
        return data

    return note


async def _request(send: Callable[[], Awaitable[ModbusPDU]], what: str) -> Any:
    """Await one request in its own task: pymodbus' wait_for (Python 3.11) can swallow our cancellation."""
    try:
        task = asyncio.ensure_future(send())  # on a lost connection this raises before anything is awaited
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        answer = task.result()
    except ModbusException as error:
        raise NotReady(f"modbus.io: {what}: {error}") from error
    if not answer.isError():
        return answer
    code = getattr(answer, "exception_code", 0)
    if code in (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS):
        raise ConfigRefused(f"modbus.{code}: {what}: no such register, wrong device or map")
    raise NotReady(f"modbus.{code}: {what}")

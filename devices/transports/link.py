"""One byte stream, whatever carries it."""

import asyncio
import contextlib

from devices.contract.driver import NotReady
from devices.transports import tap


class Link:
    """An open stream to a device.

    Errors of every method: NotReady when the peer closed, vanished or stays silent beyond a limit.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        self._reader, self._writer, self.name = reader, writer, name
        self._tap = tap.current()

    async def read(self, silence_s: float | None = None, max_bytes: int = 4096) -> bytes:
        """Return what has arrived, at least one byte.

        `silence_s`: the longest a healthy device of this kind keeps quiet; beyond it the link counts as half-open.
        """
        try:
            async with asyncio.timeout(silence_s):
                data = await self._reader.read(max_bytes)
        except TimeoutError:
            raise NotReady(f"{self.name}: silent for {silence_s} s") from None
        except OSError as error:  # serial.SerialException is one too
            raise NotReady(f"{self.name}: {error}") from error
        if not data:
            raise NotReady(f"{self.name}: closed by the device")
        self._tap.note(False, data)
        return data

    async def write(self, data: bytes, stall_s: float = 5.0) -> None:
        """Hand `data` to the system; `stall_s` bounds the wait for a peer that reads no more."""
        if self._writer.is_closing():
            raise NotReady(f"{self.name}: closed")
        self._tap.note(True, data)
        try:
            self._writer.write(data)
            async with asyncio.timeout(stall_s):
                await self._writer.drain()
        except TimeoutError:
            raise NotReady(f"{self.name}: does not take data") from None
        except OSError as error:
            raise NotReady(f"{self.name}: {error}") from error

    async def close(self) -> None:
        """Drop the stream at once, unsent bytes included."""
        if not self._writer.is_closing():  # a serial transport must not be aborted twice
            self._writer.transport.abort()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

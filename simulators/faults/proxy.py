"""A TCP proxy that delays, corrupts, splits, cuts or swallows bytes, repeatably by seed."""

import asyncio
import contextlib
import random
from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """What happens to passing bytes; may be changed while bytes flow."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    corrupt_rate: float = 0.0
    """Chance per byte, 0..1, of one flipped bit."""
    max_chunk: int = 0
    """Longest piece forwarded at once, 0 = as it came."""
    cut_after_bytes: int | None = None
    """Abort both sides once so many bytes passed in either direction; then None again."""
    blackhole: bool = False
    """Half-open: connections stay, bytes vanish in both directions."""


class FaultProxy:
    """Stands between a client and `target_host:target_port`; connect to `port` instead."""

    def __init__(
        self, target_host: str, target_port: int, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self.target_host, self.target_port = target_host, target_port
        self.host, self.port = host, port
        self.faults = Faults()
        self.connections = 0
        self._random = random.Random(seed)
        self._passed = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Abort every open connection; new ones are welcome."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(self.target_host, self.target_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        pumps = [asyncio.create_task(self._pump(*pair)) for pair in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # a cancelled handler would make asyncio print a traceback
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            for each in (writer, far_writer):
                self._writers.discard(each)
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                size = self.faults.max_chunk or len(data)
                for start in range(0, len(data), size):
                    await self._forward(data[start : start + size], writer)

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        f = self.faults
        if f.delay_s or f.jitter_s:
            await asyncio.sleep(f.delay_s + self._random.uniform(0, f.jitter_s))
        if f.blackhole:
            return
        if f.cut_after_bytes is not None and self._passed + len(data) >= f.cut_after_bytes:
            f.cut_after_bytes, self._passed = None, 0
            self.cut()
            return
        if f.cut_after_bytes is not None:
            self._passed += len(data)
        writer.write(bytes(map(self._damage, data)) if f.corrupt_rate else data)
        await writer.drain()
        if f.max_chunk:
            await asyncio.sleep(0)

    def _damage(self, byte: int) -> int:
        if self._random.random() >= self.faults.corrupt_rate:
            return byte
        return byte ^ (1 << self._random.randrange(8))

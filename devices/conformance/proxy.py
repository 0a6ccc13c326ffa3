"""Stands between driver and device: cuts, swallows or replaces bytes."""

import asyncio
import contextlib
import random


class Proxy:
    def __init__(self, host: str, port: int, seed: int = 1) -> None:
        self.target = (host, port)
        self.port = 0
        self.swallow = False
        """Connections stay, bytes vanish in both directions: half-open."""
        self.garbage = False
        """What the device sends is replaced by noise of the same length."""
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        for source, sink, from_device in ((reader, far_writer, False), (far_reader, writer, True)):
            pump = asyncio.create_task(self._pump(source, sink, from_device))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, from_device: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(4096):
                if self.swallow:
                    continue
                sink.write(self._random.randbytes(len(data)) if self.garbage and from_device else data)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)

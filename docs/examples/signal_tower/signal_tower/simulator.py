"""A tower on TCP, written without the driver's codec, and what the conformance kit needs to know of it."""

import asyncio
from typing import Any


class SignalTowerSim:
    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", 0
        self.lit: set[str] = set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    def press(self, colour: str) -> None:
        for writer in self._writers:
            writer.write(f"PRESS {colour}\n".encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := (await reader.readline()).decode("latin-1").split():
                if line == ["PING"]:
                    writer.write(b"PONG\n")
                elif len(line) == 2 and line[0] in ("ON", "OFF"):
                    (self.lit.add if line[0] == "ON" else self.lit.discard)(line[1])
                    writer.write(f"OK {line[1]}\n".encode())
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


class SignalTowerSubject:
    """Made anew for a run of the kit; `start` and `stop` surround every rule."""

    stale_s = 4.0
    bad_configs = [{"host": "h"}, {"host": "h", "port": "1"}]
    commands = {"light": {"position": "red", "qty": 1}, "light_off": {"position": "red"}}

    def __init__(self) -> None:
        self._sim = SignalTowerSim()

    @property
    def host(self) -> str:
        return self._sim.host

    @property
    def port(self) -> int:
        return self._sim.port

    async def start(self) -> None:
        self._sim = SignalTowerSim()
        await self._sim.start()

    async def stop(self) -> None:
        await self._sim.stop()

    def config(self, host: str, port: int) -> dict[str, Any]:
        return {"host": host, "port": port}

    async def stir(self, kind: str) -> None:
        return

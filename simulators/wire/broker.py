"""An MQTT broker without users on loopback, for a vehicle that is tried alone: nats-server with its MQTT listener."""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

START_S = 30.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OpenBroker:
    """`host` and `port` are known before it is started."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", _free_port()
        self._folder = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Errors: FileNotFoundError without nats-server, TimeoutError."""
        self._folder = tempfile.mkdtemp(prefix="broker-")
        config = Path(self._folder) / "nats.conf"
        config.write_text(
            f'server_name: kit\nlisten: "127.0.0.1:-1"\njetstream {{ store_dir: {json.dumps(self._folder)} }}\n'
            f'mqtt {{ listen: "{self.host}:{self.port}" }}\n'
        )
        beside = Path(sys.executable).parent / ("nats-server.exe" if os.name == "nt" else "nats-server")
        program = str(beside) if beside.exists() else "nats-server"
        self._process = await asyncio.create_subprocess_exec(
            program, "--config", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(START_S):
            while not await self._answers():
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _answers(self) -> bool:
        """A CONNECT is acknowledged: the listener is there before its store is."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        try:
            writer.write(bytes.fromhex("101000044d5154540402000a0004") + b"test")
            async with asyncio.timeout(2):
                return (await reader.readexactly(4))[3] == 0
        except (OSError, EOFError, TimeoutError):
            return False
        finally:
            writer.transport.abort()

"""The gateway's own door, for the person next to it: a socket beside the spool that its account alone may open.

One JSON object per line in, one out. `python -m devices.cli.desk` (`wms devices`) speaks it.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from devices.contract.clock import Clock
from devices.contract.commands import Command
from devices.gateway.config import BadConfig, load
from devices.gateway.floor import Floor

log = logging.getLogger(__name__)
Json = dict[str, Any]
LONGEST_PATH = 100
"""The kernel allows 107 bytes for a socket's name."""


def socket_path(spool: Path) -> Path:
    """Where the gateway of this spool listens."""
    return spool.with_name("gateway.sock")


class Control:
    def __init__(self, floor: Floor, config: Path, clock: Clock, health: Callable[[], Awaitable[Json]]) -> None:
        self._floor, self._config, self._clock, self._health = floor, config, clock, health

    async def serve(self, path: Path) -> None:
        """Listen until cancelled. Without such sockets, or with too long a path, the gateway works without its door."""
        if len(str(path)) > LONGEST_PATH or not hasattr(asyncio, "start_unix_server"):
            log.warning("no door for `wms devices`: the path of %s is too long for a socket", path)
            return
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._talk, path)
        path.chmod(0o600)
        try:
            await server.serve_forever()
        finally:
            path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Json:
        try:
            asked: Json = json.loads(line)
            handle = {"list": self._list, "do": self._do, "trace": self._trace, "reload": self._reload}[asked["ask"]]
            return await handle(asked)
        except (ValueError, KeyError, TypeError) as error:
            return {"error": f"not understood: {error!r}"}

    async def _list(self, _asked: Json) -> Json:
        return await self._health()

    async def _do(self, asked: Json) -> Json:
        """{device, kind, data, seconds}: one command to one device; it is not told to the WES, its reports are."""
        supervisor = self._floor.get(asked["device"])
        if supervisor is None:
            return {"error": f"no device {asked['device']}", "devices": sorted(self._floor)}
        expires_at = self._clock.now() + timedelta(seconds=float(asked.get("seconds", 15)))
        command = Command(str(uuid4()), asked["device"], str(asked["kind"]), expires_at, dict(asked.get("data", {})))
        return asdict(await supervisor.execute(command))

    async def _trace(self, asked: Json) -> Json:
        supervisor = self._floor.get(asked["device"])
        if supervisor is None:
            return {"error": f"no device {asked['device']}", "devices": sorted(self._floor)}
        passed = supervisor.tap.since(int(asked.get("after", 0)))
        return {
            "device": asked["device"],
            "passed": [{"number": p.number, "at": p.at, "to_device": p.to_device, "hex": p.data.hex()} for p in passed],
        }

    async def _reload(self, _asked: Json) -> Json:
        try:
            return asdict(await self._floor.change(load(self._config)))
        except BadConfig as error:
            return {"error": str(error)}

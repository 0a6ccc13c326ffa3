"""A broker without users for wire tests whose topics the embedded broker's users may not touch."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import free_port
from wms.stack.broker import nats_server
from wms.stack.health import mqtt


@contextmanager
def open_broker(folder: Path) -> Iterator[dict[str, Any]]:
    """`nats-server` with its MQTT listener on loopback; yields {"host", "port"}."""
    port, config = free_port(), folder / "nats.conf"
    config.write_text(
        f'server_name: test\nlisten: "127.0.0.1:-1"\njetstream {{ store_dir: {json.dumps(str(folder / "store"))} }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}" }}\n'
    )
    process = subprocess.Popen([nats_server(), "--config", str(config)], stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_ready(f"mqtt://127.0.0.1:{port}"))
        yield {"host": "127.0.0.1", "port": port}
    finally:
        process.terminate()
        process.wait(15)


async def _ready(url: str) -> None:
    async with asyncio.timeout(30):
        while not await mqtt(url):
            await asyncio.sleep(0.05)

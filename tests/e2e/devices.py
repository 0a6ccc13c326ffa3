"""What devices would say, through the front door of their reports: the server of the screen tests runs without a broker."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg

from tests.e2e.conftest import Server
from wms.entrypoints import mqtt
from wms.main import database
from wms.settings import Settings

_spools: dict[str, tuple[str, Iterator[int]]] = {}
"""Database to epoch and numbers of what its gateway reports: they begin anew with each."""


def hear(server: Server, device: str, kind: str, data: dict[str, Any]) -> None:
    """A report arrives as bytes on its topic."""

    epoch, numbers = _spools.setdefault(server.database, (str(uuid4()), itertools.count(1)))

    async def take() -> None:
        db = database(Settings(database_url=server.database))
        body = {"epoch": epoch, "seq": next(numbers), "base": 1, "id": str(uuid4()), "device": device, "kind": kind,
                "occurred_at": db.clock.now().isoformat(), "data": data}  # fmt: skip
        await mqtt.take_in(db, "gw-1", [mqtt.parse("wms/v1/gw-1/ev", json.dumps(body).encode())])
        await db.close()

    with ThreadPoolExecutor(1) as pool:  # the browser's own event loop lives in this thread
        pool.submit(asyncio.run, take()).result(30)


def weigh(server: Server, weight_g: int, scale: str = "sc-1") -> None:
    hear(server, scale, "weight_measured", {"weight_g": weight_g, "interval_g": 1})


def prints(server: Server) -> int:
    """The printers end what they were sent so far. Returns how many labels."""
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        rows = db.execute(
            "SELECT id, target FROM outgoing WHERE channel = 'device' AND kind = 'print' AND state IN ('due', 'sent')"
        ).fetchall()
    for command, target in rows:
        hear(server, target, "command_result", {"command_id": str(command), "outcome": "done", "code": ""})
    return len(rows)


def expected_g(server: Server) -> int:
    """What the parcel on the scale should weigh."""
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        row = db.execute("SELECT expected_g FROM parcel WHERE state = 'weighing' ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    return int(row[0])

"""The house and the hands of `tests.benchmarks.line`: a pack line's orders, benches and devices."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from devices.gateway.bridge import Bridge
from devices.gateway.config import GatewayConfig
from devices.gateway.floor import Floor
from devices.gateway.spool import Spool
from simulators.belt import Box
from simulators.whatif.clock import VirtualLoop
from tests.conftest import free_port
from tests.integration.house import DESTINATION
from wms import flow, main
from wms.db.uow import Actor, Database, UnitOfWork
from wms.entrypoints import http, mqtt
from wms.foundation.orders import service as orders
from wms.foundation.people import service as people
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.processes.packing import queries
from wms.processes.packing.service import bench
from wms.settings import Settings

Json = dict[str, Any]
CARRIERS = {1: "POST", 2: "DHL", 3: "DPD"}
ROUND, REJECT = 7, 8
TARE_G, SKUS = 120, 8
PACKER = Actor("packer", "packer", frozenset({"worker"}))


def device_rows(poll_ms: int, label_s: float = 0.6) -> list[Json]:
    """Rows of gateway.yaml: tunnel, applicator (4 x 6 inch at 10 inch/s), sorter whose default lane leads round."""
    return [
        {"id": "dws-1", "family": "dws", "config": {"host": "127.0.0.1", "port": free_port(), "poll_ms": poll_ms}},
        {"id": "printer-1", "family": "printer", "config": {"host": "127.0.0.1", "port": free_port()}, "sim": {"label_s": label_s}},
        {"id": "sorter-1", "family": "plc", "config": {"host": "127.0.0.1", "port": free_port(), "map": "sorter", "poll_ms": poll_ms},
         "sim": {"default_lane": ROUND}},
    ]  # fmt: skip


def gateway_config(rows: list[Json], broker: str) -> GatewayConfig:
    devices = [{k: v for k, v in row.items() if k != "sim"} for row in rows]
    return GatewayConfig.model_validate(
        {"gateway": "gw-1", "broker": {"url": broker}, "spool": {"path": "x"}, "devices": devices}
    )


class HeldSession(AsyncSession):
    """As a context it holds the virtual clock: the database is outside the loop."""

    async def __aenter__(self) -> "HeldSession":
        _loop().held += 1
        await super().__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        try:
            await super().__aexit__(*error)
        finally:
            _loop().held -= 1


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


class HeldDatabase(Database):
    """Its transactions hold the virtual clock."""

    def __init__(self, url: str, **settings: Any) -> None:
        super().__init__(url, **settings)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False, class_=HeldSession)

    @asynccontextmanager
    async def begin(self, *args: Any, **kwargs: Any) -> AsyncIterator[UnitOfWork]:
        with _loop().hold():
            async with super().begin(*args, **kwargs) as uow:
                yield uow


class HeldSpool(Spool):
    """Its thread holds the virtual clock."""

    def _submit(self, work: Any) -> "asyncio.Future[Any]":
        return _loop().hold_until(super()._submit(work))


class Wire:
    """In place of the broker, for the virtual clock cannot wait for another process: the bridge's own envelopes go to the
    WES's own intake and back come its acknowledgements, the WES's commands go to the bridge as it would hear them.
    """

    def __init__(self, db: Database, spool: Spool, bridge: Bridge, relay: Any) -> None:
        self._db, self._spool, self._bridge, self._relay = db, spool, bridge, relay

        async def gateway_of(_: str) -> str:
            return "gw-1"

        self._link = mqtt.Link(db, "", gateway_of)

    async def up(self) -> None:
        acked = 0
        while True:
            await self._spool.appended.wait()
            self._spool.appended.clear()
            while rows := await self._spool.read(acked, 100):
                raw = [self._bridge._envelope(r.seq, r.body).encode() for r in rows]
                taken = await mqtt.take_in(self._db, "gw-1", [mqtt.parse("wms/v1/gw-1/ev", body) for body in raw])
                acked = taken[self._spool.epoch]
                self._bridge._acked = acked
                await self._spool.ack(self._spool.epoch, acked)
                self._relay.wake.set()

    async def down(self, every_s: float = 0.1) -> None:
        while True:
            if not await self._link._send_due(self):  # type: ignore[arg-type]
                await asyncio.sleep(every_s)

    async def publish(self, _topic: str, payload: str, qos: int) -> None:
        self._bridge._on_command(payload.encode())


async def furnish(db: Database, parcels: int) -> None:
    """Layout, catalogue, stock, stations and the line, through the API."""
    async with db.begin() as uow:
        key = await people.grant_machine(uow, "bench", ["admin"])
    app = http.build(Settings(database_url="postgresql://"), db, main.ROUTERS, None)
    nodes = ["PACK-1", "SHIP-1", "A-01"]
    size = {"zone": "A", "y_mm": 500, "level": 0, "width_mm": 1200, "depth_mm": 600, "height_mm": 500}
    posts: list[tuple[str, Any]] = [
        ("layout", {
            "warehouse": "W1", "nodes": [{"code": f"N{i}", "x_mm": i * 3000, "y_mm": 0} for i in range(3)],
            "edges": [{"a": "N0", "b": "N1"}, {"a": "N1", "b": "N2"}],
            "locations": [{"code": c, "kind": k, "node": f"N{i}", "x_mm": i * 3000, **size}
                          for i, (c, k) in enumerate(zip(nodes, ("pack", "ship", "bin"), strict=True))]}),
        ("catalog/skus", [{"code": f"S{i}", "name": f"Item {i}", "length_mm": 100, "width_mm": 80, "height_mm": 40,
                           "weight_g": 150 + 60 * i, "codes": [[f"40{i}0000000017"[:13], "EA"]]} for i in range(SKUS)]),
        ("catalog/cartons", [{"code": "M", "inner_mm": [300, 220, 160], "outer_mm": [306, 226, 166], "tare_g": TARE_G, "load_max_g": 15000}]),
        ("work/stations", [{"code": "PACK-1", "kind": "pack", "location": "PACK-1"}]),
        ("pack-lines", {"code": "LINE-1", "dws": "dws-1", "printer": "printer-1", "sorter": "sorter-1", "benches": ["PACK-1"],
                        "lanes": {**{str(n): c for n, c in CARRIERS.items()}, str(ROUND): "recirculate", str(REJECT): "reject"}}),
        ("stock/opening?dry_run=false", [{"location": "A-01", "sku": f"S{i}", "qty_each": 4 * parcels, "received_on": "2026-10-01"} for i in range(SKUS)]),
    ]  # fmt: skip
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bench", headers={"authorization": f"Bearer {key}"}
    ) as client:
        for path, body in posts:
            reply = await client.post(f"/api/v1/{path}", json=body)
            assert reply.status_code < 300, (path, reply.text)


async def pick(db: Database, parcels: int, seed: int) -> list[str]:
    """Orders, already picked into totes at the bench. Returns the totes; what the pickers would do is set up by the verbs."""
    draw, totes = random.Random(seed), list[str]()
    for first in range(0, parcels, 50):
        async with db.begin(PACKER, cause="bench") as uow:
            here = (await uow.session.execute(text("SELECT id FROM location WHERE code = 'PACK-1'"))).scalar_one()
            held = {h.grain.sku_id: h for h in await stock.content_of(uow, await _bin(uow))}
            codes = {r.code: r.id for r in await uow.session.execute(text("SELECT id, code FROM sku"))}
            drafts = [
                orders.OrderDraft(f"O-{n:05d}", ((f"S{draw.randrange(SKUS)}", draw.randint(1, 3)),), carrier=draw.choice([*CARRIERS.values()]),
                                  destination=DESTINATION)
                for n in range(first, min(first + 50, parcels))
            ]  # fmt: skip
            for draft, order_id in zip(drafts, await orders.accept_orders(uow, drafts), strict=True):
                ((code, qty),) = draft.lines
                await orders.plan_parcels(
                    uow, order_id, [{"carton": "M", "items": {str(codes[code]): qty}, "placed": []}], "bench"
                )
                await orders.advance(uow, order_id, "release")
                await orders.advance(uow, order_id, "picked")
                tote = await ledger.create_unit(uow, "tote", f"T-{draft.ref}", here, bound_to=order_id)
                row = held[codes[code]]
                await ledger.post(uow, [ledger.Line(row.grain, row.place_id, tote, qty, "pick")])
                totes.append(f"T-{draft.ref}")
    return totes


async def _bin(uow: UnitOfWork) -> int:
    return int((await uow.session.execute(text("SELECT id FROM location WHERE code = 'A-01'"))).scalar_one())


async def pack(db: Database, tote: str, number: int, draw: random.Random, weight_off: float) -> Box:
    """Pack a tote at the bench, plate on, parcel on the belt."""
    plate = f"PL-{number:06d}"
    async with db.begin(PACKER, cause="bench") as uow:
        parcel = await bench.open_tote(uow, "PACK-1", tote)
        parcel = await bench.close_parcel(uow, parcel.id, "PACK-1", "M", parcel.content, plate)
    true_g = parcel.expected_g + draw.randint(-parcel.tolerance_g // 2, parcel.tolerance_g // 2)
    if draw.random() < weight_off:
        true_g += 4 * parcel.tolerance_g
    return Box(plate, 306, 226, 166, true_g)


async def settled(db: Database) -> Json:
    """What the database says in the end."""
    async with db.begin() as uow:

        async def rows(sql: str) -> list[Any]:
            return list((await uow.session.execute(text(sql))).all())

        lines = await stock.audit(uow)
        return {
            "states": {r[0]: r[1] for r in await rows("SELECT state, count(*) FROM parcel GROUP BY 1 ORDER BY 1")},
            "rejected": {r[0]: r[1] for r in await rows("SELECT rejected, count(*) FROM parcel WHERE rejected <> '' GROUP BY 1 ORDER BY 2 DESC")},
            "parked": (await rows("SELECT count(*) FROM reaction WHERE state = 'parked'"))[0][0],
            "serial_twice": (await rows(
                "SELECT count(*) FROM (SELECT serial FROM print_job WHERE state IN ('printed', 'void') GROUP BY 1 HAVING count(*) FILTER (WHERE state = 'printed') > 1) x"))[0][0],
            "sscc": {r[0]: (r[1], r[2]) for r in await rows("SELECT plate, sscc, state FROM parcel")},
            "labelled_at": sorted(r[0] for r in await rows("SELECT labelled_at FROM parcel WHERE labelled_at IS NOT NULL")),
            "incidents": {r[0]: r[1] for r in await rows("SELECT kind, count(*) FROM incident GROUP BY 1 ORDER BY 2 DESC")},
            "audit_clean": all(x.clean for x in lines),
        }  # fmt: skip


async def boards(db: Database) -> Json:
    async with db.begin() as uow:
        (line,) = await queries.lines(uow)
        return await queries.line_board(uow, line)


def bridge_of(config: GatewayConfig, clock: Any, spool: Spool, floor: Floor) -> Bridge:
    return Bridge("gw-1", config.broker, clock, spool, floor)


def write_rows(folder: Path, rows: list[Json]) -> None:
    (folder / "rows.json").write_text(json.dumps(rows))


EVENTS, REACTIONS = flow.event_types(), flow.reactions()

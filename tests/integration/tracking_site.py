"""Parcels under way for tests: the real flow of shipping, tracking, customs and incidents, a carrier on the wire, a clock by hand."""

import json
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from simulators.wire.carrier import Books, CarrierSim, serving
from tests.integration.house import Client
from tests.integration.shipping_site import SECRET, fresh, load
from wms import flow, main
from wms.db.outbox import Relay, Solvers
from wms.db.uow import SYSTEM, Database
from wms.entrypoints import carriers, http, worker
from wms.entrypoints.carrier_http import HttpCarrier
from wms.entrypoints.host import sign
from wms.events.dock import ParcelDeparted
from wms.events.packing import LabelWanted, ParcelWeighed
from wms.foundation.orders.service import OrderDraft, accept_orders
from wms.foundation.people import service as people
from wms.kernel.messages import Event
from wms.settings import Settings

Json = dict[str, Any]
SLICES = ("shipping.", "incidents.", "tracking.", "customs.", "flow.")
PATH = "/api/v1/tracking/events"


def their_part(cls: type[Event]) -> tuple[str, ...]:
    return tuple(name for name in flow.route(cls) if name.startswith(SLICES))


@dataclass
class Hand:
    """A clock that stands until it is moved."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Parcel:
    id: UUID
    order_id: UUID
    sscc: str
    tracking: str
    ref: str


@dataclass
class Way:
    db: Database
    relay: Relay
    runner: carriers.Runner
    sim: CarrierSim
    clock: Hand
    lead: Client
    host: Client
    worker: Client

    async def parcel(self, ref: str, *, service: str = "POST", departed: bool = True, **more: Any) -> Parcel:
        """Sold, weighed and, if asked, on its truck in bag BAG-1."""
        async with self.db.begin() as uow:
            to = {"name": "Ada", "country": "DE", "zip": "10115"}
            order_id = (
                await accept_orders(uow, [OrderDraft(ref, (("MUG", 2),), service=service, destination=to, **more)])
            )[0]
        await self.settle()
        parcel_id, sscc = fresh()
        async with self.db.begin() as uow:
            sku = await uow.session.scalar(text("SELECT id FROM sku WHERE code = 'MUG'"))
            uow.emit(
                ParcelWeighed(
                    parcel_id=parcel_id, order_id=order_id, weight_g=612, expected_g=600, tolerance_g=30, agrees=True
                )
            )
            uow.emit(LabelWanted(
                parcel_id=parcel_id, order_id=order_id, sscc=sscc, weight_g=612, length_mm=220, width_mm=160, height_mm=110,
                contents={str(sku): 2}, number=1, of=1,
            ))  # fmt: skip
        await self.settle()
        tracking = next(x["tracking"] for x in self.sim.books.labels() if x["reference"] == sscc)
        made = Parcel(parcel_id, order_id, sscc, tracking, ref)
        if departed:
            await self.depart(made, service=service)
        return made

    async def depart(self, p: Parcel, *, service: str = "POST", tracking: str | None = None) -> None:
        async with self.db.begin() as uow:
            uow.emit(ParcelDeparted(
                parcel_id=p.id, order_id=p.order_id, sscc=p.sscc, tracking=p.tracking if tracking is None else tracking, carrier="CPOST",
                service=service, country="DE", weight_g=612, manifest_id=MANIFEST, bag="BAG-1", seal="SEAL-9",
            ))  # fmt: skip
        await self.settle()
        await self.tick("hand_over")

    async def settle(self) -> None:
        while await self.relay.drain_once() + await self.runner.drain_once():
            continue

    async def tick(self, name: str, slice_: str = "tracking") -> None:
        tick = next(t for t in flow.TICKS if t.name == f"{slice_}.{name}")
        async with self.db.begin(SYSTEM) as uow:
            await tick.run(uow)
        await self.settle()

    async def later(self, step_h: float = 6.0, **delta: float) -> None:
        """Time goes on in steps; all that is due in each happens."""
        end = self.clock.at + timedelta(**delta)
        while self.clock.at < end:
            self.clock.at = min(self.clock.at + timedelta(hours=step_h), end)
            await self.settle()
            await self.tick("watch")

    async def push(
        self, events: list[Json], account: str = "sim", *, secret: str = SECRET, **headers: str
    ) -> httpx.Response:
        body = json.dumps({"events": events}).encode()
        key, stamp = str(uuid4()), int(time.time())
        signed = {
            "authorization": f"Bearer {self.host.token}", "content-type": "application/json", "idempotency-key": key, "wms-account": account,
            "wms-timestamp": str(stamp), "wms-signature": sign(secret, f"POST {PATH} {key}", stamp, body), **headers,
        }  # fmt: skip
        answer = await self.host.http.post(PATH, content=body, headers=signed)
        await self.settle()
        return answer

    async def rows(self, sql: str, **params: Any) -> list[Any]:
        async with self.db.begin() as uow:
            return list(await uow.session.execute(text(sql), params))

    async def told(self, order_id: UUID, kind: str = "parcel.milestone") -> list[Json]:
        found = await self.rows(
            "SELECT payload FROM outgoing WHERE channel = 'host' AND kind = :k AND ref = :r ORDER BY seq", k=kind, r=f"order:{order_id}"
        )  # fmt: skip
        return [r.payload for r in found]

    async def incidents(self, kind: str = "") -> list[Any]:
        return await self.rows(
            "SELECT kind, key, state, detail, opened_at, due_at, level, resolution FROM incident WHERE kind LIKE :k ORDER BY opened_at, key",
            k=f"{kind}%",
        )  # fmt: skip

    async def see(self, p: Parcel) -> Json:
        found: Json = await self.lead.get(f"/api/v1/tracking/parcels/{p.id}")
        return found

    def event(self, p: Parcel, code: str, hours: float, **more: Any) -> Json:
        """An event so many hours from now."""
        return {
            "tracking": p.tracking,
            "at": (self.clock.at + timedelta(hours=hours)).isoformat(),
            "code": code,
            "place": "hub",
            **more,
        }


MANIFEST = uuid4()


@asynccontextmanager
async def open_way(url: str, folder: Path) -> AsyncIterator[Way]:
    clock = Hand()
    db = Database(url, router=their_part, clock=clock, pool=8)
    sim = CarrierSim(Books(folder / "books.db"), SECRET, clock=lambda: clock.at.timestamp())
    async with serving(sim) as carrier_url:
        settings = {"url": carrier_url, "secret": SECRET, "key_id": "tests", "timeout_s": 5}
        (folder / "carriers.yaml").write_text(json.dumps({"accounts": {"sim": settings, "other": settings}}))
        desk = HttpCarrier(settings)
        app = http.build(Settings(database_url=url, carriers_config=folder / "carriers.yaml"), db, main.ROUTERS, None)
        with ThreadPoolExecutor(1) as pool:
            solvers = Solvers(lambda: pool)
            relay = Relay(db, flow.event_types(), flow.reactions(), parked=worker.parked, solvers=solvers, parallel=1)
            await load(db)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://way") as client:
                async with db.begin() as uow:
                    keys = [
                        await people.grant_machine(uow, name, roles)
                        for name, roles in (
                            ("lead", ["lead", "worker", "supervisor"]),
                            ("host", ["integration"]),
                            ("worker", ["worker"]),
                        )
                    ]
                lead, host, hand = (Client(client, key) for key in keys)
                yield Way(db, relay, carriers.Runner(db, {"sim": desk}), sim, clock, lead, host, hand)
        await desk.close()
    await db.close()
    sim.books.close()

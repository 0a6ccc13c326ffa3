"""A site's shipping data for tests, and the saga's own part of the flow on a real database with the carrier on the wire."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from simulators.wire.carrier import Books, CarrierSim, serving
from wms import flow
from wms.db.outbox import Relay, Solvers
from wms.db.uow import Database
from wms.entrypoints import carriers, worker
from wms.entrypoints.carrier_http import HttpCarrier
from wms.events.packing import LabelDropped, LabelWanted
from wms.events.returns import ReturnLabelDropped, ReturnLabelWanted
from wms.foundation.catalog.service import SkuDraft, save_skus
from wms.foundation.orders.service import OrderDraft, accept_orders
from wms.kernel.messages import Event
from wms.processes.shipping.service import data

Json = dict[str, Any]
SECRET = "a-secret-of-tests"
VALID = {"currency": "USD", "valid_from": "2020-01-01", "valid_until": "2099-12-31"}
DEPOT = {"name": "Wharf Returns", "street": "1 Dock Road", "city": "Wharf", "postcode": "12345", "country": "DE"}
SERVICES: list[Json] = [
    {"code": "POST", "carrier": "CPOST", "kind": "postal", "days": [8, 15, 30], "account": "sim", "weight_max_g": 2000},
    {"code": "LINE-PDF", "carrier": "LINEX", "kind": "line", "days": [7, 10, 15], "account": "sim", "weight_max_g": 20_000,
     "terms": ["DAP", "DDP"], "mode": "cargo_air"},
    {"code": "EXPRESS-PNG", "carrier": "QUICK", "kind": "express", "days": [3, 4, 7], "account": "sim", "weight_max_g": 30_000,
     "terms": ["DAP", "DDP"]},
]  # fmt: skip
MATRIX: Json = {"valid_from": "2020-01-01", "valid_until": "2099-12-31", "rules": [
    {"id": "B1", "service": "*", "attribute": "battery_contained", "battery_mwh_max": 100_000, "papers": ["un383"]},
    {"id": "B2", "service": "kind:postal", "attribute": "battery_contained", "allowed": False, "why": "no batteries by post"},
]}  # fmt: skip
POLICY: Json = {
    "currency": "USD",
    "home": "CN",
    "ddp_from_cents": 15_000,
    "late_once_cents": 500,
    "late_day_cents": 300,
}


def card(service: Json, base: int, per_kg: int) -> Json:
    return {
        "service": service["code"], **VALID, "zones": [{"code": "W", "countries": ["DE", "FR", "US"]}],
        "rows": [{"zone": "W", "to_g": service["weight_max_g"], "base_cents": base, "per_kg_cents": per_kg}],
    }  # fmt: skip


CARDS = [card(SERVICES[0], 200, 900), card(SERVICES[1], 500, 800), card(SERVICES[2], 1500, 1200)]


def only_shipping(cls: type[Event]) -> tuple[str, ...]:
    """The part of the flow that is shipping's own: there is no bench here."""
    return tuple(name for name in flow.route(cls) if name.startswith(("shipping.", "incidents.")))


@dataclass
class Saga:
    """Orders and numbers, without a warehouse around them."""

    db: Database
    relay: Relay
    runner: carriers.Runner
    sim: CarrierSim
    heard: list[tuple[str, str]] = field(default_factory=list)

    async def order(self, ref: str, sku: str = "MUG", service: str = "POST", **more: Any) -> UUID:
        async with self.db.begin() as uow:
            draft = OrderDraft(
                ref, ((sku, 1),), service=service, destination={"name": "Ada", "country": "DE", "zip": "10115"}, **more
            )
            ids = await accept_orders(uow, [draft])
        await self.settle()
        return ids[0]

    async def want(
        self, order_id: UUID, parcel_id: UUID, sscc: str, *, settle: bool = True, sku: str = "MUG", weight_g: int = 600,
        pieces: int = 1,
    ) -> None:  # fmt: skip
        async with self.db.begin() as uow:
            sku_id = await uow.session.scalar(text("SELECT id FROM sku WHERE code = :code"), {"code": sku})
            uow.emit(LabelWanted(
                parcel_id=parcel_id, order_id=order_id, sscc=sscc, weight_g=weight_g, length_mm=220, width_mm=160, height_mm=110,
                contents={str(sku_id): pieces}, number=1, of=1,
            ))  # fmt: skip
        if settle:
            await self.settle()

    async def drop(self, order_id: UUID, parcel_id: UUID, sscc: str, *, settle: bool = True) -> None:
        async with self.db.begin() as uow:
            uow.emit(LabelDropped(parcel_id=parcel_id, order_id=order_id, sscc=sscc, reason="cancelled"))
        if settle:
            await self.settle()

    async def want_return(self, order_id: UUID, rma_id: UUID, number: str, *, settle: bool = True) -> None:
        async with self.db.begin() as uow:
            sku_id = await uow.session.scalar(text("SELECT id FROM sku WHERE code = 'MUG'"))
            uow.emit(ReturnLabelWanted(
                rma_id=rma_id, order_id=order_id, number=number, service="POST", contents={str(sku_id): 1}, depot=DEPOT,
            ))  # fmt: skip
        if settle:
            await self.settle()

    async def drop_return(self, rma_id: UUID, number: str, *, settle: bool = True) -> None:
        async with self.db.begin() as uow:
            uow.emit(ReturnLabelDropped(rma_id=rma_id, number=number, reason="cancelled"))
        if settle:
            await self.settle()

    async def settle(self) -> None:
        """Reactions and requests, until there is nothing due."""
        while await self.relay.drain_once() + await self.runner.drain_once():
            continue

    async def again(self) -> None:
        """As if every pause were over."""
        async with self.db.begin() as uow:
            await uow.session.execute(
                text("UPDATE outgoing SET next_at = now() - interval '1 s' WHERE channel = 'carrier' AND state = 'due'")
            )
        await self.settle()

    async def states(self, parcel_id: UUID) -> list[str]:
        return [
            row.state
            for row in await self._rows("SELECT state FROM ship_purchase WHERE parcel_id = :p ORDER BY id", p=parcel_id)
        ]

    async def said(self, parcel_id: UUID, name: str) -> list[Json]:
        whose = "rma_id" if name.startswith("return_") else "parcel_id"
        query = "SELECT payload FROM event WHERE name = :n AND payload->>CAST(:w AS text) = :p ORDER BY seq"
        return [row.payload for row in await self._rows(query, n=f"shipping.{name}.v1", w=whose, p=str(parcel_id))]

    async def _rows(self, sql: str, **params: Any) -> list[Any]:
        async with self.db.begin() as uow:
            return list(await uow.session.execute(text(sql), params))

    def sold(self) -> list[Json]:
        return self.sim.books.labels()


async def load(db: Database) -> None:
    """The site's data, and two SKUs."""
    async with db.begin() as uow:
        await save_skus(uow, [
            SkuDraft("MUG", "Mug", 100, 100, 100, 400, value_cents=1_000),
            SkuDraft("PHONE", "Phone", 150, 80, 20, 300, value_cents=9_000, attributes=("battery_contained",)),
        ])  # fmt: skip
        await data.save_services(uow, SERVICES)
    async with db.begin() as uow:
        for body in CARDS:
            await data.load_card(uow, body)
        await data.load_matrix(uow, MATRIX)
        await data.load_policy(uow, POLICY)


@asynccontextmanager
async def open_saga(url: str, folder: Path, *, timeout_s: float = 1.2) -> AsyncIterator[Saga]:
    db = Database(url, router=only_shipping, pool=8)
    sim = CarrierSim(Books(folder / "books.db"), SECRET)
    sim.hold_s = 2 * timeout_s
    async with serving(sim) as carrier_url:
        desk = HttpCarrier({"url": carrier_url, "secret": SECRET, "key_id": "tests", "timeout_s": timeout_s})
        with ThreadPoolExecutor(1) as pool:
            relay = Relay(
                db,
                flow.event_types(),
                flow.reactions(),
                parked=worker.parked,
                solvers=Solvers(lambda: pool),
                parallel=1,
            )
            await load(db)
            yield Saga(db, relay, carriers.Runner(db, {"sim": desk}), sim)
        await desk.close()
    await db.close()
    sim.books.close()


def fresh() -> tuple[UUID, str]:
    """A parcel and its number."""
    return uuid4(), f"00{uuid4().int % 10**16:016d}"

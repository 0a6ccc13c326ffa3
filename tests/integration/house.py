"""A small house for tests: the real application on a real database, its reactions run on demand, its devices heard
through the real MQTT door. Nothing is mocked; only the clockwork (worker loop) is cranked by hand.
"""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from wms import flow, main
from wms.db.outbox import Relay, Solvers
from wms.db.uow import SYSTEM, Database
from wms.entrypoints import http, mqtt, worker
from wms.foundation.people import service as people
from wms.foundation.stock import queries as stock
from wms.kernel.clock import WallClock
from wms.settings import Settings

Json = dict[str, Any]
DESTINATION = {"name": "Ada", "street": "1 Dock Road", "city": "Wharf", "postcode": "12345", "country": "DE"}


class Refused(Exception):
    def __init__(self, status: int, body: Json) -> None:
        self.status, self.code, self.params = status, body.get("code"), body.get("params", {})
        super().__init__(f"{status} {body}")


@dataclass
class Client:
    """One signed-in user of the API."""

    http: httpx.AsyncClient
    token: str

    async def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if method != "GET":
            headers["idempotency-key"] = key or str(uuid4())
        return await self.http.request(method, path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        return self._good(await self.call("GET", path))

    async def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        return self._good(await self.call("POST", path, {} if body is None else body, key))

    async def answer(self, card: Json, **answers: Any) -> Json:
        reply: Json = await self.post(card["submit"], {"answers": answers})
        return reply

    @staticmethod
    def _good(reply: httpx.Response) -> Any:
        if reply.status_code >= 400:
            raise Refused(reply.status_code, reply.json())
        return reply.json()


@dataclass
class House:
    db: Database
    relay: Relay
    http: httpx.AsyncClient
    admin: Client
    seq: int = 0
    epoch: str = field(default_factory=lambda: str(uuid4()))

    async def settle(self) -> None:
        """Run reactions until none is due."""
        while await self.relay.drain_once():
            continue

    async def hear(self, device: str, kind: str, data: Json) -> None:
        """A report arrives from the gateway, as bytes on its topic."""
        self.seq += 1
        body = {"epoch": self.epoch, "seq": self.seq, "base": 1, "id": str(uuid4()), "device": device, "kind": kind,
                "occurred_at": self.db.clock.now().isoformat(), "data": data}  # fmt: skip
        await mqtt.take_in(self.db, "gw-1", [mqtt.parse("wms/v1/gw-1/ev", json.dumps(body).encode())])
        await self.settle()

    async def commands(self, kind: str) -> list[Any]:
        """Device commands not yet answered, oldest first."""
        async with self.db.begin() as uow:
            rows = await uow.session.execute(
                text("SELECT id, target, payload FROM outgoing WHERE channel = 'device' AND kind = :k AND state IN ('due','sent') ORDER BY seq"),
                {"k": kind},
            )  # fmt: skip
            return list(rows)

    async def device_answers(self, kind: str, outcome: str = "done", code: str = "") -> int:
        """Answer every open command of a kind."""
        rows = await self.commands(kind)
        for row in rows:
            await self.hear(row.target, "command_result", {"command_id": str(row.id), "outcome": outcome, "code": code})
        return len(rows)

    async def sign_in(self, code: str, pin: str = "4711") -> Client:
        reply = await Client(self.http, "").post("/api/v1/sign-in", {"badge": code, "pin": pin})
        self.http.cookies.clear()  # each client is its own device
        return Client(self.http, reply["token"])

    async def order(self, ref: str, lines: dict[str, int], **more: Any) -> str:
        body = {
            "ref": ref,
            "lines": [{"sku": s, "qty_each": q} for s, q in lines.items()],
            "destination": DESTINATION,
            **more,
        }
        ids: list[str] = (await self.admin.post("/api/v1/orders", [body]))["ids"]
        return ids[0]

    async def state(self, order_id: str) -> str:
        return str((await self.admin.get(f"/api/v1/orders/{order_id}"))["state"])

    async def release(self, *order_ids: str) -> str:
        wave = await self.admin.post("/api/v1/waves", {"name": "test", "order_ids": list(order_ids)})
        await self.settle()
        return str(wave["wave_id"])

    async def held(self, sku: str) -> dict[str, int]:
        """Where a SKU is now: place code and status to pieces."""
        return {
            f"{r['place']}:{r['status']}": r["qty_each"]
            for r in await self.admin.get(f"/api/v1/stock?q={sku}")
            if r["sku"] == sku
        }

    async def incidents(self) -> list[str]:
        return [i["kind"] for i in await self.admin.get("/api/v1/incidents?state=all")]

    async def audit_clean(self) -> bool:
        """Everything that is due has run, nothing is parked, and the ledger recomputed is the ledger kept."""
        await self.settle()
        async with self.db.begin(SYSTEM) as uow:
            lines = await stock.audit(uow)
            parked = await uow.session.scalar(text("SELECT count(*) FROM reaction WHERE state <> 'done'"))
        return all(x.clean for x in lines) and not parked


async def take_cart(house: House, picker: Client, cart: str = "CART-1") -> list[Json]:
    """Claim a tour and take a cart; the picks and the drop."""
    cards = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    assert cards[0]["id"].startswith("cart:")
    picks: list[Json] = (await picker.answer(cards[0], cart=cart))["cards"]
    return picks


async def do_pick(picker: Client, card: Json, **other: Any) -> Json:
    show = card["show"]
    answers = {"location": show["location"], "sku": show["sku"], "qty": show["qty"], "tote": show["tote"], **other}
    return await picker.answer(card, **answers)


async def pick_all(house: House, picker: Client, cart: str = "CART-1") -> str:
    """Walk a whole tour to the pack station. Returns the first tote."""
    cards = await take_cart(house, picker, cart)
    for card in cards[:-1]:
        await do_pick(picker, card)
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    return str(cards[0]["show"]["tote"])


async def fill_parcel(packer: Client, card: Json, **other: Any) -> Json:
    """Answer every step of a parcel's card as it asks, and close it."""
    answers = {s["id"]: _right(s) for s in card["steps"]} | other
    return (await packer.answer(card, **answers))["cards"][0]  # type: ignore[no-any-return]


def _right(step: Json) -> Any:
    if step["kind"] == "quantity":
        return step["max"]
    return step["options"][-1] if step["options"] else step["accept"][0] if step["accept"] else "ok"


async def pack_order(house: House, packer: Client, tote: str) -> str:
    """From tote to applied label. Returns the SSCC."""
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = (await packer.answer(start, tote=tote))["cards"][0]
    card = await fill_parcel(packer, card)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    assert await house.device_answers("print") == 1
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["id"].startswith("apply:"), card["id"]
    sscc = str(card["show"]["sscc"])
    await packer.answer(card, label=f"]C100{sscc}")
    await house.settle()
    return sscc


LAYOUT = {
    "warehouse": "W1",
    "nodes": [{"code": f"N{i}", "x_mm": i * 3000, "y_mm": 0} for i in range(8)],
    "edges": [{"a": f"N{i}", "b": f"N{i + 1}"} for i in range(7)],
    "locations": [
        {"code": code, "kind": kind, "zone": "A", "node": f"N{i}", "x_mm": i * 3000, "y_mm": 500, "level": 0, "width_mm": 1200,
         "depth_mm": 600, "height_mm": 500}
        for i, (code, kind) in enumerate([
            ("CART-PARK", "cart"), ("TRANSFER-1", "staging"), ("A-01", "bin"), ("A-02", "bin"), ("A-03", "bin"),
            ("PACK-1", "pack"), ("SHIP-1", "ship"), ("DOCK-1", "dock"),
        ])
    ],
}  # fmt: skip


@asynccontextmanager
async def open_house(url: str, *, seeded: bool = True) -> AsyncIterator[House]:
    """A seeded house: SKUs A, B, C with 20 pieces each in A-01..A-03, one cart of 8 totes, one pack station."""
    db = Database(url, router=flow.route, clock=WallClock(), pool=8)
    app = http.build(Settings(database_url=url), db, main.ROUTERS, None)
    with ThreadPoolExecutor(1) as pool:
        solvers = Solvers(lambda: pool)
        relay = Relay(db, flow.event_types(), flow.reactions(), parked=worker.parked, solvers=solvers, parallel=1)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
            async with db.begin() as uow:
                key = await people.grant_machine(uow, "tests", ["admin"])
                for code, roles in (("picker", ["worker"]), ("packer", ["worker"]), ("lead", ["lead"]), ("boss", ["supervisor"]),
                                    ("fin", ["finance", "worker"])):  # fmt: skip
                    await people.enrol_operator(uow, code, code.title(), "4711", roles)
            house = House(db, relay, client, Client(client, key))
            if seeded:
                await seed(house)
            yield house
    await db.close()


async def seed(house: House) -> None:
    admin = house.admin
    await admin.post("/api/v1/layout", LAYOUT)
    skus = [
        {"code": s, "name": f"Item {s}", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 200 + 50 * i, "codes": [[f"40{i}0000000017"[:13], "EA"]],
         "packs": [{"name": "CTN", "qty_each": 12, "length_mm": 320, "width_mm": 250, "height_mm": 170, "weight_g": 2600 + 600 * i}]}
        for i, s in enumerate("ABC")
    ]  # fmt: skip
    await admin.post("/api/v1/catalog/skus", skus)
    await admin.post("/api/v1/catalog/cartons", [
        {"code": "M", "inner_mm": [300, 220, 160], "outer_mm": [306, 226, 166], "tare_g": 150, "load_max_g": 15000}
    ])  # fmt: skip
    await admin.post("/api/v1/work/stations", [
        {"code": "PACK-1", "kind": "pack", "location": "PACK-1", "scale": "scale-1", "printer": "printer-1"},
        {"code": "RECV-1", "kind": "receive", "location": "DOCK-1", "scale": "scale-dock", "printer": "printer-dock",
         "dimensioner": "dws-1", "gate": "gate-1"},
    ])  # fmt: skip
    await admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": f"A-0{i}", "sku": s, "qty_each": 20, "received_on": "2026-10-01"} for i, s in enumerate("ABC", 1)
    ])  # fmt: skip
    await admin.post("/api/v1/stock/units", [
        {"kind": "cart", "code": "CART-1", "at": "CART-PARK"}, {"kind": "cart", "code": "CART-2", "at": "CART-PARK"},
        *({"kind": "tote", "code": f"T{c}-{i}", "at": f"CART-{c}"} for c in (1, 2) for i in range(1, 9)),
    ])  # fmt: skip

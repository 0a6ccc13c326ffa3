"""Orders are cancelled at random, at every stage up to departure, with a carrier that sells their labels.

No unit is lost, no order keeps a paid label that it does not use, none pays for two: audited by the ledger's own
recomputation and by the carrier's books. The long form (`WMS_LONG=1`) plays more seeds.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from simulators.wire.carrier import Books, CarrierSim, serving
from tests.integration.house import House, Json, Refused, do_pick, fill_parcel, open_house, take_cart
from tests.integration.shipping_site import CARDS, MATRIX, POLICY, SECRET, SERVICES
from tests.integration.test_review import put_all_back
from wms.entrypoints.carrier_http import HttpCarrier
from wms.entrypoints.carriers import Runner
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock_queries
from wms.foundation.stock import service as ledger

pytestmark = pytest.mark.wire

STAGES = (
    "accepted", "released", "picking", "picked", "opened", "weighing", "wanted", "bought", "printed", "labelled", "bagged",
    "sealed", "loaded", "departed",
)  # fmt: skip
SEEDS = range(1, 9) if os.environ.get("WMS_LONG") else range(1, 2)


class Life:
    """One order's way to the truck, stopped where it is cancelled."""

    def __init__(self, house: House, runner: Runner, number: int, pieces: int) -> None:
        self.house, self.runner, self.number, self.pieces = house, runner, number, pieces
        self.order_id, self.sscc, self.cards = "", "", list[Json]()
        self.card: Json = {}

    async def settle(self, carrier: bool = True) -> None:
        while True:
            await self.house.settle()
            if not carrier or not await self.runner.drain_once():
                return

    async def go(self, stop: str) -> None:
        """Up to and with the stage `stop`."""
        for stage in STAGES:
            await getattr(self, stage)()
            if stage == stop:
                return

    async def accepted(self) -> None:
        self.order_id = await self.house.order(f"C{self.number}", {"A": self.pieces, "B": 1}, service="POST")
        await self.settle()

    async def released(self) -> None:
        await self.house.release(self.order_id)

    async def picking(self) -> None:
        self.picker = await self.house.sign_in("picker")
        free = await self.picker.get("/api/v1/pda/pick/carts")
        self.cards = await take_cart(self.house, self.picker, free[0])
        await do_pick(self.picker, self.cards[0])

    async def drop(self) -> None:
        """The picker, whose order is gone, brings the cart in."""
        for card in (await self.picker.post("/api/v1/pda/pick/claim"))["cards"]:
            if card["id"].startswith("drop:"):
                await self.picker.answer(card, drop="PACK-1")
        await self.settle()

    async def picked(self) -> None:
        await do_pick(self.picker, self.cards[1])
        await self.picker.answer(self.cards[-1], drop="PACK-1")
        await self.settle()

    async def opened(self) -> None:
        self.packer = await self.house.sign_in("packer")
        start = (await self.packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
        self.card = (await self.packer.answer(start, tote=self.cards[0]["show"]["tote"]))["cards"][0]

    async def weighing(self) -> None:
        self.card = await fill_parcel(self.packer, self.card)

    async def wanted(self) -> None:
        weight = self.card["show"]["expected_g"]
        await self.house.hear("scale-1", "weight_measured", {"weight_g": weight, "interval_g": 1})
        await self.settle(carrier=False)

    async def bought(self) -> None:
        await self.settle()

    async def printed(self) -> None:
        assert await self.house.device_answers("print") == 1
        self.card = (await self.packer.get(self.card["steps"][0]["poll"]))["cards"][0]

    async def labelled(self) -> None:
        self.sscc = str(self.card["show"]["sscc"])
        await self.packer.answer(self.card, label=self.card["steps"][0]["accept"][0])
        await self.settle()

    async def bagged(self) -> None:
        self.lead = await self.house.sign_in("lead")
        start = (await self.lead.post("/api/v1/pda/bag/claim"))["cards"][0]
        card = (await self.lead.answer(start, tag=f"BAG-{self.number:04}"))["cards"][0]
        self.card = (await self.lead.answer(card, parcel=self.sscc))["cards"][0]

    async def sealed(self) -> None:
        asked = (await self.lead.answer(self.card, problem="seal"))["cards"][0]
        await self.lead.answer(asked, seal=f"SEAL-{self.number:04}", weight=self.card["show"]["weight_g"])

    async def loaded(self) -> None:
        await self.lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=f"BAG-{self.number:04}")

    async def departed(self) -> None:
        await self.lead.post("/api/v1/dock/manifests/CPOST/close")
        await self.settle()


async def load(house: House) -> None:
    await house.admin.post("/api/v1/shipping/services", SERVICES)
    for card in CARDS:
        await house.admin.post("/api/v1/shipping/cards", card)
    await house.admin.post("/api/v1/shipping/matrix", MATRIX)
    await house.admin.post("/api/v1/shipping/policy", POLICY)
    await house.settle()


async def carts_home(house: House) -> None:
    """Somebody rolls the empty carts back to their park."""
    async with house.db.begin() as uow:
        spots = {s.code: s.id for s in await layout.locations(uow, ["cart"])}
        for code in ("CART-1", "CART-2"):
            cart = await stock_queries.find_unit(uow, code)
            assert cart is not None and cart.bound_to is None, f"{code} serves nobody any more"
            await ledger.put_unit(uow, cart.id, spots["CART-PARK"])


async def pieces(house: House, sku: str) -> int:
    return sum((await house.held(sku)).values())


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_unit_is_lost_and_no_second_label_bought(
    seed: int, new_db: Callable[..., str], tmp_path: Path
) -> None:
    dice = random.Random(seed)
    stages = list(STAGES)
    dice.shuffle(stages)
    sim = CarrierSim(Books(tmp_path / "books.db"), SECRET)
    async with open_house(new_db(migrated=True)) as house, serving(sim) as url:
        runner = Runner(house.db, {"sim": HttpCarrier({"url": url, "secret": SECRET})})
        await load(house)
        gone: dict[str, int] = {"A": 0, "B": 0}
        ends: dict[str, str] = {}
        for number, stage in enumerate(stages):
            life = Life(house, runner, number, dice.randint(1, 2))
            await life.go(stage)
            if stage == "departed":
                with pytest.raises(Refused, match=r"orders\.departed"):
                    await house.admin.post(f"/api/v1/orders/{life.order_id}/cancel", {})
                gone["A"], gone["B"] = gone["A"] + life.pieces, gone["B"] + 1
            else:
                await house.admin.post(f"/api/v1/orders/{life.order_id}/cancel", {})
            await life.settle()
            if stage == "picking":
                await life.drop()
            await house.device_answers("print")  # a printer that was at work when the order went
            await life.settle()
            await put_all_back(house, await house.sign_in("picker"))
            await carts_home(house)
            ends[life.order_id] = "shipped" if stage == "departed" else "cancelled"
            assert await house.state(life.order_id) == ends[life.order_id], stage
            assert {sku: await pieces(house, sku) + gone[sku] for sku in gone} == {"A": 20, "B": 20}, stage
        await check_books(house, sim, ends)
        places = {place for sku in gone for place in await house.held(sku)}
        assert all(place.startswith("A-0") for place in places), "all is back on its shelf"
        assert await house.audit_clean()


async def check_books(house: House, sim: CarrierSim, ends: dict[str, str]) -> None:
    """The carrier's own books: a label that is paid belongs to a parcel that left, and each such parcel has one."""
    paid = [x["tracking"] for x in sim.books.labels() if not x["voided_at"]]
    async with house.db.begin() as uow:
        rows = (await uow.session.execute(text("SELECT tracking, order_id FROM parcel WHERE state = 'labelled'"))).all()
    left: list[Any] = [r.tracking for r in rows if ends[str(r.order_id)] == "shipped"]
    assert sorted(paid) == sorted(left) and len(set(paid)) == len(paid)
    assert len(sim.books.labels()) > len(paid), "some were bought and given back"

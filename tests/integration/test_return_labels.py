"""Labels that returns come back with, bought of the carrier on the wire: once, given back unused, counted in the return's cost."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from simulators.wire.carrier import Books, CarrierSim, serving
from tests.integration.house import House, Json, Refused, open_house
from tests.integration.shipping_site import CARDS, DEPOT, MATRIX, POLICY, SECRET, SERVICES
from tests.integration.test_returns import ask, at_bench, came, shipped, told_host
from wms.entrypoints.carrier_http import HttpCarrier
from wms.entrypoints.carriers import Runner
from wms.processes.returns import reactions

pytestmark = [pytest.mark.integration, pytest.mark.wire]


@dataclass
class Site:
    house: House
    runner: Runner
    sim: CarrierSim

    async def settle(self, *, again: bool = False) -> None:
        """Reactions and requests until nothing is due; `again`: as if every pause were over."""
        if again:
            async with self.house.db.begin() as uow:
                await uow.session.execute(text(
                    "UPDATE outgoing SET next_at = now() - interval '1 s' WHERE channel = 'carrier' AND state = 'due'"
                ))  # fmt: skip
        await self.house.settle()
        while await self.runner.drain_once():
            await self.house.settle()

    async def policy(self, **row: Any) -> None:
        rows = [
            {
                "days_max": 30,
                "method": "label",
                "address": "Wharf Returns, 1 Dock Road",
                "label_cents": 400,
                "service": "LINE-PDF",
                **row,
            }
        ]
        await self.house.admin.post(
            "/api/v1/returns/policies?dry_run=false", {"rows": rows, "valid_from": "2020-01-01"}
        )
        await self.settle()

    async def ask(self, ref: str, pieces: int = 1) -> Json:
        """Ask for pieces of A, and let whatever follows happen."""
        rma = await ask(self.house, ref, "O1", {"A": pieces})
        await self.settle()
        return await self.get(rma["id"])

    async def get(self, rma_id: str) -> Json:
        told: Json = await self.house.admin.get(f"/api/v1/returns/{rma_id}")
        return told

    def paid(self, number: str) -> list[str]:
        """Tracking numbers that the carrier's own books say are paid for."""
        return [x["tracking"] for x in self.sim.books.labels() if x["reference"] == number and x["voided_at"] is None]


@pytest.fixture
async def site(new_db: Callable[..., str], tmp_path: Path) -> AsyncIterator[Site]:
    sim = CarrierSim(Books(tmp_path / "books.db"), SECRET)
    sim.hold_s = 3.0
    async with open_house(new_db(migrated=True)) as house, serving(sim) as url:
        desk = HttpCarrier({"url": url, "secret": SECRET, "timeout_s": 1.5})
        await house.admin.post("/api/v1/work/stations", [{"code": "RET-1", "kind": "returns", "location": "DOCK-1"}])
        await shipped(house, "O1", {"A": 5})  # before there are services: it left with our own label
        await house.admin.post("/api/v1/shipping/services", SERVICES)
        for card in CARDS:
            await house.admin.post("/api/v1/shipping/cards", card)
        await house.admin.post("/api/v1/shipping/matrix", MATRIX)
        await house.admin.post("/api/v1/shipping/policy", POLICY)
        await house.admin.call(
            "PUT", "/api/v1/returns/site", {"depot": DEPOT, "currency": "EUR", "rates": {"USD": 0.5}}
        )
        yield Site(house, Runner(house.db, {"sim": desk}), sim)
        await desk.close()
    sim.books.close()


async def test_a_label_is_bought_found_at_the_bench_and_counted_in_the_cost(site: Site) -> None:
    house = site.house
    await site.policy()
    begun = await ask(house, "R1", "O1", {"A": 2})
    assert (begun["state"], begun["instructions"]["label"]) == ("labelling", "") and not await told_host(
        house, "return.authorised"
    )
    with pytest.raises(Refused, match=r"returns\.no_label"):
        await house.admin.get(f"/api/v1/returns/{begun['id']}/label")
    rma = await site.ask("R1", 2)  # asked again: the same
    [tracking] = site.paid(rma["number"])
    assert (rma["id"], rma["state"], rma["carrier_label"]["tracking"]) == (begun["id"], "authorised", tracking)
    [told] = await told_host(house, "return.authorised")
    assert told["tracking"] == tracking and told["method"] == "label"
    label = await house.admin.call("GET", rma["instructions"]["label"])
    assert label.content.startswith(b"%PDF") and tracking in site.paid(rma["number"])
    [sold] = site.sim.books.db.execute("SELECT request, price_cents FROM label").fetchall()
    request = json.loads(sold["request"])
    assert (request["recipient"], request["sender"]["name"]) == ({**DEPOT, "phone": ""}, "Ada")
    assert rma["label_cents"] == round(sold["price_cents"] * 0.5)  # in the site's currency
    worker, card = await at_bench(house, tracking)
    assert card["show"]["return"] == rma["number"]
    card = await came(worker, card, "A", 2, "A")
    await worker.answer(card, done="ok")
    await site.settle()
    closed = await site.get(rma["id"])
    assert closed["state"] == "closed" and closed["cost_cents"] == rma["label_cents"] + 2 * 150
    assert len(site.sim.books.labels()) == 1 and await house.audit_clean()


async def test_what_the_carrier_refuses_is_held_or_goes_out_with_our_own_label(site: Site) -> None:
    house = site.house
    await site.policy()
    site.sim.faults["refuse"] = 1
    held = await site.ask("R1")
    assert (held["state"], held["hold_code"], held["label"]) == ("held", "returns.label_refused", False)
    assert "the street does not exist" in held["why"][-1]["why"] and "returns.label_refused" in await house.incidents()
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.not_authorised"):
        await worker.answer(start, parcel=held["number"])
    await house.admin.post(f"/api/v1/returns/{held['id']}/decide")
    await site.settle()
    bought = await site.get(held["id"])
    assert bought["state"] == "authorised" and site.paid(held["number"]) == [bought["carrier_label"]["tracking"]]
    assert [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")] == []

    await site.policy(house_label=True)
    site.sim.faults["refuse"] = 1
    own = await site.ask("R2")
    assert (own["state"], own["label"], own["label_cents"]) == ("authorised", True, 400) and not site.paid(
        own["number"]
    )
    assert (await house.admin.call("GET", own["instructions"]["label"])).content.startswith(b"%PDF")
    await site.policy(service="NOBODY")
    lost = await site.ask("R3")
    assert (lost["state"], lost["carrier_label"]["code"]) == ("held", "shipping.unknown_service")
    await house.admin.call("PUT", "/api/v1/returns/site", {"currency": "USD"})
    await site.settle()
    assert (await site.get(lost["id"]))["hold_code"] == "returns.no_depot"


async def test_a_label_that_nobody_uses_is_given_back(site: Site) -> None:
    house = site.house
    await site.policy()
    rma = await site.ask("R1")
    with pytest.raises(Refused, match=r"returns\.reason_needed"):
        await house.admin.post(f"/api/v1/returns/{rma['id']}/cancel", {})
    for _ in range(2):
        await house.admin.post(f"/api/v1/returns/{rma['id']}/cancel", {"note": "the customer keeps it"})
        await site.settle()
    gone = await site.get(rma["id"])
    assert (gone["state"], gone["label"], gone["label_cents"]) == ("cancelled", False, 0) and not site.paid(
        rma["number"]
    )
    assert len(await told_host(house, "return.cancelled")) == 1

    late = await site.ask("R2", 5)  # its pieces are free again
    async with house.db.begin() as uow:
        await uow.session.execute(
            text("UPDATE rma SET expires_at = now() - interval '1 day' WHERE state = 'authorised'")
        )
        await reactions.look_after(uow)
    await site.settle()
    assert (await site.get(late["id"]))["state"] == "expired" and not site.paid(late["number"])

    site.sim.faults["after_sale"] = 1  # sold, and nobody heard of it
    silent = await site.ask("R3")
    assert silent["state"] == "labelling"
    await house.admin.post(f"/api/v1/returns/{silent['id']}/cancel", {"note": "the customer keeps it"})
    await site.settle(again=True)
    assert not site.paid(silent["number"]) and (await site.get(silent["id"]))["state"] == "cancelled"
    assert len(site.sim.books.labels()) == 3
    _, card = await at_bench(house, rma["number"])  # it comes all the same
    assert card["show"]["return"] == rma["number"] and (await site.get(rma["id"]))["label_cents"] == 0
    assert late["label_cents"] > 0
    for _ in range(2):
        await at_bench(house, late["carrier_label"]["tracking"])  # with the label: the carrier charges it
    came_late = await site.get(late["id"])
    assert came_late["label_cents"] == late["label_cents"]
    assert sum("had been given back" in w["why"] for w in came_late["why"]) == 1


@pytest.mark.parametrize("fault", ["", "after_sale", "late_500"])
async def test_every_step_twice_buys_one_label(site: Site, fault: str) -> None:
    """As after a crash that came between a step and its being noted."""
    house = site.house
    await site.policy()
    if fault:
        site.sim.faults[fault] = 1
    rma = await site.ask("R1")
    await site.settle(again=True)
    steps = ("returns.label_wanted.v1", "shipping.carrier_answered.v1", "shipping.return_label_bought.v1")
    for _ in range(2):
        for name in steps:
            async with house.db.begin() as uow:
                await uow.session.execute(
                    text("UPDATE reaction SET state = 'due', run_at = now() WHERE event_id IN (SELECT id FROM event WHERE name = :n)"),
                    {"n": name},
                )  # fmt: skip
            await site.settle(again=True)
        async with house.db.begin() as uow:
            await uow.session.execute(
                text("UPDATE outgoing SET state = 'due', next_at = now() WHERE channel = 'carrier'")
            )
        await site.settle(again=True)
    told = await site.get(rma["id"])
    assert told["state"] == "authorised" and site.paid(rma["number"]) == [told["carrier_label"]["tracking"]]
    assert len(site.sim.books.labels()) == 1 and len(await told_host(house, "return.authorised")) == 1

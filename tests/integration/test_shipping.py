"""An order from the host to a carrier's label on its parcel: judged, routed or held, freed by new data, labelled by the carrier."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from simulators.wire.carrier import Books, CarrierSim, serving
from tests.integration.house import DESTINATION, Client, House, Refused, fill_parcel, open_house, pick_all
from tests.integration.shipping_site import CARDS, MATRIX, POLICY, SECRET, SERVICES
from wms.entrypoints.carrier_http import HttpCarrier
from wms.entrypoints.carriers import Runner
from wms.events.tracking import ParcelDelivered
from wms.kernel.ids import uuid7
from wms.twin import measures

pytestmark = [pytest.mark.integration, pytest.mark.wire]


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as made:
        yield made


async def load(house: House) -> None:
    post = house.admin.post
    await post("/api/v1/shipping/services", SERVICES)
    for card in CARDS:
        await post("/api/v1/shipping/cards?dry_run=true", card)
        await post("/api/v1/shipping/cards", card)
    await post("/api/v1/shipping/matrix", MATRIX)
    await post("/api/v1/shipping/policy", POLICY)
    await house.settle()


async def shown(house: House, order_id: str) -> Any:
    return await house.admin.get(f"/api/v1/orders/{order_id}")


async def test_orders_are_routed_or_held_and_freed_by_new_data(house: House) -> None:
    before = await house.order("OLD", {"A": 1})
    await house.settle()
    assert (
        not (await shown(house, before))["holds"] and not (await shown(house, before))["service"]
    )  # no services, no judging
    await load(house)
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "B", "name": "Item B", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 250, "attributes": ["battery_contained"]}
    ])  # fmt: skip

    plain, banned = await house.order("S1", {"A": 1}), await house.order("S2", {"B": 1})
    assert [h["code"] for h in (await shown(house, plain))["holds"]] == ["orders.check_due"]
    await house.settle()
    routed = await shown(house, plain)
    assert (routed["service"], routed["carrier"], routed["duty_term"], routed["holds"]) == ("POST", "CPOST", "DAP", [])
    assert any("POST: USD" in w["why"] and "DAP: value" in w["why"] for w in routed["why"])
    [hold] = (await shown(house, banned))["holds"]
    assert (hold["kind"], hold["code"], hold["fields"]) == (
        "shipping",
        "shipping.restricted",
        ["battery_rating", "un383"],
    )
    assert "rule B1, paper missing: un383" in hold["why"]
    with pytest.raises(Refused):
        await house.release(banned)

    record = {"sku": "B", "un_number": "UN3481", "packing_instruction": "PI967", "energy_mwh": 15_000, "cells": 1,
              "papers": [{"kind": "un383", "ref": "T-1", "valid_until": "2099-01-01"}]}  # fmt: skip
    await house.admin.post("/api/v1/shipping/goods", [record])
    await house.settle()
    freed = await shown(house, banned)
    assert not freed["holds"] and freed["service"] == "LINE-PDF"  # the post takes no batteries

    seen = await house.admin.get(f"/api/v1/shipping/orders/{banned}")
    assert {o["service"]: [r["code"] for r in o["reasons"]] for o in seen["choice"]["offers"]}["POST"] == ["restricted"]
    strict = {
        **MATRIX,
        "rules": [{"id": "B9", "service": "*", "attribute": "battery_contained", "allowed": False, "why": "recall"}],
    }
    await house.admin.post("/api/v1/shipping/matrix", strict)
    await house.admin.call("PATCH", f"/api/v1/orders/{banned}", {"lines": [{"sku": "B", "qty_each": 2}]})
    await house.settle()
    assert "recall" in (await shown(house, banned))["holds"][0]["why"]
    await house.admin.post("/api/v1/shipping/matrix", MATRIX)
    await house.settle()
    assert not (await shown(house, banned))["holds"]

    tried = await house.admin.post(
        "/api/v1/shipping/try", {"country": "de", "lines": [{"sku": "A", "qty_each": 2}], "promised_days": 6}
    )
    assert (
        tried["service"] == "EXPRESS-PNG"
        and tried["offers"][-1]["service"] == "POST"
        and tried["offers"][-1]["late_cents"] > 0
    )


async def test_what_the_host_fixes_is_judged_and_never_changed(house: House) -> None:
    await load(house)
    good = await house.order("F1", {"A": 1}, service="EXPRESS-PNG", duty_term="DDP")
    bad = await house.order("F2", {"A": 1}, service="EXPRESS-PNG", destination={**DESTINATION, "country": "BR"})
    await house.settle()
    kept = await shown(house, good)
    assert (kept["service"], kept["carrier"], kept["duty_term"], kept["holds"]) == ("EXPRESS-PNG", "QUICK", "DDP", [])
    held = await shown(house, bad)
    assert (held["service"], held["holds"][0]["code"]) == ("EXPRESS-PNG", "shipping.fixed_not_eligible")
    await house.admin.call("PATCH", f"/api/v1/orders/{bad}", {"destination": {**DESTINATION, "country": "FR"}})
    await house.settle()
    assert not (await shown(house, bad))["holds"] and (await shown(house, bad))["service"] == "EXPRESS-PNG"


async def test_faulty_data_is_refused_row_by_row_and_changes_nothing(house: House) -> None:
    await load(house)
    gap = {**CARDS[0], "rows": [{**CARDS[0]["rows"][0], "to_g": 1500}]}
    for body, said in (
        (gap, "no row for 1501 to 2000 g"),
        ({**CARDS[0], "rows_csv": "zone,to_g\nW,x\n"}, "line 2.to_g"),
    ):
        with pytest.raises(Refused) as refused:
            await house.admin.post("/api/v1/shipping/cards", body)
        assert refused.value.code == "shipping.card_refused" and said in str(refused.value.params["faults"])
    with pytest.raises(Refused) as refused:
        await house.admin.post("/api/v1/shipping/services", [SERVICES[0], {"code": "X"}])
    assert refused.value.params["faults"][0].startswith("row 2: ")
    with pytest.raises(Refused, match="unknown_service"):
        await house.admin.post("/api/v1/shipping/cards", {**CARDS[0], "service": "GHOST"})
    assert [c["version"] for c in await house.admin.get("/api/v1/shipping/cards?service=POST")] == [1]


async def test_an_expired_card_holds_with_its_date(house: House) -> None:
    await load(house)
    for card in CARDS:  # the newest version has ended and an older one is still valid: the valid one counts
        await house.admin.post("/api/v1/shipping/cards", {**card, "valid_until": "2020-12-31"})
    fine = await house.order("E1", {"A": 1})
    await house.settle()
    assert (await shown(house, fine))["service"] == "POST"
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE ship_version SET valid_until = '2020-12-31' WHERE kind = 'card'"))
    late = await house.order("E2", {"A": 1})
    await house.settle()
    [hold] = (await shown(house, late))["holds"]
    assert hold["code"] == "shipping.no_service" and "no card: 2020-12-31" in hold["why"]


async def test_transits_teach_the_window(house: House) -> None:
    await load(house)
    async with house.db.begin() as uow:
        for _ in range(60):
            uow.emit(ParcelDelivered(parcel_id=uuid7(), service="POST", country="DE", days=6.0))
    await house.settle()
    post = next(s for s in await house.admin.get("/api/v1/shipping/services") if s["code"] == "POST")
    assert post["learned"] == [{"country": "DE", "seen": 60, "days": [6.5, 8.3, 12.0]}]


async def settle(house: House, runner: Runner) -> None:
    for _ in range(30):
        await house.settle()
        if not await runner.drain_once():
            return


async def to_the_scale(house: House, packer: Client, picker: Client) -> dict[str, Any]:
    tote = await pick_all(house, picker)
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card: dict[str, Any] = (await packer.answer(start, tote=tote))["cards"][0]
    card = await fill_parcel(packer, card)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    return card


@pytest.mark.parametrize("wrong_size", [False, True])
async def test_a_parcel_gets_its_carriers_label(house: House, tmp_path: Path, wrong_size: bool) -> None:
    await load(house)
    sim = CarrierSim(Books(tmp_path / "books.db"), SECRET)
    sim.faults["wrong_size"] = 1.0 if wrong_size else 0.0
    async with serving(sim) as url:
        runner = Runner(house.db, {"sim": HttpCarrier({"url": url, "secret": SECRET})})
        order_id = await house.order("P1", {"A": 2}, service="LINE-PDF")
        await house.settle()
        await house.release(order_id)
        packer = await house.sign_in("packer")
        card = await to_the_scale(house, packer, await house.sign_in("picker"))
        await settle(house, runner)
        if not wrong_size:
            assert await house.device_answers("print") == 1
        card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
        [sold] = sim.books.labels()
        [label] = (await house.admin.get(f"/api/v1/shipping/orders/{order_id}"))["labels"]
        assert label["tracking"] == sold["tracking"] and sold["country"] == "DE"
        if wrong_size:
            async with house.db.begin() as uow:
                assert await uow.session.scalar(text("SELECT state FROM parcel")) == "label_failed"
                assert "labels.carrier_size" in str(
                    (await uow.session.execute(text("SELECT detail FROM incident"))).all()
                )
            assert len(sim.books.labels()) == 1
            return
        assert card["id"].startswith("apply:"), card["id"]
        await packer.answer(card, label=sold["tracking"])
        await settle(house, runner)
        assert await house.state(order_id) == "labelled"
        async with house.db.begin() as uow:
            judged = await measures.restricted_goods(uow)
        assert judged.value == 100 and judged.evidence == {
            "lines": 1,
            "lines_judged": 1,
            "labels": 1,
            "labels_judged": 1,
            "bans": [],
        }
        lead = await house.sign_in("lead")
        await lead.post(f"/api/v1/shipping/parcels/{label['parcel_id']}/reprint", {"reason": "torn"})
        assert await house.device_answers("print") == 1 and len(sim.books.labels()) == 1
        document = await house.admin.call("GET", f"/api/v1/shipping/labels/{label['id']}/document")
        assert document.content.startswith(b"%PDF")
        assert await house.audit_clean()


async def test_an_order_over_its_services_weight_is_packed_in_parcels_that_it_takes(house: House) -> None:
    await load(house)
    order_id = await house.order("W1", {"A": 12})  # 2,400 g: more than a small packet may weigh
    await house.settle()
    routed = await shown(house, order_id)
    offers = (await house.admin.get(f"/api/v1/shipping/orders/{order_id}"))["choice"]["offers"]
    assert next(o for o in offers if o["service"] == "POST")["parcels"] == 2
    assert routed["service"] == "LINE-PDF" and routed["parcel_max_g"] == 19_600
    fixed = await house.order("W2", {"A": 12}, service="POST")
    await house.settle()
    await house.release(fixed)
    parcels = (await shown(house, fixed))["parcels"]
    assert len(parcels) == 2 and all(p["expected_g"] <= 1_960 for p in parcels)
    one = await house.order("W3", {"A": 12}, service="POST", parcels_max=1)
    await house.settle()
    assert (await shown(house, one))["holds"][0]["code"] == "shipping.fixed_not_eligible"


@pytest.mark.parametrize(("weight_g", "own"), [(1_990, True), (1_830, False)])
async def test_one_piece_that_needs_all_that_its_service_takes_is_released(
    house: House, weight_g: int, own: bool
) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "JUST", "name": "Vice", "length_mm": 200, "width_mm": 140, "height_mm": 100, "weight_g": weight_g,
         "own_container": own}
    ])  # fmt: skip
    stock = [{"location": "A-02", "sku": "JUST", "qty_each": 5, "received_on": "2026-10-01"}]
    await house.admin.post("/api/v1/stock/opening?dry_run=false", stock)
    await load(house)
    order_id = await house.order("J1", {"JUST": 1}, service="POST")
    await house.settle()
    await house.release(order_id)
    told = await shown(house, order_id)
    assert told["state"] == "released", told["why"]
    assert [1_960 < p["expected_g"] <= 2_000 for p in told["parcels"]] == [True]


async def test_an_order_whose_parcels_must_be_other_ones_after_its_draft_is_planned_again(house: House) -> None:
    await load(house)
    limited = {**POLICY, "countries": {"FR": {"parcel_value_max_cents": 5_000}}}
    await house.admin.post("/api/v1/shipping/policy", limited)
    dear = {"lines": [{"sku": "A", "qty_each": 4, "value_cents": 2_000}], "service": "LINE-PDF"}
    moved, same = (await house.admin.post("/api/v1/orders", [
        {"ref": ref, "destination": DESTINATION, **dear} for ref in ("M1", "M2")
    ]))["ids"]  # fmt: skip
    await house.settle()
    wave = await house.admin.post("/api/v1/waves", {"name": "noon", "order_ids": [moved, same], "draft": True})
    await house.settle()
    await house.admin.call("PATCH", f"/api/v1/orders/{moved}", {"destination": {**DESTINATION, "country": "FR"}})
    await house.settle()
    await house.admin.post(f"/api/v1/waves/{wave['wave_id']}/confirm")
    await house.settle()
    assert (await house.state(moved), await house.state(same)) == ("accepted", "released")
    await house.release(moved)
    for order_id, pieces in ((same, [4]), (moved, [2, 2])):
        assert [sum(p["items"].values()) for p in (await shown(house, order_id))["parcels"]] == pieces


async def test_cartons_are_planned_at_the_least_carriage_and_within_what_the_country_lets_in(house: House) -> None:
    await house.admin.post("/api/v1/catalog/cartons", [
        {"code": "XL", "inner_mm": [500, 400, 330], "outer_mm": [510, 410, 340], "tare_g": 200, "load_max_g": 20_000}
    ])  # fmt: skip
    more = [{"location": "A-01", "sku": "A", "qty_each": 100, "received_on": "2026-10-01"}]
    await house.admin.post("/api/v1/stock/opening?dry_run=false", more)
    await load(house)
    pieces = {"A": 40}  # one XL, or two M
    air = {**CARDS[2], "dim": "greater", "divisor": 5000, "note": "air is billed"}
    by_weight = await house.order("C1", pieces, service="EXPRESS-PNG")
    await house.settle()
    await house.admin.post("/api/v1/shipping/cards", air)
    by_air = await house.order("C2", pieces, service="EXPRESS-PNG")
    await house.settle()
    await house.release(by_weight)
    await house.release(by_air)
    one, two = (await shown(house, by_weight)), (await shown(house, by_air))
    assert [p["carton"] for p in one["parcels"]] == ["XL"]
    assert [p["carton"] for p in two["parcels"]] == ["M", "M"]
    assert one["carriage"] != two["carriage"]
    assert any(w["step"] == "carton" and "least cost with EXPRESS-PNG" in w["why"] for w in two["why"])

    limited = {**POLICY, "countries": {"DE": {"parcel_value_max_cents": 5_000}}}
    await house.admin.post("/api/v1/shipping/policy", limited)
    await house.settle()
    lines = [{"sku": "A", "qty_each": 4, "value_cents": 2_000}]
    body = {"ref": "C3", "lines": lines, "service": "LINE-PDF", "destination": DESTINATION}
    [dear] = (await house.admin.post("/api/v1/orders", [body]))["ids"]
    await house.settle()
    await house.release(dear)
    told = await shown(house, dear)
    assert told["parcel_max_cents"] == 5_000
    assert [sum(p["items"].values()) for p in told["parcels"]] == [2, 2]

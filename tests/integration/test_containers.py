"""Goods in their own container and bags, from the catalog to the carrier's label: planned, picked, packed, weighed, labelled."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, fill_parcel, open_house, pick_all
from tests.integration.test_pack_line import Belt, line
from tests.integration.test_shipping import load
from tests.integration.test_singles import at, brought, single
from wms.foundation.orders import queries as orders
from wms.processes.shipping import queries
from wms.processes.shipping.rules.cards import quote
from wms.processes.shipping.service import judging
from wms.twin.assortment import history
from wms.twin.cartons import carton_fill

STOOL = {"code": "STOOL", "name": "Stool", "length_mm": 400, "width_mm": 300, "height_mm": 150, "weight_g": 5200,
         "own_container": True, "codes": [["4090000000017", "EA"]]}  # fmt: skip
SCARF = {"code": "SCARF", "name": "Scarf", "length_mm": 200, "width_mm": 140, "height_mm": 20, "weight_g": 180}
BAG = {
    "code": "BAG",
    "inner_mm": [250, 350, 0],
    "outer_mm": [260, 360, 0],
    "tare_g": 12,
    "load_max_g": 2000,
    "bag": True,
}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/catalog/skus", [STOOL, SCARF])
        await opened.admin.post("/api/v1/catalog/cartons", [BAG])
        await opened.admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": "A-01", "sku": sku, "qty_each": 20, "received_on": "2026-10-01"} for sku in ("STOOL", "SCARF")
        ])  # fmt: skip
        yield opened


async def at_bench(house: House, order_id: str, who: str = "packer") -> tuple[Client, Json]:
    """Released, picked, and its tote scanned at the bench: the card of its first parcel."""
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in(who)
    return packer, await at(packer, tote)


async def labelled(house: House, packer: Client, card: Json, **answers: Any) -> tuple[Json, Json]:
    """Filled, weighed as expected, its label scanned on. Returns the card at the scale and the next one."""
    scale = await fill_parcel(packer, card, **answers)
    await house.hear("scale-1", "weight_measured", {"weight_g": scale["show"]["expected_g"], "interval_g": 1})
    await house.device_answers("print")
    card = (await packer.get(scale["steps"][0]["poll"]))["cards"][0]
    after = (await packer.answer(card, label=card["show"]["sscc"]))["cards"][0]
    await house.settle()
    return scale, after


def prompts(card: Json) -> list[str]:
    return [s["prompt"] for s in card["steps"]]


async def planned(house: House, order_id: str) -> list[Json]:
    return (await house.admin.get(f"/api/v1/orders/{order_id}"))["parcels"]  # type: ignore[no-any-return]


async def test_a_mixed_order_ships_in_its_own_container_and_in_a_carton_with_the_insert(house: House) -> None:
    rule = {"takes": {}, "name": "Leaflet", "weight_g": 4}
    assert (await house.admin.call("PUT", "/api/v1/pack-station/inserts/LEAFLET", rule)).status_code == 200
    order = await house.order("O1", {"STOOL": 1, "A": 12})
    packer, card = await at_bench(house, order)
    assert [(p["carton"], p["expected_g"]) for p in await planned(house, order)] == [("", 5200), ("M", 12 * 200 + 150)]
    assert any(
        "own container, M: smallest" in w["why"] for w in (await house.admin.get(f"/api/v1/orders/{order}"))["why"]
    )
    assert (prompts(card), card["show"]["as_is"]) == (["pack.scan_as_is"], True) and "carton" not in card["show"]
    assert card["show"]["placed"][0][1:] == [0, 0, 0, 400, 300, 150] and card["show"]["left_out"] == []
    scale, card = await labelled(house, packer, card)
    assert scale["show"]["expected_g"] == 5200, "no carton's tare"
    assert prompts(card) == ["pack.scan_carton", "pack.scan_units", "pack.extra_paper"], (
        "the insert goes where one can open"
    )
    scale, card = await labelled(house, packer, card)
    assert scale["show"]["expected_g"] == 12 * 200 + 150 + 4
    assert (await house.state(order), card["id"]) == ("labelled", "tote:PACK-1")
    assert await house.audit_clean()


async def test_what_cannot_go_into_a_closed_container_is_told_and_a_gift_is_a_leads_matter(house: House) -> None:
    rule = {"takes": {}, "name": "Leaflet", "name_zh": "传单", "weight_g": 4}
    await house.admin.call("PUT", "/api/v1/pack-station/inserts/LEAFLET", rule)
    order = await house.order("O1", {"STOOL": 2}, gift={"message": "For you", "wrap": True})
    packer, card = await at_bench(house, order)
    assert [(x["kind"], x["name"], x["name_zh"]) for x in card["show"]["left_out"]] == [
        ("paper", "Leaflet", "传单"), ("message", "", ""), ("wrap", "", ""),
    ]  # fmt: skip
    await house.settle()
    assert await house.incidents() == ["pack.gift_left_out"]
    assert await house.commands("print") == [], "no card is printed that goes nowhere"
    scale, card = await labelled(house, packer, card)
    assert scale["show"]["expected_g"] == 5200
    assert (card["show"]["parcel"], card["show"]["left_out"]) == (2, []), "told once"
    await labelled(house, packer, card)
    async with house.db.begin() as uow:
        learned = [
            tuple(r) for r in await uow.session.execute(text("SELECT kind, samples, mean_g FROM learned_weight"))
        ]
    assert learned == [("sku", 2.0, 5200.0)], "there is no carton to learn of"
    assert await house.state(order) == "labelled" and await house.audit_clean()


async def test_a_thin_order_goes_into_a_bag_that_is_scanned_and_weighs(house: House) -> None:
    order = await house.order("O1", {"SCARF": 2})
    packer, card = await at_bench(house, order)
    assert [p["carton"] for p in await planned(house, order)] == ["BAG"]
    assert prompts(card) == ["pack.scan_bag", "pack.scan_units"]
    assert (card["show"]["bag"], card["show"]["inner_mm"]) == (True, [250, 350, 0])
    with pytest.raises(Refused) as wrong:
        await fill_parcel(packer, card, carton="M")
    assert wrong.value.code == "packing.wrong_carton"
    scale, _ = await labelled(house, packer, card)
    assert scale["show"]["expected_g"] == 2 * 180 + 12
    assert await house.state(order) == "labelled"
    async with (
        house.db.begin() as uow
    ):  # a bag is as large as its content: it has no fill, and no carton takes its place
        assert (await carton_fill(uow)).why_not == "no carton has left yet"
        past = await history(uow, 90)
    assert (past.contents, set(past.cartons)) == ({}, {"M"})
    for body in ({"sizes": 3, "locked": ["BAG"]},):
        assert (await house.admin.call("POST", "/api/v1/assortment", body)).json()[
            "code"
        ] == "assortment.unknown_carton"
    assert [c["bag"] for c in (await house.admin.get("/api/v1/assortment"))["cartons"]] == [True, False]


async def test_single_pieces_in_their_own_container_need_no_scan_beyond_the_piece(house: House) -> None:
    order = await single(house, "S1", "STOOL")
    tote, _ = await brought(house, order)
    packer = await house.sign_in("packer")
    card = (await packer.answer(await at(packer, tote), item="4090000000017"))["cards"][0]
    assert (prompts(card), card["steps"][0]["kind"], card["show"]["as_is"]) == (["pack.as_is"], "confirm", True)
    scale, _ = await labelled(house, packer, card)
    assert scale["show"]["expected_g"] == 5200
    assert await house.state(order) == "labelled" and await house.audit_clean()


async def test_a_line_weighs_and_labels_goods_in_their_own_container_by_the_plate_on_them(house: House) -> None:
    await house.admin.post("/api/v1/pack-lines", line())
    order = await house.order("O1", {"STOOL": 1})
    packer, card = await at_bench(house, order)
    assert prompts(card) == ["pack.scan_as_is", "pack.scan_plate"]
    assert (await fill_parcel(packer, card, plate="PL-0001"))["id"] == "tote:PACK-1"
    belt = Belt(house)
    await belt.weigh(5700, "PL-0001", mm=(150, 400, 300))
    await house.settle()
    assert await house.incidents() == ["pack.weight_off"] and await house.commands("print") == []
    await belt.weigh(5200, "PL-0001", mm=(400, 300, 150))
    assert len(await house.commands("print")) == 1, "the goods alone weigh as expected"


async def test_goods_that_ship_as_they_are_no_more_wait_for_a_lead_who_takes_a_carton(house: House) -> None:
    order = await house.order("O1", {"STOOL": 1})
    await house.release(order)
    await house.admin.post("/api/v1/catalog/skus", [{**STOOL, "own_container": False}])
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in("packer")
    card = await at(packer, tote)
    assert (card["show"]["why_code"], card["show"]["why_params"]) == (
        "packing.needs_carton",
        {"sku": "STOOL", "parcel": 1},
    )
    lead = await house.sign_in("lead")
    card = await at(lead, tote)
    for code in ("M", "BAG"):
        with pytest.raises(Refused) as small:
            await lead.answer(card, carton=code)
        assert small.value.code == "packing.carton_too_small"
    large = {
        "code": "XL",
        "inner_mm": [420, 320, 200],
        "outer_mm": [430, 330, 210],
        "tare_g": 300,
        "load_max_g": 20_000,
    }
    await house.admin.post("/api/v1/catalog/cartons", [large])
    card = (await lead.answer(card, carton="XL"))["cards"][0]
    assert prompts(card) == ["pack.scan_carton", "pack.scan_units"]
    scale, _ = await labelled(house, lead, card)
    assert scale["show"]["expected_g"] == 5500


async def test_the_carrier_is_told_the_goods_own_sides_and_those_of_the_filled_bag(house: House) -> None:
    await load(house)
    stool, scarf = await house.order("O1", {"STOOL": 1}), await house.order("O2", {"SCARF": 1}, service="POST")
    heavy = await house.order("O3", {"STOOL": 1}, service="POST")
    await house.settle()
    shown = await house.admin.get(f"/api/v1/orders/{heavy}")
    assert [h["code"] for h in shown["holds"]] == ["shipping.fixed_not_eligible"], "5.2 kg is no small packet"
    assert (await house.admin.get(f"/api/v1/orders/{stool}"))["service"] == "LINE-PDF"
    await house.release(stool, scarf)
    await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    for tote in start["show"]["waiting"]:
        card = await fill_parcel(packer, await at(packer, tote))
        await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    async with house.db.begin() as uow:
        rows = await uow.session.execute(
            text("SELECT payload FROM event WHERE name = 'packing.label_wanted.v1' ORDER BY seq")
        )
        sides = [(p["length_mm"], p["width_mm"], p["height_mm"], p["weight_g"]) for (p,) in rows]
    assert sorted(sides) == [(240, 340, 20, 192), (400, 300, 150, 5200)]
    async with house.db.begin() as uow:  # judged again after its plan: by the parcels as planned
        book = await queries.book(uow)
        for order_id, parcel in ((stool, (5200, (400, 300, 150))), (scarf, (192, (240, 340, 20)))):
            asked = await judging.asked_of(uow, book, await orders.order(uow, UUID(order_id)), "", "")
            assert [(p.weight_g, p.sides_mm) for p in asked.parcels] == [parcel]


async def test_the_total_told_at_release_holds_each_piece_that_ships_as_it_is(house: House) -> None:
    await load(house)
    alone = await house.order("O1", {"STOOL": 1}, service="LINE-PDF")
    mixed = await house.order("O2", {"STOOL": 2, "A": 12}, service="LINE-PDF")
    await house.settle()
    await house.release(alone, mixed)
    told = []
    for order_id in (alone, mixed):
        why = (await house.admin.get(f"/api/v1/orders/{order_id}"))["why"]
        told += re.findall(r"with LINE-PDF, ([\d.]+) with the work", " ".join(w["why"] for w in why))
    async with house.db.begin() as uow:
        book, order = await queries.book(uow), await orders.order(uow, UUID(alone))
        card = book.cards["LINE-PDF"]
        one = quote(card, weight_g=5200, sides_mm=(400, 300, 150), country=str(order.destination["country"]),
                    postcode=judging.postcode(order.destination))  # fmt: skip
    assert not isinstance(one, str)
    stool = (book.policy.in_site_currency(one.cents, card.currency) or 0) + book.policy.parcel_cents
    assert [p["carton"] for p in await planned(house, mixed)] == ["", "", "M"]
    assert told[0] == f"{stool / 100:.2f}" and float(told[1]) > 2 * stool / 100


async def test_nonsense_is_refused_by_name_and_changes_nothing(house: House) -> None:
    for change, code in (
        ({"fragile": True}, "catalog.fragile_as_it_is"), ({"bundle": [["A", 2]]}, "catalog.bundle_as_it_is"),
        ({"weight_g": 70_001}, "catalog.too_large_as_it_is"), ({"length_mm": 3_001}, "catalog.too_large_as_it_is"),
    ):  # fmt: skip
        reply = await house.admin.call("POST", "/api/v1/catalog/skus", [{**STOOL, **change}])
        assert (reply.status_code, reply.json()["code"]) == (422, code)
    for change, code in (
        ({"inner_mm": [250, 350, 10]}, "catalog.not_flat"), ({"bag": False}, "catalog.not_flat"),
        ({"outer_mm": [240, 360, 0]}, "catalog.inside_out"), ({"inner_mm": [0, 350, 0]}, "catalog.absurd_size"),
    ):  # fmt: skip
        reply = await house.admin.call("POST", "/api/v1/catalog/cartons", [{**BAG, **change}])
        assert (reply.status_code, reply.json()["code"]) == (422, code)
    kept = await house.admin.get("/api/v1/catalog/skus/STOOL")
    assert (kept["own_container"], kept["fragile"], kept["weight_g"]) == (True, False, 5200)

"""Fragile goods, from pack version to parcel: held without a valid one, planned into its carton, packed by its recipe;
inserts and gifts on the way; what cannot be packed says so."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, fill_parcel, open_house, pack_order, pick_all
from wms.processes.packing import reactions


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """As the small house, with a fragile vase, a second carton and what it is packed with."""
    async with open_house(new_db(migrated=True)) as opened:
        admin = opened.admin
        await admin.post("/api/v1/catalog/skus", [
            {"code": "VASE", "name": "Vase", "length_mm": 120, "width_mm": 120, "height_mm": 150, "weight_g": 800, "fragile": True},
            {"code": "CANDY", "name": "Candy", "length_mm": 40, "width_mm": 30, "height_mm": 10, "weight_g": 12},
        ])  # fmt: skip
        await admin.post("/api/v1/catalog/cartons", [CARTON])
        await admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": "A-01", "sku": "VASE", "qty_each": 20, "received_on": "2026-10-01"},
            {"location": "PACK-1", "sku": "CANDY", "qty_each": 3, "received_on": "2026-10-01"},
        ])  # fmt: skip
        await admin.post("/api/v1/packs/materials", [FOAM, PAPER])
        yield opened


CARTON = {"code": "V", "inner_mm": [240, 240, 240], "outer_mm": [246, 246, 246], "tare_g": 180, "load_max_g": 5000,
          "supplier": "Box & Co", "revision": "A"}  # fmt: skip
FOAM = {
    "code": "FOAM-1",
    "kind": "inner",
    "name": "Foam shell",
    "name_zh": "泡沫壳",
    "supplier": "Foam AG",
    "revision": "3",
    "weight_g": 60,
}
PAPER = {
    "code": "PAPER",
    "kind": "dunnage",
    "name": "Paper cushion",
    "name_zh": "纸垫",
    "supplier": "Pulp",
    "revision": "1",
    "weight_g": 20,
}
RECIPE = [{"material": "FOAM-1", "text": "Close the shell"}, {"material": "PAPER", "qty": 2}]


async def version(house: House, *, tested: bool = True, **more: Any) -> str:
    made = await house.admin.post("/api/v1/packs/versions", {"sku": "VASE", "carton": "V", "recipe": RECIPE, **more})
    if tested:
        for kind in ("ista_3a", "compression", "compression", "compression"):
            await record(house, str(made["id"]), kind)
    await house.settle()
    return str(made["id"])


async def record(house: House, version_id: str, kind: str, **more: Any) -> None:
    await house.admin.post(f"/api/v1/packs/versions/{version_id}/tests", {
        "kind": kind, "passed": True, "lab": "Lab Nord", "tested_on": str(house.db.clock.now().date()), "weight_g": 1060,
        "file_name": "report.pdf", "file_base64": "JVBERi0xLjc=", **more,
    })  # fmt: skip


async def holds(house: House, order_id: str) -> list[str]:
    return [h["code"] for h in (await house.admin.get(f"/api/v1/orders/{order_id}"))["holds"]]


async def at_bench(house: House, who: str = "packer") -> tuple[Client, Json]:
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in(who)
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    return packer, (await packer.answer(start, tote=tote))["cards"][0]


async def control(house: House) -> Any:
    from wms.twin import measures

    async with house.db.begin() as uow:
        return await measures.fragile_pack(uow)


async def test_a_site_without_pack_versions_is_not_asked_for_any(house: House) -> None:
    order = await house.order("O1", {"VASE": 1})
    await house.settle()
    assert await holds(house, order) == []
    await house.release(order)
    assert await house.state(order) == "released"


async def test_a_fragile_order_waits_for_a_tested_version_and_is_packed_by_its_recipe(house: House) -> None:
    early = await house.order("O0", {"VASE": 1})
    made = await version(house, tested=False)
    order, plain = await house.order("O1", {"VASE": 1}), await house.order("O2", {"A": 1})
    assert await holds(house, order) == ["orders.check_due"]
    await house.settle()
    assert await holds(house, early) == await holds(house, order) == ["packs.not_tested"]
    assert await holds(house, plain) == []
    assert await house.incidents() == ["pack.no_version"]
    for kind in ("ista_3a", "compression", "compression", "compression"):
        await record(house, made, kind)
    await house.settle()
    assert await holds(house, order) == []
    assert [i["state"] for i in await house.admin.get("/api/v1/incidents?state=all")] == ["resolved"]
    await house.release(order)
    assert (await house.admin.get(f"/api/v1/orders/{order}"))["parcels"][0]["carton"] == "V", "not the smaller M"
    packer, card = await at_bench(house)
    assert [s["prompt"] for s in card["steps"]] == [
        "pack.scan_carton",
        "pack.extra_material",
        "pack.scan_units",
        "pack.extra_material",
    ]
    assert card["steps"][1]["show"]["text"] == "Close the shell"
    with pytest.raises(Refused) as wrong:
        await fill_parcel(packer, card, **{"extra:1": "FOAM-1"})
    assert wrong.value.code == "packing.wrong_material"
    card = await fill_parcel(packer, card)
    assert card["show"]["expected_g"] == 800 + 180 + 60 + 2 * 20
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    await house.device_answers("print")
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    await packer.answer(card, label=card["show"]["sscc"])
    await house.settle()
    assert (await control(house)).value == 100.0
    assert await house.audit_clean()


@pytest.mark.parametrize("change", ["material", "carton", "retired", "expired"])
async def test_what_was_tested_changes_and_its_orders_are_held(house: House, change: str) -> None:
    made = await version(house, tested=False)
    day = house.db.clock.now().date()
    for kind in ("ista_3a", "compression", "compression", "compression"):
        await record(house, made, kind, tested_on=str(day - timedelta(days=9)), expires_on=str(day))
    await house.settle()
    order = await house.order("O1", {"VASE": 1})
    await house.settle()
    assert await holds(house, order) == []
    if change == "material":
        await house.admin.post("/api/v1/packs/materials", [{**FOAM, "revision": "4"}])
    elif change == "carton":
        await house.admin.post("/api/v1/catalog/cartons", [{**CARTON, "supplier": "Cheap Box"}])
    elif change == "retired":
        await house.admin.post(f"/api/v1/packs/versions/{made}/retire")
    else:
        async with house.db.begin() as uow:
            await uow.session.execute(text("UPDATE pack_test SET expires_on = expires_on - 1"))
            await reactions.judge_packs(uow)
    await house.settle()
    expected = {"retired": "packs.retired", "expired": "packs.test_expired"}.get(change, "packs.changed")
    assert await holds(house, order) == [expected]
    assert "pack.no_version" in await house.incidents()


async def test_a_version_that_ends_after_the_pick_stops_at_the_bench(house: House) -> None:
    made = await version(house)
    order = await house.order("O1", {"VASE": 1})
    await house.settle()
    await house.release(order)
    await house.admin.post(f"/api/v1/packs/versions/{made}/retire")
    packer, card = await at_bench(house)
    assert card["id"].startswith("blocked:") and card["show"]["why_code"] == "packing.no_pack_version"
    await house.settle()
    assert "pack.blocked" in await house.incidents()
    again = await version(house)
    packer, card = (
        packer,
        (await packer.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": card["show"]["tote"]}}))["cards"][0],
    )
    assert again and card["id"].startswith("parcel:")


async def test_fragile_goods_share_no_carton_with_others_and_keep_to_their_number(house: House) -> None:
    await version(house)
    order = await house.order("O1", {"VASE": 2, "A": 1})
    await house.settle()
    await house.release(order)
    planned = (await house.admin.get(f"/api/v1/orders/{order}"))["parcels"]
    assert [len(p["items"]) for p in planned] == [1, 1, 1] and len({next(iter(p["items"])) for p in planned}) == 2


async def test_hazard_limits_of_the_catalog_part_the_parcels(house: House) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "CELL", "name": "Cell", "length_mm": 60, "width_mm": 20, "height_mm": 20, "weight_g": 50, "attributes": ["battery_loose"], "hazard": "UN3480"},
        {"code": "GLUE", "name": "Glue", "length_mm": 60, "width_mm": 20, "height_mm": 20, "weight_g": 50, "attributes": ["liquid"]},
    ])  # fmt: skip
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-02", "sku": s, "qty_each": 20, "received_on": "2026-10-01"} for s in ("CELL", "GLUE")
    ])  # fmt: skip
    reply = await house.admin.call("PUT", "/api/v1/packs/limits", [
        {"tag": "UN3480", "each_max": 2}, {"tag": "liquid", "beside": "hazard", "apart": True}
    ])  # fmt: skip
    assert reply.status_code == 200
    order = await house.order("O1", {"CELL": 3, "GLUE": 1})
    await house.release(order)
    planned = (await house.admin.get(f"/api/v1/orders/{order}"))["parcels"]
    assert sorted(sorted(p["items"].values()) for p in planned) == [[1], [1], [2]] or sorted(
        sum(p["items"].values()) for p in planned
    ) == [1, 1, 2]
    assert all(len(p["items"]) == 1 for p in planned)
    bad = await house.admin.call("PUT", "/api/v1/packs/limits", [{"tag": "liquid", "beside": "powder"}])
    assert bad.json()["code"] == "packs.bad_limit"


async def test_a_bad_version_or_record_says_what_to_mend(house: House) -> None:
    for body, code in (
        ({"sku": "NONE", "carton": "V", "recipe": RECIPE}, "catalog.unknown_sku"),
        ({"sku": "VASE", "carton": "XXL", "recipe": RECIPE}, "packs.bad_version"),
        ({"sku": "VASE", "carton": "V", "recipe": [{"material": "TAPE"}]}, "packs.unknown_material"),
        ({"sku": "VASE", "carton": "V", "recipe": [{"material": "PAPER"}]}, "packs.bad_version"),
    ):  # fmt: skip
        assert (await house.admin.call("POST", "/api/v1/packs/versions", body)).json()["code"] == code
    made = await version(house, tested=False)
    with pytest.raises(Refused) as heavy:
        await record(house, made, "ista_3a", weight_g=71_000)
    with pytest.raises(Refused) as other:
        await record(house, made, "compression", file_sha256="0" * 64)
    assert heavy.value.code == other.value.code == "packs.bad_test"


async def test_inserts_and_a_gift_are_steps_weigh_and_are_consumed(house: House) -> None:
    for code, body in (
        ("WELCOME", {"takes": {"first_order": True}, "name": "Welcome card", "weight_g": 4}),
        ("CANDY", {"takes": {"countries": ["DE"]}, "name": "Candy", "sku": "CANDY", "qty_each": 2}),
        ("FRANCE", {"takes": {"countries": ["FR"]}, "name": "Bonjour"}),
    ):  # fmt: skip
        assert (await house.admin.call("PUT", f"/api/v1/pack-station/inserts/{code}", body)).status_code == 200
    to = {
        "name": "Ada",
        "street": "1 Dock Road",
        "city": "Wharf",
        "postcode": "12345",
        "country": "DE",
        "email": "ada@example.org",
    }
    order = await house.order("O1", {"A": 1}, destination=to, gift={"message": "Happy birthday!", "wrap": True})
    await house.release(order)
    packer, card = await at_bench(house)
    assert [s["prompt"] for s in card["steps"][2:]] == [
        "pack.extra_insert",
        "pack.extra_paper",
        "pack.extra_message",
        "pack.extra_wrap",
    ]
    assert await house.device_answers("print") == 1, "the gift card"
    card = await fill_parcel(packer, card)
    assert card["show"]["expected_g"] == 200 + 150 + 2 * 12 + 4 + 5 + 20
    await house.hear("scale-1", "weight_measured", {"weight_g": 100, "interval_g": 1})
    off = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    assert (await house.held("CANDY")) == {"PACK-1:available": 3}
    assert await house.commands("print") == [], "one gift card is enough"
    card = await fill_parcel(packer, again)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    await house.device_answers("print")
    sscc = (await packer.get(card["steps"][0]["poll"]))["cards"][0]["show"]["sscc"]
    await packer.post(f"{card['steps'][0]['poll']}/applied", {"answers": {"label": sscc}})
    held = await house.held("CANDY")
    assert held["PACK-1:available"] == 1 and held[f"{sscc}:available"] == 2
    second = await house.order("O2", {"B": 1}, destination=to)
    await house.release(second)
    tote = await pick_all(house, await house.sign_in("picker"), "CART-2")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = (await packer.answer(start, tote=tote))["cards"][0]
    await house.settle()
    assert len(card["steps"]) == 2, "no first order any more, and one candy is not two"
    assert "pack.insert_out" in await house.incidents()
    assert await house.audit_clean()


async def test_a_carton_that_is_gone_is_a_leads_matter(house: House) -> None:
    order = await house.order("O1", {"A": 1})
    await house.release(order)
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE carton SET active = false WHERE code = 'M'"))
    packer, card = await at_bench(house)
    assert (card["show"]["why_code"], card["problems"]) == ("packing.carton_gone", ["leave_it"])
    assert (await packer.answer(card, problem="leave_it"))["cards"][0]["id"] == "tote:PACK-1"
    lead = await house.sign_in("lead")
    card = (await lead.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": card["show"]["tote"]}}))["cards"][0]
    with pytest.raises(Refused) as gone:
        await lead.answer(card, carton="M")
    assert gone.value.code == "packing.carton_gone"
    card = (await lead.answer(card, carton="v"))["cards"][0]
    assert (card["id"].split(":")[0], card["show"]["carton"]) == ("parcel", "V")
    await fill_parcel(lead, card)


async def test_a_scale_that_never_settles_leaves_a_way_out_and_no_label(house: House) -> None:
    await house.release(await house.order("O1", {"A": 1}))
    packer, card = await at_bench(house)
    card = await fill_parcel(packer, card)
    await house.hear("scale-1", "weight_measured", {"weight_g": 0, "interval_g": 1})
    poll = card["steps"][0]["poll"]
    assert (await packer.get(poll))["cards"][0]["steps"][0]["prompt"] == "pack.put_on_scale"
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE parcel SET closed_at = closed_at - interval '1 minute'"))
        await reactions.ask_after_scales(uow)
    await house.settle()
    stuck = (await packer.get(poll))["cards"][0]
    assert stuck["steps"][0]["prompt"] == "pack.no_weight"
    assert await house.incidents() == ["pack.no_weight"]
    again = (await packer.answer(stuck, problem="open_and_check"))["cards"][0]
    assert await house.commands("print") == []
    card = await fill_parcel(packer, again)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    assert len(await house.commands("print")) == 1
    assert await house.audit_clean()


async def test_a_normal_order_still_goes_through(house: House) -> None:
    await version(house)
    order = await house.order("O1", {"A": 1, "B": 2})
    await house.settle()
    await house.release(order)
    await pack_order(house, await house.sign_in("packer"), await pick_all(house, await house.sign_in("picker")))
    assert await house.state(order) == "labelled"

"""Work orders at a value-added station, through the API and the cards a worker answers. The ledger is audited after each."""

import base64
from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.house import Client, House, Json, Refused, open_house, pack_order, pick_all

BENCH = "TRANSFER-1"
JPEG = "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xe0 a picture").decode()
RELABEL = {
    "name": "Bag and relabel", "name_zh": "装袋贴标", "consumables": [["BAG", 1]], "minutes": 0.5, "round_each": 2,
    "steps": [
        {"kind": "scan", "text": "Take a bag", "text_zh": "取一个袋子", "code": "BAG"},
        {"kind": "confirm", "text": "Seal it; the warning faces out", "text_zh": "封口，警示语朝外"},
        {"kind": "label", "label": "unit", "code": "X001"},
        {"kind": "photo", "text": "The label must be readable"},
    ],
}  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """The seeded house, a station VAS-1 with A, B, C and bags at it, and a kit K of two A and one B."""
    async with open_house(new_db(migrated=True)) as opened:
        admin = opened.admin
        await admin.post("/api/v1/catalog/skus", [
            {"code": s, "name": f"Item {s}", "length_mm": 100, "width_mm": 80, "height_mm": 90, "weight_g": 650} for s in ("BAG", "K")
        ])  # fmt: skip
        await admin.post("/api/v1/work/stations", [
            {"code": "VAS-1", "kind": "vas", "location": BENCH, "printer": "printer-1"}
        ])  # fmt: skip
        await admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": BENCH, "sku": s, "qty_each": q, "received_on": f"2026-09-0{i}"}
            for i, (s, q) in enumerate((("A", 10), ("B", 5), ("BAG", 3)), 1)
        ])  # fmt: skip
        yield opened


async def at_bench(house: House, *skus: str) -> dict[str, int]:
    """Pieces of all lots at the station."""
    rows = [
        r for s in skus for r in await house.admin.get(f"/api/v1/stock?q={s}") if r["place"] == BENCH and r["sku"] == s
    ]
    return {s: sum(r["qty_each"] for r in rows if r["sku"] == s) for s in skus}


async def put_recipe(house: House, code: str, recipe: Json) -> None:
    assert (await house.admin.call("PUT", f"/api/v1/value-added/recipes/{code}", recipe)).status_code == 200


async def work_order(house: House, ref: str, recipe: str, qty: int, **more: str) -> str:
    body = {"ref": ref, "recipe": recipe, "qty_each": qty, **more}
    return str((await house.admin.post("/api/v1/value-added/orders", body))["id"])


def answers(card: Json) -> Json:
    """What a careful worker answers to every step."""
    kinds = {"photo": lambda s: JPEG, "quantity": lambda s: s["max"], "scan": lambda s: s["accept"][0]}
    return {s["id"]: kinds.get(s["kind"], lambda s: "ok")(s) for s in card["steps"]}


async def begin(worker: Client, place: str = BENCH) -> Json:
    (card, *_) = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    return (await worker.answer(card, location=place))["cards"][0]  # type: ignore[no-any-return]


async def test_a_service_goes_on_where_it_was_left_and_stops_where_a_consumable_is_missing(house: House) -> None:
    await put_recipe(house, "RELABEL", RELABEL)
    ref = await work_order(house, "W1", "RELABEL", 5, sku="A", place=BENCH)
    assert await work_order(house, "W1", "RELABEL", 5, sku="A", place=BENCH) == ref, "asked twice, made once"
    with pytest.raises(Refused) as other:
        await work_order(house, "W1", "RELABEL", 4, sku="A", place=BENCH)
    assert other.value.code == "value_added.ref_taken"
    with pytest.raises(Refused) as reserved:
        await work_order(house, "W2", "RELABEL", 6, sku="A", place=BENCH)
    assert (reserved.value.code, reserved.value.params["missing_each"]) == ("value_added.not_enough_goods", 1)
    worker = await house.sign_in("packer")
    card = await begin(worker)
    assert [s["kind"] for s in card["steps"]] == ["quantity", "scan", "confirm", "quantity", "photo"]
    assert len(await house.commands("print")) == 2, "a label for each unit of the round"
    with pytest.raises(Refused) as wrong:
        await worker.answer(card, **{**answers(card), "step:0": "BOX"})
    assert wrong.value.code == "value_added.wrong_step"
    second = (await worker.answer(card, **answers(card)))["cards"][0]
    assert (second["show"]["done"], second["show"]["of"]) == (2, 5)
    again = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"][0]
    assert again["id"] == second["id"] and len(await house.commands("print")) == 4, "claimed again: no label twice"
    with pytest.raises(Refused) as out:
        await worker.answer(second, **answers(second))
    assert (out.value.code, out.value.params["missing_each"]) == ("value_added.no_consumable", 1)
    assert await at_bench(house, "BAG") == {"BAG": 1}, "a refused round used nothing up"
    assert (await worker.answer(second, problem="consumable_out"))["message"] == "vas.left"
    await house.settle()
    assert "vas.consumable_out" in await house.incidents()
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": BENCH, "sku": "BAG", "qty_each": 7, "received_on": "2026-09-03"}
    ])  # fmt: skip
    other_worker = await house.sign_in("picker")
    third = await begin(other_worker)
    assert third["id"] == second["id"]
    last = (await other_worker.answer(third, **answers(third)))["cards"][0]
    assert last["steps"][0]["max"] == 1
    assert (await other_worker.answer(last, **answers(last)))["message"] == "vas.done"
    await house.settle()
    told = await house.admin.get("/api/v1/incidents?state=all")
    assert {i["state"] for i in told if i["kind"] == "vas.consumable_out"} == {"resolved"}
    (shown,) = await house.admin.get("/api/v1/value-added/orders")
    assert (shown["state"], shown["done_each"], shown["photos"], shown["standard_min"]) == ("done", 5, 3, 2.5)
    pictures = await house.admin.get(f"/api/v1/value-added/orders/{ref}/photos")
    picture = await house.admin.call("GET", f"/api/v1/value-added/photos/{pictures[0]['id']}")
    assert picture.content.startswith(b"\xff\xd8\xff") and picture.headers["content-type"] == "image/jpeg"
    acts = await house.admin.get("/api/v1/value-added/acts?owner=MAIN")
    assert sum(a["qty"] for a in acts if a["kind"] == "vas:RELABEL") == 5
    assert sum(a["qty"] for a in acts if a["kind"] == "consumable:BAG") == 5
    assert await house.admin.get("/api/v1/value-added/acts?owner=NOBODY") == []
    assert await at_bench(house, "BAG") == {"BAG": 5}
    assert await house.audit_clean()


async def test_lost_labels_are_printed_again(house: House) -> None:
    await put_recipe(house, "RELABEL", RELABEL)
    await work_order(house, "W1", "RELABEL", 2, sku="A", place=BENCH)
    worker = await house.sign_in("packer")
    card = await begin(worker)
    await house.device_answers("print", "failed", "labels.jam")
    assert "vas.label" in await house.incidents()
    assert (await worker.answer(card, problem="label_missing"))["message"] == "vas.printed_again"
    assert len(await house.commands("print")) == 2
    with pytest.raises(Refused) as theirs:
        await (await house.sign_in("picker")).answer(card, **answers(card))
    assert theirs.value.code == "work.not_yours"


async def test_kits_are_made_from_parts_and_taken_apart(house: House) -> None:
    kit = {"name": "Starter kit", "kind": "kit", "sku": "K", "parts": [["A", 2], ["B", 1]], "round_each": 3}
    await put_recipe(house, "MAKE", kit)
    await put_recipe(house, "UNMAKE", {**kit, "kind": "unkit"})
    await work_order(house, "M1", "MAKE", 4, place=BENCH)
    with pytest.raises(Refused) as short:
        await work_order(house, "M2", "MAKE", 2, place=BENCH)
    assert (short.value.code, short.value.params["sku"]) == ("value_added.not_enough_goods", "A")
    worker = await house.sign_in("packer")
    card = await begin(worker)
    assert {s["max"] for s in card["steps"]} == {6, 3}
    card = (await worker.answer(card, **answers(card)))["cards"][0]
    assert await at_bench(house, "K") == {"K": 3}, "what is done is stock at once"
    await worker.answer(card, **answers(card))
    assert await at_bench(house, *"ABK") == {"A": 2, "B": 1, "K": 4}
    (row,) = await house.admin.get("/api/v1/stock?q=K")
    assert row["received_on"] == "2026-09-01", "a kit is as old as its oldest part"
    await work_order(house, "U1", "UNMAKE", 2, place=BENCH)
    card = await begin(worker)
    await worker.answer(card, **answers(card))
    assert await at_bench(house, *"ABK") == {"A": 6, "B": 3, "K": 2}
    await house.settle()
    assert await house.audit_clean()


async def test_a_cancelled_work_order_gives_its_goods_back_and_keeps_what_was_made(house: House) -> None:
    await put_recipe(house, "MAKE", {"name": "Kit", "kind": "kit", "sku": "K", "parts": [["A", 2], ["B", 1]]})
    ref = await work_order(house, "M1", "MAKE", 5, place=BENCH)
    worker = await house.sign_in("packer")
    card = await begin(worker)
    await worker.answer(card, **answers(card))
    await house.admin.post(f"/api/v1/value-added/orders/{ref}/cancel", {"reason": "not sold"})
    await house.settle()
    with pytest.raises(Refused) as ended:
        await worker.answer(card, **answers(card))
    assert ended.value.status == 409
    assert (await house.held("K"))[f"{BENCH}:available"] == 1
    await work_order(house, "M2", "MAKE", 4, place=BENCH)
    assert await house.audit_clean()


async def test_an_order_is_worked_on_before_it_is_packed(house: House) -> None:
    await put_recipe(
        house, "CARD", {"name": "Lay a card in", "steps": [{"kind": "confirm", "text": "Card into the bag"}]}
    )
    order = await house.order("O1", {"A": 2})
    await work_order(house, "W1", "CARD", 2, sku="A", order="O1")
    with pytest.raises(Refused) as more:
        await work_order(house, "W2", "CARD", 3, sku="A", order="O1")
    assert more.value.code == "value_added.not_enough_goods"
    await house.release(order)
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    tote = await pick_all(house, picker)
    with pytest.raises(Refused) as early:
        await packer.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": tote}})
    assert early.value.code == "orders.held"
    with pytest.raises(Refused) as wrong:
        await begin(picker, "T2-1")
    assert wrong.value.code == "value_added.wrong_place"
    for _ in range(2):
        card = (await picker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"][0]
        if "location" in {s["id"] for s in card["steps"]}:
            card = (await picker.answer(card, location=tote))["cards"][0]
        await picker.answer(card, **answers(card))
    await house.settle()
    await pack_order(house, packer, tote)
    assert await house.state(order) == "labelled"
    assert await house.audit_clean()


async def test_recipes_that_cannot_be_worked_are_refused(house: House) -> None:
    async def refused(**recipe: object) -> str:
        reply = await house.admin.call("PUT", "/api/v1/value-added/recipes/R", {"name": "R", **recipe})
        return str(reply.json()["code"])

    assert await refused() == "value_added.bad_recipe", "a service without steps"
    assert await refused(kind="kit", sku="K") == "value_added.bad_recipe", "a kit without parts"
    assert await refused(kind="kit", sku="K", parts=[["K", 1]]) == "value_added.bad_recipe"
    assert await refused(steps=[{"kind": "label", "label": "nothing", "code": "X"}]) == "value_added.bad_recipe"
    with pytest.raises(Refused) as station:
        await house.admin.post("/api/v1/pda/vas/PACK-1/claim")
    assert station.value.code == "value_added.not_a_station"

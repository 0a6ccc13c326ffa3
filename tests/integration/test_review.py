"""Breakages that a reviewer looked for: what crosses, comes late, comes twice, or is shaped to hurt."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from simulators.scenarios import files
from tests.integration.house import (
    DESTINATION,
    Client,
    House,
    Json,
    Refused,
    do_pick,
    fill_parcel,
    open_house,
    pack_order,
    pick_all,
    take_cart,
)
from wms.entrypoints import mqtt
from wms.processes.order_release import service as release
from wms.processes.picking import service as picking


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def put_all_back(house: House, worker: Client) -> int:
    """Work every putaway there is. Returns how many."""
    done = 0
    while cards := (await worker.post("/api/v1/pda/putaway/claim"))["cards"]:
        for card in cards:
            show = card["show"]
            await worker.answer(card, unit=show["unit"], sku=show["sku"], location=show["location"], qty=show["qty"])
            done += 1
        await house.settle()
    return done


async def scalar(house: House, sql: str, **params: object) -> object:
    async with house.db.begin() as uow:
        return await uow.session.scalar(text(sql), params)


async def bound(house: House) -> list[str]:
    async with house.db.begin() as uow:
        return list(
            await uow.session.scalars(
                text(
                    "SELECT code FROM handling_unit WHERE bound_to IS NOT NULL AND closed_at IS NULL AND kind IN ('tote', 'cart') ORDER BY code"
                )
            )
        )


async def test_a_withdrawn_orders_old_tote_is_never_packed(house: House) -> None:
    order_id = await house.order("O1", {"A": 2, "B": 1})
    await house.release(order_id)
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0])
    old_tote = cards[0]["show"]["tote"]
    await house.admin.call("DELETE", f"/api/v1/waves/orders/{order_id}")
    await house.settle()
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    await house.release(order_id)
    tote = await pick_all(house, picker, "CART-2")
    assert tote != old_tote
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    assert start["show"]["waiting"] == [tote]
    with pytest.raises(Refused) as refused:
        await packer.answer(start, tote=old_tote)
    assert refused.value.code == "packing.not_a_pack_tote"
    await pack_order(house, packer, tote)
    assert await put_all_back(house, packer) == 1
    assert await bound(house) == []
    assert await house.audit_clean()


async def test_a_late_withdrawal_leaves_the_new_release_alone(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    await house.admin.call("DELETE", f"/api/v1/waves/orders/{order_id}")
    async with house.db.begin() as uow:  # this reaction meets a fault and comes back later
        await uow.session.execute(
            text("UPDATE reaction SET state = 'late' WHERE reaction = 'picking.on_order_withdrawn' AND state = 'due'")
        )
    await house.release(order_id)
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE reaction SET state = 'due' WHERE state = 'late'"))
    await house.settle()
    assert await house.state(order_id) == "released"
    await pick_all(house, await house.sign_in("picker"))
    assert await house.state(order_id) == "picked"
    assert await house.audit_clean()


async def test_an_order_backordered_at_the_pick_belongs_to_its_new_wave_only(house: House) -> None:
    order_id = await house.order("O1", {"A": 5}, short_policy="backorder")
    first = await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0], qty=2, problem="short")
    await house.settle()
    await picker.answer((await picker.post("/api/v1/pda/pick/claim"))["cards"][-1], drop="PACK-1")
    await house.settle()
    assert await house.state(order_id) == "backordered"
    boss = await house.sign_in("boss")
    await boss.post(
        "/api/v1/stock/status",
        {
            "place": "A-01",
            "sku": "A",
            "from_status": "count_hold",
            "to_status": "available",
            "qty_each": 18,
            "reason": "all there",
        },
    )
    await house.settle()
    assert await house.state(order_id) == "accepted", "stock that became available again calls the order back"
    second = await house.release(order_id)
    assert await scalar(house, "SELECT state FROM wave_order WHERE wave_id = :w", w=UUID(first)) == "withdrawn"
    await house.admin.call("POST", f"/api/v1/waves/{first}/undo", {})
    await house.settle()
    assert await house.state(order_id) == "released"
    assert await scalar(house, "SELECT state FROM wave_order WHERE wave_id = :w", w=UUID(second)) == "released"
    assert await house.audit_clean()


async def test_an_order_cancelled_while_its_wave_is_planned_does_not_keep_the_wave_open(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    async with house.db.begin() as uow:
        wave = await release.release_wave(uow, "w", [UUID(order_id)])
    async with house.db.begin() as uow:
        snap = await release.snapshot(uow, wave, [UUID(order_id)])
    assert snap is not None
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
    async with house.db.begin() as uow:
        await release.keep_plan(uow, wave, release.solve(snap))
    await house.settle()
    assert await scalar(house, "SELECT state FROM wave WHERE id = :w", w=wave) == "done"
    assert await scalar(house, "SELECT state FROM wave_order WHERE wave_id = :w", w=wave) == "refused"


async def test_tours_planned_on_stock_that_was_given_back_are_not_opened(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE task SET state = 'cancelled'"))
        await uow.session.execute(text("DELETE FROM tour_slot"))
        await uow.session.execute(text("DELETE FROM tour"))
        snap = await picking.snapshot(uow, [[UUID(order_id)]])
        wave = await uow.session.scalar(text("SELECT wave_id FROM wave_order"))
    assert snap is not None
    plans = picking.solve(snap)
    await house.admin.call("DELETE", f"/api/v1/waves/orders/{order_id}")
    await house.release(order_id)  # the same order, now on new reservations
    async with house.db.begin() as uow:
        assert await picking.open_tours(uow, wave, plans) == 0


async def test_a_cart_whose_orders_all_vanished_comes_back(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    reply = await do_pick(picker, cards[0], qty=0, problem="short")
    await picker.answer(reply["cards"][-1], drop="PACK-1")
    await house.settle()
    assert await house.state(order_id) == "cancelled"
    assert await bound(house) == []


@pytest.mark.parametrize("stage", ["picking", "picked", "labelled"])
async def test_after_a_cancel_goods_go_back_and_cart_and_tote_are_free_again(house: House, stage: str) -> None:
    order_id = await house.order("O1", {"A": 2, "B": 1})
    await house.release(order_id)
    picker = await house.sign_in("picker")
    if stage == "picking":
        cards = await take_cart(house, picker)
        await do_pick(picker, cards[0])
        await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
        await house.settle()
        left = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
        await picker.answer(left[-1], drop="PACK-1")
        await house.settle()
    else:
        tote = await pick_all(house, picker)
        if stage == "labelled":
            await pack_order(house, await house.sign_in("packer"), tote)
        await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
        await house.settle()
    await put_all_back(house, picker)
    assert await bound(house) == []
    assert sum(q for p, q in (await house.held("A")).items() if not p.startswith("A-0")) == 0
    assert await scalar(house, "SELECT count(*) FROM reservation WHERE state = 'pending'") == 0
    assert await scalar(house, "SELECT count(*) FROM load WHERE state IN ('ready', 'loaded')") == 0
    assert await house.audit_clean()


@pytest.mark.parametrize("loaded", [False, True])
async def test_a_parcel_with_an_old_address_cannot_leave(house: House, loaded: bool) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    old = await pack_order(house, packer, await pick_all(house, await house.sign_in("picker")))
    if loaded:
        await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=old)
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": {**DESTINATION, "name": "New"}})
    with pytest.raises(Refused) as refused:  # at once, not when a reaction has found time
        await lead.post("/api/v1/dock/manifests/POST/close")
    assert refused.value.code == ("dock.still_aboard" if loaded else "dock.nothing_loaded")
    await house.settle()
    with pytest.raises(Refused) as refused:
        await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=old)
    parcel = await scalar(house, "SELECT id FROM parcel")
    await house.device_answers("print")
    shown = (await packer.get(f"/api/v1/pda/pack/PACK-1/parcels/{parcel}"))["cards"][0]
    bench = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = (await packer.answer(bench, tote=f"]C100{shown['show']['sscc']}"))["cards"][0]
    assert card["id"] == shown["id"]
    with pytest.raises(Refused) as refused:
        await packer.answer(card, label=old)
    assert refused.value.code == "packing.wrong_label"
    await packer.answer(card, label=card["show"]["sscc"])
    await house.settle()
    assert await lead.get("/api/v1/incidents?state=open") == []
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=card["show"]["sscc"])
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert await house.state(order_id) == "shipped"
    assert await house.audit_clean()


async def test_an_address_that_changes_while_the_label_is_printing_is_on_the_label(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    packer = await house.sign_in("packer")
    tote = await pick_all(house, await house.sign_in("picker"))
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    old = card["show"]["sscc"]
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": {**DESTINATION, "name": "New"}})
    await house.settle()
    await house.device_answers("print")
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["id"].startswith("apply:")
    assert card["show"]["sscc"] != old
    content = await scalar(
        house, "SELECT payload->>'content' FROM outgoing WHERE kind = 'print' ORDER BY seq DESC LIMIT 1"
    )
    assert (
        await scalar(house, "SELECT data->'destination'->>'name' FROM print_job ORDER BY created_at DESC LIMIT 1")
        == "New"
    )
    assert card["show"]["sscc"] in str(content)


async def test_a_parcel_set_aside_is_finished_by_a_lead(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"] - 300, "interval_g": 1})
    off = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    await packer.answer(off, problem="set_aside")
    with pytest.raises(Refused) as refused:
        await packer.answer(start, tote=tote)
    assert refused.value.code == "packing.aside"
    with pytest.raises(Refused) as refused:
        await packer.answer(off, problem="open_and_check")
    assert refused.value.code == "packing.aside"
    again = (await lead.answer(start, tote=tote))["cards"][0]
    assert again["id"].startswith("parcel:")
    await pack_order_from(house, lead, again)
    assert await house.state(order_id) == "labelled"
    assert await house.audit_clean()


async def pack_order_from(house: House, who: Client, card: Json) -> None:
    card = await fill_parcel(who, card)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    await house.device_answers("print")
    card = (await who.get(card["steps"][0]["poll"]))["cards"][0]
    await who.answer(card, label=card["show"]["sscc"])
    await house.settle()


async def test_a_half_loaded_order_stays_behind(house: House) -> None:
    order_id = await house.order("O1", {"A": 20, "B": 20})
    await house.release(order_id)
    parcels = (await house.admin.get(f"/api/v1/orders/{order_id}"))["parcels"]
    assert len(parcels) > 1, "more than one carton"
    tote = await pick_all(house, await house.sign_in("picker"))
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = (await packer.answer(start, tote=tote))["cards"][0]
    sscc = []
    while card["id"].startswith("parcel:"):
        card = await fill_parcel(packer, card)
        await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
        await house.device_answers("print")
        card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
        sscc.append(card["show"]["sscc"])
        card = (await packer.answer(card, label=sscc[-1]))["cards"][0]
        await house.settle()
    assert len(sscc) == len(parcels)
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc[0])
    with pytest.raises(Refused) as refused:
        await lead.post("/api/v1/dock/manifests/POST/close")
    assert refused.value.code == "dock.still_aboard"
    for code in sscc[1:]:
        await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=code)
    assert (await lead.post("/api/v1/dock/manifests/POST/close"))["parcels"] == len(sscc)
    await house.settle()
    assert await house.state(order_id) == "shipped"
    assert await bound(house) == []
    assert await scalar(house, "SELECT count(*) FROM reservation WHERE state = 'pending'") == 0


async def test_a_key_of_another_person_answers_nothing(house: House) -> None:
    key = str(uuid4())
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    await house.release(await house.order("O1", {"A": 1}))
    await picker.post("/api/v1/pda/pick/claim", {}, key)
    reply = await packer.call("POST", "/api/v1/pda/pick/claim", {}, key)
    assert reply.json()["code"] == "common.key_reused"
    reply = await Client(house.http, "").call("POST", "/api/v1/pda/pick/claim", {}, key)
    assert reply.status_code >= 400, "nor anybody who is not signed in"


@pytest.mark.parametrize("evil", ["a\x00b", "\ud800", 10**30, -1], ids=["nul", "surrogate", "huge", "negative"])
async def test_what_no_column_can_hold_is_the_askers_fault(house: House, evil: str | int) -> None:
    for method, path, body in (
        ("POST", "/api/v1/orders", [{"ref": str(evil), "lines": [{"sku": "A", "qty_each": evil if isinstance(evil, int) else 1}], "destination": {"country": "DE", "name": evil}}]),
        ("POST", "/api/v1/stock/status", {"place": "A-01", "sku": str(evil), "from_status": "available", "to_status": "damaged", "qty_each": 1, "reason": "x"}),
    ):  # fmt: skip
        headers = {"authorization": f"Bearer {house.admin.token}", "content-type": "application/json"}
        reply = await house.http.request(method, path, content=json.dumps(body), headers=headers)
        assert reply.status_code < 500, (path, reply.text)
    for path in ("/api/v1/orders?limit={}", "/api/v1/stock?limit={}", "/api/v1/orders?q={}"):
        shaped = quote(str(evil), errors="surrogatepass")
        reply = await house.http.get(path.format(shaped), headers={"authorization": f"Bearer {house.admin.token}"})
        assert reply.status_code < 500, (path, reply.text)


def envelope(number: int, **changes: object) -> bytes:
    body = {"epoch": "e1", "seq": number, "base": 1, "id": str(uuid4()), "device": "scale-1", "kind": "weight_measured",
            "occurred_at": "2026-11-22T10:00:00+00:00", "data": {"weight_g": 5, "interval_g": 1}, **changes}  # fmt: skip
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"device": "a\x00b"}, {"device": "\ud800"}, {"epoch": "a\x00b"}, {"epoch": "\ud800"}, {"base": 10**30}, {"base": 2}, {"base": -5},
        {"seq": 10**30}, {"kind": "x\x00"}, {"data": {"weight_g": 10**30, "interval_g": 1}}, {"data": {"weight_g": 1, "\x00": 1}},
        {"kind": "device_state_changed", "data": {"state": "\x00", "detail": "\ud800"}}, {"occurred_at": "0001-01-01T00:00:00+23:00"},
        {"kind": "command_result", "data": {"command_id": "no", "outcome": "done"}}, {"device": "d" * 100_000}, {"occurred_at": "yesterday"}, {"occurred_at": "2026-11-22T10:00:00"}, {"data": []}, {"data": 7},
    ],
    ids=lambda c: json.dumps(c)[:40],
)  # fmt: skip
async def test_a_poisoned_message_never_stops_those_behind_it(house: House, changes: Json) -> None:
    behind = envelope(2)
    batch = []
    for payload in (envelope(1, **changes), behind):
        try:
            batch.append(mqtt.parse("wms/v1/gw-1/ev", payload))
        except mqtt.Poison as error:
            async with house.db.begin() as uow:
                mqtt.park(uow, "wms/v1/gw-1/ev", payload, str(error))
    taken = await mqtt.take_in(house.db, "gw-1", batch)
    if (
        "seq" not in changes and "epoch" not in changes and changes.get("base", 1) == 1
    ):  # else it has no place in the spool
        assert taken == {"e1": 2}
    await house.settle()
    assert await scalar(house, "SELECT count(*) FROM reaction WHERE state <> 'done'") == 0


@pytest.mark.parametrize("how", ["remove", "undo"])
async def test_a_withdrawal_that_meets_a_cancellation_leaves_a_cancelled_order(house: House, how: str) -> None:
    order_id, other = await house.order("O1", {"A": 1}), await house.order("O2", {"B": 1})
    wave = await house.release(order_id, other)
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
    if how == "remove":
        reply = await house.admin.call("DELETE", f"/api/v1/waves/orders/{order_id}")
        assert reply.json()["code"] == "orders.is_cancelled"
    else:
        assert (await house.admin.post(f"/api/v1/waves/{wave}/undo", {}))["undone"] == 1
    await house.settle()
    assert await house.state(order_id) == "cancelled"
    assert (
        await scalar(
            house, "SELECT count(*) FROM task WHERE state IN ('open', 'claimed') AND data->>'order_id' = :o", o=order_id
        )
        == 0
    )


async def test_a_short_pick_that_meets_a_cancellation_leaves_a_cancelled_order(house: House) -> None:
    order_id = await house.order("O1", {"A": 5}, short_policy="backorder")
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
    await do_pick(picker, cards[0], qty=2, problem="short")
    await house.settle()
    assert await house.state(order_id) == "cancelled"


async def test_orders_beyond_what_is_taken_at_once_are_refused_not_dropped(house: House) -> None:
    body = [{"ref": f"O{i}", "lines": [{"sku": "A", "qty_each": 1}], "destination": DESTINATION} for i in range(501)]
    reply = await house.admin.call("POST", "/api/v1/orders", body)
    assert reply.json()["code"] == "common.malformed"
    assert (await house.admin.get("/api/v1/orders"))["orders"] == []


@pytest.mark.parametrize("carrier", ["", "a/b", "x" * 41, "a\nb"])
async def test_a_carrier_that_no_manifest_could_bear_is_refused(house: House, carrier: str) -> None:
    with pytest.raises(Refused) as refused:
        await house.order("O1", {"A": 1}, carrier=carrier)
    assert refused.value.code == "orders.refused"


async def test_a_sku_that_comes_twice_is_named(house: House) -> None:
    sku = {"code": "D", "name": "D", "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 10}
    reply = await house.admin.call("POST", "/api/v1/catalog/skus", [sku, sku])
    assert (reply.status_code, reply.json()["code"]) == (422, "common.bad_input")
    assert "D" in reply.json()["params"]["reason"]


def test_a_row_that_comes_twice_in_a_file_is_named(tmp_path: Path) -> None:
    rows = {
        "orders": "order,sku,qty\nO1,S1,1\n",
        "skus": "sku,width_mm,length_mm,height_mm,weight_g\nS1,10,20,30,40\nS1,10,20,30,40\n",
        "cartons": "carton,inner_width_mm,inner_length_mm,inner_height_mm,outer_width_mm,outer_length_mm,outer_height_mm,"
        "tare_g,max_load_g\nM,200,200,200,210,210,210,100,9000\n",
    }
    for name, content in rows.items():
        (tmp_path / f"{name}.csv").write_text(content, "utf-8")
    with pytest.raises(files.BadFile, match="skus.csv: line 3: column sku: 'S1' is already in line 2"):
        files.shop(*(tmp_path / f"{name}.csv" for name in rows))


async def test_two_packers_at_one_tote_make_one_parcel(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    opened = await asyncio.gather(*(who.answer(start, tote=tote) for who in (packer, lead)))
    cards = [reply["cards"][0] for reply in opened]
    assert cards[0]["id"] == cards[1]["id"]
    closed = await asyncio.gather(*(fill_parcel(packer, cards[0]) for _ in range(3)), return_exceptions=True)
    assert len([c for c in closed if isinstance(c, dict)]) == 1
    assert all(isinstance(c, dict) or (isinstance(c, Refused) and c.status == 409) for c in closed), closed
    assert await house.held("A") == {
        "A-01:available": 18,
        f"{next(c for c in closed if isinstance(c, dict))['show']['sscc']}:available": 2,
    }
    assert await house.audit_clean()

"""Orders from acceptance to truck, and everything that may happen to them on the way, through the API's front door."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from tests.integration.house import House, Refused, do_pick, fill_parcel, open_house, pack_order, pick_all, take_cart


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def shipped(house: House, tote: str) -> str:
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    sscc = await pack_order(house, packer, tote)
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=f"00{sscc}")
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    return sscc


async def test_an_order_goes_from_shelf_to_truck_and_the_host_hears_of_it(house: House) -> None:
    order_id = await house.order("O1", {"A": 3, "B": 1})
    await house.release(order_id)
    assert await house.state(order_id) == "released"
    tote = await pick_all(house, await house.sign_in("picker"))
    assert await house.state(order_id) == "picked"
    await shipped(house, tote)
    assert await house.state(order_id) == "shipped"
    assert await house.held("A") == {"A-01:available": 17}
    assert await house.held("B") == {"A-02:available": 19}
    async with house.db.begin() as uow:
        from sqlalchemy import text

        told = await uow.session.scalar(text("SELECT payload->>'ref' FROM outgoing WHERE kind = 'order.shipped'"))
    assert told == "O1"
    assert await house.audit_clean()


async def test_every_step_of_a_decision_keeps_its_why(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    order = await house.admin.get(f"/api/v1/orders/{order_id}")
    assert [w["step"] for w in order["why"]] == ["carton", "release"]
    assert order["parcels"][0]["carton"] == "M"


@pytest.mark.parametrize("stage", ["accepted", "released", "picking", "picked", "labelled", "loaded"])
async def test_cancel_at_every_stage_loses_no_unit(house: House, stage: str) -> None:
    order_id = await house.order("O1", {"A": 2, "B": 1})
    if stage != "accepted":
        await house.release(order_id)
    sscc = ""
    if stage == "picking":
        picker = await house.sign_in("picker")
        cards = await take_cart(house, picker)
        await do_pick(picker, cards[0])
    if stage in ("picked", "labelled", "loaded"):
        tote = await pick_all(house, await house.sign_in("picker"))
    if stage in ("labelled", "loaded"):
        sscc = await pack_order(house, await house.sign_in("packer"), tote)
    if stage == "loaded":
        lead = await house.sign_in("lead")
        await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    assert await house.state(order_id) == stage
    effect = (await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "customer"}))["effect"]
    await house.settle()
    assert effect == {"accepted": "drop", "released": "stop", "picking": "stop", "picked": "divert",
                      "labelled": "void_label", "loaded": "pull_off"}[stage]  # fmt: skip
    assert await house.state(order_id) == "cancelled"
    for sku in ("A", "B"):
        assert sum((await house.held(sku)).values()) == 20, f"{sku} after cancel when {stage}"
    assert await house.audit_clean()
    if stage == "picking":
        with pytest.raises(Refused) as refused:
            await do_pick(picker, cards[1])
        assert refused.value.code == "orders.is_cancelled"
    if stage == "loaded":
        with pytest.raises(Refused) as refused:
            await lead.post("/api/v1/dock/manifests/POST/close")
        assert refused.value.code == "dock.nothing_loaded"


async def test_a_departed_order_is_not_cancelled(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    await shipped(house, await pick_all(house, await house.sign_in("picker")))
    with pytest.raises(Refused) as refused:
        await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
    assert refused.value.code == "orders.departed"


async def test_a_new_address_voids_the_old_label(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    await pack_order(house, await house.sign_in("packer"), await pick_all(house, await house.sign_in("picker")))
    reply = await house.admin.call(
        "PATCH", f"/api/v1/orders/{order_id}", {"destination": {"country": "FR", "name": "New"}}
    )
    assert reply.status_code == 200
    await house.settle()
    (command,) = await house.commands("print")
    async with house.db.begin() as uow:
        job = await uow.session.execute(text("SELECT data, content FROM print_job ORDER BY created_at DESC LIMIT 1"))
        data, content = job.one()
    assert data["destination"]["name"] == "New" and content == command.payload["content"]
    assert "pack.relabel" in await house.incidents()


async def test_lines_change_before_release_only(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    change = {"lines": [{"sku": "B", "qty_each": 4}]}
    assert (await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", change)).status_code == 200
    await house.release(order_id)
    reply = await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"lines": [{"sku": "A", "qty_each": 1}]})
    assert reply.json()["code"] == "orders.wrong_state"
    lines = (await house.admin.get(f"/api/v1/orders/{order_id}"))["lines"]
    assert [(x["sku"], x["qty_each"]) for x in lines] == [("B", 4)]


async def test_a_paused_wave_hands_out_no_tour(house: House) -> None:
    wave = await house.release(await house.order("O1", {"A": 1}))
    await house.admin.post(f"/api/v1/waves/{wave}/pause")
    picker = await house.sign_in("picker")
    assert (await picker.post("/api/v1/pda/pick/claim"))["cards"] == []
    await house.admin.post(f"/api/v1/waves/{wave}/resume")
    assert (await picker.post("/api/v1/pda/pick/claim"))["cards"]


async def test_orders_join_and_leave_a_wave(house: House) -> None:
    first, second = await house.order("O1", {"A": 1}), await house.order("O2", {"B": 1})
    wave = await house.release(first)
    await house.admin.post(f"/api/v1/waves/{wave}/orders", {"order_ids": [second]})
    await house.settle()
    assert await house.state(second) == "released"
    reply = await house.admin.call("DELETE", f"/api/v1/waves/orders/{second}")
    assert reply.status_code == 200
    await house.settle()
    assert await house.state(second) == "accepted"
    assert await house.audit_clean()


async def test_an_undone_wave_puts_everything_back(house: House) -> None:
    ids = [await house.order(f"O{i}", {"A": 2, "C": 1}) for i in range(3)]
    wave = await house.release(*ids)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0])
    assert (await house.admin.post(f"/api/v1/waves/{wave}/undo", {}))["undone"] == 3
    await house.settle()
    assert [await house.state(i) for i in ids] == ["accepted"] * 3
    assert sum((await house.held("A")).values()) == 20
    assert await house.audit_clean()


async def short_at_the_pick(house: House, policy: str) -> str:
    order_id = await house.order("O1", {"A": 5, "B": 1}, short_policy=policy)
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    short = next(c for c in cards if c["show"].get("sku") == "A")
    reply = await do_pick(picker, short, qty=2, problem="short")
    left = reply["cards"]
    for card in left[:-1]:
        await do_pick(picker, card)
    await picker.answer(left[-1], drop="PACK-1")
    await house.settle()
    return order_id


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        ("ship_partial", "picked"),
        ("cancel_line", "picked"),
        ("backorder", "backordered"),
        ("complete_only", "backordered"),
    ],
)
async def test_a_short_pick_follows_the_policy_and_holds_the_rest(house: House, policy: str, state: str) -> None:
    order_id = await short_at_the_pick(house, policy)
    assert await house.state(order_id) == state
    held = await house.held("A")
    assert held.get("A-01:count_hold") == 18, "what the book still shows there waits for a count"
    assert sum(held.values()) == 20
    assert "order.short" in await house.incidents()
    assert await house.audit_clean()


async def test_a_short_pick_goes_to_another_location_first(house: House) -> None:
    await house.admin.post(
        "/api/v1/stock/opening?dry_run=false",
        [{"location": "A-03", "sku": "A", "qty_each": 9, "received_on": "2026-11-01"}],
    )
    order_id = await short_at_the_pick(house, "ship_partial")
    order = await house.admin.get(f"/api/v1/orders/{order_id}")
    assert [(x["picked_each"], x["short_each"]) for x in order["lines"] if x["sku"] == "A"] == [(5, 0)]
    assert await house.audit_clean()


async def test_stock_that_is_not_there_at_release(house: House) -> None:
    partial = await house.order("O1", {"A": 25}, short_policy="ship_partial")
    complete = await house.order("O2", {"B": 25}, short_policy="complete_only")
    await house.release(partial, complete)
    assert await house.state(partial) == "released"
    assert await house.state(complete) == "backordered"
    assert set(await house.incidents()) == {"order.short", "order.cannot_release"}


async def test_a_wrong_weight_gets_no_label_but_an_incident(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"] - 200, "interval_g": 1})
    assert await house.commands("print") == []
    assert await house.incidents() == ["pack.weight_off"]
    off = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    card = await fill_parcel(packer, again)
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    assert len(await house.commands("print")) == 1
    assert await house.audit_clean()


async def test_an_unknown_print_voids_the_serial(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    old = card["show"]["sscc"]
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    await house.device_answers("print", "unknown", "printer.state_unknown")
    failed = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    assert failed["id"].startswith("retry:")
    assert failed["show"]["sscc"] != old
    await packer.answer(failed, retry=True)
    (command,) = await house.commands("print")
    assert old not in command.payload["content"]
    assert failed["show"]["sscc"] in command.payload["content"]
    assert await house.audit_clean()


async def test_undo_takes_the_last_pick_back(house: House) -> None:
    await house.release(await house.order("O1", {"A": 2, "B": 1}))
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0])
    reply = await picker.post(f"{cards[0]['submit']}/undo")
    assert len(reply["cards"]) == 3
    assert sum(q for p, q in (await house.held(cards[0]["show"]["sku"])).items() if p.startswith("A-")) == 20
    for card in reply["cards"][:-1]:
        await do_pick(picker, card)
    assert await house.audit_clean()

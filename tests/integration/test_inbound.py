"""Goods from the supplier to the bin, through the API's front door and the devices' door."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, open_house, pick_all
from tests.unit.test_inbound import tag

BINS = {
    "warehouse": "W1",
    "nodes": [{"code": f"R{i}", "x_mm": i * 2000, "y_mm": 9000} for i in range(5)],
    "edges": [{"a": f"R{i}", "b": f"R{i + 1}"} for i in range(4)],
    "locations": [
        {"code": "PACK-2", "kind": "pack", "zone": "R", "node": "R0", "x_mm": 0, "y_mm": 9000},
        *({"code": f"R-0{i}", "kind": "bin", "zone": "R", "node": f"R{i}", "x_mm": i * 2000, "y_mm": 9500, "z_mm": 700,
           "width_mm": 1200, "depth_mm": 600, "height_mm": 500, "load_max_g": 100_000} for i in range(1, 5)),
    ],
}  # fmt: skip
PER = "/api/v1/pda/receive/RECV-1"


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/layout", BINS)
        yield opened


async def announce(house: House, ref: str, *lines: Json) -> str:
    body = {"ref": ref, "supplier": "Plain Goods", "lines": list(lines)}
    return str((await house.admin.post("/api/v1/notices", body))["id"])


async def scan(who: Client, code: str) -> Json:
    """Scan at arrival. Returns the card."""
    return (await who.post(f"{PER}/scan", {"answers": {"code": code}}))["cards"][0]  # type: ignore[no-any-return]


async def through(house: House, who: Client, card: Json, *, off_g: int = 0) -> Json:
    """Measure, weigh and label whatever the card wants, to the card after it."""
    for _ in range(40):
        show, kind = card["show"], card["id"].split(":")
        if kind[0] == "wait" and kind[2] == "measuring":
            await house.hear("dws-1", "parcel_measured", {"sequence": 1, "length_mm": 101, "width_mm": 81, "height_mm": 41, "weight_g": 205,
                                                          "barcode": "", "flags": []})  # fmt: skip
        elif kind[0] == "wait" and kind[2] == "weighing":
            await house.hear("scale-dock", "weight_measured", {"weight_g": show["expected_g"] + off_g, "interval_g": 1})
        elif kind[0] == "wait" and kind[2] == "labelling":
            assert await house.device_answers("print") == 1
        elif kind[0] == "apply":
            card = (await who.answer(card, label=f"]C100{show['unit']}"))["cards"][0]
            await house.settle()
            continue
        else:
            return card
        card = (await who.get(card["steps"][0]["poll"]))["cards"][0]
    raise AssertionError(card["id"])


async def receive(house: House, who: Client, card: Json, **answers: Any) -> Json:
    return await through(house, who, (await who.answer(card, **answers))["cards"][0])


async def notice(house: House, ref: str) -> Json:
    return next(n for n in await house.admin.get("/api/v1/inbound/notices") if n["ref"] == ref)


async def work_putaways(house: House, who: Client) -> list[Json]:
    """Do all putaways as directed. Returns the cards done."""
    done = []
    while cards := (await who.post("/api/v1/pda/putaway/claim"))["cards"]:
        for card in cards:
            show = card["show"]
            assert card["offline"]
            await who.answer(card, unit=show["unit"], sku=show["sku"], location=show["location"], qty=show["qty"])
            done.append(card)
        await house.settle()
    return done


async def test_received_in_two_parts_with_mixed_packs_then_put_away_as_directed(house: House) -> None:
    lead = await house.sign_in("lead")
    await announce(house, "ASN-1", {"sku": "A", "qty_each": 50})
    goods = await scan(lead, "ASN-1")
    count = (await lead.answer(goods, goods="A"))["cards"][0]
    assert [s["id"] for s in count["steps"]] == ["qty:CTN", "qty:EA", "unit"]
    first = (await lead.answer(count, **{"qty:CTN": 3, "qty:EA": 5, "unit": "case"}))["cards"][0]
    assert first["show"]["level"] == "EA"  # a SKU never measured goes onto the dimensioner, then its carton
    after = await through(house, lead, first)
    assert after["id"].startswith("goods:")
    receipt = (await house.admin.get("/api/v1/inbound/receipts"))[0]["lines"][0]
    assert receipt["counted"] == "3 CTN × 12 + 5 EA = 41"
    assert [p["level"] for p in receipt["parts"]] == ["CTN", "CTN", "CTN", "EA"]
    assert all(p["weight_g"] for p in receipt["parts"])
    again = (await lead.answer(after, goods="A"))["cards"][0]
    assert not again["show"]["first_time"]
    after = await receive(house, lead, again, **{"qty:EA": 9, "unit": "case"})
    assert (await lead.answer(after, problem="all_received"))["message"] == "receive.closed"
    await house.settle()
    assert (await notice(house, "ASN-1"))["state"] == "closed"
    assert await house.incidents() == []
    done = await work_putaways(house, await house.sign_in("picker"))
    assert [c["show"]["qty"] for c in done] == [41, 9]
    assert done[0]["show"]["location"] == done[1]["show"]["location"]  # same SKU, same lot
    held = await house.held("A")
    assert held == {"A-01:available": 20, f"{done[0]['show']['location']}:available": 50}
    assert await house.audit_clean()


async def test_a_mixed_pallet_with_damage_over_and_short_is_closed_by_reason(house: House) -> None:
    lead = await house.sign_in("lead")
    notice_id = await announce(house, "ASN-2", {"sku": "A", "qty_each": 10}, {"sku": "B", "qty_each": 10})
    goods = await scan(lead, "ASN-2")
    count = (await lead.answer(goods, goods="A"))["cards"][0]
    count = (await lead.answer(count, problem="damaged"))["cards"][0]
    answers = {"qty:EA": 12, "damaged": 2, "damage_reason": "crushed", "unit": "pallet"}
    goods = await receive(house, lead, count, **answers)
    pallet = goods["show"]["filling"]
    count = (await lead.answer(goods, goods="B"))["cards"][0]
    goods = await receive(house, lead, count, **{"qty:EA": 7, "unit": "onto"})
    assert (await house.admin.get("/api/v1/slotting/putaway")) == []  # still being filled
    goods = (await lead.answer(goods, goods=f"00{pallet}"))["cards"][0]
    await house.settle()
    assert len(await house.admin.get("/api/v1/slotting/putaway")) == 3  # A, A damaged, B
    with pytest.raises(Refused) as no_reason:
        await lead.post(f"/api/v1/inbound/notices/{notice_id}/close", {"reason": " "})
    assert no_reason.value.code == "inbound.reason_missing"
    why = (await lead.answer(goods, problem="all_received"))["cards"][0]
    await lead.answer(why, reason="supplier_short")
    await house.settle()
    assert sorted(await house.incidents()) == ["inbound.damaged", "inbound.over", "inbound.short"]
    done = await work_putaways(house, await house.sign_in("picker"))
    assert len({c["show"]["location"] for c in done}) == 3
    assert sorted((await house.held("A")).values()) == [2, 10, 20]
    assert (await house.admin.get(f"/api/v1/stock?q={pallet}")) == []
    # More came after all.
    await lead.post(f"/api/v1/inbound/notices/{notice_id}/reopen")
    goods = await scan(lead, "ASN-2")
    count = (await lead.answer(goods, goods="B"))["cards"][0]
    await receive(house, lead, count, **{"qty:EA": 3, "unit": "case"})
    assert [x["received_each"] for x in (await notice(house, "ASN-2"))["lines"]] == [12, 10]
    assert await house.audit_clean()


async def test_goods_that_nobody_announced_are_held(house: House) -> None:
    lead = await house.sign_in("lead")
    reply = await lead.post(f"{PER}/scan", {"answers": {"code": "C"}})
    assert (reply["level"], reply["message"]) == ("warn", "receive.no_notice")
    await receive(house, lead, reply["cards"][0], **{"qty:EA": 4, "unit": "case"})
    assert "inbound.no_notice" in await house.incidents()
    (card,) = await work_putaways(house, await house.sign_in("picker"))
    assert (await house.held("C"))[f"{card['show']['location']}:qc_hold"] == 4
    assert await house.audit_clean()


async def test_papers_dates_and_serials_are_asked_where_the_policy_wants_them(house: House) -> None:
    base = {"name": "Traced", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 200}
    await house.admin.post("/api/v1/catalog/skus", [
        {**base, "code": "L", "lot_policy": "required", "expiry_policy": "production", "shelf_life_days": 400,
         "min_life_receipt_days": 30},
        {**base, "code": "S", "serial_policy": "always"},
    ])  # fmt: skip
    await announce(house, "ASN-3", {"sku": "L", "qty_each": 5}, {"sku": "S", "qty_each": 2})
    lead = await house.sign_in("lead")
    today = (house.db.clock.now()).date()
    goods = await scan(lead, "ASN-3")
    count = (await lead.answer(goods, goods="L"))["cards"][0]
    assert [s["id"] for s in count["steps"]] == ["qty:EA", "lot", "date", "unit"]
    for bad, code in (({"lot": ""}, "inbound.lot_missing"), ({"date": "soon"}, "inbound.bad_date")):
        with pytest.raises(Refused) as refused:
            await lead.answer(count, **{"qty:EA": 5, "lot": "L1", "date": str(today), "unit": "case", **bad})
        assert refused.value.code == code
    goods = await receive(house, lead, count, **{"qty:EA": 3, "lot": "L1", "date": str(today), "unit": "case"})
    count = (await lead.answer(goods, goods="L"))["cards"][0]
    count = (await lead.answer(count, problem="no_lot"))["cards"][0]
    goods = await receive(
        house, lead, count, **{"qty:EA": 2, "date": str(today.replace(year=today.year - 1)), "unit": "case"}
    )
    count = (await lead.answer(goods, goods="S"))["cards"][0]
    serials = (await lead.answer(count, **{"qty:EA": 2, "unit": "case"}))["cards"][0]
    with pytest.raises(Refused) as refused:
        await lead.answer(serials, **{"serial:1": "X1", "serial:2": "X1"})
    assert refused.value.code == "inbound.bad_serials"
    assert await house.held("S") == {}
    await receive(house, lead, serials, **{"serial:1": "X1", "serial:2": "X2"})
    assert {"inbound.no_lot", "inbound.no_notice"} & set(await house.incidents()) == {"inbound.no_lot"}
    await work_putaways(house, await house.sign_in("picker"))
    assert sorted(k.split(":")[1] + str(v) for k, v in (await house.held("L")).items()) == ["available3", "qc_hold2"]
    assert list((await house.held("S")).values()) == [2]
    assert await house.audit_clean()


async def test_bad_input_changes_nothing(house: House) -> None:
    lead = await house.sign_in("lead")
    notice_id = await announce(house, "ASN-4", {"sku": "A", "qty_each": 10})
    goods = await scan(lead, "ASN-4")
    count = (await lead.answer(goods, goods="A"))["cards"][0]
    before = (await house.held("A"), await notice(house, "ASN-4"))
    good = {"qty:EA": 10, "unit": "case"}
    tries: list[tuple[Json, str]] = [
        ({"qty:EA": 0}, "inbound.nothing_counted"), ({"qty:EA": -3}, "inbound.absurd_count"),
        ({"qty:EA": "ten"}, "inbound.absurd_count"), ({"qty:EA": 10**9}, "inbound.absurd_count"),
        ({"qty:PAL": 1}, "inbound.unknown_pack"), ({"damaged": 11, "damage_reason": "wet"}, "inbound.more_damaged"),
        ({"damaged": 1}, "inbound.damage_reason_missing"), ({"unit": "shelf"}, "common.bad_input"),
        ({"unit": "onto"}, "inbound.no_open_unit"),
    ]  # fmt: skip
    for bad, code in tries:
        with pytest.raises(Refused) as refused:
            await lead.answer(count, **{**good, **bad})
        assert refused.value.code == code, bad
    for code_scanned, code in (("NOPE", "scanning.unknown_barcode"), ("", "scanning.unreadable")):
        with pytest.raises(Refused) as refused:
            await scan(lead, code_scanned)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        await lead.post("/api/v1/pda/receive/PACK-1/scan", {"answers": {"code": "A"}})
    assert refused.value.code == "inbound.not_a_receive_station"
    await house.hear("scale-dock", "weight_measured", {"weight_g": 500, "interval_g": 1})  # nobody waits for it
    assert (await house.held("A"), await notice(house, "ASN-4")) == before
    # The same request again is answered and not doubled; closed means closed.
    body, key = {"answers": good}, "01990000-0000-7000-8000-000000000001"
    await lead.post(count["submit"], body, key)
    await lead.post(count["submit"], body, key)
    assert (await notice(house, "ASN-4"))["lines"][0]["received_each"] == 10
    with pytest.raises(Refused) as refused:
        await lead.post(f"/api/v1/inbound/notices/{notice_id}/close", {"reason": "x"})
    assert refused.value.code == "inbound.line_under_way"
    with pytest.raises(Refused) as refused:
        await lead.answer(count, **good)
    assert refused.value.code == "inbound.station_busy"
    assert await house.audit_clean()


async def test_a_carton_too_light_is_seen_and_the_count_taken_back(house: House) -> None:
    lead = await house.sign_in("lead")
    await announce(house, "ASN-5", {"sku": "A", "qty_each": 24})
    count = (await lead.answer(await scan(lead, "ASN-5"), goods="A"))["cards"][0]
    card = (await lead.answer(count, **{"qty:EA": 24, "unit": "case"}))["cards"][0]
    card = await through(house, lead, card, off_g=-205)  # one piece is missing
    assert card["id"].startswith("off:")
    assert "inbound.weight_off" in await house.incidents()
    card = (await lead.answer(card, problem="recount"))["cards"][0]
    assert await house.held("A") == {"A-01:available": 20}
    assert (await notice(house, "ASN-5"))["lines"][0]["received_each"] == 0
    count = (await lead.answer(card, goods="A"))["cards"][0]
    await receive(house, lead, count, **{"qty:EA": 23, "unit": "case"})
    assert (await notice(house, "ASN-5"))["lines"][0]["received_each"] == 23
    assert await house.audit_clean()


async def gate(house: House, session: str, epcs: list[str], overflow: bool = False) -> None:
    seen = [
        {"epc": e, "uri": "urn:epc:id:sgtin:0614141.0.1", "reads": 20, "antenna": 1, "rssi_dbm": -50, "first_seen": "", "last_seen": ""}
        for e in epcs
    ]  # fmt: skip
    await house.hear("gate-1", "gate_session_closed", {
        "session_id": session, "opened_at": "2026-11-22T10:00:00+00:00", "closed_at": "2026-11-22T10:00:02+00:00",
        "direction": "in", "tags": seen, "stray": [], "unknown": [], "overflow": overflow,
    })  # fmt: skip


async def test_tags_that_live_at_the_gate_are_evidence_of_their_own(house: House) -> None:
    def seen(epc: str) -> dict[str, object]:
        return {"epc": epc, "uri": None, "reads": 3, "antenna": 1, "rssi_dbm": -70, "first_seen": "", "last_seen": ""}

    await house.hear("gate-1", "gate_session_closed", {
        "session_id": "s9", "opened_at": "2026-11-22T10:00:00+00:00", "closed_at": "2026-11-22T10:00:02+00:00", "direction": "in",
        "tags": [], "stray": [seen("A1")], "resident": [seen("B2")], "unknown": [seen("C3")], "overflow": False,
    })  # fmt: skip
    (passage,) = await house.admin.get("/api/v1/inbound/gate-passages")
    assert (passage["stray"], passage["resident"], passage["unknown"]) == (["A1"], ["B2"], ["C3"])


async def test_a_pallet_that_the_gate_identified_is_received_by_one_scan(house: House) -> None:
    lead = await house.sign_in("lead")
    tags_a, tags_b = [tag(1, k) for k in range(4)], [tag(2, k) for k in range(3)]
    await announce(house, "ASN-6", {"sku": "A", "qty_each": 4, "epcs": tags_a, "hu_code": "PAL-6"},
                   {"sku": "B", "qty_each": 3, "epcs": tags_b, "hu_code": "PAL-6"})  # fmt: skip
    await gate(house, "s1", tags_a + tags_b)
    await gate(house, "s1", tags_a)  # the same session again says nothing new
    assert [x["gate"] for x in (await notice(house, "ASN-6"))["lines"]] == ["identified", "identified"]
    assert len(await house.admin.get("/api/v1/inbound/gate-passages")) == 1
    card = await scan(lead, "PAL-6")
    assert card["id"].startswith("gate:")
    goods = await receive(house, lead, card, pallet="PAL-6")
    assert (await lead.answer(goods, problem="all_received"))["message"] == "receive.closed"
    assert await house.incidents() == []
    done = await work_putaways(house, await house.sign_in("picker"))
    assert [c["show"]["qty"] for c in done] == [4, 3]
    assert [s["id"] for s in done[0]["steps"]] == ["unit", "sku", "location", "qty"]  # a mixed unit asks for the SKU
    rate = await house.admin.get("/api/v1/inbound/gates/gate-1")
    assert (rate["identified"], rate["rate"]) == (7, 1.0)
    assert await house.audit_clean()


async def test_any_difference_at_the_gate_sends_that_line_to_the_hand_count(house: House) -> None:
    lead = await house.sign_in("lead")
    tags_a, tags_b = [tag(1, k) for k in range(4)], [tag(2, k) for k in range(3)]
    await announce(house, "ASN-7", {"sku": "A", "qty_each": 4, "epcs": tags_a, "hu_code": "PAL-7"},
                   {"sku": "B", "qty_each": 3, "epcs": tags_b, "hu_code": "PAL-7"})  # fmt: skip
    await gate(house, "s1", [*tags_a[:3], *tags_b])
    assert [x["gate"] for x in (await notice(house, "ASN-7"))["lines"]] == ["hand_count", "identified"]
    assert await house.incidents() == ["inbound.gate_difference"]
    card = await scan(lead, "PAL-7")
    assert [x["sku"] for x in card["show"]["lines"]] == ["B"]
    goods = await receive(house, lead, card, pallet="PAL-7")
    assert goods["show"]["filling"]
    count = (await lead.answer(goods, goods="A"))["cards"][0]
    goods = await receive(house, lead, count, **{"qty:EA": 4, "unit": "onto"})
    await lead.answer(goods, problem="all_received")
    await house.settle()
    rate = await house.admin.get("/api/v1/inbound/gates/gate-1")
    assert (rate["identified"], rate["found_later"]) == (6, 1)
    assert len(await work_putaways(house, await house.sign_in("picker"))) == 2
    assert await house.audit_clean()


async def test_putaway_elsewhere_needs_a_reason_and_room(house: House) -> None:
    lead, picker = await house.sign_in("lead"), await house.sign_in("picker")
    await announce(house, "ASN-8", {"sku": "A", "qty_each": 10})
    count = (await lead.answer(await scan(lead, "ASN-8"), goods="A"))["cards"][0]
    await receive(house, lead, count, **{"qty:EA": 10, "unit": "case"})
    (card,) = (await picker.post("/api/v1/pda/putaway/claim"))["cards"]
    show = card["show"]
    other = next(f"R-0{i}" for i in range(1, 5) if f"R-0{i}" != show["location"])
    tries: list[tuple[Json, str]] = [
        ({"unit": "T1-1"}, "slotting.wrong_unit"), ({"location": other}, "slotting.wrong_location"),
        ({"location": "DOCK-1"}, "slotting.not_a_bin"), ({"location": "A-01", "reason": "occupied"}, "slotting.does_not_fit"),
        ({"qty": 11}, "slotting.bad_quantity"), ({"qty": 0}, "slotting.bad_quantity"), ({"sku": "B"}, "slotting.wrong_sku"),
    ]  # fmt: skip
    for bad, code in tries:
        with pytest.raises(Refused) as refused:
            await picker.answer(card, **{"unit": show["unit"], "location": show["location"], "qty": 10, **bad})
        assert refused.value.code == code, bad
    free = (await picker.answer(card, problem="other_location"))["cards"][0]
    assert [s["id"] for s in free["steps"]] == ["unit", "location", "reason", "qty"]
    rest = (await picker.answer(free, unit=show["unit"], location=other, reason="blocked", qty=4))["cards"]
    assert [c["show"]["qty"] for c in rest] == [6]
    await picker.answer(rest[0], unit=show["unit"], location=show["location"], qty=6)
    await house.settle()
    held = await house.held("A")
    assert (held[f"{other}:available"], held[f"{show['location']}:available"]) == (4, 6)
    assert await house.audit_clean()


async def test_goods_of_a_cancelled_order_are_put_back_and_its_tote_is_free(house: House) -> None:
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("packer"))
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "buyer"})
    await house.settle()
    (card,) = await work_putaways(house, await house.sign_in("picker"))
    assert (card["show"]["unit"], card["show"]["location"]) == (tote, "A-01")  # back to its own kind
    assert await house.held("A") == {"A-01:available": 20}
    async with house.db.begin() as uow:
        bound = await uow.session.scalar(text("SELECT count(*) FROM handling_unit WHERE bound_to IS NOT NULL"))
    assert bound == 0  # tote and cart
    assert await house.audit_clean()


async def test_classes_follow_the_picks_and_space_is_counted(house: House) -> None:
    boss = await house.sign_in("boss")
    assert (await boss.post("/api/v1/slotting/classify")) == {"lines": 0, "changed": 0}
    order_id = await house.order("O1", {"A": 2})
    await house.release(order_id)
    await pick_all(house, await house.sign_in("picker"))
    assert (await boss.post("/api/v1/slotting/classify")) == {"lines": 1, "changed": 1}
    assert (await boss.get("/api/v1/slotting/runs"))[0]["sizes"] == {"A": 1, "C": 2}
    space = await boss.get("/api/v1/slotting/space")
    assert (space["positions"], space["free"]) == (7, 4)
    found = await boss.get("/api/v1/slotting/suggest?sku=A&qty_each=5")
    assert found["places"][0]["qty_each"] == 5


async def test_a_broken_device_or_label_does_not_stop_the_dock(house: House) -> None:
    lead = await house.sign_in("lead")
    await announce(house, "ASN-9", {"sku": "A", "qty_each": 10})
    count = (await lead.answer(await scan(lead, "ASN-9"), goods="A"))["cards"][0]
    card = (await lead.answer(count, **{"qty:EA": 10, "unit": "case"}))["cards"][0]
    bad = {"sequence": 1, "length_mm": 1, "width_mm": 81, "height_mm": 41, "weight_g": 205, "barcode": ""}
    await house.hear("dws-1", "parcel_measured", {**bad, "flags": ["multiple_objects"]})
    card = (await lead.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["steps"][0]["prompt"] == "receive.measure_again"
    await house.hear("dws-1", "parcel_measured", {**bad, "flags": [], "length_mm": 0})
    assert (await lead.get(card["steps"][0]["poll"]))["cards"][0]["show"]["flags"] == ["absurd_size"]
    card = (await lead.answer(card, problem="device_down"))["cards"][0]
    card = (await lead.answer(card, problem="device_down"))["cards"][0]
    await house.device_answers("print", "failed", "paper_out")
    card = (await lead.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["id"].startswith("retry:")
    void = card["show"]["unit"]
    card = (await lead.answer(card, retry=True))["cards"][0]
    assert card["show"]["unit"] != void
    async with house.db.begin() as uow:
        jobs = (await uow.session.execute(text("SELECT data->>'code' AS code, state FROM print_job ORDER BY id"))).all()
    assert [tuple(j) for j in jobs] == [(void, "void"), (card["show"]["unit"], "sent")], "no plate is printed twice"
    await through(house, lead, card)
    assert sorted(await house.incidents()) == ["inbound.label_failed", "inbound.not_measured", "inbound.not_weighed"]
    picker = await house.sign_in("picker")
    (card,) = (await picker.post("/api/v1/pda/putaway/claim"))["cards"]
    await picker.answer(card, problem="set_aside")
    assert len(await work_putaways(house, picker)) == 1
    assert await house.audit_clean()

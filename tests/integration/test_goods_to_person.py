"""Pods come to a station, orders are picked there into their totes, and nothing is lost when something goes wrong on the way."""

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from tests.integration.house import Client, House, Json, Refused, open_house, pack_order
from tests.integration.test_serials import where
from wms.processes.goods_to_person import queries, service

PODS = {
    "warehouse": "T", "timezone": "UTC",
    "nodes": [{"code": f"N{i}", "x_mm": 2000 * i, "y_mm": 0} for i in range(8)],
    "edges": [{"a": f"N{i}", "b": f"N{i + 1}"} for i in range(7)],
    "locations": [
        *({"code": f"S-{i}", "kind": "pod", "zone": "P", "node": f"N{i}", "x_mm": 2000 * i, "y_mm": 0} for i in range(4)),
        {"code": "G2P-1", "kind": "g2p", "zone": "P", "node": "N5", "x_mm": 10000, "y_mm": 0},
        {"code": "BIN-1", "kind": "bin", "zone": "P", "node": "N6", "x_mm": 12000, "y_mm": 0, "width_mm": 900, "depth_mm": 600,
         "height_mm": 400},
        {"code": "SHIP-1", "kind": "ship", "zone": "P", "node": "N7", "x_mm": 14000, "y_mm": 0},
    ],
}  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """POD-1 with A in one compartment and B in another, POD-2 with C and more A; a station of two totes and room for two pods."""
    async with open_house(new_db(migrated=True), seeded=False) as opened:
        admin = opened.admin
        await admin.post("/api/v1/layout", PODS)
        await admin.post("/api/v1/catalog/skus", [
            {"code": s, "name": f"Item {s}", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 200,
             "codes": [[f"40{i}0000000017"[:13], "EA"]]} for i, s in enumerate("ABC")
        ])  # fmt: skip
        await admin.post("/api/v1/catalog/cartons", [
            {"code": "M", "inner_mm": [300, 220, 160], "outer_mm": [306, 226, 166], "tare_g": 150, "load_max_g": 15000}
        ])  # fmt: skip
        await admin.post("/api/v1/work/stations", [
            {"code": "PACK-1", "kind": "pack", "location": "G2P-1", "scale": "scale-1", "printer": "printer-1"},
            {"code": "G2P-1", "kind": "g2p", "location": "G2P-1", "pods_max": 2},
        ])  # fmt: skip
        await admin.post("/api/v1/stock/units", [
            {"kind": "pod", "code": "POD-1", "at": "S-0"}, {"kind": "pod", "code": "POD-2", "at": "S-1"},
            {"kind": "case", "code": "POD-1-A1", "at": "POD-1"}, {"kind": "case", "code": "POD-1-B2", "at": "POD-1"},
            {"kind": "tote", "code": "T1", "at": "G2P-1"}, {"kind": "tote", "code": "T2", "at": "G2P-1"},
        ])  # fmt: skip
        await admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": place, "sku": sku, "qty_each": 10, "received_on": day}
            for place, sku, day in (("POD-1-A1", "A", "2026-10-01"), ("POD-1-B2", "B", "2026-10-01"),
                                    ("POD-2", "C", "2026-10-01"), ("POD-2", "A", "2026-10-09"))
        ])  # fmt: skip
        yield opened


async def release(house: House, *orders: str) -> str:
    wave = await house.admin.post(
        "/api/v1/waves", {"name": "pods", "order_ids": list(orders), "method": "goods_to_person"}
    )
    await house.settle()
    return str(wave["wave_id"])


async def board(house: House) -> Json:
    return dict((await house.admin.get("/api/v1/goods-to-person"))["stations"][0])


async def pods(house: House) -> list[tuple[str, str]]:
    return [(p["pod"], p["state"]) for p in (await board(house))["pods"]]


async def carry(house: House) -> int:
    """People carry every pod that is to go anywhere."""
    open_now = (await house.admin.get("/api/v1/fleet"))["transports"]
    for t in open_now:
        await house.admin.post(f"/api/v1/fleet/transports/{t['id']}/carried")
    await house.settle()
    return len(open_now)


async def claim(picker: Client) -> list[Json]:
    return list((await picker.post("/api/v1/pda/g2p/G2P-1/claim"))["cards"])


def answers(card: Json, **other: object) -> Json:
    show = card["show"]
    given = {"location": show["location"], "qty": show["qty"], "tote": show["tote"]}
    if any(s["id"] == "sku" for s in card["steps"]):
        given["sku"] = show["sku"]
    return {**given, **other}


async def pick_pod(house: House, picker: Client) -> list[tuple[str, str, int, str]]:
    """Pick all that is wanted of the pod that stands there. Returns (place, sku, pieces, tote) of each pick."""
    cards = await claim(picker)
    pod, done = cards[0]["show"]["pod"], []
    while cards and cards[0]["show"].get("pod") == pod and cards[0]["title"] == "g2p.pick":
        show = cards[0]["show"]
        done.append((show["location"], show["sku"], show["qty"], show["tote"]))
        cards = (await picker.answer(cards[0], **answers(cards[0])))["cards"]
    await house.settle()
    return done


async def test_three_orders_over_two_pods_are_picked_packed_and_the_pods_stand_in_store_again(house: House) -> None:
    first = await house.order("O1", {"A": 2, "C": 1}, priority=1)
    second, third = await house.order("O2", {"B": 1}, priority=2), await house.order("O3", {"A": 1}, priority=3)
    wave = await release(house, first, second, third)
    plan = await house.admin.get(f"/api/v1/waves/{wave}/plan")
    assert [(t["pod"], t["orders"], t["stops"]) for t in plan["tours"]] == [("POD-1", 3, 3), ("POD-2", 1, 1)]
    assert await pods(house) == [("POD-1", "called"), ("POD-2", "called")]
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    assert (await claim(picker))[0]["title"] == "g2p.wait"
    assert await house.state(third) == "released", "two totes, so the third order waits for one"
    assert await carry(house) == 2
    assert await pick_pod(house, picker) == [("POD-1-A1", "A", 2, "T1"), ("POD-1-B2", "B", 1, "T2")]
    assert (await house.state(first), await house.state(second)) == ("picking", "picked")
    assert await pods(house) == [("POD-1", "leaving"), ("POD-2", "here")]
    assert await pick_pod(house, picker) == [("POD-2", "C", 1, "T1")]
    await carry(house)
    assert await pods(house) == []
    await pack_order(house, packer, "T2")
    assert await pods(house) == [("POD-1", "called")], "its tote is free, so the third order comes"
    await carry(house)
    assert await pick_pod(house, picker) == [("POD-1-A1", "A", 1, "T2")]
    await carry(house)
    for tote in ("T1", "T2"):
        await pack_order(house, packer, tote)
    assert {await house.state(i) for i in (first, second, third)} == {"labelled"}
    assert {k: v for k, v in (await house.held("A")).items() if "POD" in k} == {
        "POD-1-A1:available": 7,
        "POD-2:available": 10,
    }
    assert await house.audit_clean()


async def test_a_pod_told_of_later_does_not_push_away_the_one_that_is_picked_from(house: House) -> None:
    await release(house, await house.order("O1", {"B": 1, "C": 1}))
    picker = await house.sign_in("picker")
    assert await pods(house) == [("POD-1", "called"), ("POD-2", "called")]
    async with house.db.begin() as uow:
        place = next(b.place.id for b in await queries.benches(uow))
        first, second = [v.pod_id for v in await queries.open_visits(uow, "G2P-1")]
    async with house.db.begin() as slow:  # begun first, done last
        async with house.db.begin() as quick:
            await service.pod_delivered(quick, first, place)
        assert [c["show"]["pod"] for c in await claim(picker)] == ["POD-1"]
        await service.pod_delivered(slow, second, place)
    assert [c["show"]["pod"] for c in await claim(picker)] == ["POD-1"]


async def test_a_vehicle_brings_the_pod_and_a_failed_one_is_answered_by_a_person(house: House) -> None:
    order = await house.order("O1", {"B": 1})
    await release(house, order)
    where = {"x_mm": 0, "y_mm": 0, "theta_mrad": 0, "battery_pct": 90, "driving": False, "mode": "AUTOMATIC", "connection": "ONLINE",
             "last_node": "N2", "order_id": "", "errors": [], "e_stop": "NONE", "loads": []}  # fmt: skip
    await house.hear("agv-1", "vehicle_reported", where)
    (drive,) = await house.commands("transport")
    stops = drive.payload["stops"]
    assert [(s["node"], s["action"], s["load"]) for s in stops if s["action"]] == [
        ("N0", "pick", "POD-1"),
        ("N5", "drop", "POD-1"),
    ]
    await house.device_answers("transport")
    assert await pods(house) == [("POD-1", "here")]
    picker = await house.sign_in("picker")
    await pick_pod(house, picker)
    for _ in range(3):
        assert await house.device_answers("transport", "failed", "vehicle.action_failed") == 1
        await house.hear("agv-1", "vehicle_reported", {**where, "last_node": "N5"})
    assert "fleet.transport_failed" in await house.incidents()
    assert await pods(house) == [("POD-1", "leaving")]
    await carry(house)
    assert await pods(house) == []
    assert await house.audit_clean()


async def test_a_short_leaves_a_count_and_the_rest_comes_from_another_pod(house: House) -> None:
    order = await house.order("O1", {"A": 4})
    await release(house, order)
    await carry(house)
    picker = await house.sign_in("picker")
    (card,) = await claim(picker)
    reply = await picker.answer(card, **answers(card, qty=1, problem="short"))
    assert reply["message"] == "g2p.shorted"
    await house.settle()
    assert await pods(house) == [("POD-1", "leaving"), ("POD-2", "called")]
    await carry(house)
    assert await pick_pod(house, picker) == [("POD-2", "A", 3, "T1")]
    assert await house.state(order) == "picked"
    assert (await house.held("A"))["POD-1-A1:count_hold"] == 9
    counter = await house.sign_in("packer")
    (count,) = (await counter.post("/api/v1/pda/count/claim"))["cards"]
    assert (count["show"]["location"], count["show"]["sku"], count["show"]["at"]) == ("POD-1-A1", "A", "S-3")
    await counter.answer(count, location="POD-1-A1", sku="A", qty=9)
    await carry(house)
    assert (await house.held("A"))["POD-1-A1:available"] == 9
    assert await house.audit_clean()


async def test_nothing_anywhere_follows_the_short_policy(house: House) -> None:
    order = await house.order("O1", {"C": 2, "B": 1}, short_policy="complete_only")
    await release(house, order)
    await carry(house)
    picker = await house.sign_in("picker")
    await pick_pod(house, picker)
    (card,) = await claim(picker)
    assert card["show"]["sku"] == "C"
    reply = await picker.answer(card, **answers(card, qty=0, problem="short"))
    await house.settle()
    assert reply["cards"] == [] and await house.state(order) == "backordered"
    assert "order.short" in await house.incidents()
    (back,) = (await picker.post("/api/v1/pda/putaway/claim"))["cards"]
    await picker.answer(back, unit="T1", location=back["show"]["location"], qty=back["show"]["qty"])
    await carry(house)
    assert await pods(house) == [] and (await board(house))["totes"][0]["order"] == ""
    assert await house.audit_clean()


@pytest.mark.parametrize("stage", ["called", "here", "half"])
async def test_a_cancelled_order_leaves_nothing_behind(house: House, stage: str) -> None:
    order, other = await house.order("O1", {"A": 2, "B": 2}), await house.order("O2", {"C": 1})
    await release(house, order, other)
    picker = await house.sign_in("picker")
    if stage != "called":
        await carry(house)
    stale = await claim(picker)
    if stage == "half":
        stale = (await picker.answer(stale[0], **answers(stale[0])))["cards"]
    await house.admin.post(f"/api/v1/orders/{order}/cancel", {"reason": "changed my mind"})
    if stage != "called":
        with pytest.raises(Refused) as gone:
            await picker.answer(stale[0], **answers(stale[0]))
        assert gone.value.code == "orders.is_cancelled"
    await house.settle()
    assert await house.state(order) == "cancelled"
    await carry(house)
    await carry(house)
    assert await pick_pod(house, picker) == [("POD-2", "C", 1, "T2")]
    await carry(house)
    assert await pods(house) == []
    if stage == "half":
        (back,) = (await picker.post("/api/v1/pda/putaway/claim"))["cards"]
        assert back["show"]["location"] == "BIN-1"
        (free,) = (await picker.answer(back, problem="other_location"))["cards"]
        with pytest.raises(Refused) as field:
            await picker.answer(free, unit="T1", location="S-3", reason="occupied", qty=2)
        assert field.value.code == "slotting.not_a_bin", "goods do not lie on the floor under a pod"
        await picker.answer(free, unit="T1", location="POD-1-A1", reason="occupied", qty=2)
        await house.settle()
        assert (await house.held("A"))["POD-1-A1:available"] == 10
    assert sum((await house.held("A")).values()) == 20 and sum((await house.held("B")).values()) == 10
    assert [t["order"] for t in (await board(house))["totes"]] == ["", "O2"]
    again = await house.order("O3", {"A": 10, "B": 1})
    await release(house, again)
    await carry(house)
    assert {p[1] for p in await pick_pod(house, picker)} >= {"B"}
    assert await house.audit_clean()


async def test_an_undone_wave_gives_all_back_and_the_order_may_come_again(house: House) -> None:
    order = await house.order("O1", {"A": 2})
    wave = await release(house, order)
    await house.admin.post(f"/api/v1/waves/{wave}/undo", {"reason": "not today"})
    await house.settle()
    assert await house.state(order) == "accepted"
    await carry(house)
    await carry(house)
    assert await pods(house) == []
    await release(house, order)
    await carry(house)
    assert await pick_pod(house, await house.sign_in("picker")) == [("POD-1-A1", "A", 2, "T1")]
    assert await house.audit_clean()


async def test_an_answer_sent_twice_counts_once_and_wrong_scans_change_nothing(house: House) -> None:
    order = await house.order("O1", {"B": 2, "C": 1}, priority=1)
    await release(house, order)
    await carry(house)
    picker = await house.sign_in("picker")
    (card,) = await claim(picker)
    for wrong, code in (
        ({"location": "POD-2"}, "scanning.unknown_barcode"), ({"location": "A"}, "goods_to_person.wrong_sku"),
        ({"tote": "T2"}, "goods_to_person.wrong_tote"), ({"qty": 3}, "goods_to_person.bad_quantity"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            await picker.answer(card, **answers(card, **wrong))
        assert refused.value.code == code
    key, body = str(uuid4()), {"answers": answers(card, location="4010000000017")}
    once = await picker.post(card["submit"], body, key)
    assert await picker.post(card["submit"], body, key) == once, "the reply was lost, the PDA asks again"
    await house.settle()
    assert (await house.held("B"))["T1:available"] == 2
    (mixed,) = await claim(picker)
    assert [s["id"] for s in mixed["steps"]] == ["location", "sku", "qty", "tote"], "POD-2 holds two SKUs"
    with pytest.raises(Refused) as unproved:
        await picker.answer(mixed, location="POD-2", qty=1, tote="T1")
    assert unproved.value.code == "goods_to_person.wrong_sku"
    with pytest.raises(Refused) as early:
        await picker.post(card["submit"], body)
    assert early.value.code == "work.task_closed"
    await picker.answer(mixed, **answers(mixed))
    await house.settle()
    assert await house.state(order) == "picked"
    assert await house.audit_clean()


async def nameless_pick(house: House) -> tuple[Client, Json]:
    """Ten pieces of A in POD-1-A1 and ten in POD-2, then A keeps serials; two of them wanted at the station."""
    await release(house, await house.order("O1", {"A": 2}))
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "A", "name": "Item A", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 200,
         "serial_policy": "on_receipt"}
    ])  # fmt: skip
    await house.settle()
    assert await house.admin.get("/api/v1/stock/unnamed") == {"A": 20}
    await carry(house)
    picker = await house.sign_in("picker")
    (card,) = await claim(picker)
    count = next(s for s in card["steps"] if s["id"] == "qty")
    assert count["each_once"] and not count["accept"], "any new serial answers"
    return picker, card


async def test_pieces_without_a_name_get_theirs_as_they_are_picked_from_a_pod(house: House) -> None:
    picker, card = await nameless_pick(house)
    for wrong, code in (
        ([], "stock.serial_problem"), (["N1"], "stock.serial_problem"), (["N1", "N1"], "stock.serial_problem"),
        (["N1", "A"], "stock.not_a_serial"), (["N1", "POD-2"], "stock.not_a_serial"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            await picker.answer(card, **answers(card, **{"qty:codes": "\n".join(wrong)}))
        assert refused.value.code == code
    assert await where(house, "A") == {}
    await picker.answer(card, **answers(card, **{"qty:codes": "N1\nN2"}))
    await house.settle()
    assert await where(house, "A") == {"N1": "T1:available", "N2": "T1:available"}
    assert await house.admin.get("/api/v1/stock/unnamed") == {"A": 18}
    await carry(house)
    await pack_order(house, await house.sign_in("packer"), "T1")
    assert await house.audit_clean()


async def test_a_short_of_pieces_without_a_name_names_the_one_in_hand(house: House) -> None:
    picker, card = await nameless_pick(house)
    await picker.answer(card, **answers(card, qty=1, problem="short", **{"qty:codes": "N1"}))
    await house.settle()
    assert await where(house, "A") == {"N1": "T1:available"}
    assert (await house.held("A"))["POD-1-A1:count_hold"] == 9, "what else lies there is counted first"
    assert await house.admin.get("/api/v1/stock/unnamed") == {"A": 19}
    assert await house.audit_clean()


async def test_without_pods_or_a_station_goods_do_not_come(new_db: Callable[..., str]) -> None:
    async with open_house(new_db(migrated=True)) as house:
        order = await house.order("O1", {"A": 1})
        with pytest.raises(Refused) as refused:
            await release(house, order)
        assert refused.value.code == "release.no_pods"


async def test_a_paused_wave_gets_no_totes_until_it_goes_on(house: House) -> None:
    first, second = await house.order("O1", {"A": 1}, priority=1), await house.order("O2", {"C": 1}, priority=1)
    third = await house.order("O3", {"B": 1}, priority=2)
    wave = await release(house, first, second, third)
    await house.admin.post(f"/api/v1/waves/{wave}/pause")
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    await carry(house)
    await pick_pod(house, picker)
    await carry(house)
    await pack_order(house, packer, "T1")
    await claim(picker)
    assert await house.state(third) == "released"
    await house.admin.post(f"/api/v1/waves/{wave}/resume")
    await claim(picker)
    assert await house.state(third) == "picking"

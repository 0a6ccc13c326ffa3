"""Zones pick their shares apart, the wall brings each order together, and it is packed from its slot. Nothing lost on the way."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.house import Client, House, Json, Refused, do_pick, open_house, pack_order

WALL = {
    "warehouse": "T", "timezone": "UTC",
    "nodes": [{"code": f"N{i}", "x_mm": 2000 * i, "y_mm": 0} for i in range(8)],
    "edges": [{"a": f"N{i}", "b": f"N{i + 1}"} for i in range(7)],
    "locations": [
        {"code": "CART-PARK", "kind": "cart", "zone": "DOCK", "node": "N0", "x_mm": 0, "y_mm": 0},
        *({"code": f"{zone}-0{i}", "kind": "bin", "zone": zone, "node": f"N{1 + 2 * z + i}", "x_mm": 0, "y_mm": 0, "width_mm": 900,
           "depth_mm": 600, "height_mm": 400} for z, zone in enumerate("EF") for i in (0, 1)),
        {"code": "WALL-1", "kind": "wall", "zone": "DOCK", "node": "N6", "x_mm": 12000, "y_mm": 0},
        {"code": "SHIP-1", "kind": "ship", "zone": "DOCK", "node": "N7", "x_mm": 14000, "y_mm": 0},
    ],
}  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """SKU A and B in zone E, C in zone F; a wall of three slots with lights and a bench at it."""
    async with open_house(new_db(migrated=True), seeded=False) as opened:
        admin = opened.admin
        await admin.post("/api/v1/layout", WALL)
        await admin.post("/api/v1/catalog/skus", [
            {"code": s, "name": f"Item {s}", "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": 200,
             "codes": [[f"40{i}0000000017"[:13], "EA"]]} for i, s in enumerate("ABC")
        ])  # fmt: skip
        await admin.post("/api/v1/catalog/cartons", [
            {"code": "M", "inner_mm": [300, 220, 160], "outer_mm": [306, 226, 166], "tare_g": 150, "load_max_g": 15000}
        ])  # fmt: skip
        await admin.post("/api/v1/work/stations", [
            {"code": "PACK-1", "kind": "pack", "location": "WALL-1", "scale": "scale-1", "printer": "printer-1"},
            {"code": "WALL-1", "kind": "wall", "location": "WALL-1", "light": "lights-1"},
        ])  # fmt: skip
        await admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": place, "sku": sku, "qty_each": 20, "received_on": "2026-10-01"}
            for sku, place in (("A", "E-00"), ("B", "E-01"), ("C", "F-00"))
        ])  # fmt: skip
        await admin.post("/api/v1/stock/units", [
            *({"kind": "cart", "code": f"CART-{c}", "at": "CART-PARK"} for c in (1, 2)),
            *({"kind": "tote", "code": f"T{c}-{i}", "at": f"CART-{c}"} for c in (1, 2) for i in range(1, 9)),
            *({"kind": "tote", "code": f"W{i}", "at": "WALL-1"} for i in (1, 2, 3)),
        ])  # fmt: skip
        yield opened


async def by_zone(house: House, *orders: str) -> None:
    await house.admin.post("/api/v1/waves", {"name": "zones", "order_ids": list(orders), "method": "zone"})
    await house.settle()


async def walk_tour(house: House, picker: Client, cart: str) -> list[str]:
    """Pick the next tour whole and put its cart down at the wall. Returns the locations picked from."""
    (card,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    cards = (await picker.answer(card, cart=cart))["cards"]
    for each in cards[:-1]:
        await do_pick(picker, each)
    assert cards[-1]["show"]["location"] == "WALL-1"
    await picker.answer(cards[-1], drop="WALL-1")
    await house.settle()
    return [c["show"]["location"] for c in cards[:-1]]


async def put(walker: Client, tote: str, slot: str) -> Json:
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    (found,) = (await walker.answer(card, tote=tote))["cards"]
    assert found["show"]["location"] == slot
    return await walker.answer(found, slot=slot)


async def test_an_order_of_two_zones_comes_together_in_one_slot_and_is_packed_from_it(house: House) -> None:
    first, second = await house.order("O1", {"A": 2, "C": 1}), await house.order("O2", {"B": 1})
    await by_zone(house, first, second)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    assert sorted(await walk_tour(house, picker, "CART-1")) == ["E-00", "E-01"]
    assert (await house.state(first), await house.state(second)) == ("picking", "picked")
    said = await put(walker, "T1-1", "W1")
    assert said["message"] == "wall.in"
    with pytest.raises(Refused) as early:
        await walker.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": "W1"}})
    assert early.value.code == "packing.not_a_pack_tote"
    assert (await put(walker, "T1-2", "W2"))["message"] == "wall.complete"
    await house.settle()
    assert await walk_tour(house, picker, "CART-2") == ["F-00"]
    assert await house.state(first) == "picked"
    with pytest.raises(Refused) as apart:
        await walker.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": "W1"}})
    assert (apart.value.code, apart.value.params["missing"]) == ("packing.not_all_here", "T2-1")
    assert (await put(walker, "T2-1", "W1"))["message"] == "wall.complete"
    await house.settle()
    (wall,) = await house.admin.get("/api/v1/put-walls")
    assert [(s["order"], s["pieces"], s["ready"]) for s in wall["slots"]] == [
        ("O1", 3, True),
        ("O2", 1, True),
        ("", 0, False),
    ]
    for slot in ("W1", "W2"):
        await pack_order(house, walker, slot)
    assert {await house.state(i) for i in (first, second)} == {"labelled"}
    (wall,) = await house.admin.get("/api/v1/put-walls")
    assert [s["order"] for s in wall["slots"]] == ["", "", ""]
    assert await house.audit_clean()


async def test_the_button_under_the_light_is_the_proof_too(house: House) -> None:
    order = await house.order("O1", {"A": 2, "C": 1})
    await by_zone(house, order)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    await walk_tour(house, picker, "CART-1")
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    await walker.answer(card, tote="T1-1")
    (light,) = await house.commands("light")
    assert (light.target, light.payload) == ("lights-1", {"position": "W1", "qty": 2, "colour": "green"})
    await house.hear("lights-1", "light_confirmed", {"position": "W3", "qty": 2, "short": False})
    assert "W1:available" not in await house.held("A"), "another slot's button proves nothing"
    await house.hear("lights-1", "light_confirmed", {"position": "W1", "qty": 2, "short": False})
    assert (await house.held("A"))["W1:available"] == 2
    assert [c.payload["position"] for c in await house.commands("light_off")] == ["W1"]


async def test_a_button_that_tells_fewer_pieces_books_nothing_and_a_lead_hears(house: House) -> None:
    order = await house.order("O1", {"A": 2, "C": 1})
    await by_zone(house, order)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    await walk_tour(house, picker, "CART-1")
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    (found,) = (await walker.answer(card, tote="T1-1"))["cards"]
    await house.hear("lights-1", "light_confirmed", {"position": "W1", "qty": 1, "short": True})
    assert "W1:available" not in await house.held("A")
    assert "put_wall.short" in await house.incidents()
    await walker.answer(found, slot="W1")
    await house.settle()
    assert (await house.held("A"))["W1:available"] == 2
    assert "put_wall.short" not in [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")]


async def test_the_wall_wants_no_tote_whose_goods_go_back_and_its_light_goes_out(house: House) -> None:
    lost = await house.order("O1", {"A": 2, "C": 1})
    short = await house.order("O2", {"B": 2, "C": 1}, short_policy="complete_only")
    await by_zone(house, lost, short)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    (card,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    cards = (await picker.answer(card, cart="CART-1"))["cards"]
    for each in cards[:-1]:
        if each["show"]["sku"] == "A":
            await do_pick(picker, each)
        else:
            cards = (await do_pick(picker, each, qty=1, problem="short"))["cards"]
    await picker.answer(cards[-1], drop="WALL-1")
    await house.settle()
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    assert card["show"]["totes"] == ["T1-1"], "the other is on its way back"
    with pytest.raises(Refused) as back:
        await walker.answer(card, tote="T1-2")
    assert back.value.code == "put_wall.not_a_wall_tote"
    await walker.answer(card, tote="T1-1")
    await house.admin.post(f"/api/v1/orders/{lost}/cancel", {"reason": "changed my mind"})
    await house.settle()
    assert [c.payload["position"] for c in await house.commands("light_off")] == ["W1"]
    assert (await walker.post("/api/v1/pda/wall/claim"))["message"] == "wall.nothing"
    with pytest.raises(Refused) as gone:
        await walker.answer(card, tote="T1-1")
    assert gone.value.code == "orders.is_cancelled"


async def test_all_shares_of_a_wave_go_to_one_of_two_walls(house: House) -> None:
    spot = {"code": "WALL-2", "kind": "wall", "zone": "DOCK2", "node": "M0", "x_mm": 0, "y_mm": 9000}
    far = [{"code": f"M{i}", "x_mm": 2000 * i, "y_mm": 9000} for i in (0, 1)]
    await house.admin.post(
        "/api/v1/layout", {"warehouse": "T", "nodes": far, "edges": [{"a": "M0", "b": "M1"}], "locations": [spot]}
    )
    order = await house.order("O1", {"A": 2, "C": 1})
    await by_zone(house, order)
    picker, told = await house.sign_in("picker"), []
    for cart in ("CART-1", "CART-2"):
        (card,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
        cards = (await picker.answer(card, cart=cart))["cards"]
        for each in cards[:-1]:
            await do_pick(picker, each)
        told.append(cards[-1]["show"]["location"])
        (other,) = {"WALL-1", "WALL-2"} - {told[-1]}
        with pytest.raises(Refused) as apart:
            await picker.answer(cards[-1], drop=other)
        assert apart.value.code == "picking.wrong_drop"
        await picker.answer(cards[-1], drop=told[-1])
        await house.settle()
    assert told[0] == told[1]


async def test_a_tote_of_someone_who_went_is_put_by_the_next(house: House) -> None:
    order = await house.order("O1", {"A": 2, "C": 1})
    await by_zone(house, order)
    picker, walker, lead = [await house.sign_in(name) for name in ("picker", "packer", "lead")]
    await walk_tour(house, picker, "CART-1")
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    await walker.answer(card, tote="T1-1")
    with pytest.raises(Refused) as held:
        await picker.answer(card, tote="T1-1")
    assert held.value.code == "work.not_yours"
    assert await lead.post("/api/v1/work/release", {"kind": "wall", "holder": "packer"}) == {"released": 1}
    assert (await put(picker, "T1-1", "W1"))["message"] == "wall.in"


async def test_a_cancelled_order_leaves_the_wall_and_its_goods_go_back(house: House) -> None:
    order = await house.order("O1", {"A": 2, "C": 1})
    await by_zone(house, order)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    await walk_tour(house, picker, "CART-1")
    await put(walker, "T1-1", "W1")
    await house.admin.post(f"/api/v1/orders/{order}/cancel", {"reason": "changed my mind"})
    await house.settle()
    assert await house.state(order) == "cancelled"
    assert (await picker.post("/api/v1/pda/pick/claim"))["cards"] == [], "the other zone has nothing to pick"
    (card,) = (await walker.post("/api/v1/pda/putaway/claim"))["cards"]
    await walker.answer(card, unit="W1", location=card["show"]["location"], qty=2)
    await house.settle()
    assert sum((await house.held("A")).values()) == 20
    (wall,) = await house.admin.get("/api/v1/put-walls")
    assert all(s["order"] == "" and s["pieces"] == 0 for s in wall["slots"])
    again = await house.order("O2", {"A": 1, "C": 1})
    await by_zone(house, again)
    await walk_tour(house, picker, "CART-2")
    await put(walker, "T2-1", "W1")
    await house.settle()
    assert await house.audit_clean()


async def test_a_full_wall_and_wrong_scans_change_nothing(house: House) -> None:
    orders = [await house.order(f"O{i}", {"A": 1, "C": 1}) for i in range(4)]
    await by_zone(house, *orders)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    await walk_tour(house, picker, "CART-1")
    for i in (1, 2, 3):
        await put(walker, f"T1-{i}", f"W{i}")
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    with pytest.raises(Refused) as full:
        await walker.answer(card, tote="T1-4")
    assert full.value.code == "put_wall.full"
    with pytest.raises(Refused) as wrong:
        await walker.answer(card, tote="T2-1")
    assert wrong.value.code == "put_wall.not_a_wall_tote"
    await walk_tour(house, picker, "CART-2")
    (card,) = (await walker.post("/api/v1/pda/wall/claim"))["cards"]
    (found,) = (await walker.answer(card, tote="T2-1"))["cards"]
    with pytest.raises(Refused) as other:
        await walker.answer(found, slot="W2")
    assert (other.value.code, other.value.params["expected"]) == ("put_wall.wrong_slot", "W1")
    assert await house.audit_clean()


async def test_without_a_wall_zones_do_not_pick_apart(new_db: Callable[..., str]) -> None:
    async with open_house(new_db(migrated=True)) as house:
        order = await house.order("O1", {"A": 1})
        with pytest.raises(Refused) as refused:
            await by_zone(house, order)
        assert refused.value.code == "release.no_wall"


async def test_a_tote_opened_at_the_bench_and_then_put_into_its_slot_is_packed_from_the_slot(house: House) -> None:
    order = await house.order("O1", {"A": 2})
    await by_zone(house, order)
    picker, walker = await house.sign_in("picker"), await house.sign_in("packer")
    await walk_tour(house, picker, "CART-1")
    await walker.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": "T1-1"}})
    await put(walker, "T1-1", "W1")
    await house.settle()
    await pack_order(house, walker, "W1")
    assert await house.state(order) == "labelled" and await house.audit_clean()

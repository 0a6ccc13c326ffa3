"""The dock: bags within their limits, seals, pallets, trucks at doors, and what may not leave."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdfium2
import pytest
from sqlalchemy import text

from tests.integration.house import House, Json, Refused, open_house, pack_order, pick_all
from wms.processes.dock.service import trucks

LOAD = {"submit": "/api/v1/pda/load/parcel"}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def labelled(house: House, ref: str, sku: str = "A", **more: Any) -> tuple[str, str]:
    """An order up to its label: its id, its parcel's SSCC."""
    order_id = await house.order(ref, {sku: 1}, **more)
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    return order_id, await pack_order(house, await house.sign_in("packer"), tote)


async def rule(house: House, **more: Any) -> None:
    body = {"carrier": "POST", "parcels_max": 2, "weight_max_g": 5000, "tare_g": 100, **more}
    await house.admin.call("PUT", "/api/v1/dock/bag-rules", [body])


async def bag(house: House, tag: str, *sscc: str) -> tuple[Any, Json]:
    """A bag filled by scan; the loader and the bag's last card."""
    loader = await house.sign_in("lead")
    start = (await loader.post("/api/v1/pda/bag/claim"))["cards"][0]
    card = (await loader.answer(start, tag=tag))["cards"][0]
    for code in sscc:
        card = (await loader.answer(card, parcel=code))["cards"][0]
    return loader, card


async def seal(loader: Any, card: Json, number: str, weight: int | None = None) -> Json:
    asked = (await loader.answer(card, problem="seal"))["cards"][0]
    weight = card["show"]["weight_g"] + 100 if weight is None else weight
    return await loader.answer(asked, seal=number, weight=weight)  # type: ignore[no-any-return]


async def place_of(house: House, code: str) -> str:
    async with house.db.begin() as uow:
        return str(await uow.session.scalar(text(
            "SELECT p.code FROM handling_unit h JOIN place p ON p.id = h.in_place_id WHERE h.code = :code"
        ), {"code": code}))  # fmt: skip


async def test_a_bag_is_filled_sealed_weighed_and_leaves_as_one(house: House) -> None:
    await rule(house)
    (one, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader, card = await bag(house, "BAG-0001", a, f"]C100{b}")
    assert card["show"]["parcels"] == 2 and await place_of(house, a) == "BAG-0001"
    with pytest.raises(Refused, match=r"dock\.bag_weight_off"):
        await seal(loader, card, "SEAL-1", card["show"]["weight_g"] + 100 + 300)
    await seal(loader, card, "SEAL-1")
    with pytest.raises(Refused, match=r"dock\.in_another_bag"):
        await loader.answer(LOAD, parcel=a)
    assert (await loader.answer(LOAD, parcel="BAG-0001"))["params"]["parcels"] == 2
    assert [await house.state(o) for o in (one, two)] == ["loaded", "loaded"]
    closed = await loader.post("/api/v1/dock/manifests/POST/close", {"seal": "TRUCK-7", "signed_by": "Eve Driver"})
    await house.settle()
    assert closed["parcels"] == 2 and await house.state(two) == "shipped"
    page = await house.admin.get(f"/api/v1/dock/manifests/{closed['manifest_id']}/handover")
    assert {p["in"] for p in page["parcels"]} == {"BAG-0001"} and page["containers"][0]["seal"] == "SEAL-1"
    path = f"/api/v1/dock/manifests/{closed['manifest_id']}/handover"
    rows = list(csv.DictReader(io.StringIO((await house.admin.call("GET", f"{path}.csv")).text)))
    assert sorted(r["sscc"] for r in rows) == sorted([a, b])
    document = pypdfium2.PdfDocument((await house.admin.call("GET", f"{path}.pdf")).content)
    words = "".join(p.get_textpage().get_text_bounded() for p in document)
    assert a in words and "SEAL-1" in words and "Eve Driver" in words
    assert await house.audit_clean()


async def test_a_bag_takes_one_way_only_and_no_more_than_it_may(house: House) -> None:
    await rule(house, by_country=True)
    (_, a), (_, b) = await labelled(house, "O1"), await labelled(house, "O2", "B", carrier="DHL")
    (_, c), (_, d), (_, e) = [await labelled(house, f"O{n}", "C") for n in (3, 4, 5)]
    loader, card = await bag(house, "BAG-0001", a, c)
    for code, why in ((b, "wrong_bag"), (d, "bag_full"), ("006141410000099999", "unknown_parcel")):
        with pytest.raises(Refused, match=rf"dock\.{why}"):
            await loader.answer(card, parcel=code)
    with pytest.raises(Refused, match=r"dock\.in_another_bag"):
        await bag(house, "BAG-0002", c)
    back = (await loader.answer(card, problem="take_out"))["cards"][0]
    card = (await loader.answer(back, parcel=c))["cards"][0]
    card = (await loader.answer(card, parcel=d))["cards"][0]
    assert card["show"]["parcels"] == 2 and await place_of(house, c) == "SHIP-1"
    for tag in ("A-01", "A", "4000000000017", a):
        with pytest.raises(Refused, match=r"dock\.(not_a_tag|unknown_parcel)"):
            await bag(house, tag, e)


async def test_a_parcel_that_may_not_leave_opens_its_bag(house: House) -> None:
    await rule(house)
    (one, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader, card = await bag(house, "BAG-0001", a, b)
    await seal(loader, card, "SEAL-1")
    await loader.answer(LOAD, parcel="BAG-0001")
    await house.admin.post(f"/api/v1/orders/{one}/cancel", {})
    await house.settle()
    assert "dock.take_out" in await house.incidents()
    (box,) = await house.admin.get("/api/v1/dock/containers")
    assert (box["state"], box["seal"], box["parcels"]) == ("open", "", 1)
    assert [await house.state(o) for o in (one, two)] == ["cancelled", "labelled"]
    with pytest.raises(Refused, match=r"dock\.(nothing_loaded|container_open)"):
        await loader.post("/api/v1/dock/manifests/POST/close")
    loader, card = await bag(house, "BAG-0001")
    await seal(loader, card, "SEAL-2")
    await loader.answer(LOAD, parcel="BAG-0001")
    assert (await loader.post("/api/v1/dock/manifests/POST/close"))["parcels"] == 1
    await house.settle()
    assert await house.state(two) == "shipped"


async def test_bags_and_parcels_ride_on_a_pallet(house: House) -> None:
    await rule(house)
    (one, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader, card = await bag(house, "BAG-0001", a)
    tag_card = (await seal(loader, card, "SEAL-1"))["cards"][0]
    pallet = (await loader.answer(tag_card, problem="new_pallet"))["cards"][0]
    for code in ("BAG-0001", b):
        pallet = (await loader.answer(pallet, parcel=code))["cards"][0]
    assert pallet["show"]["parcels"] == 2
    asked = (await loader.answer(pallet, problem="seal"))["cards"][0]
    assert [s["id"] for s in asked["steps"]] == ["seal"]
    await loader.answer(asked, seal="WRAP-9")
    code = pallet["show"]["bag"]
    assert (await loader.answer(LOAD, parcel=f"]C100{code}"))["params"]["parcels"] == 2
    await loader.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert [await house.state(o) for o in (one, two)] == ["shipped", "shipped"]
    async with house.db.begin() as uow:
        open_units = await uow.session.scalar(text(
            "SELECT count(*) FROM handling_unit WHERE kind IN ('bag', 'pallet', 'parcel') AND closed_at IS NULL"
        ))  # fmt: skip
    assert open_units == 0
    assert await house.audit_clean()


async def test_a_pallet_weighs_its_bags_its_parcels_and_itself(house: House) -> None:
    await rule(house, pallet_tare_g=22_000)
    (_, a), (_, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader, card = await bag(house, "BAG-0001", a)
    bag_g = card["show"]["weight_g"] + 100 + 30  # within its tolerance, and so weighed
    tag_card = (await seal(loader, card, "SEAL-1", bag_g))["cards"][0]
    pallet = (await loader.answer(tag_card, problem="new_pallet"))["cards"][0]
    for code in ("BAG-0001", b):
        pallet = (await loader.answer(pallet, parcel=code))["cards"][0]
    asked = (await loader.answer(pallet, problem="seal"))["cards"][0]
    assert [s["id"] for s in asked["steps"]] == ["seal", "weight"]
    loose_g = next(x["weight_g"] for x in (await house.admin.get("/api/v1/dock/containers")) if x["kind"] == "bag")
    assert loose_g == bag_g
    right = 22_000 + bag_g + pallet["show"]["weight_g"] - card["show"]["weight_g"]
    with pytest.raises(Refused, match=r"dock\.bag_weight_off") as refused:
        await loader.answer(asked, seal="WRAP-9", weight=right - 22_000)
    assert refused.value.params["expected_g"] == right
    await loader.answer(asked, seal="WRAP-9", weight=right)


async def test_the_tag_of_a_bag_that_has_left_is_used_again(house: House) -> None:
    await rule(house)
    for n in (1, 2, 3):
        _, sscc = await labelled(house, f"O{n}")
        loader, card = await bag(house, "BAG-0001", sscc)
        assert card["show"]["parcels"] == 1
        await seal(loader, card, f"SEAL-{n}")
        with pytest.raises(Refused, match=r"dock\.container_closed"):  # it is still here
            await bag(house, "BAG-0001")
        await loader.answer(LOAD, parcel="BAG-0001")
        await loader.post("/api/v1/dock/manifests/POST/close")
        await house.settle()
    async with house.db.begin() as uow:
        codes = await uow.session.scalars(text("SELECT code FROM handling_unit WHERE kind = 'bag' ORDER BY id"))
        assert list(codes) == ["BAG-0001/1", "BAG-0001/2", "BAG-0001"]
    assert await house.audit_clean()


async def test_two_first_scans_of_one_number_at_once_are_one(house: House) -> None:
    await rule(house)
    (_, a), (_, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader = await house.sign_in("lead")
    opened = await asyncio.gather(*(
        loader.answer({"submit": "/api/v1/pda/bag/tag"}, tag="BAG-0001") for _ in range(4)
    ))  # fmt: skip
    assert {o["cards"][0]["show"]["bag"] for o in opened} == {"BAG-0001"}
    cards = [(await bag(house, tag, code))[1] for tag, code in (("BAG-0001", a), ("BAG-0002", b))]
    sealed = await asyncio.gather(*(seal(loader, card, "SEAL-1") for card in cards), return_exceptions=True)
    assert sorted(type(x).__name__ for x in sealed) == ["Refused", "dict"]
    assert next(x.code for x in sealed if isinstance(x, Refused)) == "dock.seal_taken"


async def test_trucks_stand_at_doors_and_the_wrong_parcel_stays(house: House) -> None:
    await house.admin.call(
        "PUT", "/api/v1/dock/doors", [{"code": "DOOR-1", "name": "North"}, {"code": "DOOR-2", "name": ""}]
    )
    now = datetime.now(UTC)

    async def book(carrier: str, door: str, start_h: float, end_h: float) -> str:
        times = {
            "starts_at": (now + timedelta(hours=start_h)).isoformat(),
            "ends_at": (now + timedelta(hours=end_h)).isoformat(),
        }
        return str(
            (await house.admin.post("/api/v1/dock/appointments", {"carrier": carrier, "door": door, **times}))["id"]
        )

    post = await book("POST", "DOOR-1", -0.5, 1)
    with pytest.raises(Refused, match=r"dock\.door_taken"):
        await book("DHL", "DOOR-1", 0.5, 2)
    dhl = await book("DHL", "DOOR-2", -1, 1)
    for body, code in (({"door": "DOOR-9"}, "unknown_door"), ({"ends_at": now.isoformat()}, "bad_appointment")):
        with pytest.raises(Refused, match=rf"dock\.{code}"):
            later = {
                "starts_at": (now + timedelta(hours=5)).isoformat(),
                "ends_at": (now + timedelta(hours=6)).isoformat(),
            }
            await house.admin.post("/api/v1/dock/appointments", {"carrier": "UPS", "door": "DOOR-1", **later, **body})
    (one, a), (_, b) = await labelled(house, "O1"), await labelled(house, "O2", "B", carrier="DHL")
    lead = await house.sign_in("lead")
    await lead.post(f"/api/v1/dock/appointments/{post}/arrive", {"plate": "B-CD 123", "driver": "Eve"})
    with pytest.raises(Refused, match=r"dock\.door_taken"):
        await lead.post(f"/api/v1/dock/appointments/{dhl}/arrive", {"plate": "X", "door": "DOOR-1"})
    door = (await lead.post("/api/v1/pda/load/claim"))["cards"][0]
    assert door["steps"][0]["accept"] == ["DOOR-1"]
    card = (await lead.answer(door, door="DOOR-1"))["cards"][0]
    with pytest.raises(Refused, match=r"dock\.wrong_truck"):
        await lead.answer(card, parcel=b)
    card = (await lead.answer(card, parcel=a))["cards"][0]
    assert (card["show"]["aboard"], card["show"]["waiting"]) == (1, 0)
    off = (await lead.answer(card, problem="take_off"))["cards"][0]
    card = (await lead.answer(off, parcel=a))["cards"][0]
    assert await house.state(one) == "labelled"
    await lead.answer(card, parcel=a)
    await lead.post("/api/v1/dock/manifests/POST/close", {"door": "DOOR-1", "signed_by": "Eve"})
    await house.settle()
    (north, _) = await lead.get("/api/v1/dock/doors")
    assert north["truck"] is None and north["appointments"][0]["state"] == "departed"
    with pytest.raises(Refused, match=r"dock\.no_truck"):
        await lead.answer({"submit": "/api/v1/pda/load/door"}, door="DOOR-1")
    left = next(m for m in (await lead.get("/api/v1/dock/manifests"))["manifests"] if m["carrier"] == "POST")
    assert (left["plate"], left["door"], left["signed_by"]) == ("B-CD 123", "DOOR-1", "Eve")


async def test_where_a_carrier_takes_bags_only_a_loose_parcel_is_refused(house: House) -> None:
    await rule(house, needs_bag=True)
    _, a = await labelled(house, "O1")
    lead = await house.sign_in("lead")
    with pytest.raises(Refused, match=r"dock\.needs_bag"):
        await lead.answer(LOAD, parcel=a)
    with pytest.raises(Refused, match=r"dock\.bad_bag_rule"):
        reply = await house.admin.call("PUT", "/api/v1/dock/bag-rules", [
            {"carrier": "POST", "parcels_max": 0, "weight_max_g": 5000},
        ])  # fmt: skip
        house.admin._good(reply)


async def test_a_parcel_waits_in_its_carriers_lane(house: House) -> None:
    reply = await house.admin.call("PUT", "/api/v1/dock/lanes", [{"carrier": "POST", "location": "DOCK-1"}])
    assert reply.status_code == 200
    _, a = await labelled(house, "O1")
    assert await place_of(house, a) == "DOCK-1"
    board = await house.admin.get("/api/v1/dock/manifests")
    assert [(c["carrier"], c["ready"]) for c in board["cutoffs"]] == [("POST", 1)]


async def test_a_parcel_scanned_while_its_truck_leaves_goes_on_the_next(house: House) -> None:
    (one, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    lead = await house.sign_in("lead")
    await lead.answer(LOAD, parcel=a)
    async with house.db.begin() as uow:
        await uow.session.execute(text("SELECT 1 FROM manifest FOR UPDATE"))  # as the departure begins
        late = asyncio.create_task(lead.answer(LOAD, parcel=b))
        await asyncio.sleep(1)  # it waits for the manifest
        await trucks.depart(uow, "POST")
    assert (await late)["params"]["parcels"] == 1
    await house.settle()
    assert [await house.state(o) for o in (one, two)] == ["shipped", "loaded"]
    assert (await lead.post("/api/v1/dock/manifests/POST/close"))["parcels"] == 1


async def test_a_bag_opened_on_its_pallet_opens_the_pallet_too(house: House) -> None:
    await rule(house)
    (one, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    loader, card = await bag(house, "BAG-0001", a)
    tag_card = (await seal(loader, card, "SEAL-1"))["cards"][0]
    pallet = (await loader.answer(tag_card, problem="new_pallet"))["cards"][0]
    for code in ("BAG-0001", b):
        pallet = (await loader.answer(pallet, parcel=code))["cards"][0]
    asked = (await loader.answer(pallet, problem="seal"))["cards"][0]
    await loader.answer(asked, seal="WRAP-9")
    await loader.answer(LOAD, parcel=pallet["show"]["bag"])
    await loader.post("/api/v1/dock/containers/open", {"code": "BAG-0001"})
    await house.settle()
    boxes = {c["kind"]: c for c in await house.admin.get("/api/v1/dock/containers")}
    assert {k: (c["state"], c["seal"], c["on"]) for k, c in boxes.items()} == {
        "bag": ("open", "", ""), "pallet": ("open", "", ""),
    }  # fmt: skip
    assert [await house.state(o) for o in (one, two)] == ["labelled", "labelled"]
    await seal(loader, (await bag(house, "BAG-0001"))[1], "SEAL-2")
    assert (await loader.answer(LOAD, parcel="BAG-0001"))["params"]["parcels"] == 1
    assert await house.audit_clean()


async def test_a_bag_on_a_pallet_is_loaded_with_it_and_not_from_it(house: House) -> None:
    await rule(house)
    one, a = await labelled(house, "O1")
    loader, card = await bag(house, "BAG-0001", a)
    tag_card = (await seal(loader, card, "SEAL-1"))["cards"][0]
    pallet = (await loader.answer(tag_card, problem="new_pallet"))["cards"][0]
    pallet = (await loader.answer(pallet, parcel="BAG-0001"))["cards"][0]
    with pytest.raises(Refused, match=r"dock\.in_another_bag"):
        await loader.answer(LOAD, parcel="BAG-0001")
    await loader.answer((await loader.answer(pallet, problem="seal"))["cards"][0], seal="WRAP-9")
    await loader.answer(LOAD, parcel=pallet["show"]["bag"])
    assert await house.state(one) == "loaded"


async def test_a_number_that_its_carrier_gives_again_names_the_parcel_that_is_here(house: House) -> None:
    (_, a), (two, b) = await labelled(house, "O1"), await labelled(house, "O2", "B")
    lead = await house.sign_in("lead")
    await lead.answer(LOAD, parcel=a)
    await lead.post("/api/v1/dock/manifests/POST/close")
    async with house.db.begin() as uow:
        for code in (a, b):
            await uow.session.execute(
                text("UPDATE load SET tracking = 'RR1234567CN' WHERE sscc = :code"), {"code": code}
            )
    await lead.answer(LOAD, parcel="rr1234567cn")
    assert await house.state(two) == "loaded"

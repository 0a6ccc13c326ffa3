"""Orders that are held, wherever they are; and a carrier's label that comes instead of the house's own."""

import base64
import io
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import text

from tests.integration.house import DESTINATION, House, Json, Refused, fill_parcel, open_house, pack_order, pick_all
from wms.events.packing import LabelWanted
from wms.events.shipping import LabelBought, LabelRefused
from wms.foundation.labels.rules import layout, symbols
from wms.foundation.orders import service as orders
from wms.kernel.messages import load


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def hold(house: House, order_id: str, why: str = "paper missing") -> None:
    async with house.db.begin() as uow:
        await orders.hold(uow, UUID(order_id), "customs", "customs.paper_missing", why, ["hs_code"])
    await house.settle()


async def lift(house: House, order_id: str, kind: str = "customs") -> None:
    async with house.db.begin() as uow:
        await orders.lift(uow, UUID(order_id), kind, "it came")
    await house.settle()


async def facts(house: House, name: str) -> list[Json]:
    async with house.db.begin() as uow:
        rows = await uow.session.execute(
            text("SELECT payload FROM event WHERE name = :n ORDER BY occurred_at"), {"n": name}
        )
        return [row.payload for row in rows]


async def test_a_held_order_is_not_released_and_says_why(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await hold(house, order_id)
    with pytest.raises(Refused, match="nothing_to_release"):
        await house.release(order_id)
    order = await house.admin.get(f"/api/v1/orders/{order_id}")
    assert [(h["kind"], h["code"], h["fields"]) for h in order["holds"]] == [
        ("customs", "customs.paper_missing", ["hs_code"])
    ]
    await lift(house, order_id)
    await house.release(order_id)
    assert await house.state(order_id) == "released"


async def test_an_order_begins_held_while_a_check_is_due_and_again_after_a_change(house: House) -> None:
    async with house.db.begin() as uow:
        await orders.require_check(uow, "screening")
    order_id = await house.order("O1", {"A": 1})
    held = (await house.admin.get(f"/api/v1/orders/{order_id}"))["holds"]
    assert [h["code"] for h in held] == ["orders.check_due"]
    await lift(house, order_id, "screening")
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": {"country": "FR", "name": "New"}})
    held = (await house.admin.get(f"/api/v1/orders/{order_id}"))["holds"]
    assert [h["kind"] for h in held] == ["screening"]


async def weighed(house: House, order_id: str) -> tuple[Any, Json]:
    """Up to the scale's answer: the packer, and the parcel's waiting card."""
    packer = await house.sign_in("packer")
    tote = await pick_all(house, await house.sign_in("picker"))
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    return packer, card


async def weigh(house: House, card: Json) -> None:
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    await house.settle()


async def test_a_parcel_of_a_held_order_gets_its_label_when_the_order_is_free(house: House) -> None:
    order_id = await house.order("O1", {"A": 1})
    await house.release(order_id)
    packer, card = await weighed(house, order_id)
    await hold(house, order_id)
    await weigh(house, card)
    assert await house.commands("print") == []
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["id"].startswith("hold:") and card["show"]["why"] == "paper missing"
    assert (await packer.answer(card, problem="leave_it"))["cards"][0]["id"].startswith("tote:")
    await lift(house, order_id)
    assert await house.device_answers("print") == 1
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    await packer.answer(card, label=card["show"]["sscc"])
    await house.settle()
    assert await house.state(order_id) == "labelled"


async def test_a_held_order_is_not_loaded_and_its_truck_leaves_once_it_is_off(house: House) -> None:
    first, second = await house.order("O1", {"A": 1}), await house.order("O2", {"B": 1})
    lead = await house.sign_in("lead")
    for order_id in (first, second):
        await house.release(order_id)
        sscc = await pack_order(
            house, await house.sign_in("packer"), await pick_all(house, await house.sign_in("picker"))
        )
        if order_id == second:
            await hold(house, second)
            with pytest.raises(Refused, match=r"orders\.held"):
                await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
            await lift(house, second)
        await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await hold(house, second)
    with pytest.raises(Refused, match="still_aboard"):
        await lead.post("/api/v1/dock/manifests/POST/close")
    await lead.answer({"submit": "/api/v1/pda/load/off"}, parcel=sscc)
    assert (await lead.post("/api/v1/dock/manifests/POST/close"))["parcels"] == 1
    await house.settle()
    assert [await house.state(o) for o in (first, second)] == ["shipped", "labelled"]
    assert await house.audit_clean()


def label(code: str, mm: tuple[int, int] = (100, 150)) -> str:
    page = Image.new("1", (mm[0] * 12, mm[1] * 12), 255)
    layout.paint(page, [layout.Bars(100, 200, 300, 4, symbols.code128(code))], 0)
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(304.8, 304.8))
    return base64.b64encode(out.getvalue()).decode()


async def wanted(house: House) -> LabelWanted:
    (*_, last) = await facts(house, "packing.label_wanted.v1")
    return load(LabelWanted, last)


async def bought(house: House, want: LabelWanted, tracking: str, document: str) -> None:
    async with house.db.begin() as uow:
        uow.emit(LabelBought(
            parcel_id=want.parcel_id, order_id=want.order_id, sscc=want.sscc, tracking=tracking, format="png", document=document,
            service="POST-AIR",
        ))  # fmt: skip
    await house.settle()


async def with_service(house: House) -> tuple[str, Any, Json]:
    order_id = await house.order("O1", {"A": 1}, service="POST-AIR")
    await house.release(order_id)
    packer, card = await weighed(house, order_id)
    await weigh(house, card)
    return order_id, packer, card


async def test_a_carriers_label_is_bought_printed_and_scanned_on(house: House) -> None:
    order_id, packer, card = await with_service(house)
    assert await house.commands("print") == []
    want = await wanted(house)
    assert (
        want.weight_g == card["show"]["expected_g"]
        and want.contents
        and min(want.length_mm, want.width_mm, want.height_mm) > 0
    )
    await bought(house, want, "LX123456785CN", label("LX123456785CN"))
    await bought(house, want, "LX123456785CN", label("LX123456785CN"))  # told twice, printed once
    assert await house.device_answers("print") == 1
    poll = card["steps"][0]["poll"]
    card = (await packer.get(poll))["cards"][0]
    with pytest.raises(Refused, match=r"packing\.wrong_label"):
        await packer.answer(card, label="LX000000000CN")
    await packer.answer(card, label="LX123456785CN")
    await house.settle()
    assert await house.state(order_id) == "labelled"
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel="lx123456785cn")
    assert await house.state(order_id) == "loaded"


async def test_a_carriers_label_of_the_wrong_size_is_not_printed_and_the_parcel_waits(house: House) -> None:
    _, packer, card = await with_service(house)
    await bought(house, await wanted(house), "LX123456785CN", label("LX123456785CN", (60, 40)))
    assert await house.commands("print") == []
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    assert card["id"].startswith("retry:")
    assert "pack.label_failed" in await house.incidents()
    await packer.answer(card, retry=True)
    await house.settle()
    assert len(await facts(house, "packing.label_wanted.v1")) == 2  # asked again under the same number
    assert len({f["sscc"] for f in await facts(house, "packing.label_wanted.v1")}) == 1


async def test_no_carrier_takes_it_and_the_bench_hears_why(house: House) -> None:
    _, packer, card = await with_service(house)
    want = await wanted(house)
    async with house.db.begin() as uow:
        uow.emit(LabelRefused(
            parcel_id=want.parcel_id, order_id=want.order_id, sscc=want.sscc, code="shipping.too_heavy", why="over 2 kg",
            retry_helps=False,
        ))  # fmt: skip
    await house.settle()
    assert (await packer.get(card["steps"][0]["poll"]))["cards"][0]["id"].startswith("retry:")


@pytest.mark.parametrize("end", ["cancel", "unknown"])
async def test_a_label_that_will_not_be_used_is_dropped(house: House, end: str) -> None:
    order_id, _, _ = await with_service(house)
    want = await wanted(house)
    await bought(house, want, "LX123456785CN", label("LX123456785CN"))
    if end == "cancel":
        await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})
        await house.settle()
    else:
        await house.device_answers("print", "unknown")
        await house.settle()
    assert [f["sscc"] for f in await facts(house, "packing.label_dropped.v1")] == [want.sscc]
    await bought(house, want, "LX123456785CN", label("LX123456785CN"))  # too late: nobody prints it
    assert len(await house.commands("print")) == (0 if end == "unknown" else 1)


async def refused(house: House, want: LabelWanted) -> None:
    async with house.db.begin() as uow:
        uow.emit(LabelRefused(
            parcel_id=want.parcel_id, order_id=want.order_id, sscc=want.sscc, code="shipping.carrier_silent", why="no answer",
            retry_helps=True,
        ))  # fmt: skip
    await house.settle()


@pytest.mark.parametrize("held", [False, True])
async def test_a_label_that_failed_for_the_old_address_is_never_used_for_the_new_one(house: House, held: bool) -> None:
    order_id, packer, card = await with_service(house)
    old = await wanted(house)
    await refused(house, old)  # it may still be sold, late
    if held:
        await hold(house, order_id)
        await packer.answer((await packer.get(card["steps"][0]["poll"]))["cards"][0], retry=True)
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": {**DESTINATION, "name": "New"}})
    await house.settle()
    await bought(house, old, "LX123456785CN", label("LX123456785CN"))
    assert await house.commands("print") == []
    assert old.sscc in {f["sscc"] for f in await facts(house, "packing.label_dropped.v1")}
    if held:
        await lift(house, order_id)
    else:
        await packer.answer((await packer.get(card["steps"][0]["poll"]))["cards"][0], retry=True)
        await house.settle()
    fresh = await wanted(house)
    assert fresh.sscc != old.sscc
    await bought(house, fresh, "LX000000004CN", label("LX000000004CN"))
    assert await house.device_answers("print") == 1
    assert await house.audit_clean()

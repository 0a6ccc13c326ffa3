"""Units known by their serials: from opening stock or receipt to the customer, each scanned where there is a doubt."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import House, Json, Refused, open_house, take_cart
from tests.integration.test_inbound import BINS
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.processes.slotting import service as slotting

SERIALS = [f"SN{n:03}" for n in range(1, 7)]


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def sku(house: House, code: str, policy: str) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": code, "name": f"Camera {code}", "length_mm": 100, "width_mm": 80, "height_mm": 60, "weight_g": 400,
         "serial_policy": policy, "value_cents": 500},
    ])  # fmt: skip


async def opening(house: House, code: str, serials: list[str], qty: int = 6, at: str = "A-01") -> None:
    line = {"location": at, "sku": code, "qty_each": qty, "serials": serials}
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [line])


async def where(house: House, code: str) -> dict[str, str]:
    async with house.db.begin() as uow:
        rows = await uow.session.execute(text(
            "SELECT s.serial, p.code, s.status FROM serial s JOIN sku k ON k.id = s.sku_id JOIN place p ON p.id = s.place_id"
            " WHERE k.code = :code"
        ), {"code": code})  # fmt: skip
        return {r.serial: f"{r.code}:{r.status}" for r in rows}


async def picked(house: House, *serials: str, problem: str = "") -> tuple[Any, Json]:
    """Pick the one stop of the tour by its serials. Returns the picker and the pick's card."""
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    show, card = cards[0]["show"], cards[0]
    answers: Json = {"location": show["location"], "sku": show["sku"], "qty": len(serials), "tote": show["tote"]}
    await picker.answer(
        card, **answers, **{"qty:codes": "\n".join(serials)}, **({"problem": problem} if problem else {})
    )
    if not problem:
        await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    return picker, card


async def opened(house: House, tote: str) -> tuple[Any, Json]:
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    return packer, (await packer.answer(start, tote=tote))["cards"][0]


async def label(house: House, packer: Any, card: Json) -> str:
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    assert await house.device_answers("print") == 1
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    await packer.answer(card, label=card["show"]["sscc"])
    await house.settle()
    return str(card["show"]["sscc"])


async def test_opening_stock_brings_its_serials_or_is_refused(house: House) -> None:
    await sku(house, "CAM", "on_receipt")
    for serials in ([], SERIALS[:5], [*SERIALS[:5], SERIALS[0]]):
        with pytest.raises(Refused, match="opening_refused"):
            await opening(house, "CAM", serials)
    await opening(house, "CAM", SERIALS)
    assert await where(house, "CAM") == dict.fromkeys(SERIALS, "A-01:available")
    with pytest.raises(Refused):  # a serial lives once
        await opening(house, "CAM", SERIALS[:1], qty=1, at="A-02")
    await house.settle()
    assert await house.audit_clean()


async def test_a_serialised_piece_leaves_and_its_serial_with_it(house: House) -> None:
    await sku(house, "CAM", "on_receipt")
    await opening(house, "CAM", SERIALS)
    order_id = await house.order("O1", {"CAM": 2})
    await house.release(order_id)
    _, card = await picked(house, "SN003", "]d2010950110153000321SN005")
    step = next(s for s in card["steps"] if s["id"] == "qty")
    assert step["each_once"] and step["scan_only"] and step["accept"] == SERIALS
    tote = card["show"]["tote"]
    packer, parcel = await opened(house, tote)
    assert not any(s["each_once"] for s in parcel["steps"])  # the tote goes into the parcel whole: no doubt
    counted = {s["id"]: s["show"]["qty"] for s in parcel["steps"][1:]}
    wait = (await packer.answer(parcel, carton=parcel["show"]["carton"], **counted))["cards"][0]
    sscc = await label(house, packer, wait)
    assert {s for s, at in (await where(house, "CAM")).items() if at.startswith(sscc)} == {"SN003", "SN005"}
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert sorted(await where(house, "CAM")) == ["SN001", "SN002", "SN004", "SN006"]
    await house.settle()
    assert await house.audit_clean()


@pytest.mark.parametrize("given", [(), ("SN001", "SN001"), ("SN001", "SN999")])
async def test_a_pick_without_its_serials_changes_nothing(house: House, given: tuple[str, ...]) -> None:
    await sku(house, "CAM", "always")
    await opening(house, "CAM", SERIALS)
    await house.release(await house.order("O1", {"CAM": 2}))
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    show = card["show"]
    with pytest.raises(Refused, match="serial_problem"):
        await picker.answer(
            card,
            location=show["location"],
            sku=show["sku"],
            qty=2,
            tote=show["tote"],
            **{"qty:codes": "\n".join(given)},
        )
    assert await house.held("CAM") == {"A-01:available": 6}
    assert set((await where(house, "CAM")).values()) == {"A-01:available"}
    await house.settle()
    assert await house.audit_clean()


async def test_an_undone_pick_takes_its_serials_back(house: House) -> None:
    await sku(house, "CAM", "on_receipt")
    await opening(house, "CAM", SERIALS)
    await house.release(await house.order("O1", {"CAM": 2, "A": 1}))
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    card = next(c for c in cards if c["show"].get("sku") == "CAM")
    show = card["show"]
    await picker.answer(
        card, location=show["location"], sku="CAM", qty=2, tote=show["tote"], **{"qty:codes": "SN001\nSN002"}
    )
    assert (await where(house, "CAM"))["SN001"].startswith(show["tote"])
    await picker.post(card["undo"])
    assert set((await where(house, "CAM")).values()) == {"A-01:available"}
    await house.settle()
    assert await house.audit_clean()


async def test_of_two_held_by_number_the_one_that_was_found_is_taken(house: House) -> None:
    """A short pick holds what is left by number alone; which of the twins it strikes is settled by the next scan."""
    await sku(house, "CAM", "on_receipt")
    await opening(house, "CAM", SERIALS)
    first, second = await house.order("O1", {"CAM": 3}), await house.order("O2", {"CAM": 2})
    await house.release(first, second)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    of = {c["show"]["qty"]: c for c in cards if "qty" in c["show"]}
    show = of[3]["show"]
    reply = await picker.answer(
        of[3], location="A-01", sku="CAM", qty=1, tote=show["tote"], problem="short", **{"qty:codes": "SN006"}
    )
    held = {s for s, at in (await where(house, "CAM")).items() if at == "A-01:count_hold"}
    assert held
    one = next(c for c in reply["cards"] if c["show"].get("qty") == 2)
    codes = [min(held), next(s for s in SERIALS if s not in held and s != "SN006")]
    await picker.answer(
        one, location="A-01", sku="CAM", qty=2, tote=one["show"]["tote"], **{"qty:codes": "\n".join(codes)}
    )
    assert {s for s, at in (await where(house, "CAM")).items() if at.startswith(one["show"]["tote"])} == set(codes)
    await house.settle()
    assert await house.audit_clean()


async def test_a_serial_policy_on_ship_is_asked_at_the_bench(house: House) -> None:
    await sku(house, "TOY", "on_ship")
    await opening(house, "TOY", [])
    order_id = await house.order("O1", {"TOY": 2})
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    show = cards[0]["show"]
    await picker.answer(cards[0], location=show["location"], sku="TOY", qty=2, tote=show["tote"])
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    packer, parcel = await opened(house, show["tote"])
    (step,) = [s for s in parcel["steps"] if s["each_once"]]
    counted = {s["id"]: s["show"]["qty"] for s in parcel["steps"][1:]}
    carton = parcel["show"]["carton"]
    for codes in ("", "S1", "S1\nS1", "S1\nTOY"):
        with pytest.raises(Refused, match="serial_needed"):
            await packer.answer(parcel, carton=carton, **counted, **{f"{step['id']}:codes": codes})
    wait = (await packer.answer(parcel, carton=carton, **counted, **{f"{step['id']}:codes": "S1\nS2"}))["cards"][0]
    sscc = await label(house, packer, wait)
    assert {at.split(":")[0] for at in (await where(house, "TOY")).values()} == {sscc}
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {})  # back on the shelf they are pieces like others
    await house.settle()
    async with house.db.begin() as uow:
        kept = await uow.session.scalar(text("SELECT count(*) FROM movement_serial WHERE serial IN ('S1', 'S2')"))
    assert kept == 2
    await house.settle()
    assert await house.audit_clean()


async def test_units_of_many_lots_leave_whole_with_their_serials(house: House) -> None:
    """More than one batch of movements: none divides a unit, whose serials are known only while it is whole."""
    await sku(house, "CAM", "on_receipt")
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": f"T1-{i}", "sku": "CAM", "qty_each": 1, "lot": f"L{n}", "serials": [f"SN{i}-{n}"]}
        for i in (1, 2) for n in range(300)
    ])  # fmt: skip
    async with house.db.begin() as uow:
        units = [await stock.find_unit(uow, f"T1-{i}") for i in (1, 2)]
        assert await ledger.ship_out_all(uow, [u.id for u in units if u]) == 600
    assert await where(house, "CAM") == {}
    assert await house.audit_clean()


async def counted(house: House, *found: list[str]) -> None:
    """Each count by another person."""
    await house.settle()
    for who, serials in zip(("packer", "lead"), found, strict=False):
        counter = await house.sign_in(who)
        await count_by_name(counter, (await counts(counter))["CAM", "A-01"], serials)
        await house.settle()


@pytest.mark.parametrize("found", [5, 4])
async def test_what_a_short_pick_held_is_available_again_once_it_was_counted(house: House, found: int) -> None:
    """Below the site's threshold too a missing serial is a person's to decide."""
    await house.admin.post("/api/v1/counting/rules", {
        "daily_share_pct": 0, "empty_checks": 0, "tolerance_each": 0, "auto_below_cents": 1_000_000, "review_hours": 48,
    })  # fmt: skip
    await sku(house, "CAM", "on_receipt")
    await opening(house, "CAM", SERIALS)
    await house.release(await house.order("O1", {"CAM": 3}))
    await picked(house, "SN006", problem="short")
    assert set((await where(house, "CAM")).values()) > {"A-01:count_hold"}
    there = sorted(s for s, at in (await where(house, "CAM")).items() if at.startswith("A-01"))[:found]
    await counted(house, *([there] if found == 5 else [there, there]))
    here = [at for at in (await where(house, "CAM")).values() if at.startswith("A-01")]
    assert sorted(here) == ["A-01:available"] * found + ["A-01:count_hold"] * (5 - found)
    assert len(await house.admin.get("/api/v1/counting/variances")) == 5 - found
    assert await house.audit_clean()


async def test_serials_of_one_unit_are_put_away_in_two_parts(house: House) -> None:
    await sku(house, "CAM", "on_receipt")
    await house.admin.post("/api/v1/layout", BINS)
    await opening(house, "CAM", SERIALS, at="T1-1")
    async with house.db.begin() as uow:
        unit = await stock.find_unit(uow, "T1-1")
        assert unit is not None
        await slotting.open_putaway(uow, unit.id, "test")
        await uow.session.execute(
            text("UPDATE task SET qty_each = 4 WHERE kind = 'putaway'")
        )  # no room for all of them
        await slotting.open_putaway(uow, unit.id, "test")
    picker = await house.sign_in("picker")
    last = SERIALS[::-1]
    while cards := (await picker.post("/api/v1/pda/putaway/claim"))["cards"]:
        show, step = cards[0]["show"], cards[0]["steps"][-1]
        given = [last.pop() for _ in range(show["qty"])]
        answers: Json = {"unit": "T1-1", "location": show["location"], "qty": show["qty"]}
        if step["each_once"]:
            with pytest.raises(Refused, match=r"slotting\.serials_whole"):
                await picker.answer(cards[0], **answers)
        await picker.answer(cards[0], **answers, **({"qty:codes": "\n".join(given)} if step["each_once"] else {}))
        assert {s for s, w in (await where(house, "CAM")).items() if not w.startswith("T1-1")} == set(SERIALS) - set(
            last
        )
    assert not last
    assert await house.audit_clean()


async def counts(counter: Any) -> dict[tuple[str, str], Json]:
    cards = (await counter.post("/api/v1/pda/count/claim"))["cards"]
    return {(c["show"]["sku"], c["show"]["location"]): c for c in cards}


async def count_by_name(counter: Any, card: Json, serials: list[str], codes: str | None = None) -> None:
    qty = card["steps"][-1]
    assert qty["each_once"] and qty["blind"] and not qty["accept"], "a blind count tells no serial"
    given = "\n".join(serials) if codes is None else codes
    answers = {
        "location": card["show"]["location"],
        "sku": card["show"]["sku"],
        "qty": len(serials),
        "qty:codes": given,
    }
    await counter.answer(card, **answers)


async def differs(house: House, serials: list[str], at: str = "A-01") -> Json:
    await (await house.sign_in("boss")).post("/api/v1/counting/plan")
    for who in ("picker", "packer"):
        counter = await house.sign_in(who)
        held = await counts(counter)
        await count_by_name(counter, held["CAM", at], serials)
        await counter.answer(held["CAM", at], problem="hand_over")
    await house.settle()
    return dict(next(v for v in await house.admin.get("/api/v1/counting/variances") if v["location"] == at))


ALL_COUNTED = {
    "daily_share_pct": 100,
    "empty_checks": 0,
    "tolerance_each": 2,
    "auto_below_cents": 1_000_000,
    "review_hours": 48,
}


async def test_a_lost_serial_is_held_and_written_off_by_name(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", ALL_COUNTED)
    await sku(house, "CAM", "always")
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-01", "sku": "CAM", "qty_each": 6, "serials": SERIALS}
    ])  # fmt: skip
    variance = await differs(house, [s for s in SERIALS if s != "SN003"], "A-01")
    assert (variance["delta_each"], variance["missing"], variance["extra"]) == (-1, ["SN003"], [])
    assert variance["state"] == "open", "no tolerance and no threshold lets a serial go by itself"
    assert (await where(house, "CAM"))["SN003"] == "A-01:count_hold"
    fin = await house.sign_in("fin")
    await fin.post(
        f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "not to be found"}
    )
    left = await where(house, "CAM")
    assert "SN003" not in left and len(left) == 5 and set(left.values()) == {"A-01:available"}
    assert await house.audit_clean()


async def test_a_serial_taken_for_another_is_a_difference_though_the_number_is_right(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", ALL_COUNTED)
    await sku(house, "CAM", "always")
    place = {"location": "A-01", "sku": "CAM", "qty_each": 6, "serials": SERIALS}
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [place])
    variance = await differs(house, [*SERIALS[1:], "SN999"], "A-01")
    assert (variance["delta_each"], variance["missing"], variance["extra"]) == (0, ["SN001"], ["SN999"])
    fin = await house.sign_in("fin")
    await fin.post(
        f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "label was misread"}
    )
    assert sorted(await where(house, "CAM")) == [*SERIALS[1:], "SN999"]
    assert await house.audit_clean()


async def test_a_serial_found_elsewhere_is_brought_from_where_the_book_had_it(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", ALL_COUNTED)
    await sku(house, "CAM", "always")
    lines = [{"location": "A-01", "sku": "CAM", "qty_each": 3, "serials": SERIALS[:3]},
             {"location": "A-02", "sku": "CAM", "qty_each": 3, "serials": SERIALS[3:]}]  # fmt: skip
    await house.admin.post("/api/v1/stock/opening?dry_run=false", lines)
    variance = await differs(house, SERIALS[:4], "A-01")
    assert (variance["delta_each"], variance["extra"]) == (1, ["SN004"])
    fin = await house.sign_in("fin")
    await fin.post(
        f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "stood in the wrong bin"}
    )
    assert (await where(house, "CAM"))["SN004"] == "A-01:available"
    assert await house.audit_clean()


async def test_a_count_without_its_serials_changes_nothing(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", ALL_COUNTED)
    await sku(house, "CAM", "always")
    place = {"location": "A-01", "sku": "CAM", "qty_each": 6, "serials": SERIALS}
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [place])
    await (await house.sign_in("boss")).post("/api/v1/counting/plan")
    counter = await house.sign_in("picker")
    card = (await counts(counter))["CAM", "A-01"]
    for codes in ("", "SN001\nSN001\nSN002"):
        with pytest.raises(Refused, match=r"counting\.serials_needed"):
            await count_by_name(counter, card, SERIALS, codes)
    async with house.db.begin() as uow:
        assert not await uow.session.scalar(text("SELECT count(*) FROM count_record"))

"""Pieces that lay there before their SKU kept serials: named by the count and in the hands of who takes them; nothing is stuck."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.integration.house import House, Json, Refused, do_pick, open_house, pack_order, take_cart
from tests.integration.test_inbound import BINS
from tests.integration.test_serials import count_by_name, counts, opening, sku, where
from wms.db.uow import Actor
from wms.foundation.stock import queries as stock
from wms.foundation.stock import rules
from wms.foundation.stock import service as ledger
from wms.foundation.work import service as tasks
from wms.processes.slotting import service as slotting

NAMES = [f"N{n:02}" for n in range(1, 13)]
NO_PLAN = {
    "daily_share_pct": 0,
    "empty_checks": 0,
    "tolerance_each": 2,
    "auto_below_cents": 1_000_000,
    "review_hours": 48,
}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/counting/rules", NO_PLAN)
        yield opened


async def switched_on(house: House, policy: str = "on_receipt") -> Json:
    """SKUs to their pieces without a serial, once it is."""
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "CAM", "name": "Camera", "length_mm": 100, "width_mm": 80, "height_mm": 60, "weight_g": 400,
         "serial_policy": policy, "value_cents": 500},
    ])  # fmt: skip
    await house.settle()
    return dict(await house.admin.get("/api/v1/stock/unnamed"))


async def nameless(house: House, *places: str) -> None:
    """Six pieces in each place, then the policy is switched on."""
    await sku(house, "CAM", "none")
    for place in places:
        await opening(house, "CAM", [], at=place)
    assert await switched_on(house) == {"CAM": 6 * len(places)}


async def counted(house: House, at: str, *found: list[str]) -> None:
    """Each count by another person; one that is not asked for any more is not made."""
    for who, serials in zip(("packer", "lead"), found, strict=False):
        counter = await house.sign_in(who)
        await count_by_name(counter, (await counts(counter))["CAM", at], serials)
        await counter.post("/api/v1/pda/count/claim")
        await house.settle()


async def variances(house: House) -> list[Json]:
    return list(await house.admin.get("/api/v1/counting/variances"))


async def approve(house: House, variance: Json) -> None:
    fin = await house.sign_in("fin")
    await fin.post(f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "seen"})
    await house.settle()


async def named_lots(house: House) -> list[tuple[str, int]]:
    """(lot, pieces) of the postings that gave names, as they came."""
    async with house.db.begin() as uow:
        rows = await uow.session.execute(text(
            "SELECT lot.code, m.qty_each FROM movement m JOIN lot ON lot.id = m.lot_id WHERE m.reason = 'named' ORDER BY m.id"
        ))  # fmt: skip
        return [(r.code, r.qty_each) for r in rows]


async def test_counts_and_a_pick_name_what_lay_there_and_no_piece_moves(house: House) -> None:
    await sku(house, "CAM", "none")
    for place in ("A-01", "A-02"):
        await opening(house, "CAM", [], at=place)
    await house.release(await house.order("O1", {"CAM": 2}))
    assert await switched_on(house) == {"CAM": 12}
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    step = next(s for s in cards[0]["steps"] if s["id"] == "qty")
    assert step["each_once"] and not step["accept"], "any new serial answers"
    place, other = cards[0]["show"]["location"], {"A-01": "A-02", "A-02": "A-01"}[cards[0]["show"]["location"]]
    await do_pick(picker, cards[0], **{"qty:codes": "\n".join(NAMES[:2])})
    assert set((await where(house, "CAM")).values()) == {f"{cards[0]['show']['tote']}:available"}
    counter = await house.sign_in("packer")
    asked = await counts(counter)
    assert set(asked) == {("CAM", "A-01"), ("CAM", "A-02")}, "each place that holds pieces without a name is counted"
    await count_by_name(counter, asked["CAM", other], NAMES[2:8])
    await count_by_name(counter, asked["CAM", place], NAMES[8:])
    await house.settle()
    at = await where(house, "CAM")
    assert [s for s in NAMES if at[s].startswith(other)] == NAMES[2:8] and len(at) == 12
    assert await variances(house) == [] and not await counts(counter)
    assert await switched_on(house) == {}
    assert await house.held("CAM") == {f"{place}:available": 4, f"{other}:available": 6, at[NAMES[0]]: 2}
    story = [
        e["reason"]
        for e in (await house.admin.get(f"/api/v1/trace?q={NAMES[0]}"))["entries"]
        if e["type"] == "movement"
    ]
    assert story == ["pick", "named"]
    assert await house.audit_clean()


async def test_a_count_that_finds_too_few_names_what_is_there_and_writes_the_rest_off(house: House) -> None:
    await nameless(house, "A-01")
    await counted(house, "A-01", NAMES[:4], NAMES[:4])
    (variance,) = await variances(house)
    assert (variance["delta_each"], variance["missing"], variance["extra"]) == (-2, [], [])
    assert await house.held("CAM") == {"A-01:available": 4, "A-01:count_hold": 2}
    assert await house.audit_clean()
    await approve(house, variance)
    assert await where(house, "CAM") == dict.fromkeys(NAMES[:4], "A-01:available")
    assert await house.held("CAM") == {"A-01:available": 4}
    assert await house.audit_clean()


async def test_only_what_goes_beyond_the_pieces_is_found_extra(house: House) -> None:
    await nameless(house, "A-01")
    await counted(house, "A-01", NAMES[:7], NAMES[:7])
    (variance,) = await variances(house)
    assert (variance["delta_each"], variance["missing"], variance["extra"]) == (1, [], NAMES[6:7])
    assert sorted(await where(house, "CAM")) == NAMES[:6]
    await approve(house, variance)
    assert sorted(await where(house, "CAM")) == NAMES[:7]
    assert await house.audit_clean()


async def test_the_oldest_lot_is_named_first(house: House) -> None:
    await sku(house, "CAM", "none")
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-01", "sku": "CAM", "qty_each": 3, "lot": lot, "received_on": day}
        for lot, day in (("NEW", "2026-11-01"), ("OLD", "2026-09-01"))
    ])  # fmt: skip
    await switched_on(house)
    await counted(house, "A-01", NAMES[:2], NAMES[:6])
    assert await named_lots(house) == [("OLD", 2), ("OLD", 1), ("NEW", 3)]
    assert len(await where(house, "CAM")) == 6
    assert await house.audit_clean()


async def test_of_several_owners_a_person_says_whose_names_they_are(house: House) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "Z", "name": "Z", "owner": "ACME", "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 10}
    ])  # fmt: skip
    await sku(house, "CAM", "none")
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-01", "sku": "CAM", "qty_each": 2, "owner": owner} for owner in ("MAIN", "ACME")
    ])  # fmt: skip
    await switched_on(house)
    await counted(house, "A-01", NAMES[:4], NAMES[:4])
    (variance,) = await variances(house)
    assert (variance["delta_each"], variance["extra"]) == (0, NAMES[:4])
    assert "counting.variance" in await house.incidents()
    assert await where(house, "CAM") == {} and "A-01:count_hold" not in await house.held("CAM")
    await approve(house, variance)
    assert await where(house, "CAM") == dict.fromkeys(NAMES[:4], "A-01:available")
    assert len(await named_lots(house)) == 2
    assert await house.audit_clean()


@pytest.mark.parametrize(("given", "code"), [
    (["N01", "SN9"], "stock.serial_problem"),  # one that the book has elsewhere
    (["N01", "N01"], "stock.serial_problem"),
    (["N01", "CAM"], "stock.not_a_serial"),
    (["N01", "A-02"], "stock.not_a_serial"),
    (["N01"], "stock.serial_problem"),
    ([], "stock.serial_problem"),
])  # fmt: skip
async def test_a_pick_with_wrong_names_names_nothing(house: House, given: list[str], code: str) -> None:
    await nameless(house, "A-01")
    await house.release(await house.order("O1", {"CAM": 2}))
    await opening(house, "CAM", ["SN9"], qty=1, at="A-03")
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    assert (card["show"]["location"], card["show"]["qty"]) == ("A-01", 2)
    with pytest.raises(Refused) as refused:
        await do_pick(picker, card, **{"qty:codes": "\n".join(given)})
    assert refused.value.code == code
    assert await where(house, "CAM") == {"SN9": "A-03:available"}
    assert await house.audit_clean()


async def test_a_short_pick_of_nameless_pieces_holds_them_until_they_are_counted(house: House) -> None:
    await nameless(house, "A-01")
    await house.release(await house.order("O1", {"CAM": 2}))
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    await do_pick(picker, card, qty=1, problem="short", **{"qty:codes": NAMES[0]})
    await house.settle()
    assert (await house.held("CAM"))["A-01:count_hold"] == 5
    await counted(house, "A-01", NAMES[1:6])
    at = await where(house, "CAM")
    assert {at[s] for s in NAMES[1:6]} == {"A-01:available"} and await variances(house) == []
    assert await house.audit_clean()


async def test_what_was_under_way_for_an_order_goes_on_without_a_name(house: House) -> None:
    await sku(house, "CAM", "none")
    await opening(house, "CAM", [])
    order_id = await house.order("O1", {"CAM": 2})
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0])
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    await switched_on(house)
    packer = await house.sign_in("packer")
    sscc = await pack_order(house, packer, cards[0]["show"]["tote"])
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert await house.state(order_id) == "shipped"
    assert set(await counts(packer)) == {("CAM", "A-01")}
    assert await house.audit_clean()


async def test_pieces_in_a_unit_are_named_as_they_are_put_away(house: House) -> None:
    await house.admin.post("/api/v1/layout", BINS)
    await nameless(house, "T1-1")
    assert set(await counts(await house.sign_in("packer"))) == {("CAM", "T1-1")}, (
        "a unit on the floor is counted by itself"
    )
    async with house.db.begin() as uow:
        unit = await stock.find_unit(uow, "T1-1")
        assert unit is not None
        await slotting.open_putaway(uow, unit.id, "test")
    picker = await house.sign_in("picker")
    (card,) = (await picker.post("/api/v1/pda/putaway/claim"))["cards"]
    answers = {"unit": "T1-1", "location": card["show"]["location"], "qty": 6}
    assert card["steps"][-1]["each_once"] and not card["steps"][-1]["accept"]
    with pytest.raises(Refused, match=r"slotting\.serials_whole"):
        await picker.answer(card, **answers)
    await picker.answer(card, **answers, **{"qty:codes": "\n".join(NAMES[:6])})
    assert await where(house, "CAM") == dict.fromkeys(NAMES[:6], f"{card['show']['location']}:available")
    assert await house.audit_clean()


async def test_a_move_of_a_part_takes_the_pieces_that_were_scanned(house: House) -> None:
    await house.admin.post("/api/v1/layout", BINS)
    await nameless(house, "A-01")
    picker = await house.sign_in("picker")
    async with house.db.begin(LEDGER) as uow:
        (source, sku_id), (target, _) = await stock.resolve(uow, "A-01", "CAM"), await stock.resolve(uow, "R-01", "CAM")
        (held,) = await stock.held_in(uow, source, sku_id)
        data = {"lot_id": held.grain.lot_id, "owner_id": held.grain.owner_id, "status": "available"}
        tasks.open_task(
            uow, "move", place_id=source, to_place_id=target, sku_id=sku_id, qty_each=2, group_id=uuid4(), data=data
        )
    (card,) = (await picker.post("/api/v1/pda/move/claim"))["cards"]
    answers = {"from": "A-01", "sku": "CAM", "qty": 2, "to": "R-01"}
    with pytest.raises(Refused, match=r"slotting\.serials_whole"):
        await picker.answer(card, **answers)
    await picker.answer(card, **answers, **{"qty:codes": "N01\nN02"})
    assert await where(house, "CAM") == dict.fromkeys(NAMES[:2], "R-01:available")
    assert await house.held("CAM") == {"A-01:available": 4, "R-01:available": 2}
    assert await house.audit_clean()


LEDGER = Actor("tester", "tester", frozenset({"system"}))


async def test_the_ledgers_own_word_on_names(house: House) -> None:
    await nameless(house, "A-01")
    request = uuid4()

    async def name(*names: str, of: str = "CAM", key: Any = None) -> None:
        async with house.db.begin(LEDGER, request_id=key or uuid4(), cause="test") as uow:
            place, sku_id = await stock.resolve(uow, "A-01", of)
            (held,) = await stock.held_in(uow, place, sku_id)
            await ledger.name_pieces(uow, place, held.grain, names)

    await name("N01", "N02", key=request)
    with pytest.raises(rules.AlreadyPosted):
        await name("N03", key=request)
    with pytest.raises(rules.NameTaken) as taken:
        await name("N03", "N02")
    assert taken.value.params == {"serial": "N02"}
    with pytest.raises(rules.NameTaken):
        await name("N03", "N03")
    with pytest.raises(rules.TooManyNames) as many:
        await name(*NAMES[2:7])
    assert many.value.params == {"names": 5, "unnamed_each": 4}
    with pytest.raises(rules.KeepsNoSerials):
        await name("N03", of="A")
    for slip in ("CAM", "A-02", "T1-1", "", "x" * 61):
        with pytest.raises(rules.NotASerial):
            await name(slip)
    assert await where(house, "CAM") == dict.fromkeys(NAMES[:2], "A-01:available")
    assert await house.held("CAM") == {"A-01:available": 6}
    with pytest.raises(Refused, match=r"stock\.illegal_status_change"):
        await house.admin.post("/api/v1/stock/status", {
            "place": "A-01", "sku": "CAM", "from_status": "available", "to_status": "available", "qty_each": 1, "reason": "named",
        })  # fmt: skip
    damaged = {"place": "A-01", "sku": "CAM", "from_status": "available", "to_status": "damaged", "qty_each": 5}
    await house.admin.post("/api/v1/stock/status", {**damaged, "reason": "fell down"})
    assert await where(house, "CAM") == {"N01": "A-01:damaged", "N02": "A-01:available"}, "those without a name first"
    assert await house.audit_clean()

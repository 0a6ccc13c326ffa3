"""Work that somebody holds is handed over: by the person, or by a lead for one who went. Nothing of it is lost."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Refused, do_pick, open_house, take_cart
from wms import flow


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def begun(house: House) -> tuple[Client, list[dict[str, object]]]:
    """A tour with its first stop done."""
    await house.release(await house.order("O1", {"A": 2, "B": 1}))
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await do_pick(picker, cards[0])
    return picker, cards


async def ask_after_idle(house: House, minutes: int) -> list[str]:
    async with house.db.begin() as uow:
        await uow.session.execute(
            text("UPDATE task SET claimed_at = claimed_at - make_interval(mins => :m), done_at = done_at - make_interval(mins => :m)"),
            {"m": minutes},
        )  # fmt: skip
        await uow.session.execute(text("UPDATE tour SET started_at = started_at - make_interval(mins => :m), "
                                       "planned_at = planned_at - make_interval(mins => :m)"), {"m": minutes})  # fmt: skip
        tick = next(t for t in flow.TICKS if t.name == "work.ask_after_idle_claims")
        await tick.run(uow)
    open_now = await house.admin.get("/api/v1/incidents?state=open")
    return [i["kind"] for i in open_now]


async def test_the_next_picker_goes_on_with_the_cart(house: House) -> None:
    picker, cards = await begun(house)
    handed = await picker.answer(cards[1], problem="hand_over")
    assert (handed["message"], handed["cards"]) == ("lib.handed_over", [])
    other = await house.sign_in("packer")
    (fetch,) = (await other.post("/api/v1/pda/pick/claim"))["cards"]
    first, second = (c["show"]["location"] for c in cards[:2])  # both directions are as long
    assert (fetch["show"]["cart"], fetch["show"]["location"]) == ("CART-1", first)
    with pytest.raises(Refused) as wrong:
        await other.answer(fetch, cart="CART-2")
    assert wrong.value.code == "picking.bad_cart"
    rest = (await other.answer(fetch, cart="CART-1"))["cards"]
    assert [c["show"]["location"] for c in rest] == [second, "TRANSFER-1"]
    await do_pick(other, rest[0])
    await other.answer(rest[-1], drop="PACK-1")
    assert (await house.held("A"))["A-01:available"] == 18
    await house.settle()
    assert await house.audit_clean()


async def test_a_cart_that_nobody_finds_goes_to_a_lead_and_other_work_comes_first(house: House) -> None:
    picker, cards = await begun(house)
    await picker.answer(cards[1], problem="hand_over")
    other = await house.sign_in("packer")
    (fetch,) = (await other.post("/api/v1/pda/pick/claim"))["cards"]
    await other.answer(fetch, problem="not_found")
    await house.settle()
    assert "picking.cart_lost" in await house.incidents()
    await house.release(await house.order("O2", {"C": 1}))
    (planned,) = (await other.post("/api/v1/pda/pick/claim"))["cards"]
    assert planned["id"].startswith("cart:")
    (fetch,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    await picker.answer(fetch, cart="CART-1")
    await house.settle()
    assert "picking.cart_lost" not in [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")]


async def test_a_finished_tour_stays_its_pickers(house: House) -> None:
    picker, cards = await begun(house)
    lead = await house.sign_in("lead")
    (claim,) = await lead.get("/api/v1/claims")
    await do_pick(picker, cards[1])
    await picker.answer(cards[-1], drop="PACK-1")
    with pytest.raises(Refused) as refused:
        await lead.post(f"/api/v1/tours/{claim['id']}/leave")
    assert refused.value.code == "picking.no_tour"
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text("SELECT claimed_by FROM tour")) == "picker"


async def test_the_history_tells_who_held_and_who_took_back(house: House) -> None:
    await begun(house)
    lead = await house.sign_in("lead")
    (claim,) = await lead.get("/api/v1/claims")
    await lead.post(f"/api/v1/tours/{claim['id']}/leave")
    async with house.db.begin() as uow:
        row = (await uow.session.execute(
            text("SELECT actor, payload->>'holder' AS holder FROM event WHERE name = 'picking.tour_left.v1'")
        )).one()  # fmt: skip
    assert (row.actor, row.holder) == ("lead", "picker")


async def test_a_lead_takes_work_back_and_a_worker_may_not(house: House) -> None:
    picker, cards = await begun(house)
    lead = await house.sign_in("lead")
    (claim,) = await lead.get("/api/v1/claims")
    assert {k: claim[k] for k in ("holder", "kind", "unit", "tasks", "last_at", "idle")} == {
        "holder": "picker", "kind": "pick", "unit": "CART-1", "tasks": 1, "last_at": cards[0]["show"]["location"], "idle": False,
    }  # fmt: skip
    other = await house.sign_in("packer")
    with pytest.raises(Refused) as refused:
        await other.post(f"/api/v1/tours/{claim['id']}/leave")
    assert refused.value.status == 403
    await lead.post(f"/api/v1/tours/{claim['id']}/leave")
    assert await lead.get("/api/v1/claims") == []
    # A pick that its first picker made without the network still counts: the goods are in the tote.
    await do_pick(picker, cards[1])
    assert (await house.held("A"))["A-01:available"] == 18 and (await house.held("B"))["A-02:available"] == 19
    with pytest.raises(Refused) as nothing:
        await lead.post("/api/v1/work/release", {"kind": "putaway", "holder": "picker"})
    assert nothing.value.code == "work.nothing_claimed"


async def test_idle_work_asks_where_the_goods_are_until_it_goes_on(house: House) -> None:
    picker, cards = await begun(house)
    assert "work.idle_claim" not in await ask_after_idle(house, 29)
    assert (await ask_after_idle(house, 2)).count("work.idle_claim") == 1
    assert (await ask_after_idle(house, 0)).count("work.idle_claim") == 1
    await do_pick(picker, cards[1])
    assert "work.idle_claim" not in await ask_after_idle(house, 0)

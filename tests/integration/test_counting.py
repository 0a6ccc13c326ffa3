"""Counting through the front door: plan, blind cards, recounts, holds, finance, netting."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, do_pick, open_house, take_cart
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.processes.counting import queries


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/counting/rules", RULES)
        yield opened


RULES = {"daily_share_pct": 100, "empty_checks": 0, "tolerance_each": 0, "auto_below_cents": 0, "review_hours": 48}


async def plan(house: House) -> int:
    boss = await house.sign_in("boss")
    return int((await boss.post("/api/v1/counting/plan"))["opened"])


async def cards(counter: Client) -> dict[str, Json]:
    found: list[Json] = (await counter.post("/api/v1/pda/count/claim"))["cards"]
    return {c["show"].get("sku", c["show"]["location"]): c for c in found}


async def count(counter: Client, card: Json, qty: int, scanned_at: str = "") -> Json:
    show = card["show"]
    answers = {"location": show["location"], "sku": show["sku"], "qty": qty}
    reply: Json = await counter.post(card["submit"], {"answers": answers, "scanned_at": scanned_at})
    return reply


async def short_by(house: House, sku: str, missing: int) -> Json:
    """Two counters find the same shortage; the open variance."""
    await plan(house)
    for who in ("picker", "packer"):
        counter = await house.sign_in(who)
        held = await cards(counter)
        await count(counter, held[sku], 20 - missing)
        for other in set(held) - {sku}:
            await count(counter, held[other], 20)
    await house.settle()
    (variance,) = await house.admin.get("/api/v1/counting/variances")
    assert variance["sku"] == sku
    return dict(variance)


async def test_the_plan_covers_the_share_and_every_key_position_and_never_doubles(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", {**RULES, "daily_share_pct": 5})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE sku SET key_category = true WHERE code = 'C'"))
    assert await plan(house) == 1
    assert await plan(house) == 0
    await house.admin.post("/api/v1/counting/rules", {**RULES, "daily_share_pct": 60})
    assert await plan(house) == 1  # 2 of 3 positions
    counter = await house.sign_in("picker")
    held = await cards(counter)
    assert "C" in held and len(held) == 2
    for card in held.values():
        await count(counter, card, 20)
    assert await plan(house) == 0
    seen = await house.admin.get("/api/v1/counting/coverage")
    assert (seen["counted"], seen["open"], seen["key_left"]) == (2, 0, 0)
    with pytest.raises(Refused, match="not_allowed"):
        await counter.post("/api/v1/counting/plan")


async def test_a_card_and_its_answer_tell_nothing_of_the_book(house: House) -> None:
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [{"location": "A-01", "sku": "A", "qty_each": 7757}])
    await plan(house)
    counter = await house.sign_in("picker")
    reply = await counter.post("/api/v1/pda/count/claim")
    held = {c["show"]["sku"]: c for c in reply["cards"]}
    assert "7777" not in json.dumps(reply)
    assert all(s["blind"] and s["max"] is None for c in held.values() for s in c["steps"] if s["kind"] == "quantity")
    assert all(c["offline"] for c in held.values())
    wrong, right = await count(counter, held["A"], 3), await count(counter, held["B"], 20)
    assert wrong == right, "an answer must not tell whether the count agreed"
    await house.settle()
    recount = (await cards(await house.sign_in("packer")))["A"]
    assert "7777" not in json.dumps(recount) and "3" not in recount["show"].values()


async def test_a_recount_is_another_persons_and_may_agree(house: House) -> None:
    await plan(house)
    first, second = await house.sign_in("picker"), await house.sign_in("packer")
    held = await cards(first)
    for sku, qty in (("A", 19), ("B", 20), ("C", 20)):
        await count(first, held[sku], qty)
    assert await cards(first) == {}
    async with house.db.begin() as uow:
        task = await uow.session.scalar(text("SELECT id FROM task WHERE kind = 'count' AND data->>'not_by' <> ''"))
    with pytest.raises(Refused, match="counting.same_counter"):
        await count(first, {**held["A"], "submit": f"/api/v1/pda/count/tasks/{task}"}, 20)
    again = (await cards(second))["A"]
    with pytest.raises(Refused, match="work.not_yours"):
        await count(first, again, 20)
    await count(second, again, 20)
    accuracy = await house.admin.get("/api/v1/counting/accuracy")
    assert (accuracy["counts"], accuracy["gross_each"], accuracy["rate_pct"]) == (3, 0, 0.0)
    assert await house.admin.get("/api/v1/counting/variances") == []


async def test_a_shortage_is_held_at_once_and_only_finance_posts_it(house: House) -> None:
    variance = await short_by(house, "A", 3)
    assert (variance["system_each"], variance["recount_each"], variance["delta_each"]) == (20, 17, -3)
    assert await house.held("A") == {"A-01:available": 17, "A-01:count_hold": 3}
    assert await house.incidents() == ["counting.variance"]
    path = f"/api/v1/counting/variances/{variance['id']}/decide"
    with pytest.raises(Refused, match="not_allowed"):
        await (await house.sign_in("boss")).post(path, {"approve": True, "reason": "gone"})
    fin = await house.sign_in("fin")
    with pytest.raises(Refused, match="counting.reason_missing"):
        await fin.post(path, {"approve": True, "reason": " "})
    await fin.post(path, {"approve": True, "reason": "not found anywhere"})
    await house.settle()
    assert await house.held("A") == {"A-01:available": 17}
    with pytest.raises(Refused, match="counting.already_decided"):
        await fin.post(path, {"approve": False, "reason": "changed my mind"})
    async with house.db.begin() as uow:
        posted = (
            await uow.session.execute(
                text(
                    "SELECT m.actor, m.qty_each FROM movement m JOIN place p ON p.id = m.to_place_id WHERE p.code = 'ADJUSTMENT'"
                )
            )
        ).all()
    assert [(r.actor, r.qty_each) for r in posted] == [("fin", 3)]
    (incident,) = await house.admin.get("/api/v1/incidents?state=resolved")
    assert incident["kind"] == "counting.variance" and incident["owner"] == "finance"
    assert await house.audit_clean()


async def test_who_counted_does_not_decide(house: House) -> None:
    await plan(house)
    for who in ("picker", "fin"):
        counter = await house.sign_in(who)
        await count(counter, (await cards(counter))["A"], 18)
    (variance,) = await house.admin.get("/api/v1/counting/variances")
    fin = await house.sign_in("fin")
    with pytest.raises(Refused, match="counting.four_eyes"):
        await fin.post(f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "mine"})
    assert await house.held("A") == {"A-01:available": 18, "A-01:count_hold": 2}


async def test_a_rejected_shortage_is_available_again_or_counted_anew(house: House) -> None:
    variance = await short_by(house, "B", 4)
    fin = await house.sign_in("fin")
    path = f"/api/v1/counting/variances/{variance['id']}/decide"
    await fin.post(path, {"approve": False, "reason": "look behind the beam", "recount": True})
    assert await house.held("B") == {"A-02:available": 16, "A-02:count_hold": 4}
    counter = await house.sign_in("lead")
    await count(counter, (await cards(counter))["B"], 20)
    await house.settle()
    assert await house.held("B") == {"A-02:available": 20}
    assert await house.audit_clean()


async def test_found_stock_is_booked_by_finance_only_and_a_book_of_zero_never_divides(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", {**RULES, "auto_below_cents": 1_000_000})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE sku SET value_cents = 100"))
    await plan(house)
    first, second = await house.sign_in("picker"), await house.sign_in("packer")
    held = await cards(first)
    reply = await first.post(held["A"]["submit"], {"answers": {"problem": "other_sku", "location": "A-01"}})
    found = reply["cards"][0]
    assert found["id"].startswith("found:")
    answers = {"location": "A-01", "sku": "C", "qty": 5}
    after = await first.post(found["submit"], {"answers": answers})
    assert {c["show"]["sku"] for c in after["cards"]} == {"A", "B", "C"}
    with pytest.raises(Refused, match="counting.already_asked"):
        await first.post(found["submit"], {"answers": answers})
    recount = next(c for c in (await cards(second)).values() if c["show"]["location"] == "A-01")
    await count(second, recount, 5)
    (variance,) = await house.admin.get("/api/v1/counting/variances")
    assert (variance["system_each"], variance["delta_each"], variance["value_delta_cents"]) == (0, 5, 500)
    assert await house.held("C") == {"A-03:available": 20}
    assert (await house.admin.get("/api/v1/counting/accuracy"))["rate_pct"] is None
    fin = await house.sign_in("fin")
    await fin.post(f"/api/v1/counting/variances/{variance['id']}/decide", {"approve": True, "reason": "seen"})
    assert await house.held("C") == {"A-01:available": 5, "A-03:available": 20}
    await house.settle()
    assert await house.audit_clean()


async def test_below_the_sites_threshold_it_posts_itself_and_is_logged(house: House) -> None:
    await house.admin.post("/api/v1/counting/rules", {**RULES, "auto_below_cents": 301})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE sku SET value_cents = 100"))
    await plan(house)
    for who in ("picker", "packer"):
        counter = await house.sign_in(who)
        await count(counter, (await cards(counter))["A"], 17)
    assert await house.held("A") == {"A-01:available": 17}
    (decided,) = await house.admin.get("/api/v1/counting/variances?state=automatic")
    assert decided["decided_by"] == "system" and "301" in decided["reason"]
    await house.settle()
    assert await house.audit_clean()


async def test_movements_during_a_count_are_netted_by_the_time_of_the_scan(house: House) -> None:
    await plan(house)
    counter, picker = await house.sign_in("picker"), await house.sign_in("packer")
    held = await cards(counter)
    scanned_at = datetime.now(UTC)
    order = await house.order("N1", {"A": 4})
    await house.release(order)
    await do_pick(picker, (await take_cart(house, picker))[0])
    assert (await house.held("A"))["A-01:available"] == 16
    await count(counter, held["A"], 20, scanned_at.isoformat())  # counted before the pick, sent after it
    assert await house.admin.get("/api/v1/counting/variances") == []
    async with house.db.begin() as uow:
        spots = (await uow.session.execute(text("SELECT id FROM location WHERE code = 'A-01'"))).scalar_one()
        sku = (await uow.session.execute(text("SELECT id FROM sku WHERE code = 'A'"))).scalar_one()
        assert await queries.book_at(uow, spots, sku, scanned_at) == 20
        assert await queries.book_at(uow, spots, sku, uow.now) == 16
        outcome = await uow.session.scalar(text("SELECT outcome FROM count_record"))
    assert outcome == "agreed"


async def test_a_unit_that_came_after_the_scan_is_not_in_the_book_of_the_scan(house: House) -> None:
    await house.admin.post("/api/v1/stock/units", [{"kind": "case", "code": "CASE-9", "at": "DOCK-1"}])
    before = datetime.now(UTC)
    async with house.db.begin() as uow:
        place = int(await uow.session.scalar(text("SELECT id FROM location WHERE code = 'A-01'")) or 0)
        sku = int(await uow.session.scalar(text("SELECT id FROM sku WHERE code = 'A'")) or 0)
        case = await stock.find_unit(uow, "CASE-9")
        assert case is not None
        (held,) = await stock.held_in(uow, place, sku)
        await ledger.post(uow, [ledger.Line(held.grain, place, case.id, 6, "repack")])
    async with house.db.begin() as uow:
        assert await queries.book_at(uow, place, sku, uow.now - timedelta(microseconds=1)) == 14
        between = uow.now
    async with house.db.begin() as uow:
        await ledger.put_unit(uow, case.id, place)
    async with house.db.begin() as uow:
        assert await queries.book_at(uow, place, sku, uow.now) == 20
        assert await queries.book_at(uow, place, sku, between) == 14
        assert await queries.book_at(uow, place, sku, before) == 20


async def test_a_short_pick_leaves_an_urgent_count_outside_the_rate(house: House) -> None:
    await plan(house)
    order = await house.order("S1", {"A": 20})
    await house.release(order)
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    await do_pick(picker, card, qty=15, problem="short")
    await house.settle()
    first, second = await house.sign_in("lead"), await house.sign_in("packer")
    held = await cards(first)
    assert next(iter(held)) == "A" and len(held) == 3, "the planned count of A made way for the urgent one"
    for sku, qty in (("A", 0), ("B", 20), ("C", 20)):
        await count(first, held[sku], qty)
    again = await cards(second)
    assert list(again) == ["A"]
    await count(second, again["A"], 0)
    await house.settle()
    assert await house.held("A") == {"A-01:count_hold": 5, f"{card['show']['tote']}:available": 15}
    accuracy = await house.admin.get("/api/v1/counting/accuracy")
    assert (accuracy["counts"], accuracy["gross_each"]) == (2, 0)
    assert "counting.variance" in await house.incidents()


async def test_a_reservation_made_during_the_hold_is_looked_at_again(house: House) -> None:
    """Counts of one shortage against orders that reserve the same goods, at once: each either holds or is promised."""
    await plan(house)
    counters = [await house.sign_in(who) for who in ("picker", "packer")]
    await count(counters[0], (await cards(counters[0]))["A"], 12)
    again = (await cards(counters[1]))["A"]
    orders = [await house.order(f"C{n}", {"A": 2}) for n in range(8)]
    await house.admin.post("/api/v1/waves", {"name": "race", "order_ids": orders})
    await asyncio.gather(house.settle(), count(counters[1], again, 12))
    await house.settle()
    (variance,) = await house.admin.get("/api/v1/counting/variances")
    held = await house.held("A")
    assert variance["delta_each"] == -8 and sum(held.values()) == 20
    assert held.get("A-01:count_hold", 0) + variance["missing_reserved_each"] == 8
    assert await house.audit_clean()


async def test_missing_pieces_that_are_promised_are_named_and_wait_for_the_pick(house: House) -> None:
    await house.order("R1", {"A": 18})
    async with house.db.begin() as uow:
        ids = (await uow.session.scalars(text("SELECT id FROM customer_order"))).all()
    await house.release(*(str(i) for i in ids))
    variance = await short_by(house, "A", 5)
    assert variance["missing_reserved_each"] == 3
    assert {"counting.variance", "counting.reserved_missing"} <= set(await house.incidents())
    fin = await house.sign_in("fin")
    path = f"/api/v1/counting/variances/{variance['id']}/decide"
    with pytest.raises(Refused, match="counting.still_promised"):
        await fin.post(path, {"approve": True, "reason": "gone"})
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    await do_pick(picker, card, qty=15, problem="short")
    await house.settle()
    await fin.post(path, {"approve": True, "reason": "gone"})
    await house.settle()
    assert await house.held("A") == {f"{card['show']['tote']}:available": 15}
    assert await house.audit_clean()


async def test_an_empty_location_is_looked_at_and_what_stands_there_is_counted(house: House) -> None:
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE location SET kind = 'bin' WHERE code = 'SHIP-1'"))
    await house.admin.post("/api/v1/counting/rules", {**RULES, "empty_checks": 3})
    assert await plan(house) == 4
    counter = await house.sign_in("picker")
    empty = (await cards(counter))["SHIP-1"]
    assert [s["kind"] for s in empty["steps"]] == ["scan", "confirm"]
    with pytest.raises(Refused, match="counting.wrong_location"):
        await counter.answer(empty, location="A-01", empty=True)
    await counter.answer(empty, location="SHIP-1", empty=True)
    assert "SHIP-1" not in await cards(counter)


async def test_bad_counts_change_nothing(house: House) -> None:
    await plan(house)
    counter = await house.sign_in("picker")
    card = (await cards(counter))["A"]
    for code, answers in (
        ("counting.bad_count", {"location": "A-01", "sku": "A", "qty": -1}),
        ("counting.bad_count", {"location": "A-01", "sku": "A"}),
        ("counting.bad_count", {"location": "A-01", "sku": "A", "qty": 10_000_000}),
        ("counting.wrong_location", {"location": "A-02", "sku": "A", "qty": 20}),
        ("counting.wrong_sku", {"location": "A-01", "sku": "B", "qty": 20}),
        ("scanning.unknown_barcode", {"location": "A-01", "sku": "NOPE", "qty": 20}),
    ):
        with pytest.raises(Refused, match=code):
            await counter.answer(card, **answers)
    with pytest.raises(Refused, match="counting.bad_time"):
        await count(counter, card, 20, "yesterday")
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM count_record")) == 0

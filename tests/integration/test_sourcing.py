"""Orders that this house cannot serve: split among other warehouses by their reports, waiting for a notice, taken back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.integration.house import House, Json, Refused, open_house, pack_order, pick_all, take_cart
from wms import flow
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as orders
from wms.processes.sourcing.service import judging

NL1 = {"code": "NL1", "name": "Venlo", "kind": "overseas", "country": "NL", "parcel_cents": 450, "lead_days": 3}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:  # 20 pieces each of A, B and C
        yield opened


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


async def report(house: House, stock: dict[str, int], code: str = "NL1", *, as_of: str = "") -> None:
    lines = [{"sku": s, "qty_each": n} for s, n in stock.items()]
    await house.admin.post(
        f"/api/v1/sourcing/warehouses/{code}/stock", {"as_of": as_of or ago(minutes=5), "lines": lines}
    )
    await house.settle()


async def other(house: House, stock: dict[str, int], **more: Any) -> None:
    await house.admin.post("/api/v1/sourcing/warehouses", [{**NL1, **more}])
    await report(house, stock, {**NL1, **more}["code"])


async def ask(house: House, ref: str, lines: dict[str, int], **more: Any) -> str:
    order_id = await house.order(ref, lines, **more)
    await house.settle()
    return order_id


async def one(house: House, order_id: str) -> Json:
    told: Json = await house.admin.get(f"/api/v1/orders/{order_id}")
    return told


async def parts(house: House, order_id: str) -> list[Json]:
    found: list[Json] = (await house.admin.get(f"/api/v1/sourcing/orders/{order_id}"))["parts"]
    return found


async def told_host(house: House, kind: str) -> list[Json]:
    async with house.db.begin() as uow:
        rows = await uow.session.execute(
            text("SELECT payload FROM outgoing WHERE channel = 'host' AND kind = :k ORDER BY seq"), {"k": kind}
        )
        return [r.payload for r in rows]


async def answer(house: House, ref: str, accepted: bool, why: str = "") -> Json:
    told: Json = await house.admin.post(f"/api/v1/sourcing/parts/{ref}/answer", {"accepted": accepted, "why": why})
    await house.settle()
    return told


async def free(house: House, sku: str, code: str = "NL1") -> int:
    stock = await house.admin.get(f"/api/v1/sourcing/warehouses/{code}/stock?q={sku}")
    return int(stock[0]["free_each"])


async def test_what_is_missing_goes_elsewhere_and_the_rest_is_shipped_from_here(house: House) -> None:
    await other(house, {"B": 10})
    order_id = await ask(house, "O1", {"A": 2, "B": 23})
    order, [part] = await one(house, order_id), await parts(house, order_id)
    assert [(x["sku"], x["qty_each"], x["short_each"], x["elsewhere_each"]) for x in order["lines"]] == [
        ("A", 2, 0, 0), ("B", 23, 3, 3)
    ]  # fmt: skip
    assert (order["state"], order["holds"]) == ("accepted", [])
    assert (part["ref"], part["warehouse"], part["state"]) == ("O1-NL1", "NL1", "told")
    assert (
        part["lines"][0]["qty_each"] == 3 and "B x 3 not here: NL1; 2 parcels, 4.50, 3 days" in order["why"][-1]["why"]
    )
    [told] = await told_host(house, "order.part_elsewhere")
    assert (told["order"], told["ref"], told["lines"]) == ("O1", "O1-NL1", [{"sku": "B", "qty_each": 3}])
    assert await free(house, "B") == 7 and await free(house, "B") == 7
    assert (await answer(house, "O1-NL1", True))["state"] == "accepted"
    assert (await answer(house, "O1-NL1", True))["state"] == "accepted"
    await house.release(order_id)
    sscc = await pack_order(house, await house.sign_in("packer"), await pick_all(house, await house.sign_in("picker")))
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert await house.state(order_id) == "shipped" and await house.audit_clean()
    assert sum(n for k, n in (await house.held("B")).items() if "available" in k) == 0
    assert [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")] == []


async def test_two_orders_never_get_the_same_piece(house: House) -> None:
    await other(house, {"B": 5})
    ids = [await house.order(f"O{n}", {"B": 12}) for n in range(1, 4)]  # 36 asked, 20 here, 5 there

    async def judge(order_id: str) -> None:
        async with house.db.begin() as uow:
            await judging.judge(uow, UUID(order_id))

    await asyncio.gather(*(judge(i) for i in ids))
    await house.settle()
    sent = [sum(x["elsewhere_each"] for x in (await one(house, i))["lines"]) for i in ids]
    assert sent[0] == 0 and sum(sent) == 5  # the first is served here: first come, first served
    assert await free(house, "B") == 0
    async with house.db.begin() as uow:
        rows = await uow.session.execute(text("SELECT sum(qty_each) FROM order_part_line"))
        assert rows.scalar() == 5


async def test_a_report_counts_until_it_is_old_and_the_next_one_counts_what_was_accepted(house: House) -> None:
    await other(house, {"B": 5}, report_max_h=2)
    first = await ask(house, "O1", {"B": 23})
    await report(house, {"B": 5}, as_of=ago(minutes=1))  # it does not know of the part: nobody has accepted it
    assert await free(house, "B") == 2
    await answer(house, "O1-NL1", True)
    await report(house, {"B": 2}, as_of=ago(seconds=0))
    assert await free(house, "B") == 2
    with pytest.raises(Refused, match=r"sourcing\.report_not_new"):
        await report(house, {"B": 9}, as_of=ago(hours=1))
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE other_warehouse SET as_of = now() - interval '3 hours'"))
    [board] = await house.admin.get("/api/v1/sourcing/warehouses")
    assert "3 h old" in board["stale"] and board["parts"]["accepted"] == 1
    second = await ask(house, "O2", {"B": 1})  # all of B here is the first order's
    assert not await parts(house, second) and (await one(house, second))["holds"] == []
    choice = (await house.admin.get(f"/api/v1/sourcing/orders/{second}"))["choice"]
    assert (choice["kind"], choice["considered"][0][0]) == ("short", "NL1") and "3 h old" in choice["considered"][0][1]
    assert await house.state(first) == "accepted"


async def test_an_order_that_others_send_whole_ends_here_when_they_say_so(house: House) -> None:
    await other(house, {"A": 30, "B": 30})
    order_id = await ask(house, "O1", {"A": 1, "B": 25}, short_policy="complete_only")
    order = await one(house, order_id)
    assert [h["code"] for h in order["holds"]] == ["sourcing.elsewhere"]
    assert {x["sku"]: x["qty_each"] for x in (await parts(house, order_id))[0]["lines"]} == {"A": 1, "B": 25}
    await answer(house, "O1-NL1", True)
    assert await house.state(order_id) == "cancelled"
    [told] = await told_host(house, "order.cancelled")
    assert told["reason"] == "all of it is sent by O1-NL1" and not await told_host(house, "order.part_cancelled")
    assert (await parts(house, order_id))[0]["state"] == "done" and await free(house, "A") == 29
    with pytest.raises(Refused, match=r"sourcing\.part_ended"):
        await answer(house, "O1-NL1", False)
    split = await ask(house, "O2", {"A": 1, "B": 21}, short_policy="complete_only", may_split=True)
    assert [x["elsewhere_each"] for x in (await one(house, split))["lines"]] == [0, 1]


async def test_a_refused_part_comes_back_or_becomes_an_order_here(house: House) -> None:
    await other(house, {"A": 30, "B": 30})
    whole = await ask(house, "O1", {"B": 25}, short_policy="complete_only")
    await answer(house, "O1-NL1", False, "flooded")
    order = await one(house, whole)
    assert (order["holds"], [x["elsewhere_each"] for x in order["lines"]]) == ([], [0])  # and it does not ask NL1 again
    assert "sourcing.refused" in await house.incidents()
    assert [p["state"] for p in await parts(house, whole)] == ["refused"]
    assert (await answer(house, "O1-NL1", False))["state"] == "refused"

    await house.admin.post(f"/api/v1/orders/{whole}/cancel", {})
    asked = {"gift": {"message": "Alles Gute"}, "duty_term": "DDP", "customs_mode": "plain"}
    under_way = await ask(house, "O2", {"A": 1, "B": 21}, **asked)
    await house.release(under_way)
    await answer(house, "O2-NL1", False, "flooded")
    [part] = await parts(house, under_way)
    back = await one(house, part["back_as"])
    assert {name: back[name] for name in asked} == asked  # what the customer and the host asked for goes with it
    assert (back["ref"], back["short_policy"], [x["qty_each"] for x in back["lines"]]) == ("O2-NL1", "backorder", [1])
    assert [x["elsewhere_each"] for x in (await one(house, under_way))["lines"]] == [0, 1]
    assert not await parts(house, part["back_as"])  # NL1 has refused it
    await house.release(part["back_as"])
    assert await house.state(part["back_as"]) == "backordered"


async def test_an_order_waits_for_what_is_announced_before_its_truck(house: House) -> None:
    await other(house, {"B": 9})
    notice = {
        "ref": "ASN-1",
        "supplier": "S",
        "due_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
        "lines": [{"sku": "B", "qty_each": 5}],
    }
    await house.admin.post("/api/v1/notices", notice)
    cutoff = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    waits = await ask(house, "O1", {"B": 22}, cutoff_at=cutoff)
    assert [h["code"] for h in (await one(house, waits))["holds"]] == ["sourcing.waits"]
    third = await ask(house, "O3", {"B": 4}, cutoff_at=cutoff)  # of the five that come, two are the first order's
    assert [(p["ref"], p["lines"][0]["qty_each"]) for p in await parts(house, third)] == [("O3-NL1", 4)]
    await house.admin.post(f"/api/v1/orders/{third}/cancel", {})
    gone = await ask(house, "O2", {"B": 1}, cutoff_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert [p["ref"] for p in await parts(house, gone)] == ["O2-NL1"]
    async with house.db.begin() as uow:  # it did not come
        await uow.session.execute(text("UPDATE notice SET due_at = now() - interval '1 minute'"))
    async with house.db.begin() as uow:
        await judging.judge_waiting(uow)
    await house.settle()
    assert [p["ref"] for p in await parts(house, waits)] == ["O1-NL1"] and (await one(house, waits))["holds"] == []


async def test_of_too_many_that_wait_each_has_its_turn_and_goods_call_their_own(house: House) -> None:
    await other(house, {"B": 9})
    due_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    lines = [{"sku": "B", "qty_each": 50}]
    await house.admin.post("/api/v1/notices", {"ref": "ASN-1", "supplier": "S", "due_at": due_at, "lines": lines})
    ids = [await ask(house, f"O{n}", {"B": 22}) for n in (1, 2)]

    async def judged() -> list[str]:
        told = [await house.admin.get(f"/api/v1/sourcing/orders/{i}") for i in ids]
        assert [t["choice"]["kind"] for t in told] == ["wait"] * 2
        return [t["choice"]["judged_at"] for t in told]

    before = await judged()
    async with house.db.begin() as uow:
        skus = await catalog.skus_by_code(uow, ("A", "B"))
        assert [await judging.judge_waiting(uow, skus[sku].id) for sku in "AB"] == [0, 2]
    for _ in range(2):
        async with house.db.begin() as uow:
            assert await judging.judge_waiting(uow, limit=1) == 1
    after = await judged()
    assert all(a > b for a, b in zip(after, before, strict=True)) and after[0] != after[1]


async def test_parts_end_with_a_change_and_with_the_order(house: House) -> None:
    await other(house, {"B": 9}, countries=["DE", "FR"])
    order_id = await ask(house, "O1", {"A": 1, "B": 22})
    await house.admin.call(
        "PATCH", f"/api/v1/orders/{order_id}", {"lines": [{"sku": "A", "qty_each": 1}, {"sku": "B", "qty_each": 21}]}
    )
    await house.settle()
    assert [(p["ref"], p["state"]) for p in await parts(house, order_id)] == [
        ("O1-NL1", "cancelled"),
        ("O1-NL1-2", "told"),
    ]
    to_france = {**(await one(house, order_id))["destination"], "country": "US"}
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": to_france})
    await house.settle()
    order = await one(house, order_id)
    assert [p["state"] for p in await parts(house, order_id)] == ["cancelled", "cancelled"]
    assert [x["elsewhere_each"] for x in order["lines"]] == [0, 0] and order["holds"] == []
    last = await ask(house, "O2", {"B": 3}, destination={**to_france, "country": "FR"})
    [part] = await parts(house, last)
    await house.admin.post(f"/api/v1/orders/{last}/cancel", {})
    await house.settle()
    assert (await parts(house, last))[0]["state"] == "cancelled" and await free(house, "B") == 9
    assert [m["ref"] for m in await told_host(house, "order.part_cancelled")] == ["O1-NL1", "O1-NL1-2", part["ref"]]


async def test_a_cancelled_order_is_sent_by_nobody(house: House) -> None:
    """Whether its part is refused while the pick stops, or was refused before."""
    await other(house, {"A": 9, "B": 9})
    first = await ask(house, "O1", {"A": 21})
    second = await ask(house, "O2", {"B": 21})
    await house.release(first, second)
    await take_cart(house, await house.sign_in("picker"))
    await answer(house, "O2-NL1", False, "flooded")
    for order_id in (first, second):
        assert (await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "customer"}))["effect"] == "stop"
    assert (await house.admin.post("/api/v1/sourcing/parts/O1-NL1/answer", {"accepted": False}))["state"] == "refused"
    await house.settle()
    assert [(await parts(house, i))[0]["back_as"] is None for i in (first, second)] == [True, False]
    back_as = (await parts(house, second))[0]["back_as"]
    assert [await house.state(i) for i in (first, second, back_as)] == ["cancelled"] * 3
    assert await house.audit_clean()


async def test_of_an_order_of_which_nothing_is_here_the_others_still_send_their_part(house: House) -> None:
    await other(house, {"B": 9})
    order_id = await ask(house, "O1", {"A": 1, "B": 21})
    async with house.db.begin() as uow:  # all that was to be picked here is lost
        await uow.session.execute(text("UPDATE order_line SET short_each = qty_each"))
        await orders.advance(uow, UUID(order_id), "cancel", why="nothing of it was there")
    await house.settle()
    assert [p["state"] for p in await parts(house, order_id)] == ["told"]
    await answer(house, "O1-NL1", False, "flooded")
    [part] = await parts(house, order_id)
    assert [(x["sku"], x["qty_each"]) for x in (await one(house, part["back_as"]))["lines"]] == [("B", 1)]


async def test_another_address_is_told_to_who_sends_a_part_of_an_order_under_way(house: House) -> None:
    await other(house, {"A": 9})
    order_id = await ask(house, "O1", {"A": 21})
    await house.release(order_id)
    await answer(house, "O1-NL1", True)
    to = {**(await one(house, order_id))["destination"], "street": "9 New Road"}
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"destination": to})
    await house.settle()
    [part] = await parts(house, order_id)
    [gone] = await told_host(house, "order.part_cancelled")
    assert (part["state"], gone["ref"], gone["became"]) == ("cancelled", "O1-NL1", "O1-NL1")
    assert [(p["ref"], p["state"]) for p in await parts(house, part["back_as"])] == [("O1-NL1-NL1", "told")]
    assert [m["destination"]["street"] for m in await told_host(house, "order.part_elsewhere")][1:] == ["9 New Road"]
    assert await free(house, "A") == 8


async def test_lines_changed_while_others_are_judged_lose_no_piece(house: House) -> None:
    await other(house, {"B": 9})
    order_id = await ask(house, "O1", {"B": 22})
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"lines": [{"sku": "B", "qty_each": 24}]})
    async with house.db.begin() as uow:  # goods were put away before the change was looked at
        await judging.judge_waiting(uow)
    await house.settle()
    [line], found = (await one(house, order_id))["lines"], await parts(house, order_id)
    assert (line["short_each"], line["elsewhere_each"]) == (4, 4)
    assert sum(x["qty_each"] for p in found if p["state"] == "told" for x in p["lines"]) == 4
    await house.admin.call("PATCH", f"/api/v1/orders/{order_id}", {"lines": [{"sku": "B", "qty_each": 23}]})
    for part in found:
        if part["state"] == "told":
            await house.admin.post(f"/api/v1/sourcing/parts/{part['ref']}/answer", {"accepted": True})
    await house.settle()
    assert [x["elsewhere_each"] for x in (await one(house, order_id))["lines"]] == [3]


async def test_who_does_not_answer_is_asked_after(house: House) -> None:
    await other(house, {"A": 9, "B": 9}, answer_max_h=2)
    await ask(house, "O1", {"A": 21})
    second = await ask(house, "O2", {"B": 21})

    async def look(hours: float) -> list[str]:
        async with house.db.begin() as uow:
            await uow.session.execute(
                text("UPDATE order_part SET told_at = told_at - make_interval(secs => :s)"), {"s": hours * 3600}
            )
        tick = next(t for t in flow.TICKS if t.name == "sourcing.ask_after_parts")
        async with house.db.begin() as uow:
            await tick.run(uow)
        return sorted(i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open"))

    assert await look(1.9) == []
    assert await look(0.2) == ["sourcing.unanswered"] * 2 == await look(0)
    await answer(house, "O1-NL1", True)
    await house.release(second)
    await answer(house, "O2-NL1", False, "flooded")
    assert await look(0) == ["sourcing.refused"]
    back_as = (await parts(house, second))[0]["back_as"]
    await house.admin.post(f"/api/v1/orders/{back_as}/cancel", {"reason": "customer"})
    await house.settle()
    assert await look(0) == []


async def test_a_backorder_goes_elsewhere_once_somebody_has_it(house: House) -> None:
    await other(house, {})
    order_id = await ask(house, "O1", {"A": 1, "B": 30}, short_policy="backorder")
    await house.release(order_id)
    assert await house.state(order_id) == "backordered"
    await report(house, {"B": 30}, as_of=ago(seconds=0))
    assert await house.state(order_id) == "accepted" and [
        x["elsewhere_each"] for x in (await one(house, order_id))["lines"]
    ] == [0, 10]


async def test_an_order_taken_out_of_its_wave_keeps_what_others_send(house: House) -> None:
    await other(house, {"B": 9})
    order_id = await ask(house, "O1", {"A": 1, "B": 22})
    wave = await house.release(order_id)
    await house.admin.post(f"/api/v1/waves/{wave}/undo", {"reason": "test"})
    await house.settle()
    lines = (await one(house, order_id))["lines"]
    assert [(x["short_each"], x["elsewhere_each"]) for x in lines] == [(0, 0), (2, 2)]


async def test_faults_are_named(house: House) -> None:
    with pytest.raises(Refused, match=r"sourcing\.warehouses_refused"):
        await house.admin.post("/api/v1/sourcing/warehouses", [{**NL1, "kind": "shed"}])
    with pytest.raises(Refused, match=r"sourcing\.unknown_warehouse"):
        await report(house, {"A": 1}, "XX")
    await house.admin.post("/api/v1/sourcing/warehouses", [NL1])
    with pytest.raises(Refused) as refused:
        await house.admin.post(
            "/api/v1/sourcing/warehouses/NL1/stock", {"as_of": ago(hours=1), "csv": "sku,qty_each\nA,1\nNO,2\n"}
        )
    assert refused.value.params["faults"] == ["row 3, sku: unknown 'NO'"]
    tried = await house.admin.post(
        "/api/v1/sourcing/warehouses/NL1/stock?dry_run=true", {"as_of": ago(hours=1), "csv": "sku,qty_each\nA,1\n"}
    )
    assert (
        tried == {"skus": 1, "dry_run": True} and await house.admin.get("/api/v1/sourcing/warehouses/NL1/stock") == []
    )
    with pytest.raises(Refused, match=r"sourcing\.unknown_part"):
        await answer(house, "O9-NL1", True)

"""Returns: authorised by a dated policy, received as ungraded stock, graded, refunded by advice; abuse, strays, costs."""

import base64
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import (
    DESTINATION,
    Client,
    House,
    Json,
    Refused,
    do_pick,
    open_house,
    pack_order,
    pick_all,
    take_cart,
)
from wms.events.tracking import ParcelDelivered
from wms.processes.returns import reactions
from wms.twin import measures

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
ROWS = [
    {"countries": "DE|AT", "value_max_cents": 500, "reasons": "defective", "method": "keep"},
    {"countries": "DE", "days_max": 30, "method": "label", "address": "Wharf Returns, 1 Dock Road, 12345 Wharf, DE", "label_cents": 400,
     "restock_pct": 10},
    {"days_max": 30, "method": "address", "address": "Wharf Returns, Shenzhen"},
]  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/work/stations", [{"code": "RET-1", "kind": "returns", "location": "DOCK-1"}])
        yield opened


async def policy(house: House, rows: list[Json] | None = None, **more: Any) -> Json:
    body = {"rows": ROWS if rows is None else rows, "valid_from": "2020-01-01", **more}
    told: Json = await house.admin.post("/api/v1/returns/policies?dry_run=false", body)
    await house.settle()
    return told


async def shipped(house: House, ref: str, lines: dict[str, int], value: int = 10_000, **more: Any) -> tuple[str, str]:
    """An order that has left: its id, its parcel's SSCC."""
    body = {
        "ref": ref, "lines": [{"sku": s, "qty_each": q, "value_cents": value} for s, q in lines.items()],
        "destination": {**DESTINATION, "email": "ada@example.org"}, **more,
    }  # fmt: skip
    order_id = (await house.admin.post("/api/v1/orders", [body]))["ids"][0]
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    sscc = await pack_order(house, await house.sign_in("packer"), tote)
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    return order_id, sscc


async def ask(house: House, ref: str, order: str, lines: dict[str, int], **more: Any) -> Json:
    body = {"ref": ref, "order": order, "lines": [{"sku": s, "qty_each": q} for s, q in lines.items()], **more}
    told: Json = await house.admin.post("/api/v1/returns", body)
    return told


async def at_bench(house: House, code: str) -> tuple[Client, Json]:
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    assert start["id"] == "arrival:RET-1"
    return worker, (await worker.answer(start, parcel=code))["cards"][0]


async def came(worker: Client, card: Json, sku: str, qty: int, grade: str, *, tote: str = "T2-1") -> Json:
    """Receive and grade pieces of one SKU. Returns the card that follows."""
    card = (await worker.answer(card, item=sku))["cards"][0]
    if card["id"].startswith("count:"):  # where only one can come, its scan is the count
        card = (await worker.answer(card, qty=qty))["cards"][0]
    card = (await worker.answer(card, grade=f"grade_{grade}"))["cards"][0]
    answers = {"unit": tote, "reason": "opened", "photo": PNG, "ok": "ok"}
    return (await worker.answer(card, **{s["id"]: answers[s["id"]] for s in card["steps"]}))["cards"][0]  # type: ignore[no-any-return]


async def told_host(house: House, kind: str) -> list[Json]:
    async with house.db.begin() as uow:
        rows = await uow.session.execute(
            text("SELECT payload FROM outgoing WHERE channel = 'host' AND kind = :k ORDER BY seq"), {"k": kind}
        )
        return [r.payload for r in rows]


async def test_a_return_from_request_to_refund(house: House) -> None:
    await policy(house)
    _, sscc = await shipped(house, "O1", {"A": 2, "B": 1})
    before = await house.held("A")
    rma = await ask(house, "R1", "O1", {"A": 2, "B": 1})
    assert (rma["state"], rma["method"], rma["restock_pct"]) == ("authorised", "label", 10)
    assert "row 2: label; DE, value 300.00" in rma["why"][-1]["why"] and rma["expires_at"]
    assert (await ask(house, "R1", "O1", {"A": 2, "B": 1}))["number"] == rma["number"]
    label = await house.admin.call("GET", rma["instructions"]["label"])
    assert label.content.startswith(b"%PDF") and label.headers["content-type"] == "application/pdf"
    worker, card = await at_bench(house, rma["number"])
    assert [(x["sku"], x["announced"]) for x in card["show"]["lines"]] == [("A", 2), ("B", 1)]
    item = (await worker.answer(card, item="A"))["cards"][0]
    grade = (await worker.answer(item, qty=1))["cards"][0]
    assert (await house.held("A"))["DOCK-1:returned_ungraded"] == 1  # nothing returned is sellable before grading
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text(
            "SELECT received_on FROM stock_balance b JOIN lot ON lot.id = b.lot_id WHERE b.status = 'returned_ungraded' AND qty_each > 0"
        )) == (await uow.session.scalar(text("SELECT min(received_on) FROM lot")))  # fmt: skip
    with pytest.raises(Refused, match=r"stock\.illegal_status_change"):
        await worker.post("/api/v1/stock/status", {"place": "DOCK-1", "sku": "A", "from_status": "returned_ungraded",
                                                   "to_status": "available", "qty_each": 1, "reason": "x"})  # fmt: skip
    card = (await worker.answer(grade, grade="grade_a"))["cards"][0]
    assert [s["id"] for s in card["steps"]] == ["unit"]
    card = (await worker.answer(card, unit="T2-1"))["cards"][0]
    assert card["id"].startswith("items:")
    card = await came(worker, card, "A", 1, "c")
    card = await came(worker, card, "B", 1, "scrap")
    await house.settle()
    assert card["steps"][0]["kind"] == "confirm"
    await worker.answer(card, done="ok")
    await house.settle()
    held = await house.held("A")
    assert (held["T2-1:available"], held["T2-1:damaged"]) == (1, 1) and sum(held.values()) == sum(before.values()) + 2
    assert (await house.admin.get("/api/v1/work/open"))["putaway"] == 2
    (advice,) = await told_host(house, "return.refund_advice")
    assert [(x["sku"], x["grade"], x["amount_cents"]) for x in advice["lines"]] == [
        ("A", "A", 9000),
        ("A", "C", 4500),
        ("B", "scrap", 0),
    ]
    assert advice["amount_cents"] == 13_500
    waiting = (await house.admin.get("/api/v1/returns/board"))[
        "scrap"
    ]  # 100.00 is above the limit: a supervisor's word
    assert [(x["sku"], x["value_cents"]) for x in waiting] == [("B", 10_000)]
    assert "returns.scrap" in await house.incidents()
    with pytest.raises(Refused, match=r"common\.not_allowed"):
        await worker.post(f"/api/v1/returns/items/{waiting[0]['id']}/scrap", {"approve": True, "note": "broken"})
    boss = await house.sign_in("boss")
    await boss.post(f"/api/v1/returns/items/{waiting[0]['id']}/scrap", {"approve": True, "note": "broken"})
    await house.settle()
    assert not any(k.endswith("returned_ungraded") for k in await house.held("B"))
    done = await house.admin.get(f"/api/v1/returns/{rma['id']}")
    # label 400, three pieces at 150, loss: 60 % of 10,000 and 10,000
    assert (done["state"], done["cost_cents"]) == ("closed", 400 + 450 + 6_000 + 10_000)
    async with house.db.begin() as uow:
        assert (await measures.return_cost(uow)).value == pytest.approx(100 * 16_850 / 30_000)
    board = await house.admin.get("/api/v1/returns/board")
    assert board["now"]["value_cents"] == 30_000 and board["months"][-1]["share_pct"] == round(100 * 16_850 / 30_000, 2)
    assert len(done["photos"]) == 2 and (
        await house.admin.call("GET", f"/api/v1/returns/photos/{done['photos'][0]['id']}")
    ).content.startswith(b"\x89PNG")
    await house.settle()
    assert await house.audit_clean()
    assert sscc


async def test_never_more_than_was_shipped(house: House) -> None:
    await policy(house)
    await shipped(house, "O1", {"A": 3})
    with pytest.raises(Refused, match=r"returns\.lines_refused"):
        await ask(house, "R0", "O1", {"A": 4})
    first = await ask(house, "R1", "O1", {"A": 2})
    with pytest.raises(Refused, match=r"returns\.lines_refused"):
        await ask(house, "R2", "O1", {"A": 2})
    with pytest.raises(Refused, match=r"returns\.ref_taken"):
        await ask(house, "R1", "O1", {"A": 1})
    second = await ask(house, "R2", "O1", {"A": 1})
    worker, card = await at_bench(house, first["number"])
    item = (await worker.answer(card, item="A"))["cards"][0]
    assert item["steps"][0]["max"] == 2
    for qty, code in (
        (3, "more_than_shipped"),
        (0, "bad_quantity"),
        (-1, "bad_quantity"),
        ("2", "bad_quantity"),
        (True, "bad_quantity"),
    ):
        with pytest.raises(Refused, match=rf"returns\.{code}"):
            await worker.answer(item, qty=qty)
    card = await came(worker, card, "A", 2, "a")
    more = (await worker.answer(card, problem="one_more"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.more_than_shipped"):
        await worker.answer(more, item="A")
    with pytest.raises(Refused, match=r"returns\.not_of_order"):
        await worker.answer(more, item="B")
    await worker.answer(card, done="ok")
    assert second["state"] == "authorised"
    await house.settle()
    assert await house.audit_clean()


async def test_a_policy_that_is_over_holds_until_a_new_one_decides(house: House) -> None:
    await shipped(house, "O1", {"A": 1})
    rma = await ask(house, "R1", "O1", {"A": 1})
    assert (rma["state"], rma["hold_code"]) == ("held", "returns.no_policy")
    await policy(house, valid_until="2021-01-01")
    await house.settle()
    assert (await house.admin.get(f"/api/v1/returns/{rma['id']}"))["hold_code"] == "returns.policy_expired"
    assert "returns.held" in await house.incidents()
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.not_authorised"):
        await worker.answer(start, parcel=rma["number"])
    await policy(house)
    await house.settle()
    assert (await house.admin.get(f"/api/v1/returns/{rma['id']}"))["method"] == "label"
    assert [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")] == []


async def test_days_count_from_delivery_and_a_currency_needs_its_rate(house: House) -> None:
    await policy(house)
    order_id, _ = await shipped(house, "O1", {"A": 2}, currency="EUR")
    held = await ask(house, "R1", "O1", {"A": 1})
    assert (held["state"], held["hold_code"]) == ("held", "returns.no_rate")
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.not_authorised"):
        await worker.answer(start, parcel="O1")
    await house.admin.call("PUT", "/api/v1/returns/site", {"rates": {"EUR": 1.1}})
    await house.settle()
    rma = await house.admin.get(f"/api/v1/returns/{held['id']}")
    assert (
        rma["method"] == "label"
        and "value 110.00" in rma["why"][-1]["why"]
        and "since shipping" in rma["why"][-1]["why"]
    )
    async with house.db.begin() as uow:
        parcel = await uow.session.scalar(
            text("SELECT parcel_id FROM sent_parcel WHERE order_id = :o"), {"o": order_id}
        )
        uow.emit(ParcelDelivered(parcel_id=parcel, service="", country="DE", days=3.0))
    await house.settle()
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE sent_parcel SET delivered_at = delivered_at - interval '31 days'"))
    late = await ask(house, "R2", "O1", {"A": 1})
    assert late["state"] == "refused" and "31 days since delivery, at most 30" in late["why"][-1]["why"]
    assert [m["order"] for m in await told_host(house, "return.refused")] == ["O1"]


async def test_a_policy_file_names_its_faults_and_is_tried_first(house: House) -> None:
    csv = "countries,method,days_max,address,reasons\nDE,label,x,,\nGermany,keep,,,\nDE,address,10,,mood\n,post,,,\n"
    with pytest.raises(Refused) as refused:
        await house.admin.post("/api/v1/returns/policies?dry_run=false", {"csv": csv, "valid_from": "2026-01-01"})
    assert refused.value.code == "returns.rows_refused"
    assert [f.split(":")[0] for f in refused.value.params["faults"]] == [
        "row 2, days_max",
        "row 3, countries",
        "row 4, reasons",
        "row 5, method",
    ]
    good = {"csv": "countries,method,days_max\nDE|FR,label,30\n", "valid_from": "2026-01-01"}
    assert (await house.admin.post("/api/v1/returns/policies", good)) == {"rows": 1, "dry_run": True}
    assert await house.admin.get("/api/v1/returns/policies") == []
    with pytest.raises(Refused, match=r"returns\.bad_period"):
        await house.admin.post("/api/v1/returns/policies", {**good, "valid_until": "2025-01-01"})
    for site in (
        {"handling_cents": -1},
        {"outcomes": {"A": "sell"}},
        {"rates": {"eur": 1}},
        {"nonsense": 1},
        {"refund_pct": {"A": 300}},
    ):
        reply = await house.admin.call("PUT", "/api/v1/returns/site", site)
        assert (reply.status_code, reply.json()["code"]) == (422, "returns.bad_site"), site


async def test_a_refund_without_return_is_advised_at_once_and_nothing_may_come(house: House) -> None:
    await policy(house)
    await shipped(house, "O1", {"A": 2}, value=200)
    rma = await ask(house, "R1", "O1", {"A": 2}, reason="defective")
    assert (rma["state"], rma["method"], rma["refund_cents"], rma["cost_cents"]) == ("closed", "keep", 400, 400)
    (advice,) = await told_host(house, "return.refund_advice")
    assert advice["amount_cents"] == 400
    with pytest.raises(Refused, match=r"returns\.no_label"):
        await house.admin.get(f"/api/v1/returns/{rma['id']}/label")
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    for code in (rma["number"], "O1"):
        with pytest.raises(Refused, match=r"returns\.(not_authorised|more_than_shipped)"):
            await worker.answer(start, parcel=code)


async def test_only_shipped_orders_come_back_and_the_ref_of_none_is_refused(house: House) -> None:
    await house.order("O1", {"A": 1})
    with pytest.raises(Refused, match=r"returns\.not_shipped"):
        await ask(house, "R1", "O1", {"A": 1})
    with pytest.raises(Refused, match=r"orders\.unknown_order"):
        await ask(house, "R1", "O9", {"A": 1})
    worker = await house.sign_in("packer")
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.unknown_parcel"):
        await worker.answer(start, parcel="NOBODYS")


async def test_goods_are_mended_and_graded_again(house: House) -> None:
    await policy(house)
    await house.admin.call("PUT", "/api/v1/returns/site", {"recipes": [{"text": "Clean it", "text_zh": "清洁"}]})
    await shipped(house, "O1", {"A": 1})
    rma = await ask(house, "R1", "O1", {"A": 1})
    worker, card = await at_bench(house, rma["number"])
    card = await came(worker, card, "A", 1, "b")
    await worker.answer(card, done="ok")
    assert (await house.held("A"))["DOCK-1:returned_ungraded"] == 1
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    mend = (await worker.answer(start, problem="mend"))["cards"][0]
    assert mend["show"]["text"] == "Clean it"
    grade = (await worker.answer(mend, done="ok"))["cards"][0]
    put = (await worker.answer(grade, grade="grade_a"))["cards"][0]
    await worker.answer(put, unit="T2-1")
    await house.settle()
    assert (await house.held("A"))["T2-1:available"] == 1
    told = await house.admin.get(f"/api/v1/returns/{rma['id']}")
    assert (
        told["refund_cents"] == 8_100 and told["cost_cents"] == 400 + 150 + 2_000
    )  # graded B as it came; a fifth lost by mending
    await house.settle()
    assert await house.audit_clean()


async def test_serials_come_back_as_they_left(house: House) -> None:
    await policy(house)
    await house.admin.post("/api/v1/catalog/skus", [{"code": "CAM", "name": "Camera", "length_mm": 90, "width_mm": 60, "height_mm": 40,
                                                      "weight_g": 300, "serial_policy": "on_receipt"}])  # fmt: skip
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-01", "sku": "CAM", "qty_each": 1, "serials": ["SN1"], "received_on": "2026-02-01"},
        {"location": "A-02", "sku": "CAM", "qty_each": 1, "serials": ["SN2"], "received_on": "2026-03-01"},
    ])  # fmt: skip
    order_id = (await house.admin.post("/api/v1/orders", [{"ref": "O1", "lines": [{"sku": "CAM", "qty_each": 1, "value_cents": 10_000}],
                                                           "destination": DESTINATION}]))["ids"][0]  # fmt: skip
    await house.release(order_id)
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    gone = cards[0]["steps"][[s["id"] for s in cards[0]["steps"]].index("qty")]["accept"][0]
    await do_pick(picker, cards[0], **{"qty:codes": gone})
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    sscc = await pack_order(house, await house.sign_in("packer"), cards[0]["show"]["tote"])
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    worker, card = await at_bench(house, f"]C100{sscc}")  # known by its own parcel: nobody asked
    assert card["show"]["lines"][0]["announced"] == 1
    item = (await worker.answer(card, item="CAM"))["cards"][0]
    assert item["steps"][0]["each_once"]
    other = "SN2" if gone == "SN1" else "SN1"
    for codes, code in ((other, "serial_not_ours"), ("SN9", "serial_not_ours"), ("", "serials_needed")):
        with pytest.raises(Refused, match=rf"returns\.{code}"):
            await worker.answer(item, **{"qty": 1, "qty:codes": codes})
    wrong = (await worker.answer(item, problem="foreign_serial"))["cards"][0]
    await worker.answer(wrong, what="SN9")
    grade = (await worker.answer(item, **{"qty": 1, "qty:codes": gone}))["cards"][0]
    put = (await worker.answer(grade, grade="grade_a"))["cards"][0]
    card = (await worker.answer(put, unit="T2-1"))["cards"][0]
    await worker.answer(card, done="ok")
    await house.settle()
    async with house.db.begin() as uow:
        place = await uow.session.scalar(
            text("SELECT p.code FROM serial s JOIN place p ON p.id = s.place_id WHERE s.serial = :s"), {"s": gone}
        )
        day = await uow.session.scalar(text(
            "SELECT lot.received_on FROM stock_balance b JOIN lot ON lot.id = b.lot_id JOIN place p ON p.id = b.place_id WHERE p.code = 'T2-1' AND b.qty_each > 0"
        ))  # fmt: skip
    assert place == "T2-1" and str(day) == ("2026-02-01" if gone == "SN1" else "2026-03-01")
    (flag,) = (await house.admin.get("/api/v1/returns/board"))["flags"]
    assert [r["code"] for r in flag["reasons"]] == ["foreign_serial"]
    assert await told_host(house, "return.refund_advice") == []  # kept back until a person has looked
    boss = await house.sign_in("boss")
    await boss.post(f"/api/v1/returns/flags/{flag['id']}/review", {"approve": False, "note": "the buyer's own charger"})
    assert [a["amount_cents"] for a in await told_host(house, "return.refund_advice")] == [10_000]
    with pytest.raises(Refused, match=r"returns\.wrong_state"):
        await boss.post(f"/api/v1/returns/flags/{flag['id']}/review", {"approve": True, "note": "again"})
    await house.settle()
    assert await house.audit_clean()


async def test_empty_boxes_and_wrong_goods_are_recorded_and_judged(house: House) -> None:
    await policy(house)
    numbers = []
    for n in (1, 2):
        await shipped(house, f"O{n}", {"A": 1})
        numbers.append((await ask(house, f"R{n}", f"O{n}", {"A": 1}))["number"])
    for number in numbers:
        worker, card = await at_bench(house, number)
        await worker.answer(card, problem="empty_box")
    await house.settle()
    (flag,) = (await house.admin.get("/api/v1/returns/board"))["flags"]
    assert [r["code"] for r in flag["reasons"]] == ["empty_boxes"] and "returns.abuse" in await house.incidents()
    advice = await told_host(house, "return.refund_advice")
    assert [(a["amount_cents"], a["findings"]) for a in advice] == [(0, ["empty_box"])]
    boss = await house.sign_in("boss")
    await boss.post(f"/api/v1/returns/flags/{flag['id']}/review", {"approve": True, "note": "twice"})
    assert (await told_host(house, "return.refund_advice"))[-1]["advice"] == "refuse"
    await shipped(house, "O3", {"A": 1})
    rma = await ask(house, "R3", "O3", {"A": 1})
    worker, card = await at_bench(house, rma["number"])
    wrong = (await worker.answer(card, problem="wrong_item"))["cards"][0]
    card = (await worker.answer(wrong, what="a brick"))["cards"][0]
    await worker.answer(card, problem="all_received")
    told = await house.admin.get(f"/api/v1/returns/{rma['id']}")
    assert [(f["kind"], f["what"]) for f in told["findings"]] == [("wrong_item", "a brick")] and told["flag"] == "open"
    await house.settle()
    assert await house.audit_clean()


async def test_a_parcel_without_order_has_a_clock_and_is_found_or_disposed_of(house: House) -> None:
    await policy(house)
    order_id, _ = await shipped(house, "O1", {"A": 1})
    worker = await house.sign_in("packer")
    for marks in ("Ada, Wharf", "a brown box"):
        start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
        card = (await worker.answer(start, problem="no_order"))["cards"][0]
        with pytest.raises(Refused, match=r"returns\.bad_photo"):
            await worker.answer(card, marks=marks, photo="data:image/png;base64,AAAA")
        card = (await worker.answer(card, marks=marks, photo=PNG))["cards"][0]
        await worker.answer(card, **{"return": "ok"})
    await house.settle()
    shelf = (await house.admin.get("/api/v1/returns/board"))["shelf"]
    assert (
        len(shelf) == 2 and all(s["photos"] for s in shelf) and (await house.incidents()).count("returns.no_order") == 2
    )
    known, unknown = (
        sorted(shelf, key=lambda s: s["marks"], reverse=False)[0],
        sorted(shelf, key=lambda s: s["marks"])[1],
    )
    found = await worker.get(f"/api/v1/returns/shelf/{known['id']}/candidates?words=ada%20wharf")
    assert [o["ref"] for o in found] == ["O1"]
    start = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]
    with pytest.raises(Refused, match=r"returns\.not_identified"):
        await worker.answer(start, parcel=known["number"])
    rma = await worker.post(f"/api/v1/returns/shelf/{known['id']}/identify", {"order_id": order_id})
    assert rma["method"] == "unannounced"
    card = (await worker.answer(start, parcel=known["number"]))["cards"][0]
    await came(worker, card, "A", 1, "a")
    boss = await house.sign_in("boss")
    with pytest.raises(Refused, match=r"returns\.too_early"):
        await boss.post(f"/api/v1/returns/shelf/{unknown['id']}/dispose", {"note": "nobody asks"})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE stray_parcel SET due_at = due_at - interval '40 days'"))
    async with house.db.begin() as uow:
        await reactions.look_after(uow)
    await house.settle()
    assert "returns.disposal" in await house.incidents()
    with pytest.raises(Refused, match=r"returns\.reason_needed"):
        await boss.post(f"/api/v1/returns/shelf/{unknown['id']}/dispose", {"note": " "})
    await boss.post(f"/api/v1/returns/shelf/{unknown['id']}/dispose", {"note": "nobody asks"})
    await house.settle()
    assert (await house.admin.get("/api/v1/returns/board"))["shelf"] == []
    assert [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")] == []
    await house.settle()
    assert await house.audit_clean()


async def test_an_authorisation_ends_by_time_and_late_goods_are_taken_all_the_same(house: House) -> None:
    await policy(house)
    await shipped(house, "O1", {"A": 1})
    rma = await ask(house, "R1", "O1", {"A": 1})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE rma SET expires_at = :t"), {"t": uow.now - timedelta(days=1)})
    async with house.db.begin() as uow:
        await reactions.look_after(uow)
    assert (await house.admin.get(f"/api/v1/returns/{rma['id']}"))["state"] == "expired"
    worker, card = await at_bench(house, "O1")
    await came(worker, card, "A", 1, "a")
    assert (await house.admin.get(f"/api/v1/returns/{rma['id']}"))["lines"][0]["received_each"] == 1


@pytest.mark.parametrize(
    ("tote", "code"),
    [("T9-9", "scanning.unknown_barcode"), ("CART-1", "returns.bad_tote"), ("", "scanning.unreadable")],
)
async def test_a_wrong_tote_changes_nothing(house: House, tote: str, code: str) -> None:
    await policy(house)
    await shipped(house, "O1", {"A": 1})
    rma = await ask(house, "R1", "O1", {"A": 1})
    worker, card = await at_bench(house, rma["number"])
    with pytest.raises(Refused) as refused:
        await came(worker, card, "A", 1, "a", tote=tote)
    assert refused.value.code == code and (await house.held("A"))["DOCK-1:returned_ungraded"] == 1
    again = (await worker.post("/api/v1/pda/returns/claim"))["cards"][0]  # what lies ungraded comes back first
    assert again["id"].startswith("finish:")
    assert (await worker.answer(again, problem="grade_again"))["cards"][0]["id"].startswith("grade:")
    with pytest.raises(Refused, match=r"returns\.bad_grade"):
        await worker.answer({"submit": again["submit"].replace("/finish", "/grade")}, grade="grade_z")


async def test_a_bundle_comes_back_by_component(house: House) -> None:
    await policy(house)
    await house.admin.post("/api/v1/catalog/skus", [{"code": "SET", "name": "Set", "length_mm": 100, "width_mm": 80, "height_mm": 80,
                                                      "weight_g": 450, "bundle": [["A", 1], ["B", 2]]}])  # fmt: skip
    await shipped(house, "O1", {"SET": 1})
    rma = await ask(house, "R1", "O1", {"SET": 1})
    assert [(x["sku"], x["qty_each"]) for x in rma["lines"]] == [("A", 1), ("B", 2)]

"""Customs from intake to release: an order is judged, matched with its real parcel, declared, held, answered; nothing passes unjudged."""

import io
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from sqlalchemy import text

from simulators.scenarios import customs as demo
from simulators.scenarios.dates import VALID_FROM
from tests.integration.house import House, Refused, open_house, pack_order, pick_all
from wms.processes.customs import service
from wms.twin import measures

Json = dict[str, Any]
TO = {
    "name": "Ada Lovelace",
    "street": "1 Dock Road",
    "city": "Wharf",
    "postcode": "12345",
    "country": "DE",
    "phone": "+49 40 1234567",
}
FILED = [
    {"sku": sku, "hs_code": hs, "origin": "CN", "net_g": 180, "name_en": name, "name_zh": zh, "materials": "stoneware", "use": "drinking",
     "category": category, "certificates": certificates}
    for sku, hs, name, zh, category, certificates in (
        ("A", "6912.00", "Stoneware mug", "陶瓷杯", "tableware", []),
        ("B", "950300", "Toy car", "玩具车", "toy", [{"kind": "toy_safety", "number": "EN71-1", "issuer": "Lab", "valid_until": "2099-12-31"}]),
    )
]  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await load(opened)
        yield opened


async def load(house: House) -> None:
    async with house.db.begin() as uow:
        for t in demo.tables():
            until = date.fromisoformat(t["valid_until"]) if t["valid_until"] else None
            await service.load_table(
                uow,
                t["kind"],
                t["rows"],
                valid_from=date.fromisoformat(t["valid_from"]),
                valid_until=until,
                source=t["source"],
                dry_run=False,
            )
    await house.admin.post("/api/v1/customs/filings?dry_run=false", {"rows": FILED})
    await house.settle()


async def order(house: House, ref: str, lines: dict[str, int], paid: int | None, **more: Any) -> str:
    to = {**TO, **more.pop("to", {})}
    body = {
        "ref": ref,
        "lines": [{"sku": s, "qty_each": q, "value_cents": 1_000} for s, q in lines.items()],
        "destination": to,
        **more,
    }
    order_id: str = (await house.admin.post("/api/v1/orders", [body]))["ids"][0]
    if paid is not None:
        await pay(house, ref, paid)
    await house.settle()
    return order_id


async def pay(house: House, ref: str, cents: int) -> None:
    await house.admin.post("/api/v1/customs/papers", {"rows": [
        {"channel": "shop", "ref": ref, "paper": "payment", "number": f"P-{ref}", "currency": "USD", "total": cents, "payer": "Ada"},
    ]})  # fmt: skip
    await house.settle()


async def holds(house: House, order_id: str) -> list[tuple[str, str]]:
    return [(h["kind"], h["code"]) for h in (await house.admin.get(f"/api/v1/orders/{order_id}"))["holds"]]


async def view(house: House, order_id: str) -> Json:
    found: Json = await house.admin.get(f"/api/v1/customs/orders/{order_id}")
    return found


async def everything(house: House) -> Json:
    async with house.db.begin() as uow:
        return {
            table: await uow.session.scalar(text(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"))  # noqa: S608
            for table in ("customs_table", "customs_filing", "customs_record", "customs_order", "customs_batch", "customs_item", "customs_sale", "customs_paper",
                          "customer_order", "stock_balance", "print_job")
        }  # fmt: skip


async def refused(house: House, code: str, call: Any) -> Refused:
    before = await everything(house)
    with pytest.raises(Refused) as caught:
        await call
    assert caught.value.code == code
    assert await everything(house) == before
    return caught.value


async def test_nothing_is_released_before_it_is_judged_and_a_missing_payment_holds(house: House) -> None:
    order_id = await order(house, "O1", {"A": 2}, None)
    assert await holds(house, order_id) == [("customs", "customs.document_missing")]
    with pytest.raises(Refused):
        await house.release(order_id)
    assert await house.incidents() == ["customs.order_held"]
    await pay(house, "O1", 1_900)
    assert await holds(house, order_id) == [("customs", "customs.fields_differ")]
    seen = await view(house, order_id)
    assert seen["mode"] == "9610"
    assert seen["faults"][0]["difference"] == {"order": 2_000, "invoice": 2_000, "payment": 1_900}
    assert seen["papers"]["order"]["consignee"] == "A•a L••••••e"
    await pay(house, "O1", 2_000)
    assert await holds(house, order_id) == []
    assert await house.admin.get("/api/v1/incidents") == []
    assert (await house.admin.get(f"/api/v1/orders/{order_id}"))["customs_mode"] == "9610"


async def test_the_mode_follows_the_table_and_the_host_may_fix_it(house: House) -> None:
    domestic = await order(house, "D", {"C": 1}, None, to={"country": "CN"})
    assert (await view(house, domestic))["mode"] == "domestic"  # C has no filing: it needs none
    assert await holds(house, domestic) == []
    business = await order(house, "B", {"A": 1}, None, to={"commercial": True, "eori": "DE1234567"})
    assert (await view(house, business))["mode"] == "9710"
    fixed = await order(house, "F", {"A": 1}, None, customs_mode="plain")
    assert (await view(house, fixed))["why"] == "fixed by the host"
    assert await holds(house, fixed) == []
    await house.admin.post(
        f"/api/v1/customs/orders/{business}/mode", {"mode": "plain", "reason": "agreed with the agent"}
    )
    assert (await view(house, business))["mode"] == "plain"
    await refused(
        house,
        "customs.bad_mode",
        house.admin.post(f"/api/v1/customs/orders/{business}/mode", {"mode": "1234", "reason": "x"}),
    )
    await refused(
        house,
        "customs.reason_missing",
        house.admin.post(f"/api/v1/customs/orders/{business}/mode", {"mode": "9610", "reason": " "}),
    )


async def test_missing_filing_party_field_and_expired_certificate_are_named(house: House) -> None:
    unfiled = await order(house, "U", {"C": 1}, 1_000)
    assert await holds(house, unfiled) == [("customs", "customs.filing_missing")]
    no_phone = await order(house, "P", {"A": 1}, 1_000, to={"country": "US", "phone": ""})
    assert await holds(house, no_phone) == [("customs", "customs.party_missing")]
    old = {
        **FILED[1],
        "certificates": [{"kind": "toy_safety", "number": "EN71-0", "issuer": "Lab", "valid_until": "2020-01-31"}],
    }
    await house.admin.post("/api/v1/customs/filings?dry_run=false", {"rows": [old]})
    expired = await order(house, "E", {"B": 1}, 1_000)
    held = (await house.admin.get(f"/api/v1/orders/{expired}"))["holds"][0]
    assert (held["code"], held["fields"]) == (
        "customs.certificate_expired",
        ["toy_safety EN71-0 of B expired on 2020-01-31"],
    )
    await house.admin.post("/api/v1/customs/filings?dry_run=false", {"rows": [FILED[1], {**FILED[0], "sku": "C"}]})
    await house.settle()
    assert await holds(house, expired) == []
    assert await holds(house, unfiled) == []
    reply = await house.admin.call("PATCH", f"/api/v1/orders/{no_phone}", {"destination": {**TO, "country": "US"}})
    assert reply.status_code == 200
    await house.settle()
    assert await holds(house, no_phone) == []


async def test_an_expired_table_holds_by_its_name(house: House) -> None:
    ddp = {"duty_term": "DDP", "to": {"ioss": "IM1234567890"}}
    good = await order(house, "G", {"A": 20}, 20_000, **ddp)
    assert await holds(house, good) == []
    assert (await view(house, good))["estimate"][
        "duty_cents"
    ] == 1_800  # 9 % of 200.00: above the de minimis of 150 EUR
    rows = next(t["rows"] for t in demo.tables() if t["kind"] == "duty")
    later, over = VALID_FROM.replace("-01-01", "-02-01"), VALID_FROM.replace("-01-01", "-02-28")
    await house.admin.post(
        "/api/v1/customs/tables/duty?dry_run=false",
        {"rows": rows, "valid_from": later, "valid_until": over},
    )
    again = await order(house, "H", {"A": 20}, 20_000, **ddp)
    assert await holds(house, again) == []  # the newest is over, the one before it still counts
    await house.admin.post(
        "/api/v1/customs/tables/duty?dry_run=false",
        {"rows": rows, "valid_from": VALID_FROM, "valid_until": over},
    )
    held = await order(house, "I", {"A": 20}, 20_000, **ddp)
    assert await holds(house, held) == [("customs", "customs.table_expired")]
    assert "duty" in (await view(house, held))["faults"][0]["said"]


async def ship_ready(house: House, ref: str) -> tuple[str, str]:
    order_id = await order(house, ref, {"A": 2, "B": 1}, 3_000)
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"))
    return order_id, await pack_order(house, await house.sign_in("packer"), tote)


async def test_a_parcel_is_matched_declared_held_answered_and_released(house: House) -> None:
    order_id, sscc = await ship_ready(house, "O1")
    seen = await view(house, order_id)
    assert (seen["stage"], seen["ok"], seen["parcels"][0]["state"]) == ("parcel", True, "matched")
    assert seen["parcels"][0]["contents"] == {"A": 2, "B": 1}
    batch = (await house.admin.post("/api/v1/customs/batches", {"mode": "9610"}))["id"]
    csv = (await house.admin.call("GET", f"/api/v1/customs/batches/{batch}/file?form=csv")).text
    xml = (await house.admin.call("GET", f"/api/v1/customs/batches/{batch}/file?form=xml")).text
    assert f",{sscc},O1,{sscc}," in csv and "陶瓷杯" in csv and csv.count("\r\n") == 3
    assert f'<entry number="{sscc}" order="O1"' in xml
    assert csv == (await house.admin.call("GET", f"/api/v1/customs/batches/{batch}/file?form=csv")).text
    await refused(
        house,
        "customs.bad_answer",
        house.admin.post(f"/api/v1/customs/batches/{batch}/answers", [{"entry": "?", "outcome": "release"}]),
    )
    await refused(
        house,
        "customs.wrong_state",
        house.admin.post(f"/api/v1/customs/batches/{batch}/answers", [{"entry": sscc, "outcome": "release"}]),
    )
    await house.admin.post(f"/api/v1/customs/batches/{batch}/declare")
    told = await house.admin.post(
        f"/api/v1/customs/batches/{batch}/answers", [{"entry": sscc, "outcome": "hold", "text": "invoice copy"}]
    )
    assert told["state"] == "held"
    await house.settle()
    assert await holds(house, order_id) == [("customs", "customs.declaration_held")]
    assert await house.incidents() == ["customs.hold"]
    assert {d["kind"] for d in (await view(house, order_id))["documents"]} == {"invoice"}
    bundle = (await house.admin.post(f"/api/v1/customs/orders/{order_id}/answer"))["documents"]
    assert len(bundle) == 3
    await house.settle()
    assert await holds(house, order_id) == []
    assert (await house.admin.get("/api/v1/incidents")) == []
    assert (
        await house.admin.post(f"/api/v1/customs/batches/{batch}/answers", [{"entry": sscc, "outcome": "release"}])
    )["state"] == "released"
    month = (await house.admin.get("/api/v1/customs/batches"))["batches"][0]["month"]
    summary = (await house.admin.post("/api/v1/customs/summaries", {"month": month}))["ids"]
    lines = (await house.admin.call("GET", f"/api/v1/customs/batches/{summary[0]}/file")).text.splitlines()
    assert [x.split(",")[6:] for x in lines[1:]] == [
        ["691200", "CN", "DE", "USD", "2", "20.00", "0.360", "1"], ["950300", "CN", "DE", "USD", "1", "10.00", "0.180", "1"],
    ]  # fmt: skip
    await refused(house, "customs.nothing_to_declare", house.admin.post("/api/v1/customs/summaries", {"month": month}))
    values = {c["id"]: c for c in await house.admin.get("/api/v1/controls")}
    assert "customs-hold" in values


async def test_what_changed_after_the_declaration_holds_until_it_is_corrected(house: House) -> None:
    order_id, sscc = await ship_ready(house, "O1")
    batch = (await house.admin.post("/api/v1/customs/batches", {"mode": "9610"}))["id"]
    await house.admin.post(f"/api/v1/customs/batches/{batch}/declare")
    await house.admin.post("/api/v1/customs/filings?dry_run=false", {"rows": [{**FILED[0], "hs_code": "850440"}]})
    await house.admin.post(f"/api/v1/customs/orders/{order_id}/judge")
    held = (await house.admin.get(f"/api/v1/orders/{order_id}"))["holds"][0]
    assert (held["code"], held["fields"]) == (
        "customs.fields_differ",
        ["hs A: filing 850440, invoice 850440, list 691200"],
    )
    await house.admin.post(f"/api/v1/customs/orders/{order_id}/correct", {"reason": "HS code was wrong"})
    assert await holds(house, order_id) == []
    again = (await house.admin.post("/api/v1/customs/batches", {"mode": "9610"}))["id"]
    assert again != batch
    assert sscc in (await house.admin.call("GET", f"/api/v1/customs/batches/{again}/file")).text


async def test_a_waybill_that_states_another_weight_holds_the_parcel_before_it_is_loaded(house: House) -> None:
    order_id, _ = await ship_ready(house, "O1")
    gross = (await view(house, order_id))["parcels"][0]["gross_g"]
    for stated, good in ((gross + 15, True), (gross + 100, False)):
        await house.admin.post("/api/v1/customs/papers", {"rows": [
            {"channel": "shop", "ref": "O1", "paper": "waybill", "number": "W1", "tracking": "W1", "gross_g": stated, "consignee": "ADA LOVELACE"},
        ]})  # fmt: skip
        await house.admin.post(f"/api/v1/customs/orders/{order_id}/judge")
        assert (await holds(house, order_id) == []) is good


async def test_a_label_that_counts_no_more_takes_its_parcel_back(house: House) -> None:
    order_id, _ = await ship_ready(house, "O1")
    parcel = (await view(house, order_id))["parcels"][0]
    async with house.db.begin() as uow:
        await service.drop_parcel(uow, UUID(parcel["parcel_id"]), UUID(order_id))
    assert (await view(house, order_id))["parcels"] == []


async def test_documents_are_pdfs_with_their_words(house: House) -> None:
    order_id, sscc = await ship_ready(house, "O1")
    for kind, words in (("invoice", ["Commercial invoice", "陶瓷杯", "30.00", "691200"]), ("packing_list", ["Packing list", sscc, "玩具车"]),
                        ("cn22", ["CN 22", "Stoneware mug"]), ("cn23", ["CN 23", "Ada Lovelace"])):  # fmt: skip
        for size in ("a4", "label"):
            reply = await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/documents/{kind}?size={size}")
            assert reply.status_code == 200, reply.text
            pdf = pypdfium2.PdfDocument(reply.content)
            said = pdf[0].get_textpage().get_text_range()
            assert [w for w in words if w not in said] == []
            dark = pdf[0].render(scale=1).to_pil().convert("L").histogram()
            assert sum(dark[:128]) > 500, "the page is not blank"
    again = await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/documents/invoice")
    assert (
        again.content == (await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/documents/invoice")).content
    )
    assert len((await view(house, order_id))["documents"]) == 4, "the same document is kept once"
    bundle = await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/bundle")
    assert zipfile.ZipFile(io.BytesIO(bundle.content)).namelist() == [
        "INV-O1.pdf",
        "PL-O1.pdf",
        "CN23-O1.pdf",
        "declared.json",
    ]
    assert (await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/bundle")).content == bundle.content


BAD: tuple[tuple[str, Json, str], ...] = (
    ("tables/nothing", {"rows": [{}], "valid_from": "2026-01-01"}, "customs.unknown_table"),
    ("tables/vat", {"rows": [], "valid_from": "2026-01-01"}, "customs.rows_refused"),
    ("tables/vat", {"rows": [{"country": "de", "basis_points": 1}], "valid_from": "2026-01-01"}, "customs.rows_refused"),
    ("tables/vat", {"rows": [{"country": "DE", "basis_points": 1}], "valid_from": "2026-01-02", "valid_until": "2026-01-01"}, "customs.bad_period"),
    ("tables/retention", {"rows": [{"markets": ["DE"], "document": "*", "years": 4}], "valid_from": "2026-01-01"}, "customs.rows_refused"),
    ("filings", {"rows": [{**FILED[0], "hs_code": "771234"}]}, "customs.unknown_hs"),
    ("filings", {"rows": [{**FILED[0], "sku": "NO"}]}, "customs.rows_refused"),
    ("filings", {"csv": "sku,hs_code\nA,69"}, "customs.rows_refused"),
    ("papers", {"rows": [{"channel": "shop", "ref": "1", "paper": "order", "number": "1"}]}, "customs.rows_refused"),
    ("items", {"rows": [{"declaration": "1", "item": 0, "sku": "A"}]}, "customs.rows_refused"),
    ("sales", {"rows": [{"ref": "1", "sku": "A", "qty_each": 1, "sold_on": "2999-01-01"}]}, "customs.rows_refused"),
    ("batches", {"mode": "9610"}, "customs.nothing_to_declare"),
    ("labels/preview", {"sku": "C", "market": "DE"}, "customs.filing_missing"),
    ("labels/preview", {"sku": "A", "market": "DE", "languages": ["de"]}, "customs.label_incomplete"),
    ("labels/preview", {"sku": "A", "market": "US", "languages": ["en"], "marks": ["CE"]}, "customs.mark_unproven"),
)  # fmt: skip


async def test_bad_input_says_what_to_mend_and_changes_nothing(house: House) -> None:
    for path, body, code in BAD:
        loads = path.split("/")[0] in ("tables", "filings", "papers", "items", "sales")
        await refused(house, code, house.admin.post(f"/api/v1/customs/{path}{'?dry_run=false' if loads else ''}", body))


async def test_every_faulty_row_and_field_of_a_csv_is_named(house: House) -> None:
    csv = "sku,hs_code,origin,net_g,name_en,name_zh,materials,use\nA,6912.00,CN,180,Mug,杯,clay,drinking\nA,99,China,0,,杯,clay,drinking\n"
    caught = await refused(house, "customs.rows_refused", house.admin.post("/api/v1/customs/filings", {"csv": csv}))
    said = "\n".join(caught.params["faults"])
    for field in ("row 3, hs_code", "row 3, origin", "row 3, net_g", "row 3, name_en", "row 3, sku"):
        assert field in said


async def test_overseas_sales_take_declaration_items_first_in_first_out(house: House) -> None:
    items = [{"declaration": f"5349202{n}", "item": n, "sku": "A", "country": "DE", "qty_each": 5, "value_cents": 700, "currency": "USD", "exported_on": f"2026-0{n}-01"} for n in (2, 1)]  # fmt: skip
    for _ in range(2):
        await house.admin.post("/api/v1/customs/items?dry_run=false", {"rows": items})
    sold = {"rows": [{"ref": "S1", "sku": "A", "qty_each": 7, "sold_on": "2026-10-01"}]}
    assert (await house.admin.post("/api/v1/customs/sales", sold))["undeclared_each"] == 0
    assert (await house.admin.post("/api/v1/customs/sales", sold))["told_before"] == 1
    assert [(r["declaration"], r["sold_each"]) for r in await house.admin.get("/api/v1/customs/sold")] == [
        ("53492021", 5),
        ("53492022", 2),
    ]
    more = {"rows": [{"ref": "S2", "sku": "A", "qty_each": 4, "sold_on": "2026-10-02"}]}
    assert (await house.admin.post("/api/v1/customs/sales", more))["undeclared_each"] == 1
    assert (await house.admin.post("/api/v1/customs/settlements", {"declaration": "53492021", "item": 1}))[
        "settled_each"
    ] == 5
    report = await house.admin.get("/api/v1/customs/sold")
    assert [(r["sold_each"], r["settled_each"], r["left_each"]) for r in report] == [(5, 5, 0), (5, 0, 0), (1, 0, 0)]
    assert (await house.admin.call("GET", "/api/v1/customs/sold.csv")).text.count("\r\n") == 4


async def test_marks_are_printed_only_with_their_documents(house: House) -> None:
    parties = ["EU importer: Wharfinger Demo GmbH, Hamburg"]
    data = await house.admin.post("/api/v1/customs/labels/preview", {"sku": "B", "market": "FR", "parties": parties})
    assert data["marks"] == ["CE"]
    assert data["proofs"]["CE"].startswith("toy_safety EN71-1")
    assert data["warnings"] == ["Not for children under 3 years: small parts."]
    printed = await house.admin.post(
        "/api/v1/customs/labels", {"sku": "B", "market": "FR", "parties": parties, "printer": "printer-1", "copies": 2}
    )
    assert len(printed["jobs"]) == 2
    await house.admin.post("/api/v1/customs/filings?dry_run=false", {"rows": [{**FILED[1], "certificates": []}]})
    await refused(
        house,
        "customs.mark_unproven",
        house.admin.post(
            "/api/v1/customs/labels", {"sku": "B", "market": "FR", "parties": parties, "printer": "printer-1"}
        ),
    )


async def test_papers_are_kept_until_their_rule_ends(house: House) -> None:
    order_id, _ = await ship_ready(house, "O1")
    await house.admin.call("GET", f"/api/v1/customs/orders/{order_id}/documents/invoice")
    paper = (await view(house, order_id))["documents"][0]
    assert int(paper["keep_until"][:4]) - int(paper["made_on"][:4]) == 10, "Germany: IOSS records"
    await house.admin.post(f"/api/v1/customs/orders/{order_id}/legal-hold", {"reason": "audit"})
    async with house.db.begin() as uow:
        await uow.session.execute(text("UPDATE customs_paper SET keep_until = '2020-12-31'"))
        assert (await service.purge(uow))["papers"] == 0
    await house.admin.post(f"/api/v1/customs/orders/{order_id}/legal-hold", {"reason": ""})
    async with house.db.begin() as uow:
        assert await service.purge(uow) == {"papers": 1, "orders": 1}
    seen = await view(house, order_id)
    assert seen["documents"] == []
    assert "consignee" not in seen["papers"]["order"]


async def test_stock_keeps_the_declaration_it_came_under_and_what_left_of_it_is_sold(house: House) -> None:
    await house.admin.post(
        "/api/v1/stock/opening?dry_run=false",
        [{"location": "A-01", "sku": "A", "qty_each": 5, "declaration": "534920261/1"}],
    )
    await house.admin.post("/api/v1/customs/items?dry_run=false", {"rows": [
        {"declaration": "534920261", "item": 1, "sku": "A", "country": "CN", "qty_each": 1, "value_cents": 700, "currency": "USD", "exported_on": "2026-01-12"},
    ]})  # fmt: skip
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM lot WHERE declaration = '534920261/1'")) == 1
    _, sscc = await ship_ready(house, "O1")
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=f"00{sscc}")
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    report = await house.admin.get("/api/v1/customs/sold")
    assert [(r["declaration"], r["sold_each"]) for r in report] == [("534920261", 1), ("", 1)], (
        "two left, one was declared"
    )
    control = next(c for c in await controls(house) if c["id"] == "customs-match")
    assert control["value"] == 100
    batch = (await house.admin.post("/api/v1/customs/batches", {"mode": "9610"}))["id"]  # declared after it left
    await house.admin.post(f"/api/v1/customs/batches/{batch}/declare")
    await house.admin.post(
        f"/api/v1/customs/batches/{batch}/answers", [{"entry": sscc, "outcome": "query", "text": "invoice copy"}]
    )
    held = await house.admin.get("/api/v1/customs/orders")
    assert [(o["ref"], o["faults"][0]["said"]) for o in held] == [("O1", "invoice copy")]
    await house.admin.post(f"/api/v1/customs/orders/{held[0]['order_id']}/answer")
    assert await house.admin.get("/api/v1/customs/orders") == []


async def controls(house: House) -> list[Json]:
    async with house.db.begin() as uow:
        found = await measures.read(uow)
    return [{"id": k, "value": r.value, "why_not": r.why_not} for k, r in found.items() if k.startswith("customs")]


async def test_a_cancelled_order_declares_nothing(house: House) -> None:
    order_id = await order(house, "O1", {"A": 1}, None)
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "test"})
    await house.settle()
    assert await house.admin.get("/api/v1/customs/orders") == []
    assert await house.admin.get("/api/v1/incidents") == []


async def test_a_hold_on_the_way_is_answered_with_the_papers_and_tracking_says_so(house: House) -> None:
    order_id, sscc = await ship_ready(house, "O1")
    batch = (await house.admin.post("/api/v1/customs/batches", {"mode": "9610"}))["id"]
    await house.admin.post(f"/api/v1/customs/batches/{batch}/declare")
    await house.admin.post(f"/api/v1/customs/batches/{batch}/answers", [{"entry": sscc, "outcome": "release"}])
    await house.settle()
    loader = await house.sign_in("lead")
    await loader.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=sscc)
    await loader.post("/api/v1/dock/manifests/POST/close", {"seal": "TRUCK-7", "signed_by": "Eve"})
    await house.settle()
    [parcel] = await house.admin.get(f"/api/v1/tracking/parcels?q={sscc}")
    assert (parcel["milestone"], parcel["seal"]) == ("departed", "TRUCK-7") and not parcel["account"]
    now = house.db.clock.now()
    file = {"carrier": "POST", "csv": f"tracking,at,code,text\n{sscc},{now.isoformat()},customs_hold,proof of value\n"}
    assert (await loader.post("/api/v1/tracking/file?dry_run=false", file))["taken"] == 1
    await house.settle()
    assert await house.incidents() == ["customs.hold"]
    assert {d["kind"] for d in (await view(house, order_id))["documents"]} == {"invoice"}  # issued at once
    assert len((await house.admin.post(f"/api/v1/customs/orders/{order_id}/answer"))["documents"]) == 3
    await house.settle()
    seen = await house.admin.get(f"/api/v1/tracking/parcels/{parcel['parcel_id']}")
    assert seen["papers_at"] and seen["held_at"] and await house.admin.get("/api/v1/incidents") == []
    later = file | {"csv": f"tracking,at,code\n{sscc},{(now + timedelta(minutes=1)).isoformat()},customs_released\n"}
    assert (await loader.post("/api/v1/tracking/file?dry_run=false", later))["taken"] == 1
    await house.settle()
    assert (await house.admin.get(f"/api/v1/tracking/parcels/{parcel['parcel_id']}"))["held_at"] is None
    claim = await loader.post(
        f"/api/v1/tracking/parcels/{parcel['parcel_id']}/claim", {"kind": "damaged", "reason": "photo 7"}
    )
    content = (await loader.call("GET", f"/api/v1/tracking/claims/{claim['id']}/bundle")).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # the house's own label, as it was printed
        assert archive.read("label.png").startswith(b"\x89PNG") and "weight.csv" in archive.namelist()
    await house.settle()
    assert await house.audit_clean()

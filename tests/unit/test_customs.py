"""Customs' pure part: tables, filings, modes, the match of papers, duties, first in first out, states, files, retention."""

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.scenarios import customs as demo
from simulators.scenarios import dates
from wms.foundation.labels.rules.pages import pdf
from wms.processes.customs.rules import duties, exchange, forms, judge, market, papers, retention, sheets, states
from wms.processes.customs.rules.consumption import Item, consume, returned
from wms.processes.customs.rules.filings import Certificate, Filing, check_filings, known_hs
from wms.processes.customs.rules.modes import Trade, choose
from wms.processes.customs.rules.refusals import TableExpired, WrongState

TODAY = dates.TODAY
GOLDEN = Path(__file__).parents[1] / "golden" / "customs.csv"


def demo_sheets(on: date = TODAY, without: str = "") -> sheets.Sheets:
    found = []
    for t in demo.tables():
        rows, faults = sheets.check_rows(t["kind"], t["rows"])
        assert faults == []
        until = date.fromisoformat(t["valid_until"]) if t["valid_until"] else None
        found.append(sheets.Sheet(t["kind"], date.fromisoformat(t["valid_from"]), until, tuple(rows)))
    valid = sheets.valid_on(found, on)
    return sheets.Sheets(on, {k: s for k, s in valid.by_kind.items() if k != without}, valid.ever)


MUG = Filing("MUG", "691200", "CN", 350, "Stoneware mug", "陶瓷杯", category="tableware")
CAR = Filing(
    "CAR",
    "950300",
    "CN",
    120,
    "Toy car",
    "玩具车",
    category="toy",
    certificates=(Certificate("toy_safety", "EN71", "Lab", dates.LONG_UNTIL),),
)
FILED = {"MUG": MUG, "CAR": CAR}
TO = {"name": "Ada Lovelace", "street": "1 Dock Road", "city": "Wharf", "country": "DE"}
ORDER = judge.Order("O1", "shop", "USD", "", "", TO, (judge.Line("MUG", 2, 1_290), judge.Line("CAR", 1, 500)))
PAYMENT = {"number": "P1", "currency": "USD", "total": 3_080, "payer": "A. L."}
FLOOR: dict[str, dict[str, Any]] = {
    "payment": PAYMENT, "parcel": {"gross_g": 1_000, "qty@MUG": 2, "qty@CAR": 1},
    "waybill": {"number": "W", "tracking": "W", "gross_g": 1_005, "consignee": "ADA  LOVELACE", "country": "DE", "city": "Wharf"},
}  # fmt: skip


def judged(order: judge.Order = ORDER, **more: Any) -> judge.Judgement:
    return judge.judge(
        order,
        more.get("filed", FILED),
        more.get("tables") or demo_sheets(),
        more.get("given", FLOOR),
        stage=more.get("stage", "parcel"),
    )


def test_papers_that_agree_have_no_fault() -> None:
    found = judged()
    assert (found.mode, found.faults, found.unverified) == ("9610", (), ("receipt",))


_FIELDS = [(paper, key) for paper, stated in judged().papers.items() for key in stated
           if key not in ("number", "payer") and sum(bool(p.get(key)) for p in judged().papers.values()) > 1]  # fmt: skip


@pytest.mark.parametrize(("paper", "key"), _FIELDS)
def test_any_field_that_one_paper_changes_is_found(paper: str, key: str) -> None:
    """Whichever paper is the wrong one."""
    stated = {name: dict(p) for name, p in judged().papers.items()}
    value = stated[paper][key]
    stated[paper][key] = value * 2 + 50 if isinstance(value, int) else f"{value}X"
    found = papers.match(stated, papers.tolerances(demo_sheets().rows("tolerance")))
    assert key.partition("@")[0] in {d.field for d in found}
    assert any(paper in d.stated for d in found)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_match_asks_no_paper_first(data: st.DataObject) -> None:
    names = ["order", "invoice", "waybill", "payment"]
    keys = ["qty@A", "qty@B", "value@A", "total", "consignee", "gross_g"]
    value = st.one_of(st.integers(0, 2_000), st.sampled_from(["Ada", "ada ", "Bob"]))
    stated = {n: data.draw(st.dictionaries(st.sampled_from(keys), value)) for n in names}
    allowed = {"gross_g": (300, 20), "total": (0, 1)}
    one = papers.match(stated, allowed)
    order = data.draw(st.permutations(names))
    two = papers.match({n: stated[n] for n in order}, allowed)
    assert [(d.field, d.sku, sorted(d.stated.items(), key=str)) for d in one] == [
        (d.field, d.sku, sorted(d.stated.items(), key=str)) for d in two
    ]


def test_goods_left_out_of_a_parcel_are_found_and_weights_beyond_the_parcels() -> None:
    short = {**FLOOR, "parcel": {"gross_g": 1_000, "qty@MUG": 2}}
    assert [f.field for f in judged(given=short).faults] == ["qty CAR"]
    light = {**FLOOR, "parcel": {**FLOOR["parcel"], "gross_g": 700}, "waybill": {**FLOOR["waybill"], "gross_g": 700}}
    assert [f.said for f in judged(given=light).faults] == ["gross_g: parcel 700, filing 820"]


def test_words_agree_by_their_letters_and_codes_by_their_digits() -> None:
    same = {"a": {"consignee": "Ｍüller, Jörg", "hs@X": "6912.00"}, "b": {"consignee": "müller jörg", "hs@X": "691200"}}
    assert papers.match(same, {}) == []
    assert len(papers.match({"a": {"consignee": "Müller"}, "b": {"consignee": "Muller"}}, {})) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"given": {k: v for k, v in FLOOR.items() if k != "payment"}}, "customs.document_missing"),
        ({"given": {**FLOOR, "payment": {"number": "P", "currency": "USD"}}}, "customs.document_incomplete"),
        ({"given": {**FLOOR, "payment": {**PAYMENT, "total": 3_070}}}, "customs.fields_differ"),
        ({"filed": {"MUG": MUG}}, "customs.filing_missing"),
        ({"filed": {**FILED, "CAR": replace(CAR, certificates=())}}, "customs.certificate_missing"),
        ({"filed": {**FILED, "CAR": replace(CAR, certificates=(Certificate("toy_safety", "E", "L", dates.ago(1)),))}}, "customs.certificate_expired"),
        ({"order": replace(ORDER, destination={**TO, "street": " "})}, "customs.party_missing"),
        ({"order": replace(ORDER, duty_term="DDP")}, "customs.party_missing"),
        ({"tables": demo_sheets(without="document")}, "customs.table_expired"),
        ({"tables": demo_sheets(without="permit")}, "customs.table_expired"),
        ({"order": replace(ORDER, duty_term="DDP", destination={**TO, "ioss": "IM0123456789"}), "tables": demo_sheets(without="vat")}, "customs.table_expired"),
        ({"order": replace(ORDER, destination={**TO, "country": "CN"}), "filed": {}}, ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], code: str) -> None:
    found = judged(change.pop("order", ORDER), **change)
    assert (found.gravest.code if found.gravest else "") == code
    assert all(f.said for f in found.faults)


def test_documents_are_asked_for_at_their_stage() -> None:
    assert judged(given={"payment": PAYMENT}, stage="order").faults == ()
    assert [f.field for f in judged(given={"payment": PAYMENT}, stage="parcel").faults] == ["waybill"]
    overseas = replace(ORDER, fixed_mode="9810")
    assert judged(overseas, stage="parcel").faults == ()
    assert [f.field for f in judged(overseas, stage="batch").faults] == ["booking_note"]


def test_a_fixed_value_of_the_filing_must_be_the_orders() -> None:
    filed = {**FILED, "MUG": replace(MUG, value_rule="fixed", value_cents=1_000, currency="USD")}
    assert [f.field for f in judged(filed=filed).faults] == ["value MUG"]


def test_a_payment_of_the_whole_order_covers_the_part_that_ships() -> None:
    part = replace(ORDER, lines=(judge.Line("MUG", 1, 1_290), judge.Line("CAR", 1, 500)), sold_cents=3_080)
    floor = {
        **FLOOR,
        "parcel": {"gross_g": 600, "qty@MUG": 1, "qty@CAR": 1},
        "waybill": {**FLOOR["waybill"], "gross_g": 600},
    }
    assert judged(part, given=floor).faults == ()
    assert [f.field for f in judged(part, given={**floor, "payment": {**PAYMENT, "total": 3_000}}).faults] == ["total"]


def test_golden_modes_and_estimates() -> None:
    """Mode, duty and VAT of small orders, pinned: what a changed rule changes shows here."""
    tables = demo_sheets()
    made = []
    for country, cents, qty, commercial, warehouse in (
        ("CN", 1_000, 1, False, False), ("DE", 1_000, 1, False, False), ("DE", 1_000, 20, False, False), ("DE", 17_250, 1, False, False),
        ("DE", 17_251, 1, False, False), ("US", 500, 1, False, False), ("GB", 9_000, 2, True, False), ("JP", 6_600, 1, False, False),
        ("JP", 6_601, 1, False, True), ("FR", 999, 33, False, False),
    ):  # fmt: skip
        mode, _ = choose(tables.rows("mode"), Trade("CN", country, "shop", commercial, warehouse, cents * qty))
        row = [
            country,
            str(cents),
            str(qty),
            "business" if commercial else "warehouse" if warehouse else "private",
            mode,
        ]
        if mode != "domestic":
            owed = duties.estimate(tables, [duties.Goods("MUG", "691200", "CN", qty, cents)], country, "USD")
            row += [str(owed.duty_cents), str(owed.vat_cents)]
        else:
            row += ["", ""]
        made.append(",".join(row))
    assert made == GOLDEN.read_text("utf-8").splitlines()[1:]


def test_rates_take_the_longest_prefix_the_named_origin_and_what_adds() -> None:
    def row(hs: str, origins: list[str], points: int, adds: bool = False) -> dict[str, Any]:
        return {"hs": hs, "origins": origins, "countries": ["DE"], "basis_points": points, "adds": adds}

    rows = [row("*", ["*"], 100), row("6912", ["*"], 900), row("6912", ["VN"], 300), row("69", ["CN"], 50, True)]
    assert duties.duty_points(rows, "691200", "CN", "DE") == 950
    assert duties.duty_points(rows, "691200", "VN", "DE") == 300
    assert duties.duty_points(rows, "850440", "CN", "DE") == 100
    assert duties.duty_points(rows, "850440", "CN", "FR") is None
    with pytest.raises(TableExpired):
        duties.estimate(demo_sheets(), [duties.Goods("X", "691200", "CN", 1, 1)], "BR", "USD")


def test_of_one_first_day_the_last_loaded_table_counts() -> None:
    def vat(first: str, until: str | None, points: int) -> sheets.Sheet:
        return sheets.Sheet(
            "vat", date.fromisoformat(first), date.fromisoformat(until) if until else None, ({"basis_points": points},)
        )

    loaded = [
        vat("2026-01-01", None, 1),
        vat("2026-11-01", None, 2),
        vat("2026-11-01", "2026-11-10", 3),
        vat("2027-01-01", None, 4),
    ]
    assert [
        sheets.valid_on(loaded, date(2026, m, d)).rows("vat")[0]["basis_points"]
        for m, d in ((2, 1), (11, 10), (11, 11))
    ] == [1, 3, 1]
    with pytest.raises(TableExpired):
        sheets.valid_on(loaded, date(2025, 1, 1)).rows("vat")


@pytest.mark.parametrize(
    ("code", "loaded", "good"),
    [
        ("691200", ["69"], True), ("6912001000", ["69", "691200"], True), ("69120010001", ["69"], False), ("6912", ["69"], False),
        ("691300", ["69", "691200"], False), ("701300", ["69"], False), ("691290", ["69", "6912"], True), ("691290", ["69", "6912", "691200"], False),
        ("69120x", ["69"], False),
    ],
)  # fmt: skip
def test_an_hs_code_is_known_as_deep_as_the_table_goes(code: str, loaded: list[str], good: bool) -> None:
    assert (known_hs(code, loaded) == "") is good


def test_a_faulty_filing_names_row_and_field_and_a_csv_certificate_is_read() -> None:
    row = {
        "sku": "MUG",
        "hs_code": "6912.00",
        "origin": "CN",
        "net_g": "350",
        "name_en": "Mug",
        "name_zh": "杯",
        "materials": "clay",
        "use": "drinking",
    }
    kept, faults, _ = check_filings([{**row, "certificates": "toy_safety:EN71:Lab:2027-01-31:DE+FR"}], ["MUG"], ["69"])
    assert faults == []
    assert kept[0]["hs_code"] == "691200"
    assert kept[0]["certificates"][0]["countries"] == ["DE", "FR"]
    _, faults, _ = check_filings(
        [row, {**row, "net_g": "0", "colour": "blue"}, {**row, "sku": "CAR", "certificates": "x:y"}], ["MUG"], ["69"], 2
    )
    assert sorted(f.partition(":")[0] for f in faults) == [
        "row 3, colour",
        "row 3, net_g",
        "row 3, sku",
        "row 4, certificates",
        "row 4, sku",
    ]


_items = st.lists(st.tuples(st.integers(1, 28), st.integers(0, 40)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(_items, st.integers(0, 300), st.integers(0, 300))
def test_consumption_conserves_pieces_and_takes_the_oldest_first(
    days: list[tuple[int, int]], qty: int, back: int
) -> None:
    items = [Item(UUID(int=n), f"D{n % 3}", n, date(2026, 1, day), left) for n, (day, left) in enumerate(days)]
    taken, short = consume(items, qty)
    assert sum(n for _, n in taken) + short == qty
    left = {i.id: i.left_each for i in items}
    assert all(0 < n <= left[i] for i, n in taken)
    assert len({i for i, _ in taken}) == len(taken)
    on = {i.id: i.exported_on for i in items}
    used = [on[i] for i, _ in taken]
    assert used == sorted(used)
    untouched = [i.exported_on for i in items if i.left_each and i.id not in dict(taken)]
    assert not (used and untouched) or max(used) <= min(untouched)
    assert not short or not untouched
    given_back, never = returned(taken, back)
    assert sum(n for _, n in given_back) + never == back
    assert all(n <= dict(taken)[i] for i, n in given_back)


def test_a_declaration_takes_only_legal_steps() -> None:
    assert [states.step(s, e) for s, e in (("draft", "match"), ("matched", "declare"), ("declared", "hold"), ("held", "answer"), ("declared", "release"))] == [
        "matched", "declared", "held", "declared", "released",
    ]  # fmt: skip
    for state, event in (("draft", "declare"), ("released", "hold"), ("released", "correct"), ("matched", "release")):
        with pytest.raises(WrongState):
            states.step(state, event)
    assert {s for row in states.NEXT.values() for s in row.values()} <= set(states.NEXT)
    assert [states.batch_state(s) for s in (["released", "held"], ["released"], ["declared", "released"], [])] == [
        "held",
        "released",
        "declared",
        "draft",
    ]


def _entries() -> list[dict[str, Any]]:
    found = judged()
    parcel = {"sscc": "0061", "tracking": "LX1", "gross_g": 1_000, "contents": {"MUG": 2, "CAR": 1}}
    odd = {**found.papers, "order": {**found.papers["order"], "consignee": '=cmd|"<&>'}}
    return [exchange.entry(parcel, found.papers, {}), exchange.entry({**parcel, "sscc": "0060"}, odd, {})]


def test_declaration_files_are_exact_and_harmless() -> None:
    batch = {"number": "9610-L1", "kind": "list", "mode": "9610", "port": "5349", "month": "2026-11"}
    site = demo_sheets().site
    text = exchange.as_csv(batch, site, _entries())
    assert text == exchange.as_csv(batch, site, _entries()[::-1])
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert [(r["entry"], r["sku"], r["qty"], r["amount"], r["net_kg"]) for r in rows] == [
        (e, sku, qty, amount, net) for e in ("0060", "0061") for sku, qty, amount, net in (("CAR", "1", "5.00", "0.120"), ("MUG", "2", "25.80", "0.700"))
    ]  # fmt: skip
    assert rows[0]["consignee"] == "'=cmd|\"<&>"
    root = ElementTree.fromstring(exchange.as_xml(batch, site, _entries()))
    space = {"c": "urn:wharfinger:customs:1"}
    assert [e.get("consignee") for e in root.findall("c:entry", space)] == ['=cmd|"<&>', "Ada Lovelace"]
    assert len(root.findall("c:entry/c:goods", space)) == 4
    summary = exchange.summarise(_entries())
    assert [(r["hs_code"], r["qty"], r["value_cents"], r["parcels"]) for r in summary] == [
        ("691200", 4, 5_160, 2),
        ("950300", 2, 1_000, 2),
    ]
    assert b"2026-11" in exchange.as_csv({**batch, "kind": "summary"}, site, summary)


def test_what_is_declared_is_what_the_papers_state() -> None:
    found = judged()
    declared = exchange.list_paper(_entries()[0])
    together = {**found.papers, "list": {**declared, "tracking": "W"}}
    assert papers.match(together, papers.tolerances(demo_sheets().rows("tolerance"))) == []


def test_papers_stay_at_least_five_years_and_names_are_masked() -> None:
    rows = demo_sheets().rows("retention")
    assert retention.keep_until(rows, "US", "invoice", TODAY) == date(TODAY.year + 5, 12, 31)
    assert retention.keep_until(rows, "DE", "invoice", TODAY) == date(TODAY.year + 10, 12, 31)
    assert retention.keep_until((), "DE", "invoice", TODAY) == date(TODAY.year + 5, 12, 31)
    _, faults = sheets.check_rows("retention", [{"markets": ["DE"], "document": "*", "years": 4}])
    assert len(faults) == 1
    data = {"consignee": "Ada Lovelace", "total": 5, "to": {"phone": "+49 123", "country": "DE"}}
    assert retention.mask(data) == {
        "consignee": "A•a L••••••e",
        "total": 5,
        "to": {"phone": "+•9 1•3", "country": "DE"},
    }
    assert retention.forget(data) == {"total": 5, "to": {"country": "DE"}}


def test_a_mark_needs_its_document_in_this_market_today() -> None:
    rows = demo_sheets().rows("label")
    data = {"parties": ["EU importer: X"], "languages": ["de"]}
    good = market.content(rows, "DE", CAR, data, TODAY)
    assert (good.marks, good.unproven, good.lacking) == (("CE",), (), ())
    assert market.content(rows, "DE", CAR, data, date(TODAY.year + 4, 1, 1)).unproven == ("CE (toy_safety)",)
    elsewhere = replace(CAR, certificates=(Certificate("toy_safety", "EN71", "Lab", dates.LONG_UNTIL, ("FR",)),))
    assert market.content(rows, "DE", elsewhere, data, TODAY).unproven == ("CE (toy_safety)",)
    assert market.strangers(["CE", "FCC"], good) == ["FCC"]
    assert market.content(rows, "US", MUG, {}, TODAY).lacking == (
        "origin",
        "net_g or size_mm, shown in both systems",
        "language en",
    )


@pytest.mark.parametrize("kind", ["invoice", "packing_list", "cn22", "cn23"])
def test_forms_hold_every_line_in_chinese_too_and_are_the_same_bytes(kind: str) -> None:
    lines = [{"sku": f"S{n}", "qty": n + 1, "name_en": f"Mug {n}", "name_zh": "陶瓷杯", "hs_code": "691200", "origin": "CN", "value_cents": 100, "net_g": 10} for n in range(7)]  # fmt: skip
    data = {
        "number": "INV-1", "date": "2026-11-29", "sender": demo_sheets().site, "recipient": {**TO, "postcode": "1", "name": "王小明"}, "currency": "USD",
        "lines": lines, "gross_g": 900, "carrier": "POST", "gift": False, "item_id": "LX123456785CN", "signed_by": "W", "statement": "True. 真实。",
        "terms": [["Order", "1"]], "parcels": [{"sscc": str(n), "gross_g": 300, "lines": lines[:n]} for n in (1, 7)],
    }  # fmt: skip
    make = {"invoice": lambda: forms.invoice(data), "packing_list": lambda: forms.packing_list(data)}.get(
        kind, lambda: forms.postal(kind, data, "a4")
    )
    made = pdf(make(), "INV-1")
    assert made == pdf(make(), "INV-1")
    read = pypdfium2.PdfDocument(made)
    said = "\n".join(page.get_textpage().get_text_range() for page in read)
    assert len(read) == {"invoice": 1, "packing_list": 1, "cn22": 3, "cn23": 3}[kind]
    assert all(f"Mug {n}" in said for n in range(7))
    assert "陶瓷杯" in said
    assert "王小明" in said or kind == "cn22"


def test_ids_are_not_compared() -> None:
    assert papers.match({"a": {"number": str(uuid4())}, "b": {"number": str(uuid4())}}, {}) == []

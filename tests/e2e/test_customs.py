"""Customs on the console: what is held and why, the papers side by side, documents, filings by file with their faults named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from simulators.scenarios import customs as demo
from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.test_console import sign_in

Shot = Callable[[Any, str], None]
TO = {
    "name": "Ada Lovelace",
    "street": "1 Dock Road",
    "city": "Wharf",
    "postcode": "12345",
    "country": "DE",
    "phone": "+49 40 1234567",
}
FILED = (
    ("MUG-01", "691200", "Stoneware mug", "陶瓷杯", 350),
    ("CABLE-03", "854442", "USB-C cable", "数据线", 80),
    ("LAMP-02", "940521", "Desk lamp", "台灯", 700),
)


@pytest.fixture(scope="module")
def loaded(server: Server) -> dict[str, str]:
    """Tables, filings and four orders, three of them with something wrong. Reference to order id."""
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=30) as admin:

        def post(path: str, body: Any) -> Any:
            answer = admin.post(f"/api/v1{path}", json=body)
            assert answer.status_code == 200, f"{path}: {answer.text}"
            return answer.json()

        for table in demo.tables():
            post(f"/customs/tables/{table['kind']}?dry_run=false", {k: v for k, v in table.items() if k != "kind"})
        post("/customs/filings?dry_run=false", {"rows": [
            {"sku": sku, "hs_code": hs, "origin": "CN", "net_g": net, "name_en": en, "name_zh": zh, "materials": "–", "use": "household"}
            for sku, hs, en, zh, net in FILED
        ]})  # fmt: skip
        orders = {
            "GOOD-1": ("MUG-01", 2_000),
            "PAID-2": ("CABLE-03", 1_500),
            "UNPAID-3": ("LAMP-02", None),
            "UNFILED-4": ("BALL-05", 2_000),
        }
        ids = post("/orders", [{"ref": ref, "lines": [{"sku": sku, "qty_each": 2}], "destination": TO, "duty_term": ""} for ref, (sku, _) in orders.items()])["ids"]  # fmt: skip
        post("/customs/papers", {"rows": [
            {"channel": "shop", "ref": ref, "paper": "payment", "number": f"P-{ref}", "currency": "USD", "total": paid, "payer": "Ada"}
            for ref, (_, paid) in orders.items() if paid
        ]})  # fmt: skip
        post("/customs/items?dry_run=false", {"rows": [
            {"declaration": f"53492026{n}", "item": n, "sku": "MUG-01", "country": "US", "qty_each": 200, "value_cents": 700, "currency": "USD", "exported_on": f"2026-0{n}-12"}
            for n in (1, 2)
        ]})  # fmt: skip
        post("/customs/sales", {"rows": [{"ref": "US-1", "sku": "MUG-01", "qty_each": 230, "sold_on": "2026-10-01"}]})
        site.until(lambda: len(admin.get("/api/v1/customs/orders?held=true").json()) == 3, "three orders held")
        return dict(zip(orders, ids, strict=True))


def test_a_held_order_shows_the_fields_that_differ(
    desk: Page, server: Server, loaded: dict[str, str], admin: httpx.Client, shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.get_by_test_id("nav-customs").click()
    table = desk.get_by_test_id("table-customs-orders")
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table.get_by_role("row", name="PAID-2")).to_contain_text("Payment 15.00")
    expect(table.get_by_role("row", name="UNFILED-4")).to_contain_text("BALL-05")
    shot(desk, "console-customs")
    table.get_by_text("PAID-2").click()
    papers = desk.get_by_test_id("papers")
    expect(papers.locator("tr.marked")).to_contain_text("20.00")
    expect(papers).to_contain_text("A•a L••••••e")
    expect(papers).not_to_contain_text("Lovelace")
    shot(desk, "console-customs-order")
    with desk.expect_download() as told:
        desk.get_by_test_id("documents").get_by_text("Invoice").click()
    assert Path(told.value.path()).read_bytes().startswith(b"%PDF-1.7")
    admin.post("/api/v1/customs/papers", json={"rows": [
        {"channel": "shop", "ref": "PAID-2", "paper": "payment", "number": "P-2", "currency": "USD", "total": 2_000, "payer": "Ada"},
    ]})  # fmt: skip
    expect(table.locator("tbody tr")).to_have_count(2)


def test_a_faulty_file_names_row_and_field_and_a_good_one_frees_the_order(
    desk: Page, server: Server, loaded: dict[str, str], shot: Shot, tmp_path: Path
) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=customs&view=filings")
    expect(desk.get_by_test_id("table-customs-filings")).to_contain_text("nothing on file")
    shot(desk, "console-customs-filings")
    head = "sku,hs_code,origin,net_g,name_en,name_zh,materials,use\n"
    for content, good in (
        (f"{head}BALL-05,771234,China,0,Balls,杂耍球,PU,sports\n", False),
        (f"{head}BALL-05,950300,CN,300,Juggling balls,杂耍球,PU,sports\n", True),
    ):
        file = tmp_path / f"{good}.csv"
        file.write_text(content, "utf-8")
        if not good:
            desk.get_by_role("button", name="Load CSV").click()
        desk.locator("input[type=file]").set_input_files(file)
        desk.get_by_test_id("load").click()
        if not good:
            expect(desk.get_by_role("alert")).to_contain_text("row 2, origin")
            shot(desk, "console-customs-faults")
    expect(desk.get_by_text("No faults. Load it now.")).to_be_visible()
    desk.get_by_test_id("load").click()
    expect(desk.get_by_test_id("table-customs-filings").get_by_role("row", name="BALL-05")).to_contain_text("950300")


def test_tables_overseas_stock_and_declarations_in_chinese_too(
    desk: Page, server: Server, loaded: dict[str, str], shot: Shot
) -> None:
    sign_in(desk, server.url)
    for view, words in (
        ("tables", "sample figures"),
        ("overseas", "534920261"),
        ("judged", "GOOD-1"),
        ("declarations", ""),
    ):
        desk.goto(f"{server.url}/console?page=customs&view={view}")
        expect(desk.locator("main")).to_contain_text(words)
        desk.wait_for_timeout(300)
        shot(desk, f"console-customs-{view}")
    desk.get_by_text("中文").first.click()
    desk.goto(f"{server.url}/console?page=customs&view=held&order={loaded['UNPAID-3']}")
    expect(desk.locator("main")).to_contain_text("缺少单据")
    shot(desk, "console-customs-zh")

"""The console's other warehouses in a real browser: reports and their age, an order that is split, a part that is refused; two languages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.test_labels import sign_in

HOUSES = [
    {"code": "NL1", "name": "Venlo", "kind": "overseas", "country": "NL", "region": "Benelux", "countries": ["DE", "FR", "NL"],
     "parcel_cents": 480, "lead_days": 3, "refuses": ["battery_loose"]},
    {"code": "BW1", "name": "Ningbo free port", "kind": "bonded", "country": "CN", "channels": ["tmall"], "parcel_cents": 310, "lead_days": 9},
    {"code": "FBA_DE", "name": "Leipzig", "kind": "marketplace", "country": "DE", "channels": ["amazon"],
     "parcel_cents": 390, "lead_days": 1.5},
]  # fmt: skip


def load(admin: httpx.Client) -> None:
    now = datetime.now(UTC)
    assert admin.post("/api/v1/sourcing/warehouses", json=HOUSES).status_code == 200
    for code, hours, csv in (
        ("NL1", 1, "sku,qty_each\nMUG-01,40\nLAMP-02,12\n"), ("BW1", 2, "sku,qty_each\nMUG-01,900\n"), ("FBA_DE", 49, "sku,qty_each\nMUG-01,75\n"),
    ):  # fmt: skip
        body = {"as_of": (now - timedelta(hours=hours)).isoformat(), "csv": csv}
        answer = admin.post(f"/api/v1/sourcing/warehouses/{code}/stock", json=body)
        assert answer.status_code == 200, answer.text


def test_other_warehouses_a_split_order_and_a_refusal(
    server: Server, admin: httpx.Client, desk: Page, shot: Callable[[Any, str], None]
) -> None:
    load(admin)
    problems: list[str] = []
    desk.on("pageerror", lambda error: problems.append(str(error)))
    body = {
        "ref": "SPLIT-1",
        "lines": [{"sku": "MUG-01", "qty_each": 205}, {"sku": "LAMP-02", "qty_each": 2}],
        "destination": {"country": "DE"},
    }
    order_id = admin.post("/api/v1/orders", json=[body]).json()["ids"][0]
    site.until(lambda: len(admin.get("/api/v1/sourcing/parts").json()) == 1, "the part")

    sign_in(desk, server, "page=warehouses")
    table = desk.get_by_test_id("table-warehouses")
    expect(table).to_contain_text("FBA_DE")
    expect(table).to_contain_text("2 d 1 h, at most 24 h")  # a report that counts as none
    expect(desk.get_by_test_id("table-parts")).to_contain_text("SPLIT-1-NL1")
    shot(desk, "console-warehouses")
    table.get_by_role("button", name="NL1").click()
    stock = desk.get_by_test_id("table-warehouse-stock")
    expect(stock).to_contain_text("MUG-01")
    expect(stock.get_by_role("row").nth(2)).to_contain_text("35")
    shot(desk, "console-warehouses-stock")
    desk.keyboard.press("Escape")

    desk.goto(f"{server.url}/console.html?page=orders&order={order_id}")
    sources = desk.get_by_test_id("sources")
    expect(sources).to_contain_text("Split: MUG-01 x 5 not here: NL1; 2 parcels, 4.80, 3 days")
    expect(desk.get_by_test_id("lines")).to_contain_text("5 (5 elsewhere)")
    sources.get_by_text("What spoke for and against").click()
    expect(sources).to_contain_text("FBA_DE its stock report is 49 h old, at most 24")
    shot(desk, "console-warehouses-order")

    desk.goto(f"{server.url}/console.html?page=warehouses")
    desk.get_by_text("Warehouse sends it").click()  # said on the phone
    desk.get_by_label("Who said so").fill("Jan, Venlo")
    desk.get_by_test_id("ask-ok").click()
    expect(desk.get_by_test_id("table-parts")).to_contain_text("Jan, Venlo")
    expect(desk.get_by_text("Warehouse sends it")).to_have_count(0)
    desk.get_by_text("Warehouse refuses").click()
    desk.get_by_label("Reason").fill("flooded")
    desk.get_by_test_id("ask-ok").click()
    expect(desk.get_by_test_id("table-parts")).to_have_count(0)
    desk.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")
    desk.goto(f"{server.url}/console.html?page=warehouses&view=all")
    expect(desk.get_by_test_id("table-parts")).to_contain_text("被拒")
    shot(desk, "console-warehouses-zh")
    assert problems == []

"""The supervisor's console: every page with data, commands answered, the address as a deep link."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import site
from tests.e2e.conftest import CONSOLE, Server

Shot = Callable[[Any, str], None]
PAGES = (
    "overview", "orders", "waves", "release", "map", "stock", "incidents", "devices", "counts", "dock", "shift", "labour", "shipping",
    "warehouses", "customs", "tracking", "returns", "packing", "line", "services", "assortment", "slotting", "history", "labels",
)  # fmt: skip


def sign_in(desk: Page, url: str, who: str = "boss") -> None:
    desk.goto(f"{url}/console")
    desk.get_by_label("Badge or login").fill(who)
    desk.get_by_label("PIN").fill(site.PIN)
    desk.keyboard.press("Enter")
    expect(desk.get_by_test_id("nav-orders")).to_be_visible()


@pytest.fixture
def orders(admin: httpx.Client) -> list[str]:
    """Some orders, one of them far more than there is."""
    found = admin.get("/api/v1/orders?q=SEEN").json()["orders"]
    if not found:
        site.order(admin, "SEEN-1", {"MUG-01": 1, "LAMP-02": 2})
        site.order(admin, "SEEN-2", {"CABLE-03": 4})
        body = [
            {
                "ref": "SEEN-3",
                "lines": [{"sku": "LOCK-06", "qty_each": 9000}],
                "destination": {"country": "DE"},
                "short_policy": "complete_only",
            }
        ]
        assert admin.post("/api/v1/orders", json=body).status_code == 200
        site.until(lambda: admin.get("/api/v1/incidents").json(), "the incident of an order that cannot be filled")
    return ["SEEN-1", "SEEN-2", "SEEN-3"]


def test_times_are_the_sites_wherever_the_browser_stands(browser: Browser, server: Server, admin: httpx.Client) -> None:
    def move(timezone: str) -> None:
        layout = {"warehouse": "E2E", "nodes": [], "edges": [], "locations": [], "timezone": timezone}
        assert admin.post("/api/v1/layout", json=layout).status_code == 200

    assert admin.put("/api/v1/dock/doors", json=[{"code": "DOOR-1", "name": "North"}]).status_code == 200
    move("Asia/Shanghai")
    context = browser.new_context(**CONSOLE, locale="en-GB", timezone_id="America/New_York")
    try:
        page, day = context.new_page(), f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
        sign_in(page, server.url)
        page.goto(f"{server.url}/console?page=dock")
        page.get_by_role("button", name="Book a door").click()
        page.get_by_label("Carrier").fill("POST")
        page.get_by_label("From").fill(f"{day}T18:00")
        page.get_by_label("Until").fill(f"{day}T19:00")
        page.get_by_test_id("ask-ok").click()
        expect(page.get_by_text("18:00").first).to_be_visible()
        (door,) = admin.get("/api/v1/dock/doors").json()
        assert [a["starts_at"][:16] for a in door["appointments"]] == [f"{day}T10:00"]
    finally:
        context.close()
        move("UTC")


def test_every_page_renders_and_none_logs_an_error(desk: Page, server: Server, orders: list[str], shot: Shot) -> None:
    faults: list[str] = []
    desk.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(desk, server.url)
    for n, name in enumerate(PAGES, 1):
        if n <= 10:
            desk.keyboard.press(f"Alt+{n % 10}")
        else:
            desk.get_by_test_id(f"nav-{name}").click()
        expect(desk.get_by_test_id(f"nav-{name}")).to_have_attribute("data-active", "true")
        expect(desk).to_have_url(re.compile(rf"page={name}"))
        desk.wait_for_timeout(1200)
        shot(desk, f"console-{name}")
    assert faults == []


def test_orders_filter_by_the_address_and_open_with_their_reasons(
    desk: Page, server: Server, orders: list[str], shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=orders&q=SEEN")
    table = desk.get_by_test_id("table-orders")
    expect(table.get_by_role("button", name="SEEN-1")).to_be_visible()
    desk.keyboard.press("/")
    desk.keyboard.type("-3")
    desk.get_by_label("Order number").fill("SEEN-3")
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(desk).to_have_url(re.compile("q=SEEN-3"))
    desk.get_by_label("Order number").fill("SEEN-1")
    expect(table.get_by_role("button", name="SEEN-1")).to_be_visible()
    table.get_by_role("button", name="SEEN-1").press("Enter")
    detail = desk.get_by_test_id("order")
    expect(detail.get_by_test_id("lines")).to_contain_text("MUG-01")
    expect(detail.get_by_test_id("why")).to_contain_text("Carton:")
    shot(desk, "console-order")


def test_an_incident_is_acknowledged_and_resolved_with_a_reason(
    desk: Page, server: Server, admin: httpx.Client, orders: list[str], shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=incidents")
    row = desk.get_by_test_id("table-incidents").locator("tbody tr", has_text="SEEN-3")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_contain_text("acknowledged")
    row.get_by_role("button", name="Resolve").click()
    ok = desk.get_by_test_id("ask-ok")
    expect(ok).to_be_disabled()  # not without a reason
    desk.get_by_label("How was it resolved?").fill("Supplier delivers tomorrow")
    shot(desk, "console-resolve")
    ok.click()
    expect(row).to_have_count(0)
    resolved = admin.get("/api/v1/incidents?state=resolved").json()
    assert any(i["resolution"] == "Supplier delivers tomorrow" for i in resolved)


def test_the_page_follows_the_floor_without_a_reload(
    desk: Page, server: Server, admin: httpx.Client, orders: list[str]
) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=orders&q=LIVE")
    expect(desk.get_by_text("Nothing here")).to_be_visible()
    site.order(admin, "LIVE-1", {"BALL-05": 1})
    expect(desk.get_by_test_id("table-orders").get_by_role("button", name="LIVE-1")).to_be_visible()


def test_a_lost_server_is_told_with_the_age_of_what_is_shown(desk: Page, server: Server, shot: Shot) -> None:
    sign_in(desk, server.url)
    desk.context.set_offline(True)
    expect(desk.get_by_test_id("lost")).to_contain_text("Connection lost")
    shot(desk, "console-lost")
    desk.context.set_offline(False)
    expect(desk.get_by_test_id("lost")).to_have_count(0)


def test_the_map_shows_the_stock_of_a_location(desk: Page, server: Server, shot: Shot) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=map")
    expect(desk.get_by_test_id("map")).to_be_visible()
    desk.get_by_label("Find a location").fill("A-01-1")
    expect(desk.get_by_test_id("table-content")).to_contain_text("MUG-01")
    expect(desk).to_have_url(re.compile("at=A-01-1"))
    shot(desk, "console-map-stock")


def test_the_console_speaks_chinese(desk: Page, server: Server, orders: list[str], shot: Shot) -> None:
    sign_in(desk, server.url)
    desk.get_by_text("中文").click()
    expect(desk.get_by_test_id("nav-waves")).to_contain_text("波次")
    desk.wait_for_timeout(800)
    shot(desk, "console-overview-zh")
    desk.goto(f"{server.url}/console?page=orders&q=SEEN-3")
    desk.get_by_test_id("table-orders").get_by_role("button", name="SEEN-3").press("Enter")
    expect(desk.get_by_test_id("order").get_by_test_id("why")).to_contain_text("1 行缺货")
    shot(desk, "console-order-zh")

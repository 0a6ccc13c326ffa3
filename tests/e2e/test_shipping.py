"""The console's shipping page in a real browser: services and rules, a try-out, an order that is held and one that is routed."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.test_labels import sign_in
from tests.integration.shipping_site import CARDS, MATRIX, POLICY, SERVICES


def load(admin: httpx.Client) -> None:
    """The site's shipping data; the lamp holds a battery without papers."""
    rules = [{"id": "R1", "do": "prefer", "target": "LINE-PDF", "country": "FR", "cents": 50, "why": "volume"}]
    lamp = {"code": "LAMP-02", "name": "Desk lamp with clamp", "length_mm": 240, "width_mm": 130, "height_mm": 90, "weight_g": 820,
            "value_cents": 1000, "attributes": ["battery_contained"]}  # fmt: skip
    bodies: list[tuple[str, Any]] = [
        ("catalog/skus", [lamp]),
        ("shipping/services", SERVICES),
        ("shipping/matrix", MATRIX),
    ]
    for path, body in (
        *bodies,
        ("shipping/policy", {**POLICY, "rules": rules}),
        *(("shipping/cards", c) for c in CARDS),
    ):
        answer = admin.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text


def test_services_a_try_out_and_why_an_order_is_held(
    server: Server, admin: httpx.Client, desk: Page, shot: Callable[[Any, str], None]
) -> None:
    load(admin)
    problems: list[str] = []
    desk.on("pageerror", lambda error: problems.append(str(error)))
    order = {"ref": "SHIP-1", "lines": [{"sku": "MUG-01", "qty_each": 1}], "destination": {"country": "DE"}}
    held = {"ref": "SHIP-2", "lines": [{"sku": "LAMP-02", "qty_each": 1}], "destination": {"country": "DE"}}
    ids = admin.post("/api/v1/orders", json=[order, held]).json()["ids"]
    site.until(lambda: admin.get(f"/api/v1/orders/{ids[0]}").json()["service"] == "POST", "the order to be routed")
    site.until(
        lambda: admin.get(f"/api/v1/orders/{ids[1]}").json()["holds"][0]["code"] == "shipping.restricted", "the hold"
    )

    sign_in(desk, server, "page=shipping")
    expect(desk.get_by_test_id("table-services")).to_contain_text("EXPRESS-PNG")
    expect(desk.get_by_test_id("table-site-rules")).to_contain_text("volume")
    shot(desk, "console-shipping")
    desk.get_by_text("Try out", exact=True).click()
    desk.get_by_test_id("try-content").fill("MUG-01 x 2, LAMP-02")
    desk.get_by_test_id("try-ask").click()
    expect(desk.get_by_test_id("try-result")).to_contain_text("No service may carry it")
    expect(desk.get_by_test_id("try-result")).to_contain_text("battery inside needs UN 38.3 report (rule B1)")
    shot(desk, "console-shipping-try")
    desk.get_by_test_id("try-content").fill("MUG-01 x 2")
    desk.get_by_test_id("try-ask").click()
    expect(desk.locator("[data-service=POST]")).to_contain_text("chosen")

    desk.goto(f"{server.url}/console.html?page=orders&order={ids[1]}")
    expect(desk.get_by_test_id("hold-shipping")).to_contain_text("rule B1, paper missing")
    shot(desk, "console-shipping-held")
    desk.goto(f"{server.url}/console.html?page=orders&order={ids[0]}")
    expect(desk.get_by_test_id("route")).to_contain_text("POST USD")
    assert problems == []

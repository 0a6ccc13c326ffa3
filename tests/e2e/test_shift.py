"""The change of shift: a picker hands over, the next one fetches the cart; a lead takes work back; an order changes."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, sign_in, wedge
from tests.e2e.test_console import sign_in as sign_in_desk
from tests.e2e.test_pda_pick import take_tour

Shot = Callable[[Any, str], None]


def test_a_tour_is_handed_over_and_its_cart_fetched(
    page: Page, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    site.order(admin, "SHIFT-1", {"MUG-01": 1, "BALL-05": 1})
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-7")
    at_step(page, "location")
    sign_in_desk(desk, server.url)
    desk.goto(f"{server.url}/console?page=shift")
    row = desk.get_by_test_id("table-claims").locator("tbody tr", has_text="picker1")
    expect(row).to_contain_text("CART-7")
    shot(desk, "console-shift")
    page.get_by_test_id("problem").tap()
    shot(page, "pda-problems")
    page.get_by_test_id("problem-hand_over").tap()
    band(page, "warn", "lib.handed_over")
    expect(row).to_have_count(0)
    shot(page, "pda-handed-over")
    page.get_by_test_id("primary").tap()  # whoever asks next is sent to the cart, here the same person
    at_step(page, "cart")
    assert hero(page) == "CART-7"
    shot(page, "pda-fetch-cart")
    wedge(page, "CART-7")
    at_step(page, "location")
    row.get_by_role("button", name="Take back").click()
    shot(desk, "console-take-back")
    desk.get_by_test_id("ask-ok").click()
    expect(row).to_have_count(0)


def test_an_address_and_lines_change_from_the_console(
    desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    body = {"ref": "CHANGE-1", "lines": [{"sku": "MUG-01", "qty_each": 9000}], "destination": {"country": "DE", "name": "Ada"},
            "short_policy": "backorder"}  # fmt: skip
    assert admin.post("/api/v1/orders", json=[body]).status_code == 200
    site.until(
        lambda: admin.get("/api/v1/orders?q=CHANGE-1").json()["orders"][0]["state"] == "backordered", "a backorder"
    )
    sign_in_desk(desk, server.url)
    desk.goto(f"{server.url}/console?page=orders&q=CHANGE-1")
    desk.get_by_test_id("table-orders").get_by_role("button", name="CHANGE-1").click()
    desk.get_by_role("button", name="Change address").click()
    desk.get_by_test_id("address-city").fill("Hamburg")
    shot(desk, "console-change-address")
    desk.get_by_test_id("change-ok").click()
    expect(desk.get_by_test_id("order")).to_contain_text("Hamburg")
    desk.get_by_role("button", name="Change lines").click()
    desk.get_by_label("Pieces").fill("2")
    shot(desk, "console-change-lines")
    desk.get_by_test_id("change-ok").click()
    expect(desk.get_by_test_id("lines").locator("tbody tr")).to_have_count(1)
    expect(desk.get_by_test_id("lines")).not_to_contain_text("9000")

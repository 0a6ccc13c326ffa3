"""Two zones pick an order apart; the wall brings it together, by scans and on the console."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.e2e import site
from tests.e2e.conftest import CONSOLE, Server
from tests.e2e.hands import at_step, band, hero, ime, sign_in, wedge
from tests.e2e.test_console import sign_in as sit_down
from tests.e2e.test_pda_pick import pick_stop, take_tour

Shot = Callable[[Any, str], None]


def test_shares_of_two_zones_meet_in_a_slot(
    page: Page, browser: Browser, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    stream = {"seq": 100, "mode": "stream", "method": "zone", "wip_max": 160}
    assert admin.put("/api/v1/release-channels/stream", json=stream).status_code == 200
    site.order(admin, "WALL-ME", {"MUG-01": 1, "LAMP-02": 1})  # one in each aisle, each aisle its zone
    site.until(lambda: admin.get("/api/v1/work/open").json().get("pick") == 2, "both zones' tours")
    sign_in(page, server.url, "picker1")
    shot(page, "pda-menu")
    for cart in ("CART-1", "CART-2"):
        take_tour(page, cart)
        at_step(page, "location")
        pick_stop(page, 1, wedge)
        at_step(page, "drop")
        assert hero(page) == "WALL-1"
        wedge(page, "WALL-1")
        expect(page.get_by_text("Nothing to do here")).to_be_visible()
        page.get_by_test_id("back").tap()
    page.get_by_test_id("flow-wall").tap()
    at_step(page, "tote")
    shot(page, "pda-wall-tote")
    wedge(page, "TOTE-11")
    at_step(page, "slot")
    assert hero(page) == "W-1"
    shot(page, "pda-wall-slot")
    wedge(page, "W-2")
    band(page, "error", "scan.wrong")
    ime(page, "W-1")
    band(page, "ok", "wall.in")
    desk = browser.new_page(**CONSOLE)
    sit_down(desk, server.url)
    desk.get_by_test_id("nav-waves").click()
    expect(desk.get_by_test_id("wall-WALL-1")).to_contain_text("1 pieces, 1 on the way")
    wedge(page, "TOTE-21")
    at_step(page, "slot")
    wedge(page, "W-1")
    band(page, "ok", "wall.complete")
    expect(desk.get_by_test_id("wall-WALL-1")).to_contain_text("2 pieces, pack it")
    desk.wait_for_timeout(300)
    shot(desk, "console-put-wall")
    desk.close()
    assert server.movements("consolidate") == 2

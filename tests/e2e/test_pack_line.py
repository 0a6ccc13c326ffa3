"""A bench of a pack line: the plate goes on, the parcel onto the belt; the console shows the line."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, ime, sign_in, wedge
from tests.e2e.test_console import sign_in as sit_down
from tests.e2e.test_pda_pick import EAN, drop, pick_stop, take_tour

Shot = Callable[[Any, str], None]


def test_a_parcel_goes_on_the_belt_by_its_plate(
    page: Page, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    line = {"code": "LINE-1", "dws": "dws-9", "printer": "pr-9", "sorter": "sorter-9", "benches": ["PACK-1"],
            "lanes": {"1": "POST", "7": "recirculate", "8": "reject"}}  # fmt: skip
    assert admin.post("/api/v1/pack-lines", json=line).status_code == 200
    site.order(admin, "BELT-ME", {"MUG-01": 1})
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-1")
    at_step(page, "location")
    pick_stop(page, 1, wedge)
    drop(page)
    page.get_by_test_id("back").tap()
    page.get_by_test_id("flow-pack").tap()
    expect(page.get_by_test_id("station-PACK-1")).to_be_visible()
    wedge(page, "PACK-1")
    at_step(page, "tote")
    wedge(page, "TOTE-11")
    at_step(page, "carton")
    ime(page, hero(page))
    wedge(page, EAN["MUG-01"])
    at_step(page, "plate")
    shot(page, "pda-pack-plate")
    wedge(page, EAN["MUG-01"])  # a slip: that is the mug again
    band(page, "error", "error.packing.no_plate")
    at_step(page, "carton")  # refused by the server: the parcel is scanned anew
    ime(page, hero(page))
    wedge(page, EAN["MUG-01"])
    at_step(page, "plate")
    wedge(page, "PL-000001")
    at_step(page, "tote")
    band(page, "ok", "pack.on_belt")
    shot(page, "pda-pack-on-belt")
    sit_down(desk, server.url)
    desk.get_by_test_id("nav-line").click()
    expect(desk.get_by_test_id("stages-LINE-1")).to_contain_text("waiting: 1")
    shot(desk, "console-pack-line")

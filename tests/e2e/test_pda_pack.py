"""The packer's bench: choose the station, open the tote, put every piece where the drawing says, close for the scale."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, ime, sign_in, wedge
from tests.e2e.test_pda_pick import EAN, drop, pick_stop, take_tour

Shot = Callable[[Any, str], None]


def test_a_parcel_is_packed_by_the_drawing(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    site.order(admin, "PACK-ME", {"MUG-01": 2, "CABLE-03": 1})
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-1")
    for _ in range(2):
        at_step(page, "location")
        pick_stop(page, 2 if "MUG-01" in page.locator("main").inner_text() else 1, wedge)
    drop(page)
    page.get_by_test_id("back").tap()
    page.get_by_test_id("flow-pack").tap()
    expect(page.get_by_test_id("station-PACK-1")).to_be_visible()
    shot(page, "pda-pack-stations")
    wedge(page, "PACK-1")
    at_step(page, "tote")
    shot(page, "pda-pack-tote")
    wedge(page, "NO-SUCH-TOTE")
    band(page, "error", "error.scanning.unknown_barcode")
    at_step(page, "tote")  # refused by the server: the screen stays
    wedge(page, "TOTE-11")
    at_step(page, "carton")
    shot(page, "pda-pack-carton")
    wedge(page, "XXL")
    band(page, "error", "scan.wrong")
    ime(page, hero(page))
    drawing = page.get_by_test_id("isometric")
    expect(drawing).to_have_attribute("data-inside", "0")
    shot(page, "pda-pack-units")
    for n, ean in enumerate((EAN["CABLE-03"], EAN["MUG-01"]), 1):  # in any order
        wedge(page, ean)
        expect(drawing).to_have_attribute("data-inside", str(n))
    shot(page, "pda-pack-units-two")
    wedge(page, EAN["LAMP-02"])
    band(page, "error", "scan.wrong")
    expect(drawing).to_have_attribute("data-inside", "2")
    wedge(page, EAN["MUG-01"])
    at_step(page, "wait")
    expect(page.get_by_text("Put it on the scale")).to_be_visible()
    shot(page, "pda-pack-scale")
    assert server.movements("pack") == 3

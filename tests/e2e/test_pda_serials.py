"""Units known by their serials, picked on the PDA: each code once, by any kind of code, and not by keys."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.e2e import site
from tests.e2e.conftest import PDA, Server
from tests.e2e.hands import at_step, band, hero, pending, sign_in, wedge
from tests.e2e.test_console import sign_in as sign_in_console

Shot = Callable[[Any, str], None]
EAN = "4006381399999"


def test_each_piece_is_scanned_by_its_serial(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    body = [{"code": "CAM-07", "name": "Action camera", "name_zh": "运动相机", "length_mm": 90, "width_mm": 60, "height_mm": 50,
             "weight_g": 210, "serial_policy": "on_receipt", "key_category": True, "value_cents": 19_900, "codes": [[EAN, "EA"]]}]  # fmt: skip
    assert admin.post("/api/v1/catalog/skus", json=body).status_code == 200
    stock = [{"location": "A-05-1", "sku": "CAM-07", "qty_each": 5, "serials": [f"SN-{n}" for n in range(5)]}]
    assert admin.post("/api/v1/stock/opening?dry_run=false", json=stock).status_code == 200
    before = server.movements()
    site.order(admin, "CAM", {"CAM-07": 3})
    sign_in(page, server.url, "picker1")
    page.get_by_test_id("flow-pick").tap()
    at_step(page, "cart")
    wedge(page, "CART-1")
    at_step(page, "location")
    wedge(page, hero(page))
    at_step(page, "sku")
    wedge(page, EAN)
    at_step(page, "qty")
    expect(page.get_by_test_id("qty")).to_have_attribute("data-value", "")  # the goods' own code counts nothing
    expect(page.get_by_test_id("key-1")).to_have_count(0)
    shot(page, "pda-serials")
    wedge(page, "SN-3")
    wedge(page, "SN-3")
    band(page, "error", "scan.twice")
    wedge(page, "SN-9")
    band(page, "error", "scan.not_a_serial")
    shot(page, "pda-serials-wrong")
    wedge(page, f"]d201{EAN.zfill(14)}21sn-0")  # GS1 on the box: article and serial in one
    expect(page.get_by_test_id("qty")).to_have_attribute("data-value", "2")
    expect(page.get_by_test_id("codes").locator("li")).to_have_text(["SN-3", "SN-0"])
    shot(page, "pda-serials-two")
    wedge(page, "SN-4")
    at_step(page, "tote")
    wedge(page, hero(page))
    at_step(page, "drop")
    pending(page, 0)
    assert server.movements() == before + 3  # pieces
    left = admin.get("/api/v1/stock?q=CAM-07").json()
    assert {(x["place"], x["qty_each"]) for x in left} == {("A-05-1", 2), ("TOTE-11", 3)}


def test_a_lost_serial_is_counted_by_name_and_seen_by_finance(
    browser: Browser, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    assert admin.post("/api/v1/counting/plan").status_code == 200
    assert admin.get("/api/v1/work/open").json()["count"] == 1  # the camera: a key article, whatever the share is
    for who in ("picker2", "packer1"):
        page = browser.new_context(**PDA, locale="en-GB").new_page()
        sign_in(page, server.url, who)
        page.get_by_test_id("flow-count").tap()
        at_step(page, "location")
        wedge(page, hero(page))
        at_step(page, "sku")
        wedge(page, EAN)
        at_step(page, "qty")
        expect(page.get_by_test_id("key-1")).to_have_count(0)
        wedge(page, "SN-1")
        wedge(page, "SN-9")  # nobody knows it: a blind count takes it
        expect(page.get_by_test_id("codes").locator("li")).to_have_text(["SN-1", "SN-9"])
        shot(page, "pda-count-serials")
        page.get_by_test_id("primary").tap()
        band(page, "ok", "scan.done")
        pending(page, 0)
        page.context.close()
    sign_in_console(desk, server.url)
    desk.get_by_test_id("nav-counts").click()
    expect(desk.get_by_test_id("serials-missing")).to_have_text("Missing: SN-2")
    expect(desk.get_by_test_id("serials-extra")).to_have_text("Found: SN-9")
    shot(desk, "console-counts-serials")

"""The bench on a PDA: goods in their own container, of which only the label is missing, and a bag; the console names both."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.devices import expected_g, prints, weigh
from tests.e2e.hands import at_step, band, hero, sign_in, wedge
from tests.e2e.test_console import sign_in as console_sign_in
from tests.e2e.test_pda_pick import EAN, drop, pick_stop, take_tour

Shot = Callable[[Any, str], None]
MAILER = {
    "code": "MAILER",
    "inner_mm": [200, 280, 0],
    "outer_mm": [210, 290, 0],
    "tare_g": 12,
    "load_max_g": 2000,
    "bag": True,
}


def brought(page: Page, cart: str, stops: int) -> None:
    """The order's tour, picked and at the bench, where its tote is to be scanned."""
    page.get_by_test_id("flow-pick").wait_for()
    take_tour(page, cart)
    for _ in range(stops):
        at_step(page, "location")
        pick_stop(page, 1, wedge)
    drop(page)
    page.get_by_test_id("back").tap()
    page.get_by_test_id("flow-pack").tap()
    page.get_by_test_id("station-PACK-1").tap()  # a scan of it so soon after the last would be taken for one read
    at_step(page, "tote")


def label(page: Page, server: Server, grams: int) -> None:
    """The scale agrees with the goods alone, the label is scanned on."""
    at_step(page, "wait")
    assert expected_g(server) == grams
    weigh(server, grams)
    site.until(
        lambda: prints(server) == 0 and page.get_by_test_id("step").get_attribute("data-step") == "label", "a label"
    )


def stick(page: Page, server: Server) -> None:
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        row = db.execute("SELECT sscc FROM parcel WHERE state = 'printed'").fetchone()
    assert row is not None
    wedge(page, str(row[0]))
    band(page, "ok", "pack.labelled")


def test_a_lamp_ships_as_it_is_and_a_cable_in_a_bag(
    page: Page, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    def post(path: str, body: Any) -> None:
        assert admin.post(f"/api/v1{path}", json=body).status_code == 200

    post("/catalog/cartons", [MAILER])
    post("/catalog/skus", [{
        "code": "LAMP-02", "name": "Desk lamp with clamp", "name_zh": "夹式台灯", "length_mm": 240, "width_mm": 130, "height_mm": 90,
        "weight_g": 820, "codes": [[EAN["LAMP-02"], "EA"]], "own_container": True,
    }])  # fmt: skip
    leaflet = {"takes": {"skus": ["LAMP-02"]}, "name": "Care leaflet", "name_zh": "保养说明", "weight_g": 4}
    assert admin.put("/api/v1/pack-station/inserts/CARE", json=leaflet).status_code == 200
    order_id = site.order(admin, "MIXED", {"LAMP-02": 1, "CABLE-03": 1})
    sign_in(page, server.url, "picker1")
    brought(page, "CART-1", 2)
    wedge(page, "TOTE-11")
    expect(page.get_by_test_id("as-is")).to_be_visible()  # nothing to fetch: the lamp itself is asked for
    expect(page.locator("h1")).to_have_text("Scan it: it ships as it is")
    expect(page.get_by_test_id("left-out")).to_have_count(0)
    shot(page, "pda-as-is")
    wedge(page, EAN["LAMP-02"])
    label(page, server, 820)
    expect(page.get_by_test_id("as-is")).to_be_visible()
    shot(page, "pda-as-is-label")
    stick(page, server)
    at_step(page, "carton")
    expect(page.locator("h1")).to_have_text("Scan this bag")
    shot(page, "pda-bag-scan")
    wedge(page, hero(page))
    bag = page.get_by_test_id("bag")
    expect(bag).to_contain_text("200 × 280 mm")
    expect(bag.locator(".next")).to_have_count(1)
    shot(page, "pda-bag")
    wedge(page, EAN["CABLE-03"])
    at_step(page, "extra:0")
    expect(bag.locator(".in")).to_have_count(1)
    shot(page, "pda-bag-insert")
    page.get_by_test_id("primary").tap()
    label(page, server, 90 + 12 + 4)
    stick(page, server)
    at_step(page, "tote")
    assert admin.get(f"/api/v1/orders/{order_id}").json()["state"] == "labelled"
    console_sign_in(desk, server.url)
    desk.get_by_test_id("nav-orders").click()
    desk.get_by_text("MIXED").click()
    expect(desk.get_by_test_id("order").get_by_test_id("cartons")).to_have_text(
        "Own container (820 g), Bag MAILER (102 g)"
    )
    shot(desk, "console-order-containers")
    desk.keyboard.press("Escape")
    desk.get_by_test_id("nav-assortment").click()
    expect(desk.get_by_test_id("cartons").first).to_contain_text("Bag, lying flat")
    shot(desk, "console-cartons-bag")


def test_what_cannot_go_in_is_told_on_the_card(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    body = {"ref": "GIFT-LAMP", "lines": [{"sku": "LAMP-02", "qty_each": 1}], "destination": {"country": "DE"},
            "gift": {"message": "For you", "wrap": True}}  # fmt: skip
    assert admin.post("/api/v1/orders", json=[body]).status_code == 200
    site.until(lambda: admin.get("/api/v1/work/open").json().get("pick", 0) > 0, "its tour")
    sign_in(page, server.url, "picker1")
    brought(page, "CART-2", 1)
    wedge(page, "TOTE-21")
    expect(page.get_by_test_id("left-out")).to_have_text(
        "Cannot go in: Care leaflet, gift card, gift wrap. Send it without."
    )
    shot(page, "pda-left-out")
    page.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")
    page.reload()
    expect(page.get_by_test_id("left-out")).to_contain_text("保养说明")
    shot(page, "pda-left-out-zh")
    wedge(page, EAN["LAMP-02"])
    label(page, server, 820)
    stick(page, server)
    site.until(
        lambda: any(i["kind"] == "pack.gift_left_out" for i in admin.get("/api/v1/incidents").json()),
        "the lead to hear",
    )


def entered(page: Page, number: int) -> None:
    for digit in str(number):
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_test_id("primary").tap()


def test_a_pallet_is_weighed_with_its_own_weight(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    rule = {"carrier": "POST", "parcels_max": 50, "weight_max_g": 500_000, "tare_g": 100, "pallet_tare_g": 22_000}
    assert admin.put("/api/v1/dock/bag-rules", json=[rule]).status_code == 200
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        parcels = db.execute("SELECT sscc, weight_g FROM parcel WHERE state = 'labelled'").fetchall()
    sign_in(page, server.url, "boss")
    page.get_by_test_id("flow-bag").tap()
    at_step(page, "tag")
    page.get_by_test_id("problem").tap()
    page.get_by_test_id("problem-new_pallet").tap()
    at_step(page, "parcel")
    for n, (sscc, _) in enumerate(parcels):
        wedge(page, sscc)
        expect(page.get_by_test_id("step")).to_have_attribute("data-card", re.compile(f":{n + 1}$"))
    shot(page, "pda-pallet")
    page.get_by_test_id("problem").tap()
    page.get_by_test_id("problem-seal").tap()
    at_step(page, "seal")
    wedge(page, "WRAP-1")
    at_step(page, "weight")
    shot(page, "pda-pallet-weight")
    weighed = sum(grams for _, grams in parcels)
    entered(page, weighed)
    band(page, "error", "error.dock.bag_weight_off")
    shot(page, "pda-pallet-weight-off")
    at_step(page, "seal")
    wedge(page, "WRAP-1")
    at_step(page, "weight")
    entered(page, weighed + 22_000)
    band(page, "ok", "bag.sealed")

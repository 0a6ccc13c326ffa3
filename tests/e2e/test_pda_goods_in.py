"""Receiving and counting on the PDA."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, ime, pending, sign_in, wedge
from tests.e2e.test_pda_pick import EAN

Shot = Callable[[Any, str], None]


def test_goods_of_a_notice_are_scanned_counted_and_sent_on(
    page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    notice = {
        "ref": "ASN-7",
        "supplier": "Keramik GmbH",
        "lines": [{"sku": "MUG-01", "qty_each": 12}, {"sku": "LAMP-02", "qty_each": 4}],
    }
    assert admin.post("/api/v1/notices", json=notice).status_code == 200
    sign_in(page, server.url, "picker1")
    page.get_by_test_id("flow-receive").tap()
    at_step(page, "code")
    expect(page.get_by_test_id("code-ASN-7")).to_contain_text("Keramik")
    shot(page, "pda-receive-arrival")
    page.get_by_test_id("code-ASN-7").tap()  # paper that will not scan
    at_step(page, "goods")
    expect(page.get_by_text("0/12")).to_be_visible()
    shot(page, "pda-receive-goods")
    wedge(page, "NO-SUCH-GOODS")
    band(page, "error", "error.scanning.unknown_barcode")
    at_step(page, "goods")
    ime(page, EAN["MUG-01"])
    at_step(page, "qty:EA")
    for digit in "12":
        page.get_by_role("button", name=digit, exact=True).tap()
    shot(page, "pda-receive-qty")
    page.get_by_test_id("primary").tap()
    at_step(page, "unit")
    shot(page, "pda-receive-unit")
    page.get_by_test_id("option-case").tap()
    expect(page.locator('[data-testid=step][data-step="unit"]')).to_have_count(0)
    pending(page, 0)
    shot(page, "pda-receive-next")


def test_a_count_is_blind_and_goes_on_without_the_network(
    page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    rules = site.count_rules(daily_share_pct=5, empty_checks=5)
    assert admin.post("/api/v1/counting/rules", json=rules).status_code == 200
    assert admin.post("/api/v1/counting/plan").status_code == 200
    sign_in(page, server.url, "picker2")
    page.get_by_test_id("flow-count").tap()
    at_step(page, "location")
    shot(page, "pda-count-location")
    page.context.set_offline(True)
    card = page.get_by_test_id("step").get_attribute("data-card")
    wedge(page, hero(page))
    step = page.get_by_test_id("step").get_attribute("data-step")
    if step == "sku":
        wedge(page, EAN[hero(page)])
        at_step(page, "qty")
        assert page.get_by_test_id("qty").inner_text() == "0"  # no hint of what the book says
        for digit in "200":
            page.get_by_role("button", name=digit, exact=True).tap()
        shot(page, "pda-count-qty")
    else:
        shot(page, "pda-count-empty")
    page.get_by_test_id("primary").tap()
    expect(page.locator(f'[data-testid=step][data-card="{card}"]')).to_have_count(0)
    pending(page, 1)
    page.context.set_offline(False)
    pending(page, 0)

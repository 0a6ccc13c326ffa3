"""What belongs to the device: sign-in, language, themes, the scanner test page, problems in two taps."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, ime, sign_in, wedge
from tests.e2e.test_pda_pick import EAN, drop, take_tour

DIST = ROOT / "wms" / "web" / "dist"
Shot = Callable[[Any, str], None]


def test_a_wrong_pin_is_refused_and_a_right_one_typed_on_keys_signs_in(page: Page, server: Server, shot: Shot) -> None:
    page.goto(f"{server.url}/pda")
    expect(page.get_by_text("Scan your badge")).to_be_visible()
    shot(page, "pda-badge")
    ime(page, site.badge("picker1"))
    expect(page.get_by_test_id("pin")).to_be_visible()
    wedge(page, "9999")
    band(page, "error", "error.people.bad_sign_in")
    shot(page, "pda-pin")
    wedge(page, site.PIN)
    expect(page.get_by_test_id("flow-pick")).to_be_visible()


def test_the_scanner_page_tells_the_path_of_every_scan(page: Page, server: Server, shot: Shot) -> None:
    sign_in(page, server.url, "picker1")
    page.get_by_test_id("settings").tap()
    page.get_by_test_id("scanner-test").tap()
    wedge(page, "A-01-1")
    ime(page, "]C10104006381333931")
    page.evaluate("""() => { const data = new DataTransfer(); data.setData('text', 'PASTED-1');
        window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true })); }""")
    scans = page.get_by_test_id("scan")
    expect(scans).to_have_count(3)
    assert [scans.nth(n).locator("strong").inner_text() for n in range(3)] == [
        "PASTED-1",
        "]C10104006381333931",
        "A-01-1",
    ]
    assert [scans.nth(n).locator("span").inner_text().split(" ·")[0] for n in range(3)] == [
        "paste",
        "input method",
        "key events",
    ]
    shot(page, "pda-scanner-test")


def test_language_theme_and_hand_are_kept_on_the_device(page: Page, server: Server, shot: Shot) -> None:
    sign_in(page, server.url, "picker1")
    page.get_by_test_id("settings").tap()
    page.get_by_role("button", name="Light", exact=True).tap()
    page.get_by_role("button", name="Left", exact=True).tap()
    page.get_by_role("button", name="中文").tap()
    shot(page, "pda-settings-zh")
    page.reload()
    expect(page.get_by_text("拣货")).to_be_visible()
    assert page.evaluate("[document.documentElement.dataset.theme, document.documentElement.dataset.hand]") == [
        "light",
        "left",
    ]
    shot(page, "pda-menu-zh-light")


def test_a_short_pick_is_reported_in_two_taps(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    before = server.movements()
    order_id = site.order(admin, "SHORT-1", {"BOOK-04": 3})
    sign_in(page, server.url, "picker2")
    take_tour(page, "CART-7")
    at_step(page, "location")
    wedge(page, hero(page))
    at_step(page, "sku")
    wedge(page, EAN["BOOK-04"])
    at_step(page, "qty")
    page.get_by_test_id("problem").tap()
    shot(page, "pda-problem")
    page.get_by_test_id("problem-short").tap()
    at_step(page, "tote")  # one piece was taken: it goes into the tote first
    wedge(page, hero(page))
    band(page, "warn", "pick.shorted")
    assert server.movements() == before + 1
    line = admin.get(f"/api/v1/orders/{order_id}").json()["lines"][0]
    assert line["picked_each"] == 1
    at_step(page, "drop")
    drop(page)


def test_the_whole_app_weighs_less_than_100_kb_on_the_wire() -> None:
    worker = (DIST / "sw.js").read_text("utf-8")
    files = json.loads(re.search(r"const FILES = (\[.*?\]);", worker).group(1))  # type: ignore[union-attr]
    loaded = [f for f in files if f.endswith((".js", ".css")) and "zh-CN" not in f]  # one language is loaded
    assert len(loaded) >= 4
    assert sum(len(gzip.compress((DIST / f.lstrip("/")).read_bytes())) for f in loaded) < 100_000

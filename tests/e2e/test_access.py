"""Every screen, on the largest and the smallest device, keeps the rules of accessibility that a program can check."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import ROOT
from tests.e2e.conftest import Server
from tests.e2e.hands import sign_in
from tests.e2e.test_console import PAGES
from tests.e2e.test_console import sign_in as sign_in_desk

AXE = ROOT / "wms" / "web" / "node_modules" / "axe-core" / "axe.min.js"
Shot = Callable[[Any, str], None]


def violations(page: Page) -> list[str]:
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] })")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary'][:200]}" for v in found["violations"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_console(desk: Page, server: Server, name: str) -> None:
    sign_in_desk(desk, server.url)
    desk.goto(f"{server.url}/console?page={name}")
    desk.wait_for_timeout(1500)
    assert violations(desk) == []


@pytest.mark.parametrize("theme", ["Dark", "Light", "Contrast"])
def test_pda(page: Page, server: Server, shot: Shot, theme: str) -> None:
    page.set_viewport_size({"width": 320, "height": 568})
    sign_in(page, server.url, "picker2")
    page.get_by_test_id("settings").tap()
    page.get_by_role("button", name=theme, exact=False).first.tap()
    assert violations(page) == []
    page.get_by_role("button", name="Menu").tap()
    shot(page, f"pda-small-menu-{theme.lower()}")
    assert violations(page) == []
    for flow in ("pick", "putaway", "count", "receive", "load"):
        page.get_by_test_id(f"flow-{flow}").tap()
        page.wait_for_timeout(700)
        shot(page, f"pda-small-{flow}-{theme.lower()}")
        assert violations(page) == [], flow
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), flow
        page.keyboard.press("Escape")
        page.wait_for_timeout(200)

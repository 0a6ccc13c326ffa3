"""What a worker's hands do: scan by either path, look at the screen."""

import time
from weakref import WeakKeyDictionary

from playwright.sync_api import Page, expect

from tests.e2e import site

DEAD_TIME = 0.45
"""Seconds, a little over the PDA's: the same code sooner than that is one label read twice, however fast the machine."""

_last: WeakKeyDictionary[Page, tuple[str, float]] = WeakKeyDictionary()


def wedge(page: Page, code: str) -> None:
    """A keyboard wedge: key events and Enter."""
    _aim(page, code)
    page.keyboard.type(code)
    _trigger(page, code)


def ime(page: Page, code: str) -> None:
    """An input method, as DataWedge by default: text without key events, then Enter."""
    _aim(page, code)
    page.keyboard.insert_text(code)
    _trigger(page, code)


def bounce(page: Page, code: str) -> None:
    """A trigger that bounces: the same label twice within a moment, as no person scans."""
    page.evaluate(
        """code => {
            for (const key of [...code, "Enter", ...code, "Enter"])
                window.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
        }""",
        code,
    )
    _last[page] = (code, time.monotonic())


def _aim(page: Page, code: str) -> None:
    """A person's pace: no hand scans the same label again within the dead time."""
    before, at = _last.get(page, ("", 0.0))
    rest = at + DEAD_TIME - time.monotonic()
    if before == code and rest > 0:
        page.wait_for_timeout(rest * 1000)


def _trigger(page: Page, code: str) -> None:
    page.keyboard.press("Enter")
    _last[page] = (code, time.monotonic())


def sign_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/pda")
    expect(page.get_by_text("Scan your badge")).to_be_visible()
    wedge(page, site.badge(who))
    expect(page.get_by_test_id("pin")).to_be_visible()
    for digit in site.PIN:
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_test_id("primary").tap()
    expect(page.get_by_test_id("flow-pick")).to_be_visible()


def controlled(page: Page) -> None:
    """Wait until the service worker serves this page, as it does from the second visit on."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def at_step(page: Page, step: str) -> None:
    expect(page.get_by_test_id("step")).to_have_attribute("data-step", step)


def pending(page: Page, n: int) -> None:
    expect(page.get_by_test_id("connection")).to_have_attribute("data-pending", str(n))


def band(page: Page, level: str, key: str) -> None:
    expect(page.get_by_test_id("band")).to_have_attribute("data-level", level)
    expect(page.get_by_test_id("band")).to_have_attribute("data-key", key)


def hero(page: Page) -> str:
    """The code on the big field."""
    return page.get_by_test_id("hero").locator("strong").inner_text()

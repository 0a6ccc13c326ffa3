"""What a worker's hands do: scan by either path, look at the screen."""

from playwright.sync_api import Page, expect

from tests.e2e import site


def wedge(page: Page, code: str) -> None:
    """A keyboard wedge: key events and Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def ime(page: Page, code: str) -> None:
    """An input method, as DataWedge by default: text without key events, then Enter."""
    page.keyboard.insert_text(code)
    page.keyboard.press("Enter")


def sign_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/pda")
    expect(page.get_by_text("Scan your badge")).to_be_visible()
    wedge(page, site.badge(who))
    expect(page.get_by_test_id("pin")).to_be_visible()
    for digit in site.PIN:
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_test_id("primary").tap()
    expect(page.get_by_test_id("flow-pick")).to_be_visible(timeout=15_000)


def controlled(page: Page) -> None:
    """Wait until the service worker serves this page, as it does from the second visit on."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def at_step(page: Page, step: str) -> None:
    expect(page.get_by_test_id("step")).to_have_attribute("data-step", step, timeout=10_000)


def pending(page: Page, n: int, timeout: int = 10_000) -> None:
    expect(page.get_by_test_id("connection")).to_have_attribute("data-pending", str(n), timeout=timeout)


def band(page: Page, level: str, key: str) -> None:
    expect(page.get_by_test_id("band")).to_have_attribute("data-level", level)
    expect(page.get_by_test_id("band")).to_have_attribute("data-key", key)


def hero(page: Page) -> str:
    """The code on the big field."""
    return page.get_by_test_id("hero").locator("strong").inner_text()

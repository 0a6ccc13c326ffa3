"""A picker's tour on the PDA: both scan paths, refusals, no network, lost answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, bounce, controlled, hero, ime, pending, sign_in, wedge

Shot = Callable[[Any, str], None]
EAN = {goods[0]: goods[3] for goods in site.GOODS}


def take_tour(page: Page, cart: str) -> None:
    page.get_by_test_id("flow-pick").tap()
    at_step(page, "cart")
    ime(page, cart)
    at_step(page, "location")


def pick_stop(page: Page, qty: int, scan: Callable[[Page, str], None]) -> None:
    """One stop: location, article, every piece, tote."""
    at_step(page, "location")
    card = page.get_by_test_id("step").get_attribute("data-card")
    scan(page, hero(page))
    at_step(page, "sku")
    ean = EAN[hero(page)]
    scan(page, ean)
    for _ in range(qty - 1):
        at_step(page, "qty")
        scan(page, ean)
    at_step(page, "tote")
    scan(page, hero(page))
    expect(page.locator(f'[data-testid=step][data-card="{card}"]')).to_have_count(0)


def drop(page: Page) -> None:
    at_step(page, "drop")
    wedge(page, "PACK-1")
    expect(page.get_by_text("Nothing to do here")).to_be_visible()


@pytest.mark.parametrize("path", ["wedge", "ime"])
def test_a_tour_by_either_scan_path(page: Page, server: Server, admin: httpx.Client, shot: Shot, path: str) -> None:
    before = server.movements()
    site.order(admin, f"PATH-{path}", {"MUG-01": 2, "LAMP-02": 1})
    sign_in(page, server.url, "picker1")
    shot(page, f"pda-menu-{path}")
    take_tour(page, "CART-1" if path == "wedge" else "CART-2")
    shot(page, f"pda-location-{path}")
    page.get_by_test_id("ahead").tap()
    stops = page.get_by_test_id("stops").locator("li")
    expect(stops).to_have_count(3)  # two picks and the drop, the next one first
    expect(stops.first).to_have_class("now")
    shot(page, f"pda-stops-{path}")
    page.get_by_test_id("close-stops").tap()
    scan = wedge if path == "wedge" else ime
    for _ in range(2):
        at_step(page, "location")
        scan(page, hero(page))
        at_step(page, "sku")
        shot(page, f"pda-sku-{path}")
        sku = hero(page)
        scan(page, EAN[sku])
        if sku == "MUG-01":
            at_step(page, "qty")
            shot(page, f"pda-qty-{path}")
            scan(page, EAN[sku])
        at_step(page, "tote")
        shot(page, f"pda-tote-{path}")
        scan(page, hero(page))
    at_step(page, "drop")
    pending(page, 0)
    shot(page, f"pda-drop-{path}")
    drop(page)
    shot(page, f"pda-done-{path}")
    assert server.movements() == before + 3


def test_a_wrong_scan_is_refused_on_the_spot_and_changes_nothing(
    page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    before = server.movements()
    site.order(admin, "WRONG-1", {"CABLE-03": 2})
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-3")
    posts: list[str] = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    wedge(page, "B-06-2")
    band(page, "error", "scan.wrong")
    shot(page, "pda-wrong-location")
    at_step(page, "location")
    wedge(page, hero(page))
    at_step(page, "sku")
    wedge(page, EAN["LOCK-06"])
    band(page, "error", "scan.wrong")
    shot(page, "pda-wrong-sku")
    at_step(page, "sku")
    bounce(page, "]E0" + EAN["CABLE-03"])  # read twice, with the identifier that some scanners put in front
    at_step(page, "qty")
    expect(page.get_by_test_id("qty")).to_have_attribute("data-value", "1")
    wedge(page, EAN["LOCK-06"])
    band(page, "error", "scan.wrong")
    expect(page.get_by_test_id("qty")).to_have_attribute("data-value", "1")  # a wrong scan never drops the count
    page.get_by_role("button", name="5", exact=True).tap()
    page.get_by_test_id("primary").tap()
    band(page, "error", "scan.too_many")
    page.get_by_role("button", name="Erase").tap()
    page.get_by_role("button", name="2", exact=True).tap()
    page.get_by_test_id("primary").tap()
    at_step(page, "tote")
    wedge(page, "TOTE-99")
    band(page, "error", "scan.wrong")
    assert posts == []
    assert server.movements() == before
    wedge(page, hero(page))
    drop(page)
    assert server.movements() == before + 2


def test_an_order_is_picked_without_a_network_and_arrives_exactly_once(
    page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    before = server.movements()
    order_id = site.order(admin, "OFFLINE-1", {"BOOK-04": 1, "BALL-05": 2})
    sign_in(page, server.url, "picker2")
    controlled(page)
    take_tour(page, "CART-4")
    page.context.set_offline(True)
    pick_stop(page, 1 if "BOOK" in shown(page) else 2, ime)
    pending(page, 1)
    shot(page, "pda-offline-pending")
    page.reload()
    pending(page, 1)
    at_step(page, "location")
    shot(page, "pda-offline-reloaded")
    pick_stop(page, 1 if "BOOK" in shown(page) else 2, wedge)
    pending(page, 2)
    at_step(page, "drop")
    wedge(page, "PACK-1")
    pending(page, 3)
    shot(page, "pda-offline-needs-network")
    assert server.movements() == before
    page.context.set_offline(False)
    pending(page, 0)
    expect(page.get_by_text("Nothing to do here")).to_be_visible()
    assert server.movements() == before + 3
    lines = admin.get(f"/api/v1/orders/{order_id}").json()["lines"]
    assert {x["sku"]: x["picked_each"] for x in lines} == {"BOOK-04": 1, "BALL-05": 2}


def shown(page: Page) -> str:
    """All the words on the screen."""
    return page.locator("main").inner_text()


def test_a_lost_answer_is_asked_for_again_and_done_once(page: Page, server: Server, admin: httpx.Client) -> None:
    before = server.movements()
    site.order(admin, "LOST-1", {"LOCK-06": 1})
    sign_in(page, server.url, "picker2")
    take_tour(page, "CART-5")
    cut: list[str] = []
    replayed: list[str] = []

    def cut_first(route: Route) -> None:
        key = route.request.headers["idempotency-key"]
        if cut:
            route.continue_()
            return
        cut.append(key)
        route.fetch()
        route.abort("connectionreset")

    page.route("**/api/v1/pda/pick/tasks/*", cut_first)
    page.on(
        "response",
        lambda r: (
            replayed.append(r.request.headers["idempotency-key"]) if r.headers.get("idempotent-replayed") else None
        ),
    )
    pick_stop(page, 1, wedge)
    page.wait_for_function("() => document.querySelector('[data-testid=connection]').dataset.pending === '1'")
    pending(page, 0)
    assert replayed == cut
    assert server.movements() == before + 1
    drop(page)


def test_sign_out_waits_for_what_is_not_sent(page: Page, server: Server, admin: httpx.Client) -> None:
    site.order(admin, "STAY-1", {"MUG-01": 1})
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-6")
    page.context.set_offline(True)
    pick_stop(page, 1, ime)
    pending(page, 1)
    page.get_by_test_id("back").tap()
    page.get_by_test_id("sign-out").tap()
    band(page, "error", "lib.sign_out_blocked")
    page.context.set_offline(False)
    pending(page, 0)
    page.get_by_test_id("flow-pick").tap()
    drop(page)


def test_the_last_pick_can_be_taken_back(page: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    before = server.movements()
    site.order(admin, "UNDO-1", {"MUG-01": 1, "LOCK-06": 1})
    sign_in(page, server.url, "picker1")
    page.get_by_test_id("flow-pick").tap()
    at_step(page, "cart")
    cart = httpx.get(f"{server.url}/api/v1/pda/pick/carts", headers=dict(admin.headers)).json()[0]
    wedge(page, cart)
    at_step(page, "location")
    first = hero(page)
    pick_stop(page, 1, wedge)
    pending(page, 0)
    page.get_by_test_id("problem").tap()
    shot(page, "pda-undo")
    page.get_by_test_id("undo").tap()
    band(page, "warn", "pick.undone")
    assert hero(page) == first, "the stop is open again"
    for _ in range(2):
        pick_stop(page, 1, wedge)
    pending(page, 0)
    assert server.movements() == before + 3
    assert server.movements("undo pick") == 1
    drop(page)

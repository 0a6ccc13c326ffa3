"""Moves are proposed on the console with the floor before and after, approved, and walked on the PDA without the network."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import hands, site
from tests.e2e.conftest import Server
from tests.e2e.test_console import sign_in
from tests.e2e.test_pda_pick import EAN

Shot = Callable[[Any, str], None]
Json = dict[str, Any]


def test_moves_are_seen_approved_and_walked(
    desk: Page, page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    walk_tours(server, admin, 3)
    sign_in(desk, server.url)
    desk.get_by_test_id("nav-slotting").click()
    expect(desk.get_by_text("No proposal yet")).to_be_visible()
    desk.get_by_test_id("propose").click()
    moves = desk.get_by_test_id("table-moves").locator("tbody tr")
    expect(moves.first).to_contain_text("from the benches")
    expect(desk.get_by_test_id("slotting-sum")).to_contain_text("less walk a day")
    moves.filter(has_text="BALL-05").first.click()
    for width, height in ((1280, 800), (1920, 1080)):
        desk.set_viewport_size({"width": width, "height": height})
        desk.get_by_text("Before", exact=True).click()
        shot(desk, f"console-slotting-before-{width}")
        desk.get_by_text("After", exact=True).click()
        desk.wait_for_timeout(400)
        shot(desk, f"console-slotting-{width}")
    count = moves.count()
    desk.get_by_test_id("approve-moves").click()
    expect(desk.get_by_test_id("slotting").get_by_text("approved", exact=True).first).to_be_visible()
    assert admin.get("/api/v1/work/open").json()["move"] == count

    hands.sign_in(page, server.url, "picker2")
    page.get_by_test_id("flow-move").tap()
    hands.at_step(page, "from")
    shot(page, "pda-move-from")
    page.context.set_offline(True)
    hands.wedge(page, hands.hero(page))
    hands.at_step(page, "sku")
    sku = hands.hero(page)
    hands.wedge(page, EAN[sku])
    hands.at_step(page, "qty")
    shot(page, "pda-move-qty")
    for digit in str(held(admin, sku)):
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_test_id("primary").tap()
    hands.at_step(page, "to")
    shot(page, "pda-move-to")
    target = hands.hero(page)
    hands.wedge(page, target)
    page.context.set_offline(False)
    hands.pending(page, 0)
    site.until(lambda: server.movements("move") > 0, "the move in the ledger")
    (slot,) = [s for s in admin.get(f"/api/v1/slotting/slots?q={target}").json() if s["location"] == target]
    assert slot["sku"] == sku and "from the benches" in slot["why"]
    expect(moves.filter(has_text=target).filter(has_text="done").first).to_be_visible()


def held(admin: httpx.Client, sku: str) -> int:
    """Pieces of a SKU in its bin."""
    rows = admin.get(f"/api/v1/stock?q={sku}").json()
    return max(int(r["qty_each"]) for r in rows if r["sku"] == sku and r["place_kind"] == "location")


def walk_tours(server: Server, admin: httpx.Client, tours: int) -> None:
    """Tours through the PDA's own API: what lies furthest is picked in each."""
    picker = httpx.Client(base_url=server.url, timeout=30)
    signed = picker.post("/api/v1/sign-in", json={"badge": site.badge("picker1"), "pin": site.PIN}, headers=key())
    picker.headers["authorization"] = f"Bearer {signed.json()['token']}"
    picker.cookies.clear()
    for n in range(1, tours + 1):
        site.order(admin, f"SLOT-{n}", {"LOCK-06": 1, "BALL-05": 1 + n % 2})
        cards = send(picker, "/api/v1/pda/pick/claim")["cards"]
        cards = send(picker, cards[0]["submit"], cart=f"CART-{n}")["cards"]
        for card in cards[:-1]:
            show = card["show"]
            send(picker, card["submit"], location=show["location"], sku=show["sku"], qty=show["qty"], tote=show["tote"])
        send(picker, cards[-1]["submit"], drop="PACK-1")


def send(client: httpx.Client, path: str, **answers: Any) -> Json:
    reply = client.post(path, json={"answers": answers} if answers else {}, headers=key())
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}

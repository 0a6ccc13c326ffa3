"""The returns bench on a PDA, and returns on the console, in a real browser."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e import devices, site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, hero, sign_in, wedge
from tests.e2e.test_console import sign_in as sign_in_console
from tests.e2e.test_pda_pick import EAN

Shot = Callable[[Any, str], None]
TO = {
    "name": "Ada Lovelace",
    "street": "1 Dock Road",
    "city": "Wharf",
    "postcode": "12345",
    "country": "DE",
    "email": "ada@example.org",
}


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 480), (120, 90, 60)).save(out, "JPEG")
    return out.getvalue()


class Host:
    """The order system and the rest of the house, by API."""

    def __init__(self, admin: httpx.Client, server: Server) -> None:
        self.admin, self.server = admin, server

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.admin.post(f"/api/v1{path}", json={} if body is None else body)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def cards(self, card: Any, **answers: Any) -> list[Any]:
        told: list[Any] = self.post(card["submit"].removeprefix("/api/v1"), {"answers": answers})["cards"]
        return told

    def ship(self, ref: str, lines: dict[str, int], cart: str, email: str) -> None:
        """An order walks through the house: picked, packed, weighed, labelled, loaded, gone."""
        body = {
            "ref": ref,
            "lines": [{"sku": s, "qty_each": q, "value_cents": 4_500} for s, q in lines.items()],
            "destination": {**TO, "email": email},
        }
        order_id = self.post("/orders", [body])["ids"][0]
        site.until(lambda: self.admin.get("/api/v1/work/open").json().get("pick", 0) > 0, f"a tour for {ref}")
        cards = self.cards(self.post("/pda/pick/claim")["cards"][0], cart=cart)
        tote = cards[0]["show"]["tote"]
        for card in cards[:-1]:
            show = card["show"]
            self.cards(card, location=show["location"], sku=show["sku"], qty=show["qty"], tote=show["tote"])
        self.cards(cards[-1], drop="PACK-1")
        card = self.cards(self.post("/pda/pack/PACK-1/claim")["cards"][0], tote=tote)[0]
        right = {s["id"]: s["max"] if s["kind"] == "quantity" else (s["accept"] or ["ok"])[0] for s in card["steps"]}
        card = self.cards(card, **right)[0]
        devices.weigh(self.server, card["show"]["expected_g"])
        poll = card["steps"][0]["poll"]

        def applied() -> bool:
            devices.prints(self.server)
            nonlocal card
            card = self.admin.get(poll).json()["cards"][0]
            return str(card["id"]).startswith("apply:")

        site.until(applied, f"the label of {ref}")
        sscc = card["show"]["sscc"]
        self.cards(card, label=sscc)
        site.until(
            lambda: self.admin.get(f"/api/v1/orders/{order_id}").json()["state"] == "labelled", f"{ref} labelled"
        )
        load = {"answers": {"parcel": sscc}}
        site.until(
            lambda: self.admin.post("/api/v1/pda/load/parcel", json=load).status_code == 200, f"{ref} on its truck"
        )
        self.post("/dock/manifests/POST/close")
        site.until(lambda: self.admin.get(f"/api/v1/orders/{order_id}").json()["state"] == "shipped", f"{ref} shipped")


@pytest.fixture(scope="module")
def loaded(server: Server) -> dict[str, str]:
    """A bench, a policy, four shipped orders and the returns of three. Order to return's number."""
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=30) as admin:
        host = Host(admin, server)
        host.post("/work/stations", [{"code": "RET-1", "kind": "returns", "location": "DOCK-1"}])
        host.post("/returns/policies?dry_run=false", {"valid_from": "2020-01-01", "rows": [
            {"countries": "DE", "days_max": 30, "method": "label", "address": "Wharf Returns, 1 Dock Road, 12345 Wharf, DE", "label_cents": 350},
        ]})  # fmt: skip
        admin.put(
            "/api/v1/returns/site",
            json={"recipes": [{"text": "Clean it and put it into a new bag.", "text_zh": "清洁后装入新袋。"}]},
        )
        orders = {
            "BACK-1": {"MUG-01": 2, "CABLE-03": 1},
            "BACK-2": {"BOOK-04": 1},
            "BACK-3": {"LAMP-02": 1},
            "BACK-4": {"MUG-01": 1},
        }
        numbers = {}
        for n, (ref, lines) in enumerate(orders.items(), 1):
            host.ship(ref, lines, f"CART-{n}", TO["email"] if ref != "BACK-4" else "another@example.org")
            if ref == "BACK-4":
                continue
            asked = [{"sku": s, "qty_each": q} for s, q in lines.items()]
            numbers[ref] = host.post(
                "/returns", {"ref": f"R-{ref}", "order": ref, "reason": "does_not_fit", "lines": asked}
            )["number"]
        return numbers


def item(page: Page, ean: str, grade: str) -> None:
    """Scan the only piece of an item and grade it."""
    at_step(page, "item")
    wedge(page, ean)
    at_step(page, "grade")
    page.get_by_test_id(f"option-grade_{grade}").tap()


def test_the_bench_receives_grades_and_puts_in_totes(
    page: Page, server: Server, loaded: dict[str, str], shot: Shot
) -> None:
    sign_in(page, server.url, "packer1")
    shot(page, "pda-menu-returns")
    page.get_by_test_id("flow-returns").tap()
    at_step(page, "parcel")
    shot(page, "pda-returns-arrival")
    wedge(page, "NOBODYS-PARCEL")
    band(page, "error", "error.returns.unknown_parcel")
    wedge(page, loaded["BACK-1"])
    at_step(page, "item")
    shot(page, "pda-returns-items")
    wedge(page, EAN["LAMP-02"])
    band(page, "error", "error.returns.not_of_order")
    wedge(page, EAN["MUG-01"])
    at_step(page, "qty")
    page.get_by_role("button", name="2", exact=True).tap()
    shot(page, "pda-returns-count")
    page.get_by_test_id("primary").tap()
    at_step(page, "grade")
    expect(page.get_by_test_id("hero")).to_contain_text("MUG-01")
    shot(page, "pda-returns-grade")
    page.get_by_test_id("option-grade_a").tap()
    at_step(page, "unit")
    shot(page, "pda-returns-tote")
    wedge(page, "TOTE-81")
    item(page, EAN["CABLE-03"], "c")
    at_step(page, "reason")
    shot(page, "pda-returns-reason")
    page.get_by_test_id("option-scratched").tap()
    at_step(page, "photo")
    page.get_by_test_id("camera").set_input_files({"name": "cable.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    expect(page.get_by_test_id("photo")).to_be_visible()
    shot(page, "pda-returns-photo")
    page.get_by_test_id("primary").tap()
    at_step(page, "unit")
    wedge(page, "TOTE-82")
    at_step(page, "done")
    shot(page, "pda-returns-all-here")
    page.get_by_test_id("primary").tap()
    at_step(page, "parcel")
    assert server.movements("return") == 3 and server.movements("return grade A") == 2


def test_an_empty_box_a_parcel_without_order_and_something_to_mend(
    page: Page, server: Server, loaded: dict[str, str], shot: Shot
) -> None:
    sign_in(page, server.url, "packer1")
    page.get_by_test_id("flow-returns").tap()
    at_step(page, "parcel")
    wedge(page, loaded["BACK-2"])
    at_step(page, "item")
    page.get_by_test_id("problem").tap()
    shot(page, "pda-returns-problems")
    page.get_by_text("Wrong goods are in it").tap()
    at_step(page, "what")
    wedge(page, "a brick")
    at_step(page, "item")
    page.get_by_test_id("problem").tap()
    page.get_by_text("Everything has come").tap()
    at_step(page, "parcel")
    wedge(page, loaded["BACK-3"])
    item(page, EAN["LAMP-02"], "b")
    at_step(page, "reason")
    page.get_by_test_id("option-dirty").tap()
    at_step(page, "photo")
    page.get_by_test_id("problem").tap()
    page.get_by_text("No camera here").tap()
    at_step(page, "reason")
    page.get_by_test_id("option-dirty").tap()
    at_step(page, "done")
    page.get_by_test_id("primary").tap()
    at_step(page, "parcel")
    page.get_by_test_id("problem").tap()
    page.get_by_text("No order is known").tap()
    at_step(page, "marks")
    wedge(page, "Lovelace Wharf")
    at_step(page, "photo")
    page.get_by_test_id("camera").set_input_files({"name": "box.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    page.get_by_test_id("primary").tap()
    at_step(page, "return")
    assert hero(page).startswith("NO000")
    shot(page, "pda-returns-shelved")
    page.get_by_test_id("primary").tap()
    at_step(page, "parcel")
    page.get_by_test_id("problem").tap()
    page.get_by_text("Refurbish something").tap()
    at_step(page, "done")
    expect(page.get_by_text("Clean it and put it into a new bag.")).to_be_visible()
    shot(page, "pda-returns-mend")
    page.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")
    page.reload()
    expect(page.get_by_text("清洁后装入新袋。")).to_be_visible()
    shot(page, "pda-returns-mend-zh")
    page.get_by_test_id("primary").tap()
    at_step(page, "grade")
    shot(page, "pda-returns-grade-zh")


def test_the_console_shows_what_a_person_must_decide(
    desk: Page, server: Server, loaded: dict[str, str], shot: Shot
) -> None:
    sign_in_console(desk, server.url)
    desk.get_by_test_id("nav-returns").click()
    flags = desk.get_by_test_id("table-return-flags")
    expect(flags).to_contain_text("wrong goods in the parcel")
    expect(desk.get_by_test_id("table-shelf")).to_contain_text("Lovelace Wharf")
    expect(desk.get_by_test_id("months")).to_be_visible()
    desk.wait_for_timeout(300)
    shot(desk, "console-returns")
    desk.get_by_text("All returns").click()
    desk.get_by_test_id("table-returns").get_by_text(loaded["BACK-1"]).click()
    expect(desk.get_by_test_id("one-return")).to_contain_text("prepaid label")
    desk.wait_for_timeout(300)
    shot(desk, "console-returns-one")
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Find its order").click()
    expect(desk.get_by_test_id("table-candidates")).to_contain_text("BACK-1")
    desk.wait_for_timeout(300)
    shot(desk, "console-returns-find")
    desk.keyboard.press("Escape")
    flags.get_by_role("button", name="Clear").click()
    desk.get_by_role("dialog").get_by_role("textbox").fill("his own brick")
    desk.get_by_test_id("ask-ok").click()
    expect(flags).to_have_count(0)
    desk.get_by_text("中文").first.click()
    expect(desk.locator("main")).to_contain_text("无单包裹")
    desk.wait_for_timeout(300)
    shot(desk, "console-returns-zh")


def test_a_label_that_no_carrier_sells_is_seen_and_decided_again(
    desk: Page, server: Server, admin: httpx.Client, loaded: dict[str, str], shot: Shot
) -> None:
    host = Host(admin, server)
    depot = {"name": "Wharf Returns", "street": "1 Dock Road", "city": "Wharf", "postcode": "12345", "country": "DE"}
    assert admin.put("/api/v1/returns/site", json={"depot": depot}).status_code == 200
    row = {
        "countries": "DE",
        "days_max": 30,
        "method": "label",
        "address": "Wharf Returns, 1 Dock Road",
        "service": "PARCEL-BACK",
    }
    host.post("/returns/policies?dry_run=false", {"valid_from": "2020-01-01", "rows": [row]})
    body = {"ref": "R-BACK-4", "order": "BACK-4", "reason": "does_not_fit", "lines": [{"sku": "MUG-01", "qty_each": 1}]}
    rma = host.post("/returns", body)
    site.until(lambda: admin.get(f"/api/v1/returns/{rma['id']}").json()["state"] == "held", "the carrier's refusal")
    sign_in_console(desk, server.url)
    desk.goto(f"{server.url}/console?page=returns&return={rma['id']}")
    one = desk.get_by_test_id("one-return")
    expect(one).to_contain_text("The carrier sells no label")
    expect(one).to_contain_text("PARCEL-BACK sells no label: No such shipping service.")
    expect(one.get_by_text("Return label", exact=True)).to_have_count(0)
    shot(desk, "console-returns-no-label")
    one.get_by_role("button", name="Decide again").click()
    why = lambda: [w["step"] for w in admin.get(f"/api/v1/returns/{rma['id']}").json()["why"]]  # noqa: E731
    site.until(lambda: why().count("held") == 2, "the second refusal")
    host.post("/returns/policies?dry_run=false", {"valid_from": "2020-01-01", "rows": [{**row, "house_label": True}]})
    expect(one).to_contain_text("our own label instead")
    expect(one.get_by_text("Return label", exact=True)).to_be_visible()
    one.get_by_role("button", name="Cancel the return").click()
    desk.get_by_role("dialog").last.get_by_role("textbox").fill("the customer keeps it")
    desk.get_by_test_id("ask-ok").click()
    expect(one).to_contain_text("cancelled")
    shot(desk, "console-returns-cancelled")

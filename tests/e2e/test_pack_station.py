"""The pack station's screen at a desk: single pieces matched by scanning them, a fragile gift packed by its recipe."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.devices import expected_g, prints, weigh
from tests.e2e.hands import at_step, band, hero, sign_in, wedge
from tests.e2e.test_console import sign_in as console_sign_in
from tests.e2e.test_pda_pick import EAN, drop, pick_stop, take_tour

Shot = Callable[[Any, str], None]
STATION: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "has_touch": True}


@pytest.fixture
def station(browser: Browser) -> Iterator[Page]:
    """A touch screen on the bench."""
    context = browser.new_context(**STATION, locale="en-GB")
    yield context.new_page()
    context.close()


def sit_down(station: Page, server: Server) -> None:
    sign_in(station, server.url, "packer1")
    station.get_by_test_id("flow-pack").tap()
    station.get_by_test_id("station-PACK-1").tap()
    at_step(station, "tote")


def label(station: Page, server: Server, shot: Shot, name: str) -> None:
    """The scale agrees, the label comes out and is scanned on."""
    at_step(station, "wait")
    shot(station, f"{name}-scale")
    weigh(server, expected_g(server))
    site.until(lambda: prints(server) == 0 and _step(station) == "label", "the label")
    shot(station, f"{name}-label")
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        row = db.execute("SELECT sscc FROM parcel WHERE state = 'printed'").fetchone()
    assert row is not None
    wedge(station, str(row[0]))
    band(station, "ok", "pack.labelled")


def test_single_pieces_are_matched_at_the_bench(
    page: Page, station: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    stream = {"seq": 1, "mode": "stream", "method": "singles"}
    assert admin.put("/api/v1/release-channels/singles", json=stream).status_code == 200
    for ref, cutoff in (("LATER", "2099-01-02T00:00:00Z"), ("SOONER", "2099-01-01T00:00:00Z")):
        body = [
            {
                "ref": ref,
                "lines": [{"sku": "MUG-01", "qty_each": 1}],
                "destination": {"country": "DE"},
                "cutoff_at": cutoff,
            }
        ]
        assert admin.post("/api/v1/orders", json=body).status_code == 200
        site.until(lambda ref=ref: admin.get(f"/api/v1/orders?q={ref}").json()["orders"][0]["state"] == "released", ref)
    site.until(lambda: admin.get("/api/v1/work/open").json().get("pick", 0) == 2, "their picks")
    sign_in(page, server.url, "picker1")
    carts = 0
    while admin.get("/api/v1/work/open").json().get("pick", 0):  # one tour, or one for each where the stream was quick
        carts += 1
        take_tour(page, f"CART-{carts}")
        shot(page, "pda-singles-pick")
        pick_stop(
            page,
            int(page.get_by_test_id("step").get_attribute("data-card") is not None) * _pieces(server, carts),
            wedge,
        )
        drop(page)
        page.get_by_test_id("back").tap()
    sit_down(station, server)
    station.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")  # looked at in the other language
    station.reload()
    at_step(station, "tote")
    shot(station, "station-tote")
    for n in range(1, carts + 1):
        wedge(station, f"TOTE-{n}1")
        at_step(station, "item")
        shot(station, "station-singles-item")
        for _ in range(2 // carts):
            wedge(station, EAN["MUG-01"])
            at_step(station, "carton")
            expect(station.locator(".block.next")).to_have_count(1)  # the piece in hand, where it goes
            shot(station, "station-singles-carton")
            wedge(station, hero(station))
            label(station, server, shot, "station-singles")
    at_step(station, "tote")
    labelled = [o["ref"] for o in admin.get("/api/v1/orders?state=labelled").json()["orders"]]
    assert sorted(labelled) == ["LATER", "SOONER"]
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        (first,) = db.execute(
            "SELECT o.ref FROM parcel p JOIN customer_order o ON o.id = p.order_id ORDER BY p.id LIMIT 1"
        ).fetchone() or ("",)
    assert first == "SOONER"
    assert admin.delete("/api/v1/release-channels/singles").status_code == 200


def _pieces(server: Server, cart: int) -> int:
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        row = db.execute(
            "SELECT count(*) FROM task t JOIN tour r ON r.id = t.group_id WHERE r.cart = %s", [f"CART-{cart}"]
        ).fetchone()
    return int(row[0]) if row else 0


def test_a_fragile_gift_is_packed_by_its_recipe(
    page: Page, station: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    def post(path: str, body: Any) -> Any:
        answer = admin.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    post("/catalog/skus", [{"code": "LAMP-02", "name": "Desk lamp with clamp", "name_zh": "夹式台灯", "length_mm": 240, "width_mm": 130,
                            "height_mm": 90, "weight_g": 820, "codes": [[EAN["LAMP-02"], "EA"]], "fragile": True}])  # fmt: skip
    post("/packs/materials", [
        {"code": "SHELL-7", "kind": "inner", "name": "Foam shell", "name_zh": "泡沫壳", "supplier": "Foam AG", "revision": "3", "weight_g": 60},
        {"code": "CUSHION", "kind": "dunnage", "name": "Paper cushion", "name_zh": "纸垫", "supplier": "Pulp", "revision": "1", "weight_g": 20},
    ])  # fmt: skip
    made = post("/packs/versions", {"sku": "LAMP-02", "carton": "L", "recipe": [
        {"material": "SHELL-7", "text": "Clamp first, then close the shell", "text_zh": "先放夹子，再合上泡沫壳"}, {"material": "CUSHION", "qty": 2},
    ]})  # fmt: skip
    for kind in ("ista_3a", "compression", "compression", "compression"):
        post(f"/packs/versions/{made['id']}/tests", {"kind": kind, "passed": True, "lab": "Lab Nord", "tested_on": "2026-01-15", "weight_g": 1200,
                                                     "file_name": "report.pdf", "file_base64": "JVBERi0xLjc="})  # fmt: skip
    body = {"ref": "GIFT", "lines": [{"sku": "LAMP-02", "qty_each": 1}, {"sku": "MUG-01", "qty_each": 2}], "destination": {"country": "DE", "name": "Ada"},
            "gift": {"message": "Happy birthday, Ada!", "wrap": True}}  # fmt: skip
    (order_id,) = post("/orders", [body])["ids"]
    site.until(lambda: admin.get(f"/api/v1/orders/{order_id}").json()["state"] == "released", "GIFT to be released")
    site.until(lambda: admin.get("/api/v1/work/open").json().get("pick", 0) > 0, "its tour")
    sign_in(page, server.url, "picker1")
    take_tour(page, "CART-5")
    for _ in range(2):
        at_step(page, "location")
        pick_stop(page, 2 if "MUG-01" in page.locator("main").inner_text() else 1, wedge)
    drop(page)
    sit_down(station, server)
    for n in (1, 2):  # the lamp by itself, the mugs by themselves
        if _step(station) != "carton":
            wedge(station, "TOTE-51")
            at_step(station, "carton")
        expect(station.get_by_test_id("isometric")).to_be_visible()
        wedge(station, hero(station))
        _fill(station, shot, f"station-{n}")
        label(station, server, shot, f"station-{n}")
    assert admin.get(f"/api/v1/orders/{order_id}").json()["state"] == "labelled"
    site.until(lambda: _gift_printed(server), "the gift card")


def _step(station: Page) -> str:
    return station.get_by_test_id("step").get_attribute("data-step") or ""


def _fill(station: Page, shot: Shot, name: str) -> None:
    """Answer every step until the scale is waited for."""
    while (step := _step(station)) != "wait":
        shot(station, f"{name}-{step.replace(':', '-')}")
        if step.startswith("extra:"):
            _extra(station)
            expect(station.get_by_test_id("step")).not_to_have_attribute("data-step", step)
            continue
        if station.get_by_test_id("qty").count() == 0:  # on its way to the server
            continue
        before = station.get_by_test_id("qty").get_attribute("data-value") or ""
        wedge(station, EAN["LAMP-02"] if "lamp" in station.locator("main").inner_text() else EAN["MUG-01"])
        station.wait_for_function(
            """([step, before]) => document.querySelector("[data-testid=step]")?.dataset.step !== step
               || document.querySelector("[data-testid=qty]")?.dataset.value !== before""",
            arg=[step, before],
        )


def _extra(station: Page) -> None:
    said = station.locator("h1").inner_text()
    if "Foam shell" in said:
        expect(station.locator(".hint")).to_contain_text("Clamp first")
        wedge(station, "CUSHION")
        band(station, "error", "scan.wrong")
        wedge(station, "SHELL-7")
    elif "Paper cushion" in said:
        wedge(station, "CUSHION")
    else:
        if "gift card" in said:
            expect(station.locator(".hint")).to_contain_text("Happy birthday, Ada!")
        station.get_by_test_id("primary").tap()


def _gift_printed(server: Server) -> bool:
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        return bool(db.execute("SELECT 1 FROM print_job WHERE kind = 'gift' AND state = 'printed'").fetchone())


def test_the_console_shows_what_the_stations_know(
    desk: Page, page: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    rule = {
        "takes": {"first_order": True, "countries": ["DE", "FR"]},
        "name": "Welcome card",
        "name_zh": "欢迎卡",
        "weight_g": 4,
    }
    assert admin.put("/api/v1/pack-station/inserts/WELCOME", json=rule).status_code == 200
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        (mug,) = db.execute("SELECT id FROM sku WHERE code = 'MUG-01'").fetchone() or (0,)
        db.execute(
            "INSERT INTO learned_weight VALUES ('sku', %s, 60, 120, 381.5, 90, 6.0, now()) ON CONFLICT (kind, key) DO UPDATE SET samples = 60, units = 120, drift_g = 6",
            [str(mug)],
        )
        db.execute("UPDATE pack_material SET revision = '4' WHERE code = 'SHELL-7'")
        row = db.execute("SELECT id, order_id FROM parcel ORDER BY id DESC LIMIT 1").fetchone()
        assert row is not None
        db.execute(
            "INSERT INTO parcel_check VALUES (gen_random_uuid(), %s, %s, now(), 'packer1', 'missing', 700, 850, 6)",
            [row[0], row[1]],
        )
    console_sign_in(desk, server.url)
    desk.get_by_test_id("nav-packing").click()
    expect(desk.get_by_test_id("table-pack-weights").locator("tr.marked")).to_contain_text("MUG-01")
    expect(desk.get_by_test_id("table-pack-checks")).to_contain_text("A piece is missing")
    expect(desk.get_by_test_id("table-packs").locator("tr.marked")).to_contain_text("has changed since the test")
    expect(desk.get_by_test_id("table-pack-inserts")).to_contain_text("a buyer's first order")
    shot(desk, "console-packing")

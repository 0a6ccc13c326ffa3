"""A service station on a phone-sized screen, a box for a marketplace, and the two console pages that show them."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.hands import at_step, band, sign_in, wedge
from tests.e2e.test_console import sign_in as console_sign_in
from tests.e2e.test_pda_pick import EAN

Shot = Callable[[Any, str], None]
BENCH = "PACK-1"


def put(admin: httpx.Client, path: str, body: Any, method: str = "POST") -> Any:
    answer = admin.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def furnish(admin: httpx.Client) -> None:
    """A service station with goods and bags at it."""
    put(admin, "/catalog/skus", [
        {"code": "POLYBAG", "name": "Bag with warning", "name_zh": "警示语塑料袋", "length_mm": 300, "width_mm": 200, "height_mm": 1,
         "weight_g": 9}
    ])  # fmt: skip
    put(admin, "/work/stations", [{"code": "VAS-1", "kind": "vas", "location": BENCH, "printer": "pr-1"}])
    put(admin, "/stock/opening?dry_run=false", [
        {"location": BENCH, "sku": sku, "qty_each": n} for sku, n in (("LAMP-02", 12), ("MUG-01", 12), ("POLYBAG", 50))
    ])  # fmt: skip


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), "#c8843c").save(out, "PNG")
    return out.getvalue()


def sit_down(page: Page, server: Server) -> None:
    sign_in(page, server.url, "packer1")
    page.get_by_test_id("flow-vas").tap()
    page.get_by_test_id("station-VAS-1").tap()


def test_a_recipe_is_worked_step_by_step(
    page: Page, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    furnish(admin)
    put(admin, "/value-added/recipes/BAG", {
        "name": "Bag, relabel, photograph", "name_zh": "装袋、贴标、拍照", "consumables": [["POLYBAG", 1]], "minutes": 1.5, "round_each": 2,
        "steps": [
            {"kind": "scan", "code": "POLYBAG", "text": "Take one bag for each unit", "text_zh": "每件取一个袋子"},
            {"kind": "confirm", "text": "Seal it with the warning outside", "text_zh": "封口，警示语朝外"},
            {"kind": "label", "label": "unit", "code": "X00LAMP", "text": "Cover every other barcode", "text_zh": "遮盖其他条码"},
            {"kind": "photo", "text": "The label must be readable", "text_zh": "标签须清晰可读"},
        ],
    }, "PUT")  # fmt: skip
    put(
        admin,
        "/value-added/orders",
        {"ref": "WO-1001", "recipe": "BAG", "qty_each": 3, "sku": "LAMP-02", "place": BENCH},
    )
    sit_down(page, server)
    at_step(page, "location")
    shot(page, "vas-place")
    wedge(page, BENCH)
    page.wait_for_function("document.querySelector('[data-testid=step]').dataset.step.startsWith('sku:')")
    shot(page, "vas-units")
    for _ in (1, 2):
        wedge(page, EAN["LAMP-02"])
    at_step(page, "step:0")
    shot(page, "vas-bag")
    page.reload()  # half a round survives
    at_step(page, "step:0")
    wedge(page, "POLYBAG")
    at_step(page, "step:1")
    shot(page, "vas-confirm")
    page.get_by_test_id("primary").tap()
    at_step(page, "step:2")
    shot(page, "vas-labels")
    for _ in (1, 2):
        wedge(page, "X00LAMP")
    at_step(page, "step:3")
    page.get_by_test_id("camera").set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": picture()})
    expect(page.get_by_test_id("photo")).to_be_visible()
    shot(page, "vas-photo")
    page.get_by_test_id("primary").tap()
    band(page, "ok", "vas.next_round")
    site.until(lambda: admin.get("/api/v1/value-added/orders").json()[0]["done_each"] == 2, "the first round")
    console_sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=services")
    expect(desk.get_by_text("WO-1001")).to_be_visible()
    desk.get_by_role("button", name="Photos (1)").click()
    expect(desk.locator(".photos img")).to_be_visible()
    shot(desk, "services-photos")
    desk.keyboard.press("Escape")
    shot(desk, "services")


def test_a_box_is_filled_weighed_and_labelled(
    page: Page, desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    for order in admin.get("/api/v1/value-added/orders").json():
        if order["state"] in ("open", "working"):
            put(admin, f"/value-added/orders/{order['id']}/cancel", {"reason": "next test"})
    put(admin, "/fba/shipments", {
        "ref": "FBA15DEMO", "centre": "ONT8", "place": BENCH, "each_max": 2,
        "address": {"name": "Fulfilment centre ONT8", "city": "Moreno Valley", "country": "US"},
        "lines": [{"sku": "MUG-01", "fnsku": "X00MUG", "qty_each": 3, "prep": ["label"]}],
    })  # fmt: skip
    sit_down(page, server)
    at_step(page, "location")
    page.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")  # looked at in the other language
    page.reload()
    at_step(page, "location")
    shot(page, "vas-place-zh")
    wedge(page, BENCH)
    page.wait_for_function("document.querySelector('[data-testid=step]')?.dataset.step.startsWith('sku:')")
    for code, times in ((EAN["MUG-01"], 3), ("X00MUG", 3)):
        for _ in range(times):
            wedge(page, code)
    at_step(page, "item")
    shot(page, "fba-item")
    wedge(page, "X00MUG")
    at_step(page, "carton")
    wedge(page, "L")
    page.wait_for_function("document.querySelector('[data-testid=step]')?.dataset.card.startsWith('box:')")
    at_step(page, "item")
    shot(page, "fba-fill")
    wedge(page, "X00MUG")
    at_step(page, "weight_g")
    shot(page, "fba-weigh")
    for digit in "1050":
        page.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_test_id("primary").tap()
    at_step(page, "box")
    shot(page, "fba-label")
    wedge(page, "FBA15DEMOU000001")
    band(page, "ok", "vas.box_done")
    console_sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=services")
    expect(desk.get_by_text("X00MUG −1 (not boxed)")).to_be_visible()
    with desk.expect_download() as file:
        desk.get_by_role("link", name="CSV").click()
    assert "FBA15DEMOU000001" in file.value.path().read_text()
    desk.get_by_role("button", name="It has left").click()
    desk.get_by_label("Reason").fill("one was broken")
    shot(desk, "fba-depart")
    desk.get_by_test_id("ask-ok").click()
    site.until(lambda: admin.get("/api/v1/fba/shipments").json()[0]["state"] == "departed", "its departure")


def test_carton_sizes_are_chosen_and_accepted(desk: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    with psycopg.connect(server.database.replace("+psycopg", ""), autocommit=True) as db:
        columns = db.execute("""
            SELECT column_name, data_type FROM information_schema.columns
            WHERE table_name = 'parcel' AND is_nullable = 'NO' AND column_default IS NULL""").fetchall()  # fmt: skip
        empty = {"uuid": "gen_random_uuid()", "text": "''", "jsonb": "'[]'::jsonb", "boolean": "false",
                 "timestamp with time zone": "now()"}  # fmt: skip
        given = {
            "state": "'labelled'",
            "carton": "'L'",
            "sscc": "'t' || n",
            "items": "jsonb_build_object(s.id::text, 1 + n % 4)",
        }
        values = (
            {name: given.get(name, empty.get(kind, "0")) for name, kind in columns} | given | {"labelled_at": "now()"}
        )
        db.execute(
            f"INSERT INTO parcel ({', '.join(values)}) SELECT {', '.join(values.values())} "  # type: ignore[arg-type]  # noqa: S608
            "FROM sku s CROSS JOIN generate_series(1, 20) n WHERE s.code <> 'POLYBAG'"
        )
    console_sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=assortment")
    expect(desk.get_by_test_id("cartons")).to_be_visible()
    desk.get_by_test_id("choose").click()
    expect(desk.get_by_test_id("accept")).to_be_visible(timeout=60_000)
    shot(desk, "assortment")
    desk.get_by_test_id("accept").click()
    expect(desk.get_by_test_id("accept-ok")).to_be_visible()
    shot(desk, "assortment-accept")
    desk.get_by_test_id("accept-ok").click()
    site.until(lambda: len(admin.get("/api/v1/assortment").json()["cartons"]) > 2, "the new cartons")
    assert "L" not in {c["code"] for c in admin.get("/api/v1/assortment").json()["cartons"]}

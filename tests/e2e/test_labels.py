"""The console's labels page in a real browser: previews, a printer's work moved in two taps, a reprint with its reason."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server


def prepare(server: Server, admin: httpx.Client) -> None:
    """Three printers, one in fault; a label printed, one of unknown end."""
    answer = admin.post("/api/v1/labels/printers", json=[
        {"code": "pr-1", "fallback": ["pr-2", "pr-9", "office"]}, {"code": "pr-2", "dpi": 300, "language": "tspl"},
        {"code": "pr-9", "kind": "mobile", "width_mm": 50, "height_mm": 30},
        {"code": "office", "kind": "office", "language": "pdf", "width_mm": 210, "height_mm": 297, "stock": "a4"},
    ])  # fmt: skip
    assert answer.status_code == 200, answer.text
    for kind in ("ship", "location", "lpn"):
        assert admin.post("/api/v1/labels/printers/pr-1/test", json={"kind": kind}).status_code == 200
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        db.execute("UPDATE printer SET state = 'fault', fault = 'printer.head_open' WHERE code = 'pr-1'")
        db.execute("UPDATE printer SET state = 'online' WHERE code IN ('pr-2', 'pr-9')")
        db.execute("UPDATE print_job SET state = 'printed' WHERE kind = 'location'")
        db.execute("UPDATE print_job SET state = 'unknown', code = 'printer.state_unknown' WHERE kind = 'ship'")


def sign_in(desk: Page, server: Server, query: str = "page=labels") -> None:
    """Over the API, so that the page opens signed in."""
    badge = {"badge": site.badge("boss"), "pin": site.PIN}
    desk.goto(f"{server.url}/console.html?{query}")
    answer = desk.request.post(f"{server.url}/api/v1/sign-in", data=json.dumps(badge),
                               headers={"content-type": "application/json", "idempotency-key": str(uuid4())})  # fmt: skip
    assert answer.ok, answer.text()
    desk.reload()


def test_previews_moves_and_reprints(
    server: Server, admin: httpx.Client, desk: Page, shot: Callable[[Any, str], None]
) -> None:
    prepare(server, admin)
    problems: list[str] = []
    desk.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(desk, server)
    printers, jobs = desk.get_by_test_id("table-printers"), desk.get_by_test_id("table-jobs")
    expect(printers.get_by_text("head open")).to_be_visible()
    jobs.get_by_text("Ship label").first.click()
    picture = desk.get_by_test_id("label-preview")
    expect(picture).to_be_visible()
    desk.wait_for_function("() => document.querySelector('[data-testid=label-preview]').naturalWidth > 700")
    shot(desk, "console-labels-job")

    desk.get_by_test_id("move-pr-1").click()  # the first tap
    expect(desk.get_by_role("dialog")).to_contain_text("pr-2 prints for pr-1")
    shot(desk, "console-labels-move")
    desk.get_by_test_id("ask-ok").click()  # the second
    expect(desk.get_by_role("dialog")).to_have_count(0)
    moved = {p["code"]: p["moved_to"] for p in admin.get("/api/v1/labels/printers").json()}
    assert moved["pr-1"] == "pr-2"
    expect(desk.get_by_test_id("move-pr-1")).to_have_count(0)

    row = jobs.locator("tr", has_text="Ship label").first
    row.get_by_role("button", name="Print again").click()
    assert desk.get_by_test_id("ask-ok").is_disabled(), "no reprint without a reason"
    desk.get_by_label("Why").fill("torn while applying")
    desk.get_by_test_id("ask-ok").click()
    expect(jobs.get_by_text("again: torn while applying")).to_be_visible()
    again = [j for j in admin.get("/api/v1/labels/jobs").json() if j["reprint_of"]]
    assert [(j["printer"], j["kind"], j["state"]) for j in again] == [("pr-2", "ship", "sent")]

    for kind, name in (("cn23", "Customs CN23"), ("hazard", "Hazard mark"), ("market", "Market label")):
        desk.get_by_test_id("template").click()
        desk.get_by_role("option", name=name).click()
        expect(picture).to_have_attribute("src", f"/api/v1/labels/templates/{kind}/preview?printer=")
        desk.wait_for_function("() => document.querySelector('[data-testid=label-preview]').naturalWidth > 700")
        shot(desk, f"console-labels-{kind}")
    assert problems == []


def test_a_sheet_is_handed_out_and_confirmed(
    server: Server, admin: httpx.Client, desk: Page, shot: Callable[[Any, str], None]
) -> None:
    prepare(server, admin)
    assert admin.post("/api/v1/labels/printers/pr-1/move", json={"to": "office"}).status_code == 200
    assert admin.post("/api/v1/labels/printers/pr-1/test", json={"kind": "carton"}).status_code == 200
    sign_in(desk, server, "page=labels&state=open")
    row = desk.get_by_test_id("table-jobs").locator("tr", has_text="Carton content")
    expect(row.get_by_text("on a sheet")).to_be_visible()
    pdf = desk.request.get(server.url + str(row.get_by_role("link", name="Open sheet").get_attribute("href")))
    assert pdf.ok and pdf.body().startswith(b"%PDF")
    shot(desk, "console-labels-sheet")
    row.get_by_role("button", name="It is on paper").click()
    desk.get_by_test_id("ask-ok").click()
    expect(row).to_have_count(0)
    done = next(j for j in admin.get("/api/v1/labels/jobs").json() if j["kind"] == "carton")
    assert done["state"] == "printed"

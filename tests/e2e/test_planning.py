"""A wave is looked at before it is released, channels are locked and opened, and a truck's risk is named."""

import re
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import site
from tests.e2e.conftest import Server
from tests.e2e.test_console import sign_in

Shot = Callable[[Any, str], None]


def test_a_wave_is_seen_on_the_floor_before_it_is_released(
    desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.get_by_test_id("nav-release").click()
    stream = desk.get_by_test_id("table-channels").get_by_role("row", name="stream")
    stream.get_by_text("Locked").click()
    site.until(lambda: _state(admin) == "locked", "the stream's lock")
    body = [
        {"ref": f"PLAN-{n}", "destination": {"country": "DE"},
         "lines": [{"sku": site.GOODS[n % 6][0], "qty_each": 1 + n % 3}, {"sku": site.GOODS[(n + 2) % 6][0], "qty_each": 1}]}
        for n in range(14)
    ]  # fmt: skip
    assert admin.post("/api/v1/orders", json=body).status_code == 200
    expect(stream).to_contain_text("14")
    shot(desk, "console-release")

    desk.get_by_test_id("nav-waves").click()
    desk.get_by_label("Name of the new wave").fill("Noon")
    desk.get_by_test_id("plan-wave").click()
    plan = desk.get_by_test_id("wave-plan")
    expect(plan.get_by_test_id("plan-summary")).to_contain_text("14", timeout=90_000)
    expect(plan.get_by_test_id("map")).to_be_visible()
    tours = plan.get_by_test_id("table-tours").locator("tbody tr")
    expect(tours).to_have_count(3)  # carts of six totes
    tours.first.click()
    expect(plan.get_by_test_id("table-tour-orders")).to_contain_text("PLAN-")
    desk.wait_for_timeout(500)
    shot(desk, "console-wave-plan")
    assert {o["state"] for o in _orders(admin)} == {"accepted"}, "a plan reserves nothing"

    plan.get_by_test_id("confirm-wave").click()
    site.until(lambda: {o["state"] for o in _orders(admin)} == {"released"}, "the planned orders' release")
    expect(plan).to_contain_text("0 of 3 tours done")
    shot(desk, "console-wave-released")
    desk.get_by_test_id("nav-labour").click()
    expect(desk.get_by_test_id("crews")).to_contain_text("Pick")
    shot(desk, "console-labour")


def test_a_late_order_says_why(desk: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    sign_in(desk, server.url)
    body = [{"ref": "LATE-1", "lines": [{"sku": "MUG-01", "qty_each": 1}], "destination": {"country": "DE"},
             "cutoff_at": "2020-01-01T12:00:00Z"}]  # fmt: skip
    assert admin.post("/api/v1/orders", json=body).status_code == 200
    desk.goto(f"{server.url}/console?page=release")
    row = desk.get_by_test_id("table-at-risk").get_by_role("row", name="LATE-1")
    expect(row).to_contain_text("the cut-off was")
    row.get_by_role("button").first.click()
    expect(desk.get_by_test_id("promise")).to_contain_text("too late")
    shot(desk, "console-order-promise")


def test_a_channel_is_made_and_deleted(desk: Page, server: Server, admin: httpx.Client, shot: Shot) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=release")
    desk.get_by_role("button", name="New channel").click()
    desk.get_by_label(re.compile("^Channel")).fill("express")
    desk.get_by_label("Countries").fill("DE, FR")
    desk.wait_for_timeout(300)
    shot(desk, "console-channel")
    desk.get_by_test_id("save-channel").click()
    row = desk.get_by_test_id("table-channels").get_by_role("row", name="express")
    expect(row).to_contain_text("DE, FR")
    row.get_by_role("button", name="Change").click()
    desk.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def _state(admin: httpx.Client) -> str:
    return str(admin.get("/api/v1/release-channels").json()["channels"][0]["state"])


def _orders(admin: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get("/api/v1/orders?q=PLAN-").json()["orders"]
    return found

"""Pods come to a station: two orders are picked from two pods, on the PDA behind the Pick tile and on the console."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Browser, Page, expect

from tests.e2e import site
from tests.e2e.conftest import CONSOLE, Server
from tests.e2e.hands import at_step, band, hero, ime, sign_in, wedge
from tests.e2e.test_console import sign_in as sit_down

Shot = Callable[[Any, str], None]
MUG = "4006381333931"


def add_pods(admin: httpx.Client) -> None:
    """A storage field of its own with four places, two pods in it, a station with two totes, and a bench there."""

    def post(path: str, body: Any) -> None:
        answer = admin.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, f"{path}: {answer.text}"

    codes = ["P1", "P2", "P3", "P4", "PS"]
    spots = [
        {"code": f"FIELD-{i}", "kind": "pod", "zone": "POD", "node": f"P{i}", "x_mm": 10_000, "y_mm": 2000 * i}
        for i in range(1, 5)
    ]
    spots.append({"code": "G2P-1", "kind": "g2p", "zone": "POD", "node": "PS", "x_mm": 10_000, "y_mm": 10_000})
    post("/layout", {
        "warehouse": "E2E", "timezone": "UTC",
        "nodes": [{"code": c, "x_mm": 10_000, "y_mm": 2000 * i} for i, c in enumerate(codes, 1)],
        "edges": [{"a": a, "b": b} for a, b in pairwise(codes)], "locations": spots,
    })  # fmt: skip
    post("/work/stations", [{"code": "G2P-1", "kind": "g2p", "location": "G2P-1"}])
    units = [{"kind": "pod", "code": f"POD-{i}", "at": f"FIELD-{i}"} for i in (1, 2)]
    units += [{"kind": "case", "code": "POD-1-A3", "at": "POD-1"}]
    units += [{"kind": "tote", "code": f"G-{i}", "at": "G2P-1"} for i in (1, 2)]
    post("/stock/units", units)
    post("/stock/opening?dry_run=false", [
        {"location": "POD-1-A3", "sku": "MUG-01", "qty_each": 20}, {"location": "POD-2", "sku": "CABLE-03", "qty_each": 20},
    ])  # fmt: skip


def carry(admin: httpx.Client, server: Server, pod: str) -> None:
    """A person brings a pod to where it was called, or home. It is there when the board says so."""
    before = where(admin)[pod]
    with psycopg.connect(server.database.replace("+psycopg", "")) as db:
        (unit,) = db.execute("SELECT id FROM handling_unit WHERE code = %s", [pod]).fetchone() or (0,)
    site.until(lambda: transports(admin, unit), f"{pod} to be asked for")
    (transport,) = transports(admin, unit)
    assert admin.post(f"/api/v1/fleet/transports/{transport}/carried", json={}).status_code == 200
    site.until(lambda: where(admin).get(pod) != before, f"{pod} to be seen")


def transports(admin: httpx.Client, unit: int) -> list[str]:
    return [t["id"] for t in admin.get("/api/v1/fleet").json()["transports"] if t["hu_id"] == unit]


def where(admin: httpx.Client) -> dict[str, str]:
    stations = admin.get("/api/v1/goods-to-person").json()["stations"]
    return {p["pod"]: p["state"] for s in stations for p in s["pods"]}


def state_of(admin: httpx.Client, order_id: str) -> str:
    return str(admin.get(f"/api/v1/orders/{order_id}").json()["state"])


def test_pods_come_to_the_picker(page: Page, browser: Browser, server: Server, admin: httpx.Client, shot: Shot) -> None:
    add_pods(admin)
    desk = browser.new_page(**CONSOLE)
    sit_down(desk, server.url)
    desk.get_by_test_id("nav-waves").click()
    desk.get_by_role("combobox", name="Picked").click()
    expect(desk.get_by_role("option", name="goods to person")).to_be_visible()
    desk.keyboard.press("Escape")
    stream = {"seq": 100, "mode": "stream", "method": "goods_to_person"}
    assert admin.put("/api/v1/release-channels/stream", json=stream).status_code == 200
    body = [{"ref": ref, "lines": [{"sku": s, "qty_each": q} for s, q in lines.items()], "destination": {"country": "DE"}}
            for ref, lines in (("POD-ME", {"MUG-01": 2, "CABLE-03": 1}), ("POD-TOO", {"MUG-01": 1}))]  # fmt: skip
    first, second = admin.post("/api/v1/orders", json=body).json()["ids"]
    site.until(lambda: state_of(admin, second) == "picking", "totes for both orders")
    sign_in(page, server.url, "picker1")
    expect(page.get_by_test_id("flow-pick")).to_contain_text("3")
    page.get_by_test_id("flow-pick").tap()
    expect(page.get_by_test_id("tour")).to_be_visible()
    shot(page, "pda-g2p-stations")
    wedge(page, "G2P-1")
    at_step(page, "pod")
    shot(page, "pda-g2p-wait")
    site.until(lambda: len(admin.get("/api/v1/fleet").json()["transports"]) == 2, "both pods to be called")
    desk.reload()
    expect(desk.get_by_test_id("station-G2P-1")).to_contain_text("2 picks left")
    expect(desk.get_by_test_id("pods-G2P-1")).to_contain_text("POD-1")
    desk.wait_for_timeout(300)
    shot(desk, "console-g2p")
    desk.get_by_text("Stream ").first.click()
    expect(desk.get_by_test_id("wave-plan")).to_contain_text("Visits")
    expect(desk.get_by_test_id("wave-plan")).to_contain_text("POD-2")
    desk.wait_for_timeout(300)
    shot(desk, "console-g2p-plan")
    desk.get_by_test_id("nav-waves").click()
    carry(admin, server, "POD-1")
    at_step(page, "location")
    assert hero(page) == "POD-1-A3"
    shot(page, "pda-g2p-pick")
    wedge(page, "POD-2")
    band(page, "error", "scan.wrong")
    carry(admin, server, "POD-2")  # while the first is picked from
    for tote, qty in (("G-1", 2), ("G-2", 1)):
        at_step(page, "location")
        for _ in range(qty):
            wedge(page, MUG)
        at_step(page, "tote")
        assert hero(page) == tote
        shot(page, "pda-g2p-tote")
        ime(page, tote)
        band(page, "ok", "g2p.in")
    at_step(page, "location")
    assert hero(page) == "POD-2"
    page.get_by_test_id("problem").tap()
    page.get_by_test_id("problem-short").tap()
    wedge(page, "POD-2")  # proves the place where nothing is
    band(page, "warn", "g2p.shorted")
    expect(page.get_by_text("Nothing to do here")).to_be_visible()
    shot(page, "pda-g2p-nothing")
    site.until(lambda: {state_of(admin, first), state_of(admin, second)} == {"picked"}, "both orders picked")
    site.until(lambda: set(where(admin).values()) == {"leaving"}, "the pods to be sent home")
    for pod in where(admin):
        carry(admin, server, pod)
    assert where(admin) == {}
    expect(desk.get_by_test_id("station-G2P-1")).to_contain_text("2 pieces, pack it")
    desk.close()

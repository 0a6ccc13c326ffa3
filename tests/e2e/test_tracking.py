"""The console's tracking page in a real browser: the funnel, what stands still, a parcel's timeline, a claim that is sent, a file."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.test_labels import sign_in
from tests.integration.tracking_site import Hand
from wms import flow
from wms.db.uow import Actor, Database
from wms.events.dock import ParcelDeparted
from wms.events.packing import LabelWanted, ParcelWeighed
from wms.events.shipping import LabelBought
from wms.processes.tracking.service import departing, intake, watching

WAY = (
    ("accepted", 0.4, "PVG"),
    ("export", 2.0, "PVG"),
    ("import", 4.0, "FRA"),
    ("out_for_delivery", 5.5, "Berlin"),
    ("delivered", 5.9, "Berlin"),
)
ZPL = "XlhBXlha"


async def fill(url: str, order_id: UUID) -> None:
    """40 parcels that left on different days; one held, one lost, one in a bag that nobody scanned, some quiet, one late."""
    clock, chance, manifest = Hand(), random.Random(7), uuid4()
    db = Database(url, router=flow.route, clock=clock, pool=2)
    today = datetime.now(UTC).replace(microsecond=0)
    for n in range(40):
        age = (16.0, 16.0, 9.0)[n] if n < 3 else chance.uniform(0.2, 8.0)
        clock.at = today - timedelta(days=age)
        parcel_id, tracking = uuid4(), f"LX{n:09d}CN"
        names: dict[str, Any] = {"parcel_id": parcel_id, "order_id": order_id}
        async with db.begin(Actor("e2e")) as uow:
            label = LabelBought(**names, sscc=f"00{n:018d}", tracking=tracking, format="zpl", document=ZPL, service="LINE-EU", account="sim", days=(70, 100, 150))  # fmt: skip
            box = LabelWanted(
                **names,
                sscc="",
                weight_g=612,
                length_mm=200,
                width_mm=150,
                height_mm=100,
                contents={"1": 2},
                number=1,
                of=1,
            )
            weight = ParcelWeighed(**names, weight_g=612, expected_g=600, tolerance_g=30, agrees=True)
            for paper in (label, box, weight):
                await departing.keep_paper(uow, paper)
            await departing.depart(uow, ParcelDeparted(
                **names, sscc=f"00{n:018d}", tracking=tracking, carrier="LINEX", service="LINE-EU", country="DE", weight_g=612,
                manifest_id=manifest, bag=f"BAG-{n % 4 + 1}", seal=f"S-{n % 4 + 1:04d}",
            ))  # fmt: skip
        told = [(code, at, place) for code, at, place in WAY if at < age - 0.1]
        if n == 0:
            told = [*told[:3], ("lost", 12.0, "FRA")]
        elif n == 1:
            told = [*told[:3], ("customs_hold", 15.2, "FRA")]
        elif n == 2:
            told = told[:1]
        left = clock.at
        clock.at = today
        async with db.begin(Actor("carrier")) as uow:
            await intake.take_pushed(uow, "sim", [
                {"tracking": tracking, "at": (left + timedelta(days=at)).isoformat(), "code": code, "place": place,
                 "text": "commercial invoice" if code == "customs_hold" else ""}
                for code, at, place in told
            ] + ([{"tracking": "LX999999999CN", "at": today.isoformat(), "code": "accepted"}] if n == 5 else []))  # fmt: skip
    async with db.begin(Actor("e2e")) as uow:
        await watching.watch(uow)
    await db.close()


def test_what_stands_still_what_is_claimed_and_what_a_file_says(
    server: Server, admin: httpx.Client, desk: Page, shot: Callable[[Any, str], None]
) -> None:
    promised = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    order = {
        "ref": "TRACK-1",
        "lines": [{"sku": "MUG-01", "qty_each": 1}],
        "destination": {"country": "DE"},
        "promised_at": promised,
    }
    [order_id] = admin.post("/api/v1/orders", json=[order]).json()["ids"]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, fill(server.database, UUID(order_id))).result()
    problems: list[str] = []
    desk.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(desk, server, "page=tracking")
    expect(desk.locator("[data-milestone=customs_hold] b")).to_have_text("1")
    rows = desk.get_by_test_id("table-tracking").locator("tbody tr")
    expect(rows.first).to_contain_text("lost")
    expect(rows.nth(1)).to_contain_text("stalled")
    shot(desk, "console-tracking")
    rows.nth(1).get_by_role("button").click()
    sheet = desk.get_by_test_id("track-sheet")
    expect(sheet).to_contain_text("Weighed 612 g")
    expect(sheet.locator(".timeline li")).to_have_count(2)
    desk.get_by_test_id("track-search").fill("lx000000001")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").click()
    expect(sheet).to_contain_text("commercial invoice")
    shot(desk, "console-tracking-parcel")

    desk.goto(f"{server.url}/console.html?page=tracking&view=claims")
    claim = desk.get_by_test_id("table-claims").locator("tbody tr").first
    expect(claim).to_contain_text("label, weight")
    shot(desk, "console-tracking-claims")
    claim.get_by_role("button", name="Sent to the carrier").click()
    desk.get_by_label("Note").fill("by their portal")
    desk.get_by_test_id("ask-ok").click()
    expect(claim.get_by_role("button", name="Accepted")).to_be_visible()

    desk.goto(f"{server.url}/console.html?page=tracking&view=parked")
    expect(desk.get_by_test_id("table-parked")).to_contain_text("LX999999999CN")
    desk.goto(f"{server.url}/console.html?page=tracking&view=load")
    now = datetime.now(UTC).isoformat()
    file = f"tracking,at,code\nLX000000002CN,{now},in_transit\nLX000000002CN,soon,flown\n"
    desk.locator("input[type=file]").set_input_files(
        {"name": "linex.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )
    desk.get_by_test_id("file-carrier").fill("LINEX")
    desk.get_by_test_id("file-try").click()
    expect(desk.get_by_test_id("file-said")).to_contain_text("2 faulty rows")
    shot(desk, "console-tracking-file")
    desk.evaluate("localStorage.setItem('wharfinger.locale', 'zh-CN')")
    desk.goto(f"{server.url}/console.html?page=tracking")
    expect(desk.locator("[data-milestone=customs_hold] b")).to_have_text("1")
    expect(rows.first).to_contain_text("丢失")
    shot(desk, "console-tracking-zh")
    assert problems == []

"""Control points, devices and trace through the front door."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import House, Json, Refused, open_house, pack_order, pick_all
from wms import flow
from wms.db.uow import SYSTEM


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def sample(house: House) -> None:
    """The minute's tick."""
    tick = next(t for t in flow.TICKS if t.name == "controls.sample")
    async with house.db.begin(SYSTEM) as uow:
        await tick.run(uow)
    await house.settle()


async def board(house: House) -> dict[str, Json]:
    return {c["id"]: c for c in await house.admin.get("/api/v1/controls")}


async def test_every_point_has_a_value_or_says_why_not(house: House) -> None:
    order = await house.order("O1", {"A": 2})
    await house.release(order)
    tote = await pick_all(house, await house.sign_in("picker"))
    await pack_order(house, await house.sign_in("packer"), tote)
    await sample(house)
    points = await board(house)
    assert len(points) == 38
    assert all(
        c["state"] in ("ok", "out", "no_data") and c["limit"] and c["owner"] and c["action"] for c in points.values()
    )
    assert all(c["why"] for c in points.values() if c["state"] == "no_data")
    assert all(c["value"] is None and c["shown"] == "–" for c in points.values() if c["why"].startswith("there "))
    assert (points["sku-code-unique"]["value"], points["sku-code-unique"]["state"]) == (100.0, "ok")
    assert (points["space-reserve"]["value"], points["space-reserve"]["state"]) == (0.0, "out")
    assert points["golden-zone"]["value"] == 0.0 and points["golden-zone"]["why"] == "the site has set no target"
    assert points["trace-time"]["state"] == "ok" and points["trace-time"]["evidence"]["entries"] > 0
    assert points["count-coverage"]["value"] == 0.0
    assert points["order-defect"]["state"] == "ok"
    assert [v for _, v in points["space-reserve"]["trend"]] == [0.0]
    with pytest.raises(Refused, match="not_allowed"):
        await (await house.sign_in("picker")).get("/api/v1/controls")


async def test_out_of_limit_raises_one_incident_and_closes_it_when_back(house: House) -> None:
    await sample(house)
    await sample(house)
    open_now = [i for i in await house.admin.get("/api/v1/incidents") if i["kind"] == "control.space-reserve"]
    assert len(open_now) == 1 and open_now[0]["detail"]["action"] == "warning, overflow plan"
    async with house.db.begin() as uow:
        told = await uow.session.scalar(
            text("SELECT count(*) FROM event WHERE payload->>'kind' = 'control.space-reserve'")
        )
    assert told == 1
    await house.admin.post("/api/v1/controls/space-reserve", {"limit_value": 0})
    await sample(house)
    kinds = {i["kind"]: i for i in await house.admin.get("/api/v1/incidents?state=resolved")}
    assert kinds["control.space-reserve"]["resolution"] == "within its limit again"
    assert (await board(house))["space-reserve"]["limit"] == "≥ 0 %"
    with pytest.raises(Refused, match="controls.unknown"):
        await house.admin.post("/api/v1/controls/nothing", {"limit_value": 1})
    assert (await board(house))["dws-weight"]["limit"] == "< max(0.5 %, one interval)"
    await house.admin.post("/api/v1/controls/dws-weight", {"limit_value": 80})
    assert (await board(house))["dws-weight"]["limit"] == "< 80 %", "of the error allowed"


async def test_a_silent_gateway_tells_nothing_of_its_devices(house: House) -> None:
    body = {"spool": {"depth": 3, "oldest_s": 1.5}, "devices": [
        {"device": "scale-1", "family": "scale", "state": "online", "detail": "", "last_seen": "2026-01-01T00:00:00+00:00"}
    ]}  # fmt: skip
    async with house.db.begin() as uow:
        for gateway, age_s in (("gw-1", 2), ("gw-2", 60)):
            await uow.session.execute(
                text("INSERT INTO gateway_health VALUES (:g, CAST(:b AS jsonb), now() - make_interval(secs => :s))"),
                {"g": gateway, "b": json.dumps(body), "s": age_s},
            )
    found = await house.admin.get("/api/v1/devices")
    assert [(d["gateway"], d["state"]) for d in found] == [("gw-1", "online"), ("gw-2", "unknown")]
    gateways = await house.admin.get("/api/v1/gateways")
    assert [(g["state"], g["spool_depth"]) for g in gateways] == [("online", 3), ("unknown", 3)]


async def test_the_history_of_a_thing_is_told_newest_first(house: House) -> None:
    order = await house.order("O1", {"A": 2})
    await house.release(order)
    tote = await pick_all(house, await house.sign_in("picker"))
    sscc = await pack_order(house, await house.sign_in("packer"), tote)
    for asked, means in (("A", "sku"), ("4000000000017", "sku"), ("A-01", "location"), (tote, "handling_unit"),
                         (f"00{sscc}", "handling_unit"), ("O1", "order"), (order, "order")):  # fmt: skip
        told = await house.admin.get(f"/api/v1/trace?q={asked}")
        assert [m["kind"] for m in told["means"]] == [means], asked
        entries = told["entries"]
        assert (
            any(e["type"] == "movement" and e["reason"] == "pick" and e["actor"] == "picker" for e in entries)
            or sscc in asked
        )
        times = [e["recorded_at"] for e in entries]
        assert entries and times == sorted(times, reverse=True)
        assert all(e["actor"] and e["request_id"] for e in entries)
    events = [e["name"] for e in (await house.admin.get("/api/v1/trace?q=O1"))["entries"] if e["type"] == "event"]
    assert {"orders.order_accepted.v1", "picking.pick_confirmed.v1", "packing.parcel_labelled.v1"} <= set(events)
    assert (await house.admin.get("/api/v1/trace?q=nothing"))["entries"] == []

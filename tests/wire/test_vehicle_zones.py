"""VDA 5050 3.0 zones: a zone set is brought to the vehicle and enabled, requests are answered; by the official schemas."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.contract.driver import ConfigRefused
from devices.drivers.vehicle.driver import VehicleDriver
from devices.drivers.vehicle.zones import Request, Zones, check
from tests.wire.recorder import until
from tests.wire.test_vehicle_versions import made, mqtt

pytestmark = pytest.mark.wire
__all__ = ["mqtt"]

SQUARE = [{"x": 0.0, "y": 0.0}, {"x": 4.0, "y": 0.0}, {"x": 4.0, "y": 4.0}]
ZONE_SET = {
    "mapId": "m",
    "zoneSetId": "day",
    "zones": [
        {"zoneId": "dock", "zoneType": "RELEASE", "vertices": SQUARE, "releaseLossBehavior": "STOP"},
        {"zoneId": "slow", "zoneType": "SPEED_LIMIT", "vertices": SQUARE, "maximumSpeed": 0.5},
    ],
}


async def test_a_zone_set_is_brought_and_enabled_once(mqtt: dict[str, Any]) -> None:
    async with made(mqtt, "v3", zone_set=ZONE_SET) as floor:
        await until(lambda: floor.sim.zone_sets and floor.sim.zone_sets[0]["zoneSetStatus"] == "ENABLED")
        await until(
            lambda: any(s["zoneSets"] and s["zoneSets"][0]["zoneSetStatus"] == "ENABLED" for s in floor.said("state"))
        )
        sent = len(floor.said("zoneSet"))
        assert (await floor.transport()).outcome == "done"
        assert len(floor.said("zoneSet")) == sent >= 1
        assert floor.said("zoneSet")[0]["zoneSet"] == ZONE_SET


@pytest.mark.parametrize(("grants", "said", "left"), [("grant", "GRANTED", ["GRANTED"]), ("reject", "REJECTED", [])])
async def test_a_request_is_answered(mqtt: dict[str, Any], grants: str, said: str, left: list[str]) -> None:
    async with made(mqtt, "v3", zone_set=ZONE_SET, zone_grants=grants) as floor:
        await until(lambda: floor.sim.zone_sets and floor.sim.zone_sets[0]["zoneSetStatus"] == "ENABLED")
        floor.sim.ask_for_zone("dock", "r1")
        await until(lambda: floor.sim.responses == [said])
        assert [request["requestStatus"] for request in floor.sim.zone_requests] == left
        (answer,) = floor.said("responses")[0]["responses"]
        assert answer["requestId"] == "r1" and ("leaseExpiry" in answer) == (grants == "grant")


NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_answers_are_repeated_until_seen_and_leases_renewed() -> None:
    zones = Zones(None, "grant", lease_s=60, resend_s=2)
    asked, granted = (Request("r1", "ACCESS", "dock", "REQUESTED"),), (Request("r1", "ACCESS", "dock", "GRANTED"),)

    def said(requests: tuple[Request, ...], at_s: float) -> list[str]:
        due = zones.due({}, requests, at_s, NOW + timedelta(seconds=at_s))
        return [answer["leaseExpiry"] for _, body in due for answer in body["responses"]]

    assert said(asked, 0) == ["2026-11-23T08:01:00.000Z"]
    assert said(asked, 1) == []
    assert len(said(asked, 2)) == 1  # it may have been lost
    assert said(granted, 20) == []
    assert said(granted, 33) == ["2026-11-23T08:01:33.000Z"]  # half the lease is over
    assert said((Request("r1", "ACCESS", "dock", "EXPIRED"),), 99) == []
    assert said((), 100) == [] and len(said(asked, 100.5)) == 1  # asked anew after it was gone


def test_a_zone_set_is_sent_then_enabled_then_left_alone() -> None:
    zones = Zones(ZONE_SET, "reject", lease_s=60, resend_s=2)
    assert [name for name, _ in zones.due({}, (), 0, NOW)] == ["zoneSet"]
    assert zones.due({}, (), 1, NOW) == []
    ((name, body),) = zones.due({"day": "DISABLED"}, (), 1.5, NOW)
    assert (name, body["actions"][0]["actionType"]) == ("instantActions", "enableZoneSet")
    assert zones.due({"day": "ENABLED"}, (), 9, NOW) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zoneSetId": ""}, "texts"),
        ({"zones": [{"zoneId": "a", "zoneType": "MOAT", "vertices": SQUARE}]}, "MOAT"),
        ({"zones": [{"zoneId": "a", "zoneType": "RELEASE", "vertices": SQUARE}]}, "releaseLossBehavior"),
        ({"zones": [{"zoneId": "a", "zoneType": "BLOCKED", "vertices": SQUARE[:2]}]}, "three vertices"),
        ({"zones": [{"zoneId": "a", "zoneType": "BLOCKED", "vertices": SQUARE}] * 2}, "twice"),
        ({"zones": None}, "zone set"),
    ],
)
def test_a_zone_set_that_cannot_be_meant_is_refused_before_start(change: dict[str, Any], says: str) -> None:
    config = {
        "manufacturer": "m",
        "serial": "1",
        "version": "v3",
        "broker": {"host": "h"},
        "zone_set": ZONE_SET | change,
    }
    with pytest.raises(ConfigRefused, match=says):
        VehicleDriver(config)
    with pytest.raises(ConfigRefused, match="v3"):
        VehicleDriver(config | {"version": "v2", "zone_set": ZONE_SET})
    assert check(ZONE_SET) == ZONE_SET

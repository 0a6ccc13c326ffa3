"""VDA 5050 2.1 and 3.0: order acceptance step by step, every fault of the vehicle's catalogue, what the floor sees.

Everything said by both ends is checked by the official schemas (2.1.0, and 3.0.0 as of main 2026-07).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest

from devices.contract.commands import CANCEL_TRANSPORT, PAUSE, RESUME, TRANSPORT, Command
from devices.contract.driver import ConfigRefused
from devices.contract.reports import CommandResult, DeviceQuarantined, VehicleReported
from devices.drivers.vehicle import driver as driver_module
from devices.drivers.vehicle.driver import VehicleDriver
from simulators.faults.proxy import FaultProxy
from simulators.wire.vehicle import VehicleSim
from tests.wire.open_broker import open_broker
from tests.wire.recorder import Recorder, running, until
from tests.wire.vda5050 import FOLDERS, SCHEMAS, validate

pytestmark = pytest.mark.wire

PATH = [("n0", 0, 0), ("n1", 4000, 0), ("n2", 8000, 0), ("n3", 8000, 3000)]
needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason="0 of 2 VDA 5050 schema sets at hand: set WHARFINGER_SHARED"
)


@dataclass
class Floor:
    """One vehicle, its driver, and everything said on its topics."""

    version: str
    sim: VehicleSim
    driver: VehicleDriver
    ctx: Recorder
    heard: list[tuple[str, dict[str, Any]]]
    master: aiomqtt.Client
    prefix: str

    def said(self, name: str) -> list[dict[str, Any]]:
        return [body for topic, body in self.heard if topic == name]

    def lies(self) -> list[str]:
        return [report.reason for report in self.ctx.of(DeviceQuarantined)]

    @property
    def last(self) -> VehicleReported:
        return self.ctx.of(VehicleReported)[-1]

    async def do(self, kind: str, seconds: float = 10, **data: Any) -> CommandResult:
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        return await self.driver.execute(Command(str(uuid4()), "agv-1", kind, expires, data))

    async def transport(self, order_id: str = "o1", seconds: float = 10, **route: Any) -> CommandResult:
        return await self.do(TRANSPORT, seconds, order_id=order_id, stops=stops(**route))


def stops(pick: str = "n1", drop: str = "n3", first: int = 0) -> list[dict[str, Any]]:
    actions = {pick: "pick", drop: "drop"}
    return [
        {"node": n, "x_mm": x, "y_mm": y, "action": actions.get(n), "load": "TOTE-7" if n in actions else ""}
        for n, x, y in PATH[first:]
    ]


@pytest.fixture(scope="module")
def mqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with open_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture(params=["v2", "v3"])
async def floor(request: pytest.FixtureRequest, mqtt: dict[str, Any]) -> AsyncIterator[Floor]:
    async with made(mqtt, request.param) as one:
        yield one


@asynccontextmanager
async def made(
    mqtt: dict[str, Any], version: str, sim_broker: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Floor]:
    serial = uuid4().hex[:8]
    prefix = f"{'uagv/v2' if version == 'v2' else 'vda5050/v3'}/ACME/{serial}"
    sim_options = {key: options.pop(key) for key in ("keepalive_s", "max_nodes") if key in options}
    lost = options.pop("loses_online", 0)
    sim = VehicleSim(
        sim_broker or mqtt, "ACME", serial, factor=40, node_id="n0", map_id="m", version=version, **sim_options
    )
    sim.loses_online = lost
    config = {
        "manufacturer": "ACME",
        "serial": serial,
        "map_id": "m",
        "broker": mqtt,
        "version": version,
        "resend_s": 0.3,
    }
    ctx, heard = Recorder("agv-1"), []
    driver = VehicleDriver(config | options)
    async with aiomqtt.Client(mqtt["host"], mqtt["port"]) as master:
        await master.subscribe(f"{prefix}/#", qos=1)
        tap = asyncio.create_task(_listen(master, heard))
        await sim.start()
        async with running(driver, ctx, retry_s=0.05):
            await until(
                lambda: ctx.onlines and driver.factsheet,
                about=lambda: (ctx.onlines, driver.factsheet, ctx.errors, sim.online, [name for name, _ in heard]),
            )
            yield Floor(version, sim, driver, ctx, heard, master, prefix)
        await sim.stop()
        tap.cancel()
        await asyncio.gather(tap, return_exceptions=True)
    validate(version, ((topic, body) for topic, body in heard if body.get("serialNumber")))


async def _listen(client: aiomqtt.Client, heard: list[tuple[str, dict[str, Any]]]) -> None:
    async for message in client.messages:
        heard.append((str(message.topic).rsplit("/", 1)[-1], json.loads(message.payload)))


async def test_a_tote_travels_and_both_ends_obey_the_schemas(floor: Floor) -> None:
    result = await floor.transport()
    assert (result.outcome, result.data["last_node"]) == ("done", "n3")
    assert floor.ctx.onlines[0].startswith(f"VDA 5050 {'2.1.0' if floor.version == 'v2' else '3.0.0'}")
    statuses = {a["actionStatus"] for body in floor.said("state") for a in body["actionStates"]}
    assert {"WAITING", "INITIALIZING", "RUNNING", "FINISHED"} <= statuses, "the whole life of an action"
    speeds = [body["velocity"]["vx"] for body in floor.said("state")]
    assert max(speeds) <= 1.5
    assert {name for name, _ in floor.heard} >= {"connection", "state", "factsheet", "order", "instantActions"}


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("limit", [3, 5])
async def test_the_factsheets_longest_order_is_respected(mqtt: dict[str, Any], version: str, limit: int) -> None:
    async with made(mqtt, version, max_nodes=limit, base_nodes=3) as floor:
        assert (await floor.transport()).outcome == "done"
        assert max(len(body["nodes"]) for body in floor.said("order")) <= limit
        updates = sorted({body["orderUpdateId"] for body in floor.said("order")})
        assert updates[0] == 0 and (limit == 5 or len(updates) > 1)


# --- order acceptance, step by step (2.1.0 section 6.6.4) ---


def raw_order(
    floor: Floor, order_id: str, update: int = 0, nodes: tuple[int, ...] = (0, 1), **changes: Any
) -> dict[str, Any]:
    deviation: Any = 0.5 if floor.version == "v2" else {"a": 0.5, "b": 0.5, "theta": 0.0}
    made_nodes = [
        {
            "nodeId": PATH[i][0],
            "sequenceId": 2 * i,
            "released": True,
            "nodePosition": {
                "x": PATH[i][1] / 1000,
                "y": PATH[i][2] / 1000,
                "mapId": "m",
                "allowedDeviationXY": deviation,
            },
            "actions": [],
        }
        for i in nodes
    ]
    edges = [
        {
            "edgeId": f"{PATH[i][0]}-{PATH[j][0]}",
            "sequenceId": 2 * i + 1,
            "released": True,
            "startNodeId": PATH[i][0],
            "endNodeId": PATH[j][0],
            "actions": [],
        }
        for i, j in pairwise(nodes)
    ]
    head = {
        "headerId": update,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "version": "2.1.0" if floor.version == "v2" else "3.0.0",
        "manufacturer": "ACME",
        "serialNumber": floor.sim.serial,
    }
    return head | {"orderId": order_id, "orderUpdateId": update, "nodes": made_nodes, "edges": edges} | changes


def with_action(order: dict[str, Any], kind: str) -> dict[str, Any]:
    changed = deepcopy(order)
    action = {"actionType": kind, "actionId": "x", "blockingType": "HARD", "actionParameters": []}
    changed["nodes"][-1]["actions"] = [action]
    return changed


def on_map(order: dict[str, Any], name: str) -> dict[str, Any]:
    changed = deepcopy(order)
    changed["nodes"][0]["nodePosition"]["mapId"] = name
    return changed


def horizon_first(order: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(order)
    changed["nodes"][0]["released"] = False
    return changed


ACCEPTANCE = [
    ("edges are not one fewer", lambda f: [raw_order(f, "a", edges=[])], "validationError", "VALIDATION_FAILURE"),
    ("horizon before base", lambda f: [horizon_first(raw_order(f, "a"))], "validationError", "VALIDATION_FAILURE"),
    ("unknown action", lambda f: [with_action(raw_order(f, "a"), "dance")], "orderError", "INVALID_ORDER_ACTION"),
    ("unknown map", lambda f: [on_map(raw_order(f, "a"), "moon")], "orderError", "UNKNOWN_MAP_ID"),
    ("not reachable", lambda f: [raw_order(f, "a", nodes=(2, 3))], "noRouteError", "START_NODE_OUT_OF_RANGE"),
    ("too many nodes", lambda f: [raw_order(f, "a", nodes=(0, 1) * 101)], "validationError", "VALIDATION_FAILURE"),
    (
        "another order is active",
        lambda f: [raw_order(f, "a", nodes=(0, 1, 2)), raw_order(f, "b")],
        "orderError",
        "OTHER_ORDER_ACTIVE",
    ),
    (
        "older update",
        lambda f: [raw_order(f, "a", 3), raw_order(f, "a", 2, (1, 2))],
        "orderUpdateError",
        "OUTDATED_ORDER_UPDATE",
    ),
    (
        "does not stitch",
        lambda f: [raw_order(f, "a", 0), raw_order(f, "a", 1, (2, 3))],
        "orderUpdateError",
        "VALIDATION_FAILURE",
    ),
    ("same update", lambda f: [raw_order(f, "a"), raw_order(f, "a")], "", "SAME_ORDER_UPDATE_ID"),
    ("fitting update", lambda f: [raw_order(f, "a"), raw_order(f, "a", 1, (1, 2))], "", ""),
]


@pytest.mark.parametrize(("orders", "v2", "v3"), [row[1:] for row in ACCEPTANCE], ids=[row[0] for row in ACCEPTANCE])
async def test_orders_are_accepted_by_the_book(floor: Floor, orders: Any, v2: str, v3: str) -> None:
    floor.sim.factor = 4
    for number, body in enumerate(orders(floor)):
        before = floor.sim.orders_received
        await floor.master.publish(f"{floor.prefix}/order", json.dumps(body))
        await until(lambda before=before: floor.sim.orders_received > before)
        if number == 0:
            first_taken = (floor.sim.order_id, floor.sim.update_id)
    expected = v2 if floor.version == "v2" else v3
    assert [error["errorType"] for error in floor.sim.errors] == ([expected] if expected else [])
    if expected and len(orders(floor)) > 1:
        assert (floor.sim.order_id, floor.sim.update_id) == first_taken, "a rejected order changes nothing"
    assert all(error["errorLevel"] == "WARNING" for error in floor.sim.errors)
    if not expected and len(orders(floor)) > 1 and orders(floor)[1]["orderUpdateId"]:
        await until(lambda: floor.sim.last_node == "n2")
    floor.heard[:] = [(name, body) for name, body in floor.heard if name != "order"]  # some are wrong on purpose


async def test_an_update_after_cancelling_is_rejected(floor: Floor) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    assert (await floor.do(CANCEL_TRANSPORT, order_id="o1")).outcome == "done"
    assert (await drive).code == "vehicle.cancelled"
    late = raw_order(floor, "o1", 9, (1, 2))
    await floor.master.publish(f"{floor.prefix}/order", json.dumps(late))
    expected = "orderUpdateError" if floor.version == "v2" else "ORDER_UPDATE_FOLLOWING_CANCEL"
    await until(lambda: expected in {error["errorType"] for error in floor.sim.errors})
    assert floor.sim.idle


@pytest.mark.parametrize("kind", ["validationError", "orderError", "orderUpdateError", "noRouteError"])
async def test_the_master_knows_a_rejection_in_either_version(floor: Floor, kind: str) -> None:
    floor.sim.reject_next = kind
    result = await floor.transport()
    assert (result.outcome, result.code) == ("failed", f"vehicle.{kind}")
    await asyncio.sleep(0.1)
    assert floor.ctx.of(VehicleReported)[-1].errors == (), "a refused order does not take the vehicle out of service"
    assert (await floor.transport("o2")).outcome == "done"


# --- instant actions ---


async def test_pause_and_resume_hold_the_order(floor: Floor) -> None:
    floor.sim.factor, floor.sim.loses_instant_actions = 6, 1
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    assert (await floor.do(PAUSE)).outcome == "done", "a lost instant action is sent again"
    await until(lambda: not floor.sim._driving)
    standing = floor.sim.x_mm
    await until(lambda: "paused" in floor.last.errors)
    assert floor.sim.x_mm == standing and not drive.done()
    assert (await floor.do(RESUME)).outcome == "done"
    assert (await drive).outcome == "done"


async def test_a_paused_load_handling_goes_on_where_it_stopped(floor: Floor) -> None:
    floor.sim.factor = 8
    drive = asyncio.create_task(floor.transport(seconds=30))
    running_now = lambda: any(a["actionStatus"] == "RUNNING" for a in floor.sim._actions)  # noqa: E731
    await until(running_now)
    floor.sim.press_pause()
    await until(lambda: any(a["actionStatus"] == "PAUSED" for b in floor.said("state") for a in b["actionStates"]))
    floor.sim.press_pause(False)
    assert (await drive).outcome == "done"


async def test_instant_actions_that_pile_up_are_cleared(mqtt: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "_KEPT_INSTANT_ACTIONS", 3)
    async with made(mqtt, "v3") as floor:
        for _ in range(4):
            await floor.do(PAUSE)
            await floor.do(RESUME)
        await until(lambda: len(floor.sim._instants) <= 3)
        kinds = [a["actionType"] for body in floor.said("instantActions") for a in body["actions"]]
        assert "clearInstantActions" in kinds


# --- faults: what the floor sees ---


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_a_vehicle_whose_online_message_was_lost_is_known_by_its_states(
    mqtt: dict[str, Any], version: str
) -> None:
    """A broker may lose the message that it keeps where the master subscribes just as the vehicle comes."""
    async with made(mqtt, version, loses_online=1) as floor:
        late = floor.sim._header("connection") | {"connectionState": "ONLINE", "timestamp": "2026-01-01T00:00:00.000Z"}
        onlines = len(floor.ctx.onlines)
        await floor.master.publish(f"{floor.prefix}/connection", json.dumps(late), qos=1)
        await until(lambda: "connection" in [name for name, _ in floor.heard])
        assert (await floor.transport()).outcome == "done" and len(floor.ctx.onlines) == onlines


@pytest.mark.parametrize("kind", ["AUTOACK", "MANUAL", "REMOTE"])
async def test_an_emergency_stop_of_each_kind(floor: Floor, kind: str) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.factor = 1  # a bumper releases by itself after 2 s: long enough for the digest of that second
    floor.sim.e_stop(kind)
    # 3.0 has no AUTOACK: a bumper shows as a violated field there.
    bumper = kind == "AUTOACK" and floor.version == "v3"
    await until(lambda: "fieldViolation" in floor.last.errors if bumper else floor.last.e_stop == kind)
    assert not drive.done()
    floor.sim.factor = 40
    if kind != "AUTOACK":
        floor.sim.e_stop("NONE")
    assert (await drive).outcome == "done"


async def test_something_in_the_protective_field(floor: Floor) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.block()
    await until(lambda: floor.last.errors == ("fieldViolation",) and not floor.last.driving)
    floor.sim.block(False)
    floor.sim.factor = 40
    assert (await drive).outcome == "done"


async def test_a_lost_position_ends_the_order_and_the_next_waits_for_a_person(floor: Floor) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.lose_localisation()
    result = await drive
    assert (result.outcome, result.code) == ("failed", "vehicle.localizationError")
    await until(lambda: {"localizationError", "notLocalized"} <= set(floor.last.errors))
    assert (await floor.transport("o2")).code in ("vehicle.localizationError", "vehicle.other_order")
    floor.sim.recover()
    await until(lambda: floor.last.errors == ())


async def test_a_key_switch_to_each_mode_is_seen(floor: Floor) -> None:
    for mode in ("MANUAL", "SERVICE", "TEACHIN", "SEMIAUTOMATIC"):
        floor.sim.set_mode(mode)
        await until(lambda mode=mode: floor.last.mode == mode)
    floor.sim.set_mode("MANUAL")
    await until(lambda: floor.last.mode == "MANUAL")
    assert (await floor.transport()).code == "vehicle.not_automatic"


async def test_manual_in_mid_order_clears_it(floor: Floor) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.set_mode("MANUAL")
    assert (await drive).code in ("vehicle.order_cleared", "vehicle.action_failed")


async def test_a_reboot_loses_the_order_and_counts_headers_anew(floor: Floor) -> None:
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.reboot()
    result = await drive
    assert (result.outcome, result.code) == ("failed", "vehicle.order_lost")
    ids = [body["headerId"] for body in floor.said("state")]
    assert 0 in ids[1:], "the header ids restart"
    assert floor.lies() == [], "an honest reboot is no lie"


async def test_a_lost_network_is_told_and_the_order_goes_on(floor: Floor) -> None:
    floor.sim.factor = 10
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.drop_broker(1.0)
    await until(lambda: floor.ctx.errors)
    assert "CONNECTIONBROKEN" in str(floor.ctx.errors[0]), "one word for both versions"
    assert (await drive).outcome == "done"


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_a_half_open_vehicle_speaks_by_its_last_will(mqtt: dict[str, Any], version: str) -> None:
    proxy = FaultProxy(mqtt["host"], mqtt["port"])
    await proxy.start()
    async with made(mqtt, version, {"host": proxy.host, "port": proxy.port}, keepalive_s=2) as floor:
        proxy.faults.blackhole = True
        await until(lambda: floor.ctx.errors)
        assert "CONNECTIONBROKEN" in str(floor.ctx.errors[0])
        assert floor.last.connection == "CONNECTIONBROKEN"
        proxy.faults.blackhole = False
        proxy.cut()
        await until(lambda: len(floor.ctx.onlines) >= 2)
        assert (await floor.transport()).outcome == "done"
    await proxy.stop()


async def test_a_state_twice_or_late_changes_nothing(floor: Floor) -> None:
    await floor.sim.publish_twice()
    await floor.sim.publish_stale_state()
    assert (await floor.transport()).outcome == "done"
    assert "stale" not in {report.order_id for report in floor.ctx.of(VehicleReported)}
    assert floor.lies() == [], "late and double is the network's way, not a lie"


@pytest.mark.parametrize(
    ("lie", "reason", "evidence"),
    [
        ("publish_replay", "replayed_sequence", {"header_id": 0, "order_id": "replayed"}),
        ("publish_from_the_future", "future_time", {"timestamp": "2099-01-01T00:00:00+00:00"}),
        ("publish_as_another", "wrong_identity", {"said": "ACME/another"}),
    ],
)
async def test_a_vehicle_that_lies_is_quarantined_with_its_evidence(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, lie: str, reason: str, evidence: dict[str, Any]
) -> None:
    monkeypatch.setattr(driver_module, "_REBOOT_S", 0.3)
    floor.sim.factor = 4
    drive = asyncio.create_task(floor.transport(seconds=30))
    await until(lambda: floor.sim.x_mm > 500)
    await getattr(floor.sim, lie)()
    await until(lambda: floor.ctx.of(DeviceQuarantined))
    (told,) = floor.ctx.of(DeviceQuarantined)
    assert told.reason == reason and evidence.items() <= told.evidence.items()
    result = await drive
    assert (result.outcome, result.code) == ("unknown", "vehicle.quarantined"), "it drives on, but is not believed"
    assert (await floor.transport("o2")).outcome == "failed", "no order for a vehicle that lies"
    orders = {report.order_id for report in floor.ctx.of(VehicleReported)}
    assert orders <= {"", "o1"}, "nothing that was false was passed on"


async def test_a_load_that_is_not_the_one_expected_fails_the_action(floor: Floor) -> None:
    floor.sim.swap_load("STRANGER")
    await until(lambda: floor.last.loads == ("STRANGER",))
    result = await floor.transport()
    assert (result.outcome, result.code, result.data["loads"]) == ("failed", "vehicle.action_failed", ["STRANGER"])


async def test_a_low_battery_is_told(floor: Floor) -> None:
    floor.sim.drain_battery(9)
    await until(lambda: floor.last.battery_pct == 9)
    assert floor.last.errors == ("batteryLow",)


async def test_going_offline_properly_is_told(floor: Floor) -> None:
    await floor.sim.stop()
    await until(lambda: floor.ctx.errors)
    assert floor.last.connection == "OFFLINE"


def test_an_unknown_version_is_refused_before_start() -> None:
    with pytest.raises(ConfigRefused):
        VehicleDriver({"manufacturer": "A", "serial": "1", "broker": {"host": "h"}, "version": "v9"})


@needs_schemas
def test_the_schemas_catch_what_is_wrong() -> None:
    for version, folder in FOLDERS.items():
        assert all(
            (SCHEMAS / folder / f"{name}.schema").is_file() for name in ("order", "state", "connection", "factsheet")
        )
        with pytest.raises(AssertionError):
            validate(version, [("connection", {"serialNumber": "1", "connectionState": "PERHAPS"})])

"""The VDA 5050 driver and the AGV simulator on the real embedded broker; every message checked by the schemas."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aiomqtt
import pytest

from devices.contract.commands import CANCEL_TRANSPORT, TRANSPORT, Command
from devices.contract.reports import CommandResult, VehicleReported
from devices.drivers.vehicle.driver import VehicleDriver
from simulators.wire.vehicle import VehicleSim
from tests.conftest import Broker
from tests.wire.recorder import Recorder, running, until
from tests.wire.vda5050 import FOLDERS, SCHEMAS, validate

pytestmark = pytest.mark.wire

PATH = [("n0", 0, 0), ("n1", 4000, 0), ("n2", 8000, 0), ("n3", 8000, 3000)]


@dataclass
class Floor:
    """One vehicle, its driver, and everything said on its topics."""

    sim: VehicleSim
    driver: VehicleDriver
    ctx: Recorder
    heard: list[tuple[str, dict[str, Any]]]

    def orders(self) -> list[dict[str, Any]]:
        return [body for name, body in self.heard if name == "order"]

    async def transport(
        self, stops: list[dict[str, Any]] | None = None, seconds: float = 10, **data: Any
    ) -> CommandResult:
        body = {"order_id": "o1", "stops": stops or route(), **data}
        return await self.driver.execute(command(TRANSPORT, body, seconds))

    async def cancel(self, order_id: str = "o1") -> CommandResult:
        return await self.driver.execute(command(CANCEL_TRANSPORT, {"order_id": order_id}))


def command(kind: str, data: dict[str, Any], seconds: float = 10) -> Command:
    return Command(str(uuid4()), "agv-1", kind, datetime.now(UTC) + timedelta(seconds=seconds), data)


def route(*names: str, pick: str = "n1", drop: str = "n3") -> list[dict[str, Any]]:
    actions = {pick: "pick", drop: "drop"}
    chosen = [node for node in PATH if not names or node[0] in names]
    return [
        {"node": n, "x_mm": x, "y_mm": y, "action": actions.get(n), "load": "TOTE-7" if n in actions else ""}
        for n, x, y in chosen
    ]


def login(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


@pytest.fixture
async def floor(broker: Broker, request: pytest.FixtureRequest) -> AsyncIterator[Floor]:
    serial = uuid4().hex[:8]
    sim = VehicleSim(login(broker.url("vehicles")), "ACME", serial, factor=40, node_id="n0", map_id="m")
    config = {
        "manufacturer": "ACME",
        "serial": serial,
        "map_id": "m",
        "broker": login(broker.url("gw-1")),
        "resend_s": 0.3,
    }
    ctx, heard = Recorder("agv-1"), []
    driver = VehicleDriver(config | getattr(request, "param", {}))
    tap = asyncio.create_task(_listen(login(broker.url("wes")), f"uagv/v2/ACME/{serial}/#", heard))
    await asyncio.sleep(0.1)
    await sim.start()
    async with running(driver, ctx, retry_s=0.05):
        # The tap too: it may be the last to be let in.
        await until(lambda: ctx.onlines and driver.factsheet and heard, about=lambda: ctx.errors)
        yield Floor(sim, driver, ctx, heard)
    await sim.stop()
    tap.cancel()
    await asyncio.gather(tap, return_exceptions=True)
    validate("v2", heard)


async def _listen(user: dict[str, Any], topics: str, heard: list[tuple[str, dict[str, Any]]]) -> None:
    async with aiomqtt.Client(
        user["host"], user["port"], username=user["username"], password=user["password"]
    ) as client:
        await client.subscribe(topics, qos=1)
        async for message in client.messages:
            heard.append((str(message.topic).rsplit("/", 1)[-1], json.loads(message.payload)))


async def test_a_tote_travels_from_pick_to_drop(floor: Floor) -> None:
    result = await floor.transport()
    assert (result.outcome, result.code) == ("done", "")
    assert result.data == {"last_node": "n3", "x_mm": 8000, "y_mm": 3000, "loads": []}
    order = floor.orders()[0]  # a busy machine may echo late: then the same order is sent again
    assert [node["sequenceId"] for node in order["nodes"]] == [0, 2, 4, 6]
    assert [edge["sequenceId"] for edge in order["edges"]] == [1, 3, 5]
    carrying = [body for name, body in floor.heard if name == "state" and body["loads"]]
    assert carrying[0]["loads"][0]["loadId"] == "TOTE-7"
    await until(lambda: floor.ctx.of(VehicleReported)[-1].last_node == "n3")
    last = floor.ctx.of(VehicleReported)[-1]
    assert (last.connection, last.mode, last.driving, last.order_id) == ("ONLINE", "AUTOMATIC", False, "o1")


async def test_two_orders_in_a_row_start_where_the_first_ended(floor: Floor) -> None:
    assert (await floor.transport()).outcome == "done"
    back = [{"node": "n3", "x_mm": 8000, "y_mm": 3000}, {"node": "n2", "x_mm": 8000, "y_mm": 0}]
    assert (await floor.transport(back, order_id="o2")).outcome == "done"


async def test_reports_come_at_most_once_a_second(floor: Floor) -> None:
    floor.sim.factor = 12
    started = asyncio.get_running_loop().time()
    assert (await floor.transport()).outcome == "done"
    took_s = asyncio.get_running_loop().time() - started
    assert 2 <= len(floor.ctx.of(VehicleReported)) <= took_s + 2


async def test_a_lost_order_is_sent_again(floor: Floor) -> None:
    floor.sim.ignore_orders = 2
    assert (await floor.transport()).outcome == "done"
    assert len(floor.orders()) == 3
    assert len({json.dumps(order["nodes"]) for order in floor.orders()}) == 1


async def test_an_order_never_echoed_is_unknown_when_it_expires(floor: Floor) -> None:
    floor.sim.ignore_orders = 1000
    result = await floor.transport(seconds=0.8)
    assert (result.outcome, result.code) == ("unknown", "vehicle.no_answer")
    sent = len(floor.orders())
    await asyncio.sleep(0.8)
    assert len(floor.orders()) == sent, "an expired order must never be sent again"


@pytest.mark.parametrize("kind", ["validationError", "orderError", "noRouteError"])
async def test_a_rejected_order_fails_with_the_vehicles_error(floor: Floor, kind: str) -> None:
    floor.sim.reject_next = kind
    result = await floor.transport()
    assert (result.outcome, result.code) == ("failed", f"vehicle.{kind}")
    assert (await floor.transport(order_id="o2")).outcome == "done", "the old error must not reject the next order"


async def test_an_order_that_starts_elsewhere_is_rejected(floor: Floor) -> None:
    result = await floor.transport(route("n2", "n3"))
    assert (result.outcome, result.code) == ("failed", "vehicle.noRouteError")


@pytest.mark.parametrize("floor", [{"base_nodes": 2}], indirect=True)
async def test_the_base_is_extended_before_the_vehicle_runs_out(floor: Floor) -> None:
    result = await floor.transport()
    assert result.outcome == "done"
    orders = floor.orders()
    assert [order["orderUpdateId"] for order in orders][-1] >= 1
    assert [node["released"] for node in orders[0]["nodes"]] == [True, True, False, False]
    for earlier, later in pairwise(orders):
        base = [node for node in earlier["nodes"] if node["released"]]
        assert later["nodes"][0]["nodeId"] in (base[-1]["nodeId"], earlier["nodes"][0]["nodeId"]), "stitching"


async def test_cancel_stops_at_the_next_node(floor: Floor) -> None:
    floor.sim.factor = 4
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    cancelled = await floor.cancel()
    result = await transport
    assert cancelled.outcome == "done"
    assert (result.outcome, result.code, result.data["last_node"]) == ("failed", "vehicle.cancelled", "n1")
    assert floor.sim.order_id == "o1" and floor.sim.idle, "cancelOrder keeps the orderId"
    floor.sim.factor = 40
    assert (await floor.transport(route("n1", "n2", "n3"), order_id="o2")).outcome == "done"


async def test_cancel_without_an_order_is_refused(floor: Floor) -> None:
    result = await floor.cancel("o9")
    assert (result.outcome, result.code) == ("failed", "vehicle.no_order")


async def test_a_second_order_while_driving_is_busy(floor: Floor) -> None:
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.orders())
    assert (await floor.transport(order_id="o2")).code == "vehicle.busy"
    assert (await transport).outcome == "done"


async def test_bad_orders_are_refused_before_they_are_sent(floor: Floor) -> None:
    assert (await floor.transport([{"node": "n0"}])).code == "vehicle.bad_order"
    assert (await floor.transport([{"node": "n0", "x_mm": 0, "y_mm": 0, "action": "fly"}])).code == "vehicle.bad_order"
    assert not floor.orders()


async def test_a_failed_action_and_a_wrong_load_fail_the_order(floor: Floor) -> None:
    floor.sim.load = "WRONG"
    result = await floor.transport()
    assert (result.outcome, result.code) == ("failed", "vehicle.action_failed")
    assert result.data["loads"] == ["WRONG"]
    assert (await floor.cancel()).outcome == "done"


async def test_lost_localisation_is_fatal(floor: Floor) -> None:
    floor.sim.factor = 4
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.lose_localisation()
    result = await transport
    assert (result.outcome, result.code) == ("failed", "vehicle.localizationError")
    assert (await floor.transport(order_id="o2")).code == "vehicle.other_order"


async def test_an_emergency_stop_delays_but_does_not_fail(floor: Floor) -> None:
    floor.sim.factor = 10
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.e_stop("MANUAL")
    floor.sim.block()
    await until(lambda: floor.ctx.of(VehicleReported)[-1].e_stop == "MANUAL")
    assert not floor.ctx.of(VehicleReported)[-1].driving and not transport.done()
    stood_mm = floor.sim.x_mm
    await asyncio.sleep(0.3)
    assert floor.sim.x_mm == stood_mm
    floor.sim.e_stop("NONE")
    floor.sim.block(False)
    assert (await transport).outcome == "done"


async def test_manual_mode_clears_the_order(floor: Floor) -> None:
    floor.sim.factor = 4
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.set_mode("MANUAL")
    result = await transport
    assert result.outcome == "failed" and result.code in ("vehicle.order_cleared", "vehicle.action_failed")
    assert (await floor.transport(order_id="o2")).code == "vehicle.not_automatic"


async def test_a_lost_network_is_reported_and_the_order_goes_on(floor: Floor) -> None:
    floor.sim.factor = 10
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.drop_broker(1.0)
    await until(lambda: floor.ctx.errors)
    assert "CONNECTIONBROKEN" in str(floor.ctx.errors[0])
    assert floor.ctx.of(VehicleReported)[-1].connection == "CONNECTIONBROKEN"
    seen_mm = floor.sim.x_mm
    await asyncio.sleep(0.3)
    assert floor.sim.x_mm > seen_mm, "a disconnected vehicle drives on to the end of its base"
    await until(lambda: len(floor.ctx.onlines) >= 2)
    assert (await transport).outcome == "done"
    assert len(floor.orders()) == 1, "an accepted order is not sent again"


async def test_a_reboot_loses_the_order(floor: Floor) -> None:
    floor.sim.factor = 4
    transport = asyncio.create_task(floor.transport())
    await until(lambda: floor.sim.x_mm > 500)
    floor.sim.reboot()
    result = await transport
    assert (result.outcome, result.code) == ("failed", "vehicle.order_lost")
    await until(lambda: floor.ctx.of(VehicleReported)[-1].order_id == "")


async def test_a_stale_state_is_dropped(floor: Floor) -> None:
    await floor.sim.publish_stale_state()
    await floor.transport()
    assert "stale" not in {report.order_id for report in floor.ctx.of(VehicleReported)}


async def test_going_offline_properly_is_reported(floor: Floor) -> None:
    await floor.sim.stop()
    await until(lambda: floor.ctx.errors)
    assert floor.ctx.of(VehicleReported)[-1].connection == "OFFLINE"
    assert (await floor.transport()).code == "vehicle.offline"


async def test_garbage_on_the_topics_harms_neither_end(floor: Floor, broker: Broker) -> None:
    user, prefix = login(broker.url("wes")), f"uagv/v2/ACME/{floor.sim.serial}"
    floor.heard.clear()
    async with aiomqtt.Client(
        user["host"], user["port"], username=user["username"], password=user["password"]
    ) as client:
        for name in ("state", "connection", "order", "instantActions"):
            await client.publish(f"{prefix}/{name}", '{"headerId": 1}')
    await asyncio.sleep(0.2)
    assert (await floor.transport()).outcome == "done"
    floor.heard[:] = [(name, body) for name, body in floor.heard if body != {"headerId": 1}]


async def test_credentials_refused_are_tried_again(broker: Broker) -> None:
    """A broker that takes over changed users refuses right ones too: no vehicle may stay out of service for that."""
    wrong = login(broker.url("gw-1")) | {"password": "guess"}
    config = {"manufacturer": "ACME", "serial": "1", "map_id": "m", "broker": wrong}
    ctx = Recorder("agv-1")
    async with running(VehicleDriver(config), ctx):
        await until(lambda: len(ctx.errors) >= 2)
    assert all(str(error).startswith("mqtt.credentials") for error in ctx.errors)


async def test_the_wire_is_checked_by_the_official_schemas() -> None:
    folder = SCHEMAS / FOLDERS["v2"]
    if not folder.is_dir():
        pytest.skip("0 of 5 VDA 5050 2.1.0 schemas at hand: set WHARFINGER_SHARED")
    names = ("connection", "factsheet", "instantActions", "order", "state")
    assert all((folder / f"{name}.schema").is_file() for name in names)


@pytest.mark.slow
@pytest.mark.timeout(3600 if "WMS_LONG" in os.environ else 240)
async def test_a_standing_vehicle_is_told_of_lest_it_be_taken_for_lost(floor: Floor) -> None:
    await until(lambda: floor.ctx.of(VehicleReported))
    first = len(floor.ctx.of(VehicleReported))
    await until(lambda: len(floor.ctx.of(VehicleReported)) > first, 40)
    standing = floor.ctx.of(VehicleReported)[-2:]
    assert standing[0] == standing[1], "nothing changed, and yet it was told"

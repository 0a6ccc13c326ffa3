"""A real VDA 5050 vehicle brings a pod to the station and takes it back: house, driver, broker and simulator together."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from devices.contract.commands import Command
from devices.contract.reports import VehicleReported
from devices.drivers.vehicle.driver import VehicleDriver
from simulators.wire.vehicle import VehicleSim
from tests.conftest import Broker
from tests.integration.house import House
from tests.integration.test_goods_to_person import board, house, pick_pod, pods, release
from tests.wire.recorder import Recorder, running, until
from tests.wire.test_vehicle import login

pytestmark = pytest.mark.wire
__all__ = ["house"]


@pytest.fixture
async def vehicle(broker: Broker) -> AsyncIterator[tuple[VehicleDriver, Recorder, VehicleSim]]:
    serial = uuid4().hex[:8]
    sim = VehicleSim(login(broker.url("vehicles")), "ACME", serial, factor=40, node_id="N3", map_id="m", x_mm=6000)
    config = {
        "manufacturer": "ACME",
        "serial": serial,
        "map_id": "m",
        "broker": login(broker.url("gw-1")),
        "resend_s": 0.3,
    }
    ctx, driver = Recorder("agv-1"), VehicleDriver(config)
    await sim.start()
    async with running(driver, ctx, retry_s=0.05):
        await until(lambda: ctx.onlines and driver.factsheet, about=lambda: ctx.errors)
        yield driver, ctx, sim
    await sim.stop()


async def drive(house: House, driver: VehicleDriver, ctx: Recorder) -> list[str]:
    """Give the vehicle what the house commands, one after another, and tell the house what became of it."""
    ends = []
    while commands := await house.commands("transport"):
        row = commands[0]
        ends.append(row.payload["stops"][-1]["node"])
        expires = datetime.now(UTC) + timedelta(seconds=20)
        result = await driver.execute(Command(str(row.id), "agv-1", "transport", expires, row.payload))
        assert (result.outcome, result.code) == ("done", ""), result
        answer = {"command_id": str(row.id), "outcome": result.outcome, "code": result.code, "data": result.data}
        await house.hear("agv-1", "command_result", answer)
    return ends


async def test_the_pod_comes_is_picked_from_and_stands_in_store_again(
    house: House, vehicle: tuple[VehicleDriver, Recorder, VehicleSim]
) -> None:
    driver, ctx, sim = vehicle
    await until(lambda: bool(ctx.of(VehicleReported)))
    await house.hear("agv-1", "vehicle_reported", asdict(ctx.of(VehicleReported)[-1]))
    order = await house.order("O1", {"B": 2})
    await release(house, order)
    assert await drive(house, driver, ctx) == ["N5"]
    assert await pods(house) == [("POD-1", "here")] and sim.idle
    assert await pick_pod(house, await house.sign_in("picker")) == [("POD-1-B2", "B", 2, "T1")]
    assert await drive(house, driver, ctx) == ["N3"], "the nearest free place"
    assert await pods(house) == [] and (await board(house))["totes"][0]["pieces"] == 2
    assert await house.state(order) == "picked"
    assert await house.audit_clean()

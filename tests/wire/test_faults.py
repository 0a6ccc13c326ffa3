"""Faults on demand: every one of the catalogue is set and cleared, a scenario shows on a driver, the control refuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from devices import drivers
from devices.contract.reports import DeviceStateChanged
from simulators.faults import control, scenario
from simulators.faults.board import Board, FaultRefused
from simulators.wire.catalogue import CATALOGUE, put_on
from simulators.wire.ensemble import Ensemble
from simulators.wire.rfid_zebra import ZebraSim
from simulators.wire.vehicle import VehicleSim
from tests.conftest import free_port
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire

NOWHERE = {"host": "127.0.0.1", "port": 1}


def made(kind: type[Any]) -> Any:
    """A simulator of its class; those on a broker stay without one here."""
    if kind is VehicleSim:
        return VehicleSim(NOWHERE, "m", "1")
    return ZebraSim(NOWHERE, "zebra") if kind is ZebraSim else kind(port=0)


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)
async def test_every_fault_of_the_catalogue_is_set_and_cleared(kind: type[Any]) -> None:
    sim, board = made(kind), Board()
    put_on(board, "dev", "family", sim)
    on_wire = kind not in (VehicleSim, ZebraSim)
    if on_wire:
        await sim.start()
    try:
        for fault in CATALOGUE[kind]:
            value = 1.0 if fault.kind != "level" else fault.high if fault.high != fault.rest else fault.low
            await board.set("dev", fault.name, value)
            shown = board.to_json()[0]["on"].get(fault.name, {"value": fault.rest})["value"]
            assert shown == pytest.approx(0.0 if fault.kind == "once" else value), fault.name
            await board.clear("dev", fault.name)
            assert fault.name not in board.to_json()[0]["on"]
        assert len(board.history) == sum(1 if fault.kind == "once" else 2 for fault in CATALOGUE[kind])
    finally:
        if on_wire:
            await sim.stop()


@asynccontextmanager
async def floor() -> AsyncIterator[tuple[Ensemble, dict[str, int]]]:
    ports = {"scale": free_port(), "printer": free_port()}
    rows = [
        {"id": f"{family}-1", "family": family, "config": {"host": "127.0.0.1", "port": port}}
        for family, port in ports.items()
    ]
    ensemble = Ensemble(rows, factor=20)
    await ensemble.start()
    try:
        yield ensemble, ports
    finally:
        await ensemble.stop()


SCENARIO = """
title: {en: Test, zh-CN: 测试}
seed: 1
timed:
  - {at_s: 0.2, device: printer-1, fault: paper_out, for_s: 2}
  - {at_s: 0.4, device: scale-1, fault: line_half_open, for_s: 4}
"""


async def test_a_scenario_shows_on_the_drivers_and_passes() -> None:
    async with floor() as (ensemble, ports):
        printer = drivers.load("printer")({"host": "127.0.0.1", "port": ports["printer"], "poll_s": 0.1})
        scale = drivers.load("scale")(
            {"host": "127.0.0.1", "port": ports["scale"], "silence_s": 0.5, "reply_timeout_s": 0.5}
        )
        paper, weight = Recorder("printer-1"), Recorder("scale-1")
        async with running(printer, paper), running(scale, weight):
            await until(lambda: paper.onlines and weight.onlines)
            steps = scenario.plan(scenario.parse(SCENARIO, "test.yaml"), ensemble.board)
            await scenario.play(ensemble.board, steps)
            await until(lambda: any("paper" in r.detail for r in paper.of(DeviceStateChanged)))
            await until(lambda: weight.errors)  # silence behind an open connection
            await until(lambda: not ensemble.sims["printer-1"].paper_out)  # ended by itself
            await until(lambda: paper.of(DeviceStateChanged)[-1].state == "online" or len(paper.onlines) > 1)
            await until(lambda: len(weight.onlines) > 1)
        by = [(e["device"], e["fault"], e["value"], e["by"]) for e in ensemble.board.history]
        assert sorted(by) == sorted([
            ("printer-1", "paper_out", 1.0, "scenario"), ("printer-1", "paper_out", 0.0, "scenario"),
            ("scale-1", "line_half_open", 1.0, "scenario"), ("scale-1", "line_half_open", 0.0, "scenario"),
        ])  # fmt: skip


async def test_the_control_lists_sets_clears_and_refuses_with_codes() -> None:
    async with (
        floor() as (ensemble, _),
        control.serving(ensemble.board, "127.0.0.1", 0) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        listed = (await client.get("/devices")).json()["devices"]
        shown = [(d["device"], d["kind"], d["on"]) for d in listed]
        assert shown == [("scale-1", "ScaleSim", {}), ("printer-1", "PrinterSim", {})]
        known = (await client.get("/catalogue")).json()
        paper = next(f for f in known["PrinterSim"] if f["name"] == "paper_out")
        assert paper["kind"] == "switch" and set(paper["what"]) == set(paper["sees"]) == {"en", "zh-CN"}
        delay = next(f for f in known["ScaleSim"] if f["name"] == "line_delay")
        assert (delay["low"], delay["high"], delay["unit"]) == (0, 10, "s")

        assert (await client.put("/devices/printer-1/faults/paper_out", json={"for_s": 60})).status_code == 200
        assert ensemble.sims["printer-1"].paper_out
        shown = (await client.get("/devices")).json()["devices"][1]["on"]["paper_out"]
        assert shown["value"] == 1 and 0 < shown["left_s"] <= 60
        assert (await client.delete("/devices/printer-1/faults/paper_out?by=anna")).status_code == 200
        assert not ensemble.sims["printer-1"].paper_out
        assert (await client.get("/history")).json()[0] | {"at": ""} == {
            "at": "", "device": "printer-1", "fault": "paper_out", "value": 0, "for_s": None, "by": "anna",
        }  # fmt: skip

        for method, path, body, status, code in (
            ("PUT", "/devices/crane-1/faults/paper_out", {}, 404, "faults.no_device"),
            ("PUT", "/devices/printer-1/faults/flood", {}, 404, "faults.no_fault"),
            ("PUT", "/devices/scale-1/faults/line_delay", {"value": 11}, 422, "faults.bad_value"),
            ("PUT", "/devices/printer-1/faults/paper_out", {"value": 0.5}, 422, "faults.bad_value"),
            ("PUT", "/devices/printer-1/faults/paper_out", {"for_s": -1}, 422, "faults.bad_value"),
            ("DELETE", "/devices/printer-1/faults/flood", None, 404, "faults.no_fault"),
        ):
            told = await client.request(method, path, json=body)
            assert (told.status_code, told.json()["code"]) == (status, code)


async def test_a_fault_set_anew_lasts_its_new_time_and_all_are_cleared_at_once() -> None:
    async with floor() as (ensemble, _):
        board = ensemble.board
        await board.set("scale-1", "silent", 1, 0.05)
        await board.set("scale-1", "silent", 1, 60)
        await asyncio.sleep(0.2)
        assert ensemble.sims["scale-1"].faults.silent  # the former time no longer counts
        await board.set("printer-1", "head_open")
        await board.clear_all("anna")
        assert not ensemble.sims["scale-1"].faults.silent and not ensemble.sims["printer-1"].head_open
        with pytest.raises(FaultRefused, match="faults.no_device"):
            await board.set("crane-1", "silent")

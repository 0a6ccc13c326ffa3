"""Faults from the console: a printer runs out of paper live, the floor sees it as an incident, and it passes."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT, Broker, free_port
from tests.e2e import children, site
from tests.e2e.conftest import Server, _answers, _client, _grant
from tests.e2e.test_console import sign_in
from wms.stack.process import die_with_parent

Shot = Callable[[Any, str], None]
SCENARIO = """
title: {en: A dock in trouble, zh-CN: 收货口的麻烦}
seed: 1
timed:
  - {at_s: 1, device: gate-1, fault: strays, value: 12, for_s: 3600}
"""


@pytest.fixture(scope="module")
def server(migrated_db: str, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """API, worker, gateway and simulated devices as processes."""
    found = Server(f"http://127.0.0.1:{(port := free_port())}", secrets.token_urlsafe(24), migrated_db)
    folder, control = tmp_path_factory.mktemp("faults"), free_port()
    user = broker.embedded.add_gateway("gw-1")
    config = gateway_yaml(folder, broker.embedded.url(user.name))
    (folder / "scenario.yaml").write_text(SCENARIO, "utf-8")
    env = {
        "WMS_DATABASE_URL": migrated_db, "WMS_HTTP_PORT": str(port), "WMS_DATA_DIR": str(folder),
        "WMS_BROKER_URL": broker.url("wes"), "WMS_SIMULATORS_URL": f"http://127.0.0.1:{control}",
    }  # fmt: skip
    running = [children.start(what, env, folder / f"{what.__name__}.log") for what in (children.api, children.worker)]
    scenario = str(folder / "scenario.yaml")
    gateway = ["devices.gateway", "--config", str(config)]
    simulators = [
        "simulators.run",
        "bench",
        "--gateway",
        str(config),
        "--control",
        str(control),
        "--scenario",
        scenario,
    ]
    programs = [
        _start(gateway, {**os.environ, "WMS_MQTT_PASSWORD": user.password}, folder / "gateway.log"),
        _start(simulators, dict(os.environ), folder / "simulators.log"),
    ]
    asyncio.run(_grant(migrated_db, found.key))
    try:
        site.until(lambda: _answers(found.url), "the API", 60)
        with _client(found) as admin:
            site.load(admin)
            site.until(lambda: states(admin) == {"online"}, "every device online", 60)
        yield found
    finally:
        for program in programs:
            program.terminate()
        children.stop(running)
        for program in programs:
            program.wait(15)


def _start(module: list[str], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        argv = [sys.executable, "-m", *module]
        return subprocess.Popen(argv, env=env, cwd=ROOT, stdout=out, stderr=out, preexec_fn=die_with_parent(9))


def gateway_yaml(folder: Path, broker: str) -> Path:
    rows = [("pr-1", "printer"), ("pr-2", "printer"), ("sc-1", "scale"), ("gate-1", "rfid_gate"), ("dws-1", "dws")]
    devices = [
        {"id": name, "family": family, "config": {"host": "127.0.0.1", "port": free_port()}} for name, family in rows
    ]
    path = folder / "gateway.yaml"
    path.write_text(
        json.dumps({"gateway": "gw-1", "broker": {"url": broker}, "spool": {"path": "spool.db"}, "devices": devices})
    )
    return path


def states(admin: httpx.Client) -> set[str]:
    return {d["state"] for d in admin.get("/api/v1/devices").json()} or {"none"}


def incidents(admin: httpx.Client) -> list[str]:
    return [i["subject"] for i in admin.get("/api/v1/incidents?state=open").json() if i["kind"] == "device.offline"]


def flip(desk: Page, fault: str) -> None:
    """Click the switch where a person does; the input itself lies hidden under its track."""
    row = desk.locator(".sim-fault", has=desk.get_by_test_id(f"fault-{fault}"))
    row.locator(".mantine-Switch-track").click()


def test_a_printer_runs_out_of_paper_live_and_the_floor_sees_it(
    desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.get_by_test_id("nav-simulators").click()
    desk.get_by_test_id("sim-pr-1").click()
    paper = desk.get_by_test_id("fault-paper_out")
    expect(paper).not_to_be_checked()
    flip(desk, "paper_out")
    expect(paper).to_be_checked()
    site.until(lambda: any("pr-1" in subject for subject in incidents(admin)), "an incident of the printer", 60)
    shot(desk, "console-simulators")

    desk.get_by_test_id("nav-incidents").click()
    row = desk.get_by_test_id("table-incidents").locator("tbody tr", has_text="pr-1")
    expect(row).to_contain_text("paper")
    shot(desk, "console-simulators-incident")

    desk.get_by_test_id("nav-simulators").click()
    desk.get_by_test_id("sim-pr-1").click()
    flip(desk, "paper_out")
    expect(desk.get_by_test_id("fault-paper_out")).not_to_be_checked()
    site.until(lambda: not incidents(admin), "the incident to pass", 60)
    past = admin.get("/api/v1/simulators/history").json()
    assert [(p["fault"], p["value"], p["by"]) for p in past if p["device"] == "pr-1"] == [
        ("paper_out", 0, "Boss"), ("paper_out", 1, "Boss"),
    ]  # fmt: skip


def test_a_level_a_one_shot_and_a_fault_with_an_end_in_chinese(
    desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    sign_in(desk, server.url)
    desk.goto(f"{server.url}/console?page=simulators&device=sc-1")
    desk.get_by_text("中文").click()
    expect(desk.get_by_text("当前故障")).to_be_visible()
    expect(desk.get_by_text("场景：收货口的麻烦（计划故障：1）")).to_be_visible()
    lean = desk.locator("input[data-testid=fault-foreign_load]")
    lean.fill("70000")
    lean.press("Enter")
    site.until(lambda: on(admin, "sc-1").get("foreign_load") == 70_000, "the load on the scale")
    desk.get_by_text("30 秒").click()
    flip(desk, "never_stable")
    site.until(lambda: "never_stable" in on(admin, "sc-1"), "the switch")
    desk.get_by_test_id("fault-reboot").click()
    site.until(lambda: "not_zeroed" in on(admin, "sc-1"), "the reboot")
    desk.wait_for_timeout(2500)
    desk.mouse.wheel(0, -5000)
    shot(desk, "console-simulators-zh")
    desk.get_by_test_id("end-all").click()
    site.until(lambda: not on(admin, "sc-1"), "all faults to end")
    expect(desk.get_by_text("一切正常：没有故障")).to_be_visible()
    left = [p for p in admin.get("/api/v1/simulators/history").json() if p["fault"] == "never_stable"]
    assert [p["for_s"] for p in left] == [None, 30]


def on(admin: httpx.Client, device: str) -> dict[str, float]:
    devices = admin.get("/api/v1/simulators").json()["devices"]
    return {name: state["value"] for d in devices if d["device"] == device for name, state in d["on"].items()}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("crane-1/faults/paper_out", {}, 404, "simulators.no_fault"),
        ("pr-1/faults/flood", {}, 404, "simulators.no_fault"),
        ("sc-1/faults/line_delay", {"value": 99}, 422, "simulators.bad_value"),
        ("sc-1/faults/line_delay", {"value": 1, "colour": 2}, 422, "common.malformed"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_code(
    admin: httpx.Client, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    told = admin.post(f"/api/v1/simulators/{path}", json=body)
    assert (told.status_code, told.json()["code"]) == (status, code), told.text


def test_a_scale_that_weighs_its_check_piece_wrong_twice_is_locked_and_let_back(
    desk: Page, server: Server, admin: httpx.Client, shot: Shot
) -> None:
    assert admin.post("/api/v1/work/stations", json=[
        {"code": "PACK-9", "kind": "pack", "location": "PACK-1", "scale": "sc-1"},
        {"code": "PACK-8", "kind": "pack", "location": "PACK-1"},
    ]).status_code == 200  # fmt: skip
    sign_in(desk, server.url)
    desk.get_by_test_id("nav-devices").click()
    desk.get_by_role("button", name="New check piece").click()
    desk.get_by_role("textbox", name="Check piece").fill("W5KG")
    desk.get_by_label("Weight (g)").fill("5000")
    desk.get_by_label("Certificate").fill("OIML M1 4711")
    shot(desk, "console-check-piece")
    desk.get_by_test_id("save-piece").click()
    row = desk.get_by_test_id("table-checks").get_by_role("row", name="sc-1")
    for on_the_pan, says in ((5030, "failed"), (5040, "locked"), (5002, "passed")):
        row.get_by_role("button", name="Check now").click()
        desk.get_by_test_id("start-check").click()
        assert admin.post("/api/v1/simulators/sc-1/faults/foreign_load", json={"value": on_the_pan}).status_code == 200
        expect(row).to_contain_text(says)
        shot(desk, f"console-check-{says}")
        assert admin.delete("/api/v1/simulators/sc-1/faults/foreign_load").status_code == 200
        if says == "locked":
            site.until(lambda: "PACK-8" in locked(admin), "the incident that names the other bench")
    site.until(lambda: not locked(admin), "the lock's incident to close")


def locked(admin: httpx.Client) -> str:
    found = [i for i in admin.get("/api/v1/incidents?state=open").json() if i["kind"] == "calibration.locked"]
    return json.dumps(found) if found else ""

"""Configurations against devices on the wire: read back, pushed, verified; sealed ones are only audited."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.wire.dimensioner import DimensionerSim
from simulators.wire.dws import DwsSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.rfid_impinj import ImpinjSim
from simulators.wire.scale import ScaleSim
from tests.conftest import ROOT

pytestmark = pytest.mark.wire
CONFIGS = ROOT / "firmware_configs"
PROFILES = {
    "printer-1": ("printer", "label_printer/zebra_zd421/ship_4x6", "direct_thermal"),
    "scale-1": ("scale", "scale/mettler_toledo_ind570/packing_bench", "pack_1"),
    "dws-1": ("dws", "dws/sick_vms_class/register_map", "default"),
    "gate-1": ("rfid_gate", "rfid_reader/impinj_r420/dock_gate", "default"),
    "gate-2": ("rfid_gate", "rfid_reader/impinj_r700/dock_gate", "default"),
    "cube-1": ("dimensioner", "dimensioner/quantronix_cubiscan_125/bench", "default"),
}


def golden(profile: str, name: str) -> dict[str, Any]:
    folder = CONFIGS / profile / "golden"
    found = folder / f"{name}.params.json"
    chosen = found if found.exists() else min(folder.glob("*.params.json"))
    params: dict[str, Any] = json.loads(chosen.read_text())
    return params


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    serial = golden(*PROFILES["scale-1"][1:]).get("serial_number", "B021234567")
    sims: dict[str, Any] = {
        "printer-1": PrinterSim(factor=20), "scale-1": ScaleSim(factor=20, serial=serial), "dws-1": DwsSim(), "gate-1": RfidGateSim(),
        "gate-2": ImpinjSim(password=""), "cube-1": DimensionerSim(site="OTHER"),
    }  # fmt: skip
    for sim in sims.values():
        await sim.start()
    devices = [
        {
            "id": name, "family": family,
            "config": {"host": sims[name].host, "port": sims[name].port} | ({"transport": "impinj_iot", "scheme": "http"} if name == "gate-2" else {}),
            "firmware": {"folder": str(CONFIGS / profile), "params": golden(profile, case)},
        }
        for name, (family, profile, case) in PROFILES.items()
    ]  # fmt: skip
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump({
        "gateway": "g", "broker": {"url": "mqtt://127.0.0.1:1"}, "spool": {"path": "s.db"}, "devices": devices,
    }))  # fmt: skip
    yield path
    for sim in sims.values():
        await sim.stop()


async def firmware(config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "devices.cli.firmware", *arguments, "--config", str(config)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("device", ["printer-1", "gate-1", "gate-2", "cube-1"])
async def test_a_device_that_differs_is_pushed_and_then_verifies(config: Path, device: str) -> None:
    before = await firmware(config, "verify", device)
    assert before.returncode == 1, before.stdout + before.stderr
    assert "DIFFERS" in before.stdout or "refused" in before.stderr.lower()
    pushed = await firmware(config, "push", device, "--yes")
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    assert "as configured" in pushed.stdout
    assert (await firmware(config, "verify", device)).returncode == 0
    (record,) = json.loads(config.with_name("firmware-records.json").read_text())
    assert record["device"] == device and len(record["sha256"]) == 64 and all(f["same"] for f in record["findings"])


@pytest.mark.parametrize("device", ["scale-1", "dws-1"])
async def test_a_sealed_device_is_audited_and_never_written(config: Path, device: str) -> None:
    shown = await firmware(config, "diff", device)
    assert shown.returncode == 0 and shown.stdout.count("ok ") >= 2, shown.stdout + shown.stderr
    pushed = await firmware(config, "push", device, "--yes")
    assert pushed.returncode == 2 and "legal for trade" in pushed.stderr


async def test_drift_tells_of_every_device_and_of_one_that_is_away(config: Path) -> None:
    raw = yaml.safe_load(config.read_text())
    raw["devices"] = [d for d in raw["devices"] if d["id"] in ("scale-1", "printer-1")]
    raw["devices"].append({**raw["devices"][0], "id": "away-1", "config": {"host": "127.0.0.1", "port": 1}})
    config.write_text(yaml.safe_dump(raw))
    told = await firmware(config, "drift")
    assert told.returncode == 1
    assert "ok      scale-1" in told.stdout and "DIFFERS printer-1" in told.stdout and "UNKNOWN away-1" in told.stdout
    assert (await firmware(config, "verify", "away-1")).returncode == 3
    assert (await firmware(config, "verify", "nobody")).returncode == 2

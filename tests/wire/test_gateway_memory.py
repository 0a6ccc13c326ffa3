"""A gateway of 20 devices of every family fits a small edge computer: less than 150 MB resident, under traffic."""

import asyncio
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from simulators.wire.broker import OpenBroker
from simulators.wire.ensemble import Ensemble
from tests.conftest import ROOT, free_port
from tests.wire.recorder import until

pytestmark = [pytest.mark.wire, pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")]

LIMIT_MB = 150.0
FAMILIES: list[tuple[str, int, dict[str, Any]]] = [
    ("scale", 4, {"capture": "auto"}),
    ("scale", 1, {"capture": "auto", "protocol": "toledo"}),
    ("printer", 3, {}),
    ("printer", 1, {"protocol": "tspl"}),
    ("rfid_gate", 2, {}),
    ("dws", 2, {}),
    ("dimensioner", 1, {}),
    ("plc", 1, {"map": "sorter"}),
    ("plc", 1, {"map": "conveylinx"}),
    ("light", 1, {"positions": {"L-01": 1}}),
    ("light", 1, {"protocol": "modbus", "positions": {"W-01": 1}}),
    ("vehicle", 2, {}),
]


def rows() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for family, count, own in FAMILIES:
        for _ in range(count):
            name = f"{family}-{len(made)}"
            at = (
                {"manufacturer": "sim", "serial": name}
                if family == "vehicle"
                else {"host": "127.0.0.1", "port": free_port()}
            )
            made.append({"id": name, "family": family, "config": {**at, **own}})
    return made


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def test_twenty_devices_in_less_than_150_mb(tmp_path: Path) -> None:
    devices, broker = rows(), OpenBroker()
    assert len(devices) == 20
    await broker.start()
    ensemble = Ensemble(devices, factor=20, broker={"host": broker.host, "port": broker.port})
    await ensemble.start()
    config = tmp_path / "gateway.yaml"
    url = f"mqtt://{broker.host}:{broker.port}"
    config.write_text(
        json.dumps({"gateway": "gw-1", "broker": {"url": url}, "spool": {"path": "spool.db"}, "devices": devices})
    )
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devices.gateway", "--config", str(config), "--log-level", "ERROR",
        cwd=ROOT, env={**os.environ, "WMS_MQTT_PASSWORD": ""},
    )  # fmt: skip
    try:
        door = tmp_path / "gateway.sock"
        await until(door.exists)
        reader, writer = await asyncio.open_unix_connection(door)
        listed: list[dict[str, Any]] = []

        async def all_online() -> bool:
            writer.write(b'{"ask": "list"}\n')
            listed[:] = json.loads(await reader.readline())["devices"]
            return len(listed) == 20 and all(d["state"] == "online" for d in listed)

        async with asyncio.timeout(90):
            while not await all_online():
                await asyncio.sleep(0.2)
        gates = [sim for name, sim in ensemble.sims.items() if name.startswith("rfid_gate")]
        tags = [f"3034257BF400000000{n:06X}" for n in range(500)]
        for _ in range(3):
            await asyncio.gather(*(gate.pass_pallet(tags, 20.0) for gate in gates))
        used_mb = resident_mb(gateway.pid)
        writer.close()
    finally:
        gateway.send_signal(signal.SIGTERM)
        await gateway.wait()
        await ensemble.stop()
        await broker.stop()
    print(f"gateway of 20 devices: {used_mb:.0f} MB")
    assert used_mb < LIMIT_MB

"""Labels under sudden death: gateway and WES killed, printer power-cycled, broker in between. What is said to be printed is on
paper, what is said to have failed is not, and no number comes out twice.

Real PostgreSQL, broker, gateway process and WES worker process; the printer is the wire simulator. Seeded; the long form does
more.
"""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy import text

from simulators.wire.printer import PrinterSim
from tests.conftest import ROOT, free_port, start, stop
from tests.wire.recorder import until
from wms import flow
from wms.db.uow import Database
from wms.foundation.labels import service
from wms.stack.broker import EmbeddedBroker

pytestmark = [pytest.mark.wire, pytest.mark.integration]
SEED = int(os.environ.get("WMS_KILLS_SEED", "11"))
KILLS = 40 if "WMS_LONG" in os.environ else 6
GATEWAY = "gw-1"
WORKER = "import asyncio; from wms.main import run_worker; from wms.settings import Settings; asyncio.run(run_worker(Settings()))"


@dataclass
class Plant:
    folder: Path
    broker: EmbeddedBroker
    db: Database
    url: str
    printer: PrinterSim
    gateway: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    def start_gateway(self) -> None:
        parts = urlsplit(self.broker.url(GATEWAY))
        device = {"host": self.printer.host, "port": self.printer.port, "poll_s": 0.2, "reply_timeout_s": 0.5}
        path = self.folder / "gateway.yaml"
        path.write_text(yaml.safe_dump({
            "gateway": GATEWAY, "broker": {"url": f"mqtt://{GATEWAY}@127.0.0.1:{parts.port}"}, "spool": {"path": "spool.db"},
            "devices": [{"id": "printer-1", "family": "printer", "config": device}],
        }))  # fmt: skip
        self.gateway = self._start(
            ["-m", "devices.gateway", "--config", str(path)], {"WMS_MQTT_PASSWORD": parts.password or ""}
        )

    def start_worker(self) -> None:
        self.worker = self._start(["-c", WORKER], {
            "WMS_DATABASE_URL": self.url, "WMS_BROKER_URL": self.broker.url("wes"), "WMS_DATA_DIR": str(self.folder),
        })  # fmt: skip

    def _start(self, argv: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *argv], env={**os.environ, **env}, cwd=ROOT, stdout=log, stderr=log
            )

    async def strike(self, victim: str) -> None:
        """Kill -9 or power off, and start again at once."""
        match victim:
            case "gateway" if self.gateway is not None:
                self.gateway.kill()
                await asyncio.to_thread(self.gateway.wait)
                self.start_gateway()
            case "worker" if self.worker is not None:
                self.worker.kill()
                await asyncio.to_thread(self.worker.wait)
                self.start_worker()
            case "printer":
                await self.printer.stop()
                await asyncio.sleep(0.3)
                await self.printer.start()
            case "cable":
                self.printer.drop()

    async def jobs(self) -> dict[str, str]:
        async with self.db.begin() as uow:
            rows = await uow.session.execute(text("SELECT serial, state FROM print_job ORDER BY id"))
            return {r.serial: r.state for r in rows}


@pytest.fixture
async def plant(new_db: Callable[..., str], tmp_path: Path) -> AsyncIterator[Plant]:
    broker = EmbeddedBroker(tmp_path / "mqtt", port=free_port())
    broker.add_gateway(GATEWAY)
    url = new_db(migrated=True)
    made = Plant(tmp_path, broker, Database(url, router=flow.route, pool=4), url, PrinterSim(factor=2))
    await made.printer.start()
    process = await asyncio.to_thread(start, broker.child())
    made.start_gateway()
    made.start_worker()
    try:
        yield made
    finally:
        for child in (made.gateway, made.worker):
            if child is not None:
                child.kill()
                await asyncio.to_thread(child.wait)
        await asyncio.to_thread(stop, process, signal.SIGTERM)
        await made.printer.stop()
        await made.db.close()


@pytest.mark.timeout(200 + 20 * KILLS)
async def test_no_number_comes_out_twice_and_no_answer_lies(plant: Plant) -> None:
    print(f"labels: seed {SEED}, {KILLS} strikes")
    chance, made = random.Random(SEED), 0
    victims = ["gateway", "worker", "printer", "cable"] * (KILLS // 4 + 1)
    chance.shuffle(victims)

    async def print_one(ttl_s: int = 25) -> None:
        async with plant.db.begin() as uow:
            code = await service.next_sscc(uow)
            await service.print_label(
                uow, "lpn", {"code": code, "content": "王小明"}, "printer-1", "labels.test:x", ttl_s=ttl_s
            )

    await print_one(ttl_s=90)  # on a busy machine the plant takes its time to stand
    made += 1
    await until(lambda: plant.printer.printed, 90)
    for victim in victims[:KILLS]:
        for _ in range(4):
            await print_one()
            made += 1
        await asyncio.sleep(chance.uniform(0.5, 3.0))  # a label takes half a second: some die in the middle
        await plant.strike(victim)
    for _ in range(20):  # all stands again: labels print as ever
        await print_one()
        made += 1
        await asyncio.sleep(2)
        if "printed" in list((await plant.jobs()).values())[-1:]:
            break
    for _ in range(600):
        if set((await plant.jobs()).values()) <= {"printed", "failed", "unknown"}:
            break
        await asyncio.sleep(0.2)
    jobs = await plant.jobs()
    out = Counter(number for zpl in plant.printer.printed for number in re.findall(r">;>800(\d{18})", zpl))
    said: dict[str, list[str]] = {}
    for number, state in jobs.items():
        said.setdefault(state, []).append(number)
    print({state: len(numbers) for state, numbers in said.items()}, f"{sum(out.values())} labels came out")
    assert len(jobs) == made and set(said) <= {"printed", "failed", "unknown"}, said.keys()
    assert max(out.values()) == 1, "a number came out twice"
    assert all(out[number] == 1 for number in said["printed"]), "said to be printed, and is not"
    assert not any(out[number] for number in said.get("failed", [])), "said to have failed, and is on paper"
    assert list(jobs.values())[-1] == "printed", "nothing prints any more"
    assert (await _facts(plant)) == made


async def _facts(plant: Plant) -> int:
    """One end per job."""
    async with plant.db.begin() as uow:
        query = "SELECT count(*) FROM event WHERE name IN ('labels.label_printed.v1', 'labels.label_failed.v1')"
        return int(await uow.session.scalar(text(query)) or 0)

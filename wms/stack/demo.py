"""The demo: a fresh site on a fresh data folder, worked by simulated people and devices, with the result judged.

What is judged: every order has shipped or stands in a named incident, and the ledger's audit is clean.
"""

import asyncio
import json
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wms.settings import Settings
from wms.stack.broker import EmbeddedBroker
from wms.stack.local import Stack, module
from wms.stack.postgres import EmbeddedPostgres
from wms.stack.process import StackFault
from wms.stack.supervisor import Child, ChildState

Json = dict[str, Any]
SIMULATORS_PORT = 18_870
STANDSTILL_S = 240.0
"""Nothing shipped or picked for this long is a failure, not patience: recovery after a kill takes seconds."""


@dataclass(frozen=True, slots=True)
class Options:
    count: int = 50
    seed: int = 1
    factor: float = 20.0
    orders: str = ""
    skus: str = ""
    cartons: str = ""
    scenario: str = ""


@dataclass(slots=True)
class Outcome:
    result: Json
    audit: list[Json]
    open_orders: list[str]
    """References of orders that neither shipped nor stand in an incident."""
    incidents: list[Json]
    boards: Json = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return "failed" not in self.result and not self.open_orders and all(a["clean"] for a in self.audit)


class BadInput(Exception):
    """The given files cannot be used; the text names file, line, column and reason."""


class Demo:
    """Owns the demo's folder and stack.

    async with Demo(settings, options, say) as demo:
        outcome = await demo.work(on_progress)
    """

    def __init__(self, settings: Settings, options: Options, on_change: Callable[[ChildState], None]) -> None:
        self.folder = settings.data_dir / "demo"
        self.settings = settings.model_copy(
            update={
                "data_dir": self.folder, "gateway_config": self.folder / "gateway.yaml",
                "carriers_config": self.folder / "carriers.yaml",
                "http_port": _free_port(settings.http_host, settings.http_port),
                "broker_port": _free_port(settings.broker_host, settings.broker_port),
                "simulators_url": f"http://127.0.0.1:{_free_port('127.0.0.1', SIMULATORS_PORT)}",
            }
        )  # fmt: skip
        self.options, self.on_change = options, on_change
        self.key = secrets.token_urlsafe(32)
        self.site: Json = {}
        self.ready_s = 0.0
        self._stack: Stack | None = None

    async def __aenter__(self) -> "Demo":
        started = time.monotonic()
        self._wipe()
        self._prepare()
        self._stack = Stack(self.settings, extra=[self._grant(), self._simulators()], on_change=self.on_change)
        try:
            await self._stack.start()
            await self._until_open()
        except BaseException:
            await self._stack.stop()
            raise
        self.ready_s = time.monotonic() - started
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._stack is not None:
            await self._stack.stop()

    def _wipe(self) -> None:
        if self.settings.database_url is None:
            EmbeddedPostgres(self.folder).destroy()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def _prepare(self) -> None:
        o, s = self.options, self.settings
        argv = module("simulators.run", "prepare", "--out", str(self.folder), "--seed", str(o.seed), "--count", str(o.count),
                      "--gateway", s.gateway_id, "--broker", f"mqtt://{s.gateway_id}@127.0.0.1:{s.broker_port}")  # fmt: skip
        for name in ("orders", "skus", "cartons", "scenario"):
            if value := getattr(o, name):
                argv += [f"--{name}", value]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BadInput(done.stderr.strip())
        self.site = json.loads((self.folder / "site.json").read_text("utf-8"))

    def _simulators(self) -> Child:
        agv_url = self.settings.broker_url or ""
        if self.settings.broker_url is None:
            broker = EmbeddedBroker(self.folder, self.settings.broker_host, self.settings.broker_port)
            agv_url = broker.url(broker.add_vehicles().name)
        argv = module(
            "simulators.run", "play", "--out", str(self.folder), "--api", self.api, "--factor", str(self.options.factor),
            "--control", self.settings.simulators_url.rpartition(":")[2], "--scenario", self.options.scenario,
        )  # fmt: skip
        return Child(
            "simulators",
            argv,
            env={"WMS_DEMO_KEY": self.key, "WMS_DEMO_AGV_BROKER": agv_url},
            after=("broker", "planners"),
        )

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.settings.http_port}"

    def _grant(self) -> Child:
        """The first key of a new installation comes from who owns the machine."""
        return Child(
            "grant", module("wms", "grant", "demo", "--role", "admin"), env={"WMS_GRANT_KEY": self.key}, after=("migrate",),
            one_shot=True,
        )  # fmt: skip

    async def _until_open(self) -> None:
        while self._read("progress.json") is None:
            if (result := self._read("result.json")) is not None:
                raise StackFault(f"the site could not be loaded: {result}")
            await asyncio.sleep(0.1)

    def _read(self, name: str) -> Json | None:
        path = self.folder / name
        if not path.exists():
            return None
        body: Json = json.loads(path.read_text("utf-8"))
        return body

    async def work(self, on_progress: Callable[[Json], None]) -> Outcome:
        """Wait until the work is done, or does not move any more, telling progress once a second; then judge it."""
        moved_at, last = time.monotonic(), None
        while (result := self._read("result.json")) is None:
            if (progress := self._read("progress.json")) is not None:
                on_progress(progress)
                now = (progress.get("by_state"), progress.get("lines"))
                if now != last:
                    moved_at, last = time.monotonic(), now
            if time.monotonic() - moved_at > STANDSTILL_S:
                result = {"failed": f"nothing has moved for {STANDSTILL_S:.0f} s"}
                break
            await asyncio.sleep(1.0)
        return await self._judge(result)

    async def _judge(self, result: Json) -> Outcome:
        import httpx

        async with httpx.AsyncClient(
            base_url=self.api, timeout=60, headers={"authorization": f"Bearer {self.key}"}
        ) as client:
            await asyncio.sleep(1.0)  # what was last done is still being answered
            audit = (await client.get("/api/v1/stock/audit")).raise_for_status().json()
            incidents = (await client.get("/api/v1/incidents?state=all")).raise_for_status().json()
            orders: list[Json] = []
            for state in (
                "accepted",
                "backordered",
                "released",
                "picking",
                "picked",
                "packed",
                "labelled",
                "loaded",
                "cancelled",
            ):
                page = (await client.get(f"/api/v1/orders?state={state}&limit=500")).raise_for_status().json()
                orders += page["orders"]
            named = json.dumps([i["detail"] for i in incidents] + [i["subject"] for i in incidents])
            lost = [o["ref"] for o in orders if o["ref"] not in named]
            controls = await client.get("/api/v1/controls")
            boards = {"controls": controls.json() if controls.status_code == 200 else []}
        return Outcome(result, audit, lost, incidents, boards)


def _free_port(host: str, wanted: int) -> int:
    """`wanted`, or the next free one."""
    for port in range(wanted, wanted + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise StackFault(f"no free port from {wanted} on")

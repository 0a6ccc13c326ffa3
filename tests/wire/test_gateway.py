"""The gateway process against the real broker, a scale and a printer: nothing lost, nothing twice, bad input refused."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import pytest
import yaml

from devices.contract import topics
from devices.contract.reports import CommandResult, WeightMeasured, from_data
from devices.gateway.spool import Spool
from simulators.wire.dws import DwsSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.scale import ScaleSim
from simulators.wire.vehicle import VehicleSim
from tests.conftest import free_port, start, stop
from tests.wire.recorder import until
from wms.stack.broker import EmbeddedBroker

pytestmark = [pytest.mark.wire, pytest.mark.integration]
GATEWAY = "gw-1"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Receiver:
    """The WES's side of the link: takes contiguous seqs once, acknowledges, keeps everything it saw."""

    url: str
    taken: list[dict[str, Any]] = field(default_factory=list)
    last_seq: dict[str, int] = field(default_factory=dict)
    health: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    acking: bool = True
    client: aiomqtt.Client | None = None

    async def run(self) -> None:
        task = asyncio.current_task()
        while task is not None and not task.cancelling():  # a disconnect that times out hides the cancellation
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                async with mqtt(self.url, "wes") as client:
                    await client.subscribe([(topics.ALL_EVENTS, 1), (topics.ALL_HEALTH, 0)])
                    self.client = client
                    await self._listen(client)
            self.client = None
            await asyncio.sleep(0.1)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            body = json.loads(message.payload)
            if message.topic.value.endswith("/health"):
                self.health.append(body)
            else:
                await self._take(client, body)

    async def _take(self, client: aiomqtt.Client, event: dict[str, Any]) -> None:
        epoch, last = event["epoch"], self.last_seq.get(event["epoch"], 0)
        if event["seq"] == last + 1:
            from_data(event["kind"], event["data"])
            self.taken.append(event)
            self.last_seq[epoch] = last + 1
        elif event["seq"] <= last:
            self.duplicates += 1
        if self.acking and self.last_seq.get(epoch):
            ack = json.dumps({"epoch": epoch, "seq": self.last_seq[epoch]})
            await client.publish(topics.acks(GATEWAY), ack, qos=1)

    async def send(self, payload: bytes | str) -> None:
        await until(lambda: self.client is not None)
        assert self.client is not None
        await self.client.publish(topics.commands(GATEWAY), payload, qos=1)

    async def command(self, device: str, kind: str, seconds: float = 8, command_id: str = "", **data: object) -> str:
        command_id = command_id or str(uuid.uuid4())
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        body = {"id": command_id, "device": device, "kind": kind, "expires_at": expires_at, "data": data}
        await self.send(json.dumps(body))
        return command_id

    def results(self, command_id: str) -> list[CommandResult]:
        found = [from_data(e["kind"], e["data"]) for e in self.taken if e["kind"] == "command_result"]
        return [r for r in found if isinstance(r, CommandResult) and r.command_id == command_id]

    async def result(self, command_id: str, timeout_s: float = 10) -> CommandResult:
        await until(lambda: self.results(command_id), timeout_s)
        return self.results(command_id)[0]

    def state(self, device: str) -> str:
        rows = self.health[-1]["devices"] if self.health else []
        return next((row["state"] for row in rows if row["device"] == device), "")

    def weights(self) -> list[WeightMeasured]:
        found = [from_data(e["kind"], e["data"]) for e in self.taken]
        return [r for r in found if isinstance(r, WeightMeasured)]


def mqtt(url: str, identifier: str) -> aiomqtt.Client:
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    return aiomqtt.Client(
        parts.hostname,
        parts.port,
        username=parts.username,
        password=parts.password,
        identifier=identifier,
        clean_session=False,
        timeout=3,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


@dataclass
class Floor:
    """Broker and gateway as processes that can be killed, with a scale and a printer in this one."""

    folder: Path
    broker: EmbeddedBroker
    scale: ScaleSim
    printer: PrinterSim
    wes: Receiver
    broker_process: subprocess.Popen[bytes] | None = None
    gateway_process: subprocess.Popen[bytes] | None = None
    more_devices: list[dict[str, Any]] = field(default_factory=list)
    printer_settings: dict[str, Any] = field(default_factory=lambda: {"poll_s": 0.3})

    async def start_broker(self) -> None:
        self.broker_process = await asyncio.to_thread(start, self.broker.child())

    def write_config(self) -> Path:
        parts = urlsplit(self.broker.url(GATEWAY))
        scale = {"host": self.scale.host, "port": self.scale.port, "capture": "auto"}
        printer = {"host": self.printer.host, "port": self.printer.port, **self.printer_settings}
        config = {
            "gateway": GATEWAY,
            "broker": {"url": f"mqtt://{GATEWAY}@127.0.0.1:{parts.port}"},
            "spool": {"path": "spool.db"},
            "devices": [
                {"id": "scale-1", "family": "scale", "config": scale},
                {"id": "printer-1", "family": "printer", "config": printer},
                {"id": "toaster-1", "family": "toaster", "config": {}},
                *self.more_devices,
            ],
        }
        path = self.folder / "gateway.yaml"
        path.write_text(yaml.safe_dump(config))
        return path

    def start_gateway(self) -> None:
        path = self.write_config()
        with (self.folder / "gateway.log").open("ab") as log:
            self.gateway_process = subprocess.Popen(
                [sys.executable, "-m", "devices.gateway", "--config", str(path)],
                env={**os.environ, "WMS_MQTT_PASSWORD": urlsplit(self.broker.url(GATEWAY)).password or ""},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill(self, process: subprocess.Popen[bytes] | None) -> None:
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text()

    async def online(self, *devices: str) -> None:
        """Wait for health, told from now on, that shows these devices (the scale by default) online."""
        self.wes.health.clear()
        await until(lambda: all(self.wes.state(d) == "online" for d in devices or ("scale-1",)))


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    broker = EmbeddedBroker(tmp_path / "mqtt", port=free_port())
    broker.add_gateway(GATEWAY)
    f = Floor(tmp_path, broker, ScaleSim(factor=20, rate_hz=50), PrinterSim(factor=5), Receiver(broker.url("wes")))
    await f.scale.start()
    await f.printer.start()
    await f.start_broker()
    f.start_gateway()
    receiving = asyncio.create_task(f.wes.run())
    try:
        await f.online()
        yield f
    finally:
        while (
            not receiving.done()
        ):  # a publish that ends in the same turn hides the cancellation (Python 3.11's wait_for)
            receiving.cancel()
            await asyncio.wait([receiving], timeout=1)
        assert f.gateway_process is not None and f.broker_process is not None
        await asyncio.to_thread(stop, f.gateway_process, signal.SIGTERM)
        await asyncio.to_thread(stop, f.broker_process, signal.SIGTERM)
        await f.scale.stop()
        await f.printer.stop()


async def test_commands_good_and_bad(floor: Floor) -> None:
    wes = floor.wes
    floor.scale.put(750)
    weighed = await wes.command("scale-1", "weigh")
    assert (await wes.result(weighed)).data == {"weight_g": 750}
    assert wes.weights()[-1].command_id == weighed

    printed = await wes.command("printer-1", "print", job_id="j", content="^XA^FDx^FS^XZ", labels=1)
    assert (await wes.result(printed)).outcome == "done"

    expected = {
        await wes.command("scale-1", "weigh", seconds=-1): ("expired", "gateway.expired"),
        await wes.command("nobody", "weigh"): ("failed", "gateway.unknown_device"),
        await wes.command("scale-1", "print"): ("failed", "gateway.unsupported_command"),
        await wes.command("toaster-1", "weigh"): ("failed", "gateway.device_offline"),
        await wes.command("printer-1", "print", content="no zpl"): ("refused", "printer.bad_content"),
    }
    for command_id, (outcome, code) in expected.items():
        result = await wes.result(command_id)
        assert (result.outcome, result.code) == (outcome, code)
    assert wes.state("toaster-1") == "refused"

    for payload in (b"\xff\xfe", b"[]", b"[" * 60_000, b'{"id": 5}', b"x" * 70_000, b'{"id":"m","device":1}'):
        await wes.send(payload)
    malformed = await wes.result("m")
    assert (malformed.outcome, malformed.code) == ("refused", "gateway.malformed_command")

    await wes.command("printer-1", "print", command_id=printed, job_id="j", content="^XA^FDx^FS^XZ", labels=1)
    await until(lambda: len(wes.results(printed)) == 2)
    assert wes.results(printed)[0] == wes.results(printed)[1]
    assert len(floor.printer.printed) == 1
    assert floor.gateway_process is not None and floor.gateway_process.poll() is None
    assert "malformed command" in floor.log() and "Traceback" not in floor.log()


async def test_a_command_interrupted_by_a_crash_is_unknown_and_not_repeated(floor: Floor) -> None:
    floor.printer.factor = 0.5
    await floor.online("printer-1")
    content = "^XA^FDonce^FS^XZ"
    command_id = await floor.wes.command("printer-1", "print", seconds=60, job_id="j", content=content, labels=1)
    await until(lambda: floor.printer.labels_remaining or floor.printer.printed)
    floor.kill(floor.gateway_process)
    floor.start_gateway()
    result = await floor.wes.result(command_id)
    assert (result.outcome, result.code) == ("unknown", "gateway.restarted")
    await floor.wes.command("printer-1", "print", command_id=command_id, job_id="j", content=content, labels=1)
    await until(lambda: len(floor.wes.results(command_id)) == 2)
    await until(lambda: floor.printer.printed)
    assert len(floor.printer.printed) == 1


async def test_a_transport_goes_on_over_a_crash_of_the_gateway(floor: Floor) -> None:
    """The vehicle knows what became of its order: before, while and after it drives, the answer is `done`, once."""
    floor.broker.add_vehicles()
    parts = urlsplit(floor.broker.url("vehicles"))
    login = {"host": "127.0.0.1", "port": parts.port, "username": parts.username, "password": parts.password}
    vehicle = VehicleSim(login, "ACME", "1", factor=2)
    floor.more_devices = [{"id": "agv-1", "family": "vehicle", "config": {"manufacturer": "ACME", "serial": "1"}}]

    async def drive(number: int) -> str:
        frm, to = (0, 3000) if number % 2 else (3000, 0)
        stops = [
            {"node": f"N{x_mm}", "x_mm": x_mm, "y_mm": 0, "action": action, "load": f"T{number}"}
            for x_mm, action in ((frm, "pick"), (to, "drop"))
        ]
        return await floor.wes.command("agv-1", "transport", seconds=60, order_id=f"o{number}", stops=stops)

    async def done_after_restart(command_id: str) -> None:
        floor.kill(floor.gateway_process)
        floor.start_gateway()
        assert (await floor.wes.result(command_id, 30)).outcome == "done"

    async with AsyncExitStack() as stack:
        await vehicle.start()
        stack.push_async_callback(vehicle.stop)
        floor.kill(floor.gateway_process)
        floor.start_gateway()
        await floor.online("agv-1")

        vehicle.ignore_orders = 1
        never_heard = await drive(1)
        await until(lambda: not vehicle.ignore_orders)
        await done_after_restart(never_heard)

        under_way = await drive(2)
        await until(lambda: vehicle.orders_received == 2)
        await done_after_restart(under_way)

        over = await drive(3)
        await until(lambda: vehicle.orders_received == 3)
        assert floor.gateway_process is not None
        floor.gateway_process.send_signal(signal.SIGSTOP)
        await until(lambda: vehicle.idle, 20)
        await done_after_restart(over)

        assert vehicle.orders_received == 3
        assert [len(floor.wes.results(each)) for each in (never_heard, under_way, over)] == [1, 1, 1]
    assert "Traceback" not in floor.log()


async def test_kills_lose_nothing_and_double_nothing(floor: Floor) -> None:
    """Gateway, broker and acknowledgements fail while weights flow; every load whose removal waited for its capture
    arrives exactly once, seqs have no gap, and the spool drains."""
    wes, sent = floor.wes, []

    async def load(weight_g: int) -> None:
        sent.append(weight_g)
        floor.scale.put(weight_g)
        await asyncio.sleep(0.35)
        floor.scale.remove()
        await asyncio.sleep(0.15)

    for number in range(5):
        await load(1000 + number)
    wes.acking = False
    for number in range(5, 10):
        await load(1000 + number)
    floor.kill(floor.broker_process)
    for number in range(10, 15):
        await load(1000 + number)
    floor.kill(floor.gateway_process)
    floor.start_gateway()
    await floor.start_broker()
    wes.acking = True
    await floor.online()
    floor.kill(floor.broker_process)
    for number in range(15, 20):
        await load(1000 + number)
    await floor.start_broker()
    await floor.online()
    for number in range(20, 23):
        await load(1000 + number)

    await until(lambda: len(wes.weights()) >= len(sent), 30)
    assert [w.weight_g for w in wes.weights()] == sent
    assert [e["seq"] for e in wes.taken] == list(range(1, len(wes.taken) + 1))
    assert len({e["id"] for e in wes.taken}) == len(wes.taken)
    assert len({e["epoch"] for e in wes.taken}) == 1
    wes.health.clear()
    await until(lambda: wes.health and wes.health[-1]["spool"]["depth"] == 0, 10)


async def test_a_backlog_drains_quickly(floor: Floor) -> None:
    """With Nagle's algorithm on, each PUBACK waits for a delayed ACK and this takes 30 s."""
    floor.kill(floor.gateway_process)
    spool = Spool(floor.folder / "spool.db")
    now = datetime.now(UTC)
    await asyncio.gather(*(spool.append("scale-1", WeightMeasured(g), now) for g in range(1000)))
    spool.close()
    floor.start_gateway()
    await until(lambda: len(floor.wes.weights()) == 1000, 20)
    assert [w.weight_g for w in floor.wes.weights()] == list(range(1000))


async def test_every_family_works_behind_one_gateway(floor: Floor) -> None:
    floor.broker.add_vehicles()
    parts = urlsplit(floor.broker.url("vehicles"))
    login = {"host": "127.0.0.1", "port": parts.port, "username": parts.username, "password": parts.password}
    gate, dws, vehicle = RfidGateSim(), DwsSim(factor=20), VehicleSim(login, "ACME", "1", factor=20)
    floor.more_devices = [
        {"id": "gate-1", "family": "rfid_gate", "config": {"host": gate.host}},
        {"id": "dws-1", "family": "dws", "config": {"host": dws.host}},
        {"id": "agv-1", "family": "vehicle", "config": {"manufacturer": "ACME", "serial": "1"}},
    ]
    async with AsyncExitStack() as stack:
        for sim in (gate, dws, vehicle):
            await sim.start()
            stack.push_async_callback(sim.stop)
        floor.more_devices[0]["config"]["port"], floor.more_devices[1]["config"]["port"] = gate.port, dws.port
        assert floor.gateway_process is not None
        await asyncio.to_thread(stop, floor.gateway_process, signal.SIGTERM)
        assert floor.gateway_process.returncode == 0
        floor.start_gateway()
        await floor.online("gate-1", "dws-1", "agv-1", "scale-1", "printer-1")
        asked = await floor.wes.command("dws-1", "measure")
        await asyncio.sleep(0.2)
        await dws.present(400, 300, 200, 1500, "SKU-1")
        assert (await floor.wes.result(asked)).outcome == "done"
    assert "Traceback" not in floor.log()


async def test_a_wrong_configuration_ends_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text("gateway: g\nbroker: {url: 'http://x'}\nspool: {path: s.db}\n")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "devices.gateway", "--config", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "broker.url" in done.stderr


def desk(floor: Floor, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "devices.cli.desk", "--config", str(floor.folder / "gateway.yaml"), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


async def test_the_person_at_the_gateway_sees_tries_and_traces_a_device(floor: Floor) -> None:
    await floor.online("scale-1", "printer-1")
    shown = await asyncio.to_thread(desk, floor)
    assert shown.returncode == 0 and "scale-1" in shown.stdout and "online" in shown.stdout
    assert (await asyncio.to_thread(desk, floor, "ping", "scale-1")).returncode == 0
    assert (await asyncio.to_thread(desk, floor, "ping", "toaster-1")).returncode == 1
    floor.scale.put(1234)
    read = await asyncio.to_thread(desk, floor, "read", "scale-1")
    assert read.returncode == 0 and json.loads(read.stdout)["data"]["weight_g"] == 1234, read
    printed = await asyncio.to_thread(desk, floor, "print", "printer-1")
    assert printed.returncode == 0 and len(floor.printer.printed) == 1, printed
    unknown = await asyncio.to_thread(desk, floor, "read", "scale-9")
    assert unknown.returncode == 1 and "scale-9" in unknown.stderr
    trace = await asyncio.to_thread(desk, floor, "trace", "scale-1")
    passed = [json.loads(line) for line in trace.stdout.splitlines()]
    assert {p["to_device"] for p in passed} == {True, False}
    assert any("1.234 kg" in p["text"] or "1234 g" in p["text"] for p in passed), passed[-3:]


async def test_a_trace_is_replayed_to_a_driver(floor: Floor, tmp_path: Path) -> None:
    """What a driver said to the simulated scale and heard from it: the replay answers a driver of the same kind alike."""
    floor.scale.put(4321)
    await until(lambda: floor.wes.weights())
    trace = await asyncio.to_thread(desk, floor, "trace", "scale-1")
    file = tmp_path / "trace.jsonl"
    file.write_text(trace.stdout)
    played = subprocess.Popen(
        [sys.executable, "-m", "devices.cli.desk", "--config", str(floor.folder / "gateway.yaml"), "replay", str(file)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert played.stdout is not None
        port = int((await asyncio.to_thread(played.stdout.readline)).rsplit(":", 1)[1])
        scale = {"host": "127.0.0.1", "port": port, "capture": "auto"}
        floor.more_devices = [{"id": "scale-2", "family": "scale", "config": scale}]
        floor.write_config()
        assert floor.gateway_process is not None
        floor.gateway_process.send_signal(signal.SIGHUP)
        await until(
            lambda: any(e["device"] == "scale-2" and e["kind"] == "weight_measured" for e in floor.wes.taken), 20
        )
        heard = next(e for e in floor.wes.taken if e["device"] == "scale-2" and e["kind"] == "weight_measured")
        assert heard["data"]["weight_g"] == 4321
    finally:
        played.kill()
        played.wait()


async def test_a_changed_configuration_touches_only_what_it_changes(floor: Floor) -> None:
    await floor.online("scale-1", "printer-1")
    floor.more_devices = [
        {"id": "scale-2", "family": "scale", "config": {"host": floor.scale.host, "port": floor.scale.port}}
    ]
    floor.printer_settings["poll_s"] = 0.5
    floor.write_config()
    changed = await asyncio.to_thread(desk, floor, "reload")
    assert json.loads(changed.stdout) == {"started": ["scale-2"], "restarted": ["printer-1"], "stopped": []}
    await floor.online("scale-1", "scale-2", "printer-1")
    assert floor.log().count("scale-1: online") == 1 and floor.log().count("printer-1: online") == 2
    (floor.folder / "gateway.yaml").write_text("gateway: gw-1\ndevices: 5\n")
    refused = await asyncio.to_thread(desk, floor, "reload")
    assert refused.returncode == 2
    floor.more_devices = []
    floor.write_config()
    assert json.loads((await asyncio.to_thread(desk, floor, "reload")).stdout)["stopped"] == ["scale-2"]
    await until(lambda: all(row["device"] != "scale-2" for row in floor.wes.health[-1]["devices"]))

"""Zebra FX and FXR readers by their IoT Connector: mode by MQTT command, tag data and input events by MQTT.

Source: Zebra IoT Connector for fixed readers (FX7500, FX9600, FXR90), RAW MQTT Payloads, Tag Data and Management Events.
"""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import aiomqtt

from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.gate import Gate
from devices.drivers.rfid_gate.iot_codec import (
    Edge,
    IotError,
    Note,
    parse,
    zebra_answer,
    zebra_antennas,
    zebra_command,
    zebra_event,
)
from devices.drivers.rfid_gate.setup import GateSetup
from devices.transports import mqtt, tap
from devices.transports.jobs import first_of

log = logging.getLogger(__name__)

_TOPICS = {
    "management_request": "m-req",
    "management_response": "m-res",
    "control_request": "c-req",
    "control_response": "c-res",
    "management_events": "m-evt",
    "data_events": "d-evt",
}


def mode(setup: GateSetup) -> dict[str, Any]:
    """Payload of `set_mode`: CUSTOM, because only there every single read is told (report filter 0 s) and the input stops
    the radio too; PORTAL would stop by a lack of new tags and tell each tag once.

    Source: Zebra IoT Connector, Controlling Operating Mode; Trigger Settings; TagStorage Settings.
    """
    body: dict[str, Any] = {
        "type": "CUSTOM",
        "antennas": list(setup.antennas),
        "transmitPower": setup.transmit_power_cdbm / 100,
        "tagMetaData": ["ANTENNA", "RSSI", "SEEN_COUNT"],
        "reportFilter": {"duration": 0, "type": "RADIO_WIDE"},
    }
    if setup.trigger == "gpi":
        broken, clear = ("HIGH", "LOW") if setup.gpi_broken else ("LOW", "HIGH")
        body["radioStartConditions"] = {"type": "GPI", "gpis": [{"port": setup.gpi_port, "signal": broken}]}
        body["radioStopConditions"] = {"gpis": [{"port": setup.gpi_port, "signal": clear}]}
    return body


class ZebraReader:
    """One reader. Config: broker {host, port, username, password or password_env or password_file}, base_topic, topics
    (names of the six topics under base_topic, as set in the reader), reader_id (serial number), heartbeat_s (what the
    reader is set to, 30), reply_timeout_s, keepalive_s, and the fields of GateSetup; no periodic trigger.
    """

    keys: ClassVar[frozenset[str]] = frozenset(
        ["broker", "base_topic", "topics", "reader_id", "heartbeat_s", "reply_timeout_s", "keepalive_s"]
    )

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            broker = config["broker"]
            self._broker: dict[str, Any] = dict(broker)
            self._host, self._port = str(broker["host"]), int(broker.get("port", 1883))
            base = str(config["base_topic"]).rstrip("/")
            names = _TOPICS | dict(config.get("topics", {}))
            if unknown := set(names) - set(_TOPICS):
                raise ConfigRefused(f"rfid_gate: unknown topics {sorted(unknown)}")
            self._topics = {role: f"{base}/{name}" for role, name in names.items()}
            self._reader_id = str(config.get("reader_id", ""))
            self._silence_s = 3 * float(config.get("heartbeat_s", 30))
            self._reply_timeout_s = float(config.get("reply_timeout_s", 5))
            self._keepalive_s = int(config.get("keepalive_s", 15))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigRefused(f"rfid_gate: {error!r}") from error
        self._setup = GateSetup.from_config(config)
        if self._setup.trigger == "periodic":
            raise ConfigRefused("rfid_gate: the IoT Connector has no periodic trigger")
        self._tap = tap.current()
        self._waiting: dict[str, asyncio.Future[tuple[bool, dict[str, Any]]]] = {}
        self._heard = asyncio.Event()
        self._antennas: dict[int, bool] = {}

    async def run(self, ctx: DriverContext, gate: Gate) -> None:
        """Set the mode, start, hand everything to `gate`. Errors: NotReady, ConfigRefused."""
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._broker.get("username"),
            password=self._password(),
            identifier=f"wharfinger-{ctx.device}-{uuid4().hex[:8]}",
            keepalive=self._keepalive_s,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._waiting, self._antennas, self._tap = {}, {}, tap.current()
        try:
            async with client:
                for role in ("management_response", "control_response", "management_events", "data_events"):
                    await client.subscribe(self._topics[role], qos=1)
                await first_of(self._receive(client, ctx, gate), self._serve(client, ctx, gate))
        except aiomqtt.MqttError as error:
            raise mqtt.not_ready(error) from error

    async def _serve(self, client: aiomqtt.Client, ctx: DriverContext, gate: Gate) -> None:
        """Handshake, then judge by silence: data, events and heartbeats are the signs of life."""
        version = await self._ask(client, "management", "get_version")
        serial = str(version.get("serialNumber", ""))
        if self._reader_id and serial != self._reader_id:
            found = {"expected": self._reader_id, "found": serial, "at": self._topics["management_request"]}
            await quarantine(ctx, "wrong_identity", found)
        wanted, now = mode(self._setup), await self._ask(client, "control", "get_mode")
        if {key: now.get(key) for key in wanted} != wanted:
            await self._ask(client, "control", "stop")
            await self._ask(client, "control", "set_mode", wanted)
        await self._ask(client, "control", "start")
        await self._check_barrier(client, gate)
        ctx.online(f"Zebra {version.get('model', 'reader')} {serial}")
        await gate.alarms.repeat()
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(self._silence_s):
                    await self._heard.wait()
            except TimeoutError:
                raise NotReady(f"zebra.silent: nothing for {self._silence_s:.0f} s") from None

    async def _check_barrier(self, client: aiomqtt.Client, gate: Gate) -> None:
        """A pallet that already stands in the gate has been read by nobody: its session must be counted by hand."""
        levels = await self._ask(client, "management", "get_gpi_status")
        broken = "HIGH" if self._setup.gpi_broken else "LOW"
        if levels.get(str(self._setup.gpi_port)) == broken:
            await gate.open(overflow=True)

    async def _receive(self, client: aiomqtt.Client, ctx: DriverContext, gate: Gate) -> None:
        answers = (self._topics["management_response"], self._topics["control_response"])
        async for message in client.messages:
            self._tap.note(False, f"{message.topic} ".encode() + bytes(message.payload) + b"\n")
            try:
                body = parse(message.payload)
                if str(message.topic) in answers:
                    self._answer(*zebra_answer(body))
                    continue
                await self._take(body, gate)
            except IotError as error:
                log.warning("%s: message dropped: %s", ctx.device, error)
                await gate.alarms.set("garbage", f"zebra.bad_event: {error}")
                continue
            self._heard.set()
            ctx.alive()

    def _answer(self, command_id: str, success: bool, payload: dict[str, Any]) -> None:
        waiting = self._waiting.get(command_id)
        if waiting is not None and not waiting.done():
            waiting.set_result((success, payload))

    async def _take(self, body: dict[str, Any], gate: Gate) -> None:
        match zebra_event(body):
            case TagRead() as read:
                gate.reads((read,))
            case Edge(port, high, at_us) if port == self._setup.gpi_port:
                await gate.clock(at_us, True, "zebra")
                await gate.barrier(high == self._setup.gpi_broken, at_us)
            case Note("heartbeat", at_us):
                await gate.clock(at_us, True, "zebra")
                await self._watch_antennas(zebra_antennas(body["data"].get("radio_control", {})), gate)

    async def _watch_antennas(self, found: dict[int, bool], gate: Gate) -> None:
        """Only heartbeats tell of antennas; only those of this gate matter."""
        for antenna, connected in found.items():
            if antenna in self._setup.antennas and self._antennas.get(antenna, True) != connected:
                await gate.antenna(antenna, connected, "zebra")
            self._antennas[antenna] = connected

    async def _ask(
        self, client: aiomqtt.Client, plane: str, name: str, payload: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One command and its answer. Errors: NotReady for silence, ConfigRefused for `failure`."""
        command_id = uuid4().hex
        answer: asyncio.Future[tuple[bool, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = answer
        try:
            asked = zebra_command(name, command_id, payload)
            self._tap.note(True, f"{self._topics[f'{plane}_request']} {asked}\n".encode())
            await client.publish(self._topics[f"{plane}_request"], asked, qos=1)
            async with asyncio.timeout(self._reply_timeout_s):
                success, result = await answer
        except TimeoutError:
            raise NotReady(f"zebra.no_answer: {name}") from None
        finally:
            del self._waiting[command_id]
        if not success:
            raise ConfigRefused(f"zebra.refused: {name}: {str(result)[:200]}")
        return result

    def _password(self) -> str | None:
        """Read anew at each connect, so that a rotated secret is taken. Errors: ConfigRefused."""
        broker = self._broker
        try:
            if "password_file" in broker:
                return Path(broker["password_file"]).read_text("utf-8").strip()
            return os.environ[broker["password_env"]] if "password_env" in broker else broker.get("password")
        except (OSError, KeyError) as error:
            raise ConfigRefused(f"rfid_gate: password: {error!r}") from error

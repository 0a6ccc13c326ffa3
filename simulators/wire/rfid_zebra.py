"""A Zebra FX9600 with its IoT Connector on MQTT: commands, tag data, input events, heartbeats, a reader's faults.

Source: Zebra IoT Connector for fixed readers, RAW MQTT Payloads, Tag Data and Management Events. Written from these, apart
from the product's own codec.
"""

import asyncio
import contextlib
import json
import socket
from datetime import UTC, datetime
from typing import Any

import aiomqtt

from simulators.wire.kept import Kept
from simulators.wire.rfid_world import GateWorld

Json = dict[str, Any]


class ZebraSim(GateWorld):
    """One reader with four antennas and two inputs. `factor` speeds up only the pallet.

    broker: {"host", "port", "username", "password"}; the last two are optional.
    """

    def __init__(
        self,
        broker: Json,
        base_topic: str,
        factor: float = 1.0,
        seed: int = 0,
        gpi_port: int = 1,
        reads_per_s: int = 600,
        miss_rate: float = 0.0,
        residents: tuple[str, ...] = (),
        serial: str = "84248D1E2F3A",
        heartbeat_s: float = 30.0,
    ) -> None:
        super().__init__(factor, seed, reads_per_s, miss_rate, residents)
        self.broker, self.base, self.serial, self.heartbeat_s = broker, base_topic, serial, heartbeat_s
        self.mode: Json = {"type": "SIMPLE", "antennas": [1]}
        self.refuse = ""
        """Name of a command that is answered with failure."""
        self.frozen = False
        """Connected, but nothing is sent and nothing answered."""
        self.commands: list[str] = Kept()
        self._gpi_port = gpi_port
        self._started = self._reading = False
        self._lost: set[int] = set()
        self._event_number = 0
        self._outbox: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        self._client: aiomqtt.Client | None = None
        self._away_s = 0.3
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._link())]

    async def stop(self) -> None:
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.5)

    @property
    def ready(self) -> bool:
        return self._client is not None and self._started

    # --- faults ---

    def drop_connection(self, seconds: float = 0.3) -> None:
        """Lose the network for `seconds`; tag data meanwhile is lost (no retention configured)."""
        self._away_s = seconds
        sock = self._client and self._client._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def reboot(self) -> None:
        """Power cycle: the mode is kept, reading is not."""
        self._started = self._reading = False
        self.drop_connection()

    def antenna_lost(self, antenna: int) -> None:
        self._lost.add(antenna)
        self.heartbeat()

    def antenna_back(self, antenna: int) -> None:
        self._lost.discard(antenna)
        self.heartbeat()

    def babble(self) -> None:
        """Tag data that is none."""
        self._say(
            "d-evt", {"type": "SIMPLE", "data": {"idHex": "not hexadecimal"}, "timestamp": self._iso(self.now_us())}
        )

    # --- the physical world ---

    def barrier_edge(self, broken: bool) -> None:
        level = "HIGH" if broken else "LOW"
        self._event("gpi", {"pin": self._gpi_port, "state": level})
        edge = {"port": self._gpi_port, "signal": level}
        if self._started and edge in self.mode.get("radioStartConditions", {}).get("gpis", ()):
            self._reading = True
        elif edge in self.mode.get("radioStopConditions", {}).get("gpis", ()):
            self._reading = False

    def tag_in_field(self, epc: str, antenna: int, rssi_dbm: int, at_us: int) -> None:
        if not self._reading or antenna in self._lost or antenna not in self.mode["antennas"]:
            return
        self._event_number += 1
        data: Json = {"eventNum": self._event_number, "format": "epc", "idHex": epc.lower()}
        told = self.mode.get("tagMetaData", ())
        data |= {"antenna": antenna} if "ANTENNA" in told else {}
        data |= {"peakRssi": rssi_dbm} if "RSSI" in told else {}
        data |= {"reads": 1} if "SEEN_COUNT" in told else {}
        self.reads_sent += 1
        self._say("d-evt", {"type": self.mode["type"], "timestamp": self._iso(at_us), "data": data})

    async def drain(self) -> None:
        await asyncio.sleep(0)

    # --- events ---

    def heartbeat(self) -> None:
        antennas = {str(n): "disconnected" if n in self._lost else "connected" for n in range(1, 5)}
        activity = "active" if self._reading else "inactive"
        self._event("heartbeat", {"radio_control": {"antennas": antennas, "radioActivity": activity}})

    def _event(self, kind: str, data: Json) -> None:
        self._event_number += 1
        stamp = self._iso(self.now_us())
        body = {"type": kind, "timestamp": stamp, "component": "RC", "eventNum": self._event_number, "data": data}
        self._say("m-evt", body)

    def _iso(self, at_us: int) -> str:
        stamp = datetime.fromtimestamp((at_us + self.clock_step_us) / 1e6, UTC)
        return stamp.isoformat(timespec="milliseconds").replace("+00:00", "+0000")

    def _say(self, topic: str, body: Json) -> None:
        if not self.frozen and self._client is not None:
            self._outbox.put_nowait((topic, body))

    # --- MQTT ---

    async def _link(self) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    self.broker["host"],
                    int(self.broker.get("port", 1883)),
                    username=self.broker.get("username"),
                    password=self.broker.get("password"),
                    identifier=f"FX9600{self.serial}",
                ) as client:
                    await self._serve(client)
            except aiomqtt.MqttError:
                pass
            finally:
                self._client = None
            await asyncio.sleep(self._away_s)

    async def _serve(self, client: aiomqtt.Client) -> None:
        for plane in ("m-req", "c-req"):
            await client.subscribe(f"{self.base}/{plane}", qos=1)
        self._client, self._outbox = client, asyncio.Queue()
        jobs = [asyncio.create_task(job) for job in (self._post(client), self._beat())]
        try:
            async for message in client.messages:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self._on_command(str(message.topic), json.loads(message.payload))
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _post(self, client: aiomqtt.Client) -> None:
        while True:
            topic, body = await self._outbox.get()
            await client.publish(f"{self.base}/{topic}", json.dumps(body), qos=0 if topic == "d-evt" else 1)

    async def _beat(self) -> None:
        while True:
            self.heartbeat()
            await asyncio.sleep(self.heartbeat_s)

    def _on_command(self, topic: str, message: Json) -> None:
        name, plane = message["command"], "m-res" if topic.endswith("m-req") else "c-res"
        self.commands.append(name)
        payload = None if name == self.refuse else self._do(name, message.get("payload") or {})
        response = "failure" if payload is None else "success"
        answer = {"command": name, "command_id": message["command_id"], "response": response, "payload": payload or {}}
        self._say(plane, answer)

    def _do(self, name: str, payload: Json) -> Json | None:
        """The answer's payload, None for failure."""
        match name:
            case "get_version":
                return {"serialNumber": self.serial, "model": "FX9600", "readerApplication": "3.21.23.0"}
            case "get_gpi_status":
                return {str(n): "HIGH" if self.barrier_broken and n == self._gpi_port else "LOW" for n in (1, 2)}
            case "get_mode":
                return self.mode
            case "set_mode":
                if self._started or any(not 1 <= antenna <= 4 for antenna in payload.get("antennas", ())):
                    return None
                self.mode = payload
            case "start":
                self._started, self._reading = True, "radioStartConditions" not in self.mode
            case "stop":
                self._started = self._reading = False
            case _:
                return None
        return {}

"""An AGV that speaks VDA 5050 2.1 or 3.0 over MQTT: real order acceptance, real driving times, a vehicle's faults.

Source: VDA 5050 2.1.0; for 3.0.0 its schemas (main, 2026-07) and predefined error types. Written from the standard, apart from the product's own codec.
"""

import asyncio
import contextlib
import json
import math
import socket
from datetime import UTC, datetime
from typing import Any

import aiomqtt

from simulators.plant.agv import Limits
from simulators.wire.vehicle_orders import Orders
from simulators.wire.vehicle_words import STATE_S, Json, action_states, factsheet

_DRIVING_STATE_S = 1.0
_KEEPALIVE_S = 15
_BATTERY_LOW_PCT = 15.0
_AUTOACK_S = 2.0
"""A bumper that is free again releases by itself."""


class VehicleSim(Orders):
    """One DIFF carrier with one load place. `factor` speeds up driving, turning and load handling only.

    broker: {"host", "port", "username", "password"}; the last two are optional.
    """

    def __init__(
        self,
        broker: Json,
        manufacturer: str,
        serial: str,
        x_mm: int = 0,
        y_mm: int = 0,
        factor: float = 1.0,
        node_id: str = "",
        map_id: str = "",
        interface: str = "",
        version: str = "v2",
        limits: Limits | None = None,
        keepalive_s: int = _KEEPALIVE_S,
        max_nodes: int = 200,
    ) -> None:
        v3 = version == "v3"
        super().__init__(v3, x_mm, y_mm, factor, node_id, map_id, limits, max_nodes)
        self.broker, self.manufacturer, self.serial = broker, manufacturer, serial
        self.state_s = STATE_S
        """A standing vehicle says its state at least so often."""
        self._prefix = f"{interface or ('vda5050' if v3 else 'uagv')}/{version}/{manufacturer}/{serial}"
        self._keepalive_s = keepalive_s
        self._header_ids: dict[str, int] = {}
        self._client: aiomqtt.Client | None = None
        self._away_s = 0.5
        self.loses_online = 0

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(job) for job in (self._link(), self._live())]

    async def stop(self) -> None:
        """Leave as the standard asks: OFFLINE, then DISCONNECT."""
        with contextlib.suppress(aiomqtt.MqttError):
            await self._publish_connection("OFFLINE")
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.5)

    @property
    def online(self) -> bool:
        return self._client is not None

    # --- faults and people ---

    def e_stop(self, kind: str = "MANUAL") -> None:
        """Press the stop; kind: AUTOACK, MANUAL or REMOTE (who must acknowledge), NONE releases."""
        self.e_stop_kind = kind
        self._note()
        if kind == "AUTOACK":
            asyncio.get_running_loop().call_later(_AUTOACK_S / self.factor, self._acknowledge)

    def _acknowledge(self) -> None:
        if self.e_stop_kind == "AUTOACK":
            self.e_stop("NONE")

    def block(self, blocked: bool = True) -> None:
        """Something stands in the protective field."""
        self.field_violation = blocked
        self._note()

    def set_mode(self, mode: str) -> None:
        """Turn the mode switch; leaving automatic clears the order. Source: section 6.10.6."""
        self.mode = mode
        if mode not in ("AUTOMATIC", "SEMIAUTOMATIC"):
            self._clear_order()
        self._note()

    def lose_localisation(self) -> None:
        self._error("localizationError", "FATAL", "position lost")
        self.localized, self._hold = False, True
        self._note()

    def recover(self) -> None:
        """A person has put the vehicle right: errors gone, driving allowed."""
        self.errors.clear()
        self.localized, self._hold = True, False
        self._note()

    def press_pause(self, paused: bool = True) -> None:
        """The pause button on the vehicle."""
        self.paused = paused
        self._note()

    def drain_battery(self, to_pct: float) -> None:
        self.battery_pct = to_pct
        self.errors = [e for e in self.errors if e["errorType"] != self._word("batteryLow")]
        if to_pct < _BATTERY_LOW_PCT:
            self._error("batteryLow", "WARNING", f"battery at {to_pct:.0f} %")
        self._note()

    def swap_load(self, load: str) -> None:
        """Somebody put another tote on, or took it off."""
        self.load = load
        self._note()

    def drop_broker(self, seconds: float = 0.5) -> None:
        """Lose the network for `seconds` of wall time: no DISCONNECT, so the last will speaks. It drives on."""
        self._away_s = seconds
        sock = self._client and self._client._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def reboot(self, seconds: float = 0.5) -> None:
        """Power cycle: the order and every header id are gone, the load is not."""
        self._clear_order()
        self.order_id, self.update_id, self._actions, self._instants, self.errors = "", 0, [], [], []
        self._ended, self._cancel, self.paused = False, None, False
        self.last_node, self.last_sequence = "", 0
        self._header_ids.clear()
        self.drop_broker(seconds)

    async def publish_stale_state(self) -> None:
        """A state that lost its way in the network and arrives late."""
        await self._publish_false(timestamp="2020-01-01T00:00:00.000Z", orderId="stale")

    async def publish_twice(self) -> None:
        """The network delivers one state twice."""
        message = self._header("state") | self._state()
        for _ in range(2):
            await self._send("state", message)

    async def publish_replay(self) -> None:
        """Someone plays an old state again under a new time."""
        await self._publish_false(headerId=0, orderId="replayed")

    async def publish_from_the_future(self) -> None:
        await self._publish_false(timestamp="2099-01-01T00:00:00.000Z", orderId="future")

    async def publish_as_another(self) -> None:
        """Another vehicle's state on our topic."""
        await self._publish_false(serialNumber="another", orderId="foreign")

    async def _publish_false(self, **changes: Any) -> None:
        await self._send("state", self._header("state") | self._state() | changes)

    async def _send(self, name: str, message: Json) -> None:
        if self._client is not None:
            await self._client.publish(f"{self._prefix}/{name}", json.dumps(message))

    # --- MQTT ---

    async def _link(self) -> None:
        while True:
            try:
                async with self._new_client() as client:
                    self._client = client
                    await self._serve(client)
            except aiomqtt.MqttError:
                pass
            finally:
                self._client = None
            await asyncio.sleep(self._away_s)

    def _new_client(self) -> aiomqtt.Client:
        # The will is composed now, so its headerId and timestamp are old when it is spoken (section 6.14).
        will = self._header("connection") | {"connectionState": self._word("CONNECTIONBROKEN")}
        return aiomqtt.Client(
            self.broker["host"],
            int(self.broker.get("port", 1883)),
            username=self.broker.get("username"),
            password=self.broker.get("password"),
            identifier=f"{self.manufacturer}-{self.serial}",
            keepalive=self._keepalive_s,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            will=aiomqtt.Will(f"{self._prefix}/connection", json.dumps(will), qos=1, retain=True),
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        for name in ("order", "instantActions", *(("zoneSet", "responses") if self.v3 else ())):
            await client.subscribe(f"{self._prefix}/{name}", qos=0)
        await self._publish_connection("ONLINE")
        await self._publish("factsheet", factsheet(self.v3, self.limits, self.max_nodes), retain=True)
        states = asyncio.create_task(self._publish_states())
        try:
            async for message in client.messages:
                self._on_message(str(message.topic), message.payload)
        finally:
            states.cancel()
            await asyncio.gather(states, return_exceptions=True)

    def _on_message(self, topic: str, payload: Any) -> None:
        try:
            body = json.loads(payload)
            match topic.rsplit("/", 1)[-1]:
                case "order":
                    self._on_order(body)
                case "zoneSet":
                    self._on_zone_set(body)
                case "responses":
                    self._on_responses(body)
                case _:
                    self._on_instant_actions(body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._error("validationError", "WARNING", f"malformed message: {error!r}")
        self._note()

    async def _publish_states(self) -> None:
        while True:
            self._changed.clear()
            await self._publish("state", self._state())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRIVING_STATE_S if self._driving else self.state_s):
                    await self._changed.wait()

    async def _publish_connection(self, state: str) -> None:
        if state == "ONLINE" and self.loses_online:
            self.loses_online -= 1
            return
        await self._publish("connection", {"connectionState": state}, qos=1, retain=True)

    async def _publish(self, name: str, body: Json, qos: int = 0, retain: bool = False) -> None:
        if self._client is not None:
            message = json.dumps(self._header(name) | body)
            await self._client.publish(f"{self._prefix}/{name}", message, qos=qos, retain=retain)

    def _header(self, name: str) -> Json:
        number = self._header_ids.get(name, 0)
        self._header_ids[name] = number + 1
        return {
            "headerId": number,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "version": "3.0.0" if self.v3 else "2.1.0",
            "manufacturer": self.manufacturer,
            "serialNumber": self.serial,
        }

    def _state(self) -> Json:
        return {
            "orderId": self.order_id,
            "orderUpdateId": self.update_id,
            "lastNodeId": self.last_node,
            "lastNodeSequenceId": self.last_sequence,
            "driving": self._driving,
            "paused": self.paused,
            "newBaseRequest": bool(self._nodes) and not self._nodes[0]["released"],
            "operatingMode": self._word(self.mode),
            "nodeStates": [{key: node[key] for key in ("nodeId", "sequenceId", "released")} for node in self._nodes],
            "edgeStates": [{key: edge[key] for key in ("edgeId", "sequenceId", "released")} for edge in self._edges],
            "velocity": {"vx": round(self._speed_mm_s / 1000, 3), "vy": 0.0, "omega": 0.0},
            "loads": [{"loadId": self.load, "loadType": "TOTE"}] if self.load else [],
            "errors": self.errors,
            "information": [],
            **(self._state_of_v3() if self.v3 else self._state_of_v2()),
        }

    def _position(self) -> Json:
        theta = round(math.remainder(self.theta_rad, math.tau), 3)
        return {"x": round(self.x_mm / 1000, 3), "y": round(self.y_mm / 1000, 3), "theta": theta, "mapId": self.map_id}

    def _state_of_v2(self) -> Json:
        return {
            "agvPosition": self._position() | {"positionInitialized": self.localized},
            "actionStates": action_states(self._actions + self._instants),
            "batteryState": {"batteryCharge": round(self.battery_pct, 1), "charging": False},
            "safetyState": {"eStop": self.e_stop_kind, "fieldViolation": self.field_violation},
        }

    def _state_of_v3(self) -> Json:
        stop = "NONE" if self.e_stop_kind == "AUTOACK" else self.e_stop_kind
        violated = self.field_violation or self.e_stop_kind == "AUTOACK"
        return {
            "zoneSets": self.zone_sets,
            "zoneRequests": self.zone_requests,
            "mobileRobotPosition": self._position() | {"localized": self.localized},
            "actionStates": action_states(self._actions),
            "instantActionStates": action_states(self._instants),
            "powerSupply": {"stateOfCharge": round(self.battery_pct, 1), "charging": False},
            "safetyState": {"activeEmergencyStop": stop, "fieldViolation": violated},
        }

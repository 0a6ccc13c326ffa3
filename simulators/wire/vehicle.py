"""An AGV that speaks VDA 5050 2.1 or 3.0 over MQTT: real order acceptance, real driving times, a vehicle's faults.

Source: VDA 5050 2.1.0; for 3.0.0 its schemas (main, 2026-07) and predefined error types. Written from the standard, apart from the product's own codec.
"""

import asyncio
import contextlib
import json
import math
import socket
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import aiomqtt

from simulators.plant.agv import Limits, along, heading, profile, straight_run, turn_s

_STATE_S, _DRIVING_STATE_S = 30.0, 1.0
_TICK_S = 0.05
_KEEPALIVE_S = 15
_ACTION_S = {"pick": 8.0, "drop": 8.0}
_ALIGN_S = 1.0
_BATTERY_PER_MM = 1 / 800_000
"""Percent per mm: a charge lasts 80 km."""
_BATTERY_LOW_PCT = 15.0
_AUTOACK_S = 2.0
"""A bumper that is free again releases by itself."""
_V3_WORDS = {
    "CONNECTIONBROKEN": "CONNECTION_BROKEN",
    "TEACHIN": "TEACH_IN",
    "validationError": "VALIDATION_FAILURE",
    "noOrderToCancel": "NO_ORDER_TO_CANCEL",
    "noRouteError": "NO_ROUTE_TO_TARGET",
    "localizationError": "LOCALIZATION_ERROR",
    "orderError": "INVALID_ORDER_ACTION",
    "orderUpdateError": "OUTDATED_ORDER_UPDATE",
    "instantActionError": "INVALID_INSTANT_ACTION",
}
"""3.0.0's words for those of 2.1.0; where it tells causes apart, the rejection names its own."""
_INSTANT_ACTIONS = ("cancelOrder", "factsheetRequest", "stateRequest", "startPause", "stopPause", "initPosition")
_UNDER_WAY = ("INITIALIZING", "RUNNING", "PAUSED")

Json = dict[str, Any]


class Rejected(Exception):
    """An order the vehicle does not take: errorType of 2.1.0, text, and errorType of 3.0.0 where that is finer."""

    def __init__(self, kind: str, text: str, v3: str = "") -> None:
        super().__init__(text)
        self.kind, self.v3 = kind, v3


class VehicleSim:
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
        self.v3 = version == "v3"
        self.max_nodes = max_nodes
        self.broker, self.manufacturer, self.serial = broker, manufacturer, serial
        self.x_mm, self.y_mm, self.theta_rad = float(x_mm), float(y_mm), 0.0
        self.factor, self.map_id = factor, map_id
        self.limits = limits or Limits()
        self.battery_pct = 100.0
        self.load = ""
        self.mode = "AUTOMATIC"
        self.e_stop_kind = "NONE"
        self.field_violation = False
        self.paused = False
        self.reject_next = ""
        """errorType with which the next order is rejected whatever it says."""
        self.fail_next_action = False
        self.ignore_orders = 0
        """So many of the next orders are lost on the way."""
        self.orders_received = 0
        self.order_id, self.update_id = "", 0
        self.last_node, self.last_sequence = node_id, 0
        self.errors: list[Json] = []
        self.localized = True
        self.state_s = _STATE_S
        """A standing vehicle says its state at least so often."""
        self.loses_instant_actions = 0
        """So many of the next instantActions messages are lost on the way."""
        self._prefix = f"{interface or ('vda5050' if self.v3 else 'uagv')}/{version}/{manufacturer}/{serial}"
        self._keepalive_s = keepalive_s
        self._nodes: list[Json] = []
        self._edges: list[Json] = []
        self._base_end: tuple[str, int] = (node_id, 0)
        self._actions: list[Json] = []
        self._instants: list[Json] = []
        self._ended = False
        """The order was cancelled: no update may follow."""
        self._due: list[Json] = []
        self._cancel: Json | None = None
        self._hold = False
        self._driving = False
        self._speed_mm_s = 0.0
        self._plan = 0
        self._header_ids: dict[str, int] = {}
        self._wake, self._changed = asyncio.Event(), asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._away_s = 0.5
        self._tasks: list[asyncio.Task[None]] = []

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

    @property
    def idle(self) -> bool:
        return not (self._nodes or self._due or self._driving)

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
        for name in ("order", "instantActions"):
            await client.subscribe(f"{self._prefix}/{name}", qos=0)
        await self._publish_connection("ONLINE")
        await self._publish("factsheet", self._factsheet(), retain=True)
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
            if topic.endswith("/order"):
                self._on_order(body)
            else:
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

    def _note(self) -> None:
        """Something changed: tell the master, and let the wheels look again."""
        self._changed.set()
        self._wake.set()

    def _word(self, word: str) -> str:
        """A word of 2.1.0 in the version spoken."""
        return _V3_WORDS.get(word, word) if self.v3 else word

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
            "actionStates": _action_states(self._actions + self._instants),
            "batteryState": {"batteryCharge": round(self.battery_pct, 1), "charging": False},
            "safetyState": {"eStop": self.e_stop_kind, "fieldViolation": self.field_violation},
        }

    def _state_of_v3(self) -> Json:
        stop = "NONE" if self.e_stop_kind == "AUTOACK" else self.e_stop_kind
        violated = self.field_violation or self.e_stop_kind == "AUTOACK"
        return {
            "mobileRobotPosition": self._position() | {"localized": self.localized},
            "actionStates": _action_states(self._actions),
            "instantActionStates": _action_states(self._instants),
            "powerSupply": {"stateOfCharge": round(self.battery_pct, 1), "charging": False},
            "safetyState": {"activeEmergencyStop": stop, "fieldViolation": violated},
        }

    def _error(self, kind: str, level: str, text: str, **references: str) -> None:
        error = {
            "errorType": self._word(kind),
            "errorLevel": level,
            "errorDescription": text,
            "errorReferences": [{"referenceKey": k, "referenceValue": v} for k, v in references.items()],
        }
        if error not in self.errors:
            self.errors.append(error)

    # --- orders: section 6.6.4 ---

    def _on_order(self, order: Json) -> None:
        if self.ignore_orders:
            self.ignore_orders -= 1
            return
        self.orders_received += 1
        order_id = str(order.get("orderId", ""))
        try:
            self._validate(order)
            if self.reject_next:
                kind, self.reject_next = self.reject_next, ""
                raise Rejected(kind, f"rejected order {order_id} on request")
            if order_id != self.order_id:
                self._accept_new(order)
            else:
                self._accept_update(order)
        except Rejected as rejected:
            kind = rejected.v3 if self.v3 and rejected.v3 else rejected.kind
            self._error(kind, "WARNING", str(rejected), orderId=order_id)

    def _validate(self, order: Json) -> None:
        try:
            nodes, edges = order["nodes"], order["edges"]
            steps = sorted([*nodes, *edges], key=lambda step: int(step["sequenceId"]))
            start = int(nodes[0]["sequenceId"])
            sequences = [int(step["sequenceId"]) for step in steps]
            released = [bool(step["released"]) for step in steps]
            kinds = {str(a["actionType"]) for step in steps for a in step["actions"]}
            well_formed = int(order["orderUpdateId"]) >= 0 and bool(order["orderId"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Rejected("validationError", f"order lacks {error}") from error
        if len(nodes) > self.max_nodes:
            raise Rejected("validationError", f"{len(nodes)} nodes, the factsheet allows {self.max_nodes}")
        if not well_formed or len(edges) != len(nodes) - 1 or start % 2:
            raise Rejected("validationError", "ids, or edges are not one fewer than nodes")
        if sequences != list(range(start, start + len(steps))):
            raise Rejected("validationError", f"sequence ids {sequences}")
        if not released[0] or released != sorted(released, reverse=True):
            raise Rejected("validationError", "the base must come before the horizon")
        if kinds - set(_ACTION_S):
            raise Rejected("orderError", f"unsupported actions {sorted(kinds - set(_ACTION_S))}")

    def _accept_new(self, order: Json) -> None:
        if self.mode not in ("AUTOMATIC", "SEMIAUTOMATIC"):
            raise Rejected("orderError", f"mode is {self.mode}", "MOBILE_ROBOT_NOT_AVAILABLE")
        if self._nodes or self._due or self._cancel is not None:
            raise Rejected("orderError", f"order {self.order_id} is active", "OTHER_ORDER_ACTIVE")
        maps = {node["nodePosition"]["mapId"] for node in order["nodes"] if node.get("nodePosition")}
        if self.map_id and maps - {self.map_id}:
            raise Rejected("orderError", f"unknown map {sorted(maps)}", "UNKNOWN_MAP_ID")
        first = order["nodes"][0]
        if not self._reachable(first):
            text = f"start node {first['nodeId']} is not trivially reachable"
            raise Rejected("noRouteError", text, "START_NODE_OUT_OF_RANGE")
        self._ended = False
        self.order_id, self.update_id = order["orderId"], int(order["orderUpdateId"])
        self._actions, self.errors, self._hold = [], [], False
        self._instants = self._instants if self.v3 else []  # 3.0.0 keeps them until clearInstantActions
        self._nodes, self._edges = list(order["nodes"]), list(order["edges"])
        self._adopt(order["nodes"])

    def _reachable(self, node: Json) -> bool:
        if node["nodeId"] == self.last_node:
            return True
        position = node.get("nodePosition")
        if position is None:
            return False
        distance_m = math.dist((position["x"], position["y"]), (self.x_mm / 1000, self.y_mm / 1000))
        allowed = position.get("allowedDeviationXY", 0.5)
        return bool(distance_m <= (min(allowed["a"], allowed["b"]) if self.v3 else allowed))

    def _accept_update(self, order: Json) -> None:
        update_id = int(order["orderUpdateId"])
        if update_id < self.update_id:
            raise Rejected("orderUpdateError", f"update {update_id} is older than {self.update_id}")
        if update_id == self.update_id:
            if self.v3:
                raise Rejected("orderUpdateError", f"update {update_id} is known", "SAME_ORDER_UPDATE_ID")
            return
        if self._ended:
            raise Rejected("orderUpdateError", "the order was cancelled", "ORDER_UPDATE_FOLLOWING_CANCEL")
        first = order["nodes"][0]
        if (first["nodeId"], int(first["sequenceId"])) != self._base_end:
            text = f"update starts at {first['nodeId']}, the base ends at {self._base_end}"
            raise Rejected("orderUpdateError", text, "VALIDATION_FAILURE")
        self.update_id = update_id
        # The horizon is replaced; the stitching node is already known, only what follows is new.
        self._nodes = [node for node in self._nodes if node["released"]] + list(order["nodes"][1:])
        self._edges = [edge for edge in self._edges if edge["released"]] + list(order["edges"])
        self._adopt(order["nodes"][1:])

    def _adopt(self, nodes: list[Json]) -> None:
        base = [node for node in nodes if node["released"]]
        if base:
            self._base_end = (base[-1]["nodeId"], int(base[-1]["sequenceId"]))
        for node in base:
            self._actions += [action | {"actionStatus": "WAITING"} for action in node["actions"]]
        self._plan += 1

    def _clear_order(self) -> None:
        self._nodes, self._edges, self._due = [], [], []
        for action in self._actions:
            if action["actionStatus"] not in ("FINISHED", "FAILED"):
                action["actionStatus"] = "FAILED"
        self._plan += 1

    # --- instant actions: section 6.8 ---

    def _on_instant_actions(self, message: Json) -> None:
        if self.loses_instant_actions:
            self.loses_instant_actions -= 1
            return
        for action in message["actions"]:
            if any(known["actionId"] == action["actionId"] for known in self._instants):
                continue
            state = {**action, "actionStatus": "FINISHED"}
            match action["actionType"]:
                case "cancelOrder":
                    self._on_cancel(state)
                case "factsheetRequest":
                    self._spawn(self._publish("factsheet", self._factsheet(), retain=True))
                case "startPause" | "stopPause" as kind:
                    self.paused = kind == "startPause"
                case "initPosition":
                    self._init_position({p["key"]: p["value"] for p in action.get("actionParameters") or ()})
                case "clearInstantActions" if self.v3:
                    self._instants = [kept for kept in self._instants if kept["actionStatus"] == "RUNNING"]
                case "stateRequest":
                    pass
                case kind:
                    state["actionStatus"] = "FAILED"
                    self._error("instantActionError", "WARNING", f"unknown {kind}", actionId=action["actionId"])
            if self.v3 or action["actionType"] not in ("stateRequest", "factsheetRequest"):
                self._instants.append(state)

    def _init_position(self, to: Json) -> None:
        """Source: section 6.8.2, initPosition: the master knows where the vehicle stands."""
        self.x_mm, self.y_mm, self.theta_rad = to["x"] * 1000, to["y"] * 1000, to["theta"]
        self.map_id, self.last_node, self.last_sequence = to["mapId"], to["lastNodeId"], 0
        self.errors = [e for e in self.errors if e["errorType"] != self._word("localizationError")]
        self.localized, self._hold = True, False

    def _on_cancel(self, state: Json) -> None:
        if not (self._nodes or self._due):
            state["actionStatus"] = "FAILED"
            self._error("noOrderToCancel", "WARNING", "no order to cancel", actionId=state["actionId"])
            return
        state["actionStatus"] = "RUNNING"
        self._cancel, self._ended = state, True
        # It stops at the next node; a running action ends by itself.
        keep = 1 if self._driving else 0
        self._nodes, self._edges = self._nodes[:keep], self._edges[:keep]
        for node in self._nodes:
            node["actions"] = []
        for action in self._actions:
            if action["actionStatus"] == "WAITING":
                action["actionStatus"] = "FAILED"
        self._due = [action for action in self._due if action["actionStatus"] in _UNDER_WAY]
        self._hold = False
        self._plan += 1

    def _spawn(self, job: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(job)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    # --- wheels and fork ---

    async def _live(self) -> None:
        while True:
            self._wake.clear()
            if self._stopped():
                await self._wake.wait()
            elif self._due:
                await self._handle_load(self._due[0])
            elif self._nodes and self._nodes[0]["released"]:
                await self._drive()
            else:
                self._halt()
                self._end_cancel()
                await self._wake.wait()

    def _stopped(self) -> bool:
        return self.e_stop_kind != "NONE" or self.field_violation or self.paused or self._hold

    def _halt(self) -> None:
        if self._driving or self._speed_mm_s:
            self._driving, self._speed_mm_s = False, 0.0
            self._note()
            self._wake.clear()

    def _end_cancel(self) -> None:
        if self._cancel is not None:
            self._cancel["actionStatus"] = "FINISHED"
            self._cancel = None
            self._changed.set()

    def _run(self) -> list[Json]:
        """Nodes to drive without stopping or turning: to the end of the base, an action or a corner."""
        run: list[Json] = []
        for node in self._nodes:
            if not node["released"]:
                break
            run.append(node)
            if node["actions"]:
                break
        points = [(self.x_mm, self.y_mm), *(self._point(node) for node in run)]
        return run[: straight_run(points)]

    def _point(self, node: Json) -> tuple[float, float]:
        position = node.get("nodePosition")
        if position is None:
            return self.x_mm, self.y_mm
        return position["x"] * 1000, position["y"] * 1000

    async def _drive(self) -> None:
        """One straight run; ends early when the plan changes or something stops the vehicle."""
        here, first = (self.x_mm, self.y_mm), self._nodes[0]
        if math.dist(here, self._point(first)) < 1:
            self._reach(first)
            return
        nodes, plan = self._run(), self._plan
        points = [here, *(self._point(node) for node in nodes)]
        self._driving = True
        self._changed.set()
        await self._turn(heading(points[0], points[1]))
        length_mm = sum(math.dist(a, b) for a, b in pairwise(points))
        await self._follow(nodes, points, length_mm, plan)

    async def _turn(self, to_rad: float) -> None:
        if abs(math.remainder(to_rad - self.theta_rad, math.tau)) > 0.1:
            self._speed_mm_s = 0.0
            await asyncio.sleep(turn_s(self.theta_rad, to_rad, self.limits) / self.factor)
        self.theta_rad = to_rad

    async def _follow(self, nodes: list[Json], points: list[tuple[float, float]], length_mm: float, plan: int) -> None:
        loop = asyncio.get_running_loop()
        speeds = profile(length_mm, self.limits, self._speed_mm_s)
        started, reached, before_mm = loop.time(), 0, 0.0
        while reached < len(nodes):
            if self._stopped():
                self._halt()
                return
            if plan != self._plan:
                return
            done_mm, self._speed_mm_s = speeds.at((loop.time() - started) * self.factor)
            (self.x_mm, self.y_mm), passed = along(points, done_mm)
            self.battery_pct = max(0.0, self.battery_pct - (done_mm - before_mm) * _BATTERY_PER_MM)
            before_mm = done_mm
            for node in nodes[reached:passed]:
                self._reach(node)
            reached = max(reached, passed)
            if reached < len(nodes):
                left_s = (speeds.duration_s / self.factor) - (loop.time() - started)
                await asyncio.sleep(min(_TICK_S, max(left_s, 0.0)))

    def _reach(self, node: Json) -> None:
        if not self._nodes or self._nodes[0] is not node:
            return
        self._nodes.pop(0)
        sequence = int(node["sequenceId"])
        self._edges = [edge for edge in self._edges if int(edge["sequenceId"]) > sequence]
        self.last_node, self.last_sequence = node["nodeId"], sequence
        wanted = {action["actionId"] for action in node["actions"]}
        self._due = [a for a in self._actions if a["actionId"] in wanted and a["actionStatus"] == "WAITING"]
        if self._due or not self._nodes:
            self._driving, self._speed_mm_s = False, 0.0
        self._changed.set()

    async def _handle_load(self, action: Json) -> None:
        """WAITING, INITIALIZING (the fork aligns), RUNNING, FINISHED or FAILED; PAUSED while something stops it."""
        self._driving, self._speed_mm_s = False, 0.0
        self._step(action, "INITIALIZING")
        await self._busy(action, _ALIGN_S)
        self._step(action, "RUNNING")
        await self._busy(action, _ACTION_S[action["actionType"]] - _ALIGN_S)
        if action not in self._due:
            return  # the order was cleared meanwhile
        problem = self._move_load(action)
        action["actionStatus"] = "FAILED" if problem else "FINISHED"
        if problem:
            self._hold = True
            self._error("loadError", "WARNING", problem, actionId=action["actionId"])
        self._due = [due for due in self._due if due is not action]
        self._changed.set()

    def _step(self, action: Json, status: str) -> None:
        if action["actionStatus"] not in ("FAILED", "FINISHED") and action["actionStatus"] != status:
            action["actionStatus"] = status
            self._changed.set()

    async def _busy(self, action: Json, seconds: float) -> None:
        """Work for `seconds` of physical time, standing still while the vehicle is stopped."""
        loop, left_s, status = asyncio.get_running_loop(), seconds / self.factor, action["actionStatus"]
        while left_s > 0 and action in self._due:
            if self._stopped():
                self._step(action, "PAUSED")
                self._wake.clear()
                await self._wake.wait()
                continue
            self._step(action, status)
            began = loop.time()
            await asyncio.sleep(min(_TICK_S, left_s))
            left_s -= loop.time() - began

    def _move_load(self, action: Json) -> str:
        """Pick or drop; what went wrong, or nothing."""
        wanted = next((p["value"] for p in action.get("actionParameters") or () if p["key"] == "loadId"), "")
        if self.fail_next_action:
            self.fail_next_action = False
            return "load handling failed"
        if action["actionType"] == "pick":
            if self.load:
                return f"already carries {self.load}"
            self.load = str(wanted or "unknown")
            return ""
        if not self.load or (wanted and wanted != self.load):
            return f"carries {self.load or 'nothing'}, should drop {wanted}"
        self.load = ""
        return ""

    def _factsheet(self) -> Json:
        return self._factsheet_of_v3() if self.v3 else self._factsheet_of_v2()

    def _factsheet_of_v3(self) -> Json:
        limits = self.limits
        load = {"key": "loadId", "valueDataType": "STRING", "isOptional": True}
        node: Json = {
            "pauseAllowed": True,
            "cancelAllowed": False,
            "actionScopes": ["NODE"],
            "actionParameters": [load],
        }
        instant = {"pauseAllowed": False, "cancelAllowed": False, "actionScopes": ["INSTANT"]}
        actions = [{"actionType": kind, **node, "blockingTypes": ["HARD"]} for kind in _ACTION_S]
        actions += [{"actionType": kind, **instant} for kind in (*_INSTANT_ACTIONS, "clearInstantActions")]
        return {
            "typeSpecification": {
                "seriesName": "Wharfinger tote carrier",
                "mobileRobotKinematics": "DIFFERENTIAL",
                "mobileRobotClass": "CARRIER",
                "maximumLoadMass": 50,
                "localizationTypes": ["NATURAL"],
                "navigationTypes": ["VIRTUAL_LINE_GUIDED"],
            },
            "physicalParameters": {
                "minimumSpeed": 0.05,
                "maximumSpeed": limits.speed_mm_s / 1000,
                "maximumAcceleration": limits.acceleration_mm_s2 / 1000,
                "maximumDeceleration": limits.acceleration_mm_s2 / 1000,
                "minimumHeight": 0.4,
                "maximumHeight": 0.4,
                "width": 0.6,
                "length": 0.8,
            },
            "protocolLimits": {
                "maximumStringLengths": {},
                "maximumArrayLengths": {"order.nodes": self.max_nodes, "order.edges": self.max_nodes - 1},
                "timing": {"minimumOrderInterval": 0.1, "minimumStateInterval": 0.1, "defaultStateInterval": _STATE_S},
            },
            "protocolFeatures": {"optionalParameters": [], "mobileRobotActions": actions},
            "mobileRobotGeometry": {},
            "loadSpecification": {"loadPositions": ["top"], "loadSets": []},
        }

    def _factsheet_of_v2(self) -> Json:
        limits = self.limits
        # No blockingTypes: the official 2.1.0 schema gives them an enum of strings though they are an array.
        actions: list[Json] = [
            {
                "actionType": kind,
                "actionScopes": ["NODE"],
                "actionParameters": [{"key": "loadId", "valueDataType": "STRING", "isOptional": True}],
            }
            for kind in _ACTION_S
        ]
        actions += [{"actionType": kind, "actionScopes": ["INSTANT"]} for kind in _INSTANT_ACTIONS]
        return {
            "typeSpecification": {
                "seriesName": "Wharfinger tote carrier",
                "agvKinematic": "DIFF",
                "agvClass": "CARRIER",
                "maxLoadMass": 50,
                "localizationTypes": ["NATURAL"],
                "navigationTypes": ["VIRTUAL_LINE_GUIDED"],
            },
            "physicalParameters": {
                "speedMin": 0.05,
                "speedMax": limits.speed_mm_s / 1000,
                "accelerationMax": limits.acceleration_mm_s2 / 1000,
                "decelerationMax": limits.acceleration_mm_s2 / 1000,
                "heightMax": 0.4,
                "width": 0.6,
                "length": 0.8,
            },
            "protocolLimits": {
                "maxStringLens": {},
                "maxArrayLens": {"order.nodes": self.max_nodes, "order.edges": self.max_nodes - 1},
                "timing": {"minOrderInterval": 0.1, "minStateInterval": 0.1, "defaultStateInterval": _STATE_S},
            },
            "protocolFeatures": {"optionalParameters": [], "agvActions": actions},
            "agvGeometry": {},
            "loadSpecification": {"loadPositions": ["top"], "loadSets": []},
        }


def _action_states(actions: list[Json]) -> list[Json]:
    return [{key: action[key] for key in ("actionId", "actionType", "actionStatus")} for action in actions]

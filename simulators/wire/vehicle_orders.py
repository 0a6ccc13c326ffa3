"""How a simulated vehicle takes orders and instant actions: the standard's acceptance rules, step by step.

Source: VDA 5050 2.1.0, sections 6.6.4 and 6.8; for 3.0.0 its predefined error types.
"""

import asyncio
import math
from typing import Any

from simulators.plant.agv import Limits
from simulators.wire.vehicle_body import Body
from simulators.wire.vehicle_words import ACTION_S, Json, factsheet

_UNDER_WAY = ("INITIALIZING", "RUNNING", "PAUSED")


class Rejected(Exception):
    """An order the vehicle does not take: errorType of 2.1.0, text, and errorType of 3.0.0 where that is finer."""

    def __init__(self, kind: str, text: str, v3: str = "") -> None:
        super().__init__(text)
        self.kind, self.v3 = kind, v3


class Orders(Body):
    """The vehicle's mind: which order it follows and why it refuses another."""

    def __init__(
        self,
        v3: bool,
        x_mm: int,
        y_mm: int,
        factor: float,
        node_id: str,
        map_id: str,
        limits: Limits | None,
        max_nodes: int,
    ) -> None:
        super().__init__(v3, x_mm, y_mm, factor, node_id, map_id, limits)
        self.max_nodes = max_nodes
        self.mode = "AUTOMATIC"
        self.reject_next = ""
        """errorType with which the next order is rejected whatever it says."""
        self.ignore_orders = 0
        """So many of the next orders are lost on the way."""
        self.orders_received = 0
        self.order_id, self.update_id = "", 0
        self.loses_instant_actions = 0
        """So many of the next instantActions messages are lost on the way."""
        self.zone_sets: list[Json] = []
        self.zone_requests: list[Json] = []
        self.responses: list[str] = []
        """grantType of each response, newest last."""
        self._base_end: tuple[str, int] = (node_id, 0)
        self._instants: list[Json] = []
        self._ended = False
        """The order was cancelled: no update may follow."""
        self._tasks: list[asyncio.Task[None]] = []

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
        if kinds - set(ACTION_S):
            raise Rejected("orderError", f"unsupported actions {sorted(kinds - set(ACTION_S))}")

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
                    self._spawn(
                        self._publish("factsheet", factsheet(self.v3, self.limits, self.max_nodes), retain=True)
                    )
                case "startPause" | "stopPause" as kind:
                    self.paused = kind == "startPause"
                case "initPosition":
                    self._init_position({p["key"]: p["value"] for p in action.get("actionParameters") or ()})
                case "clearInstantActions" if self.v3:
                    self._instants = [kept for kept in self._instants if kept["actionStatus"] == "RUNNING"]
                case "enableZoneSet" if self.v3:
                    self._enable_zone_set(state)
                case "stateRequest":
                    pass
                case kind:
                    state["actionStatus"] = "FAILED"
                    self._error("instantActionError", "WARNING", f"unknown {kind}", actionId=action["actionId"])
            if self.v3 or action["actionType"] not in ("stateRequest", "factsheetRequest"):
                self._instants.append(state)

    # --- zones of 3.0.0 ---

    def ask_for_zone(self, zone_id: str, request_id: str) -> None:
        """It stands before a RELEASE zone and asks to enter."""
        enabled = next((one["zoneSetId"] for one in self.zone_sets if one["zoneSetStatus"] == "ENABLED"), "")
        self.zone_requests.append({
            "requestId": request_id, "requestType": "ACCESS", "zoneId": zone_id, "zoneSetId": enabled,
            "requestStatus": "REQUESTED",
        })  # fmt: skip
        self._note()

    def _on_zone_set(self, message: Json) -> None:
        zone_set = message["zoneSet"]
        self.zone_sets = [one for one in self.zone_sets if one["zoneSetId"] != zone_set["zoneSetId"]]
        names = {"zoneSetId": zone_set["zoneSetId"], "mapId": zone_set["mapId"]}
        self.zone_sets.append({**names, "zoneSetStatus": "DISABLED"})

    def _enable_zone_set(self, state: Json) -> None:
        wanted = {p["key"]: p["value"] for p in state["actionParameters"]}["zoneSetId"]
        found = next((one for one in self.zone_sets if one["zoneSetId"] == wanted), None)
        if found is None:
            state["actionStatus"] = "FAILED"
            return
        for one in self.zone_sets:
            if one["mapId"] == found["mapId"]:
                one["zoneSetStatus"] = "ENABLED" if one is found else "DISABLED"

    def _on_responses(self, message: Json) -> None:
        """A rejected request is withdrawn; a lease that runs out is expired."""
        for response in message["responses"]:
            request = next((r for r in self.zone_requests if r["requestId"] == response["requestId"]), None)
            if request is None:
                continue
            self.responses.append(response["grantType"])
            if response["grantType"] == "REJECTED":
                self.zone_requests.remove(request)
            elif response["grantType"] != "QUEUED":
                request["requestStatus"] = response["grantType"]

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

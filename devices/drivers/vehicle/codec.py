"""VDA 5050 2.1.0 messages <-> values. Pure.

Source: VDA 5050 version 2.1.0, sections 6.6 (order), 6.8-6.9 (actions), 6.10 (state), 6.14 (connection).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION = "2.1.0"
ACTIONS = frozenset({"pick", "drop"})


class VdaError(ValueError):
    """The payload is not the VDA 5050 message it should be. The only error this module raises."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One node of a transport, in driving order."""

    node: str
    x_mm: int
    y_mm: int
    action: str | None = None
    """pick, drop or None."""
    load: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A transport order with all its nodes; `stops[i]` has sequenceId 2*i."""

    order_id: str
    stops: tuple[Stop, ...]
    map_id: str

    @property
    def last_sequence(self) -> int:
        return 2 * (len(self.stops) - 1)

    @property
    def action_ids(self) -> frozenset[str]:
        return frozenset(_action_id(self, i) for i, stop in enumerate(self.stops) if stop.action)


@dataclass(frozen=True, slots=True)
class VehicleState:
    """What a master needs of a state message."""

    header_id: int
    timestamp: datetime
    order_id: str
    order_update_id: int
    last_node: str
    last_sequence: int
    driving: bool
    mode: str
    open_nodes: int
    """Nodes still to be reached, base and horizon."""
    open_base: int
    """Those of them that are released."""
    open_edges: int
    new_base_request: bool
    actions: dict[str, str]
    """actionId -> actionStatus."""
    errors: tuple["VehicleError", ...]
    battery_pct: int
    e_stop: str
    x_mm: int
    y_mm: int
    theta_mrad: int
    loads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VehicleError:
    type: str
    level: str
    description: str
    references: dict[str, str]


def topic(config: dict[str, Any], name: str) -> str:
    """Topic of one vehicle; Source: section 6.2."""
    return f"{config['interface']}/{config['version']}/{config['manufacturer']}/{config['serial']}/{name}"


def header(header_id: int, now: datetime, manufacturer: str, serial: str) -> dict[str, Any]:
    """Source: section 6.4; the timestamp is ISO 8601 UTC with milliseconds."""
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "headerId": header_id,
        "timestamp": stamp,
        "version": VERSION,
        "manufacturer": manufacturer,
        "serialNumber": serial,
    }


def parse_plan(data: dict[str, Any], map_id: str) -> Plan:
    """A TRANSPORT command's data. Errors: VdaError."""
    try:
        stops = tuple(
            Stop(str(s["node"]), int(s["x_mm"]), int(s["y_mm"]), s.get("action"), str(s.get("load") or ""))
            for s in data["stops"]
        )
        plan = Plan(str(data["order_id"]), stops, map_id)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VdaError(f"transport: {error!r}") from error
    if not plan.order_id or not stops:
        raise VdaError("transport: order_id and at least one stop are needed")
    if bad := {stop.action for stop in stops if stop.action} - ACTIONS:
        raise VdaError(f"transport: unknown action {sorted(map(str, bad))}")
    return plan


def order(plan: Plan, update_id: int, first: int, released: int, end: int) -> dict[str, Any]:
    """Order body without header: nodes `first` to `end` (exclusive), those below `released` in the base.

    An update starts at the last node of the old base (stitching). Source: section 6.6.2.
    """
    nodes = [_node(plan, i, i < released) for i in range(first, end)]
    edges = [_edge(plan, i, i + 1 < released) for i in range(first, end - 1)]
    return {"orderId": plan.order_id, "orderUpdateId": update_id, "nodes": nodes, "edges": edges}


def _node(plan: Plan, index: int, released: bool) -> dict[str, Any]:
    stop = plan.stops[index]
    return {
        "nodeId": stop.node,
        "sequenceId": 2 * index,
        "released": released,
        "nodePosition": {
            "x": stop.x_mm / 1000,
            "y": stop.y_mm / 1000,
            "allowedDeviationXY": 0.5,
            "allowedDeviationTheta": 3.141592654,
            "mapId": plan.map_id,
        },
        "actions": [_action(plan, index)] if stop.action else [],
    }


def _action(plan: Plan, index: int) -> dict[str, Any]:
    stop = plan.stops[index]
    load = [{"key": "loadId", "value": stop.load}] if stop.load else []
    return {
        "actionType": stop.action,
        "actionId": _action_id(plan, index),
        "blockingType": "HARD",
        "actionParameters": load,
    }


def _action_id(plan: Plan, index: int) -> str:
    return f"{plan.order_id}-{2 * index}-{plan.stops[index].action}"


def _edge(plan: Plan, index: int, released: bool) -> dict[str, Any]:
    start, end = plan.stops[index], plan.stops[index + 1]
    return {
        "edgeId": f"{start.node}-{end.node}",
        "sequenceId": 2 * index + 1,
        "released": released,
        "startNodeId": start.node,
        "endNodeId": end.node,
        "actions": [],
    }


def instant_action(kind: str, action_id: str, blocking: str = "NONE") -> dict[str, Any]:
    """instantActions body with one action. Source: section 6.7."""
    return {"actions": [{"actionType": kind, "actionId": action_id, "blockingType": blocking, "actionParameters": []}]}


def parse(payload: bytes | bytearray | str) -> dict[str, Any]:
    """JSON object of a payload. Errors: VdaError."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise VdaError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise VdaError("not a JSON object")
    return message


def parse_connection(message: dict[str, Any]) -> str:
    """ONLINE, OFFLINE or CONNECTIONBROKEN. Errors: VdaError."""
    state = message.get("connectionState")
    if state not in ("ONLINE", "OFFLINE", "CONNECTIONBROKEN"):
        raise VdaError(f"connectionState {state!r}")
    return str(state)


def parse_state(message: dict[str, Any]) -> VehicleState:
    """Errors: VdaError."""
    try:
        return _state(message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise VdaError(f"state: {error!r}") from error


def _state(message: dict[str, Any]) -> VehicleState:
    nodes, position = message["nodeStates"], message.get("agvPosition") or {}
    return VehicleState(
        header_id=int(message["headerId"]),
        timestamp=_time(message["timestamp"]),
        order_id=str(message["orderId"]),
        order_update_id=int(message["orderUpdateId"]),
        last_node=str(message["lastNodeId"]),
        last_sequence=int(message["lastNodeSequenceId"]),
        driving=bool(message["driving"]),
        mode=str(message["operatingMode"]),
        open_nodes=len(nodes),
        open_base=sum(bool(node["released"]) for node in nodes),
        open_edges=len(message["edgeStates"]),
        new_base_request=bool(message.get("newBaseRequest", False)),
        actions={str(a["actionId"]): str(a["actionStatus"]) for a in message["actionStates"]},
        errors=tuple(_error(error) for error in message["errors"]),
        battery_pct=min(100, max(0, round(message["batteryState"]["batteryCharge"]))),
        e_stop=str(message["safetyState"]["eStop"]),
        x_mm=_thousandth(position.get("x", 0)),
        y_mm=_thousandth(position.get("y", 0)),
        theta_mrad=_thousandth(position.get("theta", 0)),
        loads=tuple(str(load.get("loadId", "")) for load in message.get("loads") or ()),
    )


def _thousandth(value: float) -> int:
    if not math.isfinite(value):
        raise ValueError(f"not a coordinate: {value}")
    return round(value * 1000)


def _time(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def _error(error: dict[str, Any]) -> VehicleError:
    references = {str(r["referenceKey"]): str(r["referenceValue"]) for r in error.get("errorReferences") or ()}
    return VehicleError(
        str(error["errorType"]), str(error["errorLevel"]), str(error.get("errorDescription", "")), references
    )


def rejects(state: VehicleState, order_id: str) -> VehicleError | None:
    """The error that says this order or its update was not taken. Source: section 6.6.4.2."""
    kinds = {"validationError", "orderError", "orderUpdateError", "noRouteError"}
    for error in state.errors:
        if error.type in kinds and error.references.get("orderId", order_id) == order_id:
            return error
    return None


def fatal(errors: Sequence[VehicleError]) -> VehicleError | None:
    return next((error for error in errors if error.level == "FATAL"), None)

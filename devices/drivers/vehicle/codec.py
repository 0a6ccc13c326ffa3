"""VDA 5050 messages <-> values, 2.1.0 and 3.0.0 behind one model. Pure.

Source: VDA 5050 version 2.1.0, sections 6.6 (order), 6.8-6.9 (actions), 6.10 (state), 6.14 (connection); for 3.0.0 the
schemas of main (2026-07) and its list of predefined error types. The model speaks 2.1.0's words.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from devices.drivers.vehicle.zones import Request, requests, stored

ACTIONS = frozenset({"pick", "drop"})
_DEVIATION_M = 0.5
_FARTHEST_MM = 1_000_000_000


class VdaError(ValueError):
    """The payload is not the VDA 5050 message it should be. The only error this module raises."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where two versions of the standard name one thing differently. A field is a key, or a path of keys."""

    version: str
    major: str
    interface: str
    position: str
    localized: str
    battery: tuple[str, str]
    e_stop: str
    action_states: tuple[str, ...]
    factsheet_actions: str
    factsheet_nodes: tuple[str, str]
    instant_blocking: str
    """blockingType of cancelOrder: 3.0.0 admits NONE alone."""


V2 = Dialect(
    version="2.1.0",
    major="v2",
    interface="uagv",
    position="agvPosition",
    localized="positionInitialized",
    battery=("batteryState", "batteryCharge"),
    e_stop="eStop",
    action_states=("actionStates",),
    factsheet_actions="agvActions",
    factsheet_nodes=("maxArrayLens", "order.nodes"),
    instant_blocking="HARD",
)
V3 = Dialect(
    version="3.0.0",
    major="v3",
    interface="vda5050",
    position="mobileRobotPosition",
    localized="localized",
    battery=("powerSupply", "stateOfCharge"),
    e_stop="activeEmergencyStop",
    action_states=("actionStates", "instantActionStates"),
    factsheet_actions="mobileRobotActions",
    factsheet_nodes=("maximumArrayLengths", "order.nodes"),
    instant_blocking="NONE",
)
DIALECTS = {dialect.major: dialect for dialect in (V2, V3)}

_MODES = {"TEACH_IN": "TEACHIN"}
_CONNECTIONS = {
    "ONLINE": "ONLINE",
    "OFFLINE": "OFFLINE",
    "CONNECTIONBROKEN": "CONNECTIONBROKEN",
    "CONNECTION_BROKEN": "CONNECTIONBROKEN",
    "HIBERNATING": "HIBERNATING",
}
_ERRORS = {
    "VALIDATION_FAILURE": "validationError",
    "UNSUPPORTED_PARAMETER": "validationError",
    "INVALID_ORDER_ACTION": "orderError",
    "OTHER_ORDER_ACTIVE": "orderError",
    "MOBILE_ROBOT_NOT_AVAILABLE": "orderError",
    "UNKNOWN_MAP_ID": "orderError",
    "OUTDATED_ORDER_UPDATE": "orderUpdateError",
    "ORDER_UPDATE_FOLLOWING_CANCEL": "orderUpdateError",
    "START_NODE_OUT_OF_RANGE": "noRouteError",
    "NO_ROUTE_TO_TARGET": "noRouteError",
    "NO_ORDER_TO_CANCEL": "noOrderToCancel",
    "LOCALIZATION_ERROR": "localizationError",
}
"""3.0.0's predefined types in 2.1.0's words; what has no word there stays as it is."""
_REJECTIONS = frozenset({"validationError", "orderError", "orderUpdateError", "noRouteError"})
_ABOUT_MESSAGES = _REJECTIONS | {"noOrderToCancel", "SAME_ORDER_UPDATE_ID", "INVALID_INSTANT_ACTION"}


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
    field_violation: bool = False
    paused: bool = False
    localized: bool = True
    zone_sets: dict[str, str] = field(default_factory=dict)
    """zoneSetId -> ENABLED or DISABLED (3.0.0)."""
    requests: tuple[Request, ...] = ()
    """What it asks leave for (3.0.0)."""
    instant_actions: int = 0
    """How many instant actions the vehicle still lists (3.0.0 keeps them until told to clear)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message says it is from, and where it stands in its topic's sequence. Source: section 6.4."""

    manufacturer: str
    serial: str
    header_id: int
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class VehicleError:
    type: str
    level: str
    description: str
    references: dict[str, str]


def topic(config: dict[str, Any], name: str) -> str:
    """Topic of one vehicle; Source: section 6.2."""
    return f"{config['interface']}/{config['version']}/{config['manufacturer']}/{config['serial']}/{name}"


def header(header_id: int, now: datetime, manufacturer: str, serial: str, dialect: Dialect = V2) -> dict[str, Any]:
    """Source: section 6.4; the timestamp is ISO 8601 UTC with milliseconds."""
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "headerId": header_id,
        "timestamp": stamp,
        "version": dialect.version,
        "manufacturer": manufacturer,
        "serialNumber": serial,
    }


def parse_plan(data: dict[str, Any], map_id: str) -> Plan:
    """A TRANSPORT command's data. Errors: VdaError."""
    try:
        stops = tuple(_stop(stop) for stop in data["stops"])
        plan = Plan(str(data["order_id"]), stops, map_id)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise VdaError(f"transport: {error!r}") from error
    if not plan.order_id or not stops:
        raise VdaError("transport: order_id and at least one stop are needed")
    return plan


def _stop(stop: dict[str, Any]) -> Stop:
    x_mm, y_mm, action = int(stop["x_mm"]), int(stop["y_mm"]), stop.get("action") or None
    if max(abs(x_mm), abs(y_mm)) > _FARTHEST_MM:
        raise ValueError(f"no such place: {x_mm}, {y_mm}")
    if action is not None and action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    return Stop(str(stop["node"]), x_mm, y_mm, action, str(stop.get("load") or ""))


def order(plan: Plan, update_id: int, first: int, released: int, end: int, dialect: Dialect = V2) -> dict[str, Any]:
    """Order body without header: nodes `first` to `end` (exclusive), those below `released` in the base.

    An update starts at the last node of the old base (stitching). Source: section 6.6.2.
    """
    nodes = [_node(plan, i, i < released, dialect) for i in range(first, end)]
    edges = [_edge(plan, i, i + 1 < released) for i in range(first, end - 1)]
    return {"orderId": plan.order_id, "orderUpdateId": update_id, "nodes": nodes, "edges": edges}


def _node(plan: Plan, index: int, released: bool, dialect: Dialect) -> dict[str, Any]:
    stop = plan.stops[index]
    deviation: Any = _DEVIATION_M if dialect is V2 else {"a": _DEVIATION_M, "b": _DEVIATION_M, "theta": 0.0}
    return {
        "nodeId": stop.node,
        "sequenceId": 2 * index,
        "released": released,
        "nodePosition": {
            "x": stop.x_mm / 1000,
            "y": stop.y_mm / 1000,
            "allowedDeviationXY": deviation,
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
    """ONLINE, OFFLINE, CONNECTIONBROKEN or HIBERNATING. Errors: VdaError."""
    state = message.get("connectionState")
    if not isinstance(state, str) or state not in _CONNECTIONS:
        raise VdaError(f"connectionState {state!r}")
    return _CONNECTIONS[state]


def parse_sender(message: dict[str, Any]) -> Sender:
    """Errors: VdaError."""
    try:
        return Sender(
            str(message["manufacturer"]),
            str(message["serialNumber"]),
            int(message["headerId"]),
            _time(message["timestamp"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise VdaError(f"header: {error!r}") from error


def parse_state(message: dict[str, Any], dialect: Dialect = V2) -> VehicleState:
    """Errors: VdaError."""
    try:
        return _state(message, dialect)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise VdaError(f"state: {error!r}") from error


def _state(message: dict[str, Any], dialect: Dialect) -> VehicleState:
    nodes, position, safety = message["nodeStates"], message.get(dialect.position) or {}, message["safetyState"]
    actions = [action for name in dialect.action_states for action in message[name]]
    power, charge = dialect.battery
    return VehicleState(
        header_id=int(message["headerId"]),
        timestamp=_time(message["timestamp"]),
        order_id=str(message["orderId"]),
        order_update_id=int(message["orderUpdateId"]),
        last_node=str(message["lastNodeId"]),
        last_sequence=int(message["lastNodeSequenceId"]),
        driving=bool(message["driving"]),
        mode=_MODES.get(message["operatingMode"], str(message["operatingMode"])),
        open_nodes=len(nodes),
        open_base=sum(bool(node["released"]) for node in nodes),
        open_edges=len(message["edgeStates"]),
        new_base_request=bool(message.get("newBaseRequest", False)),
        actions={str(a["actionId"]): str(a["actionStatus"]) for a in actions},
        errors=tuple(_error(error) for error in message["errors"]),
        battery_pct=min(100, max(0, round(message[power][charge]))),
        e_stop=str(safety[dialect.e_stop]),
        x_mm=_thousandth(position.get("x", 0)),
        y_mm=_thousandth(position.get("y", 0)),
        theta_mrad=_thousandth(position.get("theta", 0)),
        loads=tuple(str(load.get("loadId", "")) for load in message.get("loads") or ()),
        field_violation=bool(safety["fieldViolation"]),
        paused=bool(message.get("paused", False)),
        localized=bool(position.get(dialect.localized, True)),
        zone_sets=stored(message),
        requests=requests(message),
        instant_actions=len(message.get("instantActionStates", ())),
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
    kind, text = str(error["errorType"]), str(error.get("errorDescription", ""))
    known = _ERRORS.get(kind, kind)
    if known != kind:
        text = f"{kind}: {text}"
    return VehicleError(known, str(error["errorLevel"]), text, references)


def rejects(state: VehicleState, order_id: str) -> VehicleError | None:
    """The error that says this order or its update was not taken. Source: section 6.6.4.2."""
    for error in state.errors:
        if error.type in _REJECTIONS and error.references.get("orderId", order_id) == order_id:
            return error
    return None


def fatal(errors: Sequence[VehicleError]) -> VehicleError | None:
    """The error that keeps the vehicle from taking any order."""
    return next((error for error in errors if error.level == "FATAL"), None)


def breaks_order(errors: Sequence[VehicleError]) -> VehicleError | None:
    """The error that ends the order under way. 3.0.0 tells CRITICAL (this order) from FATAL (any order)."""
    return next((error for error in errors if error.level in ("FATAL", "CRITICAL")), None)


def hindrances(state: VehicleState) -> tuple[str, ...]:
    """Why the vehicle should get no order: its errors, a violated field, a lost position, a pause.

    A warning about a message that it did not take stays until the next order is accepted: it hinders nothing.
    """
    errors = [e.type for e in state.errors if e.level != "WARNING" or e.type not in _ABOUT_MESSAGES]
    flags = {"fieldViolation": state.field_violation, "notLocalized": not state.localized, "paused": state.paused}
    return (*errors, *(name for name, is_so in flags.items() if is_so))


def supported_actions(factsheet: dict[str, Any] | None, dialect: Dialect = V2) -> frozenset[str]:
    """Actions the factsheet names; without a readable one all of ours: the vehicle itself will reject."""
    try:
        actions = (factsheet or {})["protocolFeatures"][dialect.factsheet_actions]
        return frozenset(str(action["actionType"]) for action in actions)
    except (KeyError, TypeError):
        return ACTIONS


def max_nodes(factsheet: dict[str, Any] | None, dialect: Dialect = V2) -> int:
    """Nodes that one order may hold, 0 = no limit told."""
    group, name = dialect.factsheet_nodes
    try:
        return max(0, int((factsheet or {})["protocolLimits"][group][name]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0

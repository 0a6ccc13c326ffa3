"""VDA 5050 3.0 by the same model as 2.1, and both under fire."""

import contextlib
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devices.drivers.vehicle.codec import (
    V2,
    V3,
    Dialect,
    VdaError,
    breaks_order,
    fatal,
    header,
    hindrances,
    instant_action,
    max_nodes,
    order,
    parse,
    parse_connection,
    parse_plan,
    parse_sender,
    parse_state,
    rejects,
    supported_actions,
)
from devices.firmware.render import golden_cases, render

SCHEMAS = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data/vda5050"
FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_configs/agv/generic_vda5050"
INPUTS = 1_000_000 if "WMS_LONG" in os.environ else 10_000
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
STOPS = [
    {"node": "a", "x_mm": 0, "y_mm": 0, "action": None, "load": ""},
    {"node": "b", "x_mm": 1500, "y_mm": 0, "action": "pick", "load": "T1"},
    {"node": "c", "x_mm": 1500, "y_mm": -2500, "action": "drop", "load": "T1"},
]
PLAN = parse_plan({"order_id": "o1", "stops": STOPS}, "hall")
needs_schemas = pytest.mark.skipif(
    not (SCHEMAS / "3.0.0-main-2026-07").is_dir(),
    reason="0 of 1 VDA 5050 3.0.0 schema sets at hand: set WHARFINGER_SHARED",
)


def state(dialect: Dialect, **changes: Any) -> dict[str, Any]:
    """The same vehicle in the words of either version."""
    body: dict[str, Any] = {
        **header(7, NOW, "ACME", "7", dialect),
        "orderId": "o1",
        "orderUpdateId": 0,
        "lastNodeId": "a",
        "lastNodeSequenceId": 0,
        "driving": True,
        "paused": False,
        "nodeStates": [{"nodeId": "b", "sequenceId": 2, "released": True}],
        "edgeStates": [{"edgeId": "a-b", "sequenceId": 1, "released": True}],
        "errors": [],
        "loads": [{"loadId": "T1"}],
    }
    place, order_actions = (
        {"x": 1.5, "y": -0.5, "theta": 1.5, "mapId": "hall"},
        [{"actionId": "x", "actionStatus": "WAITING"}],
    )
    instants = [{"actionId": "i", "actionStatus": "FINISHED"}]
    if dialect is V3:
        body |= {
            "operatingMode": "TEACH_IN",
            "actionStates": order_actions,
            "instantActionStates": instants,
            "powerSupply": {"stateOfCharge": 87.6, "charging": False},
            "safetyState": {"activeEmergencyStop": "MANUAL", "fieldViolation": True},
            "mobileRobotPosition": place | {"localized": False},
        }
    else:
        body |= {
            "operatingMode": "TEACHIN",
            "actionStates": order_actions + instants,
            "batteryState": {"batteryCharge": 87.6, "charging": False},
            "safetyState": {"eStop": "MANUAL", "fieldViolation": True},
            "agvPosition": place | {"positionInitialized": False},
        }
    return body | changes


def validate(folder: str, name: str, body: dict[str, Any]) -> None:
    Draft202012Validator(json.loads((SCHEMAS / folder / f"{name}.schema").read_text(encoding="utf-8"))).validate(body)


@needs_schemas
def test_what_we_send_in_3_0_obeys_its_schemas() -> None:
    folder, head = "3.0.0-main-2026-07", header(1, NOW, "ACME", "7", V3)
    validate(folder, "order", head | order(PLAN, 0, 0, 2, 3, V3))
    validate(folder, "instantActions", head | instant_action("cancelOrder", "c1", V3.instant_blocking))
    validate(folder, "state", state(V3))
    validate("2.1.0", "state", state(V2))


def test_one_vehicle_in_two_versions_is_one_state() -> None:
    old, new = parse_state(state(V2), V2), parse_state(state(V3), V3)
    assert {
        name: (getattr(old, name), getattr(new, name))
        for name in old.__slots__
        if getattr(old, name) != getattr(new, name)
    } == {"instant_actions": (0, 1)}
    assert (new.mode, new.e_stop, new.battery_pct, new.localized) == ("TEACHIN", "MANUAL", 88, False)
    assert hindrances(new) == ("fieldViolation", "notLocalized")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ONLINE", "ONLINE"),
        ("CONNECTION_BROKEN", "CONNECTIONBROKEN"),
        ("CONNECTIONBROKEN", "CONNECTIONBROKEN"),
        ("HIBERNATING", "HIBERNATING"),
    ],
)
def test_presence_has_one_word(said: str, meant: str) -> None:
    assert parse_connection({"connectionState": said}) == meant


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("OTHER_ORDER_ACTIVE", "orderError"),
        ("OUTDATED_ORDER_UPDATE", "orderUpdateError"),
        ("START_NODE_OUT_OF_RANGE", "noRouteError"),
        ("VALIDATION_FAILURE", "validationError"),
    ],
)
def test_a_rejection_of_3_0_is_one_of_the_model(kind: str, meant: str) -> None:
    error = {"errorType": kind, "errorLevel": "WARNING", "errorDescription": "no"}
    seen = parse_state(state(V3, errors=[error]), V3)
    found = rejects(seen, "o1")
    assert found is not None and (found.type, found.description) == (meant, f"{kind}: no")
    assert meant not in hindrances(seen)


def test_levels_of_3_0() -> None:
    def errors(level: str) -> Any:
        return parse_state(state(V3, errors=[{"errorType": "NODE_UNREACHABLE", "errorLevel": level}]), V3).errors

    assert [breaks_order(errors(level)) is not None for level in ("WARNING", "URGENT", "CRITICAL", "FATAL")] == [
        False,
        False,
        True,
        True,
    ]
    assert fatal(errors("CRITICAL")) is None and fatal(errors("FATAL")) is not None


def test_a_state_of_the_other_version_is_refused_not_guessed() -> None:
    for dialect, other in ((V2, V3), (V3, V2)):
        with pytest.raises(VdaError):
            parse_state(state(other), dialect)


def test_what_a_factsheet_says_of_actions_and_lengths() -> None:
    sheet = {
        "protocolFeatures": {"agvActions": [{"actionType": "pick"}]},
        "protocolLimits": {"maxArrayLens": {"order.nodes": 9}},
    }
    assert (supported_actions(sheet), max_nodes(sheet)) == (frozenset({"pick"}), 9)
    newer = {
        "protocolFeatures": {"mobileRobotActions": [{"actionType": "drop"}]},
        "protocolLimits": {"maximumArrayLengths": {"order.nodes": 4}},
    }
    assert (supported_actions(newer, V3), max_nodes(newer, V3)) == (frozenset({"drop"}), 4)
    for nothing in (None, {}, {"protocolFeatures": 5, "protocolLimits": []}):
        assert (supported_actions(nothing), max_nodes(nothing)) == (frozenset({"pick", "drop"}), 0)  # type: ignore[arg-type]


@needs_schemas
@pytest.mark.parametrize(("profile", "folder"), [("factsheet", "2.1.0"), ("factsheet_v3", "3.0.0-main-2026-07")])
def test_the_expected_factsheets_obey_their_schemas(profile: str, folder: str) -> None:
    for case in golden_cases(FIRMWARE / profile):
        rendered = json.loads(render(FIRMWARE / profile, case.params).content)
        validate(folder, "factsheet", {"headerId": 0, "timestamp": "2026-01-01T00:00:00Z"} | rendered)


NOISE = (
    None,
    True,
    -1,
    1 << 80,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    [1],
    [None],
    [{}],
    {},
    {"a": 1},
    "2026-13-45",
)


def damaged(rng: random.Random, message: dict[str, Any]) -> bytes:
    """A real message with members, at any depth, exchanged or dropped, or with bytes of its text changed."""
    copy: Any = json.loads(json.dumps(message))
    for _ in range(rng.randint(1, 3)):
        target = copy
        while True:
            keys = list(target) if isinstance(target, dict) else list(range(len(target)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(target[key], dict | list) and rng.random() < 0.6:
                target = target[key]
                continue
            if rng.random() < 0.3:
                del target[key]
            else:
                target[key] = rng.choice(NOISE)
            break
    text = bytearray(json.dumps(copy).encode())
    if rng.random() < 0.2:
        text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text)


@pytest.mark.slow
@pytest.mark.timeout(3600 if "WMS_LONG" in os.environ else 240)
def test_any_payload_ends_in_values_or_in_the_declared_error() -> None:
    rng, read = random.Random(20260103), 0
    error = {
        "errorType": "orderError",
        "errorLevel": "WARNING",
        "errorReferences": [{"referenceKey": "orderId", "referenceValue": "o1"}],
    }
    messages = [
        state(V2, errors=[error]),
        state(V3, errors=[error]),
        {"order_id": "o1", "stops": STOPS},
        {"connectionState": "ONLINE"},
    ]
    for n in range(INPUTS):
        data = rng.randbytes(rng.randint(0, 60)) if n % 20 == 0 else damaged(rng, rng.choice(messages))
        with contextlib.suppress(VdaError):
            body = parse(data)
            with contextlib.suppress(VdaError):
                order(parse_plan(body, "hall"), 0, 0, 1, 1)
            for job in (parse_sender, parse_connection):
                with contextlib.suppress(VdaError):
                    job(body)
            for dialect in (V2, V3):
                supported_actions(body, dialect)
                max_nodes(body, dialect)
                with contextlib.suppress(VdaError):
                    seen = parse_state(body, dialect)
                    read += 1
                    rejects(seen, "o1")
                    hindrances(seen)
    assert read > INPUTS // 10, "enough must stay whole to reach the inside"

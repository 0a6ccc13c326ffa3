"""VDA 5050 codec: orders against the official schema, states, garbage, the expected factsheet."""

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from devices.contract.driver import ConfigRefused
from devices.drivers import check
from devices.drivers.vehicle.codec import (
    VdaError,
    fatal,
    header,
    instant_action,
    order,
    parse,
    parse_connection,
    parse_plan,
    parse_state,
    rejects,
    topic,
)
from devices.drivers.vehicle.driver import VehicleDriver

SCHEMAS = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data/vda5050/2.1.0"
FIRMWARE = Path("firmware_configs/agv/generic_vda5050/factsheet")
HEADER = header(3, datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), "ACME", "7")
STOPS = [
    {"node": "a", "x_mm": 0, "y_mm": 0, "action": None, "load": ""},
    {"node": "b", "x_mm": 1500, "y_mm": 0, "action": "pick", "load": "T1"},
    {"node": "c", "x_mm": 1500, "y_mm": -2500, "action": "drop", "load": "T1"},
]
PLAN = parse_plan({"order_id": "o1", "stops": STOPS}, "hall")
needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason="0 of 5 VDA 5050 2.1.0 schemas at hand: set WHARFINGER_SHARED"
)


def validate(name: str, body: dict[str, Any]) -> None:
    Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema").read_text(encoding="utf-8"))).validate(body)


def state(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        **HEADER,
        "orderId": "o1",
        "orderUpdateId": 0,
        "lastNodeId": "a",
        "lastNodeSequenceId": 0,
        "driving": True,
        "operatingMode": "AUTOMATIC",
        "nodeStates": [
            {"nodeId": "b", "sequenceId": 2, "released": True},
            {"nodeId": "c", "sequenceId": 4, "released": False},
        ],
        "edgeStates": [{"edgeId": "a-b", "sequenceId": 1, "released": True}],
        "actionStates": [{"actionId": "x", "actionStatus": "WAITING"}],
        "batteryState": {"batteryCharge": 87.6, "charging": False},
        "errors": [],
        "safetyState": {"eStop": "NONE", "fieldViolation": False},
        "agvPosition": {"x": 1.2345, "y": -0.5, "theta": 1.5708, "mapId": "hall", "positionInitialized": True},
        "loads": [{"loadId": "T1"}],
    }
    return body | changes


def test_an_order_is_numbered_as_the_standard_wants() -> None:
    body = order(PLAN, 0, 0, 3, 3)
    assert [(n["nodeId"], n["sequenceId"], n["released"]) for n in body["nodes"]] == [
        ("a", 0, True),
        ("b", 2, True),
        ("c", 4, True),
    ]
    assert [(e["edgeId"], e["sequenceId"], e["startNodeId"], e["endNodeId"]) for e in body["edges"]] == [
        ("a-b", 1, "a", "b"),
        ("b-c", 3, "b", "c"),
    ]
    assert body["nodes"][1]["actions"] == [
        {
            "actionType": "pick",
            "actionId": "o1-2-pick",
            "blockingType": "HARD",
            "actionParameters": [{"key": "loadId", "value": "T1"}],
        }
    ]
    assert body["nodes"][2]["nodePosition"]["y"] == -2.5


def test_base_and_horizon_split_at_the_released_node() -> None:
    body = order(PLAN, 0, 0, 2, 3)
    assert [n["released"] for n in body["nodes"]] == [True, True, False]
    assert [e["released"] for e in body["edges"]] == [True, False]
    update = order(PLAN, 1, 1, 3, 3)
    assert (update["orderUpdateId"], update["nodes"][0]["sequenceId"]) == (1, 2)


@needs_schemas
def test_what_we_send_obeys_the_official_schema() -> None:
    validate("order", HEADER | order(PLAN, 0, 0, 2, 3))
    validate("instantActions", HEADER | instant_action("cancelOrder", "c1", "HARD"))
    validate("state", state())


@pytest.mark.parametrize("name", ["default"])
@needs_schemas
def test_the_expected_factsheet_renders_and_obeys_the_schema(name: str) -> None:
    params = json.loads((FIRMWARE / f"golden/{name}.params.json").read_text(encoding="utf-8"))
    schema = json.loads((FIRMWARE / "params.schema.json").read_text(encoding="utf-8"))
    chosen = {key: rule["default"] for key, rule in schema["properties"].items() if "default" in rule} | params
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True).from_string(
        (FIRMWARE / "template.j2").read_text(encoding="utf-8")
    )
    rendered = template.render(**chosen)
    assert rendered == (FIRMWARE / f"golden/{name}.json").read_text(encoding="utf-8")
    validate("factsheet", json.loads(rendered))


def test_a_state_in_our_units() -> None:
    read = parse_state(state())
    assert (read.x_mm, read.y_mm, read.theta_mrad, read.battery_pct) == (1234, -500, 1571, 88)
    assert (read.open_nodes, read.open_base, read.open_edges, read.loads) == (2, 1, 1, ("T1",))
    assert read.timestamp == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def test_errors_reject_only_their_own_order() -> None:
    error = {"errorType": "orderError", "errorLevel": "WARNING", "errorReferences": []}
    other = error | {"errorReferences": [{"referenceKey": "orderId", "referenceValue": "o9"}]}
    assert rejects(parse_state(state(errors=[error])), "o1") is not None
    assert rejects(parse_state(state(errors=[other])), "o1") is None
    assert fatal(parse_state(state(errors=[error])).errors) is None
    assert fatal(parse_state(state(errors=[error | {"errorLevel": "FATAL"}])).errors) is not None


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b"nul", "[" * 100_000])
def test_what_is_not_an_object_is_refused(payload: bytes | str) -> None:
    with pytest.raises(VdaError):
        parse(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(state())), JSON)
def test_garbage_in_any_field_raises_only_the_declared_error(field: str, value: Any) -> None:
    for read in (parse_state, parse_connection):
        with contextlib.suppress(VdaError):
            read(state(**{field: value}))


@given(st.dictionaries(st.sampled_from(["order_id", "stops"]), JSON))
def test_a_garbage_command_raises_only_the_declared_error(data: dict[str, Any]) -> None:
    with pytest.raises(VdaError):
        parse_plan(data, "hall")


def test_topics_and_config() -> None:
    vehicle = {"interface": "uagv", "version": "v2", "manufacturer": "ACME", "serial": "7"}
    assert topic(vehicle, "order") == "uagv/v2/ACME/7/order"
    with pytest.raises(ConfigRefused):
        VehicleDriver({"manufacturer": "ACME"})
    with pytest.raises(ConfigRefused, match="unknown settings map"):
        check("vehicle", {"manufacturer": "A", "serial": "1", "map": "m"})
    check("vehicle", {"manufacturer": "A", "serial": "1", "map_id": "m"})
    with pytest.raises(ConfigRefused, match="base_nodes"):
        VehicleDriver({"manufacturer": "A", "serial": "1", "broker": {"host": "h"}, "base_nodes": 1})

"""Any bytes from a vehicle end in values or in the declared error.

10^4 inputs in the normal run, 10^6 with WMS_LONG: noise, and good messages of both versions with bytes flipped, cut and doubled,
or with a value somewhere in them put in another's place.
"""

import json
import os
import random
from copy import deepcopy
from typing import Any

import pytest

from devices.drivers.vehicle import codec
from tests.unit.test_vda5050_codec import state

LONG = "WMS_LONG" in os.environ
INPUTS = 1_000_000 if LONG else 10_000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 240)]

FACTSHEET = {
    "protocolLimits": {"maxArrayLens": {"order.nodes": 20}, "maximumArrayLengths": {"order.nodes": 20}},
    "protocolFeatures": {
        name: [{"actionType": "pick", "actionScopes": ["NODE"]}] for name in ("agvActions", "mobileRobotActions")
    },
}
CONNECTION = {
    "headerId": 1,
    "timestamp": "2026-01-02T03:04:05Z",
    "version": "2.1.0",
    "manufacturer": "A",
    "serialNumber": "7",
    "connectionState": "ONLINE",
}
V3_STATE = state() | {
    "powerSupply": {"stateOfCharge": 80.0, "charging": True},
    "mobileRobotPosition": {"x": 1.0, "y": 2.0, "theta": 0.1, "mapId": "hall", "localized": True},
    "safetyState": {"activeEmergencyStop": "NONE", "eStop": "NONE", "fieldViolation": False},
    "instantActionStates": [],
    "zoneActionStates": [],
    "zoneSets": [{"zoneSetId": "z", "mapId": "hall", "zoneSetStatus": "ENABLED"}],
    "zoneRequests": [
        {"requestId": "r", "requestType": "ACCESS", "zoneId": "q", "zoneSetId": "z", "requestStatus": "REQUESTED"}
    ],
    "errors": [
        {
            "errorType": "noRouteError",
            "errorLevel": "WARNING",
            "errorReferences": [{"referenceKey": "orderId", "referenceValue": "o1"}],
        }
    ],
}
STRANGE: list[Any] = [
    None, True, -1, 10**400, 1e400, float("nan"), "", "\0", "9" * 5_000, [], [[]], {}, {"x": []}, [None], "0001-01-01T00:00:00+23:59",
]  # fmt: skip
GOOD: list[dict[str, Any]] = [state(), V3_STATE, FACTSHEET, CONNECTION]


def places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a message."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in pairs for found in ((value, key), *places(inner))]


def made(dice: random.Random) -> bytes:
    if dice.random() < 0.05:
        return dice.randbytes(dice.randrange(200))
    message = json.loads(json.dumps(dice.choice(GOOD)))
    for _ in range(dice.randrange(4)):
        container, key = dice.choice(places(message))
        container[key] = deepcopy(dice.choice(STRANGE))
    data = bytearray(json.dumps(message).encode())
    for _ in range(dice.choice((0, 0, 1, 3))):
        at = dice.randrange(len(data))
        data[at : at + dice.randrange(3)] = dice.choice(
            (b"", b"[", b"}", b'"', dice.randbytes(2), bytes(data[at : at + 9]))
        )
    return bytes(data)


def heard(payload: bytes) -> None:
    """As the driver hears it: the sender first, then what it is about."""
    message = codec.parse(payload)
    for dialect in codec.DIALECTS.values():
        assert codec.supported_actions(message, dialect) is not None
        assert codec.max_nodes(message, dialect) >= 0
    for read in (
        codec.parse_sender,
        codec.parse_connection,
        codec.parse_state,
        lambda m: codec.parse_state(m, codec.V3),
    ):
        try:
            read(message)
        except codec.VdaError:
            continue


def test_any_bytes_end_in_values_or_the_declared_error() -> None:
    dice, refused = random.Random(5050), 0
    for _ in range(INPUTS):
        payload = made(dice)
        try:
            heard(payload)
        except codec.VdaError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"{error!r} of {payload[:2000]!r}") from error
    assert INPUTS / 20 < refused < INPUTS


def test_what_is_not_bent_is_read() -> None:
    assert codec.parse_state(state()).order_id == codec.parse_state(V3_STATE, codec.V3).order_id == "o1"

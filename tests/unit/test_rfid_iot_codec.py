"""JSON of Impinj and Zebra readers: events of their own documents, garbage, and the configurations we render."""

import contextlib
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from devices.contract.driver import ConfigRefused
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.impinj import preset
from devices.drivers.rfid_gate.iot_codec import (
    AntennaChange,
    Edge,
    IotError,
    LineBuffer,
    Lost,
    Note,
    impinj_event,
    micros,
    parse,
    zebra_answer,
    zebra_antennas,
    zebra_command,
    zebra_event,
)
from devices.drivers.rfid_gate.setup import GateSetup
from devices.drivers.rfid_gate.zebra import mode
from devices.firmware.render import golden_cases, read_params, render

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_configs/rfid_reader"
INPUTS = 1_000_000 if "WMS_LONG" in os.environ else 10_000

# A tag event as an R700 sends it (all fields on), nanoseconds and base64 included.
IMPINJ_TAG = {
    "timestamp": "2023-06-28T07:24:00.277766184Z",
    "hostname": "impinj-14-2f-f4",
    "eventType": "tagInventory",
    "tagInventoryEvent": {
        "epc": "4sRRo6UBH6APNUaT",
        "epcHex": "E2C451A3A5011FA00F354693",
        "tidHex": "E2C451A32000269379AAFD00",
        "pc": "NAA=",
        "antennaPort": 2,
        "antennaName": "MQTT",
        "peakRssiCdbm": -5750,
        "frequency": 921625,
        "transmitPowerCdbm": 1000,
        "lastSeenTime": "2023-06-28T07:24:00.225324Z",
        "phaseAngle": 208.82,
    },
}
IMPINJ_GPI = {
    "timestamp": "2023-06-28T07:24:00Z",
    "eventType": "gpiTransition",
    "gpiTransitionEvent": {"gpi": 1, "transition": "high-to-low"},
}
ZEBRA_TAG = {
    "type": "SIMPLE",
    "timestamp": "2022-02-17T10:14:45.184+0000",
    "data": {
        "eventNum": 1,
        "format": "epc",
        "idHex": "e2003411b802011383257c3d",
        "peakRssi": -47,
        "antenna": 2,
        "reads": 3,
    },
}
ZEBRA_GPI = {
    "type": "gpi",
    "timestamp": "2022-02-17T10:14:45.184+0000",
    "component": "RC",
    "eventNum": 7,
    "data": {"pin": 1, "state": "HIGH"},
}
AT_IMPINJ = micros("2023-06-28T07:24:00.225324Z")
AT_ZEBRA = micros("2022-02-17T10:14:45.184Z")


def test_a_tag_event_of_each_reader() -> None:
    epc = bytes.fromhex("E2C451A3A5011FA00F354693")
    assert impinj_event(IMPINJ_TAG) == TagRead(epc, 2, -58, AT_IMPINJ, AT_IMPINJ, 1)  # -57.5 dBm, to the even one
    without_hex: dict[str, Any] = json.loads(json.dumps(IMPINJ_TAG))
    del without_hex["tagInventoryEvent"]["epcHex"]
    assert impinj_event(without_hex) == impinj_event(IMPINJ_TAG), "the base64 form names the same tag"
    zebra = bytes.fromhex("E2003411B802011383257C3D")
    assert zebra_event(ZEBRA_TAG) == TagRead(zebra, 2, -47, AT_ZEBRA, AT_ZEBRA, 3)


def test_inputs_antennas_and_losses() -> None:
    stamp = {"timestamp": "2023-06-28T07:24:00Z"}
    assert impinj_event(IMPINJ_GPI) == Edge(1, False, micros("2023-06-28T07:24:00Z"))
    assert impinj_event(stamp | {"antennaDisconnectedEvent": {"antennaPort": 3}}) == AntennaChange(3, False)
    assert impinj_event(stamp | {"antennaConnectedEvent": {"antennaPort": 3}}) == AntennaChange(3, True)
    assert isinstance(impinj_event(stamp | {"overflowEvent": {}}), Lost)
    assert isinstance(impinj_event(stamp | {"inventoryTerminatedEvent": {"errorCode": 5}}), Lost)
    assert isinstance(impinj_event(stamp | {"eventType": "inventoryStatus"}), Note)
    assert zebra_event(ZEBRA_GPI) == Edge(1, True, AT_ZEBRA)
    assert zebra_antennas({"antennas": {"1": "connected", "2": "disconnected"}}) == {1: True, 2: False}


def test_a_command_and_its_answer() -> None:
    assert json.loads(zebra_command("start", "a1")) == {"command": "start", "command_id": "a1", "payload": {}}
    answer = {"command": "get_mode", "command_id": "a1", "response": "success", "payload": {"type": "SIMPLE"}}
    assert zebra_answer(answer) == ("a1", True, {"type": "SIMPLE"})
    with pytest.raises(IotError):
        zebra_answer({"command_id": "a1", "response": "perhaps"})


def test_lines_are_cut_wherever_the_network_cut_them() -> None:
    stream = b'{"a":1}\r\n\r\n\r\n{"b":2}\n{"c"'
    for size in range(1, len(stream)):
        buffer, lines = LineBuffer(), []
        for start in range(0, len(stream), size):
            lines += buffer.feed(stream[start : start + size])
        assert lines == [b'{"a":1}', b'{"b":2}']
    with pytest.raises(IotError, match="longer"):
        LineBuffer().feed(b"x" * 70_000)


@pytest.mark.parametrize("case", ["default", "always"])
@pytest.mark.parametrize(("reader", "made"), [("impinj_r700", preset), ("zebra_fx9600", mode)])
def test_the_firmware_configuration_is_what_the_driver_sends(reader: str, made: Any, case: str) -> None:
    folder = FIRMWARE / reader / "dock_gate"
    params = next(c.params for c in golden_cases(folder) if c.name == case)
    defaults = {k: rule["default"] for k, rule in read_params(folder / "params.schema.json")["properties"].items()}
    assert json.loads(render(folder, params).content) == made(GateSetup.from_config(defaults | params))


def test_a_setup_whose_bursts_are_longer_than_its_period_is_refused() -> None:
    with pytest.raises(ConfigRefused, match="read_ms"):
        GateSetup.from_config({"trigger": "periodic", "read_ms": 500, "period_ms": 400})


NOISE = (
    None,
    True,
    -1,
    0,
    1 << 70,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "2023-13-45",
    [],
    [1],
    {},
    {"a": 1},
    "ZZ",
)


def damaged(rng: random.Random, message: dict[str, Any]) -> bytes:
    """A real message with members exchanged, dropped or moved, or with bytes of its text changed."""
    copy: dict[str, Any] = json.loads(json.dumps(message))
    inner = [copy, *(value for value in copy.values() if isinstance(value, dict))]
    for _ in range(rng.randint(1, 3)):
        target = rng.choice(inner)
        if target:
            key = rng.choice(list(target))
            if rng.random() < 0.2:
                del target[key]
            else:
                target[key] = rng.choice(NOISE)
    text = bytearray(json.dumps(copy).encode())
    if rng.random() < 0.3:
        text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text)


@pytest.mark.slow
@pytest.mark.timeout(3600 if "WMS_LONG" in os.environ else 240)
def test_any_bytes_end_in_an_event_or_in_the_declared_error() -> None:
    rng, events = random.Random(20260102), 0
    messages = [IMPINJ_TAG, IMPINJ_GPI, ZEBRA_TAG, ZEBRA_GPI]
    for n in range(INPUTS):
        data = rng.randbytes(rng.randint(0, 60)) if n % 20 == 0 else damaged(rng, rng.choice(messages))
        with contextlib.suppress(IotError):
            message = parse(data)
            for read in (impinj_event, zebra_event, zebra_answer, zebra_antennas):
                with contextlib.suppress(IotError):
                    read(message)
                    events += 1
        with contextlib.suppress(IotError):
            LineBuffer().feed(data)
    assert events > INPUTS // 5

"""The JSON that Impinj (IoT device interface) and Zebra (IoT Connector) readers send -> what a gate needs. Pure.

Source: Impinj IoT device interface API 1.x, schema ReaderEvent; Zebra IoT Connector, Tag Data and Management Events schemas.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from devices.drivers.rfid_gate.codec import TagRead

MAX_LINE_BYTES = 64 * 1024
"""Longer lines are taken for a lost framing, not for data."""
_EPC_BYTES = range(1, 63)
"""An EPC bank holds at most 496 bits (Gen2)."""


class IotError(ValueError):
    """The bytes are not what such a reader sends. The only error this module raises."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An input of the reader changed."""

    port: int
    high: bool
    at_us: int


@dataclass(frozen=True, slots=True)
class AntennaChange:
    antenna: int
    back: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The reader lost reads."""

    detail: str


@dataclass(frozen=True, slots=True)
class Note:
    """Anything else worth a log line: status, diagnostics, heartbeat."""

    kind: str
    at_us: int


Event = TagRead | Edge | AntennaChange | Lost | Note


class LineBuffer:
    """Cut a byte stream into lines, however the network split or merged them; idle CR-LFs vanish."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Whole lines completed by `data`, in order, without their ends. Errors: IotError for an endless line."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in lines):
            raise IotError(f"line longer than {MAX_LINE_BYTES} bytes")
        return [stripped for line in lines if (stripped := line.strip())]


def parse(payload: bytes | bytearray | str) -> dict[str, Any]:
    """JSON object of a payload. Errors: IotError."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise IotError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise IotError("not a JSON object")
    return message


def impinj_event(message: dict[str, Any]) -> Event:
    """One ReaderEvent: a timestamp and exactly one `...Event` member. Errors: IotError."""
    try:
        at_us = micros(message["timestamp"])
        if (tag := message.get("tagInventoryEvent")) is not None:
            seen_us = micros(tag["lastSeenTime"]) if "lastSeenTime" in tag else at_us
            rssi = _int(tag["peakRssiCdbm"], -20_000, 20_000) / 100 if "peakRssiCdbm" in tag else -128
            return TagRead(
                _impinj_epc(tag), _int(tag.get("antennaPort", 0), 0, 0xFFFF), round(rssi), seen_us, seen_us, 1
            )
        if (edge := message.get("gpiTransitionEvent")) is not None:
            return Edge(
                _int(edge["gpi"], 1, 255), {"low-to-high": True, "high-to-low": False}[edge["transition"]], at_us
            )
        for member, back in (("antennaConnectedEvent", True), ("antennaDisconnectedEvent", False)):
            if (antenna := message.get(member)) is not None:
                return AntennaChange(_int(antenna["antennaPort"], 1, 255), back)
        if "overflowEvent" in message:
            return Lost("overflowEvent")
        if (ended := message.get("inventoryTerminatedEvent")) is not None:
            return Lost(f"inventoryTerminatedEvent {json.dumps(ended)[:200]}")
        return Note(str(message.get("eventType", "")), at_us)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IotError(f"reader event: {error!r}") from error


def _impinj_epc(tag: dict[str, Any]) -> bytes:
    if "epcHex" in tag:
        return _hex_epc(tag["epcHex"])
    try:
        epc = base64.urlsafe_b64decode(tag["epc"])
    except binascii.Error as error:
        raise IotError(f"epc: {error}") from error
    return _hex_epc(epc.hex())


def zebra_event(message: dict[str, Any]) -> Event:
    """One message of the data or management-event topic. Errors: IotError."""
    try:
        kind, data, at_us = str(message["type"]), message["data"], micros(message["timestamp"])
        if "idHex" in data:
            rssi = _number(data["peakRssi"]) if "peakRssi" in data else -128.0
            seen = _int(data.get("reads", 1), 1, 0xFFFF)
            return TagRead(
                _hex_epc(data["idHex"]), _int(data.get("antenna", 0), 0, 0xFFFF), round(rssi), at_us, at_us, seen
            )
        if kind.lower() == "gpi":
            return Edge(_int(data["pin"], 1, 255), {"HIGH": True, "LOW": False}[data["state"]], at_us)
        return Note(kind, at_us)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IotError(f"reader event: {error!r}") from error


def zebra_antennas(status: dict[str, Any]) -> dict[int, bool]:
    """Antenna number -> connected, of a heartbeat's `radio_control` or a `get_status` answer. Errors: IotError."""
    try:
        antennas = status.get("antennas") or {}
        return {_int(int(number), 1, 255): state == "connected" for number, state in antennas.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise IotError(f"antennas: {error!r}") from error


def zebra_command(name: str, command_id: str, payload: dict[str, Any] | None = None) -> str:
    """A command of the management or control topic. Source: Zebra IoT Connector, RAW MQTT Payloads."""
    return json.dumps({"command": name, "command_id": command_id, "payload": payload or {}})


def zebra_answer(message: dict[str, Any]) -> tuple[str, bool, dict[str, Any]]:
    """(command_id, success, payload) of a response. Errors: IotError."""
    response, payload = message.get("response"), message.get("payload")
    if response not in ("success", "failure") or "command_id" not in message:
        raise IotError(f"response {response!r}")
    return str(message["command_id"]), response == "success", payload if isinstance(payload, dict) else {}


def micros(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 time; without a zone it is UTC. Errors: ValueError, TypeError."""
    stamp = datetime.fromisoformat(text)
    return round((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _hex_epc(text: str) -> bytes:
    epc = bytes.fromhex(text)
    if len(epc) not in _EPC_BYTES:
        raise ValueError(f"EPC of {len(epc)} bytes")
    return epc


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a number: {value!r}")
    return min(max(float(value), -200.0), 200.0)


def _int(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"not in {low} to {high}: {value!r}")
    return value

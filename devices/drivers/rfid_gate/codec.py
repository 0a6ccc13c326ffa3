"""LLRP binary messages <-> a generic tree of parameters; unknown parameters survive byte for byte.

Source: EPCglobal LLRP 1.0.1 sections 16 (binary encoding) and 17; LLRP 1.1 keeps the same frames with version 2.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from devices.drivers.rfid_gate.layouts import (
    ARRAYS,
    MESSAGE_BY_NAME,
    MESSAGE_BY_TYPE,
    PARAM_BY_NAME,
    PARAM_BY_TYPE,
    SCALARS,
    Layout,
    Step,
)

HEADER_BYTES = 10
MAX_FRAME_BYTES = 4 * 1024 * 1024
"""Longer frames are taken for a lost framing, not for data."""


class LlrpError(ValueError):
    """The bytes are not LLRP, or the values cannot be written as LLRP. The only error this module raises."""


class Bits(NamedTuple):
    """A bit array (u1v): `data` holds `width` bits, left aligned."""

    width: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: named fields, then sub-parameters. Unknown types: name `Unknown`, values Type and Data."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    children: tuple["Param", ...] = ()

    def find(self, *path: str) -> "Param | None":
        """First descendant along `path` of names."""
        return _find(self.children, path)

    def all(self, name: str) -> list["Param"]:
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True, slots=True)
class Message:
    """One frame. Unknown message types: name `Unknown`, values Type and Data."""

    name: str
    id: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    children: tuple[Param, ...] = ()
    version: int = 1

    def find(self, *path: str) -> Param | None:
        """First descendant along `path` of names."""
        return _find(self.children, path)

    def all(self, name: str) -> list[Param]:
        return [child for child in self.children if child.name == name]


class TagRead(NamedTuple):
    """One TagReportData, the fields a gate needs. Times are the reader's own, us; 0 = not reported."""

    epc: bytes
    antenna: int
    rssi_dbm: int
    first_us: int
    last_us: int
    seen: int
    """How many reads this report stands for."""


NO_RSSI_DBM = -128
_FIRST_TLV = 128
_MAX_DEPTH = 12
_HEADER = struct.Struct(">HII")
_TLV = struct.Struct(">HH")


class FrameBuffer:
    """Cut a byte stream into frames, however TCP split or merged them."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Whole frames completed by `data`, in order. Errors: LlrpError when the framing is lost."""
        self._pending = self._pending + data if self._pending else data
        frames, offset = [], 0
        while len(self._pending) - offset >= HEADER_BYTES:
            length = frame_length(self._pending, offset)
            if len(self._pending) - offset < length:
                break
            frames.append(self._pending[offset : offset + length])
            offset += length
        self._pending = self._pending[offset:]
        return frames


def frame_length(data: bytes, offset: int = 0) -> int:
    """Bytes of the frame that starts at `offset`, header included. Errors: LlrpError."""
    if len(data) - offset < HEADER_BYTES:
        raise LlrpError("frame shorter than its header")
    kind, length, _ = _HEADER.unpack_from(data, offset)
    if kind >> 10 not in (1, 2):
        raise LlrpError(f"protocol version {kind >> 10 & 7} or reserved bits set")
    if not HEADER_BYTES <= length <= MAX_FRAME_BYTES:
        raise LlrpError(f"frame length {length}")
    return int(length)


def message_type(frame: bytes) -> int:
    """Type number of a whole frame, without decoding it."""
    return int.from_bytes(frame[:2], "big") & 0x3FF


def decode(frame: bytes) -> Message:
    """Decode exactly one frame. Errors: LlrpError."""
    if frame_length(frame) != len(frame):
        raise LlrpError("frame length does not match the bytes given")
    kind, _, message_id = _HEADER.unpack_from(frame)
    version, number = kind >> 10, kind & 0x3FF
    layout = MESSAGE_BY_TYPE.get(number)
    if layout is None:
        return Message("Unknown", message_id, {"Type": number, "Data": frame[HEADER_BYTES:]}, (), version)
    values, offset = _read_fields(layout, frame, HEADER_BYTES, len(frame))
    return Message(layout.name, message_id, values, tuple(_read_params(frame, offset, len(frame))), version)


def encode(message: Message) -> bytes:
    """Encode one frame; missing integer fields are 0. Errors: LlrpError."""
    if message.name == "Unknown":
        number, body = message.values["Type"], bytes(message.values["Data"])
    else:
        layout = MESSAGE_BY_NAME.get(message.name)
        if layout is None:
            raise LlrpError(f"unknown message {message.name!r}")
        number, body = layout.type, _write_fields(layout, message.values) + _write_params(message.children)
    return _HEADER.pack(message.version << 10 | number, HEADER_BYTES + len(body), message.id) + body


def _read_params(data: bytes, offset: int, end: int, depth: int = 0) -> Iterator[Param]:
    if depth > _MAX_DEPTH:
        raise LlrpError("parameters nested deeper than the standard allows")
    while offset < end:
        first = data[offset]
        if first & 0x80:
            param, offset = _read_tv(data, offset, end, first & 0x7F)
        else:
            param, offset = _read_tlv(data, offset, end, depth)
        yield param


def _read_tv(data: bytes, offset: int, end: int, number: int) -> tuple[Param, int]:
    layout = PARAM_BY_TYPE.get(number)
    if layout is None:
        raise LlrpError(f"unknown TV parameter {number}: its length cannot be known")
    values, after = _read_fields(layout, data, offset + 1, end)
    return Param(layout.name, values), after


def _read_tlv(data: bytes, offset: int, end: int, depth: int) -> tuple[Param, int]:
    if end - offset < 4:
        raise LlrpError("parameter cut short")
    kind, length = _TLV.unpack_from(data, offset)
    number, stop = kind & 0x3FF, offset + length
    if kind >> 10 or length < 4 or stop > end or number < _FIRST_TLV:
        raise LlrpError(f"parameter {number}: length {length} or reserved bits wrong")
    layout = PARAM_BY_TYPE.get(number)
    if layout is None:
        return Param("Unknown", {"Type": number, "Data": data[offset + 4 : stop]}), stop
    values, after = _read_fields(layout, data, offset + 4, stop)
    return Param(layout.name, values, tuple(_read_params(data, after, stop, depth + 1))), stop


def _read_fields(layout: Layout, data: bytes, offset: int, end: int) -> tuple[dict[str, Any], int]:
    if end - offset < layout.fixed_bytes:
        raise LlrpError(f"{layout.name}: cut short")
    values: dict[str, Any] = {}
    for step in layout.steps:
        if step.kind == "bits":
            _read_bits(step, data, offset, values)
            offset += step.size
        elif step.kind in SCALARS:
            if end - offset < step.size:
                raise LlrpError(f"{layout.name}.{step.name}: cut short")
            (values[step.name],) = SCALARS[step.kind].unpack_from(data, offset)
            offset += step.size
        elif step.kind == "raw":
            values[step.name], offset = data[offset:end], end
        else:
            values[step.name], offset = _read_array(layout, step, data, offset, end)
    return values, offset


def _read_bits(step: Step, data: bytes, offset: int, values: dict[str, Any]) -> None:
    number = int.from_bytes(data[offset : offset + step.size], "big")
    shift = step.size * 8
    for name, width in step.bits:
        shift -= width
        if name != "_":
            values[name] = number >> shift & (1 << width) - 1


def _read_array(layout: Layout, step: Step, data: bytes, offset: int, end: int) -> tuple[Any, int]:
    if end - offset < 2:
        raise LlrpError(f"{layout.name}.{step.name}: cut short")
    count = int.from_bytes(data[offset : offset + 2], "big")
    size = (count + 7) // 8 if step.kind == "u1v" else count * ARRAYS[step.kind]
    start, stop = offset + 2, offset + 2 + size
    if stop > end:
        raise LlrpError(f"{layout.name}.{step.name}: {size} bytes announced, {end - start} there")
    chunk = data[start:stop]
    if step.kind == "u1v":
        return Bits(count, chunk), stop
    if step.kind == "u8v":
        return chunk, stop
    if step.kind == "str":
        try:
            return chunk.decode(), stop
        except UnicodeDecodeError as error:
            raise LlrpError(f"{layout.name}.{step.name}: not UTF-8") from error
    return struct.unpack(f">{count}{'H' if step.kind == 'u16v' else 'I'}", chunk), stop


def _write_params(params: tuple[Param, ...]) -> bytes:
    return b"".join(_write_param(param) for param in params)


def _write_param(param: Param) -> bytes:
    if param.name == "Unknown":
        number, body = param.values["Type"], bytes(param.values["Data"])
    else:
        layout = PARAM_BY_NAME.get(param.name)
        if layout is None:
            raise LlrpError(f"unknown parameter {param.name!r}")
        number, body = layout.type, _write_fields(layout, param.values) + _write_params(param.children)
    if number < _FIRST_TLV:
        return bytes((0x80 | number,)) + body
    if len(body) + 4 > 0xFFFF:
        raise LlrpError(f"{param.name}: longer than a parameter can be")
    return _TLV.pack(number, len(body) + 4) + body


def _write_fields(layout: Layout, values: dict[str, Any]) -> bytes:
    known = {name for step in layout.steps for name in ([step.name] if step.name else [n for n, _ in step.bits])}
    if unknown := set(values) - known:
        raise LlrpError(f"{layout.name}: unknown fields {sorted(unknown)}")
    try:
        return b"".join(_write_step(step, values) for step in layout.steps)
    except (struct.error, TypeError, ValueError, AttributeError) as error:
        raise LlrpError(f"{layout.name}: {error}") from error


def _write_step(step: Step, values: dict[str, Any]) -> bytes:
    if step.kind == "bits":
        return _write_bits(step, values)
    if step.kind in SCALARS:
        return bytes(SCALARS[step.kind].pack(values.get(step.name, bytes(12) if step.kind == "b12" else 0)))
    if step.kind == "raw":
        return bytes(values.get(step.name, b""))
    if step.kind == "u1v":
        bits = values.get(step.name, Bits(0, b""))
        return struct.pack(">H", bits[0]) + bytes(bits[1])
    if step.kind == "str":
        text = values.get(step.name, "").encode()
        return struct.pack(">H", len(text)) + bytes(text)
    items = values.get(step.name, ())
    code = {"u8v": "B", "u16v": "H", "u32v": "I"}[step.kind]
    return struct.pack(f">H{len(items)}{code}", len(items), *items)


def _write_bits(step: Step, values: dict[str, Any]) -> bytes:
    number = 0
    for name, width in step.bits:
        value = int(values.get(name, 0)) if name != "_" else 0
        if not 0 <= value < 1 << width:
            raise ValueError(f"{name}={value} does not fit {width} bits")
        number = number << width | value
    return number.to_bytes(step.size, "big")


def _find(params: tuple[Param, ...], path: tuple[str, ...]) -> Param | None:
    for param in params:
        if param.name == path[0]:
            return param if len(path) == 1 else _find(param.children, path[1:])
    return None


def status_of(message: Message) -> tuple[int, str]:
    """LLRPStatus of a response: (code, text), 0 = success. A response without one counts as 0."""
    status = message.find("LLRPStatus")
    if status is None:
        return 0, ""
    return status.values["StatusCode"], status.values["ErrorDescription"]


def from_json(name: str, tree: dict[str, Any], message_id: int = 0, version: int = 1) -> Message:
    """Build a message from its JSON form: fields by name, sub-parameters by name (a list repeats them).

    The order of the keys is the order on the wire; enumerations are numbers. Errors: LlrpError.
    """
    layout = MESSAGE_BY_NAME.get(name)
    if layout is None:
        raise LlrpError(f"unknown message {name!r}")
    values, children = _from_json(layout, tree)
    return Message(name, message_id, values, children, version)


def _from_json(layout: Layout, tree: dict[str, Any]) -> tuple[dict[str, Any], tuple[Param, ...]]:
    if not isinstance(tree, dict):
        raise LlrpError(f"{layout.name}: expected an object")
    kinds = {step.name: step.kind for step in layout.steps if step.name}
    flags = {name for step in layout.steps for name, _ in step.bits}
    values: dict[str, Any] = {}
    children: list[Param] = []
    for key, value in tree.items():
        if key in kinds or key in flags:
            values[key] = _json_value(kinds.get(key, "bits"), value)
            continue
        child = PARAM_BY_NAME.get(key)
        if child is None:
            raise LlrpError(f"{layout.name}: unknown field or parameter {key!r}")
        for item in value if isinstance(value, list) else [value]:
            children.append(Param(key, *_from_json(child, item)))
    return values, tuple(children)


def _json_value(kind: str, value: Any) -> Any:
    try:
        if kind in ("u8v", "raw", "b12"):
            return bytes.fromhex(value)
        if kind == "u1v":
            return Bits(len(value) * 4, bytes.fromhex(value))
    except (TypeError, ValueError) as error:
        raise LlrpError(f"expected hexadecimal, got {value!r}") from error
    return tuple(value) if isinstance(value, list) else value


# Fixed sizes of the TV parameters inside TagReportData, type byte included.
_TV_BYTES = {layout.type | 0x80: layout.fixed_bytes + 1 for layout in PARAM_BY_TYPE.values() if layout.type < 128}
_EPC_96, _EPC_DATA, _TAG_REPORT = 13 | 0x80, 241, 240
_U16, _U64 = struct.Struct(">H"), struct.Struct(">Q")


def tag_reads(frame: bytes) -> list[TagRead]:
    """Every tag read of an RO_ACCESS_REPORT frame, without building the tree: the hot path. Errors: LlrpError."""
    reads: list[TagRead] = []
    offset, end = HEADER_BYTES, len(frame)
    while offset < end:
        if end - offset < 4:
            raise LlrpError("parameter cut short")
        kind, length = _TLV.unpack_from(frame, offset)
        stop = offset + length
        if kind > 0x3FF or length < 4 or stop > end:
            raise LlrpError(f"report parameter {kind}: length {length}")
        if kind == _TAG_REPORT:
            reads.append(_tag_read(frame, offset + 4, stop))
        offset = stop
    return reads


def _tag_read(data: bytes, offset: int, stop: int) -> TagRead:
    epc, antenna, rssi, first, last, count = b"", 0, NO_RSSI_DBM, 0, 0, 1
    while offset < stop:
        kind = data[offset]
        if not kind & 0x80:
            epc_data, offset = _epc_data(data, offset, stop)
            epc = epc or epc_data
            continue
        size = _TV_BYTES.get(kind)
        if size is None or offset + size > stop:
            raise LlrpError(f"tag report: TV parameter {kind & 0x7F} unknown or cut short")
        if kind == _EPC_96:
            epc = data[offset + 1 : offset + 13]
        elif kind == 0x81:
            (antenna,) = _U16.unpack_from(data, offset + 1)
        elif kind == 0x86:
            rssi = data[offset + 1] - 256 if data[offset + 1] & 0x80 else data[offset + 1]
        elif kind in (0x82, 0x83):
            (first,) = _U64.unpack_from(data, offset + 1)
        elif kind in (0x84, 0x85):
            (last,) = _U64.unpack_from(data, offset + 1)
        elif kind == 0x88:
            (count,) = _U16.unpack_from(data, offset + 1)
        offset += size
    return TagRead(epc, antenna, rssi, first, last or first, count or 1)


def _epc_data(data: bytes, offset: int, stop: int) -> tuple[bytes, int]:
    """EPCData's bytes, or b"" for any other TLV, with the offset behind it."""
    if stop - offset < 4:
        raise LlrpError("tag report: parameter cut short")
    kind, length = _TLV.unpack_from(data, offset)
    after = offset + length
    if kind > 0x3FF or length < 4 or after > stop:
        raise LlrpError(f"tag report: parameter {kind}, length {length}")
    if kind != _EPC_DATA:
        return b"", after
    if length < 6 or (_U16.unpack_from(data, offset + 4)[0] + 7) // 8 != length - 6:
        raise LlrpError("EPCData: bit count does not match its length")
    return data[offset + 6 : after], after

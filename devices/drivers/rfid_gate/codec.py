"""LLRP binary messages <-> a generic tree of parameters; unknown parameters survive byte for byte.

Source: EPCglobal LLRP 1.0.1 sections 16 (binary encoding) and 17; LLRP 1.1 keeps the same frames with version 2.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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

# One line per type: number, name, fields in wire order. Types: uN/sN integers, rN reserved bits, u8v/u16v/u32v
# counted arrays, u1v bit array, str UTF-8 with byte count, raw = to the end (such a parameter has no sub-parameters).
_MESSAGES = """
1 GET_READER_CAPABILITIES RequestedData:u8
11 GET_READER_CAPABILITIES_RESPONSE
2 GET_READER_CONFIG AntennaID:u16 RequestedData:u8 GPIPortNum:u16 GPOPortNum:u16
12 GET_READER_CONFIG_RESPONSE
3 SET_READER_CONFIG ResetToFactoryDefault:u1 _:r7
13 SET_READER_CONFIG_RESPONSE
14 CLOSE_CONNECTION
4 CLOSE_CONNECTION_RESPONSE
20 ADD_ROSPEC
30 ADD_ROSPEC_RESPONSE
21 DELETE_ROSPEC ROSpecID:u32
31 DELETE_ROSPEC_RESPONSE
22 START_ROSPEC ROSpecID:u32
32 START_ROSPEC_RESPONSE
23 STOP_ROSPEC ROSpecID:u32
33 STOP_ROSPEC_RESPONSE
24 ENABLE_ROSPEC ROSpecID:u32
34 ENABLE_ROSPEC_RESPONSE
25 DISABLE_ROSPEC ROSpecID:u32
35 DISABLE_ROSPEC_RESPONSE
26 GET_ROSPECS
36 GET_ROSPECS_RESPONSE
40 ADD_ACCESSSPEC
50 ADD_ACCESSSPEC_RESPONSE
41 DELETE_ACCESSSPEC AccessSpecID:u32
51 DELETE_ACCESSSPEC_RESPONSE
42 ENABLE_ACCESSSPEC AccessSpecID:u32
52 ENABLE_ACCESSSPEC_RESPONSE
43 DISABLE_ACCESSSPEC AccessSpecID:u32
53 DISABLE_ACCESSSPEC_RESPONSE
44 GET_ACCESSSPECS
54 GET_ACCESSSPECS_RESPONSE
46 GET_SUPPORTED_VERSION
56 GET_SUPPORTED_VERSION_RESPONSE CurrentVersion:u8 SupportedVersion:u8
47 SET_PROTOCOL_VERSION ProtocolVersion:u8
57 SET_PROTOCOL_VERSION_RESPONSE
60 GET_REPORT
61 RO_ACCESS_REPORT
62 KEEPALIVE
72 KEEPALIVE_ACK
63 READER_EVENT_NOTIFICATION
64 ENABLE_EVENTS_AND_REPORTS
100 ERROR_MESSAGE
1023 CUSTOM_MESSAGE VendorIdentifier:u32 MessageSubtype:u8 Data:raw
"""

_PARAMETERS = """
1 AntennaID AntennaID:u16
2 FirstSeenTimestampUTC Microseconds:u64
3 FirstSeenTimestampUptime Microseconds:u64
4 LastSeenTimestampUTC Microseconds:u64
5 LastSeenTimestampUptime Microseconds:u64
6 PeakRSSI PeakRSSI:s8
7 ChannelIndex ChannelIndex:u16
8 TagSeenCount TagCount:u16
9 ROSpecID ROSpecID:u32
10 InventoryParameterSpecID InventoryParameterSpecID:u16
11 C1G2_CRC CRC:u16
12 C1G2_PC PC_Bits:u16
13 EPC_96 EPC:b12
14 SpecIndex SpecIndex:u16
15 ClientRequestOpSpecResult OpSpecID:u16
16 AccessSpecID AccessSpecID:u32
17 OpSpecID OpSpecID:u16
18 C1G2SingulationDetails NumCollisionSlots:u16 NumEmptySlots:u16
19 C1G2XPCW1 XPC_W1:u16
20 C1G2XPCW2 XPC_W2:u16
128 UTCTimestamp Microseconds:u64
129 Uptime Microseconds:u64
137 GeneralDeviceCapabilities MaxNumberOfAntennaSupported:u16 CanSetAntennaProperties:u1 HasUTCClockCapability:u1 \
_:r14 DeviceManufacturerName:u32 ModelName:u32 ReaderFirmwareVersion:str
139 ReceiveSensitivityTableEntry Index:u16 ReceiveSensitivityValue:s16
140 PerAntennaAirProtocol AntennaID:u16 ProtocolID:u8v
141 GPIOCapabilities NumGPIs:u16 NumGPOs:u16
142 LLRPCapabilities CanDoRFSurvey:u1 CanReportBufferFillWarning:u1 SupportsClientRequestOpSpec:u1 \
CanDoTagInventoryStateAwareSingulation:u1 SupportsEventAndReportHolding:u1 _:r3 MaxNumPriorityLevelsSupported:u8 \
ClientRequestOpSpecTimeout:u16 MaxNumROSpecs:u32 MaxNumSpecsPerROSpec:u32 MaxNumInventoryParameterSpecsPerAISpec:u32 \
MaxNumAccessSpecs:u32 MaxNumOpSpecsPerAccessSpec:u32
143 RegulatoryCapabilities CountryCode:u16 CommunicationsStandard:u16
144 UHFBandCapabilities
145 TransmitPowerLevelTableEntry Index:u16 TransmitPowerValue:s16
146 FrequencyInformation Hopping:u1 _:r7
147 FrequencyHopTable HopTableID:u8 _:r8 Frequency:u32v
148 FixedFrequencyTable Frequency:u32v
149 PerAntennaReceiveSensitivityRange AntennaID:u16 ReceiveSensitivityIndexMin:u16 ReceiveSensitivityIndexMax:u16
177 ROSpec ROSpecID:u32 Priority:u8 CurrentState:u8
178 ROBoundarySpec
179 ROSpecStartTrigger ROSpecStartTriggerType:u8
180 PeriodicTriggerValue Offset:u32 Period:u32
181 GPITriggerValue GPIPortNum:u16 GPIEvent:u1 _:r7 Timeout:u32
182 ROSpecStopTrigger ROSpecStopTriggerType:u8 DurationTriggerValue:u32
183 AISpec AntennaIDs:u16v
184 AISpecStopTrigger AISpecStopTriggerType:u8 DurationTrigger:u32
185 TagObservationTrigger TriggerType:u8 _:r8 NumberOfTags:u16 NumberOfAttempts:u16 T:u16 Timeout:u32
186 InventoryParameterSpec InventoryParameterSpecID:u16 ProtocolID:u8
187 RFSurveySpec AntennaID:u16 StartFrequency:u32 EndFrequency:u32
188 RFSurveySpecStopTrigger StopTriggerType:u8 DurationPeriod:u32 N:u32
207 AccessSpec AccessSpecID:u32 AntennaID:u16 ProtocolID:u8 CurrentState:u1 _:r7 ROSpecID:u32
208 AccessSpecStopTrigger AccessSpecStopTrigger:u8 OperationCountValue:u16
209 AccessCommand
217 LLRPConfigurationStateValue LLRPConfigurationStateValue:u32
218 Identification IDType:u8 ReaderID:u8v
219 GPOWriteData GPOPortNumber:u16 GPOData:u1 _:r7
220 KeepaliveSpec KeepaliveTriggerType:u8 PeriodicTriggerValue:u32
221 AntennaProperties AntennaConnected:u1 _:r7 AntennaID:u16 AntennaGain:s16
222 AntennaConfiguration AntennaID:u16
223 RFReceiver ReceiverSensitivity:u16
224 RFTransmitter HopTableID:u16 ChannelIndex:u16 TransmitPower:u16
225 GPIPortCurrentState GPIPortNum:u16 Config:u1 _:r7 State:u8
226 EventsAndReports HoldEventsAndReportsUponReconnect:u1 _:r7
237 ROReportSpec ROReportTrigger:u8 N:u16
238 TagReportContentSelector EnableROSpecID:u1 EnableSpecIndex:u1 EnableInventoryParameterSpecID:u1 EnableAntennaID:u1 \
EnableChannelIndex:u1 EnablePeakRSSI:u1 EnableFirstSeenTimestamp:u1 EnableLastSeenTimestamp:u1 EnableTagSeenCount:u1 \
EnableAccessSpecID:u1 _:r6
239 AccessReportSpec AccessReportTrigger:u8
240 TagReportData
241 EPCData EPC:u1v
242 RFSurveyReportData
243 FrequencyRSSILevelEntry Frequency:u32 Bandwidth:u32 AverageRSSI:s8 PeakRSSI:s8
244 ReaderEventNotificationSpec
245 EventNotificationState EventType:u16 NotificationState:u1 _:r7
246 ReaderEventNotificationData
247 HoppingEvent HopTableID:u16 NextChannelIndex:u16
248 GPIEvent GPIPortNumber:u16 GPIEvent:u1 _:r7
249 ROSpecEvent EventType:u8 ROSpecID:u32 PreemptingROSpecID:u32
250 ReportBufferLevelWarningEvent ReportBufferPercentageFull:u8
251 ReportBufferOverflowErrorEvent
252 ReaderExceptionEvent Message:str
253 RFSurveyEvent EventType:u8 ROSpecID:u32 SpecIndex:u16
254 AISpecEvent EventType:u8 ROSpecID:u32 SpecIndex:u16
255 AntennaEvent EventType:u8 AntennaID:u16
256 ConnectionAttemptEvent Status:u16
257 ConnectionCloseEvent
287 LLRPStatus StatusCode:u16 ErrorDescription:str
288 FieldError FieldNum:u16 ErrorCode:u16
289 ParameterError ParameterType:u16 ErrorCode:u16
327 C1G2LLRPCapabilities CanSupportBlockErase:u1 CanSupportBlockWrite:u1 _:r6 MaxNumSelectFiltersPerQuery:u16
328 C1G2UHFRFModeTable
329 C1G2UHFRFModeTableEntry ModeIdentifier:u32 DRValue:u1 EPCHAGTCConformance:u1 _:r6 MValue:u8 \
ForwardLinkModulation:u8 SpectralMaskIndicator:u8 BDRValue:u32 PIEValue:u32 MinTariValue:u32 MaxTariValue:u32 \
StepTariValue:u32
330 C1G2InventoryCommand TagInventoryStateAware:u1 _:r7
331 C1G2Filter T:u2 _:r6
332 C1G2TagInventoryMask MB:u2 _:r6 Pointer:u16 TagMask:u1v
333 C1G2TagInventoryStateAwareFilterAction Target:u8 Action:u8
334 C1G2TagInventoryStateUnawareFilterAction Action:u8
335 C1G2RFControl ModeIndex:u16 Tari:u16
336 C1G2SingulationControl Session:u2 _:r6 TagPopulation:u16 TagTransitTime:u32
337 C1G2TagInventoryStateAwareSingulationAction I:u1 S:u1 _:r6
338 C1G2TagSpec
339 C1G2TargetTag MB:u2 Match:u1 _:r5 Pointer:u16 TagMask:u1v TagData:u1v
341 C1G2Read OpSpecID:u16 AccessPassword:u32 MB:u2 _:r6 WordPointer:u16 WordCount:u16
342 C1G2Write OpSpecID:u16 AccessPassword:u32 MB:u2 _:r6 WordPointer:u16 WriteData:u16v
343 C1G2Kill OpSpecID:u16 KillPassword:u32
344 C1G2Lock OpSpecID:u16 AccessPassword:u32
345 C1G2LockPayload Privilege:u8 DataField:u8
346 C1G2BlockErase OpSpecID:u16 AccessPassword:u32 MB:u2 _:r6 WordPointer:u16 WordCount:u16
347 C1G2BlockWrite OpSpecID:u16 AccessPassword:u32 MB:u2 _:r6 WordPointer:u16 WriteData:u16v
348 C1G2EPCMemorySelector EnableCRC:u1 EnablePCBits:u1 _:r6
349 C1G2ReadOpSpecResult Result:u8 OpSpecID:u16 ReadData:u16v
350 C1G2WriteOpSpecResult Result:u8 OpSpecID:u16 NumWordsWritten:u16
351 C1G2KillOpSpecResult Result:u8 OpSpecID:u16
352 C1G2LockOpSpecResult Result:u8 OpSpecID:u16
353 C1G2BlockEraseOpSpecResult Result:u8 OpSpecID:u16
354 C1G2BlockWriteOpSpecResult Result:u8 OpSpecID:u16 NumWordsWritten:u16
355 LoopSpec LoopCount:u32
356 SpecLoopEvent ROSpecID:u32 LoopCount:u32
363 MaximumReceiveSensitivity MaximumSensitivityValue:s16
1023 Custom VendorIdentifier:u32 ParameterSubtype:u32 Data:raw
"""


class _Step(NamedTuple):
    """Either one aligned value (`bits` empty) or one run of bit fields filling `size` bytes."""

    kind: str
    name: str
    size: int
    bits: tuple[tuple[str, int], ...] = ()


class _Layout(NamedTuple):
    type: int
    name: str
    steps: tuple[_Step, ...]
    fixed_bytes: int


_SCALARS = {k: struct.Struct(f">{c}") for k, c in
            {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s8": "b", "s16": "h", "b12": "12s"}.items()}  # fmt: skip
_ARRAYS = {"u8v": 1, "u16v": 2, "u32v": 4, "u1v": 0, "str": 1}


def _layouts(table: str) -> dict[int, _Layout]:
    layouts = {}
    for line in table.strip().splitlines():
        number, name, *fields = line.split()
        steps = tuple(_steps(fields))
        layouts[int(number)] = _Layout(int(number), name, steps, sum(step.size for step in steps))
    return layouts


def _steps(fields: list[str]) -> Iterator[_Step]:
    run: list[tuple[str, int]] = []
    for text in fields:
        name, kind = text.split(":")
        if kind in _SCALARS:
            yield _Step(kind, name, _SCALARS[kind].size)
        elif kind in _ARRAYS or kind == "raw":
            yield _Step(kind, name, 0 if kind == "raw" else 2)
        else:
            run.append((name, int(kind[1:])))
            width = sum(bits for _, bits in run)
            if width % 8 == 0:
                yield _Step("bits", "", width // 8, tuple(run))
                run = []


_MESSAGE_BY_TYPE = _layouts(_MESSAGES)
_PARAM_BY_TYPE = _layouts(_PARAMETERS)
_MESSAGE_BY_NAME = {layout.name: layout for layout in _MESSAGE_BY_TYPE.values()}
_PARAM_BY_NAME = {layout.name: layout for layout in _PARAM_BY_TYPE.values()}
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
    layout = _MESSAGE_BY_TYPE.get(number)
    if layout is None:
        return Message("Unknown", message_id, {"Type": number, "Data": frame[HEADER_BYTES:]}, (), version)
    values, offset = _read_fields(layout, frame, HEADER_BYTES, len(frame))
    return Message(layout.name, message_id, values, tuple(_read_params(frame, offset, len(frame))), version)


def encode(message: Message) -> bytes:
    """Encode one frame; missing integer fields are 0. Errors: LlrpError."""
    if message.name == "Unknown":
        number, body = message.values["Type"], bytes(message.values["Data"])
    else:
        layout = _MESSAGE_BY_NAME.get(message.name)
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
    layout = _PARAM_BY_TYPE.get(number)
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
    layout = _PARAM_BY_TYPE.get(number)
    if layout is None:
        return Param("Unknown", {"Type": number, "Data": data[offset + 4 : stop]}), stop
    values, after = _read_fields(layout, data, offset + 4, stop)
    return Param(layout.name, values, tuple(_read_params(data, after, stop, depth + 1))), stop


def _read_fields(layout: _Layout, data: bytes, offset: int, end: int) -> tuple[dict[str, Any], int]:
    if end - offset < layout.fixed_bytes:
        raise LlrpError(f"{layout.name}: cut short")
    values: dict[str, Any] = {}
    for step in layout.steps:
        if step.kind == "bits":
            _read_bits(step, data, offset, values)
            offset += step.size
        elif step.kind in _SCALARS:
            if end - offset < step.size:
                raise LlrpError(f"{layout.name}.{step.name}: cut short")
            (values[step.name],) = _SCALARS[step.kind].unpack_from(data, offset)
            offset += step.size
        elif step.kind == "raw":
            values[step.name], offset = data[offset:end], end
        else:
            values[step.name], offset = _read_array(layout, step, data, offset, end)
    return values, offset


def _read_bits(step: _Step, data: bytes, offset: int, values: dict[str, Any]) -> None:
    number = int.from_bytes(data[offset : offset + step.size], "big")
    shift = step.size * 8
    for name, width in step.bits:
        shift -= width
        if name != "_":
            values[name] = number >> shift & (1 << width) - 1


def _read_array(layout: _Layout, step: _Step, data: bytes, offset: int, end: int) -> tuple[Any, int]:
    if end - offset < 2:
        raise LlrpError(f"{layout.name}.{step.name}: cut short")
    count = int.from_bytes(data[offset : offset + 2], "big")
    size = (count + 7) // 8 if step.kind == "u1v" else count * _ARRAYS[step.kind]
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
        layout = _PARAM_BY_NAME.get(param.name)
        if layout is None:
            raise LlrpError(f"unknown parameter {param.name!r}")
        number, body = layout.type, _write_fields(layout, param.values) + _write_params(param.children)
    if number < _FIRST_TLV:
        return bytes((0x80 | number,)) + body
    if len(body) + 4 > 0xFFFF:
        raise LlrpError(f"{param.name}: longer than a parameter can be")
    return _TLV.pack(number, len(body) + 4) + body


def _write_fields(layout: _Layout, values: dict[str, Any]) -> bytes:
    known = {name for step in layout.steps for name in ([step.name] if step.name else [n for n, _ in step.bits])}
    if unknown := set(values) - known:
        raise LlrpError(f"{layout.name}: unknown fields {sorted(unknown)}")
    try:
        return b"".join(_write_step(step, values) for step in layout.steps)
    except (struct.error, TypeError, ValueError, AttributeError) as error:
        raise LlrpError(f"{layout.name}: {error}") from error


def _write_step(step: _Step, values: dict[str, Any]) -> bytes:
    if step.kind == "bits":
        return _write_bits(step, values)
    if step.kind in _SCALARS:
        return bytes(_SCALARS[step.kind].pack(values.get(step.name, bytes(12) if step.kind == "b12" else 0)))
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


def _write_bits(step: _Step, values: dict[str, Any]) -> bytes:
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
    layout = _MESSAGE_BY_NAME.get(name)
    if layout is None:
        raise LlrpError(f"unknown message {name!r}")
    values, children = _from_json(layout, tree)
    return Message(name, message_id, values, children, version)


def _from_json(layout: _Layout, tree: dict[str, Any]) -> tuple[dict[str, Any], tuple[Param, ...]]:
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
        child = _PARAM_BY_NAME.get(key)
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
_TV_BYTES = {layout.type | 0x80: layout.fixed_bytes + 1 for layout in _PARAM_BY_TYPE.values() if layout.type < 128}
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

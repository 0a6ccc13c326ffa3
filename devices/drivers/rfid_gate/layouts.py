"""LLRP's messages and parameters as tables: number, name and fields of each type in wire order. Pure.

Source: EPCglobal LLRP 1.0.1 sections 16 and 17 (binary encoding).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

# One line per type: number, name, fields in wire order. Types: uN/sN integers, rN reserved bits, u8v/u16v/u32v
# counted arrays, u1v bit array, str UTF-8 with byte count, raw = to the end (such a parameter has no sub-parameters).
MESSAGES = """
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

PARAMETERS = """
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


class Step(NamedTuple):
    """Either one aligned value (`bits` empty) or one run of bit fields filling `size` bytes."""

    kind: str
    name: str
    size: int
    bits: tuple[tuple[str, int], ...] = ()


class Layout(NamedTuple):
    """One type."""

    type: int
    name: str
    steps: tuple[Step, ...]
    fixed_bytes: int


SCALARS = {k: struct.Struct(f">{c}") for k, c in
            {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s8": "b", "s16": "h", "b12": "12s"}.items()}  # fmt: skip
ARRAYS = {"u8v": 1, "u16v": 2, "u32v": 4, "u1v": 0, "str": 1}


def _layouts(table: str) -> dict[int, Layout]:
    layouts = {}
    for line in table.strip().splitlines():
        number, name, *fields = line.split()
        steps = tuple(_steps(fields))
        layouts[int(number)] = Layout(int(number), name, steps, sum(step.size for step in steps))
    return layouts


def _steps(fields: list[str]) -> Iterator[Step]:
    run: list[tuple[str, int]] = []
    for text in fields:
        name, kind = text.split(":")
        if kind in SCALARS:
            yield Step(kind, name, SCALARS[kind].size)
        elif kind in ARRAYS or kind == "raw":
            yield Step(kind, name, 0 if kind == "raw" else 2)
        else:
            run.append((name, int(kind[1:])))
            width = sum(bits for _, bits in run)
            if width % 8 == 0:
                yield Step("bits", "", width // 8, tuple(run))
                run = []


MESSAGE_BY_TYPE = _layouts(MESSAGES)
PARAM_BY_TYPE = _layouts(PARAMETERS)
MESSAGE_BY_NAME = {layout.name: layout for layout in MESSAGE_BY_TYPE.values()}
PARAM_BY_NAME = {layout.name: layout for layout in PARAM_BY_TYPE.values()}

"""LLRP codec against golden frames of other makers, an independent peer, and garbage."""

import contextlib
import json
import os
import struct
import time
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llrpkit.protocol.codec import decode_message

from devices.contract.driver import ConfigRefused
from devices.drivers.rfid_gate.codec import (
    Bits,
    FrameBuffer,
    LlrpError,
    Message,
    Param,
    decode,
    encode,
    from_json,
    status_of,
    tag_reads,
)
from devices.drivers.rfid_gate.setup import GateSetup, add_rospec, reader_config

SHARED = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data/llrp"
FIRMWARE = Path("firmware_configs/rfid_reader/impinj_r420/dock_gate")
EDGEX_TYPES = {
    "CloseConnectionResponse": 4,
    "GetAccessSpecsResponse": 54,
    "GetROSpecsResponse": 36,
    "GetReaderCapabilitiesResponse": 11,
    "GetReaderConfigResponse": 12,
    "ROAccessReport": 61,
    "ReaderEventNotification": 63,
}
LTK = sorted(SHARED.glob("golden-ltk/*.bin"))
EDGEX = sorted(SHARED.glob("golden-edgex/*.bytes"))


@pytest.mark.skipif(len(LTK) < 4, reason=f"{len(LTK)} of 4 golden LTK files at hand: set WHARFINGER_SHARED")
def test_every_ltk_frame_round_trips_byte_for_byte() -> None:
    frames = [frame for path in LTK for frame in FrameBuffer().feed(path.read_bytes())]
    assert len(frames) == 2642
    assert [frame for frame in frames if encode(decode(frame)) != frame] == []
    reports = [frame for frame in frames if decode(frame).name == "RO_ACCESS_REPORT"]
    assert [len(tag_reads(frame)) for frame in reports] == [len(decode(f).all("TagReportData")) for f in reports]


@pytest.mark.skipif(len(EDGEX) < 11, reason=f"{len(EDGEX)} of 11 reader captures at hand: set WHARFINGER_SHARED")
@pytest.mark.parametrize("path", EDGEX, ids=lambda path: path.stem)
def test_reader_captures_round_trip_and_the_fast_path_agrees(path: Path) -> None:
    body, number = path.read_bytes(), EDGEX_TYPES[path.stem.split("-")[0]]
    frame = struct.pack(">HII", 1 << 10 | number, 10 + len(body), 7) + body
    assert encode(decode(frame)) == frame
    if number == 61:
        expected = json.loads(path.with_suffix(".json").read_text())["TagReportData"]
        read = tag_reads(frame)
        assert [(r.antenna, r.rssi_dbm, r.first_us) for r in read] == [
            (e["AntennaID"] or 0, e["PeakRSSI"] if e["PeakRSSI"] is not None else -128, e["FirstSeenUTC"] or 0)
            for e in expected
        ]


@pytest.mark.parametrize("setup", [GateSetup(), GateSetup(trigger="immediate"), GateSetup(transmit_power_index=81)])
def test_an_independent_peer_understands_our_configuration(setup: GateSetup) -> None:
    for message in (reader_config(setup), add_rospec(setup)):
        frame = encode(message)
        peer = decode_message(frame)
        assert type(peer).__name__ == message.name
        assert peer.to_bytes() == frame


def test_the_first_frame_of_a_real_fx9600() -> None:
    frame = bytes.fromhex("043f000000200000001b00f600160080000c0005ac35bd20d1da010000060000")
    attempt = decode(frame).find("ReaderEventNotificationData", "ConnectionAttemptEvent")
    assert attempt is not None and attempt.values == {"Status": 0}


def test_an_unknown_parameter_and_message_survive() -> None:
    message = Message("ERROR_MESSAGE", 9, {}, (Param("Unknown", {"Type": 900, "Data": b"\x01\x02"}),))
    assert decode(encode(message)) == message
    strange = Message("Unknown", 3, {"Type": 777, "Data": b"abc"}, (), 2)
    assert decode(encode(strange)) == strange


def test_status_and_long_epc() -> None:
    status = Param("LLRPStatus", {"StatusCode": 109, "ErrorDescription": "unsupported"})
    assert status_of(decode(encode(Message("ERROR_MESSAGE", 1, {}, (status,))))) == (109, "unsupported")
    epc = Param("EPCData", {"EPC": Bits(128, bytes(range(16)))})
    (read,) = tag_reads(encode(Message("RO_ACCESS_REPORT", 1, {}, (Param("TagReportData", {}, (epc,)),))))
    assert (read.epc, read.antenna, read.seen) == (bytes(range(16)), 0, 1)


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("NO_SUCH", {}),
        ("ADD_ROSPEC", {"Nonsense": {}}),
        ("ADD_ROSPEC", {"ROSpec": 5}),
        ("DELETE_ROSPEC", {"ROSpecID": "one"}),
        ("DELETE_ROSPEC", {"ROSpecID": 1 << 40}),
        ("SET_READER_CONFIG", {"ResetToFactoryDefault": 2}),
    ],
)
def test_values_that_do_not_fit_are_refused(name: str, tree: dict[str, object]) -> None:
    with pytest.raises(LlrpError):
        encode(from_json(name, tree))


@given(st.binary(max_size=300))
def test_garbage_raises_only_the_declared_error(data: bytes) -> None:
    for kind in (61, 63, 20, 12, 100):
        frame = struct.pack(">HII", 1 << 10 | kind, 10 + len(data), 1) + data
        for read in (decode, tag_reads):
            with contextlib.suppress(LlrpError):
                read(frame)
    with contextlib.suppress(LlrpError):
        FrameBuffer().feed(data)


def test_deep_nesting_is_refused_not_recursed() -> None:
    body = b""
    for _ in range(10_000):
        body = struct.pack(">HH", 178, 4 + len(body)) + body if len(body) < 60_000 else body
    with pytest.raises(LlrpError, match="nested"):
        decode(struct.pack(">HII", 1 << 10 | 36, 10 + len(body), 1) + body)


@given(st.integers(0, 40), st.lists(st.integers(1, 30), min_size=1, max_size=20))
@settings(max_examples=50)
def test_frames_survive_any_split(seed: int, cuts: list[int]) -> None:
    frames = [encode(Message("KEEPALIVE", seed + i)) for i in range(5)] + [encode(add_rospec(GateSetup()))]
    stream, buffer, found, at = b"".join(frames), FrameBuffer(), [], 0
    while at < len(stream):
        step = cuts[at % len(cuts)]
        found += buffer.feed(stream[at : at + step])
        at += step
    assert found == frames


def test_a_read_costs_less_than_the_budget() -> None:
    fields = [
        Param("EPC_96", {"EPC": bytes(12)}),
        Param("ROSpecID", {"ROSpecID": 1}),
        Param("AntennaID", {"AntennaID": 1}),
        Param("PeakRSSI", {"PeakRSSI": -50}),
        Param("FirstSeenTimestampUTC", {"Microseconds": 1}),
        Param("LastSeenTimestampUTC", {"Microseconds": 1}),
        Param("TagSeenCount", {"TagCount": 1}),
    ]
    frame = encode(Message("RO_ACCESS_REPORT", 1, {}, (Param("TagReportData", {}, tuple(fields)),) * 200))
    started = time.perf_counter()
    reads = sum(len(tag_reads(frame)) for _ in range(20))
    each_us = (time.perf_counter() - started) / reads * 1e6
    print(f"{each_us:.2f} us a read")
    assert each_us < 50, "the gate's budget is 100 us a read, aggregation included"


@pytest.mark.parametrize("name", ["default", "power"])
def test_the_firmware_configuration_is_what_the_driver_sends(name: str) -> None:
    params = json.loads((FIRMWARE / f"golden/{name}.params.json").read_text(encoding="utf-8"))
    schema = json.loads((FIRMWARE / "params.schema.json").read_text(encoding="utf-8"))
    chosen = {key: rule["default"] for key, rule in schema["properties"].items()} | params
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True).from_string(
        (FIRMWARE / "template.j2").read_text(encoding="utf-8")
    )
    rendered = template.render(**chosen)
    assert rendered == (FIRMWARE / f"golden/{name}.json").read_text(encoding="utf-8")
    setup = GateSetup.from_config(chosen)
    for message in (reader_config(setup), add_rospec(setup)):
        assert encode(from_json(message.name, json.loads(rendered)[message.name])) == encode(message)


def test_a_setup_that_cannot_work_is_refused() -> None:
    for config in ({"trigger": "never"}, {"keepalive_ms": 0}, {"report_every_n": 0}):
        with pytest.raises(ConfigRefused):
            GateSetup.from_config(config)

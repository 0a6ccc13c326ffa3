"""~HS and ~HQES answers as printed in the ZPL II programming guide, and anything at all."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.printer.codec import Decoder, ErrorStatus, Garbage, HostStatus, printable

# ZPL II Programming Guide P1099958, ~HS: <STX>aaa,b,c,dddd,eee,f,g,h,iii,j,k,l<ETX><CR><LF> and two more.
READY = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
BUSY = READY.replace(b"1245,000", b"1245,003").replace(b"00000000", b"00000007")
# Same guide, ~HQES: media out and head open add up to 00000005.
ERRORS = (
    b"\x02\r\n  PRINTER STATUS                            \r\n"
    b"   ERRORS:         1 00000000 00000005          \r\n"
    b"   WARNINGS:       1 00000000 00000002          \r\n\x03"
)


def one(data: bytes) -> object:
    (frame,) = Decoder().feed(data)
    return frame


def test_a_ready_printer() -> None:
    status = one(READY)
    assert isinstance(status, HostStatus) and status.idle and status.fault == ""


def test_counters_of_a_busy_printer() -> None:
    status = one(BUSY)
    assert isinstance(status, HostStatus)
    assert (status.formats_in_buffer, status.labels_remaining, status.idle) == (3, 7, False)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"030,0,0", b"030,1,0", "printer.paper_out"),
        (b"030,0,0", b"030,0,1", "printer.paused"),
        (b"\x02000,0,0,0", b"\x02000,0,1,0", "printer.head_open"),
        (b"\x02000,0,0,0", b"\x02000,0,0,1", "printer.ribbon_out"),
    ],
)
def test_each_fault_has_its_code(old: bytes, new: bytes, code: str) -> None:
    status = one(READY.replace(old, new, 1))
    assert isinstance(status, HostStatus) and status.fault == code


def test_error_flags_add_up_and_the_first_names_the_fault() -> None:
    status = one(ERRORS)
    assert status == ErrorStatus(True, 5) and status.fault == "printer.paper_out"
    no_error = one(ERRORS.replace(b"1 00000000 00000005", b"0 00000000 00000000"))
    assert isinstance(no_error, ErrorStatus) and no_error.fault == ""


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_chunks_of_any_size_give_the_same_frames(size: int) -> None:
    stream, decoder = READY + ERRORS + BUSY, Decoder()
    frames = [f for i in range(0, len(stream), size) for f in decoder.feed(stream[i : i + size])]
    assert [type(frame) for frame in frames] == [HostStatus, ErrorStatus, HostStatus]


def test_a_cut_answer_does_not_spoil_the_next() -> None:
    decoder = Decoder()
    frames = decoder.feed(READY[:40] + BUSY)
    assert isinstance(frames[-1], HostStatus) and frames[-1].formats_in_buffer == 3
    assert all(isinstance(frame, Garbage) for frame in frames[:-1])


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.binary(max_size=300) | st.sampled_from([READY, ERRORS, b"\x02", b"\x03"]), max_size=20))
def test_no_bytes_raise_and_the_decoder_recovers(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    frames = decoder.feed(b"\x03" + READY + READY)
    assert isinstance(frames[-1], HostStatus)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.integers(0, 999), st.integers(0, 99_999_999), st.booleans(), st.booleans())
def test_counters_and_flags_survive(formats: int, labels: int, paper_out: bool, head_up: bool) -> None:
    data = (
        f"\x02030,{paper_out:d},0,1245,{formats:03d},0,0,0,000,0,0,0\x03\r\n"
        f"\x02000,0,{head_up:d},0,0,2,4,0,{labels:08d},1,000\x03\r\n\x021234,0\x03\r\n"
    ).encode()
    status = one(data)
    assert isinstance(status, HostStatus)
    assert (status.formats_in_buffer, status.labels_remaining) == (formats, labels)
    assert (status.paper_out, status.head_up) == (paper_out, head_up)


@pytest.mark.parametrize("content", ["", "hello", "^XA^FDx^FS", "^XA^XA^XZ", "^XZ^XA", "^XA^XZ rest", "^XA~JA^XZ"])
def test_what_is_no_whole_job_is_not_sent(content: str) -> None:
    assert printable(content.encode())


@pytest.mark.parametrize("content", ["^XA^FDa^FS^XZ", "^XA^XZ\n^XA\n^FDtwo^FS^XZ\n"])
def test_whole_jobs_are_sent(content: str) -> None:
    assert printable(content.encode()) == ""


def test_fuzz_any_bytes_end_in_status_or_garbage() -> None:
    check_fuzz(10_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif("WMS_LONG" not in os.environ, reason="long form: make long")
def test_fuzz_a_million() -> None:
    check_fuzz(1_000_000)


def check_fuzz(inputs: int) -> None:
    """Random and damaged answers, cut anywhere: frames only, a bounded buffer, and the next good answer is read."""
    chance = random.Random(9100)
    good = (READY, BUSY, ERRORS)
    decoder = Decoder()
    for i in range(inputs):
        data = bytearray(chance.choice(good) if i % 2 else chance.randbytes(chance.randrange(200)))
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.randrange(len(data) + 1)
        for frame in (*decoder.feed(bytes(data[:cut])), *decoder.feed(bytes(data[cut:]))):
            assert isinstance(frame, HostStatus | ErrorStatus | Garbage)
            assert isinstance(frame, Garbage) or frame.fault == "" or frame.fault.startswith("printer.")
        assert isinstance(printable(bytes(data)), str)
        assert len(decoder._buffer) <= 1024
        if i % 100 == 0:
            assert isinstance(decoder.feed(b"\x03" + READY + READY)[-1], HostStatus)

"""TSPL status answers as the manual prints them, what a job may hold, and any bytes at all."""

import os
import random

import pytest

from devices.drivers.printer.tspl import ByteStatus, Decoder, FullStatus, printable


# TSPL/TSPL2 manual, <ESC>!S: <STX> 4 characters <ETX> <CR><LF>; a normal printer answers "@@@@".
@pytest.mark.parametrize(
    ("characters", "fault", "idle"),
    [
        (b"@@@@", "", True), (b"L@@@", "", True), (b"P@@@", "", False), (b"W@@@", "", False), (b"F@@@", "", False),
        (b"`@@@", "printer.paused", False), (b"E@@A", "printer.paper_out", False), (b"E@@D", "printer.ribbon_out", False),
        (b"E@@`", "printer.head_open", False), (b"E@@a", "printer.head_open", False), (b"E@@B", "printer.jam", False),
        (b"E@A@", "printer.head_hot", False), (b"E@H@", "printer.cutter", False), (b"E@P@", "printer.ram_corrupt", False),
        (b"K@@@", "printer.wait_key", False), (b"E@@@", "printer.error", False), (b"@H@@", "printer.buffer_full", True),
        (b"@A@@", "", True),
    ],
)  # fmt: skip
def test_full_status(characters: bytes, fault: str, idle: bool) -> None:
    (status,) = Decoder().feed(b"\x02" + characters + b"\x03\r\n")
    assert isinstance(status, FullStatus) and (status.fault, status.idle) == (fault, idle)


# Same manual, <ESC>!?: 00 normal, 01 head opened, 04 out of paper, 08 out of ribbon, 10 pause, 20 printing.
@pytest.mark.parametrize(
    ("byte", "fault", "idle"),
    [
        (0x00, "", True), (0x01, "printer.head_open", True), (0x02, "printer.jam", True), (0x03, "printer.head_open", True),
        (0x04, "printer.paper_out", True), (0x05, "printer.head_open", True), (0x08, "printer.ribbon_out", True),
        (0x10, "printer.paused", True), (0x20, "", False), (0x80, "printer.head_hot", True),
    ],
)  # fmt: skip
def test_byte_status(byte: int, fault: str, idle: bool) -> None:
    status, *_ = Decoder().feed(bytes((byte, byte)))  # 0x02 alone may begin a full status
    assert isinstance(status, ByteStatus) and (status.fault, status.idle) == (fault, idle)


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_chunks_of_any_size_give_the_same_frames(size: int) -> None:
    stream, decoder = b"\x02@@@@\x03\r\n\x20\x02E@@A\x03\r\n", Decoder()
    frames = [f for i in range(0, len(stream), size) for f in decoder.feed(stream[i : i + size])]
    assert frames == [FullStatus("@", 0, 0, 0), ByteStatus(0x20), FullStatus("E", 0, 0, 1)]


JOB = b"SIZE 101.6 mm,152.4 mm\r\nGAP 3 mm,0 mm\r\nDIRECTION 1\r\nCLS\r\nBITMAP 0,0,1,2,1,\r\n\r\nBAR 1,2,3,4\r\nPRINT 1,1\r\n"


def test_a_whole_job_is_sent() -> None:
    assert printable(JOB) == "" and printable(JOB + JOB) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"", b"hello", JOB[:-2], JOB.replace(b"PRINT 1,1\r\n", b""), JOB + b"CLS\r\n", JOB.replace(b"1,2,1,", b"1,3,1,"),
        JOB.replace(b"CLS", b'DOWNLOAD "A.BAS"'), JOB.replace(b"CLS", b"\x1b!R"), JOB.replace(b"CLS", b'TEXT 1,1,"3",0,1,1,"x"'),
        JOB.replace(b"CLS", b"SELFTEST"), b"CLS\r\nPRINT 1,1\r\n", JOB.replace(b"CLS", b"SET COUNTER @0 1"),
    ],
)  # fmt: skip
def test_what_is_no_whole_job_is_not_sent(content: bytes) -> None:
    assert printable(content)


def test_fuzz_any_bytes_end_in_a_status() -> None:
    check_fuzz(10_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif("WMS_LONG" not in os.environ, reason="long form: make long")
def test_fuzz_a_million() -> None:
    check_fuzz(1_000_000)


def check_fuzz(inputs: int) -> None:
    """Random and damaged answers and jobs, cut anywhere: a bounded buffer, and the next good answer is read."""
    chance, decoder = random.Random(9100), Decoder()
    for i in range(inputs):
        answer = b"\x02" + bytes(chance.choices(b"@ABCDEFHKLPW`", k=4)) + b"\x03\r\n"
        data = bytearray(answer if i % 2 else chance.randbytes(chance.randrange(60)))
        for _ in range(chance.randrange(3)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.randrange(len(data) + 1)
        for frame in (*decoder.feed(bytes(data[:cut])), *decoder.feed(bytes(data[cut:]))):
            assert frame.fault == "" or frame.fault.startswith("printer.")
        job = bytearray(JOB)
        job[chance.randrange(len(job))] = chance.randrange(256)
        assert isinstance(printable(bytes(job)), str) and isinstance(printable(bytes(data)), str)
        assert len(decoder._buffer) < 8
        if i % 100 == 0:
            decoder.feed(b"\x00" * 8)
            assert decoder.feed(b"\x02@@@@\x03\r\n") == [FullStatus("@", 0, 0, 0)]

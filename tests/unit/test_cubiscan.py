"""Cubiscan frames laid out by the tables of the service manuals, and anything at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.dimensioner.codec import END, MAX_FRAME, STX, Ack, Decoder, Garbage, Measured, Nack, command, parse

# Acknowledge formats of the CubiScan 25 manual pages 54-78; M by DEVICES.md 1.3: 62 bytes from STX to LF.
REPLY = b"MAC000001,L 30.5,W 20.0,H 10.2,M,K 1.250,D 1.244,M,F5000,D"
FRAMES = [
    (REPLY, Measured(True, 305, 200, 102, 1250, "000001", ())),
    (REPLY.replace(b"MAC", b"MAH"), Measured(True, 305, 200, 102, 1250, "000001", ())),
    (REPLY.replace(b"MAC", b"mAC", 1), Measured(False, 305, 200, 102, 1250, "000001", ())),
    (
        b"MACPACK 1,L12.00,W 8.00,H 4.00,E,K  2.75,D  2.31,E,F0166,I",
        Measured(True, 305, 203, 102, 1247, "PACK 1", ()),
    ),
    (REPLY.replace(b" 30.5", b"_____"), Measured(True, 0, 200, 102, 1250, "000001", ("dim_invalid",))),
    (REPLY.replace(b" 30.5", b"~~~~~"), Measured(True, 0, 200, 102, 1250, "000001", ("dim_invalid",))),
    (REPLY.replace(b" 1.250", b"------"), Measured(True, 305, 200, 102, 0, "000001", ("weight_unstable",))),
    (REPLY.replace(b" 1.250", b"~~~~~~"), Measured(True, 305, 200, 102, 0, "000001", ("overload",))),
    (b"MNCC", Nack("M", "dimensioner.corner_sensor")),
    (b"MNHM", Nack("M", "dimensioner.measure_error")),
    (b"MNCZ", Nack("M", "dimensioner.zero_error")),
    (b"?N", Nack("?", "dimensioner.refused")),
    (b"ZN", Nack("Z", "dimensioner.refused")),
    (b"ZA", Ack("Z", "")),
    (b"TA00", Ack("T", "00")),
    (b"bA07", Ack("b", "07")),
]


def test_the_measure_reply_has_62_bytes() -> None:
    assert len(STX + REPLY + END) == 62


@pytest.mark.parametrize(("frame", "value"), FRAMES)
def test_each_reply(frame: bytes, value: object) -> None:
    assert parse(frame) == value


@pytest.mark.parametrize("cuts", [1, 2, 7, 1000])
def test_chunks_of_any_size_give_the_same(cuts: int) -> None:
    stream = b"".join(STX + frame + END for frame, _ in FRAMES)
    decoder = Decoder()
    frames = [f for i in range(0, len(stream), cuts) for f in decoder.feed(stream[i : i + cuts])]
    assert frames == [value for _, value in FRAMES]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"M",
        b"MA",
        REPLY[:-1],
        REPLY + b"x",
        REPLY.replace(b" 30.5", b"3x0.5"[:5]),
        REPLY.replace(b"30.5", b"\xb30.5"),
    ],
)
def test_damaged_replies_are_garbage(frame: bytes) -> None:
    assert isinstance(parse(frame), Garbage)


def test_a_frame_that_lost_its_end_does_not_swallow_the_next() -> None:
    frames = Decoder().feed(STX + b"MACPACK" + STX + b"TA00" + END)
    assert frames[-1] == Ack("T", "00") and isinstance(frames[0], Garbage)


def test_a_command_is_framed() -> None:
    assert command("M") == b"\x02M\x03\r\n" and command("#", "M") == b"\x02#M\x03\r\n"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_no_bytes_raise_and_nothing_grows(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._buffer) <= MAX_FRAME
    assert decoder.feed(END + STX + b"TA00" + END)[-1] == Ack("T", "00")

"""MT-SICS lines as printed in the reference manual, and anything at all."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.scale.codec import (
    GRAMS,
    MAX_LINE,
    Decoder,
    Garbage,
    Info,
    OutOfRange,
    Refused,
    Reply,
    Weight,
    command,
    parse,
)

# MT-SICS Reference Manual 11781363, level 0 and 1 examples; the S line also in DEVICES.md 1.2.
MANUAL = [
    (b"S S     100.00 g", Weight("S", True, Decimal("100.00"), "g")),
    (b"S D     129.07 g", Weight("S", False, Decimal("129.07"), "g")),
    (b"S I", Reply("S", "I")),
    (b"S +", OutOfRange("S", over=True)),
    (b"S -", OutOfRange("S", over=False)),
    (b"Z A", Reply("Z", "A")),
    (b"Z +", OutOfRange("Z", over=True)),
    (b"ZI D", Reply("ZI", "D")),
    (b"T S     100.00 g", Weight("T", True, Decimal("100.00"), "g")),
    (b"TI D     117.57 g", Weight("TI", False, Decimal("117.57"), "g")),
    (b"TA A     100.00 g", Weight("TA", True, Decimal("100.00"), "g")),
    (b"TAC A", Reply("TAC", "A")),
    (b'I4 A "0123456789"', Info("I4", "A", ("0123456789",))),
    (b'I0 B 0 "I0"', Info("I0", "B", ("0", "I0"))),
    (b'I1 A "0123" "2.00" "2.20" "1.00" "1.50"', Info("I1", "A", ("0123", "2.00", "2.20", "1.00", "1.50"))),
    (b"ES", Refused("ES")),
    (b"ET", Refused("ET")),
    (b"EL", Refused("EL")),
]


@pytest.mark.parametrize(("line", "frame"), MANUAL)
def test_the_manuals_lines(line: bytes, frame: object) -> None:
    assert parse(line) == frame


@pytest.mark.parametrize("cuts", [1, 2, 3, 7, 500])
def test_chunks_of_any_size_give_the_same_frames(cuts: int) -> None:
    stream = b"".join(line + b"\r\n" for line, _ in MANUAL)
    decoder = Decoder()
    frames = [f for i in range(0, len(stream), cuts) for f in decoder.feed(stream[i : i + cuts])]
    assert frames == [frame for _, frame in MANUAL]


@pytest.mark.parametrize(
    ("value", "unit", "weight_g"),
    [("1.2345", "kg", 1234), ("1.2355", "kg", 1236), ("1", "lb", 454), ("-0.5", "g", 0), ("16", "oz", 454)],
)
def test_every_unit_becomes_whole_grams(value: str, unit: str, weight_g: int) -> None:
    assert Weight("S", True, Decimal(value), unit).weight_g == weight_g


@pytest.mark.parametrize(
    "line", [b"\xd3 \xd3 100", b"S S 1.2.3 g", b"S S 12 stone", b"00.00 g", b"S", b"S S g", b"X A"]
)
def test_damaged_lines_are_garbage(line: bytes) -> None:
    """A set parity bit, a number cut or joined, an unknown unit, a line joined in its middle."""
    assert isinstance(parse(line), Garbage)


def test_a_stream_without_line_ends_does_not_grow() -> None:
    decoder = Decoder()
    frames = [frame for _ in range(50) for frame in decoder.feed(b"x" * 100)]
    assert frames and all(isinstance(frame, Garbage) for frame in frames)
    assert len(decoder._buffer) <= MAX_LINE


def test_a_command_ends_with_cr_lf() -> None:
    assert command("SIR") == b"SIR\r\n"


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.binary(max_size=400), max_size=20))
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    assert decoder.feed(b"\r\nS S     100.00 g\r\n")[-1] == Weight("S", True, Decimal("100.00"), "g")


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.decimals(min_value=-99999, max_value=999999, places=2, allow_nan=False),
    st.sampled_from(sorted(GRAMS)),
    st.booleans(),
)
def test_a_weight_survives_its_line(value: Decimal, unit: str, stable: bool) -> None:
    line = f"S {'S' if stable else 'D'} {value:>10} {unit}".encode()
    assert parse(line) == Weight("S", stable, value, unit)

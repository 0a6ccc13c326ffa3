"""ABLEPick frames laid out by the tables of the protocol manual V 2.4, and anything at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.light.codec import LONGEST, Decoder, Garbage, Pressed, TagFault, TagReset, Tags, ccb, colour, show

HEAD = bytes([0x60, 0, 0, 0])
# Section 4.4: (frame, what it says). Length counts the whole frame: 8 for the messages without data.
FRAMES = [
    (b"\x0f\x00" + HEAD + b"\x06\x05" + b"    12\x00", Pressed(5, 12, False)),
    (b"\x0e\x00" + HEAD + b"\x07\x05" + b"     3", Pressed(5, 3, True)),
    (b"\x0f\x00" + HEAD + b"\x24\xc8" + b"000150\x00", Pressed(200, 150, False)),
    (b"\x0f\x00" + HEAD + b"\x06\x05" + b"  E-1 \x00", Pressed(5, None, False)),
    (b"\x08\x00" + HEAD + b"\x0a\x07", TagFault(7, "light.no_tag")),
    (b"\x08\x00" + HEAD + b"\x0b\x07", TagFault(7, "light.tag_broken")),
    (b"\x08\x00" + HEAD + b"\x0c\x07", TagFault(7, "light.illegal_command")),
    (b"\x08\x00" + HEAD + b"\x0d\x07", TagFault(7, "light.button_held")),
    (b"\x08\x00" + HEAD + b"\x0e\x07", TagReset(7)),
    (b"\x2a\x00" + HEAD + b"\x09" + bytes(3) + b"\x05\x80" + bytes(30), Tags(frozenset({1, 3, 16}))),
]


@pytest.mark.parametrize("cuts", [1, 3, 1000])
def test_each_message_in_any_pieces(cuts: int) -> None:
    stream = b"".join(frame for frame, _ in FRAMES)
    decoder = Decoder()
    assert [f for i in range(0, len(stream), cuts) for f in decoder.feed(stream[i : i + cuts])] == [
        v for _, v in FRAMES
    ]


def test_commands_are_laid_out_as_printed() -> None:
    """4.3.1: digits 6 to 1, then the points; 4.3.20.1: colour by DATA[1], 55H in DATA[2] would wear the EEPROM."""
    assert show(5, 12) == b"\x0f\x00\x60\x00\x00\x00\x00\x05    12\x00"
    assert ccb(0x01, 5) == b"\x08\x00\x60\x00\x00\x00\x01\x05"
    assert colour(5, "green") == b"\x0b\x00\x60\x00\x00\x00\x1f\x05\x00\x01\x00"
    assert ccb(0x09) == b"\x07\x00\x60\x00\x00\x00\x09"


@pytest.mark.parametrize(("tag", "qty"), [(0, 1), (201, 1), (1, 1_000_000), (1, -1)])
def test_what_no_tag_can_show_is_refused(tag: int, qty: int) -> None:
    with pytest.raises(ValueError, match="cannot show"):
        show(tag, qty)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=20))
def test_no_bytes_raise_and_the_line_is_found_again(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._buffer) <= LONGEST
    frames = decoder.feed(b"\xff" * LONGEST + FRAMES[4][0])
    assert frames[-1] == FRAMES[4][1] and any(isinstance(f, Garbage) for f in frames)

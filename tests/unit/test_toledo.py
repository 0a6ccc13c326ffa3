"""Toledo continuous frames built by hand from the manual's bit tables, and anything at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.scale.reading import EXPANDED, NOT_ZEROED, TARE_SET, UNKNOWN_UNIT, Noise, Reading
from devices.drivers.scale.toledo import Decoder, checksum

# METTLER TOLEDO Wildcat technical manual (12/00), tables 6-8 to 6-11. SWA 0x2C = 0b0101100: point 4 (0.01), increment 1.
# (bytes without checksum, what they say)
FRAMES = [
    (b"\x02\x2c\x30\x20" + b"  1234" + b"     0" + b"\r", Reading(12_340, True, unit="kg")),
    (b"\x02\x2c\x38\x20" + b"  1234" + b"     0" + b"\r", Reading(12_340, False, unit="kg")),
    (b"\x02\x2c\x32\x20" + b"001234" + b"000000" + b"\r", Reading(-12_340, True, unit="kg")),
    (b"\x02\x2c\x31\x20" + b"  1000" + b"   234" + b"\r", Reading(12_340, True, unit="kg")),
    (b"\x02\x2c\x34\x20" + b"------" + b"     0" + b"\r", Reading(None, False, over=True, unit="kg")),
    (b"\x02\x2c\x36\x20" + b"      " + b"     0" + b"\r", Reading(None, False, over=False, unit="kg")),
    (b"\x02\x2c\x70\x20" + b"  1234" + b"     0" + b"\r", Reading(12_340, True, unit="kg", problem=NOT_ZEROED)),
    (b"\x02\x2c\x30\x30" + b" 12340" + b"     0" + b"\r", Reading(123_400, True, unit="kg", problem=EXPANDED)),
    (b"\x02\x2a\x30\x21" + b"   500" + b"     0" + b"\r", Reading(500, True, unit="g")),
    (b"\x02\x2c\x20\x20" + b"  0100" + b"     0" + b"\r", Reading(454, True, unit="lb")),
    (b"\x02\x2b\x20\x23" + b"   160" + b"     0" + b"\r", Reading(454, True, unit="oz")),
    (b"\x02\x2d\x30\x22" + b"  1500" + b"     0" + b"\r", Reading(1_500_000, True, unit="t")),
    (b"\x02\x29\x30\x20" + b"    12" + b"     0" + b"\r", Reading(120_000, True, unit="kg")),
    (b"\x02\x28\x30\x20" + b"     1" + b"     0" + b"\r", Reading(100_000, True, unit="kg")),
    (b"\x02\x2c\x30\x25" + b"  1234" + b"     0" + b"\r", Reading(None, True, problem=UNKNOWN_UNIT)),
    # Fairbanks sends bit 5 of the status bytes as 0: SWA becomes 0x0C, and one with increment 1, point 5 a CR (0x0D).
    (b"\x02\x0c\x10\x00" + b"  1234" + b"     0" + b"\r", Reading(12_340, True, unit="kg")),
    (b"\x02\x0d\x10\x02" + b"  1500" + b"     0" + b"\r", Reading(1_500_000, True, unit="t")),
    # Short form, Cardinal 225 manual page 118.
    (b"\x02\x2c\x30\x20" + b"  1234" + b"\r", Reading(12_340, True, unit="kg")),
    (b"\x02\x2c\x31\x20" + b"  1234" + b"\r", Reading(12_340, True, unit="kg", problem=TARE_SET)),
]


def test_the_checksum_is_the_manuals() -> None:
    """Two's complement of the low seven bits of the sum: with it the whole frame sums to 0 modulo 128."""
    frame = FRAMES[0][0]
    assert (sum(frame) + checksum(frame)) % 128 == 0
    assert checksum(b"\x02\x2c\x30\x20  1234     0\r") == 0x80 - (sum(frame) & 0x7F)


@pytest.mark.parametrize(("frame", "reading"), FRAMES)
@pytest.mark.parametrize("with_checksum", [False, True])
def test_each_status_bit(frame: bytes, reading: Reading, with_checksum: bool) -> None:
    sent = frame + bytes([checksum(frame)]) * with_checksum
    assert Decoder(with_checksum).feed(sent) == [reading]


@pytest.mark.parametrize("cuts", [1, 2, 5, 17, 1000])
def test_split_merged_and_with_parity(cuts: int) -> None:
    """Bit 7 is parity whatever the port believes; chunks of any size give the same readings."""
    stream = b"".join(frame + bytes([checksum(frame)]) for frame, _ in FRAMES)
    stream = bytes(byte | (byte.bit_count() & 1) << 7 for byte in stream)
    decoder = Decoder(True)
    heard = [h for i in range(0, len(stream), cuts) for h in decoder.feed(stream[i : i + cuts])]
    assert heard == [reading for _, reading in FRAMES]


@pytest.mark.parametrize("lost", range(1, 18))
def test_a_stream_joined_in_its_middle_never_gives_a_wrong_weight(lost: int) -> None:
    frame, reading = FRAMES[0]
    sent = frame + bytes([checksum(frame)])
    heard = Decoder(True).feed(sent[lost:] + sent + sent)
    assert heard[0].__class__ is Noise and heard[1:] == [reading, reading]


def test_a_wrong_or_missing_checksum_is_told() -> None:
    frame, _ = FRAMES[0]
    heard = Decoder(True).feed((frame + b"\x00") * 6)
    assert heard and all(isinstance(h, Noise) for h in heard)
    assert any(isinstance(h, Noise) and "checksum" in h.why for h in heard)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans())
def test_no_bytes_raise_and_the_next_frame_is_read(chunks: list[bytes], with_checksum: bool) -> None:
    decoder = Decoder(with_checksum)
    for chunk in chunks:
        decoder.feed(chunk)
    frame, reading = FRAMES[0]
    sent = frame + bytes([checksum(frame)]) * with_checksum
    assert decoder.feed(sent * 3)[-1] == reading

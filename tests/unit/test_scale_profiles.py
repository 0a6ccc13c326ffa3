"""Described scale protocols against lines printed in the makers' manuals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.contract.driver import ConfigRefused
from devices.drivers.scale import profile
from devices.drivers.scale.driver import ScaleDriver
from devices.drivers.scale.reading import NOT_ZEROED, TARE_SET, UNKNOWN_UNIT, Noise, Reading

# (profile, frame without its end, what it says); the manuals and pages stand in the profiles' `source`.
MANUAL = [
    ("and", b"ST,+00012.34 kg", Reading(12_340, True, unit="kg")),
    ("and", b"ST,+0001234.5  g", Reading(1234, True, unit="g")),
    ("and", b"US,-00183.96  g", Reading(-184, False, unit="g")),
    ("and", b"OL,+999999.9  g", Reading(None, False, over=True)),
    ("and", b"OL,-999999E+19", Reading(None, False, over=False)),
    ("and", b"QT,+00012345 PC", Reading(None, True, unit="PC", problem=UNKNOWN_UNIT)),
    ("cas", b"ST,NT,+0012.34kg", Reading(12_340, True, unit="kg", problem=TARE_SET)),
    ("cas", b"ST,G ,+01234.5kg", Reading(1_234_500, True, unit="kg")),
    ("cas", b"ST,GS,+  1.234kg", Reading(1234, True, unit="kg")),
    ("cas", b"US,GS,-  1.234kg", Reading(-1234, False, unit="kg")),
    ("cas", b"OL,G ,-    .  kg", Reading(None, False, over=False)),
    ("ohaus", b"-  12.345 kg ? NET", Reading(-12_345, False, unit="kg", problem=TARE_SET)),
    ("ohaus", b"    12.345 kg   B/G", Reading(12_345, True, unit="kg")),
    ("ohaus", b"   1.5 lb", Reading(680, True, unit="lb")),
    ("sartorius", b"N     +   123.56 g  ", Reading(124, True, unit="g")),
    ("sartorius", b"+   123.56 g  ", Reading(124, True, unit="g")),
    ("sartorius", b"N     +   123.56    ", Reading(None, False)),
    ("sartorius", b"Stat       High     ", Reading(None, False, over=True)),
    ("sartorius", b"Stat       Low      ", Reading(None, False, over=False)),
    ("nci", b"\n001.20lb\r\n00\r", Reading(544, True, unit="lb")),
    ("nci", b"\n 12.00kg\r\n10\r", Reading(12_000, False, unit="kg")),
    ("nci", b"\n-00.50kg\r\n01\r", Reading(None, False, over=False)),
    ("nci", b"\n^^^^^^lb\r\n02\r", Reading(None, False, over=True)),
    ("nci", b"\n______lb\r\n01\r", Reading(None, False, over=False)),
    ("nci", b"\n------lb\r\n00\r", Reading(None, True, problem=NOT_ZEROED)),
    ("nci", b"\n 12.00kg\r\n0p4\r", Reading(12_000, True, unit="kg", problem=TARE_SET)),
]


@pytest.mark.parametrize(("name", "frame", "reading"), MANUAL)
def test_the_manuals_lines(name: str, frame: bytes, reading: Reading) -> None:
    assert profile.parse(profile.load(name), frame) == reading


@pytest.mark.parametrize("name", profile.names())
@pytest.mark.parametrize("cuts", [1, 3, 1000])
def test_chunks_of_any_size_give_the_same(name: str, cuts: int) -> None:
    described = profile.load(name)
    lines = [(frame, reading) for of, frame, reading in MANUAL if of == name]
    stream = b"".join(frame + described.end.encode() for frame, _ in lines)
    decoder = profile.Decoder(described)
    assert [h for i in range(0, len(stream), cuts) for h in decoder.feed(stream[i : i + cuts])] == [r for _, r in lines]


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("and", b"ST,+0001\xb2.34 kg"),
        ("and", b"ST,+1.2.3 kg"),
        ("cas", b"ST,GS,+1.234"),
        ("ohaus", b"12.345"),
        ("nci", b"\n001.20\r\n00\r"),
    ],
)
def test_damaged_lines_and_weights_without_a_unit_are_noise(name: str, frame: bytes) -> None:
    assert isinstance(profile.parse(profile.load(name), frame), Noise)


@pytest.mark.parametrize("name", profile.names())
@settings(deadline=None, max_examples=60)
@given(chunks=st.lists(st.binary(max_size=200), max_size=10))
def test_no_bytes_raise_and_nothing_grows(name: str, chunks: list[bytes]) -> None:
    decoder = profile.Decoder(profile.load(name))
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._buffer) <= profile.MAX_FRAME


def test_a_profile_whose_weight_has_no_unit_is_refused() -> None:
    with pytest.raises(ValidationError, match="unit"):
        profile.Profile.model_validate({"title": "x", "source": "x", "patterns": [{"regex": "(?P<value>[0-9]+)"}]})
    own = {"title": "x", "source": "x", "patterns": [{"regex": "(?P<value>[0-9]+)(?P<unit>kg)"}]}
    assert profile.parse(profile.Profile.model_validate(own), b"12kg") == Reading(12_000, True, unit="kg")
    ScaleDriver({"host": "h", "port": 1, "profile": own})


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"serial": "/dev/ttyS0", "protocol": "toledo", "baud": 1200}, "1200 baud"),
        ({"serial": "/dev/ttyS0", "protocol": "sartorius", "data_bits": 8, "parity": "E"}, "8E1"),
        ({"host": "h", "port": 1, "rfc2217": True, "protocol": "nci", "baud": 300}, "300 baud"),
        ({"host": "h", "port": 1, "protocol": "toaster"}, "unknown protocol"),
        ({"host": "h", "port": 1, "unit": "stone"}, "unit"),
        ({"host": "h", "port": 1, "serial": "/dev/ttyS0"}, "either"),
    ],
)
def test_what_cannot_work_is_refused_before_the_start(config: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigRefused, match=reason):
        ScaleDriver.check(config)


def test_settings_that_fit_pass_and_a_raw_tcp_port_has_no_line() -> None:
    ScaleDriver.check({"serial": "/dev/ttyS0", "protocol": "and"})
    ScaleDriver.check({"serial": "/dev/ttyS0", "baud": 2400, "data_bits": 7, "parity": "E"})
    ScaleDriver.check({"host": "h", "port": 1, "protocol": "toledo", "baud": 1200})

"""Any bytes into any codec of scales, dimensioners, DWS, PLC, lights and lines end in values or the declared error.

10^4 inputs a codec in the normal run, 10^6 with WMS_LONG: noise, and good frames with bytes flipped, cut, doubled.
"""

import os
import random
from collections.abc import Callable

import pytest

from devices.drivers.dimensioner import codec as cubiscan
from devices.drivers.dws import codec as dws
from devices.drivers.light import codec as ablepick
from devices.drivers.plc import codec as plc
from devices.drivers.scale import codec as sics
from devices.drivers.scale import profile, toledo
from devices.transports.rfc2217 import ComPort

LONG = "WMS_LONG" in os.environ
INPUTS = 1_000_000 if LONG else 10_000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 240)]

TOLEDO = b"\x02\x2c\x30\x20  1234     0\r"
SEEDS = {
    "mt_sics": [
        b"S S     100.00 g\r\n",
        b"S D    -12.345 kg\r\n",
        b'I4 A "B021234567"\r\n',
        b"S +\r\n",
        b"TA A  1.0 g\r\n",
    ],
    "toledo": [TOLEDO + bytes([toledo.checksum(TOLEDO)])],
    "toledo_plain": [TOLEDO, TOLEDO[:10] + b"\r"],
    "and": [b"ST,+00012.34 kg\r\n", b"OL,+999999.9  g\r\n"],
    "cas": [b"ST,NT,+0012.34kg\r\n", b"US,GS,-  1.234kg\r\n"],
    "ohaus": [b"-  12.345 kg ? NET\r\n"],
    "sartorius": [b"N     +   123.56 g  \r\n", b"Stat       High     \r\n"],
    "nci": [b"\n001.20lb\r\n00\r\x03", b"\n^^^^^^lb\r\n02\r\x03"],
    "cubiscan": [b"\x02MAC000001,L 30.5,W 20.0,H 10.2,M,K 1.250,D 1.244,M,F5000,D\x03\r\n", b"\x02TA00\x03\r\n"],
    "ablepick": [b"\x0f\x00\x60\x00\x00\x00\x06\x05    12\x00", b"\x2a\x00\x60\x00\x00\x00\x09" + bytes(35)],
    "rfc2217": [b"\xff\xfd\x2c\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0data\xff\xff"],
}


def decoder(name: str) -> Callable[[bytes], object]:
    if name == "mt_sics":
        reader = sics.Decoder()
        return lambda data: [sics.heard(frame) for frame in reader.feed(data)]
    if name.startswith("toledo"):
        return toledo.Decoder(name == "toledo").feed
    if name == "cubiscan":
        return cubiscan.Decoder().feed
    if name == "ablepick":
        return ablepick.Decoder().feed
    if name == "rfc2217":
        return ComPort(9600).feed
    return profile.Decoder(profile.load(name)).feed


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    if rng.random() < 0.2:
        return rng.randbytes(rng.randrange(40))
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) or 1)
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + rng.randrange(1, 5)]
            case 2:
                data[at:at] = data[: rng.randrange(8)]
            case _:
                data[at:at] = rng.randbytes(rng.randrange(1, 5))
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_any_bytes_into_a_stream_codec(name: str) -> None:
    rng, feed, seeds = random.Random(f"1 {name}"), decoder(name), SEEDS[name]
    for number in range(INPUTS):
        data = mutated(rng, seeds)
        try:
            feed(data)
        except Exception as error:
            pytest.fail(f"input {number} {data!r}: {error!r}")
    if name != "rfc2217":
        found = [*decoder(name)(seeds[0] * 3)]  # type: ignore[call-overload]
        assert found, "the seed itself is read"


@pytest.mark.parametrize(
    ("decode", "count", "error"),
    [
        (plc.decode_sorter, plc.STATUS[1], plc.PlcError),
        (plc.decode_module, plc.ZPA[1], plc.PlcError),
        (dws.decode_head, dws.HEAD[1], dws.DwsError),
        (dws.decode_result, dws.RESULT[1], dws.DwsError),
    ],
    ids=["sorter", "conveylinx", "dws head", "dws result"],
)
def test_any_registers_into_a_map(decode: Callable[[list[int]], object], count: int, error: type[Exception]) -> None:
    rng, values = random.Random(2), 0
    for number in range(INPUTS):
        registers = [rng.choice((0, 1, 2, 0xFFFF, rng.randrange(0x10000))) for _ in range(count)]
        if rng.random() < 0.5:
            registers[-1] = registers[0] = registers[1] = 1
        if rng.random() < 0.05:
            registers = registers[: rng.randrange(count)] or [-1]
        try:
            decode(registers)
            values += 1
        except error:
            continue
        except Exception as other:
            pytest.fail(f"input {number} {registers}: {other!r}")
    assert values, "some of them are values"

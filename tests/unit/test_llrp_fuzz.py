"""LLRP codec under fire: golden frames with bytes changed, cut and glued, and plain noise. Only LlrpError may come out."""

import contextlib
import os
import random
import struct
from pathlib import Path

import pytest

from devices.drivers.rfid_gate.codec import (
    FrameBuffer,
    LlrpError,
    Message,
    Param,
    decode,
    encode,
    frame_length,
    message_type,
    tag_reads,
)
from devices.drivers.rfid_gate.setup import GateSetup, add_rospec, reader_config

SHARED = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data/llrp/golden-ltk"
INPUTS = 1_000_000 if "WMS_LONG" in os.environ else 10_000


def seeds() -> list[bytes]:
    """Golden frames where they are at hand, our own and the first frame of a real reader always."""
    own = [encode(message) for message in (reader_config(GateSetup()), add_rospec(GateSetup()))]
    own.append(bytes.fromhex("043f000000200000001b00f600160080000c0005ac35bd20d1da010000060000"))
    report = Param("TagReportData", {}, (Param("EPC_96", {"EPC": bytes(12)}), Param("AntennaID", {"AntennaID": 1})))
    own.append(encode(Message("RO_ACCESS_REPORT", 1, {}, (report,) * 3)))
    golden = [f for path in sorted(SHARED.glob("*.bin")) for f in FrameBuffer().feed(path.read_bytes())]
    return own + [frame for frame in golden if len(frame) < 600]


def damaged(rng: random.Random, frames: list[bytes]) -> bytes:
    """One frame with something wrong; its length field repaired half the time, so that the inside is reached."""
    frame = bytearray(rng.choice(frames))
    for _ in range(rng.randint(1, 6)):
        match rng.randrange(5):
            case 0 if frame:
                frame[rng.randrange(len(frame))] = rng.randrange(256)
            case 1 if frame:
                del frame[rng.randrange(len(frame)) :]
            case 2:
                at = rng.randrange(len(frame) + 1)
                frame[at:at] = rng.randbytes(rng.randint(1, 12))
            case 3 if len(frame) > 12:
                at = rng.randrange(10, len(frame) - 1)
                frame[at : at + 2] = struct.pack(">H", rng.choice((0, 1, 3, 4, 0x7FFF, 0xFFFF, len(frame))))
            case _:
                frame += rng.choice(frames)[10:]
    if rng.random() < 0.5 and len(frame) >= 10:
        frame[2:6] = struct.pack(">I", len(frame))
    return bytes(frame)


@pytest.mark.slow
@pytest.mark.timeout(3600 if "WMS_LONG" in os.environ else 240)
def test_any_bytes_end_in_values_or_in_the_declared_error() -> None:
    rng, frames = random.Random(20260101), seeds()
    decoded = again = 0
    for n in range(INPUTS):
        data = rng.randbytes(rng.randint(0, 80)) if n % 10 == 0 else damaged(rng, frames)
        try:
            message = decode(data)
            decoded += 1
            # What was understood can be written, and reads the same again.
            again += decode(encode(message)) == message
        except LlrpError:
            pass
        with contextlib.suppress(LlrpError):
            if frame_length(data) == len(data) and message_type(data) == 61:
                tag_reads(data)
        with contextlib.suppress(LlrpError):
            FrameBuffer().feed(data)
    assert decoded > INPUTS // 20, "the damage must leave enough frames whole to reach the inside"
    assert again == decoded

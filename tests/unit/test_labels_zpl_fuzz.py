"""Hostile ZPL: whatever a carrier sends ends in a proven label or in a coded refusal, soon and in little memory."""

import os
import random
import resource
from base64 import b64encode
from zlib import compress

import pytest

from wms.foundation.labels.rules import carrier
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import CarrierUnreadable
from wms.kernel.errors import Refusal

ROUNDS = 200_000 if os.environ.get("WMS_LONG") else 4_000
SMALL = Media(width_mm=50, height_mm=30)
NUMBERS = ("", "0", "1", "2", "3", "10", "100", "812", "32000", "99999", "2147483648", "9" * 30, "-1", "1.5", "²", "x")
WORDS = (
    "",
    "AB12",
    "12345678",
    ">;1234",
    ">:A",
    ">8",
    ">9",
    "QA,abc",
    "(00)123",
    "_1",
    "a b c",
    "W" * 200,
    "\\&" * 50,
    "\0",
    "中文",
    "😀",
)
NAMES = sorted(carrier.ALLOWED - {"XA", "XZ", "FD", "FS"})
BARCODE = "^FO20,20^BY2^BCN,60,N,N,N^FDJD01^FS"


def label(body: str) -> bytes:
    return f"^XA{body}{BARCODE}^XZ".encode("utf-8", "replace")


def field(dice: random.Random) -> str:
    said = "".join(
        f"^{dice.choice(NAMES)}{','.join([dice.choice('NRIBZ'), *dice.choices(NUMBERS, k=dice.randrange(5))][dice.randrange(2) :])}"
        for _ in range(dice.randrange(5))
    )
    return f"{said}^FD{dice.choice(WORDS)}^FS"


def graphic(dice: random.Random) -> str:
    body = "".join(dice.choices("0Ff,!:GYgz;x", k=dice.randrange(60)))
    return f"^GFA,{dice.choice(NUMBERS)},{dice.choice(NUMBERS)},{dice.choice(NUMBERS)},{body}^FS"


def bent(dice: random.Random, body: str) -> str:
    """Some characters changed, lost or doubled."""
    chars = list(body)
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(chars))
        chars[at] = dice.choice(["", chars[at] * 2, chr(dice.randrange(32, 127)), "^", ","])
    return "".join(chars)


def test_any_format_is_proven_or_refused_by_name() -> None:
    dice, outcomes = random.Random(20261129), {"proven": 0}
    for _ in range(ROUNDS):
        body = bent(dice, dice.choice((field, graphic))(dice) + field(dice))
        try:
            carrier.check(label(body), "zpl", SMALL)
            outcomes["proven"] += 1
        except Refusal as refusal:
            outcomes[refusal.code] = outcomes.get(refusal.code, 0) + 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} of {body!r}") from error
    assert outcomes["proven"] > ROUNDS / 50, outcomes
    assert outcomes["labels.carrier_unreadable"] > ROUNDS / 50, outcomes


BOMBS = {
    "a run of a million runs": "^GFA,200000,200000,1000," + "z" * 300_000 + "F^FS",
    "runs of 400 digits": "^GFA,200000,200000,1000," + "zF" * 300_000 + "^FS",
    "rows repeated": "^GFA,200000,200000,1000,F" + ":" * 300_000 + "^FS",
    "rows filled": "^GFA,200000,200000,1000," + "," * 300_000 + "^FS",
    "a packed bitmap": f"^GFA,8,200000,1000,:Z64:{b64encode(compress(bytes(50_000_000), 9)).decode()}:0^FS",
    "many large bitmaps": "^GFA,8,2000000,1000,F^FS" * 500,
    "many large boxes": "^GB3000,3000,1^FS" * 500,
    "a turned box over all": "^FR^GB20000,20000,1^FS",
    "a high barcode": "^BCN,9999999^FDAB^FS",
    "a wide module": "^BY9999^BCN,100^FDAB^FS",
    "a QR of large cells": "^BQN,2,100000^FDQA,AB^FS",
    "a Data Matrix of large cells": "^BXN,1000,200^FDABCDEF^FS",
    "a PDF417 of high rows": "^B7N,999999^FDABC^FS",
    "large letters": "^A0N,1000,1000^FD" + "W" * 3000 + "^FS",
    "lines of large letters": "^A0N,1000,1000^FD" + "W\\&" * 1000 + "^FS",
    "a wide block": "^FB999999999,2^FDab cd^FS",
    "one endless word in a narrow block": "^FB9,9999^FD" + "W" * 3000 + "^FS",
    "an endless field": "^BCN,1,N,N,N,A^FD" + "1a" * 50_000 + "^FS",
    "endless fields": "^FO10,10^FDabc^FS" * 20_000,
}


@pytest.mark.timeout(120)  # without the limits, minutes to hours
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_memory_nor_time(name: str) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        carrier.check(label(BOMBS[name]), "zpl", SMALL)
    except Refusal as refusal:
        assert refusal.code.startswith("labels."), refusal
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200_000


def test_a_bitmap_larger_than_its_row_tells_is_refused() -> None:
    with pytest.raises(CarrierUnreadable):
        carrier.check(label("^GFA,4,4,1000,FF^FS"), "zpl", SMALL)

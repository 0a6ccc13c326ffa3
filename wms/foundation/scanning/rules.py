"""Taking a barcode apart.

Source: GS1 General Specifications section 3 (application identifiers), ISO/IEC 15424 (AIM symbology identifiers).
biip is always given the AIM identifier: a bare EAN-13 4012... would also parse as AI (401).
"""

import re
from dataclasses import dataclass
from datetime import date

import biip

from wms.kernel.errors import Refusal

GS1_AIM = ("]C1", "]e0", "]d2", "]Q3", "]J1")
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_SSCC_PLAIN = re.compile(r"^(00)?(\d{18})$")


class UnknownBarcode(Refusal):
    """This code means nothing here."""

    code, status = "scanning.unknown_barcode", 404


class AmbiguousBarcode(Refusal):
    """This code could mean more than one thing; scan another one."""

    code, status = "scanning.ambiguous_barcode", 409


class UnreadableBarcode(Refusal):
    """The code is damaged or not complete; scan it again."""

    code, status = "scanning.unreadable", 422


@dataclass(frozen=True, slots=True)
class Elements:
    """What a barcode says of itself: `codes` are the lookups to try, the rest GS1 attributes when it had them."""

    raw: str
    codes: tuple[str, ...]
    sscc: str = ""
    gtin: str = ""
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None
    count: int | None = None


def take_apart(raw: str) -> Elements:
    """Errors: UnreadableBarcode."""
    text = raw.strip("\r\n\t ")
    if not text or len(text) > 200 or any(ord(c) < 29 for c in text):
        raise UnreadableBarcode(scanned=raw[:60])
    if text.startswith(GS1_AIM):
        return _gs1(text)
    body = text[3:] if _AIM.match(text) else text
    if plain := _SSCC_PLAIN.match(body):
        return Elements(body, (plain.group(2), body), sscc=plain.group(2))
    codes = [body]
    if body.isdigit() and len(body) in (8, 12, 13, 14):
        codes += [body.zfill(14), body.lstrip("0").zfill(13), body.lstrip("0").zfill(12)]
    return Elements(body, tuple(dict.fromkeys(codes)))


def _gs1(text: str) -> Elements:
    try:
        message = biip.parse(text).gs1_message
    except biip.ParseError as error:
        raise UnreadableBarcode(scanned=text[:60], reason=str(error)[:120]) from None
    if message is None or not message.element_strings:
        raise UnreadableBarcode(scanned=text[:60])
    found: dict[str, str] = {}
    expires_on = None
    for element in message.element_strings:
        found[element.ai.ai] = element.value
        if element.ai.ai == "17":
            expires_on = element.date
    sscc, gtin = found.get("00", ""), found.get("01", found.get("02", ""))
    codes = [sscc] if sscc else []
    if gtin:
        codes += [gtin, gtin.lstrip("0").zfill(13), gtin.lstrip("0").zfill(12), gtin.lstrip("0").zfill(8)]
    count = found.get("30", found.get("37"))
    return Elements(
        text[3:], tuple(dict.fromkeys(codes)), sscc=sscc, gtin=gtin, lot=found.get("10", ""), serial=found.get("21", ""),
        expires_on=expires_on, count=int(count) if count and count.isdigit() else None,
    )  # fmt: skip

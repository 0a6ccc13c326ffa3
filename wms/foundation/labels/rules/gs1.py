"""GS1 numbers and element strings.

Source: GS1 General Specifications 7.9 (check digit), 3.2 (application identifiers), 7.8.4 (which need no separator).
"""

import re
from collections.abc import Iterable

from wms.foundation.labels.rules.refusals import BadLabelData

FNC1 = "\x1d"
"""How FNC1 is written in the data of a symbol, as readers transmit it."""

Elements = tuple[tuple[str, str], ...]

_SET82 = r"[!\"%-?A-Z_a-z]"
FORMATS: dict[str, str] = {
    "00": r"\d{18}", "01": r"\d{14}", "02": r"\d{14}", "10": _SET82 + "{1,20}", "11": r"\d{6}", "13": r"\d{6}",
    "15": r"\d{6}", "17": r"\d{6}", "20": r"\d{2}", "21": _SET82 + "{1,20}", "30": r"\d{1,8}", "37": r"\d{1,8}",
    "240": _SET82 + "{1,30}", "241": _SET82 + "{1,30}", "400": _SET82 + "{1,30}", "401": _SET82 + "{1,30}",
    "402": r"\d{17}", "403": _SET82 + "{1,30}", "410": r"\d{13}", "412": r"\d{13}", "414": r"\d{13}",
    "420": _SET82 + "{1,20}", "421": r"\d{3}" + _SET82 + "{1,9}", "422": r"\d{3}",
    **{f"310{n}": r"\d{6}" for n in range(6)}, **{f"330{n}": r"\d{6}" for n in range(6)},
}  # fmt: skip
CHECKED = {"00", "01", "02", "402", "410", "412", "414"}
"""Those whose last digit is a mod-10 check digit."""
_FIXED = ("00", "01", "02", "11", "13", "15", "17", "20", "31", "33", "41")
"""First two digits of identifiers with a predefined length: no separator follows."""


def check_digit(digits: str) -> int:
    """Mod-10 check digit, weights 3 and 1 from the right."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -total % 10


def sscc(company_prefix: str, serial: int, extension: int = 0) -> str:
    """18-digit SSCC. `company_prefix`: 7 to 10 digits."""
    body = f"{extension}{company_prefix}{serial:0{16 - len(company_prefix)}d}"
    return body + str(check_digit(body))


def is_sscc(text: str) -> bool:
    return re.fullmatch(r"[0-9]{18}", text) is not None and check_digit(text[:-1]) == int(text[-1])


def elements(pairs: Iterable[tuple[str, str]]) -> Elements:
    """Checked (identifier, value) pairs, those of predefined length first. Errors: BadLabelData."""
    found = []
    for ai, value in pairs:
        shape = FORMATS.get(ai)
        if shape is None or not value.isascii() or re.fullmatch(shape, value) is None:
            raise BadLabelData(field=f"({ai})", reason=f"not a value of this application identifier: {value[:40]!r}")
        if ai in CHECKED and check_digit(value[:-1]) != int(value[-1]):
            raise BadLabelData(field=f"({ai})", reason=f"check digit of {value}")
        found.append((ai, value))
    return tuple(sorted(found, key=lambda e: not e[0].startswith(_FIXED)))


def element_string(pairs: Elements) -> str:
    """What a symbol holds after its leading FNC1, a separator only where one is needed."""
    out = []
    for ai, value in pairs:
        out.append(ai + value)
        if not ai.startswith(_FIXED):
            out.append(FNC1)
    return "".join(out).rstrip(FNC1)


def hri(pairs: Elements) -> str:
    """Human readable interpretation: identifiers in parentheses, which no symbol holds."""
    return " ".join(f"({ai}) {value}" for ai, value in pairs)

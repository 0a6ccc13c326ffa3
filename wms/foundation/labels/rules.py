"""Label templates (ZPL II) and the numbers on them. Data never becomes a command: every field is hex-escaped.

Source: Zebra ZPL II programming guide: ^FH, ^BC (mode D with >; >8), ^CI28. GS1 General Specifications: SSCC, check digit.
"""

from collections.abc import Callable, Mapping
from typing import Any

from wms.kernel.errors import Refusal

Mapped = Mapping[str, Any]


class UnknownTemplate(Refusal):
    """No such label template."""

    code, status = "labels.unknown_template", 404


class NoPrinter(Refusal):
    """The station has no printer."""

    code, status = "labels.no_printer", 409


def field(value: object) -> str:
    """A ^FD field with every ZPL-significant or control character hex-escaped (^FH, UTF-8 bytes)."""
    out = []
    for char in str(value):
        if char in "^~_\\" or ord(char) < 32:
            out.append("".join(f"_{byte:02X}" for byte in char.encode()))
        else:
            out.append(char)
    return f"^FH_^FD{''.join(out)}^FS"


def gs1_check_digit(digits: str) -> int:
    """Mod-10 check digit, weights 3 and 1 from the right (GS1 General Specifications 7.9)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -total % 10


def sscc(company_prefix: str, serial: int, extension: int = 0) -> str:
    """18-digit SSCC. `company_prefix`: 7 to 10 digits."""
    body = f"{extension}{company_prefix}{serial:0{16 - len(company_prefix)}d}"
    return body + str(gs1_check_digit(body))


def _head() -> str:
    return "^XA^CI28^PW812^LL1218"


def _code128(x: int, y: int, height: int, value: str) -> str:
    safe = "".join(c for c in value if 32 <= ord(c) < 127 and c not in "^~_>")
    return f"^FO{x},{y}^BY3^BCN,{height},Y,N,N^FD{safe}^FS"


def _sscc_barcode(x: int, y: int, value: str) -> str:
    # Subset C with FNC1: read alike by every renderer tried (docs/protocols/printer.md).
    return f"^FO{x},{y}^BY3^BCN,200,Y,N,N^FD>;>800{value}^FS"


def _unit(d: Mapped) -> str:
    return (
        f"{_head()}^FO40,40^A0N,50,50{field(d['sku'])}^FO40,110^A0N,36,36{field(d['name'])}"
        f"{_code128(40, 180, 160, str(d['code']))}^XZ"
    )


def _lpn(d: Mapped) -> str:
    return (
        f"{_head()}^FO40,40^A0N,60,60{field(d['code'])}^FO40,120^A0N,40,40{field(d.get('content', ''))}"
        f"{_sscc_barcode(40, 220, str(d['code']))}^XZ"
    )


def _location(d: Mapped) -> str:
    return (
        f"{_head()}^FO40,40^A0N,120,120{field(d['code'])}^FO600,40^A0N,120,120{field(d['check_digits'])}"
        f"{_code128(40, 220, 200, str(d['code']))}^XZ"
    )


def _ship(d: Mapped) -> str:
    to = d.get("destination", {})
    lines = [
        to.get("name", ""),
        to.get("street", ""),
        f"{to.get('postcode', '')} {to.get('city', '')}",
        to.get("country", ""),
    ]
    address = "".join(f"^FO40,{150 + i * 60}^A0N,48,48{field(line)}" for i, line in enumerate(lines))
    return (
        f"{_head()}^FO40,40^A0N,70,70{field(d['carrier'])}^FO520,40^A0N,50,50{field(d['ref'])}{address}"
        f"^FO40,420^A0N,40,40{field(str(d['weight_g']) + ' g')}{_sscc_barcode(40, 500, str(d['sscc']))}^XZ"
    )


TEMPLATES: dict[str, Callable[[Mapped], str]] = {"unit": _unit, "lpn": _lpn, "location": _location, "ship": _ship}


def render(kind: str, data: Mapped) -> str:
    """ZPL of one label. Errors: UnknownTemplate."""
    if kind not in TEMPLATES:
        raise UnknownTemplate(kind=kind)
    return TEMPLATES[kind](data)

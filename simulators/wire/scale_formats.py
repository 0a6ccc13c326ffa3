"""What scales that are not asked in MT-SICS send: written from the manuals named at each format."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """The display at one moment; values in `unit`."""

    value: float
    tare: float
    decimals: int
    unit: str
    stable: bool
    over: bool = False
    under: bool = False
    net: bool = False
    zeroed: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    frame: Callable[[Shown], bytes]
    ask: bytes | None = None
    """Sent by the host for one frame; None: sent without being asked."""
    zero: bytes = b"Z"
    tare: bytes = b"T"
    status: Callable[[Shown], bytes] | None = None
    """Reply to a zero command."""


def toledo(shown: Shown, checksum: bool = True, short: bool = False, constant: int = 0x20) -> bytes:
    """METTLER TOLEDO Wildcat technical manual 6-4, tables 6-8 to 6-11. `constant` is bit 5: 0 on Fairbanks."""
    swa = (2 + shown.decimals) | 0b01 << 3 | constant
    out = shown.over or shown.under
    negative = shown.value < 0 or shown.under
    swb = shown.net | negative << 1 | out << 2 | (not shown.stable) << 3 | constant
    swb |= (shown.unit == "kg") << 4 | (not shown.zeroed) << 6
    swc = {"g": 1, "t": 2, "oz": 3}.get(shown.unit, 0) | constant
    body = bytes([0x02, swa, swb, swc]) + _digits(0 if out else shown.value, shown.decimals)
    body += (b"" if short else _digits(shown.tare, shown.decimals)) + b"\r"
    return body + bytes([-sum(byte & 0x7F for byte in body) & 0x7F]) if checksum else body


def _digits(value: float, decimals: int) -> bytes:
    return f"{round(abs(value) * 10**decimals):6d}"[-6:].encode("ascii")


def _sign(value: float) -> str:
    return "-" if value < 0 else "+"


def a_and_d(shown: Shown) -> bytes:
    """A&D EK-L manual 9-2: header, nine characters with polarity and point, unit right-aligned in three."""
    if shown.over or shown.under:
        return f"OL,{'+' if shown.over else '-'}999999.9{shown.unit:>3}\r\n".encode()
    number = f"{abs(shown.value):08.{shown.decimals}f}"
    return f"{'ST' if shown.stable else 'US'},{_sign(shown.value)}{number}{shown.unit:>3}\r\n".encode()


def cas(shown: Shown) -> bytes:
    """A&D AD-4404 manual 9.2.6 and the CAS indicators that took it over."""
    mode = "NT" if shown.net else "GS"
    if shown.over or shown.under:
        return f"OL,{mode},{'+' if shown.over else '-'}        {shown.unit:>2}\r\n".encode()
    number = f"{abs(shown.value):7.{shown.decimals}f}"
    return f"{'ST' if shown.stable else 'US'},{mode},{_sign(shown.value)}{number}{shown.unit:>2}\r\n".encode()


def ohaus(shown: Shown) -> bytes:
    """Ohaus Ranger RC manual page 36."""
    if shown.over or shown.under:
        return b">>>>>>\r\n" if shown.over else b"<<<<<<\r\n"
    polarity, number = ("-" if shown.value < 0 else " "), f"{abs(shown.value):7.{shown.decimals}f}"
    stability, legend = (" " if shown.stable else "?"), ("NET" if shown.net else "   ")
    return f"{polarity}  {number} {shown.unit:<2} {stability} {legend}\r\n".encode()


def sartorius(shown: Shown) -> bytes:
    """Sartorius Entris II manual page 3, 22 characters; the unit is blank while the weight moves."""
    if shown.over or shown.under:
        return f"Stat {'High' if shown.over else 'Low':>11}    \r\n".encode()
    unit = shown.unit if shown.stable else ""
    return f"N     {_sign(shown.value)} {abs(shown.value):8.{shown.decimals}f} {unit:<3} \r\n".encode()


def nci_status(shown: Shown) -> bytes:
    """Ohaus Aviator 7000 service manual page 49: two bytes, or three when net."""
    first = 0x30 | (not shown.stable) | math.isclose(shown.value, 0.0, abs_tol=1e-9) << 1
    second = 0x30 | shown.under | shown.over << 1
    more = bytes([0x30 | shown.net << 2 | (not shown.zeroed) << 3]) if shown.net or not shown.zeroed else b""
    return b"\n" + bytes([first, second | bool(more) << 6]) + more + b"\r\x03"


def nci(shown: Shown) -> bytes:
    """NCI 6702 manual page 14: the field is filled with carets above and underscores below the range."""
    if shown.over or shown.under:
        field = ("^" if shown.over else "_") * 7
    else:
        field = f"{shown.value:7.{shown.decimals}f}"
    return f"\n{field}{shown.unit}\r".encode() + nci_status(shown)


FORMATS = {
    "toledo": Format(toledo),
    "toledo_plain": Format(lambda shown: toledo(shown, checksum=False)),
    "toledo_short": Format(lambda shown: toledo(shown, short=True)),
    "toledo_fairbanks": Format(lambda shown: toledo(shown, constant=0)),
    "and": Format(a_and_d),
    "cas": Format(cas),
    "ohaus": Format(ohaus, ask=b"IP"),
    "sartorius": Format(sartorius, ask=b"\x1bP", zero=b"\x1bV", tare=b"\x1bT"),
    "nci": Format(nci, ask=b"W", status=nci_status),
}

"""Services as data: who carries, within which limits, in how many days."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wms.processes.shipping.rules import shape
from wms.processes.shipping.rules.refusals import ServiceRefused

KINDS = ("postal", "line", "express", "local")
TERMS = ("DAP", "DDP")
MODES = ("surface", "cargo_air", "passenger_air")
"""How it travels; post flies in the holds of passenger aircraft."""

Days = tuple[int, int, int]
"""p10, p50, p90 of the transit, tenths of a day."""


@dataclass(frozen=True, slots=True)
class Service:
    """0 in a limit means that there is none."""

    code: str
    carrier: str
    kind: str
    days: Days
    name: str = ""
    account: str = ""
    """Carrier account that its labels are bought with; empty: no label can be bought."""
    mode: str = "passenger_air"
    terms: tuple[str, ...] = ("DAP",)
    countries: tuple[str, ...] = ()
    """ISO 3166 alpha-2; empty: wherever its rate card has a zone."""
    weight_max_g: int = 30_000
    length_max_mm: int = 0
    """Longest side."""
    girth_max_mm: int = 0
    """Length + 2 × (width + height)."""
    sum_max_mm: int = 0
    """Length + width + height."""
    value_max_cents: int = 0
    """Of one parcel, in the site's currency."""
    active: bool = True


def parse_service(row: Any) -> Service:
    """Errors: ServiceRefused naming each faulty field. `days` come as whole or tenth days: [7, 9.5, 15]."""
    faults: list[str] = []
    given = shape.typed(Service, row, "", faults, leave=frozenset({"days"}))
    if isinstance(row, Mapping):
        given["days"] = tenths(row.get("days"), faults)
    if faults:
        raise ServiceRefused(count=len(faults), faults=faults[:100])
    service = Service(**given)
    code = service.code
    if not 0 < len(code) <= 40 or not code.isprintable() or set(code) & {*"/*: "}:
        faults.append("code: 1 to 40 characters without space, '/', '*' and ':'")
    if not service.carrier or len(service.carrier) > 40 or "/" in service.carrier:
        faults.append("carrier: 1 to 40 characters without '/'")
    for name, value, allowed in (("kind", service.kind, KINDS), ("mode", service.mode, MODES)):
        if value not in allowed:
            faults.append(f"{name}: one of {', '.join(allowed)}")
    if not service.terms or set(service.terms) - set(TERMS):
        faults.append(f"terms: some of {', '.join(TERMS)}")
    faults += [f"countries: {c!r} is no ISO 3166 code" for c in service.countries if not is_country(c)]
    if not 0 < service.weight_max_g <= 2_000_000:
        faults.append("weight_max_g: 1..2000000")
    if faults:
        raise ServiceRefused(service=code, count=len(faults), faults=faults)
    return service


def is_country(code: object) -> bool:
    return isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()


def tenths(days: Any, faults: list[str]) -> Days:
    """p10 ≤ p50 ≤ p90 in tenths of a day; what is wrong is added to `faults`."""
    try:
        low, mid, high = (round(10 * float(d)) for d in days)
    except (TypeError, ValueError, OverflowError):
        low, mid, high = 0, -1, 0
    if not 0 <= low <= mid <= high <= 3650:
        faults.append("days: [p10, p50, p90], rising, at most 365")
        return (0, 0, 0)
    return (low, mid, high)

"""What a market's label must carry, and that no mark is printed which no document on file proves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wms.processes.customs.rules.fields import Row
from wms.processes.customs.rules.filings import Filing
from wms.processes.customs.rules.sheets import fits_country


@dataclass(frozen=True, slots=True)
class Content:
    """What is printed: `proofs`: mark to the certificate that proves it."""

    marks: tuple[str, ...]
    warnings: tuple[str, ...]
    proofs: dict[str, str]
    unproven: tuple[str, ...]
    """Mandatory marks without a valid document: nothing is printed until there is one."""
    lacking: tuple[str, ...]
    """Contents that the market asks for and the given data do not have."""


def content(rows: Iterable[Row], market: str, filing: Filing, data: dict[str, Any], on: date) -> Content:
    """`data`: what else the label states (languages of its texts, origin, parties, net_g, size_mm, facts)."""
    marks: list[str] = []
    warnings: list[str] = []
    unproven: list[str] = []
    lacking: list[str] = []
    proofs: dict[str, str] = {}
    for row in rows:
        if not fits_country(row["markets"], market, "") or row["category"] not in ("*", filing.category):
            continue
        match row["asks"]:
            case "mark":
                proof = filing.holds(row["proof"], market, on) if row["proof"] else None
                if proof is None:
                    unproven.append(f"{row['value']} ({row['proof'] or 'no document named'})")
                else:
                    mark = row["value"].replace("{number}", proof.number)
                    marks.append(mark)
                    proofs[mark] = f"{proof.kind} {proof.number}, {proof.issuer}, valid until {proof.valid_until}"
            case "warning":
                warnings.append(row["value"])
            case "language":
                if row["value"] not in data.get("languages", ()):
                    lacking.append(f"language {row['value']}")
            case "origin":
                if not data.get("origin"):
                    lacking.append("origin")
            case "importer":
                if not any("importer" in str(p).lower() for p in data.get("parties", ())):
                    lacking.append("importer")
            case "dual_units":
                if data.get("net_g") is None and not data.get("size_mm"):
                    lacking.append("net_g or size_mm, shown in both systems")
            case "fibre":
                if "%" not in " ".join(map(str, data.get("facts", ()))):
                    lacking.append("facts: fibre content in percent")
    return Content(tuple(marks), tuple(warnings), proofs, tuple(unproven), tuple(lacking))


def strangers(asked: Sequence[str], allowed: Content) -> list[str]:
    """Marks that somebody wants printed beside the mandatory ones and that nothing proves."""
    return [mark for mark in asked if mark not in allowed.proofs]

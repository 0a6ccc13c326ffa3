"""What is on file of a SKU before a piece of it may be declared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wms.processes.customs.rules.fields import (
    CENTS,
    COUNTRY,
    COUNTRY_OR_ANY,
    CURRENCY,
    Field,
    Row,
    check,
    day,
    one_of,
    text,
    whole,
)
from wms.processes.customs.rules.sheets import fits_country


@dataclass(frozen=True, slots=True)
class Certificate:
    kind: str
    number: str
    issuer: str
    valid_until: str
    """ISO day, the last on which it counts."""
    countries: tuple[str, ...] = ("*",)
    """Markets that it is good for."""


@dataclass(frozen=True, slots=True)
class Filing:
    sku: str
    hs_code: str
    origin: str
    net_g: int
    """Net weight of one piece."""
    name_en: str
    name_zh: str
    materials: str = ""
    use: str = ""
    category: str = ""
    """What the label rules of a market call it."""
    unit: str = "piece"
    value_rule: str = "order"
    """order: the declared value of the order's line; fixed: `value_cents` of this filing."""
    value_cents: int = 0
    currency: str = ""
    certificates: tuple[Certificate, ...] = ()
    version: int = 1

    def holds(self, kind: str, country: str, on: date) -> Certificate | None:
        """A certificate of this kind that counts in this market on this day, the longest valid first."""
        good = [c for c in self.certificates if c.kind == kind and fits_country(c.countries, country, "")
                and c.valid_until >= on.isoformat()]  # fmt: skip
        return max(good, key=lambda c: (c.valid_until, c.number), default=None)


_CERTIFICATE = (
    Field("kind", text(40)), Field("number", text(60)), Field("issuer", text(80)), Field("valid_until", day),
    Field("countries", lambda v: [COUNTRY_OR_ANY(x) for x in (v if isinstance(v, list) else str(v).split("+"))], ["*"]),
)  # fmt: skip


def _certificates(value: Any) -> list[Row]:
    """A list of objects; in CSV "kind:number:issuer:valid_until[:DE+FR]", separated by '|'."""
    if isinstance(value, str):
        names = [f.name for f in _CERTIFICATE]
        value = [dict(zip(names, one.split(":"), strict=False)) for one in value.split("|") if one.strip()]
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ValueError("a list of certificates")
    kept, faults = check(_CERTIFICATE, value)
    if faults:
        raise ValueError(f"a good list of certificates: {faults[0]}")
    return kept


FIELDS: tuple[Field, ...] = (
    Field("sku", text(64)), Field("hs_code", text(12)), Field("origin", COUNTRY), Field("net_g", whole(1, 2_000_000)),
    Field("name_en", text(120)), Field("name_zh", text(120)), Field("materials", text(200)), Field("use", text(200)),
    Field("category", text(40), ""), Field("unit", text(20), "piece"), Field("value_rule", one_of("order", "fixed"), "order"),
    Field("value_cents", CENTS, 0), Field("currency", CURRENCY, ""), Field("certificates", _certificates, []),
)  # fmt: skip


def plain_hs(code: str) -> str:
    """Without the dots and blanks that people write."""
    return code.replace(".", "").replace(" ", "")


def known_hs(code: str, loaded: Iterable[str]) -> str:
    """Empty where the code may be declared, else what is wrong with it.

    `loaded`: codes of the HS table, at least its chapters. Where the table goes down to headings or subheadings of the code's
    chapter, the code's own must be among them.
    """
    if not code.isdigit() or not 6 <= len(code) <= 10:
        return "6 to 10 digits"
    beside = [x for x in loaded if x[:2] == code[:2]]
    if not beside:
        return f"chapter {code[:2]} is not in the HS table"
    for length, name in ((4, "heading"), (6, "subheading")):
        deeper = {x[:length] for x in beside if len(x) >= length and x[: length - 2] == code[: length - 2]}
        if deeper and code[:length] not in deeper:
            return f"{name} {code[:length]} is not in the HS table"
    return ""


def check_filings(
    rows: Sequence[Mapping[str, Any]], skus: Iterable[str], hs: Iterable[str], first: int = 1
) -> tuple[list[Row], list[str], list[str]]:
    """Rows as they are kept, faults by row and field, and those HS codes (as written) that the table does not know.

    `skus`: codes that the catalog knows; `hs`: codes of the HS table, empty where none is valid.
    """  # fmt: skip
    known, loaded = set(skus), tuple(hs)
    kept, faults = check(FIELDS, rows, first)
    strangers: list[str] = []
    seen: dict[str, int] = {}
    for n, row in enumerate(kept, first):
        if isinstance(sku := row.get("sku"), str):
            if sku not in known:
                faults.append(f"row {n}, sku: {sku!r} is not in the catalog")
            if sku in seen:
                faults.append(f"row {n}, sku: {sku!r} is in row {seen[sku]} already")
            seen[sku] = n
        if isinstance(row.get("hs_code"), str):
            row["hs_code"] = plain_hs(row["hs_code"])
            if why := known_hs(row["hs_code"], loaded):
                faults.append(f"row {n}, hs_code: {row['hs_code']!r}: {why}")
                strangers.append(row["hs_code"])
        if row.get("value_rule") == "fixed" and not (row.get("value_cents") and row.get("currency")):
            faults.append(f"row {n}, value_cents: a fixed value needs value_cents and currency")
    return kept, faults, strangers

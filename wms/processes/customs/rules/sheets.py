"""The dated tables that every customs rule stands in. A rule is a row with its source, never a constant in code.

A table is valid from one day to another. On any day the newest table that has begun and not ended is the table of its kind; where
there is none, what needs it is held under the table's name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wms.processes.customs.rules.fields import (
    CENTS,
    COUNTRY,
    COUNTRY_OR_ANY,
    CURRENCY,
    HS,
    Field,
    Row,
    check,
    one_of,
    regex,
    text,
    whole,
    words,
    yes,
)
from wms.processes.customs.rules.refusals import TableExpired, UnknownTable

MODES = ("9610", "9710", "9810", "plain", "domestic")
LEAST_YEARS = 5
"""No document is dropped earlier, whatever a table says (DOMAIN: customs modes)."""
MODE = one_of(*MODES)
LINE_FIELDS = ("qty", "hs", "value", "origin", "net_g", "name", "name_zh")
HEAD_FIELDS = (
    "number", "currency", "total", "consignee", "country", "city", "gross_g", "pieces", "tracking", "payer", "tax_id", "shipper",
)  # fmt: skip

KINDS: dict[str, tuple[Field, ...]] = {
    # who declares here: one row
    "site": (
        Field("country", COUNTRY), Field("code", text(20)), Field("name", text(80)), Field("name_zh", text(80), ""),
        Field("street", text(120), ""), Field("city", text(60), ""), Field("port", text(20)), Field("platform_code", text(20), ""),
        Field("logistics_code", text(20), ""), Field("tax_id", text(30), ""),
    ),
    "hs": (Field("code", HS), Field("text", text(300))),
    # the first row that fits decides, by seq
    "mode": (
        Field("seq", whole(1, 10_000)), Field("mode", MODE), Field("countries", words(COUNTRY_OR_ANY)),
        Field("commercial", one_of("", "yes", "no"), ""), Field("channels", words(text(40)), []),
        Field("warehouse", one_of("", "yes", "no"), ""), Field("value_from_cents", CENTS, 0), Field("value_to_cents", CENTS, 0),
        Field("note", text(200), ""),
    ),
    # stage: when it must be there: order (before release), parcel (before it is loaded), batch (before it is declared)
    "document": (
        Field("mode", MODE), Field("document", text(30, r"[a-z_]+")), Field("stage", one_of("order", "parcel", "batch")),
        Field("required", yes), Field("fields", words(one_of(*LINE_FIELDS, *HEAD_FIELDS)), []), Field("verified", yes),
        Field("note", text(300), ""),
    ),
    "party": (
        Field("countries", words(COUNTRY_OR_ANY)), Field("field", text(20, r"[a-z_]+")), Field("pattern", regex, ".+"),
        Field("commercial", one_of("", "yes", "no"), ""), Field("duty_term", one_of("", "DAP", "DDP"), ""),
        Field("value_from_cents", CENTS, 0), Field("value_to_cents", CENTS, 0), Field("note", text(200), ""),
    ),
    "tolerance": (Field("field", one_of(*LINE_FIELDS, *HEAD_FIELDS)), Field("basis_points", whole(0, 10_000), 0), Field("least", whole(0, 10**6), 0)),
    "permit": (
        Field("hs", HS), Field("countries", words(COUNTRY_OR_ANY)), Field("origins", words(COUNTRY_OR_ANY), ["*"]),
        Field("certificate", text(40)), Field("note", text(200), ""),
    ),
    "duty": (
        Field("hs", text(10, r"\*|\d{2}|\d{4}|\d{6,10}", "* or 2, 4, 6 to 10 digits")), Field("origins", words(COUNTRY_OR_ANY)),
        Field("countries", words(COUNTRY)), Field("basis_points", whole(0, 100_000)), Field("adds", yes, False),
        Field("note", text(200), ""),
    ),
    "vat": (Field("country", COUNTRY), Field("basis_points", whole(0, 10_000)), Field("note", text(200), "")),
    "de_minimis": (
        Field("country", COUNTRY), Field("currency", CURRENCY), Field("duty_cents", CENTS), Field("vat_cents", CENTS),
        Field("note", text(200), ""),
    ),
    "currency": (Field("currency", CURRENCY), Field("micros", whole(1, 10**12))),
    "label": (
        Field("markets", words(COUNTRY_OR_ANY)), Field("category", text(40)), Field("asks", one_of("mark", "warning", "language", "dual_units", "origin", "importer", "fibre")),
        Field("value", text(300), ""), Field("proof", text(40), ""), Field("verified", yes, False), Field("note", text(200), ""),
    ),
    "retention": (Field("markets", words(COUNTRY_OR_ANY)), Field("document", text(30)), Field("years", whole(LEAST_YEARS, 100)), Field("note", text(200), "")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    kind: str
    valid_from: date
    valid_until: date | None
    rows: tuple[Row, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Sheets:
    """The tables valid on one day."""

    on: date
    by_kind: Mapping[str, Sheet] = field(default_factory=dict)
    ever: frozenset[str] = frozenset()
    """Kinds that were loaded at any time: a table that may be left out must not be forgotten once it is there."""

    def rows(self, kind: str) -> tuple[Row, ...]:
        """Errors: TableExpired."""
        sheet = self.by_kind.get(kind)
        if sheet is None:
            raise TableExpired(table=kind, on=self.on.isoformat())
        return sheet.rows

    @property
    def site(self) -> Row:
        """Who declares. Errors: TableExpired."""
        rows = self.rows("site")
        if not rows:
            raise TableExpired(table="site", on=self.on.isoformat())
        return rows[0]


def valid_on(sheets: Iterable[Sheet], on: date) -> Sheets:
    """Of each kind the newest sheet that has begun and not ended. `sheets` in the order they were loaded."""
    last = {(sheet.kind, sheet.valid_from): sheet for sheet in sheets}  # of one first day the last loaded counts
    found: dict[str, Sheet] = {}
    for sheet in sorted(last.values(), key=lambda s: s.valid_from):
        if sheet.valid_from <= on and (sheet.valid_until is None or on <= sheet.valid_until):
            found[sheet.kind] = sheet
    return Sheets(on, found, frozenset(kind for kind, _ in last))


def check_rows(kind: str, rows: Sequence[Mapping[str, Any]], first: int = 1) -> tuple[list[Row], list[str]]:
    """Rows as they are kept and every fault by row and field. Errors: UnknownTable."""
    if kind not in KINDS:
        raise UnknownTable(table=kind, known=", ".join(KINDS))
    kept, faults = check(KINDS[kind], rows, first)
    if not rows:
        faults.append("row 1, : at least one row")
    if kind == "site" and len(rows) > 1:
        faults.append("row 2, : one row says who declares")
    return kept, faults


def fits_country(names: Sequence[str], country: str, site: str) -> bool:
    return "*" in names or country in names or ("site" in names and country == site)

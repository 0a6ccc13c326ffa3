"""Other warehouses as data, and their stock reports."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from wms.foundation.catalog.rules import ATTRIBUTES
from wms.processes.sourcing.rules.refusals import ReportRefused

MOST_FAULTS = 50
SPARE_MIN = timedelta(minutes=5)
"""By which another house's clock may be ahead of ours."""


class Warehouse(BaseModel):
    """A warehouse that is not this one. Lists that are empty do not limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[A-Z0-9][A-Z0-9_]{0,11}$")
    name: str = Field(default="", max_length=80)
    kind: Literal["domestic", "overseas", "bonded", "marketplace"]
    """Bonded: its stock is under customs' eyes and never goes together with free stock."""
    country: str = Field(pattern="^[A-Z]{2}$")
    region: str = Field(default="", max_length=40)
    countries: tuple[str, ...] = ()
    """Where it ships to, ISO 3166."""
    channels: tuple[str, ...] = ()
    """Whose orders it sends: a marketplace's warehouse mostly only its own."""
    refuses: tuple[str, ...] = ()
    """Goods attributes that it does not send."""
    parcel_cents: int = Field(ge=0, le=10**7)
    """What a further parcel from there costs, carriage included, in the site's currency."""
    lead_days: float = Field(ge=0, le=365)
    """From telling it to the customer's door."""
    report_max_h: float = Field(default=24.0, gt=0, le=24 * 31)
    """A stock report older than this counts as none."""
    answer_max_h: float = Field(default=4.0, gt=0, le=24 * 31)
    """A part that is not answered for so long is an incident."""
    active: bool = True

    @field_validator("countries")
    @classmethod
    def _iso(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := [c for c in value if not (len(c) == 2 and c.isascii() and c.isupper())]:
            raise ValueError(f"{bad[0]!r}: two capital letters of ISO 3166")
        return value

    @field_validator("refuses")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := sorted(set(value) - ATTRIBUTES):
            raise ValueError(f"{bad[0]!r}: one of {', '.join(sorted(ATTRIBUTES))}")
        return value

    @property
    def bonded(self) -> bool:
        return self.kind == "bonded"


def parse(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Warehouse], list[str]]:
    """Warehouses, and every fault by row and field."""
    found, faults = list[Warehouse](), list[str]()
    for n, row in enumerate(rows, 1):
        try:
            one = Warehouse.model_validate(row)
        except ValidationError as error:
            faults += [
                f"row {n}, {'.'.join(str(p) for p in e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
            ]  # fmt: skip
            continue
        if any(x.code == one.code for x in found):
            faults.append(f"row {n}: {one.code} comes twice")
        found.append(one)
    if not found and not faults:
        faults.append("at least one warehouse")
    return found, faults


def rows_of(text: str) -> list[dict[str, Any]]:
    """Rows of a CSV with the header `sku,qty_each`. Errors: ReportRefused where it is none."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), restkey="beyond the last column", restval="")
    try:
        return [{(k or "").strip(): v for k, v in row.items()} for row in reader]
    except csv.Error as error:
        raise ReportRefused(count=1, faults=[f"line {reader.line_num + 1}: {error}"]) from None


def read_report(
    rows: Sequence[Mapping[str, Any]], known: Mapping[str, int], as_of: datetime, now: datetime, first: int
) -> dict[int, int]:
    """SKU id to pieces. `known`: SKU code to id; rows count from `first`. Errors: ReportRefused naming every faulty row."""
    faults, stock = list[str](), dict[int, int]()
    if as_of > now + SPARE_MIN:
        faults.append(f"as_of: {as_of.isoformat()} is in the future")
    for n, row in enumerate(rows, first):
        sku, told = str(row.get("sku", "")).strip(), str(row.get("qty_each", "")).strip()
        if extra := set(row) - {"sku", "qty_each"}:
            faults.append(f"row {n}: unknown column {sorted(extra)[0]!r}")
        elif sku not in known:
            faults.append(f"row {n}, sku: unknown {sku!r}")
        elif not (told.isascii() and told.isdigit() and len(told) <= 9 and int(told) <= 10**8):
            faults.append(f"row {n}, qty_each: {told!r} is not 0..10^8")
        elif known[sku] in stock:
            faults.append(f"row {n}, sku: {sku!r} comes twice")
        else:
            stock[known[sku]] = int(told)
    if faults:
        raise ReportRefused(count=len(faults), faults=faults[:MOST_FAULTS])
    return stock

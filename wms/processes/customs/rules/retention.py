"""How long papers stay, and who may see the identities on them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from wms.processes.customs.rules.fields import Row
from wms.processes.customs.rules.sheets import LEAST_YEARS, fits_country

IDENTITY = (
    "name",
    "name_local",
    "street",
    "phone",
    "email",
    "tax_id",
    "ioss",
    "eori",
    "consignee",
    "payer",
    "postcode",
    "zip",
)
"""Fields that say who a person is; a line's name is the goods' own."""


def keep_until(rows: Iterable[Row], market: str, document: str, made_on: date) -> date:
    """Last day of the year in which the longest rule for this paper and market ends; never under five years."""
    years = [r["years"] for r in rows if fits_country(r["markets"], market, "") and r["document"] in ("*", document)]
    return date(made_on.year + max([LEAST_YEARS, *years]), 12, 31)


def masked(value: Any) -> str:
    """First and last character of each word: enough to recognise, too little to know."""
    words = str(value).split()
    return " ".join(w[0] + "•" * max(1, len(w) - 2) + (w[-1] if len(w) > 2 else "") for w in words)


def mask(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every identity field masked, in nested objects too."""
    return {
        key: mask(value) if isinstance(value, Mapping)
        else masked(value) if key in IDENTITY and value
        else value
        for key, value in data.items()
    }  # fmt: skip


def forget(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same without any identity."""
    return {
        key: forget(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if key not in IDENTITY
    }

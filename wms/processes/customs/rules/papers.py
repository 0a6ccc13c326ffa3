"""The papers of one shipment and whether they agree, field by field.

A paper is a flat mapping: head fields by name ("currency"), line fields by name and SKU ("qty@MUG-01"). Whatever two papers both
state has to agree: numbers within the field's tolerance, words by their letters, codes by their digits. Nothing is compared pair
by pair, so it does not matter which paper is called right.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wms.processes.customs.rules.fields import Row
from wms.processes.customs.rules.sheets import LINE_FIELDS

Paper = Mapping[str, Any]
"""Field, or field@SKU, to value."""
Papers = Mapping[str, Paper]
"""Name of the paper (order, invoice, filing, parcel, waybill, ...) to what it states."""
Tolerances = Mapping[str, tuple[int, int]]
"""Field to (basis points of the larger value, least allowed difference)."""
_LINES = frozenset(LINE_FIELDS)
_LISTS = "qty@"
_CODES = frozenset({"hs", "tracking", "tax_id"})
_OWN = frozenset({"number", "payer"})
"""Each paper has its own: nothing to compare."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the papers do not agree on; `stated`: paper to its value."""

    field: str
    sku: str
    stated: dict[str, Any]
    why: str = "differ"

    def __str__(self) -> str:
        said = ", ".join(f"{paper} {value}" for paper, value in self.stated.items())
        return f"{self.field}{' ' + self.sku if self.sku else ''}: {said}"


def tolerances(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    return {row["field"]: (row["basis_points"], row["least"]) for row in rows}


@lru_cache(65536)
def _letters(text: str) -> str:
    """Letters and digits alone, full and half width alike, case folded."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@lru_cache(65536)
def _code(text: str) -> str:
    return text.replace(".", "").replace(" ", "").replace("-", "").upper()


def _agree(name: str, values: Sequence[Any], allowed: Tolerances) -> bool:
    first = values[0]
    if values.count(first) == len(values):
        return True
    if all(isinstance(v, int) for v in values):
        low, high = min(values), max(values)
        points, least = allowed.get(name, (0, 0))
        return bool(high - low <= max(least, high * points // 10_000))
    plain = _code if name in _CODES else _letters
    return len({plain(str(v)) for v in values}) == 1


def match(papers: Papers, allowed: Tolerances) -> list[Difference]:
    """Every field that at least two papers state and do not agree on, in order of field and SKU."""
    listing = [name for name, paper in papers.items() if any(key.startswith(_LISTS) for key in paper)]
    stated: dict[str, dict[str, Any]] = {}
    for name, paper in papers.items():
        for key, value in paper.items():
            if value not in ("", None):
                stated.setdefault(key, {})[name] = value
    found = []
    for key, by_paper in stated.items():
        field, _, sku = key.partition("@")
        if field in _OWN:
            continue
        if field == "qty":  # a paper that lists goods and leaves one out says that there is none
            by_paper = {name: by_paper.get(name, 0) for name in listing}
        if len(by_paper) > 1 and not _agree(field, list(by_paper.values()), allowed):
            found.append(Difference(field, sku, by_paper))
    found += _weights(papers)
    return sorted(found, key=lambda d: (d.field, d.sku, d.why))


def _weights(papers: Papers) -> list[Difference]:
    """Goods cannot weigh more than the parcel that they are in."""
    parcel, filing = papers.get("parcel"), papers.get("filing")
    if not parcel or not filing or not parcel.get("gross_g"):
        return []
    net = sum(
        value * filing.get(f"net_g@{key.partition('@')[2]}", 0)
        for key, value in parcel.items()
        if key.startswith(_LISTS)
    )
    if net <= parcel["gross_g"]:
        return []
    return [Difference("gross_g", "", {"parcel": parcel["gross_g"], "filing": net}, "net above gross")]


def missing(document: str, fields: Iterable[str], paper: Paper | None, skus: Iterable[str]) -> list[str]:
    """Fields that the document must state and does not, as "hs MUG-01"; the document's own name where there is none."""
    if paper is None:
        return [document]
    absent = []
    for name in fields:
        if name in _LINES:
            absent += [f"{name} {sku}" for sku in skus if paper.get(f"{name}@{sku}") in ("", None)]
        elif paper.get(name) in ("", None):
            absent.append(name)
    return absent

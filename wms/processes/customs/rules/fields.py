"""Cells of loaded rows: what each field may hold, and every fault by row and field. CSV gives texts, the API gives values."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = dict[str, Any]
_TRUE, _FALSE = {"yes", "true", "1"}, {"no", "false", "0", ""}


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `read` returns the value to keep or raises ValueError saying what is expected."""

    name: str
    read: Callable[[Any], Any]
    default: Any = None
    """Kept where the cell is empty; None: the cell must not be empty."""


def text(longest: int = 200, pattern: str = "", says: str = "") -> Callable[[Any], str]:
    shape = re.compile(pattern) if pattern else None

    def read(value: Any) -> str:
        if not isinstance(value, str | int):
            raise ValueError("a text")
        cleaned = str(value).strip()
        if shape is not None and not shape.fullmatch(cleaned):
            raise ValueError(says or f"of the form {pattern}")
        if len(cleaned) > longest or not cleaned.isprintable():
            raise ValueError(f"at most {longest} printable characters")
        return cleaned

    return read


def whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,15}", str(value).strip()):
            raise ValueError("a whole number")
        if not least <= int(value) <= most:
            raise ValueError(f"{least} to {most}")
        return int(value)

    return read


def one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(c or 'empty' for c in choices)}")
        return str(value)

    return read


def yes(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("yes or no")
    return word in _TRUE


def day(value: Any) -> str:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise ValueError("a day as YYYY-MM-DD") from None


def words(item: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """A list; in CSV its members are separated by '|'."""

    def read(value: Any) -> list[Any]:
        members = value if isinstance(value, list) else [x for x in str(value).split("|") if x.strip()]
        return [item(x) for x in members]

    return read


def regex(value: Any) -> str:
    try:
        re.compile(str(value))
    except re.error:
        raise ValueError("a regular expression") from None
    return text(200)(value)


COUNTRY = text(2, r"[A-Z]{2}", "two capital letters of ISO 3166")
COUNTRY_OR_ANY = text(4, r"[A-Z]{2}|\*|site", "an ISO 3166 code, * for any, or site")
CURRENCY = text(3, r"[A-Z]{3}", "three capital letters of ISO 4217")
HS = text(10, r"\d{2}|\d{4}|\d{6,10}", "2, 4 or 6 to 10 digits")
CENTS = whole(0, 10**12)


def check(fields: Iterable[Field], rows: Iterable[Mapping[str, Any]], first: int = 1) -> tuple[list[Row], list[str]]:
    """Rows as they are kept, and every fault as "row 3, hs: 2, 4 or 6 to 10 digits". Rows count from `first`."""
    fields = tuple(fields)
    names = {f.name for f in fields}
    kept, faults = [], []
    for n, given in enumerate(rows, first):
        row: Row = {}
        for stranger in sorted(str(k) for k in given if k not in names):
            faults.append(f"row {n}, {stranger}: no such field")
        for field in fields:
            value = given.get(field.name)
            if value is None or (isinstance(value, str) and not value.strip()):
                if field.default is None:
                    faults.append(f"row {n}, {field.name}: missing")
                row[field.name] = field.default
                continue
            try:
                row[field.name] = field.read(value)
            except ValueError as error:
                faults.append(f"row {n}, {field.name}: {str(value)[:40]!r} is not {error}")
        kept.append(row)
    return kept, faults

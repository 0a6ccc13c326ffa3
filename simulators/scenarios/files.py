"""Reads a shop's CSV files. A fault names file, line, column and reason, and then nothing is loaded at all."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any


class BadFile(ValueError):
    """One or more rows cannot be used; each fault is a line of text."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def text(value: str) -> str:
    if not value or len(value) > 64 or any(ord(c) < 32 for c in value):
        raise ValueError("1 to 64 printable characters")
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def parse(value: str) -> int:
        if not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return parse


def flag(value: str) -> bool:
    """A column that may be left out: 1 is yes."""
    if value not in ("", "0", "1"):
        raise ValueError("0 or 1")
    return value == "1"


SIZE, HEIGHT, WEIGHT = whole(1, 10_000), whole(0, 10_000), whole(1, 2_000_000)
SKUS = {
    "sku": text, "width_mm": SIZE, "length_mm": SIZE, "height_mm": SIZE, "weight_g": WEIGHT, "own_container": flag,
}  # fmt: skip
LINES = {"order": text, "sku": text, "qty": whole(1, 100_000)}
CARTONS = {
    "carton": text, "inner_width_mm": SIZE, "inner_length_mm": SIZE, "inner_height_mm": HEIGHT, "outer_width_mm": SIZE,
    "outer_length_mm": SIZE, "outer_height_mm": HEIGHT, "tare_g": whole(0, 50_000), "max_load_g": WEIGHT, "bag": flag,
}  # fmt: skip


def read(path: Path, columns: dict[str, Callable[[str], Any]]) -> list[dict[str, Any]]:
    """Rows of a CSV with these columns. Errors: BadFile."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [c for c in columns if columns[c] is not flag and c not in (reader.fieldnames or [])]:
                raise BadFile([f"{path}: line 1: column {c}: missing" for c in missing])
            rows, faults = [], []
            for row in reader:
                good: dict[str, Any] = {}
                for name, parse in columns.items():
                    try:
                        good[name] = parse((row.get(name) or "").strip())
                    except ValueError as error:
                        faults.append(f"{path}: line {reader.line_num}: column {name}: {row[name]!r} is not {error}")
                rows.append(good)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile([f"{path}: {error}"]) from None
    if faults:
        raise BadFile(faults[:50])
    if not rows:
        raise BadFile([f"{path}: no rows"])
    return rows


def twice(path: Path, column: str, rows: list[dict[str, Any]]) -> list[str]:
    """A fault for each row whose key stands in an earlier one."""
    first: dict[str, int] = {}
    return [
        f"{path}: line {n}: column {column}: {row[column]!r} is already in line {at}"
        for n, row in enumerate(rows, 2) if (at := first.setdefault(row[column], n)) != n
    ]  # fmt: skip


def shop(orders: Path, skus: Path, cartons: Path) -> dict[str, list[dict[str, Any]]]:
    """The three files, checked against each other. Errors: BadFile."""
    sku_rows, line_rows, carton_rows = read(skus, SKUS), read(orders, LINES), read(cartons, CARTONS)
    known = {row["sku"] for row in sku_rows}
    faults = [
        f"{orders}: line {n}: column sku: {row['sku']!r} is not in {skus.name}"
        for n, row in enumerate(line_rows, 2) if row["sku"] not in known
    ]  # fmt: skip
    faults += [
        f"{cartons}: line {n}: column {side}_height_mm: 0 for a bag that lies flat, and for nothing else"
        for n, row in enumerate(carton_rows, 2) for side in ("inner", "outer") if row["bag"] != (row[f"{side}_height_mm"] == 0)
    ]  # fmt: skip
    faults += twice(skus, "sku", sku_rows) + twice(cartons, "carton", carton_rows)
    if faults:
        raise BadFile(faults[:50])
    return {"skus": sku_rows, "lines": line_rows, "cartons": carton_rows}

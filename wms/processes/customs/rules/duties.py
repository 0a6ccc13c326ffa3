"""What a parcel is expected to cost at the border. An estimate from the site's dated tables, in cents; nothing is a constant here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wms.processes.customs.rules.fields import Row
from wms.processes.customs.rules.refusals import TableExpired
from wms.processes.customs.rules.sheets import Sheets, fits_country

MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Goods:
    sku: str
    hs: str
    origin: str
    qty_each: int
    value_cents: int
    """Of one piece."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cents of `currency`, the order's own. `lines`: what each SKU bears, with the rate that applied."""

    currency: str
    goods_cents: int
    duty_cents: int
    vat_cents: int
    lines: tuple[dict[str, Any], ...]
    why: tuple[str, ...]


def share(cents: int, basis_points: int) -> int:
    """Part of an amount, half a cent rounded up."""
    return (cents * basis_points + 5_000) // 10_000


def converted(cents: int, micros_from: int, micros_to: int) -> int:
    """An amount in another currency; micros: value of one unit in the tables' base currency, times a million."""
    return (2 * cents * micros_from + micros_to) // (2 * micros_to)


def duty_points(rows: Sequence[Row], hs: str, origin: str, country: str) -> int | None:
    """The rate in basis points: the longest prefix, of equals the named origin; rows that add stand on top. None: no row."""
    base: tuple[int, int, int] | None = None
    extra = 0
    for row in rows:
        prefix = "" if row["hs"] == "*" else row["hs"]
        if country not in row["countries"] or not hs.startswith(prefix) or not fits_country(row["origins"], origin, ""):
            continue
        if row["adds"]:
            extra += row["basis_points"]
            continue
        rank = (len(prefix), int(origin in row["origins"]), row["basis_points"])
        base = rank if base is None else max(base, rank)
    return None if base is None else base[2] + extra


def estimate(sheets: Sheets, goods: Sequence[Goods], country: str, currency: str, freight_cents: int = 0) -> Estimate:
    """Duty by line above the de minimis of the country, VAT on goods, freight and duty.

    Errors: TableExpired naming the table, also where it holds no row for this country, currency or kind of goods.
    """
    money = {row["currency"]: row["micros"] for row in sheets.rows("currency")}
    limits = next((r for r in sheets.rows("de_minimis") if r["country"] == country), None)
    vat = next((r for r in sheets.rows("vat") if r["country"] == country), None)
    on = sheets.on.isoformat()
    if limits is None:
        raise TableExpired(table="de_minimis", on=on, missing=country)
    if vat is None:
        raise TableExpired(table="vat", on=on, missing=country)
    for code in (currency, limits["currency"]):
        if code not in money:
            raise TableExpired(table="currency", on=on, missing=code)
    total = sum(g.qty_each * g.value_cents for g in goods)
    there = converted(total, money[currency], money[limits["currency"]])
    free = there <= limits["duty_cents"]
    lines, duty, why = [], 0, []
    for g in goods:
        points = duty_points(sheets.rows("duty"), g.hs, g.origin, country)
        if points is None and not free:
            raise TableExpired(table="duty", on=on, missing=f"{g.hs} {g.origin} {country}")
        value = g.qty_each * g.value_cents
        due = 0 if free else share(value, points or 0)
        duty += due
        lines.append({"sku": g.sku, "hs": g.hs, "origin": g.origin, "value_cents": value, "duty_points": 0 if free else points, "duty_cents": due})  # fmt: skip
    why.append(
        f"goods are worth {there / 100:.2f} {limits['currency']}, {'not above' if free else 'above'} the "
        f"{limits['duty_cents'] / 100:.2f} below which {country} asks no duty"
    )
    taxed = there > limits["vat_cents"] or not limits["vat_cents"]
    due_vat = share(total + freight_cents + duty, vat["basis_points"]) if taxed else 0
    why.append(
        f"VAT of {vat['basis_points'] / 100:g} % on goods, freight and duty" if taxed else "no VAT below the limit"
    )
    return Estimate(currency, total, duty, due_vat, tuple(lines), tuple(why))

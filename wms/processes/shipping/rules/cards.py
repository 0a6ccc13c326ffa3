"""Rate cards: what a service costs by zone and weight. Money in whole cents, weights in whole grams, no fractions anywhere.

Rounding: a weight is rounded up (to the gram, then to the card's step); a price per kg is rounded up to the cent once per parcel;
a percentage is rounded half up to the cent once per line. docs/shipping.md says the same for people.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wms.processes.shipping.rules import shape
from wms.processes.shipping.rules.policy import is_currency
from wms.processes.shipping.rules.refusals import CardRefused
from wms.processes.shipping.rules.services import Service, is_country

ROW_COLUMNS = (
    "zone", "kind", "over_g", "to_g", "base_cents", "per_kg_cents", "least_g", "first_g", "step_g", "step_cents"
)  # fmt: skip
CARD_FIELDS = frozenset({
    "service", "currency", "valid_from", "valid_until", "zones", "rows", "rows_csv", "round_g", "dim", "divisor", "dim_side_mm", "fuel_bp",
    "surcharges", "remote", "ddp_cents", "ddp_bp", "ddp_least_cents", "lower_break", "note",
})  # fmt: skip
WHEN = ("always", "remote", "side_over", "girth_over", "weight_over", "attribute")
DIMS = ("never", "greater", "over_side")


@dataclass(frozen=True, slots=True)
class Row:
    """A weight band of a zone, `over_g` exclusive to `to_g` inclusive.

    gram: base_cents + per_kg_cents for every kg of at least least_g. steps: base_cents for the first first_g, step_cents for each
    further begun step_g.
    """

    zone: str
    over_g: int
    to_g: int
    kind: str = "gram"
    base_cents: int = 0
    per_kg_cents: int = 0
    least_g: int = 0
    first_g: int = 0
    step_g: int = 0
    step_cents: int = 0

    def price(self, weight_g: int) -> int:
        if self.kind == "gram":
            return self.base_cents + up(max(weight_g, self.least_g) * self.per_kg_cents, 1000)
        return self.base_cents + (up(max(weight_g - self.first_g, 0), self.step_g) * self.step_cents)


@dataclass(frozen=True, slots=True)
class Zone:
    code: str
    countries: tuple[str, ...]
    postcodes: tuple[tuple[str, str], ...] = ()
    """Ranges of its one country; empty: the whole of its countries."""


@dataclass(frozen=True, slots=True)
class Surcharge:
    code: str
    when: str = "always"
    limit: int = 0
    """mm or g that must be exceeded."""
    attribute: str = ""
    cents: int = 0
    bp: int = 0
    """Hundredths of a percent of the base price."""
    fueled: bool = False
    """Fuel is charged on it too."""


@dataclass(frozen=True, slots=True)
class Card:
    """One version of a service's prices. `index`: country to its zones, those with postcodes first."""

    service: str
    version: int
    currency: str
    valid_from: date
    valid_until: date
    zones: tuple[Zone, ...]
    rows: Mapping[str, tuple[Row, ...]]
    round_g: int = 1
    dim: str = "never"
    divisor: int = 5000
    """cm³ per kg."""
    dim_side_mm: int = 0
    fuel_bp: int = 0
    surcharges: tuple[Surcharge, ...] = ()
    remote: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Country to postcode ranges."""
    ddp_cents: int = 0
    ddp_bp: int = 0
    """Of the duty advanced."""
    ddp_least_cents: int = 0
    lower_break: bool = False
    """The first gram of a later band may be charged instead where that is less, as air freight does."""
    index: Mapping[str, tuple[Zone, ...]] = field(default_factory=dict)

    def zone_of(self, country: str, postcode: str) -> Zone | None:
        for zone in self.index.get(country, ()):
            if not zone.postcodes or within(postcode, zone.postcodes):
                return zone
        return None


@dataclass(frozen=True, slots=True)
class Quote:
    """`lines`: (what, cents), which add up to `cents`, in the card's currency."""

    cents: int
    lines: tuple[tuple[str, int], ...]
    charged_g: int
    zone: str
    duty_fee_cents: int = 0
    """Part of `cents` that is paid for duty-paid delivery."""


def up(amount: int, per: int) -> int:
    """amount ÷ per, rounded up."""
    return -(-amount // per)


def half_up(amount: int, per: int) -> int:
    """amount ÷ per for amount ≥ 0, halves up."""
    return (2 * amount + per) // (2 * per)


def plain(postcode: str) -> str:
    return "".join(c for c in postcode.upper() if c.isalnum())


def within(postcode: str, ranges: Sequence[tuple[str, str]]) -> bool:
    """Whether a postcode, cut to the length of the range's ends, lies in one of the ranges."""
    code = plain(postcode)
    return bool(code) and any(low <= code[: len(low)] and code[: len(high)] <= high for low, high in ranges)


def charged_weight(card: Card, weight_g: int, sides_mm: tuple[int, int, int]) -> int:
    """The greater of actual and dimensional weight where the card says so, rounded up to its step."""
    length, width, height = sides_mm
    if card.dim == "greater" or (card.dim == "over_side" and max(sides_mm) > card.dim_side_mm):
        # mm³ ÷ (cm³/kg) is g: 1 cm³/kg = 1 mm³/g.
        weight_g = max(weight_g, up(length * width * height, card.divisor))
    return up(weight_g, card.round_g) * card.round_g


def band_price(card: Card, zone: str, weight_g: int) -> int | None:
    """Base price of a charged weight; None where no row answers."""
    rows = card.rows.get(zone, ())
    found: int | None = None
    for row in rows:
        if row.over_g < weight_g <= row.to_g:
            found = row.price(weight_g)
        elif found is not None and card.lower_break and row.over_g >= weight_g:
            found = min(found, row.price(row.over_g + 1))
    return found


def quote(
    card: Card, *, weight_g: int, sides_mm: tuple[int, int, int], country: str, postcode: str,
    attributes: frozenset[str] = frozenset(), duty_cents: int | None = None,
) -> Quote | str:  # fmt: skip
    """Price one parcel. `duty_cents`: duty advanced when delivered duty paid, None otherwise.

    Returns "no_zone" or "no_row" where the card has no answer; never a guess.
    """
    zone = card.zone_of(country, postcode)
    if zone is None:
        return "no_zone"
    charged_g = charged_weight(card, weight_g, sides_mm)
    base = band_price(card, zone.code, charged_g)
    if base is None:
        return "no_row"
    lines, fueled = [("base", base)], base
    for extra in card.surcharges:
        if _applies(extra, card, weight_g, sides_mm, country, postcode, attributes):
            cents = extra.cents + half_up(base * extra.bp, 10_000)
            lines.append((extra.code, cents))
            fueled += cents if extra.fueled else 0
    if card.fuel_bp:
        lines.append(("fuel", half_up(fueled * card.fuel_bp, 10_000)))
    fee = 0
    if duty_cents is not None:
        fee = max(card.ddp_cents + half_up(duty_cents * card.ddp_bp, 10_000), card.ddp_least_cents)
        lines.append(("duty_paid", fee))
    return Quote(sum(cents for _, cents in lines), tuple(lines), charged_g, zone.code, fee)


def _applies(
    extra: Surcharge, card: Card, weight_g: int, sides_mm: tuple[int, int, int], country: str, postcode: str,
    attributes: frozenset[str],
) -> bool:  # fmt: skip
    match extra.when:
        case "remote":
            return within(postcode, card.remote.get(country, ()))
        case "side_over":
            return max(sides_mm) > extra.limit
        case "girth_over":
            return girth(sides_mm) > extra.limit
        case "weight_over":
            return weight_g > extra.limit
        case "attribute":
            return extra.attribute in attributes
    return True


def girth(sides_mm: tuple[int, int, int]) -> int:
    """Longest side + 2 × the two others."""
    longest = max(sides_mm)
    return longest + 2 * (sum(sides_mm) - longest)


def parse_card(body: Mapping[str, Any], service: Service, version: int = 1, *, complete: bool = True) -> Card:
    """Errors: CardRefused naming each faulty row, gap and overlap.

    `complete` False for a card that was loaded before: should its service have outgrown it, the choice names the gap.
    """
    faults: list[str] = []
    faults += [f"{str(name)[:40]}: unknown field" for name in body if name not in CARD_FIELDS]
    if not isinstance(body.get("lower_break", False), bool):
        faults.append("lower_break: true or false")
    sheet = shape.text(body.get("rows_csv") or "", "rows_csv", faults, 10**6) or ""
    rows = [*_rows(shape.rows(body.get("rows"), "rows", faults), faults), *_csv_rows(sheet, faults)]
    zones = _zones(shape.rows(body.get("zones"), "zones", faults), faults)
    first = shape.day(body.get("valid_from"), "valid_from", faults) or date.min
    last = shape.day(body.get("valid_until"), "valid_until", faults) or date.max
    if last < first:
        faults.append("valid_until: before valid_from")
    if not is_currency(body.get("currency")):
        faults.append("currency: three capital letters")
    if body.get("dim", "never") not in DIMS:
        faults.append(f"dim: one of {', '.join(DIMS)}")
    numbers = {
        name: _whole(body.get(name, default), name, faults, least)
        for name, default, least in (
            ("round_g", 1, 1), ("divisor", 5000, 1), ("dim_side_mm", 0, 0), ("fuel_bp", 0, 0), ("ddp_cents", 0, 0),
            ("ddp_bp", 0, 0), ("ddp_least_cents", 0, 0),
        )
    }  # fmt: skip
    by_zone: dict[str, list[Row]] = {zone.code: [] for zone in zones}
    for row in rows:
        if row.zone in by_zone:
            by_zone[row.zone].append(row)
        else:
            faults.append(f"rows: zone {row.zone!r} is not among the zones")
    index: dict[str, list[Zone]] = {}
    for zone in sorted(zones, key=lambda z: not z.postcodes):
        for country in zone.countries:
            index.setdefault(country, []).append(zone)
    card = Card(
        service=service.code, version=version, currency=str(body.get("currency")), valid_from=first, valid_until=last,
        zones=tuple(zones), rows={z: tuple(sorted(r, key=lambda x: x.over_g)) for z, r in by_zone.items()},
        dim=str(body.get("dim", "never")), surcharges=_surcharges(shape.rows(body.get("surcharges"), "surcharges", faults), faults),
        remote=_ranges_of(shape.table(body.get("remote"), "remote", faults), faults), lower_break=body.get("lower_break", False) is True,
        index={c: tuple(z) for c, z in index.items()}, **numbers,
    )  # fmt: skip
    if complete and not faults:
        faults = [*_holes(card, service), *_overlaps(card)]
    if faults:
        raise CardRefused(service=service.code, count=len(faults), faults=faults[:100])
    return card


def _holes(card: Card, service: Service) -> list[str]:
    """Every gram up to the service's limit is answered once in each zone, every country of the service has a zone."""
    faults = [f"zones: {c}, a country of the service, has none" for c in service.countries if c not in card.index]
    need = up(service.weight_max_g, card.round_g) * card.round_g
    for zone in card.zones:
        at, before = 0, 0
        for row in card.rows[zone.code]:
            if row.over_g > at:
                faults.append(f"zone {zone.code}: no row for {at + 1} to {row.over_g} g")
            elif row.over_g < at:
                faults.append(f"zone {zone.code}: two rows for {row.over_g + 1} to {min(at, row.to_g)} g")
            starts = row.price(row.over_g + 1)
            if starts < before and not card.lower_break:
                faults.append(
                    f"zone {zone.code}: the price falls from {before} to {starts} cents above {row.over_g} g; "
                    "say lower_break if the carrier charges the lower"
                )
            at, before = max(at, row.to_g), row.price(row.to_g)
        if at < need:
            faults.append(f"zone {zone.code}: no row for {at + 1} to {need} g")
    return faults


def _overlaps(card: Card) -> list[str]:
    faults = []
    for country, zones in card.index.items():
        whole = [z.code for z in zones if not z.postcodes]
        if len(whole) > 1:
            faults.append(f"zones: {country} is in {' and '.join(whole)}")
        split = [(low, high, z.code) for z in zones for low, high in z.postcodes]
        for i, (low, high, code) in enumerate(split):
            for low2, high2, code2 in split[i + 1 :]:
                n = min(len(low), len(low2))
                if code != code2 and low[:n] <= high2[:n] and low2[:n] <= high[:n]:
                    faults.append(f"zones: {country} {low}–{high} is in {code} and {code2}")
    return faults


def _rows(given: Sequence[Any], faults: list[str]) -> list[Row]:
    return [row for n, raw in enumerate(given, 1) if (row := _row(raw, f"rows[{n}]", faults)) is not None]


def _csv_rows(text: str, faults: list[str]) -> list[Row]:
    if not text.strip():
        return []
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if unknown := set(reader.fieldnames or ()) - set(ROW_COLUMNS):
        faults.append(f"line 1: unknown columns {', '.join(sorted(str(u) for u in unknown))}")
        return []
    found = []
    for n, raw in enumerate(reader, 2):
        cells = {k: v for k, v in raw.items() if k is not None and v not in (None, "")}
        if None in raw:
            faults.append(f"line {n}: more cells than columns")
        elif (row := _row(cells, f"line {n}", faults)) is not None:
            found.append(row)
    return found


def _row(raw: Any, where: str, faults: list[str]) -> Row | None:
    if not isinstance(raw, Mapping):
        faults.append(f"{where}: an object")
        return None
    before = len(faults)
    faults += [f"{where}.{name}: unknown" for name in raw if name not in ROW_COLUMNS]
    faults += [f"{where}.{name}: missing" for name in ("zone", "to_g") if name not in raw]
    kind = str(raw.get("kind", "gram"))
    if kind not in ("gram", "steps"):
        faults.append(f"{where}.kind: gram or steps")
    if not isinstance(raw.get("zone", ""), str):
        faults.append(f"{where}.zone: text")
    numbers = {name: _whole(raw.get(name, 0), f"{where}.{name}", faults) for name in ROW_COLUMNS[2:]}
    if numbers["to_g"] <= numbers["over_g"]:
        faults.append(f"{where}.to_g: not above over_g")
    if kind == "steps" and not (numbers["step_g"] and numbers["first_g"]):
        faults.append(f"{where}: steps need first_g and step_g")
    if len(faults) > before:
        return None
    return Row(zone=str(raw["zone"]), kind=kind, **numbers)


def _whole(value: Any, name: str, faults: list[str], least: int = 0) -> int:
    """A whole number from `least`; text is taken from CSV."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 13 else text
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**12:
        faults.append(f"{name}: {str(value)[:20]!r} is no whole number from {least}")
        return least
    return value


def _zones(given: Sequence[Any], faults: list[str]) -> list[Zone]:
    zones: list[Zone] = []
    for n, raw in enumerate(given, 1):
        where, before = f"zones[{n}]", len(faults)
        told = shape.typed(Zone, raw, where, faults, leave=frozenset({"postcodes"}))
        if len(faults) > before:
            continue
        code, countries = told["code"], told["countries"]
        faults += [f"{where}: {c!r} is no ISO 3166 code" for c in countries if not is_country(c)]
        ranges = _ranges(shape.rows(raw.get("postcodes"), f"{where}.postcodes", faults), f"{where}.postcodes", faults)
        if not code or not countries:
            faults.append(f"{where}: code and countries")
        if ranges and len(countries) != 1:
            faults.append(f"{where}: postcodes belong to one country")
        if code in {z.code for z in zones} or len(set(countries)) < len(countries):
            faults.append(f"{where}: {code!r} or a country of it comes twice")
        zones.append(Zone(code, countries, ranges))
    if not given:
        faults.append("zones: at least one")
    return zones


def _ranges(given: Any, where: str, faults: list[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for raw in given:
        ends = [plain(str(e)) for e in raw] if isinstance(raw, list | tuple) else []
        if len(ends) != 2 or not all(ends) or len(ends[0]) != len(ends[1]) or ends[0] > ends[1]:
            faults.append(f"{where}: {raw!r} is no [from, to] of equal length")
            continue
        found.append((ends[0], ends[1]))
    return tuple(found)


def _ranges_of(given: Mapping[str, Any], faults: list[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    return {
        str(c): _ranges(shape.rows(ranges, f"remote.{c}", faults), f"remote.{c}", faults) for c, ranges in given.items()
    }


def _surcharges(given: Sequence[Any], faults: list[str]) -> tuple[Surcharge, ...]:
    found = []
    for n, raw in enumerate(given, 1):
        where, before = f"surcharges[{n}]", len(faults)
        told = shape.typed(Surcharge, raw, where, faults)
        if len(faults) == before and told.get("when", "always") not in WHEN:
            faults.append(f"{where}.when: one of {', '.join(WHEN)}")
        if len(faults) == before:
            found.append(Surcharge(**told))
    return tuple(found)

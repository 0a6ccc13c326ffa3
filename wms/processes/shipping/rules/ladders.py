"""What a chosen service charges for a parcel of each carton, as a ladder of weights: what cartons are planned by. And what it charges
for each piece that ships as it is."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wms.foundation.orders.rules import Prices
from wms.processes.shipping.rules.cards import Card, Row, quote, within
from wms.processes.shipping.rules.policy import Policy

Sides = tuple[int, int, int]
Ladder = tuple[tuple[int, int], ...]
"""(up to so many grams gross, cents in the site's currency), rising weights."""

Piece = tuple[Sides, int]
"""(sides, grams) of goods in their own container."""

GRID_G = 50
"""Prices by the gram are told in steps of so much, each at its upper end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Parcels of one service to one place. `attributes`: of the whole order. `duty_term`: DDP adds the least fee for it."""

    card: Card
    country: str
    postcode: str
    attributes: frozenset[str]
    duty_term: str
    weight_max_g: int


def key(policy: Policy, wanted: Wanted, cartons: Mapping[str, Sides], as_is: Mapping[int, Piece]) -> str:
    """The same for all orders that are charged the same: service, zone, what surcharges ask for, cartons, goods in their own
    container, policy."""
    card, zone = wanted.card, wanted.card.zone_of(wanted.country, wanted.postcode)
    asked = [
        card.service, card.version, zone.code if zone else "", within(wanted.postcode, card.remote.get(wanted.country, ())),
        sorted(wanted.attributes & {extra.attribute for extra in card.surcharges}), wanted.duty_term == "DDP",
        wanted.weight_max_g, policy.version, policy.parcel_cents, policy.in_site_currency(1_000_000, card.currency),
        sorted(cartons.items()), sorted(as_is.items()),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def told(policy: Policy, wanted: Wanted, cartons: Mapping[str, Sides], as_is: Mapping[int, Piece]) -> Prices:
    """All that orders of one key are planned by."""
    card = wanted.card
    return Prices(
        prices(policy, wanted, cartons), prices_as_is(policy, wanted, as_is), card.divisor if card.dim != "never" else 0,
        card.dim_side_mm if card.dim == "over_side" else 0,
    )  # fmt: skip


def prices(policy: Policy, wanted: Wanted, cartons: Mapping[str, Sides]) -> dict[str, Ladder]:
    """Carton to its ladder, the house's own cost of a parcel included. A carton that the card has no price for has none."""
    found = {}
    for code, sides in cartons.items():
        ladder = _ladder(policy, wanted, sides)
        if ladder:
            found[code] = ladder
    return found


def prices_as_is(policy: Policy, wanted: Wanted, as_is: Mapping[int, Piece]) -> dict[int, int]:
    """SKU id to the price of a piece as its own parcel, by its own sides and weight, the house's own cost included. A piece that the
    card has no price for has none."""
    told = {sku_id: _cents(policy, wanted, sides, weight_g) for sku_id, (sides, weight_g) in as_is.items()}
    return {sku_id: cents for sku_id, cents in told.items() if cents is not None}


def _cents(policy: Policy, wanted: Wanted, sides: Sides, weight_g: int) -> int | None:
    told = quote(
        wanted.card, weight_g=weight_g, sides_mm=sides, country=wanted.country, postcode=wanted.postcode,
        attributes=wanted.attributes, duty_cents=0 if wanted.duty_term == "DDP" else None,
    )  # fmt: skip
    cents = None if isinstance(told, str) else policy.in_site_currency(told.cents, wanted.card.currency)
    return None if cents is None else cents + policy.parcel_cents


def _ladder(policy: Policy, wanted: Wanted, sides: Sides) -> Ladder:
    steps: list[tuple[int, int]] = []
    for weight_g in sorted({w for w in _ends(wanted) if 0 < w <= wanted.weight_max_g} | {wanted.weight_max_g}):
        cents = _cents(policy, wanted, sides, weight_g)
        if cents is None:
            break
        if steps and steps[-1][1] == cents:
            steps.pop()
        steps.append((weight_g, cents))
    return tuple(steps)


def _ends(wanted: Wanted) -> Iterator[int]:
    """Weights up to which a price holds."""
    zone = wanted.card.zone_of(wanted.country, wanted.postcode)
    yield from (extra.limit for extra in wanted.card.surcharges if extra.when == "weight_over")
    for row in wanted.card.rows.get(zone.code, ()) if zone else ():
        yield row.over_g
        yield row.to_g
        yield from _steps(row, min(row.to_g, wanted.weight_max_g))


def _steps(row: Row, to_g: int) -> Iterator[int]:
    if row.kind == "steps":
        yield from range(row.first_g, to_g, row.step_g)
    elif row.per_kg_cents:
        yield from range(row.over_g + GRID_G, to_g, GRID_G)

"""Which parcels get an insert: rules as data, and what of an order they look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from wms.kernel.errors import Refusal


class BadInsert(Refusal):
    """This insert rule cannot work."""

    code, status = "packing.bad_insert", 422


class UnknownInsert(Refusal):
    """No such insert rule."""

    code, status = "packing.unknown_insert", 404


@dataclass(frozen=True, slots=True)
class Takes:
    """What an order must be like. Empty and None: anything. Dates are days of the campaign, both counted in."""

    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    value_min_cents: int | None = None
    first_order: bool = False
    starts_on: date | None = None
    ends_on: date | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Takes":
        """As kept: lists for tuples, ISO days for dates."""
        fields: dict[str, Any] = {n: date.fromisoformat(data[n]) for n in ("starts_on", "ends_on") if data.get(n)}
        fields |= {n: tuple(data[n]) for n in ("channels", "countries", "skus", "families") if data.get(n)}
        return cls(**fields, value_min_cents=data.get("value_min_cents"), first_order=bool(data.get("first_order")))


@dataclass(frozen=True, slots=True)
class Occasion:
    """An order as it is packed. `on`: the day."""

    channel: str
    country: str
    skus: frozenset[str]
    families: frozenset[str]
    value_cents: int
    first_order: bool
    on: date


def fits(takes: Takes, order: Occasion) -> bool:
    """Tell whether an order gets the insert."""
    return (
        (not takes.channels or order.channel in takes.channels)
        and (not takes.countries or order.country in takes.countries)
        and (not takes.skus or bool(order.skus & set(takes.skus)))
        and (not takes.families or bool(order.families & set(takes.families)))
        and (takes.value_min_cents is None or order.value_cents >= takes.value_min_cents)
        and (order.first_order or not takes.first_order)
        and (takes.starts_on is None or order.on >= takes.starts_on)
        and (takes.ends_on is None or order.on <= takes.ends_on)
    )


def check(takes: Takes) -> None:
    """Errors: BadInsert."""
    if takes.starts_on and takes.ends_on and takes.ends_on < takes.starts_on:
        raise BadInsert(field="ends_on", why="lies before starts_on")
    if any(len(c) != 2 or not c.isupper() for c in takes.countries):
        raise BadInsert(field="countries", why="two capital letters each")

"""What an order's pieces go into: cartons by a true arrangement, within what the order's service asks of a parcel, at least cost."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from wms.algorithms.packing.bags import filled
from wms.algorithms.packing.engine import OWN_CONTAINER, plan
from wms.algorithms.packing.model import Box, Item, LeftOver, Limit, Packed, Plan, Rules
from wms.algorithms.packing.screen import TOO_HEAVY
from wms.foundation.orders.rules import Prices

PART_EACH = 250
"""Pieces arranged together. The time grows faster than the pieces, and one wholesale order must not hold up the house: a larger
order is arranged part by part, like parts once."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service asks of a parcel; 0: no limit but the cartons' own. `carriage`: key of what it charges, empty: not known."""

    max_g: int = 0
    max_cents: int = 0
    carriage: str = ""
    parcels_max: int = 3


@dataclass(frozen=True, slots=True)
class Goods:
    """What limits the parcels of a SKU: tags and what they may not lie beside, the cartons of its approved pack versions, and
    whether each piece ships as it is."""

    tags: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    only_in: tuple[str, ...] = ()
    own_container: bool = False


ANY = Goods()
NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Supply:
    """What parcels are planned with, for all orders of a wave. `skus`: id to (size in mm, weight in g). `prices`: by key
    of carriage."""

    skus: Mapping[int, tuple[tuple[int, int, int], int]]
    boxes: tuple[Box, ...]
    fragile: frozenset[int] = frozenset()
    """SKU ids that carry nothing."""
    goods: Mapping[int, Goods] = field(default_factory=dict)
    """SKU id to what limits its parcels; a SKU that is not there shares one with anything."""
    limits: tuple[Limit, ...] = ()
    prices: Mapping[str, Prices] = field(default_factory=dict)


NO_PRICES = Prices()


class Carriage:
    """Price of a parcel by carton and gross weight, as `Rules.price` wants it. Above its ladder a parcel costs as its end."""

    def __init__(self, told: Prices) -> None:
        self._told = told
        self._ladders = {code: ([w for w, _ in steps], [c for _, c in steps]) for code, steps in told.ladders.items()}

    def __call__(self, box: Box, gross_g: int) -> float:
        sides, told = box.outer_mm or box.inner_mm, self._told
        if box.bag and told.divisor and max(sides) > told.dim_over_mm:
            gross_g = max(gross_g, -(-prod(sides) // told.divisor))
        weights, cents = self._ladders[box.code]
        return float(cents[min(bisect_left(weights, gross_g), len(cents) - 1)])


@dataclass(slots=True)
class Arranged:
    """cents: what the service charges for all of them, with the house's cost of each parcel; None: not known."""

    cartons: list[Packed] = field(default_factory=list)
    left: list[LeftOver] = field(default_factory=list)
    cents: int | None = 0


def arrange(pieces: Sequence[int], worth: Mapping[int, int], terms: Terms, supply: Supply) -> Arranged:
    """Cartons of these pieces (SKU ids), parcels of those that ship as they are, and what fits none. `worth`: SKU id to the
    declared cents of a piece."""
    boxes = tuple(replace(b, gross_max_g=terms.max_g) for b in supply.boxes) if terms.max_g else supply.boxes
    prices = supply.prices.get(terms.carriage, NO_PRICES)
    carriage = Carriage(prices) if all(box.code in prices.ladders for box in boxes) else None
    made = _as_they_are([i for i in pieces if supply.goods.get(i, ANY).own_container], terms, supply)
    loose = [i for i in pieces if not supply.goods.get(i, ANY).own_container]
    groups = [
        tuple(together[start : start + PART_EACH])
        for together in parted(loose, worth, terms.max_cents) for start in range(0, len(together), PART_EACH)
    ]  # fmt: skip
    plans = _plans(groups, boxes, carriage, supply)
    most = max(1, terms.parcels_max - len(made.cartons))
    if carriage and (any(p.left_over for p in plans) or sum(len(p.cartons) for p in plans) > most):
        plans = _plans(groups, boxes, None, supply)  # the cheapest are more than the customer takes: then the fewest
    for one in plans:
        made.left += one.left_over
        made.cartons += one.cartons
    made.cents = _cents(made.cartons, boxes, carriage, prices)
    return made


def _cents(cartons: Sequence[Packed], boxes: Sequence[Box], carriage: Carriage | None, prices: Prices) -> int | None:
    by_code, found = {box.code: box for box in boxes}, 0
    for packed in cartons:
        if packed.box == OWN_CONTAINER:
            cents = prices.as_is.get(int(packed.placed[0].key))
        elif carriage is None:
            cents = None
        else:
            cents = round(carriage(_filled(by_code[packed.box], packed), packed.weight_g))
        if cents is None:
            return None
        found += cents
    return found


def _filled(box: Box, packed: Packed) -> Box:
    """A bag has the sides that its content gives it."""
    if not box.bag:
        return box
    high = max(p.at_mm[2] + p.size_mm[2] for p in packed.placed)
    return replace(box, outer_mm=filled(box.outer_mm or box.inner_mm, high))


def _as_they_are(pieces: Sequence[int], terms: Terms, supply: Supply) -> Arranged:
    made = Arranged()
    for i, n in sorted(Counter(pieces).items()):
        size, weight_g = supply.skus[i]
        if terms.max_g and weight_g > terms.max_g:
            mend = (
                f"it ships as it is with {weight_g} g, and its service takes parcels of {terms.max_g} g: choose another"
            )
            made.left.append(LeftOver(str(i), TOO_HEAVY, mend, n))
        else:
            made.cartons += plan([Item(str(i), size, weight_g, n, own_container=True)], ()).cartons
    return made


def _plans(
    groups: Sequence[tuple[int, ...]], boxes: Sequence[Box], carriage: Carriage | None, supply: Supply
) -> list[Plan]:
    """The cartons of each group; like groups are arranged once."""
    rules = Rules(limits=supply.limits) if carriage is None else Rules(limits=supply.limits, price=carriage)
    done: dict[tuple[int, ...], Plan] = {}
    for group in groups:
        if group not in done:
            done[group] = plan([
                Item(str(i), *supply.skus[i], n, fragile=i in supply.fragile, tags=g.tags, not_with=g.not_with, only_in=g.only_in)
                for i, n in Counter(group).items() for g in [supply.goods.get(i, ANY)]
            ], boxes, rules)  # fmt: skip
    return [done[group] for group in groups]


def parted(pieces: Sequence[int], worth: Mapping[int, int], most_cents: int) -> list[list[int]]:
    """Pieces in as few groups as first fit, dearest first, finds, none worth more than `most_cents` (0: no limit) unless by
    one piece alone. Source: Johnson, Near-optimal bin packing algorithms, 1973: at most 11/9 of the fewest, plus one.
    """
    if not most_cents or sum(worth.get(i, 0) for i in pieces) <= most_cents:
        return [list(pieces)]
    groups: list[list[int]] = []
    left: list[int] = []
    for i in sorted(pieces, key=lambda i: (-worth.get(i, 0), i)):
        value = worth.get(i, 0)
        at = next((n for n, free in enumerate(left) if value <= free), len(groups))
        if at == len(groups):
            groups.append([])
            left.append(most_cents)
        groups[at].append(i)
        left[at] -= value
    return groups

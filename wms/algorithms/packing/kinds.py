"""Equal units as one kind, boxes as a shelf: the canonical form that makes an answer independent of how it was asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from wms.algorithms.packing.bags import filled
from wms.algorithms.packing.model import Box, Item, Size, turns

NO_LIMIT, NOTHING_ON_TOP = -1, -2
LAYERS_MAX = 6
"""Of equal pieces in a bag; more are tried as one stack."""


class Kind:
    """Equal units and the keys they came with, in turn: (key, pieces)."""

    __slots__ = ("cap_g", "keys", "not_with", "only_in", "size", "tags", "turns", "units", "volume", "weight_g")

    def __init__(
        self, size: Size, stands: tuple[Size, ...], weight_g: int, cap_g: int, tags: tuple[str, ...],
        not_with: tuple[str, ...], only_in: tuple[str, ...], keys: list[tuple[str, int]], units: int,
    ) -> None:  # fmt: skip
        self.size, self.turns, self.weight_g, self.cap_g = size, stands, weight_g, cap_g
        self.tags, self.not_with, self.only_in = tags, not_with, only_in
        self.keys, self.units = keys, units
        self.volume = size[0] * size[1] * size[2]

    def take(self, units: int) -> "Kind":
        """The first so many units as a kind of their own."""
        taken: list[tuple[str, int]] = []
        todo = units
        for key, qty in self.keys:
            if not todo:
                break
            taken.append((key, min(qty, todo)))
            todo -= min(qty, todo)
        return self._with(taken, units)

    def drop(self, units: int) -> "Kind":
        """What is left without the first so many units."""
        kept: list[tuple[str, int]] = []
        todo = units
        for key, qty in self.keys:
            if qty > todo:
                kept.append((key, qty - todo))
            todo = max(0, todo - qty)
        return self._with(kept, self.units - units)

    def and_more(self, other: "Kind") -> "Kind":
        """Both together."""
        return self._with([*self.keys, *other.keys], self.units + other.units)

    def _with(self, keys: list[tuple[str, int]], units: int) -> "Kind":
        return Kind(
            self.size, self.turns, self.weight_g, self.cap_g, self.tags, self.not_with, self.only_in, keys, units
        )


def canonical(k: Kind) -> tuple[Any, ...]:
    """Where a kind stands among others: the largest first."""
    return (-k.volume, k.size, k.turns, k.weight_g, k.cap_g, k.tags, k.not_with, k.only_in)


def merged(kinds: Iterable[Kind]) -> list[Kind]:
    """Kinds that no rule tells apart as one, in canonical order."""
    found: dict[tuple[Any, ...], Kind] = {}
    for k in kinds:
        one = found.get(canonical(k))
        found[canonical(k)] = k if one is None else one.and_more(k)
    return [found[key] for key in sorted(found)]


def kinds_of(items: Iterable[Item]) -> list[Kind]:
    """Items that no rule tells apart become one kind; in canonical order, the largest first."""
    found: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
    for i in items:
        size = i.size_mm
        turn = i.turn
        if turn == "any":
            a, b, c = size
            if a < b:
                a, b = b, a
            if b < c:
                b, c = c, b
                if a < b:
                    a, b = b, a
            size = (a, b, c)
        cap = NO_LIMIT if i.load_max_g is None else i.load_max_g
        if i.fragile and i.load_max_g is None:
            cap = NOTHING_ON_TOP
        key = (size, turn, i.weight_g, cap, i.tags, i.not_with, i.only_in)
        entry = found.get(key)
        if entry is None:
            found[key] = [(i.key, i.qty)]
        else:
            entry.append((i.key, i.qty))
    kinds = []
    for (size, turn, weight, cap, tags, not_with, only_in), keys in found.items():
        if len(keys) > 1:
            keys.sort()
        units = sum([qty for _, qty in keys])
        kinds.append(Kind(size, turns(size, turn), weight, cap, tags, not_with, only_in, keys, units))
    if len(kinds) > 1:
        kinds.sort(key=canonical)
    return kinds


@dataclass(frozen=True, slots=True)
class Room:
    """A box as the search sees it, a bag as filled: its box has the outer sides that it has then. sides: longest first. litres: what it
    takes of a van."""

    box: Box
    inner: Size
    volume: int
    sides: Size
    litres: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """The cartons on hand, smallest first. Make it once for many orders."""

    boxes: tuple[Box, ...]
    by_code: Mapping[str, Box]
    cartons: tuple[Room, ...]
    bags: tuple[Box, ...]
    seen: dict[tuple[object, ...], tuple[str, str] | None] = field(default_factory=dict, compare=False, repr=False)
    """What screening found of items seen before."""

    def rooms(self, kinds: Sequence[Kind]) -> Sequence[Room]:
        """The cartons, and each bag at the heights that this content may have: in one layer, of equal pieces in a few, all stacked.

        Lying flat asks least of a bag, so no piece is put upright to save litres; nor is a bag filled higher than where it
        begins to lose room.
        """
        if not self.bags:
            return self.cartons
        found = list(self.cartons)
        lows = [min(t[2] for t in k.turns) for k in kinds]
        heights = {max(lows), sum(low * k.units for low, k in zip(lows, kinds, strict=True))}
        if len(kinds) == 1:
            heights.update(lows[0] * layers for layers in range(2, min(kinds[0].units, LAYERS_MAX) + 1))
        for bag in self.bags:
            outer, fullest = bag.outer_mm or bag.inner_mm, 0
            for high in sorted(heights):
                inner = filled(bag.inner_mm, high)
                if high >= min(bag.inner_mm[:2]) or prod(inner) <= fullest:
                    break
                fullest = prod(inner)
                found.append(room(replace(bag, outer_mm=filled(outer, high)), inner))  # a carrier bills the filled bag
        return sorted(found, key=lambda r: (r.volume, r.box.cost, r.box.code, r.inner))


def room(box: Box, inner: Size) -> Room:
    a, b, c = sorted(inner)
    return Room(box, inner, a * b * c, (c, b, a), litres(box))


def litres(box: Box) -> float:
    """Of a bag the outer sides that it has when filled, where they are known."""
    return (prod(box.outer_mm) if box.bag and box.outer_mm else box.volume_mm3) / 1e6


def shelf(boxes: Sequence[Box]) -> Shelf:
    """Put boxes in canonical order. A code that comes twice counts once; a box without room or load is no box."""
    by_code = {b.code: b for b in boxes}
    good = [b for b in by_code.values() if min(b.inner_mm[: 2 if b.bag else 3]) > 0 and b.load_max_g > 0]
    ordered = tuple(sorted(good, key=lambda b: (b.volume_mm3, b.cost, b.code)))
    return Shelf(
        ordered, by_code, tuple(room(b, b.inner_mm) for b in ordered if not b.bag), tuple(b for b in ordered if b.bag)
    )

"""The parcels that a choice is made for: as planned, or as content lets expect, split where weight or value asks for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wms.processes.shipping.rules.matrix import Goods

FILL_PERCENT = 70
"""Share of a carton that loose goods are expected to fill."""


@dataclass(frozen=True, slots=True)
class Box:
    """A carton: outer sides, what it holds in mm³, its longest inner side, what it weighs empty."""

    sides_mm: tuple[int, int, int]
    holds_mm3: int
    longest_mm: int
    tare_g: int
    load_max_g: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """`content`: (goods, pieces). `value_cents` in the site's currency."""

    weight_g: int
    sides_mm: tuple[int, int, int]
    value_cents: int
    content: tuple[tuple[Goods, int], ...]

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset(a for goods, _ in self.content for a in goods.judged)


def as_it_is(goods: Goods) -> Parcel:
    """One piece in its own container."""
    return Parcel(goods.weight_g, goods.sides_mm, goods.value_cents, ((goods, 1),))


def expected(content: Iterable[tuple[Goods, int]], boxes: Sequence[Box], packing_g: int) -> Parcel:
    """One parcel of this content in the smallest box that should take it. `boxes` come smallest first."""
    content = tuple(content)
    volume = sum(g.sides_mm[0] * g.sides_mm[1] * g.sides_mm[2] * n for g, n in content)
    weight = sum(g.weight_g * n for g, n in content)
    longest = max((max(g.sides_mm) for g, _ in content), default=0)
    value = sum(g.value_cents * n for g, n in content)
    for box in boxes:
        if volume * 100 <= box.holds_mm3 * FILL_PERCENT and longest <= box.longest_mm and weight <= box.load_max_g:
            return Parcel(weight + box.tare_g, box.sides_mm, value, content)
    # No carton: a block as long as the longest piece, of square section, with the same share of air.
    side = 1
    while side * side * longest * FILL_PERCENT < volume * 100:
        side += max(1, side // 16)
    return Parcel(weight + packing_g, (longest, side, side), value, content)


def split(
    content: Sequence[tuple[Goods, int]], *, weight_max_g: int, value_max_cents: int, volume_max_mm3: int, most: int
) -> list[list[tuple[Goods, int]]] | None:
    """Spread content over at most `most` parcels within the limits (0: none), heaviest pieces first, first fit.

    None where one piece alone is over a limit or more parcels would be needed.
    """
    parcels: list[list[tuple[Goods, int]]] = []
    room: list[list[int]] = []
    limits = (weight_max_g, value_max_cents, volume_max_mm3)
    for goods, pieces in sorted(content, key=lambda x: (-x[0].weight_g, -x[0].value_cents, x[0].sku_id)):
        sides = goods.sides_mm
        each = (goods.weight_g, goods.value_cents, sides[0] * sides[1] * sides[2])
        left, at = pieces, 0
        while left:
            if at == len(parcels):
                if at == most:
                    return None
                parcels.append([])
                room.append(list(limits))
            fits = left
            for limit, free, one in zip(limits, room[at], each, strict=True):
                if limit and one:
                    fits = min(fits, free // one)
            if fits <= 0:
                if not parcels[at]:
                    return None  # not even alone in an empty parcel
                at += 1
                continue
            parcels[at].append((goods, fits))
            room[at] = [
                free - one * fits if limit else free for limit, free, one in zip(limits, room[at], each, strict=True)
            ]
            left -= fits
    return parcels


def pieces_of(parcel: Parcel) -> Mapping[int, int]:
    found: dict[int, int] = {}
    for goods, n in parcel.content:
        found[goods.sku_id] = found.get(goods.sku_id, 0) + n
    return found

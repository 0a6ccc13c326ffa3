"""The smallest rooms that hold what one parcel holds: what an assortment must offer one of."""

from collections.abc import Sequence

from wms.algorithms.packing.assortment import descending
from wms.algorithms.packing.kinds import kinds_of
from wms.algorithms.packing.model import Box, Item, Size
from wms.algorithms.packing.single import layout
from wms.algorithms.packing.starts import first_that_takes_all, flat

BASES = ((1.0, 1.0), (1.6, 1.0), (1.0, 0.6), (1.6, 0.6), (2.5, 1.0), (2.2, 1.6))
"""Sides of the bases tried, for a cube of the content's volume with some air."""
AIR = 1.15
STARTS = flat([0, 3, 0, 0, 0, 0, 0, 0, 1, 3, 1, 0, 2, 3, 0, 1])
"""Low fillings first."""
SHAPES_MAX = 4


def shapes_of(items: Sequence[Item], support_pct: int = 75) -> tuple[Size, ...]:
    """Rooms (longest side first) of which each holds all items, none inside another; at most SHAPES_MAX, the smallest first.

    One piece is its own room; several are packed on bases of several proportions and measured.
    """
    if len(items) == 1 and items[0].qty == 1:
        return (descending(items[0].size_mm),)
    kinds = kinds_of(items)
    volume = sum(k.volume * k.units for k in kinds)
    height = sum(min(k.size) * k.units for k in kinds)
    edge = (AIR * volume) ** (1 / 3)
    least = sorted((max(k.size[axis] for k in kinds) for axis in range(3)), reverse=True)
    found: set[Size] = set()
    for a, b in BASES:
        base = max(round(a * edge), least[0]), max(round(b * edge), least[1])
        tall = max(height, least[2]) + least[0]
        room = Box("", (*base, tall), 0, 1 << 40)
        at, placed, _, _ = first_that_takes_all(
            layout(kinds, [(0.0, *room.inner_mm, room.load_max_g, room)]), STARTS, 1, 1 << 40, support_pct, 1
        )
        if at >= 0:
            found.add(descending(max(p[axis] for p in placed) for axis in (3, 4, 5)))
    smallest = sorted(found, key=lambda s: (s[0] * s[1] * s[2], s))
    kept: list[Size] = []
    for shape in smallest:
        if not any(all(x <= y for x, y in zip(k, shape, strict=True)) for k in kept):
            kept.append(shape)
    return tuple(kept[:SHAPES_MAX])

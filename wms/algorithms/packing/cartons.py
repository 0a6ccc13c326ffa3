"""Pack boxes into the smallest carton that holds them; split over several when none does.

Extreme points with full orientation and support of at least 75 % of the base. Integer millimetres and grams.
Source: Crainic, Perboli, Tadei, "Extreme point-based heuristics for three-dimensional bin packing", INFORMS J. Computing
20(3), 2008, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SUPPORT_MIN = 0.75


@dataclass(frozen=True, slots=True)
class Item:
    key: str
    size_mm: tuple[int, int, int]
    weight_g: int


@dataclass(frozen=True, slots=True)
class Box:
    code: str
    inner_mm: tuple[int, int, int]
    tare_g: int
    load_max_g: int

    @property
    def volume_mm3(self) -> int:
        return self.inner_mm[0] * self.inner_mm[1] * self.inner_mm[2]


@dataclass(frozen=True, slots=True)
class Placed:
    key: str
    at_mm: tuple[int, int, int]
    size_mm: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Packed:
    box: str
    placed: tuple[Placed, ...]
    weight_g: int
    """Content and tare."""


@dataclass(frozen=True, slots=True)
class Plan:
    cartons: tuple[Packed, ...]
    left_over: tuple[tuple[str, str], ...]
    """(key, reason) of what fits no carton at all."""


def _orientations(size: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    a, b, c = size
    return sorted(
        {(a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)}, key=lambda o: (o[2], -o[0] * o[1], o)
    )


def _overlaps(at: tuple[int, int, int], size: tuple[int, int, int], other: Placed) -> bool:
    return all(at[k] < other.at_mm[k] + other.size_mm[k] and other.at_mm[k] < at[k] + size[k] for k in range(3))


def _supported(at: tuple[int, int, int], size: tuple[int, int, int], placed: Sequence[Placed]) -> bool:
    if at[2] == 0:
        return True
    area = 0
    for p in placed:
        if p.at_mm[2] + p.size_mm[2] == at[2]:
            dx = min(at[0] + size[0], p.at_mm[0] + p.size_mm[0]) - max(at[0], p.at_mm[0])
            dy = min(at[1] + size[1], p.at_mm[1] + p.size_mm[1]) - max(at[1], p.at_mm[1])
            if dx > 0 and dy > 0:
                area += dx * dy
    return area >= SUPPORT_MIN * size[0] * size[1]


def pack_one(box: Box, items: Sequence[Item]) -> tuple[list[Placed], list[Item]]:
    """Fill one box. Returns (placements, items that did not go in), in the order given."""
    placed: list[Placed] = []
    rest: list[Item] = []
    points: list[tuple[int, int, int]] = [(0, 0, 0)]
    load_g = 0
    for item in items:
        spot = None
        if load_g + item.weight_g <= box.load_max_g:
            spot = _find(box, item, points, placed)
        if spot is None:
            rest.append(item)
            continue
        placed.append(spot)
        load_g += item.weight_g
        points = _next_points(points, spot, placed)
    return placed, rest


def _find(box: Box, item: Item, points: Sequence[tuple[int, int, int]], placed: Sequence[Placed]) -> Placed | None:
    for at in points:
        for size in _orientations(item.size_mm):
            if any(at[k] + size[k] > box.inner_mm[k] for k in range(3)):
                continue
            if any(_overlaps(at, size, p) for p in placed) or not _supported(at, size, placed):
                continue
            return Placed(item.key, at, size)
    return None


def _next_points(
    points: Sequence[tuple[int, int, int]], new: Placed, placed: Sequence[Placed]
) -> list[tuple[int, int, int]]:
    (x, y, z), (dx, dy, dz) = new.at_mm, new.size_mm
    corners = {(x + dx, y, z), (x, y + dy, z), (x, y, z + dz), (x + dx, y, 0), (x, y + dy, 0)}
    kept = {p for p in points if p != new.at_mm} | corners
    return sorted(
        (p for p in kept if not any(_overlaps(p, (1, 1, 1), q) for q in placed)), key=lambda p: (p[2], p[1], p[0])
    )


def plan(items: Sequence[Item], boxes: Sequence[Box]) -> Plan:
    """Fewest cartons greedily, then the smallest that holds each share. Deterministic."""
    by_size = sorted(boxes, key=lambda b: (b.volume_mm3, b.code))
    left_over = []
    waiting = []
    for item in sorted(items, key=lambda i: (-i.size_mm[0] * i.size_mm[1] * i.size_mm[2], -max(i.size_mm), i.key)):
        if any(not pack_one(box, [item])[1] for box in by_size):
            waiting.append(item)
        else:
            left_over.append((item.key, "fits no carton by size or weight"))
    cartons = []
    while waiting:
        packed, waiting = _one_carton(waiting, by_size)
        cartons.append(packed)
    return Plan(tuple(cartons), tuple(left_over))


def _one_carton(waiting: list[Item], by_size: Sequence[Box]) -> tuple[Packed, list[Item]]:
    volume = sum(i.size_mm[0] * i.size_mm[1] * i.size_mm[2] for i in waiting)
    weight_g = sum(i.weight_g for i in waiting)
    for box in by_size:
        if box.volume_mm3 >= volume and box.load_max_g >= weight_g:
            placed, rest = pack_one(box, waiting)
            if not rest:
                return _done(box, placed, waiting, rest), []
    # None holds all: the one that takes most volume, the smaller on a tie.
    tries = [(box, *pack_one(box, waiting)) for box in by_size]
    box, placed, rest = max(tries, key=lambda t: (_volume(t[1]), -t[0].volume_mm3))
    return _done(box, placed, waiting, rest), rest


def _volume(placed: Sequence[Placed]) -> int:
    return sum(p.size_mm[0] * p.size_mm[1] * p.size_mm[2] for p in placed)


def _done(box: Box, placed: Sequence[Placed], items: Sequence[Item], rest: Sequence[Item]) -> Packed:
    content_g = sum(i.weight_g for i in items) - sum(i.weight_g for i in rest)
    return Packed(box.code, tuple(placed), box.tare_g + content_g)

"""The independent checker: every answer passes here before it is given. It shares no code with the search.

It derives everything from the placements alone: inside, apart, turned as allowed, carried, loads, company, weights, and that
every piece is packed exactly once. Where kernels are compiled, one of them tells first whether there is any fault of place.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import COMPILED, njit
from wms.algorithms.packing.model import Box, Item, LeftOver, Packed, Rules

EPS = 1e-6

Row = tuple[int, int, int, int, int, int, int]
"""Two corners and the number of the placement."""


def faults(
    items: Sequence[Item], boxes: Mapping[str, Box], packed: Iterable[Packed], left: Iterable[LeftOver], rules: Rules
) -> list[str]:
    """Everything that is wrong with an answer; empty when it is right."""
    known = {i.key: i for i in items}
    wanted = dict.fromkeys(known, 0)
    for i in items:
        wanted[i.key] += i.qty
    found: list[str] = []
    for number, carton in enumerate(packed):
        count: dict[str, int] = {}
        for key, _, _ in carton.placed:
            count[key] = count.get(key, 0) + 1
            wanted[key] -= 1
        if carton.box:
            found += [
                f"carton {number}: {fault}" for fault in carton_faults(known, count, boxes[carton.box], carton, rules)
            ]
        elif len(carton.placed) != 1 or not known[carton.placed[0].key].own_container:
            found.append(f"carton {number}: ships without carton")
    for each in left:
        wanted[each.key] -= each.qty
    return found + [f"{key}: {n:+d} pieces not packed" for key, n in wanted.items() if n]


def carton_faults(
    items: Mapping[str, Item], count: Mapping[str, int], box: Box, carton: Packed, rules: Rules
) -> list[str]:
    """What is wrong inside one carton; count: pieces of each key in it."""
    found: list[str] = []
    net_g = 0
    bears = choosy = False
    for key, n in count.items():
        item = items[key]
        net_g += item.weight_g * n
        bears = bears or item.fragile or item.load_max_g is not None
        choosy = choosy or bool(item.not_with or item.only_in)
    volume = sound(carton, box, rules) if COMPILED and not bears and not box.bag else -1
    if volume < 0:
        found, volume = place_faults(items, box, carton, rules, bears)
    for key, size in {(key, size) for key, _, size in carton.placed}:
        if not _may_stand(items[key], size):
            found.append(f"{key} is turned as it must not be")
    gross_g = net_g + box.tare_g + max(0, box.volume_mm3 - volume) * rules.void_g_per_l // 1_000_000
    if carton.weight_g != gross_g:
        found.append(f"weighs {gross_g} g, not {carton.weight_g} g")
    if net_g > box.load_max_g or (box.gross_max_g is not None and gross_g > box.gross_max_g):
        found.append("is too heavy")
    return found + _company(items, count, box, rules) if choosy or rules.limits else found


def place_faults(
    items: Mapping[str, Item], box: Box, carton: Packed, rules: Rules, bears: bool
) -> tuple[list[str], int]:
    """(what is outside, overlaps, is not carried or carries too much; the content's volume). bears: some item limits its load."""
    rows = [
        (x, y, z, x + dx, y + dy, z + dz, n) for n, (_, (x, y, z), (dx, dy, dz)) in enumerate(carton.placed)
    ]  # fmt: skip
    found = _outside(rows, carton, box)
    rows.sort()
    found += _overlaps(rows, carton)
    found += _support_and_loads(rows, carton, items, bears, rules)
    return found, sum((r[3] - r[0]) * (r[4] - r[1]) * (r[5] - r[2]) for r in rows)


def sound(carton: Packed, box: Box, rules: Rules) -> int:
    """The content's volume, when nothing is outside, nothing overlaps and every base is carried; else -1: what is wrong is worded
    by the plain form."""
    numbers: list[int] = []
    for _, at, size in carton.placed:
        numbers += at
        numbers += size
    width, length, height = box.inner_mm
    return int(_sound(np.array(numbers, dtype=np.int64), width, length, height, rules.support_pct))


@njit
def _sound(placed: NDArray[np.int64], width: int, length: int, height: int, support_pct: int) -> int:
    """placed: x, y, z and the extents of each, in a row."""
    volume = 0
    for i in range(0, len(placed), 6):
        x1 = placed[i]
        y1 = placed[i + 1]
        z1 = placed[i + 2]
        x2 = x1 + placed[i + 3]
        y2 = y1 + placed[i + 4]
        z2 = z1 + placed[i + 5]
        if x1 < 0 or y1 < 0 or z1 < 0 or x2 > width or y2 > length or z2 > height:
            return -1
        area = 0
        for k in range(0, len(placed), 6):
            if k == i:
                continue
            dx = min(x2, placed[k] + placed[k + 3]) - max(x1, placed[k])
            dy = min(y2, placed[k + 1] + placed[k + 4]) - max(y1, placed[k + 1])
            if dx > 0 and dy > 0:
                top = placed[k + 2] + placed[k + 5]
                if z1 < top and placed[k + 2] < z2:
                    return -1
                if top == z1:
                    area += dx * dy
        base = (x2 - x1) * (y2 - y1)
        if z1 > 0 and 100 * area < support_pct * base:
            return -1
        volume += base * (z2 - z1)
    return volume


def _outside(rows: list[Row], carton: Packed, box: Box) -> list[str]:
    width, length, height = box.inner_mm
    found = [
        f"{carton.placed[n].key} is outside"
        for x1, y1, z1, x2, y2, z2, n in rows
        if min(x1, y1, z1) < 0 or (not box.bag and (x2 > width or y2 > length or z2 > height))
    ]
    if box.bag and rows:  # flat sides lose what the content is high
        high = max(r[5] for r in rows)
        sides = sorted((max(r[3] for r in rows) + high, max(r[4] for r in rows) + high))
        if any(a > b for a, b in zip(sides, sorted(box.inner_mm[:2]), strict=True)):
            found.append("is too large for the bag")
    return found


def _may_stand(item: Item, size: tuple[int, int, int]) -> bool:
    if size == item.size_mm:
        return item.turn[:2] != "v:" or _upright(item, size)
    if item.turn == "none" or sorted(size) != sorted(item.size_mm):
        return False
    return item.turn == "any" or _upright(item, size)


def _upright(item: Item, size: tuple[int, int, int]) -> bool:
    """Some allowed side is the height, and the other two are the base."""
    w, l, d = item.size_mm  # noqa: E741
    bases = {"w": (l, d), "l": (w, d), "d": (w, l)}
    heights = {"w": w, "l": l, "d": d}
    allowed = "d" if item.turn == "flat" else item.turn[2:]
    return any(heights[e] == size[2] and sorted(bases[e]) == sorted(size[:2]) for e in allowed)


def _overlaps(rows: list[Row], carton: Packed) -> list[str]:
    found = []
    for i, (_, y1, z1, x2, y2, z2, n) in enumerate(rows):
        for k in range(i + 1, len(rows)):
            q = rows[k]
            if q[0] >= x2:
                break
            if q[1] < y2 and y1 < q[4] and q[2] < z2 and z1 < q[5]:
                found.append(f"{carton.placed[n].key} and {carton.placed[q[6]].key} overlap")
    return found


def _support_and_loads(
    rows: list[Row], carton: Packed, items: Mapping[str, Item], bears: bool, rules: Rules
) -> list[str]:
    """Support of each base, and loads handed down by the share of contact."""
    found = []
    by_top: dict[int, list[Row]] = {}
    for row in rows:
        by_top.setdefault(row[5], []).append(row)
    load = [0.0] * len(rows)
    for x1, y1, z1, x2, y2, _, n in sorted(rows, key=lambda r: -r[2]) if bears else rows:
        if z1 == 0:
            continue
        touched = []
        area = 0
        for q in by_top.get(z1, ()):
            dx = (x2 if x2 < q[3] else q[3]) - (x1 if x1 > q[0] else q[0])
            if dx > 0:
                dy = (y2 if y2 < q[4] else q[4]) - (y1 if y1 > q[1] else q[1])
                if dy > 0:
                    area += dx * dy
                    touched.append((q[6], dx * dy))
        key = carton.placed[n].key
        if 100 * area < rules.support_pct * (x2 - x1) * (y2 - y1):
            found.append(f"{key} is carried by {area / ((x2 - x1) * (y2 - y1)):.2f} of its base")
        if bears:
            for below, share in touched:
                load[below] += (items[key].weight_g + load[n]) * share / area
                carrier = items[carton.placed[below].key]
                if carrier.fragile and carrier.load_max_g is None:
                    found.append(f"{key} lies on fragile {carrier.key}")
    if bears:
        for n, p in enumerate(carton.placed):
            limit = items[p.key].load_max_g
            if limit is not None and load[n] > limit + EPS:
                found.append(f"{p.key} carries {load[n]:.0f} g of {limit} g")
    return found


def _company(items: Mapping[str, Item], count: Mapping[str, int], box: Box, rules: Rules) -> list[str]:
    found = []
    tags = {tag for key in count for tag in items[key].tags}
    for key, n in count.items():
        item = items[key]
        if item.only_in and box.code not in item.only_in:
            found.append(f"{key} is in a carton that is not its pack version's")
        if item.not_with:
            others = (tag for k in count if k != key for tag in items[k].tags)
            pair = n > 1 and set(item.tags) & set(item.not_with)
            if pair or not set(item.not_with).isdisjoint(others):
                found.append(f"{key} is beside what it must not be with")
    for limit in rules.limits:
        if limit.tag in tags and (limit.beside is None or limit.beside in tags):
            of_it = [(items[key].weight_g, n) for key, n in count.items() if limit.tag in items[key].tags]
            pieces = sum(n for _, n in of_it)
            if limit.each_max is not None and pieces > limit.each_max:
                found.append(f"{pieces} pieces of {limit.tag}, {limit.each_max} allowed")
            if limit.weight_max_g is not None and sum(weight * n for weight, n in of_it) > limit.weight_max_g:
                found.append(f"too much {limit.tag} by weight")
    return found

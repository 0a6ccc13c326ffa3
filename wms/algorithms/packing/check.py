"""The independent checker: every answer passes here before it is given. It shares no code with the search.

It derives everything from the placements alone: inside, apart, turned as allowed, carried, loads, company, weights, and that
every piece is packed exactly once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import COMPILED, njit
from wms.algorithms.packing.model import Box, Item, LeftOver, Packed, Rules, Size

EPS = 1e-6

Row = tuple[int, int, int, int, int, int, int]
"""Two corners and the number of the placement."""


def faults(
    items: Sequence[Item], boxes: Mapping[str, Box], packed: Iterable[Packed], left: Iterable[LeftOver], rules: Rules
) -> list[str]:
    """Everything that is wrong with an answer; empty when it is right."""
    known = {i.key: i for i in items}
    wanted = Counter[str]()
    for i in items:
        wanted[i.key] += i.qty
    found: list[str] = []
    for number, carton in enumerate(packed):
        for p in carton.placed:
            wanted[p.key] -= 1
        if carton.box:
            found += [f"carton {number}: {fault}" for fault in carton_faults(known, boxes[carton.box], carton, rules)]
        elif len(carton.placed) != 1 or not known[carton.placed[0].key].own_container:
            found.append(f"carton {number}: ships without carton")
    for each in left:
        wanted[each.key] -= each.qty
    return found + [f"{key}: {n:+d} pieces not packed" for key, n in wanted.items() if n]


def carton_faults(items: Mapping[str, Item], box: Box, carton: Packed, rules: Rules) -> list[str]:
    """What is wrong inside one carton."""
    found: list[str] = []
    width, length, height = box.inner_mm
    net_g = void_mm3 = 0
    kinds = {p.key for p in carton.placed}
    rows = []
    stood: set[tuple[str, Size]] = set()
    for n, p in enumerate(carton.placed):
        (x, y, z), (dx, dy, dz) = p.at_mm, p.size_mm
        rows.append((x, y, z, x + dx, y + dy, z + dz, n))
        net_g += items[p.key].weight_g
        void_mm3 -= dx * dy * dz
        if x < 0 or y < 0 or z < 0 or (not box.bag and (x + dx > width or y + dy > length or z + dz > height)):
            found.append(f"{p.key} is outside")
        stood.add((p.key, p.size_mm))
    found += [f"{key} is turned as it must not be" for key, size in stood if not _may_stand(items[key], size)]
    void_mm3 += box.volume_mm3
    if box.bag and rows:  # flat sides lose what the content is high
        high = max(r[5] for r in rows)
        sides = sorted((max(r[3] for r in rows) + high, max(r[4] for r in rows) + high))
        if any(a > b for a, b in zip(sides, sorted(box.inner_mm[:2]), strict=True)):
            found.append("is too large for the bag")
    gross_g = net_g + box.tare_g + max(0, void_mm3) * rules.void_g_per_l // 1_000_000
    if carton.weight_g != gross_g:
        found.append(f"weighs {gross_g} g, not {carton.weight_g} g")
    if net_g > box.load_max_g or (box.gross_max_g is not None and gross_g > box.gross_max_g):
        found.append("is too heavy")
    bears = any([items[k].fragile or items[k].load_max_g is not None for k in kinds])
    rows.sort()
    if bears or not COMPILED or not _stands(np.array(rows, dtype=np.int64), rules.support_pct):
        found += _overlaps(rows, carton)
        found += _support_and_loads(rows, carton, items, bears, rules)
    return found + _company(items, box, carton, kinds, rules)


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


@njit
def _stands(rows: NDArray[np.int64], support_pct: int) -> bool:
    """Tell whether nothing overlaps and every base is carried; rows as `Row`, sorted. The quick way to no fault; faults are worded
    below."""
    n = len(rows)
    for i in range(n):
        area = 0
        for k in range(n):
            if k == i:
                continue
            dx = min(rows[i, 3], rows[k, 3]) - max(rows[i, 0], rows[k, 0])
            dy = min(rows[i, 4], rows[k, 4]) - max(rows[i, 1], rows[k, 1])
            if dx > 0 and dy > 0:
                if rows[i, 2] < rows[k, 5] and rows[k, 2] < rows[i, 5]:
                    return False
                if rows[k, 5] == rows[i, 2]:
                    area += dx * dy
        base = (rows[i, 3] - rows[i, 0]) * (rows[i, 4] - rows[i, 1])
        if rows[i, 2] > 0 and 100 * area < support_pct * base:
            return False
    return True


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


def _company(items: Mapping[str, Item], box: Box, carton: Packed, kinds: set[str], rules: Rules) -> list[str]:
    found = []
    tags = {tag for key in kinds for tag in items[key].tags}
    for key in kinds:
        item = items[key]
        if item.only_in and box.code not in item.only_in:
            found.append(f"{key} is in a carton that is not its pack version's")
        if item.not_with:
            others = (tag for k in kinds if k != key for tag in items[k].tags)
            pair = set(item.tags) & set(item.not_with) and sum(p.key == key for p in carton.placed) > 1
            if pair or not set(item.not_with).isdisjoint(others):
                found.append(f"{key} is beside what it must not be with")
    for limit in rules.limits:
        if limit.tag in tags and (limit.beside is None or limit.beside in tags):
            of_it = [items[p.key] for p in carton.placed if limit.tag in items[p.key].tags]
            if limit.each_max is not None and len(of_it) > limit.each_max:
                found.append(f"{len(of_it)} pieces of {limit.tag}, {limit.each_max} allowed")
            if limit.weight_max_g is not None and sum(i.weight_g for i in of_it) > limit.weight_max_g:
                found.append(f"too much {limit.tag} by weight")
    return found

"""Whether few units fit a box at all: a search that ends with a packing or with the proof that there is none.

Any two units lie apart along some side. For each pair in turn the first side that parts them and their order along it are decided;
what was decided is kept as differences of positions, closed under longest paths, so that a contradiction shows at once. A full
set of decisions gives a packing at the earliest positions. Mirror images and equal units in another order are left out.
Source: Fekete, Schepers and van der Veen, Operations Research 55(3), 2007 (pairs parted side by side); Dechter, Meiri and Pearl,
Artificial Intelligence 49, 1991, section 3 (difference constraints).
"""

from wms.algorithms.compiled import njit
from wms.algorithms.packing.space import Cuboids
from wms.algorithms.packing.starts import Row

REFUTED, FOUND, OPEN = 0, 1, 2


@njit
def demand(at: list[int], base: int, m: int, last: int, u: int, v: int, gap: int) -> bool:
    """Add position of v >= position of u + gap to one side's differences; False when that contradicts."""
    if at[base + u * m + v] >= gap:
        return True
    if at[base + v * m + u] + gap > 0:
        return False
    for i in range(last + 1):
        a = at[base + i * m + u] + gap
        for j in range(last + 1):
            t = a + at[base + v * m + j]
            if t > at[base + i * m + j]:
                at[base + i * m + j] = t
    return True


@njit
def carried(boxes: Cuboids, support: int) -> bool:
    """Tell whether every base rests on enough."""
    for p in boxes:
        if p[2] > 0:
            area = 0
            for q in boxes:
                if q[5] == p[2]:
                    dx = min(p[3], q[3]) - max(p[0], q[0])
                    dy = min(p[4], q[4]) - max(p[1], q[1])
                    if dx > 0 and dy > 0:
                        area += dx * dy
            if 100 * area < support * (p[3] - p[0]) * (p[4] - p[1]):
                return False
    return True


@njit
def decide(sides: Row, units: Row, turns: Row, steps_max: int, support: int) -> tuple[int, Cuboids, int]:
    """sides: (width, length, height). units: rows (first turn, end turn, kind), equal ones beside each other. turns: rows
    (dx, dy, dz).

    Returns (REFUTED, FOUND or OPEN, packing, steps). With a support rule, REFUTED still means that no packing exists at all;
    packings that only float leave it OPEN.
    """
    n = len(units) // 3
    m = n + 1
    plane = 3 * m * m
    depth = n + n * (n - 1) // 2
    at = [0] * (plane * (depth + 1))
    size = [0] * (3 * m)
    option = [0] * (depth + 1)
    unit = [0] * (depth + 1)  # what each depth decides: a unit's turn, or a pair's order
    other = [0] * (depth + 1)
    d = 0
    for k in range(1, m):
        unit[d] = k
        d += 1
        for i in range(1, k):
            unit[d] = k
            other[d] = i
            d += 1
    equal = False
    for k in range(1, n):
        if units[3 * k + 2] == units[3 * k - 1]:
            equal = True
    steps = 0
    floating = False
    packing = [(0, 0, 0, 0, 0, 0, 0)]
    packing.clear()
    d = 0
    while d >= 0:
        if d == depth:
            packing.clear()
            for k in range(1, m):
                x = at[d * plane + k]
                y = at[d * plane + m * m + k]
                z = at[d * plane + 2 * m * m + k]
                packing.append((
                    x, y, z, x + size[3 * k], y + size[3 * k + 1], z + size[3 * k + 2], units[3 * k - 1],
                ))  # fmt: skip
            if support == 0 or carried(packing, support):
                return 1, packing, steps
            floating = True
            d -= 1
            continue
        steps += 1
        if steps > steps_max:
            packing.clear()
            return 2, packing, steps
        k = unit[d]
        i = other[d]
        choice = option[d]
        option[d] += 1
        here = d * plane
        there = here + plane
        if i == 0:
            turn = units[3 * k - 3] + choice
            if turn >= units[3 * k - 2]:
                option[d] = 0
                d -= 1
                continue
            fits = True
            for axis in range(3):
                if turns[3 * turn + axis] > sides[axis]:
                    fits = False
            if not fits:
                continue
            for t in range(plane):
                at[there + t] = at[here + t]
            for axis in range(3):
                base = there + axis * m * m
                extent = turns[3 * turn + axis]
                size[3 * k + axis] = extent
                for j in range(k):
                    at[base + j * m + k] = at[base + j * m]
                    at[base + k * m + j] = extent - sides[axis] + at[base + j]
                at[base + k * m + k] = 0
            if k > 1 and units[3 * k - 1] == units[3 * k - 4] and not demand(at, there, m, k, k - 1, k, 0):
                continue
            d += 1
            continue
        parted = False
        for axis in range(3):
            base = here + axis * m * m
            if at[base + i * m + k] >= size[3 * i + axis] or at[base + k * m + i] >= size[3 * k + axis]:
                parted = True
        if (parted and choice > 0) or choice >= 6:
            option[d] = 0
            d -= 1
            continue
        axis = choice // 2
        swapped = choice % 2 == 1
        # The first pair may lie in one order only along each side: the other is the mirror image. Equal units are in order of
        # x already, which a mirror would turn round.
        if not parted and swapped and i == 1 and k == 2 and (axis > 0 or not equal):
            continue
        for t in range(plane):
            at[there + t] = at[here + t]
        good = True
        if not parted:
            for a in range(axis):  # they overlap along the sides before
                base = there + a * m * m
                good = good and demand(at, base, m, k, k, i, 1 - size[3 * i + a])
                good = good and demand(at, base, m, k, i, k, 1 - size[3 * k + a])
            base = there + axis * m * m
            if good and swapped:
                good = demand(at, base, m, k, k, i, size[3 * k + axis])
            elif good:
                good = demand(at, base, m, k, i, k, size[3 * i + axis])
        if good:
            d += 1
    packing.clear()
    return (2 if floating else 0), packing, steps

"""Filling a box over empty maximal spaces.

The free room of a box is kept as all its maximal empty cuboids. A unit goes to a corner of one of them or, above the floor, flush
with what carries it, so that support is found where it is. Plain Python over integers, compiled where numba is there, with the
same answers.
Source: Lai and Chan, Computers & Industrial Engineering 32(1), 1997 (difference process); Gonçalves and Resende, Computers &
Operations Research 39(2), 2012, section 3 (maximal spaces and the distance to the far corner).
"""

from wms.algorithms.compiled import njit

Space = tuple[int, int, int, int, int, int]
"""(x1, y1, z1, x2, y2, z2)"""
Spaces = list[Space]
Cuboids = list[tuple[int, int, int, int, int, int, int]]
"""A space taken, and the index of its kind."""
Rows = list[tuple[int, int, int, int]]

FAR = 1 << 60


@njit
def carve(spaces: Spaces, x1: int, y1: int, z1: int, x2: int, y2: int, z2: int, least: int) -> Spaces:
    """The maximal empty spaces after this cuboid is taken out; what is thinner than `least` holds nothing any more."""
    kept = []
    cut = []
    for s in spaces:
        a1, b1, c1, a2, b2, c2 = s
        if x1 >= a2 or x2 <= a1 or y1 >= b2 or y2 <= b1 or z1 >= c2 or z2 <= c1:
            kept.append(s)
            continue
        if x1 - a1 >= least:
            cut.append((a1, b1, c1, x1, b2, c2))
        if a2 - x2 >= least:
            cut.append((x2, b1, c1, a2, b2, c2))
        if y1 - b1 >= least:
            cut.append((a1, b1, c1, a2, y1, c2))
        if b2 - y2 >= least:
            cut.append((a1, y2, c1, a2, b2, c2))
        if z1 - c1 >= least:
            cut.append((a1, b1, c1, a2, b2, z1))
        if c2 - z2 >= least:
            cut.append((a1, b1, z2, a2, b2, c2))
    held = len(kept)
    for i in range(len(cut)):
        a1, b1, c1, a2, b2, c2 = cut[i]
        inside = False
        for k in range(held):
            p1, q1, r1, p2, q2, r2 = kept[k]
            if p1 <= a1 and q1 <= b1 and r1 <= c1 and p2 >= a2 and q2 >= b2 and r2 >= c2:
                inside = True
                break
        if not inside:
            for k in range(len(cut)):
                if k != i:
                    p1, q1, r1, p2, q2, r2 = cut[k]
                    holds = p1 <= a1 and q1 <= b1 and r1 <= c1 and p2 >= a2 and q2 >= b2 and r2 >= c2
                    if holds and (k < i or cut[k] != cut[i]):  # of two equal ones the first stays
                        inside = True
                        break
        if not inside:
            kept.append(cut[i])
    return kept


@njit
def contact(tops: Cuboids, x1: int, y1: int, x2: int, y2: int) -> int:
    """Area of the rectangle that rests on these tops."""
    area = 0
    for p in tops:
        a = p[0] if p[0] > x1 else x1
        c = p[3] if p[3] < x2 else x2
        if c > a:
            b = p[1] if p[1] > y1 else y1
            d = p[4] if p[4] < y2 else y2
            if d > b:
                area += (c - a) * (d - b)
    return area


@njit
def anchor(tops: Cuboids, s: Space, dx: int, dy: int, support: int) -> tuple[int, int, int]:
    """Where in space `s`, above the floor, a base of dx by dy rests on enough: (x, y, places looked at); x is -1 for nowhere.

    tops: what ends at the space's floor and reaches into it. Tried: the space's corners and flush with the edges of what carries;
    the best carried, then the first.
    """
    x1, y1, _, x2, y2, _ = s
    need = support * dx * dy
    area = contact(tops, x1, y1, x1 + dx, y1 + dy)
    if 100 * area >= need:
        return x1, y1, 1
    if 100 * contact(tops, x1, y1, x2, y2) < need:
        return -1, -1, 2
    xs = [x1]
    ys = [y1]
    last_x = x2 - dx
    last_y = y2 - dy
    if last_x > x1:
        xs.append(last_x)
    if last_y > y1:
        ys.append(last_y)
    for p in tops:
        if x1 < p[0] < last_x and p[0] not in xs:
            xs.append(p[0])
        at = p[3] - dx
        if x1 < at < last_x and at not in xs:
            xs.append(at)
        if y1 < p[1] < last_y and p[1] not in ys:
            ys.append(p[1])
        at = p[4] - dy
        if y1 < at < last_y and at not in ys:
            ys.append(at)
    best = -1
    at_x = -1
    at_y = -1
    for x in xs:
        for y in ys:
            area = contact(tops, x, y, x + dx, y + dy)
            if area > best and 100 * area >= need:
                best = area
                at_x = x
                at_y = y
    return at_x, at_y, len(xs) * len(ys)


@njit
def bears(placed: Cuboids, types: Rows, x1: int, y1: int, z1: int, x2: int, y2: int, z2: int, kind: int) -> bool:
    """Tell whether nothing carries more than it may once this unit is there.

    A load is handed down by the share of contact, from the top. types: third column weight, fourth the greatest load: -1 any,
    -2 nothing at all.
    """
    units = [(z1, x1, y1, x2, y2, z2, kind)]
    for p in placed:
        units.append((p[2], p[0], p[1], p[3], p[4], p[5], p[6]))
    units.sort()
    load = [0.0] * len(units)
    for i in range(len(units) - 1, -1, -1):
        low, a1, b1, a2, b2, _, k = units[i]
        cap = types[k][3]
        if cap >= 0 and load[i] > cap:
            return False
        if low == 0:
            continue
        area = 0
        for j in range(i):
            if units[j][5] == low:
                dx = min(a2, units[j][3]) - max(a1, units[j][1])
                dy = min(b2, units[j][4]) - max(b1, units[j][2])
                if dx > 0 and dy > 0:
                    area += dx * dy
                    if types[units[j][6]][3] == -2:
                        return False
        if area == 0:
            continue
        down = types[k][2] + load[i]
        for j in range(i):
            if units[j][5] == low:
                dx = min(a2, units[j][3]) - max(a1, units[j][1])
                dy = min(b2, units[j][4]) - max(b1, units[j][2])
                if dx > 0 and dy > 0:
                    load[j] += down * (dx * dy) / area
    return True


@njit
def fill(
    width: int,
    length: int,
    height: int,
    payload: int,
    seq: list[tuple[int, int]],
    types: Rows,
    turns: list[tuple[int, int, int]],
    support: int,
    rule: int,
    whole: bool,
    guarded: bool,
    least: int,
) -> tuple[Cuboids, int, int]:
    """Place groups of equal units in turn; a group's units share a stack where they can.

    seq: (type, units). types: (first turn, end turn, weight, greatest load). turns: (dx, dy, dz) allowed. support: per cent of
    the base. whole: give up at the first unit that finds no place. guarded: some type limits what it carries.
    Returns (placed: [(x1, y1, z1, x2, y2, z2, type)], left: units that found none, steps).
    """
    spaces = [(0, 0, 0, width, length, height)]
    placed = [(0, 0, 0, 0, 0, 0, 0)]
    placed.pop()
    tops = placed
    left = 0
    steps = 0
    load = 0
    for kind, units in seq:
        todo = units
        first, end, weight, _ = types[kind]
        while todo > 0 and load + weight <= payload:
            b1 = FAR
            b2 = FAR
            b3 = FAR
            bx = -1
            by = 0
            bz = 0
            btop = 0
            bdx = 0
            bdy = 0
            bdz = 0
            for s in spaces:
                x1, y1, z1, x2, y2, z2 = s
                sw = x2 - x1
                sl = y2 - y1
                sd = z2 - z1
                steps += 1
                known = False
                for o in range(first, end):
                    dx, dy, dz = turns[o]
                    if dx > sw or dy > sl or dz > sd:
                        continue
                    steps += 1
                    rx = sw - dx
                    ry = sl - dy
                    if ry < rx:
                        rx, ry = ry, rx
                    if rule == 0:
                        s1, s2, s3 = z1, rx, ry
                    elif rule == 1:
                        s1, s2, s3 = min(rx, sd - dz), z1, ry
                    elif rule == 2:
                        fx = width - x1 - dx
                        fy = length - y1 - dy
                        fz = height - z1 - dz
                        s1, s2, s3 = -(fx * fx + fy * fy + fz * fz), z1, rx
                    elif rule == 3:
                        s1, s2, s3 = z1 + dz, rx, ry
                    elif rule == 4:
                        s1, s2, s3 = y1 + dy, z1, rx
                    else:
                        s1, s2, s3 = rx + ry, z1, sd - dz
                    if s1 > b1 or (s1 == b1 and (s2 > b2 or (s2 == b2 and s3 >= b3))):
                        continue
                    x = x1
                    y = y1
                    if z1 > 0 and support > 0:
                        if not known:
                            known = True
                            tops = [
                                p for p in placed if p[5] == z1 and p[0] < x2 and p[3] > x1 and p[1] < y2 and p[4] > y1
                            ]
                        x, y, looked = anchor(tops, s, dx, dy, support)
                        steps += looked
                        if x < 0:
                            continue
                    if guarded and not bears(placed, types, x, y, z1, x + dx, y + dy, z1 + dz, kind):
                        continue
                    b1, b2, b3 = s1, s2, s3
                    bx, by, bz, btop = x, y, z1, z2
                    bdx, bdy, bdz = dx, dy, dz
            if bx < 0:
                break
            n = min(todo, (btop - bz) // bdz)
            if weight > 0:
                n = min(n, (payload - load) // weight)
            if guarded:
                n = 1
            for k in range(n):
                placed.append((bx, by, bz + k * bdz, bx + bdx, by + bdy, bz + (k + 1) * bdz, kind))
            todo -= n
            load += n * weight
            spaces = carve(spaces, bx, by, bz, bx + bdx, by + bdy, bz + n * bdz, least)
        if todo > 0:
            left += todo
            if whole:
                break
    return placed, left, steps

"""Filling a box over empty maximal spaces, many starts at a time.

The free room of a box is kept as all its maximal empty cuboids. A unit goes to a corner of one of them or, above the floor, flush
with what carries it, so that support is found where it is. Each start takes the kinds in another order and likes another place.
Plain Python over integers, compiled where numba is there, with the same answers. All kernels stand in this one file: numba's
cache of a caller does not notice that what it calls has changed in another.
What a kernel is told lies in one flat row of integers (`single.layout`): a list where nothing is compiled, an array where it is.
Source: Lai and Chan, Computers & Industrial Engineering 32(1), 1997 (difference process); Gonçalves and Resende, Computers &
Operations Research 39(2), 2012, section 3 (maximal spaces and the distance to the far corner).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wms.algorithms.compiled import COMPILED, njit

Space = tuple[int, int, int, int, int, int]
"""(x1, y1, z1, x2, y2, z2)"""
Spaces = list[Space]
Cuboids = list[tuple[int, int, int, int, int, int, int]]
"""A space taken, and the index of its kind."""
Rows = list[tuple[int, int, int, int]]
Row = Any
"""A flat row of integers, list or array."""

FAR = 1 << 60
PRIME = 2_147_483_647
"""Park and Miller, CACM 31(10), 1988; the multiplier is the later 48271."""

STARTS = (
    (0, 2, 1, 1), (2, 4, 0, 1), (1, 1, 0, 0), (1, 4, 0, 0), (3, 1, 1, 0), (3, 4, 0, 1), (2, 2, 0, 0), (0, 0, 0, 0),
    (2, 4, 0, 0), (3, 5, 0, 0), (3, 2, 0, 0), (0, 1, 0, 0),
)  # fmt: skip
"""(order of the kinds, rule, one by one, base turned), found by greedy cover on made baskets and shop orders:
these twelve reach what all 96 reach. Orders: by volume,
longest side, face, thinnest side. Rules: lowest, then snug; snug anywhere; the far corner left as far as it goes; lowest top; wall
by wall; snug on top of what stands."""


def flat(numbers: Sequence[int]) -> Row:
    """A row for a kernel."""
    return np.array(numbers, dtype=np.int64) if COMPILED else numbers


SECOND = 3
"""Starts for what the first of two boxes leaves."""
TWO = ((0, 2, 1, 0), (4, 2, 1, 0), (2, 3, 0, 0), (5, 2, 1, 0), (1, 1, 1, 0), (4, 3, 0, 1), (3, 4, 1, 0), (1, 5, 0, 1))
"""The same for two boxes, with two more orders: bulky for its weight first, heavy for its volume first."""
TWO_ROW = flat([n for row in TWO for n in row])
STARTS_ROW = flat([n for row in STARTS for n in row])


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


@njit
def unpack(data: Row) -> tuple[Rows, Rows, list[int], list[tuple[int, int, int]], int]:
    """kinds and turns of a layout: (boxes, kinds: [(first, end, weight, cap)], units, turns, where the orders begin)."""
    at = 4
    boxes = [(0, 0, 0, 0)]
    boxes.pop()
    for _ in range(data[0]):
        boxes.append((data[at], data[at + 1], data[at + 2], data[at + 3]))
        at += 4
    kinds = [(0, 0, 0, 0)]
    kinds.pop()
    units = [0]
    units.pop()
    for _ in range(data[1]):
        kinds.append((data[at], data[at + 1], data[at + 2], data[at + 3]))
        units.append(data[at + 4])
        at += 5
    turns = [(0, 0, 0)]
    turns.pop()
    for _ in range(data[2]):
        turns.append((data[at], data[at + 1], data[at + 2]))
        at += 3
    return boxes, kinds, units, turns, at


@njit
def sequence(data: Row, orders_at: int, order: int, units: list[int], single: bool, draw: int) -> list[tuple[int, int]]:
    """The groups in turn. draw 0: as the order says; else neighbours and a few others change places by chance."""
    n = len(units)
    turn = [data[orders_at + order * n + i] for i in range(n)]
    if draw > 0:
        for i in range(n - 1):
            draw = draw * 48_271 % PRIME
            if draw % 3 == 0:
                turn[i], turn[i + 1] = turn[i + 1], turn[i]
        draw = draw * 48_271 % PRIME
        if draw % 2 == 0:
            a = draw // 2 % n
            draw = draw * 48_271 % PRIME
            b = draw % n
            turn[a], turn[b] = turn[b], turn[a]
    if single:
        return [(k, 1) for k in turn for _ in range(units[k])]
    return [(k, units[k]) for k in turn]


@njit
def start(
    data: Row, orders_at: int, units: list[int], plan: Row, n: int, draw: int
) -> tuple[list[tuple[int, int]], int, int, int]:
    """The n-th start: (groups in turn, rule, base turned, next draw)."""
    if 4 * n < len(plan):
        order = plan[4 * n]
        rule = plan[4 * n + 1]
        single = plan[4 * n + 2] == 1
        turned = plan[4 * n + 3]
        return sequence(data, orders_at, order, units, single, 0), rule, turned, draw
    draw = draw * 39_373 % PRIME  # another generator than the one within a sequence
    pick = draw
    order = pick % 4
    rule = pick // 4 % 6
    single = pick // 24 % 2 == 0
    turned = pick // 48 % 2
    return sequence(data, orders_at, order, units, single, draw), rule, turned, draw


@njit
def refuted(
    width: int, length: int, height: int, kinds: Rows, units: list[int], turns: list[tuple[int, int, int]]
) -> bool:
    """Tell whether simple bounds show that this box cannot hold all units.

    Two units lie apart along some side: their least extents along it must fit, whatever the turns. Units too wide for each other
    along two sides lie in a row along the third: the sum of their least extents must fit.
    """
    row_w = 0
    row_l = 0
    row_h = 0
    n = len(kinds)
    least = [(0, 0, 0)] * n
    for i in range(n):
        a = FAR
        b = FAR
        c = FAR
        for o in range(kinds[i][0], kinds[i][1]):
            x, y, z = turns[o]
            if x <= width and y <= length and z <= height:
                if x < a:
                    a = x
                if y < b:
                    b = y
                if z < c:
                    c = z
        if a == FAR:
            return True
        if units[i] > 1 and 2 * a > width and 2 * b > length and 2 * c > height:
            return True
        least[i] = (a, b, c)
        if 2 * b > length and 2 * c > height:
            row_w += a * units[i]
        if 2 * a > width and 2 * c > height:
            row_l += b * units[i]
        if 2 * a > width and 2 * b > length:
            row_h += c * units[i]
    if row_w > width or row_l > length or row_h > height:
        return True
    for i in range(n):
        a, b, c = least[i]
        for k in range(i):
            p, q, r = least[k]
            if a + p > width and b + q > length and c + r > height:
                return True
    return False


@njit
def first_that_takes_all(
    data: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int
) -> tuple[int, int, Cuboids, int, bool]:
    """data: `layout`. plan: rows of `STARTS`; further starts are drawn. Boxes are tried in turn, each with up to `starts` passes
    and about `steps_max` steps.

    Returns (index of the box or -1, turned, placed, steps, whether bounds refute all boxes before it).
    """
    proven = True
    boxes, kinds, units, turns, orders_at = unpack(data)
    across = [(t[1], t[0], t[2]) for t in turns]
    least = data[3]
    guarded = False
    for k in kinds:
        if k[3] != -1:
            guarded = True
    spent = 0
    placed = [(0, 0, 0, 0, 0, 0, 0)]
    for b in range(len(boxes)):
        width, length, height, payload = boxes[b]
        if refuted(width, length, height, kinds, units, turns):
            continue
        used = 0
        draw = seed
        for n in range(starts):
            seq, rule, turned, draw = start(data, orders_at, units, plan, n, draw)
            w = width
            d = length
            stands = turns
            if turned == 1:
                w = length
                d = width
                stands = across
            placed, left, steps = fill(w, d, height, payload, seq, kinds, stands, support, rule, True, guarded, least)
            used += steps
            if left == 0:
                return b, turned, placed, spent + used, proven
            if used > steps_max:
                break
        proven = False
        spent += used
    placed.clear()
    return -1, 0, placed, spent, proven


@njit
def two(
    data: Row, ranks: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int
) -> tuple[int, int, Cuboids, int, Cuboids, int]:
    """The best pair of boxes: the first as full as a start makes it, the rest in the second.

    ranks: of each pair, row by row for the first; 0 is the best, -1: never.
    Returns (rank or -1, first turned, its content, second turned, its content, steps).
    """
    boxes, kinds, units, turns, orders_at = unpack(data)
    across = [(t[1], t[0], t[2]) for t in turns]
    least = data[3]
    guarded = False
    for each in kinds:
        if each[3] != -1:
            guarded = True
    used = 0
    best = FAR
    best_turned = 0
    best_turned_2 = 0
    best_inside = [(0, 0, 0, 0, 0, 0, 0)]
    best_placed = [(0, 0, 0, 0, 0, 0, 0)]
    for first in range(len(boxes)):
        w, d, h, payload = boxes[first]
        draw = seed
        for n in range(starts):
            worth = False
            for second in range(len(boxes)):
                if 0 <= ranks[first * len(boxes) + second] < best:
                    worth = True
            if not worth or used > steps_max:
                break
            seq, rule, turned, draw = start(data, orders_at, units, plan, n, draw)
            if turned == 1:
                inside, left, steps = fill(d, w, h, payload, seq, kinds, across, support, rule, False, guarded, least)
            else:
                inside, left, steps = fill(w, d, h, payload, seq, kinds, turns, support, rule, False, guarded, least)
            used += steps
            rest = units.copy()
            for p in inside:
                rest[p[6]] -= 1
            weight = 0
            volume = 0
            for k in range(len(kinds)):
                x, y, z = turns[kinds[k][0]]
                weight += rest[k] * kinds[k][2]
                volume += rest[k] * x * y * z
            for second in range(len(boxes)):
                rank = ranks[first * len(boxes) + second]
                width, length, height, payload_2 = boxes[second]
                if not 0 <= rank < best or weight > payload_2 or volume > width * length * height:
                    continue
                for m in range(SECOND):
                    seq, rule, turned_2, _ = start(data, orders_at, rest, plan, m, draw)
                    if turned_2 == 1:
                        placed, left, steps = fill(
                            length, width, height, payload_2, seq, kinds, across, support, rule, True, guarded, least
                        )
                    else:
                        placed, left, steps = fill(
                            width, length, height, payload_2, seq, kinds, turns, support, rule, True, guarded, least
                        )
                    used += steps
                    if left == 0:
                        best = rank
                        best_turned = turned
                        best_turned_2 = turned_2
                        best_inside = inside
                        best_placed = placed
                        break
    return (-1 if best == FAR else best), best_turned, best_inside, best_turned_2, best_placed, used


@njit
def fullest(
    data: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int, by_weight: bool
) -> tuple[int, Cuboids, int]:
    """Fill the first box of the layout with as much as it takes: by volume, or by weight.

    Returns (turned, placed, steps).
    """
    boxes, kinds, units, turns, orders_at = unpack(data)
    across = [(t[1], t[0], t[2]) for t in turns]
    least = data[3]
    guarded = False
    for k in kinds:
        if k[3] != -1:
            guarded = True
    width, length, height, payload = boxes[0]
    best = [(0, 0, 0, 0, 0, 0, 0)]
    best.pop()
    most = -1
    best_turned = 0
    used = 0
    draw = seed
    for n in range(starts):
        seq, rule, turned, draw = start(data, orders_at, units, plan, n, draw)
        w = width
        d = length
        stands = turns
        if turned == 1:
            w = length
            d = width
            stands = across
        placed, left, steps = fill(w, d, height, payload, seq, kinds, stands, support, rule, False, guarded, least)
        used += steps
        worth = 0
        for p in placed:
            if by_weight:
                worth += kinds[p[6]][2]
            else:
                worth += (p[3] - p[0]) * (p[4] - p[1]) * (p[5] - p[2])
        if worth > most:
            most = worth
            best = placed
            best_turned = turned
        if left == 0 or used > steps_max:
            break
    return best_turned, best, used

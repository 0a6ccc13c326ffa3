"""Many starts at a time: each takes the kinds in another order and likes another place.

One call does all starts of all boxes, so that the compiled form pays the way in and out once. What it is told lies in one flat row
of integers (`single.layout`): a list where nothing is compiled, an array where it is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wms.algorithms.compiled import COMPILED, njit
from wms.algorithms.packing.space import FAR, Cuboids, Rows, fill

Row = Any
"""A flat row of integers, list or array."""
Turns = list[tuple[int, int, int]]
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


ORDERS = 6
SECOND = 3
"""Starts for what the first of two boxes leaves."""
TWO = ((0, 2, 1, 0), (4, 2, 1, 0), (2, 3, 0, 0), (5, 2, 1, 0), (1, 1, 1, 0), (4, 3, 0, 1), (3, 4, 1, 0), (1, 5, 0, 1))
"""The same for two boxes, with two more orders: bulky for its weight first, heavy for its volume first."""
TWO_ROW = flat([n for row in TWO for n in row])
STARTS_ROW = flat([n for row in STARTS for n in row])


@njit
def unpack(data: Row) -> tuple[Rows, Rows, list[int], Turns, Turns, list[list[int]], int, bool]:
    """What a layout says: (boxes, kinds: [(first turn, end turn, weight, cap)], units, turns, turns across, orders of the kinds as far
    as known, the thinnest side, whether some kind limits what it carries)."""
    at = 3
    boxes = [(0, 0, 0, 0)]
    boxes.pop()
    for _ in range(data[0]):
        boxes.append((data[at], data[at + 1], data[at + 2], data[at + 3]))
        at += 4
    kinds = [(0, 0, 0, 0)]
    kinds.pop()
    units = [0]
    units.pop()
    guarded = False
    for _ in range(data[1]):
        kinds.append((data[at], data[at + 1], data[at + 2], data[at + 3]))
        units.append(data[at + 4])
        if data[at + 3] != -1:
            guarded = True
        at += 5
    turns = [(0, 0, 0)]
    turns.pop()
    across = [(0, 0, 0)]
    across.pop()
    least = FAR
    for _ in range(data[2]):
        x = data[at]
        y = data[at + 1]
        z = data[at + 2]
        turns.append((x, y, z))
        across.append((y, x, z))
        least = min(least, x, y, z)
        at += 3
    orders = [[0]]
    orders.clear()
    for order in range(ORDERS):
        orders.append([i for i in range(0 if order > 0 or guarded else len(kinds))])
    return boxes, kinds, units, turns, across, orders, least, guarded


@njit
def ranked(kinds: Rows, turns: Turns, guarded: bool, order: int) -> list[int]:
    """The kinds in an order; they come the largest first. 1: the longest side first; 2: the largest face; 3: the thinnest side last;
    4: bulky for its weight first; 5: the reverse. Of what may carry little, the least comes last in each, on top."""
    keys = [(0.0, 0.0, 0)]
    keys.clear()
    for i in range(len(kinds)):
        first, _, weight, cap = kinds[i]
        x, y, z = turns[first]
        key = float(i)
        if order == 1:
            key = -float(max(x, y, z))
        elif order == 2:
            key = -float(x * y * z // min(x, y, z))
        elif order == 3:
            key = -float(min(x, y, z))
        elif order == 4:
            key = weight / float(x * y * z)
        elif order == 5:
            key = -weight / float(x * y * z)
        keys.append((-float(cap) if guarded and cap != -1 else -float(FAR), key, -i if order == 5 else i))
    keys.sort()
    return [abs(i) for _, _, i in keys]


@njit
def sequence(order: list[int], units: list[int], single: bool, draw: int) -> list[tuple[int, int]]:
    """The groups in turn. draw 0: as the order says; else neighbours and a few others change places by chance."""
    n = len(units)
    turn = order.copy()
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
    orders: list[list[int]], kinds: Rows, turns: Turns, guarded: bool, units: list[int], plan: Row, n: int, draw: int
) -> tuple[list[tuple[int, int]], int, int, int]:
    """The n-th start: (groups in turn, rule, base turned, next draw). orders: those that were needed so far, else empty."""
    if 4 * n < len(plan):
        order = plan[4 * n]
        rule = plan[4 * n + 1]
        single = plan[4 * n + 2] == 1
        turned = plan[4 * n + 3]
        shuffle = 0
    else:
        draw = draw * 39_373 % PRIME  # another generator than the one within a sequence
        order = draw % 4
        rule = draw // 4 % 6
        single = draw // 24 % 2 == 0
        turned = draw // 48 % 2
        shuffle = draw
    if len(orders[order]) == 0:
        orders[order] = ranked(kinds, turns, guarded, order)
    return sequence(orders[order], units, single, shuffle), rule, turned, draw


@njit
def refuted(width: int, length: int, height: int, kinds: Rows, units: list[int], turns: Turns) -> bool:
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
def upright(placed: Cuboids, turned: int) -> Cuboids:
    """Placements in the box's own axes, when a start had turned its base."""
    if turned == 0:
        return placed
    return [(y1, x1, z1, y2, x2, z2, k) for x1, y1, z1, x2, y2, z2, k in placed]


@njit
def first_that_takes_all(
    data: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int
) -> tuple[int, Cuboids, int, bool]:
    """data: `layout`. plan: rows of `STARTS`; further starts are drawn. Boxes are tried in turn, each with up to `starts` passes
    and about `steps_max` steps.

    Returns (index of the box or -1, placed, steps, whether bounds refute all boxes before it).
    """
    proven = True
    boxes, kinds, units, turns, across, orders, least, guarded = unpack(data)
    spent = 0
    placed = [(0, 0, 0, 0, 0, 0, 0)]
    for b in range(len(boxes)):
        width, length, height, payload = boxes[b]
        if refuted(width, length, height, kinds, units, turns):
            continue
        used = 0
        draw = seed
        for n in range(starts):
            seq, rule, turned, draw = start(orders, kinds, turns, guarded, units, plan, n, draw)
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
                return b, upright(placed, turned), spent + used, proven
            if used > steps_max:
                break
        proven = False
        spent += used
    placed.clear()
    return -1, placed, spent, proven


@njit
def two(
    data: Row, ranks: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int
) -> tuple[int, Cuboids, Cuboids, int]:
    """The best pair of boxes: the first as full as a start makes it, the rest in the second.

    ranks: of each pair, row by row for the first; 0 is the best, -1: never.
    Returns (rank or -1, content of the first, of the second, steps).
    """
    boxes, kinds, units, turns, across, orders, least, guarded = unpack(data)
    used = 0
    best = FAR
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
            seq, rule, turned, draw = start(orders, kinds, turns, guarded, units, plan, n, draw)
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
                    seq, rule, turned_2, _ = start(orders, kinds, turns, guarded, rest, plan, m, draw)
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
                        best_inside = upright(inside, turned)
                        best_placed = upright(placed, turned_2)
                        break
    return (-1 if best == FAR else best), best_inside, best_placed, used


@njit
def fullest(
    data: Row, plan: Row, starts: int, steps_max: int, support: int, seed: int, by_weight: bool
) -> tuple[Cuboids, int]:
    """Fill the first box of the layout with as much as it takes: by volume, or by weight. Returns (placed, steps)."""
    boxes, kinds, units, turns, across, orders, least, guarded = unpack(data)
    width, length, height, payload = boxes[0]
    best = [(0, 0, 0, 0, 0, 0, 0)]
    best.pop()
    most = -1
    used = 0
    draw = seed
    for n in range(starts):
        seq, rule, turned, draw = start(orders, kinds, turns, guarded, units, plan, n, draw)
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
            best = upright(placed, turned)
        if left == 0 or used > steps_max:
            break
    return best, used

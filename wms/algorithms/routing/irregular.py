"""Shortest walks on any distances, from a start to an end: exact for few stops, near-exact for many.

Few: Held and Karp (1962). Many: greedy insertion, then 2-opt (Croes 1958) and or-opt (Or 1976) until neither helps, kicked by
double bridges (Martin, Otto, Felten 1991) for a fixed number of rounds: the same seed, the same walk. One-way aisles make
distances asymmetric; a reversed stretch is costed by its own sums.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXACT_MAX = 10
ROUNDS_PER_STOP, ROUNDS_MIN, ROUNDS_WORK = 12, 200, 20_000_000
"""Kicks: by the stop, at least, and no more than so many over the square of the stops."""
FORBIDDEN = 1e12
"""Longer than any walk: taken only when there is no other way."""


@dataclass(frozen=True, slots=True)
class Walk:
    """`order`: indices of the stops as walked. `unreachable`: stops that the start cannot reach, or that cannot reach the end."""

    order: tuple[int, ...]
    length: float
    unreachable: tuple[int, ...]


def walk(
    dist: Floats,
    start: int,
    end: int,
    *,
    ranks: NDArray[np.int64] | None = None,
    soft: float | None = None,
    seed: int = 1,
) -> Walk:
    """Visit every index of `dist` (n, n; row = from) but start and end, once.

    ranks: (n,) what is to come first (0) and last (2), as heavy and fragile goods. soft: length that one step back in rank
    may cost; None: there are none. inf in `dist`: no way.
    """
    stops = [i for i in range(len(dist)) if i not in (start, end)]
    there = [i for i in stops if np.isfinite(dist[start, i]) and np.isfinite(dist[i, end])]
    table = [start, *there, end]
    d = np.where(np.isfinite(dist), dist, FORBIDDEN)[np.ix_(table, table)]
    if ranks is not None:
        r = ranks[table].copy()
        r[0], r[-1] = r.min(), r.max()
        d = d + np.where(r[:, None] > r[None, :], FORBIDDEN if soft is None else soft, 0.0)
    order = solve(np.ascontiguousarray(d), seed)
    walked = [start, *(table[i] for i in order), end]
    length = float(sum(dist[a, b] for a, b in itertools.pairwise(walked)))
    return Walk(tuple(walked[1:-1]), length, tuple(sorted(set(stops) - set(there))))


def solve(d: Floats, seed: int = 1) -> list[int]:
    """Order of the indices between the first and the last of `d` (n, n), which are start and end."""
    n = len(d) - 2
    if n <= 1:
        return list(range(1, n + 1))
    order = np.empty(n, dtype=np.int64)
    if n <= EXACT_MAX:
        _held_karp(d, n, order)
    else:
        rounds = min(max(ROUNDS_MIN, ROUNDS_PER_STOP * n), ROUNDS_WORK // n**2)
        _search(d, n, rounds, seed, order)
    return [int(i) for i in order]


@njit
def _held_karp(d, n, order):  # type: ignore[no-untyped-def]
    size = 1 << n
    best = np.full((size, n), 1e300)
    before = np.zeros((size, n), dtype=np.int8)
    for i in range(n):
        best[1 << i, i] = d[0, i + 1]
    for group in range(1, size):
        for last in range(n):
            so_far = best[group, last]
            if so_far >= 1e300:
                continue
            for i in range(n):
                if group >> i & 1:
                    continue
                value = so_far + d[last + 1, i + 1]
                if value < best[group | 1 << i, i]:
                    best[group | 1 << i, i] = value
                    before[group | 1 << i, i] = last
    last = 0
    for i in range(n):
        if best[size - 1, i] + d[i + 1, n + 1] < best[size - 1, last] + d[last + 1, n + 1]:
            last = i
    group = size - 1
    for at in range(n - 1, -1, -1):
        order[at] = last + 1
        group, last = group ^ (1 << last), before[group, last]


@njit
def _length(d, tour, n):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(n + 1):
        total += d[tour[i], tour[i + 1]]
    return total


@njit
def _search(d, n, rounds, seed, order):  # type: ignore[no-untyped-def]
    """Iterated local search; the best is written to `order`."""
    tour = np.empty(n + 2, dtype=np.int64)
    insert_all(d, n, tour)
    ahead, back = np.empty(n + 2), np.empty(n + 2)
    _descend(d, n, tour, ahead, back)
    length = _length(d, tour, n)
    kept, scratch = tour.copy(), tour.copy()
    random = np.uint64(seed) ^ np.uint64(88172645463325252)
    for _ in range(rounds):
        cuts = np.empty(3, dtype=np.int64)
        for c in range(3):
            random ^= (random << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
            random ^= random >> np.uint64(7)
            random ^= (random << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
            cuts[c] = 1 + np.int64((random >> np.uint64(33)) % np.uint64(n))
        cuts.sort()
        a, b, c = cuts[0], cuts[1], cuts[2]
        # Swap the stretches [a, b) and [b, c): a double bridge of a walk with fixed ends.
        at = a
        for i in range(b, c):
            scratch[at] = kept[i]
            at += 1
        for i in range(a, b):
            scratch[at] = kept[i]
            at += 1
        for i in range(a, c):
            tour[i] = scratch[i]
        _descend(d, n, tour, ahead, back)
        found = _length(d, tour, n)
        if found <= length + 1e-9:
            length = found
            kept[:] = tour
        else:
            tour[:] = kept
    for i in range(n):
        order[i] = kept[i + 1]


@njit
def insert_all(d, n, tour):  # type: ignore[no-untyped-def]
    """Each stop where it costs least, the farthest from the start first."""
    tour[0], tour[1] = 0, n + 1
    ranked = np.argsort(-d[0, 1 : n + 1], kind="mergesort") + 1
    for size in range(n):
        stop = ranked[size]
        best, where = 1e300, 0
        for i in range(size + 1):
            cost = d[tour[i], stop] + d[stop, tour[i + 1]] - d[tour[i], tour[i + 1]]
            if cost < best:
                best, where = cost, i
        for i in range(size + 1, where, -1):
            tour[i + 1] = tour[i]
        tour[where + 1] = stop


@njit
def sums(d, n, tour, ahead, back):  # type: ignore[no-untyped-def]
    ahead[0] = back[0] = 0.0
    for i in range(n + 1):
        ahead[i + 1] = ahead[i] + d[tour[i], tour[i + 1]]
        back[i + 1] = back[i] + d[tour[i + 1], tour[i]]


@njit
def _descend(d, n, tour, ahead, back):  # type: ignore[no-untyped-def]
    """2-opt and or-opt until neither helps. ahead, back: scratch, sums of the walk forwards and backwards."""
    sums(d, n, tour, ahead, back)
    improved = True
    while improved:
        improved = two_opt(d, n, tour, ahead, back)
        improved = or_opt(d, n, tour, ahead, back) or improved


@njit
def two_opt(d, n, tour, ahead, back):  # type: ignore[no-untyped-def]
    improved = False
    for i in range(1, n):
        before = tour[i - 1]
        j = i + 1
        while j <= n:
            gain = (
                d[before, tour[i]] + d[tour[j], tour[j + 1]] + (ahead[j] - ahead[i])
                - d[before, tour[j]] - d[tour[i], tour[j + 1]] - (back[j] - back[i])
            )  # fmt: skip
            if gain > 1e-6:
                low, high = i, j
                while low < high:
                    tour[low], tour[high] = tour[high], tour[low]
                    low += 1
                    high -= 1
                sums(d, n, tour, ahead, back)
                improved = True
            j += 1
    return improved


@njit
def or_opt(d, n, tour, ahead, back):  # type: ignore[no-untyped-def]
    improved = False
    for size in range(1, 4):
        for i in range(1, n - size + 2):
            j = i + size - 1
            inner, turned = ahead[j] - ahead[i], back[j] - back[i]
            taken = d[tour[i - 1], tour[i]] + inner + d[tour[j], tour[j + 1]] - d[tour[i - 1], tour[j + 1]]
            if taken <= 1e-6:
                continue
            best, where, reverse = taken - 1e-6, -1, False
            for at in range(n + 1):  # between tour[at] and tour[at + 1]
                if i - 1 <= at <= j:
                    continue
                p, q = tour[at], tour[at + 1]
                here = d[p, q]
                straight = d[p, tour[i]] + inner + d[tour[j], q] - here
                if straight < best:
                    best, where, reverse = straight, at, False
                other = d[p, tour[j]] + turned + d[tour[i], q] - here
                if other < best:
                    best, where, reverse = other, at, True
            if where >= 0:
                _move(tour, i, j, where, reverse)
                sums(d, n, tour, ahead, back)
                improved = True
    return improved


@njit
def _move(tour, i, j, at, reverse):  # type: ignore[no-untyped-def]
    """Take tour[i..j] out and put it behind tour[at]."""
    piece = tour[i : j + 1].copy()
    if reverse:
        piece = piece[::-1].copy()
    size = j - i + 1
    if at < i:
        for k in range(i - 1, at, -1):
            tour[k + size] = tour[k]
        tour[at + 1 : at + 1 + size] = piece
    else:
        for k in range(j + 1, at + 1):
            tour[k - size] = tour[k]
        tour[at + 1 - size : at + 1] = piece

"""Order of the stops of one tour: cheapest insertion, then 2-opt and or-opt until neither helps.

Source: Rosenkrantz, Stearns, Lewis (1977), cheapest insertion; Croes (1958), 2-opt; Or (1976), or-opt.
"""

import itertools

import numpy as np
from numpy.typing import NDArray


def _length(order: list[int], dist_mm: NDArray[np.float64], start: int, end: int) -> float:
    stops = [start, *order, end]
    return float(sum(dist_mm[a, b] for a, b in itertools.pairwise(stops)))


def plan(dist_mm: NDArray[np.float64], start: int, end: int) -> tuple[list[int], int]:
    """Visit every index of `dist_mm` (n, n) other than start and end, once. Returns (order of the stops, length in mm).

    The best of three insertion orders: far stops first, near stops first, and as numbered.
    """
    stops = [i for i in range(len(dist_mm)) if i not in (start, end)]
    symmetric = bool(np.allclose(dist_mm, dist_mm.T))  # reversing a stretch keeps its length only then
    far_first = sorted(stops, key=lambda i: -dist_mm[start, i])
    tries = [_search(given, dist_mm, start, end, symmetric) for given in (far_first, far_first[::-1], stops)]
    best = min(tries, key=lambda order: _length(order, dist_mm, start, end))
    return best, round(_length(best, dist_mm, start, end))


def _search(given: list[int], d: NDArray[np.float64], start: int, end: int, symmetric: bool) -> list[int]:
    order: list[int] = []
    for stop in given:
        costs = [_insertion(order, at, stop, d, start, end) for at in range(len(order) + 1)]
        order.insert(costs.index(min(costs)), stop)
    improved = len(order) > 1
    while improved:
        improved = (symmetric and _two_opt(order, d, start, end)) or _or_opt(order, d, start, end)
    return order


def _insertion(order: list[int], at: int, stop: int, d: NDArray[np.float64], start: int, end: int) -> float:
    before = order[at - 1] if at else start
    after = order[at] if at < len(order) else end
    return float(d[before, stop] + d[stop, after] - d[before, after])


def _two_opt(order: list[int], d: NDArray[np.float64], start: int, end: int) -> bool:
    n = len(order)
    for i in range(n - 1):
        before = order[i - 1] if i else start
        for j in range(i + 1, n):
            after = order[j + 1] if j + 1 < n else end
            gain = d[before, order[i]] + d[order[j], after] - d[before, order[j]] - d[order[i], after]
            if gain > 1e-6:
                order[i : j + 1] = order[i : j + 1][::-1]
                return True
    return False


def _or_opt(order: list[int], d: NDArray[np.float64], start: int, end: int) -> bool:
    base = _length(order, d, start, end)
    for size in (1, 2, 3):
        for i in range(len(order) - size + 1):
            piece, rest = order[i : i + size], order[:i] + order[i + size :]
            for at in range(len(rest) + 1):
                tried = rest[:at] + piece + rest[at:]
                if _length(tried, d, start, end) < base - 1e-6:
                    order[:] = tried
                    return True
    return False

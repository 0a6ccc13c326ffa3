"""Batches within a time: enumerated and proven where a tour holds few orders, else searched and recombined."""

from math import comb

import numpy as np

from wms.algorithms.batching.partition import recombine
from wms.algorithms.batching.search import Batches, Cost, Orders, Search

ENUMERATED_MAX = 30_000
"""Tours that are worth listing one by one."""
RECOMBINE_AT = (0.55, 0.85)
"""Share of the time after which what was seen is recombined; the search goes on from there."""
RECOMBINE_SHARE = 0.12
RECOMBINE_ORDERS = 400


def batch(orders: Orders, cost: Cost, seconds: float, seed: int = 1, *, rounds: int = 0) -> Batches:
    """Batches of all orders that a tour can hold, in about `seconds` of one core. Never raises for infeasible.

    rounds: so many chunks of moves instead of a time; then the same seed gives the same batches.
    """
    search = Search(orders, cost, seed)
    n = len(search.kept)
    if n < 2:
        return search.best()
    if (all_of_them := every_tour(search)) is not None:
        search.run(min(0.2 * seconds, 1.0), rounds=rounds)
        found = recombine(n, all_of_them, search.value, 0.8 * seconds)
        if found is not None:
            search.take(found)
        return search.best()
    share = 1.0 / (len(RECOMBINE_AT) + 1)
    for _ in range(len(RECOMBINE_AT)):
        search.run(seconds * (share - RECOMBINE_SHARE), rounds=rounds)
        if n <= RECOMBINE_ORDERS:
            found = recombine(n, search.pool(), search.value, seconds * RECOMBINE_SHARE)
            if found is not None:
                search.take(found)
    search.run(seconds * share, rounds=rounds)
    return search.best()


def every_tour(search: Search) -> list[tuple[tuple[int, ...], float]] | None:
    """All sets of orders that a tour can hold, with their lengths; None when they are too many."""
    n, load, capacity = len(search.kept), search._load, search._capacity
    if sum(comb(n, k) for k in range(1, search._most + 1)) > 50 * ENUMERATED_MAX:
        return None
    level: list[tuple[tuple[int, ...], np.ndarray]] = [((i,), load[i]) for i in range(n)]
    found = list(level)
    while level:
        level = [
            ((*members, j), total) for members, held in level for j in range(members[-1] + 1, n)
            if ((total := held + load[j]) <= capacity).all()
        ]  # fmt: skip
        found += level
        if len(found) > ENUMERATED_MAX:
            return None
    return [(members, search.length(members)) for members, _ in found]

"""Batches within a time: enumerated and proven where a tour holds few orders, else searched and recombined."""

import time
from math import comb

import numpy as np

from wms.algorithms.batching.partition import Choice, recombine
from wms.algorithms.batching.search import Batches, Cost, Orders, Search

ENUMERATED_MAX = 30_000
"""Tours that are worth listing one by one."""
RECOMBINE_POOL = ((0.22, 0.12), (0.21, 0.12), (0.33, 0.0))
"""Shares of the time for searching and for recombining what was seen, in turn; the search goes on from there."""
RECOMBINE_LISTED = ((0.1, 0.4), (0.1, 0.4))
"""The same where all tours are known: mostly the first proves it."""
RECOMBINE_ORDERS = 400
LEFT_MIN = 0.1
"""Of the time, with which it is worth to go on."""
NOTHING = Choice(None)


def batch(orders: Orders, cost: Cost, seconds: float, seed: int = 1, *, rounds: int = 0) -> Batches:
    """Batches of all orders that a tour can hold, in about `seconds` of one core. Never raises for infeasible.

    rounds: so many chunks of moves instead of a time; then the same seed gives the same batches.
    """
    search = Search(orders, cost, seed)
    n = len(search.kept)
    if n < 2:
        return search.best()
    began = time.process_time()
    listed = every_tour(search)
    for walk_share, recombine_share in RECOMBINE_POOL if listed is None else RECOMBINE_LISTED:
        search.run(walk_share * seconds, rounds=rounds)
        if n > RECOMBINE_ORDERS or recombine_share == 0.0:
            continue
        choice = recombine(n, search.pool() if listed is None else listed, search.value, recombine_share * seconds)
        if choice.tours is not None:
            search.take(choice.tours)
        if listed is not None and choice.proven:
            return search.best()
    # The solver's limit is on the clock: on a busy machine it leaves time over.
    while not rounds and (left := seconds - (time.process_time() - began)) > LEFT_MIN * seconds:
        search.run(0.5 * left)
        choice = recombine(n, listed or search.pool(), search.value, 0.5 * left) if n <= RECOMBINE_ORDERS else NOTHING
        if choice.tours is not None:
            search.take(choice.tours)
        if listed is not None and choice.proven:
            break
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

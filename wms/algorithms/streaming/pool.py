"""The release pool: which of the waiting orders make the next tours.

The next in line begins a tour. Then, while the cart has room, the order for which extra walk less a share of the walk it would
take alone is least: far orders wait until somebody goes there, and then all of them go. (Least extra walk alone fills carts with
what is near anyway.) Source: Gil-Borras et al., "The time-window strategy in the online order batching problem", Int. J.
Production Research 62(12), 2024, for pool and seed; the share is ours, measured in tests/benchmarks/picking/release.
"""

import numpy as np

from wms.algorithms.batching.search import Cost, Orders, prepared, scratch_for, tour_cost
from wms.algorithms.compiled import njit

ALONE_SHARE = 0.4


def take(
    orders: Orders, cost: Cost, most: int, *, urgent: int = 0, share: float = ALONE_SHARE
) -> tuple[tuple[int, ...], ...]:
    """Tours of at most `most` orders in all; orders as served, of which the first `urgent` go before all others.

    Orders that no tour can hold are left out.
    """
    lists, tables = prepared(cost, orders.places)
    first = np.cumsum([0, *(len(p) for p in lists)]).astype(np.int64)
    place = np.array([p for places in lists for p in places], dtype=np.int64)
    scratch = scratch_for(int(first[-1]) + 2, tables)
    n = len(lists)
    waiting = np.array([len(p) > 0 and bool((orders.loads[i] <= orders.capacity).all()) for i, p in enumerate(lists)])
    alone = np.array([tour_cost(np.array([i]), 1, -1, -1, -1, -1, first, place, tables, scratch) for i in range(n)])
    made: list[tuple[int, ...]] = []
    left = most
    while left > 0 and waiting.any():
        members = np.empty(n, dtype=np.int64)
        forced = np.arange(n) < urgent
        size = _fill(
            min(left, n),
            waiting,
            forced,
            orders.loads,
            orders.capacity,
            alone,
            share,
            first,
            place,
            tables,
            scratch,
            members,
        )
        made.append(tuple(int(i) for i in members[:size]))
        left -= size
    return tuple(made)


@njit
def _fill(most, waiting, forced, loads, capacity, alone, share, first, place, tables, scratch, members):  # type: ignore[no-untyped-def]
    """One tour into `members`; who is in it no longer waits. Returns how many."""
    n, dims = loads.shape
    held = np.zeros(dims, dtype=np.int64)
    size, length = 0, 0.0
    while size < most:
        hurry = False
        for i in range(n):
            if waiting[i] and forced[i] and _fits(loads, capacity, held, i, dims):
                hurry = True
                break
        best, chosen, best_length = 1e300, -1, 0.0
        for i in range(n):
            if not waiting[i] or (hurry and not forced[i]) or not _fits(loads, capacity, held, i, dims):
                continue
            if size == 0:
                chosen, best_length = i, alone[i]
                break
            longer = tour_cost(members, size, -1, -1, i, -1, first, place, tables, scratch)
            score = longer - length - share * alone[i]
            if score < best:
                best, chosen, best_length = score, i, longer
        if chosen < 0:
            break
        waiting[chosen] = False
        members[size] = chosen
        size, length = size + 1, best_length
        for d in range(dims):
            held[d] += loads[chosen, d]
    return size


@njit
def _fits(loads, capacity, held, i, dims):  # type: ignore[no-untyped-def]
    for d in range(dims):  # noqa: SIM110 - a kernel takes no generator
        if held[d] + loads[i, d] > capacity[d]:
            return False
    return True

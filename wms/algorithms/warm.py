"""Compiles every planning kernel, or loads it compiled: `python -m wms.algorithms.warm`.

A solver process runs it when it starts; `wms.algorithms.kept` and the set-up run it once before, so that no plan waits for a compiler.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from wms.algorithms import kept
from wms.algorithms.batching.plan import batch
from wms.algorithms.batching.search import Aisled, Anywhere, Orders
from wms.algorithms.compiled import COMPILED
from wms.algorithms.packing.engine import plan
from wms.algorithms.packing.model import Box, Item
from wms.algorithms.routing.rectangular import Layout, Tours
from wms.algorithms.routing.scattered import Line, serve
from wms.algorithms.streaming import pool
from wms.algorithms.streaming.selection import densest


def warm(tell: Callable[[int, int], None] = lambda _done, _of: None) -> None:
    """Solve one small problem of each kind. Without compiled kernels there is nothing to do. `tell`: how many of how many are done."""
    if not COMPILED:
        return
    orders = Orders.of([[0], [1], [2], [3]] * 8, [[1]] * 32, [5])
    steps = np.arange(6.0)
    anywhere = Anywhere(np.abs(np.subtract.outer(steps, steps)))
    aisled = Aisled(Tours(Layout((0.0, 10.0), 5.0)), np.arange(4), steps[:4])
    boxes = [Box("S", (200, 150, 100), 50, 5_000), Box("M", (300, 220, 160), 150, 15_000)]
    problems: list[Callable[[], object]] = []
    for cost in (aisled, anywhere):
        problems += [
            partial(batch, orders, cost, 0.0, rounds=1),
            partial(pool.take, orders, cost, 10),
            partial(serve, [Line(1, ((0, 1), (1, 1), (2, 1), (3, 1)))] * 8, cost, moves=1),
        ]
    for pieces in (1, 6):  # few are proven, many begin many times and fill several
        problems.append(
            partial(plan, [Item(str(i), (100 + 7 * i, 80, 40 + 3 * i), 200, pieces) for i in range(9)], boxes)
        )
    problems.append(partial(densest, [{0: 1, 1: 1}, {0: 2}], [{0: 2}, {1: 1}], 1, 3, 0.0, rounds=1))
    for done, solve in enumerate(problems):
        tell(done, len(problems))
        solve()
    kept.note()


if __name__ == "__main__":
    warm()

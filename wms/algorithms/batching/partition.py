"""The best choice among tours that a search has seen: each order in exactly one (set partitioning).

The relaxation's reduced costs throw out every tour that no better choice can hold (Geoffrion 1974); the rest goes to a mixed
integer solver. Source: Wahlen and Gschwind, "Branch-price-and-cut for the order batching problem", Transportation Science 57(3),
2023 (the set-partitioning form); a pool from a heuristic, as in Subramanian, Uchoa, Ochi, Computers & OR 40(10), 2013.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Pool = Sequence[tuple[tuple[int, ...], float]]

COLUMNS_MAX = 12_000


@dataclass(frozen=True, slots=True)
class Choice:
    """`tours`: together shorter than the best so far; None when there are none, or none were found in time."""

    tours: list[tuple[int, ...]] | None
    proven: bool = False
    """No choice from the pool is shorter than `tours`, or than the best so far where there are none."""


def recombine(n: int, pool: Pool, best: float, seconds: float) -> Choice:
    """Tours of the pool that hold each of `n` orders once and are together shorter than `best`."""
    # Here, so that only who plans pays for scipy.
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csc_matrix

    if not pool or seconds <= 0:
        return Choice(None)
    sizes = np.array([len(batch) for batch, _ in pool])
    cost = np.array([length for _, length in pool])
    rows = np.concatenate([np.array(batch, dtype=np.int64) for batch, _ in pool])
    holds = csc_matrix((np.ones(len(rows)), rows, np.concatenate([[0], np.cumsum(sizes)])), shape=(n, len(pool)))
    relaxed = linprog(
        cost, A_eq=holds, b_eq=np.ones(n), bounds=(0, None), method="highs", options={"time_limit": seconds / 2}
    )
    if relaxed.status != 0:
        return Choice(None)
    reduced = cost - holds.T @ relaxed.eqlin.marginals
    room = best - relaxed.fun
    if room <= 1e-9:
        return Choice(None, proven=True)
    kept = np.flatnonzero(reduced <= room + 1e-9)
    all_kept = len(kept) <= COLUMNS_MAX
    if not all_kept:
        kept = kept[np.argsort(reduced[kept], kind="stable")[:COLUMNS_MAX]]
    chosen = milp(
        cost[kept], constraints=LinearConstraint(holds[:, kept], 1, 1), integrality=np.ones(len(kept)), bounds=Bounds(0, 1),
        options={"time_limit": seconds / 2, "mip_rel_gap": 0.0},
    )  # fmt: skip
    proven = all_kept and chosen.status in (0, 2)  # optimal, or infeasible: nothing as short as the best
    if chosen.x is None or chosen.fun >= best - 1e-9:
        return Choice(None, proven)
    return Choice([pool[kept[i]][0] for i in np.flatnonzero(chosen.x > 0.5)], proven)

"""The release pool: which of the waiting orders make the next tours.

Seed: the next in line. Then, as long as the cart has room, the order that lies nearest to what is on the cart already.
Source: Gil-Borras et al., "The time-window strategy in the online order batching problem", Int. J. Production Research
62(12), 2024 (pool, seed and least increment).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def take(stops: Sequence[Sequence[int]], dist_mm: NDArray[np.float64], totes: int, most: int) -> list[int]:
    """Indices of at most `most` orders, tour after tour. `stops[i]`: indices into `dist_mm` (n, n); orders as served."""
    waiting = list(range(len(stops)))
    taken: list[int] = []
    while waiting and len(taken) < most:
        near = dist_mm[:, stops[waiting[0]]].min(axis=1)
        taken.append(waiting.pop(0))
        for _ in range(min(totes, most - len(taken) + 1) - 1):
            if not waiting:
                break
            growth = [float(near[stops[i]].sum()) for i in waiting]
            joined = waiting.pop(int(np.argmin(growth)))
            near = np.minimum(near, dist_mm[:, stops[joined]].min(axis=1))
            taken.append(joined)
    return taken

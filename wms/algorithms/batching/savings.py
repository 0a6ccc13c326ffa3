"""Batches for a cart of `slots` totes: the most urgent order seeds a batch, the nearest ones join.

Nearness is the walking distance from each stop of the candidate to the closest stop of the batch, per stop: what the
batch's tour must grow by, at most. Source: seed algorithms, Gibson and Sharp (1992); de Koster et al. (1999).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def batches(stops: Sequence[Sequence[int]], dist_mm: NDArray[np.float64], slots: int) -> list[list[int]]:
    """`stops[i]`: indices into `dist_mm` of order i, orders given most urgent first. Returns batches of order indices."""
    waiting = list(range(len(stops)))
    made: list[list[int]] = []
    while waiting:
        batch = [waiting.pop(0)]
        near = dist_mm[:, sorted(set(stops[batch[0]]))].min(axis=1)
        while waiting and len(batch) < slots:
            growth = [float(near[list(stops[i])].sum()) for i in waiting]
            joined = waiting.pop(int(np.argmin(growth)))
            batch.append(joined)
            near = np.minimum(near, dist_mm[:, sorted(set(stops[joined]))].min(axis=1))
        made.append(batch)
    return made

"""What no set of `count` sizes can beat: billed pounds of parcels that are all served, by Lagrangean relaxation of the p-median.

A carton may grow to the next whole inch on every side and is billed the same, and shrink to what it serves: so the whole-inch
boxes that touch some parcel on each side are all there is to choose from.
Source: Cornuéjols, Fisher and Nemhauser, Management Science 23(8), 1977; the subgradient step of Held, Wolfe and Crowder,
Mathematical Programming 6, 1974.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.packing.assortment import Parcel
from wms.algorithms.packing.cost import INCH_UM, UPS

UNSERVED = 1e4
STEPS, PATIENCE, SHORTER = 3_000, 25, 0.7
HEAVY = 0.6
"""How much of the last direction a step keeps."""


def own(parcels: Sequence[Parcel]) -> int:
    """Pounds billed when each parcel has a carton of its own size."""
    return sum(UPS.units(p.shapes[0], p.weight_g) for p in parcels)


def least(parcels: Sequence[Parcel], count: int, known: float) -> float:
    """No `count` sizes that serve all one-piece parcels bill less. known: what some set bills."""
    inches = np.array([[-(-1_000 * s // INCH_UM) for s in p.shapes[0]] for p in parcels])
    pounds = np.array([UPS.units((1, 1, 1), p.weight_g) for p in parcels])
    rows, times = np.unique(np.column_stack([inches, pounds]), axis=0, return_counts=True)
    sides, weight = rows[:, :3], rows[:, 3]
    longest = sides.max(axis=0)
    boxes = np.array([b for b in product(*(range(1, m + 1) for m in longest)) if b[0] >= b[1] >= b[2]])
    fits = (sides[:, None, :] <= boxes[None, :, :]).all(axis=2)
    touched = np.all([(fits & (sides[:, None, a] == boxes[None, :, a])).any(axis=0) for a in range(3)], axis=0)
    boxes, fits = boxes[touched], fits[:, touched]
    billed = np.maximum(-(-boxes.prod(axis=1) // UPS.divisor)[None, :], weight[:, None])
    return _relaxed(np.where(fits, billed, UNSERVED) * times[:, None], count, known)


def _relaxed(cost: NDArray[np.float64], count: int, known: float) -> float:
    """Each parcel pays a price for being served, every box earns what its parcels' prices exceed their cost; the `count` best open."""
    ordered = np.sort(cost, axis=1)
    prices = kept = ordered[:, 3].copy()
    direction = np.zeros(len(cost))
    best, reach, stalled = -np.inf, 1.0, 0
    for _ in range(STEPS):
        saved = np.minimum(cost - prices[:, None], 0.0)
        total = saved.sum(axis=0)
        opened = np.argpartition(total, count)[:count]
        value = float(prices.sum() + total[opened].sum())
        if value > best + 1e-3:
            best, kept, stalled = value, prices.copy(), 0
        else:
            stalled += 1
            if stalled == PATIENCE:
                reach, prices, stalled = reach * SHORTER, kept.copy(), 0
                direction[:] = 0.0
        direction = 1.0 - (saved[:, opened] < 0).sum(axis=1) + HEAVY * direction
        length = float((direction * direction).sum())
        if length < 1e-9 or reach < 1e-4:
            break
        prices = np.maximum(prices + reach * (known - value) / length * direction, ordered[:, 0])
    return best

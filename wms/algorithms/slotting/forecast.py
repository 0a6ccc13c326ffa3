"""What the days to come will ask for: tours as they were walked, the recent ones counting most.

Exponentially weighted by the age of the day (EWMA); one weight per tour, so that what was ordered together stays together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Day = Sequence[Sequence[int]]
"""Orders of one day as they came; an order is its items."""

HALF_LIFE_DAYS = 5.0
WINDOW_DAYS = 10
"""Tours older than this say less than their evaluation costs."""


@dataclass(frozen=True, slots=True)
class Demand:
    """`tours`: items of each tour, each item once; `weights`: how often a day of the future walks it."""

    tours: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]

    def rates(self, items: int) -> Floats:
        """Tours a day that need each item."""
        found = np.zeros(items)
        for tour, weight in zip(self.tours, self.weights, strict=True):
            found[list(tour)] += weight
        return found


def demand(
    days: Sequence[Day], per_tour: int, *, half_life_days: float = HALF_LIFE_DAYS, window_days: int = WINDOW_DAYS
) -> Demand:
    """One coming day, from the days so far (oldest first), walked first in, first out with `per_tour` orders to a tour."""
    tours: list[tuple[int, ...]] = []
    weights: list[float] = []
    recent = days[-window_days:]
    share = day_weights(len(recent), half_life_days)
    for day, weight in zip(recent, share, strict=True):
        for at in range(0, len(day), per_tour):
            items = tuple(sorted({i for order in day[at : at + per_tour] for i in order}))
            if items:
                tours.append(items)
                weights.append(weight)
    return Demand(tuple(tours), tuple(weights))


def day_weights(days: int, half_life_days: float = HALF_LIFE_DAYS) -> list[float]:
    """Of each day, oldest first; together 1."""
    raw = [0.5 ** ((days - 1 - d) / half_life_days) for d in range(days)]
    total = sum(raw)
    return [w / total for w in raw]


def rates(days: Sequence[Day], items: int, half_life_days: float = HALF_LIFE_DAYS) -> Floats:
    """Order lines a day of each item."""
    found = np.zeros(items)
    for day, weight in zip(days, day_weights(len(days), half_life_days), strict=True):
        for order in day:
            for i in set(order):
                found[i] += weight
    return found


def smoothed(by_day: Mapping[int, Sequence[float]], half_life_days: float, days: int) -> dict[int, float]:
    """Item to its lines in so many days at the rate of now. by_day: item to its lines of each day, oldest first."""
    return {
        item: days * sum(n * w for n, w in zip(lines, day_weights(len(lines), half_life_days), strict=True))
        for item, lines in by_day.items()
    }

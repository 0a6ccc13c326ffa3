"""Engineered standards: the expected time of a piece of work from its walk, stops and pieces.

t = fixed + walk / speed + stops x (search and scan) + pieces x (extract and drop). The four numbers are learned from the
site's own timings by non-negative least squares; a person is never the unit.
Source: Tompkins et al., Facilities Planning, 4th ed., ch. 7 (order picking time: travel, search, extract, other).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES_MIN = 50
"""Fewer timings say nothing: the standard stays as it was."""
TRIM = 0.10
"""Share of the timings furthest above and below the fit that is left out: breaks, and work done in advance."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Seconds of one kind of work. The defaults are those of a picker with a cart and a PDA."""

    walk_mm_s: float = 1_100.0
    stop_s: float = 9.0
    piece_s: float = 2.0
    fixed_s: float = 60.0
    """Once per tour: fetch a cart, put it down."""
    samples: int = 0
    """Timings it was learned from; 0: nobody measured yet."""

    def seconds(self, walk_mm: float, stops: int, pieces: int, *, whole: bool = True) -> float:
        """Expected time. `whole`: with what is done once per tour."""
        return walk_mm / self.walk_mm_s + stops * self.stop_s + pieces * self.piece_s + (self.fixed_s if whole else 0.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """One stop as it was: from the end of the stop before to its own end."""

    walk_mm: float
    pieces: int
    seconds: float


def fit(timings: Sequence[Timing], now: Standard) -> Standard:
    """The standard that these stops were worked by; `now` when there are too few, or they tell nothing of the walk.

    Two rounds: the second leaves out the tenth of the timings furthest off on either side.
    """
    # Here, so that only who fits pays for scipy.
    from scipy.optimize import nnls

    rows = np.array([(t.walk_mm / 1_000, 1.0, t.pieces, t.seconds) for t in timings if t.seconds > 0]).reshape(-1, 4)
    kept: NDArray[np.float64] = rows
    found = np.zeros(3)
    for _ in range(2):
        if len(kept) < SAMPLES_MIN:
            return now
        found, _ = nnls(kept[:, :3], kept[:, 3])
        off = rows[:, 3] - rows[:, :3] @ found
        low, high = np.quantile(off, (TRIM, 1 - TRIM))
        kept = rows[(off >= low) & (off <= high)]
    s_per_m, stop_s, piece_s = (float(x) for x in found)
    # Standing still is no walking speed, and nobody runs: outside, the walk was too short to tell.
    speed = 1_000 / s_per_m if s_per_m > 1e-6 else 0.0
    return Standard(speed if 300 <= speed <= 3_000 else now.walk_mm_s, stop_s, piece_s, now.fixed_s, len(rows))

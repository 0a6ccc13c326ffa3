"""How far a parcel's weight may be off: what units and cartons have weighed so far, and what the scale can see of it.

A parcel of one SKU tells the weight of a unit as (gross - tare) / n, whose variance is that of one unit over n. So each
parcel counts with n: mean and spread are those of single units, whatever was in the parcels.
Source: West, Updating mean and variance estimates, CACM 22(9), 1979 (weighted form).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

K_SIGMA = 4.0
"""Of a hundred thousand whole parcels six weigh further off by chance."""
LEAST_SIGMA = 3.0
"""The ceiling may cut the tolerance down to so many; below, whole parcels would fail too often."""
COLD_SHARE, COLD_LEAST_G = 0.03, 10
"""Before anything is learned: of the expected weight, for unit weights vary and cartons take up moisture."""
WARM = 8
"""So many weighings, and what was learned is believed."""
DOUBT = 4
"""The cold rule counts as so many weighings among the learned ones: a few equal ones by chance prove no small spread."""
MEMORY = 200.0
"""Older weighings fade, so that a slow drift is followed."""
OUTLIER_SIGMA = 6.0
LEVER_G = 2.0
"""Tape, label and a rounded tare stick to the parcel and are taken for a part of its units: parcels of one tell two grams a
unit too much, which is nothing beside one unit and forty grams beside twenty."""
DRIFT_SHARE = 0.2
"""Of the newest weighing in the drift."""
DRIFT_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What units of a SKU, or cartons of a kind, have weighed. `m2`: sum of squares about the mean; `drift_g`: how far the
    newest weighings lie from the mean."""

    samples: float = 0.0
    units: float = 0.0
    mean_g: float = 0.0
    m2: float = 0.0
    drift_g: float = 0.0

    @property
    def warm(self) -> bool:
        return self.samples >= WARM

    @property
    def variance_g2(self) -> float:
        """Of one unit, the cold rule counted in as a few weighings."""
        return (DOUBT * _cold_variance(self.mean_g) + self.m2) / (DOUBT + max(self.samples - 1, 0.0))

    @property
    def drifts(self) -> bool:
        """The newest weighings lie further off the mean than chance lets them."""
        limit = DRIFT_SIGMA * sqrt(self.variance_g2 * DRIFT_SHARE / (2 - DRIFT_SHARE))
        return self.warm and abs(self.drift_g) > max(limit, 0.5)


def _cold_variance(weight_g: float) -> float:
    return (COLD_SHARE * weight_g / K_SIGMA) ** 2


def teach(memory: Memory, unit_g: float, units: int = 1) -> Memory:
    """Take in that `units` pieces weighed `unit_g` each. An outlier moves the drift alone."""
    off = unit_g - memory.mean_g
    drift = memory.drift_g + DRIFT_SHARE * ((off if memory.samples else 0.0) - memory.drift_g)
    if memory.warm and abs(off) > OUTLIER_SIGMA * sqrt(memory.variance_g2 / units):
        return replace(memory, drift_g=drift)
    fade = min(1.0, MEMORY / (memory.samples + 1))
    weight = memory.units * fade
    mean = memory.mean_g + off * units / (weight + units)
    return Memory(
        memory.samples * fade + 1, weight + units, mean, memory.m2 * fade + units * off * (unit_g - mean), drift
    )


def measured(memory: Memory, unit_g: float) -> Memory:
    """Take in that one unit was measured by itself. One that does not fit what was learned begins anew."""
    if memory.warm and abs(unit_g - memory.mean_g) > K_SIGMA * sqrt(memory.variance_g2):
        memory = Memory()
    return teach(memory, unit_g)


@dataclass(frozen=True, slots=True)
class Part:
    """Equal things in a parcel. `variance_g2`: of one; None: not learned yet. `goods`: pieces that may go missing."""

    qty: int
    unit_g: float
    variance_g2: float | None = None
    goods: bool = True


def part(qty: int, memory: Memory | None, told_g: float, *, goods: bool = True) -> Part:
    """By what was learned; by the catalog's weight `told_g` before. More units than it was learned from are less sure."""
    if memory is None or not memory.warm:
        return Part(qty, told_g, None, goods)
    lever_g = LEVER_G * (qty * memory.samples / memory.units - 1) if goods else 0.0
    return Part(qty, memory.mean_g, memory.variance_g2 + lever_g**2 / qty, goods)


def sure(qty: int, unit_g: float) -> Part:
    """Small things of a known weight that nobody learns: inserts, dunnage."""
    return Part(qty, unit_g, _cold_variance(unit_g), goods=False)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """`sees_each`: no weight that lets the whole parcel pass would let it pass without its lightest unit."""

    expected_g: int
    tolerance_g: int
    sees_each: bool

    def agrees(self, weight_g: int) -> bool:
        return abs(weight_g - self.expected_g) <= self.tolerance_g


def tolerance(parts: Sequence[Part], interval_g: int) -> Tolerance:
    """K_SIGMA of the parts' spread, never below two scale intervals (one of the reading, one of the tare), never above the
    cold rule; and where three sigma allow it, below half of the lightest unit.

    What is not learned adds the cold share of its weight in full.
    """
    expected = round(sum(p.qty * p.unit_g for p in parts))
    cold_g = sum(p.qty * p.unit_g for p in parts if p.variance_g2 is None)
    sigma = sqrt(sum(p.qty * p.variance_g2 for p in parts if p.variance_g2 is not None))
    floor = max(2 * interval_g, COLD_LEAST_G if cold_g else 0)
    most = max(COLD_LEAST_G, floor, round(expected * COLD_SHARE))
    found = min(max(floor, round(cold_g * COLD_SHARE + K_SIGMA * sigma)), most)
    lightest = min((p.unit_g for p in parts if p.goods), default=0.0)
    ceiling = int((lightest - 1) // 2)
    if not cold_g and ceiling >= max(floor, LEAST_SIGMA * sigma):
        found = min(found, ceiling)
    return Tolerance(expected, found, found <= ceiling)

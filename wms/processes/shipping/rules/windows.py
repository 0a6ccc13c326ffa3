"""How long a service takes to a country: stated by its carrier, corrected by what was seen, and what lateness costs by it.

All in tenths of a day and whole cents.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from wms.processes.shipping.rules.services import Days

WEIGHT_OF_STATED = 20
"""The stated window counts as so many observations."""
MILLION = 1_000_000


def learned(stated: Days, seen: Sequence[int]) -> Days:
    """Quantiles of the observed days shrunk towards the stated window: (n × observed + k × stated) ÷ (n + k)."""
    n = len(seen)
    if not n:
        return stated
    ordered, k = sorted(seen), WEIGHT_OF_STATED
    low, mid, high = (
        (n * _quantile(ordered, share) + k * said + (n + k) // 2) // (n + k)
        for share, said in zip((10, 50, 90), stated, strict=True)
    )
    return (low, mid, high)


def _quantile(ordered: Sequence[int], percent: int) -> int:
    """By linear interpolation between order statistics (Hyndman and Fan, type 7), rounded half up."""
    at = (len(ordered) - 1) * percent
    i, rest = divmod(at, 100)
    if not rest:
        return ordered[i]
    return ordered[i] + ((ordered[i + 1] - ordered[i]) * rest + 50) // 100


@lru_cache(maxsize=65_536)
def lateness(window: Days, allowed: int) -> tuple[int, int]:
    """(chance of being late in millionths, expected days late in millionths of a tenth day) with `allowed` tenths of a day left.

    The arrival is taken as piecewise uniform through the three quantiles; the outer tenths reach as far beyond p10 and p90 as
    the median lies from them.
    """
    low, mid, high = window
    knots = (max(0, 2 * low - mid), low, mid, high, 2 * high - mid)
    late, days = 0, 0
    for (start, end), share in zip(pairwise(knots), (100_000, 400_000, 400_000, 100_000), strict=True):
        if end <= allowed:
            continue
        if start == end:
            late, days = late + share, days + share * (end - allowed)
            continue
        from_ = max(start, allowed)
        part = share * (end - from_)  # ÷ (end - start)
        late += part // (end - start)
        # Mean lateness over the part: from (from_ - allowed) to (end - allowed).
        days += part * (from_ + end - 2 * allowed) // (2 * (end - start))
    return late, days


def lateness_cost(window: Days, allowed: int | None, once_cents: int, day_cents: int) -> int:
    """Expected cost of missing the promise, rounded half up; 0 without a promise."""
    if allowed is None:
        return 0
    late, days = lateness(window, allowed)
    return (late * once_cents * 10 + days * day_cents + 5 * MILLION) // (10 * MILLION)

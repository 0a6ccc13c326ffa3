"""ABC by pick lines.

The cut is taken before the item: an item belongs to A while the share of all lines gathered before it is below 80 %, so
a lone giant is A. Hysteresis keeps an item in its class until it is clearly past the cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CUTS = (0.80, 0.95)
"""Cumulative share where B and C begin."""
HYSTERESIS = 0.02


@dataclass(frozen=True, slots=True)
class Ranked:
    velocity: str
    lines: float
    share_before: float
    """Share of all lines on busier items."""


def classify(
    lines: Mapping[int, float],
    current: Mapping[int, str],
    cuts: tuple[float, float] = CUTS,
    hysteresis: float = HYSTERESIS,
) -> dict[int, Ranked]:
    """Class of every item of `lines` (item to pick lines, smoothed or not). Items never picked are C.

    current: item to its class so far; an item without one, or with none, has no hysteresis.
    """
    total = sum(n for n in lines.values() if n > 0)
    ranked: dict[int, Ranked] = {}
    before = 0.0
    for item, n in sorted(lines.items(), key=lambda pair: (-pair[1], pair[0])):
        if n <= 0:
            ranked[item] = Ranked("C", 0.0, 1.0)
            continue
        share = before / total
        ranked[item] = Ranked(_velocity(share, current.get(item, ""), cuts, hysteresis), n, share)
        before += n
    return ranked


def _velocity(share: float, now: str, cuts: tuple[float, float], hysteresis: float) -> str:
    a_until, b_until = cuts
    # Each cut moves away from the item that would cross it: outwards for who is inside, inwards for who is not.
    a_until += hysteresis if now == "A" else -hysteresis if now in ("B", "C") else 0.0
    b_until += hysteresis if now in ("A", "B") else -hysteresis if now == "C" else 0.0
    return "A" if share < a_until else "B" if share < b_until else "C"

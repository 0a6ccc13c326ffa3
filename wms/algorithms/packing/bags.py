"""Bags: lying empty and flat they are width × length; each of both loses what the content is high."""

from collections.abc import Sequence
from itertools import permutations

from wms.algorithms.packing.model import Size


def filled(flat_mm: Size, high_mm: int) -> Size:
    """Sides of a bag whose content is so high. A content higher than the bag is wide leaves none: 1 mm then."""
    return (max(1, flat_mm[0] - high_mm), max(1, flat_mm[1] - high_mm), high_mm)


def wraps(flat_mm: Size, size_mm: Size) -> bool:
    """Tell whether a bag takes one piece, some way round."""
    w, l = sorted(flat_mm[:2])  # noqa: E741
    return any(a + c <= w and b + c <= l for a, b, c in permutations(size_mm))


def high_mm(placed: Sequence[Sequence[int]]) -> int:
    """How high an arrangement is. placed: rows of (key, x, y, z, dx, dy, dz)."""
    return max((row[3] + row[6] for row in placed), default=0)


def least_high_mm(flat_mm: Size, volume_mm3: int, low_mm: int = 1) -> int:
    """How high a bag must be filled, at least, to hold so much, of which no piece is lower than `low_mm`; 0: it cannot.

    No arrangement beats it: it takes the content for a liquid.
    """
    for high in range(max(1, low_mm), min(flat_mm[:2])):
        if (flat_mm[0] - high) * (flat_mm[1] - high) * high >= volume_mm3:
            return high
    return 0

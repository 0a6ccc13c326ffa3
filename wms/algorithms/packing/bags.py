"""Bags: lying empty and flat they are width × length; each of both loses what the content is high."""

from wms.algorithms.packing.model import Size


def filled(flat_mm: Size, high_mm: int) -> Size:
    """Sides of a bag whose content is so high. A content higher than the bag is wide leaves none: 1 mm then."""
    return (max(1, flat_mm[0] - high_mm), max(1, flat_mm[1] - high_mm), high_mm)


def least_high_mm(flat_mm: Size, volume_mm3: int, low_mm: int = 1) -> int:
    """How high a bag must be filled, at least, to hold so much, of which no piece is lower than `low_mm`; 0: it cannot.

    No arrangement beats it: it takes the content for a liquid.
    """
    for high in range(max(1, low_mm), min(flat_mm[:2])):
        if (flat_mm[0] - high) * (flat_mm[1] - high) * high >= volume_mm3:
            return high
    return 0

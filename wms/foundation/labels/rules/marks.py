"""Marks drawn from their rules, at any resolution, within a box of `size` millimetres.

Source: ADR/IMDG/IATA 2025: 5.2.1.9 lithium battery mark, 3.4.7 limited quantity mark; Regulation (EC) 765/2008 annex II (CE);
EN 50419 (crossed-out bin, bar below).
"""

import math
from collections.abc import Sequence

from wms.foundation.labels.rules.layout import Element, Shape

Points = Sequence[tuple[float, float]]


def _circle(x: float, y: float, radius: float, start: float = 0.0, end: float = 360.0) -> Points:
    """Points of an arc in degrees, clockwise from the right."""
    steps = max(8, round((end - start) / 5))
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def _band(x: float, y: float, outer: float, inner: float, start: float, end: float) -> Points:
    return [*_circle(x, y, outer, start, end), *reversed(_circle(x, y, inner, start, end))]


def _box(x: float, y: float, width: float, height: float) -> Points:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def limited_quantity(x: float, y: float, size: float, *, by_air: bool = False) -> list[Element]:
    """Square on its point, upper and lower quarter black, middle white (with a Y for air transport)."""
    half, line = size / 2, max(1.0, 0.02 * size)
    cx, cy = x + half, y + half
    inner = half - line * math.sqrt(2)
    diamond = [(cx, y), (x + size, cy), (cx, y + size), (x, cy)]
    white = [(cx, cy - inner), (cx + inner, cy), (cx, cy + inner), (cx - inner, cy)]
    cut = inner / 2
    top = [(cx, cy - inner), (cx + inner - cut, cy - cut), (cx - inner + cut, cy - cut)]
    bottom = [(cx, cy + inner), (cx + inner - cut, cy + cut), (cx - inner + cut, cy + cut)]
    polygons: list[tuple[bool, Points]] = [(True, diamond), (False, white), (True, top), (True, bottom)]
    if by_air:
        u = size / 20
        arm = 1.0 * u
        letter = [
            (cx - 3 * u, cy - 3 * u), (cx - 3 * u + 2 * arm, cy - 3 * u), (cx, cy - arm / 2), (cx + 3 * u - 2 * arm, cy - 3 * u),
            (cx + 3 * u, cy - 3 * u), (cx + arm, cy + arm), (cx + arm, cy + 3 * u), (cx - arm, cy + 3 * u), (cx - arm, cy + arm),
        ]  # fmt: skip
        polygons.append((True, letter))
    return [Shape(polygons)]


def lithium(x: float, y: float, width: float, height: float) -> list[Element]:
    """Batteries, one of them damaged and giving off flames, in the middle of the box."""
    u = min(width / 60, height / 34)
    left, top = x + (width - 60 * u) / 2, y + (height - 34 * u) / 2

    def at(points: Points) -> Points:
        return [(left + px * u, top + py * u) for px, py in points]

    polygons: list[tuple[bool, Points]] = []
    for i in range(3):  # a pack of round cells
        polygons.append((True, at(_box(2 + 9 * i, 12, 7.5, 22))))
        polygons.append((True, at(_box(4 + 9 * i, 10, 3.5, 2.2))))
        polygons.append((False, at(_box(3 + 9 * i, 16, 5.5, 2))))
    polygons.append((True, at(_box(32, 12, 10, 22))))  # the damaged one, broken open
    polygons.append((True, at(_box(34.5, 10, 5, 2.2))))
    polygons.append((False, at([(31.5, 19), (35, 22), (37, 19), (39.5, 23), (42.5, 20), (42.5, 24.5), (39, 27), (37, 23.5),
                                (35, 26.5), (31.5, 23.5)])))  # fmt: skip
    flame = [
        (44, 34),
        (45.5, 26),
        (44, 21),
        (48, 23),
        (48.5, 15),
        (52, 19),
        (54, 10),
        (57, 20),
        (59.5, 18),
        (59, 26),
        (58, 34),
    ]
    polygons.append((True, at(flame)))
    polygons.append((False, at([(49, 34), (48.8, 29), (51.5, 30), (53.5, 24.5), (55.5, 30.5), (55, 34)])))
    return [Shape(polygons)]


def hatching(x: float, y: float, width: float, height: float, band: float = 5.0) -> list[Element]:
    """A border of slanted strokes, `band` wide (5 mm at least)."""
    polygons: list[tuple[bool, Points]] = []
    stroke, pitch = band / 2, band
    for horizontal, length in ((True, width), (False, height)):
        for i in range(int(length // pitch)):
            a = i * pitch
            b, c = min(a + stroke, length), min(a + stroke + band / 2, length)
            start = min(a + band / 2, length)
            for side in (0.0, (height if horizontal else width) - band):
                points = [(a, side + band), (b, side + band), (c, side), (start, side)]
                polygons.append((True, [(x + p, y + q) if horizontal else (x + q, y + p) for p, q in points]))
    return [Shape(polygons)]


def ce(x: float, y: float, height: float) -> list[Element]:
    """C and E on two circles, in the proportions of the Regulation's grid; 1.4 times as wide as high."""
    r = height / 2
    inner = 0.7 * r
    cy = y + r
    left, right = x + r, x + 2.7 * r + 0.3 * r
    arc = (100.0, 260.0)
    letter_c = _band(left, cy, r, inner, *arc)
    letter_e = _band(right, cy, r, inner, *arc)
    bar = _box(right - 0.85 * r, cy - 0.15 * r, 0.85 * r, 0.3 * r)
    return [Shape([(True, letter_c), (True, letter_e), (True, bar)])]


def weee(x: float, y: float, height: float) -> list[Element]:
    """The crossed-out wheeled bin with the bar below."""
    u = height / 20

    def at(points: Points) -> Points:
        return [(x + px * u, y + py * u) for px, py in points]

    body, hollow = [(3, 4), (12, 4), (11, 14), (4, 14)], [(4, 5), (11, 5), (10.2, 13), (4.8, 13)]
    return [Shape([
        (True, at(body)), (False, at(hollow)), (True, at(_box(2.2, 2.4, 10.6, 1.4))), (True, at(_box(6, 1, 3, 1.4))),
        (True, at(_circle(10.2, 14.4, 1.5))), (True, at([(0, 1.2), (1, 0.3), (14.2, 15), (13.2, 15.9)])),
        (True, at([(13.2, 0.3), (14.2, 1.2), (1, 15.9), (0, 15)])), (True, at(_box(1.5, 17.5, 11.5, 2.5))),
    ])]  # fmt: skip

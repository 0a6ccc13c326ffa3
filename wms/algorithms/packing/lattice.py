"""Equal units in one box: layers of a pattern, each layer all of one height.

A layer is cut by guillotine into blocks of equally turned units, or laid as a pinwheel of four blocks; heights of layers are then
chosen to fill the box (a knapsack). Layers of one kind stand exactly on each other; where the turn changes, support is checked.
Source: Steudel, Management Science 25(10), 1979 (pinwheels); Morabito and Morales, JORS 49(8), 1998 (recursive patterns).
"""

from functools import lru_cache
from itertools import islice

Pattern = tuple[tuple[int, int, int, int], ...]
"""Rectangles (x1, y1, x2, y2) of a layer."""
Cuboid = tuple[int, int, int, int, int, int, int]
LAYER_MAX = 2_000
"""Units of one layer, at most."""
CUTS_MAX = 24
"""Cuts of a side that are tried; where there are more, the units are so small that the grid is nearly full."""


def arrange(
    inner: tuple[int, int, int], turns: tuple[tuple[int, int, int], ...], units: int, support_pct: int
) -> list[Cuboid] | None:
    """Placements of exactly `units` units (kind 0), or None when no pattern takes so many."""
    for simple in (True, False):  # grids are quick and mostly enough
        layers = _layers(inner, turns, simple)
        stack = _stack(inner[2], layers, units) if layers else None
        placed = _laid(stack, units, support_pct) if stack else None
        if placed is not None:
            return placed
    return None


def _laid(stack: list[tuple[int, Pattern]], units: int, support_pct: int) -> list[Cuboid] | None:
    """The units of a stack; None where a change of turn leaves one without support."""
    placed: list[Cuboid] = []
    z = 0
    below: Pattern = ()
    for high, pattern in stack:
        layer = pattern[: units - len(placed)]
        if below and pattern != below and support_pct and not all(_carried(r, below, support_pct) for r in layer):
            return None
        placed += [(x1, y1, z, x2, y2, z + high, 0) for x1, y1, x2, y2 in layer]
        z += high
        below = pattern
    return placed if len(placed) == units else None


def _carried(r: tuple[int, int, int, int], below: Pattern, support_pct: int) -> bool:
    area = 0
    for q in below:
        dx, dy = min(r[2], q[2]) - max(r[0], q[0]), min(r[3], q[3]) - max(r[1], q[1])
        if dx > 0 and dy > 0:
            area += dx * dy
    return 100 * area >= support_pct * (r[2] - r[0]) * (r[3] - r[1])


@lru_cache(maxsize=4096)
def _layers(
    inner: tuple[int, int, int], turns: tuple[tuple[int, int, int], ...], simple: bool
) -> tuple[tuple[int, Pattern], ...]:
    """(height, pattern) for each side that may stand upright; simple: grids only."""
    bases: dict[int, set[tuple[int, int]]] = {}
    for x, y, z in turns:
        if z <= inner[2]:
            bases.setdefault(z, set()).add((x, y))
    found = []
    for high, ways in sorted(bases.items()):
        ways_2 = tuple(sorted(ways))
        if simple:
            pattern = _grid(inner[0], inner[1], ways_2)
        else:
            pattern = max(_blocks(inner[0], inner[1], ways_2), _pinwheel(inner[0], inner[1], ways_2), key=len)
        if pattern:
            found.append((high, pattern))
    return tuple(found)


def _stack(height: int, layers: tuple[tuple[int, Pattern], ...], units: int) -> list[tuple[int, Pattern]] | None:
    """Layers, fullest first, that hold `units` in the least height; None when the box is too low."""
    least = [0] + [height + 1] * units
    chosen = [-1] * (units + 1)
    if len(layers) == 1 or units > 2_000:  # one turn, or so many that the best layer alone decides
        high, pattern = max(layers, key=lambda each: len(each[1]) / each[0])
        n = -(-units // len(pattern))
        return [(high, pattern)] * n if n * high <= height else None
    for n in range(1, units + 1):
        for k, (high, pattern) in enumerate(layers):
            used = least[max(0, n - len(pattern))] + high
            if used < least[n]:
                least[n], chosen[n] = used, k
    if least[units] > height:
        return None
    stack = []
    n = units
    while n > 0:
        stack.append(layers[chosen[n]])
        n = max(0, n - len(layers[chosen[n]][1]))
    return sorted(stack, key=lambda each: (-len(each[1]), each[0]))


def _grid(width: int, length: int, ways: tuple[tuple[int, int], ...]) -> Pattern:
    best: tuple[int, int, int] = (0, 0, 0)
    for a, b in ways:
        n = (width // a) * (length // b)
        if n > best[0]:
            best = (n, a, b)
    n, a, b = best
    if not n:
        return ()
    cells = ((i * a, k * b, (i + 1) * a, (k + 1) * b) for i in range(width // a) for k in range(length // b))
    return tuple(islice(cells, LAYER_MAX))


def _moved(pattern: Pattern, x: int, y: int) -> Pattern:
    return tuple((x1 + x, y1 + y, x2 + x, y2 + y) for x1, y1, x2, y2 in pattern)


@lru_cache(maxsize=1 << 15)
def _blocks(width: int, length: int, ways: tuple[tuple[int, int], ...], depth: int = 4) -> Pattern:
    """Guillotine: the grid, or the best cut into two parts."""
    best = _grid(width, length, ways)
    area = min(a * b for a, b in ways)
    full = width * length // area
    if len(best) >= full or not depth or len(ways) == 1:
        return best
    for cut in _cuts(width, {a for a, _ in ways}):
        left = _blocks(cut, length, ways, depth - 1)
        both = left + _moved(_blocks(width - cut, length, ways, depth - 1), cut, 0)
        if len(both) > len(best):
            best = both
            if len(best) >= full:
                return best
    for cut in _cuts(length, {b for _, b in ways}):
        low = _blocks(width, cut, ways, depth - 1)
        both = low + _moved(_blocks(width, length - cut, ways, depth - 1), 0, cut)
        if len(both) > len(best):
            best = both
            if len(best) >= full:
                return best
    return best


def _cuts(side: int, steps: set[int]) -> list[int]:
    """Where a block may end, up to the middle: sums of the sides of the units."""
    reach = {0}
    for step in sorted(steps, reverse=True):
        reach |= {r + n * step for r in reach for n in range(1, side // step + 1) if r + n * step <= side}
    cuts = sorted(reach - {0, side})
    return cuts if len(cuts) <= CUTS_MAX else []


def _pinwheel(width: int, length: int, ways: tuple[tuple[int, int], ...]) -> Pattern:
    """Four blocks around a hole, turned in turn."""
    if len(ways) < 2 or width // min(ways[0]) > CUTS_MAX or length // min(ways[0]) > CUTS_MAX:
        return ()
    a, b = ways[0]
    best: tuple[int, tuple[tuple[int, int], ...]] = (0, ())
    for n1 in range(1, width // a + 1):
        n2 = (width - n1 * a) // b  # columns of the turned block beside it
        for m1 in range(1, length // b + 1):
            m4 = (length - m1 * b) // a
            if not n2 or not m4:
                continue
            # Lower left n1 x m1 upright; lower right n2 x m2 turned; upper right n3 x m3 upright; upper left n4 x m4 turned.
            for m2 in range(1, length // a + 1):
                m3 = (length - m2 * a) // b
                n4 = n1 * a // b if m1 * b + m4 * a > length - m3 * b else width // b
                n3 = (width - n4 * b) // a
                if n4 < 1 or n3 < 1 or m3 < 1:
                    continue
                count = n1 * m1 + n2 * m2 + n3 * m3 + n4 * m4
                if count > best[0]:
                    sizes = ((n1, m1), (n2, m2), (n3, m3), (n4, m4))
                    if _apart(_wheel(width, length, a, b, sizes)):
                        best = (count, sizes)
    if not best[0]:
        return ()
    return tuple(
        (x + i * p, y + k * q, x + (i + 1) * p, y + (k + 1) * q)
        for (x, y, p, q), (n, m) in zip(_corners(width, length, a, b, best[1]), best[1], strict=True)
        for i in range(n) for k in range(m)
    )  # fmt: skip


def _corners(
    width: int, length: int, a: int, b: int, sizes: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int, int, int], ...]:
    """Lower left corner and unit of each block."""
    _, (n2, _), (n3, m3), (_, m4) = sizes
    return (
        (0, 0, a, b),
        (width - n2 * b, 0, b, a),
        (width - n3 * a, length - m3 * b, a, b),
        (0, length - m4 * a, b, a),
    )


def _wheel(width: int, length: int, a: int, b: int, sizes: tuple[tuple[int, int], ...]) -> Pattern:
    """The four blocks as rectangles."""
    return tuple(
        (x, y, x + n * p, y + m * q)
        for (x, y, p, q), (n, m) in zip(_corners(width, length, a, b, sizes), sizes, strict=True)
    )


def _apart(blocks: Pattern) -> bool:
    return not any(
        p[0] < q[2] and q[0] < p[2] and p[1] < q[3] and q[1] < p[3] for i, p in enumerate(blocks) for q in blocks[:i]
    )

"""The fewest boxes of one size: boxes emptied a few at a time and filled anew, the emptiest most often.

A change is kept when a box is saved, or when the fillings have become no more even: a box that is nearly empty is nearly saved.
Source: Schrimpf et al., Journal of Computational Physics 159, 2000 (ruin and recreate); the sum of squared fillings as in Falkenauer,
Journal of Heuristics 2, 1996, section 3.
"""

from collections.abc import Sequence

from wms.algorithms.compiled import njit
from wms.algorithms.packing.model import Size
from wms.algorithms.packing.space import Cuboids, Rows, fill
from wms.algorithms.packing.starts import PRIME, Row, flat

AT_ONCE = 4
"""Boxes emptied together, at most."""


def fewest(
    inner: Size, payload_g: int, units: Sequence[tuple[Sequence[Size], int]], rounds: int, *, support_pct: int = 0, seed: int = 1
) -> list[Cuboids]:  # fmt: skip
    """Boxes with all units; units: (turns, weight in g), each known to fit alone. A box: cuboids with the unit's index.

    rounds: counted work, about 20 microseconds each where kernels are compiled.
    """
    stands: list[int] = []
    rows: list[int] = []
    for turns, weight in units:
        first = len(stands) // 3
        for turn in turns:
            stands += turn
        rows += (first, len(stands) // 3, weight)
    placed, box = improve(flat([*inner, payload_g]), flat(rows), flat(stands), rounds, support_pct, seed)
    made: dict[int, Cuboids] = {}
    for cuboid, number in zip(placed, box, strict=True):
        made.setdefault(number, []).append(cuboid)
    return [made[number] for number in sorted(made)]


@njit
def worth(volumes: list[int], whole: float) -> float:
    """How uneven the fillings are, between 0 and the number of boxes."""
    total = 0.0
    for v in volumes:
        total += (v / whole) ** 2
    return total


@njit
def recreate(
    sides: Row, types: Rows, turns: list[tuple[int, int, int]], volume: list[int], items: list[int], boxes: int, rule: int,
    support: int, least: int,
) -> tuple[list[Cuboids], list[int], list[int]]:  # fmt: skip
    """Fill up to `boxes` boxes one after the other: (fillings, their volumes, items left over)."""
    fillings = [[(0, 0, 0, 0, 0, 0, 0)]]
    fillings.clear()
    volumes = [0]
    volumes.clear()
    rest = items.copy()
    while len(rest) > 0 and len(fillings) < boxes:
        placed, _, _ = fill(
            sides[0],
            sides[1],
            sides[2],
            sides[3],
            [(i, 1) for i in rest],
            types,
            turns,
            support,
            rule,
            False,
            False,
            least,
        )
        taken = 0
        inside = [False] * len(types)
        for p in placed:
            inside[p[6]] = True
            taken += volume[p[6]]
        if len(placed) == 0:
            break
        fillings.append(placed)
        volumes.append(taken)
        rest = [i for i in rest if not inside[i]]
    return fillings, volumes, rest


@njit
def improve(sides: Row, rows: Row, stands: Row, rounds: int, support: int, seed: int) -> tuple[Cuboids, list[int]]:
    """(all cuboids, the box of each)."""
    turns = [(stands[3 * i], stands[3 * i + 1], stands[3 * i + 2]) for i in range(len(stands) // 3)]
    n = len(rows) // 3
    types = [(rows[3 * i], rows[3 * i + 1], rows[3 * i + 2], -1) for i in range(n)]
    volume = [turns[rows[3 * i]][0] * turns[rows[3 * i]][1] * turns[rows[3 * i]][2] for i in range(n)]
    whole = float(sides[0] * sides[1] * sides[2])
    least = min([min(t) for t in turns])
    order = [i for _, i in sorted([(-volume[i], i) for i in range(n)])]
    best, volumes, _ = recreate(sides, types, turns, volume, order, n, 2, support, least)
    for rule in (1, 3, 4, 0):
        other, other_volumes, _ = recreate(sides, types, turns, volume, order, n, rule, support, least)
        if len(other) < len(best):
            best, volumes = other, other_volumes
    draw = seed
    for _ in range(rounds):
        m = len(best)
        if m < 2:
            break
        draw = draw * 48_271 % PRIME
        k = min(m, 2 + draw % (AT_ONCE - 1))
        out = [False] * m
        # The emptiest of three drawn, then any.
        low = draw // 8 % m
        for _ in range(2):
            draw = draw * 48_271 % PRIME
            if volumes[draw % m] < volumes[low]:
                low = draw % m
        out[low] = True
        gone = 1
        while gone < k:
            draw = draw * 48_271 % PRIME
            if not out[draw % m]:
                out[draw % m] = True
                gone += 1
        items = [(0, 0)]
        items.clear()
        before = [0]
        before.clear()
        for b in range(m):
            if out[b]:
                before.append(volumes[b])
                for p in best[b]:
                    # By volume, more or less; or by a side.
                    draw = draw * 48_271 % PRIME
                    items.append((-volume[p[6]] * (70 + draw % 60), p[6]))
        items.sort()
        draw = draw * 48_271 % PRIME
        rule = draw % 6
        if rule == 5:
            rule = 2
        fillings, made, rest = recreate(sides, types, turns, volume, [i for _, i in items], k, rule, support, least)
        if len(rest) > 0:
            continue
        if len(fillings) < k or worth(made, whole) >= worth(before, whole):
            kept = [best[b] for b in range(m) if not out[b]]
            kept_volumes = [volumes[b] for b in range(m) if not out[b]]
            for b in range(len(fillings)):
                kept.append(fillings[b])
                kept_volumes.append(made[b])
            best, volumes = kept, kept_volumes
    placed = [(0, 0, 0, 0, 0, 0, 0)]
    placed.clear()
    box = [0]
    box.clear()
    for b in range(len(best)):
        for p in best[b]:
            placed.append(p)
            box.append(b)
    return placed, box

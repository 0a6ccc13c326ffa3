"""The best K carton sizes for what a site ships: p-median over candidate sizes, by greedy and swaps, locked sizes kept.

A parcel needs one of a few shapes (`shapes_of`); a size serves it when some shape lies inside. Each parcel pays the price of the
cheapest size that serves it: litres, or what a carrier bills. Candidates are the parcels' own shapes rounded up to the grid; where
swaps end, each size is cut to what it serves, new candidates are made from what it would serve without its largest parcels, and the
swaps go on.
Source: Teitz and Bart, Operations Research 16(5), 1968 (vertex substitution); Resende and Werneck, ALENEX 2003, section 3 (gain,
loss and extra); Rogers, arXiv 2004.11533 (cartons as p-median).
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.packing.model import Size

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CANDIDATES_MAX = 3_000
OWN_MAX = 1_000
ROUNDS = 16
"""Of swaps to the end, each from new candidates or from a kicked set."""
ALONE = 2.0
"""A parcel that no size serves ships as it is and counts for so many times a size made for it."""
WEIGHT_STEP_G = 100
"""While sizes are chosen, weights are counted up to the next step; a report takes them as they are."""
REACH, CUTS = 2, 4
KICKED = 3
"""Sizes thrown out at once when swaps and new candidates no longer help."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one parcel needs inside: any of `shapes`, sides longest first. volume_mm3: of the goods."""

    key: str
    shapes: tuple[Size, ...]
    volume_mm3: int
    weight_g: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Sizes that a maker offers: outer sides are multiples of `step_um`, `wall_mm` thick on each side.

    A step of an inch (25,400) leaves no billed inch half used.
    """

    step_um: int = 10_000
    wall_mm: int = 0

    def up(self, side_mm: int) -> int:
        """The least inner side of the grid that holds this one."""
        outer = -(-(side_mm + 2 * self.wall_mm) * 1_000 // self.step_um) * self.step_um // 1_000
        return max(side_mm, outer - 2 * self.wall_mm)

    def outer(self, inner: Size) -> Size:
        a, b, c = (s + 2 * self.wall_mm for s in inner)
        return a, b, c


Price = Callable[[Size, int], float]
"""(outer sides, goods in g) to what a parcel costs."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a set of sizes serves parcels. fill: goods by inner volume. used: parcels of each size. alone: parcels that none serves."""

    fill: float
    litres: float
    cost: float
    used: tuple[int, ...]
    alone: int
    parcels: int


@dataclass(frozen=True, slots=True)
class Assortment:
    """sizes: inner, longest side first, smallest first; the locked ones among them."""

    sizes: tuple[Size, ...]
    fitted: Report


def litres(outer: Size, _: int) -> float:
    return outer[0] * outer[1] * outer[2] / 1e6


def is_held_out(key: str, percent: int = 30) -> bool:
    """Whether a parcel belongs to the unseen part, by a hash of its id."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100 < percent


def choose(
    parcels: Sequence[Parcel], count: int, *, grid: Grid | None = None, price: Price = litres, locked: Sequence[Size] = (),
    rounds: int = ROUNDS, seconds: float | None = None, seed: int = 1,
) -> Assortment:  # fmt: skip
    """The `count` sizes that serve these parcels at the least price, `locked` ones included. Counted rounds give the same
    answer everywhere; `seconds` only ends them early. Errors: ValueError, no parcels or more locked than asked for."""
    if not parcels or count < max(1, len(locked)):
        raise ValueError("an assortment needs parcels, and room for the locked sizes")
    until = None if seconds is None else time.monotonic() + seconds
    grid, rng = grid or Grid(), np.random.default_rng(seed)
    table = _Table(parcels, grid, price, WEIGHT_STEP_G)
    fixed = [descending(s) for s in locked]
    sizes = [*fixed, *(s for s in _candidates(table, rng) if s not in fixed)]
    chosen = list(range(len(fixed)))
    prices = table.prices(sizes)
    chosen = _greedy(prices, table, chosen, min(count, len(sizes)))
    best, kept = float("inf"), [sizes[c] for c in chosen]
    for _ in range(rounds):
        chosen, cost = _swaps(prices, table, chosen, len(fixed), until)
        if cost < best - 1e-9:
            best, kept = cost, [sizes[c] for c in chosen]
            if len(kept) == len(fixed):
                break
            free = slice(len(fixed), None)
            extra = _neighbours(kept[free], table, prices[:, chosen[free]])
            sizes = list(dict.fromkeys([*kept, *extra, *sizes]))[:CANDIDATES_MAX]
            chosen = list(range(len(kept)))
            prices = table.prices(sizes)
        else:  # thrown about, from the best
            chosen = list(range(len(kept)))
            for _ in range(min(KICKED, count - len(fixed))):
                del chosen[int(rng.integers(len(fixed), len(chosen)))]
            others = [int(j) for j in rng.choice(len(sizes), size=len(sizes) // 3, replace=False)]
            chosen = _greedy(prices, table, chosen, len(kept), others)
        if until is not None and time.monotonic() > until:
            break
    found = sorted(kept, key=lambda s: (s[0] * s[1] * s[2], s))
    return Assortment(tuple(found), report(parcels, found, grid=grid, price=price))


def report(
    parcels: Sequence[Parcel], sizes: Sequence[Size], *, grid: Grid | None = None, price: Price = litres
) -> Report:
    """How these sizes serve these parcels."""
    grid = grid or Grid()
    table = _Table(parcels, grid, price, 1)
    sizes = [descending(s) for s in sizes]
    prices = table.paid(sizes)
    volume = np.array([s[0] * s[1] * s[2] / 1e6 for s in sizes])
    # The cheapest size; of equally cheap ones the smallest.
    pick = np.lexsort((np.broadcast_to(volume, prices.shape), prices), axis=1)[:, 0]
    paid = prices[np.arange(len(prices)), pick]
    served = np.isfinite(paid)
    boxes = np.where(served, volume[pick], ALONE * table.own_litres)
    total = float((boxes * table.count).sum())
    return Report(
        table.volume / total if total else 0.0, total,
        float((np.where(served, paid, table.own) * table.count).sum()),
        tuple(int(table.count[served & (pick == j)].sum()) for j in range(len(sizes))),
        int(table.count[~served].sum()), int(table.count.sum()),
    )  # fmt: skip


def descending(size: Iterable[int]) -> Size:
    a, b, c = sorted(size, reverse=True)
    return a, b, c


class _Table:
    """Parcels as arrays; equal ones are counted together."""

    def __init__(self, parcels: Sequence[Parcel], grid: Grid, price: Price, step_g: int) -> None:
        merged: dict[tuple[tuple[Size, ...], int], tuple[int, int]] = {}
        for p in parcels:
            shapes = tuple(sorted({descending(grid.up(s) for s in shape) for shape in p.shapes}))
            weight = 0 if price is litres else -(-p.weight_g // step_g) * step_g
            count, volume = merged.get((shapes, weight), (0, 0))
            merged[shapes, weight] = (count + p.count, volume + p.count * p.volume_mm3)
        rows = sorted(merged)
        self.shapes = [shapes for shapes, _ in rows]
        self.weight = np.array([weight for _, weight in rows], dtype=np.int64)
        self.count = np.array([merged[row][0] for row in rows], dtype=np.float64)
        self.volume = sum(merged[row][1] for row in rows) / 1e6
        self.grid, self.price = grid, price
        self.first = np.array([shapes[0] for shapes in self.shapes], dtype=np.int64)
        self.more = [(i, np.array(s[1:], dtype=np.int64)) for i, s in enumerate(self.shapes) if len(s) > 1]
        least = [min(s, key=lambda x: x[0] * x[1] * x[2]) for s in self.shapes]
        self.own_litres = np.array([s[0] * s[1] * s[2] / 1e6 for s in least])
        own = [price(grid.outer(s), int(w)) for s, w in zip(least, self.weight, strict=True)]
        self.own = ALONE * np.array(own)
        # While sizes are chosen, to serve nothing costs more than the size that holds everything would.
        everything = descending(max(s[axis] for s in least) for axis in range(3))
        self.alone = np.array([ALONE * price(grid.outer(everything), int(w)) for w in self.weight])

    def prices(self, sizes: Sequence[Size]) -> Floats:
        """(parcels, sizes): what each parcel pays in each size; `alone` where it does not fit."""
        paid = self.paid(sizes)
        return np.where(np.isfinite(paid), paid, self.alone[:, None])

    def paid(self, sizes: Sequence[Size]) -> Floats:
        """The same, infinite where it does not fit."""
        asked = np.array(sizes, dtype=np.int64).reshape(-1, 3)
        fits: NDArray[np.bool_] = np.asarray((self.first[:, None, :] <= asked[None, :, :]).all(axis=2))
        for i, shapes in self.more:
            fits[i] |= (shapes[:, None, :] <= asked[None, :, :]).all(axis=2).any(axis=0)
        if self.price is litres:
            each = np.array([litres(self.grid.outer(s), 0) for s in sizes])
            paid = np.broadcast_to(each, fits.shape)
        else:
            known: dict[int, Floats] = {}
            outer = [self.grid.outer(s) for s in sizes]
            for w in np.unique(self.weight):
                known[int(w)] = np.array([self.price(s, int(w)) for s in outer])
            paid = np.stack([known[int(w)] for w in self.weight])
        return np.where(fits, paid, np.inf)


def _candidates(table: _Table, rng: np.random.Generator) -> list[Size]:
    """The parcels' own shapes, and where there are few, pairs of them joined."""
    weight: dict[Size, float] = {}
    for shapes, n in zip(table.shapes, table.count, strict=True):
        for shape in shapes:
            weight[shape] = weight.get(shape, 0.0) + float(n)
    own = sorted(weight, key=lambda s: (-weight[s], s))
    everything = descending(max(s[axis] for s in own) for axis in range(3))
    picked = own[:OWN_MAX]
    for _ in range(OWN_MAX):
        a, b = own[rng.integers(len(own))], own[rng.integers(len(own))]
        picked.append(descending(max(x, y) for x, y in zip(a, b, strict=True)))
    return list(dict.fromkeys([everything, *picked]))


def _greedy(prices: Floats, table: _Table, chosen: list[int], count: int, without: Sequence[int] = ()) -> list[int]:
    """Add what saves most, again and again."""
    paid = prices[:, chosen].min(axis=1) if chosen else table.alone.copy()
    while len(chosen) < count:
        total = (np.minimum(prices, paid[:, None]) * table.count[:, None]).sum(axis=0)
        total[without] = np.inf
        total[chosen] = np.inf
        j = int(total.argmin())
        chosen = [*chosen, j]
        paid = np.minimum(paid, prices[:, j])
    return chosen


def _swaps(
    prices: Floats, table: _Table, chosen: list[int], fixed: int, until: float | None
) -> tuple[list[int], float]:
    """Exchange one size for another as long as that pays."""
    count = table.count
    while True:
        own = prices[:, chosen]
        order = own.argsort(axis=1, kind="stable")
        rows = np.arange(len(own))
        nearest = order[:, 0]
        d1 = np.minimum(own[rows, nearest], table.alone)
        d2 = np.minimum(own[rows, order[:, 1]] if len(chosen) > 1 else table.alone, table.alone)
        gain = (np.maximum(d1[:, None] - prices, 0.0) * count[:, None]).sum(axis=0)
        best, swap = 1e-7, (-1, -1)
        for i in range(fixed, len(chosen)):
            mine = nearest == i
            loss = float(((d2 - d1) * count)[mine].sum())
            extra = np.maximum(d2[mine, None] - np.maximum(prices[mine], d1[mine, None]), 0.0)
            profit = gain - loss + (extra * count[mine, None]).sum(axis=0)
            profit[chosen] = -np.inf
            j = int(profit.argmax())
            if profit[j] > best:
                best, swap = float(profit[j]), (i, j)
        if swap[0] < 0 or (until is not None and time.monotonic() > until):
            return chosen, float((d1 * count).sum())
        chosen = [*chosen[: swap[0]], swap[1], *chosen[swap[0] + 1 :]]


def _neighbours(kept: Sequence[Size], table: _Table, prices: Floats) -> list[Size]:
    """What a size could be instead: its sides up to REACH levels wider or narrower (a level is a side that some parcel has), or cut to
    what it serves without the largest parcels."""
    found: list[Size] = []
    levels = [np.unique(table.first[:, axis]) for axis in range(3)]
    nearest = prices.argmin(axis=1)
    for j, size in enumerate(kept):
        ways = []
        for axis in range(3):
            at = int(np.searchsorted(levels[axis], size[axis]))
            ways.append([int(x) for x in levels[axis][max(0, at - REACH) : at + REACH + 1]])
        found += [descending(sides) for sides in product(*ways)]
        mine = table.first[(nearest == j) & (prices[:, j] < table.alone)]
        mine = mine[(mine <= size).all(axis=1)]
        cuts = [np.unique(mine[:, axis])[::-1][:CUTS] for axis in range(3)]
        for bounds in product(*cuts):
            inside = mine[(mine <= bounds).all(axis=1)]
            if len(inside):
                found.append(descending(int(s) for s in inside.max(axis=0)))
    return list(dict.fromkeys(found))

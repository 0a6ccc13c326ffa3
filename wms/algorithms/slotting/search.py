"""Which position each item gets, so that the walks of the orders to come are shortest: exchanges judged by exact tours.

An exchange of two positions is kept when all tours that it touches are together shorter, or now and then when they are not
(annealing). Distance alone puts the busiest nearest; tours also want what is ordered together in one aisle. Source: Mantel,
Schuur, Heragu, "Order oriented slotting", European J. Industrial Engineering 1(3), 2007; Oxenstierna et al., "Storage
assignment using nested annealing", ICORES 2023.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.batching.search import Aisled, Cost, prepared, scratch_for, tour_cost
from wms.algorithms.compiled import njit
from wms.algorithms.slotting.forecast import Demand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOT, COLD = 0.5, 0.02
"""Temperature at the start and at the end, in mean walks per line of the newest day."""
CHUNK = 200
FRIENDS, NEAR = 0.7, 0.85
"""Shares of the tries: beside something of the same tour; up to here, not far from where it is; the rest, anywhere."""
BESIDE, AROUND = 6, 200
"""How many positions away "beside" and "not far" reach."""
TRIED = 400
"""Tours of the newest days that judge the rules to begin with."""


@dataclass(frozen=True, slots=True)
class Positions:
    """What can hold one item each. `place`: the cost's place of each, so that several positions may share one."""

    cost: Cost
    place: Ints
    allowed: NDArray[np.bool_] | None = None
    """(kinds of items, kinds of positions) what may lie where; None: anything anywhere."""
    item_kind: Ints | None = None
    kind: Ints | None = None
    """Of each position."""
    reach: Floats | None = None
    """Of each position: walk that one line at it is worth beyond the way there (bending, ladders). Only moves weigh it."""


class Walks:
    """Tours of one demand on some positions, ready for the kernels. Positions are renumbered along the aisles."""

    def __init__(self, positions: Positions, demand: Demand, items: int) -> None:
        ranked, self.tables = prepared(positions.cost, [[p] for p in range(_places(positions.cost))])
        rank = np.array([r[0] for r in ranked], dtype=np.int64)[positions.place]
        self.given = np.argsort(rank, kind="stable").astype(np.int64)
        """New number to the given one."""
        self.number = np.empty_like(self.given)
        self.number[self.given] = np.arange(len(self.given))
        self.rank = np.ascontiguousarray(rank[self.given])
        reach = np.zeros(len(self.given)) if positions.reach is None else positions.reach
        self.reach = np.ascontiguousarray(np.asarray(reach, dtype=np.float64)[self.given])
        n = len(self.given)
        if items > n:
            raise ValueError(f"{items} items for {n} positions")
        self.first = np.cumsum([0, *(len(t) for t in demand.tours)]).astype(np.int64)
        self.member = np.array([i for t in demand.tours for i in t], dtype=np.int64)
        self.weight = np.array(demand.weights, dtype=np.float64)
        by_item = np.argsort(self.member, kind="stable")
        tour = np.repeat(np.arange(len(self.weight)), np.diff(self.first))
        self.of_tour = np.ascontiguousarray(tour[by_item]).astype(np.int64)
        self.of_first = np.searchsorted(self.member[by_item], np.arange(n + 1)).astype(np.int64)
        self.scratch = scratch_for(max((len(t) for t in demand.tours), default=0) + 2, self.tables)
        self.one = np.arange(int(self.rank.max(initial=0)) + 2, dtype=np.int64)

    def lengths(self, at: Ints) -> Floats:
        """Of each tour; at: item to its (new) position."""
        return np.asarray(_lengths(self.first, self.member, at, self.rank, self.one, self.tables, self.scratch))

    def lines(self) -> Floats:
        """Of each item, weighted."""
        found = np.zeros(len(self.of_first) - 1)
        np.add.at(found, self.member, np.repeat(self.weight, np.diff(self.first)))
        return found


def walks(at: Sequence[int], positions: Positions, demand: Demand) -> Floats:
    """Length of each tour of `demand` with item i at position at[i]."""
    ready = Walks(positions, demand, len(at))
    return ready.lengths(ready.number[np.asarray(at, dtype=np.int64)])


def start(rates: Floats, positions: Positions, demand: Demand) -> list[int]:
    """The busiest items to the first positions, in the order that suits this demand best: nearest first, aisle by aisle, or
    something between. Returns the position of each item; what has no rate comes last.
    """
    recent = Demand(demand.tours[-TRIED:], demand.weights[-TRIED:])
    busiest = np.argsort(-rates, kind="stable")
    best: tuple[float, list[int]] | None = None
    for order in _orders(positions):
        at = np.empty(len(rates), dtype=np.int64)
        at[busiest] = order[: len(rates)]
        length = float((walks(at.tolist(), positions, recent) * recent.weights).sum())
        if best is None or length < best[0]:
            best = (length, at.tolist())
    if best is None:
        raise ValueError("no order of the positions")
    return best[1]


def _orders(positions: Positions) -> list[Ints]:
    """Positions first to last, by different rules."""
    cost = positions.cost
    if not isinstance(cost, Aisled):
        out = cost.dist[-2, :-2] + cost.dist[:-2, -1]
        return [np.argsort(out[positions.place], kind="stable").astype(np.int64)]
    layout = cost.tours.layout
    aisle, y = cost.aisles[positions.place], cost.ys[positions.place]
    x = np.abs(np.asarray(cost.tours.kernel[8])[aisle] - np.asarray(cost.tours.kernel[8])[layout.depot_aisle])
    up = np.abs(y - layout.rows[layout.depot_row])
    rows = np.asarray(layout.rows)
    block = np.abs(
        np.clip(np.searchsorted(rows, y, side="right") - 1, 0, len(rows) - 2) - min(layout.depot_row, len(rows) - 2)
    )
    tall = float(rows[-1] - rows[0]) / (len(rows) - 1)
    keys = [x + up, 2 * x + up, 4 * x + up, 1e3 * x + up]
    # A block is walked through as a whole: which block, and which aisle, says more than how deep.
    keys += [w * x + tall * block + 1e-3 * up for w in (2.0, 3.0, 4.0, 6.0)]
    return [np.argsort(k, kind="stable").astype(np.int64) for k in keys]


def improve(
    at: Sequence[int], positions: Positions, demand: Demand, seconds: float, seed: int = 1, *, rounds: int = 0
) -> list[int]:
    """Position of each item, no worse for `demand` than `at` (each position once at most).

    Where `positions` say what may lie where, nothing gets where it may not. seconds: of CPU time; rounds: so many chunks of
    exchanges instead, and then the same seed gives the same answer.
    """
    ready = Walks(positions, demand, len(at))
    n, items = len(ready.given), len(at)
    slot = np.full(n, -1, dtype=np.int64)  # what stands for an empty position has a number above the items
    slot[:items] = ready.number[np.asarray(at, dtype=np.int64)]
    slot[items:] = np.setdiff1d(np.arange(n), slot[:items])
    lies = np.empty(n, dtype=np.int64)
    lies[slot] = np.arange(n)
    lines = ready.lines()
    drawn = np.flatnonzero(lines > 0)
    if n < 2 or not len(drawn):
        return [int(p) for p in at]
    allowed, item_kind, kind = _kinds(positions, ready, items, n)
    chance = np.cumsum(np.sqrt(lines[drawn]))
    length = ready.lengths(slot)
    now = np.array([float((ready.weight * length).sum())])
    best, best_slot = now.copy(), slot.copy()
    each = now[0] / lines.sum() * ready.weight.max()
    state = np.array([(seed * 0x9E3779B97F4A7C15 + 88172645463325252) % 2**64], dtype=np.uint64)
    stamp, fresh = np.zeros(len(length), dtype=np.int64), np.empty(len(length))
    count = np.zeros(1, dtype=np.int64)
    began, done, round_ = time.process_time(), 0.0, 0
    while done < 1.0:
        _exchange(
            CHUNK, each * HOT * (COLD / HOT) ** done, slot, lies, best_slot, now, best, length, ready.rank, ready.first,
            ready.member, ready.weight, ready.of_first, ready.of_tour, drawn, chance, allowed, item_kind, kind, ready.one,
            ready.tables, ready.scratch, state, stamp, fresh, count,
        )  # fmt: skip
        round_ += 1
        done = round_ / rounds if rounds else (time.process_time() - began) / seconds
    return [int(p) for p in ready.given[best_slot[:items]]]


def _kinds(positions: Positions, ready: Walks, items: int, n: int) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """What may lie where; the last row is the empty position's, which may be anywhere."""
    if positions.allowed is None or positions.item_kind is None or positions.kind is None:
        return np.ones((1, 1), dtype=np.bool_), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    kinds = positions.allowed.shape[0]
    allowed = np.vstack([positions.allowed, np.ones((1, positions.allowed.shape[1]), dtype=np.bool_)])
    item_kind = np.concatenate([positions.item_kind, np.full(n - items, kinds)]).astype(np.int64)
    return allowed, item_kind, np.ascontiguousarray(positions.kind[ready.given]).astype(np.int64)


def _places(cost: Cost) -> int:
    return len(cost.aisles) if isinstance(cost, Aisled) else len(cost.dist) - 2


@njit
def walk(members, slot, rank, one, tables, scratch):  # type: ignore[no-untyped-def]
    """Length of the tour to these items."""
    at = rank[slot[members]]
    return tour_cost(at, len(at), -1, -1, -1, -1, one, one, tables, scratch)


@njit
def _lengths(first, member, slot, rank, one, tables, scratch):  # type: ignore[no-untyped-def]
    n = first.shape[0] - 1
    out = np.empty(n)
    for t in range(n):
        out[t] = walk(member[first[t] : first[t + 1]], slot, rank, one, tables, scratch)
    return out


@njit
def draw(state):  # type: ignore[no-untyped-def]
    """xorshift64 (Marsaglia 2003), as a share of one."""
    x = state[0]
    x ^= (x << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    x ^= x >> np.uint64(7)
    x ^= (x << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    state[0] = x
    return np.float64(x >> np.uint64(11)) / 9007199254740992.0


@njit
def partner(i, slot, first, member, of_first, of_tour, state):  # type: ignore[no-untyped-def]
    """A position to try for item i; -1: none this time."""
    n = slot.shape[0]
    kind = draw(state)
    if kind < FRIENDS:
        t = of_tour[of_first[i] + np.int64(draw(state) * (of_first[i + 1] - of_first[i]))]
        friend = member[first[t] + np.int64(draw(state) * (first[t + 1] - first[t]))]
        q = slot[friend] + np.int64(draw(state) * (2 * BESIDE + 1)) - BESIDE
    elif kind < NEAR:
        q = slot[i] + np.int64(draw(state) * (2 * AROUND + 1)) - AROUND
    else:
        q = np.int64(draw(state) * n)
    return q if 0 <= q < n else -1


@njit
def touched(  # type: ignore[no-untyped-def]
    i, j, slot, length, rank, first, member, weight, of_first, of_tour, one, tables, scratch, stamp, fresh, count
):  # fmt: skip
    """How much longer the tours of i and j are with `slot` as it is now than `length` says; their new lengths in `fresh`."""
    count[0] += 1
    delta = 0.0
    for k in (i, j):
        for x in range(of_first[k], of_first[k + 1]):
            t = of_tour[x]
            if stamp[t] == count[0]:
                continue
            stamp[t] = count[0]
            fresh[t] = walk(member[first[t] : first[t + 1]], slot, rank, one, tables, scratch)
            delta += weight[t] * (fresh[t] - length[t])
    return delta


@njit
def _exchange(  # type: ignore[no-untyped-def]
    tries, temperature, slot, lies, best_slot, now, best, length, rank, first, member, weight, of_first, of_tour, drawn, chance,
    allowed, item_kind, kind, one, tables, scratch, state, stamp, fresh, count,
):  # fmt: skip
    """So many exchanges are tried; arrays are changed in place."""
    for _ in range(tries):
        i = drawn[min(np.searchsorted(chance, draw(state) * chance[-1]), drawn.shape[0] - 1)]
        p, q = slot[i], partner(i, slot, first, member, of_first, of_tour, state)
        if q < 0 or rank[p] == rank[q]:
            continue
        j = lies[q]
        if not (allowed[item_kind[i], kind[q]] and allowed[item_kind[j], kind[p]]):
            continue
        slot[i], slot[j] = q, p
        delta = touched(
            i,
            j,
            slot,
            length,
            rank,
            first,
            member,
            weight,
            of_first,
            of_tour,
            one,
            tables,
            scratch,
            stamp,
            fresh,
            count,
        )
        if delta > 1e-9 and draw(state) >= np.exp(-delta / temperature):
            slot[i], slot[j] = p, q
            continue
        lies[q], lies[p] = i, j
        for k in (i, j):
            for x in range(of_first[k], of_first[k + 1]):
                length[of_tour[x]] = fresh[of_tour[x]]
        now[0] += delta
        if now[0] < best[0] - 1e-9:
            best[0] = now[0]
            best_slot[:] = slot

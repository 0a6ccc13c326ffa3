"""Which orders to release together when labour or stock is short: most pieces for each aisle that must be visited.

A fractional 0-1 programme: choose aisles and the orders that their stock serves whole, `low` to `high` pieces in all. Annealing
over sets of aisles, in which orders enter and leave as their stock does; then neighbourhoods of the best set by mixed integer
programming, with the best ratio so far as the price of an aisle: any choice worth more than nothing at that price is denser.
Source: Dinkelbach, "On nonlinear fractional programming", Management Science 13(7), 1967; the problem is that of the wave
challenge of the Brazilian symposium on operational research (SBPO 2025); Fischetti and Lodi, "Local branching", Mathematical
Programming 98, 2003, for the neighbourhoods.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import njit
from wms.algorithms.draws import below, chance, seeded

Ints = NDArray[np.int64]

CHUNK = 500
"""Moves between two looks at the clock."""
HOT, COLD = 0.03, 0.0005
"""Temperature at the start and at the end, in best ratios so far."""
ANNEALED_SHARE = 0.6
"""Of the time; the rest goes to the mixed integer programmes."""
STARTS = 3
ORDERS_OUT = 8
"""Orders looked at to be put out where the aisles stay."""
NEAR_AISLES = (10, 20, 40, 80)
"""Aisles that a programme adds to the best set; fewer orders and aisles are solved sooner."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`orders` and the `aisles` that serve them, as indices. `refused`: order to the reason why it can never be chosen.

    `why_none`: the reason when nothing could be chosen.
    """

    orders: tuple[int, ...]
    aisles: tuple[int, ...]
    pieces: int
    refused: dict[int, str] = field(default_factory=dict)
    why_none: str = ""

    @property
    def per_aisle(self) -> float:
        return self.pieces / len(self.aisles) if self.aisles else 0.0


def densest(
    wants: Sequence[Mapping[int, int]], stock: Sequence[Mapping[int, int]], low: int, high: int, seconds: float, seed: int = 1,
    *, rounds: int = 0,
) -> Selection:  # fmt: skip
    """Orders of `low` to `high` pieces in all, most pieces per visited aisle, in about `seconds` of one core.

    wants: of each order, item to pieces. stock: of each aisle, item to pieces. rounds: so many chunks of moves and no
    neighbourhoods instead of a time; then the same seed gives the same choice. Never raises for infeasible.
    """
    refused = refuse(wants, stock, high)
    kept = [i for i in range(len(wants)) if i not in refused]
    if not kept:
        return Selection((), (), 0, refused, "no order can be served")
    problem = _Problem([wants[i] for i in kept], stock, low, high)
    runs = [problem.anneal(ANNEALED_SHARE * seconds / STARTS, seed + s, rounds) for s in range(STARTS)]
    best = max((r for r in runs if r is not None), key=lambda r: r.ratio, default=None)
    if not rounds:
        best = problem.improve(best, (1 - ANNEALED_SHARE) * seconds)
    if best is None:
        return Selection((), (), 0, refused, f"no choice of {low} to {high} pieces was found")
    return Selection(tuple(kept[i] for i in best.orders), best.aisles, best.pieces, refused)


def refuse(wants: Sequence[Mapping[int, int]], stock: Sequence[Mapping[int, int]], high: int) -> dict[int, str]:
    """Orders that no choice can hold, with the reason."""
    there: dict[int, int] = {}
    for aisle in stock:
        for item, qty in aisle.items():
            there[item] = there.get(item, 0) + max(qty, 0)
    said: dict[int, str] = {}
    for i, want in enumerate(wants):
        short = next((item for item, qty in want.items() if qty > there.get(item, 0)), None)
        if not want or any(qty <= 0 for qty in want.values()):
            said[i] = "nothing to pick"
        elif short is not None:
            said[i] = f"more than there is: {want[short]} of {there.get(short, 0)} pieces of item {short}"
        elif sum(want.values()) > high:
            said[i] = f"larger than the wave: {sum(want.values())} of {high} pieces"
    return said


@dataclass(frozen=True, slots=True)
class _Choice:
    orders: tuple[int, ...]
    aisles: tuple[int, ...]
    pieces: int

    @property
    def ratio(self) -> float:
        return self.pieces / len(self.aisles)


class _Problem:
    """Orders and aisles as arrays; items that nobody wants are left out."""

    def __init__(
        self, wants: Sequence[Mapping[int, int]], stock: Sequence[Mapping[int, int]], low: int, high: int
    ) -> None:
        number = {item: j for j, item in enumerate(sorted({item for want in wants for item in want}))}
        self.wants = [{number[item]: qty for item, qty in want.items()} for want in wants]
        wanted = np.zeros(len(number), dtype=np.int64)
        for want in self.wants:
            for j, qty in want.items():
                wanted[j] += qty
        # More than all orders want is as good as what they want, and makes a tighter programme.
        self.stock = [
            {number[item]: int(min(qty, wanted[number[item]])) for item, qty in aisle.items() if item in number and qty > 0}
            for aisle in stock
        ]  # fmt: skip
        self.pieces = np.array([sum(want.values()) for want in self.wants], dtype=np.int64)
        self.items, self.low, self.high = len(number), low, high
        self._orders = _rows(self.wants)
        self._aisles = _rows(self.stock)
        self._by_item = _turned(self._orders, self.items)

    def anneal(self, seconds: float, seed: int, rounds: int = 0) -> _Choice | None:
        """The best choice of a run over sets of aisles; None when none reached `low`."""
        n, k = len(self.wants), len(self.stock)
        random = seeded(seed)
        chosen, open_ = np.zeros(n, dtype=np.bool_), np.zeros(k, dtype=np.bool_)
        used, there = np.zeros(self.items, dtype=np.int64), np.zeros(self.items, dtype=np.int64)
        best_chosen, best_open = chosen.copy(), open_.copy()
        state = np.zeros(2, dtype=np.int64)
        best = np.zeros(1)
        turn, log = np.random.default_rng(seed).permutation(n), np.empty(4 * n + 64, dtype=np.int64)
        began, done, round_ = time.process_time(), 0.0, 0
        while done < 1.0:
            _anneal(
                CHUNK, HOT * (COLD / HOT) ** done, self.low, self.high, chosen, open_, used, there, state, best, best_chosen,
                best_open, turn, log, self.pieces, self._orders, self._aisles, self._by_item, random,
            )  # fmt: skip
            round_ += 1
            done = round_ / rounds if rounds else (time.process_time() - began) / max(seconds, 1e-6)
        if best[0] <= 0:
            return None
        return self._choice(np.flatnonzero(best_chosen), np.flatnonzero(best_open))

    def improve(self, best: _Choice | None, seconds: float) -> _Choice | None:
        """`best` or what programmes around it find, each over its aisles and those whose stock they lack the most."""
        began, k = time.process_time(), len(self.stock)
        at = set(best.aisles) if best else set()
        for wide in sorted({min(near, k - len(at)) for near in NEAR_AISLES}):
            left = seconds - (time.process_time() - began)
            while left > 0.05:
                found = self.programme(self._near(at, wide), best, left if wide == k - len(at) else left / 2)
                left = seconds - (time.process_time() - began)
                if found is None:
                    break
                best, at = found, set(found.aisles)
        return best

    def _near(self, at: set[int], wide: int) -> list[int]:
        """`at` and the aisles that hold most of what the orders want and `at` does not hold."""
        _, column, qty = self._orders
        lacking = np.bincount(column, weights=qty, minlength=self.items)
        for a in at:
            for j, held in self.stock[a].items():
                lacking[j] = max(lacking[j] - held, 0)
        worth = [sum(min(held, lacking[j]) for j, held in aisle.items()) for aisle in self.stock]
        others = sorted((a for a in range(len(self.stock)) if a not in at), key=lambda a: (-worth[a], a))
        return sorted(at) + others[:wide]

    def programme(self, aisles: Sequence[int], best: _Choice | None, seconds: float) -> _Choice | None:
        """A choice among these aisles that is denser than `best`; None when there is none, or none was found in time."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csc_matrix

        there = np.zeros(self.items, dtype=np.int64)
        for a in aisles:
            for j, held in self.stock[a].items():
                there[j] += held
        fitting = [i for i, want in enumerate(self.wants) if all(qty <= there[j] for j, qty in want.items())]
        if not fitting or not aisles:
            return None
        # Orders that want the same are one integer variable.
        same: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for i in fitting:
            same.setdefault(tuple(sorted(self.wants[i].items())), []).append(i)
        kinds = list(same)
        n, price = len(kinds), best.ratio if best else 0.0
        row = {j: r for r, j in enumerate(sorted({j for kind in kinds for j, _ in kind}))}
        entries = [(row[j], x, qty) for x, kind in enumerate(kinds) for j, qty in kind]
        entries += [
            (row[j], n + y, -held) for y, a in enumerate(aisles) for j, held in self.stock[a].items() if j in row
        ]
        m = len(row)
        holders: dict[int, list[int]] = {}
        for y, a in enumerate(aisles):
            for j in self.stock[a]:
                holders.setdefault(j, []).append(y)
        top = [0.0] * m
        for x, kind in enumerate(kinds):  # an order of an item needs one of its aisles: a tighter relaxation
            for j, _ in kind:
                entries.append((m, x, 1))
                entries += [(m, n + y, -len(same[kind])) for y in holders[j]]
                top.append(0.0)
                m += 1
        pieces = np.array([sum(qty for _, qty in kind) for kind in kinds])
        entries += [(m, x, int(p)) for x, p in enumerate(pieces)] + [(m + 1, n + y, 1) for y in range(len(aisles))]
        rows, columns, values = zip(*entries, strict=True)
        table = csc_matrix((values, (rows, columns)), shape=(m + 2, n + len(aisles)))
        solved = milp(
            np.concatenate([-pieces, np.full(len(aisles), price)]), integrality=np.ones(n + len(aisles)),
            constraints=LinearConstraint(table, [-np.inf] * m + [self.low, 1], [*top, self.high, np.inf]),
            bounds=Bounds(0, [*(len(same[kind]) for kind in kinds), *([1] * len(aisles))]),
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )  # fmt: skip
        if solved.x is None or (best is not None and solved.fun >= -1e-6):
            return None
        orders = [i for x, kind in enumerate(kinds) for i in same[kind][: round(solved.x[x])]]
        opened = [a for y, a in enumerate(aisles) if solved.x[n + y] > 0.5]
        return self._choice(np.array(orders, dtype=np.int64), np.array(opened, dtype=np.int64))

    def _choice(self, orders: Ints, aisles: Ints) -> _Choice:
        return _Choice(tuple(int(i) for i in orders), tuple(int(a) for a in aisles), int(self.pieces[orders].sum()))


Rows = tuple[Ints, Ints, Ints]
"""first, column, quantity: row r holds entries first[r]..first[r + 1]."""


def _rows(given: Sequence[Mapping[int, int]]) -> Rows:
    first = np.cumsum([0, *(len(row) for row in given)]).astype(np.int64)
    column = np.array([j for row in given for j in row], dtype=np.int64)
    return first, column, np.array([qty for row in given for qty in row.values()], dtype=np.int64)


def _turned(rows: Rows, columns: int) -> Rows:
    """The same by column."""
    first, column, qty = rows
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.argsort(column, kind="stable")
    return np.searchsorted(column[order], np.arange(columns + 1)).astype(np.int64), row[order], qty[order]


@njit
def _score(pieces, aisles, low):  # type: ignore[no-untyped-def]
    """Pieces per aisle; too few pieces count the less the fewer they are."""
    if aisles == 0:
        return 0.0
    ratio = pieces / aisles
    if pieces < low:
        ratio *= (pieces / low) * (pieces / low)
    return ratio


@njit
def _anneal(  # type: ignore[no-untyped-def]
    moves, temperature, low, high, chosen, open_, used, there, state, best, best_chosen, best_open, turn, log, pieces, orders,
    aisles, by_item, random,
):  # fmt: skip
    """An aisle opened, closed or exchanged, orders put out and taken in; arrays are changed in place.

    used, there: pieces of each item taken and in open aisles. state: pieces and open aisles. log: orders changed by a move.
    """
    k = open_.shape[0]
    for _ in range(moves):
        kind = below(random, 5)  # open, close, exchange twice, or only other orders from the same aisles
        out = into = -1
        if kind in (0, 2, 3):
            into = below(random, k)
            if open_[into]:
                into = -1
        if kind in (1, 2, 3) and state[1] > 0:
            nth = below(random, state[1])
            for a in range(k):
                if open_[a]:
                    if nth == 0:
                        out = a
                        break
                    nth -= 1
        if state[1] + (into >= 0) - (out >= 0) == 0:
            continue
        before = _score(state[0], state[1], low)
        changed = _move(
            out, into, high, chosen, open_, used, there, state, turn, log, pieces, orders, aisles, by_item, random
        )
        after = _score(state[0], state[1], low)
        worse = (before - after) / (temperature * max(best[0], before)) if state[1] > 1 else 0.0
        if worse > 0.0 and chance(random) >= np.exp(-worse):
            _undo(out, into, changed, chosen, open_, used, there, state, log, pieces, orders, aisles)
            continue
        if state[0] >= low and after > best[0] + 1e-9:
            best[0] = after
            best_chosen[:] = chosen
            best_open[:] = open_


@njit
def _move(out, into, high, chosen, open_, used, there, state, turn, log, pieces, orders, aisles, by_item, random):  # type: ignore[no-untyped-def]
    """Returns how many orders changed."""
    first, item, qty = aisles
    by_first, by_order, _ = by_item
    changed = 0
    if into >= 0:
        open_[into] = True
        state[1] += 1
        for x in range(first[into], first[into + 1]):
            there[item[x]] += qty[x]
    if out >= 0:
        open_[out] = False
        state[1] -= 1
        for x in range(first[out], first[out + 1]):
            j = item[x]
            there[j] -= qty[x]
            if used[j] > there[j]:
                wide = by_first[j + 1] - by_first[j]
                at = below(random, wide)
                for step in range(wide):
                    o = by_order[by_first[j] + (at + step) % wide]
                    if chosen[o]:
                        _turn_over(o, chosen, used, state, pieces, orders)
                        log[changed] = o
                        changed += 1
                        if used[j] <= there[j]:
                            break
    n = chosen.shape[0]
    if into < 0 and out < 0:
        for _ in range(ORDERS_OUT):
            o = below(random, n)
            if chosen[o]:
                _turn_over(o, chosen, used, state, pieces, orders)
                log[changed] = o
                changed += 1
    at = below(random, n)
    o_first, o_item, o_qty = orders
    for step in range(n):
        x = at + step
        o = turn[x if x < n else x - n]
        if chosen[o] or state[0] + pieces[o] > high:
            continue
        fits = True
        for x in range(o_first[o], o_first[o + 1]):
            if used[o_item[x]] + o_qty[x] > there[o_item[x]]:
                fits = False
                break
        if fits:
            _turn_over(o, chosen, used, state, pieces, orders)
            log[changed] = o
            changed += 1
    return changed


@njit
def _turn_over(o, chosen, used, state, pieces, orders):  # type: ignore[no-untyped-def]
    """Into the choice or out of it."""
    first, item, qty = orders
    sign = -1 if chosen[o] else 1
    chosen[o] = not chosen[o]
    state[0] += sign * pieces[o]
    for x in range(first[o], first[o + 1]):
        used[item[x]] += sign * qty[x]


@njit
def _undo(out, into, changed, chosen, open_, used, there, state, log, pieces, orders, aisles):  # type: ignore[no-untyped-def]
    first, item, qty = aisles
    for step in range(changed - 1, -1, -1):
        _turn_over(log[step], chosen, used, state, pieces, orders)
    if into >= 0:
        open_[into] = False
        state[1] -= 1
        for x in range(first[into], first[into + 1]):
            there[item[x]] -= qty[x]
    if out >= 0:
        open_[out] = True
        state[1] += 1
        for x in range(first[out], first[out + 1]):
            there[item[x]] += qty[x]

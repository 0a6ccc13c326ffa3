"""Which few moves make the coming days' walks shorter by more than the moves themselves cost. Pure.

Every move goes to a position that is empty when its turn comes: straight to a free one; or what lies there first leaves for a free
one; or the two change places through a free one. The moves of such a group are judged, approved and walked as one; groups share
no position, so that each may be approved without the others. Source for paying for the relocation walk: Oxenstierna et al.,
"Storage assignment using nested annealing", ICORES 2023.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.batching.search import tour_cost
from wms.algorithms.compiled import njit
from wms.algorithms.slotting.forecast import Demand
from wms.algorithms.slotting.search import Positions, Walks, draw, partner, touched

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TRIES = 6_000
"""Exchanges looked at in one round."""
SHARE = 0.15
"""Of the budget that one round may spend: the best of every round, not the first that are good."""
DULL = 4
"""Rounds without a find after which there is none."""

GOOD = 0.4
"""Share of the tries that aim at a position near the start, the nearer the likelier; the others beside what goes with it."""
CHANGE = 0.25
"""Share of the tries in which two items change places."""

Objection = Callable[[int, int], str]
"""(item, position) to why it may not lie there once the position is empty; "" when it may."""


@dataclass(frozen=True, slots=True)
class Move:
    """`saving`: length a day when all moves before it are done; negative where it only makes room. `walk`: one way."""

    item: int
    source: int
    target: int
    saving: float
    walk: float
    makes_room_for: int = -1
    aside: bool = False
    """Only until the other has left its position: it moves again."""


@dataclass(frozen=True, slots=True)
class Group:
    """Moves in the order in which they are possible."""

    moves: tuple[Move, ...]
    net: float
    """Saving over the horizon less the walk and the handling of the moves."""

    @property
    def saving(self) -> float:
        return sum(m.saving for m in self.moves)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Best groups first. `before`: length of a day as it is, with the reach of its lines; `after`: when all is done."""

    groups: tuple[Group, ...]
    before: float
    after: float
    refused: dict[str, int]
    """Why promising moves were not proposed, with how many."""
    reach_before: float
    reach_after: float
    """How much of `before` and `after` is bending and ladders."""

    @property
    def moves(self) -> list[Move]:
        return [m for g in self.groups for m in g.moves]


@dataclass(frozen=True, slots=True)
class Terms:
    budget: int
    """Moves at most."""
    horizon_days: float
    """How long the forecast is trusted."""
    per_move: float = 0.0
    """Length of walk that handling one move is worth."""
    items: frozenset[int] | None = None
    """Only these are moved for their own sake (a golden lane's); None: any."""
    lane: frozenset[int] | None = None
    """Where those may go; None: anywhere."""
    fixed: frozenset[int] = frozenset()
    """Items that stay (reserved, counted, being moved)."""
    closed: frozenset[int] = frozenset()
    """Empty positions that are none: promised, or held as reserve."""


def propose(
    at: Sequence[int], positions: Positions, demand: Demand, between: Callable[[int, int], float], terms: Terms, *,
    objection: Objection | None = None, rounds: int = 60, seed: int = 1,
) -> Proposal:  # fmt: skip
    """Moves whose saving over the horizon exceeds what they cost, within the budget.

    at: item to its position now; between: length of the way from one position to another. Never raises for infeasible: what
    may not be is counted in `refused`.
    """
    draft = _Draft(at, positions, demand, between, terms, objection)
    dull, reach = 0, draft.reach()
    for round_ in range(rounds):
        if dull >= DULL or draft.spent >= terms.budget:
            break
        dull = 0 if draft.round(seed + round_) else dull + 1
    groups = sorted(draft.groups, key=lambda g: (-g.net / len(g.moves), g.moves[0].item))
    return Proposal(
        tuple(groups), draft.before, draft.before - sum(g.saving for g in groups), draft.refused, reach, draft.reach()
    )


class _Draft:
    """Where everything would lie, with the lengths of all tours."""

    def __init__(
        self, at: Sequence[int], positions: Positions, demand: Demand, between: Callable[[int, int], float], terms: Terms,
        objection: Objection | None,
    ) -> None:  # fmt: skip
        self.ready = r = Walks(positions, demand, len(at))
        self.terms, self.between, self.objection = terms, between, objection
        n, self.items = len(r.given), len(at)
        # Numbers above the items stand for what is empty.
        self.slot = np.full(n, -1, dtype=np.int64)
        self.slot[: self.items] = r.number[np.asarray(at, dtype=np.int64)]
        self.slot[self.items :] = np.setdiff1d(np.arange(n), self.slot[: self.items])
        self.lies = np.empty(n, dtype=np.int64)
        self.lies[self.slot] = np.arange(n)
        self.length = r.lengths(self.slot)
        self.groups: list[Group] = []
        self.refused: dict[str, int] = {}
        self.spent = 0
        self._stamp, self._fresh = np.zeros(len(self.length), dtype=np.int64), np.empty(len(self.length))
        self._count = np.zeros(1, dtype=np.int64)
        self._lines = r.lines()
        self.before = float((r.weight * self.length).sum()) + self.reach()
        self._may = np.ones(n, dtype=np.bool_)
        """Whether an item, or an empty position, may still be part of a group."""
        self._may[list(terms.fixed)] = False
        self._may[[k for k in self.lies[[int(r.number[p]) for p in sorted(terms.closed)]] if k >= self.items]] = False
        self._wanted = self._lines > 0
        self._wanted[self.items :] = False
        if terms.items is not None:
            self._wanted &= np.isin(np.arange(n), list(terms.items))
        lane = range(n) if terms.lane is None else sorted(terms.lane)
        self._lane = np.zeros(n, dtype=np.bool_)
        self._lane[[int(r.number[p]) for p in lane]] = True
        alone = np.asarray(_alone(r.rank, r.one, r.tables, r.scratch)) + r.reach
        order = np.argsort(alone, kind="stable")
        self._targets = order[self._lane[order]].astype(np.int64)
        """Positions that may be aimed at, best first."""

    def round(self, seed: int) -> int:
        """Look at many exchanges and make the best of them. Returns how many."""
        r = self.ready
        drawn = np.flatnonzero(self._wanted & self._may)
        free = np.flatnonzero(self._may[self.items :]) + self.items
        if self.terms.lane is not None:  # who is in the lane already stays
            drawn = drawn[~self._lane[self.slot[drawn]]]
        if not len(drawn) or not len(self._targets):
            return 0
        state = np.array([(seed * 0x9E3779B97F4A7C15 + 88172645463325252) % 2**64], dtype=np.uint64)
        found = np.empty((TRIES, 4), dtype=np.int64)
        gain = np.empty(TRIES)
        n = _look(
            TRIES, self.items, self.slot, self.lies, self.length, r.rank, r.first, r.member, r.weight, r.of_first, r.of_tour,
            drawn, np.cumsum(np.sqrt(self._lines[drawn])), self._may, self._lane, self._targets, free, self._lines, r.reach, r.one, r.tables, r.scratch, state,
            self._stamp, self._fresh, self._count, found, gain,
        )  # fmt: skip
        best = np.argsort(-gain[:n] / (1 + found[:n, 3]), kind="stable")
        made, most = 0, min(self.terms.budget, self.spent + max(3, int(self.terms.budget * SHARE)))
        for i, q, f, kind in found[best].tolist():
            made += self._make(i, q, f, kind, most)
            if self.spent >= most:
                break
        return made

    def _make(self, i: int, q: int, f: int, kind: int, most: int) -> bool:
        """Item i to position q. kind 0: it is empty; 1: what lies there goes to where the empty f is; 2: to where i was."""
        j, p = int(self.lies[q]), int(self.slot[i])
        if not (self._may[i] and self._may[j] and (kind == 0 or self._may[f])) or self.spent + kind + 1 > most:
            return False
        spare = q if kind == 0 else int(self.slot[f])
        ends = p if kind == 2 else spare
        said = self._said(i, q) or (kind > 0 and (self._said(j, spare) or self._said(j, ends))) or ""
        if said:
            self.refused[said] = self.refused.get(said, 0) + 1
            return False
        r = self.ready
        steps = [(i, q)] if kind == 0 else [(j, spare), (i, q), *([(j, p)] if kind == 2 else [])]
        moves: list[Move] = []
        before = self.length.copy()
        at = {i: p, j: q}
        for k, to in steps:
            source, at[k] = at[k], to
            self.slot[k] = to
            saved = self._lines[k] * float(r.reach[source] - r.reach[to]) - self._settled(k)
            moves.append(Move(k, self._given(source), self._given(to), saved, self._way(source, to),
                              makes_room_for=i if k == j else -1, aside=kind == 2 and len(moves) == 0))  # fmt: skip
        worth = sum(m.saving * self.terms.horizon_days - m.walk - self.terms.per_move for m in moves)
        if worth <= 0:
            self.slot[i], self.slot[j], self.length = p, q, before
            return False
        empty = j if kind == 0 else f  # what stands for the emptied position now
        self.lies[q] = i
        if kind == 2:
            self.lies[p] = j
        else:
            self.slot[empty], self.lies[p] = p, empty
            if kind == 1:
                self.lies[spare] = j
        self._may[[i, j, empty]] = False
        self.groups.append(Group(tuple(moves), worth))
        self.spent += len(moves)
        return True

    def reach(self) -> float:
        """Of a day's lines where they lie now."""
        return float((self._lines * self.ready.reach[self.slot]).sum())

    def _said(self, item: int, position: int) -> str:
        return "" if self.objection is None else self.objection(item, self._given(position))

    def _given(self, position: int) -> int:
        return int(self.ready.given[position])

    def _way(self, a: int, b: int) -> float:
        return self.between(self._given(a), self._given(b))

    def _settled(self, k: int) -> float:
        """How much longer the tours are now that item k lies where it does; their lengths are kept."""
        r = self.ready
        delta = float(touched(
            k, k, self.slot, self.length, r.rank, r.first, r.member, r.weight, r.of_first, r.of_tour, r.one, r.tables, r.scratch,
            self._stamp, self._fresh, self._count,
        ))  # fmt: skip
        tours = r.of_tour[r.of_first[k] : r.of_first[k + 1]]
        self.length[tours] = self._fresh[tours]
        return delta


@njit
def _alone(rank, one, tables, scratch):  # type: ignore[no-untyped-def]
    """Length of the tour to each position and to no other."""
    out = np.empty(rank.shape[0])
    at = np.empty(1, dtype=np.int64)
    for p in range(rank.shape[0]):
        at[0] = rank[p]
        out[p] = tour_cost(at, 1, -1, -1, -1, -1, one, one, tables, scratch)
    return out


@njit
def _look(  # type: ignore[no-untyped-def]
    tries, items, slot, lies, length, rank, first, member, weight, of_first, of_tour, drawn, chance, may, lane, targets, free, lines, reach, one,
    tables, scratch, state, stamp, fresh, count, found, gain,
):  # fmt: skip
    """Exchanges that shorten the tours: (item, position, empty, kind) of each, and by how much. Returns how many."""
    n = 0
    narrow = targets.shape[0] < slot.shape[0]
    for _ in range(tries):
        i = drawn[min(np.searchsorted(chance, draw(state) * chance[-1]), drawn.shape[0] - 1)]
        if narrow or draw(state) < GOOD:
            u = draw(state)
            q = targets[min(np.int64((u if narrow else u * u) * targets.shape[0]), targets.shape[0] - 1)]
        else:
            q = partner(i, slot, first, member, of_first, of_tour, state)
        u = draw(state)
        f = free[min(np.int64(draw(state) * free.shape[0]), free.shape[0] - 1)] if free.shape[0] else -1
        if q < 0 or not lane[q] or not may[lies[q]]:
            continue
        j, p = lies[q], slot[i]
        if rank[q] == rank[p] and reach[q] == reach[p]:
            continue
        kind = 0 if j >= items else 2 if u < CHANGE else 1
        if kind > 0 and (f < 0 or (narrow and of_first[j + 1] - of_first[j] > of_first[i + 1] - of_first[i])):
            continue
        slot[i] = q
        if kind == 1:
            slot[j] = slot[f]
        else:
            slot[j] = p
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
        delta += lines[i] * (reach[q] - reach[p]) + lines[j] * (reach[slot[j]] - reach[q])
        slot[i], slot[j] = p, q
        if delta < -1e-9:
            found[n, 0], found[n, 1], found[n, 2], found[n, 3] = i, q, f, kind
            gain[n] = -delta
            n += 1
    return n

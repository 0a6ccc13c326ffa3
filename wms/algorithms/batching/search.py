"""Which orders share a tour, so that all tours together are shortest: simulated annealing on exact tour lengths.

Start: savings of pairs (Clarke and Wright 1964, as C&W(ii) of de Koster et al. 1999). Moves: an order into the tour of a
neighbour, or exchanged with one of its orders (Henn and Waescher, EJOR 222(3), 2012); every tour is costed exactly, and kept by
the hash of its orders, so that a tour seen before costs nothing. What the search has seen is recombined by `partition`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import njit
from wms.algorithms.draws import below, chance
from wms.algorithms.routing.irregular import insert_all, or_opt, sums, two_opt
from wms.algorithms.routing.rectangular import Tours, length_kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CACHE = 1 << 20
POOL = 60_000
NEIGHBOURS = 30
PAIRS_EXACT = 400
"""Orders up to which all pairs are costed for the neighbours; above, by the places they share."""
CHUNK = 4_000
"""Moves between two looks at the clock."""
HOT, COLD = 0.06, 0.005
"""Temperature at the start and at the end, in mean tour lengths."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be batched. Places are indices into the cost's places; an order has at least one.

    places: of each order. loads: (n, dimensions) what it takes, integers; capacity: (dimensions) of a tour.
    """

    places: tuple[tuple[int, ...], ...]
    loads: Ints
    capacity: Ints

    @classmethod
    def of(cls, places: Sequence[Sequence[int]], loads: Sequence[Sequence[int]], capacity: Sequence[int]) -> "Orders":
        n = len(places)
        given = np.asarray(loads, dtype=np.int64).reshape(n, len(capacity))
        return cls(tuple(tuple(p) for p in places), given, np.asarray(capacity, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Aisled:
    """Tours through parallel aisles; place i is at (aisles[i], ys[i])."""

    tours: Tours
    aisles: Ints
    ys: Floats
    per_tour: float = 0.0
    """Length that one more tour is worth."""


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Tours on any distances (k + 2, k + 2): places 0..k-1, then start and end."""

    dist: Floats
    per_tour: float = 0.0


Cost = Aisled | Anywhere


@dataclass(frozen=True, slots=True)
class Batches:
    """`batches`: order indices of each tour; `lengths`: of each. `refused`: order index to the reason."""

    batches: tuple[tuple[int, ...], ...]
    lengths: tuple[float, ...]
    refused: dict[int, str] = field(default_factory=dict)
    moves: int = 0

    @property
    def length(self) -> float:
        return sum(self.lengths)


class Search:
    """A search that may be asked for its best at any time."""

    def __init__(self, orders: Orders, cost: Cost, seed: int = 1) -> None:
        self.refused = refuse(orders, cost)
        self.kept = np.array([i for i in range(len(orders.places)) if i not in self.refused], dtype=np.int64)
        self.cost, self.seed, self.moves = cost, seed, 0
        n = len(self.kept)
        lists, self._tables = prepared(cost, [orders.places[i] for i in self.kept])
        self._first = np.cumsum([0, *(len(p) for p in lists)]).astype(np.int64)
        self._place = np.array([p for places in lists for p in places], dtype=np.int64)
        self._load = np.ascontiguousarray(orders.loads[self.kept]) if n else orders.loads[:0]
        self._capacity = orders.capacity
        self._most = _most_per_tour(self._load, self._capacity)
        rng = np.random.default_rng(seed)
        self._zobrist = rng.integers(1, 2**63, size=max(n, 1), dtype=np.int64).astype(np.uint64)
        self._random = np.array([rng.integers(1, 2**63)], dtype=np.uint64)
        self._cache_key, self._cache_value = np.zeros(CACHE, dtype=np.uint64), np.zeros(CACHE)
        self._scratch = scratch_for(int(self._first[-1]) + 2, self._tables)
        self._near = self._neighbours(n)
        self._batch = _start(n, self._near, self._load, self._capacity)
        self._member, self._count = _listed(self._batch, n, self._most)
        self._held = _held(self._batch, self._load)
        self._length = np.zeros(max(n, 1))
        self._hash = np.zeros(max(n, 1), dtype=np.uint64)
        self._pool_member = np.full((POOL, self._most), -1, dtype=np.int16 if n < 2**15 else np.int32)
        self._pool_length = np.zeros(POOL)
        self._pool_size = np.zeros(1, dtype=np.int64)
        self._pool_seen = np.zeros(POOL * 4, dtype=np.uint64)
        total = _cost_all(
            n, self._member, self._count, self._length, self._hash, self._zobrist, self._first, self._place, self._tables,
            self._scratch, self._cache_key, self._cache_value,
        )  # fmt: skip
        self._now, self._best = np.array([total]), np.array([total])
        self._best_batch = self._batch.copy()

    def run(self, seconds: float, *, rounds: int = 0) -> None:
        """Anneal for so much CPU time, or for exactly `rounds` chunks: then the same seed gives the same answer."""
        n = len(self.kept)
        if n < 2:
            return
        began, done = time.process_time(), 0.0
        each = self._best[0] / max(1, int((self._count > 0).sum()))
        round_ = 0
        while done < 1.0:
            temperature = each * HOT * (COLD / HOT) ** done
            self.moves += CHUNK
            _anneal(
                n, CHUNK, temperature, done > 0.4, self._batch, self._member, self._count, self._held, self._length, self._hash, self._zobrist,
                self._first, self._place, self._load, self._capacity, self._near, self._tables, self._scratch, self._cache_key,
                self._cache_value, self._random, self._now, self._best, self._best_batch, self._pool_member, self._pool_length,
                self._pool_size, self._pool_seen,
            )  # fmt: skip
            round_ += 1
            done = round_ / rounds if rounds else (time.process_time() - began) / seconds

    @property
    def value(self) -> float:
        """Length of the best so far, with what each tour costs by itself."""
        return float(self._best[0])

    def pool(self) -> list[tuple[tuple[int, ...], float]]:
        """Tours that the search has accepted, with their lengths; indices into `kept`."""
        size = int(self._pool_size[0])
        return [
            (tuple(int(o) for o in row if o >= 0), float(length))
            for row, length in zip(self._pool_member[:size], self._pool_length[:size], strict=True)
        ]

    def take(self, batches: Sequence[Sequence[int]]) -> bool:
        """Go on from these batches if they are better than the best so far. Returns whether they are."""
        for b, batch in enumerate(batches):
            self._batch[list(batch)] = b
        self._member, self._count = _listed(self._batch, len(self.kept), self._most)
        self._held = _held(self._batch, self._load)
        self._now[0] = _cost_all(
            len(self.kept), self._member, self._count, self._length, self._hash, self._zobrist, self._first, self._place, self._tables,
            self._scratch, self._cache_key, self._cache_value,
        )  # fmt: skip
        if self._now[0] >= self._best[0] - 1e-9:
            return False
        self._best[0], self._best_batch[:] = self._now[0], self._batch
        return True

    def best(self) -> Batches:
        """The best so far, in indices of the orders given."""
        groups: dict[int, list[int]] = {}
        for i, b in enumerate(self._best_batch.tolist() if len(self.kept) else []):
            groups.setdefault(b, []).append(i)
        batches = sorted(groups.values())
        per_tour = self.cost.per_tour
        lengths = [self.length(b) - per_tour for b in batches]
        return Batches(
            tuple(tuple(int(self.kept[i]) for i in b) for b in batches), tuple(lengths), dict(self.refused), self.moves
        )

    def length(self, batch: Sequence[int]) -> float:
        """Of the tour of these orders (indices into `kept`), with what a tour costs by itself."""
        members = np.array(batch, dtype=np.int64)
        return float(
            tour_cost(members, len(members), -1, -1, -1, -1, self._first, self._place, self._tables, self._scratch)
        )

    def _neighbours(self, n: int) -> Ints:
        k = min(NEIGHBOURS, max(n - 1, 1))
        near = np.zeros((max(n, 1), k), dtype=np.int64)
        if n < 2:
            return near
        saving = np.full((n, n), -np.inf)
        if n <= PAIRS_EXACT:
            _pair_savings(n, saving, self._first, self._place, self._tables, self._scratch)
        else:
            _shared_places(n, saving, self._first, self._place, signature(self.cost, self._place))
        return np.argsort(-saving, axis=1, kind="stable")[:, :k].astype(np.int64)


def refuse(orders: Orders, cost: Cost) -> dict[int, str]:
    """Orders that no tour can hold, with the reason."""
    said: dict[int, str] = {}
    for i, places in enumerate(orders.places):
        if not places:
            said[i] = "nothing to pick"
        elif (orders.loads[i] < 0).any():
            said[i] = "a load below zero"
        elif (orders.loads[i] > orders.capacity).any():
            over = int(np.argmax(orders.loads[i] > orders.capacity))
            said[i] = f"larger than a cart: {int(orders.loads[i][over])} of {int(orders.capacity[over])}"
        elif isinstance(cost, Anywhere) and not all(
            np.isfinite(cost.dist[-2, p]) and np.isfinite(cost.dist[p, -1]) for p in places
        ):
            said[i] = "a place that cannot be walked to"
    return said


Tables = tuple[object, Ints, Floats, Floats, bool, float]


def prepared(cost: Cost, places: Sequence[Sequence[int]]) -> tuple[list[list[int]], Tables]:
    """Each order's places once, numbered so that numbers rise in the order in which the kernel wants them."""
    if isinstance(cost, Aisled):
        order = np.lexsort((cost.ys, cost.aisles))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        lists = [sorted({int(rank[p]) for p in of}) for of in places]
        return lists, (cost.tours.kernel, cost.aisles[order], cost.ys[order], np.zeros((1, 1)), True, cost.per_tour)
    from wms.algorithms.routing.rectangular import Layout

    idle = Tours(Layout((0.0, 1.0), 1.0), aisles=1)
    dist = np.where(np.isfinite(cost.dist), cost.dist, 1e12)
    empty_i, empty_f = np.zeros(1, dtype=np.int64), np.zeros(1)
    return [sorted(set(of)) for of in places], (idle.kernel, empty_i, empty_f, dist, False, cost.per_tour)


def _most_per_tour(load: Ints, capacity: Ints) -> int:
    """No tour can hold more orders."""
    most = len(load)
    for d in range(len(capacity)):
        filled = np.cumsum(np.sort(load[:, d]))
        most = min(most, int(np.searchsorted(filled, capacity[d], side="right")))
    return max(most, 1)


def scratch_for(places: int, tables: Tables) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    n_states = tables[0][0].shape[0]  # type: ignore[index]
    return (np.empty(places, dtype=np.int64), np.empty(places, dtype=np.int64), np.empty(places), np.empty(n_states),
            np.empty(n_states))  # fmt: skip


def signature(cost: Cost, place: Ints) -> Ints:
    """A coarse address of each place: what is near has the same."""
    if isinstance(cost, Aisled):
        order = np.lexsort((cost.ys, cost.aisles))
        return np.ascontiguousarray(cost.aisles[order])
    k = len(cost.dist) - 2
    hubs = np.linspace(0, k - 1, min(k, 24)).astype(np.int64)
    return np.ascontiguousarray(
        np.argmin(np.where(np.isfinite(cost.dist), cost.dist, 1e12)[hubs][:, :k], axis=0).astype(np.int64)
    )


def _start(n: int, near: Ints, load: Ints, capacity: Ints) -> Ints:
    """Orders join the tour of their best neighbour while it holds them."""
    batch = np.arange(n, dtype=np.int64)
    filled = load.copy()
    for rank in range(near.shape[1]):
        for i in range(n):
            a, b = batch[i], batch[near[i, rank]]
            if a != b and (filled[a] + filled[b] <= capacity).all():
                filled[a] += filled[b]
                batch[batch == b] = a
    return batch


def _listed(batch: Ints, n: int, most: int) -> tuple[Ints, Ints]:
    member, count = np.full((max(n, 1), most), -1, dtype=np.int64), np.zeros(max(n, 1), dtype=np.int64)
    for i in range(n):
        member[batch[i], count[batch[i]]] = i
        count[batch[i]] += 1
    return member, count


def _held(batch: Ints, load: Ints) -> Ints:
    held = np.zeros((max(len(batch), 1), load.shape[1]), dtype=np.int64)
    np.add.at(held, batch, load)
    return held


@njit
def tour_cost(members, count, out_1, out_2, in_1, in_2, first, place, tables, scratch):  # type: ignore[no-untyped-def]
    """Of the tour of `members`[:count] without two orders and with two others (-1: none). 0.0 without orders."""
    kernel, aisle_of, y_of, dist, aisled, per_tour = tables
    places, aisles, ys, cost, new = scratch
    k = 0
    for i in range(count):
        o = members[i]
        if o != out_1 and o != out_2:
            for x in range(first[o], first[o + 1]):
                places[k] = place[x]
                k += 1
    if in_1 >= 0:
        for x in range(first[in_1], first[in_1 + 1]):
            places[k] = place[x]
            k += 1
    if in_2 >= 0:
        for x in range(first[in_2], first[in_2 + 1]):
            places[k] = place[x]
            k += 1
    if k == 0:
        return 0.0
    places[:k].sort()
    n = 0
    for i in range(k):
        if i == 0 or places[i] != places[i - 1]:
            places[n] = places[i]
            n += 1
    if aisled:
        for i in range(n):
            aisles[i], ys[i] = aisle_of[places[i]], y_of[places[i]]
        return length_kernel(kernel, aisles, ys, n, cost, new) + per_tour
    return _walk_length(dist, places, n) + per_tour


@njit
def _walk_length(dist, places, n):  # type: ignore[no-untyped-def]
    """Near the shortest: insertion, 2-opt and or-opt."""
    end = dist.shape[0] - 1
    d = np.empty((n + 2, n + 2))
    for i in range(n + 2):
        a = end - 1 if i == 0 else end if i == n + 1 else places[i - 1]
        for j in range(n + 2):
            b = end - 1 if j == 0 else end if j == n + 1 else places[j - 1]
            d[i, j] = dist[a, b]
    tour = np.empty(n + 2, dtype=np.int64)
    insert_all(d, n, tour)
    ahead, back = np.empty(n + 2), np.empty(n + 2)
    sums(d, n, tour, ahead, back)
    if two_opt(d, n, tour, ahead, back) or n > 2:
        or_opt(d, n, tour, ahead, back)
    total = 0.0
    for i in range(n + 1):
        total += d[tour[i], tour[i + 1]]
    return total


@njit
def _cost_all(n, member, count, length, hash_, zobrist, first, place, tables, scratch, cache_key, cache_value):  # type: ignore[no-untyped-def]
    total = 0.0
    for b in range(n):
        h = np.uint64(0)
        for i in range(count[b]):
            h ^= zobrist[member[b, i]]
        hash_[b] = h
        length[b] = tour_cost(member[b], count[b], -1, -1, -1, -1, first, place, tables, scratch) if count[b] else 0.0
        total += length[b]
    return total


@njit
def _pair_savings(n, saving, first, place, tables, scratch):  # type: ignore[no-untyped-def]
    alone = np.empty(n)
    pair = np.empty(1, dtype=np.int64)
    for i in range(n):
        pair[0] = i
        alone[i] = tour_cost(pair, 1, -1, -1, -1, -1, first, place, tables, scratch)
    for i in range(n):
        pair[0] = i
        for j in range(i + 1, n):
            s = alone[i] + alone[j] - tour_cost(pair, 1, -1, -1, j, -1, first, place, tables, scratch)
            s = s / min(alone[i], alone[j])
            saving[i, j] = s
            saving[j, i] = s


@njit
def _shared_places(n, saving, first, place, signature):  # type: ignore[no-untyped-def]
    """Neighbours for many orders: the share of addresses that both need."""
    size = 0
    for x in range(signature.shape[0]):
        size = max(size, signature[x] + 1)
    needs = np.zeros((n, size), dtype=np.uint8)
    total = np.zeros(n)
    for i in range(n):
        for x in range(first[i], first[i + 1]):
            a = signature[place[x]]
            if needs[i, a] == 0:
                needs[i, a] = 1
                total[i] += 1.0
    for i in range(n):
        for j in range(i + 1, n):
            both = 0.0
            for a in range(size):
                if needs[i, a] & needs[j, a]:
                    both += 1.0
            s = both / (total[i] + total[j] - both) + 1e-6 * (n - abs(i - j))
            saving[i, j] = s
            saving[j, i] = s


@njit
def _cached_cost(key, members, count, out_1, out_2, in_1, in_2, first, place, tables, scratch, cache_key, cache_value):  # type: ignore[no-untyped-def]
    if key == np.uint64(0):
        return 0.0
    at = np.int64(key & np.uint64(cache_key.shape[0] - 1))
    if cache_key[at] == key:
        return cache_value[at]
    value = tour_cost(members, count, out_1, out_2, in_1, in_2, first, place, tables, scratch)
    cache_key[at] = key
    cache_value[at] = value
    return value


@njit
def _remember(b, member, count, length, hash_, pool_member, pool_length, pool_size, pool_seen):  # type: ignore[no-untyped-def]
    size = pool_size[0]
    if size >= pool_length.shape[0] or count[b] == 0:
        return
    slots = pool_seen.shape[0]
    at = np.int64(hash_[b] % np.uint64(slots))
    while pool_seen[at] != np.uint64(0):
        if pool_seen[at] == hash_[b]:
            return
        at = (at + 1) % slots
    pool_seen[at] = hash_[b]
    for i in range(count[b]):
        pool_member[size, i] = member[b, i]
    pool_length[size] = length[b]
    pool_size[0] = size + 1


@njit
def _anneal(  # type: ignore[no-untyped-def]
    n, moves, temperature, keep, batch, member, count, held, length, hash_, zobrist, first, place, load, capacity, near, tables,
    scratch, cache_key, cache_value, random, now, best, best_batch, pool_member, pool_length, pool_size, pool_seen,
):  # fmt: skip
    """One or two orders of a tour for none, one or two of a tour nearby; arrays are changed in place."""
    dims, most = capacity.shape[0], member.shape[1]
    for _ in range(moves):
        i = below(random, n)
        kind = below(random, 100)
        a = batch[i]
        if kind == 0:
            b = below(random, n)  # maybe an empty one: a new tour
        elif kind < 5:
            b = batch[below(random, n)]
        else:
            b = batch[near[i, below(random, near.shape[1])]]
        if a == b:
            continue
        # i and k go to b, j and m come to a; -1: none.
        j = k = m = -1
        if count[b] > 0 and kind >= 35:
            j = member[b, below(random, count[b])]
            if kind >= 65:
                if kind < 82 and count[a] > 1:
                    k = member[a, below(random, count[a])]
                elif count[b] > 1:
                    m = member[b, below(random, count[b])]
                if kind >= 94 and count[a] > 1:
                    k = member[a, below(random, count[a])]
        if k == i:
            k = -1
        if m == j:
            m = -1
        give, take = 1 + (k >= 0), (j >= 0) + (m >= 0)
        fits = count[b] + give - take <= most and count[a] + take - give <= most
        if fits:
            for d in range(dims):
                more = load[i, d]
                if k >= 0:
                    more += load[k, d]
                if j >= 0:
                    more -= load[j, d]
                if m >= 0:
                    more -= load[m, d]
                if held[b, d] + more > capacity[d] or held[a, d] - more > capacity[d]:
                    fits = False
                    break
        if not fits:
            continue
        moved = zobrist[i]
        if k >= 0:
            moved ^= zobrist[k]
        if j >= 0:
            moved ^= zobrist[j]
        if m >= 0:
            moved ^= zobrist[m]
        hash_a, hash_b = hash_[a] ^ moved, hash_[b] ^ moved
        new_a = _cached_cost(
            hash_a, member[a], count[a], i, k, j, m, first, place, tables, scratch, cache_key, cache_value
        )
        new_b = _cached_cost(
            hash_b, member[b], count[b], j, m, i, k, first, place, tables, scratch, cache_key, cache_value
        )
        delta = new_a + new_b - length[a] - length[b]
        if delta > 1e-9 and chance(random) >= np.exp(-delta / temperature):
            continue
        _take_out(member, count, a, i)
        _take_out(member, count, a, k)
        _take_out(member, count, b, j)
        _take_out(member, count, b, m)
        _put_in(batch, member, count, b, i)
        _put_in(batch, member, count, b, k)
        _put_in(batch, member, count, a, j)
        _put_in(batch, member, count, a, m)
        for d in range(dims):
            more = load[i, d]
            if k >= 0:
                more += load[k, d]
            if j >= 0:
                more -= load[j, d]
            if m >= 0:
                more -= load[m, d]
            held[b, d] += more
            held[a, d] -= more
        hash_[a], hash_[b], length[a], length[b] = hash_a, hash_b, new_a, new_b
        now[0] += delta
        if keep:
            _remember(a, member, count, length, hash_, pool_member, pool_length, pool_size, pool_seen)
            _remember(b, member, count, length, hash_, pool_member, pool_length, pool_size, pool_seen)
        if now[0] < best[0] - 1e-7:
            best[0] = now[0]
            best_batch[:] = batch


@njit
def _take_out(member, count, b, o):  # type: ignore[no-untyped-def]
    if o < 0:
        return
    for x in range(count[b]):
        if member[b, x] == o:
            count[b] -= 1
            member[b, x] = member[b, count[b]]
            member[b, count[b]] = -1
            return


@njit
def _put_in(batch, member, count, b, o):  # type: ignore[no-untyped-def]
    if o < 0:
        return
    member[b, count[b]] = o
    count[b] += 1
    batch[o] = b

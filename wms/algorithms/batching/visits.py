"""Which pods to bring to a station so that few visits serve the orders. Pure.

A set cover in pieces (each pod covers some of what each line wants), so greedy: the pod that completes most lines comes next,
and a visit that later ones made needless is dropped. Source: Wolsey, "An analysis of the greedy algorithm for the submodular
set covering problem", Combinatorica 2(4), 1982: at most H(n) times the fewest; tests compare with all subsets on small cases.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Item = Hashable
"""Pieces that may stand for each other: one SKU of one expiry date."""
Rank = tuple[float, ...]
"""Smaller is more urgent."""


@dataclass(frozen=True, slots=True)
class Line:
    order: Hashable
    item: Item
    qty: int
    rank: Rank = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Free pieces of an item in a pod. `received`: ordinal of the day."""

    pod: int
    item: Item
    free: int
    received: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """`lines`: indexes of the lines that take from this pod."""

    pod: int
    lines: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    visits: tuple[Visit, ...]
    """In the order in which to bring them: the most urgent line first, then most lines."""
    takes: tuple[tuple[tuple[int, int], ...], ...]
    """Of each line (index of held, pieces); less than wanted where there is less."""


def choose(lines: Sequence[Line], held: Sequence[Held]) -> Choice:
    """Few pods that hold what the lines want, and which line takes what where. Ties: the urgent, then the older stock."""
    stock: dict[int, Counter[Item]] = {}
    oldest: dict[int, int] = {}
    for h in held:
        if h.free > 0:
            stock.setdefault(h.pod, Counter())[h.item] += h.free
            oldest[h.pod] = min(oldest.get(h.pod, h.received), h.received)
    wanted: dict[Item, list[int]] = {}
    urgent: dict[Item, Rank] = {}
    for x in sorted(lines, key=lambda x: (x.qty, x.rank)):
        wanted.setdefault(x.item, []).append(x.qty)
        urgent[x.item] = min(urgent.get(x.item, x.rank), x.rank)
    chosen = _without_needless(_cover(wanted, stock, urgent, oldest), wanted, stock)
    takes = _share(lines, held, chosen)
    return Choice(_in_turn(lines, held, chosen, takes), takes)


def _cover(
    wanted: dict[Item, list[int]],
    stock: dict[int, Counter[Item]],
    urgent: dict[Item, Rank],
    oldest: dict[int, int],
) -> list[int]:
    left = {item: list(qtys) for item, qtys in wanted.items()}
    chosen: list[int] = []
    while True:
        best: tuple[tuple[int, int], Rank, int, int] | None = None
        for pod in sorted(stock.keys() - set(chosen)):
            served = [_serve(left.get(item, []), free) for item, free in stock[pod].items()]
            score = (sum(n for n, _, _ in served), sum(pieces for _, pieces, _ in served))
            if not score[1]:
                continue
            rank = min(urgent[item] for item in stock[pod] if left.get(item))
            key = ((-score[0], -score[1]), rank, oldest[pod], pod)
            best = key if best is None else min(best, key)
        if best is None:
            return chosen
        chosen.append(best[-1])
        for item, free in stock[best[-1]].items():
            left[item] = _serve(left.get(item, []), free)[2]


def _serve(qtys: Sequence[int], free: int) -> tuple[int, int, list[int]]:
    """Lines completed, pieces given and what is left of the lines, the smallest served first (`qtys` ascending)."""
    done, given = 0, 0
    rest: list[int] = []
    for qty in qtys:
        part = min(qty, free - given)
        given += part
        done += part == qty
        if part < qty:
            rest.append(qty - part)
    return done, given, sorted(rest)


def _without_needless(
    chosen: list[int], wanted: dict[Item, list[int]], stock: dict[int, Counter[Item]]
) -> dict[int, int]:
    """Pod to its turn among the chosen, less those whose pieces the others have to spare; the last chosen is tried first."""
    there: Counter[Item] = Counter()
    for pod in chosen:
        there += stock[pod]
    need = {item: min(sum(qtys), there[item]) for item, qtys in wanted.items()}
    kept = list(chosen)
    for pod in reversed(chosen):
        if all(there[item] - free >= need.get(item, 0) for item, free in stock[pod].items()):
            kept.remove(pod)
            there -= stock[pod]
    return {pod: turn for turn, pod in enumerate(kept)}


def _share(
    lines: Sequence[Line], held: Sequence[Held], chosen: dict[int, int]
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The urgent first; each line whole from one place where one has it, the older stock before the younger."""
    left = {i: h.free for i, h in enumerate(held) if h.pod in chosen}
    places: dict[Item, list[int]] = {}
    for i in sorted(left, key=lambda i: (held[i].received, chosen[held[i].pod], i)):
        places.setdefault(held[i].item, []).append(i)
    takes: dict[int, tuple[tuple[int, int], ...]] = {}
    for n in sorted(range(len(lines)), key=lambda n: (lines[n].rank, n)):
        wanted, parts = lines[n].qty, list[tuple[int, int]]()
        options = places.get(lines[n].item, [])
        whole = [i for i in options if left[i] >= wanted]
        for i in whole[:1] or options:
            if (qty := min(wanted, left[i])) > 0:
                parts.append((i, qty))
                left[i] -= qty
                wanted -= qty
        takes[n] = tuple(parts)
    return tuple(takes[n] for n in range(len(lines)))


def _in_turn(
    lines: Sequence[Line],
    held: Sequence[Held],
    chosen: dict[int, int],
    takes: Sequence[Sequence[tuple[int, int]]],
) -> tuple[Visit, ...]:
    served: dict[int, list[int]] = {}
    for n, parts in enumerate(takes):
        for pod in {held[i].pod for i, _ in parts}:
            served.setdefault(pod, []).append(n)
    order = sorted(served, key=lambda pod: (min(lines[n].rank for n in served[pod]), -len(served[pod]), chosen[pod]))
    return tuple(Visit(pod, tuple(served[pod]), _why(lines, served[pod], len(served))) for pod in order)


def _why(lines: Sequence[Line], served: Sequence[int], visits: int) -> str:
    orders = len({lines[n].order for n in served})
    return f"serves {len(served)} line(s) of {orders} order(s) in one visit; {visits} visit(s) serve all"

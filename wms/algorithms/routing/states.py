"""What a partial tour through parallel aisles can look like, tabulated once per number of cross-aisles.

A state holds, for each cross-aisle of the aisle being swept, whether its crossing is untouched, odd or even in degree, and
which touched crossings hang together. Sources: Ratliff and Rosenthal, "Order-picking in a rectangular warehouse: a solvable
case of the travelling salesman problem", Operations Research 31(3), 1983 (two cross-aisles); Roodbergen and de Koster,
"Routing order pickers in a warehouse with a middle aisle", EJOR 133(1), 2001 (three); Pansart, Catusse, Cambazard, "Exact
algorithms for the order picking problem", Computers & OR 100, 2018 (any number).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
State = tuple[tuple[int, int], ...]
"""Per cross-aisle (degree: 0 untouched, 1 odd, 2 even; part that it belongs to, 0 when untouched)."""

NONE, ONCE, TWICE, BELOW, ABOVE, BOTH = range(6)
"""How a block of an aisle is walked: not, through, there and back along all of it, from one end, from both ends."""
OPTIONS = 6


@dataclass(frozen=True, slots=True)
class Table:
    """`states` states of `rows` cross-aisles, state 0 untouched. All entries are state numbers."""

    rows: int
    states: int
    touch: Ints
    """(states, rows): after crossing r must be visited."""
    half: Ints
    """(states, rows): after the walk begins or ends at crossing r; the same as `touch` where it ends where it began."""
    vertical: Ints
    """(states, rows - 1, OPTIONS)."""
    first: Ints
    """(states + 1): moves to the next aisle of state s are first[s]..first[s + 1]."""
    target: Ints
    edges: Ints
    """(moves): walks along cross-aisles in all."""
    edge_code: Ints
    """(moves): which, base 3 by cross-aisle."""
    final: Ints
    """(states): 1 where the walk is whole: nothing odd, one part."""


@cache
def table(rows: int, *, closed: bool = True) -> Table:
    """closed: the walk ends where it began. Errors: ValueError for fewer than 2 or more than 6 cross-aisles (the states grow fivefold with each)."""
    if not 2 <= rows <= 6:
        raise ValueError(f"{rows} cross-aisles: 2 to 6 are tabulated")
    empty: State = ((0, 0),) * rows
    number: dict[State, int] = {empty: 0}
    order = [empty]
    moves: list[list[tuple[int, int, int]]] = []
    touch: list[list[int]] = []
    half: list[list[int]] = []
    vertical: list[list[list[int]]] = []

    def index(state: State) -> int:
        if state not in number:
            number[state] = len(order)
            order.append(state)
        return number[state]

    done = 0
    while done < len(order):
        state = order[done]
        touch.append([index(_touch(state, r)) for r in range(rows)])
        half.append([index((_touch if closed else _half)(state, r)) for r in range(rows)])
        vertical.append([[index(_walk(state, b, o)) for o in range(OPTIONS)] for b in range(rows - 1)])
        moves.append([(index(t), sum(e), sum(x * 3**r for r, x in enumerate(e))) for t, e in _moves(state)])
        done += 1
    flat = [m for of_state in moves for m in of_state]
    final = [int(all(d != 1 for d, _ in s) and len({c for d, c in s if d}) == 1) for s in order]
    return Table(
        rows, len(order), _ints(touch), _ints(half), _ints(vertical), _ints(np.cumsum([0] + [len(m) for m in moves])),
        _ints([m[0] for m in flat]), _ints([m[1] for m in flat]), _ints([m[2] for m in flat]), _ints(final),
    )  # fmt: skip


def _ints(values: object) -> Ints:
    return np.ascontiguousarray(np.asarray(values, dtype=np.int32))


def _numbered(degrees: Sequence[int], parts: Sequence[int]) -> State:
    names: dict[int, int] = {}
    return tuple(
        (0, 0) if d == 0 else (d, names.setdefault(c, len(names) + 1)) for d, c in zip(degrees, parts, strict=True)
    )


def _touch(state: State, r: int) -> State:
    if state[r][0]:
        return state
    degrees, parts = [d for d, _ in state], [c for _, c in state]
    degrees[r], parts[r] = 2, 100 + r
    return _numbered(degrees, parts)


def _half(state: State, r: int) -> State:
    """One end of the walk: it counts as half an edge, so that a way in and a way out of it are still to be found."""
    degrees, parts = [d for d, _ in state], [c for _, c in state]
    if degrees[r] == 0:
        parts[r], degrees[r] = 100 + r, 1
    else:
        degrees[r] = 3 - degrees[r]
    return _numbered(degrees, parts)


def _walk(state: State, block: int, option: int) -> State:
    if option == NONE:
        return state
    if option == BELOW:
        return _touch(state, block)
    if option == ABOVE:
        return _touch(state, block + 1)
    if option == BOTH:
        return _touch(_touch(state, block), block + 1)
    degrees, parts = [d for d, _ in state], [c for _, c in state]
    for r in (block, block + 1):
        if degrees[r] == 0:
            parts[r], degrees[r] = 100 + r, 1 if option == ONCE else 2
        elif option == ONCE:
            degrees[r] = 3 - degrees[r]
    low, high = parts[block], parts[block + 1]
    return _numbered(degrees, [low if c == high else c for c in parts])


def _moves(state: State) -> list[tuple[State, tuple[int, ...]]]:
    """To the next aisle: odd crossings by one walk, even ones by none or two; no part may be left behind."""
    ways = [(0,) if d == 0 else (1,) if d == 1 else (0, 2) for d, _ in state]
    all_parts = {c for d, c in state if d}
    return [
        (_numbered(edges, [c for _, c in state]), edges)
        for edges in itertools.product(*ways)
        if all_parts == {state[r][1] for r, e in enumerate(edges) if e}
    ]

"""Words of packing: what is packed, in what, under which rules, and the answer. Integer millimetres and grams."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

Size = tuple[int, int, int]

SIDE_MAX_MM = 100_000
"""Larger is a typing error, and squares of it still fit in 64 bits."""
WEIGHT_MAX_G = 100_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """Equal pieces. `turn`: "any"; "flat": the third side stays upright; "none"; "v:wd": the sides that may stand upright.

    load_max_g: what may rest on one piece; None: no limit. fragile without a load limit: nothing may lie on it.
    tags, not_with: a piece shares no carton with a piece that bears a tag of `not_with`.
    only_in: codes of the cartons of its approved pack version; empty: any. own_container: ships as it is, without carton.
    """

    key: str
    size_mm: Size
    weight_g: int
    qty: int = 1
    turn: str = "any"
    fragile: bool = False
    load_max_g: int | None = None
    tags: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    only_in: tuple[str, ...] = ()
    own_container: bool = False

    @property
    def volume_mm3(self) -> int:
        return self.size_mm[0] * self.size_mm[1] * self.size_mm[2]


@dataclass(frozen=True, slots=True)
class Box:
    """A carton, a bag or a pallet's room. load_max_g: net. gross_max_g: with tare and void fill; None: no limit.

    outer_mm: what a carrier measures; None: as inside. cost: of the material, any unit. bag: flexible; `inner_mm` is then
    (width, length, 0) of the empty bag lying flat.
    """

    code: str
    inner_mm: Size
    tare_g: int
    load_max_g: int
    outer_mm: Size | None = None
    cost: float = 0.0
    gross_max_g: int | None = None
    bag: bool = False

    @property
    def volume_mm3(self) -> int:
        return self.inner_mm[0] * self.inner_mm[1] * self.inner_mm[2]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many pieces, or so many grams, with a tag in one carton, where it applies: always, or only beside
    another tag."""

    tag: str
    each_max: int | None = None
    weight_max_g: int | None = None
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """support_pct: least share of a base that rests on the floor or on tops; 0: anything may float. void_g_per_l: weight of a
    litre of void fill. price: what a carton of this gross weight costs; None: the fewest cartons, then the least litres.
    """

    support_pct: int = 75
    limits: tuple[Limit, ...] = ()
    void_g_per_l: int = 0
    price: "Callable[[Box, int], float] | None" = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search. Counted steps give the same answer on every machine; seconds only ever end the search early.

    starts: passes per carton. steps: candidate places looked at per carton, at most. exact_units: up to so many pieces a
    smaller carton is searched to its end, or to `exact_steps`. seconds: of wall time for the whole call, None: no deadline.
    """

    starts: int
    steps: int
    exact_units: int = 0
    exact_steps: int = 0
    seconds: float | None = None
    seed: int = 1


class Placed(NamedTuple):
    """at_mm: lowest corner; z points up."""

    key: str
    at_mm: Size
    size_mm: Size


@dataclass(frozen=True, slots=True)
class Packed:
    """weight_g: content, tare and void fill. proven: no cheaper carton of the set can hold this content."""

    box: str
    placed: tuple[Placed, ...]
    weight_g: int
    proven: bool = False


@dataclass(frozen=True, slots=True)
class LeftOver:
    """`code`: stable; `mend`: what to put right, in words."""

    key: str
    code: str
    mend: str
    qty: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """cost: litres, or what `Rules.price` says. steps: counted work."""

    cartons: tuple[Packed, ...]
    left_over: tuple[LeftOver, ...] = ()
    cost: float = 0.0
    steps: int = 0


@lru_cache(maxsize=1 << 16)
def turns(size: Size, turn: str) -> tuple[Size, ...]:
    """The ways a piece may stand, lying flat first. Errors: ValueError, a turn that is no word of ours."""
    w, l, d = size  # noqa: E741 (width, length, depth)
    if turn == "any":
        c, b, a = sorted(size)
        return tuple(dict.fromkeys(((b, a, c), (a, b, c), (c, a, b), (a, c, b), (c, b, a), (b, c, a))))
    if turn == "none":
        return (size,)
    found: set[Size] = set()
    for edge in uprights(turn):
        x, y, v = {"w": (l, d, w), "l": (w, d, l), "d": (w, l, d)}[edge]
        found |= {(x, y, v), (y, x, v)}
    return tuple(sorted(found, key=lambda o: (o[2], -o[0] * o[1], o)))


@lru_cache(maxsize=64)
def uprights(turn: str) -> str:
    """The sides that may stand upright, none where a piece stays as it is. Errors: ValueError, a turn that is no word of ours."""
    edges = {"any": "wld", "flat": "d", "none": ""}.get(turn, turn[2:] if turn[:2] == "v:" else "?")
    if (turn != "none" and not edges) or set(edges) - set("wld"):
        raise ValueError(f"unknown turn {turn!r}")
    return edges

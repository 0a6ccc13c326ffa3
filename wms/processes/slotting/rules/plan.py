"""Moves proposed from the floor as it stands and the tours of the last days: the pure middle of a proposal."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wms.algorithms.batching.search import Aisled, Anywhere, Cost
from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing.plan import Edges, Points, Site
from wms.algorithms.slotting import forecast, putaway, reslot, search

FRIENDS_MIN, FRIEND_MM = 3, 6_000
"""Tours that two SKUs have to share, and how near they have to lie, to be named as a reason."""


@dataclass(frozen=True, slots=True)
class Item:
    """What lies in one location and is moved as a whole."""

    bin: int
    """Index into the bins."""
    sku: str
    goods: putaway.Goods
    stays: bool
    """Reserved, in parts, serialised, or worked on: not touched."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """bins: all storage positions; nodes: of each, index into `xy_mm`. days: tours as items, by day, oldest first."""

    bins: tuple[putaway.Bin, ...]
    nodes: tuple[int, ...]
    promised: frozenset[int]
    """Empty bins (indices) that something is on its way to."""
    items: tuple[Item, ...]
    days: tuple[tuple[tuple[int, ...], ...], ...]
    xy_mm: Points
    edges: Edges
    start: int
    end: int
    standard: Standard
    """Of picking: how fast people of this site walk and handle."""
    budget: int
    horizon_days: int
    lane_size: int
    """SKUs of the golden lane; 0: no peak."""
    rounds: int = 40
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A move as it is kept. `item`: index into the snapshot's items."""

    item: int
    source: int
    """Place id, as `target`."""
    target: int
    group: int
    seq: int
    saving_mm: float
    walk_mm: float
    net_mm: float
    why: str


@dataclass(frozen=True, slots=True)
class Solution:
    moves: tuple[Planned, ...]
    result: dict[str, Any]
    """before_mm, after_mm, saved_mm (walk), reach_saved_mm (bending and ladders as walk) and saved_h (both) a day, walk_mm, heat (location to picks a day before and after), refused, why_none."""


def solve(given: Snapshot) -> Solution:
    """Propose moves. Never raises for infeasible: `why_none` and `refused` say what stood against them."""
    demand = forecast.demand(given.days, 1)
    usable = [i for i, item in enumerate(given.items) if not item.stays]
    if not demand.tours:
        return Solution((), _told(given, None, np.zeros(len(given.items)), [], "no tours were walked in the last days"))
    site = Site.of(given.xy_mm, given.edges)
    rates = demand.rates(len(given.items))
    between = _between(site, given)
    terms = reslot.Terms(
        given.budget, given.horizon_days, (given.standard.stop_s * 2 + given.standard.fixed_s / 4) * given.standard.walk_mm_s,
        *_lane(given, rates), frozenset(range(len(given.items))) - frozenset(usable), given.promised,
    )  # fmt: skip
    found = reslot.propose(
        [item.bin for item in given.items], _positions(given, site), demand, between, terms, objection=Judge(given),
        rounds=given.rounds, seed=given.seed,
    )  # fmt: skip
    moves = [
        Planned(m.item, given.bins[m.source].place_id, given.bins[m.target].place_id, g, n, m.saving, m.walk, group.net,
                _why(given, m, rates, demand, between))
        for g, group in enumerate(found.groups, 1) for n, m in enumerate(group.moves, 1)
    ]  # fmt: skip
    why_none = "" if moves else "no move saves more than it costs"
    return Solution(tuple(moves), _told(given, found, rates, moves, why_none))


def _positions(given: Snapshot, site: Site) -> search.Positions:
    nodes = sorted(set(given.nodes))
    index = {node: i for i, node in enumerate(nodes)}
    aisles, tours = site.aisles(given.start, given.end), site.tours(given.start, given.end)
    cost: Cost
    if aisles is not None and tours is not None and all(n in aisles.at for n in nodes):
        at = [aisles.at[n] for n in nodes]
        cost = Aisled(tours, np.array([a for a, _ in at]), np.array([y for _, y in at], dtype=np.float64))
    else:
        cost = Anywhere(site.distances([*nodes, given.start, given.end]))
    reach = np.array([putaway.reach_mm(b.z_mm) for b in given.bins])
    return search.Positions(cost, np.array([index[n] for n in given.nodes], dtype=np.int64), reach=reach)


def _between(site: Site, given: Snapshot) -> Callable[[int, int], float]:
    def way(a: int, b: int) -> float:
        return float(site.from_nodes([given.nodes[a]])[0, given.nodes[b]])

    return way


def _lane(given: Snapshot, rates: search.Floats) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """(items of the golden lane, positions of it): the busiest to the nearest that hands reach without bending."""
    if not given.lane_size:
        return None, None
    best = sorted(
        range(len(given.bins)), key=lambda p: (given.bins[p].walk_mm + putaway.reach_mm(given.bins[p].z_mm), given.bins[p].code)
    )  # fmt: skip
    busiest = [int(i) for i in np.argsort(-rates, kind="stable")[: given.lane_size] if rates[i] > 0]
    return frozenset(busiest), frozenset(best[: given.lane_size])


class Judge:
    """What may not lie where, as putaway judges it: the same `objection` on a bin that is empty by then."""

    def __init__(self, given: Snapshot) -> None:
        self.given = given
        self._at: dict[int, list[int]] = {}
        for i, item in enumerate(given.items):
            self._at.setdefault(given.bins[item.bin].node, []).append(i)
        self._spoken: dict[int, str] = {}
        """Bay to the hazard that a move of this plan may bring there: another one may not follow."""

    def __call__(self, item: int, position: int) -> str:
        mine, b = self.given.items[item], self.given.bins[position]
        near = {
            self.given.items[i].goods.hazard for i in self._at.get(b.node, [])
            if i != item and self.given.items[i].bin != position
        } - {""}  # fmt: skip
        if mine.goods.hazard:
            near |= {self._spoken.get(b.node, mine.goods.hazard)}
        empty = replace(b, used_mm3=0, used_g=0, grains=frozenset(), hazards=frozenset())
        said = putaway.objection(mine.goods, empty, frozenset(near))
        if not said and putaway.room_each(mine.goods, empty) < mine.goods.qty_each:
            said = "full"
        if not said and mine.goods.hazard:
            self._spoken[b.node] = mine.goods.hazard
        return said


def _why(
    given: Snapshot, move: reslot.Move, rates: search.Floats, demand: forecast.Demand, between: Callable[[int, int], float]
) -> str:  # fmt: skip
    source, target = given.bins[move.source], given.bins[move.target]
    said = [f"{rates[move.item]:.1f} tours a day"]
    if move.makes_room_for >= 0:
        other = given.items[move.makes_room_for]
        said.append(f"makes room for {other.sku} ({rates[move.makes_room_for]:.1f} tours a day)")
    if move.aside:
        said.append("aside until the other has moved")
    said.append(f"{source.walk_mm / 1000:.0f} m from the benches, then {target.walk_mm / 1000:.0f} m")
    before, after = putaway.reach_mm(source.z_mm), putaway.reach_mm(target.z_mm)
    if after < before:
        said.append("easier to reach")
    elif target.walk_mm >= source.walk_mm and move.saving > 0:
        said.append("on the way of the tours that need it")
    friends: Counter[int] = Counter()
    for tour in demand.tours:
        if move.item in tour and len(tour) < 100:
            friends.update(i for i in tour if i != move.item)
    near = [
        given.items[i].sku for i, n in friends.most_common(12)
        if n >= FRIENDS_MIN and between(move.target, given.items[i].bin) <= FRIEND_MM
    ]  # fmt: skip
    if near and move.makes_room_for < 0:
        said.append("picked together with " + ", ".join(near[:3]) + " beside it")
    family = given.items[move.item].goods.family
    if family and any(
        given.items[i].goods.family == family and i != move.item and given.bins[given.items[i].bin].node == target.node
        for i in range(len(given.items))
    ):
        said.append(f"beside its family {family}")
    return "; ".join(said)


def _told(
    given: Snapshot, found: reslot.Proposal | None, rates: search.Floats, moves: list[Planned], why_none: str
) -> dict[str, Any]:
    before, after = (found.before, found.after) if found else (0.0, 0.0)
    reach_before, reach_after = (found.reach_before, found.reach_after) if found else (0.0, 0.0)
    walk_before, walk_after = before - reach_before, after - reach_after
    ends = {m.item: m.target for m in moves}
    code = {b.place_id: b.code for b in given.bins}
    heat: dict[str, list[float]] = {}
    for i, item in enumerate(given.items):
        if rates[i] <= 0:
            continue
        here = given.bins[item.bin].code
        heat.setdefault(here, [0.0, 0.0])[0] += float(rates[i])
        heat.setdefault(code[ends[i]] if i in ends else here, [0.0, 0.0])[1] += float(rates[i])
    return {
        "before_mm": walk_before, "after_mm": walk_after, "saved_mm": walk_before - walk_after, "reach_saved_mm": reach_before - reach_after,
        "saved_h": (before - after) / given.standard.walk_mm_s / 3_600, "walk_mm": sum(m.walk_mm for m in moves),
        "heat": {c: [round(a, 3), round(b, 3)] for c, (a, b) in sorted(heat.items())},
        "refused": found.refused if found else {}, "why_none": why_none, "days": len(given.days), "items": len(given.items),
    }  # fmt: skip

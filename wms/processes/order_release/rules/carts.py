"""Which orders share a cart, and the walk of each cart with its time. Pure."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from wms.algorithms.batching.plan import batch
from wms.algorithms.batching.search import Aisled, Anywhere, Orders
from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing.plan import Site

CUTOFF_S = 900
"""Cut-offs closer together than this are one truck's."""
MM3 = 1_000
"""Volumes are batched in millilitres."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The walking graph. `xy_mm[i]` is node i; a cart starts at node `start` and is put down at node `end`."""

    xy_mm: tuple[tuple[int, int], ...]
    edges: tuple[tuple[int, int, int, bool], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cart:
    totes: int
    tote_mm3: int
    load_max_g: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one order puts on a cart. `nodes`: one per stop."""

    order_id: UUID
    priority: int
    cutoff_s: float
    nodes: tuple[int, ...]
    pieces: int
    weight_g: int
    volume_mm3: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A cart's tour before anyone walks it. `at`: its stops in walking order, `path`: its corner points; (x_mm, y_mm)."""

    order_ids: tuple[UUID, ...]
    stops: int
    pieces: int
    length_mm: int
    time_s: float
    at: tuple[tuple[int, int], ...]
    path: tuple[tuple[int, int], ...]
    zone: str = ""
    """Whose share of the orders it picks; empty: all of them."""
    pod: str = ""
    """Goods to person: nobody walks, this pod is brought."""


def draft(
    loads: Sequence[Load], walk: Walk, cart: Cart, standard: Standard, seconds: float, seed: int
) -> tuple[Draft, ...]:
    """Tours of all loads, most urgent first. What is larger than a cart has one of its own."""
    site = Site.of(walk.xy_mm, walk.edges)
    made: list[Draft] = []
    for group in by_urgency(loads, 2 * cart.totes):
        share = seconds * len(group) / len(loads)
        found = batch(*problem(group, walk, cart, standard.fixed_s * standard.walk_mm_s, site), share, seed)
        carts = [*found.batches, *((i,) for i in sorted(found.refused))]
        drafts = [_walked([group[i] for i in members], walk, site, standard) for members in carts]
        urgency = {x.order_id: (x.priority, x.cutoff_s) for x in group}
        made += sorted(drafts, key=lambda d: min(urgency[i] for i in d.order_ids))
    return tuple(made)


def draft_by_zone(
    loads: Mapping[str, Sequence[Load]], walk: Walk, cart: Cart, standard: Standard, seconds: float, seed: int
) -> tuple[Draft, ...]:
    """Tours of each zone's shares by themselves; `loads`: zone to the shares of the orders that lie in it."""
    total = sum(len(shares) for shares in loads.values())
    made: list[Draft] = []
    for zone, shares in sorted(loads.items()):
        drafts = draft(shares, walk, cart, standard, seconds * len(shares) / total, seed)
        made += [replace(d, zone=zone) for d in drafts]
    return tuple(made)


def reached(walk: Walk, nodes: Set[int]) -> set[int]:
    """Those of `nodes` that a cart can be walked to."""
    if not nodes or walk.start >= len(walk.xy_mm):
        return set()
    far = Site.of(walk.xy_mm, walk.edges).from_nodes([walk.start])[0]
    return {n for n in nodes if np.isfinite(far[n])}


def by_urgency(loads: Sequence[Load], least: int) -> list[list[Load]]:
    """Loads of one priority and truck together, the urgent first: who must hurry does not wait for who need not.

    A group smaller than `least` takes the next in.
    """
    groups: list[list[Load]] = []
    last: tuple[int, float] | None = None
    for x in sorted(loads, key=lambda x: (x.priority, x.cutoff_s)):
        key = (x.priority, x.cutoff_s // CUTOFF_S)
        if not groups or (key != last and len(groups[-1]) >= least):
            groups.append([])
        groups[-1].append(x)
        last = key
    return groups


def problem(
    loads: Sequence[Load], walk: Walk, cart: Cart, per_tour_mm: float, site: Site
) -> tuple[Orders, Aisled | Anywhere]:
    """The loads as batching sees them; `per_tour_mm`: the walk that one more tour is worth."""
    nodes = sorted({n for x in loads for n in x.nodes})
    index = {node: i for i, node in enumerate(nodes)}
    orders = Orders.of(
        [[index[n] for n in x.nodes] for x in loads], [[1, x.weight_g, x.volume_mm3 // MM3] for x in loads],
        [cart.totes, cart.load_max_g, cart.totes * cart.tote_mm3 // MM3],
    )  # fmt: skip
    return orders, cost_of(nodes, walk, per_tour_mm, site)


def cost_of(nodes: Sequence[int], walk: Walk, per_tour_mm: float, site: Site) -> Aisled | Anywhere:
    """The cost of tours over these nodes, exact where the site is made of aisles; place i is `nodes[i]`."""
    aisles, tours = site.aisles(walk.start, walk.end), site.tours(walk.start, walk.end)
    if aisles is not None and tours is not None and all(n in aisles.at for n in nodes):
        at = [aisles.at[n] for n in nodes]
        return Aisled(tours, np.array([a for a, _ in at]), np.array([y for _, y in at]), per_tour_mm)
    return Anywhere(site.distances([*nodes, walk.start, walk.end]), per_tour_mm)


def _walked(members: Sequence[Load], walk: Walk, site: Site, standard: Standard) -> Draft:
    tour = site.walk([n for x in members for n in x.nodes], walk.start, walk.end, seed=1)
    pieces = sum(x.pieces for x in members)
    return Draft(
        tuple(x.order_id for x in members), len(tour.nodes), pieces, tour.length_mm,
        standard.seconds(tour.length_mm, len(tour.nodes), pieces), tuple(walk.xy_mm[n] for n in tour.nodes), tour.path,
    )  # fmt: skip

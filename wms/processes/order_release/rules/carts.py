"""Which orders share a cart, and the walk of each cart with its time. Pure."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.batching import savings
from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing import graph, tour


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


def draft(
    loads: Sequence[Load], walk: Walk, cart: Cart, standard: Standard, seconds: float, seed: int
) -> tuple[Draft, ...]:
    """Tours of all loads, most urgent first."""
    if not loads:
        return ()
    nodes = sorted({n for x in loads for n in x.nodes} | {walk.start, walk.end})
    index = {node: i for i, node in enumerate(nodes)}
    dist_mm = graph.distances(len(walk.xy_mm), walk.edges, nodes)
    made = savings.batches([[index[n] for n in x.nodes] for x in loads], dist_mm, cart.totes)
    drafts = [_walked([loads[i] for i in batch], walk, standard, dist_mm, index) for batch in made]
    urgency = {x.order_id: (x.priority, x.cutoff_s) for x in loads}
    return tuple(sorted(drafts, key=lambda d: min(urgency[i] for i in d.order_ids)))


def _walked(
    members: Sequence[Load], walk: Walk, standard: Standard, dist_mm: NDArray[np.float64], index: Mapping[int, int]
) -> Draft:
    stops = sorted({n for x in members for n in x.nodes})
    table = [index[walk.start], *(index[n] for n in stops), index[walk.end]]
    order, length_mm = tour.plan(dist_mm[np.ix_(table, table)], 0, len(table) - 1)
    line = [walk.start, *(stops[i - 1] for i in order), walk.end]
    path = [walk.start]
    for a, b in itertools.pairwise(line):
        path += graph.path(len(walk.xy_mm), walk.edges, a, b)[1:]
    pieces = sum(x.pieces for x in members)
    return Draft(
        tuple(x.order_id for x in members), len(stops), pieces, length_mm, standard.seconds(length_mm, len(stops), pieces),
        tuple(walk.xy_mm[i] for i in line[1:-1]), corners([walk.xy_mm[i] for i in path]),
    )  # fmt: skip


def corners(points: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Only where the walk turns or turns back: enough to draw it, and as long."""
    kept = list(points[:1])
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        if ax * by != ay * bx or ax * bx + ay * by < 0:
            kept.append(here)
    return (*kept, *points[-1:]) if len(points) > 1 else tuple(kept)

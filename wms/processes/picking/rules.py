"""Planning tours (pure, for the process pool) and the refusals of the pick."""

import itertools
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from wms.algorithms.batching import savings
from wms.algorithms.routing import graph, tour
from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "planned": {"start": "walking", "cancel": "cancelled", "leave": "planned"},
    "walking": {"finish": "done", "leave": "left"},
    "left": {"take": "walking", "leave": "left"},
    "done": {},
    "cancelled": {},
}
"""Tour states; a pick task's own states are work's."""

PRIORITY_TAKEN, PRIORITY_CART_LOST = 1, 99
"""Of a tour that was left: goods wait on its cart, so it comes before planned ones, or last while nobody finds the cart."""
PROBLEMS = ("short", "damaged", "blocked")


class WrongLocation(Refusal):
    """Scanned location is not the task's location."""

    code, status = "picking.wrong_location", 409


class WrongSku(Refusal):
    """Scanned goods are not the ones to pick."""

    code, status = "picking.wrong_sku", 409


class PickExceedsTask(Refusal):
    """More than the task asks for."""

    code, status = "picking.exceeds_task", 409


class BadQuantity(Refusal):
    """A pick is at least one piece."""

    code, status = "picking.bad_quantity", 422


class WrongTote(Refusal):
    """This tote serves another order."""

    code, status = "picking.wrong_tote", 409


class UnknownProblem(Refusal):
    """Not one of the problems a pick can have."""

    code, status = "picking.unknown_problem", 422


class BadCart(Refusal):
    """Not a free cart with enough empty totes."""

    code, status = "picking.bad_cart", 409


class NoTour(Refusal):
    """You have no such tour."""

    code, status = "picking.no_tour", 404


class TourOpen(Refusal):
    """Some stops of the tour are not done."""

    code, status = "picking.tour_open", 409


class WrongDrop(Refusal):
    """The cart is dropped at a transfer point or a pack station."""

    code, status = "picking.wrong_drop", 409


class NothingToUndo(Refusal):
    """The last pick can no longer be undone."""

    code, status = "picking.nothing_to_undo", 409


def step(state: str, event: str) -> str:
    """Errors: NoTour."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise NoTour(state=state, event=event) from None


def check_quantity(qty_each: int, open_each: int) -> None:
    """Errors: BadQuantity, PickExceedsTask."""
    if qty_each < 1:
        raise BadQuantity(qty_each=qty_each)
    if qty_each > open_each:
        raise PickExceedsTask(qty_each=qty_each, open_each=open_each)


@dataclass(frozen=True, slots=True)
class Stop:
    """One pick to plan; `node` is an index of the graph."""

    line_id: UUID
    reservation_id: UUID
    place_id: int
    node: int
    sku_id: int
    qty_each: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    orders: tuple[tuple[UUID, int, tuple[Stop, ...]], ...]
    """(order id, priority, stops), most urgent first."""
    xy_mm: tuple[tuple[int, int], ...]
    edges: tuple[tuple[int, int, int, bool], ...]
    start: int
    end: int
    slots: int


@dataclass(frozen=True, slots=True)
class TourPlan:
    order_ids: tuple[UUID, ...]
    priority: int
    stops: tuple[tuple[UUID, Stop], ...]
    """(order id, stop) in walking order."""
    length_mm: int
    path: tuple[tuple[int, int], ...]


def solve(snapshot: Snapshot) -> list[TourPlan]:
    """Batch the orders onto carts and walk each batch."""
    nodes = sorted({s.node for _, _, stops in snapshot.orders for s in stops} | {snapshot.start, snapshot.end})
    index = {node: i for i, node in enumerate(nodes)}
    dist_mm = graph.distances(len(snapshot.xy_mm), snapshot.edges, nodes)
    stops_of = [[index[s.node] for s in stops] for _, _, stops in snapshot.orders]
    made = savings.batches(stops_of, dist_mm, snapshot.slots)
    return [_walk(snapshot, batch, nodes, index, dist_mm) for batch in made]


def _walk(
    snapshot: Snapshot, batch: list[int], nodes: list[int], index: dict[int, int], dist_mm: np.ndarray
) -> TourPlan:
    members = [snapshot.orders[i] for i in batch]
    among = sorted({index[s.node] for _, _, stops in members for s in stops})
    table = [index[snapshot.start], *among, index[snapshot.end]]
    order, length_mm = tour.plan(dist_mm[np.ix_(table, table)], 0, len(table) - 1)
    walked = [nodes[table[i]] for i in order]
    rank = {node: i for i, node in enumerate(walked)}
    stops = sorted(
        ((order_id, s) for order_id, _, all_stops in members for s in all_stops),
        key=lambda pair: (rank[pair[1].node], pair[1].place_id, pair[1].sku_id),
    )
    line = [snapshot.start, *walked, snapshot.end]
    path: list[int] = [snapshot.start]
    for a, b in itertools.pairwise(line):
        path += graph.path(len(snapshot.xy_mm), snapshot.edges, a, b)[1:]
    return TourPlan(
        tuple(order_id for order_id, _, _ in members), min(p for _, p, _ in members), tuple(stops), length_mm,
        tuple(snapshot.xy_mm[i] for i in path),
    )  # fmt: skip

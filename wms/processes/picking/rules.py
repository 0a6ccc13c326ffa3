"""Planning tours (pure, for the process pool) and the refusals of the pick."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing.plan import Site
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
SHARED_TOTE_MM3 = 48_000_000
"""Of single pieces in one tote: four fifths of 600 x 400 x 250 mm, for they are thrown in."""
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


def share_totes(picks: Sequence[tuple[UUID, int]], totes: Sequence[str]) -> dict[UUID, str]:
    """Which tote the piece of each single-unit order goes into: filled in walking order, so that equal pieces come together.

    picks: (order id, volume in mm³) in walking order. Errors: BadCart when the totes do not hold all.
    """
    given: dict[UUID, str] = {}
    at, used = 0, 0
    for order_id, volume in picks:
        if used and used + volume > SHARED_TOTE_MM3:
            at, used = at + 1, 0
        if at >= len(totes):
            raise BadCart(scanned="", reason=f"{len(totes)} empty totes, more are needed")
        given.setdefault(order_id, totes[at])
        used += volume
    return given


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
class Cart:
    """Orders that share a cart: (order id, priority, stops)."""

    orders: tuple[tuple[UUID, int, tuple[Stop, ...]], ...]
    zone: str = ""
    """Whose share of the orders these stops are."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    carts: tuple[Cart, ...]
    xy_mm: tuple[tuple[int, int], ...]
    edges: tuple[tuple[int, int, int, bool], ...]
    start: int
    end: int
    standard: Standard


@dataclass(frozen=True, slots=True)
class Leg:
    """A stop as it is walked to. `walk_mm`: from the stop before; `expected_s`: walk and work by the site's standard."""

    order_id: UUID
    stop: Stop
    walk_mm: int
    expected_s: float


@dataclass(frozen=True, slots=True)
class TourPlan:
    order_ids: tuple[UUID, ...]
    priority: int
    legs: tuple[Leg, ...]
    """In walking order."""
    length_mm: int
    expected_s: float
    path: tuple[tuple[int, int], ...]
    zone: str = ""


def solve(snapshot: Snapshot) -> list[TourPlan]:
    """Walk each cart."""
    site = Site.of(snapshot.xy_mm, snapshot.edges)
    return [_walk(snapshot, cart, site) for cart in snapshot.carts]


def _walk(snapshot: Snapshot, cart: Cart, site: Site) -> TourPlan:
    walked = site.walk([s.node for _, _, stops in cart.orders for s in stops], snapshot.start, snapshot.end)
    to_mm = dict(zip(walked.nodes, walked.legs_mm, strict=False))
    legs = _legs(cart, to_mm, snapshot.standard)
    pieces = sum(leg.stop.qty_each for leg in legs)
    return TourPlan(
        tuple(order_id for order_id, _, _ in cart.orders), min(p for _, p, _ in cart.orders), legs, walked.length_mm,
        snapshot.standard.seconds(walked.length_mm, len(walked.nodes), pieces), walked.path, cart.zone,
    )  # fmt: skip


def _legs(cart: Cart, to_mm: dict[int, int], standard: Standard) -> tuple[Leg, ...]:
    """Stops at one node follow each other; only the first of them is walked to and looked for.

    `to_mm`: node to the walk to it, in walking order. What cannot be walked to comes last: a person is to say so at the spot.
    """
    rank = {node: i for i, node in enumerate(to_mm)}
    stops = sorted(
        ((order_id, s) for order_id, _, all_stops in cart.orders for s in all_stops),
        key=lambda pair: (rank.get(pair[1].node, len(rank)), pair[1].place_id, pair[1].sku_id),
    )
    legs: list[Leg] = []
    for order_id, s in stops:
        first = not legs or legs[-1].stop.node != s.node
        walk_mm = to_mm.get(s.node, 0) if first else 0
        legs.append(Leg(order_id, s, walk_mm, standard.seconds(walk_mm, first, s.qty_each, whole=False)))
    return tuple(legs)

"""Which orders share a cart, and the walk of each cart with its time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wms.algorithms.batching import savings
from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing.plan import Site


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
    site = Site.of(walk.xy_mm, walk.edges)
    nodes = sorted({n for x in loads for n in x.nodes})
    index = {node: i for i, node in enumerate(nodes)}
    made = savings.batches([[index[n] for n in x.nodes] for x in loads], site.distances(nodes), cart.totes)
    drafts = [_walked([loads[i] for i in batch], walk, site, standard) for batch in made]
    urgency = {x.order_id: (x.priority, x.cutoff_s) for x in loads}
    return tuple(sorted(drafts, key=lambda d: min(urgency[i] for i in d.order_ids)))


def _walked(members: Sequence[Load], walk: Walk, site: Site, standard: Standard) -> Draft:
    tour = site.walk([n for x in members for n in x.nodes], walk.start, walk.end, seed=1)
    pieces = sum(x.pieces for x in members)
    return Draft(
        tuple(x.order_id for x in members), len(tour.nodes), pieces, tour.length_mm,
        standard.seconds(tour.length_mm, len(tour.nodes), pieces), tuple(walk.xy_mm[n] for n in tour.nodes), tour.path,
    )  # fmt: skip

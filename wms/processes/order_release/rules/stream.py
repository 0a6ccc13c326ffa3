"""Which waiting orders a stream sends to the floor next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wms.algorithms.routing.plan import Site
from wms.algorithms.streaming import pool
from wms.algorithms.streaming.promise import Job, most_on_time
from wms.processes.order_release.rules.carts import Cart, Load, Walk
from wms.processes.order_release.rules.channels import Waiting


def in_line(orders: Sequence[Waiting], orders_per_h: float, now: datetime) -> list[Waiting]:
    """The order in which the stream serves: priority; then what can still make its truck before what cannot; then cut-off.

    When hands are short this sends the greatest number of parcels off in time, instead of making all of them late.
    """
    each_s = 3_600 / max(orders_per_h, 1e-6)
    kept, _ = most_on_time([Job(i, each_s, (w.cutoff_at - now).total_seconds()) for i, w in enumerate(orders)], hands=1)
    makes_it = set(kept)
    ranked = sorted(range(len(orders)), key=lambda i: (orders[i].priority, i not in makes_it, orders[i].cutoff_at, i))
    return [orders[i] for i in ranked]


@dataclass(frozen=True, slots=True)
class Pool:
    """`loads` in the order in which they are served."""

    loads: tuple[Load, ...]
    orders_max: int
    walk: Walk
    cart: Cart


def choose(given: Pool) -> tuple[UUID, ...]:
    """Orders for the room there is, tour by tour: the next in line, and those that cost it the least extra walk."""
    if len(given.loads) <= given.orders_max:
        return tuple(x.order_id for x in given.loads)
    nodes = sorted({n for x in given.loads for n in x.nodes})
    index = {node: i for i, node in enumerate(nodes)}
    dist_mm = Site.of(given.walk.xy_mm, given.walk.edges).distances(nodes)
    stops = [[index[n] for n in x.nodes] for x in given.loads]
    chosen = pool.take(stops, dist_mm, given.cart.totes, given.orders_max)
    return tuple(given.loads[i].order_id for i in chosen)

"""Which waiting orders a stream sends to the floor next. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wms.algorithms.routing.plan import Site
from wms.algorithms.streaming import pool
from wms.algorithms.streaming.promise import Job, Pace, most_on_time
from wms.processes.order_release.rules.carts import Cart, Load, Walk, problem
from wms.processes.order_release.rules.channels import Waiting

URGENT_PRIORITY = 1
"""Orders of it go before what is nearer."""


def in_line(orders: Sequence[Waiting], orders_per_h: float, now: datetime) -> list[Waiting]:
    """The order in which the stream serves: priority; then what can still make its truck before what cannot; then cut-off.

    When hands are short this sends the greatest number of parcels off in time, instead of making all of them late.
    """
    each_s = 3_600 / max(orders_per_h, 1e-6)
    kept, _ = most_on_time([Job(i, each_s, (w.cutoff_at - now).total_seconds()) for i, w in enumerate(orders)], hands=1)
    makes_it = set(kept)
    ranked = sorted(range(len(orders)), key=lambda i: (orders[i].priority, i not in makes_it, orders[i].cutoff_at, i))
    return [orders[i] for i in ranked]


def urgent(line: Sequence[Waiting], pace: Pace, now: datetime) -> int:
    """How many at the head of the line must go now: of the first priority, or with less time left than twice what they need."""
    need_s = 2 * (pace.stage_s("pick") + pace.stage_s("pack") + pace.stage_s("handover"))
    hurried = (w.priority <= URGENT_PRIORITY or (w.cutoff_at - now).total_seconds() < need_s for w in line)
    return sum(itertools.takewhile(bool, hurried))


@dataclass(frozen=True, slots=True)
class Pool:
    """`loads` in the order in which they are served; the first `urgent` go before all others."""

    loads: tuple[Load, ...]
    urgent: int
    orders_max: int
    walk: Walk
    cart: Cart


def choose(given: Pool) -> tuple[UUID, ...]:
    """Orders for the room there is, tour by tour: the next in line, and those that cost it the least extra walk."""
    if len(given.loads) <= given.orders_max:
        return tuple(x.order_id for x in given.loads)
    site = Site.of(given.walk.xy_mm, given.walk.edges)
    orders, cost = problem(given.loads, given.walk, given.cart, 0.0, site)
    tours = pool.take(orders, cost, given.orders_max, urgent=given.urgent)
    fitting = {i for t in tours for i in t}
    # What is larger than a cart is planned all the same: on one of its own.
    larger = [i for i in range(len(given.loads)) if (orders.loads[i] > orders.capacity).any()]
    chosen = [i for t in tours for i in t] + [i for i in larger if i not in fitting]
    return tuple(given.loads[i].order_id for i in chosen[: given.orders_max])

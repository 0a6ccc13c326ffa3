"""Goods to person: from which pods the orders of a wave are served, and the visits that this takes. Pure.

What expires first leaves first, as everywhere; among stock of one expiry date the pods that serve most lines in a visit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from wms.algorithms.batching import visits
from wms.algorithms.labour.standards import Standard
from wms.algorithms.routing.plan import Site
from wms.processes.order_release.rules.carts import Draft, Walk
from wms.processes.order_release.rules.sources import Free


@dataclass(frozen=True, slots=True)
class Share:
    """What an order takes. `reserve`: (line id, balance id, pieces), as by any walk; only the balances are chosen anew."""

    order_id: UUID
    rank: visits.Rank
    reserve: tuple[tuple[UUID, int, int], ...]


@dataclass(frozen=True, slots=True)
class Pods:
    """`of`: balance id to its pod; `codes`: pod to its licence plate."""

    of: Mapping[int, int]
    codes: Mapping[int, str]


def choose(
    shares: Sequence[Share], free: Sequence[Free], pods: Pods, walk: Walk, standard: Standard
) -> tuple[dict[UUID, tuple[tuple[UUID, int, int], ...]], tuple[Draft, ...]]:
    """Of each order what it reserves now, and the visits as tours: a vehicle's way from the pod to the station and back.

    `free`: reachable stock only; `walk` starts and ends at the station.
    """
    held = [visits.Held(pods.of[f.balance_id], (f.sku_id, f.expires), f.free_each, f.received) for f in free]
    item = {f.balance_id: (f.sku_id, f.expires) for f in free}
    wanted: dict[tuple[int, UUID, visits.Item], int] = {}
    for n, share in enumerate(shares):
        for line, balance, qty in share.reserve:
            key = (n, line, item[balance])
            wanted[key] = wanted.get(key, 0) + qty
    keys = list(wanted)
    chosen = visits.choose(
        [visits.Line(n, what, wanted[n, line, what], shares[n].rank) for n, line, what in keys], held
    )
    reserve: dict[UUID, list[tuple[UUID, int, int]]] = {s.order_id: [] for s in shares}
    for (n, line, _), parts in zip(keys, chosen.takes, strict=True):
        reserve[shares[n].order_id] += [(line, free[i].balance_id, qty) for i, qty in parts]
    site, node = Site.of(walk.xy_mm, walk.edges), {pods.of[f.balance_id]: f.node for f in free}
    made = []
    for v in chosen.visits:
        way = site.walk([node[v.pod]], walk.start, walk.end)
        pieces = sum(qty for n in v.lines for i, qty in chosen.takes[n] if held[i].pod == v.pod)
        made.append(Draft(
            tuple(dict.fromkeys(shares[keys[n][0]].order_id for n in v.lines)), len(v.lines), pieces, way.length_mm,
            standard.seconds(0, len(v.lines), pieces), (walk.xy_mm[node[v.pod]],), way.path, pod=pods.codes[v.pod],
        ))  # fmt: skip
    return {i: tuple(parts) for i, parts in reserve.items()}, tuple(made)

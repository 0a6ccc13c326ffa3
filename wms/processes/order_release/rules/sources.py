"""Which locations an order's lines are taken from. Pure.

What expires first leaves first. Among stock of one expiry date a location that holds all of a line comes before several that hold
parts; among locations that hold all of it and were received on the same day, the order's own walk decides.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wms.algorithms.routing.plan import Site
from wms.algorithms.routing.scattered import Line, serve
from wms.processes.order_release.rules import carts

WAYS_MAX = 64
"""Ways to choose that are walked for one order; each costs an exact walk."""


@dataclass(frozen=True, slots=True)
class Free:
    """Free stock in the order it should leave. `node`: index in the walking graph; dates are ordinals."""

    balance_id: int
    sku_id: int
    free_each: int
    node: int = 0
    expires: int = 0
    received: int = 0


@dataclass(slots=True)
class Sources:
    """Stock as it stands while a wave is planned: `left` is taken from, order by order."""

    by_sku: dict[int, list[Free]]
    left: dict[int, int]
    walk: carts.Walk
    _site: Site | None = field(default=None)

    @classmethod
    def of(cls, free: Sequence[Free], walk: carts.Walk, reached: frozenset[int] | set[int]) -> "Sources":
        """`reached`: nodes that can be walked to; what lies elsewhere is not promised."""
        by_sku: dict[int, list[Free]] = {}
        for f in free:
            by_sku.setdefault(f.sku_id, []).append(f)
        return cls(by_sku, {f.balance_id: f.free_each if f.node in reached else 0 for f in free}, walk)

    def take(self, wants: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Of each want (SKU, pieces) the (balance, pieces) taken; less than wanted where there is less."""
        nearest = self._nearest(wants)
        return [self._one(sku, wanted, nearest.get(sku, 0)) for sku, wanted in wants]

    def give_back(self, taken: Sequence[tuple[int, int]]) -> None:
        for balance, qty in taken:
            self.left[balance] += qty

    def _one(self, sku: int, wanted: int, first: int) -> list[tuple[int, int]]:
        taken: list[tuple[int, int]] = []
        for group in _by_expiry(self.by_sku.get(sku, [])):
            whole = [f.balance_id for f in group if self.left[f.balance_id] >= wanted]
            order = [first] if first in whole else whole[:1] or [f.balance_id for f in group]
            for balance in order:
                qty = min(wanted, self.left[balance])
                if qty > 0:
                    self.left[balance] -= qty
                    taken.append((balance, qty))
                    wanted -= qty
        return taken

    def _nearest(self, wants: Sequence[tuple[int, int]]) -> dict[int, int]:
        """SKU to the balance that serves it on the shortest walk of the order, where more than one may."""
        wanted = dict(wants)
        if len(wanted) < len(wants):  # one SKU on two lines: they would share pieces
            return {}
        options = {sku: self._equal(sku, qty) for sku, qty in wanted.items()}
        options = {sku: found for sku, found in options.items() if found}
        while _ways(options) > WAYS_MAX:
            longest = max(options, key=lambda sku: len(options[sku]))
            options[longest] = options[longest][: len(options[longest]) // 2]
        if _ways(options) < 2:
            return {}
        self._site = self._site or Site.of(self.walk.xy_mm, self.walk.edges)
        nodes = sorted({f.node for found in options.values() for f in found})
        at = {node: i for i, node in enumerate(nodes)}
        lines = [Line(1, tuple((at[f.node], 1) for f in found)) for found in options.values()]
        served = serve(lines, carts.cost_of(nodes, self.walk, 0.0, self._site))
        chosen = {}
        for (sku, found), takes in zip(options.items(), served.takes, strict=True):
            if takes:
                chosen[sku] = next(f.balance_id for f in found if f.node == nodes[takes[0][0]])
        return chosen

    def _equal(self, sku: int, wanted: int) -> list[Free]:
        """Locations that hold all of it, of the first expiry date that does, received on the same day: at most one per node."""
        group = next(_by_expiry([f for f in self.by_sku.get(sku, []) if self.left[f.balance_id] > 0]), [])
        whole = [f for f in group if self.left[f.balance_id] >= wanted]
        nodes: dict[int, Free] = {}
        for f in whole:
            if f.received == whole[0].received:
                nodes.setdefault(f.node, f)
        return list(nodes.values())


def _by_expiry(stock: Sequence[Free]) -> Iterator[list[Free]]:
    for _, group in itertools.groupby(stock, key=lambda f: f.expires):
        yield list(group)


def _ways(options: Mapping[int, Sequence[Free]]) -> int:
    return math.prod(len(found) for found in options.values())

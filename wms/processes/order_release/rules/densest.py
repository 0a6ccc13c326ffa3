"""When labour or stock is short: the orders with most pieces per aisle that must be visited. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from wms.algorithms.routing.plan import Site
from wms.algorithms.streaming.selection import densest
from wms.processes.order_release.rules.carts import Walk

SECONDS = 2.0
"""Of one core; more finds little (docs/planning.md)."""
LOW_SHARE = 0.5
"""Of the pieces allowed: a wave of one piece from one aisle would be of no use, however dense."""

Wants = Mapping[UUID, Mapping[int, int]]
"""Of each order, SKU id to the pieces it would take."""
Stock = Sequence[tuple[int, int, int]]
"""(SKU id, free pieces, node) in the order in which it should leave."""


def left_out(wants: Wants, stock: Stock, walk: Walk, pieces_max: int, seed: int = 1) -> dict[UUID, str]:
    """Orders that wait for a later wave, each with the reason, so that at most `pieces_max` pieces go now.

    An order that wants what is not there is not among them: planning says why it cannot be released.
    """
    held = _by_aisle(wants, stock, walk)
    there: dict[int, int] = {}
    for aisle in held:
        for sku, qty in aisle.items():
            there[sku] = there.get(sku, 0) + qty
    could = [i for i, want in wants.items() if want and all(qty <= there.get(sku, 0) for sku, qty in want.items())]
    given = [wants[i] for i in could]
    high = min(pieces_max, sum(sum(want.values()) for want in given))
    found = densest(given, held, max(1, int(LOW_SHARE * high)), high, SECONDS, seed)
    if not found.orders:
        return dict.fromkeys(could, f"left for a later wave: {found.why_none}")
    chosen = {could[i] for i in found.orders}
    why = f"left for a later wave: {found.pieces} pieces from {len(found.aisles)} aisle(s) go first, {found.per_aisle:.1f} per aisle"
    return {i: why for i in could if i not in chosen}


def _by_aisle(wants: Wants, stock: Stock, walk: Walk) -> list[dict[int, int]]:
    """Pieces of each SKU in each aisle: what leaves first, as far as all orders together want it."""
    open_each: dict[int, int] = {}
    for want in wants.values():
        for sku, qty in want.items():
            open_each[sku] = open_each.get(sku, 0) + qty
    aisles = Site.of(walk.xy_mm, walk.edges).aisles(walk.start, walk.end)
    held: dict[int, dict[int, int]] = {}
    for sku, free, node in stock:
        qty = min(free, open_each.get(sku, 0))
        if qty <= 0:
            continue
        open_each[sku] -= qty
        # Where the floor is no rectangle, a node is as good an aisle as any.
        at = aisles.at[node][0] if aisles is not None and node in aisles.at else -1 - node
        held.setdefault(at, {})[sku] = held.get(at, {}).get(sku, 0) + qty
    return [held[at] for at in sorted(held)]

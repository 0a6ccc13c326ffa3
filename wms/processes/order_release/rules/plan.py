"""The plan of a wave: stock for each order, its cartons, which orders share a cart, and the walk of each cart. Pure."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import astuple, dataclass, field, replace
from typing import Any
from uuid import UUID

from wms.algorithms.labour.standards import Standard
from wms.processes.order_release.rules import carts, densest
from wms.processes.order_release.rules.parcels import NO_TERMS, Supply, Terms, arrange
from wms.processes.order_release.rules.pods import Pods, Share, choose
from wms.processes.order_release.rules.sources import Free, Sources

FAR_S = 1e12
"""Beyond every cut-off: an order without one."""
NO_STOCK = "no stock for any line"
ASTRAY = "; some lies where nobody can walk to"
WHOLE = ("complete_only", "backorder")
"""Short policies of orders that go whole or not at all."""


@dataclass(frozen=True, slots=True)
class Need:
    """An order to plan. `lines`: (line id, sku id, open pieces). `cutoff_s`: seconds of the epoch."""

    order_id: UUID
    short_policy: str
    lines: tuple[tuple[UUID, int, int], ...]
    priority: int = 5
    cutoff_s: float = math.inf
    terms: Terms = NO_TERMS
    worth: Mapping[int, int] = field(default_factory=dict)
    """SKU id to the declared cents of a piece."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    needs: tuple[Need, ...]
    free: tuple[Free, ...]
    supply: Supply
    walk: carts.Walk
    cart: carts.Cart
    standard: Standard
    seconds: float
    """For batching, of one core."""
    seed: int = 1
    zones: Mapping[int, str] | None = None
    """Balance id to its zone, where each zone picks its share by itself."""
    pods: Pods | None = None
    """Where pods are brought to a person: which pod each balance is in. `walk` starts and ends at the station."""
    pieces_max: int = 0
    """So many pieces go, those with most per visited aisle, and the other orders wait; 0: all go."""


@dataclass(frozen=True, slots=True)
class OrderPlan:
    order_id: UUID
    reserve: tuple[tuple[UUID, int, int], ...]
    """(line id, balance id, pieces)."""
    short: tuple[tuple[UUID, int], ...]
    """(line id, pieces that are not there)."""
    cartons: tuple[dict[str, Any], ...]
    refused: str
    """Why it cannot be released, empty when it can."""
    later: bool = False
    """Nothing is wrong with it: it waits for a later wave."""
    cents: int | None = None
    """What carriage of its cartons costs with the house's own part, in the site's currency; None: not known."""
    terms: Terms = NO_TERMS
    """What its service asked of its parcels when they were planned."""

    @property
    def pieces(self) -> dict[UUID, int]:
        """Line id to pieces that it was planned for."""
        found: dict[UUID, int] = {}
        for line_id, n in (*((line, n) for line, _, n in self.reserve), *self.short):
            found[line_id] = found.get(line_id, 0) + n
        return found


@dataclass(frozen=True, slots=True)
class WavePlan:
    orders: tuple[OrderPlan, ...]
    tours: tuple[carts.Draft, ...]
    """Orders that share a cart; every order that is not refused is in exactly one, or in one for each of its zones or pods."""


def solve(snapshot: Snapshot) -> WavePlan:
    """Plan all orders against the stock that is there. Never raises for infeasible: a refused order carries its reason."""
    reached = carts.reached(snapshot.walk, {f.node for f in snapshot.free})
    astray = {f.sku_id for f in snapshot.free if f.node not in reached}
    sources = Sources.of(snapshot.free, snapshot.walk, reached)
    left = _left_out(snapshot, sources)
    going = [n for n in snapshot.needs if n.order_id not in left]
    plans = {n.order_id: _plan_order(n, sources, snapshot, astray) for n in in_turn(going, snapshot.free)}
    plans |= {i: OrderPlan(i, (), (), (), why, later=True) for i, why in left.items()}
    orders = tuple(plans[n.order_id] for n in snapshot.needs)
    node = {f.balance_id: f.node for f in snapshot.free}
    kept = [(n, p) for n, p in zip(snapshot.needs, orders, strict=True) if not p.refused]
    how = (snapshot.walk, snapshot.cart, snapshot.standard, snapshot.seconds, snapshot.seed)
    if snapshot.pods is not None:
        return _by_pods(snapshot, snapshot.pods, orders, [f for f in snapshot.free if f.node in reached])
    if snapshot.zones is None:
        return WavePlan(orders, carts.draft([_load(n, p.reserve, node, snapshot) for n, p in kept], *how))
    shares: dict[str, list[carts.Load]] = {}
    for n, p in kept:
        for zone in sorted({snapshot.zones[balance] for _, balance, _ in p.reserve}):
            here = [r for r in p.reserve if snapshot.zones[r[1]] == zone]
            shares.setdefault(zone, []).append(_load(n, here, node, snapshot))
    return WavePlan(orders, carts.draft_by_zone(shares, *how))


def _by_pods(snapshot: Snapshot, all_pods: Pods, orders: Sequence[OrderPlan], free: Sequence[Free]) -> WavePlan:
    """Who goes is settled; which pods serve them all is chosen together."""
    rank = {n.order_id: (n.priority, min(n.cutoff_s, FAR_S) // carts.CUTOFF_S) for n in snapshot.needs}
    shares = [Share(p.order_id, rank[p.order_id], p.reserve) for p in orders if not p.refused]
    reserve, visits = choose(shares, free, all_pods, snapshot.walk, snapshot.standard)
    return WavePlan(tuple(replace(p, reserve=reserve.get(p.order_id, ())) for p in orders), visits)


def _left_out(snapshot: Snapshot, sources: Sources) -> dict[UUID, str]:
    """Orders that wait, with the reason, where only so many pieces may go."""
    if not snapshot.pieces_max:
        return {}
    wants: dict[UUID, dict[int, int]] = {}
    for n in snapshot.needs:
        wanted: dict[int, int] = {}
        for _, sku, qty in n.lines:
            wanted[sku] = wanted.get(sku, 0) + qty
        if n.short_policy not in WHOLE:  # it goes with what is there
            there = {sku: sum(sources.left[f.balance_id] for f in sources.by_sku.get(sku, [])) for sku in wanted}
            wanted = {sku: min(qty, there[sku]) for sku, qty in wanted.items() if there[sku] > 0}
        wants[n.order_id] = wanted
    stock = [(f.sku_id, sources.left[f.balance_id], f.node) for f in snapshot.free]
    return densest.left_out(wants, stock, snapshot.walk, snapshot.pieces_max, snapshot.seed)


def in_turn(needs: Sequence[Need], free: Sequence[Free]) -> list[Need]:
    """The order in which needs take stock: priority, then the day's truck, then who takes least of what is scarce.

    Serving the smallest claims on a scarce SKU first completes the most orders of equal rank.
    Source: Hodgson and Moore's argument for one resource; Pinedo, Scheduling, 6th ed., section 3.3.
    """
    there: dict[int, int] = {}
    wanted: dict[int, int] = {}
    for f in free:
        there[f.sku_id] = there.get(f.sku_id, 0) + f.free_each
    for n in needs:
        for _, sku, qty in n.lines:
            wanted[sku] = wanted.get(sku, 0) + qty
    scarce = {sku for sku, qty in wanted.items() if qty > there.get(sku, 0)}
    claim = [sum(qty for _, sku, qty in n.lines if sku in scarce) for n in needs]
    ranked = sorted(range(len(needs)), key=lambda i: (needs[i].priority, needs[i].cutoff_s, claim[i], i))
    return [needs[i] for i in ranked]


def _plan_order(need: Need, sources: Sources, snapshot: Snapshot, astray: Set[int]) -> OrderPlan:
    """astray: SKU ids of which some stock lies where nobody can walk to."""
    reserve: list[tuple[UUID, int, int]] = []
    short: list[tuple[UUID, int]] = []
    taken = sources.take([(sku_id, wanted) for _, sku_id, wanted in need.lines])
    for (line_id, _, wanted), parts in zip(need.lines, taken, strict=True):
        reserve += [(line_id, balance, qty) for balance, qty in parts]
        if missing := wanted - sum(qty for _, qty in parts):
            short.append((line_id, missing))
    refused = ""
    if not reserve:
        refused = NO_STOCK
    elif short and need.short_policy in WHOLE:
        refused = f"{need.short_policy}: {len(short)} line(s) short"
    if refused and any(sku in astray for _, sku, _ in need.lines):
        refused += ASTRAY
    cartons: tuple[dict[str, Any], ...] = ()
    cents: int | None = None
    if not refused:
        cartons, refused, cents = _cartons(need, dict(short), snapshot)
    if refused:
        sources.give_back([(balance_id, qty) for _, balance_id, qty in reserve])
        reserve = []
    return OrderPlan(need.order_id, tuple(reserve), tuple(short), cartons, refused, cents=cents, terms=need.terms)


def _load(
    need: Need, reserve: Sequence[tuple[UUID, int, int]], node: Mapping[int, int], snapshot: Snapshot
) -> carts.Load:
    sku_of = {line: sku for line, sku, _ in need.lines}
    pieces = [(node[balance], sku_of[line], qty) for line, balance, qty in reserve]
    volume = sum(math.prod(snapshot.supply.skus[sku][0]) * qty for _, sku, qty in pieces)
    weight = sum(snapshot.supply.skus[sku][1] * qty for _, sku, qty in pieces)
    return carts.Load(
        need.order_id, need.priority, need.cutoff_s, tuple(n for n, _, _ in pieces), sum(q for _, _, q in pieces),
        weight, volume,
    )  # fmt: skip


def _cartons(
    need: Need, short: Mapping[UUID, int], snapshot: Snapshot
) -> tuple[tuple[dict[str, Any], ...], str, int | None]:
    """The cartons as kept with an order, why there are none, what their carriage costs."""
    pieces: list[int] = []
    for line_id, sku_id, wanted in need.lines:
        pieces += [sku_id] * (wanted - short.get(line_id, 0))
    made = arrange(pieces, need.worth, need.terms, snapshot.supply)
    if made.left:
        return (), f"{sum(x.qty for x in made.left)} piece(s) fit no carton: {made.left[0].mend}", None
    described = []
    for packed in made.cartons:
        content: dict[str, int] = {}
        for p in packed.placed:
            content[p.key] = content.get(p.key, 0) + 1
        described.append({
            "carton": packed.box, "expected_g": packed.weight_g, "items": content,
            "placed": [[int(p.key), *p.at_mm, *p.size_mm] for p in packed.placed],
        })  # fmt: skip
    return tuple(described), "", made.cents


def to_json(planned: OrderPlan) -> dict[str, Any]:
    """As kept until the order is released."""
    return {
        "reserve": [[str(line), balance, qty] for line, balance, qty in planned.reserve],
        "short": [[str(line), qty] for line, qty in planned.short],
        "cartons": list(planned.cartons),
        "cents": planned.cents,
        "terms": astuple(planned.terms),
    }


def from_json(order_id: UUID, data: Mapping[str, Any]) -> OrderPlan:
    return OrderPlan(
        order_id, tuple((UUID(line), balance, qty) for line, balance, qty in data["reserve"]),
        tuple((UUID(line), qty) for line, qty in data["short"]), tuple(data["cartons"]), "",
        cents=data["cents"], terms=Terms(*data.get("terms", ())),
    )  # fmt: skip


def summarise(before: Mapping[str, Any], made: WavePlan, hands: int, live: set[UUID]) -> dict[str, Any]:
    """The plan to show: each tour with its walk and when it ends if `hands` people start now, and the sums.

    `before`: the plan of the same wave so far, when orders were added to it.
    """
    tours = list(before.get("tours", []))
    for n, t in enumerate(made.tours, len(tours) + 1):
        tours.append({
            "tour": n, "orders": sum(i in live for i in t.order_ids), "stops": t.stops, "pieces": t.pieces,
            "length_mm": t.length_mm, "time_s": round(t.time_s), "at": [list(p) for p in t.at],
            "path": [list(p) for p in t.path], "zone": t.zone, "pod": t.pod,
            "order_ids": [str(i) for i in t.order_ids] if t.zone or t.pod else [],
        })  # fmt: skip
    free_at = [0.0] * hands
    for t in tours:  # in release order, each to whoever is free first
        hand = free_at.index(min(free_at))
        free_at[hand] += t["time_s"]
        t["ends_s"] = round(free_at[hand])
    cartons = before.get("summary", {}).get("cartons", 0) + sum(len(p.cartons) for p in made.orders if not p.refused)
    return {"tours": tours, "summary": {
        "tours": len(tours), "orders": before.get("summary", {}).get("orders", 0) + len(live), "stops": sum(t["stops"] for t in tours),
        "pieces": sum(t["pieces"] for t in tours), "cartons": cartons, "refused": sum(bool(p.refused) for p in made.orders),
        "length_mm": sum(t["length_mm"] for t in tours), "time_s": sum(t["time_s"] for t in tours),
        "finish_s": max(free_at), "hands": hands,
    }}  # fmt: skip

"""Release channels: which orders each may release, when, and how many the floor takes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wms.processes.order_release.rules import BadChannel

STATES = ("open", "locked", "asleep")
"""locked: a person stopped it. asleep: it wakes by itself at `wakes_at`."""
MODES = ("stream", "wave")
"""stream: keeps the floor fed. wave: all orders of one carrier and cut-off at once, `lead_min` before it."""

PACK_AHEAD = 24
"""Picked orders that may wait per pack bench."""
CARTS_AHEAD = 2
"""Full carts that may wait for a vehicle, per pack bench."""
POOL = 200
"""Waiting orders among which the next tours are chosen."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders a channel takes; an empty field takes all."""

    carriers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """All of the order's stock lies in these zones."""
    priority_max: int | None = None
    lines_max: int | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Filter":
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Channel:
    id: int
    code: str
    seq: int
    mode: str
    state: str
    wakes_at: datetime | None
    filter: Filter
    wip_max: int
    """Orders of this channel under way before picking ends; 0: only the floor's own limit."""
    lead_min: int
    method: str = "cluster"
    """How its waves are picked: cluster, zone, goods_to_person or singles."""

    def may_release(self, now: datetime) -> bool:
        return self.state == "open" or (self.state == "asleep" and self.wakes_at is not None and self.wakes_at <= now)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that waits for release, as a channel sees it."""

    order_id: UUID
    carrier: str
    channel: str
    country: str
    priority: int
    lines: int
    cutoff_at: datetime
    zones: frozenset[str] = field(default_factory=frozenset)
    pieces: int = 0


def takes(channel: Filter, order: Waiting) -> bool:
    """Whether the filter lets the order in."""
    return (
        (not channel.carriers or order.carrier in channel.carriers)
        and (not channel.channels or order.channel in channel.channels)
        and (not channel.countries or order.country in channel.countries)
        and (not channel.zones or (bool(order.zones) and order.zones <= set(channel.zones)))
        and (channel.priority_max is None or order.priority <= channel.priority_max)
        and (channel.lines_max is None or order.lines <= channel.lines_max)
    )


def share_out(channels: Sequence[Channel], orders: Sequence[Waiting]) -> dict[int, list[Waiting]]:
    """Each order goes to the first channel in sequence that takes it, also when that one is locked or asleep."""
    ranked = sorted(channels, key=lambda c: (c.seq, c.id))
    shared: dict[int, list[Waiting]] = {c.id: [] for c in ranked}
    for order in orders:
        fits = (c for c in ranked if takes(c.filter, order) and (c.method != "singles" or order.pieces == 1))
        first = next(fits, None)
        if first is not None:
            shared[first.id].append(order)
    return shared


def due(channel: Channel, orders: Sequence[Waiting], now: datetime) -> list[list[Waiting]]:
    """The waves of a wave channel whose lead time has begun: by carrier and cut-off, the earliest first."""
    waves: dict[tuple[datetime, str], list[Waiting]] = {}
    for order in orders:
        if order.cutoff_at - timedelta(minutes=channel.lead_min) <= now:
            waves.setdefault((order.cutoff_at, order.carrier), []).append(order)
    return [waves[key] for key in sorted(waves)]


@dataclass(frozen=True, slots=True)
class Floor:
    """What is on the floor, for the release to hold down (CONWIP).

    Source: Spearman, Woodruff, Hopp, "CONWIP: a pull alternative to kanban", Int. J. Production Research 28(5), 1990.
    """

    under_way: int
    """Orders released or being planned, not yet picked."""
    picked: int
    """Orders that wait for a bench."""
    carts_total: int
    carts_to_move: int
    """Full carts that wait for a vehicle."""
    benches: int
    slots: int
    """Totes on a cart."""
    positions: int = 0
    """Totes at stations that pods are brought to."""


@dataclass(frozen=True, slots=True)
class Room:
    orders: int
    reason: str
    """What holds release down: under_way, pack_queue, carts_waiting; empty when there is room."""
    limit: int = 0
    now: int = 0


def room(floor: Floor) -> Room:
    """How many orders the floor takes. One tour being walked and one waiting for each cart, and as much
    for each tote at a station; benches and vehicles fed."""
    benches = max(floor.benches, 1)
    carts = floor.carts_total or (0 if floor.positions else 1)
    most = 2 * (carts * floor.slots + floor.positions)
    if floor.picked >= PACK_AHEAD * benches:
        return Room(0, "pack_queue", PACK_AHEAD * benches, floor.picked)
    if floor.carts_to_move >= CARTS_AHEAD * benches:
        return Room(0, "carts_waiting", CARTS_AHEAD * benches, floor.carts_to_move)
    if floor.under_way >= most:
        return Room(0, "under_way", most, floor.under_way)
    return Room(most - floor.under_way, "", most, floor.under_way)


def check(mode: str, state: str, wakes_at: datetime | None, lead_min: int) -> None:
    """Errors: BadChannel."""
    if state == "asleep" and wakes_at is None:
        raise BadChannel(field="wakes_at", reason="an asleep channel needs the time it wakes at")
    if mode == "wave" and lead_min <= 0:
        raise BadChannel(field="lead_min", reason="a wave channel needs the minutes before the cut-off")

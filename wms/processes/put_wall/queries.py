"""Reads of the wall: its slots, and the totes that wait before it."""

from dataclasses import dataclass
from typing import Any

from wms.db.uow import UnitOfWork
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock


@dataclass(frozen=True, slots=True)
class Wall:
    id: int
    code: str
    slots: tuple[stock.Unit, ...]
    totes: tuple[stock.Unit, ...]
    """On the carts before it, each with a share of an order that still wants it."""


def is_wanted(order: orders.OrderInfo) -> bool:
    """Whether its shares are still to come together; else they go back to their shelves."""
    return order.cancel_requested_at is None and order.state in ("picking", "picked")


async def walls(uow: UnitOfWork) -> list[Wall]:
    found = []
    for spot in await layout.locations(uow, ["wall"]):
        here = await stock.units_in(uow, spot.id)
        on_carts = [t for u in here if u.kind == "cart" for t in await stock.units_in(uow, u.id)]
        bound = [(t, t.bound_to) for t in on_carts if t.kind == "tote" and t.bound_to is not None]
        wanted = await orders.orders(uow, [i for _, i in bound])
        totes = tuple(t for t, i in bound if i in wanted and is_wanted(wanted[i]))
        found.append(Wall(spot.id, spot.code, tuple(u for u in here if u.kind == "tote"), totes))
    return found


async def shares_left(uow: UnitOfWork, order: orders.OrderInfo) -> int:
    """Totes with a share of the order that are not in its slot yet; at least one while a zone still picks."""
    slots = {s.id for w in await walls(uow) for s in w.slots}
    outside = [
        u for u in await stock.units_bound_to(uow, order.id)
        if u.kind == "tote" and u.id not in slots and await stock.content_of(uow, u.id)
    ]  # fmt: skip
    return len(outside) + (order.state in ("released", "picking"))


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Each wall with its slots: whose they are, what is in them, whether they may be packed."""
    answer = []
    for wall in await walls(uow):
        found = await orders.orders(uow, [s.bound_to for s in wall.slots if s.bound_to])
        slots = []
        for s in wall.slots:
            order = found.get(s.bound_to) if s.bound_to else None
            left = await shares_left(uow, order) if order else 0
            slots.append({
                "slot": s.code, "order": order.ref if order else "", "shares_left": left,
                "pieces": sum(h.qty_each for h in await stock.content_of(uow, s.id)), "ready": order is not None and not left,
            })  # fmt: skip
        answer.append({"wall": wall.code, "slots": slots, "totes_waiting": len(wall.totes)})
    return answer

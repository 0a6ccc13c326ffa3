"""Orders and notices from the host; the console's order list."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries, service

router = APIRouter(prefix="/api/v1", tags=["orders"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineIn(_In):
    sku: str
    qty_each: int


class OrderLineIn(LineIn):
    value_cents: int = 0


class OrderIn(_In):
    ref: str
    lines: list[OrderLineIn]
    channel: str = "shop"
    carrier: str = "POST"
    cutoff_at: datetime | None = None
    priority: int = 5
    destination: dict[str, Any] = {}
    short_policy: str = "ship_partial"
    parcels_max: int = 3
    service: str = Field(default="", max_length=40)
    duty_term: str = ""
    customs_mode: str = ""
    currency: str = "USD"
    promised_at: datetime | None = None
    gift: dict[str, Any] = {}
    may_split: bool = False
    """Of a complete-only order: other warehouses may send a part of it."""


class ChangeIn(_In):
    destination: dict[str, Any] | None = None
    lines: list[LineIn] | None = None
    priority: int | None = Field(default=None, ge=1, le=9)


class ReasonIn(_In):
    reason: str = Field(default="customer", max_length=200)


class NoticeLineIn(_In):
    sku: str
    qty_each: int
    lot: str = ""
    expires_on: str = ""
    hu_code: str = ""
    epcs: list[str] = []


class NoticeIn(_In):
    ref: str = Field(min_length=1, max_length=64)
    supplier: str = Field(min_length=1, max_length=80)
    purchase_ref: str = ""
    due_at: datetime | None = None
    lines: list[NoticeLineIn]


@router.post("/orders", dependencies=[needs("integration")])
async def accept(uow: Uow, body: Annotated[list[OrderIn], Field(max_length=500)]) -> dict[str, Any]:
    """Accept up to 500 orders, all or nothing; more than that are refused, never cut off."""
    drafts = [
        service.OrderDraft(
            **{
                **o.model_dump(exclude={"lines"}),
                "lines": tuple((x.sku, x.qty_each) for x in o.lines),
                "values": tuple(x.value_cents for x in o.lines),
            }
        )
        for o in body
    ]
    return {"ids": [str(i) for i in await service.accept_orders(uow, drafts)]}


@router.get("/orders", dependencies=[needs("worker")])
async def listing(
    uow: Uow, state: str = "", q: str = "", limit: int = 100, after: UUID | None = None
) -> dict[str, Any]:
    """Orders newest first, and how many there are in each state."""
    return {
        "orders": await queries.listing(uow, state, q, min(limit, 500), after),
        "by_state": await queries.by_state(uow),
    }


@router.get("/orders/{order_id}", dependencies=[needs("worker")])
async def one(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """An order with its lines and the reasons of its decisions."""
    order = await queries.order(uow, order_id)
    skus = await catalog.skus(uow, {x.sku_id for x in order.lines})
    lines = [
        {"id": x.id, "sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "qty_each": x.qty_each,
         "picked_each": x.picked_each, "short_each": x.short_each, "elsewhere_each": x.elsewhere_each, "bundle": x.bundle, "value_cents": x.value_cents}
        for x in order.lines
    ]  # fmt: skip
    return {**{n: getattr(order, n) for n in order.__slots__ if n != "lines"}, "lines": lines}


@router.post("/orders/{order_id}/cancel", dependencies=[needs("integration", "supervisor")])
async def cancel(uow: Uow, order_id: UUID, body: ReasonIn) -> dict[str, Any]:
    """Cancel at any stage before departure; says what will happen."""
    return {"effect": await service.request_cancel(uow, order_id, body.reason)}


@router.patch("/orders/{order_id}", dependencies=[needs("integration", "supervisor")])
async def change(uow: Uow, order_id: UUID, body: ChangeIn) -> dict[str, Any]:
    """Change address, lines or priority."""
    lines = [(x.sku, x.qty_each) for x in body.lines] if body.lines is not None else None
    return {
        "state": await service.change(uow, order_id, destination=body.destination, lines=lines, priority=body.priority)
    }


class PurchaseIn(_In):
    ref: str = Field(min_length=1, max_length=64)
    supplier: str = Field(min_length=1, max_length=80)
    due_at: datetime | None = None
    lines: list[LineIn]


@router.post("/purchase-orders", dependencies=[needs("integration")])
async def purchase(uow: Uow, body: PurchaseIn) -> dict[str, Any]:
    """Keep what was ordered from a supplier."""
    lines = [(x.sku, x.qty_each) for x in body.lines]
    return {"id": str(await service.accept_purchase(uow, body.ref, body.supplier, lines, body.due_at))}


@router.get("/purchase-orders", dependencies=[needs("worker")])
async def purchases(uow: Uow) -> list[dict[str, Any]]:
    """Purchase orders with what came so far."""
    return await queries.purchases(uow)


@router.post("/notices", dependencies=[needs("integration")])
async def notice(uow: Uow, body: NoticeIn) -> dict[str, Any]:
    """Accept a supplier's notice."""
    lines = [service.NoticeLineDraft(**{**x.model_dump(exclude={"epcs"}), "epcs": tuple(x.epcs)}) for x in body.lines]
    notice_id = await service.accept_notice(
        uow, body.ref, body.supplier, lines, purchase_ref=body.purchase_ref, due_at=body.due_at
    )
    return {"id": str(notice_id)}


@router.get("/notices", dependencies=[needs("worker")])
async def notices(uow: Uow) -> list[dict[str, Any]]:
    """Notices not closed yet, with what came so far."""
    skus = {s.id: s.code for s in await catalog.all_skus(uow)}
    return [
        {"id": n.id, "ref": n.ref, "supplier": n.supplier, "state": n.state, "due_at": n.due_at,
         "lines": [{"sku": skus[x.sku_id], "qty_each": x.qty_each, "received_each": x.received_each,
                    "damaged_each": x.damaged_each, "hu_code": x.hu_code, "tags": len(x.epcs)} for x in n.lines]}
        for n in await queries.notices(uow)
    ]  # fmt: skip

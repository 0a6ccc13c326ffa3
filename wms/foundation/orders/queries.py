"""Reads of orders and notices."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.db.base import among
from wms.db.uow import UnitOfWork
from wms.foundation.orders import rules
from wms.foundation.orders.tables import (
    Carriage,
    CustomerOrder,
    Notice,
    NoticeLine,
    OrderCheck,
    OrderLine,
    PurchaseLine,
    PurchaseOrder,
)


@dataclass(frozen=True, slots=True)
class LineInfo:
    id: UUID
    order_id: UUID
    sku_id: int
    qty_each: int
    picked_each: int
    short_each: int
    elsewhere_each: int
    bundle: str
    value_cents: int

    @property
    def open_each(self) -> int:
        """Still to be picked."""
        return self.qty_each - self.picked_each - self.short_each


@dataclass(frozen=True, slots=True)
class OrderInfo:
    id: UUID
    channel: str
    ref: str
    owner_id: int
    state: str
    priority: int
    cutoff_at: datetime
    carrier: str
    service: str
    parcel_max_g: int
    parcel_max_cents: int
    carriage: str
    duty_term: str
    customs_mode: str
    fixed: dict[str, Any]
    currency: str
    promised_at: datetime | None
    gift: dict[str, Any]
    holds: list[Any]
    destination: dict[str, Any]
    short_policy: str
    may_split: bool
    parcels_max: int
    parcels: list[Any]
    why: list[Any]
    cancel_requested_at: datetime | None
    accepted_at: datetime
    released_at: datetime | None
    picked_at: datetime | None
    labelled_at: datetime | None
    shipped_at: datetime | None
    lines: tuple[LineInfo, ...]

    @property
    def may_release(self) -> bool:
        return self.state == "accepted" and self.cancel_requested_at is None and not self.holds


NOT_HELD = CustomerOrder.holds == text("'[]'::jsonb")


def _line(row: OrderLine) -> LineInfo:
    return LineInfo(**{name: getattr(row, name) for name in LineInfo.__slots__})


async def orders(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, OrderInfo]:
    """Orders with their lines in line order."""
    if not ids:
        return {}
    lines: dict[UUID, list[LineInfo]] = {}
    for row in await uow.session.scalars(
        select(OrderLine)
        .where(among(OrderLine.order_id, ids))
        .order_by(OrderLine.id)
        .execution_options(populate_existing=True)
    ):
        lines.setdefault(row.order_id, []).append(_line(row))
    found = {}
    for o in await uow.session.scalars(
        select(CustomerOrder).where(among(CustomerOrder.id, ids)).execution_options(populate_existing=True)
    ):
        fields = {name: getattr(o, name) for name in OrderInfo.__slots__ if name != "lines"}
        found[o.id] = OrderInfo(**fields, lines=tuple(lines.get(o.id, ())))
    return found


async def prices(uow: UnitOfWork, keys: Collection[str]) -> dict[str, rules.Prices]:
    """What parcels cost, by key of carriage."""
    rows = await uow.session.scalars(select(Carriage).where(Carriage.key.in_(keys))) if keys else ()
    return {
        row.key: rules.Prices(row.ladders, {int(i): cents for i, cents in row.as_is.items()}, row.divisor, row.dim_over_mm)
        for row in rows
    }  # fmt: skip


async def order(uow: UnitOfWork, order_id: UUID) -> OrderInfo:
    """Errors: UnknownOrder."""
    found = await orders(uow, [order_id])
    if order_id not in found:
        raise rules.UnknownOrder(order_id=str(order_id))
    return found[order_id]


async def find_order(uow: UnitOfWork, ref: str, channel: str | None = None) -> OrderInfo:
    """By the channel's reference. Errors: UnknownOrder."""
    query = select(CustomerOrder.id).where(CustomerOrder.ref == ref)
    if channel:
        query = query.where(CustomerOrder.channel == channel)
    order_id = await uow.session.scalar(query.limit(1))
    if order_id is None:
        raise rules.UnknownOrder(ref=ref)
    return await order(uow, order_id)


async def is_first_order(uow: UnitOfWork, order: OrderInfo) -> bool:
    """Whether this buyer, told by e-mail address within the channel, ordered nothing before. Unknown buyers are no new ones."""
    email = str(order.destination.get("email") or "").strip().lower()
    if not email:
        return False
    before = await uow.session.scalar(
        select(CustomerOrder.id).where(
            func.lower(CustomerOrder.destination["email"].astext) == email, CustomerOrder.channel == order.channel,
            CustomerOrder.state != "cancelled", CustomerOrder.id < order.id,
        ).limit(1)
    )  # fmt: skip
    return before is None


def _same_buyer(order: OrderInfo) -> Any:
    email = str(order.destination.get("email") or "").strip().lower()
    return (func.lower(CustomerOrder.destination["email"].astext) == email) & (CustomerOrder.channel == order.channel)


async def shipped_to_buyer(uow: UnitOfWork, order: OrderInfo, since: datetime) -> int:
    """Orders shipped since then to the buyer of this one, told by e-mail address within the channel; 0: unknown."""
    if not str(order.destination.get("email") or "").strip():
        return 0
    query = select(func.count()).select_from(CustomerOrder).where(_same_buyer(order), CustomerOrder.shipped_at > since)
    return int(await uow.session.scalar(query) or 0)


async def shipped_matching(uow: UnitOfWork, words: str, limit: int = 20) -> list[UUID]:
    """Shipped orders whose recipient's name, street or reference contains all of these words, the newest first."""
    query = select(CustomerOrder.id).where(CustomerOrder.state == "shipped")
    told = func.concat_ws(
        " ", CustomerOrder.ref, *(CustomerOrder.destination[k].astext for k in ("name", "name_local", "street", "city"))
    )
    for word in words.split()[:6]:
        query = query.where(told.icontains(word, autoescape=True))
    return list(await uow.session.scalars(query.order_by(CustomerOrder.shipped_at.desc()).limit(limit)))


async def waiting(uow: UnitOfWork, limit: int = 1000) -> list[UUID]:
    """Accepted orders in release order: priority, cut-off, age."""
    rows = await uow.session.scalars(
        select(CustomerOrder.id).where(CustomerOrder.state == "accepted", NOT_HELD)
        .order_by(CustomerOrder.priority, CustomerOrder.cutoff_at, CustomerOrder.id).limit(limit)
    )  # fmt: skip
    return list(rows)


@dataclass(frozen=True, slots=True)
class Queued:
    """An order that has not left, as release and the truck's clock see it."""

    id: UUID
    ref: str
    state: str
    channel: str
    carrier: str
    country: str
    priority: int
    lines: int
    pieces: int
    cutoff_at: datetime
    accepted_at: datetime
    released_at: datetime | None
    picked_at: datetime | None
    labelled_at: datetime | None
    held: bool

    @property
    def since(self) -> datetime:
        """When its present stage began."""
        reached = {"released": self.released_at, "picking": self.released_at, "picked": self.picked_at,
                   "packed": self.picked_at, "labelled": self.labelled_at, "loaded": self.labelled_at}  # fmt: skip
        return reached.get(self.state) or self.accepted_at


async def queued(
    uow: UnitOfWork, states: Collection[str] = ("accepted",), *, ids: Collection[UUID] | None = None, limit: int = 5_000
) -> list[Queued]:
    """Orders in release order: priority, cut-off, age."""
    query = (
        select(
            CustomerOrder.id, CustomerOrder.ref, CustomerOrder.state, CustomerOrder.channel, CustomerOrder.carrier,
            CustomerOrder.destination["country"].astext.label("country"), CustomerOrder.priority,
            func.count(OrderLine.id).label("lines"), func.coalesce(func.sum(OrderLine.qty_each), 0).label("pieces"),
            CustomerOrder.cutoff_at, CustomerOrder.accepted_at, CustomerOrder.released_at, CustomerOrder.picked_at,
            CustomerOrder.labelled_at, (~NOT_HELD).label("held"),
        )
        .outerjoin(OrderLine, OrderLine.order_id == CustomerOrder.id).group_by(CustomerOrder.id)
        .order_by(CustomerOrder.priority, CustomerOrder.cutoff_at, CustomerOrder.id).limit(limit)
    )  # fmt: skip
    query = query.where(CustomerOrder.id.in_(ids)) if ids is not None else query.where(CustomerOrder.state.in_(states))
    return [
        Queued(**{**row._mapping, "country": row.country or "", "pieces": int(row.pieces)})
        for row in await uow.session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Paced:
    """What the floor did in the last hour: orders picked, and the median seconds of its stages (0: none yet)."""

    picked: int
    per_h: float
    pick_s: float
    pack_s: float


_PACE = text("""
SELECT count(*) AS picked, min(picked_at) AS first_at,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM picked_at - released_at))
         FILTER (WHERE released_at < picked_at) AS pick_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM labelled_at - picked_at))
         FILTER (WHERE picked_at < labelled_at) AS pack_s
FROM customer_order WHERE picked_at > CAST(:now AS timestamptz) - interval '1 hour'
""")


async def paced(uow: UnitOfWork) -> Paced:
    row = (await uow.session.execute(_PACE, {"now": uow.now})).one()
    # A floor that began ten minutes ago is not judged by the fifty before.
    hours = max((uow.now - row.first_at).total_seconds() / 3_600, 1 / 12) if row.first_at else 1.0
    return Paced(int(row.picked), row.picked / hours, float(row.pick_s or 0), float(row.pack_s or 0))


async def by_state(uow: UnitOfWork) -> dict[str, int]:
    rows = await uow.session.execute(select(CustomerOrder.state, func.count()).group_by(CustomerOrder.state))
    return {state: int(n) for state, n in rows.all()}


async def listing(
    uow: UnitOfWork, state: str = "", words: str = "", limit: int = 100, after: UUID | None = None
) -> list[dict[str, Any]]:
    """Orders newest first for the console, keyset-paged by id."""
    query = (
        select(CustomerOrder, func.count(OrderLine.id).label("lines"), func.sum(OrderLine.qty_each).label("qty"),
               func.sum(OrderLine.picked_each).label("picked"), func.sum(OrderLine.short_each).label("short"))
        .join(OrderLine, OrderLine.order_id == CustomerOrder.id).group_by(CustomerOrder.id)
        .order_by(CustomerOrder.id.desc()).limit(limit)
    )  # fmt: skip
    if state:
        query = query.where(CustomerOrder.state == state)
    if words:
        query = query.where(CustomerOrder.ref.ilike(f"%{words}%"))
    if after:
        query = query.where(CustomerOrder.id < after)
    return [
        {
            "id": o.id, "ref": o.ref, "channel": o.channel, "state": o.state, "priority": o.priority, "carrier": o.carrier,
            "cutoff_at": o.cutoff_at, "country": o.destination.get("country", ""), "cartons": [x["carton"] for x in o.parcels], "lines": lines,
            "qty_each": qty, "picked_each": picked, "short_each": short, "accepted_at": o.accepted_at,
            "shipped_at": o.shipped_at, "cancel_requested": o.cancel_requested_at is not None, "service": o.service,
            "duty_term": o.duty_term, "customs_mode": o.customs_mode, "holds": o.holds,
        }
        for o, lines, qty, picked, short in (await uow.session.execute(query)).all()
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoticeLineInfo:
    id: UUID
    sku_id: int
    qty_each: int
    received_each: int
    damaged_each: int
    lot: str
    expires_on: str
    hu_code: str
    epcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeInfo:
    id: UUID
    ref: str
    supplier: str
    purchase_ref: str
    state: str
    due_at: datetime | None
    lines: tuple[NoticeLineInfo, ...]


async def notice(uow: UnitOfWork, notice_id: UUID) -> NoticeInfo:
    """Errors: UnknownNotice."""
    row = await uow.session.get(Notice, notice_id, populate_existing=True)
    if row is None:
        raise rules.UnknownNotice(notice_id=str(notice_id))
    lines = await uow.session.scalars(
        select(NoticeLine).where(NoticeLine.notice_id == notice_id).order_by(NoticeLine.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return NoticeInfo(
        row.id, row.ref, row.supplier, row.purchase_ref, row.state, row.due_at,
        tuple(
            NoticeLineInfo(x.id, x.sku_id, x.qty_each, x.received_each, x.damaged_each, x.lot, x.expires_on, x.hu_code,
                           tuple(x.epcs))
            for x in lines
        ),
    )  # fmt: skip


async def find_notice(uow: UnitOfWork, ref: str) -> NoticeInfo | None:
    notice_id = await uow.session.scalar(select(Notice.id).where(Notice.ref == ref))
    return await notice(uow, notice_id) if notice_id else None


async def purchases(uow: UnitOfWork, limit: int = 200) -> list[dict[str, Any]]:
    """Purchase orders newest first, with what came so far."""
    rows = await uow.session.execute(
        select(
            PurchaseOrder,
            func.sum(PurchaseLine.qty_each).label("qty"),
            func.sum(PurchaseLine.received_each).label("came"),
        )
        .join(PurchaseLine, PurchaseLine.purchase_id == PurchaseOrder.id)
        .group_by(PurchaseOrder.id)
        .order_by(PurchaseOrder.id.desc())
        .limit(limit)
    )
    return [
        {"id": p.id, "ref": p.ref, "supplier": p.supplier, "due_at": p.due_at, "qty_each": int(qty), "received_each": int(came)}
        for p, qty, came in rows.all()
    ]  # fmt: skip


async def notices(uow: UnitOfWork, states: Collection[str] = ("open", "arrived")) -> list[NoticeInfo]:
    ids = await uow.session.scalars(select(Notice.id).where(Notice.state.in_(states)).order_by(Notice.id).limit(200))
    return [await notice(uow, i) for i in list(ids)]


async def announced(uow: UnitOfWork, sku_ids: Collection[int], since: datetime) -> list[tuple[int, int, datetime, str]]:
    """(SKU id, pieces, when due, reference) of notices that are due from then on, with what has not come of them yet."""
    rows = await uow.session.execute(
        select(NoticeLine.sku_id, NoticeLine.qty_each - NoticeLine.received_each, Notice.due_at, Notice.ref)
        .join(Notice, Notice.id == NoticeLine.notice_id)
        .where(
            NoticeLine.sku_id.in_(sku_ids), Notice.state.in_(("open", "arrived")), Notice.due_at >= since,
            NoticeLine.qty_each > NoticeLine.received_each, NoticeLine.closed_reason == "",
        ).order_by(Notice.due_at, Notice.ref)
    )  # fmt: skip
    return [(sku, int(n), due, ref) for sku, n, due, ref in rows if due is not None]


async def open_before(uow: UnitOfWork, order_id: UUID, sku_ids: Collection[int]) -> dict[int, int]:
    """SKU id to pieces that orders accepted before this one still wait for, with nothing reserved yet."""
    rows = await uow.session.execute(
        select(OrderLine.sku_id, func.sum(OrderLine.qty_each - OrderLine.picked_each - OrderLine.short_each))
        .join(CustomerOrder, CustomerOrder.id == OrderLine.order_id)
        .where(
            CustomerOrder.state.in_(("accepted", "backordered")), CustomerOrder.cancel_requested_at.is_(None),
            CustomerOrder.id < order_id, OrderLine.sku_id.in_(sku_ids),
        ).group_by(OrderLine.sku_id)
    )  # fmt: skip
    return {sku: int(n) for sku, n in rows}


async def in_state(uow: UnitOfWork, state: str, limit: int = 1_000) -> list[UUID]:
    """Orders in a state, oldest first."""
    return list(await uow.session.scalars(
        select(CustomerOrder.id).where(CustomerOrder.state == state).order_by(CustomerOrder.id).limit(limit)
    ))  # fmt: skip


async def going(uow: UnitOfWork, ids: Collection[UUID]) -> set[UUID]:
    """Those of these orders that have neither left nor been cancelled."""
    return set(await uow.session.scalars(select(CustomerOrder.id).where(
        among(CustomerOrder.id, ids), CustomerOrder.state.not_in(("shipped", "cancelled"))
    )))  # fmt: skip


async def with_sku(uow: UnitOfWork, ids: Collection[UUID], sku_id: int) -> list[UUID]:
    """Those of these orders that have a line of this SKU."""
    return list(await uow.session.scalars(
        select(OrderLine.order_id).where(among(OrderLine.order_id, ids), OrderLine.sku_id == sku_id).distinct()
    ))  # fmt: skip


async def checks(uow: UnitOfWork) -> list[str]:
    """Kinds of hold that a new order begins with, until its process has judged it."""
    return list(await uow.session.scalars(select(OrderCheck.kind).order_by(OrderCheck.kind)))


async def held(uow: UnitOfWork, kind: str = "", limit: int = 1_000) -> list[UUID]:
    """Orders that are held, for one kind of reason or any, oldest first."""
    query = select(CustomerOrder.id).where(
        ~NOT_HELD, CustomerOrder.state.not_in(("shipped", "cancelled"))
    ).order_by(CustomerOrder.id).limit(limit)  # fmt: skip
    if kind:
        query = query.where(CustomerOrder.holds.contains([{"kind": kind}]))
    return list(await uow.session.scalars(query))

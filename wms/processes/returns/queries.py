"""Reads of returns: the policy of a day, authorisations with their lines, items, the shelf, costs, suspicions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.processes.returns.rules import policy, refusals, states
from wms.processes.returns.rules.money import History
from wms.processes.returns.tables import (
    ReturnFinding,
    ReturnFlag,
    ReturnItem,
    ReturnLabel,
    ReturnPhoto,
    ReturnPolicy,
    ReturnSite,
    Rma,
    RmaLine,
    SentParcel,
    StrayParcel,
)

YEAR, MONTH = timedelta(days=365), timedelta(days=30)
GRADES, GRADE_REASONS = states.GRADES, states.GRADE_REASONS
"""To choose from."""


async def site(uow: UnitOfWork) -> policy.Site:
    row = await uow.session.get(ReturnSite, 1, populate_existing=True)
    return policy.Site.model_validate(row.data if row else {})


async def policy_on(uow: UnitOfWork, day: date) -> tuple[list[dict[str, Any]] | None, bool]:
    """(rows valid on a day, or None; whether any was ever loaded)."""
    row = await uow.session.scalar(
        select(ReturnPolicy).where(
            ReturnPolicy.valid_from <= day, (ReturnPolicy.valid_until.is_(None)) | (ReturnPolicy.valid_until >= day)
        ).order_by(ReturnPolicy.loaded_at.desc(), ReturnPolicy.id.desc()).limit(1)
    )  # fmt: skip
    if row is not None:
        return row.rows, True
    return None, bool(await uow.session.scalar(select(func.count()).select_from(ReturnPolicy)))


async def policies(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Loaded versions, newest first."""
    rows = await uow.session.scalars(select(ReturnPolicy).order_by(ReturnPolicy.loaded_at.desc()).limit(50))
    names = ("id", "valid_from", "valid_until", "rows", "source", "loaded_by", "loaded_at")
    return [{n: getattr(r, n) for n in names} for r in rows]


@dataclass(frozen=True, slots=True)
class LineInfo:
    id: UUID
    rma_id: UUID
    order_line_id: UUID
    sku_id: int
    qty_each: int
    received_each: int
    reason: str
    value_cents: int


@dataclass(frozen=True, slots=True)
class RmaInfo:
    id: UUID
    number: str
    channel: str
    ref: str
    order_id: UUID
    order_ref: str
    state: str
    method: str
    reason: str
    address: str
    restock_pct: int
    label_cents: int
    hold_code: str
    why: list[Any]
    currency: str
    order_cents: int
    rate: float
    buyer: str
    station: str
    refund_cents: int
    cost_cents: int
    advised_at: datetime | None
    requested_at: datetime
    expires_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    lines: tuple[LineInfo, ...]


async def _infos(uow: UnitOfWork, query: Any) -> list[RmaInfo]:
    rows = list(await uow.session.scalars(query.execution_options(populate_existing=True)))
    lines: dict[UUID, list[LineInfo]] = {}
    found = await uow.session.scalars(
        select(RmaLine).where(RmaLine.rma_id.in_([r.id for r in rows])).order_by(RmaLine.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    for x in found:
        lines.setdefault(x.rma_id, []).append(LineInfo(**{n: getattr(x, n) for n in LineInfo.__slots__}))
    return [
        RmaInfo(**{n: getattr(r, n) for n in RmaInfo.__slots__ if n != "lines"}, lines=tuple(lines.get(r.id, ())))
        for r in rows
    ]


async def rma(uow: UnitOfWork, rma_id: UUID) -> RmaInfo:
    """Errors: UnknownReturn."""
    found = await _infos(uow, select(Rma).where(Rma.id == rma_id))
    if not found:
        raise refusals.UnknownReturn(rma_id=str(rma_id))
    return found[0]


async def find_ref(uow: UnitOfWork, channel: str, ref: str) -> RmaInfo | None:
    """By the host's reference."""
    return next(iter(await _infos(uow, select(Rma).where(Rma.channel == channel, Rma.ref == ref))), None)


async def of_order(uow: UnitOfWork, order_id: UUID) -> list[RmaInfo]:
    """Authorisations of an order, oldest first."""
    return await _infos(uow, select(Rma).where(Rma.order_id == order_id).order_by(Rma.id))


async def by_number(uow: UnitOfWork, number: str) -> RmaInfo | None:
    return next(iter(await _infos(uow, select(Rma).where(Rma.number == number.upper()))), None)


async def by_label(uow: UnitOfWork, tracking: str) -> RmaInfo | None:
    """By the carrier's number on the label that it was sent out with; the newest where a carrier gives numbers again."""
    rma_id = await uow.session.scalar(
        select(ReturnLabel.rma_id).where(ReturnLabel.tracking.in_({tracking, tracking.upper()}), ReturnLabel.tracking != "")
        .order_by(ReturnLabel.wanted_at.desc()).limit(1)
    )  # fmt: skip
    return await rma(uow, rma_id) if rma_id is not None else None


@dataclass(frozen=True, slots=True)
class LabelInfo:
    """The carrier's label of a return, without its document."""

    service: str
    house: bool
    state: str
    tracking: str
    format: str
    price_cents: int
    price_currency: str
    code: str
    why: str


async def label_of(uow: UnitOfWork, rma_id: UUID) -> LabelInfo | None:
    row = await uow.session.get(ReturnLabel, rma_id, populate_existing=True)
    return LabelInfo(**{n: getattr(row, n) for n in LabelInfo.__slots__}) if row else None


def has_label(r: RmaInfo, label: LabelInfo | None) -> bool:
    """Whether there is a label to print: none while a carrier is asked, nor of what never was authorised or ended."""
    if r.method != "label" or r.state in (*states.DECIDING, "cancelled"):
        return False
    return label is None or label.state != "dropped"


async def held(uow: UnitOfWork, limit: int = 500) -> list[UUID]:
    return list(await uow.session.scalars(select(Rma.id).where(Rma.state == "held").order_by(Rma.id).limit(limit)))


async def order_of_parcel(uow: UnitOfWork, codes: Collection[str]) -> UUID | None:
    """The order of a parcel that left, by its tracking number or SSCC."""
    wanted = [c for c in codes if c]
    query = select(SentParcel.order_id).where(SentParcel.tracking.in_(wanted) | SentParcel.sscc.in_(wanted))
    return await uow.session.scalar(query.order_by(SentParcel.departed_at.desc()).limit(1))


async def delivered_at(uow: UnitOfWork, order_id: UUID) -> datetime | None:
    """When the last of its parcels was delivered; None while one is on its way or nothing is known."""
    row = (
        await uow.session.execute(
            select(func.count(), func.count(SentParcel.delivered_at), func.max(SentParcel.delivered_at))
            .where(SentParcel.order_id == order_id)
        )
    ).one()  # fmt: skip
    return row[2] if row[0] and row[0] == row[1] else None


def claims(rmas: Sequence[RmaInfo], order_line_id: UUID, without: UUID | None = None) -> list[int]:
    """Pieces of an order line that each authorisation stands for."""
    return [
        states.claimed_each(r.state, r.method, x.qty_each, x.received_each)
        for r in rmas if r.id != without for x in r.lines if x.order_line_id == order_line_id
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ItemInfo:
    id: UUID
    rma_id: UUID
    line_id: UUID
    sku_id: int
    qty_each: int
    parts: list[Any]
    place_id: int
    station: str
    state: str
    grade: str
    first_grade: str
    outcome: str
    reason: str
    loss_cents: int
    task_id: UUID | None
    received_at: datetime
    graded_by: str


async def items(uow: UnitOfWork, *where: Any) -> list[ItemInfo]:
    """Oldest first."""
    rows = await uow.session.scalars(
        select(ReturnItem).where(*where).order_by(ReturnItem.id).execution_options(populate_existing=True)
    )
    return [ItemInfo(**{n: getattr(r, n) for n in ItemInfo.__slots__}) for r in rows]


async def items_of(uow: UnitOfWork, rma_id: UUID) -> list[ItemInfo]:
    return await items(uow, ReturnItem.rma_id == rma_id)


async def item(uow: UnitOfWork, item_id: UUID) -> ItemInfo:
    """Errors: UnknownReturn."""
    found = await items(uow, ReturnItem.id == item_id)
    if not found:
        raise refusals.UnknownReturn(item_id=str(item_id))
    return found[0]


async def open_at(uow: UnitOfWork, station: str) -> list[ItemInfo]:
    """Items on a bench that want a grade or a tote."""
    return await items(uow, ReturnItem.station == station, ReturnItem.state.in_(states.OPEN_ITEM))


async def at_bench(uow: UnitOfWork, station: str) -> list[RmaInfo]:
    """Returns under way at a bench, oldest first."""
    return await _infos(
        uow, select(Rma).where(Rma.state == "at_bench", Rma.station == station).order_by(Rma.arrived_at)
    )


async def mending(uow: UnitOfWork) -> int:
    return int(
        await uow.session.scalar(select(func.count()).select_from(ReturnItem).where(ReturnItem.state == "mending")) or 0
    )


async def findings(uow: UnitOfWork, rma_id: UUID) -> list[dict[str, Any]]:
    rows = await uow.session.scalars(
        select(ReturnFinding).where(ReturnFinding.rma_id == rma_id).order_by(ReturnFinding.id)
    )
    return [{n: getattr(r, n) for n in ("kind", "what", "at", "by")} for r in rows]


async def photos(uow: UnitOfWork, subjects: Collection[UUID]) -> list[dict[str, Any]]:
    rows = await uow.session.execute(
        select(ReturnPhoto.id, ReturnPhoto.subject_id, ReturnPhoto.at, ReturnPhoto.by)
        .where(ReturnPhoto.subject_id.in_(subjects)).order_by(ReturnPhoto.id)
    )  # fmt: skip
    return [dict(r._mapping) for r in rows]


async def known_subject(uow: UnitOfWork, subject_id: UUID) -> None:
    """Errors: UnknownReturn when it is no return, item or parcel without order."""
    for table in (Rma, ReturnItem, StrayParcel):
        if await uow.session.get(table, subject_id) is not None:
            return
    raise refusals.UnknownReturn(subject_id=str(subject_id))


async def photo(uow: UnitOfWork, photo_id: UUID) -> tuple[bytes, str]:
    """Content and media type. Errors: UnknownReturn."""
    row = (
        await uow.session.execute(select(ReturnPhoto.content, ReturnPhoto.media).where(ReturnPhoto.id == photo_id))
    ).first()
    if row is None:
        raise refusals.UnknownReturn(photo_id=str(photo_id))
    return row.content, row.media


async def history(uow: UnitOfWork, of: RmaInfo) -> History | None:
    """What a buyer returned within a year, this return included; None: the buyer is not known."""
    if not of.buyer:
        return None
    since = uow.now - YEAR
    row = (
        await uow.session.execute(
            text("""
            SELECT count(DISTINCT r.order_id) AS orders,
              coalesce(sum(r.rate * l.value_cents * greatest(l.received_each,
                CASE WHEN r.state IN ('refused', 'expired', 'cancelled', 'closed') AND r.method <> 'keep' THEN 0 ELSE l.qty_each END)), 0) AS cents,
              (SELECT count(*) FROM return_finding f JOIN rma x ON x.id = f.rma_id
               WHERE x.buyer = :buyer AND f.kind = 'empty_box' AND f.at > :since) AS empty
            FROM rma r LEFT JOIN rma_line l ON l.rma_id = r.id
            WHERE r.buyer = :buyer AND r.requested_at > :since AND r.state NOT IN ('refused', 'cancelled')"""),
            {"buyer": of.buyer, "since": since},
        )
    ).one()
    shipped = await orders.shipped_to_buyer(uow, await orders.order(uow, of.order_id), since)
    return History(max(shipped, row.orders), row.orders, round(row.cents), row.empty)


@dataclass(frozen=True, slots=True)
class StrayInfo:
    id: UUID
    number: str
    marks: str
    station: str
    state: str
    rma_id: UUID | None
    at: datetime
    by: str
    due_at: datetime
    ended_at: datetime | None
    ended_by: str
    note: str


def _stray(row: StrayParcel) -> StrayInfo:
    return StrayInfo(**{n: getattr(row, n) for n in StrayInfo.__slots__})


async def stray(uow: UnitOfWork, stray_id: UUID) -> StrayInfo:
    """Errors: UnknownStray."""
    row = await uow.session.get(StrayParcel, stray_id, populate_existing=True)
    if row is None:
        raise refusals.UnknownStray(stray_id=str(stray_id))
    return _stray(row)


async def stray_by_number(uow: UnitOfWork, number: str) -> StrayInfo | None:
    row = await uow.session.scalar(
        select(StrayParcel).where(StrayParcel.number == number.upper()).execution_options(populate_existing=True)
    )
    return _stray(row) if row else None


async def strays(uow: UnitOfWork, state: str = "shelved", limit: int = 200) -> list[StrayInfo]:
    """Parcels on the shelf, the first due first."""
    rows = await uow.session.scalars(
        select(StrayParcel).where(StrayParcel.state == state).order_by(StrayParcel.due_at).limit(limit)
    )
    return [_stray(r) for r in rows]


async def flag_of(uow: UnitOfWork, rma_id: UUID) -> str:
    """State of a return's suspicion; empty without one."""
    return str(await uow.session.scalar(select(ReturnFlag.state).where(ReturnFlag.rma_id == rma_id)) or "")


async def flags(uow: UnitOfWork, state: str = "open") -> list[dict[str, Any]]:
    """Suspicions with their reasons, newest first."""
    rows = await uow.session.execute(
        select(ReturnFlag, Rma.number, Rma.order_ref, Rma.state.label("rma_state"))
        .join(Rma, Rma.id == ReturnFlag.rma_id).where(ReturnFlag.state == state).order_by(ReturnFlag.at.desc()).limit(200)
    )  # fmt: skip
    return [
        {"id": r.ReturnFlag.id, "rma_id": r.ReturnFlag.rma_id, "number": r.number, "order": r.order_ref, "rma_state": r.rma_state,
         "buyer": r.ReturnFlag.buyer[:12], "reasons": r.ReturnFlag.reasons, "state": r.ReturnFlag.state, "at": r.ReturnFlag.at,
         "reviewed_by": r.ReturnFlag.reviewed_by, "note": r.ReturnFlag.note}
        for r in rows
    ]  # fmt: skip


async def view(uow: UnitOfWork, rma_id: UUID) -> dict[str, Any]:
    """A return with all that is known of it, for the console and the host."""
    r = await rma(uow, rma_id)
    there = await items_of(uow, rma_id)
    skus = await catalog.skus(uow, {x.sku_id for x in r.lines})
    lines = [
        {"id": x.id, "sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "name_zh": skus[x.sku_id].name_zh,
         "qty_each": x.qty_each, "received_each": x.received_each, "reason": x.reason, "value_cents": x.value_cents}
        for x in r.lines
    ]  # fmt: skip
    graded = [
        {"id": x.id, "sku": skus[x.sku_id].code, "qty_each": x.qty_each, "state": x.state, "grade": x.grade, "outcome": x.outcome,
         "reason": x.reason, "serials": [s for p in x.parts for s in p["serials"]], "graded_by": x.graded_by}
        for x in there
    ]  # fmt: skip
    carried = await label_of(uow, rma_id)
    names = [n for n in RmaInfo.__slots__ if n not in ("lines", "buyer", "order_id")]
    return {
        **{n: getattr(r, n) for n in names}, "order_id": r.order_id, "buyer": r.buyer[:12], "lines": lines, "items": graded,
        "findings": await findings(uow, rma_id), "photos": await photos(uow, [rma_id, *(x.id for x in there)]),
        "flag": await flag_of(uow, rma_id), "label": has_label(r, carried),
        "carrier_label": {n: getattr(carried, n) for n in LabelInfo.__slots__} if carried else None,
    }  # fmt: skip


async def listing(
    uow: UnitOfWork, states_: Sequence[str] = (), words: str = "", limit: int = 200
) -> list[dict[str, Any]]:
    """Returns newest first."""
    query = select(Rma).order_by(Rma.id.desc()).limit(limit)
    if states_:
        query = query.where(Rma.state.in_(states_))
    if words:
        query = query.where(Rma.number.icontains(words, autoescape=True) | Rma.order_ref.icontains(words, autoescape=True) | Rma.ref.icontains(words, autoescape=True))  # fmt: skip
    found = await _infos(uow, query)
    names = ("id", "number", "ref", "order_id", "order_ref", "state", "method", "reason", "hold_code", "station", "currency",
             "order_cents", "refund_cents", "cost_cents", "requested_at", "expires_at", "arrived_at", "closed_at")  # fmt: skip
    return [
        {**{n: getattr(r, n) for n in names}, "qty_each": sum(x.qty_each for x in r.lines),
         "received_each": sum(x.received_each for x in r.lines), "why": r.why[-1]["why"] if r.why else ""}
        for r in found
    ]  # fmt: skip


async def by_state(uow: UnitOfWork) -> dict[str, int]:
    """Returns that are not over, by state."""
    rows = await uow.session.execute(
        select(Rma.state, func.count())
        .where(Rma.state.in_((*states.DECIDING, "authorised", "at_bench")))
        .group_by(Rma.state)
    )
    return {state: int(n) for state, n in rows.all()}


async def scrap_waiting(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Items that a supervisor is to decide on."""
    there = await items(uow, ReturnItem.state == "scrap_wait")
    skus = await catalog.skus(uow, {x.sku_id for x in there})
    rmas = {r.id: r for r in await _infos(uow, select(Rma).where(Rma.id.in_({x.rma_id for x in there})))}
    values = {x.id: x.value_cents for r in rmas.values() for x in r.lines}
    return [
        {"id": x.id, "rma_id": x.rma_id, "number": rmas[x.rma_id].number, "sku": skus[x.sku_id].code, "qty_each": x.qty_each,
         "reason": x.reason, "value_cents": values[x.line_id] * x.qty_each, "currency": rmas[x.rma_id].currency,
         "graded_by": x.graded_by}
        for x in there
    ]  # fmt: skip


_COSTS = text("""
SELECT to_char(closed_month, 'YYYY-MM') AS month, count(*)::int AS returns,
  sum(cost_cents)::bigint AS cost_cents, round(sum(order_cents * rate))::bigint AS value_cents
FROM (
  SELECT DISTINCT ON (order_id, closed_month) order_id, closed_month, order_cents, rate,
    sum(cost_cents) OVER (PARTITION BY order_id, closed_month) AS cost_cents
  FROM (SELECT *, date_trunc('month', closed_at AT TIME ZONE :zone) AS closed_month FROM rma) r
  WHERE state = 'closed' AND rate > 0 AND order_cents > 0 AND closed_at > :since
) o GROUP BY 1 ORDER BY 1
""")


async def cost_by_month(uow: UnitOfWork, months: int = 12) -> list[dict[str, Any]]:
    """Cost of closed returns against the value of the orders that they came from, an order counted once a month."""
    rows = await uow.session.execute(_COSTS, {"since": uow.now - months * MONTH, "zone": (await uow.zone()).key})
    return [
        {**r._mapping, "share_pct": round(100 * r.cost_cents / r.value_cents, 2) if r.value_cents else None} for r in rows
    ]  # fmt: skip


async def cost_now(uow: UnitOfWork) -> dict[str, Any]:
    """Of returns closed in the last 30 days: cost, value of their orders, those without an exchange rate, the worst ones."""
    row = (
        await uow.session.execute(
            text("""
            WITH o AS (
              SELECT order_id, min(order_ref) AS ref, sum(cost_cents) AS cost, max(order_cents * rate) AS value FROM rma
              WHERE state = 'closed' AND closed_at > :since AND rate > 0 GROUP BY order_id HAVING max(order_cents) > 0
            ), worst AS (SELECT ref, cost, value FROM o ORDER BY cost / value DESC, ref LIMIT 10)
            SELECT coalesce((SELECT sum(cost) FROM o), 0)::bigint AS cost_cents,
              coalesce((SELECT round(sum(value)) FROM o), 0)::bigint AS value_cents, (SELECT count(*) FROM o) AS orders,
              (SELECT count(*) FROM rma WHERE state = 'closed' AND closed_at > :since AND (rate = 0 OR order_cents = 0)) AS not_counted,
              (SELECT coalesce(jsonb_agg(jsonb_build_object('order', ref, 'cost_cents', cost, 'value_cents', round(value))), '[]')
               FROM worst) AS worst"""),
            {"since": uow.now - MONTH},
        )
    ).one()
    return dict(row._mapping)

"""Keep what was ordered of suppliers and what they announce, and count what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.orders import NoticeAccepted
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import rules
from wms.foundation.orders.tables import Notice, NoticeLine, PurchaseLine, PurchaseOrder
from wms.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class NoticeLineDraft:
    sku: str
    qty_each: int
    lot: str = ""
    expires_on: str = ""
    hu_code: str = ""
    epcs: tuple[str, ...] = ()


async def accept_notice(
    uow: UnitOfWork, ref: str, supplier: str, lines: Sequence[NoticeLineDraft], *, purchase_ref: str = "",
    due_at: datetime | None = None,
) -> UUID:  # fmt: skip
    """Accept a supplier's notice. The same reference again is answered with its id.

    Errors: NoticeRefused naming each faulty line.
    """
    existing = await uow.session.scalar(select(Notice.id).where(Notice.ref == ref))
    if existing is not None:
        return existing
    known = await catalog.skus_by_code(uow, {x.sku for x in lines})
    faults = [f"lines[{n}]: unknown sku {x.sku!r}" for n, x in enumerate(lines, 1) if x.sku not in known]
    faults += [f"lines[{n}]: qty_each {x.qty_each}" for n, x in enumerate(lines, 1) if not 1 <= x.qty_each <= 1_000_000]
    if not lines:
        faults.append("lines: at least one")
    if faults:
        raise rules.NoticeRefused(count=len(faults), faults=faults[:50])
    notice = Notice(
        id=uuid7(), ref=ref, supplier=supplier, purchase_ref=purchase_ref, due_at=due_at, accepted_at=uow.now
    )
    uow.session.add(notice)
    await uow.session.flush()
    for x in lines:
        uow.session.add(
            NoticeLine(
                notice_id=notice.id, sku_id=known[x.sku].id, qty_each=x.qty_each, lot=x.lot, expires_on=x.expires_on,
                hu_code=x.hu_code, epcs=[e.upper() for e in x.epcs],
            )
        )  # fmt: skip
    uow.emit(NoticeAccepted(notice_id=notice.id, ref=ref))
    await uow.session.flush()
    return notice.id


async def set_notice_state(uow: UnitOfWork, notice_id: UUID, state: str) -> None:
    closed_at = uow.now if state == "closed" else None
    await uow.session.execute(update(Notice).where(Notice.id == notice_id).values(state=state, closed_at=closed_at))


async def accept_purchase(
    uow: UnitOfWork, ref: str, supplier: str, lines: Sequence[tuple[str, int]], due_at: datetime | None = None
) -> UUID:
    """Keep what was ordered from a supplier; notices refer to it. The same reference again is answered with its id.

    Errors: NoticeRefused naming each faulty line.
    """
    existing = await uow.session.scalar(select(PurchaseOrder.id).where(PurchaseOrder.ref == ref))
    if existing is not None:
        return existing
    known = await catalog.skus_by_code(uow, {sku for sku, _ in lines})
    faults = [f"lines[{n}]: unknown sku {sku!r}" for n, (sku, _) in enumerate(lines, 1) if sku not in known]
    faults += [f"lines[{n}]: qty_each {qty}" for n, (_, qty) in enumerate(lines, 1) if not 1 <= qty <= 1_000_000]
    if faults or not lines:
        raise rules.NoticeRefused(count=len(faults), faults=faults[:50] or ["lines: at least one"])
    row = PurchaseOrder(id=uuid7(), ref=ref, supplier=supplier, due_at=due_at)
    uow.session.add(row)
    await uow.session.flush()
    for sku, qty_each in lines:
        uow.session.add(PurchaseLine(purchase_id=row.id, sku_id=known[sku].id, qty_each=qty_each))
    await uow.session.flush()
    return row.id


async def add_received(uow: UnitOfWork, notice_line_id: UUID, qty_each: int, damaged_each: int = 0) -> None:
    """Count what came for a notice line, and for the purchase line behind it."""
    await uow.session.execute(
        update(NoticeLine).where(NoticeLine.id == notice_line_id).values(
            received_each=NoticeLine.received_each + qty_each, damaged_each=NoticeLine.damaged_each + damaged_each
        )
    )  # fmt: skip
    found = (
        select(PurchaseLine.id)
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseLine.purchase_id)
        .join(Notice, Notice.purchase_ref == PurchaseOrder.ref)
        .join(NoticeLine, (NoticeLine.notice_id == Notice.id) & (NoticeLine.sku_id == PurchaseLine.sku_id))
        .where(NoticeLine.id == notice_line_id, Notice.purchase_ref != "")
        .limit(1)
    )
    await uow.session.execute(
        update(PurchaseLine).where(PurchaseLine.id == found.scalar_subquery())
        .values(received_each=PurchaseLine.received_each + qty_each)
    )  # fmt: skip


async def close_notice_line(uow: UnitOfWork, notice_line_id: UUID, reason: str) -> None:
    await uow.session.execute(update(NoticeLine).where(NoticeLine.id == notice_line_id).values(closed_reason=reason))

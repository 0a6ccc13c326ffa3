"""Match gate passages against open notices; close and reopen notices."""

from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.devices import GateSessionClosed
from wms.events.inbound import GateMatched, NoticeClosed
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.kernel.ids import uuid7
from wms.processes.inbound import queries, rules
from wms.processes.inbound.service.line import close_filling
from wms.processes.inbound.tables import GateMatch, GatePassage, Receipt


async def match_passage(uow: UnitOfWork, event: GateSessionClosed) -> None:
    """Keep a passage with all its evidence, and hold it against the open notices. The same session again says nothing new.

    Lines identified in full may be confirmed by one scan; any difference sends the line to the hand count.
    """
    known = await uow.session.scalar(
        select(GatePassage.id).where(GatePassage.gate == event.device, GatePassage.session_id == event.session_id)
    )
    if known is not None:
        return
    notices = await orders.notices(uow) if event.direction != "out" else []
    verdicts = await queries.gate_matches(uow, [n.id for n in notices])
    lines = {str(x.id): (n, x) for n in notices for x in n.lines if x.epcs}
    announced = []
    for line_id, (_, x) in lines.items():
        before = verdicts.get(x.id)
        seen = frozenset(x.epcs) - frozenset(before.missing) if before else frozenset[str]()
        announced.append(rules.Announced(line_id, x.qty_each, frozenset(x.epcs), seen))
    matched, surplus = rules.match_gate(announced, event.epcs if event.direction != "out" else [], event.overflow)
    passage = GatePassage(
        id=uuid7(), gate=event.device, session_id=event.session_id, direction=event.direction, at=uow.now, epcs=event.epcs,
        surplus=surplus, stray=event.stray, resident=event.resident, unknown=event.unknown, overflow=event.overflow,
    )  # fmt: skip
    uow.session.add(passage)
    await uow.session.flush()
    skus = await catalog.skus(uow, {x.sku_id for _, x in lines.values()})
    for m in matched:
        notice, line = lines[m.line_id]
        uow.session.add(
            GateMatch(passage_id=passage.id, notice_id=notice.id, notice_line_id=line.id, verdict=m.verdict, expected=m.expected,
                      identified=m.identified, missing=list(m.missing), surplus=list(m.surplus))
        )  # fmt: skip
        if notice.state == "open":
            await order_service.set_notice_state(uow, notice.id, "arrived")
        if m.verdict != "identified":
            _tell_difference(uow, event, notice.ref, str(line.id), skus[line.sku_id].code, m)
    if surplus:
        uow.emit(IncidentDetected(
            kind="inbound.gate_difference", key=f"gate:{event.session_id}",
            subject=f"{len(surplus)} tags passed {event.device} that no open notice names",
            detail={"gate": event.device, "session": event.session_id, "surplus": surplus[:50]},
        ))  # fmt: skip
    if event.direction != "out":
        uow.emit(GateMatched(
            gate=event.device, session_id=event.session_id, expected=sum(m.expected for m in matched),
            identified=sum(m.identified for m in matched), missing=sum(len(m.missing) for m in matched),
            surplus=sum(len(m.surplus) for m in matched) + len(surplus),
        ))  # fmt: skip


def _tell_difference(
    uow: UnitOfWork, event: GateSessionClosed, ref: str, line_id: str, sku: str, m: rules.Matched
) -> None:
    why = f"{len(m.missing)} missing, {len(m.surplus)} too many"
    if event.overflow:
        why = "the reader lost reports"
    uow.emit(IncidentDetected(
        kind="inbound.gate_difference", key=f"gate:{line_id}", subject=f"Notice {ref}, {sku}: {why}: count by hand",
        detail={"notice": ref, "sku": sku, "gate": event.device, "session": event.session_id, "expected": m.expected,
                "identified": m.identified, "missing": list(m.missing)[:50], "surplus": list(m.surplus)[:50],
                "overflow": event.overflow},
    ))  # fmt: skip


async def _lock_notice(uow: UnitOfWork, notice_id: UUID) -> orders.NoticeInfo:
    await uow.session.execute(text("SELECT 1 FROM notice WHERE id = :id FOR UPDATE"), {"id": notice_id})
    return await orders.notice(uow, notice_id)


async def close_notice(uow: UnitOfWork, notice_id: UUID, reason: str) -> NoticeClosed:
    """No more is expected of this notice. Over and short are closed by reason and become incidents.

    Errors: NoticeIsClosed, LineUnderWay, ReasonMissing, orders.UnknownNotice.
    """
    notice = await _lock_notice(uow, notice_id)
    if notice.state == "closed":
        raise rules.NoticeIsClosed(ref=notice.ref)
    if waiting := await queries.lines_under_way(uow, notice_id):
        raise rules.LineUnderWay(ref=notice.ref, lines=len(waiting))
    found = rules.differences([(str(x.id), x.qty_each, x.received_each) for x in notice.lines])
    if found and not reason.strip():
        raise rules.ReasonMissing(ref=notice.ref, lines=len(found))
    for unit in await queries.filling_of(uow, notice_id):
        await close_filling(uow, unit)
    skus = await catalog.skus(uow, {x.sku_id for x in notice.lines})
    lines = {str(x.id): x for x in notice.lines}
    for d in found:
        line = lines[d.line_id]
        await order_service.close_notice_line(uow, line.id, reason.strip())
        kind, pieces = ("inbound.over", d.over_each) if d.over_each else ("inbound.short", d.short_each)
        uow.emit(IncidentDetected(
            kind=kind, key=f"{kind}:{line.id}",
            subject=f"Notice {notice.ref}, {skus[line.sku_id].code}: {pieces} {'over' if d.over_each else 'short'}",
            detail={"notice": notice.ref, "supplier": notice.supplier, "sku": skus[line.sku_id].code, "announced_each": line.qty_each,
                    "received_each": line.received_each, "reason": reason.strip(), "closed_by": uow.actor.id},
        ))  # fmt: skip
    await order_service.set_notice_state(uow, notice_id, "closed")
    await uow.session.execute(
        update(Receipt).where(Receipt.notice_id == notice_id, Receipt.state == "open")
        .values(state="closed", closed_at=uow.now)
    )  # fmt: skip
    told = NoticeClosed(
        notice_id=notice_id, ref=notice.ref, over_each=sum(d.over_each for d in found),
        short_each=sum(d.short_each for d in found), damaged_each=sum(x.damaged_each for x in notice.lines),
    )  # fmt: skip
    uow.emit(told)
    return told


async def reopen_notice(uow: UnitOfWork, notice_id: UUID) -> None:
    """More came after all. Errors: NoticeIsOpen, orders.UnknownNotice."""
    notice = await _lock_notice(uow, notice_id)
    if notice.state != "closed":
        raise rules.NoticeIsOpen(ref=notice.ref)
    await order_service.set_notice_state(uow, notice_id, "arrived")

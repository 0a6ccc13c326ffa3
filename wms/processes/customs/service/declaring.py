"""Parcels into declarations, declarations to the agent, the agent's answers, and papers to who asks for them.

Rows are locked in one order everywhere: orders by id, then the batch, then its parcels.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from wms.db.uow import UnitOfWork
from wms.events.customs import DeclarationHeld, DeclarationReleased, PapersAnswered
from wms.events.incidents import IncidentDetected
from wms.events.packing import ParcelLabelled
from wms.events.tracking import CustomsHeld, CustomsPassed
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as order_service
from wms.foundation.stock import queries as stock
from wms.kernel.ids import uuid7
from wms.processes.customs import queries
from wms.processes.customs.rules import exchange, refusals, states
from wms.processes.customs.service.judging import judge_order
from wms.processes.customs.service.papers import issue
from wms.processes.customs.tables import Batch, CustomsHold, CustomsOrder, CustomsParcel

ANSWER_H = 24.0
"""A hold by customs is answered with its papers within this time (control point customs-hold)."""
MOST = 1_000
"""Parcels of one list: they are matched while somebody waits. The others go into the next."""
OPEN = ("draft", "matched", "corrected")


async def note_parcel(uow: UnitOfWork, event: ParcelLabelled) -> None:
    """Keep what really is in a labelled parcel and what it weighs, and judge its order again."""
    if not await queries.active(uow):
        return
    await order_service.lock(uow, event.order_id)
    held = await stock.content_of(uow, event.hu_id)
    skus = await catalog.skus(uow, {h.grain.sku_id for h in held})
    contents: dict[str, int] = {}
    for h in held:
        code = skus[h.grain.sku_id].code
        contents[code] = contents.get(code, 0) + h.qty_each
    row = await uow.session.get(CustomsParcel, event.parcel_id, populate_existing=True)
    if row is None:
        row = CustomsParcel(
            parcel_id=event.parcel_id, order_id=event.order_id, mode="", state="draft", changed_at=uow.now
        )
        uow.session.add(row)
    row.sscc, row.carrier, row.gross_g, row.of, row.contents = (
        event.sscc,
        event.carrier,
        event.weight_g,
        event.of,
        contents,
    )
    row.tracking, row.labelled_at = getattr(event, "tracking", ""), uow.now
    await uow.session.flush()
    await judge_order(uow, event.order_id)
    await uow.session.flush()
    if row.mode == "domestic":  # crosses no border
        await uow.session.delete(row)


async def drop_parcel(uow: UnitOfWork, parcel_id: UUID, order_id: UUID) -> None:
    """Its label counts no more: what is not declared yet is noted anew with the next label. What is declared stays to be corrected."""
    await order_service.lock(uow, order_id)
    await uow.session.execute(
        delete(CustomsParcel).where(
            CustomsParcel.parcel_id == parcel_id, CustomsParcel.state.in_(OPEN), CustomsParcel.batch_id.is_(None)
        )
    )


async def forget_parcels(uow: UnitOfWork, order_id: UUID, ref: str) -> None:
    """A cancelled order declares nothing; what is declared already must be taken back by a person."""
    await order_service.lock(uow, order_id)
    declared = [p for p in await queries.parcels(uow, order_id) if p.state in ("declared", "held", "released")]
    await uow.session.execute(
        delete(CustomsParcel).where(
            CustomsParcel.order_id == order_id, CustomsParcel.state.in_(OPEN), CustomsParcel.batch_id.is_(None)
        )
    )
    await uow.session.execute(
        update(CustomsOrder).where(CustomsOrder.order_id == order_id).values(ok=True, faults=[], first_fault_at=None)
    )
    for p in declared:
        uow.emit(IncidentDetected(
            kind="customs.declared_cancelled", key=f"customs.withdraw:{p.parcel_id}", owner="lead", due_h=ANSWER_H,
            subject=f"{ref} was cancelled and is declared: withdraw {p.sscc}", detail={"order": ref, "entry": p.sscc, "state": p.state},
        ))  # fmt: skip


async def note_shipped(uow: UnitOfWork, order_id: UUID) -> None:
    """Keep whether the papers agreed when the order left: the control point counts it."""
    await uow.session.execute(
        update(CustomsOrder).where(CustomsOrder.order_id == order_id, CustomsOrder.shipped_at.is_(None))
        .values(shipped_at=uow.now, shipped_ok=CustomsOrder.ok)
    )  # fmt: skip


async def make_batch(uow: UnitOfWork, mode: str, parcel_ids: Sequence[UUID] = ()) -> UUID:
    """Match all parcels of a mode that are ready (or these) once more and put those that agree into one list.

    Errors: NothingToDeclare naming up to ten orders that keep theirs out.
    """
    query = select(CustomsParcel).where(
        CustomsParcel.mode == mode, CustomsParcel.batch_id.is_(None), CustomsParcel.state.in_(OPEN)
    )
    if parcel_ids:
        query = query.where(CustomsParcel.parcel_id.in_(parcel_ids))
    orders = sorted({p.order_id for p in await uow.session.scalars(query.order_by(CustomsParcel.sscc).limit(MOST))})
    for order_id in orders:
        await judge_order(uow, order_id, declaring=True)
    # One at a time, so that numbers follow each other.
    await uow.alone("customs.batch")
    query = query.where(CustomsParcel.order_id.in_(orders)).execution_options(populate_existing=True)
    found = list(await uow.session.scalars(query.order_by(CustomsParcel.sscc)))
    rows = {
        o.order_id: o for o in await uow.session.scalars(select(CustomsOrder).where(CustomsOrder.order_id.in_(orders)))
    }
    good = [p for p in found if p.state in ("matched", "corrected") and rows[p.order_id].ok]
    if not good:
        out = sorted(f"{o.ref}: {o.faults[0]['said'] if o.faults else 'not matched'}" for o in rows.values())
        raise refusals.NothingToDeclare(mode=mode, orders=out[:10])
    site = (await queries.sheets(uow)).site
    batch = Batch(
        id=uuid7(), number=await _number(uow, mode, "L"), kind="list", mode=mode, port=site["port"], month=f"{await uow.today():%Y-%m}",
        state="matched", entries=[], created_by=uow.actor.id, created_at=uow.now, changed_at=uow.now,
    )  # fmt: skip
    uow.session.add(batch)
    await uow.session.flush()
    units = await _units(uow, {sku for p in good for sku in p.contents})
    for p in good:
        p.batch_id, p.changed_at = batch.id, uow.now
        p.declared = exchange.entry(_as_dict(p), rows[p.order_id].papers, units)
    return batch.id


async def _units(uow: UnitOfWork, codes: set[str]) -> dict[str, str]:
    skus = await catalog.skus_by_code(uow, codes)
    return {code: f.unit for code, f in (await queries.filings(uow, {s.id: s.code for s in skus.values()})).items()}


def _as_dict(p: CustomsParcel) -> dict[str, Any]:
    return {"sscc": p.sscc, "tracking": p.tracking, "gross_g": p.gross_g, "contents": p.contents}


async def _number(uow: UnitOfWork, mode: str, kind: str) -> str:
    day = f"{await uow.today():%y%m%d}"
    count = await uow.session.scalar(select(func.count()).where(Batch.number.startswith(f"{mode}-{kind}{day}-")))
    return f"{mode}-{kind}{day}-{int(count or 0) + 1:03d}"


async def _lock(uow: UnitOfWork, batch_id: UUID) -> Batch:
    row = await uow.session.scalar(
        select(Batch).where(Batch.id == batch_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise refusals.UnknownBatch(batch_id=str(batch_id))
    return row


async def _lock_orders(uow: UnitOfWork, batch_id: UUID) -> None:
    await order_service.lock_all(uow, {p.order_id for p in await queries.batch_parcels(uow, batch_id)})


async def declare(uow: UnitOfWork, batch_id: UUID) -> None:
    """The list went to the agent. Errors: UnknownBatch, WrongState, FieldsDiffer when papers have changed since it was made."""
    await _lock_orders(uow, batch_id)
    batch = await _lock(uow, batch_id)
    batch.state = states.step(batch.state, "declare")
    for p in await queries.batch_parcels(uow, batch_id):
        await judge_order(uow, p.order_id, declaring=True)
        row = await queries.judged(uow, p.order_id)
        if not row.ok and row.shipped_at is None:
            raise refusals.FieldsDiffer(order=row.ref, fields=[f["said"] for f in row.faults][:10])
        p.state, p.changed_at = states.step(p.state, "declare"), uow.now
    batch.changed_at = uow.now


async def answer(uow: UnitOfWork, batch_id: UUID, answers: Sequence[Mapping[str, str]]) -> str:
    """Take in what customs says of a list's parcels: [{entry, outcome: release|hold|query, text}]. Returns the batch's state.

    A held parcel stops its order where it still is here, opens an incident with its clock and has its invoice issued at once.
    Errors: UnknownBatch, BadAnswer naming each unknown entry or outcome, WrongState.
    """
    await _lock_orders(uow, batch_id)
    batch = await _lock(uow, batch_id)
    parcels = await queries.batch_parcels(uow, batch_id)
    known = {p.sscc: p for p in parcels}
    faults = [
        f"answer {n}, {'entry' if a['entry'] not in known else 'outcome'}: {a['entry']} {a['outcome']}"
        for n, a in enumerate(answers, 1) if a["entry"] not in known or a["outcome"] not in states.OUTCOMES
    ]  # fmt: skip
    if faults:
        raise refusals.BadAnswer(count=len(faults), faults=faults[:50])
    for a in answers:
        p = known[a["entry"]]
        p.state, p.answer, p.changed_at = states.step(p.state, a["outcome"]), a.get("text", ""), uow.now
        if p.state == "released":
            await _end_hold(uow, p)
            uow.emit(DeclarationReleased(parcel_id=p.parcel_id, order_id=p.order_id))
        else:
            await _open_hold(uow, p, a.get("text", "") or a["outcome"])
    await uow.session.flush()
    for order_id in sorted({known[a["entry"]].order_id for a in answers}):
        await judge_order(uow, order_id)
    batch.state, batch.changed_at = states.batch_state([p.state for p in parcels]), uow.now
    return batch.state


async def _open_hold(uow: UnitOfWork, p: CustomsParcel, asks: str, known_as: str = "") -> None:
    there = await uow.session.scalar(
        select(CustomsHold).where(CustomsHold.parcel_id == p.parcel_id, CustomsHold.answered_at.is_(None))
    )
    if there is not None:
        there.asks = asks
        return
    hold = CustomsHold(
        id=uuid7(), parcel_id=p.parcel_id, order_id=p.order_id, asks=asks, opened_at=uow.now,
        due_at=uow.now + timedelta(hours=ANSWER_H), papers=[str((await issue(uow, p.order_id, "invoice")).id)],
    )  # fmt: skip
    uow.session.add(hold)
    uow.emit(DeclarationHeld(parcel_id=p.parcel_id, order_id=p.order_id, asks=asks))
    ref = known_as or str(p.declared["order"])
    uow.emit(IncidentDetected(
        kind="customs.hold", key=f"customs.hold:{p.parcel_id}", owner="lead", due_h=ANSWER_H, subject=f"{ref}: customs holds {p.sscc}: {asks}",
        detail={"order": ref, "entry": p.sscc, "asks": asks, "order_id": str(p.order_id)},
    ))  # fmt: skip


async def hold_by_carrier(uow: UnitOfWork, event: CustomsHeld) -> None:
    """A parcel on its way is held by customs, as its carrier says: the same clock and the same answer as of a held declaration.

    A parcel that was never declared here has no papers here: its hold is an incident alone.
    """
    asks = event.asks or "told by the carrier"
    await order_service.lock(uow, event.order_id)
    p = await uow.session.get(CustomsParcel, event.parcel_id, with_for_update=True, populate_existing=True)
    if p is not None:
        await _open_hold(uow, p, asks, event.ref)
        return
    uow.emit(IncidentDetected(
        kind="customs.hold", key=f"customs.hold:{event.parcel_id}", owner="lead", due_h=ANSWER_H,
        subject=f"{event.ref}: customs holds {event.tracking}: {asks}",
        detail={"order": event.ref, "entry": event.tracking, "asks": asks, "order_id": str(event.order_id)},
    ))  # fmt: skip


async def release_by_carrier(uow: UnitOfWork, event: CustomsPassed) -> None:
    """Customs let it go: nobody has to answer any more."""
    await order_service.lock(uow, event.order_id)
    p = await uow.session.get(CustomsParcel, event.parcel_id, with_for_update=True, populate_existing=True)
    if p is not None:
        await _end_hold(uow, p)
    else:
        uow.emit(PapersAnswered(parcel_id=event.parcel_id, order_id=event.order_id))


async def _end_hold(uow: UnitOfWork, p: CustomsParcel) -> None:
    ended = await uow.session.execute(
        update(CustomsHold).where(CustomsHold.parcel_id == p.parcel_id, CustomsHold.answered_at.is_(None))
        .values(answered_at=uow.now, answered_by="released").returning(CustomsHold.id)
    )  # fmt: skip
    if ended.all():
        uow.emit(PapersAnswered(parcel_id=p.parcel_id, order_id=p.order_id))


async def answer_hold(uow: UnitOfWork, order_id: UUID) -> list[str]:
    """The bundle went to customs: invoice, packing list and customs form are issued and kept. Returns their ids.

    The parcels are declared again; customs answers them by the agent. Errors: NotAnswerable.
    """
    await order_service.lock(uow, order_id)
    holds = await queries.open_holds(uow, order_id)
    if not holds:
        raise refusals.NotAnswerable(order_id=str(order_id))
    bundle = [str((await issue(uow, order_id, kind)).id) for kind in ("invoice", "packing_list", "cn23")]
    for hold in holds:
        hold.answered_at, hold.answered_by, hold.papers = uow.now, uow.actor.id, bundle
        p = await uow.session.get(CustomsParcel, hold.parcel_id, with_for_update=True, populate_existing=True)
        if p is not None and p.state == "held":
            p.state, p.changed_at = states.step("held", "answer"), uow.now
            await _settle_batch(uow, p)
        uow.emit(PapersAnswered(parcel_id=hold.parcel_id, order_id=order_id))
    await uow.session.flush()
    await judge_order(uow, order_id)
    return bundle


async def correct(uow: UnitOfWork, order_id: UUID, reason: str) -> int:
    """Declare an order's parcels anew with what is true now; they leave their list. Returns how many. Errors: ReasonMissing, WrongState."""
    if not reason.strip():
        raise refusals.ReasonMissing()
    await order_service.lock(uow, order_id)
    parcels = await queries.parcels(uow, order_id)
    if not parcels:
        raise refusals.NoSuchOrder(order_id=str(order_id))
    for p in parcels:
        p.state, p.answer, p.changed_at = (
            states.step(p.state, "correct"),
            f"corrected: {reason.strip()} ({uow.actor.id})",
            uow.now,
        )
        await _end_hold(uow, p)
        await _settle_batch(uow, p)
        p.batch_id = None
    await uow.session.flush()
    await judge_order(uow, order_id)
    return len(parcels)


async def _settle_batch(uow: UnitOfWork, p: CustomsParcel) -> None:
    if p.batch_id is not None:
        await uow.session.flush()
        batch = await _lock(uow, p.batch_id)
        left = [x.state for x in await queries.batch_parcels(uow, p.batch_id) if x.state != "corrected"]
        batch.state, batch.changed_at = states.batch_state(left or ["corrected"]), uow.now


async def summarise(uow: UnitOfWork, month: str, mode: str = "9610") -> list[UUID]:
    """Declare the released lists of a month in summary, one for each port. Errors: NothingToDeclare."""
    lists = await uow.session.scalars(
        select(Batch).where(Batch.kind == "list", Batch.mode == mode, Batch.month == month, Batch.state == "released",
                            Batch.summary_id.is_(None)).order_by(Batch.id).with_for_update()
    )  # fmt: skip
    by_port: dict[str, list[Batch]] = {}
    for batch in lists:
        by_port.setdefault(batch.port, []).append(batch)
    if not by_port:
        raise refusals.NothingToDeclare(mode=mode, month=month, orders=[])
    made = []
    for port, batches in sorted(by_port.items()):
        entries = [p.declared for b in batches for p in await queries.batch_parcels(uow, b.id) if p.state == "released"]
        summary = Batch(
            id=uuid7(), number=await _number(uow, mode, "S"), kind="summary", mode=mode, port=port, month=month, state="matched",
            entries=exchange.summarise(entries), created_by=uow.actor.id, created_at=uow.now, changed_at=uow.now,
        )  # fmt: skip
        uow.session.add(summary)
        await uow.session.flush()
        for b in batches:
            b.summary_id = summary.id
        made.append(summary.id)
    return made

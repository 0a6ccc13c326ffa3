"""Claims: opened by themselves as soon as a loss is known, with label and weight record attached; then a person's work."""

import base64
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.tracking import ClaimSettled
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import queries as labels
from wms.foundation.labels.rules.refusals import UnknownJob
from wms.foundation.orders import queries as orders
from wms.kernel.errors import BadInput
from wms.kernel.ids import uuid7
from wms.processes.tracking import queries
from wms.processes.tracking.rules import claims, refusals
from wms.processes.tracking.tables import LossClaim, TrackPaper, TrackParcel

AMOUNT_MOST = 10**9
DUE_H = claims.DUE.total_seconds() / 3600
BY_SYSTEM = "system"


async def open_for(uow: UnitOfWork, p: TrackParcel, kind: str) -> LossClaim | None:
    """Open a claim for a parcel that is lost or damaged, unless it has one. Returns the new one."""
    there = await uow.session.scalar(select(LossClaim.id).where(
        LossClaim.parcel_id == p.parcel_id, LossClaim.state != "dropped"
    ).limit(1))  # fmt: skip
    if there is not None:
        return None
    paper = await uow.session.get(TrackPaper, p.parcel_id, populate_existing=True)
    amount, currency = await _value(uow, p, paper)
    label, weight = await _label(uow, p, paper), (dict(paper.weight) if paper and paper.weight else None)
    claim_id = uuid7()
    number = f"LC{await uow.today():%y%m%d}-{claim_id.hex[-6:].upper()}"
    made = await uow.session.execute(
        insert(LossClaim).values(
            id=claim_id, number=number, parcel_id=p.parcel_id, kind=kind, state="open", lost_at=p.lost_at or uow.now, presumed=p.presumed,
            amount_cents=amount, paid_cents=0, currency=currency, label=label, weight=weight,
            complete_at=uow.now if label and weight else None, opened_at=uow.now, opened_by=uow.actor.id,
            log=[_entry(uow, "open", "presumed: its window is over" if p.presumed else f"the carrier says {kind}")],
        ).on_conflict_do_nothing().returning(LossClaim.id)
    )  # fmt: skip
    if made.scalar() is None:
        return None
    missing = [name for name, there in (("label", label), ("weight record", weight)) if not there]
    uow.emit(IncidentDetected(
        kind=f"tracking.{kind}", key=f"claim:{p.parcel_id}", owner="lead", due_h=DUE_H,
        subject=f"{p.ref}: {p.tracking} is {kind}: claim {number}" + (f", missing: {', '.join(missing)}" if missing else ""),
        detail={"order": p.ref, "tracking": p.tracking, "carrier": p.carrier, "claim": number, "claim_id": str(claim_id),
                "presumed": p.presumed, "missing": ", ".join(missing) or "–"},
    ))  # fmt: skip
    return await uow.session.get(LossClaim, claim_id, populate_existing=True)


async def drop_found(uow: UnitOfWork, p: TrackParcel) -> None:
    """The parcel was seen again: what was not accepted yet is dropped; money that was promised is a person's matter."""
    claim = await uow.session.scalar(
        select(LossClaim).where(LossClaim.parcel_id == p.parcel_id, LossClaim.state.in_(("open", "sent", "rejected")), LossClaim.kind == "lost")
        .with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    if claim is not None:
        _go(uow, claim, "drop", f"seen again: {p.milestone}")


async def open_by_hand(uow: UnitOfWork, parcel_id: UUID, kind: str, reason: str) -> UUID:
    """A lead claims what is stalled or came damaged. Errors: NoParcel, NotLost, ClaimOpen, BadInput without a reason."""
    if not reason.strip():
        raise BadInput(field="reason", reason="say why")
    p = await uow.session.get(TrackParcel, parcel_id, with_for_update=True, populate_existing=True)
    if p is None:
        raise refusals.NoParcel(parcel=str(parcel_id))
    if kind == "lost" and (p.state in ("delivered", "returned") or (p.stalled_at is None and p.state != "lost")):
        raise refusals.NotLost(tracking=p.tracking, state=p.state)
    if p.lost_at is None:
        p.lost_at = uow.now
    claim = await open_for(uow, p, kind)
    if claim is None:
        raise refusals.ClaimOpen(tracking=p.tracking)
    claim.log = [*claim.log, _entry(uow, "note", reason.strip()[:200])]
    return claim.id


async def send(uow: UnitOfWork, claim_id: UUID, note: str) -> None:
    """The file went to the carrier. Errors: NoClaim, WrongClaimState, ClaimIncomplete naming what is missing, BadAmount."""
    claim = await _lock(uow, claim_id)
    await _attach(uow, claim)
    missing = [name for name, there in (("label", claim.label), ("weight", claim.weight)) if not there]
    if missing:
        raise refusals.ClaimIncomplete(claim=claim.number, missing=", ".join(missing))
    if not claim.amount_cents:
        raise refusals.BadAmount(amount=0)
    _go(uow, claim, "send", note)


async def answer(uow: UnitOfWork, claim_id: UUID, accepted: bool, amount_cents: int | None, note: str) -> None:
    """What the carrier said; it may accept less. Errors: NoClaim, WrongClaimState, BadAmount, BadInput without words for a refusal."""
    claim = await _lock(uow, claim_id)
    if not accepted and not note.strip():
        raise BadInput(field="note", reason="say why it was rejected")
    _go(uow, claim, "accept" if accepted else "reject", note)
    if accepted and amount_cents is not None:
        claim.amount_cents = _amount(amount_cents)


async def pay(uow: UnitOfWork, claim_id: UUID, paid_cents: int, note: str) -> None:
    """The money came. Errors: NoClaim, WrongClaimState, BadAmount."""
    claim = await _lock(uow, claim_id)
    _go(uow, claim, "pay", note)
    claim.paid_cents = _amount(paid_cents)


async def drop(uow: UnitOfWork, claim_id: UUID, note: str) -> None:
    """Nothing is claimed after all. Errors: NoClaim, WrongClaimState, BadInput without a reason."""
    if not note.strip():
        raise BadInput(field="note", reason="say why")
    _go(uow, await _lock(uow, claim_id), "drop", note)


async def set_amount(uow: UnitOfWork, claim_id: UUID, amount_cents: int) -> None:
    """Errors: NoClaim, WrongClaimState after it was sent, BadAmount."""
    claim = await _lock(uow, claim_id)
    if claim.state not in ("open", "rejected"):
        raise refusals.WrongClaimState(state=claim.state, event="amount")
    claim.log = [*claim.log, _entry(uow, "amount", f"{claim.amount_cents} to {amount_cents}")]
    claim.amount_cents = _amount(amount_cents)


async def bundle(uow: UnitOfWork, claim_id: UUID) -> tuple[str, bytes]:
    """(file name, ZIP) that a carrier takes. Errors: NoClaim."""
    head, parcel, told, label, weight = await queries.claim_page(uow, claim_id)
    return f"{head['claim']}.zip", claims.bundle(head, parcel, told, label, weight)


async def _lock(uow: UnitOfWork, claim_id: UUID) -> LossClaim:
    claim = await uow.session.get(LossClaim, claim_id, with_for_update=True, populate_existing=True)
    if claim is None:
        raise refusals.NoClaim(claim=str(claim_id))
    return claim


def _go(uow: UnitOfWork, claim: LossClaim, event: str, note: str) -> None:
    claim.state = claims.step(claim.state, event)
    claim.log = [*claim.log, _entry(uow, event, note.strip()[:200])]
    if claim.state in ("paid", "dropped", "sent"):  # the clock that ran until it was claimed has ended
        uow.emit(ClaimSettled(parcel_id=claim.parcel_id, claim_id=claim.id, state=claim.state))


def _entry(uow: UnitOfWork, event: str, note: str) -> dict[str, Any]:
    return {"at": uow.now.isoformat(), "by": uow.actor.name or uow.actor.id, "event": event, "note": note}


def _amount(cents: int) -> int:
    if not 0 < cents <= AMOUNT_MOST:
        raise refusals.BadAmount(amount=cents)
    return cents


async def _attach(uow: UnitOfWork, claim: LossClaim) -> None:
    """What was missing when it was opened may be there now."""
    p = await uow.session.get(TrackParcel, claim.parcel_id, populate_existing=True)
    paper = await uow.session.get(TrackPaper, claim.parcel_id, populate_existing=True)
    if p is None:
        return
    claim.label = claim.label or await _label(uow, p, paper)
    claim.weight = claim.weight or (dict(paper.weight) if paper and paper.weight else None)
    if claim.label and claim.weight and claim.complete_at is None:
        claim.complete_at = uow.now


async def _label(uow: UnitOfWork, p: TrackParcel, paper: TrackPaper | None) -> dict[str, Any] | None:
    """The carrier's document as it was sold, else the house's own label as it was printed."""
    if paper is not None and paper.document and paper.tracking == p.tracking:
        return {"format": paper.format, "document": paper.document, "tracking": p.tracking}
    job = await labels.newest_job(uow, [p.tracking, p.sscc])
    if job is None:
        return None
    try:
        picture, _ = await labels.job_page(uow, job)
    except UnknownJob:
        return None
    return {"format": "png", "document": base64.b64encode(labels.png(picture)).decode(), "tracking": p.tracking}


async def _value(uow: UnitOfWork, p: TrackParcel, paper: TrackPaper | None) -> tuple[int, str]:
    """Declared value of what is in the parcel; of the whole order where nobody noted its contents."""
    order = await orders.order(uow, p.order_id)
    each = {x.sku_id: x.value_cents for x in order.lines}
    if paper is not None and paper.contents:
        inside = {int(sku): int(n) for sku, n in paper.contents.items()}
        known = await catalog.skus(uow, inside)
        total = sum(n * (each.get(sku) or (known[sku].value_cents if sku in known else 0)) for sku, n in inside.items())
    else:
        total = sum(x.value_cents * x.picked_each for x in order.lines)
    return min(total, AMOUNT_MOST), order.currency

"""The label that a return comes back with: wanted of a carrier, taken in, given back where it is not used; or our own."""

import base64
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.returns import ReturnLabelDropped, ReturnLabelWanted
from wms.events.shipping import ReturnLabelBought, ReturnLabelRefused
from wms.foundation.labels import queries as labels
from wms.processes.returns import queries
from wms.processes.returns.rules import policy, refusals, states
from wms.processes.returns.service import closing
from wms.processes.returns.service.closing import change, lock, why
from wms.processes.returns.tables import ReturnLabel


async def want(uow: UnitOfWork, rma_id: UUID, row: policy.Row, site: policy.Site) -> None:
    """Ask for the label of the row's service; the return is told to the host when it is there. `site` names a depot."""
    r = await queries.rma(uow, rma_id)
    assert site.depot is not None
    fresh = {
        "service": row.service, "house": row.house_label, "state": "wanted", "tracking": "", "format": "", "document": "",
        "price_cents": 0, "price_currency": "", "code": "", "why": "", "wanted_at": uow.now, "answered_at": None,
    }  # fmt: skip
    await uow.session.execute(
        insert(ReturnLabel).values(rma_id=rma_id, **fresh).on_conflict_do_update(index_elements=["rma_id"], set_=fresh)
    )
    await change(uow, rma_id, state=states.step(r.state, "buy"))
    contents: dict[str, int] = {}
    for x in r.lines:
        contents[str(x.sku_id)] = contents.get(str(x.sku_id), 0) + x.qty_each
    uow.emit(ReturnLabelWanted(
        rma_id=rma_id, order_id=r.order_id, number=r.number, service=row.service, contents=contents,
        depot=site.depot.model_dump(),
    ))  # fmt: skip


async def _waited_for(uow: UnitOfWork, rma_id: UUID) -> tuple[queries.RmaInfo, ReturnLabel] | None:
    """The return and its label, locked; None when nobody waits for an answer any more."""
    r = await lock(uow, rma_id)
    label = await uow.session.scalar(
        select(ReturnLabel).where(ReturnLabel.rma_id == rma_id).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    return (r, label) if r.state == "labelling" and label is not None and label.state == "wanted" else None


async def take(uow: UnitOfWork, event: ReturnLabelBought) -> None:
    """The carrier sold it: the return is authorised, at the carrier's own price. Told again it changes nothing."""
    waiting = await _waited_for(uow, event.rma_id)
    if waiting is None:
        return
    (r, label), site = waiting, await queries.site(uow)
    label.state, label.answered_at, label.tracking, label.format = "bought", uow.now, event.tracking, event.format
    label.document, label.price_cents, label.price_currency = event.document, event.price_cents, event.currency
    await uow.session.flush()
    paid = f"{event.service} sold {event.tracking} for {event.price_cents / 100:.2f} {event.currency}"
    if not site.rate(event.currency):
        paid += "; no exchange rate: counted as the policy's label"
    await change(uow, r.id, label_cents=_cents(r, label, site), why=[*r.why, why(uow, "label", paid)])
    await closing.authorise(uow, r.id)


def _cents(r: queries.RmaInfo, label: ReturnLabel, site: policy.Site) -> int:
    """What it cost in the site's currency; without a rate as much as the policy says."""
    rate = site.rate(label.price_currency)
    return round(label.price_cents * rate) if rate else r.label_cents


async def note_used(uow: UnitOfWork, r: queries.RmaInfo, scanned: str) -> None:
    """A parcel came with the carrier's label that had been given back unused: it is charged after all."""
    label = await uow.session.get(ReturnLabel, r.id, populate_existing=True)
    if label is None or label.state != "dropped" or r.label_cents:
        return
    if label.tracking and label.tracking in (scanned, scanned.upper()):
        because = f"came with {label.tracking}, which had been given back: its price counts"
        cents = _cents(r, label, await queries.site(uow))
        await change(uow, r.id, label_cents=cents, why=[*r.why, why(uow, "label", because)])


async def refuse(uow: UnitOfWork, event: ReturnLabelRefused) -> None:
    """No label: our own goes out where the policy says so, else the return is held. A carrier that is silent is asked on."""
    waiting = await _waited_for(uow, event.rma_id)
    if waiting is None:
        return
    r, label = waiting
    label.code, label.why = event.code, event.why[:300]
    if event.retry_helps:
        await uow.session.flush()
        return
    label.state, label.answered_at = "refused", uow.now
    await uow.session.flush()
    because = f"{label.service} sells no label: {event.why}"
    if label.house:
        await change(uow, r.id, why=[*r.why, why(uow, "label", f"{because}; our own label instead")])
        await closing.authorise(uow, r.id)
    else:
        await closing.hold(uow, r, refusals.LabelRefused.code, because)


async def drop(uow: UnitOfWork, r: queries.RmaInfo, reason: str) -> None:
    """The carrier's label will not be used: it is given back, now or as soon as it is sold, and costs nothing."""
    dropped = await uow.session.scalar(
        update(ReturnLabel).where(ReturnLabel.rma_id == r.id, ReturnLabel.state.in_(("wanted", "bought")))
        .values(state="dropped", why=reason[:300]).returning(ReturnLabel.rma_id)
    )  # fmt: skip
    if dropped is not None:
        await change(uow, r.id, label_cents=0)
        uow.emit(ReturnLabelDropped(rma_id=r.id, number=r.number, reason=reason[:200]))


async def return_label(uow: UnitOfWork, rma_id: UUID) -> tuple[queries.RmaInfo, bytes, str]:
    """The return, its prepaid label and the format of that: the carrier's, or our own as PDF. Errors: NoLabel, labels.DoesNotFit."""
    r, label = await queries.rma(uow, rma_id), await queries.label_of(uow, rma_id)
    if not queries.has_label(r, label):
        raise refusals.NoLabel(number=r.number, method=r.method or r.state)
    if label is not None and label.state == "bought":
        document = await uow.session.scalar(select(ReturnLabel.document).where(ReturnLabel.rma_id == rma_id))
        return r, base64.b64decode(document or ""), label.format
    address = [x.strip() for x in r.address.replace("\n", ",").split(",") if x.strip()]
    return r, labels.label_pdf("return", {"number": r.number, "ref": r.order_ref, "address": address}), "pdf"

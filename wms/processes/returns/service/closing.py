"""Steps that several verbs take: hold, authorise, reckon a return's cost and refund, suspect, advise; and the person who judges."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.returns import MatterSettled, ReturnAuthorised
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as order_service
from wms.kernel.ids import uuid7
from wms.processes.returns import queries
from wms.processes.returns.rules import money, policy, refusals, states
from wms.processes.returns.tables import ReturnFlag, Rma


async def lock(uow: UnitOfWork, rma_id: UUID) -> queries.RmaInfo:
    """The return, its order's row locked first and then its own. Errors: UnknownReturn."""
    await order_service.lock(uow, (await queries.rma(uow, rma_id)).order_id)
    await uow.session.execute(select(Rma.id).where(Rma.id == rma_id).with_for_update())
    return await queries.rma(uow, rma_id)


async def change(uow: UnitOfWork, rma_id: UUID, **values: Any) -> None:
    await uow.session.execute(update(Rma).where(Rma.id == rma_id).values(**values))


def why(uow: UnitOfWork, step: str, because: str) -> dict[str, str]:
    return {"at": uow.now.isoformat(), "step": step, "why": because}


def held_key(rma_id: UUID) -> str:
    """Of the incident of a return that is held."""
    return f"returns.held:{rma_id}"


async def hold(uow: UnitOfWork, r: queries.RmaInfo, code: str, because: str) -> None:
    """It cannot be decided, or its label cannot be had: a person hears of it."""
    await change(uow, r.id, state=states.step(r.state, "hold"), hold_code=code, why=[*r.why, why(uow, "held", because)])
    uow.emit(IncidentDetected(
        kind="returns.label_refused" if code == refusals.LabelRefused.code else "returns.held", key=held_key(r.id),
        subject=f"Return {r.number} of order {r.order_ref}: {because}"[:300],
        detail={"number": r.number, "order": r.order_ref, "code": code, "why": because[:500]}, owner="supervisor", due_h=24.0,
    ))  # fmt: skip


async def authorise(uow: UnitOfWork, rma_id: UUID) -> None:
    """Its pieces may come back from now on, for the site's days."""
    r, site = await queries.rma(uow, rma_id), await queries.site(uow)
    await change(
        uow, rma_id, state=states.step(r.state, "authorise"), expires_at=uow.now + timedelta(days=site.valid_days)
    )
    await suspect(uow, rma_id)
    await tell_authorised(uow, rma_id)


async def tell_authorised(uow: UnitOfWork, rma_id: UUID) -> None:
    r = await queries.rma(uow, rma_id)
    label = await queries.label_of(uow, rma_id)
    uow.emit(ReturnAuthorised(rma_id=rma_id, order_id=r.order_id, number=r.number, method=r.method))
    uow.send_host(
        "return.authorised",
        {"ref": r.ref, "number": r.number, "order": r.order_ref, "method": r.method, "why": r.why[-1]["why"],
         "tracking": label.tracking if label else ""},
        ref=f"rma:{rma_id}",
    )  # fmt: skip


def _advice(r: queries.RmaInfo, items: list[queries.ItemInfo], site: policy.Site) -> list[dict[str, Any]]:
    """Per line and grade: pieces, reason, grade, amount. A kept return is refunded in full, less its fee."""
    rows = []
    for x in r.lines:
        if r.method == "keep":
            amount = money.refund_cents(x.value_cents, x.qty_each, "A", x.reason, r.restock_pct, site)
            rows.append({"line": x, "qty_each": x.qty_each, "grade": "", "amount_cents": amount})
        for i in items:
            if i.line_id == x.id and i.first_grade:
                amount = money.refund_cents(x.value_cents, i.qty_each, i.first_grade, x.reason, r.restock_pct, site)
                rows.append({"line": x, "qty_each": i.qty_each, "grade": i.first_grade, "amount_cents": amount})
    return rows


async def settle(uow: UnitOfWork, rma_id: UUID) -> None:
    """Reckon refund and cost of a return as it stands."""
    r, site = await queries.rma(uow, rma_id), await queries.site(uow)
    items = await queries.items_of(uow, rma_id)
    kept = r.method == "keep"
    pieces = 0 if kept else sum(i.qty_each for i in items)
    losses = [x.value_cents * x.qty_each for x in r.lines] if kept else [i.loss_cents for i in items]
    cost = money.cost(r.label_cents if r.arrived_at else 0, pieces, losses, r.rate, site)
    refund = sum(a["amount_cents"] for a in _advice(r, items, site))
    await change(uow, rma_id, refund_cents=refund, cost_cents=cost.total)


async def suspect(uow: UnitOfWork, rma_id: UUID) -> None:
    """Flag a return for a person where something speaks of abuse; new reasons open a cleared flag again before the advice."""
    r, site = await queries.rma(uow, rma_id), await queries.site(uow)
    found = [f["kind"] for f in await queries.findings(uow, rma_id)]
    reasons = money.suspicions(await queries.history(uow, r), found, site)
    row = await uow.session.scalar(select(ReturnFlag).where(ReturnFlag.rma_id == rma_id).with_for_update())
    known = {x["code"] for x in row.reasons} if row else set()
    if not {x["code"] for x in reasons} - known:
        return
    if row is None:
        await uow.session.execute(insert(ReturnFlag).values(
            id=uuid7(), rma_id=rma_id, buyer=r.buyer, reasons=reasons, state="open", at=uow.now, reviewed_by="", reviewed_at=None,
            note="",
        ))  # fmt: skip
    else:
        row.reasons, row.state, row.at = reasons, "open", uow.now
        await uow.session.flush()
    codes = ", ".join(x["code"] for x in reasons)
    uow.emit(IncidentDetected(
        kind="returns.abuse", key=f"returns.abuse:{rma_id}", subject=f"Return {r.number} of order {r.order_ref}: {codes}",
        detail={"number": r.number, "order": r.order_ref, "why": codes, "reasons": reasons}, owner="supervisor", due_h=24.0,
    ))  # fmt: skip


async def advise(uow: UnitOfWork, rma_id: UUID) -> bool:
    """Tell the host what to refund, once; kept back while a suspicion is not judged. Returns whether it was told."""
    r, site = await queries.rma(uow, rma_id), await queries.site(uow)
    flag = await queries.flag_of(uow, rma_id)
    if r.state != "closed" or r.advised_at is not None or flag == "open":
        return False
    skus = await catalog.skus(uow, {x.sku_id for x in r.lines})
    refused = flag == "confirmed"
    lines = [
        {"sku": skus[a["line"].sku_id].code, "order_line_id": str(a["line"].order_line_id), "qty_each": a["qty_each"],
         "reason": a["line"].reason, "grade": a["grade"], "amount_cents": 0 if refused else a["amount_cents"]}
        for a in _advice(r, await queries.items_of(uow, rma_id), site)
    ]  # fmt: skip
    total = sum(x["amount_cents"] for x in lines)
    values: dict[str, Any] = {"advised_at": uow.now} | ({"refund_cents": 0} if refused else {})
    await change(uow, rma_id, **values)
    uow.send_host(
        "return.refund_advice",
        {"ref": r.ref, "number": r.number, "order": r.order_ref, "currency": r.currency, "amount_cents": total, "lines": lines,
         "advice": "refuse" if refused else "refund", "findings": [f["kind"] for f in await queries.findings(uow, rma_id)]},
        ref=f"rma:{rma_id}",
    )  # fmt: skip
    return True


async def review(uow: UnitOfWork, flag_id: UUID, *, confirmed: bool, note: str) -> None:
    """A person judges a suspicion; the advice kept back goes out. Errors: UnknownFlag, ReasonNeeded, WrongState."""
    rma_id = await uow.session.scalar(select(ReturnFlag.rma_id).where(ReturnFlag.id == flag_id))
    if rma_id is None:
        raise refusals.UnknownFlag(flag_id=str(flag_id))
    await lock(uow, rma_id)  # before the flag, as everybody does
    row = (await uow.session.scalars(select(ReturnFlag).where(ReturnFlag.id == flag_id).with_for_update())).one()
    if not note.strip():
        raise refusals.ReasonNeeded()
    if row.state != "open":
        raise refusals.WrongState(state=row.state, step="review")
    row.state = "confirmed" if confirmed else "cleared"
    row.reviewed_by, row.reviewed_at, row.note = uow.actor.id, uow.now, note.strip()[:200]
    await uow.session.flush()
    uow.emit(MatterSettled(key=f"returns.abuse:{row.rma_id}", outcome=f"{row.state}: {row.note}"))
    await advise(uow, row.rma_id)

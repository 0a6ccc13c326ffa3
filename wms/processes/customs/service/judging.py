"""Judge an order: decide its mode, match its papers, hold it with the fields that differ or let it go."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.customs import JudgementDue
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.processes.customs import queries
from wms.processes.customs.rules import exchange, judge, refusals, sheets, states
from wms.processes.customs.tables import CustomsOrder, CustomsParcel

KIND = "customs"
DUE_H = 24.0
GONE = ("shipped", "cancelled")
CHECK_DUE = "orders.check_due"


async def judge_order(uow: UnitOfWork, order_id: UUID, *, declaring: bool = False) -> judge.Judgement | None:
    """Judge an order with what is known of it now; None where this site judges nothing, or it has left
    and is not being declared now.

    Before its parcels are labelled the documents due before release count, then also those of the parcel, and with `declaring` those of
    the declaration. Errors: UnknownOrder.
    """
    if not await queries.active(uow):
        return None
    order = await order_service.lock(uow, order_id)
    if order.state == "cancelled" or (order.state == "shipped" and not declaring):
        return None
    row = await uow.session.get(CustomsOrder, order_id, populate_existing=True)
    fixed = row.fixed if row else ("host" if order.customs_mode else "")
    seen = await queries.as_customs_sees(uow, order, order.customs_mode if fixed else "")
    filed = await queries.filings(uow, await _codes(uow, order))
    parcels = await queries.parcels(uow, order_id)
    complete = bool(parcels) and len(parcels) >= parcels[0].of
    given = dict(await queries.records(uow, order.channel, order.ref))
    if complete:
        given = {**_floor(seen, parcels), **given}
    valid = await queries.sheets(uow)
    stage = "batch" if declaring else "parcel" if complete else "order"
    found = judge.judge(seen, filed, valid, given, stage=stage)
    held = [
        judge.Fault("customs.declaration_held", "declaration", h.asks) for h in await queries.open_holds(uow, order_id)
    ]
    faults = (*held, *found.faults)
    await _keep(uow, order, row, found, faults, stage, fixed, seen)
    for parcel in parcels:
        _match(uow, parcel, found, faults)
    if found.mode and found.mode != order.customs_mode:
        await order_service.set_customs_mode(uow, order_id, found.mode, found.why)
    await _hold_or_lift(uow, order, found, faults)
    return found


async def _codes(uow: UnitOfWork, order: orders.OrderInfo) -> dict[int, str]:
    return {s.id: s.code for s in (await catalog.skus(uow, {x.sku_id for x in order.lines})).values()}


def _floor(order: judge.Order, parcels: Sequence[CustomsParcel]) -> dict[str, dict[str, Any]]:
    """What the bench and the label state: all parcels together, and what is declared of them already."""
    gross, to = sum(p.gross_g for p in parcels), order.destination
    parcel: dict[str, Any] = {"gross_g": gross}
    for p in parcels:
        for sku, pieces in p.contents.items():
            parcel[f"qty@{sku}"] = parcel.get(f"qty@{sku}", 0) + pieces
    numbers = " ".join(p.tracking or p.sscc for p in parcels)
    waybill = {"number": numbers, "tracking": numbers, "gross_g": gross, "consignee": to.get("name", ""), "country": order.country,
               "city": to.get("city", "")}  # fmt: skip
    papers: dict[str, dict[str, Any]] = {"parcel": parcel, "waybill": waybill}
    declared = [exchange.list_paper(p.declared) for p in parcels if p.declared and p.state != "corrected"]
    if len(declared) == len(parcels):
        merged: dict[str, Any] = {k: v for k, v in declared[0].items() if "@" not in k}
        merged |= {
            "gross_g": sum(d["gross_g"] for d in declared),
            "tracking": " ".join(d["tracking"] for d in declared),
        }
        for d in declared:
            for key, value in d.items():
                if "@" in key:
                    merged[key] = merged.get(key, 0) + value if key.startswith("qty@") else value
        papers["list"] = merged
    return papers


async def _keep(
    uow: UnitOfWork, order: orders.OrderInfo, row: CustomsOrder | None, found: judge.Judgement, faults: Sequence[judge.Fault],
    stage: str, fixed: str, seen: judge.Order,
) -> None:  # fmt: skip
    if row is None:
        row = CustomsOrder(order_id=order.id, ref=order.ref, fixed=fixed)
        uow.session.add(row)
    row.country, row.mode, row.why, row.stage, row.ok = seen.country, found.mode, found.why, stage, not faults
    row.faults = [asdict(f) for f in faults]
    row.papers = {name: dict(paper) for name, paper in found.papers.items()}
    row.unverified = list(found.unverified)
    row.estimate = asdict(found.estimate) if found.estimate else {}
    row.value_cents, row.currency, row.judged_at = seen.value_cents, seen.currency, uow.now
    row.first_fault_at = (row.first_fault_at or uow.now) if faults else None
    await uow.session.flush()


def _match(uow: UnitOfWork, parcel: CustomsParcel, found: judge.Judgement, faults: Sequence[judge.Fault]) -> None:
    """The parcel's declaration follows the judgement while it is not with customs."""
    parcel.mode = found.mode or parcel.mode
    if parcel.state in ("draft", "matched", "corrected"):
        after = states.step(parcel.state, "differ" if faults else "match")
        if after != parcel.state:
            parcel.state, parcel.changed_at = after, uow.now


async def _hold_or_lift(
    uow: UnitOfWork, order: orders.OrderInfo, found: judge.Judgement, faults: Sequence[judge.Fault]
) -> None:
    if not faults:
        if any(h["kind"] == "shipping" and h["code"] == CHECK_DUE for h in order.holds):
            return  # the duty term is not chosen yet, and what it asks for not judged: OrderFreed comes back here
        await order_service.lift(uow, order.id, KIND, f"papers agree: {found.mode}" if found.mode != "domestic" else "")
        return
    gravest = min(faults, key=lambda f: judge.GRAVEST.index(f.code))
    said = gravest.said + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
    await order_service.hold(uow, order.id, KIND, gravest.code, said, [f.said for f in faults])
    if (
        gravest.code != "customs.declaration_held" and order.state not in GONE
    ):  # that one has its own incident and clock
        uow.emit(IncidentDetected(
            kind="customs.order_held", key=f"customs:{order.id}", subject=f"{order.ref}: {said}", owner="lead", due_h=DUE_H,
            detail={"order": order.ref, "mode": found.mode, "code": gravest.code, "faults": [f.said for f in faults]},
        ))  # fmt: skip


async def fix_mode(uow: UnitOfWork, order_id: UUID, mode: str, reason: str) -> None:
    """A person decides how an order is declared; empty: the table decides again. Errors: NotFixable, ReasonMissing, NoSuchOrder."""
    if mode and mode not in sheets.MODES:
        raise refusals.NotFixable(mode=mode)
    if not reason.strip():
        raise refusals.ReasonMissing()
    order = await order_service.lock(uow, order_id)
    row = await queries.judged(uow, order_id)
    if order.state in GONE or any(p.declared for p in await queries.parcels(uow, order_id)):
        raise refusals.NotFixable(mode=mode, state=order.state)
    row.fixed = uow.actor.id if mode else ""
    await uow.session.flush()
    await order_service.set_customs_mode(
        uow, order_id, mode, f"{mode or 'by the table'}: {reason.strip()} ({uow.actor.id})"
    )
    await judge_order(uow, order_id)


async def rejudge(uow: UnitOfWork, most: int = 5_000) -> int:
    """Have the orders judged again that are held by customs, each in a transaction of its own. Returns how many."""
    waiting = await orders.held(uow, KIND, most)
    for order_id in waiting:
        uow.emit(JudgementDue(order_id=order_id))
    return len(waiting)

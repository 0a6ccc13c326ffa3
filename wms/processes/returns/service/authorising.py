"""Ask for a return, decide it by the policy of the day, and let it end by time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from wms.db.uow import UnitOfWork
from wms.events.returns import MatterSettled, ReturnAuthorised
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.kernel.ids import uuid7
from wms.processes.returns import queries
from wms.processes.returns.rules import policy, refusals, states
from wms.processes.returns.service import closing, labelling
from wms.processes.returns.service.closing import change, lock, why
from wms.processes.returns.tables import Rma, RmaLine


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pieces that the host asks to take back; `sku` may be a bundle's code: it comes back by component."""

    sku: str
    qty_each: int
    reason: str = ""


async def number(uow: UnitOfWork, prefix: str) -> str:
    """A new number; never used twice."""
    serial = await uow.session.scalar(text("SELECT nextval('return_number_seq')"))
    return f"{prefix}{int(serial or 0):06d}"


def buyer_of(order: orders.OrderInfo) -> str:
    """Hash that tells buyers apart without naming them: by e-mail, else by name and address; empty: nothing is known."""
    to = {
        k: str(order.destination.get(k) or "").strip().lower()
        for k in ("email", "name", "postcode", "zip", "street", "country")
    }
    if to["email"]:
        known = f"{order.channel}|{to['email']}"
    elif to["name"] and (to["street"] or to["postcode"] or to["zip"]):
        known = "|".join((order.channel, to["name"], to["street"], to["postcode"] or to["zip"], to["country"]))
    else:
        return ""
    return hashlib.sha256(f"wharfinger.returns|{known}".encode()).hexdigest()


async def request(
    uow: UnitOfWork, channel: str, ref: str, order_ref: str, reason: str, lines: Sequence[Wanted]
) -> UUID:
    """Ask for pieces of a shipped order. The same reference again is answered with what was decided.

    Errors: UnknownOrder, NotShipped, LinesRefused naming each line, RefTaken when the reference comes back with other lines.
    """
    # One reference at a time: two orders may be asked for under the same one at once.
    await uow.alone(f"returns.ref:{channel}|{ref}")
    found = await orders.find_order(uow, order_ref, channel)
    order = await order_service.lock(uow, found.id)
    if order.state != "shipped":
        raise refusals.NotShipped(ref=order_ref, state=order.state)
    existing = await queries.find_ref(uow, channel, ref)
    asked = await _explode(uow, order, lines, reason)
    if existing is not None:
        same = sorted((x.sku_id, x.qty_each, x.reason) for x in existing.lines if x.qty_each)
        summed: dict[tuple[int, str], int] = {}
        for sku_id, qty, because in same:
            summed[sku_id, because] = summed.get((sku_id, because), 0) + qty
        if existing.order_id != order.id or summed != asked:
            raise refusals.RefTaken(ref=ref)
        return existing.id
    picked = await _allot(uow, order, asked)
    rma_id = await _open(uow, order, channel, ref, reason, picked)
    await decide(uow, rma_id)
    return rma_id


async def _explode(
    uow: UnitOfWork, order: orders.OrderInfo, lines: Sequence[Wanted], reason: str
) -> dict[tuple[int, str], int]:
    """(SKU id, reason) to pieces. Errors: LinesRefused."""
    known = await catalog.skus_by_code(uow, {x.sku for x in lines})
    parts = await catalog.bundle_parts(uow, [s.id for s in known.values()])
    asked: dict[tuple[int, str], int] = {}
    faults = []
    for n, x in enumerate(lines, 1):
        if x.sku not in known:
            faults.append(f"lines[{n}].sku: unknown sku {x.sku!r}")
        elif not 1 <= x.qty_each <= 100_000:
            faults.append(f"lines[{n}].qty_each: {x.qty_each} is not 1..100000")
        elif (x.reason or reason) not in states.REASONS:
            faults.append(f"lines[{n}].reason: one of {', '.join(states.REASONS)}")
        else:
            sku_id = known[x.sku].id
            for part_id, per_bundle in parts.get(sku_id, [(sku_id, 1)]):
                key = (part_id, x.reason or reason)
                asked[key] = asked.get(key, 0) + x.qty_each * per_bundle
    if not lines:
        faults.append("lines: at least one")
    if faults:
        raise refusals.LinesRefused(count=len(faults), faults=faults[:50])
    return asked


async def _allot(
    uow: UnitOfWork, order: orders.OrderInfo, asked: dict[tuple[int, str], int]
) -> list[tuple[orders.LineInfo, int, str]]:
    """Order lines that the pieces are taken from. Errors: LinesRefused where more is asked than was shipped and is not claimed."""
    before = await queries.of_order(uow, order.id)
    left = {x.id: states.left_each(x.picked_each, queries.claims(before, x.id)) for x in order.lines}
    skus = await catalog.skus(uow, {sku_id for sku_id, _ in asked})
    taken, faults = [], []
    for (sku_id, reason), qty in asked.items():
        open_each = qty
        for x in order.lines:
            take = min(open_each, left[x.id]) if x.sku_id == sku_id else 0
            if take:
                taken.append((x, take, reason))
                left[x.id] -= take
                open_each -= take
        if open_each:
            faults.append(f"{skus[sku_id].code}: {qty} asked, {qty - open_each} can still be returned")
    if faults:
        raise refusals.LinesRefused(count=len(faults), faults=faults[:50])
    return taken


async def _open(
    uow: UnitOfWork, order: orders.OrderInfo, channel: str, ref: str, reason: str,
    lines: Sequence[tuple[orders.LineInfo, int, str]],
) -> UUID:  # fmt: skip
    site = await queries.site(uow)
    name = await number(uow, "RMA")
    row = Rma(
        id=uuid7(), number=name, channel=channel, ref=ref or name, order_id=order.id, order_ref=order.ref, state="held", reason=reason,
        why=[], currency=order.currency, order_cents=sum(x.value_cents * x.picked_each for x in order.lines),
        rate=site.rate(order.currency), buyer=buyer_of(order), requested_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    for line, qty, because in lines:
        uow.session.add(RmaLine(
            id=uuid7(), rma_id=row.id, order_line_id=line.id, sku_id=line.sku_id, qty_each=qty, reason=because,
            value_cents=line.value_cents,
        ))  # fmt: skip
    await uow.session.flush()
    return row.id


async def decide(uow: UnitOfWork, rma_id: UUID) -> None:
    """Decide a held return by the policy of the day. Without one that is valid it stays held, and an incident tells."""
    r = await lock(uow, rma_id)
    if r.state != "held":
        return
    today = await uow.today()
    rows, any_loaded = await queries.policy_on(uow, today)
    site = await queries.site(uow)
    rate = site.rate(r.currency)
    hold = "" if rows is not None else "returns.policy_expired" if any_loaded else "returns.no_policy"
    hold = hold or ("" if rate else "returns.no_rate")
    made = policy.choose(rows or [], await _asked(uow, r, rate))
    row = made.row
    hold = hold or (refusals.NoDepot.code if row and row.service and site.depot is None else "")
    if hold:
        because = {
            "returns.no_rate": f"no exchange rate for {r.currency}", refusals.NoDepot.code: "no depot that a carrier brings it to",
        }.get(hold, f"no policy is valid on {today}")  # fmt: skip
        await closing.hold(uow, r, hold, because)
        return
    values: dict[str, Any] = {
        "method": made.method, "hold_code": "", "rate": rate, "why": [*r.why, why(uow, made.method, made.why)],
        "address": row.address if row else "", "restock_pct": row.restock_pct if row else 0,
        "label_cents": row.label_cents if row and made.method == "label" else 0,
    }  # fmt: skip
    if r.hold_code:
        uow.emit(MatterSettled(key=closing.held_key(rma_id), outcome=made.why))
    if made.method == "refuse":
        await change(uow, rma_id, state=states.step(r.state, "refuse"), closed_at=uow.now, **values)
        uow.send_host(
            "return.refused",
            {"ref": r.ref, "number": r.number, "order": r.order_ref, "why": made.why},
            ref=f"rma:{rma_id}",
        )
        return
    if made.method == "keep":
        await change(uow, rma_id, state=states.step(r.state, "keep"), closed_at=uow.now, **values)
        await closing.settle(uow, rma_id)
        await closing.suspect(uow, rma_id)
        await closing.advise(uow, rma_id)
        await closing.tell_authorised(uow, rma_id)
        return
    await change(uow, rma_id, **values)
    if row and row.service:
        await labelling.want(uow, rma_id, row, site)
    else:
        await closing.authorise(uow, rma_id)


async def _asked(uow: UnitOfWork, r: queries.RmaInfo, rate: float) -> policy.Asked:
    order = await orders.order(uow, r.order_id)
    skus = await catalog.skus(uow, {x.sku_id for x in r.lines})
    delivered = await queries.delivered_at(uow, r.order_id)
    since = delivered or order.shipped_at or uow.now
    return policy.Asked(
        country=str(order.destination.get("country") or "").upper(),
        value_cents=round(rate * sum(x.value_cents * x.qty_each for x in r.lines)),
        weight_g=sum(skus[x.sku_id].weight_g * x.qty_each for x in r.lines),
        families=frozenset(skus[x.sku_id].family for x in r.lines), reasons=frozenset(x.reason for x in r.lines),
        days=max(0, (uow.now - since).days), basis="delivery" if delivered else "shipping",
    )  # fmt: skip


async def open_unannounced(uow: UnitOfWork, order_id: UUID, station: str, because: str) -> UUID:
    """A parcel of an order came back that nobody asked to return: all that may still come is expected.

    Errors: NotShipped, NotAuthorised while a return of it is held, MoreThanShipped when everything is back already.
    """
    order = await order_service.lock(uow, order_id)
    if order.state != "shipped":
        raise refusals.NotShipped(ref=order.ref, state=order.state)
    before = await queries.of_order(uow, order.id)
    lines = [
        (x, left, "unannounced")
        for x in order.lines if (left := states.left_each(x.picked_each, queries.claims(before, x.id)))
    ]  # fmt: skip
    if waiting := next((r for r in before if r.state in states.DECIDING), None):
        raise refusals.NotAuthorised(number=waiting.number, state=waiting.hold_code or waiting.state)
    if not lines:
        raise refusals.MoreThanShipped(sku=order.ref, qty_each=1, most_each=0)
    rma_id = await _open(uow, order, order.channel, "", "unannounced", lines)
    await change(
        uow, rma_id, state="at_bench", method="unannounced", station=station, arrived_at=uow.now,
        why=[why(uow, "unannounced", because)],
    )  # fmt: skip
    r = await queries.rma(uow, rma_id)
    uow.emit(ReturnAuthorised(rma_id=rma_id, order_id=order.id, number=r.number, method="unannounced"))
    return rma_id


async def cancel(uow: UnitOfWork, rma_id: UUID, reason: str) -> None:
    """The host or a lead takes a return back that nothing has come of yet. Asking again changes nothing.

    Errors: UnknownReturn, WrongState, ReasonNeeded.
    """
    r = await lock(uow, rma_id)
    if r.state == "cancelled":
        return
    if not reason.strip():
        raise refusals.ReasonNeeded()
    if r.hold_code:
        uow.emit(MatterSettled(key=closing.held_key(rma_id), outcome="the return was cancelled"))
    await _end(uow, r, "cancel", "cancelled", reason.strip()[:200])


async def expire(uow: UnitOfWork) -> None:
    """Authorisations past their day stand no longer; their pieces may be asked for again."""
    late = await uow.session.scalars(
        select(Rma.id)
        .where(Rma.state == "authorised", Rma.expires_at < uow.now)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    for rma_id in list(late):
        await _end(uow, await queries.rma(uow, rma_id), "expire", "expired", "nothing came in time")


async def _end(uow: UnitOfWork, r: queries.RmaInfo, event: str, name: str, because: str) -> None:
    """It stands no longer; a label that nobody used is given back."""
    await change(
        uow, r.id, state=states.step(r.state, event), hold_code="", why=[*r.why, why(uow, name, because)],
        closed_at=uow.now if event == "cancel" else None,
    )  # fmt: skip
    await labelling.drop(uow, r, f"return {name}: {because}")
    uow.send_host(
        f"return.{name}", {"ref": r.ref, "number": r.number, "order": r.order_ref, "why": because}, ref=f"rma:{r.id}"
    )

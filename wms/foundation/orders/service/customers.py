"""Accept, change, cancel and advance customers' orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.base import among
from wms.db.uow import UnitOfWork
from wms.events.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderCancelRequested,
    OrderChanged,
    OrderFreed,
    OrderHeld,
    OrderShipped,
)
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries, rules
from wms.foundation.orders.tables import (
    Carriage,
    CustomerOrder,
    OrderCheck,
    OrderLine,
)
from wms.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class OrderDraft:
    ref: str
    lines: tuple[tuple[str, int], ...]
    """(SKU code, pieces)."""
    channel: str = "shop"
    carrier: str = "POST"
    cutoff_at: datetime | None = None
    priority: int = 5
    destination: dict[str, Any] = field(default_factory=dict)
    short_policy: str = "ship_partial"
    parcels_max: int = 3
    service: str = ""
    """The host may fix service, duty term and customs mode; else they are chosen here."""
    duty_term: str = ""
    customs_mode: str = ""
    currency: str = "USD"
    promised_at: datetime | None = None
    gift: dict[str, Any] = field(default_factory=dict)
    values: tuple[int, ...] = ()
    """Declared value of one piece, in cents, line by line; none: the SKU's."""
    may_split: bool = False
    """Of a complete-only order: other warehouses may send a part of it."""


_CHOICES = ("service", "duty_term", "customs_mode")


def _faults(draft: OrderDraft, known: dict[str, catalog.SkuInfo]) -> list[str]:
    faults = []
    if not draft.ref or len(draft.ref) > 64:
        faults.append("ref: 1 to 64 characters")
    for name, value in (("channel", draft.channel), ("carrier", draft.carrier)):
        if not 0 < len(value) <= 40 or "/" in value or not value.isprintable():
            faults.append(f"{name}: 1 to 40 printable characters without '/'")
    if not draft.lines:
        faults.append("lines: at least one")
    for n, (sku, qty_each) in enumerate(draft.lines, 1):
        if sku not in known:
            faults.append(f"lines[{n}].sku: unknown sku {sku!r}")
        if not 1 <= qty_each <= 100_000:
            faults.append(f"lines[{n}].qty_each: {qty_each} is not 1..100000")
    if draft.short_policy not in rules.SHORT_POLICIES:
        faults.append(f"short_policy: one of {', '.join(rules.SHORT_POLICIES)}")
    if not 1 <= draft.priority <= 9:
        faults.append("priority: 1..9")
    if not draft.destination.get("country"):
        faults.append("destination.country: missing")
    for name, value, known_values in (
        ("duty_term", draft.duty_term, rules.DUTY_TERMS), ("customs_mode", draft.customs_mode, rules.CUSTOMS_MODES),
    ):  # fmt: skip
        if value not in known_values:
            faults.append(f"{name}: one of {', '.join(v for v in known_values if v)}")
    if not (len(draft.currency) == 3 and draft.currency.isascii() and draft.currency.isupper()):
        faults.append("currency: three capital letters (ISO 4217)")
    if not 1 <= draft.parcels_max <= 50:
        faults.append("parcels_max: 1..50")
    if any(not 0 <= cents <= 10**9 for cents in draft.values):
        faults.append("lines.value_cents: 0..10^9")
    if draft.promised_at is not None and draft.promised_at.tzinfo is None:
        faults.append("promised_at: with its time zone")
    return faults


async def accept_orders(uow: UnitOfWork, drafts: Sequence[OrderDraft]) -> list[UUID]:
    """Accept orders, all or nothing; bundles are exploded here. The same order again is answered, not doubled.

    Errors: OrderRefused naming each faulty field, OrderExists when a reference comes back with other lines.
    """
    known = await catalog.skus_by_code(uow, {sku for d in drafts for sku, _ in d.lines})
    faults = [f"{d.ref or '?'}: {fault}" for d in drafts for fault in _faults(d, known)]
    if faults:
        raise rules.OrderRefused(count=len(faults), faults=faults[:50])
    parts, checks = await catalog.bundle_parts(uow, [s.id for s in known.values()]), await queries.checks(uow)
    there = {
        (r.channel, r.ref): r.id
        for r in await uow.session.execute(
            select(CustomerOrder.channel, CustomerOrder.ref, CustomerOrder.id)
            .where(CustomerOrder.ref.in_([d.ref for d in drafts]))
        )
    }  # fmt: skip
    ids = []
    for draft in drafts:
        lines = _explode(draft, known, parts)
        values = _values(draft, known)
        if (existing := there.get((draft.channel, draft.ref))) is not None:
            await _check_same(uow, existing, lines, draft.ref)
            ids.append(existing)
            continue
        ids.append(_add(uow, draft, lines, known, values, checks))
        there[(draft.channel, draft.ref)] = ids[-1]
    await uow.session.flush()
    return ids


def _explode(
    draft: OrderDraft, known: dict[str, catalog.SkuInfo], parts: dict[int, list[tuple[int, int]]]
) -> list[tuple[int, int, str]]:
    lines: dict[tuple[int, str], int] = {}
    for code, qty_each in draft.lines:
        sku_id = known[code].id
        for part_id, per_bundle in parts.get(sku_id, [(sku_id, 1)]):
            key = (part_id, code if sku_id in parts else "")
            lines[key] = lines.get(key, 0) + qty_each * per_bundle
    return [(sku_id, qty_each, bundle) for (sku_id, bundle), qty_each in lines.items()]


async def _check_same(uow: UnitOfWork, order_id: UUID, lines: list[tuple[int, int, str]], ref: str) -> None:
    there = sorted((x.sku_id, x.qty_each, x.bundle) for x in (await queries.order(uow, order_id)).lines)
    if there != sorted(lines):
        raise rules.OrderExists(ref=ref)


def _values(draft: OrderDraft, known: dict[str, catalog.SkuInfo]) -> dict[int, int]:
    """SKU id to declared value of one piece; parts of a bundle are declared at their own value."""
    told = {known[sku].id: cents for (sku, _), cents in zip(draft.lines, draft.values, strict=False) if cents}
    return {s.id: s.value_cents for s in known.values()} | told


def _check_due(kinds: Sequence[str], at: datetime) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "code": rules.CHECK_DUE, "why": "not judged yet", "fields": [], "at": at.isoformat()}
        for kind in kinds
    ]


def _add(
    uow: UnitOfWork, draft: OrderDraft, lines: list[tuple[int, int, str]], known: dict[str, catalog.SkuInfo],
    values: dict[int, int], checks: Sequence[str],
) -> UUID:  # fmt: skip
    order_id = uuid7()
    uow.session.add(
        CustomerOrder(
            id=order_id, channel=draft.channel, ref=draft.ref, owner_id=known[draft.lines[0][0]].owner_id, state="accepted",
            priority=draft.priority, cutoff_at=draft.cutoff_at or uow.now + timedelta(hours=8), carrier=draft.carrier,
            destination=draft.destination, short_policy=draft.short_policy, why=[], parcels=[], accepted_at=uow.now,
            service=draft.service, duty_term=draft.duty_term, customs_mode=draft.customs_mode, currency=draft.currency,
            promised_at=draft.promised_at, gift=draft.gift, holds=_check_due(checks, uow.now), parcels_max=draft.parcels_max,
            may_split=draft.may_split, fixed={name: getattr(draft, name) for name in _CHOICES if getattr(draft, name)},
        )
    )  # fmt: skip
    for sku_id, qty_each, bundle in lines:
        uow.session.add(OrderLine(
            order_id=order_id, sku_id=sku_id, qty_each=qty_each, bundle=bundle, value_cents=values.get(sku_id, 0),
        ))  # fmt: skip
    uow.emit(OrderAccepted(order_id=order_id, ref=draft.ref))
    return order_id


async def lock(uow: UnitOfWork, order_id: UUID) -> queries.OrderInfo:
    """The order, its row locked until the transaction ends. Errors: UnknownOrder."""
    await uow.session.execute(select(CustomerOrder.id).where(CustomerOrder.id == order_id).with_for_update())
    return await queries.order(uow, order_id)


async def lock_all(uow: UnitOfWork, order_ids: Collection[UUID]) -> dict[UUID, queries.OrderInfo]:
    """These orders by id, their rows locked in id order until the transaction ends."""
    await uow.session.execute(
        select(CustomerOrder.id).where(among(CustomerOrder.id, order_ids)).order_by(CustomerOrder.id).with_for_update()
    )
    return await queries.orders(uow, order_ids)


async def advance(uow: UnitOfWork, order_id: UUID, event: str, *, why: str = "") -> str:
    """Move the order one step of its state table. Returns the new state. Errors: WrongState, UnknownOrder."""
    order = await lock(uow, order_id)
    state = rules.step(order.state, event)
    values: dict[str, Any] = {"state": state, "version": CustomerOrder.version + 1}
    if why:
        values["why"] = [*order.why, {"at": uow.now.isoformat(), "step": event, "why": why}]
    if state in rules.STAMPED:
        values[rules.STAMPED[state]] = uow.now
    if state == "shipped":
        uow.emit(OrderShipped(order_id=order_id, ref=order.ref))
    if state == "cancelled":
        uow.emit(OrderCancelled(order_id=order_id, ref=order.ref, reason=why or event))
    await uow.session.execute(update(CustomerOrder).where(CustomerOrder.id == order_id).values(**values))
    return state


async def ship_all(uow: UnitOfWork, locked: Collection[queries.OrderInfo]) -> None:
    """These orders, locked and loaded, have left, all at once. Errors: WrongState of the first that is not loaded."""
    for order in locked:
        rules.step(order.state, "ship")
    await uow.session.execute(
        update(CustomerOrder).where(among(CustomerOrder.id, [o.id for o in locked]))
        .values(state="shipped", shipped_at=uow.now, version=CustomerOrder.version + 1)
    )  # fmt: skip
    await uow.emit_all([OrderShipped(order_id=order.id, ref=order.ref) for order in locked])


async def require_check(uow: UnitOfWork, kind: str) -> None:
    """Every order accepted or changed from now on is held until the process of this kind has judged it."""
    await uow.session.execute(insert(OrderCheck).values(kind=kind, since=uow.now).on_conflict_do_nothing())


async def hold(uow: UnitOfWork, order_id: UUID, kind: str, code: str, why: str, fields: Sequence[str] = ()) -> None:
    """Stop the order where it is, for one reason a kind; a new reason takes the place of the old. Not once it has left."""
    order = await lock(uow, order_id)
    if order.state in ("shipped", "cancelled"):
        return
    there = next((h for h in order.holds if h["kind"] == kind), None)
    if there and (there["code"], there["why"], there["fields"]) == (code, why, list(fields)):
        return
    at = uow.now.isoformat()
    fresh = {"kind": kind, "code": code, "why": why, "fields": list(fields), "at": at}
    await _put_holds(uow, order, [*(h for h in order.holds if h["kind"] != kind), fresh], f"held, {kind}", why)
    uow.emit(OrderHeld(order_id=order_id, kind=kind, code=code, why=why))


async def lift(uow: UnitOfWork, order_id: UUID, kind: str, why: str = "") -> None:
    """End the hold of this kind, if there is one."""
    order = await lock(uow, order_id)
    left = [h for h in order.holds if h["kind"] != kind]
    if len(left) == len(order.holds):
        return
    await _put_holds(uow, order, left, f"freed, {kind}", why)
    uow.emit(OrderFreed(order_id=order_id, kind=kind, holds_left=len(left)))


async def _put_holds(
    uow: UnitOfWork, order: queries.OrderInfo, holds: list[dict[str, Any]], step: str, why: str
) -> None:
    values: dict[str, Any] = {"holds": holds, "version": CustomerOrder.version + 1}
    if why:
        values["why"] = [*order.why, {"at": uow.now.isoformat(), "step": step, "why": why}]
    await uow.session.execute(update(CustomerOrder).where(CustomerOrder.id == order.id).values(**values))


@dataclass(frozen=True, slots=True)
class ParcelTerms:
    """What the service asks of a parcel: greatest weight, greatest declared value in the order's currency (0: no limit),
    and the key of what it charges (empty: not known)."""

    max_g: int = 0
    max_cents: int = 0
    carriage: str = ""


async def route(
    uow: UnitOfWork, order_id: UUID, *, carrier: str, service: str, duty_term: str, why: str, terms: ParcelTerms
) -> None:
    """Keep which carrier's service takes the order, what it asks of its parcels, who pays duty, and why."""
    order = await lock(uow, order_id)
    await uow.session.execute(
        update(CustomerOrder).where(CustomerOrder.id == order_id).values(
            carrier=carrier, service=service, duty_term=duty_term, parcel_max_g=terms.max_g, parcel_max_cents=terms.max_cents,
            carriage=terms.carriage, version=CustomerOrder.version + 1,
            why=[*order.why, {"at": uow.now.isoformat(), "step": "channel", "why": why}],
        )
    )  # fmt: skip


async def keep_prices(uow: UnitOfWork, key: str, prices: rules.Prices) -> None:
    """Keep what a service charges. A key that is known already stays as it is."""
    row = insert(Carriage).values(
        key=key, ladders={carton: [list(step) for step in steps] for carton, steps in prices.ladders.items()},
        as_is={str(sku_id): cents for sku_id, cents in prices.as_is.items()}, divisor=prices.divisor,
        dim_over_mm=prices.dim_over_mm,
    )  # fmt: skip
    await uow.session.execute(row.on_conflict_do_nothing())


async def set_customs_mode(uow: UnitOfWork, order_id: UUID, mode: str, why: str) -> None:
    """Keep how the order is declared, and why."""
    order = await lock(uow, order_id)
    await uow.session.execute(
        update(CustomerOrder).where(CustomerOrder.id == order_id).values(
            customs_mode=mode, why=[*order.why, {"at": uow.now.isoformat(), "step": "customs", "why": why}],
        )
    )  # fmt: skip


async def forget_identity(uow: UnitOfWork, order_id: UUID) -> None:
    """Of who the order went to only the country stays: its retention has ended. Only once it has left or was cancelled."""
    order = await lock(uow, order_id)
    if order.state in ("shipped", "cancelled"):
        kept = {k: v for k, v in order.destination.items() if k in ("country", "commercial")}
        await uow.session.execute(
            update(CustomerOrder).where(CustomerOrder.id == order_id).values(destination=kept, gift={})
        )


async def plan_parcels(uow: UnitOfWork, order_id: UUID, parcels: list[dict[str, Any]], why: str) -> None:
    """Keep which cartons the order is to be packed in, and why."""
    order = await queries.order(uow, order_id)
    await uow.session.execute(
        update(CustomerOrder).where(CustomerOrder.id == order_id)
        .values(parcels=parcels, why=[*order.why, {"at": uow.now.isoformat(), "step": "carton", "why": why}])
    )  # fmt: skip


async def request_cancel(uow: UnitOfWork, order_id: UUID, reason: str) -> str:
    """Cancel at any stage before departure. Returns the effect: drop, stop, divert, void_label or pull_off.

    Errors: Departed, UnknownOrder. Asking again changes nothing.
    """
    order = await lock(uow, order_id)
    if order.state == "shipped":
        raise rules.Departed(ref=order.ref)
    if order.state == "cancelled":
        return "drop"
    effect = rules.CANCEL_EFFECT[order.state]
    if order.cancel_requested_at is not None:
        return effect
    await uow.session.execute(
        update(CustomerOrder).where(CustomerOrder.id == order_id).values(cancel_requested_at=uow.now)
    )
    if effect == "drop":
        await advance(uow, order_id, "cancel", why=reason)
    else:
        uow.emit(OrderCancelRequested(order_id=order_id, effect=effect))
    return effect


async def change(
    uow: UnitOfWork, order_id: UUID, *, destination: dict[str, Any] | None = None,
    lines: Sequence[tuple[str, int]] | None = None, priority: int | None = None,
) -> str:  # fmt: skip
    """Change address, lines or priority. Returns the state at the change; later stages answer OrderChanged.

    Errors: Departed, WrongState (lines after release, use cancel or a new order), OrderRefused.
    """
    order = await lock(uow, order_id)
    if order.state == "shipped":
        raise rules.Departed(ref=order.ref)
    if order.state == "cancelled" or order.cancel_requested_at is not None:
        raise rules.OrderIsCancelled(ref=order.ref)
    what: list[str] = []
    values: dict[str, Any] = {"version": CustomerOrder.version + 1}
    if destination is not None and destination != order.destination:
        if not destination.get("country"):
            raise rules.OrderRefused(count=1, faults=["destination.country: missing"])
        if order.state not in rules.ADDRESS_UNTIL:
            await advance(uow, order_id, "relabel", why="new address: the label is void")
        values["destination"] = destination
        what.append("destination")
    if priority is not None:
        values["priority"] = priority
        what.append("priority")
    if lines is not None:
        if order.state not in rules.LINES_UNTIL:
            raise rules.WrongState(state=order.state, event="change_lines")
        await _replace_lines(uow, order, lines)
        what.append("lines")
    if ("destination" in what or "lines" in what) and (due := await queries.checks(uow)):
        values["holds"] = [*(h for h in order.holds if h["kind"] not in due), *_check_due(due, uow.now)]
    await uow.session.execute(update(CustomerOrder).where(CustomerOrder.id == order_id).values(**values))
    uow.emit(OrderChanged(order_id=order_id, state=order.state, what=what))
    return order.state


async def _replace_lines(uow: UnitOfWork, order: queries.OrderInfo, lines: Sequence[tuple[str, int]]) -> None:
    draft = OrderDraft(ref=order.ref, lines=tuple(lines), destination=order.destination)
    known = await catalog.skus_by_code(uow, {sku for sku, _ in lines})
    if faults := _faults(draft, known):
        raise rules.OrderRefused(count=len(faults), faults=faults[:50])
    parts = await catalog.bundle_parts(uow, [s.id for s in known.values()])
    for row in await uow.session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)):
        await uow.session.delete(row)
    values = _values(draft, known) | {x.sku_id: x.value_cents for x in order.lines}
    for sku_id, qty_each, bundle in _explode(draft, known, parts):
        uow.session.add(OrderLine(
            order_id=order.id, sku_id=sku_id, qty_each=qty_each, bundle=bundle, value_cents=values.get(sku_id, 0),
        ))  # fmt: skip
    await uow.session.flush()


async def add_picked(uow: UnitOfWork, line_id: UUID, qty_each: int) -> None:
    """Count picked pieces (negative when an undo puts them back)."""
    await uow.session.execute(
        update(OrderLine).where(OrderLine.id == line_id).values(picked_each=OrderLine.picked_each + qty_each)
    )


async def add_short(uow: UnitOfWork, line_id: UUID, qty_each: int) -> None:
    """Count pieces that will not come with this order."""
    await uow.session.execute(
        update(OrderLine).where(OrderLine.id == line_id).values(short_each=OrderLine.short_each + qty_each)
    )


async def clear_progress(uow: UnitOfWork, order_id: UUID) -> None:
    """Back to nothing picked and nothing short: the order was taken out of its wave. What others send they still send."""
    await uow.session.execute(
        update(OrderLine)
        .where(OrderLine.order_id == order_id)
        .values(picked_each=0, short_each=OrderLine.elsewhere_each)
    )


async def move_elsewhere(uow: UnitOfWork, order_id: UUID, pieces: Mapping[UUID, int], why: str) -> None:
    """Line id to open pieces that another warehouse sends: they will not be shipped with this order.

    Only while it waits. Errors: WrongState.
    """
    order = await lock(uow, order_id)
    if order.state not in rules.LINES_UNTIL:
        raise rules.WrongState(state=order.state, event="move_elsewhere")
    await _shift(uow, order, pieces, "elsewhere", why)


async def bring_back(uow: UnitOfWork, order_id: UUID, pieces: Mapping[UUID, int], why: str) -> None:
    """Line id to pieces that no other warehouse sends after all: they are open here again. Errors: WrongState."""
    order = await lock(uow, order_id)
    if order.state not in rules.LINES_UNTIL:
        raise rules.WrongState(state=order.state, event="bring_back")
    await _shift(uow, order, {line: -n for line, n in pieces.items()}, "back_here", why)


async def _shift(uow: UnitOfWork, order: queries.OrderInfo, pieces: Mapping[UUID, int], step: str, why: str) -> None:
    for line_id, n in sorted(pieces.items()):
        await uow.session.execute(
            update(OrderLine).where(OrderLine.id == line_id, OrderLine.order_id == order.id)
            .values(short_each=OrderLine.short_each + n, elsewhere_each=OrderLine.elsewhere_each + n)
        )  # fmt: skip
    await uow.session.execute(
        update(CustomerOrder).where(CustomerOrder.id == order.id).values(
            version=CustomerOrder.version + 1, why=[*order.why, {"at": uow.now.isoformat(), "step": step, "why": why}],
        )
    )  # fmt: skip
    uow.emit(OrderChanged(order_id=order.id, state=order.state, what=["elsewhere"]))

"""What bench and line do alike: judge a weight, print, follow printers, note a label that is on; void and relabel."""

import base64
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.packing import CartEmptied, LabelDropped, LabelWanted, ParcelLabelled, ParcelWeighed
from wms.events.picking import GoodsToPutBack
from wms.events.shipping import LabelBought, LabelRefused
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.kernel.errors import Refusal
from wms.processes.packing import queries, rules
from wms.processes.packing.service import containers, weights
from wms.processes.packing.tables import Parcel, SingleWait


async def lock(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    await uow.session.execute(select(Parcel.id).where(Parcel.id == parcel_id).with_for_update())
    return await queries.parcel(uow, parcel_id)


async def put(uow: UnitOfWork, parcel_id: UUID, **values: object) -> None:
    await uow.session.execute(update(Parcel).where(Parcel.id == parcel_id).values(**values))


async def check_alive(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    order = await orders.order(uow, parcel.order_id)
    if order.cancel_requested_at is not None or parcel.state == "void":
        raise order_rules.OrderIsCancelled(ref=order.ref)


async def judge_weight(uow: UnitOfWork, parcel: queries.ParcelInfo, weight_g: int, interval_g: int) -> bool:
    """A stable weight of a parcel: agree and print, or no label and an incident. Returns whether it agrees."""
    told = await weights.expectation(uow, parcel, interval_g)
    tolerance, agrees = told.tolerance_g, told.agrees(weight_g)
    uow.emit(ParcelWeighed(
        parcel_id=parcel.id, order_id=parcel.order_id, weight_g=weight_g, expected_g=told.expected_g, tolerance_g=tolerance,
        agrees=agrees,
    ))  # fmt: skip
    state = rules.step(parcel.state, "agree" if agrees else "differ")
    await put(uow, parcel.id, state=state, weight_g=weight_g, expected_g=told.expected_g, tolerance_g=tolerance,
              weighed_at=uow.now, held="", offs=parcel.offs + (state != parcel.state and not agrees))  # fmt: skip
    await ledger.weigh_unit(uow, parcel.hu_id, weight_g)
    if agrees:
        await weights.learn(uow, parcel, weight_g)
        await follow_order(uow, parcel, "picked", "pack", rules.WEIGHED)
        await print_label(uow, parcel.id)
        return True
    uow.emit(IncidentDetected(
        kind="pack.weight_off", key=f"weight:{parcel.id}",
        subject=f"Parcel {parcel.sscc}: {weight_g} g, expected {told.expected_g} ± {tolerance} g",
        detail={"parcel": str(parcel.id), "sscc": parcel.sscc, "weight_g": weight_g, "expected_g": told.expected_g,
                "tolerance_g": tolerance, "station": parcel.station, "tote": parcel.tote}
        | ({"line": parcel.line, "plate": parcel.plate} if parcel.line else {}), owner="lead", due_h=1.0,
    ))  # fmt: skip
    return False


async def follow_order(
    uow: UnitOfWork, parcel: queries.ParcelInfo, order_state: str, event: str, reached: Collection[str]
) -> None:
    """The order follows when all of its parcels have come that far."""
    order = await order_service.lock(uow, parcel.order_id)
    if order.state == order_state and all(p.state in reached for p in await queries.parcels_of(uow, parcel.order_id)):
        await order_service.advance(uow, parcel.order_id, event)


async def print_label(uow: UnitOfWork, parcel_id: UUID) -> None:
    """Print the house's label, or have the carrier's bought; a parcel whose order is held gets neither until it is free."""
    parcel = await queries.parcel(uow, parcel_id)
    order = await orders.order(uow, parcel.order_id)
    if order.holds:
        await put(uow, parcel_id, state=rules.step(parcel.state, "hold"))
        return
    if order.service:
        size = parcel.measured_mm or await containers.outer_mm(uow, parcel)
        uow.emit(LabelWanted(
            parcel_id=parcel.id, order_id=order.id, sscc=parcel.sscc, weight_g=parcel.weight_g, length_mm=size[0], width_mm=size[1],
            height_mm=size[2], contents={str(sku): qty for sku, qty in parcel.content.items()}, number=parcel.number, of=parcel.of,
        ))  # fmt: skip
        return
    printer = await _printer(uow, parcel)
    await labels.print_label(
        uow, "ship",
        {"carrier": order.carrier, "ref": order.ref, "destination": order.destination, "weight_g": parcel.weight_g,
         "sscc": parcel.sscc, "number": parcel.number, "of": parcel.of}
        | ({"plate": parcel.plate} if parcel.plate else {}),
        printer, f"packing.label:{parcel_id}",
    )  # fmt: skip


async def _printer(uow: UnitOfWork, parcel: queries.ParcelInfo) -> str:
    if parcel.line:
        return (await queries.line(uow, parcel.line)).printer
    return (await work.station(uow, parcel.station)).printer


async def print_bought(uow: UnitOfWork, event: LabelBought) -> None:
    """The carrier's label is there: print it, once its barcode is proven; else the parcel waits and says why."""
    parcel = await lock(uow, event.parcel_id)
    if parcel.state == "void" or parcel.sscc != event.sscc:  # cancelled, opened or numbered anew meanwhile
        uow.emit(LabelDropped(
            parcel_id=event.parcel_id, order_id=event.order_id, sscc=event.sscc, reason="not wanted any more"
        ))  # fmt: skip
        return
    ref = f"packing.label:{parcel.id}"
    if parcel.state == "label_failed" and not await labels.made(uow, ref, event.tracking):  # sold late, after all
        await put(uow, parcel.id, state=rules.step(parcel.state, "retry"))
    elif parcel.state != "labelling" or await labels.made(uow, ref, event.tracking, open_only=True):
        return  # told twice, or its order is held meanwhile
    await put(uow, parcel.id, tracking=event.tracking)
    try:
        await labels.print_carrier_label(
            uow,
            base64.b64decode(event.document),
            event.format,
            await _printer(uow, parcel),
            ref,
            expected=event.tracking,
        )
    except Refusal as refusal:
        await label_failed(uow, parcel.id, "failed", refusal.code, refusal.detail)


async def label_refused(uow: UnitOfWork, event: LabelRefused) -> None:
    """No carrier takes it, as it is: the parcel waits with the reason."""
    parcel = await lock(uow, event.parcel_id)
    if parcel.sscc == event.sscc:
        await label_failed(uow, parcel.id, "failed", event.code, event.why)


async def free(uow: UnitOfWork, order_id: UUID) -> None:
    """The order's last hold is gone: what waited for it is labelled, a parcel on a belt when it comes round."""
    for known in await queries.parcels_of(uow, order_id):
        parcel = await lock(uow, known.id)
        if parcel.state == "on_hold":
            await put(uow, parcel.id, state=rules.step(parcel.state, "miss" if parcel.line else "free"))
            if not parcel.line:
                await print_label(uow, parcel.id)


async def label_printed(uow: UnitOfWork, parcel_id: UUID) -> None:
    parcel = await lock(uow, parcel_id)
    if parcel.state == "labelling":
        await put(uow, parcel_id, state=rules.step(parcel.state, "printed"))


async def label_failed(uow: UnitOfWork, parcel_id: UUID, outcome: str, code: str, why: str = "") -> None:
    """Nothing came out: print again when mended. Unknown: this serial may exist on paper, so the parcel gets a new one."""
    parcel = await lock(uow, parcel_id)
    if parcel.state != "labelling":
        return
    await put(uow, parcel_id, state=rules.step(parcel.state, "fail"))
    if outcome == "unknown":
        await new_serial(uow, parcel)
    uow.emit(IncidentDetected(
        kind="pack.label_failed", key=f"label:{parcel_id}", subject=f"No label for parcel {parcel.sscc}: {why or code or outcome}",
        detail={"parcel": str(parcel_id), "outcome": outcome, "code": code, "why": why, "station": parcel.station}, owner="lead", due_h=0.5,
    ))  # fmt: skip


async def new_serial(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    sscc = await labels.next_sscc(uow)
    old = await stock.unit(uow, parcel.hu_id)
    hu_id = await ledger.create_unit(uow, "parcel", sscc, old.in_place_id, bound_to=parcel.order_id)
    held = await stock.content_of(uow, parcel.hu_id)
    await ledger.post(uow, [ledger.Line(h.grain, h.place_id, hu_id, h.qty_each, "new serial") for h in held])
    await ledger.close_unit(uow, parcel.hu_id)
    await ledger.weigh_unit(uow, hu_id, parcel.weight_g)
    await _void_labels(uow, parcel, "its number is void")
    await put(uow, parcel.id, hu_id=hu_id, sscc=sscc, tracking="")


async def _void_labels(uow: UnitOfWork, parcel: queries.ParcelInfo, reason: str) -> None:
    """No paper with the parcel's number counts any more, and what a carrier was paid for it is wanted back."""
    await labels.void(uow, f"packing.label:{parcel.id}")
    order = await orders.order(uow, parcel.order_id)
    if parcel.sscc and (order.service or parcel.tracking):
        uow.emit(LabelDropped(parcel_id=parcel.id, order_id=parcel.order_id, sscc=parcel.sscc, reason=reason))


async def mark_labelled(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    """Its label is on it, proven by a scan: the parcel goes to the ship lane and its tote is free. Errors: ParcelBusy."""
    state = rules.step(parcel.state, "apply")
    lanes = await layout.locations(uow, ["ship"])
    if lanes:
        await ledger.put_unit(uow, parcel.hu_id, lanes[0].id)
    await put(uow, parcel.id, state=state, labelled_at=uow.now)
    order = await orders.order(uow, parcel.order_id)
    uow.emit(ParcelLabelled(
        parcel_id=parcel.id, order_id=parcel.order_id, sscc=parcel.sscc, hu_id=parcel.hu_id, weight_g=parcel.weight_g,
        carrier=order.carrier, of=parcel.of, tracking=parcel.tracking,
    ))  # fmt: skip
    await follow_order(uow, parcel, "packed", "label", {"labelled"})
    await (free_shared(uow, parcel.tote) if parcel.single else free_tote(uow, parcel.tote, parcel.order_id))


async def free_shared(uow: UnitOfWork, code: str) -> None:
    """A tote of single units is free once it is empty and none of its pieces can come back into it."""
    tote = await stock.find_unit(uow, code)
    if (
        tote is None
        or tote.bound_to is None
        or await stock.content_of(uow, tote.id)
        or await queries.singles_live(uow, code)
    ):
        return
    await let_go(uow, code)
    await ledger.bind_unit(uow, tote.id, None)
    await release_cart(uow, tote.in_place_id)


async def let_go(uow: UnitOfWork, code: str) -> None:
    """The tote brings no single units any more; who still waits for one gets it from another."""
    here = SingleWait.tote == code
    await uow.session.execute(delete(SingleWait).where(here, SingleWait.matched_at.is_not(None)))
    await uow.session.execute(update(SingleWait).where(here).values(tote=""))


async def free_tote(uow: UnitOfWork, code: str, order_id: UUID) -> None:
    """An emptied tote is free; a cart without bound totes goes back."""
    tote = await stock.find_unit(uow, code)
    if tote is None or tote.bound_to != order_id or await stock.content_of(uow, tote.id):
        return
    await ledger.bind_unit(uow, tote.id, None)
    await release_cart(uow, tote.in_place_id)


async def packed_from(uow: UnitOfWork, order_id: UUID, tote: str, slot: str) -> None:
    """The order's goods went into another unit before its open parcels were closed."""
    await uow.session.execute(
        update(Parcel).where(Parcel.order_id == order_id, Parcel.tote == tote, Parcel.state == "open").values(tote=slot)
    )


async def release_cart(uow: UnitOfWork, cart_id: int) -> None:
    """Free a cart at a bench once none of its totes serves an order."""
    spot = await stock.find_unit(uow, (await layout.place_codes(uow, [cart_id])).get(cart_id, ""))
    if spot is None or spot.kind != "cart" or spot.bound_to is None:
        return
    if any(u.bound_to is not None for u in await stock.units_in(uow, cart_id)):
        return
    packs = {p.id for p in await layout.locations(uow, ["pack", "wall"])}
    if spot.in_place_id in packs:
        await ledger.bind_unit(uow, cart_id, None)
        uow.emit(CartEmptied(cart_id=cart_id, place_id=spot.in_place_id))


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order leaves the bench: labels void, goods to be put back. Only acts while packing owns it."""
    order = await order_service.lock(uow, order_id)
    if order.state not in ("picked", "packed", "labelled"):
        return
    for parcel in await queries.parcels_of(uow, order_id):
        await _void_labels(uow, parcel, "order cancelled")
        await put(uow, parcel.id, state=rules.step(parcel.state, "void"))
        if parcel.hu_id:
            uow.emit(GoodsToPutBack(hu_id=parcel.hu_id, reason="order cancelled"))
        if parcel.single:  # a piece not packed yet stays in its tote, for the next order that wants it
            await free_shared(uow, parcel.tote)
    for tote in await stock.units_bound_to(uow, order_id):
        if tote.kind == "tote" and await stock.content_of(uow, tote.id):
            uow.emit(GoodsToPutBack(hu_id=tote.id, reason="order cancelled"))
        elif tote.kind == "tote":
            await free_tote(uow, tote.code, order_id)
    await order_service.advance(uow, order_id, "cancel", why=f"cancelled when {order.state}")


async def readdress(uow: UnitOfWork, order_id: UUID) -> None:
    """The address changed after printing: the old label is void, a new one is printed and must be applied.

    The parcel gets a new serial, so that no scan takes the old paper for the new one. So does one whose label failed or
    waits for its order: a carrier may have sold it, or sell it late, for the old address.
    """
    for known in await queries.parcels_of(uow, order_id):
        parcel = await lock(uow, known.id)
        if parcel.state in ("on_hold", "label_failed"):  # printed when it is free, or asked for again
            await new_serial(uow, parcel)
        elif parcel.state in ("labelling", "printed", "labelled"):
            await put(uow, parcel.id, state=rules.step(parcel.state, "relabel"))
            await new_serial(uow, parcel)
            await print_label(uow, parcel.id)
            parcel = await queries.parcel(uow, parcel.id)
            uow.emit(IncidentDetected(
                kind="pack.relabel", key=f"relabel:{parcel.id}", subject=f"Parcel {parcel.sscc} has a new address: relabel it",
                detail={"parcel": str(parcel.id), "sscc": parcel.sscc}, owner="lead", due_h=1.0,
            ))  # fmt: skip

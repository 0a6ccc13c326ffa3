"""Open a tote, close a parcel, judge its weight, label it; void and relabel when orders change."""

from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.packing import CartEmptied, ParcelLabelled, ParcelWeighed
from wms.events.picking import GoodsToPutBack
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.packing import queries, rules
from wms.processes.packing.tables import Parcel


async def open_tote(uow: UnitOfWork, station_code: str, tote_scan: str) -> queries.ParcelInfo:
    """Begin, or go on with, the order in a tote at this station. Returns its next parcel to work on.

    A parcel that was set aside comes last, and is opened anew by a lead only. A parcel that waits for its label (a new
    address came, the printer failed) is found by a scan of that label instead.

    Errors: NotAPackTote, NotAllHere, ToteElsewhere, OrderIsCancelled, Aside, UnknownBarcode, UnknownStation.
    """
    station = await work.usable_station(uow, station_code)
    tote = await stock.unit(uow, (await scanning.meaning(uow, tote_scan, "unit")).id)
    if (parcel := await queries.waits_for_label(uow, tote.id)) is not None:
        return parcel
    if tote.kind != "tote" or tote.bound_to is None:
        raise rules.NotAPackTote(scanned=tote.code)
    if tote.bound_to not in await orders.orders(uow, [tote.bound_to]):  # its goods go back: it serves no order now
        raise rules.NotAPackTote(scanned=tote.code)
    order = await order_service.lock(uow, tote.bound_to)
    if order.cancel_requested_at is not None or order.state == "cancelled":
        raise order_rules.OrderIsCancelled(ref=order.ref)
    if order.state not in ("picked", "packed", "labelled"):
        raise rules.NotAPackTote(scanned=tote.code, state=order.state)
    here = await layout.find_location(uow, station.location)
    cart = await stock.find_unit(uow, (await layout.place_codes(uow, [tote.in_place_id])).get(tote.in_place_id, ""))
    if here is None or here.id not in (tote.in_place_id, cart.in_place_id if cart else 0):
        raise rules.ToteElsewhere(tote=tote.code, station=station_code)
    if elsewhere := await _shares_elsewhere(uow, order.id, tote.id):
        raise rules.NotAllHere(tote=tote.code, missing=", ".join(elsewhere))
    parcels = await queries.parcels_of(uow, order.id) or await _plan(uow, order, tote, station_code)
    todo = sorted((p for p in parcels if p.state != "labelled"), key=lambda p: (p.state == "aside", p.number))
    if todo and todo[0].state == "aside":
        return await reopen(uow, todo[0].id)
    return todo[0] if todo else parcels[-1]


async def _shares_elsewhere(uow: UnitOfWork, order_id: UUID, tote_id: int) -> list[str]:
    """Other totes that hold pieces of the order: zones picked their shares apart."""
    others = [u for u in await stock.units_bound_to(uow, order_id) if u.kind == "tote" and u.id != tote_id]
    return [u.code for u in others if await stock.content_of(uow, u.id)]


async def _plan(uow: UnitOfWork, order: orders.OrderInfo, tote: stock.Unit, station: str) -> list[queries.ParcelInfo]:
    picked: dict[int, int] = {}
    for held in await stock.content_of(uow, tote.id):
        picked[held.grain.sku_id] = picked.get(held.grain.sku_id, 0) + held.qty_each
    shares = rules.share_out(order.parcels, picked)
    if not shares:
        raise rules.NotAPackTote(scanned=tote.code)
    for number, (carton, content) in enumerate(shares, 1):
        uow.session.add(
            Parcel(
                id=uuid7(), order_id=order.id, number=number, of=len(shares), carton=carton, tote=tote.code, station=station,
                items={str(sku): qty for sku, qty in content.items()}, opened_at=uow.now,
            )
        )  # fmt: skip
    await uow.session.flush()
    return await queries.parcels_of(uow, order.id)


async def close_parcel(
    uow: UnitOfWork, parcel_id: UUID, station_code: str, carton_scan: str, counted: dict[int, int]
) -> queries.ParcelInfo:
    """Every unit scanned: move it from the tote into the parcel and wait for the scale.

    Errors: ParcelBusy, WrongCarton, CountDiffers, OrderIsCancelled, StationBusy.
    """
    parcel = await _lock(uow, parcel_id)
    await _check_alive(uow, parcel)
    state = rules.step(parcel.state, "close")
    if carton_scan.strip().upper() != parcel.carton.upper():
        raise rules.WrongCarton(scanned=carton_scan, expected=parcel.carton)
    if counted != parcel.content:
        raise rules.CountDiffers(counted={str(k): v for k, v in counted.items()}, expected=parcel.items)
    busy = await queries.on_scale(uow, station_code)
    if busy is not None and busy.id != parcel.id:
        raise rules.StationBusy(station=station_code)
    station = await work.usable_station(uow, station_code)
    bench = await layout.find_location(uow, station.location)
    sscc = await labels.next_sscc(uow)
    hu_id = await ledger.create_unit(uow, "parcel", sscc, bench.id if bench else 0, bound_to=parcel.order_id)
    await _move_content(uow, parcel, hu_id)
    expected = await _expected_g(uow, parcel)
    await _set(
        uow, parcel_id, state=state, hu_id=hu_id, sscc=sscc, station=station_code, expected_g=expected,
        packed_by=uow.actor.id, tolerance_g=rules.tolerance_g(expected, 1),
    )  # fmt: skip
    return await queries.parcel(uow, parcel_id)


async def _move_content(uow: UnitOfWork, parcel: queries.ParcelInfo, hu_id: int) -> None:
    tote = await stock.find_unit(uow, parcel.tote)
    lines, left = [], parcel.content
    for held in await stock.content_of(uow, tote.id) if tote else []:
        qty = min(held.qty_each, left.get(held.grain.sku_id, 0))
        if qty:
            left[held.grain.sku_id] -= qty
            lines.append(ledger.Line(held.grain, held.place_id, hu_id, qty, "pack"))
    if any(left.values()):
        raise rules.CountDiffers(missing={str(k): v for k, v in left.items() if v})
    await ledger.post(uow, lines)


async def _expected_g(uow: UnitOfWork, parcel: queries.ParcelInfo) -> int:
    skus = await catalog.skus(uow, parcel.content)
    tare = next((c.tare_g for c in await catalog.cartons(uow) if c.code == parcel.carton), 0)
    return tare + sum(skus[sku].weight_g * qty for sku, qty in parcel.content.items())


async def take_weight(uow: UnitOfWork, scale: str, weight_g: int, interval_g: int) -> None:
    """A stable weight from a station's scale: agree and print, or no label and an incident."""
    station = next((s for s in await work.stations(uow, "pack") if s.scale == scale), None)
    parcel = await queries.on_scale(uow, station.code) if station else None
    if station is None or parcel is None:
        return
    tolerance = rules.tolerance_g(parcel.expected_g, interval_g)
    agrees = abs(weight_g - parcel.expected_g) <= tolerance
    uow.emit(ParcelWeighed(
        parcel_id=parcel.id, order_id=parcel.order_id, weight_g=weight_g, expected_g=parcel.expected_g, tolerance_g=tolerance,
        agrees=agrees,
    ))  # fmt: skip
    state = rules.step(parcel.state, "agree" if agrees else "differ")
    await _set(uow, parcel.id, state=state, weight_g=weight_g, tolerance_g=tolerance, weighed_at=uow.now)
    await ledger.weigh_unit(uow, parcel.hu_id, weight_g)
    if not agrees:
        uow.emit(IncidentDetected(
            kind="pack.weight_off", key=f"weight:{parcel.id}",
            subject=f"Parcel {parcel.sscc}: {weight_g} g, expected {parcel.expected_g} ± {tolerance} g",
            detail={"parcel": str(parcel.id), "sscc": parcel.sscc, "weight_g": weight_g, "expected_g": parcel.expected_g,
                    "tolerance_g": tolerance, "station": station.code, "tote": parcel.tote}, owner="lead", due_h=1.0,
        ))  # fmt: skip
        return
    await _order_step(uow, parcel, "picked", "pack", {"labelling", "printed", "labelled"})
    await _print(uow, parcel.id)


async def _order_step(
    uow: UnitOfWork, parcel: queries.ParcelInfo, order_state: str, event: str, reached: set[str]
) -> None:
    """The order follows when all of its parcels have come that far."""
    order = await order_service.lock(uow, parcel.order_id)
    if order.state == order_state and all(p.state in reached for p in await queries.parcels_of(uow, parcel.order_id)):
        await order_service.advance(uow, parcel.order_id, event)


async def _print(uow: UnitOfWork, parcel_id: UUID) -> None:
    parcel = await queries.parcel(uow, parcel_id)
    order = await orders.order(uow, parcel.order_id)
    station = await work.station(uow, parcel.station)
    await labels.print_label(
        uow, "ship",
        {"carrier": order.carrier, "ref": order.ref, "destination": order.destination, "weight_g": parcel.weight_g,
         "sscc": parcel.sscc, "number": parcel.number, "of": parcel.of},
        station.printer, f"packing.label:{parcel_id}",
    )  # fmt: skip


async def label_printed(uow: UnitOfWork, parcel_id: UUID) -> None:
    parcel = await _lock(uow, parcel_id)
    if parcel.state == "labelling":
        await _set(uow, parcel_id, state=rules.step(parcel.state, "printed"))


async def label_failed(uow: UnitOfWork, parcel_id: UUID, outcome: str, code: str) -> None:
    """Nothing came out: print again when mended. Unknown: this serial may exist on paper, so the parcel gets a new one."""
    parcel = await _lock(uow, parcel_id)
    if parcel.state != "labelling":
        return
    await _set(uow, parcel_id, state=rules.step(parcel.state, "fail"))
    if outcome == "unknown":
        await _new_serial(uow, parcel)
    uow.emit(IncidentDetected(
        kind="pack.label_failed", key=f"label:{parcel_id}", subject=f"No label for parcel {parcel.sscc}: {code or outcome}",
        detail={"parcel": str(parcel_id), "outcome": outcome, "code": code, "station": parcel.station}, owner="lead", due_h=0.5,
    ))  # fmt: skip


async def _new_serial(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    sscc = await labels.next_sscc(uow)
    old = await stock.unit(uow, parcel.hu_id)
    hu_id = await ledger.create_unit(uow, "parcel", sscc, old.in_place_id, bound_to=parcel.order_id)
    held = await stock.content_of(uow, parcel.hu_id)
    await ledger.post(uow, [ledger.Line(h.grain, h.place_id, hu_id, h.qty_each, "new serial") for h in held])
    await ledger.close_unit(uow, parcel.hu_id)
    await ledger.weigh_unit(uow, hu_id, parcel.weight_g)
    await labels.void(uow, f"packing.label:{parcel.id}")
    await _set(uow, parcel.id, hu_id=hu_id, sscc=sscc)


async def retry_label(uow: UnitOfWork, parcel_id: UUID, station_code: str = "") -> queries.ParcelInfo:
    """Print again after a failure, at this or another station. Errors: ParcelBusy."""
    parcel = await _lock(uow, parcel_id)
    await _check_alive(uow, parcel)
    await _set(uow, parcel_id, state=rules.step(parcel.state, "retry"), station=station_code or parcel.station)
    await _print(uow, parcel_id)
    return await queries.parcel(uow, parcel_id)


async def reopen(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    """Open a parcel whose weight was off: everything goes back into the tote and is scanned again.

    One that was set aside is a lead's to open. Errors: ParcelBusy, Aside.
    """
    parcel = await _lock(uow, parcel_id)
    if parcel.state == "aside" and "lead" not in uow.actor.roles:
        raise rules.Aside(tote=parcel.tote, parcel=parcel.number)
    state = rules.step(parcel.state, "reopen")
    tote = await stock.find_unit(uow, parcel.tote)
    held = await stock.content_of(uow, parcel.hu_id)
    if tote is not None:
        await ledger.post(uow, [ledger.Line(h.grain, h.place_id, tote.id, h.qty_each, "open and check") for h in held])
    await ledger.close_unit(uow, parcel.hu_id)
    await _set(uow, parcel_id, state=state, hu_id=0, sscc="", weight_g=0)
    return await queries.parcel(uow, parcel_id)


async def set_aside(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    """A parcel whose weight stays off leaves the scale; its incident goes to a lead. Errors: ParcelBusy."""
    parcel = await _lock(uow, parcel_id)
    await _set(uow, parcel_id, state=rules.step(parcel.state, "set_aside"))
    return await queries.parcel(uow, parcel_id)


async def waiting_totes(uow: UnitOfWork, station_code: str) -> list[str]:
    """Totes at a station whose orders are picked and not yet packed away, first come first."""
    station = await work.station(uow, station_code)
    here = await layout.find_location(uow, station.location)
    if here is None:
        return []
    found = []
    for unit in await stock.units_in(uow, here.id):
        totes = await stock.units_in(uow, unit.id) if unit.kind == "cart" else [unit]
        found += [t for t in totes if t.kind == "tote" and t.bound_to is not None]
    by_order = await orders.orders(uow, [t.bound_to for t in found if t.bound_to])
    found = [t for t in found if t.bound_to and not await _shares_elsewhere(uow, t.bound_to, t.id)]
    return [
        t.code
        for t in found
        if t.bound_to in by_order
        and by_order[t.bound_to].state == "picked"
        and by_order[t.bound_to].cancel_requested_at is None
        and not any(p.state == "aside" for p in await queries.parcels_of(uow, t.bound_to))
    ]


async def apply_label(uow: UnitOfWork, parcel_id: UUID, label_scan: str) -> queries.ParcelInfo:
    """The label is on the parcel, proven by scanning it; the parcel goes to the ship lane.

    Errors: WrongLabel, ParcelBusy, OrderIsCancelled.
    """
    parcel = await _lock(uow, parcel_id)
    await _check_alive(uow, parcel)
    state = rules.step(parcel.state, "apply")
    if parcel.sscc not in label_scan:
        raise rules.WrongLabel(scanned=label_scan[:60], expected=parcel.sscc)
    lanes = await layout.locations(uow, ["ship"])
    if lanes:
        await ledger.put_unit(uow, parcel.hu_id, lanes[0].id)
    await _set(uow, parcel_id, state=state, labelled_at=uow.now)
    order = await orders.order(uow, parcel.order_id)
    uow.emit(ParcelLabelled(
        parcel_id=parcel_id, order_id=parcel.order_id, sscc=parcel.sscc, hu_id=parcel.hu_id, weight_g=parcel.weight_g,
        carrier=order.carrier, of=parcel.of,
    ))  # fmt: skip
    tasks.note_done(uow, "pack", began_at=parcel.opened_at, qty_each=sum(parcel.items.values()))
    await _order_step(uow, parcel, "packed", "label", {"labelled"})
    await _free_tote(uow, parcel.tote, parcel.order_id)
    return await queries.parcel(uow, parcel_id)


async def _free_tote(uow: UnitOfWork, code: str, order_id: UUID) -> None:
    """An emptied tote is free; a cart without bound totes goes back."""
    tote = await stock.find_unit(uow, code)
    if tote is None or tote.bound_to != order_id or await stock.content_of(uow, tote.id):
        return
    await ledger.bind_unit(uow, tote.id, None)
    await release_cart(uow, tote.in_place_id)


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
        await labels.void(uow, f"packing.label:{parcel.id}")
        await _set(uow, parcel.id, state=rules.step(parcel.state, "void"))
        if parcel.hu_id:
            uow.emit(GoodsToPutBack(hu_id=parcel.hu_id, reason="order cancelled"))
    for tote in await stock.units_bound_to(uow, order_id):
        if tote.kind == "tote" and await stock.content_of(uow, tote.id):
            uow.emit(GoodsToPutBack(hu_id=tote.id, reason="order cancelled"))
        elif tote.kind == "tote":
            await _free_tote(uow, tote.code, order_id)
    await order_service.advance(uow, order_id, "cancel", why=f"cancelled when {order.state}")


async def readdress(uow: UnitOfWork, order_id: UUID) -> None:
    """The address changed after printing: the old label is void, a new one is printed and must be applied.

    The parcel gets a new serial, so that no scan takes the old paper for the new one.
    """
    for known in await queries.parcels_of(uow, order_id):
        parcel = await _lock(uow, known.id)
        if parcel.state in ("labelling", "printed", "labelled"):
            await _set(uow, parcel.id, state=rules.step(parcel.state, "relabel"))
            await _new_serial(uow, parcel)
            await _print(uow, parcel.id)
            parcel = await queries.parcel(uow, parcel.id)
            uow.emit(IncidentDetected(
                kind="pack.relabel", key=f"relabel:{parcel.id}", subject=f"Parcel {parcel.sscc} has a new address: relabel it",
                detail={"parcel": str(parcel.id), "sscc": parcel.sscc}, owner="lead", due_h=1.0,
            ))  # fmt: skip


async def _check_alive(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    order = await orders.order(uow, parcel.order_id)
    if order.cancel_requested_at is not None or parcel.state == "void":
        raise order_rules.OrderIsCancelled(ref=order.ref)


async def _lock(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    await uow.session.execute(select(Parcel.id).where(Parcel.id == parcel_id).with_for_update())
    return await queries.parcel(uow, parcel_id)


async def _set(uow: UnitOfWork, parcel_id: UUID, **values: object) -> None:
    await uow.session.execute(update(Parcel).where(Parcel.id == parcel_id).values(**values))

"""The bench: open a tote, close a parcel, weigh it on the bench's scale or put it on the line's belt, apply its label."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.scanning import rules as scanning_rules
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import AVAILABLE
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.errors import NotAllowed, Refusal
from wms.kernel.ids import uuid7
from wms.processes.packing import queries, rules
from wms.processes.packing.rules import line as line_rules
from wms.processes.packing.service import checks, containers, extras, fragile, line, parcels, weights
from wms.processes.packing.tables import Parcel

SETTLES_S = 20
"""A scale that tells no weight for so long does not settle, or nothing lies on it."""
OFFS_MAX, FOUND = rules.OFFS_MAX, rules.FOUND
check_due = checks.due


def unsettled(parcel: queries.ParcelInfo, now: datetime) -> bool:
    """It waits too long for its weight."""
    return (
        parcel.state == "weighing"
        and parcel.closed_at is not None
        and (now - parcel.closed_at).total_seconds() > SETTLES_S
    )


async def ask_after_scales(uow: UnitOfWork) -> None:
    """Parcels at a bench that wait too long for a weight: the scale does not settle, or does not answer."""
    for parcel in await queries.board(uow, ("weighing",)):
        if not parcel.line and unsettled(parcel, uow.now):
            scale = (await work.station(uow, parcel.station)).scale
            uow.emit(IncidentDetected(
                kind="pack.no_weight", key=f"no_weight:{parcel.id}", owner="lead", due_h=0.5,
                subject=f"{parcel.station}: no stable weight from {scale or 'a scale'} for parcel {parcel.sscc}",
                detail={"parcel": str(parcel.id), "sscc": parcel.sscc, "station": parcel.station, "scale": scale},
            ))  # fmt: skip


async def how_to_count(uow: UnitOfWork, parcel: queries.ParcelInfo) -> str:
    """each: every unit is scanned, nothing is keyed, for the scale would not miss one; once: equal units are scanned once and
    counted; any: scanned or keyed."""
    if not (await weights.expectation(uow, parcel)).sees_each:
        return "each"
    return "once" if await queries.scan_once(uow) else "any"


async def open_tote(uow: UnitOfWork, station_code: str, tote_scan: str) -> queries.ParcelInfo:
    """Begin, or go on with, the order in a tote at this station. Returns its next parcel to work on.

    A parcel that was set aside comes last, and is opened anew by a lead only. A parcel that waits for its label (a new
    address came, the printer failed) is found by a scan of that label instead; one from a line's reject lane by its plate.

    Errors: NotAPackTote, NotAllHere, OnTheBelt, ToteElsewhere, OrderIsCancelled, OrderHeld, Aside, UnknownBarcode, UnknownStation.
    """
    station = await work.usable_station(uow, station_code)
    codes = line_rules.read(tote_scan)
    if (rejected := next((p for p in await queries.named(uow, codes) if p.on_belt), None)) is not None:
        return await line.take_off(uow, rejected, station_code, codes)
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
    if unready := [str(h["why"]) for h in order.holds if h["kind"] in order_rules.NOT_READY]:
        raise order_rules.OrderHeld(ref=order.ref, why="; ".join(unready))
    if order.state not in ("picked", "packed", "labelled"):
        raise rules.NotAPackTote(scanned=tote.code, state=order.state)
    here = await layout.find_location(uow, station.location)
    cart = await stock.find_unit(uow, (await layout.place_codes(uow, [tote.in_place_id])).get(tote.in_place_id, ""))
    if here is None or here.id not in (tote.in_place_id, cart.in_place_id if cart else 0):
        raise rules.ToteElsewhere(tote=tote.code, station=station_code)
    if elsewhere := await _shares_elsewhere(uow, order.id, tote.id):
        raise rules.NotAllHere(tote=tote.code, missing=", ".join(elsewhere))
    known = await queries.parcels_of(uow, order.id) or await _plan(uow, order, tote, station_code)
    todo = sorted(
        (p for p in known if p.state != "labelled" and not p.on_belt), key=lambda p: (p.state == "aside", p.number)
    )
    if todo and todo[0].state == "aside":
        return await ready(uow, await reopen(uow, todo[0].id), station_code)
    if not todo and any(p.on_belt for p in known):
        raise rules.OnTheBelt(tote=tote.code)
    return await ready(uow, todo[0], station_code) if todo else known[-1]


async def ready(uow: UnitOfWork, parcel: queries.ParcelInfo, station_code: str) -> queries.ParcelInfo:
    """Settle what goes into an open parcel beside its goods. One that cannot be packed as planned is a lead's matter."""
    if parcel.state != "open":
        return parcel
    block = await block_of(uow, parcel)
    if block is None:
        return await extras.settle(uow, parcel, await work.station(uow, station_code))
    uow.emit(IncidentDetected(
        kind="pack.blocked", key=f"blocked:{parcel.id}", owner="lead", due_h=1.0,
        subject=f"Tote {parcel.tote} cannot be packed: {block.detail}",
        detail={"parcel": str(parcel.id), "tote": parcel.tote, "station": station_code, "code": block.code, **block.params},
    ))  # fmt: skip
    return parcel


async def block_of(uow: UnitOfWork, parcel: queries.ParcelInfo) -> Refusal | None:
    """Why an open parcel cannot be packed as it was planned; None when it can."""
    if (block := await containers.block_of(uow, parcel)) is not None:
        return block
    try:
        await fragile.version_of(uow, parcel.carton, parcel.content)
    except Refusal as refusal:
        return refusal
    return None


async def take_carton(uow: UnitOfWork, parcel_id: UUID, station_code: str, carton_scan: str) -> queries.ParcelInfo:
    """A lead packs an open parcel in another carton than was planned.

    Errors: NotAllowed, ParcelBusy, WrongCarton, NoPackVersion, WrongPack.
    """
    if "lead" not in uow.actor.roles:
        raise NotAllowed(needs="lead")
    parcel = await parcels.lock(uow, parcel_id)
    rules.step(parcel.state, "close")
    code = carton_scan.strip().upper()
    carton = next((c for c in await catalog.cartons(uow) if c.code.upper() == code), None)
    if carton is None:
        raise rules.CartonGone(carton=carton_scan[:60], parcel=parcel.number)
    goods = await containers.goods(uow, parcel)
    if why := rules.too_small(carton.inner_mm, carton.load_max_g, goods, bag=carton.bag):
        raise rules.CartonTooSmall(carton=carton.code, why=why)
    await fragile.version_of(uow, carton.code, parcel.content)
    await parcels.put(uow, parcel_id, carton=carton.code)
    return await ready(uow, await queries.parcel(uow, parcel_id), station_code)


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
    uow: UnitOfWork, parcel_id: UUID, station_code: str, carton_scan: str, counted: dict[int, int], plate_scan: str = "",
    finding: str = "", beside: Mapping[str, Any] | None = None, scanned: Mapping[int, Sequence[str]] | None = None,
) -> queries.ParcelInfo:  # fmt: skip
    """Every unit scanned: move it from the tote into the parcel; it waits for the scale, or goes on the line's belt.

    `finding`: what opening it has shown, of a parcel whose weight was off. `beside`: answers to the steps of its extras. `scanned`: serials
    by SKU, where `serials_due` asks for them.

    Errors: ParcelBusy, WrongCarton, CountDiffers, OrderIsCancelled, StationBusy, NoPlate, PlateTaken, FindingNeeded,
    WrongMaterial, CartonGone, NeedsCarton, NoPackVersion, WrongPack, SerialNeeded, stock.SerialProblem.
    """
    parcel = await parcels.lock(uow, parcel_id)
    await parcels.check_alive(uow, parcel)
    if parcel.state == "open" and (block := await block_of(uow, parcel)) is not None:
        raise block
    await checks.note(uow, parcel, finding)
    extras.check(parcel, beside or {})
    state = rules.step(parcel.state, "close")
    if parcel.carton and carton_scan.strip().upper() != parcel.carton.upper():
        raise rules.WrongCarton(scanned=carton_scan, expected=parcel.carton)
    if counted != parcel.content:
        raise rules.CountDiffers(counted={str(k): v for k, v in counted.items()}, expected=parcel.items)
    serials = await _serials(uow, parcel, scanned or {})
    belt = await queries.line_of(uow, bench=station_code)
    busy = await queries.on_scale(uow, station_code) if belt is None else None
    if busy is not None and busy.id != parcel.id:
        raise rules.StationBusy(station=station_code)
    plate = await _plate(uow, plate_scan) if belt else ""
    station = await work.usable_station(uow, station_code)
    bench = await layout.find_location(uow, station.location)
    sscc = await labels.next_sscc(uow)
    hu_id = await ledger.create_unit(uow, "parcel", sscc, bench.id if bench else 0, bound_to=parcel.order_id)
    await _move_content(uow, parcel, hu_id, serials)
    await extras.consume(uow, parcel, station, hu_id)
    told = await weights.expectation(uow, parcel)
    await parcels.put(
        uow, parcel_id, state=state, hu_id=hu_id, sscc=sscc, station=station_code, expected_g=told.expected_g,
        packed_by=uow.actor.id, tolerance_g=told.tolerance_g, closed_at=uow.now,
        line=belt.code if belt else "", plate=plate, passes=0, held="", rejected="", measured_mm=[], belt_at=uow.now if belt else None,
    )  # fmt: skip
    if belt:  # the line does the rest
        tasks.note_done(uow, "pack", began_at=parcel.opened_at, qty_each=sum(parcel.items.values()))
    return await queries.parcel(uow, parcel_id)


async def _plate(uow: UnitOfWork, scanned: str) -> str:
    """The one plate in a scan. Errors: NoPlate, PlateTaken."""
    plates = line_rules.read(scanned).plates
    if len(plates) != 1 or await _means_something(uow, scanned):
        raise rules.NoPlate(scanned=scanned[:60])
    plate = min(plates)
    await uow.alone(f"packing.plate:{plate}")
    if any(p.state != "void" for p in await queries.named(uow, line_rules.Codes(plates=plates))):
        raise rules.PlateTaken(plate=plate)
    return plate


async def _means_something(uow: UnitOfWork, scanned: str) -> bool:
    """Whether a code is goods, a unit or a location: a slip of the scanner, not a plate."""
    try:
        await scanning.meaning(uow, scanned)
    except (scanning_rules.UnknownBarcode, scanning_rules.UnreadableBarcode):
        return False
    except scanning_rules.AmbiguousBarcode:
        return True
    return True


async def serials_due(uow: UnitOfWork, parcel: queries.ParcelInfo) -> dict[int, tuple[str, ...]]:
    """SKUs of the parcel whose serials must be scanned now, with those that the tote holds; none held: any new one.

    Known by their serials and leaving the tote whole, pieces need no scan: there is no doubt which they are. Where some
    have none yet, a new one names them.
    """
    skus = await catalog.skus(uow, parcel.content)
    tote = await stock.find_unit(uow, parcel.tote)
    kept = {s.id for s in skus.values() if s.keeps_serials}
    held = await stock.serials_in(uow, [tote.id], kept) if tote and kept else {}
    bare = await stock.unnamed_in(uow, [tote.id], kept) if tote and kept else {}
    due: dict[int, tuple[str, ...]] = {}
    for sku in skus.values():
        there = tuple(held.get((tote.id, sku.id), ())) if tote else ()
        unnamed = bare.get((tote.id, sku.id, AVAILABLE), 0) if tote else 0
        parted = sku.keeps_serials and len(there) + unnamed > parcel.content[sku.id]
        if parted or sku.serial_policy in ("on_ship", "always"):
            due[sku.id] = () if unnamed else there
    return due


async def _serials(
    uow: UnitOfWork, parcel: queries.ParcelInfo, scanned: Mapping[int, Sequence[str]]
) -> dict[int, list[str]]:
    """Errors: SerialNeeded."""
    skus, serials = await catalog.skus(uow, parcel.content), dict[int, list[str]]()
    for sku_id, there in (await serials_due(uow, parcel)).items():
        given = [s for s in dict.fromkeys(scanned.get(sku_id, ())) if len(s) <= 60 and (not there or s in there)]
        if not there:  # a new number: the goods' own barcode is a slip of the scanner
            given = [s for s in given if not await _means_something(uow, s)]
        if len(given) != parcel.content[sku_id]:
            raise rules.SerialNeeded(sku=skus[sku_id].code, needed=parcel.content[sku_id], given=len(given))
        serials[sku_id] = given
    return serials


async def _move_content(
    uow: UnitOfWork, parcel: queries.ParcelInfo, hu_id: int, serials: Mapping[int, list[str]]
) -> None:
    tote = await stock.find_unit(uow, parcel.tote)
    lines, left, numbers = [], parcel.content, {sku: list(given) for sku, given in serials.items()}
    for held in await stock.content_of(uow, tote.id) if tote else []:
        qty = min(held.qty_each, left.get(held.grain.sku_id, 0))
        if qty:
            left[held.grain.sku_id] -= qty
            taken = numbers.get(held.grain.sku_id, [])[:qty]
            numbers[held.grain.sku_id] = numbers.get(held.grain.sku_id, [])[qty:]
            await ledger.name_in_hand(uow, held.place_id, held.grain, taken)
            lines.append(ledger.Line(held.grain, held.place_id, hu_id, qty, "pack", serials=taken or None))
    if any(left.values()):
        raise rules.CountDiffers(missing={str(k): v for k, v in left.items() if v})
    await ledger.post(uow, lines)


async def take_weight(uow: UnitOfWork, scale: str, weight_g: int, interval_g: int) -> None:
    """A stable weight from a station's scale: agree and print, or no label and an incident; none from a locked scale counts."""
    if weight_g <= 0:  # nothing lies on it
        return
    station = await work.station_of_scale(uow, scale, "pack")
    parcel = await queries.on_scale(uow, station.code) if station else None
    if parcel is not None and scale not in await work.locks(uow):
        await parcels.judge_weight(uow, parcel, weight_g, interval_g)


async def retry_label(uow: UnitOfWork, parcel_id: UUID, station_code: str = "") -> queries.ParcelInfo:
    """Print again after a failure, at this or another station. Errors: ParcelBusy."""
    parcel = await parcels.lock(uow, parcel_id)
    await parcels.check_alive(uow, parcel)
    await parcels.put(uow, parcel_id, state=rules.step(parcel.state, "retry"), station=station_code or parcel.station)
    await parcels.print_label(uow, parcel_id)
    return await queries.parcel(uow, parcel_id)


async def reopen(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    """Open a parcel whose weight was off: everything goes back into the tote and is scanned again.

    One that was set aside, or was off again after that, is a lead's to open. Errors: ParcelBusy, Aside.
    """
    parcel = await parcels.lock(uow, parcel_id)
    if (parcel.state == "aside" or parcel.offs > rules.OFFS_MAX) and "lead" not in uow.actor.roles:
        raise rules.Aside(tote=parcel.tote, parcel=parcel.number)
    state = rules.step(parcel.state, "reopen")
    tote = await stock.find_unit(uow, parcel.tote)
    if tote is not None:
        await _take_out(uow, parcel, tote)
    await ledger.close_unit(uow, parcel.hu_id)
    await parcels.put(uow, parcel_id, state=state, hu_id=0, sscc="", line="", plate="", rejected="", closed_at=None)
    return await queries.parcel(uow, parcel_id)


async def _take_out(uow: UnitOfWork, parcel: queries.ParcelInfo, tote: stock.Unit) -> None:
    """The goods go into the tote again, inserts back to the bench."""
    bench = await layout.find_location(uow, (await work.station(uow, parcel.station)).location)
    beside, lines = extras.inserted(parcel) if bench else {}, []
    for h in await stock.content_of(uow, parcel.hu_id):
        back = min(h.qty_each, beside.get(h.grain.sku_id, 0))
        if back and bench:
            beside[h.grain.sku_id] -= back
            lines.append(ledger.Line(h.grain, h.place_id, bench.id, back, "open and check"))
        if h.qty_each > back:
            lines.append(ledger.Line(h.grain, h.place_id, tote.id, h.qty_each - back, "open and check"))
    await ledger.post(uow, lines)


async def set_aside(uow: UnitOfWork, parcel_id: UUID) -> queries.ParcelInfo:
    """A parcel whose weight stays off leaves the scale; its incident goes to a lead. Errors: ParcelBusy."""
    parcel = await parcels.lock(uow, parcel_id)
    await parcels.put(uow, parcel_id, state=rules.step(parcel.state, "set_aside"))
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
    shared = await queries.shared_totes(uow)
    singles = [
        t.code for t in found if t.code in shared and t.bound_to not in by_order and await stock.content_of(uow, t.id)
    ]
    found = [t for t in found if t.bound_to and not await _shares_elsewhere(uow, t.bound_to, t.id)]
    return singles + [
        t.code
        for t in found
        if t.bound_to in by_order
        and by_order[t.bound_to].state == "picked"
        and by_order[t.bound_to].cancel_requested_at is None
        and not any(p.state == "aside" or p.on_belt for p in await queries.parcels_of(uow, t.bound_to))
    ]


async def apply_label(uow: UnitOfWork, parcel_id: UUID, label_scan: str) -> queries.ParcelInfo:
    """The label is on the parcel, proven by scanning it; the parcel goes to the ship lane.

    Errors: WrongLabel, ParcelBusy, OrderIsCancelled.
    """
    parcel = await parcels.lock(uow, parcel_id)
    await parcels.check_alive(uow, parcel)
    rules.step(parcel.state, "apply")
    if parcel.label.upper() not in label_scan.upper():
        raise rules.WrongLabel(scanned=label_scan[:60], expected=parcel.label)
    await parcels.mark_labelled(uow, parcel)
    tasks.note_done(uow, "pack", began_at=parcel.opened_at, qty_each=sum(parcel.items.values()))
    return await queries.parcel(uow, parcel_id)

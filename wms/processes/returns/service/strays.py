"""Parcels without an order: a photo and a clock, then an order, or disposal by approval."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.returns import MatterSettled
from wms.foundation.labels import service as labels
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock
from wms.kernel.ids import uuid7
from wms.processes.returns import queries
from wms.processes.returns.rules import refusals, states
from wms.processes.returns.service import loading
from wms.processes.returns.service.authorising import number, open_unannounced
from wms.processes.returns.service.bench import bench
from wms.processes.returns.tables import StrayParcel


async def shelve(uow: UnitOfWork, station_code: str, marks: str, photo: str = "") -> queries.StrayInfo:
    """Put a parcel that nobody knows on the no-order shelf under a number of its own. Errors: ReasonNeeded, BadPhoto."""
    station = await bench(uow, station_code)
    if not marks.strip():
        raise refusals.ReasonNeeded()
    site = await queries.site(uow)
    row = StrayParcel(
        id=uuid7(), number=await number(uow, "NO"), marks=marks.strip()[:200], station=station.code, at=uow.now, by=uow.actor.id,
        due_at=uow.now + timedelta(days=site.stray_days),
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    if photo:
        await loading.keep_photo(uow, row.id, photo)
    if station.printer:
        await labels.print_label(
            uow,
            "lpn",
            {"code": row.number, "content": f"NO ORDER · {(await uow.site_time(row.due_at)).date()}"},
            station.printer,
            f"returns.stray:{row.id}",
        )
    uow.emit(IncidentDetected(
        kind="returns.no_order", key=f"returns.no_order:{row.id}", subject=f"Parcel {row.number} without order: {row.marks}",
        detail={"number": row.number, "marks": row.marks, "station": station.code}, owner="lead", due_h=48.0,
    ))  # fmt: skip
    return await queries.stray(uow, row.id)


async def candidates(
    uow: UnitOfWork, *, serial: str = "", words: str = "", tracking: str = ""
) -> list[orders.OrderInfo]:
    """Shipped orders that a parcel may be of: by a serial in it, by its tracking number, by words on it."""
    ids: list[UUID] = []
    if serial.strip():
        ids += await stock.orders_of_serial(uow, serial.strip())
    if tracking.strip() and (found := await queries.order_of_parcel(uow, [tracking.strip()])) is not None:
        ids.append(found)
    if words.strip():
        ids += await orders.shipped_matching(uow, words)
    known = await orders.orders(uow, ids)
    return [known[i] for i in dict.fromkeys(ids) if i in known]


async def _lock(uow: UnitOfWork, stray_id: UUID) -> queries.StrayInfo:
    await uow.session.execute(select(StrayParcel.id).where(StrayParcel.id == stray_id).with_for_update())
    found = await queries.stray(uow, stray_id)
    if found.state != "shelved":
        raise refusals.WrongState(state=found.state, step="end")
    return found


async def identify(uow: UnitOfWork, stray_id: UUID, order_id: UUID) -> UUID:
    """Say which order it belongs to; its number is then scanned at the bench. Returns the return's id.

    Errors: UnknownStray, WrongState, UnknownOrder, NotShipped, MoreThanShipped.
    """
    found = await _lock(uow, stray_id)
    open_ones = [r for r in await queries.of_order(uow, order_id) if r.state in states.EXPECTED]
    rma_id = (
        open_ones[-1].id
        if open_ones
        else await open_unannounced(uow, order_id, found.station, f"identified: {found.number}")
    )
    r = await queries.rma(uow, rma_id)
    await uow.session.execute(
        update(StrayParcel).where(StrayParcel.id == stray_id)
        .values(state="identified", rma_id=rma_id, ended_at=uow.now, ended_by=uow.actor.id, note=f"order {r.order_ref}")
    )  # fmt: skip
    uow.emit(MatterSettled(key=f"returns.no_order:{stray_id}", outcome=f"order {r.order_ref}"))
    uow.emit(MatterSettled(key=f"returns.disposal:{stray_id}", outcome=f"order {r.order_ref}"))
    return rma_id


async def dispose(uow: UnitOfWork, stray_id: UUID, note: str) -> None:
    """A supervisor gives up a parcel whose time is over. Errors: TooEarly, ReasonNeeded, WrongState."""
    found = await _lock(uow, stray_id)
    if not note.strip():
        raise refusals.ReasonNeeded()
    if found.due_at > uow.now:
        raise refusals.TooEarly(number=found.number, due=(await uow.site_time(found.due_at)).date().isoformat())
    await uow.session.execute(
        update(StrayParcel).where(StrayParcel.id == stray_id)
        .values(state="disposed", ended_at=uow.now, ended_by=uow.actor.id, note=note.strip()[:200])
    )  # fmt: skip
    for kind in ("no_order", "disposal"):
        uow.emit(MatterSettled(key=f"returns.{kind}:{stray_id}", outcome=f"disposed: {note.strip()[:200]}"))


async def remind(uow: UnitOfWork) -> None:
    """Parcels whose time is over wait for a supervisor's approval."""
    for s in await queries.strays(uow):
        if s.due_at <= uow.now:
            uow.emit(IncidentDetected(
                kind="returns.disposal", key=f"returns.disposal:{s.id}", subject=f"Parcel {s.number} may be disposed of",
                detail={"number": s.number, "marks": s.marks}, owner="supervisor", due_h=24.0,
            ))  # fmt: skip

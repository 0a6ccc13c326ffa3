"""Reads of stations: their totes, the pods on a visit, and what is wanted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, select, text

from wms.db.uow import UnitOfWork
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.processes.goods_to_person import rules
from wms.processes.goods_to_person.tables import PodVisit, StationOrder


@dataclass(frozen=True, slots=True)
class Bench:
    code: str
    place: layout.Spot
    pods_max: int


@dataclass(frozen=True, slots=True)
class VisitInfo:
    id: UUID
    pod_id: int
    station: str
    state: str
    home_id: int
    why: str
    arrived_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderAt:
    order_id: UUID
    wave_id: UUID
    state: str
    station: str
    tote: str


async def benches(uow: UnitOfWork) -> list[Bench]:
    """Stations that pods are brought to."""
    found = []
    for s in await work.stations(uow, rules.KIND):
        place = await layout.find_location(uow, s.location)
        if place is not None and place.kind == rules.KIND:
            found.append(Bench(s.code, place, s.pods_max))
    return found


async def bench(uow: UnitOfWork, code: str) -> Bench:
    """Errors: NotAStation."""
    found = next((b for b in await benches(uow) if b.code == code), None)
    if found is None:
        raise rules.NotAStation(station=code)
    return found


async def open_visits(uow: UnitOfWork, station: str = "") -> list[VisitInfo]:
    """Pods not in store, those at a station in the order in which they came."""
    query = select(PodVisit).where(PodVisit.state != "done")
    if station:
        query = query.where(PodVisit.station == station)
    rows = await uow.session.scalars(
        query.order_by(PodVisit.arrived_at, PodVisit.called_at, PodVisit.id).execution_options(populate_existing=True)
    )
    return [VisitInfo(r.id, r.pod_id, r.station, r.state, r.home_id, r.why, r.arrived_at) for r in rows]


async def at(uow: UnitOfWork, *states: str, order_id: UUID | None = None) -> list[OrderAt]:
    """Orders in these states, in the order in which they were released."""
    query = select(StationOrder).where(StationOrder.state.in_(states)).order_by(StationOrder.order_id)
    if order_id is not None:
        query = query.where(StationOrder.order_id == order_id)
    rows = await uow.session.scalars(query.execution_options(populate_existing=True))
    return [OrderAt(r.order_id, r.wave_id, r.state, r.station, r.tote) for r in rows]


async def still_in(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the orders that the wave still owns: told late, one may be in the next wave already."""
    rows = text("SELECT order_id FROM wave_order WHERE wave_id = :wave AND state = 'released' AND order_id = ANY(:ids)")
    found = await uow.session.scalars(rows.columns(order_id=Uuid), {"wave": wave_id, "ids": list(order_ids)})
    return set(found)


async def paused(uow: UnitOfWork) -> set[UUID]:
    """Waves of which nothing new is begun."""
    return set(await uow.session.scalars(text("SELECT id FROM wave WHERE state = 'paused'").columns(id=Uuid)))


async def wanted(uow: UnitOfWork, members: list[OrderAt]) -> list[rules.Order]:
    """These orders with the pods of their open picks."""
    found = await orders.orders(uow, [m.order_id for m in members])
    pods: dict[UUID, list[int]] = {i: [] for i in found}
    for task in await work.tasks(uow, kind=rules.KIND, groups=list(pods), limit=100_000):
        if task.group_id in pods:
            pods[task.group_id].append(int(task.data["pod_id"]))
    return [
        rules.Order(i, (o.priority, o.cutoff_at.timestamp() // rules.CUTOFF_S), tuple(pods[i]))
        for i, o in found.items()
    ]


async def free_totes(uow: UnitOfWork, place: Bench) -> list[stock.Unit]:
    """Empty totes at the station that serve no order."""
    held = {h.place_id for h in await stock.content_of(uow, place.place.id)}
    return [
        u for u in await stock.units_in(uow, place.place.id) if u.kind == "tote" and u.bound_to is None and u.id not in held
    ]  # fmt: skip


async def _picks(uow: UnitOfWork, station: str) -> list[work.TaskInfo]:
    members = [m.order_id for m in await at(uow, "here") if m.station == station]
    return await work.tasks(uow, kind=rules.KIND, groups=members, limit=100_000)


async def picks_left(uow: UnitOfWork, station: str) -> int:
    """Open picks of the orders whose totes stand at the station, whatever pod they are in."""
    return len(await _picks(uow, station))


async def picks_here(uow: UnitOfWork, station: str) -> list[work.TaskInfo]:
    """Open picks at the station from the pod that came first and has any."""
    mine = await _picks(uow, station)
    for visit in await open_visits(uow, station):
        here = [t for t in mine if visit.state == "here" and t.data["pod_id"] == visit.pod_id]
        if here:
            return sorted(here, key=lambda t: (t.place_id, t.sku_id, t.id))
    return []


async def board(uow: UnitOfWork) -> dict[str, Any]:
    """Each station with its orders' totes and the pods on their way, there and leaving; orders that wait for a tote."""
    here, waiting = await at(uow, "here"), await at(uow, "waiting")
    members = await wanted(uow, here)
    left = {o.id: len(o.pods) for o in members}
    shown = []
    for place in await benches(uow):
        totes = [u for u in await stock.units_in(uow, place.place.id) if u.kind == "tote"]
        found = await orders.orders(uow, [u.bound_to for u in totes if u.bound_to])
        pods = []
        for v in await open_visits(uow, place.code):
            own = {m.order_id for m in here if m.station == place.code}
            picks = sum(o.pods.count(v.pod_id) for o in members if o.id in own)
            pods.append({"pod": (await stock.unit(uow, v.pod_id)).code, "state": v.state, "picks": picks, "why": v.why})
        shown.append({
            "station": place.code, "pods_max": place.pods_max, "pods": pods,
            "totes": [{
                "tote": u.code, "order": found[u.bound_to].ref if u.bound_to in found else "",
                "pieces": sum(h.qty_each for h in await stock.content_of(uow, u.id)),
                "picks_left": left.get(u.bound_to, 0) if u.bound_to else 0,
            } for u in totes],
        })  # fmt: skip
    return {"stations": shown, "waiting": len(waiting)}

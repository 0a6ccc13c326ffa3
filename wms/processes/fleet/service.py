"""Ask for transports, dispatch vehicles, take in their answers."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.algorithms.routing import graph
from wms.db.uow import UnitOfWork
from wms.events.devices import VehicleReported
from wms.events.fleet import UnitDelivered
from wms.events.incidents import IncidentDetected
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.kernel.ids import uuid7
from wms.processes.fleet import rules
from wms.processes.fleet.tables import Transport, Vehicle

DRIVE_TTL_S = 900


async def request(uow: UnitOfWork, hu_id: int, to_place_id: int, purpose: str) -> UUID:
    """Ask for a handling unit to be brought somewhere; dispatches at once when a vehicle is free."""
    unit = await stock.unit(uow, hu_id)
    row = Transport(
        id=uuid7(),
        hu_id=hu_id,
        from_place_id=unit.in_place_id,
        to_place_id=to_place_id,
        purpose=purpose,
        asked_at=uow.now,
    )
    uow.session.add(row)
    await uow.session.flush()
    if unit.in_place_id == to_place_id:
        await _arrived(uow, row, "carry")
    else:
        await dispatch(uow)
    return row.id


async def note_vehicle(uow: UnitOfWork, event: VehicleReported) -> None:
    """Keep a vehicle's newest state; a free one gets the next transport."""
    values: dict[str, Any] = {
        "device": event.device, "x_mm": event.x_mm, "y_mm": event.y_mm, "theta_mrad": event.theta_mrad,
        "battery_pct": event.battery_pct, "mode": event.mode, "connection": event.connection, "last_node": event.last_node,
        "errors": ", ".join(event.errors), "e_stop": event.e_stop, "seen_at": uow.now,
    }  # fmt: skip
    await uow.session.execute(
        insert(Vehicle).values(**values).on_conflict_do_update(index_elements=["device"], set_=values)
    )


async def dispatch(uow: UnitOfWork) -> int:
    """Give waiting transports, oldest first, to the nearest vehicle that may drive. Returns how many were given."""
    waiting = list(await uow.session.scalars(
        select(Transport).where(Transport.state == "waiting").order_by(Transport.id).limit(20).with_for_update(skip_locked=True)
    ))  # fmt: skip
    if not waiting:
        return 0
    busy = set(await uow.session.scalars(select(Transport.vehicle).where(Transport.state == "driving")))
    free = [
        v for v in await uow.session.scalars(select(Vehicle).order_by(Vehicle.device).with_for_update(skip_locked=True)
                                             .execution_options(populate_existing=True))
        if v.device not in busy
        and rules.may_drive(v.connection, v.mode, v.e_stop, v.errors, v.battery_pct, v.seen_at, uow.now)
    ]  # fmt: skip
    if not free:
        return 0
    walk = await layout.walk_graph(uow)
    zones = await _zones(uow, walk)
    given = 0
    for row in waiting:
        spot = await layout.location(uow, row.from_place_id)
        # A vehicle keeps to the zone it stands in: zones share no lane, so two vehicles never meet.
        near = [v for v in free if zones.get(v.last_node, spot.zone) == spot.zone]
        if not near:
            continue
        nearest = min(near, key=lambda v: (abs(v.x_mm - spot.x_mm) + abs(v.y_mm - spot.y_mm), v.device))
        free.remove(nearest)
        await _drive(uow, row, nearest, walk)
        given += 1
    return given


async def _zones(uow: UnitOfWork, walk: layout.WalkGraph) -> dict[str, str]:
    """Node code to the zone of the location that is served from it."""
    codes = dict(zip(walk.ids, walk.codes, strict=True))
    return {
        codes[s.node_id]: s.zone for s in await layout.locations(uow, ["staging", "cart", "wall", "pack", "pod", "g2p"])
    }


async def _drive(uow: UnitOfWork, row: Transport, vehicle: Vehicle, walk: layout.WalkGraph) -> None:
    index = walk.index()
    load_at = index[(await layout.location(uow, row.from_place_id)).node_id]
    drop_at = index[(await layout.location(uow, row.to_place_id)).node_id]
    codes = {code: i for i, code in enumerate(walk.codes)}
    start = codes.get(vehicle.last_node, load_at)
    load = (await stock.unit(uow, row.hu_id)).code
    stops: list[dict[str, Any]] = []
    for i in [
        *graph.path(len(walk.ids), walk.edges, start, load_at),
        *graph.path(len(walk.ids), walk.edges, load_at, drop_at)[1:],
    ]:
        stops.append(
            {
                "node": walk.codes[i],
                "x_mm": int(walk.xy_mm[i][0]),
                "y_mm": int(walk.xy_mm[i][1]),
                "action": None,
                "load": "",
            }
        )
    picked_at = len(graph.path(len(walk.ids), walk.edges, start, load_at)) - 1
    stops[picked_at].update(action="pick", load=load)
    stops[-1].update(action="drop", load=load)
    row.attempts += 1
    row.state, row.vehicle, row.started_at = rules.step(row.state, "drive"), vehicle.device, uow.now
    row.command_id = uow.send_device(
        vehicle.device, "transport", {"order_id": f"{row.id}-{row.attempts}", "stops": stops}, ref=f"fleet.transport:{row.id}",
        ttl_s=DRIVE_TTL_S,
    )  # fmt: skip
    row.why = f"nearest of the vehicles that may drive: {vehicle.device}"


async def settle(uow: UnitOfWork, transport_id: UUID, outcome: str, code: str, where: dict[str, Any]) -> None:
    """Take in a vehicle's answer. A failed drive is tried again, then handed to a person.

    `where`: {x_mm, y_mm, last_node} of the vehicle as it answered: its next drive starts there, and the report that says
    so as well may still be on its way.
    """
    row = await uow.session.scalar(select(Transport).where(Transport.id == transport_id).with_for_update())
    if row is None or row.state != "driving":
        return
    if where.get("last_node"):
        await uow.session.execute(
            update(Vehicle)
            .where(Vehicle.device == row.vehicle)
            .values(last_node=where["last_node"], x_mm=where["x_mm"], y_mm=where["y_mm"])
        )
    if outcome == "done":
        await _arrived(uow, row, "arrive")
    elif outcome in ("failed", "expired", "refused") and row.attempts < rules.ATTEMPTS_MAX:
        row.state, row.vehicle, row.why = rules.step(row.state, "retry"), "", f"{outcome}: {code}"
    else:
        row.state, row.why = rules.step(row.state, "give_up"), f"{outcome}: {code}"
        unit = await stock.unit(uow, row.hu_id)
        uow.emit(IncidentDetected(
            kind="fleet.transport_failed", key=f"transport:{row.id}", subject=f"{row.vehicle} did not bring {unit.code}",
            detail={"transport": str(row.id), "vehicle": row.vehicle, "outcome": outcome, "code": code, "unit": unit.code},
            due_h=0.5,
        ))  # fmt: skip
    await uow.session.flush()
    if outcome == "done":
        await dispatch(uow)


async def carry(uow: UnitOfWork, transport_id: UUID) -> None:
    """A person brought it by hand. Errors: UnknownTransport, TransportClosed."""
    row = await uow.session.scalar(select(Transport).where(Transport.id == transport_id).with_for_update())
    if row is None:
        raise rules.UnknownTransport(transport_id=str(transport_id))
    await _arrived(uow, row, "carry")


async def _arrived(uow: UnitOfWork, row: Transport, event: str) -> None:
    row.state, row.done_at = rules.step(row.state, event), uow.now
    await ledger.put_unit(uow, row.hu_id, row.to_place_id)
    uow.emit(UnitDelivered(hu_id=row.hu_id, place_id=row.to_place_id, purpose=row.purpose))


async def bring_cart(uow: UnitOfWork, cart_code: str, station: str) -> None:
    """A full cart to the station or wall told, else to the pack station with the fewest carts on the way."""
    cart = await stock.find_unit(uow, cart_code)
    wanted = await layout.locations(uow, ["pack", "wall"])
    packs = [p for p in wanted if p.kind == "pack"]
    if cart is None or not wanted:
        return
    if any(p.id == cart.in_place_id for p in wanted):
        uow.emit(UnitDelivered(hu_id=cart.id, place_id=cart.in_place_id, purpose="pack"))
        return
    load = {p.id: len([u for u in await stock.units_in(uow, p.id) if u.kind == "cart"]) for p in packs}
    for to_place in await uow.session.scalars(
        select(Transport.to_place_id).where(Transport.state.in_(("waiting", "driving")), Transport.purpose == "pack")
    ):
        load[to_place] = load.get(to_place, 0) + 1
    here = {s.id: s.zone for s in await layout.locations(uow, ["staging", "cart"])}.get(cart.in_place_id)
    near = [p for p in packs if p.zone == here] or packs or wanted
    told = next((p.id for p in wanted if p.code == station), None)
    await request(uow, cart.id, told or min(near, key=lambda p: (load.get(p.id, 0), p.code)).id, "pack")


async def return_cart(uow: UnitOfWork, cart_id: int) -> None:
    """An empty cart back to where tours start."""
    parks = await layout.locations(uow, ["cart"])
    cart = await stock.unit(uow, cart_id)
    here = {s.id: s.zone for s in await layout.locations(uow, ["pack", "wall", "staging"])}.get(cart.in_place_id)
    best = next((p for p in parks if p.zone == here), parks[0] if parks else None)
    if best is not None:
        await request(uow, cart_id, best.id, "park")


async def retry_failed(uow: UnitOfWork, transport_id: UUID) -> None:
    """Let a vehicle try again. Errors: TransportClosed."""
    row = await uow.session.get(Transport, transport_id, with_for_update=True)
    if row is None:
        raise rules.UnknownTransport(transport_id=str(transport_id))
    await uow.session.execute(
        update(Transport)
        .where(Transport.id == transport_id)
        .values(state=rules.step(row.state, "retry"), attempts=0, vehicle="")
    )
    await dispatch(uow)

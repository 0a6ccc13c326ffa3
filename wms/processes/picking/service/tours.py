"""Plan, hand out, leave, take over and finish tours."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.picking import (
    TourCompleted,
    TourLeft,
    TourTaken,
)
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.picking import queries, rules
from wms.processes.picking.service import picks
from wms.processes.picking.tables import Tour, TourSlot

solve = rules.solve
"""The pure middle of tour planning, run in a process pool."""


async def snapshot(
    uow: UnitOfWork, batches: Sequence[Sequence[UUID]], zones: Sequence[str] = ()
) -> rules.Snapshot | None:
    """Reservations of released orders, cart by cart, with the walking graph; None when nothing is to be walked.

    zones: of each batch, whose share of its orders it picks; without, every cart picks its orders whole.
    """
    found = await orders.orders(uow, [i for batch in batches for i in batch])
    live = {i: o for i, o in found.items() if o.state == "released"}
    demands = {f"order_line:{x.id}": o.id for o in live.values() for x in o.lines}
    pending = await stock.open_reservations(uow, list(demands)) if demands else []
    if not pending:
        return None
    walk = await layout.walk_graph(uow)
    index = walk.index()
    spots = {s.id: s for s in await layout.locations(uow, ids={r.place_id for r in pending})}
    stops: dict[tuple[UUID, str], list[rules.Stop]] = {}
    for r in pending:
        line_id, spot = UUID(r.demand.split(":")[1]), spots[r.place_id]
        stops.setdefault((demands[r.demand], spot.zone if zones else ""), []).append(
            rules.Stop(line_id, r.id, r.place_id, index[spot.node_id], r.grain.sku_id, r.open_each)
        )
    carts = tuple(
        rules.Cart(tuple((i, live[i].priority, tuple(stops[i, zone])) for i in batch if (i, zone) in stops), zone)
        for batch, zone in zip(batches, zones or [""] * len(batches), strict=True) if any((i, zone) in stops for i in batch)
    )  # fmt: skip
    parks, drops = await layout.locations(uow, ["cart"]), await layout.locations(uow, ["staging"])
    start, end = (parks or drops)[0].node_id, (drops or parks)[0].node_id
    return rules.Snapshot(
        carts, tuple((int(x), int(y)) for x, y in walk.xy_mm), walk.edges, index[start], index[end],
        await work.standard(uow, "pick"),
    )  # fmt: skip


async def open_tours(uow: UnitOfWork, wave_id: UUID, plans: Sequence[rules.TourPlan], *, singles: bool = False) -> int:
    """Make the planned tours walkable; orders that stopped meanwhile are left out. Returns how many tours."""
    opened = 0
    found = await order_service.lock_all(uow, [i for p in plans for i in p.order_ids])
    pending = await stock.open_reservations(uow, [f"order_line:{x.id}" for o in found.values() for x in o.lines])
    still = {r.id for r in pending}  # an order that left its wave and came back stands on others
    for plan in plans:
        gone = {leg.order_id for leg in plan.legs if leg.stop.reservation_id not in still}
        live = [i for i in plan.order_ids if found[i].state == "released" and i not in gone]
        if not live:
            continue
        row = Tour(
            id=uuid7(), wave_id=wave_id, priority=plan.priority, length_mm=plan.length_mm, expected_s=plan.expected_s, zone=plan.zone,
            path=[list(p) for p in plan.path], planned_at=uow.now, singles=singles,
        )  # fmt: skip
        uow.session.add(row)
        await uow.session.flush()
        for slot, order_id in enumerate(live, 1):
            uow.session.add(TourSlot(tour_id=row.id, slot=slot, order_id=order_id))
        for seq, leg in enumerate((leg for leg in plan.legs if leg.order_id in live), 1):
            stop = leg.stop
            picks.open_pick(
                uow, row.id, seq, leg.order_id, stop.line_id, stop.reservation_id, stop.place_id, stop.sku_id, stop.qty_each,
                {"walk_mm": leg.walk_mm, "s": round(leg.expected_s, 1)},
            )  # fmt: skip
        opened += 1
    await uow.session.flush()
    return opened


async def claim_tour(uow: UnitOfWork) -> queries.TourInfo | None:
    """The actor's tour, else one that its picker left, else the most urgent planned one (none of a paused wave)."""
    if (mine := await queries.tour_of(uow, uow.actor.id)) is not None:
        return mine
    tour_id = await uow.session.scalar(
        text("""
        SELECT t.id FROM tour t JOIN wave w ON w.id = t.wave_id
        WHERE t.claimed_by = '' AND (t.state = 'left' OR t.state = 'planned' AND w.state IN ('released', 'done'))
        ORDER BY t.priority >= :last, t.state = 'planned', t.priority, t.id LIMIT 1 FOR UPDATE OF t SKIP LOCKED"""),
        {"last": rules.PRIORITY_CART_LOST},
    )
    if tour_id is None:
        return None
    await uow.session.execute(update(Tour).where(Tour.id == tour_id).values(claimed_by=uow.actor.id))
    await tasks.claim_group(uow, tour_id)
    return await queries.tour(uow, tour_id)


async def free_carts(uow: UnitOfWork) -> list[str]:
    """Codes of the carts that stand in the park and serve nobody."""
    parks = await layout.locations(uow, ["cart"])
    units = [u for p in parks for u in await stock.units_in(uow, p.id)]
    return [u.code for u in units if u.kind == "cart" and u.bound_to is None]


def drops_of(tour: queries.TourInfo) -> tuple[str, str]:
    """Kinds of location where a tour's cart is put down: a transfer point, or where its totes are wanted."""
    return "staging", "wall" if tour.zone else "pack"


async def _wall_of(uow: UnitOfWork, tour: queries.TourInfo) -> layout.Spot | None:
    """The one wall at which all shares of the tour's wave come together; waves take turns where there are several."""
    walls = sorted(await layout.locations(uow, ["wall"]), key=lambda s: s.code)
    return walls[tour.wave_id.int % len(walls)] if walls else None


async def best_drop(uow: UnitOfWork, tour: queries.TourInfo) -> layout.Spot:
    """The transfer point of the zone with the fewest carts per pack station; a station where there are no transfer points.

    A share of orders goes to the wall itself: it is wanted there with the others. Errors: WrongDrop when the site has neither.
    """
    if tour.zone and (wall := await _wall_of(uow, tour)) is not None:
        return wall
    spots = await layout.locations(uow, list(drops_of(tour)))
    drops = [s for s in spots if s.kind == "staging"] or spots
    if not drops:
        raise rules.WrongDrop(scanned="")
    carts, benches = dict.fromkeys({s.zone for s in spots}, 0), dict.fromkeys({s.zone for s in spots}, 0)
    for spot in spots:
        carts[spot.zone] += len([u for u in await stock.units_in(uow, spot.id) if u.kind == "cart"])
        benches[spot.zone] += spot.kind != "staging"
    return min(drops, key=lambda d: (carts[d.zone] / max(benches[d.zone], 1), d.code))


async def start_tour(uow: UnitOfWork, tour_id: UUID, cart_scan: str) -> queries.TourInfo:
    """Bind a cart's empty totes to the tour's orders. Errors: NoTour, BadCart, UnknownBarcode."""
    tour = await _my_tour(uow, tour_id)
    if tour.state == "walking":
        return tour
    meaning = await scanning.meaning(uow, cart_scan, "unit")
    cart = await stock.unit(uow, meaning.id)
    if cart.kind != "cart" or cart.bound_to is not None:
        raise rules.BadCart(scanned=cart.code, reason="not a cart" if cart.kind != "cart" else "in use")
    held = {h.place_id for h in await stock.content_of(uow, cart.id)}
    free = [
        u for u in await stock.units_in(uow, cart.id) if u.kind == "tote" and u.bound_to is None and u.id not in held
    ]
    slots = await queries.slots(uow, tour_id)
    if tour.singles:
        tote_of = await _share_totes(uow, tour_id, [t.code for t in free])
        owner = dict.fromkeys(tote_of.values(), tour_id)  # nobody's, until a piece is matched at the bench
    elif len(free) < len(slots):
        raise rules.BadCart(scanned=cart.code, reason=f"{len(free)} empty totes, {len(slots)} needed")
    else:
        tote_of = {slot.order_id: tote.code for slot, tote in zip(slots, free, strict=False)}
        owner = {tote: order_id for order_id, tote in tote_of.items()}
    await ledger.bind_unit(uow, cart.id, tour_id)
    for tote in free:
        if tote.code in owner:
            await ledger.bind_unit(uow, tote.id, owner[tote.code])
    for slot in slots:
        await uow.session.execute(
            update(TourSlot).where(TourSlot.tour_id == tour_id, TourSlot.slot == slot.slot)
            .values(tote=tote_of.get(slot.order_id, ""))
        )  # fmt: skip
    state = rules.step(tour.state, "start")
    await uow.session.execute(
        update(Tour).where(Tour.id == tour_id).values(state=state, cart=cart.code, started_at=uow.now)
    )
    await tasks.claim_group(uow, tour_id)
    for order_id in sorted({s.order_id for s in slots}):
        order = await orders.order(uow, order_id)
        if order.state == "released":
            await order_service.advance(uow, order_id, "start_pick")
    return await queries.tour(uow, tour_id)


async def _share_totes(uow: UnitOfWork, tour_id: UUID, totes: Sequence[str]) -> dict[UUID, str]:
    """Order id to the tote that its piece goes into. Errors: BadCart."""
    picks = sorted(await work.tasks(uow, kind="pick", group_id=tour_id), key=lambda t: t.seq)
    volume = {s.id: s.volume_mm3 for s in (await catalog.skus(uow, {t.sku_id for t in picks})).values()}
    return rules.share_totes([(UUID(t.data["order_id"]), volume[t.sku_id] * t.qty_each) for t in picks], totes)


async def leave_tour(uow: UnitOfWork, tour_id: UUID) -> queries.TourInfo:
    """Give a tour back: one not begun is free again, of one under way the next picker is sent to its cart.

    By its holder, or by a lead for someone who went home. Errors: NoTour.
    """
    tour = await _locked(uow, tour_id)
    if not tour.claimed_by or (tour.claimed_by != uow.actor.id and "lead" not in uow.actor.roles):
        raise rules.NoTour(tour_id=str(tour_id))
    state = rules.step(tour.state, "leave")
    await uow.session.execute(update(Tour).where(Tour.id == tour_id).values(state=state, claimed_by=""))
    uow.emit(TourLeft(tour_id=tour_id, holder=tour.claimed_by, cart=tour.cart))
    await tasks.release_group(uow, tour_id)
    return await queries.tour(uow, tour_id)


async def take_tour(uow: UnitOfWork, tour_id: UUID, cart_scan: str) -> queries.TourInfo:
    """Go on with a tour that another picker left; the scan of its cart proves that it was found. Errors: NoTour, BadCart."""
    tour = await _my_tour(uow, tour_id)
    if tour.state == "walking":
        return tour
    cart = await stock.unit(uow, (await scanning.meaning(uow, cart_scan, "unit")).id)
    if cart.code != tour.cart:
        raise rules.BadCart(scanned=cart.code, reason=f"looked for {tour.cart}")
    await uow.session.execute(
        update(Tour)
        .where(Tour.id == tour_id)
        .values(state=rules.step(tour.state, "take"), priority=rules.PRIORITY_TAKEN)
    )
    await tasks.claim_group(uow, tour_id)
    uow.emit(TourTaken(tour_id=tour_id, cart=tour.cart))
    return await queries.tour(uow, tour_id)


async def cart_not_found(uow: UnitOfWork, tour_id: UUID) -> None:
    """The cart of a left tour is not where it was last seen: a lead looks for it, others get other work first."""
    tour = await _my_tour(uow, tour_id)
    uow.emit(IncidentDetected(
        kind="picking.cart_lost", key=f"cart_lost:{tour_id}", subject=f"{tour.cart} was not found", owner="lead", due_h=0.5,
        detail={"cart": tour.cart, "last_at": await last_stop(uow, tour_id), "looked_for_by": uow.actor.id},
    ))  # fmt: skip
    await leave_tour(uow, tour_id)
    await uow.session.execute(update(Tour).where(Tour.id == tour_id).values(priority=rules.PRIORITY_CART_LOST))


async def last_stop(uow: UnitOfWork, tour_id: UUID) -> str:
    """Code of the location where the tour's last pick was made; empty before the first."""
    done = await work.tasks(uow, kind="pick", group_id=tour_id, states=("done", "shorted"))
    last = max(done, key=lambda t: (t.done_at is not None, t.done_at), default=None)
    return "" if last is None else (await layout.location(uow, last.place_id)).code


async def _locked(uow: UnitOfWork, tour_id: UUID) -> queries.TourInfo:
    await uow.session.execute(select(Tour.id).where(Tour.id == tour_id).with_for_update())
    return await queries.tour(uow, tour_id)


async def _my_tour(uow: UnitOfWork, tour_id: UUID) -> queries.TourInfo:
    tour = await _locked(uow, tour_id)
    if tour.claimed_by != uow.actor.id:
        raise rules.NoTour(tour_id=str(tour_id))
    return tour


async def finish_tour(uow: UnitOfWork, tour_id: UUID, drop_scan: str) -> queries.TourInfo:
    """Drop the cart at a transfer point (an AGV fetches it) or straight at a pack station.

    Errors: TourOpen, WrongDrop, NoTour.
    """
    tour = await _my_tour(uow, tour_id)
    if tour.state == "done":
        return tour
    if left := await work.tasks(uow, kind="pick", group_id=tour_id):
        raise rules.TourOpen(open=len(left))
    spot = await layout.location(uow, (await scanning.meaning(uow, drop_scan, "location")).id)
    wall = await _wall_of(uow, tour) if tour.zone else None
    if spot.kind not in drops_of(tour) or (spot.kind == "wall" and wall is not None and spot.id != wall.id):
        raise rules.WrongDrop(scanned=spot.code)
    cart = await stock.find_unit(uow, tour.cart)
    if cart is None:
        raise rules.BadCart(scanned=tour.cart, reason="unknown")
    await ledger.put_unit(uow, cart.id, spot.id)
    await uow.session.execute(
        update(Tour).where(Tour.id == tour_id).values(state=rules.step(tour.state, "finish"), done_at=uow.now)
    )
    for slot in await queries.slots(uow, tour_id):
        await picks.free_tote(uow, slot.tote)
    uow.emit(
        TourCompleted(tour_id=tour_id, cart=tour.cart, place_id=spot.id, station=await _wanted_at(uow, tour, spot))
    )
    return await queries.tour(uow, tour_id)


async def _wanted_at(uow: UnitOfWork, tour: queries.TourInfo, spot: layout.Spot) -> str:
    """Where the cart is to go, if that is settled: the station it stands at, or the wall for a share of orders."""
    if spot.kind != "staging" or not tour.zone:
        return "" if spot.kind == "staging" else spot.code
    wall = await _wall_of(uow, tour)
    return wall.code if wall else ""

"""Plan, hand out and finish tours; confirm, short and undo picks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.order_release import OrderWithdrawn
from wms.events.picking import (
    GoodsToPutBack,
    OrderPicked,
    PickConfirmed,
    PickShorted,
    SinglePicked,
    TourCompleted,
    TourLeft,
    TourTaken,
)
from wms.foundation.catalog import queries as catalog
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
from wms.processes.picking import queries, rules
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
            _open_pick(
                uow, row.id, seq, leg.order_id, stop.line_id, stop.reservation_id, stop.place_id, stop.sku_id, stop.qty_each,
                {"walk_mm": leg.walk_mm, "s": round(leg.expected_s, 1)},
            )  # fmt: skip
        opened += 1
    await uow.session.flush()
    return opened


def _open_pick(
    uow: UnitOfWork, tour_id: UUID, seq: int, order_id: UUID, line_id: UUID, reservation_id: UUID, place_id: int, sku_id: int,
    qty_each: int, standard: dict[str, float] | None = None,
) -> UUID:  # fmt: skip
    """`standard`: what the pick should take; None for one that no plan foresaw."""
    data: dict[str, Any] = {
        "order_id": str(order_id), "line_id": str(line_id), "reservation_id": str(reservation_id),
    }  # fmt: skip
    if standard is not None:
        data["std"] = standard
    return tasks.open_task(
        uow, "pick", place_id=place_id, sku_id=sku_id, qty_each=qty_each, group_id=tour_id, seq=seq, data=data
    )


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


async def confirm_pick(
    uow: UnitOfWork, task_id: UUID, location_scan: str, sku_scan: str, qty_each: int, tote_scan: str,
    serials: Sequence[str] = (),
) -> None:  # fmt: skip
    """Move `qty_each` pieces from the task's location into the order's tote. `serials`: theirs, where the SKU keeps them.

    Errors: WrongLocation, WrongSku, PickExceedsTask, BadQuantity, WrongTote, OrderIsCancelled, TaskClosed, NotYourTask,
    stock.NotEnough, stock.SerialProblem. Idempotent by uow.request_id.
    """
    task = await _live_task(uow, task_id)
    await _check_location(uow, task, location_scan)
    found = await scanning.meaning(uow, sku_scan, "sku")
    if found.id != task.sku_id:
        raise rules.WrongSku(scanned=found.code)
    rules.check_quantity(qty_each, task.qty_each)
    slot = await _slot(uow, task)
    if tote_scan.strip().upper() != slot.tote.upper():
        raise rules.WrongTote(scanned=tote_scan, expected=slot.tote)
    await _pick(uow, task, slot, qty_each, serials)
    if qty_each == task.qty_each:
        await tasks.finish(uow, task_id, data={"serials": list(serials)} if serials else {})
        await _maybe_picked(uow, UUID(task.data["order_id"]), slot)
    else:
        await tasks.set_qty(uow, task_id, task.qty_each - qty_each)


async def _pick(
    uow: UnitOfWork, task: work.TaskInfo, slot: queries.SlotInfo, qty_each: int, serials: Sequence[str]
) -> None:
    reservation = await stock.open_reservations(uow, [f"order_line:{task.data['line_id']}"])
    mine = next((r for r in reservation if str(r.id) == task.data["reservation_id"]), None)
    tote = await stock.find_unit(uow, slot.tote)
    if mine is None or tote is None:
        raise order_rules.OrderIsCancelled(order_id=task.data["order_id"])
    await ledger.post(uow, [
        ledger.Line(mine.grain, task.place_id, tote.id, qty_each, "pick", reservation=mine.id, serials=serials or None)
    ])  # fmt: skip
    await order_service.add_picked(uow, UUID(task.data["line_id"]), qty_each)
    uow.emit(PickConfirmed(
        task_id=task.id, order_id=UUID(task.data["order_id"]), place_id=task.place_id, sku_id=task.sku_id, qty_each=qty_each,
        tote=slot.tote,
    ))  # fmt: skip


async def _live_task(uow: UnitOfWork, task_id: UUID) -> work.TaskInfo:
    task = await tasks.lock(uow, task_id)
    if task.state == "cancelled":
        raise order_rules.OrderIsCancelled(order_id=task.data.get("order_id", ""))
    return await tasks.make_mine(uow, task)


async def _check_location(uow: UnitOfWork, task: work.TaskInfo, scan: str) -> None:
    spot = await layout.location(uow, task.place_id)
    if scan.strip().upper() not in (spot.code.upper(), spot.check_digits):
        raise rules.WrongLocation(scanned=scan[:60], expected=spot.code)


async def _slot(uow: UnitOfWork, task: work.TaskInfo) -> queries.SlotInfo:
    for slot in await queries.slots(uow, task.group_id) if task.group_id else []:
        if str(slot.order_id) == task.data["order_id"]:
            return slot
    raise rules.NoTour(task_id=str(task.id))


async def short_pick(
    uow: UnitOfWork,
    task_id: UUID,
    location_scan: str,
    found_each: int,
    sku_scan: str,
    tote_scan: str,
    reason: str,
    serials: Sequence[str] = (),
) -> queries.TourInfo:
    """Take what is there, then: another location, or the order's short policy. Leaves a count behind.

    Errors: as confirm_pick.
    """
    task = await _live_task(uow, task_id)
    if reason not in rules.PROBLEMS:
        raise rules.UnknownProblem(reason=reason[:60])
    if reason != "blocked" or found_each > 0:  # nobody can scan a place they cannot get to
        await _check_location(uow, task, location_scan)
    slot = await _slot(uow, task)
    if found_each > 0:
        rules.check_quantity(found_each, task.qty_each)
        found = await scanning.meaning(uow, sku_scan, "sku")
        if found.id != task.sku_id:
            raise rules.WrongSku(scanned=found.code)
        if tote_scan.strip().upper() != slot.tote.upper():
            raise rules.WrongTote(scanned=tote_scan, expected=slot.tote)
        await _pick(uow, task, slot, found_each, serials)
    missing = task.qty_each - found_each
    order_id = UUID(task.data["order_id"])
    if missing <= 0:
        await tasks.finish(uow, task_id)
    else:
        await ledger.release(uow, [UUID(task.data["reservation_id"])])
        if reason != "blocked":  # what stands behind an obstacle is still there
            await _hold_rest(uow, task, reason)
        await tasks.finish(uow, task_id, "short", data={"found_each": found_each, "reason": reason})
        outcome = await _resource(uow, task, slot, missing)
        uow.emit(PickShorted(
            task_id=task_id, order_id=order_id, place_id=task.place_id, sku_id=task.sku_id, missing_each=missing,
            outcome=outcome,
        ))  # fmt: skip
    await _maybe_picked(uow, order_id, slot)
    return await queries.tour(uow, slot.tour_id)


async def _hold_rest(uow: UnitOfWork, task: work.TaskInfo, reason: str) -> None:
    """What the book still shows free there is not promised to anyone until it is counted."""
    status = "damaged" if reason == "damaged" else "count_hold"
    for held in await stock.held_in(uow, task.place_id, task.sku_id):
        if held.grain.status == "available" and held.free_each > 0:
            await ledger.change_status(uow, task.place_id, held.grain, status, held.free_each, f"short pick: {reason}")


async def _resource(uow: UnitOfWork, task: work.TaskInfo, slot: queries.SlotInfo, missing: int) -> str:
    """Find the missing pieces elsewhere, or apply the order's short policy. Returns what was done."""
    order_id, line_id = UUID(task.data["order_id"]), UUID(task.data["line_id"])
    last = max(
        (t.seq for t in await work.tasks(uow, group_id=slot.tour_id, states=("open", "claimed", "done", "shorted"))),
        default=0,
    )
    opened = []
    for c in await stock.candidates(uow, [task.sku_id]):
        if missing and c.place_id != task.place_id:
            qty = min(missing, c.free_each)
            (reservation_id,) = await ledger.reserve(uow, [ledger.Want(f"order_line:{line_id}", c.balance_id, qty)])
            last, missing = last + 1, missing - qty
            opened.append(
                _open_pick(uow, slot.tour_id, last, order_id, line_id, reservation_id, c.place_id, task.sku_id, qty)
            )
    if opened:
        await uow.session.flush()
        await tasks.claim_group(uow, slot.tour_id)
    if not missing:
        return "other_location"
    order = await orders.order(uow, order_id)
    uow.emit(IncidentDetected(
        kind="order.short", key=f"short:{line_id}", subject=f"Order {order.ref}: {missing} missing at the pick",
        detail={"order": order.ref, "line": str(line_id), "missing_each": missing, "policy": order.short_policy}, due_h=2.0,
    ))  # fmt: skip
    await order_service.add_short(uow, line_id, missing)
    if order.short_policy in ("complete_only", "backorder"):
        wave_id = (await queries.tour(uow, slot.tour_id)).wave_id
        uow.emit(OrderWithdrawn(
            order_id=order_id, then="backordered", reason=f"{order.short_policy}: short at the pick", wave_id=wave_id,
        ))  # fmt: skip
        await stop_order(uow, order_id, "short")
        await order_service.advance(uow, order_id, "unrelease", why="short at the pick")
        await order_service.advance(uow, order_id, "backorder", why=order.short_policy)
        await order_service.clear_progress(uow, order_id)
    return order.short_policy


async def _maybe_picked(uow: UnitOfWork, order_id: UUID, slot: queries.SlotInfo) -> None:
    """When the order's last task is closed, its tote is ready; an order with nothing in its tote is cancelled."""
    open_tasks = await work.tasks(uow, kind="pick", group_id=slot.tour_id)
    if any(t.data["order_id"] == str(order_id) for t in open_tasks):
        return
    await uow.session.execute(
        update(TourSlot).where(TourSlot.tour_id == slot.tour_id, TourSlot.slot == slot.slot).values(done=True)
    )
    tour = await queries.tour(uow, slot.tour_id)
    if not all(s.done for s in await queries.slots_of(uow, order_id, tour.wave_id)):
        return  # another zone still picks its share
    order = await orders.order(uow, order_id)
    if order.state != "picking":
        return
    if sum(x.picked_each for x in order.lines) == 0:
        await order_service.advance(uow, order_id, "cancel", why="nothing of it was there")
        for each in await queries.slots_of(uow, order_id) if not tour.singles else ():
            await _free_tote(uow, each.tote)
        return
    await order_service.advance(uow, order_id, "picked")
    uow.emit(OrderPicked(order_id=order_id, tote=slot.tote))
    if tour.singles:
        uow.emit(SinglePicked(order_id=order_id, tote=slot.tote))


async def _free_tote(uow: UnitOfWork, code: str) -> None:
    tote = await stock.find_unit(uow, code)
    if tote is not None and not await stock.content_of(uow, tote.id):
        await ledger.bind_unit(uow, tote.id, None)


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
        await _free_tote(uow, slot.tote)
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


async def undo_pick(uow: UnitOfWork, task_id: UUID) -> queries.TourInfo:
    """Take back the actor's last confirmed pick by a reversing movement, while its order is still being picked.

    Errors: NothingToUndo.
    """
    task = await tasks.lock(uow, task_id)
    slot = await _slot(uow, task)
    order = await orders.order(uow, UUID(task.data["order_id"]))
    newest = await work.tasks(uow, kind="pick", group_id=task.group_id, states=("done",))
    last = max(newest, key=lambda t: (t.done_at is not None, t.done_at), default=None)
    if (
        task.state != "done"
        or task.done_by != uow.actor.id
        or last is None
        or last.id != task_id
        or order.state != "picking"
    ):
        raise rules.NothingToUndo(task_id=str(task_id))
    tote = await stock.find_unit(uow, slot.tote)
    held = await stock.held_in(uow, tote.id, task.sku_id) if tote else []
    if not tote or not held or held[0].qty_each < task.qty_each:
        raise rules.NothingToUndo(task_id=str(task_id))
    back_again = ledger.Line(
        held[0].grain, tote.id, task.place_id, task.qty_each, "undo pick", serials=task.data.get("serials")
    )
    await ledger.post(uow, [back_again])
    back = next(h for h in await stock.held_in(uow, task.place_id, task.sku_id) if h.grain == held[0].grain)
    (reservation_id,) = await ledger.reserve(
        uow, [ledger.Want(f"order_line:{task.data['line_id']}", back.balance_id, task.qty_each)]
    )
    await order_service.add_picked(uow, UUID(task.data["line_id"]), -task.qty_each)
    _open_pick(uow, slot.tour_id, task.seq, order.id, UUID(task.data["line_id"]), reservation_id, task.place_id, task.sku_id,
               task.qty_each)  # fmt: skip
    await uow.session.flush()
    await tasks.claim_group(uow, slot.tour_id)
    return await queries.tour(uow, slot.tour_id)


async def stop_order(uow: UnitOfWork, order_id: UUID, reason: str, wave_id: UUID | None = None) -> None:
    """Close the order's open picks, free its reservations, and send what is already in its tote back.

    `wave_id`: only what this wave began; told late, the order may be at work in the next one.
    """
    order = await orders.order(uow, order_id)
    if wave_id is None:
        pending = await stock.open_reservations(uow, [f"order_line:{x.id}" for x in order.lines])
        await ledger.release(uow, [r.id for r in pending])
    for slot in await queries.slots_of(uow, order_id, wave_id):
        await _stop_slot(uow, order, slot, reason)


async def _stop_slot(uow: UnitOfWork, order: orders.OrderInfo, slot: queries.SlotInfo, reason: str) -> None:
    order_id = order.id
    for task in await work.tasks(uow, kind="pick", group_id=slot.tour_id):
        if task.data["order_id"] == str(order_id):
            await ledger.release(uow, [UUID(task.data["reservation_id"])])
            await tasks.finish(uow, task.id, "cancel")
    await uow.session.execute(
        update(TourSlot).where(TourSlot.tour_id == slot.tour_id, TourSlot.slot == slot.slot).values(done=True)
    )
    tote = await stock.find_unit(uow, slot.tote) if slot.tote else None
    if tote is not None and tote.bound_to == order_id:
        if await stock.content_of(uow, tote.id):
            uow.emit(GoodsToPutBack(hu_id=tote.id, reason=reason))
            if order.cancel_requested_at is None:
                # The order may come again in another tote: this one is no longer its own.
                await ledger.bind_unit(uow, tote.id, slot.tour_id)
        else:
            await ledger.bind_unit(uow, tote.id, None)
    tour = await queries.tour(uow, slot.tour_id)
    if tour.state == "planned" and not await work.tasks(uow, kind="pick", group_id=tour.id):
        await uow.session.execute(update(Tour).where(Tour.id == tour.id).values(state=rules.step("planned", "cancel")))


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order leaves the floor. Only acts while picking owns it."""
    order = await order_service.lock(uow, order_id)
    if order.state in ("released", "picking"):
        await stop_order(uow, order_id, "order cancelled")
        await order_service.advance(uow, order_id, "cancel", why="cancelled during the pick")

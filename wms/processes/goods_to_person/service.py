"""Take orders to stations, call pods, pick from them, send them home; shorts and orders that leave."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.goods_to_person import PodCalled
from wms.events.incidents import IncidentDetected
from wms.events.order_release import OrderWithdrawn
from wms.events.picking import GoodsToPutBack, OrderPicked, PickConfirmed, PickShorted
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
from wms.processes.goods_to_person import queries, rules
from wms.processes.goods_to_person.tables import PodVisit, StationOrder

_ONE_AT_A_TIME = "goods_to_person"
"""Two choices at once would call one pod twice. Taken before any row, by every verb: one fixed order."""


async def take_in(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> int:
    """Open the picks of released orders, and call pods as far as stations have room. Returns how many orders."""
    await uow.alone(_ONE_AT_A_TIME)
    found = await order_service.lock_all(uow, order_ids)
    known = {m.order_id for m in await queries.at(uow, "waiting", "here")}
    own = await queries.still_in(uow, wave_id, order_ids) - known
    live = {i: o for i, o in found.items() if o.state == "released" and i in own}
    demands = {f"order_line:{x.id}": o.id for o in live.values() for x in o.lines}
    pending = await stock.open_reservations(uow, list(demands))
    pods = await stock.pods_of(uow, {r.place_id for r in pending})
    for r in pending:
        if r.place_id in pods:
            _open(
                uow,
                demands[r.demand],
                r.demand.split(":")[1],
                r.id,
                r.place_id,
                pods[r.place_id].id,
                r.grain.sku_id,
                r.open_each,
            )
    for order_id in sorted(live):
        await uow.session.merge(StationOrder(order_id=order_id, wave_id=wave_id, state="waiting", station="", tote=""))
    await uow.session.flush()
    await _feed(uow)
    return len(live)


def _open(
    uow: UnitOfWork, order_id: UUID, line_id: str, reservation_id: UUID, place_id: int, pod_id: int, sku_id: int, qty_each: int
) -> None:  # fmt: skip
    tasks.open_task(
        uow, rules.KIND, place_id=place_id, sku_id=sku_id, qty_each=qty_each, group_id=order_id,
        data={"line_id": line_id, "reservation_id": str(reservation_id), "pod_id": pod_id},
    )  # fmt: skip


async def feed(uow: UnitOfWork) -> None:
    """Something became free: give waiting orders their totes, send pods home, call the next ones."""
    await uow.alone(_ONE_AT_A_TIME)
    await _feed(uow)


async def _feed(uow: UnitOfWork) -> None:
    benches = await queries.benches(uow)
    await _give_totes(uow, benches)
    members = await queries.at(uow, "here")
    for bench in benches:
        wanted = await queries.wanted(uow, [m for m in members if m.station == bench.code])
        here = {pod for o in wanted for pod in o.pods}
        for visit in await queries.open_visits(uow, bench.code):
            if visit.state == "here" and visit.pod_id not in here:
                await _send_off(uow, bench, visit)
        room = bench.pods_max - len(await queries.open_visits(uow, bench.code))
        out = [v.pod_id for v in await queries.open_visits(uow)]
        for pod_id, why in rules.next_pods(wanted, out, room):
            visit_id = uuid7()
            uow.session.add(PodVisit(id=visit_id, pod_id=pod_id, station=bench.code, why=why, called_at=uow.now))
            uow.emit(PodCalled(pod_id=pod_id, visit_id=visit_id, to_place_id=bench.place.id, purpose="pod"))
            await uow.session.flush()


async def _give_totes(uow: UnitOfWork, benches: Sequence[queries.Bench]) -> None:
    """The most urgent waiting order gets a tote at the station that has most to spare."""
    free = {b.code: await queries.free_totes(uow, b) for b in benches}
    if not any(free.values()):
        return
    paused = await queries.paused(uow)
    members = {m.order_id: m for m in await queries.at(uow, "waiting") if m.wave_id not in paused}
    waiting = await queries.wanted(uow, list(members.values()))
    while waiting and any(free.values()):
        station = max(sorted(free), key=lambda code: len(free[code]))
        near = {v.pod_id for v in await queries.open_visits(uow, station) if v.state != "leaving"}
        first = rules.next_order(waiting, near)
        waiting.remove(first)
        order = await order_service.lock(uow, first.id)
        if order.state != "released" or order.cancel_requested_at is not None:
            continue
        tote = free[station].pop(0)
        await ledger.bind_unit(uow, tote.id, order.id)
        await _set(uow, members[order.id], state="here", station=station, tote=tote.code)
        await order_service.advance(uow, order.id, "start_pick", why=f"at {station} in {tote.code}")


async def _send_off(uow: UnitOfWork, bench: queries.Bench, visit: queries.VisitInfo) -> None:
    """To the nearest free place in store; while there is none it stays."""
    taken = {v.home_id for v in await queries.open_visits(uow)}
    homes = [
        s for s in await layout.locations(uow, ["pod"]) if s.id not in taken and not await stock.units_in(uow, s.id)
    ]
    home = min(
        homes, key=lambda s: (abs(s.x_mm - bench.place.x_mm) + abs(s.y_mm - bench.place.y_mm), s.code), default=None
    )
    if home is None:
        return
    await _step(uow, visit, "send_off", home_id=home.id, left_at=uow.now)
    uow.emit(PodCalled(pod_id=visit.pod_id, visit_id=visit.id, to_place_id=home.id, purpose="pod_home"))


async def pod_delivered(uow: UnitOfWork, pod_id: int, place_id: int) -> None:
    """A pod came to a station, or is home, by vehicle or by hand. Nothing happens for units that are on no visit."""
    await uow.alone(_ONE_AT_A_TIME)
    visits = await queries.open_visits(uow)
    visit = next((v for v in visits if v.pod_id == pod_id), None)
    if visit is None:
        return
    places = {b.code: b.place.id for b in await queries.benches(uow)}
    if visit.state == "called" and place_id == places.get(visit.station):
        # Of two that come at once, who is told of later comes later, whenever its transaction began: a picker stays at a pod.
        before = [
            v.arrived_at + timedelta(microseconds=1) for v in visits if v.station == visit.station and v.arrived_at
        ]
        await _step(uow, visit, "arrive", arrived_at=max([uow.now, *before]))
    elif visit.state == "leaving" and place_id == visit.home_id:
        await _step(uow, visit, "come_home", done_at=uow.now)
    await _feed(uow)


async def confirm_pick(
    uow: UnitOfWork, station: str, task_id: UUID, place_scan: str, sku_scan: str, qty_each: int, tote_scan: str,
    serials: Sequence[str] = (),
) -> None:  # fmt: skip
    """Move pieces from the pod into the order's tote. `place_scan`: the pod, its compartment, or the goods themselves.

    Errors: NotAStation, PodNotHere, WrongPod, WrongSku, WrongTote, BadQuantity, OrderIsCancelled, TaskClosed, stock.NotEnough.
    """
    task, member = await _pick_at(uow, station, task_id)
    await _check_goods(uow, task, place_scan, sku_scan)
    rules.check_quantity(qty_each, task.qty_each)
    await _into_tote(uow, task, member, qty_each, tote_scan, serials)
    if qty_each == task.qty_each:
        await tasks.finish(uow, task_id)
    else:
        await tasks.set_qty(uow, task_id, task.qty_each - qty_each)
        await tasks.release_group(uow, member.order_id)  # whoever stands there goes on
    await _maybe_picked(uow, member)
    await _feed(uow)


async def short_pick(
    uow: UnitOfWork, station: str, task_id: UUID, place_scan: str, sku_scan: str, found_each: int, tote_scan: str, reason: str,
    serials: Sequence[str] = (),
) -> None:  # fmt: skip
    """Take what is there, then: another pod, or the order's short policy. Leaves a count behind. Errors: as confirm_pick."""
    task, member = await _pick_at(uow, station, task_id)
    if reason not in rules.PROBLEMS:
        raise rules.UnknownProblem(reason=reason[:60])
    if found_each > 0:
        await _check_goods(uow, task, place_scan, sku_scan)
        rules.check_quantity(found_each, task.qty_each)
        await _into_tote(uow, task, member, found_each, tote_scan, serials)
    else:
        await _check_found(uow, task, place_scan)
    missing = task.qty_each - found_each
    if missing:
        await ledger.release(uow, [UUID(task.data["reservation_id"])])
        status = "damaged" if reason == "damaged" else "count_hold"
        for held in await stock.held_in(uow, task.place_id, task.sku_id):
            if held.grain.status == "available" and held.free_each > 0:
                await ledger.change_status(
                    uow, task.place_id, held.grain, status, held.free_each, f"short pick: {reason}"
                )
        await tasks.finish(uow, task_id, "short", data={"found_each": found_each, "reason": reason})
        outcome = await _resource(uow, task, member, missing)
        uow.emit(PickShorted(
            task_id=task_id, order_id=member.order_id, place_id=task.place_id, sku_id=task.sku_id, missing_each=missing,
            outcome=outcome,
        ))  # fmt: skip
    else:
        await tasks.finish(uow, task_id)
    await _maybe_picked(uow, member)
    await _feed(uow)


async def _pick_at(uow: UnitOfWork, station: str, task_id: UUID) -> tuple[work.TaskInfo, queries.OrderAt]:
    await uow.alone(_ONE_AT_A_TIME)
    bench = await queries.bench(uow, station)
    task = await tasks.lock(uow, task_id)
    if task.kind != rules.KIND or task.group_id is None:
        raise rules.NotAStation(station=station)
    members = [m for m in await queries.at(uow, "here", order_id=task.group_id) if m.station == bench.code]
    order = await order_service.lock(uow, task.group_id)
    if task.state == "cancelled" or order.cancel_requested_at is not None or not members:
        raise order_rules.OrderIsCancelled(ref=order.ref)
    task = await tasks.make_mine(uow, task)
    if not any(v.pod_id == task.data["pod_id"] and v.state == "here" for v in await queries.open_visits(uow, station)):
        raise rules.PodNotHere(pod=(await stock.unit(uow, int(task.data["pod_id"]))).code)
    return task, members[0]


async def _check_found(uow: UnitOfWork, task: work.TaskInfo, scan: str) -> None:
    """Nothing good was there: the label proves the place, and damaged goods prove themselves."""
    for code, level in (await catalog.codes_of(uow, [task.sku_id])).get(task.sku_id, []):
        if level == "EA" and scan.strip().upper() == code.upper():
            return
    await _check_place(uow, task, scan)


async def _check_place(uow: UnitOfWork, task: work.TaskInfo, scan: str) -> None:
    place, pod = await stock.unit(uow, task.place_id), await stock.unit(uow, int(task.data["pod_id"]))
    if scan.strip().upper() not in (place.code.upper(), pod.code.upper()):
        raise rules.WrongPod(scanned=scan[:60], expected=place.code)


async def _check_goods(uow: UnitOfWork, task: work.TaskInfo, place_scan: str, sku_scan: str) -> None:
    """The goods' own code proves them; the pod's or compartment's only where it holds nothing else."""
    place = await stock.unit(uow, task.place_id)
    if not sku_scan and place_scan.strip().upper() == place.code.upper():
        if {h.grain.sku_id for h in await stock.held_in(uow, place.id)} != {task.sku_id}:
            raise rules.WrongSku(scanned=place.code)
        return
    if sku_scan:
        await _check_place(uow, task, place_scan)
    found = await scanning.meaning(uow, sku_scan or place_scan, "sku")
    if found.id != task.sku_id:
        raise rules.WrongSku(scanned=found.code)


async def _into_tote(
    uow: UnitOfWork, task: work.TaskInfo, member: queries.OrderAt, qty_each: int, tote_scan: str, serials: Sequence[str]
) -> None:  # fmt: skip
    if tote_scan.strip().upper() != member.tote.upper():
        raise rules.WrongTote(scanned=tote_scan[:60], expected=member.tote)
    pending = await stock.open_reservations(uow, [f"order_line:{task.data['line_id']}"])
    mine = next((r for r in pending if str(r.id) == task.data["reservation_id"]), None)
    tote = await stock.find_unit(uow, member.tote)
    if mine is None or tote is None:
        raise order_rules.OrderIsCancelled(order_id=str(member.order_id))
    await ledger.name_in_hand(uow, task.place_id, mine.grain, serials)
    await ledger.post(uow, [
        ledger.Line(mine.grain, task.place_id, tote.id, qty_each, "pick", reservation=mine.id, serials=serials or None)
    ])  # fmt: skip
    await order_service.add_picked(uow, UUID(task.data["line_id"]), qty_each)
    uow.emit(PickConfirmed(
        task_id=task.id, order_id=member.order_id, place_id=task.place_id, sku_id=task.sku_id, qty_each=qty_each, tote=tote.code,
    ))  # fmt: skip


async def _resource(uow: UnitOfWork, task: work.TaskInfo, member: queries.OrderAt, missing: int) -> str:
    """Find the missing pieces in another pod, or apply the order's short policy. Returns what was done."""
    order_id, line_id = member.order_id, UUID(task.data["line_id"])
    near = {v.pod_id for v in await queries.open_visits(uow, member.station) if v.state != "leaving"}
    found = [c for c in await stock.pod_candidates(uow, [task.sku_id]) if c.place_id != task.place_id]
    pods = await stock.pods_of(uow, {c.place_id for c in found})
    for c in sorted(found, key=lambda c: (c.expires_on, pods[c.place_id].id not in near, c.received_on)):
        if (qty := min(missing, c.free_each)) > 0:
            (reservation_id,) = await ledger.reserve(uow, [ledger.Want(f"order_line:{line_id}", c.balance_id, qty)])
            _open(uow, order_id, str(line_id), reservation_id, c.place_id, pods[c.place_id].id, task.sku_id, qty)
            missing -= qty
    await uow.session.flush()
    if not missing:
        return "other_location"
    order = await orders.order(uow, order_id)
    uow.emit(IncidentDetected(
        kind="order.short", key=f"short:{line_id}", subject=f"Order {order.ref}: {missing} missing at the pick",
        detail={"order": order.ref, "line": str(line_id), "missing_each": missing, "policy": order.short_policy}, due_h=2.0,
    ))  # fmt: skip
    await order_service.add_short(uow, line_id, missing)
    if order.short_policy in ("complete_only", "backorder"):
        uow.emit(OrderWithdrawn(
            order_id=order_id, then="backordered", reason=f"{order.short_policy}: short at the pick", wave_id=member.wave_id,
        ))  # fmt: skip
        await _stop(uow, member, "short")
        await order_service.advance(uow, order_id, "unrelease", why="short at the pick")
        await order_service.advance(uow, order_id, "backorder", why=order.short_policy)
        await order_service.clear_progress(uow, order_id)
    return order.short_policy


async def _maybe_picked(uow: UnitOfWork, member: queries.OrderAt) -> None:
    """With its last pick the order is in its tote; an order with nothing in it is cancelled."""
    if await work.tasks(uow, kind=rules.KIND, group_id=member.order_id):
        return
    order = await orders.order(uow, member.order_id)
    if order.state != "picking":
        return
    if sum(x.picked_each for x in order.lines) == 0:
        await _stop(uow, member, "nothing of it was there")
        await order_service.advance(uow, order.id, "cancel", why="nothing of it was there")
        return
    await _set(uow, member, state="picked")
    await order_service.advance(uow, order.id, "picked")
    uow.emit(OrderPicked(order_id=order.id, tote=member.tote))


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order leaves the station. Only acts while it is picked here."""
    await uow.alone(_ONE_AT_A_TIME)
    for member in await queries.at(uow, "waiting", "here", order_id=order_id):
        order = await order_service.lock(uow, order_id)
        await _stop(uow, member, "order cancelled")
        if order.state in ("released", "picking"):
            await order_service.advance(uow, order_id, "cancel", why="cancelled during the pick")
    await _feed(uow)


async def withdraw_order(uow: UnitOfWork, order_id: UUID, reason: str, wave_id: UUID | None) -> None:
    """Taken out of its wave: its picks close and its tote goes back. Only what this wave began."""
    await uow.alone(_ONE_AT_A_TIME)
    for member in await queries.at(uow, "waiting", "here", order_id=order_id):
        if wave_id in (None, member.wave_id):
            await _stop(uow, member, reason)
    await _feed(uow)


async def _stop(uow: UnitOfWork, member: queries.OrderAt, reason: str) -> None:
    for task in await work.tasks(uow, kind=rules.KIND, group_id=member.order_id):
        await ledger.release(uow, [UUID(task.data["reservation_id"])])
        await tasks.finish(uow, task.id, "cancel")
    await _set(uow, member, state="gone")
    tote = await stock.find_unit(uow, member.tote) if member.tote else None
    if tote is None or tote.bound_to != member.order_id:
        return
    if await stock.content_of(uow, tote.id):
        await ledger.bind_unit(uow, tote.id, uuid7())  # nobody's order: free again when its last piece is put away
        uow.emit(GoodsToPutBack(hu_id=tote.id, reason=reason))
    else:
        await ledger.bind_unit(uow, tote.id, None)


async def _set(uow: UnitOfWork, member: queries.OrderAt, **values: str) -> None:
    await uow.session.execute(
        update(StationOrder)
        .where(StationOrder.order_id == member.order_id, StationOrder.wave_id == member.wave_id)
        .values(**values)
    )


async def _step(uow: UnitOfWork, visit: queries.VisitInfo, event: str, **values: object) -> None:
    state = rules.VISIT[visit.state][event]
    await uow.session.execute(update(PodVisit).where(PodVisit.id == visit.id).values(state=state, **values))

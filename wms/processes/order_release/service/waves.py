"""Plan waves, confirm and release them; pause, add to, take from and undo them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.order_release import OrderWithdrawn, VisitsReleased, WaveConfirmed, WaveReleased, WaveRequested
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import NotEnough
from wms.foundation.work import queries as work
from wms.kernel.ids import uuid7
from wms.processes.order_release import queries, rules
from wms.processes.order_release.rules import carts, parcels, plan, pods, sources
from wms.processes.order_release.service import supply
from wms.processes.order_release.tables import Wave, WaveOrder

solve = plan.solve
"""The pure middle of planning, run in a process pool."""

TOTE_MM3, CART_LOAD_G = 60_000_000, 150_000
"""A tote of 600 x 400 x 250 mm, and what a person pushes."""
SINGLES_EACH, SHARED_TOTE_MM3 = 120, 45_000_000
"""Single pieces on a cart, and room for them in a tote that they share; a little less than picking fills."""
SECONDS_EACH, SECONDS_MAX = 0.02, 20.0
"""Of one core for choosing which orders share a cart: by the order, and at most."""
PIECES_MAX = "pieces_max"
"""Kept in a wave's plan until the plan is made."""


async def release_wave(
    uow: UnitOfWork, name: str, order_ids: Sequence[UUID], *, why: str = "", draft: bool = False,
    channel_id: int | None = None, method: str = "cluster", pieces_max: int = 0,
) -> UUID:  # fmt: skip
    """Open a wave with these accepted orders; planning follows as its own step.

    Errors: NothingToRelease, NoWall, NoPods.

    draft: the plan is kept and shown, and nothing is reserved until `confirm`. pieces_max: only so many pieces go, those with
    most per visited aisle; the other orders wait on.
    """
    await check_method(uow, method)
    chosen = await _plannable(uow, order_ids, method)
    if not chosen:
        raise rules.NothingToRelease()
    wave_id = uuid7()
    uow.session.add(
        Wave(id=wave_id, name=name, state="planning", created_by=uow.actor.id, created_at=uow.now, why=why, draft=draft,
             channel_id=channel_id, method=method, plan={PIECES_MAX: pieces_max} if pieces_max else {})
    )  # fmt: skip
    await uow.session.flush()
    await _enter(uow, wave_id, chosen)
    return wave_id


async def check_method(uow: UnitOfWork, method: str) -> None:
    """Whether the site has what the method needs. Errors: NoWall, NoPods."""
    if method == "zone" and not await layout.locations(uow, ["wall"]):
        raise rules.NoWall()
    if method == "goods_to_person" and not (await work.stations(uow, "g2p") and await stock.any_pod(uow)):
        raise rules.NoPods()


async def release_waiting(
    uow: UnitOfWork,
    name: str,
    limit: int,
    *,
    why: str = "",
    draft: bool = False,
    method: str = "cluster",
    pieces_max: int = 0,
) -> UUID | None:
    """Open a wave with the most urgent waiting orders, or the densest among them; None when there are none."""
    chosen = await _plannable(uow, await orders.waiting(uow, limit * (20 if method == "singles" else 2)), method)
    return (
        await release_wave(uow, name, chosen[:limit], why=why, draft=draft, method=method, pieces_max=pieces_max)
        if chosen
        else None
    )


async def add_orders(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> int:
    """Plan further orders into a wave. Errors: UnknownWave, WaveClosed, NothingToRelease."""
    wave = await queries.wave(uow, wave_id)
    rules.step(wave.state, "release")
    chosen = await _plannable(uow, order_ids, wave.method)
    if not chosen:
        raise rules.NothingToRelease()
    await _enter(uow, wave_id, chosen)
    return len(chosen)


def _not_now(order: orders.OrderInfo | None) -> str:
    held = order.holds if order is not None and order.state == "accepted" else []
    return "held: " + "; ".join(str(h["why"]) for h in held) if held else "no longer waiting"


async def _plannable(uow: UnitOfWork, order_ids: Sequence[UUID], method: str = "") -> list[UUID]:
    found, busy = await orders.orders(uow, order_ids), await queries.planning(uow)
    live = [i for i in order_ids if i in found and found[i].may_release and i not in busy]
    if method != "singles":
        return live
    return [i for i in live if sum(x.open_each for x in found[i].lines) == 1]


async def _enter(uow: UnitOfWork, wave_id: UUID, chosen: Sequence[UUID]) -> None:
    for order_id in chosen:
        await uow.session.merge(
            WaveOrder(wave_id=wave_id, order_id=order_id, state="planning", why="", tour=0, plan={})
        )
    uow.emit(WaveRequested(wave_id=wave_id, order_ids=list(chosen)))


async def snapshot(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> plan.Snapshot | None:
    """What planning needs to know; None when there is nothing left to plan."""
    found = await orders.orders(uow, order_ids)
    needs = []
    for order_id in order_ids:
        order = found.get(order_id)
        if order is None or not order.may_release:
            await _refuse(uow, wave_id, order_id, _not_now(order))
            continue
        lines = tuple((x.id, x.sku_id, x.open_each) for x in order.lines if x.open_each > 0)
        needs.append(plan.Need(
            order_id, order.short_policy, lines, order.priority, order.cutoff_at.timestamp(),
            _terms(order),
            {x.sku_id: max(y.value_cents for y in order.lines if y.sku_id == x.sku_id) for x in order.lines},
        ))  # fmt: skip
    wave = await queries.wave(uow, wave_id)
    if _cap(wave) and _gone(wave) >= _cap(wave):
        for need in needs:
            await _refuse(uow, wave_id, need.order_id, f"left for a later wave: {_gone(wave)} pieces go first")
        needs = []
    if not needs:
        await _settle(uow, wave_id)
        return None
    sku_ids = sorted({sku_id for n in needs for _, sku_id, _ in n.lines})
    skus = await catalog.skus(uow, sku_ids)
    walk, index = await walk_of(uow)
    _, totes = await stock.cart_totes(uow)
    zones = all_pods = None
    if wave.method == "goods_to_person":
        candidates = await stock.pod_candidates(uow, sku_ids)
        walk, all_pods = await _to_station(uow, walk, index), await _pods(uow, candidates)
    else:
        candidates = await stock.candidates(uow, sku_ids)
    if wave.method == "zone":
        spots = await layout.locations(uow, ids={c.place_id for c in candidates}) if candidates else []
        zone_at = {s.id: s.zone for s in spots}
        zones = {c.balance_id: zone_at[c.place_id] for c in candidates}
    return plan.Snapshot(
        tuple(needs),
        tuple(
            sources.Free(c.balance_id, c.sku_id, c.free_each, index[c.node_id], c.expires_on.toordinal(), c.received_on.toordinal())
            for c in candidates
        ),
        await supply.supply(uow, skus, {n.terms.carriage for n in needs}),
        walk, _cart(wave.method, totes), await work.standard(uow, "pick"),
        seconds=min(SECONDS_MAX, SECONDS_EACH * len(needs)),
        zones=zones, pods=all_pods, pieces_max=max(_cap(wave) - _gone(wave), 0),
    )  # fmt: skip


def _cart(method: str, totes: int) -> carts.Cart:
    """What a cart takes: an order a tote, or as many single pieces as its totes hold."""
    if method != "singles":
        return carts.Cart(totes, TOTE_MM3, CART_LOAD_G)
    return carts.Cart(SINGLES_EACH, totes * SHARED_TOTE_MM3 // SINGLES_EACH, CART_LOAD_G)


def _cap(wave: queries.WaveInfo) -> int:
    """So many pieces the wave may have in all; 0: no limit."""
    return int(wave.plan.get(PIECES_MAX, 0))


def _gone(wave: queries.WaveInfo) -> int:
    """Pieces in its plan so far, which orders added later come on top of."""
    return int(wave.plan.get("summary", {}).get("pieces", 0))


async def walk_of(uow: UnitOfWork) -> tuple[carts.Walk, dict[int, int]]:
    """The walking graph with where carts are fetched and put down; node id to its index."""
    graph = await layout.walk_graph(uow)
    index = graph.index()
    parks, drops = await layout.locations(uow, ["cart"]), await layout.locations(uow, ["staging"])
    fetch, put = (parks or drops), (drops or parks)
    start, end = (index[fetch[0].node_id], index[put[0].node_id]) if fetch else (0, 0)
    return carts.Walk(tuple((int(x), int(y)) for x, y in graph.xy_mm), graph.edges, start, end), index


async def _to_station(uow: UnitOfWork, walk: carts.Walk, index: Mapping[int, int]) -> carts.Walk:
    """The ways of the vehicles: from the first station and back. Which station it will be, the day decides."""
    stations = await work.stations(uow, "g2p")
    spot = await layout.find_location(uow, stations[0].location) if stations else None
    return walk if spot is None else replace(walk, start=index[spot.node_id], end=index[spot.node_id])


def _terms(order: orders.OrderInfo) -> parcels.Terms:
    return parcels.Terms(order.parcel_max_g, order.parcel_max_cents, order.carriage, order.parcels_max)


async def _pods(uow: UnitOfWork, candidates: Sequence[stock.Candidate]) -> pods.Pods:
    of = await stock.pods_of(uow, {c.place_id for c in candidates})
    return pods.Pods({c.balance_id: of[c.place_id].id for c in candidates}, {p.id: p.code for p in of.values()})


async def keep_plan(uow: UnitOfWork, wave_id: UUID, made: plan.WavePlan) -> None:
    """Keep the plan with its wave. One that is not to be looked at first is confirmed at once."""
    wave = await queries.wave(uow, wave_id)
    if wave.state in ("done", "undone"):  # undone while it was being planned: its orders are free already
        return
    tour_of: dict[UUID, int] = {}  # by zone an order is in several: its first
    for n, t in enumerate(made.tours, 1 + len(wave.plan.get("tours", []))):
        for i in t.order_ids:
            tour_of.setdefault(i, n)
    live = await _in_planning(uow, wave_id)
    for p in made.orders:
        if p.order_id not in live:
            continue
        if p.refused and not p.later and not wave.draft:
            await _cannot_release(uow, wave_id, p)
        elif p.refused:
            await _refuse(uow, wave_id, p.order_id, p.refused)
        else:
            await uow.session.execute(
                update(WaveOrder).where(WaveOrder.wave_id == wave_id, WaveOrder.order_id == p.order_id)
                .values(state="planned", tour=tour_of[p.order_id], plan=plan.to_json(p))
            )  # fmt: skip
    hands = max((await work.hands(uow)).get("pick", 0), 1)
    shown = plan.summarise(wave.plan, made, hands, {i for i in tour_of if i in live})
    if _cap(wave):
        shown[PIECES_MAX] = _cap(wave)
    await uow.session.execute(update(Wave).where(Wave.id == wave_id).values(plan=shown, planned_at=uow.now))
    if wave.draft and wave.state == "planning":
        await _set_state(uow, wave_id, rules.step(wave.state, "plan"))
    else:
        await confirm(uow, wave_id)


async def _in_planning(uow: UnitOfWork, wave_id: UUID) -> set[UUID]:
    rows = await uow.session.scalars(
        select(WaveOrder.order_id).where(WaveOrder.wave_id == wave_id, WaveOrder.state == "planning").with_for_update()
    )
    return set(rows)


async def confirm(uow: UnitOfWork, wave_id: UUID) -> int:
    """Release what is planned, tour by tour, in parts that hold nobody up. Returns how many orders.

    Errors: UnknownWave, WaveClosed.
    """
    wave = await queries.wave(uow, wave_id)
    state = rules.step(wave.state, "confirm")
    planned = await uow.session.execute(
        select(WaveOrder.order_id, WaveOrder.tour).where(WaveOrder.wave_id == wave_id, WaveOrder.state == "planned")
        .order_by(WaveOrder.tour, WaveOrder.order_id)
    )  # fmt: skip
    rows = [(r.order_id, r.tour) for r in planned]
    await _set_state(uow, wave_id, state)
    for part in [[i for i, _ in rows]] if wave.method == "zone" and rows else _parts(rows):
        uow.emit(WaveConfirmed(wave_id=wave_id, order_ids=part))
    if not rows:
        await _settle(uow, wave_id)
    return len(rows)


def _parts(rows: Iterable[tuple[UUID, int]]) -> list[list[UUID]]:
    """Whole tours together, about PART_ORDERS to a part."""
    parts: list[list[UUID]] = []
    last = 0
    for order_id, tour in rows:
        if not parts or (tour != last and len(parts[-1]) >= rules.PART_ORDERS):
            parts.append([])
        parts[-1].append(order_id)
        last = tour
    return parts


async def release_part(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> None:
    """Reserve and release what is still as planned; an order whose stock went meanwhile waits for the next round."""
    tours: dict[int, list[UUID]] = {}
    for order_id in order_ids:
        member = await uow.session.get(WaveOrder, (wave_id, order_id), populate_existing=True)
        if member is not None and member.state == "planned" and await _release_one(uow, member):
            tours.setdefault(member.tour, []).append(order_id)
    wave = await queries.wave(uow, wave_id)
    if tours and wave.state in ("planning", "releasing", "released", "paused"):
        await uow.session.execute(
            update(Wave).where(Wave.id == wave_id)
            .values(state=rules.step(wave.state, "release"), released_at=wave.released_at or uow.now)
        )  # fmt: skip
        uow.emit(_released(wave, tours))
    await _settle(uow, wave_id)


def _released(wave: queries.WaveInfo, tours: Mapping[int, Sequence[UUID]]) -> WaveReleased | VisitsReleased:
    """`tours`: of the plan, by number, with the orders that could be released."""
    if wave.method == "goods_to_person":
        return VisitsReleased(wave_id=wave.id, order_ids=[i for n in sorted(tours) for i in tours[n]])
    if wave.method != "zone":
        whole = [list(tours[n]) for n in sorted(tours)]
        return WaveReleased(wave_id=wave.id, tours=whole, singles=wave.method == "singles")
    live = {str(i) for ids in tours.values() for i in ids}
    planned = [t for t in wave.plan["tours"] if live.intersection(t["order_ids"])]
    return WaveReleased(
        wave_id=wave.id, tours=[[UUID(i) for i in t["order_ids"] if i in live] for t in planned],
        zones=[t["zone"] for t in planned],
    )  # fmt: skip


async def _release_one(uow: UnitOfWork, member: WaveOrder) -> bool:
    planned = plan.from_json(member.order_id, member.plan)
    order = await order_service.lock(uow, member.order_id)
    if not order.may_release:
        await _refuse(uow, member.wave_id, member.order_id, _not_now(order))
        return False
    if planned.pieces != {x.id: x.open_each for x in order.lines if x.open_each} or planned.terms != _terms(order):
        await _refuse(uow, member.wave_id, member.order_id, "it has changed meanwhile; planned again in the next wave")
        return False
    wants = [ledger.Want(f"order_line:{line}", balance, qty) for line, balance, qty in planned.reserve]
    try:
        async with uow.session.begin_nested():
            await ledger.reserve(uow, wants)
    except NotEnough:
        why = "stock taken meanwhile; planned again in the next wave"
        await _refuse(uow, member.wave_id, member.order_id, why)
        return False
    for line_id, missing in planned.short:
        await order_service.add_short(uow, line_id, missing)
        uow.emit(IncidentDetected(
            kind="order.short", key=f"short:{line_id}", subject=f"Order {order.ref}: {missing} missing",
            detail={"order": order.ref, "line": str(line_id), "missing_each": missing}, due_h=2.0,
        ))  # fmt: skip
    member.state, member.plan = "released", {}
    names = ", ".join(str(c["carton"]) or "own container" for c in planned.cartons)
    boxed = sum(bool(c["carton"]) for c in planned.cartons)
    chosen = "smallest that holds the arrangement" if boxed else "ships as it is"
    if planned.cents is not None:
        least = "least cost" if boxed else chosen
        chosen = f"{least} with {order.service}, {planned.cents / 100:.2f} with the work on each parcel"
    await order_service.plan_parcels(uow, order.id, list(planned.cartons), f"{names}: {chosen}")
    await order_service.advance(uow, order.id, "release", why=f"wave {member.wave_id}")
    return True


async def _cannot_release(uow: UnitOfWork, wave_id: UUID, planned: plan.OrderPlan) -> None:
    """The order waits; a person hears of it once."""
    await _refuse(uow, wave_id, planned.order_id, planned.refused)
    order = await order_service.lock(uow, planned.order_id)
    if order.state != "accepted" or order.cancel_requested_at is not None:
        return
    if order.short_policy == "cancel_line" and planned.refused == plan.NO_STOCK:
        await order_service.advance(uow, order.id, "cancel", why=f"cancel_line: {plan.NO_STOCK}")
        return
    await order_service.advance(uow, order.id, "backorder", why=planned.refused)
    uow.emit(IncidentDetected(
        kind="order.cannot_release", key=f"cannot_release:{order.id}", subject=f"Order {order.ref}: {planned.refused}",
        detail={"order": order.ref, "reason": planned.refused}, due_h=2.0,
    ))  # fmt: skip


async def _refuse(uow: UnitOfWork, wave_id: UUID, order_id: UUID, why: str) -> None:
    await uow.session.execute(
        update(WaveOrder).where(WaveOrder.wave_id == wave_id, WaveOrder.order_id == order_id, WaveOrder.state.in_(("planning", "planned")))
        .values(state="refused", why=why, tour=0, plan={})
    )  # fmt: skip


async def _set_state(uow: UnitOfWork, wave_id: UUID, state: str) -> None:
    await uow.session.execute(update(Wave).where(Wave.id == wave_id).values(state=state))


async def _settle(uow: UnitOfWork, wave_id: UUID) -> None:
    """A wave in which nothing is left to do is done."""
    await uow.session.flush()
    left = await uow.session.scalar(
        text("""
        SELECT count(*) FROM wave_order w JOIN customer_order o ON o.id = w.order_id WHERE w.wave_id = :wave
        AND (w.state IN ('planning', 'planned') OR (w.state = 'released' AND o.state IN ('released', 'picking')))"""),
        {"wave": wave_id},
    )
    wave = await queries.wave(uow, wave_id)
    if not left and wave.state in ("planning", "releasing", "released"):
        await _set_state(uow, wave_id, "done")


async def set_paused(uow: UnitOfWork, wave_id: UUID, paused: bool) -> None:
    """Pause: no new tour of it is handed out. Errors: UnknownWave, WaveClosed."""
    wave = await queries.wave(uow, wave_id)
    state = rules.step(wave.state, "pause" if paused else "resume")
    await _set_state(uow, wave_id, state)


async def remove_order(uow: UnitOfWork, order_id: UUID, reason: str, *, then: str = "accepted") -> None:
    """Take an order out of its wave. Work not started stops; what is picked comes back. Errors: NotInWave, WrongState."""
    wave_id = await queries.wave_of(uow, order_id)
    if wave_id is None:
        raise rules.NotInWave(order_id=str(order_id))
    order = await order_service.lock(uow, order_id)
    if order.cancel_requested_at is not None:  # it is leaving already, and for good
        raise order_rules.OrderIsCancelled(ref=order.ref)
    await order_service.advance(uow, order_id, "unrelease", why=reason)
    if then == "backordered":
        await order_service.advance(uow, order_id, "backorder", why=reason)
    await note_withdrawn(uow, wave_id, order_id, reason)
    await free_stock(uow, order_id)
    await order_service.clear_progress(uow, order_id)
    uow.emit(OrderWithdrawn(order_id=order_id, then=then, reason=reason, wave_id=wave_id))


async def note_withdrawn(uow: UnitOfWork, wave_id: UUID, order_id: UUID, why: str) -> None:
    """The wave no longer owns the order."""
    await uow.session.execute(
        update(WaveOrder).where(WaveOrder.wave_id == wave_id, WaveOrder.order_id == order_id)
        .values(state="withdrawn", why=why)
    )  # fmt: skip


async def undo_wave(uow: UnitOfWork, wave_id: UUID, reason: str) -> int:
    """Take every order that is not yet picked out of the wave. Returns how many. Errors: UnknownWave, WaveClosed."""
    wave = await queries.wave(uow, wave_id)
    state = rules.step(wave.state, "undo")
    members = await queries.wave_orders(uow, wave_id)
    found = await order_service.lock_all(uow, list(members))
    undone = 0
    for order_id, member in sorted(members.items()):
        if member in ("planning", "planned"):
            await _refuse(uow, wave_id, order_id, "wave undone")
            undone += 1
        elif (
            member == "released"
            and found[order_id].state in ("released", "picking")
            and found[order_id].cancel_requested_at is None
        ):
            await remove_order(uow, order_id, reason)
            undone += 1
    await _set_state(uow, wave_id, state)
    return undone


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """An order that fell back to waiting while its cancellation was on the way ends here. Only acts while it waits."""
    order = await order_service.lock(uow, order_id)
    if order.state in ("accepted", "backordered") and order.cancel_requested_at is not None:
        await order_service.advance(uow, order_id, "cancel", why="cancelled")


async def free_stock(uow: UnitOfWork, order_id: UUID) -> int:
    """Void every pending reservation of an order. Returns pieces freed."""
    order = await orders.order(uow, order_id)
    pending = await stock.open_reservations(uow, [f"order_line:{x.id}" for x in order.lines])
    return await ledger.release(uow, [r.id for r in pending])


async def reopen_backorders(uow: UnitOfWork, sku_id: int) -> int:
    """Orders that waited for this SKU try again. Returns how many."""
    rows = await uow.session.scalars(
        text("""
        SELECT DISTINCT o.id FROM customer_order o JOIN order_line l ON l.order_id = o.id
        WHERE o.state = 'backordered' AND l.sku_id = :sku LIMIT 200""").columns(),
        {"sku": sku_id},
    )
    ids = list(rows)
    for order_id in ids:
        await order_service.advance(uow, order_id, "reopen", why="stock arrived")
    return len(ids)


async def finish_waves(uow: UnitOfWork) -> None:
    """Close waves in which nothing is left."""
    for wave_id in list(
        await uow.session.scalars(
            select(Wave.id).where(Wave.state.in_(("planning", "releasing", "released"))).limit(50)
        )
    ):
        await _settle(uow, wave_id)


async def drop_old_drafts(uow: UnitOfWork) -> None:
    """A plan that nobody confirmed in time gives its orders back."""
    old = select(Wave.id).where(Wave.state == "planned", Wave.planned_at < uow.now - timedelta(minutes=rules.DRAFT_MIN))
    for wave_id in list(await uow.session.scalars(old)):
        await undo_wave(uow, wave_id, f"nobody released the plan within {rules.DRAFT_MIN} min")

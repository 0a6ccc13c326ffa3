"""Plan, hand out and record counts; hold what is missing; decide on variances."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.counting import CountPlanned, PositionCounted, VarianceDecided, VarianceFound
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import AVAILABLE, COUNT_HOLD, Grain, NotEnough
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.counting import queries, rules
from wms.processes.counting.service import serials
from wms.processes.counting.service.authority import authority
from wms.processes.counting.tables import CountRecord, CountSetting, CountVariance

CARDS = 6
"""Counts handed out at once, so that a counter can go on without the network."""
HOLD_TRIES = 3
SEED = 1
PLAN_LOCK = "counting.plan"
"""Opening a count and looking whether one is open must be one step."""


async def plan_day(uow: UnitOfWork, seed: int = SEED) -> int:
    """Open what is missing of today's counts; asked again, it only tops up. Returns how many were opened."""
    await _lock_plan(uow)
    rule = await queries.settings(uow)
    day = await queries.site_day(uow)
    found, busy = await queries.positions(uow), await queries.busy_positions(uow)
    chosen = rules.choose(found, busy, day, rule.daily_share_pct, seed)
    if found and chosen:
        chosen += await _empty_checks(uow, rule.empty_checks, busy, day[0], seed)
    plan_id = uuid7()
    for seq, p in enumerate(chosen, 1):
        why = "key category" if p.key_category else "empty by the book" if not p.sku_id else "least recently counted"
        _open(uow, p.place_id, p.sku_id, "plan", rules.PRIORITY, why=why, due_at=day[1], group_id=plan_id, seq=seq)
    if chosen:
        uow.emit(CountPlanned(plan_id=plan_id, opened=len(chosen), positions=len(found)))
    return len(chosen)


async def _empty_checks(
    uow: UnitOfWork, n: int, busy: set[tuple[int, int]], since: datetime, seed: int
) -> list[rules.Position]:
    places = await queries.positions(uow, empty=True)
    done = sum(p.last_counted is not None and p.last_counted >= since for p in places)
    n -= done + sum((p.place_id, 0) in busy for p in places)
    return rules.draw([p for p in places if (p.place_id, 0) not in busy], max(n, 0), since, seed)


async def _lock_plan(uow: UnitOfWork) -> None:
    await uow.session.flush()
    await uow.alone(PLAN_LOCK)


def _open(
    uow: UnitOfWork, place_id: int, sku_id: int, origin: str, priority: int, *, why: str, due_at: datetime | None = None,
    group_id: UUID | None = None, seq: int = 0, earlier: Sequence[str] = (), not_by: str = "",
) -> UUID:  # fmt: skip
    """A count task. Its data never says what the book holds."""
    return tasks.open_task(
        uow, rules.KIND, place_id=place_id, sku_id=sku_id, priority=priority, group_id=group_id, seq=seq, due_at=due_at,
        why=why, data={"origin": origin, "earlier": list(earlier), "not_by": not_by},
    )  # fmt: skip


async def count_after_short(uow: UnitOfWork, place_id: int, sku_id: int) -> None:
    """A short pick leaves an urgent count behind, outside the variance rate; one under way already serves.

    Where the difference is confirmed and waits for finance, what is really there goes back to available.
    """
    await _lock_plan(uow)
    if await queries.open_variance(uow, place_id, sku_id) is not None:
        await _settle_hold(uow, place_id, sku_id)
        return
    task_id = await queries.open_count(uow, place_id, sku_id)
    if task_id is not None:
        task = await tasks.lock(uow, task_id)
        if task.state == "claimed" or task.priority <= rules.PRIORITY_SHORT or task.data["earlier"]:
            return
        if task.state == "open":
            await tasks.finish(uow, task.id, "cancel")  # no random sample any more, and more urgent
    due_at = uow.now + timedelta(hours=2)
    _open(uow, place_id, sku_id, "short", rules.PRIORITY_SHORT, why="short pick", due_at=due_at)


async def count_unnamed(uow: UnitOfWork, sku_id: int) -> None:
    """The SKU keeps serials from now on: a count of each position that holds pieces without one gives them their names."""
    await _lock_plan(uow)
    busy = await queries.busy_positions(uow)
    for place_id in await queries.unnamed_positions(uow, sku_id):
        if (place_id, sku_id) not in busy:
            _open(uow, place_id, sku_id, "names", rules.PRIORITY_FOUND, why="pieces without a serial")


async def claim(uow: UnitOfWork) -> list[work.TaskInfo]:
    """Counts for the actor: those already held, else the most urgent ones; never a recount of an own count."""
    return await tasks.claim_next(uow, rules.KIND, not_by=uow.actor.id, limit=CARDS)


async def submit_count(
    uow: UnitOfWork, task_id: UUID, location_scan: str, sku_scan: str, counted_each: int, scanned_at: str,
    scanned: Sequence[str] = (),
) -> None:  # fmt: skip
    """Record one count and follow it: agreed, recount by another, or a variance. `scanned`: serials, of goods that are known
    by them; new ones are names for the pieces that have none.

    Errors: WrongLocation, WrongSku, BadCount, BadTime, SameCounter, NotACount, TaskClosed, NotYourTask, SerialsNeeded,
    stock.NotASerial.
    """
    task = await _my_count(uow, task_id, location_scan)
    if task.sku_id:
        found = await scanning.meaning(uow, sku_scan, "sku")
        if found.id != task.sku_id:
            raise rules.WrongSku(scanned=found.code)
    await _record(uow, task, counted_each, scanned_at, scanned)


async def submit_empty(uow: UnitOfWork, task_id: UUID, location_scan: str, scanned_at: str) -> None:
    """Nothing of it is there. Errors: as submit_count."""
    await _record(uow, await _my_count(uow, task_id, location_scan), 0, scanned_at)


async def submit_found(
    uow: UnitOfWork, task_id: UUID, location_scan: str, sku_scan: str, counted_each: int, scanned_at: str
) -> bool:
    """Goods that the card did not ask for stand there: a first count of their own. The asked count stays to be done,
    save where the location was to be empty. Of goods known by serials a count is opened, to be taken serial by serial.
    Returns whether they are counted.

    Errors: as submit_count; NotFoundHere when they are being counted already.
    """
    task = await _my_count(uow, task_id, location_scan)
    found = await scanning.meaning(uow, sku_scan, "sku")
    await _lock_plan(uow)
    if (task.place_id, found.id) in await queries.busy_positions(uow):
        raise rules.NotFoundHere(scanned=found.code)
    rules.check_count(counted_each)
    other = _open(uow, task.place_id, found.id, "found", rules.PRIORITY_FOUND, why="found while counting")
    await uow.session.flush()
    mine = await tasks.lock_mine(uow, other)
    counted = not (await catalog.sku(uow, found.id)).keeps_serials
    if counted:
        await _record(uow, mine, counted_each, scanned_at)
    if not task.sku_id:
        await tasks.finish(uow, task.id, data={"found": found.code})
    return counted


async def _my_count(uow: UnitOfWork, task_id: UUID, location_scan: str) -> work.TaskInfo:
    task = await tasks.lock_mine(uow, task_id)
    if task.kind != rules.KIND:
        raise rules.NotACount(kind=task.kind)
    if task.data.get("not_by") == uow.actor.id:
        raise rules.SameCounter(task_id=str(task_id))
    spot = (await stock.spots(uow, [task.place_id]))[task.place_id]
    if location_scan.strip().upper() not in (spot.code.upper(), spot.check_digits):
        raise rules.WrongLocation(scanned=location_scan[:60], expected=spot.code)
    return task


async def _record(
    uow: UnitOfWork, task: work.TaskInfo, counted_each: int, scanned_at: str, scanned: Sequence[str] = ()
) -> None:
    rules.check_count(counted_each)
    at = rules.scan_time(scanned_at, task.opened_at, uow.now)
    book_each = await queries.book_at(uow, task.place_id, task.sku_id, at)
    found = rules.Difference(counted_each - book_each)
    rule = await queries.settings(uow)
    tolerance_each = rule.tolerance_each
    if task.sku_id and (await catalog.sku(uow, task.sku_id)).keeps_serials:
        tolerance_each = 0
        if len(set(scanned)) != counted_each:
            raise rules.SerialsNeeded(counted_each=counted_each, serials=len(set(scanned)))
        named = await queries.serials_at(uow, task.place_id, task.sku_id, at)
        new = sorted(set(scanned) - set(named))
        named += await serials.name(uow, task.place_id, task.sku_id, new, book_each - len(named))
        found = replace(rules.compare(scanned, named), each=found.each)
    earlier = await queries.rounds(uow, [UUID(i) for i in task.data["earlier"]])
    outcome = rules.judge(found, tolerance_each, len(earlier) + 1, earlier[-1].difference if earlier else None)
    if not task.sku_id and outcome != "agreed":
        outcome = "recount"
    origin = task.data["origin"]
    uow.session.add(
        CountRecord(
            task_id=task.id, place_id=task.place_id, sku_id=task.sku_id, round=len(earlier) + 1, origin=origin,
            in_rate=origin in rules.IN_RATE, counted_each=counted_each, book_each=book_each, outcome=outcome,
            missing=list(found.missing), extra=list(found.extra), counted_by=uow.actor.id, scanned_at=at, recorded_at=uow.now,
        )
    )  # fmt: skip
    await tasks.finish(uow, task.id)
    uow.emit(PositionCounted(
        task_id=task.id, place_id=task.place_id, sku_id=task.sku_id, round=len(earlier) + 1, counted_each=counted_each,
        book_each=book_each, outcome=outcome,
    ))  # fmt: skip
    if outcome == "agreed":
        await _settle_hold(uow, task.place_id, task.sku_id)
    elif not task.sku_id:
        await _count_what_should_be_there(uow, task)
    elif outcome == "recount":
        _open(
            uow, task.place_id, task.sku_id, origin, min(task.priority, rules.PRIORITY_RECOUNT), why="recount",
            due_at=task.due_at, earlier=[*task.data["earlier"], str(task.id)], not_by=uow.actor.id,
        )  # fmt: skip
    else:
        first = earlier[0].counted_each if earlier else counted_each
        counters = sorted({e.counted_by for e in earlier} | {uow.actor.id})
        await _open_variance(uow, task, first, counted_each, book_each, found, counters, rule)


async def _count_what_should_be_there(uow: UnitOfWork, task: work.TaskInfo) -> None:
    """A location was to be empty by the book when it was planned, holds stock by the book now, and looks empty."""
    await _lock_plan(uow)
    busy = await queries.busy_positions(uow)
    for sku_id in sorted({h.grain.sku_id for h in await stock.content_of(uow, task.place_id)}):
        if (task.place_id, sku_id) not in busy:
            _open(uow, task.place_id, sku_id, "found", rules.PRIORITY_FOUND, why="looked empty")


async def _open_variance(
    uow: UnitOfWork, task: work.TaskInfo, first_each: int, recount_each: int, book_each: int, found: rules.Difference,
    counters: list[str], rule: queries.Settings,
) -> None:  # fmt: skip
    sku, spot = await catalog.sku(uow, task.sku_id), (await stock.spots(uow, [task.place_id]))[task.place_id]
    delta_each = recount_each - book_each
    row = CountVariance(
        id=uuid7(), place_id=task.place_id, sku_id=task.sku_id, state="open", origin=task.data["origin"], system_each=book_each,
        counted_each=first_each, recount_each=recount_each, delta_each=delta_each,
        value_delta_cents=delta_each * sku.value_cents, missing=list(found.missing), extra=list(found.extra),
        counters=counters, opened_at=uow.now,
        due_at=uow.now + timedelta(hours=rule.review_hours),
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    uow.emit(VarianceFound(
        variance_id=row.id, place_id=row.place_id, sku_id=row.sku_id, delta_each=delta_each,
        value_delta_cents=row.value_delta_cents,
    ))  # fmt: skip
    unheld = await _settle_hold(uow, task.place_id, task.sku_id)
    row.missing_reserved_each = unheld
    small = rules.may_post_itself(book_each, row.value_delta_cents, rule.auto_below_cents)
    if small and not unheld and not sku.keeps_serials:  # a serial is a matter for a person, whatever it is worth
        await uow.session.flush()
        reason = f"below the site's threshold of {rule.auto_below_cents} cents"
        await _close(uow, await queries.lock_variance(uow, row.id), "post", "system", reason)
        return
    uow.emit(IncidentDetected(
        kind="counting.variance", key=f"variance:{row.id}", subject=f"{spot.code} {sku.code}: counted {recount_each}, book {book_each}",
        detail={"location": spot.code, "sku": sku.code, "system_each": book_each, "counted_each": first_each,
                "recount_each": recount_each, "delta_each": delta_each, "value_delta_cents": row.value_delta_cents,
                **({"missing": ", ".join(found.missing[:20]), "extra": ", ".join(found.extra[:20])} if sku.keeps_serials else {})},
        owner="finance", due_h=float(rule.review_hours),
    ))  # fmt: skip
    if unheld:
        promised = await queries.promised(uow, task.place_id, task.sku_id)
        uow.emit(IncidentDetected(
            kind="counting.reserved_missing", key=f"reserved_missing:{row.id}",
            subject=f"{spot.code} {sku.code}: {unheld} missing pieces are promised",
            detail={"location": spot.code, "sku": sku.code, "missing_each": unheld, "promised": promised}, due_h=1.0,
        ))  # fmt: skip


async def _settle_hold(uow: UnitOfWork, place_id: int, sku_id: int) -> int:
    """Bring the count hold of a position to what its open variance misses: nothing, where there is none.

    Only free stock is held: reservations whose goods are there stay, and one whose goods are gone is shorted at the pick.
    Returns the missing pieces that could not be held.
    """
    if not sku_id:
        return 0
    variance = await queries.open_variance(uow, place_id, sku_id)
    for _ in range(HOLD_TRIES):
        try:
            async with uow.session.begin_nested():
                return await _hold(uow, place_id, sku_id, variance)
        except NotEnough:  # a reservation was quicker between the look and the hold: look again
            continue
    return await _hold(uow, place_id, sku_id, variance)


async def _hold(uow: UnitOfWork, place_id: int, sku_id: int, variance: queries.Variance | None) -> int:
    if (await catalog.sku(uow, sku_id)).keeps_serials:
        missing, nameless_each = (variance.missing, await serials.nameless(uow, variance)) if variance else ([], 0)
        return await serials.hold(uow, place_id, sku_id, missing, nameless_each)
    held = [h for h in await stock.content_of(uow, place_id) if h.grain.sku_id == sku_id]
    need = max(0, -variance.delta_each) if variance else 0
    need -= sum(h.qty_each for h in held if h.grain.status == COUNT_HOLD)
    with authority(uow):
        for h in held:
            if need > 0 and h.grain.status == AVAILABLE and (take := min(need, h.free_each)):
                await ledger.change_status(uow, h.place_id, h.grain, COUNT_HOLD, take, "missing by count")
                need -= take
            elif need < 0 and h.grain.status == COUNT_HOLD and (give := min(-need, h.free_each)):
                await ledger.change_status(uow, h.place_id, h.grain, AVAILABLE, give, "there by count")
                need += give
    return max(need, 0)


async def decide(uow: UnitOfWork, variance_id: UUID, approve: bool, reason: str, *, recount: bool = False) -> None:
    """Finance's word on a variance. Approved: the adjustment is posted. Rejected: what was held is available again, or
    stays held while a fresh count is taken.

    Errors: UnknownVariance, AlreadyDecided, FourEyes, ReasonMissing, StillPromised, SerialsNeeded, SerialElsewhere.
    """
    variance = await queries.lock_variance(uow, variance_id)
    if uow.actor.id in variance.counters:
        raise rules.FourEyes(counters=", ".join(variance.counters))
    if not reason.strip():
        raise rules.ReasonMissing()
    if approve:
        await _close(uow, variance, "approve", uow.actor.id, reason.strip())
        return
    await _mark(uow, variance, "reject", uow.actor.id, reason.strip())
    if recount:
        _open(uow, variance.place_id, variance.sku_id, "review", rules.PRIORITY_RECOUNT, why="finance asks again",
              not_by=variance.counters[-1])  # fmt: skip
    else:
        await _settle_hold(uow, variance.place_id, variance.sku_id)


async def _close(uow: UnitOfWork, variance: queries.Variance, event: str, by: str, reason: str) -> None:
    rules.step(variance.state, event)
    if (await catalog.sku(uow, variance.sku_id)).keeps_serials:
        await serials.adjust(uow, variance)
    elif variance.delta_each < 0:
        await _post_shortage(uow, variance)
    else:
        await _post_found(uow, variance)
    await _mark(uow, variance, event, by, reason)
    await _settle_hold(uow, variance.place_id, variance.sku_id)


async def _mark(uow: UnitOfWork, variance: queries.Variance, event: str, by: str, reason: str) -> None:
    state = rules.step(variance.state, event)
    await uow.session.execute(
        update(CountVariance).where(CountVariance.id == variance.id)
        .values(state=state, decided_at=uow.now, decided_by=by, reason=reason)
    )  # fmt: skip
    uow.emit(VarianceDecided(
        variance_id=variance.id, state=state, delta_each=variance.delta_each, decided_by=by, reason=reason
    ))  # fmt: skip


async def _post_shortage(uow: UnitOfWork, variance: queries.Variance) -> None:
    """From the hold to nowhere. What could not be held when it was found may be free by now."""
    if unheld := await _settle_hold(uow, variance.place_id, variance.sku_id):
        raise rules.StillPromised(missing_each=unheld)
    adjustment = (await stock.virtual_places(uow))["ADJUSTMENT"]
    left, lines = -variance.delta_each, []
    for h in await stock.content_of(uow, variance.place_id):
        if h.grain.sku_id == variance.sku_id and h.grain.status == COUNT_HOLD and (take := min(left, h.free_each)):
            lines.append(ledger.Line(h.grain, h.place_id, adjustment, take, "count adjustment", to_status=AVAILABLE))
            left -= take
    with authority(uow):
        await ledger.post(uow, lines)


async def _post_found(uow: UnitOfWork, variance: queries.Variance) -> None:
    """From nowhere to the hold; settling then makes it available. It joins the newest lot there, or begins one today."""
    adjustment = (await stock.virtual_places(uow))["ADJUSTMENT"]
    there = await stock.held_in(uow, variance.place_id, variance.sku_id)
    if there:
        grain = replace(there[-1].grain, status=COUNT_HOLD)
    else:
        sku = await catalog.sku(uow, variance.sku_id)
        grain = Grain(sku.id, await ledger.lot_for(uow, sku.id), sku.owner_id, COUNT_HOLD)
    origin = replace(grain, status=AVAILABLE)
    with authority(uow):
        await ledger.post(uow, [
            ledger.Line(origin, adjustment, variance.place_id, variance.delta_each, "count adjustment", to_status=COUNT_HOLD)
        ])  # fmt: skip


async def set_rules(
    uow: UnitOfWork, *, daily_share_pct: int, empty_checks: int, tolerance_each: int, auto_below_cents: int, review_hours: int
) -> None:  # fmt: skip
    """The site's rules of counting."""
    await uow.session.execute(
        update(CountSetting).where(CountSetting.id == 1).values(
            daily_share_pct=daily_share_pct, empty_checks=empty_checks, tolerance_each=tolerance_each,
            auto_below_cents=auto_below_cents, review_hours=review_hours,
        )
    )  # fmt: skip

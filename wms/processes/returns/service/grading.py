"""Grade what lies on the bench and send it where its grade leads: back to stock, to repair, to scrap."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.picking import GoodsToPutBack
from wms.events.returns import ItemGraded, MatterSettled
from wms.foundation.catalog import queries as catalog
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.processes.returns import queries
from wms.processes.returns.rules import money, refusals, states
from wms.processes.returns.service import closing, loading
from wms.processes.returns.service.bench import UNGRADED, bench, bench_place
from wms.processes.returns.tables import ReturnItem

GRADER = frozenset({"lead"})
"""A grade is what a lead would else say of a status."""


async def _lock(uow: UnitOfWork, item_id: UUID) -> queries.ItemInfo:
    """The item, its order and return locked before it: stock is posted only after, as at the bench. Errors: UnknownReturn."""
    await closing.lock(uow, (await queries.item(uow, item_id)).rma_id)
    await uow.session.execute(select(ReturnItem.id).where(ReturnItem.id == item_id).with_for_update())
    return await queries.item(uow, item_id)


async def _change(uow: UnitOfWork, item_id: UUID, **values: Any) -> None:
    await uow.session.execute(update(ReturnItem).where(ReturnItem.id == item_id).values(**values))


async def grade(uow: UnitOfWork, item_id: UUID, given: str) -> queries.ItemInfo:
    """Say what an item is worth; the goods still lie on the bench. Errors: BadGrade, WrongState."""
    item = await _lock(uow, item_id)
    state = states.item_step(item.state, "grade")
    if given not in states.GRADES:
        raise refusals.BadGrade(grade=given[:20], known=list(states.GRADES))
    outcome = (await queries.site(uow)).outcomes[given]
    await _change(uow, item_id, state=state, grade=given, outcome=outcome, graded_by=uow.actor.id, graded_at=uow.now)
    return await queries.item(uow, item_id)


async def finish(
    uow: UnitOfWork, item_id: UUID, *, reason: str = "", tote: str = "", photo: str = ""
) -> queries.ItemInfo:
    """Carry out what a grade leads to. All but grade A needs its reason; goods that go to stock need a tote.

    Errors: WrongState, ReasonNeeded, BadTote, BadPhoto, scanning.UnknownBarcode.
    """
    item = await _lock(uow, item_id)
    if item.state != "graded":
        raise refusals.WrongState(state=item.state, step="finish")
    if item.grade != "A" and reason not in states.GRADE_REASONS:
        raise refusals.ReasonNeeded(known=list(states.GRADE_REASONS))
    if photo:
        await loading.keep_photo(uow, item_id, photo)
    site, r = await queries.site(uow), await queries.rma(uow, item.rma_id)
    value = next(x.value_cents for x in r.lines if x.id == item.line_id)
    sku = await catalog.sku(uow, item.sku_id)
    values: dict[str, Any] = {
        "reason": reason, "first_grade": item.first_grade or item.grade,
        "loss_cents": money.loss_cents(value, item.qty_each, item.outcome, site),
    }  # fmt: skip
    if item.first_grade and item.outcome == "available":  # mended: what mending took is lost all the same
        values["loss_cents"] = money.loss_cents(value, item.qty_each, "refurbish", site)
    if item.outcome in ("available", "damaged"):
        hu_id = await _tote(uow, item, tote)
        await _move(uow, item, hu_id, item.outcome, f"return grade {item.grade}")
        values |= {"state": states.item_step(item.state, "put"), "place_id": hu_id}
        uow.emit(GoodsToPutBack(hu_id=hu_id, reason="returned"))
    elif item.outcome == "refurbish":
        recipe = site.recipe(sku.code, sku.family)
        values |= {"state": states.item_step(item.state, "mend")}
        values["task_id"] = tasks.open_task(
            uow, "refurbish", place_id=item.place_id, sku_id=item.sku_id, qty_each=item.qty_each,
            why=f"return {r.number}, grade {item.grade}: {reason}",
            data={"item_id": str(item.id), "text": recipe.text if recipe else "", "text_zh": recipe.text_zh if recipe else ""},
        )  # fmt: skip
    elif round(value * item.qty_each * r.rate) > site.scrap_limit_cents:
        values["state"] = states.item_step(item.state, "ask")
        uow.emit(IncidentDetected(
            kind="returns.scrap", key=f"returns.scrap:{item_id}", subject=f"Scrap {item.qty_each} {sku.code} of return {r.number}",
            detail={"number": r.number, "sku": sku.code, "qty_each": item.qty_each, "why": reason,
                    "value_cents": value * item.qty_each},
            owner="supervisor", due_h=24.0,
        ))  # fmt: skip
    else:
        await _scrap(uow, item)
        values["state"] = states.item_step(item.state, "scrap")
    await _change(uow, item_id, **values)
    uow.emit(ItemGraded(
        rma_id=r.id, order_id=r.order_id, sku_id=item.sku_id, qty_each=item.qty_each, grade=item.grade, outcome=item.outcome,
    ))  # fmt: skip
    await closing.settle(uow, r.id)
    return await queries.item(uow, item_id)


async def _move(uow: UnitOfWork, item: queries.ItemInfo, to: int, status: str, reason: str) -> None:
    sku = await catalog.sku(uow, item.sku_id)
    await ledger.post(
        uow,
        [
            ledger.Line(Grain(item.sku_id, p["lot_id"], p["owner_id"], UNGRADED), item.place_id, to, p["qty_each"], reason,
                        to_status=status, serials=p["serials"] if sku.keeps_serials else None)
            for p in item.parts
        ],
        grant=GRADER,
    )  # fmt: skip


async def _scrap(uow: UnitOfWork, item: queries.ItemInfo) -> None:
    await _move(uow, item, (await stock.virtual_places(uow))["SCRAP"], UNGRADED, "return scrapped")


async def _tote(uow: UnitOfWork, item: queries.ItemInfo, scanned: str) -> int:
    """A unit that serves no order and stands at the bench; an empty one is brought there. Errors: BadTote."""
    found = await scanning.meaning(uow, scanned, "unit")
    unit = await stock.unit(uow, found.id)
    here = await bench_place(uow, await bench(uow, item.station))
    fit = unit.kind in ("tote", "case", "pallet") and not unit.closed and unit.bound_to is None
    if fit and unit.in_place_id != here:
        holder = await stock.unit_at(uow, unit.in_place_id)
        fit = not await stock.content_of(uow, unit.id) and (holder is None or holder.bound_to is None)
        if fit:
            await ledger.put_unit(uow, unit.id, here)
    if not fit:
        raise refusals.BadTote(tote=unit.code)
    return unit.id


async def decide_scrap(uow: UnitOfWork, item_id: UUID, *, approve: bool, note: str) -> None:
    """A supervisor scraps the goods, or sends them back to be graded again. Errors: WrongState, ReasonNeeded."""
    item = await _lock(uow, item_id)
    state = states.item_step(item.state, "approve" if approve else "refuse")
    if not note.strip():
        raise refusals.ReasonNeeded()
    if approve:
        await _scrap(uow, item)
        await _change(uow, item_id, state=state, decided_by=uow.actor.id)
    else:
        await _change(uow, item_id, state=state, decided_by=uow.actor.id, outcome="", grade="", loss_cents=0)
    uow.emit(
        MatterSettled(
            key=f"returns.scrap:{item_id}", outcome=f"{'approved' if approve else 'refused'}: {note.strip()[:200]}"
        )
    )
    await closing.settle(uow, item.rma_id)


async def next_mending(uow: UnitOfWork, station: str) -> work.TaskInfo:
    """The next item to refurbish, claimed for the actor. Errors: NothingToMend."""
    await bench(uow, station)
    found = await tasks.claim_next(uow, "refurbish")
    if not found:
        raise refusals.NothingToMend()
    return found[0]


async def mended(uow: UnitOfWork, task_id: UUID) -> queries.ItemInfo:
    """The recipe was followed: the item is graded again. Errors: work.TaskClosed, work.NotYourTask, WrongState."""
    task = await tasks.lock_mine(uow, task_id)
    item = await _lock(uow, UUID(task.data["item_id"]))
    await _change(uow, item.id, state=states.item_step(item.state, "mended"), grade="", outcome="")
    await tasks.finish(uow, task_id)
    return await queries.item(uow, item.id)

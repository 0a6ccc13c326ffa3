"""Walk the approved moves: through the ledger, each judged again by what may lie where."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.slotting import GoodsMoved
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.processes.slotting import rules
from wms.processes.slotting.service import proposals, whys
from wms.processes.slotting.service.putaways import check_fits, serials_of
from wms.processes.slotting.tables import SlotMove


async def claim_moves(uow: UnitOfWork) -> list[work.TaskInfo]:
    """The actor's moves, or all of the next group that waits."""
    mine = await work.tasks(uow, kind="move", states=("claimed",), claimed_by=uow.actor.id)
    if mine:
        return mine
    first = await tasks.claim_next(uow, "move")
    if first and first[0].group_id is not None:
        await tasks.claim_group(uow, first[0].group_id)
    return await work.tasks(uow, kind="move", states=("claimed",), claimed_by=uow.actor.id)


async def confirm_move(
    uow: UnitOfWork, task_id: UUID, source_scan: str, sku_scan: str, target_scan: str, qty_each: int,
    scanned: Sequence[str] = (),
) -> None:  # fmt: skip
    """Move pieces from the task's location into its target. What is reserved stays behind and is picked from there.

    `scanned`: serials of the pieces, where only a part of the location's goes there, or some have none yet.

    Errors: WrongLocation, WrongSku, BadQuantity, GoodsGone, SerialsWhole, EarlierMoveFirst, DoesNotFit, TaskClosed,
    NotYourTask, UnknownBarcode, stock.NotEnough, stock.SerialProblem, stock.NotASerial.
    """
    task = await tasks.lock_mine(uow, task_id)
    await _at(uow, task.place_id, source_scan)
    if (await scanning.meaning(uow, sku_scan, "sku")).id != task.sku_id:
        raise rules.WrongSku(scanned=sku_scan[:60])
    earlier = [t for t in await work.tasks(uow, group_id=task.group_id) if t.seq < task.seq]
    if earlier:
        raise rules.EarlierMoveFirst(left=len(earlier))
    grain = Grain(task.sku_id, int(task.data["lot_id"]), int(task.data["owner_id"]), task.data["status"])
    mine = next((h for h in await stock.held_in(uow, task.place_id) if h.grain == grain), None)
    if mine is None or mine.free_each < 1:
        raise rules.GoodsGone(unit=(await layout.location(uow, task.place_id)).code)
    if not 1 <= qty_each <= task.qty_each:
        raise rules.BadQuantity(qty_each=qty_each, task_each=task.qty_each)
    await _at(uow, task.to_place_id, target_scan)
    await check_fits(uow, grain, qty_each, task.to_place_id, directed=True)
    serials = await serials_of(uow, task.place_id, grain, qty_each, scanned)
    await ledger.post(uow, [ledger.Line(grain, task.place_id, task.to_place_id, qty_each, "move", serials=serials)])
    await whys.note(uow, task.to_place_id, grain.sku_id, task.why)
    if qty_each == mine.qty_each:
        await whys.forget(uow, task.place_id, grain.sku_id)
    await tasks.finish(uow, task_id, data={"moved_each": qty_each})
    await uow.session.execute(update(SlotMove).where(SlotMove.task_id == task_id).values(state="done"))
    uow.emit(GoodsMoved(
        sku_id=grain.sku_id, from_place_id=task.place_id, to_place_id=task.to_place_id, qty_each=qty_each, status=grain.status,
    ))  # fmt: skip
    await proposals.settle(uow)


async def _at(uow: UnitOfWork, place_id: int, scan: str) -> None:
    spot = await layout.location(uow, place_id)
    if scan.strip().upper() in (spot.code.upper(), spot.check_digits):
        return
    if (await scanning.meaning(uow, scan, "location")).id != place_id:
        raise rules.WrongLocation(scanned=scan[:60], expected=spot.code)


async def set_move_aside(uow: UnitOfWork, task_id: UUID, why: str) -> None:
    """It cannot be done: the rest of its group is dropped, and a later proposal thinks again. Errors: TaskClosed, NotYourTask."""
    task = await tasks.lock_mine(uow, task_id)
    await proposals.drop_group(uow, task, why)
    await proposals.settle(uow)

"""Ask for moves, keep what was planned, approve it in whole or in part, drop what the floor has overtaken."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from wms.db.uow import UnitOfWork
from wms.events.slotting import SlotsRequested
from wms.foundation.stock import queries as stock
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.slotting import queries, rules
from wms.processes.slotting.rules import plan
from wms.processes.slotting.service.putaways import ONE_AT_A_TIME
from wms.processes.slotting.tables import SlotMove, SlotPolicy, SlotProposal

solve = plan.solve
"""The pure middle, run in a process pool."""


async def propose(uow: UnitOfWork, *, budget: int | None = None, horizon_days: int | None = None) -> UUID:
    """Ask for a proposal; planning follows as its own step. One that still waits for an answer is dropped for it."""
    policy = await queries.policy(uow)
    await _drop(uow, SlotProposal.state.in_(("planning", "planned")), "a newer proposal was asked for")
    proposal_id = uuid7()
    uow.session.add(
        SlotProposal(
            id=proposal_id, state="planning", created_at=uow.now, created_by=uow.actor.id, budget=budget or policy.budget,
            horizon_days=horizon_days or policy.horizon_days, lane_size=policy.lane_size if policy.peak else 0, result={},
        )
    )  # fmt: skip
    uow.emit(SlotsRequested(proposal_id=proposal_id))
    return proposal_id


async def keep_plan(uow: UnitOfWork, proposal_id: UUID, given: plan.Snapshot, made: plan.Solution) -> None:
    """Keep what was planned, unless the proposal was overtaken meanwhile."""
    proposal = await queries.proposal(uow, proposal_id, lock=True)
    if proposal.state != "planning":
        return
    proposal.state, proposal.planned_at, proposal.result = "planned", uow.now, made.result
    for m in made.moves:
        item = given.items[m.item]
        sku_id, lot_id, owner_id, status = item.goods.grain
        uow.session.add(
            SlotMove(
                id=uuid7(), proposal_id=proposal_id, grp=m.group, seq=m.seq, sku_id=sku_id,
                grain={"lot_id": lot_id, "owner_id": owner_id, "status": status}, qty_each=item.goods.qty_each,
                from_place_id=m.source, to_place_id=m.target, saving_mm=m.saving_mm, walk_mm=m.walk_mm, net_mm=m.net_mm,
                why=m.why, state="proposed", ended_why="",
            )
        )  # fmt: skip


async def approve(uow: UnitOfWork, proposal_id: UUID, groups: Collection[int] | None = None) -> int:
    """Open move tasks for these groups (None: all); the rest is rejected. What the floor has overtaken is dropped, with why.

    Returns how many tasks. Errors: UnknownProposal, ProposalClosed, NothingToMove.
    """
    await uow.alone(ONE_AT_A_TIME)
    proposal = await queries.proposal(uow, proposal_id, lock=True)
    if proposal.state != "planned":
        raise rules.ProposalClosed(state=proposal.state)
    by_group: dict[int, list[SlotMove]] = {}
    for move in await queries.moves_of(uow, proposal_id):
        by_group.setdefault(move.grp, []).append(move)
    opened = 0
    for grp, moves in by_group.items():
        if groups is not None and grp not in groups:
            _end(moves, "rejected", "not approved")
        elif why := await _overtaken(uow, moves):
            _end(moves, "dropped", why)
        else:
            opened += _open(uow, moves)
    if not opened:
        raise rules.NothingToMove(
            reasons=sorted({m.ended_why for moves in by_group.values() for m in moves if m.state == "dropped"})[:10]
        )
    proposal.state = "approved"
    await uow.session.flush()
    return opened


def _end(moves: Collection[SlotMove], state: str, why: str) -> None:
    for move in moves:
        move.state, move.ended_why = state, why


def _open(uow: UnitOfWork, moves: list[SlotMove]) -> int:
    group_id = uuid7()
    for move in moves:
        move.state = "approved"
        move.task_id = tasks.open_task(
            uow, "move", place_id=move.from_place_id, to_place_id=move.to_place_id, sku_id=move.sku_id, qty_each=move.qty_each,
            group_id=group_id, seq=move.seq, why=move.why, priority=6, data={**move.grain, "last": move is moves[-1]},
        )  # fmt: skip
    return len(moves)


async def _overtaken(uow: UnitOfWork, moves: Collection[SlotMove]) -> str:
    """Why these moves are not possible any more as they were planned; empty when they are."""
    leaves: set[int] = set()
    arrived: dict[int, SlotMove] = {}
    busy = {t.to_place_id for kind in ("putaway", "move") for t in await work.tasks(uow, kind=kind)}
    for move in moves:
        here = arrived.get(move.from_place_id)
        if here is None:
            held = await stock.held_in(uow, move.from_place_id)
            mine = next((h for h in held if h.grain == grain_of(move)), None)
            if mine is None or mine.free_each < 1:
                return "the goods are gone"
            if mine.allocated_each:
                return "orders have reserved the goods"
        if move.to_place_id in busy:
            return "something else is on its way to the target"
        if move.to_place_id not in leaves and await stock.held_in(uow, move.to_place_id):
            return "the target is no longer empty"
        leaves.add(move.from_place_id)
        arrived[move.to_place_id] = move
    return ""


def grain_of(move: SlotMove) -> Grain:
    return Grain(move.sku_id, int(move.grain["lot_id"]), int(move.grain["owner_id"]), str(move.grain["status"]))


async def dismiss(uow: UnitOfWork, proposal_id: UUID) -> None:
    """Nothing of it is moved. Errors: UnknownProposal, ProposalClosed."""
    proposal = await queries.proposal(uow, proposal_id, lock=True)
    if proposal.state not in ("planning", "planned"):
        raise rules.ProposalClosed(state=proposal.state)
    proposal.state = "dismissed"
    _end(await queries.moves_of(uow, proposal_id), "rejected", "proposal dismissed")


async def drop_stale(uow: UnitOfWork) -> None:
    """Proposals nobody answered, and open moves that are not possible any more: each with its reason."""
    await _drop(
        uow, (SlotProposal.state == "planned") & (SlotProposal.planned_at < uow.now - timedelta(hours=rules.STALE_H)),
        f"not answered in {rules.STALE_H} h",
    )  # fmt: skip
    waiting = await work.tasks(uow, kind="move", states=("open",))
    leaving = {t.place_id for t in await work.tasks(uow, kind="move")}
    for task in waiting:
        held = await stock.held_in(uow, task.place_id)
        mine = any(
            h.grain.sku_id == task.sku_id and h.grain.lot_id == task.data["lot_id"] and h.free_each for h in held
        )
        expected = task.seq > 1 or mine  # what comes later may not have arrived yet
        full = task.to_place_id not in leaving and await stock.held_in(uow, task.to_place_id)
        if not expected or full:
            await drop_group(uow, task, "the goods are gone" if not expected else "the target is no longer empty")
    await settle(uow)


async def drop_group(uow: UnitOfWork, task: work.TaskInfo, why: str) -> None:
    """What is left of a group of moves is not done."""
    for left in await work.tasks(uow, group_id=task.group_id):
        await tasks.finish(uow, left.id, "cancel", data={"dropped": why})
        await uow.session.execute(
            update(SlotMove).where(SlotMove.task_id == left.id).values(state="dropped", ended_why=why)
        )


async def settle(uow: UnitOfWork) -> None:
    """A proposal whose moves are all ended is done."""
    await uow.session.flush()
    still = select(SlotMove.proposal_id).where(SlotMove.state == "approved")
    await uow.session.execute(
        update(SlotProposal).where(SlotProposal.state == "approved", SlotProposal.id.not_in(still)).values(state="done")
    )


async def _drop(uow: UnitOfWork, which: ColumnElement[bool], why: str) -> None:
    ids = list(
        await uow.session.scalars(update(SlotProposal).where(which).values(state="dropped").returning(SlotProposal.id))
    )
    if ids:
        await uow.session.execute(
            update(SlotMove).where(SlotMove.proposal_id.in_(ids)).values(state="dropped", ended_why=why)
        )


async def set_policy(uow: UnitOfWork, *, budget: int, horizon_days: int, peak: bool, lane_size: int) -> None:
    """How the site re-slots. A peak that begins keeps the walk of its golden lane's SKUs, to be judged against."""
    policy = await queries.policy(uow)
    began = peak and not policy.peak
    before = {str(s): mm for s, mm in (await queries.lane_walks(uow, lane_size)).items()} if began else policy.before
    await uow.session.execute(
        update(SlotPolicy).values(
            budget=budget, horizon_days=horizon_days, peak=peak, lane_size=lane_size, before=before if peak else {},
            peak_since=(uow.now if began else policy.peak_since) if peak else None,
        )
    )  # fmt: skip
    await uow.session.flush()


async def propose_daily(uow: UnitOfWork) -> None:
    """Ask for the day's proposal, unless one waits for its answer or its moves are still being made."""
    waiting = await uow.session.scalar(
        select(func.count())
        .select_from(SlotProposal)
        .where(SlotProposal.state.in_(("planning", "planned", "approved")))
    )
    if not waiting:
        await propose(uow)

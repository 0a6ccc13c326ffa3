"""Ask for sizes, keep what was chosen, accept or dismiss it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.assortment import ProposalAccepted, ProposalRequested
from wms.foundation.catalog import queries as catalog
from wms.foundation.catalog import service as catalog_service
from wms.kernel.ids import uuid7
from wms.processes.assortment import queries, rules
from wms.processes.assortment.tables import ProposalRow


async def ask(
    uow: UnitOfWork, *, sizes: int, days: int, locked: Sequence[str], billed: bool, inch: bool, wall_mm: int
) -> UUID:
    """Have `sizes` sizes chosen by what was shipped in so many days. Errors: UnknownCarton, TooManyLocked."""
    known = await _cartons(uow)
    if unknown := sorted(set(locked) - set(known)):
        raise rules.UnknownCarton(carton=", ".join(unknown))
    if len(set(locked)) > sizes:
        raise rules.TooManyLocked(locked=len(set(locked)), sizes=sizes)
    asked: dict[str, Any] = {
        "sizes": sizes, "days": days, "locked": sorted(set(locked)), "billed": billed, "inch": inch, "wall_mm": wall_mm,
    }  # fmt: skip
    proposal_id = uuid7()
    uow.session.add(ProposalRow(id=proposal_id, ask=asked, asked_by=uow.actor.id, asked_at=uow.now))
    uow.emit(ProposalRequested(proposal_id=proposal_id, **asked))
    return proposal_id


async def _cartons(uow: UnitOfWork) -> dict[str, catalog.CartonInfo]:
    """Those in use. Bags stay as they are: no size of a carton takes their place."""
    return {c.code: c for c in await catalog.cartons(uow) if not c.bag}


async def keep(uow: UnitOfWork, event: ProposalRequested, made: dict[str, Any]) -> None:
    """What was chosen, or `why` nothing could be; one that was dismissed meanwhile stays so."""
    found = await queries.proposal(uow, event.proposal_id, lock=True)
    if found.state == "asked":
        why = str(made.get("why", ""))
        state = rules.step("asked", "fail" if why else "solve")
        await _put(uow, found.id, state=state, made={} if why else made, why=why)


async def _put(uow: UnitOfWork, proposal_id: UUID, **values: Any) -> None:
    await uow.session.execute(update(ProposalRow).where(ProposalRow.id == proposal_id).values(**values))


async def dismiss(uow: UnitOfWork, proposal_id: UUID) -> None:
    """Errors: UnknownProposal, Decided."""
    found = await queries.proposal(uow, proposal_id, lock=True)
    state = rules.step(found.state, "dismiss")
    await _put(uow, proposal_id, state=state, decided_by=uow.actor.id, decided_at=uow.now)


async def accept(uow: UnitOfWork, proposal_id: UUID, retire: Sequence[str]) -> tuple[list[str], list[str]]:
    """Create the cartons of the chosen sizes that are not there yet and retire those named. Returns (created, retired).

    Errors: UnknownProposal, Decided, UnknownCarton.
    """
    found = await queries.proposal(uow, proposal_id, lock=True)
    state = rules.step(found.state, "accept")
    known = await _cartons(uow)
    if unknown := sorted(set(retire) - set(known)):
        raise rules.UnknownCarton(carton=", ".join(unknown))
    if held := sorted(set(retire) & set(found.ask["locked"])):
        raise rules.UnknownCarton(carton=", ".join(held))
    there = {tuple(sorted(c.inner_mm)) for c in known.values() if c.code not in retire}
    board = [(c.outer_mm, c.tare_g) for c in known.values()]
    created = []
    for size in found.made["sizes"]:
        inner, outer = tuple(size["inner_mm"]), tuple(size["outer_mm"])
        if tuple(sorted(inner)) in there:
            continue
        code = rules.code_of(inner)
        load = max((c.load_max_g for c in known.values()), default=rules.LOAD_MAX_G)
        await catalog_service.save_carton(uow, code, inner, outer, rules.tare_g(outer, board), load)
        created.append(code)
    gone = [code for code in sorted(set(retire)) if code not in created]
    for code in gone:
        await catalog_service.retire_carton(uow, code)
    if not await _cartons(uow):
        raise rules.NothingLeft()
    await _put(uow, proposal_id, state=state, decided_by=uow.actor.id, decided_at=uow.now)
    uow.emit(ProposalAccepted(proposal_id=proposal_id, created=created, retired=gone))
    return created, gone

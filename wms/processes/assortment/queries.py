"""Reads of proposals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wms.db.uow import UnitOfWork
from wms.processes.assortment import rules
from wms.processes.assortment.tables import ProposalRow


@dataclass(frozen=True, slots=True)
class ProposalInfo:
    id: UUID
    ask: dict[str, Any]
    state: str
    made: dict[str, Any]
    why: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None


def _info(row: ProposalRow) -> ProposalInfo:
    return ProposalInfo(**{n: getattr(row, n) for n in ProposalInfo.__slots__})


async def proposal(uow: UnitOfWork, proposal_id: UUID, *, lock: bool = False) -> ProposalInfo:
    """Errors: UnknownProposal."""
    row = await uow.session.get(ProposalRow, proposal_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise rules.UnknownProposal(proposal=str(proposal_id))
    return _info(row)


async def proposals(uow: UnitOfWork, limit: int = 10) -> list[ProposalInfo]:
    """Newest first."""
    return [
        _info(r) for r in await uow.session.scalars(select(ProposalRow).order_by(ProposalRow.id.desc()).limit(limit))
    ]

"""Taking in a gateway's spool: contiguous sequence numbers only, once each, poison parked and passed."""

from uuid import UUID

from sqlalchemy import text

from wms.db.tables import DeadLetterRow
from wms.db.uow import UnitOfWork
from wms.kernel.ids import uuid7

_LOCK = text("""
INSERT INTO source (gateway, epoch, last_seq, seen_at) VALUES (:gateway, :epoch, :start, :now)
ON CONFLICT (gateway, epoch) DO UPDATE SET seen_at = excluded.seen_at RETURNING last_seq
""")
_ADVANCE = text("UPDATE source SET last_seq = :seq WHERE gateway = :gateway AND epoch = :epoch")


async def lock_source(uow: UnitOfWork, gateway: str, epoch: str, first_seq: int) -> int:
    """Last sequence number taken from this spool, its row locked until the transaction ends.

    An unknown epoch starts just below `first_seq`: a spool deletes what an earlier database acknowledged.
    """
    row = await uow.session.execute(_LOCK, {"gateway": gateway, "epoch": epoch, "start": first_seq - 1, "now": uow.now})
    return int(row.scalar_one())


async def advance(uow: UnitOfWork, gateway: str, epoch: str, seq: int) -> None:
    await uow.session.execute(_ADVANCE, {"gateway": gateway, "epoch": epoch, "seq": seq})


def dead_letter(uow: UnitOfWork, origin: str, payload: bytes, reason: str) -> UUID:
    """Keep what could not be understood."""
    row_id = uuid7()
    uow.session.add(DeadLetterRow(id=row_id, origin=origin, payload=payload[:65536], reason=reason[:2000], at=uow.now))
    return row_id

"""Same key and same body: the stored answer. Same key and another body: refused. Nothing is ever done twice."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from wms.db.tables import CommandRow
from wms.db.uow import UnitOfWork
from wms.kernel.errors import Refusal


class KeyReused(Refusal):
    """This request id was already used for a different request."""

    code, status = "common.key_reused", 409


class InFlight(Refusal):
    """The same request is being answered right now; ask again."""

    code, status, retry_helps = "common.in_flight", 409, True


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    body: bytes
    media_type: str


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(method.encode() + b" " + path.encode() + b"\n" + body).digest()


async def recall(uow: UnitOfWork, key: UUID, request_hash: bytes) -> StoredAnswer | None:
    """The answer this key got before from the same actor. Errors: KeyReused."""
    row = await uow.session.scalar(select(CommandRow).where(CommandRow.key == key))
    if row is None:
        return None
    if row.source != uow.actor.id or bytes(row.request_hash) != request_hash:
        raise KeyReused(key=str(key))
    return StoredAnswer(row.status, bytes(row.body), row.media_type)


async def remember(uow: UnitOfWork, key: UUID, request_hash: bytes, answer: StoredAnswer) -> None:
    """Store the answer in the transaction that it tells of. Errors: InFlight when a twin request won the race."""
    uow.session.add(
        CommandRow(
            key=key, source=uow.actor.id, request_hash=request_hash, status=answer.status, body=answer.body,
            media_type=answer.media_type, at=uow.now,
        )
    )  # fmt: skip
    try:
        await uow.session.flush()
    except IntegrityError:
        raise InFlight(key=str(key)) from None

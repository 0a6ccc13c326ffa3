"""Tables of the transaction machinery itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk, uuid_pk


class EventRow(Base):
    """Every fact that ever happened, append-only; the console's stream and the trace read it."""

    __tablename__ = "event"
    id: Mapped[uuid_pk]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    name: Mapped[str]
    stream: Mapped[str]
    payload: Mapped[dict[str, Any]]
    actor: Mapped[str]
    request_id: Mapped[UUID]
    occurred_at: Mapped[datetime]
    __table_args__ = (Index("ix_event_stream", "stream", "seq"), Index("ix_event_request_id", "request_id"))
    __mapper_args__ = {"eager_defaults": False}  # nobody asks a new row for its number


class ReactionRow(Base):
    """One piece of following work: unique by (event, reaction). States: due, done, parked."""

    __tablename__ = "reaction"
    seq: Mapped[int_pk]
    event_id: Mapped[UUID]
    reaction: Mapped[str]
    stream: Mapped[str]
    state: Mapped[str] = mapped_column(default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime]
    last_error: Mapped[str | None]
    __table_args__ = (
        Index("uq_reaction_event_id_reaction", "event_id", "reaction", unique=True),
        Index("ix_reaction_due", "run_at", postgresql_where=text("state = 'due'")),
        Index("ix_reaction_stream_open", "stream", "seq", postgresql_where=text("state = 'due'")),
    )


class TickRow(Base):
    """A slot of a schedule that has fired; the primary key makes it fire once across all workers."""

    __tablename__ = "tick"
    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)


class OutgoingRow(Base):
    """What leaves the database for the world: device commands, host messages, requests to carriers. States: due, sent, done, dead."""

    __tablename__ = "outgoing"
    id: Mapped[uuid_pk]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    channel: Mapped[str]
    """device, host or carrier."""
    target: Mapped[str]
    """Device id, host subscription or carrier account."""
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    ref: Mapped[str] = mapped_column(default="")
    """What asked, returned with the answer: `<purpose>:<id>`."""
    state: Mapped[str] = mapped_column(default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    answer: Mapped[dict[str, Any] | None]
    __mapper_args__ = {"eager_defaults": False}
    __table_args__ = (
        Index("ix_outgoing_open", "channel", "next_at", postgresql_where=text("state IN ('due','sent')")),
    )


class CommandRow(Base):
    """Idempotency: a request key with the hash of its body and the answer it got, written in its own transaction."""

    __tablename__ = "command"
    key: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    media_type: Mapped[str]
    at: Mapped[datetime]


class SourceRow(Base):
    """How far each gateway's spool has been taken in: dedupe is one number per (gateway, epoch)."""

    __tablename__ = "source"
    gateway: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime]


class DeadLetterRow(Base):
    """A message that could not be understood: kept whole, shown as an incident."""

    __tablename__ = "dead_letter"
    id: Mapped[uuid_pk]
    origin: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str]
    at: Mapped[datetime]


class GatewayHealthRow(Base):
    """A gateway's last word on itself and its devices; its age tells the rest."""

    __tablename__ = "gateway_health"
    gateway: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime]

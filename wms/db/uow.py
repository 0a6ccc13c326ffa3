"""Unit of work: one transaction with its time, its actor, its request id, and what it tells the world."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import event as sa_event
from sqlalchemy import insert, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from wms.db.tables import EventRow, OutgoingRow, ReactionRow
from wms.kernel.clock import Clock, WallClock
from wms.kernel.ids import uuid7
from wms.kernel.messages import Event, dump

Router = Callable[[type[Event]], Sequence[str]]
"""Event class to the names of its reactions; the composition root fills it from flow.py."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is answerable: `id` is an operator, device or system name; `roles` what it may do."""

    id: str
    name: str = ""
    roles: frozenset[str] = frozenset()
    device: str = ""


_ZONE = text("SELECT timezone FROM warehouse ORDER BY id LIMIT 1")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")

SYSTEM = Actor("system", "system", frozenset({"system"}))


@dataclass(slots=True)
class UnitOfWork:
    session: AsyncSession
    now: datetime
    actor: Actor
    request_id: UUID
    router: Router
    cause: str = ""
    """Event or route that this transaction answers; every movement carries it."""
    occurred_at: datetime | None = None
    """When it happened on the floor (device clock); None means now."""
    line: int = 0
    """Running number of ledger lines of this request, so that a line can be posted only once."""
    emitted: list[Event] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    """Channels that something was queued on: device, carrier, host."""
    _zone: ZoneInfo | None = None

    async def zone(self) -> ZoneInfo:
        """The site's time zone; UTC until a layout is loaded."""
        if self._zone is None:
            with self.session.no_autoflush:
                self._zone = ZoneInfo(await self.session.scalar(_ZONE) or "UTC")
        return self._zone

    async def today(self) -> date:
        """The site's calendar day: what is dated (tables, papers, lots, tests) is judged by it."""
        return self.now.astimezone(await self.zone()).date()

    async def site_time(self, at: datetime) -> datetime:
        """The same moment as the site's clocks show it."""
        return at.astimezone(await self.zone())

    def emit(self, event: Event, *, without: Collection[str] = ()) -> UUID:
        """Record a fact and one due reaction for each of its answers, in this transaction.

        `without`: reactions that this fact cannot concern.
        """
        event_id, stream = uuid7(), event.stream_key()
        self.session.add(
            EventRow(
                id=event_id, name=event.name, stream=stream, payload=dump(event), actor=self.actor.id,
                request_id=self.request_id, occurred_at=self.now,
            )
        )  # fmt: skip
        for reaction in self.router(type(event)):
            if reaction in without:
                continue
            self.session.add(ReactionRow(event_id=event_id, reaction=reaction, stream=stream, run_at=self.now))
        self.emitted.append(event)
        return event_id

    async def emit_all(self, events: Sequence[Event]) -> None:
        """As `emit`, of thousands of facts of one kind: their rows are written at once, in their order."""
        if not events:
            return
        reactions = list(self.router(type(events[0])))
        rows = [{
            "id": uuid7(), "name": e.name, "stream": e.stream_key(), "payload": dump(e), "actor": self.actor.id,
            "request_id": self.request_id, "occurred_at": self.now,
        } for e in events]  # fmt: skip
        await self.session.flush()  # what was told before comes before
        await self.session.execute(insert(EventRow), rows)
        if reactions:
            await self.session.execute(insert(ReactionRow), [
                {"event_id": row["id"], "reaction": reaction, "stream": row["stream"], "run_at": self.now}
                for row in rows for reaction in reactions
            ])  # fmt: skip
        self.emitted.extend(events)

    async def alone(self, what: str) -> None:
        """Who asks for the same words waits until this transaction has ended: for what has no row yet that could be locked."""
        await self.session.execute(_ALONE, {"what": what})

    def send_device(self, device: str, kind: str, data: dict[str, Any], *, ref: str, ttl_s: int = 60) -> UUID:
        """Queue a device command that is never carried out after `ttl_s`. Its answer comes back with `ref`."""
        return self._send("device", device, kind, data, ref, self.now + timedelta(seconds=ttl_s))

    def send_host(self, kind: str, data: dict[str, Any], *, ref: str) -> UUID:
        """Queue a message to the order system."""
        return self._send("host", "orders", kind, data, ref, None)

    def send_carrier(self, account: str, kind: str, data: dict[str, Any], *, ref: str) -> UUID:
        """Queue a request to a carrier's account. Its answer comes back as CarrierAnswered with `ref`."""
        return self._send("carrier", account, kind, data, ref, None)

    def _send(
        self, channel: str, target: str, kind: str, data: dict[str, Any], ref: str, expires_at: datetime | None
    ) -> UUID:
        row_id = uuid7()
        self.sent.add(channel)
        self.session.add(
            OutgoingRow(
                id=row_id, channel=channel, target=target, kind=kind, payload=data, ref=ref,
                created_at=self.now, next_at=self.now, expires_at=expires_at,
            )
        )  # fmt: skip
        return row_id


IDLE_S = 2.0
"""A connection used within this time is taken to be alive: a ping before every transaction costs a tenth of it."""


def _ping_idle_connections(engine: AsyncEngine) -> None:
    """Ask a connection that was idle whether it still stands, and let the pool replace it if not."""

    @sa_event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_s"] = time.monotonic()

    @sa_event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used_s", math.inf) > IDLE_S:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                connection.rollback()
            except Exception as error:
                raise DisconnectionError from error


class Database:
    """One engine per process. `app_role` is assumed on every connection: it may not touch the ledger's tables."""

    def __init__(
        self, url: str, *, router: Router, clock: Clock | None = None, pool: int = 10, role: str | None = "wms_app"
    ):
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool, max_overflow=0, pool_timeout=30, pool_use_lifo=True,
            connect_args={
                "options": "-c idle_in_transaction_session_timeout=30s -c TimeZone=UTC", "connect_timeout": 10,
            },
        )  # fmt: skip
        _ping_idle_connections(self.engine)
        if role is not None:

            @sa_event.listens_for(self.engine.sync_engine, "connect")
            def assume_role(connection: Any, _record: Any) -> None:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET ROLE {role}")
                connection.commit()

        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.router = router
        self.clock = clock or WallClock()
        self.queued: Callable[[Collection[str]], None] = lambda _: None
        """Told of the channels that a transaction has queued something on, once it is committed: their senders need not look."""

    @asynccontextmanager
    async def begin(
        self,
        actor: Actor = SYSTEM,
        *,
        request_id: UUID | None = None,
        cause: str = "",
        occurred_at: datetime | None = None,
    ) -> AsyncIterator[UnitOfWork]:
        """Open one transaction; commit when the block ends well, roll back when it raises."""
        # Written out: `session.begin()` and the session's own context would take two more turns through SQLAlchemy's
        # greenlets, a tenth of a ledger transaction.
        session = self.sessions()
        try:
            uow = UnitOfWork(
                session=session, now=self.clock.now(), actor=actor, request_id=request_id or uuid7(),
                router=self.router, cause=cause, occurred_at=occurred_at,
            )  # fmt: skip
            yield uow
            await session.commit()
            if uow.sent:
                self.queued(uow.sent)
        finally:
            if session.in_transaction():
                await asyncio.shield(session.close())

    async def close(self) -> None:
        await self.engine.dispose()

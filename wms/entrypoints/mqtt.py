"""The MQTT front door: takes in the gateways' reports, sends device commands. Alone maps events to `devices.contract`."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from devices.contract import reports, topics
from wms import flow
from wms.db import inbox
from wms.db.uow import Actor, Database, UnitOfWork
from wms.events import devices as events
from wms.foundation.work import queries as work
from wms.kernel.messages import Event

log = structlog.get_logger(__name__)

BATCH_MAX = 200
PRESSED_BATCH, PRESSED_S = 4, 0.5
WORD_MAX = 200
RESEND_S = 4
"""A command is sent again until it is answered or expired; the gateway answers a repeat from memory."""
GRACE_S = 30
COMMANDS_S = 0.05


Served = Mapping[str, Collection[str]]
"""Device to the kinds of station that it serves."""


class Poison(ValueError):
    """The envelope is not the contract's."""


@dataclass(frozen=True, slots=True)
class Envelope:
    gateway: str
    epoch: str
    seq: int
    device: str
    kind: str
    occurred_at: datetime
    data: dict[str, Any]
    base: int
    """Lowest sequence number that the spool still holds."""
    raw: bytes
    fault: str = ""
    """Why its content cannot be read; its number counts all the same, or all behind it would wait for ever."""


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def parse(topic: str, payload: bytes) -> Envelope:
    """The envelope of a message; a fault in its content is noted in it. Errors: Poison when it has no place in a spool."""
    try:
        body = json.loads(payload)
        gateway, epoch = topics.gateway_of(topic), _word(body, "epoch")
        seq, base = _number(body["seq"]), _number(body.get("base", 1))
    except (ValueError, KeyError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise Poison(f"{type(error).__name__}: {error}") from None
    try:
        occurred_at = datetime.fromisoformat(body["occurred_at"])
        if occurred_at.tzinfo is None:
            raise ValueError("occurred_at carries no zone")
        occurred_at = occurred_at.astimezone(UTC)
        return Envelope(
            gateway,
            epoch,
            seq,
            _word(body, "device"),
            _word(body, "kind"),
            occurred_at,
            dict(body["data"]),
            base,
            payload,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        return Envelope(
            gateway, epoch, seq, "?", "?", _BEGINNING, {}, base, payload, f"{type(error).__name__}: {error}"
        )


def _word(body: Any, name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not 0 < len(value) <= WORD_MAX or not value.isprintable():
        raise ValueError(f"{name} must be 1 to {WORD_MAX} printable characters")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62:
        raise ValueError("seq and base must be positive integers")
    return value


def to_event(envelope: Envelope) -> Event | None:
    """The fact a report tells, None for a command's answer. Errors: devices.contract.reports.BadReport."""
    report, device = reports.from_data(envelope.kind, envelope.data), envelope.device
    match report:
        case reports.WeightMeasured():
            return events.WeightMeasured(device=device, weight_g=report.weight_g, interval_g=report.interval_g)
        case reports.ParcelMeasured():
            return events.ParcelMeasured(
                device=device, length_mm=report.length_mm, width_mm=report.width_mm, height_mm=report.height_mm,
                weight_g=report.weight_g, barcode=report.barcode, flags=list(report.flags), command_id=report.command_id or "",
            )  # fmt: skip
        case reports.GateSessionClosed():
            return events.GateSessionClosed(
                device=device, session_id=report.session_id, opened_at=report.opened_at, closed_at=report.closed_at,
                direction=report.direction, epcs=[t.epc for t in report.tags], uris=[t.uri or "" for t in report.tags],
                stray=[t.epc for t in report.stray], unknown=[t.epc for t in report.unknown],
                overflow=report.overflow, resident=[t.epc for t in report.resident],
            )  # fmt: skip
        case reports.VehicleReported():
            return events.VehicleReported(
                device=device, x_mm=report.x_mm, y_mm=report.y_mm, theta_mrad=report.theta_mrad, battery_pct=report.battery_pct,
                driving=report.driving, mode=report.mode, connection=report.connection, last_node=report.last_node,
                order_id=report.order_id, errors=list(report.errors), e_stop=report.e_stop, loads=list(report.loads),
            )  # fmt: skip
        case reports.DeviceStateChanged():
            return events.DeviceStateChanged(
                device=device, gateway=envelope.gateway, state=report.state, detail=report.detail
            )
        case reports.DeviceQuarantined():
            return events.DeviceQuarantined(device=device, reason=report.reason, evidence=report.evidence)
        case reports.ConfigurationChecked():
            return events.ConfigurationChecked(
                device=device, profile=report.profile, sha256=report.sha256, differences=list(report.differences)
            )
        case reports.ConveyorAlarm():
            return events.ConveyorAlarmed(
                device=device, zone=report.zone, code=report.code, active=report.active, detail=report.detail
            )
        case reports.ZonePassed():
            return events.ZonePassed(device=device, zone=report.zone, arrived=report.arrived, departed=report.departed)
        case reports.ParcelInducted():
            return events.ParcelInducted(
                device=device, sequence=report.sequence, barcode=report.barcode, deadline_ms=report.deadline_ms
            )
        case reports.ParcelSorted():
            return events.ParcelSorted(
                device=device, sequence=report.sequence, lane=report.lane, result=report.result, barcode=report.barcode
            )
        case reports.LightConfirmed():
            return events.LightConfirmed(device=device, position=report.position, qty=report.qty, short=report.short)
    return None


_ANSWER = text("""
UPDATE outgoing SET state = 'done', answer = CAST(:answer AS jsonb)
WHERE id = CAST(:id AS uuid) AND target = :device AND state IN ('due', 'sent') RETURNING ref, kind
""")


async def _take_answer(uow: UnitOfWork, device: str, report: reports.CommandResult) -> None:
    """Once, and from the device that was asked: another's word about the command counts for nothing."""
    answer = json.dumps({"outcome": report.outcome, "code": report.code, "detail": report.detail, "data": report.data})
    row = (
        await uow.session.execute(_ANSWER, {"id": report.command_id, "device": device, "answer": answer})
    ).one_or_none()
    if row is not None:
        uow.emit(events.CommandAnswered(
            command_id=report.command_id, device=device, kind=row.kind, ref=row.ref, outcome=report.outcome, code=report.code,
            detail=report.detail, data=report.data,
        ))  # fmt: skip


async def take_in(db: Database, gateway: str, batch: list[Envelope]) -> dict[str, int]:
    """One transaction: every message in its turn, once; poison is parked and passed.

    A savepoint per message costs a gateway most of its pace, so messages get one each only after the batch as a whole
    was refused, to find the one that no column can hold. Returns per epoch the last sequence number that is now durable.
    """
    try:
        return await _take_in(db, gateway, batch, _apply)
    except (DBAPIError, UnicodeError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        return await _take_in(db, gateway, batch, _apply_apart)


async def _take_in(
    db: Database, gateway: str, batch: list[Envelope], apply: Callable[[UnitOfWork, Envelope, Served], Awaitable[None]]
) -> dict[str, int]:
    taken: dict[str, int] = {}
    async with db.begin(Actor(f"gateway:{gateway}", gateway, frozenset({"device"})), cause="mqtt") as uow:
        measured = any(e.kind in ("weight_measured", "parcel_measured") for e in batch)
        served = await work.kinds_served(uow) if measured else {}
        for epoch in sorted({e.epoch for e in batch}):
            messages = sorted((e for e in batch if e.epoch == epoch), key=lambda e: e.seq)
            last = await inbox.lock_source(uow, gateway, epoch, min(e.base for e in messages))
            for envelope in messages:
                if envelope.seq == last + 1:
                    await apply(uow, envelope, served)
                    last = envelope.seq
            await inbox.advance(uow, gateway, epoch, last)
            taken[epoch] = last
    return taken


async def _apply(uow: UnitOfWork, envelope: Envelope, served: Served) -> None:
    """Errors: DBAPIError, UnicodeError, of a command's answer."""
    try:
        if envelope.fault:
            raise Poison(envelope.fault)
        report = reports.from_data(envelope.kind, envelope.data)
        uow.occurred_at = envelope.occurred_at
        if isinstance(report, reports.CommandResult):
            await _take_answer(uow, envelope.device, report)
        elif (event := to_event(envelope)) is not None:
            uow.emit(event, without=flow.unconcerned(event, served))
    except (DBAPIError, UnicodeError):
        raise
    except Exception as error:
        _park_envelope(uow, envelope, error)


async def _apply_apart(uow: UnitOfWork, envelope: Envelope, served: Served) -> None:
    """In a savepoint of its own: what the database refuses is parked, the rest of the batch stands."""
    try:
        async with uow.session.begin_nested():
            await _apply(uow, envelope, served)
    except Exception as error:
        _park_envelope(uow, envelope, error)


def _park_envelope(uow: UnitOfWork, envelope: Envelope, error: Exception) -> None:
    park(uow, f"{envelope.gateway}/{envelope.device}", envelope.raw, f"{type(error).__name__}: {error}")


def park(uow: UnitOfWork, origin: str, payload: bytes, reason: str) -> None:
    """Keep an unreadable message whole and say so."""
    origin, reason = (repr(x)[1:-1][:500] for x in (origin, reason))  # they may quote what no column can hold
    letter = inbox.dead_letter(uow, origin, payload, reason)
    uow.emit(events.MessageParked(origin=origin, reason=reason, dead_letter_id=str(letter)))


# Publish and mark in one claim: a command is never sent after its time.
_DUE = text("""
UPDATE outgoing SET state = 'sent', attempts = attempts + 1, next_at = CAST(:now AS timestamptz) + make_interval(secs => :resend)
WHERE id IN (SELECT id FROM outgoing WHERE channel = 'device' AND state IN ('due', 'sent') AND next_at <= :now
             AND expires_at > :now ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING id, seq, target, kind, payload, expires_at
""")
_LAPSED = text("""
UPDATE outgoing SET state = 'dead', answer = '{"outcome": "expired"}'
WHERE id IN (SELECT id FROM outgoing WHERE channel = 'device' AND state IN ('due', 'sent')
             AND expires_at < CAST(:now AS timestamptz) - make_interval(secs => :grace) ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING id, ref, kind, target, attempts
""")


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they are gone: on Python 3.11 `wait_for`, which the MQTT client uses, can swallow a cancellation."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)


@dataclass(slots=True)
class Link:
    """The WES's side of the broker: ingest, acknowledgements, commands. Reconnects for ever."""

    db: Database
    url: str
    gateway_of: Callable[[str], Awaitable[str]]
    """Device id to the gateway that it hangs on."""
    wake: Callable[[], None] = lambda: None
    health: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: bool = False
    pressed_until_s: float = 0.0
    due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a command may have become due; else it is found within COMMANDS_S."""

    def pressed(self) -> bool:
        """Reports come in numbers just now: what has been accepted may wait a little, what has not may not."""
        return asyncio.get_running_loop().time() < self.pressed_until_s

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            # A task of its own: leaving the client can swallow a cancellation, and ours must not be lost with it.
            session = asyncio.create_task(self._session())
            try:
                await asyncio.wait({session})
            finally:
                await _end([session])
            error = None if session.cancelled() else session.exception()
            if error is not None and not isinstance(error, aiomqtt.MqttError | OSError):
                raise error
            if not self.lost:
                log.warning("mqtt.lost", error=str(error))
            self.lost = True
            await asyncio.sleep(1.0)

    async def _session(self) -> None:
        parts = urlsplit(self.url)
        async with aiomqtt.Client(
            parts.hostname or "127.0.0.1", parts.port or 1883, username=unquote(parts.username or "") or None,
            password=unquote(parts.password or "") or None, identifier="wms-worker", keepalive=15,
            max_queued_incoming_messages=5000,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ) as client:  # fmt: skip
            await client.subscribe([(topics.ALL_EVENTS, 1), (topics.ALL_HEALTH, 0)])
            if self.lost:
                log.info("mqtt.back")
            self.lost = False
            queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(10_000)
            jobs = (self._receive(client, queue), self._ingest(client, queue), self._command(client))
            tasks = [asyncio.create_task(job) for job in jobs]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end(tasks)
            for task in done:
                task.result()

    async def _receive(self, client: aiomqtt.Client, queue: asyncio.Queue[tuple[str, bytes]]) -> None:
        async for message in client.messages:
            payload = message.payload
            topic = message.topic.value
            if topic.endswith("/health"):
                await self._note_health(topic, payload)
            else:
                await queue.put((topic, payload))
        raise aiomqtt.MqttError("the broker closed the stream")

    async def _note_health(self, topic: str, payload: bytes) -> None:
        try:
            body = json.loads(payload)
            gateway = topics.gateway_of(topic)
            if not isinstance(body, dict) or not all(isinstance(d.get("device"), str) for d in body.get("devices", [])):
                raise ValueError("not a health report")
            async with self.db.begin(Actor(f"gateway:{gateway}"), cause="health") as uow:
                await uow.session.execute(_HEALTH, {"gateway": gateway, "body": json.dumps(body), "now": uow.now})
        except Exception as error:  # the next one comes in two seconds; a bad one must not take the link down
            log.warning("mqtt.health_not_noted", topic=topic, error=repr(error)[:300])

    async def _ingest(self, client: aiomqtt.Client, queue: asyncio.Queue[tuple[str, bytes]]) -> None:
        while True:
            batch = [await queue.get()]
            while len(batch) < BATCH_MAX and not queue.empty():
                batch.append(queue.get_nowait())
            if len(batch) >= PRESSED_BATCH:
                self.pressed_until_s = asyncio.get_running_loop().time() + PRESSED_S
            by_gateway: dict[str, list[Envelope]] = {}
            for topic, payload in batch:
                try:
                    envelope = parse(topic, payload)
                    by_gateway.setdefault(envelope.gateway, []).append(envelope)
                except Poison as error:
                    await self._park(topic, payload, str(error))
            for gateway, envelopes in by_gateway.items():
                taken = await self._durably(gateway, envelopes)
                self.wake()  # before the acknowledgement, which waits for the broker's disk; what comes meanwhile is the next batch
                for epoch, seq in taken.items():
                    await client.publish(topics.acks(gateway), json.dumps({"epoch": epoch, "seq": seq}), qos=1)

    async def _park(self, topic: str, payload: bytes, reason: str) -> None:
        """Without a number nobody will send it again: if the database is away, the log has to do."""
        try:
            async with self.db.begin(Actor("mqtt"), cause="mqtt") as uow:
                park(uow, topic, payload, reason)
        except Exception as error:
            log.warning("mqtt.not_parked", topic=topic, reason=reason, error=repr(error))

    async def _durably(self, gateway: str, envelopes: list[Envelope]) -> dict[str, int]:
        """Take in, or give no acknowledgement: the gateway sends again."""
        try:
            return await take_in(self.db, gateway, envelopes)
        except Exception as error:
            log.warning("mqtt.not_taken", gateway=gateway, error=repr(error))
            await asyncio.sleep(0.5)
            return {}

    async def _command(self, client: aiomqtt.Client) -> None:
        while True:
            try:
                sent = await self._send_due(client)
            except aiomqtt.MqttError:
                raise
            except Exception as error:
                log.warning("mqtt.commands_wait", error=repr(error))
                sent = 0
                await asyncio.sleep(0.5)
            if not sent:
                await self._wait_for_commands()

    async def _wait_for_commands(self) -> None:
        try:
            async with asyncio.timeout(COMMANDS_S):
                await self.due.wait()
        except TimeoutError:
            return
        finally:
            self.due.clear()

    async def _send_due(self, client: aiomqtt.Client) -> int:
        async with self.db.begin(Actor("mqtt"), cause="mqtt commands") as uow:
            rows = sorted(
                (await uow.session.execute(_DUE, {"now": uow.now, "resend": RESEND_S})).all(), key=lambda r: r.seq
            )
            lapsed = (await uow.session.execute(_LAPSED, {"now": uow.now, "grace": GRACE_S})).all()
            for row in lapsed:
                uow.emit(events.CommandAnswered(
                    command_id=str(row.id), device=row.target, kind=row.kind, ref=row.ref,
                    outcome="unknown" if row.attempts else "expired", code="gateway.silent", detail="", data={},
                ))  # fmt: skip
        for row in rows:
            body = {"id": str(row.id), "device": row.target, "kind": row.kind, "expires_at": row.expires_at.isoformat(),
                    "data": row.payload}  # fmt: skip
            await client.publish(topics.commands(await self.gateway_of(row.target)), json.dumps(body), qos=1)
        return len(rows)


_HEALTH = text("""
INSERT INTO gateway_health (gateway, body, seen_at) VALUES (:gateway, CAST(:body AS jsonb), :now)
ON CONFLICT (gateway) DO UPDATE SET body = excluded.body, seen_at = excluded.seen_at
""")


async def gateway_lookup(db: Database, default: str) -> Callable[[str], Awaitable[str]]:
    """Where a device hangs, from the gateways' own health reports; `default` while none has been heard."""
    cache: dict[str, str] = {}
    read_at: list[datetime] = []

    async def find(device: str) -> str:
        now = db.clock.now()
        if device not in cache or not read_at or now - read_at[-1] > timedelta(seconds=10):
            async with db.sessions() as session:
                for row in await session.execute(text("SELECT gateway, body FROM gateway_health")):
                    cache.update({d["device"]: row.gateway for d in row.body.get("devices", [])})
            read_at[:] = [now]
        return cache.get(device, default)

    return find

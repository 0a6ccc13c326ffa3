"""Spool <-> MQTT: events up with go-back-N until the application acknowledges, commands down at most once.

The broker is a wire, not a store: PUBACK deletes nothing (STACK.md 5).
"""

import asyncio
import json
import logging
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiomqtt

from devices.contract import topics
from devices.contract.clock import Clock
from devices.contract.commands import Command
from devices.contract.reports import CommandResult
from devices.gateway.config import BadConfig, Broker
from devices.gateway.spool import Spool, SpoolFull
from devices.gateway.supervisor import Supervisor, backoff_s

log = logging.getLogger(__name__)

WINDOW = 100
RTO_FIRST_S, RTO_LONGEST_S = 3.0, 20.0
HEALTH_EVERY_S = 2.0
LARGEST_PAYLOAD = 64 * 1024
ANSWER_RETRY_S = 1.0
RESUME_LOOK_S = 0.1
STOP_S = 8.0
"""Longest wait for a session to say goodbye."""


class BadCommand(ValueError):
    """The payload is no command; `command_id` is set where at least that could be read."""

    def __init__(self, reason: str, command_id: str = "") -> None:
        super().__init__(reason)
        self.command_id = command_id


def parse_command(payload: bytes) -> Command:
    """Errors: BadCommand."""
    raw = _json_object(payload)
    command_id = raw.get("id")
    if not isinstance(command_id, str) or not 0 < len(command_id) <= 64:
        raise BadCommand("no id")
    device, kind, data = raw.get("device"), raw.get("kind"), raw.get("data", {})
    if not isinstance(device, str) or not isinstance(kind, str) or not isinstance(data, dict):
        raise BadCommand("device and kind must be texts, data an object", command_id)
    try:
        expires_at = datetime.fromisoformat(raw.get("expires_at", ""))
    except (TypeError, ValueError):
        raise BadCommand("expires_at is no ISO time", command_id) from None
    if expires_at.tzinfo is None:
        raise BadCommand("expires_at has no time zone", command_id)
    return Command(command_id, device, kind, expires_at, data)


def _json_object(payload: bytes) -> dict[str, Any]:
    if len(payload) > LARGEST_PAYLOAD:
        raise BadCommand(f"{len(payload)} bytes")
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadCommand(f"no JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BadCommand("no JSON object")
    return raw


class Bridge:
    def __init__(
        self, gateway: str, broker: Broker, clock: Clock, spool: Spool, devices: Mapping[str, Supervisor]
    ) -> None:
        self._gateway, self._broker, self._clock = gateway, broker, clock
        self._spool, self._devices = spool, devices
        self.malformed = 0
        """Payloads that could not be read."""
        self._acked = 0
        self._tries, self._lost = 0, False
        self._progress = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled; a lost broker is logged once and tried again for ever."""
        await self._answer_interrupted()
        while True:
            # A task of its own: aiomqtt's disconnect may time out while cancelled and hide the cancellation.
            session = asyncio.create_task(self._session())
            try:
                await asyncio.wait({session})
            finally:
                session.cancel()
                await asyncio.wait({session}, timeout=STOP_S)
            self._note_loss(session)
            await asyncio.sleep(min(backoff_s(self._tries), 5.0))
            self._tries += 1

    async def _session(self) -> None:
        """One connection. Errors: MqttError, OSError, BadConfig."""
        async with self._client() as client:
            await client.subscribe([(topics.acks(self._gateway), 1), (topics.commands(self._gateway), 1)])
            log.info("broker %s:%s connected", self._broker.host, self._broker.port)
            self._tries, self._lost = 0, False
            await self._serve(client)

    def _note_loss(self, session: "asyncio.Task[None]") -> None:
        error = None if session.cancelled() else session.exception()
        if not isinstance(error, aiomqtt.MqttError | OSError | BadConfig):
            log.error("bridge failed, starting it again", exc_info=error)
        elif not self._lost:
            log.warning("broker %s:%s lost: %s", self._broker.host, self._broker.port, error)
        self._lost = True

    async def health(self) -> dict[str, Any]:
        """The body of the health topic."""
        depth, full = await self._spool.depth(), self._spool.full
        return {
            "at": self._clock.now().isoformat(),
            "spool": {"depth": depth.depth, "oldest_s": depth.oldest_s},
            "devices": [
                {
                    "device": s.device,
                    "family": s.family,
                    "state": "fault" if full else s.status.state,
                    "detail": "gateway.spool_full" if full else s.status.detail,
                    "last_seen": s.status.last_seen.isoformat() if s.status.last_seen else None,
                }
                for s in self._devices.values()
            ],
        }

    def _client(self) -> aiomqtt.Client:
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.user,
            password=self._broker.password(),
            identifier=f"wms-gateway-{self._gateway}",
            clean_session=False,
            keepalive=self._broker.keepalive_s,
            timeout=5.0,
            max_inflight_messages=WINDOW,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else each PUBACK waits up to 40 ms
        )
        client.pending_calls_threshold = 2 * WINDOW
        return client

    async def _serve(self, client: aiomqtt.Client) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(client))
                tasks.create_task(self._publish(client))
                tasks.create_task(self._tell_health(client))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    # up

    async def _publish(self, client: aiomqtt.Client) -> None:
        """Go-back-N from the first seq that the application has not acknowledged."""
        topic, loop = topics.events(self._gateway), asyncio.get_running_loop()
        self._acked = await self._spool.first_seq() - 1  # never from 0: a restarted gateway would stall
        sent, rto_s, deadline_s = self._acked, RTO_FIRST_S, 0.0
        while True:
            self._spool.appended.clear()
            if self._progress.is_set():
                self._progress.clear()
                rto_s, deadline_s = RTO_FIRST_S, loop.time() + RTO_FIRST_S
            sent = max(sent, self._acked)
            room = WINDOW - (sent - self._acked)
            rows = await self._spool.read(sent, room) if room > 0 else []
            if rows:
                if sent == self._acked:
                    deadline_s = loop.time() + rto_s
                await asyncio.gather(*(client.publish(topic, self._envelope(r.seq, r.body), qos=1) for r in rows))
                sent = rows[-1].seq
            elif sent > self._acked and loop.time() >= deadline_s:
                sent, rto_s = self._acked, min(2 * rto_s, RTO_LONGEST_S)
            else:
                await self._wait(deadline_s if sent > self._acked else None)

    async def _wait(self, until_s: float | None) -> None:
        try:
            async with asyncio.timeout_at(until_s):
                await self._spool.appended.wait()
        except TimeoutError:
            return

    def _envelope(self, seq: int, body: str) -> str:
        # `base` lets a WES that never heard of this epoch begin where the spool does, and miss nothing before it.
        return f'{{"epoch":"{self._spool.epoch}","base":{self._acked + 1},"seq":{seq},{body[1:]}'

    async def _tell_health(self, client: aiomqtt.Client) -> None:
        while True:
            await client.publish(topics.health(self._gateway), json.dumps(await self.health()), qos=0)
            await asyncio.sleep(HEALTH_EVERY_S)

    # down

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload
            if message.topic.value == topics.acks(self._gateway):
                await self._on_ack(payload)
            elif message.topic.value == topics.commands(self._gateway):
                self._on_command(payload)

    async def _on_ack(self, payload: bytes) -> None:
        try:
            raw = _json_object(payload)
        except BadCommand as error:
            self._count_malformed("ack", error)
            return
        epoch, seq = raw.get("epoch"), raw.get("seq")
        if not isinstance(epoch, str) or not isinstance(seq, int) or isinstance(seq, bool):
            self._count_malformed("ack", BadCommand("epoch must be a text, seq a number"))
            return
        if epoch != self._spool.epoch or seq <= self._acked:
            return
        if seq > (await self._spool.depth()).last_seq:
            log.error("acknowledged seq %d was never sent: the spool is older than the WES", seq)
            return
        await self._spool.ack(epoch, seq)
        self._acked = seq
        self._progress.set()
        self._spool.appended.set()  # wakes the publisher

    def _on_command(self, payload: bytes) -> None:
        try:
            command = parse_command(payload)
        except BadCommand as error:
            self._count_malformed("command", error)
            if error.command_id:
                result = CommandResult(error.command_id, "refused", "gateway.malformed_command", str(error))
                self._start(self._refuse(result))
            return
        self._start(self._carry_out(command, payload.decode()))

    def _count_malformed(self, what: str, error: BadCommand) -> None:
        self.malformed += 1
        log.warning("malformed %s (%d so far): %s", what, self.malformed, error)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _carry_out(self, command: Command, body: str) -> None:
        if await self._is_new(command.id, command.device, body):
            await self._answer(command.device, await self._result_of(command))

    async def _refuse(self, result: CommandResult) -> None:
        if await self._is_new(result.command_id, "", ""):
            await self._answer("", result)

    async def _is_new(self, command_id: str, device: str, body: str) -> bool:
        """True when the command must be handled now; a repeat gets the remembered answer again."""
        try:
            earlier = await self._spool.begin(command_id, device, body)
            if isinstance(earlier, CommandResult):
                await self._spool.append(device, earlier, self._clock.now())
        except SpoolFull as error:
            # Without a durable note it could run twice after a crash: it is left to expire.
            log.error("command %s not taken: %s", command_id, error)
            return False
        return earlier is None

    async def _result_of(self, command: Command) -> CommandResult:
        if self._clock.now() >= command.expires_at:
            return CommandResult(command.id, "expired", "gateway.expired")
        supervisor = self._devices.get(command.device)
        if supervisor is None:
            return CommandResult(command.id, "failed", "gateway.unknown_device", command.device)
        return await supervisor.execute(command)

    async def _answer(self, device: str, result: CommandResult) -> None:
        """Store the answer; with the disk full it waits in memory, and after a crash it is `unknown`."""
        while True:
            try:
                await self._spool.finish(device, result, self._clock.now())
                return
            except SpoolFull as error:
                log.error("answer to %s waits: %s", result.command_id, error)
                await asyncio.sleep(ANSWER_RETRY_S)

    async def _answer_interrupted(self) -> None:
        """Commands that ran when the last process died may have happened: followed up where the device itself can tell
        (a vehicle shows its order), else answered as unknown."""
        for command_id, device, body in await self._spool.unanswered():
            supervisor = self._devices.get(device)
            command = parse_command(body.encode()) if body else None
            if command is not None and supervisor is not None and supervisor.can_resume(command.kind):
                self._start(self._resume(command, supervisor))
            else:
                await self._answer(device, _interrupted(command_id))

    async def _resume(self, command: Command, supervisor: Supervisor) -> None:
        while not supervisor.can_execute and self._clock.now() < command.expires_at:
            await asyncio.sleep(RESUME_LOOK_S)
        told = await supervisor.execute(command) if supervisor.can_execute else _interrupted(command.id)
        await self._answer(command.device, told)


def _interrupted(command_id: str) -> CommandResult:
    return CommandResult(command_id, "unknown", "gateway.restarted", "the gateway stopped while it ran")

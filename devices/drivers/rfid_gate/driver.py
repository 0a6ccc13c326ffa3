"""LLRP client of one gate reader: handshake, watchdog, and gate sessions from the light barrier.

Source: LLRP 1.0.1 sections 6 (client order), 18 (connections), 20 (half-open connections).
"""

import asyncio
import contextlib
import logging
import socket
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady
from devices.contract.reports import CommandResult, DeviceStateChanged
from devices.drivers.rfid_gate.codec import (
    FrameBuffer,
    LlrpError,
    Message,
    Param,
    decode,
    encode,
    message_type,
    status_of,
    tag_reads,
)
from devices.drivers.rfid_gate.session import GateRules, GateSession
from devices.drivers.rfid_gate.setup import GateSetup, add_rospec, reader_config

log = logging.getLogger(__name__)

_RO_ACCESS_REPORT = 61
_CONFIGURATION_ERRORS = range(100, 400)
"""Status codes that mean our own message does not suit this reader: retrying cannot help."""
_SILENT_KEEPALIVES = 3
_RESPONSE_SUFFIX = "_RESPONSE"


class ReaderOccupied(NotReady):
    """Another client holds the reader, or a half-open connection of ours does: try again seldom.

    Source: LLRP 1.0.1 section 20.
    """

    retry_after_s = 60.0


class RfidGateDriver:
    """One gate reader. Config: host, port (5084), connect_timeout_s, reply_timeout_s, settle_ms, max_open_s,
    llrp_version (1 = 1.0.1, 2 = 1.1), and the fields of GateSetup and GateRules
    (outside_antennas, inside_antennas, stray_rssi_dbm, stray_reads, resident).
    """

    family: ClassVar[str] = "rfid_gate"
    commands: ClassVar[frozenset[str]] = frozenset()
    resumable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            self._host, self._port = str(config["host"]), int(config.get("port", 5084))
            self._connect_timeout_s = float(config.get("connect_timeout_s", 5))
            self._reply_timeout_s = float(config.get("reply_timeout_s", 5))
            self._settle_s = float(config.get("settle_ms", 100)) / 1000
            self._max_open_s = float(config.get("max_open_s", 300))
            self._version = int(config.get("llrp_version", 1))
            self._rules, self._setup = GateRules.from_config(config), GateSetup.from_config(config)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigRefused(f"rfid_gate: {error!r}") from error
        self._configured_state: int | None = None
        self._occupied = False

    async def run(self, ctx: DriverContext) -> None:
        reader, writer = await self._connect()
        link = _Link(self._version, reader, writer)
        gate = _Gate(ctx, self._rules, self._setup, self._settle_s, self._max_open_s)
        pump = asyncio.create_task(self._pump(link, gate, ctx))
        try:
            await self._race(self._handshake(link, gate, ctx), pump)
            ctx.online(link.model)
            await pump
        except LlrpError as error:
            raise NotReady(f"llrp.bad_frame: {error}") from error
        except (OSError, EOFError) as error:
            raise NotReady(f"llrp.connection_lost: {error!r}") from error
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            await gate.cut()
            await self._close(link)

    async def execute(self, command: Command) -> CommandResult:
        return CommandResult(command.id, "refused", "rfid_gate.no_commands", "a gate reports, it takes no commands")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise NotReady(f"llrp.connect: {error!r}") from error
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return reader, writer

    @staticmethod
    async def _race(handshake: Any, pump: "asyncio.Task[None]") -> None:
        """Run the handshake, but stop at once with the pump's error when the connection dies under it."""
        task = asyncio.create_task(handshake)
        try:
            await asyncio.wait({task, pump}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                pump.result()
            await task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _pump(self, link: "_Link", gate: "_Gate", ctx: DriverContext) -> None:
        """Read frames until the connection ends or falls silent for three keepalive periods."""
        silence_s = self._setup.keepalive_ms / 1000 * _SILENT_KEEPALIVES
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    frames = await link.receive()
            except TimeoutError:
                raise NotReady(f"llrp.silent: nothing for {silence_s:.1f} s") from None
            for frame in frames:
                ctx.alive()
                if message_type(frame) == _RO_ACCESS_REPORT:
                    gate.reads(frame)
                else:
                    await self._dispatch(decode(frame), link, gate, ctx)

    async def _dispatch(self, message: Message, link: "_Link", gate: "_Gate", ctx: DriverContext) -> None:
        if message.name == "KEEPALIVE":
            await link.send(Message("KEEPALIVE_ACK", message.id))
        elif message.name == "READER_EVENT_NOTIFICATION":
            await self._on_event(message, link, gate, ctx)
        else:
            link.answer(message)

    async def _on_event(self, message: Message, link: "_Link", gate: "_Gate", ctx: DriverContext) -> None:
        data = message.find("ReaderEventNotificationData")
        if data is None:
            raise LlrpError("event without data")
        at_us = next((c.values["Microseconds"] for c in data.children if c.name in ("UTCTimestamp", "Uptime")), 0)
        for event in data.children:
            if event.name == "ConnectionAttemptEvent":
                link.greeting(event.values["Status"])
            elif event.name == "ConnectionCloseEvent":
                raise NotReady("llrp.closed: the reader closed the connection")
            elif event.name == "AntennaEvent":
                await _report_antenna(ctx, event)
            elif event.name == "ReaderExceptionEvent":
                log.warning("%s: reader exception: %s", ctx.device, event.values["Message"])
            else:
                await gate.event(event, at_us)

    async def _handshake(self, link: "_Link", gate: "_Gate", ctx: DriverContext) -> None:
        await self._await_greeting(link, ctx)
        capabilities = await self._ask(link, Message("GET_READER_CAPABILITIES", values={"RequestedData": 0}))
        link.model = _model(capabilities)
        if await self._configuration_state(link) != self._configured_state or self._configured_state is None:
            await self._configure(link)
            self._configured_state = await self._configuration_state(link)
        await self._check_barrier(link, gate)
        # The only message that the reader does not answer (LLRP 1.0.1 section 13.1.6); it releases held events.
        await link.send(Message("ENABLE_EVENTS_AND_REPORTS"))

    async def _await_greeting(self, link: "_Link", ctx: DriverContext) -> None:
        """Nothing may be sent before the reader's ConnectionAttemptEvent says success."""
        try:
            async with asyncio.timeout(self._reply_timeout_s):
                status = await link.greeted
        except TimeoutError:
            raise NotReady("llrp.no_greeting: no ConnectionAttemptEvent") from None
        if status in (1, 2):
            await self._alarm_occupied(ctx, status)
            raise ReaderOccupied(f"llrp.occupied: status {status}, another connection holds the reader")
        if status:
            raise NotReady(f"llrp.connection_refused: status {status}")
        self._occupied = False

    async def _alarm_occupied(self, ctx: DriverContext, status: int) -> None:
        if self._occupied:
            return
        self._occupied = True
        await ctx.report(DeviceStateChanged("fault", f"llrp.occupied: another client holds the reader ({status})"))

    async def _configure(self, link: "_Link") -> None:
        await self._ask(link, reader_config(self._setup))
        await self._clear(link, Message("DELETE_ACCESSSPEC", values={"AccessSpecID": 0}))
        await self._clear(link, Message("DELETE_ROSPEC", values={"ROSpecID": 0}))
        await self._ask(link, add_rospec(self._setup))
        await self._ask(link, Message("ENABLE_ROSPEC", values={"ROSpecID": self._setup.rospec_id}))

    async def _clear(self, link: "_Link", message: Message) -> None:
        """Delete all (id 0). Some readers refuse when there is nothing; if something stayed, ADD_ROSPEC will say so."""
        try:
            await self._ask(link, message)
        except ConfigRefused as error:
            log.info("nothing cleared: %s", error)

    async def _configuration_state(self, link: "_Link") -> int | None:
        answer = await self._ask(link, Message("GET_READER_CONFIG", values={"RequestedData": 7}))
        state = answer.find("LLRPConfigurationStateValue")
        return None if state is None else state.values["LLRPConfigurationStateValue"]

    async def _check_barrier(self, link: "_Link", gate: "_Gate") -> None:
        """A pallet that already stands in the gate has been read by nobody: its session must be counted by hand."""
        port = self._setup.gpi_port
        answer = await self._ask(link, Message("GET_READER_CONFIG", values={"RequestedData": 9, "GPIPortNum": port}))
        for state in answer.all("GPIPortCurrentState"):
            if state.values["GPIPortNum"] == port and state.values["State"] == int(self._setup.gpi_broken):
                await gate.open(overflow=True)

    async def _ask(self, link: "_Link", message: Message) -> Message:
        try:
            async with asyncio.timeout(self._reply_timeout_s):
                answer: Message = await link.ask(message)
        except TimeoutError:
            raise NotReady(f"llrp.no_answer: {message.name}") from None
        code, text = status_of(answer)
        if code in _CONFIGURATION_ERRORS:
            raise ConfigRefused(f"llrp.{code}: {message.name}: {text}")
        if code or answer.name != message.name + _RESPONSE_SUFFIX:
            raise NotReady(f"llrp.{code}: {message.name} answered by {answer.name}: {text}")
        return answer

    async def _close(self, link: "_Link") -> None:
        """Say goodbye where the reader still listens, so that it frees its only client place at once."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                await link.send(Message("CLOSE_CONNECTION"))
        link.close()


class _Link:
    """Frames and request-answer matching on one TCP connection."""

    def __init__(self, version: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.model = ""
        self.greeted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._version = version
        self._reader, self._writer = reader, writer
        self._buffer = FrameBuffer()
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    async def receive(self) -> list[bytes]:
        """At least the frames of one TCP read. Errors: EOFError at the end of the stream, OSError, LlrpError."""
        data = await self._reader.read(65536)
        if not data:
            raise EOFError("closed by the reader")
        return self._buffer.feed(data)

    async def send(self, message: Message) -> None:
        if not message.id:
            self._last_id += 1
            message = replace(message, id=self._last_id)
        self._writer.write(encode(replace(message, version=self._version)))
        await self._writer.drain()

    async def ask(self, message: Message) -> Message:
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self.send(replace(message, id=number))
            return await answer
        finally:
            del self._waiting[number]

    def answer(self, message: Message) -> None:
        waiting = self._waiting.get(message.id)
        if waiting and not waiting.done():
            waiting.set_result(message)
        else:
            log.info("unexpected %s id %d", message.name, message.id)

    def greeting(self, status: int) -> None:
        if not self.greeted.done():
            self.greeted.set_result(status)
        elif status == 4:
            log.warning("another client tried to take this reader")

    def close(self) -> None:
        self._writer.close()


class _Gate:
    """The open session and the barrier behind it."""

    def __init__(
        self, ctx: DriverContext, rules: GateRules, setup: GateSetup, settle_s: float, max_open_s: float
    ) -> None:
        self._ctx, self._rules, self._setup = ctx, rules, setup
        self._settle_s, self._max_open_s = settle_s, max_open_s
        self._session: GateSession | None = None
        self._cleared_us: int | None = None
        self._stopped_us: int | None = None
        self._closing: asyncio.Task[None] | None = None

    def reads(self, frame: bytes) -> None:
        """Count a report; outside a session nobody stands in the gate, so its reads mean nothing."""
        found = tag_reads(frame)
        if self._session is not None:
            self._session.add(found, self._now())

    async def event(self, event: Param, at_us: int) -> None:
        if event.name == "GPIEvent" and event.values["GPIPortNumber"] == self._setup.gpi_port:
            if event.values["GPIEvent"] == int(self._setup.gpi_broken):
                await self._broken(at_us)
            else:
                self._clear(at_us)
        elif event.name == "ROSpecEvent" and event.values["EventType"] == 1:
            self._stopped_us = at_us
        elif event.name == "ReportBufferOverflowErrorEvent" and self._session is not None:
            self._session.overflow = True

    async def open(self, overflow: bool = False) -> None:
        if self._session is not None:
            return
        self._session = GateSession(self._rules, str(uuid4()), self._now(), overflow)
        self._cleared_us = self._stopped_us = None
        self._close_in(self._max_open_s, stuck=True)

    async def cut(self) -> None:
        """The connection is gone: what was read so far is evidence, but it must be counted by hand."""
        if self._session is not None:
            self._session.overflow = True
        await self._close()

    async def _broken(self, at_us: int) -> None:
        if self._session is None or self._cleared_us is None:
            await self.open()
            return
        if 0 <= at_us - self._cleared_us < self._settle_s * 1e6:
            # The barrier bounced, judged by the reader's clock: a held backlog arrives all at once.
            self._cleared_us = None
            self._close_in(self._max_open_s, stuck=True)
            return
        await self._close()
        await self.open()

    def _clear(self, at_us: int) -> None:
        if self._session is None or self._cleared_us is not None:
            return
        self._cleared_us = at_us
        self._close_in(self._settle_s, stuck=False)

    def _close_in(self, delay_s: float, stuck: bool) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.create_task(self._close_later(delay_s, stuck))

    async def _close_later(self, delay_s: float, stuck: bool) -> None:
        await asyncio.sleep(delay_s)
        self._closing = None
        if stuck and self._session is not None:
            self._session.overflow = True
        await self._close()

    async def _close(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        session, self._session = self._session, None
        if session is None:
            return
        if self._stopped_early():
            session.overflow = True
        await self._ctx.report(session.close(self._now()))

    def _stopped_early(self) -> bool:
        """The reader's own timeout ended the inventory well before the barrier cleared: reads were lost."""
        if self._stopped_us is None or self._cleared_us is None:
            return False
        return self._cleared_us - self._stopped_us > self._settle_s * 1e6

    def _now(self) -> str:
        return self._ctx.clock.now().isoformat()


def _model(capabilities: Message) -> str:
    device = capabilities.find("GeneralDeviceCapabilities")
    if device is None:
        return "LLRP reader"
    values = device.values
    return (
        f"LLRP reader, maker {values['DeviceManufacturerName']}, model {values['ModelName']}, "
        f"firmware {values['ReaderFirmwareVersion']}"
    )


async def _report_antenna(ctx: DriverContext, event: Param) -> None:
    antenna, back = event.values["AntennaID"], event.values["EventType"] == 1
    state, word = ("online", "back") if back else ("fault", "lost")
    await ctx.report(DeviceStateChanged(state, f"llrp.antenna_{word}: antenna {antenna}"))

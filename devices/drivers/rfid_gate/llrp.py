"""LLRP client of one reader: handshake, watchdog, events and reports handed to the gate.

Source: LLRP 1.0.1 sections 6 (client order), 18 (connections), 20 (half-open connections); 1.1 section 8 (versions).
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar

from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.contract.reports import DeviceStateChanged
from devices.drivers.rfid_gate.codec import (
    FrameBuffer,
    LlrpError,
    Message,
    decode,
    encode,
    message_type,
    status_of,
    tag_reads,
)
from devices.drivers.rfid_gate.gate import Gate
from devices.drivers.rfid_gate.setup import GateSetup, add_rospec, reader_config
from devices.transports import tap
from devices.transports.tcp import keep_alive

log = logging.getLogger(__name__)

_RO_ACCESS_REPORT = 61
_CONFIGURATION_ERRORS = range(100, 400)
"""Status codes that mean our own message does not suit this reader: retrying cannot help."""
_OLD_READER = (109, 110)
"""Unsupported message, unsupported version: what a 1.0.1 reader says to a 1.1 question."""
_SILENT_KEEPALIVES = 3
_RESPONSE_SUFFIX = "_RESPONSE"
PORT, TLS_PORT = 5084, 5085
V1_0_1, V1_1 = 1, 2
_NEGOTIATION = ("GET_SUPPORTED_VERSION", "SET_PROTOCOL_VERSION")


class ReaderOccupied(NotReady):
    """Another client holds the reader, or a half-open connection of ours does: try again seldom.

    Source: LLRP 1.0.1 section 20.
    """

    retry_after_s = 60.0


class LlrpReader:
    """One LLRP reader. Config: host, port (5084, with tls 5085), connect_timeout_s, reply_timeout_s, llrp_version
    (1 = 1.0.1, 2 = 1.1 where the reader speaks it), reader_id (hex, what the reader must answer to be believed),
    tls {ca, certificate, key: PEM files, host_name: str or false}, and the fields of GateSetup.
    """

    keys: ClassVar[frozenset[str]] = frozenset(
        ["host", "port", "connect_timeout_s", "reply_timeout_s", "llrp_version", "reader_id", "tls"]
    )

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            tls = config.get("tls")
            self._tls = None if tls is None else _tls(tls)
            self._host = str(config["host"])
            self._port = int(config.get("port", PORT if tls is None else TLS_PORT))
            self._host_name = None if tls is None else str(tls.get("host_name") or self._host)
            self._connect_timeout_s = float(config.get("connect_timeout_s", 5))
            self._reply_timeout_s = float(config.get("reply_timeout_s", 5))
            self._wanted_version = int(config.get("llrp_version", V1_0_1))
            self._reader_id = str(config.get("reader_id", "")).replace(":", "").lower()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigRefused(f"rfid_gate: {error!r}") from error
        if not 0 < self._port < 65_536:
            raise ConfigRefused(f"rfid_gate: port {self._port} is none")
        if self._wanted_version not in (V1_0_1, V1_1):
            raise ConfigRefused(f"rfid_gate: llrp_version must be 1 or 2, not {self._wanted_version}")
        self._setup = GateSetup.from_config(config)
        self._configured_state: int | None = None
        self._occupied = False
        self._negotiating = False

    async def run(self, ctx: DriverContext, gate: Gate) -> None:
        """Connect, handshake, hand everything to `gate`. Errors: NotReady, ConfigRefused."""
        reader, writer = await self._connect()
        link = _Link(reader, writer)
        pump = asyncio.create_task(self._pump(link, gate, ctx))
        try:
            await self._race(self._handshake(link, gate, ctx), pump)
            ctx.online(link.model)
            await gate.alarms.repeat()
            await pump
        except LlrpError as error:
            raise NotReady(f"llrp.bad_frame: {error}") from error
        except (OSError, EOFError) as error:
            raise NotReady(f"llrp.connection_lost: {error!r}") from error
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            await self._close(link)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                reader, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, server_hostname=self._host_name
                )
        except ssl.SSLCertVerificationError as error:
            raise ConfigRefused(f"llrp.certificate: {error.verify_message}") from error
        except (OSError, TimeoutError) as error:
            raise NotReady(f"llrp.connect: {error!r}") from error
        keep_alive(writer.get_extra_info("socket"))
        return reader, writer

    @staticmethod
    async def _race(handshake: Coroutine[Any, Any, None], pump: "asyncio.Task[None]") -> None:
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

    async def _pump(self, link: "_Link", gate: Gate, ctx: DriverContext) -> None:
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
                    gate.reads(tag_reads(frame))
                else:
                    await self._dispatch(decode(frame), link, gate, ctx)

    async def _dispatch(self, message: Message, link: "_Link", gate: Gate, ctx: DriverContext) -> None:
        if message.name == "KEEPALIVE":
            await link.send(Message("KEEPALIVE_ACK", message.id))
        elif message.name == "READER_EVENT_NOTIFICATION":
            await self._on_event(message, link, gate, ctx)
        else:
            link.answer(message)

    async def _on_event(self, message: Message, link: "_Link", gate: Gate, ctx: DriverContext) -> None:
        data = message.find("ReaderEventNotificationData")
        if data is None:
            raise LlrpError("event without data")
        greeting, at_us = data.find("ConnectionAttemptEvent"), 0
        for stamp in data.children:
            if stamp.name == "UTCTimestamp":
                at_us = stamp.values["Microseconds"]
                await gate.clock(at_us, greeting is not None, "llrp")
            elif stamp.name == "Uptime":
                at_us = stamp.values["Microseconds"]
        for event in data.children:
            values = event.values
            match event.name:
                case "ConnectionAttemptEvent":
                    link.greeting(values["Status"])
                case "ConnectionCloseEvent":
                    raise NotReady("llrp.closed: the reader closed the connection")
                case "GPIEvent" if values["GPIPortNumber"] == self._setup.gpi_port:
                    await gate.barrier(values["GPIEvent"] == int(self._setup.gpi_broken), at_us)
                case "ROSpecEvent" if values["EventType"] == 1 and self._setup.trigger == "gpi":
                    gate.stopped(at_us)
                case "ReportBufferOverflowErrorEvent":
                    await gate.lost_reads("llrp.buffer_overflow: the reader lost reads")
                case "ReportBufferLevelWarningEvent":
                    log.warning("%s: report buffer %d %% full", ctx.device, values["ReportBufferPercentageFull"])
                case "AntennaEvent":
                    await gate.antenna(values["AntennaID"], values["EventType"] == 1, "llrp")
                case "ReaderExceptionEvent":
                    log.warning("%s: reader exception: %s", ctx.device, values["Message"])

    async def _handshake(self, link: "_Link", gate: Gate, ctx: DriverContext) -> None:
        await self._await_greeting(link, ctx)
        await self._negotiate(link)
        await self._check_identity(link, ctx)
        capabilities = await self._ask(link, Message("GET_READER_CAPABILITIES", values={"RequestedData": 0}))
        link.model = _model(capabilities, link.version)
        if await self._configuration_state(link) != self._configured_state or self._configured_state is None:
            await self._configure(link)
            self._configured_state = await self._configuration_state(link)
        await self._check_barrier(link, gate)
        # The only message that the reader does not answer (LLRP 1.0.1 section 13.1.6); it releases held events.
        await link.send(Message("ENABLE_EVENTS_AND_REPORTS"))

    async def _negotiate(self, link: "_Link") -> None:
        """Agree on LLRP 1.1, or stay with 1.0.1 where the reader knows nothing else.

        Source: LLRP 1.1 section 8.2: both messages travel as version 2 whatever is agreed on.
        """
        if self._wanted_version == V1_0_1 or self._negotiating:
            return  # a reader that cut us off when asked is left in peace
        self._negotiating = True
        answer = await self._transact(link, Message("GET_SUPPORTED_VERSION"))
        code, text = status_of(answer)
        if answer.name == "ERROR_MESSAGE" and code in _OLD_READER:
            log.info("reader speaks LLRP 1.0.1 only: %d %s", code, text)
        elif answer.name == "GET_SUPPORTED_VERSION_RESPONSE" and not code:
            if answer.values["SupportedVersion"] >= V1_1:
                wanted = {"ProtocolVersion": V1_1}
                if answer.values["CurrentVersion"] != V1_1:
                    await self._ask(link, Message("SET_PROTOCOL_VERSION", values=wanted))
                link.version = V1_1
        else:
            raise NotReady(f"llrp.{code}: GET_SUPPORTED_VERSION answered by {answer.name}: {text}")
        self._negotiating = False

    async def _check_identity(self, link: "_Link", ctx: DriverContext) -> None:
        """A reader with another id stands at another gate: nothing that it says may count here. Errors: Quarantined."""
        if not self._reader_id:
            return
        answer = await self._ask(link, Message("GET_READER_CONFIG", values={"RequestedData": 1}))
        found = answer.find("Identification")
        reader_id = found.values["ReaderID"].hex() if found else "nothing"
        if reader_id != self._reader_id:
            await quarantine(ctx, "wrong_identity", {"expected": self._reader_id, "found": reader_id, "at": self._host})

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

    async def _check_barrier(self, link: "_Link", gate: Gate) -> None:
        """A pallet that already stands in the gate has been read by nobody: its session must be counted by hand."""
        port = self._setup.gpi_port
        answer = await self._ask(link, Message("GET_READER_CONFIG", values={"RequestedData": 9, "GPIPortNum": port}))
        for state in answer.all("GPIPortCurrentState"):
            if state.values["GPIPortNum"] == port and state.values["State"] == int(self._setup.gpi_broken):
                await gate.open(overflow=True)

    async def _ask(self, link: "_Link", message: Message) -> Message:
        answer = await self._transact(link, message)
        code, text = status_of(answer)
        if code in _CONFIGURATION_ERRORS:
            raise ConfigRefused(f"llrp.{code}: {message.name}: {text}")
        if code or answer.name != message.name + _RESPONSE_SUFFIX:
            raise NotReady(f"llrp.{code}: {message.name} answered by {answer.name}: {text}")
        return answer

    async def _transact(self, link: "_Link", message: Message) -> Message:
        try:
            async with asyncio.timeout(self._reply_timeout_s):
                return await link.ask(message)
        except TimeoutError:
            raise NotReady(f"llrp.no_answer: {message.name}") from None

    async def _close(self, link: "_Link") -> None:
        """Say goodbye where the reader still listens, so that it frees its only client place at once."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                await link.send(Message("CLOSE_CONNECTION"))
        link.close()


class _Link:
    """Frames and request-answer matching on one TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.model = ""
        self.version = V1_0_1
        """What was agreed on; every message but the negotiation's own carries it."""
        self.greeted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._reader, self._writer = reader, writer
        self._tap = tap.current()
        self._buffer = FrameBuffer()
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    async def receive(self) -> list[bytes]:
        """At least the frames of one TCP read. Errors: EOFError at the end of the stream, OSError, LlrpError."""
        data = await self._reader.read(65536)
        if not data:
            raise EOFError("closed by the reader")
        self._tap.note(False, data)
        return self._buffer.feed(data)

    async def send(self, message: Message) -> None:
        if not message.id:
            self._last_id += 1
            message = replace(message, id=self._last_id)
        version = V1_1 if message.name in _NEGOTIATION else self.version
        frame = encode(replace(message, version=version))
        self._tap.note(True, frame)
        self._writer.write(frame)
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


def _model(capabilities: Message, version: int) -> str:
    device = capabilities.find("GeneralDeviceCapabilities")
    if device is None:
        return "LLRP reader"
    values = device.values
    return (
        f"LLRP reader, maker {values['DeviceManufacturerName']}, model {values['ModelName']}, "
        f"firmware {values['ReaderFirmwareVersion']}, {'1.1' if version == V1_1 else '1.0.1'}"
    )


def _tls(config: dict[str, Any]) -> ssl.SSLContext:
    """Errors: ConfigRefused for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=config.get("ca"))
        context.check_hostname = config.get("host_name") is not False
        if config.get("certificate"):
            context.load_cert_chain(config["certificate"], config.get("key"))
    except (OSError, TypeError, AttributeError) as error:
        raise ConfigRefused(f"rfid_gate: tls: {error}") from error
    return context

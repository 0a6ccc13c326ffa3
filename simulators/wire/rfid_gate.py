"""A fixed RFID reader with a light barrier, as an LLRP server: real frames, one client, a reader's noise and faults.

Source: EPCglobal LLRP 1.0.1. Written from the standard, apart from the product's own codec.
"""

import asyncio
import contextlib
import ssl
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulators.wire.rfid_world import GateWorld

_UTC_TIMESTAMP, _GPI, _ROSPEC, _OVERFLOW, _ANTENNA, _ATTEMPT, _CLOSE = 128, 248, 249, 251, 255, 256, 257
_EVENT_NUMBER = {_GPI: 1, _ROSPEC: 2, _ANTENNA: 8}
"""NotificationEventType that switches each event; the others cannot be switched off."""
_DISABLED, _INACTIVE, _ACTIVE = 0, 1, 2
_HELD_FRAMES = 20_000


def _tlv(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, 4 + len(body)) + body


def _status(code: int = 0, text: str = "") -> bytes:
    return _tlv(287, struct.pack(">HH", code, len(text)) + text.encode())


def _params(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """(type, body) of each TLV parameter. Errors: ValueError."""
    while offset < len(data):
        if data[offset] & 0x80 or len(data) - offset < 4:
            raise ValueError("expected a TLV parameter")
        kind, length = struct.unpack_from(">HH", data, offset)
        if length < 4 or offset + length > len(data):
            raise ValueError(f"parameter {kind} has length {length}")
        yield kind & 0x3FF, data[offset + 4 : offset + length]
        offset += length


@dataclass(slots=True)
class _Rospec:
    """One ROSpec and its state machine. Source: LLRP 1.0.1 section 11.1."""

    raw: bytes
    start_type: int = 0
    start_gpi: tuple[int, int] = (0, 0)
    offset_ms: int = 0
    period_ms: int = 0
    stop_type: int = 0
    stop_gpi: tuple[int, int] = (0, 0)
    stop_ms: int = 0
    antennas: frozenset[int] = frozenset()
    every_n: int = 1
    state: int = _DISABLED
    reports: list[bytes] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    periodic: asyncio.TimerHandle | None = None

    @property
    def id(self) -> int:
        return int.from_bytes(self.raw[:4], "big")

    def describe(self) -> bytes:
        return _tlv(177, self.raw[:5] + bytes((self.state,)) + self.raw[6:])


def _parse_rospec(raw: bytes) -> _Rospec:
    spec = _Rospec(raw)
    for kind, body in _params(raw, 6):
        if kind == 178:
            _parse_boundary(spec, body)
        elif kind == 183:
            (count,) = struct.unpack_from(">H", body)
            spec.antennas = frozenset(struct.unpack_from(f">{count}H", body, 2)) - {0}
        elif kind == 237:
            trigger, spec.every_n = struct.unpack_from(">BH", body)
            spec.every_n = spec.every_n if trigger else 0
    return spec


def _parse_boundary(spec: _Rospec, body: bytes) -> None:
    for kind, trigger in _params(body):
        if kind == 179:
            spec.start_type = trigger[0]
            for _, value in _params(trigger, 1):
                if spec.start_type == 3:
                    spec.start_gpi = (int.from_bytes(value[:2], "big"), value[2] >> 7)
                elif spec.start_type == 2:
                    spec.offset_ms, spec.period_ms = struct.unpack_from(">II", value)
        elif kind == 182:
            spec.stop_type, spec.stop_ms = struct.unpack_from(">BI", trigger)
            for _, gpi in _params(trigger, 5):
                port, level, spec.stop_ms = struct.unpack_from(">HBI", gpi)
                spec.stop_gpi = (port, level >> 7)


@dataclass(slots=True)
class _Client:
    writer: asyncio.StreamWriter
    version: int = 1
    """Agreed on by SET_PROTOCOL_VERSION; 1.0.1 until then."""
    released: bool = True
    unanswered: int = 0


class RfidGateSim(GateWorld):
    """One reader with four antennas: 1 and 2 look at the yard, 3 and 4 into the house.

    `factor` speeds up only the pallet; keepalives and GPI timeouts run at wall time.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        factor: float = 1.0,
        seed: int = 0,
        gpi_port: int = 1,
        reads_per_s: int = 600,
        miss_rate: float = 0.0,
        residents: tuple[str, ...] = (),
        newest_version: int = 2,
        reader_id: str = "001625fffe120001",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.newest_version = newest_version
        """1 = LLRP 1.0.1 only, 2 = 1.1 too."""
        self.refusal = 109
        """What a 1.0.1 reader says to a 1.1 question: 109 unsupported message, 110 unsupported version."""
        self.reader_id = reader_id
        self.spoken: set[int] = set()
        """Protocol versions in which clients spoke, the negotiation's own messages left out."""
        self._tls = tls
        super().__init__(factor, seed, reads_per_s, miss_rate, residents)
        self.host, self.port = host, port
        self.frozen = False
        """Half-open: the socket stays, nothing is sent and nothing answered."""
        self.occupied = False
        """A half-open connection of someone else holds the reader: every newcomer hears status 2."""
        self.connections = 0
        self.configured = 0
        """How often a client wrote the configuration."""
        self._gpi_port = gpi_port
        self._server: asyncio.Server | None = None
        self._client: _Client | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._rospecs: dict[int, _Rospec] = {}
        self._events_on: set[int] = set()
        self._keepalive_ms = 0
        self._hold = False
        self._held: deque[tuple[int, bytes]] = deque()
        self._config_state = 1
        self._lost_antennas: set[int] = set()
        self._message_id = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop_connection()
        for spec in self._rospecs.values():
            self._stop_timers(spec)
        # Aborted connections end by themselves; cancelling a stream handler makes Python 3.11 log a traceback.
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=1)

    @property
    def connected(self) -> bool:
        return self._client is not None

    @property
    def ready(self) -> bool:
        """A ROSpec is enabled and its client listens."""
        listening = self._client is not None and self._client.released
        return listening and any(spec.state != _DISABLED for spec in self._rospecs.values())

    def barrier_edge(self, broken: bool) -> None:
        level = int(broken)
        self._event(_GPI, struct.pack(">HB", self._gpi_port, level << 7))
        for spec in self._rospecs.values():
            edge = (self._gpi_port, level)
            if spec.state == _INACTIVE and spec.start_type == 3 and spec.start_gpi == edge:
                self._activate(spec)
            elif spec.state == _ACTIVE and spec.stop_type == 2 and spec.stop_gpi == edge:
                self._deactivate(spec)

    def tag_in_field(self, epc: str, antenna: int, rssi_dbm: int, at_us: int) -> None:
        if antenna in self._lost_antennas:
            return
        for spec in self._rospecs.values():
            if spec.state == _ACTIVE and (not spec.antennas or antenna in spec.antennas):
                self.reads_sent += 1
                spec.reports.append(_tag_report(spec.id, epc, antenna, rssi_dbm, at_us + self.clock_step_us))
                if spec.every_n and len(spec.reports) >= spec.every_n:
                    self._flush(spec)

    # --- faults ---

    def drop_connection(self) -> None:
        """Cut the client off in the middle of whatever happens; the reader keeps its configuration."""
        if self._client is not None:
            client, self._client = self._client, None
            client.writer.transport.abort()

    def overflow(self) -> None:
        """The report buffer overflowed: reads were lost."""
        self._event(_OVERFLOW, b"")

    def antenna_lost(self, antenna: int) -> None:
        self._lost_antennas.add(antenna)
        self._event(_ANTENNA, struct.pack(">BH", 0, antenna))

    def antenna_back(self, antenna: int) -> None:
        self._lost_antennas.discard(antenna)
        self._event(_ANTENNA, struct.pack(">BH", 1, antenna))

    def reboot(self) -> None:
        """Power cycle: connection, ROSpecs and held reports are gone."""
        self.drop_connection()
        for spec in self._rospecs.values():
            self._stop_timers(spec)
        self._rospecs.clear()
        self._held.clear()
        self._hold, self._keepalive_ms = False, 0
        self._config_state += 1

    async def babble(self) -> None:
        """Bytes that are not LLRP in the middle of the stream."""
        if self._client is not None:
            self._client.writer.write(b"\xff" * 32)
            await self.drain()

    def close_connection(self) -> None:
        """The reader ends the connection by itself and says so."""
        self._event(_CLOSE, b"")
        if self._client is not None:
            self._client.writer.close()

    # --- ROSpecs ---

    @staticmethod
    def _stop_timers(spec: _Rospec) -> None:
        for timer in (spec.timer, spec.periodic):
            if timer is not None:
                timer.cancel()
        spec.timer = spec.periodic = None

    def _tick(self, spec: _Rospec) -> None:
        """Periodic start trigger: Offset after ENABLE, then every Period."""
        spec.periodic = asyncio.get_running_loop().call_later(spec.period_ms / 1000, self._tick, spec)
        if spec.state == _INACTIVE:
            self._activate(spec)

    def _activate(self, spec: _Rospec) -> None:
        spec.state = _ACTIVE
        self._event(_ROSPEC, struct.pack(">BII", 0, spec.id, 0))
        if spec.stop_type and spec.stop_ms:
            spec.timer = asyncio.get_running_loop().call_later(spec.stop_ms / 1000, self._deactivate, spec)

    def _deactivate(self, spec: _Rospec, to_state: int = _INACTIVE) -> None:
        if spec.timer is not None:
            spec.timer.cancel()
            spec.timer = None
        if spec.state == _ACTIVE:
            self._flush(spec)
            self._event(_ROSPEC, struct.pack(">BII", 1, spec.id, 0))
        spec.state = to_state

    def _flush(self, spec: _Rospec) -> None:
        if spec.reports:
            self._deliver(61, b"".join(spec.reports))
            spec.reports.clear()

    # --- events and delivery ---

    def _event_body(self, kind: int, body: bytes) -> bytes:
        stamp = _tlv(_UTC_TIMESTAMP, struct.pack(">Q", self.now_us() + self.clock_step_us))
        return _tlv(246, stamp + _tlv(kind, body))

    def _event(self, kind: int, body: bytes) -> None:
        if kind not in _EVENT_NUMBER or _EVENT_NUMBER[kind] in self._events_on:
            self._deliver(63, self._event_body(kind, body))

    def _deliver(self, kind: int, body: bytes) -> None:
        """To the client, or held for it; without holding, what nobody hears is lost."""
        if self._client is not None and self._client.released:
            self._send(self._client, kind, body)
        elif self._hold and len(self._held) < _HELD_FRAMES:
            self._held.append((kind, body))

    def _send(self, client: _Client, kind: int, body: bytes = b"", message_id: int | None = None) -> None:
        if self.frozen:
            return
        if message_id is None:
            self._message_id += 1
            message_id = self._message_id
        client.writer.write(struct.pack(">HII", client.version << 10 | kind, 10 + len(body), message_id) + body)

    async def drain(self) -> None:
        if self._client is not None and not self.frozen:
            with contextlib.suppress(OSError):
                await self._client.writer.drain()

    # --- the server ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connections += 1
        client = _Client(writer, released=not self._hold)
        if self._client is not None or self.occupied:
            # Source: LLRP 1.0.1 section 18: the newcomer hears 2 and is closed, the holder hears 4.
            self._send(client, 63, self._event_body(_ATTEMPT, struct.pack(">H", 2)))
            if self._client is not None:
                self._send(self._client, 63, self._event_body(_ATTEMPT, struct.pack(">H", 4)))
            writer.close()
            return
        self._client = client
        self._send(client, 63, self._event_body(_ATTEMPT, struct.pack(">H", 0)))
        keepalive = asyncio.create_task(self._keepalive(client))
        try:
            await self._converse(client, reader)
        except (OSError, EOFError, ValueError, struct.error):
            pass
        finally:
            keepalive.cancel()
            if self._client is client:
                self._client = None
            writer.close()

    async def _converse(self, client: _Client, reader: asyncio.StreamReader) -> None:
        while True:
            header = await reader.readexactly(10)
            kind, length, message_id = struct.unpack(">HII", header)
            body = await reader.readexactly(length - 10)
            if self.frozen:
                continue
            version, kind = kind >> 10 & 7, kind & 0x3FF
            if kind in (46, 47) and self.newest_version > 1:
                self._negotiate(client, kind, body, message_id)
            elif version != client.version:
                self._send(client, 100, _status(self.refusal, f"version {version}"), message_id)
            elif not self._answer(client, kind, body, message_id):
                return
            else:
                self.spoken.add(version)
            await client.writer.drain()

    def _negotiate(self, client: _Client, kind: int, body: bytes, message_id: int) -> None:
        """GET_SUPPORTED_VERSION and SET_PROTOCOL_VERSION always travel as version 2. Source: LLRP 1.1 section 8.2."""
        before, client.version = client.version, 2
        if kind == 46:
            self._send(client, 56, bytes((before, self.newest_version)) + _status(), message_id)
        elif body[0] in (1, 2):
            self._send(client, 57, _status(), message_id)
            before = body[0]
        else:
            self._send(client, 57, _status(110, "version"), message_id)
        client.version = before

    async def _keepalive(self, client: _Client) -> None:
        while self._client is client:
            await asyncio.sleep(self._keepalive_ms / 1000 if self._keepalive_ms else 0.05)
            if not self._keepalive_ms:
                continue
            if client.unanswered >= 3:
                self.drop_connection()
                return
            if not self.frozen:
                client.unanswered += 1
                self._send(client, 62)

    def _answer(self, client: _Client, kind: int, body: bytes, message_id: int) -> bool:
        """Act on one message; False ends the connection."""
        if kind == 72:
            client.unanswered = 0
        elif kind == 64:
            client.released = True
            while self._held:
                self._send(client, *self._held.popleft())
        elif kind == 60:
            for spec in self._rospecs.values():
                self._flush(spec)
        elif kind == 14:
            self._send(client, 4, _status(), message_id)
            return False
        else:
            response, answer = self._request(kind, body)
            self._send(client, response, answer, message_id)
        return True

    def _request(self, kind: int, body: bytes) -> tuple[int, bytes]:
        if kind == 1:
            return 11, _status() + self._capabilities()
        if kind == 2:
            return 12, _status() + self._config(body)
        if kind == 3:
            return 13, self._set_config(body)
        if kind == 26:
            return 36, _status() + b"".join(spec.describe() for spec in self._rospecs.values())
        if 20 <= kind <= 25:
            return kind + 10, self._on_rospec(kind, body)
        if kind == 41:
            return 51, _status()
        if kind == 44:
            return 54, _status()
        return 100, _status(109, f"message {kind}")

    def _on_rospec(self, kind: int, body: bytes) -> bytes:
        if kind == 20:
            return self._add_rospec(body)
        (number,) = struct.unpack(">I", body)
        if number and number not in self._rospecs:
            return _status(300, f"no ROSpec {number}")
        specs = [self._rospecs[number]] if number else list(self._rospecs.values())
        if kind == 22 and any(spec.state == _DISABLED for spec in specs):
            return _status(300, "ROSpec is disabled")
        for spec in specs:
            self._change_rospec(kind, spec)
        if kind in (21, 24, 25):
            self._config_state += 1
        return _status()

    def _change_rospec(self, kind: int, spec: _Rospec) -> None:
        if kind == 21:
            self._stop_timers(spec)
            self._deactivate(spec)
            del self._rospecs[spec.id]
        elif kind == 22 and spec.state == _INACTIVE:
            self._activate(spec)
        elif kind == 23:
            self._deactivate(spec)
        elif kind == 24 and spec.state == _DISABLED:
            spec.state = _INACTIVE
            if spec.start_type == 1:
                self._activate(spec)
            elif spec.start_type == 2:
                spec.periodic = asyncio.get_running_loop().call_later(spec.offset_ms / 1000, self._tick, spec)
        elif kind == 25:
            self._stop_timers(spec)
            self._deactivate(spec, _DISABLED)

    def _add_rospec(self, body: bytes) -> bytes:
        try:
            ((kind, raw),) = _params(body)
            spec = _parse_rospec(raw)
        except (ValueError, struct.error, IndexError) as error:
            return _status(100, str(error))
        if kind != 177 or spec.id == 0 or raw[5] != _DISABLED:
            return _status(101, "ROSpec id 0 or not disabled")
        if spec.id in self._rospecs:
            return _status(300, f"ROSpec {spec.id} exists")
        if any(antenna > 4 for antenna in spec.antennas):
            return _status(301, "antenna")
        self._rospecs[spec.id] = spec
        self._config_state += 1
        return _status()

    def touch_configuration(self) -> None:
        """Someone changes a setting by the reader's own web page: the configuration state is another one."""
        self._config_state += 1

    def _set_config(self, body: bytes) -> bytes:
        self.configured += 1
        try:
            if body[0] >> 7:
                self._rospecs.clear()
                self._events_on.clear()
            for kind, value in _params(body, 1):
                self._set_parameter(kind, value)
        except (ValueError, struct.error, IndexError) as error:
            return _status(100, str(error))
        self._config_state += 1
        return _status()

    def _set_parameter(self, kind: int, value: bytes) -> None:
        if kind == 244:
            for _, state in _params(value):
                number, on = struct.unpack(">HB", state)
                (self._events_on.add if on >> 7 else self._events_on.discard)(number)
        elif kind == 220:
            trigger, period_ms = struct.unpack(">BI", value)
            self._keepalive_ms = period_ms if trigger else 0
        elif kind == 226:
            self._hold = bool(value[0] >> 7)

    def _config(self, body: bytes) -> bytes:
        wanted = body[2]
        parts = {
            1: _tlv(218, struct.pack(">BH", 0, len(self.reader_id) // 2) + bytes.fromhex(self.reader_id)),
            5: _tlv(244, b"".join(_tlv(245, struct.pack(">HB", n, 0x80)) for n in sorted(self._events_on))),
            7: _tlv(217, struct.pack(">I", self._config_state)),
            8: _tlv(220, struct.pack(">BI", int(self._keepalive_ms > 0), self._keepalive_ms)),
            9: _tlv(225, struct.pack(">HBB", self._gpi_port, 0x80, int(self.barrier_broken))),
            11: _tlv(226, bytes((int(self._hold) << 7,))),
        }
        return b"".join(parts.values()) if wanted == 0 else parts.get(wanted, b"")

    def _capabilities(self) -> bytes:
        firmware = b"sim 1.0"
        sensitivity = _tlv(139, struct.pack(">Hh", 1, 0))
        gpio = _tlv(141, struct.pack(">HH", 4, 4))
        protocols = b"".join(_tlv(140, struct.pack(">HHB", antenna, 1, 1)) for antenna in range(1, 5))
        device = struct.pack(">HHIIH", 4, 0x4000, 25882, 2001002, len(firmware)) + firmware
        limits = _tlv(142, struct.pack(">BBHIIIII", 0x48, 1, 0, 32, 8, 16, 0, 0))
        return _tlv(137, device + sensitivity + gpio + protocols) + limits


def _tag_report(rospec_id: int, epc: str, antenna: int, rssi_dbm: int, at_us: int) -> bytes:
    raw = bytes.fromhex(epc)
    if len(raw) == 12:
        head = b"\x8d" + raw
    else:
        head = _tlv(241, struct.pack(">H", len(raw) * 8) + raw)
    fields = struct.pack(
        ">BIBHBbBQBQBH", 0x89, rospec_id, 0x81, antenna, 0x86, rssi_dbm, 0x82, at_us, 0x84, at_us, 0x88, 1
    )
    return _tlv(240, head + fields)

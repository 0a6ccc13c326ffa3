"""A bench scale on TCP, a pty or an RFC 2217 port: a physical pan that speaks MT-SICS or one of `scale_formats`.

Source: MT-SICS Reference Manual (Mettler-Toledo 11781363). `factor` speeds up settling only, never the line.
"""

import asyncio
import math
import os
import random
import re
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

from serial.rfc2217 import PortManager

from simulators.wire.kept import Kept
from simulators.wire.scale_formats import FORMATS, Format, Shown

UNIT_G = {"g": (1.0, 0), "kg": (1000.0, 3), "lb": (453.59237, 4), "oz": (28.349523125, 2)}
"""Grams per unit and decimals shown for a 1 g interval."""
STABLE_TIMEOUT_S = 5.0
LEVELS = ("0", "1")
COMMANDS = ("I0", "I1", "I2", "I3", "I4", "S", "SI", "SIR", "Z", "ZI", "@", "SR", "T", "TI", "TA", "TAC")


@dataclass(slots=True)
class ScaleFaults:
    """Switches of what goes wrong; all may be changed at any time."""

    never_stable: bool = False
    frozen: bool = False
    """The stream goes on with the last weight whatever lies on the pan."""
    silent: bool = False
    """Connected, but sends nothing any more."""
    garbage_rate: float = 0.0
    """Chance 0..1 of noise bytes before a line."""
    split: bool = False
    """Frames leave in pieces of one to three bytes."""
    merge: int = 0
    """So many frames are held back and leave in one piece."""
    wrong_checksum: bool = False
    """The last byte of each frame is off by one."""
    parity_bit: bool = False
    """The line runs 7E1 and is read as 8N1: bit 7 carries the parity."""
    wrong_baud: bool = False
    """Every byte comes out as another one."""
    not_zeroed: bool = False
    """Power came back and nobody zeroed; a zero command ends it."""
    foreign_g: float = 0.0
    """Something leans on the pan, or lifts it."""
    drift_g_s: float = 0.0
    """The zero creeps by so much a second, see drift()."""


@dataclass(slots=True)
class LineSettings:
    """A serial port as an RFC 2217 server sees it; the names are pyserial's."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    cts: bool = True
    dsr: bool = True
    ri: bool = False
    cd: bool = True
    dtr: bool = True
    rts: bool = True
    break_condition: bool = False


class _Line(Protocol):
    def write(self, data: bytes) -> None: ...


class _PtyLine:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except OSError:  # nobody reads and the buffer is full, or unplugged
            return


class ScaleSim:
    """One scale. TCP on `host:port` (port 0 = any free one), or with `pty=True` on the device file `path`.

    `rfc2217`: the TCP port is a device server; the scale's own line is 9600 8N1 and anything else reads as noise.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        pty: bool = False,
        rfc2217: bool = False,
        protocol: str = "mt_sics",
        factor: float = 1.0,
        interval_g: int = 1,
        max_g: int = 60_000,
        settle_s: float = 0.8,
        noise_g: float = 0.0,
        rate_hz: float = 20.0,
        unit: str = "kg",
        model: str = "IND570",
        serial: str = "B021234567",
        seed: int = 0,
    ) -> None:
        self.host, self.port, self.pty, self.path = host, port, pty, ""
        self.factor, self.interval_g, self.max_g = factor, interval_g, max_g
        self.settle_s, self.noise_g, self.rate_hz, self.unit = settle_s, noise_g, rate_hz, unit
        self.model, self.serial = model, serial
        self.settings = {"M01": "0", "M02": "2", "M03": "1", "M21 0": "0 1"}
        """MT-SICS M query to its answer: weighing mode, vibration, autozero, unit (reference manual 11781363)."""
        self.rfc2217, self.protocol = rfc2217, protocol
        self.server_line = LineSettings(baudrate=1200)
        """What the device server has set."""
        self.faults = ScaleFaults()
        self.received: list[str] = Kept()
        """Every command line, newest last."""
        self._random = random.Random(seed)
        self._from_g = self._load_g = self._zero_g = self._tare_g = 0.0
        self._moved_at_s, self._drift_from_s = -1e9, 0.0
        self._shown: tuple[float, bool] = (0.0, True)
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._fds: list[int] = []

    # the physical side

    def put(self, weight_g: float) -> None:
        """Lay a load on the pan; whatever lay there is replaced."""
        self._from_g, self._load_g, self._moved_at_s = self._gross_g(), float(weight_g), self._now_s()

    def remove(self) -> None:
        """Empty the pan."""
        self.put(0.0)

    def drift(self, g_s: float) -> None:
        """Let the zero creep from now on, from where it truly is."""
        self.faults.drift_g_s, self._drift_from_s = g_s, self._now_s()

    @property
    def load_g(self) -> float:
        return self._load_g

    # life

    async def start(self) -> None:
        if self.pty:
            self._plug()
            return
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()
        self.unplug()

    def drop(self) -> None:
        """Cut every TCP connection."""
        for session in list(self._sessions):
            session.close()

    def reboot(self) -> None:
        """Power cycle: connections are cut, the tare is gone, nobody has zeroed."""
        self._tare_g, self.faults.not_zeroed = 0.0, True
        self.drop()

    def unplug(self) -> None:
        """Pull the serial cable."""
        for fd in self._fds[:1]:
            asyncio.get_running_loop().remove_reader(fd)
        for fd in self._fds:
            os.close(fd)
        if self._fds:
            self.drop()
        self._fds = []

    def _plug(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._fds, self.path = [master, slave], os.ttyname(slave)
        session = self._session(_PtyLine(master), lambda: None)
        self._sessions.add(session)
        asyncio.get_running_loop().add_reader(master, lambda: session.feed(os.read(master, 4096)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = _DeviceServer(self, writer) if self.rfc2217 else None
        session = self._session(port or writer, writer.transport.abort)
        self._sessions.add(session)
        try:
            while data := await reader.read(1024):
                session.feed(port.receive(data) if port else data)
        except (OSError, asyncio.CancelledError):  # a cancelled handler would make asyncio print a traceback
            pass
        finally:
            session.close()
            self._sessions.discard(session)

    def _session(self, line: "_Line", close: Callable[[], None]) -> "_Session":
        if self.protocol == "mt_sics":
            return _SicsSession(self, line, close)
        return _PlainSession(self, line, close, FORMATS[self.protocol])

    # what the load cell and the display say

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    def _settling(self) -> float:
        """0 just moved .. 1 and more at rest."""
        return (self._now_s() - self._moved_at_s) * self.factor / max(self.settle_s, 1e-6)

    def _gross_g(self) -> float:
        """A damped swing from the old to the new load."""
        t = self._settling()
        drift_g = self.faults.drift_g_s * (self._now_s() - self._drift_from_s) + self.faults.foreign_g
        if t >= 1.0:
            return self._load_g + drift_g
        return self._load_g + drift_g + (self._from_g - self._load_g) * math.exp(-6 * t) * math.cos(9 * t)

    def shown(self) -> tuple[float, bool]:
        """Net weight in grams, rounded to the interval, and whether it is stable."""
        if self.faults.frozen:
            return self._shown
        stable = self._settling() >= 1.0 and not self.faults.never_stable
        net_g = self._gross_g() - self._zero_g - self._tare_g
        swing_g = self.noise_g + (5 * self.interval_g if self.faults.never_stable else 0)
        net_g += self._random.uniform(-swing_g, swing_g)
        self._shown = (round(net_g / self.interval_g) * self.interval_g, stable)
        return self._shown

    def weight_line(self, head: str = "S") -> str:
        """A weight reply such as `S S      0.100 kg`, or `S +` out of range."""
        net_g, stable = self.shown()
        gross_g = net_g + self._tare_g
        if gross_g > self.max_g + 9 * self.interval_g:
            return f"{head} +"
        if gross_g < -20 * self.interval_g:
            return f"{head} -"
        return f"{head} {'S' if stable else 'D'} {self._value(net_g)}"

    def _value(self, weight_g: float) -> str:
        per_g, decimals = UNIT_G[self.unit]
        return f"{weight_g / per_g:>10.{decimals}f} {self.unit}"

    def display(self) -> Shown:
        net_g, stable = self.shown()
        per_g, decimals = UNIT_G[self.unit]
        gross_g, tare_g = net_g + self._tare_g, self._tare_g
        return Shown(
            net_g / per_g, tare_g / per_g, decimals, self.unit, stable, zeroed=not self.faults.not_zeroed, net=bool(tare_g),
            over=gross_g > self.max_g + 9 * self.interval_g, under=gross_g < -20 * self.interval_g,
        )  # fmt: skip

    def zero(self, stable_only: bool) -> str:
        """Status of Z or ZI: the zero range is 2 % of capacity around the last calibration."""
        net_g, stable = self.shown()
        if stable_only and not stable:
            return "I"
        gross_g = net_g + self._tare_g + self._zero_g
        if abs(gross_g) > 0.02 * self.max_g:
            return "+" if gross_g > 0 else "-"
        self._zero_g, self._tare_g, self.faults.not_zeroed = gross_g, 0.0, False
        return "A" if stable_only else ("S" if stable else "D")

    def tare(self) -> float:
        self._tare_g = self._gross_g() - self._zero_g
        return self._tare_g

    def preset_tare(self, weight_g: float) -> None:
        self._tare_g = weight_g


class _DeviceServer:
    """The RFC 2217 side of one connection; pyserial's own server keeps the protocol."""

    def __init__(self, scale: ScaleSim, writer: asyncio.StreamWriter) -> None:
        self._scale, self._writer = scale, writer
        self._manager = PortManager(scale.server_line, writer)

    def write(self, data: bytes) -> None:
        line, noise = self._scale.server_line, self._scale._random
        if (line.baudrate, line.bytesize, line.parity) != (9600, 8, "N"):
            data = bytes(noise.randrange(128, 256) for _ in data)
        self._writer.write(b"".join(self._manager.escape(data)))

    def receive(self, data: bytes) -> bytes:
        return b"".join(self._manager.filter(data))


def _even_parity(byte: int) -> int:
    return byte | (byte.bit_count() & 1) << 7


class _Session(ABC):
    """One client of the scale with its own stream."""

    def __init__(self, scale: ScaleSim, line: _Line, close: Callable[[], None]) -> None:
        self._scale, self._line, self._close = scale, line, close
        self._buffer = b""
        self._held: list[bytes] = []
        self._stream: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for task in (*self._tasks, self._stream):
            if task is not None:
                task.cancel()
        self._close()

    @abstractmethod
    def feed(self, data: bytes) -> None: ...

    def emit(self, data: bytes) -> None:
        """Put one frame on the line, with whatever goes wrong there."""
        scale, faults = self._scale, self._scale.faults
        if faults.silent:
            return
        if faults.wrong_checksum:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if faults.parity_bit:
            data = bytes(map(_even_parity, data))
        if faults.wrong_baud:
            data = bytes(scale._random.randrange(128, 256) for _ in data)
        if scale._random.random() < faults.garbage_rate:
            data = bytes(scale._random.randrange(256) for _ in range(7)) + b"\r\n" + data
        self._held.append(data)
        if len(self._held) <= faults.merge:
            return
        data = b"".join(self._held)
        self._held.clear()
        while faults.split and len(data) > 3:
            size = scale._random.randint(1, 3)
            self._line.write(data[:size])
            data = data[size:]
        self._line.write(data)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _PlainSession(_Session):
    """A scale that streams one format, or sends a frame of it when asked."""

    def __init__(self, scale: ScaleSim, line: _Line, close: Callable[[], None], form: Format) -> None:
        super().__init__(scale, line, close)
        self._form = form
        if form.ask is None:
            self._stream = asyncio.create_task(self._repeat())

    def feed(self, data: bytes) -> None:
        *commands, self._buffer = re.split(rb"[\r\n]+", self._buffer + data)
        for command in filter(None, commands):
            self._scale.received.append(command.decode("ascii", "replace"))
            if command == self._form.ask:
                self.emit(self._form.frame(self._scale.display()))
            elif command == self._form.tare:
                self._scale.tare()
            elif command == self._form.zero:
                self._scale.zero(stable_only=False)
                if self._form.status is not None:
                    self.emit(self._form.status(self._scale.display()))

    async def _repeat(self) -> None:
        frame = self._form.frame(self._scale.display())
        self._line.write(frame[len(frame) // 2 :])  # whoever connects joins in the middle of a frame
        while True:
            await asyncio.sleep(1 / self._scale.rate_hz)
            self.emit(self._form.frame(self._scale.display()))


class _SicsSession(_Session):
    def feed(self, data: bytes) -> None:
        self._buffer += data
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            command = line.strip().decode("ascii", "replace")
            if command:
                self._scale.received.append(command)
                self._do(command)

    def send(self, text: str) -> None:
        self.emit(text.encode("ascii") + b"\r\n")

    def _do(self, command: str) -> None:
        name, _, parameter = command.partition(" ")
        if (kept := self._scale.settings.get(command)) is not None:
            self.send(f"{name} A {kept}")
            return
        if name in ("@", "S", "SI", "SIR", "SR") and self._stream is not None:
            self._stream.cancel()
            self._stream = None
        match name:
            case "@":
                self.send(f'I4 A "{self._scale.serial}"')
            case "S":
                self._later(self._when_stable("S", lambda: self._scale.weight_line()))
            case "SI":
                self.send(self._scale.weight_line())
            case "SIR":
                self._stream = asyncio.create_task(self._repeat())
            case "SR":
                self._stream = asyncio.create_task(self._on_change())
            case "Z":
                self._later(self._when_stable("Z", lambda: f"Z {self._scale.zero(stable_only=True)}"))
            case "ZI":
                self.send(f"ZI {self._scale.zero(stable_only=False)}")
            case "T":
                self._later(self._when_stable("T", lambda: f"T S {self._scale._value(self._scale.tare())}"))
            case "TI":
                stable = self._scale.shown()[1]
                self.send(f"TI {'S' if stable else 'D'} {self._scale._value(self._scale.tare())}")
            case "TA":
                self.send(self._tare_value(parameter))
            case "TAC":
                self._scale.preset_tare(0.0)
                self.send("TAC A")
            case _:
                self._info(name)

    def _info(self, name: str) -> None:
        scale = self._scale
        match name:
            case "I0":
                for index, known in enumerate(COMMANDS):
                    level = 0 if index < 11 else 1
                    self.send(f'I0 {"A" if index == len(COMMANDS) - 1 else "B"} {level} "{known}"')
            case "I1":
                self.send('I1 A "01" "2.00" "2.20" "" ""')
            case "I2":
                self.send(f'I2 A "{scale.model} Standard {self._scale._value(scale.max_g).strip()}"')
            case "I3":
                self.send('I3 A "3.10 0.0.0.0.0"')
            case "I4":
                self.send(f'I4 A "{scale.serial}"')
            case _:
                self.send("ES")

    def _tare_value(self, parameter: str) -> str:
        if not parameter:
            return f"TA A {self._scale._value(self._scale._tare_g)}"
        match = re.fullmatch(r"(\d+(?:\.\d+)?) (\w+)", parameter.strip())
        if match is None or match[2] not in UNIT_G:
            return "TA L"
        self._scale.preset_tare(float(match[1]) * UNIT_G[match[2]][0])
        return f"TA A {self._scale._value(self._scale._tare_g)}"

    async def _when_stable(self, head: str, answer: Callable[[], str]) -> None:
        limit_s = self._scale._now_s() + STABLE_TIMEOUT_S
        while not self._scale.shown()[1]:
            if self._scale._now_s() > limit_s:
                self.send(f"{head} I")
                return
            await asyncio.sleep(0.02)
        self.send(answer())

    async def _repeat(self) -> None:
        while True:
            self.send(self._scale.weight_line())
            await asyncio.sleep(1 / self._scale.rate_hz)

    async def _on_change(self) -> None:
        last = ""
        while True:
            line = self._scale.weight_line()
            if line != last:
                self.send(line)
                last = line
            await asyncio.sleep(0.05)

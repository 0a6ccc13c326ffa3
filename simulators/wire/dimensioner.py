"""A Cubiscan with its scale on TCP. Source: CubiScan 25, 125 and 325 service manuals, chapter Communication Protocol."""

import asyncio
import contextlib
from dataclasses import dataclass

from simulators.wire.kept import Kept

_IN_MM, _LB_G = 25.4, 453.59237


@dataclass(slots=True)
class DimensionerFaults:
    """Switches of what goes wrong; all may be changed at any time."""

    nack: str = ""
    """C corner sensor, M measure error, Z zero error: M is refused with it."""
    unstable: bool = False
    """Dimensions and weight fields are filled with dashes."""
    silent: bool = False
    late_s: float = 0.0
    """Every answer comes this much later."""
    garbage: bool = False
    test_code: str = "00"


class DimensionerSim:
    """One Cubiscan. `factor` speeds up measuring only."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, factor: float = 1.0, metric: bool = True, site: str = "PACK01"
    ) -> None:
        self.host, self.port, self.factor, self.metric, self.site = host, port, factor, metric, site
        self.faults = DimensionerFaults()
        self.received: list[str] = Kept()
        self._object: tuple[float, float, float, float] | None = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        self.drop()

    def drop(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def put(self, length_mm: float, width_mm: float, height_mm: float, weight_g: float) -> None:
        self._object = (length_mm, width_mm, height_mm, weight_g)

    def remove(self) -> None:
        self._object = None

    def pass_gate(self) -> None:
        """The operator closes the gate: the result is sent without being asked for."""
        for writer in self._writers:
            self._send(writer, "m" + self._measure())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        buffer = b""
        try:
            while data := await reader.read(1024):
                *frames, buffer = (buffer + data).split(b"\x03\r\n")
                for frame in frames:
                    task = asyncio.create_task(self._answer(writer, frame.rpartition(b"\x02")[2].decode("latin-1")))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        except (OSError, asyncio.CancelledError):  # a cancelled handler would make asyncio print a traceback
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, command: str) -> None:
        self.received.append(command)
        letter = command[:1]
        await asyncio.sleep(self.faults.late_s + (0.8 / self.factor if letter in ("M", "m") else 0.0))
        match letter:
            case "M" | "m" if self.faults.nack:
                self._send(writer, f"{letter}NC{self.faults.nack}")
            case "M" | "m":
                self._send(writer, letter + self._measure())
            case "T":
                self._send(writer, f"TA{self.faults.test_code}")
            case "Z":
                self._send(writer, "ZN" if self._object else "ZA")
            case '"' | "#" | "L" if len(command) > 1:
                if letter == "L":
                    self.site = command[1:7]
                else:
                    self.metric = command[1] == "M"
                self._send(writer, f"{letter}A")
            case "U":
                self._send(writer, f"UA{'M' if self.metric else 'E'},{'M' if self.metric else 'E'},D,{self.site:<6}")
            case _:
                self._send(writer, "?N")

    def _send(self, writer: asyncio.StreamWriter, text: str) -> None:
        if self.faults.silent:
            return
        noise = b"\xfe\x00~\x02\x81" if self.faults.garbage else b""
        with contextlib.suppress(OSError):
            writer.write(noise + b"\x02" + text.encode("ascii") + b"\x03\r\n")

    def _measure(self) -> str:
        unit, per_mm, per_g = ("M", 10.0, 1000.0) if self.metric else ("E", _IN_MM, _LB_G)
        sides = self._object[:3] if self._object else (0.0, 0.0, 0.0)
        fields = [self._side(mm, per_mm) for mm in sides]
        weight = self._weight(self._object[3] if self._object else 0.0, per_g)
        length, width, height = fields
        return f"AC{self.site:<6},L{length},W{width},H{height},{unit},K{weight},D{0.0:6.2f},{unit},F5000,D"

    def _side(self, mm: float, per_mm: float) -> str:
        if self.faults.unstable:
            return "-----"
        if mm <= 0:
            return "_____"
        text = f"{mm / per_mm:5.1f}" if self.metric else f"{mm / per_mm:5.2f}"
        return text if len(text) == 5 else "~~~~~"

    def _weight(self, grams: float, per_g: float) -> str:
        if self.faults.unstable:
            return "------"
        if grams < 0:
            return "______"
        text = f"{grams / per_g:6.3f}" if self.metric else f"{grams / per_g:6.2f}"
        return text if grams <= 50_000 and len(text) == 6 else "~~~~~~"

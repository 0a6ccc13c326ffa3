"""An Atop ABLEPick controller with its tags on TCP, and a put wall behind a Modbus gateway by the product's map.

Source: ABLEPick protocol manual V 2.4, sections 4.1-4.4; docs/protocols/light.md, wall map version 1.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from simulators.wire.kept import Kept
from simulators.wire.modbus import ModbusBank


@dataclass(slots=True)
class LightFaults:
    silent: bool = False
    garbage: bool = False
    split: bool = False


@dataclass(slots=True)
class Tag:
    text: str = ""
    lit: bool = False
    colour: int = 0
    connected: bool = True
    button_held: bool = False


class LightSim:
    """One controller with `tags` tags at nodes 1.."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, tags: int = 20) -> None:
        self.host, self.port = host, port
        self.faults = LightFaults()
        self.tags = {node: Tag() for node in range(1, tags + 1)}
        self.received: list[tuple[int, int]] = Kept()
        """(sub-command, node) of every frame."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()

    def drop(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def press(self, node: int, qty: int | None = None, *, short: bool = False) -> None:
        """Press confirmation or shortage; `qty`: counted down with the tag's own buttons before."""
        tag = self.tags[node]
        if qty is not None:
            tag.text = f"{qty:>6}"
        self._tell(0x07 if short else 0x06, node, tag.text.ljust(6).encode("ascii") + b"\0")
        tag.text, tag.lit = "", False

    def reset(self, node: int) -> None:
        """The tag loses power for a moment."""
        self.tags[node] = Tag()
        self._tell(0x0E, node)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readexactly(2)
                body = await reader.readexactly(head[0] + (head[1] << 8) - 2)
                self._do(body[4], body[5:])
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    def _do(self, sub: int, rest: bytes) -> None:
        node = rest[0] if rest else 0
        self.received.append((sub, node))
        if sub == 0x09:
            status = bytearray(32)
            for index in range(200):
                tag = self.tags.get(index + 1)
                status[index // 8] |= (tag is None or not tag.connected) << index % 8
            self._send(bytes([0x60, 0, 0, 0, 0x09]) + bytes(3) + bytes(status))
            return
        tag = self.tags.get(node)
        if tag is None or not tag.connected:
            self._tell(0x0A, node)
        elif tag.button_held:
            self._tell(0x0D, node)
        elif sub == 0x00:
            tag.text = rest[1:7].decode("ascii")
        elif sub == 0x01:
            tag.text = ""
        elif sub in (0x02, 0x03):
            tag.lit = sub == 0x02
        elif sub == 0x1F and rest[1] == 0:
            tag.colour = rest[2]
        else:
            self._tell(0x0C, node)

    def _tell(self, sub: int, node: int, data: bytes = b"") -> None:
        self._send(bytes([0x60, 0, 0, 0, sub, node]) + data)

    def _send(self, body: bytes) -> None:
        if self.faults.silent:
            return
        data = (len(body) + 2).to_bytes(2, "little") + body
        if self.faults.garbage:
            data = b"\xff\xfe\x00" + data
        for writer in self._writers:
            with contextlib.suppress(OSError):
                for piece in [data[i : i + 1] for i in range(len(data))] if self.faults.split else [data]:
                    writer.write(piece)


WALL_VERSION, WALL_CRC, WALL_POSITIONS = 1, 0x6FA7, 32
_BEAT, _MISSING, _PRESSES, _SHOWN, _ASKED = 2, 3, 10, 50, 90


class WallSim:
    """32 positions; a light shows what is asked a moment later, unless it is missing."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.bank = ModbusBank(host, port, _ASKED + WALL_POSITIONS, writable=range(_ASKED, _ASKED + WALL_POSITIONS))
        self.bank.words[:2] = [WALL_VERSION, WALL_CRC]
        self.heartbeat_frozen = False
        self._life: asyncio.Task[None] | None = None

    @property
    def host(self) -> str:
        return self.bank.host

    @property
    def port(self) -> int:
        return self.bank.port

    async def start(self) -> None:
        await self.bank.start()
        self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        if self._life is not None:
            self._life.cancel()
        await self.bank.stop()

    def shown(self, position: int) -> tuple[int, int]:
        """(colour, quantity) of a light."""
        word = self.bank.words[_SHOWN + position - 1]
        return word >> 12, word & 0xFFF

    def press(self, position: int) -> None:
        at = _PRESSES + position - 1
        self.bank.words[at] = (self.bank.words[at] + 1) & 0xFFFF

    def miss(self, position: int, on: bool = True) -> None:
        word, bit = (_MISSING + 1, position - 1) if position <= 16 else (_MISSING, position - 17)
        self.bank.words[word] = self.bank.words[word] | 1 << bit if on else self.bank.words[word] & ~(1 << bit)

    def restart(self) -> None:
        """Power cycle: everything is dark, connections are cut."""
        self.bank.words[_SHOWN : _SHOWN + WALL_POSITIONS] = [0] * WALL_POSITIONS
        self.bank.words[_ASKED : _ASKED + WALL_POSITIONS] = [0] * WALL_POSITIONS
        self.bank.cut()

    async def _live(self) -> None:
        words, turn = self.bank.words, 0
        while True:
            await asyncio.sleep(0.02)
            missing = words[_MISSING] << 16 | words[_MISSING + 1]
            for index in range(WALL_POSITIONS):
                words[_SHOWN + index] = 0 if missing >> index & 1 else words[_ASKED + index]
            turn += 1
            if turn % 10 == 0 and not self.heartbeat_frozen:
                words[_BEAT] = (words[_BEAT] + 1) & 0xFFFF

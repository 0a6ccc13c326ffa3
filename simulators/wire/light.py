"""An Atop ABLEPick controller with its tags on TCP. Source: ABLEPick protocol manual V 2.4, sections 4.1-4.4."""

import asyncio
import contextlib
from dataclasses import dataclass


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
        self.received: list[tuple[int, int]] = []
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

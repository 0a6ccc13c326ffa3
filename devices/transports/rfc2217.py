"""A serial port behind a device server that takes its line settings over the wire. Source: RFC 2217; RFC 854, 856 (Telnet).

`ComPort` is pure; `ComPortLink` carries it over TCP.
"""

import asyncio
import struct

from devices.contract.driver import ConfigRefused, NotReady
from devices.transports import tcp
from devices.transports.link import Link

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
_WELCOME = (BINARY, SUPPRESS_GO_AHEAD, COM_PORT)
_SERVER = 100
"""The server answers option n of section 3 with n + 100."""
PARITIES = {"N": 1, "O": 2, "E": 3}
_NO_FLOW, _XON_XOFF = 1, 2
LONGEST_OPTION = 64
"""Bytes of a subnegotiation; a server that sends more lost its framing."""


class ComPort:
    """The client's side of one RFC 2217 session: what to send, what the server confirmed, which bytes are data."""

    def __init__(
        self, baud: int, data_bits: int = 8, parity: str = "N", stop_bits: int = 1, xonxoff: bool = False
    ) -> None:
        flow = _XON_XOFF if xonxoff else _NO_FLOW
        self.wanted = {
            1: struct.pack(">I", baud),
            2: bytes([data_bits]),
            3: bytes([PARITIES[parity]]),
            4: bytes([stop_bits]),
            5: bytes([flow]),
        }
        """SET-BAUDRATE, SET-DATASIZE, SET-PARITY, SET-STOPSIZE, SET-CONTROL -> value."""
        self.confirmed: dict[int, bytes] = {}
        self.refused = False
        """The server is no RFC 2217 access server."""
        self._told: set[tuple[int, int]] = set()
        self._state = "data"
        self._command = 0
        self._option = bytearray()
        self._asked = False

    @property
    def ready(self) -> bool:
        return self.confirmed.keys() >= self.wanted.keys()

    @property
    def differing(self) -> dict[int, bytes]:
        """Options the server set otherwise than asked."""
        return {n: self.confirmed[n] for n in self.wanted if self.confirmed.get(n, self.wanted[n]) != self.wanted[n]}

    def hello(self) -> bytes:
        """First bytes of a session."""
        return self._tell(WILL, COM_PORT) + self._tell(WILL, BINARY) + self._tell(DO, BINARY)

    def escape(self, data: bytes) -> bytes:
        """Data for the device: 255 is doubled."""
        return data.replace(bytes([IAC]), bytes([IAC, IAC]))

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return (bytes of the device, bytes to send back). Never raises."""
        payload, answer = bytearray(), bytearray()
        for byte in data:
            match self._state:
                case "data" if byte == IAC:
                    self._state = "iac"
                case "data":
                    payload.append(byte)
                case "iac":
                    self._iac(byte, payload)
                case "negotiate":
                    self._state = "data"
                    answer += self._negotiated(self._command, byte)
                case "option" if byte == IAC:
                    self._state = "option iac"
                case "option":
                    self._collect(byte)
                case "option iac" if byte == SE:
                    self._state = "data"
                    self._take_option(bytes(self._option))
                case "option iac":
                    self._state = "option"
                    self._collect(byte)
        return bytes(payload), bytes(answer)

    def _iac(self, byte: int, payload: bytearray) -> None:
        if byte in (DO, DONT, WILL, WONT):
            self._state, self._command = "negotiate", byte
        elif byte == SB:
            self._state, self._option = "option", bytearray()
        else:
            if byte == IAC:
                payload.append(byte)
            self._state = "data"

    def _collect(self, byte: int) -> None:
        self._option.append(byte)
        if len(self._option) > LONGEST_OPTION:
            self._state = "data"

    def _tell(self, command: int, option: int) -> bytes:
        """Each answer once: two sides that answer answers never end (RFC 854)."""
        if (command, option) in self._told:
            return b""
        self._told.add((command, option))
        return bytes([IAC, command, option])

    def _negotiated(self, command: int, option: int) -> bytes:
        if command in (DONT, WONT):
            self.refused = self.refused or option == COM_PORT
            return b""
        yes, no = (WILL, WONT) if command == DO else (DO, DONT)
        answer = self._tell(yes if option in _WELCOME else no, option)
        if option == COM_PORT and not self._asked:
            self._asked = True
            for number, value in self.wanted.items():
                answer += bytes([IAC, SB, COM_PORT, number]) + self.escape(value) + bytes([IAC, SE])
        return answer

    def _take_option(self, option: bytes) -> None:
        if len(option) > 2 and option[0] == COM_PORT and option[1] - _SERVER in self.wanted:
            self.confirmed[option[1] - _SERVER] = option[2:]


class ComPortLink(Link):
    """A Link whose bytes pass through a ComPort."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, com: ComPort) -> None:
        super().__init__(reader, writer, name)
        self._com = com
        self._early = b""

    async def handshake(self, timeout_s: float = 3.0) -> None:
        """Set the line. Errors: NotReady; ConfigRefused where the server has other settings or is none."""
        await super().write(self._com.hello())
        try:
            async with asyncio.timeout(timeout_s):
                while not self._com.ready:
                    self._early += await self._next()
                    if self._com.refused:
                        raise ConfigRefused(f"{self.name}: no RFC 2217 device server")
        except TimeoutError:
            raise NotReady(f"{self.name}: line settings not confirmed within {timeout_s} s") from None
        if self._com.differing:
            raise ConfigRefused(f"{self.name}: the device server has other line settings: {self._com.differing}")

    async def read(self, silence_s: float | None = None, max_bytes: int = 4096) -> bytes:
        data, self._early = self._early, b""
        try:
            async with asyncio.timeout(silence_s):  # the server's own notices are no sign of the device
                while not data:
                    data = await self._next()
        except TimeoutError:
            raise NotReady(f"{self.name}: silent for {silence_s} s") from None
        return data

    async def write(self, data: bytes, stall_s: float = 5.0) -> None:
        await super().write(self._com.escape(data), stall_s)

    async def _next(self) -> bytes:
        payload, answer = self._com.feed(await super().read())
        if answer:
            await super().write(answer)
        return payload


async def connect(host: str, port: int, com: ComPort) -> ComPortLink:
    """Connect and set the line. Errors: NotReady, ConfigRefused."""
    reader, writer = await tcp.open_stream(host, port)
    link = ComPortLink(reader, writer, f"rfc2217://{host}:{port}", com)
    try:
        await link.handshake()
    except BaseException:
        await link.close()
        raise
    return link

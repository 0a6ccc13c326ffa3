"""An Impinj R700 with its IoT device interface: REST under /api/v1, events as NDJSON on data/stream, a reader's faults.

Source: Impinj IoT device interface API 1.x. Written from the interface description, apart from the product's own codec.
"""

import asyncio
import base64
import contextlib
import json
import ssl
from datetime import UTC, datetime
from typing import Any

from simulators.wire.kept import Kept
from simulators.wire.rfid_world import GateWorld

Json = dict[str, Any]
_API = "/api/v1"
_PRESETS = f"{_API}/profiles/inventory/presets/"


class ImpinjSim(GateWorld):
    """One reader with four antennas and two inputs. `factor` speeds up only the pallet."""

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
        serial: str = "370-20-40-0123",
        password: str = "impinj",
        idle_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(factor, seed, reads_per_s, miss_rate, residents)
        self.host, self.port, self.serial, self.password = host, port, serial, password
        self.llrp_mode = False
        """The reader's interface is set to LLRP: its RFID endpoints refuse."""
        self.broken_inside = False
        """Every call ends in 500."""
        self.frozen = False
        """Half-open: the stream stays and says nothing."""
        self.calls: list[str] = Kept()
        self.presets: dict[str, Json] = {}
        self._gpi_port, self._idle_s, self._tls = gpi_port, idle_s, tls
        self._gpi_enabled, self._transitions = False, "disabled"
        self._running = ""
        """Name of the preset that was started."""
        self._reading = False
        self._streams: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._lost: set[int] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop_connection()

    @property
    def ready(self) -> bool:
        """A preset is started and someone listens."""
        return bool(self._running and self._streams)

    # --- faults ---

    def drop_connection(self) -> None:
        """Cut everyone off; presets and what is running stay."""
        for writer in list(self._writers):
            writer.transport.abort()

    def reboot(self) -> None:
        """Power cycle: nothing runs any more, presets stay."""
        self._running, self._reading = "", False
        self.drop_connection()

    def overflow(self) -> None:
        self._event("overflow", {})

    def antenna_lost(self, antenna: int) -> None:
        self._lost.add(antenna)
        self._event("antennaDisconnected", {"antennaPort": antenna})

    def antenna_back(self, antenna: int) -> None:
        self._lost.discard(antenna)
        self._event("antennaConnected", {"antennaPort": antenna})

    def babble(self) -> None:
        """A line that is not JSON."""
        self._push(b"<html>502</html>\r\n")

    # --- the physical world ---

    def barrier_edge(self, broken: bool) -> None:
        edge = {"gpi": self._gpi_port, "transition": "low-to-high" if broken else "high-to-low"}
        if self._gpi_enabled and self._transitions == "enabled":
            self._event("gpiTransition", edge)
        config = self.presets.get(self._running, {})
        if {"gpiTransitionEvent": edge} in config.get("startTriggers", ()):
            self._read_on(True)
        elif {"gpiTransitionEvent": edge} in config.get("stopTriggers", ()):
            self._read_on(False)

    def tag_in_field(self, epc: str, antenna: int, rssi_dbm: int, at_us: int) -> None:
        config = self.presets.get(self._running, {})
        ports = {row["antennaPort"] for row in config.get("antennaConfigs", ())}
        if not self._reading or antenna in self._lost or antenna not in ports:
            return
        fields = {
            "epc": base64.b64encode(bytes.fromhex(epc)).decode(),
            "epcHex": epc,
            "antennaPort": antenna,
            "peakRssiCdbm": rssi_dbm * 100,
            "lastSeenTime": self._iso(at_us),
            "frequency": 865_700,
            "transmitPowerCdbm": 3_000,
        }
        wanted = config.get("eventConfig", {}).get("tagInventory", {})
        self.reads_sent += 1
        self._event("tagInventory", {k: v for k, v in fields.items() if wanted.get(k) == "enabled"})

    async def drain(self) -> None:
        for writer in list(self._streams):
            with contextlib.suppress(OSError):
                await writer.drain()

    def _read_on(self, on: bool) -> None:
        if on != self._reading:
            self._reading = on
            self._event("inventoryStatus", {"inventoryStatus": "running" if on else "armed"})

    # --- events ---

    def _iso(self, at_us: int) -> str:
        stamp = datetime.fromtimestamp((at_us + self.clock_step_us) / 1e6, UTC)
        return stamp.isoformat(timespec="microseconds").replace("+00:00", "000Z")

    def _event(self, kind: str, body: Json) -> None:
        event = {"timestamp": self._iso(self.now_us()), "eventType": kind, f"{kind}Event": body}
        self._push(json.dumps(event, separators=(",", ":")).encode() + b"\r\n")

    def _push(self, line: bytes) -> None:
        if not self.frozen:
            for writer in self._streams:
                writer.write(b"%x\r\n%b\r\n" % (len(line), line))

    # --- HTTP/1.1 ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self._writers.discard(writer)
            self._streams.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False ends the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:]) if key}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        self.calls.append(f"{method} {path.removeprefix(_API)}")
        if headers.get("authorization") != "Basic " + base64.b64encode(f"root:{self.password}".encode()).decode():
            return await self._reply(writer, 401, {"message": "unauthorized"})
        if self.broken_inside:
            return await self._reply(writer, 500, {"message": "internal error"})
        if self.llrp_mode and not path.startswith(f"{_API}/system"):
            return await self._reply(writer, 403, {"message": "the LLRP interface is enabled"})
        if (method, path) == ("GET", f"{_API}/data/stream"):
            await self._stream(reader, writer)
            return False
        body = json.loads(raw) if raw else {}
        code, answer = self._route(method, path, body)
        return await self._reply(writer, code, answer)

    async def _reply(self, writer: asyncio.StreamWriter, code: int, body: Json | None) -> bool:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
        return True

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._streams.add(writer)
        await writer.drain()
        while not reader.at_eof():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._idle_s):
                    await reader.read(1024)
                    return
            if not self.frozen:
                writer.write(b"2\r\n\r\n\r\n")

    def _route(self, method: str, path: str, body: Json) -> tuple[int, Json | None]:
        path = path.split("?")[0]
        if (method, path) == ("GET", f"{_API}/system"):
            return 200, {"manufacturer": "Impinj", "productModel": "R700", "serialNumber": self.serial}
        if (method, path) == ("GET", f"{_API}/status"):
            running = {"status": "running", "activePreset": {"id": self._running, "profile": "inventory"}}
            return 200, running if self._running else {"status": "idle"}
        if path == f"{_API}/device/gpis":
            return self._gpis(method, body)
        if (method, path) == ("POST", f"{_API}/profiles/stop"):
            self._running, self._reading = "", False
            return 204, None
        if path.startswith(_PRESETS):
            name, _, verb = path.removeprefix(_PRESETS).partition("/")
            return self._on_preset(method, name, verb, body)
        return 404, {"message": f"no such resource: {path}"}

    def _gpis(self, method: str, body: Json) -> tuple[int, Json | None]:
        if method == "PUT":
            self._transitions = body["gpiTransitionEvents"]
            self._gpi_enabled = any(r["enabled"] for r in body["gpiConfigurations"] if r["gpi"] == self._gpi_port)
            return 204, None
        rows = [
            {
                "gpi": port,
                "enabled": self._gpi_enabled and port == self._gpi_port,
                "debounceMilliseconds": 0,
                "state": "high" if self.barrier_broken and port == self._gpi_port else "low",
            }
            for port in (1, 2)
        ]
        return 200, {"gpiTransitionEvents": self._transitions, "gpiConfigurations": rows}

    def _on_preset(self, method: str, name: str, verb: str, body: Json) -> tuple[int, Json | None]:
        if method == "PUT" and not verb:
            if any(not 1 <= row["antennaPort"] <= 4 for row in body.get("antennaConfigs", ())):
                return 400, {"message": "antennaPort out of range"}
            created = name not in self.presets
            self.presets[name] = body
            return (201 if created else 204), None
        if name not in self.presets:
            return 404, {"message": f"no preset {name}"}
        if method == "POST" and verb == "start":
            if self._running:
                return 409, {"message": f"{self._running} is running"}
            self._running = name
            self._read_on(not self.presets[name].get("startTriggers"))
            return 204, None
        return (200, self.presets[name]) if method == "GET" and not verb else (405, None)

"""Impinj R700 and R720 by their IoT device interface: preset by REST, events as NDJSON on `data/stream`.

Source: Impinj IoT device interface API 1.x (firmware 7.5 and later); LLRP is off while it is on.
"""

import json
import logging
import os
import ssl
from pathlib import Path
from typing import Any, ClassVar

import httpx

from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.gate import Gate
from devices.drivers.rfid_gate.iot_codec import (
    AntennaChange,
    Edge,
    IotError,
    LineBuffer,
    Lost,
    Note,
    impinj_event,
    parse,
)
from devices.drivers.rfid_gate.setup import GateSetup
from devices.transports import tap

log = logging.getLogger(__name__)

_STREAM_IDLE_S = 30.0
"""The reader sends CR-LF after so long without an event."""


def preset(setup: GateSetup) -> dict[str, Any]:
    """The inventory preset of a gate: its antennas, what a tag event tells, and the barrier as trigger."""
    antenna = {
        "transmitPowerCdbm": setup.transmit_power_cdbm,
        "rfMode": setup.rf_mode,
        "inventorySession": setup.inventory_session,
        "inventorySearchMode": "dual-target",
        "estimatedTagPopulation": setup.tag_population,
        "receiveSensitivityDbm": setup.receive_sensitivity_dbm,
    }
    told, untold = (
        ("epcHex", "antennaPort", "peakRssiCdbm", "lastSeenTime"),
        ("epc", "tid", "tidHex", "frequency", "pc"),
    )
    fields = dict.fromkeys(told, "enabled") | dict.fromkeys((*untold, "transmitPowerCdbm", "phaseAngle"), "disabled")
    body: dict[str, Any] = {
        "antennaConfigs": [{"antennaPort": number, **antenna} for number in setup.antennas],
        "eventConfig": {"common": {"hostname": "disabled"}, "tagInventory": fields},
    }
    if setup.trigger == "gpi":
        up, down = "low-to-high", "high-to-low"
        start, stop = (up, down) if setup.gpi_broken else (down, up)
        body["startTriggers"] = [{"gpiTransitionEvent": {"gpi": setup.gpi_port, "transition": start}}]
        body["stopTriggers"] = [{"gpiTransitionEvent": {"gpi": setup.gpi_port, "transition": stop}}]
    return body


class ImpinjReader:
    """One reader. Config: host, scheme (https), port (443, http 80), username (root), password_file or password_env,
    ca (PEM file), check_host (true), preset (wharfinger), reader_id (serial number), connect_timeout_s, reply_timeout_s,
    stream_idle_s (30), and the fields of GateSetup; trigger periodic is not offered by this interface.
    """

    keys: ClassVar[frozenset[str]] = frozenset(
        [
            "host",
            "scheme",
            "port",
            "username",
            "password_file",
            "password_env",
            "ca",
            "check_host",
            "preset",
            "reader_id",
            "connect_timeout_s",
            "reply_timeout_s",
            "stream_idle_s",
        ]
    )

    def __init__(self, config: dict[str, Any]) -> None:
        try:
            scheme = str(config.get("scheme", "https"))
            if scheme not in ("http", "https"):
                raise ConfigRefused(f"rfid_gate: scheme must be http or https, not {scheme!r}")
            port = int(config.get("port", 443 if scheme == "https" else 80))
            if not 0 < port < 65_536:
                raise ConfigRefused(f"rfid_gate: port {port} is none")
            self._url = f"{scheme}://{config['host']}:{port}/api/v1"
            self._verify: ssl.SSLContext | bool = _tls(config) if scheme == "https" else False
            self._username = str(config.get("username", "root"))
            self._password_file, self._password_env = config.get("password_file"), config.get("password_env")
            self._preset = str(config.get("preset", "wharfinger"))
            self._reader_id = str(config.get("reader_id", ""))
            self._connect_timeout_s = float(config.get("connect_timeout_s", 5))
            self._reply_timeout_s = float(config.get("reply_timeout_s", 10))
            self._silence_s = 3 * float(config.get("stream_idle_s", _STREAM_IDLE_S))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigRefused(f"rfid_gate: {error!r}") from error
        self._setup = GateSetup.from_config(config)
        if self._setup.trigger == "periodic":
            raise ConfigRefused("rfid_gate: the Impinj interface has no periodic trigger")
        self._tap = tap.current()

    async def run(self, ctx: DriverContext, gate: Gate) -> None:
        """Configure, open the stream, start the preset, hand everything to `gate`. Errors: NotReady, ConfigRefused."""
        self._tap = tap.current()
        limits = httpx.Timeout(self._reply_timeout_s, connect=self._connect_timeout_s)
        client = httpx.AsyncClient(
            base_url=self._url, auth=(self._username, self._password()), verify=self._verify, timeout=limits
        )
        try:
            async with client:
                model = await self._configure(client, ctx)
                await self._stream(client, model, ctx, gate)
        except httpx.ConnectError as error:
            if isinstance(error.__cause__.__cause__ if error.__cause__ else None, ssl.SSLCertVerificationError):
                raise ConfigRefused(f"impinj.certificate: {error}") from error
            raise NotReady(f"impinj.connect: {error!r}") from error
        except httpx.ReadTimeout as error:
            raise NotReady(f"impinj.silent: nothing for {self._silence_s:.0f} s") from error
        except httpx.HTTPError as error:
            raise NotReady(f"impinj.connection_lost: {error!r}") from error
        except IotError as error:
            raise NotReady(f"impinj.bad_event: {error}") from error

    async def _configure(self, client: httpx.AsyncClient, ctx: DriverContext) -> str:
        """Make the reader ours; answer its name. A preset that is already there is not written again."""
        system = await self._call(client, "GET", "/system")
        serial = str(system.get("serialNumber", ""))
        if self._reader_id and serial != self._reader_id:
            await quarantine(ctx, "wrong_identity", {"expected": self._reader_id, "found": serial, "at": self._url})
        await self._call(client, "POST", "/profiles/stop")
        gpis = await self._call(client, "GET", "/device/gpis")
        wanted = _gpis(gpis, self._setup.gpi_port)
        if wanted != gpis:
            await self._call(client, "PUT", "/device/gpis", wanted)
        path, body = f"/profiles/inventory/presets/{self._preset}", preset(self._setup)
        if not _covers(await self._call(client, "GET", path, missing={}), body):
            await self._call(client, "PUT", path, body)
        return f"Impinj {system.get('productModel', 'reader')} {serial}"

    async def _stream(self, client: httpx.AsyncClient, model: str, ctx: DriverContext, gate: Gate) -> None:
        """Listen before the start, so that nothing is missed."""
        limits = httpx.Timeout(self._silence_s, connect=self._connect_timeout_s)
        async with client.stream("GET", "/data/stream", timeout=limits) as response:
            if response.status_code != httpx.codes.OK:
                raise NotReady(f"impinj.{response.status_code}: data/stream")
            await self._call(client, "POST", f"/profiles/inventory/presets/{self._preset}/start")
            await self._check_barrier(client, gate)
            ctx.online(model)
            await gate.alarms.repeat()
            lines = LineBuffer()
            async for chunk in response.aiter_raw():
                ctx.alive()
                self._tap.note(False, chunk)
                for line in lines.feed(chunk):
                    await self._take(line, ctx, gate)
        raise NotReady("impinj.closed: the reader ended the stream")

    async def _check_barrier(self, client: httpx.AsyncClient, gate: Gate) -> None:
        """A pallet that already stands in the gate has been read by nobody: its session must be counted by hand."""
        gpis = await self._call(client, "GET", "/device/gpis")
        for gpi in gpis.get("gpiConfigurations", ()):
            if gpi.get("gpi") == self._setup.gpi_port and (gpi.get("state") == "high") == self._setup.gpi_broken:
                await gate.open(overflow=True)

    async def _take(self, line: bytes, ctx: DriverContext, gate: Gate) -> None:
        match impinj_event(parse(line)):
            case TagRead() as read:
                gate.reads((read,))
            case Edge(port, high, at_us) if port == self._setup.gpi_port:
                await gate.clock(at_us, True, "impinj")
                await gate.barrier(high == self._setup.gpi_broken, at_us)
            case AntennaChange(antenna, back):
                await gate.antenna(antenna, back, "impinj")
            case Lost(detail):
                await gate.lost_reads(f"impinj.overflow: {detail}")
            case Note(kind, at_us):
                await gate.clock(at_us, True, "impinj")
                log.debug("%s: %s", ctx.device, kind)

    async def _call(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        missing: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One REST call; `missing` is the answer where the reader says 404. Errors: NotReady, ConfigRefused, httpx's."""
        self._tap.note(True, f"{method} {path} {'' if body is None else json.dumps(body)}\n".encode())
        response = await client.request(method, path, json=body)
        code = response.status_code
        self._tap.note(False, f"{code} ".encode() + response.content + b"\n")
        if code == httpx.codes.NOT_FOUND and missing is not None:
            return missing
        if code in (401, 403):
            raise ConfigRefused(f"impinj.credentials: {code} for {self._username}")
        if 400 <= code < 500 and code not in (408, 409, 429):
            raise ConfigRefused(f"impinj.{code}: {method} {path}: {response.text[:200]}")
        if code >= 300:
            raise NotReady(f"impinj.{code}: {method} {path}: {response.text[:200]}")
        return parse(response.content) if response.content.strip() else {}

    def _password(self) -> str:
        """Read anew at each connect, so that a rotated secret is taken. Errors: ConfigRefused."""
        try:
            if self._password_file is not None:
                return Path(self._password_file).read_text("utf-8").strip()
            return os.environ[self._password_env] if self._password_env else ""
        except (OSError, KeyError) as error:
            raise ConfigRefused(f"rfid_gate: password: {error!r}") from error


def _gpis(now: dict[str, Any], port: int) -> dict[str, Any]:
    """The inputs with ours switched on and its edges told; the reader's own `state` stays. Errors: IotError."""
    rows = now.get("gpiConfigurations")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise IotError("device/gpis without gpiConfigurations")
    rows = [{**row, "enabled": True, "debounceMilliseconds": 0} if row.get("gpi") == port else row for row in rows]
    return {**now, "gpiConfigurations": rows, "gpiTransitionEvents": "enabled"}


def _covers(have: Any, want: Any) -> bool:
    """Whether the reader's answer holds all that we want; it may add its own defaults."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(key in have and _covers(have[key], want[key]) for key in want)
    if isinstance(want, list):
        return isinstance(have, list) and len(have) == len(want) and all(map(_covers, have, want))
    return bool(have == want)


def _tls(config: dict[str, Any]) -> ssl.SSLContext:
    """Errors: ConfigRefused for a file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=config.get("ca"))
    except OSError as error:
        raise ConfigRefused(f"rfid_gate: ca: {error}") from error
    context.check_hostname = bool(config.get("check_host", True))
    return context

"""One supervisor per device: the only place that retries.

offline -> (handshake) online <-> fault; NotReady -> offline and backoff; ConfigRefused -> refused for good.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime

from devices import drivers
from devices.contract.clock import Clock
from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, Driver, NotReady
from devices.contract.reports import CommandResult, ConfigurationChecked, DeviceStateChanged, Report
from devices.firmware import deploy, talk
from devices.firmware.render import BadFirmwareConfig
from devices.gateway.config import BadConfig, Broker, Device, Firmware, with_broker
from devices.gateway.spool import Spool
from devices.transports.tap import Tap, attach

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
WATCH_EVERY_S = 0.5
TRIES_AT_START = 4
CHECK_S = 30.0


def backoff_s(tries: int) -> float:
    """Delay before attempt `tries` + 1, with ±20 % jitter so that a floor of devices does not knock at once."""
    return min(FIRST_BACKOFF_S * 2.0 ** min(tries, 6), LONGEST_BACKOFF_S) * random.uniform(0.8, 1.2)


@dataclass(slots=True)
class Status:
    """What health tells of a device."""

    state: str = "offline"
    detail: str = "starting"
    last_seen: datetime | None = None


class Supervisor:
    """Owns the driver of one device and is its DriverContext."""

    def __init__(self, settings: Device, broker: Broker, clock: Clock, spool: Spool) -> None:
        self.device, self.family, self.clock = settings.id, settings.family, clock
        self.status = Status()
        self.settings, self._broker, self._spool = settings, broker, spool
        self.tap = Tap()
        """What passed on the wire lately."""
        self._checking: asyncio.Task[None] | None = None
        self._checked: ConfigurationChecked | None = None
        self._driver: Driver | None = None
        self._tries = 0
        self._alive_s = 0.0
        self._announced = ""

    @property
    def commands(self) -> frozenset[str]:
        return self._driver.commands if self._driver is not None else frozenset()

    async def run(self) -> None:
        """Keep the device connected until cancelled, or until its configuration is refused."""
        attach(self.tap)
        try:
            await self._keep()
        finally:
            if self._checking is not None:
                self._checking.cancel()

    async def _keep(self) -> None:
        while True:
            asked_s = 0.0
            try:
                await self._attempt()
                raise NotReady("driver ended")
            except ConfigRefused as error:
                self._change("refused", str(error))
                return
            except NotReady as error:
                asked_s = float(getattr(error, "retry_after_s", 0.0))
                self._change("offline", str(error))
            except Exception as error:
                log.exception("%s: driver failed", self.device)
                self._change("offline", f"driver failed: {error!r}")
            delay_s = max(backoff_s(self._tries), asked_s)
            self._tries += 1
            log.debug("%s: %s; next attempt in %.1f s", self.device, self.status.detail, delay_s)
            await asyncio.sleep(delay_s)

    def can_resume(self, kind: str) -> bool:
        """Whether a command cut off by our own death may be given to the driver again."""
        return kind in drivers.load(self.family).resumable

    @property
    def can_execute(self) -> bool:
        return self._driver is not None and self.status.state in ("online", "fault")

    async def execute(self, command: Command) -> CommandResult:
        """Let the driver carry out a command; every way it can end is a CommandResult."""
        if self._driver is None or not self.can_execute:
            return CommandResult(command.id, "failed", "gateway.device_offline", self.status.detail)
        if command.kind not in self.commands:
            return CommandResult(command.id, "failed", "gateway.unsupported_command", command.kind)
        try:
            return await self._driver.execute(command)
        except Exception as error:
            log.exception("%s: command %s failed", self.device, command.id)
            return CommandResult(command.id, "unknown", "gateway.driver_error", repr(error))

    # DriverContext

    async def report(self, report: Report) -> None:
        if isinstance(report, DeviceStateChanged):
            self.status.state, self.status.detail = report.state, report.detail
            self._announced = report.state
            log.info("%s: %s %s", self.device, report.state, report.detail)
        await self._spool.append(self.device, report, self.clock.now())

    def online(self, detail: str = "") -> None:
        self._tries = 0
        self.alive()
        self._change("online", detail)

    def alive(self) -> None:
        self._alive_s, self.status.last_seen = asyncio.get_running_loop().time(), self.clock.now()

    async def _attempt(self) -> None:
        """One life of the driver. Errors: NotReady, ConfigRefused, whatever a faulty driver raises."""
        if self._driver is None:
            self._driver = drivers.load(self.family)(with_broker(self.settings, self._broker))
        self._alive_s = asyncio.get_running_loop().time()
        work = asyncio.create_task(self._driver.run(self), name=f"driver {self.device}")
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
        for task in (work, watch):
            if not task.cancelled():
                task.result()

    async def _watch(self) -> None:
        """Judge by the age of the last good frame, not by the state of a socket. Errors: NotReady."""
        limit_s, loop = self.settings.silence_limit_s, asyncio.get_running_loop()
        while not limit_s or self.status.state != "online" or loop.time() - self._alive_s <= limit_s:
            await asyncio.sleep(WATCH_EVERY_S)
        raise NotReady(f"stale: no good frame for {limit_s} s")

    def _change(self, state: str, detail: str) -> None:
        """Log and report a transition once; a retry that fails again changes only the detail."""
        self.status.state, self.status.detail = state, detail
        if state == self._announced:
            return
        if state == "online" and self.settings.firmware is not None and self._checking is None:
            self._checking = asyncio.create_task(self._check_configuration(self.settings.firmware))
        if state == "offline" and not self._announced and self._tries < TRIES_AT_START:
            return  # a floor powers up together; a device that was never there is lost only after some seconds
        self._announced = state
        log.log(logging.INFO if state == "online" else logging.WARNING, "%s: %s %s", self.device, state, detail)
        stored = self._spool.append(self.device, DeviceStateChanged(state, detail), self.clock.now())
        stored.add_done_callback(self._lost)

    async def _check_configuration(self, meant: Firmware) -> None:
        """Compare its settings with its configuration and tell the WES when the outcome is another than before."""
        try:
            async with asyncio.timeout(CHECK_S):
                told = await deploy.checked(meant.folder, meant.params, with_broker(self.settings, self._broker))
            if told is not None and told != self._checked:
                self._checked = told
                await self.report(told)
        except (NotReady, talk.Refused, BadFirmwareConfig, BadConfig, TimeoutError) as error:
            log.warning("%s: its settings were not checked: %s", self.device, error)
        finally:
            self._checking = None

    def _lost(self, stored: "asyncio.Future[int]") -> None:
        if not stored.cancelled() and (error := stored.exception()) is not None:
            log.warning("%s: state not reported: %s", self.device, error)

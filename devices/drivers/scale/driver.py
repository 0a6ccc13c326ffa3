"""Scale of any protocol: greet, watch its stream of weights, capture one weight per load.

States: connecting -> handshake -> streaming; any loss or silence raises NotReady. While the scale shows something that
makes every weight doubtful (not zeroed, a tare, zero drift, another unit) the device is in fault and no weight is taken.
Source: DEVICES.md 1.2; the protocols' own sources stand in codec.py, toledo.py and profiles/.
"""

import asyncio
import logging
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from devices.contract.commands import CALIBRATE_CHECK, WEIGH, ZERO, Command
from devices.contract.driver import ConfigRefused, DriverContext, NotReady, quarantine
from devices.contract.reports import CommandResult, DeviceStateChanged, WeightMeasured
from devices.drivers.scale import protocols
from devices.drivers.scale.capture import Pan
from devices.drivers.scale.reading import GRAMS, Heard, Noise, Reading, Tare, Told, Zeroed
from devices.transports import line
from devices.transports.link import Link

log = logging.getLogger(__name__)

OUT_OF_RANGE_S = 0.5
"""A load that is dropped overshoots; only a lasting overload is one."""
NOISE_LIMIT = 20
"""Bad frames in a row after which the line settings or the protocol must be wrong."""
RECENT = 64
ASK_AGAIN_S = 0.4
"""A question or its answer may be eaten by line noise."""
UNIT_SWITCHED, ZERO_DRIFT = "scale.unit_switched", "scale.zero_drift"
_REFUSALS = ("ES", "ET", "EL")


class ScaleConfig(line.LineConfig):
    """Either host and port (raw TCP or `rfc2217`), or a serial path."""

    protocol: str = "mt_sics"
    """mt_sics, toledo, or a profile: and, cas, nci, ohaus, sartorius."""
    profile: dict[str, Any] | None = None
    """A profile of one's own, see profile.py."""
    checksum: bool = True
    """Toledo continuous: the terminal appends one; set as on the terminal."""
    interval_g: int = Field(1, ge=1)
    empty_g: int | None = None
    min_load_g: int | None = None
    drift_s: float = Field(2.0, gt=0)
    unit: str | None = Field(None, pattern=f"^({'|'.join(GRAMS)})$")
    """The only unit the scale may show; None converts any."""
    serial_number: str | None = None
    """Expected answer of I4: catches swapped cables."""
    capture: str = Field("command", pattern="^(command|auto)$")
    """auto also reports each load unasked, once, when it becomes stable."""
    weigh_timeout_s: float = 10.0
    reply_timeout_s: float = 2.0
    silence_s: float = 2.0
    """A streaming scale sends 7 to 20 frames a second; silence means frozen or half-open."""


def _settings(config: dict[str, Any]) -> tuple[ScaleConfig, protocols.Speech]:
    """Errors: ConfigRefused."""
    try:
        settings = ScaleConfig.model_validate(config)
    except ValidationError as error:
        raise ConfigRefused(f"scale: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
    return settings, protocols.speech(settings.protocol, settings.profile, settings.checksum)


class ScaleDriver:
    family: ClassVar[str] = "scale"
    commands: ClassVar[frozenset[str]] = frozenset({WEIGH, ZERO, CALIBRATE_CHECK})
    resumable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def check(cls, config: dict[str, Any]) -> None:
        """Refuse settings that cannot work, the serial line's among them, before anything is opened."""
        settings, speech = _settings(config)
        settings.resolved(speech.needs)

    def __init__(self, config: dict[str, Any]) -> None:
        self.config, self._speech = c, _ = _settings(config)
        self._pan = Pan(
            empty_g=2 * c.interval_g if c.empty_g is None else c.empty_g,
            min_load_g=5 * c.interval_g if c.min_load_g is None else c.min_load_g,
            drift_s=c.drift_s,
        )
        self._link: Link | None = None
        self._ctx: DriverContext | None = None
        self._reader = self._speech.reader()
        self._changed = asyncio.Condition()
        self._answers: list[Heard] = []
        self._busy = asyncio.Lock()
        self._number = ""
        self._problem = self._announced = ""
        self._recent, self._why = b"", ""
        self._readings = 0
        self._tare_asked_s: float | None = None
        self._tare_known = False

    async def run(self, ctx: DriverContext) -> None:
        self._ctx, self._reader = ctx, self._speech.reader()
        self._problem = self._announced = ""
        self._recent, self._why = b"", ""
        self._tare_known, self._tare_asked_s = False, None
        link = await line.connect(self.config, self._speech.needs)
        try:
            detail = await self._handshake(ctx, link)
            if self._speech.start is not None:
                await link.write(self._speech.start)
            self._link = link
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._stream(ctx, link, detail))
                tasks.create_task(self._poll(link))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._link = None
            async with self._changed:
                self._changed.notify_all()
            await link.close()

    async def execute(self, command: Command) -> CommandResult:
        ctx, link = self._ctx, self._link
        if ctx is None or link is None:
            return CommandResult(command.id, "failed", "scale.offline")
        async with self._busy:
            if ctx.clock.now() >= command.expires_at:
                return CommandResult(command.id, "expired", "scale.expired")
            try:
                match command.kind:
                    case "zero":
                        return await self._zero(link, command)
                    case "weigh":
                        return await self._weigh(ctx, link, command)
                    case "calibrate_check":
                        return await self._calibrate_check(ctx, link, command)
            except NotReady as error:
                return CommandResult(command.id, "failed", "scale.offline", str(error))
        return CommandResult(command.id, "refused", "scale.unsupported_command", command.kind)

    # the line

    async def _handshake(self, ctx: DriverContext, link: Link) -> str:
        """Return what stands there. Errors: NotReady, Quarantined or ConfigRefused for another scale than expected."""
        told: dict[str, str] = {}
        for question in self._speech.greeting:
            told[question.name] = await self._answer(link, question)
        if not self._speech.greeting:
            await self._first_reading(link)
            return self._speech.title
        await self._check_identity(ctx, link, told.get("I4", ""))
        return f"{told.get('I2', '')} #{self._number} {told.get('I3', '')}".strip()

    async def _check_identity(self, ctx: DriverContext, link: Link, number: str) -> None:
        expected = self.config.serial_number
        if expected is not None and number != expected:
            raise ConfigRefused(f"scale {number} answers at {link.name}, expected {expected}")
        if self._number and number != self._number:
            await quarantine(ctx, "wrong_identity", {"was": self._number, "is": number, "at": link.name})
        self._number = number

    async def _answer(self, link: Link, question: protocols.Question) -> str:
        """Ask, and ask again where line noise ate it; skip late stream lines until the answer comes."""
        limit_s = self.config.reply_timeout_s
        asking = asyncio.create_task(_ask_again(link, question.ask))
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    for heard in await self._hear(link):
                        if isinstance(heard, Told) and heard.name == question.name:
                            return heard.text
                        elif isinstance(heard, Told) and heard.name in _REFUSALS and not question.needed:
                            return ""
        except TimeoutError:
            raise NotReady(f"{link.name}: no answer within {limit_s} s{self._hint()}") from None
        finally:
            await _end(asking)

    async def _first_reading(self, link: Link) -> None:
        """A scale that cannot be asked proves its protocol by its first weight."""
        limit_s, title = self.config.reply_timeout_s, self._speech.title
        asking = asyncio.create_task(self._poll(link))
        try:
            async with asyncio.timeout(limit_s):
                while not any(isinstance(heard, Reading) for heard in await self._hear(link)):
                    pass
        except TimeoutError:
            raise NotReady(f"{link.name}: no weight within {limit_s} s, not {title}{self._hint()}") from None
        finally:
            await _end(asking)

    async def _poll(self, link: Link) -> None:
        while self._speech.poll is not None:
            await link.write(self._speech.poll)
            await asyncio.sleep(self._speech.poll_s)

    async def _stream(self, ctx: DriverContext, link: Link, detail: str) -> None:
        """Online once it is known whether the pan is empty: a load put on before that is of unknown age and never counts."""
        noise, quiet_since_s, online = 0, self._now_s(), False
        while True:
            for heard in await self._hear(link, self.config.silence_s):
                noise = noise + 1 if isinstance(heard, Noise) else 0
                if noise >= NOISE_LIMIT:
                    raise NotReady(f"{link.name}: not {self._speech.title}{self._hint()}")
                if not noise:
                    ctx.alive()
                if await self._take_in(link, heard):
                    quiet_since_s = self._now_s()
                    if not online and not self._tare_asked_s:
                        online = True
                        ctx.online(detail)
            if self._now_s() - quiet_since_s > self.config.silence_s:
                raise NotReady(f"{link.name}: sends no weights{self._hint()}")
            await self._announce(ctx)
            await self._report_unasked(ctx)
            async with self._changed:
                self._changed.notify_all()

    async def _hear(self, link: Link, silence_s: float | None = None) -> list[Heard]:
        data = await link.read(silence_s)
        self._recent = (self._recent + data)[-RECENT:]
        heard = self._reader.feed(data)
        for each in heard:
            if isinstance(each, Noise) and each.why:
                self._why = each.why
            elif isinstance(each, Reading):
                self._why = ""
        return heard

    def _hint(self) -> str:
        """What the last bytes say about why nothing could be read."""
        if self._why:
            return f": {self._why}"
        if sum(byte > 0x7F for byte in self._recent) * 5 > len(self._recent):  # no protocol here sends any
            return ": text with bit 7 set, check baud, data bits and parity (scale.line_settings)"
        return f": last bytes {self._recent!r}" if self._recent else ""

    async def _take_in(self, link: Link, heard: Heard) -> bool:
        """Feed the pan or whoever waits for an answer; True when it was part of the weight stream."""
        match heard:
            case Reading():
                self._readings += 1
                await self._weight(link, heard)
                return True
            case Tare(tare_g=tare_g):
                self._tare_asked_s, self._tare_known = None, not tare_g
                if tare_g and self._speech.clear_tare is not None:
                    log.warning("%s: a tare of %d g was set at the scale, cleared", link.name, tare_g)
                    await link.write(self._speech.clear_tare)
            case Told(name="S", text="I") if self._speech.start is not None:
                await asyncio.sleep(0.2)  # busy, for instance still zeroing: ask again
                await link.write(self._speech.start)
            case Told(name=name) if name in _REFUSALS and self._tare_asked_s is not None:
                self._tare_asked_s, self._tare_known = None, True  # a scale that knows no TA has no tare to forget
            case Zeroed() | Told():
                self._answers.append(heard)
        return False

    async def _weight(self, link: Link, reading: Reading) -> None:
        now_s = self._now_s()
        self._problem = reading.problem
        if self.config.unit and reading.unit and reading.unit != self.config.unit:
            self._problem = UNIT_SWITCHED
        if reading.over is not None:
            self._pan.out_of_range(reading.over, now_s)
        elif reading.gross_g is None or self._problem or not await self._is_gross(link, reading.gross_g):
            self._pan.moving(now_s)
        else:
            self._pan.sample(reading.gross_g, reading.stable, self.config.interval_g, now_s)
        if self._pan.drifted and not self._problem:
            self._problem = ZERO_DRIFT

    async def _is_gross(self, link: Link, weight_g: int) -> bool:
        """A pan that suddenly shows nothing may be empty or tared: where the scale can tell, it is asked first."""
        if self._speech.ask_tare is None:
            return True
        if abs(weight_g) > self._pan.empty_g:
            self._tare_known = False
            return True
        if self._tare_known or self._pan.state == "empty":
            return True
        now_s = self._now_s()
        if self._tare_asked_s is None or now_s - self._tare_asked_s > ASK_AGAIN_S:
            self._tare_asked_s = now_s
            await link.write(self._speech.ask_tare)
        return False

    async def _announce(self, ctx: DriverContext) -> None:
        """A doubtful scale is a fault on the floor, told once when it comes and once when it goes."""
        if self._problem == self._announced:
            return
        self._announced = self._problem
        await ctx.report(DeviceStateChanged("fault" if self._problem else "online", self._problem))

    # weighing

    async def _report_unasked(self, ctx: DriverContext) -> None:
        if self.config.capture != "auto" or self._pan.seen_unasked or self._problem:
            return
        weight_g = self._pan.weight_g(self._now_s())
        if weight_g is not None:
            self._pan.seen_unasked = True
            await ctx.report(WeightMeasured(weight_g, self.config.interval_g))

    async def _weigh(self, ctx: DriverContext, link: Link, command: Command) -> CommandResult:
        weight_g = await self._capture(ctx, link, command)
        if isinstance(weight_g, CommandResult):
            return weight_g
        await ctx.report(WeightMeasured(weight_g, self.config.interval_g, command.id))
        return CommandResult(command.id, "done", data={"weight_g": weight_g})

    async def _calibrate_check(self, ctx: DriverContext, link: Link, command: Command) -> CommandResult:
        """Weigh a known weight; it is no parcel, so no weight is reported."""
        reference_g, tolerance_g = command.data.get("reference_g"), command.data.get("tolerance_g")
        if not (type(reference_g) is int and type(tolerance_g) is int and reference_g > 0 and tolerance_g >= 0):
            return CommandResult(
                command.id, "refused", "scale.bad_command", "reference_g > 0 and tolerance_g >= 0 needed"
            )
        weight_g = await self._capture(ctx, link, command)
        if isinstance(weight_g, CommandResult):
            return weight_g
        off_g = weight_g - reference_g
        data = {
            "measured_g": weight_g,
            "reference_g": reference_g,
            "deviation_g": off_g,
            "tolerance_g": tolerance_g,
            "interval_g": self.config.interval_g,
        }
        if abs(off_g) <= tolerance_g:
            return CommandResult(command.id, "done", data=data)
        return CommandResult(command.id, "failed", "scale.out_of_tolerance", f"{off_g:+d} g", data)

    async def _capture(self, ctx: DriverContext, link: Link, command: Command) -> int | CommandResult:
        """The weight of the load on the pan by the capture rule, or why there is none."""
        asked_s = self._now_s()
        limit_s = asked_s + min(self.config.weigh_timeout_s, _left_s(ctx.clock.now(), command.expires_at))
        while (now_s := self._now_s()) < limit_s:
            if self._link is not link:
                return CommandResult(command.id, "failed", "scale.offline", "link lost while weighing")
            if self._announced:
                return CommandResult(command.id, "failed", self._announced, self._pan.why_not())
            out_s, over = self._pan.out_for_s(since_s=asked_s)  # the last load's overload is not this one's
            if out_s >= OUT_OF_RANGE_S:
                return CommandResult(command.id, "failed", "scale.overload" if over else "scale.underload")
            weight_g = self._pan.weight_g(now_s, not_before_s=asked_s)
            if weight_g is not None:
                self._pan.take()
                return weight_g
            await self._wait_change(limit_s)
        return CommandResult(command.id, "failed", "scale.timeout", self._pan.why_not())

    async def _zero(self, link: Link, command: Command) -> CommandResult:
        if self._speech.zero is None:
            return CommandResult(command.id, "failed", "scale.refused", f"{self._speech.title} knows no zero command")
        self._answers.clear()
        before = self._readings
        await link.write(self._speech.zero)
        limit_s = self._now_s() + self.config.weigh_timeout_s
        while self._now_s() < limit_s and self._link is link:
            for answer in self._answers:
                if isinstance(answer, Zeroed):
                    return CommandResult(command.id, "failed" if answer.code else "done", answer.code, answer.detail)
                if isinstance(answer, Told) and answer.name in _REFUSALS:
                    return CommandResult(command.id, "failed", "scale.refused", answer.text)
            if not self._speech.zero_is_answered and self._readings > before + 1 and self._pan.at_zero:
                return CommandResult(command.id, "done")
            await self._wait_change(limit_s)
        if self._speech.zero_is_answered:
            return CommandResult(command.id, "unknown", "scale.timeout", "no answer to the zero command")
        return CommandResult(command.id, "failed", "scale.timeout", "the scale does not show zero")

    async def _wait_change(self, limit_s: float) -> None:
        """Sleep until the stream moved, at most to `limit_s`."""
        try:
            async with asyncio.timeout_at(min(limit_s, self._now_s() + 0.25)), self._changed:
                await self._changed.wait()
        except TimeoutError:
            pass

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


async def _ask_again(link: Link, question: bytes) -> None:
    while True:
        await link.write(question)
        await asyncio.sleep(ASK_AGAIN_S)


def _left_s(now: datetime, expires_at: datetime) -> float:
    return (expires_at - now).total_seconds()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # whoever reads the link meets the same loss

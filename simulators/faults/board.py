"""Every simulated device of a process with its faults: what is on, what was on, and the one place that sets them."""

import asyncio
import contextlib
import inspect
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.faults.catalogue import Fault, Json
from simulators.faults.proxy import FaultProxy

HISTORY = 500


class FaultRefused(Exception):
    """A fault that cannot be set, with a stable code: faults.no_device, faults.no_fault, faults.bad_value."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        super().__init__(f"{code}: " + ", ".join(f"{key} {value}" for key, value in params.items()))


@dataclass(slots=True)
class Stand:
    """One device on the board."""

    device: str
    family: str
    sim: Any
    faults: dict[str, Fault]
    line: FaultProxy | None = None
    """Its cable: the target of the faults in `of_line`."""
    of_line: frozenset[str] = frozenset()
    on: dict[str, float] = field(default_factory=dict)
    """As last set, faults at rest left out."""
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    """Loop time at which a fault ends by itself."""

    @property
    def kind(self) -> str:
        """Devices of one kind have the same faults."""
        return type(self.sim).__name__

    def target(self, fault: Fault) -> Any:
        return self.line if fault.name in self.of_line else self.sim

    def value(self, fault: Fault) -> float:
        """What is set now; the simulator itself may have ended it."""
        if fault.kind == "once":
            return 0.0
        if fault.read is None:
            return self.on.get(fault.name, fault.rest)
        return fault.read(self.target(fault))


class Board:
    """Devices by id. Its methods run in the loop of the simulators."""

    def __init__(self) -> None:
        self.stands: dict[str, Stand] = {}
        self.history: deque[Json] = deque(maxlen=HISTORY)
        """Newest last: at, device, fault, value, for_s, by."""

    def add(
        self,
        device: str,
        family: str,
        sim: Any,
        faults: Iterable[Fault],
        line: FaultProxy | None = None,
        line_faults: Iterable[Fault] = (),
    ) -> None:
        """Put a device on the board; faults of its line only where it has one."""
        own = {fault.name: fault for fault in faults}
        cable = {fault.name: fault for fault in line_faults} if line is not None else {}
        self.stands[device] = Stand(device, family, sim, own | cable, line, frozenset(cable))

    def find(self, device: str, name: str) -> tuple[Stand, Fault]:
        """Errors: FaultRefused."""
        stand = self.stands.get(device)
        if stand is None:
            raise FaultRefused("faults.no_device", device=device, known=sorted(self.stands))
        fault = stand.faults.get(name)
        if fault is None:
            raise FaultRefused("faults.no_fault", device=device, fault=name, known=sorted(stand.faults))
        return stand, fault

    async def set(
        self, device: str, name: str, value: float = 1.0, for_s: float | None = None, by: str = "console"
    ) -> None:
        """Set a fault, for `for_s` seconds or until cleared. Errors: FaultRefused; nothing was changed then."""
        stand, fault = self.find(device, name)
        check(fault, value, for_s)
        self._forget_timer(stand, name)
        await _done(fault.act(stand.target(fault), value))
        if fault.kind != "once":
            stand.on[name] = value
            if for_s is not None and value != fault.rest:
                loop = asyncio.get_running_loop()
                stand.ends[name] = loop.time() + for_s
                stand.timers[name] = loop.call_later(for_s, self._end, stand, fault, by)
        self._note(device, name, value, for_s, by)

    async def clear(self, device: str, name: str, by: str = "console") -> None:
        """Back to rest; a one-shot has nothing to clear. Errors: FaultRefused."""
        stand, fault = self.find(device, name)
        self._forget_timer(stand, name)
        if fault.kind == "once":
            return
        await _done(fault.act(stand.target(fault), fault.rest))
        stand.on.pop(name, None)
        self._note(device, name, fault.rest, None, by)

    async def clear_all(self, by: str = "console") -> None:
        """Everything that is on, off."""
        for stand in self.stands.values():
            for fault in stand.faults.values():
                if stand.value(fault) != fault.rest and fault.kind != "once":
                    await self.clear(stand.device, fault.name, by)

    def to_json(self) -> list[Json]:
        """Every device with what is on: fault to value and how long it still lasts, s; None: until it is cleared."""
        now_s = asyncio.get_running_loop().time()
        return [
            {
                "device": stand.device, "family": stand.family, "kind": stand.kind, "on": {
                    fault.name: {"value": value, "left_s": _left(stand.ends.get(fault.name), now_s)}
                    for fault in stand.faults.values() if (value := stand.value(fault)) != fault.rest
                },
            } for stand in self.stands.values()
        ]  # fmt: skip

    def catalogue(self) -> dict[str, list[Json]]:
        """Faults by kind of device."""
        return {stand.kind: [fault.to_json() for fault in stand.faults.values()] for stand in self.stands.values()}

    def close(self) -> None:
        """End every timer; faults stay as they are."""
        for stand in self.stands.values():
            for name in list(stand.timers):
                self._forget_timer(stand, name)

    @staticmethod
    def _forget_timer(stand: Stand, name: str) -> None:
        stand.ends.pop(name, None)
        if (timer := stand.timers.pop(name, None)) is not None:
            timer.cancel()

    def _end(self, stand: Stand, fault: Fault, by: str) -> None:
        self._forget_timer(stand, fault.name)
        ended = fault.act(stand.target(fault), fault.rest)
        if inspect.isawaitable(ended):
            raise TypeError(f"{fault.name}: only a one-shot may be asynchronous")
        stand.on.pop(fault.name, None)
        self._note(stand.device, fault.name, fault.rest, None, by)

    def _note(self, device: str, name: str, value: float, for_s: float | None, by: str) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.history.append({"at": at, "device": device, "fault": name, "value": value, "for_s": for_s, "by": by})


def check(fault: Fault, value: float, for_s: float | None) -> None:
    """Errors: FaultRefused for a value out of the fault's range, or a time that is none."""
    wrong = ""
    if not math.isfinite(value):
        wrong = "a number"
    elif fault.kind == "level" and not fault.low <= value <= fault.high:
        wrong = f"{fault.low:g} to {fault.high:g} {fault.unit}".rstrip()
    elif fault.kind == "switch" and value not in (0, 1):
        wrong = "true or false"
    elif for_s is not None and not (math.isfinite(for_s) and 0 < for_s <= 86_400):
        wrong = "for_s from 0 to 86400 s"
    if wrong:
        raise FaultRefused("faults.bad_value", fault=fault.name, value=value, must_be=wrong)


async def _done(acted: object) -> None:
    if inspect.isawaitable(acted):
        with contextlib.suppress(ConnectionError):
            await acted


def _left(ends_s: float | None, now_s: float) -> float | None:
    return None if ends_s is None else round(max(0.0, ends_s - now_s), 1)

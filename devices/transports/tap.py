"""A device's traffic as it passes, kept for `wms devices trace`.

The gateway attaches one tap per device; a link takes the tap of the task that opened it, so that what a command writes
later is noted too.
"""

import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass

KEPT_BYTES = 256 * 1024
ENTRY_BYTES = 200
"""What one entry takes beside its data: a device that speaks in single bytes must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Passed:
    number: int
    at: float
    """Unix time, s."""
    to_device: bool
    data: bytes


class Tap:
    """What passed last in both directions, `KEPT_BYTES` of memory in all."""

    def __init__(self) -> None:
        self._passed: deque[Passed] = deque()
        self._bytes = 0
        self._number = 0

    def note(self, to_device: bool, data: bytes) -> None:
        self._number += 1
        self._passed.append(Passed(self._number, time.time(), to_device, bytes(data)))
        self._bytes += len(data) + ENTRY_BYTES
        while self._bytes > KEPT_BYTES and len(self._passed) > 1:
            self._bytes -= len(self._passed.popleft().data) + ENTRY_BYTES

    def since(self, number: int = 0) -> list[Passed]:
        """What passed after this number."""
        return [p for p in self._passed if p.number > number]


_current: ContextVar[Tap] = ContextVar("tap")


def attach(tap: Tap) -> None:
    """Note what links opened by this task, and by those it starts, carry."""
    _current.set(tap)


def current() -> Tap:
    """The tap of this task; one that nobody reads where none is attached."""
    return _current.get(None) or Tap()

"""An event loop with a virtual clock: time stands still while anything can be done, then jumps to the next timer.

Sockets between parties in the same loop stay causal, since what was sent over loopback is readable before the clock may
move. Threads and other processes are not in the loop: their work must `hold` the clock (executor calls do so themselves).
The clock starts at 0 with a fine resolution: at epoch-sized times a float cannot hold small steps and a timer that is
due "now" is never due (aiotools issue 69).

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
"""

import asyncio
import contextlib
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""Wall time for which a held clock waits before it says that nobody will release it."""
_PACED_STEP_S = 0.05


class ClockHeld(RuntimeError):
    """The clock was held for longer than the loop is patient, and nothing happened."""


class _Selector(selectors.BaseSelector):
    """Looks at the real sockets without waiting; when none is ready, lets the loop's time pass instead."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop, self._real = loop, selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.held or self._loop.speed == 0:
            return self._wait()
        if self._loop.speed is None:
            self._loop.advance(timeout)
            return ready
        return self._pace(timeout, self._loop.speed)

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Only the outside can go on. Errors: ClockHeld."""
        patient = self._loop.patience_s if self._loop.held else None
        ready = self._real.select(patient)
        if not ready and patient is not None:
            raise ClockHeld(f"held {self._loop.held} times for {patient:g} s of wall time, and nothing was heard")
        return ready

    def _pace(self, timeout: float, speed: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as long as it really takes, in steps, so that a change of speed shows soon."""
        began = time.perf_counter()
        ready = self._real.select(min(timeout / speed, _PACED_STEP_S))
        self._loop.advance(min((time.perf_counter() - began) * speed, timeout))
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """speed: None jumps from timer to timer; a number is that many virtual seconds per real one, 0 a pause; may be
    changed while it runs. start: what `now` says at time 0.
    """

    def __init__(
        self, start: datetime | None = None, speed: float | None = None, patience_s: float = PATIENCE_S
    ) -> None:
        self.speed, self.patience_s = speed, patience_s
        self.held = 0
        self._virtual_s = 0.0
        self._start = start or datetime.now(UTC)
        super().__init__(_Selector(self))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_s

    def now(self) -> datetime:
        """Virtual wall time, aware UTC; with it the loop is a clock for drivers and for the application."""
        return self._start + timedelta(seconds=self._virtual_s)

    def advance(self, seconds: float) -> None:
        self._virtual_s += seconds

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """The clock stands while something outside the loop is outstanding: a database, a process, a thread."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def hold_until(self, outside: "asyncio.Future[T]") -> "asyncio.Future[T]":
        """Hold until a future is done; the future."""
        self.held += 1
        outside.add_done_callback(self._release)
        return outside

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """A thread's work holds the clock."""
        return self.hold_until(super().run_in_executor(executor, func, *args))

    def _release(self, _: "asyncio.Future[Any]") -> None:
        self.held -= 1


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]], **settings: Any) -> T:
    """asyncio.run on a virtual clock. settings: those of VirtualLoop."""
    loop = VirtualLoop(**settings)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))

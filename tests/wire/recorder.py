"""The gateway's side of a driver in wire tests: keeps reports in memory and runs a driver until told to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from devices.contract.driver import Driver, NotReady
from devices.contract.reports import Report, from_data, to_data

R = TypeVar("R", bound=Report)


class _Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Recorder:
    """A DriverContext whose spool is a list; every report also survives its own wire form."""

    def __init__(self, device: str = "dev-1") -> None:
        self.device = device
        self.clock = _Now()
        self.reports: list[Report] = []
        self.onlines: list[str] = []
        self.frames = 0
        self.errors: list[Exception] = []

    async def report(self, report: Report) -> None:
        assert from_data(report.kind, to_data(report)) == report
        self.reports.append(report)

    def online(self, detail: str = "") -> None:
        self.onlines.append(detail)

    def alive(self) -> None:
        self.frames += 1

    def of(self, kind: type[R]) -> list[R]:
        return [report for report in self.reports if isinstance(report, kind)]


async def until(
    condition: Callable[[], object], timeout_s: float = 45.0, about: Callable[[], object] = lambda: ""
) -> None:
    """Wait for a condition. Errors: TimeoutError, saying what `about` tells then.

    The limit is for what never comes: a broker that syncs its files on a busy disk may take 15 s to admit a client.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"not within {timeout_s:g} s: {about()}") from None


@asynccontextmanager
async def running(driver: Driver, ctx: Recorder, retry_s: float | None = 0.1) -> AsyncIterator[None]:
    """Run a driver as the supervisor would: NotReady is noted and tried again after `retry_s` (None: once)."""

    async def supervise() -> None:
        while True:
            try:
                await driver.run(ctx)
            except NotReady as error:
                ctx.errors.append(error)
                if retry_s is None:
                    return
                await asyncio.sleep(retry_s)
            except Exception as error:
                ctx.errors.append(error)
                raise

    task = asyncio.create_task(supervise())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

"""The virtual-clock loop: an hour in no time, in the right order, with real sockets, threads and a pace."""

import asyncio
import random
import threading
import time
from datetime import UTC, datetime

import pytest

from simulators.whatif.clock import ClockHeld, VirtualLoop, run


def test_an_hour_passes_at_once_and_exactly() -> None:
    async def main(loop: VirtualLoop) -> tuple[float, datetime]:
        for _ in range(3600):
            await asyncio.sleep(1)
        return loop.time(), loop.now()

    began = time.perf_counter()
    at_s, at = run(main, start=datetime(2026, 11, 23, 6, tzinfo=UTC))
    assert at_s == pytest.approx(3600, abs=1e-6)
    assert abs((at - datetime(2026, 11, 23, 7, tzinfo=UTC)).total_seconds()) < 1e-3
    assert time.perf_counter() - began < 60


def trace(seed: int) -> list[tuple[float, int]]:
    """Who woke when, of many with sleeps of their own."""

    async def main(loop: VirtualLoop) -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []

        async def one(number: int) -> None:
            rng = random.Random(f"{seed}/{number}")
            for _ in range(50):
                await asyncio.sleep(rng.random() * 30)
                seen.append((loop.time(), number))

        await asyncio.gather(*(one(n) for n in range(40)))
        return seen

    return run(main)


def test_timers_fire_in_their_order_and_alike_each_time() -> None:
    first = trace(1)
    assert [at for at, _ in first] == sorted(at for at, _ in first)
    assert first == trace(1) != trace(2)


def test_a_timeout_fires_at_its_time_and_not_before() -> None:
    async def main(loop: VirtualLoop) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(7.5):
                await asyncio.Event().wait()
        return loop.time()

    assert run(main) == pytest.approx(7.5)


def test_a_socket_is_answered_before_the_clock_may_move() -> None:
    """Were bytes on their way not waited for, a millisecond's timeout would fire at once."""

    async def main(loop: VirtualLoop) -> float:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(4096):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number in range(500):
            writer.write(b"%08d" % number)
            async with asyncio.timeout(0.001):
                assert await reader.readexactly(8) == b"%08d" % number
        writer.close()
        server.close()
        return loop.time()

    assert run(main) < 0.001


def test_a_thread_holds_the_clock() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        order: list[str] = []
        loop.call_later(1.0, order.append, "timer")
        await loop.run_in_executor(None, time.sleep, 0.1)
        order.append(f"thread at {loop.time():.3f}")
        await asyncio.sleep(2)
        return order

    assert run(main) == ["thread at 0.000", "timer"]


def test_a_hold_around_what_the_loop_cannot_see() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        order: list[str] = []
        loop.call_later(0.5, order.append, "timer")
        done = asyncio.Event()
        threading.Timer(0.1, loop.call_soon_threadsafe, (done.set,)).start()
        with loop.hold():
            await done.wait()
            order.append(f"outside at {loop.time():.3f}")
        await asyncio.sleep(1)
        assert loop.held == 0
        return order

    assert run(main) == ["outside at 0.000", "timer"]


def test_a_clock_that_nobody_releases_is_told() -> None:
    async def main(loop: VirtualLoop) -> None:
        with loop.hold():
            await asyncio.sleep(1)

    loop = VirtualLoop(patience_s=0.1)
    task = loop.create_task(main(loop))
    with pytest.raises(ClockHeld, match="held 1 times"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_paced_time_takes_its_time_and_no_timer_is_early() -> None:
    async def main(loop: VirtualLoop) -> float:
        await asyncio.sleep(10)
        return loop.time()

    began = time.perf_counter()
    assert run(main, speed=50.0) == pytest.approx(10, abs=1e-6)
    assert time.perf_counter() - began >= 0.19


def test_a_pause_lasts_until_the_outside_changes_the_speed() -> None:
    async def main(loop: VirtualLoop) -> tuple[float, float]:
        await asyncio.sleep(5)
        at_s, loop.speed = loop.time(), 0.0

        def go_on() -> None:
            loop.speed = None

        threading.Timer(0.1, loop.call_soon_threadsafe, (go_on,)).start()
        began = time.perf_counter()
        await asyncio.sleep(100)
        assert time.perf_counter() - began >= 0.09
        return at_s, loop.time()

    assert run(main) == pytest.approx((5.0, 105.0))

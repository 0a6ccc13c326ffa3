"""The worker: reactions, schedules, the broker link, carriers and the host's webhooks in one process."""

import asyncio
import multiprocessing
import signal
from collections.abc import Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import structlog

from wms.algorithms.warm import warm
from wms.db.outbox import Plan, Reaction, Relay, Solvers, Tick, run_ticks
from wms.db.uow import Database, UnitOfWork
from wms.entrypoints import carriers, heap, host, mqtt
from wms.events.incidents import IncidentDetected
from wms.kernel.messages import Event
from wms.settings import Settings

log = structlog.get_logger(__name__)


async def parked(uow: UnitOfWork, reaction: str, event: Event, error: str) -> None:
    """A reaction that keeps failing is never swallowed."""
    uow.emit(IncidentDetected(
        kind="system.reaction_parked", key=f"parked:{reaction}:{event.stream_key()}",
        subject=f"{reaction} cannot answer {event.name}", detail={"reaction": reaction, "event": event.name, "error": error[:500]},
        owner="admin", due_h=1.0,
    ))  # fmt: skip


async def run(
    settings: Settings, db: Database, events: Mapping[str, type[Event]], reactions: Mapping[str, Reaction | Plan],
    ticks: Sequence[Tick],
) -> None:  # fmt: skip
    """Serve until SIGTERM or SIGINT."""
    heap.settle()
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _tell_tasks)
    solvers = Solvers(lambda: ProcessPoolExecutor(1, initializer=_solver))
    relay = Relay(db, events, reactions, parked=parked, solvers=solvers)
    jobs: list[Coroutine[Any, Any, None]] = [relay.run(), run_ticks(db, ticks)]
    due: dict[str, asyncio.Event] = {}
    """Channel to what its sender waits for."""
    if settings.broker_url:
        lookup = await mqtt.gateway_lookup(db, settings.gateway_id)
        link = mqtt.Link(db, settings.broker_url, lookup, relay.wake.set)
        relay.pressed = link.pressed
        due["device"] = link.due
        jobs.append(link.run())
    runner = carriers.Runner(db, carriers.accounts(settings.carriers_config), relay.wake.set)
    due["carrier"] = runner.due

    def tell(channels: Collection[str]) -> None:
        for channel in due.keys() & set(channels):
            due[channel].set()

    db.queued = tell
    jobs.append(runner.run())
    jobs.append(host.run(db, settings.host_url, settings.host_secret))
    running = [asyncio.create_task(job) for job in jobs]
    await asyncio.wait({asyncio.create_task(stop.wait()), *running[:-1]}, return_when=asyncio.FIRST_COMPLETED)
    left = set(running)
    while left:  # Python 3.11's wait_for hides a cancellation that comes in the turn in which it ends: say it again
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1)
    results = await asyncio.gather(*running, return_exceptions=True)
    solvers.close()
    for solver in multiprocessing.active_children():  # a plan is made anew; the worker's end waits for none
        solver.kill()
    await db.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


def _solver() -> None:
    """A solver process: it is stopped by its owner, and has its kernels loaded before the first plan."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm()


def _tell_tasks() -> None:
    """On SIGUSR1: say on stderr what every task waits for."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=4)

"""The real worker with shipping's part of the flow, which dies by SIGKILL at one named step of the label saga.

`python -m tests.integration.label_worker`, settings as for `wms worker`; the step to die at is read from stdin (empty: none). It
strikes at its first occurrence; what runs before and after it is the product's own code.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.shipping_site import only_shipping
from wms import flow
from wms.db.uow import Database
from wms.entrypoints import carriers, worker
from wms.entrypoints.carrier_http import HttpCarrier
from wms.processes.shipping import reactions
from wms.settings import Settings

STEPS = {
    "wanted, not committed": (reactions, "on_label_wanted", "after"),
    "buying, not leased": (carriers.Runner, "_claim", "before"),
    "leased, not asked": (HttpCarrier, "buy", "before"),
    "sold, not heard": (HttpCarrier, "buy", "after"),
    "asked after, not heard": (HttpCarrier, "get", "after"),
    "heard, not taken in": (reactions, "on_carrier_answered", "before"),
    "taken in, not committed": (reactions, "on_carrier_answered", "after"),
    "dropped, not committed": (reactions, "on_label_dropped", "after"),
    "return wanted, not committed": (reactions, "on_return_label_wanted", "after"),
    "return dropped, not committed": (reactions, "on_return_label_dropped", "after"),
    "voiding, not asked": (HttpCarrier, "void", "before"),
    "void, not heard": (HttpCarrier, "void", "after"),
}
"""Name: whose function, and whether death comes before or after it."""


def dying(real: Callable[..., Awaitable[Any]], when: str, only_with_work: bool) -> Callable[..., Awaitable[Any]]:
    async def run(*args: Any, **named: Any) -> Any:
        if when == "before" and (not only_with_work or await due(args[0])):
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await real(*args, **named)
        if when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return run


async def due(runner: Any) -> bool:
    from sqlalchemy import text

    async with runner.db.begin() as uow:
        return bool(
            await uow.session.scalar(text("SELECT count(*) FROM outgoing WHERE channel = 'carrier' AND state = 'due'"))
        )


def live(step: str) -> None:
    """One life of the worker."""
    if step:
        owner, name, when = STEPS[step]
        setattr(owner, name, dying(getattr(owner, name), when, name == "_claim"))
    carriers.LEASE_SPARE_S = 0.3  # a lease that is not answered is taken up soon: the test does not wait for minutes
    worker.ProcessPoolExecutor, worker._solver = ThreadPoolExecutor, int  # type: ignore[misc,assignment]  # nothing is planned here
    known = flow.reactions() | {f"shipping.{n}": getattr(reactions, n) for n in dir(reactions) if n.startswith("on_")}
    settings = Settings()
    db = Database(str(settings.database_url), router=only_shipping, pool=6)
    asyncio.run(worker.run(settings, db, flow.event_types(), known, ()))


def main() -> None:
    """Each line of stdin begins a life, told by its process id; its end is told as `gone`. A life begins with all imports done."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(line.strip())
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()

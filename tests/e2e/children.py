"""The API and the worker of a browser module, forked from a process that has everything loaded already.

A start from nothing costs each of them some ten seconds of CPU; `wms up` itself is started by the tests of the stack.
"""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn

from wms.main import run_worker
from wms.settings import Settings

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.e2e.preload"])


def start(what: Callable[[], None], env: dict[str, str], log: Path) -> BaseProcess:
    """Run `api` or `worker` with these settings, beside ours, until ended or until we die."""
    child = _forks.Process(target=_run, args=(what, env, log), name=what.__name__)
    child.start()
    return child


def stop(running: Sequence[BaseProcess]) -> None:
    """End them in good order. Errors: AssertionError when one does not go."""
    for child in running:
        child.terminate()
    for child in running:
        child.join(30)
        if child.exitcode is None:
            child.kill()
            raise AssertionError(f"{child.name} does not stop")


def api() -> None:
    uvicorn.run("wms.main:create_app", factory=True, port=Settings().http_port, log_level="warning")


def worker() -> None:
    asyncio.run(run_worker(Settings()))


def _run(what: Callable[[], None], env: dict[str, str], log: Path) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    os.environ.update(env)
    with log.open("wb") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    what()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)

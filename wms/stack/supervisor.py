"""An asyncio process supervisor: start in order of need, probe, log, restart with backoff, stop in reverse.

States of a child: waiting (for what it needs) -> starting -> running -> backoff -> starting ...; done (a one-shot that
ended well), failed (a one-shot that did not, or a child that could not start in time), stopped.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wms.stack.process import (
    POSIX,
    Account,
    FolderLock,
    StackFault,
    command_of,
    die_with_parent,
    end,
    kill_group,
    write_private,
)

BACKOFF_FIRST_S, BACKOFF_LAST_S, STABLE_AFTER_S = 0.25, 15.0, 30.0
LOG_BYTES, LOG_FILES = 8_000_000, 3


@dataclass(frozen=True)
class Child:
    """One process: how to start it, what it needs first, when it counts as ready."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    after: tuple[str, ...] = ()
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked every 50 ms or so until True; None: ready as soon as it runs."""
    ready_timeout_s: float = 120.0
    before: Callable[[], None] | None = None
    """Run in a thread before every start (folders, stale files)."""
    one_shot: bool = False
    """Must end with 0 before those that need it start; not restarted."""
    tells: bool = False
    """What it prints while it starts is how far it is, and shown."""
    account: Account | None = None
    cwd: Path | None = None
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0


@dataclass
class ChildState:
    """What `wms status` shows of a child."""

    name: str
    state: str = "waiting"
    pid: int | None = None
    restarts: int = 0
    since: str = ""
    detail: str = ""
    argv: list[str] = field(default_factory=list)


class _Log:
    """A child's output, rotated by size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.open("ab")
        self.tail = b""

    def write(self, chunk: bytes) -> None:
        if self._out.tell() + len(chunk) > LOG_BYTES:
            self._rotate()
        self._out.write(chunk)
        self._out.flush()
        self.tail = (self.tail + chunk)[-2000:]

    def last_line(self) -> str:
        lines = self.tail.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def _rotate(self) -> None:
        self._out.close()
        for n in range(LOG_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{n}")
            newer = self.path if n == 1 else self.path.with_name(f"{self.path.name}.{n - 1}")
            if newer.exists():
                os.replace(newer, older)
        self._out = self.path.open("ab")

    def close(self) -> None:
        self._out.close()


async def _exited(process: asyncio.subprocess.Process) -> int:
    """The exit code. `process.wait()` would also wait for the pipe, which an orphaned grandchild may hold for ever."""
    while process.returncode is None:
        await asyncio.sleep(0.05)
    return process.returncode


class Supervisor:
    """Runs a fixed set of children for one folder.

    `folder` gets `stack.lock`, `stack.json` (see `read_status`) and `logs/<child>.log`. `on_change` is called on the
    event loop after each change of a child's state.
    """

    def __init__(
        self, children: Sequence[Child], folder: Path, on_change: Callable[[ChildState], None] | None = None
    ) -> None:
        self.children = {child.name: child for child in in_order(children)}
        self.states = {name: ChildState(name) for name in self.children}
        self.folder = folder
        self._on_change = on_change
        self._lock = FolderLock(folder / "stack.lock", "this stack")
        self._up = {name: asyncio.Event() for name in self.children}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._settled = asyncio.Event()
        self._started_at = ""
        self._stopping = False

    async def start(self) -> None:
        """Start all and return when each is ready.

        Errors: StackFault when a one-shot fails, a child is not ready in time, or the folder is already in use.
        """
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        self._started_at = _now()
        try:
            await asyncio.to_thread(_end_previous, self.folder / "stack.json")
            self._tasks = {name: asyncio.create_task(self._keep(child)) for name, child in self.children.items()}
            while not all(event.is_set() for event in self._up.values()):
                self._raise_failure()
                self._settled.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._settled.wait(), 1.0)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all, those that need others first; never raises for a child that must be killed."""
        self._stopping = True
        for name in reversed(self.children):
            await self._end(self.children[name])
        self._lock.release()

    async def wait_stopped_by_signal(self) -> int:
        """Return at the first SIGINT, SIGTERM or SIGHUP, with its number."""
        loop, got = asyncio.get_running_loop(), asyncio.Queue[int]()
        for sig in {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
            try:
                loop.add_signal_handler(sig, got.put_nowait, int(sig))
            except NotImplementedError:  # Windows
                signal.signal(sig, lambda number, _frame: loop.call_soon_threadsafe(got.put_nowait, number))
        return await got.get()

    def pid(self, name: str) -> int | None:
        return self.states[name].pid

    def _raise_failure(self) -> None:
        for state in self.states.values():
            if state.state == "failed":
                log = self.folder / "logs" / f"{state.name}.log"
                raise StackFault(f"{state.name} did not start: {state.detail or 'no output'} (see {log})")

    async def _keep(self, child: Child) -> None:
        log, backoff_s = _Log(self.folder / "logs" / f"{child.name}.log"), BACKOFF_FIRST_S
        try:
            for need in child.after:
                await self._up[need].wait()
            while True:
                began = time.monotonic()
                try:
                    code = await self._once(child, log)
                except Exception as error:  # the environment's fault: told, then tried again
                    log.write(f"[supervisor] {type(error).__name__}: {error}\n".encode())
                    code = -1
                if self._stopping:
                    return
                if child.one_shot:
                    if code == 0:
                        self._up[child.name].set()
                    self._set(child, "done" if code == 0 else "failed", None, "" if code == 0 else log.last_line())
                    return
                lasted_s = time.monotonic() - began
                if self._hopeless(child, lasted_s):
                    self._set(child, "failed", None, f"ended with {code} after {lasted_s:.0f} s: {log.last_line()}")
                    return
                backoff_s = BACKOFF_FIRST_S if lasted_s > STABLE_AFTER_S else backoff_s
                self._set(child, "backoff", None, f"ended with {code}: {log.last_line()}")
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, BACKOFF_LAST_S)
                self.states[child.name].restarts += 1
        finally:
            log.close()

    def _hopeless(self, child: Child, lasted_s: float) -> bool:
        """Tell a setup error from a crash: never once ready, and too slow or failing for the fifth time."""
        never_up = not self._up[child.name].is_set()
        return never_up and (lasted_s > child.ready_timeout_s or self.states[child.name].restarts >= 4)

    async def _once(self, child: Child, log: _Log) -> int:
        """Run the child until it ends; answer its exit code."""
        self._set(child, "starting", None)
        if child.before:
            await asyncio.to_thread(child.before)
        process = await asyncio.create_subprocess_exec(
            *child.argv,
            env={**os.environ, **child.env},
            cwd=child.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **_isolation(child),
        )
        self._running[child.name] = process
        self._set(child, "starting", process.pid)
        pump = asyncio.create_task(self._pump(child, process, log))
        probe = asyncio.create_task(self._probe(child, process))
        try:
            code = await _exited(process)
            with contextlib.suppress(TimeoutError):  # a grandchild may still hold the pipe
                await asyncio.wait_for(asyncio.shield(pump), 1.0)
            return code
        finally:
            probe.cancel()
            kill_group(process.pid)
            self._running.pop(child.name, None)
            pump.cancel()

    async def _pump(self, child: Child, process: asyncio.subprocess.Process, log: _Log) -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(65536):
            log.write(chunk)
            if child.tells and self.states[child.name].state == "starting":
                self._set(child, "starting", process.pid, log.last_line())

    async def _probe(self, child: Child, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + child.ready_timeout_s
        while child.ready is not None and not await _asked(child.ready):
            if time.monotonic() > deadline:
                process.kill()
                return
            await asyncio.sleep(0.05)
        if not child.one_shot:
            self._set(child, "running", process.pid)
            self._up[child.name].set()
            self._settled.set()

    async def _end(self, child: Child) -> None:
        process, task = self._running.get(child.name), self._tasks.pop(child.name, None)
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(child.stop_signal)
            try:
                await asyncio.wait_for(_exited(process), child.stop_timeout_s)
            except TimeoutError:
                process.kill()
                await _exited(process)
        if task is not None:
            await asyncio.wait({task}, timeout=2.0 if process is not None else 0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self.states[child.name].state not in {"done", "failed"}:
            self._set(child, "stopped", None)

    def _set(self, child: Child, state: str, pid: int | None, detail: str = "") -> None:
        now = self.states[child.name]
        now.state, now.pid, now.detail, now.since, now.argv = state, pid, detail, _now(), list(child.argv)
        shown = [vars(each) for each in self.states.values()]
        about = {"pid": os.getpid(), "started_at": self._started_at, "children": shown}
        write_private(self.folder / "stack.json", json.dumps(about, indent=1))
        self._settled.set()
        if self._on_change:
            self._on_change(now)


def in_order(children: Sequence[Child]) -> list[Child]:
    """Sort so that each stands after what it needs. Errors: ValueError for an unknown need or a circle."""
    left, done = list(children), dict[str, Child]()
    while left:
        free = [child for child in left if all(need in done for need in child.after)]
        if not free:
            raise ValueError(f"children need each other or something unknown: {[child.name for child in left]}")
        done |= {child.name: child for child in free}
        left = [child for child in left if child.name not in done]
    return list(done.values())


def read_status(folder: Path) -> dict[str, Any] | None:
    """Answer `stack.json` of the running stack (`pid`, `started_at`, `children`); None when none runs here."""
    if not FolderLock(folder / "stack.lock", "this stack").held_elsewhere():
        return None
    try:
        found: dict[str, Any] = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _isolation(child: Child) -> dict[str, Any]:
    """Own process group (Ctrl-C of a terminal must reach us alone), the account, and death with us."""
    if not POSIX:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    how: dict[str, Any] = {"process_group": 0, "preexec_fn": die_with_parent(child.stop_signal)}
    if child.account:
        how |= {"user": child.account.uid, "group": child.account.gid, "extra_groups": []}
    return how


async def _asked(ready: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await asyncio.wait_for(ready(), 5.0)
    except Exception:  # a probe that fails in any way says: not yet
        return False


def _end_previous(state_file: Path) -> None:
    """End children of a supervisor that was killed where the kernel did not do it for us."""
    try:
        children = json.loads(state_file.read_text(encoding="utf-8"))["children"]
    except (OSError, ValueError, KeyError):
        return
    argv_of = {each["pid"]: each["argv"] for each in children if each.get("pid")}
    if POSIX:
        patience = ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0))
        end(argv_of, lambda pid: command_of(pid) == argv_of[pid], patience)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

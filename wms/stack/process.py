"""Starting processes that cannot outlive us, and telling whose pid a number is."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

LINUX = sys.platform == "linux"
POSIX = os.name == "posix"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


class StackFault(Exception):
    """The environment does not let a part of the stack run; the text says what to do."""


@dataclass(frozen=True)
class Account:
    """An existing system account to run a child as."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Answer the account for children that refuse root; None when we are not root."""
    if not POSIX or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackFault("PostgreSQL refuses to run as root and there is no account postgres or nobody to run it as")


def die_with_parent(sig: int) -> Callable[[], None] | None:
    """Make a preexec function: the kernel sends `sig` to the child when we die, kill -9 included (Linux only)."""
    if _libc is None:
        return None
    parent = os.getpid()

    def arm() -> None:
        # After setuid, which clears the setting; subprocess calls preexec_fn last.
        _libc.prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return arm


def command_of(pid: int) -> list[str] | None:
    """Answer the command line of a living process; None if there is none (a zombie has none either)."""
    if LINUX:
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return [part.decode(errors="replace") for part in raw.rstrip(b"\0").split(b"\0")] if raw else None
    if not POSIX:
        return None
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return shown.stdout.split() or None


def working_in(folder: Path, program: str) -> list[int]:
    """Answer the pids of `program` whose working directory is `folder` (Linux; elsewhere empty).

    A postmaster and its backends all work in their data folder, so a reused pid can never be taken for one.
    """
    if not LINUX:
        return []
    wanted, found = str(folder.resolve()), []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            where, exe = os.readlink(entry / "cwd"), os.readlink(entry / "exe")
        except OSError:
            continue
        if where == wanted and Path(exe.removesuffix(" (deleted)")).name == program:
            found.append(int(entry.name))
    return found


def end(pids: Iterable[int], alive: Callable[[int], bool], steps: Iterable[tuple[int, float]]) -> None:
    """Send each signal of `steps` to those still alive and wait its seconds; return as soon as none is."""
    left = [pid for pid in pids if alive(pid)]
    for sig, patience_s in steps:
        for pid in left:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience_s
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = [pid for pid in left if alive(pid)]
        if not left:
            return
    raise StackFault(f"processes {left} of an earlier run do not end")


def kill_group(pgid: int) -> None:
    """Kill what a dead child left behind in its process group."""
    if POSIX:
        try:
            os.killpg(pgid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


class FolderLock:
    """One holder per folder, let go by the kernel when the holder dies."""

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        self._fd: int | None = None

    def acquire(self) -> None:
        """Errors: StackFault when another process holds it."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(fd)
        except OSError:
            os.close(fd)
            raise StackFault(f"{self.what} is already running ({self.path} is held by another process)") from None
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def held_elsewhere(self) -> bool:
        """Tell whether some other process holds it now."""
        if not self.path.exists():
            return False
        try:
            self.acquire()
        except StackFault:
            return True
        self.release()
        return False


def _lock(fd: int) -> None:
    if POSIX:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, path)

"""Where compiled kernels are kept, and whether all are: `python -m wms.algorithms.kept` compiles what is not there, telling how far it is.

A start of the stack runs it before the worker: planning then never waits for a compiler. Standard library alone, because it is asked
at every start: the compiler is loaded only where there is something to compile.
"""

import hashlib
import os
import platform
import shutil
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DAY_S = 86_400
ROOT = Path(__file__).parent


@cache
def folder(package: Path) -> str:
    """Where a package's compiled kernels lie; empty where we may not write: numba then finds a place of its own."""
    kept = package / "__pycache__"
    if not os.access(kept if kept.exists() else package, os.W_OK):
        return ""
    files = sorted(package.glob("*.py"))
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    edited = max(path.stat().st_mtime for path in files)
    for old in kept.glob("kernels-*"):
        if old.name != f"kernels-{sources}" and old.stat().st_mtime < edited - DAY_S:  # nobody uses it any more
            shutil.rmtree(old, ignore_errors=True)
    return str(kept / f"kernels-{sources}")


def note() -> None:
    """Remember that all kernels of these sources are compiled, where there is a place for it."""
    if (at := _noted_in()) is not None:
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(_state(), encoding="ascii")


def all_kept() -> bool:
    """Whether nothing has to be compiled; False where that cannot be known."""
    at = _noted_in()
    return at is not None and at.is_file() and at.read_text(encoding="ascii") == _state()


def _noted_in() -> Path | None:
    """Beside the kernels, so that it goes when they go."""
    place = os.environ.get("NUMBA_CACHE_DIR") or folder(ROOT)
    return Path(place) / "compiled" if place else None


def _state() -> str:
    """What compiled code goes by: sources and their dates, compiler, interpreter, processor."""
    told = [version("numba"), sys.version, platform.machine(), _abilities()]
    for path in sorted(ROOT.rglob("*.py")):
        told += [str(path.relative_to(ROOT)), str(path.stat().st_mtime_ns), path.read_text("utf-8")]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _abilities() -> str:
    """The processor's instructions, where the system tells them: a disk may move to another machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def main() -> None:
    try:
        if os.environ.get("WMS_COMPILED", "1") == "0" or all_kept():
            return
    except PackageNotFoundError:  # no numba on this machine: kernels run as they are
        return
    try:
        from wms.algorithms.warm import warm

        warm(lambda done, of: print(f"compiling, once: {done} of {of} done", flush=True))
    except Exception as error:  # a full disk, say: the house opens all the same, and a plan compiles what it needs
        print(f"not compiled: {error!r}", flush=True)


if __name__ == "__main__":
    main()

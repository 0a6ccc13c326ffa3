"""Compiled inner loops: numba where it is there, the same Python where it is not.

A kernel is plain Python over numbers and numpy arrays; `WMS_COMPILED=0` runs it uncompiled, with the same answers.

Compiled code is kept for the next start, in a folder named by the sources of the kernel's package: numba itself notices a change of
the kernel's own file only, not of what it calls in another.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

DAY_S = 86_400

COMPILED = os.environ.get("WMS_COMPILED", "1") != "0"
if COMPILED:
    try:
        import numba
    except ImportError:  # no wheel for this machine
        COMPILED = False

if TYPE_CHECKING:

    def njit(kernel: F) -> F:
        """`kernel` compiled at its first call; the result is kept beside the source for the next start."""

elif COMPILED:

    def njit(kernel):
        if "NUMBA_CACHE_DIR" not in os.environ:
            numba.config.CACHE_DIR = _folder(Path(kernel.__code__.co_filename).parent)
        return numba.njit(cache=True, error_model="numpy", boundscheck=False)(kernel)

    @cache
    def _folder(package):
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

else:

    def njit(kernel):
        return kernel

"""Compiled inner loops: numba where it is there, the same Python where it is not.

A kernel is plain Python over numbers and numpy arrays; `WMS_COMPILED=0` runs it uncompiled, with the same answers.

Compiled code is kept for the next start, in a folder named by the sources of the kernel's package: numba itself notices a change of
the kernel's own file only, not of what it calls in another.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wms.algorithms import kept

F = TypeVar("F", bound=Callable[..., Any])

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
            numba.config.CACHE_DIR = kept.folder(Path(kernel.__code__.co_filename).parent)
        return numba.njit(cache=True, error_model="numpy", boundscheck=False)(kernel)

else:

    def njit(kernel):
        return kernel

"""Compiled inner loops: numba where it is there, the same Python where it is not.

A kernel is plain Python over numbers and numpy arrays; `WMS_COMPILED=0` runs it uncompiled, with the same answers.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

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
        return numba.njit(cache=True, error_model="numpy", boundscheck=False)(kernel)

else:

    def njit(kernel):
        return kernel

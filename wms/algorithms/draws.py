"""Random numbers inside kernels: a seed gives the same row of them compiled and uncompiled."""

import numpy as np
from numpy.typing import NDArray

from wms.algorithms.compiled import njit


def seeded(seed: int) -> NDArray[np.uint64]:
    """(1,) the state that `draw` moves on."""
    return np.array([np.random.default_rng(seed).integers(1, 2**63)], dtype=np.uint64)


@njit
def draw(random):  # type: ignore[no-untyped-def]
    """53 random bits. Source: xorshift64, Marsaglia, "Xorshift RNGs", J. Statistical Software 8(14), 2003."""
    x = random[0]
    x ^= (x << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    x ^= x >> np.uint64(7)
    x ^= (x << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    random[0] = x
    return x >> np.uint64(11)


@njit
def below(random, n):  # type: ignore[no-untyped-def]
    """A number of 0..n-1."""
    return np.int64(draw(random) % np.uint64(n))


@njit
def chance(random):  # type: ignore[no-untyped-def]
    """A number of 0..1."""
    return (draw(random) & np.uint64(0xFFFFFFFFFFFF)) / 281474976710656.0

"""The garbage collector of a process that serves: it must not stop everything to look through what never dies."""

import gc

YOUNG_MAX, ROUNDS = 20_000, 20
"""Objects that come before the youngest are looked through, and rounds of it before the older ones are."""


def settle() -> None:
    """Leave what is loaded by now alone for good: modules, models and routes are 300,000 objects, and one pass over
    them holds up every report and every scan for 200 ms and more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, ROUNDS, ROUNDS)

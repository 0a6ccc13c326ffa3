"""The collector of a serving process."""

import gc

from wms.entrypoints import heap


def test_what_is_loaded_at_the_start_is_never_looked_through_again() -> None:
    before = gc.get_threshold()
    try:
        heap.settle()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count()
        assert gc.get_threshold()[0] == heap.YOUNG_MAX
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

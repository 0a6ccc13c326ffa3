"""The pack line in short: a minute of virtual time on a real database, tunnel, applicator and sorter on the wire."""

import logging
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import line


def test_each_parcel_ends_where_its_record_says_with_one_label_that_counts(
    new_db: Callable[..., str], tmp_path: Path
) -> None:
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    told = line.hour(900, 0.2, 3, new_db(migrated=True), tmp_path)
    assert told["not_where_they_belong"] == [] and told["failed"] == []
    assert told["serial_twice"] == told["parked"] == 0 and told["audit_clean"]
    assert told["labelled"] + sum(n for state, n in told["states"].items() if state != "labelled") == told["parcels_in"]
    assert told["labelled"] >= 0.8 * told["parcels_in"]
    assert told["labels_came_out"] == told["labels_on_boxes"] + told["labels_wasted"]

"""Holding a value against its limit."""

from datetime import UTC, datetime, timedelta

import pytest

from wms.processes.controls import rules
from wms.processes.controls.rules import Reading

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "op", "limit", "state"),
    [
        (99.9, ">=", 99.9, "ok"), (99.8, ">=", 99.9, "out"), (0.3, "<=", 0.3, "ok"), (0.31, "<=", 0.3, "out"),
        (3.0, "<", 3.0, "out"), (2.9, "<", 3.0, "ok"), (None, ">=", 5.0, "no_data"), (1.0, ">=", None, "no_data"),
        (1.0, "", 1.0, "no_data"),
    ],
)  # fmt: skip
def test_judged_by_its_limit(value: float | None, op: str, limit: float | None, state: str) -> None:
    assert rules.judge(Reading(value, ""), op, limit) == state


def test_a_window_that_is_not_over_is_not_judged() -> None:
    assert rules.judge(Reading(1.0, "1 %", why_not="the day runs"), ">=", 5.0) == "no_data"


def test_limits_as_people_read_them() -> None:
    assert rules.spell_limit(">=", 99.9, "%", "") == "≥ 99.9 %"
    assert rules.spell_limit(">=", 2000, "/h", "") == "≥ 2,000 /h"
    assert rules.spell_limit(">=", 100, "%", "") == "100 %"
    assert rules.spell_limit("<=", None, "d", "") == "site target"
    assert rules.spell_limit("", None, "%", "< max(0.5 %, one interval)") == "< max(0.5 %, one interval)"


def test_told_on_going_out_and_hourly_while_out() -> None:
    assert rules.must_tell("out", "ok", None, NOW)
    assert not rules.must_tell("out", "out", NOW - timedelta(minutes=5), NOW)
    assert rules.must_tell("out", "out", NOW - timedelta(hours=1), NOW)
    assert not rules.must_tell("ok", "out", NOW - timedelta(hours=2), NOW)

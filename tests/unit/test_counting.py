"""What is counted, what a count says: pure rules."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wms.processes.counting import rules
from wms.processes.counting.rules import Position

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)  # a Wednesday
DAY = rules.site_day(NOW, ZoneInfo("Europe/Berlin"))


def shelf(n: int, key: int = 0, counted: dict[int, datetime] | None = None) -> list[Position]:
    return [Position(i, 100 + i, i < key, (counted or {}).get(i)) for i in range(n)]


def test_the_sites_day_is_local() -> None:
    assert (datetime(2026, 11, 17, 23, tzinfo=UTC), datetime(2026, 11, 18, 23, tzinfo=UTC)) == DAY


@pytest.mark.parametrize(("day", "first"), [(18, 12), (22, 16), (16, 10)])
def test_five_working_days_skip_the_weekend(day: int, first: int) -> None:
    start = rules.rate_start(datetime(2026, 11, day, 10, tzinfo=UTC), ZoneInfo("UTC"))
    assert start == datetime(2026, 11, first, tzinfo=UTC)


def test_the_share_is_rounded_up_and_holds_every_key_position() -> None:
    chosen = rules.choose(shelf(101, key=2), set(), DAY, 5, 1)
    assert len(chosen) == 6 and {p.place_id for p in chosen} >= {0, 1}
    assert len(rules.choose(shelf(20, key=9), set(), DAY, 5, 1)) == 9


def test_todays_counts_and_open_ones_are_not_opened_again() -> None:
    counted = {i: NOW for i in range(3)}
    chosen = rules.choose(shelf(100, counted=counted), {(3, 103), (999, 1)}, DAY, 5, 1)
    assert len(chosen) == 1 and chosen[0].place_id > 3


def test_the_least_recently_counted_come_first_and_ties_fall_by_day_and_seed() -> None:
    counted = {i: NOW - timedelta(days=2 + i % 7) for i in range(90)}
    chosen = {p.place_id for p in rules.choose(shelf(100, counted=counted), set(), DAY, 5, 1)}
    assert chosen <= set(range(90, 100))
    draws = {
        tuple(p.place_id for p in rules.draw(shelf(100), 5, DAY[0] + timedelta(days=d), seed))
        for d in (0, 1) for seed in (1, 2)
    }  # fmt: skip
    assert len(draws) == 4
    assert rules.draw(shelf(100), 5, DAY[0], 1) == rules.draw(shelf(100), 5, DAY[0], 1)


@pytest.mark.parametrize(
    ("delta", "tolerance", "round_", "before", "said"),
    [
        (0, 0, 1, None, "agreed"), (-2, 2, 1, None, "agreed"), (-3, 2, 1, None, "recount"), (0, 0, 2, -3, "agreed"),
        (-3, 0, 2, -3, "variance"), (-2, 0, 2, -3, "recount"), (4, 0, 3, -2, "variance"),
    ],
)  # fmt: skip
def test_a_difference_needs_two_that_find_it(
    delta: int, tolerance: int, round_: int, before: int | None, said: str
) -> None:
    earlier = None if before is None else rules.Difference(before)
    assert rules.judge(rules.Difference(delta), tolerance, round_, earlier) == said


def test_of_serials_there_is_no_tolerance_and_two_must_miss_the_same() -> None:
    swapped = rules.compare(["S2", "S9"], ["S1", "S2"])
    assert swapped == rules.Difference(0, ("S1",), ("S9",))
    assert rules.judge(rules.compare(["S1", "S2"], ["S2", "S1"]), 0, 1, None) == "agreed"
    assert rules.judge(swapped, 5, 1, None) == "recount"
    assert rules.judge(swapped, 5, 2, rules.compare(["S1", "S9"], ["S1", "S2"])) == "recount"
    assert rules.judge(swapped, 5, 2, swapped) == "variance"


def test_a_clock_gone_wrong_is_held_between_opening_and_now() -> None:
    opened = NOW - timedelta(hours=1)
    assert rules.scan_time("", opened, NOW) == NOW
    assert rules.scan_time("2031-01-01T00:00:00Z", opened, NOW) == NOW
    assert rules.scan_time("2001-01-01T00:00:00", opened, NOW) == opened
    assert rules.scan_time("2026-11-18T10:30:00+01:00", opened, NOW) == NOW - timedelta(minutes=30)
    with pytest.raises(rules.BadTime):
        rules.scan_time("soon", opened, NOW)


def test_the_rate_is_a_ratio_of_sums() -> None:
    rate = rules.variance_rate([(10, 10), (8, 10), (21, 20), (3, 0)])
    assert (rate.gross_each, rate.net_each, rate.book_each) == (6, 2, 40)
    assert rate.rate_pct == pytest.approx(15.0) and rate.accurate_pct == pytest.approx(25.0)


def test_a_book_of_zero_never_divides() -> None:
    assert rules.variance_rate([(3, 0)]).rate_pct is None
    assert rules.variance_rate([]).accurate_pct is None


def test_the_lower_bound_tells_chance_from_a_fault() -> None:
    one_bad = [(100, 100)] * 60 + [(50, 100)]
    lower = rules.variance_rate(one_bad).lower_pct
    assert lower is not None and lower < rules.RATE_LIMIT_PCT
    all_off = [(98, 100), (99, 100)] * 50
    lower = rules.variance_rate(all_off).lower_pct
    assert lower is not None and lower > rules.RATE_LIMIT_PCT


@pytest.mark.parametrize(
    ("book", "value", "below", "itself"),
    [(10, -299, 300, True), (10, -300, 300, False), (0, 100, 300, False), (10, 0, 300, False), (10, -1, 0, False)],
)
def test_only_small_differences_of_known_stock_post_themselves(book: int, value: int, below: int, itself: bool) -> None:
    assert rules.may_post_itself(book, value, below) is itself


def test_a_decision_is_taken_once() -> None:
    assert rules.step("open", "approve") == "approved"
    with pytest.raises(rules.AlreadyDecided):
        rules.step("approved", "reject")

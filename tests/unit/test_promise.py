"""Will it make its truck; which to do when hands are short; standards of work and people per hour."""

import itertools
import math
from random import Random

import pytest

from wms.algorithms.labour.staffing import Work, staff
from wms.algorithms.labour.standards import SAMPLES_MIN, Standard, Timing, fit
from wms.algorithms.streaming.promise import HANDOVER_S, Job, Pace, most_on_time, promise

PACE = Pace(per_h=60, pick_s=600, pack_s=300)


@pytest.mark.parametrize(
    ("left_s", "ahead", "verdict", "first"),
    [
        (20_000, 10, "makes", "ahead"),
        (2_200, 0, "makes", "pick"),
        (1_400, 0, "tight", "pick"),
        (3_600, 60, "misses", "ahead"),
    ],
)
def test_a_waiting_order(left_s: float, ahead: int, verdict: str, first: str) -> None:
    answer = promise("accepted", 0, left_s, ahead, PACE)
    assert (answer.verdict, answer.reasons[0].code) == (verdict, first)
    assert answer.needs_s == 60 * ahead + 600 + 300 + HANDOVER_S
    assert answer.slack_s == left_s - answer.needs_s


def test_what_is_done_takes_no_time_any_more() -> None:
    needs = [promise(state, 0, 9_999, 0, PACE).needs_s for state in ("accepted", "released", "picked", "labelled")]
    assert needs == [1_200, 1_200, 600, 300]


def test_a_stage_that_takes_long_is_not_nearly_done() -> None:
    assert promise("picking", 9_000, 9_999, 0, PACE).needs_s == 600 / 5 + 300 + HANDOVER_S


def test_no_stock_no_promise() -> None:
    answer = promise("backordered", 0, 99_999, 3, PACE)
    assert (answer.verdict, answer.reasons[0].code, answer.slack_s) == ("misses", "stock", -math.inf)


def test_a_truck_that_left_is_named() -> None:
    assert "late_already" in {r.code for r in promise("picked", 0, -60, 0, PACE).reasons}


def test_most_on_time_is_the_most_there_can_be() -> None:
    rng = Random(1)
    for _ in range(200):
        jobs = [Job(i, rng.randint(1, 9), rng.randint(1, 20)) for i in range(rng.randint(1, 7))]
        kept, late = most_on_time(jobs, 1)
        assert sorted(kept + late) == list(range(len(jobs)))
        assert _all_on_time([jobs[i] for i in kept])
        best = max(n for n in range(len(jobs) + 1) if any(_all_on_time(c) for c in itertools.combinations(jobs, n)))
        assert len(kept) == best


def _all_on_time(jobs: object) -> bool:
    clock = 0.0
    for job in sorted(jobs, key=lambda j: j.due_s):  # type: ignore[call-overload]
        clock += job.work_s
        if clock > job.due_s:
            return False
    return True


def test_a_standard_is_found_again_in_timings_with_breaks() -> None:
    rng = Random(2)
    true = Standard(walk_mm_s=900, stop_s=12, piece_s=3)
    timings = []
    for i in range(600):
        walk, pieces = rng.uniform(0, 40_000), rng.randint(1, 6)
        seconds = true.seconds(walk, 1, pieces, whole=False) * rng.uniform(0.95, 1.05) + (900 if i % 25 == 0 else 0)
        timings.append(Timing(walk, pieces, seconds))
    found = fit(timings, Standard())
    assert found.walk_mm_s == pytest.approx(900, rel=0.05)
    assert found.stop_s == pytest.approx(12, rel=0.15)
    assert found.piece_s == pytest.approx(3, rel=0.2)
    assert found.samples == 600


def test_few_timings_change_nothing() -> None:
    assert fit([Timing(1_000, 1, 10)] * (SAMPLES_MIN - 1), Standard()) == Standard()


def test_a_site_where_all_stops_are_next_to_each_other_keeps_its_walking_speed() -> None:
    found = fit([Timing(0, 1 + i % 3, 10.0 + i % 3) for i in range(100)], Standard())
    assert found.walk_mm_s == Standard().walk_mm_s


def test_every_due_time_is_met_with_as_few_people_as_it_takes() -> None:
    work = [Work(2, 4.0), Work(6, 8.0), Work(12, 1.0)]
    plan = staff(work, utilisation=1.0)
    for due in (2, 6, 12):
        assert sum(h.hours for h in plan if h.start_h < due) + 1e-6 >= sum(w.hours for w in work if w.due_h <= due)
    assert sum(h.hours for h in plan) == pytest.approx(13.0)
    assert max(h.people for h in plan) == 2, "12 hours due by hour 6 make two people, and no moment needs three"


def test_late_work_is_for_this_hour() -> None:
    assert staff([Work(-3, 2.0)], utilisation=1.0)[0].people == 2


def test_no_work_needs_nobody() -> None:
    assert [h.people for h in staff([])] == [0] * 12

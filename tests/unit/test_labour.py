"""Expected against actual, and the people that the open work needs."""

import pytest

from wms.algorithms.labour.standards import Standard
from wms.processes.labour import rules
from wms.processes.labour.rules import Demand, Done


def pick(seconds: float, by: str = "wei", expected_s: float | None = 20.0, first: bool = False) -> Done:
    return Done("pick", by, 2, seconds, 5_000, expected_s, first)


def test_expected_against_actual_is_about_work_and_not_about_people() -> None:
    done = [pick(25), pick(15, "anna"), pick(40, "anna")]
    (all_of_it,) = rules.perform(done, {}, people=False)
    assert (all_of_it.by, all_of_it.tasks, all_of_it.expected_s, all_of_it.actual_s) == ("", 3, 60, 80)
    assert all_of_it.ratio == 0.75
    assert [p.by for p in rules.perform(done, {}, people=True)] == ["", "anna", "wei"]


def test_breaks_and_the_fetching_of_the_cart_are_no_timings_of_a_pick() -> None:
    assert rules.usable([pick(20), pick(rules.BREAK_S + 1), pick(30, first=True), pick(0)]) == [pick(20)]
    assert rules.usable([Done("count", "wei", 3, 30, 0, None, True)]), "a count has nothing to fetch"


def test_work_without_a_plan_is_expected_by_the_standard_of_its_kind() -> None:
    (shown,) = rules.perform([Done("count", "wei", 0, 90, 0, None, False)], {}, people=False)
    assert shown.expected_s == rules.TASK_S["count"]


def test_standards_are_learned_per_kind_and_few_timings_teach_nothing() -> None:
    packs = [Done("pack", "wei", 1, 60 + i % 5, 0, None, False) for i in range(80)]
    learned = rules.learn([*packs, pick(20)], {})
    assert list(learned) == ["pack"]
    assert learned["pack"].seconds(0, 1, 1, whole=False) == pytest.approx(62, abs=1)
    assert rules.learn(packs, learned).get("pack", learned["pack"]).stop_s == pytest.approx(learned["pack"].stop_s)


def test_people_by_zone_and_hour_meet_every_due_time() -> None:
    standard = {"pick": Standard(walk_mm_s=1_000, stop_s=10, piece_s=0, fixed_s=0)}
    demand = [Demand("pick", "A", 1, 2.0) for _ in range(720)] + [
        Demand("pick", "B", 1, 8.0),
        Demand("count", "", 5, None),
    ]
    made = rules.crews(demand, standard, walk_each_mm=10_000, stops_per_tour=10)
    first = made[0]
    assert (first.kind, first.zone, first.tasks, first.hours) == ("pick", "A", 720, pytest.approx(4.0))
    assert sum(h.hours for h in first.plan if h.start_h < 2) == pytest.approx(4.0)
    assert [h.people for h in first.plan[:3]] == [3, 2, 0], "four hours of work, of which a person does 85 % of an hour"
    assert [c.plan[0].people for c in made] == [3, 1, 1]
    assert rules.together(made)[:3] == [4, 2, 0], "the little work elsewhere shares one pair of hands"
    assert {(c.kind, c.zone) for c in made} == {("pick", "A"), ("pick", "B"), ("count", "")}

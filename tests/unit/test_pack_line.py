"""Which lane a parcel takes, what a scan holds, what a tunnel's result is worth, and where a line is held up."""

from datetime import UTC, datetime, timedelta

import pytest

from wms.processes.packing.rules import line as rules
from wms.processes.packing.rules.line import CARRIER, RECIRCULATE, REJECT, Aim, Bottleneck, Codes, Parcel, Stage

SSCC, OTHER = "006141410000000012", "006141410000000029"
PLATE, BOTH = Codes(plates=frozenset({"P1"})), Codes(frozenset({SSCC}), frozenset({"P1"}))


def parcel(state: str = "printed", **other: object) -> Parcel:
    return Parcel(**{"state": state, "label": SSCC, "cancelled": False, "passes": 0, **other})  # type: ignore[arg-type]


def aim(codes: Codes, *found: Parcel, passes_max: int = 2, unread: int = 0, has_lane: bool = True) -> Aim:
    return rules.aim(codes, found, passes_max, unread, has_lane)


@pytest.mark.parametrize(("text", "labels", "plates"), [
    (f"P1 ]C100{SSCC}", {SSCC}, {"P1"}), (f"00{SSCC}", {SSCC}, set()), (SSCC, {SSCC}, set()), ("]C0p1", set(), {"P1"}), ("", set(), set()),
    (f"P1|{OTHER};{SSCC}", {SSCC, OTHER}, {"P1"}), ("12345678901234567", set(), {"12345678901234567"}), (" , ", set(), set()),
])  # fmt: skip
def test_a_scan_is_taken_apart(text: str, labels: set[str], plates: set[str]) -> None:
    assert rules.read(text) == Codes(frozenset(labels), frozenset(plates))


def test_only_a_label_that_was_read_on_the_parcel_opens_the_carriers_lane() -> None:
    assert aim(BOTH, parcel()) == Aim(CARRIER, "labelled")
    assert aim(BOTH, parcel("labelling")) == Aim(CARRIER, "labelled"), "the scanner saw it before the printer said so"
    assert aim(PLATE, parcel()) == Aim(RECIRCULATE, "label_not_seen")
    assert aim(BOTH, parcel(), has_lane=False) == Aim(REJECT, "no_lane")
    assert aim(Codes(frozenset({OTHER}), frozenset({"P1"})), parcel()) == Aim(REJECT, "wrong_label")
    assert aim(Codes(frozenset({SSCC, OTHER})), parcel()) == Aim(REJECT, "wrong_label")
    assert aim(BOTH, parcel("label_failed")) == Aim(RECIRCULATE, "label_failed")


@pytest.mark.parametrize(("state", "reason"), [
    ("weighing", "not_weighed"), ("labelling", "label_late"), ("label_failed", "label_failed"), ("printed", "label_not_seen"),
])  # fmt: skip
def test_what_is_not_ready_goes_round_so_often_and_then_out(state: str, reason: str) -> None:
    assert [aim(PLATE, parcel(state, passes=n)).takes for n in range(4)] == [RECIRCULATE, RECIRCULATE, REJECT, REJECT]
    assert {aim(PLATE, parcel(state, passes=n)).reason for n in range(4)} == {reason}
    assert aim(PLATE, parcel(state), passes_max=0).takes == REJECT


@pytest.mark.parametrize("state", ["weighing", "weight_off", "labelling", "label_failed", "printed", "void"])
def test_a_cancelled_order_never_reaches_a_carrier(state: str) -> None:
    assert aim(BOTH, parcel(state, cancelled=True)) == Aim(REJECT, "order_cancelled")


def test_what_nobody_can_name_goes_out() -> None:
    assert [aim(Codes(), unread=n).takes for n in range(5)] == [RECIRCULATE] * 3 + [REJECT] * 2
    assert aim(PLATE) == Aim(REJECT, "unknown_code")
    assert aim(BOTH, parcel(), parcel()) == Aim(REJECT, "two_parcels")
    assert aim(PLATE, parcel("open")) == Aim(REJECT, "not_packed")
    assert aim(PLATE, parcel("weight_off")) == Aim(REJECT, "weight_off")
    assert aim(PLATE, parcel("weighing", held="weight_unstable")).reason == "weight_unstable"


def test_a_result_is_used_only_when_all_of_it_may_be() -> None:
    assert rules.problem([]) == rules.problem(["not_legal_for_trade"]) == ""
    assert rules.problem(["not_legal_for_trade", "multiple_objects"]) == "multiple_objects"
    assert rules.problem([], locked=True) == "device_locked"
    assert all(rules.problem([flag]) == flag for flag in rules.UNUSABLE)


def test_every_reason_to_reject_says_what_mends_it() -> None:
    states = [
        "weighing",
        "weight_off",
        "labelling",
        "label_failed",
        "printed",
        "labelled",
        "void",
        "open",
        "aside",
        "on_hold",
    ]
    codes = [Codes(), PLATE, BOTH, Codes(frozenset({OTHER}))]
    aims = [
        rules.aim(c, f, 0, 9, lane)
        for c in codes
        for s in states
        for f in ([], [parcel(s)], [parcel(s)] * 2)
        for lane in (True, False)
    ]
    rejected = {a.reason for a in aims if a.takes == REJECT} | set(rules.UNUSABLE) | {"device_locked"}
    assert rejected <= set(rules.MENDS)


def test_pace_is_told_while_fed_not_on_average() -> None:
    start = datetime(2026, 11, 29, tzinfo=UTC)
    ends = [start + timedelta(seconds=s) for s in (0, 1, 2, 3, 60, 61, 62, 200, 201, 202, 203)]
    assert rules.pace_s(ends) == 1.0 and rules.pace_s(ends[:4]) == 0.0


def stage(name: str, done: int = 100, pace: float = 1.0, waiting: int = 0, oldest: float = 0.0) -> Stage:
    return Stage(name, done, pace, waiting, oldest, 900.0)


@pytest.mark.parametrize(("stages", "alarms", "found"), [
    ([stage("weigh"), stage("label")], [], Bottleneck("", "none")),
    ([stage("weigh"), stage("label", waiting=12, oldest=40)], [], Bottleneck("label", "waits")),
    ([stage("weigh", waiting=4, oldest=90), stage("label", waiting=12, oldest=40)], [], Bottleneck("label", "waits")),
    ([stage("weigh", waiting=5, oldest=5), stage("label", done=880)], [], Bottleneck("label", "busy")),
        ([stage("weigh", waiting=30, oldest=60), stage("label"), stage("sort", waiting=5, oldest=35)], [], Bottleneck("sort", "waits")),
    ([stage("weigh", done=890)], ["3 jam"], Bottleneck("sort", "alarm")),
    ([], [], Bottleneck("", "none")),
])  # fmt: skip
def test_the_bottleneck(stages: list[Stage], alarms: list[str], found: Bottleneck) -> None:
    assert rules.bottleneck(stages, alarms) == found


def test_a_line_needs_its_lanes_and_a_bench() -> None:
    assert rules.faults_of({1: "POST", 7: "recirculate", 8: "reject"}, ["B"]) == ""
    assert "recirculate" in rules.faults_of({1: "POST", 8: "reject"}, ["B"])
    assert "carrier" in rules.faults_of({7: "recirculate", 8: "reject"}, ["B"])
    assert "bench" in rules.faults_of({1: "POST", 7: "recirculate", 8: "reject"}, [])


@pytest.mark.parametrize(("measured", "longer"), [
    ((166, 322, 215), [0, -11, 16]),  # on its side
    ((306, 226, 187), [21, 0, 0]),  # its lid stands up
    ((306, 226, 0), []),  # a height that was not measured says nothing
])  # fmt: skip
def test_sides_are_held_against_the_planned_ones_however_a_parcel_lies(
    measured: tuple[int, int, int], longer: list[int]
) -> None:
    assert rules.deviations_mm((306, 226, 166), measured) == longer

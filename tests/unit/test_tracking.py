"""Milestones, gaps, what may count, claims' states and their file."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from wms.processes.tracking.rules import claims, intake, milestones, refusals, windows
from wms.processes.tracking.rules.milestones import judge, seen

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def test_the_usual_way_and_its_milestones() -> None:
    now = judge([seen(at(3), "accepted", "PVG"), seen(at(30), "export", "PVG"), seen(at(40), "in_transit", "FRA")])
    assert (now.state, now.milestone, now.reached_at, now.last_at) == ("under_way", "export", at(30), at(40))
    assert now.first_scan_at == at(3) and judge([]).milestone == "departed"


def test_any_hand_on_it_is_a_first_scan_but_hearsay_is_none() -> None:
    assert judge([seen(at(5), "import")]).first_scan_at == at(5)
    assert judge([seen(at(5), "lost")]).first_scan_at is None and judge([seen(at(5), "exception")]).last_at is None


def test_a_lost_parcel_that_is_seen_later_was_found() -> None:
    lost = [seen(at(1), "accepted"), seen(at(90), "lost")]
    assert (judge(lost).state, judge(lost).lost_at, judge(lost).milestone) == ("lost", at(90), "first_scan")
    assert judge([*lost, seen(at(95), "out_for_delivery")]).state == "under_way"
    assert judge([*lost, seen(at(80), "import")]).state == "lost"  # told late, happened before


def test_customs_holds_from_its_first_hold_until_something_ends_it() -> None:
    held = [
        seen(at(1), "accepted"),
        seen(at(10), "customs_hold", "", "invoice"),
        seen(at(20), "customs_hold", "", "invoice"),
    ]
    assert (judge(held).held_at, judge(held).milestone, judge(held).asks) == (at(10), "customs_hold", "invoice")
    for code in ("customs_released", "out_for_delivery", "delivered"):
        assert judge([*held, seen(at(30), code)]).held_at is None
    again = [*held, seen(at(30), "customs_released"), seen(at(40), "customs_hold")]
    assert judge(again).held_at == at(40)


def test_the_last_end_counts() -> None:
    assert judge([seen(at(1), "delivered"), seen(at(9), "returned")]).state == "returned"
    assert judge([seen(at(1), "damaged"), seen(at(9), "delivered"), seen(at(10), "in_transit")]).state == "delivered"


def test_the_host_hears_each_milestone_once_and_never_backwards() -> None:
    reached = {"import": at(9), "first_scan": at(1), "export": at(5)}
    assert [m for m, _ in milestones.to_tell(reached, {})] == ["first_scan", "export", "import"]
    assert milestones.to_tell(reached, {"export": at(5)}) == [("import", at(9))]
    assert milestones.to_tell(reached, reached) == []


def test_gaps_are_between_what_was_reached() -> None:
    reached = {"first_scan": at(2), "import": at(50), "delivered": at(60)}
    assert milestones.gaps(T0, reached) == {"departed": 120, "first_scan": 2880, "import": 600}


def test_gaps_are_stated_by_the_services_days_and_shrink_towards_what_was_seen() -> None:
    said = windows.stated((70, 100, 150))
    assert said["departed"].limit == 1440 and said["export"].limit == 150 * 144 * 35 // 100
    assert windows.learned(said["export"], 0, 0, 0) == said["export"]
    slow = windows.learned(said["export"], 20, 9_000, 20_000)
    assert slow.limit == (20_000 + said["export"].limit) // 2 and slow.seen == 20
    assert windows.learned(said["departed"], 500, 60, 4_000, fixed_limit=True).limit == 1440
    assert windows.learned(said["export"], 10_000, 5, 10).limit == 1440  # never under a day
    assert windows.stated(()) == windows.stated(windows.UNKNOWN_DAYS)
    assert windows.observe([30, 10, 20]) == (3, 20, 29)


def test_the_way_left_shrinks_with_each_milestone() -> None:
    said = windows.stated((70, 100, 150))
    left = [windows.way(said, m).usual for m in milestones.WAY[:-1]]
    assert left == sorted(left, reverse=True) and windows.way(said, "delivered").most == 0
    assert windows.way(said, "customs_hold") == windows.way(said, "import")


@pytest.mark.parametrize(("hours", "departed", "ours", "code"), [
    (0, T0, True, ""), (0.1, T0, True, ""), (1, T0, True, "from_the_future"), (-1, T0, True, "before_departure"),
    (-0.1, T0, True, ""), (0, None, True, "unknown_parcel"), (0, None, False, "not_yours"),
])  # fmt: skip
def test_what_cannot_count_says_why(hours: float, departed: datetime | None, ours: bool, code: str) -> None:
    told = intake.Told("LX1", at(hours), "accepted", "", "", "k")
    assert intake.doubt(told, T0, departed, ours=ours).removeprefix("tracking.") == code


def test_an_event_without_an_id_is_named_by_what_it_says() -> None:
    row = {"tracking": "LX1", "at": "2026-11-02T08:00:00+00:00", "code": "accepted", "place": "PVG"}
    one, other = (
        intake.read_event(row, 1),
        intake.read_event({**row, "at": "2026-11-02T16:00:00+08:00", "text": "x"}, 9),
    )
    assert isinstance(one, intake.Told) and isinstance(other, intake.Told) and one.key == other.key
    named = intake.read_event({**row, "event_id": "E7"}, 1)
    assert isinstance(named, intake.Told) and named.key == "E7"


@pytest.mark.parametrize(("text", "fields"), [
    ("", ["tracking", "at", "code"]), ("tracking,at,code\n,2026-11-02T08:00Z,accepted", ["tracking"]),
    ("tracking,at,code\nX,2026-11-02T08:00,accepted\nX,2026-11-02T08:00Z,flown", ["at", "code"]),
    ("tracking,at,code\nX,9999-99-99,accepted", ["at"]), ("tracking,at,code,colour\n", ["colour"]),
    ("tracking,at,code\nX,2026-11-02T08:00Z", [""]), ("tracking,at,code\n" + "x" * 61 + ",2026-11-02T08:00Z,lost", ["tracking"]),
])  # fmt: skip
def test_every_fault_of_a_file_is_named(text: str, fields: list[str]) -> None:
    told, faults = intake.read_csv(text)
    assert [f.field for f in faults] == fields and not told


def test_a_claim_walks_its_states_and_no_others() -> None:
    for events, end in ((("send", "accept", "pay"), "paid"), (("send", "reject", "send", "drop"), "dropped")):
        state = "open"
        for event in events:
            state = claims.step(state, event)
        assert state == end
    for state, event in (("open", "pay"), ("paid", "drop"), ("accepted", "reject"), ("dropped", "send")):
        with pytest.raises(refusals.WrongClaimState):
            claims.step(state, event)


def test_the_file_of_a_claim_is_the_same_each_time_and_no_cell_is_a_formula() -> None:
    made = [
        claims.bundle({"claim": "LC1", "note": "=1+1"}, {"tracking": "LX1"}, [], {"format": "pdf", "document": "JVBERg=="}, None)
        for _ in range(2)
    ]  # fmt: skip
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.read("label.pdf") == b"%PDF" and b"'=1+1" in archive.read("claim.csv")
        assert "weight.csv" not in archive.namelist()

"""Any order and any repetition of the same scans gives the same standing, and the host hears forwards only."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wms.processes.tracking.rules import intake, milestones

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)
SCANS = st.lists(st.builds(
    milestones.seen, st.integers(0, 40).map(lambda h: T0 + timedelta(hours=h)), st.sampled_from(sorted(milestones.CODES)),
    st.sampled_from(["PVG", "FRA"]), st.sampled_from(["", "invoice"]),
), min_size=1, max_size=12)  # fmt: skip


@given(SCANS, st.data())
def test_order_and_repetition_change_nothing(scans: list[milestones.Seen], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(scans), max_size=8))
    mixed = data.draw(st.permutations([*scans, *again]))
    assert milestones.judge(mixed) == milestones.judge(scans)


@given(SCANS, st.integers(0, 12))
def test_told_in_parts_each_milestone_is_told_once_and_in_order(scans: list[milestones.Seen], cut: int) -> None:
    told: dict[str, datetime] = {}
    heard: list[tuple[datetime, int]] = []
    for known in (scans[:cut], scans, scans):
        for name, at in milestones.to_tell(milestones.judge(known).reached, told):
            assert name not in told
            told[name] = at
            heard.append((at, milestones.RANK[name]))
    assert heard == sorted(heard)


@given(SCANS)
def test_a_standing_is_never_contradictory(scans: list[milestones.Seen]) -> None:
    now = milestones.judge(scans)
    assert (now.state == "lost") == (now.lost_at is not None)
    assert now.held_at is None or now.state == "under_way"
    assert now.state not in milestones.ENDED or now.ended_at is not None
    assert all(minutes >= 0 for minutes in milestones.gaps(T0, now.reached).values())


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda b: "tracking,at,code\n" + b.decode("latin-1")))
def test_whatever_a_file_holds_it_ends_in_events_or_named_faults(text: str) -> None:
    told, faults = intake.read_csv(text)
    assert all(isinstance(t, intake.Told) for _, t in told) and all(f.said for f in faults)


@given(st.lists(st.none() | st.integers() | st.dictionaries(
    st.sampled_from([*intake.COLUMNS, "else"]), st.none() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)
), max_size=5))  # fmt: skip
def test_whatever_is_pushed_ends_in_events_or_named_faults(body: list[object]) -> None:
    told, faults = intake.rows_of(body)
    assert len({n for n, _ in told} | {f.row for f in faults}) == len(body)

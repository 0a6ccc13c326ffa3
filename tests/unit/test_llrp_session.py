"""What one passage means: counts, strongest antenna, direction, strays, unknown tags, residents."""

import time

import pytest

from devices.contract.driver import ConfigRefused
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.epc import pure_identity
from devices.drivers.rfid_gate.session import GateRules, GateSession

A = bytes.fromhex("3034257BF7194E4000001A85")
B = bytes.fromhex("31340242201D8840009F3E3A")
FORKLIFT = bytes.fromhex("E28011606000020000000001")


def read(epc: bytes, antenna: int, rssi: int = -50, at: int = 1_000_000, seen: int = 1) -> TagRead:
    return TagRead(epc, antenna, rssi, at, at, seen)


def session(*reads: TagRead, rules: GateRules | None = None) -> GateSession:
    opened = GateSession(rules or GateRules(), "s1", "t0")
    for number, one in enumerate(reads):
        opened.add([one], f"t{number + 1}")
    return opened


def test_reads_become_one_line_per_epc() -> None:
    report = session(read(B, 2, -60), read(A, 1, -55), read(A, 3, -40, 1_000_100), read(A, 1, -70, seen=4)).close("t9")
    assert [(t.epc, t.reads, t.antenna, t.rssi_dbm, t.first_seen, t.last_seen) for t in report.tags] == [
        (A.hex().upper(), 6, 3, -40, "t2", "t4"),
        (B.hex().upper(), 1, 2, -60, "t1", "t1"),
    ]
    assert report.tags[0].uri == "urn:epc:id:sgtin:0614141.812345.6789"
    assert report.tags[1].uri == "urn:epc:id:sscc:0037000.0495468544"
    assert (report.session_id, report.opened_at, report.closed_at) == ("s1", "t0", "t9")


@pytest.mark.parametrize(
    ("rssi", "reads", "group"),
    [(-66, 4, "stray"), (-65, 4, "tags"), (-66, 5, "tags"), (-40, 1, "tags")],
)
def test_a_stray_is_both_weak_and_seldom(rssi: int, reads: int, group: str) -> None:
    report = session(*[read(A, 1, rssi)] * reads).close("t9")
    assert len(getattr(report, group)) == 1


def test_residents_and_foreign_tags_are_kept_as_evidence() -> None:
    rules = GateRules(resident=frozenset({A.hex().upper()}))
    report = session(read(A, 1), read(FORKLIFT, 1), rules=rules).close("t9")
    assert report.stray == ()
    assert ([t.epc for t in report.resident], [t.epc for t in report.unknown]) == (
        [A.hex().upper()],
        [FORKLIFT.hex().upper()],
    )
    assert report.tags == ()


@pytest.mark.parametrize(
    ("order", "direction"),
    [((1, 2, 3, 4), "in"), ((4, 3, 2, 1), "out"), ((1, 1), "unknown"), ((1, 3, 3, 1), "unknown"), ((9, 8), "unknown")],
)
def test_direction_is_the_side_that_sees_it_first(order: tuple[int, ...], direction: str) -> None:
    reads = [read(A, antenna, at=1_000_000 + i * 1000) for i, antenna in enumerate(order)]
    assert session(*reads).close("t9").direction == direction


def test_strays_do_not_vote_on_direction() -> None:
    passing = [read(A, antenna, at=1_000_000 + i * 1000) for i, antenna in enumerate((1, 2, 3, 4))]
    stray = [read(B, 3, -80, 1_000_000), read(B, 1, -80, 1_009_000)]
    assert session(*passing, *stray).close("t9").direction == "in"


@pytest.mark.parametrize("step_us", [-3_600_000_000, 3_600_000_000])
def test_a_clock_step_in_the_session_never_turns_the_direction_round(step_us: int) -> None:
    times = [5_000_000_000 + i * 1000 for i in range(6)]
    times = [at + (step_us if i > 2 else 0) for i, at in enumerate(times)]
    reads = [read(A, antenna, at=at) for antenna, at in zip((1, 2, 1, 3, 4, 3), times, strict=True)]
    assert session(*reads).close("t9").direction == ("unknown" if step_us < 0 else "in")


@pytest.mark.parametrize("epc", ["", "30", "0" * 24, "30FFFFFFFFFFFFFFFFFFFFFF", "E28011606000020000000001", "ZZ"])
def test_what_is_not_gs1_has_no_uri(epc: str) -> None:
    assert pure_identity(epc) is None


def test_an_antenna_on_both_sides_is_refused() -> None:
    with pytest.raises(ConfigRefused, match=r"\[2\]"):
        GateRules.from_config({"outside_antennas": [1, 2], "inside_antennas": [2, 3]})


def test_aggregation_is_cheap() -> None:
    reads = [read(bytes([i % 50]) * 12, i % 4 + 1, -50, 1_000_000 + i) for i in range(2000)]
    opened = GateSession(GateRules(), "s1", "t0")
    costs_s = []
    for _ in range(5):
        started = time.process_time()
        opened.add(reads, "t1")
        costs_s.append(time.process_time() - started)
    assert min(costs_s) / 2_000 * 1e6 < 50

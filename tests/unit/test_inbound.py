"""Counting in packs, tolerance of weights, holds, the gate's verdict, and the life of a line."""

from datetime import date

import pytest

from wms.foundation.catalog.queries import Pack
from wms.processes.inbound import queries, rules
from wms.processes.inbound.rules import Announced, match_gate

TODAY = date(2026, 11, 22)


def test_a_count_in_packs_is_pieces() -> None:
    assert rules.total_each({"CTN": 3, "EA": 5}, {"CTN": 12}) == 41
    assert queries.spell({"CTN": 3, "EA": 5}, [Pack("CTN", 12, 1, 1, 1, 1, 1, True)], 41) == "3 CTN × 12 + 5 EA = 41"
    assert queries.spell({"EA": 5}, [], 5) == "5 EA"


@pytest.mark.parametrize(
    ("keyed", "refusal"),
    [
        ({}, rules.NothingCounted), ({"EA": 0}, rules.NothingCounted), ({"EA": -1}, rules.AbsurdCount),
        ({"PAL": 1}, rules.UnknownPack), ({"EA": 100_001}, rules.AbsurdCount), ({"CTN": 201}, rules.AbsurdCount),
    ],
)  # fmt: skip
def test_absurd_counts_are_refused(keyed: dict[str, int], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        rules.total_each(keyed, {"CTN": 12})


def test_damage_needs_a_reason_and_is_part_of_the_count() -> None:
    rules.check_damage(10, 0, "")
    rules.check_damage(10, 10, "wet")
    with pytest.raises(rules.DamageReasonMissing):
        rules.check_damage(10, 1, "")
    with pytest.raises(rules.MoreDamaged):
        rules.check_damage(10, 11, "wet")


def test_every_carton_is_a_load_and_loose_pieces_are_lifted_by_one_person() -> None:
    parts = rules.weigh_parts({"EA": 30, "CTN": 2}, {"CTN": 12, "EA": 1}, {"CTN": 12_400}, 1_000)
    assert [(p.level, p.qty_each, p.expected_g) for p in parts] == [
        ("CTN", 12, 12_400), ("CTN", 12, 12_400), ("EA", 25, 25_000), ("EA", 5, 5_000),
    ]  # fmt: skip
    assert [p.qty_each for p in rules.weigh_parts({"EA": 2}, {}, {}, 40_000)] == [1, 1]


def test_a_missing_piece_never_passes_the_scale() -> None:
    for piece_g, pieces in ((50, 400), (200, 40), (1_000, 12)):
        assert rules.tolerance_g(piece_g * pieces, piece_g, 1) < piece_g
    assert rules.tolerance_g(1_000, 1_000, 1) == 30
    assert rules.tolerance_g(1_000, 1_000, 50) == 100


def test_dates_as_typed_and_as_the_policy_reads_them() -> None:
    assert rules.parse_date(" 2027-03-31 ", TODAY) == date(2027, 3, 31)
    for bad in ("31.03.2027", "2027-02-30", "0001-01-01", "9999-01-01", ""):
        with pytest.raises(rules.BadDate):
            rules.parse_date(bad, TODAY)
    assert rules.expiry("production", date(2026, 11, 1), 30) == date(2026, 12, 1)
    assert rules.expiry("expiry", date(2026, 11, 1), 30) == date(2026, 11, 1)
    assert rules.expiry("none", date(2026, 11, 1), 30) is None


def test_what_puts_goods_on_hold() -> None:
    def why(**other: object) -> list[str]:
        facts: dict[str, object] = {"announced": True, "lot_policy": "required", "lot": "L1", "expiry_policy": "expiry",
                                    "expires_on": date(2027, 11, 22), "min_life_days": 90, "today": TODAY}  # fmt: skip
        return rules.hold_reasons(**{**facts, **other})  # type: ignore[arg-type]

    assert why() == []
    assert why(announced=False) == ["no_notice"]
    assert why(lot="") == ["no_lot"]
    assert why(expires_on=None) == ["no_expiry"]
    assert why(expires_on=date(2027, 2, 19)) == ["short_life"]
    assert why(expires_on=date(2027, 2, 20)) == []


def tag(item: int, serial: int) -> str:
    return f"{0x30 << 88 | 1 << 85 | 5 << 82 | 614141 << 58 | item << 38 | serial:024X}"


def line(name: str, item: int, n: int, seen: frozenset[str] = frozenset()) -> Announced:
    return Announced(name, n, frozenset(tag(item, k) for k in range(n)), seen)


def test_a_pallet_as_announced_is_identified() -> None:
    lines = [line("a", 1, 3), line("b", 2, 2), line("elsewhere", 3, 2)]
    matched, surplus = match_gate(lines, [e.lower() for e in lines[0].epcs | lines[1].epcs], False)
    assert [(m.line_id, m.verdict, m.identified) for m in matched] == [("a", "identified", 3), ("b", "identified", 2)]
    assert surplus == []


def test_missing_surplus_and_overflow_go_to_the_hand_count() -> None:
    lines = [line("a", 1, 3), line("b", 2, 2)]
    passed = {tag(1, 0), tag(1, 1), tag(2, 0), tag(2, 1), tag(2, 99), tag(9, 1)}
    matched, surplus = match_gate(lines, passed, False)
    assert [(m.line_id, m.verdict, len(m.missing), len(m.surplus)) for m in matched] == [
        ("a", "hand_count", 1, 0), ("b", "hand_count", 0, 1),
    ]  # fmt: skip
    assert surplus == [tag(9, 1)]
    matched, _ = match_gate([line("a", 1, 3)], line("a", 1, 3).epcs, True)
    assert matched[0].verdict == "hand_count"


def test_a_second_passage_completes_the_first() -> None:
    matched, _ = match_gate([line("a", 1, 3, frozenset({tag(1, 0), tag(1, 1)}))], {tag(1, 2)}, False)
    assert (matched[0].verdict, matched[0].identified) == ("identified", 3)


def test_tags_that_stand_for_fewer_than_announced_prove_nothing() -> None:
    few = Announced("a", 24, frozenset({tag(1, 1)}), frozenset())
    assert match_gate([few], few.epcs, False)[0][0].verdict == "hand_count"


def test_differences_of_a_notice() -> None:
    found = rules.differences([("same", 10, 10), ("over", 10, 13), ("short", 10, 0)])
    assert [(d.line_id, d.over_each, d.short_each) for d in found] == [("over", 3, 0), ("short", 0, 10)]


def test_the_state_table_is_closed() -> None:
    for state, answers in rules.NEXT.items():
        assert all(to in rules.NEXT for to in answers.values()), state
    assert set(rules.UNDER_WAY) | {"received", "void"} == set(rules.NEXT)
    with pytest.raises(rules.LineBusy):
        rules.step("received", "recount")

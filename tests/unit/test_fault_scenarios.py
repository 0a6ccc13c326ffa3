"""Scenario files: refusals that name the place, plans that a seed repeats, ready ones that fit the catalogue."""

import pytest

from simulators.faults import scenario
from simulators.faults.board import Board
from simulators.faults.scenario import BadScenario, Step, parse, plan
from simulators.wire.catalogue import CATALOGUE
from simulators.wire.ensemble import Ensemble

HEAD = "title: {en: T, zh-CN: 测}\nseed: 5\n"
FLOOR = [
    {"id": "scale-1", "family": "scale", "config": {"host": "127.0.0.1", "port": 1}},
    {"id": "scale-2", "family": "scale", "config": {"host": "127.0.0.1", "port": 2}},
    {"id": "printer-1", "family": "printer", "config": {"host": "127.0.0.1", "port": 3}},
    {"id": "printer-2", "family": "printer", "config": {"host": "127.0.0.1", "port": 4, "protocol": "tspl"}},
    {"id": "gate-1", "family": "rfid_gate", "config": {"host": "127.0.0.1", "port": 5}},
    {"id": "dws-1", "family": "dws", "config": {"host": "127.0.0.1", "port": 6}},
    {"id": "cube-1", "family": "dimensioner", "config": {"host": "127.0.0.1", "port": 7}},
    {"id": "wall-1", "family": "light", "config": {"host": "127.0.0.1", "port": 8, "protocol": "modbus"}},
    {"id": "tags-1", "family": "light", "config": {"host": "127.0.0.1", "port": 9}},
    {"id": "sorter-1", "family": "plc", "config": {"host": "127.0.0.1", "port": 10, "map": "sorter"}},
    {"id": "zones-1", "family": "plc", "config": {"host": "127.0.0.1", "port": 11, "map": "conveylinx"}},
    {"id": "agv-1", "family": "vehicle", "config": {"manufacturer": "m", "serial": "1"}},
]


@pytest.fixture
async def board() -> Board:
    return Ensemble(FLOOR).board


def refused(text: str, board: Board) -> BadScenario:
    with pytest.raises(BadScenario) as told:
        plan(parse(text, "mine.yaml"), board)
    return told.value


async def test_timed_faults_stand_at_their_times(board: Board) -> None:
    text = HEAD + (
        "timed:\n  - {at_s: 9, device: scale-*, fault: silent, for_s: 3}\n"
        "  - {at_s: 4, family: printer, fault: slow_answers, value: 2}\n"
    )
    assert plan(parse(text, "f"), board) == [
        Step(4.0, "printer-1", "slow_answers", 2.0, None),
        Step(4.0, "printer-2", "slow_answers", 2.0, None),
        Step(9.0, "scale-1", "silent", 1.0, 3),
        Step(9.0, "scale-2", "silent", 1.0, 3),
    ]


RANDOM = (
    HEAD
    + "until_s: 7200\nrandom:\n  - {device: scale-1, fault: garbage, per_hour: 30, value: [5, 50], for_s: [2, 9]}\n"
)


async def test_the_same_seed_gives_the_same_plan_and_another_seed_another(board: Board) -> None:
    first = plan(parse(RANDOM, "f"), board)
    assert first == plan(parse(RANDOM, "f"), board)
    assert first != plan(parse(RANDOM.replace("seed: 5", "seed: 6"), "f"), board)
    assert 30 < len(first) < 90  # 60 expected in two hours
    assert all(5 <= step.value <= 50 and step.for_s is not None and 2 <= step.for_s <= 9 for step in first)
    ends = [step.at_s + (step.for_s or 0) for step in first]
    assert all(
        begin.at_s >= end for begin, end in zip(first[1:], ends, strict=False)
    )  # one ends before the next begins


async def test_a_further_rule_moves_no_other_fault(board: Board) -> None:
    more = RANDOM + "  - {family: printer, fault: paper_out, per_hour: 20, for_s: [1, 2]}\n"
    kept = [step for step in plan(parse(more, "f"), board) if step.device == "scale-1"]
    assert kept == plan(parse(RANDOM, "f"), board)


@pytest.mark.parametrize(
    ("text", "code", "line", "field"),
    [
        ("a: [1\nb: 2\n", "scenario.not_yaml", 2, ""),
        ("", "scenario.schema", 0, ""),
        ("seed: 1\ntimed: []\n", "scenario.schema", 1, ""),
        (HEAD + "timed:\n  - {at_s: -1, device: x, fault: y}\n", "scenario.schema", 4, "timed.0.at_s"),
        (HEAD + "timed:\n  - at_s: 1\n    device: x\n    fault: y\n    colour: 1\n", "scenario.schema", 4, "timed.0"),
        (HEAD + "timed:\n  - {at_s: 1, device: crane-*, fault: silent}\n", "scenario.no_device", 4, "timed.0.device"),
        (HEAD + "timed:\n  - {at_s: 1, device: scale-1, fault: jam}\n", "scenario.no_fault", 4, "timed.0.fault"),
        (HEAD + "timed:\n  - {at_s: 1, family: scale, fault: jam}\n", "scenario.no_fault", 4, "timed.0.fault"),
        (
            HEAD + "timed:\n  - at_s: 1\n    device: scale-1\n    fault: garbage\n    value: 101\n",
            "scenario.bad_value", 7, "timed.0.value",
        ),
        (
            HEAD + "random:\n  - {per_hour: 1, device: scale-1, fault: silent, value: [0, 2]}\n",
            "scenario.bad_value", 4, "random.0.value",
        ),
        (HEAD + "timed:\n  - {at_s: 1, family: crane, fault: silent}\n", "scenario.nothing_to_do", 1, ""),
    ],
)  # fmt: skip
async def test_a_bad_scenario_is_refused_with_its_place(
    board: Board, text: str, code: str, line: int, field: str
) -> None:
    told = refused(text, board)
    assert (told.code, told.line, told.field) == (code, line, field), str(told)
    assert str(told).startswith(f"mine.yaml:{line}: ") and code in str(told)


async def test_an_unknown_scenario_names_those_that_are_there() -> None:
    with pytest.raises(BadScenario, match="bad-day") as told:
        scenario.load("worse-day")
    assert told.value.code == "scenario.unknown"


@pytest.mark.parametrize("name", scenario.ready())
async def test_every_ready_scenario_fits_the_catalogue(board: Board, name: str) -> None:
    chosen = scenario.load(name)
    assert set(chosen.title) == {"en", "zh-CN"}
    assert len(plan(chosen, board)) > 3


def test_the_catalogue_names_each_fault_once_in_both_languages() -> None:
    for kind, faults in CATALOGUE.items():
        names = [fault.name for fault in faults]
        assert len(names) == len(set(names)) > 5, kind
        for fault in faults:
            for words in (fault.what, fault.sees):
                assert words.en and any("\u4e00" <= letter <= "\u9fff" for letter in words.zh), (kind, fault.name)
            assert fault.low <= fault.rest <= fault.high

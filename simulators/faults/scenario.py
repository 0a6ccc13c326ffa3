"""Scenario files: timed and random faults for a set of devices, turned into one plan that a seed repeats.

Times are seconds of the wall clock, whatever the factor of the physical world: a driver's time-outs run on it too.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from simulators.faults.board import Board, FaultRefused, check
from simulators.faults.catalogue import Json

READY = Path(__file__).resolve().parents[1] / "scenarios"
"""Where the ready ones lie."""
_SCHEMA: Json = json.loads((Path(__file__).parent / "scenario.schema.json").read_text("utf-8"))
_UNTIL_S = 3600.0


class BadScenario(Exception):
    """A scenario that cannot be played, with a stable code: scenario.unknown, .unreadable, .not_yaml, .schema,
    .no_device, .no_fault, .bad_value, .nothing_to_do. The text names file, line and field."""

    def __init__(self, code: str, file: str, line: int, field: str, reason: str) -> None:
        self.code, self.file, self.line, self.field, self.reason = code, file, line, field, reason
        super().__init__(f"{file}:{line}: {field + ': ' if field else ''}{reason} ({code})")


@dataclass(frozen=True, slots=True)
class Step:
    """One fault at its time."""

    at_s: float
    device: str
    fault: str
    value: float
    for_s: float | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file that fits the schema; whether it fits the devices is told by `plan`."""

    file: str
    body: Json
    lines: dict[tuple[str | int, ...], int]
    """Path of each value in the file to its line."""

    @property
    def title(self) -> dict[str, str]:
        return dict(self.body["title"])

    def fault_at(self, code: str, path: tuple[str | int, ...], reason: str) -> BadScenario:
        """The refusal that names the place of `path`."""
        return BadScenario(code, self.file, _line(self.lines, path), ".".join(map(str, path)), reason)


def ready() -> list[str]:
    """Names of the scenarios that come with the simulators."""
    return sorted(path.stem for path in READY.glob("*.yaml"))


def load(name: str) -> Scenario:
    """A ready scenario by its name, or any by its path. Errors: BadScenario."""
    path = READY / f"{name}.yaml" if name in ready() else Path(name)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        reason = f"neither a file nor one of {', '.join(ready())}"
        raise BadScenario("scenario.unknown", name, 0, "", reason) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario("scenario.unreadable", name, 0, "", str(error)) from None
    return parse(text, path.name)


def parse(text: str, file: str) -> Scenario:
    """Errors: BadScenario."""
    try:
        root, body = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or error)
        raise BadScenario("scenario.not_yaml", file, mark.line + 1 if mark else 0, "", reason) from None
    except (ValueError, RecursionError) as error:  # a date of the 45th month; an alias within itself
        raise BadScenario("scenario.not_yaml", file, 0, "", str(error)) from None
    scenario = Scenario(file, body, dict(_places(root)) if root is not None else {})
    found = jsonschema.Draft202012Validator(_SCHEMA).iter_errors(body)
    if (misfit := jsonschema.exceptions.best_match(found)) is not None:
        raise scenario.fault_at("scenario.schema", tuple(misfit.absolute_path), misfit.message)
    return scenario


def plan(scenario: Scenario, board: Board) -> list[Step]:
    """What happens when to which device of the board, in the order of time. The same file gives the same plan.

    A `family` that the board lacks is passed over, so are those of it without such a fault; a `device` that it lacks is
    an error. Errors: BadScenario.
    """
    steps = []
    for section, planned in (("timed", _timed), ("random", _random)):
        for index, row in enumerate(scenario.body.get(section, ())):
            for device in _devices(scenario, board, section, index, row):
                steps += planned(scenario, board, (section, index), row, device)
    if not steps:
        raise scenario.fault_at("scenario.nothing_to_do", (), "no device of this site has any of these faults")
    return sorted(steps, key=lambda step: (step.at_s, step.device, step.fault))


async def play(board: Board, steps: list[Step], by: str = "scenario") -> None:
    """Set every fault of a plan at its time, counted from now."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for step in steps:
        await asyncio.sleep(began_s + step.at_s - loop.time())
        await board.set(step.device, step.fault, step.value, step.for_s, by)


def _devices(scenario: Scenario, board: Board, section: str, index: int, row: Json) -> list[str]:
    if "family" in row:
        stands = [s for s in board.stands.values() if s.family == row["family"]]
        able = [s.device for s in stands if row["fault"] in s.faults]
        if stands and not able:
            known = ", ".join(sorted({name for s in stands for name in s.faults}))
            raise scenario.fault_at("scenario.no_fault", (section, index, "fault"), f"{row['family']} has {known}")
        return able
    found = [device for device in board.stands if fnmatchcase(device, row["device"])]
    if not found:
        known = ", ".join(sorted(board.stands))
        raise scenario.fault_at("scenario.no_device", (section, index, "device"), f"there is none of {known}")
    return found


_Path = tuple[str | int, ...]


def _timed(scenario: Scenario, board: Board, path: _Path, row: Json, device: str) -> list[Step]:
    step = Step(float(row["at_s"]), device, row["fault"], float(row.get("value", 1)), row.get("for_s"))
    _fits(scenario, board, path, step)
    return [step]


def _random(scenario: Scenario, board: Board, path: _Path, row: Json, device: str) -> list[Step]:
    """Exponential pauses from a stream of this device and fault alone: another rule in the file moves none of them."""
    rng = random.Random(f"{scenario.body['seed']}/{device}/{row['fault']}")
    value, for_s = row.get("value", 1), row.get("for_s")
    for bound in value if isinstance(value, list) else [value]:
        _fits(scenario, board, path, Step(0.0, device, row["fault"], float(bound), for_s and for_s[1]))
    steps, at_s = [], 0.0
    while (at_s := at_s + rng.expovariate(row["per_hour"] / 3600)) < scenario.body.get("until_s", _UNTIL_S):
        drawn = rng.uniform(*value) if isinstance(value, list) else float(value)
        lasts_s = rng.uniform(*for_s) if for_s else None
        steps.append(Step(round(at_s, 3), device, row["fault"], drawn, lasts_s and round(lasts_s, 3)))
        at_s += lasts_s or 0.0
    return steps


def _fits(scenario: Scenario, board: Board, path: _Path, step: Step) -> None:
    try:
        _, fault = board.find(step.device, step.fault)
        check(fault, step.value, step.for_s)
    except FaultRefused as refused:
        code, field = {"faults.no_fault": ("scenario.no_fault", "fault")}.get(
            refused.code, ("scenario.bad_value", "value")
        )
        raise scenario.fault_at(code, (*path, field), str(refused)) from None


def _places(node: yaml.Node, path: _Path = ()) -> Iterator[tuple[_Path, int]]:
    yield path, node.start_mark.line + 1
    children: list[tuple[Any, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(key.value, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = list(enumerate(node.value))
    for key, child in children:
        yield from _places(child, (*path, key))


def _line(lines: dict[_Path, int], path: _Path) -> int:
    """Line of the value, or of the nearest thing around it that is there."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 0)

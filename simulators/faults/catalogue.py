"""What a catalogue of faults is made of: each simulator lists what can go wrong with it, and what the floor then sees."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["switch", "once", "level"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in each language of the screens."""

    en: str
    zh: str

    def to_json(self) -> dict[str, str]:
        return {"en": self.en, "zh-CN": self.zh}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong with a simulator. Made by `switch`, `level` and `once`."""

    name: str
    kind: Kind
    what: Words
    sees: Words
    """What the floor is expected to see of it."""
    act: Callable[[Any, float], object]
    """Set on a simulator: a switch to 0 or 1, a level to its value, a one-shot by anything. May return an awaitable."""
    read: Callable[[Any], float] | None = None
    """The present value, where the simulator itself may change it; None: it is as it was set."""
    low: float = 0.0
    high: float = 1.0
    rest: float = 0.0
    """The value at which nothing is wrong."""
    unit: str = ""

    def to_json(self) -> Json:
        about = {"name": self.name, "kind": self.kind, "what": self.what.to_json(), "sees": self.sees.to_json()}
        return about | {"low": self.low, "high": self.high, "rest": self.rest, "unit": self.unit}


def switch(
    name: str,
    what: Words,
    sees: Words,
    path: str = "",
    *,
    act: Callable[[Any, bool], object] | None = None,
    read: Callable[[Any], float] | None = None,
) -> Fault:
    """On until it is cleared. `path`: the attribute that holds it, such as `faults.silent`; else `act`, and `read`."""
    if act is not None:
        chosen = act
        return Fault(name, "switch", what, sees, lambda sim, value: chosen(sim, bool(value)), read)
    return Fault(name, "switch", what, sees, lambda sim, value: _store(sim, path, bool(value)), _reader(path))


def level(
    name: str,
    what: Words,
    sees: Words,
    path: str = "",
    *,
    low: float = 0.0,
    high: float,
    unit: str,
    rest: float = 0.0,
    whole: bool = False,
    scale: float = 1.0,
    act: Callable[[Any, float], object] | None = None,
    read: Callable[[Any], float] | None = None,
) -> Fault:
    """A number from `low` to `high` in `unit`; the attribute at `path` holds it times `scale`, an int when `whole`."""

    def store(sim: Any, value: float) -> None:
        _store(sim, path, round(value * scale) if whole else value * scale)

    def held(sim: Any) -> float:
        return float(operator.attrgetter(path)(sim)) / scale

    return Fault(name, "level", what, sees, act or store, read or (None if act else held), low, high, rest, unit)


def once(name: str, what: Words, sees: Words, act: Callable[[Any], object]) -> Fault:
    """Happens at once and leaves nothing behind to clear."""
    return Fault(name, "once", what, sees, lambda sim, _: act(sim))


def _reader(path: str) -> Callable[[Any], float]:
    held = operator.attrgetter(path)
    return lambda sim: float(bool(held(sim)))


def _store(sim: Any, path: str, value: object) -> None:
    owner, _, name = path.rpartition(".")
    setattr(operator.attrgetter(owner)(sim) if owner else sim, name, value)

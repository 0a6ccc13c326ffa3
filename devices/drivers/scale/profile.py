r"""A scale described by data: framing, patterns with named groups, what their texts mean, how to ask. Pure but for load().

Profiles lie in profiles/*.yaml; a configuration may also carry its own. Groups: `value`, `sign`, `unit`; any other
named group is looked up in the pattern's `flags` (text -> meanings) or `bits` ([byte, bit, meaning]). Meanings: stable,
unstable, over, under, net, gross, not_zeroed, error. A group that did not match counts as the empty text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from devices.drivers.scale.reading import (
    DEVICE_ERROR,
    GRAMS,
    NOT_ZEROED,
    TARE_SET,
    UNKNOWN_UNIT,
    Heard,
    Noise,
    Reading,
    grams,
)

MAX_FRAME = 128
"""Longest frame of any profile with room to spare; anything longer is another protocol or line."""
_NUMBER = re.compile(r"\d{1,9}(\.\d{0,9})?|\.\d{1,9}")

Meaning = Literal["stable", "unstable", "over", "under", "net", "gross", "not_zeroed", "error"]


class Pattern(BaseModel):
    model_config = ConfigDict(extra="forbid")
    regex: re.Pattern[str]
    flags: dict[str, dict[str, list[Meaning]]] = Field(default_factory=dict)
    bits: dict[str, list[tuple[int, int, Meaning]]] = Field(default_factory=dict)
    also: list[Meaning] = Field(default_factory=list)
    """What a match means in itself."""

    @field_validator("regex")
    @classmethod
    def _named(cls, regex: re.Pattern[str]) -> re.Pattern[str]:
        if "value" in regex.groupindex and "unit" not in regex.groupindex:
            raise ValueError("a pattern with a value needs a unit: a weight without one is never guessed")
        return regex


class LineSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    bauds: list[int] = Field(default_factory=list)
    formats: list[str] = Field(default_factory=list)


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    source: str
    line: LineSettings = Field(default_factory=LineSettings)
    end: str = "\r\n"
    """Last characters of a frame."""
    poll: str | None = None
    """Sent every `poll_s`; None: the scale sends by itself."""
    poll_s: float = Field(0.2, gt=0)
    zero: str | None = None
    units: dict[str, str] = Field(default_factory=dict)
    """Shown unit -> one of GRAMS, where they differ."""
    patterns: list[Pattern] = Field(min_length=1)

    @field_validator("units")
    @classmethod
    def _known(cls, units: dict[str, str]) -> dict[str, str]:
        if unknown := set(units.values()) - set(GRAMS):
            raise ValueError(f"no such unit: {sorted(unknown)}")
        return units


def names() -> list[str]:
    """Profiles that come with the product."""
    return sorted(path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml"))


def load(name: str) -> Profile:
    """Errors: FileNotFoundError, pydantic.ValidationError."""
    return Profile.model_validate(yaml.safe_load(_folder().joinpath(f"{name}.yaml").read_text("utf-8")))


def _folder() -> Any:
    return files("devices.drivers.scale").joinpath("profiles")


@dataclass(slots=True)
class Decoder:
    """Bytes in, readings out; any chunking gives the same. Never raises."""

    profile: Profile
    _buffer: bytes = b""

    def feed(self, data: bytes) -> list[Heard]:
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Heard]:
        end = self.profile.end.encode("ascii")
        while (at := self._buffer.find(end)) >= 0:
            frame, self._buffer = self._buffer[:at], self._buffer[at + len(end) :]
            if frame.strip():
                yield parse(self.profile, frame) if len(frame) <= MAX_FRAME else Noise(frame[:MAX_FRAME])
        if len(self._buffer) > MAX_FRAME:
            overlong, self._buffer = self._buffer, b""
            yield Noise(overlong[:MAX_FRAME])


def parse(profile: Profile, frame: bytes) -> Reading | Noise:
    """Read one frame without its end."""
    try:
        text = frame.decode("ascii").strip("\r\n\x02")
    except UnicodeDecodeError:
        return Noise(frame)
    for pattern in profile.patterns:
        if (match := pattern.regex.fullmatch(text)) is not None:
            return _reading(profile, pattern, match) or Noise(frame)
    return Noise(frame)


def _reading(profile: Profile, pattern: Pattern, match: re.Match[str]) -> Reading | None:
    groups = {name: text or "" for name, text in match.groupdict().items()}
    means = set(pattern.also) | set(_meanings(pattern, groups))
    stable = "unstable" not in means
    if means & {"over", "under"}:
        return Reading(None, False, over="over" in means)
    problem = ""
    for meaning, code in (("error", DEVICE_ERROR), ("not_zeroed", NOT_ZEROED), ("net", TARE_SET)):
        problem = problem or (code if meaning in means else "")
    if "value" not in groups:
        return Reading(None, stable, problem=problem)
    unit = profile.units.get(groups["unit"], groups["unit"])
    if not unit and not stable:  # Sartorius leaves the unit blank while the weight moves
        return Reading(None, False, problem=problem)
    if unit not in GRAMS:
        return Reading(None, stable, unit=unit, problem=UNKNOWN_UNIT)
    digits = groups["value"].replace(" ", "")
    if not _NUMBER.fullmatch(digits):
        return None
    value = Decimal(digits)
    shown = grams(-value if groups.get("sign") == "-" else value, unit)
    return Reading(shown, stable, unit=unit, problem=problem)


def _meanings(pattern: Pattern, groups: Mapping[str, str]) -> Iterator[Meaning]:
    for name, texts in pattern.flags.items():
        yield from texts.get(groups.get(name, "").strip(), [])
    for name, bits in pattern.bits.items():
        raw = groups.get(name, "")
        for index, bit, meaning in bits:
            if index < len(raw) and ord(raw[index]) >> bit & 1:
                yield meaning

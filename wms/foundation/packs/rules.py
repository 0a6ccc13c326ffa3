"""When a pack version may be shipped in, and what may share a parcel."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from wms.kernel.errors import Refusal

ISTA_3A_MAX_G = 70_000
"""The procedure is for packed products up to 70 kg; heavier ones are tested by another. Source: ISTA 3A, scope."""
PASSES = {"ista_3a": 1, "compression": 3}
"""Passed tests of a kind that a version needs. ISTA 3A drops and shakes; it says nothing of stacking, so it needs both."""


class UnknownMaterial(Refusal):
    """No such pack material."""

    code, status = "packs.unknown_material", 404


class UnknownVersion(Refusal):
    """No such pack version."""

    code, status = "packs.unknown_version", 404


class UnknownTest(Refusal):
    """No such test record, or its report is not kept here."""

    code, status = "packs.unknown_test", 404


class BadVersion(Refusal):
    """This pack version cannot be packed."""

    code, status = "packs.bad_version", 422


class BadTest(Refusal):
    """This test record proves nothing."""

    code, status = "packs.bad_test", 422


class BadLimit(Refusal):
    """This limit says nothing."""

    code, status = "packs.bad_limit", 422


@dataclass(frozen=True, slots=True)
class Test:
    kind: str
    passed: bool
    tested_on: date
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Version:
    """`carton_mm`: outer; None: the carton is not kept any more."""

    id: UUID
    sku_id: int
    number: int
    carton: str
    units_max: int
    recipe: tuple[dict[str, Any], ...]
    made_of: Mapping[str, Any]
    retired: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """`code`: why the version may not be shipped in, empty when it may; `why`: in words."""

    version: Version
    code: str = ""
    why: str = ""

    @property
    def valid(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True)
class Approval:
    """The pack versions of a SKU that may be shipped in; without one, why none."""

    sku_id: int
    valid: tuple[Version, ...]
    code: str = ""
    why: str = ""


def judge(
    version: Version, made_of_now: Mapping[str, Any], tests: Sequence[Test], needs: Collection[str], today: date
) -> Standing:
    """Tell whether a version may be shipped in: not retired, made of what it was made of, and tested.

    needs: kinds of test that the site asks for. A failed test ends what was passed before it.
    """
    if version.retired:
        return Standing(version, "packs.retired", f"version {version.number} is retired")
    for part in sorted({*version.made_of, *made_of_now}):
        if version.made_of.get(part) != made_of_now.get(part):
            what = "is not kept any more" if part not in made_of_now else "has changed"
            return Standing(version, "packs.changed", f"version {version.number}: {part} {what} since the test")
    for kind in sorted(needs):
        found = sorted((t for t in tests if t.kind == kind), key=lambda t: (t.tested_on, not t.passed))
        failed = max((i for i, t in enumerate(found) if not t.passed), default=-1)
        passed = [t for t in found[failed + 1 :] if t.passed]
        live = [t for t in passed if t.expires_on is None or t.expires_on >= today]
        if len(live) < PASSES[kind]:
            return Standing(version, *_short_of(version, kind, failed >= 0, len(passed) - len(live), len(live)))
    return Standing(version)


def _short_of(version: Version, kind: str, failed: bool, expired: int, live: int) -> tuple[str, str]:
    name = {"ista_3a": "ISTA 3A", "compression": "compression"}[kind]
    said = f"version {version.number}: {live} of {PASSES[kind]} {name} tests passed and in date"
    if expired:
        return "packs.test_expired", f"{said}; {expired} expired"
    return ("packs.test_failed", f"{said}; one failed") if failed else ("packs.not_tested", said)


def approval(sku_id: int, standings: Sequence[Standing]) -> Approval:
    """Of all versions of a SKU; the newest one's reason where none is valid."""
    valid = tuple(s.version for s in standings if s.valid)
    if valid:
        return Approval(sku_id, valid)
    newest = max(standings, key=lambda s: (s.code != "packs.retired", s.version.number), default=None)
    if newest is None:
        return Approval(sku_id, (), "packs.no_version", "no pack version on record")
    return Approval(sku_id, (), newest.code, newest.why)


def tags(attributes: Collection[str], hazard: str) -> tuple[str, ...]:
    """By which limits know a SKU: its goods attributes, its UN number, and that it has one."""
    return (*sorted(attributes), *((hazard, "hazard") if hazard else ()))


def check_test(
    kind: str, lab: str, tested_on: date, expires_on: date | None, weight_g: int, sha256: str, today: date
) -> None:
    """Errors: BadTest naming the field."""
    if kind not in PASSES:
        raise BadTest(field="kind", why=f"one of {', '.join(sorted(PASSES))}")
    if not lab.strip():
        raise BadTest(field="lab", why="who tested it?")
    if tested_on > today:
        raise BadTest(field="tested_on", why="lies in the future")
    if expires_on is not None and expires_on <= tested_on:
        raise BadTest(field="expires_on", why="lies before the test")
    if kind == "ista_3a" and not 0 < weight_g <= ISTA_3A_MAX_G:
        raise BadTest(field="weight_g", why=f"ISTA 3A is for packed products of 1 g to {ISTA_3A_MAX_G // 1000} kg")
    if len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef"):
        raise BadTest(field="file_sha256", why="a SHA-256 is 64 hexadecimal digits: send the report, or its hash")

"""Holding a value against its limit: pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from wms.kernel.errors import Refusal

KEEP_DAYS = 7
REMIND = timedelta(hours=1)
"""A point that stays out raises its incident again after this; the same open incident is not doubled."""
TREND = timedelta(hours=2)
ROLES = {
    "supervisor": "supervisor", "finance": "finance", "quality": "supervisor", "planning": "supervisor",
    "shipping": "lead", "customer_side": "supervisor",
}  # fmt: skip
"""Owner of a point to the role that answers its incidents, until a site has people for each."""


class UnknownControl(Refusal):
    """No such control point."""

    code, status = "controls.unknown", 404


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured. `why_not`: why the value, if any, cannot be judged yet."""

    value: float | None
    shown: str
    evidence: dict[str, Any] | list[Any] = field(default_factory=dict)
    why_not: str = ""


def judge(reading: Reading, op: str, limit: float | None) -> str:
    """ok, out or no_data."""
    if reading.why_not or reading.value is None or limit is None:
        return "no_data"
    match op:
        case ">=":
            return "ok" if reading.value >= limit else "out"
        case "<=":
            return "ok" if reading.value <= limit else "out"
        case "<":
            return "ok" if reading.value < limit else "out"
    return "no_data"


def spell_limit(op: str, limit: float | None, unit: str, text: str) -> str:
    """As people read it: "≥ 99.9 %"."""
    if text:
        return text
    if limit is None or not op:
        return "site target"
    sign = "" if op == ">=" and limit == 100 and unit == "%" else {">=": "≥ ", "<=": "≤ ", "<": "< "}[op]
    return f"{sign}{limit:,g} {unit}".strip()


def must_tell(state: str, before: str, told_at: datetime | None, now: datetime) -> bool:
    """Whether an incident is to be raised now: on going out, and now and then while it stays out."""
    return state == "out" and (before != "out" or told_at is None or now - told_at >= REMIND)

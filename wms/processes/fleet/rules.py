"""Which vehicle may drive, and the refusals of transports."""

from datetime import datetime, timedelta

from wms.kernel.errors import Refusal
from wms.kernel.verdict import Verdict

NEXT: dict[str, dict[str, str]] = {
    "waiting": {"drive": "driving", "carry": "done", "give_up": "failed"},
    "driving": {"arrive": "done", "retry": "waiting", "give_up": "failed"},
    "failed": {"carry": "done", "retry": "waiting"},
    "done": {},
}

ATTEMPTS_MAX = 3
STALE_AFTER = timedelta(seconds=75)
"""VDA 5050 vehicles report at least every 30 s; one report may be lost."""


class UnknownTransport(Refusal):
    """No such transport."""

    code, status = "fleet.unknown_transport", 404


class TransportClosed(Refusal):
    """The transport's state does not allow this."""

    code, status = "fleet.transport_closed", 409


def step(state: str, event: str) -> str:
    """Errors: TransportClosed."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise TransportClosed(state=state, event=event) from None


def may_drive(
    connection: str, mode: str, e_stop: str, errors: str, battery_pct: int, seen_at: datetime, now: datetime
) -> Verdict:
    """Why a vehicle is or is not dispatched."""
    reasons = []
    if connection != "ONLINE":
        reasons.append(f"connection {connection or 'unknown'}")
    if mode != "AUTOMATIC":
        reasons.append(f"mode {mode or 'unknown'}")
    if e_stop not in ("", "NONE"):
        reasons.append(f"emergency stop {e_stop}")
    if errors:
        reasons.append(f"errors {errors}")
    if battery_pct < 15:
        reasons.append(f"battery {battery_pct} %")
    if now - seen_at > STALE_AFTER:
        reasons.append(f"not heard of since {seen_at:%H:%M:%S}")
    return Verdict(not reasons, tuple(reasons))

"""When a check piece was measured right, and what follows when not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wms.kernel.errors import Refusal

SHARE = 0.005
"""0.5 % of the reference."""
LEAST_INTERVALS = 200
"""A lighter piece could be off by more than the share and still be within one interval."""
LEAST_MM = 400
FAILURES_TO_LOCK = 2
ABSURD_G = 10**9
ASK_S = 90
"""How long the device may take, the hands that lay the piece on included."""


class UnknownPiece(Refusal):
    """No such check piece."""

    code, status = "calibration.unknown_piece", 404


class PieceUnfit(Refusal):
    """The check piece does not have this measure, is too small for it, or its certificate has run out."""

    code, status = "calibration.piece_unfit", 409


class NotADevice(Refusal):
    """No station has a device of this name for this measure."""

    code, status = "calibration.not_a_device", 404


class CheckOpen(Refusal):
    """A check of this device is under way."""

    code, status = "calibration.check_open", 409


@dataclass(frozen=True, slots=True)
class Judged:
    state: str
    """passed, failed or void."""
    error_pct: float
    allowed_pct: float
    why: str = ""


def check_fit(measure: str, reference: Sequence[int], valid_until: date | None, today: date) -> None:
    """Errors: PieceUnfit."""
    if not all(reference):
        raise PieceUnfit(reason="no_measure", measure=measure)
    if measure == "size" and min(reference) < LEAST_MM:
        raise PieceUnfit(reason="too_small", least=LEAST_MM)
    if valid_until is not None and valid_until < today:
        raise PieceUnfit(reason="expired", valid_until=str(valid_until))


def judge(measure: str, reference: Sequence[int], measured: Sequence[int], interval: int) -> Judged:
    """Each error must stay below max(0.5 % of the reference, one interval); the measure closest to its limit tells.

    reference, measured: [g] or [mm, mm, mm], longest first. A weight piece of fewer than 200 intervals proves nothing.
    """
    if measure == "weight" and reference[0] < LEAST_INTERVALS * interval:
        return Judged("void", 0.0, 0.0, f"{reference[0]} g is less than {LEAST_INTERVALS} intervals of {interval} g")
    worst = max(zip(reference, measured, strict=True), key=lambda rm: abs(rm[1] - rm[0]) / max(SHARE * rm[0], interval))
    allowed = max(SHARE * worst[0], float(interval))
    error = abs(worst[1] - worst[0])
    return Judged("passed" if error < allowed else "failed", 100 * error / worst[0], 100 * allowed / worst[0])


def must_lock(newest_first: Sequence[str]) -> bool:
    """Whether the last judged checks of a device failed often enough in a row."""
    judged = [state for state in newest_first if state in ("passed", "failed")]
    return len(judged) >= FAILURES_TO_LOCK and all(s == "failed" for s in judged[:FAILURES_TO_LOCK])

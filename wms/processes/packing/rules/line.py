"""The pack line: what a scanner read, which lane a parcel takes and why, what the tunnel's result is worth, the bottleneck."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

CARRIER, RECIRCULATE, REJECT = "carrier", "recirculate", "reject"

UNUSABLE = ("no_read", "multi_read", "multiple_objects", "overload", "weight_unstable", "dim_invalid")
"""Flags of a tunnel's result that keep it from being used, the most telling first. The one that is left,
not_legal_for_trade, forbids to bill by it, not to compare."""

UNREAD_ROUND_MAX, UNREAD_WINDOW_S = 3, 180.0
"""So many unread parcels may go round within this time: nobody can count the passes of a parcel that has no name."""

UNSETTLED_MAX = 5
"""So many parcels in a row without a stable weight are the scale's fault, not theirs."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What one scan holds: serials of shipping labels, and everything else."""

    labels: frozenset[str] = frozenset()
    plates: frozenset[str] = frozenset()

    @property
    def any(self) -> bool:
        return bool(self.labels or self.plates)

    def show(self, label: str) -> bool:
        """Whether this label was read: an SSCC, or the number that a carrier gave."""
        return label in self.labels or label.upper() in self.plates


def read(barcode: str) -> Codes:
    """Take a scanner's text apart: several codes are parted by blanks, bars, commas or semicolons.

    An SSCC is 18 digits, or 20 with its application identifier 00, with or without an AIM identifier before it.
    """
    labels, plates = set[str](), set[str]()
    for word in re.split(r"[\s|,;\x1d]+", barcode):
        code = re.sub(r"^\][A-Za-z][0-9]", "", word)
        if found := re.fullmatch(r"(?:00)?(\d{18})", code):
            labels.add(found[1])
        elif code:
            plates.add(code.upper())
    return Codes(frozenset(labels), frozenset(plates))


def problem(flags: Collection[str], locked: bool = False) -> str:
    """Why a tunnel's result cannot be used; empty when it can."""
    if locked:
        return "device_locked"
    return next((flag for flag in UNUSABLE if flag in flags), "")


def deviations_mm(planned: Sequence[int], measured: Sequence[int]) -> list[int]:
    """By how much each side is longer than planned, from the shortest to the longest, however the parcel lies on the belt;
    none where a side was not measured (0)."""
    return [m - p for p, m in zip(sorted(planned), sorted(measured), strict=True)] if all(measured) else []


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the decision must know of the one parcel that was read."""

    state: str
    label: str
    """What its label's barcode says: the carrier's number, or its own SSCC."""
    cancelled: bool
    passes: int
    held: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    takes: str
    """carrier, recirculate or reject."""
    reason: str


def aim(codes: Codes, found: Sequence[Parcel], passes_max: int, unread_round: int, has_lane: bool) -> Aim:
    """Which kind of lane, and why.

    `found`: the parcels that the codes name; `unread_round`: unread parcels sent round within UNREAD_WINDOW_S; `has_lane`:
    there is a lane for the carrier. The label counts only when the scanner has read it on the parcel: that it was printed
    does not say where it stuck.
    """
    if not codes.any:
        return Aim(RECIRCULATE if unread_round < UNREAD_ROUND_MAX else REJECT, "no_read")
    if not found:
        return Aim(REJECT, "unknown_code")
    if len(found) > 1:
        return Aim(REJECT, "two_parcels")
    parcel = found[0]
    if parcel.cancelled or parcel.state == "void":
        return Aim(REJECT, "order_cancelled")
    if codes.labels - {parcel.label}:
        return Aim(REJECT, "wrong_label")
    if parcel.state == "weight_off":
        return Aim(REJECT, "weight_off")
    if codes.show(parcel.label) and parcel.state in ("labelling", "printed", "labelled"):
        return Aim(CARRIER, "labelled") if has_lane else Aim(REJECT, "no_lane")
    reason = {
        "weighing": parcel.held or "not_weighed", "labelling": "label_late", "label_failed": "label_failed",
        "printed": "label_not_seen", "labelled": "label_not_seen", "on_hold": "on_hold",
    }.get(parcel.state, "not_packed")  # fmt: skip
    again = parcel.passes < passes_max and reason != "not_packed"
    return Aim(RECIRCULATE if again else REJECT, reason)


def pace_s(ends: Sequence[datetime]) -> float:
    """Seconds per parcel of a stage while it is fed: the tenth part of its gaps that is shortest. 0 below 5 parcels."""
    gaps = sorted((b - a).total_seconds() for a, b in pairwise(ends))
    return gaps[len(gaps) // 10] if len(gaps) >= 4 else 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage within the window: parcels done, seconds per parcel while fed, parcels that wait now and the oldest's wait."""

    name: str
    """weigh; label, until it is printed; sort, from there on: put on, scanned and sorted."""
    done: int
    pace_s: float
    waiting: int
    oldest_s: float
    window_s: float

    @property
    def busy(self) -> float:
        """Share of the window that it had work."""
        return min(1.0, self.done * self.pace_s / self.window_s) if self.window_s else 0.0


WAITS_S, WAITS_LEAST, BUSY_LEAST = 30.0, 3, 0.85


@dataclass(frozen=True, slots=True)
class Bottleneck:
    stage: str
    """Empty: the line waits for parcels."""
    why: str
    """alarm, waits, busy or none."""


def bottleneck(stages: Sequence[Stage], alarms: Collection[str]) -> Bottleneck:
    """The stage that holds the line up: one that stands, the last before which parcels wait, or the busiest near its limit.

    `stages`: in the order of the belt.
    """
    if alarms:
        return Bottleneck("sort", "alarm")
    waits = [s for s in stages if s.waiting >= WAITS_LEAST and s.oldest_s >= WAITS_S]
    if waits:
        return Bottleneck(waits[-1].name, "waits")  # the last: what stands there backs up to the infeed
    busiest = max(stages, key=lambda s: s.busy, default=None)
    if busiest is not None and busiest.busy >= BUSY_LEAST:
        return Bottleneck(busiest.name, "busy")
    return Bottleneck("", "none")


def faults_of(lanes: dict[int, str], benches: Sequence[str]) -> str:
    """Why a line of these lanes and benches cannot work; empty when it can."""
    for takes in (REJECT, RECIRCULATE):
        if takes not in lanes.values():
            return f"no lane takes {takes}"
    if not set(lanes.values()) - {REJECT, RECIRCULATE}:
        return "no lane takes a carrier"
    return "" if benches else "no bench feeds it"


MENDS: dict[str, str] = {
    "no_read": "clean the scanner's window and check the plates: nothing was read",
    "unknown_code": "its code is not known here: look for its plate, or open it at a bench",
    "two_parcels": "codes of two parcels are on it: take one off, or relabel both",
    "wrong_label": "another label than its own is on it: take it off and relabel at a bench",
    "order_cancelled": "its order was cancelled: put the goods back",
    "weight_off": "open it and check the pieces",
    "no_lane": "no lane takes its carrier: give the carrier a lane",
    "not_weighed": "it passed the tunnel unread: check that its plate lies on top",
    "multi_read": "two codes were read in the tunnel: take strange barcodes off the carton",
    "multiple_objects": "two parcels touched in the tunnel: keep the gap at the infeed",
    "overload": "it is heavier than the tunnel may weigh: weigh it at a bench",
    "weight_unstable": "the tunnel's scale did not settle: clean the weighing belt, check the gap and the speed, then put it on again",
    "dim_invalid": "the tunnel could not measure it: lay it flat and put it on again",
    "device_locked": "the tunnel failed its check and is locked: weigh at a bench until it passes",
    "label_late": "the printer did not keep up: look after the applicator, then label it at a bench",
    "label_failed": "no label came out: look after the applicator, then label it at a bench",
    "label_not_seen": "its label was printed and is not on it: look on the applicator, then label it at a bench",
    "on_hold": "its order is held: see why on the order, and label it at a bench once it is free",
    "not_packed": "it is not closed at a bench yet",
}
"""Reason to what mends it."""

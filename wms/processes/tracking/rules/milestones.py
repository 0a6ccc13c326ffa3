"""What carriers' scans mean: milestones, and where a parcel stands by all that is known of it.

`judge` reads a set of scans. It does not matter in which order they came, or how often.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

MILESTONES = (
    "first_scan", "export", "import", "customs_hold", "out_for_delivery", "damaged", "lost", "returned", "delivered",
)  # fmt: skip
"""In the order in which two of the same moment are taken to have happened."""
RANK = {name: n for n, name in enumerate(MILESTONES)}
WAY = ("departed", "first_scan", "export", "import", "out_for_delivery", "delivered")
"""The usual way; gaps are learned between these."""

CODES: Mapping[str, str] = {
    "accepted": "first_scan", "in_transit": "", "export": "export", "import": "import", "customs_hold": "customs_hold",
    "customs_released": "", "out_for_delivery": "out_for_delivery", "delivered": "delivered", "exception": "", "lost": "lost",
    "returned": "returned", "damaged": "damaged",
}  # fmt: skip
"""A carrier's code to the milestone that it reaches; '' for a scan that reaches none."""
UNSEEN = frozenset({"lost", "exception"})
"""Codes that say nothing of the parcel having been in somebody's hands."""
ENDED = ("delivered", "returned", "damaged")


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """One scan. Ordered by when it happened, then by its milestone's rank and its words."""

    at: datetime
    rank: int
    code: str
    place: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a parcel stands. `state`: under_way, delivered, returned, damaged or lost."""

    state: str = "under_way"
    milestone: str = "departed"
    """The last reached; of a lost parcel the last before."""
    reached_at: datetime | None = None
    """When it was reached; None: nothing but its departure is known."""
    first_scan_at: datetime | None = None
    last_at: datetime | None = None
    held_at: datetime | None = None
    """Since when customs holds it; None: it does not."""
    asks: str = ""
    lost_at: datetime | None = None
    ended_at: datetime | None = None
    reached: Mapping[str, datetime] = field(default_factory=dict)
    """Milestone to the first time that it was reached."""


def seen(at: datetime, code: str, place: str = "", text: str = "") -> Seen:
    return Seen(at, RANK.get(CODES.get(code, ""), -1), code, place, text)


def judge(scans: Iterable[Seen]) -> Standing:
    """Where a parcel stands by its scans; any order and repetition of the same scans gives the same."""
    told = sorted(set(scans))
    if not told:
        return Standing()
    reached = _reached(told)
    physical = [s for s in told if s.code not in UNSEEN]
    held = _held(told)
    end = max((s for s in told if CODES.get(s.code) in ENDED), default=None)
    lost = max((s for s in told if s.code == "lost"), default=None)
    if lost is not None and any(s.at > lost.at for s in physical):
        lost = None  # seen again: it was found
    on_way = {m: at for m, at in reached.items() if m in WAY}
    milestone = max(on_way, key=lambda m: (on_way[m], RANK[m]), default="departed")
    state = "under_way"
    if end is not None:
        state = milestone = CODES[end.code]
    elif lost is not None:
        state = "lost"
    elif held is not None:
        milestone = "customs_hold"
    return Standing(
        state=state, milestone=milestone, reached_at=reached.get(milestone), first_scan_at=reached.get("first_scan"),
        last_at=physical[-1].at if physical else None, held_at=held.at if held and state == "under_way" else None,
        asks=held.text if held and state == "under_way" else "", lost_at=lost.at if state == "lost" and lost else None,
        ended_at=end.at if end else None, reached=reached,
    )  # fmt: skip


def _reached(told: Sequence[Seen]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for s in told:
        if s.code not in UNSEEN:
            found.setdefault("first_scan", s.at)  # whoever held it has scanned it, whatever the scan is called
        if name := CODES.get(s.code, ""):
            found.setdefault(name, s.at)
    return found


def _held(told: Sequence[Seen]) -> Seen | None:
    """The hold that nothing has ended: released, or seen on its way or at an end later."""
    holds = [s for s in told if s.code == "customs_hold"]
    if not holds:
        return None
    over = ("customs_released", "out_for_delivery", "delivered", "returned")
    last = max(holds)
    if any(s.code in over and s.at >= last.at for s in told):
        return None
    since = max((s.at for s in told if s.code in over), default=None)
    return min(h for h in holds if since is None or h.at > since)


def to_tell(reached: Mapping[str, datetime], told: Mapping[str, datetime]) -> list[tuple[str, datetime]]:
    """Milestones that the host has to hear now, in order. One that lies behind what was told already is never told."""
    latest = max(((at, RANK[m]) for m, at in told.items()), default=None)
    fresh = sorted((at, RANK[m], m) for m, at in reached.items() if m not in told)
    return [(m, at) for at, rank, m in fresh if latest is None or (at, rank) > latest]


def gaps(departed_at: datetime, reached: Mapping[str, datetime]) -> dict[str, int]:
    """Minutes from a milestone of the way to the next that was reached, by the first of the two."""
    steps = [("departed", departed_at)] + [(m, reached[m]) for m in WAY[1:] if m in reached]
    found = {}
    for (before, a), (_, b) in pairwise(steps):
        if b >= a:
            found[before] = int((b - a).total_seconds() // 60)
    return found

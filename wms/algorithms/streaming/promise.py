"""Will an order make its truck: the time that is left against the time it still takes, and what takes it.

The stages' times are the site's own medians, the wait in the queue is Little's law (orders before it over the rate at
which orders leave). Source: Little, "A proof for the queuing formula L = lambda W", Operations Research 9(3), 1961.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

TIGHT = 0.25
"""Of the remaining time: less slack than this share is tight."""
TIGHT_MIN_S = 300.0
PICK_S, PACK_S, HANDOVER_S = 900.0, 600.0, 300.0
"""Until the site has measured its own."""
RATE_PER_H = 60.0

STAGES = ("wait", "pick", "pack", "handover")
AT_STAGE = {
    "accepted": 0, "backordered": 0, "released": 1, "picking": 1, "picked": 2, "packed": 2, "labelled": 3, "loaded": 3,
}  # fmt: skip
"""Order state to the first stage that it has not finished."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the floor works just now. A figure that nobody measured yet is 0 and its default stands in."""

    per_h: float = 0.0
    """Orders that leave picking in an hour."""
    pick_s: float = 0.0
    pack_s: float = 0.0

    @property
    def rate_per_h(self) -> float:
        return self.per_h or RATE_PER_H

    def stage_s(self, stage: str) -> float:
        return {"pick": self.pick_s or PICK_S, "pack": self.pack_s or PACK_S, "handover": HANDOVER_S}[stage]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the answer; `code` names the sentence, the numbers fill it."""

    code: str
    """ahead, wait, pick, pack, handover, stock, late_already."""
    seconds: float
    count: int = 0


@dataclass(frozen=True, slots=True)
class Promise:
    verdict: str
    """makes, tight, misses, or gone (has left)."""
    left_s: float
    """Until the cut-off, below 0 when it has passed."""
    needs_s: float
    slack_s: float
    reasons: tuple[Reason, ...]
    """What takes the time, the longest first."""


def promise(state: str, since_s: float, left_s: float, ahead: int, pace: Pace) -> Promise:
    """The verdict for an order in `state` for `since_s` seconds, with `ahead` orders before it and `left_s` to its cut-off.

    The stage that it is in counts at least a fifth of its time: what has taken longer than usual is not nearly done.
    """
    if state in ("shipped", "cancelled"):
        return Promise("gone", left_s, 0.0, left_s, ())
    at = AT_STAGE[state]
    reasons = []
    if state == "backordered":
        reasons.append(Reason("stock", math.inf))
    elif at == 0 and ahead:
        reasons.append(Reason("ahead", 3_600 * ahead / pace.rate_per_h, ahead))
    for i, stage in enumerate(STAGES[1:], 1):
        if i < at:
            continue
        whole = pace.stage_s(stage)
        reasons.append(Reason(stage, max(whole - since_s, whole / 5) if i == at else whole))
    needs_s = sum(r.seconds for r in reasons)
    slack_s = left_s - needs_s
    if left_s < 0:
        reasons.append(Reason("late_already", -left_s))
    verdict = "misses" if slack_s < 0 else "tight" if slack_s < max(TIGHT_MIN_S, TIGHT * left_s) else "makes"
    return Promise(verdict, left_s, needs_s, slack_s, tuple(sorted(reasons, key=lambda r: -r.seconds)))


@dataclass(frozen=True, slots=True)
class Job:
    key: int
    work_s: float
    due_s: float
    """From now."""


def most_on_time(jobs: Sequence[Job], hands: int) -> tuple[list[int], list[int]]:
    """When hands are short: keys of the jobs to do, earliest due first, and of those that would be late whatever is done.

    The greatest number of jobs on time for a crew that works as one. Source: Moore, "An n job, one machine sequencing
    algorithm for minimizing the number of late jobs", Management Science 15(1), 1968 (Hodgson's form of the proof).
    """
    on_time: list[tuple[float, int]] = []
    late: list[int] = []
    clock = 0.0
    for job in sorted(jobs, key=lambda j: (j.due_s, j.key)):
        share = job.work_s / max(hands, 1)
        heapq.heappush(on_time, (-share, job.key))
        clock += share
        if clock > job.due_s + 1e-9:
            longest, key = heapq.heappop(on_time)
            clock += longest
            late.append(key)
    kept = {key for _, key in on_time}
    return [j.key for j in sorted(jobs, key=lambda j: (j.due_s, j.key)) if j.key in kept], late

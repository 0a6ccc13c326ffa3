"""How many people each hour needs so that all work with a due time is done by then.

The work of each due time may be done in any hour before it; the least crew that meets every due time is the steepest of
the cumulative demands, in whole people, who begin at once and are done early rather than late. Source: the fluid bound of Hochbaum and
Shamir, "Strongly polynomial algorithms for the high multiplicity scheduling problem", Operations Research 39(4), 1991;
for one machine it is exact (earliest due date first).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

UTILISATION = 0.85
"""Of an hour: the rest is breaks and waiting."""


@dataclass(frozen=True, slots=True)
class Work:
    due_h: float
    """Hours from now; below 0: late already."""
    hours: float
    """Of one person."""


@dataclass(frozen=True, slots=True)
class Hour:
    start_h: float
    people: int
    hours: float
    """Work planned into it."""


def staff(work: Sequence[Work], *, horizon_h: int = 12, utilisation: float = UTILISATION) -> list[Hour]:
    """People for each of the next `horizon_h` hours, each as few and as level as the due times allow.

    Late work is due within the first hour. utilisation: share of an hour that a person works (breaks, waiting).
    """
    due: dict[int, float] = {}
    for w in work:
        slot = min(horizon_h, max(1, math.floor(w.due_h)))
        due[slot] = due.get(slot, 0.0) + w.hours / utilisation
    plan: list[Hour] = []
    left = dict(due)
    for start in range(horizon_h):
        # What must be done per hour from here on so that the worst of the due times is met.
        so_far, rate = 0.0, 0.0
        for slot in sorted(left):
            so_far += left[slot]
            rate = max(rate, so_far / (slot - start))
        people = math.ceil(rate - 1e-9)
        rest = float(people)
        for slot in sorted(left):
            take = min(left[slot], rest)
            left[slot], rest = left[slot] - take, rest - take
        left = {slot: hours for slot, hours in left.items() if hours > 1e-9}
        done = people - rest
        plan.append(Hour(float(start), math.ceil(done - 1e-9), done * utilisation))
    return plan

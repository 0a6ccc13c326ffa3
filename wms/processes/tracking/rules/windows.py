"""How long a parcel may be quiet: stated by its service's days, corrected by what was seen. Minutes throughout.

A gap is the time from one milestone of the way to the next. Its limit is the 95th percentile, shrunk towards the stated one:
(n × observed + k × stated) ÷ (n + k), as the transit windows of shipping are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wms.processes.tracking.rules.milestones import WAY

WEIGHT_OF_STATED = 20
"""The stated gap counts as so many observations."""
DAY = 1440
FIRST_SCAN = DAY
"""A carrier that has not scanned a parcel a day after it was handed over is asked (issue 6: reconciled within 24 h)."""
SHARES = {"departed": 0, "first_scan": 25, "export": 35, "import": 25, "out_for_delivery": 15}
"""Percent of the service's days that each gap is taken to need, until something was seen."""
UNKNOWN_DAYS = (50, 120, 300)
"""Tenths of a day [p10, p50, p90] where a service states none."""
HELD = 5 * DAY
"""How long customs may hold a parcel before it counts as stalled."""


@dataclass(frozen=True, slots=True)
class Gap:
    """`typical`: the median; `limit`: longer is stalled. `seen`: how many it was learned from."""

    typical: int
    limit: int
    seen: int = 0


def stated(days: Sequence[int]) -> dict[str, Gap]:
    """Gaps by the service's days (tenths: [p10, p50, p90]); a limit is never under a day."""
    _, mid, high = days if len(days) == 3 else UNKNOWN_DAYS
    first = Gap(FIRST_SCAN // 2, FIRST_SCAN)
    return {"departed": first} | {
        m: Gap(mid * 144 * share // 100, max(high * 144 * share // 100, DAY)) for m, share in SHARES.items() if share
    }


def observe(minutes: Sequence[int]) -> tuple[int, int, int]:
    """(how many, p50, p95) of gaps that were seen."""
    ordered = sorted(minutes)
    return len(ordered), quantile(ordered, 50), quantile(ordered, 95)


def learned(said: Gap, n: int, mid: int, high: int, *, fixed_limit: bool = False) -> Gap:
    """The gap corrected by what `observe` gave. `fixed_limit`: only what is typical is learned."""
    k = WEIGHT_OF_STATED
    typical = (n * mid + k * said.typical) // (n + k)
    limit = (n * high + k * said.limit) // (n + k)
    return Gap(typical, said.limit if fixed_limit else max(limit, typical, DAY), n)


def quantile(ordered: Sequence[int], percent: int) -> int:
    """By linear interpolation between order statistics (Hyndman and Fan, type 7), rounded down."""
    i, rest = divmod((len(ordered) - 1) * percent, 100)
    return ordered[i] + (((ordered[i + 1] - ordered[i]) * rest) // 100 if rest else 0)


@dataclass(frozen=True, slots=True)
class Way:
    """Minutes from the last milestone to delivery. `usual` by medians, of which `rest` after the next milestone; `most` by limits."""

    usual: int
    rest: int
    most: int


def way(gaps: Mapping[str, Gap], milestone: str) -> Way:
    """What lies before a parcel that has just reached `milestone`; one off the usual way is taken to be at import."""
    at = WAY.index(milestone) if milestone in WAY else WAY.index("import")
    left = [gaps[m] for m in WAY[at:-1]]
    return Way(sum(g.typical for g in left), sum(g.typical for g in left[1:]), sum(g.limit for g in left))

"""How much is counted, what a count says, who may decide: pure."""

import hashlib
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "open": {"approve": "approved", "post": "automatic", "reject": "rejected"},
    "approved": {},
    "automatic": {},
    "rejected": {},
}
"""Variance states; a count task's own states are work's."""

KIND = "count"
PRIORITY, PRIORITY_SHORT, PRIORITY_FOUND, PRIORITY_RECOUNT = 6, 2, 3, 3
IN_RATE = frozenset({"plan"})
"""Origins that are a random sample; a count after a short pick or a find is not one."""
ROUNDS_MAX = 3
COUNT_MAX = 1_000_000
RATE_DAYS, RATE_UNITS, RATE_LIMIT_PCT = 5, 3000, 0.3
Z_95 = 1.645


class WrongLocation(Refusal):
    """Scanned location is not the one to count."""

    code, status = "counting.wrong_location", 409


class WrongSku(Refusal):
    """Scanned goods are not the ones to count here."""

    code, status = "counting.wrong_sku", 409


class BadCount(Refusal):
    """A count is a whole number from 0 to a million."""

    code, status = "counting.bad_count", 422


class BadTime(Refusal):
    """The time of the scan cannot be read."""

    code, status = "counting.bad_time", 422


class SameCounter(Refusal):
    """A recount is another person's work."""

    code, status = "counting.same_counter", 409


class NotACount(Refusal):
    """This task is no count."""

    code, status = "counting.not_a_count", 409


class NotFoundHere(Refusal):
    """These goods are the ones that the card asks for, or are already being counted here."""

    code, status = "counting.already_asked", 409


class UnknownVariance(Refusal):
    """No such variance."""

    code, status = "counting.unknown_variance", 404


class AlreadyDecided(Refusal):
    """The variance is already decided."""

    code, status = "counting.already_decided", 409


class FourEyes(Refusal):
    """Who counted may not decide on the difference."""

    code, status = "counting.four_eyes", 403


class ReasonMissing(Refusal):
    """Say why."""

    code, status = "counting.reason_missing", 422


class StillPromised(Refusal):
    """Missing pieces are still promised to orders or held by another status; wait until they are shorted or freed."""

    code, status, retry_helps = "counting.still_promised", 409, True


class SerialsNeeded(Refusal):
    """Goods kept by serial number are counted by scanning every serial; this difference does not say which. Count again."""

    code, status = "counting.serials_needed", 409


class SerialElsewhere(Refusal):
    """A serial that was found here is held by the book where it cannot be taken from; count there, or see what holds it."""

    code, status = "counting.serial_elsewhere", 409


@dataclass(frozen=True, slots=True)
class Difference:
    """What a count found more than the book; with goods known by serials, which are missing and which are extra."""

    each: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def within(self, tolerance_each: int) -> bool:
        """Of a serial there is no tolerance."""
        return abs(self.each) <= tolerance_each and not self.missing and not self.extra


def compare(scanned: Collection[str], book: Collection[str]) -> Difference:
    found, known = set(scanned), set(book)
    return Difference(len(found) - len(known), tuple(sorted(known - found)), tuple(sorted(found - known)))


def step(state: str, event: str) -> str:
    """Errors: AlreadyDecided."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise AlreadyDecided(state=state) from None


def check_count(counted_each: int) -> None:
    """Errors: BadCount."""
    if not 0 <= counted_each <= COUNT_MAX:
        raise BadCount(counted_each=counted_each)


def scan_time(said: str, opened_at: datetime, now: datetime) -> datetime:
    """When the shelf was counted, by the device's clock; a clock gone wrong is held between opening and now.

    Errors: BadTime.
    """
    if not said:
        return now
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise BadTime(scanned_at=said[:40]) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at, opened_at), now)


def judge(found: Difference, tolerance_each: int, round_: int, before: Difference | None) -> str:
    """agreed, recount, or variance.

    A difference is confirmed by a second count that finds the same one, or by the third count whatever it finds.
    """
    if found.within(tolerance_each):
        return "agreed"
    if round_ >= ROUNDS_MAX or found == before:
        return "variance"
    return "recount"


def site_day(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The site's calendar day around `now`, as UTC times [start, end)."""
    today = now.astimezone(zone).date()
    start = datetime.combine(today, time(), zone)
    end = datetime.combine(today + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def rate_start(now: datetime, zone: ZoneInfo, days: int = RATE_DAYS) -> datetime:
    """Start of the earliest of the last `days` working days (Monday to Friday), today's included."""
    day, left = now.astimezone(zone).date(), days
    while True:
        left -= day.weekday() < 5
        if left <= 0:
            return datetime.combine(day, time(), zone).astimezone(UTC)
        day -= timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Position:
    """A location with a SKU in it, or with nothing (`sku_id` 0)."""

    place_id: int
    sku_id: int
    key_category: bool
    last_counted: datetime | None
    walk: tuple[str, int, str] = ("", 0, "")
    """(aisle, y_mm, code): where it lies on the way."""


def choose(
    positions: Sequence[Position], busy: Collection[tuple[int, int]], day: tuple[datetime, datetime], share_pct: int, seed: int
) -> list[Position]:  # fmt: skip
    """The positions to open now, so that with today's counts and open tasks the day's share is reached.

    Every key category position is due every day. The rest: least recently counted first, ties by a seeded draw that
    differs each day, so that nobody can know what will be counted. `busy`: positions with an open count or variance.
    """
    wanted = math.ceil(len(positions) * share_pct / 100)
    done = {(p.place_id, p.sku_id) for p in positions if p.last_counted is not None and p.last_counted >= day[0]}
    free = [p for p in positions if (p.place_id, p.sku_id) not in busy and (p.place_id, p.sku_id) not in done]
    chosen = [p for p in free if p.key_category]
    known = {(p.place_id, p.sku_id) for p in positions}
    missing = wanted - len(done | (set(busy) & known)) - len(chosen)
    if missing > 0:
        chosen += draw([p for p in free if not p.key_category], missing, day[0], seed)
    return sorted(chosen, key=lambda p: (p.walk[0], p.walk[1] * _heading(p.walk[0]), p.walk[2], p.sku_id))


def draw(positions: Iterable[Position], n: int, day: datetime, seed: int) -> list[Position]:
    """The `n` least recently counted, ties by lot."""
    never = datetime.min.replace(tzinfo=UTC)

    def lot(p: Position) -> str:
        return hashlib.sha256(f"{seed}:{day.date()}:{p.place_id}:{p.sku_id}".encode()).hexdigest()

    return sorted(positions, key=lambda p: (p.last_counted or never, lot(p)))[:n]


def _heading(aisle: str) -> int:
    """Up one aisle, down the next."""
    return 1 if sum(map(ord, aisle)) % 2 else -1


@dataclass(frozen=True, slots=True)
class Rate:
    """Of confirmed counts. Shares in percent; None where there is no book to divide by."""

    counts: int
    book_each: int
    gross_each: int
    net_each: int
    accurate_pct: float | None
    rate_pct: float | None
    lower_pct: float | None
    """Lower 95 % bound: above the limit means that chance does not explain it."""


def variance_rate(counts: Sequence[tuple[int, int]]) -> Rate:
    """From (counted, book) of confirmed counts.

    The rate is a ratio of sums, so a book of zero adds its difference and never divides; its bound takes positions as
    the sample. Source: Cochran, Sampling Techniques, 3rd ed., section 6.3 (variance of a ratio estimate).
    """
    n, book = len(counts), sum(b for _, b in counts)
    gross, net = sum(abs(c - b) for c, b in counts), sum(c - b for c, b in counts)
    accurate = 100 * sum(c == b for c, b in counts) / n if n else None
    if not book:
        return Rate(n, book, gross, net, accurate, None, None)
    ratio = gross / book
    lower = None
    if n > 1:
        spread = sum((abs(c - b) - ratio * b) ** 2 for c, b in counts)
        lower = 100 * max(0.0, ratio - Z_95 * math.sqrt(n / (n - 1) * spread) / book)
    return Rate(n, book, gross, net, accurate, 100 * ratio, lower)


def may_post_itself(book_each: int, value_delta_cents: int, auto_below_cents: int) -> bool:
    """Small differences need no finance, where the site says so; goods without book or without a value always do."""
    return book_each > 0 and 0 < abs(value_delta_cents) < auto_below_cents

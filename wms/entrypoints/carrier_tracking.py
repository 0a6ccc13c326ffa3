"""Asks carriers after parcels, and tells them what is on its way to them. One request a parcel, asked again with growing pauses.

A parcel that is told anything new of is asked after soon again; one that is quiet, ever less often. It ends when the carrier says that
it was delivered or returned, or after its last day.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wms.events.tracking import ScansRead
from wms.kernel.carrier import Carrier, CarrierRefused, Scan

KINDS = ("track", "manifest")
FIRST_S, MOST_S = 900.0, 6 * 3600.0
"""Pauses between askings where the account says nothing else (`track_first_s`, `track_most_s`)."""
TRY_AGAIN_S = 60.0
REFUSED_MOST = 5
"""Askings that a carrier refuses in a row before nobody asks any more."""
ENDED = frozenset({"delivered", "returned"})


@dataclass(frozen=True, slots=True)
class Followed:
    """What comes of one asking: `payload` is kept for the next, None when there is none."""

    payload: dict[str, Any] | None
    pause_s: float = 0.0
    event: ScansRead | None = None


async def carry_out(carrier: Carrier | None, row: Any, now: datetime) -> Followed:
    """One request, to its end or to its next try. Errors: what the adapter raises, of which nothing has come."""
    if carrier is None:
        return Followed(dict(row.payload), MOST_S)  # the account may be set up again
    if row.kind == "manifest":
        with suppress(CarrierRefused):  # said no for good; its parcels are asked after all the same
            await carrier.manifest(row.payload["trackings"])
        return Followed(None)
    return await _track(carrier, row, now)


async def _track(carrier: Carrier, row: Any, now: datetime) -> Followed:
    told = dict(row.payload)
    if now > datetime.fromisoformat(told["until"]):
        return Followed(None)
    first, most = pauses(carrier)
    try:
        scans = await carrier.track(told["tracking"])
    except CarrierRefused:
        refused = int(told.get("refused", 0)) + 1
        return Followed({**told, "refused": refused} if refused < REFUSED_MOST else None, most)
    said = [{"at": s.at, "code": s.code, "place": s.place, "text": s.text} for s in scans]
    seen = _digest(scans)
    quiet = int(told["quiet"]) + 1 if seen == told["digest"] else 0
    event = None
    if seen != told["digest"] and said:
        event = ScansRead(parcel_id=UUID(told["parcel_id"]), account=row.target, tracking=told["tracking"], scans=said)
    done = Followed(
        {**told, "digest": seen, "quiet": quiet, "refused": 0}, min(first * 2 ** min(quiet, 12), most), event
    )
    return replace(done, payload=None) if scans and scans[-1].code in ENDED else done


def pauses(carrier: Carrier) -> tuple[float, float]:
    """(after something new, at most) in seconds."""
    return float(getattr(carrier, "track_first_s", FIRST_S)), float(getattr(carrier, "track_most_s", MOST_S))


def later(row: Any, now: datetime) -> dict[str, Any]:
    """When to try again what did not come to an answer."""
    pause = min(TRY_AGAIN_S * 2 ** min(max(row.attempts - 1, 0), 8), MOST_S)
    return {"id": row.id, "next_at": now + timedelta(seconds=pause)}


def _digest(scans: Sequence[Scan]) -> str:
    """The same for the same scans in any order, in any process."""
    lines = sorted(f"{s.at}|{s.code}|{s.place}|{s.text}" for s in scans)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

"""How full the cartons are that leave, against the site's own first month."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from wms.db.uow import UnitOfWork
from wms.processes.controls.queries import Reading

MONTH = timedelta(days=30)
NEWEST = 20_000
"""Parcels of a window, the newest: more change nothing, and the board is read every minute."""

_FILL = text("""
    SELECT x.carton, count(*)::int AS parcels, sum(x.used)::float8 AS used,
           sum(c.inner_length_mm::float8 * c.inner_width_mm * c.inner_height_mm) AS room
    FROM (
      SELECT p.carton, (
        SELECT sum(s.length_mm::bigint * s.width_mm * s.height_mm * CAST(i.value AS int))
        FROM jsonb_each_text(p.items) i JOIN sku s ON s.id = CAST(i.key AS int)) AS used
      FROM parcel p WHERE p.labelled_at >= :since AND p.labelled_at < :until AND p.state = 'labelled'
      ORDER BY p.labelled_at DESC LIMIT :newest) x
    JOIN carton c ON c.code = x.carton AND NOT c.bag GROUP BY x.carton ORDER BY x.carton""")
_FIRST = text("""
    SELECT min(p.labelled_at) FROM parcel p JOIN carton c ON c.code = p.carton AND NOT c.bag WHERE p.state = 'labelled'""")


async def carton_fill(uow: UnitOfWork) -> Reading:
    """Used volume ÷ inner volume of the cartons labelled in a month, in per cent above the same of the site's first month.

    Bags, which are as large as what is in them, and goods in their own container do not count.
    Judged once the month after the first one is over; until then the share itself stands in the evidence.
    """
    first = await uow.session.scalar(_FIRST)
    if first is None:
        return Reading(None, "–", why_not="no carton has left yet")
    now = await _window(uow, uow.now - MONTH, uow.now + timedelta(seconds=1))
    if now["share"] is None:
        return Reading(None, "–", now, why_not="no carton left in 30 days")
    over = first + 2 * MONTH
    if uow.now < over:
        shown = f"{100 * now['share']:.1f} % full"
        return Reading(
            None, shown, now, f"the baseline is the month from {first:%Y-%m-%d}; comparable from {over:%Y-%m-%d}"
        )
    baseline = await _window(uow, first, first + MONTH)
    change = 100 * (now["share"] / baseline["share"] - 1)
    return Reading(
        change, f"{change:+.1f} %", {**now, "baseline": baseline["share"], "baseline_parcels": baseline["parcels"]}
    )


async def _window(uow: UnitOfWork, since: datetime, until: datetime) -> dict[str, Any]:
    rows = list(await uow.session.execute(_FILL, {"since": since, "until": until, "newest": NEWEST}))
    room = sum(r.room for r in rows)
    cartons = [
        {"carton": r.carton, "parcels": r.parcels, "fill": round(r.used / r.room, 4)}
        for r in sorted(rows, key=lambda r: r.used - r.room)  # where most room is lost comes first
    ]
    return {
        "share": round(sum(r.used for r in rows) / room, 4) if room else None, "parcels": sum(r.parcels for r in rows),
        "cartons": cartons,
    }  # fmt: skip

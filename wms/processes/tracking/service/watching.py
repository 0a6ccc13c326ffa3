"""Looked after without being told: parcels that nobody scanned, that stand still, that come too late, that are lost."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.processes.tracking.rules import windows
from wms.processes.tracking.service import claiming, departing, standing
from wms.processes.tracking.tables import TrackParcel, TrackWindow

BATCH = 500
NOTICE = timedelta(hours=48)
"""A customer is told this long before a promise is missed (control point delay-notice)."""
LOOK_AHEAD = timedelta(hours=72)
"""From here on a promise is judged by how long each gap may take, not by how long it usually takes: no later look would be in time."""
ENQUIRY_H, UNSCANNED_H = 24.0, 4.0
LEARN_FROM = 1000
NAMED = 20


async def watch(uow: UnitOfWork) -> None:
    """Tick: everything whose time has come, in batches; the rest waits for the next round."""
    await _unscanned(uow)
    await _stalled(uow)
    await _lost(uow)
    await _late(uow)


async def _unscanned(uow: UnitOfWork) -> None:
    """Handed over, and not scanned in a day: one incident for each bag, with manifest and seal."""
    rows = list(await uow.session.scalars(
        select(TrackParcel).where(
            TrackParcel.state == "under_way", TrackParcel.due_at < uow.now, TrackParcel.watched, TrackParcel.milestone == "departed",
            TrackParcel.stalled_at.is_(None),
        ).order_by(TrackParcel.parcel_id).limit(BATCH).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ))  # fmt: skip
    by: dict[tuple[UUID, str], list[TrackParcel]] = {}
    for p in rows:
        p.stalled_at = uow.now
        by.setdefault((p.manifest_id, p.bag), []).append(p)
    for (manifest_id, bag), some in by.items():
        one = some[0]
        uow.emit(IncidentDetected(
            kind="tracking.unscanned", key=f"unscanned:{manifest_id}:{bag}", owner="lead", due_h=UNSCANNED_H,
            subject=f"{one.carrier}: {len(some)} handed over and not scanned in 24 h, bag {bag or '–'}, seal {one.seal or '–'}",
            detail={"carrier": one.carrier, "manifest": str(manifest_id), "bag": bag or "–", "seal": one.seal or "–", "parcels": len(some),
                    "tracking": ", ".join(p.tracking for p in some[:NAMED]), "departed_at": one.departed_at.isoformat(timespec="minutes")},
        ))  # fmt: skip


async def _stalled(uow: UnitOfWork) -> None:
    """Scanned once, and quiet for longer than its service usually is: an enquiry."""
    rows = await uow.session.scalars(
        select(TrackParcel).where(
            TrackParcel.state == "under_way", TrackParcel.due_at < uow.now, TrackParcel.watched, TrackParcel.milestone != "departed",
            TrackParcel.stalled_at.is_(None),
        ).order_by(TrackParcel.parcel_id).limit(BATCH).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )  # fmt: skip
    for p in rows:
        p.stalled_at = uow.now
        uow.emit(IncidentDetected(
            kind="tracking.stalled", key=f"stalled:{p.parcel_id}", owner="lead", due_h=ENQUIRY_H,
            subject=f"{p.ref}: {p.tracking} has stood at {p.milestone} since {await uow.site_time(p.reached_at):%Y-%m-%d %H:%M}: ask {p.carrier}",
            detail={"order": p.ref, "tracking": p.tracking, "carrier": p.carrier, "milestone": p.milestone,
                    "since": p.reached_at.isoformat(timespec="minutes"), "service": p.service, "country": p.country},
        ))  # fmt: skip


async def _lost(uow: UnitOfWork) -> None:
    """Its window is over: taken for lost, as of then, and claimed. What customs holds is not lost."""
    rows = await uow.session.scalars(
        select(TrackParcel).where(
            TrackParcel.state == "under_way", TrackParcel.lost_due_at < uow.now, TrackParcel.watched, TrackParcel.held_at.is_(None),
        ).order_by(TrackParcel.parcel_id).limit(BATCH).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )  # fmt: skip
    for p in rows:
        p.state, p.lost_at, p.presumed = "lost", p.lost_due_at, True
        p.stalled_at = p.stalled_at or uow.now
        if "lost" not in p.host_told:
            standing.tell_milestone(uow, p, "lost", p.lost_due_at, presumed=True)
        await claiming.open_for(uow, p, "lost")


async def _late(uow: UnitOfWork) -> None:
    """A promise that will be missed is told 48 hours before, once."""
    slid = func.greatest(TrackParcel.expected_at, uow.now + TrackParcel.rest_min * timedelta(minutes=1))
    rows = await uow.session.scalars(
        select(TrackParcel).where(
            TrackParcel.state.in_(("under_way", "lost")), TrackParcel.promised_at.is_not(None), TrackParcel.delay_told_at.is_(None),
            or_(slid > TrackParcel.promised_at, TrackParcel.state == "lost",
                and_(TrackParcel.promised_at < uow.now + LOOK_AHEAD, TrackParcel.latest_at > TrackParcel.promised_at)),
        ).order_by(TrackParcel.promised_at).limit(BATCH).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )  # fmt: skip
    for p in rows:
        expected = max(p.expected_at, uow.now + timedelta(minutes=p.rest_min))
        p.expected_at = p.latest_at if p.promised_at and expected <= p.promised_at else expected
        tell_delay(uow, p)


def tell_delay(uow: UnitOfWork, p: TrackParcel) -> None:
    """The host hears that the promise will be missed, and when to expect it instead; of a lost parcel there is no such time."""
    expected = None if p.state == "lost" else p.expected_at.isoformat()
    p.delay_told_at, p.delay_expected_at = uow.now, p.expected_at
    promised = p.promised_at.isoformat() if p.promised_at else None
    uow.send_host("parcel.delayed", {
        "order_id": str(p.order_id), "ref": p.ref, "parcel_id": str(p.parcel_id), "tracking": p.tracking, "promised_at": promised,
        "expected_at": expected, "milestone": p.milestone, "state": p.state,
    }, ref=f"order:{p.order_id}")  # fmt: skip


_RECENT = text("""
SELECT service, country, after, array_agg(minutes) AS minutes FROM (
  SELECT service, country, after, minutes, row_number() OVER (PARTITION BY service, country, after ORDER BY at DESC, parcel_id) AS n
  FROM track_gap WHERE at > :since) x WHERE n <= :most GROUP BY service, country, after ORDER BY service, country, after
""")


async def learn(uow: UnitOfWork) -> None:
    """Tick: how long each gap of a service to a country takes, from the newest thousand of 180 days; old labels go."""
    rows = await uow.session.execute(_RECENT, {"since": uow.now - timedelta(days=180), "most": LEARN_FROM})
    for service, country, after, minutes in rows.all():
        n, mid, high = windows.observe(minutes)
        values = {"seen": n, "observed": [mid, high], "learned_at": uow.now}
        await uow.session.execute(
            insert(TrackWindow).values(service=service, country=country, after=after, **values)
            .on_conflict_do_update(index_elements=["service", "country", "after"], set_=values)
        )  # fmt: skip
    await departing.forget_labels(uow)

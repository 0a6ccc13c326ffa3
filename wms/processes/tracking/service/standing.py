"""A parcel judged anew by all that is known of it, and what follows: the host, customs, claims, what waited for a scan."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.tracking import BagScanned, CustomsHeld, CustomsPassed, ParcelDelivered, ParcelMoved
from wms.processes.tracking import queries
from wms.processes.tracking.rules import milestones, windows
from wms.processes.tracking.service import claiming
from wms.processes.tracking.tables import TrackGap, TrackParcel

CUSTOMS_HOLD = "customs_hold"


def lost_after(gaps: Mapping[str, windows.Gap], milestone: str, days: Sequence[int]) -> timedelta:
    """How long a parcel may be quiet before it is taken for lost: twice the gap's limit, and never less than the service's p90 days."""
    limit = gaps[milestone].limit if milestone in gaps else windows.HELD
    high = (days if len(days) == 3 else windows.UNKNOWN_DAYS)[2] * 144
    return timedelta(minutes=max(2 * limit, high))


Known = dict[tuple[str, str, tuple[int, ...]], dict[str, windows.Gap]]
"""Gaps by service, country and stated days, read once for many parcels."""


async def judge(uow: UnitOfWork, p: TrackParcel, known: Known) -> None:
    """Bring a locked parcel up to what was told of it."""
    now = milestones.judge(await queries.scans(uow, p.parcel_id))
    before = (p.state, p.milestone, p.last_at, p.held_at)
    seen_again = now.last_at is not None and (p.last_at is None or now.last_at > p.last_at)
    p.watched, p.last_at = True, now.last_at
    asked_for = p.first_scan_at is None and now.first_scan_at is not None and p.stalled_at is not None
    p.first_scan_at, p.ended_at = now.first_scan_at, now.ended_at
    if now.state == "under_way" and p.state == "lost" and p.presumed and not seen_again:
        now_state, p.milestone = "lost", now.milestone  # nothing newer: it stays presumed
    else:
        now_state, p.milestone = now.state, now.milestone
    p.state, p.reached_at = now_state, now.reached_at or p.departed_at
    await _dates(uow, p, now, known)
    await _gaps(uow, p, now, first=before[2] is None)
    _customs(uow, p, now)
    _tell_host(uow, p, now.reached)
    await _losses(uow, p, now)
    if now.state == "delivered" and p.delivered_at is None:
        days = max((now.reached["delivered"] - p.departed_at).total_seconds() / 86_400, 0.0)
        uow.emit(ParcelDelivered(parcel_id=p.parcel_id, service=p.service, country=p.country, days=days))
    p.delivered_at = now.reached.get("delivered") if now.state in ("delivered", "returned") else None
    if before != (p.state, p.milestone, p.last_at, p.held_at):
        if p.stalled_at is not None and (p.state != "lost"):
            p.stalled_at = None
        uow.emit(ParcelMoved(parcel_id=p.parcel_id, milestone=p.milestone))
    await uow.session.flush()
    if asked_for:
        await _bag(uow, p)


async def _dates(uow: UnitOfWork, p: TrackParcel, now: milestones.Standing, cache: Known) -> None:
    """Until when silence is usual, and when it should arrive."""
    name = (p.service, p.country, tuple(p.days))
    if name not in cache:
        cache[name] = await queries.gaps(uow, *name)
    known, since = cache[name], p.reached_at
    if p.milestone == CUSTOMS_HOLD and now.held_at is not None:
        p.due_at = now.held_at + timedelta(minutes=windows.HELD)
    else:
        p.due_at = since + timedelta(minutes=known[p.milestone].limit if p.milestone in known else windows.HELD)
    p.lost_due_at = since + lost_after(known, p.milestone, p.days)
    left = windows.way(known, p.milestone)
    p.expected_at, p.latest_at = since + timedelta(minutes=left.usual), since + timedelta(minutes=left.most)
    p.rest_min = left.rest


async def _gaps(uow: UnitOfWork, p: TrackParcel, now: milestones.Standing, *, first: bool) -> None:
    found = milestones.gaps(p.departed_at, now.reached)
    if not first:
        await uow.session.execute(
            delete(TrackGap).where(TrackGap.parcel_id == p.parcel_id, TrackGap.after.not_in(list(found)))
        )
    for after, minutes in found.items():
        values = {"minutes": minutes, "at": uow.now}
        await uow.session.execute(
            insert(TrackGap).values(parcel_id=p.parcel_id, after=after, service=p.service, country=p.country, **values)
            .on_conflict_do_update(index_elements=["parcel_id", "after"], set_=values)
        )  # fmt: skip


def _customs(uow: UnitOfWork, p: TrackParcel, now: milestones.Standing) -> None:
    if now.held_at is not None and p.held_at is None:
        p.papers_at = None
        uow.emit(CustomsHeld(
            parcel_id=p.parcel_id, order_id=p.order_id, ref=p.ref, sscc=p.sscc, tracking=p.tracking, asks=now.asks[:200]
        ))  # fmt: skip
    elif now.held_at is None and p.held_at is not None:
        uow.emit(CustomsPassed(parcel_id=p.parcel_id, order_id=p.order_id))
    p.held_at = now.held_at


def _tell_host(uow: UnitOfWork, p: TrackParcel, reached: Mapping[str, datetime]) -> None:
    told = {m: datetime.fromisoformat(at) for m, at in p.host_told.items()}
    for milestone, at in milestones.to_tell(reached, told):
        tell_milestone(uow, p, milestone, at)


def tell_milestone(uow: UnitOfWork, p: TrackParcel, milestone: str, at: datetime, **more: object) -> None:
    """Once each: what was told stands in `host_told`."""
    p.host_told = {**p.host_told, milestone: at.isoformat()}
    uow.send_host("parcel.milestone", {
        "order_id": str(p.order_id), "ref": p.ref, "parcel_id": str(p.parcel_id), "sscc": p.sscc, "tracking": p.tracking,
        "carrier": p.carrier, "milestone": milestone, "at": at.isoformat(), **more,
    }, ref=f"order:{p.order_id}")  # fmt: skip


async def _losses(uow: UnitOfWork, p: TrackParcel, now: milestones.Standing) -> None:
    if now.state == "lost" and now.lost_at is not None:
        if p.lost_at is None or p.presumed:
            p.lost_at, p.presumed = now.lost_at, False
        await claiming.open_for(uow, p, "lost")
    elif now.state == "damaged" and now.ended_at is not None:
        p.lost_at = p.lost_at or now.ended_at
        await claiming.open_for(uow, p, "damaged")
    elif p.state != "lost" and p.lost_at is not None:
        p.lost_at, p.presumed = None, False
        await claiming.drop_found(uow, p)


async def _bag(uow: UnitOfWork, p: TrackParcel) -> None:
    """The last of its bag was scanned: nobody needs to ask for it any more."""
    open_ = await uow.session.scalar(select(exists().where(
        TrackParcel.manifest_id == p.manifest_id, TrackParcel.bag == p.bag, TrackParcel.carrier == p.carrier,
        TrackParcel.first_scan_at.is_(None), TrackParcel.watched,
    )))  # fmt: skip
    if not open_:
        uow.emit(BagScanned(manifest_id=p.manifest_id, bag=p.bag))

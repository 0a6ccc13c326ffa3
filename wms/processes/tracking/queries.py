"""Reads of tracking."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select, text

from wms.db.uow import UnitOfWork
from wms.processes.tracking.rules import claims, milestones, refusals, windows
from wms.processes.tracking.tables import LossClaim, TrackEvent, TrackPaper, TrackParcel, TrackWindow

Json = dict[str, Any]
FUNNEL = ("departed", "first_scan", "export", "import", "customs_hold", "out_for_delivery")
_SHOWN = (
    "parcel_id", "order_id", "ref", "sscc", "tracking", "carrier", "service", "country", "account", "watched", "bag", "seal", "state",
    "milestone", "departed_at", "promised_at", "reached_at", "first_scan_at", "last_at", "due_at", "expected_at", "stalled_at", "held_at",
    "papers_at", "lost_at", "presumed", "ended_at", "delivered_at", "delay_told_at", "weight_g", "manifest_id",
)  # fmt: skip
_CLAIM = (
    "id", "number", "parcel_id", "kind", "state", "lost_at", "presumed", "amount_cents", "paid_cents", "currency", "opened_at",
    "complete_at", "log",
)  # fmt: skip


def parcel_row(p: TrackParcel, now: datetime) -> Json:
    """What is under way is expected no sooner than what is left of its way takes."""
    row = {name: getattr(p, name) for name in _SHOWN}
    if p.state == "under_way":
        row["expected_at"] = max(p.expected_at, now + timedelta(minutes=p.rest_min))
    return row


async def gaps(uow: UnitOfWork, service: str, country: str, days: Collection[int]) -> dict[str, windows.Gap]:
    """How long a parcel of this service may take from each milestone to its next."""
    rows = await uow.session.scalars(
        select(TrackWindow).where(TrackWindow.service == service, TrackWindow.country == country)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    said = windows.stated(tuple(days))
    for row in rows:
        if row.after in said:
            said[row.after] = windows.learned(
                said[row.after], row.seen, *row.observed, fixed_limit=row.after == "departed"
            )
    return said


async def board(uow: UnitOfWork) -> Json:
    """Parcels under way by milestone, the ends of 30 days, and what wants somebody."""
    since = uow.now - timedelta(days=30)
    rows = await uow.session.execute(
        select(TrackParcel.milestone, func.count(), func.count().filter(TrackParcel.stalled_at.is_not(None)))
        .where(TrackParcel.state == "under_way").group_by(TrackParcel.milestone)
    )  # fmt: skip
    by = {m: (int(n), int(stalled)) for m, n, stalled in rows.all()}
    ends = await uow.session.execute(
        select(TrackParcel.state, func.count()).where(
            TrackParcel.state != "under_way", func.coalesce(TrackParcel.ended_at, TrackParcel.lost_at) > since
        ).group_by(TrackParcel.state)
    )  # fmt: skip
    parked = await uow.session.scalar(select(func.count()).where(TrackEvent.state == "parked"))
    open_claims = await uow.session.scalar(select(func.count()).where(LossClaim.state.in_(claims.LIVE)))
    return {
        "funnel": [{"milestone": m, "parcels": by.get(m, (0, 0))[0], "stalled": by.get(m, (0, 0))[1]} for m in FUNNEL],
        "ends": {state: int(n) for state, n in ends.all()}, "parked": int(parked or 0), "claims": int(open_claims or 0),
        "late": int(await uow.session.scalar(select(func.count()).where(
            TrackParcel.state == "under_way", TrackParcel.delay_told_at.is_not(None)
        )) or 0),
    }  # fmt: skip


async def parcels(uow: UnitOfWork, q: str = "", milestone: str = "", limit: int = 200) -> list[Json]:
    """Lost and stalled first, then held, then by how soon silence is too long. `q`: tracking number, SSCC or order, or its beginning."""
    query = select(TrackParcel)
    if q:
        like = q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        query = query.where(
            or_(TrackParcel.tracking.ilike(like), TrackParcel.sscc.ilike(like), TrackParcel.ref.ilike(like))
        )
    elif milestone in (*milestones.ENDED, "lost"):
        query = query.where(TrackParcel.state == milestone)
    else:
        query = query.where(TrackParcel.state.in_(("under_way", "lost")))
        if milestone:
            query = query.where(TrackParcel.state == "under_way", TrackParcel.milestone == milestone)
    first = case(
        (TrackParcel.state == "lost", 0), (TrackParcel.stalled_at.is_not(None), 1), (TrackParcel.held_at.is_not(None), 2), else_=3
    )  # fmt: skip
    rows = await uow.session.scalars(
        query.order_by(first, TrackParcel.due_at, TrackParcel.parcel_id).limit(limit).execution_options(populate_existing=True)
    )  # fmt: skip
    return [parcel_row(p, uow.now) for p in rows]


async def timeline(uow: UnitOfWork, parcel_id: UUID) -> Json:
    """A parcel with everything that was told of it, what is parked too, its claims, and how long it may be quiet. Errors: NoParcel."""
    p = await uow.session.get(TrackParcel, parcel_id, populate_existing=True)
    if p is None:
        raise refusals.NoParcel(parcel=str(parcel_id))
    known = await gaps(uow, p.service, p.country, p.days)
    paper = await uow.session.get(TrackPaper, parcel_id, populate_existing=True)
    rows = await uow.session.scalars(
        select(LossClaim).where(LossClaim.parcel_id == parcel_id).order_by(LossClaim.id.desc()).execution_options(populate_existing=True)
    )  # fmt: skip
    return {
        **parcel_row(p, uow.now), "events": await events(uow, p), "host_told": p.host_told,
        "gaps": [{"after": m, "typical": g.typical, "limit": g.limit, "seen": g.seen} for m, g in known.items()],
        "label": bool(paper and paper.document), "weighed": (paper.weight if paper else None) or None,
        "claims": [_claim_row(c) for c in rows],
    }  # fmt: skip


async def events(uow: UnitOfWork, p: TrackParcel) -> list[Json]:
    """What was told of it, oldest first."""
    rows = await uow.session.scalars(
        select(TrackEvent).where(or_(
            TrackEvent.parcel_id == p.parcel_id,
            (TrackEvent.tracking == p.tracking) & (TrackEvent.state == "parked") & TrackEvent.parcel_id.is_(None),
        )).order_by(TrackEvent.at, TrackEvent.id).limit(500).execution_options(populate_existing=True)
    )  # fmt: skip
    names = ("id", "at", "code", "place", "text", "source", "state", "reason", "taken_at")
    return [{n: getattr(e, n) for n in names} | {"milestone": milestones.CODES.get(e.code, "")} for e in rows]


async def scans(uow: UnitOfWork, parcel_id: UUID) -> list[milestones.Seen]:
    """What counts for a parcel."""
    rows = await uow.session.execute(
        select(TrackEvent.at, TrackEvent.code, TrackEvent.place, TrackEvent.text)
        .where(TrackEvent.parcel_id == parcel_id, TrackEvent.state == "taken")
    )  # fmt: skip
    return [milestones.seen(*row) for row in rows.all()]


def _claim_row(c: LossClaim) -> Json:
    return {n: getattr(c, n) for n in _CLAIM} | {"label": c.label is not None, "weight": c.weight}


async def claim_list(uow: UnitOfWork, state: str = "", limit: int = 200) -> list[Json]:
    """Claims with their parcel; open ones first, oldest first."""
    query = select(LossClaim, TrackParcel).join(TrackParcel, TrackParcel.parcel_id == LossClaim.parcel_id)
    if state:
        query = query.where(LossClaim.state == state)
    over = case((LossClaim.state.in_(claims.LIVE), 0), else_=1)
    rows = await uow.session.execute(
        query.order_by(over, LossClaim.id).limit(limit).execution_options(populate_existing=True)
    )
    names = ("ref", "tracking", "sscc", "carrier", "service", "country", "departed_at")
    return [_claim_row(c) | {n: getattr(p, n) for n in names} for c, p in rows.all()]


async def claim_page(uow: UnitOfWork, claim_id: UUID) -> tuple[Json, Json, list[Json], Json | None, Json | None]:
    """(claim, parcel, scans, label, weight) as rules.claims.bundle takes them. Errors: NoClaim."""
    c = await uow.session.get(LossClaim, claim_id, populate_existing=True)
    p = None if c is None else await uow.session.get(TrackParcel, c.parcel_id, populate_existing=True)
    if c is None or p is None:
        raise refusals.NoClaim(claim=str(claim_id))
    head = {
        "claim": c.number, "kind": c.kind, "amount": f"{c.amount_cents / 100:.2f}", "currency": c.currency, "lost_at": c.lost_at.isoformat(),
        "presumed": "yes" if c.presumed else "no", "opened_at": c.opened_at.isoformat(),
    }  # fmt: skip
    parcel = {
        "tracking": p.tracking, "sscc": p.sscc, "order": p.ref, "carrier": p.carrier, "service": p.service, "country": p.country,
        "departed_at": p.departed_at.isoformat(), "manifest": str(p.manifest_id), "bag": p.bag, "seal": p.seal, "shipped_g": p.weight_g,
    }  # fmt: skip
    told = [
        {k: e[k] for k in ("code", "place", "text", "source")} | {"at": e["at"].isoformat()}
        for e in await events(uow, p) if e["state"] == "taken"
    ]  # fmt: skip
    return head, parcel, told, c.label, c.weight


async def parked(uow: UnitOfWork, limit: int = 100) -> list[Json]:
    """What was told and counts for nothing, newest first."""
    rows = await uow.session.scalars(
        select(TrackEvent).where(TrackEvent.state == "parked").order_by(TrackEvent.id.desc()).limit(limit)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    names = ("id", "carrier", "tracking", "at", "code", "place", "reason", "source", "taken_at")
    return [{n: getattr(e, n) for n in names} for e in rows]


async def dispatch(uow: UnitOfWork, since: datetime, wait: timedelta) -> Json:
    """Orders shipped since: late by the carrier's first scan of their last parcel, or by leaving where nobody scans.

    An order not scanned yet is judged after `wait`: then it is late.
    """
    row = (await uow.session.execute(text("""
        WITH o AS (
          SELECT o.id, o.cutoff_at, o.shipped_at, count(t.parcel_id) FILTER (WHERE t.watched) AS watched,
            count(t.parcel_id) FILTER (WHERE t.watched AND t.first_scan_at IS NULL) AS unscanned, max(t.first_scan_at) AS scanned_at
          FROM customer_order o LEFT JOIN track_parcel t ON t.order_id = o.id
          WHERE o.state = 'shipped' AND o.shipped_at > :since GROUP BY o.id)
        SELECT count(*) AS shipped, count(*) FILTER (WHERE unscanned > 0 AND shipped_at > :judged) AS waiting,
          count(*) FILTER (WHERE watched = 0) AS unwatched, count(*) FILTER (WHERE unscanned > 0 AND shipped_at <= :judged) AS unscanned,
          count(*) FILTER (WHERE watched = 0 AND shipped_at > cutoff_at
            OR watched > 0 AND unscanned = 0 AND scanned_at > cutoff_at OR unscanned > 0 AND shipped_at <= :judged) AS late
        FROM o"""), {"since": since, "judged": uow.now - wait})).one()  # fmt: skip
    return {k: int(v) for k, v in row._mapping.items()}


async def notices(uow: UnitOfWork, since: datetime) -> Json:
    """Promises missed since: how many hours before each the host was told; least first. Never told counts as none."""
    rows = (await uow.session.execute(text("""
        SELECT ref, promised_at, delay_told_at, departed_at, coalesce(extract(epoch FROM promised_at - delay_told_at) / 3600, 0) AS hours
        FROM track_parcel WHERE promised_at BETWEEN :since AND :now AND (delivered_at IS NULL OR delivered_at > promised_at)
          AND departed_at <= promised_at - interval '48 hours'
        ORDER BY hours LIMIT 1000"""), {"since": since, "now": uow.now})).all()  # fmt: skip
    told = await uow.session.scalar(
        text("SELECT count(*) FROM track_parcel WHERE delay_told_at > :since"), {"since": since}
    )
    return {
        "missed": len(rows), "told": int(told or 0), "least_h": float(rows[0].hours) if rows else None,
        "worst": [{"order": r.ref, "promised_at": r.promised_at.isoformat(), "hours": round(float(r.hours), 1)} for r in rows[:10]],
    }  # fmt: skip


async def claim_hours(uow: UnitOfWork, since: datetime) -> Json:
    """Longest time from a loss to its claim with label and weight record attached, open ones included."""
    row = (await uow.session.execute(text("""
        SELECT count(*) AS n, count(*) FILTER (WHERE complete_at IS NULL) AS incomplete,
          max(extract(epoch FROM coalesce(complete_at, :now) - lost_at)) / 3600 AS hours
        FROM loss_claim WHERE state <> 'dropped' AND (opened_at > :since OR complete_at IS NULL)"""), {"since": since, "now": uow.now})).one()  # fmt: skip
    return {
        "claims": int(row.n),
        "incomplete": int(row.incomplete),
        "hours": None if row.hours is None else float(row.hours),
    }

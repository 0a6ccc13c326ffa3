"""Papers gathered before a parcel leaves, and its way that begins when it does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.dock import ParcelDeparted
from wms.events.packing import LabelWanted, ParcelWeighed
from wms.events.shipping import LabelBought
from wms.foundation.orders import queries as orders
from wms.processes.tracking import queries
from wms.processes.tracking.rules import windows
from wms.processes.tracking.rules.intake import Told
from wms.processes.tracking.service import intake, standing
from wms.processes.tracking.tables import TrackEvent, TrackPaper, TrackParcel

ASK_UNTIL = timedelta(days=120)
"""After departure, by when a carrier is not asked any more."""
KEEP_LABEL = timedelta(days=60)
"""After its end, how long a parcel's label is kept for a claim."""
_HAND_OVER_MOST = 2_000


async def keep_paper(uow: UnitOfWork, event: LabelWanted | LabelBought | ParcelWeighed) -> None:
    """Keep what a claim would have to prove; the newest of each counts."""
    match event:
        case LabelWanted():
            said: dict[str, Any] = {"contents": event.contents}
        case LabelBought():
            said = {
                "account": event.account, "days": list(event.days), "tracking": event.tracking, "format": event.format,
                "document": event.document,
            }  # fmt: skip
        case ParcelWeighed():
            said = {"weight": {
                "weight_g": event.weight_g, "expected_g": event.expected_g, "tolerance_g": event.tolerance_g, "agrees": event.agrees,
                "at": uow.now.isoformat(),
            }}  # fmt: skip
    blank = {
        "account": "",
        "days": [],
        "tracking": "",
        "format": "",
        "document": "",
        "weight": {},
        "contents": {},
    }
    await uow.session.execute(
        insert(TrackPaper).values(parcel_id=event.parcel_id, **{**blank, **said}, changed_at=uow.now)
        .on_conflict_do_update(index_elements=["parcel_id"], set_={**said, "changed_at": uow.now})
    )  # fmt: skip


async def depart(uow: UnitOfWork, event: ParcelDeparted) -> None:
    """The parcel is under way: its carrier is asked after it, and what was told too early is looked at again."""
    paper = await uow.session.get(TrackPaper, event.parcel_id, populate_existing=True)
    order = await orders.order(uow, event.order_id)
    account = paper.account if paper and paper.tracking == event.tracking else ""
    days = [int(d) for d in paper.days] if paper and account else []
    watched = bool(account) or bool(await uow.session.scalar(select(exists().where(
        TrackEvent.carrier == event.carrier, TrackEvent.state == "taken"
    ))))  # fmt: skip
    known = await queries.gaps(uow, event.service, event.country, days)
    left = windows.way(known, "departed")
    fresh = await uow.session.execute(
        insert(TrackParcel).values(
            parcel_id=event.parcel_id, order_id=event.order_id, ref=order.ref, sscc=event.sscc, tracking=event.tracking or event.sscc,
            carrier=event.carrier, service=event.service, country=event.country, account=account, days=days, watched=watched,
            manifest_id=event.manifest_id, bag=event.bag, seal=event.seal, weight_g=event.weight_g, departed_at=uow.now,
            promised_at=order.promised_at, state="under_way", milestone="departed", reached_at=uow.now, presumed=False, host_told={},
            due_at=uow.now + timedelta(minutes=known["departed"].limit),
            lost_due_at=uow.now + standing.lost_after(known, "departed", days),
            expected_at=uow.now + timedelta(minutes=left.usual), latest_at=uow.now + timedelta(minutes=left.most), rest_min=left.rest,
        ).on_conflict_do_nothing().returning(TrackParcel.parcel_id)
    )  # fmt: skip
    if fresh.scalar() is None:
        return
    if account:
        payload = {
            "parcel_id": str(event.parcel_id), "tracking": event.tracking, "digest": "", "quiet": 0,
            "until": (uow.now + ASK_UNTIL).isoformat(),
        }  # fmt: skip
        uow.send_carrier(account, "track", payload, ref=f"parcel:{event.parcel_id}")
    await _take_early(uow, event.tracking or event.sscc, event.carrier, account)


async def _take_early(uow: UnitOfWork, tracking: str, carrier: str, account: str) -> None:
    """What was told before we knew that it had left."""
    rows = list(await uow.session.scalars(
        select(TrackEvent).where(TrackEvent.tracking == tracking, TrackEvent.state == "parked", TrackEvent.parcel_id.is_(None),
                                 TrackEvent.carrier.in_({carrier, account} - {""}))
        .order_by(TrackEvent.id)
    ))  # fmt: skip
    for source in sorted({r.source for r in rows}):
        some = [r for r in rows if r.source == source]
        told = [(n, Told(r.tracking, r.at, r.code, r.place, r.text, r.key)) for n, r in enumerate(some, 1)]
        await uow.session.execute(delete(TrackEvent).where(TrackEvent.id.in_([r.id for r in some])))
        await intake.take(uow, intake.Teller(carrier=carrier), told, source)


async def hand_over(uow: UnitOfWork) -> None:
    """Tick: tell carriers which parcels are on their way to them, manifest by manifest."""
    rows = (await uow.session.execute(
        select(TrackParcel.account, TrackParcel.manifest_id, TrackParcel.parcel_id, TrackParcel.tracking)
        .where(TrackParcel.handed_over_at.is_(None), TrackParcel.account != "").order_by(TrackParcel.parcel_id)
        .limit(_HAND_OVER_MOST).with_for_update(skip_locked=True)
    )).all()  # fmt: skip
    by: dict[tuple[str, UUID], list[str]] = {}
    for r in rows:
        by.setdefault((r.account, r.manifest_id), []).append(r.tracking)
    for (account, manifest_id), trackings in by.items():
        uow.send_carrier(account, "manifest", {"trackings": trackings}, ref=f"manifest:{manifest_id}")
    if rows:
        await uow.session.execute(
            update(TrackParcel).where(TrackParcel.parcel_id.in_([r.parcel_id for r in rows])).values(handed_over_at=uow.now)
        )  # fmt: skip


async def forget_labels(uow: UnitOfWork) -> None:
    """Labels of parcels that ended long ago are needed by no claim."""
    ended = select(TrackParcel.parcel_id).where(
        TrackParcel.ended_at < uow.now - KEEP_LABEL, TrackParcel.state.in_(("delivered", "returned"))
    )
    await uow.session.execute(
        update(TrackPaper).where(TrackPaper.parcel_id.in_(ended), TrackPaper.document != "").values(document="")
    )


async def note_papers(uow: UnitOfWork, parcel_id: UUID) -> None:
    """The papers that customs asked for are on their way."""
    await uow.session.execute(
        update(TrackParcel).where(TrackParcel.parcel_id == parcel_id, TrackParcel.held_at.is_not(None)).values(papers_at=uow.now)
    )  # fmt: skip

"""Take in what is told of parcels, once each; what cannot count is kept with its reason and changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.tracking import ScansRead
from wms.kernel.ids import uuid7
from wms.processes.tracking.rules.intake import Fault, Told, doubt, read_csv, rows_of
from wms.processes.tracking.rules.refusals import BadEvents
from wms.processes.tracking.service import standing
from wms.processes.tracking.tables import TrackEvent, TrackParcel

FAULTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: a carrier's account, or somebody with a carrier's file."""

    account: str = ""
    carrier: str = ""

    @property
    def name(self) -> str:
        return self.carrier or self.account

    def owns(self, p: TrackParcel) -> bool:
        return p.account == self.account if self.account else p.carrier == self.carrier


@dataclass(frozen=True, slots=True)
class Taken:
    taken: int
    known: int
    """Told before."""
    parked: list[Fault]


async def take(
    uow: UnitOfWork, teller: Teller, told: Sequence[tuple[int, Told]], source: str, *, dry_run: bool = False
) -> Taken:
    """Judge each event and keep it; parcels with something new are judged anew. (row, event) each."""
    trackings = sorted({t.tracking for _, t in told})
    locked = select(TrackParcel).where(TrackParcel.tracking.in_(trackings)).order_by(TrackParcel.parcel_id)
    found = await uow.session.scalars(
        (locked if dry_run else locked.with_for_update()).execution_options(populate_existing=True)
    )
    parcels: dict[str, list[TrackParcel]] = {}
    for one_found in found:
        parcels.setdefault(one_found.tracking, []).append(one_found)
    rows = await uow.session.scalars(
        select(TrackEvent).where(TrackEvent.tracking.in_(trackings)).execution_options(populate_existing=True)
    )
    there = {(e.carrier, e.tracking, e.key): e for e in rows}
    taken, known, parked, moved = 0, 0, list[Fault](), dict[UUID, TrackParcel]()
    for row, one in told:
        mine = parcels.get(one.tracking, [])
        p = next((x for x in reversed(mine) if teller.owns(x)), None)
        reason = doubt(one, uow.now, p.departed_at if p else None, ours=p is not None or not mine)
        name = (p.carrier if p else teller.name, one.tracking, one.key)
        before = there.get(name)
        if before is not None and before.state == "taken":
            known += 1
            continue
        if reason:
            parked.append(Fault(row, "", reason, one.tracking))
        else:
            taken += 1
        if dry_run:
            continue
        if before is None:
            there[name] = await _keep(uow, name, one, p, source, reason)
        elif not reason and p is not None:  # what could not count then does now
            before.state, before.reason, before.parcel_id, before.taken_at = "taken", "", p.parcel_id, uow.now
        if not reason and p is not None:
            moved[p.parcel_id] = p
    await uow.session.flush()
    gaps: standing.Known = {}
    for parcel_id in sorted(moved):
        await standing.judge(uow, moved[parcel_id], gaps)
    return Taken(taken, known, parked)


async def _keep(
    uow: UnitOfWork, name: tuple[str, str, str], one: Told, p: TrackParcel | None, source: str, reason: str
) -> TrackEvent:
    values: dict[str, Any] = {
        "id": uuid7(), "carrier": name[0], "tracking": name[1], "key": name[2], "parcel_id": p.parcel_id if p and not reason else None,
        "at": one.at, "code": one.code, "place": one.place, "text": one.text, "source": source,
        "state": "parked" if reason else "taken", "reason": reason, "taken_at": uow.now, "taken_by": uow.actor.id,
    }  # fmt: skip
    # Of a number that is no parcel's nothing is locked: somebody else may tell the same just now.
    await uow.session.execute(insert(TrackEvent).values(**values).on_conflict_do_nothing())
    return TrackEvent(**values)


async def take_scans(uow: UnitOfWork, event: ScansRead) -> None:
    """A carrier was asked. What of its answer cannot be read is left out: it will be read at the next asking."""
    told, _ = rows_of([{**s, "tracking": event.tracking} for s in event.scans])
    await take(uow, Teller(account=event.account), told, "poll")


async def take_pushed(uow: UnitOfWork, account: str, events: Sequence[Any]) -> Taken:
    """A carrier tells by itself, all or nothing. Errors: BadEvents naming each fault."""
    told, faults = rows_of(events)
    _all_good(faults)
    return await take(uow, Teller(account=account), told, "push")


async def take_file(uow: UnitOfWork, carrier: str, text: str, *, dry_run: bool) -> tuple[Taken, list[Fault]]:
    """A carrier's file. A dry run names every faulty row and changes nothing. Errors: BadEvents, of a real run, naming them."""
    told, faults = read_csv(text)
    if not dry_run:
        _all_good(faults)
    return await take(uow, Teller(carrier=carrier), told, "file", dry_run=dry_run), faults


def _all_good(faults: Sequence[Fault]) -> None:
    if faults:
        said = [f"{f.row}, {f.field}: {f.said}" for f in faults[:FAULTS_SHOWN]]
        raise BadEvents(count=len(faults), faults="; ".join(said[:20]), rows=said)

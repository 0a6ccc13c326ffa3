"""Parcels leave, carriers tell of them."""

from wms.db.uow import UnitOfWork
from wms.events.customs import PapersAnswered
from wms.events.dock import ParcelDeparted
from wms.events.packing import LabelWanted, ParcelWeighed
from wms.events.shipping import LabelBought
from wms.events.tracking import ScansRead
from wms.processes.tracking.service import departing, intake, watching


async def on_label_wanted(uow: UnitOfWork, event: LabelWanted) -> None:
    await departing.keep_paper(uow, event)


async def on_label_bought(uow: UnitOfWork, event: LabelBought) -> None:
    await departing.keep_paper(uow, event)


async def on_parcel_weighed(uow: UnitOfWork, event: ParcelWeighed) -> None:
    await departing.keep_paper(uow, event)


async def on_parcel_departed(uow: UnitOfWork, event: ParcelDeparted) -> None:
    await departing.depart(uow, event)


async def on_scans_read(uow: UnitOfWork, event: ScansRead) -> None:
    await intake.take_scans(uow, event)


async def on_papers_answered(uow: UnitOfWork, event: PapersAnswered) -> None:
    await departing.note_papers(uow, event.parcel_id)


async def hand_over(uow: UnitOfWork) -> None:
    """Tick."""
    await departing.hand_over(uow)


async def watch(uow: UnitOfWork) -> None:
    """Tick."""
    await watching.watch(uow)


async def learn(uow: UnitOfWork) -> None:
    """Tick."""
    await watching.learn(uow)

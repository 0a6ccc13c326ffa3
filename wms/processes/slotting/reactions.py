"""What stands about is put away; classes and proposals follow the picks."""

from typing import Any

from wms.db.outbox import Plan
from wms.db.uow import UnitOfWork
from wms.events.inbound import GoodsReceived
from wms.events.incidents import IncidentDetected
from wms.events.picking import GoodsToPutBack
from wms.events.slotting import SlotsRequested
from wms.processes.slotting import queries, service


async def on_goods_received(uow: UnitOfWork, event: GoodsReceived) -> None:
    await service.open_putaway(uow, event.hu_id, "received")


async def on_goods_to_put_back(uow: UnitOfWork, event: GoodsToPutBack) -> None:
    await service.open_putaway(uow, event.hu_id, event.reason)


WALKS_TOO_LONG = ("control.golden-zone", "control.golden-lane")


async def on_incident_detected(uow: UnitOfWork, event: IncidentDetected) -> None:
    """A control point says that too much is picked from the wrong places: what follows is a proposal."""
    if event.kind in WALKS_TOO_LONG:
        await service.propose_daily(uow)


async def _read(uow: UnitOfWork, event: SlotsRequested) -> Any:
    return await queries.snapshot(uow, event.proposal_id)


async def _apply(uow: UnitOfWork, event: SlotsRequested, snapshot: Any, solution: Any) -> None:
    await service.keep_plan(uow, event.proposal_id, snapshot, solution)


plan_slots = Plan(read=_read, solve=service.solve, apply=_apply)


async def classify(uow: UnitOfWork) -> None:
    """Tick: classes of the day, and what is to be moved by them."""
    if await service.classify(uow) is not None:
        await service.propose_daily(uow)


async def drop_stale(uow: UnitOfWork) -> None:
    """Tick: what the floor has overtaken is not moved."""
    await service.drop_stale(uow)

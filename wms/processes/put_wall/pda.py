"""The wall's screens: scan a tote, put its share into the slot shown.

Screens: claim -> tote | nothing; tote -> slot; slot -> tote | nothing.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.put_wall import queries, service

router = APIRouter(prefix="/api/v1/pda/wall", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


async def _tote_cards(uow: UnitOfWork) -> tuple[Card, ...]:
    totes = [t.code for w in await queries.walls(uow) for t in w.totes]
    if not totes:
        return ()
    return (Card(
        "wall:tote", "wall", "wall.next_tote", "/api/v1/pda/wall/tote", (Step("tote", "scan", "wall.scan_tote", accept=tuple(totes)),),
        {"totes_waiting": len(totes), "totes": totes[:12]},
    ),)  # fmt: skip


def _slot_card(task: work.TaskInfo) -> Card:
    slot = task.data["slot"]
    show = {"location": slot, "tote": task.data["tote"], "order": task.data["order"], "qty": task.qty_each}
    return Card(
        f"wall:{task.id}", "wall", "wall.put", f"/api/v1/pda/wall/tasks/{task.id}",
        (Step("slot", "scan", "wall.scan_slot", accept=(slot,), show=show),), show,
    )  # fmt: skip


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """Screens: the slot of a tote already in hand | scan a tote | nothing waits."""
    mine = await work.tasks(uow, kind="wall", states=("claimed",), claimed_by=uow.actor.id)
    if mine:
        return Answer("ok", "wall.go_on", cards=(_slot_card(mine[0]),)).as_json()
    cards = await _tote_cards(uow)
    return Answer("ok", "wall.ready" if cards else "wall.nothing", cards=cards).as_json()


@router.post("/tote")
async def tote(uow: Uow, body: Given) -> dict[str, Any]:
    """Screens: the slot that the tote's share goes into."""
    task = await service.bring(uow, str(body.answers.get("tote", ""))[:200])
    return Answer("ok", "wall.slot_found", {"slot": task.data["slot"]}, (_slot_card(task),)).as_json()


@router.post("/tasks/{task_id}")
async def put(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: scan the next tote | nothing waits."""
    complete = await service.put(uow, task_id, str(body.answers.get("slot", ""))[:200])
    return Answer("ok", "wall.complete" if complete else "wall.in", cards=await _tote_cards(uow)).as_json()

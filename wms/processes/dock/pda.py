"""The loader's screens: scan parcels onto the truck, one after another."""

from typing import Any

from fastapi import APIRouter

from wms.db.web import Given, Uow, UowRoute, needs
from wms.kernel.screen import Answer, Card, Step
from wms.processes.dock import queries, service

router = APIRouter(prefix="/api/v1/pda/load", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _card(waiting: dict[str, int]) -> Card:
    return Card(
        id="load", flow="load", title="load.load", submit="/api/v1/pda/load/parcel",
        steps=(Step("parcel", "scan", "load.scan_parcel"),), show={"waiting": sum(waiting.values())},
    )  # fmt: skip


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """Screens: scan a parcel; nothing when no parcel waits."""
    waiting = await queries.waiting(uow)
    cards = (_card(waiting),) if waiting else ()
    return Answer(
        "ok", "load.ready" if waiting else "load.nothing", {"waiting": sum(waiting.values())}, cards
    ).as_json()


@router.post("/parcel")
async def parcel(uow: Uow, body: Given) -> dict[str, Any]:
    """Load one parcel. Screens: scan the next."""
    loaded = await service.load_parcel(uow, str(body.answers.get("parcel", ""))[:200])
    waiting = await queries.waiting(uow)
    return Answer("ok", "load.loaded", {"carrier": loaded.carrier, "sscc": loaded.sscc}, (_card(waiting),)).as_json()

"""Console: doors and appointments, manifests and their handover lists, bags and their rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.dock import queries
from wms.processes.dock.service import bags, papers, trucks

router = APIRouter(prefix="/api/v1/dock", tags=["dock"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CloseIn(_In):
    taken_off: list[str] = Field(default=[], max_length=1000)
    door: str = ""
    seal: str = ""
    signed_by: str = ""


class DoorIn(_In):
    code: str = Field(min_length=1, max_length=40)
    name: str = Field(default="", max_length=80)


class LaneIn(_In):
    carrier: str = Field(min_length=1, max_length=40)
    location: str


class AppointmentIn(_In):
    carrier: str = Field(min_length=1, max_length=40)
    door: str
    starts_at: datetime
    ends_at: datetime


class ArriveIn(_In):
    plate: str = Field(min_length=1, max_length=20)
    driver: str = ""
    door: str = ""


class RuleIn(_In):
    carrier: str = Field(min_length=1, max_length=40)
    service: str = ""
    parcels_max: int
    weight_max_g: int
    tare_g: int = 0
    pallet_tare_g: int = 0
    by_country: bool = False
    needs_bag: bool = False


class PalletIn(_In):
    printer: str = ""


class TagIn(_In):
    code: str = Field(min_length=1, max_length=40)


@router.get("/manifests", dependencies=[needs("worker")])
async def manifests(uow: Uow) -> dict[str, Any]:
    """Manifests newest first, the parcels that wait for each carrier, and both by cut-off."""
    return {
        "manifests": await queries.manifests(uow),
        "waiting": await queries.waiting(uow),
        "cutoffs": await queries.cutoffs(uow),
    }


@router.post("/manifests/{carrier}/close", dependencies=[needs("lead")])
async def close(uow: Uow, carrier: str, body: CloseIn) -> dict[str, Any]:
    """The carrier's truck leaves."""
    manifest_id, parcels = await trucks.depart(
        uow, carrier, taken_off=body.taken_off, door=body.door, seal=body.seal, signed_by=body.signed_by
    )
    return {"manifest_id": str(manifest_id), "parcels": parcels}


@router.get("/manifests/{manifest_id}/handover", dependencies=[needs("worker")])
async def handover(uow: Uow, manifest_id: UUID) -> dict[str, Any]:
    """What the carrier signs for."""
    return await queries.handover(uow, manifest_id)


@router.get("/manifests/{manifest_id}/handover.pdf", dependencies=[needs("worker")])
async def handover_pdf(uow: Uow, manifest_id: UUID) -> Response:
    """The handover list on A4."""
    return Response(await papers.handover_pdf(uow, manifest_id), media_type="application/pdf")


@router.get("/manifests/{manifest_id}/handover.csv", dependencies=[needs("worker")])
async def handover_csv(uow: Uow, manifest_id: UUID) -> Response:
    """The handover list as the carrier's system takes it."""
    return Response(await papers.handover_csv(uow, manifest_id), media_type="text/csv; charset=utf-8")


@router.get("/doors", dependencies=[needs("worker")])
async def doors(uow: Uow) -> list[dict[str, Any]]:
    """Doors, what stands there, and who is expected."""
    return await queries.doors(uow)


@router.put("/doors", dependencies=[needs("supervisor", "admin")])
async def put_doors(uow: Uow, body: list[DoorIn]) -> list[dict[str, Any]]:
    """Make or rename doors."""
    await trucks.put_doors(uow, [(d.code, d.name) for d in body])
    return await queries.doors(uow)


@router.put("/lanes", dependencies=[needs("supervisor", "admin")])
async def put_lanes(uow: Uow, body: list[LaneIn]) -> dict[str, int]:
    """Where each carrier's parcels wait."""
    for lane in body:
        await trucks.put_lane(uow, lane.carrier, lane.location)
    return {"lanes": len(body)}


@router.post("/appointments", dependencies=[needs("lead", "integration")])
async def book(uow: Uow, body: AppointmentIn) -> dict[str, Any]:
    """Give a truck a door for a time."""
    return {"id": str(await trucks.book(uow, body.carrier, body.door, body.starts_at, body.ends_at))}


@router.post("/appointments/{appointment_id}/arrive", dependencies=[needs("worker")])
async def arrive(uow: Uow, appointment_id: UUID, body: ArriveIn) -> dict[str, Any]:
    """The truck is there."""
    truck = await trucks.arrive(uow, appointment_id, body.plate, body.driver, body.door)
    return {"door": truck.door, "carrier": truck.carrier}


@router.post("/appointments/{appointment_id}/cancel", dependencies=[needs("lead", "integration")])
async def cancel(uow: Uow, appointment_id: UUID) -> dict[str, Any]:
    """The truck does not come."""
    await trucks.cancel_appointment(uow, appointment_id)
    return {"state": "cancelled"}


@router.get("/containers", dependencies=[needs("worker")])
async def containers(uow: Uow) -> list[dict[str, Any]]:
    """Bags and pallets that have not left."""
    return await queries.containers(uow)


@router.post("/pallets", dependencies=[needs("worker")])
async def pallet(uow: Uow, body: PalletIn) -> dict[str, Any]:
    """A new pallet with its SSCC, its label printed where a printer is named."""
    return {"code": (await bags.new_pallet(uow, body.printer)).code}


@router.post("/containers/open", dependencies=[needs("lead")])
async def open_again(uow: Uow, body: TagIn) -> dict[str, Any]:
    """Open a sealed bag or pallet that has not left: its seal is void."""
    return {"state": (await bags.open_again(uow, body.code)).state}


@router.get("/bag-rules", dependencies=[needs("worker")])
async def bag_rules(uow: Uow) -> list[queries.BagLimits]:
    """What carriers take in one bag."""
    return await queries.bag_rules(uow)


@router.put("/bag-rules", dependencies=[needs("supervisor", "admin")])
async def put_bag_rules(uow: Uow, body: list[RuleIn]) -> list[queries.BagLimits]:
    """Set what carriers take in one bag."""
    for r in body:
        await bags.set_bag_rule(uow, **r.model_dump())
    return await queries.bag_rules(uow)

"""Console and host: parcels under way, their timelines, carriers' files, claims."""

from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.tracking import queries
from wms.processes.tracking.service import claiming, intake

router = APIRouter(prefix="/api/v1/tracking", tags=["tracking"], route_class=UowRoute)
FILE_MOST = 4_000_000


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FileIn(_In):
    carrier: str = Field(min_length=1, max_length=40)
    csv: str = Field(max_length=FILE_MOST)


class ClaimIn(_In):
    kind: Literal["lost", "damaged"] = "lost"
    reason: str = Field(max_length=200)


class NoteIn(_In):
    note: str = Field(default="", max_length=200)


class AnswerIn(_In):
    accepted: bool
    amount_cents: int | None = None
    note: str = Field(default="", max_length=200)


class AmountIn(_In):
    amount_cents: int
    note: str = Field(default="", max_length=200)


def taken(done: intake.Taken, faults: list[Any] | None = None) -> dict[str, Any]:
    """How an intake is answered."""
    shown = intake.FAULTS_SHOWN
    return {
        "taken": done.taken, "known": done.known, "parked": [asdict(f) for f in done.parked[:shown]], "parked_count": len(done.parked),
        "faults": [asdict(f) for f in (faults or [])[:shown]], "fault_count": len(faults or []),
    }  # fmt: skip


@router.get("", dependencies=[needs("worker")])
async def board(uow: Uow) -> dict[str, Any]:
    """Parcels under way by milestone, what ended in 30 days, what wants somebody."""
    return await queries.board(uow)


@router.get("/parcels", dependencies=[needs("worker")])
async def parcels(uow: Uow, q: str = "", milestone: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """Lost and stalled ones first; `q`: how a tracking number, an SSCC or an order begins."""
    return await queries.parcels(uow, q.strip()[:64], milestone, max(1, min(limit, 1000)))


@router.get("/parcels/{parcel_id}", dependencies=[needs("worker")])
async def parcel(uow: Uow, parcel_id: UUID) -> dict[str, Any]:
    """A parcel with everything that was told of it."""
    return await queries.timeline(uow, parcel_id)


@router.get("/parked", dependencies=[needs("worker")])
async def parked(uow: Uow) -> list[dict[str, Any]]:
    """What was told and counts for nothing, with its reason."""
    return await queries.parked(uow)


@router.post("/file", dependencies=[needs("lead", "integration")])
async def take_file(uow: Uow, body: FileIn, dry_run: bool = True) -> dict[str, Any]:
    """A carrier's CSV: tracking, at, code, and where it has them place, text, event_id. A dry run names every faulty row."""
    done, faults = await intake.take_file(uow, body.carrier, body.csv, dry_run=dry_run)
    return taken(done, faults)


@router.get("/claims", dependencies=[needs("worker")])
async def claim_list(uow: Uow, state: str = "") -> list[dict[str, Any]]:
    """Claims, open ones first."""
    return await queries.claim_list(uow, state)


@router.post("/parcels/{parcel_id}/claim", dependencies=[needs("lead")])
async def open_claim(uow: Uow, parcel_id: UUID, body: ClaimIn) -> dict[str, str]:
    """Claim a stalled or damaged parcel by hand."""
    return {"id": str(await claiming.open_by_hand(uow, parcel_id, body.kind, body.reason))}


@router.get("/claims/{claim_id}/bundle", dependencies=[needs("worker")])
async def claim_bundle(uow: Uow, claim_id: UUID) -> Response:
    """The file that goes to the carrier."""
    name, content = await claiming.bundle(uow, claim_id)
    return Response(
        content, media_type="application/zip", headers={"content-disposition": f'attachment; filename="{name}"'}
    )


@router.post("/claims/{claim_id}/send", dependencies=[needs("lead")])
async def send_claim(uow: Uow, claim_id: UUID, body: NoteIn) -> dict[str, str]:
    """The file went to the carrier."""
    await claiming.send(uow, claim_id, body.note)
    return {"state": "sent"}


@router.post("/claims/{claim_id}/answer", dependencies=[needs("lead")])
async def answer_claim(uow: Uow, claim_id: UUID, body: AnswerIn) -> dict[str, str]:
    """What the carrier said."""
    await claiming.answer(uow, claim_id, body.accepted, body.amount_cents, body.note)
    return {"state": "accepted" if body.accepted else "rejected"}


@router.post("/claims/{claim_id}/pay", dependencies=[needs("lead", "finance")])
async def pay_claim(uow: Uow, claim_id: UUID, body: AmountIn) -> dict[str, str]:
    """The money came."""
    await claiming.pay(uow, claim_id, body.amount_cents, body.note)
    return {"state": "paid"}


@router.post("/claims/{claim_id}/amount", dependencies=[needs("lead")])
async def claim_amount(uow: Uow, claim_id: UUID, body: AmountIn) -> dict[str, int]:
    """Another amount than the declared value."""
    await claiming.set_amount(uow, claim_id, body.amount_cents)
    return {"amount_cents": body.amount_cents}


@router.post("/claims/{claim_id}/drop", dependencies=[needs("lead")])
async def drop_claim(uow: Uow, claim_id: UUID, body: NoteIn) -> dict[str, str]:
    """Nothing is claimed after all."""
    await claiming.drop(uow, claim_id, body.note)
    return {"state": "dropped"}

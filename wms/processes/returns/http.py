"""Host: ask for returns, load the policy. Console: returns, the no-order shelf, scrap to approve, suspicions, costs, photos."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.returns import queries
from wms.processes.returns.service import authorising, closing, grading, labelling, loading, strays

router = APIRouter(prefix="/api/v1/returns", tags=["returns"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PolicyIn(_In):
    """Rows as objects, or as the text of a CSV file with a header."""

    rows: list[dict[str, Any]] = Field(default=[], max_length=10_000)
    csv: str = Field(default="", max_length=4_000_000)
    valid_from: date
    valid_until: date | None = None
    source: str = Field(default="", max_length=200)


class LineIn(_In):
    sku: str = Field(min_length=1, max_length=64)
    qty_each: int
    reason: str = Field(default="", max_length=40)


class ReturnIn(_In):
    ref: str = Field(min_length=1, max_length=64)
    channel: str = Field(default="shop", min_length=1, max_length=40)
    order: str = Field(min_length=1, max_length=64)
    reason: str = Field(default="changed_mind", max_length=40)
    lines: list[LineIn] = Field(max_length=200)


class NoteIn(_In):
    note: str = Field(default="", max_length=200)


class DecideIn(NoteIn):
    approve: bool


class OrderIn(_In):
    order_id: UUID


class PhotoIn(_In):
    subject_id: UUID
    content: str = Field(max_length=4_200_000)
    """JPEG or PNG as base64, or as a data URL."""


@router.get("/policies", dependencies=[needs("worker", "integration", "finance")])
async def policies(uow: Uow) -> list[dict[str, Any]]:
    """Loaded policies, newest first."""
    return await queries.policies(uow)


@router.post("/policies", dependencies=[needs("admin", "integration", "supervisor")])
async def load_policy(uow: Uow, body: PolicyIn, dry_run: bool = True) -> dict[str, Any]:
    """Load a policy from a day on; by default only tried. Every faulty row and field is named."""
    rows, first = loading.rows_of(body.rows, body.csv)
    n = await loading.load_policy(
        uow, rows, valid_from=body.valid_from, valid_until=body.valid_until, source=body.source, dry_run=dry_run, first=first
    )  # fmt: skip
    return {"rows": n, "dry_run": dry_run}


@router.get("/site", dependencies=[needs("worker", "finance")])
async def site(uow: Uow) -> dict[str, Any]:
    """What the site says of its returns."""
    return (await queries.site(uow)).model_dump()


@router.put("/site", dependencies=[needs("admin", "supervisor")])
async def save_site(uow: Uow, body: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
    """Change it, all of it at once; what is not named has its default."""
    return (await loading.save_site(uow, body, dry_run=dry_run)).model_dump()


@router.post("", dependencies=[needs("integration", "lead")])
async def request(uow: Uow, body: ReturnIn) -> dict[str, Any]:
    """Ask for a return of shipped pieces; answered with the decision, its why and the instructions."""
    lines = [authorising.Wanted(x.sku, x.qty_each, x.reason) for x in body.lines]
    return await _told(uow, await authorising.request(uow, body.channel, body.ref, body.order, body.reason, lines))


@router.get("", dependencies=[needs("worker", "finance", "integration")])
async def returns(uow: Uow, state: str = "", q: str = "") -> list[dict[str, Any]]:
    """Returns, newest first; `state`: names separated by commas."""
    return await queries.listing(uow, state.split(",") if state else (), q[:64])


@router.get("/board", dependencies=[needs("worker", "finance")])
async def board(uow: Uow) -> dict[str, Any]:
    """The no-order shelf, scrap to approve, suspicions, costs by month."""
    shelf = [{n: getattr(s, n) for n in s.__slots__} for s in await queries.strays(uow)]
    pictures = await queries.photos(uow, [s["id"] for s in shelf])
    for s in shelf:
        s["photos"] = [p["id"] for p in pictures if p["subject_id"] == s["id"]]
    return {
        "shelf": shelf, "scrap": await queries.scrap_waiting(uow), "flags": await queries.flags(uow),
        "months": await queries.cost_by_month(uow), "now": await queries.cost_now(uow), "mending": await queries.mending(uow),
        "currency": (await queries.site(uow)).currency, "by_state": await queries.by_state(uow),
    }  # fmt: skip


@router.post("/photos", dependencies=[needs("worker", "integration")])
async def add_photo(uow: Uow, body: PhotoIn) -> dict[str, str]:
    """Keep a picture of a return, an item or a parcel without order."""
    await queries.known_subject(uow, body.subject_id)
    return {"id": str(await loading.keep_photo(uow, body.subject_id, body.content))}


@router.get("/photos/{photo_id}", dependencies=[needs("worker", "finance")], response_class=Response)
async def photo(uow: Uow, photo_id: UUID) -> Response:
    content, media = await queries.photo(uow, photo_id)
    return Response(content, media_type=media, headers={"x-content-type-options": "nosniff"})


@router.post("/items/{item_id}/scrap", dependencies=[needs("supervisor")])
async def decide_scrap(uow: Uow, item_id: UUID, body: DecideIn) -> dict[str, bool]:
    """Approve that valuable goods are scrapped, or have them graded again."""
    await grading.decide_scrap(uow, item_id, approve=body.approve, note=body.note)
    return {"ok": True}


@router.post("/flags/{flag_id}/review", dependencies=[needs("supervisor", "finance")])
async def review(uow: Uow, flag_id: UUID, body: DecideIn) -> dict[str, bool]:
    """Judge a suspicion: `approve` confirms the abuse and advises against the refund."""
    await closing.review(uow, flag_id, confirmed=body.approve, note=body.note)
    return {"ok": True}


@router.get("/shelf/{stray_id}/candidates", dependencies=[needs("worker")])
async def candidates(
    uow: Uow, stray_id: UUID, serial: str = "", words: str = "", tracking: str = ""
) -> list[dict[str, Any]]:
    """Shipped orders that a parcel may be of: by serial, by words on it (name, street), by tracking number."""
    await queries.stray(uow, stray_id)
    found = await strays.candidates(uow, serial=serial[:60], words=words[:100], tracking=tracking[:60])
    return [
        {"order_id": o.id, "ref": o.ref, "name": o.destination.get("name", ""), "city": o.destination.get("city", ""),
         "country": o.destination.get("country", ""), "shipped_at": o.shipped_at}
        for o in found
    ]  # fmt: skip


@router.post("/shelf/{stray_id}/identify", dependencies=[needs("worker")])
async def identify(uow: Uow, stray_id: UUID, body: OrderIn) -> dict[str, Any]:
    """Say which order a parcel belongs to; the bench goes on by its number."""
    return await queries.view(uow, await strays.identify(uow, stray_id, body.order_id))


@router.post("/shelf/{stray_id}/dispose", dependencies=[needs("supervisor")])
async def dispose(uow: Uow, stray_id: UUID, body: NoteIn) -> dict[str, bool]:
    """Approve that a parcel whose time is over is disposed of."""
    await strays.dispose(uow, stray_id, body.note)
    return {"ok": True}


@router.get("/{rma_id}", dependencies=[needs("worker", "finance", "integration")])
async def one(uow: Uow, rma_id: UUID) -> dict[str, Any]:
    """A return with its lines, items, findings and photos."""
    return await _told(uow, rma_id)


@router.get("/{rma_id}/label", dependencies=[needs("worker", "integration")], response_class=Response)
async def label(uow: Uow, rma_id: UUID) -> Response:
    """The prepaid return label for the customer to print: the carrier's as it was sold, or our own as PDF."""
    r, content, kind = await labelling.return_label(uow, rma_id)
    media = {"pdf": "application/pdf", "png": "image/png"}.get(kind, "text/plain; charset=utf-8")
    named = {"content-disposition": f'attachment; filename="{r.number}.{kind}"'}
    return Response(content, media_type=media, headers=named)


@router.post("/{rma_id}/decide", dependencies=[needs("lead", "integration")])
async def decide(uow: Uow, rma_id: UUID) -> dict[str, Any]:
    """Decide a held return again: what it was held for has been mended."""
    await authorising.decide(uow, rma_id)
    return await _told(uow, rma_id)


@router.post("/{rma_id}/cancel", dependencies=[needs("lead", "integration")])
async def cancel(uow: Uow, rma_id: UUID, body: NoteIn) -> dict[str, Any]:
    """Take a return back that nothing has come of yet; a label that a carrier sold for it is given back."""
    await authorising.cancel(uow, rma_id, body.note)
    return await _told(uow, rma_id)


async def _told(uow: Uow, rma_id: UUID) -> dict[str, Any]:
    told = await queries.view(uow, rma_id)
    words = {"label": "Print the label and hand the parcel to its carrier.", "address": "Send it to this address.",
             "keep": "Keep the goods; the refund is advised.", "refuse": "It may not be returned."}  # fmt: skip
    return {
        **told,
        "instructions": {
            "method": told["method"], "text": words.get(told["method"], ""), "address": told["address"], "number": told["number"],
            "label": f"/api/v1/returns/{rma_id}/label" if told["label"] else "", "until": told["expires_at"],
        },
    }  # fmt: skip

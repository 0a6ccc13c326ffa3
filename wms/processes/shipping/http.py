"""Console and host: services, rate cards, matrix, policy, goods records, the try-out, and carriers' labels."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.kernel.errors import NotFound
from wms.processes.shipping import queries
from wms.processes.shipping.service import data, judging, labels, trying

router = APIRouter(prefix="/api/v1/shipping", tags=["shipping"], route_class=UowRoute)
MEDIA = {"pdf": "application/pdf", "png": "image/png", "zpl": "text/plain; charset=utf-8"}


class ReasonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str = Field(max_length=200)


class TryLine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    qty_each: int = Field(ge=1, le=100_000)


class TryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    country: str = Field(min_length=2, max_length=2)
    postcode: str = Field(default="", max_length=20)
    lines: list[TryLine] = Field(min_length=1, max_length=100)
    channel: str = Field(default="", max_length=40)
    promised_days: float | None = Field(default=None, ge=0, le=365)
    service: str = Field(default="", max_length=40)
    duty_term: str = Field(default="", pattern="^(DAP|DDP)?$")
    parcels_max: int = Field(default=3, ge=1, le=50)


@router.get("/services", dependencies=[needs("worker")])
async def services(uow: Uow) -> list[dict[str, Any]]:
    """Services with the rate card valid today and the days learned from tracking."""
    return await queries.service_list(uow)


@router.post("/services", dependencies=[needs("admin", "integration")])
async def save_services(uow: Uow, body: list[dict[str, Any]], dry_run: bool = False) -> dict[str, Any]:
    """Create or change services, all or nothing; a dry run only names the faults."""
    return {"services": await data.save_services(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.get("/cards", dependencies=[needs("worker")])
async def cards(uow: Uow, service: str = "") -> list[dict[str, Any]]:
    """Versions of rate cards, newest first."""
    return await queries.version_list(uow, "card", service)


@router.get("/cards/{service}", dependencies=[needs("worker")])
async def card(uow: Uow, service: str, version: int | None = None) -> dict[str, Any]:
    """A rate card as loaded; without a version the one valid today."""
    return _there(await queries.version_body(uow, "card", service, version))


@router.post("/cards", dependencies=[needs("admin", "integration")])
async def load_card(uow: Uow, body: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
    """Load the next version of a rate card; its rows as objects or as CSV in `rows_csv`. Every faulty row is named."""
    return {"version": await data.load_card(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.get("/matrix", dependencies=[needs("worker")])
async def matrix(uow: Uow, version: int | None = None) -> dict[str, Any]:
    """The eligibility matrix as loaded; without a version the one valid today."""
    return _there(await queries.version_body(uow, "matrix", "", version))


@router.post("/matrix", dependencies=[needs("admin", "integration")])
async def load_matrix(uow: Uow, body: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
    """Load the next version of the eligibility matrix; orders held for shipping are judged anew."""
    return {"version": await data.load_matrix(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.get("/policy", dependencies=[needs("worker")])
async def policy(uow: Uow, version: int | None = None) -> dict[str, Any]:
    """The site's shipping policy as loaded."""
    return _there(await queries.version_body(uow, "policy", "", version))


@router.post("/policy", dependencies=[needs("admin", "integration", "supervisor")])
async def load_policy(uow: Uow, body: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
    """Load the next version of the policy: duty terms, cost of lateness, site rules, exchange rates."""
    return {"version": await data.load_policy(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.get("/goods", dependencies=[needs("worker")])
async def goods(uow: Uow, q: str = "") -> list[dict[str, Any]]:
    """SKUs with attributes or a dangerous goods record."""
    return await queries.goods_records(uow, q)


@router.post("/goods", dependencies=[needs("admin", "integration", "supervisor")])
async def save_goods(uow: Uow, body: list[dict[str, Any]], dry_run: bool = False) -> dict[str, Any]:
    """Keep dangerous goods records by SKU code."""
    return {"records": await data.save_goods(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.post("/try", dependencies=[needs("worker")])
async def try_out(uow: Uow, body: TryIn) -> dict[str, Any]:
    """What every service would cost for this content and destination, or why it may not carry it. Changes nothing."""
    promised = None if body.promised_days is None else timedelta(days=body.promised_days)
    return await trying.try_out(
        uow, country=body.country.upper(), postcode=body.postcode, lines=[(x.sku, x.qty_each) for x in body.lines],
        channel=body.channel, promised=promised, service=body.service, term=body.duty_term, parcels_max=body.parcels_max,
    )  # fmt: skip


@router.get("/orders/{order_id}", dependencies=[needs("worker")])
async def order(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """An order's choice with every service's price or reasons, and its labels."""
    return {"choice": await queries.choice_of(uow, order_id), "labels": await queries.purchases(uow, order_id=order_id)}


@router.post("/orders/{order_id}/judge", dependencies=[needs("lead")])
async def judge(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """Judge an order again, now."""
    made = await judging.judge(uow, order_id)
    return {"service": made.offer.service if made and made.offer else "", "code": made.code if made else ""}


@router.get("/labels", dependencies=[needs("worker")])
async def label_list(uow: Uow, state: str = "", q: str = "") -> dict[str, Any]:
    """Labels asked of carriers, newest first, and how many there are in each state."""
    states = state.split(",") if state else ()
    return {"labels": await queries.purchases(uow, states=states, words=q), "by_state": await queries.by_state(uow)}


@router.get("/labels/{purchase_id}/document", dependencies=[needs("lead")], response_class=Response)
async def document(uow: Uow, purchase_id: UUID) -> Response:
    """The label as its carrier sent it."""
    content, kind = await labels.document(uow, purchase_id)
    return Response(content, media_type=MEDIA.get(kind, "application/octet-stream"))


@router.post("/labels/{purchase_id}/settle", dependencies=[needs("lead")])
async def settle(uow: Uow, purchase_id: UUID, body: ReasonIn) -> dict[str, bool]:
    """Settle a label that its carrier would not void: refund claimed, or written off."""
    await labels.settle(uow, purchase_id, body.reason)
    return {"ok": True}


@router.get("/parcels/{parcel_id}", dependencies=[needs("worker")])
async def parcel(uow: Uow, parcel_id: UUID) -> list[dict[str, Any]]:
    """Every label that was asked for a parcel, newest first."""
    return await queries.purchases(uow, parcel_id=parcel_id)


@router.post("/parcels/{parcel_id}/reprint", dependencies=[needs("lead")])
async def reprint(uow: Uow, parcel_id: UUID, body: ReasonIn) -> dict[str, str]:
    """Print a parcel's label again, for a reason; nothing is bought."""
    return {"id": str(await labels.reprint(uow, parcel_id, body.reason))}


def _there(body: dict[str, Any] | None) -> dict[str, Any]:
    if body is None:
        raise NotFound()
    return body

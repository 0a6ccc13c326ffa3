"""Host: other warehouses, their stock, answers for parts. Console: the warehouses, their stock and their parts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.sourcing import queries
from wms.processes.sourcing.service import carrying, data

router = APIRouter(prefix="/api/v1/sourcing", tags=["sourcing"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReportIn(_In):
    """The whole stock as it was at `as_of`: lines, or the text of a CSV with the header sku,qty_each."""

    as_of: AwareDatetime
    lines: list[dict[str, Any]] = Field(default=[], max_length=200_000)
    csv: str = Field(default="", max_length=8_000_000)


class AnswerIn(_In):
    channel: str = Field(default="shop", min_length=1, max_length=40)
    accepted: bool
    why: str = Field(default="", max_length=200)


@router.get("/warehouses", dependencies=[needs("worker", "integration")])
async def warehouses(uow: Uow) -> list[dict[str, Any]]:
    """Other warehouses with their report's age, what it counts, and the parts with them."""
    return await queries.board(uow)


@router.post("/warehouses", dependencies=[needs("admin", "integration")])
async def save_warehouses(uow: Uow, body: list[dict[str, Any]], dry_run: bool = False) -> dict[str, Any]:
    """Create or change warehouses, all or nothing; a dry run only names the faults."""
    return {"warehouses": await data.save_warehouses(uow, body, dry_run=dry_run), "dry_run": dry_run}


@router.get("/warehouses/{code}/stock", dependencies=[needs("worker", "integration")])
async def stock(uow: Uow, code: str, q: str = "") -> list[dict[str, Any]]:
    """A warehouse's stock by SKU: reported, taken since, free."""
    return await queries.stock_list(uow, code, q[:64])


@router.post("/warehouses/{code}/stock", dependencies=[needs("admin", "integration")])
async def report(uow: Uow, code: str, body: ReportIn, dry_run: bool = False) -> dict[str, Any]:
    """Take in a warehouse's whole stock as reported; every faulty row is named. Orders that wait are judged anew."""
    as_of: datetime = body.as_of
    rows, first = (data.rows_of(body.csv), 2) if body.csv else (body.lines, 1)
    n = await data.take_report(uow, code, as_of, rows, first=first, dry_run=dry_run)
    return {"skus": n, "dry_run": dry_run}


@router.get("/parts", dependencies=[needs("worker", "integration")])
async def parts(uow: Uow, state: str = "", warehouse: str = "", q: str = "") -> list[dict[str, Any]]:
    """Parts that other warehouses send, newest first; `state`: names separated by commas."""
    states = state.split(",") if state else ()
    return await queries.part_list(uow, states=states, warehouse=warehouse, words=q[:64])


@router.post("/parts/{ref}/answer", dependencies=[needs("integration", "supervisor")])
async def answer(uow: Uow, ref: str, body: AnswerIn) -> dict[str, Any]:
    """The other warehouse sends the part, or refuses it: then it comes back, or becomes an order here."""
    one = await carrying.answer(uow, body.channel, ref, accepted=body.accepted, why=body.why.strip())
    return (await queries.told_parts(uow, [one]))[0]


@router.get("/orders/{order_id}", dependencies=[needs("worker")])
async def order(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """What was decided for an order, what spoke for and against each warehouse, and its parts."""
    found = await queries.parts_of(uow, order_id)
    return {"choice": await queries.choice_of(uow, order_id), "parts": await queries.told_parts(uow, found)}

"""Customs for host and console: tables, filings, papers, judged orders, declarations, overseas stock, documents."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.customs import queries, service

router = APIRouter(prefix="/api/v1/customs", tags=["customs"], route_class=UowRoute)
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
Kind = Literal["invoice", "packing_list", "cn22", "cn23"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RowsIn(_In):
    """Rows as objects, or as the text of a CSV file with a header."""

    rows: list[dict[str, Any]] = Field(default=[], max_length=20_000)
    csv: str = Field(default="", max_length=8_000_000)


class TableIn(RowsIn):
    valid_from: date
    valid_until: date | None = None
    source: str = Field(default="", max_length=300)


class ModeIn(_In):
    mode: str = Field(max_length=20)
    reason: str = Field(max_length=200)


class ReasonIn(_In):
    reason: str = Field(default="", max_length=200)


class BatchIn(_In):
    mode: str = Field(pattern="^(9610|9710|9810|plain)$")
    parcel_ids: list[UUID] = Field(default=[], max_length=5_000)


class SummaryIn(_In):
    month: str = Field(pattern=MONTH)


class AnswerIn(_In):
    entry: str = Field(max_length=60)
    outcome: str = Field(max_length=20)
    text: str = Field(default="", max_length=300)


class SettleIn(_In):
    declaration: str = Field(max_length=30)
    item: int = Field(ge=1)


class LabelIn(_In):
    sku: str = Field(max_length=64)
    market: str = Field(pattern="^[A-Z]{2}$")
    printer: str = Field(default="", max_length=64)
    copies: int = Field(default=1, ge=1, le=200)
    languages: list[str] = Field(default=[], max_length=10)
    model: str = Field(default="", max_length=60)
    origin: str = Field(default="", max_length=40)
    size_mm: list[int] = Field(default=[], max_length=3)
    facts: list[str] = Field(default=[], max_length=10)
    parties: list[str] = Field(default=[], max_length=6)
    marks: list[str] = Field(default=[], max_length=10)


@router.get("/tables", dependencies=[needs("worker")])
async def tables(uow: Uow) -> list[dict[str, Any]]:
    """Every kind of rule table: which is valid today, from when to when, by which source."""
    return await queries.table_list(uow)


@router.post("/tables/{kind}", dependencies=[needs("integration", "supervisor")])
async def load_table(uow: Uow, kind: str, body: TableIn, dry_run: bool = True) -> dict[str, Any]:
    """Load a rule table; by default only tried."""
    rows, first = service.rows_of(body.rows, body.csv)
    n = await service.load_table(
        uow,
        kind,
        rows,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        source=body.source,
        dry_run=dry_run,
        first=first,
    )
    return {"rows": n, "dry_run": dry_run}


@router.get("/filings", dependencies=[needs("worker")])
async def filings(uow: Uow, q: str = "") -> list[dict[str, Any]]:
    """SKUs with what is on file of them; those without a filing first."""
    return await queries.filing_list(uow, q)


@router.post("/filings", dependencies=[needs("integration", "supervisor")])
async def load_filings(uow: Uow, body: RowsIn, dry_run: bool = True) -> dict[str, Any]:
    """Load filings; by default only tried."""
    rows, first = service.rows_of(body.rows, body.csv)
    return {**await service.load_filings(uow, rows, dry_run=dry_run, first=first), "dry_run": dry_run}


@router.post("/papers", dependencies=[needs("integration", "supervisor")])
async def load_papers(uow: Uow, body: RowsIn, dry_run: bool = False) -> dict[str, Any]:
    """Take in payments, waybills, invoices, contracts and booking notes of orders."""
    rows, first = service.rows_of(body.rows, body.csv)
    return {"rows": await service.load_records(uow, rows, dry_run=dry_run, first=first), "dry_run": dry_run}


@router.get("/orders", dependencies=[needs("worker")])
async def orders(uow: Uow, held: bool = True, q: str = "") -> list[dict[str, Any]]:
    """Orders held by customs with the fields that differ; or all that were judged."""
    return await queries.order_list(uow, held, q)


@router.get("/orders/{order_id}", dependencies=[needs("worker")])
async def order(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """An order's mode and why, its papers side by side, its parcels, documents and holds; identities masked."""
    return await queries.order_view(uow, order_id)


@router.post("/orders/{order_id}/judge", dependencies=[needs("integration", "lead")])
async def judge(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """Judge an order again with what is known now."""
    await service.judge_order(uow, order_id)
    return await queries.order_view(uow, order_id)


@router.post("/orders/{order_id}/mode", dependencies=[needs("integration", "supervisor")])
async def fix_mode(uow: Uow, order_id: UUID, body: ModeIn) -> dict[str, Any]:
    """Fix how an order is declared, for a reason; an empty mode leaves it to the table again."""
    await service.fix_mode(uow, order_id, body.mode, body.reason)
    return await queries.order_view(uow, order_id)


@router.post("/orders/{order_id}/answer", dependencies=[needs("integration", "lead")])
async def answer_hold(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """The papers that customs asked for were sent: they are issued and kept, and the clock stops."""
    return {"documents": await service.answer_hold(uow, order_id)}


@router.post("/orders/{order_id}/correct", dependencies=[needs("integration", "supervisor")])
async def correct(uow: Uow, order_id: UUID, body: ReasonIn) -> dict[str, Any]:
    """Declare an order's parcels anew with what is true now."""
    return {"parcels": await service.correct(uow, order_id, body.reason)}


@router.post("/orders/{order_id}/legal-hold", dependencies=[needs("supervisor")])
async def legal_hold(uow: Uow, order_id: UUID, body: ReasonIn) -> dict[str, Any]:
    """Papers of an order stay whatever their date says; an empty reason ends that."""
    return {"documents": await service.set_legal_hold(uow, order_id, body.reason)}


@router.get("/orders/{order_id}/documents/{kind}", dependencies=[needs("lead", "integration")], response_class=Response)
async def document(uow: Uow, order_id: UUID, kind: Kind, size: Literal["a4", "label"] = "a4") -> Response:
    """PDF of an order's commercial invoice, packing list, CN 22 or CN 23."""
    name, content = await service.issue_file(uow, order_id, kind, size)
    return _file(name, content, "application/pdf")


@router.get("/orders/{order_id}/documents/{kind}/data", dependencies=[needs("lead", "integration")])
async def document_data(uow: Uow, order_id: UUID, kind: Kind) -> dict[str, Any]:
    """The same document as data."""
    return (await service.issue(uow, order_id, kind)).data


@router.get("/orders/{order_id}/bundle", dependencies=[needs("lead", "integration")], response_class=Response)
async def bundle(uow: Uow, order_id: UUID) -> Response:
    """ZIP of the papers that a hold by customs is answered with."""
    name, content = await service.bundle_file(uow, order_id)
    return _file(name, content, "application/zip")


@router.get("/batches", dependencies=[needs("worker")])
async def batches(uow: Uow) -> dict[str, Any]:
    """Declarations newest first, and what waits to be declared by mode and state."""
    return {"batches": await queries.batch_list(uow), "waiting": await queries.ready(uow)}


@router.post("/batches", dependencies=[needs("integration", "lead")])
async def make_batch(uow: Uow, body: BatchIn) -> dict[str, Any]:
    """Put all parcels of a mode whose papers agree into one list."""
    return {"id": str(await service.make_batch(uow, body.mode, body.parcel_ids))}


@router.post("/summaries", dependencies=[needs("integration", "lead")])
async def summarise(uow: Uow, body: SummaryIn) -> dict[str, Any]:
    """Declare the released 9610 lists of a month in summary, one for each port."""
    return {"ids": [str(i) for i in await service.summarise(uow, body.month)]}


@router.post("/batches/{batch_id}/declare", dependencies=[needs("integration", "lead")])
async def declare(uow: Uow, batch_id: UUID) -> dict[str, bool]:
    """The declaration went to the agent; its papers are matched once more."""
    await service.declare(uow, batch_id)
    return {"ok": True}


@router.post("/batches/{batch_id}/answers", dependencies=[needs("integration", "lead")])
async def answers(uow: Uow, batch_id: UUID, body: Annotated[list[AnswerIn], Field(max_length=5_000)]) -> dict[str, str]:
    """What customs says of a declaration's parcels: release, hold or query."""
    return {"state": await service.answer(uow, batch_id, [a.model_dump() for a in body])}


@router.get("/batches/{batch_id}/file", dependencies=[needs("lead", "integration")], response_class=Response)
async def batch_file(uow: Uow, batch_id: UUID, form: Annotated[Literal["csv", "xml"], Query()] = "csv") -> Response:
    """The declaration as a file for the agent's system."""
    name, content = await service.batch_file(uow, batch_id, form)
    return _file(name, content, "text/csv; charset=utf-8" if form == "csv" else "application/xml")


@router.post("/items", dependencies=[needs("integration", "supervisor")])
async def load_items(uow: Uow, body: RowsIn, dry_run: bool = True) -> dict[str, Any]:
    """Load items of export declarations to overseas warehouses; by default only tried."""
    rows, first = service.rows_of(body.rows, body.csv)
    return {"rows": await service.load_items(uow, rows, dry_run=dry_run, first=first), "dry_run": dry_run}


@router.post("/sales", dependencies=[needs("integration", "supervisor")])
async def sales(uow: Uow, body: RowsIn, dry_run: bool = False) -> dict[str, Any]:
    """Take in what overseas warehouses sold; first in, first out by declaration item."""
    rows, first = service.rows_of(body.rows, body.csv)
    return {**await service.report_sold(uow, rows, dry_run=dry_run, first=first), "dry_run": dry_run}


@router.post("/settlements", dependencies=[needs("finance", "integration")])
async def settle(uow: Uow, body: SettleIn) -> dict[str, int]:
    """The refund of what is sold of a declaration item was settled."""
    return {"settled_each": await service.settle(uow, body.declaration, body.item)}


@router.get("/sold", dependencies=[needs("worker")])
async def sold(uow: Uow) -> list[dict[str, Any]]:
    """Sold and unsold by declaration item; item 0: sold and never declared out."""
    return await queries.sold_report(uow)


@router.get("/sold.csv", dependencies=[needs("lead", "finance", "integration")], response_class=Response)
async def sold_csv(uow: Uow) -> Response:
    """The same as CSV."""
    return _file("sold.csv", await queries.sold_csv(uow), "text/csv; charset=utf-8")


@router.post("/labels/preview", dependencies=[needs("lead", "integration")])
async def label_content(uow: Uow, body: LabelIn) -> dict[str, Any]:
    """Data of a market label: what the market asks for, each mark with the document that proves it."""
    return await service.label_content(
        uow, body.sku, body.market, body.model_dump(exclude={"sku", "market", "printer", "copies"})
    )


@router.post("/labels", dependencies=[needs("lead", "integration")])
async def print_label(uow: Uow, body: LabelIn) -> dict[str, Any]:
    """Print market labels, once every mark on them is proven."""
    given = body.model_dump(exclude={"sku", "market", "printer", "copies"})
    return {
        "jobs": [
            str(j)
            for j in await service.print_market_label(uow, body.sku, body.market, given, body.printer, body.copies)
        ]
    }


def _file(name: str, content: bytes, media: str) -> Response:
    quoted = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{quoted}"'})

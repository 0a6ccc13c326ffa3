"""Console: templates and their previews, print jobs, printers and whose work they do; carriers' labels from a host."""

import base64
import binascii
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.labels import queries, service
from wms.kernel.errors import BadInput

router = APIRouter(prefix="/api/v1/labels", tags=["labels"], route_class=UowRoute)
CODE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PrinterIn(_In):
    code: str = Field(pattern=CODE)
    kind: Literal["label", "mobile", "office"] = "label"
    language: Literal["zpl", "tspl", "pdf"] = "zpl"
    dpi: Literal[203, 300, 600] = 203
    width_mm: float = Field(101.6, ge=20, le=320)
    height_mm: float = Field(152.4, ge=10, le=450)
    gap_mm: float = Field(3.0, ge=0, le=20)
    stock: Literal["label", "tag", "lithium", "a4"] = "label"
    fallback: list[str] = Field(default=[], max_length=20)


class MoveIn(_In):
    to: str = Field(max_length=64)


class ReprintIn(_In):
    reason: str = Field(max_length=200)


class SheetIn(_In):
    came_out: bool


class PreviewIn(_In):
    kind: str = Field(max_length=40)
    printer: str = Field("", max_length=64)
    data: dict[str, Any] | None = None


class TestIn(_In):
    kind: str = Field("location", max_length=40)


class CarrierIn(_In):
    content: str = Field(max_length=6_000_000)
    """Base64 of the file."""
    kind: Literal["pdf", "png", "zpl"]
    printer: str = Field(max_length=64)
    ref: str = Field(min_length=1, max_length=100, pattern=r"^[a-z_.]+:[\w-]+$")
    expected: str = Field("", max_length=60)
    """Tracking number that a barcode on it must hold."""
    dpi: Literal[0, 203, 300, 600] = 0


@router.get("/templates", dependencies=[needs("lead")])
async def label_templates(uow: Uow) -> list[dict[str, Any]]:
    """Every template with its least media and its example."""
    return queries.template_list()


@router.get("/templates/{kind}/preview", dependencies=[needs("lead")], response_class=Response)
async def template_preview(uow: Uow, kind: str, printer: str = "") -> Response:
    """PNG of a template's example on a printer's media."""
    return Response(await queries.preview(uow, kind, None, printer), media_type="image/png")


@router.post("/preview", dependencies=[needs("lead")], response_class=Response)
async def preview(uow: Uow, body: PreviewIn) -> Response:
    """PNG of a template with this data (without any: its example) on this printer's media."""
    return Response(await queries.preview(uow, body.kind, body.data, body.printer), media_type="image/png")


@router.get("/jobs", dependencies=[needs("lead")])
async def jobs(
    uow: Uow,
    state: Literal["", "open", "amiss", "queued", "handed", "sent", "printed", "failed", "unknown", "void"] = "",
    printer: str = "",
) -> list[dict[str, Any]]:
    """Print jobs, newest first."""
    return await queries.jobs(uow, state, printer)


@router.get("/jobs/{job_id}/preview", dependencies=[needs("lead")], response_class=Response)
async def job_preview(uow: Uow, job_id: UUID) -> Response:
    """PNG of the label of a job."""
    page, _ = await queries.job_page(uow, job_id)
    return Response(queries.png(page), media_type="image/png")


@router.get("/jobs/{job_id}/sheet", dependencies=[needs("lead")], response_class=Response)
async def sheet(uow: Uow, job_id: UUID) -> Response:
    """PDF of the label on A4 in its true size."""
    return Response(await queries.sheet(uow, job_id), media_type="application/pdf")


@router.post("/jobs/{job_id}/reprint", dependencies=[needs("lead")])
async def reprint(uow: Uow, job_id: UUID, body: ReprintIn) -> dict[str, str]:
    """Print the same label again, for a reason."""
    return {"id": str(await service.reprint(uow, job_id, body.reason))}


@router.post("/jobs/{job_id}/sheet", dependencies=[needs("lead")])
async def confirm_sheet(uow: Uow, job_id: UUID, body: SheetIn) -> dict[str, bool]:
    """Say whether a handed sheet is on paper."""
    await service.confirm_sheet(uow, job_id, body.came_out)
    return {"ok": True}


@router.get("/printers", dependencies=[needs("lead")])
async def printers(uow: Uow) -> list[dict[str, Any]]:
    """Every printer with its media, its state, who prints for it and who should."""
    return await queries.board(uow)


@router.post("/printers", dependencies=[needs("admin")])
async def save_printers(uow: Uow, body: list[PrinterIn]) -> dict[str, int]:
    """Describe printers: media, language, and who takes over for them in which order."""
    for one in body:
        await service.save_printer(uow, one.code, **one.model_dump(exclude={"code"}))
    return {"saved": len(body)}


@router.post("/printers/{code}/move", dependencies=[needs("lead")])
async def move(uow: Uow, code: str, body: MoveIn) -> dict[str, int]:
    """Let another printer, or the queue, do this one's work; what waited is printed there."""
    return {"released": await service.move(uow, code, body.to)}


@router.post("/printers/{code}/test", dependencies=[needs("lead")])
async def print_test(uow: Uow, code: str, body: TestIn) -> dict[str, str]:
    """Print a template's example."""
    return {"id": str(await service.print_test(uow, code, body.kind))}


@router.post("/carrier", dependencies=[needs("integration", "lead")])
async def carrier_label(uow: Uow, body: CarrierIn) -> dict[str, str]:
    """Print a carrier's PDF, PNG or ZPL once it is proven readable on this printer."""
    try:
        content = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(field="content", reason="base64") from None
    job = await service.print_carrier_label(
        uow, content, body.kind, body.printer, body.ref, expected=body.expected, dpi=body.dpi
    )
    return {"id": str(job)}

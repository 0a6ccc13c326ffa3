"""Printers with what they can do now, print jobs, and who should take over for whom."""

import base64
import io
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.labels.rules import languages, layout, templates
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import UnknownJob, UnknownPrinter
from wms.foundation.labels.tables import Printer, PrintJob
from wms.foundation.work import queries as work

QUEUE = "queue"
"""The last of every chain: jobs wait until a printer is back."""
DOWN = frozenset({"offline", "fault", "refused"})
A4_MM = (210.0, 297.0)


@dataclass(frozen=True, slots=True)
class PrinterInfo:
    code: str
    kind: str = "label"
    language: str = "zpl"
    dpi: int = 203
    width_mm: float = 101.6
    height_mm: float = 152.4
    gap_mm: float = 3.0
    stock: str = "label"
    fallback: tuple[str, ...] = ()
    state: str = "unknown"
    fault: str = ""
    state_at: datetime | None = None
    moved_to: str = ""
    moved_by: str = ""
    moved_at: datetime | None = None

    @property
    def media(self) -> Media:
        return Media(self.width_mm, self.height_mm, self.dpi, self.gap_mm, self.stock)

    @property
    def down(self) -> bool:
        return self.state in DOWN

    def can_replace(self, home: "PrinterInfo") -> bool:
        """Stands, and has the same media loaded; an office printer takes any label onto a sheet."""
        same = abs(self.width_mm - home.width_mm) <= 1 and abs(self.height_mm - home.height_mm) <= 1
        return not self.down and (self.kind == "office" or (same and self.stock == home.stock))


def _info(row: Printer) -> PrinterInfo:
    values = {name: getattr(row, name) for name in PrinterInfo.__slots__ if name != "fallback"}
    return PrinterInfo(**values, fallback=tuple(row.fallback))


async def printer(uow: UnitOfWork, code: str) -> PrinterInfo:
    """A printer as described, or as nobody has described it."""
    row = await uow.session.get(Printer, code)
    return PrinterInfo(code) if row is None else _info(row)


async def printers(uow: UnitOfWork) -> dict[str, PrinterInfo]:
    """Every printer described or in use at a station, by code."""
    found = {s.printer: PrinterInfo(s.printer) for s in await work.stations(uow) if s.printer}
    found |= {row.code: _info(row) for row in await uow.session.scalars(select(Printer))}
    return dict(sorted(found.items()))


async def newest_job(uow: UnitOfWork, serials: Collection[str]) -> UUID | None:
    """The last label that was made with one of these numbers on it."""
    query = select(PrintJob.id).where(PrintJob.serial.in_(serials), PrintJob.serial != "").order_by(PrintJob.id.desc())
    return await uow.session.scalar(query.limit(1))


async def standing(uow: UnitOfWork, code: str) -> str:
    """Who prints for this printer now: itself, another, or `queue`."""
    return (await printer(uow, code)).moved_to or code


def proposal(home: PrinterInfo, known: dict[str, PrinterInfo]) -> str:
    """Who should take over: the first of the chain that stands and has the media, else `queue`; empty when all is well."""
    now = known.get(home.moved_to) if home.moved_to else home
    if home.moved_to and not home.down and home.state != "unknown":
        return home.code  # it is back
    if now is not None and not now.down:
        return ""
    ranked = (known[c] for c in home.fallback if c in known and c != home.moved_to)
    best = next((p.code for p in ranked if p.can_replace(home)), QUEUE)
    return "" if best == home.moved_to else best


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every printer with its stations, its waiting jobs and what is proposed: what a lead moves work by."""
    known, stations = await printers(uow), await work.stations(uow)
    counted = await uow.session.execute(
        select(PrintJob.home, PrintJob.state, func.count())
        .where(PrintJob.state.in_(("queued", "handed", "sent")))
        .group_by(PrintJob.home, PrintJob.state)
    )
    waiting = {(home, state): int(n) for home, state, n in counted.all()}
    rows = [
        {
            **asdict(p), "stations": [s.code for s in stations if s.printer == p.code], "proposed": proposal(p, known),
            "choices": [c for c in (p.code, *p.fallback, QUEUE) if c != (p.moved_to or p.code)
                        and (c == QUEUE or (c in known and (c == p.code or known[c].can_replace(p))))],
            **{state: waiting.get((p.code, state), 0) for state in ("queued", "handed", "sent")},
        }
        for p in known.values()
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (not r["proposed"], not r["stations"]))  # stable: by code within


_SHOWN = ("id", "kind", "printer", "home", "language", "ref", "serial", "state", "code", "actor", "reason", "reprint_of",
          "created_at", "ended_at")  # fmt: skip


async def jobs(uow: UnitOfWork, state: str = "", printer_code: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Print jobs, newest first. `state`: one, or `open` (queued, handed, sent), or `amiss` (failed, unknown)."""
    wanted = {"open": ("queued", "handed", "sent"), "amiss": ("failed", "unknown")}.get(state, (state,))
    query = select(PrintJob).order_by(PrintJob.created_at.desc(), PrintJob.id.desc()).limit(limit)
    if state:
        query = query.where(PrintJob.state.in_(wanted))
    if printer_code:
        query = query.where((PrintJob.printer == printer_code) | (PrintJob.home == printer_code))
    return [{name: getattr(row, name) for name in _SHOWN} for row in await uow.session.scalars(query)]


async def job_page(uow: UnitOfWork, job_id: UUID) -> tuple[Image.Image, Media]:
    """The label of a job, as it is read, and the media it was made for. Errors: UnknownJob."""
    row = await uow.session.get(PrintJob, job_id)
    if row is None:
        raise UnknownJob(job=str(job_id))
    target = await printer(uow, row.printer if row.printer != QUEUE else row.home)
    media = (await printer(uow, row.home)).media if target.kind == "office" else target.media
    return picture(row.kind, row.data, media), media


def picture(kind: str, data: dict[str, Any], media: Media) -> Image.Image:
    """A label drawn for people. Errors: as templates.build; UnknownJob where a carrier's ZPL has no picture."""
    if kind != "carrier":
        return layout.preview(templates.build(kind, data, media), media)
    if "png" not in data:
        raise UnknownJob(job="a carrier's own ZPL has no picture")
    return Image.open(io.BytesIO(base64.b64decode(data["png"]))).convert("RGB")


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


async def sheet(uow: UnitOfWork, job_id: UUID) -> bytes:
    """The label in its true size on an A4 page, as PDF, to be printed by a person at 100 %. Errors: UnknownJob."""
    return _on_a4(*await job_page(uow, job_id))


def label_pdf(kind: str, data: dict[str, Any]) -> bytes:
    """A label that nobody has printed yet, in its true size on an A4 page, as PDF. Errors: as templates.build."""
    media = templates.media_for(kind, Media())
    return _on_a4(picture(kind, data, media), media)


def _on_a4(page: Image.Image, media: Media) -> bytes:
    size = tuple(round(mm * media.dots_mm) for mm in A4_MM)
    wide = page.width > size[0] - 2 * media.px(5)
    paper = Image.new("L", size[::-1] if wide else size, 255)  # type: ignore[arg-type]
    paper.paste(page.convert("L"), (media.px(8), media.px(8)))
    out = io.BytesIO()
    paper.convert("1").save(out, "PDF", resolution=media.dpi_exact)
    return out.getvalue()


async def preview(uow: UnitOfWork, kind: str, data: dict[str, Any] | None, printer_code: str = "") -> bytes:
    """PNG of a template with given data, or its own example. Errors: as templates.build."""
    media = (await printer(uow, printer_code)).media if printer_code else templates.media_for(kind, Media())
    return png(picture(kind, templates.sample(kind) if data is None else data, media))


def template_list() -> list[dict[str, Any]]:
    """Every template with its least media and its example."""
    return [
        {"kind": kind, "width_mm": t.width, "height_mm": t.height, "sample": t.sample}
        for kind, t in templates.TEMPLATES.items()
    ]


def encoded(label: layout.Label, media: Media, language: str) -> str | bytes:
    """A label in a printer's language."""
    return languages.tspl(label, media) if language == "tspl" else languages.zpl(label, media)


async def known_printer(uow: UnitOfWork, code: str) -> PrinterInfo:
    """A printer that is described or serves a station. Errors: UnknownPrinter."""
    found = (await printers(uow)).get(code)
    if found is None:
        raise UnknownPrinter(printer=code)
    return found

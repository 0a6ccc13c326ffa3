"""Number, render and print labels; move a printer's work to another.

A label's number is printed once: a job whose end is unknown is never repeated by itself. Whoever wants the label voids it and asks
for one with a new number; only a lead prints the same again, with a reason.
"""

import asyncio
import base64
import zlib
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.devices import DeviceStateChanged
from wms.events.labels import LabelFailed, LabelPrinted
from wms.foundation.labels import queries, rules
from wms.foundation.labels.queries import QUEUE, PrinterInfo
from wms.foundation.labels.rules import carrier, languages, refusals, templates
from wms.foundation.labels.tables import Printer, PrintJob
from wms.kernel.ids import uuid7

COMPANY_PREFIX = "0614141"
"""GS1's documentation prefix; a site sets its own by `set_company_prefix`."""
LARGEST_COMMAND = 60 * 1024
"""A device command travels as one message of at most 64 KiB."""


def set_company_prefix(prefix: str) -> None:
    global COMPANY_PREFIX
    COMPANY_PREFIX = prefix


async def next_sscc(uow: UnitOfWork) -> str:
    """A new serial shipping container code; numbers are never used twice, gaps are normal."""
    serial = await uow.session.scalar(text("SELECT nextval('sscc_seq')"))
    return rules.sscc(COMPANY_PREFIX, int(serial or 0))


async def print_label(
    uow: UnitOfWork, kind: str, data: dict[str, Any], printer: str, ref: str, *, ttl_s: int = 60
) -> UUID:
    """Queue one label at a printer, or at who stands in for it. Its outcome comes as LabelPrinted or LabelFailed with `ref`.

    What cannot be printed as it is (a character that no font draws, an address too long, other media loaded) is a failed job
    with its code: the floor hears of it as of any other failure. Errors: NoPrinter, UnknownTemplate.
    """
    if not printer:
        raise refusals.NoPrinter()
    job = PrintJob(id=uuid7(), kind=kind, home=printer, data=data, ref=ref, actor=uow.actor.id, created_at=uow.now)
    await _dispatch_or_fail(uow, job, await queries.standing(uow, printer), ttl_s)
    uow.session.add(job)
    return job.id


async def print_carrier_label(
    uow: UnitOfWork, content: bytes, kind: carrier.Kind, printer: str, ref: str, *, expected: str = "", dpi: int = 0
) -> UUID:
    """Print a label that a carrier made, once its barcode has been read back from the dots that will be printed.

    Errors: NoPrinter, CarrierUnreadable, CarrierSize, CarrierTooFine, CarrierBarcode, CarrierContent, TooLarge.
    """
    if not printer:
        raise refusals.NoPrinter()
    home = await queries.printer(uow, printer)
    target = await queries.printer(uow, home.moved_to) if home.moved_to not in ("", QUEUE) else home
    media = home.media if target.kind == "office" else target.media
    checked = await asyncio.to_thread(carrier.check, content, kind, media, expected, dpi)
    data: dict[str, Any] = {"barcodes": list(checked.barcodes)}
    data["png"] = base64.b64encode(queries.png(checked.page)).decode()
    if checked.zpl:
        data |= {"zpl": checked.zpl, "dpi": media.dpi}
    job = PrintJob(
        id=uuid7(), kind="carrier", home=printer, data=data, ref=ref, actor=uow.actor.id, created_at=uow.now,
        serial=expected,
    )  # fmt: skip
    await _dispatch(uow, job, home.moved_to or printer, 60)
    uow.session.add(job)
    return job.id


_UNPRINTABLE = (
    refusals.BadLabelData, refusals.CannotDraw, refusals.CannotEncode, refusals.DoesNotFit, refusals.MediaMismatch,
    refusals.TooLarge, refusals.PrinterUnfit, refusals.MarkUnproven,
)  # fmt: skip


async def _dispatch_or_fail(uow: UnitOfWork, job: PrintJob, target: str, ttl_s: int = 60) -> None:
    try:
        await _dispatch(uow, job, target, ttl_s)
    except _UNPRINTABLE as refusal:
        job.printer, job.content, job.reason = target, "", refusal.detail
        _end(uow, job, "failed", "failed", refusal.code)


async def _dispatch(uow: UnitOfWork, job: PrintJob, target: str, ttl_s: int) -> None:
    """Give a job to a printer, to a person as a sheet, or to the queue."""
    home = await queries.printer(uow, job.home)
    at = home if target == QUEUE else await queries.printer(uow, target)
    media = home.media if at.kind == "office" else at.media
    language = "zpl" if at.language == "pdf" else at.language
    label, content = None, ""
    if job.kind == "carrier":
        content = _carrier_content(job.data, at)
    else:
        label = templates.build(job.kind, job.data, media)
        job.serial = label.serial
        drawn = queries.encoded(label, media, language)  # in every case: what cannot be drawn is refused now
        content = drawn if isinstance(drawn, str) else _packed(drawn)
    job.printer, job.language, job.content, job.ended_at, job.code = target, at.language, "", None, ""
    if target == QUEUE or at.kind == "office":
        job.state = "queued" if target == QUEUE else "handed"
        return
    if len(content) > LARGEST_COMMAND:
        raise refusals.TooLarge(bytes=len(content), largest=LARGEST_COMMAND)
    command: dict[str, Any] = {"job_id": str(job.id), "content": content, "labels": 1}
    if language != "zpl":
        command |= {"language": language, "encoding": "deflate"}
    job.state, job.content = "sent", content
    job.command_id = uow.send_device(target, "print", command, ref=f"labels.print:{job.id}", ttl_s=ttl_s)


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _carrier_content(data: dict[str, Any], at: PrinterInfo) -> str:
    """The carrier's ZPL where the printer speaks it at its dots, else the page as it was proven. Errors: MediaMismatch."""
    if "zpl" in data and at.language == "zpl" and data.get("dpi", at.dpi) == at.dpi:
        return str(data["zpl"])
    page = queries.picture("carrier", data, at.media).convert("1", dither=Image.Dither.NONE)
    if page.size != at.media.size_px and at.kind != "office":
        raise refusals.MediaMismatch(
            needs=f"{page.width} × {page.height} px", loaded="{} × {} px".format(*at.media.size_px)
        )
    drawn = languages.picture(page, at.media, "tspl" if at.language == "tspl" else "zpl")
    return drawn if isinstance(drawn, str) else _packed(drawn)


async def settle(uow: UnitOfWork, job_id: UUID, outcome: str, code: str) -> None:
    """Take in the printer's answer, once."""
    job = await uow.session.scalar(select(PrintJob).where(PrintJob.id == job_id).with_for_update())
    if job is None or job.state != "sent":
        return
    _end(uow, job, {"done": "printed", "unknown": "unknown"}.get(outcome, "failed"), outcome, code)


def _end(uow: UnitOfWork, job: PrintJob, state: str, outcome: str, code: str) -> None:
    job.state, job.ended_at, job.code = state, uow.now, code
    if state == "printed":
        uow.emit(LabelPrinted(job_id=job.id, kind=job.kind, ref=job.ref))
    else:
        uow.emit(LabelFailed(job_id=job.id, kind=job.kind, ref=job.ref, outcome=outcome, code=code))


async def made(uow: UnitOfWork, ref: str, serial: str, *, open_only: bool = False) -> bool:
    """Whether a job was made for `ref` with this number; `open_only`: one that is on its way to paper or on it."""
    query = select(PrintJob.id).where(PrintJob.ref == ref, PrintJob.serial == serial)
    if open_only:
        query = query.where(PrintJob.state.not_in(("void", "failed", "unknown")))
    return await uow.session.scalar(query.limit(1)) is not None


async def void(uow: UnitOfWork, ref: str) -> int:
    """Void all labels made for `ref`. Returns how many."""
    result = await uow.session.execute(
        update(PrintJob)
        .where(PrintJob.ref == ref, PrintJob.state != "void")
        .values(state="void")
        .returning(PrintJob.id)
    )
    return len(result.all())


async def _lock(uow: UnitOfWork, job_id: UUID) -> PrintJob:
    job = await uow.session.scalar(select(PrintJob).where(PrintJob.id == job_id).with_for_update())
    if job is None:
        raise refusals.UnknownJob(job=str(job_id))
    return job


async def reprint(uow: UnitOfWork, job_id: UUID, reason: str) -> UUID:
    """A lead prints the same label again: who, why and of which job are kept. Errors: ReasonNeeded, JobOpen, JobVoid."""
    job = await _lock(uow, job_id)
    if not reason.strip():
        raise refusals.ReasonNeeded()
    if job.state == "void":
        raise refusals.JobVoid(serial=job.serial)
    if job.state in ("queued", "handed", "sent"):
        raise refusals.JobOpen(state=job.state)
    again = PrintJob(
        id=uuid7(), kind=job.kind, home=job.home, data=job.data, ref=job.ref, serial=job.serial, actor=uow.actor.id,
        reason=reason.strip(), reprint_of=job.id, created_at=uow.now,
    )  # fmt: skip
    await _dispatch(uow, again, await queries.standing(uow, job.home), 60)
    uow.session.add(again)
    return again.id


async def confirm_sheet(uow: UnitOfWork, job_id: UUID, came_out: bool) -> None:
    """A person says whether the sheet of a handed label is on paper. Errors: NotHanded."""
    job = await _lock(uow, job_id)
    if job.state != "handed":
        raise refusals.NotHanded(state=job.state)
    _end(
        uow,
        job,
        "printed" if came_out else "failed",
        "done" if came_out else "failed",
        "" if came_out else "labels.no_sheet",
    )


async def print_test(uow: UnitOfWork, printer: str, kind: str) -> UUID:
    """Print a template's example. Errors: UnknownPrinter, UnknownTemplate, MediaMismatch."""
    await queries.known_printer(uow, printer)
    job = PrintJob(
        id=uuid7(), kind=kind, home=printer, data=templates.sample(kind), ref=f"labels.test:{printer}", actor=uow.actor.id,
        created_at=uow.now,
    )  # fmt: skip
    await _dispatch(uow, job, await queries.standing(uow, printer), 60)
    uow.session.add(job)
    return job.id


async def save_printer(uow: UnitOfWork, code: str, **about: Any) -> None:
    """Describe a printer: kind, language, dpi, width_mm, height_mm, gap_mm, stock, fallback."""
    values = {k: list(v) if k == "fallback" else v for k, v in about.items()}
    row = await uow.session.get(Printer, code)
    if row is None:
        uow.session.add(Printer(code=code, **values))
        return
    for name, value in values.items():
        setattr(row, name, value)


async def note_state(uow: UnitOfWork, event: DeviceStateChanged) -> None:
    """Keep what a printer's gateway tells of it."""
    if event.device not in await queries.printers(uow):
        return
    fault = "" if event.state == "online" else event.detail
    row = insert(Printer).values(
        code=event.device, kind="label", language="zpl", dpi=203, width_mm=101.6, height_mm=152.4, gap_mm=3.0, stock="label",
        fallback=[], moved_to="", moved_by="", state=event.state, fault=fault, state_at=uow.now,
    )  # fmt: skip
    news = {name: row.excluded[name] for name in ("state", "fault", "state_at")}
    await uow.session.execute(row.on_conflict_do_update(index_elements=["code"], set_=news))


async def move(uow: UnitOfWork, home_code: str, to: str) -> int:
    """Let another printer do this one's work from now on, or the queue, or itself again. Returns how many queued jobs left.

    Errors: UnknownPrinter, PrinterUnfit.
    """
    home = await queries.known_printer(uow, home_code)
    if to not in (QUEUE, home_code):
        other = await queries.known_printer(uow, to)
        if to not in home.fallback:
            raise refusals.PrinterUnfit(printer=to, why="chain")
        if not other.can_replace(home):
            raise refusals.PrinterUnfit(printer=to, why=other.state if other.down else "media")
    row = await uow.session.get(Printer, home_code, with_for_update=True)
    if row is None:
        row = Printer(code=home_code)
        uow.session.add(row)
    row.moved_to = "" if to == home_code else to
    row.moved_by, row.moved_at = uow.actor.id, uow.now
    await uow.session.flush()
    if to == QUEUE:
        return 0
    waiting = await uow.session.scalars(
        select(PrintJob)
        .where(PrintJob.home == home_code, PrintJob.state == "queued")
        .order_by(PrintJob.id)
        .with_for_update()
    )
    count = 0
    for job in waiting.all():
        await _dispatch_or_fail(uow, job, to)
        count += 1
    return count

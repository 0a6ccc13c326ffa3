"""Number, render and print labels."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.labels import LabelFailed, LabelPrinted
from wms.foundation.labels import rules
from wms.foundation.labels.tables import PrintJob
from wms.kernel.ids import uuid7

COMPANY_PREFIX = "0614141"
"""GS1's documentation prefix; a site sets its own by `set_company_prefix`."""


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
    """Queue one label at a printer. Its outcome comes as LabelPrinted or LabelFailed with `ref`.

    Errors: UnknownTemplate, NoPrinter.
    """
    if not printer:
        raise rules.NoPrinter()
    job_id, content = uuid7(), rules.render(kind, data)
    command_id = uow.send_device(
        printer,
        "print",
        {"job_id": str(job_id), "content": content, "labels": 1},
        ref=f"labels.print:{job_id}",
        ttl_s=ttl_s,
    )
    uow.session.add(
        PrintJob(
            id=job_id, kind=kind, printer=printer, content=content, data=data, ref=ref, command_id=command_id,
            created_at=uow.now,
        )
    )  # fmt: skip
    return job_id


async def settle(uow: UnitOfWork, job_id: UUID, outcome: str, code: str) -> None:
    """Take in the printer's answer, once."""
    job = await uow.session.scalar(select(PrintJob).where(PrintJob.id == job_id).with_for_update())
    if job is None or job.state != "sent":
        return
    job.ended_at, job.code = uow.now, code
    job.state = {"done": "printed", "unknown": "unknown"}.get(outcome, "failed")
    if job.state == "printed":
        uow.emit(LabelPrinted(job_id=job_id, kind=job.kind, ref=job.ref))
    else:
        uow.emit(LabelFailed(job_id=job_id, kind=job.kind, ref=job.ref, outcome=outcome, code=code))


async def void(uow: UnitOfWork, ref: str) -> int:
    """Void all labels made for `ref`. Returns how many."""
    result = await uow.session.execute(
        update(PrintJob)
        .where(PrintJob.ref == ref, PrintJob.state != "void")
        .values(state="void")
        .returning(PrintJob.id)
    )
    return len(result.all())

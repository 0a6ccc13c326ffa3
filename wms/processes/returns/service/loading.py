"""Take in policies and the site's data, keep what left and when it was delivered, keep photos."""

import base64
import binascii
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.dock import ParcelDeparted
from wms.events.returns import ReturnPolicyChanged
from wms.kernel.ids import uuid7
from wms.processes.returns.rules import policy, refusals
from wms.processes.returns.tables import ReturnPhoto, ReturnPolicy, ReturnSite, SentParcel

Rows = Sequence[Mapping[str, Any]]
PHOTO_MOST = 3_000_000
_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def rows_of(rows: Rows, text_csv: str) -> tuple[Rows, int]:
    """Rows and the number of the first: those given, or those of a CSV with a header, counted as lines of the file."""
    if not text_csv:
        return rows, 1
    reader = csv.DictReader(io.StringIO(text_csv.lstrip("\ufeff")), restkey="beyond the last column", restval="")
    return [{(k or "").strip(): v for k, v in row.items()} for row in reader], 2


async def load_policy(
    uow: UnitOfWork, rows: Rows, *, valid_from: date, valid_until: date | None, source: str, dry_run: bool, first: int = 1
) -> int:  # fmt: skip
    """Keep a policy from a day on; of those valid on a day the last loaded counts. Returns how many rows.

    Errors: BadPeriod, RowsRefused naming each faulty row and field.
    """
    if valid_until is not None and valid_until < valid_from:
        raise refusals.BadPeriod(valid_from=valid_from.isoformat(), valid_until=valid_until.isoformat())
    kept, faults = policy.check_rows(rows, first)
    if faults:
        raise refusals.RowsRefused(count=len(faults), faults=faults[: policy.MOST_FAULTS])
    if not dry_run:
        loaded = ReturnPolicy(
            id=uuid7(), valid_from=valid_from, valid_until=valid_until, rows=kept, source=source, loaded_by=uow.actor.id,
            loaded_at=uow.now,
        )  # fmt: skip
        uow.session.add(loaded)
        uow.emit(ReturnPolicyChanged(policy_id=loaded.id))
    return len(kept)


async def save_site(uow: UnitOfWork, data: Mapping[str, Any], *, dry_run: bool) -> policy.Site:
    """Keep the site's data; what is not named has its default. Returns held for a rate are decided again.

    Errors: BadSite naming each fault.
    """
    try:
        site = policy.Site.model_validate(data)
    except ValidationError as error:
        faults = policy.said(error)
        raise refusals.BadSite(count=len(faults), faults=faults[: policy.MOST_FAULTS]) from None
    if not dry_run:
        values = {"id": 1, "data": site.model_dump()}
        await uow.session.execute(
            insert(ReturnSite)
            .values(values)
            .on_conflict_do_update(index_elements=["id"], set_={"data": values["data"]})
        )
        uow.emit(ReturnPolicyChanged(policy_id=uuid7()))
    return site


async def note_departed(uow: UnitOfWork, event: ParcelDeparted) -> None:
    """Its return may be known by its numbers."""
    await uow.session.execute(
        insert(SentParcel)
        .values(
            parcel_id=event.parcel_id, order_id=event.order_id, sscc=event.sscc, tracking=event.tracking, departed_at=uow.now,
            delivered_at=None,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


async def note_delivered(uow: UnitOfWork, parcel_id: UUID) -> None:
    """The days of a policy count from now on."""
    await uow.session.execute(
        update(SentParcel).where(SentParcel.parcel_id == parcel_id, SentParcel.delivered_at.is_(None)).values(delivered_at=uow.now)
    )  # fmt: skip


async def keep_photo(uow: UnitOfWork, subject_id: UUID, picture: str) -> UUID:
    """Keep a picture given as base64 or as a data URL. Errors: BadPhoto."""
    head, _, body = picture.rpartition(",")
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise refusals.BadPhoto(reason="base64") from None
    media = next((m for m, magic in _MAGIC.items() if content.startswith(magic)), "")
    if not media or (head and not head.startswith("data:image/")) or len(content) > PHOTO_MOST:
        raise refusals.BadPhoto(reason="format" if not media else "size", bytes=len(content))
    row = ReturnPhoto(id=uuid7(), subject_id=subject_id, media=media, content=content, at=uow.now, by=uow.actor.id)
    uow.session.add(row)
    return row.id

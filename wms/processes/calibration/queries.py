"""Reads of check pieces and checks."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from wms.db.uow import UnitOfWork
from wms.foundation.work import queries as work
from wms.processes.calibration import rules
from wms.processes.calibration.tables import CheckPiece, DeviceCheck

_TOLD = ("id", "device", "measure", "piece", "state", "interval", "reference", "measured", "error_pct", "allowed_pct", "why",
         "asked_by", "asked_at", "answered_at")  # fmt: skip


async def piece(uow: UnitOfWork, code: str) -> CheckPiece:
    """Errors: UnknownPiece."""
    row = await uow.session.get(CheckPiece, code.strip().upper())
    if row is None:
        raise rules.UnknownPiece(piece=code)
    return row


async def pieces(uow: UnitOfWork) -> list[dict[str, Any]]:
    rows = await uow.session.scalars(select(CheckPiece).order_by(CheckPiece.code))
    names = ("code", "weight_g", "length_mm", "width_mm", "height_mm", "certificate", "valid_until")
    return [{n: getattr(r, n) for n in names} for r in rows]


async def devices(uow: UnitOfWork) -> list[dict[str, Any]]:
    """What can be checked: device, measure, its stations, its newest check, and why it is locked if it is."""
    locks = await work.locks(uow)
    found: dict[tuple[str, str], list[str]] = {}
    for s in await work.stations(uow):
        for name, measures in ((s.scale, ("weight",)), (s.dimensioner, ("size", "weight"))):
            for measure in measures if name else ():
                found.setdefault((name, measure), []).append(s.code)
    answer = []
    for (device, measure), at in sorted(found.items()):
        last = next(iter(await newest(uow, device, measure, 1)), None)
        answer.append({
            "device": device, "measure": measure, "stations": at, "locked": locks.get(device, ""),
            "last": None if last is None else {n: getattr(last, n) for n in _TOLD},
        })  # fmt: skip
    return answer


async def newest(uow: UnitOfWork, device: str, measure: str, limit: int) -> list[DeviceCheck]:
    """Checks of a device's measure, newest first."""
    rows = await uow.session.scalars(
        select(DeviceCheck).where(DeviceCheck.device == device, DeviceCheck.measure == measure)
        .order_by(DeviceCheck.asked_at.desc(), DeviceCheck.id.desc()).limit(limit).execution_options(populate_existing=True)
    )  # fmt: skip
    return list(rows)


async def check(uow: UnitOfWork, check_id: UUID) -> dict[str, Any] | None:
    row = await uow.session.get(DeviceCheck, check_id, populate_existing=True)
    return None if row is None else {n: getattr(row, n) for n in _TOLD}


async def latest_judged(uow: UnitOfWork, measure: str) -> list[dict[str, Any]]:
    """Per device its newest check that was judged."""
    rows = await uow.session.scalars(
        select(DeviceCheck).where(DeviceCheck.measure == measure, DeviceCheck.state.in_(("passed", "failed")))
        .ext(distinct_on(DeviceCheck.device)).order_by(DeviceCheck.device, DeviceCheck.asked_at.desc())
    )  # fmt: skip
    return [{n: getattr(r, n) for n in _TOLD if n not in ("id", "asked_by")} for r in rows]

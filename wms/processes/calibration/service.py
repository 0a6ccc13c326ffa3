"""Ask a device to measure a check piece, judge what it says, lock it and let it back."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wms.db.uow import UnitOfWork
from wms.events.calibration import DeviceChecked
from wms.events.incidents import IncidentDetected
from wms.foundation.work import queries as work
from wms.foundation.work import service as work_service
from wms.kernel.ids import uuid7
from wms.processes.calibration import queries, rules
from wms.processes.calibration.tables import CheckPiece, DeviceCheck

UNUSABLE = frozenset({"dim_invalid", "weight_unstable", "overload", "multiple_objects"})
"""Flags of a result that make it no measurement."""


async def save_piece(
    uow: UnitOfWork, code: str, weight_g: int, size_mm: tuple[int, int, int], certificate: str, valid_until: date | None
) -> None:
    """Make or change a check piece."""
    a, b, c = size_mm
    await uow.session.merge(
        CheckPiece(
            code=code.strip().upper(), weight_g=weight_g, length_mm=a, width_mm=b, height_mm=c, certificate=certificate.strip(),
            valid_until=valid_until,
        )
    )  # fmt: skip


async def start_check(uow: UnitOfWork, device: str, measure: str, piece_code: str, interval: int) -> UUID:
    """Ask the device to measure the piece, which hands lay on it now. `interval`: of a dimensioner, in mm; a scale tells its own.

    Errors: UnknownPiece, PieceUnfit, NotADevice, CheckOpen.
    """
    stations = await work.stations(uow)
    scale = any(s.scale == device for s in stations)
    if not (scale and measure == "weight") and not any(s.dimensioner == device for s in stations):
        raise rules.NotADevice(device=device, measure=measure)
    piece = await queries.piece(uow, piece_code)
    reference = (
        [piece.weight_g]
        if measure == "weight"
        else sorted((piece.length_mm, piece.width_mm, piece.height_mm), reverse=True)
    )
    rules.check_fit(measure, reference, piece.valid_until, await uow.today())
    under_way = next(iter(await queries.newest(uow, device, measure, 1)), None)
    if under_way and under_way.state == "asked" and uow.now - under_way.asked_at < timedelta(seconds=rules.ASK_S):
        raise rules.CheckOpen(device=device)
    check_id = uuid7()
    ref, kind, data = f"calibration.check:{check_id}", "measure", dict[str, Any]()
    if scale and measure == "weight":
        kind, data = (
            "calibrate_check",
            {"reference_g": reference[0], "tolerance_g": int(rules.SHARE * reference[0])},
        )
    command_id = uow.send_device(device, kind, data, ref=ref, ttl_s=rules.ASK_S)
    uow.session.add(
        DeviceCheck(
            id=check_id, device=device, measure=measure, piece=piece.code, interval=interval, reference=reference,
            command_id=command_id, asked_by=uow.actor.id, asked_at=uow.now,
        )
    )  # fmt: skip
    return check_id


async def take_answer(uow: UnitOfWork, check_id: UUID, device: str, code: str, data: dict[str, Any]) -> None:
    """A scale's answer, or any device's word that nothing was measured."""
    check = await _asked(uow, device, DeviceCheck.id == check_id)
    if check is None:
        return
    if "measured_g" in data:
        told = (data["measured_g"], data.get("interval_g", check.interval))
        if all(isinstance(v, int | float) and abs(v) < rules.ABSURD_G for v in told):
            await _judge(uow, check, [int(told[0])], int(told[1]))
        else:
            await _end(uow, check, rules.Judged("void", 0.0, 0.0, f"told {told[0]!r}"[:100]))
    elif code:
        await _end(uow, check, rules.Judged("void", 0.0, 0.0, code))


async def take_size(
    uow: UnitOfWork, device: str, command_id: UUID, size_mm: tuple[int, int, int], weight_g: int, flags: list[str]
) -> None:
    """A dimensioner's result for a command; nothing happens where the command was no check's."""
    check = await _asked(uow, device, DeviceCheck.command_id == command_id)
    if check is None:
        return
    if wrong := sorted(UNUSABLE & set(flags)):
        await _end(uow, check, rules.Judged("void", 0.0, 0.0, ", ".join(wrong)))
        return
    measured = [weight_g] if check.measure == "weight" else sorted(size_mm, reverse=True)
    await _judge(uow, check, measured, check.interval)


async def _asked(uow: UnitOfWork, device: str, which: Any) -> DeviceCheck | None:
    """The open check; another device's word about it counts for nothing."""
    row: DeviceCheck | None = await uow.session.scalar(
        select(DeviceCheck).where(which, DeviceCheck.device == device, DeviceCheck.state == "asked").with_for_update()
    )
    return row


async def _judge(uow: UnitOfWork, check: DeviceCheck, measured: list[int], interval: int) -> None:
    check.measured, check.interval = measured, interval
    await _end(uow, check, rules.judge(check.measure, check.reference, measured, interval))


async def _end(uow: UnitOfWork, check: DeviceCheck, judged: rules.Judged) -> None:
    check.state, check.why, check.answered_at = judged.state, judged.why, uow.now
    check.error_pct, check.allowed_pct = judged.error_pct, judged.allowed_pct
    await uow.session.flush()
    uow.emit(DeviceChecked(device=check.device, measure=check.measure, state=check.state))
    if check.state == "passed":
        await _let_back(uow, check)
    elif check.state == "failed":
        await _failed(uow, check)


async def _let_back(uow: UnitOfWork, check: DeviceCheck) -> None:
    """Unlock the device, unless its other measure keeps it locked: a right weight says nothing about the size."""
    for measure in {"weight", "size"} - {check.measure}:
        judged = [c for c in await queries.newest(uow, check.device, measure, 10) if c.state in ("passed", "failed")]
        if rules.must_lock([c.state for c in judged]):
            await work_service.lock_device(uow, check.device, f"{measure} off by {_error(judged[0])}")
            return
    await work_service.unlock_device(uow, check.device)


def _error(check: DeviceCheck) -> str:
    return f"{check.error_pct:.2f} %, allowed below {check.allowed_pct:.2f} %"


async def _failed(uow: UnitOfWork, check: DeviceCheck) -> None:
    states = [c.state for c in await queries.newest(uow, check.device, check.measure, 10)]
    locked = rules.must_lock(states)
    error = _error(check)
    if locked:
        await work_service.lock_device(uow, check.device, f"{check.measure} off by {error}")
    instead = await work.instead_of(uow, check.device)
    kind = "calibration.locked" if locked else "calibration.failed"
    uow.emit(IncidentDetected(
        kind=kind, key=f"{kind}:{check.device}:{check.measure}",
        subject=f"{check.device}: {check.measure} of {check.piece} off by {error}", owner="supervisor", due_h=1.0,
        detail={"device": check.device, "piece": check.piece, "reference": check.reference, "measured": check.measured,
                "instead": instead},
    ))  # fmt: skip

"""The pack line: a parcel on the belt is weighed in the tunnel, labelled by the applicator, and sorted by what is read on it.

A parcel has at most one label that counts: it is printed once; only when the tunnel sees the parcel again without it, after
the sorter did not see it either, is the old number void and a new one printed.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.devices import ConveyorAlarmed, ParcelInducted, ParcelMeasured, ParcelSorted
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.work import queries as work
from wms.kernel.ids import uuid7
from wms.processes.packing import queries, rules
from wms.processes.packing.queries import LineInfo, ParcelInfo
from wms.processes.packing.rules import line as line_rules
from wms.processes.packing.service import containers, parcels
from wms.processes.packing.tables import LineLane, LinePassage, PackLine

PASSAGES_KEPT = timedelta(days=30)


async def save_line(
    uow: UnitOfWork, code: str, dws: str, printer: str, sorter: str, benches: Sequence[str], lanes: dict[int, str], *,
    interval_g: int, tolerance_mm: int, passes_max: int,
) -> None:  # fmt: skip
    """Describe a line, or describe it anew. Errors: BadLine, UnknownStation."""
    fault = line_rules.faults_of(lanes, benches)
    for bench in benches:
        await work.station(uow, bench)
    for other in await queries.lines(uow):
        shared = {dws, printer, sorter, *benches} & {other.dws, other.printer, other.sorter, *other.benches}
        if other.code != code and shared:
            fault = fault or f"{min(shared)} is part of {other.code}"
    if fault:
        raise rules.BadLine(line=code, why=fault)
    about = {"dws": dws, "printer": printer, "sorter": sorter, "benches": list(benches), "interval_g": interval_g,
             "tolerance_mm": tolerance_mm, "passes_max": passes_max}  # fmt: skip
    row = insert(PackLine).values(code=code, alarms={}, **about)
    await uow.session.execute(row.on_conflict_do_update(index_elements=["code"], set_=about))
    await uow.session.execute(delete(LineLane).where(LineLane.line == code))
    uow.session.add_all([LineLane(line=code, lane=lane, takes=takes) for lane, takes in sorted(lanes.items())])


async def take_result(uow: UnitOfWork, event: ParcelMeasured) -> None:
    """A result of a line's tunnel: weigh check and label; what cannot be used leaves the parcel as it is."""
    line = await queries.line_of(uow, device=event.device)
    if line is None or event.device != line.dws:
        return
    codes = line_rules.read(event.barcode)
    problem = line_rules.problem(event.flags, line.dws in await work.locks(uow))
    found = await _on_line(uow, line, codes)
    if not problem and len(found) != 1:
        problem = "two_parcels" if found else "unknown_code" if codes.any else "no_read"
    parcel = found[0] if len(found) == 1 else None
    uow.session.add(LinePassage(
        id=uuid7(), line=line.code, point="weigh", at=uow.now, ended_at=uow.now, parcel_id=parcel.id if parcel else None,
        barcode=event.barcode, reason=problem,
    ))  # fmt: skip
    await uow.session.flush()
    if problem == "weight_unstable":
        await _doubt_scale(uow, line)
    if parcel is None:
        return
    if problem:
        await parcels.put(uow, parcel.id, held=problem)
    elif parcel.state in ("weighing", "weight_off"):
        if not _ended((await orders.orders(uow, [parcel.order_id])).get(parcel.order_id)):
            await _judge_sides(uow, line, parcel, (event.length_mm, event.width_mm, event.height_mm))
            await parcels.judge_weight(uow, parcel, event.weight_g, line.interval_g)
    elif parcel.passes and not codes.show(parcel.label):
        await _label_again(uow, parcel)


async def _judge_sides(uow: UnitOfWork, line: LineInfo, parcel: ParcelInfo, measured: rules.Size) -> None:
    """A carrier bills what it measures: sides that are not as planned are declared as they are, and a lead hears of it once."""
    planned = await containers.outer_mm(uow, parcel)
    off = [mm for mm in line_rules.deviations_mm(planned, measured) if abs(mm) > line.tolerance_mm]
    await parcels.put(uow, parcel.id, measured_mm=list(measured) if off else [])
    carton = await catalog.carton(uow, parcel.carton, retired=True)
    if not off or (carton and carton.bag and max(off) < 0):
        return  # a bag shrinks around what is in it
    what = parcel.carton or ", ".join(s.code for s in (await catalog.skus(uow, parcel.content)).values())
    told, wanted = ("×".join(str(side) for side in sorted(sides, reverse=True)) for sides in (measured, planned))
    uow.emit(IncidentDetected(
        kind="pack.sides_off", key=f"sides:{line.code}:{what}", owner="lead", due_h=4.0,
        subject=f"{line.code}: parcel {parcel.plate} measures {told} mm, {what} is {wanted} mm",
        detail={"line": line.code, "plate": parcel.plate, "what": what, "measured": told, "planned": wanted,
                "packed_by": parcel.packed_by, "code": "packing.sides_off"},
    ))  # fmt: skip


async def _on_line(uow: UnitOfWork, line: LineInfo, codes: line_rules.Codes) -> list[ParcelInfo]:
    """The line's parcels that these codes name, locked."""
    named = [p for p in await queries.named(uow, codes) if p.line == line.code]
    return [await parcels.lock(uow, p.id) for p in named]


def _ended(order: orders.OrderInfo | None) -> bool:
    """Cancelled, or on its way to be."""
    return order is None or order.cancel_requested_at is not None or order.state == "cancelled"


async def _label_again(uow: UnitOfWork, parcel: ParcelInfo) -> None:
    """It comes round without a label. One that is still printing will be put on; one that failed or got lost is made anew."""
    if parcel.state == "printed":  # twice not seen on it: wherever that label is, its number is void
        await parcels.put(uow, parcel.id, state=rules.step(parcel.state, "relabel"))
        await parcels.new_serial(uow, parcel)
    elif parcel.state == "label_failed":
        await parcels.put(uow, parcel.id, state=rules.step(parcel.state, "retry"))
    else:
        return
    await parcels.print_label(uow, parcel.id)


async def _doubt_scale(uow: UnitOfWork, line: LineInfo) -> None:
    last = await queries.last_problems(uow, line.code, line_rules.UNSETTLED_MAX)
    if len(last) == line_rules.UNSETTLED_MAX and set(last) == {"weight_unstable"}:
        uow.emit(IncidentDetected(
            kind="pack.line_scale", key=f"line_scale:{line.dws}", owner="lead", due_h=0.25,
            subject=f"{line.code}: {len(last)} parcels in a row got no stable weight in {line.dws}",
            detail={"line": line.code, "device": line.dws, "code": "packing.weight_unstable", "mend": line_rules.MENDS["weight_unstable"]},
        ))  # fmt: skip


async def note_label(uow: UnitOfWork, parcel_id: UUID) -> None:
    """A label of the line came out: a passage at its applicator."""
    parcel = await queries.parcel(uow, parcel_id)
    if parcel.line:
        uow.session.add(LinePassage(
            id=uuid7(), line=parcel.line, point="label", at=uow.now, ended_at=uow.now, parcel_id=parcel.id, barcode=parcel.sscc,
        ))  # fmt: skip


async def decide(uow: UnitOfWork, event: ParcelInducted) -> None:
    """A parcel passed the sorter's scanner: decide its lane in one go and tell the sorter before the deadline."""
    line = await queries.line_of(uow, device=event.device)
    if line is None or event.device != line.sorter:
        return
    told = await queries.repeated(uow, line.code, event.sequence, event.barcode)
    if told is not None:
        _divert(uow, line, told, event)
        return
    codes = line_rules.read(event.barcode)
    found = await _on_line(uow, line, codes)
    parcel = found[0] if len(found) == 1 else None
    of = await orders.orders(uow, {p.order_id for p in found}) if found else {}
    carrier = of[parcel.order_id].carrier if parcel and parcel.order_id in of else ""
    seen = [line_rules.Parcel(p.state, p.label, _ended(of.get(p.order_id)), p.passes, p.held) for p in found]
    unread = 0 if codes.any else await queries.unread_round(uow, line.code)
    aim = line_rules.aim(codes, seen, line.passes_max, unread, line.lane_for(carrier) > 0)
    passage = LinePassage(
        id=uuid7(), line=line.code, point="sort", at=uow.now, parcel_id=parcel.id if parcel else None, sequence=event.sequence,
        barcode=event.barcode, aim=aim.takes, reason=aim.reason,
        lane=line.lane_for(carrier if aim.takes == line_rules.CARRIER else aim.takes),
    )  # fmt: skip
    uow.session.add(passage)
    await uow.session.flush()
    _divert(uow, line, passage, event)
    if parcel is None:
        return
    if aim.takes == line_rules.RECIRCULATE:
        await parcels.put(uow, parcel.id, passes=parcel.passes + 1)
    elif (
        aim.takes == line_rules.CARRIER and parcel.state == "labelling"
    ):  # read on the parcel before the printer said so
        await parcels.put(uow, parcel.id, state=rules.step(parcel.state, "printed"))


def _divert(uow: UnitOfWork, line: LineInfo, passage: LinePassage, event: ParcelInducted) -> None:
    uow.send_device(
        line.sorter, "divert", {"sequence": event.sequence, "lane": passage.lane, "parcel": event.barcode[:32]},
        ref=f"packing.divert:{passage.id}", ttl_s=max(1, ceil(event.deadline_ms / 1000)),
    )  # fmt: skip


async def take_sorted(uow: UnitOfWork, event: ParcelSorted) -> None:
    """Where a parcel really went: only its carrier's lane, as decided, makes it labelled."""
    line = await queries.line_of(uow, device=event.device)
    if line is None or event.device != line.sorter:
        return
    passage = await queries.underway(uow, line.code, event.sequence)
    if passage is None:  # nobody decided: its scan was lost with the connection
        found = await queries.named(uow, line_rules.read(event.barcode))
        passage = LinePassage(
            id=uuid7(), line=line.code, point="sort", at=uow.now, parcel_id=found[0].id if len(found) == 1 else None,
            sequence=event.sequence, barcode=event.barcode, reason="no_decision",
        )  # fmt: skip
        uow.session.add(passage)
    passage.went, passage.result, passage.ended_at = event.lane, event.result, uow.now
    await uow.session.flush()
    takes = line.lanes.get(event.lane, "")
    parcel = await parcels.lock(uow, passage.parcel_id) if passage.parcel_id else None
    if parcel is not None and parcel.line != line.code:  # taken off the belt meanwhile
        return
    if takes == line_rules.REJECT:
        await _rejected(uow, line, parcel, passage)
    elif parcel is None:
        return
    elif takes == line_rules.RECIRCULATE:
        if passage.aim != line_rules.RECIRCULATE:  # full, late or undecided: that too is a pass
            await parcels.put(uow, parcel.id, passes=parcel.passes + 1)
    elif passage.aim != line_rules.CARRIER or event.lane != passage.lane or parcel.state not in ("printed", "labelled"):
        _misled(uow, line, parcel, passage)
    elif parcel.state == "printed":
        await parcels.mark_labelled(uow, parcel)


async def _rejected(uow: UnitOfWork, line: LineInfo, parcel: ParcelInfo | None, passage: LinePassage) -> None:
    if parcel is not None:
        await parcels.put(uow, parcel.id, rejected=passage.reason)
    if passage.reason == "weight_off":  # that has an incident of its own since it was weighed
        return
    what = f"parcel {parcel.plate}" if parcel else f"a parcel ({passage.barcode or 'unread'})"
    uow.emit(IncidentDetected(
        kind="pack.line_reject", key=f"line_reject:{parcel.id if parcel else passage.id}", owner="lead", due_h=1.0,
        subject=f"{line.code}: {what} in the reject lane, {passage.reason.replace('_', ' ')}",
        detail={"line": line.code, "plate": parcel.plate if parcel else "", "barcode": passage.barcode,
                "code": f"packing.{passage.reason}", "mend": line_rules.MENDS.get(passage.reason, ""), "result": passage.result},
    ))  # fmt: skip


def _misled(uow: UnitOfWork, line: LineInfo, parcel: ParcelInfo, passage: LinePassage) -> None:
    uow.emit(IncidentDetected(
        kind="pack.wrong_lane", key=f"wrong_lane:{passage.id}", owner="lead", due_h=0.25,
        subject=f"{line.code}: parcel {parcel.plate} went to lane {passage.went} and must come out of it",
        detail={"line": line.code, "plate": parcel.plate, "sscc": parcel.sscc, "lane": passage.went, "decided": passage.lane,
                "state": parcel.state, "result": passage.result, "code": "packing.wrong_lane"},
    ))  # fmt: skip


async def take_off(uow: UnitOfWork, parcel: ParcelInfo, station_code: str, scanned: line_rules.Codes) -> ParcelInfo:
    """A person has it in hand, found by its plate or label: it is the station's now.

    A parcel that was not weighed goes on the belt again at a bench of its line. A label that was not the thing scanned is
    taken for lost: its number is void and the station prints a new one.
    """
    parcel = await parcels.lock(uow, parcel.id)
    await parcels.check_alive(uow, parcel)
    line = await queries.line(uow, parcel.line)
    if parcel.state == "weighing" and station_code in line.benches:
        await parcels.put(uow, parcel.id, passes=0, held="", rejected="", belt_at=uow.now)
        return await queries.parcel(uow, parcel.id)
    if parcel.state in ("labelling", "printed", "label_failed") and not scanned.show(parcel.label):
        await parcels.put(uow, parcel.id, state=rules.step(parcel.state, "miss"))
        await parcels.new_serial(uow, parcel)
    await parcels.put(uow, parcel.id, line="", plate="", passes=0, held="", rejected="", station=station_code)
    return await queries.parcel(uow, parcel.id)


async def take_alarm(uow: UnitOfWork, event: ConveyorAlarmed) -> None:
    """What stops a line's sorter shows on its board."""
    line = await queries.line_of(uow, device=event.device)
    if line is None or event.code in ("events_lost", "counter_reset"):
        return
    name = f"{event.zone} {event.code}".strip()
    alarms = {k: v for k, v in line.alarms.items() if k != name} | ({name: uow.now.isoformat()} if event.active else {})
    await uow.session.execute(update(PackLine).where(PackLine.code == line.code).values(alarms=alarms))


async def forget_passages(uow: UnitOfWork) -> None:
    await uow.session.execute(delete(LinePassage).where(LinePassage.at < uow.now - PASSAGES_KEPT))

"""Open and confirm putaways."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from wms.algorithms.slotting import putaway
from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.slotting import GoodsPutAway, UnitEmptied
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.slotting import queries, rules
from wms.processes.slotting.service import whys

ONE_AT_A_TIME = "slotting"
"""Two choices at once would promise the same room."""


async def open_putaway(uow: UnitOfWork, hu_id: int, cause: str) -> int:
    """Open a putaway task for what lies in a unit and has none yet. Returns how many tasks.

    Where no location takes the goods, the task stands without one and an incident says why.
    """
    unit = await stock.unit(uow, hu_id)
    if unit.closed:
        return 0
    await uow.alone(ONE_AT_A_TIME)
    there = [t for t in await work.tasks(uow, kind="putaway") if t.place_id == hu_id]
    promised: Counter[tuple[int, int, int, str]] = Counter()
    for t in there:
        promised[t.sku_id, int(t.data["lot_id"]), int(t.data["owner_id"]), t.data["status"]] += t.qty_each
    house: putaway.House | None = None
    group_id, opened = uuid7(), 0
    for held in await stock.held_in(uow, hu_id):
        g = held.grain
        left = held.free_each - promised[g.sku_id, g.lot_id, g.owner_id, g.status]
        if left <= 0:
            continue
        house = house or await queries.house(uow)
        what = await queries.goods(uow, g, left)
        choices, refused = putaway.assign(what, house)
        for choice in choices:
            _open(uow, unit, g, group_id, opened, choice.qty_each, choice.place_id, "; ".join(choice.reasons), cause)
            opened, left = opened + 1, left - choice.qty_each
        if left:
            _open(uow, unit, g, group_id, opened, left, 0, "; ".join(refused), cause)
            opened += 1
            sku = await catalog.sku(uow, g.sku_id)
            uow.emit(IncidentDetected(
                kind="slotting.no_place", key=f"no_place:{hu_id}:{g.sku_id}", subject=f"No location takes {left} {sku.code}",
                detail={"sku": sku.code, "qty_each": left, "unit": unit.code, "why": list(refused)}, owner="lead",
            ))  # fmt: skip
    await uow.session.flush()
    return opened


def _open(
    uow: UnitOfWork, unit: stock.Unit, grain: Grain, group_id: UUID, seq: int, qty_each: int, to_place_id: int, why: str,
    cause: str,
) -> None:  # fmt: skip
    tasks.open_task(
        uow, "putaway", place_id=unit.id, to_place_id=to_place_id, sku_id=grain.sku_id, qty_each=qty_each, group_id=group_id,
        seq=seq, why=why, priority=5 if to_place_id else 9, data={"hu": unit.code, "hu_id": unit.id, "lot_id": grain.lot_id, "owner_id": grain.owner_id,
                                "status": grain.status, "cause": cause},
    )  # fmt: skip


async def claim(uow: UnitOfWork) -> list[work.TaskInfo]:
    """The actor's putaways, or all of the next unit that waits."""
    mine = await work.tasks(uow, kind="putaway", states=("claimed",), claimed_by=uow.actor.id)
    if mine:
        return mine
    first = await tasks.claim_next(uow, "putaway")
    if first and first[0].group_id is not None:
        await tasks.claim_group(uow, first[0].group_id)
    return await work.tasks(uow, kind="putaway", states=("claimed",), claimed_by=uow.actor.id)


async def confirm_putaway(
    uow: UnitOfWork, task_id: UUID, unit_scan: str, sku_scan: str, location_scan: str, qty_each: int, reason: str = "",
    scanned: Sequence[str] = (),
) -> None:  # fmt: skip
    """Move pieces from the unit into the scanned location; an emptied unit is closed, an emptied tote freed.

    Another location than the directed one needs a reason and must fit; a pod or its compartment too may be filled. `sku_scan` is asked where the unit is mixed.

    `scanned`: serials of the pieces, where only a part of the unit's goes there, or some have none yet.

    Errors: WrongUnit, WrongSku, WrongLocation, NotAStorageLocation, DoesNotFit, BadQuantity, SerialsWhole, GoodsGone,
    TaskClosed, NotYourTask, UnknownBarcode, stock.NotEnough, stock.SerialProblem, stock.NotASerial.
    """
    task = await tasks.lock_mine(uow, task_id)
    unit = await stock.unit(uow, task.place_id)
    if (await scanning.meaning(uow, unit_scan, "unit")).id != unit.id:
        raise rules.WrongUnit(scanned=unit_scan[:60], expected=unit.code)
    held = await stock.held_in(uow, unit.id)
    grain = Grain(task.sku_id, int(task.data["lot_id"]), int(task.data["owner_id"]), task.data["status"])
    mine = next((h for h in held if h.grain == grain), None)
    if mine is None or mine.free_each < 1:
        raise rules.GoodsGone(unit=unit.code)
    if (sku_scan or len({h.grain.sku_id for h in held}) > 1) and (
        await scanning.meaning(uow, sku_scan, "sku")
    ).id != task.sku_id:
        raise rules.WrongSku(scanned=sku_scan[:60])
    if not 1 <= qty_each <= task.qty_each:
        raise rules.BadQuantity(qty_each=qty_each, task_each=task.qty_each)
    place_id = await _place(uow, task, location_scan, reason)
    if place_id not in await stock.pods_of(uow, [place_id]):  # nobody measured the shelves of pods: hands judge
        await check_fits(uow, grain, qty_each, place_id, directed=place_id == task.to_place_id)
    serials = await serials_of(uow, unit.id, grain, qty_each, scanned)
    await ledger.post(uow, [ledger.Line(grain, unit.id, place_id, qty_each, "putaway", serials=serials)])
    directed = place_id == task.to_place_id
    await whys.note(
        uow, place_id, grain.sku_id, task.why if directed else f"put there by hand: {reason or 'no place directed'}"
    )
    uow.emit(GoodsPutAway(
        sku_id=grain.sku_id, place_id=place_id, hu_id=unit.id, qty_each=qty_each, status=grain.status,
        directed=directed,
    ))  # fmt: skip
    if qty_each == task.qty_each:
        await tasks.finish(uow, task_id, data={"put_at": place_id, "reason": reason})
    else:
        await tasks.set_qty(uow, task_id, task.qty_each - qty_each)
    await _settle_unit(uow, unit)


async def serials_of(
    uow: UnitOfWork, place_id: int, grain: Grain, qty_each: int, scanned: Sequence[str]
) -> list[str] | None:
    """Serials of pieces that go from here: all that are here, else the scanned ones; None of goods that have none. New ones
    name pieces. Errors: SerialsWhole, stock.NotASerial."""
    named, bare = await queries.names_at(uow, place_id, await catalog.sku(uow, grain.sku_id), grain.status)
    if not bare and len(named) in (0, qty_each):
        return named or None
    if len(scanned) != qty_each:
        raise rules.SerialsWhole(pieces=len(named) + bare)
    await ledger.name_in_hand(uow, place_id, grain, scanned)
    return list(scanned)


async def choose_again(uow: UnitOfWork, task_id: UUID) -> None:
    """The person cannot put it there, or nowhere: the task goes back and its location is chosen anew.

    Errors: TaskClosed, NotYourTask.
    """
    task = await tasks.lock_mine(uow, task_id)
    await tasks.finish(uow, task_id, "cancel", data={"set_aside_by": uow.actor.id})
    await open_putaway(uow, task.place_id, str(task.data.get("cause", "")))


async def _place(uow: UnitOfWork, task: work.TaskInfo, scan: str, reason: str) -> int:
    """The location that was scanned. Check digits prove the directed one only."""
    if task.to_place_id:
        directed = await layout.location(uow, task.to_place_id)
        if scan.strip().upper() in (directed.code.upper(), directed.check_digits):
            return directed.id
    spot, kinds = await _pod(uow, scan), queries.POD_PLACES
    if spot is None:
        found = await scanning.meaning(uow, scan, "location")
        if found.id == task.to_place_id:
            return found.id
        spot, kinds = await layout.location(uow, found.id), queries.STORAGE
    if spot.kind not in kinds:
        raise rules.NotAStorageLocation(scanned=spot.code, kind=spot.kind)
    if task.to_place_id and reason not in rules.OTHER_REASONS:
        expected = await layout.location(uow, task.to_place_id)
        raise rules.WrongLocation(scanned=spot.code, expected=expected.code)
    return spot.id


async def _pod(uow: UnitOfWork, scan: str) -> layout.Spot | None:
    """A pod or one of its compartments, where it stands; None when the scan is neither."""
    unit = await stock.find_unit(uow, scan.strip())
    if unit is None or unit.id not in await stock.pods_of(uow, [unit.id]):
        return None
    return (await stock.spots(uow, [unit.id]))[unit.id]


async def check_fits(uow: UnitOfWork, grain: Grain, qty_each: int, place_id: int, *, directed: bool) -> None:
    """The floor may have changed since the choice: what may not lie together still may not.

    Promises to others do not count against the directed location: they were made knowing of this one.
    """
    house = await queries.house(uow, near=place_id, promises=False)
    spot = house.bins[place_id]
    goods = await queries.goods(uow, grain, qty_each)
    why = putaway.objection(goods, spot, house.hazards_at.get(spot.node, frozenset()))
    if not why and putaway.room_each(goods, spot) < qty_each:
        why = "full"
    if not why and not directed:
        around = await queries.house(uow, near=place_id)
        if around.bins[place_id].grains - {goods.grain}:
            why = "promised_to_others"
    if why:
        raise rules.DoesNotFit(location=spot.code, reason=why, room_each=putaway.room_each(goods, spot))


async def _settle_unit(uow: UnitOfWork, unit: stock.Unit) -> None:
    if await stock.content_of(uow, unit.id):
        return
    if unit.kind == "tote":
        await ledger.bind_unit(uow, unit.id, None)
    else:
        await ledger.close_unit(uow, unit.id)
    uow.emit(UnitEmptied(hu_id=unit.id, code=unit.code, kind=unit.kind, in_place_id=unit.in_place_id))


async def suggest(uow: UnitOfWork, sku_code: str, qty_each: int) -> tuple[list[putaway.Choice], list[str]]:
    """Where a fresh lot of a SKU would go, and why; nothing is promised. Errors: UnknownSku, BadQuantity."""
    if not 1 <= qty_each <= 1_000_000:
        raise rules.BadQuantity(qty_each=qty_each)
    sku = await catalog.sku_by_code(uow, sku_code)
    what = await queries.goods(uow, Grain(sku.id, 0, sku.owner_id), qty_each)
    choices, refused = putaway.assign(what, await queries.house(uow))
    return choices, list(refused)

"""Work orders: taken in, worked round by round at a station, ended. What is done stays done, whatever comes after."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.value_added import WorkOrderEnded
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as customers
from wms.foundation.orders import service as customer_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.errors import NotFound
from wms.kernel.ids import uuid7
from wms.processes.value_added import queries, rules
from wms.processes.value_added.service import goods, kits, note_act
from wms.processes.value_added.tables import Photo, WorkOrder

LABEL_REF = "value_added.label:"
TOLD = ("consumable_out", "goods_missing")
"""What a worker may report that a lead has to mend."""
BEFORE_PACK = ("accepted", "backordered", "released", "picking", "picked")
"""Until then goods of an order can be worked on. Only what is picked is held: held earlier, it would never be picked."""


async def create(
    uow: UnitOfWork, ref: str, recipe: str, *, sku: str = "", qty_each: int, place: str = "", owner: str = "", order: str = "",
) -> UUID:  # fmt: skip
    """So many units of a SKU at a place, or of a customer's order before it is packed. The same again: the same answer.

    Errors: UnknownRecipe, UnknownSku, NotFound, NotEnoughGoods, RefTaken, OrderTooFar, BadRecipe, SerialGoods.
    """
    if (known := await queries.find(uow, ref)) is not None:
        if (known.recipe, known.qty_each) != (recipe, qty_each):
            raise rules.RefTaken(ref=ref)
        return known.id
    how = await queries.recipe(uow, recipe)
    if how.sku_id is None and not sku:
        raise rules.BadRecipe(field="sku", reason="which goods")
    item = await catalog.sku(uow, how.sku_id) if how.sku_id is not None else await catalog.sku_by_code(uow, sku)
    made = {
        "name": how.name, "name_zh": how.name_zh, "kind": how.kind, "sku_id": item.id, "unit_each": 1, "parts": how.parts,
        "steps": how.steps, "consumables": how.consumables, "minutes": how.minutes, "round_each": how.round_each,
    }  # fmt: skip
    owners = await catalog.owner_ids(uow)
    if owner and owner not in owners:
        raise NotFound(owner=owner)
    owner_id = owners[owner] if owner else item.owner_id
    if order:
        if how.kind != rules.SERVICE or place:
            raise rules.BadRecipe(field="order", reason="a customer's order takes services only, where its goods are")
        return await _for_customer(uow, ref, recipe, made, item, qty_each, order)
    spot = await layout.find_location(uow, place)
    unit = None if spot else await stock.find_unit(uow, place)
    if spot is None and unit is None:
        raise NotFound(place=place)
    place_id = spot.id if spot else unit.id  # type: ignore[union-attr]
    return await add(uow, ref, recipe, made, item.id, owner_id, place_id, qty_each)


async def _for_customer(
    uow: UnitOfWork, ref: str, recipe: str, made: dict[str, Any], item: catalog.SkuInfo, qty_each: int, order: str
) -> UUID:
    found = await customer_service.lock(uow, (await customers.find_order(uow, order)).id)
    if found.state not in BEFORE_PACK or found.cancel_requested_at is not None:
        raise rules.OrderTooFar(order=order, state=found.state)
    ordered = sum(x.qty_each for x in found.lines if x.sku_id == item.id)
    if ordered < qty_each:
        raise rules.NotEnoughGoods(sku=item.code, place=order, missing_each=qty_each - ordered, wanted_each=qty_each)
    work_order_id = await add(
        uow, ref, recipe, made, item.id, found.owner_id, 0, qty_each, order_id=found.id, reserve=False
    )
    if found.state == "picked":
        await hold(uow, found.id)
    return work_order_id


async def hold(uow: UnitOfWork, order_id: UUID) -> None:
    """A customer's order with work that is not done is not labelled; asked again once it is picked."""
    if due := await queries.work_orders(uow, order_id=order_id):
        why = ", ".join(w.ref for w in due)
        await customer_service.hold(uow, order_id, rules.HOLD, "value_added.work_due", f"work orders not done: {why}")


async def add(
    uow: UnitOfWork, ref: str, recipe: str, made: dict[str, Any], sku_id: int, owner_id: int, place_id: int, qty_each: int, *,
    order_id: UUID | None = None, line_id: UUID | None = None, reserve: bool = True,
) -> UUID:  # fmt: skip
    """Write a work order with its task. Errors: NotEnoughGoods, SerialGoods."""
    if made["kind"] != rules.SERVICE and (await catalog.sku(uow, sku_id)).keeps_serials:
        raise rules.SerialGoods(sku=(await catalog.sku(uow, sku_id)).code)
    row = WorkOrder(
        id=uuid7(), ref=ref, recipe=recipe, made=made, sku_id=sku_id, owner_id=owner_id, place_id=place_id, qty_each=qty_each,
        order_id=order_id, line_id=line_id, created_by=uow.actor.id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    if reserve:
        wanted = {i: n * qty_each for i, n in rules.goods_of(made).items()}
        await goods.reserve(uow, f"vas:{row.id}", place_id, owner_id, wanted)
    tasks.open_task(uow, "vas", group_id=row.id, place_id=place_id, sku_id=sku_id, qty_each=qty_each, data={"ref": ref})
    return row.id


async def _put(uow: UnitOfWork, work_order_id: UUID, **values: Any) -> None:
    await uow.session.execute(update(WorkOrder).where(WorkOrder.id == work_order_id).values(**values))


async def _mine(uow: UnitOfWork, order: queries.WorkOrderInfo) -> work.TaskInfo:
    """Its task, the actor's from now on. Errors: NotYourTask, TaskClosed."""
    found = await work.tasks(uow, kind="vas", group_id=order.id)
    if not found:
        raise rules.WrongState(state=order.state, event="work")
    return await tasks.lock_mine(uow, found[0].id)


async def station_of(uow: UnitOfWork, code: str) -> work.StationInfo:
    """Errors: UnknownStation, NotAVasStation."""
    found = await work.usable_station(uow, code)
    if found.kind != rules.STATION:
        raise rules.NotAVasStation(station=code)
    return found


async def begin(uow: UnitOfWork, work_order_id: UUID, station_code: str, place_scan: str) -> queries.WorkOrderInfo:
    """Its goods are at hand, proven by the scan of their place: the first round begins, or the one that was left goes on.

    Errors: WrongPlace, NotYourTask, NotAVasStation, WrongState.
    """
    station = await station_of(uow, station_code)
    order = await queries.work_order(uow, work_order_id, lock=True)
    place_id = order.place_id
    if order.order_id is not None:
        tote = await stock.unit(uow, (await scanning.meaning(uow, place_scan, "unit")).id)
        if tote.bound_to != order.order_id:
            raise rules.WrongPlace(scanned=tote.code, expected=order.ref)
        place_id = tote.id
        there = sum(h.qty_each for h in await stock.content_of(uow, tote.id) if h.grain.sku_id == order.sku_id)
        if there < order.qty_each:
            sku = await catalog.sku(uow, order.sku_id)
            raise rules.NotEnoughGoods(
                sku=sku.code, place=tote.code, missing_each=order.qty_each - there, wanted_each=order.qty_each
            )
    else:
        code = (await layout.place_codes(uow, [place_id]))[place_id]
        if place_scan.strip().upper() != code.upper():
            raise rules.WrongPlace(scanned=place_scan[:60], expected=code)
    await _mine(uow, order)
    if order.state == "open":
        await _put(uow, order.id, state=rules.step(order.state, "start"), station=station.code, place_id=place_id)
    else:
        await _put(uow, order.id, station=station.code)
    return await open_round(uow, work_order_id)


async def go_on(uow: UnitOfWork, work_order_id: UUID, station_code: str) -> queries.WorkOrderInfo:
    """The actor's work goes on at this station, where its labels come out from now on. Errors: WrongState."""
    await _put(uow, work_order_id, station=station_code)
    return await open_round(uow, work_order_id)


async def open_round(uow: UnitOfWork, work_order_id: UUID, *, again: bool = False) -> queries.WorkOrderInfo:
    """Begin the next round and print its labels; one that is under way is only shown, unless its labels are lost (`again`)."""
    order = await queries.work_order(uow, work_order_id, lock=True)
    if order.state != "working":
        raise rules.WrongState(state=order.state, event="round")
    if order.round_each and not again:
        return order
    units = order.round_each or rules.next_round(order.qty_each, order.done_each, int(order.made["round_each"]))
    await _put(uow, order.id, round_each=units, round_at=order.round_at if again else uow.now)
    station = await work.station(uow, order.station)
    ref = f"{LABEL_REF}{order.id}:{order.done_each}"
    if again:
        await labels.void(uow, ref)
    for each in order.made["steps"]:
        if each["kind"] == "label":
            data = await _label_data(uow, order, each)
            for _ in range(units):
                await labels.print_label(uow, each["label"], data, station.printer, ref)
    return await queries.work_order(uow, work_order_id)


async def _label_data(uow: UnitOfWork, order: queries.WorkOrderInfo, each: Mapping[str, Any]) -> dict[str, Any]:
    sku = await catalog.sku(uow, order.sku_id)
    return {"sku": sku.code, "name": sku.name, "code": each["code"], **each["data"]}


async def finish_round(uow: UnitOfWork, work_order_id: UUID, answers: Mapping[str, Any]) -> queries.WorkOrderInfo:
    """A round is done: consumables leave the station's stock, kits are made, the owner's acts are kept; the next one begins.

    Errors: WrongStep, NoConsumable, NotEnoughGoods, MixedCustoms, SerialDue, UnknownSerial, SerialNotFree, NotInKit, KitsMixed,
    NotYourTask, WrongState.
    """
    order = await queries.work_order(uow, work_order_id, lock=True)
    task = await _mine(uow, order)
    if order.state != "working" or not order.round_each:
        raise rules.WrongState(state=order.state, event="round")
    units, station = order.round_each, await work.station(uow, order.station)
    rules.check_answers(order.made, units, answers)
    await _keep_photos(uow, order, answers)
    await goods.consume(uow, order.made, units, station)
    told = await kits.serials_told(uow, order.made, units, answers)
    if order.made["kind"] == rules.KIT:
        await kits.assemble(uow, order, units, told)
    if order.made["kind"] == rules.UNKIT:
        await kits.take_apart(uow, order, units, told)
    seconds = (uow.now - order.round_at).total_seconds() if order.round_at else 0.0
    note_act(uow, order.owner_id, f"vas:{order.recipe}", units, "unit", order.ref, {
        "standard_min": rules.standard_minutes(order.made, units), "seconds": round(seconds, 1), "station": station.code,
    })  # fmt: skip
    for each in order.made["consumables"]:
        note_act(uow, order.owner_id, f"consumable:{each['sku']}", int(each["qty_each"]) * units, "piece", order.ref)
    done = order.done_each + units
    await _put(uow, order.id, done_each=done, round_each=0, round_at=None)
    await tasks.set_qty(uow, task.id, order.qty_each - done)
    if done < order.qty_each:
        return await open_round(uow, work_order_id)
    await _end(uow, order, "finish", done, task)
    return await queries.work_order(uow, work_order_id)


async def _keep_photos(uow: UnitOfWork, order: queries.WorkOrderInfo, answers: Mapping[str, Any]) -> None:
    for i, each in enumerate(order.made["steps"]):
        if each["kind"] != "photo":
            continue
        try:
            jpeg = base64.b64decode(str(answers[f"step:{i}"]).partition("base64,")[2], validate=True)
        except binascii.Error:
            jpeg = b""
        if not jpeg.startswith(b"\xff\xd8\xff") or len(jpeg) > rules.PHOTO_MAX_BYTES:
            raise rules.WrongStep(step=str(i + 1), scanned="", expected="photo")
        uow.session.add(Photo(
            id=uuid7(), work_order_id=order.id, step=i, units_from=order.done_each, at=uow.now, by=uow.actor.id, jpeg=jpeg
        ))  # fmt: skip


async def _end(
    uow: UnitOfWork, order: queries.WorkOrderInfo, event: str, done: int, task: work.TaskInfo | None, why: str = ""
) -> None:
    state = rules.step(order.state, event)
    await _put(uow, order.id, state=state, round_each=0, ended_at=uow.now, why=why)
    await goods.release(uow, order.demand)
    if task is not None:
        await tasks.finish(uow, task.id, "finish" if event == "finish" else "cancel")
    uow.emit(WorkOrderEnded(
        work_order_id=order.id, ref=order.ref, state=state, qty_each=order.qty_each, done_each=done
    ))  # fmt: skip
    if order.order_id is not None and not await queries.work_orders(uow, order_id=order.order_id):
        await customer_service.lift(uow, order.order_id, rules.HOLD, f"work order {order.ref} {state}")


async def cancel(uow: UnitOfWork, work_order_id: UUID, why: str) -> None:
    """End it where it is; what was done stays done and charged. Errors: WrongState, UnknownWorkOrder."""
    order = await queries.work_order(uow, work_order_id, lock=True)
    found = await work.tasks(uow, kind="vas", group_id=order.id)
    await _end(uow, order, "cancel", order.done_each, found[0] if found else None, why)


async def cancel_for(uow: UnitOfWork, order_id: UUID) -> None:
    """A customer's order was cancelled: nothing is worked for it any more."""
    for order in await queries.work_orders(uow, order_id=order_id):
        await cancel(uow, order.id, "the order was cancelled")


async def report(uow: UnitOfWork, work_order_id: UUID, problem: str) -> queries.WorkOrderInfo | None:
    """Something is wrong at the station: labels are printed again, or the work is left for others, and a lead hears what is
    missing. None: left."""
    order = await queries.work_order(uow, work_order_id, lock=True)
    await _mine(uow, order)
    if problem == "label_missing" and order.round_each:
        return await open_round(uow, work_order_id, again=True)
    if problem in TOLD:
        uow.emit(IncidentDetected(
            kind=f"vas.{problem}", key=f"vas:{order.id}:{problem}", owner="lead", due_h=1.0,
            subject=f"{order.station}: {order.ref} waits: {problem.replace('_', ' ')}",
            detail={"ref": order.ref, "station": order.station, "done_each": order.done_each, "qty_each": order.qty_each},
        ))  # fmt: skip
    await tasks.release_group(uow, order.id)
    await _put(uow, order.id, why=problem if problem in TOLD else "")
    return None


async def label_failed(uow: UnitOfWork, ref: str, code: str) -> None:
    """A label of a round did not come out: its worker asks for it again, a lead looks at the printer."""
    order = await queries.work_order(uow, UUID(ref.removeprefix(LABEL_REF).partition(":")[0]))
    uow.emit(IncidentDetected(
        kind="vas.label", key=f"vas_label:{order.id}", owner="lead", due_h=0.5, subject=f"{order.station}: a label for {order.ref} failed",
        detail={"ref": order.ref, "station": order.station, "code": code},
    ))  # fmt: skip

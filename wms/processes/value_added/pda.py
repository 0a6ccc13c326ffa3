"""The screens of a value-added station: work orders round by round, and boxes for a marketplace.

Screens: claim -> the round in hand | place (of any work order that waits) | a box | nothing; place -> round; round -> round | place |
nothing; box -> carton; carton -> item; item -> item | pieces | weight; pieces -> item | weight; weight -> label; label -> carton |
nothing. Pieces: the serials of the rest of a unit, where the first one has named it.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import queries as scanning
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.value_added import queries
from wms.processes.value_added.service import boxes, kits, orders

router = APIRouter(prefix="/api/v1/pda/vas", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _base(station: str, order: queries.WorkOrderInfo) -> str:
    return f"/api/v1/pda/vas/{station}/orders/{order.id}"


async def _show(uow: UnitOfWork, order: queries.WorkOrderInfo) -> dict[str, Any]:
    sku = await catalog.sku(uow, order.sku_id)
    return {
        "ref": order.ref, "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "done": order.done_each,
        "of": order.qty_each,
    }  # fmt: skip


async def _place_card(uow: UnitOfWork, station: str, order: queries.WorkOrderInfo) -> Card:
    show = {
        **await _show(uow, order), "qty": order.qty_each - order.done_each, "text": order.made["name"],
        "text_zh": order.made["name_zh"],
    }  # fmt: skip
    accept: tuple[str, ...] = ()
    if order.order_id is None:
        accept = ((await layout.place_codes(uow, [order.place_id]))[order.place_id],)
        show["location"] = accept[0]
    step = Step("location", "scan", "vas.scan_place" if accept else "vas.scan_tote", accept=accept, show=show)
    return Card(f"vas:{order.id}", "vas", "vas.begin", f"{_base(station, order)}/begin", (step,), show)


async def _round_card(uow: UnitOfWork, station: str, order: queries.WorkOrderInfo) -> Card:
    """One round: every unit scanned, then the recipe's steps in order, labels read back one by one."""
    show, units, steps = await _show(uow, order), order.round_each, list[Step]()
    goods = {int(order.made["sku_id"]): int(order.made["unit_each"])}
    if order.made["kind"] == "kit":
        goods = {int(p["sku_id"]): int(p["qty_each"]) for p in order.made["parts"]}
    codes, skus = await catalog.codes_of(uow, goods), await catalog.skus(uow, goods)
    by_serial = {asked.step: _serial_step(asked) for asked in await kits.serials_asked(uow, order)}
    for sku_id, each in goods.items():
        sku = skus[sku_id]
        if (step := by_serial.pop(f"sku:{sku_id}", None)) is not None:
            steps.append(step)
            continue
        about = {"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": each * units}
        accept = tuple(code for code, level in codes.get(sku_id, []) if level == "EA") or (sku.code,)
        steps.append(Step(
            f"sku:{sku_id}", "quantity", "vas.scan_units", accept=accept, max=each * units, count_each=True, show=about
        ))  # fmt: skip
    for i, each_step in enumerate(order.made["steps"]):
        # `beside` names the step's own thing: the goods' name is not repeated under it.
        about = {"text": each_step["text"], "text_zh": each_step["text_zh"], "beside": each_step["code"]}
        kind, accept = each_step["kind"], ((each_step["code"],) if each_step["code"] else ())
        if kind == "label":
            steps.append(Step(
                f"step:{i}", "quantity", "vas.scan_labels", accept=accept, max=units, count_each=True, scan_only=True,
                show={**about, "qty": units, "label_code": each_step["code"]},
            ))  # fmt: skip
        elif kind == "scan":
            steps.append(Step(f"step:{i}", "scan", "vas.scan_this", accept=accept, show=about))
        else:
            steps.append(Step(f"step:{i}", kind, "vas.photo" if kind == "photo" else "vas.do", show=about))
    steps += by_serial.values()  # what comes out of a kit, once it is apart
    labels = ("label_missing",) if any(s["kind"] == "label" for s in order.made["steps"]) else ()
    return Card(
        f"vas:{order.id}:{order.done_each}:{units}", "vas", "vas.round", f"{_base(station, order)}/round", tuple(steps), show,
        problems=(*labels, "consumable_out", "goods_missing", "leave_it"),
    )  # fmt: skip


def _serial_step(asked: kits.Asked) -> Step:
    sku = asked.sku
    return Step(
        asked.step, "quantity", "pack.scan_serials", accept=asked.serials, max=asked.qty_each, count_each=True, scan_only=True,
        each_once=True, show={"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": asked.qty_each},
    )  # fmt: skip


async def _waiting(uow: UnitOfWork, station: str) -> tuple[Card, ...]:
    """What may be begun here, most urgent first."""
    open_ = [t for t in await work.tasks(uow, kind="vas", states=("open",), limit=20) if t.group_id is not None]
    cards = [
        await _place_card(uow, station, await queries.work_order(uow, t.group_id)) for t in open_ if t.group_id is not None
    ]  # fmt: skip
    return (*cards, *await _shipment_cards(uow, station))


async def _shipment_cards(uow: UnitOfWork, station: str) -> list[Card]:
    """Shipments with units to box, oldest first: a unit's own label says which one it is for. Goods known by serials have cards of
    their own, by the pieces of a unit."""
    cards, cartons = [], tuple(c.code for c in await catalog.cartons(uow) if not c.bag)
    for shipment in reversed(await queries.shipments(uow)):
        by_pieces: dict[int, list[str]] = {}
        for x in await queries.lines_told(uow, shipment.id):
            if x["boxed_each"] < x["prepared_each"]:
                by_pieces.setdefault(x["unit_each"] if x["by_serial"] else 0, []).append(x["fnsku"])
        show = {"shipment": shipment.ref, "station": station}
        for pieces, fnskus in sorted(by_pieces.items()):
            steps = (
                Step("item", "scan", "vas.scan_to_box", accept=tuple(fnskus), show=show),
                *((_pieces_step(pieces, show),) if pieces else ()),
                Step("carton", "scan", "vas.scan_carton", accept=cartons, show=show),
            )
            path = f"/api/v1/pda/vas/{station}/shipments/{shipment.id}"
            cards.append(Card(f"fba:{shipment.id}:{pieces}", "vas", "vas.box_begin", path, steps, show))
    return cards


def _pieces_step(pieces: int, show: dict[str, Any]) -> Step:
    return Step(
        "pieces", "quantity", "pack.scan_serials", max=pieces, count_each=True, scan_only=True, each_once=True, show=show
    )  # fmt: skip


def _pieces(answers: dict[str, Any]) -> list[str]:
    """Errors: UnreadableBarcode."""
    return scanning.serials_in(str(answers.get("pieces:codes", ""))[:100_000])


async def _rest_card(uow: UnitOfWork, station: str, box: queries.BoxInfo, unit: boxes.Unit) -> Card:
    """The other pieces of a unit, each by its serial."""
    first = unit.serials[0]
    about = {"sku": unit.sku.code, "name": unit.sku.name, "name_zh": unit.sku.name_zh, "qty": unit.missing}
    show = {"box": box.code, "carton": box.carton, **await boxes.room(uow, box)}
    path = f"/api/v1/pda/vas/{station}/boxes/{box.id}/with/{quote(first, safe='')}"
    steps = (_pieces_step(unit.missing, about),)
    return Card(f"box:{box.id}:{show['units']}:{first}", "vas", "vas.box", path, steps, show, problems=("later",))


async def _box_card(uow: UnitOfWork, station: str, box: queries.BoxInfo, *, full: bool = False) -> Card:
    """Fill it; weigh it once it is full; stick its label on."""
    told = await boxes.room(uow, box)
    show = {"box": box.code, "carton": box.carton, **told}
    base = f"/api/v1/pda/vas/{station}/boxes/{box.id}"
    if box.state == "closed":
        steps = (Step("box", "scan", "vas.scan_box_label", accept=(box.code, box.sscc, f"00{box.sscc}"), show=show),)
        return Card(
            f"box:{box.id}:label",
            "vas",
            "vas.box",
            f"{base}/label",
            steps,
            show,
            problems=("label_missing", "take_all_out"),
        )
    if full or told["units"] >= told["units_max"]:
        steps = (Step("weight_g", "number", "vas.weigh_box", show=show),)
        return Card(f"box:{box.id}:weigh", "vas", "vas.box", f"{base}/close", steps, show, problems=("take_all_out",))
    lines = [x for x in await queries.lines_told(uow, box.shipment_id) if x["boxed_each"] < x["qty_each"]]
    prompt = "pack.scan_serials" if all(x["by_serial"] for x in lines) else "vas.scan_unit_in"
    steps = (Step("item", "scan", prompt, show=show),)
    problems = ("box_full", "take_all_out") if told["units"] else ("take_all_out",)
    return Card(f"box:{box.id}:{told['units']}", "vas", "vas.box", base, steps, show, problems=problems)


@router.get("/stations")
async def stations(uow: Uow) -> list[dict[str, Any]]:
    """Stations to choose from."""
    return [{"code": s.code, "location": s.location} for s in await work.stations(uow, "vas")]


@router.post("/{station}/claim")
async def claim(uow: Uow, station: str) -> dict[str, Any]:
    """Screens: the round in hand, its count as it was left | the places of what waits | nothing."""
    await orders.station_of(uow, station)
    mine = await work.tasks(uow, kind="vas", states=("claimed",), claimed_by=uow.actor.id)
    if mine and mine[0].group_id is not None:
        order = await orders.go_on(uow, mine[0].group_id, station)
        return Answer("ok", "vas.go_on", cards=(await _round_card(uow, station, order),)).as_json()
    if (box := await queries.box_at(uow, station)) is not None:
        return Answer("ok", "vas.go_on", cards=(await _box_card(uow, station, box),)).as_json()
    cards = await _waiting(uow, station)
    return Answer("ok", "vas.ready" if cards else "vas.nothing", cards=cards).as_json()


@router.post("/{station}/orders/{work_order_id}/begin")
async def begin(uow: Uow, station: str, work_order_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: the first round, or the one after those that are done."""
    order = await orders.begin(uow, work_order_id, station, str(body.answers.get("location", ""))[:200])
    return Answer("ok", "vas.begun", cards=(await _round_card(uow, station, order),)).as_json()


@router.post("/{station}/orders/{work_order_id}/round")
async def finish(uow: Uow, station: str, work_order_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: the next round | what waits | nothing."""
    if problem := str(body.answers.get("problem", "")):
        left = await orders.report(uow, work_order_id, problem[:40])
        if left is not None:
            return Answer("ok", "vas.printed_again", cards=(await _round_card(uow, station, left),)).as_json()
        return Answer("warn", "vas.left", cards=await _waiting(uow, station)).as_json()
    order = await orders.finish_round(uow, work_order_id, body.answers)
    if order.state == "working":
        said = {"done": order.done_each, "of": order.qty_each}
        return Answer("ok", "vas.next_round", said, (await _round_card(uow, station, order),)).as_json()
    return Answer("ok", "vas.done", {"ref": order.ref}, await _waiting(uow, station)).as_json()


@router.post("/{station}/shipments/{shipment_id}")
async def begin_box(uow: Uow, station: str, shipment_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: the next unit of the box, with the first one in it | weight, where it is full."""
    box = await boxes.open_box(uow, shipment_id, station, str(body.answers.get("carton", ""))[:60])
    return await _put_in(uow, station, box, str(body.answers.get("item", ""))[:200], _pieces(body.answers))


async def _put_in(uow: UnitOfWork, station: str, box: queries.BoxInfo, item: str, pieces: list[str]) -> dict[str, Any]:
    unit = await boxes.put_in(uow, box.id, item, pieces)
    if unit.missing:
        said = Answer("ok", "scan.ok", {"scanned": unit.serials[0]})
        return replace(said, cards=(await _rest_card(uow, station, box, unit),)).as_json()
    room = await boxes.room(uow, box)
    full = room["units"] >= room["units_max"] or not room["left"]
    said = Answer("ok", "vas.box_is_full" if full else "vas.in_box", {"units": room["units"]})
    return replace(said, cards=(await _box_card(uow, station, box, full=full),)).as_json()


@router.post("/{station}/boxes/{box_id}")
async def fill(uow: Uow, station: str, box_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: the next unit | the serials of its other pieces | weight, where it is full | what waits, when it was emptied."""
    box, problem = await queries.box(uow, box_id), body.answers.get("problem")
    if problem == "box_full":
        return Answer("ok", "vas.box_is_full", cards=(await _box_card(uow, station, box, full=True),)).as_json()
    if problem:
        return await _emptied(uow, station, box_id)
    return await _put_in(uow, station, box, str(body.answers.get("item", ""))[:200], _pieces(body.answers))


@router.post("/{station}/boxes/{box_id}/with/{first:path}")
async def rest_of_unit(uow: Uow, station: str, box_id: UUID, first: str, body: Given) -> dict[str, Any]:
    """A unit of several pieces that are known by serials. Screens: the next unit | weight, where it is full."""
    box = await queries.box(uow, box_id)
    if body.answers.get("problem"):
        return Answer("warn", "vas.ready", cards=(await _box_card(uow, station, box),)).as_json()
    return await _put_in(uow, station, box, first[:200], _pieces(body.answers))


async def _emptied(uow: UnitOfWork, station: str, box_id: UUID) -> dict[str, Any]:
    await boxes.empty_box(uow, box_id)
    return Answer("warn", "vas.box_emptied", cards=await _waiting(uow, station)).as_json()


@router.post("/{station}/boxes/{box_id}/close")
async def close(uow: Uow, station: str, box_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: its label | what waits, when it was emptied."""
    if body.answers.get("problem"):
        return await _emptied(uow, station, box_id)
    weight = body.answers.get("weight_g")
    box = await boxes.close_box(uow, box_id, weight if isinstance(weight, int) else 0)
    return Answer("ok", "vas.box_label_due", cards=(await _box_card(uow, station, box),)).as_json()


@router.post("/{station}/boxes/{box_id}/label")
async def label(uow: Uow, station: str, box_id: UUID, body: Given) -> dict[str, Any]:
    """Screens: what waits | its label again."""
    problem = body.answers.get("problem")
    if problem == "label_missing":
        box = await boxes.print_label(uow, box_id)
        return Answer("ok", "vas.printed_again", cards=(await _box_card(uow, station, box),)).as_json()
    if problem:
        return await _emptied(uow, station, box_id)
    box = await boxes.apply_label(uow, box_id, str(body.answers.get("box", ""))[:200])
    return Answer("ok", "vas.box_done", {"box": box.code}, await _waiting(uow, station)).as_json()

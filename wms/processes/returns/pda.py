"""The returns bench: know the parcel, receive each item, grade it, send it on; what is wrong is recorded.

Screens: arrival -> items of a return | no order; items -> quantity or serials -> grade -> [reason, photo, tote] -> items | arrival.
Refurbish: recipe -> grade.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.scanning import queries as scanning
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.returns import queries
from wms.processes.returns.service import bench, grading, strays

router = APIRouter(prefix="/api/v1/pda/returns", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])

BASE = "/api/v1/pda/returns"
SERIALS_MOST = 50


def _text(body: Given, step: str, longest: int = 200) -> str:
    return str(body.answers.get(step, "")).strip()[:longest]


def _reply(message: str, *cards: Card, level: str = "ok", **params: Any) -> dict[str, Any]:
    return Answer(level, message, params, cards).as_json()  # type: ignore[arg-type]


async def _arrival(uow: UnitOfWork, station: str) -> Card:
    mending = await queries.mending(uow)
    here = [{"ref": r.number, "supplier": r.order_ref} for r in (await queries.at_bench(uow, station))[:10]]
    return Card(
        f"arrival:{station}", "returns", "returns.arrival", f"{BASE}/{station}/scan", (Step("parcel", "scan", "returns.scan_parcel"),),
        {"station": station, "notices": here} | ({"to_mend": mending} if mending else {}),
        problems=("no_order", "mend") if mending else ("no_order",),
    )  # fmt: skip


async def _items(uow: UnitOfWork, r: queries.RmaInfo) -> Card:
    """What the parcel should hold; when all has come, one key ends it."""
    skus = await catalog.skus(uow, {x.sku_id for x in r.lines})
    lines = [
        {"sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "name_zh": skus[x.sku_id].name_zh, "announced": x.qty_each,
         "received": x.received_each}
        for x in r.lines
    ]  # fmt: skip
    head = {"return": r.number, "order": r.order_ref, "lines": lines, "station": r.station, "reason_of": r.reason}
    complete = all(x.received_each >= x.qty_each for x in r.lines)
    came, wrong = sum(x.received_each for x in r.lines), len(await queries.findings(uow, r.id))
    item = (
        Step("done", "confirm", "returns.all_here", show=head)
        if complete
        else Step("item", "scan", "returns.scan_item", show=head)
    )
    more = ("one_more",) if complete else ("all_received",) if came or wrong else ("empty_box",)
    return Card(
        f"items:{r.id}:{came}:{wrong}", "returns", "returns.items", f"{BASE}/{r.station}/{r.id}", (item,), head,
        problems=(*more, "wrong_item", "extra", "foreign_serial", "later"),
    )  # fmt: skip


async def _count(uow: UnitOfWork, r: queries.RmaInfo, sku_id: int, most: int) -> Card:
    sku = await catalog.sku(uow, sku_id)
    codes = tuple(c for c, level in (await catalog.codes_of(uow, [sku_id])).get(sku_id, []) if level == "EA") or (
        sku.code,
    )
    head = {"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "order": r.order_ref, "return": r.number}
    if sku.serial_policy == "none":
        step = Step("qty", "quantity", "returns.count", accept=(*codes, sku.code), show=head, max=most)
    else:
        step = Step("qty", "quantity", "returns.scan_serials", show=head, max=min(most, SERIALS_MOST), count_each=True,
                    scan_only=True, each_once=True)  # fmt: skip
    came = sum(x.received_each for x in r.lines)
    return Card(f"count:{r.id}:{sku_id}:{came}", "returns", "returns.count_item", f"{BASE}/{r.station}/{r.id}/skus/{sku_id}", (step,),
                head, problems=("fewer", "foreign_serial", "later") if sku.serial_policy != "none" else ("later",))  # fmt: skip


async def _grade(uow: UnitOfWork, item: queries.ItemInfo) -> Card:
    show = await _about(uow, item)
    step = Step(
        "grade", "choice", "returns.grade", options=tuple(f"grade_{g.lower()}" for g in queries.GRADES), show=show
    )
    tag = f"{item.task_id}" if item.task_id else ""
    return Card(
        f"grade:{item.id}:{tag}", "returns", "returns.grade_item", f"{BASE}/items/{item.id}/grade", (step,), show
    )


async def _about(uow: UnitOfWork, item: queries.ItemInfo) -> dict[str, Any]:
    sku, r = await catalog.sku(uow, item.sku_id), await queries.rma(uow, item.rma_id)
    reason = next((x.reason for x in r.lines if x.id == item.line_id), r.reason)
    return {"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": item.qty_each, "order": r.order_ref,
            "return": r.number, "reason_of": reason}  # fmt: skip


async def _finish(uow: UnitOfWork, item: queries.ItemInfo, *, camera: bool = True) -> Card:
    """Reason and photo of all but the best grade; a tote where goods go to stock."""
    show = {**await _about(uow, item), "grade": item.grade}
    steps = []
    if item.grade != "A":
        steps.append(Step("reason", "choice", "returns.reason", options=queries.GRADE_REASONS, show=show))
        if camera:
            steps.append(Step("photo", "photo", "returns.photo"))
    if item.outcome in ("available", "damaged"):
        steps.append(
            Step(
                "unit",
                "scan",
                "returns.tote_sound" if item.outcome == "available" else "returns.tote_damaged",
                show=show,
            )
        )
    if not steps:
        steps.append(Step("ok", "confirm", "returns.go_on", show=show))
    more = ("no_photo", "grade_again") if camera and item.grade != "A" else ("grade_again",)
    return Card(f"finish:{item.id}:{item.grade}:{camera}", "returns", "returns.finish", f"{BASE}/items/{item.id}/finish",
                tuple(steps), {"order": show["order"], "return": show["return"]}, problems=more)  # fmt: skip


async def _next(uow: UnitOfWork, station: str, r: queries.RmaInfo | None = None) -> Card:
    """What the bench wants now: a grade, the rest of a return, the next parcel."""
    waiting = await queries.open_at(uow, station)
    mine = [i for i in waiting if r is not None and i.rma_id == r.id] or waiting
    if mine:
        return await (_grade if mine[0].state == "received" else _finish)(uow, mine[0])
    if r is not None and r.state == "at_bench":
        return await _items(uow, r)
    return await _arrival(uow, station)


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """Begin at the returns bench. Screens: what lies on it ungraded; the arrival of the only bench; else choose one."""
    there = await work.stations(uow, "returns")
    if len(there) == 1:
        return _reply("returns.ready", await _next(uow, there[0].code))
    if not there:
        return _reply("returns.no_station", level="warn")
    codes = tuple(s.code for s in there)
    step = Step("station", "scan", "returns.scan_station", accept=codes, show={"stations": list(codes)})
    return _reply(
        "returns.choose_station", Card("station", "returns", "returns.choose_station", f"{BASE}/station", (step,))
    )


@router.post("/station")
async def at_station(uow: Uow, body: Given) -> dict[str, Any]:
    """Go to a bench. Screens: what lies on it, else arrival."""
    station = await bench.bench(uow, _text(body, "station").upper())
    return _reply("returns.ready", await _next(uow, station.code))


@router.post("/{station}/scan")
async def scan(uow: Uow, station: str, body: Given) -> dict[str, Any]:
    """A return label, a parcel's tracking, a number of the no-order shelf, an order.

    Screens: items | no order | refurbish.
    """
    problem = _text(body, "problem")
    if problem == "no_order":
        await bench.bench(uow, station)
        return _reply("returns.no_order", _unknown(station), level="warn")
    if problem == "mend":
        return await _mend(uow, station)
    r = await bench.arrive(uow, station, _text(body, "parcel"))
    late = r.method == "unannounced"
    return _reply("returns.unannounced" if late else "returns.known", await _next(uow, station, r), level="warn" if late else "ok",
                  number=r.number, order=r.order_ref)  # fmt: skip


def _unknown(station: str, *, camera: bool = True) -> Card:
    photo = (Step("photo", "photo", "returns.photo"),) if camera else ()
    return Card(
        f"stray:{station}:{camera}", "returns", "returns.no_order", f"{BASE}/{station}/stray",
        (Step("marks", "scan", "returns.scan_marks"), *photo), problems=("no_photo", "later") if camera else ("later",),
    )  # fmt: skip


@router.post("/{station}/stray")
async def stray(uow: Uow, station: str, body: Given) -> dict[str, Any]:
    """A parcel that nobody knows goes on the shelf. Screens: arrival."""
    problem = _text(body, "problem")
    if problem == "no_photo":
        return _reply("returns.no_photo", _unknown(station, camera=False), level="warn")
    if problem:
        return _reply("returns.ready", await _arrival(uow, station))
    found = await strays.shelve(uow, station, _text(body, "marks"), _text(body, "photo", 4_200_000))
    step = Step("return", "confirm", "returns.write_number", show={"return": found.number})
    card = Card(
        f"shelved:{found.number}",
        "returns",
        "returns.shelved",
        f"{BASE}/{station}/shelved",
        (step,),
        {"return": found.number},
    )
    return _reply("returns.shelved", card, level="warn", number=found.number)


@router.post("/{station}/shelved")
async def shelved(uow: Uow, station: str, body: Given) -> dict[str, Any]:
    """Its number is on it. Screens: arrival."""
    await bench.bench(uow, station)
    return _reply("returns.ready", await _arrival(uow, station))


async def _mend(uow: UnitOfWork, station: str) -> dict[str, Any]:
    task = await grading.next_mending(uow, station)
    item = await queries.item(uow, UUID(task.data["item_id"]))
    show = {
        **await _about(uow, item),
        "grade": item.grade,
        "reason": item.reason,
        "text": task.data["text"],
        "text_zh": task.data["text_zh"],
    }
    step = Step("done", "confirm", "returns.mend", show=show)
    card = Card(
        f"mend:{task.id}",
        "returns",
        "returns.mend",
        f"{BASE}/{station}/mended/{task.id}",
        (step,),
        show,
        problems=("later",),
    )
    return _reply("returns.mend", card)


@router.post("/{station}/mended/{task_id}")
async def mended(uow: Uow, station: str, task_id: UUID, body: Given) -> dict[str, Any]:
    """The recipe was followed. Screens: grade | arrival (later)."""
    if _text(body, "problem"):
        return _reply("returns.ready", await _arrival(uow, station))
    return _reply("returns.mended", await _grade(uow, await grading.mended(uow, task_id)))


@router.post("/items/{item_id}/grade")
async def grade(uow: Uow, item_id: UUID, body: Given) -> dict[str, Any]:
    """What an item is worth. Screens: reason, photo, tote."""
    given = _text(body, "grade").removeprefix("grade_")
    item = await grading.grade(uow, item_id, given if given == "scrap" else given.upper())
    return _reply("returns.graded", await _finish(uow, item), grade=item.grade)


@router.post("/items/{item_id}/finish")
async def finish(uow: Uow, item_id: UUID, body: Given) -> dict[str, Any]:
    """It goes where its grade leads. Screens: the next item | the rest of the return | arrival | grade (again)."""
    problem = _text(body, "problem")
    if problem == "no_photo":
        return _reply(
            "returns.no_photo", await _finish(uow, await queries.item(uow, item_id), camera=False), level="warn"
        )
    if problem:
        return _reply("returns.grade_item", await _grade(uow, await queries.item(uow, item_id)))
    item = await grading.finish(
        uow, item_id, reason=_text(body, "reason"), tote=_text(body, "unit"), photo=_text(body, "photo", 4_200_000)
    )
    message = {"mending": "returns.to_mend", "scrap_wait": "returns.scrap_asked"}.get(item.state, "returns.put")
    card = await _next(uow, item.station, await queries.rma(uow, item.rma_id))
    return _reply(message, card, level="warn" if item.state == "scrap_wait" else "ok")


@router.post("/{station}/{rma_id}")
async def items(uow: Uow, station: str, rma_id: UUID, body: Given) -> dict[str, Any]:
    """An item of the parcel, its end, or what is wrong with it. Screens: count | what is wrong | arrival."""
    r, problem = await queries.rma(uow, rma_id), _text(body, "problem")
    if problem == "later":
        return _reply("returns.ready", await _arrival(uow, station))
    if problem == "empty_box":
        await bench.find_wrong(uow, rma_id, "empty_box", "nothing in it")
    if problem in ("all_received", "empty_box") or ("done" in body.answers and not problem):
        done = await bench.close(uow, rma_id)
        return _reply("returns.closed", await _arrival(uow, station), number=done.number)
    if problem in ("wrong_item", "extra", "foreign_serial"):
        kind = "extra_item" if problem == "extra" else problem
        step = Step("what", "scan", "returns.scan_wrong", show={"return": r.number})
        card = Card(f"wrong:{r.id}:{kind}", "returns", f"returns.{kind}", f"{BASE}/{station}/{r.id}/wrong/{kind}", (step,),
                    {"return": r.number}, problems=("later",))  # fmt: skip
        return _reply(f"returns.{kind}", card, level="warn")
    if problem == "one_more":
        step = Step("item", "scan", "returns.scan_item")
        card = Card(
            f"more:{r.id}",
            "returns",
            "returns.items",
            f"{BASE}/{station}/{r.id}",
            (step,),
            {"return": r.number},
            problems=("later",),
        )
        return _reply("returns.scan_item", card)
    found = await scanning.meaning(uow, _text(body, "item"), "sku")
    announced, most = await bench.room(uow, r, found.id)
    if most == 0:
        await bench.refuse_more(uow, r, found.id)
    sku = await catalog.sku(uow, found.id)
    if (announced or most) == 1 and sku.serial_policy == "none":  # the scan was the count
        item = await bench.receive(uow, rma_id, found.id, 1)
        return _reply("returns.received" if announced else "returns.extra", await _grade(uow, item), level="ok" if announced else "warn",
                      qty=1, sku=found.code)  # fmt: skip
    card = await _count(uow, r, found.id, announced or most)
    return _reply(
        "returns.item" if announced else "returns.extra", card, level="ok" if announced else "warn", sku=found.code
    )


@router.post("/{station}/{rma_id}/wrong/{kind}")
async def wrong(uow: Uow, station: str, rma_id: UUID, kind: str, body: Given) -> dict[str, Any]:
    """What was wrong is recorded; the goods go aside. Screens: items."""
    if not _text(body, "problem"):
        await bench.find_wrong(uow, rma_id, kind, _text(body, "what"))
        return _reply("returns.recorded", await _items(uow, await queries.rma(uow, rma_id)), level="warn")
    return _reply("returns.known", await _items(uow, await queries.rma(uow, rma_id)))


@router.post("/{station}/{rma_id}/skus/{sku_id}")
async def count(uow: Uow, station: str, rma_id: UUID, sku_id: int, body: Given) -> dict[str, Any]:
    """Pieces of one SKU came. Screens: grade | items (later) | what is wrong."""
    problem = _text(body, "problem")
    if problem == "foreign_serial":
        return await items(uow, station, rma_id, body)
    if problem == "later":
        return _reply("returns.known", await _items(uow, await queries.rma(uow, rma_id)))
    serials = scanning.serials_in(str(body.answers.get("qty:codes", ""))[:5_000])
    value = len(serials) if problem == "fewer" else body.answers.get("qty", 0)
    qty = value if isinstance(value, int) and not isinstance(value, bool) else 0
    item = await bench.receive(uow, rma_id, sku_id, qty, serials)
    return _reply("returns.received", await _grade(uow, item), qty=item.qty_each)

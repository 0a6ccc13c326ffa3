"""The picker's screens: take a cart, walk the stops, drop the cart.

Screens: claim -> [cart] | [pick..., drop] | nothing; start -> [pick..., drop]; pick -> keep | all (a short changed the
tour); finish -> nothing, then claim again. Every screen may hand the tour over: -> nothing; the next picker is then sent
to its cart: [fetch] -> [pick..., drop].
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.picking import queries, service

HAND_OVER = "hand_over"
router = APIRouter(prefix="/api/v1/pda/pick", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _text(body: Given, step: str) -> str:
    return str(body.answers.get(step, ""))[:200]


def _number(body: Given, step: str) -> int:
    value = body.answers.get(step, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


async def _cards(uow: UnitOfWork, tour: queries.TourInfo) -> tuple[Card, ...]:
    if tour.state == "planned":
        return (await _cart_card(uow, tour),)
    if tour.state == "left":
        return (await _fetch_card(uow, tour),)
    if tour.state != "walking":
        return ()
    tasks = await work.tasks(uow, kind="pick", group_id=tour.id)
    return (*await _pick_cards(uow, tour, tasks), await _drop_card(uow, tour, len(tasks)))


async def _cart_card(uow: UnitOfWork, tour: queries.TourInfo) -> Card:
    slots = await queries.slots(uow, tour.id)
    tasks = await work.tasks(uow, kind="pick", group_id=tour.id)
    return Card(
        id=f"cart:{tour.id}", flow="pick", title="pick.take_cart", submit=f"/api/v1/pda/pick/tours/{tour.id}/start",
        steps=(Step("cart", "scan", "pick.scan_cart"),),
        show={"orders": len(slots), "stops": len(tasks), "length_m": round(tour.length_mm / 1000)},
        problems=(HAND_OVER,),
    )  # fmt: skip


async def _fetch_card(uow: UnitOfWork, tour: queries.TourInfo) -> Card:
    tasks = await work.tasks(uow, kind="pick", group_id=tour.id)
    return Card(
        id=f"fetch:{tour.id}", flow="pick", title="pick.fetch_cart", submit=f"/api/v1/pda/pick/tours/{tour.id}/take",
        steps=(Step("cart", "scan", "pick.scan_left_cart", accept=(tour.cart,)),),
        show={"cart": tour.cart, "location": await service.last_stop(uow, tour.id), "stops": len(tasks)},
        problems=("not_found",),
    )  # fmt: skip


async def _pick_cards(uow: UnitOfWork, tour: queries.TourInfo, tasks: list[work.TaskInfo]) -> list[Card]:
    skus = await catalog.skus(uow, {t.sku_id for t in tasks})
    codes = await catalog.codes_of(uow, {t.sku_id for t in tasks})
    spots = {s.id: s for s in await layout.locations(uow, ids={t.place_id for t in tasks})} if tasks else {}
    slots = {str(s.order_id): s for s in await queries.slots(uow, tour.id)}
    refs = {str(i): o.ref for i, o in (await orders.orders(uow, [s.order_id for s in slots.values()])).items()}
    places, named_skus = {t.place_id for t in tasks}, {s.id for s in skus.values() if s.keeps_serials}
    kept = await stock.serials_in(uow, places, named_skus)
    bare = {(place, sku_id) for place, sku_id, _ in await stock.unnamed_in(uow, places, named_skus)}
    everything = await work.tasks(uow, kind="pick", group_id=tour.id, states=("open", "claimed", "done", "shorted"))
    cards = []
    done = len(everything) - len(tasks)
    for group in await service.groups_of(uow, tour, tasks):
        task, pieces = group[0], sum(t.qty_each for t in group)
        sku, spot, slot = skus[task.sku_id], spots[task.place_id], slots[task.data["order_id"]]
        each = [code for code, level in codes.get(sku.id, []) if level == "EA"] or [sku.code]
        show = {
            "location": spot.code, "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": pieces,
            "tote": slot.tote, "x_mm": spot.x_mm, "y_mm": spot.y_mm,
        } | ({} if tour.singles else {"slot": slot.slot})  # fmt: skip
        qty = Step("qty", "quantity", "pick.qty", accept=tuple(each), show=show, max=pieces, count_each=True)
        if sku.keeps_serials:
            at = task.place_id, sku.id
            there = () if at in bare else tuple(kept.get(at, ()))  # a new serial names a piece that has none
            qty = replace(qty, prompt="pick.scan_serials", accept=there, scan_only=True, each_once=True)
        cards.append(Card(
            id=str(task.id), flow="pick", title="pick.pick", submit=f"/api/v1/pda/pick/tasks/{task.id}", offline=True,
            undo="" if tour.singles else f"/api/v1/pda/pick/tasks/{task.id}/undo",
            steps=(
                Step("location", "scan", "pick.scan_location", accept=(spot.code, spot.check_digits), show=show),
                Step("sku", "scan", "pick.scan_sku", accept=tuple(each), show=show),
                qty,
                Step("tote", "scan", "pick.scan_tote", accept=(slot.tote,), show=show),
            ),
            show={**show, "order": refs[task.data["order_id"]] if len(group) == 1 else "", "done": done, "of": len(everything)},
            problems=("short", "damaged", "blocked", HAND_OVER),
        ))  # fmt: skip
        done += len(group)
    return cards


async def _drop_card(uow: UnitOfWork, tour: queries.TourInfo, left: int) -> Card:
    drops = await layout.locations(uow, list(service.drops_of(tour)))
    best = await service.best_drop(uow, tour)
    return Card(
        id=f"drop:{tour.id}", flow="pick", title="pick.drop_cart", submit=f"/api/v1/pda/pick/tours/{tour.id}/finish",
        steps=(Step("drop", "scan", "pick.scan_drop", accept=tuple(c for s in drops for c in (s.code, s.check_digits))),),
        show={"cart": tour.cart, "left": left, "location": best.code, "x_mm": best.x_mm, "y_mm": best.y_mm},
        problems=(HAND_OVER,),
    )  # fmt: skip


@router.get("/carts")
async def carts(uow: Uow) -> list[str]:
    """Free carts at the cart park."""
    return await service.free_carts(uow)


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """The picker's tour, or the next free one.

    Screens: cart (a tour not begun), picks and drop (one under way), nothing (no work).
    """
    tour = await service.claim_tour(uow)
    if tour is None:
        return Answer("ok", "pick.nothing", cards=()).as_json()
    return Answer("ok", "pick.tour", {"length_m": round(tour.length_mm / 1000)}, await _cards(uow, tour)).as_json()


@router.post("/tours/{tour_id}/start")
async def start(uow: Uow, tour_id: UUID, body: Given) -> dict[str, Any]:
    """Bind the cart. Screens: picks and drop; nothing when handed over."""
    if _text(body, "problem"):
        return await _handed_over(uow, tour_id)
    tour = await service.start_tour(uow, tour_id, _text(body, "cart"))
    return Answer("ok", "pick.cart_bound", {"cart": tour.cart}, await _cards(uow, tour)).as_json()


@router.post("/tours/{tour_id}/take")
async def take(uow: Uow, tour_id: UUID, body: Given) -> dict[str, Any]:
    """Go on with a cart that another left. Screens: picks and drop; nothing when it was not found."""
    if _text(body, "problem"):
        await service.cart_not_found(uow, tour_id)
        return Answer("warn", "pick.cart_lost", cards=()).as_json()
    tour = await service.take_tour(uow, tour_id, _text(body, "cart"))
    return Answer("ok", "pick.cart_taken", {"cart": tour.cart}, await _cards(uow, tour)).as_json()


async def _handed_over(uow: UnitOfWork, tour_id: UUID) -> dict[str, Any]:
    await service.leave_tour(uow, tour_id)
    return Answer("warn", "lib.handed_over", cards=()).as_json()


@router.post("/tasks/{task_id}")
async def pick(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Confirm or short one stop. Screens: keep the list; all anew when a short changed the tour; nothing when handed over."""
    problem = _text(body, "problem")
    if problem == HAND_OVER:
        return await _handed_over(uow, (await work.task(uow, task_id)).group_id or task_id)
    if problem:
        tour = await service.short_bulk(
            uow,
            task_id,
            _text(body, "location"),
            max(_number(body, "qty"), 0),
            _text(body, "sku"),
            _text(body, "tote"),
            problem,
            scanning.serials_in(str(body.answers.get("qty:codes", ""))),
        )
        return Answer("warn", "pick.shorted", {}, await _cards(uow, tour)).as_json()
    await service.confirm_bulk(
        uow, task_id, _text(body, "location"), _text(body, "sku"), _number(body, "qty"), _text(body, "tote"),
        scanning.serials_in(str(body.answers.get("qty:codes", ""))),
    )  # fmt: skip
    return Answer("ok", "pick.confirmed").as_json()


@router.post("/tasks/{task_id}/undo")
async def undo(uow: Uow, task_id: UUID) -> dict[str, Any]:
    """Take back the last confirm. Screens: all anew, the stop is open again."""
    tour = await service.undo_pick(uow, task_id)
    return Answer("warn", "pick.undone", {}, await _cards(uow, tour)).as_json()


@router.post("/tours/{tour_id}/finish")
async def finish(uow: Uow, tour_id: UUID, body: Given) -> dict[str, Any]:
    """Drop the cart. Screens: nothing; claim again."""
    if _text(body, "problem"):
        return await _handed_over(uow, tour_id)
    await service.finish_tour(uow, tour_id, _text(body, "drop"))
    return Answer("ok", "pick.tour_done", cards=()).as_json()

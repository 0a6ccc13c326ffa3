"""The putaway person's screens: one card per SKU and location, each to be done without the network.

Screens: claim -> cards of one unit | nothing; card -> keep the list | the card again with a free choice of location.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.foundation.work import service as work_service
from wms.kernel.screen import Answer, Card, Step
from wms.processes.slotting import queries, service

router = APIRouter(prefix="/api/v1/pda/putaway", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _text(body: Given, step: str) -> str:
    return str(body.answers.get(step, "")).strip()[:200]


def _number(body: Given, step: str) -> int:
    value = body.answers.get(step, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


async def _cards(uow: UnitOfWork, tasks: list[work.TaskInfo], free: UUID | None = None) -> tuple[Card, ...]:
    """`free`: the task whose location the person chooses."""
    skus = await catalog.skus(uow, {t.sku_id for t in tasks})
    codes = await catalog.codes_of(uow, set(skus))
    spots = {s.id: s for s in await layout.locations(uow, ids={t.to_place_id for t in tasks})} if tasks else {}
    cards = []
    for n, task in enumerate(tasks):
        sku, spot = skus[task.sku_id], spots.get(task.to_place_id)
        mixed = len({h.grain.sku_id for h in await stock.held_in(uow, task.place_id)}) > 1
        each = tuple(code for code, level in codes.get(sku.id, []) if level == "EA") or (sku.code,)
        hu = task.data["hu"]
        choose = spot is None or task.id == free
        show: dict[str, Any] = {
            "unit": hu, "at": await queries.stands_at(uow, task.place_id), "sku": sku.code, "name": sku.name,
            "name_zh": sku.name_zh, "qty": task.qty_each, "status": task.data["status"], "why": task.why,
            "location": spot.code if spot and not choose else "", "x_mm": spot.x_mm if spot else 0, "y_mm": spot.y_mm if spot else 0,
        }  # fmt: skip
        steps = [Step("unit", "scan", "putaway.scan_unit", accept=(hu, f"00{hu}"), show=show)]
        if mixed:
            steps.append(Step("sku", "scan", "putaway.scan_sku", accept=each, show=show))
        if spot is not None and not choose:
            steps.append(
                Step("location", "scan", "putaway.scan_location", accept=(spot.code, spot.check_digits), show=show)
            )
        else:
            steps.append(Step("location", "scan", "putaway.scan_any_location", show=show))
        if spot is not None and choose:
            steps.append(Step("reason", "choice", "putaway.why_other", options=queries.OTHER_REASONS, show=show))
        count = Step("qty", "quantity", "putaway.qty", accept=each, show=show, max=task.qty_each, count_each=True)
        asked = await queries.serials_asked(uow, task.place_id, sku, task.data["status"], task.qty_each)
        if asked is not None:
            count = replace(count, prompt="g2p.scan_serials", accept=asked, scan_only=True, each_once=True)
        steps.append(count)
        cards.append(Card(
            id=f"{task.id}{':other' if choose and spot else ''}:{task.qty_each}", flow="putaway",
            title="putaway.other_place" if choose else "putaway.put", submit=f"/api/v1/pda/putaway/tasks/{task.id}",
            steps=tuple(steps), show={**show, "done": n, "of": len(tasks)}, offline=not choose,
            problems=("set_aside", "hand_over") if choose else ("other_location", "set_aside", "hand_over"),
        ))  # fmt: skip
    return tuple(cards)


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """All putaways of one unit. Screens: its cards | nothing (no work)."""
    tasks = await service.claim(uow)
    if not tasks:
        return Answer("ok", "putaway.nothing", cards=()).as_json()
    return Answer("ok", "putaway.unit", {"unit": tasks[0].data["hu"]}, await _cards(uow, tasks)).as_json()


@router.post("/tasks/{task_id}")
async def put(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Goods lie in their location. Screens: keep the list; all anew with a free choice (other location) or a rest; the
    list without it (set aside: its location is chosen anew); nothing when handed over."""
    if _text(body, "problem") == "hand_over":
        await work_service.release_of(uow, "putaway", uow.actor.id)
        return Answer("warn", "lib.handed_over", cards=()).as_json()
    if _text(body, "problem") == "set_aside":
        await service.choose_again(uow, task_id)
        return Answer("warn", "putaway.set_aside").as_json()
    if _text(body, "problem"):
        mine = await service.claim(uow)
        cards = await _cards(uow, sorted(mine, key=lambda t: t.id != task_id), free=task_id)
        return Answer("warn", "putaway.choose_other", {}, cards).as_json()
    await service.confirm_putaway(
        uow, task_id, _text(body, "unit"), _text(body, "sku"), _text(body, "location"), _number(body, "qty"),
        _text(body, "reason"), scanning.serials_in(str(body.answers.get("qty:codes", ""))),
    )  # fmt: skip
    if (await work.task(uow, task_id)).state == "claimed":
        return Answer("ok", "putaway.rest", {}, await _cards(uow, await service.claim(uow))).as_json()
    return Answer("ok", "putaway.put_away").as_json()

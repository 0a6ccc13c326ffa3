"""The mover's screens: one card per move, each to be done without the network.

Screens: claim -> cards of one group of moves | nothing; card -> keep the list | the rest of the group is gone.
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
from wms.foundation.work import queries as work
from wms.foundation.work import service as work_service
from wms.kernel.screen import Answer, Card, Step
from wms.processes.slotting import queries, service

router = APIRouter(prefix="/api/v1/pda/move", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _text(body: Given, step: str) -> str:
    return str(body.answers.get(step, "")).strip()[:200]


def _number(body: Given, step: str) -> int:
    value = body.answers.get(step, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


async def _cards(uow: UnitOfWork, tasks: list[work.TaskInfo]) -> tuple[Card, ...]:
    skus = await catalog.skus(uow, {t.sku_id for t in tasks})
    codes = await catalog.codes_of(uow, set(skus))
    spots = {s.id: s for s in await layout.locations(uow, ids={p for t in tasks for p in (t.place_id, t.to_place_id)})}
    cards = []
    for n, task in enumerate(tasks):
        sku, source, target = skus[task.sku_id], spots[task.place_id], spots[task.to_place_id]
        each = tuple(code for code, level in codes.get(sku.id, []) if level == "EA") or (sku.code,)
        show: dict[str, Any] = {
            "location": source.code, "to": target.code, "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh,
            "qty": task.qty_each, "x_mm": source.x_mm, "y_mm": source.y_mm,
        }  # fmt: skip
        count = Step("qty", "quantity", "move.qty", accept=each, show=show, max=task.qty_each, count_each=True)
        asked = await queries.serials_asked(uow, task.place_id, sku, task.data["status"], task.qty_each)
        if asked is not None:
            count = replace(count, prompt="g2p.scan_serials", accept=asked, scan_only=True, each_once=True)
        steps = (
            Step("from", "scan", "move.scan_from", accept=(source.code, source.check_digits), show=show),
            Step("sku", "scan", "move.scan_sku", accept=each, show=show),
            count,
            Step("to", "scan", "move.scan_to", accept=(target.code, target.check_digits),
                 show={**show, "x_mm": target.x_mm, "y_mm": target.y_mm}),
        )  # fmt: skip
        cards.append(Card(
            id=str(task.id), flow="move", title="move.move", submit=f"/api/v1/pda/move/tasks/{task.id}", steps=steps,
            show={**show, "done": n, "of": len(tasks)}, offline=True, problems=("goods_gone", "blocked", "occupied", "hand_over"),
        ))  # fmt: skip
    return tuple(cards)


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """All moves of one group. Screens: its cards | nothing (no work)."""
    tasks = await service.claim_moves(uow)
    if not tasks:
        return Answer("ok", "move.nothing", cards=()).as_json()
    return Answer("ok", "move.group", {"moves": len(tasks)}, await _cards(uow, tasks)).as_json()


@router.post("/tasks/{task_id}")
async def move(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Goods lie in their new location. Screens: the list without it; nothing when the move cannot be done or is handed over."""
    problem = _text(body, "problem")
    if problem == "hand_over":
        await work_service.release_of(uow, "move", uow.actor.id)
        return Answer("warn", "lib.handed_over", cards=()).as_json()
    if problem:
        await service.set_move_aside(uow, task_id, problem.replace("_", " "))
        return Answer("warn", "move.set_aside", cards=()).as_json()
    await service.confirm_move(
        uow, task_id, _text(body, "from"), _text(body, "sku"), _text(body, "to"), _number(body, "qty"),
        scanning.serials_in(str(body.answers.get("qty:codes", ""))),
    )  # fmt: skip
    return Answer("ok", "move.moved").as_json()

"""The counter's screens. Blind: no card and no answer tells what the book says, nor whether a count agreed.

Screens: claim -> counts | nothing; count -> keep; problem empty -> keep (a count of zero); problem other_sku -> the found
goods and the counts still held; found -> the counts still held.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.foundation.work import service as work_service
from wms.kernel.screen import Answer, Card, Step
from wms.processes.counting import service

SERIALS_TEXT_MAX = 200_000
"""Characters of all serials of a count."""

router = APIRouter(prefix="/api/v1/pda/count", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _text(body: Given, step: str) -> str:
    return str(body.answers.get(step, ""))[:200]


def _number(body: Given, step: str) -> int:
    value = body.answers.get(step, -1)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


async def _cards(uow: UnitOfWork, tasks: list[work.TaskInfo]) -> tuple[Card, ...]:
    skus = await catalog.skus(uow, {t.sku_id for t in tasks})
    codes = await catalog.codes_of(uow, {t.sku_id for t in tasks})
    spots = await stock.spots(uow, {t.place_id for t in tasks})
    cards = []
    for task in tasks:
        spot = spots[task.place_id]
        show: dict[str, Any] = {"location": spot.code, "x_mm": spot.x_mm, "y_mm": spot.y_mm}
        if at := await stock.stands_at(uow, task.place_id):
            show["at"] = at
        steps = [Step("location", "scan", "count.scan_location", accept=(spot.code, spot.check_digits), show=show)]
        if task.sku_id:
            sku = skus[task.sku_id]
            each = [code for code, level in codes.get(sku.id, []) if level == "EA"] or [sku.code]
            show.update({"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh})
            steps.append(Step("sku", "scan", "count.scan_sku", accept=tuple(each), show=show))
            qty = Step("qty", "quantity", "count.qty", accept=tuple(each), show=show, blind=True)
            if sku.keeps_serials:
                qty = replace(
                    qty, prompt="count.scan_serials", accept=(), count_each=True, scan_only=True, each_once=True
                )
            steps.append(qty)
        else:
            steps.append(Step("empty", "confirm", "count.confirm_empty", show=show))
        cards.append(Card(
            id=str(task.id), flow="count", title="count.count" if task.sku_id else "count.check_empty",
            submit=f"/api/v1/pda/count/tasks/{task.id}", steps=tuple(steps), show=show, offline=True,
            problems=("empty", "other_sku", "hand_over") if task.sku_id else ("other_sku", "hand_over"),
        ))  # fmt: skip
    return tuple(cards)


async def _found_card(uow: UnitOfWork, task: work.TaskInfo) -> Card:
    spot = (await stock.spots(uow, [task.place_id]))[task.place_id]
    show = {"location": spot.code, "x_mm": spot.x_mm, "y_mm": spot.y_mm}
    return Card(
        id=f"found:{task.id}", flow="count", title="count.found", submit=f"/api/v1/pda/count/tasks/{task.id}/found",
        steps=(
            Step("location", "scan", "count.scan_location", accept=(spot.code, spot.check_digits), show=show),
            Step("sku", "scan", "count.scan_found", show=show),
            Step("qty", "quantity", "count.qty", show=show, blind=True),
        ),
        show=show, offline=True,
    )  # fmt: skip


async def _held(uow: UnitOfWork) -> list[work.TaskInfo]:
    return await work.tasks(uow, kind="count", states=("claimed",), claimed_by=uow.actor.id)


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """The counter's work. Screens: counts in walking order, or nothing."""
    tasks = await service.claim(uow)
    if not tasks:
        return Answer("ok", "count.nothing", cards=()).as_json()
    return Answer("ok", "count.claimed", {"n": len(tasks)}, await _cards(uow, tasks)).as_json()


@router.post("/tasks/{task_id}")
async def count(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Take in one count. Screens: keep the list; with other goods there, their card first; nothing when handed over."""
    problem = _text(body, "problem")
    if problem == "hand_over":
        await work_service.release_of(uow, "count", uow.actor.id)
        return Answer("warn", "lib.handed_over", cards=()).as_json()
    if problem == "other_sku":
        held = await _held(uow)
        mine = [t for t in held if t.id == task_id]
        found = tuple([await _found_card(uow, t) for t in mine])
        return Answer("warn", "count.other_sku", {}, (*found, *await _cards(uow, held))).as_json()
    if problem == "empty" or "empty" in body.answers:
        await service.submit_empty(uow, task_id, _text(body, "location"), body.scanned_at)
    else:
        await service.submit_count(
            uow, task_id, _text(body, "location"), _text(body, "sku"), _number(body, "qty"), body.scanned_at,
            scanning.serials_in(str(body.answers.get("qty:codes", ""))[:SERIALS_TEXT_MAX]),
        )  # fmt: skip
    return Answer("ok", "count.recorded").as_json()


@router.post("/tasks/{task_id}/found")
async def found_goods(uow: Uow, task_id: UUID, body: Given) -> dict[str, Any]:
    """Take in goods that no card asked for. Screens: the counts still held, and theirs where every serial is to be scanned."""
    counted = await service.submit_found(
        uow, task_id, _text(body, "location"), _text(body, "sku"), _number(body, "qty"), body.scanned_at
    )
    return Answer(
        "ok", "count.recorded" if counted else "count.scan_serials", {}, await _cards(uow, await _held(uow))
    ).as_json()

"""The station's screens: pick from the pod that stands there into the totes of the orders.

Screens: claim -> [pick...] | wait (a pod is on its way) | nothing; pick -> [pick...] of the same or the next pod | wait |
nothing; wait -> wait | [pick...] | nothing.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.goods_to_person import queries, service

router = APIRouter(prefix="/api/v1/pda/g2p", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


async def _cards(uow: UnitOfWork, station: str) -> tuple[Card, ...]:
    picks = await queries.picks_here(uow, station)
    if picks:
        return tuple([await _pick_card(uow, station, t, n, len(picks)) for n, t in enumerate(picks)])
    left = await queries.picks_left(uow, station)
    if not left:
        return ()
    coming = next((v for v in await queries.open_visits(uow, station) if v.state == "called"), None)
    pod = (await stock.unit(uow, coming.pod_id)).code if coming else ""
    show = {"pod": pod, "station": station, "picks": left}
    prompt = "g2p.wait_pod" if coming else "g2p.wait_room"
    step = Step("pod", "wait", prompt, show=show, poll=f"/api/v1/pda/g2p/{station}/next")
    return (Card(f"g2p:wait:{pod}", "g2p", "g2p.wait", f"/api/v1/pda/g2p/{station}/claim", (step,), show),)


async def _pick_card(uow: UnitOfWork, station: str, task: work.TaskInfo, done: int, of: int) -> Card:
    sku = await catalog.sku(uow, task.sku_id)
    codes = (await catalog.codes_of(uow, [task.sku_id])).get(task.sku_id, [])
    each = tuple(code for code, level in codes if level == "EA") or (sku.code,)
    place, pod = await stock.unit(uow, task.place_id), await stock.unit(uow, int(task.data["pod_id"]))
    order = await orders.order(uow, task.group_id or UUID(int=0))
    tote = next((m.tote for m in await queries.at(uow, "here", order_id=order.id)), "")
    alone = len({h.grain.sku_id for h in await stock.held_in(uow, place.id)}) == 1
    show = {
        "location": place.code, "pod": pod.code, "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": task.qty_each,
        "tote": tote, "order": order.ref,
    }  # fmt: skip
    count = Step("qty", "quantity", "g2p.qty", accept=each, show=show, max=task.qty_each, count_each=True)
    if sku.keeps_serials:
        there = (await stock.serials_in(uow, [place.id], [sku.id])).get((place.id, sku.id), [])
        if await stock.unnamed_in(uow, [place.id], [sku.id]):  # a new serial names a piece that has none
            there = []
        count = replace(count, prompt="g2p.scan_serials", accept=tuple(there), scan_only=True, each_once=True)
    labels = tuple(dict.fromkeys((place.code, pod.code)))
    first = Step("location", "scan", "g2p.scan_goods", accept=(place.code, *each), show=show)
    if not alone:  # the label of a place with several SKUs proves none of them
        first = Step("location", "scan", "g2p.scan_place", accept=labels, show=show)
    goods = () if alone else (Step("sku", "scan", "g2p.scan_sku", accept=each, show=show),)
    return Card(
        id=f"g2p:{task.id}:{task.qty_each}", flow="g2p", title="g2p.pick", submit=f"/api/v1/pda/g2p/{station}/tasks/{task.id}",
        steps=(
            first, *goods,
            count,
            Step("tote", "scan", "g2p.scan_tote", accept=(tote,), show=show),
        ),
        show={**show, "done": done, "of": of}, problems=("short", "damaged"),
    )  # fmt: skip


@router.get("/stations")
async def stations(uow: Uow) -> list[dict[str, Any]]:
    """Stations that pods are brought to."""
    return [{"code": b.code, "location": b.place.code} for b in await queries.benches(uow)]


@router.post("/{station}/claim")
async def claim(uow: Uow, station: str) -> dict[str, Any]:
    """Stand at a station. Screens: the picks of the pod there | wait for the next pod | nothing."""
    await queries.bench(uow, station)
    await service.feed(uow)
    cards = await _cards(uow, station)
    return Answer("ok", "g2p.ready" if cards else "g2p.nothing", cards=cards).as_json()


@router.get("/{station}/next")
async def next_pod(uow: Uow, station: str) -> dict[str, Any]:
    """What stands there now. Screens: as claim."""
    return Answer("ok", "g2p.ready", cards=await _cards(uow, station)).as_json()


@router.post("/{station}/tasks/{task_id}")
async def pick(uow: Uow, station: str, task_id: UUID, body: Given) -> dict[str, Any]:
    """Confirm or short one pick. Screens: the picks left in this pod | of the next | wait | nothing."""
    given = {name: str(body.answers.get(name, ""))[:200] for name in ("location", "sku", "tote", "problem")}
    value = body.answers.get("qty", 0)
    qty = value if isinstance(value, int) and not isinstance(value, bool) else -1
    serials = scanning.serials_in(str(body.answers.get("qty:codes", "")))
    if given["problem"]:
        await service.short_pick(
            uow, station, task_id, given["location"], given["sku"], max(qty, 0), given["tote"], given["problem"],
            serials,
        )  # fmt: skip
        return Answer("warn", "g2p.shorted", cards=await _cards(uow, station)).as_json()
    await service.confirm_pick(uow, station, task_id, given["location"], given["sku"], qty, given["tote"], serials)
    cards = await _cards(uow, station)
    return Answer("ok", "g2p.in", {"tote": given["tote"]}, cards).as_json()

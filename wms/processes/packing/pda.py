"""The packer's screens: scan tote, scan every unit into the carton, wait for the scale, wait for the label, scan it on.

At a bench of a pack line the parcel gets a plate and goes on the belt instead: parcel -> parcel (next of the order) | tote.

Screens: tote -> parcel; parcel -> wait (scale); wait -> wait (printer) | weight off (again or open) | label failed
(again) | apply; apply -> parcel (next of the order) | tote.
"""

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.scanning import queries as scanning
from wms.foundation.work import queries as work
from wms.kernel.errors import Refusal
from wms.kernel.screen import Answer, Card, Step
from wms.processes.packing import queries
from wms.processes.packing.service import bench, containers, extras, singles

_CODES = re.compile(r"(?:sku|serial):(\d{1,18}):codes")
router = APIRouter(prefix="/api/v1/pda/pack", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


async def _tote_card(uow: UnitOfWork, station: str) -> Card:
    return Card(
        id=f"tote:{station}", flow="pack", title="pack.next_tote", submit=f"/api/v1/pda/pack/{station}/tote",
        steps=(Step("tote", "scan", "pack.scan_tote"),), show={"station": station, "waiting": await bench.waiting_totes(uow, station)},
    )  # fmt: skip


async def _card(uow: UnitOfWork, station: str, parcel: queries.ParcelInfo) -> Card:
    base = f"/api/v1/pda/pack/{station}/parcels/{parcel.id}"
    order = await orders.order(uow, parcel.order_id)
    known = {
        "sscc": parcel.sscc, "tracking": parcel.tracking, "weight_g": parcel.weight_g, "expected_g": parcel.expected_g, "tolerance_g": parcel.tolerance_g,
    }  # fmt: skip
    show: dict[str, Any] = {
        "order": order.ref, "parcel": parcel.number, "of": parcel.of, **await containers.shown(uow, parcel), "station": station,
        **{name: value for name, value in known.items() if value},
    }  # fmt: skip
    if parcel.state == "open":
        block = await bench.block_of(uow, parcel)
        return (
            _blocked_card(uow, parcel, base, show, block)
            if block
            else await _parcel_card(uow, station, parcel, base, show)
        )
    if parcel.on_belt:
        return await _tote_card(uow, station)
    if parcel.state == "weighing" and bench.unsettled(parcel, uow.now):
        steps = (Step("wait", "wait", "pack.no_weight", poll=base, show=show),)
        return Card(f"wait:{parcel.id}:no_weight", "pack", "pack.no_weight", f"{base}/reopen", steps, show,
                    problems=("open_and_check", "set_aside"))  # fmt: skip
    if parcel.state in ("weighing", "labelling"):
        prompt = "pack.put_on_scale" if parcel.state == "weighing" else "pack.printing"
        steps = (Step("wait", "wait", prompt, poll=base, show=show),)
        return Card(f"wait:{parcel.id}:{parcel.state}", "pack", "pack.wait", base, steps, show)
    if parcel.state == "weight_off":
        steps = (Step("wait", "wait", "pack.weight_off", poll=base, show=show),)
        lead = "lead" in uow.actor.roles
        ways = ("open_and_check", "set_aside") if lead or parcel.offs <= bench.OFFS_MAX else ("set_aside",)
        return Card(
            f"off:{parcel.id}:{parcel.weight_g}",
            "pack",
            "pack.weight_off",
            f"{base}/reopen",
            steps,
            show,
            problems=ways,
        )
    if parcel.state == "on_hold":
        show |= {"why": "; ".join(str(h["why"]) for h in order.holds)}
        steps = (Step("wait", "wait", "pack.on_hold", poll=base, show=show),)
        return Card(f"hold:{parcel.id}", "pack", "pack.on_hold", f"{base}/leave", steps, show, problems=("leave_it",))
    if parcel.state == "label_failed":
        steps = (Step("retry", "confirm", "pack.label_failed", show=show),)
        return Card(f"retry:{parcel.id}", "pack", "pack.label_failed", f"{base}/retry", steps, show)
    if parcel.state == "printed":
        steps = (Step("label", "scan", "pack.scan_label", accept=(parcel.label, f"00{parcel.sscc}"), show=show),)
        return Card(f"apply:{parcel.id}", "pack", "pack.apply_label", f"{base}/applied", steps, show)
    return await _tote_card(uow, station)


def _blocked_card(uow: UnitOfWork, parcel: queries.ParcelInfo, base: str, show: dict[str, Any], block: Refusal) -> Card:
    """It cannot be packed as planned: a lead takes another carton, everyone else leaves it."""
    show |= {"tote": parcel.tote, "why_code": block.code, "why_params": block.params}
    if "lead" in uow.actor.roles:
        step = Step("carton", "scan", "pack.take_carton", show={**show, "carton": "", "as_is": False, "bag": False})
        return Card(
            f"blocked:{parcel.id}:lead", "pack", "pack.blocked", f"{base}/carton", (step,), show, problems=("leave_it",)
        )
    steps = (Step("wait", "wait", "pack.blocked", poll=base, show=show),)
    return Card(f"blocked:{parcel.id}", "pack", "pack.blocked", f"{base}/leave", steps, show, problems=("leave_it",))


def _extra_step(i: int, extra: dict[str, Any], codes: dict[int, list[tuple[str, str]]]) -> Step:
    show = {"name": extra["name"], "name_zh": extra["name_zh"], "qty": extra["qty"], "beside": extra["code"],
            "text": extra.get("text", ""), "text_zh": extra.get("text_zh", "")}  # fmt: skip
    prompt = f"pack.extra_{extra['kind']}"
    if extra["kind"] == "material":
        return Step(f"extra:{i}", "scan", prompt, accept=(extra["code"],), show=show)
    if extra["kind"] == "insert":
        each = tuple(code for code, level in codes.get(extra["sku_id"], []) if level == "EA") or (extra["sku"],)
        return Step(f"extra:{i}", "scan", prompt, accept=each, show={**show, "sku": extra["sku"]})
    return Step(f"extra:{i}", "confirm", prompt, show=show)


async def _parcel_card(
    uow: UnitOfWork, station: str, parcel: queries.ParcelInfo, base: str, show: dict[str, Any]
) -> Card:
    skus = await catalog.skus(uow, parcel.content)
    beside = list(enumerate(parcel.extras))
    codes = await catalog.codes_of(uow, {*parcel.content, *(x["sku_id"] for _, x in beside if x["kind"] == "insert")})
    carton, placed = await catalog.carton(uow, parcel.carton), await containers.placed(uow, parcel)
    how, serials = await bench.how_to_count(uow, parcel), await bench.serials_due(uow, parcel)
    steps = []
    if carton is not None:
        prompt = "pack.scan_bag" if carton.bag else "pack.scan_carton"
        steps.append(Step("carton", "scan", prompt, accept=(parcel.carton,), show=show))
    steps += [_extra_step(i, x, codes) for i, x in beside if x.get("inner")]
    for sku_id, qty in sorted(parcel.content.items()):
        if (
            parcel.single and not parcel.offs and sku_id not in serials
        ):  # its piece is in hand: it was scanned to find the order
            continue
        sku = skus[sku_id]
        each = tuple(code for code, level in codes.get(sku_id, []) if level == "EA") or (sku.code,)
        about = {"sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": qty, "fragile": sku.fragile}
        count = Step(
            f"sku:{sku_id}", "quantity", "pack.scan_serials", max=qty, count_each=True, scan_only=True, show=about
        )
        if serials.get(sku_id):  # its serial says which goods they are
            steps.append(replace(count, accept=serials[sku_id], each_once=True))
            continue
        if how == "once" and qty > 1:
            steps.append(Step(f"unit:{sku_id}", "scan", "pack.scan_one", accept=each, show=about))
        prompt = "pack.count_units" if how == "once" and qty > 1 else "pack.scan_units" if carton else "pack.scan_as_is"
        steps.append(Step(
            f"sku:{sku_id}", "quantity", prompt, accept=each,
            max=qty, count_each=how != "once" or qty == 1, scan_only=how == "each", show=about,
        ))  # fmt: skip
        if sku_id in serials:
            steps.append(replace(count, id=f"serial:{sku_id}", each_once=True))
    steps += [_extra_step(i, x, codes) for i, x in beside if not x.get("inner")]
    if bench.check_due(parcel):
        found = tuple(f for f in bench.FOUND if carton or f != "carton")
        steps.append(Step("finding", "choice", "pack.what_was_it", options=found, show=show))
    if await queries.line_of(uow, bench=station) is not None:
        steps.append(Step("plate", "scan", "pack.scan_plate", show=show))
    if not steps:  # a single piece in hand that ships as it is
        steps.append(Step("as_is", "confirm", "pack.as_is", show=show))
    return Card(
        f"parcel:{parcel.id}",
        "pack",
        "pack.pack",
        base,
        tuple(steps),
        {
            **show,
            "tote": parcel.tote,
            "placed": placed,
            "inner_mm": list(carton.inner_mm) if carton else [],
            **({} if carton else {"left_out": await extras.left_out(uow, parcel)}),
        },
    )


async def _singles_card(uow: UnitOfWork, station: str, tote: str) -> Card:
    """Scan the next piece of a shared tote; the next tote when it is through."""
    unit = await singles.shared_tote(uow, tote)
    left = await singles.left_in(uow, unit) if unit is not None else {}
    if unit is None:
        return await _tote_card(uow, station)
    return Card(
        id=f"singles:{unit.code}:{sum(left.values())}", flow="pack", title="pack.singles",
        submit=f"/api/v1/pda/pack/{station}/singles/{unit.code}", steps=(Step("item", "scan", "pack.scan_item"),),
        show={"tote": unit.code, "station": station, "left_in_tote": sum(left.values())}, problems=("tote_done",),
    )  # fmt: skip


async def _next_card(uow: UnitOfWork, station: str, parcel: queries.ParcelInfo) -> Card:
    if parcel.single:
        return await _singles_card(uow, station, parcel.tote)
    rest = [p for p in await queries.parcels_of(uow, parcel.order_id) if p.state == "open"]
    return (
        await _card(uow, station, await bench.ready(uow, rest[0], station)) if rest else await _tote_card(uow, station)
    )


@router.get("/stations")
async def stations(uow: Uow) -> list[dict[str, Any]]:
    """Pack stations to choose from."""
    return [{"code": s.code, "location": s.location} for s in await work.stations(uow, "pack")]


@router.post("/{station}/claim")
async def claim(uow: Uow, station: str) -> dict[str, Any]:
    """Sit down at a station. Screens: the parcel under way there, else tote."""
    await work.usable_station(uow, station)
    if (parcel := await queries.on_scale(uow, station)) is not None:
        return Answer("ok", "pack.go_on", cards=(await _card(uow, station, parcel),)).as_json()
    return Answer("ok", "pack.ready", cards=(await _tote_card(uow, station),)).as_json()


@router.post("/{station}/tote")
async def tote(uow: Uow, station: str, body: Given) -> dict[str, Any]:
    """Open a tote. Screens: its next parcel, at whatever state it is; item, for a tote of single units; tote, for a parcel
    that goes on the belt again."""
    scanned = str(body.answers.get("tote", ""))[:200]
    if await singles.shared_tote(uow, scanned) is not None:
        return Answer("ok", "pack.tote_open", cards=(await _singles_card(uow, station, scanned),)).as_json()
    parcel = await bench.open_tote(uow, station, str(body.answers.get("tote", ""))[:200])
    if parcel.on_belt:
        return Answer("ok", "pack.belt_again", cards=(await _tote_card(uow, station),)).as_json()
    return Answer("ok", "pack.tote_open", cards=(await _card(uow, station, parcel),)).as_json()


@router.post("/{station}/singles/{tote}")
async def single(uow: Uow, station: str, tote: str, body: Given) -> dict[str, Any]:
    """A piece of a shared tote was scanned. Screens: the parcel of its order; item, for one that nobody wants; tote, when
    the packer is through with it."""
    if body.answers.get("problem"):
        left = await singles.finish(uow, station, tote)
        said = (
            Answer("warn", "pack.left_over", {"left": sum(left.values())}) if left else Answer("ok", "pack.tote_empty")
        )
        return replace(said, cards=(await _tote_card(uow, station),)).as_json()
    parcel = await singles.match(uow, station, tote, str(body.answers.get("item", ""))[:200])
    if parcel is None:
        return Answer("warn", "pack.nobody_wants", cards=(await _singles_card(uow, station, tote),)).as_json()
    return Answer("ok", "pack.matched", cards=(await _card(uow, station, parcel),)).as_json()


@router.post("/{station}/parcels/{parcel_id}")
async def close(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """All units scanned. Screens: wait for the scale; on a line the order's next parcel, else tote."""
    counted = {
        int(key[4:]): value for key, value in body.answers.items()
        if key.startswith("sku:") and key[4:].isdigit() and isinstance(value, int)
    }  # fmt: skip
    known = await queries.parcel(uow, parcel_id)
    if known.single and not known.offs and not counted:  # the scan that found the order was the piece
        counted = known.content
    carton, plate = (str(body.answers.get(name, ""))[:200] for name in ("carton", "plate"))
    finding = str(body.answers.get("finding", ""))[:40]
    scanned = {
        int(m[1]): scanning.serials_in(str(value)) for key, value in body.answers.items() if (m := _CODES.fullmatch(key))
    }  # fmt: skip
    parcel = await bench.close_parcel(
        uow, parcel_id, station, carton[:60], counted, plate, finding, body.answers, scanned
    )
    if parcel.on_belt:
        return Answer("ok", "pack.on_belt", cards=(await _next_card(uow, station, parcel),)).as_json()
    return Answer("ok", "pack.closed", cards=(await _card(uow, station, parcel),)).as_json()


@router.get("/{station}/parcels/{parcel_id}")
async def poll(uow: Uow, station: str, parcel_id: UUID) -> dict[str, Any]:
    """What the scale and the printer said so far. Screens: wait, weight off, label failed, apply."""
    parcel = await queries.parcel(uow, parcel_id)
    level, message = {
        "weight_off": ("error", "pack.weight_off"), "label_failed": ("error", "pack.label_failed"),
        "void": ("error", "orders.is_cancelled"), "on_hold": ("warn", "pack.on_hold"),
    }.get(parcel.state, ("ok", f"pack.state_{parcel.state}"))  # fmt: skip
    card = await _card(uow, station, parcel)
    return Answer(level, message, {"weight_g": parcel.weight_g}, (card,)).as_json()  # type: ignore[arg-type]


@router.post("/{station}/parcels/{parcel_id}/reopen")
async def reopen(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """Open and check after a weight that was off, or set it aside for a lead. Screens: the parcel again | tote."""
    if body.answers.get("problem") == "set_aside":
        await bench.set_aside(uow, parcel_id)
        return Answer("warn", "pack.set_aside", cards=(await _tote_card(uow, station),)).as_json()
    parcel = await bench.ready(uow, await bench.reopen(uow, parcel_id), station)
    return Answer("warn", "pack.reopened", cards=(await _card(uow, station, parcel),)).as_json()


@router.post("/{station}/parcels/{parcel_id}/carton")
async def take_carton(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """A lead packs it in another carton. Screens: the parcel; tote when left."""
    if body.answers.get("problem"):
        return Answer("warn", "pack.left", cards=(await _tote_card(uow, station),)).as_json()
    parcel = await bench.take_carton(uow, parcel_id, station, str(body.answers.get("carton", ""))[:60])
    return Answer("ok", "pack.carton_taken", cards=(await _card(uow, station, parcel),)).as_json()


@router.post("/{station}/parcels/{parcel_id}/leave")
async def leave(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """Its order is held: it stays in its tote's place and is found again by the tote. Screens: tote."""
    return Answer("warn", "pack.left", cards=(await _tote_card(uow, station),)).as_json()


@router.post("/{station}/parcels/{parcel_id}/retry")
async def retry(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """Print again. Screens: wait for the printer."""
    parcel = await bench.retry_label(uow, parcel_id, station)
    return Answer("ok", "pack.printing", cards=(await _card(uow, station, parcel),)).as_json()


@router.post("/{station}/parcels/{parcel_id}/applied")
async def applied(uow: Uow, station: str, parcel_id: UUID, body: Given) -> dict[str, Any]:
    """The label is on. Screens: the order's next parcel, else tote."""
    parcel = await bench.apply_label(uow, parcel_id, str(body.answers.get("label", ""))[:200])
    card = await _next_card(uow, station, parcel)
    return Answer("ok", "pack.labelled", {"sscc": parcel.sscc}, (card,)).as_json()

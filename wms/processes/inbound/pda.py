"""The receiver's screens: scan what came, count it in any pack, measure, weigh, label, next.

Screens: arrival -> goods of a notice | pallet that the gate identified | count; count -> [serials] -> wait (dimensioner)
-> wait (scale) | weight off (again, recount, accept) -> wait (printer) | label failed (again) -> apply -> goods | arrival.
"""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.scanning import queries as scanning
from wms.foundation.work import queries as work
from wms.kernel.screen import Answer, Card, Step
from wms.processes.inbound import queries, service

router = APIRouter(prefix="/api/v1/pda/receive", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])

BASE = "/api/v1/pda/receive"
ANY = "none"
"""In a path: goods without a notice."""


def _text(body: Given, step: str) -> str:
    return str(body.answers.get(step, "")).strip()[:200]


def _number(body: Given, step: str) -> int:
    value = body.answers.get(step, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _reply(message: str, *cards: Card, level: str = "ok", **params: Any) -> dict[str, Any]:
    return Answer(level, message, params, cards).as_json()  # type: ignore[arg-type]


async def _arrival_card(uow: UnitOfWork, station: str) -> Card:
    filling = await queries.filling_at(uow, station)
    notices = [{"ref": n.ref, "supplier": n.supplier, "state": n.state} for n in (await orders.notices(uow))[:30]]
    return Card(
        f"arrival:{station}", "receive", "receive.arrival", f"{BASE}/{station}/scan",
        (Step("code", "scan", "receive.scan_notice"),),
        {"station": station, "notices": notices, "filling": filling.code if filling else ""},
    )  # fmt: skip


async def _goods_card(uow: UnitOfWork, station: str, notice: orders.NoticeInfo) -> Card:
    skus = await catalog.skus(uow, {x.sku_id for x in notice.lines})
    verdicts = await queries.gate_matches(uow, [notice.id])
    filling = await queries.filling_at(uow, station)
    lines = [
        {"sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "name_zh": skus[x.sku_id].name_zh, "announced": x.qty_each,
         "received": x.received_each, "gate": verdicts[x.id].verdict if x.id in verdicts else ""}
        for x in notice.lines
    ]  # fmt: skip
    return Card(
        f"goods:{notice.id}:{sum(x.received_each for x in notice.lines)}", "receive", "receive.goods",
        f"{BASE}/{station}/notices/{notice.id}/goods", (Step("goods", "scan", "receive.scan_goods"),),
        {"notice": notice.ref, "supplier": notice.supplier, "lines": lines, "filling": filling.code if filling else "",
         "station": station},
        problems=("all_received", "later"),
    )  # fmt: skip


async def _gate_card(uow: UnitOfWork, station: str, notice: orders.NoticeInfo) -> Card | None:
    ready = await service.identified(uow, notice)
    if not ready:
        return None
    skus = await catalog.skus(uow, {x.sku_id for x in ready})
    codes = tuple({notice.ref, *(x.hu_code for x in ready if x.hu_code)})
    lines = [{"sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "qty": x.qty_each} for x in ready]
    return Card(
        f"gate:{notice.id}", "receive", "receive.gate_identified", f"{BASE}/{station}/notices/{notice.id}/gate",
        (Step("pallet", "scan", "receive.confirm_gate", accept=codes, show={"lines": lines}),),
        {"notice": notice.ref, "supplier": notice.supplier, "lines": lines, "station": station},
        problems=("count_by_hand",),
    )  # fmt: skip


async def _count_card(
    uow: UnitOfWork, station: str, notice: orders.NoticeInfo | None, sku_id: int, asked: frozenset[str] = frozenset()
) -> Card:
    """`asked`: damaged and no_lot change what is asked."""
    sku = await catalog.sku(uow, sku_id)
    packs = (await catalog.packs_of(uow, [sku_id])).get(sku_id, [])
    codes = (await catalog.codes_of(uow, [sku_id])).get(sku_id, [])
    line = next((x for x in notice.lines if x.sku_id == sku_id), None) if notice else None
    head = {
        "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "notice": notice.ref if notice else "",
        "announced": sum(x.qty_each for x in notice.lines if x.sku_id == sku_id) if notice else 0,
        "received": sum(x.received_each for x in notice.lines if x.sku_id == sku_id) if notice else 0,
        "first_time": sku.measured_at is None, "station": station,
    }  # fmt: skip
    steps = []
    levels = [p for p in reversed(packs) if p.qty_each > 1]
    for level, each in [*((p.name, p.qty_each) for p in levels), ("EA", 1)]:
        accept = tuple(code for code, of in codes if of == level) or ((sku.code,) if level == "EA" else ())
        steps.append(Step(
            f"qty:{level}", "quantity", "receive.count_pack" if each > 1 else "receive.count_each", accept=accept,
            count_each=True, show={**head, "level": level, "each": each},
        ))  # fmt: skip
    if sku.lot_policy == "required" and "no_lot" not in asked:
        steps.append(Step("lot", "scan", "receive.scan_lot", show={**head, "announced_lot": line.lot if line else ""}))
    if sku.expiry_policy != "none":
        steps.append(Step("date", "scan", f"receive.{sku.expiry_policy}_date", show=head))
    if "damaged" in asked:
        steps.append(Step("damaged", "quantity", "receive.count_damaged", show=head))
        steps.append(Step("damage_reason", "choice", "receive.damage_reason", options=queries.DAMAGES, show=head))
    filling = await queries.filling_at(uow, station)
    units = ("onto", "case") if filling else ("case", "pallet")
    steps.append(
        Step("unit", "choice", "receive.unit", options=units, show={"filling": filling.code if filling else ""})
    )
    at = notice.id if notice else ANY
    path = f"{BASE}/{station}/notices/{at}/skus/{sku_id}" + (f"?asked={','.join(sorted(asked))}" if asked else "")
    more = tuple(
        p for p in ("damaged", *(("no_lot",) if sku.lot_policy == "required" else ()), "later") if p not in asked
    )
    tag = "+".join(sorted(asked))
    return Card(f"count:{at}:{sku_id}:{tag}", "receive", "receive.count", path, tuple(steps), head, problems=more)


async def _card(uow: UnitOfWork, line: queries.LineInfo) -> Card:
    """What a line under way needs from the receiver now."""
    base = f"{BASE}/{line.station}/lines/{line.id}"
    sku = await catalog.sku(uow, line.sku_id)
    part = line.next_part
    show: dict[str, Any] = {
        "sku": sku.code, "name": sku.name, "name_zh": sku.name_zh, "qty": line.qty_each, "damaged": line.damaged_each,
        "unit": line.hu_code, "status": line.status, "why": line.why, "weight_g": line.weight_g, "flags": line.flags,
        "station": line.station,
    }  # fmt: skip
    tag = f"{line.id}:{line.state}"
    if line.state == "serials":
        return _serials_card(line, base, show)
    if line.state == "measuring":
        of = await catalog.sku(uow, int(line.measure[0][0]))
        show |= {"measure_sku": of.code, "measure_name": of.name, "level": line.measure[0][1]}
        prompt = "receive.measure_again" if line.flags else "receive.put_on_dimensioner"
        steps: tuple[Step, ...] = (Step("wait", "wait", prompt, poll=base, show=show),)
        tag = f"{tag}:{len(line.measure)}:{'+'.join(line.flags)}"
        return Card(f"wait:{tag}", "receive", "receive.measure", base, steps, show, problems=("device_down", "recount"))
    if line.state in ("weighing", "weight_off") and part is not None:
        done = sum(1 for p in line.parts if p["weight_g"])
        of = await catalog.sku(uow, part["sku_id"])
        show |= {"part": done + 1, "parts": len(line.parts), "level": part["level"], "part_qty": part["qty_each"],
                 "part_sku": of.code, "expected_g": part["expected_g"]}  # fmt: skip
        if line.state == "weighing":
            steps = (Step("wait", "wait", "receive.put_on_scale", poll=base, show=show),)
            more: tuple[str, ...] = ("device_down", "recount")
            return Card(f"wait:{tag}:{done}", "receive", "receive.weigh", base, steps, show, problems=more)
        steps = (Step("wait", "wait", "receive.weight_off", poll=base, show=show),)
        return Card(f"off:{tag}:{done}:{line.weight_g}", "receive", "receive.weight_off", base, steps, show,
                    problems=("recount", "count_is_right"))  # fmt: skip
    if line.state == "labelling":
        steps = (Step("wait", "wait", "receive.printing", poll=base, show=show),)
        return Card(f"wait:{tag}", "receive", "receive.printing", base, steps, show)
    if line.state == "label_failed":
        steps = (Step("retry", "confirm", "receive.label_failed", show=show),)
        return Card(f"retry:{tag}", "receive", "receive.label_failed", f"{base}/retry", steps, show)
    if line.state == "printed":
        steps = (Step("label", "scan", "receive.scan_label", accept=(line.hu_code, f"00{line.hu_code}"), show=show),)
        return Card(f"apply:{tag}", "receive", "receive.apply_label", f"{base}/applied", steps, show)
    return await _next_card(uow, line)


def _serials_card(line: queries.LineInfo, base: str, show: dict[str, Any]) -> Card:
    sound = line.qty_each - line.damaged_each
    steps = tuple(
        Step(f"serial:{n}", "scan", "receive.scan_serial" if n <= sound else "receive.scan_damaged_serial",
             show={**show, "number": n, "of": line.qty_each})
        for n in range(1, line.qty_each + 1)
    )  # fmt: skip
    return Card(
        f"serials:{line.id}", "receive", "receive.serials", f"{base}/serials", steps, show, problems=("recount",)
    )


async def _next_card(uow: UnitOfWork, line: queries.LineInfo) -> Card:
    """After a line: the rest of its notice, else whatever comes."""
    notice_id = await queries.notice_of(uow, line.receipt_id)
    notice = await orders.notice(uow, notice_id) if notice_id else None
    if notice is not None and notice.state != "closed":
        return await _goods_card(uow, line.station, notice)
    return await _arrival_card(uow, line.station)


@router.get("/stations")
async def stations(uow: Uow) -> list[dict[str, Any]]:
    """Receiving stations to choose from."""
    return [{"code": s.code, "location": s.location} for s in await work.stations(uow, "receive")]


@router.post("/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """Begin to receive. Screens: what the receiver has under way; the arrival of the only station; else choose one."""
    there = await work.stations(uow, "receive")
    for station in there:
        if (line := await queries.under_way(uow, station.code, uow.actor.id)) is not None:
            return _reply("receive.go_on", await _card(uow, line))
    if len(there) == 1:
        return _reply("receive.ready", await _arrival_card(uow, there[0].code))
    if not there:
        return _reply("receive.no_station", level="warn")
    codes = tuple(s.code for s in there)
    step = Step("station", "scan", "receive.scan_station", accept=codes, show={"stations": list(codes)})
    return _reply(
        "receive.choose_station", Card("station", "receive", "receive.choose_station", f"{BASE}/station", (step,))
    )


@router.post("/station")
async def at_station(uow: Uow, body: Given) -> dict[str, Any]:
    """Go to a station. Screens: arrival."""
    station = await service.receive_station(uow, _text(body, "station").upper())
    return _reply("receive.ready", await _arrival_card(uow, station.code))


@router.post("/{station}/scan")
async def scan(uow: Uow, station: str, body: Given) -> dict[str, Any]:
    """A notice's reference, its pallet's code, the label of the pallet being filled, or any goods.

    Screens: gate identified (one scan is enough) | goods of the notice | count | arrival (pallet closed).
    """
    await service.receive_station(uow, station)
    code = _text(body, "code")
    if (closed := await _close_if_filling(uow, station, code)) is not None:
        return _reply("receive.unit_closed", await _arrival_card(uow, station), unit=closed)
    notice = await orders.find_notice(uow, code)
    if notice is None:
        on_pallet = await queries.find_by_pallet(uow, code)
        notice = on_pallet[0] if on_pallet else None
    if notice is not None:
        if notice.state == "closed":
            return _reply("receive.notice_closed", await _arrival_card(uow, station), level="warn", notice=notice.ref)
        gate = await _gate_card(uow, station, notice)
        return _reply("receive.notice", gate or await _goods_card(uow, station, notice), notice=notice.ref)
    found = await scanning.meaning(uow, code, "sku")
    announced = await queries.with_sku(uow, found.id)
    if not announced:
        card = await _count_card(uow, station, None, found.id)
        return _reply("receive.no_notice", card, level="warn", sku=found.code)
    if len(announced) == 1:
        return _reply(
            "receive.notice", await _count_card(uow, station, announced[0], found.id), notice=announced[0].ref
        )
    options = tuple(n.ref for n in announced)
    step = Step(
        "code", "scan", "receive.which_notice", accept=options, show={"sku": found.code, "notices": list(options)}
    )
    card = Card(
        f"which:{found.id}", "receive", "receive.which_notice", f"{BASE}/{station}/scan", (step,), {"sku": found.code}
    )
    return _reply("receive.which_notice", card)


async def _close_if_filling(uow: UnitOfWork, station: str, code: str) -> str | None:
    filling = await queries.filling_at(uow, station)
    if filling is None or not code.endswith(filling.code):
        return None
    return (await service.close_unit(uow, station)).code


@router.post("/{station}/notices/{notice_id}/gate")
async def confirm_gate(uow: Uow, station: str, notice_id: UUID, body: Given) -> dict[str, Any]:
    """One scan for all that the gate identified. Screens: what the pallet needs next | goods (count by hand)."""
    if _text(body, "problem"):
        return _reply("receive.count_by_hand", await _goods_card(uow, station, await orders.notice(uow, notice_id)))
    line = await service.confirm_gate(uow, station, notice_id)
    return _reply("receive.gate_confirmed", await _card(uow, line), unit=line.hu_code)


@router.post("/{station}/notices/{notice_id}/goods")
async def goods(uow: Uow, station: str, notice_id: UUID, body: Given) -> dict[str, Any]:
    """Goods of a notice, or its end. Screens: count | arrival (later) | why it is closed | arrival (pallet closed)."""
    notice = await orders.notice(uow, notice_id)
    problem = _text(body, "problem")
    if problem == "all_received":
        return await _close(uow, station, notice, "")
    if problem:
        return _reply("receive.later", await _arrival_card(uow, station))
    code = _text(body, "goods")
    if (closed := await _close_if_filling(uow, station, code)) is not None:
        return _reply("receive.unit_closed", await _goods_card(uow, station, notice), unit=closed)
    found = await scanning.meaning(uow, code, "sku")
    if any(x.sku_id == found.id for x in notice.lines):
        return _reply("receive.sku", await _count_card(uow, station, notice, found.id), sku=found.code)
    card = await _count_card(uow, station, None, found.id)
    return _reply("receive.not_on_notice", card, level="warn", sku=found.code)


REASONS = ("supplier_short", "supplier_over", "lost_in_transit", "rest_refused", "mixed_up")


@router.post("/{station}/notices/{notice_id}/close", dependencies=[needs("lead")])
async def close(uow: Uow, station: str, notice_id: UUID, body: Given) -> dict[str, Any]:
    """Close a notice by reason. Screens: arrival."""
    return await _close(uow, station, await orders.notice(uow, notice_id), _text(body, "reason"))


async def _close(uow: UnitOfWork, station: str, notice: orders.NoticeInfo, reason: str) -> dict[str, Any]:
    differs = any(x.received_each != x.qty_each for x in notice.lines)
    if differs and not reason:
        step = Step("reason", "choice", "receive.close_reason", options=REASONS)
        lines = [{"announced": x.qty_each, "received": x.received_each} for x in notice.lines]
        card = Card(f"close:{notice.id}", "receive", "receive.close", f"{BASE}/{station}/notices/{notice.id}/close", (step,),
                    {"notice": notice.ref, "lines": lines})  # fmt: skip
        return _reply("receive.differs", card, level="warn")
    told = await service.close_notice(uow, notice.id, reason)
    return _reply("receive.closed", await _arrival_card(uow, station), notice=notice.ref, over=told.over_each,
                  short=told.short_each)  # fmt: skip


@router.post("/{station}/notices/{notice_id}/skus/{sku_id}")
async def count(
    uow: Uow, station: str, notice_id: UUID | Literal["none"], sku_id: int, body: Given, asked: str = ""
) -> dict[str, Any]:  # fmt: skip
    """What was counted. Screens: what the goods need next | count with more questions | arrival (later)."""
    notice = await orders.notice(uow, notice_id) if isinstance(notice_id, UUID) else None
    more = frozenset(a for a in asked.split(",") if a)
    problem = _text(body, "problem")
    if problem in ("damaged", "no_lot"):
        return _reply("receive.count", await _count_card(uow, station, notice, sku_id, more | {problem}))
    if problem:
        return _reply("receive.later", await _arrival_card(uow, station))
    keyed = {key[4:]: _number(body, key) for key in body.answers if key.startswith("qty:")}
    given = service.Count(
        keyed=keyed, unit=_text(body, "unit") or "case", damaged_each=_number(body, "damaged"),
        damage_reason=_text(body, "damage_reason"), lot=_text(body, "lot"), no_lot="no_lot" in more,
        printed_date=_text(body, "date"),
    )  # fmt: skip
    line = await service.count(uow, station, notice.id if notice else None, sku_id, given)
    level = "warn" if line.why else "ok"
    return _reply("receive.on_hold" if line.why else "receive.counted", await _card(uow, line), level=level, why=line.why,
                  qty=line.qty_each)  # fmt: skip


@router.get("/{station}/lines/{line_id}")
async def poll(uow: Uow, station: str, line_id: UUID) -> dict[str, Any]:
    """What dimensioner, scale and printer said so far. Screens: wait, weight off, label failed, apply, next goods."""
    line = await queries.line(uow, line_id)
    level = "error" if line.state in ("weight_off", "label_failed") or line.flags else "ok"
    return _reply(f"receive.state_{line.state}", await _card(uow, line), level=level, weight_g=line.weight_g)


@router.post("/{station}/lines/{line_id}")
async def problem(uow: Uow, station: str, line_id: UUID, body: Given) -> dict[str, Any]:
    """Count again, the count is right, or the device is down. Screens: goods (count anew) | what is needed next."""
    said = _text(body, "problem")
    if said == "recount":
        return _reply("receive.recount", await _next_card(uow, await service.recount(uow, line_id)), level="warn")
    if said == "count_is_right":
        return _reply("receive.accepted", await _card(uow, await service.accept_weight(uow, line_id)), level="warn")
    if said == "device_down":
        return _reply("receive.skipped", await _card(uow, await service.skip_device(uow, line_id)), level="warn")
    return _reply("receive.go_on", await _card(uow, await queries.line(uow, line_id)))


@router.post("/{station}/lines/{line_id}/serials")
async def serials(uow: Uow, station: str, line_id: UUID, body: Given) -> dict[str, Any]:
    """Every serial was scanned. Screens: what the goods need next."""
    if _text(body, "problem") == "recount":
        return _reply("receive.recount", await _next_card(uow, await service.recount(uow, line_id)), level="warn")
    numbers = sorted((int(k[7:]), k) for k in body.answers if k.startswith("serial:") and k[7:].isdigit())
    given = [_text(body, key) for _, key in numbers]
    line = await service.give_serials(uow, line_id, given)
    return _reply("receive.counted", await _card(uow, line), qty=line.qty_each)


@router.post("/{station}/lines/{line_id}/retry")
async def retry(uow: Uow, station: str, line_id: UUID, body: Given) -> dict[str, Any]:
    """Print again. Screens: wait for the printer."""
    return _reply("receive.printing", await _card(uow, await service.retry_label(uow, line_id)))


@router.post("/{station}/lines/{line_id}/applied")
async def applied(uow: Uow, station: str, line_id: UUID, body: Given) -> dict[str, Any]:
    """The label is on. Screens: the rest of the notice, else arrival."""
    line = await service.apply_label(uow, line_id, _text(body, "label"))
    return _reply("receive.received", await _next_card(uow, line), unit=line.hu_code)

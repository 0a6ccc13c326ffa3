"""What goes into a parcel beside its goods: the pack version's materials, inserts, gift card and wrap.

They are settled when the parcel is opened, are steps of its card, weigh with it, and are consumed when it is closed.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.labels.rules import refusals
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.processes.packing import queries, rules
from wms.processes.packing.rules import inserts
from wms.processes.packing.service import fragile, parcels
from wms.processes.packing.tables import InsertRule

Extra = dict[str, Any]


async def settle(uow: UnitOfWork, parcel: queries.ParcelInfo, station: work.StationInfo) -> queries.ParcelInfo:
    """Settle what goes into an open parcel. A gift card is printed once.

    Inserts and gifts go into the order's first parcel that can be opened; where all ship as they are, they are left out.

    Errors: NoPackVersion, WrongPack.
    """
    order = await orders.order(uow, parcel.order_id)
    version = await fragile.version_of(uow, parcel.carton, parcel.content)
    found: list[Extra] = await fragile.recipe(uow, version) if version else []
    taking = await _taking(uow, parcel)
    if taking == parcel.number:
        found += await _inserts(uow, order, station)
        found += await _gift(uow, order, parcel, station)
    elif not taking and parcel.number == 1 and _gifts(order):
        uow.emit(IncidentDetected(
            kind="pack.gift_left_out", key=f"gift_left_out:{parcel.id}", owner="lead", due_h=0.5,
            subject=f"{order.ref} ships as it is: its gift card or wrap cannot go in",
            detail={"parcel": str(parcel.id), "order": order.ref, "tote": parcel.tote, "station": parcel.station},
        ))  # fmt: skip
    if found != parcel.extras or (version.id if version else None) != parcel.pack_version_id:
        await parcels.put(uow, parcel.id, extras=found, pack_version_id=version.id if version else None)
    return await queries.parcel(uow, parcel.id)


async def _taking(uow: UnitOfWork, parcel: queries.ParcelInfo) -> int:
    """Number of the order's parcel that inserts and gifts go into: the one that has them, else the first with a carton; 0: none."""
    live = await queries.parcels_of(uow, parcel.order_id)
    given = [p.number for p in live if p.carton and any(x["kind"] != "material" for x in p.extras)]
    return min(given or [p.number for p in live if p.carton], default=0)


async def left_out(uow: UnitOfWork, parcel: queries.ParcelInfo) -> list[Extra]:
    """What would go into the order's parcels, if any of them could be opened: told on the card of the first."""
    if parcel.number != 1 or await _taking(uow, parcel):
        return []
    order = await orders.order(uow, parcel.order_id)
    papers: list[Extra] = [{"kind": "paper", "name": r.name, "name_zh": r.name_zh} for r in await _due(uow, order)]
    return papers + [{"kind": x["kind"], "name": "", "name_zh": ""} for x in _gifts(order)]


async def _due(uow: UnitOfWork, order: orders.OrderInfo) -> list[queries.InsertInfo]:
    """The rules that an order meets."""
    known = [r for r in await queries.insert_rules(uow) if r.active]
    if not known:
        return []
    occasion = await _occasion(uow, order, any(r.takes.first_order for r in known))
    return [r for r in known if inserts.fits(r.takes, occasion)]


async def _inserts(uow: UnitOfWork, order: orders.OrderInfo, station: work.StationInfo) -> list[Extra]:
    found = []
    for rule in await _due(uow, order):
        about: Extra = {"kind": "paper", "code": rule.code, "name": rule.name, "name_zh": rule.name_zh, "qty": rule.qty_each,
                        "weight_g": rule.weight_g}  # fmt: skip
        if rule.sku_id is not None:
            sku = await catalog.sku(uow, rule.sku_id)
            about |= {"kind": "insert", "sku_id": sku.id, "sku": sku.code, "weight_g": sku.weight_g}
            if await _at_bench(uow, station, sku.id) < rule.qty_each:
                _out_of(uow, station, rule.code, sku.code)
                continue
        found.append(about)
    return found


async def _occasion(uow: UnitOfWork, order: orders.OrderInfo, ask_first: bool) -> inserts.Occasion:
    skus = await catalog.skus(uow, {x.sku_id for x in order.lines})
    value = sum((x.value_cents or skus[x.sku_id].value_cents) * x.qty_each for x in order.lines)
    return inserts.Occasion(
        order.channel, str(order.destination.get("country", "")), frozenset(s.code for s in skus.values()),
        frozenset(s.family for s in skus.values() if s.family), value,
        ask_first and await orders.is_first_order(uow, order), await uow.today(),
    )  # fmt: skip


async def _place(uow: UnitOfWork, station: work.StationInfo) -> int:
    bench = await layout.find_location(uow, station.location)
    return bench.id if bench else 0


async def _at_bench(uow: UnitOfWork, station: work.StationInfo, sku_id: int) -> int:
    held = await stock.held_in(uow, await _place(uow, station), sku_id)
    return sum(h.free_each for h in held if h.grain.status == "available")


def _out_of(uow: UnitOfWork, station: work.StationInfo, rule: str, sku: str) -> None:
    """The parcel goes without; nobody waits for a leaflet."""
    uow.emit(IncidentDetected(
        kind="pack.insert_out", key=f"insert_out:{station.code}:{rule}", owner="lead", due_h=2.0,
        subject=f"{station.code}: no {sku} left for insert {rule}", detail={"station": station.code, "insert": rule, "sku": sku},
    ))  # fmt: skip


def _gifts(order: orders.OrderInfo) -> list[Extra]:
    """A card with the giver's words, and wrap."""
    found: list[Extra] = []
    message = str(order.gift.get("message") or "").strip()
    if message:
        found.append({"kind": "message", "code": "gift_card", "name": message, "name_zh": "", "qty": 1, "weight_g": 5})
    if order.gift.get("wrap"):
        found.append({"kind": "wrap", "code": "gift_wrap", "name": "", "name_zh": "", "qty": 1, "weight_g": 20})
    return found


async def _gift(
    uow: UnitOfWork, order: orders.OrderInfo, parcel: queries.ParcelInfo, station: work.StationInfo
) -> list[Extra]:
    found = _gifts(order)
    for card in found:
        if card["kind"] == "message" and card not in parcel.extras:
            try:
                await labels.print_label(
                    uow, "gift", {"message": card["name"], "name": str(order.destination.get("name", ""))}, station.printer,
                    f"packing.gift:{parcel.id}",
                )  # fmt: skip
            except refusals.NoPrinter:
                gift_failed(uow, parcel, "labels.no_printer")
    return found


def gift_failed(uow: UnitOfWork, parcel: queries.ParcelInfo, code: str) -> None:
    """The card did not print: somebody writes it."""
    uow.emit(IncidentDetected(
        kind="pack.gift_card", key=f"gift:{parcel.id}", owner="lead", due_h=0.5, subject=f"{parcel.station}: a gift card was not printed",
        detail={"parcel": str(parcel.id), "tote": parcel.tote, "station": parcel.station, "code": code},
    ))  # fmt: skip


def check(parcel: queries.ParcelInfo, answers: Mapping[str, Any]) -> None:
    """Every material was scanned and everything else confirmed. Errors: WrongMaterial."""
    for i, extra in enumerate(parcel.extras):
        said = str(answers.get(f"extra:{i}", "")).strip()
        if extra["kind"] == "material" and said.upper() != str(extra["code"]).upper():
            raise rules.WrongMaterial(scanned=said[:60], expected=extra["code"])
        if not said:
            raise rules.WrongMaterial(scanned="", expected=extra["code"])


async def consume(uow: UnitOfWork, parcel: queries.ParcelInfo, station: work.StationInfo, hu_id: int) -> None:
    """Inserts of a SKU go from the bench's stock into the parcel; what is gone meanwhile is told, and not waited for."""
    for extra in parcel.extras:
        if extra["kind"] != "insert":
            continue
        left, place = int(extra["qty"]), await _place(uow, station)
        lines = []
        for held in await stock.held_in(uow, place, int(extra["sku_id"])):
            take = min(left, held.free_each) if held.grain.status == "available" else 0
            if take:
                lines.append(ledger.Line(held.grain, place, hu_id, take, "insert"))
                left -= take
        if left:
            _out_of(uow, station, str(extra["code"]), str(extra["sku"]))
        if lines:
            await ledger.post(uow, lines)


def inserted(parcel: queries.ParcelInfo) -> dict[int, int]:
    """SKU id to pieces that are in the parcel as inserts."""
    found: dict[int, int] = {}
    for extra in parcel.extras:
        if extra["kind"] == "insert":
            found[int(extra["sku_id"])] = found.get(int(extra["sku_id"]), 0) + int(extra["qty"])
    return found


async def save_rule(
    uow: UnitOfWork, code: str, takes: Mapping[str, Any], *, name: str, name_zh: str, sku: str, weight_g: int, qty_each: int,
    active: bool,
) -> None:  # fmt: skip
    """Create or change a rule. `takes`: fields of `rules.inserts.Takes` as JSON. Errors: BadInsert, UnknownSku."""
    inserts.check(inserts.Takes.of(takes))
    sku_id = (await catalog.sku_by_code(uow, sku)).id if sku else None
    kept = {k: v for k, v in takes.items() if v not in ([], (), None, "", False)}
    await uow.session.merge(InsertRule(
        code=code, takes=kept, name=name, name_zh=name_zh, sku_id=sku_id, weight_g=weight_g, qty_each=qty_each, active=active
    ))  # fmt: skip
    await uow.session.flush()


async def delete_rule(uow: UnitOfWork, code: str) -> None:
    """Errors: UnknownInsert."""
    gone = await uow.session.execute(delete(InsertRule).where(InsertRule.code == code).returning(InsertRule.code))
    if gone.scalar() is None:
        raise inserts.UnknownInsert(insert=code)

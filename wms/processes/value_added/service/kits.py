"""Kits made of their parts and taken apart, through the ledger; parts known by serials go in and come out by name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import AVAILABLE, Grain
from wms.kernel.ids import uuid7
from wms.processes.value_added import queries, rules
from wms.processes.value_added.service import goods
from wms.processes.value_added.tables import KitSerial

Serials = Mapping[int, list[str]]
"""SKU id of a part to the serials of its pieces."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Serials that the round under way has to tell."""

    step: str
    """Id of the step that asks; as the parts go in it counts them too."""
    sku: catalog.SkuInfo
    qty_each: int
    serials: tuple[str, ...]
    """Those that will do."""


async def serials_asked(uow: UnitOfWork, order: queries.WorkOrderInfo) -> list[Asked]:
    """Of the kit's parts that are known by serials: each piece that goes in, or comes out."""
    parts = rules.parts_of(order.made)
    kept = {sku.id: sku for sku in (await catalog.skus(uow, parts)).values() if sku.keeps_serials}
    if order.made["kind"] == rules.UNKIT:
        known = sorted(await inside(uow, order, kept))
    else:
        held = await stock.serials_in(uow, [order.place_id], kept)
        known = [(sku_id, serial) for (_, sku_id), serials in held.items() for serial in serials]
    return [
        Asked(
            rules.serial_step(order.made, sku.id), sku, parts[sku.id] * order.round_each,
            tuple(serial for sku_id, serial in known if sku_id == sku.id),
        )
        for sku in kept.values()
    ]  # fmt: skip


async def serials_told(uow: UnitOfWork, made: rules.Recipe, units: int, answers: Mapping[str, Any]) -> Serials:
    """Those of a round's parts, as they were scanned: one for each piece. Errors: SerialDue, UnreadableBarcode."""
    told = {}
    for sku in (await catalog.skus(uow, rules.parts_of(made))).values():
        if sku.keeps_serials:
            given = scanning.serials_in(str(answers.get(f"{rules.serial_step(made, sku.id)}:codes", "")))
            needed = rules.parts_of(made)[sku.id] * units
            if not len(given) == len(set(given)) == needed:
                raise rules.SerialDue(sku=sku.code, needed=needed, given=len(set(given)))
            told[sku.id] = given
    return told


async def inside(uow: UnitOfWork, order: queries.WorkOrderInfo, sku_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """(part, serial) of what may come out of the kits that lie where the order's do, to the lot of the kit."""
    return await queries.in_kits(uow, order.owner_id, sku_ids, await _kits_at(uow, order))


async def _kits_at(uow: UnitOfWork, order: queries.WorkOrderInfo) -> dict[int, stock.Held]:
    """Lot to the owner's good kits of it where the order's lie."""
    return {
        h.grain.lot_id: h for h in await stock.held_in(uow, order.place_id, order.sku_id)
        if h.grain.status == AVAILABLE and h.grain.owner_id == order.owner_id
    }  # fmt: skip


async def assemble(uow: UnitOfWork, order: queries.WorkOrderInfo, units: int, told: Serials) -> None:
    """Parts become kits where they lie; the kit is as old as its oldest part and lives as long as its shortest.

    Errors: NotEnoughGoods, MixedCustoms, UnknownSerial, SerialNotFree.
    """
    into = await goods.virtual(uow)
    lines: list[ledger.Line] = []
    for sku_id, each in rules.parts_of(order.made).items():
        serials = told.get(sku_id, [])
        await goods.check_free(uow, await catalog.sku(uow, sku_id), serials, order.place_id)
        lines += await goods.take_reserved(uow, order.demand, sku_id, each * units, into, "assemble", serials)
    used = await stock.lots(uow, {x.grain.lot_id for x in lines})
    if len({x.declaration for x in used.values()}) > 1:
        raise rules.MixedCustoms(declarations=", ".join(sorted(x.declaration or "–" for x in used.values())))
    lot = await ledger.lot_for(
        uow, order.sku_id, received_on=min(x.received_on for x in used.values()),
        expires_on=min(x.expires_on for x in used.values()), declaration=next(iter(used.values())).declaration,
    )  # fmt: skip
    await ledger.post(uow, lines)
    await ledger.post(
        uow, [ledger.Line(Grain(order.sku_id, lot, order.owner_id), into, order.place_id, units, "assemble")]
    )
    await _come_out(uow, order, told)  # what the book had again, as a return, is in no kit
    uow.session.add_all(
        KitSerial(
            id=uuid7(), sku_id=sku_id, serial=serial, kit_id=order.sku_id, lot_id=lot, work_order_id=order.id,
            units_from=order.done_each, at=uow.now, by=uow.actor.id,
        )
        for sku_id, serials in told.items() for serial in serials
    )  # fmt: skip
    await uow.session.flush()


async def _come_out(uow: UnitOfWork, order: queries.WorkOrderInfo, told: Serials) -> None:
    for sku_id, serials in told.items():
        await uow.session.execute(
            update(KitSerial).where(KitSerial.sku_id == sku_id, KitSerial.serial.in_(serials), KitSerial.out_of.is_(None))
            .values(out_of=order.id, out_at=uow.now)
        )  # fmt: skip


async def take_apart(uow: UnitOfWork, order: queries.WorkOrderInfo, units: int, told: Serials) -> None:
    """Kits become parts again; each part gets the kit's dates. Serials say which lots the kits are of.

    Errors: NotEnoughGoods, NotInKit, KitsMixed, stock.SerialProblem.
    """
    into, parts = await goods.virtual(uow), rules.parts_of(order.made)
    by_lot = await _by_lot(uow, order, units, told)
    if told:
        lines = await _named_kits(uow, order, {lot: kits for lot, (kits, _) in by_lot.items()}, into)
    else:
        lines = await goods.take_reserved(uow, order.demand, order.sku_id, units, into, "disassemble")
    kits, skus, made = await stock.lots(uow, {x.grain.lot_id for x in lines}), await catalog.skus(uow, parts), []
    for line in lines:
        kit = kits[line.grain.lot_id]
        for sku_id, each in parts.items():
            ends = kit.expires_on if skus[sku_id].expiry_policy != "none" else date(9999, 12, 31)
            lot = await ledger.lot_for(
                uow, sku_id, received_on=kit.received_on, expires_on=ends, declaration=kit.declaration
            )
            grain, qty_each = Grain(sku_id, lot, order.owner_id), each * line.qty_each
            serials = by_lot[kit.id][1][sku_id] if sku_id in told else None
            made.append(ledger.Line(grain, into, order.place_id, qty_each, "disassemble", serials=serials))
    await ledger.post(uow, lines)
    await ledger.post(uow, made)
    await _come_out(uow, order, told)
    left = order.qty_each - order.done_each - units
    if told and left:
        await goods.reserve(uow, order.demand, order.place_id, order.owner_id, {order.sku_id: left})


async def _by_lot(
    uow: UnitOfWork, order: queries.WorkOrderInfo, units: int, told: Serials
) -> dict[int, tuple[int, dict[int, list[str]]]]:
    """Lot of the kits to how many of them, and their parts' serials. Errors: NotInKit, KitsMixed."""
    parts, found = rules.parts_of(order.made), dict[int, dict[int, list[str]]]()
    known = await inside(uow, order, told)
    for sku_id, serials in told.items():
        for serial in serials:
            if (sku_id, serial) not in known:
                sku, kit = await catalog.sku(uow, sku_id), await catalog.sku(uow, order.sku_id)
                raise rules.NotInKit(serial=serial[:60], sku=sku.code, kit=kit.code)
            found.setdefault(known[sku_id, serial], {}).setdefault(sku_id, []).append(serial)
    whole = {}
    for lot, of_part in found.items():
        counts = {sku_id: divmod(len(of_part.get(sku_id, ())), parts[sku_id]) for sku_id in told}
        if len(set(counts.values())) > 1 or any(rest for _, rest in counts.values()):
            raise rules.KitsMixed(serials=", ".join(s for x in of_part.values() for s in x)[:200])
        whole[lot] = (next(iter(counts.values()))[0], of_part)
    return whole


async def _named_kits(
    uow: UnitOfWork, order: queries.WorkOrderInfo, kits: Mapping[int, int], into: int
) -> list[ledger.Line]:
    """Lines that take so many kits of each lot. The order's reservation, made by number, gives way. Errors: NotEnoughGoods."""
    await goods.release(uow, order.demand)
    there = await _kits_at(uow, order)
    lines = []
    for lot, wanted in kits.items():
        missing = wanted - there[lot].free_each
        if missing > 0:
            sku = await catalog.sku(uow, order.sku_id)
            raise rules.NotEnoughGoods(sku=sku.code, place="", missing_each=missing, wanted_each=wanted)
        lines.append(ledger.Line(there[lot].grain, order.place_id, into, wanted, "disassemble"))
    return lines

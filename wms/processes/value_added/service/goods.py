"""Goods of work orders and shipments in the ledger: reserved, taken, used up."""

from collections.abc import Sequence

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import AVAILABLE, Grain
from wms.foundation.work import queries as work
from wms.processes.value_added import rules

Pieces = list[tuple[Grain, int, int]]
"""(grain, place, pieces)."""


async def virtual(uow: UnitOfWork) -> int:
    return (await layout.virtual_places(uow))[rules.PRODUCTION]


async def reserve(uow: UnitOfWork, demand: str, place_id: int, owner_id: int, wanted: dict[int, int]) -> None:
    """Keep the goods of a work order from being picked. Errors: NotEnoughGoods."""
    wants = []
    for sku_id, qty in sorted(wanted.items()):
        left = qty
        for held in await stock.held_in(uow, place_id, sku_id):
            fits = held.grain.status == AVAILABLE and held.grain.owner_id == owner_id
            take = min(left, held.free_each) if fits else 0
            if take:
                wants.append(ledger.Want(demand, held.balance_id, take))
                left -= take
        if left:
            sku = await catalog.sku(uow, sku_id)
            place = (await layout.place_codes(uow, [place_id])).get(place_id, "")
            raise rules.NotEnoughGoods(sku=sku.code, place=place, missing_each=left, wanted_each=qty)
    await ledger.reserve(uow, wants)


async def check_free(uow: UnitOfWork, sku: catalog.SkuInfo, serials: Sequence[str], place_id: int) -> None:
    """Each of these pieces lies free at the place. Errors: UnknownSerial, SerialNotFree."""
    book = await stock.serial_places(uow, sku.id, serials)
    for serial in serials:
        if serial not in book:
            raise rules.UnknownSerial(serial=serial[:60], of=sku.code)
        at, status = book[serial]
        if (at, status) != (place_id, AVAILABLE):
            codes = await layout.place_codes(uow, {at, place_id})
            raise rules.SerialNotFree(serial=serial, sku=sku.code, at=codes[at], stock=status, place=codes[place_id])


async def release(uow: UnitOfWork, demand: str) -> None:
    await ledger.release(uow, [r.id for r in await stock.open_reservations(uow, [demand])])


async def take_reserved(
    uow: UnitOfWork, demand: str, sku_id: int, qty_each: int, to: int, reason: str, serials: Sequence[str] = ()
) -> list[ledger.Line]:
    """Lines that take so many pieces out of what is reserved. `serials`: theirs, where the SKU keeps them.

    Errors: NotEnoughGoods.
    """
    lines, left = [], qty_each
    for held in await stock.open_reservations(uow, [demand]):
        take = min(left, held.open_each) if held.grain.sku_id == sku_id else 0
        if take:
            taken = serials[qty_each - left :][:take]
            lines.append(
                ledger.Line(held.grain, held.place_id, to, take, reason, reservation=held.id, serials=taken or None)
            )
            left -= take
    if left:
        raise rules.NotEnoughGoods(
            sku=(await catalog.sku(uow, sku_id)).code, place="", missing_each=left, wanted_each=qty_each
        )
    return lines


async def _bench(uow: UnitOfWork, station: work.StationInfo) -> int:
    spot = await layout.find_location(uow, station.location)
    return spot.id if spot else 0


async def consume(uow: UnitOfWork, made: rules.Recipe, units: int, station: work.StationInfo) -> None:
    """Use up a round's consumables from the station's stock. Errors: NoConsumable."""
    bench, into = await _bench(uow, station), await virtual(uow)
    lines = []
    for each in made["consumables"]:
        left = wanted = int(each["qty_each"]) * units
        for held in await stock.held_in(uow, bench, int(each["sku_id"])):
            take = min(left, held.free_each) if held.grain.status == AVAILABLE else 0
            if take:
                lines.append(ledger.Line(held.grain, bench, into, take, "consume"))
                left -= take
        if left:
            raise rules.NoConsumable(sku=each["sku"], station=station.code, missing_each=left, wanted_each=wanted)
    await ledger.post(uow, lines)

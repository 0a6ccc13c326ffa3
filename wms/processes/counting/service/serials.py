"""Counts of goods that are known by their serials: pieces that have none get them; each missing one is held and written off
by name, each extra one is born by name, or brought from where the book had it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from wms.db.uow import UnitOfWork
from wms.events.stock import StockStatusChanged
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import AVAILABLE, COUNT_HOLD, Grain
from wms.processes.counting import queries, rules
from wms.processes.counting.service.authority import authority

Taken = tuple[stock.Held, list[str]]


async def name(
    uow: UnitOfWork, place_id: int, sku_id: int, scanned: Sequence[str], most: int, *, whoever: bool = False
) -> list[str]:
    """Scanned serials that the book has nowhere are names for pieces here that have none, those of the oldest lot first. Of
    several owners' pieces none is named, until a person says so (`whoever`). Returns the names that were given.

    Errors: stock.NotASerial, stock.NameTaken, stock.TooManyNames.
    """
    new = sorted(set(scanned) - set(await stock.serial_places(uow, sku_id, scanned)))[: max(most, 0)]
    bare = await _nameless(uow, place_id, sku_id) if new else []
    if len({h.grain.owner_id for h, _ in bare}) > 1 and not whoever:
        return []
    given: list[str] = []
    for h, each in sorted(bare, key=lambda x: x[0].grain.status != AVAILABLE):
        names = new[len(given) : len(given) + each]
        await ledger.name_pieces(uow, h.place_id, h.grain, names)
        given += names
    return given


async def _nameless(uow: UnitOfWork, place_id: int, sku_id: int) -> list[tuple[stock.Held, int]]:
    """Rows with pieces that have no name, and how many, the oldest lot first. The book knows names by place and status:
    they count as the oldest lots'."""
    held = await _rows(uow, place_id, sku_id)
    left = await stock.unnamed_in(uow, {h.place_id for h in held}, [sku_id])
    found = []
    for h in reversed(held):
        pool = h.place_id, sku_id, h.grain.status
        if each := min(h.qty_each, left.get(pool, 0)):
            left[pool] -= each
            found.append((h, each))
    return found[::-1]


async def _rows(uow: UnitOfWork, place_id: int, sku_id: int) -> list[stock.Held]:
    """Of the SKU all that a counter finds there, the oldest lot first."""
    held = [h for h in await stock.content_of(uow, place_id) if h.grain.sku_id == sku_id]
    lots = await stock.lots(uow, {h.grain.lot_id for h in held})
    return sorted(held, key=lambda h: (lots[h.grain.lot_id].received_on, h.grain.lot_id))


async def nameless(uow: UnitOfWork, variance: queries.Variance) -> int:
    """Missing pieces that have no name: what neither missing nor extra serials explain, save new ones that may be theirs."""
    known = await stock.serial_places(uow, variance.sku_id, variance.extra)
    return max(0, _unexplained(variance) - len(set(variance.extra) - set(known)))


def _unexplained(variance: queries.Variance) -> int:
    return len(variance.extra) - len(variance.missing) - variance.delta_each


async def hold(uow: UnitOfWork, place_id: int, sku_id: int, missing: Collection[str], nameless_each: int = 0) -> int:
    """Bring the count hold of a position to these serials, and to so many pieces without one. Returns how many could not
    be held: promised, or gone meanwhile."""
    held = await _rows(uow, place_id, sku_id)
    with authority(uow):
        for h, named in await _of(uow, held, COUNT_HOLD, without=missing):
            await _change(uow, h, AVAILABLE, len(named), named)
        for h, named in await _of(uow, held, AVAILABLE, only=missing):
            await _change(uow, h, COUNT_HOLD, len(named), named)
        unheld = await _hold_nameless(uow, place_id, sku_id, nameless_each)
    now = await stock.serials_in(uow, {h.place_id for h in held}, [sku_id], COUNT_HOLD)
    return unheld + len(set(missing) - {s for serials in now.values() for s in serials})


async def _hold_nameless(uow: UnitOfWork, place_id: int, sku_id: int, each: int) -> int:
    """Returns how many are not held."""
    bare = await _nameless(uow, place_id, sku_id)
    need = each - sum(n for h, n in bare if h.grain.status == COUNT_HOLD)
    for h, n in bare:
        if need > 0 and h.grain.status == AVAILABLE and (take := min(need, n, h.free_each)):
            await _change(uow, h, COUNT_HOLD, take, [])
            need -= take
        elif need < 0 and h.grain.status == COUNT_HOLD and (give := min(-need, n, h.free_each)):
            await _change(uow, h, AVAILABLE, give, [])
            need += give
    return max(need, 0)


async def _of(
    uow: UnitOfWork, held: Sequence[stock.Held], status: str, *, only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> list[Taken]:  # fmt: skip
    """Free pieces of these rows in this status, by name. Which lot a serial is of the book does not say: the older rows first."""
    rows = [h for h in held if h.grain.status == status]
    there = await stock.serials_in(uow, {h.place_id for h in rows}, {h.grain.sku_id for h in rows}, status)
    left = {
        place: iter([s for s in named if (only is None or s in only) and s not in without])
        for (place, _), named in there.items()
    }
    found = [(h, _next(left.get(h.place_id, iter(())), h.free_each)) for h in rows]
    return [(h, named) for h, named in found if named]


def _next(serials: Iterator[str], most: int) -> list[str]:
    return [s for _, s in zip(range(most), serials, strict=False)]


async def _change(uow: UnitOfWork, h: stock.Held, to_status: str, each: int, named: list[str]) -> None:
    reason = "there by count" if to_status == AVAILABLE else "missing by count"
    await ledger.post(
        uow, [ledger.Line(h.grain, h.place_id, h.place_id, each, reason, to_status=to_status, serials=named)]
    )
    uow.emit(StockStatusChanged(
        place_id=h.place_id, sku_id=h.grain.sku_id, from_status=h.grain.status, to_status=to_status, qty_each=each,
        reason=reason,
    ))  # fmt: skip


async def adjust(uow: UnitOfWork, variance: queries.Variance) -> None:
    """Give names to pieces that have none, write what is missing off and take the extra serials in.

    Errors: SerialsNeeded, StillPromised, SerialElsewhere.
    """
    place_id, sku_id = variance.place_id, variance.sku_id
    gone = _unexplained(variance)
    gone -= len(await name(uow, place_id, sku_id, variance.extra, gone, whoever=True))
    if not 0 <= gone <= sum(each for _, each in await _nameless(uow, place_id, sku_id)):
        raise rules.SerialsNeeded(variance_id=str(variance.id))  # counted by number alone, or named meanwhile
    if unheld := await hold(uow, place_id, sku_id, variance.missing, gone):
        raise rules.StillPromised(missing_each=unheld)
    adjustment = (await stock.virtual_places(uow))["ADJUSTMENT"]
    held = await _rows(uow, place_id, sku_id)
    lines = [
        ledger.Line(h.grain, h.place_id, adjustment, len(named), "count adjustment", to_status=AVAILABLE, serials=named)
        for h, named in await _of(uow, held, COUNT_HOLD, only=variance.missing)
    ]
    lines += [
        ledger.Line(h.grain, h.place_id, adjustment, each, "count adjustment", to_status=AVAILABLE, serials=[])
        for h, each in await _nameless(uow, place_id, sku_id)
        if h.grain.status == COUNT_HOLD
    ]
    lines += await _found(uow, variance, adjustment)
    with authority(uow):
        await ledger.post(uow, lines)


async def _found(uow: UnitOfWork, variance: queries.Variance, adjustment: int) -> list[ledger.Line]:
    """Extra serials: from nowhere, or from the free stock of the place where the book has them."""
    if not variance.extra:
        return []
    known = await stock.serial_places(uow, variance.sku_id, variance.extra)
    here = {variance.place_id, *(h.place_id for h in await stock.content_of(uow, variance.place_id))}
    unknown = sorted(set(variance.extra) - set(known))
    known = {
        s: at for s, at in known.items() if at[0] not in here
    }  # one that has come meanwhile is here by the book too
    lines = []
    for place_id in sorted({place for place, _ in known.values()}):
        named = sorted(s for s, at in known.items() if at == (place_id, AVAILABLE))
        there = await stock.held_in(uow, place_id, variance.sku_id)
        taken = await _of(uow, there, AVAILABLE, only=named)
        if sum(len(s) for _, s in taken) < sum(place == place_id for place, _ in known.values()):
            raise rules.SerialElsewhere(
                serials=", ".join(sorted(s for s, (place, _) in known.items() if place == place_id)[:5]),
                place=(await layout.place_codes(uow, [place_id])).get(place_id, ""),
            )
        lines += [
            ledger.Line(h.grain, place_id, variance.place_id, len(s), "count adjustment", serials=s) for h, s in taken
        ]
    if unknown:
        there = [h for h in await stock.held_in(uow, variance.place_id, variance.sku_id) if h.grain.status == AVAILABLE]
        sku = await catalog.sku(uow, variance.sku_id)
        grain = there[-1].grain if there else Grain(sku.id, await ledger.lot_for(uow, sku.id), sku.owner_id, AVAILABLE)
        lines.append(ledger.Line(
            replace(grain, status=AVAILABLE), adjustment, variance.place_id, len(unknown), "count adjustment", serials=unknown
        ))  # fmt: skip
    return lines

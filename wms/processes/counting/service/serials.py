"""Differences of goods that are known by their serials: each missing one is held and written off by name, each extra one is
born by name, or brought from where the book had it."""

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


async def hold(uow: UnitOfWork, place_id: int, sku_id: int, missing: Collection[str]) -> int:
    """Bring the count hold of a position to these serials. Returns how many could not be held: promised, or gone meanwhile."""
    held = [h for h in await stock.content_of(uow, place_id) if h.grain.sku_id == sku_id]
    with authority(uow):
        for h, named in await _of(uow, held, COUNT_HOLD, without=missing):
            await _change(uow, h, AVAILABLE, named, "there by count")
        for h, named in await _of(uow, held, AVAILABLE, only=missing):
            await _change(uow, h, COUNT_HOLD, named, "missing by count")
    now = await stock.serials_in(uow, {h.place_id for h in held}, [sku_id], COUNT_HOLD)
    return len(set(missing) - {s for serials in now.values() for s in serials})


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


async def _change(uow: UnitOfWork, h: stock.Held, to_status: str, named: list[str], reason: str) -> None:
    await ledger.post(
        uow, [ledger.Line(h.grain, h.place_id, h.place_id, len(named), reason, to_status=to_status, serials=named)]
    )
    uow.emit(StockStatusChanged(
        place_id=h.place_id, sku_id=h.grain.sku_id, from_status=h.grain.status, to_status=to_status, qty_each=len(named),
        reason=reason,
    ))  # fmt: skip


async def adjust(uow: UnitOfWork, variance: queries.Variance) -> None:
    """Write the missing serials off and take the extra ones in.

    Errors: SerialsNeeded, NoSerialsInBook, StillPromised, SerialElsewhere.
    """
    if not variance.missing and not variance.extra:  # found before serials were counted by name
        raise rules.SerialsNeeded(variance_id=str(variance.id))
    if nameless := len(variance.extra) - len(variance.missing) - variance.delta_each:
        raise rules.NoSerialsInBook(nameless_each=nameless)
    if unheld := await hold(uow, variance.place_id, variance.sku_id, variance.missing):
        raise rules.StillPromised(missing_each=unheld)
    adjustment = (await stock.virtual_places(uow))["ADJUSTMENT"]
    held = [h for h in await stock.content_of(uow, variance.place_id) if h.grain.sku_id == variance.sku_id]
    lines = [
        ledger.Line(h.grain, h.place_id, adjustment, len(named), "count adjustment", to_status=AVAILABLE, serials=named)
        for h, named in await _of(uow, held, COUNT_HOLD, only=variance.missing)
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

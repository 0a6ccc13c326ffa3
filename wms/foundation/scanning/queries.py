"""What a scan means here and now."""

from dataclasses import dataclass
from typing import Literal

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import rules
from wms.foundation.scanning.rules import Elements
from wms.foundation.stock import queries as stock

Kind = Literal["location", "sku", "unit"]


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: Kind
    code: str
    """Our own code of the thing."""
    id: int
    """Place id of a location or unit, SKU id otherwise."""
    elements: Elements
    level: str = ""
    qty_each: int = 1
    """Pieces in the scanned pack level."""


async def meaning(uow: UnitOfWork, raw: str, expect: Kind | None = None) -> Meaning:
    """The one meaning of a scan; `expect` narrows it to what the step asks for.

    Errors: UnknownBarcode, AmbiguousBarcode, UnreadableBarcode.
    """
    elements = rules.take_apart(raw)
    found = await _lookup(uow, elements, expect)
    if not found:
        other = await _lookup(uow, elements, None) if expect else []
        raise rules.UnknownBarcode(
            scanned=elements.raw[:60], expected=expect or "any", means=other[0].kind if other else ""
        )
    if len(found) > 1:
        raise rules.AmbiguousBarcode(scanned=elements.raw[:60], means=[f"{m.kind} {m.code}" for m in found])
    return found[0]


async def _lookup(uow: UnitOfWork, elements: Elements, expect: Kind | None) -> list[Meaning]:
    """Every distinct thing of the expected kind (None: any) that the codes may mean."""
    found: list[Meaning] = []
    for code in elements.codes:
        if expect in (None, "location") and (spot := await layout.find_location(uow, code)) is not None:
            found.append(Meaning("location", spot.code, spot.id, elements))
        if expect in (None, "unit") and (unit := await stock.find_unit(uow, code)) is not None:
            found.append(Meaning("unit", unit.code, unit.id, elements))
    if expect in (None, "sku"):
        hits = await catalog.meanings(uow, elements.codes)
        skus = await catalog.skus(uow, {h.sku_id for h in hits})
        found += [Meaning("sku", skus[h.sku_id].code, h.sku_id, elements, h.level, h.qty_each) for h in hits]
    return list({(m.kind, m.id, m.level): m for m in found}.values())


def serial_in(raw: str) -> str:
    """The serial number that a code says: AI 21 of a GS1 symbol, else the code itself. Errors: UnreadableBarcode."""
    found = rules.take_apart(raw)
    return found.serial or found.raw


def serials_in(lines: str) -> list[str]:
    """Serials of a counted step, one a line. Errors: UnreadableBarcode."""
    return [serial_in(line) for line in lines.split("\n") if line.strip()]

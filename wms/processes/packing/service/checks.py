"""A parcel whose weight was off is opened and scanned anew; what was found is kept, and a wrong unit weight is measured anew."""

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.kernel.ids import uuid7
from wms.processes.packing import queries, rules
from wms.processes.packing.tables import ParcelCheck


def due(parcel: queries.ParcelInfo) -> bool:
    """It was opened after a weight that was off: closing it takes the finding."""
    return parcel.offs > 0 and parcel.state == "open"


async def note(uow: UnitOfWork, parcel: queries.ParcelInfo, finding: str) -> None:
    """Keep what opening the parcel has shown, before it is closed again. Errors: FindingNeeded."""
    if not due(parcel):
        return
    if finding not in rules.FOUND:
        raise rules.FindingNeeded(parcel=parcel.number, one_of=", ".join(rules.FOUND))
    uow.session.add(ParcelCheck(
        id=uuid7(), parcel_id=parcel.id, order_id=parcel.order_id, at=uow.now, by=uow.actor.id, reason=finding,
        weight_g=parcel.weight_g, expected_g=parcel.expected_g, tolerance_g=parcel.tolerance_g,
    ))  # fmt: skip
    if finding == "unit_weight":
        await _measure_again(uow, parcel)


async def _measure_again(uow: UnitOfWork, parcel: queries.ParcelInfo) -> None:
    """Everything is there and the weight is off: one of its SKUs is to be measured before more of its parcels stop."""
    for sku_id, sku in sorted((await catalog.skus(uow, parcel.content)).items()):
        uow.emit(IncidentDetected(
            kind="pack.measure_again", key=f"measure:{sku_id}", owner="lead", due_h=4.0,
            subject=f"{sku.code}: measure a unit, its parcels weigh other than {sku.weight_g} g a unit says",
            detail={"sku": sku.code, "sku_id": sku_id, "weight_g": sku.weight_g, "parcel": str(parcel.id),
                    "scale_g": parcel.weight_g, "expected_g": parcel.expected_g, "carton": parcel.carton},
        ))  # fmt: skip

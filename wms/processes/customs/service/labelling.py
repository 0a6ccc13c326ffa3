"""Market labels: what the market asks of the category, and no mark without a document on file."""

from typing import Any
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.processes.customs import queries
from wms.processes.customs.rules import market, refusals


async def label_content(uow: UnitOfWork, sku: str, country: str, given: dict[str, Any]) -> dict[str, Any]:
    """Data of a market label. `given`: languages, origin, parties, net_g, size_mm, facts, model, and marks wanted beside the mandatory.

    Errors: NoFiling, TableExpired, MarkUnproven, LabelIncomplete.
    """
    filing = await queries.filing(uow, sku)
    info = await catalog.sku_by_code(uow, sku)
    valid = await queries.sheets(uow, kinds=["label"])
    data = {"origin": filing.origin, "net_g": filing.net_g, **{k: v for k, v in given.items() if v}}
    asked = market.content(valid.rows("label"), country, filing, data, valid.on)
    unproven = [*asked.unproven, *market.strangers(data.get("marks", ()), asked)]
    if unproven:
        raise refusals.MarkUnproven(sku=sku, market=country, marks=unproven)
    if asked.lacking:
        raise refusals.LabelIncomplete(sku=sku, market=country, lacking=list(asked.lacking))
    name = filing.name_en + (f" / {filing.name_zh}" if "zh" in data.get("languages", ()) else "")
    codes = (await catalog.codes_of(uow, [info.id])).get(info.id, [])
    return {
        **{k: v for k, v in data.items() if k not in ("languages", "marks")}, "sku": sku, "name": name, "marks": list(asked.marks),
        "proofs": asked.proofs, "warnings": list(asked.warnings), "code": codes[0][0] if codes else sku,
    }  # fmt: skip


async def print_market_label(
    uow: UnitOfWork, sku: str, country: str, given: dict[str, Any], printer: str, copies: int
) -> list[UUID]:
    """Print market labels of a SKU. Errors: as label_content, labels.NoPrinter."""
    data = await label_content(uow, sku, country, given)
    return [await labels.print_label(uow, "market", data, printer, f"customs.market:{sku}") for _ in range(copies)]

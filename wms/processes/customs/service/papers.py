"""Issue documents, keep each as long as its market's rule says, and forget who they are about when that ends."""

import hashlib
import io
import json
import zipfile
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from wms.db.uow import UnitOfWork
from wms.foundation.labels.rules.pages import Page, pdf
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.kernel.ids import uuid7
from wms.processes.customs import queries
from wms.processes.customs.rules import exchange, forms, refusals, retention
from wms.processes.customs.tables import CustomsOrder, Paper, Record

KINDS = ("invoice", "packing_list", "cn22", "cn23")
STATEMENT = (
    "We certify that this document states the goods, their quantity, their value and their origin truly. "
    "兹证明本单据所列货物名称、数量、价值及原产地真实无误。"
)


async def issue(uow: UnitOfWork, order_id: UUID, kind: str) -> Paper:
    """The document of an order as its papers stand now; the same again is the same document. Errors: NoSuchOrder, UnknownDocument."""
    if kind not in KINDS:
        raise refusals.UnknownDocument(document=kind, known=", ".join(KINDS))
    row = await queries.judged(uow, order_id)
    order = await orders.order(uow, order_id)
    parcels = await queries.parcels(uow, order_id)
    if kind == "packing_list" and not parcels:
        raise refusals.UnknownDocument(document=kind, order=order.ref, why="no parcel is packed yet")
    invoice, filing = row.papers.get("invoice"), row.papers.get("filing", {})
    if not invoice:
        raise refusals.UnknownDocument(
            document=kind, order=order.ref, why="the order needs no customs papers, or a table has expired"
        )
    valid = await queries.sheets(uow)

    def line(sku: str, qty: int) -> dict[str, Any]:
        return {"sku": sku, "qty": qty, "name_en": invoice.get(f"name@{sku}", ""), "name_zh": invoice.get(f"name_zh@{sku}", ""),
                "hs_code": invoice.get(f"hs@{sku}", ""), "origin": invoice.get(f"origin@{sku}", ""),
                "value_cents": invoice.get(f"value@{sku}", 0), "net_g": qty * filing.get(f"net_g@{sku}", 0)}  # fmt: skip

    lines = [line(key[4:], qty) for key, qty in sorted(invoice.items()) if key.startswith("qty@") and qty]
    gross = sum(p.gross_g for p in parcels) or sum(x["net_g"] for x in lines)
    numbers = [p.tracking or p.sscc for p in parcels]
    data = {
        "number": f"{'INV' if kind == 'invoice' else 'PL' if kind == 'packing_list' else kind.upper()}-{order.ref}",
        "date": (await uow.site_time(order.released_at or order.accepted_at)).date().isoformat(), "sender": valid.site, "recipient": order.destination,
        "currency": order.currency, "lines": lines, "gross_g": gross, "carrier": order.carrier, "gift": bool(order.gift),
        "item_id": numbers[0] if numbers else "", "signed_by": valid.site["name"], "statement": STATEMENT,
        "terms": [["Order / 订单", order.ref], ["Customs mode / 监管方式", row.mode], ["Terms / 贸易条款", order.duty_term or "DAP"],
                  ["Waybill / 运单", ", ".join(numbers)], ["Currency / 币种", order.currency]],
        "parcels": [{"sscc": p.sscc, "tracking": p.tracking, "gross_g": p.gross_g, "lines": [line(sku, n) for sku, n in sorted(p.contents.items())]}
                    for p in parcels],
    }  # fmt: skip
    return await keep(uow, kind, str(data["number"]), row.country, data, order_id=order_id)


async def keep(
    uow: UnitOfWork,
    kind: str,
    number: str,
    market: str,
    data: dict[str, Any],
    *,
    order_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> Paper:
    """Store a document once, with the last day on which it must still be here. Errors: TableExpired."""
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()
    there = await uow.session.scalar(
        select(Paper).where(Paper.number == number, Paper.kind == kind, Paper.sha256 == digest)
    )
    if there is not None:
        return there
    today = await uow.today()
    rules = (await queries.sheets(uow, kinds=["retention"])).by_kind.get("retention")
    paper = Paper(
        id=uuid7(), order_id=order_id, parcel_id=None, batch_id=batch_id, kind=kind, number=number, market=market, data=data, sha256=digest,
        made_on=today, keep_until=retention.keep_until(rules.rows if rules else (), market, kind, today), legal_hold="",
    )  # fmt: skip
    uow.session.add(paper)
    await uow.session.flush()
    return paper


def _pages(kind: str, data: dict[str, Any], size: str) -> list[Page]:
    if kind == "invoice":
        return forms.invoice(data)
    if kind == "packing_list":
        return forms.packing_list(data)
    return forms.postal(kind, data, size)


async def issue_file(uow: UnitOfWork, order_id: UUID, kind: str, size: str) -> tuple[str, bytes]:
    """Name and PDF of an order's document; `size` (a4, label) matters for CN 22 and CN 23. Errors: as issue, CannotDraw, DoesNotFit."""
    paper = await issue(uow, order_id, kind)
    return f"{paper.number}.pdf", pdf(_pages(kind, paper.data, size), paper.number)


async def bundle_file(uow: UnitOfWork, order_id: UUID) -> tuple[str, bytes]:
    """Name and ZIP of what customs asks for first: invoice, packing list, CN 23 and the declared entries. Errors: as issue."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for kind in ("invoice", "packing_list", "cn23"):
            name, content = await issue_file(uow, order_id, kind, "a4")
            pack.writestr(zipfile.ZipInfo(name), content)  # dated 1980: the same papers, the same bytes
        declared = [p.declared for p in await queries.parcels(uow, order_id) if p.declared]
        pack.writestr(
            zipfile.ZipInfo("declared.json"), json.dumps(declared, ensure_ascii=False, indent=1, sort_keys=True)
        )
    return f"{(await queries.judged(uow, order_id)).ref}.zip", out.getvalue()


async def batch_file(uow: UnitOfWork, batch_id: UUID, form: str) -> tuple[str, bytes]:
    """Name and bytes of a declaration for the agent, as csv or xml; what was handed out is kept. Errors: UnknownBatch, TableExpired."""
    batch = await queries.batch(uow, batch_id)
    entries = (
        batch.entries if batch.kind == "summary" else [p.declared for p in await queries.batch_parcels(uow, batch_id)]
    )
    about = {"number": batch.number, "kind": batch.kind, "mode": batch.mode, "port": batch.port, "month": batch.month}
    site = (await queries.sheets(uow, kinds=["site"])).site
    await keep(
        uow, "declaration", batch.number, site["country"], {"batch": about, "entries": entries}, batch_id=batch_id
    )
    write = exchange.as_csv if form == "csv" else exchange.as_xml
    return f"{batch.number}.{form}", write(about, site, entries)


async def set_legal_hold(uow: UnitOfWork, order_id: UUID, reason: str) -> int:
    """Papers of an order must stay whatever their date says; an empty reason ends that. Returns how many."""
    found = await uow.session.scalars(
        update(Paper).where(Paper.order_id == order_id).values(legal_hold=reason.strip()).returning(Paper.id)
    )
    return len(found.all())


async def purge(uow: UnitOfWork) -> dict[str, int]:
    """Drop papers whose time is over and that no legal hold keeps; an order without papers left loses its identities here."""
    today = await uow.today()
    gone = (await uow.session.execute(
        delete(Paper).where(Paper.keep_until < today, Paper.legal_hold == "").returning(Paper.order_id)
    )).all()  # fmt: skip
    orders_touched = {r.order_id for r in gone if r.order_id is not None}
    rows = await uow.session.scalars(
        select(CustomsOrder).where(
            CustomsOrder.order_id.in_(orders_touched), ~exists().where(Paper.order_id == CustomsOrder.order_id)
        )
    )
    forgotten = 0
    for row in rows:
        order = await orders.order(uow, row.order_id)
        row.papers = {name: retention.forget(paper) for name, paper in row.papers.items()}
        row.faults = []
        await uow.session.execute(delete(Record).where(Record.channel == order.channel, Record.ref == order.ref))
        await order_service.forget_identity(uow, row.order_id)
        for p in await queries.parcels(uow, row.order_id):
            p.declared = retention.forget(p.declared)
        forgotten += 1
    return {"papers": len(gone), "orders": forgotten}

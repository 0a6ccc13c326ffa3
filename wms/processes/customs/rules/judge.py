"""Whether an order may be declared: every fault with what to mend, and the one it is held for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from wms.processes.customs.rules.duties import Estimate, Goods, estimate
from wms.processes.customs.rules.filings import Filing
from wms.processes.customs.rules.modes import Trade, choose
from wms.processes.customs.rules.papers import Paper, Papers, match, missing, tolerances
from wms.processes.customs.rules.refusals import TableExpired
from wms.processes.customs.rules.sheets import Sheets, fits_country

STAGES = ("order", "parcel", "batch")
GRAVEST = (
    "customs.declaration_held",
    "customs.table_expired", "customs.no_mode", "customs.filing_missing", "customs.certificate_missing", "customs.certificate_expired",
    "customs.party_missing", "customs.document_missing", "customs.document_incomplete", "customs.fields_differ",
)  # fmt: skip
"""An order with several faults is held for the first of these; the others stand beside it."""


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    qty_each: int
    value_cents: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order as customs sees it; its destination in the host's own keys."""

    ref: str
    channel: str
    currency: str
    duty_term: str
    fixed_mode: str
    """Set by the host or a person; empty: decided by the table."""
    destination: Mapping[str, Any]
    lines: tuple[Line, ...]
    """What of it ships."""
    sold_cents: int = 0
    """Value of the whole order, where a part of it does not ship."""

    @property
    def country(self) -> str:
        return str(self.destination.get("country", ""))

    @property
    def value_cents(self) -> int:
        return sum(x.qty_each * x.value_cents for x in self.lines)

    @property
    def commercial(self) -> bool:
        return bool(self.destination.get("commercial"))


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    field: str
    said: str
    """What is wrong and with what, for a person."""
    difference: dict[str, Any] = default(default_factory=dict)
    """Paper to what it states, where papers differ."""


@dataclass(frozen=True, slots=True)
class Judgement:
    mode: str
    why: str
    faults: tuple[Fault, ...] = ()
    papers: Mapping[str, Paper] = default(default_factory=dict)
    unverified: tuple[str, ...] = ()
    """Documents whose rule nobody has checked against its text yet."""
    estimate: Estimate | None = None

    @property
    def gravest(self) -> Fault | None:
        return min(self.faults, key=lambda f: GRAVEST.index(f.code), default=None)


def order_paper(order: Order) -> dict[str, Any]:
    """What the order states."""
    to = order.destination
    paper: dict[str, Any] = {
        "number": order.ref, "currency": order.currency, "total": order.value_cents, "consignee": to.get("name", ""),
        "country": order.country, "city": to.get("city", ""), "tax_id": to.get("tax_id", ""),
    }  # fmt: skip
    for x in order.lines:
        paper[f"qty@{x.sku}"] = paper.get(f"qty@{x.sku}", 0) + x.qty_each
        paper[f"value@{x.sku}"] = x.value_cents
    return paper


def filing_paper(order: Order, filings: Mapping[str, Filing]) -> dict[str, Any]:
    """What is on file of the order's SKUs."""
    paper: dict[str, Any] = {}
    for x in order.lines:
        if (f := filings.get(x.sku)) is None:
            continue
        paper |= {f"hs@{x.sku}": f.hs_code, f"origin@{x.sku}": f.origin, f"net_g@{x.sku}": f.net_g,
                  f"name@{x.sku}": f.name_en, f"name_zh@{x.sku}": f.name_zh}  # fmt: skip
        if f.value_rule == "fixed":
            paper |= {f"value@{x.sku}": f.value_cents, "currency": f.currency}
    return paper


def invoice_paper(order: Order, filings: Mapping[str, Filing]) -> dict[str, Any]:
    """The commercial invoice that this house writes: the order's goods under their filed names and codes."""
    filed = {
        k: v
        for k, v in filing_paper(order, filings).items()
        if k.partition("@")[0] in ("hs", "origin", "name", "name_zh")
    }
    return {**order_paper(order), **filed}


def judge(
    order: Order,
    filings: Mapping[str, Filing],
    sheets: Sheets,
    given: Papers,
    *,
    stage: str = "order",
) -> Judgement:
    """Mode, faults and papers of an order up to a stage (order, parcel, batch).

    `given`: papers that came from elsewhere or from the floor (payment, waybill, parcel, invoice, ...); those that the house writes
    itself are made here where the stage asks for them.
    """
    try:
        return _judge(order, filings, sheets, given, STAGES[: STAGES.index(stage) + 1])
    except TableExpired as expired:
        absent = expired.params.get("missing")
        said = f"table {expired.params['table']} {f'has no row for {absent}' if absent else 'is not valid'} on {expired.params['on']}"
        return Judgement(order.fixed_mode, "", (Fault("customs.table_expired", expired.params["table"], said),))


def _judge(
    order: Order, filings: Mapping[str, Filing], sheets: Sheets, given: Papers, stages: Sequence[str]
) -> Judgement:
    site = sheets.site["country"]
    trade = Trade(
        site,
        order.country,
        order.channel,
        order.commercial,
        bool(order.destination.get("warehouse")),
        order.value_cents,
    )
    mode, why = (order.fixed_mode, "fixed by the host") if order.fixed_mode else choose(sheets.rows("mode"), trade)
    if not mode:
        return Judgement("", why, (Fault("customs.no_mode", "mode", why),))
    if mode == "domestic":
        return Judgement(mode, why)
    faults = [*_party(order, sheets, site), *_filed(order, filings, sheets)]
    made: dict[str, Paper] = {
        "order": order_paper(order), "filing": filing_paper(order, filings), "invoice": invoice_paper(order, filings),
        **{name: _of_what_ships(paper, order) for name, paper in given.items()},
    }  # fmt: skip
    skus = sorted({x.sku for x in order.lines if x.sku in filings})
    unverified, asked = [], {"order", "filing"}
    for row in sheets.rows("document"):
        if row["mode"] != mode:
            continue
        asked.add(row["document"])
        if not row["verified"]:
            unverified.append(row["document"])
        if not row["required"] or row["stage"] not in stages:
            continue
        absent = missing(row["document"], row["fields"], made.get(row["document"]), skus)
        if absent == [row["document"]]:
            faults.append(Fault("customs.document_missing", row["document"], f"no {row['document']} on file"))
        else:
            faults += [
                Fault("customs.document_incomplete", row["document"], f"{row['document']} states no {x}")
                for x in absent
            ]
    kept = {name: paper for name, paper in made.items() if name in asked or name in given}
    differences = match(kept, tolerances(sheets.rows("tolerance")))
    faults += [Fault("customs.fields_differ", f"{d.field} {d.sku}".strip(), str(d), d.stated) for d in differences]
    return Judgement(mode, why, tuple(faults), kept, tuple(sorted(set(unverified))), _estimate(order, filings, sheets))


def _estimate(order: Order, filings: Mapping[str, Filing], sheets: Sheets) -> Estimate | None:
    """Duty and VAT; who delivers duty paid must know them. Errors: TableExpired with DDP; else None where a table does not tell."""
    if any(x.sku not in filings for x in order.lines):
        return None
    goods = [
        Goods(x.sku, filings[x.sku].hs_code, filings[x.sku].origin, x.qty_each, x.value_cents) for x in order.lines
    ]
    try:
        return estimate(sheets, goods, order.country, order.currency)
    except TableExpired:
        if order.duty_term == "DDP":
            raise
        return None


def _of_what_ships(paper: Paper, order: Order) -> Paper:
    """The customer pays the whole order at once; when a part of it ships, that payment covers the part."""
    if order.sold_cents and paper.get("total") == order.sold_cents:
        return {**paper, "total": order.value_cents}
    return paper


def _party(order: Order, sheets: Sheets, site: str) -> list[Fault]:
    faults = []
    for row in sheets.rows("party"):
        if (
            not fits_country(row["countries"], order.country, site)
            or row["commercial"] not in ("", "yes" if order.commercial else "no")
            or row["duty_term"] not in ("", order.duty_term)
            or order.value_cents < row["value_from_cents"]
            or (row["value_to_cents"] and order.value_cents > row["value_to_cents"])
        ):
            continue
        value = str(order.destination.get(row["field"]) or "").strip()
        if not re.fullmatch(row["pattern"], value):
            asked = f"; {row['note']}" if row["note"] else ""
            wrong = "is missing" if not value else "does not have the form that is asked for"
            faults.append(
                Fault(
                    "customs.party_missing",
                    f"destination.{row['field']}",
                    f"{row['field']} {wrong}: {order.country} asks for it{asked}",
                )
            )
    return faults


def _filed(order: Order, filings: Mapping[str, Filing], sheets: Sheets) -> list[Fault]:
    faults = []
    permits = sheets.rows("permit") if "permit" in sheets.ever else ()
    site = sheets.site["country"]
    for sku in sorted({x.sku for x in order.lines}):
        filing = filings.get(sku)
        if filing is None:
            faults.append(Fault("customs.filing_missing", sku, f"{sku} has no customs filing"))
            continue
        for row in permits:
            if (
                not filing.hs_code.startswith(row["hs"])
                or not fits_country(row["countries"], order.country, site)
                or not fits_country(row["origins"], filing.origin, site)
                or filing.holds(row["certificate"], order.country, sheets.on)
            ):
                continue
            old = [
                c
                for c in filing.certificates
                if c.kind == row["certificate"] and fits_country(c.countries, order.country, site)
            ]
            if old:
                last = max(old, key=lambda c: c.valid_until)
                said = f"{row['certificate']} {last.number} of {sku} expired on {last.valid_until}"
                faults.append(Fault("customs.certificate_expired", sku, said))
            else:
                faults.append(
                    Fault("customs.certificate_missing", sku, f"{sku} needs {row['certificate']} for {order.country}")
                )
    return faults

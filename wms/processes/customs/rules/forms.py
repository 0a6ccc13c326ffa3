"""Commercial invoice and packing list as A4 forms; CN 22 and CN 23 as the label templates draw them. All from the same papers."""

from collections.abc import Mapping, Sequence
from typing import Any

from wms.foundation.labels.rules import templates
from wms.foundation.labels.rules.layout import Area, Element, Frame, Label, Media, Text
from wms.foundation.labels.rules.pages import A4, Page, alone, on_a4
from wms.processes.customs.rules.exchange import kilograms, money

Data = Mapping[str, Any]
LABEL = Media(101.6, 152.4, 300)
LEFT, WIDE = 15.0, 180.0
ROWS_A_PAGE = 18
INVOICE = (
    ("#", 8.0),
    ("SKU", 25.0),
    ("Description / 品名", 62.0),
    ("HS", 22.0),
    ("Origin", 13.0),
    ("Qty", 12.0),
    ("Unit price", 18.0),
    ("Amount", 20.0),
)
PACKING = (
    ("#", 8.0),
    ("Parcel / 箱号", 46.0),
    ("SKU", 25.0),
    ("Description / 品名", 61.0),
    ("Qty", 14.0),
    ("Net kg", 26.0),
)
_RIGHT = frozenset({"#", "Qty", "Unit price", "Amount", "Net kg"})
_MOST = {"cn22": 4, "cn23": 6}


def _block(x: float, y: float, width: float, title: str, lines: Sequence[str]) -> list[Element]:
    out: list[Element] = [Text(x, y, title, 2.8, width)]
    y += 4.2
    for i, line in enumerate(x for x in lines if x):
        out.append(Text(x, y, line, 3.6, width, bold=i == 0, shorten=False, smallest=2.2))
        y += 4.8
    return out


def _party(who: Data) -> list[str]:
    city = " ".join(
        filter(
            None,
            (str(who.get("postcode") or who.get("zip") or ""), str(who.get("city") or ""), str(who.get("state") or "")),
        )
    )
    tax = ", ".join(f"{n.upper().replace('_', ' ')} {who[n]}" for n in ("tax_id", "ioss", "eori") if who.get(n))
    return [str(who.get("name") or ""), str(who.get("name_local") or who.get("name_zh") or ""), str(who.get("street") or ""), city,
            " ".join(filter(None, (str(who.get("country") or ""), str(who.get("phone") or "")))), tax]  # fmt: skip


def _table(y: float, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[str]]) -> list[Element]:
    out: list[Element] = [Area(LEFT, y, WIDE, 0.4)]
    height = 9.0
    for n, row in enumerate([[name for name, _ in columns], *rows]):
        x = LEFT
        for (name, width), text in zip(columns, row, strict=True):
            right = name in _RIGHT
            out.append(Text(x + 0.8, y + 1.0, text, 3.1 if n else 2.8, width - 1.6, lines=2,
                            bold=n == 0, align="right" if right else "left", smallest=1.9))  # fmt: skip
            x += width
        y += height
        out.append(Area(LEFT, y, WIDE, 0.4 if n == 0 else 0.12))
    return out


def _form(
    title: str, data: Data, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[str]], foot: Sequence[str]
) -> list[Page]:
    parts = [rows[i : i + ROWS_A_PAGE] for i in range(0, len(rows), ROWS_A_PAGE)] or [rows]
    pages = []
    for n, part in enumerate(parts, 1):
        out: list[Element] = [
            Text(LEFT, 14, title, 6.5, 120, bold=True),
            Text(LEFT + 110, 14, str(data["number"]), 4.2, 70, bold=True, align="right", shorten=False, smallest=2.4),
            Text(LEFT + 110, 20, f"{data['date']}   {n} / {len(parts)}", 3.2, 70, align="right"),
            Area(LEFT, 25.5, WIDE, 0.6),
            *_block(LEFT, 29, 86, "Exporter / 发货人", _party(data["sender"])),
            *_block(LEFT + 94, 29, 86, "Consignee / 收货人", _party(data["recipient"])),
            Frame(LEFT, 66, WIDE, 11, 0.2),
        ]  # fmt: skip
        for i, (name, value) in enumerate(data["terms"]):
            width = WIDE / len(data["terms"])
            out += [
                Text(LEFT + i * width + 1, 67, name, 2.4, width - 2),
                Text(LEFT + i * width + 1, 70.8, value or "–", 3.6, width - 2, bold=True, smallest=2),
            ]
        out += _table(82, columns, part)
        if n == len(parts):
            y = 84 + 9.0 * (len(part) + 1)
            for line in foot:
                out.append(Text(LEFT, y, line, 3.8, WIDE, bold=True, align="right", shorten=False, smallest=2.4))
                y += 5.4
            out.append(Text(LEFT, y + 3, data["statement"], 2.8, WIDE, lines=3, smallest=2))
            out.append(Text(LEFT, y + 14, f"{data['date']}   {data['signed_by']}", 3.6, WIDE, smallest=2))
        pages.append(Page(Label(A4.width_mm, A4.height_mm, out, stock="a4"), A4, A4.width_mm, A4.height_mm))
    return pages


def invoice(data: Data) -> list[Page]:
    """`data`: number, date, sender, recipient, terms [[name, value]], currency, lines, statement, signed_by."""
    rows = [
        [str(i), x["sku"], f"{x['name_en']} {x['name_zh']}", x["hs_code"], x["origin"], str(x["qty"]), money(x["value_cents"]),
         money(x["qty"] * x["value_cents"])]
        for i, x in enumerate(data["lines"], 1)
    ]  # fmt: skip
    total = sum(x["qty"] * x["value_cents"] for x in data["lines"])
    return _form("Commercial invoice / 商业发票", data, INVOICE, rows, [
        f"{sum(x['qty'] for x in data['lines'])} pcs    Total {data['currency']} {money(total)}",
    ])  # fmt: skip


def packing_list(data: Data) -> list[Page]:
    """As `invoice`, with parcels: [{sscc, gross_g, lines}]."""
    rows, i = [], 0
    for parcel in data["parcels"]:
        for x in parcel["lines"]:
            i += 1
            rows.append(
                [
                    str(i),
                    parcel["sscc"],
                    x["sku"],
                    f"{x['name_en']} {x['name_zh']}",
                    str(x["qty"]),
                    kilograms(x["net_g"]),
                ]
            )
    net = sum(x["net_g"] for p in data["parcels"] for x in p["lines"])
    gross = sum(p["gross_g"] for p in data["parcels"])
    return _form("Packing list / 装箱单", data, PACKING, rows, [
        f"Parcels {len(data['parcels'])}    net {kilograms(net)} kg    gross {kilograms(gross)} kg",
    ])  # fmt: skip


def postal(kind: str, data: Data, size: str) -> list[Page]:
    """CN 22 or CN 23 of every parcel at label size or on A4; goods beyond a form's lines go to further forms of the same parcel.

    Before anything is packed: one form of the whole order. Errors: as templates.build.
    """
    whole = {"sscc": data["item_id"], "gross_g": data["gross_g"], "lines": data["lines"]}
    most, pages = _MOST[kind], []
    for parcel in data["parcels"] or [whole]:
        lines = [
            {"description": f"{x['name_en']} {x['name_zh']}", "qty_each": x["qty"], "weight_g": x["net_g"], "value_cents": x["qty"] * x["value_cents"],
             "currency": data["currency"], "hs_code": x["hs_code"], "origin": x["origin"]}
            for x in parcel["lines"]
        ]  # fmt: skip
        forms = range(0, len(lines), most)
        for n, start in enumerate(forms, 1):
            about = {
                "operator": data["carrier"], "category": "gift" if data.get("gift") else "sale", "date": data["date"], "signed_by": data["signed_by"],
                "item_id": parcel.get("tracking") or parcel["sscc"], "sender": data["sender"], "recipient": data["recipient"],
                "gross_g": parcel["gross_g"], "invoice": data["number"],
                "comments": f"form {n} of {len(forms)}" if len(forms) > 1 else "", "lines": lines[start : start + most],
            }  # fmt: skip
            label = templates.build(kind, about, LABEL)
            pages.append(on_a4(label, LABEL) if size == "a4" else alone(label, LABEL))
    return pages

"""The handover list that a carrier signs, as A4 pages and as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from wms.foundation.labels.rules.layout import Area, Element, Label, Linear, Media, Text
from wms.foundation.labels.rules.pages import Page, pdf
from wms.foundation.labels.rules.symbols import code128

A4 = Media(210.0, 297.0, 200, stock="a4")
"""A list of a thousand lines is many pages: fewer dots than a form's, still read at arm's length."""
LEFT, WIDE, ROWS_A_PAGE, ROW = 15.0, 180.0, 34, 5.6
COLUMNS = (
    ("#", 10.0),
    ("Parcel / 包裹", 46.0),
    ("Tracking / 运单号", 48.0),
    ("In / 袋", 34.0),
    ("To", 12.0),
    ("kg", 30.0),
)
BOXES = (
    ("#", 10.0),
    ("Bag, pallet / 袋、托盘", 56.0),
    ("Seal / 封签", 40.0),
    ("Parcels", 24.0),
    ("Way", 30.0),
    ("kg", 20.0),
)


def kilograms(g: int) -> str:
    return f"{g / 1000:.3f}"


def as_csv(data: Mapping[str, Any]) -> str:
    """One line a parcel: sscc, tracking, service, country, bag, weight_g."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("sscc", "tracking", "service", "country", "bag", "weight_g"))
    for p in data["parcels"]:
        rows.writerow((p["sscc"], p["tracking"], p["service"], p["country"], p["in"], p["weight_g"]))
    return out.getvalue()


def as_pdf(data: Mapping[str, Any], site: str = "") -> bytes:
    """`data`: as queries.handover. Bags first, then parcels, then the carrier's signature on the last page."""
    boxes = [
        [str(i), b["code"], b["seal"], str(b["parcels"]), b["country"] or b["service"] or b["carrier"],
         kilograms(b["weight_g"] or b["parcels_g"])]
        for i, b in enumerate(data["containers"], 1)
    ]  # fmt: skip
    parcels = [
        [str(i), p["sscc"], p["tracking"], p["in"], p["country"], kilograms(p["weight_g"])]
        for i, p in enumerate(data["parcels"], 1)
    ]
    parts: list[tuple[Sequence[tuple[str, float]], list[list[str]]]] = []
    for columns, rows in ((BOXES, boxes), (COLUMNS, parcels)):
        parts += [(columns, rows[i : i + ROWS_A_PAGE]) for i in range(0, len(rows), ROWS_A_PAGE)]
    pages = []
    for n, (heads, part) in enumerate(parts, 1):
        out = [*_head(data, site, n, len(parts)), *_table(62.0, heads, part)]
        if n == len(parts):
            out += _foot(data)
        pages.append(Page(Label(A4.width_mm, A4.height_mm, out, stock="a4"), A4, A4.width_mm, A4.height_mm))
    return pdf(pages, f"Handover list {data['carrier']} {data['id'][:8]}")


def _head(data: Mapping[str, Any], site: str, page: int, of: int) -> list[Element]:
    weight = sum(p["weight_g"] for p in data["parcels"])
    at = data["closed_at"].strftime("%Y-%m-%d %H:%M %z") if data["closed_at"] else "not closed / 未关闭"
    facts = (
        ("Carrier / 承运商", data["carrier"]), ("Truck / 车牌", data["plate"] or "–"), ("Door / 月台", data["door"] or "–"),
        ("Seal / 封签", data["seal"] or "–"), ("Left / 离开", at),
    )  # fmt: skip
    out: list[Element] = [
        Text(LEFT, 13, "Handover list / 交接单", 6.5, 110, bold=True),
        Text(LEFT, 22, f"{site}  {data['id']}".strip(), 2.8, 110),
        Text(150, 14, f"{page} / {of}", 3.6, 45, align="right"),
        Linear(125, 20, 70, 12, code128(data["id"].replace("-", "")[:16].upper())),
        Text(LEFT, 50, f"{len(data['parcels'])} parcels / 件   {len(data['containers'])} bags, pallets / 袋、托盘   "
             f"{kilograms(weight)} kg", 4.4, WIDE, bold=True),
        Area(LEFT, 58, WIDE, 0.4),
    ]  # fmt: skip
    for i, (name, value) in enumerate(facts):
        x = LEFT + i * 36.0
        out += [Text(x, 36, name, 2.6, 35), Text(x, 40, str(value), 3.6, 35, bold=True, smallest=2)]
    return out


def _table(y: float, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[str]]) -> list[Element]:
    out: list[Element] = []
    for n, row in enumerate([[name for name, _ in columns], *rows]):
        x = LEFT
        for (name, width), words in zip(columns, row, strict=True):
            out.append(Text(x + 0.6, y + 1.2, words or " ", 3.2 if n else 2.8, width - 1.2, bold=n == 0,
                            align="right" if name in ("#", "kg", "Parcels") else "left", smallest=2.0))  # fmt: skip
            x += width
        y += ROW
        out.append(Area(LEFT, y, WIDE, 0.4 if n == 0 else 0.12))
    return out


def _foot(data: Mapping[str, Any]) -> list[Element]:
    return [
        Area(LEFT, 276, 80, 0.3), Text(LEFT, 277, f"For the warehouse / 仓库: {data['closed_by'] or ' '}", 3, 80),
        Area(115, 276, 80, 0.3), Text(115, 277, f"For the carrier / 承运商: {data['signed_by'] or ' '}", 3, 80),
    ]  # fmt: skip

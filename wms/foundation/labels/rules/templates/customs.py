"""Customs forms CN 22 and CN 23. Source: UPU Convention Manual, Regulations 17-107 to 20-001."""

from wms.foundation.labels.rules.layout import Align, Area, Element, Frame, Label, Media, Text
from wms.foundation.labels.rules.refusals import BadLabelData
from wms.foundation.labels.rules.templates.parts import (
    Data,
    address,
    barcode,
    mapping,
    maybe,
    objects,
    text_of,
    whole,
)

_CATEGORIES = (
    ("gift", "Gift / Cadeau"), ("documents", "Documents"), ("sale", "Sale of goods / Vente de marchandises"),
    ("sample", "Commercial sample / Échantillon commercial"), ("returned", "Returned goods / Retour de marchandises"),
    ("other", "Other / Autre"),
)  # fmt: skip
_DECLARED = (
    "I, the undersigned, whose name and address are given on the item, certify that the particulars given in this declaration "
    "are correct and that this item does not contain any dangerous article or articles prohibited by legislation or by postal "
    "or customs regulations."
)


def _kg(grams: int) -> str:
    return f"{grams / 1000:.3f}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _grid(x: float, y: float, widths: list[float], height: float) -> list[Element]:
    """The boxes of one row of a form."""
    out: list[Element] = []
    for width in widths:
        out.append(Frame(x, y, width, height, 0.2))
        x += width
    return out


def _cells(
    x: float, y: float, widths: list[float], texts: list[str], size: float, *, bold: bool = False
) -> list[Element]:
    out: list[Element] = []
    for i, (width, text) in enumerate(zip(widths, texts, strict=True)):
        align: Align = "left" if i == 0 else "right"
        out.append(Text(x + 0.7, y, text, size, width - 1.4, bold=bold, align=align, shorten=i == 0, smallest=1.5))
        x += width
    return out


def _category(x: float, y: float, width: float, chosen: str, size: float, columns: int) -> list[Element]:
    if chosen not in dict(_CATEGORIES):
        raise BadLabelData(field="category", reason=", ".join(dict(_CATEGORIES)))
    out: list[Element] = []
    for i, (name, text) in enumerate(_CATEGORIES):
        left, top = x + (i % columns) * width / columns, y + (i // columns) * size * 1.5
        out.append(Frame(left, top + 0.15 * size, 0.95 * size, 0.95 * size, 0.2))
        if name == chosen:
            out.append(Text(left - 0.03 * size, top - 0.16 * size, "×", 1.2 * size, 1.4 * size, bold=True))
        out.append(Text(left + 1.4 * size, top, text, size, width / columns - 1.6 * size, smallest=1.4))
    return out


def _goods(d: Data, most: int) -> tuple[list[Data], str]:
    """Lines of a declaration and their one currency. Errors: BadLabelData."""
    rows = objects(d, "lines")
    if not 0 < len(rows) <= most:
        raise BadLabelData(field="lines", reason=f"1 to {most} lines")
    currencies = {text_of(row, "currency") for row in rows}
    if len(currencies) != 1:
        raise BadLabelData(field="currency", reason="one for all lines")
    return rows, currencies.pop()


def cn22(d: Data, media: Media) -> Label:
    rows, currency = _goods(d, 4)
    w, x, f = 98.0, (media.width_mm - 98) / 2, 2.1
    columns = [40.0, 14.0, 17.0, 17.0, 10.0]
    out: list[Element] = [
        Text(x + 1, 3.5, "CUSTOMS DECLARATION", 4.6, 62, bold=True),
        Text(x + 1, 9, "DÉCLARATION EN DOUANE", 3.2, 62),
        Text(x + 64, 3.5, "May be opened officially", 2.4, 33, align="right"),
        Text(x + 64, 6.8, "Peut être ouvert d'office", 2.4, 33, align="right"),
        Text(x + 64, 10, "CN 22", 4.6, 33, bold=True, align="right"),
        Text(x + 1, 15.5, f"Designated operator / Opérateur désigné: {maybe(d, 'operator')}", 2.4, w - 2),
        *_category(x + 1, 20.5, w - 2, text_of(d, "category"), 2.3, 2),
        *_grid(x, 32.5, columns, 9.5),
    ]
    heads = [
        ("Quantity and detailed description of contents (1)", "Quantité et description détaillée"),
        ("Weight (2)", "Poids (kg)"), (f"Value (3) {currency}", "Valeur"), ("HS tariff no. (4)", "N° tarifaire"),
        ("Origin (5)", "Pays"),
    ]  # fmt: skip
    left = x
    for width, (upper, lower) in zip(columns, heads, strict=True):
        out += [
            Text(left + 0.5, 33, upper, f, width - 1, smallest=1.3, lines=2),
            Text(left + 0.5, 39, lower, 1.9, width - 1, smallest=1.3),
        ]
        left += width
    y = 42.0
    for row in rows:
        out += _grid(x, y, columns, 8.5)
        texts = [
            "", _kg(whole(row, "weight_g")), _money(whole(row, "value_cents")), maybe(row, "hs_code"), maybe(row, "origin"),
        ]  # fmt: skip
        out.append(Text(x + 0.7, y + 0.5, f"{whole(row, 'qty_each')} × {text_of(row, 'description')}", 2.8, 38.6, lines=2,
                        shorten=False, smallest=1.8))  # fmt: skip
        out += _cells(x, y + 2.2, columns, texts, 2.8)
        y += 8.5
    out += [
        *_grid(x, y, columns, 7),
        Text(x + 0.7, y + 0.4, "Total weight and value (6)(7)", 2.3, 38),
        Text(x + 0.7, y + 3.4, "Poids et valeur totaux", 2, 38),
        *_cells(x, y + 1.6, columns, ["", _kg(sum(whole(r, "weight_g") for r in rows)),
                                      _money(sum(whole(r, "value_cents") for r in rows)), "", ""], 3, bold=True),
        Text(x + 1, y + 8.2, _DECLARED, 2, w - 2, lines=4, smallest=1.6),
        Text(x + 1, y + 19.5, "Date and sender's signature (8) / Date et signature de l'expéditeur", 2, w - 2),
        Text(x + 1, y + 22.6, f"{text_of(d, 'date')}   {text_of(d, 'signed_by')}", 3.4, w - 2, shorten=False, smallest=2),
        Frame(x, 2.5, w, y + 26.5, 0.4),
    ]  # fmt: skip
    if number := maybe(d, "item_id"):
        out += barcode(x, y + 32, w, 14, number)
    return Label(media.width_mm, media.height_mm, out)


def cn23(d: Data, media: Media) -> Label:
    """Landscape, as the form is; printed turned."""
    rows, currency = _goods(d, 6)
    sender, to = mapping(d, "sender"), mapping(d, "recipient")
    wide = media.height_mm
    x, w, tall = 3.0, wide - 6, media.width_mm - 6
    half = w / 2
    columns = [w - 87, 14.0, 17.0, 19.0, 22.0, 15.0]
    out: list[Element] = [
        Frame(x, 3, w, tall, 0.4),
        Text(x + 1, 3.6, f"{maybe(d, 'operator')}", 3, 34),
        Text(x + 36, 3.6, "CUSTOMS DECLARATION / DÉCLARATION EN DOUANE", 3.2, w - 58, bold=True),
        Text(x + w - 21, 3.6, "CN 23", 4.6, 20, bold=True, align="right"),
        Area(x, 9.5, w, 0.3), Area(x + half, 9.5, 0.3, 20),
    ]  # fmt: skip
    for left, title, who in ((x, "From / De", sender), (x + half, "To / À", to)):
        lines = [*address(who), " ".join(filter(None, (maybe(who, "country"), maybe(who, "phone"))))]
        out.append(Text(left + 1, 10, title, 2.2, 14, bold=True))
        step = 18.4 / max(5, len(lines))
        for i, line in enumerate(lines):
            out.append(
                Text(
                    left + 14,
                    10 + i * step,
                    line,
                    min(2.9, step * 0.8),
                    half - 15,
                    bold=i == 0,
                    shorten=False,
                    smallest=1.5,
                )
            )
    out += [*_grid(x, 29.5, columns, 6.5)]
    heads = (
        "Detailed description of contents (1)", "Quantity (2)", "Net weight kg (3)", f"Value {currency} (5)",
        "HS tariff no. (7)", "Origin (8)",
    )  # fmt: skip
    left = x
    for width, head in zip(columns, heads, strict=True):
        out.append(Text(left + 0.6, 30, head, 2.1, width - 1.2, lines=2, smallest=1.5))
        left += width
    y, step = 36.0, 4.6
    for i in range(6):
        out += _grid(x, y, columns, step)
        if i < len(rows):
            r = rows[i]
            texts = [
                text_of(r, "description"), str(whole(r, "qty_each")), _kg(whole(r, "weight_g")), _money(whole(r, "value_cents")),
                maybe(r, "hs_code"), maybe(r, "origin"),
            ]  # fmt: skip
            out.append(Text(x + 0.7, y + 0.6, texts[0], 2.5, columns[0] - 1.4, shorten=False, smallest=1.4))
            out += _cells(x, y + 0.6, columns, ["", *texts[1:]], 2.5)
        y += step
    gross = whole(d, "gross_g") if d.get("gross_g") is not None else sum(whole(r, "weight_g") for r in rows)
    postage = _money(whole(d, "postage_cents")) if d.get("postage_cents") is not None else "–"
    out += [
        *_grid(x, y, [columns[0], w - columns[0]], 5),
        Text(x + 0.7, y + 0.7, f"Total gross weight / Poids brut total (4): {_kg(gross)} kg", 2.5, columns[0] - 1.4, bold=True),
        Text(x + columns[0] + 0.7, y + 0.7,
             f"Total value / Valeur totale (6): {_money(sum(whole(r, 'value_cents') for r in rows))} {currency}"
             f"    Postal charges / Frais de port (9): {postage}", 2.5, w - columns[0] - 1.4, bold=True, smallest=1.6),
        *_category(x + 1, y + 6, w * 0.62, text_of(d, "category"), 2.1, 2),
        Text(x + w * 0.64, y + 5.6, f"Licence (12) {maybe(d, 'licence') or '–'}   Certificate (13) {maybe(d, 'certificate') or '–'}",
             2.1, w * 0.35),
        Text(x + w * 0.64, y + 8.8, f"Invoice / Facture (14) {maybe(d, 'invoice') or '–'}", 2.1, w * 0.35),
        Text(x + w * 0.64, y + 12, f"Comments (11) {maybe(d, 'comments') or '–'}", 2.1, w * 0.35),
        Area(x, y + 16, w, 0.3),
        Text(x + 1, y + 16.6, _DECLARED, 1.9, w * 0.55, lines=4, smallest=1.4),
        Text(x + 1, y + 26, f"{text_of(d, 'date')}  {text_of(d, 'signed_by')}", 2.8, w * 0.55, shorten=False, smallest=1.8, bold=True),
    ]  # fmt: skip
    if number := maybe(d, "item_id"):
        out += barcode(x + w * 0.57, y + 17, w * 0.42, 8, number, size=2.6)
    return Label(wide, media.width_mm, out, sideways=True)

"""The label templates: data and media -> a label in millimetres.

Source: GS1 General Specifications 6 (logistic label), UPU Convention Manual, Regulations 17-107 to 20-001: forms CN 22 and CN 23;
ADR/IATA 2025 for marks; 15 U.S.C. 1453 (net quantity in both systems, the metric or the other in parentheses).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wms.foundation.labels.rules import marks
from wms.foundation.labels.rules.gs1 import FNC1, Elements, element_string, elements, hri, is_sscc
from wms.foundation.labels.rules.layout import (
    Align,
    Area,
    Element,
    Frame,
    Label,
    Linear,
    Matrix,
    Media,
    Shape,
    Text,
    breadth,
    flow,
)
from wms.foundation.labels.rules.refusals import (
    BadLabelData,
    DoesNotFit,
    MarkUnproven,
    MediaMismatch,
    UnknownTemplate,
)
from wms.foundation.labels.rules.symbols import code128, data_matrix

Data = Mapping[str, Any]
MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class Template:
    draw: Callable[[Data, Media], Label]
    width: float
    """Least media that it is laid out for, millimetres."""
    height: float
    sample: dict[str, Any]
    """Data of its preview."""


def build(kind: str, data: Data, media: Media) -> Label:
    """Lay one label out. Errors: UnknownTemplate, MediaMismatch, BadLabelData, CannotEncode, MarkUnproven."""
    template = TEMPLATES.get(kind)
    if template is None:
        raise UnknownTemplate(kind=kind)
    if media.width_mm + 1 < template.width or media.height_mm + 1 < template.height:
        raise MediaMismatch(
            needs=f"{template.width:g} × {template.height:g} mm", loaded=f"{media.width_mm:g} × {media.height_mm:g} mm"
        )
    label = template.draw(data, media)
    if label.stock not in (media.stock, "label"):
        raise MediaMismatch(needs=label.stock, loaded=media.stock)
    return label


def _get(data: Data, name: str) -> str:
    value = data.get(name)
    if value is None or not isinstance(value, str | int):
        raise BadLabelData(field=name, reason="missing" if value is None else "a text or a number")
    return str(value)


def _opt(data: Data, name: str) -> str:
    return _get(data, name) if data.get(name) is not None else ""


def _rows(data: Data, name: str) -> list[Data]:
    rows = data.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BadLabelData(field=name, reason="a list of objects")
    return rows


def _texts(data: Data, name: str) -> list[str]:
    texts = data.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadLabelData(field=name, reason="a list of texts")
    return texts


def _int(data: Data, name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLabelData(field=name, reason="a whole number, not negative")
    return value


def _mapping(data: Data, name: str) -> Data:
    value = data.get(name) or {}
    if not isinstance(value, Mapping):
        raise BadLabelData(field=name, reason="an object")
    return value


def _inner(media: Media) -> float:
    return media.width_mm - 2 * MARGIN


def _rule(media: Media, y: float) -> Area:
    return Area(MARGIN, y, _inner(media), 0.4)


def _code(x: float, y: float, width: float, height: float, text: str, *, size: float = 3.2) -> list[Element]:
    """A Code 128 of any printable text with its characters below."""
    return [
        Linear(x, y, width, height, code128(text)),
        Text(x, y + height + 0.8, text, size, width, align="center", shorten=False, smallest=1.8),
    ]


def _sscc(x: float, y: float, width: float, height: float, number: str) -> list[Element]:
    pairs = elements([("00", number)])
    return [
        Linear(x, y, width, height, code128(FNC1 + element_string(pairs))),
        Text(x, y + height + 1, hri(pairs), 4.2, width, align="center", shorten=False, smallest=2.4),
    ]


def _gs1_matrix(x: float, y: float, size: float, pairs: Elements) -> list[Element]:
    return [Matrix(x, y, size, data_matrix(FNC1 + element_string(pairs)))]


def _trade_item(data: Data) -> Elements:
    """(01), (17), (10), (21) of what is known of the goods."""
    gtin = _opt(data, "gtin")
    given = [
        ("01", gtin.zfill(14) if gtin else ""), ("17", _opt(data, "expiry")), ("10", _opt(data, "lot")),
        ("21", _opt(data, "serial")),
    ]  # fmt: skip
    return elements((ai, value) for ai, value in given if value)


def _unit(d: Data, media: Media) -> Label:
    w, h = _inner(media), media.height_mm
    k = min(1.0, h / 60)  # small stock: everything in proportion
    out: list[Element] = [
        Text(MARGIN, 3, _get(d, "sku"), 9 * k, w, bold=True, shorten=False, smallest=3),
        Text(MARGIN, 3 + 12 * k, _get(d, "name"), 5.5 * k, w, lines=2, smallest=2.2),
    ]
    top = 3 + 27 * k
    pairs = _trade_item(d)
    if pairs:
        side = min(20.0, h - top - 3)
        out += _gs1_matrix(MARGIN, top, side, pairs)
        for i, pair in enumerate(pairs):
            out.append(
                Text(
                    MARGIN + side + 2, top + i * 4 * k, hri((pair,)), 3.4 * k, w - side - 2, shorten=False, smallest=1.8
                )
            )
        top += side + 2
    if h - top >= 8:
        out += _code(MARGIN, top, w, min(25.0, h - top - 6), _get(d, "code"))
    return Label(media.width_mm, h, out)


def _lpn(d: Data, media: Media) -> Label:
    w, code = _inner(media), _get(d, "code")
    out: list[Element] = [
        Text(MARGIN, 5, "LPN", 5, 20, bold=True),
        Text(MARGIN, 10, code[-6:], 22, w, bold=True, shorten=False),
        Text(MARGIN, 38, _opt(d, "content"), 7, w, lines=2, bold=True, smallest=3),
    ]
    if is_sscc(code):
        out += _sscc(MARGIN, 60, w, 32, code)
        return Label(media.width_mm, media.height_mm, out, serial=code)
    out += _code(MARGIN, 60, w, 30, code, size=4.2)
    return Label(media.width_mm, media.height_mm, out, serial=code)


_ARROWS = {
    "up": [(0.5, 0), (1, 0.5), (0.68, 0.5), (0.68, 1), (0.32, 1), (0.32, 0.5), (0, 0.5)],
    "down": [(0.5, 1), (1, 0.5), (0.68, 0.5), (0.68, 0), (0.32, 0), (0.32, 0.5), (0, 0.5)],
    "left": [(0, 0.5), (0.5, 0), (0.5, 0.32), (1, 0.32), (1, 0.68), (0.5, 0.68), (0.5, 1)],
    "right": [(1, 0.5), (0.5, 0), (0.5, 0.32), (0, 0.32), (0, 0.68), (0.5, 0.68), (0.5, 1)],
}


def _location(d: Data, media: Media) -> Label:
    w, h = _inner(media), min(media.height_mm, 70.0)
    k = h / 70
    code, digits, arrow = _get(d, "code"), _get(d, "check_digits"), _opt(d, "arrow")
    if arrow and arrow not in _ARROWS:
        raise BadLabelData(field="arrow", reason="up, down, left or right")
    box = 30 * k
    out: list[Element] = [
        Text(MARGIN, 6 * k, code, 20 * k, w - (box + 4 if arrow else 0), bold=True, shorten=False, smallest=6),
        Area(media.width_mm - MARGIN - box, 33 * k, box, 30 * k),
        Text(media.width_mm - MARGIN - box, 36 * k, digits, 22 * k, box, bold=True, align="center", shorten=False, white=True,
             smallest=5),
    ]  # fmt: skip
    if arrow:
        side, left = 22 * k, media.width_mm - MARGIN - (box + 22 * k) / 2
        out.append(Shape([(True, [(left + x * side, 6 * k + y * side) for x, y in _ARROWS[arrow]])]))
    out += _code(MARGIN, 34 * k, w - box - 3, 22 * k, code, size=4)
    return Label(media.width_mm, media.height_mm, out)


def _address(d: Data) -> list[str]:
    town = " ".join(x for x in (_opt(d, "postcode"), _opt(d, "city"), _opt(d, "region")) if x)
    return [x for x in (_opt(d, "name"), _opt(d, "company"), _opt(d, "street"), _opt(d, "street2"), town) if x]


def _ship(d: Data, media: Media) -> Label:
    w, to, sender = _inner(media), _mapping(d, "destination"), _mapping(d, "sender")
    number, of = d.get("number"), d.get("of")
    out: list[Element] = [
        Text(MARGIN, 4, _get(d, "carrier"), 10, w - 34, bold=True, smallest=4),
        Text(MARGIN, 17.5, _opt(d, "service"), 4, w - 34),
        Text(
            media.width_mm - MARGIN - 32,
            5,
            f"{number} / {of}" if number and of else "",
            8,
            32,
            bold=True,
            align="right",
        ),
        Text(media.width_mm - MARGIN - 32, 17, f"{_int(d, 'weight_g') / 1000:.3f} kg", 5, 32, align="right"),
        _rule(media, 25),
    ]
    y = 26.5
    if sender:
        out.append(Text(MARGIN, y, "FROM  " + ", ".join([*_address(sender), _opt(sender, "country")]), 2.8, w, lines=2))
        y += 8.5
        out.append(_rule(media, y))
        y += 1.5
    out.append(Text(MARGIN, y, "TO", 4, 10, bold=True))
    lines = _address(to)
    for i, line in enumerate(lines):
        strong = i in (0, len(lines) - 1)
        # An address is never cut: what does not fit at 2.8 mm is refused.
        text = Text(MARGIN + 12, y, line, 6.5 if strong else 5.5, w - 12, 2, strong, shorten=False, smallest=2.8)
        out.append(text)
        y += flow(text, media) + 0.6
    out += [
        Text(MARGIN + 12, y, _opt(to, "country"), 10, w - 12, bold=True, smallest=4),
        Text(MARGIN + 12, y + 13, f"☎ {to['phone']}" if to.get("phone") else "", 3.5, w - 12),
    ]
    foot = max(y + 18.5, 83)
    if foot + 54 > media.height_mm:
        raise DoesNotFit(field="destination", width_mm=round(w))
    out += [
        _rule(media, foot),
        Text(
            MARGIN,
            foot + 1.5,
            _get(d, "ref"),
            6,
            w - (34 if d.get("plate") else 0),
            bold=True,
            shorten=False,
            smallest=2.5,
        ),
        # A person at the applicator compares it with the carton; the machine reads the note.
        Text(media.width_mm - MARGIN - 32, foot + 2.5, _opt(d, "plate"), 5, 32, align="right"),
        _rule(media, foot + 10.5),
        *_sscc(MARGIN, foot + 14, w, 32, _get(d, "sscc")),
    ]
    return Label(media.width_mm, media.height_mm, out, serial=_get(d, "sscc"), note=_opt(d, "plate"))


def _return(d: Data, media: Media) -> Label:
    w, y = _inner(media), 26.5
    out: list[Element] = [
        Text(MARGIN, 4, "RETURN", 9, w * 0.5, bold=True),
        Text(MARGIN + w * 0.5, 6, _get(d, "ref"), 5, w * 0.5, align="right", shorten=False, smallest=2.5),
        _rule(media, 24),
        Text(MARGIN, y, "TO", 4, 10, bold=True),
    ]
    for line in _texts(d, "address"):
        out.append(text := Text(MARGIN + 12, y, line, 5.5, w - 12, 2, shorten=False, smallest=2.8))
        y += flow(text, media) + 0.6
    if y > 90:
        raise DoesNotFit(field="address", width_mm=round(w))
    return Label(
        media.width_mm, media.height_mm, [*out, _rule(media, 93), *_code(MARGIN, 97, w, 30, _get(d, "number"), size=5)]
    )


def _carton(d: Data, media: Media) -> Label:
    w, rows = _inner(media), _rows(d, "lines")
    sscc, free = _opt(d, "sscc"), media.height_mm - (52 if d.get("sscc") else 6)
    out: list[Element] = [
        Text(MARGIN, 4, _get(d, "carton"), 8, w * 0.6, bold=True, smallest=3.5),
        Text(MARGIN + w * 0.6, 5, _opt(d, "ref"), 5, w * 0.4, align="right", smallest=2.5, shorten=False),
        Text(MARGIN, 15, f"{len(rows)} SKU · {sum(_int(r, 'qty_each') for r in rows)} PCS", 4, w),
        _rule(media, 21),
    ]
    y, step = 22.5, 9.0
    room = int((free - y) // step)
    shown = rows if len(rows) <= room else rows[: room - 1]
    for row in shown:
        out += [
            Text(MARGIN, y, _get(row, "sku"), 3.8, w - 24, bold=True, shorten=False, smallest=2),
            Text(MARGIN, y + 4.6, _opt(row, "name"), 3, w - 24, smallest=2.2),
            Text(
                MARGIN + w - 22, y + 0.5, f"× {_int(row, 'qty_each')}", 6, 22, bold=True, align="right", shorten=False
            ),
            Area(MARGIN, y + step - 0.6, w, 0.15),
        ]
        y += step
    if len(shown) < len(rows):
        out.append(Text(MARGIN, y + 1, f"+ {len(rows) - len(shown)} SKU", 5, w, bold=True))
    if sscc:
        out += [_rule(media, free), *_sscc(MARGIN, free + 4, w, 32, sscc)]
    return Label(media.width_mm, media.height_mm, out, serial=sscc)


def _fba_box(d: Data, media: Media) -> Label:
    """A box for a marketplace's warehouse: its own id for their dock, its SSCC for everybody else's."""
    w, rows, to = _inner(media), _rows(d, "lines"), _mapping(d, "destination")
    what = "Single SKU" if len(rows) == 1 else "Mixed SKUs"
    out: list[Element] = [
        Text(MARGIN, 4, _get(d, "centre"), 11, w * 0.55, bold=True, smallest=4),
        Text(MARGIN + w * 0.55, 5, f"Box {_int(d, 'number')}", 8, w * 0.45, bold=True, align="right", smallest=4),
        Text(MARGIN, 17, _get(d, "shipment"), 4.5, w * 0.6, shorten=False, smallest=2.2),
        Text(MARGIN + w * 0.6, 17, f"{_int(d, 'weight_g') / 1000:.2f} kg", 4.5, w * 0.4, align="right"),
        _rule(media, 24),
    ]
    y = 25.5
    for line in [*_address(to), _opt(to, "country")][:6]:
        text = Text(MARGIN, y, line, 4.2, w, shorten=False, smallest=2.4)
        out.append(text)
        y += flow(text, media) + 0.4
    out += [_rule(media, 58), *_code(MARGIN, 61, w, 26, _get(d, "box"), size=4.2), _rule(media, 95)]
    units = sum(_int(r, "units") for r in rows)
    told = f"{what} · {units} units" + (f" · {_get(rows[0], 'fnsku')}" if len(rows) == 1 else "")
    out += [Text(MARGIN, 96.5, told, 4.5, w, bold=True, smallest=2.2), *_sscc(MARGIN, 104, w, 28, _get(d, "sscc"))]
    return Label(media.width_mm, media.height_mm, out, serial=_get(d, "sscc"))


def _gift(d: Data, media: Media) -> Label:
    """A card that goes into the parcel: who it is for, and the words as they were given, never cut."""
    w, inset = _inner(media) - 8, MARGIN + 4
    out: list[Element] = [
        Frame(MARGIN, MARGIN, _inner(media), media.height_mm - 2 * MARGIN, 0.5),
        Text(inset, 10, _opt(d, "name"), 6, w, lines=2, bold=True, align="center", smallest=3),
    ]
    room = media.height_mm - 30 - 2 * MARGIN
    lines = max(1, int(room // 7))
    words = Text(inset, 26, _get(d, "message"), 6, w, lines=lines, align="center", shorten=False, smallest=3)
    if flow(words, media) > room:
        raise DoesNotFit(field="message", width_mm=round(w))
    return Label(media.width_mm, media.height_mm, [*out, words])


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
    rows = _rows(d, "lines")
    if not 0 < len(rows) <= most:
        raise BadLabelData(field="lines", reason=f"1 to {most} lines")
    currencies = {_get(row, "currency") for row in rows}
    if len(currencies) != 1:
        raise BadLabelData(field="currency", reason="one for all lines")
    return rows, currencies.pop()


def _cn22(d: Data, media: Media) -> Label:
    rows, currency = _goods(d, 4)
    w, x, f = 98.0, (media.width_mm - 98) / 2, 2.1
    columns = [40.0, 14.0, 17.0, 17.0, 10.0]
    out: list[Element] = [
        Text(x + 1, 3.5, "CUSTOMS DECLARATION", 4.6, 62, bold=True),
        Text(x + 1, 9, "DÉCLARATION EN DOUANE", 3.2, 62),
        Text(x + 64, 3.5, "May be opened officially", 2.4, 33, align="right"),
        Text(x + 64, 6.8, "Peut être ouvert d'office", 2.4, 33, align="right"),
        Text(x + 64, 10, "CN 22", 4.6, 33, bold=True, align="right"),
        Text(x + 1, 15.5, f"Designated operator / Opérateur désigné: {_opt(d, 'operator')}", 2.4, w - 2),
        *_category(x + 1, 20.5, w - 2, _get(d, "category"), 2.3, 2),
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
            "", _kg(_int(row, "weight_g")), _money(_int(row, "value_cents")), _opt(row, "hs_code"), _opt(row, "origin"),
        ]  # fmt: skip
        out.append(Text(x + 0.7, y + 0.5, f"{_int(row, 'qty_each')} × {_get(row, 'description')}", 2.8, 38.6, lines=2,
                        shorten=False, smallest=1.8))  # fmt: skip
        out += _cells(x, y + 2.2, columns, texts, 2.8)
        y += 8.5
    out += [
        *_grid(x, y, columns, 7),
        Text(x + 0.7, y + 0.4, "Total weight and value (6)(7)", 2.3, 38),
        Text(x + 0.7, y + 3.4, "Poids et valeur totaux", 2, 38),
        *_cells(x, y + 1.6, columns, ["", _kg(sum(_int(r, "weight_g") for r in rows)),
                                      _money(sum(_int(r, "value_cents") for r in rows)), "", ""], 3, bold=True),
        Text(x + 1, y + 8.2, _DECLARED, 2, w - 2, lines=4, smallest=1.6),
        Text(x + 1, y + 19.5, "Date and sender's signature (8) / Date et signature de l'expéditeur", 2, w - 2),
        Text(x + 1, y + 22.6, f"{_get(d, 'date')}   {_get(d, 'signed_by')}", 3.4, w - 2, shorten=False, smallest=2),
        Frame(x, 2.5, w, y + 26.5, 0.4),
    ]  # fmt: skip
    if number := _opt(d, "item_id"):
        out += _code(x, y + 32, w, 14, number)
    return Label(media.width_mm, media.height_mm, out)


def _cn23(d: Data, media: Media) -> Label:
    """Landscape, as the form is; printed turned."""
    rows, currency = _goods(d, 6)
    sender, to = _mapping(d, "sender"), _mapping(d, "recipient")
    wide = media.height_mm
    x, w, tall = 3.0, wide - 6, media.width_mm - 6
    half = w / 2
    columns = [w - 87, 14.0, 17.0, 19.0, 22.0, 15.0]
    out: list[Element] = [
        Frame(x, 3, w, tall, 0.4),
        Text(x + 1, 3.6, f"{_opt(d, 'operator')}", 3, 34),
        Text(x + 36, 3.6, "CUSTOMS DECLARATION / DÉCLARATION EN DOUANE", 3.2, w - 58, bold=True),
        Text(x + w - 21, 3.6, "CN 23", 4.6, 20, bold=True, align="right"),
        Area(x, 9.5, w, 0.3), Area(x + half, 9.5, 0.3, 20),
    ]  # fmt: skip
    for left, title, who in ((x, "From / De", sender), (x + half, "To / À", to)):
        lines = [*_address(who), " ".join(filter(None, (_opt(who, "country"), _opt(who, "phone"))))]
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
                _get(r, "description"), str(_int(r, "qty_each")), _kg(_int(r, "weight_g")), _money(_int(r, "value_cents")),
                _opt(r, "hs_code"), _opt(r, "origin"),
            ]  # fmt: skip
            out.append(Text(x + 0.7, y + 0.6, texts[0], 2.5, columns[0] - 1.4, shorten=False, smallest=1.4))
            out += _cells(x, y + 0.6, columns, ["", *texts[1:]], 2.5)
        y += step
    gross = _int(d, "gross_g") if d.get("gross_g") is not None else sum(_int(r, "weight_g") for r in rows)
    postage = _money(_int(d, "postage_cents")) if d.get("postage_cents") is not None else "–"
    out += [
        *_grid(x, y, [columns[0], w - columns[0]], 5),
        Text(x + 0.7, y + 0.7, f"Total gross weight / Poids brut total (4): {_kg(gross)} kg", 2.5, columns[0] - 1.4, bold=True),
        Text(x + columns[0] + 0.7, y + 0.7,
             f"Total value / Valeur totale (6): {_money(sum(_int(r, 'value_cents') for r in rows))} {currency}"
             f"    Postal charges / Frais de port (9): {postage}", 2.5, w - columns[0] - 1.4, bold=True, smallest=1.6),
        *_category(x + 1, y + 6, w * 0.62, _get(d, "category"), 2.1, 2),
        Text(x + w * 0.64, y + 5.6, f"Licence (12) {_opt(d, 'licence') or '–'}   Certificate (13) {_opt(d, 'certificate') or '–'}",
             2.1, w * 0.35),
        Text(x + w * 0.64, y + 8.8, f"Invoice / Facture (14) {_opt(d, 'invoice') or '–'}", 2.1, w * 0.35),
        Text(x + w * 0.64, y + 12, f"Comments (11) {_opt(d, 'comments') or '–'}", 2.1, w * 0.35),
        Area(x, y + 16, w, 0.3),
        Text(x + 1, y + 16.6, _DECLARED, 1.9, w * 0.55, lines=4, smallest=1.4),
        Text(x + 1, y + 26, f"{_get(d, 'date')}  {_get(d, 'signed_by')}", 2.8, w * 0.55, shorten=False, smallest=1.8, bold=True),
    ]  # fmt: skip
    if number := _opt(d, "item_id"):
        out += _code(x + w * 0.57, y + 17, w * 0.42, 8, number, size=2.6)
    return Label(wide, media.width_mm, out, sideways=True)


def _hazard(d: Data, media: Media) -> Label:
    mark, w = _get(d, "mark"), min(media.width_mm, media.height_mm)
    if mark in ("limited_quantity", "limited_quantity_air"):
        size = min(100.0, w - 1)
        left = (media.width_mm - size) / 2
        return Label(
            media.width_mm, media.height_mm, marks.limited_quantity(left, 0.5, size, by_air=mark.endswith("air"))
        )
    if mark != "lithium":
        raise BadLabelData(field="mark", reason="lithium, limited_quantity or limited_quantity_air")
    numbers = d.get("un")
    allowed = {"UN3090", "UN3091", "UN3480", "UN3481"}
    if not isinstance(numbers, list) or not numbers or not set(numbers) <= allowed:
        raise BadLabelData(field="un", reason=f"a list of {', '.join(sorted(allowed))}")
    x, width, height = 0.5, media.width_mm - 1, min(100.0, media.height_mm - 1)
    border = marks.hatching(x, 0.5, width, height)
    black = _opt(d, "border") == "black"
    pairs = [numbers[i : i + 2] for i in range(0, len(numbers), 2)]
    out: list[Element] = [
        *(border if black else []),
        *marks.lithium(8, 8, width - 15, height - 22 - 15 * len(pairs)),
    ]
    for i, pair in enumerate(pairs):
        # 12 mm high figures: capitals are 0.71 of the size.
        out.append(Text(7, height - 8 - 17 * (len(pairs) - i), ", ".join(pair), 17, width - 13, bold=True, align="center", shorten=False,
                        smallest=9))  # fmt: skip
    return Label(
        media.width_mm, media.height_mm, out, stock="label" if black else "lithium", preprinted=[] if black else border
    )


def _ounces(grams: int) -> str:
    ounces = grams / 28.349523125
    return f"{ounces:.1f} oz" if ounces < 16 else f"{ounces / 16:.2f} lb"


def _market(d: Data, media: Media) -> Label:
    w, y = _inner(media), 4.0
    out: list[Element] = [Text(MARGIN, y, _get(d, "name"), 6.5, w, lines=2, bold=True, smallest=3, shorten=False)]
    y += 18
    out += [
        Text(MARGIN, y, f"{_get(d, 'sku')}   {_opt(d, 'model')}", 3.6, w, shorten=False, smallest=2),
        _rule(media, y + 6),
    ]
    y += 7.5
    facts = []
    if d.get("net_g") is not None:
        net = _int(d, "net_g")
        facts.append(
            f"NET WT  {net} g ({_ounces(net)})" if net < 1000 else f"NET WT  {net / 1000:.2f} kg ({_ounces(net)})"
        )
    if d.get("size_mm") is not None:
        size = d["size_mm"]
        if not isinstance(size, list) or not size or not all(isinstance(s, int) and s > 0 for s in size):
            raise BadLabelData(field="size_mm", reason="whole millimetres")
        facts.append(f"{' × '.join(map(str, size))} mm ({' × '.join(f'{s / 25.4:.1f}' for s in size)} in)")
    facts += _texts(d, "facts")
    said = [Text(MARGIN, 0, fact, 4, w, bold=True, shorten=False, smallest=2.2) for fact in facts]
    said += [Text(MARGIN, 0, party, 3, w, 3, shorten=False, smallest=2) for party in _texts(d, "parties")]
    if d.get("origin"):
        said.append(Text(MARGIN, 0, f"Made in {_get(d, 'origin')}", 3.4, w, shorten=False))
    said += [Text(MARGIN, 0, f"⚠ {x}", 3.2, w, 4, True, shorten=False, smallest=2.2) for x in _texts(d, "warnings")]
    for text in said:
        out.append(replace(text, y=y))
        y += flow(text, media) + 0.8
    x = MARGIN
    y += 1
    proofs = _mapping(d, "proofs") if d.get("marks") and d.get("proofs") is not None else {}
    for mark in _texts(d, "marks"):
        if not _opt(proofs, mark):  # DOMAIN, market labels: never printed without a document on file
            raise MarkUnproven(mark=mark)
        if mark == "CE":
            out += marks.ce(x, y + 1, 8)
            x += 16
        elif mark == "WEEE":
            out += marks.weee(x, y, 11)
            x += 11
        else:
            text = Text(x, y + 2.2, mark, 4, MARGIN + w - x, bold=True, shorten=False, smallest=2)
            out.append(text)
            x += breadth(text, media) + 5
    y += 14
    if d.get("code"):
        free = media.height_mm - y - 8
        if free < 8:
            raise BadLabelData(field="code", reason="no room left for the barcode")
        out += _code(MARGIN, y, w, min(18.0, free), _get(d, "code"))
    return Label(media.width_mm, media.height_mm, out)


_SENDER = {
    "name": "Wharfinger Demo GmbH",
    "street": "Hafenstraße 12",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "DE",
}
_TO = {
    "name": "王小明", "company": "深圳市蓝海贸易有限公司", "street": "广东省深圳市南山区科技园南区高新南一道 9 号",
    "postcode": "518057", "city": "深圳市", "country": "CN", "phone": "+86 755 2601 2345",
}  # fmt: skip
_GOODS = [
    {"description": "Stoneware mug, blue, 0.3 l", "qty_each": 2, "weight_g": 760, "value_cents": 2590, "currency": "EUR",
     "hs_code": "6912.00", "origin": "CN"},
    {"description": "USB-C cable, 2 m", "qty_each": 1, "weight_g": 90, "value_cents": 990, "currency": "EUR",
     "hs_code": "8544.42", "origin": "VN"},
]  # fmt: skip

TEMPLATES: dict[str, Template] = {
    "unit": Template(_unit, 50, 30, {
        "sku": "MUG-01", "name": "Stoneware mug, blue, 0.3 l · 蓝色陶瓷杯 0.3 升", "code": "4006381333931",
        "gtin": "4006381333931", "lot": "LOT42", "expiry": "271231",
    }),
    "lpn": Template(_lpn, 100, 100, {"code": "006141410000000012", "content": "MUG-01 × 240"}),
    "location": Template(_location, 70, 35, {"code": "A-12-03-2", "check_digits": "47", "arrow": "up"}),
    "ship": Template(_ship, 100, 145, {
        "carrier": "DHL", "service": "Warenpost International", "ref": "ORDER-2026-001234", "weight_g": 1240, "number": 1, "of": 2,
        "sscc": "006141410000000012", "sender": _SENDER, "destination": _TO,
    }),
    "carton": Template(_carton, 100, 100, {
        "carton": "CARTON L", "ref": "ORDER-2026-001234", "sscc": "006141410000000012",
        "lines": [{"sku": "MUG-01", "name": "Stoneware mug, blue, 0.3 l", "qty_each": 12},
                  {"sku": "LAMP-02", "name": "夹式台灯", "qty_each": 2}, {"sku": "CABLE-03", "name": "USB-C 数据线 2 米", "qty_each": 40}],
    }),
    "return": Template(_return, 100, 145, {
        "number": "RMA000001", "ref": "ORDER-2026-001234", "address": ["Wharf Returns", "1 Dock Road", "12345 Wharf", "DE"],
    }),
    "fba_box": Template(_fba_box, 100, 145, {
        "shipment": "FBA15DJ8K5", "centre": "ONT8", "number": 3, "box": "FBA15DJ8K5U000003", "sscc": "006141410000000012",
        "weight_g": 11_400, "lines": [{"fnsku": "X001ABC123", "units": 24}],
        "destination": {"name": "Marketplace fulfilment centre ONT8", "street": "24300 Nandina Ave", "city": "Moreno Valley",
                        "region": "CA", "postcode": "92551", "country": "US"},
    }),
    "gift": Template(_gift, 70, 70, {"name": "Ada", "message": "Happy birthday! Yours, Charles · 生日快乐！"}),
    "cn22": Template(_cn22, 100, 110, {
        "operator": "Deutsche Post AG", "category": "sale", "lines": _GOODS, "date": "2026-11-23", "signed_by": "A. Wharfinger",
        "item_id": "LX123456785DE",
    }),
    "cn23": Template(_cn23, 100, 145, {
        "operator": "Deutsche Post AG", "category": "sale", "lines": _GOODS, "date": "2026-11-23", "signed_by": "A. Wharfinger",
        "sender": _SENDER, "recipient": _TO, "gross_g": 1240, "postage_cents": 1690, "item_id": "CX123456785DE",
        "invoice": "INV-7781",
    }),
    "hazard": Template(_hazard, 100, 70, {"mark": "lithium", "un": ["UN3481"]}),
    "market": Template(_market, 70, 90, {
        "sku": "LAMP-02", "model": "WL-240", "name": "Desk lamp with clamp / 夹式台灯", "net_g": 820, "size_mm": [240, 130, 90],
        "facts": ["220–240 V ~ 50 Hz  9 W"], "origin": "China",
        "parties": ["Manufacturer: Blue Sea Trading Co., 9 Gaoxin South 1st Rd, Shenzhen, China",
                    "EU importer: Wharfinger Demo GmbH, Hafenstraße 12, 20457 Hamburg"],
        "warnings": ["Choking hazard: small parts. Not for children under 3 years.", "警告：小零件，不适合三岁以下儿童。"],
        "marks": ["CE", "WEEE", "FCC ID: 2ABCD-WL240"],
        "proofs": {"CE": "EU declaration of conformity WL-240", "WEEE": "registration DE 12345678", "FCC ID: 2ABCD-WL240": "FCC grant 2ABCD-WL240"},
        "code": "4006381333948",
    }),
}  # fmt: skip


def sample(kind: str, **changes: Any) -> dict[str, Any]:
    """The template's own example, for a preview or a test print. Errors: UnknownTemplate."""
    if kind not in TEMPLATES:
        raise UnknownTemplate(kind=kind)
    return {**TEMPLATES[kind].sample, **changes}


def media_for(kind: str, media: Media) -> Media:
    """Media that the template can be previewed on when none are chosen."""
    return replace(media, stock="lithium") if kind == "hazard" else media

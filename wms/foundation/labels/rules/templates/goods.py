"""Labels of goods and places: unit, handling unit, location, carton content, gift.

Source: GS1 General Specifications 6 (logistic label).
"""

from wms.foundation.labels.rules.gs1 import hri, is_sscc
from wms.foundation.labels.rules.layout import Area, Element, Frame, Label, Media, Shape, Text, flow
from wms.foundation.labels.rules.refusals import BadLabelData, DoesNotFit
from wms.foundation.labels.rules.templates.parts import (
    MARGIN,
    Data,
    barcode,
    gs1_matrix,
    inner,
    maybe,
    objects,
    rule,
    sscc_code,
    text_of,
    trade_item,
    whole,
)


def unit(d: Data, media: Media) -> Label:
    w, h = inner(media), media.height_mm
    k = min(1.0, h / 60)  # small stock: everything in proportion
    out: list[Element] = [
        Text(MARGIN, 3, text_of(d, "sku"), 9 * k, w, bold=True, shorten=False, smallest=3),
        Text(MARGIN, 3 + 12 * k, text_of(d, "name"), 5.5 * k, w, lines=2, smallest=2.2),
    ]
    top = 3 + 27 * k
    pairs = trade_item(d)
    if pairs:
        side = min(20.0, h - top - 3)
        out += gs1_matrix(MARGIN, top, side, pairs)
        for i, pair in enumerate(pairs):
            out.append(
                Text(
                    MARGIN + side + 2, top + i * 4 * k, hri((pair,)), 3.4 * k, w - side - 2, shorten=False, smallest=1.8
                )
            )
        top += side + 2
    if h - top >= 8:
        out += barcode(MARGIN, top, w, min(25.0, h - top - 6), text_of(d, "code"))
    return Label(media.width_mm, h, out)


def lpn(d: Data, media: Media) -> Label:
    w, code = inner(media), text_of(d, "code")
    out: list[Element] = [
        Text(MARGIN, 5, "LPN", 5, 20, bold=True),
        Text(MARGIN, 10, code[-6:], 22, w, bold=True, shorten=False),
        Text(MARGIN, 38, maybe(d, "content"), 7, w, lines=2, bold=True, smallest=3),
    ]
    if is_sscc(code):
        out += sscc_code(MARGIN, 60, w, 32, code)
        return Label(media.width_mm, media.height_mm, out, serial=code)
    out += barcode(MARGIN, 60, w, 30, code, size=4.2)
    return Label(media.width_mm, media.height_mm, out, serial=code)


_ARROWS = {
    "up": [(0.5, 0), (1, 0.5), (0.68, 0.5), (0.68, 1), (0.32, 1), (0.32, 0.5), (0, 0.5)],
    "down": [(0.5, 1), (1, 0.5), (0.68, 0.5), (0.68, 0), (0.32, 0), (0.32, 0.5), (0, 0.5)],
    "left": [(0, 0.5), (0.5, 0), (0.5, 0.32), (1, 0.32), (1, 0.68), (0.5, 0.68), (0.5, 1)],
    "right": [(1, 0.5), (0.5, 0), (0.5, 0.32), (0, 0.32), (0, 0.68), (0.5, 0.68), (0.5, 1)],
}


def location(d: Data, media: Media) -> Label:
    w, h = inner(media), min(media.height_mm, 70.0)
    k = h / 70
    code, digits, arrow = text_of(d, "code"), text_of(d, "check_digits"), maybe(d, "arrow")
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
    out += barcode(MARGIN, 34 * k, w - box - 3, 22 * k, code, size=4)
    return Label(media.width_mm, media.height_mm, out)


def carton(d: Data, media: Media) -> Label:
    w, rows = inner(media), objects(d, "lines")
    sscc, free = maybe(d, "sscc"), media.height_mm - (52 if d.get("sscc") else 6)
    out: list[Element] = [
        Text(MARGIN, 4, text_of(d, "carton"), 8, w * 0.6, bold=True, smallest=3.5),
        Text(MARGIN + w * 0.6, 5, maybe(d, "ref"), 5, w * 0.4, align="right", smallest=2.5, shorten=False),
        Text(MARGIN, 15, f"{len(rows)} SKU · {sum(whole(r, 'qty_each') for r in rows)} PCS", 4, w),
        rule(media, 21),
    ]
    y, step = 22.5, 9.0
    room = int((free - y) // step)
    shown = rows if len(rows) <= room else rows[: room - 1]
    for row in shown:
        out += [
            Text(MARGIN, y, text_of(row, "sku"), 3.8, w - 24, bold=True, shorten=False, smallest=2),
            Text(MARGIN, y + 4.6, maybe(row, "name"), 3, w - 24, smallest=2.2),
            Text(
                MARGIN + w - 22, y + 0.5, f"× {whole(row, 'qty_each')}", 6, 22, bold=True, align="right", shorten=False
            ),
            Area(MARGIN, y + step - 0.6, w, 0.15),
        ]
        y += step
    if len(shown) < len(rows):
        out.append(Text(MARGIN, y + 1, f"+ {len(rows) - len(shown)} SKU", 5, w, bold=True))
    if sscc:
        out += [rule(media, free), *sscc_code(MARGIN, free + 4, w, 32, sscc)]
    return Label(media.width_mm, media.height_mm, out, serial=sscc)


def gift(d: Data, media: Media) -> Label:
    """A card that goes into the parcel: who it is for, and the words as they were given, never cut."""
    w, inset = inner(media) - 8, MARGIN + 4
    out: list[Element] = [
        Frame(MARGIN, MARGIN, inner(media), media.height_mm - 2 * MARGIN, 0.5),
        Text(inset, 10, maybe(d, "name"), 6, w, lines=2, bold=True, align="center", smallest=3),
    ]
    room = media.height_mm - 30 - 2 * MARGIN
    lines = max(1, int(room // 7))
    words = Text(inset, 26, text_of(d, "message"), 6, w, lines=lines, align="center", shorten=False, smallest=3)
    if flow(words, media) > room:
        raise DoesNotFit(field="message", width_mm=round(w))
    return Label(media.width_mm, media.height_mm, [*out, words])

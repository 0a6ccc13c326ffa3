"""Hazard marks and what a market asks on its label.

Source: ADR/IATA 2025 for marks; 15 U.S.C. 1453 (net quantity in both systems, the metric or the other in parentheses).
"""

from dataclasses import replace

from wms.foundation.labels.rules import marks
from wms.foundation.labels.rules.layout import Element, Label, Media, Text, breadth, flow
from wms.foundation.labels.rules.refusals import BadLabelData, MarkUnproven
from wms.foundation.labels.rules.templates.parts import (
    MARGIN,
    Data,
    barcode,
    inner,
    mapping,
    maybe,
    rule,
    text_of,
    texts,
    whole,
)


def hazard(d: Data, media: Media) -> Label:
    mark, w = text_of(d, "mark"), min(media.width_mm, media.height_mm)
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
    black = maybe(d, "border") == "black"
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


def market(d: Data, media: Media) -> Label:
    w, y = inner(media), 4.0
    out: list[Element] = [Text(MARGIN, y, text_of(d, "name"), 6.5, w, lines=2, bold=True, smallest=3, shorten=False)]
    y += 18
    out += [
        Text(MARGIN, y, f"{text_of(d, 'sku')}   {maybe(d, 'model')}", 3.6, w, shorten=False, smallest=2),
        rule(media, y + 6),
    ]
    y += 7.5
    facts = []
    if d.get("net_g") is not None:
        net = whole(d, "net_g")
        facts.append(
            f"NET WT  {net} g ({_ounces(net)})" if net < 1000 else f"NET WT  {net / 1000:.2f} kg ({_ounces(net)})"
        )
    if d.get("size_mm") is not None:
        size = d["size_mm"]
        if not isinstance(size, list) or not size or not all(isinstance(s, int) and s > 0 for s in size):
            raise BadLabelData(field="size_mm", reason="whole millimetres")
        facts.append(f"{' × '.join(map(str, size))} mm ({' × '.join(f'{s / 25.4:.1f}' for s in size)} in)")
    facts += texts(d, "facts")
    said = [Text(MARGIN, 0, fact, 4, w, bold=True, shorten=False, smallest=2.2) for fact in facts]
    said += [Text(MARGIN, 0, party, 3, w, 3, shorten=False, smallest=2) for party in texts(d, "parties")]
    if d.get("origin"):
        said.append(Text(MARGIN, 0, f"Made in {text_of(d, 'origin')}", 3.4, w, shorten=False))
    said += [Text(MARGIN, 0, f"⚠ {x}", 3.2, w, 4, True, shorten=False, smallest=2.2) for x in texts(d, "warnings")]
    for text in said:
        out.append(replace(text, y=y))
        y += flow(text, media) + 0.8
    x = MARGIN
    y += 1
    proofs = mapping(d, "proofs") if d.get("marks") and d.get("proofs") is not None else {}
    for mark in texts(d, "marks"):
        if not maybe(proofs, mark):  # DOMAIN, market labels: never printed without a document on file
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
        out += barcode(MARGIN, y, w, min(18.0, free), text_of(d, "code"))
    return Label(media.width_mm, media.height_mm, out)

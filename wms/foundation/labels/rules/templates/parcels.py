"""Labels of parcels: ship, return, box of a marketplace shipment.

Source: GS1 General Specifications 6 (logistic label).
"""

from wms.foundation.labels.rules.layout import Element, Label, Media, Text, flow
from wms.foundation.labels.rules.refusals import DoesNotFit
from wms.foundation.labels.rules.templates.parts import (
    MARGIN,
    Data,
    address,
    barcode,
    inner,
    mapping,
    maybe,
    objects,
    rule,
    sscc_code,
    text_of,
    texts,
    whole,
)


def ship(d: Data, media: Media) -> Label:
    w, to, sender = inner(media), mapping(d, "destination"), mapping(d, "sender")
    number, of = d.get("number"), d.get("of")
    out: list[Element] = [
        Text(MARGIN, 4, text_of(d, "carrier"), 10, w - 34, bold=True, smallest=4),
        Text(MARGIN, 17.5, maybe(d, "service"), 4, w - 34),
        Text(
            media.width_mm - MARGIN - 32,
            5,
            f"{number} / {of}" if number and of else "",
            8,
            32,
            bold=True,
            align="right",
        ),
        Text(media.width_mm - MARGIN - 32, 17, f"{whole(d, 'weight_g') / 1000:.3f} kg", 5, 32, align="right"),
        rule(media, 25),
    ]
    y = 26.5
    if sender:
        out.append(Text(MARGIN, y, "FROM  " + ", ".join([*address(sender), maybe(sender, "country")]), 2.8, w, lines=2))
        y += 8.5
        out.append(rule(media, y))
        y += 1.5
    out.append(Text(MARGIN, y, "TO", 4, 10, bold=True))
    lines = address(to)
    for i, line in enumerate(lines):
        strong = i in (0, len(lines) - 1)
        # An address is never cut: what does not fit at 2.8 mm is refused.
        text = Text(MARGIN + 12, y, line, 6.5 if strong else 5.5, w - 12, 2, strong, shorten=False, smallest=2.8)
        out.append(text)
        y += flow(text, media) + 0.6
    out += [
        Text(MARGIN + 12, y, maybe(to, "country"), 10, w - 12, bold=True, smallest=4),
        Text(MARGIN + 12, y + 13, f"☎ {to['phone']}" if to.get("phone") else "", 3.5, w - 12),
    ]
    foot = max(y + 18.5, 83)
    if foot + 54 > media.height_mm:
        raise DoesNotFit(field="destination", width_mm=round(w))
    out += [
        rule(media, foot),
        Text(
            MARGIN,
            foot + 1.5,
            text_of(d, "ref"),
            6,
            w - (34 if d.get("plate") else 0),
            bold=True,
            shorten=False,
            smallest=2.5,
        ),
        # A person at the applicator compares it with the carton; the machine reads the note.
        Text(media.width_mm - MARGIN - 32, foot + 2.5, maybe(d, "plate"), 5, 32, align="right"),
        rule(media, foot + 10.5),
        *sscc_code(MARGIN, foot + 14, w, 32, text_of(d, "sscc")),
    ]
    return Label(media.width_mm, media.height_mm, out, serial=text_of(d, "sscc"), note=maybe(d, "plate"))


def return_label(d: Data, media: Media) -> Label:
    w, y = inner(media), 26.5
    out: list[Element] = [
        Text(MARGIN, 4, "RETURN", 9, w * 0.5, bold=True),
        Text(MARGIN + w * 0.5, 6, text_of(d, "ref"), 5, w * 0.5, align="right", shorten=False, smallest=2.5),
        rule(media, 24),
        Text(MARGIN, y, "TO", 4, 10, bold=True),
    ]
    for line in texts(d, "address"):
        out.append(text := Text(MARGIN + 12, y, line, 5.5, w - 12, 2, shorten=False, smallest=2.8))
        y += flow(text, media) + 0.6
    if y > 90:
        raise DoesNotFit(field="address", width_mm=round(w))
    return Label(
        media.width_mm,
        media.height_mm,
        [*out, rule(media, 93), *barcode(MARGIN, 97, w, 30, text_of(d, "number"), size=5)],
    )


def fba_box(d: Data, media: Media) -> Label:
    """A box for a marketplace's warehouse: its own id for their dock, its SSCC for everybody else's."""
    w, rows, to = inner(media), objects(d, "lines"), mapping(d, "destination")
    what = "Single SKU" if len(rows) == 1 else "Mixed SKUs"
    out: list[Element] = [
        Text(MARGIN, 4, text_of(d, "centre"), 11, w * 0.55, bold=True, smallest=4),
        Text(MARGIN + w * 0.55, 5, f"Box {whole(d, 'number')}", 8, w * 0.45, bold=True, align="right", smallest=4),
        Text(MARGIN, 17, text_of(d, "shipment"), 4.5, w * 0.6, shorten=False, smallest=2.2),
        Text(MARGIN + w * 0.6, 17, f"{whole(d, 'weight_g') / 1000:.2f} kg", 4.5, w * 0.4, align="right"),
        rule(media, 24),
    ]
    y = 25.5
    for line in [*address(to), maybe(to, "country")][:6]:
        text = Text(MARGIN, y, line, 4.2, w, shorten=False, smallest=2.4)
        out.append(text)
        y += flow(text, media) + 0.4
    out += [rule(media, 58), *barcode(MARGIN, 61, w, 26, text_of(d, "box"), size=4.2), rule(media, 95)]
    units = sum(whole(r, "units") for r in rows)
    told = f"{what} · {units} units" + (f" · {text_of(rows[0], 'fnsku')}" if len(rows) == 1 else "")
    out += [
        Text(MARGIN, 96.5, told, 4.5, w, bold=True, smallest=2.2),
        *sscc_code(MARGIN, 104, w, 28, text_of(d, "sscc")),
    ]
    return Label(media.width_mm, media.height_mm, out, serial=text_of(d, "sscc"))

"""What the templates share: data read or refused, the margin, rules and codes with their words below."""

from collections.abc import Mapping
from typing import Any

from wms.foundation.labels.rules.gs1 import FNC1, Elements, element_string, elements, hri
from wms.foundation.labels.rules.layout import Area, Element, Linear, Matrix, Media, Text
from wms.foundation.labels.rules.refusals import BadLabelData
from wms.foundation.labels.rules.symbols import code128, data_matrix

Data = Mapping[str, Any]
MARGIN = 4.0


def text_of(data: Data, name: str) -> str:
    value = data.get(name)
    if value is None or not isinstance(value, str | int):
        raise BadLabelData(field=name, reason="missing" if value is None else "a text or a number")
    return str(value)


def maybe(data: Data, name: str) -> str:
    return text_of(data, name) if data.get(name) is not None else ""


def objects(data: Data, name: str) -> list[Data]:
    rows = data.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BadLabelData(field=name, reason="a list of objects")
    return rows


def texts(data: Data, name: str) -> list[str]:
    texts = data.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadLabelData(field=name, reason="a list of texts")
    return texts


def whole(data: Data, name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLabelData(field=name, reason="a whole number, not negative")
    return value


def mapping(data: Data, name: str) -> Data:
    value = data.get(name) or {}
    if not isinstance(value, Mapping):
        raise BadLabelData(field=name, reason="an object")
    return value


def inner(media: Media) -> float:
    return media.width_mm - 2 * MARGIN


def rule(media: Media, y: float) -> Area:
    return Area(MARGIN, y, inner(media), 0.4)


def barcode(x: float, y: float, width: float, height: float, text: str, *, size: float = 3.2) -> list[Element]:
    """A Code 128 of any printable text with its characters below."""
    return [
        Linear(x, y, width, height, code128(text)),
        Text(x, y + height + 0.8, text, size, width, align="center", shorten=False, smallest=1.8),
    ]


def sscc_code(x: float, y: float, width: float, height: float, number: str) -> list[Element]:
    pairs = elements([("00", number)])
    return [
        Linear(x, y, width, height, code128(FNC1 + element_string(pairs))),
        Text(x, y + height + 1, hri(pairs), 4.2, width, align="center", shorten=False, smallest=2.4),
    ]


def gs1_matrix(x: float, y: float, size: float, pairs: Elements) -> list[Element]:
    return [Matrix(x, y, size, data_matrix(FNC1 + element_string(pairs)))]


def trade_item(data: Data) -> Elements:
    """(01), (17), (10), (21) of what is known of the goods."""
    gtin = maybe(data, "gtin")
    given = [
        ("01", gtin.zfill(14) if gtin else ""), ("17", maybe(data, "expiry")), ("10", maybe(data, "lot")),
        ("21", maybe(data, "serial")),
    ]  # fmt: skip
    return elements((ai, value) for ai, value in given if value)


def address(d: Data) -> list[str]:
    town = " ".join(x for x in (maybe(d, "postcode"), maybe(d, "city"), maybe(d, "region")) if x)
    return [x for x in (maybe(d, "name"), maybe(d, "company"), maybe(d, "street"), maybe(d, "street2"), town) if x]

"""The label templates: data and media -> a label in millimetres. `build` lays one out; what is drawn stands in the module of its kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from wms.foundation.labels.rules.layout import Label, Media
from wms.foundation.labels.rules.refusals import MediaMismatch, UnknownTemplate
from wms.foundation.labels.rules.templates import customs, goods, market, parcels
from wms.foundation.labels.rules.templates.parts import Data


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
    "unit": Template(goods.unit, 50, 30, {
        "sku": "MUG-01", "name": "Stoneware mug, blue, 0.3 l · 蓝色陶瓷杯 0.3 升", "code": "4006381333931",
        "gtin": "4006381333931", "lot": "LOT42", "expiry": "271231",
    }),
    "lpn": Template(goods.lpn, 100, 100, {"code": "006141410000000012", "content": "MUG-01 × 240"}),
    "location": Template(goods.location, 70, 35, {"code": "A-12-03-2", "check_digits": "47", "arrow": "up"}),
    "ship": Template(parcels.ship, 100, 145, {
        "carrier": "DHL", "service": "Warenpost International", "ref": "ORDER-2026-001234", "weight_g": 1240, "number": 1, "of": 2,
        "sscc": "006141410000000012", "sender": _SENDER, "destination": _TO,
    }),
    "carton": Template(goods.carton, 100, 100, {
        "carton": "CARTON L", "ref": "ORDER-2026-001234", "sscc": "006141410000000012",
        "lines": [{"sku": "MUG-01", "name": "Stoneware mug, blue, 0.3 l", "qty_each": 12},
                  {"sku": "LAMP-02", "name": "夹式台灯", "qty_each": 2}, {"sku": "CABLE-03", "name": "USB-C 数据线 2 米", "qty_each": 40}],
    }),
    "return": Template(parcels.return_label, 100, 145, {
        "number": "RMA000001", "ref": "ORDER-2026-001234", "address": ["Wharf Returns", "1 Dock Road", "12345 Wharf", "DE"],
    }),
    "fba_box": Template(parcels.fba_box, 100, 145, {
        "shipment": "FBA15DJ8K5", "centre": "ONT8", "number": 3, "box": "FBA15DJ8K5U000003", "sscc": "006141410000000012",
        "weight_g": 11_400, "lines": [{"fnsku": "X001ABC123", "units": 24}],
        "destination": {"name": "Marketplace fulfilment centre ONT8", "street": "24300 Nandina Ave", "city": "Moreno Valley",
                        "region": "CA", "postcode": "92551", "country": "US"},
    }),
    "gift": Template(goods.gift, 70, 70, {"name": "Ada", "message": "Happy birthday! Yours, Charles · 生日快乐！"}),
    "cn22": Template(customs.cn22, 100, 110, {
        "operator": "Deutsche Post AG", "category": "sale", "lines": _GOODS, "date": "2026-11-23", "signed_by": "A. Wharfinger",
        "item_id": "LX123456785DE",
    }),
    "cn23": Template(customs.cn23, 100, 145, {
        "operator": "Deutsche Post AG", "category": "sale", "lines": _GOODS, "date": "2026-11-23", "signed_by": "A. Wharfinger",
        "sender": _SENDER, "recipient": _TO, "gross_g": 1240, "postage_cents": 1690, "item_id": "CX123456785DE",
        "invoice": "INV-7781",
    }),
    "hazard": Template(market.hazard, 100, 70, {"mark": "lithium", "un": ["UN3481"]}),
    "market": Template(market.market, 70, 90, {
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

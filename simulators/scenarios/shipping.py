"""Shipping of the demo site, told to the WES through its API: services, rate cards, what may fly, and three orders that may not.

The carriers are made up; prices, limits and days are samples of the order of size that such services have from South China. The
matrix follows common practice for batteries and liquids and is no legal advice: a site loads its carriers' own.
"""

import secrets
from typing import Any

from simulators.scenarios.dates import LONG_UNTIL, VALID_FROM, VALID_UNTIL

Json = dict[str, Any]

EUROPE, OVERSEAS = ("DE", "FR", "GB", "ES", "IT", "PL", "NL", "SE"), ("US", "JP")
VALID = {"currency": "USD", "valid_from": VALID_FROM, "valid_until": VALID_UNTIL}
ACCOUNT = "sim"

SERVICES: list[Json] = [
    {"code": "POST-S", "carrier": "CPOST", "name": "Small packet, registered", "kind": "postal", "days": [9, 16, 30], "account": ACCOUNT,
     "mode": "passenger_air", "terms": ["DAP"], "weight_max_g": 2000, "length_max_mm": 600, "sum_max_mm": 900},
    {"code": "LINE-EU", "carrier": "LINEX", "name": "Dedicated line, Europe", "kind": "line", "days": [7, 10, 15], "account": ACCOUNT,
     "mode": "cargo_air", "terms": ["DAP", "DDP"], "countries": list(EUROPE), "weight_max_g": 20_000, "length_max_mm": 1000, "girth_max_mm": 2500},
    {"code": "LINE-OV", "carrier": "LINEX", "name": "Dedicated line, US and Japan", "kind": "line", "days": [7, 11, 16], "account": ACCOUNT,
     "mode": "cargo_air", "terms": ["DAP", "DDP"], "countries": list(OVERSEAS), "weight_max_g": 20_000, "length_max_mm": 1000, "girth_max_mm": 2500},
    {"code": "EXPRESS", "carrier": "QUICK", "name": "Express, worldwide", "kind": "express", "days": [3, 4, 7], "account": ACCOUNT,
     "mode": "passenger_air", "terms": ["DAP", "DDP"], "weight_max_g": 30_000, "length_max_mm": 1200, "girth_max_mm": 3000},
]  # fmt: skip

REMOTE = {
    "DE": [["25938", "25999"], ["27498", "27499"]],
    "ES": [["07000", "07899"], ["35000", "35999"]],
    "US": [["99500", "99999"]],
}


def cards() -> list[Json]:
    """A card per service: by gram, first and further weight with volume, surcharges and fuel."""
    zones = [{"code": "EU", "countries": list(EUROPE)}, {"code": "OV", "countries": list(OVERSEAS)}]
    post = {
        "service": "POST-S", **VALID, "zones": zones,
        "rows": [
            {"zone": "EU", "over_g": 0, "to_g": 2000, "base_cents": 290, "per_kg_cents": 1180, "least_g": 50},
            {"zone": "OV", "over_g": 0, "to_g": 500, "base_cents": 250, "per_kg_cents": 1290, "least_g": 50},
            {"zone": "OV", "over_g": 500, "to_g": 2000, "base_cents": 310, "per_kg_cents": 1290},
        ],
    }  # fmt: skip
    lines = [
        {
            "service": code, **VALID, "zones": [{"code": "A", "countries": list(countries)}], "round_g": 50, "dim": "over_side", "dim_side_mm": 600,
            "divisor": 8000, "rows": [
                {"zone": "A", "kind": "steps", "over_g": 0, "to_g": 20_000, "base_cents": base, "first_g": 500, "step_g": 50, "step_cents": step}
            ],
            "ddp_cents": 120, "ddp_bp": 200, "remote": REMOTE, "surcharges": [{"code": "remote", "when": "remote", "cents": 350}],
        }
        for code, countries, base, step in (("LINE-EU", EUROPE, 640, 36), ("LINE-OV", OVERSEAS, 710, 41))
    ]  # fmt: skip
    express = {
        "service": "EXPRESS", **VALID, "zones": zones, "round_g": 500, "dim": "greater", "divisor": 5000, "fuel_bp": 1450,
        "rows": [
            {"zone": zone, "kind": "steps", "over_g": 0, "to_g": 30_000, "base_cents": base, "first_g": 500, "step_g": 500, "step_cents": step}
            for zone, base, step in (("EU", 1690, 310), ("OV", 1790, 330))
        ],
        "ddp_cents": 400, "ddp_bp": 250, "ddp_least_cents": 500, "remote": REMOTE, "surcharges": [
            {"code": "remote", "when": "remote", "cents": 1800, "fueled": True},
            {"code": "long side", "when": "side_over", "limit": 1000, "cents": 900},
            {"code": "battery", "when": "attribute", "attribute": "battery_contained", "cents": 60},
        ],
    }  # fmt: skip
    return [post, *lines, express]


MATRIX: Json = {
    "valid_from": VALID_FROM, "valid_until": VALID_UNTIL, "rules": [
        {"id": "BAT-POST", "service": "kind:postal", "attribute": "battery_contained", "pieces_max": 4, "cells_max": 4, "battery_mwh_max": 20_000,
         "papers": ["un383"], "why": "PI 967 section II"},
        {"id": "BAT-LINE", "service": "kind:line", "attribute": "battery_contained", "battery_mwh_max": 100_000, "papers": ["un383"], "why": "PI 967 section II"},
        {"id": "BAT-EXP", "service": "EXPRESS", "attribute": "battery_contained", "battery_mwh_max": 100_000, "papers": ["un383"], "why": "PI 967 section II"},
        {"id": "LOOSE-LINE", "service": "kind:line", "attribute": "battery_loose", "pieces_max": 2, "battery_mwh_max": 100_000, "papers": ["un383", "sds"],
         "why": "PI 965, cargo aircraft only"},
        {"id": "MAG-ALL", "service": "*", "attribute": "magnet", "papers": ["magnet_report"]},
        {"id": "LIQ-LINE", "service": "LINE-EU", "attribute": "liquid", "net_ml_max": 500, "papers": ["sds"]},
        {"id": "LIQ-JP", "service": "*", "attribute": "liquid", "country": "JP", "allowed": False, "why": "not accepted by the line"},
        {"id": "BLADE-GB", "service": "*", "attribute": "blade", "country": "GB", "allowed": False, "why": "age check at delivery is not offered"},
    ],
}  # fmt: skip

POLICY: Json = {
    "currency": "USD", "home": "CN", "ddp_from_cents": 15_000, "high_duty_bp": 3_000, "late_once_cents": 250, "late_day_cents": 60,
    "countries": {"US": {"duty_bp": 1_500, "ddp_from_cents": 8_000}, "GB": {"duty_bp": 2_000}, "DE": {"duty_bp": 1_900}},
    "rules": [
        {"id": "SITE-1", "do": "prefer", "target": "LINE-EU", "country": "DE", "cents": 40, "why": "daily pick-up, rebate by volume"},
        {"id": "SITE-2", "do": "exclude", "target": "POST-S", "country": "SE", "why": "returns took 60 days in the spring"},
    ],
}  # fmt: skip

RETURNS: Json = {
    "site": {"depot": {"name": "Returns, c/o LINEX", "street": "Hafenstrasse 12", "city": "Duisburg", "postcode": "47119", "country": "DE"}},
    "rows": [
        {"value_max_cents": 800, "reasons": ["defective", "damaged_in_transit"], "method": "keep"},
        {"countries": [*EUROPE], "days_max": 30, "method": "label", "service": "LINE-EU", "house_label": True, "label_cents": 700,
         "address": "Returns, c/o LINEX, Hafenstrasse 12, 47119 Duisburg, DE"},
        {"days_max": 30, "method": "address", "address": "Returns, c/o LINEX, Hafenstrasse 12, 47119 Duisburg, DE", "restock_pct": 10},
    ],
}  # fmt: skip
"""From Europe with the line's own label to its depot, from elsewhere on the customer's way."""

BATTERY = "Headset"
"""The goods of simulators.scenarios.site that hold a battery."""
SPECIALS: list[Json] = [
    {"code": "SKU-P001", "name": "Power bank 10,000 mAh", "name_zh": "充电宝", "length_mm": 140, "width_mm": 70, "height_mm": 16, "weight_g": 220,
     "value_cents": 2900, "attributes": ["battery_loose"]},
    {"code": "SKU-P002", "name": "Perfume 50 ml", "name_zh": "香水", "length_mm": 90, "width_mm": 60, "height_mm": 40, "weight_g": 180,
     "value_cents": 3400, "attributes": ["liquid"]},
]  # fmt: skip


def goods(skus: list[Json]) -> list[Json]:
    """Dangerous goods records; the power bank has no safety data sheet on file."""
    report = {"kind": "un383", "ref": "UN383-2026-0117", "valid_until": LONG_UNTIL}
    held = [
        {"sku": s["code"], "un_number": "UN3481", "packing_instruction": "PI967", "energy_mwh": 1_900, "cells": 1, "papers": [report]}
        for s in skus if "battery_contained" in s.get("attributes", ())
    ]  # fmt: skip
    bank = {
        "sku": "SKU-P001",
        "un_number": "UN3480",
        "packing_instruction": "PI965",
        "energy_mwh": 37_000,
        "cells": 2,
        "papers": [report],
    }
    return [*held, bank, {"sku": "SKU-P002", "net_ml": 50}]


def seed(made: Json, port: int) -> None:
    """Put shipping into a site: attributes of its goods, what its carriers offer, and orders that nothing may carry."""
    for sku in made["skus"]:
        if str(sku["name"]).startswith(BATTERY):
            sku["attributes"] = ["battery_contained"]
    specials = [{**s, "codes": [[f"29000000000{n}", "EA"]]} for n, s in enumerate(SPECIALS)]
    made["skus"] = [*made["skus"], *specials]
    someone = {"name": "Customer S", "street": "1 Main Street", "city": "Sample City", "postcode": "10115"}
    orders = [
        ("DS001", {"SKU-P001": 1}, "US"), ("DS002", {"SKU-P002": 1}, "JP"), ("DS003", {made["skus"][0]["code"]: 1}, "BR"),
    ]  # fmt: skip
    made["shipping"] = {
        "services": SERVICES, "cards": cards(), "matrix": MATRIX, "policy": POLICY, "goods": goods(made["skus"]),
        "returns": RETURNS,
        "orders": [
            {"ref": ref, "lines": lines, "carrier": "POST", "priority": 5, "destination": {**someone, "country": country}}
            for ref, lines, country in orders
        ],
        "port": port, "secret": secrets.token_urlsafe(24),
    }  # fmt: skip


def accounts(made: Json, host: str) -> Json:
    """carriers.yaml of the site: its one account, or none."""
    if "shipping" not in made:
        return {"accounts": {}}
    told = made["shipping"]
    return {
        "accounts": {
            ACCOUNT: {
                "adapter": "http",
                "url": f"http://{host}:{told['port']}",
                "key_id": "demo",
                "secret": told["secret"],
                "track_first_s": 2.0,
                "track_most_s": 8.0,
            }
        }
    }

"""Customs of the demo site, told to the WES through its API: tables, filings, payments, and a few orders whose papers are wrong.

The demo's house stands in Shenzhen. HS subheadings are those of HS 2022 for goods of these kinds; duty, VAT, de minimis and currency
figures are samples that show how the tables work, and say so in their source: a site loads its own.
"""

from typing import Any

from simulators.scenarios.dates import LONG_UNTIL, VALID_FROM, VALID_UNTIL, ago

Json = dict[str, Any]
EU = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
SAMPLE = "sample figures of the demo: load the tables of your markets"

# noun of simulators.scenarios.site.NOUNS -> (HS 2022, materials, use, category)
GOODS = {
    "Mug": ("691200", "stoneware", "drinking", "tableware"), "Cable": ("854442", "copper, PVC", "data and charging", "electronics"),
    "Lamp": ("940521", "aluminium, LED", "lighting", "electronics"), "Notebook": ("482020", "paper", "writing", "stationery"),
    "Charger": ("850440", "polycarbonate, electronics", "charging", "electronics"), "Bottle": ("392410", "Tritan copolyester", "drinking", "tableware"),
    "Toy car": ("950300", "ABS", "toy from 3 years on", "toy"), "Headset": ("851830", "ABS, electronics", "listening", "electronics"),
    "Case": ("392690", "silicone", "protection of phones", "accessory"), "Brush": ("960329", "beech, nylon", "hair care", "personal care"),
}  # fmt: skip

CHAPTERS = (
    "Live animals", "Meat", "Fish", "Dairy, eggs, honey", "Other products of animals", "Live plants", "Vegetables", "Fruit and nuts",
    "Coffee, tea, spices", "Cereals", "Milling products", "Oil seeds", "Lac, gums, resins", "Plaiting materials", "Fats and oils",
    "Preparations of meat or fish", "Sugars", "Cocoa", "Preparations of cereals", "Preparations of vegetables or fruit",
    "Miscellaneous edible preparations", "Beverages", "Residues of food industries", "Tobacco", "Salt, stone, cement", "Ores", "Mineral fuels",
    "Inorganic chemicals", "Organic chemicals", "Pharmaceutical products", "Fertilisers", "Dyes, paints, inks", "Essential oils, cosmetics",
    "Soap, waxes", "Albumins, glues", "Explosives", "Photographic goods", "Miscellaneous chemical products", "Plastics", "Rubber",
    "Raw hides and leather", "Articles of leather", "Furskins", "Wood", "Cork", "Basketware", "Pulp", "Paper", "Printed books", "Silk", "Wool",
    "Cotton", "Other vegetable textile fibres", "Man-made filaments", "Man-made staple fibres", "Wadding, felt", "Carpets", "Special woven fabrics",
    "Coated textile fabrics", "Knitted fabrics", "Apparel, knitted", "Apparel, not knitted", "Other made-up textile articles", "Footwear",
    "Headgear", "Umbrellas", "Prepared feathers", "Articles of stone, plaster", "Ceramic products", "Glass", "Pearls, precious metals",
    "Iron and steel", "Articles of iron or steel", "Copper", "Nickel", "Aluminium", "", "Lead", "Zinc", "Tin", "Other base metals",
    "Tools, cutlery", "Miscellaneous articles of base metal", "Machinery", "Electrical machinery", "Railway", "Vehicles", "Aircraft", "Ships",
    "Optical, measuring, medical instruments", "Clocks and watches", "Musical instruments", "Arms", "Furniture, lamps", "Toys, games, sports",
    "Miscellaneous manufactured articles", "Works of art",
)  # fmt: skip
"""Of the Harmonized System, 1 to 97, shortened; 77 is reserved. Source: WCO, HS nomenclature 2022 edition."""


def tables() -> list[Json]:
    """Every dated table: [{kind, valid_from, valid_until, source, rows}]."""
    codes = sorted({hs for hs, *_ in GOODS.values()})
    hs = [{"code": f"{n:02d}", "text": title} for n, title in enumerate(CHAPTERS, 1) if title]
    hs += [
        {"code": code, "text": noun}
        for noun, (code, *_) in sorted(GOODS.items(), key=lambda x: x[1][0])
        if code in codes
    ]
    return [
        _table("site", [{
            "country": "CN", "code": "4403160001", "name": "Wharfinger Demo Trading (Shenzhen)", "name_zh": "码头工演示贸易（深圳）有限公司",
            "street": "9 Gaoxin South 1st Road, Nanshan", "city": "Shenzhen", "port": "5349", "platform_code": "DEMO-SHOP", "logistics_code": "DEMO-LOG",
        }], "the demo's own"),
        _table("hs", hs, "WCO, HS 2022: chapters, and the subheadings of the demo's goods"),
        _table("mode", [
            {"seq": 10, "mode": "domestic", "countries": ["site"], "note": "crosses no border"},
            {"seq": 20, "mode": "9810", "countries": ["*"], "warehouse": "yes", "note": "to an overseas warehouse"},
            {"seq": 30, "mode": "9710", "countries": ["*"], "commercial": "yes", "note": "sold to a business"},
            {"seq": 40, "mode": "9610", "countries": ["*"], "note": "parcel to a private buyer"},
        ], "GACC supervision codes 9610, 9710, 9810"),
        _table("document", documents(), "GACC notices on cross-border e-commerce; rows that nobody checked yet say so"),
        _table("party", [
            *({"countries": ["*"], "field": f, "note": "delivery"} for f in ("name", "street", "city")),
            {"countries": ["US", "JP"], "field": "phone", "pattern": r"\+?[\d ().-]{7,20}", "note": "the carrier's broker calls the recipient"},
            {"countries": EU, "field": "ioss", "pattern": r"IM\d{10}", "commercial": "no", "duty_term": "DDP", "note": "VAT paid at sale: number of the import one stop shop"},
            {"countries": EU, "field": "eori", "pattern": r"[A-Z]{2}[A-Z0-9]{1,15}", "commercial": "yes", "note": "a business imports under its EORI"},
            {"countries": ["BR", "KR"], "field": "tax_id", "pattern": r"[\dA-Z.-]{8,20}", "note": "recipient's tax or clearance number"},
        ], SAMPLE),
        _table("tolerance", [
            {"field": "gross_g", "basis_points": 300, "least": 20}, {"field": "net_g", "basis_points": 300, "least": 5}, {"field": "total", "least": 1},
        ], "the demo's own"),
        _table("permit", [{"hs": "9503", "countries": EU, "certificate": "toy_safety", "note": "Directive 2009/48/EC"}], SAMPLE),
        _table("duty", [
            {"hs": "*", "origins": ["*"], "countries": [*EU, "GB", "JP", "US"], "basis_points": 0, "note": "sample"},
            {"hs": "6912", "origins": ["*"], "countries": EU, "basis_points": 900, "note": "sample"},
            {"hs": "3924", "origins": ["*"], "countries": [*EU, "GB"], "basis_points": 650, "note": "sample"},
            {"hs": "*", "origins": ["CN"], "countries": ["US"], "basis_points": 2000, "adds": True, "note": "sample of a duty that adds"},
        ], SAMPLE, until=VALID_UNTIL),
        _table("vat", [
            {"country": c, "basis_points": p} for c, p in (
                ("DE", 1900), ("FR", 2000), ("GB", 2000), ("ES", 2100), ("IT", 2200), ("PL", 2300), ("NL", 2100), ("SE", 2500), ("JP", 1000), ("US", 0),
            )
        ], SAMPLE, until=VALID_UNTIL),
        _table("de_minimis", [
            *({"country": c, "currency": "EUR", "duty_cents": 15_000, "vat_cents": 0, "note": "verify: under reform in 2026"} for c in ("DE", "FR", "ES", "IT", "PL", "NL", "SE")),
            {"country": "GB", "currency": "GBP", "duty_cents": 13_500, "vat_cents": 0}, {"country": "JP", "currency": "JPY", "duty_cents": 1_000_000, "vat_cents": 1_000_000},
            {"country": "US", "currency": "USD", "duty_cents": 0, "vat_cents": 0, "note": "suspended since 2025-08-29"},
        ], SAMPLE, until=VALID_UNTIL),
        _table("currency", [
            {"currency": c, "micros": m} for c, m in (("USD", 1_000_000), ("EUR", 1_150_000), ("GBP", 1_320_000), ("JPY", 6_600), ("CNY", 140_000))
        ], SAMPLE, until=VALID_UNTIL),
        _table("label", [
            {"markets": EU, "category": "toy", "asks": "mark", "value": "CE", "proof": "toy_safety", "verified": True, "note": "Directive 2009/48/EC, art. 16"},
            {"markets": EU, "category": "toy", "asks": "warning", "value": "Not for children under 3 years: small parts.", "verified": False},
            {"markets": EU, "category": "electronics", "asks": "mark", "value": "CE", "proof": "ce_declaration", "verified": True},
            {"markets": EU, "category": "electronics", "asks": "mark", "value": "WEEE", "proof": "weee_registration", "verified": True},
            {"markets": EU, "category": "*", "asks": "importer", "verified": False}, {"markets": ["US"], "category": "*", "asks": "origin", "verified": True, "note": "19 U.S.C. 1304"},
            {"markets": ["US"], "category": "*", "asks": "dual_units", "verified": True, "note": "15 U.S.C. 1453"},
            {"markets": ["US"], "category": "*", "asks": "language", "value": "en", "verified": True}, {"markets": ["DE"], "category": "*", "asks": "language", "value": "de", "verified": False},
        ], SAMPLE),
        _table("retention", [
            {"markets": ["*"], "document": "*", "years": 5}, {"markets": EU, "document": "*", "years": 10, "note": "OSS and IOSS records: 10 years"},
        ], SAMPLE),
    ]  # fmt: skip


def _table(kind: str, rows: list[Json], source: str, until: str | None = None) -> Json:
    return {"kind": kind, "valid_from": VALID_FROM, "valid_until": until, "source": source, "rows": rows}


def documents() -> list[Json]:
    goods = ["qty", "hs", "value", "origin", "name"]
    rows: list[Json] = [
        {"mode": mode, "document": "order", "stage": "order", "required": True, "fields": ["number", "currency", "total", "consignee", "country"], "verified": True}
        for mode in ("9610", "9710", "9810", "plain")
    ]  # fmt: skip
    rows += [
        {"mode": "9610", "document": "payment", "stage": "order", "required": True, "fields": ["number", "total", "currency"], "verified": True},
        {"mode": "9610", "document": "waybill", "stage": "parcel", "required": True, "fields": ["tracking", "gross_g", "consignee"], "verified": True},
        {"mode": "9610", "document": "invoice", "stage": "order", "required": True, "fields": [*goods, "currency"], "verified": True},
        {"mode": "9610", "document": "receipt", "stage": "batch", "required": False, "verified": False, "note": "verify: whether a receipt record is asked for"},
        {"mode": "9710", "document": "invoice", "stage": "order", "required": True, "fields": [*goods, "currency"], "verified": True},
        {"mode": "9710", "document": "waybill", "stage": "parcel", "required": True, "fields": ["tracking", "gross_g"], "verified": True},
        {"mode": "9710", "document": "contract", "stage": "order", "required": True, "fields": ["number", "total", "currency"], "verified": False},
        {"mode": "9710", "document": "receipt", "stage": "batch", "required": False, "verified": False, "note": "verify: whether a receipt record is asked for"},
        {"mode": "9810", "document": "invoice", "stage": "order", "required": True, "fields": goods, "verified": True},
        {"mode": "9810", "document": "booking_note", "stage": "batch", "required": True, "fields": ["number"], "verified": True,
         "note": "since 2024-12 instead of the overseas warehouse filing"},
        {"mode": "9810", "document": "overseas_filing", "stage": "batch", "required": False, "verified": True, "note": "no longer asked for since 2024-12"},
        {"mode": "plain", "document": "invoice", "stage": "order", "required": True, "fields": goods, "verified": True},
    ]  # fmt: skip
    return rows


def filings(skus: list[Json], without: tuple[str, ...] = (), expired: tuple[str, ...] = ()) -> list[Json]:
    """Filings of the demo's SKUs, but for `without`; certificates of `expired` ran out."""
    rows = []
    for s in skus:
        if s["code"] in without:
            continue
        noun, zh = s["name"].rpartition(" ")[0], s["name_zh"].rstrip("0123456789")
        hs, materials, use, category = GOODS[noun]
        until = ago(150) if s["code"] in expired else LONG_UNTIL
        kinds = {"toy": ["toy_safety"], "electronics": ["ce_declaration", "weee_registration"]}.get(category, [])
        rows.append({
            "sku": s["code"], "hs_code": hs, "origin": "CN", "net_g": max(1, s["weight_g"] * 9 // 10), "name_en": noun, "name_zh": zh,
            "materials": materials, "use": use, "category": category,
            "certificates": [{"kind": k, "number": f"DEMO-{k.upper()}-{s['code'][4:]}", "issuer": "Demo test house", "valid_until": until} for k in kinds],
        })  # fmt: skip
    return rows


def payment(order: Json, values: dict[str, int], off_cents: int = 0) -> Json:
    """What the payment platform tells of an order."""
    total = sum(values[sku] * qty for sku, qty in order["lines"].items())
    return {"channel": order.get("channel", "shop"), "ref": order["ref"], "paper": "payment", "number": f"PAY-{order['ref']}", "currency": "USD",
            "total": total + off_cents, "payer": order["destination"]["name"]}  # fmt: skip


def seed(skus: list[Json], orders: list[Json]) -> Json:
    """All of it for a site; its orders get the party data that their countries ask for.

    Three more orders show what holds them, on SKUs that no other order wants.
    """
    for o in orders:
        o["destination"] |= {"phone": "+1 555 0100 200"} | (
            {"ioss": "IM0400000001"} if o["destination"]["country"] in EU else {}
        )
    wanted = {sku for o in orders for sku in o["lines"]}
    spare = [s for s in skus if s["code"] not in wanted]
    unfiled = next((s["code"] for s in reversed(spare)), "")
    toy = next((s["code"] for s in reversed(spare) if s["name"].startswith("Toy car") and s["code"] != unfiled), "")
    mug = next((s["code"] for s in skus if s["name"].startswith("Mug")), "")
    to = {
        "name": "Ada Sample",
        "street": "1 Main Street",
        "city": "Sample City",
        "postcode": "10115",
        "country": "DE",
        "phone": "+49 30 000000",
    }
    shown = [
        {"ref": ref, "lines": {sku: 1}, "destination": to, "carrier": "POST", "priority": 5}
        for ref, sku in (("CUSTOMS-1-UNFILED", unfiled), ("CUSTOMS-2-CERTIFICATE", toy), ("CUSTOMS-3-PAYMENT", mug)) if sku
    ]  # fmt: skip
    values = {s["code"]: s["value_cents"] for s in skus}
    return {
        "tables": tables(), "filings": filings(skus, (unfiled,), (toy,)), "orders": shown,
        "payments": [payment(o, values) for o in orders] + [payment(o, values, 500 if str(o["ref"]).endswith("PAYMENT") else 0) for o in shown],
    }  # fmt: skip

"""Builds a site: building, goods, stock, people, devices and orders. Seeded: on one day the same seed gives the same site.

A site is plain JSON; what the WES is told of it goes through its API, what only the physical world knows (true weights,
what is really in a bin) stays with the plant.
"""

import random
from typing import Any

from simulators.scenarios.dates import ago

AISLES, BAYS, LEVELS = 10, 26, 4
AISLE_PITCH_MM, BAY_MM, FIRST_BAY_MM = 3500, 1200, 6000
HOST = "127.0.0.1"
CARRIERS = ("POST", "EXPRESS", "LINE")
COUNTRIES = ("DE", "FR", "GB", "US", "ES", "IT", "PL", "NL", "SE", "JP")
NOUNS = (("Mug", "马克杯"), ("Cable", "数据线"), ("Lamp", "台灯"), ("Notebook", "笔记本"), ("Charger", "充电器"),
         ("Bottle", "水瓶"), ("Toy car", "玩具车"), ("Headset", "耳机"), ("Case", "保护壳"), ("Brush", "刷子"))  # fmt: skip

Json = dict[str, Any]


def building(size: Json) -> Json:
    """Layout of the house: 2,080 bins in 10 aisles between two cross aisles, dock in the north, benches in the south."""
    nodes, edges, locations = [], [], []
    back_y = FIRST_BAY_MM + BAYS * BAY_MM + 1500
    for a in range(AISLES):
        x = 4000 + a * AISLE_PITCH_MM
        nodes.append({"code": f"F{a:02d}", "x_mm": x, "y_mm": FIRST_BAY_MM - 1500})
        for b in range(BAYS):
            y = FIRST_BAY_MM + b * BAY_MM + BAY_MM // 2
            nodes.append({"code": f"N{a:02d}{b:02d}", "x_mm": x, "y_mm": y})
            edges.append({"a": f"N{a:02d}{b - 1:02d}" if b else f"F{a:02d}", "b": f"N{a:02d}{b:02d}"})
            locations += [_bin(a, side, b, level, x, y) for side in "LR" for level in range(LEVELS)]
        nodes.append({"code": f"B{a:02d}", "x_mm": x, "y_mm": back_y})
        edges.append({"a": f"N{a:02d}{BAYS - 1:02d}", "b": f"B{a:02d}"})
        if a:
            edges += [{"a": f"F{a - 1:02d}", "b": f"F{a:02d}"}, {"a": f"B{a - 1:02d}", "b": f"B{a:02d}"}]
    _places(nodes, edges, locations, size, back_y)
    return {"warehouse": "HUB1", "timezone": "Asia/Shanghai", "nodes": nodes, "edges": edges, "locations": locations}


def _bin(aisle: int, side: str, bay: int, level: int, x: int, y: int) -> Json:
    return {
        "code": f"{chr(65 + aisle)}{side}-{bay + 1:02d}-{level + 1}", "kind": "bin", "zone": chr(65 + aisle // 2 * 2),
        "aisle": chr(65 + aisle), "node": f"N{aisle:02d}{bay:02d}", "x_mm": x + (-900 if side == "L" else 900), "y_mm": y,
        "z_mm": 200 + level * 500, "level": level, "width_mm": 1150, "depth_mm": 600, "height_mm": 450,
        "load_max_g": 150_000,
    }  # fmt: skip


def _places(nodes: list[Json], edges: list[Json], locations: list[Json], size: Json, back_y: int) -> None:
    """Lanes of benches in the south, each with its own transfer point, cart park and vehicle; docks in the north.

    Lanes share no node, so their vehicles cannot meet.
    """

    def place(code: str, kind: str, zone: str, node: str, x: int, y: int, joins: str) -> None:
        nodes.append({"code": node, "x_mm": x, "y_mm": y})
        edges.append({"a": joins, "b": node})
        locations.append({"code": code, "kind": kind, "zone": zone, "node": node, "x_mm": x, "y_mm": y})

    width = AISLES * AISLE_PITCH_MM // size["lanes"]
    for lane in range(size["lanes"]):
        zone, x = f"LANE-{lane + 1}", 4000 + lane * width
        front = f"F{min(lane * AISLES // size['lanes'], AISLES - 1):02d}"
        place(f"TRANSFER-{lane + 1}", "staging", zone, f"T{lane + 1}", x, 2500, front)
        place(f"CART-PARK-{lane + 1}", "cart", zone, f"P{lane + 1}", x + 1500, 2500, f"T{lane + 1}")
        joins = f"P{lane + 1}"
        for n in range(lane, size["pack_stations"], size["lanes"]):
            x += 2500
            place(f"PACK-{n + 1}", "pack", zone, f"K{n + 1}", x + 1000, 2500, joins)
            joins = f"K{n + 1}"
    place("SHIP-1", "ship", "DOCK", "S1", 40_000, 2500, f"F{AISLES - 1:02d}")
    place("DOCK-1", "dock", "DOCK", "D1", 4000, back_y + 2500, "B00")
    place("DOCK-2", "dock", "DOCK", "D2", 11_000, back_y + 2500, "B02")


def ean13(number: int) -> str:
    """An EAN-13 in the restricted range 2 (GS1 General Specifications 2.1.11)."""
    body = f"20{number:010d}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body))
    return body + str(-total % 10)


def demo_goods(rng: random.Random, n_skus: int, n_orders: int) -> tuple[list[Json], list[Json], list[Json]]:
    """Seeded SKUs, cartons, and orders with a Pareto demand: (skus, cartons, orders)."""
    skus = []
    for i in range(n_skus):
        noun, zh = NOUNS[i % len(NOUNS)]
        size = sorted((rng.randint(40, 260), rng.randint(30, 180), rng.randint(15, 110)), reverse=True)
        skus.append({
            "code": f"SKU-{i + 1:04d}", "name": f"{noun} {i + 1:04d}", "name_zh": f"{zh}{i + 1:04d}", "length_mm": size[0],
            "width_mm": size[1], "height_mm": size[2], "weight_g": max(30, round(size[0] * size[1] * size[2] / 4000)),
            "fragile": i % 17 == 0, "key_category": i % 60 == 0, "value_cents": rng.randint(200, 9000),
            "own_container": i % 40 == 7 and i % 17 > 0,
        })  # fmt: skip
    cartons = [
        _carton("S", 220, 160, 100, 90, 8_000), _carton("M", 310, 230, 160, 160, 15_000),
        _carton("L", 400, 300, 250, 280, 22_000), _carton("XL", 580, 380, 380, 520, 30_000),
        {"code": "MAILER", "inner_mm": [250, 350, 0], "outer_mm": [260, 360, 0], "tare_g": 14, "load_max_g": 2_000, "bag": True},
    ]  # fmt: skip
    weights = [1 / (i + 1) ** 0.8 for i in range(n_skus)]
    orders = []
    for n in range(n_orders):
        chosen = rng.choices(range(n_skus), weights, k=rng.choice((1, 1, 1, 2, 2, 3, 4, 6)))
        lines = {skus[i]["code"]: rng.choice((1, 1, 1, 2, 3)) for i in chosen}
        orders.append({"ref": f"D{n + 1:05d}", "lines": lines})
    return skus, cartons, orders


def _carton(code: str, length: int, width: int, height: int, tare_g: int, load_max_g: int) -> Json:
    return {"code": code, "inner_mm": [length, width, height], "outer_mm": [length + 8, width + 8, height + 8],
            "tare_g": tare_g, "load_max_g": load_max_g}  # fmt: skip


def shop_goods(files: dict[str, list[Json]]) -> tuple[list[Json], list[Json], list[Json]]:
    """A shop's own SKUs, cartons and orders."""
    skus = [
        {"code": r["sku"], "name": f"Item {r['sku'][:12]}", "name_zh": "", "length_mm": r["length_mm"], "width_mm": r["width_mm"],
         "height_mm": r["height_mm"], "weight_g": r["weight_g"], "fragile": False, "key_category": i % 60 == 0,
         "value_cents": 1000, "own_container": r["own_container"]}
        for i, r in enumerate(files["skus"])
    ]  # fmt: skip
    cartons = [
        {"code": r["carton"], "inner_mm": [r["inner_length_mm"], r["inner_width_mm"], r["inner_height_mm"]],
         "outer_mm": [r["outer_length_mm"], r["outer_width_mm"], r["outer_height_mm"]], "tare_g": r["tare_g"],
         "load_max_g": r["max_load_g"], "bag": r["bag"]}
        for r in files["cartons"]
    ]  # fmt: skip
    orders: dict[str, dict[str, int]] = {}
    for r in files["lines"]:
        lines = orders.setdefault(r["order"], {})
        lines[r["sku"]] = lines.get(r["sku"], 0) + r["qty"]
    return skus, cartons, [{"ref": ref, "lines": lines} for ref, lines in orders.items()]


def stock(rng: random.Random, skus: list[Json], orders: list[Json], bins: list[Json]) -> tuple[list[Json], list[Json]]:
    """Opening stock that covers the orders: (booked rows, what is really there where it differs).

    The busiest SKUs lie in the bays nearest the benches; a few bins hold less than the book says.
    """
    demand = {s["code"]: 0 for s in skus}
    hits = dict(demand)
    for order in orders:
        for sku, qty in order["lines"].items():
            demand[sku] += qty
            hits[sku] += 1
    ranked = sorted(demand, key=lambda s: (-hits[s], s))
    spots = sorted(bins, key=lambda b: (b["y_mm"] // 2400, b["level"] not in (1, 2), b["x_mm"], b["code"]))
    step = max(1, len(spots) // (2 * len(ranked) + 1))
    booked, really = [], []
    for i, sku in enumerate(ranked):
        for k in (0, 1):
            spot = spots[(2 * i + k) * step % len(spots)]["code"]
            qty = demand[sku] * 7 // 10 + 12 if k == 0 else demand[sku] // 2 + 12
            received = ago(60 - 28 * k - i % 28)
            booked.append({"location": spot, "sku": sku, "qty_each": qty, "received_on": received})
    for row in rng.sample(booked, max(1, len(booked) // 120)):
        really.append({"location": row["location"], "sku": row["sku"], "qty_each": max(0, row["qty_each"] * 6 // 10)})
    return booked, really


def fleet_for(n_orders: int, n_lines: int) -> Json:
    """Stations, people and carts sized to the load; the demo prints them."""
    return {
        "lanes": max(1, min(4, round(n_orders / 500))),
        "pack_stations": max(1, min(12, round(n_orders / 60))),
        "pickers": max(2, min(16, round(n_lines / 120))),
        "carts": max(4, min(40, round(n_lines / 60))),
    }


def make_site(seed: int, n_orders: int, files: dict[str, list[Json]] | None, first_port: int) -> Json:
    """The whole site as JSON."""
    rng = random.Random(seed)
    skus, cartons, orders = shop_goods(files) if files else demo_goods(rng, 500, n_orders)
    size = fleet_for(len(orders), sum(len(o["lines"]) for o in orders))
    house = building(size)
    bins = [x for x in house["locations"] if x["kind"] == "bin"]
    for i, sku in enumerate(skus):
        sku["codes"] = [[ean13(i + 1), "EA"]]
    booked, really = stock(rng, skus, orders, bins)
    for n, order in enumerate(orders):
        order["carrier"] = CARRIERS[n % len(CARRIERS)]
        order["priority"] = rng.choice((3, 5, 5, 5, 7))
        order["destination"] = {
            "name": f"Customer {n + 1}", "street": f"{rng.randint(1, 200)} Main Street", "city": "Sample City",
            "postcode": f"{rng.randint(10000, 99999)}", "country": rng.choice(COUNTRIES),
        }  # fmt: skip
    carts = [f"CART-{c + 1:02d}" for c in range(size["carts"])]
    return {
        "seed": seed, "size": size, "layout": house, "skus": skus, "cartons": cartons, "orders": orders, "stock": booked,
        "really": really, "carts": [
            {"code": c, "at": f"CART-PARK-{n % size['lanes'] + 1}", "totes": [f"T{c[5:]}-{t + 1}" for t in range(8)]}
            for n, c in enumerate(carts)
        ],
        "notices": inbound(rng, skus), "people": people(size), **equipment(size, first_port),
    }  # fmt: skip


def sgtin96(item: int, serial: int) -> str:
    """EPC of one unit: SGTIN-96, filter 1, 7-digit company prefix 0614141 (EPC Tag Data Standard 2.1, 14.6.1)."""
    value = 0x30 << 88 | 1 << 85 | 5 << 82 | 614141 << 58 | item << 38 | serial
    return f"{value:024X}"


def inbound(rng: random.Random, skus: list[Json]) -> list[Json]:
    """Supplier notices: tagged pallets for the gate, and untagged mixed ones with damage, a surplus and a shortage."""
    chosen = rng.sample(range(len(skus)), min(8, len(skus)))
    notices = []
    for n in range(2):
        pair = chosen[2 * n : 2 * n + 2]
        notices.append({
            "ref": f"ASN-T{n + 1}", "supplier": "Tagged Goods Ltd", "tagged": True, "pallet": f"PAL-T{n + 1}",
            "lines": [{"sku": skus[i]["code"], "qty_each": 24, "epcs": [sgtin96(i + 1, 1000 * (n + 1) + k) for k in range(24)],
                       "really": 24 - (2 if n == 1 and i == pair[0] else 0), "damaged": 0} for i in pair],
        })  # fmt: skip
    for n in range(2):
        pair = chosen[4 + 2 * n : 6 + 2 * n]
        notices.append({
            "ref": f"ASN-U{n + 1}", "supplier": "Plain Goods GmbH", "tagged": False, "pallet": f"PAL-U{n + 1}",
            "lines": [{"sku": skus[i]["code"], "qty_each": 30, "epcs": [], "really": 30 + (3 if k == 0 and n == 0 else 0)
                       - (4 if k == 1 and n == 1 else 0), "damaged": 2 if k == 1 and n == 0 else 0}
                      for k, i in enumerate(pair)],
        })  # fmt: skip
    return notices


def people(size: Json) -> list[Json]:
    def person(code: str, name: str, roles: list[str], pin: str = "4711", locale: str = "en") -> Json:
        return {
            "code": code,
            "name": name,
            "roles": roles,
            "pin": pin,
            "badge": f"BADGE-{code.upper()}",
            "locale": locale,
        }

    crew = [person(f"picker{i + 1}", f"Picker {i + 1}", ["worker"]) for i in range(size["pickers"])]
    crew += [person(f"packer{i + 1}", f"Packer {i + 1}", ["worker"]) for i in range(size["pack_stations"])]
    crew += [
        *(person(f"loader{i + 1}", f"Loader {i + 1}", ["lead"]) for i in range(size["lanes"])), person("receiver1", "Receiver 1", ["lead"]),
        person("counter1", "Counter 1", ["worker"]), person("counter2", "Counter 2", ["worker"]),
        person("putter1", "Putaway 1", ["worker"]), person("anna", "Anna (supervisor)", ["supervisor"], "112233"),
        person("wei", "Wei 王伟", ["worker"], "4711", "zh-CN"), person("fin", "Finn (finance)", ["finance", "worker"], "112233"),
    ]  # fmt: skip
    return crew


def equipment(size: Json, first_port: int) -> Json:
    """Devices with their wire addresses, and which station they serve."""
    devices: list[Json] = []
    stations: list[Json] = []

    def port() -> int:
        return first_port + len(devices)

    def tcp(name: str, family: str) -> str:
        devices.append({"id": name, "family": family, "host": HOST, "port": port()})
        return name

    for s in range(1, size["pack_stations"] + 1):
        stations.append({"code": f"PACK-{s}", "kind": "pack", "location": f"PACK-{s}", "scale": tcp(f"scale-{s}", "scale"),
                         "printer": tcp(f"printer-{s}", "printer")})  # fmt: skip
    stations.append({
        "code": "RECV-1", "kind": "receive", "location": "DOCK-1", "scale": tcp("scale-dock", "scale"),
        "printer": tcp("printer-dock", "printer"), "dimensioner": tcp("dws-1", "dws"), "gate": tcp("gate-1", "rfid_gate"),
    })  # fmt: skip
    width = AISLES * AISLE_PITCH_MM // size["lanes"]
    for lane in range(1, size["lanes"] + 1):
        devices.append({"id": f"agv-{lane}", "family": "vehicle", "manufacturer": "simulated", "serial": f"agv-{lane}",
                        "node": f"T{lane}", "x_mm": 4000 + (lane - 1) * width, "y_mm": 2500})  # fmt: skip
    return {"devices": devices, "stations": stations}

"""A small house, loaded through the API as a customer would: two aisles, six articles, two carts, one bench."""

import time
from typing import Any

import httpx

Json = dict[str, Any]
PIN = "4711"
PEOPLE = {"picker1": ["worker"], "picker2": ["worker"], "packer1": ["worker"], "boss": ["supervisor", "finance"]}
GOODS = (
    ("MUG-01", "Stoneware mug, blue, 0.3 l", "蓝色陶瓷杯 0.3 升", "4006381333931", 110, 90, 95, 380),
    ("LAMP-02", "Desk lamp with clamp", "夹式台灯", "4006381333948", 240, 130, 90, 820),
    ("CABLE-03", "USB-C cable, 2 m", "USB-C 数据线 2 米", "4006381333955", 120, 80, 30, 90),
    ("BOOK-04", "Notebook A5, dotted", "A5 点阵笔记本", "4006381333962", 210, 148, 16, 260),
    ("BALL-05", "Juggling balls, set of 3", "杂耍球三只装", "4006381333979", 140, 70, 70, 330),
    ("LOCK-06", "Bicycle lock", "自行车锁", "4006381333986", 160, 120, 45, 610),
)


def badge(code: str) -> str:
    return f"BADGE-{code.upper()}"


def layout() -> Json:
    nodes: list[Json] = [{"code": "PARK", "x_mm": 1000, "y_mm": 1000}, {"code": "DROP", "x_mm": 5000, "y_mm": 1000}]
    edges: list[Json] = [{"a": "PARK", "b": "DROP"}]
    locations: list[Json] = [
        {"code": "CART-PARK", "kind": "cart", "zone": "DOCK", "node": "PARK", "x_mm": 1000, "y_mm": 1000},
        {"code": "PACK-1", "kind": "pack", "zone": "DOCK", "node": "DROP", "x_mm": 5000, "y_mm": 1000},
        {"code": "WALL-1", "kind": "wall", "zone": "DOCK", "node": "DROP", "x_mm": 5000, "y_mm": 2000},
        {"code": "DOCK-1", "kind": "dock", "zone": "DOCK", "node": "PARK", "x_mm": 1000, "y_mm": 0},
        {"code": "SHIP-1", "kind": "ship", "zone": "DOCK", "node": "DROP", "x_mm": 7000, "y_mm": 1000},
    ]
    before = "PARK"
    for aisle, x in (("A", 2000), ("B", 6000)):
        for bay in range(1, 7):
            node, y = f"{aisle}{bay}", 3000 + bay * 1200
            nodes.append({"code": node, "x_mm": x, "y_mm": y})
            edges.append({"a": before, "b": node})
            before = node
            for level in (1, 2):
                locations.append({
                    "code": f"{aisle}-{bay:02d}-{level}", "kind": "bin", "zone": aisle, "aisle": aisle, "node": node,
                    "x_mm": x + 900, "y_mm": y, "level": level - 1, "width_mm": 1150, "depth_mm": 600, "height_mm": 450,
                    "load_max_g": 150_000,
                })  # fmt: skip
    return {"warehouse": "E2E", "timezone": "UTC", "nodes": nodes, "edges": edges, "locations": locations}


def count_rules(*, daily_share_pct: int, empty_checks: int) -> Json:
    """Rules of counting under which every variance is seen by a person."""
    return {
        "daily_share_pct": daily_share_pct, "empty_checks": empty_checks, "tolerance_each": 0, "auto_below_cents": 0,
        "review_hours": 48,
    }  # fmt: skip


def load(admin: httpx.Client) -> None:
    """Tell the server of the site. Asserts that every step was accepted."""

    def post(path: str, body: Any) -> None:
        answer = admin.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, f"{path}: {answer.text}"

    # The worker's clock would plan counts sooner or later than a test thinks: each is asked for by the test that plays it.
    post("/counting/rules", count_rules(daily_share_pct=0, empty_checks=0))
    post("/layout", layout())
    post("/catalog/skus", [
        {"code": code, "name": name, "name_zh": zh, "length_mm": x, "width_mm": y, "height_mm": z, "weight_g": g,
         "codes": [[ean, "EA"]], "value_cents": 1000}
        for code, name, zh, ean, x, y, z, g in GOODS
    ])  # fmt: skip
    post("/catalog/cartons", [
        {"code": "S", "inner_mm": [220, 160, 120], "outer_mm": [228, 168, 128], "tare_g": 90, "load_max_g": 8000},
        {"code": "L", "inner_mm": [400, 300, 250], "outer_mm": [408, 308, 258], "tare_g": 280, "load_max_g": 22_000},
    ])  # fmt: skip
    post(
        "/work/stations",
        [
            {"code": "PACK-1", "kind": "pack", "location": "PACK-1", "scale": "sc-1", "printer": "pr-1"},
            {"code": "RECV-1", "kind": "receive", "location": "DOCK-1", "printer": "pr-2"},
        ],
    )
    bins = [f"{'AB'[i % 2]}-{i // 2 + 1:02d}-1" for i in range(len(GOODS))]
    post("/stock/opening?dry_run=false", [
        {"location": place, "sku": goods[0], "qty_each": 200} for place, goods in zip(bins, GOODS, strict=True)
    ])  # fmt: skip
    units = [{"kind": "cart", "code": f"CART-{n}", "at": "CART-PARK"} for n in range(1, 9)]
    units += [{"kind": "tote", "code": f"TOTE-{n}{i}", "at": f"CART-{n}"} for n in range(1, 9) for i in range(1, 7)]
    units += [{"kind": "tote", "code": f"W-{n}", "at": "WALL-1"} for n in range(1, 9)]
    post("/stock/units", units)
    for code, roles in PEOPLE.items():
        post("/operators", {"code": code, "name": code.capitalize(), "pin": PIN, "roles": roles, "badge": badge(code)})


def order(admin: httpx.Client, ref: str, lines: dict[str, int]) -> str:
    """Accept an order and wait until the floor has been fed with it. Returns its id."""
    body = [
        {"ref": ref, "lines": [{"sku": s, "qty_each": q} for s, q in lines.items()], "destination": {"country": "DE"}}
    ]
    answer = admin.post("/api/v1/orders", json=body)
    assert answer.status_code == 200, answer.text
    order_id: str = answer.json()["ids"][0]
    until(lambda: admin.get(f"/api/v1/orders/{order_id}").json()["state"] != "accepted", f"{ref} to be released")
    until(lambda: admin.get("/api/v1/work/open").json().get("pick", 0) > 0, f"a tour for {ref}")
    return order_id


def until(true: Any, what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)

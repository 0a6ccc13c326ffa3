"""From picks to proposed moves, approval, the PDA and the ledger; the golden lane of a peak; every slot keeps its why."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.integration.house import Client, House, Json, Refused, open_house, pick_all
from wms.events.incidents import IncidentDetected
from wms.twin import measures

BINS = 9


def layout() -> dict[str, Any]:
    """One aisle: carts and benches at its head, bins along it, two heights at each stop."""
    spots = [
        ("CART-PARK", "cart"),
        ("TRANSFER-1", "staging"),
        ("PACK-1", "pack"),
        ("SHIP-1", "ship"),
        ("DOCK-1", "dock"),
    ]
    places = [
        {"code": code, "kind": kind, "zone": "A", "node": f"N{i}", "x_mm": i * 3000, "y_mm": 500, "width_mm": 1200, "depth_mm": 600,
         "height_mm": 500}
        for i, (code, kind) in enumerate(spots)
    ] + [
        {"code": f"A-{n:02d}-{level}", "kind": "bin", "zone": "A", "aisle": "A", "node": f"N{len(spots) + n - 1}", "level": level,
         "x_mm": (len(spots) + n - 1) * 3000, "y_mm": 500, "z_mm": z, "width_mm": 1200, "depth_mm": 600, "height_mm": 500}
        for n in range(1, BINS + 1) for level, z in ((1, 700), (2, 2_000))
    ]  # fmt: skip
    nodes = len(spots) + BINS
    return {
        "warehouse": "W1", "nodes": [{"code": f"N{i}", "x_mm": i * 3000, "y_mm": 0} for i in range(nodes)],
        "edges": [{"a": f"N{i}", "b": f"N{i + 1}"} for i in range(nodes - 1)], "locations": places,
    }  # fmt: skip


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True), seeded=False) as opened:
        await furnish(opened)
        yield opened


async def furnish(house: House) -> None:
    """FAST lies at the far end, high up; SLOW and IDLE have the best places; the rest is free."""
    post = house.admin.post
    await post("/api/v1/layout", layout())
    await post("/api/v1/catalog/skus", [
        {"code": s, "name": s.title(), "length_mm": 100, "width_mm": 80, "height_mm": 40, "weight_g": w, "temperature": "ambient",
         "family": "mugs" if s != "IDLE" else "", "codes": [[f"40{i}0000000017"[:13], "EA"]]}
        for i, (s, w) in enumerate((("FAST", 200), ("SLOW", 250), ("IDLE", 300), ("HEAVY", 9_000)))
    ])  # fmt: skip
    await post("/api/v1/catalog/cartons", [
        {"code": "M", "inner_mm": [300, 220, 160], "outer_mm": [306, 226, 166], "tare_g": 150, "load_max_g": 15000}
    ])  # fmt: skip
    await post("/api/v1/work/stations", [
        {"code": "PACK-1", "kind": "pack", "location": "PACK-1", "scale": "scale-1", "printer": "printer-1"}
    ])  # fmt: skip
    await post("/api/v1/stock/opening?dry_run=false", [
        {"location": at, "sku": s, "qty_each": 40, "received_on": "2026-10-01"}
        for at, s in (("A-09-2", "FAST"), ("A-01-1", "SLOW"), ("A-02-1", "IDLE"), ("A-08-1", "HEAVY"))
    ])  # fmt: skip
    await post("/api/v1/stock/units", [
        {"kind": "cart", "code": "CART-1", "at": "CART-PARK"}, {"kind": "cart", "code": "CART-2", "at": "CART-PARK"},
        *({"kind": "tote", "code": f"T{c}-{i}", "at": f"CART-{c}"} for c in (1, 2) for i in range(1, 9)),
    ])  # fmt: skip


async def pick_some(house: House, *wanted: dict[str, int], cart: str = "CART-1") -> None:
    """One tour with these orders."""
    orders = [await house.order(f"{cart}-{i}", lines) for i, lines in enumerate(wanted)]
    await house.release(*orders)
    await pick_all(house, await house.sign_in("picker"), cart)


async def move(mover: Client, card: Json, to: str) -> None:
    show = card["show"]
    await mover.answer(card, **{"from": show["location"], "sku": show["sku"], "qty": show["qty"], "to": to})


async def propose(house: House, **terms: int) -> Any:
    made = await house.admin.post("/api/v1/slotting/proposals", terms)
    await house.settle()
    return await house.admin.get(f"/api/v1/slotting/proposals/{made['proposal_id']}")


async def test_a_proposal_is_approved_moved_and_kept_with_its_why(house: House) -> None:
    await pick_some(house, {"FAST": 2}, {"FAST": 1, "HEAVY": 1}, {"FAST": 1})
    shown = await propose(house, budget=6, horizon_days=30)
    assert shown["state"] == "planned" and shown["saved_mm"] > 0 and shown["after_mm"] < shown["before_mm"]
    assert 1 <= len(shown["moves"]) <= 6
    fast = next(m for m in shown["moves"] if m["sku"] == "FAST")
    assert (fast["from"], fast["to"][-1]) == ("A-09-2", "1"), "near and within reach"
    assert "easier to reach" in fast["why"] and "m from the benches" in fast["why"]
    assert all(m["net_mm"] > 0 for m in shown["moves"])
    assert shown["heat"]["A-09-2"] == [1.0, 0.0] and shown["heat"][fast["to"]][1] == 1.0
    opened = await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/approve", {"groups": [fast["group"]]})
    mover = await house.sign_in("picker")
    done = 0
    while cards := (await mover.post("/api/v1/pda/move/claim"))["cards"]:
        for card in cards:
            show = card["show"]
            with pytest.raises(Refused) as refused:
                await move(mover, card, "A-05-2")
            assert refused.value.code == "slotting.wrong_location"
            await move(mover, card, show["to"])
            done += 1
    assert done == opened["tasks"]
    await house.settle()
    assert await house.held("FAST") == {f"{fast['to']}:available": 36} | {
        k: v for k, v in (await house.held("FAST")).items() if k.startswith("T")
    }
    (slot,) = await house.admin.get(f"/api/v1/slotting/slots?q={fast['to']}")
    assert slot["sku"] == "FAST" and slot["why"] == fast["why"] and slot["by"] == "picker"
    after = await house.admin.get(f"/api/v1/slotting/proposals/{shown['id']}")
    assert after["state"] == "done"
    assert {m["state"] for m in after["moves"]} <= {"done", "rejected"}
    assert await house.audit_clean()


async def test_what_the_floor_has_overtaken_is_dropped_with_its_reason(house: House) -> None:
    await pick_some(house, {"FAST": 2}, {"FAST": 1})
    shown = await propose(house, budget=4, horizon_days=30)
    order = await house.order("LATER", {"FAST": 5})
    await house.release(order)  # reserves what was to be moved
    fast = next(m for m in shown["moves"] if m["sku"] == "FAST")
    with pytest.raises(Refused) as refused:
        await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/approve", {"groups": [fast["group"]]})
    assert refused.value.code == "slotting.nothing_to_move"
    assert refused.value.params["reasons"] == ["orders have reserved the goods"]


async def test_a_move_that_cannot_be_done_drops_its_group(house: House) -> None:
    await pick_some(house, {"FAST": 2}, {"FAST": 1})
    shown = await propose(house, budget=4, horizon_days=30)
    await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/approve")
    mover = await house.sign_in("picker")
    while cards := (await mover.post("/api/v1/pda/move/claim"))["cards"]:
        await mover.answer(cards[0], problem="blocked")
    after = await house.admin.get(f"/api/v1/slotting/proposals/{shown['id']}")
    assert after["state"] == "done"
    assert {(m["state"], m["ended_why"]) for m in after["moves"]} == {("dropped", "blocked")}
    assert (await house.admin.get("/api/v1/slotting/space"))["free"] == 2 * BINS - 4
    assert await house.audit_clean()


async def test_heavy_goods_are_not_proposed_up_high_and_nobody_answers_twice(house: House) -> None:
    await pick_some(house, {"HEAVY": 1}, {"HEAVY": 1}, {"HEAVY": 1})
    shown = await propose(house, budget=10, horizon_days=90)
    assert all(m["to"].endswith("-1") for m in shown["moves"] if m["sku"] == "HEAVY")
    await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/dismiss")
    with pytest.raises(Refused) as refused:
        await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/approve")
    assert refused.value.code == "slotting.proposal_closed"


async def test_without_tours_there_is_nothing_to_propose_and_it_says_why(house: House) -> None:
    shown = await propose(house)
    assert (shown["moves"], shown["why_none"]) == ([], "no tours were walked in the last days")


async def test_a_peak_slots_its_lane_and_is_measured_against_the_layout_before(house: House) -> None:
    await pick_some(house, {"FAST": 2}, {"FAST": 1})
    assert await lane(house) is None
    boss = await house.sign_in("boss")
    reply = await boss.call(
        "PUT", "/api/v1/slotting/policy", {"budget": 8, "horizon_days": 30, "peak": True, "lane_size": 1}
    )
    assert reply.status_code == 200 and reply.json()["lane"]["change_pct"] is None
    shown = await propose(house)
    assert shown["lane_size"] == 1
    assert {m["sku"] for m in shown["moves"] if m["to"] == "A-01-1"} == {"FAST"}, "the one best position"
    await house.admin.post(f"/api/v1/slotting/proposals/{shown['id']}/approve")
    mover = await house.sign_in("picker")
    while cards := (await mover.post("/api/v1/pda/move/claim"))["cards"]:
        for card in cards:
            show = card["show"]
            await move(mover, card, show["to"])
    await house.settle()
    await pick_some(house, {"FAST": 1}, cart="CART-2")
    change = await lane(house)
    assert change is not None and change < -40
    assert await house.audit_clean()


async def test_a_control_point_out_of_its_limit_asks_for_one_proposal(house: House) -> None:
    await pick_some(house, {"FAST": 1})
    for n in range(2):
        async with house.db.begin() as uow:
            uow.emit(
                IncidentDetected(
                    kind="control.golden-zone",
                    key=f"control:golden-zone:{n}",
                    subject="golden-zone",
                    detail={},
                    owner="lead",
                )
            )
        await house.settle()
    (shown,) = await house.admin.get("/api/v1/slotting/proposals")
    assert shown["state"] == "planned"


async def lane(house: House) -> float | None:
    async with house.db.begin() as uow:
        return (await measures.golden_lane(uow)).value

"""Waves that are shown before they are released, release channels, and whether an order makes its truck."""

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import House, Refused, open_house, pick_all
from wms.processes.order_release import service as release


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def draft(house: House, *order_ids: str) -> str:
    wave = await house.admin.post("/api/v1/waves", {"name": "noon", "order_ids": list(order_ids), "draft": True})
    await house.settle()
    return str(wave["wave_id"])


async def feed(house: House) -> None:
    async with house.db.begin() as uow:
        await release.feed(uow)
    await house.settle()


def at(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def test_a_draft_is_shown_and_takes_nothing_until_it_is_confirmed(house: House) -> None:
    first, second = await house.order("O1", {"A": 2, "B": 1}), await house.order("O2", {"A": 1})
    wave = await draft(house, first, second)
    shown = await house.admin.get(f"/api/v1/waves/{wave}/plan")
    assert shown["state"] == "planned"
    (tour,) = shown["tours"]
    assert (tour["orders"], tour["pieces"], shown["summary"]["cartons"]) == (2, 4, 2)
    assert tour["length_mm"] == drawn(tour["path"]) and tour["time_s"] > 0
    assert {o["ref"] for o in shown["orders"]} == {"O1", "O2"} and shown["refused"] == []
    assert await house.state(first) == await house.state(second) == "accepted"
    assert (await house.admin.post(f"/api/v1/waves/{wave}/confirm"))["orders"] == 2
    await house.settle()
    assert await house.state(first) == await house.state(second) == "released"
    picker = await house.sign_in("picker")
    card = (await picker.post("/api/v1/pda/pick/claim"))["cards"][0]
    assert (card["show"]["orders"], card["show"]["length_m"]) == (2, round(tour["length_mm"] / 1_000))
    (before,) = await house.admin.get(f"/api/v1/tours?wave_id={wave}")
    assert (before["state"], before["actual_s"], before["stops_done"]) == ("planned", None, 0)
    assert before["length_mm"] == tour["length_mm"] and set(before["order_ids"]) == {first, second}
    assert before["expected_s"] == pytest.approx(tour["time_s"], abs=1)
    await pick_all(house, picker)
    (after,) = await house.admin.get(f"/api/v1/tours?wave_id={wave}")
    assert after["actual_s"] > 0 and after["stops_done"] == after["stops"] == 3
    assert await house.audit_clean()


def drawn(path: list[list[int]]) -> int:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(path))


async def test_an_order_that_changed_in_a_draft_waits_for_the_next_wave(house: House) -> None:
    same, other = await house.order("O1", {"A": 2}), await house.order("O2", {"A": 3})
    wave = await draft(house, same, other)
    lines = [{"sku": "A", "qty_each": 1}, {"sku": "B", "qty_each": 2}]
    await house.admin.call("PATCH", f"/api/v1/orders/{other}", {"lines": lines})
    await house.admin.post(f"/api/v1/waves/{wave}/confirm")
    await house.settle()
    assert (await house.state(same), await house.state(other)) == ("released", "accepted")
    [refused] = (await house.admin.get(f"/api/v1/waves/{wave}/plan"))["refused"]
    assert "changed meanwhile" in refused["why"]
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text("SELECT sum(open_each) FROM reservation WHERE state = 'pending'")) == 2
    await house.release(other)
    assert await house.state(other) == "released" and await house.audit_clean()


async def test_a_draft_names_what_it_cannot_plan_and_changes_nothing(house: House) -> None:
    greedy = await house.order("O1", {"A": 500}, short_policy="complete_only")
    wave = await draft(house, greedy, await house.order("O2", {"A": 1}))
    shown = await house.admin.get(f"/api/v1/waves/{wave}/plan")
    assert [(r["ref"], "short" in r["why"]) for r in shown["refused"]] == [("O1", True)]
    assert await house.state(greedy) == "accepted" and await house.incidents() == []
    await house.admin.post(f"/api/v1/waves/{wave}/undo", {})
    with pytest.raises(Refused) as refused:
        await house.admin.post(f"/api/v1/waves/{wave}/confirm")
    assert refused.value.code == "release.wave_closed"


async def test_an_order_in_a_draft_is_not_planned_twice(house: House) -> None:
    order = await house.order("O1", {"A": 1})
    await draft(house, order)
    with pytest.raises(Refused) as refused:
        await house.admin.post("/api/v1/waves", {"name": "again", "order_ids": [order]})
    assert refused.value.code == "release.nothing_to_release"


async def test_an_order_that_was_cancelled_meanwhile_is_left_out_of_the_confirmed_wave(house: House) -> None:
    gone, stays = await house.order("O1", {"A": 1}), await house.order("O2", {"A": 1})
    wave = await draft(house, gone, stays)
    await house.admin.post(f"/api/v1/orders/{gone}/cancel", {})
    await house.admin.post(f"/api/v1/waves/{wave}/confirm")
    await house.settle()
    assert (await house.state(gone), await house.state(stays)) == ("cancelled", "released")
    assert await house.audit_clean()


async def test_a_plan_that_nobody_wanted_gives_its_orders_back(house: House) -> None:
    order = await house.order("O1", {"A": 1})
    await draft(house, order)
    async with house.db.begin() as uow:
        uow.now += timedelta(minutes=31)
        await release.drop_old_drafts(uow)
    await house.release(order)
    assert await house.state(order) == "released"


async def test_a_large_wave_is_released_in_parts_with_its_tours_whole(house: House) -> None:
    ids = [await house.order(f"O{i}", {"A" if i % 2 else "B": 1}) for i in range(40)]
    wave = await draft(house, *ids)
    planned = (await house.admin.get(f"/api/v1/waves/{wave}/plan"))["orders"]
    await house.admin.post(f"/api/v1/waves/{wave}/confirm")
    await house.settle()
    assert {await house.state(i) for i in ids} == {"released"}
    async with house.db.begin() as uow:
        from sqlalchemy import text

        rows = await uow.session.execute(text("SELECT tour_id, order_id FROM tour_slot"))
        carts: dict[Any, set[str]] = {}
        for tour, order in rows:
            carts.setdefault(tour, set()).add(str(order))
    by_tour: dict[int, set[str]] = {}
    for o in planned:
        by_tour.setdefault(o["tour"], set()).add(o["id"])
    assert sorted(map(sorted, carts.values())) == sorted(map(sorted, by_tour.values()))


async def test_the_stream_feeds_the_floor_up_to_its_room_and_no_more(house: House) -> None:
    ids = [await house.order(f"O{i}", {"A": 1}) for i in range(6)]
    await house.admin.call("PUT", "/api/v1/release-channels/stream", {"mode": "stream", "wip_max": 4})
    await feed(house)
    assert sorted([await house.state(i) for i in ids]) == ["accepted"] * 2 + ["released"] * 4
    await feed(house)
    assert sorted([await house.state(i) for i in ids]) == ["accepted"] * 2 + ["released"] * 4, "no more than its cap"


async def test_a_locked_channel_keeps_its_orders_and_the_others_flow(house: House) -> None:
    urgent, other = await house.order("O1", {"A": 1}, priority=1), await house.order("O2", {"A": 1})
    put = {"mode": "stream", "state": "locked", "seq": 1, "filter": {"priority_max": 2}}
    await house.admin.call("PUT", "/api/v1/release-channels/urgent", put)
    await feed(house)
    assert (await house.state(urgent), await house.state(other)) == ("accepted", "released")
    board = await house.admin.get("/api/v1/release-channels")
    assert [(c["code"], c["waiting"]) for c in board["channels"]] == [("urgent", 1), ("stream", 0)]
    await house.admin.call("DELETE", "/api/v1/release-channels/urgent")
    await feed(house)
    assert await house.state(urgent) == "released", "the next channel takes what the deleted one kept"


async def test_a_channel_wakes_by_itself(house: House) -> None:
    order = await house.order("O1", {"A": 1})
    put = {"mode": "stream", "state": "asleep", "wakes_at": at(1)}
    await house.admin.call("PUT", "/api/v1/release-channels/stream", put)
    await feed(house)
    assert await house.state(order) == "accepted"
    await house.admin.call("PUT", "/api/v1/release-channels/stream", put | {"wakes_at": at(-0.01)})
    await feed(house)
    assert await house.state(order) == "released"


async def test_a_wave_channel_releases_by_carrier_and_cut_off(house: House) -> None:
    soon = await house.order("O1", {"A": 1}, cutoff_at=at(1))
    late = await house.order("O2", {"A": 1}, cutoff_at=at(9))
    put = {"mode": "wave", "seq": 1, "lead_min": 120}
    await house.admin.call("PUT", "/api/v1/release-channels/trucks", put)
    await feed(house)
    assert (await house.state(soon), await house.state(late)) == ("released", "accepted")


async def test_settings_that_contradict_each_other_are_refused(house: House) -> None:
    reply = await house.admin.call("PUT", "/api/v1/release-channels/x", {"mode": "wave"})
    assert (reply.status_code, reply.json()["code"]) == (422, "release.bad_channel")
    reply = await house.admin.call("DELETE", "/api/v1/release-channels/x")
    assert reply.json()["code"] == "release.unknown_channel"


async def test_every_order_knows_whether_it_makes_its_truck_and_why_not(house: House) -> None:
    safe = await house.order("O1", {"A": 1}, cutoff_at=at(9))
    lost = await house.order("O2", {"A": 1}, cutoff_at=at(0.1))
    short = await house.order("O3", {"A": 500}, cutoff_at=at(9), short_policy="complete_only")
    await house.release(short)
    answers = {i: await house.admin.get(f"/api/v1/promises/{i}") for i in (safe, lost, short)}
    assert [answers[i]["verdict"] for i in (safe, lost, short)] == ["makes", "misses", "misses"]
    assert answers[short]["reasons"][0] == {"code": "stock", "seconds": None, "count": 0}
    assert answers[lost]["slack_s"] < 0 and answers[lost]["reasons"]
    trucks = await house.admin.get("/api/v1/promises")
    assert sum(t["makes"] for t in trucks["trucks"]) == 1
    assert [r["ref"] for r in trucks["at_risk"]] == ["O3", "O2"]


async def test_stages_are_stamped_so_that_the_floor_knows_its_pace(house: House) -> None:
    order = await house.order("O1", {"A": 1})
    await house.release(order)
    await pick_all(house, await house.sign_in("picker"))
    board = await house.admin.get("/api/v1/release-channels")
    assert board["pace"]["per_h"] > 0
    reply = await house.admin.call("GET", "/api/v1/promises/01890000-0000-7000-8000-000000000000")
    assert reply.json()["code"] == "orders.unknown_order"


async def test_densest_first_releases_so_many_pieces_and_the_others_wait_on_unharmed(house: House) -> None:
    many, few = await house.order("O1", {"A": 4}), await house.order("O2", {"B": 1})
    made = await house.admin.post("/api/v1/waves", {"name": "short of hands", "limit": 10, "pieces_max": 4})
    await house.settle()
    shown = await house.admin.get(f"/api/v1/waves/{made['wave_id']}/plan")
    assert await house.state(many) == "released" and await house.state(few) == "accepted"
    assert [(r["ref"], r["why"]) for r in shown["refused"]] == [
        ("O2", "left for a later wave: 4 pieces from 1 aisle(s) go first, 4.0 per aisle")
    ]
    await house.admin.post(f"/api/v1/waves/{made['wave_id']}/orders", {"order_ids": [few]})
    await house.settle()
    assert await house.state(few) == "accepted", "orders added later come on top of the pieces that went"
    assert await house.incidents() == [], "nothing is wrong with what waits"
    await house.admin.post("/api/v1/waves", {"name": "the rest", "limit": 10})
    await house.settle()
    assert await house.state(few) == "released"
    assert await house.audit_clean()

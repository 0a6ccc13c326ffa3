"""A carton assortment is asked for, chosen by the solver, accepted; cartons come and go."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import House, Refused, open_house, pack_order, pick_all


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    """One parcel was packed, and 60 like it with other numbers of pieces."""
    async with open_house(new_db(migrated=True)) as opened:
        order = await opened.order("O1", {"A": 2})
        await opened.release(order)
        tote = await pick_all(opened, await opened.sign_in("picker"))
        await pack_order(opened, await opened.sign_in("packer"), tote)
        async with opened.db.begin() as uow:
            await uow.session.execute(text("""
                INSERT INTO parcel SELECT (jsonb_populate_record(p, jsonb_build_object(
                  'id', gen_random_uuid(), 'hu_id', -n, 'sscc', 'x' || n,
                  'items', (SELECT jsonb_build_object(key, 1 + n % 7) FROM jsonb_each_text(p.items) LIMIT 1)))).*
                FROM parcel p CROSS JOIN generate_series(1, 60) n WHERE state = 'labelled'"""))  # fmt: skip
        yield opened


async def test_sizes_are_chosen_and_accepted(house: House) -> None:
    boss = await house.sign_in("boss")
    with pytest.raises(Refused) as unknown:
        await boss.post("/api/v1/assortment", {"sizes": 3, "locked": ["NONE"]})
    assert unknown.value.code == "assortment.unknown_carton"
    asked = (await boss.post("/api/v1/assortment", {"sizes": 3, "locked": ["M"]}))["id"]
    with pytest.raises(Refused) as early:
        await boss.post(f"/api/v1/assortment/{asked}/accept", {})
    assert early.value.code == "assortment.decided"
    await house.settle()
    (made,) = (await boss.get("/api/v1/assortment"))["proposals"]
    assert (made["state"], len(made["made"]["sizes"])) == ("ready", 3)
    assert [s["locked"] for s in made["made"]["sizes"]].count("M") == 1
    assert made["made"]["proposed"]["fill"] > made["made"]["now"]["fill"] and made["made"]["saved_pct"] > 0
    assert made["made"]["now"]["parcels"] == made["made"]["proposed"]["parcels"] > 5
    with pytest.raises(Refused) as locked:
        await boss.post(f"/api/v1/assortment/{asked}/accept", {"retire": ["M"]})
    assert locked.value.code == "assortment.unknown_carton"
    told = await boss.post(f"/api/v1/assortment/{asked}/accept", {})
    cartons = {c["code"]: c for c in (await boss.get("/api/v1/assortment"))["cartons"]}
    assert len(told["created"]) == 2 and set(cartons) == {"M", *told["created"]}
    new = cartons[told["created"][0]]
    assert all(o == i + 8 for i, o in zip(new["inner_mm"], new["outer_mm"], strict=True)), "4 mm of board on each side"
    with pytest.raises(Refused) as twice:
        await boss.post(f"/api/v1/assortment/{asked}/accept", {})
    assert twice.value.code == "assortment.decided"
    second = (await boss.post("/api/v1/assortment", {"sizes": 2}))["id"]
    await house.settle()
    gone = await boss.post(f"/api/v1/assortment/{second}/accept", {"retire": ["M"]})
    assert gone["retired"] == ["M"]
    assert "M" not in {c["code"] for c in (await boss.get("/api/v1/assortment"))["cartons"]}
    assert "comparable from" in (await boss.get("/api/v1/assortment/baseline"))["why_not"]


async def test_too_little_history_says_so(house: House) -> None:
    async with house.db.begin() as uow:
        await uow.session.execute(text("DELETE FROM parcel"))
    asked = (await house.admin.post("/api/v1/assortment", {"sizes": 2}))["id"]
    await house.settle()
    (made,) = (await house.admin.get("/api/v1/assortment"))["proposals"]
    assert made["state"] == "failed" and "too few" in made["why"]
    await house.admin.post(f"/api/v1/assortment/{asked}/dismiss")
    with pytest.raises(Refused) as worker:
        await (await house.sign_in("packer")).post("/api/v1/assortment", {"sizes": 2})
    assert worker.value.code == "common.not_allowed"

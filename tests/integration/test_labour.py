"""Standards and people, through the API."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.house import House, Refused, open_house, pack_order, pick_all


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def test_work_done_is_set_against_its_standard_and_work_to_do_becomes_people(house: House) -> None:
    await house.release(await house.order("O1", {"A": 3, "B": 1, "C": 1}), await house.order("O2", {"C": 2}))
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    await house.order("O3", {"A": 2, "C": 1}, cutoff_at=soon)
    picker, packer = await house.sign_in("picker"), await house.sign_in("packer")
    tote = await pick_all(house, picker)
    await pack_order(house, packer, tote)
    board = await house.admin.get("/api/v1/labour")
    done = {p["kind"]: p for p in board["performance"]}
    assert done["pick"]["tasks"] == 3 and done["pick"]["expected_s"] > 0, "four picks, of which one fetched the cart"
    assert {p["by"] for p in board["performance"]} == {""} and board["people_compared"] is False
    crews = {(c["kind"], c["zone"]): c for c in board["crews"]}
    assert crews["pack", ""]["tasks"] == 2
    picks = [c for kind, c in ((k[0], c) for k, c in crews.items()) if kind == "pick"]
    assert sum(c["tasks"] for c in picks) == 2
    assert sum(h["people"] for c in picks for h in c["plan"][:2]) >= 1
    assert {s["kind"] for s in board["standards"]} >= {"pick", "pack"}


async def test_learning_from_few_timings_changes_nothing(house: House) -> None:
    assert (await house.admin.post("/api/v1/labour/learn"))["changed"] == []


async def test_the_board_is_for_leads(house: House) -> None:
    with pytest.raises(Refused) as refused:
        await (await house.sign_in("picker")).get("/api/v1/labour")
    assert refused.value.status == 403

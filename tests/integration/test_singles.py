"""Single-unit orders: picked together by SKU, matched at the bench to the earliest cut-off, one label for each piece."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, do_pick, open_house

EAN = {"A": "4000000000017", "B": "4010000000017"}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def single(house: House, ref: str, sku: str, hours: float = 5, **more: object) -> str:
    return await house.order(ref, {sku: 1}, cutoff_at=str(house.db.clock.now() + timedelta(hours=hours)), **more)


async def brought(house: House, *order_ids: str) -> tuple[str, list[Json]]:
    """Release as singles, pick the tour, put the cart at the bench. Returns the tote and the pick cards."""
    await house.admin.post("/api/v1/waves", {"name": "singles", "order_ids": list(order_ids), "method": "singles"})
    await house.settle()
    picker = await house.sign_in("picker")
    (card,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    cards: list[Json] = (await picker.answer(card, cart="CART-1"))["cards"]
    for each in cards[:-1]:
        await do_pick(picker, each)
    await picker.answer(cards[-1], drop="PACK-1")
    await house.settle()
    return str(cards[0]["show"]["tote"]), cards[:-1]


async def at(packer: Client, tote: str) -> Json:
    (card,) = (await packer.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": tote}}))["cards"]
    return card  # type: ignore[no-any-return]


async def scan(packer: Client, card: Json, sku: str) -> Json:
    """Scan a piece. Returns the answer."""
    return await packer.answer(card, item=EAN[sku])


async def finish(house: House, packer: Client, card: Json) -> tuple[str, Json, int]:
    """Carton, scale, label. Returns the SSCC, the next card, and how often a hand scanned."""
    assert [s["kind"] for s in card["steps"]] == ["scan"], "the carton alone: the piece is in hand"
    (card,) = (await packer.answer(card, carton=card["show"]["carton"]))["cards"]
    await house.hear("scale-1", "weight_measured", {"weight_g": card["show"]["expected_g"], "interval_g": 1})
    assert await house.device_answers("print") == 1
    (card,) = (await packer.get(card["steps"][0]["poll"]))["cards"]
    sscc = str(card["show"]["sscc"])
    (after,) = (await packer.answer(card, label=sscc))["cards"]
    await house.settle()
    return sscc, after, 2


async def test_the_piece_goes_to_the_earliest_cut_off_and_every_piece_gets_one_label(house: House) -> None:
    late, early, other = (
        await single(house, "LATE", "A", 6),
        await single(house, "EARLY", "A", 2),
        await single(house, "B1", "B"),
    )
    tote, cards = await brought(house, late, early, other)
    assert sorted((c["show"]["sku"], c["show"]["qty"]) for c in cards) == [("A", 2), ("B", 1)]
    assert {c["show"]["tote"] for c in cards} == {tote}
    assert [await house.state(i) for i in (late, early, other)] == ["picked"] * 3
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    assert start["show"]["waiting"] == [tote]
    card = (await packer.answer(start, tote=tote))["cards"][0]
    assert (card["id"], card["show"]["left_in_tote"]) == (f"singles:{tote}:3", 3)
    labels, order = [], []
    for sku in ("A", "B", "A"):
        said = await scan(packer, card, sku)
        assert said["message"] == "pack.matched"
        order.append(said["cards"][0]["show"]["order"])
        sscc, card, scans = await finish(house, packer, said["cards"][0])
        labels.append(sscc)
        # A scan 1.5 s, a piece into its carton 3 s, the scale 1.5 s, the label on 3 s: handling of one piece.
        assert (1 + scans) * 1.5 + 3 + 1.5 + 3 <= 12
    assert order == ["EARLY", "B1", "LATE"]
    assert len(set(labels)) == 3
    assert card["id"] == "tote:PACK-1", "the tote is through"
    assert [await house.state(i) for i in (late, early, other)] == ["labelled"] * 3
    async with house.db.begin() as uow:
        bound = await uow.session.scalar(
            text("SELECT count(*) FROM handling_unit WHERE bound_to IS NOT NULL AND kind IN ('tote','cart')")
        )
        waits = await uow.session.scalar(text("SELECT count(*) FROM single_wait"))
    assert (bound, waits) == (0, 0)
    assert await house.audit_clean()


async def test_only_orders_of_one_piece_are_picked_as_singles(house: House) -> None:
    two, line = await house.order("TWO", {"A": 2}), await house.order("LINES", {"A": 1, "B": 1})
    with pytest.raises(Refused) as none:
        await house.admin.post("/api/v1/waves", {"name": "singles", "order_ids": [two, line], "method": "singles"})
    assert none.value.code == "release.nothing_to_release"
    reply = await house.admin.call(
        "PUT", "/api/v1/release-channels/singles", {"seq": 1, "mode": "stream", "method": "singles"}
    )
    assert reply.status_code == 200
    one = await single(house, "ONE", "A")
    async with house.db.begin() as uow:
        from wms.processes.order_release import queries

        given = await queries.release_channels(uow)
        waiting = await queries.waiting(uow, given)
        from wms.processes.order_release.rules.channels import share_out

        assert [str(w.order_id) for w in share_out(given, waiting)[given[0].id]] == [one]


async def test_a_cancelled_orders_piece_serves_the_next_and_the_rest_is_put_back(house: House) -> None:
    first, second = await single(house, "FIRST", "A", 2), await single(house, "SECOND", "A", 6)
    tote, _ = await brought(house, first, second)
    packer = await house.sign_in("packer")
    card = (await scan(packer, await at(packer, tote), "A"))["cards"][0]
    assert card["show"]["order"] == "FIRST"
    await house.admin.post(f"/api/v1/orders/{first}/cancel", {})
    await house.settle()
    with pytest.raises(Refused) as gone:
        await packer.answer(card, carton="M")
    assert gone.value.code == "orders.is_cancelled"
    said = await scan(packer, await at(packer, tote), "A")
    assert said["cards"][0]["show"]["order"] == "SECOND"
    _, card, _ = await finish(house, packer, said["cards"][0])
    said = await scan(packer, card, "A")
    assert (said["level"], said["message"]) == ("warn", "pack.nobody_wants")
    said = await packer.answer(said["cards"][0], problem="tote_done")
    assert (said["message"], said["params"]) == ("pack.left_over", {"left": 1})
    await house.settle()
    assert "pack.leftover" in await house.incidents()
    async with house.db.begin() as uow:
        tasks = list(await uow.session.scalars(text("SELECT kind FROM task WHERE state = 'open'")))
    assert tasks == ["putaway"]
    with pytest.raises(Refused) as over:
        await at(packer, tote)
    assert over.value.code == "packing.not_a_pack_tote"
    assert sum((await house.held("A")).values()) == 20
    assert await house.audit_clean()


async def test_a_held_order_is_passed_over_and_no_piece_is_given_twice(house: House) -> None:
    from wms.foundation.orders import service as orders

    first, second = await single(house, "FIRST", "A", 2), await single(house, "SECOND", "A", 6)
    tote, _ = await brought(house, first, second)
    async with house.db.begin() as uow:
        from uuid import UUID

        await orders.hold(uow, UUID(first), "customs", "customs.papers", "no invoice")
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    card = (await scan(packer, await at(packer, tote), "A"))["cards"][0]
    assert card["show"]["order"] == "SECOND"
    again = (await scan(packer, await at(packer, tote), "A"))["cards"][0]
    assert again["id"] == card["id"], "scanned again it is the same parcel"
    await house.admin.post("/api/v1/work/stations", [
        {"code": "PACK-2", "kind": "pack", "location": "PACK-1", "scale": "scale-2", "printer": "printer-1"}
    ])  # fmt: skip
    other = (await lead.post("/api/v1/pda/pack/PACK-2/tote", {"answers": {"tote": tote}}))["cards"][0]
    assert other["show"]["left_in_tote"] == 1
    assert (await scan(lead, other, "A"))["message"] == "pack.nobody_wants"
    with pytest.raises(Refused) as strange:
        await scan(lead, other, "B")
    assert strange.value.code == "packing.not_in_tote"
    with pytest.raises(Refused) as early:
        await packer.answer(await at(packer, tote), problem="tote_done")
    assert early.value.code == "packing.parcel_busy"


async def test_two_benches_that_scan_the_last_piece_at_once_get_one_parcel(house: House) -> None:
    ids = [await single(house, f"O{i}", "A", 2 + i) for i in range(2)]
    tote, _ = await brought(house, *ids)
    await house.admin.post("/api/v1/work/stations", [
        {"code": "PACK-2", "kind": "pack", "location": "PACK-1", "scale": "scale-2", "printer": "printer-1"}
    ])  # fmt: skip
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    said = await scan(packer, await at(packer, tote), "A")
    await finish(house, packer, said["cards"][0])
    first = (await packer.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": tote}}))["cards"][0]
    other = (await lead.post("/api/v1/pda/pack/PACK-2/tote", {"answers": {"tote": tote}}))["cards"][0]
    said, late = await asyncio.gather(scan(packer, first, "A"), scan(lead, other, "A"), return_exceptions=True)
    refused = [x for x in (said, late) if isinstance(x, Refused)]
    assert [r.code for r in refused] == ["packing.not_in_tote"], (said, late)
    async with house.db.begin() as uow:
        n = await uow.session.scalar(text("SELECT count(*) FROM parcel WHERE state = 'open'"))
    assert n == 1


async def test_a_short_single_leaves_the_others_whole(house: House) -> None:
    ids = [await single(house, f"O{i}", "A", 2 + i) for i in range(3)]
    await house.admin.post("/api/v1/waves", {"name": "singles", "order_ids": ids, "method": "singles"})
    await house.settle()
    picker = await house.sign_in("picker")
    (card,) = (await picker.post("/api/v1/pda/pick/claim"))["cards"]
    cards = (await picker.answer(card, cart="CART-1"))["cards"]
    assert cards[0]["show"]["qty"] == 3
    reply = await do_pick(picker, cards[0], qty=2, problem="short")
    await picker.answer(reply["cards"][-1], drop="PACK-1")
    await house.settle()
    assert sorted([await house.state(i) for i in ids]) == ["cancelled", "picked", "picked"]
    assert await house.audit_clean()


async def test_a_weight_that_is_off_puts_the_piece_back_and_asks_for_it_again(house: House) -> None:
    order = await single(house, "O1", "A")
    tote, _ = await brought(house, order)
    packer = await house.sign_in("packer")
    card = (await scan(packer, await at(packer, tote), "A"))["cards"][0]
    (card,) = (await packer.answer(card, carton="M"))["cards"]
    await house.hear("scale-1", "weight_measured", {"weight_g": 9_000, "interval_g": 1})
    off = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    assert [s["kind"] for s in again["steps"]] == ["scan", "quantity", "choice"]
    assert (await house.held("A"))[f"{tote}:available"] == 1
    assert await house.audit_clean()

"""The bench's weight check: learned tolerances, forced scans, what opening a parcel has shown."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.integration.house import Client, House, Json, Refused, fill_parcel, open_house, pack_order, pick_all


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def opened(house: House, packer: Client, ref: str, lines: dict[str, int]) -> Json:
    """The card of an order's parcel at the bench."""
    await house.release(await house.order(ref, lines))
    tote = await pick_all(house, await house.sign_in("picker"))
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card: Json = (await packer.answer(start, tote=tote))["cards"][0]
    return card


async def weigh(house: House, packer: Client, card: Json, weight_g: int) -> Json:
    await house.hear("scale-1", "weight_measured", {"weight_g": weight_g, "interval_g": 1})
    said: Json = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    return said


async def learn(house: House, sku: str, unit_g: float, carton_g: float = 150.0, samples: int = 60) -> None:
    """As after many parcels that weighed the same."""
    from sqlalchemy import text

    async with house.db.begin() as uow:
        sku_id = await uow.session.scalar(text("SELECT id FROM sku WHERE code = :c"), {"c": sku})
        for kind, key, mean in (("sku", str(sku_id), unit_g), ("carton", "M", carton_g)):
            await uow.session.execute(
                text("INSERT INTO learned_weight VALUES (:k, :key, :n, 3 * :n, :mean, 0, 0, now()) ON CONFLICT DO NOTHING"),
                {"k": kind, "key": key, "n": samples, "mean": mean},
            )  # fmt: skip


async def learned(house: House) -> dict[str, Any]:
    return {f"{w['kind']}": w for w in await house.admin.get("/api/v1/pack-station/weights")}


async def test_a_parcel_that_agrees_teaches_and_one_that_was_off_does_not(house: House) -> None:
    packer = await house.sign_in("packer")
    await house.release(await house.order("O1", {"A": 2}))
    await pack_order(house, packer, await pick_all(house, await house.sign_in("picker")))
    told = (await learned(house))["sku"]
    assert (told["samples"], told["mean_g"], told["warm"]) == (1, 200.0, False)
    card = await fill_parcel(packer, await opened(house, packer, "O2", {"A": 2}))
    off = await weigh(house, packer, card, card["show"]["expected_g"] + 100)
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    card = await fill_parcel(packer, again)
    await weigh(house, packer, card, card["show"]["expected_g"])
    assert (await learned(house))["sku"]["samples"] == 1


async def test_a_learned_weight_replaces_the_declared_one_and_narrows_the_tolerance(house: House) -> None:
    packer = await house.sign_in("packer")
    await learn(house, "A", 204.0)
    card = await fill_parcel(packer, await opened(house, packer, "O1", {"A": 3}))
    assert (card["show"]["expected_g"], card["show"]["tolerance_g"]) == (3 * 204 + 150, 3)
    off = await weigh(house, packer, card, 3 * 204 + 150 - 12)
    assert off["id"].startswith("off:"), "within 3 %, and yet not as these parcels weigh"


async def test_where_the_scale_cannot_see_a_unit_every_unit_is_scanned(house: House) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "TINY", "name": "Washer", "length_mm": 10, "width_mm": 10, "height_mm": 2, "weight_g": 3}
    ])  # fmt: skip
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": "A-01", "sku": "TINY", "qty_each": 20, "received_on": "2026-10-01"}
    ])  # fmt: skip
    await house.admin.post("/api/v1/pack-station/policy", {"scan_once": True})
    packer = await house.sign_in("packer")
    card = await opened(house, packer, "O1", {"TINY": 2, "B": 1})
    assert all(s["scan_only"] and s["count_each"] for s in card["steps"] if s["kind"] == "quantity")


async def test_a_site_may_let_equal_units_be_scanned_once(house: House) -> None:
    packer = await house.sign_in("packer")
    await learn(house, "A", 200.0)
    card = await opened(house, packer, "O1", {"A": 3})
    assert [s["kind"] for s in card["steps"]] == ["scan", "quantity"]
    assert not card["steps"][1]["scan_only"]
    await house.admin.post("/api/v1/pack-station/policy", {"scan_once": True})
    again = (await packer.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": card["show"]["tote"]}}))["cards"][0]
    assert [s["kind"] for s in again["steps"]] == ["scan", "scan", "quantity"]
    assert not again["steps"][2]["count_each"]
    await fill_parcel(packer, again)


async def test_the_second_failure_is_a_leads_and_what_was_found_is_kept(house: House) -> None:
    packer, lead = await house.sign_in("packer"), await house.sign_in("lead")
    card = await fill_parcel(packer, await opened(house, packer, "O1", {"A": 2}))
    off = await weigh(house, packer, card, card["show"]["expected_g"] + 90)
    assert off["problems"] == ["open_and_check", "set_aside"]
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    finding = again["steps"][-1]
    assert (finding["id"], finding["kind"]) == ("finding", "choice")
    with pytest.raises(Refused) as silent:
        await fill_parcel(packer, again, finding="")
    assert silent.value.code == "packing.finding_needed"
    card = await fill_parcel(packer, again, finding="nothing")
    off = await weigh(house, packer, card, card["show"]["expected_g"] + 90)
    assert off["problems"] == ["set_aside"]
    with pytest.raises(Refused) as alone:
        await packer.answer(off, problem="open_and_check")
    assert alone.value.code == "packing.aside"
    await packer.answer(off, problem="set_aside")
    by_lead = (await lead.post("/api/v1/pda/pack/PACK-1/tote", {"answers": {"tote": again["show"]["tote"]}}))["cards"][
        0
    ]
    card = await fill_parcel(lead, by_lead, finding="unit_weight")
    await house.settle()
    assert "pack.measure_again" in await house.incidents()
    assert [c["reason"] for c in await house.admin.get("/api/v1/pack-station/checks")] == ["unit_weight", "nothing"]
    assert (await weigh(house, lead, card, card["show"]["expected_g"] + 90))["id"].startswith("off:"), "never by force"


async def test_a_measured_unit_frees_the_parcel_that_waits(house: House) -> None:
    packer = await house.sign_in("packer")
    card = await fill_parcel(packer, await opened(house, packer, "O1", {"A": 2}))
    off = await weigh(house, packer, card, 2 * 250 + 150)
    assert off["id"].startswith("off:")
    async with house.db.begin() as uow:
        from wms.foundation.catalog import queries as catalog
        from wms.foundation.catalog import service

        sku = await catalog.sku_by_code(uow, "A")
        await service.record_measurement(uow, sku.id, "EA", 100, 80, 40, 250)
    await house.settle()
    await weigh(house, packer, off, 2 * 250 + 150)
    assert len(await house.commands("print")) == 1
    assert await house.audit_clean()

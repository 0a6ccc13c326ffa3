"""Goods known by their serials at a value-added station: boxed for a marketplace, made into kits and taken out again, by name."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, open_house
from tests.integration.test_fba import box_up, close, planned, prepare, shown
from tests.integration.test_serials import opening, sku, where
from tests.integration.test_value_added import BENCH, answers, at_bench, begin, put_recipe, work_order

CAMS = [f"SN{n:03}" for n in range(1, 7)]
PAIRS = [f"EAR{n}" for n in range(1, 6)]
CAM: Json = {"sku": "CAM", "fnsku": "X00CAM", "qty_each": 3, "prep": ["label"]}
PAIR: Json = {"sku": "EAR", "fnsku": "X00EAR", "qty_each": 2, "unit_each": 2, "prep": ["bundle", "polybag", "label"]}


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """The seeded house, a station VAS-1 with cameras, and earphones of two lots, at it, each with its serial."""
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/work/stations", [
            {"code": "VAS-1", "kind": "vas", "location": BENCH, "printer": "printer-1"}
        ])  # fmt: skip
        await sku(opened, "CAM", "always")
        await sku(opened, "EAR", "on_receipt")
        await opening(opened, "CAM", CAMS, at=BENCH)
        await opened.admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": BENCH, "sku": "EAR", "qty_each": len(part), "lot": f"L{i}", "expires_on": "2028-01-01", "serials": part}
            for i, part in enumerate((PAIRS[:1], PAIRS[1:]))
        ])  # fmt: skip
        yield opened


async def no(worker: Client, card: Json, **said: object) -> tuple[str, Json]:
    """Code and words of a refusal."""
    with pytest.raises(Refused) as refused:
        await worker.answer(card, **said)
    return str(refused.value.code).removeprefix("value_added."), refused.value.params


async def shipped(house: House, code: str) -> list[str]:
    """Serials that left for the customer."""
    async with house.db.begin() as uow:
        rows = await uow.session.scalars(text(
            "SELECT n.serial FROM movement_serial n JOIN movement m ON m.id = n.movement_id JOIN sku k ON k.id = m.sku_id"
            " WHERE m.reason = 'ship' AND k.code = :code ORDER BY 1"
        ), {"code": code})  # fmt: skip
        return list(rows)


async def test_a_unit_goes_into_a_box_by_its_serial(house: House) -> None:
    shipment = await planned(house, lines=[CAM])
    worker = await house.sign_in("packer")
    await prepare(worker)
    (begin,) = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    assert [(s["id"], s["max"], s["each_once"]) for s in begin["steps"]] == [
        ("item", None, False), ("pieces", 1, True), ("carton", None, False)
    ]  # fmt: skip
    assert await no(worker, begin, item="X00CAM", carton="M") == (
        "serial_due", {"sku": "CAM", "needed": 1, "given": 0}
    )  # fmt: skip
    assert (await shown(house))["boxes"] == [], "a refused unit opens no box"
    card = (await worker.answer(begin, item="X00CAM", carton="M", **{"pieces:codes": "SN005"}))["cards"][0]
    assert card["steps"][0]["prompt"] == "pack.scan_serials"
    box = card["show"]["box"]
    assert (await where(house, "CAM"))["SN005"] == f"{box}:available"
    await opening(house, "CAM", ["SN100"], 1, at="A-02")
    await house.admin.post("/api/v1/stock/status", {
        "place": BENCH, "sku": "CAM", "from_status": "available", "to_status": "damaged", "qty_each": 1, "reason": "scratched"
    })  # fmt: skip
    (broken,) = [s for s, at in (await where(house, "CAM")).items() if at == f"{BENCH}:damaged"]
    for item, code, said in (
        ("X00CAM", "serial_due", {"given": 0}), ("CAM", "serial_due", {"needed": 1}), ("SN005", "serial_boxed", {"box": box}),
        ("SN100", "serial_not_free", {"at": "A-02", "stock": "available", "place": BENCH}),
        (broken, "serial_not_free", {"serial": broken, "stock": "damaged"}), ("SN999", "unknown_serial", {"serial": "SN999"}),
        ("EAR1", "unknown_serial", {"of": "FBA15X"}),
    ):  # fmt: skip
        why, params = await no(worker, card, item=item)
        assert (why, params | said) == (code, params), item
    free = [s for s, at in (await where(house, "CAM")).items() if at == f"{BENCH}:available"]
    key, body = str(uuid4()), {"answers": {"item": f"]d2010950110153000321{free[0]}"}}
    first = await worker.post(card["submit"], body, key)
    assert await worker.post(card["submit"], body, key) == first, "a lost answer asked for again"
    assert (await shown(house))["lines"][0]["boxed_each"] == 2, "counts once"
    last = (await worker.answer(first["cards"][0], item=free[1]))["cards"][0]
    inside = sorted(["SN005", free[0], free[1]])
    assert (await no(worker, {"submit": card["submit"]}, item=free[2]))[0] == "all_boxed"
    await close(worker, last, 1400)
    rows = await house.admin.get(f"/api/v1/fba/shipments/{shipment}/box-content")
    assert [(r["fnsku"], r["units"], r["serials"]) for r in rows] == [("X00CAM", 3, inside)]
    file = await house.admin.call("GET", f"/api/v1/fba/shipments/{shipment}/box-content.csv")
    assert next(csv.DictReader(io.StringIO(file.text)))["serials"] == ";".join(inside)
    await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart")
    assert await shipped(house, "CAM") == inside
    assert not set(await where(house, "CAM")) & set(inside)
    async with house.db.begin() as uow:
        told = await uow.session.scalar(text("SELECT payload FROM outgoing WHERE kind = 'fba.departed'"))
    assert [(r["box"], r["serials"]) for r in told["content"]] == [(box, inside)]
    assert await house.audit_clean()


async def test_every_piece_of_a_bundle_is_scanned_before_it_counts(house: House) -> None:
    shipment = await planned(house, mixed=True, lines=[CAM | {"qty_each": 1}, PAIR])
    worker = await house.sign_in("packer")
    await prepare(worker)
    begin = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    assert [(c["steps"][0]["accept"], c["steps"][1]["max"]) for c in begin] == [(["X00CAM"], 1), (["X00EAR"], 2)]
    assert (await no(worker, begin[1], item="X00EAR", carton="M", **{"pieces:codes": "EAR1\nEAR1"}))[1]["given"] == 1
    card = (await worker.answer(begin[1], item="X00EAR", carton="M", **{"pieces:codes": "EAR1\nEAR4"}))["cards"][0]
    assert card["show"]["units"] == 1
    assert (await no(worker, card, item="EAR4"))[0] == "serial_boxed"
    for _ in range(2):  # left and begun again: nothing was put in
        reply = await worker.answer(card, item="EAR2")
        rest = reply["cards"][0]
        assert (reply["message"], rest["steps"][0]["max"], rest["show"]["units"]) == ("scan.ok", 1, 1)
        assert (await where(house, "EAR"))["EAR2"] == f"{BENCH}:available"
        card = (await worker.answer(rest, problem="later"))["cards"][0]
    for codes, code in (
        ("", "serial_due"), ("EAR2", "serial_due"), ("EAR1", "serial_boxed"), ("SN001", "unknown_serial"), ("EAR3\nEAR5", "serial_due"),
    ):  # fmt: skip
        if codes:
            assert (await no(worker, rest, **{"pieces:codes": codes}))[0] == code, codes
    card = (await worker.answer(rest, **{"pieces:codes": "EAR5"}))["cards"][0]
    assert card["show"]["units"] == 2
    full = (await worker.answer(card, item="SN006"))["cards"][0]
    await close(worker, full, 2400)
    await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart")
    rows = await house.admin.get(f"/api/v1/fba/shipments/{shipment}/box-content")
    assert [(r["units"], r["serials"]) for r in rows] == [(1, ["SN006"]), (2, ["EAR1", "EAR2", "EAR4", "EAR5"])]
    assert await shipped(house, "EAR") == ["EAR1", "EAR2", "EAR4", "EAR5"]
    assert await shipped(house, "CAM") == ["SN006"]
    assert await house.audit_clean()


async def test_an_emptied_box_gives_exactly_its_serials_back(house: House) -> None:
    await planned(house, mixed=True, lines=[CAM | {"qty_each": 4}])
    worker = await house.sign_in("packer")
    await prepare(worker)
    card = await box_up(worker, "SN002", "SN004")
    box = card["show"]["box"]
    weigh = (await worker.answer(card, problem="box_full"))["cards"][0]
    label = (await worker.answer(weigh, weight_g=1000))["cards"][0]
    assert {s for s, at in (await where(house, "CAM")).items() if at.startswith(box)} == {"SN002", "SN004"}
    await worker.answer(label, problem="take_all_out")
    assert await where(house, "CAM") == dict.fromkeys(CAMS, f"{BENCH}:available")
    card = await box_up(worker, "SN004", "SN006")
    assert (await no(worker, card, item="SN004"))[1]["box"] == card["show"]["box"] != box
    assert await at_bench(house, "CAM") == {"CAM": 4}
    assert await house.audit_clean()


async def test_two_articles_that_count_their_serials_alike_are_told_apart(house: House) -> None:
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "MIC", "name": "Microphone", "length_mm": 90, "width_mm": 50, "height_mm": 50, "weight_g": 150, "serial_policy": "always",
         "codes": [["9501101530003", "EA"]]}
    ])  # fmt: skip
    await opening(house, "MIC", CAMS[:2], 2, at=BENCH)
    mic = {"sku": "MIC", "fnsku": "X00MIC", "qty_each": 2, "prep": ["label"]}
    shipment = await planned(house, mixed=True, lines=[CAM, mic])
    worker = await house.sign_in("packer")
    await prepare(worker)
    start = {"submit": f"/api/v1/pda/vas/VAS-1/shipments/{shipment}"}
    box = (await worker.answer(start, item="X00CAM", carton="M", **{"pieces:codes": "SN001"}))["cards"][0]
    with pytest.raises(Refused) as either:
        await worker.answer(box, item="SN002")
    assert (either.value.code, either.value.params["means"]) == ("scanning.ambiguous_barcode", ["X00CAM", "X00MIC"])
    box = (await worker.answer(box, item="SN001"))["cards"][0]
    await worker.answer(box, item="]d2010950110153000321SN002")
    at = box["show"]["box"]
    assert {s for s, w in (await where(house, "MIC")).items() if w.startswith(at)} == {"SN001", "SN002"}
    assert {s for s, w in (await where(house, "CAM")).items() if w.startswith(at)} == {"SN001"}
    assert await house.audit_clean()


async def test_serial_goods_are_prepared_before_they_are_boxed(house: House) -> None:
    shipment = await planned(house, lines=[CAM])
    worker = await house.sign_in("packer")
    (first,) = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    begin = {"submit": f"/api/v1/pda/vas/VAS-1/shipments/{shipment}"}
    assert (await no(worker, begin, item="SN001", carton="M"))[0] == "not_prepared"
    card = (await worker.answer(first, location=BENCH))["cards"][0]
    assert card["steps"][-1]["show"]["text"] == "Cover every other barcode but the serial"
    await worker.answer(card, **answers(card))
    box = (await worker.answer(begin, item="SN001", carton="M"))["cards"][0]
    assert box["show"]["units"] == 1
    assert await house.audit_clean()


KIT: Json = {"name": "Film kit", "kind": "kit", "sku": "K", "parts": [["CAM", 2], ["A", 1]], "round_each": 2}


async def kit_house(house: House) -> Client:
    """A kit K of two cameras and a piece of A, the recipes to make it and to take it apart. Returns a worker."""
    await house.admin.post("/api/v1/catalog/skus", [
        {"code": "K", "name": "Film kit", "length_mm": 100, "width_mm": 80, "height_mm": 90, "weight_g": 900}
    ])  # fmt: skip
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [{"location": BENCH, "sku": "A", "qty_each": 10}])
    await put_recipe(house, "MAKE", KIT)
    await put_recipe(house, "UNMAKE", {**KIT, "kind": "unkit", "round_each": 1})
    return await house.sign_in("packer")


def with_serials(card: Json, *serials: str) -> Json:
    """Every step answered as it asks, and these serials scanned at the one that asks for serials."""
    (step,) = [s for s in card["steps"] if s["each_once"]]
    return {**answers(card), f"{step['id']}:codes": "\n".join(serials)}


async def in_kits(house: House, asked: str) -> list[tuple[str, str, bool]]:
    rows = await house.admin.get(f"/api/v1/value-added/kit-serials?{asked}")
    return sorted((r["ref"], r["serial"], r["out_at"] is not None) for r in rows)


async def test_parts_go_into_kits_by_their_serials(house: House) -> None:
    worker = await kit_house(house)
    for more in ({"sku": "EAR"}, {"consumables": [["EAR", 1]]}):
        reply = await house.admin.call("PUT", "/api/v1/value-added/recipes/R", KIT | more)
        assert reply.json()["code"] == "value_added.serial_goods", more
    await opening(house, "CAM", ["SN100"], 1, at="A-02")
    await work_order(house, "M1", "MAKE", 2, place=BENCH)
    card = await begin(worker)
    step = next(s for s in card["steps"] if s["each_once"])
    assert (step["max"], step["accept"], step["scan_only"]) == (4, CAMS, True)
    for codes, code, said in (
        (["SN001", "SN002", "SN003"], "serial_due", {"needed": 4, "given": 3}),
        (["SN001", "SN002", "SN003", "SN003"], "serial_due", {"sku": "CAM", "given": 3}),
        (["SN001", "SN002", "SN003", "SN999"], "unknown_serial", {"serial": "SN999"}),
        (["SN001", "SN002", "SN003", "SN100"], "serial_not_free", {"serial": "SN100", "at": "A-02"}),
    ):  # fmt: skip
        why, params = await no(worker, card, **with_serials(card, *codes))
        assert (why, params | said) == (code, params), codes
    assert await at_bench(house, "K", "CAM") == {"K": 0, "CAM": 6}, "a refused round moved nothing"
    key, body = str(uuid4()), {"answers": with_serials(card, "SN006", "SN002", "SN003", "SN005")}
    done = await worker.post(card["submit"], body, key)
    assert await worker.post(card["submit"], body, key) == done and done["message"] == "vas.done"
    assert await at_bench(house, "K", "CAM", "A") == {"K": 2, "CAM": 2, "A": 8}, (
        "a lost answer asked for again counts once"
    )
    assert sorted(await where(house, "CAM")) == ["SN001", "SN004", "SN100"]
    assert await in_kits(house, "ref=M1") == [("M1", s, False) for s in ("SN002", "SN003", "SN005", "SN006")]
    (row,) = await house.admin.get("/api/v1/value-added/kit-serials?serial=SN005")
    assert (row["kit"], row["sku"], row["by"]) == ("K", "CAM", "packer")
    assert await in_kits(house, "serial=SN001") == []
    assert await house.audit_clean()


async def test_of_a_kit_that_is_taken_apart_exactly_its_serials_come_back(house: House) -> None:
    """Also where the work order had reserved kits of another lot than the ones that lay under the hands."""
    worker = await kit_house(house)
    await work_order(house, "M1", "MAKE", 2, place=BENCH)
    card = await begin(worker)
    await worker.answer(card, **with_serials(card, *CAMS[:4]))
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [
        {"location": BENCH, "sku": "CAM", "qty_each": 4, "lot": "OLD", "received_on": "2026-01-01", "serials": ["OLD1", "OLD2", "OLD3", "OLD4"]}
    ])  # fmt: skip
    await work_order(house, "M2", "MAKE", 2, place=BENCH)
    card = await begin(worker)
    await worker.answer(card, **with_serials(card, "OLD1", "OLD2", *CAMS[4:]))
    kits = {r["received_on"]: r["qty_each"] for r in await house.admin.get("/api/v1/stock?q=K") if r["sku"] == "K"}
    assert len(kits) == 2 and kits["2026-01-01"] == 2
    await work_order(house, "U1", "UNMAKE", 2, place=BENCH)
    card = await begin(worker)
    step = card["steps"][-1]
    assert (step["each_once"], step["max"], set(step["accept"])) == (True, 2, {*CAMS, "OLD1", "OLD2"})
    for codes, code in (
        (["SN001"], "serial_due"), (["SN001", "SN001"], "serial_due"), (["SN001", "SN999"], "not_in_kit"),
        (["SN001", "OLD3"], "not_in_kit"), (["SN001", "OLD1"], "kits_mixed"),
    ):  # fmt: skip
        assert (await no(worker, card, **with_serials(card, *codes)))[0] == code, codes
    key, body = str(uuid4()), {"answers": with_serials(card, "OLD2", "OLD1")}
    again = await worker.post(card["submit"], body, key)
    assert await worker.post(card["submit"], body, key) == again
    kits = {r["received_on"]: r["qty_each"] for r in await house.admin.get("/api/v1/stock?q=K") if r["sku"] == "K"}
    assert kits["2026-01-01"] == 1 and sum(kits.values()) == 3, "of the lot that its serials told"
    assert sorted(await where(house, "CAM")) == ["OLD1", "OLD2", "OLD3", "OLD4"]
    card = again["cards"][0]
    assert await no(worker, card, **with_serials(card, "OLD1", "OLD2")) == (
        "not_in_kit", {"serial": "OLD1", "sku": "CAM", "kit": "K"}
    ), "they are out"  # fmt: skip
    await worker.answer(card, **with_serials(card, "SN001", "SN002"))
    assert await in_kits(house, "serial=OLD1") == [("M2", "OLD1", True)]
    assert await at_bench(house, "K", "CAM", "A") == {"K": 2, "CAM": 6, "A": 8}
    assert await house.audit_clean()


async def test_a_piece_that_came_back_by_itself_goes_into_a_kit_again(house: House) -> None:
    worker = await kit_house(house)
    for ref in ("M1", "M2"):
        await work_order(house, ref, "MAKE", 1, place=BENCH)
        card = await begin(worker)
        await worker.answer(card, **with_serials(card, "SN001", "SN002" if ref == "M1" else "SN003"))
        await opening(house, "CAM", ["SN001"], 1, at=BENCH)
    assert await in_kits(house, "serial=SN001") == [("M1", "SN001", True), ("M2", "SN001", False)]
    assert await house.audit_clean()

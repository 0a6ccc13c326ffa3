"""A shipment to a marketplace's warehouse, from its plan to its departure, through the API and the station's cards."""

import csv
import io
from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.house import Client, House, Json, Refused, open_house
from tests.integration.test_containers import BAG
from tests.integration.test_value_added import BENCH, answers, at_bench, begin


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    """The seeded house, a station VAS-1 with 20 A (0.2 kg) and 12 C (0.3 kg) at it."""
    async with open_house(new_db(migrated=True)) as opened:
        admin = opened.admin
        await admin.post("/api/v1/work/stations", [
            {"code": "VAS-1", "kind": "vas", "location": BENCH, "printer": "printer-1"}
        ])  # fmt: skip
        await admin.post("/api/v1/stock/opening?dry_run=false", [
            {"location": BENCH, "sku": "A", "qty_each": 20, "expires_on": "2027-06-30"},
            {"location": BENCH, "sku": "C", "qty_each": 12},
        ])  # fmt: skip
        yield opened


async def planned(house: House, **more: object) -> str:
    body = {
        "ref": "FBA15X", "centre": "ONT8", "place": BENCH, "address": {"name": "ONT8", "city": "Moreno Valley", "country": "US"},
        "lines": [
            {"sku": "A", "fnsku": "X00A", "qty_each": 4, "unit_each": 2, "prep": ["bundle", "polybag", "label"]},
            {"sku": "C", "fnsku": "X00C", "qty_each": 3, "prep": ["label"]},
        ],
    } | more  # fmt: skip
    return str((await house.admin.post("/api/v1/fba/shipments", body))["id"])


async def prepare(worker: Client) -> None:
    """All that its work orders ask for."""
    for _ in range(9):
        cards = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
        if not cards or not cards[0]["id"].startswith("vas:"):
            return
        card = await begin(worker)
        await worker.answer(card, **answers(card))


async def box_up(worker: Client, first: str, *more: str, carton: str = "M") -> Json:
    """Begin a box with a unit and put further ones in. Returns the card then shown."""
    cards = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    card = next(c for c in cards if c["id"].startswith("fba:"))
    card = (await worker.answer(card, item=first, carton=carton))["cards"][0]
    for item in more:
        card = (await worker.answer(card, item=item))["cards"][0]
    return card


async def shown(house: House) -> Json:
    (told,) = await house.admin.get("/api/v1/fba/shipments")
    return dict(told)


async def close(worker: Client, card: Json, weight_g: int) -> Json:
    if card["steps"][0]["kind"] == "scan":
        card = (await worker.answer(card, problem="box_full"))["cards"][0]
    card = (await worker.answer(card, weight_g=weight_g))["cards"][0]
    return await worker.answer(card, box=card["show"]["box"])


async def test_from_plan_to_departure(house: House) -> None:
    shipment = await planned(house)
    assert await planned(house) == shipment
    worker = await house.sign_in("packer")
    claimed = (await worker.post("/api/v1/pda/vas/VAS-1/claim"))["cards"]
    assert [c["id"][:4] for c in claimed] == ["vas:", "vas:"], "nothing is boxed before it is prepared"
    card = await begin(worker)
    assert [(s["kind"], s["max"]) for s in card["steps"]] == [
        ("quantity", 8), ("confirm", None), ("confirm", None), ("quantity", 4)
    ], "8 pieces in 4 bundles, 4 labels"  # fmt: skip
    await worker.answer(card, **answers(card))
    await prepare(worker)
    card = await box_up(worker, "X00A", "X00A")
    with pytest.raises(Refused) as alone:
        await worker.answer(card, item="X00C")
    assert alone.value.code == "value_added.one_sku_per_box"
    with pytest.raises(Refused) as plain:
        await worker.answer(card, item="A")
    assert plain.value.code == "value_added.not_in_shipment", "its own code does not do: the label is missing"
    card = (await worker.answer(card, item="X00A"))["cards"][0]
    full = (await worker.answer(card, item="X00A"))["cards"][0]
    with pytest.raises(Refused) as all_in:
        await worker.answer(full, item="X00A")
    assert all_in.value.code == "value_added.all_boxed"
    weigh = (await worker.answer(full, problem="box_full"))["cards"][0]
    for weight_g, code in ((150, "value_added.bad_weight"), (23_000, "value_added.box_too_heavy")):
        with pytest.raises(Refused) as off:
            await worker.answer(weigh, weight_g=weight_g)
        assert off.value.code == code
    with pytest.raises(Refused) as early:
        await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart", {"why": "truck waits"})
    assert early.value.code == "value_added.box_state"
    prints = len(await house.commands("print"))
    label = (await worker.answer(weigh, weight_g=1800))["cards"][0]
    assert len(await house.commands("print")) == prints + 1
    with pytest.raises(Refused) as other:
        await worker.answer(label, box="FBA15XU000009")
    assert other.value.code == "value_added.not_in_shipment"
    await worker.answer(label, box=label["show"]["box"])
    await close(worker, await box_up(worker, "X00C", "X00C"), 800)
    with pytest.raises(Refused) as short:
        await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart")
    assert (short.value.code, short.value.params["short"]) == ("value_added.shipment_differs", "X00C 2/3")
    boxes = [b["code"] for b in (await shown(house))["boxes"]]
    pallet = await house.admin.post(f"/api/v1/fba/shipments/{shipment}/pallets", {"boxes": boxes})
    rows = await house.admin.get(f"/api/v1/fba/shipments/{shipment}/box-content")
    assert [(r["box"], r["fnsku"], r["units"], r["expires_on"]) for r in rows] == [
        ("FBA15XU000001", "X00A", 4, "2027-06-30"), ("FBA15XU000002", "X00C", 2, "")
    ]  # fmt: skip
    assert (rows[0]["weight_lb"], rows[0]["length_in"], rows[0]["pallet"]) == (3.97, 12.05, pallet["sscc"])
    file = await house.admin.call("GET", f"/api/v1/fba/shipments/{shipment}/box-content.csv")
    assert [r["fnsku"] for r in csv.DictReader(io.StringIO(file.text))] == ["X00A", "X00C"]
    gone = await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart", {"why": "one was broken"})
    assert [(d["fnsku"], d["short"], d["why"]) for d in gone["differences"]] == [("X00C", 1, "not_boxed")]
    await house.settle()
    assert await at_bench(house, "A", "C") == {"A": 12, "C": 10}
    told = await shown(house)
    assert (told["state"], {b["state"] for b in told["boxes"]}) == ("departed", {"departed"})
    kinds = {a["kind"] for a in await house.admin.get("/api/v1/value-added/acts")}
    assert {"fba:box", "fba:unit", "fba:pallet", "vas:fba:label"} <= kinds
    with pytest.raises(Refused) as twice:
        await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart", {"why": "again"})
    assert twice.value.code == "value_added.shipment_closed"
    assert await house.audit_clean()


async def test_an_emptied_box_gives_its_units_back(house: House) -> None:
    shipment = await planned(house, mixed=True, each_max=3)
    worker = await house.sign_in("packer")
    await prepare(worker)
    card = await box_up(worker, "X00A", "X00C", "X00C")
    assert card["id"].endswith(":weigh"), "three units is what the plan allows"
    await worker.answer(card, problem="take_all_out")
    told = await shown(house)
    assert [x["boxed_each"] for x in told["lines"]] == [0, 0] and told["boxes"][0]["state"] == "emptied"
    with pytest.raises(Refused) as reserved:
        body = {"ref": "W1", "recipe": "CARD", "qty_each": 13, "sku": "A", "place": BENCH}
        await house.admin.call(
            "PUT", "/api/v1/value-added/recipes/CARD", {"name": "Card", "steps": [{"kind": "confirm"}]}
        )
        await house.admin.post("/api/v1/value-added/orders", body)
    assert reserved.value.params["missing_each"] == 1, "they are still kept for the shipment"
    await close(worker, await box_up(worker, "X00C", "X00A"), 1000)
    await house.admin.post(f"/api/v1/fba/shipments/{shipment}/depart", {"why": "half is enough"})
    await house.settle()
    assert await house.audit_clean()


async def test_limits_are_dated_data(house: House) -> None:
    async def limit(**more: object) -> None:
        body = {
            "centre": "ONT8",
            "starts_on": "2026-01-01",
            "weight_max_g": 800,
            "side_max_mm": 635,
            "each_max": 150,
            "source": "letter",
        }
        assert (await house.admin.call("PUT", "/api/v1/fba/limits", body | more)).status_code == 200

    await planned(house, mixed=True)
    worker = await house.sign_in("packer")
    await prepare(worker)
    await limit(side_max_mm=300)
    with pytest.raises(Refused) as large:
        await box_up(worker, "X00A")
    assert (large.value.code, large.value.params["side_mm"]) == ("value_added.box_too_large", 306)
    await limit()
    await house.admin.post("/api/v1/catalog/cartons", [BAG])
    with pytest.raises(Refused) as flat:
        await box_up(worker, "X00A", carton="BAG")
    assert flat.value.code == "value_added.bag_is_no_box"
    card = await box_up(worker, "X00A")
    with pytest.raises(Refused) as heavy:
        await worker.answer(card, item="X00A")
    assert (heavy.value.code, heavy.value.params["weight_g"]) == ("value_added.box_too_heavy", 950)
    await limit(starts_on="2999-01-01", weight_max_g=1)
    assert (await worker.answer(card, problem="box_full"))["cards"][0]["id"].endswith(":weigh")


async def test_plans_that_cannot_be_prepared_are_refused(house: House) -> None:
    async def refused(*lines: Json, **more: object) -> tuple[str, object]:
        with pytest.raises(Refused) as no:
            await planned(house, lines=list(lines), **more)
        return str(no.value.code), no.value.params.get("field")

    a = {"sku": "A", "fnsku": "X00A", "qty_each": 1}
    assert await refused(a | {"qty_each": 21}) == ("value_added.not_enough_goods", None)
    assert await refused(a, a | {"fnsku": "X00B"}) == ("value_added.bad_plan", "sku")
    assert await refused(a | {"unit_each": 2}) == ("value_added.bad_plan", "unit_each")
    assert await refused(a | {"prep": []}) == ("value_added.bad_plan", "prep")
    assert await refused(a, place="NOWHERE") == ("common.not_found", None)
    shipment = await planned(house)
    await house.admin.post(f"/api/v1/fba/shipments/{shipment}/cancel", {"reason": "not wanted"})
    await house.settle()
    orders = await house.admin.get("/api/v1/value-added/orders")
    assert {o["state"] for o in orders} == {"cancelled"}
    assert await house.audit_clean()

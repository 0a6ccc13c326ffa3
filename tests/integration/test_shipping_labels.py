"""Labels bought from the carrier on the wire, whatever it does: one paid label a parcel, none lost, reasons told."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.integration.shipping_site import POLICY, Saga, fresh, open_saga
from wms.foundation.labels.rules import carrier
from wms.foundation.labels.rules.layout import Media
from wms.processes.shipping.service import data

pytestmark = [pytest.mark.integration, pytest.mark.wire]


@pytest.fixture
async def saga(new_db: Callable[..., str], tmp_path: Path) -> AsyncIterator[Saga]:
    async with open_saga(new_db(migrated=True), tmp_path) as made:
        yield made


def live(saga: Saga, sscc: str) -> list[str]:
    return [x["tracking"] for x in saga.sold() if x["reference"] == sscc and x["voided_at"] is None]


@pytest.mark.parametrize(("service", "kind"), [("POST", "zpl"), ("LINE-PDF", "pdf"), ("EXPRESS-PNG", "png")])
async def test_a_label_is_bought_once_and_proves_readable(saga: Saga, service: str, kind: carrier.Kind) -> None:
    import base64

    order, (parcel, sscc) = await saga.order("O1", service=service), fresh()
    await saga.want(order, parcel, sscc)
    [bought] = await saga.said(parcel, "label_bought")
    assert (bought["format"], bought["service"], live(saga, sscc)) == (kind, service, [bought["tracking"]])
    assert (
        bought["tracking"]
        in carrier.check(base64.b64decode(bought["document"]), kind, Media(), bought["tracking"]).barcodes
    )
    await saga.want(order, parcel, sscc)  # told again, bought no more
    assert len(await saga.said(parcel, "label_bought")) == 2 and len(saga.sold()) == 1


async def test_a_parcel_planned_to_the_cent_of_its_limit_gets_its_label(saga: Saga) -> None:
    """In another currency than the site's, of many cheap pieces."""
    async with saga.db.begin() as uow:
        limit = {"parcel_value_max_cents": 5_050}
        await data.load_policy(uow, {**POLICY, "rates": {"EUR": 500_000}, "countries": {"DE": limit}})
    order, (parcel, sscc) = await saga.order("O1", currency="EUR", values=(101,)), fresh()
    rows = await saga._rows("SELECT parcel_max_cents FROM customer_order")
    assert rows[0].parcel_max_cents == 100 * 101
    await saga.want(order, parcel, sscc, pieces=100)
    assert await saga.states(parcel) == ["bought"]
    more = fresh()
    await saga.want(order, *more, pieces=101)
    assert await saga.states(more[0]) == ["refused"]


@pytest.mark.parametrize("fault", ["after_sale", "late_500", "error_500", "stale"])
async def test_whatever_the_carrier_does_one_label_is_sold(saga: Saga, fault: str) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    other = fresh()
    await saga.want(order, *other)  # what a stale answer tells of
    saga.sim.faults[fault] = 1
    await saga.want(order, parcel, sscc)
    assert await saga.states(parcel) == ["unknown"] and not await saga.said(parcel, "label_bought")
    await saga.want(order, parcel, sscc)  # a bench that asks again buys nothing
    await saga.again()
    [bought] = await saga.said(parcel, "label_bought")
    assert (
        await saga.states(parcel) == ["bought"] and live(saga, sscc) == [bought["tracking"]] and len(saga.sold()) == 2
    )


async def test_a_silent_carrier_is_told_and_asked_again_until_it_answers(saga: Saga) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    saga.sim.faults["error_500"] = 9
    await saga.want(order, parcel, sscc)
    for _ in range(30):
        if await saga.states(parcel) == ["bought"]:
            break
        await saga.again()
    [refused] = await saga.said(parcel, "label_refused")
    assert (refused["code"], refused["retry_helps"]) == ("shipping.carrier_silent", True)
    async with saga.db.begin() as uow:
        kinds = list(await uow.session.scalars(text("SELECT kind FROM incident")))
    assert kinds == ["shipping.carrier_silent"]
    assert await saga.states(parcel) == ["bought"] and len(live(saga, sscc)) == 1


async def test_a_refusal_ends_it_with_its_reason(saga: Saga) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    saga.sim.faults["refuse"] = 1
    await saga.want(order, parcel, sscc)
    [refused] = await saga.said(parcel, "label_refused")
    assert (
        refused["code"] == "shipping.carrier_refused"
        and "the street does not exist" in refused["why"]
        and not refused["retry_helps"]
    )
    await saga.want(order, parcel, sscc)  # mended, tried again: a new key
    assert await saga.states(parcel) == ["refused", "bought"] and len(live(saga, sscc)) == 1


async def test_a_dropped_label_is_void_and_the_next_one_waits_for_that(saga: Saga) -> None:
    order, (parcel, old), new = await saga.order("O1"), fresh(), fresh()[1]
    await saga.want(order, parcel, old)
    await saga.drop(order, parcel, old, settle=False)
    await saga.want(order, parcel, new, settle=False)
    saga.sim.faults["error_500"] = 0
    await saga.settle()
    assert await saga.states(parcel) == ["voided", "bought"] and not live(saga, old) and len(live(saga, new)) == 1


async def test_what_is_dropped_while_nobody_knows_is_void_once_known(saga: Saga) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    saga.sim.faults["after_sale"] = 1
    await saga.want(order, parcel, sscc)
    await saga.drop(order, parcel, sscc)
    assert await saga.states(parcel) == ["unknown"]
    await saga.again()
    assert (
        await saga.states(parcel) == ["voided"] and not live(saga, sscc) and not await saga.said(parcel, "label_bought")
    )


async def test_a_carrier_that_will_not_void_keeps_the_parcel_from_a_second_label(saga: Saga) -> None:
    order, (parcel, old), new = await saga.order("O1"), fresh(), fresh()[1]
    await saga.want(order, parcel, old)
    saga.sim.faults["no_void"] = 1
    await saga.want(order, parcel, new)
    assert await saga.states(parcel) == ["bought", "wanted"] and len(saga.sold()) == 1
    assert [r["code"] for r in await saga.said(parcel, "label_refused")] == ["shipping.void_refused"]
    async with saga.db.begin() as uow:
        from wms.processes.shipping.service import labels

        purchase = await uow.session.scalar(
            text("SELECT id FROM ship_purchase WHERE parcel_id = :p AND state = 'bought'"), {"p": parcel}
        )
        assert isinstance(purchase, UUID)
        await labels.settle(uow, purchase, "refund claimed")
    await saga.settle()
    assert await saga.states(parcel) == ["voided", "bought"] and len(live(saga, new)) == 1


async def test_a_label_wanted_after_the_carrier_refused_to_void_tells_the_bench(saga: Saga) -> None:
    order, (parcel, old), new = await saga.order("O1"), fresh(), fresh()[1]
    await saga.want(order, parcel, old)
    saga.sim.faults["no_void"] = 1
    await saga.drop(order, parcel, old)  # the printer's outcome was unknown; the packer asks again later
    await saga.want(order, parcel, new)
    assert await saga.states(parcel) == ["bought", "wanted"] and len(saga.sold()) == 1
    assert [(r["code"], r["sscc"]) for r in await saga.said(parcel, "label_refused")] == [
        ("shipping.void_refused", new)
    ]


async def test_goods_are_judged_again_before_the_label(saga: Saga) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    await saga.want(order, parcel, sscc, sku="PHONE")  # packed: what was never ordered by this service
    [refused] = await saga.said(parcel, "label_refused")
    assert refused["code"] == "shipping.restricted" and "rule B2" in refused["why"] and not saga.sold()
    heavy = fresh()
    await saga.want(order, *heavy, weight_g=2_600)
    assert [r["code"] for r in await saga.said(heavy[0], "label_refused")] == ["shipping.fixed_not_eligible"]


async def test_an_unsigned_request_buys_nothing(saga: Saga) -> None:
    saga.sim.secret = "another"
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    await saga.want(order, parcel, sscc)
    assert "denied" in (await saga.said(parcel, "label_refused"))[0]["why"] and not saga.sold()


async def test_no_account_is_a_refusal(saga: Saga) -> None:
    saga.runner.carriers = {}
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    await saga.want(order, parcel, sscc)
    assert [r["code"] for r in await saga.said(parcel, "label_refused")] == ["shipping.no_account"]


async def test_a_nonsense_document_is_given_back(saga: Saga) -> None:
    order, (parcel, sscc) = await saga.order("O1"), fresh()
    saga.sim.books.db.execute(
        "CREATE TRIGGER empty AFTER INSERT ON label BEGIN UPDATE label SET document = x'' WHERE key = NEW.key; END"
    )
    await saga.want(order, parcel, sscc)
    assert [r["code"] for r in await saga.said(parcel, "label_refused")] == ["shipping.bad_document"]
    assert await saga.states(parcel) == ["voided"] and not live(saga, sscc)

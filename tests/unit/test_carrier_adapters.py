"""Carrier adapters: accounts by name, the example of the docs, and the tracking numbers and labels of the simulated carrier."""

import base64
import importlib.util
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import zxingcpp

from simulators.wire import carrier_labels
from wms.entrypoints import carriers
from wms.foundation.labels.rules import carrier
from wms.foundation.labels.rules.layout import Media
from wms.kernel.carrier import BuyLabel, CarrierAway, CarrierRefused

ROOT = Path(__file__).resolve().parents[2]


def depot() -> Any:
    path = ROOT / "docs" / "examples" / "carrier_depot" / "carrier_depot" / "__init__.py"
    spec = importlib.util.spec_from_file_location("carrier_depot", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["carrier_depot"] = module
    spec.loader.exec_module(module)
    return module.DepotCarrier


def wanted(weight_g: int = 900) -> BuyLabel:
    to = {"name": "Ada ^XZ", "street": "1 Dock Road", "city": "Wharf", "country": "DE"}
    return BuyLabel(str(uuid4()), "DEPOT", "006141410000000012", weight_g, 200, 150, 100, to, "DAP", 1000, "USD", [])


async def test_the_example_of_the_docs_keeps_the_contract(tmp_path: Path) -> None:
    one = depot()({"folder": str(tmp_path), "price_cents": 250})
    order = wanted()
    assert await one.get(order.key) is None
    sold = await one.buy(order)
    assert await one.buy(order) == sold == await one.get(order.key)
    assert sold.tracking in carrier.check(base64.b64decode(sold.document), "zpl", Media(), sold.tracking).barcodes
    await one.void(order.key, sold.carrier_ref)
    assert (await one.get(order.key)).voided
    with pytest.raises(CarrierRefused):
        await one.buy(wanted(30_000))
    with pytest.raises(CarrierAway):
        await depot()({"folder": str(tmp_path / "gone")}).get(order.key)
    with pytest.raises(ValueError, match="colour"):
        depot()({"folder": "x", "colour": "red"})


@pytest.mark.parametrize(("body", "said"), [
    ("accounts: {a: {adapter: pigeon}}", "no adapter 'pigeon'"), ("accounts: {a: {url: ftp://x, secret: s}}", "a: url"), ("[]", "accounts"),
    ("accounts: {a: {url: 'http://x', colour: red, secret: s}}", "colour"), ("accounts: {a: {url: 'http://x'}}", "secret"),
    ("accounts: {a: {url: 'http://x', secret_file: gone}}", "gone"),
])  # fmt: skip
def test_a_bad_account_is_named(tmp_path: Path, body: str, said: str) -> None:
    (tmp_path / "carriers.yaml").write_text(body)
    with pytest.raises(ValueError, match=said):
        carriers.accounts(tmp_path / "carriers.yaml")


def test_accounts_by_name_and_none_without_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    (tmp_path / "carriers.yaml").write_text("accounts: {a: {url: 'http://x/api', secret_file: key, timeout_s: 2}}")
    assert list(carriers.accounts(tmp_path / "carriers.yaml")) == ["a"] and carriers.accounts(None) == {}


def test_postal_numbers_have_the_check_digit_of_upu_s10() -> None:
    assert carrier_labels.s10(47_312_482, "RR", "GB") == "RR473124829GB"  # a published example
    assert carrier_labels.s10(0, "LX", "CN")[10] == "5" and len({carrier_labels.s10(n) for n in range(500)}) == 500
    number = carrier_labels.waybill(1234)
    assert int(number[:11]) % 7 == int(number[11])


def test_the_simulators_barcode_is_read_by_a_reader_that_knows_nothing_of_it() -> None:
    page = carrier_labels.page(["LINE-EU DAP", "Ada"], "LX000000014CN")
    assert [b.text for b in zxingcpp.read_barcodes(page.convert("L"))] == ["LX000000014CN"]


def test_a_journey_is_the_same_each_time_and_may_end_badly() -> None:
    plain = carrier_labels.journey("LX1", "DE", False, False)
    assert plain == carrier_labels.journey("LX1", "DE", False, False) and plain[-1][1] == "delivered"
    assert [days for days, _, _ in plain] == sorted(days for days, _, _ in plain)
    assert carrier_labels.journey("LX1", "DE", True, False)[-1][1] == "lost"
    assert "customs_hold" in [code for _, code, _ in carrier_labels.journey("LX1", "DE", False, True)]

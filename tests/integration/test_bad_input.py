"""Bad input gets a coded refusal and changes nothing: scans, requests, messages, files."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.integration.house import DESTINATION, House, Refused, do_pick, open_house, take_cart
from wms.entrypoints import mqtt
from wms.kernel.errors import all_refusals

Json = dict[str, Any]


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def everything(house: House) -> Json:
    """Fingerprint of what matters: stock, tasks, orders, movements."""
    async with house.db.begin() as uow:
        return {
            table: await uow.session.scalar(text(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"))  # noqa: S608
            for table in ("stock_balance", "movement", "reservation", "task", "customer_order", "order_line", "sku", "handling_unit")
        }  # fmt: skip


async def refused(house: House, code: str, call: Any) -> Refused:
    before = await everything(house)
    with pytest.raises(Refused) as caught:
        await call
    assert caught.value.code == code
    assert await everything(house) == before
    return caught.value


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"location": "A-02"}, "picking.wrong_location"),
        ({"location": ""}, "picking.wrong_location"),
        ({"sku": "B"}, "picking.wrong_sku"),
        ({"sku": "9999999999999"}, "scanning.unknown_barcode"),
        ({"sku": "]C1\x1d"}, "scanning.unreadable"),
        ({"qty": 99}, "picking.exceeds_task"),
        ({"qty": 0}, "picking.bad_quantity"),
        ({"qty": -3}, "picking.bad_quantity"),
        ({"qty": "3"}, "picking.bad_quantity"),
        ({"qty": True}, "picking.bad_quantity"),
        ({"tote": "T2-1"}, "picking.wrong_tote"),
    ],
)
async def test_a_bad_pick_changes_nothing(house: House, answers: Json, code: str) -> None:
    await house.release(await house.order("O1", {"A": 3}))
    picker = await house.sign_in("picker")
    cards = await take_cart(house, picker)
    await refused(house, code, do_pick(picker, cards[0], **answers))


async def test_a_replay_is_answered_once_and_another_body_is_refused(house: House) -> None:
    await house.release(await house.order("O1", {"A": 3}))
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    show, key = card["show"], str(uuid4())
    body = {"answers": {"location": show["location"], "sku": show["sku"], "qty": 2, "tote": show["tote"]}}
    first = await picker.call("POST", card["submit"], body, key)
    again = await picker.call("POST", card["submit"], body, key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert (await house.held("A"))["T1-1:available"] == 2
    body["answers"]["qty"] = 1
    other = await picker.call("POST", card["submit"], body, key)
    assert (other.status_code, other.json()["code"]) == (409, "common.key_reused")
    assert (await house.held("A"))["T1-1:available"] == 2


async def test_a_task_done_twice_is_refused(house: House) -> None:
    await house.release(await house.order("O1", {"A": 1, "B": 1}))
    picker = await house.sign_in("picker")
    card = (await take_cart(house, picker))[0]
    await do_pick(picker, card)
    await refused(house, "work.task_closed", do_pick(picker, card))


async def test_anothers_task_is_refused(house: House) -> None:
    await house.release(await house.order("O1", {"A": 1}))
    card = (await take_cart(house, await house.sign_in("picker")))[0]
    await refused(house, "work.not_yours", do_pick(await house.sign_in("packer"), card))


async def test_an_order_with_faults_names_each_field(house: House) -> None:
    bad = {
        "ref": "O1",
        "lines": [{"sku": "NOPE", "qty_each": 1}, {"sku": "A", "qty_each": -1}],
        "destination": {},
        "short_policy": "x",
    }
    error = await refused(house, "orders.refused", house.admin.post("/api/v1/orders", [bad]))
    said = " ".join(error.params["faults"])
    assert all(field in said for field in ("lines[1].sku", "lines[2].qty_each", "destination.country", "short_policy"))


async def test_one_bad_order_in_a_batch_loads_none(house: House) -> None:
    good = {"ref": "G", "lines": [{"sku": "A", "qty_each": 1}], "destination": DESTINATION}
    bad = {**good, "ref": "B", "lines": [{"sku": "NOPE", "qty_each": 1}]}
    await refused(house, "orders.refused", house.admin.post("/api/v1/orders", [good, bad]))


async def test_the_same_order_again_is_one_order_and_other_lines_are_refused(house: House) -> None:
    first = await house.order("O1", {"A": 1})
    assert await house.order("O1", {"A": 1}) == first
    await refused(house, "orders.exists", house.order("O1", {"A": 2}))


@pytest.mark.parametrize("size", [{"length_mm": -5}, {"weight_g": 0}, {"height_mm": 99_999}])
async def test_absurd_sizes_are_refused(house: House, size: Json) -> None:
    sku = {"code": "X", "name": "X", "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 10, **size}
    error = await refused(house, "catalog.absurd_size", house.admin.post("/api/v1/catalog/skus", [sku]))
    assert error.params["field"] in size


async def test_a_code_means_one_thing(house: House) -> None:
    sku = {
        "code": "X",
        "name": "X",
        "length_mm": 10,
        "width_mm": 10,
        "height_mm": 10,
        "weight_g": 10,
        "codes": [["A", "EA"]],
    }
    await refused(house, "catalog.code_in_use", house.admin.post("/api/v1/catalog/skus", [sku]))


async def test_unknown_fields_are_refused(house: House) -> None:
    before = await everything(house)
    reply = await house.admin.call("POST", "/api/v1/orders", [{"ref": "O", "lines": [], "colour": "red"}])
    assert (reply.status_code, reply.json()["code"]) == (422, "common.malformed")
    assert reply.headers["content-type"] == "application/problem+json"
    assert await everything(house) == before


async def test_opening_stock_with_a_fault_loads_nothing(house: House) -> None:
    rows = [{"location": "A-01", "sku": "A", "qty_each": 5}, {"location": "Z-99", "sku": "A", "qty_each": 5}]
    error = await refused(house, "stock.opening_refused", house.admin.post("/api/v1/stock/opening?dry_run=false", rows))
    assert error.params["faults"] == ["line 2: unknown location 'Z-99'"]


async def test_a_dry_run_posts_nothing(house: House) -> None:
    before = await everything(house)
    await house.admin.post("/api/v1/stock/opening?dry_run=true", [{"location": "A-01", "sku": "A", "qty_each": 5}])
    assert await everything(house) == before


async def test_roles_hold(house: House) -> None:
    picker = await house.sign_in("picker")
    await refused(house, "common.not_allowed", picker.post("/api/v1/waves", {"name": "x"}))
    nobody = type(picker)(house.http, "")
    reply = await nobody.call("GET", "/api/v1/orders")
    assert (reply.status_code, reply.json()["code"]) == (401, "common.not_signed_in")
    forged = type(picker)(house.http, "forged")
    assert (await forged.call("GET", "/api/v1/orders")).json()["code"] == "common.not_signed_in"


async def test_the_fifth_wrong_pin_locks_the_badge(house: House) -> None:
    codes = []
    for _ in range(6):
        with pytest.raises(Refused) as caught:
            await house.sign_in("picker", "0000")
        codes.append(caught.value.code)
    assert codes == ["people.bad_sign_in"] * 5 + ["people.badge_locked"]
    with pytest.raises(Refused):
        await house.sign_in("picker", "4711")


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"seq": 1}', b'{"epoch":"e","seq":-1,"device":"d","kind":"k","occurred_at":"2026-01-01T00:00:00+00:00","data":{}}',
     b"[" * 100_000],
)  # fmt: skip
def test_a_malformed_envelope_is_poison(payload: bytes) -> None:
    with pytest.raises(mqtt.Poison):
        mqtt.parse("wms/v1/gw-1/ev", payload)


async def test_a_report_nobody_can_read_is_parked_and_passed(house: House) -> None:
    before = await everything(house)
    await house.hear("scale-1", "no_such_kind", {})
    await house.hear("scale-1", "weight_measured", {"weight_g": "heavy"})
    assert await everything(house) == before
    assert await house.incidents() == ["device.message_parked"]
    async with house.db.begin() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM dead_letter")) == 2
        assert await uow.session.scalar(text("SELECT last_seq FROM source")) == 2


async def test_reports_are_taken_in_order_once_each_and_gaps_wait(house: House) -> None:
    def envelope(seq: int) -> mqtt.Envelope:
        body = {"epoch": "E", "seq": seq, "base": 1, "device": "scale-1", "kind": "weight_measured",
                "occurred_at": "2026-11-22T10:00:00+00:00", "data": {"weight_g": seq}}  # fmt: skip
        return mqtt.parse("wms/v1/gw-2/ev", json.dumps(body).encode())

    assert await mqtt.take_in(house.db, "gw-2", [envelope(1), envelope(3)]) == {"E": 1}
    assert await mqtt.take_in(house.db, "gw-2", [envelope(1), envelope(2), envelope(3), envelope(2)]) == {"E": 3}
    async with house.db.begin() as uow:
        rows = await uow.session.scalars(
            text("SELECT (payload->>'weight_g')::int FROM event WHERE name = 'devices.weight_measured.v1' ORDER BY seq")
        )
        assert list(rows) == [1, 2, 3]


async def test_a_lapsed_command_is_answered_expired_and_never_sent(house: House) -> None:
    class Wire:
        def __init__(self) -> None:
            self.sent: list[str] = []

        async def publish(self, topic: str, payload: str, qos: int) -> None:
            self.sent.append(payload)

    async with house.db.begin() as uow:
        uow.now -= timedelta(minutes=10)
        uow.send_device("printer-1", "print", {}, ref="labels.print:x", ttl_s=60)
    wire = Wire()
    link = mqtt.Link(house.db, "", await mqtt.gateway_lookup(house.db, "gw-1"))
    await link._send_due(wire)  # type: ignore[arg-type]
    assert wire.sent == []
    async with house.db.begin() as uow:
        outcome = await uow.session.scalar(
            text("SELECT payload->>'outcome' FROM event WHERE name = 'devices.command_answered.v1'")
        )
    assert outcome == "expired"


@pytest.mark.parametrize(
    ("file", "rows", "said"),
    [
        ("skus", "sku,width_mm,length_mm,height_mm,weight_g\nX,10,abc,5,100\n", "line 2: column length_mm: 'abc' is not a whole number"),
        ("skus", "sku,width_mm,length_mm,height_mm,weight_g\nX,-1,10,5,100\n", "line 2: column width_mm: '-1'"),
        ("skus", "sku,width_mm\nX,1\n", "line 1: column length_mm: missing"),
        ("orders", "order,sku,qty\nO1,NOPE,1\n", "line 2: column sku: 'NOPE' is not in"),
        ("orders", "order,sku,qty\nO1,X,0\n", "line 2: column qty: '0'"),
        ("cartons", "", "line 1: column carton: missing"),
    ],
)  # fmt: skip
def test_a_malformed_csv_names_file_line_and_column(tmp_path: Path, file: str, rows: str, said: str) -> None:
    good = {
        "skus": "sku,width_mm,length_mm,height_mm,weight_g\nX,10,10,5,100\n", "orders": "order,sku,qty\nO1,X,1\n",
        "cartons": "carton,inner_width_mm,inner_length_mm,inner_height_mm,outer_width_mm,outer_length_mm,outer_height_mm,tare_g,max_load_g\n"
                   "C,100,100,100,110,110,110,50,5000\n",
    } | {file: rows}  # fmt: skip
    argv = [sys.executable, "-m", "simulators.run", "prepare", "--out", str(tmp_path / "out")]
    for name, content in good.items():
        (tmp_path / f"{name}.csv").write_text(content)
        argv += [f"--{name}", str(tmp_path / f"{name}.csv")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{file}.csv" in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_refusal_has_a_code_a_status_and_a_sentence() -> None:
    codes = [r.code for r in all_refusals()]
    assert all(codes)
    for refusal in all_refusals():
        assert refusal.__doc__, refusal
        assert 400 <= refusal.status < 500, refusal


async def test_a_layout_grows_and_what_is_there_already_is_named(house: House) -> None:
    new = {
        "warehouse": "W1", "nodes": [{"code": "N99", "x_mm": 0, "y_mm": 9000}], "edges": [{"a": "N99", "b": "N1"}],
        "locations": [{"code": "A-99", "kind": "bin", "zone": "A", "node": "N99", "x_mm": 0, "y_mm": 9000}],
    }  # fmt: skip
    await house.admin.post("/api/v1/layout", new)
    with pytest.raises(Refused) as again:
        await house.admin.post("/api/v1/layout", new)
    assert (again.value.status, again.value.code) == (422, "layout.bad_layout")
    assert {"node N99: there already", "location A-99: there already"} <= set(again.value.params["faults"])
    for zone in ("Mars/North", "Asia", "localtime", "../etc/passwd"):
        with pytest.raises(Refused, match=r"layout\.bad_layout") as unknown:
            await house.admin.post(
                "/api/v1/layout", {**new, "nodes": [], "edges": [], "locations": [], "timezone": zone}
            )
        assert zone in unknown.value.params["faults"][0]

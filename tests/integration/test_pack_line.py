"""The pack line behind its benches: every way a parcel may pass tunnel, applicator and sorter, heard as the devices tell it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, fill_parcel, open_house, pick_all
from tests.integration.test_shipping import load

CARRIER, ROUND, REJECT = 1, 7, 8
FLAGGED = [("weight_unstable", "packing.weight_unstable")]


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/work/stations", [
            {"code": "PACK-1", "kind": "pack", "location": "PACK-1"},
            {"code": "FIX-1", "kind": "pack", "location": "PACK-1", "scale": "scale-1", "printer": "printer-1"},
        ])  # fmt: skip
        await opened.admin.post("/api/v1/pack-lines", line())
        yield opened


def line(**other: Any) -> Json:
    return {"code": "LINE-1", "dws": "dws-2", "printer": "printer-9", "sorter": "sorter-1", "benches": ["PACK-1"],
            "lanes": {"1": "POST", "7": "recirculate", "8": "reject"}, "interval_g": 5, "passes_max": 2, **other}  # fmt: skip


class Belt:
    """One line's devices: each call is one report."""

    def __init__(self, house: House) -> None:
        self.house, self.sequence = house, 0

    async def weigh(self, weight_g: int, barcode: str, *flags: str, mm: tuple[int, int, int] = (306, 226, 166)) -> None:
        await self.house.hear("dws-2", "parcel_measured", {
            "sequence": 1, "length_mm": mm[0], "width_mm": mm[1], "height_mm": mm[2], "weight_g": weight_g, "barcode": barcode,
            "flags": list(flags),
        })  # fmt: skip

    async def scan(self, barcode: str) -> int:
        """Pass the sorter's scanner; the lane that the sorter is told."""
        self.sequence += 1
        await self.house.hear(
            "sorter-1", "parcel_inducted", {"sequence": self.sequence, "barcode": barcode, "deadline_ms": 2000}
        )
        *_, command = await self.house.commands("divert")
        assert command.payload["sequence"] == self.sequence and command.target == "sorter-1"
        await self.house.device_answers("divert")
        return int(command.payload["lane"])

    async def leave(self, barcode: str, lane: int, result: str = "diverted") -> None:
        await self.house.hear(
            "sorter-1", "parcel_sorted", {"sequence": self.sequence, "lane": lane, "result": result, "barcode": barcode}
        )

    async def go(self, barcode: str) -> int:
        """Scan, and go where the sorter was told."""
        await self.leave(barcode, lane := await self.scan(barcode))
        return lane

    async def board(self) -> Json:
        (told,) = await self.house.admin.get("/api/v1/pack-lines")
        return dict(told)


async def on_belt(
    house: House, plate: str = "PL-0001", ref: str = "O1", cart: str = "CART-1", **more: Any
) -> tuple[str, int, Client]:
    """An order closed at the bench and put on the belt: its id, the expected weight, the packer."""
    order_id = await house.order(ref, {"A": 2}, **more)
    await house.settle()
    await house.release(order_id)
    tote = await pick_all(house, await house.sign_in("picker"), cart)
    packer = await house.sign_in("packer")
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    card = (await packer.answer(start, tote=tote))["cards"][0]
    assert card["steps"][-1]["id"] == "plate"
    counted = {s["id"]: s["show"]["qty"] for s in card["steps"][1:-1]}
    reply = await packer.answer(card, carton="M", plate=plate, **counted)
    assert reply["cards"][0]["id"].startswith("tote:")
    return order_id, 150 + 2 * 200, packer


async def sscc_of(house: House) -> str:
    """On the newest label."""
    *_, command = await house.commands("print")
    async with house.db.begin() as uow:
        from wms.processes.packing import queries
        from wms.processes.packing.rules import line as rules

        (parcel,) = await queries.named(uow, rules.Codes(plates=frozenset({"PL-0001"})))
    assert parcel.sscc in command.payload["content"] and command.target == "printer-9"
    return parcel.sscc


async def jobs(house: House) -> list[tuple[str, str]]:
    """(serial, state) of every label ever sent, oldest first."""
    async with house.db.begin() as uow:
        rows = await uow.session.execute(text("SELECT serial, state FROM print_job ORDER BY id"))
        return [(r.serial, r.state) for r in rows]


async def test_a_parcel_that_agrees_is_labelled_and_goes_to_its_carriers_lane(house: House) -> None:
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected + 4, "PL-0001")
    sscc = await sscc_of(house)
    await house.device_answers("print")
    assert await house.state(order_id) == "packed"
    assert await belt.scan(f"PL-0001 ]C100{sscc}") == CARRIER
    assert await house.state(order_id) == "packed", "decided is not arrived"
    await belt.leave(f"PL-0001 ]C100{sscc}", CARRIER)
    assert await house.state(order_id) == "labelled"
    board = await belt.board()
    assert (board["labelled"], board["rejected"], board["round"]) == (1, [], [])
    assert [s["done"] for s in board["stages"]] == [1, 1, 1] and sum(s["waiting"] for s in board["stages"]) == 0
    lead = await house.sign_in("lead")
    await lead.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=f"00{sscc}")
    await lead.post("/api/v1/dock/manifests/POST/close")
    await house.settle()
    assert await house.state(order_id) == "shipped" and await house.audit_clean()


async def test_a_weight_that_is_off_gets_no_label_and_the_reject_lane_and_is_mended_at_a_bench(house: House) -> None:
    order_id, expected, packer = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected - 150, "PL-0001")
    assert await house.commands("print") == [] and await house.incidents() == ["pack.weight_off"]
    assert await belt.go("PL-0001") == REJECT
    start = (await packer.post("/api/v1/pda/pack/FIX-1/claim"))["cards"][0]
    off = (await packer.answer(start, tote="PL-0001"))["cards"][0]
    assert off["id"].startswith("off:")
    again = (await packer.answer(off, problem="open_and_check"))["cards"][0]
    card = await fill_parcel(packer, again)
    await house.hear("scale-1", "weight_measured", {"weight_g": expected, "interval_g": 1})
    assert (await house.commands("print"))[0].target == "printer-1"
    await house.device_answers("print")
    card = (await packer.get(card["steps"][0]["poll"]))["cards"][0]
    await packer.answer(card, label=f"00{card['show']['sscc']}")
    await house.settle()
    assert await house.state(order_id) == "labelled" and await house.audit_clean()


async def test_a_parcel_of_another_size_than_planned_is_declared_as_measured_and_a_lead_hears_of_it_once(
    house: House,
) -> None:
    await load(house)
    belt = Belt(house)
    wanted = []
    for n, mm in enumerate([(420, 310, 260), (420, 310, 265)], start=1):
        _, expected, _ = await on_belt(house, f"PL-000{n}", f"O{n}", f"CART-{n}", service="LINE-PDF")
        await belt.weigh(expected, f"PL-000{n}", mm=mm)
        await house.settle()
        async with house.db.begin() as uow:
            row = (await uow.session.execute(text(
                "SELECT c.request FROM ship_purchase c JOIN parcel p ON p.id = c.parcel_id WHERE p.plate = :plate"
            ), {"plate": f"PL-000{n}"})).one()  # fmt: skip
        wanted.append(tuple(row.request[f"{side}_mm"] for side in ("length", "width", "height")))
    assert wanted == [(420, 310, 260), (420, 310, 265)]
    (incident,) = [i for i in await house.admin.get("/api/v1/incidents?state=open") if i["kind"] == "pack.sides_off"]
    assert incident["detail"]["what"] == "M" and incident["detail"]["planned"] == "306×226×166"


async def test_a_parcel_that_was_not_read_goes_round_and_is_labelled_once(house: House) -> None:
    _, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "", "no_read")
    assert await house.commands("print") == []
    assert await belt.go("PL-0001") == ROUND
    await belt.weigh(expected, "PL-0001")
    sscc = await sscc_of(house)
    await house.device_answers("print")
    assert await belt.go(f"{sscc} PL-0001") == CARRIER
    board = await belt.board()
    assert board["no_reads"] == 1 and board["round"] == [{"reason": "not_weighed", "count": 1}]
    assert await jobs(house) == [(sscc, "printed")]


async def test_unread_at_the_sorter_goes_round_a_few_times_and_then_out(house: House) -> None:
    belt = Belt(house)
    assert [await belt.go("") for _ in range(4)] == [ROUND, ROUND, ROUND, REJECT]
    assert await belt.go("NEVER-SEEN") == REJECT
    assert (await belt.board())["rejected"] == [
        {"reason": "no_read", "count": 1},
        {"reason": "unknown_code", "count": 1},
    ]


async def test_a_second_passage_never_prints_a_second_label_while_the_first_is_on_it(house: House) -> None:
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    await belt.weigh(expected, "PL-0001")
    sscc = await sscc_of(house)
    await house.device_answers("print")
    both = f"PL-0001 {sscc}"
    await belt.scan(both)
    await belt.leave(both, ROUND, "lane_full")  # the carrier's lane was full
    assert await house.state(order_id) == "packed"
    await belt.weigh(expected, both)
    assert await belt.go(both) == CARRIER
    assert await jobs(house) == [(sscc, "printed")] and await house.state(order_id) == "labelled"
    await belt.weigh(expected, both)  # somebody puts it back on the belt
    assert await belt.go(both) == CARRIER
    assert await jobs(house) == [(sscc, "printed")] and await house.audit_clean()


async def test_a_late_printer_sends_the_parcel_round_then_out_with_what_to_mend(house: House) -> None:
    order_id, expected, packer = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    first = await sscc_of(house)
    assert [await belt.go("PL-0001"), await belt.go("PL-0001"), await belt.go("PL-0001")] == [ROUND, ROUND, REJECT]
    (incident,) = [i for i in await house.admin.get("/api/v1/incidents?state=open") if i["kind"] == "pack.line_reject"]
    assert incident["detail"]["code"] == "packing.label_late" and "applicator" in incident["detail"]["mend"]
    await house.device_answers("print")  # it comes out after all: onto nobody's parcel
    start = (await packer.post("/api/v1/pda/pack/FIX-1/claim"))["cards"][0]
    retry = (await packer.answer(start, tote="PL-0001"))["cards"][0]
    assert retry["id"].startswith("retry:") and retry["show"]["sscc"] != first
    await packer.answer(retry, retry=True)
    assert await jobs(house) == [(first, "void"), (retry["show"]["sscc"], "sent")]
    await house.device_answers("print")
    card = (await packer.answer(start, tote=retry["show"]["sscc"]))["cards"][0]
    await packer.answer(card, label=retry["show"]["sscc"])
    await house.settle()
    assert await house.state(order_id) == "labelled" and await house.audit_clean()
    assert not [i for i in await house.admin.get("/api/v1/incidents?state=open") if i["kind"].startswith("pack.line")]


async def test_a_label_that_got_lost_on_the_applicator_is_void_and_made_anew(house: House) -> None:
    """A jam in the middle of print-and-apply: printed, and the parcel passes without it."""
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    lost = await sscc_of(house)
    await house.device_answers("print")
    assert await belt.go("PL-0001") == ROUND
    await belt.weigh(expected, "PL-0001")
    new = await sscc_of(house)
    assert new != lost
    await house.device_answers("print")
    assert await jobs(house) == [(lost, "void"), (new, "printed")]
    assert await belt.go(f"PL-0001 {new}") == CARRIER
    assert await house.state(order_id) == "labelled" and await house.audit_clean()


async def test_an_unknown_print_voids_the_number_and_its_paper_never_reaches_a_carrier(house: House) -> None:
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    old = await sscc_of(house)
    await house.device_answers("print", "unknown", "printer.state_unknown")
    assert "pack.label_failed" in await house.incidents()
    assert await belt.scan(f"PL-0001 {old}") == REJECT, "the void label is on it"
    await belt.leave(f"PL-0001 {old}", ROUND, "late")  # but it was too late and went round, where the label fell off
    await belt.weigh(expected, "PL-0001")
    new = await sscc_of(house)
    await house.device_answers("print")
    assert new != old and await belt.go(f"PL-0001 {new}") == CARRIER
    assert await house.state(order_id) == "labelled" and await house.audit_clean()


@pytest.mark.parametrize(("flag", "code"), FLAGGED)
async def test_a_result_that_cannot_be_used_leaves_the_parcel_held(house: House, flag: str, code: str) -> None:
    """A scale that never settles among them."""
    _, expected, packer = await on_belt(house)
    belt = Belt(house)
    for _ in range(3):
        await belt.weigh(expected, "PL-0001", flag)
        lane = await belt.go("PL-0001")
    assert lane == REJECT and await house.commands("print") == []
    (incident,) = [i for i in await house.admin.get("/api/v1/incidents?state=open") if i["kind"] == "pack.line_reject"]
    assert incident["detail"]["code"] == code and incident["detail"]["mend"]
    start = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"][0]
    assert (await packer.answer(start, tote="PL-0001"))["message"] == "pack.belt_again"
    await belt.weigh(expected, "PL-0001")
    assert len(await house.commands("print")) == 1


async def test_a_scale_that_settles_for_nobody_is_an_incident_of_its_own(house: House) -> None:
    belt = Belt(house)
    for number in range(6):
        await belt.weigh(500, f"X{number}", "weight_unstable")
    assert await house.incidents() == ["pack.line_scale"]


async def test_a_parcel_in_another_carriers_lane_is_not_labelled(house: House) -> None:
    await house.admin.post(
        "/api/v1/pack-lines", line(lanes={"1": "POST", "2": "EXPRESS", "7": "recirculate", "8": "reject"})
    )
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    sscc = await sscc_of(house)
    await house.device_answers("print")
    assert await belt.scan(f"PL-0001 {sscc}") == CARRIER
    await belt.leave(f"PL-0001 {sscc}", 2)
    assert await house.state(order_id) == "packed" and "pack.wrong_lane" in await house.incidents()
    assert await belt.go(f"PL-0001 {sscc}") == CARRIER
    assert await house.state(order_id) == "labelled"


async def test_an_order_cancelled_on_the_belt_ends_in_the_reject_lane(house: House) -> None:
    order_id, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    sscc = await sscc_of(house)
    await house.device_answers("print")
    await house.admin.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "customer"})
    await house.settle()
    assert await belt.go(f"PL-0001 {sscc}") == REJECT
    assert await house.state(order_id) == "cancelled" and (await jobs(house))[0][1] == "void"
    assert sum((await house.held("A")).values()) == 20 and await house.audit_clean()


async def test_a_label_on_another_parcel_is_not_believed(house: House) -> None:
    _, expected, _ = await on_belt(house)
    belt = Belt(house)
    await belt.weigh(expected, "PL-0001")
    await sscc_of(house)
    await house.device_answers("print")
    assert await belt.go("PL-0001 006141419999999996") == REJECT


async def test_an_event_told_again_is_decided_the_same_and_counted_once(house: House) -> None:
    await on_belt(house)
    belt = Belt(house)
    for _ in range(2):
        belt.sequence = 0
        assert await belt.scan("PL-0001") == ROUND
    await belt.leave("PL-0001", ROUND)
    board = await belt.board()
    assert board["round"] == [{"reason": "not_weighed", "count": 1}]


async def test_a_plate_is_on_one_parcel_only(house: House) -> None:
    await on_belt(house)
    with pytest.raises(Refused) as refused:
        await on_belt(house, ref="O2", cart="CART-2")
    assert refused.value.code == "packing.plate_taken"


async def test_a_line_that_cannot_work_is_refused(house: House) -> None:
    for bad in (
        line(lanes={"1": "POST", "8": "reject"}),
        line(code="L2"),
        line(lanes={"7": "recirculate", "8": "reject"}),
        line(benches=[]),
    ):
        with pytest.raises(Refused) as refused:
            await house.admin.post("/api/v1/pack-lines", bad)
        assert refused.value.code == "packing.bad_line"


async def test_a_jam_shows_as_the_bottleneck_until_it_is_gone(house: House) -> None:
    belt = Belt(house)
    for active in (True, False):
        await house.hear("sorter-1", "conveyor_alarm", {"zone": "3", "code": "jam", "active": active})
        board = await belt.board()
        assert board["bottleneck"] == ({"stage": "sort", "why": "alarm"} if active else {"stage": "", "why": "none"})
        assert list(board["alarms"]) == (["3 jam"] if active else [])

"""Parcels under way, on a real database with the carrier on the wire: milestones, silence, lateness, loss, customs, bad input."""

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.house import Refused
from tests.integration.tracking_site import MANIFEST, Way, open_way
from wms.db.uow import SYSTEM
from wms.twin import measures

pytestmark = [pytest.mark.integration, pytest.mark.wire]


@pytest.fixture
async def way(new_db: Callable[..., str], tmp_path: Path) -> AsyncIterator[Way]:
    async with open_way(new_db(migrated=True), tmp_path) as made:
        yield made


async def measured(way: Way, name: str) -> Any:
    async with way.db.begin(SYSTEM) as uow:
        return await measures.MEASURES[name](uow)


async def test_a_parcel_is_followed_from_its_truck_to_its_door(way: Way) -> None:
    p = await way.parcel("O1")
    assert (await way.see(p))["milestone"] == "departed" and not await way.told(p.order_id)
    [book] = [x for x in way.sim.books.labels() if x["tracking"] == p.tracking]
    assert book["manifest"]  # the carrier was told what comes
    await way.later(days=12)
    seen = await way.see(p)
    assert seen["state"] == "delivered" and seen["first_scan_at"]
    told = await way.told(p.order_id)
    assert [t["milestone"] for t in told] == ["first_scan", "export", "import", "out_for_delivery", "delivered"]
    assert [t["at"] for t in told] == sorted(t["at"] for t in told)
    learned = await way.rows("SELECT payload FROM event WHERE name = 'tracking.parcel_delivered.v1'")
    assert len(learned) == 1 and 3 < learned[0].payload["days"] < 12
    assert [r.seen for r in await way.rows("SELECT seen FROM ship_window")] == [1]
    asked = len(way.sim.books.db.execute("SELECT 1 FROM asked WHERE path LIKE '/tracking/%'").fetchall())
    assert 12 < asked < 80  # growing pauses, and no more once it was delivered
    await way.later(days=3)
    assert len(way.sim.books.db.execute("SELECT 1 FROM asked WHERE path LIKE '/tracking/%'").fetchall()) == asked
    await way.tick("learn")
    assert {r.after for r in await way.rows("SELECT after FROM track_window WHERE seen = 1")} == {
        "departed", "first_scan", "export", "import", "out_for_delivery",
    }  # fmt: skip


async def test_what_nobody_scanned_in_a_day_is_asked_for_by_manifest_bag_and_seal(way: Way) -> None:
    one, two = await way.parcel("O1"), await way.parcel("O2")
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")  # the bag stands in a corner of their hub
    await way.later(hours=23.5, step_h=1)
    assert not await way.incidents("tracking")
    await way.later(hours=1, step_h=1)
    [found] = await way.incidents("tracking")
    assert (found.kind, found.detail["bag"], found.detail["seal"]) == ("tracking.unscanned", "BAG-1", "SEAL-9")
    assert found.detail["manifest"] == str(MANIFEST) and found.detail["parcels"] == 2
    await way.push([way.event(one, "accepted", -1)])
    assert [i.state for i in await way.incidents("tracking.unscanned")] == ["open"]
    await way.push([way.event(two, "in_transit", -1)])  # whatever the scan is called
    assert [i.state for i in await way.incidents("tracking.unscanned")] == ["resolved"]
    assert (await way.see(two))["stalled_at"] is None and (await way.see(two))["milestone"] == "first_scan"


async def test_late_dispatch_counts_the_carriers_first_scan(way: Way) -> None:
    cutoff = way.clock.at + timedelta(hours=3)
    good, late, never = [await way.parcel(f"O{i}", cutoff_at=cutoff) for i in range(3)]
    await way.rows(
        "UPDATE customer_order SET state = 'shipped', shipped_at = :at WHERE true RETURNING 1", at=way.clock.at
    )
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")
    way.clock.at += timedelta(hours=8)
    await way.push([way.event(good, "accepted", -6), way.event(late, "accepted", -4)])
    reading = await measured(way, "late-dispatch")
    assert (reading.value, reading.evidence["waiting"]) == (50.0, 1)
    way.clock.at += timedelta(hours=17)
    reading = await measured(way, "late-dispatch")
    assert round(reading.value, 1) == 66.7 and reading.evidence["unscanned"] == 1
    assert (await way.see(never))["first_scan_at"] is None


async def test_a_stalled_parcel_is_asked_after_and_a_quiet_one_is_claimed_in_time(way: Way) -> None:
    p = await way.parcel("O1")
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")
    way.clock.at += timedelta(hours=5)
    await way.push([way.event(p, "accepted", -1)])
    due = datetime.fromisoformat((await way.see(p))["due_at"])
    limit = due - way.clock.at + timedelta(hours=1)
    assert limit == timedelta(days=7.5)  # a quarter of POST's 30 days
    await way.later(days=8, step_h=48)
    [stalled] = await way.incidents("tracking.stalled")
    assert stalled.detail["milestone"] == "first_scan" and stalled.detail["tracking"] == p.tracking
    assert [x["tracking"] for x in await way.lead.get("/api/v1/tracking/parcels")] == [p.tracking]
    await way.later(days=21, step_h=36)
    assert not await way.lead.get("/api/v1/tracking/claims")
    await way.later(days=2, step_h=6)
    [claim] = await way.lead.get("/api/v1/tracking/claims")
    assert (
        claim["presumed"] and claim["label"] and claim["weight"]["weight_g"] == 612 and claim["amount_cents"] == 2_000
    )
    opened, lost = (datetime.fromisoformat(claim[k]) for k in ("opened_at", "lost_at"))
    assert timedelta() <= opened - lost <= timedelta(hours=6)
    assert [t["milestone"] for t in await way.told(p.order_id)] == ["first_scan", "lost"]
    reading = await measured(way, "loss-claim")
    assert 0 <= reading.value <= 6
    await way.push([way.event(p, "out_for_delivery", -1)])  # found
    assert [c["state"] for c in await way.lead.get("/api/v1/tracking/claims")] == ["dropped"]
    assert {i.kind: i.state for i in await way.incidents("tracking")} == {
        "tracking.stalled": "resolved", "tracking.lost": "resolved"
    }  # fmt: skip
    assert (await way.see(p))["state"] == "under_way"


async def test_a_claim_goes_to_its_carrier_with_everything_and_ends_paid(way: Way) -> None:
    way.sim.faults["lose"] = 1
    p = await way.parcel("O1")
    await way.later(days=13, step_h=24)
    [claim] = [c for c in await way.lead.get("/api/v1/tracking/claims") if not c["presumed"]]
    [incident] = await way.incidents("tracking.lost")
    assert incident.due_at - incident.opened_at == timedelta(hours=48)
    path = f"/api/v1/tracking/claims/{claim['id']}"
    answer = await way.lead.call("GET", f"{path}/bundle")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {"claim.csv", "claim.json", "tracking.csv", "weight.csv", "label.zpl"}
        assert p.tracking.encode() in archive.read("label.zpl")
        row = next(csv.DictReader(io.StringIO(archive.read("claim.csv").decode())))
        assert (row["tracking"], row["amount"], row["bag"], row["seal"]) == (p.tracking, "20.00", "BAG-1", "SEAL-9")
        assert json.loads(archive.read("claim.json"))["scans"][-1]["code"] == "lost"
        assert "612" in archive.read("weight.csv").decode()
    assert (await way.lead.call("GET", f"{path}/bundle")).content == answer.content
    with pytest.raises(Refused, match="not_allowed"):
        await way.worker.post(f"{path}/send")
    with pytest.raises(Refused, match=r"tracking\.claim_state"):
        await way.lead.post(f"{path}/pay", {"amount_cents": 1})
    await way.lead.post(f"{path}/amount", {"amount_cents": 2_100})
    await way.lead.post(f"{path}/send", {"note": "by their portal"})
    await way.settle()
    assert [i.state for i in await way.incidents("tracking.lost")] == ["resolved"]
    with pytest.raises(Refused, match=r"common\.bad_input"):
        await way.lead.post(f"{path}/answer", {"accepted": False})
    await way.lead.post(f"{path}/answer", {"accepted": False, "note": "not insured"})
    await way.lead.post(f"{path}/send", {"note": "terms, section 4"})
    with pytest.raises(Refused, match=r"tracking\.bad_amount"):
        await way.lead.post(f"{path}/answer", {"accepted": True, "amount_cents": 0})
    await way.lead.post(f"{path}/answer", {"accepted": True, "amount_cents": 1_500})
    await way.lead.post(f"{path}/pay", {"amount_cents": 1_500})
    [done] = await way.lead.get("/api/v1/tracking/claims")
    assert (done["state"], done["paid_cents"]) == ("paid", 1_500)
    assert [x["event"] for x in done["log"]] == ["open", "amount", "send", "reject", "send", "accept", "pay"]


async def test_a_claim_without_its_papers_stays_open_and_the_clock_of_48_h_runs_out(way: Way) -> None:
    p = await way.parcel("O1", departed=False)
    await way.rows("UPDATE track_paper SET weight = '{}' RETURNING 1")
    await way.depart(p)
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")  # nobody will find it
    way.clock.at += timedelta(hours=2)
    await way.push([way.event(p, "accepted", -1), way.event(p, "lost", -0.5)])
    [claim] = await way.lead.get("/api/v1/tracking/claims")
    with pytest.raises(Refused, match=r"tracking\.claim_incomplete"):
        await way.lead.post(f"/api/v1/tracking/claims/{claim['id']}/send")
    way.clock.at += timedelta(hours=47)
    await way.tick("escalate_overdue", "incidents")
    assert [i.level for i in await way.incidents("tracking.lost")] == [0]
    assert (await measured(way, "loss-claim")).value < 48
    way.clock.at += timedelta(hours=1, minutes=1)
    await way.tick("escalate_overdue", "incidents")
    assert [i.level for i in await way.incidents("tracking.lost")] == [1]
    reading = await measured(way, "loss-claim")
    assert reading.value > 48 and reading.evidence["incomplete"] == 1


async def test_a_customs_hold_on_the_way_runs_the_24_h_clock_until_customs_lets_go(way: Way) -> None:
    p = await way.parcel("O1")
    way.clock.at += timedelta(hours=30)
    await way.push([way.event(p, "customs_hold", -1, text="commercial invoice")])
    [hold] = await way.incidents("customs.hold")
    assert hold.due_at - hold.opened_at == timedelta(hours=24) and "commercial invoice" in hold.detail["asks"]
    assert (await way.see(p))["milestone"] == "customs_hold"
    way.clock.at += timedelta(hours=23, minutes=59)
    await way.tick("escalate_overdue", "incidents")
    assert [i.level for i in await way.incidents("customs.hold")] == [0]
    way.clock.at += timedelta(minutes=2)
    await way.tick("escalate_overdue", "incidents")
    assert [i.level for i in await way.incidents("customs.hold")] == [1]
    await way.push([way.event(p, "customs_released", -0.1)])
    assert [i.state for i in await way.incidents("customs.hold")] == ["resolved"]
    assert (await way.see(p))["held_at"] is None
    assert [t["milestone"] for t in await way.told(p.order_id)] == ["first_scan", "customs_hold"]


async def test_the_carriers_own_customs_hold_comes_over_the_wire(way: Way) -> None:
    way.sim.faults["customs"] = 1
    await way.parcel("O1")
    await way.later(days=16, step_h=24)
    assert [(i.state, i.detail["asks"]) for i in await way.incidents("customs.hold")] == [
        ("resolved", "commercial invoice")
    ]


async def test_a_promise_that_will_be_missed_is_told_48_hours_before_and_once(way: Way) -> None:
    soon = await way.parcel("O1", promised_at=way.clock.at + timedelta(days=17))
    safe = await way.parcel("O2", promised_at=way.clock.at + timedelta(days=25))
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")
    await way.push([way.event(p, "accepted", 0) for p in (soon, safe)])
    await way.later(days=4, step_h=24)
    assert not await way.told(soon.order_id, "parcel.delayed")
    await way.later(days=2, step_h=12)
    [notice] = await way.told(soon.order_id, "parcel.delayed")
    assert notice["expected_at"] > notice["promised_at"]
    seen = await way.see(soon)
    lead = datetime.fromisoformat(seen["promised_at"]) - datetime.fromisoformat(seen["delay_told_at"])
    assert lead >= timedelta(hours=48)
    assert not await way.told(safe.order_id, "parcel.delayed")
    await way.push([way.event(safe, "out_for_delivery", -0.2), way.event(safe, "delivered", -0.1)])
    await way.later(days=12, step_h=72)
    assert len(await way.told(soon.order_id, "parcel.delayed")) == 1
    reading = await measured(way, "delay-notice")
    assert reading.value >= 48 and reading.evidence["missed"] == 1


async def test_what_cannot_count_is_parked_with_its_reason_and_changes_nothing(way: Way) -> None:
    p = await way.parcel("O1")
    before = await way.see(p)
    answer = (await way.push([
        way.event(p, "accepted", 1), way.event(p, "accepted", -2), {**way.event(p, "accepted", 0), "tracking": "NOBODY1"},
    ])).json()  # fmt: skip
    assert answer["taken"] == 0 and [x["code"] for x in answer["parked"]] == [
        "tracking.from_the_future", "tracking.before_departure", "tracking.unknown_parcel"
    ]  # fmt: skip
    other = (await way.push([way.event(p, "delivered", 0)], "other")).json()
    assert [x["code"] for x in other["parked"]] == ["tracking.not_yours"]
    after = await way.see(p)
    assert {k: v for k, v in after.items() if k != "events"} == {k: v for k, v in before.items() if k != "events"}
    assert not await way.told(p.order_id) and len(await way.lead.get("/api/v1/tracking/parked")) == 4
    again = way.event(p, "accepted", 1)
    way.clock.at += timedelta(hours=1)
    assert (await way.push([again])).json()["taken"] == 1  # its time has come
    assert (await way.push([again])).json() == {
        "taken": 0, "known": 1, "parked": [], "parked_count": 0, "faults": [], "fault_count": 0
    }  # fmt: skip


async def test_what_was_told_before_we_knew_that_it_left_counts_once_it_has(way: Way) -> None:
    p = await way.parcel("O1", departed=False)
    assert (await way.push([way.event(p, "accepted", 0.1)])).json()["parked"][0]["code"] == "tracking.unknown_parcel"
    way.clock.at += timedelta(minutes=2)
    await way.depart(p)
    seen = await way.see(p)
    assert seen["milestone"] == "first_scan" and [e["state"] for e in seen["events"]] == ["taken"]


async def test_the_same_events_in_any_order_and_number_give_the_same_parcel(way: Way) -> None:
    plain, mixed = await way.parcel("O1"), await way.parcel("O2")
    way.sim.books.db.execute("UPDATE label SET handed_at = NULL")
    way.clock.at += timedelta(days=6)
    told = [
        ("accepted", -140),
        ("export", -90),
        ("import", -60),
        ("customs_hold", -50),
        ("customs_released", -20),
        ("out_for_delivery", -4),
    ]
    await way.push([way.event(plain, code, at) for code, at in told])
    for code, at in [told[3], told[5], told[3], told[1], told[0], told[5], told[4], told[2]]:
        await way.push([way.event(mixed, code, at)])
    await way.push([way.event(mixed, code, at) for code, at in reversed(told)])
    one, other = await way.see(plain), await way.see(mixed)
    same = (
        "state",
        "milestone",
        "reached_at",
        "first_scan_at",
        "last_at",
        "due_at",
        "expected_at",
        "held_at",
        "stalled_at",
        "gaps",
    )
    assert {k: one[k] for k in same} == {k: other[k] for k in same} and one["milestone"] == "out_for_delivery"
    assert [(e["code"], e["at"]) for e in one["events"]] == [(e["code"], e["at"]) for e in other["events"]]
    gaps = await way.rows("SELECT after, minutes, count(*) AS n FROM track_gap GROUP BY 1, 2")
    assert {g.n for g in gaps} == {2} and len(gaps) == 4
    for p in (plain, mixed):
        heard = await way.told(p.order_id)
        assert [t["at"] for t in heard] == sorted(t["at"] for t in heard) and len(
            {t["milestone"] for t in heard}
        ) == len(heard)
    assert {i.state for i in await way.incidents("customs.hold")} == {"resolved"}


async def test_only_signed_messages_of_an_account_are_heard(way: Way) -> None:
    p = await way.parcel("O1")
    good = [way.event(p, "accepted", 0)]
    for answer in (
        await way.push(good, secret="guessed"), await way.push(good, "nobody"), await way.push(good, **{"wms-timestamp": "1"}),
        await way.push(good, **{"wms-timestamp": "x"}), await way.push(good, **{"wms-signature": ""}),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (401, "tracking.bad_signature")
    refused = await way.push(good, authorization=f"Bearer {way.worker.token}")
    assert (refused.status_code, refused.json()["code"]) == (403, "common.not_allowed")
    bad = await way.push([*good, {"tracking": p.tracking, "at": "yesterday", "code": "flown"}])
    assert bad.status_code == 422 and bad.json()["params"]["count"] == 2 and "2, at" in bad.json()["params"]["faults"]
    assert not (await way.see(p))["events"]
    assert (await way.push(good)).json()["taken"] == 1


async def test_a_file_is_tried_first_and_every_faulty_row_named(way: Way) -> None:
    p = await way.parcel("O1")
    now = way.clock.at.isoformat()
    rows = [
        "code,tracking,at,place",
        f"accepted,{p.tracking},{now},PVG",
        f"flown,{p.tracking},{now},PVG",
        f"delivered,{p.tracking},12.3.,",
    ]
    body = {"carrier": "CPOST", "csv": "\n".join(rows)}
    tried = await way.lead.post("/api/v1/tracking/file", body)
    assert [(f["row"], f["field"]) for f in tried["faults"]] == [(3, "code"), (4, "at")] and tried["taken"] == 1
    with pytest.raises(Refused, match=r"tracking\.bad_events"):
        await way.lead.post("/api/v1/tracking/file?dry_run=false", body)
    assert not (await way.see(p))["events"]
    good = {"carrier": "CPOST", "csv": "\n".join([*rows[:2], f"delivered,NOBODY1,{now},"])}
    assert (await way.lead.post("/api/v1/tracking/file?dry_run=false", good))["parked"][0]["row"] == 3
    assert (await way.lead.post("/api/v1/tracking/file?dry_run=false", good))["known"] == 1
    assert (await way.see(p))["milestone"] == "first_scan"
    wrong = await way.lead.post("/api/v1/tracking/file", {**good, "carrier": "LINEX"})
    assert {x["code"] for x in wrong["parked"]} == {"tracking.not_yours", "tracking.unknown_parcel"}
    for text in ("", "a,b\n1,2", 'tracking,at,code\n"x', "tracking,at,code,tracking\n", "tracking,at,code\nonly one"):
        assert (await way.lead.post("/api/v1/tracking/file", {"carrier": "CPOST", "csv": text}))["fault_count"] >= 1


async def test_claims_by_hand_need_a_reason_and_a_parcel_that_may_be_lost(way: Way) -> None:
    p = await way.parcel("O1")
    path = f"/api/v1/tracking/parcels/{p.id}/claim"
    with pytest.raises(Refused, match=r"tracking\.not_lost"):
        await way.lead.post(path, {"reason": "I think"})
    with pytest.raises(Refused, match=r"common\.bad_input"):
        await way.lead.post(path, {"reason": " "})
    await way.lead.post(path, {"reason": "crushed, photo 7", "kind": "damaged"})
    with pytest.raises(Refused, match=r"tracking\.claim_open"):
        await way.lead.post(path, {"reason": "again", "kind": "damaged"})
    found = await way.lead.get(f"/api/v1/tracking/parcels?q={p.tracking[:6].lower()}")
    assert [x["ref"] for x in found] == ["O1"] and await way.lead.get("/api/v1/tracking/parcels?q=%25") == []
    with pytest.raises(Refused, match=r"tracking\.no_parcel"):
        await way.lead.get(f"/api/v1/tracking/parcels/{MANIFEST}")

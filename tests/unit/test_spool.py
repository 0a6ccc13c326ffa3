"""The spool: order, durability, epoch, limits, memory of commands."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.contract.reports import CommandResult, WeightMeasured
from devices.gateway.spool import Spool, SpoolFull, uuid7

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def weight(weight_g: int) -> WeightMeasured:
    return WeightMeasured(weight_g)


async def test_rows_stay_in_order_until_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db")
    seqs = await asyncio.gather(*(spool.append("d", weight(i), NOW) for i in range(300)))
    assert seqs == list(range(1, 301))
    assert [row.seq for row in await spool.read(10, 5)] == [11, 12, 13, 14, 15]
    await spool.ack("another epoch", 300)
    assert (await spool.depth()).depth == 300
    await spool.ack(spool.epoch, 299)
    (row,) = await spool.read(0, 100)
    body = json.loads(row.body)
    assert (row.seq, body["device"], body["kind"], body["data"]["weight_g"]) == (300, "d", "weight_measured", 299)
    assert body["occurred_at"] == "2026-01-02T03:04:05+00:00"
    spool.close()


async def test_numbers_go_on_after_a_restart_with_an_empty_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db")
    await spool.append("d", weight(1), NOW)
    await spool.ack(spool.epoch, 1)
    epoch = spool.epoch
    spool.close()
    again = Spool(tmp_path / "s.db")
    assert (again.epoch, await again.first_seq()) == (epoch, 2)
    assert await again.append("d", weight(2), NOW) == 2
    again.close()
    other = Spool(tmp_path / "other.db")
    assert other.epoch != epoch and await other.first_seq() == 1
    other.close()


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Spool(tmp_path / "s.db")
    spool.close()


async def test_a_full_spool_refuses_and_takes_again_after_an_acknowledgement(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_rows=3)
    for i in range(3):
        await spool.append("d", weight(i), NOW)
    with pytest.raises(SpoolFull):
        await spool.append("d", weight(9), NOW)
    with pytest.raises(SpoolFull):
        await spool.begin("new", "d")
    assert spool.full and spool.refused == 2
    await spool.ack(spool.epoch, 2)
    assert await spool.append("d", weight(4), NOW) == 4
    assert not spool.full
    spool.close()


async def test_a_full_disk_refuses_and_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db")
    await spool.append("d", weight(1), NOW)
    spool._db.execute(f"PRAGMA max_page_count = {spool._db.execute('PRAGMA page_count').fetchone()[0] + 2}")
    stored = 1
    with pytest.raises(SpoolFull, match="full"):
        for _ in range(10_000):
            await spool.append("d", weight(2), NOW)
            stored += 1
    assert (await spool.depth()).depth == stored
    spool._db.execute("PRAGMA max_page_count = 1073741823")
    assert await spool.append("d", weight(3), NOW) == stored + 1
    spool.close()


async def test_commands_are_remembered_over_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db")
    result = CommandResult("c1", "done", data={"weight_g": 5})
    assert await spool.begin("c1", "d") is None
    assert await spool.begin("c1", "d") == "running"
    await spool.finish("d", result, NOW)
    assert await spool.begin("c2", "d", "{}") is None
    spool.close()
    again = Spool(tmp_path / "s.db")
    assert await again.begin("c1", "d") == result
    assert await again.unanswered() == [("c2", "d", "{}")]
    again.close()


def test_uuid7_is_ordered_by_time() -> None:
    ids = [uuid7() for _ in range(3)]
    assert all(i[14] == "7" and i[19] in "89ab" for i in ids)

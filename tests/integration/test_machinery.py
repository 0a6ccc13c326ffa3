"""Outbox, ticks and webhooks: nothing is lost, nothing is done twice, what keeps failing is shown."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import text

from tests.conftest import ROOT
from tests.integration.house import open_house
from wms import flow
from wms.db.outbox import ATTEMPTS_MAX, Relay, Solvers, Tick, run_ticks
from wms.db.uow import Database, UnitOfWork
from wms.db.web import Uow, UowRoute
from wms.entrypoints import host, http
from wms.events.orders import OrderAccepted, OrderShipped
from wms.foundation.catalog import service as catalog
from wms.kernel.ids import uuid7
from wms.kernel.messages import Event
from wms.settings import Settings


@pytest.fixture
async def db(new_db: Callable[..., str]) -> AsyncIterator[Database]:
    made = Database(new_db(migrated=True), router=lambda _: ("test.react",))
    yield made
    await made.close()


async def no_parking(uow: UnitOfWork, reaction: str, event: Event, error: str) -> None:
    raise AssertionError(error)


async def test_reactions_of_a_stream_run_in_order_and_once_with_two_relays(db: Database) -> None:
    seen: list[tuple[Any, str]] = []

    async def react(uow: UnitOfWork, event: OrderAccepted) -> None:
        await asyncio.sleep(0.002)
        seen.append((event.order_id, event.ref))

    streams = [uuid7() for _ in range(5)]
    for n in range(8):
        async with db.begin() as uow:
            for order_id in streams:
                uow.emit(OrderAccepted(order_id=order_id, ref=f"{n:02d}"))
    with closing(Solvers(lambda: ThreadPoolExecutor(1))) as solvers:
        relays = [
            Relay(db, {OrderAccepted.name: OrderAccepted}, {"test.react": react}, parked=no_parking, solvers=solvers)
            for _ in range(2)
        ]
        running = [asyncio.create_task(r.run()) for r in relays]
        async with asyncio.timeout(30):
            while len(seen) < 40:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert len(seen) == 40
    for order_id in streams:
        assert [ref for i, ref in seen if i == order_id] == [f"{n:02d}" for n in range(8)]


async def test_what_keeps_failing_is_parked_with_its_reason_and_the_stream_goes_on(db: Database) -> None:
    tries, told, good = 0, [], []

    async def react(uow: UnitOfWork, event: OrderAccepted) -> None:
        nonlocal tries
        if event.ref == "bad":
            tries += 1
            raise RuntimeError("cannot")
        good.append(event.ref)

    async def parked(uow: UnitOfWork, reaction: str, event: Event, error: str) -> None:
        told.append((reaction, error))

    order_id = uuid7()
    async with db.begin() as uow:
        uow.emit(OrderAccepted(order_id=order_id, ref="bad"))
        uow.emit(OrderAccepted(order_id=order_id, ref="good"))
    with closing(Solvers(lambda: ThreadPoolExecutor(1))) as solvers:
        relay = Relay(db, {OrderAccepted.name: OrderAccepted}, {"test.react": react}, parked=parked, solvers=solvers)
        for _ in range(ATTEMPTS_MAX + 1):
            await relay.drain_once()
            async with db.begin() as uow:
                await uow.session.execute(text("UPDATE reaction SET run_at = now() - interval '1 hour'"))
        await relay.drain_once()
    assert tries == ATTEMPTS_MAX
    assert told == [("test.react", "RuntimeError('cannot')")]
    assert good == ["good"]


async def test_a_tick_fires_once_per_slot_across_workers(db: Database) -> None:
    fired = []

    async def run(uow: UnitOfWork) -> None:
        fired.append(uow.now)

    ticks = (Tick("t", 3600, run),)
    running = [asyncio.create_task(run_ticks(db, ticks)) for _ in range(3)]
    await asyncio.sleep(1.0)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert len(fired) == 1


async def test_the_host_is_told_at_least_once_signed_and_in_order(db: Database) -> None:
    """A real server that refuses the first two calls: nothing is lost, the order is kept, the signature holds."""
    got: list[tuple[dict[str, str], bytes]] = []
    refuse = 2

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal refuse
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:]) if k}
        body = await reader.readexactly(int(headers["content-length"]))
        if refuse:
            refuse -= 1
            writer.write(b"HTTP/1.1 503 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        else:
            got.append((headers, body))
            writer.write(b"HTTP/1.1 200 ok\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with db.begin() as uow:
        for n in range(4):
            uow.send_host("order.shipped", {"ref": f"O{n}"}, ref="order:1")
    task = asyncio.create_task(host.run(db, url, "secret"))
    async with asyncio.timeout(30):
        while len(got) < 4:
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    assert [json.loads(b)["data"]["ref"] for _, b in got] == ["O0", "O1", "O2", "O3"]
    for headers, body in got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
    assert OrderShipped.name == "orders.order_shipped.v1"


async def test_a_rolled_back_request_tells_nobody(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.begin() as uow:
            uow.emit(OrderAccepted(order_id=uuid7(), ref="x"))
            uow.send_host("order.shipped", {}, ref="x")
            await uow.session.flush()
            raise RuntimeError
    async with db.begin() as uow:
        for table in ("event", "reaction", "outgoing"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


def double(n: int) -> int:
    return 2 * n


async def test_a_killed_solver_process_costs_one_more_try() -> None:
    pids: list[int] = []

    def make() -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1)
        pids.append(pool.submit(os.getpid).result())
        return pool

    with closing(Solvers(make)) as solvers:
        assert await solvers.solve(double, 2) == 4
        os.kill(pids[0], signal.SIGKILL)
        assert await solvers.solve(double, 3) == 6
        assert len(pids) == 2


async def test_a_measurement_is_told_only_to_whom_it_may_concern(new_db: Callable[..., str]) -> None:
    told = {
        ("scale-1", "weight_measured"): {"packing.on_weight_measured"},
        ("scale-dock", "weight_measured"): {"inbound.on_weight_measured"},
        ("scale-lost", "weight_measured"): set(),
        ("dws-1", "parcel_measured"): {"packing.on_parcel_measured", "inbound.on_parcel_measured"},
        ("dws-line", "parcel_measured"): {"packing.on_parcel_measured"},
    }
    sizes = {"length_mm": 300, "width_mm": 200, "height_mm": 100, "weight_g": 900, "sequence": 1}
    async with open_house(new_db(migrated=True)) as house:
        for asked in ("", str(uuid7())):
            for (device, kind), names in told.items():
                data = (
                    {"weight_g": 900, "interval_g": 1}
                    if kind == "weight_measured"
                    else {**sizes, "command_id": asked or None}
                )
                await house.hear(device, kind, data)
                async with house.db.begin() as uow:
                    rows = await uow.session.execute(text(
                        "SELECT r.reaction FROM reaction r WHERE r.event_id = (SELECT id FROM event ORDER BY seq DESC LIMIT 1)"
                    ))  # fmt: skip
                    found = {row.reaction for row in rows}
                assert found == (
                    {"calibration.on_parcel_measured"} if asked and kind == "parcel_measured" else names
                ), device
        async with house.db.begin() as uow:
            kept = await uow.session.scalar(text("SELECT count(*) FROM event WHERE name LIKE 'devices.%_measured.v1'"))
        assert kept == 10  # every one is on record all the same


async def test_of_two_requests_that_wait_for_each_other_both_are_served(new_db: Callable[..., str]) -> None:
    router = APIRouter(route_class=UowRoute)
    took: list[str] = []

    @router.post("/lock/{first}/{second}")
    async def lock(uow: Uow, first: str, second: str) -> dict[str, str]:
        took.append(first)
        for code in (first, second):
            await uow.session.execute(text("SELECT 1 FROM owner WHERE code = :code FOR UPDATE"), {"code": code})
            await asyncio.sleep(0.2)
        await uow.session.execute(text("UPDATE owner SET name = name || :first WHERE code = 'X'"), {"first": first})
        return {"first": first}

    url = new_db(migrated=True)
    db = Database(url, router=flow.route, pool=4)
    async with db.begin() as uow:
        for code in ("A", "B", "X"):
            await catalog.ensure_owner(uow, code, "-")
    app = http.build(Settings(database_url=url), db, (router,), None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://house") as client:
        replies = await asyncio.gather(
            *(
                client.post(path, json={}, headers={"idempotency-key": str(uuid7())})
                for path in ("/lock/A/B", "/lock/B/A")
            )
        )
    assert [r.status_code for r in replies] == [200, 200]
    assert len(took) == 3, "one of them was played again"
    async with db.begin() as uow:
        name = str(await uow.session.scalar(text("SELECT name FROM owner WHERE code = 'X'")))
    assert sorted(name) == ["-", "A", "B"], "each counted once"
    await db.close()


async def test_facts_told_all_at_once_are_as_those_told_one_by_one(db: Database) -> None:
    facts = [OrderShipped(order_id=uuid7(), ref=f"R{n}") for n in range(5)]
    async with db.begin(cause="test") as uow:
        uow.emit(facts[0])
        await uow.emit_all(facts[1:])
        uow.emit(facts[0])
        assert uow.emitted == [*facts, facts[0]]
    async with db.begin() as uow:
        rows = list(await uow.session.execute(text(
            "SELECT e.name, e.stream, e.payload, e.actor, r.reaction, r.stream AS same, r.state, r.attempts, r.run_at = e.occurred_at AS due"
            " FROM event e JOIN reaction r ON r.event_id = e.id ORDER BY r.seq"
        )))  # fmt: skip
    assert [r.payload["ref"] for r in rows] == ["R0", "R1", "R2", "R3", "R4", "R0"], (
        "in the order in which they were told"
    )
    assert len({(r.name, r.actor, r.reaction, r.state, r.attempts, r.due) for r in rows}) == 1
    assert all(r.stream == r.same and r.payload["order_id"] in r.stream for r in rows)


async def test_who_asks_for_the_same_words_waits_for_the_first(db: Database) -> None:
    told: list[str] = []
    first_is_in, others_wait = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with db.begin() as uow:
            await uow.alone("tag:A")
            first_is_in.set()
            await others_wait.wait()
            told.append("first")

    async def second(what: str) -> None:
        await first_is_in.wait()
        async with db.begin() as uow:
            await uow.alone(what)
            told.append(what)

    same, other = asyncio.create_task(second("tag:A")), asyncio.create_task(second("tag:B"))
    holder = asyncio.create_task(first())
    await other
    assert told == ["tag:B"]
    others_wait.set()
    await asyncio.gather(holder, same)
    assert told == ["tag:B", "first", "tag:A"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc here")
async def test_a_worker_that_is_told_to_end_waits_for_no_solver(new_db: Callable[..., str], tmp_path: Path) -> None:
    """With nothing compiled its solver is busy for a minute and more."""
    env = {
        **os.environ, "WMS_DATABASE_URL": new_db(migrated=True), "WMS_BROKER_URL": "", "WMS_DATA_DIR": str(tmp_path),
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"),
    }  # fmt: skip
    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "wms", "worker", cwd=ROOT, env=env)
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    async with asyncio.timeout(60):
        while not children.read_text().split():
            await asyncio.sleep(0.1)
    worker.terminate()
    async with asyncio.timeout(30):
        assert await worker.wait() == 0

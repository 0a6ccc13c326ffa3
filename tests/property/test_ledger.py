"""Goal: no interleaving of clients, lost answers, killed requests and doubled sends makes stock wrong.

Method: several clients take random steps at once through the same idempotent transaction that a request runs in. The
independent model is plain arithmetic: every step that succeeded, once per key, has a known effect, and effects add up
in any order. At the end the ledger must hold exactly the model's sums, and the audit must agree row by row. Long form:
100,000 steps (make long).
"""

import asyncio
import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from wms import flow
from wms.db import idempotency
from wms.db.idempotency import StoredAnswer
from wms.db.uow import Actor, Database, UnitOfWork
from wms.foundation.catalog import service as catalog
from wms.foundation.layout import service as layout
from wms.foundation.stock import queries, service
from wms.foundation.stock.rules import Grain, NotEnough, ReservationNotOpen, SerialProblem
from wms.kernel.errors import Refusal
from wms.kernel.ids import uuid7

LONG = "WMS_LONG" in os.environ
STEPS = int(os.environ.get("WMS_LEDGER_STEPS", "100000" if LONG else "3000"))
SEED = int(os.environ.get("WMS_LEDGER_SEED", "20261122"))
CLIENTS = 8
TESTER = Actor("tester", "tester", frozenset({"system", "worker", "lead", "supervisor"}))

Effect = dict[str, Any]
Step = Callable[[UnitOfWork], Awaitable[Effect]]


class AnswerLost(Exception):
    """The server did it, or did not; the client cannot know."""


@dataclass
class Model:
    """Sums of the effects of steps that succeeded."""

    on_hand: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    open_each: dict[str, int] = field(default_factory=dict)
    grain_of: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    serial_at: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    retried: int = 0

    def apply(self, effect: Effect) -> None:
        self.done[effect["kind"]] += 1
        for place, sku, status, delta in effect.get("moves", []):
            self.on_hand[place, sku, status] += delta
        for rid, (place, sku, status), qty in effect.get("reserved", []):
            self.open_each[rid] = self.open_each.get(rid, 0) + qty
            self.grain_of[rid] = (place, sku, status)
        for rid in effect.get("released", []):
            self.open_each[rid] = 0
        self.serial_at.update(effect.get("serials", {}))


@dataclass
class World:
    db: Database
    bins: list[int]
    skus: list[int]
    serial_sku: int
    lots: dict[int, int]
    owner: int
    virtual: dict[str, int]
    rng: random.Random
    model: Model = field(default_factory=Model)
    reservations: list[str] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    next_serial: int = 0

    def grain(self, sku: int, status: str = "available") -> Grain:
        return Grain(sku, self.lots[sku], self.owner, status)


async def once(db: Database, key: UUID, step: Step) -> Effect:
    """A request as the route class runs it: recall, do, remember, commit."""
    async with db.begin(TESTER, request_id=key, cause="test") as uow:
        if (stored := await idempotency.recall(uow, key, b"h")) is not None:
            effect: Effect = json.loads(stored.body)
            return effect
        effect = await step(uow)
        await idempotency.remember(uow, key, b"h", StoredAnswer(200, json.dumps(effect).encode(), "application/json"))
    return effect


async def attempt(world: World, step: Step) -> Effect | None:
    """One client's request with its mishaps; None when it was refused."""
    key, rng = uuid7(), world.rng
    mishap = rng.random()

    async def killed(uow: UnitOfWork) -> Effect:
        await step(uow)
        raise AnswerLost("killed before the commit")

    if mishap < 0.10:
        try:
            await once(world.db, key, killed)
        except AnswerLost:
            world.model.retried += 1
        except Refusal as refusal:
            world.model.refused[refusal.code] += 1
            return None
    elif mishap < 0.25:  # the answer is lost after the commit: the first outcome is thrown away unseen
        world.model.retried += 1
        with contextlib.suppress(Refusal):
            await once(world.db, key, step)
    elif mishap < 0.32:  # the radio sends it twice at once
        world.model.retried += 1
        await asyncio.gather(once(world.db, key, step), once(world.db, key, step), return_exceptions=True)
    while True:
        try:
            return await once(world.db, key, step)
        except idempotency.InFlight:
            await asyncio.sleep(0.002)
        except Refusal as refusal:
            world.model.refused[refusal.code] += 1
            return None


def plan(world: World) -> Step:
    """A random step over few bins and SKUs, so that clients collide."""
    rng = world.rng
    kind = rng.choice(
        ["receive", "receive", "move", "move", "reserve", "reserve", "reserve", "pick", "pick", "pick", "cancel", "ship",
         "count_up", "count_down", "hold", "unhold", "serial_in", "serial_move", "nest"]
    )  # fmt: skip
    a, b = rng.sample(world.bins, 2)
    sku, qty = rng.choice(world.skus), rng.randint(1, 9)
    v = world.virtual

    def line(frm: int, to: int, status: str = "available", to_status: str | None = None, **more: Any) -> service.Line:
        return service.Line(world.grain(sku, status), frm, to, qty, kind, to_status=to_status, **more)

    def moved(*moves: tuple[int, int, str, int]) -> Effect:
        return {"kind": kind, "moves": moves}

    async def receive(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(v["SUPPLIER"], a)])
        return moved((a, sku, "available", qty))

    async def move(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(a, b)])
        return moved((a, sku, "available", -qty), (b, sku, "available", qty))

    async def reserve(uow: UnitOfWork) -> Effect:
        held = [h for h in await queries.held_in(uow, a, sku) if h.grain.status == "available"]
        if not held:
            raise NotEnough()
        (rid,) = await service.reserve(uow, [service.Want("test:1", held[0].balance_id, qty)])
        return {"kind": kind, "reserved": [(str(rid), (a, sku, "available"), qty)]}

    async def pick(uow: UnitOfWork) -> Effect:
        if not world.reservations:
            raise ReservationNotOpen()
        rid = world.reservations[-1 - rng.randrange(min(20, len(world.reservations)))]
        place, of_sku, status = world.model.grain_of[rid]
        await service.post(
            uow, [service.Line(world.grain(of_sku, status), place, v["CUSTOMER"], 1, kind, reservation=UUID(rid))]
        )
        return {**moved((place, of_sku, status, -1)), "reserved": [(rid, (place, of_sku, status), -1)]}

    async def cancel(uow: UnitOfWork) -> Effect:
        if not world.reservations:
            raise ReservationNotOpen()
        rid = world.reservations[rng.randrange(len(world.reservations))]
        freed = await service.release(uow, [UUID(rid)])
        return {"kind": kind, "reserved": [(rid, world.model.grain_of[rid], -freed)]}

    async def ship(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(a, v["CUSTOMER"])])
        return moved((a, sku, "available", -qty))

    async def count_up(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(v["ADJUSTMENT"], a)])
        return moved((a, sku, "available", qty))

    async def count_down(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(a, v["ADJUSTMENT"])])
        return moved((a, sku, "available", -qty))

    async def hold(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(a, a, to_status="count_hold")])
        return moved((a, sku, "available", -qty), (a, sku, "count_hold", qty))

    async def unhold(uow: UnitOfWork) -> Effect:
        await service.post(uow, [line(a, a, "count_hold", "available")])
        return moved((a, sku, "count_hold", -qty), (a, sku, "available", qty))

    async def serial_in(uow: UnitOfWork) -> Effect:
        name = f"S{rng.randrange(400)}"
        await service.post(
            uow, [service.Line(world.grain(world.serial_sku), v["SUPPLIER"], a, 1, kind, serials=[name])]
        )
        return {**moved((a, world.serial_sku, "available", 1)), "serials": {name: a}}

    async def serial_move(uow: UnitOfWork) -> Effect:
        known = list(world.model.serial_at.items())
        if not known:
            raise SerialProblem()
        name, at = rng.choice(known)
        to = b if at == a else a
        await service.post(uow, [service.Line(world.grain(world.serial_sku), at, to, 1, kind, serials=[name])])
        return {
            **moved((at, world.serial_sku, "available", -1), (to, world.serial_sku, "available", 1)), "serials": {name: to}
        }  # fmt: skip

    async def nest(uow: UnitOfWork) -> Effect:
        if len(world.units) < 6:
            made = await service.create_unit(uow, "case", f"U{uuid7()}", a)
            return {"kind": kind, "unit": made}
        inner, outer = rng.sample(world.units[:6], 2)
        await service.put_unit(uow, inner, rng.choice([outer, a, b]))
        return {"kind": kind}

    steps: dict[str, Step] = {
        "receive": receive, "move": move, "reserve": reserve, "pick": pick, "cancel": cancel, "ship": ship,
        "count_up": count_up, "count_down": count_down, "hold": hold, "unhold": unhold, "serial_in": serial_in,
        "serial_move": serial_move, "nest": nest,
    }  # fmt: skip
    chosen = steps[kind]
    frozen = random.Random(rng.random())

    async def same_each_time(uow: UnitOfWork) -> Effect:
        # A retry is the same request, so its dice must fall the same way.
        nonlocal rng
        rng = random.Random(frozen.getstate()[1][0])
        return await chosen(uow)

    return same_each_time


async def client(world: World, n: int) -> None:
    for _ in range(n):
        effect = await attempt(world, plan(world))
        if effect is None:
            continue
        world.model.apply(effect)
        world.reservations += [rid for rid, _, qty in effect.get("reserved", []) if qty > 0]
        if "unit" in effect:
            world.units.append(effect["unit"])


async def build(db: Database) -> World:
    async with db.begin(TESTER) as uow:
        await layout.load_layout(
            uow, "W", [layout.NodeDraft("N", 0, 0)], [],
            [layout.LocationDraft(f"L{i}", "bin", "A", "N", 0, 0) for i in range(6)],
        )  # fmt: skip
        drafts = [catalog.SkuDraft(f"S{i}", f"S{i}", 10, 10, 10, 10) for i in range(4)]
        await catalog.save_skus(uow, [*drafts, catalog.SkuDraft("SER", "SER", 10, 10, 10, 10, serial_policy="always")])
    async with db.begin(TESTER) as uow:
        ids = {r.code: r.id for r in await uow.session.execute(text("SELECT code, id FROM sku"))}
        bins = list(await uow.session.scalars(text("SELECT id FROM location ORDER BY id")))
        lots = {sku: await service.lot_for(uow, sku) for sku in ids.values()}
        owner = int(await uow.session.scalar(text("SELECT id FROM owner")) or 0)
        virtual = await queries.virtual_places(uow)
    skus = [ids[f"S{i}"] for i in range(4)]
    return World(db, bins, skus, ids["SER"], lots, owner, virtual, random.Random(SEED))


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 240)
async def test_no_unit_is_lost_or_doubled(migrated_db: str) -> None:
    print(f"ledger property: seed {SEED}, {STEPS} steps, {CLIENTS} clients")
    db = Database(migrated_db, router=flow.route, pool=CLIENTS * 2 + 2)
    try:
        world = await build(db)
        await asyncio.gather(*(client(world, STEPS // CLIENTS) for _ in range(CLIENTS)))
        async with db.begin(TESTER) as uow:
            rows = await uow.session.execute(
                text("SELECT place_id, sku_id, status, sum(qty_each)::bigint AS q FROM stock_balance GROUP BY 1, 2, 3")
            )
            ledger = {(r.place_id, r.sku_id, r.status): r.q for r in rows if r.q}
            pending = await uow.session.execute(text("SELECT id, open_each FROM reservation WHERE open_each > 0"))
            open_each = {str(r.id): r.open_each for r in pending}
            serials = await uow.session.execute(text("SELECT serial, place_id FROM serial"))
            serial_at = {r.serial: r.place_id for r in serials}
            audit = await queries.audit(uow)
        model = world.model
        assert ledger == {k: q for k, q in model.on_hand.items() if q}
        assert all(q >= 0 for q in model.on_hand.values())
        assert open_each == {k: q for k, q in model.open_each.items() if q}
        assert serial_at == model.serial_at
        assert all(line.clean for line in audit), audit
        assert sum(model.done.values()) > STEPS // 3
        assert model.retried > STEPS // 10
        assert {"receive", "move", "reserve", "pick", "cancel", "ship", "serial_move", "nest"} <= set(model.done)
        assert model.refused["stock.not_enough"] > 0
    finally:
        await db.close()


async def test_the_application_cannot_write_the_ledger_itself(migrated_db: str) -> None:
    db = Database(migrated_db, router=flow.route)
    try:
        for sql in (
            "UPDATE stock_balance SET qty_each = 5", "DELETE FROM movement", "UPDATE reservation SET open_each = 1",
            "INSERT INTO serial VALUES (1, 'x', 1, 'available')", "UPDATE handling_unit SET in_place_id = 1",
            "DELETE FROM event",
        ):  # fmt: skip
            refused = False
            try:
                async with db.begin(TESTER) as uow:
                    await uow.session.execute(text(sql))
            except Exception as error:
                refused = "permission denied" in str(error)
            assert refused, sql
    finally:
        await db.close()

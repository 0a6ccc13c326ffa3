"""Goal: however many people name the pieces of a place at once, no piece gets two names and no name two pieces.

Method: namers with few names between them, pickers who name what they take, and a clerk who writes nameless pieces off
meet in one place with two lots, through the same transaction that a request runs in. The model is plain arithmetic over
the steps that succeeded; the audit then recomputes the rest. Then the narrow cases one by one: the second begins while the
first has not committed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.property.test_ledger import TESTER, World, build
from wms import flow
from wms.db.uow import Database, UnitOfWork
from wms.foundation.catalog import service as catalog
from wms.foundation.stock import queries, service
from wms.foundation.stock.rules import Grain, NameTaken, SerialProblem, TooManyNames
from wms.kernel.errors import Refusal
from wms.kernel.ids import uuid7

PIECES, NAMES, CLIENTS, STEPS, SEED = 30, 24, 8, 20, 20261129

Step = Callable[[UnitOfWork, World, list[Grain]], Awaitable[Any]]


async def lie_there(world: World) -> list[Grain]:
    """Two lots of pieces that nobody named, in the first bin; then the SKU keeps serials."""
    async with world.db.begin(TESTER) as uow:
        sku = world.skus[0]
        grains = [Grain(sku, await service.lot_for(uow, sku, code=code), world.owner) for code in ("A", "B")]
        opening = world.virtual["OPENING"]
        await service.post(uow, [service.Line(g, opening, world.bins[0], PIECES // 2, "opening") for g in grains])
        await catalog.save_skus(uow, [catalog.SkuDraft("S0", "S0", 10, 10, 10, 10, serial_policy="always")])
    return grains


async def client(world: World, grains: list[Grain], rng: random.Random, done: Counter[str]) -> None:
    shelf, cart = world.bins[0], world.bins[1]
    for _ in range(STEPS):
        kind, grain = rng.choice(["name", "name", "pick", "pick", "write_off"]), rng.choice(grains)
        names = [f"X{n}" for n in rng.sample(range(NAMES), rng.randint(1, 3))]
        try:
            async with world.db.begin(TESTER, request_id=uuid7(), cause="test") as uow:
                if kind == "name":
                    await service.name_pieces(uow, shelf, grain, names)
                elif kind == "pick":
                    await service.name_in_hand(uow, shelf, grain, names[:1])
                    await service.post(uow, [service.Line(grain, shelf, cart, 1, "pick", serials=names[:1])])
                else:
                    gone = world.virtual["ADJUSTMENT"]
                    await service.post(uow, [service.Line(grain, shelf, gone, 1, "write off", serials=[])])
        except Refusal as refusal:
            done[refusal.code] += 1
        except (DBAPIError, psycopg.Error) as error:  # of two that wait for each other one is played again by the house
            cause = error.orig if isinstance(error, DBAPIError) else error
            assert getattr(cause, "sqlstate", "") == "40P01", error
            done["deadlock"] += 1
        else:
            done[kind] += len(names) if kind == "name" else 1


async def test_names_and_pieces_never_part(new_db: Callable[..., str]) -> None:
    db = Database(new_db(migrated=True), router=flow.route, pool=CLIENTS + 2)
    try:
        world, done = await build(db), Counter[str]()
        grains = await lie_there(world)
        await asyncio.gather(*(client(world, grains, random.Random(SEED * 100 + n), done) for n in range(CLIENTS)))
        async with db.begin(TESTER) as uow:
            sku = world.skus[0]
            pieces = {b: sum(h.qty_each for h in await queries.held_in(uow, b, sku)) for b in world.bins[:2]}
            there = await queries.serials_in(uow, world.bins[:2], [sku])
            names = {b: len(there.get((b, sku), [])) for b in world.bins[:2]}
            born = await uow.session.scalar(text(
                "SELECT count(*) FROM movement_serial s JOIN movement m ON m.id = s.movement_id WHERE m.reason = 'named'"
            ))  # fmt: skip
            twice = await uow.session.scalar(text(
                "SELECT count(*) FROM (SELECT s.serial FROM movement_serial s JOIN movement m ON m.id = s.movement_id"
                " WHERE m.reason = 'named' GROUP BY s.serial HAVING count(*) > 1) x"
            ))  # fmt: skip
            audit = await queries.audit(uow)
        assert sum(pieces.values()) == PIECES - done["write_off"]
        assert pieces[world.bins[1]] == names[world.bins[1]] == done["pick"]
        assert names[world.bins[0]] <= pieces[world.bins[0]]
        assert born == sum(names.values()) and twice == 0, "each name is given once"
        assert all(line.clean for line in audit), audit
        assert done["name"] and done["pick"] and done["write_off"] and done["stock.name_taken"], done
        print(f"names property: seed {SEED}: {dict(done)}")
    finally:
        await db.close()


def naming(*names: str, lot: int = 0) -> Step:
    return lambda uow, world, grains: service.name_pieces(uow, world.bins[0], grains[lot], names)


def nameless_go(each: int, lot: int) -> Step:
    return lambda uow, world, grains: service.post(
        uow,
        [service.Line(grains[lot], world.bins[0], world.virtual["ADJUSTMENT"], each, "write off", serials=[])],
    )


HALF = [f"H{n:02}" for n in range(PIECES // 2)]


@pytest.mark.parametrize(("before", "first", "second", "refusal"), [
    (None, naming(*HALF), naming("X1", lot=0), None),
    (naming(*HALF), naming("X1", "X2", lot=1), naming("X2", lot=0), NameTaken),
    (naming(*HALF), naming(*[f"X{n}" for n in range(14)], lot=1), naming("Y1", "Y2", lot=0), TooManyNames),
    (naming(*HALF), nameless_go(14, lot=1), nameless_go(2, lot=0), SerialProblem),
    (naming(*HALF), nameless_go(14, lot=0), naming("X1", "X2", lot=1), TooManyNames),
    (naming(*HALF), naming(*[f"X{n}" for n in range(14)], lot=1), nameless_go(2, lot=0), SerialProblem),
], ids=["room for both", "same name", "too many names", "too many go", "gone, then named", "named, then gone"])  # fmt: skip
async def test_who_comes_second_counts_with_what_the_first_did(
    new_db: Callable[..., str], before: Step | None, first: Step, second: Step, refusal: type[Refusal] | None
) -> None:
    db = Database(new_db(migrated=True), router=flow.route, pool=4)

    async def act(step: Step) -> None:
        async with db.begin(TESTER, request_id=uuid7(), cause="test") as uow:
            await step(uow, world, grains)

    try:
        world = await build(db)
        grains = await lie_there(world)
        if before:
            await act(before)
        async with db.begin(TESTER, request_id=uuid7(), cause="test") as uow:
            await first(uow, world, grains)
            other = asyncio.create_task(act(second))
            await asyncio.sleep(0.3)
            assert not other.done(), "it waits for the first"
        with pytest.raises(refusal) if refusal else nullcontext():
            await other
        async with db.begin(TESTER) as uow:
            assert all(line.clean for line in await queries.audit(uow))
    finally:
        await db.close()

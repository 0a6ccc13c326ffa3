"""Goal: no parcel and no return ever has two paid labels and none is lost, wherever in the saga the worker dies by kill -9.

Method: the real worker process on a real database, the carrier on the wire. For each step of the saga a worker runs that dies there;
another takes over. Half of the parcels are cancelled on the way, and some of them are returns. The carrier's own books are the auditor: they know nothing of ours.
Long form: every step five times over, then random deaths.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.conftest import ROOT
from tests.integration.label_worker import STEPS
from tests.integration.shipping_site import SECRET, Saga, fresh, open_saga

pytestmark = [pytest.mark.integration, pytest.mark.wire]
LONG = "WMS_LONG" in os.environ
OF_BOTH = frozenset(s for s in STEPS if "wanted" not in s and "dropped" not in s)
"""Steps that a parcel's label and a return's come by alike."""
SEED = int(os.environ.get("WMS_KILLS_SEED", "5"))


@pytest.fixture
async def saga(new_db: Callable[..., str], tmp_path: Path) -> AsyncIterator[Saga]:
    async with open_saga(new_db(migrated=True), tmp_path, timeout_s=0.5) as made:
        yield made


class Worker:
    """Started anew as often as it dies."""

    def __init__(self, saga: Saga, folder: Path) -> None:
        self.folder, self.pid = folder, 0
        url = saga.runner.carriers["sim"]._client.base_url  # type: ignore[attr-defined]
        (folder / "carriers.yaml").write_text(
            f"accounts:\n  sim: {{adapter: http, url: '{url}', secret: {SECRET}, timeout_s: 0.5}}\n"
        )
        self.env = {
            **os.environ, "WMS_DATABASE_URL": saga.db.engine.url.render_as_string(hide_password=False),
            "WMS_CARRIERS_CONFIG": str(folder / "carriers.yaml"), "WMS_DATA_DIR": str(folder),
        }  # fmt: skip

    async def open(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.parent = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.integration.label_worker",
                env=self.env,
                cwd=ROOT,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
            )

    async def start(self, die_at: str = "") -> None:
        assert self.parent.stdin is not None and self.parent.stdout is not None
        self.parent.stdin.write(f"{die_at}\n".encode())
        self.pid = int(await self.parent.stdout.readline())

    async def gone(self) -> bool:
        """Wait for its death."""
        assert self.parent.stdout is not None
        try:
            async with asyncio.timeout(20):
                return (await self.parent.stdout.readline()) == b"gone\n"
        except TimeoutError:
            return False

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert await self.gone()

    async def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self.parent.kill()
        await self.parent.wait()


async def until(what: Callable[[], bool], seconds: float) -> bool:
    for _ in range(round(seconds / 0.05)):
        if what():
            return True
        await asyncio.sleep(0.05)
    return False


async def over(saga: Saga, parcels: list[UUID]) -> bool:
    states = {s for p in parcels for s in await saga.states(p)}
    return states <= {"bought", "voided", "refused"}


def audit(saga: Saga, numbers: dict[str, bool]) -> None:
    """`numbers`: parcel number to whether its label is wanted still."""
    books = saga.sold()
    for number, wanted in numbers.items():
        paid = [x for x in books if x["reference"] == number and x["voided_at"] is None]
        sold = [x for x in books if x["reference"] == number]
        assert len(paid) == (1 if wanted else 0), f"{number}: {len(paid)} paid labels"
        assert len(sold) <= 1, f"{number}: sold {len(sold)} times"
    assert {x["reference"] for x in books} <= set(numbers)


@pytest.mark.timeout(900 if LONG else 180)
async def test_no_second_label_and_none_lost_whatever_step_the_worker_dies_at(saga: Saga, tmp_path: Path) -> None:
    chance, worker = random.Random(SEED), Worker(saga, tmp_path)
    steps = [*STEPS] * (5 if LONG else 1)
    print(f"label saga: seed {SEED}, deaths at {len(steps)} steps")
    order, numbers, parcels = await saga.order("O1"), dict[str, bool](), list[UUID]()
    deaths, returns = 0, set[UUID]()
    await worker.open()
    try:
        for step in steps:
            if step == "asked after, not heard":
                saga.sim.faults["after_sale"] = 1
            await worker.start(step)
            back = step.startswith("return") or (step in OF_BOTH and chance.random() < 0.5)
            for keep in (True, False):
                parcel, sscc = fresh()
                parcels.append(parcel)
                numbers[sscc] = keep
                await (saga.want_return if back else saga.want)(order, parcel, sscc, settle=False)
                if back:
                    returns.add(parcel)
                if not keep:
                    if chance.random() < 0.5:  # cancelled at once, or after it was sold
                        await until(lambda sscc=sscc: any(x["reference"] == sscc for x in saga.sold()), 0.5)  # type: ignore[misc]
                    if back:
                        await saga.drop_return(parcel, sscc, settle=False)
                    else:
                        await saga.drop(order, parcel, sscc, settle=False)
            assert await worker.gone(), f"the worker did not come to {step!r}: {(tmp_path / 'log').read_text()[-2000:]}"
            deaths += 1
        await worker.start()
        for _ in range(600):
            if await over(saga, parcels):
                break
            await asyncio.sleep(0.1)
        for _ in range(15 if LONG else 0):
            parcel, sscc = fresh()
            parcels.append(parcel)
            numbers[sscc] = True
            await saga.want(order, parcel, sscc, settle=False)
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            await worker.kill()
            await worker.start()
            deaths += 1
        for _ in range(600):
            if await over(saga, parcels):
                break
            await asyncio.sleep(0.1)
    finally:
        await worker.close()
    audit(saga, numbers)
    for parcel in parcels:
        states = await saga.states(parcel)
        told = await saga.said(parcel, "return_label_bought" if parcel in returns else "label_bought")
        assert len(states) == 1 and states[0] in ("bought", "voided") and (told or states == ["voided"])
    print(f"{deaths} deaths, {len(parcels)} parcels, {len(saga.sold())} labels sold, none twice")

"""The printer driver against its simulator: counters as confirmation, faults, lost connections."""

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.contract.commands import PRINT, Command
from devices.contract.driver import NotReady
from devices.contract.reports import DeviceStateChanged
from devices.drivers.printer.driver import PrinterDriver
from simulators.faults.proxy import FaultProxy
from simulators.wire.printer import PrinterSim
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire
LABEL = "^XA^PW812^LL1218^FO50,50^A0N,50,50^FD{}^FS^XZ"


@pytest.fixture
async def sim() -> AsyncIterator[PrinterSim]:
    printer = PrinterSim(factor=5)
    await printer.start()
    yield printer
    await printer.stop()


@pytest.fixture
async def proxy(sim: PrinterSim) -> AsyncIterator[FaultProxy]:
    between = FaultProxy(sim.host, sim.port, seed=3)
    await between.start()
    yield between
    await between.stop()


def job(content: str, labels: int = 1, command_id: str = "c1", seconds: float = 10) -> Command:
    data = {"job_id": "j1", "content": content, "labels": labels}
    return Command(command_id, "dev-1", PRINT, datetime.now(UTC) + timedelta(seconds=seconds), data)


def driver_for(port: int, **config: object) -> PrinterDriver:
    quick = {"poll_s": 0.1, "reply_timeout_s": 0.2, "confirm_every_s": 0.03, "fault_wait_s": 0.5}
    return PrinterDriver({"host": "127.0.0.1", "port": port, **quick, **config})


async def test_a_job_is_done_when_its_labels_are_out(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    seen: list[str] = []
    sim.on_label = seen.append
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        result = await driver.execute(job(LABEL.format("one") + LABEL.format("two").replace("^XZ", "^PQ2^XZ"), 3))
    assert result.outcome == "done"
    assert [("one" in zpl, "two" in zpl) for zpl in sim.printed] == [(True, False), (False, True), (False, True)]
    assert seen == sim.printed and not sim.ignored


async def test_jobs_of_one_printer_wait_in_line(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        jobs = [driver.execute(job(LABEL.format(f"n{i}"), command_id=f"c{i}")) for i in range(4)]
        assert [r.outcome for r in await asyncio.gather(*jobs)] == ["done"] * 4
    assert [zpl.split("^FD")[1][:2] for zpl in sim.printed] == ["n0", "n1", "n2", "n3"]


async def test_a_label_too_fast_for_the_counters_is_confirmed_too(sim: PrinterSim) -> None:
    sim.factor = 1000
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(job(LABEL.format("x")))).outcome == "done"
    assert len(sim.printed) == 1


@pytest.mark.parametrize("old_firmware", [False, True])
@pytest.mark.parametrize("state", ["paper_out", "head_open", "ribbon_out", "head_hot", "paused"])
async def test_a_fault_before_the_job_fails_it_unsent(sim: PrinterSim, state: str, old_firmware: bool) -> None:
    sim.answers_in_error = old_firmware
    setattr(sim, state, True)
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.of(DeviceStateChanged))
        assert ctx.of(DeviceStateChanged) == [DeviceStateChanged("fault", f"printer.{state}")]
        result = await driver.execute(job(LABEL.format("x")))
        assert (result.outcome, result.code) == ("failed", f"printer.{state}")
        setattr(sim, state, False)
        await until(lambda: ctx.onlines)
    assert not sim.printed and not sim.formats and not ctx.errors


async def test_paper_reloaded_in_time_finishes_the_job(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port, fault_wait_s=3), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL.format("x"))))
        await until(lambda: sim.labels_remaining)
        sim.paper_out = True
        await asyncio.sleep(0.5)
        assert not running_job.done()
        sim.paper_out = False
        assert (await running_job).outcome == "done"
    assert len(sim.printed) == 1


async def test_paper_out_for_long_in_mid_job_is_unknown_and_cancelled(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL.format("x"))))
        await until(lambda: sim.labels_remaining)
        sim.paper_out = True
        result = await running_job
        assert (result.outcome, result.code) == ("unknown", "printer.paper_out")
        await until(lambda: not sim.labels_remaining)
        sim.paper_out = False
        await asyncio.sleep(0.4)
    assert not sim.printed


@pytest.mark.parametrize(("fault", "came_out"), [("drop_on_format", 1), ("drop_before_format", 0)])
async def test_a_drop_in_mid_job_is_unknown_whatever_came_out(sim: PrinterSim, fault: str, came_out: int) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        setattr(sim.faults, fault, True)
        result = await driver.execute(job(LABEL.format("x")))
        assert (result.outcome, result.code) == ("unknown", "printer.state_unknown")
        await until(lambda: len(ctx.onlines) >= 2)
        await asyncio.sleep(0.4)
        assert len(sim.printed) == came_out
        assert (await driver.execute(job(LABEL.format("y")))).outcome == "done"
    assert len(sim.printed) == came_out + 1


async def test_half_open_in_mid_job_is_unknown_and_found(sim: PrinterSim, proxy: FaultProxy) -> None:
    driver, ctx = driver_for(proxy.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL.format("x"))))
        await until(lambda: sim.labels_remaining)
        proxy.faults.blackhole = True
        assert (await running_job).code == "printer.state_unknown"
        await until(lambda: ctx.errors)
        proxy.faults.blackhole = False
        await until(lambda: len(ctx.onlines) >= 2)


async def test_split_and_noisy_answers_change_nothing(sim: PrinterSim, proxy: FaultProxy) -> None:
    sim.faults.garbage = True
    proxy.faults.max_chunk, proxy.faults.jitter_s = 5, 0.001
    driver, ctx = driver_for(proxy.port, reply_timeout_s=1.0), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(job(LABEL.format("x")))).outcome == "done"
    assert not ctx.errors and len(sim.printed) == 1


async def test_a_silent_printer_is_not_ready(sim: PrinterSim) -> None:
    sim.faults.silent = True
    with pytest.raises(NotReady, match="neither"):
        await driver_for(sim.port).run(Recorder())


async def test_expired_and_malformed_jobs_are_not_sent(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(job(LABEL.format("x"), seconds=-1))).outcome == "expired"
        refused = await driver.execute(job("^XA^FDopen"))
        assert (refused.outcome, refused.code) == ("refused", "printer.bad_content")
    assert not sim.printed and not sim.ignored
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        for false in (
            {"labels": 0},
            {"labels": "2"},
            {"language": "tspl"},
            {"encoding": "zip"},
            {"encoding": "deflate"},
        ):
            command = job(LABEL.format("x"))
            command.data.update(false)
            assert (await driver.execute(command)).outcome == "refused"
    assert not sim.printed


async def test_a_packed_job_is_printed_as_it_was(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    zpl = LABEL.format("packed")
    packed = job(base64.b64encode(zlib.compress(zpl.encode())).decode())
    packed.data["encoding"] = "deflate"
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(packed)).outcome == "done"
    assert sim.printed == [zpl]


async def test_slow_answers_are_waited_for(sim: PrinterSim) -> None:
    sim.faults.slow_s = 0.3
    driver, ctx = driver_for(sim.port, reply_timeout_s=2.0), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(job(LABEL.format("x")))).outcome == "done"
    assert len(sim.printed) == 1 and not ctx.errors


async def test_a_full_buffer_fails_the_job_unsent(sim: PrinterSim) -> None:
    sim.buffer_formats = 1
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        sim.paused = True
        for _ in range(2):  # another host's labels
            sim.take(LABEL.format("other"))
        await until(lambda: DeviceStateChanged("fault", "printer.buffer_full") in ctx.of(DeviceStateChanged))
        result = await driver.execute(job(LABEL.format("mine")))
        assert (result.outcome, result.code) == ("failed", "printer.buffer_full")
        sim.paused = False
        await until(lambda: len(sim.printed) == 2)
        assert (await driver.execute(job(LABEL.format("mine")))).outcome == "done"


async def test_a_power_cycle_between_write_and_confirmation_is_unknown_and_never_printed_twice(sim: PrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL.format("x"))))
        await until(lambda: sim.labels_remaining)
        await sim.stop()
        result = await running_job
        assert (result.outcome, result.code) == ("unknown", "printer.state_unknown")
        await sim.start()
        await until(lambda: len(ctx.onlines) >= 2)
        assert (await driver.execute(job(LABEL.format("y")))).outcome == "done"
    assert [("x" in zpl.split("^FD")[1][:1], "y" in zpl.split("^FD")[1][:1]) for zpl in sim.printed] == [(False, True)]

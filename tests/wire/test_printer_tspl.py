"""The printer driver against a TSPL printer and against clones: every fault, and what is on the paper."""

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp

from devices.contract.commands import PRINT, Command
from devices.contract.driver import ConfigRefused, NotReady
from devices.contract.reports import DeviceStateChanged
from devices.drivers.printer.driver import PrinterDriver
from simulators.faults.proxy import FaultProxy
from simulators.wire.tspl_printer import TsplPrinterSim
from tests.wire.recorder import Recorder, running, until
from wms.foundation.labels.rules import languages, layout, templates

pytestmark = pytest.mark.wire
MEDIA = layout.Media()
LABEL = languages.tspl(templates.build("ship", templates.sample("ship"), MEDIA), MEDIA)
OTHER = languages.tspl(templates.build("location", templates.sample("location"), MEDIA), MEDIA)


@pytest.fixture(params=["tsc", "clone"])
async def sim(request: pytest.FixtureRequest) -> AsyncIterator[TsplPrinterSim]:
    printer = TsplPrinterSim(factor=5)
    printer.only_byte = request.param == "clone"
    await printer.start()
    yield printer
    await printer.stop()


def job(content: bytes, labels: int = 1, seconds: float = 20) -> Command:
    data = {"job_id": "j", "language": "tspl", "encoding": "deflate", "labels": labels,
            "content": base64.b64encode(zlib.compress(content)).decode()}  # fmt: skip
    return Command("c1", "dev-1", PRINT, datetime.now(UTC) + timedelta(seconds=seconds), data)


def driver_for(port: int, **config: object) -> PrinterDriver:
    quick = {"poll_s": 0.1, "reply_timeout_s": 0.2, "confirm_every_s": 0.03, "fault_wait_s": 0.5}
    return PrinterDriver({"host": "127.0.0.1", "port": port, "protocol": "tspl", **quick, **config})


async def test_what_comes_out_is_the_label_that_was_meant(sim: TsplPrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        assert (await driver.execute(job(LABEL))).outcome == "done"
        assert (await driver.execute(job(OTHER))).outcome == "done"
    ship, location = (sim.page(printed) for printed in sim.printed)
    (code,) = zxingcpp.read_barcodes(ship.convert("L"))
    assert (code.symbology_identifier, code.bytes) == ("]C1", b"00006141410000000012")
    (code,) = zxingcpp.read_barcodes(location.convert("L"))
    assert code.text == "A-12-03-2"
    meant = layout.bitmap(templates.build("ship", templates.sample("ship"), MEDIA), MEDIA)
    assert ship.convert("1").tobytes() == meant.convert("1").tobytes()


@pytest.mark.parametrize("state", ["paper_out", "head_open", "ribbon_out", "head_hot", "paused", "jam"])
async def test_a_fault_before_the_job_fails_it_unsent(sim: TsplPrinterSim, state: str) -> None:
    setattr(sim, state, True)
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.of(DeviceStateChanged))
        assert ctx.of(DeviceStateChanged) == [DeviceStateChanged("fault", f"printer.{state}")]
        result = await driver.execute(job(LABEL))
        assert (result.outcome, result.code) == ("failed", f"printer.{state}")
        setattr(sim, state, False)
        await until(lambda: ctx.onlines)
    assert not sim.printed and not sim.formats and not ctx.errors


async def test_paper_out_for_long_in_mid_job_is_unknown_and_cancelled(sim: TsplPrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL)))
        await until(lambda: sim.labels_remaining)
        sim.paper_out = True
        result = await running_job
        assert (result.outcome, result.code) == ("unknown", "printer.paper_out")
        await until(lambda: not sim.labels_remaining)
        sim.paper_out = False
        await asyncio.sleep(0.4)
    assert not sim.printed


@pytest.mark.parametrize(("fault", "came_out"), [("drop_on_format", 1), ("drop_before_format", 0)])
async def test_a_drop_in_mid_job_is_unknown_whatever_came_out(sim: TsplPrinterSim, fault: str, came_out: int) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        setattr(sim.faults, fault, True)
        result = await driver.execute(job(LABEL))
        assert (result.outcome, result.code) == ("unknown", "printer.state_unknown")
        await until(lambda: len(ctx.onlines) >= 2)
        await until(lambda: len(sim.printed) == came_out)
        assert (await driver.execute(job(OTHER))).outcome == "done"
    assert len(sim.printed) == came_out + 1 and sim.printed[-1] == OTHER


async def test_a_power_cycle_before_confirmation_is_unknown_and_never_printed_twice(sim: TsplPrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        running_job = asyncio.create_task(driver.execute(job(LABEL)))
        await until(lambda: sim.labels_remaining)
        await sim.stop()
        assert (await running_job).outcome == "unknown"
        await sim.start()
        await until(lambda: len(ctx.onlines) >= 2)
        assert (await driver.execute(job(OTHER))).outcome == "done"
    assert sim.printed == [OTHER]


async def test_a_full_buffer_is_told_where_the_printer_can(sim: TsplPrinterSim) -> None:
    sim.buffer_formats, sim.paused = 1, True
    driver, ctx = driver_for(sim.port), Recorder()
    sim.accept(OTHER, 1)
    sim.accept(OTHER, 1)
    async with running(driver, ctx):
        await until(lambda: ctx.of(DeviceStateChanged))
        result = await driver.execute(job(LABEL))
        assert (result.outcome, result.code) == ("failed", "printer.paused")
    sim.paused = False
    status = sim.full_status()
    assert status is None or status[2:3] == b"H"


async def test_split_slow_answers_and_half_open(sim: TsplPrinterSim) -> None:
    sim.faults.slow_s = 0.05
    proxy = FaultProxy(sim.host, sim.port, seed=3)
    await proxy.start()
    proxy.faults.max_chunk = 3
    driver, ctx = driver_for(proxy.port, reply_timeout_s=0.6), Recorder()
    try:
        async with running(driver, ctx):
            await until(lambda: ctx.onlines)
            proxy.faults.max_chunk = 0
            assert (await driver.execute(job(OTHER))).outcome == "done"
            running_job = asyncio.create_task(driver.execute(job(LABEL)))
            await until(lambda: sim.labels_remaining)
            proxy.faults.blackhole = True
            assert (await running_job).code == "printer.state_unknown"
            await until(lambda: ctx.errors)
    finally:
        await proxy.stop()


async def test_a_silent_printer_is_not_ready(sim: TsplPrinterSim) -> None:
    sim.faults.silent = True
    with pytest.raises(NotReady, match="neither ESC !S nor ESC !?"):
        await driver_for(sim.port).run(Recorder())


async def test_jobs_of_another_language_and_configurations_of_none_are_refused(sim: TsplPrinterSim) -> None:
    driver, ctx = driver_for(sim.port), Recorder()
    async with running(driver, ctx):
        await until(lambda: ctx.onlines)
        zpl = job(b"^XA^XZ")
        zpl.data["language"] = "zpl"
        assert (await driver.execute(zpl)).code == "printer.wrong_language"
        assert (
            await driver.execute(job(b'SIZE 1 mm,1 mm\r\nDOWNLOAD "X"\r\nPRINT 1\r\n'))
        ).code == "printer.bad_content"
    assert not sim.printed
    with pytest.raises(ConfigRefused):
        PrinterDriver({"host": "x", "protocol": "epl"})

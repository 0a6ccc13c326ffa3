"""The conformance kit: our own families and the example pass, each kind of broken driver fails by name."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devices import drivers
from devices.conformance.checks import (
    answers_each_command_once,
    bears_any_command,
    ends_when_cancelled,
    never_executes_late,
    notices_silence,
    refuses_bad_configurations,
    survives_a_cut,
)
from devices.conformance.run import Verdict, main, run_kit
from devices.conformance.subject import NoSubject, by_family, from_file
from devices.contract.commands import Command
from devices.contract.driver import ConfigRefused, DriverContext
from devices.contract.reports import CommandResult, LightConfirmed
from devices.drivers.light.driver import LightDriver
from simulators.wire import subjects

pytestmark = pytest.mark.wire

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/signal_tower"
OURS = ("scale", "dws", "dimensioner", "plc", "light", "printer", "rfid_gate", "vehicle")
COMMANDED = {"answers each command once", "never executes late"}
"""A gate takes no commands: these do not apply to it."""


def broken(verdicts: list[Verdict]) -> list[str]:
    return [f"{v.rule}: {v.detail}" for v in verdicts if v.state == "FAILED"]


async def test_our_own_families_pass() -> None:
    runs = await asyncio.gather(*(run_kit(drivers.load(family), by_family(family)) for family in OURS))
    assert {family: broken(verdicts) for family, verdicts in zip(OURS, runs, strict=True)} == {
        family: [] for family in OURS
    }
    for family, verdicts in zip(OURS, runs, strict=True):
        skipped = {v.rule for v in verdicts if v.state != "ok"}
        assert len(verdicts) == 11 and skipped == (COMMANDED if family == "rfid_gate" else set()), family


def installed(tmp_path: Path, *claims: str) -> dict[str, str]:
    """Environment in which the example is installed: its code and a dist-info with its entry points on the path."""
    info = tmp_path / "signal_tower-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: signal-tower\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(
        "[wharfinger.drivers]\nsignal_tower = signal_tower.driver:SignalTowerDriver\n"
        + "".join(f"{claim}\n" for claim in claims)
        + "[wharfinger.conformance]\nsignal_tower = signal_tower.simulator:SignalTowerSubject\n"
    )
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLE, tmp_path)))}


def python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_third_partys_driver_is_found_by_its_entry_point_and_passes(tmp_path: Path) -> None:
    ended = python(installed(tmp_path), "-m", "devices.conformance", "signal_tower")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "signal_tower: 11 of 11 rules hold" in ended.stdout


def test_no_plug_in_takes_one_of_our_names(tmp_path: Path) -> None:
    program = "from devices import drivers\ntry:\n drivers.families()\nexcept drivers.ConfigRefused as e:\n print(e)"
    ended = python(installed(tmp_path, "scale = signal_tower.driver:SignalTowerDriver"), "-c", program)
    assert "'scale' is claimed" in ended.stdout, ended.stdout + ended.stderr
    program = "from devices import drivers\nprint(drivers.load('scale').__name__)"
    (tmp_path / "again").mkdir()
    ended = python(installed(tmp_path / "again", "scale = signal_tower.driver:SignalTowerDriver"), "-c", program)
    assert "ScaleDriver" in ended.stdout, ended.stdout + ended.stderr


class _Light(LightDriver):
    """A good driver that each class below spoils in one way."""


class _Raises(_Light):
    async def execute(self, command: Command) -> CommandResult:
        raise RuntimeError("bug")


class _Late(_Light):
    async def execute(self, command: Command) -> CommandResult:
        return CommandResult(command.id, "done")


class _OtherId(_Light):
    async def execute(self, command: Command) -> CommandResult:
        return CommandResult("other", "done")


class _Twice(_Light):
    async def execute(self, command: Command) -> CommandResult:
        result = await super().execute(command)
        for _ in range(2):
            assert self._ctx is not None
            await self._ctx.report(LightConfirmed("W-01", 1, command_id=command.id))
        return result


class _Accepts(_Light):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__({name: value for name, value in config.items() if name != "no_such_setting"})


class _Pretends(_Light):
    async def run(self, ctx: DriverContext) -> None:
        ctx.online()
        while True:
            ctx.alive()
            await asyncio.sleep(0.1)


class _Stays(_Light):
    async def run(self, ctx: DriverContext) -> None:
        while True:
            try:
                await super().run(ctx)
            except asyncio.CancelledError:
                await asyncio.sleep(60)


class _Crashes(_Light):
    async def run(self, ctx: DriverContext) -> None:
        try:
            await super().run(ctx)
        except Exception as error:
            raise ValueError("a bug, not NotReady") from error


@pytest.mark.parametrize(
    ("driver", "check", "says"),
    [
        (_Raises, bears_any_command, "raised"),
        (_Late, never_executes_late, "expired"),
        (_OtherId, answers_each_command_once, "no answer"),
        (_Twice, answers_each_command_once, "2 reports"),
        (_Accepts, refuses_bad_configurations, "accepted"),
        (_Pretends, notices_silence, "silent"),
        (_Stays, ends_when_cancelled, "still running"),
        (_Crashes, survives_a_cut, "expected only NotReady"),
    ],
)
async def test_a_broken_driver_is_found_by_its_rule(driver: Any, check: Any, says: str) -> None:
    subject = subjects.light()
    subject.stale_s = 2.0
    (verdict,) = await run_kit(driver, subject, [check])
    assert verdict.state == "FAILED" and says in verdict.detail


async def test_a_device_that_is_already_there(tmp_path: Path) -> None:
    sim = subjects.dimensioner()
    await sim.start()
    file = tmp_path / "device.yaml"
    file.write_text(
        f"config: {{host: {sim.host}, port: {sim.port}, keep_alive_s: 0.3}}\nstale_s: 3\ncommands: {{zero: {{}}}}\n"
    )
    verdicts = await run_kit(drivers.load("dimensioner"), from_file(file))
    await sim.stop()
    assert not broken(verdicts)


def test_wrong_arguments_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["toaster"]) == 2
    assert main(["scale", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "toaster" in capsys.readouterr().err
    with pytest.raises(NoSubject):
        by_family("toaster")
    with pytest.raises(ConfigRefused, match="toaster"):
        drivers.check("toaster", {})

"""Impinj and Zebra readers by their own interfaces: the same sessions as by LLRP, and each one's faults."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest

from devices.contract.driver import ConfigRefused, Quarantined
from devices.contract.reports import DeviceQuarantined, DeviceStateChanged, GateSessionClosed
from devices.drivers import check
from devices.drivers.rfid_gate.driver import RfidGateDriver
from devices.transports.tap import Tap, attach
from simulators.faults.proxy import FaultProxy
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.rfid_impinj import ImpinjSim
from simulators.wire.rfid_zebra import ZebraSim
from tests.conftest import Broker
from tests.wire.recorder import Recorder, running, until

pytestmark = pytest.mark.wire

SGTIN = [f"3034257BF7194E40000000{n:02X}" for n in range(20)]
FORKLIFT = "3034257BF7194E4000000FFF"
NEXT_DOOR = "3034257BF7194E40000001FF"
NOT_GS1 = "E28011606000020000000001"


def login(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


def impinj_config(sim: ImpinjSim | FaultProxy, **config: Any) -> dict[str, Any]:
    secret = {"username": "root", "password_env": "TEST_IMPINJ"}
    return {"transport": "impinj_iot", "scheme": "http", "host": sim.host, "port": sim.port, **secret, **config}


def zebra_config(broker: Broker, sim: ZebraSim, **config: Any) -> dict[str, Any]:
    return {"transport": "zebra_iotc", "broker": login(broker.url("gw-1")), "base_topic": sim.base, **config}


def quick(sim: Any, heartbeat_s: float) -> dict[str, float]:
    """Zebra's own setting: after how long without a sign of life it is given up."""
    return {"heartbeat_s": heartbeat_s} if isinstance(sim, ZebraSim) else {}


def states(ctx: Recorder) -> list[tuple[str, str]]:
    return [(report.state, report.detail.split(":")[0]) for report in ctx.of(DeviceStateChanged)]


@pytest.fixture
async def impinj(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ImpinjSim]:
    monkeypatch.setenv("TEST_IMPINJ", "impinj")
    sim = ImpinjSim(factor=10, seed=7, idle_s=0.2)
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture
async def zebra(broker: Broker) -> AsyncIterator[ZebraSim]:
    sim = ZebraSim(login(broker.url("wes")), f"wms/v1/gw-1/rfid/{uuid4().hex[:8]}", factor=10, seed=7, heartbeat_s=0.3)
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture(params=["llrp", "impinj_iot", "zebra_iotc"])
async def reader(
    request: pytest.FixtureRequest, impinj: ImpinjSim, zebra: ZebraSim, broker: Broker
) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
    """One of the three, with the configuration that reaches it."""
    if request.param == "impinj_iot":
        yield impinj, impinj_config(impinj)
    elif request.param == "zebra_iotc":
        yield zebra, zebra_config(broker, zebra)
    else:
        sim = RfidGateSim(factor=10, seed=7)
        await sim.start()
        yield sim, {"host": sim.host, "port": sim.port}
        await sim.stop()


# --- what every transport must give ---


@pytest.mark.parametrize("direction", ["in", "out"])
async def test_every_transport_gives_the_same_session(reader: tuple[Any, dict[str, Any]], direction: str) -> None:
    sim, config = reader
    sim.residents = (FORKLIFT, NOT_GS1)
    ctx = Recorder()
    async with running(RfidGateDriver(config | {"resident": [FORKLIFT]}), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN, direction=direction, strays=[NEXT_DOOR])
        await until(lambda: ctx.of(GateSessionClosed))
    (session,) = ctx.of(GateSessionClosed)
    assert [tag.epc for tag in session.tags] == SGTIN
    assert [tag.epc for tag in session.stray] == [NEXT_DOOR]
    assert [tag.epc for tag in session.resident] == [FORKLIFT]
    assert [tag.epc for tag in session.unknown] == [NOT_GS1]
    assert (session.direction, session.overflow) == (direction, False)
    groups = (session.tags, session.stray, session.resident, session.unknown)
    assert sum(tag.reads for group in groups for tag in group) == sim.reads_sent, "not a read lost"
    assert all(-62 <= tag.rssi_dbm <= -28 and 1 <= tag.antenna <= 4 for tag in session.tags)


async def test_every_transport_takes_a_bounce_for_one_pallet(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    sim.bounce = True
    ctx = Recorder()
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN[:6])
        await until(lambda: ctx.of(GateSessionClosed))
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [6]


async def test_every_transport_tells_of_a_lost_antenna_and_of_its_return(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    ctx = Recorder()
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.antenna_lost(2)
        await until(lambda: len(states(ctx)) == 1)
        sim.antenna_back(2)
        await until(lambda: len(states(ctx)) == 2)
    assert [state for state, _ in states(ctx)] == ["fault", "online"]
    assert all(detail.endswith(("antenna_lost", "antenna_back")) for _, detail in states(ctx))


async def test_every_transport_closes_a_cut_session_for_counting_by_hand(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    ctx = Recorder()
    async with running(RfidGateDriver(config | quick(sim, 0.3)), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        passage = asyncio.create_task(sim.pass_pallet(SGTIN[:5], seconds=15))
        await asyncio.sleep(0.4)
        sim.drop_connection(1.5) if isinstance(sim, ZebraSim) else sim.drop_connection()
        await until(lambda: ctx.of(GateSessionClosed))
        await passage
        await until(lambda: len(ctx.onlines) >= 2)
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN[:2])
        await until(lambda: len(ctx.of(GateSessionClosed)) >= 2 and not ctx.of(GateSessionClosed)[-1].overflow)
    sessions = ctx.of(GateSessionClosed)
    assert sessions[0].overflow and [tag.epc for tag in sessions[-1].tags] == SGTIN[:2]


async def test_every_transport_starts_again_after_a_reboot(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    ctx = Recorder()
    async with running(RfidGateDriver(config | quick(sim, 0.08) | {"reply_timeout_s": 0.5}), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.reboot()
        await until(lambda: len(ctx.onlines) >= 2)
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN[:2], seconds=1)
        await until(lambda: any(session.tags for session in ctx.of(GateSessionClosed)))


async def test_every_transport_refuses_the_reader_of_another_gate(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    if isinstance(sim, ZebraSim):
        await until(lambda: sim._client is not None)
    ctx = Recorder()
    with pytest.raises(Quarantined):
        await RfidGateDriver(config | {"reader_id": "00aa"}).run(ctx)
    (told,) = ctx.of(DeviceQuarantined)
    assert (told.reason, told.evidence["expected"]) == ("wrong_identity", "00aa") and told.evidence["found"]


async def test_every_transport_tells_of_a_wrong_clock(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    sim.clock_step_us = 3_600_000_000
    ctx = Recorder()
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN[:2])
        await until(lambda: ctx.of(GateSessionClosed))
    assert states(ctx)[0][0] == "fault" and states(ctx)[0][1].endswith(".clock")
    assert "+36" in ctx.of(DeviceStateChanged)[0].detail or "+359" in ctx.of(DeviceStateChanged)[0].detail


async def test_every_transport_knows_a_barrier_that_was_broken_before(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    sim.set_barrier(True)
    ctx = Recorder()
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        sim.set_barrier(False)
        await until(lambda: ctx.of(GateSessionClosed))
    assert [session.overflow for session in ctx.of(GateSessionClosed)] == [True]


# --- Impinj alone ---


async def test_the_preset_is_written_once_and_found_again(impinj: ImpinjSim) -> None:
    ctx = Recorder()
    async with running(RfidGateDriver(impinj_config(impinj)), ctx):
        await until(lambda: impinj.ready and ctx.onlines)
        impinj.drop_connection()
        await until(lambda: len(ctx.onlines) >= 2)
    writes = [call for call in impinj.calls if call == "PUT /profiles/inventory/presets/wharfinger"]
    assert len(writes) == 1


async def test_reads_lost_by_the_reader_are_a_fault(impinj: ImpinjSim) -> None:
    ctx = Recorder()
    async with running(RfidGateDriver(impinj_config(impinj)), ctx):
        await until(lambda: impinj.ready and ctx.onlines)
        passage = asyncio.create_task(impinj.pass_pallet(SGTIN[:2]))
        await asyncio.sleep(0.1)
        impinj.overflow()
        await passage
        await until(lambda: ctx.of(GateSessionClosed))
    assert ctx.of(GateSessionClosed)[0].overflow and states(ctx) == [("fault", "impinj.overflow")]


@pytest.mark.parametrize(
    ("broken", "code"),
    [({"password_env": "TEST_WRONG"}, "impinj.credentials"), ({"antennas": [9]}, "impinj.400")],
    ids=["password", "antenna"],
)
async def test_what_a_person_must_put_right_is_refused(
    impinj: ImpinjSim, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any], code: str
) -> None:
    monkeypatch.setenv("TEST_WRONG", "guess")
    with pytest.raises(ConfigRefused, match=code):
        await RfidGateDriver(impinj_config(impinj, **broken)).run(Recorder())


async def test_a_reader_set_to_llrp_is_refused(impinj: ImpinjSim) -> None:
    impinj.llrp_mode = True
    with pytest.raises(ConfigRefused, match="403"):
        await RfidGateDriver(impinj_config(impinj)).run(Recorder())


@pytest.mark.parametrize("fault", ["frozen", "broken_inside", "garbage"])
async def test_what_the_reader_may_get_over_is_tried_again(impinj: ImpinjSim, fault: str) -> None:
    ctx = Recorder()
    async with running(RfidGateDriver(impinj_config(impinj, stream_idle_s=0.2)), ctx):
        await until(lambda: impinj.ready and ctx.onlines)
        if fault == "garbage":
            impinj.babble()
        elif fault == "frozen":
            impinj.frozen = True
        else:
            impinj.broken_inside = True
            impinj.drop_connection()
        code = {"frozen": "impinj.silent", "broken_inside": "impinj.500", "garbage": "impinj.bad_event"}[fault]
        await until(lambda: any(code in str(error) for error in ctx.errors))
        impinj.frozen = impinj.broken_inside = False
        await until(lambda: len(ctx.onlines) >= 2)


async def test_lines_split_anywhere_are_one_session(impinj: ImpinjSim) -> None:
    proxy = FaultProxy(impinj.host, impinj.port)
    await proxy.start()
    proxy.faults.max_chunk = 11
    ctx = Recorder()
    async with running(RfidGateDriver(impinj_config(proxy)), ctx):
        await until(lambda: impinj.ready and ctx.onlines)
        await impinj.pass_pallet(SGTIN[:3], seconds=0.5)
        await until(lambda: ctx.of(GateSessionClosed))
    await proxy.stop()
    assert [tag.epc for tag in ctx.of(GateSessionClosed)[0].tags] == SGTIN[:3] and not ctx.errors


# --- Zebra alone ---


async def test_a_command_that_the_reader_refuses_needs_a_person(broker: Broker, zebra: ZebraSim) -> None:
    zebra.refuse = "set_mode"
    await until(lambda: zebra._client is not None)
    with pytest.raises(ConfigRefused, match="zebra.refused: set_mode"):
        await RfidGateDriver(zebra_config(broker, zebra)).run(Recorder())


async def test_credentials_refused_are_tried_until_they_are_right(
    broker: Broker, zebra: ZebraSim, tmp_path: Path
) -> None:
    """A broker that takes over changed users refuses right ones too: no reader may stay out of service for that."""
    ctx, secret = Recorder(), tmp_path / "secret"
    secret.write_text("guess")
    config = zebra_config(broker, zebra)
    config["broker"] |= {"password_file": str(secret)}
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: len(ctx.errors) >= 2)
        assert all(str(error).startswith("mqtt.credentials") for error in ctx.errors) and not ctx.onlines
        secret.write_text(config["broker"]["password"])
        await until(lambda: ctx.onlines)


async def test_a_mode_that_is_right_is_not_set_again(broker: Broker, zebra: ZebraSim) -> None:
    ctx = Recorder()
    for _ in range(2):
        async with running(RfidGateDriver(zebra_config(broker, zebra)), ctx):
            await until(lambda: zebra.ready and ctx.onlines)
            ctx.onlines.clear()
    assert zebra.commands.count("set_mode") == 1


async def test_a_reader_without_heartbeat_is_given_up_and_found_again(broker: Broker, zebra: ZebraSim) -> None:
    ctx = Recorder()
    config = zebra_config(broker, zebra, heartbeat_s=0.4, reply_timeout_s=0.5)
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: zebra.ready and ctx.onlines)
        zebra.frozen = True
        await until(lambda: any("zebra.silent" in str(error) for error in ctx.errors))
        zebra.frozen = False
        await until(lambda: len(ctx.onlines) >= 2)


async def test_tag_data_that_is_none_is_dropped_with_its_evidence(broker: Broker, zebra: ZebraSim) -> None:
    ctx = Recorder()
    async with running(RfidGateDriver(zebra_config(broker, zebra)), ctx):
        await until(lambda: zebra.ready and ctx.onlines)
        zebra.babble()
        await until(lambda: states(ctx) == [("fault", "zebra.bad_event")])
        await zebra.pass_pallet(SGTIN[:2])
        await until(lambda: ctx.of(GateSessionClosed))
    assert [len(session.tags) for session in ctx.of(GateSessionClosed)] == [2]


@pytest.mark.parametrize(
    "config",
    [
        {"transport": "carrier pigeon"},
        {"transport": "impinj_iot"},
        {"transport": "impinj_iot", "host": "h", "scheme": "ftp"},
        {"transport": "impinj_iot", "host": "h", "trigger": "periodic"},
        {"transport": "impinj_iot", "host": "h", "ca": "nowhere.pem"},
        {"transport": "zebra_iotc", "base_topic": "x"},
        {"transport": "zebra_iotc", "broker": {"host": "h"}, "base_topic": "x", "topics": {"other": "y"}},
        {"transport": "zebra_iotc", "broker": {"host": "h"}, "base_topic": "x", "trigger": "periodic"},
    ],
    ids=str,
)
def test_a_configuration_that_cannot_work_is_refused_before_start(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigRefused):
        RfidGateDriver(config)


@pytest.mark.parametrize(
    ("config", "typo"),
    [
        ({"host": "h", "outside_antenas": [1]}, "outside_antenas"),
        ({"transport": "impinj_iot", "host": "h", "llrp_version": 2}, "llrp_version"),
        ({"transport": "zebra_iotc", "base_topic": "x", "host": "h"}, "host"),
    ],
)
def test_a_misspelt_setting_is_refused_by_name(config: dict[str, Any], typo: str) -> None:
    with pytest.raises(ConfigRefused, match=f"unknown settings {typo}"):
        check("rfid_gate", config)
    check("rfid_gate", {key: value for key, value in config.items() if key != typo})


async def test_every_transport_notes_its_traffic_for_the_trace(reader: tuple[Any, dict[str, Any]]) -> None:
    sim, config = reader
    sim.reads_per_s = 50  # the trace keeps what passed last, and a whole passage is more than that
    noted, ctx = Tap(), Recorder()
    attach(noted)
    async with running(RfidGateDriver(config), ctx):
        await until(lambda: sim.ready and ctx.onlines)
        await sim.pass_pallet(SGTIN[:2])
        await until(lambda: ctx.of(GateSessionClosed))
    asked = b"".join(p.data for p in noted.since() if p.to_device)
    heard = b"".join(p.data for p in noted.since() if not p.to_device)
    assert asked
    assert bytes.fromhex(SGTIN[0]) in heard or SGTIN[0].lower().encode() in heard.lower()

"""Sorter and ConveyLinx registers: round trips, garbage, rolling counters, and one map in driver, YAML and document."""

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.plc import codec
from devices.transports.registers import BadRegisters, parse
from simulators.wire import plc as wire

GOLDEN = Path("firmware_configs/plc/wharfinger_sorter/register_map/golden/default.yaml")
U16 = st.integers(0, 0xFFFF)


def test_the_map_is_one_in_driver_configuration_document_and_simulator() -> None:
    published = yaml.safe_load(GOLDEN.read_text("utf-8"))
    assert parse(published) == codec.SORTER
    assert (published["crc"], wire.MAP_CRC) == (codec.SORTER.crc, codec.SORTER.crc)
    assert codec.SORTER.markdown() in Path("docs/protocols/plc.md").read_text("utf-8")
    ours = {name: register.address for name, register in codec.SORTER.by_name.items()}
    theirs = {
        "mode": wire.MODE, "e_stop": wire.E_STOP, "ack_number": wire.ACK_NUMBER, "event_number": wire.EVENT,
        "event_barcode": wire.BARCODE, "event_number_tail": wire.TAIL, "cmd_parcel": wire.CMD_PARCEL,
        "cmd_number": wire.CMD_NUMBER, "event_ack": wire.EVENT_ACK, "master_heartbeat": wire.MASTER,
    }  # fmt: skip
    assert {name: ours[name] for name in theirs} == theirs


@given(U16, U16, st.integers(1, 0xFFFF), st.text("0Az-]\x1d", max_size=64))
def test_an_event_reads_as_it_was_written(parcel: int, lane: int, number: int, barcode: str) -> None:
    values = {"event_number": number, "event_number_tail": number, "event_kind": 2, "event_result": 1}
    values |= {"event_parcel": parcel, "event_lane": lane}
    block = codec.SORTER.encode("map_version", "event_number_tail", {**values, "event_barcode": barcode})
    event = codec.decode_sorter(block).event
    assert event == codec.Event(number, 2, parcel, lane, "diverted", 0, barcode)


@given(U16, U16, st.text("AZ09", max_size=40), U16)
def test_the_number_of_a_decision_is_its_last_register(parcel: int, lane: int, reference: str, number: int) -> None:
    values = codec.encode_decision(parcel, lane, reference, number)
    assert (values[0], values[1], values[-1], len(values)) == (parcel, lane, number, 19)


@pytest.mark.parametrize("decision", [(70_000, 1), (1, -1)])
def test_a_decision_that_does_not_fit_is_refused(decision: tuple[int, int]) -> None:
    with pytest.raises(codec.PlcError):
        codec.encode_decision(*decision, "", 1)


def test_a_torn_event_is_none() -> None:
    block = codec.SORTER.encode("map_version", "event_number_tail", {"event_number": 8, "event_number_tail": 7})
    assert codec.decode_sorter(block).event is None


@given(st.lists(st.integers(-5, 70_000), max_size=60))
def test_garbage_raises_only_the_declared_error(values: list[int]) -> None:
    for decode in (codec.decode_sorter, codec.decode_module):
        with contextlib.suppress(codec.PlcError):
            decode(values)


@given(U16, st.integers(0, 500))
def test_a_counter_that_rolls_over_counts_every_load(last: int, passed: int) -> None:
    assert codec.counted((last + passed) & 0xFFFF, last, 500) == passed
    assert codec.counted((last + passed) & 0xFFFF, last, passed - 1) is None


def test_the_conveylinx_words() -> None:
    """Local status in the low byte, counts in 4:1502-1505, heartbeat bit 15 of 4:1518, causes in 4:1520 (Ai2 guide)."""
    words = [0x0104, 0x0205, 65535, 7, 3, 4, *[0] * 12, 1 << 15, 0, 1 << 6 | 1 << 10]
    module = codec.decode_module(words)
    assert module.upstream == codec.ZoneState("discharging", 65535, 7)
    assert module.downstream == codec.ZoneState("blocked", 3, 4)
    assert module.beat and module.stops == ("lost_communication", "plc_command")
    ersc = codec.decode_module(words, [1 << 7, 0])
    assert not ersc.beat and ersc.stops == ("lost_plc",)


def test_a_map_whose_registers_overlap_is_refused() -> None:
    row = {"name": "a", "address": 0, "type": "u32", "words": 2, "access": "r", "meaning": ""}
    with pytest.raises(BadRegisters):
        parse({"map": "x", "version": 1, "registers": [row, {**row, "name": "b", "address": 1}]})

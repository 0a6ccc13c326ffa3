"""DWS registers: round trips, torn blocks, garbage, and one map in driver, YAML and document."""

import contextlib
import json
from pathlib import Path

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devices.contract.driver import ConfigRefused
from devices.drivers.dws.codec import (
    HEAD,
    MAP_VERSION,
    REGISTERS,
    RESULT,
    STATUS_FLAGS,
    DwsError,
    TornRead,
    decode_head,
    decode_result,
    map_crc,
)
from devices.drivers.dws.driver import DwsDriver

FIRMWARE = Path("firmware_configs/dws/sick_vms_class/register_map")
U16 = st.integers(0, 0xFFFF)


def block(sequence: int, sizes: tuple[int, int, int], weight_g: int, barcode: str, status: int = 0) -> list[int]:
    raw = barcode.encode("latin-1").ljust(64, b"\0")
    words = [raw[i] << 8 | raw[i + 1] for i in range(0, 64, 2)]
    return [sequence, 1, status, *sizes, weight_g >> 16, weight_g & 0xFFFF, *words, sequence]


@given(
    U16,
    st.tuples(*[st.integers(1, 0xFFFF)] * 3),
    st.integers(0, 2**32 - 1),
    st.text("0Az-]\x1d", min_size=1, max_size=64),
)
def test_a_result_reads_as_it_was_written(
    sequence: int, sizes: tuple[int, int, int], weight_g: int, barcode: str
) -> None:
    result = decode_result(block(sequence, sizes, weight_g, barcode))
    assert (result.length_mm, result.width_mm, result.height_mm) == sizes
    assert (result.sequence, result.weight_g, result.barcode, result.flags) == (sequence, weight_g, barcode, ())


@pytest.mark.parametrize("bit", range(len(STATUS_FLAGS)))
def test_each_status_bit_is_its_flag(bit: int) -> None:
    assert decode_result(block(1, (1, 1, 1), 1, "x", 1 << bit)).flags == (STATUS_FLAGS[bit],)


def test_a_missing_size_or_unreadable_code_is_flagged() -> None:
    result = decode_result(block(1, (0, 1, 1), 1, "caf\xe9"))
    assert (result.barcode, result.flags) == ("", ("no_read", "dim_invalid"))


def test_a_torn_block_is_told_from_a_whole_one() -> None:
    torn = block(8, (1, 1, 1), 1, "x")
    torn[-1] = 7
    with pytest.raises(TornRead):
        decode_result(torn)
    withdrawn = block(8, (1, 1, 1), 1, "x")
    withdrawn[1] = 0
    with pytest.raises(TornRead):
        decode_result(withdrawn)


@given(st.lists(st.integers(-5, 70_000), max_size=60))
def test_garbage_raises_only_the_declared_error(registers: list[int]) -> None:
    for decode in (decode_head, decode_result):
        with contextlib.suppress(DwsError):
            decode(registers)


@given(st.lists(U16, min_size=RESULT[1], max_size=RESULT[1]))
def test_any_sixteen_bit_values_are_a_result_or_torn(registers: list[int]) -> None:
    registers[1], registers[-1] = 1, registers[0]
    assert decode_result(registers).barcode.isascii()


def test_head() -> None:
    head = decode_head([1, 0x29C9, 17, 0b111, 5, 1])
    assert (head.heartbeat, head.sequence, head.valid, head.faults) == (17, 5, True, ("dws.fault", "dws.e_stop"))
    assert HEAD == (0, 6)


def test_the_map_is_one_in_code_yaml_and_document() -> None:
    rendered = (
        jinja2.Environment(keep_trailing_newline=True)
        .from_string((FIRMWARE / "template.j2").read_text(encoding="utf-8"))
        .render(unit_id=1)
    )
    assert rendered == (FIRMWARE / "golden/default.yaml").read_text(encoding="utf-8")
    published = yaml.safe_load(rendered)
    assert (published["version"], published["crc"]) == (MAP_VERSION, map_crc())
    rows = [tuple(row[key] for key in ("name", "address", "type", "words", "access")) for row in published["registers"]]
    assert rows == [tuple(register) for register in REGISTERS]
    page = Path("docs/protocols/dws.md").read_text(encoding="utf-8")
    for name, address, kind, words, access in rows:
        assert f"| {address} | `{name}` | {kind} | {words} | {access} |" in page
    schema = json.loads((FIRMWARE / "params.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["unit_id"]["default"] == 1
    manifest = yaml.safe_load((FIRMWARE / "manifest.yaml").read_text(encoding="utf-8"))
    assert manifest["drift"]["equals"] == map_crc()


def test_registers_do_not_overlap() -> None:
    taken = [address for r in REGISTERS for address in range(r.address, r.address + r.words)]
    assert len(taken) == len(set(taken))


def test_a_config_without_host_is_refused() -> None:
    with pytest.raises(ConfigRefused):
        DwsDriver({"port": 502})

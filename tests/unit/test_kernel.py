"""Ids, quantities, labels and scans: pure words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wms.foundation.labels import rules as labels
from wms.foundation.scanning import rules as scanning
from wms.kernel import ids, quantity


def test_uuid7_is_version_7_and_increases() -> None:
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {u.version for u in made} == {7}
    assert {u.variant for u in made} == {"specified in RFC 4122"}


def test_quantities_are_spelled_as_people_key_them() -> None:
    assert quantity.spell(41, [("CTN", 12)]) == "3 CTN × 12 + 5 EA = 41"
    assert quantity.spell(5, [("CTN", 12)]) == "5 EA"
    assert quantity.spell(0, []) == "0 EA"


@given(st.integers(0, 10_000), st.integers(2, 50), st.integers(2, 20))
def test_split_adds_up(qty: int, carton: int, cartons: int) -> None:
    levels = [("CTN", carton), ("PAL", carton * cartons), ("EA", 1)]
    sizes = dict(levels)
    assert sum(n * sizes[name] for name, n in quantity.split(qty, levels)) == qty


def test_sscc_check_digit_is_the_standards_own() -> None:
    """GS1 General Specifications 7.9: example 37610425002123456 has check digit 9."""
    assert labels.gs1_check_digit("37610425002123456") == 9
    assert labels.sscc("0614141", 1) == "006141410000000012"[:17] + str(labels.gs1_check_digit("00614141000000001"))


def test_an_element_string_is_taken_apart() -> None:
    parts = scanning.take_apart("]C1010401234567890117271231" + "10LOT42\x1d" + "3024")
    assert (parts.gtin, parts.lot, parts.expires_on, parts.count) == ("04012345678901", "LOT42", date(2027, 12, 31), 24)
    assert "4012345678901" in parts.codes


@pytest.mark.parametrize("raw", ["]C100006141410000000018", "00006141410000000018", "006141410000000018"])
def test_an_sscc_is_one_however_it_is_scanned(raw: str) -> None:
    check = labels.gs1_check_digit("00614141000000001")
    raw = raw[:-1] + str(check)
    assert scanning.take_apart(raw).sscc == "00614141000000001" + str(check)


@given(st.text(max_size=250))
def test_garbage_is_refused_or_looked_up_never_a_crash(raw: str) -> None:
    try:
        parts = scanning.take_apart(raw)
    except scanning.UnreadableBarcode:
        return
    assert parts.raw

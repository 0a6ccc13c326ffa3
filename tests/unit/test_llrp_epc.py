"""EPC <-> GS1 keys: the worked examples of the Tag Data Standard, both ways, and what is no key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.rfid_gate.epc import BadEpc, element_string, epc_of, pure_identity

# Source: GS1 TDS 1.13 section E.3 (summary of examples) and section 6.3 (URI bodies); filter, EPC, URI, element string.
TDS = [
    (3, "3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", "(01)80614141123458(21)6789"),
    (3, "3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890", "(00)106141412345678908"),
    (3, "3374257BF40C0E4000000190", "urn:epc:id:grai:0614141.12345.400", "(8003)00614141123452400"),
    (3, "3474257BF40000000000162E", "urn:epc:id:giai:0614141.5678", "(8004)06141415678"),
]


@pytest.mark.parametrize(("filter_value", "epc", "uri", "element"), TDS, ids=["SGTIN", "SSCC", "GRAI", "GIAI"])
def test_the_standards_own_examples_both_ways(filter_value: int, epc: str, uri: str, element: str) -> None:
    assert pure_identity(epc) == uri
    assert element_string(uri) == element
    assert epc_of(element, 7, filter_value) == epc


def test_a_general_identifier_is_no_gs1_key() -> None:
    assert pure_identity("3500E86F8000A9E000000586") is None  # GID-96, TDS E.3


@pytest.mark.parametrize(
    ("element", "digits", "filter_value"),
    [
        ("(01)80614141123458(21)ABC", 7, 0),  # letters need SGTIN-198
        ("(01)80614141123458(21)999999999999", 7, 0),  # longer than 38 bits
        ("(00)1", 7, 0),
        ("(99)1", 7, 0),
        ("", 7, 0),
        ("(01)80614141123458(21)6789", 99, 0),
        ("(01)80614141123458(21)6789", 7, 8),
    ],
)
def test_a_key_that_does_not_fit_96_bits_is_refused(element: str, digits: int, filter_value: int) -> None:
    with pytest.raises(BadEpc):
        epc_of(element, digits, filter_value)


@given(st.integers(0, 2**38 - 1), st.integers(0, 7))
def test_any_serial_survives_the_way_there_and_back(serial: int, filter_value: int) -> None:
    uri = f"urn:epc:id:sgtin:0614141.812345.{serial}"
    epc = epc_of(element_string(uri), 7, filter_value)
    assert pure_identity(epc) == uri and len(epc) == 24


@given(st.text(max_size=30))
def test_text_that_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(BadEpc):
        element_string("urn:epc:id:gid:" + text)

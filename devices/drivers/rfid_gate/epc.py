"""EPC <-> GS1 keys by epcpy: what a tag's bits name. Pure.

Source: GS1 EPC Tag Data Standard 1.13, sections 6-7 (URI, element string) and 14 (binary).
"""

import re
from functools import lru_cache
from typing import Any

from epcpy.epc_schemes.base_scheme import GS1Element, TagEncodable
from epcpy.epc_schemes.giai import GIAI, GIAIFilterValue
from epcpy.epc_schemes.grai import GRAI, GRAIFilterValue
from epcpy.epc_schemes.sgtin import SGTIN, SGTINFilterValue
from epcpy.epc_schemes.sscc import SSCC, SSCCFilterValue
from epcpy.utils.common import ConvertException
from epcpy.utils.parsers import epc_pure_identity_to_gs1_element_string, hex_to_tag_encodable

_BITS_96: dict[str, tuple[Any, Any, Any]] = {
    "sgtin": (SGTIN, SGTIN.BinaryCodingScheme.SGTIN_96, SGTINFilterValue),
    "sscc": (SSCC, SSCC.BinaryCodingScheme.SSCC_96, SSCCFilterValue),
    "grai": (GRAI, GRAI.BinaryCodingScheme.GRAI_96, GRAIFilterValue),
    "giai": (GIAI, GIAI.BinaryCodingScheme.GIAI_96, GIAIFilterValue),
}
_KEYS = (
    (r"\(01\)\d{14}\(21\)", "sgtin"),
    (r"\(00\)\d{18}", "sscc"),
    (r"\(8003\)0\d{13}", "grai"),
    (r"\(8004\)", "giai"),
)
_WRONG = (ConvertException, ValueError, KeyError, IndexError, TypeError, AttributeError)
"""What epcpy lets through for input it cannot convert."""


class BadEpc(ValueError):
    """No EPC can hold this key. The only error this module raises."""


@lru_cache(maxsize=4096)
def pure_identity(epc: str) -> str | None:
    """GS1 pure identity URI of an EPC in hex, None where it names no GS1 key (unknown header, GID, defence, aviation)."""
    try:
        tag: TagEncodable = hex_to_tag_encodable(epc)
        return str(tag.epc_uri) if isinstance(tag, GS1Element) else None
    except _WRONG:
        return None


def element_string(uri: str) -> str:
    """`(01)80614141123458(21)6789` of a pure identity URI. Errors: BadEpc."""
    try:
        return str(epc_pure_identity_to_gs1_element_string(uri))
    except _WRONG as error:
        raise BadEpc(f"{uri!r} names no GS1 key") from error


def epc_of(element: str, company_prefix_digits: int, filter_value: int = 0) -> str:
    """96-bit EPC, upper-case hex, of an element string in brackets: SGTIN, SSCC, GRAI or GIAI.

    company_prefix_digits: 6 to 12, which no element string tells. filter_value: 0 to 7, TDS 14.1. Errors: BadEpc.
    """
    kind = next((kind for pattern, kind in _KEYS if re.match(pattern, element)), None)
    if kind is None or not 0 <= filter_value <= 7:
        raise BadEpc(f"{element!r}, filter {filter_value}: not a key that a tag holds")
    scheme, coding, filters = _BITS_96[kind]
    try:
        tag = scheme.from_gs1_element_string(element, company_prefix_digits)
        made = str(tag.hex(binary_coding_scheme=coding, filter_value=filters(str(filter_value)))).upper()
    except _WRONG as error:
        raise BadEpc(f"{element!r} does not fit 96 bits: {error}") from error
    if pure_identity(made) != tag.epc_uri:  # epcpy cuts numbers that are too long
        raise BadEpc(f"{element!r} does not fit 96 bits")
    return made

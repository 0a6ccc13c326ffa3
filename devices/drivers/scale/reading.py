"""What one frame of any scale says, whatever its protocol. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

GRAMS = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "mg": Decimal("0.001"),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
NOT_ZEROED, TARE_SET, EXPANDED, UNKNOWN_UNIT, DEVICE_ERROR = (
    "scale.not_zeroed",
    "scale.tare_set",
    "scale.expanded",
    "scale.unit_unknown",
    "scale.device_error",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One shown weight."""

    gross_g: int | None
    """Whole grams, a tare added again; None where the frame carries none."""
    stable: bool
    over: bool | None = None
    """True overload, False underload, None in range."""
    unit: str = ""
    problem: str = ""
    """Why no weight may be taken while this is shown: one of the codes above."""


@dataclass(frozen=True, slots=True)
class Tare:
    """Answer about the tare in force; None where the scale does not know the question."""

    tare_g: int | None


@dataclass(frozen=True, slots=True)
class Zeroed:
    """Answer to a zero command: code empty when done."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Any other good frame: text for people."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that are no frame of this protocol."""

    raw: bytes
    why: str = ""


Heard = Reading | Tare | Zeroed | Told | Noise


def grams(value: Decimal, unit: str) -> int:
    """Whole grams, half to even."""
    return int((value * GRAMS[unit]).to_integral_value(ROUND_HALF_EVEN))

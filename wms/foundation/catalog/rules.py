"""What a SKU may look like."""

from wms.kernel.errors import Refusal

ATTRIBUTES = frozenset({
    "ordinary", "battery_contained", "battery_packed", "battery_loose", "magnet", "liquid", "powder", "paste", "blade",
    "aerosol", "brand",
})  # fmt: skip
LEVELS = ("EA", "INN", "CTN", "PAL")


class UnknownSku(Refusal):
    """No such SKU."""

    code, status = "catalog.unknown_sku", 404


class CodeInUse(Refusal):
    """This scan code already means another SKU or pack level."""

    code, status = "catalog.code_in_use", 409


class AbsurdSize(Refusal):
    """A size or weight is negative, zero or beyond what a warehouse can hold."""

    code, status = "catalog.absurd_size", 422


class UnknownAttribute(Refusal):
    """Not one of the known goods attributes."""

    code, status = "catalog.unknown_attribute", 422


def check_size(length_mm: int, width_mm: int, height_mm: int, weight_g: int) -> None:
    """Errors: AbsurdSize naming the field."""
    for name, value, most in (
        ("length_mm", length_mm, 10_000), ("width_mm", width_mm, 10_000), ("height_mm", height_mm, 10_000),
        ("weight_g", weight_g, 2_000_000),
    ):  # fmt: skip
        if not 1 <= value <= most:
            raise AbsurdSize(field=name, value=value, most=most)

"""What a SKU may look like."""

from wms.kernel.errors import Refusal

ATTRIBUTES = frozenset({
    "ordinary", "battery_contained", "battery_packed", "battery_loose", "magnet", "liquid", "powder", "paste", "blade",
    "aerosol", "brand",
})  # fmt: skip
LEVELS = ("EA", "INN", "CTN", "PAL")
PARCEL_SIDE_MAX_MM, PARCEL_MAX_G = 3_000, 70_000
"""What is larger or heavier goes on a pallet. Source: UPS and FedEx take parcels to 274 cm and 68 to 70 kg, DHL Express to 300 cm
and 70 kg (their service guides, 2025); an order's own service may take less."""
Size = tuple[int, int, int]


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


class FragileAsItIs(Refusal):
    """Fragile goods ship in a tested pack version, not as they are."""

    code, status = "catalog.fragile_as_it_is", 422


class BundleAsItIs(Refusal):
    """A bundle is no thing by itself: its parts ship."""

    code, status = "catalog.bundle_as_it_is", 422


class TooLargeAsItIs(Refusal):
    """Larger or heavier than any parcel."""

    code, status = "catalog.too_large_as_it_is", 422


class NotFlat(Refusal):
    """A bag is measured lying empty and flat, its height 0; nothing but a bag has height 0."""

    code, status = "catalog.not_flat", 422


class InsideOut(Refusal):
    """A bag is larger inside than outside."""

    code, status = "catalog.inside_out", 422


def check_own_container(sku: str, size_mm: Size, weight_g: int, *, fragile: bool, bundle: bool) -> None:
    """Whether a SKU may ship as it is. Errors: FragileAsItIs, BundleAsItIs, TooLargeAsItIs."""
    if fragile:
        raise FragileAsItIs(sku=sku)
    if bundle:
        raise BundleAsItIs(sku=sku)
    if max(size_mm) > PARCEL_SIDE_MAX_MM or weight_g > PARCEL_MAX_G:
        raise TooLargeAsItIs(
            sku=sku, side_mm=max(size_mm), weight_g=weight_g, side_max_mm=PARCEL_SIDE_MAX_MM, weight_max_g=PARCEL_MAX_G
        )


def check_carton(code: str, inner_mm: Size, outer_mm: Size, tare_g: int, load_max_g: int, *, bag: bool) -> None:
    """Errors: AbsurdSize naming the field, NotFlat, InsideOut."""
    for size, weight_g in ((inner_mm, load_max_g), (outer_mm, tare_g)):
        if bag != (size[2] == 0):
            raise NotFlat(carton=code, height_mm=size[2])
        check_size(size[0], size[1], 1 if bag else size[2], max(weight_g, 1))
    if bag and any(a > b for a, b in zip(sorted(inner_mm), sorted(outer_mm), strict=True)):
        raise InsideOut(carton=code)


def check_size(length_mm: int, width_mm: int, height_mm: int, weight_g: int) -> None:
    """Errors: AbsurdSize naming the field."""
    for name, value, most in (
        ("length_mm", length_mm, 10_000), ("width_mm", width_mm, 10_000), ("height_mm", height_mm, 10_000),
        ("weight_g", weight_g, 2_000_000),
    ):  # fmt: skip
        if not 1 <= value <= most:
            raise AbsurdSize(field=name, value=value, most=most)

"""Labels that arrive finished from a carrier: made to dots at their own size, and proven readable before they are released.

Nothing is ever scaled to fit: a label of another size, or one whose barcode would fall below two dots a module, is refused with
what to mend. Source: GS1 General Specifications 5.12 and ISO/IEC 15416 (narrow elements of one dot do not survive a thermal
head); ZPL II guide for the commands that a label may hold.
"""

import io
import re
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from wms.foundation.labels.rules import zpl_page
from wms.foundation.labels.rules.gs1 import FNC1
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import (
    CarrierBarcode,
    CarrierContent,
    CarrierSize,
    CarrierTooFine,
    CarrierUnreadable,
)

TOLERANCE_MM = 2.5
"""4 × 6 inch is sold as 100 × 150, 102 × 152 and 101.6 × 152.4 mm."""
LEAST_DOTS = 2
LARGEST = 4 * 1024 * 1024
SOURCE_DPI = 600
"""At which a PDF's barcodes are read and measured before they are made to dots."""
INK = 128

Kind = Literal["pdf", "png", "zpl"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A label that may be released: a page of dots (1 bit, 0 = black); `zpl`: the carrier's own format, empty when it sent a picture."""

    page: Image.Image
    zpl: str
    barcodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A barcode on a page: its text, and its narrowest element in pixels."""

    text: str
    module_px: float


def check(content: bytes, kind: Kind, media: Media, expected: str = "", dpi: int = 0) -> Checked:
    """Rasterise and prove one label. `expected`: a text that must be in one of its barcodes. `dpi`: of a PNG or ZPL.

    Errors: CarrierUnreadable, CarrierSize, CarrierTooFine, CarrierBarcode, CarrierContent.
    """
    if not 0 < len(content) <= LARGEST:
        raise CarrierUnreadable(reason=f"{len(content)} bytes")
    if kind == "zpl":
        return _zpl(content, media, expected, dpi)
    source, source_dpi = _pdf(content) if kind == "pdf" else _png(content, dpi)
    source = _turned(source, source_dpi, media)
    before = _seen(source)
    page = _dots(source, source_dpi, media)
    after = {one.text for one in _seen(page)}
    for one in before:
        dots = one.module_px * media.dpi_exact / source_dpi
        if dots < LEAST_DOTS - 0.25:
            raise CarrierTooFine(
                barcode=one.text[:40],
                module_mm=round(one.module_px * 25.4 / source_dpi, 2),
                dots=round(dots, 1),
                dpi=media.dpi,
            )
    if not before or not {one.text for one in before} <= after:
        lost = sorted({one.text for one in before} - after)
        raise CarrierBarcode(barcode=lost[0][:40] if lost else "")
    _meant(after, expected)
    return Checked(page, "", tuple(sorted(after)))


def _meant(texts: set[str], expected: str) -> None:
    plain = re.sub(r"[^0-9A-Za-z]", "", expected)
    if plain and not any(plain in re.sub(r"[^0-9A-Za-z]", "", text) for text in texts):
        raise CarrierContent(expected=expected, found=", ".join(sorted(texts))[:120])


def _pdf(content: bytes) -> tuple[Image.Image, float]:
    import pypdfium2  # type: ignore[import-untyped]  # a third of a second and 20 MB, wanted only where PDFs arrive

    try:
        document = pypdfium2.PdfDocument(content)
        pages = len(document)
        if pages == 1:
            width, height = (v * 25.4 / 72 for v in document[0].get_size())
            if max(width, height) > 320:
                raise CarrierSize(found=f"{width:.0f} × {height:.0f} mm", loaded="")
            image = document[0].render(scale=SOURCE_DPI / 72, grayscale=True).to_pil().convert("L")
        document.close()
    except pypdfium2.PdfiumError as error:
        raise CarrierUnreadable(reason=str(error)) from None
    if pages != 1:
        raise CarrierUnreadable(reason=f"{pages} pages")
    return image, float(SOURCE_DPI)


def _png(content: bytes, dpi: int) -> tuple[Image.Image, float]:
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        if image.width * image.height > 40_000_000:
            raise CarrierUnreadable(reason=f"{image.width} × {image.height} dots")
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CarrierUnreadable(reason=str(error)) from None
    told = image.info.get("dpi", (0, 0))[0]
    own = float(dpi or told)
    if own < 100:
        raise CarrierUnreadable(reason="a PNG without its resolution")
    flat = Image.new("RGB", image.size, (255, 255, 255))
    rich = image.convert("RGBA")
    flat.paste(rich, mask=rich.getchannel("A"))
    # 203 dpi is what labels call 8 dots per mm.
    return flat.convert("L"), 203.2 if round(own) == 203 else own


def _turned(image: Image.Image, dpi: float, media: Media) -> Image.Image:
    """Upright on the media. Errors: CarrierSize."""
    loaded = (media.width_mm, media.height_mm)
    found = (image.width * 25.4 / dpi, image.height * 25.4 / dpi)
    for size, turn in ((found, False), (found[::-1], True)):
        if all(abs(a - b) <= TOLERANCE_MM for a, b in zip(size, loaded, strict=True)):
            return image.transpose(Image.Transpose.ROTATE_90) if turn else image
    raise CarrierSize(
        found=f"{found[0]:.0f} × {found[1]:.0f} mm", loaded=f"{media.width_mm:.0f} × {media.height_mm:.0f} mm"
    )


def _dots(source: Image.Image, dpi: float, media: Media) -> Image.Image:
    """The page at the printer's resolution, same size on paper; a margin beyond the media must be blank. Errors: CarrierSize."""
    factor = media.dpi_exact / dpi
    size = (max(1, round(source.width * factor)), max(1, round(source.height * factor)))
    scaled = source if size == source.size else source.resize(size, Image.Resampling.BOX)
    page = Image.new("L", media.size_px, 255)
    page.paste(scaled, (0, 0))
    dark = scaled.point(lambda v: 255 if v < INK else 0)
    box = dark.getbbox()
    if box is not None and (box[2] > page.width or box[3] > page.height):
        raise CarrierSize(
            found=f"{box[2] / media.dots_mm:.0f} × {box[3] / media.dots_mm:.0f} mm",
            loaded=f"{media.width_mm:.0f} × {media.height_mm:.0f} mm",
        )
    return page.point(lambda v: 255 if v >= INK else 0).convert("1")


def _seen(image: Image.Image) -> list[Seen]:
    import zxingcpp

    grey = image.convert("L")
    found: Any = zxingcpp.read_barcodes(grey)
    return [Seen(b.bytes.decode("utf-8", "replace"), _module_px(grey, b.position)) for b in found]


def _module_px(image: Image.Image, position: Any) -> float:
    """Narrowest element met on lines across the symbol: the mean of the narrowest tenth of the runs."""
    runs: list[int] = []
    corners = [position.top_left, position.top_right, position.bottom_right, position.bottom_left]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((c.x, c.y) for c in corners)
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        start = (ax + (dx - ax) * share, ay + (dy - ay) * share)
        end = (bx + (cx - bx) * share, by + (cy - by) * share)
        length = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
        steps = int(length)
        if steps < 4:
            continue
        last, run = None, 0
        for i in range(steps + 1):
            x, y = start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps
            if not (0 <= round(x) < image.width and 0 <= round(y) < image.height):
                continue
            dark = image.getpixel((round(x), round(y))) < INK  # type: ignore[operator]
            if dark == last:
                run += 1
            else:
                if last is not None and run:
                    runs.append(run)
                last, run = dark, 1
    narrow = sorted(runs)[: max(1, len(runs) // 10)]
    return sum(narrow) / len(narrow) if narrow else 0.0


ALLOWED = frozenset(
    re.findall(
        r"\S+",
        "XA XZ FO FT FD FS FH FB FP FR FV FW FX FN FC A0 A@ CF CI CV BY B0 B2 B3 B7 B8 BA BC BD BE BO BQ BU BX GB GC GD GE GF LH LL "
        "LR LS LT PW PO PQ PM PR MD MM MT MN MC PF TB",
    )
) | {f"A{c}" for c in "ABCDEFGHPQRSTUV"}
"""Commands that draw and print. All others store, configure, encode or reset: a label needs none of them."""


UNDRAWN = {"LR": "Y", "PM": "Y", "PO": "I"}
"""Reversed, mirrored or turned whole: never seen on a carrier's label, and nothing to guess at."""


def _zpl(content: bytes, media: Media, expected: str, dpi: int) -> Checked:
    """A carrier's own ZPL prints as it came; it is drawn too, so that its barcodes are read back from the dots."""
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise CarrierUnreadable(reason=str(error)) from None
    if text.count("^XA") != 1 or text.count("^XZ") != 1 or not text.startswith("^XA") or not text.endswith("^XZ"):
        raise CarrierUnreadable(reason="not one ^XA...^XZ format")
    if "~" in text:
        raise CarrierUnreadable(reason="an immediate command (~)")
    if (dpi or 203) != media.dpi:
        raise CarrierTooFine(barcode="", module_mm=0, dots=0, dpi=media.dpi)
    width, height = media.size_px
    slack = media.px(TOLERANCE_MM)
    for name, rest in zpl_page.commands(text):
        if name not in ALLOWED:
            raise CarrierUnreadable(reason=f"the command ^{name}")
        if (
            name in ("PW", "LL")
            and rest.isascii()
            and rest.isdigit()
            and int(rest[:9]) > (width if name == "PW" else height) + slack
        ):
            raise CarrierSize(found=f"^{name}{rest}", loaded=f"{media.width_mm:.0f} × {media.height_mm:.0f} mm")
        if name == "PQ" and rest.split(",")[0] not in ("", "1"):
            raise CarrierUnreadable(reason=f"{rest.split(',')[0]} copies: one shipment, one label")
        if UNDRAWN.get(name) == rest[:1] and rest:
            raise CarrierUnreadable(reason=f"the command ^{name}{rest[:1]}")
    drawn = zpl_page.draw(text, (width, height))
    for symbol in drawn.symbols:
        if symbol.module_dots < LEAST_DOTS:
            module_mm = round(symbol.module_dots / media.dots_mm, 2)
            raise CarrierTooFine(barcode=symbol.text[:40], module_mm=module_mm, dots=symbol.module_dots, dpi=media.dpi)
    page = drawn.page.point(lambda v: 255 if v >= INK else 0).convert("1")
    seen = {_bare(one.text) for one in _seen(page)}
    if lost := [one.text for one in drawn.symbols if _bare(one.text) not in seen]:
        raise CarrierBarcode(barcode=lost[0][:40])
    if not drawn.symbols:
        raise CarrierBarcode(barcode="")
    texts = {one.text.replace(FNC1, "") for one in drawn.symbols}
    _meant(texts, expected)
    return Checked(page, text, tuple(sorted(texts)))


def _bare(text: str) -> str:
    """Without what readers put in or leave out: separators, check digits' hyphens, brackets."""
    return re.sub(r"[^0-9A-Za-z]", "", text)

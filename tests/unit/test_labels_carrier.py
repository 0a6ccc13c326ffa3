"""Carriers' labels: what may be released is read back from the dots; everything else is refused with what to mend."""

import io

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from wms.foundation.labels.rules import carrier, fonts, languages, layout, symbols
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import (
    CarrierBarcode,
    CarrierContent,
    CarrierSize,
    CarrierTooFine,
    CarrierUnreadable,
)

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
TRACKING = "JD014600006281230704"


def drawn(
    dpi: int = 300, module: int = 4, size_mm: tuple[float, float] = (101.6, 152.4), code: str = TRACKING
) -> Image.Image:
    """A carrier's page as another system would make it: text, a logo, one Code 128 of `module` pixels."""
    page = Image.new("L", tuple(round(v * dpi / 25.4) for v in size_mm), 255)  # type: ignore[arg-type]
    pen = ImageDraw.Draw(page)
    pen.bitmap((40, 40), fonts.draw("Päckchen 国际小包", dpi // 4), fill=0)
    pen.ellipse((page.width - 300, 40, page.width - 60, 200), fill=90)
    symbol = symbols.code128(code)
    layout.paint(page, [layout.Bars(60, page.height // 2, dpi, module, symbol)], 0)
    return page


def png(page: Image.Image, dpi: float = 300) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def pdf(*pages: Image.Image, dpi: float = 300) -> bytes:
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=dpi, save_all=True, append_images=pages[1:])
    return out.getvalue()


def texts(page: Image.Image) -> list[str]:
    return [b.text for b in zxingcpp.read_barcodes(page.convert("L"))]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_a_good_label_is_released_in_its_own_size(kind: carrier.Kind, dpi: int) -> None:
    media = Media(dpi=dpi)
    content = pdf(drawn()) if kind == "pdf" else png(drawn())
    checked = carrier.check(content, kind, media, expected=TRACKING)
    assert checked.page is not None and checked.page.mode == "1" and checked.page.size == media.size_px
    assert checked.barcodes == (TRACKING,) and texts(checked.page) == [TRACKING]
    dark = checked.page.convert("L").point(lambda v: 255 - v).getbbox()
    assert dark is not None and abs(dark[0] / media.dots_mm - 40 * 25.4 / 300) < 2


def test_a_label_lying_down_is_turned() -> None:
    checked = carrier.check(png(drawn().rotate(90, expand=True)), "png", Media())
    assert checked.page is not None and checked.page.size == Media().size_px and texts(checked.page) == [TRACKING]


def test_a_label_of_the_printers_own_dots_is_not_touched() -> None:
    page = drawn(203, 2).point(lambda v: 0 if v < 128 else 255)
    checked = carrier.check(png(page, 203), "png", Media(), dpi=203)
    assert checked.page is not None
    wide, high = (min(a, b) for a, b in zip(page.size, checked.page.size, strict=True))
    assert checked.page.convert("L").crop((0, 0, wide, high)).tobytes() == page.crop((0, 0, wide, high)).tobytes()


def test_another_size_is_refused_not_scaled() -> None:
    with pytest.raises(CarrierSize) as refused:
        carrier.check(pdf(drawn(size_mm=(210, 297))), "pdf", Media())
    assert refused.value.params == {"found": "210 × 297 mm", "loaded": "102 × 152 mm"}


def test_a_barcode_too_fine_for_the_head_is_refused() -> None:
    fine = png(drawn(600, 4), 600)  # 0.17 mm: 1.4 dots at 203 dpi, 2 dots at 300
    with pytest.raises(CarrierTooFine) as refused:
        carrier.check(fine, "png", Media(dpi=203))
    assert refused.value.params["dpi"] == 203 and refused.value.params["barcode"] == TRACKING
    assert carrier.check(fine, "png", Media(dpi=300)).barcodes == (TRACKING,)


def test_no_barcode_or_the_wrong_one_is_refused() -> None:
    blank = Image.new("L", (1200, 1800), 255)
    with pytest.raises(CarrierBarcode):
        carrier.check(png(blank), "png", Media())
    with pytest.raises(CarrierContent):
        carrier.check(png(drawn()), "png", Media(), expected="JD999")
    assert carrier.check(png(drawn()), "png", Media(), expected="JD 0146-00006281230704").page is not None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "pdf"), (b"hello", "pdf"), (b"hello", "png"), (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "png"), (pdf(drawn(), drawn()), "pdf"),
        (b"%PDF-1.4 broken", "pdf"), (b"hello", "zpl"), (b"\xff\xfe", "zpl"), (b"x" * 5_000_000, "png"),
    ],
)  # fmt: skip
def test_what_is_no_label_is_refused(content: bytes, kind: carrier.Kind) -> None:
    with pytest.raises(CarrierUnreadable):
        carrier.check(content, kind, Media())


def test_a_png_without_resolution_is_refused() -> None:
    out = io.BytesIO()
    drawn().save(out, "PNG")
    with pytest.raises(CarrierUnreadable, match="resolution"):
        carrier.check(out.getvalue(), "png", Media())
    assert carrier.check(out.getvalue(), "png", Media(), dpi=300).page is not None


ZPL = f"^XA^PW812^LL1218^FO30,30^A0N,40,40^FDCarrier^FS^FO30,200^BY3^BCN,200,Y,N,N^FD{TRACKING}^FS^XZ"


def test_zpl_prints_as_it_came_and_is_read_back_from_its_dots() -> None:
    checked = carrier.check(ZPL.encode(), "zpl", Media(), expected=TRACKING)
    assert checked.zpl == ZPL and checked.barcodes == (TRACKING,) and texts(checked.page) == [TRACKING]


@pytest.mark.parametrize(
    ("zpl", "refusal"),
    [
        (ZPL + ZPL, CarrierUnreadable), (ZPL.replace("^XZ", "^JUS^XZ"), CarrierUnreadable), ("~JA" + ZPL, CarrierUnreadable),
        (ZPL.replace("^FS^XZ", "~JR^FS^XZ"), CarrierUnreadable), (ZPL.replace("^XZ", "^PQ9^XZ"), CarrierUnreadable),
        (ZPL.replace("^XZ", "^IDR:*.*^XZ"), CarrierUnreadable), (ZPL.replace("PW812", "PW1200"), CarrierSize),
        (ZPL.replace("BY3", "BY1"), CarrierTooFine), (ZPL.replace(TRACKING, "X1"), CarrierContent),
        (ZPL.replace("^BCN,200,Y,N,N", ""), CarrierBarcode),
    ],
)  # fmt: skip
def test_zpl_that_does_more_than_draw_is_refused(zpl: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        carrier.check(zpl.encode(), "zpl", Media(), expected=TRACKING)


def test_zpl_made_for_other_dots_is_refused() -> None:
    with pytest.raises(CarrierTooFine):
        carrier.check(ZPL.encode(), "zpl", Media(dpi=300), dpi=203)


def test_a_released_page_prints_the_same_in_both_languages() -> None:
    checked = carrier.check(png(drawn()), "png", Media())
    assert checked.page is not None
    zpl, tspl = (languages.picture(checked.page, Media(), name) for name in ("zpl", "tspl"))
    assert isinstance(zpl, str) and zpl.startswith("^XA") and len(zpl) < 60_000
    assert isinstance(tspl, bytes) and tspl.endswith(b"PRINT 1,1\r\n")

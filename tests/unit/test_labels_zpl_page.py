"""A carrier's ZPL drawn by us and by an independent renderer: the same barcodes, of the same width, in the same places."""

import zlib
from base64 import b64encode

import pytest
import zxingcpp
from PIL import Image

from tests.unit.test_labels_rendered import RENDERER, draw_all
from wms.foundation.labels.rules import carrier, templates, zpl_page
from wms.foundation.labels.rules import render as our_label
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import CarrierBarcode, CarrierTooFine, CarrierUnreadable

SIZE = Media().size_px
LOGO = "^FO560,40^GFA,32,32,4,NF,:::::NF^FS"


def label(*fields: str) -> str:
    return "^XA^PW812^LL1218^LH0,0" + "".join(fields) + "^XZ"


FIELDS = {
    "code128 in subset B": ("^FO60,200^BY3^BCN,160,Y,N,N^FDJD0146ABC704^FS", "JD0146ABC704"),
    "code128 by invocation": ("^FO60,200^BY3^BCN,160,Y,N,N^FD>;>800340123456789012345>6LOT^FS", "00340123456789012345LOT"),
    "digits in subset C": ("^FO60,200^BY4^BCN,160,N,N,N^FD>;123456789012^FS", "123456789012"),
    "automatic": ("^FO60,200^BY3^BCN,160,Y,N,N,A^FD123456AB^FS", "123456AB"),
    "a UCC case code": ("^FO60,200^BY3^BCN,160,Y,N,N,D^FD(00)340123456789012343^FS", "00340123456789012343"),
    "turned": ("^FO200,200^BY3^BCR,160,N,N,N^FDJD014600^FS", "JD014600"),
    "by its base line": ("^FT60,500^BY3^BCN,160,N,N,N^FDJD014600^FS", "JD014600"),
    "code39": ("^FO60,200^BY2,3,140^B3N,N,140,N,N^FDABC-123^FS", "ABC-123"),
    "interleaved": ("^FO60,200^BY3,3,140^B2N,140,N,N,N^FD12345678^FS", "12345678"),
    "a QR code": ("^FO60,200^BQN,2,6^FDQA,https://example.org/T/1^FS", "https://example.org/T/1"),
    "a Data Matrix": ("^FO60,200^BXN,8,200^FDPARCEL 4711^FS", "PARCEL 4711"),
    "escaped bytes": ("^FO60,200^BY3^BCN,160,Y,N,N^FH^FDAB_2D12^FS", "AB-12"),
}  # fmt: skip


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    if not RENDERER.exists():
        pytest.skip("zpl-renderer-js is not installed: npm ci in wms/web")
    return draw_all({name: label(field) for name, (field, _) in FIELDS.items()}, tmp_path_factory.mktemp("zpl"))


def seen(page: Image.Image) -> list[zxingcpp.Barcode]:
    return list(zxingcpp.read_barcodes(page.convert("L")))


def box(page: Image.Image, of: zxingcpp.Barcode) -> tuple[int, int, int, int]:
    p = of.position
    xs, ys = zip(*((c.x, c.y) for c in (p.top_left, p.top_right, p.bottom_left, p.bottom_right)), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize("name", FIELDS)
def test_a_barcode_reads_as_it_was_meant(name: str) -> None:
    field, text = FIELDS[name]
    checked = carrier.check(label(field).encode(), "zpl", Media(), expected=text)
    assert checked.page.size == SIZE and checked.zpl == label(field)
    (one,) = seen(checked.page)
    assert "".join(c for c in one.bytes.decode() if c != "\x1d") == text


@pytest.mark.parametrize("name", FIELDS)
def test_an_independent_renderer_puts_the_same_barcode_in_the_same_place(
    name: str, theirs: dict[str, Image.Image]
) -> None:
    ours = zpl_page.draw(label(FIELDS[name][0]), SIZE).page
    (mine,), (other,) = seen(ours), seen(theirs[name])
    assert mine.bytes == other.bytes
    for a, b in zip(box(ours, mine), box(theirs[name], other), strict=True):
        assert abs(a - b) <= 12, (box(ours, mine), box(theirs[name], other))


def test_text_boxes_and_graphics_are_ink_and_hide_no_barcode() -> None:
    barcode = "^FO60,500^BY3^BCN,160,N,N,N^FDJD014600^FS"
    plain = label("^FO30,30^A0N,40,40^FDPäckchen^FS", "^FO20,20^GB760,400,4^FS", LOGO, barcode)
    page = carrier.check(plain.encode(), "zpl", Media()).page.convert("L")
    assert page.getpixel((21, 200)) == 0 and page.getpixel((400, 21)) == 0 and page.getpixel((400, 300)) == 255
    assert page.getpixel((561, 40)) == 0 and page.getpixel((561, 43)) == 255
    assert page.crop((30, 30, 300, 80)).getextrema() == (0, 255)
    for cover in ("^FO200,480^GB60,400,60^FS", "^FO0,480^GB812,200,200^FS"):
        with pytest.raises(CarrierBarcode):
            carrier.check(label(barcode, cover).encode(), "zpl", Media())


def test_a_barcode_that_runs_off_the_label_is_refused() -> None:
    with pytest.raises(CarrierBarcode):
        carrier.check(label("^FO700,500^BY3^BCN,160,N,N,N^FDJD014600^FS").encode(), "zpl", Media())


def test_graphics_in_each_writing_are_the_same() -> None:
    raw = bytes([0xFF, 0xF0] * 8)
    z64 = f":Z64:{b64encode(zlib.compress(raw)).decode()}:1234"
    b64 = f":B64:{b64encode(raw).decode()}:1234"
    pages = [zpl_page.draw(label(f"^FO40,40^GFA,16,16,2,{body}^FS"), SIZE).page.tobytes() for body in ("FFF0" * 8, "IF0:::::::", z64, b64)]  # fmt: skip
    assert len(set(pages)) == 1
    assert pages[0] != zpl_page.draw(label("^FO40,40^GFA,16,16,2,FFFF^FS"), SIZE).page.tobytes()


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("kind", ["ship", "unit", "location"])
def test_our_own_labels_are_drawn_as_they_are_meant(kind: str, dpi: int) -> None:
    media = Media(dpi=dpi)
    page = zpl_page.draw(our_label(kind, templates.sample(kind), media), media.size_px).page
    assert {b.bytes for b in seen(page)}, "its barcodes are readable"


@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ("^FO1,1^BY1^BCN,160^FDAB12^FS", CarrierTooFine),
        ("^FO60,200^B4N,20^FDAB12^FS", CarrierUnreadable),
        ("^FO60,200^BY3^BCN,160^FD>;12A^FS", CarrierUnreadable),
        ("^FO60,200^BY3^BEN,160^FDnot digits^FS", CarrierUnreadable),
        ("^FO60,200^GFB,8,8,1,xxxxxxxx^FS", CarrierUnreadable),
        ("^FO60,200^GFA,8,8,1,:Z64:!!!:0^FS", CarrierUnreadable),
        ("^FO60,200^GFA,8,99999999999,1,FF^FS", CarrierUnreadable),
        ("^FO60,200^GB99999999,99999999,3^FS", CarrierUnreadable),
        ("^POI^FO60,200^BY3^BCN,160^FDAB12^FS", CarrierUnreadable),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(field: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        carrier.check(label(field).encode(), "zpl", Media())

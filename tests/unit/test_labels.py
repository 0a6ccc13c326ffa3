"""Labels: one description, read back from every form it takes; no data becomes a command; no character is lost unsaid."""

import base64
import re
import zlib

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from wms.foundation.labels import rules
from wms.foundation.labels.rules import fonts, gs1, languages, layout, marks, symbols, templates
from wms.foundation.labels.rules.layout import Media
from wms.foundation.labels.rules.refusals import (
    BadLabelData,
    CannotDraw,
    CannotEncode,
    DoesNotFit,
    MarkUnproven,
    MediaMismatch,
)
from wms.kernel.errors import Refusal

SSCC = "006141410000000012"
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)


def read(image: Image.Image) -> dict[str, str]:
    """Symbology identifier to content, as a scanner transmits it."""
    found = zxingcpp.read_barcodes(image.convert("L"))
    return {b.symbology_identifier: b.bytes.decode("latin1") for b in found}


def alone(symbol: symbols.Code128 | symbols.DataMatrix, module: int = 3) -> Image.Image:
    side = (symbol.modules + 20) * module
    linear = isinstance(symbol, symbols.Code128)
    image = Image.new("1", (side, 90 if linear else side), 255)
    at = 10 * module
    mark = layout.Bars(at, 10, 70, module, symbol) if linear else layout.Cells(at, at, module, symbol)
    layout.paint(image, [mark], 0)
    return image


@settings(max_examples=150, deadline=None)
@given(st.text(PRINTABLE, min_size=1, max_size=30) | st.from_regex(r"[0-9]{1,30}", fullmatch=True))
def test_an_independent_reader_reads_code_128(text: str) -> None:
    assert list(read(alone(symbols.code128(text))).values()) == [text]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), min_size=1, max_size=100))
def test_an_independent_reader_reads_data_matrix(text: str) -> None:
    assert list(read(alone(symbols.data_matrix(text))).values()) == [text]


@settings(max_examples=100, deadline=None)
@given(
    st.from_regex(r"[0-9]{13}", fullmatch=True), st.from_regex(r"[!%-?A-Z_a-z]{1,15}", fullmatch=True),
    st.from_regex(r"[0-9]{1,8}", fullmatch=True),
)  # fmt: skip
def test_gs1_content_survives_both_symbols(gtin: str, lot: str, count: str) -> None:
    pairs = gs1.elements([("10", lot), ("37", count), ("01", gtin + str(gs1.check_digit(gtin)))])
    content = gs1.element_string(pairs)
    assert pairs[0][0] == "01" and content.count(gs1.FNC1) == 1
    if len(content) < 40:
        assert read(alone(symbols.code128(gs1.FNC1 + content))) == {"]C1": content}
    assert read(alone(symbols.data_matrix(gs1.FNC1 + content))) == {"]d2": content}


@pytest.mark.parametrize(
    "pair", [("00", SSCC[:-1] + "3"), ("01", "123"), ("99", "x"), ("10", "Ä"), ("10", ""), ("17", "١٢٣٤٥٦")]
)
def test_a_false_element_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(BadLabelData):
        gs1.elements([pair])


@pytest.mark.parametrize("text", ["", "ä", "a\nb", "x" * 81])
def test_what_code_128_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(CannotEncode):
        symbols.code128(text)


def test_a_data_matrix_too_full_is_refused() -> None:
    symbols.data_matrix("1" * 348)
    with pytest.raises(CannotEncode):
        symbols.data_matrix("1" * 350)
    with pytest.raises(CannotEncode):
        symbols.data_matrix("汉")


# text


@pytest.mark.parametrize(
    "text",
    [
        "Kraków Łódź",
        "şğıİ",
        "ăâîșț",
        "ΑΒΓ ΰ",
        "Київ ґ",
        "蓝色陶瓷杯",
        "繁體",
        "かな",
        "한글",
        "مرحبا",
        "שלום",
        "ไทย",
        "हिन्दी",
        "€½×…",
    ],
)
def test_every_script_of_the_trade_is_drawn(text: str) -> None:
    image = fonts.draw(fonts.clean(text), 40)
    assert image.getbbox() is not None and image.width >= fonts.width_px(text, 40)


def test_two_chinese_names_of_one_length_are_two_pictures() -> None:
    assert fonts.draw("蓝色", 32).tobytes() != fonts.draw("红色", 32).tobytes()


@pytest.mark.parametrize("text", ["\x07", "\ue000", "\U0010fffe", "𓀀", "a\ud800"])
def test_what_no_font_draws_is_refused_by_name(text: str) -> None:
    with pytest.raises(CannotDraw) as refused:
        fonts.draw(fonts.clean(text), 20)
    assert refused.value.params["char"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_text_is_drawn_whole_or_refused(text: str) -> None:
    try:
        line = fonts.clean(text)
        image = fonts.draw(line, 24)
    except CannotDraw:
        return
    marks_of_width = [c for c in line if c != " " and fonts.width_px(c, 24)]
    assert not marks_of_width or image.width > 0
    assert "".join(fonts.wrap(line, 24, 120)).replace(" ", "") == line.replace(" ", "")


@settings(max_examples=150, deadline=None)
@given(st.text(sorted(fonts.PLAIN), min_size=1, max_size=30), st.integers(8, 60), st.booleans())
def test_numbers_put_together_are_the_dots_of_the_line_as_a_whole(text: str, size: int, bold: bool) -> None:
    font = fonts._font(fonts.faces()[0], size, bold)
    assert fonts.width_px(text, size, bold) == round(font.getlength(text))
    drawn = fonts.draw(text, size, bold)
    whole = Image.new("1", drawn.size)
    ImageDraw.Draw(whole).text((0, fonts.ascent_px(size)), text, font=font, fill=1, anchor="ls")
    assert drawn.tobytes() == whole.tobytes()


def test_a_font_says_the_same_the_first_time_as_ever_after() -> None:
    """Seen in FreeType: of 4,240 characters in these sizes, 38 were 1/64 of a dot wider when asked first."""
    for char, size, bold in (("Q", 12, True), ("I", 16, False), ("W", 29, False), ("0", 37, False)):
        fonts._font.cache_clear()
        font = fonts._font(fonts.faces()[0], size, bold)
        assert len({font.getlength(char) for _ in range(3)}) == 1


def test_a_number_is_not_laid_out_as_a_whole() -> None:
    plain = fonts._plain("006141410000000012", 25, False)
    assert plain is not None and plain.line("006141410000000012", 300) is not None
    assert fonts._plain("Office", 25, False) is None, "its letters join"


def test_long_names_shrink_then_break_then_end_in_an_ellipsis() -> None:
    media = Media()
    short, long = layout.Text(0, 0, "Mug", 5, 40, lines=2), layout.Text(0, 0, "Mug of stoneware " * 9, 5, 40, lines=2)
    assert layout.flow(short, media) < layout.flow(long, media)
    for ink in layout.place([long], media):
        assert isinstance(ink, layout.Ink) and ink.x + ink.image.width <= media.px(40) + 2
    with pytest.raises(DoesNotFit):
        layout.place([layout.Text(0, 0, "Mug of stoneware " * 9, 5, 40, shorten=False)], media)


# templates


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("kind", templates.TEMPLATES)
def test_every_template_stays_on_the_label_and_off_itself(kind: str, dpi: int) -> None:
    media = templates.media_for(kind, Media(dpi=dpi))
    label = templates.build(kind, templates.sample(kind), media)
    placed = layout.place(label.elements, media)
    width, height = media.size_px[::-1] if label.sideways else media.size_px
    texts = []
    for mark in placed:
        wide, high = {
            layout.Ink: lambda m: m.image.size, layout.Block: lambda m: (m.width, m.height),
            layout.Bars: lambda m: (m.module * m.symbol.modules, m.height),
            layout.Cells: lambda m: (m.module * m.symbol.modules,) * 2,
        }[type(mark)](mark)  # fmt: skip
        assert mark.x >= 0 and mark.y >= 0 and mark.x + wide <= width and mark.y + high <= height, mark
        if isinstance(mark, layout.Ink) and not mark.white:
            texts.append(mark)
    if kind == "hazard":
        return
    for i, one in enumerate(texts):
        for other in texts[i + 1 :]:
            box = Image.new("1", (width, height), 0)
            box.paste(one.image, (one.x, one.y))
            again = Image.new("1", (width, height), 0)
            again.paste(other.image, (other.x, other.y))
            assert ImageChops.logical_and(box, again).getbbox() is None


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ship", {"]C1": "00" + SSCC}), ("lpn", {"]C1": "00" + SSCC}), ("carton", {"]C1": "00" + SSCC}),
        ("location", {"]C0": "A-12-03-2"}), ("cn22", {"]C0": "LX123456785DE"}), ("cn23", {"]C0": "CX123456785DE"}),
        ("unit", {"]C0": "4006381333931", "]d2": "010400638133393117271231" + "10LOT42"}),
        ("market", {"]C0": "4006381333948"}),
    ],
)  # fmt: skip
def test_a_printed_page_carries_what_was_meant(kind: str, content: dict[str, str], dpi: int) -> None:
    media = Media(dpi=dpi)
    label = templates.build(kind, templates.sample(kind), media)
    page = layout.bitmap(label, media)
    assert page.size == media.size_px
    assert read(page.rotate(90, expand=True) if label.sideways else page) == content


def test_a_logistic_label_keeps_gs1_dimensions() -> None:
    """GS1 General Specifications 5.12, table 5: X 0.495 mm or more, 31.75 mm high."""
    for dpi in (203, 300):
        media = Media(dpi=dpi)
        label = templates.build("ship", templates.sample("ship"), media)
        (bars,) = [m for m in layout.place(label.elements, media) if isinstance(m, layout.Bars)]
        assert bars.module / media.dots_mm >= 0.495 and bars.height / media.dots_mm >= 31.75


def test_media_too_small_or_of_other_stock_are_refused() -> None:
    with pytest.raises(MediaMismatch):
        templates.build("ship", templates.sample("ship"), Media(50, 30))
    with pytest.raises(MediaMismatch):
        templates.build("hazard", templates.sample("hazard"), Media())
    black = templates.build("hazard", templates.sample("hazard", border="black"), Media())
    assert black.stock == "label" and not black.preprinted


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("ship", {"weight_g": -1}), ("ship", {"sscc": "1"}), ("ship", {"carrier": None}), ("ship", {"destination": "x"}),
        ("carton", {"lines": [1]}), ("cn22", {"category": "bribe"}), ("cn22", {"lines": []}), ("hazard", {"un": ["UN1"]}),
        ("hazard", {"mark": "skull"}), ("location", {"arrow": "north"}), ("market", {"warnings": "one"}),
        ("unit", {"gtin": "4006381333932"}),
    ],
)  # fmt: skip
def test_false_data_are_refused_by_field(kind: str, changes: dict[str, object]) -> None:
    with pytest.raises(BadLabelData) as refused:
        templates.build(kind, templates.sample(kind, **changes), templates.media_for(kind, Media()))
    assert refused.value.params["field"]


def test_an_address_is_never_cut() -> None:
    long = {"name": "Li " * 60, "city": "Wien", "country": "AT"}
    with pytest.raises(DoesNotFit):
        layout.place(templates.build("ship", templates.sample("ship", destination=long), Media()).elements, Media())


def test_the_limited_quantity_mark_is_black_white_black() -> None:
    image = Image.new("1", Media().size_px, 255)
    layout.paint(image, layout.place(marks.limited_quantity(0, 0, 100), Media()), 0)
    column = [image.getpixel((400, y)) for y in (40, 200, 400, 600, 760)]
    assert column == [0, 0, 255, 0, 0]


# languages

WORDS = st.text(max_size=40) | st.sampled_from(
    ["^XA^XZ", "~JA", "^FS^XZ", '"\r\nPRINT 9\r\n', "\r\nCLS\r\n", ">;>8", "_5E", "\\&"]
)
ZPL_WORDS = {"^XA", "^XZ", "^CI", "^LH", "^PW", "^LL", "^FO", "^GF", "^GB", "^BY", "^BC", "^BX", "^FH", "^FD", "^FS"}


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_no_data_becomes_a_zpl_command(sku: str, name: str, code: str) -> None:
    try:
        zpl = rules.render("unit", {"sku": sku, "name": name, "code": code})
    except Refusal:
        return
    assert (zpl.count("^XA"), zpl.count("^XZ"), zpl.count("~")) == (1, 1, 0)
    assert set(re.findall(r"\^..", zpl)) <= ZPL_WORDS
    fields = re.findall(
        r"\^FO\d+,\d+(\^GFA,\d+,\d+,\d+,:Z64:[A-Za-z0-9+/=]+:[0-9A-F]{4}|\^GB\d+,\d+,\d+|\^BY\d\^BCN,.*?)\^FS", zpl
    )
    assert len(fields) == zpl.count("^FS") == zpl.count("^FO")


def tspl_commands(job: bytes) -> list[bytes]:
    """Command lines of a job, the bytes of its bitmaps skipped by their own length."""
    found = []
    while job:
        bitmap = re.match(rb"BITMAP \d+,\d+,(\d+),(\d+),1,", job)
        if bitmap:
            end = bitmap.end() + int(bitmap[1]) * int(bitmap[2])
            assert job[end : end + 2] == b"\r\n"
            found.append(bitmap[0])
            job = job[end + 2 :]
        else:
            line, _, job = job.partition(b"\r\n")
            found.append(line)
    return found


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_no_data_becomes_a_tspl_command(sku: str, name: str, code: str) -> None:
    media = Media()
    try:
        job = languages.tspl(templates.build("unit", {"sku": sku, "name": name, "code": code}, media), media)
    except Refusal:
        return
    lines = tspl_commands(job)
    assert (
        lines[:4] == [b"SIZE 101.6 mm,152.4 mm", b"GAP 3 mm,0 mm", b"DIRECTION 1", b"CLS"] and lines[-1] == b"PRINT 1,1"
    )
    for line in lines[4:-1]:
        assert re.fullmatch(rb"BITMAP \d+,\d+,\d+,\d+,1,|BAR \d+,\d+,\d+,\d+", line)


def test_a_graphic_field_unpacks_to_its_dots_and_its_crc() -> None:
    """ZPL II guide, ^GF and "ZB64 encoding": zlib, base64, CRC-16-CCITT over the base64 text."""
    image = fonts.draw("蓝", 30)
    head, _, rest = languages.graphic_field(image).partition(":Z64:")
    packed, _, crc = rest.partition(":")
    total, again, row = map(int, head.removeprefix("^GFA,").rstrip(",").split(","))
    raw = zlib.decompress(base64.b64decode(packed))
    assert len(raw) == total == again == row * image.height and raw == image.tobytes()
    register = 0
    for byte in packed.encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    assert int(crc, 16) == register


def test_subsets_are_spelled_as_every_renderer_reads_them() -> None:
    zpl = rules.render("ship", templates.sample("ship"))
    assert f"^BCN,256,N,N,N^FD>;>800{SSCC}^FS" in zpl
    symbol = symbols.code128(gs1.FNC1 + "010400638133393110LOT42")
    assert languages._invocations(symbol) == ">;>8010400638133393110>6LOT42"
    assert languages._invocations(symbols.code128("A>B~")) == ">:A>0B>="


@pytest.mark.parametrize("proofs", [None, {}, {"CE": ""}, {"WEEE": "registration"}])
def test_a_mark_without_its_document_is_never_drawn(proofs: object) -> None:
    """labels.mark_unproven"""
    with pytest.raises(MarkUnproven):
        templates.build("market", templates.sample("market", marks=["CE"], proofs=proofs), Media())

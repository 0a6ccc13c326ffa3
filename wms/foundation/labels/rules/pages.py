"""Labels and forms as PDF: each page is the same dots that a printer would get, with its words behind them to be searched and copied.

Drawn, not set: the page shows what the labels' own fonts draw, Chinese and joined scripts too, on any machine. The words lie in text
rendering mode 3, which is never painted and therefore needs no font file. The same pages give the same bytes.

Source: ISO 32000-1: 7.5 (file structure), 8.9 (images), 9.3.6 (text rendering mode), 9.7 (composite fonts), 9.10.3 (ToUnicode).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wms.foundation.labels.rules.layout import Label, Media, Text, read, written

A4 = Media(210.0, 297.0, 300, stock="a4")
_POINTS_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Page:
    """A label on paper of a size in mm, its upper left corner at (x, y). Sideways labels lie as they are read."""

    label: Label
    media: Media
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


def alone(label: Label, media: Media) -> Page:
    """A page as large as the label."""
    size = (media.height_mm, media.width_mm) if label.sideways else (media.width_mm, media.height_mm)
    return Page(label, media, *size)


def on_a4(label: Label, media: Media, margin: float = 8.0) -> Page:
    """A label in its true size on A4, on its side where it does not fit upright."""
    width = media.height_mm if label.sideways else media.width_mm
    paper = (297.0, 210.0) if width > 210 - 2 * margin else (210.0, 297.0)
    return Page(label, media, *paper, margin, margin)


def pdf(pages: Sequence[Page], title: str) -> bytes:
    """The pages as one PDF 1.7. Errors: CannotDraw, DoesNotFit."""
    objects: list[bytes] = [b"", b"", b"", b"", b""]
    kids, used = [], set[str]()
    for page in pages:
        image, content = _image(page), _content(page, used)
        first = len(objects) + 1
        box = f"[0 0 {page.width * _POINTS_MM:.3f} {page.height * _POINTS_MM:.3f}]"
        objects += [
            image,
            _stream(zlib.compress(content, 9), b"/Filter /FlateDecode"),
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents {first + 1} 0 R /Resources "
            f"<< /XObject << /I {first} 0 R >> /Font << /F 3 0 R >> >> >>".encode(),
        ]
        kids.append(f"{first + 2} 0 R")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    objects[2] = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Words /Encoding /Identity-H /DescendantFonts [<< /Type /Font "
        b"/Subtype /CIDFontType2 /BaseFont /Words /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        b"/DW 1000 /CIDToGIDMap /Identity /FontDescriptor << /Type /FontDescriptor /FontName /Words /Flags 4 "
        b"/FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 >> >>] "
        b"/ToUnicode 4 0 R >>"
    )
    objects[3] = _stream(_to_unicode(used))
    objects[4] = b"<< /Title <FEFF" + title.encode("utf-16-be").hex().upper().encode() + b"> >>"
    return _file(objects)


def _image(page: Page) -> bytes:
    dots = read(page.label, page.media, "L")  # a byte a dot: packed by numpy in half the time that Pillow takes
    about = (
        f"/Type /XObject /Subtype /Image /Width {dots.width} /Height {dots.height} /ColorSpace /DeviceGray "
        "/BitsPerComponent 1 /Filter /FlateDecode"
    )
    packed = np.packbits(np.asarray(dots), axis=1).tobytes()
    return _stream(zlib.compress(packed, 4), about.encode())  # 9 takes six times as long for a tenth less


def _content(page: Page, used: set[str]) -> bytes:
    media, label = page.media, page.label
    across = media.size_px[::-1] if label.sideways else media.size_px
    point = _POINTS_MM / media.dots_mm
    left, top = page.x * _POINTS_MM, (page.height - page.y) * _POINTS_MM
    out = [
        f"q {across[0] * point:.3f} 0 0 {across[1] * point:.3f} {left:.3f} {top - across[1] * point:.3f} cm /I Do Q",
        "BT 3 Tr",
    ]
    for element in label.elements:
        if not isinstance(element, Text):
            continue
        for line in written(element, media):
            words = line.text.encode("utf-16-be")
            used.update(line.text)
            stretch = 100 * line.width / (len(words) // 2 * line.size)
            x, y = left + line.x * point, top - (line.y + 0.88 * line.size) * point
            out.append(
                f"/F {line.size * point:.3f} Tf {stretch:.2f} Tz 1 0 0 1 {x:.3f} {y:.3f} Tm <{words.hex().upper()}> Tj"
            )
    return "\n".join([*out, "ET"]).encode("ascii")


def _to_unicode(used: set[str]) -> bytes:
    """Each code is its own UTF-16 unit. `used`: characters."""
    words = "".join(used).encode("utf-16-be")
    codes = sorted({words[i : i + 2].hex().upper() for i in range(0, len(words), 2)})
    blocks = []
    for i in range(0, len(codes), 100):
        some = codes[i : i + 100]
        blocks.append(f"{len(some)} beginbfchar\n" + "\n".join(f"<{c}> <{c}>" for c in some) + "\nendbfchar")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) "
        "/Supplement 0 >> def\n/CMapName /Words def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + "\n".join(blocks) + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    ).encode("ascii")  # fmt: skip


def _stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<< " + about + f" /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    at = []
    for n, body in enumerate(objects, 1):
        at.append(len(out))
        out += f"{n} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in at)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)

"""A label in the printer's own words: ZPL II or TSPL.

Text, marks and matrices travel as dots, so data cannot become a command; of the data only barcodes reach the printer as
characters, and those are escaped. Source: Zebra ZPL II guide P1099958: ^GF with :Z64:, ^BC and its invocation codes, ^BX, ^FH;
TSC TSPL/TSPL2 programming manual: SIZE, GAP, BITMAP (a 0 bit is black), BAR, PRINT. Read alike by the renderers tried:
docs/protocols/printer.md.
"""

import base64
import binascii
import zlib

from PIL import Image, ImageChops

from wms.foundation.labels.rules.gs1 import FNC1
from wms.foundation.labels.rules.layout import Bars, Block, Cells, Ink, Label, Mark, Media, bitmap, cells, paint, place
from wms.foundation.labels.rules.symbols import Code128

_TO_B, _FNC1, _START_C = 100, 102, 105
_INVOKE = {104: ">:", _START_C: ">;", _TO_B: ">6", _FNC1: ">8"}
"""Symbol character to ZPL's invocation code."""


def escape(text: str) -> str:
    """The content of a ^FD field behind ^FH_: everything that ZPL could take for a command in hexadecimal."""
    return "".join(
        c if " " <= c <= "~" and c not in "^~_\\" else "".join(f"_{b:02X}" for b in c.encode()) for c in text
    )


def _invocations(symbol: Code128) -> str:
    """The data of ^BC with each subset named, so that every reader encodes the same symbol characters."""
    out, in_c = [], symbol.values[0] == _START_C
    for at, value in enumerate(symbol.values):
        if at == 0 or value == _FNC1 or (in_c and value == _TO_B):
            out.append(_INVOKE[value])
            in_c = in_c and value != _TO_B
        elif in_c:
            out.append(f"{value:02d}")
        else:
            out.append({">": ">0", "~": ">="}.get(char := chr(value + 32), char))
    return "".join(out)


def zpl(label: Label, media: Media) -> str:
    """One ^XA...^XZ format. Errors: CannotDraw, DoesNotFit."""
    width, height = media.size_px
    if label.sideways:
        marks: list[Mark] = [_whole(bitmap(label, media))]
    else:
        marks = _flat(place(label.elements, media), media)
    note = "".join(c for c in label.note if c.isascii() and (c.isalnum() or c in "-. "))
    told = f"^FX{note}^FS" if note else ""
    return f"^XA{told}^CI28^LH0,0^PW{width}^LL{height}{''.join(map(_zpl, marks))}^XZ"


def _zpl(mark: Mark) -> str:
    match mark:
        case Ink(x, y, image):
            return f"^FO{x},{y}{graphic_field(image)}^FS"
        case Block(x, y, width, height):
            return f"^FO{x},{y}^GB{width},{height},{min(width, height)}^FS"
        case Bars(x, y, height, module, symbol):
            data = _invocations(symbol)
            plain = escape(data)
            hexed = "" if plain == data else "^FH_"
            return f"^FO{x},{y}^BY{module}^BCN,{height},N,N,N{hexed}^FD{plain}^FS"
        case Cells(x, y, module, symbol):
            data = symbol.text
            if not data.isascii() or set(data) & set("^~_\\"):  # _ escapes in ^BX: drawn instead
                return f"^FO{x},{y}{graphic_field(cells(symbol, module))}^FS"
            return f"^FO{x},{y}^BXN,{module},200,,,,_^FD{data.replace(FNC1, '_1')}^FS"


def graphic_field(image: Image.Image) -> str:
    """A ^GF field of dots (dark = 1), compressed; the CRC lets the printer find a damaged one."""
    row, raw = (image.width + 7) // 8, image.tobytes()
    packed = base64.b64encode(zlib.compress(raw, 9))
    return f"^GFA,{len(raw)},{len(raw)},{row},:Z64:{packed.decode()}:{binascii.crc_hqx(packed, 0):04X}"


def tspl(label: Label, media: Media) -> bytes:
    """One job from SIZE to PRINT 1,1: dots and bars only, which every clone prints alike. Errors: CannotDraw, DoesNotFit."""
    if label.sideways:
        marks: list[Mark] = [_whole(bitmap(label, media))]
    else:
        marks = _flat(place(label.elements, media), media)
    head = (
        f"SIZE {media.width_mm:g} mm,{media.height_mm:g} mm\r\nGAP {media.gap_mm:g} mm,0 mm\r\nDIRECTION 1\r\nCLS\r\n"
    )
    return head.encode() + b"".join(map(_tspl, marks)) + b"PRINT 1,1\r\n"


def _tspl(mark: Mark) -> bytes:
    match mark:
        case Ink(x, y, image):
            row, white = (image.width + 7) // 8, bytes(255 - b for b in image.tobytes())
            return f"BITMAP {x},{y},{row},{image.height},1,".encode() + white + b"\r\n"
        case Block(x, y, width, height):
            return f"BAR {x},{y},{width},{height}\r\n".encode()
        case Bars(x, y, height, module, symbol):
            out = []
            for i, wide in enumerate(symbol.widths()):
                if i % 2 == 0:
                    out.append(f"BAR {x},{y},{wide * module},{height}\r\n".encode())
                x += wide * module
            return b"".join(out)
        case Cells(x, y, module, symbol):
            return _tspl(Ink(x, y, cells(symbol, module)))


def picture(image: Image.Image, media: Media, language: str) -> str | bytes:
    """A finished page (1 bit, 0 = black) as one job. `language`: zpl or tspl."""
    mark = _whole(image)
    width, height = media.size_px
    if language == "zpl":
        return f"^XA^LH0,0^PW{width}^LL{height}{_zpl(mark)}^XZ"
    head = (
        f"SIZE {media.width_mm:g} mm,{media.height_mm:g} mm\r\nGAP {media.gap_mm:g} mm,0 mm\r\nDIRECTION 1\r\nCLS\r\n"
    )
    return head.encode() + _tspl(mark) + b"PRINT 1,1\r\n"


def _whole(page: Image.Image) -> Ink:
    dark = ImageChops.invert(page)
    box = dark.getbbox() or (0, 0, 8, 8)
    return Ink(box[0], box[1], dark.crop(box))


def _flat(marks: list[Mark], media: Media) -> list[Mark]:
    """Without white ink, which a printer's OR cannot lay down: what lies under it is cut out instead."""
    if not any(isinstance(m, Ink) and m.white for m in marks):
        return marks
    page = Image.new("1", media.size_px, 255)
    under = [m for m in marks if isinstance(m, Block) and any(_covers(m, i) for i in marks)]
    whites = [m for m in marks if isinstance(m, Ink) and m.white]
    paint(page, [*under, *whites], 0)
    return [*(m for m in marks if m not in under and m not in whites), _whole(page)]


def _covers(block: Block, mark: Mark) -> bool:
    return (
        isinstance(mark, Ink)
        and mark.white
        and block.x <= mark.x
        and block.y <= mark.y
        and block.x + block.width >= mark.x + mark.image.width
        and block.y + block.height >= mark.y + mark.image.height
    )

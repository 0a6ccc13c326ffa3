"""What a ZPL format puts on paper, as dots: enough of the language for the labels that carriers send, and nothing by guess.

Drawn to prove a label before it is released: every barcode is made with the printer's own module widths and read back from the
dots. Text is drawn in our fonts at the printer's size. A barcode or graphic that cannot be drawn here is refused by name.
Source: Zebra, ZPL II Programming Guide (P1099958), the commands named at each branch; Code 128 invocation codes from its ^BC table.
"""

import base64
import binascii
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageChops, ImageDraw

from wms.foundation.labels.rules import fonts, layout, symbols
from wms.foundation.labels.rules.gs1 import FNC1
from wms.foundation.labels.rules.refusals import CannotEncode, CarrierUnreadable

ROTATED = {"N": 0, "R": 270, "I": 180, "B": 90}
"""Field orientation to PIL's counter-clockwise turn."""
LINEAR = {"3": "Code39", "2": "ITF", "A": "Code93", "E": "EAN13", "U": "UPCA", "8": "EAN8"}
SQUARE = {"Q": "QRCode", "0": "Aztec", "O": "Aztec"}
REPEAT = {c: i for i, c in enumerate("GHIJKLMNOPQRSTUVWXY", 1)} | {
    c: 20 * i for i, c in enumerate("ghijklmnopqrstuvwxyz", 1)
}
"""Run lengths of compressed graphics (^GF, "Alternative data compression scheme")."""
SUBSET_B, SUBSET_C = 104, 105
LONGEST_DATA, LONGEST_IN_ALL = 3_072, 10_000
"""Characters of one field (^FD), and of all."""
FIELDS_MAX = 2_000
DOTS_MAX, DOTS_IN_ALL = 16_000_000, 400_000_000
"""Of one field, and of all: a 4 x 6 inch label has one million. More is an attack on memory or time, and no label."""
SIDE_MAX, BLOCK_MAX = 32_000, 4_000
"""The largest measure that the language knows; of a block of text."""
LEAST_MAXICODE = 2
"""MaxiCode has one size; it is fine enough for every head."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A barcode that the format asks for: its text (FNC1 as U+001D), and its narrowest element in dots."""

    text: str
    module_dots: int


@dataclass(frozen=True, slots=True)
class Drawn:
    page: Image.Image
    """8 bit, 0 = black."""
    symbols: tuple[Symbol, ...]


@dataclass(slots=True)
class _State:
    """What stays from one field to the next (`home`, `font`, `bar_*`, `turn`) and what the next ^FS uses up."""

    home: tuple[int, int] = (0, 0)
    font: tuple[int, int] = (9, 0)
    module: int = 2
    ratio: float = 3.0
    height: int = 10
    turn: str = "N"
    at: tuple[int, int] = (0, 0)
    typeset: bool = False
    barcode: tuple[str, list[str]] | None = None
    hex_mark: str = ""
    reverse: bool = False
    block: tuple[int, int, str] | None = None
    field_turn: str = ""
    field_font: tuple[int, int] | None = None
    found: list[Symbol] = field(default_factory=list)
    fields: int = 0
    letters: int = 0
    dots: int = 0

    def room(self, wide: int, high: int) -> tuple[int, int]:
        """The size of ink about to be made, counted. Errors: CarrierUnreadable."""
        wide, high = max(wide, 1), max(high, 1)
        self.dots += wide * high
        if max(wide, high) > SIDE_MAX or wide * high > DOTS_MAX or self.dots > DOTS_IN_ALL:
            raise CarrierUnreadable(reason=f"a field of {wide} × {high} dots")
        return wide, high


def draw(text: str, size_px: tuple[int, int]) -> Drawn:
    """Draw one ^XA...^XZ format. Errors: CarrierUnreadable naming what cannot be drawn."""
    page, state = Image.new("L", size_px, 255), _State()
    data = ""
    for name, rest in commands(text):
        if name in ("FD", "FV"):
            state.letters += len(rest)
            if len(rest) > LONGEST_DATA or state.letters > LONGEST_IN_ALL:
                raise CarrierUnreadable(reason=f"text of {state.letters} characters")
            data = rest
        elif name == "FS":
            state.fields += 1
            if state.fields > FIELDS_MAX:
                raise CarrierUnreadable(reason=f"more than {FIELDS_MAX} fields")
            if data:
                _field(page, state, _unhex(data, state.hex_mark))
            data = ""
            state.barcode, state.hex_mark, state.reverse, state.block = None, "", False, None
            state.field_turn, state.field_font, state.typeset = "", None, False
        else:
            _set(page, state, name, rest)
    return Drawn(page, tuple(state.found))


def commands(text: str) -> Iterator[tuple[str, str]]:
    """(name, parameters) of each ^command; a font's letter belongs to ^A's name."""
    for part in text.split("^")[1:]:
        yield part[:2].upper(), part[2:].strip("\r\n") if part[:2].upper() not in ("FD", "FV") else part[2:]


def _set(page: Image.Image, s: _State, name: str, rest: str) -> None:
    p = rest.split(",")
    if name == "LH":
        s.home = (_int(p, 0), _int(p, 1))
    elif name in ("FO", "FT"):
        s.at, s.typeset = (s.home[0] + _int(p, 0), s.home[1] + _int(p, 1)), name == "FT"
    elif name == "CF":
        s.font = (_int(p, 1, s.font[0]), _int(p, 2))
    elif name[0] == "A":
        s.field_turn = p[0][:1] or s.turn
        s.field_font = (_int(p, 1, s.font[0]), _int(p, 2))
    elif name == "FW":
        s.turn = p[0][:1] or "N"
    elif name == "BY":
        s.module, s.height = _int(p, 0, s.module), _int(p, 2, s.height)
        s.ratio = float(p[1]) if len(p) > 1 and re.fullmatch(r"2(\.\d)?|3(\.0)?", p[1], re.ASCII) else s.ratio
    elif name == "FH":
        s.hex_mark = rest[:1] or "_"
    elif name == "FR":
        s.reverse = True
    elif name in ("FB", "TB"):
        s.block = (
            (_int(p, 0), _int(p, 1, 1), p[3][:1] if len(p) > 3 and p[3] else "L")
            if name == "FB"
            else (_int(p, 1), 99, "L")
        )
    elif name[0] == "G" and name != "GS":
        _graphic(page, s, name, rest)
    elif name[0] == "B":
        s.barcode = (name[1], p)


def _int(parts: list[str], i: int, default: int = 0) -> int:
    found = re.match(r"\s*(\d{1,9})", parts[i], re.ASCII) if len(parts) > i else None
    return int(found[1]) if found else default


def _unhex(data: str, mark: str) -> str:
    """^FH: bytes written as `_5E`, UTF-8 (^CI28)."""
    if not mark:
        return data
    raw = re.sub(
        re.escape(mark).encode() + rb"([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data.encode("utf-8")
    )
    return raw.decode("utf-8", "replace")


def _graphic(page: Image.Image, s: _State, name: str, rest: str) -> None:
    """^GB box, ^GC circle, ^GE ellipse, ^GD diagonal, ^GF bitmap."""
    if name == "GF":
        _paste(page, s, _bitmap(s, rest))
        return
    p = rest.split(",")
    if name == "GC":
        wide = high = max(_int(p, 0, 3), 3)
        thick, white = max(_int(p, 1, 1), 1), p[2:3] == ["W"]
    else:
        thick = max(_int(p, 2, 1), 1)
        wide, high, white = max(_int(p, 0, thick), thick), max(_int(p, 1, thick), thick), p[3:4] == ["W"]
    ink = Image.new("L", s.room(wide, high), 0)
    pen = ImageDraw.Draw(ink)
    if name == "GB":
        pen.rectangle((0, 0, wide - 1, high - 1), fill=255)
        if wide > 2 * thick and high > 2 * thick:
            pen.rectangle((thick, thick, wide - 1 - thick, high - 1 - thick), fill=0)
    elif name == "GD":
        ends = (0, high - 1, wide - 1, 0) if p[4:5] != ["L"] else (0, 0, wide - 1, high - 1)
        pen.line(ends, fill=255, width=thick)
    else:
        pen.ellipse((0, 0, wide - 1, high - 1), outline=255, width=thick)
    _paste(page, s, ink, white=white)


def _paste(page: Image.Image, s: _State, ink: Image.Image, *, white: bool = False) -> None:
    """Put ink (255 = ink) down at the field's corner; ^FT gives the lower left, ^FR turns what lies under it."""
    x, y = s.at
    at = (x, y - ink.height) if s.typeset else (x, y)
    if s.reverse:
        under = Image.new("L", page.size, 0)
        under.paste(ink, at)
        page.paste(ImageChops.difference(page, under))
    else:
        page.paste(255 if white else 0, at, ink)


def _bitmap(s: _State, rest: str) -> Image.Image:
    """^GFA: hexadecimal, compressed by repeats, or :Z64:/:B64:."""
    p = rest.split(",", 4)
    if len(p) < 5 or p[0] != "A":
        raise CarrierUnreadable(reason="a graphic (^GF) that is not written as text")
    total, row = _int(p, 2), _int(p, 3)
    if not 0 < row <= total:
        raise CarrierUnreadable(reason="a graphic (^GF) of no size")
    size = s.room(row * 8, total // row)
    total = row * size[1]
    body = p[4].strip()
    try:
        raw = _coded(body, total) if body.startswith(":") else _repeated(body, row, size[1])
    except (ValueError, binascii.Error, zlib.error) as error:
        raise CarrierUnreadable(reason=f"a graphic (^GF): {error}") from None
    raw = raw[:total].ljust(total, b"\0")
    return Image.frombytes("1", size, raw).convert("L")


def _coded(body: str, total: int) -> bytes:
    kind, data = body[1:4], body[5:].rsplit(":", 1)[0]
    raw = base64.b64decode(data, validate=True)
    if kind == "Z64":
        return zlib.decompressobj().decompress(raw, total)
    if kind == "B64":
        return raw
    raise ValueError(f"encoding {kind}")


def _repeated(body: str, row: int, rows_max: int) -> bytes:
    """G..Y repeat the next digit 1..19 times, g..z 20..400; `,` fills the row with 0, `!` with 1, `:` repeats the row before."""
    rows: list[str] = []
    line, count = "", 0
    for char in re.sub(r"\s", "", body):
        if len(rows) >= rows_max:
            break
        if char in REPEAT:
            count = min(count + REPEAT[char], 2 * row * rows_max)
        elif char in "0123456789ABCDEFabcdef":
            line, count = line + char * max(count, 1), 0
        elif char in ",!":
            line, count = line.ljust(2 * row, "0" if char == "," else "F"), 0
        elif char == ":":
            line = rows[-1] if rows else "0" * 2 * row
        else:
            raise ValueError(f"the character {char!r}")
        full = len(line) - len(line) % (2 * row)
        rows += [line[i : i + 2 * row] for i in range(0, full, 2 * row)]
        line = line[full:]
    return bytes.fromhex("".join(rows) + (line.ljust(2 * row, "0") if line else ""))


def _field(page: Image.Image, s: _State, data: str) -> None:
    if s.barcode is None:
        _text(page, s, data)
        return
    kind, p = s.barcode
    turn = (p[0][:1] if p else "") or s.turn
    try:
        ink, symbol = _code128(s, p, data) if kind == "C" else _other(s, kind, p, data)
    except (CannotEncode, ValueError) as error:
        raise CarrierUnreadable(reason=f"the barcode ^B{kind}: {error}") from None
    s.found.append(symbol)
    _paste(page, s, ink.rotate(ROTATED.get(turn, 0), expand=True))


def _text(page: Image.Image, s: _State, data: str) -> None:
    high, _wide = s.field_font or s.font
    size = max(8, min(high or 9, 1_000))
    lines = data.replace("\\&", "\n").split("\n")
    if s.block and s.block[0]:
        if s.block[0] > BLOCK_MAX:
            raise CarrierUnreadable(reason=f"a block of text {s.block[0]} dots wide")
        parts = (part for line in lines for part in fonts.wrap(line, size, s.block[0]))
        lines = list(itertools.islice(parts, s.block[1]))
    lines = [fonts.clean(line) or " " for line in lines] or [" "]
    for line in lines:
        s.room(size * len(line), size)
    drawn = [fonts.draw(line, size).convert("L") for line in lines]
    width = max([s.block[0] if s.block else 0, *(d.width for d in drawn)])
    ink = Image.new("L", s.room(width, size * len(drawn)), 0)
    for i, d in enumerate(drawn):
        free = width - d.width
        left = {"C": free // 2, "R": free}.get(s.block[2] if s.block else "L", 0)
        ink.paste(d, (left, i * size), d)
    _paste(page, s, ink.rotate(ROTATED.get(s.field_turn or s.turn, 0), expand=True))


def _code128(s: _State, p: list[str], data: str) -> tuple[Image.Image, Symbol]:
    """^BC: orientation, height, text line, above, check digit, mode."""
    mode = p[5][:1] if len(p) > 5 and p[5] else "N"
    if mode in ("D", "U"):
        symbol = symbols.code128(FNC1 + re.sub(r"[^0-9A-Za-z]", "", data))
    elif mode == "A":
        symbol = symbols.code128(data)
    else:
        symbol = invoked(data)
    height = max(_int(p, 1, s.height), 1)
    ink = Image.new("L", s.room(symbol.modules * s.module, height), 0)
    pen, x = ImageDraw.Draw(ink), 0
    for i, width in enumerate(symbol.widths()):
        if i % 2 == 0:
            pen.rectangle((x, 0, x + width * s.module - 1, height - 1), fill=255)
        x += width * s.module
    return ink, Symbol(symbol.text, s.module)


def invoked(data: str) -> symbols.Code128:
    """Code 128 as mode N makes it: subset B until `>;`, `>5`, `>6` or `>:` change it; `>8` is FNC1, `>0` the character >."""
    subset, values, told, i = SUBSET_B, [SUBSET_B], "", 0
    while i < len(data):
        code = data[i : i + 2] if data[i] == ">" else ""
        if code in (">;", ">5") or code in (">:", ">6"):
            wanted = SUBSET_C if code in (">;", ">5") else SUBSET_B
            if len(values) == 1:
                values[0] = wanted
            elif wanted != subset:
                values.append(99 if wanted == SUBSET_C else 100)
            subset, i = wanted, i + 2
        elif code == ">8":
            values.append(102)
            told, i = told + FNC1, i + 2
        elif code == ">0" or not code:
            char = ">" if code else data[i]
            if subset == SUBSET_C and not code:
                pair = data[i : i + 2]
                if not re.fullmatch(r"\d\d", pair):
                    raise ValueError(f"{pair!r} in subset C")
                values.append(int(pair))
                told, i = told + pair, i + 2
                continue
            if not " " <= char <= "~":
                raise ValueError(f"the character U+{ord(char):04X}")
            values.append(ord(char) - 32)
            told, i = told + char, i + len(code or " ")
        else:
            raise ValueError(f"the invocation code {code}")
    if not 1 < len(values) <= 2 * symbols.LONGEST:
        raise ValueError(f"{len(told)} characters")
    return symbols.Code128(tuple(values), told)


def _other(s: _State, kind: str, p: list[str], data: str) -> tuple[Image.Image, Symbol]:
    """Symbols that a library encodes; module widths are the format's own."""
    import zxingcpp

    size, level = s.module, ""
    if kind in LINEAR:
        name = LINEAR[kind]
    elif kind == "X":
        size = max(_int(p, 1, 2), 1)
        data = data.replace("_1", FNC1) if p[6:7] == ["_"] else data
        cells = symbols.data_matrix(data)
        s.room(size * cells.modules, size * cells.modules)
        return layout.cells(cells, size).convert("L"), Symbol(data, size)
    elif kind in SQUARE:
        name, size = SQUARE[kind], max(_int(p, 2 if kind == "Q" else 1, 2), 1)
        if kind == "Q" and (asked := re.match(r"([HQML])[AM],", data)):
            level, data = asked[1], data[3:]
            s.at = (
                s.at[0],
                s.at[1] + (0 if s.typeset else s.height),
            )  # the printer leaves the default bar height free above it
    elif kind == "7":
        name = "PDF417"
    elif kind == "D":
        name, size = "MaxiCode", 1
    else:
        raise ValueError("this kind is not drawn here")
    options = {"ec_level": level} if level else {}
    made: Any = zxingcpp.create_barcode(data, getattr(zxingcpp.BarcodeFormat, name), **options)
    grey = Image.fromarray(_array(made)).point(lambda v: 255 - v)
    if kind in "23":
        grey = _widened(grey, s.ratio)
    if kind in LINEAR:
        high = max(_int(p, 1, s.height), 10)
    elif kind == "7":  # three dots of the library are one row; ^B7 tells a row's height
        high = grey.height // 3 * max(_int(p, 1, 3 * size), 1)
    else:
        high = grey.height * size
    width = grey.width * size if kind not in "23" else round(grey.width * size / 10)
    ink = grey.resize(s.room(width, high), Image.Resampling.NEAREST)
    return ink, Symbol(made.text, size if kind != "D" else LEAST_MAXICODE)


def _widened(grey: Image.Image, ratio: float) -> Image.Image:
    """Two-width symbols as ^BY asks: the library's wide elements are two narrow ones. One row, ten dots a module."""
    row = [grey.getpixel((x, 0)) for x in range(grey.width)]
    wide, dots = round(10 * ratio), list[int]()
    for ink, run in itertools.groupby(row):
        dots += [int(ink)] * (10 if len(list(run)) == 1 else wide)  # type: ignore[arg-type]
    out = Image.new("L", (len(dots), 1))
    out.putdata(dots)
    return out


def _array(made: Any) -> Any:
    import numpy as np

    return np.array(made.to_image(scale=1, add_hrt=False, add_quiet_zones=False))

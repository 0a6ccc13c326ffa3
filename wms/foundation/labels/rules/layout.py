"""A label described in millimetres, and the same label in dots: what ZPL, TSPL and the preview are all made from.

Lengths are millimetres from the upper left corner unless a name ends in `_px` (dots of the printer). Source of the barcode
sizes: GS1 General Specifications 5.12 (module width X 0.495 mm or more and 31.75 mm high for logistic labels, quiet zone 10 X).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageDraw

from wms.foundation.labels.rules import fonts
from wms.foundation.labels.rules.refusals import DoesNotFit
from wms.foundation.labels.rules.symbols import Code128, DataMatrix

QUIET = 10
"""Modules left free on both sides of a Code 128."""
Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Media:
    """What is loaded: label size, gap, resolution and kind of stock."""

    width_mm: float = 101.6
    height_mm: float = 152.4
    dpi: int = 203
    gap_mm: float = 3.0
    stock: str = "label"
    """label, tag, lithium (red hatched border preprinted) or a4."""

    def px(self, length_mm: float) -> int:
        """Dots of a length; printers sold as 203 dpi have 8 dots per mm, as 300 dpi 11.81."""
        return round(length_mm * self.dots_mm)

    @property
    def size_px(self) -> tuple[int, int]:
        return int(self.width_mm * self.dots_mm), int(self.height_mm * self.dots_mm)

    @property
    def dots_mm(self) -> float:
        return 8.0 if self.dpi == 203 else self.dpi / 25.4

    @property
    def dpi_exact(self) -> float:
        return self.dots_mm * 25.4


@dataclass(frozen=True, slots=True)
class Text:
    """Text in a box; shrunk, then broken into lines, then shortened by an ellipsis or refused."""

    x: float
    y: float
    text: str
    size: float
    """Height of the font (em); capitals are 0.71 of it."""
    width: float
    lines: int = 1
    bold: bool = False
    align: Align = "left"
    smallest: float = 0.0
    """Size that it may shrink to; 0: two thirds."""
    shorten: bool = True
    """Whether an ellipsis may replace what does not fit; else it is refused."""
    white: bool = False
    """White on the black area below it."""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled black rectangle; thin ones are rules."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The outline of a rectangle."""

    x: float
    y: float
    width: float
    height: float
    line: float = 0.3


@dataclass(frozen=True, slots=True)
class Linear:
    """A Code 128 in a box: the widest whole module that fits with its quiet zones, at most `module`."""

    x: float
    y: float
    width: float
    height: float
    symbol: Code128
    module: float = 0.5
    smallest: float = 0.24


@dataclass(frozen=True, slots=True)
class Matrix:
    """A Data Matrix, square, of `size` at most."""

    x: float
    y: float
    size: float
    symbol: DataMatrix
    smallest: float = 0.24


@dataclass(frozen=True, slots=True)
class Shape:
    """Polygons in order, black (True) or white; points in millimetres."""

    polygons: Sequence[tuple[bool, Sequence[tuple[float, float]]]]


Element = Text | Area | Frame | Linear | Matrix | Shape


@dataclass(frozen=True, slots=True)
class Label:
    width: float
    height: float
    elements: list[Element]
    stock: str = "label"
    """Media that it needs."""
    preprinted: list[Element] = field(default_factory=list)
    """Already on the stock: shown by the preview, never printed."""
    sideways: bool = False
    """Described in landscape, printed turned clockwise onto the portrait media."""
    serial: str = ""
    """The SSCC or other number that must exist on one piece of paper only."""
    note: str = ""
    """For the machine that puts the label on: a comment in the printer's language, never drawn."""


@dataclass(frozen=True, slots=True)
class Ink:
    """Dots at a place; dark = 1."""

    x: int
    y: int
    image: Image.Image
    white: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A filled rectangle."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A Code 128: `x` of its first bar, quiet zone not included."""

    x: int
    y: int
    height: int
    module: int
    symbol: Code128


@dataclass(frozen=True, slots=True)
class Cells:
    """A Data Matrix: `x`, `y` of its corner, quiet zone not included."""

    x: int
    y: int
    module: int
    symbol: DataMatrix


Mark = Ink | Block | Bars | Cells


def place(elements: Sequence[Element], media: Media) -> list[Mark]:
    """Every element in dots of the printer. Errors: CannotDraw, DoesNotFit."""
    return [mark for element in elements for mark in _place(element, media)]


def _place(element: Element, media: Media) -> Sequence[Mark]:
    px = media.px
    match element:
        case Text():
            return _text(element, media)
        case Area(x, y, width, height):
            return [Block(px(x), px(y), max(1, px(width)), max(1, px(height)))]
        case Frame(x, y, width, height, line):
            left, top, right, bottom, thick = px(x), px(y), px(x + width), px(y + height), max(1, px(line))
            return [
                Block(left, top, right - left, thick),
                Block(left, bottom - thick, right - left, thick),
                Block(left, top, thick, bottom - top),
                Block(right - thick, top, thick, bottom - top),
            ]
        case Linear():
            wide = element.symbol.modules + 2 * QUIET
            module = min(px(element.width) // wide, px(element.module))
            if module < math.ceil(element.smallest * media.dots_mm):
                raise DoesNotFit(field=element.symbol.text, width_mm=round(element.width))
            x = px(element.x) + (px(element.width) - module * element.symbol.modules) // 2
            return [Bars(x, px(element.y), px(element.height), module, element.symbol)]
        case Matrix():
            side = element.symbol.modules + 2
            module = px(element.size) // side
            if module < math.ceil(element.smallest * media.dots_mm):
                raise DoesNotFit(field=element.symbol.text, width_mm=round(element.size))
            return [Cells(px(element.x) + module, px(element.y) + module, module, element.symbol)]
        case Shape():
            return _shape(element, media)


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a text as it stands: upper left corner, size and advance in dots."""

    x: int
    y: int
    size: int
    width: int
    text: str


@lru_cache(1024)
def written(element: Text, media: Media) -> tuple[Written, ...]:
    """The lines of a text and where they stand. Errors: CannotDraw, DoesNotFit."""
    line = fonts.clean(element.text).strip()
    if not line:
        return ()
    width = media.px(element.width)
    size, lines = _fit(element, line, width, media)
    found = []
    for i, text in enumerate(lines):
        advance = fonts.width_px(text, size, element.bold)
        left = {"left": 0, "center": (width - advance) // 2, "right": width - advance}[element.align]
        found.append(
            Written(media.px(element.x) + left, media.px(element.y) + round(i * 1.25 * size), size, advance, text)
        )
    return tuple(found)


@lru_cache(1024)
def _text(element: Text, media: Media) -> tuple[Ink, ...]:
    """Kept, as `written` is: the heads of a list are the same on each of its pages."""
    found = []
    for line in written(element, media):
        image = fonts.draw(line.text, line.size, element.bold)
        if (box := image.getbbox()) is not None:
            found.append(Ink(line.x + box[0], line.y + box[1], image.crop(box), element.white))
    return tuple(found)


def flow(text: Text, media: Media) -> float:
    """Height that the text will take, to set the next below it. Errors: CannotDraw, DoesNotFit."""
    line = fonts.clean(text.text).strip()
    if not line:
        return 0.0
    size, lines = _fit(text, line, media.px(text.width), media)
    return len(lines) * 1.25 * size / media.dots_mm


def breadth(text: Text, media: Media) -> float:
    """Width of a text of one line. Errors: CannotDraw, DoesNotFit."""
    line = fonts.clean(text.text).strip()
    size, lines = _fit(text, line, media.px(text.width), media)
    return fonts.width_px(lines[0], size, text.bold) / media.dots_mm


def _fit(element: Text, line: str, width: int, media: Media) -> tuple[int, list[str]]:
    """Size in dots and the lines. Errors: DoesNotFit, CannotDraw."""
    first, last = media.px(element.size), max(8, media.px(element.smallest or element.size * 2 / 3))
    for size in range(max(first, last), last - 1, -1):
        lines = list(fonts.wrap(line, size, width, element.bold))
        if len(lines) <= element.lines:
            return size, lines
    if not element.shorten:
        raise DoesNotFit(field=line[:60], width_mm=round(element.width))
    kept, rest = lines[: element.lines], lines[element.lines - 1]
    while rest and fonts.width_px(rest + "…", last, element.bold) > width:
        rest = rest[:-1]
    return last, [*kept[:-1], rest.rstrip() + "…"]


def _shape(element: Shape, media: Media) -> list[Mark]:
    points = [point for _, polygon in element.polygons for point in polygon]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    size = (media.px(max(x for x, _ in points) - left) + 1, media.px(max(y for _, y in points) - top) + 1)
    image = Image.new("1", size, 0)
    pen = ImageDraw.Draw(image)
    for black, polygon in element.polygons:
        pen.polygon([(media.px(x - left), media.px(y - top)) for x, y in polygon], fill=int(black))
    return [Ink(media.px(left), media.px(top), image)]


def cells(symbol: DataMatrix, module: int) -> Image.Image:
    """A Data Matrix in dots, dark = 1."""
    flat = Image.new("1", (symbol.modules, symbol.modules))
    flat.putdata([int(dark) for row in symbol.rows for dark in row])
    return flat.resize((symbol.modules * module,) * 2, Image.Resampling.NEAREST)


def paint(image: Image.Image, marks: Sequence[Mark], colour: object) -> None:
    """Draw marks onto an image of any mode."""
    pen = ImageDraw.Draw(image)
    blank = 255 if image.mode in ("1", "L") else (255, 255, 255)
    for mark in marks:
        match mark:
            case Ink(x, y, ink, white):
                pen.bitmap((x, y), ink, fill=blank if white else colour)  # type: ignore[arg-type]
            case Block(x, y, width, height):
                pen.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)  # type: ignore[arg-type]
            case Bars(x, y, height, module, symbol):
                for i, wide in enumerate(symbol.widths()):
                    if i % 2 == 0:
                        pen.rectangle((x, y, x + wide * module - 1, y + height - 1), fill=colour)  # type: ignore[arg-type]
                    x += wide * module
            case Cells(x, y, module, symbol):
                pen.bitmap((x, y), cells(symbol, module), fill=colour)  # type: ignore[arg-type]


def read(label: Label, media: Media, mode: str = "1") -> Image.Image:
    """The whole label as it is read, in an image of mode 1 or L, 0 = black. Errors: CannotDraw, DoesNotFit."""
    image = Image.new(mode, media.size_px[::-1] if label.sideways else media.size_px, 255)
    paint(image, place(label.elements, media), 0)
    return image


def bitmap(label: Label, media: Media) -> Image.Image:
    """The whole label as it prints, 1 bit, 0 = black, in the media's orientation. Errors: CannotDraw, DoesNotFit."""
    image = read(label, media)
    return image.transpose(Image.Transpose.ROTATE_270) if label.sideways else image


def preview(label: Label, media: Media) -> Image.Image:
    """As `bitmap`, in the orientation it is read, with what is preprinted in red."""
    size = media.size_px[::-1] if label.sideways else media.size_px
    image = Image.new("RGB", size, (255, 255, 255))
    paint(image, place(label.preprinted, media), (208, 32, 32))
    paint(image, place(label.elements, media), (0, 0, 0))
    return image

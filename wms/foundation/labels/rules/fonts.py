"""Text -> dots. Any Unicode that one of the fonts draws; anything else is refused by its name.

All text is drawn here and sent as dots, never by a printer's resident font: the preview, a ZPL and a TSPL printer show the
same, Chinese needs nothing in the printer, and no name can become a command.

Fonts: Noto Sans and Noto Sans CJK (SIL OFL 1.1) from the wheels manimgx-fonts and manimgx-fonts-cjk, then the system's own
Noto, DejaVu and Liberation. Layout by Raqm (Pillow's wheel has it), which scripts such as Arabic or Thai need.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from wms.foundation.labels.rules.refusals import CannotDraw

WHEELS = ("manimgx_fonts", "manimgx_fonts_cjk")
SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"), Path("C:/Windows/Fonts"))
FAMILIES = (
    "NotoSans[",
    "NotoSans-Regular",
    "DejaVuSans.",
    "LiberationSans-Regular",
    "NotoSansCJK-VF",
    "NotoSansCJK",
    "NotoSans",
)
"""Order of preference, by the beginning of the file's name; among equals, by name."""
SKIPPED = ("Italic", "Mono", "Serif", "Emoji", "Display", "UI-", "Black", "Thin", "Light", "Bold", "Condensed")
REGULAR, BOLD = 500, 750
"""Weights on the axis of a variable font: thermal heads thin out small strokes."""
SIMPLIFIED = 2
"""Face of the CJK collection whose shapes are those of mainland China."""


@dataclass(frozen=True, slots=True)
class Face:
    path: str
    index: int
    variable: bool


@lru_cache(1)
def faces() -> tuple[Face, ...]:
    """Every usable font file of this machine, the preferred first."""
    places = [Path(spec.origin).parent for name in WHEELS if (spec := find_spec(name)) is not None and spec.origin]
    files = [f for place in (*places, *SYSTEM) if place.is_dir() for f in sorted(place.rglob("*.[to]t[fc]"))]
    best: dict[str, Path] = {}
    for file in files:
        if file.name.startswith(FAMILIES) and not any(word in file.name for word in SKIPPED):
            best.setdefault(file.name, file)
    ranked = sorted(
        best.values(), key=lambda f: (next(i for i, x in enumerate(FAMILIES) if f.name.startswith(x)), f.name)
    )
    return tuple(map(_face, ranked))


def _face(file: Path) -> Face:
    index = SIMPLIFIED if file.suffix == ".ttc" else 0
    try:
        ImageFont.truetype(str(file), 16, index=index).get_variation_axes()
    except OSError:
        return Face(str(file), index, False)
    return Face(str(file), index, True)


@lru_cache(256)
def _font(face: Face, size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(face.path, size_px, index=face.index)
    if face.variable:
        axes = font.get_variation_axes()
        font.set_variation_by_axes(
            [(BOLD if bold else REGULAR) if _is_weight(axis) else axis["default"] or 0 for axis in axes]
        )
    return font


def _is_weight(axis: object) -> bool:
    return isinstance(axis, dict) and axis["name"] in (b"Weight", "Weight")


@lru_cache(65536)
def _draws(face: Face, char: str) -> bool:
    """Whether the face has a glyph: one that differs from what it shows for a character that does not exist."""
    font = _font(face, 24, False)
    return bytes(font.getmask(char, mode="1")) != bytes(font.getmask("\U0010fffe", mode="1"))


def clean(text: str) -> str:
    """One line of composed characters. Errors: CannotDraw for controls and private or unassigned characters."""
    out = []
    for char in unicodedata.normalize("NFC", text.replace("\t", " ").replace("\r\n", " ").replace("\n", " ")):
        kind = unicodedata.category(char)
        if kind in ("Cc", "Cs", "Co", "Cn"):
            raise CannotDraw(char=f"U+{ord(char):04X}")
        if kind != "Cf" or char in "\u200c\u200d":  # joiners shape scripts; marks of direction say nothing on paper
            out.append(" " if kind.startswith("Z") else char)
    return "".join(out)


def _runs(text: str) -> list[tuple[Face, str]]:
    """The line in pieces of one face each, in the order they stand on paper. Errors: CannotDraw."""
    runs: list[tuple[Face, str]] = []
    for char in text:
        face = _face_for(char, runs[-1][0] if runs else None)
        if runs and runs[-1][0] == face:
            runs[-1] = face, runs[-1][1] + char
        else:
            runs.append((face, char))
    rightward = next(
        (unicodedata.bidirectional(c) for c in text if unicodedata.bidirectional(c) in ["L", "R", "AL"]), "L"
    )
    return runs if rightward == "L" else runs[::-1]


def _face_for(char: str, before: Face | None) -> Face:
    if needs_shaping(char) and not features.check("raqm"):
        raise CannotDraw(char=char, name=unicodedata.name(char, ""))
    keeps = char == " " or unicodedata.category(char).startswith("M") or char in "\u200c\u200d"
    if before is not None and keeps:
        return before
    for face in faces():
        if char == " " or _draws(face, char):
            return face
    raise CannotDraw(char=char, name=unicodedata.name(char, f"U+{ord(char):04X}"))


def needs_shaping(char: str) -> bool:
    """Right to left, combining, or of a script of joined or stacked letters."""
    return (
        unicodedata.bidirectional(char) in ("R", "AL", "AN")
        or unicodedata.category(char).startswith("M")
        or 0x0900 <= ord(char) <= 0x109F
        or 0x1780 <= ord(char) <= 0x17FF
    )


def width_px(text: str, size_px: int, bold: bool = False) -> int:
    """Advance of a cleaned line. Errors: CannotDraw."""
    return round(sum(_font(face, size_px, bold).getlength(part) for face, part in _runs(text)))


def ascent_px(size_px: int) -> int:
    """Baseline below the top of a line of this size; Latin capitals are about 0.71 of the size high."""
    return round(0.88 * size_px)


def draw(text: str, size_px: int, bold: bool = False) -> Image.Image:
    """One line, dark = 1, at least one dot wide, 1.3 sizes high. Errors: CannotDraw."""
    runs = _runs(text)
    image = Image.new("1", (max(1, width_px(text, size_px, bold) + size_px // 4), round(1.3 * size_px)), 0)
    pen, x = ImageDraw.Draw(image), 0.0
    for face, part in runs:
        font = _font(face, size_px, bold)
        pen.text((round(x), ascent_px(size_px)), part, font=font, fill=1, anchor="ls")
        x += font.getlength(part)
    return image


def wrap(text: str, size_px: int, width: int, bold: bool = False) -> Iterator[str]:
    """Break a cleaned line where its words, or East Asian characters, allow it. Errors: CannotDraw."""
    line = ""
    for word in _words(text):
        if width_px((line + word).rstrip(), size_px, bold) <= width:
            line += word
            continue
        if line.strip():
            yield line.rstrip()
        line = word.lstrip()
        while len(line) > 1 and _wider(line.rstrip(), size_px, width, bold):  # one word wider than the line
            cut = _fitting(line, size_px, width, bold)
            yield line[:cut]
            line = line[cut:]
    if line.strip():
        yield line.rstrip()


def _wider(text: str, size_px: int, width: int, bold: bool) -> bool:
    """Whether the text is too wide; of an endless one only the beginning is measured."""
    return any(width_px(text[:n], size_px, bold) > width for n in (64, len(text)) if n <= len(text))


def _fitting(text: str, size_px: int, width: int, bold: bool) -> int:
    """How many first characters fit, at least one; not all of them do. Found by doubling, then by halving."""
    high = 1
    while high < len(text) and width_px(text[:high], size_px, bold) <= width:
        high *= 2
    sizes = range(1, min(high, len(text) - 1) + 1)
    return max(1, bisect_right(sizes, width, key=lambda n: width_px(text[:n], size_px, bold)))


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if unicodedata.east_asian_width(char) in "WF" or (word and word[-1] == " " and char != " "):
            if word and not _sticks(char):
                yield word
                word = ""
            elif word and _sticks(char):
                word += char
                continue
        elif word and unicodedata.east_asian_width(word[-1]) in "WF" and char != " ":
            yield word
            word = ""
        word += char
    if word:
        yield word


def _sticks(char: str) -> bool:
    """Closing punctuation never begins a line."""
    return char in "，。、；：？！）】》」』”’％"

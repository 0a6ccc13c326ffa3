"""Text -> dots. Any Unicode that one of the fonts draws; anything else is refused by its name.

All text is drawn here and sent as dots, never by a printer's resident font: the preview, a ZPL and a TSPL printer show the
same, Chinese needs nothing in the printer, and no name can become a command.

Fonts: Noto Sans and Noto Sans CJK (SIL OFL 1.1) from the wheels manimgx-fonts and manimgx-fonts-cjk, then the system's own
Noto, DejaVu and Liberation. Layout by Raqm (Pillow's wheel has it), which scripts such as Arabic or Thai need.

Numbers and codes, most of what a list of thousands of lines says, are put together from characters that were drawn once, at the places
that Raqm gives them, dot by dot the same: laying out and drawing each line anew is most of a long list's time.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
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
PLAIN = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -./")
"""Characters that stand where their advance and the kerning with the next put them, and always look the same."""
_SHORT = 64
"""Characters of a line that is measured as a whole without a thought."""
STRIDE, STRIDE_MAX = 64, 1024
"""Rows of dots are whole multiples of so many bits; a line that is wider is laid out as a whole."""


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
        font.getlength("0")  # the first answer of a font just varied may be 1/64 of a dot more than all that follow
    return font


@dataclass(slots=True)
class _Plain:
    """Plain characters in one font and size, each measured and drawn once.

    The dots of a line are one integer, row after row, its first dot the highest bit.
    """

    font: ImageFont.FreeTypeFont
    size_px: int
    steps: dict[tuple[str, str], int] = field(default_factory=dict)
    drawn: dict[int, dict[str, tuple[int, int, int]]] = field(default_factory=dict)

    def origins(self, text: str) -> list[int]:
        """Where each character stands, and the end of the line, in 64ths of a dot."""
        at, found = 0, [0]
        for pair in pairwise(text + "\0"):
            step = self.steps.get(pair)
            if step is None:
                step = self.steps[pair] = self._step(*pair)
            at += step
            found.append(at)
        return found

    def _step(self, char: str, after: str) -> int:
        after = after.strip("\0")
        return round(64 * (self.font.getlength(char + after) - self.font.getlength(after)))

    def line(self, text: str, width: int) -> Image.Image | None:
        """The line, so wide. None: it is too wide, or begins left of its origin: Pillow moves such a line."""
        stride = -(-(width + 2 * self.size_px) // STRIDE) * STRIDE
        if stride > STRIDE_MAX:
            return None
        drawn, dots = self.drawn.setdefault(stride, {}), 0
        for char, at in zip(text, self.origins(text), strict=False):
            if char not in drawn:
                drawn[char] = self._ink(char, stride)
            reach, left, ink = drawn[char]
            if _dots(at) + reach < 0:
                return None
            dots |= ink >> (_dots(at) + left)
        high = line_px(self.size_px)
        whole = Image.frombytes("1", (stride, high), dots.to_bytes(stride * high // 8, "big"))
        return whole.crop((0, 0, width, high))

    def _ink(self, char: str, stride: int) -> tuple[int, int, int]:
        """How far it reaches left of its origin, where its dots begin, and the dots as those of a line that begins there."""
        # Drawn behind spaces, so that nothing lies left of the line.
        image = Image.new("1", (stride, line_px(self.size_px)), 0)
        ImageDraw.Draw(image).text((0, ascent_px(self.size_px)), f"  {char}", font=self.font, fill=1, anchor="ls")
        first = (image.getbbox() or (0,))[0]
        left = first - _dots(self.origins(f"  {char}")[2])
        outline = int(self.font.getbbox(char, mode="1", anchor="ls")[0])
        return min(outline, left), left, int.from_bytes(image.tobytes(), "big") << first


def _dots(at: int) -> int:
    """64ths of a dot to the dot that FreeType draws at."""
    return (at + 32) >> 6


@lru_cache(1)
def _plain_face() -> Face | None:
    found = {_face_for(char, None) for char in PLAIN}
    return found.pop() if len(found) == 1 else None


@lru_cache(16)
def _plain_of(size_px: int, bold: bool) -> _Plain | None:
    face = _plain_face()
    return None if face is None else _Plain(_font(face, size_px, bold), size_px)


def _plain(text: str, size_px: int, bold: bool) -> _Plain | None:
    """What the line can be put together from; None: it has to be laid out as a whole."""
    return _plain_of(size_px, bold) if PLAIN.issuperset(text) else None


def _is_weight(axis: object) -> bool:
    return isinstance(axis, dict) and axis["name"] in (b"Weight", "Weight")


@lru_cache(65536)
def _draws(face: Face, char: str) -> bool:
    """Whether the face has a glyph: one that differs from what it shows for a character that does not exist."""
    font = _font(face, 24, False)
    return bytes(font.getmask(char, mode="1")) != bytes(font.getmask("\U0010fffe", mode="1"))


def clean(text: str) -> str:
    """One line of composed characters. Errors: CannotDraw for controls and private or unassigned characters."""
    if PLAIN.issuperset(text):
        return text
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


@lru_cache(1024)
def width_px(text: str, size_px: int, bold: bool = False) -> int:
    """Advance of a cleaned line. Errors: CannotDraw."""
    if plain := _plain(text, size_px, bold):
        return round(plain.origins(text)[-1] / 64)
    return round(sum(_font(face, size_px, bold).getlength(part) for face, part in _runs(text)))


def ascent_px(size_px: int) -> int:
    """Baseline below the top of a line of this size; Latin capitals are about 0.71 of the size high."""
    return round(0.88 * size_px)


def line_px(size_px: int) -> int:
    return round(1.3 * size_px)


def draw(text: str, size_px: int, bold: bool = False) -> Image.Image:
    """One line, dark = 1, at least one dot wide, 1.3 sizes high. Errors: CannotDraw."""
    width = max(1, width_px(text, size_px, bold) + size_px // 4)
    if (plain := _plain(text, size_px, bold)) and (line := plain.line(text, width)):
        return line
    runs = _runs(text)
    image = Image.new("1", (width, line_px(size_px)), 0)
    pen, x = ImageDraw.Draw(image), 0.0
    for face, part in runs:
        font = _font(face, size_px, bold)
        pen.text((round(x), ascent_px(size_px)), part, font=font, fill=1, anchor="ls")
        x += font.getlength(part)
    return image


def wrap(text: str, size_px: int, width: int, bold: bool = False) -> Iterator[str]:
    """Break a cleaned line where its words, or East Asian characters, allow it. Errors: CannotDraw."""
    if len(text) <= _SHORT and text.strip() and width_px(text.rstrip(), size_px, bold) <= width:
        yield text.rstrip()
        return
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
    return any(width_px(text[:n], size_px, bold) > width for n in (_SHORT, len(text)) if n <= len(text))


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

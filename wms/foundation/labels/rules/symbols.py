"""Code 128 and Data Matrix: data -> modules.

Source: ISO/IEC 15417 (Code 128: table 1, start and subset rules of annex E), ISO/IEC 16022 (Data Matrix ECC 200: annex A
Reed-Solomon over x^8+x^5+x^3+x^2+1, annex F placement, table 7 sizes); GS1 General Specifications 5.4, 5.6.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wms.foundation.labels.rules.gs1 import FNC1
from wms.foundation.labels.rules.refusals import CannotEncode

_WIDTHS = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
    "2331112",
]
_TO_B, _FNC1, _START_B, _START_C, _STOP = 100, 102, 104, 105, 106
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Code128:
    """One symbol, subsets B and C."""

    values: tuple[int, ...]
    """Symbol characters from start to the last of the data; check and stop are not in it."""
    text: str
    """The data, FNC1 as U+001D; a leading one makes it GS1-128."""

    def widths(self) -> Iterator[int]:
        """Bar, space, bar ... in modules, the first a bar."""
        check = (self.values[0] + sum(i * v for i, v in enumerate(self.values))) % 103
        for value in (*self.values, check, _STOP):
            yield from map(int, _WIDTHS[value])

    @property
    def modules(self) -> int:
        """Width without quiet zones (10 modules each)."""
        return 11 * (len(self.values) + 1) + 13


def code128(text: str) -> Code128:
    """Encode printable ASCII and FNC1. Errors: CannotEncode."""
    if bad := [c for c in text if not (" " <= c <= "~" or c == FNC1)]:
        raise CannotEncode(symbol="Code 128", char=f"U+{ord(bad[0]):04X}")
    if not 0 < len(text) <= LONGEST:
        raise CannotEncode(symbol="Code 128", length=len(text), longest=LONGEST)
    head, rest = _split(text)
    values = [_START_C if head else _START_B]
    for token in re.findall(r"\x1d|\d\d", head):
        values.append(_FNC1 if token == FNC1 else int(token))
    if head and rest:
        values.append(_TO_B)
    values += [_FNC1 if char == FNC1 else ord(char) - 32 for char in rest]
    return Code128(tuple(values), text)


def _split(text: str) -> tuple[str, str]:
    """What goes into subset C and what into B after it.

    One change of subset, to B, with two or more characters behind it: the form that every renderer and reader tried agrees
    on. It may cost a symbol character or two against the shortest encoding.
    """
    found = re.match(r"\x1d?(?:\d\d(?:\x1d(?=\d\d))?)+", text)
    head = found[0] if found else ""
    while head and (len(text) - len(head) == 1 or head.endswith(FNC1)):
        head = head[:-2] if head[-1] != FNC1 else head[:-1]
    return (head, text[len(head) :]) if len(head.replace(FNC1, "")) >= 4 else ("", text)


@dataclass(frozen=True, slots=True)
class DataMatrix:
    """One square symbol; rows of dark (True) and light modules, finder pattern included, quiet zone (1) not."""

    rows: tuple[tuple[bool, ...], ...]
    text: str

    @property
    def modules(self) -> int:
        return len(self.rows)


_SIZES = (
    (10, 3, 5), (12, 5, 7), (14, 8, 10), (16, 12, 12), (18, 18, 14), (20, 22, 18), (22, 30, 20), (24, 36, 24), (26, 44, 28),
    (32, 62, 36), (36, 86, 42), (40, 114, 48), (44, 144, 56), (48, 174, 68),
)  # fmt: skip
"""Side, data codewords, error correction codewords; those with one Reed-Solomon block."""


def data_matrix(text: str) -> DataMatrix:
    """Encode Latin-1 and FNC1 (leading: GS1 DataMatrix) in the smallest square. Errors: CannotEncode."""
    words = list(_ascii_words(text))
    size = next((s for s in _SIZES if len(words) <= s[1]), None)
    if size is None or not text:
        raise CannotEncode(symbol="Data Matrix", length=len(text), longest=_SIZES[-1][1])
    side, room, correction = size
    if len(words) < room:
        words.append(129)
    while len(words) < room:  # 253-state randomising of the padding, 5.2.3
        pad = 129 + 149 * (len(words) + 1) % 253 + 1
        words.append(pad if pad <= 254 else pad - 254)
    return DataMatrix(_place(words + _correction(words, correction), side), text)


def _ascii_words(text: str) -> Iterator[int]:
    at = 0
    while at < len(text):
        char = text[at]
        if text[at : at + 2].isascii() and text[at : at + 2].isdigit() and len(text) - at >= 2:
            yield int(text[at : at + 2]) + 130
            at += 1
        elif char == FNC1:
            yield 232
        elif ord(char) < 128:
            yield ord(char) + 1
        elif ord(char) < 256:
            yield from (235, ord(char) - 127)
        else:
            raise CannotEncode(symbol="Data Matrix", char=f"U+{ord(char):04X}")
        at += 1


_EXP = [1]
while len(_EXP) < 255:
    _doubled = _EXP[-1] << 1
    _EXP.append(_doubled ^ 0x12D if _doubled > 255 else _doubled)
_LOG = {value: power for power, value in enumerate(_EXP)}


def _times(a: int, b: int) -> int:
    return _EXP[(_LOG[a] + _LOG[b]) % 255] if a and b else 0


def _correction(words: list[int], count: int) -> list[int]:
    generator = [1]
    for power in range(1, count + 1):
        root, shifted = _EXP[power % 255], [*generator, 0]
        for i, factor in enumerate(generator):
            shifted[i + 1] ^= _times(factor, root)
        generator = shifted
    rest = [0] * count
    for word in words:
        lead = word ^ rest[0]
        rest = [*rest[1:], 0]
        for i, factor in enumerate(generator[1:]):
            rest[i] ^= _times(lead, factor)
    return rest


def _place(words: list[int], side: int) -> tuple[tuple[bool, ...], ...]:
    regions = 1 if side <= 26 else 2
    inner = side // regions - 2
    bits = _utah(words, inner * regions)
    rows = [[False] * side for _ in range(side)]
    for y in range(side):
        for x in range(side):
            in_y, in_x = y % (inner + 2), x % (inner + 2)
            if in_x == 0 or in_y == inner + 1:
                rows[y][x] = True
            elif in_y == 0:
                rows[y][x] = x % 2 == 0
            elif in_x == inner + 1:
                rows[y][x] = y % 2 == 1
            else:
                rows[y][x] = bits[(y // (inner + 2)) * inner + in_y - 1][(x // (inner + 2)) * inner + in_x - 1]
    return tuple(map(tuple, rows))


_SHAPE = ((-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0))


def _utah(words: list[int], n: int) -> list[list[bool]]:
    """Annex F: codewords in diagonals, eight modules each, with four corner cases."""
    cells: list[list[int | None]] = [[None] * n for _ in range(n)]

    def put(row: int, col: int, word: int, bit: int) -> None:
        if row < 0:
            row, col = row + n, col + 4 - (n + 4) % 8
        if col < 0:
            row, col = row + 4 - (n + 4) % 8, col + n
        cells[row][col] = words[word] >> (7 - bit) & 1

    def corner(places: tuple[tuple[int, int], ...], word: int) -> None:
        for bit, (row, col) in enumerate(places):
            put(row % n, col % n, word, bit)

    def utah(row: int, col: int, word: int) -> None:
        for bit, (dy, dx) in enumerate(_SHAPE):
            put(row + dy, col + dx, word, bit)

    row, col, word = 4, 0, 0
    while row < n or col < n:
        case = _corner_case(row, col, n)
        if case is not None:
            corner(case, word)
            word += 1
        for step, last in ((-2, (1, 3)), (2, (3, 1))):  # a diagonal up, the next one down
            while True:
                if 0 <= row < n and 0 <= col < n and cells[row][col] is None:
                    utah(row, col, word)
                    word += 1
                row, col = row + step, col - step
                if not (row >= 0 and col < n if step < 0 else row < n and col >= 0):
                    break
            row, col = row + last[0], col + last[1]
    if cells[n - 1][n - 1] is None:  # the lower right corner that nothing reached is a fixed pattern
        cells[n - 1][n - 1] = cells[n - 2][n - 2] = 1
    return [[bool(cell) for cell in line] for line in cells]


def _corner_case(row: int, col: int, n: int) -> tuple[tuple[int, int], ...] | None:
    if (row, col) == (n, 0):
        return (-1, 0), (-1, 1), (-1, 2), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)
    if (row, col) == (n - 2, 0) and n % 4:
        return (-3, 0), (-2, 0), (-1, 0), (0, -4), (0, -3), (0, -2), (0, -1), (1, -1)
    if (row, col) == (n - 2, 0) and n % 8 == 4:
        return (-3, 0), (-2, 0), (-1, 0), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)
    if (row, col) == (n + 4, 2) and n % 8 == 0:
        return (-1, 0), (-1, -1), (0, -3), (0, -2), (0, -1), (1, -3), (1, -2), (1, -1)
    return None

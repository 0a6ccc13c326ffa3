"""Labels as a carrier draws them: 100 × 150 mm with a Code 128 of the tracking number, as ZPL, PNG or PDF.

Source: ISO/IEC 15417 (Code 128: patterns, code sets B and C, check character); UPU S10 (13 characters, check digit with weights
8 6 4 2 3 5 9 7); ZPL II (^BC).
"""

import io
import random

from PIL import Image, ImageDraw, ImageFont

DPI = 203
WIDTH_MM, HEIGHT_MM = 100, 150

# Widths of bars and spaces of values 0 to 106 (ISO/IEC 15417, table 1); the last is the stop.
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211"
    "221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113"
    "132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121"
    "312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211241211"
    "221114413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141"
    "114113114311411113411311113141114131311141411131211412211214211232"
)
_PATTERNS = [*(_WIDTHS[i : i + 6] for i in range(0, len(_WIDTHS), 6)), "2331112"]


def s10(serial: int, service: str = "LX", country: str = "CN") -> str:
    """A postal item number: two letters, eight digits, check digit, country."""
    digits = f"{serial % 100_000_000:08d}"
    total = sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - total % 11
    return f"{service}{digits}{({10: 0, 11: 5}).get(check, check)}{country}"


def waybill(serial: int) -> str:
    """A courier's number: eleven digits and their remainder by seven."""
    return f"7{serial % 10**10:010d}{(7 * 10**10 + serial % 10**10) % 7}"


def code128(text: str) -> list[int]:
    """Widths of bars and spaces in modules, in code set B."""
    values = [104, *(ord(c) - 32 for c in text)]
    check = (values[0] + sum(i * v for i, v in enumerate(values[1:], 1))) % 103
    return [int(w) for v in (*values, check, 106) for w in _PATTERNS[v]]


def page(
    lines: list[str], tracking: str, size_mm: tuple[float, float] = (WIDTH_MM, HEIGHT_MM), dpi: int = DPI
) -> Image.Image:
    """The label as dots, 1 bit."""
    dots = 8 if dpi == 203 else dpi / 25.4
    image = Image.new("1", (round(size_mm[0] * dots), round(size_mm[1] * dots)), 1)
    pen, font, small = ImageDraw.Draw(image), ImageFont.load_default(30), ImageFont.load_default(22)
    pen.rectangle((8, 8, image.width - 9, image.height - 9), outline=0, width=3)
    for i, line in enumerate(lines):
        pen.text((40, 40 + i * 40), _plain(line)[:44], font=font if i == 0 else small, fill=0)
    x, module, top = 60, 3, image.height // 2
    for i, width in enumerate(code128(tracking)):
        if i % 2 == 0:
            pen.rectangle((x, top, x + width * module - 1, top + 220), fill=0)
        x += width * module
    pen.text((60, top + 240), tracking, font=font, fill=0)
    return image


def png(lines: list[str], tracking: str, size_mm: tuple[float, float] = (WIDTH_MM, HEIGHT_MM)) -> bytes:
    out = io.BytesIO()
    page(lines, tracking, size_mm).save(out, "PNG", dpi=(203.2, 203.2))
    return out.getvalue()


def pdf(lines: list[str], tracking: str, size_mm: tuple[float, float] = (WIDTH_MM, HEIGHT_MM)) -> bytes:
    out = io.BytesIO()
    page(lines, tracking, size_mm).convert("L").save(out, "PDF", resolution=203.2)
    return out.getvalue()


def zpl(lines: list[str], tracking: str, size_mm: tuple[float, float] = (WIDTH_MM, HEIGHT_MM)) -> bytes:
    width, height = (round(v * 8) for v in size_mm)
    texts = "".join(
        f"^FO40,{40 + i * 40}^A0N,{32 if i == 0 else 24}^FD{_field(line)}^FS" for i, line in enumerate(lines)
    )
    code = f"^FO60,{height // 2}^BY3^BCN,220,Y,N,N^FD{tracking}^FS"
    return f"^XA^CI28^PW{width}^LL{height}{texts}{code}^XZ".encode()


def _field(text: str) -> str:
    """Without the characters that begin a command."""
    return _plain(text).replace("^", " ").replace("~", " ")[:44]


def _plain(text: str) -> str:
    """As a carrier's own font can print it."""
    return text.encode("ascii", "replace").decode()


def draw(kind: str, lines: list[str], tracking: str, size_mm: tuple[float, float] = (WIDTH_MM, HEIGHT_MM)) -> bytes:
    return {"zpl": zpl, "png": png, "pdf": pdf}[kind](lines, tracking, size_mm)


def journey(tracking: str, country: str, lost: bool, customs: bool) -> list[tuple[float, str, str]]:
    """(days after the handover, code, place) of a parcel's scans, the same for the same number."""
    chance = random.Random(tracking)
    days, scans = 0.2 + chance.random() * 0.5, list[tuple[float, str, str]]()
    for code, place, gap in (
        ("accepted", "origin", 1.5), ("export", "origin hub", 3.0), ("import", f"{country} gateway", 1.0),
    ):  # fmt: skip
        scans.append((days, code, place))
        days += gap * (0.5 + chance.random())
    if lost:
        return [*scans, (days + 5, "lost", f"{country} gateway")]
    if customs:
        scans.append((days, "customs_hold", f"{country} customs"))
        days += 2 + 2 * chance.random()
        scans.append((days, "customs_released", f"{country} customs"))
    days += 0.5 + chance.random()
    return [*scans, (days, "out_for_delivery", country), (days + 0.3, "delivered", country)]

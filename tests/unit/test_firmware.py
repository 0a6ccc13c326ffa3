"""Every folder of firmware_configs renders to its golden bytes; wrong parameters and unsafe manifests are refused."""

import shutil
from pathlib import Path

import pytest

from devices.cli.firmware import main
from devices.firmware.render import BadFirmwareConfig, folders, golden_cases, manifest, queries, render

ROOT = Path(__file__).resolve().parents[2] / "firmware_configs"
FOLDERS = folders(ROOT)
SCALE = ROOT / "scale" / "mettler_toledo_ind570" / "packing_bench"
PRINTER = ROOT / "label_printer" / "zebra_zd421" / "ship_4x6"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: "/".join(f.parts[-3:]))
def test_golden_renders(folder: Path) -> None:
    cases = list(golden_cases(folder))
    assert cases, "no golden case"
    for case in cases:
        assert render(folder, case.params).content == case.output.read_bytes(), case.name
        queries(folder, case.params)


def test_each_scale_and_printer_profile_is_there() -> None:
    assert {SCALE, PRINTER} <= set(FOLDERS)


def test_the_hash_is_that_of_the_bytes() -> None:
    case = next(golden_cases(PRINTER))
    assert render(PRINTER, case.params).sha256 == render(PRINTER, case.params).sha256
    other = {**case.params, "darkness": 1}
    assert render(PRINTER, other).sha256 != render(PRINTER, case.params).sha256


@pytest.mark.parametrize("change", [{"speed_ips": 60}, {"unknown": 1}, {"ribbon": "yes"}])
def test_parameters_outside_the_schema_are_refused(change: dict[str, object]) -> None:
    params = {**next(golden_cases(PRINTER)).params, **change}
    with pytest.raises(BadFirmwareConfig, match="params.schema.json"):
        render(PRINTER, params)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("- {manual:", "- {send:", "sealed"),
        ("packing_bench", "other", "folder"),
        ("version: 1.0.0", "version: 1", "version"),
    ],
)
def test_an_unsafe_or_misplaced_manifest_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = Path(shutil.copytree(SCALE, tmp_path.joinpath(*SCALE.parts[-3:])))
    path = folder / "manifest.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadFirmwareConfig, match=reason):
        manifest(folder)


def test_the_command(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["render", str(PRINTER)]) == 0
    out, err = capfdbinary.readouterr()
    assert out == (PRINTER / "golden" / "direct_thermal.txt").read_bytes()
    assert b"sha256 " in err and b"ezpl.print_width" in err
    assert main(["check", str(ROOT)]) == 0
    assert main(["render", str(ROOT / "nothing")]) == 2

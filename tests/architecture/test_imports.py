"""The import contracts of pyproject.toml hold, and what no contract can say: a slice's tables are its own."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("wms", "devices", "simulators")


def contracts() -> dict[str, Any]:
    config: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]
    return config


def exists(module: str) -> bool:
    if "*" in module or module.split(".")[0] not in CODE:
        return True
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def named_modules() -> list[str]:
    keys = ("source_modules", "forbidden_modules", "modules", "protected_modules", "allowed_importers")
    return sorted({module for each in contracts()["contracts"] for key in keys for module in each.get(key, [])})


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py")) if "web" not in path.parts]


def imported_modules(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_module_a_contract_names_is_there() -> None:
    assert [module for module in named_modules() if not exists(module)] == []


def test_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr


def test_a_slices_tables_are_imported_by_that_slice_and_migrations_only() -> None:
    trespassers = []
    for path in sources("wms"):
        if path.is_relative_to(ROOT / "wms" / "migrations"):
            continue
        for module in imported_modules(path):
            parts = module.split(".")
            if parts[:1] == ["wms"] and parts[1:2] in (["processes"], ["foundation"]) and parts[3:4] == ["tables"]:
                home = ROOT.joinpath(*parts[:3])
                if not path.is_relative_to(home):
                    trespassers.append(f"{path.relative_to(ROOT)} imports {module}")
    assert trespassers == []


@pytest.mark.parametrize("package", CODE)
def test_no_imports_relative_to_a_parent(package: str) -> None:
    """Absolute names only, so that a reader and the contracts see the same thing."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]
    assert found == []

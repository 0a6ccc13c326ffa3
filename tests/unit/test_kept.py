"""Whether the planners' kernels are compiled: known at once, and forgotten with what compiled code goes by."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wms.algorithms import kept


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of sources with kernels, nothing compiled."""
    (tmp_path / "walk.py").write_text("def walk(): ...\n", encoding="utf-8")
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    kept.folder.cache_clear()
    yield tmp_path
    kept.folder.cache_clear()


def test_what_is_compiled_is_known_until_a_source_is_edited(kernels: Path) -> None:
    assert not kept.all_kept()
    kept.note()
    assert kept.all_kept()
    os.utime(kernels / "walk.py", ns=(1, 1))
    assert not kept.all_kept(), "compiled code goes by the dates of its sources too"


def test_what_is_compiled_is_forgotten_with_its_folder(kernels: Path) -> None:
    kept.note()
    (kernels / "__pycache__").rename(kernels / "elsewhere")
    assert not kept.all_kept()


def test_nothing_compiled_is_promised_where_nothing_can_be_written(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    kept.note()
    assert not kept.all_kept()


def started(program: str, kernels: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(kernels)}
    return subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)


def test_a_start_with_compiled_kernels_loads_no_compiler(tmp_path: Path) -> None:
    program = "import sys; from wms.algorithms import kept; kept.note(); kept.main(); sys.exit('numba' in sys.modules)"
    ran = started(program, tmp_path / "kernels")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")

"""Operator texts: both languages complete, every refusal and every key that the server sends has one."""

import json
import re
from pathlib import Path

import pytest

import wms.main
from wms.kernel.errors import all_refusals

WMS = Path(wms.main.__file__).parent
TEXTS = WMS / "web" / "src" / "lib" / "texts"
EN, ZH = (json.loads((TEXTS / f"{name}.json").read_text("utf-8")) for name in ("en", "zh-CN"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")
FLOWS = ("receive", "putaway", "move", "pick", "g2p", "wall", "pack", "vas", "returns", "count", "bag", "load")


def sent_by_pdas() -> set[str]:
    """Text keys written in pda.py files: "<flow>.<name>", and the reasons offered under "Problem here"."""
    keys: set[str] = set()
    for file in (*WMS.glob("processes/*/pda.py"), *WMS.glob("processes/*/pda/*.py")):
        source = file.read_text("utf-8")
        keys |= set(re.findall(rf'"((?:{"|".join(FLOWS)}|choice)\.[a-z_]+)"', source))
        for group in re.findall(r"(?:problems|options)=\(([^)]*)\)", source):
            keys |= {f"choice.{name}" for name in re.findall(r'"([a-z_]+)"', group)}
    return keys


def test_both_languages_have_the_same_keys() -> None:
    assert EN.keys() == ZH.keys()


def test_no_text_is_empty() -> None:
    assert [key for texts in (EN, ZH) for key, text in texts.items() if not text.strip()] == []


@pytest.mark.parametrize("key", sorted(EN))
def test_both_languages_fill_in_the_same_things(key: str) -> None:
    assert set(PLACEHOLDER.findall(EN[key])) == set(PLACEHOLDER.findall(ZH[key]))


@pytest.mark.parametrize("code", sorted({r.code for r in all_refusals() if r.__module__.startswith("wms.")}))
def test_every_refusal_has_its_texts(code: str) -> None:
    assert f"error.{code}" in EN


def test_every_key_of_the_pda_flows_has_its_texts() -> None:
    sent = sent_by_pdas()
    assert len(sent) > 30
    assert sorted(sent - EN.keys()) == []


def test_every_key_of_the_screens_has_its_texts() -> None:
    used: set[str] = set()
    for file in (WMS / "web" / "src").rglob("*.ts*"):
        used |= set(re.findall(r'\bt\("([a-z_]+\.[a-zA-Z_]+)"', file.read_text("utf-8")))
    assert len(used) > 80
    assert sorted(used - EN.keys()) == []

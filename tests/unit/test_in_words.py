"""The console says in the reader's language why something is so: each sentence that the code gives as a reason has its phrase."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOK: dict[str, str] = json.loads((ROOT / "wms/web/src/console/in-words.zh-CN.json").read_text("utf-8"))
WORD = re.compile(r"\{(\w+)\}")
SHAPES = [re.compile("^" + WORD.sub("(.+)", re.sub(r"([.*+?^$()|\[\]\\])", r"\\\1", key)) + "$") for key in BOOK]

NAMES = {"refused", "why", "because", "term_why", "why_not", "ended_why", "nothing", "few", "duty"}
LISTS = {"said", "why", "reasons", "missed"}
"""Lists that become one sentence."""
JUDGES = {"_against", "_why", "term_for", "approval", "_short_of"}
"""Functions whose answer is a reason, or holds one."""
READ = ("processes", "foundation/orders", "foundation/packs", "twin")
REFUSALS = re.compile(r"^(Bad|[A-Z]\w+(Small|Eligible|Held|Version|Differ|Missing)$)")
"""Refusals carry their reason into a text of its own code."""
ELSEWHERE = (
    "processes/inbound", "processes/dock/service/loading.py", "processes/packing/rules/", "processes/shipping/rules/shape.py",
    "foundation/packs/service.py", "processes/customs/rules/exchange.py", "processes/customs/rules/filings.py", "processes/customs/rules/duties.py",
)  # fmt: skip
"""Codes and faults with texts of their own, and the estimate of duty, whose sentences no screen shows."""


def texts(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(str(v.value) if isinstance(v, ast.Constant) else "X" for v in values)]
        case ast.IfExp(body=body, orelse=other):
            return texts(body) + texts(other)
        case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            return [text for value in values for text in texts(value)]
        case _:
            return []


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def reasons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        match node:
            case ast.Call() if name_of(node) in ("append", "insert"):
                of = node.func.value if isinstance(node.func, ast.Attribute) else None
                given = node.args if isinstance(of, ast.Name) and of.id in LISTS else []
            case ast.Call() if not REFUSALS.match(name_of(node)):
                given = [k.value for k in node.keywords if k.arg in NAMES]
                given += node.args[1:] if name_of(node) in ("Decision", "why", "advance", "hold", "lift") else []
                given += node.args[2:3] if name_of(node) == "Fault" else []
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AugAssign(target=ast.Name(id=name), value=value)
            ) if name in NAMES:
                given = [value]
            case ast.FunctionDef(name=name) if name in JUDGES:
                given = [r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value is not None]
        yield from ((value.lineno, text) for value in given for text in texts(value))


def all_reasons() -> list[tuple[str, str]]:
    found = []
    for part in READ:
        for path in sorted((ROOT / "wms" / part).rglob("*.py")):
            where = path.relative_to(ROOT / "wms").as_posix()
            if where.startswith(ELSEWHERE):
                continue
            for line, text in reasons(ast.parse(path.read_text("utf-8"))):
                if re.search(r"[a-z]{2,}", text) and " " in text.strip():
                    # What is glued to a word at the end is a further part, or nothing.
                    found.append((f"{where}:{line}", re.sub(r"(?<=[a-z])X$", "", text).strip("; ")))
    return found


REASONS = all_reasons()


def test_there_are_reasons() -> None:
    assert len(REASONS) > 80


@pytest.mark.parametrize(("where", "text"), REASONS, ids=[where for where, _ in REASONS])
def test_each_reason_has_its_phrase(where: str, text: str) -> None:
    whole = any(shape.match(text) for shape in SHAPES)
    assert whole or all(any(shape.match(part) for shape in SHAPES) for part in text.split("; ") if part != "X"), text


@pytest.mark.parametrize("english", BOOK)
def test_a_phrase_fills_in_the_same_words(english: str) -> None:
    assert sorted(WORD.findall(english)) == sorted(WORD.findall(BOOK[english]))

"""flow.py is complete: every event is answered or said to be terminal, and private tables stay private."""

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

import wms.events
from wms import flow
from wms.foundation.stock import rules
from wms.kernel.messages import Event

ROOT = Path(__file__).resolve().parents[2]


def all_events() -> set[type[Event]]:
    for module in pkgutil.iter_modules(wms.events.__path__):
        importlib.import_module(f"wms.events.{module.name}")
    # dataclass(slots=True) makes each class anew and the first one lives on: only what its module still names counts.
    return {e for e in Event.__subclasses__() if getattr(sys.modules[e.__module__], e.__name__) is e}


def test_every_event_is_in_flow_or_terminal() -> None:
    known = set(flow.FLOW) | set(flow.TERMINAL)
    assert {e.name for e in all_events()} == {e.name for e in known}
    assert not set(flow.FLOW) & set(flow.TERMINAL)


def test_event_names_are_unique_and_versioned() -> None:
    names = [e.name for e in all_events()]
    assert len(names) == len(set(names))
    assert all(name.count(".") == 2 and name.rsplit(".v", 1)[1].isdigit() for name in names), names


def test_reaction_names_tell_where_they_live() -> None:
    for name, reaction in flow.reactions().items():
        slice_, _, verb = name.partition(".")
        run = getattr(reaction, "read", reaction)
        assert slice_ in run.__module__, name
        assert hasattr(importlib.import_module(run.__module__), verb), name


def test_tables_are_imported_only_by_their_own_slice() -> None:
    for file in (ROOT / "wms").rglob("*.py"):
        own = ".".join(file.relative_to(ROOT).with_suffix("").parts[: 3 if "service" in file.parts else -1])
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith(".tables"):
                private = node.module.startswith(("wms.foundation.", "wms.processes."))
                assert not private or node.module == f"{own}.tables", f"{file}: {node.module}"


def test_the_status_table_of_the_migration_is_the_rules_own() -> None:
    spec = importlib.util.spec_from_file_location("m0002", ROOT / "wms/migrations/versions/0002_ledger.py")
    assert spec and spec.loader
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    assert {row[0]: row[1:] for row in migration.STATUSES} == rules.STATUSES
    assert migration.VIRTUAL == rules.VIRTUAL


def test_domain_code_never_reads_the_wall_clock() -> None:
    banned = {"now", "utcnow", "today", "time"}
    for folder in ("foundation", "processes", "algorithms", "events"):
        for file in (ROOT / "wms" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in banned:
                    owner = ast.unparse(node.func.value)
                    assert owner not in {"datetime", "date", "time", "datetime.datetime"}, f"{file}:{node.lineno}"

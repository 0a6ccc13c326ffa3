"""What arrives from outside, held against the fields that it is meant for: every wrong type is named, none is a fault of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date
from typing import Any, get_type_hints

LARGEST = 10**12


def typed(cls: type, raw: Any, where: str, faults: list[str], *, leave: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields of a dataclass that `raw` gives in their types (text, whole number from 0, yes or no, list of texts, date).

    Unknown, missing and ill-typed fields are added to `faults`. `leave`: read by the caller.
    """
    if not isinstance(raw, Mapping):
        faults.append(f"{where or 'body'}: an object")
        return {}
    dot = f"{where}." if where else ""
    hints, found = get_type_hints(cls), dict[str, Any]()
    known = {f.name: f for f in fields(cls)}
    faults += [f"{dot}{str(name)[:40]}: unknown field" for name in raw if name not in known]
    for name, field in known.items():
        if name in leave:
            continue
        if name not in raw or (raw[name] is None and hints[name] in (int | None, date | None)):
            if field.default is MISSING and field.default_factory is MISSING:
                faults.append(f"{dot}{name}: missing")
            continue
        value = _value(raw[name], hints[name], f"{dot}{name}", faults)
        if value is not None:
            found[name] = value
    return found


def _value(value: Any, hint: Any, name: str, faults: list[str]) -> Any:
    if hint is str:
        return text(value, name, faults)
    if hint in (int, int | None):
        return whole(value, name, faults)
    if hint is bool:
        if isinstance(value, bool):
            return value
        faults.append(f"{name}: true or false")
        return None
    if hint in (date, date | None):
        return day(value, name, faults)
    return texts(value, name, faults)


def text(value: Any, name: str, faults: list[str], most: int = 200) -> str | None:
    if isinstance(value, str) and len(value) <= most and "\x00" not in value:
        return value
    faults.append(f"{name}: text of at most {most} characters")
    return None


def whole(value: Any, name: str, faults: list[str], least: int = 0) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value < LARGEST:
        return value
    faults.append(f"{name}: {str(value)[:20]!r} is no whole number from {least}")
    return None


def texts(value: Any, name: str, faults: list[str]) -> tuple[str, ...] | None:
    if isinstance(value, list | tuple) and all(isinstance(v, str) and len(v) <= 80 and "\x00" not in v for v in value):
        return tuple(value)
    faults.append(f"{name}: a list of texts")
    return None


def day(value: Any, name: str, faults: list[str]) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        faults.append(f"{name}: a date, 2026-01-31")
        return None


def rows(value: Any, name: str, faults: list[str]) -> Sequence[Any]:
    """A list, or nothing."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return value
    faults.append(f"{name}: a list")
    return ()


def table(value: Any, name: str, faults: list[str]) -> Mapping[str, Any]:
    """An object, or nothing."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    faults.append(f"{name}: an object")
    return {}

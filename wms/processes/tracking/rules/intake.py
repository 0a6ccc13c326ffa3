"""What is taken in of what is told: who may tell, of which parcel, of which time. Files are read row by row, every fault named."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wms.processes.tracking.rules.milestones import CODES

TOLERANCE = timedelta(minutes=10)
"""How far a carrier's clock may be ahead of ours, or its first scan before our truck's departure was booked."""
ROWS_MOST = 20_000
COLUMNS = ("tracking", "at", "code", "place", "text", "event_id")
NEEDED = COLUMNS[:3]
_LENGTHS = {"tracking": 60, "at": 40, "code": 30, "place": 120, "text": 300, "event_id": 80}


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it was told. `key` names it within its carrier and tracking number."""

    tracking: str
    at: datetime
    code: str
    place: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Fault:
    """`row`: the line of a file, or the event's number in a message, from 1."""

    row: int
    field: str
    code: str
    said: str


def read_event(row: Mapping[str, Any], n: int) -> Told | list[Fault]:
    """One event, or everything that is wrong with it."""
    faults, value = list[Fault](), {}
    for name in COLUMNS:
        raw = row.get(name)
        text = "" if raw is None else str(raw).strip()
        if name in NEEDED and not text:
            faults.append(Fault(n, name, "tracking.field_missing", "missing"))
        if len(text) > _LENGTHS[name] or "\0" in text:
            faults.append(
                Fault(n, name, "tracking.field_bad", f"at most {_LENGTHS[name]} characters, no control bytes")
            )
        value[name] = text
    at = _moment(value["at"])
    if value["at"] and at is None:
        faults.append(Fault(n, "at", "tracking.field_bad", f"{value['at'][:40]!r} is no ISO 8601 time with its zone"))
    if value["code"] and value["code"] not in CODES:
        faults.append(
            Fault(n, "code", "tracking.unknown_code", f"{value['code'][:30]!r} is none of {', '.join(CODES)}")
        )
    if faults or at is None:
        return faults
    key = value["event_id"] or digest(at, value["code"], value["place"])
    return Told(value["tracking"], at, value["code"], value["place"], value["text"], key)


def digest(at: datetime, code: str, place: str) -> str:
    """Names an event that its carrier gave no id."""
    return hashlib.sha256(f"{at.astimezone(UTC).isoformat()}|{code}|{place}".encode()).hexdigest()[:32]


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def read_csv(text: str) -> tuple[list[tuple[int, Told]], list[Fault]]:
    """(events with their line, faults) of a file with a heading line; columns may come in any order."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    told, faults = list[tuple[int, Told]](), list[Fault]()
    try:
        head = [h.strip().lower() for h in next(reader, [])]
        if missing := [c for c in NEEDED if c not in head]:
            return [], [Fault(1, c, "tracking.column_missing", f"no column {c!r}") for c in missing]
        if strange := [h for h in head if h not in COLUMNS] or (len(set(head)) < len(head) and ["a column twice"]):
            return [], [
                Fault(1, str(h)[:40], "tracking.column_unknown", f"columns are {', '.join(COLUMNS)}") for h in strange
            ]
        for cells in reader:
            if not any(c.strip() for c in cells):
                continue
            if reader.line_num > ROWS_MOST + 1:
                return [], [
                    *faults,
                    Fault(reader.line_num, "", "tracking.too_many", f"at most {ROWS_MOST} rows a file"),
                ]
            if len(cells) != len(head):
                faults.append(
                    Fault(reader.line_num, "", "tracking.field_bad", f"{len(cells)} cells, {len(head)} columns")
                )
                continue
            one = read_event(dict(zip(head, cells, strict=True)), reader.line_num)
            if isinstance(one, Told):
                told.append((reader.line_num, one))
            else:
                faults.extend(one)
    except csv.Error as error:
        faults.append(Fault(reader.line_num, "", "tracking.field_bad", str(error)))
    return told, faults


def doubt(told: Told, now: datetime, departed_at: datetime | None, *, ours: bool) -> str:
    """Why an event cannot count now; empty when it does. `departed_at` None: no parcel of that number has left."""
    if not ours:
        return "tracking.not_yours"
    if departed_at is None:
        return "tracking.unknown_parcel"
    if told.at > now + TOLERANCE:
        return "tracking.from_the_future"
    if told.at < departed_at - TOLERANCE:
        return "tracking.before_departure"
    return ""


def rows_of(body: Sequence[Any]) -> tuple[list[tuple[int, Told]], list[Fault]]:
    """As `read_csv`, of a message's events."""
    told, faults = list[tuple[int, Told]](), list[Fault]()
    for n, row in enumerate(body, 1):
        one = read_event(row, n) if isinstance(row, Mapping) else [Fault(n, "", "tracking.field_bad", "an object")]
        if isinstance(one, Told):
            told.append((n, one))
        else:
            faults.extend(one)
    return told, faults

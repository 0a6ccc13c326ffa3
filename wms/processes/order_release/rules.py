"""What a wave may do, and the planning of one order: cartons and stock. Pure; runs in a process pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wms.algorithms.packing.cartons import Box, Item, Packed, Plan, plan
from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "planning": {"release": "released", "undo": "undone"},
    "released": {"pause": "paused", "finish": "done", "undo": "undone", "release": "released"},
    "paused": {"resume": "released", "undo": "undone", "release": "paused"},
    "done": {},
    "undone": {},
}


PART_EACH = 250
"""Pieces arranged together. The time grows with the cube of the pieces, and one wholesale order must not hold up the
house: a larger order is arranged part by part, like parts once."""


class UnknownWave(Refusal):
    """No such wave."""

    code, status = "release.unknown_wave", 404


class WaveClosed(Refusal):
    """The wave's state does not allow this."""

    code, status = "release.wave_closed", 409


class NothingToRelease(Refusal):
    """No accepted order matches."""

    code, status = "release.nothing_to_release", 409


class NotInWave(Refusal):
    """The order is not in this wave."""

    code, status = "release.not_in_wave", 404


def step(state: str, event: str) -> str:
    """Errors: WaveClosed."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WaveClosed(state=state, event=event) from None


@dataclass(frozen=True, slots=True)
class Need:
    """An order to plan. `lines`: (line id, sku id, open pieces)."""

    order_id: UUID
    short_policy: str
    lines: tuple[tuple[UUID, int, int], ...]


@dataclass(frozen=True, slots=True)
class Free:
    """Free stock in the order it should leave."""

    balance_id: int
    sku_id: int
    free_each: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    needs: tuple[Need, ...]
    free: tuple[Free, ...]
    skus: Mapping[int, tuple[tuple[int, int, int], int]]
    """SKU id to (size in mm, weight in g)."""
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class OrderPlan:
    order_id: UUID
    reserve: tuple[tuple[UUID, int, int], ...]
    """(line id, balance id, pieces)."""
    short: tuple[tuple[UUID, int], ...]
    """(line id, pieces that are not there)."""
    cartons: tuple[dict[str, Any], ...]
    refused: str
    """Why it cannot be released, empty when it can."""


def solve(snapshot: Snapshot) -> list[OrderPlan]:
    """Plan each order in turn against what the ones before it left. Never raises for infeasible."""
    free = {f.balance_id: f.free_each for f in snapshot.free}
    by_sku: dict[int, list[int]] = {}
    for f in snapshot.free:
        by_sku.setdefault(f.sku_id, []).append(f.balance_id)
    return [_plan_order(need, free, by_sku, snapshot) for need in snapshot.needs]


def _plan_order(need: Need, free: dict[int, int], by_sku: Mapping[int, list[int]], snapshot: Snapshot) -> OrderPlan:
    reserve: list[tuple[UUID, int, int]] = []
    short: list[tuple[UUID, int]] = []
    for line_id, sku_id, wanted in need.lines:
        for balance_id, qty in _take(wanted, by_sku.get(sku_id, []), free):
            reserve.append((line_id, balance_id, qty))
            wanted -= qty
        if wanted:
            short.append((line_id, wanted))
    refused = ""
    if not reserve:
        refused = "no stock for any line"
    elif short and need.short_policy in ("complete_only", "backorder"):
        refused = f"{need.short_policy}: {len(short)} line(s) short"
    cartons: tuple[dict[str, Any], ...] = ()
    if not refused:
        cartons, refused = _cartons(need, dict(short), snapshot)
    if refused:
        for _, balance_id, qty in reserve:
            free[balance_id] += qty
        reserve = []
    return OrderPlan(need.order_id, tuple(reserve), tuple(short), cartons, refused)


def _take(wanted: int, balances: Sequence[int], free: dict[int, int]) -> list[tuple[int, int]]:
    """One location that holds all of it comes before several that hold parts; else in the order given."""
    whole = next((b for b in balances if free[b] >= wanted), None)
    taken = []
    for balance_id in [whole] if whole is not None else balances:
        qty = min(wanted, free[balance_id])
        if qty > 0:
            free[balance_id] -= qty
            wanted -= qty
            taken.append((balance_id, qty))
    return taken


def _cartons(need: Need, short: Mapping[UUID, int], snapshot: Snapshot) -> tuple[tuple[dict[str, Any], ...], str]:
    pieces: list[int] = []
    for line_id, sku_id, wanted in need.lines:
        pieces += [sku_id] * (wanted - short.get(line_id, 0))
    parts: dict[tuple[int, ...], Plan] = {}
    cartons: list[Packed] = []
    for start in range(0, len(pieces), PART_EACH):
        part = tuple(pieces[start : start + PART_EACH])
        if part not in parts:
            parts[part] = plan([Item(str(i), *snapshot.skus[i]) for i in part], snapshot.boxes)
        if parts[part].left_over:
            return (), f"{len(parts[part].left_over)} piece(s) fit no carton"
        cartons += parts[part].cartons
    described = []
    for packed in cartons:
        content: dict[str, int] = {}
        for p in packed.placed:
            content[p.key] = content.get(p.key, 0) + 1
        described.append({
            "carton": packed.box, "expected_g": packed.weight_g, "items": content,
            "placed": [[int(p.key), *p.at_mm, *p.size_mm] for p in packed.placed],
        })  # fmt: skip
    return tuple(described), ""

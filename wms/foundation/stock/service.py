"""Verbs of the ledger. Everything goes through a few SQL functions, one round trip each (migrations/sql)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import errors as pg
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from wms.db.base import among
from wms.db.uow import UnitOfWork
from wms.events.stock import StockStatusChanged
from wms.foundation.catalog import queries as catalog
from wms.foundation.stock import queries, rules
from wms.foundation.stock.rules import Grain
from wms.foundation.stock.tables import HandlingUnit, Lot
from wms.kernel.errors import Refusal
from wms.kernel.ids import uuid7

_REFUSALS: dict[str, type[Refusal]] = {
    "WM001": rules.NotEnough,
    "WM002": rules.ReservationNotOpen,
    "WM003": rules.SerialProblem,
    "WM004": rules.BadNesting,
    "WM005": rules.UnknownUnit,
    "WM007": rules.KeepsNoSerials,
    "WM008": rules.TooManyNames,
    "WM009": rules.NameTaken,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One movement to post. `to_status` None keeps the status; `reservation` turns a pending transfer into a posted one.

    `serials` None: those that the ledger has no doubt about; fewer than pieces: the rest have no name yet.
    """

    grain: Grain
    from_place: int
    to_place: int
    qty_each: int
    reason: str
    to_status: str | None = None
    reservation: UUID | None = None
    serials: Sequence[str] | None = None


def _driver_connection(session: Session) -> psycopg.AsyncConnection[Any]:
    """The driver's own connection of this transaction, in one turn through SQLAlchemy's greenlets."""
    return cast(psycopg.AsyncConnection[Any], session.connection().connection.driver_connection)


async def _call(uow: UnitOfWork, sql: str, params: Sequence[Any]) -> Any:
    """Run one ledger function on the driver's own connection, inside this transaction.

    The ORM would cost five times the function's own time (docs/decisions/0002-ledger.md).
    """
    if uow.session.new or uow.session.dirty or uow.session.deleted:
        await uow.session.flush()
    connection = await uow.session.run_sync(_driver_connection)
    try:
        row = await (await connection.execute(sql, params)).fetchone()
    except pg.UniqueViolation as error:
        if error.diag.constraint_name == "uq_movement_request_line":
            raise rules.AlreadyPosted(request_id=str(uow.request_id)) from None
        raise
    except psycopg.DatabaseError as error:
        refusal = _REFUSALS.get(error.sqlstate or "")
        if refusal is None:
            raise
        raise refusal(**json.loads(error.diag.message_detail or "{}")) from None
    return row[0] if row else None


async def post(uow: UnitOfWork, lines: Sequence[Line], *, grant: frozenset[str] = frozenset()) -> list[UUID]:
    """Post movements, all or nothing. Returns their ids in order.

    `grant`: roles that the calling verb stands for, where it judged what a person of that role else would.

    Errors: NotEnough, ReservationNotOpen, SerialProblem, AlreadyPosted, IllegalStatusChange, NotMovable.
    """
    if not lines:
        return []
    ids, rows = [], []
    for line in lines:
        grain, to_status = line.grain, line.to_status or line.grain.status
        if to_status != grain.status or line.from_place == line.to_place:
            rules.check_change(grain.status, to_status, uow.actor.roles | grant)
        else:
            rules.check_movable(grain.status)
        uow.line += 1
        ids.append(movement_id := uuid7())
        rows.append({
            "id": str(movement_id), "line": uow.line, "sku": grain.sku_id, "lot": grain.lot_id, "owner": grain.owner_id,
            "from": line.from_place, "to": line.to_place, "fs": grain.status, "ts": to_status, "qty": line.qty_each,
            "res": str(line.reservation) if line.reservation else None, "reason": line.reason,
            "serials": list(line.serials) if line.serials is not None else None,
        })  # fmt: skip
    await _call(
        uow, "SELECT stock_post(%s::jsonb, %s, %s, %s, %s, %s)",
        (json.dumps(rows), uow.request_id, uow.cause, uow.actor.id, uow.occurred_at or uow.now, uow.now),
    )  # fmt: skip
    return ids


async def name_pieces(uow: UnitOfWork, place_id: int, grain: Grain, serials: Sequence[str]) -> None:
    """Give names to as many pieces of one balance that have none; no piece moves (docs/decisions/0012-names.md).

    Errors: KeepsNoSerials, NotASerial, NameTaken, TooManyNames, AlreadyPosted.
    """
    if not serials:
        return
    if slips := await queries.no_serials(uow, serials):
        raise rules.NotASerial(scanned=slips[0][: rules.SERIAL_LONGEST])
    uow.line += 1
    named = {
        "id": str(uuid7()), "line": uow.line, "place": place_id, "sku": grain.sku_id, "lot": grain.lot_id,
        "owner": grain.owner_id, "status": grain.status, "serials": list(serials),
    }  # fmt: skip
    await _call(
        uow, "SELECT stock_name(%s::jsonb, %s, %s, %s, %s, %s)",
        (json.dumps(named), uow.request_id, uow.cause, uow.actor.id, uow.occurred_at or uow.now, uow.now),
    )  # fmt: skip


async def name_in_hand(uow: UnitOfWork, place_id: int, grain: Grain, serials: Sequence[str]) -> None:
    """Who takes pieces holds them: of the scanned serials those that the book has nowhere name pieces of this balance
    that have none. Where there are not so many, none is named, and what is posted next is refused for its serials.

    Errors: as name_pieces.
    """
    if not (await catalog.sku(uow, grain.sku_id)).keeps_serials:
        return
    new = sorted(set(serials) - set(await queries.serial_places(uow, grain.sku_id, serials)))
    unnamed = await queries.unnamed_in(uow, [place_id], [grain.sku_id]) if new else {}
    if len(new) <= unnamed.get((place_id, grain.sku_id, grain.status), 0):
        await name_pieces(uow, place_id, grain, new)


async def change_status(
    uow: UnitOfWork, place_id: int, grain: Grain, to_status: str, qty_each: int, reason: str
) -> None:
    """Move free stock to another status where it stands. Errors: as `post`."""
    await post(uow, [Line(grain, place_id, place_id, qty_each, reason, to_status=to_status)])
    uow.emit(StockStatusChanged(
        place_id=place_id, sku_id=grain.sku_id, from_status=grain.status, to_status=to_status, qty_each=qty_each,
        reason=reason,
    ))  # fmt: skip


async def change_status_at(
    uow: UnitOfWork, place: str, sku: str, from_status: str, to_status: str, qty_each: int, reason: str
) -> int:
    """As change_status, by codes, over as many lots as it takes. Errors: NotEnough, NotFound, UnknownSku, ..."""
    place_id, sku_id = await queries.resolve(uow, place, sku)
    left = qty_each
    for held in await queries.held_in(uow, place_id, sku_id):
        take = min(left, held.free_each) if held.grain.status == from_status else 0
        if take:
            await change_status(uow, place_id, held.grain, to_status, take, reason)
            left -= take
    if left:
        raise rules.NotEnough(place=place, sku=sku, status=from_status, missing_each=left)
    return qty_each


@dataclass(frozen=True, slots=True)
class Want:
    """A reservation to make on one balance row."""

    demand: str
    balance_id: int
    qty_each: int
    expires_at: datetime | None = None


async def reserve(uow: UnitOfWork, wants: Sequence[Want]) -> list[UUID]:
    """Reserve, all or nothing. Returns reservation ids in order. Errors: NotEnough."""
    if not wants:
        return []
    ids = [uuid7() for _ in wants]
    rows = [
        {"id": str(i), "demand": w.demand, "balance": w.balance_id, "qty": w.qty_each,
         "expires": w.expires_at.isoformat() if w.expires_at else None}
        for i, w in zip(ids, wants, strict=True)
    ]  # fmt: skip
    await _call(uow, "SELECT stock_reserve(%s::jsonb, %s)", (json.dumps(rows), uow.now))
    return ids


async def release(uow: UnitOfWork, reservation_ids: Iterable[UUID], state: str = "voided") -> int:
    """Void what is still open of these reservations; those already ended are left alone. Returns pieces freed."""
    ids = list(reservation_ids)
    if not ids:
        return 0
    return int(await _call(uow, "SELECT stock_release(%s::uuid[], %s)", (ids, state)))


async def expire_reservations(uow: UnitOfWork) -> int:
    """End reservations past their time. Returns pieces freed."""
    return await release(uow, await queries.expired_reservations(uow), "expired")


async def create_unit(uow: UnitOfWork, kind: str, code: str, in_place: int, *, bound_to: UUID | None = None) -> int:
    """Make a handling unit standing in a place. Returns its place id. Errors: a taken code is `stock.code_taken`."""
    try:
        created = await _call(
            uow, "SELECT hu_create(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (kind, code, in_place, bound_to, uuid7(), uow.request_id, uow.cause, uow.actor.id, uow.now),
        )  # fmt: skip
    except pg.UniqueViolation:
        raise CodeTaken(code=code) from None
    return int(created)


class CodeTaken(Refusal):
    """This licence plate is already in use."""

    code, status = "stock.code_taken", 409


async def put_unit(uow: UnitOfWork, hu_id: int, to_place: int) -> int:
    """Move a handling unit with its content. Returns where it came from. Errors: BadNesting, UnknownUnit."""
    return int(
        await _call(
            uow, "SELECT hu_put(%s, %s, %s, %s, %s, %s, %s, %s)",
            (hu_id, to_place, uuid7(), uow.request_id, uow.cause, uow.actor.id, uow.occurred_at or uow.now, uow.now),
        )
    )  # fmt: skip


async def recode_unit(uow: UnitOfWork, hu_id: int, code: str) -> str:
    """Give a unit another licence plate; the old one is no longer known. Returns the old. Errors: UnknownUnit, CodeTaken."""
    try:
        old = await _call(
            uow, "SELECT hu_recode(%s, %s, %s, %s, %s, %s, %s)",
            (hu_id, code, uuid7(), uow.request_id, uow.cause, uow.actor.id, uow.now),
        )  # fmt: skip
    except pg.UniqueViolation:
        raise CodeTaken(code=code) from None
    return str(old)


async def bind_unit(uow: UnitOfWork, hu_id: int, bound_to: UUID | None) -> None:
    """Say which order a tote or parcel serves, or free it."""
    await uow.session.execute(update(HandlingUnit).where(HandlingUnit.id == hu_id).values(bound_to=bound_to))


async def weigh_unit(uow: UnitOfWork, hu_id: int, weight_g: int) -> None:
    await uow.session.execute(update(HandlingUnit).where(HandlingUnit.id == hu_id).values(weight_g=weight_g))


async def close_unit(uow: UnitOfWork, hu_id: int) -> None:
    await uow.session.execute(update(HandlingUnit).where(HandlingUnit.id == hu_id).values(closed_at=uow.now))


async def lot_for(
    uow: UnitOfWork, sku_id: int, *, code: str = "", received_on: date | None = None, expires_on: date | None = None,
    declaration: str = "",
) -> int:  # fmt: skip
    """Find or make the lot with these dates and papers. Returns its id."""
    values = {
        "sku_id": sku_id, "code": code, "received_on": received_on or await uow.today(),
        "expires_on": expires_on or date(9999, 12, 31), "declaration": declaration,
    }  # fmt: skip
    made = await uow.session.scalar(insert(Lot).values(**values).on_conflict_do_nothing().returning(Lot.id))
    found = made or await uow.session.scalar(select(Lot.id).filter_by(**values))
    return int(found or 0)


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """Stock that was there before us, with its original dates."""

    location: str
    """Code of the location or unit that holds it."""
    sku: str
    qty_each: int
    owner: str = ""
    lot: str = ""
    received_on: date | None = None
    expires_on: date | None = None
    status: str = rules.AVAILABLE
    declaration: str = ""
    """Customs declaration number and item that it came under; empty for free stock."""
    serials: tuple[str, ...] = ()
    """One a piece, where the SKU's units carry serials from receipt on."""


async def load_opening(uow: UnitOfWork, lines: Sequence[OpeningLine], *, dry_run: bool) -> int:
    """Import opening stock; a dry run checks everything and posts nothing. Returns the number of good lines.

    Errors: OpeningRefused naming every faulty line; nothing is loaded.
    """
    opening = (await queries.virtual_places(uow))["OPENING"]
    resolved, faults = await queries.resolve_opening(uow, [(x.location, x.sku, x.owner) for x in lines])
    faults += [f"line {n}: qty_each {x.qty_each} is not 1..1000000" for n, x in enumerate(lines, 1)
               if not 1 <= x.qty_each <= 1_000_000]  # fmt: skip
    faults += [
        f"line {n}: unknown status {x.status!r}" for n, x in enumerate(lines, 1) if x.status not in rules.STATUSES
    ]
    faults += await _serial_faults(uow, lines)
    if faults:
        raise rules.OpeningRefused(count=len(faults), faults=faults[:50])
    if dry_run:
        return len(lines)
    batch = []
    lots: dict[tuple[int, str, date | None, date | None, str], int] = {}
    for line, (place_id, sku_id, owner_id) in zip(lines, resolved, strict=True):
        key = (sku_id, line.lot, line.received_on, line.expires_on, line.declaration)
        if key not in lots:
            lots[key] = await lot_for(
                uow, sku_id, code=line.lot, received_on=line.received_on, expires_on=line.expires_on,
                declaration=line.declaration,
            )  # fmt: skip
        lot_id = lots[key]
        batch.append(Line(Grain(sku_id, lot_id, owner_id, line.status), opening, place_id, line.qty_each, "opening",
                          serials=line.serials or None))  # fmt: skip
    for start in range(0, len(batch), 500):
        await post(uow, batch[start : start + 500])
    return len(lines)


async def _serial_faults(uow: UnitOfWork, lines: Sequence[OpeningLine]) -> list[str]:
    known = await catalog.skus_by_code(uow, {x.sku for x in lines})
    faults, seen = [], set[tuple[str, str]]()
    for n, x in enumerate(lines, 1):
        policy = known[x.sku].serial_policy if x.sku in known else "none"
        due = x.qty_each if policy in ("on_receipt", "always") else 0
        if len(x.serials) != due:
            faults.append(f"line {n}: {len(x.serials)} serials, needs {due} (serial policy {policy})")
        if twice := {
            s
            for s in x.serials
            if (x.sku, s) in seen or x.serials.count(s) > 1 or not 1 <= len(s) <= rules.SERIAL_LONGEST
        }:
            faults.append(f"line {n}: serials named twice, empty or over 60 characters: {', '.join(sorted(twice)[:5])}")
        seen |= {(x.sku, s) for s in x.serials}
    return faults


async def ship_out_all(uow: UnitOfWork, hu_ids: Sequence[int]) -> int:
    """Everything in these units goes to the customer; the units are closed. Returns pieces."""
    customer = (await queries.virtual_places(uow))["CUSTOMER"]
    held, batch = await queries.contents_of(uow, hu_ids), list[Line]()
    for _, content in groupby(held, key=lambda h: h.place_id):  # no unit is divided: whole, its serials need no scan
        batch += [Line(h.grain, h.place_id, customer, h.qty_each, "ship") for h in content]
        if len(batch) >= 500:
            await post(uow, batch)
            batch = []
    await post(uow, batch)
    await close_units(uow, hu_ids)
    return sum(h.qty_each for h in held)


async def close_units(uow: UnitOfWork, hu_ids: Sequence[int]) -> None:
    await uow.session.execute(update(HandlingUnit).where(among(HandlingUnit.id, hu_ids)).values(closed_at=uow.now))

"""Reads of shipping."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.processes.shipping.rules import cards, choice, matrix, parcels, policy, saga, services
from wms.processes.shipping.tables import (
    ShipChoice,
    ShipGoods,
    ShipPurchase,
    ShipService,
    ShipVersion,
    ShipWindow,
)

_PARSED: dict[tuple[int, str], Any] = {}
"""Versions never change: each is parsed once a process, by its id and when it was loaded."""
_KEPT = 256


async def all_services(uow: UnitOfWork) -> dict[str, services.Service]:
    rows = await uow.session.scalars(
        select(ShipService).order_by(ShipService.code).execution_options(populate_existing=True)
    )
    return {row.code: services.parse_service(row.body) for row in rows}


async def versions(uow: UnitOfWork, on: date) -> dict[tuple[str, str], ShipVersion]:
    """(kind, code) to the newest version valid on a day, or else the newest that has begun; later ones are not looked at."""
    valid = ShipVersion.valid_until >= on
    rows = await uow.session.scalars(
        select(ShipVersion).where(ShipVersion.valid_from <= on).ext(distinct_on(ShipVersion.kind, ShipVersion.code))
        .order_by(ShipVersion.kind, ShipVersion.code, valid.desc(), ShipVersion.version.desc())
    )  # fmt: skip
    return {(row.kind, row.code): row for row in rows}


def _parsed(row: ShipVersion, make: Any) -> Any:
    key = (row.id, row.loaded_at.isoformat())
    if key not in _PARSED:
        if len(_PARSED) >= _KEPT:
            _PARSED.clear()
        _PARSED[key] = make()
    return _PARSED[key]


async def book(uow: UnitOfWork) -> choice.Book:
    """All that a choice needs, as valid today."""
    on = await uow.today()
    known, current = await all_services(uow), await versions(uow, on)
    found, expired = dict[str, cards.Card](), dict[str, date]()
    for (kind, code), row in current.items():
        if kind != "card" or code not in known:
            continue
        if row.valid_until < on:
            expired[code] = row.valid_until
            continue
        found[code] = _parsed(row, lambda row=row, code=code: cards.parse_card(
            {k: v for k, v in row.body.items() if k != "service"}, known[code], row.version, complete=False
        ))  # fmt: skip
    table = current.get(("matrix", ""))
    if table is not None and table.valid_until < on:
        table = None
    wanted = current.get(("policy", ""))
    windows = {(w.service, w.country): (w.p10, w.p50, w.p90) for w in await uow.session.scalars(select(ShipWindow))}
    return choice.Book(
        on=on, services=tuple(known.values()), cards=found,
        matrix=_parsed(table, lambda: matrix.parse_matrix(table.body, known, table.version)) if table else None,
        policy=_parsed(wanted, lambda: policy.parse_policy(wanted.body, known, wanted.version))
        if wanted else policy.Policy(0, "USD"),
        boxes=tuple(_box(c) for c in await catalog.cartons(uow) if not c.bag), windows=windows, expired=expired,
    )  # fmt: skip


def _box(c: catalog.CartonInfo) -> parcels.Box:
    inner = c.inner_mm
    return parcels.Box(c.outer_mm, inner[0] * inner[1] * inner[2], max(inner), c.tare_g, c.load_max_g)


async def goods(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, matrix.Goods]:
    """SKUs as the matrix judges them; `value_cents` is the SKU's own until an order declares another."""
    records = {
        row.sku_id: row for row in await uow.session.scalars(
            select(ShipGoods).where(ShipGoods.sku_id.in_(sku_ids)).execution_options(populate_existing=True)
        )
    }  # fmt: skip
    return {s.id: _goods(s, records.get(s.id)) for s in (await catalog.skus(uow, sku_ids)).values()}


def _goods(sku: catalog.SkuInfo, row: ShipGoods | None) -> matrix.Goods:
    plain = matrix.Goods(
        sku.id, sku.code, sku.weight_g, (sku.length_mm, sku.width_mm, sku.height_mm), sku.value_cents, sku.attributes,
        sku.hazard, own_container=sku.own_container,
    )  # fmt: skip
    if row is None:
        return plain
    papers = tuple(matrix.Paper(p["kind"], p["ref"], date.fromisoformat(p["valid_until"])) for p in row.papers)
    return matrix.Goods(
        plain.sku_id, plain.code, plain.weight_g, plain.sides_mm, plain.value_cents, plain.attributes,
        row.un_number or plain.un_number, row.packing_instruction, row.energy_mwh, row.lithium_mg, row.cells, row.net_ml, papers,
        plain.own_container,
    )  # fmt: skip


async def goods_records(uow: UnitOfWork, words: str = "", limit: int = 500) -> list[dict[str, Any]]:
    """SKUs with attributes or a record, for the console: papers with their expiry."""
    rows = {row.sku_id: row for row in await uow.session.scalars(select(ShipGoods))}
    told, today = [], await uow.today()
    for sku in await catalog.all_skus(uow):
        one = _goods(sku, rows.get(sku.id))
        if (not one.judged and sku.id not in rows) or words.lower() not in f"{sku.code} {sku.name}".lower():
            continue
        told.append({
            "sku": sku.code, "name": sku.name, "attributes": list(one.attributes), "un_number": one.un_number,
            "packing_instruction": one.packing_instruction, "energy_mwh": one.energy_mwh, "lithium_mg": one.lithium_mg,
            "cells": one.cells, "net_ml": one.net_ml,
            "papers": [{"kind": p.kind, "ref": p.ref, "valid_until": p.valid_until.isoformat(),
                        "expired": p.valid_until < today} for p in one.papers],
        })  # fmt: skip
    return told[:limit]


async def service_list(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Services with the card that is valid today and the days learned."""
    on, known = await uow.today(), await all_services(uow)
    current = await versions(uow, on)
    learned: dict[str, list[dict[str, Any]]] = {}
    for w in await uow.session.scalars(select(ShipWindow).order_by(ShipWindow.service, ShipWindow.country)):
        learned.setdefault(w.service, []).append({
            "country": w.country, "seen": w.seen, "days": [w.p10 / 10, w.p50 / 10, w.p90 / 10]
        })  # fmt: skip
    told = []
    for service in known.values():
        row = current.get(("card", service.code))
        told.append({
            **{name: getattr(service, name) for name in services.Service.__slots__ if name != "days"},
            "days": [d / 10 for d in service.days], "learned": learned.get(service.code, []),
            "card": None if row is None else {
                "version": row.version, "currency": row.body["currency"], "valid_from": row.valid_from,
                "valid_until": row.valid_until, "expired": row.valid_until < on,
            },
        })  # fmt: skip
    return told


async def version_list(uow: UnitOfWork, kind: str, code: str = "") -> list[dict[str, Any]]:
    """Versions of a card, the matrix or the policy, newest first, without their bodies."""
    query = select(
        ShipVersion.id, ShipVersion.code, ShipVersion.version, ShipVersion.valid_from, ShipVersion.valid_until,
        ShipVersion.loaded_at, ShipVersion.loaded_by,
    ).where(ShipVersion.kind == kind).order_by(ShipVersion.code, ShipVersion.version.desc()).limit(500)  # fmt: skip
    if code:
        query = query.where(ShipVersion.code == code)
    return [dict(row._mapping) for row in await uow.session.execute(query)]


async def version_body(uow: UnitOfWork, kind: str, code: str = "", version: int | None = None) -> dict[str, Any] | None:
    """One version as it was loaded; without a number the one valid today."""
    if version is None:
        row = (await versions(uow, await uow.today())).get((kind, code))
    else:
        row = await uow.session.scalar(select(ShipVersion).where(
            ShipVersion.kind == kind, ShipVersion.code == code, ShipVersion.version == version
        ))  # fmt: skip
    if row is None:
        return None
    ended = row.valid_until < await uow.today()
    return {
        "version": row.version,
        "expired": ended,
        "loaded_at": row.loaded_at,
        "loaded_by": row.loaded_by,
        **row.body,
    }


async def next_version(uow: UnitOfWork, kind: str, code: str) -> int:
    last = await uow.session.scalar(
        select(func.max(ShipVersion.version)).where(ShipVersion.kind == kind, ShipVersion.code == code)
    )
    return int(last or 0) + 1


async def choice_of(uow: UnitOfWork, order_id: UUID) -> dict[str, Any] | None:
    row = await uow.session.get(ShipChoice, order_id, populate_existing=True)
    if row is None:
        return None
    names = (
        "fixed_service",
        "fixed_term",
        "service",
        "term",
        "term_why",
        "code",
        "why",
        "cents",
        "currency",
        "offers",
        "judged_at",
    )
    return {name: getattr(row, name) for name in names}


_SHOWN = (
    "id", "kind", "parcel_id", "order_id", "sscc", "service", "account", "state", "expected_cents", "expected_currency", "tracking",
    "carrier_ref", "format", "price_cents", "price_currency", "dropped", "code", "why", "wanted_at", "asked_at", "answered_at",
    "voided_at",
)  # fmt: skip


async def purchases(
    uow: UnitOfWork, *, parcel_id: UUID | None = None, order_id: UUID | None = None, states: Iterable[str] = (),
    words: str = "", limit: int = 200,
) -> list[dict[str, Any]]:  # fmt: skip
    """Labels asked for, newest first, without their documents."""
    query = select(*(getattr(ShipPurchase, name) for name in _SHOWN)).order_by(ShipPurchase.id.desc()).limit(limit)
    if parcel_id is not None:
        query = query.where(ShipPurchase.parcel_id == parcel_id)
    if order_id is not None:
        query = query.where(ShipPurchase.order_id == order_id)
    if wanted := list(states):
        query = query.where(ShipPurchase.state.in_(wanted))
    if words:
        query = query.where((ShipPurchase.tracking == words) | (ShipPurchase.sscc == words))
    return [dict(row._mapping) for row in await uow.session.execute(query)]


async def by_state(uow: UnitOfWork) -> dict[str, int]:
    rows = await uow.session.execute(select(ShipPurchase.state, func.count()).group_by(ShipPurchase.state))
    counted = {state: int(n) for state, n in rows.all()}
    return {state: counted.get(state, 0) for state in saga.NEXT}

"""Load services, rate cards, the matrix, the policy and goods records; learn service windows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.shipping import ShippingDataChanged
from wms.events.tracking import ParcelDelivered
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as orders
from wms.processes.shipping import queries
from wms.processes.shipping.rules import cards, matrix, policy, refusals, services, windows
from wms.processes.shipping.tables import ShipGoods, ShipService, ShipTransit, ShipVersion, ShipWindow

CHECK = "shipping"
"""Kind of the hold that every order begins with once the site has a service."""
OBSERVED = 500
"""Newest transits of a service to a country that its window is learned from."""
DAYS_MOST = 3650


async def save_services(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> int:
    """Create or change services, all or nothing. With the first one orders begin to be judged before release.

    Errors: ServiceRefused naming each faulty row and field.
    """
    faults, parsed = list[str](), dict[str, services.Service]()
    for n, row in enumerate(rows, 1):
        try:
            service = services.parse_service(row)
        except refusals.ServiceRefused as refused:
            faults += [f"row {n}: {fault}" for fault in refused.params["faults"]]
            continue
        if service.code in parsed:
            faults.append(f"row {n}: {service.code!r} comes twice")
        parsed[service.code] = service
    if faults or not rows:
        raise refusals.ServiceRefused(count=len(faults), faults=faults[:100] or ["at least one service"])
    if dry_run:
        return len(parsed)
    for row in rows:
        values = {"body": dict(row), "changed_at": uow.now, "changed_by": uow.actor.id}
        await uow.session.execute(
            insert(ShipService)
            .values(code=row["code"], **values)
            .on_conflict_do_update(index_elements=["code"], set_=values)
        )
    await orders.require_check(uow, CHECK)
    uow.emit(ShippingDataChanged(what="service", code="", version=0))
    return len(parsed)


async def load_card(uow: UnitOfWork, body: Mapping[str, Any], *, dry_run: bool = False) -> int:
    """Load the next version of a service's rate card. Returns its number.

    Errors: UnknownService, CardRefused naming each faulty row, gap and overlap.
    """
    code = str(body.get("service", ""))
    service = (await queries.all_services(uow)).get(code)
    if service is None:
        raise refusals.UnknownService(service=code)
    version = await queries.next_version(uow, "card", code)
    card = cards.parse_card(body, service, version)
    return await _keep(uow, "card", code, version, body, card.valid_from, card.valid_until, dry_run)


async def load_matrix(uow: UnitOfWork, body: Mapping[str, Any], *, dry_run: bool = False) -> int:
    """Load the next version of the eligibility matrix. Returns its number. Errors: MatrixRefused."""
    version = await queries.next_version(uow, "matrix", "")
    table = matrix.parse_matrix(body, await queries.all_services(uow), version)
    return await _keep(uow, "matrix", "", version, body, table.valid_from, table.valid_until, dry_run)


async def load_policy(uow: UnitOfWork, body: Mapping[str, Any], *, dry_run: bool = False) -> int:
    """Load the next version of the site's shipping policy. Returns its number. Errors: PolicyRefused."""
    version = await queries.next_version(uow, "policy", "")
    wanted = policy.parse_policy(body, await queries.all_services(uow), version)
    first = max(wanted.valid_from, date(2000, 1, 1))
    return await _keep(uow, "policy", "", version, body, first, wanted.valid_until, dry_run)


async def _keep(
    uow: UnitOfWork, kind: str, code: str, version: int, body: Mapping[str, Any], first: date, last: date, dry_run: bool
) -> int:
    if dry_run:
        return version
    uow.session.add(ShipVersion(
        kind=kind, code=code, version=version, valid_from=first, valid_until=last, body=_plain(body), loaded_at=uow.now,
        loaded_by=uow.actor.id,
    ))  # fmt: skip
    uow.emit(ShippingDataChanged(what=kind, code=code, version=version))
    return version


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


async def save_goods(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> int:
    """Keep dangerous goods records by SKU code, all or nothing. Errors: PaperRefused naming row and field."""
    known = await catalog.skus_by_code(uow, {str(r.get("sku", "")) for r in rows})
    faults, clean = list[str](), dict[int, dict[str, Any]]()
    for n, row in enumerate(rows, 1):
        sku = known.get(str(row.get("sku", "")))
        if sku is None:
            faults.append(f"row {n}: unknown sku {row.get('sku')!r}")
            continue
        try:
            clean[sku.id] = matrix.parse_goods_record(row)
        except refusals.PaperRefused as refused:
            faults += [f"row {n}: {fault}" for fault in refused.params["faults"]]
    if faults:
        raise refusals.PaperRefused(count=len(faults), faults=faults[:100])
    if dry_run:
        return len(clean)
    for sku_id, record in clean.items():
        values = {**record, "changed_at": uow.now, "changed_by": uow.actor.id}
        await uow.session.execute(
            insert(ShipGoods)
            .values(sku_id=sku_id, **values)
            .on_conflict_do_update(index_elements=["sku_id"], set_=values)
        )
    uow.emit(ShippingDataChanged(what="goods", code="", version=0))
    return len(clean)


async def learn_transit(uow: UnitOfWork, event: ParcelDelivered) -> None:
    """Take in how long a parcel took, once, and learn its service's window to that country anew."""
    tenths = round(event.days * 10)
    known = (await queries.all_services(uow)).get(event.service)
    if known is None or not 1 <= tenths <= DAYS_MOST:  # in no time: a carrier for trials, in time-lapse
        return
    fresh = await uow.session.execute(
        insert(ShipTransit).values(
            parcel_id=event.parcel_id, service=event.service, country=event.country, tenths=tenths, at=uow.now
        ).on_conflict_do_nothing().returning(ShipTransit.parcel_id)
    )  # fmt: skip
    if fresh.scalar() is None:
        return
    seen = list(await uow.session.scalars(
        select(ShipTransit.tenths).where(ShipTransit.service == event.service, ShipTransit.country == event.country)
        .order_by(ShipTransit.at.desc()).limit(OBSERVED)
    ))  # fmt: skip
    p10, p50, p90 = windows.learned(known.days, seen)
    values = {"seen": len(seen), "p10": p10, "p50": p50, "p90": p90, "learned_at": uow.now}
    await uow.session.execute(
        insert(ShipWindow).values(service=event.service, country=event.country, **values)
        .on_conflict_do_update(index_elements=["service", "country"], set_=values)
    )  # fmt: skip

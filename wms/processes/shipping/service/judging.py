"""Judge orders before release: which service may carry them at the least expected cost, or what they are held for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from wms.algorithms.packing.bags import filled, high_mm
from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as order_queries
from wms.foundation.orders import service as orders
from wms.kernel.ids import uuid7
from wms.processes.shipping import queries
from wms.processes.shipping.rules import choice, ladders
from wms.processes.shipping.rules.matrix import Goods
from wms.processes.shipping.rules.parcels import Parcel
from wms.processes.shipping.rules.policy import Policy
from wms.processes.shipping.service.data import CHECK
from wms.processes.shipping.tables import ShipCheck, ShipChoice

JUDGED = frozenset({"accepted", "backordered", "released", "picking", "picked", "packed"})
"""Later the label is on the parcel."""


async def judge(uow: UnitOfWork, order_id: UUID, book: choice.Book | None = None) -> choice.Choice | None:
    """Choose the order's service and duty term; free it, or hold it with the reason. None: nothing to judge.

    A site without services judges nothing. What the host fixed is judged and never changed.
    """
    order = await orders.lock(uow, order_id)
    book = book or await queries.book(uow)
    if not book.services or order.state not in JUDGED:
        return None
    before = await queries.choice_of(uow, order_id)
    fixed = (before["fixed_service"], before["fixed_term"]) if before else (order.service, order.duty_term)
    asked = await asked_of(uow, book, order, *fixed)
    if not asked.content:  # other warehouses send all of it
        await orders.lift(uow, order_id, CHECK, "")
        return None
    made = choice.choose(book, asked)
    await _keep(uow, book, order, fixed, made)
    if made.offer is None:
        await orders.hold(uow, order_id, CHECK, made.code, made.why, made.fields)
        if before is None or before["why"] != made.why or not before["code"]:  # looked at again every few minutes
            uow.emit(IncidentDetected(
                kind="shipping.held", key=f"shipping:{order_id}", subject=f"{order.ref}: {made.why}"[:300], owner="lead",
                detail={"order": order.ref, "why": made.why[:500], "missing": ", ".join(made.fields)}, due_h=4.0,
            ))  # fmt: skip
        return made
    best = made.offer
    terms = await _terms(uow, book, asked, order.currency, made.term, best)
    now = (order.carrier, order.service, order.duty_term, order.parcel_max_g, order.parcel_max_cents, order.carriage)
    if now != (best.carrier, best.service, made.term, terms.max_g, terms.max_cents, terms.carriage):
        duty = f"; {made.term}: {made.term_why}" if made.term else f"; {made.term_why}"
        await orders.route(
            uow,
            order_id,
            carrier=best.carrier,
            service=best.service,
            duty_term=made.term,
            why=made.why + duty,
            terms=terms,
        )
    await orders.lift(uow, order_id, CHECK, "")
    return made


async def _terms(
    uow: UnitOfWork, book: choice.Book, asked: choice.Asked, currency: str, duty_term: str, best: choice.Offer
) -> orders.ParcelTerms:
    """What the chosen service asks of parcels, so that cartons are planned within its limits and at least cost."""
    service, card = next(s for s in book.services if s.code == best.service), book.cards[best.service]
    cartons = await catalog.cartons(uow)
    most_g = choice.planned_g(service, asked.content, max((c.tare_g for c in cartons), default=0))
    limit = choice.value_limit(book, service, asked.country)
    most_cents = max(1, book.policy.from_site_currency(limit, currency) or 0) if limit else 0  # 0 would be no limit
    attributes = frozenset(a for goods, _ in asked.content for a in goods.judged)
    sides = {c.code: c.outer_mm for c in cartons}
    wanted = ladders.Wanted(card, asked.country, asked.postcode, attributes, duty_term, service.weight_max_g)
    as_is = {goods.sku_id: (goods.sides_mm, goods.weight_g) for goods, _ in asked.content if goods.own_container}
    key = ladders.key(book.policy, wanted, sides, as_is)
    if not await order_queries.prices(uow, [key]):
        await orders.keep_prices(uow, key, ladders.told(book.policy, wanted, sides, as_is))
    return orders.ParcelTerms(most_g, most_cents, key)


async def judge_held(uow: UnitOfWork, limit: int = 1_000) -> int:
    """Judge every order again that is held for shipping. Returns how many."""
    held = await order_queries.held(uow, CHECK, limit)
    book = await queries.book(uow) if held else None
    for order_id in held:
        await judge(uow, order_id, book)
    return len(held)


async def asked_of(
    uow: UnitOfWork, book: choice.Book, order: order_queries.OrderInfo, service: str, term: str
) -> choice.Asked:
    """An order as the choice sees it: what it declares, in the site's currency."""
    goods = await queries.goods(uow, {x.sku_id for x in order.lines})
    content: dict[int, tuple[Goods, int]] = {}
    unvalued = ""
    for line in order.lines:
        pieces = line.qty_each - line.short_each
        if pieces <= 0:
            continue
        value = book.policy.in_site_currency(line.value_cents, order.currency)
        unvalued = order.currency if value is None else unvalued
        one = content[line.sku_id][0] if line.sku_id in content else valued(goods[line.sku_id], value or 0)
        content[line.sku_id] = (one, content.get(line.sku_id, (one, 0))[1] + pieces)
    allowed = None
    if order.promised_at is not None:
        allowed = int((order.promised_at - max(order.cutoff_at, uow.now)).total_seconds() // 8640)
    cartons = {c.code: c for c in await catalog.cartons(uow)}
    return choice.Asked(
        country=str(order.destination.get("country", "")), postcode=postcode(order.destination),
        content=tuple(content.values()), parcels=_planned(book.policy, order, content, cartons), channel=order.channel,
        allowed_days=allowed, service=service, term=term, parcels_max=order.parcels_max, unvalued=unvalued,
    )  # fmt: skip


def valued(goods: Goods, value_cents: int) -> Goods:
    return Goods(**{n: getattr(goods, n) for n in Goods.__slots__ if n != "value_cents"}, value_cents=value_cents)


def postcode(destination: Mapping[str, Any]) -> str:
    return str(destination.get("zip") or destination.get("postcode") or "")


def _planned(
    policy: Policy, order: order_queries.OrderInfo, content: Mapping[int, tuple[Goods, int]],
    cartons: Mapping[str, catalog.CartonInfo],
) -> tuple[Parcel, ...]:  # fmt: skip
    """The parcels as planned, a bag as it is filled; none where the plan no longer fits the order's lines."""
    found, left = [], {sku_id: n for sku_id, (_, n) in content.items()}
    declared = {x.sku_id: x.value_cents for x in order.lines}
    for one in order.parcels:
        items = {int(sku): int(n) for sku, n in one["items"].items()}
        for sku_id, n in items.items():
            left[sku_id] = left.get(sku_id, -1) - n
        if any(sku not in content for sku in items):
            return ()
        inside = tuple((content[sku][0], n) for sku, n in items.items())
        carton = cartons.get(one["carton"])
        if carton is not None:
            sides = filled(carton.outer_mm, high_mm(one["placed"])) if carton.bag else carton.outer_mm
        elif not one["carton"] and all(g.own_container for g, _ in inside):
            sides = inside[0][0].sides_mm
        else:
            return ()
        value = policy.in_site_currency(sum(declared[sku] * n for sku, n in items.items()), order.currency)
        found.append(Parcel(int(one["expected_g"]), sides, value or 0, inside))
    return tuple(found) if not any(left.values()) else ()


async def _keep(
    uow: UnitOfWork, book: choice.Book, order: order_queries.OrderInfo, fixed: tuple[str, str], made: choice.Choice
) -> None:
    best = made.offer
    values = {
        "fixed_service": fixed[0], "fixed_term": fixed[1], "service": best.service if best else "", "term": made.term,
        "term_why": made.term_why, "code": made.code, "why": made.why, "cents": best.cents if best else 0,
        "currency": book.policy.currency, "offers": [told(o) for o in made.offers], "judged_at": uow.now,
    }  # fmt: skip
    await uow.session.execute(
        insert(ShipChoice)
        .values(order_id=order.id, **values)
        .on_conflict_do_update(index_elements=["order_id"], set_=values)
    )
    bans = [] if best else [r.params for o in made.offers[:1] for r in o.reasons if r.code == choice.RESTRICTED]
    uow.session.add(ShipCheck(
        id=uuid7(), order_id=order.id, parcel_id=None, stage="release", passed=best is not None, lines=len(order.lines),
        bans=[dict(b) for b in bans], matrix=book.matrix.version if book.matrix else 0, at=uow.now,
    ))  # fmt: skip


def told(offer: choice.Offer) -> dict[str, Any]:
    """An offer as the console shows it."""
    return {
        "service": offer.service, "carrier": offer.carrier, "kind": offer.kind, "term": offer.term, "cents": offer.cents,
        "duty_cents": offer.duty_cents, "late_cents": offer.late_cents, "preferred_cents": offer.preferred_cents,
        "expected_cents": offer.expected_cents, "parcels": len(offer.parcels), "charged_g": offer.charged_g,
        "days": [d / 10 for d in offer.window], "lines": [list(x) for x in offer.lines], "currency": offer.currency,
        "card_version": offer.card_version, "reasons": [{"code": r.code, "said": r.said, "params": dict(r.params)} for r in offer.reasons],
    }  # fmt: skip

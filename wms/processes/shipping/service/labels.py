"""Carry a label through its saga: ask, take in the answer, void what will not be used. No parcel and no return ever has two.

A purchase is committed in state `buying`, with the key that the carrier will know it by, before the carrier hears of it.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.packing import LabelWanted
from wms.events.shipping import CarrierAnswered, LabelBought, LabelRefused, ReturnLabelBought, ReturnLabelRefused
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import queries as label_queries
from wms.foundation.labels import service as labels
from wms.foundation.orders import queries as order_queries
from wms.kernel.carrier import BuyLabel
from wms.kernel.errors import BadInput, Refusal
from wms.kernel.ids import uuid7
from wms.processes.shipping import queries
from wms.processes.shipping.rules import choice, matrix, refusals, saga
from wms.processes.shipping.rules.parcels import Parcel
from wms.processes.shipping.service import judging
from wms.processes.shipping.tables import ShipCheck, ShipPurchase

FORMATS = ("zpl", "png", "pdf")
TELL_AT, RAISE_AT = 3, 8
"""Tries without an answer after which the bench hears of it, and after which it is an incident."""
LARGEST = 4 * 1024 * 1024


async def want(uow: UnitOfWork, event: LabelWanted) -> None:
    """Ask for a parcel's label."""
    fresh = ShipPurchase(
        id=uuid7(), kind="parcel", parcel_id=event.parcel_id, order_id=event.order_id, sscc=event.sscc, service="", account="",
        state="wanted", request={}, dropped="", wanted_at=uow.now,
    )  # fmt: skip
    await ask_for(uow, fresh, lambda: _prepare(uow, fresh, event))


async def ask_for(uow: UnitOfWork, fresh: ShipPurchase, prepare: Callable[[], Awaitable[Refusal | None]]) -> None:
    """Ask for a label, once the earlier one is void. The same number again is answered with what it has bought.

    prepare: fills in what the carrier is asked, or says what forbids asking.
    """
    there = await _open(uow, fresh.parcel_id)
    same = next((p for p in there if p.sscc == fresh.sscc and not p.dropped), None)
    if same is not None:
        if same.state == "bought":
            await _tell_bought(uow, same)
        return
    for old in there:
        if not old.dropped:
            _drop(uow, old, f"the parcel has a new number, {fresh.sscc}")
    refused = await prepare()
    uow.session.add(fresh)
    if refused is not None:
        _refuse(uow, fresh, refused.code, refused.detail, refused.retry_helps)
    elif not any(p.state in saga.LIVE for p in there):
        _ask(uow, fresh)
    elif stuck := next((p for p in there if p.code == refusals.VoidRefused.code), None):  # a lead settles it first
        _tell_refused(uow, fresh, stuck.code, stuck.why, False)
    await uow.session.flush()


async def drop(uow: UnitOfWork, parcel_id: UUID, number: str, reason: str) -> None:
    """The label of this number will not be used: void it, now or as soon as the carrier has sold it."""
    for one in await _open(uow, parcel_id):
        if one.sscc == number and not one.dropped:
            _drop(uow, one, reason or "not used")


async def take_answer(uow: UnitOfWork, event: CarrierAnswered) -> None:
    """Take in what became of a request; an answer that comes again changes nothing."""
    one = await uow.session.scalar(
        select(ShipPurchase).where(ShipPurchase.id == event.purchase_id).with_for_update()
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if one is None:
        return
    waits_for = ("buying", "unknown") if event.verb == "buy" else ("voiding",)
    if one.state not in waits_for:
        return
    match event.outcome:
        case "bought":
            await _take_label(uow, one, event)
        case "voided":
            one.state, one.voided_at, one.answered_at = saga.step(one.state, "voided"), uow.now, uow.now
        case "refused" if event.verb == "buy":
            one.answered_at = uow.now
            _refuse(uow, one, event.code or refusals.CarrierRefused.code, event.why, False)
        case "refused":
            one.state, one.code, one.why = saga.step(one.state, "void_refused"), refusals.VoidRefused.code, event.why
            _raise(uow, one, "void_refused", f"{one.tracking}: the carrier does not void it: {event.why}")
        case "unknown":
            one.state = saga.step(one.state, "silent")
            _silent(uow, one, event)
    await uow.session.flush()
    await _next(uow, one, event)


async def settle(uow: UnitOfWork, purchase_id: UUID, reason: str) -> None:
    """A lead has settled a label that its carrier would not void (refund claimed, or written off).

    Errors: NoPurchase, WrongSagaState, BadInput without a reason.
    """
    one = await uow.session.scalar(select(ShipPurchase).where(ShipPurchase.id == purchase_id).with_for_update())
    if one is None:
        raise refusals.NoPurchase(purchase=str(purchase_id))
    if not reason.strip():
        raise BadInput(field="reason", reason="say why")
    if not one.dropped:
        raise refusals.WrongSagaState(state=one.state, event="settle")
    one.state = saga.step(one.state, "settle")
    one.why, one.voided_at = f"settled by {uow.actor.name or uow.actor.id}: {reason.strip()}", uow.now
    await uow.session.flush()
    for waiting in await _open(uow, one.parcel_id):
        if waiting.state == "wanted":
            _ask(uow, waiting)


async def reprint(uow: UnitOfWork, parcel_id: UUID, reason: str) -> UUID:
    """A lead prints the parcel's label again; nothing is bought. Returns the print job.

    Errors: NoPurchase, labels.ReasonNeeded, labels.JobOpen, labels.JobVoid.
    """
    one = await uow.session.scalar(select(ShipPurchase).where(
        ShipPurchase.parcel_id == parcel_id, ShipPurchase.state == "bought", ShipPurchase.dropped == ""
    ))  # fmt: skip
    job = await label_queries.newest_job(uow, [one.tracking, one.sscc]) if one is not None else None
    if one is None or job is None:
        raise refusals.NoPurchase(parcel=str(parcel_id))
    return await labels.reprint(uow, job, reason)


async def document(uow: UnitOfWork, purchase_id: UUID) -> tuple[bytes, str]:
    """(bytes, format) of a label as its carrier sent it. Errors: NoPurchase."""
    one = await uow.session.get(ShipPurchase, purchase_id)
    if one is None or not one.document:
        raise refusals.NoPurchase(purchase=str(purchase_id))
    return base64.b64decode(one.document), one.format


async def _open(uow: UnitOfWork, parcel_id: UUID) -> list[ShipPurchase]:
    rows = await uow.session.scalars(
        select(ShipPurchase).where(ShipPurchase.parcel_id == parcel_id, ShipPurchase.state.in_((*saga.LIVE, "wanted")))
        .order_by(ShipPurchase.id).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    return list(rows)


async def _prepare(uow: UnitOfWork, fresh: ShipPurchase, event: LabelWanted) -> Refusal | None:
    """Fill in what the carrier is asked; what forbids asking is returned."""
    order = await order_queries.order(uow, event.order_id)
    book = await queries.book(uow)
    service = next((s for s in book.services if s.code == order.service), None)
    fresh.service = order.service
    if service is None:
        return refusals.UnknownService(service=order.service)
    fresh.account = service.account
    declared = await declared_of(uow, book, order, event.contents)
    inside = declared.inside
    sides = (event.length_mm, event.width_mm, event.height_mm)
    # Turned as a whole, as its limit was when the parcel was planned: cents rounded up piece by piece would be over it.
    parcel = Parcel(event.weight_g, sides, book.policy.in_site_currency(declared.cents, order.currency) or 0, inside)
    country = str(order.destination.get("country", ""))
    bans = matrix.judge(book.matrix, service, country, inside, book.on)
    note_check(uow, fresh, bans, len(inside), book)
    if bans:
        return refusals.RestrictedGoods(bans="; ".join(b.said for b in bans[:6]))
    if over := choice.limits(service, parcel, choice.value_limit(book, service, country)):
        return refusals.ServiceNotEligible(service=service.code, why="; ".join(r.said for r in over))
    if not service.account:
        return refusals.NoAccount(service=service.code)
    _expect(fresh, book, service.code, parcel, country, order)
    fresh.request = asdict(BuyLabel(
        key=str(fresh.id), service=service.code, reference=event.sscc, weight_g=event.weight_g, length_mm=event.length_mm,
        width_mm=event.width_mm, height_mm=event.height_mm, recipient=dict(order.destination), duty_term=order.duty_term,
        value_cents=declared.cents, currency=order.currency, contents=declared.contents, number=event.number, of=event.of,
    ))  # fmt: skip
    return None


@dataclass(frozen=True, slots=True)
class Declared:
    """What is in a parcel, as the order declares it. inside: goods valued in the site's currency, with their pieces; cents: of
    all of it, in the order's currency; contents: as a carrier is told."""

    inside: tuple[tuple[matrix.Goods, int], ...]
    cents: int
    contents: list[dict[str, Any]]


async def declared_of(
    uow: UnitOfWork, book: choice.Book, order: order_queries.OrderInfo, pieces_of: Mapping[str, int]
) -> Declared:
    """pieces_of: SKU id, as events write it, to pieces."""
    pieces = {int(sku_id): n for sku_id, n in pieces_of.items()}
    goods, names = await queries.goods(uow, pieces), await catalog.skus(uow, pieces)
    cents = {x.sku_id: x.value_cents for x in order.lines}
    inside = tuple(
        (judging.valued(goods[sku], book.policy.in_site_currency(cents.get(sku, 0), order.currency) or 0), n)
        for sku, n in pieces.items() if sku in goods
    )  # fmt: skip
    contents = [
        {"sku": names[g.sku_id].code, "name": names[g.sku_id].name, "pieces": n, "value_cents": cents.get(g.sku_id, 0),
         "attributes": list(g.attributes), "un_number": g.un_number} for g, n in inside
    ]  # fmt: skip
    return Declared(inside, sum(cents.get(g.sku_id, 0) * n for g, n in inside), contents)


def note_check(uow: UnitOfWork, fresh: ShipPurchase, bans: Sequence[matrix.Ban], lines: int, book: choice.Book) -> None:
    uow.session.add(ShipCheck(
        id=uuid7(), order_id=fresh.order_id, parcel_id=fresh.parcel_id, stage="label", passed=not bans, lines=lines,
        bans=[asdict(b) for b in bans], matrix=book.matrix.version if book.matrix else 0, at=uow.now,
    ))  # fmt: skip


def _expect(
    fresh: ShipPurchase, book: choice.Book, service: str, parcel: Parcel, country: str, order: order_queries.OrderInfo
) -> None:
    """What the rate card says that it costs, in the site's currency: held against the carrier's own price later."""
    card, terms = book.cards.get(service), book.policy.countries.get(country)
    if card is None:
        return
    asked = choice.Asked(country, judging.postcode(order.destination), parcel.content)
    found = choice.priced(book, asked, card, order.duty_term, [parcel], terms.duty_bp if terms else 0)
    if not isinstance(found, choice.Reason):
        fresh.expected_cents, fresh.expected_currency = found[0], book.policy.currency


def _ask(uow: UnitOfWork, one: ShipPurchase) -> None:
    one.state, one.asked_at = saga.step(one.state, "ask"), uow.now
    payload: dict[str, Any] = {"parcel_id": str(one.parcel_id), "label": one.request}
    uow.send_carrier(one.account, "buy", payload, ref=f"purchase:{one.id}")


def _drop(uow: UnitOfWork, one: ShipPurchase, reason: str) -> None:
    one.dropped = reason[:200]
    if one.state == "wanted":
        one.state = saga.step(one.state, "drop")
    elif one.state == "bought":
        _void(uow, one)


def _void(uow: UnitOfWork, one: ShipPurchase) -> None:
    one.state = saga.step(one.state, "void")
    payload = {"parcel_id": str(one.parcel_id), "key": str(one.id), "carrier_ref": one.carrier_ref}
    uow.send_carrier(one.account, "void", payload, ref=f"purchase:{one.id}")


async def _take_label(uow: UnitOfWork, one: ShipPurchase, event: CarrierAnswered) -> None:
    one.state, one.answered_at = saga.step(one.state, "bought"), uow.now
    one.tracking, one.carrier_ref, one.format = event.tracking, event.carrier_ref, event.format
    one.document, one.price_cents, one.price_currency = event.document, event.price_cents, event.currency
    if fault := _fault(event):
        # Paid for and of no use: given back, and the bench told what to mend.
        one.code, one.why = refusals.BadDocument.code, fault
        _tell_refused(uow, one, one.code, fault, False)
        _drop(uow, one, fault)
    elif one.dropped:
        _void(uow, one)
    else:
        await _tell_bought(uow, one)


def _fault(event: CarrierAnswered) -> str:
    if not event.tracking:
        return "no tracking number"
    if event.format not in FORMATS:
        return f"format {event.format[:20]!r}"
    try:
        size = len(base64.b64decode(event.document, validate=True))
    except (binascii.Error, ValueError):
        return "no base64"
    return "" if 0 < size <= LARGEST else f"{size} bytes"


async def _tell_bought(uow: UnitOfWork, one: ShipPurchase) -> None:
    if one.kind == "return":
        uow.emit(ReturnLabelBought(
            rma_id=one.parcel_id, number=one.sscc, service=one.service, tracking=one.tracking, format=one.format,  # type: ignore[arg-type]
            document=one.document, price_cents=one.price_cents, currency=one.price_currency,
        ))  # fmt: skip
        return
    service = (await queries.all_services(uow)).get(one.service)
    uow.emit(LabelBought(
        parcel_id=one.parcel_id, order_id=one.order_id, sscc=one.sscc, tracking=one.tracking, format=one.format,  # type: ignore[arg-type]
        document=one.document, service=one.service, account=one.account, days=service.days if service else (),
    ))  # fmt: skip


def _tell_refused(uow: UnitOfWork, one: ShipPurchase, code: str, why: str, retry_helps: bool) -> None:
    if one.dropped:
        return
    if one.kind == "return":
        uow.emit(ReturnLabelRefused(rma_id=one.parcel_id, number=one.sscc, code=code, why=why, retry_helps=retry_helps))
    else:
        uow.emit(LabelRefused(
            parcel_id=one.parcel_id, order_id=one.order_id, sscc=one.sscc, code=code, why=why, retry_helps=retry_helps
        ))  # fmt: skip


def _refuse(uow: UnitOfWork, one: ShipPurchase, code: str, why: str, retry_helps: bool) -> None:
    one.state = saga.step(one.state, "refused" if one.state != "wanted" else "refuse")
    one.code, one.why = code, why
    _tell_refused(uow, one, code, why, retry_helps)


def _silent(uow: UnitOfWork, one: ShipPurchase, event: CarrierAnswered) -> None:
    one.why = event.why[:300]
    if event.attempt == TELL_AT and event.verb == "buy":
        _tell_refused(uow, one, refusals.CarrierSilent.code, event.why, True)
    if event.attempt == RAISE_AT:
        _raise(uow, one, "carrier_silent", f"{one.account} does not answer for {one.sscc}: {event.why}")


def _raise(uow: UnitOfWork, one: ShipPurchase, kind: str, subject: str) -> None:
    uow.emit(IncidentDetected(
        kind=f"shipping.{kind}", key=f"{kind}:{one.id}", subject=subject[:300], owner="lead", due_h=1.0,
        detail={"parcel": str(one.parcel_id), "sscc": one.sscc, "account": one.account, "tracking": one.tracking,
                "purchase": str(one.id), "reason": one.dropped},
    ))  # fmt: skip


async def _next(uow: UnitOfWork, one: ShipPurchase, event: CarrierAnswered) -> None:
    """The parcel's next label waits until this one is out of the way."""
    waiting = [p for p in await _open(uow, one.parcel_id) if p.state == "wanted"]
    for p in waiting:
        if one.state in ("voided", "refused"):
            _ask(uow, p)
        elif one.state == "bought" and one.code == refusals.VoidRefused.code:
            _tell_refused(uow, p, refusals.VoidRefused.code, one.why, False)
        elif event.outcome == "unknown" and event.attempt == TELL_AT:
            _tell_refused(uow, p, refusals.VoidPending.code, event.why, True)

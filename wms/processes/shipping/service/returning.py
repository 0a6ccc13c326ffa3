"""Labels that returns come back with: judged and bought as any other, from the customer to the depot."""

from dataclasses import asdict

from wms.db.uow import UnitOfWork
from wms.events.returns import ReturnLabelWanted
from wms.foundation.orders import queries as order_queries
from wms.kernel.carrier import BuyLabel
from wms.kernel.errors import Refusal
from wms.kernel.ids import uuid7
from wms.processes.shipping import queries
from wms.processes.shipping.rules import choice, matrix, refusals
from wms.processes.shipping.rules.parcels import expected
from wms.processes.shipping.service import labels
from wms.processes.shipping.tables import ShipPurchase


async def want(uow: UnitOfWork, event: ReturnLabelWanted) -> None:
    """Ask for a return's label, once; the service is the one that the returns policy names."""
    fresh = ShipPurchase(
        id=uuid7(), kind="return", parcel_id=event.rma_id, order_id=event.order_id, sscc=event.number, service=event.service,
        account="", state="wanted", request={}, dropped="", wanted_at=uow.now,
    )  # fmt: skip
    await labels.ask_for(uow, fresh, lambda: _prepare(uow, fresh, event))


async def _prepare(uow: UnitOfWork, fresh: ShipPurchase, event: ReturnLabelWanted) -> Refusal | None:
    """Fill in what the carrier is asked; what forbids asking is returned.

    The customer packs: the parcel is the one that its content lets expect. The service's countries are those that it delivers to
    from here, so they say nothing of a return.
    """
    order, book = await order_queries.order(uow, event.order_id), await queries.book(uow)
    service = next((s for s in book.services if s.code == event.service and s.active), None)
    if service is None:
        return refusals.UnknownService(service=event.service)
    if not service.account:
        return refusals.NoAccount(service=service.code)
    fresh.account = service.account
    declared = await labels.declared_of(uow, book, order, event.contents)
    inside = declared.inside
    bans = matrix.judge(book.matrix, service, event.depot["country"], inside, book.on)
    labels.note_check(uow, fresh, bans, len(inside), book)
    if bans:
        return refusals.RestrictedGoods(bans="; ".join(b.said for b in bans[:6]))
    parcel = expected(inside, book.boxes, book.policy.packing_g)
    if over := choice.limits(service, parcel, service.value_max_cents):
        return refusals.ServiceNotEligible(service=service.code, why="; ".join(r.said for r in over))
    length, width, height = parcel.sides_mm
    fresh.request = asdict(BuyLabel(
        key=str(fresh.id), service=service.code, reference=event.number, weight_g=parcel.weight_g, length_mm=length,
        width_mm=width, height_mm=height, recipient=dict(event.depot), duty_term="", currency=order.currency,
        value_cents=declared.cents, sender=dict(order.destination), contents=declared.contents,
    ))  # fmt: skip
    return None

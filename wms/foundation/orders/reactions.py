"""The host hears what became of its orders."""

from wms.db.uow import UnitOfWork
from wms.events.orders import OrderCancelled, OrderShipped


async def tell_host_shipped(uow: UnitOfWork, event: OrderShipped) -> None:
    uow.send_host("order.shipped", {"order_id": str(event.order_id), "ref": event.ref}, ref=f"order:{event.order_id}")


async def tell_host_cancelled(uow: UnitOfWork, event: OrderCancelled) -> None:
    uow.send_host(
        "order.cancelled", {"order_id": str(event.order_id), "ref": event.ref, "reason": event.reason},
        ref=f"order:{event.order_id}",
    )  # fmt: skip

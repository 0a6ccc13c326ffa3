"""The try-out: what a choice would be, with nothing changed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.catalog.rules import UnknownSku
from wms.processes.shipping import queries
from wms.processes.shipping.rules import choice
from wms.processes.shipping.service.judging import told, valued


async def try_out(
    uow: UnitOfWork, *, country: str, postcode: str, lines: Sequence[tuple[str, int]], channel: str,
    promised: timedelta | None, service: str, term: str, parcels_max: int,
) -> dict[str, Any]:  # fmt: skip
    """Offers for this content and destination, SKUs at their own value. Errors: catalog.UnknownSku."""
    known = await catalog.skus_by_code(uow, {code for code, _ in lines})
    for code, _ in lines:
        if code not in known:
            raise UnknownSku(sku=code)
    goods = await queries.goods(uow, {s.id for s in known.values()})
    pieces: dict[int, int] = {}
    for code, n in lines:
        pieces[known[code].id] = pieces.get(known[code].id, 0) + n
    book = await queries.book(uow)
    made = choice.choose(book, choice.Asked(
        country=country, postcode=postcode, channel=channel, service=service, term=term, parcels_max=parcels_max,
        content=tuple((valued(goods[i], goods[i].value_cents), n) for i, n in pieces.items()),
        allowed_days=None if promised is None else int(promised.total_seconds() // 8640),
    ))  # fmt: skip
    return {
        "service": made.offer.service if made.offer else "", "term": made.term, "term_why": made.term_why, "code": made.code,
        "why": made.why, "currency": book.policy.currency, "offers": [told(o) for o in made.offers],
    }  # fmt: skip

"""Set velocity classes by the picks of the last weeks, the recent days counting most."""

from collections import Counter

from wms.algorithms.slotting import abc, forecast
from wms.db.uow import UnitOfWork
from wms.events.slotting import VelocityClassified
from wms.foundation.catalog import queries as catalog
from wms.foundation.catalog import service as catalog_service
from wms.kernel.ids import uuid7
from wms.processes.slotting import queries, rules
from wms.processes.slotting.tables import VelocityRun


async def classify(uow: UnitOfWork) -> VelocityClassified | None:
    """Set ABC classes by smoothed pick lines (EWMA by day); None while nothing has been picked."""
    by_day = await queries.pick_days(uow, rules.WINDOW_DAYS)
    picked = int(sum(max(sum(days), 0.0) for days in by_day.values()))
    if not picked:
        return None
    lines = forecast.smoothed(by_day, rules.HALF_LIFE_DAYS, rules.WINDOW_DAYS)
    skus = {s.id: s for s in await catalog.all_skus(uow)}
    # Before the first run every SKU bears the default class, which says nothing.
    current = {i: s.velocity_class for i, s in skus.items()} if await queries.last_run(uow) else {}
    ranked = abc.classify(lines, current)
    changed = await catalog_service.set_velocity(uow, {i: r.velocity for i, r in ranked.items()})
    told = VelocityClassified(window_days=rules.WINDOW_DAYS, lines=picked, changed=changed)
    uow.session.add(
        VelocityRun(
            id=uuid7(), at=uow.now, window_days=told.window_days, lines=told.lines, skus=len(ranked), changed=changed,
            sizes=dict(Counter(r.velocity for r in ranked.values())), by=uow.actor.id,
        )
    )  # fmt: skip
    uow.emit(told)
    return told

"""Feed the floor through the channels, and keep the channels."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from wms.db.uow import UnitOfWork
from wms.events.order_release import FloorHasRoom
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.stock import queries as stock
from wms.processes.order_release import queries, rules
from wms.processes.order_release.rules import carts, channels, stream
from wms.processes.order_release.service import waves
from wms.processes.order_release.tables import ReleaseChannel, Wave

CHOICE_LOST_S = 60
"""A choice that takes longer was lost, and is made anew."""

choose = stream.choose
"""The pure middle of the stream, run in a process pool."""


async def feed(uow: UnitOfWork) -> None:
    """Wake channels, release the waves that are due, and ask each stream for the next orders while the floor has room."""
    await uow.session.execute(
        update(ReleaseChannel).where(ReleaseChannel.state == "asleep", ReleaseChannel.wakes_at <= uow.now)
        .values(state="open", wakes_at=None)
    )  # fmt: skip
    given = await queries.release_channels(uow)
    shared = channels.share_out(given, await queries.waiting(uow, given))
    for channel in given:
        if channel.mode == "wave" and channel.may_release(uow.now):
            await _release_due(uow, channel, shared[channel.id])
    left = channels.room(await queries.floor(uow)).orders
    under_way = await queries.under_way(uow)
    for channel in given:
        if channel.mode != "stream" or not channel.may_release(uow.now) or not shared[channel.id]:
            continue
        own = channel.wip_max - under_way.get(channel.id, 0) if channel.wip_max else left
        if (n := min(left, own, len(shared[channel.id]))) > 0 and await _begin_choice(uow, channel.id):
            uow.emit(FloorHasRoom(channel_id=channel.id, orders_max=n))
            left -= n


async def _release_due(uow: UnitOfWork, channel: channels.Channel, waiting: Sequence[channels.Waiting]) -> None:
    for group in channels.due(channel, waiting, uow.now):
        first = group[0]
        await waves.release_wave(
            uow, f"{channel.code} {first.carrier} {await uow.site_time(first.cutoff_at):%H:%M}", [w.order_id for w in group],
            why=f"{channel.lead_min} min before the cut-off of {first.carrier}", channel_id=channel.id,
            method=channel.method,
        )  # fmt: skip


async def _begin_choice(uow: UnitOfWork, channel_id: int) -> bool:
    """One choice at a time per channel: the next would see the same orders."""
    begun = await uow.session.execute(
        update(ReleaseChannel).where(
            ReleaseChannel.id == channel_id,
            ReleaseChannel.filling_at.is_(None) | (ReleaseChannel.filling_at < uow.now - timedelta(seconds=CHOICE_LOST_S)),
        ).values(filling_at=uow.now).returning(ReleaseChannel.id)
    )  # fmt: skip
    return begun.scalar() is not None


async def pool(uow: UnitOfWork, channel_id: int, orders_max: int) -> stream.Pool | None:
    """The orders among which the channel's next tours are chosen; None when it has none any more."""
    given = await queries.release_channels(uow)
    channel = next((c for c in given if c.id == channel_id), None)
    waiting = [] if channel is None else channels.share_out(given, await queries.waiting(uow, given))[channel_id]
    if channel is None or not waiting or not channel.may_release(uow.now):
        await _end_choice(uow, channel_id)
        return None
    pace = await queries.pace(uow)
    line = stream.in_line(waiting, pace.rate_per_h, uow.now)[: max(channels.POOL, orders_max)]
    walk, index = await waves.walk_of(uow)
    _, totes = await stock.cart_totes(uow)
    return stream.Pool(
        await _loads(uow, line, index, walk.start), stream.urgent(line, pace, uow.now), orders_max, walk,
        carts.Cart(totes, waves.TOTE_MM3, waves.CART_LOAD_G),
    )  # fmt: skip


async def _loads(
    uow: UnitOfWork, line: Sequence[channels.Waiting], index: dict[int, int], depot: int
) -> tuple[carts.Load, ...]:
    """Where each order would be picked. One without stock stays in: planning gives it its reason."""
    found = await orders.orders(uow, [w.order_id for w in line])
    sku_ids = {x.sku_id for o in found.values() for x in o.lines}
    first, skus = await stock.first_places(uow, sku_ids), await catalog.skus(uow, sorted(sku_ids))
    spots = {s.id: index[s.node_id] for s in await layout.locations(uow, ids=set(first.values()))} if first else {}
    loads = []
    for w in line:
        lines = found[w.order_id].lines
        nodes = tuple(spots[first[x.sku_id]] for x in lines if x.sku_id in first) or (depot,)
        loads.append(carts.Load(
            w.order_id, w.priority, w.cutoff_at.timestamp(), nodes, sum(x.open_each for x in lines),
            sum(skus[x.sku_id].weight_g * x.open_each for x in lines),
            sum(skus[x.sku_id].volume_mm3 * x.open_each for x in lines),
        ))  # fmt: skip
    return tuple(loads)


async def release_chosen(uow: UnitOfWork, channel_id: int, order_ids: Sequence[UUID], of: int) -> None:
    """Open a wave with what was chosen among `of` orders; who left meanwhile is left out."""
    await _end_choice(uow, channel_id)
    try:
        await waves.release_wave(
            uow,
            f"Stream {await uow.site_time(uow.now):%H:%M:%S}",
            order_ids,
            why=f"room for {len(order_ids)} of {of} waiting",
            channel_id=channel_id,
            method=next((c.method for c in await queries.release_channels(uow) if c.id == channel_id), "cluster"),
        )
    except rules.NothingToRelease:
        return


async def _end_choice(uow: UnitOfWork, channel_id: int) -> None:
    await uow.session.execute(update(ReleaseChannel).where(ReleaseChannel.id == channel_id).values(filling_at=None))


async def save_channel(
    uow: UnitOfWork, code: str, takes: Mapping[str, Any], *, seq: int, mode: str, state: str = "open", wip_max: int = 0,
    lead_min: int = 0, wakes_at: datetime | None = None, method: str = "cluster",
) -> int:  # fmt: skip
    """Open a channel or change it; from the next look at the floor on. `takes`: fields of `Filter`.

    Errors: BadChannel, NoWall, NoPods.
    """
    channels.check(mode, state, wakes_at, lead_min)
    await waves.check_method(uow, method)
    row = await queries.channel_row(uow, code)
    if row is None:
        row = ReleaseChannel(code=code, filling_at=None)
        uow.session.add(row)
    row.seq, row.mode, row.state, row.wip_max, row.lead_min = seq, mode, state, wip_max, lead_min
    row.method = method
    row.filter = {k: v for k, v in takes.items() if v not in ([], (), None)}
    row.wakes_at = wakes_at if state == "asleep" else None
    await uow.session.flush()
    return row.id


async def delete_channel(uow: UnitOfWork, code: str) -> None:
    """Its orders go to the next channel that takes them. Errors: UnknownChannel."""
    row = await queries.channel_row(uow, code)
    if row is None:
        raise rules.UnknownChannel(code=code)
    await uow.session.execute(update(Wave).where(Wave.channel_id == row.id).values(channel_id=None))
    await uow.session.execute(delete(ReleaseChannel).where(ReleaseChannel.id == row.id))

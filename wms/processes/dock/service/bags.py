"""Channel bags and pallets: opened by their tag, filled by scan within their limits, sealed and weighed."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.dock import ContainerSealed
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import queries as scanning
from wms.foundation.scanning import rules as scanning_rules
from wms.foundation.stock import service as ledger
from wms.kernel.ids import uuid7
from wms.processes.dock import queries, rules
from wms.processes.dock.service import loading
from wms.processes.dock.tables import BagRule, Container, Load

PALLET_MOST_G = 100_000


async def open_bag(uow: UnitOfWork, tag: str) -> queries.ContainerInfo:
    """The open bag or pallet of this tag; a new tag is a new bag, and so is the tag of a bag that has left and come back.

    Errors: NotATag, ContainerClosed.
    """
    code = tag.strip().upper().removeprefix("]C100").removeprefix("]C1")
    await uow.alone(f"dock.tag:{code}")
    found = await queries.find_container(uow, code) or await queries.find_container(uow, code[-18:])
    if found is not None and not (found.kind == "bag" and found.state == "departed"):
        if found.state != "open":
            raise rules.ContainerClosed(bag=found.code, state=found.state)
        return found
    if found is not None:
        await _keep_apart(uow, found)
    elif not rules.is_tag(code) or await _means_something(uow, code):
        raise rules.NotATag(scanned=tag[:40])
    return await _make(uow, "bag", code)


async def _keep_apart(uow: UnitOfWork, left: queries.ContainerInfo) -> None:
    """The unit that left under this tag keeps its history under a plate of its own, `<tag>/<how often before>`."""
    trips = await uow.session.scalar(select(func.count()).select_from(Container).where(Container.code == left.code))
    await ledger.recode_unit(uow, left.hu_id, f"{left.code}/{trips}")


async def _means_something(uow: UnitOfWork, code: str) -> bool:
    """Goods, a unit, a location or a parcel's number: a slip of the scanner, no tag."""
    try:
        await scanning.meaning(uow, code)
    except (scanning_rules.UnknownBarcode, scanning_rules.UnreadableBarcode):
        try:
            await loading.lock_parcel(uow, code)
        except rules.UnknownParcel:
            return False
    except scanning_rules.AmbiguousBarcode:
        return True
    return True


async def _make(uow: UnitOfWork, kind: str, code: str) -> queries.ContainerInfo:
    lanes = await layout.locations(uow, ["ship"])
    hu_id = await ledger.create_unit(uow, kind, code, lanes[0].id if lanes else 0)
    row = Container(
        id=uuid7(), kind=kind, code=code, hu_id=hu_id, state="open", carrier="", service="", country="", seal="", expected_g=0,
        weight_g=0, opened_at=uow.now, sealed_by="",
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    return queries.container_info(row)


async def new_pallet(uow: UnitOfWork, printer: str = "") -> queries.ContainerInfo:
    """A pallet with an SSCC of its own, its label printed where a printer is named. Errors: NoPrinter, UnknownPrinter."""
    made = await _make(uow, "pallet", await labels.next_sscc(uow))
    if printer:
        await labels.print_label(uow, "lpn", {"code": made.code, "content": ""}, printer, f"dock.pallet:{made.id}")
    return made


async def _lock(uow: UnitOfWork, container_id: UUID) -> Container:
    row = await uow.session.get(Container, container_id, with_for_update=True, populate_existing=True)
    assert row is not None
    return row


async def put_in(uow: UnitOfWork, tag: str, scan: str) -> queries.ContainerInfo:
    """A parcel into an open bag or onto an open pallet, or a sealed bag onto a pallet.

    Errors: UnknownParcel, ContainerClosed, ContainerOpen, WrongBag, BagFull, InAnotherBag, AlreadyLoaded, LabelVoid,
    OrderIsCancelled, OrderHeld.
    """
    row = await _lock(uow, (await open_bag(uow, tag)).id)
    if row.kind == "pallet" and (bag := await queries.find_container(uow, scan.strip().upper())) is not None:
        await _bag_onto(uow, row, await _lock(uow, bag.id))
        return queries.container_info(row)
    parcel = await loading.lock_parcel(uow, scan)
    await loading.check_may_leave(uow, parcel)
    if parcel.container_id == row.id:
        return queries.container_info(row)
    if parcel.container_id is not None:
        other = await _lock(uow, parcel.container_id)
        raise rules.InAnotherBag(parcel=parcel.sscc, bag=other.code)
    if parcel.state != "ready":
        raise rules.AlreadyLoaded(parcel=parcel.sscc)
    rule = await queries.bag_rule(uow, parcel.carrier, parcel.service)
    if row.kind == "pallet" and rule is not None and rule.needs_bag:
        raise rules.NeedsBag(parcel=parcel.sscc, carrier=parcel.carrier)
    there = await queries.inside(uow, [row.id])
    _check_way(row, parcel, rule if row.kind == "bag" else None, bool(there))
    if row.kind == "bag" and rule is not None:
        weight = rule.tare_g + sum(p.weight_g for p in there) + parcel.weight_g
        if len(there) >= rule.parcels_max or weight > rule.weight_max_g:
            raise rules.BagFull(bag=row.code, parcels=len(there), weight_g=weight, weight_max_g=rule.weight_max_g,
                                parcels_max=rule.parcels_max)  # fmt: skip
    parcel.container_id = row.id
    await uow.session.flush()
    await ledger.put_unit(uow, parcel.hu_id, row.hu_id)
    return queries.container_info(row)


def _check_way(row: Container, parcel: Load, rule: queries.BagLimits | None, begun: bool) -> None:
    """The first parcel says which way the bag goes. A pallet goes by carrier, a bag by service, and by country where asked."""
    way = (
        parcel.carrier,
        parcel.service if row.kind == "bag" else "",
        parcel.country if rule and rule.by_country else "",
    )
    if not begun and row.state == "open":
        row.carrier, row.service, row.country = way
    elif (row.carrier, row.service, row.country) != way:
        raise rules.WrongBag(
            parcel=parcel.sscc, bag=row.code, goes=" ".join(filter(None, way)),
            bag_goes=" ".join(filter(None, (row.carrier, row.service, row.country))),
        )  # fmt: skip


async def _bag_onto(uow: UnitOfWork, pallet: Container, bag: Container) -> None:
    if bag.state != "sealed":
        rules.step(rules.CONTAINER, bag.state, "load", bag.code)
        raise rules.ContainerClosed(bag=bag.code, state=bag.state)
    if bag.parent_id not in (None, pallet.id):
        raise rules.InAnotherBag(parcel=bag.code, bag=(await _lock(uow, bag.parent_id)).code)
    if pallet.carrier and pallet.carrier != bag.carrier:
        raise rules.WrongBag(parcel=bag.code, bag=pallet.code, goes=bag.carrier, bag_goes=pallet.carrier)
    pallet.carrier, bag.parent_id = bag.carrier, pallet.id
    await uow.session.flush()
    await ledger.put_unit(uow, bag.hu_id, pallet.hu_id)


async def take_out(uow: UnitOfWork, scan: str) -> queries.ContainerInfo:
    """A parcel comes out of its open bag or pallet by scan. Errors: UnknownParcel, NotLoaded, ContainerClosed."""
    parcel = await loading.lock_parcel(uow, scan)
    if parcel.container_id is None:
        raise rules.NotLoaded(parcel=parcel.sscc)
    row = await _lock(uow, parcel.container_id)
    if row.state != "open":
        raise rules.ContainerClosed(bag=row.code, state=row.state)
    parcel.container_id = None
    await uow.session.flush()
    lanes = await layout.locations(uow, ["ship"])
    if lanes:
        await ledger.put_unit(uow, parcel.hu_id, lanes[0].id)
    return queries.container_info(row)


async def seal(uow: UnitOfWork, tag: str, seal_scan: str, weight_g: int) -> queries.ContainerInfo:
    """Close a bag or pallet: its seal is its own, its weight is that of what is in it.

    `weight_g` 0: not weighed, which only a pallet may be whose own weight no rule tells. Errors: ContainerClosed, ContainerEmpty, SealTaken, NotATag,
    BagWeightOff, OrderHeld, OrderIsCancelled.
    """
    row = await _lock(uow, (await open_bag(uow, tag)).id)
    parcels = await queries.inside(uow, [row.id])
    if not parcels:
        raise rules.ContainerEmpty(bag=row.code)
    number = seal_scan.strip().upper()
    if not rules.is_tag(number):
        raise rules.NotATag(scanned=seal_scan[:40])
    await uow.alone(f"dock.seal:{number}")
    other = await uow.session.scalar(Container.__table__.select().where(Container.seal == number).limit(1))
    if other is not None:
        raise rules.SealTaken(seal=number)
    for parcel in parcels:
        await loading.check_may_leave(uow, parcel)
    rule = await queries.bag_rule(uow, row.carrier, row.service)
    bags = await queries.bags_on(uow, row.id)
    loose_g = sum(p.weight_g for p in parcels if p.container_id == row.id)
    tares = (rule.tare_g, rule.pallet_tare_g) if rule else (0, 0)
    expected = rules.expected_g(row.kind, loose_g, sum(b.weight_g for b in bags), *tares)
    tolerance = rules.bag_tolerance_g(expected)
    if (weight_g or row.kind == "bag" or tares[1]) and abs(weight_g - expected) > tolerance:
        raise rules.BagWeightOff(bag=row.code, weight_g=weight_g, expected_g=expected, tolerance_g=tolerance)
    row.state = rules.step(rules.CONTAINER, row.state, "seal", row.code)
    row.seal, row.expected_g, row.weight_g, row.sealed_at, row.sealed_by = (
        number,
        expected,
        weight_g,
        uow.now,
        uow.actor.id,
    )
    await uow.session.flush()
    if weight_g:
        await ledger.weigh_unit(uow, row.hu_id, weight_g)
    uow.emit(ContainerSealed(
        container_id=row.id, kind=row.kind, code=row.code, carrier=row.carrier, service=row.service, seal=number,
        parcels=len(parcels), weight_g=weight_g,
    ))  # fmt: skip
    return queries.container_info(row)


async def open_again(uow: UnitOfWork, tag: str) -> queries.ContainerInfo:
    """A lead opens a sealed bag that has not left: its seal is void, it comes off its pallet and its truck.

    A pallet that was closed with the bag on it is not what was closed any more: it is opened too.
    Errors: NotATag, ContainerClosed.
    """
    found = await queries.find_container(uow, tag.strip().upper())
    if found is None:
        raise rules.NotATag(scanned=tag[:40])
    row = await _lock(uow, found.id)
    rules.step(rules.CONTAINER, row.state, "open", row.code)
    if row.parent_id is not None:
        pallet = await _lock(uow, row.parent_id)
        if pallet.state in ("sealed", "loaded"):
            await _unseal(uow, pallet)
            row = await _lock(uow, row.id)  # off the truck with its pallet
    await _unseal(uow, row)
    return queries.container_info(row)


async def _unseal(uow: UnitOfWork, row: Container) -> None:
    state = rules.step(rules.CONTAINER, row.state, "open", row.code)
    if row.state == "loaded":
        await loading.off(
            uow, [p for p in await queries.inside(uow, [row.id]) if p.state == "loaded"], "ready", "bag opened"
        )
        await uow.session.execute(
            update(Container).where(Container.parent_id == row.id).values(state="sealed", manifest_id=None)
        )
    row.state, row.seal, row.manifest_id, row.parent_id, row.sealed_at = state, "", None, None, None
    await uow.session.flush()
    lanes = await layout.locations(uow, ["ship"])
    if lanes:
        await ledger.put_unit(uow, row.hu_id, lanes[0].id)


async def set_bag_rule(
    uow: UnitOfWork, carrier: str, service: str, *, parcels_max: int, weight_max_g: int, tare_g: int, by_country: bool,
    needs_bag: bool, pallet_tare_g: int = 0,
) -> None:  # fmt: skip
    """Errors: BadBagRule."""
    if (
        not carrier
        or parcels_max < 1
        or not 0 <= tare_g < weight_max_g <= 2_000_000
        or not 0 <= pallet_tare_g <= PALLET_MOST_G
    ):
        raise rules.BadBagRule(
            problem="carrier, parcels_max >= 1, 0 <= tare_g < weight_max_g <= 2 t and 0 <= pallet_tare_g <= 100 kg are needed"
        )
    values = {
        "parcels_max": parcels_max, "weight_max_g": weight_max_g, "tare_g": tare_g, "by_country": by_country,
        "needs_bag": needs_bag, "pallet_tare_g": pallet_tare_g,
    }  # fmt: skip
    await uow.session.execute(
        insert(BagRule).values(carrier=carrier, service=service, **values)
        .on_conflict_do_update(index_elements=["carrier", "service"], set_=values)
    )  # fmt: skip

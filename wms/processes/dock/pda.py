"""The loader's screens: bag and seal parcels, then load them, their bags and pallets onto the truck at a door.

Screens: load: door (where trucks stand at doors) -> unit, one after another; without doors: parcel, one after another.
bag: tag -> parcel, one after another | seal and weight -> tag.
"""

from typing import Any

from fastapi import APIRouter

from wms.db.uow import UnitOfWork
from wms.db.web import Given, Uow, UowRoute, needs
from wms.kernel.screen import Answer, Card, Step
from wms.processes.dock import queries
from wms.processes.dock.service import bags, loading, trucks

router = APIRouter(prefix="/api/v1/pda", tags=["pda"], route_class=UowRoute, dependencies=[needs("worker")])


def _text(body: Given, name: str) -> str:
    return str(body.answers.get(name, ""))[:200]


# --- load ---


def _card(waiting: dict[str, int]) -> Card:
    return Card(
        id="load", flow="load", title="load.load", submit="/api/v1/pda/load/parcel",
        steps=(Step("parcel", "scan", "load.scan_parcel"),), show={"waiting": sum(waiting.values())}, problems=("take_off",),
    )  # fmt: skip


async def _truck_card(uow: UnitOfWork, door: str) -> Card:
    truck = await queries.truck_at(uow, door)
    show = {
        "door": door, "carrier": truck.carrier, "plate": truck.plate, "waiting": (await queries.waiting(uow, truck.carrier)).get(truck.carrier, 0),
        "aboard": await trucks.parcels_aboard(uow, truck.carrier),
    }  # fmt: skip
    return Card(
        id=f"load:{door}", flow="load", title="load.load", submit=f"/api/v1/pda/load/doors/{door}",
        steps=(Step("parcel", "scan", "load.scan_unit", show=show),), show=show, problems=("take_off", "other_truck"),
    )  # fmt: skip


async def _door_card(uow: UnitOfWork) -> Card | None:
    there = await queries.trucks_here(uow)
    if not there:
        return None
    names = ", ".join(f"{t.door}: {t.carrier}" for t in there)
    return Card(
        id="load:door", flow="load", title="load.load", submit="/api/v1/pda/load/door",
        steps=(Step("door", "scan", "load.scan_door", accept=tuple(t.door for t in there), show={"trucks": names}),),
        show={"trucks": names},
    )  # fmt: skip


@router.post("/load/claim")
async def claim(uow: Uow) -> dict[str, Any]:
    """Screens: door where trucks stand; else scan a parcel; nothing when no parcel waits."""
    waiting = await queries.waiting(uow)
    door = await _door_card(uow)
    cards = (door,) if door else (_card(waiting),) if waiting else ()
    return Answer("ok", "load.ready" if cards else "load.nothing", {"waiting": sum(waiting.values())}, cards).as_json()


@router.post("/load/door")
async def at_door(uow: Uow, body: Given) -> dict[str, Any]:
    """Which truck is loaded. Screens: unit."""
    door = _text(body, "door").strip().upper()
    card = await _truck_card(uow, door)
    return Answer("ok", "load.at_door", {"door": door, "carrier": card.show["carrier"]}, (card,)).as_json()


@router.post("/load/doors/{door}")
async def onto_truck(uow: Uow, door: str, body: Given) -> dict[str, Any]:
    """Load a parcel, bag or pallet onto the truck at this door, or take a parcel off. Screens: unit | door."""
    problem = _text(body, "problem")
    if problem == "other_truck":
        card = await _door_card(uow)
        return Answer("ok", "load.ready", {"waiting": 0}, (card,) if card else ()).as_json()
    if problem == "take_off":
        return await _take_off_card(f"/api/v1/pda/load/doors/{door}/off")
    loaded = await loading.load(uow, _text(body, "parcel"), door)
    params = {"carrier": loaded[0].carrier, "sscc": loaded[0].sscc, "parcels": len(loaded)}
    message = "load.loaded" if len(loaded) == 1 else "load.loaded_many"
    return Answer("ok", message, params, (await _truck_card(uow, door),)).as_json()


async def _take_off_card(submit: str) -> dict[str, Any]:
    card = Card("load:off", "load", "load.take_off", submit, (Step("parcel", "scan", "load.scan_off"),))
    return Answer("warn", "load.take_off", cards=(card,)).as_json()


@router.post("/load/doors/{door}/off")
async def off_truck(uow: Uow, door: str, body: Given) -> dict[str, Any]:
    """A parcel came off this truck. Screens: unit."""
    parcel = await loading.unload(uow, _text(body, "parcel"))
    return Answer("warn", "load.off", {"sscc": parcel.sscc}, (await _truck_card(uow, door),)).as_json()


@router.post("/load/off")
async def off(uow: Uow, body: Given) -> dict[str, Any]:
    """A parcel came off its truck. Screens: the next parcel."""
    parcel = await loading.unload(uow, _text(body, "parcel"))
    return Answer("warn", "load.off", {"sscc": parcel.sscc}, (_card(await queries.waiting(uow)),)).as_json()


@router.post("/load/parcel")
async def parcel(uow: Uow, body: Given) -> dict[str, Any]:
    """Load one parcel, bag or pallet. Screens: scan the next."""
    if _text(body, "problem") == "take_off":
        return await _take_off_card("/api/v1/pda/load/off")
    loaded = await loading.load(uow, _text(body, "parcel"))
    waiting = await queries.waiting(uow)
    params = {"carrier": loaded[0].carrier, "sscc": loaded[0].sscc, "parcels": len(loaded)}
    message = "load.loaded" if len(loaded) == 1 else "load.loaded_many"
    return Answer("ok", message, params, (_card(waiting),)).as_json()


# --- bag ---


def _tag_card() -> Card:
    return Card(
        "bag:tag",
        "bag",
        "bag.bag",
        "/api/v1/pda/bag/tag",
        (Step("tag", "scan", "bag.scan_tag"),),
        problems=("new_pallet",),
    )


async def _bag_card(uow: UnitOfWork, bag: queries.ContainerInfo) -> Card:
    parcels = await queries.inside(uow, [bag.id])
    rule = await queries.bag_rule(uow, bag.carrier, bag.service) if bag.carrier else None
    show: dict[str, Any] = {
        "bag": bag.code, "parcels": len(parcels), "weight_g": sum(p.weight_g for p in parcels),
        "way": " ".join(filter(None, (bag.carrier, bag.service, bag.country))),
    }  # fmt: skip
    if rule is not None and bag.kind == "bag":
        show |= {"parcels_max": rule.parcels_max, "weight_max_g": rule.weight_max_g}
    return Card(
        f"bag:{bag.code}:{len(parcels)}", "bag", "bag.fill", f"/api/v1/pda/bag/{bag.code}",
        (Step("parcel", "scan", "bag.scan_parcel" if bag.kind == "bag" else "bag.scan_onto", show=show),), show,
        problems=("seal", "take_out", "other_bag") if parcels else ("other_bag",),
    )  # fmt: skip


async def _seal_card(uow: UnitOfWork, bag: queries.ContainerInfo) -> Card:
    """A pallet is weighed where its carrier's rule says what an empty one weighs."""
    show = {"bag": bag.code}
    steps = [Step("seal", "scan", "bag.scan_seal", show=show)]
    rule = await queries.bag_rule(uow, bag.carrier, bag.service)
    if bag.kind == "bag" or (rule is not None and rule.pallet_tare_g):
        steps.append(Step("weight", "number", "bag.weigh", show=show))
    return Card(f"bag:seal:{bag.code}", "bag", "bag.seal", f"/api/v1/pda/bag/{bag.code}/seal", tuple(steps), show,
                problems=("go_on_filling",))  # fmt: skip


@router.post("/bag/claim")
async def claim_bag(uow: Uow) -> dict[str, Any]:
    """Screens: tag."""
    return Answer("ok", "bag.ready", cards=(_tag_card(),)).as_json()


@router.post("/bag/tag")
async def tag(uow: Uow, body: Given) -> dict[str, Any]:
    """A bag by its tag, or a new pallet. Screens: parcel."""
    if _text(body, "problem") == "new_pallet":
        made = await bags.new_pallet(uow)
        return Answer("ok", "bag.pallet_made", {"code": made.code}, (await _bag_card(uow, made),)).as_json()
    bag = await bags.open_bag(uow, _text(body, "tag"))
    return Answer("ok", "bag.open", {"bag": bag.code}, (await _bag_card(uow, bag),)).as_json()


@router.post("/bag/{code}")
async def fill(uow: Uow, code: str, body: Given) -> dict[str, Any]:
    """A parcel into the bag. Screens: the next parcel | seal | take out | tag."""
    problem = _text(body, "problem")
    if problem == "other_bag":
        return Answer("ok", "bag.ready", cards=(_tag_card(),)).as_json()
    if problem == "seal":
        return Answer("ok", "bag.seal", cards=(await _seal_card(uow, await bags.open_bag(uow, code)),)).as_json()
    if problem == "take_out":
        step = Step("parcel", "scan", "bag.scan_out", show={"bag": code})
        card = Card(f"bag:out:{code}", "bag", "bag.take_out", f"/api/v1/pda/bag/{code}/out", (step,), {"bag": code})
        return Answer("warn", "bag.take_out", cards=(card,)).as_json()
    bag = await bags.put_in(uow, code, _text(body, "parcel"))
    return Answer("ok", "bag.in", {"bag": bag.code}, (await _bag_card(uow, bag),)).as_json()


@router.post("/bag/{code}/out")
async def out(uow: Uow, code: str, body: Given) -> dict[str, Any]:
    """A parcel out of the bag. Screens: the next parcel."""
    bag = await bags.take_out(uow, _text(body, "parcel"))
    return Answer("warn", "bag.out", {"bag": bag.code}, (await _bag_card(uow, bag),)).as_json()


@router.post("/bag/{code}/seal")
async def seal(uow: Uow, code: str, body: Given) -> dict[str, Any]:
    """Seal and weight. Screens: tag | the next parcel, when it is filled on."""
    if _text(body, "problem"):
        return Answer(
            "ok", "bag.open", {"bag": code}, (await _bag_card(uow, await bags.open_bag(uow, code)),)
        ).as_json()
    value = body.answers.get("weight", 0)
    weight = value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
    sealed = await bags.seal(uow, code, _text(body, "seal"), weight)
    return Answer("ok", "bag.sealed", {"bag": sealed.code, "seal": sealed.seal}, (_tag_card(),)).as_json()

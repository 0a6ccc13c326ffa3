"""Who follows whom. The only file that knows; read it top to bottom and you know what the building does.

FLOW: event -> reactions, each run in a transaction of its own, at least once, in order per stream.
TERMINAL: facts that nobody answers; they are history, and the console shows them.
TICKS: schedule -> what is looked after without being told.
"""

from collections.abc import Collection, Mapping
from typing import Any

from wms.db.outbox import Plan, Reaction, Tick
from wms.db.uow import UnitOfWork
from wms.events import (  # fmt: skip
    assortment,
    calibration,
    catalog,
    controls,
    counting,
    customs,
    devices,
    dock,
    fleet,
    goods_to_person,
    inbound,
    incidents,
    labels,
    order_release,
    orders,
    packing,
    packs,
    picking,
    put_wall,
    returns,
    shipping,
    slotting,
    sourcing,
    stock,
    tracking,
    value_added,
    work,
)
from wms.foundation.labels import reactions as label_reactions
from wms.foundation.orders import reactions as order_reactions
from wms.foundation.packs import queries as pack_queries
from wms.foundation.stock import service as ledger
from wms.kernel.messages import Event
from wms.processes.assortment import service as assortment_service
from wms.processes.calibration import reactions as calibration_reactions
from wms.processes.controls import service as control_service
from wms.processes.counting import reactions as counting_reactions
from wms.processes.customs import reactions as customs_reactions
from wms.processes.dock import reactions as dock_reactions
from wms.processes.fleet import reactions as fleet_reactions
from wms.processes.goods_to_person import reactions as g2p_reactions
from wms.processes.inbound import reactions as inbound_reactions
from wms.processes.incidents import reactions as incident_reactions
from wms.processes.incidents import service as incident_service
from wms.processes.labour import reactions as labour_reactions
from wms.processes.order_release import reactions as release_reactions
from wms.processes.packing import reactions as packing_reactions
from wms.processes.picking import reactions as picking_reactions
from wms.processes.put_wall import reactions as wall_reactions
from wms.processes.returns import reactions as returns_reactions
from wms.processes.shipping import reactions as shipping_reactions
from wms.processes.slotting import reactions as slotting_reactions
from wms.processes.sourcing import queries as sourcing_queries
from wms.processes.sourcing import reactions as sourcing_reactions
from wms.processes.sourcing.service.carrying import refused_key
from wms.processes.tracking import reactions as tracking_reactions
from wms.processes.value_added import reactions as vas_reactions
from wms.twin import assortment as sizes
from wms.twin import boards, measures


async def close_variance(uow: UnitOfWork, event: counting.VarianceDecided) -> None:
    """What counting decided closes the incidents that waited for it."""
    for kind in ("variance", "reserved_missing"):
        await incident_service.resolve_key(uow, f"{kind}:{event.variance_id}", f"{event.state}: {event.reason}")


async def close_relabel(uow: UnitOfWork, event: packing.ParcelLabelled) -> None:
    """The label is on the parcel, the one with the new address too: what waited for it is over."""
    for kind in ("relabel", "label", "line_reject"):
        await incident_service.resolve_key(uow, f"{kind}:{event.parcel_id}", "its label is on it")


async def close_lost_cart(uow: UnitOfWork, event: picking.TourTaken) -> None:
    """The cart was found after all."""
    await incident_service.resolve_key(uow, f"cart_lost:{event.tour_id}", f"{event.cart} was found")


async def close_check(uow: UnitOfWork, event: calibration.DeviceChecked) -> None:
    """A device that measures its check piece right needs nobody."""
    if event.state == "passed":
        for kind in ("failed", "locked"):
            await incident_service.resolve_key(
                uow, f"calibration.{kind}:{event.device}:{event.measure}", "measures its check piece right again"
            )


async def close_measure_again(uow: UnitOfWork, event: catalog.SkuMeasured) -> None:
    """The unit was measured again: its parcels are judged by the new weight."""
    await incident_service.resolve_key(uow, f"measure:{event.sku_id}", f"measured: {event.weight_g} g")


async def close_no_version(uow: UnitOfWork, event: packs.PackChanged) -> None:
    """The SKU has a valid pack version again."""
    if (await pack_queries.approvals(uow, [event.sku_id]))[event.sku_id].valid:
        await incident_service.resolve_key(uow, f"pack_version:{event.sku_id}", "a pack version is valid")


async def close_no_weight(uow: UnitOfWork, event: packing.ParcelWeighed) -> None:
    """The scale has spoken."""
    await incident_service.resolve_key(uow, f"no_weight:{event.parcel_id}", f"{event.weight_g} g")


async def close_wall_short(uow: UnitOfWork, event: put_wall.ToteConsolidated) -> None:
    """The slot was scanned after all: the whole share is in."""
    await incident_service.resolve_key(uow, f"put_wall_short:{event.order_id}:{event.tote}", f"all is in {event.slot}")


async def close_shipping(uow: UnitOfWork, event: orders.OrderFreed) -> None:
    """A service takes it."""
    if event.kind == "shipping":
        await incident_service.resolve_key(uow, f"shipping:{event.order_id}", "a service takes it")


async def close_shipping_cancelled(uow: UnitOfWork, event: orders.OrderCancelled) -> None:
    """A cancelled order needs no service."""
    await incident_service.resolve_key(uow, f"shipping:{event.order_id}", "the order was cancelled")


async def close_customs(uow: UnitOfWork, event: orders.OrderFreed) -> None:
    """Customs' own hold is lifted: nobody needs to mend papers any more."""
    if event.kind == "customs":
        await incident_service.resolve_key(uow, f"customs:{event.order_id}", "its papers agree")


async def close_customs_cancelled(uow: UnitOfWork, event: orders.OrderCancelled) -> None:
    """A cancelled order is not declared."""
    await incident_service.resolve_key(uow, f"customs:{event.order_id}", "the order was cancelled")


async def close_customs_hold(uow: UnitOfWork, event: customs.PapersAnswered) -> None:
    """The papers that customs asked for are sent."""
    await incident_service.resolve_key(uow, f"customs.hold:{event.parcel_id}", "papers sent, or released")


async def close_return(uow: UnitOfWork, event: returns.MatterSettled) -> None:
    """What returns waited for a person with has been decided."""
    await incident_service.resolve_key(uow, event.key, event.outcome)


async def close_unscanned(uow: UnitOfWork, event: tracking.BagScanned) -> None:
    """The carrier has scanned the whole bag."""
    await incident_service.resolve_key(uow, f"unscanned:{event.manifest_id}:{event.bag}", "all of it was scanned")


async def close_stalled(uow: UnitOfWork, event: tracking.ParcelMoved) -> None:
    """It goes on, or has arrived."""
    await incident_service.resolve_key(uow, f"stalled:{event.parcel_id}", f"seen again: {event.milestone}")


async def close_claim(uow: UnitOfWork, event: tracking.ClaimSettled) -> None:
    """The claim went out, or nothing is claimed."""
    await incident_service.resolve_key(uow, f"claim:{event.parcel_id}", f"claim {event.state}")


async def close_control(uow: UnitOfWork, event: controls.ControlRecovered) -> None:
    """A control point within its limit again needs nobody."""
    await incident_service.resolve_key(uow, f"control:{event.control}", "within its limit again")


async def close_work_order(uow: UnitOfWork, event: value_added.WorkOrderEnded) -> None:
    """Done or cancelled: nothing is missing for it any more."""
    for key in ("consumable_out", "goods_missing"):
        await incident_service.resolve_key(uow, f"vas:{event.work_order_id}:{key}", f"{event.ref} is {event.state}")
    await incident_service.resolve_key(uow, f"vas_label:{event.work_order_id}", f"{event.ref} is {event.state}")


async def _keep_sizes(uow: UnitOfWork, event: assortment.ProposalRequested, _: object, made: dict[str, Any]) -> None:
    await assortment_service.keep(uow, event, made)


FLOW: dict[type[Event], dict[str, Reaction | Plan]] = {
    # inbound
    devices.GateSessionClosed: {"inbound.on_gate_session_closed": inbound_reactions.on_gate_session_closed},
    devices.ParcelMeasured: {
        "packing.on_parcel_measured": packing_reactions.on_parcel_measured,  # first: its parcel is on a moving belt
        "inbound.on_parcel_measured": inbound_reactions.on_parcel_measured,
        "calibration.on_parcel_measured": calibration_reactions.on_parcel_measured,
    },
    inbound.GoodsReceived: {"slotting.on_goods_received": slotting_reactions.on_goods_received},
    picking.GoodsToPutBack: {"slotting.on_goods_to_put_back": slotting_reactions.on_goods_to_put_back},
    slotting.GoodsPutAway: {
        "order_release.on_goods_put_away": release_reactions.on_goods_put_away,
        "sourcing.on_goods_put_away": sourcing_reactions.on_goods_put_away,
    },
    slotting.SlotsRequested: {"slotting.plan_slots": slotting_reactions.plan_slots},
    slotting.UnitEmptied: {
        "packing.on_unit_emptied": packing_reactions.on_unit_emptied,
        "goods_to_person.on_unit_emptied": g2p_reactions.on_unit_emptied,
    },
    # outbound
    order_release.FloorHasRoom: {"order_release.fill_floor": release_reactions.fill_floor},
    order_release.WaveRequested: {"order_release.plan_wave": release_reactions.plan_wave},
    order_release.WaveConfirmed: {"order_release.on_wave_confirmed": release_reactions.on_wave_confirmed},
    order_release.WaveReleased: {"picking.plan_tours": picking_reactions.plan_tours},
    order_release.VisitsReleased: {"goods_to_person.on_visits_released": g2p_reactions.on_visits_released},
    goods_to_person.PodCalled: {"fleet.on_pod_called": fleet_reactions.on_pod_called},
    order_release.OrderWithdrawn: {
        "order_release.on_order_withdrawn": release_reactions.on_order_withdrawn,
        "picking.on_order_withdrawn": picking_reactions.on_order_withdrawn,
        "put_wall.on_order_withdrawn": wall_reactions.on_order_withdrawn,
        "goods_to_person.on_order_withdrawn": g2p_reactions.on_order_withdrawn,
    },
    put_wall.ToteConsolidated: {
        "packing.on_tote_consolidated": packing_reactions.on_tote_consolidated,
        "flow.close_wall_short": close_wall_short,
    },
    picking.OrderPicked: {"value_added.on_order_picked": vas_reactions.on_order_picked},
    picking.SinglePicked: {"packing.on_single_picked": packing_reactions.on_single_picked},
    picking.TourCompleted: {"fleet.on_tour_completed": fleet_reactions.on_tour_completed},
    picking.TourTaken: {"flow.close_lost_cart": close_lost_cart},
    fleet.UnitDelivered: {
        "packing.on_unit_delivered": packing_reactions.on_unit_delivered,
        "goods_to_person.on_unit_delivered": g2p_reactions.on_unit_delivered,
    },
    packing.CartEmptied: {"fleet.on_cart_emptied": fleet_reactions.on_cart_emptied},
    packing.ParcelLabelled: {
        "dock.on_parcel_labelled": dock_reactions.on_parcel_labelled,
        "goods_to_person.on_parcel_labelled": g2p_reactions.on_parcel_labelled,
        "customs.on_parcel_labelled": customs_reactions.on_parcel_labelled,
        "flow.close_relabel": close_relabel,
    },
    # customs
    customs.RulesChanged: {"customs.on_rules_changed": customs_reactions.on_rules_changed},
    customs.JudgementDue: {"customs.on_judgement_due": customs_reactions.on_judgement_due},
    customs.PapersAnswered: {
        "flow.close_customs_hold": close_customs_hold,
        "tracking.on_papers_answered": tracking_reactions.on_papers_answered,
    },
    # under way
    tracking.ScansRead: {"tracking.on_scans_read": tracking_reactions.on_scans_read},
    tracking.CustomsHeld: {"customs.on_carrier_held": customs_reactions.on_carrier_held},
    tracking.CustomsPassed: {"customs.on_carrier_passed": customs_reactions.on_carrier_passed},
    tracking.ParcelMoved: {"flow.close_stalled": close_stalled},
    tracking.BagScanned: {"flow.close_unscanned": close_unscanned},
    tracking.ClaimSettled: {"flow.close_claim": close_claim},
    dock.ParcelDeparted: {
        "tracking.on_parcel_departed": tracking_reactions.on_parcel_departed,
        "returns.on_parcel_departed": returns_reactions.on_parcel_departed,
    },
    # orders come, change and end
    orders.OrderAccepted: {
        "sourcing.on_order_accepted": sourcing_reactions.on_order_accepted,  # first: the rest is judged of what stays here
        "shipping.on_order_accepted": shipping_reactions.on_order_accepted,
        "customs.on_order_accepted": customs_reactions.on_order_accepted,
        "packing.on_order_accepted": packing_reactions.on_order_accepted,
    },
    orders.OrderCancelRequested: {
        "picking.on_cancel_requested": picking_reactions.on_cancel_requested,
        "order_release.on_cancel_requested": release_reactions.on_cancel_requested,
        "dock.on_cancel_requested": dock_reactions.on_cancel_requested,
        "packing.on_cancel_requested": packing_reactions.on_cancel_requested,
        "put_wall.on_cancel_requested": wall_reactions.on_cancel_requested,
        "goods_to_person.on_cancel_requested": g2p_reactions.on_cancel_requested,
    },
    orders.OrderChanged: {
        "sourcing.on_order_changed": sourcing_reactions.on_order_changed,
        "shipping.on_order_changed": shipping_reactions.on_order_changed,
        "dock.on_order_changed": dock_reactions.on_order_changed,
        "packing.on_order_changed": packing_reactions.on_order_changed,
        "customs.on_order_changed": customs_reactions.on_order_changed,
    },
    orders.OrderFreed: {
        "packing.on_order_freed": packing_reactions.on_order_freed,
        "customs.on_order_freed": customs_reactions.on_order_freed,
        "flow.close_customs": close_customs,
        "flow.close_shipping": close_shipping,
    },
    shipping.ShippingDataChanged: {"shipping.on_data_changed": shipping_reactions.on_data_changed},
    packing.LabelWanted: {
        "shipping.on_label_wanted": shipping_reactions.on_label_wanted,
        "tracking.on_label_wanted": tracking_reactions.on_label_wanted,
    },
    packing.LabelDropped: {
        "shipping.on_label_dropped": shipping_reactions.on_label_dropped,
        "customs.on_label_dropped": customs_reactions.on_label_dropped,
    },
    shipping.CarrierAnswered: {"shipping.on_carrier_answered": shipping_reactions.on_carrier_answered},
    tracking.ParcelDelivered: {
        "shipping.on_parcel_delivered": shipping_reactions.on_parcel_delivered,
        "returns.on_parcel_delivered": returns_reactions.on_parcel_delivered,
    },
    # returns
    returns.ReturnPolicyChanged: {"returns.on_policy_changed": returns_reactions.on_policy_changed},
    returns.MatterSettled: {"flow.close_return": close_return},
    returns.ReturnLabelWanted: {"shipping.on_return_label_wanted": shipping_reactions.on_return_label_wanted},
    returns.ReturnLabelDropped: {"shipping.on_return_label_dropped": shipping_reactions.on_return_label_dropped},
    shipping.ReturnLabelBought: {"returns.on_return_label_bought": returns_reactions.on_return_label_bought},
    shipping.ReturnLabelRefused: {"returns.on_return_label_refused": returns_reactions.on_return_label_refused},
    shipping.LabelBought: {
        "packing.on_label_bought": packing_reactions.on_label_bought,
        "tracking.on_label_bought": tracking_reactions.on_label_bought,
    },
    shipping.LabelRefused: {"packing.on_label_refused": packing_reactions.on_label_refused},
    orders.OrderShipped: {
        "orders.tell_host_shipped": order_reactions.tell_host_shipped,
        "customs.on_order_shipped": customs_reactions.on_order_shipped,
    },
    orders.OrderCancelled: {
        "orders.tell_host_cancelled": order_reactions.tell_host_cancelled,
        "order_release.on_order_cancelled": release_reactions.on_order_cancelled,
        "customs.on_order_cancelled": customs_reactions.on_order_cancelled,
        "value_added.on_order_cancelled": vas_reactions.on_order_cancelled,
        "sourcing.on_order_cancelled": sourcing_reactions.on_order_cancelled,
        "flow.close_customs_cancelled": close_customs_cancelled,
        "flow.close_shipping_cancelled": close_shipping_cancelled,
    },
    stock.StockStatusChanged: {
        "order_release.on_stock_status_changed": release_reactions.on_stock_status_changed,
        "sourcing.on_stock_status_changed": sourcing_reactions.on_stock_status_changed,
    },
    sourcing.WarehouseReported: {"sourcing.on_warehouse_reported": sourcing_reactions.on_warehouse_reported},
    # devices
    devices.WeightMeasured: {
        "packing.on_weight_measured": packing_reactions.on_weight_measured,
        "inbound.on_weight_measured": inbound_reactions.on_weight_measured,
    },
    devices.ParcelInducted: {"packing.on_parcel_inducted": packing_reactions.on_parcel_inducted},
    devices.ParcelSorted: {"packing.on_parcel_sorted": packing_reactions.on_parcel_sorted},
    devices.LightConfirmed: {"put_wall.on_light_confirmed": wall_reactions.on_light_confirmed},
    devices.VehicleReported: {"fleet.on_vehicle_reported": fleet_reactions.on_vehicle_reported},
    devices.CommandAnswered: {
        "labels.on_command_answered": label_reactions.on_command_answered,
        "fleet.on_command_answered": fleet_reactions.on_command_answered,
        "calibration.on_command_answered": calibration_reactions.on_command_answered,
    },
    calibration.DeviceChecked: {"flow.close_check": close_check},
    devices.DeviceStateChanged: {
        "incidents.on_device_state_changed": incident_reactions.on_device_state_changed,
        "labels.on_device_state_changed": label_reactions.on_device_state_changed,
    },
    devices.DeviceQuarantined: {"incidents.on_device_quarantined": incident_reactions.on_device_quarantined},
    devices.ConfigurationChecked: {"incidents.on_configuration_checked": incident_reactions.on_configuration_checked},
    devices.ConveyorAlarmed: {
        "incidents.on_conveyor_alarmed": incident_reactions.on_conveyor_alarmed,
        "packing.on_conveyor_alarmed": packing_reactions.on_conveyor_alarmed,
    },
    devices.MessageParked: {"incidents.on_message_parked": incident_reactions.on_message_parked},
    labels.LabelPrinted: {
        "packing.on_label_printed": packing_reactions.on_label_printed,
        "inbound.on_label_printed": inbound_reactions.on_label_printed,
    },
    labels.LabelFailed: {
        "packing.on_label_failed": packing_reactions.on_label_failed,
        "inbound.on_label_failed": inbound_reactions.on_label_failed,
        "value_added.on_label_failed": vas_reactions.on_label_failed,
    },
    catalog.CartonChanged: {"packing.on_carton_changed": packing_reactions.on_carton_changed},
    packs.PackChanged: {
        "packing.on_pack_changed": packing_reactions.on_pack_changed,
        "flow.close_no_version": close_no_version,
    },
    packing.ParcelWeighed: {
        "flow.close_no_weight": close_no_weight,
        "tracking.on_parcel_weighed": tracking_reactions.on_parcel_weighed,
    },
    catalog.SkuMeasured: {
        "packing.on_sku_measured": packing_reactions.on_sku_measured,
        "flow.close_measure_again": close_measure_again,
    },
    value_added.WorkOrderEnded: {"flow.close_work_order": close_work_order},
    # carton sizes
    assortment.ProposalRequested: {"assortment.choose_sizes": Plan(sizes.choose_sizes, sizes.solve, _keep_sizes)},
    # counting and control points
    picking.PickShorted: {"counting.on_pick_shorted": counting_reactions.on_pick_shorted},
    catalog.SerialsSwitchedOn: {"counting.on_serials_switched_on": counting_reactions.on_serials_switched_on},
    counting.VarianceDecided: {"flow.close_variance": close_variance},
    controls.ControlRecovered: {"flow.close_control": close_control},
    # exceptions
    incidents.IncidentDetected: {
        "incidents.on_incident_detected": incident_reactions.on_incident_detected,
        "slotting.on_incident_detected": slotting_reactions.on_incident_detected,
    },
}

TERMINAL: frozenset[type[Event]] = frozenset({
    customs.DeclarationHeld, customs.DeclarationReleased,
    devices.ZonePassed, counting.CountPlanned, counting.PositionCounted, counting.VarianceFound, inbound.GateMatched,
    inbound.NoticeClosed, incidents.IncidentEscalated, orders.NoticeAccepted, orders.OrderHeld,
    picking.PickConfirmed, picking.TourLeft, work.WorkReleased, dock.ContainerSealed, dock.ManifestClosed,
    assortment.ProposalAccepted, value_added.ShipmentDeparted,
    returns.ReturnAuthorised, returns.ItemGraded, returns.ReturnClosed,
    slotting.GoodsMoved, slotting.VelocityClassified,
})  # fmt: skip


async def _expire_reservations(uow: UnitOfWork) -> None:
    await ledger.expire_reservations(uow)


async def _sample_controls(uow: UnitOfWork) -> None:
    await control_service.sample(uow, await measures.read(uow))


async def _ask_after_idle_claims(uow: UnitOfWork) -> None:
    idle = {f"claim:{c['kind']}:{c['id']}:{c['holder']}": c for c in await boards.claims(uow) if c["idle"]}
    for key, c in idle.items():
        await incident_service.open_incident(uow, incidents.IncidentDetected(
            kind="work.idle_claim", key=key, subject=f"{c['holder']}: {c['kind']} {c['unit']}".rstrip(), owner="lead", due_h=0.5,
            detail={n: c[n] for n in ("holder", "unit", "tasks", "last_at")} | {"since": c["active_at"].isoformat(timespec="minutes")},
        ))  # fmt: skip
    await incident_service.resolve_others(uow, "claim:", idle, "work goes on, or was given back")


async def _ask_after_parts(uow: UnitOfWork) -> None:
    """Parts that nobody answers, and refused ones until what they became is over."""
    late = {f"sourcing.unanswered:{p.id}": p for p in await sourcing_queries.unanswered(uow)}
    for key, p in late.items():
        await incident_service.open_incident(uow, incidents.IncidentDetected(
            kind="sourcing.unanswered", key=key, subject=f"{p.warehouse} does not answer for {p.ref}", owner="lead", due_h=2.0,
            detail={"order": p.order_ref, "ref": p.ref, "warehouse": p.warehouse, "since": p.told_at.isoformat(timespec="minutes")},
        ))  # fmt: skip
    await incident_service.resolve_others(uow, "sourcing.unanswered:", late, "answered, or taken back")
    still = [refused_key(part_id) for part_id in await sourcing_queries.unserved(uow)]
    await incident_service.resolve_others(uow, "sourcing.refused:", still, "what it became has left, or was cancelled")


async def _escalate(uow: UnitOfWork) -> None:
    await incident_service.escalate_overdue(uow)


TICKS: tuple[Tick, ...] = (
    Tick("order_release.feed_floor", 2, release_reactions.feed_floor),
    Tick("goods_to_person.look_around", 5, g2p_reactions.look_around),
    Tick("slotting.classify", 86_400, slotting_reactions.classify),
    Tick("slotting.drop_stale", 60, slotting_reactions.drop_stale),
    Tick("packing.forget_singles", 600, packing_reactions.forget_singles),
    Tick("packing.judge_packs", 3_600, packing_reactions.judge_packs),
    Tick("packing.ask_after_scales", 30, packing_reactions.ask_after_scales),
    Tick("packing.forget_passages", 86_400, packing_reactions.forget_passages),
    Tick("dock.miss_overdue", 60, dock_reactions.miss_overdue),
    Tick("labour.learn", 86_400, labour_reactions.learn),
    Tick("returns.look_after", 3_600, returns_reactions.look_after),
    Tick("tracking.hand_over", 10, tracking_reactions.hand_over),
    Tick("tracking.watch", 300, tracking_reactions.watch),
    Tick("tracking.learn", 86_400, tracking_reactions.learn),
    Tick("shipping.rejudge", 600, shipping_reactions.rejudge),
    Tick("sourcing.look_again", 600, sourcing_reactions.look_again),
    Tick("sourcing.ask_after_parts", 60, _ask_after_parts),
    Tick("stock.expire_reservations", 30, _expire_reservations),
    Tick("incidents.escalate_overdue", 30, _escalate),
    Tick("counting.plan_day", 300, counting_reactions.plan_day),
    Tick("customs.purge", 86_400, customs_reactions.purge),
    Tick("customs.judge_again", 3_600, customs_reactions.judge_again),
    Tick("controls.sample", 60, _sample_controls),
    Tick("work.ask_after_idle_claims", 60, _ask_after_idle_claims),
)


_STATIONS = {
    "packing.on_weight_measured": "pack", "inbound.on_weight_measured": "receive", "inbound.on_parcel_measured": "receive",
}  # fmt: skip
"""Reaction to the kind of station whose devices it listens to."""
_UNASKED, _ASKED = ("packing.on_parcel_measured", "inbound.on_parcel_measured"), ("calibration.on_parcel_measured",)


def unconcerned(event: Event, served: Mapping[str, Collection[str]]) -> set[str]:
    """Reactions that need not hear of a measurement: it was made for another kind of station, or for who asked for it.

    A measurement is the most frequent fact of all, and each reaction a transaction. `served`: device to kinds of station.
    """
    if not isinstance(event, devices.WeightMeasured | devices.ParcelMeasured):
        return set()
    kinds = served.get(event.device, ())
    deaf = {name for name, kind in _STATIONS.items() if kind not in kinds}
    if isinstance(event, devices.ParcelMeasured):
        deaf.update(_UNASKED if event.command_id else _ASKED)
    return deaf


def event_types() -> dict[str, type[Event]]:
    """Wire name to class, of every event that the flow knows."""
    return {cls.name: cls for cls in (*FLOW, *TERMINAL)}


def reactions() -> dict[str, Reaction | Plan]:
    """Name to reaction, over all events."""
    return {name: reaction for answers in FLOW.values() for name, reaction in answers.items()}


def route(cls: type[Event]) -> tuple[str, ...]:
    """Names of the reactions to an event class."""
    return tuple(FLOW.get(cls, ()))

"""What a simulated vehicle says of itself in VDA 5050 2.1.0 and 3.0.0: words, factsheet, the states of actions. Pure."""

from typing import Any

from simulators.plant.agv import Limits

Json = dict[str, Any]
STATE_S = 30.0
ACTION_S = {"pick": 8.0, "drop": 8.0}
INSTANT_ACTIONS = ("cancelOrder", "factsheetRequest", "stateRequest", "startPause", "stopPause", "initPosition")
INSTANT_ACTIONS_V3 = (*INSTANT_ACTIONS, "clearInstantActions", "enableZoneSet")
V3_WORDS = {
    "CONNECTIONBROKEN": "CONNECTION_BROKEN",
    "TEACHIN": "TEACH_IN",
    "validationError": "VALIDATION_FAILURE",
    "noOrderToCancel": "NO_ORDER_TO_CANCEL",
    "noRouteError": "NO_ROUTE_TO_TARGET",
    "localizationError": "LOCALIZATION_ERROR",
    "orderError": "INVALID_ORDER_ACTION",
    "orderUpdateError": "OUTDATED_ORDER_UPDATE",
    "instantActionError": "INVALID_INSTANT_ACTION",
}
"""3.0.0's words for those of 2.1.0; where it tells causes apart, the rejection names its own."""


def factsheet(v3: bool, limits: Limits, max_nodes: int) -> Json:
    """The factsheet's body."""
    return _factsheet_of_v3(limits, max_nodes) if v3 else _factsheet_of_v2(limits, max_nodes)


def _factsheet_of_v3(limits: Limits, max_nodes: int) -> Json:
    load = {"key": "loadId", "valueDataType": "STRING", "isOptional": True}
    node: Json = {
        "pauseAllowed": True,
        "cancelAllowed": False,
        "actionScopes": ["NODE"],
        "actionParameters": [load],
    }
    instant = {"pauseAllowed": False, "cancelAllowed": False, "actionScopes": ["INSTANT"]}
    actions = [{"actionType": kind, **node, "blockingTypes": ["HARD"]} for kind in ACTION_S]
    actions += [{"actionType": kind, **instant} for kind in INSTANT_ACTIONS_V3]
    return {
        "typeSpecification": {
            "seriesName": "Wharfinger tote carrier",
            "mobileRobotKinematics": "DIFFERENTIAL",
            "mobileRobotClass": "CARRIER",
            "maximumLoadMass": 50,
            "localizationTypes": ["NATURAL"],
            "navigationTypes": ["VIRTUAL_LINE_GUIDED"],
        },
        "physicalParameters": {
            "minimumSpeed": 0.05,
            "maximumSpeed": limits.speed_mm_s / 1000,
            "maximumAcceleration": limits.acceleration_mm_s2 / 1000,
            "maximumDeceleration": limits.acceleration_mm_s2 / 1000,
            "minimumHeight": 0.4,
            "maximumHeight": 0.4,
            "width": 0.6,
            "length": 0.8,
        },
        "protocolLimits": {
            "maximumStringLengths": {},
            "maximumArrayLengths": {"order.nodes": max_nodes, "order.edges": max_nodes - 1},
            "timing": {"minimumOrderInterval": 0.1, "minimumStateInterval": 0.1, "defaultStateInterval": STATE_S},
        },
        "protocolFeatures": {"optionalParameters": [], "mobileRobotActions": actions},
        "mobileRobotGeometry": {},
        "loadSpecification": {"loadPositions": ["top"], "loadSets": []},
    }


def _factsheet_of_v2(limits: Limits, max_nodes: int) -> Json:
    # No blockingTypes: the official 2.1.0 schema gives them an enum of strings though they are an array.
    actions: list[Json] = [
        {
            "actionType": kind,
            "actionScopes": ["NODE"],
            "actionParameters": [{"key": "loadId", "valueDataType": "STRING", "isOptional": True}],
        }
        for kind in ACTION_S
    ]
    actions += [{"actionType": kind, "actionScopes": ["INSTANT"]} for kind in INSTANT_ACTIONS]
    return {
        "typeSpecification": {
            "seriesName": "Wharfinger tote carrier",
            "agvKinematic": "DIFF",
            "agvClass": "CARRIER",
            "maxLoadMass": 50,
            "localizationTypes": ["NATURAL"],
            "navigationTypes": ["VIRTUAL_LINE_GUIDED"],
        },
        "physicalParameters": {
            "speedMin": 0.05,
            "speedMax": limits.speed_mm_s / 1000,
            "accelerationMax": limits.acceleration_mm_s2 / 1000,
            "decelerationMax": limits.acceleration_mm_s2 / 1000,
            "heightMax": 0.4,
            "width": 0.6,
            "length": 0.8,
        },
        "protocolLimits": {
            "maxStringLens": {},
            "maxArrayLens": {"order.nodes": max_nodes, "order.edges": max_nodes - 1},
            "timing": {"minOrderInterval": 0.1, "minStateInterval": 0.1, "defaultStateInterval": STATE_S},
        },
        "protocolFeatures": {"optionalParameters": [], "agvActions": actions},
        "agvGeometry": {},
        "loadSpecification": {"loadPositions": ["top"], "loadSets": []},
    }


def action_states(actions: list[Json]) -> list[Json]:
    """Each action's id, type and status, as a state lists them."""
    return [{key: action[key] for key in ("actionId", "actionType", "actionStatus")} for action in actions]

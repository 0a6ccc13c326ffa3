"""Console: control points, devices, trace."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from wms.db.web import Uow, UowRoute, needs
from wms.processes.controls import queries as controls
from wms.twin import boards, cartons, measures

router = APIRouter(prefix="/api/v1", tags=["boards"], route_class=UowRoute)

FRESH = timedelta(seconds=5)
"""Readings are shared by all consoles of a process for this long: the board follows the floor, it does not load it."""


@router.get("/controls", dependencies=[needs("lead")])
async def control_points(uow: Uow, request: Request) -> list[dict[str, Any]]:
    """Every control point with its live value, state, evidence and trend."""
    kept: tuple[datetime, dict[str, controls.Reading]] | None = getattr(request.app.state, "readings", None)
    if kept is None or uow.now - kept[0] > FRESH:
        kept = request.app.state.readings = (uow.now, await measures.read(uow))
    return await controls.board(uow, kept[1])


@router.get("/assortment/baseline", dependencies=[needs("worker")])
async def carton_baseline(uow: Uow) -> dict[str, Any]:
    """How full the cartons leave, against the site's own first month."""
    return asdict(await cartons.carton_fill(uow))


@router.get("/devices", dependencies=[needs("worker")])
async def devices(uow: Uow) -> list[dict[str, Any]]:
    """Every device with its state."""
    return await boards.devices(uow)


@router.get("/claims", dependencies=[needs("lead")])
async def claims(uow: Uow) -> list[dict[str, Any]]:
    """Who holds what, for the change of shift."""
    return await boards.claims(uow)


@router.get("/gateways", dependencies=[needs("worker")])
async def gateways(uow: Uow) -> list[dict[str, Any]]:
    """Every gateway with its spool."""
    return await boards.gateways(uow)


@router.get("/trace", dependencies=[needs("lead")])
async def trace(
    uow: Uow, q: Annotated[str, Query(min_length=1, max_length=80)], limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> dict[str, Any]:
    """The full history of a SKU, serial, unit, order or location, newest first."""
    return await boards.trace(uow, q, limit)

"""Console: standards, expected against actual, people by zone and hour."""

from typing import Any

from fastapi import APIRouter, Request

from wms.db.web import Uow, UowRoute, needs
from wms.processes.labour import queries, service

router = APIRouter(prefix="/api/v1/labour", tags=["labour"], route_class=UowRoute)


@router.get("", dependencies=[needs("lead")])
async def board(uow: Uow, request: Request) -> dict[str, Any]:
    """What is expected, what was, and how many people the open work needs."""
    return await queries.board(uow, people=request.app.state.settings.compare_people)


@router.post("/learn", dependencies=[needs("supervisor")])
async def learn(uow: Uow) -> dict[str, Any]:
    """Fit the standards to the last two weeks now instead of tonight."""
    return {"changed": await service.learn(uow)}

"""How a request meets its transaction: the route class opens it, judges the idempotency key, and commits before the reply.

`Depends(uow)` then only hands out what the route opened. That is stronger than a yielding dependency: the answer that
is stored for a replay, the effect it tells of and the reply all stand or fall together (docs/decisions/0003).
"""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError

from wms.db import idempotency
from wms.db.idempotency import StoredAnswer
from wms.db.uow import Actor, Database, UnitOfWork
from wms.kernel.errors import BadInput, NotAllowed, NotSignedIn, Refusal

OFFLINE_LONGEST = timedelta(hours=12)
"""Older scan times are taken for a wrong clock."""
DEADLOCK_TRIES = 3
"""Of two transactions that wait for each other the database ends one: it changed nothing, and is played again."""
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class UowRoute(APIRoute):
    """One transaction per request, actor and replay included."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            for tries in range(DEADLOCK_TRIES, 0, -1):
                try:
                    return await attempt(request)
                except (DBAPIError, psycopg.Error) as error:
                    if tries == 1 or not _deadlocked(error) or _is_form(request):
                        raise
            raise AssertionError("unreachable")

        async def attempt(request: Request) -> Response:
            state = request.app.state
            db: Database = state.db
            key = _key(request)
            async with db.begin(Actor("anonymous"), request_id=key, cause=f"{request.method} {self.path}") as uow:
                uow.actor = await state.authenticate(uow, request)
                request.state.uow = uow
                body = await request.body()
                hashed = idempotency.fingerprint(request.method, request.url.path, body)
                if key is not None and (stored := await idempotency.recall(uow, key, hashed)) is not None:
                    return _replay(stored)
                response = await inner(request)
                if key is not None and response.status_code < 400:
                    answer = StoredAnswer(
                        response.status_code, bytes(response.body), response.media_type or "application/json"
                    )
                    await idempotency.remember(uow, key, hashed, answer)
            if request.method in WRITES and (wake := getattr(state, "wake", None)) is not None:
                wake()
            return response

        return handle


def _deadlocked(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) in ("40P01", "40001")


def _is_form(request: Request) -> bool:
    """An upload is read once."""
    return request.headers.get("content-type", "").startswith("multipart/")


def _key(request: Request) -> UUID | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise BadInput(field="Idempotency-Key", reason="a UUID") from None


def _replay(stored: StoredAnswer) -> Response:
    return Response(
        stored.body, status_code=stored.status, media_type=stored.media_type, headers={"idempotent-replayed": "true"}
    )


async def current(request: Request) -> UnitOfWork:
    """The transaction that this request runs in."""
    uow: UnitOfWork = request.state.uow
    return uow


Uow = Annotated[UnitOfWork, Depends(current, scope="function")]


class Answers(BaseModel):
    """What a PDA sends back: the answers of a card's steps and when they were scanned."""

    model_config = ConfigDict(extra="forbid")
    answers: dict[str, Any] = Field(default_factory=dict)
    scanned_at: str = ""


async def _given(uow: Uow, body: Answers) -> Answers:
    """The answers, their scan time noted as when it happened: a pick made offline counts from then, not from its upload."""
    try:
        at = datetime.fromisoformat(body.scanned_at)
    except ValueError:
        return body
    if at.tzinfo is not None and uow.now - OFFLINE_LONGEST < at <= uow.now:  # a PDA's clock may be wrong
        uow.occurred_at = at
    return body


Given = Annotated[Answers, Depends(_given, scope="function")]


def needs(*roles: str) -> Any:
    """A dependency that admits only actors with one of these roles. Errors: NotSignedIn, NotAllowed."""

    async def check(uow: Uow) -> None:
        if not uow.actor.roles:
            raise NotSignedIn()
        if not uow.actor.roles & set(roles):
            raise NotAllowed(needs=" or ".join(roles))

    return Depends(check)


def problem(refusal: Refusal, instance: str) -> JSONResponse:
    """RFC 9457 body of a refusal."""
    return JSONResponse(
        {
            "type": f"urn:wharfinger:{refusal.code}", "title": refusal.code, "status": refusal.status, "detail": refusal.detail,
            "code": refusal.code, "message_key": refusal.code, "params": _plain(refusal.params),
            "retry_helps": refusal.retry_helps, "instance": instance,
        },
        status_code=refusal.status, media_type="application/problem+json",
    )  # fmt: skip


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, str | int | float | bool | list | None) else str(v) for k, v in params.items()}

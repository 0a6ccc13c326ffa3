"""The HTTP front door: routers, sign-in, problems, the event stream, the built screens."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from sqlalchemy import text
from sqlalchemy.exc import DataError
from starlette.middleware.gzip import GZipMiddleware

from wms.db.uow import Actor, Database, UnitOfWork
from wms.db.web import problem
from wms.entrypoints import heap
from wms.foundation.people import service as people
from wms.foundation.people.http import COOKIE
from wms.kernel.errors import BadInput, NotAllowed, Refusal
from wms.settings import Settings

log = structlog.get_logger(__name__)


KNOWN_FOR_S = 5.0
"""So long a token is taken at its word: a revoked one is refused within this time everywhere."""


class Known:
    """Tokens looked up a moment ago, by digest: every scan carries one."""

    def __init__(self) -> None:
        self._actors: dict[bytes, tuple[float, Actor]] = {}

    async def __call__(self, uow: UnitOfWork, request: Request) -> Actor:
        """The actor of a request: bearer token, else session cookie, else nobody. Errors: NotSignedIn."""
        bearer = request.headers.get("authorization", "")
        token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else request.cookies.get(COOKIE, "")
        if not token:
            return Actor("anonymous")
        digest, now_s = people.digest(token), asyncio.get_running_loop().time()
        if request.url.path.endswith("/sign-out"):
            self._actors.pop(digest, None)
        until_s, actor = self._actors.get(digest, (0.0, None))
        if actor is None or until_s < now_s:
            actor = await people.who(uow, token)
            if len(self._actors) > 5000:
                self._actors.clear()
            self._actors[digest] = (now_s + KNOWN_FOR_S, actor)
        return actor


def build(settings: Settings, db: Database, routers: Sequence[APIRouter], web: Path | None) -> FastAPI:
    """Assemble the application. `web`: folder of the built screens, None to serve the API alone."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        heap.settle()
        yield
        await db.close()

    app = FastAPI(
        title="Wharfinger", version="0.1.0", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json"
    )
    app.state.db, app.state.settings, app.state.authenticate = db, settings, Known()
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    for router in routers:
        app.include_router(router)
    app.include_router(_plumbing())
    _handlers(app)
    if web is not None and web.is_dir():
        _screens(app, web)
    return app


def _handlers(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return problem(refusal, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [{"field": ".".join(str(p) for p in e["loc"]), "reason": e["msg"]} for e in error.errors()[:20]]
        body = {"type": "urn:wharfinger:common.malformed", "title": "common.malformed", "status": 422, "code": "common.malformed",
                "message_key": "common.malformed", "detail": "The request has faulty fields; nothing was changed.",
                "params": {"faults": faults}, "retry_helps": False, "instance": request.url.path}  # fmt: skip
        return JSONResponse(body, 422, media_type="application/problem+json")

    @app.exception_handler(UnicodeEncodeError)
    @app.exception_handler(psycopg.DataError)
    @app.exception_handler(DataError)
    async def unstorable(request: Request, error: Exception) -> JSONResponse:
        """A value no column can hold (a NUL, a lone surrogate, a number beyond 64 bits): the request's fault, rolled back."""
        log.warning("http.unstorable", path=request.url.path, error=repr(error)[:500])
        return problem(
            BadInput(field="a value", reason="text without control bytes, or a number within 64 bits"), request.url.path
        )

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("http.bug", path=request.url.path, error=repr(error), exc_info=error)
        body = {"type": "urn:wharfinger:common.bug", "title": "common.bug", "status": 500, "code": "common.bug",
                "message_key": "common.bug", "detail": "Something broke on our side; nothing was changed.", "params": {},
                "retry_helps": True, "instance": request.url.path}  # fmt: skip
        return JSONResponse(body, 500, media_type="application/problem+json")


def _plumbing() -> APIRouter:
    router = APIRouter()

    @router.get("/livez")
    async def livez() -> dict[str, bool]:
        return {"ok": True}

    @router.get("/readyz")
    async def readyz(request: Request) -> dict[str, bool]:
        async with request.app.state.db.sessions() as session:
            await session.execute(text("SELECT 1 FROM event LIMIT 1"))
        return {"ok": True}

    @router.get("/api/v1/events/stream")
    async def stream(request: Request, after: int | None = None) -> StreamingResponse:
        """Server-sent events of every fact after a cursor (`Last-Event-ID`); needs a signed-in worker."""
        db: Database = request.app.state.db
        async with db.begin(Actor("anonymous")) as uow:
            if "worker" not in (await request.app.state.authenticate(uow, request)).roles:
                raise NotAllowed(needs="worker")
        last = request.headers.get("last-event-id")
        start = int(last) if last and last.isdecimal() and len(last) < 19 else after
        return StreamingResponse(
            _events(db, start), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    return router


# A row is shown once every transaction that could commit a lower number has ended: commit order is not id order.
_TAIL = text("""
SELECT seq, name, stream, payload, actor, occurred_at FROM event
WHERE seq > :after AND xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296
ORDER BY seq LIMIT 200
""")


async def _events(db: Database, start: int | None) -> AsyncIterator[str]:
    async with db.sessions() as session:
        after = (
            start
            if start is not None
            else int(await session.scalar(text("SELECT coalesce(max(seq), 0) FROM event")) or 0)
        )
    quiet = 0.0
    while True:
        async with db.sessions() as session:
            rows = (await session.execute(_TAIL, {"after": after})).all()
        for r in rows:
            body = {
                "name": r.name,
                "stream": r.stream,
                "data": r.payload,
                "actor": r.actor,
                "at": r.occurred_at.isoformat(),
            }
            yield f"id: {r.seq}\nevent: fact\ndata: {json.dumps(body)}\n\n"
            after = r.seq
        quiet = 0.0 if rows else quiet + 0.5
        if quiet >= 15.0:
            quiet = 0.0
            yield ": still here\n\n"
        if not rows:
            await asyncio.sleep(0.5)


def _screens(app: FastAPI, web: Path) -> None:
    """The built screens: hashed assets cached for ever, pages and the service worker never."""
    pages: dict[str, str] = {"/": "console.html", "/console": "console.html", "/pda": "pda.html"}

    def page(name: str) -> Callable[[], Any]:
        async def serve() -> Response:
            return FileResponse(web / name, headers={"cache-control": "no-cache"})

        return serve

    for path, name in pages.items():
        app.add_api_route(path, page(name), include_in_schema=False)

    @app.get("/{path:path}", include_in_schema=False)
    async def asset(path: str) -> Response:
        try:
            file = (web / path).resolve()
            found = web.resolve() in file.parents and file.is_file()
        except (OSError, ValueError):  # a name no file system takes: too long, a NUL
            found = False
        if not found:
            return JSONResponse({"code": "common.not_found", "status": 404}, 404, media_type="application/problem+json")
        cache = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return FileResponse(file, headers={"cache-control": cache})

"""The live control of a board over HTTP on loopback: what is there, set, clear, what was.

GET /devices, /catalogue, /history; PUT and DELETE /devices/{device}/faults/{fault}; DELETE /faults. A refusal is
`{"code", "params"}` with status 404 or 422.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse

from simulators.faults.board import Board, FaultRefused
from simulators.faults.catalogue import Json


def app(board: Board, scenario: Json | None = None) -> FastAPI:
    """`scenario`: title and plan of what is being played, told with the devices."""
    api = FastAPI(title="Simulators", docs_url=None, redoc_url=None, openapi_url=None)

    @api.exception_handler(FaultRefused)
    async def refused(request: Request, refusal: FaultRefused) -> JSONResponse:
        status = 422 if refusal.code == "faults.bad_value" else 404
        return JSONResponse({"code": refusal.code, "params": refusal.params}, status)

    @api.get("/devices")
    async def devices() -> Json:
        return {"devices": board.to_json(), "scenario": scenario}

    @api.get("/catalogue")
    async def catalogue() -> dict[str, list[Json]]:
        return board.catalogue()

    @api.get("/history")
    async def history() -> list[Json]:
        return list(reversed(board.history))

    @api.put("/devices/{device}/faults/{fault}")
    async def put(
        device: str,
        fault: str,
        value: Annotated[float, Body()] = 1.0,
        for_s: Annotated[float | None, Body()] = None,
        by: Annotated[str, Body(max_length=80)] = "console",
    ) -> Json:
        await board.set(device, fault, value, for_s, by)
        return {"ok": True}

    @api.delete("/devices/{device}/faults/{fault}")
    async def delete(device: str, fault: str, by: str = "console") -> Json:
        await board.clear(device, fault, by)
        return {"ok": True}

    @api.delete("/faults")
    async def delete_all(by: str = "console") -> Json:
        await board.clear_all(by)
        return {"ok": True}

    return api


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the simulators."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(board: Board, host: str, port: int, scenario: Json | None = None) -> AsyncIterator[str]:
    """Serve the control on `host:port` (port 0: any free one); yields its URL. Errors: OSError."""
    listener = socket.create_server((host, port))
    config = uvicorn.Config(app(board, scenario), log_level="warning", access_log=False, lifespan="off", loop="none")
    server = _Server(config)
    work = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(work, return_exceptions=True)
        listener.close()

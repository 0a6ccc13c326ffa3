"""A carrier: sells labels, gives money back, tracks parcels, keeps its own books on disk. Speaks our generic HTTP interface.

`python -m simulators.wire.carrier --books FILE --secret KEY [--port N]`, or `serving(...)` inside a test. Its books are a SQLite
file that survives its own death: the auditor of our crash tests. Faults, set by PUT /faults/{name} (a number: how many requests, or
seconds for slow_s):

after_sale    sells and never answers: the connection is held for hold_s, then cut
slow_s        every answer takes so long
error_500     answers 500 without selling
late_500      sells, then answers 500
wrong_size    draws the label on A4
refuse        refuses to sell
stale         answers a sale with the label sold before
no_void       refuses to void
lose, customs the next parcels sold are lost, or held at customs
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from simulators.wire import carrier_labels

FAULTS = (
    "after_sale",
    "slow_s",
    "error_500",
    "late_500",
    "wrong_size",
    "refuse",
    "stale",
    "no_void",
    "lose",
    "customs",
)
A4_MM = (210.0, 297.0)
STALE_S = 300
_BOOKS = """
CREATE TABLE IF NOT EXISTS label (
  key TEXT PRIMARY KEY, n INTEGER UNIQUE NOT NULL, tracking TEXT UNIQUE NOT NULL, reference TEXT NOT NULL, service TEXT NOT NULL,
  country TEXT NOT NULL, request TEXT NOT NULL, format TEXT NOT NULL, document BLOB NOT NULL, price_cents INTEGER NOT NULL,
  currency TEXT NOT NULL, sold_at REAL NOT NULL, voided_at REAL, manifest TEXT NOT NULL DEFAULT '',
  lost INTEGER NOT NULL DEFAULT 0, customs INTEGER NOT NULL DEFAULT 0, handed_at REAL);
CREATE TABLE IF NOT EXISTS asked (at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, key TEXT NOT NULL);
"""


class Books:
    """What was sold. One connection, committed before any answer."""

    def __init__(self, path: Path | str) -> None:
        self.db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(_BOOKS)

    def label(self, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute("SELECT * FROM label WHERE key = ?", (key,)).fetchone()
        return row

    def labels(self) -> list[dict[str, Any]]:
        """Every label ever sold, in order, without its document."""
        rows = self.db.execute(
            "SELECT key, tracking, reference, service, country, price_cents, sold_at, voided_at, manifest FROM label ORDER BY n"
        )
        return [dict(row) for row in rows]

    def close(self) -> None:
        self.db.close()


def sign(secret: str, what: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{what}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class CarrierSim:
    """The carrier's desk. `kind` of label by service name: a service that ends in -png or -pdf gets that, others ZPL.

    `day_s`: seconds of ours that a day of its parcels takes. `clock`: Unix seconds, of the parcels' way alone.
    """

    def __init__(
        self, books: Books, secret: str, *, day_s: float = 86_400.0, size_mm: tuple[float, float] = (100, 150),
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.books, self.secret, self.day_s, self.size_mm = books, secret, day_s, size_mm
        self.hold_s, self.clock = 30.0, clock
        self.faults: dict[str, float] = dict.fromkeys(FAULTS, 0.0)

    def take(self, fault: str) -> bool:
        """Whether a counted fault strikes now."""
        if self.faults[fault] < 1:
            return False
        self.faults[fault] -= 1
        return True

    def authentic(self, request: Request, body: bytes) -> bool:
        stamp = request.headers.get("wms-timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > STALE_S:
            return False
        what = f"{request.method} {request.url.path} {request.headers.get('idempotency-key', '')}"
        return hmac.compare_digest(sign(self.secret, what, stamp, body), request.headers.get("wms-signature", ""))

    def sell(self, key: str, order: dict[str, Any]) -> dict[str, Any]:
        """Sell once a key. Errors: KeyError, TypeError for an order that cannot be read."""
        if (there := self.books.label(key)) is not None:
            return self.answer(there)
        n = int(self.books.db.execute("SELECT coalesce(max(n), 0) + 1 FROM label").fetchone()[0])
        to, service = order["recipient"], str(order["service"])
        country = str(to.get("country", ""))
        tracking = carrier_labels.waybill(n) if "EXPRESS" in service.upper() else carrier_labels.s10(n)
        kind = next((k for k in ("png", "pdf") if service.lower().endswith(f"-{k}")), "zpl")
        lines = [
            f"{service} {order['duty_term']}", str(to.get("name", "")), str(to.get("street", "")),
            f"{to.get('zip', to.get('postcode', ''))} {to.get('city', '')}", country, f"{order['weight_g']} g", str(order["reference"]),
        ]  # fmt: skip
        size = A4_MM if self.take("wrong_size") else self.size_mm
        document = carrier_labels.draw("pdf" if size is A4_MM else kind, lines, tracking, size)
        lost = int(self.take("lose"))  # what is lost meets no customs
        price = 300 + int(order["weight_g"]) // 10
        self.books.db.execute(
            "INSERT INTO label VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', ?, ?, NULL)",
            (key, n, tracking, str(order["reference"]), service, country, json.dumps(order), "pdf" if size is A4_MM else kind,
             document, price, "USD", time.time(), lost, int(not lost and self.take("customs"))),
        )  # fmt: skip
        sold = self.books.label(key)
        assert sold is not None
        return self.answer(sold)

    @staticmethod
    def answer(row: sqlite3.Row) -> dict[str, Any]:
        return {
            "key": row["key"], "tracking": row["tracking"], "carrier_ref": f"L{row['n']:08d}", "format": row["format"],
            "document": base64.b64encode(row["document"]).decode(), "price_cents": row["price_cents"], "currency": row["currency"],
            "voided": row["voided_at"] is not None,
        }  # fmt: skip

    def scans(self, tracking: str) -> list[dict[str, str]] | None:
        """What was seen of a parcel so far, from its handover on; None for a number that was never sold."""
        row = self.books.db.execute("SELECT * FROM label WHERE tracking = ?", (tracking,)).fetchone()
        if row is None:
            return None
        told = list[dict[str, str]]()
        if row["handed_at"] is None:
            return told
        for days, code, place in carrier_labels.journey(
            tracking, row["country"], bool(row["lost"]), bool(row["customs"])
        ):
            at = row["handed_at"] + days * self.day_s
            if at <= self.clock() and row["voided_at"] is None:
                asks = "commercial invoice" if code == "customs_hold" else ""
                told.append(
                    {"at": datetime.fromtimestamp(at, UTC).isoformat(), "code": code, "place": place, "text": asks}
                )
        return told


def app(sim: CarrierSim) -> FastAPI:
    api = FastAPI(title="Simulated carrier", docs_url=None, redoc_url=None, openapi_url=None)

    @api.middleware("http")
    async def at_the_door(request: Request, call_next: Any) -> Any:
        if request.url.path.startswith(("/faults", "/books")):
            return await call_next(request)
        try:
            body = await request.body()
        except ClientDisconnect:
            return JSONResponse({}, 400)  # nobody is there to read it
        if not sim.authentic(request, body):
            return JSONResponse({"code": "bad_signature", "detail": "the signature does not fit"}, 401)
        sim.books.db.execute("INSERT INTO asked VALUES (?, ?, ?, ?)", (
            time.time(), request.method, request.url.path, request.headers.get("idempotency-key", "")
        ))  # fmt: skip
        if sim.faults["slow_s"]:
            await asyncio.sleep(sim.faults["slow_s"])
        return await call_next(request)

    @api.post("/labels")
    async def buy(request: Request) -> Any:
        key = request.headers.get("idempotency-key", "")
        if sim.take("error_500"):
            return JSONResponse({"code": "internal"}, 500)
        if sim.take("refuse"):
            return JSONResponse({"code": "no_such_street", "detail": "the street does not exist"}, 422)
        before = sim.books.db.execute("SELECT * FROM label ORDER BY n DESC LIMIT 1").fetchone()
        try:
            sold = sim.sell(key, json.loads(await request.body()))
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"code": "bad_order", "detail": repr(error)}, 422)
        if sim.take("after_sale"):
            await asyncio.sleep(sim.hold_s)
            return JSONResponse({"code": "gateway_timeout"}, 504)
        if sim.take("late_500"):
            return JSONResponse({"code": "internal"}, 500)
        if before is not None and sim.take("stale"):
            return sim.answer(before)
        return sold

    @api.get("/labels/{key}")
    async def get(key: str) -> Any:
        row = sim.books.label(key)
        return JSONResponse({"code": "unknown"}, 404) if row is None else sim.answer(row)

    @api.post("/labels/{key}/void")
    async def void(key: str) -> Any:
        row = sim.books.label(key)
        if row is None:
            return JSONResponse({"code": "unknown", "detail": "no such label"}, 404)
        if row["manifest"] or sim.take("no_void"):
            return JSONResponse({"code": "handed_over", "detail": "the parcel is on its way"}, 422)
        sim.books.db.execute("UPDATE label SET voided_at = ? WHERE key = ? AND voided_at IS NULL", (time.time(), key))
        return {"key": key, "voided": True}

    @api.get("/tracking/{tracking}")
    async def track(tracking: str) -> Any:
        scans = sim.scans(tracking)
        return JSONResponse({"code": "unknown"}, 404) if scans is None else {"tracking": tracking, "scans": scans}

    @api.post("/manifests")
    async def manifest(trackings: list[str] = Body(embed=True)) -> Any:
        number = "M" + hashlib.sha256("".join(sorted(trackings)).encode()).hexdigest()[:12]
        for tracking in trackings:
            sim.books.db.execute(
                "UPDATE label SET manifest = ?, handed_at = coalesce(handed_at, ?) WHERE tracking = ?", (number, sim.clock(), tracking)
            )  # fmt: skip
        return {"manifest": number}

    @api.get("/faults")
    async def faults() -> dict[str, float]:
        return sim.faults

    @api.put("/faults/{name}")
    async def set_fault(name: str, value: float = Body(default=1.0)) -> Any:
        if name not in sim.faults:
            return JSONResponse({"code": "faults.no_fault"}, 404)
        sim.faults[name] = value
        return {"ok": True}

    @api.get("/books")
    async def books() -> list[dict[str, Any]]:
        return sim.books.labels()

    return api


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the simulators."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(sim: CarrierSim, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the carrier's desk; yields its URL. Errors: OSError."""
    listener = socket.create_server((host, port))
    server = _Server(
        uvicorn.Config(app(sim), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


async def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=18_880)
    parser.add_argument("--day-s", type=float, default=86_400.0, help="seconds that a day of its parcels takes")
    options = parser.parse_args()
    sim = CarrierSim(Books(options.books), options.secret, day_s=options.day_s)
    async with serving(sim, port=options.port) as url:
        print(f"carrier at {url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

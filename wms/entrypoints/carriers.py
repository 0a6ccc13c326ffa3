"""Carries requests to carriers: takes them from the outbox, asks the account's adapter, brings the answer back as an event.

No transaction is open while a carrier is asked. A request is leased first, so that a worker killed in the middle leaves it to the
next; from the second try on the carrier is asked what the key has bought before anything is bought.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
import yaml
from sqlalchemy import text

from wms.db.uow import Actor, Database
from wms.entrypoints import carrier_tracking
from wms.entrypoints.carrier_http import HttpCarrier
from wms.events.shipping import CarrierAnswered
from wms.kernel.carrier import BuyLabel, Carrier, CarrierAway, CarrierRefused, CarrierSilent, SoldLabel

log = structlog.get_logger(__name__)

GROUP = "wms.carriers"
OURS: dict[str, Callable[[Mapping[str, Any]], Carrier]] = {"http": HttpCarrier}
PARALLEL, FOLLOWING = 16, 4
"""Requests in flight, and how many of them may ask after parcels: no label waits for those."""
LEASE_SPARE_S = 2.0
PAUSE_FIRST_S, PAUSE_MOST_S = 0.25, 60.0
TOLD = (1, 3, 8)
"""Tries without an answer of which the saga hears."""

_CLAIM = text("""
UPDATE outgoing SET attempts = attempts + 1, next_at = CAST(:now AS timestamptz) + make_interval(secs => :lease)
WHERE id IN (SELECT id FROM outgoing WHERE channel = 'carrier' AND state = 'due' AND next_at <= :now
               AND (kind = ANY(:following)) = :follow
             ORDER BY seq LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING id, seq, target, kind, payload, ref, attempts
""")
_DONE = text("UPDATE outgoing SET state = 'done' WHERE id = :id AND state = 'due' RETURNING id")
_AGAIN = text("""
UPDATE outgoing SET next_at = :next_at, payload = CAST(:payload AS jsonb), attempts = 0 WHERE id = :id AND state = 'due' RETURNING id
""")
_LATER = text("UPDATE outgoing SET next_at = :next_at WHERE id = :id AND state = 'due' RETURNING id")


def adapters() -> dict[str, Callable[[Mapping[str, Any]], Carrier]]:
    """Adapters by name, ours and those of installed packages. Errors: ValueError for a name claimed twice."""
    found = dict(OURS)
    for entry in entry_points(group=GROUP):
        if entry.name in found:
            raise ValueError(f"carrier adapter {entry.name!r} is claimed twice")
        found[entry.name] = entry.load()
    return found


def accounts(path: Path | None) -> dict[str, Carrier]:
    """The accounts of a configuration file, each with its adapter. Errors: ValueError naming account and fault."""
    if path is None:
        return {}
    body = yaml.safe_load(path.read_text("utf-8")) or {}
    if not isinstance(body, dict) or not isinstance(body.get("accounts"), dict):
        raise ValueError(f"{path}: accounts: name to settings")
    known, made = adapters(), dict[str, Carrier]()
    for name, settings in body["accounts"].items():
        config = dict(settings or {})
        adapter = str(config.pop("adapter", "http"))
        if adapter not in known:
            raise ValueError(f"{path}: {name}: no adapter {adapter!r}; there are {', '.join(sorted(known))}")
        if file := config.get("secret_file"):
            config["secret_file"] = str(path.parent / str(file))
        try:
            made[str(name)] = known[adapter](config)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path}: {name}: {error}") from None
    return made


class Runner:
    """Serves the outbox channel `carrier` until cancelled. `wake` is called when an answer has come in."""

    def __init__(self, db: Database, carriers: Mapping[str, Carrier], wake: Callable[[], None] = lambda: None) -> None:
        self.db, self.carriers, self.wake = db, carriers, wake
        self.due = asyncio.Event()
        """Set by whoever may have queued a request."""
        timeouts = [float(getattr(c, "timeout_s", 10.0)) for c in carriers.values()]
        self.lease_s = 2 * max(timeouts, default=10.0) + LEASE_SPARE_S  # a second try asks and then buys
        self._flying: set[asyncio.Task[None]] = set()
        self._following: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keep up to PARALLEL requests in flight; never returns."""
        try:
            while True:
                try:
                    started = await self._start_due()
                except Exception as error:
                    log.warning("carriers.round_failed", error=repr(error))
                    started = 0
                    await asyncio.sleep(1.0)
                if not started:
                    await self._rest()
        finally:
            for task in self._flying | self._following:
                task.cancel()
            await asyncio.gather(
                *self._flying, *self._following, *(c.close() for c in self.carriers.values()), return_exceptions=True
            )

    async def drain_once(self) -> int:
        """Carry out what is due now, to its end. Returns how many."""
        rows = await self._claim(PARALLEL)
        follow = await self._claim(PARALLEL, follow=True)
        await asyncio.gather(*(self._one(row) for row in rows), *(self._follow(row) for row in follow))
        return len(rows) + len(follow)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(0.25):
                await self.due.wait()
        except TimeoutError:
            return
        finally:
            self.due.clear()

    async def _start_due(self) -> int:
        rows = await self._start(self._flying, PARALLEL, self._one, follow=False)
        return rows + await self._start(self._following, FOLLOWING, self._follow, follow=True)

    async def _start(
        self,
        there: set[asyncio.Task[None]],
        most: int,
        job: Callable[[Any], Coroutine[Any, Any, None]],
        *,
        follow: bool,
    ) -> int:
        room = most - len(there)
        rows = await self._claim(room, follow=follow) if room > 0 else []
        for row in rows:
            task = asyncio.create_task(job(row))
            there.add(task)
            task.add_done_callback(there.discard)
        return len(rows)

    async def _claim(self, limit: int, *, follow: bool = False) -> list[Any]:
        async with self.db.begin(Actor("carriers"), cause="carriers") as uow:
            found = await uow.session.execute(_CLAIM, {
                "now": uow.now, "lease": self.lease_s, "limit": limit, "follow": follow, "following": list(carrier_tracking.KINDS),
            })  # fmt: skip
            return sorted(found.all(), key=lambda row: row.seq)

    async def _one(self, row: Any) -> None:
        try:
            answer = await self._ask(row)
            async with self.db.begin(Actor(f"carrier:{row.target}"), cause=f"carrier:{row.kind}") as uow:
                pause = min(PAUSE_FIRST_S * 2 ** min(row.attempts - 1, 12), PAUSE_MOST_S)
                again = {"id": row.id, "next_at": _after(uow.now, pause)}
                unknown = answer.outcome == "unknown"
                kept = await uow.session.execute(_LATER if unknown else _DONE, again if unknown else {"id": row.id})
                # Another worker may have finished it after our lease had run out.
                if kept.scalar() is not None and (not unknown or row.attempts in TOLD):
                    uow.emit(answer)
            self.wake()
        except Exception as error:  # the database is away: the lease runs out and the request is taken up again
            log.warning("carriers.not_kept", error=repr(error), request=str(row.id))

    async def _follow(self, row: Any) -> None:
        """Ask after a parcel, or tell what is handed over; a carrier that does not answer is asked again later."""
        try:
            try:
                done = await carrier_tracking.carry_out(self.carriers.get(row.target), row, self.db.clock.now())
            except Exception as error:  # silent, away, or a fault of the adapter: asking changes nothing there
                log.info("carriers.not_told", account=row.target, kind=row.kind, error=repr(error)[:200])
                done = None
            async with self.db.begin(Actor(f"carrier:{row.target}"), cause=f"carrier:{row.kind}") as uow:
                if done is None:
                    await uow.session.execute(_LATER, carrier_tracking.later(row, uow.now))
                    return
                body = {"id": row.id, "next_at": _after(uow.now, done.pause_s), "payload": json.dumps(done.payload)}
                ended = done.payload is None
                kept = await uow.session.execute(_DONE if ended else _AGAIN, {"id": row.id} if ended else body)
                if kept.scalar() is not None and done.event is not None:
                    uow.emit(done.event)
            self.wake()
        except Exception as error:
            log.warning("carriers.not_kept", error=repr(error), request=str(row.id))

    async def _ask(self, row: Any) -> CarrierAnswered:
        purchase_id, parcel_id = UUID(row.ref.partition(":")[2]), UUID(row.payload["parcel_id"])

        def said(outcome: Any, **more: Any) -> CarrierAnswered:
            return CarrierAnswered(
                purchase_id=purchase_id,
                parcel_id=parcel_id,
                verb=row.kind,
                outcome=outcome,
                attempt=row.attempts,
                **more,
            )

        carrier = self.carriers.get(row.target)
        if carrier is None:
            if row.kind == "buy":
                return said("refused", code="shipping.no_account", why=f"no account {row.target!r} on this server")
            return said(
                "unknown", why=f"no account {row.target!r} on this server"
            )  # a label to be voided is not forgotten
        try:
            if row.kind == "void":
                await carrier.void(row.payload["key"], row.payload["carrier_ref"])
                return said("voided")
            return said("bought", **_fields(await _buy(carrier, row)))
        except CarrierRefused as refused:
            return said("refused", code="shipping.carrier_refused", why=f"{refused.code}: {refused.why}")
        except (CarrierSilent, CarrierAway) as silent:
            return said("unknown", why=str(silent)[:300])
        except Exception as error:  # a fault of the adapter: it may have happened
            log.warning("carriers.adapter_failed", account=row.target, error=repr(error))
            return said("unknown", why=repr(error)[:300])


async def _buy(carrier: Carrier, row: Any) -> SoldLabel:
    wanted = BuyLabel(**row.payload["label"])
    if row.attempts > 1:
        try:
            sold = await carrier.get(wanted.key)
        except CarrierRefused as refused:  # refused to tell is not the same as not sold
            raise CarrierSilent(f"does not tell what was bought: {refused}") from None
        if sold is not None and sold.voided:
            raise CarrierRefused("voided", "the carrier has voided this label")
        if sold is not None:
            return sold
    return await carrier.buy(wanted)


def _fields(sold: SoldLabel) -> dict[str, Any]:
    names = ("tracking", "carrier_ref", "format", "document", "price_cents", "currency")
    return {name: getattr(sold, name) for name in names}


def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)

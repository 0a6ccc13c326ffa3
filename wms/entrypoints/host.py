"""Tells the order system by signed webhooks (Standard Webhooks), at least once, in order per subject, with growing pauses.

Source: standardwebhooks.com, specification: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64 HMAC-SHA256>`.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

import httpx
import structlog
from sqlalchemy import text

from wms.db.uow import Actor, Database

log = structlog.get_logger(__name__)

DEAD_AFTER = timedelta(hours=72)
_DUE = text("""
SELECT o.id, o.kind, o.payload, o.attempts, o.created_at FROM outgoing o
WHERE o.channel = 'host' AND o.state = 'due' AND o.next_at <= :now AND NOT EXISTS (
  SELECT 1 FROM outgoing e WHERE e.channel = 'host' AND e.state = 'due' AND e.ref = o.ref AND e.seq < o.seq AND e.next_at > :now)
ORDER BY o.seq LIMIT 50 FOR UPDATE SKIP LOCKED
""")
_DONE = text("UPDATE outgoing SET state = 'done', attempts = attempts + 1 WHERE id = ANY(:ids)")
_LATER = text("UPDATE outgoing SET attempts = attempts + 1, next_at = :next_at, state = :state WHERE id = :id")


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Signature header of one message."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


async def run(db: Database, url: str, secret: str) -> None:
    """Deliver until cancelled. Without a URL messages wait in the outbox, visible in the console."""
    async with httpx.AsyncClient(timeout=10, follow_redirects=False) as client:
        while url:
            try:
                delivered = await _round(db, client, url, secret)
            except Exception as error:
                log.warning("host.round_failed", error=repr(error))
                delivered = 0
            if not delivered:
                await asyncio.sleep(0.5)


async def _round(db: Database, client: httpx.AsyncClient, url: str, secret: str) -> int:
    # The rows stay locked while they are told: two workers never tell the host the same thing at once.
    async with db.begin(Actor("host"), cause="host") as uow:
        rows = (await uow.session.execute(_DUE, {"now": uow.now})).all()
        told = []
        for row in rows:
            body = json.dumps({"type": row.kind, "timestamp": row.created_at.isoformat(), "data": row.payload}).encode()
            stamp = int(uow.now.timestamp())
            try:
                answer = await client.post(url, content=body, headers={
                    "content-type": "application/json", "webhook-id": str(row.id), "webhook-timestamp": str(stamp),
                    "webhook-signature": sign(secret, str(row.id), stamp, body),
                })  # fmt: skip
                ok = answer.status_code < 300
            except httpx.HTTPError:
                ok = False
            if ok:
                told.append(row.id)
                continue
            pause = timedelta(seconds=min(0.5 * 2**row.attempts, 6 * 3600))
            dead = uow.now - row.created_at > DEAD_AFTER
            await uow.session.execute(
                _LATER, {"id": row.id, "next_at": uow.now + pause, "state": "dead" if dead else "due"}
            )
            break
        if told:
            await uow.session.execute(_DONE, {"ids": told})
        return len(told)

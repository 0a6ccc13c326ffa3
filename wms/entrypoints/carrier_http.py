"""A carrier behind our generic HTTP interface: every request signed, every purchase under its key.

    POST /labels            buy           GET /labels/{key}          what a key has bought
    POST /labels/{key}/void void          GET /tracking/{tracking}   scans
    POST /manifests         handover

Signature as for the host's webhooks (entrypoints/host.py), over "<METHOD> <path> <key>", the time and the body. docs/carriers.md has
every field; a carrier with an interface of its own is a plug-in beside this one.
"""

import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from wms.entrypoints.carrier_tracking import FIRST_S, MOST_S
from wms.entrypoints.host import sign
from wms.kernel.carrier import BuyLabel, CarrierAway, CarrierRefused, CarrierSilent, Scan, SoldLabel

KNOWN = frozenset({"url", "key_id", "secret", "secret_file", "timeout_s", "verify", "track_first_s", "track_most_s"})
_SOLD = ("key", "tracking", "carrier_ref", "format", "document", "price_cents", "currency")


class BadAccount(ValueError):
    """The account's configuration cannot be used."""


class HttpCarrier:
    """Config: url, key_id, secret or secret_file, timeout_s (5), verify (true, or a CA file), track_first_s and track_most_s
    (seconds between two askings after a parcel). Errors: BadAccount."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        if unknown := set(config) - KNOWN:
            raise BadAccount(f"unknown settings: {', '.join(sorted(unknown))}")
        if not str(config.get("url", "")).startswith(("http://", "https://")):
            raise BadAccount("url: an http(s) address")
        secret = config.get("secret") or (
            Path(str(config["secret_file"])).read_text("utf-8").strip() if config.get("secret_file") else ""
        )
        if not secret:
            raise BadAccount("secret or secret_file: missing")
        self._secret, self._key_id = str(secret), str(config.get("key_id", ""))
        self.timeout_s = float(config.get("timeout_s", 5.0))
        self.track_first_s = float(config.get("track_first_s", FIRST_S))
        self.track_most_s = max(float(config.get("track_most_s", MOST_S)), self.track_first_s)
        if self.track_first_s < 1:
            raise BadAccount("track_first_s: at least a second")
        self._path = httpx.URL(str(config["url"]).rstrip("/")).path.rstrip("/")
        self._client = httpx.AsyncClient(
            base_url=str(config["url"]).rstrip("/"), follow_redirects=False, verify=config.get("verify", True),
            timeout=httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, 3.0)),
        )  # fmt: skip

    def signed(self, what: str, timestamp: int, body: bytes, signature: str) -> bool:
        """Whether this account's key has signed a message to us: `what` as in requests, "<METHOD> <path> <idempotency key>"."""
        return hmac.compare_digest(sign(self._secret, what, timestamp, body).encode(), signature.encode())

    async def buy(self, wanted: BuyLabel) -> SoldLabel:
        return _sold(await self._call("POST", "/labels", wanted.key, asdict(wanted)), wanted.key)

    async def get(self, key: str) -> SoldLabel | None:
        answer = await self._call("GET", f"/labels/{key}", key, missing=True)
        return None if answer is None else _sold(answer, key)

    async def void(self, key: str, carrier_ref: str) -> None:
        await self._call("POST", f"/labels/{key}/void", key, {"carrier_ref": carrier_ref})

    async def track(self, tracking: str) -> Sequence[Scan]:
        answer = await self._call("GET", f"/tracking/{tracking}", tracking, missing=True)
        if answer is None:
            return []  # many carriers know a number only from its first scan on
        try:
            return [Scan(**{n: str(one[n]) for n in Scan.__slots__}) for one in answer["scans"]]
        except (KeyError, TypeError) as error:
            raise CarrierSilent(f"the answer cannot be read: {error!r}") from None

    async def manifest(self, trackings: Sequence[str]) -> str:
        key = "-".join(sorted(trackings))[:200]
        answer = await self._call("POST", "/manifests", key, {"trackings": list(trackings)})
        return str((answer or {}).get("manifest", ""))

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, key: str, body: Any = None, *, missing: bool = False
    ) -> dict[str, Any] | None:
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        stamp = int(time.time())
        headers = {
            "content-type": "application/json", "idempotency-key": key, "wms-key-id": self._key_id, "wms-timestamp": str(stamp),
            "wms-signature": sign(self._secret, f"{method} {self._path}{path} {key}", stamp, content),
        }  # fmt: skip
        try:
            answer = await self._client.request(method, path, content=content, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise CarrierAway(f"not reached: {error!r}") from None
        except httpx.HTTPError as error:
            raise CarrierSilent(f"no answer: {error!r}") from None
        return _read(answer, missing)


def _read(answer: httpx.Response, missing: bool) -> dict[str, Any] | None:
    if answer.status_code == 404 and missing:
        return None
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code < 300:
        if not isinstance(body, dict):
            raise CarrierSilent("the answer is no JSON object")
        return body
    said = body if isinstance(body, dict) else {}
    if answer.status_code in (429, 503):
        raise CarrierAway(f"asked to come back later ({answer.status_code})")
    if answer.status_code in (408, 409, 425) or answer.status_code >= 500 or answer.status_code < 400:
        raise CarrierSilent(f"answered {answer.status_code}")
    code = "denied" if answer.status_code in (401, 403) else str(said.get("code") or answer.status_code)
    raise CarrierRefused(
        code[:60], str(said.get("detail") or said.get("message") or f"answered {answer.status_code}")[:300]
    )


def _sold(body: dict[str, Any] | None, key: str) -> SoldLabel:
    """Errors: CarrierSilent when the answer is another key's or cannot be read: what was bought is asked for by the key."""
    if body is None or body.get("key") != key:
        raise CarrierSilent("the answer belongs to another key")
    try:
        values = {name: body[name] for name in _SOLD}
        return SoldLabel(
            **{n: str(v) for n, v in values.items() if n != "price_cents"}, price_cents=int(values["price_cents"]),
            voided=bool(body.get("voided", False)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise CarrierSilent(f"the answer cannot be read: {error!r}") from None

"""A carrier adapter in one file: the parcel depot next door, which takes its labels as files in a shared folder.

    accounts:
      depot: {adapter: depot, folder: /srv/depot, price_cents: 250, currency: USD}

What makes it complete: the key is the file's name, so the same key never makes a second label; `get` answers from the folder alone;
a label that was collected cannot be voided.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wms.kernel.carrier import BuyLabel, CarrierAway, CarrierRefused, Scan, SoldLabel

KNOWN = {"folder", "price_cents", "currency"}


class DepotCarrier:
    timeout_s = 2.0
    """Longest time that a call may take; requests are leased by it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        if unknown := set(config) - KNOWN:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        self.folder = Path(config["folder"]) if "folder" in config else None
        if self.folder is None:
            raise ValueError("folder: missing")
        self.price_cents, self.currency = int(config.get("price_cents", 0)), str(config.get("currency", "USD"))

    async def buy(self, wanted: BuyLabel) -> SoldLabel:
        if wanted.weight_g > 25_000:
            raise CarrierRefused("too_heavy", f"{wanted.weight_g} g: the depot lifts 25 kg")
        there = await self.get(wanted.key)
        if there is not None:
            return there
        tracking = f"DP{int(wanted.key.replace('-', ''), 16) % 10**12:012d}"
        lines = [str(wanted.recipient.get(k, "")) for k in ("name", "street", "city", "country")]
        texts = "".join(
            f"^FO40,{60 + 50 * i}^A0N,36^FD{line.translate({94: 32, 126: 32})}^FS" for i, line in enumerate(lines)
        )
        zpl = f"^XA^CI28^PW800^LL1200{texts}^FO60,600^BY3^BCN,220,Y,N,N^FD{tracking}^FS^XZ"
        sold = SoldLabel(
            wanted.key,
            tracking,
            tracking,
            "zpl",
            base64.b64encode(zpl.encode()).decode(),
            self.price_cents,
            self.currency,
        )
        fresh = self._file(wanted.key).with_suffix(".new")
        try:
            fresh.write_text(json.dumps(asdict(sold)), "utf-8")
            fresh.replace(self._file(wanted.key))
        except OSError as error:
            raise CarrierAway(str(error)) from None
        return sold

    async def get(self, key: str) -> SoldLabel | None:
        if self.folder is None or not self.folder.is_dir():
            raise CarrierAway(f"{self.folder} is not mounted")  # not the same as: the key is unknown
        file = self._file(key)
        return SoldLabel(**json.loads(file.read_text("utf-8"))) if file.exists() else None

    async def void(self, key: str, carrier_ref: str) -> None:
        sold = await self.get(key)
        if sold is None or self._file(key).with_suffix(".collected").exists():
            raise CarrierRefused("collected", "the driver has it")
        self._file(key).write_text(json.dumps(asdict(sold) | {"voided": True}), "utf-8")

    async def track(self, tracking: str) -> Sequence[Scan]:
        return []

    async def manifest(self, trackings: Sequence[str]) -> str:
        return f"{len(trackings)} parcels"

    async def close(self) -> None:
        return None

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.json"

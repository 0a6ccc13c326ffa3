"""The dock's simulated people: a receiver with gate, scale, dimensioner and printer, and a person who puts away."""

import asyncio
import re
import time
from dataclasses import dataclass, field

from simulators.people import WALK_MM_S, Floor, Json, Pda, Refused
from simulators.wire.dws import DwsSim
from simulators.wire.rfid_gate import RfidGateSim

COUNT_S, COUNT_PIECE_S = 4.0, 0.4
PUT_S, PUT_PIECE_S = 5.0, 1.0
LOOK_AGAIN_S = 15.0
"""Wall time after which a load that nobody noticed is put on again."""
MIXED = "ASN-U1"
"""Untagged notice whose pallet holds both SKUs; other untagged ones are counted in two parts, onto cases."""


@dataclass
class Dock:
    """What physically stands at the dock."""

    station: Json
    gate: RfidGateSim
    dimensioner: DwsSim
    size_mm: dict[str, tuple[int, int, int]]
    units: dict[str, dict[str, int]] = field(default_factory=dict)
    """Licence plate to SKU to pieces."""


@dataclass
class _Left:
    """Of one SKU of the delivery, not counted yet."""

    qty: int
    damaged: int
    parts: list[int]


class Receiver:
    """Announces each notice, brings its goods through the gate or to the bench, and receives them by PDA."""

    def __init__(self, floor: Floor, dock: Dock, pda: Pda, host: Pda, notices: list[Json]) -> None:
        self.floor, self.dock, self.pda, self.host, self.notices = floor, dock, pda, host, notices
        self.code = str(dock.station["code"])
        self.done = False
        self.labels: set[str] = set()
        self._left: dict[str, _Left] = {}
        self._notice: Json = {}
        floor.printers[self.code].on_label = self._label_came_out

    def _label_came_out(self, zpl: str) -> None:
        self.labels.update(re.findall(r">;>800(\d{18})", zpl))

    async def run(self) -> None:
        for notice in self.notices:
            await self.host.post("/api/v1/notices", announced(notice))
            await self._receive(notice)
        self.done = True

    async def _receive(self, notice: Json) -> None:
        self._notice = notice
        self._left = {
            x["sku"]: _Left(x["really"], x["damaged"], _portions(notice, x["really"])) for x in notice["lines"]
        }
        if notice["tagged"]:
            await self._through_gate(notice)
        reply = await self.pda.post("/api/v1/pda/receive/claim")
        card: Json | None = reply["cards"][0]
        while card is not None:
            card = await self._step(card)

    async def _through_gate(self, notice: Json) -> None:
        while not self.dock.gate.ready:
            await asyncio.sleep(0.1)
        before = len(await self.pda.get("/api/v1/inbound/gate-passages"))
        epcs = [epc for x in notice["lines"] for epc in x["epcs"][: x["really"]]]
        await self.dock.gate.pass_pallet(epcs)
        started = time.monotonic()
        while len(await self.pda.get("/api/v1/inbound/gate-passages")) == before:
            if time.monotonic() - started > 60:
                self.floor.note("receiver", f"{notice['ref']}: the gate said nothing for 60 s: all is counted by hand")
                return
            await asyncio.sleep(0.1)

    async def _step(self, card: Json) -> Json | None:
        """Do what a card asks; None when the notice is dealt with."""
        kind = card["id"].split(":")[0]
        try:
            match kind:
                case "arrival":
                    return await self._arrive(card)
                case "gate":
                    for line in card["show"]["lines"]:
                        self._left.pop(line["sku"], None)
                    reply = await self.pda.answer(card, pallet=self._notice["pallet"])
                    self.dock.units[reply["params"]["unit"]] = {x["sku"]: x["qty"] for x in card["show"]["lines"]}
                    return self._first(reply)
                case "goods":
                    return await self._next_goods(card)
                case "count":
                    return await self._count(card)
                case "wait":
                    return await self._wait(card)
                case "off":
                    self.floor.note("receiver", f"weight off: {card['show']}")
                    self.floor.scales[self.code].remove()
                    return self._first(await self.pda.answer(card, problem="count_is_right"))
                case "retry":
                    await self.floor.spend(20)
                    return self._first(await self.pda.answer(card, retry=True))
                case "apply":
                    return await self._apply(card)
                case "close":
                    short = sum(x["received"] < x["announced"] for x in card["show"]["lines"])
                    reason = "supplier_short" if short else "supplier_over"
                    return self._first(await self.pda.answer(card, reason=reason))
        except Refused as refused:
            self.floor.note("receiver", refused)
            await asyncio.sleep(0.5)
            return self._first(await self.pda.post("/api/v1/pda/receive/claim"))
        raise AssertionError(f"no such card at the dock: {card['id']}")

    @staticmethod
    def _first(reply: Json) -> Json | None:
        return reply["cards"][0] if reply["cards"] else None

    async def _arrive(self, card: Json) -> Json | None:
        if self._notice["ref"] not in [n["ref"] for n in card["show"]["notices"]]:
            return None
        code = self._notice["pallet"] if self._notice["tagged"] else self._notice["ref"]
        return self._first(await self.pda.answer(card, code=code))

    async def _next_goods(self, card: Json) -> Json | None:
        waiting = [sku for sku, left in self._left.items() if left.parts]
        if waiting:
            return self._first(await self.pda.answer(card, goods=self.floor.ean[waiting[0]]))
        if card["show"]["filling"]:
            return self._first(await self.pda.answer(card, goods=f"]C100{card['show']['filling']}"))
        return self._first(await self.pda.answer(card, problem="all_received"))

    async def _count(self, card: Json) -> Json | None:
        sku = card["show"]["sku"]
        left, steps = self._left[sku], {s["id"]: s for s in card["steps"]}
        if left.damaged and "damaged" not in steps:
            return self._first(await self.pda.answer(card, problem="damaged"))
        qty = left.parts[0]
        await self.floor.spend(COUNT_S + COUNT_PIECE_S * qty)
        options = steps["unit"]["options"]
        mixed = self._notice["tagged"] or self._notice["ref"] == MIXED
        unit = "onto" if "onto" in options else "pallet" if mixed else "case"
        answers: Json = {step: 0 for step in steps if step.startswith("qty:")}
        answers |= {"qty:EA": qty, "unit": unit}
        if left.damaged:
            answers |= {"damaged": left.damaged, "damage_reason": "crushed"}
        reply = await self.pda.answer(card, **answers)
        left.parts.pop(0)
        left.damaged = 0
        fresh = self._first(reply)
        if fresh is not None and "unit" in fresh["show"]:
            self._lay(fresh["show"]["unit"], sku, qty)
        return fresh

    def _lay(self, unit: str, sku: str, qty: int) -> None:
        content = self.dock.units.setdefault(unit, {})
        content[sku] = content.get(sku, 0) + qty

    async def _wait(self, card: Json) -> Json | None:
        show, scale, goods = card["show"], self.floor.scales[self.code], self.floor.goods
        state = card["id"].split(":")[2]
        if state == "measuring":
            sku = show["measure_sku"]
            await self.dock.dimensioner.present(*self.dock.size_mm[sku], goods.unit_g[sku], self.floor.ean[sku])
        if state == "weighing":
            await self.floor.spend(3)
            scale.put(goods.unit_g[show["part_sku"]] * show["part_qty"])
        started = time.monotonic()
        while True:
            await asyncio.sleep(0.12)
            fresh = self._first(await self.pda.get(card["steps"][0]["poll"]))
            if fresh is None or fresh["id"] != card["id"]:
                scale.remove()
                await self.floor.spend(2)
                await self._pan_empty()
                return fresh
            if state in ("measuring", "weighing") and time.monotonic() - started > LOOK_AGAIN_S:
                self.floor.note("receiver", f"no answer while {state} for {LOOK_AGAIN_S:.0f} s: once more")
                scale.remove()
                await asyncio.sleep(0.5)
                return card

    async def _pan_empty(self) -> None:
        """The next load is laid down only once the scale has shown an empty pan."""
        await asyncio.sleep(0.3)

    async def _apply(self, card: Json) -> Json | None:
        code = card["show"]["unit"]
        while code not in self.labels:  # the WES may know before the paper is torn off
            await asyncio.sleep(0.05)
        await self.floor.spend(3)
        return self._first(await self.pda.answer(card, label=f"]C100{code}"))


def _portions(notice: Json, qty: int) -> list[int]:
    """Untagged goods on cases come in two parts."""
    if notice["tagged"] or notice["ref"] == MIXED or qty < 4:
        return [qty] if qty else []
    return [qty - qty // 3, qty // 3]


def announced(notice: Json) -> Json:
    """What the supplier tells: not what really comes."""
    lines = [
        {"sku": x["sku"], "qty_each": x["qty_each"], "epcs": x["epcs"], "hu_code": notice["pallet"]}
        for x in notice["lines"]
    ]
    return {"ref": notice["ref"], "supplier": notice["supplier"], "lines": lines}


class Putter:
    """Works putaways; what is in the hands ends up in the bin that was scanned."""

    def __init__(self, floor: Floor, dock: Dock, pda: Pda, bins: list[str]) -> None:
        self.floor, self.dock, self.pda, self.bins = floor, dock, pda, bins
        self.at = (4000, 40_000)
        self.put = 0

    async def run(self) -> None:
        while True:
            reply = await self.pda.post("/api/v1/pda/putaway/claim")
            for card in reply["cards"]:
                await self._work(card)
            if not reply["cards"]:
                await asyncio.sleep(0.4)

    async def _work(self, card: Json) -> None:
        show, steps = card["show"], [s["id"] for s in card["steps"]]
        distance = abs(self.at[0] - show["x_mm"]) + abs(self.at[1] - show["y_mm"])
        self.at = (show["x_mm"], show["y_mm"])
        await self.floor.spend(distance / WALK_MM_S + PUT_S + PUT_PIECE_S * show["qty"])
        answers: Json = {"unit": show["unit"], "location": show["location"], "qty": show["qty"]}
        if "sku" in steps:
            answers["sku"] = self.floor.ean[show["sku"]]
        if not show["location"]:
            answers["location"] = self._free_bin()
        try:
            await self.pda.answer(card, **answers)
        except Refused as refused:
            self.floor.note("putter", refused)
            await asyncio.sleep(0.5)
            await self._set_aside(card)
            return
        self.put += 1
        content = self.dock.units.get(show["unit"], {})
        if show["sku"] in content:
            content[show["sku"]] -= show["qty"]
        self.floor.goods.put(answers["location"], show["sku"], show["qty"])

    async def _set_aside(self, card: Json) -> None:
        """What will not go in is left standing for the WES to think again."""
        try:
            await self.pda.answer(card, problem="set_aside")
        except Refused as refused:
            self.floor.note("putter", refused)

    def _free_bin(self) -> str:
        """A bin that the eye finds empty."""
        full = {location for (location, _), qty in self.floor.goods.bins.items() if qty}
        return next(b for b in self.bins if b not in full)

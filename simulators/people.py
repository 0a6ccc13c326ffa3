"""Simulated people: each holds a virtual PDA that speaks the real web API, walks, handles goods and makes no shortcuts.

Physical time (walking, handling) is divided by `factor`; the network and the devices are as they are.
"""

import asyncio
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from simulators.plant.goods import Goods
from simulators.scenarios.dock import BAG_TARE_G
from simulators.wire.printer import PrinterSim
from simulators.wire.scale import ScaleSim

WALK_MM_S = 1200.0
EXTRACT_S, PIECE_S = 5.0, 1.5
PACK_S, PACK_PIECE_S = 6.0, 1.2

Json = dict[str, Any]


class Refused(Exception):
    """The WES said no, with a code."""

    def __init__(self, code: str, params: Json) -> None:
        self.code, self.params = code, params
        super().__init__(f"{code} {params}")


class Pda:
    """One signed-in device. A request that got no answer is sent again with the same key; `faults_max`: answers 5xx in a
    row after which it is given up (ServerFault)."""

    def __init__(self, base: str, token: str = "", faults_max: float = math.inf) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.AsyncClient(base_url=base, timeout=20.0, headers=headers)
        self.faults_max, self.requests = faults_max, 0
        self.waits_ms: list[float] = []
        self.name = ""

    async def sign_in(self, badge: str, pin: str) -> None:
        self.name = re.sub("[^A-Z0-9]", "", badge.upper())[-8:]
        answer = await self.post("/api/v1/sign-in", {"badge": badge, "pin": pin, "device": f"sim-{badge}"})
        self.http.headers["authorization"] = f"Bearer {answer['token']}"

    async def get(self, path: str) -> Any:
        return await self._send("GET", path, None)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self._send("POST", path, body if body is not None else {})

    async def put(self, path: str, body: Any) -> Any:
        return await self._send("PUT", path, body)

    async def _send(self, method: str, path: str, body: Any) -> Any:
        headers = {"idempotency-key": str(uuid4())} if method != "GET" else {}
        pause_s, faults = 0.1, 0
        while True:
            started = time.perf_counter()
            try:
                reply = await self.http.request(method, path, json=body, headers=headers)
            except httpx.HTTPError:
                reply = None
            if reply is not None and reply.status_code < 500:
                self.requests += 1
                self.waits_ms.append((time.perf_counter() - started) * 1000)
                if reply.status_code < 400:
                    return reply.json()
                problem = reply.json()
                if problem.get("code") != "common.in_flight":
                    raise Refused(str(problem.get("code")), dict(problem.get("params", {})))
            faults = faults + 1 if reply is not None and reply.status_code >= 500 else 0
            if reply is not None and faults > self.faults_max:
                raise ServerFault(f"{method} {path}: {reply.status_code} {reply.text[:500]}")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)

    async def answer(self, card: Json, **answers: Any) -> Json:
        reply: Json = await self.post(card["submit"], {"answers": answers, "scanned_at": ""})
        return reply


class ServerFault(Exception):
    """The server went on answering that it has a fault of its own."""


@dataclass
class Floor:
    """The physical world that people share."""

    goods: Goods
    factor: float
    ean: dict[str, str]
    """SKU code to the barcode printed on the goods."""
    tare_g: dict[str, int]
    scales: dict[str, ScaleSim]
    """By station."""
    printers: dict[str, PrinterSim]
    carts_in_hand: set[str] = field(default_factory=set)
    ship_lane: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """SSCCs of labelled parcels that lie there."""
    picked_lines: int = 0
    notes: list[str] = field(default_factory=list)

    async def spend(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.factor)

    def note(self, who: str, what: object) -> None:
        self.notes.append(f"{who}: {what}")


class Picker:
    def __init__(self, floor: Floor, pda: Pda, name: str) -> None:
        self.floor, self.pda, self.name = floor, pda, name
        self.at = (4000, 2500)

    async def run(self) -> None:
        while True:
            reply = await self.pda.post("/api/v1/pda/pick/claim")
            if not reply["cards"]:
                await asyncio.sleep(0.4)
                continue
            await self._tour(reply["cards"])

    async def _tour(self, cards: list[Json]) -> None:
        if cards[0]["id"].startswith("cart:"):
            cards = await self._take_cart(cards[0])
        while cards:
            card = cards.pop(0)
            if card["id"].startswith("drop:"):
                drop = card["show"]
                await self._walk(drop["x_mm"], drop["y_mm"])
                await self.pda.answer(card, drop=drop["location"])
                self.floor.carts_in_hand.discard(card["show"]["cart"])
                return
            changed = await self._pick(card)
            cards = changed if changed is not None else cards

    async def _take_cart(self, card: Json) -> list[Json]:
        await self._walk(4000, 2500)
        while True:
            standing = [c for c in await self.pda.get("/api/v1/pda/pick/carts") if c not in self.floor.carts_in_hand]
            if not standing:
                await asyncio.sleep(0.4)
                continue
            cart = standing[0]
            self.floor.carts_in_hand.add(cart)
            try:
                reply = await self.pda.answer(card, cart=cart)
            except Refused as refused:
                self.floor.carts_in_hand.discard(cart)
                self.floor.note(self.name, refused)
                await asyncio.sleep(0.2)
                continue
            cards: list[Json] = reply["cards"]
            return cards

    async def _walk(self, x_mm: int, y_mm: int) -> None:
        distance = abs(self.at[0] - x_mm) + abs(self.at[1] - y_mm)
        self.at = (x_mm, y_mm)
        await self.floor.spend(distance / WALK_MM_S)

    async def _pick(self, card: Json) -> list[Json] | None:
        show = card["show"]
        await self._walk(show["x_mm"], show["y_mm"])
        found = self.floor.goods.take(show["location"], show["sku"], show["qty"])
        await self.floor.spend(EXTRACT_S + PIECE_S * found)
        answers: Json = {
            "location": show["location"],
            "sku": self.floor.ean[show["sku"]],
            "qty": found,
            "tote": show["tote"],
        }
        if found < show["qty"]:
            answers["problem"] = "short"
        try:
            reply = await self.pda.answer(card, **answers)
        except Refused as refused:
            # A cancelled order: what is in the hand goes back where it came from.
            self.floor.goods.put(show["location"], show["sku"], found)
            self.floor.note(self.name, refused)
            return None
        self.floor.picked_lines += 1
        cards: list[Json] | None = reply["cards"]
        return cards


class Packer:
    def __init__(self, floor: Floor, pda: Pda, station: str) -> None:
        self.floor, self.pda, self.station = floor, pda, station
        self.labels: dict[str, float] = {}
        self._content: dict[str, int] = {}
        self.left: set[str] = set()
        """Totes that could not be packed: a lead's matter."""
        floor.printers[station].on_label = self._label_came_out

    def _label_came_out(self, zpl: str) -> None:
        for code in re.findall(r">;>800(\d{18})|\^BC[^^]*\^FD(\w+)\^FS", zpl):  # our own, or a carrier's
            self.labels[code[0] or code[1]] = time.monotonic()

    async def run(self) -> None:
        while True:
            reply = await self.pda.post(f"/api/v1/pda/pack/{self.station}/claim")
            card = reply["cards"][0]
            while card is not None:
                card = await self._step(card)

    async def _step(self, card: Json) -> Json | None:
        kind = card["id"].split(":")[0]
        try:
            if kind == "tote":
                return await self._tote(card)
            if kind == "parcel":
                return await self._fill(card)
            if kind == "singles":
                return await self._single(card)
            if kind in ("hold", "blocked"):
                self.left.add(card["show"].get("tote", ""))
                return self._first(await self.pda.answer(card, problem="leave_it"))
            if kind == "wait":
                return await self._wait(card)
            if kind == "off":
                return await self._weight_off(card)
            if kind == "retry":
                await self.floor.spend(20)
                return self._first(await self.pda.answer(card, retry=True))
            if kind == "apply":
                return await self._apply(card)
        except Refused as refused:
            self.floor.note(self.station, refused)
            self.floor.scales[self.station].remove()
            await asyncio.sleep(0.2)
        return None

    @staticmethod
    def _first(reply: Json) -> Json | None:
        return reply["cards"][0] if reply["cards"] else None

    async def _tote(self, card: Json) -> Json | None:
        waiting = [tote for tote in card["show"].get("waiting", []) if tote not in self.left]
        if not waiting:
            await asyncio.sleep(0.5)
            return None
        return self._first(await self.pda.answer(card, tote=waiting[0]))

    async def _fill(self, card: Json) -> Json | None:
        answers: Json = {}
        content: dict[str, int] = {}
        for step in card["steps"]:
            if step["kind"] == "quantity":
                answers[step["id"]] = content[step["show"]["sku"]] = step["max"]
            elif step["kind"] == "choice":
                answers[step["id"]] = step["options"][-1]
            else:
                answers[step["id"]] = step["accept"][0] if step["accept"] else "ok"
        self._content = content or self._content  # a single piece was scanned before its parcel was known
        await self.floor.spend(PACK_S + PACK_PIECE_S * sum(self._content.values()))
        return self._first(await self.pda.answer(card, **answers))

    async def _single(self, card: Json) -> Json | None:
        """Take a piece out of the shared tote and scan it; through with the tote when nobody wants what is left."""
        tote = card["show"]["tote"]
        for row in await self.pda.get(f"/api/v1/stock?q={tote}"):
            if row["place"] != tote:
                continue
            await self.floor.spend(PACK_PIECE_S)
            said = await self.pda.answer(card, item=self.floor.ean[row["sku"]])
            if said["message"] != "pack.nobody_wants":
                self._content = {row["sku"]: 1}
                return self._first(said)
        return self._first(await self.pda.answer(card, problem="tote_done"))

    async def _wait(self, card: Json) -> Json | None:
        scale, show = self.floor.scales[self.station], card["show"]
        weighing = card["id"].endswith((":weighing", ":no_weight"))
        if weighing:
            tare_g = 0 if show.get("as_is") else self.floor.tare_g[show["carton"]]
            scale.put(self.floor.goods.parcel_g(self._content, tare_g))
        started = time.monotonic()
        while True:
            await asyncio.sleep(0.2)
            fresh = self._first(await self.pda.get(card["steps"][0]["poll"]))
            if fresh is None or fresh["id"] != card["id"]:
                scale.remove()
                return fresh
            if weighing and time.monotonic() - started > 20:
                self.floor.note(self.station, "no weight for 20 s: put it on again")
                scale.remove()
                await asyncio.sleep(0.5)
                return card

    async def _weight_off(self, card: Json) -> Json | None:
        self.floor.scales[self.station].remove()
        self.floor.note(self.station, f"weight off {card['show']['weight_g']} vs {card['show']['expected_g']}")
        return self._first(await self.pda.answer(card, problem="set_aside"))

    async def _apply(self, card: Json) -> Json | None:
        self.floor.scales[self.station].remove()
        sscc, code = card["show"]["sscc"], card["steps"][0]["accept"][0]
        while code not in self.labels:  # the WES may know before the paper is torn off
            await asyncio.sleep(0.05)
        await self.floor.spend(3)
        reply = await self.pda.answer(card, label=f"00{sscc}" if code == sscc else code)
        self.floor.ship_lane.put_nowait(sscc)
        return self._first(reply)


class Loader:
    """Loads parcels and, as a lead with a truck clock, lets the trucks go."""

    def __init__(self, floor: Floor, pda: Pda, trucks_every_s: float | None) -> None:
        self.floor, self.pda, self.trucks_every_s = floor, pda, trucks_every_s
        self.loaded = 0
        self.bag: Json | None = None
        """Card of the bag that is being filled."""
        self.tags = 0
        self.sealed: list[str] = []
        """Tags of bags that wait to be loaded."""

    async def run(self) -> None:
        last = time.monotonic()
        while True:
            try:
                sscc = await asyncio.wait_for(self.floor.ship_lane.get(), 0.5)
                await self._load(sscc)
            except TimeoutError:
                await self._seal()
            await self._load_bags()
            due = self.trucks_every_s is not None and time.monotonic() - last > self.trucks_every_s
            if due or (self.trucks_every_s is not None and self.loaded and self.floor.ship_lane.empty()):
                await self._depart()
                last = time.monotonic()

    async def _load(self, sscc: str) -> None:
        await self.floor.spend(2)
        card = {"submit": "/api/v1/pda/load/parcel"}
        for attempt in range(40):
            try:
                await self.pda.answer(card, parcel=f"]C100{sscc}")
                self.loaded += 1
                return
            except Refused as refused:
                if refused.code == "dock.needs_bag":
                    await self._into_bag(sscc)
                    return
                # The label was scanned on a moment ago: the dock hears of it a breath later.
                if refused.code not in ("dock.unknown_parcel", "orders.wrong_state") or attempt == 39:
                    self.floor.note("loader", refused)
                    if refused.code == "orders.wrong_state":
                        self.floor.ship_lane.put_nowait(sscc)
                    return
                if refused.code == "orders.wrong_state":
                    self.floor.ship_lane.put_nowait(sscc)  # its sister parcel is still at the bench
                    await asyncio.sleep(0.1)
                    return
                await asyncio.sleep(0.1)

    async def _into_bag(self, sscc: str) -> None:
        if self.bag is None:
            self.tags += 1
            start = (await self.pda.post("/api/v1/pda/bag/claim"))["cards"][0]
            self.bag = (await self.pda.answer(start, tag=f"BAG-{self.pda.name}-{self.tags:03}"))["cards"][0]
        try:
            self.bag = (await self.pda.answer(self.bag, parcel=f"]C100{sscc}"))["cards"][0]
        except Refused as refused:
            if refused.code in ("dock.bag_full", "dock.wrong_bag") and self.bag["show"].get("parcels"):
                await self._seal()
                await self._into_bag(sscc)
            else:
                self.floor.note("loader", refused)

    async def _seal(self) -> None:
        """The bag is full, or nothing more comes: seal and weigh it."""
        card, self.bag = self.bag, None
        if card is None or not card["show"].get("parcels"):
            return
        await self.floor.spend(8)
        tag = card["show"]["bag"]
        try:
            asked = (await self.pda.answer(card, problem="seal"))["cards"][0]
            await self.pda.answer(asked, seal=f"S{tag[3:]}", weight=card["show"]["weight_g"] + BAG_TARE_G)
            self.sealed.append(tag)
        except Refused as refused:
            self.floor.note("loader", refused)

    async def _load_bags(self) -> None:
        for tag in list(self.sealed):
            try:
                reply = await self.pda.answer({"submit": "/api/v1/pda/load/parcel"}, parcel=tag)
                self.loaded += reply["params"]["parcels"]
                self.sealed.remove(tag)
            except Refused as refused:
                if refused.code != "orders.wrong_state":  # a sister parcel is still at the bench
                    self.floor.note("loader", refused)
                    self.sealed.remove(tag)

    async def _depart(self) -> None:
        for carrier, n in (await self._standing()).items():
            if n:
                try:
                    await self.pda.post(f"/api/v1/dock/manifests/{carrier}/close")
                except Refused as refused:
                    if refused.code not in (
                        "dock.nothing_loaded",
                        "dock.still_aboard",
                    ):  # a sister parcel is on its way
                        self.floor.note("loader", refused)
        self.loaded = 0

    async def _standing(self) -> dict[str, int]:
        board = await self.pda.get("/api/v1/dock/manifests")
        return {m["carrier"]: m["parcels"] for m in board["manifests"] if m["state"] == "open"}

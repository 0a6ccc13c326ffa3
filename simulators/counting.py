"""People who count and the one who answers for the books. They see the shelf and never the book."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from simulators.people import WALK_MM_S, Floor, Json, Pda, Refused

LOOK_S, PIECE_S = 4.0, 0.5
DECIDE_S = 60.0


class Counter:
    """Works count cards one by one; what the eye finds there is what is keyed."""

    def __init__(self, floor: Floor, pda: Pda, name: str) -> None:
        self.floor, self.pda, self.name = floor, pda, name
        self.at = (4000, 2500)
        self.counted = 0

    async def run(self) -> None:
        while True:
            cards = (await self.pda.post("/api/v1/pda/count/claim"))["cards"]
            for card in cards:
                try:
                    await self._work(card)
                except Refused as refused:
                    self.floor.note(self.name, refused)
                    await asyncio.sleep(0.5)
            if not cards:
                await asyncio.sleep(1.0)

    async def _work(self, card: Json) -> None:
        show = card["show"]
        distance = abs(self.at[0] - show["x_mm"]) + abs(self.at[1] - show["y_mm"])
        self.at = (show["x_mm"], show["y_mm"])
        await self.floor.spend(distance / WALK_MM_S + LOOK_S)
        if "sku" in show:
            await self._count(card, show["location"], show["sku"])
            return
        there = [sku for (location, sku), n in self.floor.goods.bins.items() if location == show["location"] and n]
        if not there:
            await self._send(card, {"location": show["location"], "empty": True}, datetime.now(UTC))
            return
        reply = await self._send(card, {"location": show["location"], "problem": "other_sku"}, datetime.now(UTC))
        await self._count(reply["cards"][0], show["location"], there[0])

    async def _count(self, card: Json, location: str, sku: str) -> None:
        found, at = self.floor.goods.count(location, sku), datetime.now(UTC)
        await self.floor.spend(PIECE_S * found)
        answers: Json = {"location": location, "sku": self.floor.ean[sku], "qty": found}
        if not found:
            answers = {"location": location, "problem": "empty"}
        await self._send(card, answers, at)
        self.counted += 1

    async def _send(self, card: Json, answers: Json, at: datetime) -> Any:
        return await self.pda.post(card["submit"], {"answers": answers, "scanned_at": at.isoformat()})


class Finance:
    """Looks at what two counts found alike, and lets it be posted."""

    def __init__(self, floor: Floor, pda: Pda) -> None:
        self.floor, self.pda = floor, pda
        self.decided = 0

    async def run(self) -> None:
        while True:
            for variance in await self.pda.get("/api/v1/counting/variances"):
                await self.floor.spend(DECIDE_S)
                body = {"approve": True, "reason": f"counted {variance['recount_each']} by two people"}
                try:
                    await self.pda.post(f"/api/v1/counting/variances/{variance['id']}/decide", body)
                    self.decided += 1
                except Refused as refused:
                    if refused.code != "counting.still_promised":  # the pick will come and find less
                        self.floor.note("fin", refused)
            await asyncio.sleep(2.0)


async def counting_crew(floor: Floor, crew: dict[str, Pda]) -> list[Counter | Finance]:
    """The supervisor asks for the day's counts; two count, one decides."""
    await crew["anna"].post("/api/v1/counting/plan")
    counters = [Counter(floor, pda, name) for name, pda in crew.items() if name.startswith("counter")]
    return [*counters, Finance(floor, crew["fin"])]

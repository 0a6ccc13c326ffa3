"""Who works with the devices during the hour of `tests.benchmarks.devices`."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import uuid4

from devices.contract.commands import Command
from devices.gateway.floor import Floor
from simulators.wire.ensemble import Ensemble

Work = Callable[[], Coroutine[Any, Any, object]]
ZPL = "^XA^PW812^FO50,50^BY3^BCN,200,Y,N,N^FD>;>800340123450000000017^FS^XZ"
TSPL = "SIZE 100 mm,150 mm\r\nCLS\r\nBAR 10,10,100,4\r\nPRINT 1\r\n"


class Crew:
    """One job per device, each at its own pace; `rest` waits until all hands are still."""

    def __init__(self, ensemble: Ensemble, floor: Floor) -> None:
        self._sims, self._floor = ensemble.sims, floor
        self.did: Counter[str] = Counter()
        """What was done, by family, and how commands ended."""
        self._going = asyncio.Event()
        self._going.set()
        self._busy = 0

    def jobs(self) -> Iterator[Coroutine[Any, Any, None]]:
        for device, sim in self._sims.items():
            kind = device.partition("-")[0]
            every_s, work = {
                "scale": (15.0, self._weigh), "printer": (20.0, self._print), "gate": (60.0, self._pass), "dws": (6.0, self._measure),
                "cube": (25.0, self._cube), "sorter": (5.0, self._sort), "zones": (4.0, self._convey), "tags": (10.0, self._light),
                "wall": (10.0, self._light),
            }[kind]  # fmt: skip
            yield self._repeat(kind, every_s, lambda device=device, sim=sim, work=work: work(device, sim))

    async def rest(self) -> None:
        """Nobody begins anything; what was begun has ended and the devices are quiet."""
        self._going.clear()
        while self._busy:
            await asyncio.sleep(1)
        await asyncio.sleep(40)

    def go_on(self) -> None:
        self._going.set()

    async def _repeat(self, kind: str, every_s: float, work: Work) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self._going.wait()
            self._busy += 1
            try:
                await work()
                self.did[kind] += 1
            finally:
                self._busy -= 1

    async def _order(self, device: str, kind: str, data: dict[str, Any]) -> None:
        result = await self._floor[device].execute(Command(str(uuid4()), device, kind, self._soon(), data))
        self.did[f"{kind} {result.outcome}"] += 1

    def _soon(self) -> Any:
        from datetime import timedelta

        return self._floor._clock.now() + timedelta(seconds=60)

    async def _weigh(self, device: str, scale: Any) -> None:
        scale.put(1500)
        await asyncio.sleep(6)
        scale.remove()

    async def _print(self, device: str, printer: Any) -> None:
        content, language = (TSPL, "tspl") if device == "printer-4" else (ZPL, "zpl")
        await self._order(
            device, "print", {"job_id": str(uuid4()), "content": content, "labels": 1, "language": language}
        )

    async def _pass(self, device: str, gate: Any) -> None:
        await gate.pass_pallet([f"3034257BF400000000{n:06X}" for n in range(40)], 2.0)

    async def _measure(self, device: str, dws: Any) -> None:
        await dws.present(300, 200, 100, 1500, "box", ack_timeout_s=4.0)

    async def _cube(self, device: str, cube: Any) -> None:
        cube.put(300, 200, 100, 1500)
        await self._order(device, "measure", {})
        cube.remove()

    async def _sort(self, device: str, sorter: Any) -> None:
        sorter.induct("box")

    async def _convey(self, device: str, zones: Any) -> None:
        zones.arrive(0)
        await asyncio.sleep(1)
        zones.depart(0)

    async def _light(self, device: str, light: Any) -> None:
        position = "L-01" if device == "tags-1" else "W-01"
        await self._order(device, "light", {"position": position, "qty": 3, "colour": "green"})
        await asyncio.sleep(2)
        light.press(1)

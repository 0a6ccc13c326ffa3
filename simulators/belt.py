"""A pack line's belt: infeed, tunnel, applicator, scanner, sorter and the way round, around the simulators of its devices.

Physical, and seeded: it knows no order and no decision; it moves boxes, shows them to the tunnel and the scanner, and puts a
printed label on the box whose plate it bears. Times are of the event loop, virtual or real.
"""

import asyncio
import random
import re
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from simulators.wire.dws import DwsSim
from simulators.wire.plc import SorterSim
from simulators.wire.printer import PrinterSim


@dataclass(slots=True)
class Box:
    plate: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    labels: list[str] = field(default_factory=list)
    """Serials of the labels that stick on it, oldest first."""


@dataclass(frozen=True, slots=True)
class Troubles:
    """How often what goes wrong, as shares of passages or times an hour."""

    tunnel_no_read: float = 0.02
    unstable: float = 0.01
    scanner_no_read: float = 0.005
    label_unread: float = 0.01
    """The scanner sees the plate and not the label."""
    jams_per_hour: float = 6.0
    """A box stuck in the applicator, with the label that was for it torn every second time."""
    jam_s: tuple[float, float] = (15.0, 40.0)


CALM = Troubles(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds; a belt at 1.2 m/s."""

    headway: float = 1.0
    """Between two boxes at the infeed: 3,600 an hour."""
    to_applicator: float = 3.0
    apply: float = 0.9
    gate: float = 4.0
    """A box waits so long in the applicator for its label."""
    to_scanner: float = 2.0
    round: float = 20.0


class Belt:
    """Boxes that `put` at the infeed end in `out`: lane number to boxes. `round_lane` leads back to the infeed."""

    def __init__(
        self, dws: DwsSim, printer: PrinterSim, sorter: SorterSim, *, round_lane: int, seed: int = 0,
        troubles: Troubles = CALM, timing: Timing = Timing(),
    ) -> None:  # fmt: skip
        self._dws, self._sorter, self._round_lane = dws, sorter, round_lane
        self._draw, self.troubles, self.timing = random.Random(seed), troubles, timing
        self.out: dict[int, list[Box]] = {}
        self.infeed: deque[Box] = deque()
        self.happened: Counter[str] = Counter()
        self.on_shown: Callable[[Box], None] | None = None
        self.on_scanned: Callable[[Box, int], None] | None = None
        self._came = asyncio.Event()
        self._before_applicator: asyncio.Queue[Box] = asyncio.Queue()
        self._upstream: set[str] = set()
        """Plates between tunnel and applicator."""
        self._ready: dict[str, str] = {}
        """Plate to the serial of the label that waits at the applicator."""
        self._label_came = asyncio.Event()
        self._sorting: dict[int, Box] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        printer.on_label = self._label
        sorter.on_left = self._left

    def start(self) -> None:
        self._later(self._feed())
        self._later(self._apply())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, box: Box) -> None:
        self.infeed.append(box)
        self._came.set()

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _luck(self, share: float) -> bool:
        return self._draw.random() < share

    async def _feed(self) -> None:
        """Infeed and tunnel: one box each headway, while the applicator has room."""
        while True:
            while not self.infeed or self._before_applicator.qsize() > 4:
                self._came.clear()
                if self.infeed:
                    await asyncio.sleep(0.2)
                else:
                    await self._came.wait()
            box = self.infeed.popleft()
            self._upstream.add(box.plate)
            barcode, flags = " ".join([box.plate, *box.labels]), list[str]()
            if self._luck(self.troubles.tunnel_no_read):
                barcode, flags = "", ["no_read"]
            if self._luck(self.troubles.unstable):
                flags.append("weight_unstable")
            self.happened.update(flags)
            self.happened["tunnel"] += 1
            self._dws.show(box.length_mm, box.width_mm, box.height_mm, box.weight_g, barcode, tuple(flags))
            if self.on_shown is not None:
                self.on_shown(box)
            self._later(self._carry(box))
            await asyncio.sleep(self.timing.headway)

    async def _carry(self, box: Box) -> None:
        await asyncio.sleep(self.timing.to_applicator)
        self._before_applicator.put_nowait(box)

    def _label(self, content: str) -> None:
        """A label came out: for a box that is still to come it waits, else it goes to waste."""
        serial, note = re.search(r">;>800(\d{18})\^FS", content), re.search(r"\^FX([^^]*)\^FS", content)
        found, plate = serial[1] if serial else "", note[1] if note else ""
        self.happened["labels"] += 1
        if found and plate in self._upstream:
            if plate in self._ready:
                self.happened["wasted"] += 1
            self._ready[plate] = found
            self._label_came.set()
        else:
            self.happened["wasted"] += 1

    async def _apply(self) -> None:
        loop = asyncio.get_running_loop()
        jams = self.troubles.jams_per_hour
        next_jam = loop.time() + self._draw.expovariate(jams / 3600) if jams else float("inf")
        while True:
            box = await self._before_applicator.get()
            if loop.time() >= next_jam:
                next_jam = loop.time() + self._draw.expovariate(jams / 3600)
                await self._jam(box)
            expires = loop.time() + self.timing.gate
            while box.plate not in self._ready and not box.labels and loop.time() < expires:
                self._label_came.clear()
                try:
                    async with asyncio.timeout_at(expires):
                        await self._label_came.wait()
                except TimeoutError:
                    break
            self._upstream.discard(box.plate)
            if (serial := self._ready.pop(box.plate, "")) != "":
                box.labels.append(serial)
                await asyncio.sleep(self.timing.apply)
            self._later(self._scan(box))
            await asyncio.sleep(0.1)

    async def _jam(self, box: Box) -> None:
        """Stuck in the middle of print-and-apply."""
        self.happened["jams"] += 1
        await asyncio.sleep(self._draw.uniform(*self.troubles.jam_s))
        if self._luck(0.5) and box.plate in self._ready:
            self.happened["torn"] += 1
            self.happened["wasted"] += 1
            self._ready[box.plate] = ""  # nothing to wait for

    async def _scan(self, box: Box) -> None:
        await asyncio.sleep(self.timing.to_scanner)
        codes = [box.plate, *(f"]C100{serial}" for serial in box.labels)]
        if self._luck(self.troubles.label_unread):
            codes = codes[:1]
            self.happened["label_unread"] += 1
        if self._luck(self.troubles.scanner_no_read):
            codes = []
            self.happened["scanner_no_read"] += 1
        self.happened["scanned"] += 1
        number = self._sorter.induct(" ".join(codes))
        self._sorting[number] = box
        if self.on_scanned is not None:
            self.on_scanned(box, number)

    def _left(self, number: int, lane: int) -> None:
        box = self._sorting.pop(number)
        if lane == self._round_lane:
            self.happened["round"] += 1
            self._later(self._return(box))
        else:
            self.out.setdefault(lane, []).append(box)

    async def _return(self, box: Box) -> None:
        await asyncio.sleep(self.timing.round)
        self.infeed.appendleft(box)
        self._came.set()

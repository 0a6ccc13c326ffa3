"""A simulated vehicle as a machine: where it is, what it carries, how it drives and handles loads. Knows no broker."""

import asyncio
import math
from abc import ABC, abstractmethod
from itertools import pairwise

from simulators.plant.agv import Limits, along, heading, profile, straight_run, turn_s
from simulators.wire.vehicle_words import ACTION_S, V3_WORDS, Json

_TICK_S = 0.05
_ALIGN_S = 1.0
_BATTERY_PER_MM = 1 / 800_000
"""Percent per mm: a charge lasts 80 km."""


class Body(ABC):
    """The plan of nodes and actions is given by who knows orders; `_note` is told of every change."""

    def __init__(
        self, v3: bool, x_mm: int, y_mm: int, factor: float, node_id: str, map_id: str, limits: Limits | None
    ) -> None:
        self.v3 = v3
        self.x_mm, self.y_mm, self.theta_rad = float(x_mm), float(y_mm), 0.0
        self.factor, self.map_id = factor, map_id
        self.limits = limits or Limits()
        self.battery_pct = 100.0
        self.load = ""
        self.e_stop_kind = "NONE"
        self.field_violation = False
        self.paused = False
        self.localized = True
        self.fail_next_action = False
        self.errors: list[Json] = []
        self.last_node, self.last_sequence = node_id, 0
        self._nodes: list[Json] = []
        self._edges: list[Json] = []
        self._actions: list[Json] = []
        self._due: list[Json] = []
        self._cancel: Json | None = None
        self._hold = False
        self._driving = False
        self._speed_mm_s = 0.0
        self._plan = 0
        self._wake, self._changed = asyncio.Event(), asyncio.Event()

    @abstractmethod
    async def _publish(self, name: str, body: Json, qos: int = 0, retain: bool = False) -> None:
        """Send a message of this topic, with its header."""

    @property
    def idle(self) -> bool:
        return not (self._nodes or self._due or self._driving)

    def _note(self) -> None:
        """Something changed: tell the master, and let the wheels look again."""
        self._changed.set()
        self._wake.set()

    def _word(self, word: str) -> str:
        """A word of 2.1.0 in the version spoken."""
        return V3_WORDS.get(word, word) if self.v3 else word

    def _error(self, kind: str, level: str, text: str, **references: str) -> None:
        error = {
            "errorType": self._word(kind),
            "errorLevel": level,
            "errorDescription": text,
            "errorReferences": [{"referenceKey": k, "referenceValue": v} for k, v in references.items()],
        }
        if error not in self.errors:
            self.errors.append(error)

    async def _live(self) -> None:
        while True:
            self._wake.clear()
            if self._stopped():
                await self._wake.wait()
            elif self._due:
                await self._handle_load(self._due[0])
            elif self._nodes and self._nodes[0]["released"]:
                await self._drive()
            else:
                self._halt()
                self._end_cancel()
                await self._wake.wait()

    def _stopped(self) -> bool:
        return self.e_stop_kind != "NONE" or self.field_violation or self.paused or self._hold

    def _halt(self) -> None:
        if self._driving or self._speed_mm_s:
            self._driving, self._speed_mm_s = False, 0.0
            self._note()
            self._wake.clear()

    def _end_cancel(self) -> None:
        if self._cancel is not None:
            self._cancel["actionStatus"] = "FINISHED"
            self._cancel = None
            self._changed.set()

    def _run(self) -> list[Json]:
        """Nodes to drive without stopping or turning: to the end of the base, an action or a corner."""
        run: list[Json] = []
        for node in self._nodes:
            if not node["released"]:
                break
            run.append(node)
            if node["actions"]:
                break
        points = [(self.x_mm, self.y_mm), *(self._point(node) for node in run)]
        return run[: straight_run(points)]

    def _point(self, node: Json) -> tuple[float, float]:
        position = node.get("nodePosition")
        if position is None:
            return self.x_mm, self.y_mm
        return position["x"] * 1000, position["y"] * 1000

    async def _drive(self) -> None:
        """One straight run; ends early when the plan changes or something stops the vehicle."""
        here, first = (self.x_mm, self.y_mm), self._nodes[0]
        if math.dist(here, self._point(first)) < 1:
            self._reach(first)
            return
        nodes, plan = self._run(), self._plan
        points = [here, *(self._point(node) for node in nodes)]
        self._driving = True
        self._changed.set()
        await self._turn(heading(points[0], points[1]))
        length_mm = sum(math.dist(a, b) for a, b in pairwise(points))
        await self._follow(nodes, points, length_mm, plan)

    async def _turn(self, to_rad: float) -> None:
        if abs(math.remainder(to_rad - self.theta_rad, math.tau)) > 0.1:
            self._speed_mm_s = 0.0
            await asyncio.sleep(turn_s(self.theta_rad, to_rad, self.limits) / self.factor)
        self.theta_rad = to_rad

    async def _follow(self, nodes: list[Json], points: list[tuple[float, float]], length_mm: float, plan: int) -> None:
        loop = asyncio.get_running_loop()
        speeds = profile(length_mm, self.limits, self._speed_mm_s)
        started, reached, before_mm = loop.time(), 0, 0.0
        while reached < len(nodes):
            if self._stopped():
                self._halt()
                return
            if plan != self._plan:
                return
            done_mm, self._speed_mm_s = speeds.at((loop.time() - started) * self.factor)
            (self.x_mm, self.y_mm), passed = along(points, done_mm)
            self.battery_pct = max(0.0, self.battery_pct - (done_mm - before_mm) * _BATTERY_PER_MM)
            before_mm = done_mm
            for node in nodes[reached:passed]:
                self._reach(node)
            reached = max(reached, passed)
            if reached < len(nodes):
                left_s = (speeds.duration_s / self.factor) - (loop.time() - started)
                await asyncio.sleep(min(_TICK_S, max(left_s, 0.0)))

    def _reach(self, node: Json) -> None:
        if not self._nodes or self._nodes[0] is not node:
            return
        self._nodes.pop(0)
        sequence = int(node["sequenceId"])
        self._edges = [edge for edge in self._edges if int(edge["sequenceId"]) > sequence]
        self.last_node, self.last_sequence = node["nodeId"], sequence
        wanted = {action["actionId"] for action in node["actions"]}
        self._due = [a for a in self._actions if a["actionId"] in wanted and a["actionStatus"] == "WAITING"]
        if self._due or not self._nodes:
            self._driving, self._speed_mm_s = False, 0.0
        self._changed.set()

    async def _handle_load(self, action: Json) -> None:
        """WAITING, INITIALIZING (the fork aligns), RUNNING, FINISHED or FAILED; PAUSED while something stops it."""
        self._driving, self._speed_mm_s = False, 0.0
        self._step(action, "INITIALIZING")
        await self._busy(action, _ALIGN_S)
        self._step(action, "RUNNING")
        await self._busy(action, ACTION_S[action["actionType"]] - _ALIGN_S)
        if action not in self._due:
            return  # the order was cleared meanwhile
        problem = self._move_load(action)
        action["actionStatus"] = "FAILED" if problem else "FINISHED"
        if problem:
            self._hold = True
            self._error("loadError", "WARNING", problem, actionId=action["actionId"])
        self._due = [due for due in self._due if due is not action]
        self._changed.set()

    def _step(self, action: Json, status: str) -> None:
        if action["actionStatus"] not in ("FAILED", "FINISHED") and action["actionStatus"] != status:
            action["actionStatus"] = status
            self._changed.set()

    async def _busy(self, action: Json, seconds: float) -> None:
        """Work for `seconds` of physical time, standing still while the vehicle is stopped."""
        loop, left_s, status = asyncio.get_running_loop(), seconds / self.factor, action["actionStatus"]
        while left_s > 0 and action in self._due:
            if self._stopped():
                self._step(action, "PAUSED")
                self._wake.clear()
                await self._wake.wait()
                continue
            self._step(action, status)
            began = loop.time()
            await asyncio.sleep(min(_TICK_S, left_s))
            left_s -= loop.time() - began

    def _move_load(self, action: Json) -> str:
        """Pick or drop; what went wrong, or nothing."""
        wanted = next((p["value"] for p in action.get("actionParameters") or () if p["key"] == "loadId"), "")
        if self.fail_next_action:
            self.fail_next_action = False
            return "load handling failed"
        if action["actionType"] == "pick":
            if self.load:
                return f"already carries {self.load}"
            self.load = str(wanted or "unknown")
            return ""
        if not self.load or (wanted and wanted != self.load):
            return f"carries {self.load or 'nothing'}, should drop {wanted}"
        self.load = ""
        return ""

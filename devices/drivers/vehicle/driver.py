"""VDA 5050 master of one vehicle over MQTT: orders, cancellation, presence, a digest of its state.

Source: VDA 5050 2.1.0 sections 6.5-6.14; 3.0.0 behind the same model (codec.Dialect). Orders travel at QoS 0: they are repeated until the state echoes them.
"""

import asyncio
import json
import logging
import socket
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

import aiomqtt

from devices.contract.commands import CANCEL_TRANSPORT, PAUSE, RESUME, TRANSPORT, Command
from devices.contract.driver import DriverContext, NotReady, Quarantined, quarantine
from devices.contract.reports import CommandResult, VehicleReported
from devices.drivers.vehicle.codec import (
    V3,
    Plan,
    Sender,
    VdaError,
    VehicleState,
    breaks_order,
    fatal,
    header,
    hindrances,
    instant_action,
    max_nodes,
    order,
    parse,
    parse_connection,
    parse_plan,
    parse_sender,
    parse_state,
    rejects,
    supported_actions,
    topic,
)
from devices.drivers.vehicle.settings import Settings
from devices.transports import mqtt, tap
from devices.transports.jobs import first_of

log = logging.getLogger(__name__)

_REPORT_S = 1.0
_STANDING_REPORT_S = 25.0
"""Below the 30 s after which a standing vehicle sends its state (VDA 5050 2.1.0, 6.6): each of these is told."""
_TICK_S = 0.1
_FACTSHEET_ASKS = 10
"""A vehicle that never answers has no factsheet; orders are given without it."""
_PRESENCE_ASKS = 5
"""Nothing says whether the vehicle is there: a broker may lose the message that it keeps where somebody subscribes just then."""
_SELF_DRIVING = ("AUTOMATIC", "SEMIAUTOMATIC")
_FUTURE_S = 60.0
"""A vehicle's clock may be ahead by so much; beyond it no later state could ever count as newer."""
_REBOOT_S = 2.0
"""A vehicle that starts its header ids anew says ONLINE too, but that may travel slower than its first states."""
_KEPT_INSTANT_ACTIONS = 50
"""3.0.0 lists instant actions until told to clear them; longer lists only make its states long."""
_INSTANT_KINDS = {PAUSE: "startPause", RESUME: "stopPause", CANCEL_TRANSPORT: "cancelOrder"}


@dataclass(slots=True)
class _Transport:
    """The one order under way."""

    plan: Plan
    command: Command
    answer: asyncio.Future[CommandResult]
    known_errors: frozenset[str]
    """Descriptions of errors that were there before the order: they do not reject it."""
    update_id: int = 0
    released: int = 0
    """Nodes released so far."""
    body: dict[str, Any] = field(default_factory=dict)
    published: int = 0
    sent_at: float = float("-inf")
    echoed: bool = False
    """The state shows this orderId with this orderUpdateId."""
    accepted: bool = False
    """The state has shown this orderId at least once."""
    cancelled: bool = False


@dataclass(slots=True)
class _Instant:
    """An instant action that a command waits for; `order_id` is that of a cancellation, else empty."""

    kind: str
    order_id: str
    action_id: str
    answer: asyncio.Future[CommandResult]
    command: Command
    sent_at: float = float("-inf")


class VehicleDriver:
    """One vehicle. Config: manufacturer, serial, version (v2 or v3), interface (uagv, for v3 vda5050), map_id,
    broker {host, port, username, password}; base_nodes (0 = release the whole path at once),
    resend_s (2), presence_timeout_s (300), state_timeout_s (90), keepalive_s (15); with v3 zone_set (a zone set as in
    the standard, kept enabled on the vehicle), zone_grants (reject, or grant every request), zone_lease_s (60).
    """

    family: ClassVar[str] = "vehicle"
    commands: ClassVar[frozenset[str]] = frozenset({TRANSPORT, CANCEL_TRANSPORT, PAUSE, RESUME})
    resumable: ClassVar[frozenset[str]] = frozenset({TRANSPORT})

    @classmethod
    def check(cls, config: dict[str, Any]) -> None:
        """As the constructor, before the gateway has lent its broker."""
        cls({"broker": {"host": "the gateway's"}, **config})

    def __init__(self, config: dict[str, Any]) -> None:
        self._settings = Settings.read(config)
        self._zones = self._settings.zones
        self.factsheet: dict[str, Any] | None = None
        """The vehicle's last factsheet, for configuration checks."""
        self._ctx: DriverContext | None = None
        self._client: aiomqtt.Client | None = None
        self._header_ids: dict[str, int] = {}
        self._connection = ""
        self._presumed = False
        """That it is online was told by its states alone."""
        self._state: VehicleState | None = None
        self._heard_at = 0.0
        self._asked_at = float("-inf")
        self._asks = 0
        self._transport: _Transport | None = None
        self._instant: _Instant | None = None
        self._replay: dict[str, Any] = {}
        """Evidence of a state that was newer by its time and older by its number, until ONLINE explains it."""
        self._replayed_at = float("-inf")
        self._tap = tap.current()
        self._cleared_at = float("-inf")
        self._changed = asyncio.Event()

    # --- connection ---

    async def run(self, ctx: DriverContext) -> None:
        client = aiomqtt.Client(
            self._settings.host,
            self._settings.port,
            username=self._settings.username,
            password=self._settings.password,
            identifier=f"wharfinger-{ctx.device}-{uuid4().hex[:8]}",
            keepalive=self._settings.keepalive_s,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._begin(ctx)
        try:
            async with client:
                self._client = client
                for name in ("connection", "state", "factsheet"):
                    await client.subscribe(topic(self._settings.vehicle, name), qos=1 if name == "connection" else 0)
                await first_of(self._receive(client, ctx), self._tend(ctx), self._report(ctx))
        except aiomqtt.MqttError as error:
            raise mqtt.not_ready(error) from error
        except Quarantined as error:
            if self._transport is not None and self._state is not None:
                self._finish(self._transport, "unknown", "vehicle.quarantined", self._state, str(error))
            raise
        finally:
            self._client = None
            self._connection = ""

    def _begin(self, ctx: DriverContext) -> None:
        """Nothing that an earlier run heard counts any more."""
        self._connection, self._ctx, self._heard_at = "", ctx, asyncio.get_running_loop().time()
        self._presumed, self._state, self._asks = False, None, 0
        self._replay, self._tap = {}, tap.current()

    async def _receive(self, client: aiomqtt.Client, ctx: DriverContext) -> None:
        async for message in client.messages:
            name = str(message.topic).rsplit("/", 1)[-1]
            self._tap.note(False, f"{name} ".encode() + message.payload + b"\n")
            try:
                body = parse(message.payload)
                sender = parse_sender(body)
                await self._check_sender(name, sender, ctx)
                if name == "connection":
                    await self._on_connection(parse_connection(body), sender.timestamp, ctx)
                elif name == "factsheet":
                    self.factsheet = body
                elif name == "state":
                    await self._on_state(parse_state(body, self._settings.dialect), ctx)
            except VdaError as error:
                log.warning("%s: %s dropped: %s", ctx.device, name, error)

    async def _check_sender(self, name: str, sender: Sender, ctx: DriverContext) -> None:
        """A vehicle under a false name, or with a time that no later state can be newer than. Errors: Quarantined."""
        evidence = {"topic": name, "header_id": sender.header_id, "timestamp": sender.timestamp.isoformat()}
        if (sender.manufacturer, sender.serial) != (self._settings.manufacturer, self._settings.serial):
            said = {
                "expected": f"{self._settings.manufacturer}/{self._settings.serial}",
                "said": f"{sender.manufacturer}/{sender.serial}",
            }
            await quarantine(ctx, "wrong_identity", said | evidence)
        ahead_s = (sender.timestamp - self._now()).total_seconds()
        if ahead_s > _FUTURE_S:
            await quarantine(ctx, "future_time", {"ahead_s": round(ahead_s)} | evidence)

    async def _on_connection(self, connection: str, said_at: datetime, ctx: DriverContext) -> None:
        was, self._connection = self._connection, connection
        presumed, self._presumed = self._presumed, False
        if connection == "ONLINE":
            if presumed and self._state is not None and said_at <= self._state.timestamp:
                return  # what its states had told already
            # A vehicle that comes back may have set its clock and counts its headers anew: judge staleness afresh.
            self._state, self._replay = None, {}
            if was != "ONLINE":
                self._asked_at, self._asks = float("-inf"), 0
            return
        if was == "ONLINE":
            if self._state is not None:
                await ctx.report(self._digest(self._state))
            raise NotReady(f"vehicle.connection: {connection}")

    async def _on_state(self, state: VehicleState, ctx: DriverContext) -> None:
        if not self._connection:  # it speaks, so it is there, whatever became of the message that says so
            self._connection, self._presumed = "ONLINE", True
        if self._connection != "ONLINE":
            return
        last = self._state
        if last is not None and (state.timestamp, state.header_id) <= (last.timestamp, last.header_id):
            log.info("%s: stale state %d dropped", ctx.device, state.header_id)
            return
        if last is not None and state.header_id < last.header_id:
            # Newer by its time, older by its number: a reboot, or someone plays old states again.
            if not self._replay:
                stamp, order_id = state.timestamp.isoformat(), state.order_id
                evidence = {"header_id": state.header_id, "after": last.header_id, "timestamp": stamp}
                self._replay, self._replayed_at = evidence | {"order_id": order_id}, asyncio.get_running_loop().time()
            return
        self._state, self._heard_at = state, asyncio.get_running_loop().time()
        ctx.alive()
        if last is None:
            ctx.online(
                f"VDA 5050 {self._settings.dialect.version} {self._settings.manufacturer}/{self._settings.serial}"
            )
        self._judge_instant(state)
        await self._judge_transport(state)
        self._changed.set()

    async def _report(self, ctx: DriverContext) -> None:
        """A digest on change, at most one a second; of a standing vehicle too, lest the WES take it for lost."""
        last: VehicleReported | None = None
        told_at, loop = 0.0, asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._state is None or self._connection != "ONLINE":
                continue
            digest = self._digest(self._state)
            if digest != last or loop.time() - told_at >= _STANDING_REPORT_S:
                last, told_at = digest, loop.time()
                await ctx.report(digest)
                await asyncio.sleep(_REPORT_S)

    def _digest(self, state: VehicleState) -> VehicleReported:
        return VehicleReported(
            x_mm=state.x_mm,
            y_mm=state.y_mm,
            theta_mrad=state.theta_mrad,
            battery_pct=state.battery_pct,
            driving=state.driving,
            mode=state.mode,
            connection=self._connection,
            last_node=state.last_node,
            order_id=state.order_id,
            errors=hindrances(state),
            e_stop=state.e_stop,
            loads=state.loads,
        )

    async def _tend(self, ctx: DriverContext) -> None:
        """Repeat what the vehicle has not echoed, let commands expire, notice silence."""
        loop = asyncio.get_running_loop()
        while True:
            silent_s = loop.time() - self._heard_at
            if self._state is None and silent_s > self._settings.presence_timeout_s:
                raise NotReady(f"vehicle.absent: {self._connection or 'never seen'} for {silent_s:.0f} s")
            if self._state is not None and silent_s > self._settings.state_timeout_s:
                raise NotReady(f"vehicle.silent: no state for {silent_s:.0f} s")
            if self._replay and loop.time() - self._replayed_at > _REBOOT_S:
                await quarantine(ctx, "replayed_sequence", self._replay)
            if self._state is not None:
                await self._resend(loop.time())
            there = self._connection == "ONLINE" or (not self._connection and self._asks < _PRESENCE_ASKS)
            if there and loop.time() - self._asked_at >= self._settings.resend_s:
                self._asked_at = loop.time()
                await self._introduce()
            await asyncio.sleep(_TICK_S)

    async def _introduce(self) -> None:
        """Ask for state and factsheet until they come: both travel at QoS 0 and can be lost around a subscription."""
        if self._state is None:
            await self._publish_instant("stateRequest")
        if not self._asks or (self.factsheet is None and self._asks < _FACTSHEET_ASKS):
            await self._publish_instant("factsheetRequest")
        self._asks += 1

    async def _resend(self, now: float) -> None:
        transport, instant = self._transport, self._instant
        if self._settings.dialect is V3 and self._state is not None:
            state = self._state
            for name, body in self._zones.due(state.zone_sets, state.requests, now, self._now()):
                await self._publish(name, body)
        if instant is not None and now - instant.sent_at >= self._settings.resend_s:
            instant.sent_at = now
            await self._publish_instant(instant.kind, instant.action_id)
        kept = self._state.instant_actions if self._settings.dialect is V3 and self._state is not None else 0
        if kept > _KEPT_INSTANT_ACTIONS and instant is None and now - self._cleared_at >= self._settings.resend_s:
            self._cleared_at = now
            await self._publish_instant("clearInstantActions")
        due = transport is not None and not transport.echoed and now - transport.sent_at >= self._settings.resend_s
        if transport is None or not due or transport.cancelled:
            return
        if self._now() < transport.command.expires_at or transport.accepted:
            transport.sent_at = now
            transport.published += 1
            await self._publish("order", transport.body)

    # --- commands ---

    async def execute(self, command: Command) -> CommandResult:
        if command.kind == TRANSPORT:
            return await self._execute_transport(command)
        if command.kind == CANCEL_TRANSPORT:
            return await self._execute_cancel(command)
        if command.kind not in _INSTANT_KINDS:
            return CommandResult(command.id, "refused", "vehicle.unsupported_command", command.kind)
        return await self._execute_instant(command, "")

    async def _execute_transport(self, command: Command) -> CommandResult:
        try:
            plan = parse_plan(command.data, self._settings.map_id)
        except VdaError as error:
            return CommandResult(command.id, "refused", "vehicle.bad_order", str(error))
        if refusal := self._refusal(plan):
            return CommandResult(command.id, "failed", refusal)
        state = self._state
        known = frozenset(error.description for error in state.errors) if state else frozenset()
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        transport = _Transport(plan, command, answer, known)
        self._release_up_to(transport, self._base(plan), first=0)
        if state is not None and state.order_id == plan.order_id:
            self._adopt(transport, state)
        self._transport = transport
        try:
            if transport.accepted and state is not None:
                await self._judge_transport(state)  # it may be over, and a standing vehicle says so only every 30 s
            return await self._until_accepted(transport)
        finally:
            self._transport = None

    def _refusal(self, plan: Plan) -> str:
        """Why this order cannot be given now, empty when it can."""
        state = self._state
        if self._client is None or state is None or self._connection != "ONLINE":
            return "vehicle.offline"
        if self._replay:
            return "vehicle.replayed_sequence"
        if self._transport is not None:
            return "vehicle.busy"
        if state.mode not in _SELF_DRIVING:
            return "vehicle.not_automatic"
        if state.order_id != plan.order_id and (state.open_nodes or state.open_edges):
            return "vehicle.other_order"
        if (error := fatal(state.errors)) is not None:
            return f"vehicle.{error.type}"
        if not {stop.action for stop in plan.stops if stop.action} <= supported_actions(
            self.factsheet, self._settings.dialect
        ):
            return "vehicle.unsupported_action"
        return ""

    def _base(self, plan: Plan) -> int:
        """Nodes to release at once: what the configuration says, and no longer an order than the factsheet allows."""
        wanted, limit = self._settings.base_nodes or len(plan.stops), max_nodes(self.factsheet, self._settings.dialect)
        return wanted if not limit or len(plan.stops) <= limit else max(2, min(wanted, (limit - 1) // 2))

    @staticmethod
    def _adopt(transport: _Transport, state: VehicleState) -> None:
        """The vehicle already drives this order (we restarted): follow it instead of sending it again."""
        transport.update_id = state.order_update_id
        transport.echoed = transport.accepted = True
        transport.released = min(len(transport.plan.stops), state.last_sequence // 2 + 1 + state.open_base)

    async def _until_accepted(self, transport: _Transport) -> CommandResult:
        """Wait for the end; an order never echoed ends with its command's expiry, one under way has no limit."""
        left_s = (transport.command.expires_at - self._now()).total_seconds()
        await asyncio.wait({transport.answer}, timeout=left_s)
        if transport.answer.done() or transport.accepted:
            return await transport.answer
        command_id = transport.command.id
        if not transport.published:
            return CommandResult(command_id, "expired", "vehicle.offline", "never sent")
        return CommandResult(command_id, "unknown", "vehicle.no_answer", "sent, never echoed by the vehicle")

    async def _execute_cancel(self, command: Command) -> CommandResult:
        order_id = str(command.data.get("order_id", ""))
        transport, state = self._transport, self._state
        ours = transport is not None and transport.plan.order_id == order_id
        if self._client is None or state is None:
            return CommandResult(command.id, "failed", "vehicle.offline")
        if not ours and state.order_id != order_id:
            return CommandResult(command.id, "failed", "vehicle.no_order", f"{order_id!r} is not the vehicle's order")
        if transport is not None and ours and self._instant is None:
            transport.cancelled = True
        return await self._execute_instant(command, order_id)

    async def _execute_instant(self, command: Command, order_id: str) -> CommandResult:
        """Send an instant action until the vehicle shows it finished or failed. Source: section 6.7."""
        if self._client is None or self._state is None:
            return CommandResult(command.id, "failed", "vehicle.offline")
        if self._instant is not None:
            return CommandResult(command.id, "refused", "vehicle.busy", f"{self._instant.kind} is under way")
        kind = _INSTANT_KINDS[command.kind]
        if command.kind != CANCEL_TRANSPORT and kind not in supported_actions(self.factsheet, self._settings.dialect):
            return CommandResult(command.id, "failed", "vehicle.unsupported_action", kind)
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._instant = _Instant(kind, order_id, f"{kind}-{command.id}", answer, command)
        try:
            left_s = (command.expires_at - self._now()).total_seconds()
            await asyncio.wait({answer}, timeout=left_s)
            if answer.done():
                return answer.result()
            if self._instant.sent_at == float("-inf"):
                return CommandResult(command.id, "expired", "vehicle.offline", "never sent")
            return CommandResult(command.id, "unknown", "vehicle.no_answer", "the vehicle did not confirm")
        finally:
            self._instant = None

    # --- judging states ---

    def _judge_instant(self, state: VehicleState) -> None:
        instant, transport = self._instant, self._transport
        if instant is None or instant.answer.done():
            return
        status, command_id = state.actions.get(instant.action_id), instant.command.id
        if instant.kind != "cancelOrder":
            if status == "FINISHED":
                instant.answer.set_result(CommandResult(command_id, "done"))
            elif status == "FAILED":
                instant.answer.set_result(CommandResult(command_id, "failed", "vehicle.action_failed", instant.kind))
            return
        nothing = any(error.type == "noOrderToCancel" for error in state.errors)
        never_taken = transport is not None and not transport.accepted
        if status == "FINISHED" or (nothing and never_taken):
            instant.answer.set_result(CommandResult(command_id, "done"))
            if transport is not None and transport.plan.order_id == instant.order_id:
                self._finish(transport, "failed", "vehicle.cancelled", state)
        elif status == "FAILED" or nothing:
            code = "vehicle.no_order" if nothing else "vehicle.cancel_failed"
            instant.answer.set_result(CommandResult(command_id, "failed", code))
            if transport is not None:
                transport.cancelled = False

    async def _judge_transport(self, state: VehicleState) -> None:
        transport = self._transport
        if transport is None or transport.answer.done() or (not transport.published and not transport.accepted):
            return
        if state.order_id == transport.plan.order_id:
            transport.accepted = True
            transport.echoed = state.order_update_id >= transport.update_id
        elif transport.accepted:
            self._finish(transport, "failed", "vehicle.order_lost", state)
            return
        if self._failed(transport, state):
            return
        if transport.echoed:
            self._judge_progress(transport, state)
            await self._extend_base(transport, state)

    def _failed(self, transport: _Transport, state: VehicleState) -> bool:
        error = breaks_order(state.errors)
        if error is not None and error.level != "FATAL" and error.description in transport.known_errors:
            error = None  # it ended another order
        rejection = None if transport.echoed else rejects(state, transport.plan.order_id)
        named = rejection is not None and rejection.references.get("orderId") == transport.plan.order_id
        if rejection is not None and (named or rejection.description not in transport.known_errors):
            error = error or rejection
        if error is not None:
            self._finish(transport, "failed", f"vehicle.{error.type}", state, error.description)
            return True
        broken = [a for a in transport.plan.action_ids if state.actions.get(a) == "FAILED"]
        if broken and not transport.cancelled:
            self._finish(transport, "failed", "vehicle.action_failed", state, ", ".join(sorted(broken)))
            return True
        return False

    def _judge_progress(self, transport: _Transport, state: VehicleState) -> None:
        """Done = nothing left to drive, the last node reached, every action finished."""
        if state.open_nodes or state.open_edges or transport.cancelled:
            return
        plan = transport.plan
        if state.last_sequence != plan.last_sequence:
            if transport.released >= len(plan.stops):
                self._finish(transport, "failed", "vehicle.order_cleared", state)
        elif all(state.actions.get(action) == "FINISHED" for action in plan.action_ids):
            self._finish(transport, "done", "", state)

    async def _extend_base(self, transport: _Transport, state: VehicleState) -> None:
        total = len(transport.plan.stops)
        if transport.released >= total or transport.cancelled or transport.answer.done():
            return
        base = self._base(transport.plan)
        if state.open_base > base // 2 and not state.new_base_request:
            return
        first = transport.released - 1
        transport.update_id += 1
        self._release_up_to(transport, min(total, transport.released + base), first)
        transport.echoed = False
        transport.sent_at = float("-inf")
        await self._resend(asyncio.get_running_loop().time())

    def _release_up_to(self, transport: _Transport, released: int, first: int) -> None:
        """The horizon is one base long: enough for the vehicle to plan, little to send."""
        total, limit = len(transport.plan.stops), max_nodes(self.factsheet, self._settings.dialect)
        end = min(total, first + limit if limit else total)
        transport.released = min(released, end)
        end = min(end, transport.released + self._base(transport.plan))
        transport.body = order(
            transport.plan, transport.update_id, first, transport.released, end, self._settings.dialect
        )

    @staticmethod
    def _finish(transport: _Transport, outcome: str, code: str, state: VehicleState, detail: str = "") -> None:
        if transport.answer.done():
            return
        where = {"last_node": state.last_node, "x_mm": state.x_mm, "y_mm": state.y_mm, "loads": list(state.loads)}
        transport.answer.set_result(CommandResult(transport.command.id, outcome, code, detail, where))

    # --- sending ---

    async def _publish_instant(self, kind: str, action_id: str = "") -> None:
        blocking = self._settings.dialect.instant_blocking if kind == "cancelOrder" else "NONE"
        await self._publish("instantActions", instant_action(kind, action_id or str(uuid4()), blocking))

    async def _publish(self, name: str, body: dict[str, Any]) -> None:
        if self._client is None:
            return
        number = self._header_ids.get(name, 0)
        self._header_ids[name] = number + 1
        message = (
            header(number, self._now(), self._settings.manufacturer, self._settings.serial, self._settings.dialect)
            | body
        )
        text = json.dumps(message)
        self._tap.note(True, f"{name} {text}\n".encode())
        await self._client.publish(topic(self._settings.vehicle, name), text, qos=0)

    def _now(self) -> datetime:
        if self._ctx is None:
            raise NotReady("vehicle.offline")
        return self._ctx.clock.now()

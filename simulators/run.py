"""`python -m simulators.run prepare|play|bench`: makes a demo site, then runs its devices, its goods and its people.

prepare: writes site.json and gateway.yaml. play: starts every device on the wire, loads the site through the web API,
then works until all orders have left or stand as named incidents; writes progress.json and result.json, and stays
until it is stopped, since devices do not vanish when work is done. bench: only the devices of a gateway's
configuration, without people or a WES, to try a gateway or a scenario on.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from simulators.counting import counting_crew
from simulators.faults import control, scenario
from simulators.faults.board import Board
from simulators.people import Floor, Loader, Packer, Pda, Picker, Refused, ServerFault
from simulators.plant.goods import Goods
from simulators.receiving import Dock, Putter, Receiver
from simulators.scenarios import customs, dock, files, shipping, site
from simulators.scenarios.dates import VALID_FROM
from simulators.wire import carrier
from simulators.wire.ensemble import Ensemble, NoSimulator

Json = dict[str, Any]
PARCEL_DAY_S = 8.0
"""Seconds that a day of a parcel's way takes: all of it is seen while one watches."""
OPEN_STATES = ("accepted", "released", "picking", "picked", "packed", "labelled", "loaded")


def prepare(options: argparse.Namespace) -> int:
    """Write the site and the gateway's configuration. Returns the exit code."""
    shop = None
    given = [options.orders, options.skus, options.cartons]
    if any(given):
        if not all(given):
            print("orders, skus and cartons go together: give all three files", file=sys.stderr)
            return 2
        try:
            shop = files.shop(Path(options.orders), Path(options.skus), Path(options.cartons))
        except files.BadFile as bad:
            print(bad, file=sys.stderr)
            print("nothing was loaded", file=sys.stderr)
            return 2
    made = site.make_site(options.seed, options.count, shop, _free_range(40))
    if shop is None:  # a shop's own goods are filed by the shop
        made["customs"] = customs.seed(made["skus"], made["orders"])
        shipping.seed(made, _free_range(1))
    try:
        fault_plan(options.scenario, ensemble_of(made, 1.0, {"host": site.HOST}).board)
    except scenario.BadScenario as bad:
        print(bad, file=sys.stderr)
        return 2
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "site.json").write_text(json.dumps(made, ensure_ascii=False), "utf-8")
    (out / "gateway.yaml").write_text(
        json.dumps(gateway_config(made, options.gateway, options.broker), indent=1), "utf-8"
    )
    (out / "carriers.yaml").write_text(json.dumps(shipping.accounts(made, site.HOST), indent=1), "utf-8")
    for stale in ("progress.json", "result.json"):
        (out / stale).unlink(missing_ok=True)
    return 0


def _free_range(n: int) -> int:
    """First of `n` consecutive free ports; one by itself lies below the others."""
    for first in range(19_200, 30_000, n) if n > 1 else range(18_900, 19_200):
        try:
            for port in range(first, first + n):
                with socket.socket() as probe:
                    probe.bind((site.HOST, port))
        except OSError:
            continue
        return first
    raise SystemExit("no free ports between 19200 and 30000")


def gateway_config(made: Json, gateway: str, broker: str) -> Json:
    """gateway.yaml (JSON is YAML) for the site's devices."""
    devices = []
    for d in made["devices"]:
        config = {"manufacturer": d["manufacturer"], "serial": d["serial"]} if d["family"] == "vehicle" else {
            "host": d["host"], "port": d["port"]
        }  # fmt: skip
        if d["family"] == "scale":
            config["capture"] = "auto"
        devices.append({"id": d["id"], "family": d["family"], "config": config})
    return {"gateway": gateway, "broker": {"url": broker}, "spool": {"path": "spool.db"}, "devices": devices}


def ensemble_of(made: Json, factor: float, broker: Json) -> Ensemble:
    """The site's devices as simulators."""
    own = {
        d["id"]: {"x_mm": d["x_mm"], "y_mm": d["y_mm"], "node_id": d["node"]} for d in made["devices"] if d["family"] == "vehicle"
    }  # fmt: skip
    rows = gateway_config(made, "", "")["devices"]
    return Ensemble([r | {"sim": own.get(r["id"], {})} for r in rows], factor=factor, seed=made["seed"], broker=broker)


async def load_site(admin: Pda, made: Json) -> None:
    """Tell the WES of the site through its API."""
    while True:
        try:
            await admin.get("/api/v1/me")
            break
        except (Refused, ValueError):  # the key is granted a moment after the API is up
            await asyncio.sleep(0.2)
    await admin.post("/api/v1/layout", made["layout"])
    for chunk in _chunks(made["skus"], 100):
        await admin.post("/api/v1/catalog/skus", chunk)
    await admin.post("/api/v1/catalog/cartons", made["cartons"])
    await admin.post("/api/v1/work/stations", made["stations"])
    await admin.post("/api/v1/stock/opening?dry_run=true", made["stock"])
    await admin.post("/api/v1/stock/opening?dry_run=false", made["stock"])
    carts = [{"kind": "cart", "code": c["code"], "at": c["at"]} for c in made["carts"]]
    totes = [{"kind": "tote", "code": t, "at": c["code"]} for c in made["carts"] for t in c["totes"]]
    await admin.post("/api/v1/stock/units", carts + totes)
    for person in made["people"]:
        await admin.post("/api/v1/operators", person)


async def load_customs(admin: Pda, made: Json) -> None:
    """Tell the WES what goods are declared as, and by which rules."""
    for table in made["customs"]["tables"]:
        body = {k: v for k, v in table.items() if k != "kind"}
        await admin.post(f"/api/v1/customs/tables/{table['kind']}?dry_run=false", body)
    await admin.post("/api/v1/customs/filings?dry_run=false", {"rows": made["customs"]["filings"]})


async def load_shipping(admin: Pda, told: Json) -> None:
    """Tell the WES what its carriers offer at which price, what may fly, what the goods are, and how they come back."""
    await admin.post("/api/v1/shipping/services", told["services"])
    for card in told["cards"]:
        await admin.post("/api/v1/shipping/cards", card)
    await admin.post("/api/v1/shipping/matrix", told["matrix"])
    await admin.post("/api/v1/shipping/policy", told["policy"])
    await admin.post("/api/v1/shipping/goods", told["goods"])
    await admin.put("/api/v1/returns/site", told["returns"]["site"])
    policy = {"rows": told["returns"]["rows"], "valid_from": VALID_FROM, "source": "demo"}
    await admin.post("/api/v1/returns/policies?dry_run=false", policy)


async def load_dock(admin: Pda, told: Json) -> None:
    """Tell the WES of its doors, of the bags that carriers want, and when their trucks come."""
    await admin.put("/api/v1/dock/doors", dock.DOORS)
    await admin.put("/api/v1/dock/bag-rules", dock.BAG_RULES)
    for booked in dock.appointments(sorted({s["carrier"] for s in told["services"]})):
        await admin.post("/api/v1/dock/appointments", booked)


def _chunks(rows: list[Json], size: int) -> list[list[Json]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


async def host_sends_orders(admin: Pda, made: Json) -> None:
    shown = made.get("customs", {"orders": [], "payments": []})
    for chunk in _chunks(shown["payments"], 1_000):  # the payment platform is faster than the shop
        await admin.post("/api/v1/customs/papers", {"rows": chunk})
    for chunk in _chunks(made["orders"] + shown["orders"] + made.get("shipping", {"orders": []})["orders"], 200):
        await admin.post("/api/v1/orders", [
            {**o, "lines": [{"sku": sku, "qty_each": qty} for sku, qty in o["lines"].items()]} for o in chunk
        ])  # fmt: skip


async def play(options: argparse.Namespace) -> int:
    """Run the site until stopped. Returns the exit code."""
    out = Path(options.out)
    made: Json = json.loads((out / "site.json").read_text("utf-8"))
    broker = _broker(os.environ.get("WMS_DEMO_AGV_BROKER", ""))
    devices = ensemble_of(made, options.factor, broker)
    await devices.start()
    async with faults_served(devices.board, options), carrier_served(made, out, options.factor):
        return await work(options, out, made, devices)


@asynccontextmanager
async def carrier_served(made: Json, out: Path, factor: float) -> AsyncIterator[None]:
    """The carrier that sells the site's labels, where it has one. Its parcels travel in time-lapse; of the first two that it takes one
    is lost and one held by customs."""
    if "shipping" not in made:
        yield
        return
    told = made["shipping"]
    books = carrier.Books(out / "carrier.db")
    desk = carrier.CarrierSim(books, told["secret"], day_s=min(PARCEL_DAY_S, 86_400 / factor))
    desk.faults.update({"lose": 1.0, "customs": 1.0})
    async with carrier.serving(desk, site.HOST, told["port"]):
        yield
    books.close()


@asynccontextmanager
async def faults_served(board: Board, options: argparse.Namespace) -> AsyncIterator[str]:
    """The live control and the scenario of the options; yields the control's URL. Errors: BadScenario, OSError."""
    chosen, steps = fault_plan(options.scenario, board)
    told = {"title": chosen.title, "file": chosen.file, "steps": len(steps)} if chosen else None
    async with control.serving(board, site.HOST, options.control, told) as url:
        playing = asyncio.create_task(scenario.play(board, steps))
        try:
            yield url
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


def fault_plan(name: str, board: Board) -> tuple[scenario.Scenario | None, list[scenario.Step]]:
    """The scenario of this name or path and its plan; nothing for "". Errors: BadScenario."""
    if not name:
        return None, []
    chosen = scenario.load(name)
    return chosen, scenario.plan(chosen, board)


async def bench(options: argparse.Namespace) -> int:
    """Run the devices of a gateway's configuration until stopped. Returns the exit code."""
    try:
        rows = yaml.safe_load(Path(options.gateway).read_text("utf-8"))["devices"]
        devices = Ensemble(rows, factor=options.factor, seed=options.seed, broker=_broker(options.broker))
        fault_plan(options.scenario, devices.board)
    except (OSError, yaml.YAMLError, KeyError, TypeError, NoSimulator, scenario.BadScenario) as error:
        print(
            error if isinstance(error, NoSimulator | scenario.BadScenario) else f"{options.gateway}: {error!r}",
            file=sys.stderr,
        )
        return 2
    await devices.start()
    async with faults_served(devices.board, options) as url:
        print(f"{len(devices.sims)} devices, their faults at {url}", flush=True)
        await stopped_by_signal()
    await devices.stop()
    return 0


async def stopped_by_signal() -> None:
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    await stop.wait()


async def work(options: argparse.Namespace, out: Path, made: Json, devices: Ensemble) -> int:
    """Load the site, let its people work, stay until stopped."""
    admin = Pda(options.api, os.environ["WMS_DEMO_KEY"], faults_max=60)
    try:
        await load_site(admin, made)
        if "shipping" in made:
            await load_shipping(admin, made["shipping"])
            await load_dock(admin, made["shipping"])
        if "customs" in made:
            await load_customs(admin, made)
    except (Refused, ServerFault) as fault:
        _write(out / "result.json", {"failed": f"the site was not loaded: {fault}"})
        print(f"the site was not loaded: {fault}", file=sys.stderr, flush=True)
        await asyncio.Event().wait()
    _write(out / "progress.json", {"phase": "open", "by_state": {}, "lines": 0})
    started = time.monotonic()
    floor = Floor(
        Goods(made["seed"], made["skus"], made["stock"], made["really"]), options.factor,
        {s["code"]: s["codes"][0][0] for s in made["skus"]}, {c["code"]: c["tare_g"] for c in made["cartons"]},
        {s["code"]: devices.sims[s["scale"]] for s in made["stations"] if s.get("scale")},
        {s["code"]: devices.sims[s["printer"]] for s in made["stations"] if s.get("printer")},
    )  # fmt: skip
    crew = await sign_in_all(options.api, made)
    jobs = [asyncio.create_task(host_sends_orders(admin, made))]
    jobs += [
        asyncio.create_task(Picker(floor, pda, name).run()) for name, pda in crew.items() if name.startswith("picker")
    ]
    packs = [s["code"] for s in made["stations"] if s["kind"] == "pack"]
    jobs += [asyncio.create_task(Packer(floor, crew[f"packer{n}"], code).run()) for n, code in enumerate(packs, 1)]
    loaders = [pda for name, pda in crew.items() if name.startswith("loader")]
    # One of them lets the trucks go; the others load.
    jobs += [asyncio.create_task(Loader(floor, pda, 10.0 if n == 0 else None).run()) for n, pda in enumerate(loaders)]
    receiver, putter = inbound_people(made, devices, floor, crew, admin)
    jobs += [asyncio.create_task(receiver.run()), asyncio.create_task(putter.run())]
    jobs += [asyncio.create_task(person.run()) for person in await counting_crew(floor, crew)]
    watch = asyncio.create_task(watch_progress(out, admin, made, floor, crew, started, receiver))
    waiting = asyncio.create_task(stopped_by_signal())
    running: set[asyncio.Task[Any]] = {*jobs, watch}
    while not waiting.done():
        done, _ = await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
        for task in done & running:
            running.discard(task)
            if (error := task.exception()) is not None:
                print(f"a simulated person stopped: {error!r}", file=sys.stderr, flush=True)
                _write(out / "result.json", {"failed": repr(error)})
    for task in running:
        task.cancel()
    return 0


def inbound_people(
    made: Json, devices: Ensemble, floor: Floor, crew: dict[str, Pda], host: Pda
) -> tuple[Receiver, Putter]:  # fmt: skip
    """Who works the dock: one receiver at its station, one person who puts away."""
    station = next(s for s in made["stations"] if s["kind"] == "receive")
    sizes = {s["code"]: (s["length_mm"], s["width_mm"], s["height_mm"]) for s in made["skus"]}
    dock = Dock(station, devices.sims[station["gate"]], devices.sims[station["dimensioner"]], sizes)
    bins = [x["code"] for x in made["layout"]["locations"] if x["kind"] == "bin"]
    receiver = Receiver(floor, dock, crew["receiver1"], host, made["notices"])
    return receiver, Putter(floor, dock, crew["putter1"], bins)


async def sign_in_all(api: str, made: Json) -> dict[str, Pda]:
    crew = {}
    for person in made["people"]:
        pda = Pda(api)
        await pda.sign_in(person["badge"], person["pin"])
        crew[person["code"]] = pda
    return crew


def _broker(url: str) -> Json:
    parts = urlsplit(url)
    return {"host": parts.hostname or site.HOST, "port": parts.port or 1883, "username": unquote(parts.username or ""),
            "password": unquote(parts.password or "")}  # fmt: skip


async def watch_progress(
    out: Path, admin: Pda, made: Json, floor: Floor, crew: dict[str, Pda], started: float, receiver: Receiver,
) -> None:  # fmt: skip
    """Write progress every second and the result once nothing is left to do: every order, every notice, every putaway."""
    total = len(made["orders"]) + sum(len(made[k]["orders"]) for k in ("customs", "shipping") if k in made)
    while True:
        board = await admin.get("/api/v1/orders?limit=1")
        by_state: dict[str, int] = board["by_state"]
        _write(out / "progress.json", {
            "phase": "working", "by_state": by_state, "lines": floor.picked_lines, "total": total,
            "elapsed_s": time.monotonic() - started, "notes": floor.notes[-3:],
        })  # fmt: skip
        shipped = sum(by_state.values()) >= total and not any(by_state.get(s) for s in OPEN_STATES[1:])
        shipped = shipped and await only_held(admin, by_state.get("accepted", 0))
        if shipped and receiver.done and not any(t["to"] for t in await admin.get("/api/v1/slotting/putaway")):
            break
        await asyncio.sleep(1.0)
    elapsed_s = time.monotonic() - started
    waits = sorted(w for pda in crew.values() for w in pda.waits_ms)
    _write(out / "result.json", {
        "by_state": by_state, "lines": floor.picked_lines, "total": total, "elapsed_s": elapsed_s,
        "requests": sum(p.requests for p in crew.values()), "p95_ms": waits[int(len(waits) * 0.95)] if waits else 0,
        "labels": sum(p.came_out for p in floor.printers.values()),
        "parcels": sum(p.came_out for code, p in floor.printers.items() if code.startswith("PACK")),
        "notes": floor.notes[-200:],
    })  # fmt: skip


async def only_held(admin: Pda, accepted: int) -> bool:
    """Whether all orders that wait for release are held for something that a person must mend."""
    if not accepted:
        return True
    waiting = (await admin.get("/api/v1/orders?state=accepted&limit=500"))["orders"]
    return all(any(h["code"] != "orders.check_due" for h in o["holds"]) for o in waiting)


def _write(path: Path, body: Json) -> None:
    """Whole or not at all: the reader polls it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(body), "utf-8")
    fresh.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulators.run", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("prepare", help="write site.json and gateway.yaml")
    first.add_argument("--out", required=True)
    first.add_argument("--seed", type=int, default=1)
    first.add_argument("--count", type=int, default=50, help="orders of the seeded demo")
    first.add_argument("--gateway", default="gw-1")
    first.add_argument("--broker", default="mqtt://gw-1@127.0.0.1:18830")
    for name in ("orders", "skus", "cartons"):
        first.add_argument(f"--{name}", default="")
    second = commands.add_parser("play", help="run devices, goods and people")
    second.add_argument("--out", required=True)
    second.add_argument("--api", required=True)
    third = commands.add_parser("bench", help="run only the devices of a gateway.yaml")
    third.add_argument("--gateway", required=True, help="its gateway.yaml")
    third.add_argument("--broker", default="", help="mqtt://user:password@host:port of vehicles")
    third.add_argument("--seed", type=int, default=1)
    for command in (second, third):
        command.add_argument("--factor", type=float, default=20.0, help="how much faster the physical world runs")
        command.add_argument("--control", type=int, default=0, help="port of the live control, on loopback; 0: any")
    for command in (first, second, third):
        command.add_argument("--scenario", default="", help=f"file, or one of {', '.join(scenario.ready())}")
    options = parser.parse_args()
    return (
        prepare(options)
        if options.command == "prepare"
        else asyncio.run({"play": play, "bench": bench}[options.command](options))
    )


if __name__ == "__main__":
    sys.exit(main())

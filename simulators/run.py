"""`python -m simulators.run prepare|play`: makes a demo site, then runs its devices, its goods and its people.

prepare: writes site.json and gateway.yaml. play: starts every device on the wire, loads the site through the web API,
then works until all orders have left or stand as named incidents; writes progress.json and result.json, and stays
until it is stopped, since devices do not vanish when work is done.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from simulators.counting import counting_crew
from simulators.people import Floor, Loader, Packer, Pda, Picker, Refused, ServerFault
from simulators.plant.goods import Goods
from simulators.receiving import Dock, Putter, Receiver
from simulators.scenarios import files, site
from simulators.wire.dws import DwsSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.scale import ScaleSim
from simulators.wire.vehicle import VehicleSim

Json = dict[str, Any]
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
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "site.json").write_text(json.dumps(made, ensure_ascii=False), "utf-8")
    (out / "gateway.yaml").write_text(
        json.dumps(gateway_config(made, options.gateway, options.broker), indent=1), "utf-8"
    )
    for stale in ("progress.json", "result.json"):
        (out / stale).unlink(missing_ok=True)
    return 0


def _free_range(n: int) -> int:
    """First of `n` consecutive free ports."""
    for first in range(19_200, 30_000, n):
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


class Devices:
    """Every device of the site, speaking on the wire."""

    def __init__(self, made: Json, factor: float, broker: Json, seed: int) -> None:
        self.scales: dict[str, ScaleSim] = {}
        self.printers: dict[str, PrinterSim] = {}
        self.gates: dict[str, RfidGateSim] = {}
        self.dws: dict[str, DwsSim] = {}
        self.vehicles: dict[str, VehicleSim] = {}
        for n, d in enumerate(made["devices"]):
            match d["family"]:
                case "scale":
                    self.scales[d["id"]] = ScaleSim(d["host"], d["port"], factor=factor, interval_g=1, seed=seed + n)
                case "printer":
                    self.printers[d["id"]] = PrinterSim(d["host"], d["port"], factor=factor)
                case "rfid_gate":
                    self.gates[d["id"]] = RfidGateSim(d["host"], d["port"], factor=factor, seed=seed)
                case "dws":
                    self.dws[d["id"]] = DwsSim(d["host"], d["port"], factor=factor)
                case "vehicle":
                    self.vehicles[d["id"]] = VehicleSim(
                        broker, d["manufacturer"], d["serial"], d["x_mm"], d["y_mm"], factor, d["node"]
                    )

    async def start(self) -> None:
        for group in (self.scales, self.printers, self.gates, self.dws, self.vehicles):
            for device in group.values():
                await device.start()


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


def _chunks(rows: list[Json], size: int) -> list[list[Json]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


async def host_sends_orders(admin: Pda, made: Json) -> None:
    for chunk in _chunks(made["orders"], 200):
        await admin.post("/api/v1/orders", [
            {**o, "lines": [{"sku": sku, "qty_each": qty} for sku, qty in o["lines"].items()]} for o in chunk
        ])  # fmt: skip


async def play(options: argparse.Namespace) -> int:
    """Run the site until stopped. Returns the exit code."""
    out = Path(options.out)
    made: Json = json.loads((out / "site.json").read_text("utf-8"))
    broker = _broker(os.environ.get("WMS_DEMO_AGV_BROKER", ""))
    devices = Devices(made, options.factor, broker, made["seed"])
    await devices.start()
    admin = Pda(options.api, os.environ["WMS_DEMO_KEY"], faults_max=60)
    try:
        await load_site(admin, made)
    except (Refused, ServerFault) as fault:
        _write(out / "result.json", {"failed": f"the site was not loaded: {fault}"})
        print(f"the site was not loaded: {fault}", file=sys.stderr, flush=True)
        await asyncio.Event().wait()
    _write(out / "progress.json", {"phase": "open", "by_state": {}, "lines": 0})
    started = time.monotonic()
    floor = Floor(
        Goods(made["seed"], made["skus"], made["stock"], made["really"]), options.factor,
        {s["code"]: s["codes"][0][0] for s in made["skus"]}, {c["code"]: c["tare_g"] for c in made["cartons"]},
        {s["code"]: devices.scales[s["scale"]] for s in made["stations"] if s.get("scale")},
        {s["code"]: devices.printers[s["printer"]] for s in made["stations"] if s.get("printer")},
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
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    waiting = asyncio.create_task(stop.wait())
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
    made: Json, devices: Devices, floor: Floor, crew: dict[str, Pda], host: Pda
) -> tuple[Receiver, Putter]:  # fmt: skip
    """Who works the dock: one receiver at its station, one person who puts away."""
    station = next(s for s in made["stations"] if s["kind"] == "receive")
    sizes = {s["code"]: (s["length_mm"], s["width_mm"], s["height_mm"]) for s in made["skus"]}
    dock = Dock(station, devices.gates[station["gate"]], devices.dws[station["dimensioner"]], sizes)
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
    total = len(made["orders"])
    while True:
        board = await admin.get("/api/v1/orders?limit=1")
        by_state: dict[str, int] = board["by_state"]
        _write(out / "progress.json", {
            "phase": "working", "by_state": by_state, "lines": floor.picked_lines, "total": total,
            "elapsed_s": time.monotonic() - started, "notes": floor.notes[-3:],
        })  # fmt: skip
        shipped = sum(by_state.values()) >= total and not any(by_state.get(s) for s in OPEN_STATES)
        if shipped and receiver.done and not any(t["to"] for t in await admin.get("/api/v1/slotting/putaway")):
            break
        await asyncio.sleep(1.0)
    elapsed_s = time.monotonic() - started
    waits = sorted(w for pda in crew.values() for w in pda.waits_ms)
    _write(out / "result.json", {
        "by_state": by_state, "lines": floor.picked_lines, "total": total, "elapsed_s": elapsed_s,
        "requests": sum(p.requests for p in crew.values()), "p95_ms": waits[int(len(waits) * 0.95)] if waits else 0,
        "labels": sum(len(p.printed) for p in floor.printers.values()),
        "parcels": sum(len(p.printed) for code, p in floor.printers.items() if code.startswith("PACK")),
        "notes": floor.notes[-200:],
    })  # fmt: skip


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
    second.add_argument("--factor", type=float, default=20.0, help="how much faster the physical world runs")
    options = parser.parse_args()
    return prepare(options) if options.command == "prepare" else asyncio.run(play(options))


if __name__ == "__main__":
    sys.exit(main())

"""The `wms` command. Each command imports what it needs itself, so that `wms --help` is quick."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from wms.settings import Settings

if TYPE_CHECKING:
    from wms.stack.demo import Demo
    from wms.stack.supervisor import ChildState

app = typer.Typer(name="wms", help="Wharfinger, a warehouse execution system.", no_args_is_help=True)
db_app = typer.Typer(help="The database's schema.", no_args_is_help=True)
app.add_typer(db_app, name="db")
console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 130)

Config = Annotated[Path | None, typer.Option(help="Devices of the gateway; default WMS_GATEWAY_CONFIG.")]


def fail(text: str, code: int = 1) -> typer.Exit:
    """Print why on stderr and answer the exception to raise."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]wms:[/] {text}")
    return typer.Exit(code)


def with_urls(settings: Settings) -> Settings:
    """Fill in the addresses of the embedded database and broker where no URL is set."""
    from wms.stack.local import Stack

    stack = Stack(settings, apps=False)
    return settings.model_copy(update={"database_url": stack.database_url, "broker_url": stack.broker_url()})


@app.command()
def up() -> None:
    """Run the whole stack until Ctrl-C."""
    from wms.stack.process import StackFault

    try:
        asyncio.run(_up(Settings()))
    except StackFault as error:
        raise fail(str(error)) from None


async def _up(settings: Settings) -> None:
    from wms.stack.local import Stack

    stack = Stack(settings, on_change=show_change)
    # Before the start, so that Ctrl-C while starting stops what already runs.
    stopped = asyncio.create_task(stack.supervisor.wait_stopped_by_signal())
    starting = asyncio.create_task(stack.start())
    await asyncio.wait({stopped, starting}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    starting.result()
    try:
        console.print(f"\n[bold green]Wharfinger is up:[/] {settings.url}   (Ctrl-C stops it)\n")
        await stopped
    finally:
        console.print("stopping ...")
        await stack.stop()


_shown: dict[str, tuple[str, str]] = {}


def show_change(state: "ChildState") -> None:
    """Print a change of a child's state, once."""
    if _shown.get(state.name) == (state.state, state.detail):
        return
    _shown[state.name] = (state.state, state.detail)
    colour = {"running": "green", "done": "green", "backoff": "yellow", "failed": "red"}.get(state.state, "dim")
    console.print(f"  {state.name:<12} [{colour}]{state.state}[/] {state.detail}", markup=True)


@app.command()
def status() -> None:
    """Show the processes of the running stack; exit 1 if it is down or a process is not well."""
    from wms.stack.supervisor import read_status

    settings = Settings()
    found = read_status(settings.data_dir)
    if found is None:
        raise fail(f"no stack runs on {settings.data_dir}")
    table = Table("process", "state", "pid", "restarts", "since", "last words")
    for each in found["children"]:
        pid = str(each["pid"] or "")
        table.add_row(each["name"], each["state"], pid, str(each["restarts"]), each["since"], each["detail"])
    console.print(table)
    console.print(f"supervisor {found['pid']}, started {found['started_at']}, {settings.url}")
    if any(each["state"] not in {"running", "done"} for each in found["children"]):
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Check what the stack needs: versions, ports, disk, connections, migrations, secrets."""
    from wms.stack.doctor import examine

    findings = examine(Settings())
    for finding in findings:
        mark = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "bad": "[red]bad [/]"}[finding.level]
        console.print(f"{mark} {finding.what}: {finding.says}")
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)


@db_app.command("upgrade")
def db_upgrade(revision: Annotated[str, typer.Argument(help="Alembic revision.")] = "head") -> None:
    """Bring the database's schema to a revision."""
    from alembic import command

    from wms.stack.doctor import alembic_config

    settings = with_urls(Settings())
    os.environ["WMS_DATABASE_URL"] = settings.database_url or ""
    command.upgrade(alembic_config(settings), revision)


@db_app.command("current")
def db_current() -> None:
    """Print the database's revision and the newest one here; exit 1 if they differ."""
    from wms.stack.doctor import migration_state

    now, newest = migration_state(with_urls(Settings()))
    console.print(f"database {now or 'empty'}, newest {newest or 'none'}")
    if now != newest:
        raise typer.Exit(1)


@app.command()
def grant(
    name: Annotated[str, typer.Argument(help="Who the key is for, e.g. erp.")],
    role: Annotated[list[str], typer.Option(help="integration, device or admin; may be given more than once.")],
) -> None:
    """Make an API key and print it, once. WMS_GRANT_KEY, if set, is the key to store."""

    async def run() -> str:
        from wms.foundation.people import service as people
        from wms.main import database

        db = database(with_urls(Settings()))
        async with db.begin(cause="wms grant") as uow:
            key = await people.grant_machine(uow, name, role, key=os.environ.get("WMS_GRANT_KEY"))
        await db.close()
        return key

    console.print(asyncio.run(run()))


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="Login name.")],
    name: Annotated[str, typer.Option()],
    role: Annotated[list[str], typer.Option(help="worker, lead, supervisor, finance or admin.")],
) -> None:
    """Enrol an operator; asks for the PIN and prints the badge code."""
    pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)

    async def run() -> str:
        from wms.foundation.people import service as people
        from wms.main import database

        db = database(with_urls(Settings()))
        async with db.begin(cause="wms enrol") as uow:
            badge = await people.enrol_operator(uow, code, name, pin, role)
        await db.close()
        return badge

    console.print(asyncio.run(run()))


@app.command()
def audit() -> None:
    """Recompute every balance from the movements and say how many rows agree."""

    async def run() -> bool:
        from wms.foundation.stock import queries
        from wms.main import database

        db = database(with_urls(Settings()))
        async with db.begin(cause="audit") as uow:
            lines = await queries.audit(uow)
        await db.close()
        show_audit([{"check": x.check, "rows": x.rows, "agree": x.agree, "clean": x.clean} for x in lines])
        return all(x.clean for x in lines)

    if not asyncio.run(run()):
        raise typer.Exit(1)


@app.command()
def assortment(
    sizes: Annotated[int, typer.Option(min=1, max=60, help="How many carton sizes.")] = 12,
    days: Annotated[int, typer.Option(min=1, help="Of shipped parcels to choose by.")] = 90,
    lock: Annotated[list[str] | None, typer.Option(help="Code of a carton that stays; may be given again.")] = None,
    billed: Annotated[bool, typer.Option(help="For pounds billed by UPS and FedEx instead of litres.")] = False,
    inch: Annotated[bool, typer.Option(help="Outer sides in whole inches instead of centimetres.")] = False,
    wall_mm: Annotated[int, typer.Option(min=0, max=30, help="Thickness of the board.")] = 4,
    picture: Annotated[Path | None, typer.Option(help="SVG file to draw the sizes into.")] = None,
) -> None:
    """Propose carton sizes from what was shipped, judged on the parcels that they were not chosen by."""
    from wms.algorithms.packing.assortment import Grid, litres
    from wms.algorithms.packing.cost import INCH_UM, UPS
    from wms.twin import assortment as proposals

    async def read() -> proposals.History:
        from wms.main import database

        db = database(with_urls(Settings()))
        async with db.begin(cause="wms assortment") as uow:
            past = await proposals.history(uow, days)
        await db.close()
        return past

    grid = Grid(INCH_UM, wall_mm) if inch else Grid(wall_mm=wall_mm)
    price = (lambda outer, weight_g: float(UPS.units(outer, weight_g))) if billed else litres
    try:
        made = proposals.propose(asyncio.run(read()), sizes, locked=lock or [], grid=grid, price=price)
    except ValueError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None
    table = Table("inner size, mm", "held-out parcels", title="Carton sizes", title_justify="left")
    for size, used in zip(made.sizes, made.proposed.used, strict=True):
        table.add_row(" x ".join(map(str, size)), f"{used:,}")
    console.print(table)
    unit = "lb billed" if billed else "l"
    for name, r in (("today", made.now), ("proposed", made.proposed)):
        console.print(
            f"{name}: {100 * r.fill:.1f} % full, {r.cost:,.0f} {unit}, {r.alone} of {r.parcels} parcels fit none"
        )
    console.print(f"saved: {made.saved_pct:.1f} %")
    if picture:
        picture.write_text(proposals.picture(made.sizes, made.proposed.used), encoding="utf-8")


def show_audit(lines: list[dict[str, Any]]) -> None:
    """Print the ledger's audit."""
    table = Table("check", "rows", "agree", "", title="Ledger audit", title_justify="left")
    for line in lines:
        table.add_row(
            line["check"],
            f"{line['rows']:,}",
            f"{line['agree']:,}",
            "[green]clean[/]" if line["clean"] else "[red]DIFFERS[/]",
        )
    console.print(table)


@app.command()
def demo(
    count: Annotated[int, typer.Option(min=1, max=20_000, help="Orders of the seeded demo site.")] = 120,
    seed: Annotated[int, typer.Option(help="Same seed, same site.")] = 1,
    factor: Annotated[
        float, typer.Option(min=1, max=500, help="How much faster walking, driving and printing run.")
    ] = 30.0,
    orders: Annotated[str, typer.Option(help="CSV: order,sku,qty (with --skus and --cartons).")] = "",
    skus: Annotated[str, typer.Option(help="CSV: sku,width_mm,length_mm,height_mm,weight_g.")] = "",
    cartons: Annotated[str, typer.Option(help="CSV: carton, inner and outer sizes, tare_g, max_load_g.")] = "",
    scenario: Annotated[
        str, typer.Option(help="Faults: bad-day, printer-worst, ... (simulators/scenarios), or a file.")
    ] = "",
) -> None:
    """Run a whole warehouse on this machine: devices on the wire, people on PDAs, orders to the truck."""
    from wms.stack.demo import BadInput, Demo, Options
    from wms.stack.process import StackFault

    options = Options(
        count=count, seed=seed, factor=factor, orders=orders, skus=skus, cartons=cartons, scenario=scenario
    )
    try:
        good = asyncio.run(_demo(Demo(Settings(), options, show_change)))
    except BadInput as error:
        raise fail(str(error), 2) from None
    except StackFault as error:
        raise fail(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not good:
        raise typer.Exit(1)


async def _demo(demo: "Demo") -> bool:
    from wms.stack.demo_report import Progress, show_outcome, show_site

    async with demo:
        show_site(console, demo)
        with Progress(console) as progress:
            outcome = await demo.work(progress.update)
        show_outcome(console, demo, outcome)
        show_audit(outcome.audit)
        if sys.stdin.isatty() and sys.stdout.isatty():
            console.print(f"\n[bold green]Wharfinger is up:[/] {demo.settings.url}   (Ctrl-C stops it)")
            await asyncio.Event().wait()
    return outcome.good


@app.command()
def api() -> None:
    """Serve the HTTP API and the built web app."""
    import uvicorn

    settings = with_urls(Settings())
    # The workers of uvicorn are processes of their own and read the environment.
    os.environ.update(WMS_DATABASE_URL=settings.database_url or "", WMS_BROKER_URL=settings.broker_url or "")
    uvicorn.run(
        "wms.main:create_app",
        factory=True,
        host=settings.http_host,
        port=settings.http_port,
        workers=settings.http_workers,
        log_level=settings.log_level,
        access_log=False,
        proxy_headers=settings.public_url is not None,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


@app.command()
def worker() -> None:
    """React to events, tick, take in device reports, deliver webhooks."""
    from wms.main import run_worker

    asyncio.run(run_worker(with_urls(Settings())))


@app.command()
def gateway(config: Config = None) -> None:
    """Run the device gateway."""
    settings = Settings()
    chosen = config or settings.gateway_config
    if chosen is None:
        raise fail("name the gateway's devices: --config FILE or WMS_GATEWAY_CONFIG", 2)
    env = dict(os.environ)
    if settings.broker_url is None:
        from wms.stack.broker import EmbeddedBroker

        broker = EmbeddedBroker(settings.data_dir, settings.broker_host, settings.broker_port)
        user = broker.add_gateway(settings.gateway_id)
        env |= {"WMS_BROKER_URL": broker.url(user.name), "WMS_MQTT_PASSWORD": user.password}
    _become([sys.executable, "-m", "devices.gateway", "--config", str(chosen)], env)


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=_PASSED_ON)
def devices(context: typer.Context) -> None:
    """Look at, try, trace and replay the devices of the gateway on this machine (`wms devices --help`)."""
    given = context.args if "--config" in context.args else ["--config", str(gateway_config()), *context.args]
    _become([sys.executable, "-m", "devices.cli.desk", *given], dict(os.environ))


@app.command(context_settings=_PASSED_ON)
def firmware(context: typer.Context) -> None:
    """Render, compare, push and verify device configurations (`wms firmware --help`)."""
    at_gateway = context.args[:1] and context.args[0] in ("diff", "push", "verify", "drift")
    more = ["--config", str(gateway_config())] if at_gateway and "--config" not in context.args else []
    _become([sys.executable, "-m", "devices.cli.firmware", *context.args, *more], dict(os.environ))


def gateway_config() -> Path:
    """The gateway's configuration: as set, else that of the demo in the data folder."""
    settings = Settings()
    return settings.gateway_config or settings.data_dir / "demo" / "gateway.yaml"


@app.command()
def ping(what: Annotated[Literal["api", "database", "broker"], typer.Argument()]) -> None:
    """Exit 0 if the API, database or broker of the settings answers (health checks call this)."""
    from wms.stack.health import answers

    if not asyncio.run(answers(what, Settings())):
        raise fail(f"no answer from the {what}")


@app.command()
def secrets(
    folder: Annotated[Path, typer.Argument(help="Made if missing; existing secrets stay.")] = Path("deploy/secrets"),
) -> None:
    """Make the secret files that docker-compose.yml names."""
    from wms.stack.secret_files import make

    for path in make(folder):
        console.print(f"made {path}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(ctx: typer.Context) -> None:
    """Open psql on the stack's database; further arguments go to psql."""
    from wms.stack.postgres import EmbeddedPostgres, psql_path
    from wms.stack.process import StackFault

    settings = Settings()
    embedded = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    try:
        program = psql_path(embedded)
    except StackFault as error:
        raise fail(str(error)) from None
    url = (with_urls(settings).database_url or "").replace("postgresql+psycopg://", "postgresql://", 1)
    # By environment, not by argument: a command line with a password is there for all to read.
    from psycopg.conninfo import conninfo_to_dict

    known = conninfo_to_dict(url)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    _become([program, *ctx.args], {**os.environ, **{names[k]: str(v) for k, v in known.items() if k in names}})


def _become(argv: list[str], env: dict[str, str]) -> None:
    """Replace this process, so that signals reach the program itself."""
    if os.name == "posix":
        os.execve(argv[0], argv, env)
    raise typer.Exit(subprocess.run(argv, env=env, check=False).returncode)

"""What the demo shows: the site, how far it is, and the result."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from wms.stack.demo import Demo, Outcome

STAGES = ("accepted", "released", "picking", "picked", "packed", "labelled", "loaded", "shipped")


def show_site(console: Console, demo: Demo) -> None:
    """Say what was set up, how fast it runs and how many hands it has."""
    site, size = demo.site, demo.site["size"]
    lines = sum(len(o["lines"]) for o in site["orders"])
    bins = sum(1 for x in site["layout"]["locations"] if x["kind"] == "bin")
    console.print(
        f"\n[bold]Site:[/] {bins:,} bins, {len(site['skus']):,} SKUs, {len(site['orders']):,} orders with {lines:,} lines; "
        f"open after {demo.ready_s:.1f} s"
    )
    console.print(
        f"[bold]Hands:[/] {size['pickers']} pickers with {size['carts']} carts, {size['pack_stations']} pack stations "
        f"(scale and label printer each), {size['lanes']} AGVs (a lane each); physical world x{demo.options.factor:g}"
    )
    console.print(f"[bold]Console:[/] {demo.settings.url}   [bold]PDA:[/] {demo.settings.url}/pda")
    for person in site["people"]:
        if person["code"] in ("anna", "fin", "wei", "picker1"):
            roles = ", ".join(person["roles"])
            console.print(
                f"   sign in as [bold]{person['code']}[/] (badge {person['badge']}) PIN {person['pin']}: {roles}"
            )


class Progress:
    """Bars on a terminal; without one, a line every ten seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Bars(
            TextColumn("{task.description:>10}"),
            BarColumn(40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self.tasks: dict[str, Any] = {}
        self.said_at = 0.0

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.console.is_terminal:
            self.bars.stop()

    def update(self, progress: dict[str, Any]) -> None:
        """Show one reading of progress.json."""
        states, total = progress["by_state"], progress.get("total", 0)
        if self.console.is_terminal:
            for i, stage in enumerate(STAGES):
                if stage in ("picked", "packed", "labelled", "shipped"):
                    reached = sum(states.get(s, 0) for s in STAGES[i:])
                    task = self.tasks.get(stage)
                    if task is None:
                        task = self.tasks[stage] = self.bars.add_task(stage, total=total or None)
                    self.bars.update(task, completed=reached, total=total or None)
        elif time.monotonic() - self.said_at >= 10:
            self.said_at = time.monotonic()
            said = ", ".join(f"{s} {n}" for s, n in states.items() if n)
            self.console.print(
                f"  {progress.get('elapsed_s', 0):6.0f} s  {said or 'opening'}; lines picked {progress['lines']}"
            )


def show_outcome(console: Console, demo: Demo, outcome: Outcome) -> None:
    """Print the result."""
    r = outcome.result
    if "failed" in r:
        console.print(f"[red]The demo failed:[/] {r['failed']}")
        _show_incidents(console, outcome)
        _show_open(console, outcome)
        return
    shipped, elapsed_s = r["by_state"].get("shipped", 0), r["elapsed_s"]
    table = Table("measure", "value", title="Result", title_justify="left")
    table.add_row("orders shipped", f"{shipped:,} of {r['total']:,}")
    for state, n in sorted(r["by_state"].items()):
        if state != "shipped" and n:
            table.add_row(f"orders {state}", f"{n:,}")
    table.add_row("pick lines", f"{r['lines']:,}")
    table.add_row("labels printed", f"{r['labels']:,}")
    table.add_row("wall time", f"{elapsed_s:,.0f} s")
    table.add_row("orders per minute of wall time", f"{shipped / elapsed_s * 60:,.0f}")
    table.add_row("parcels per hour of wall time", f"{r['parcels'] / elapsed_s * 3600:,.0f}")
    table.add_row("PDA requests", f"{r['requests']:,} (p95 {r['p95_ms']:.0f} ms at the PDA)")
    console.print(table)
    _show_incidents(console, outcome)
    _show_controls(console, outcome)
    _show_open(console, outcome)


def _show_open(console: Console, outcome: Outcome) -> None:
    if outcome.open_orders:
        console.print(f"[red]{len(outcome.open_orders)} orders neither shipped nor named in an incident:[/] "
                      f"{', '.join(outcome.open_orders[:20])}")  # fmt: skip


def _show_incidents(console: Console, outcome: Outcome) -> None:
    kinds: dict[str, int] = {}
    for incident in outcome.incidents:
        kinds[incident["kind"]] = kinds.get(incident["kind"], 0) + 1
    if kinds:
        table = Table("incident", "count", title="Incidents", title_justify="left")
        for kind, n in sorted(kinds.items(), key=lambda x: -x[1]):
            table.add_row(kind, str(n))
        console.print(table)


def _show_controls(console: Console, outcome: Outcome) -> None:
    controls = outcome.boards.get("controls", [])
    measured = [c for c in controls if c["shown"] not in ("", "–")]
    if not controls:
        return
    table = Table("control point", "measure", "value", "limit", "", title="Control points", title_justify="left")
    table.columns[0].no_wrap = True
    for c in measured:
        state = {"ok": "[green]ok[/]", "out": "[red]out[/]"}.get(c["state"], "[dim]too few yet[/]")
        table.add_row(c["id"], c["measure"], c["shown"], c["limit"], state)
    console.print(table)
    quiet = [c["id"] for c in controls if c not in measured]
    console.print(f"[dim]Not measured yet ({len(quiet)}): {', '.join(quiet)}[/]")

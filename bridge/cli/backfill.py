"""`aipkit-bridge backfill`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bridge.cli.context import Context, pass_context
from bridge.cli.logs import set_up_logging
from bridge.cli.tables import print_table
from bridge.domain.backfills import BackfillReport, BackfillSpan, Outcome
from bridge.domain.errors import ConfigError
from bridge.services.orders.backfill import BackfillRun
from bridge.services.orders.backfill_parts import DoPart
from bridge.services.orders.chunks import Way
from bridge.services.orders.past_orders import past_orders
from bridge.services.orders.teams import Hear, Team
from bridge.wiring import Bridge, build

_MOST_PROCESSES = 2
"""Unless more are asked for: the shop's database has customers to serve, too."""

_LINE_EVERY = 10_000
_QUICKLY_READ = 10_000

_ROWS = {
    Outcome.GRANTED: ("would be granted", "granted"),
    Outcome.ADOPTED: ("would be adopted: another program granted them", "adopted"),
    Outcome.BOOKED_BEFORE: ("granted or adopted already", "granted or adopted before"),
    Outcome.UNCLAIMED: ("guests', to be assigned", "guests', to be assigned"),
    Outcome.WAITING: ("must wait", "waiting"),
    Outcome.ASKING: ("would need you", "need you"),
    Outcome.NOTHING_DUE: ("packages, and nothing is due", "packages, and nothing is due"),
    Outcome.PRODUCT_GONE: ("only products deleted since", "only products deleted since"),
    Outcome.NO_PACKAGE: ("no token package", "no token package"),
}
"""What a row of the report is called: in a dry run, and afterwards."""


@click.command()
@click.option("--since", metavar="DATE", help="How far back; default: to the first order.")
@click.option(
    "--via",
    type=click.Choice([way.value for way in Way]),
    default=Way.DB.value,
    show_default=True,
    help="Read the shop's tables, or its REST API where the shop is elsewhere.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 16),
    default=min(_MOST_PROCESSES, os.cpu_count() or 1),
    show_default=True,
    help="Processes at work at once; the REST API is read by one.",
)
@click.option("--apply", is_flag=True, help="Grant; without it nothing is changed.")
@pass_context
def backfill(
    context: Context, since: str | None, via: str, processes: int, *, apply: bool
) -> None:
    """Grant a shop's past orders: those completed before `grants.since`.

    A dry run unless --apply: it says what would be granted. A run that was ended goes on where it
    was when it is started again; the worker may run beside it.

    Example: aipkit-bridge backfill --since 2024-01-01 --apply
    """
    set_up_logging(debug=context.debug, quiet=sys.stderr.isatty())
    bridge = context.bridge()
    until = bridge.import_context().policy.since
    span = BackfillSpan(_start(bridge, since, until), until)
    with _run(bridge, span, Way(via), apply=apply) as run:
        is_large = processes > 1 and len(run.source.parts()) > 1
        begin = partial(_help, context, span, apply=apply)
        with (
            # They are forked before the bar begins, which has a thread of its own.
            Team(processes, begin) if is_large else nullcontext() as team,
            _progress(run.source.count()) as hear,
        ):
            report = run.apply(hear, team) if apply else run.foresee(hear, team)
    _tell(report, span, apply=apply)


@contextmanager
def _run(bridge: Bridge, span: BackfillSpan, way: Way, *, apply: bool) -> Iterator[BackfillRun]:
    with past_orders(bridge.db, bridge.shop, span, way, apply=apply) as source:
        yield BackfillRun(replace(bridge.import_context(), shop=source.shop), span, source)


@contextmanager
def _help(context: Context, span: BackfillSpan, *, apply: bool) -> Iterator[DoPart]:
    """Work beside others, with connections of its own."""
    bridge = build(context.settings)
    with _run(bridge, span, Way.DB, apply=apply) as run:
        yield run.do_part


def tell_what_the_past_would_bring(bridge: Bridge, command: str) -> None:
    """Show a dry run's report of a shop that `init` has just connected, unless that takes long."""
    span = BackfillSpan(None, bridge.import_context().policy.since)
    try:
        with _run(bridge, span, Way.DB, apply=False) as run:
            _tell_briefly(run, command)
    except ConfigError:  # the orders are kept elsewhere
        click.echo(f"\nPast orders: `{command} backfill --via rest` says what it would grant.")


def _tell_briefly(run: BackfillRun, command: str) -> None:
    count = run.source.count() or 0
    if not count:
        return
    click.echo(f"\nOrders in the shop: {count:,}. To past ones `{command} backfill` would do:")
    if count > _QUICKLY_READ:
        click.echo("It takes more than a few seconds to say; run it to see. It is a dry run.")
    else:
        _tell(run.foresee(lambda _: None), run.span, apply=False)


def _start(bridge: Bridge, text: str | None, until: datetime) -> datetime | None:
    """Return what `--since` names: a day begins at midnight where the site is."""
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--since: “{text}” is no date; write 2024-01-31.") from None
    if day.tzinfo is None:
        day = day.replace(tzinfo=bridge.site.get().calendar.zone)
    if day >= until:
        raise ConfigError(
            f"--since: orders completed from {_text(until)} on (grants.since) are granted by the "
            "worker; name an earlier date."
        )
    return day.astimezone(UTC)


@contextmanager
def _progress(total: int | None) -> Iterator[Hear]:
    """Show how far it is: a bar on a terminal, elsewhere a line from time to time."""
    if not sys.stderr.isatty():
        yield _Lines().hear
        return
    columns = (
        TextColumn("Orders"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda more: bar.advance(task, more)


class _Lines:
    """Plain lines of progress."""

    def __init__(self) -> None:
        self._passed = 0

    def hear(self, more: int) -> None:
        """Print a line for each ten thousand."""
        told = self._passed // _LINE_EVERY
        self._passed += more
        if self._passed // _LINE_EVERY > told:
            click.echo(f"{self._passed:,} orders read", err=True)


def _tell(report: BackfillReport, span: BackfillSpan, *, apply: bool) -> None:
    begin = _text(span.since) if span.since else "the first"
    click.echo(f"Orders completed from {begin} to {_text(span.until)} (grants.since)")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("orders", justify="right")
    table.add_column("tokens", justify="right")
    table.add_row("read", f"{report.read:,}", "")
    for outcome, names in _ROWS.items():
        if number := report.orders[outcome]:
            credits = report.credits[outcome]
            table.add_row(names[apply], f"{number:,}", f"{credits:,}" if credits else "")
    print_table(table)
    for reason, number in sorted(report.asking.items()):
        click.echo(f"  {reason}: {number:,} orders, {report.at_stake[reason]:,} tokens at stake")
    if apply:
        click.echo("Done. Orders that need you, and guests', are on the status page.")
    else:
        click.echo("Nothing was changed. To grant them: the same command with --apply")


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"

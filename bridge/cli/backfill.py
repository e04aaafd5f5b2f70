"""`aipkit-bridge backfill`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bridge.cli.context import Context, pass_context
from bridge.cli.logs import set_up_logging
from bridge.cli.tables import print_table
from bridge.domain.backfills import BackfillReport, BackfillSpan, Outcome
from bridge.domain.errors import ConfigError
from bridge.services.orders.backfill import BackfillRun, Hear
from bridge.services.orders.chunks import Way
from bridge.services.orders.past_orders import past_orders
from bridge.wiring import Bridge

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
@click.option("--apply", is_flag=True, help="Grant; without it nothing is changed.")
@pass_context
def backfill(context: Context, since: str | None, via: str, *, apply: bool) -> None:
    """Grant a shop's past orders: those completed before `grants.since`.

    A dry run unless --apply: it says what would be granted. A run that was ended goes on where it
    was when it is started again; the worker may run beside it.

    Example: aipkit-bridge backfill --since 2024-01-01 --apply
    """
    set_up_logging(debug=context.debug, quiet=sys.stderr.isatty())
    bridge = context.bridge()
    rules = bridge.import_context()
    span = BackfillSpan(_start(bridge, since, rules.policy.since), rules.policy.since)
    with (
        past_orders(bridge.db, bridge.shop, span, Way(via), apply=apply) as source,
        _progress(source.count()) as hear,
    ):
        run = BackfillRun(replace(rules, shop=source.shop), span, source)
        report = run.apply(hear) if apply else run.foresee(hear)
    _tell(report, span, apply=apply)


def tell_what_the_past_would_bring(bridge: Bridge, command: str) -> None:
    """Show a dry run's report of a shop that `init` has just connected, unless that takes long."""
    rules = bridge.import_context()
    span = BackfillSpan(None, rules.policy.since)
    try:
        shop_orders = past_orders(bridge.db, bridge.shop, span, Way.DB, apply=False)
        with shop_orders as source:
            _tell_briefly(BackfillRun(replace(rules, shop=source.shop), span, source), command)
    except ConfigError:  # the orders are kept elsewhere
        click.echo(f"\nPast orders: `{command} backfill --via rest` says what it would grant.")


def _tell_briefly(run: BackfillRun, command: str) -> None:
    count = run.source.count() or 0
    if not count:
        return
    click.echo(f"\nPast orders: {count:,}. What `{command} backfill` would do:")
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
        yield lambda passed: bar.update(task, completed=passed)


class _Lines:
    """Plain lines of progress."""

    def __init__(self) -> None:
        self._told = 0

    def hear(self, passed: int) -> None:
        """Print a line for each ten thousand."""
        if passed // _LINE_EVERY > self._told:
            self._told = passed // _LINE_EVERY
            click.echo(f"{passed:,} orders read", err=True)


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
